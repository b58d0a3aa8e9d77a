// What waits for a runner of a pool that nothing serves, as people are told: actions also before they are in the queue, as after
// a restart, and runs with the values that they are for.

import type { ActionRecord } from '../model/action.ts';
import type { Source } from '../model/expr.ts';
import type { RunRecord } from '../model/run.ts';
import { functionFor } from './action_call.ts';
import { isInTheWay, isWaitingToStart } from './action_work.ts';
import type { Workspace } from './workspace.ts';

/** `waitsForPool`: nothing but a runner of that pool is missing, and none serves it. Absent: it is not so. */
export interface WaitsForPool {
  readonly waitsForPool?: string;
}

/** Actions with what they wait for, as things stand. */
export async function actionsSeen(
  w: Workspace,
  actions: readonly ActionRecord[],
): Promise<(ActionRecord & WaitsForPool)[]> {
  await w.actions.ready();
  const seen: (ActionRecord & WaitsForPool)[] = [];
  for (const action of actions) seen.push(withPool(action, await poolOfAction(w, action)));
  return seen;
}

/** The same for those that were taken up: what is not in the queue yet is not found to wait. */
export function actionsInQueue(w: Workspace, actions: readonly ActionRecord[]): (ActionRecord & WaitsForPool)[] {
  return actions.map((action) => withPool(action, w.dispatcher.lacks(action.id)));
}

async function poolOfAction(w: Workspace, action: ActionRecord): Promise<string | undefined> {
  if (!isWaitingToStart(action) || w.actions.find(action.id)?.revision !== action.revision) return undefined;
  if (w.dispatcher.isWaiting(action.id)) return w.dispatcher.lacks(action.id);
  const { id, component, after, notBeforeMs } = action;
  if ((notBeforeMs ?? 0) > w.world.clock.nowMs() || after.some((first) => w.actions.isOpen(first))) return undefined;
  if (w.actions.of(component).some((other) => other.id !== id && isInTheWay(other))) return undefined;
  const head = await w.head();
  const fn = await w.read(() => functionFor(head.snapshot, action));
  const needed = fn.ok ? await w.calls.needOf(fn.value) : undefined;
  return needed === undefined || w.dispatcher.serves(needed) ? undefined : needed.pool;
}

/** Runs with what they wait for. */
export function runsSeen(w: Workspace, runs: readonly RunRecord[]): (RunRecord & WaitsForPool)[] {
  return runs.map((run) => withPool(run, w.dispatcher.lacks(run.id)));
}

/** The pool that a run for the value waits for. */
export function poolOfValue(w: Workspace, { component, path }: Source): string | undefined {
  for (const { id, output } of component === '' ? [] : w.calls.live.matching({ component, limit: 1 })) {
    const pool = output === path ? w.dispatcher.lacks(id) : undefined;
    if (pool !== undefined) return pool;
  }
  return undefined;
}

function withPool<T extends object>(of: T, pool: string | undefined): T & WaitsForPool {
  return pool === undefined ? of : { ...of, waitsForPool: pool };
}
