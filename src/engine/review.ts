// The review of a change set: what it changes against Head, per component and path, and what stands beside that: what merging decided,
// what the engine would add, the actions it plans, what has to be approved, what plan policies say.

import { ok, type Result, refuse } from '../base/result.ts';
import type { Results } from '../builtins/assemble.ts';
import { describe } from '../mutation/mutation.ts';
import type { ChangeSetRow } from '../ports/store.ts';
import { type ApprovalsView, approvalsOf } from './approvals.ts';
import { type Comparison, compareSnapshots } from './compare.ts';
import { type Overwritten, overwrittenBy } from './drift.ts';
import { lockingEdits } from './locking.ts';
import { type MovedLine, movedLines } from './moved.ts';
import type { State } from './operation.ts';
import { type Finding, judgePlan } from './plan_policy.ts';
import { type NotPlannedLine, type PlannedLine, plannedLines, planOf } from './planning.ts';
import { receiptInForce, type ToldLine } from './receipt.ts';
import { type ResultChanges, resultChanges } from './result_changes.ts';
import type { Workspace } from './workspace.ts';

export interface Review extends Comparison {
  readonly changeSet: ChangeSetRow;
  /** What users' functions give otherwise than on Head. */
  readonly results: ResultChanges;
  /** What merging decided, as far as it still says what is so. */
  readonly receipt: readonly ToldLine[];
  /** What the engine would add at the apply: locks and defaults. */
  readonly atApply: readonly string[];
  /** What the apply would do to reality, in the order in which it may be done. */
  readonly actions: readonly PlannedLine[];
  /** Resources that pass from one component to another, with nothing done to them. */
  readonly moved: readonly MovedLine[];
  /** What would be asked for and is not planned, and why. */
  readonly notPlanned: readonly NotPlannedLine[];
  /** What reality has otherwise than Head says, and the apply overwrites. */
  readonly overwrites: readonly Overwritten[];
  /** What plan policies say of it. */
  readonly policies: readonly Finding[];
  /** What it needs approval for before an apply, and what has come. */
  readonly approvals: ApprovalsView;
  readonly summary: {
    readonly added: number;
    readonly modified: number;
    readonly removed: number;
    readonly values: number;
    readonly derived: number;
  };
}

/** What a change set would change, against Head as it was opened on; plan policies judge it for `actor`. */
export async function review(s: State, actor: string): Promise<Result<Review>> {
  if (s.row.isHead) {
    return refuse('head_is_read_only', {
      path: 'changeSet',
      expected: 'a change set other than Head',
      got: 'Head',
      hint: 'name the change set to review',
    });
  }
  const head = await s.w.head();
  await s.w.actions.ready();
  const base = await s.w.stateAt(head.row, s.row.baseVersion);
  if (!base.ok) return base;
  const { propagation } = s.w;
  const before = { state: base.value, kept: () => propagation.keptOf(head, base.value) };
  const after = { state: s.snapshot, kept: () => propagation.keptOf(s.branch, s.snapshot) };
  const comparison = await s.w.read(() =>
    compareSnapshots(before.state, after.state, {
      results: resultsIn(s.w),
      before: before.kept(),
      after: after.kept(),
    }),
  );
  const results = await resultChanges(s.w, { before, after, results: resultsIn(s.w) });
  // What was applied has become Head's, with its receipt; nothing is pending of it.
  const isDone = s.row.status === 'Applied';
  const more = await s.w.read(() => {
    if (isDone) return { receipt: [], atApply: [], actions: [], moved: [], notPlanned: [], overwrites: [] };
    const planned = planOf(s.w, s.branch, head);
    return {
      receipt: receiptInForce(s.branch, s.snapshot),
      atApply: atApply(s),
      ...plannedLines(s.snapshot, planned),
      moved: movedLines(s.branch, head),
      overwrites: overwrittenBy(s.w, s.branch, head, planned),
    };
  });
  const approvals = await approvalsOf(s.w, s.row.id);
  if (!approvals.ok) return approvals;
  const policies = isDone || s.version !== s.row.version ? [] : (await judgePlan(s.w, s.branch, actor)).findings;
  return ok({
    changeSet: s.row,
    summary: summaryOf(comparison),
    ...comparison,
    results,
    ...more,
    policies,
    approvals: approvals.value,
  });
}

function atApply({ branch, snapshot }: State): string[] {
  const edits = branch.pending.items.map((i) => i.m);
  return lockingEdits(snapshot, edits).map((m) => describe(snapshot, m));
}

export function summaryOf(c: Comparison): Review['summary'] {
  const count = (status: string) => c.components.filter((x) => x.status === status).length;
  const values = c.components.flatMap((x) => x.attributes);
  return {
    added: count('Added'),
    modified: count('Modified'),
    removed: count('Removed'),
    values: values.filter((v) => !v.derived).length,
    derived: values.filter((v) => v.derived).length,
  };
}

export const resultsIn = (w: Workspace): Results => w.propagation.resultsOn(w.world.digest);
