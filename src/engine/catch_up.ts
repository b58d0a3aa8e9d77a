// Catching up: Head's versions after the one that a change set stands on are merged into it, one at a time, each as one
// entry of its log. Versions that do not concern the change set pass by together. Whatever is read of an open change set
// is read caught up, so nobody sees it behind Head; when it is done in the background (replay.ts) there is nothing left
// to do here.

import type { ChangeSetId, Hash } from '../base/ids.ts';
import { ok, type Result } from '../base/result.ts';
import type { Settlement } from '../merge/item.ts';
import { nothingSettled } from '../merge/item.ts';
import { blobsOfEntry, type LogEntry, logFormat, logText } from '../merge/log_entry.ts';
import { merge, passesBy } from '../merge/merge.ts';
import type { HeadEdit, Route } from '../merge/merging.ts';
import { removesUsable, Side } from '../merge/side.ts';
import { isActive } from '../model/change_set.ts';
import { applyAll } from '../mutation/literals.ts';
import type { Mutation } from '../mutation/mutation.ts';
import { encodeBlob } from '../snapshot/chunk.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { auditRows } from './audit.ts';
import { type Branch, lands } from './branch.ts';
import { logEntries } from './log_pages.ts';
import type { Workspace } from './workspace.ts';

/** Who the log names for what the engine does of its own. */
export const engineActor = 'headwater';

/** How far a catch-up is waited for: until it is there for good, or until its commit stands in the queue. */
export type Until = 'durable' | 'queued';

/**
 * A branch that stands on Head's present version, or is not open. `queued` is for who commits on top of the branch: both
 * commits share a sync, and one that fails takes the other with it. Refuses `change_set_not_found`.
 */
export async function caughtUp(
  w: Workspace,
  id: ChangeSetId,
  until: Until = 'durable',
): Promise<Result<{ readonly branch: Branch }>> {
  for (;;) {
    const found = await w.branch(id);
    if (!found.ok) return found;
    const { branch } = found.value;
    if (branch.row.isHead || !isActive(branch.row.status)) return found;
    const head = await w.head();
    if (branch.row.baseVersion >= head.row.version) return found;
    const span = { changeSet: id, from: branch.row.baseVersion, to: head.row.version };
    await w.alone(id, () =>
      w.checkpoints.building(() => w.observer.span('catch_up', span, () => catchUp(w, branch, head, until))),
    );
  }
}

/** As `present`, of a change set caught up. */
export async function presentOf(
  w: Workspace,
  id: ChangeSetId,
): Promise<Result<{ readonly branch: Branch; readonly row: Branch['row']; readonly snapshot: Snapshot }>> {
  for (;;) {
    const found = await caughtUp(w, id);
    if (!found.ok) return found;
    const { branch } = found.value;
    const { row, snapshot, durable } = branch;
    if (await lands(durable)) return ok({ branch, row, snapshot });
  }
}

/** A Head version as one side of a merge. */
export interface HeadVersion {
  readonly version: number;
  readonly side: Side<HeadEdit>;
}

async function catchUp(w: Workspace, branch: Branch, head: Branch, until: Until): Promise<void> {
  const target = { version: head.row.version, snapshot: head.snapshot };
  // What is merged must be there for good, on both sides, before anything is built on it.
  if (!(await lands(head.durable)) || !(await lands(branch.durable))) return;
  const versions = await headVersions(w, branch.row.baseVersion, target.version);
  let walked: { version: number; snapshot: Snapshot } | undefined;
  while (branch.row.baseVersion < target.version && w.isCurrent(branch)) {
    const next = nextMerge(branch, versions);
    let at = target;
    if (next !== undefined && next.version !== target.version) {
      walked = await w.headState(next.version, walked);
      at = walked;
    }
    const seen = await seenBefore(w, next);
    const queued = await w.read(() => {
      const now = nextMerge(branch, versions);
      if (now?.version !== next?.version || !w.isCurrent(branch)) return undefined;
      return { landed: step(w, branch, versions, { ...at, seen }, now) };
    });
    if (queued === undefined) return;
    // A failure is told to whoever asks whether the branch is durable.
    if (until === 'queued') queued.landed.catch(() => {});
    else if (!(await queued.landed)) return;
  }
}

/** Head's state before a version that takes away what may have to be put back. */
async function seenBefore(w: Workspace, next: HeadVersion | undefined): Promise<Snapshot[]> {
  if (next === undefined || !removesUsable(next.side)) return [];
  return [(await w.headState(next.version - 1)).snapshot];
}

/** The first version ahead that concerns the change set; `versions` are consecutive. */
function nextMerge(branch: Branch, versions: readonly HeadVersion[]): HeadVersion | undefined {
  for (let i = ahead(branch, versions); i < versions.length; i++) {
    if (!passesBy(branch.pending, versions[i]!.side)) return versions[i];
  }
  return undefined;
}

/** Index of the first version that the change set has not been caught up to. */
function ahead(branch: Branch, versions: readonly HeadVersion[]): number {
  return Math.max(0, branch.row.baseVersion + 1 - (versions[0]?.version ?? 0));
}

/** One entry: the versions that pass by, and the one that is merged, if any. */
function step(
  w: Workspace,
  branch: Branch,
  versions: readonly HeadVersion[],
  at: { readonly version: number; readonly snapshot: Snapshot; readonly seen: readonly Snapshot[] },
  merged: HeadVersion | undefined,
): Promise<boolean> {
  const from = ahead(branch, versions);
  const passed = versions.slice(from, from + at.version - branch.row.baseVersion).filter((v) => v !== merged);
  const done =
    merged === undefined
      ? passBy(branch, passed, at.snapshot)
      : mergeOne(branch, merged, at.snapshot, passed.length > 0, at.seen);
  return commitCatchUp(w, branch, { ...done, headVersion: at.version });
}

interface Done {
  readonly state: Snapshot;
  readonly route: Route;
  readonly mutations: readonly Mutation[];
  readonly settlement: Settlement;
}

function mergeOne(
  branch: Branch,
  { version, side }: HeadVersion,
  head: Snapshot,
  hasPassed: boolean,
  seen: readonly Snapshot[],
): Done {
  const { pending, snapshot: present } = branch;
  // From the change set's own state only when nothing lies between it and this version.
  const route = hasPassed ? ({ route: 'head' } as const) : {};
  const m = merge({ head, present, pending, theirs: side, seen, ...route }, version);
  return {
    state: m.state,
    route: m.route,
    mutations: m.route === 'head' ? m.rebased() : m.headPrime(),
    settlement: m.settlement,
  };
}

/** The pending change as it is, on a later Head. */
function passBy(branch: Branch, passed: readonly HeadVersion[], head: Snapshot): Done {
  const { pending, snapshot: present } = branch;
  const edits = passed.reduce((n, v) => n + v.side.entries.length, 0);
  if (edits >= pending.items.length) {
    const mutations = pending.effective();
    const draft = head.edit();
    applyAll(draft, mutations);
    return { state: draft.finish(), route: 'head', mutations, settlement: nothingSettled };
  }
  const theirs = Side.of(passed.flatMap((v) => v.side.entries));
  const m = merge({ head, present, pending, theirs, route: 'own' }, passed.at(-1)!.version);
  return { state: m.state, route: 'own', mutations: m.headPrime(), settlement: nothingSettled };
}

function commitCatchUp(w: Workspace, branch: Branch, done: Done & { headVersion: number }): Promise<boolean> {
  const { row: before } = branch;
  const atMs = w.world.clock.nowMs();
  const { intent, reality } = done.state.roots();
  const entry: LogEntry = {
    format: logFormat,
    kind: 'catch_up',
    changeSet: before.id,
    version: before.version + 1,
    atMs,
    actor: engineActor,
    intentRoot: intent,
    realityRoot: reality,
    headVersion: done.headVersion,
    route: done.route,
    settled: { ...done.settlement, mutations: done.mutations },
  };
  const text = logText(entry);
  w.observer.merged(done.settlement.lines.map((l) => l.rule));
  const lines = done.settlement.lines.length;
  const said = lines === 0 ? '' : `; ${lines} ${lines === 1 ? 'line' : 'lines'} on the receipt`;
  const sentence = `catch up change set ${JSON.stringify(before.name)} to version ${done.headVersion} of Head${said}`;
  const fact = { kind: 'change_set.catch_up', subject: before.id, path: '', sentence };
  const audit = auditRows(w, before, text, entry, [fact]);
  const row = {
    ...before,
    baseVersion: done.headVersion,
    version: entry.version,
    intentRoot: intent,
    realityRoot: reality,
    ...audit.head,
    updatedAtMs: atMs,
  };
  return w.advance([{ branch, row, snapshot: done.state, entry }], {
    changeSets: [{ row, expected: before.version }],
    log: [{ changeSet: row.id, version: row.version, text }],
    audit: audit.rows,
    chunks: chunksOf(w, blobsOfEntry(entry)),
  });
}

/** Blobs as rows of a commit. */
export function chunksOf(w: Workspace, hashes: readonly Hash[]): { hash: Hash; text: string }[] {
  return hashes.map((hash) => ({ hash, text: encodeBlob(w.space.blob(hash)) }));
}

/** Head's versions with after < version <= upTo, as sides of a merge, oldest first. */
export async function headVersions(w: Workspace, after: number, upTo: number): Promise<HeadVersion[]> {
  const out: HeadVersion[] = [];
  for (let at = after; at < upTo; ) {
    const known = w.sides.get(at + 1);
    if (known !== undefined) {
      out.push({ version: at + 1, side: known });
      at++;
      continue;
    }
    // Not all at once: what comes later may be known.
    for await (const { version, entry } of logEntries(w, w.row.head, at, Math.min(upTo, at + unknownAtOnce))) {
      const side = Side.of(entry.kind === 'apply' ? await editsOf(w, entry) : []);
      w.sides.put(version, side);
      out.push({ version, side });
      at = version;
    }
  }
  return out;
}

const unknownAtOnce = 64;

async function editsOf(w: Workspace, entry: Extract<LogEntry, { kind: 'apply' }>): Promise<HeadEdit[]> {
  const { edits, changeSet } = await w.pendingChange(entry.pending);
  return edits.flatMap((e) =>
    e.steps.flatMap((s) =>
      s.mutations.map((m) => ({ m, author: e.actor, atMs: e.atMs, changeSet, version: entry.version })),
    ),
  );
}
