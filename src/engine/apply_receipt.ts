// What an apply answers, and how the same is made of the log for who did not see the answer: the counts, what was decided between
// change sets, the actions and the approvals that it used.

import type { ChangeSetId, ComponentId, Hash } from '../base/ids.ts';
import { Fault, ok, type Result, refuse } from '../base/result.ts';
import { logFormat, type PendingChange, parseLogEntry, type Spent } from '../merge/log_entry.ts';
import type { ReceiptLine } from '../merge/receipt.ts';
import { componentOf } from '../merge/side.ts';
import type { Step } from '../mutation/compile.ts';
import type { PlannedAction } from '../ports/readiness.ts';
import type { ChangeSetRow } from '../ports/store.ts';
import type { Workspace } from './workspace.ts';

export interface ApplyReceipt {
  readonly changeSet: ChangeSetId;
  readonly status: ChangeSetRow['status'];
  /** Head's version after the apply; unchanged for an empty change set. */
  readonly headVersion: number;
  /** Head's root after the apply. */
  readonly intentRoot: Hash;
  /** Requests carried over. */
  readonly edits: number;
  readonly counts: {
    /** Components that the change set's edits are about. */
    readonly components: number;
    /** Single edits, the engine's own not counted. */
    readonly mutations: number;
    /** The engine's own: repairs, locks, defaults. */
    readonly engine: number;
  };
  /** What was decided between this change set and others, as far as it still says what is so. */
  readonly receipt: readonly ReceiptLine[];
  /** Actions queued with it. */
  readonly actions: readonly PlannedAction[];
  /** Those that it needed and used; absent: it needed none. */
  readonly approvals?: readonly Spent[];
}

/** Of the rows as they are written, and the change as it is kept. */
export function receiptOf(
  row: ChangeSetRow,
  head: ChangeSetRow,
  change: PendingChange,
  n: {
    readonly edits: number;
    readonly engine: number;
    readonly actions: readonly PlannedAction[];
    readonly spent: readonly Spent[];
  },
): ApplyReceipt {
  const components = new Set<ComponentId>();
  let mutations = 0;
  for (const edit of change.edits) {
    for (const step of edit.steps) {
      if (isAdded(step)) continue;
      mutations += step.mutations.length;
      for (const m of step.mutations) {
        const component = componentOf(m);
        if (component !== undefined) components.add(component);
      }
    }
  }
  return {
    changeSet: row.id,
    status: row.status,
    headVersion: head.version,
    intentRoot: head.intentRoot,
    edits: n.edits,
    counts: { components: components.size, mutations, engine: n.engine },
    receipt: change.receipt,
    actions: n.actions,
    ...(n.spent.length === 0 ? {} : { approvals: n.spent }),
  };
}

/** Is the step the engine's, not an author's? */
function isAdded(step: Step): boolean {
  return step.kind === 'engine.repair' || step.kind === 'engine.lock';
}

/** What became of an apply whose answer was not seen: its receipt, or a refusal that says what the change set is at. */
export async function applyOutcome(w: Workspace, id: ChangeSetId): Promise<Result<ApplyReceipt>> {
  const row = await w.store.findChangeSet(w.id, id);
  if (row === undefined) return w.branch(id) as Promise<Result<never>>;
  if (row.status !== 'Applied') {
    return refuse('change_set_not_applied', {
      path: 'changeSet',
      expected: 'a change set that was applied',
      got: `one that is ${row.status}`,
      hint: 'it did not become part of Head; apply it again',
    });
  }
  const [last] = await w.store.readLog(w.id, id, row.version - 1, row.version, 1);
  const entry = last === undefined ? undefined : parseLogEntry(last.text);
  if (entry?.kind !== 'status' || entry.headVersion === undefined)
    throw new Fault('store_damaged', `the log of ${id} does not end with its apply; run verify`);
  const [applied] = await w.store.readLog(w.id, w.row.head, entry.headVersion - 1, entry.headVersion, 1);
  const head = applied === undefined ? undefined : parseLogEntry(applied.text);
  if (head === undefined) throw new Fault('store_damaged', `Head has no log entry ${entry.headVersion}; run verify`);
  const none: PendingChange = {
    format: logFormat,
    changeSet: id,
    baseVersion: row.baseVersion,
    edits: [],
    receipt: [],
  };
  const change = head.kind === 'apply' && head.applied === id ? await w.pendingChange(head.pending) : none;
  const count = (isEngine: boolean, of: (s: Step) => number): number =>
    change.edits
      .flatMap((e) => e.steps)
      .filter((s) => isAdded(s) === isEngine)
      .reduce((sum, s) => sum + of(s), 0);
  const headRow = { version: head.version, intentRoot: head.intentRoot } as ChangeSetRow;
  return ok(
    receiptOf(row, headRow, change, {
      edits: count(false, () => 1),
      engine: count(true, (s) => s.mutations.length),
      actions: [],
      spent: entry.spent ?? [],
    }),
  );
}
