// What may start now, and what stands behind what has not succeeded, of actions each of which names those that come first.
// Knows nothing of components or of time.

import { compareText } from '../base/json.ts';
import type { ActionStatus } from '../model/action.ts';

export interface Waiting {
  readonly key: string;
  readonly status: ActionStatus;
  /** Keys of those that have to succeed first. One that is not among those given has ended and holds nobody up. */
  readonly after: readonly string[];
}

export interface Blocked {
  readonly key: string;
  /**
   * The nearest of those it waits for, directly or not, that have failed, were cancelled or interrupted, or are held; in
   * order.
   */
  readonly by: readonly string[];
}

export interface Startable {
  /** Queued, and all that comes first has succeeded; in the order given. */
  readonly ready: readonly string[];
  /** Those that nothing will start until somebody does something, in the order given. */
  readonly blocked: readonly Blocked[];
}

/** They go on by themselves, or have succeeded. */
const isMoving: Readonly<Record<ActionStatus, boolean>> = {
  queued: true,
  dispatched: true,
  running: true,
  succeeded: true,
  'on-hold': false,
  failed: false,
  cancelled: false,
  interrupted: false,
};

/** O(actions + what they name), but for the lists of who blocks. Of actions that wait for each other none is ready. */
export function readyOf(actions: readonly Waiting[]): Startable {
  const byKey = new Map(actions.map((a) => [a.key, a]));
  const firstOf = (a: Waiting): Waiting[] => a.after.flatMap((key) => byKey.get(key) ?? []);
  const blockers = new Map<string, ReadonlySet<string>>();
  for (const action of actions) settle(action, firstOf, blockers);
  const ready = actions.filter((a) => a.status === 'queued' && firstOf(a).every((f) => f.status === 'succeeded'));
  const blocked = actions.flatMap((a) => {
    const by = blockers.get(a.key)!;
    return by.size === 0 || a.status === 'succeeded' || a.status === 'cancelled'
      ? []
      : [{ key: a.key, by: [...by].sort(compareText) }];
  });
  return { ready: ready.map((a) => a.key), blocked };
}

const nobody: ReadonlySet<string> = new Set();

function settle(
  start: Waiting,
  firstOf: (a: Waiting) => readonly Waiting[],
  blockers: Map<string, ReadonlySet<string>>,
): void {
  const stack = [start];
  const open = new Set<string>();
  for (let at = stack.at(-1); at !== undefined; at = stack.at(-1)) {
    if (blockers.has(at.key)) stack.pop();
    else if (open.has(at.key)) {
      const sets = firstOf(at).map((f) => (isMoving[f.status] ? (blockers.get(f.key) ?? nobody) : new Set([f.key])));
      const some = sets.filter((s) => s.size > 0);
      // Most are held up by one, and a long chain hands on one set.
      blockers.set(at.key, some.length < 2 ? (some[0] ?? nobody) : new Set(some.flatMap((s) => [...s])));
      stack.pop();
    } else {
      open.add(at.key);
      for (const first of firstOf(at)) if (!blockers.has(first.key) && !open.has(first.key)) stack.push(first);
    }
  }
}
