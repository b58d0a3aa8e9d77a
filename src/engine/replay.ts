// Replay in the background: after Head has moved every open change set is caught up. What is to be done stands in the
// rows themselves (a base version behind Head's), so it survives a crash and is found again on opening. One that fails is
// tried again, later and later, and is shown with its reason; the others go on.

import type { ChangeSetId } from '../base/ids.ts';
import { limits } from '../base/limits.ts';
import { Fault } from '../base/result.ts';
import { isActive } from '../model/change_set.ts';
import { caughtUp } from './catch_up.ts';
import { laterTurn } from './turn.ts';
import type { Workspace } from './workspace.ts';

/** Starts the work, or has it look once more when it is under way. */
export function replayInBackground(w: Workspace): void {
  const { replay } = w;
  if (replay.stopped) return;
  if (replay.running !== undefined) {
    replay.again = true;
    return;
  }
  replay.running = run(w).finally(() => {
    replay.running = undefined;
  });
}

/** Resolves when every open change set that can be is at Head. */
export function replayed(w: Workspace): Promise<void> {
  return w.replay.idle();
}

/** Versions that the change set furthest behind is behind Head, and how many are behind. */
export async function replayLag(w: Workspace): Promise<{ readonly versions: number; readonly changeSets: number }> {
  const head = await w.head();
  const behind = (await w.store.listChangeSets(w.id))
    .filter((r) => !r.isHead && isActive(r.status))
    .map((r) => head.row.version - r.baseVersion)
    .filter((n) => n > 0);
  return { versions: Math.max(0, ...behind), changeSets: behind.length };
}

async function run(w: Workspace): Promise<void> {
  // The caller's answer goes first.
  await laterTurn();
  do {
    w.replay.again = false;
    try {
      await round(w);
    } catch (e) {
      // The list itself could not be read: nothing is lost, the rows still say what is to be done.
      if (!(e instanceof Fault)) throw e;
      retryLater(w, limits.replayRetryMs);
    }
  } while (w.replay.again && !w.replay.stopped);
  // A timer may fire a moment before the clock says so: whatever still waits for its time has one.
  const next = Math.min(...[...w.replay.problems.values()].map((p) => p.nextAtMs));
  if (Number.isFinite(next) && !w.replay.stopped) retryLater(w, Math.max(1, next - w.world.clock.nowMs()));
}

async function round(w: Workspace): Promise<void> {
  const head = await w.head();
  const now = w.world.clock.nowMs();
  const behind = (await w.store.listChangeSets(w.id)).filter(
    (r) => !r.isHead && isActive(r.status) && r.baseVersion < head.row.version,
  );
  // Of what was abandoned, or caught up by a reader, nothing stands in the way any more.
  const ids = new Set(behind.map((r) => r.id));
  for (const id of w.replay.problems.keys()) if (!ids.has(id)) w.replay.problems.delete(id);
  const waiting = behind.filter((r) => (w.replay.problems.get(r.id)?.nextAtMs ?? 0) <= now);
  const next = waiting.values();
  const worker = async (): Promise<void> => {
    for (const row of next) {
      if (w.replay.stopped) return;
      await replayOne(w, row.id);
    }
  };
  await Promise.all(Array.from({ length: limits.replaysAtOnceMax }, worker));
}

async function replayOne(w: Workspace, id: ChangeSetId): Promise<void> {
  const { problems } = w.replay;
  try {
    const done = await caughtUp(w, id);
    if (done.ok) problems.delete(id);
  } catch (e) {
    if (!(e instanceof Fault)) throw e;
    const attempts = (problems.get(id)?.attempts ?? 0) + 1;
    const waitMs = Math.min(limits.replayRetryMs * 2 ** (attempts - 1), limits.replayRetryMaxMs);
    problems.set(id, { reason: e.message, attempts, nextAtMs: w.world.clock.nowMs() + waitMs });
  }
}

function retryLater(w: Workspace, waitMs: number): void {
  clearTimeout(w.replay.timer);
  w.replay.timer = setTimeout(() => replayInBackground(w), waitMs);
  w.replay.timer.unref();
}
