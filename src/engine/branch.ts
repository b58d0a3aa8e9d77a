// A branch: the present state of one change set in memory, how it moves on, and whether what it stands on is durable.
// Branches are kept and moved by their workspace.

import type { ActionId, Hash } from '../base/ids.ts';
import { Fault } from '../base/result.ts';
import { Pending } from '../merge/item.ts';
import type { LogEntry } from '../merge/log_entry.ts';
import type { ChangeSetRow } from '../ports/store.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';

/** The present state of one change set. */
export interface Branch {
  row: ChangeSetRow;
  snapshot: Snapshot;
  /** What it holds beyond Head's version `row.baseVersion`; of Head and of what was applied, nothing. */
  pending: Pending;
  /** Resolves when everything up to `row` is durable; rejects when it failed to be. Ask `lands` of it. */
  durable: Promise<void>;
  /** The commit under way adds to the audit and leaves the version: what follows could not tell that it failed. */
  unnumbered: boolean;
  /** Newest version that can be read from chunks alone. */
  checkpointed: number;
  /** Characters of log text since `checkpointed`. */
  tailChars: number;
  /** Computed values of an earlier state, as the last checkpoint before this branch was read has them. */
  readonly derived?: { readonly state: Snapshot; readonly root: Hash };
}

/** As it is before anything of it is written, or when all of it is. */
export function newBranch(row: ChangeSetRow, snapshot: Snapshot): Branch {
  const pending = new Pending();
  return { row, snapshot, pending, durable: Promise.resolve(), unnumbered: false, checkpointed: 0, tailChars: 0 };
}

/** A branch on its way to its next row; `entry` is what the log gets of it, when that changes the pending change. */
export interface Move {
  readonly branch: Branch;
  readonly row: ChangeSetRow;
  readonly snapshot: Snapshot;
  readonly entry?: LogEntry;
}

/** A commit that lost its compare-and-set; `action`: to somebody who has moved that action. */
export class Stale extends Error {
  readonly action: ActionId | undefined;

  constructor(action?: ActionId) {
    super();
    this.action = action;
  }
}

/** Does what was queued become durable? */
export function lands(durable: Promise<void>): Promise<boolean> {
  return durable.then(
    () => true,
    () => false,
  );
}

/** Marks a promise whose failure is reported by another way, so that it does not count as unhandled here. */
export function seenElsewhere(promise: Promise<void>): void {
  const settled = (): void => {};
  promise.then(settled, settled);
}

/** Refused because a row of it that may only be appended is there already; nothing was written. */
export function isTaken(e: unknown): boolean {
  return e instanceof Fault && (e.data as { readonly exists?: true } | undefined)?.exists === true;
}
