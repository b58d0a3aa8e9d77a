// One entry of a log replayed: the state that it gives, held against the root that was stored with it. What an entry was made over
// of reality is for knowing, not for going back to: reality has a log of its own.

import { Fault } from '../base/result.ts';
import { type LogEntry, type PendingChange, replay } from '../merge/log_entry.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';

/** The state after an entry; `pending`: of an apply, what it carried over. */
export function replayed(from: Snapshot, entry: LogEntry, pending: PendingChange | undefined): Snapshot {
  const draft = from.edit();
  replay(draft, entry, () => pending!);
  const next = draft.finish();
  next.roots();
  return next;
}

/** Fault `replay_diverged` when the state has not the root stored in the entry. */
export function mustGiveStored(after: Snapshot, entry: LogEntry): Snapshot {
  const { intent } = after.roots();
  if (intent === entry.intentRoot) return after;
  throw new Fault(
    'replay_diverged',
    `replaying entry ${entry.version} of ${entry.changeSet} gives ${intent}, stored is ${entry.intentRoot}; run verify`,
  );
}
