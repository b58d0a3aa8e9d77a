// What stands between a change set and Head: the approvals that its parts need, and the budget of whoever applies it.
// What is read of the store and of the planner is gathered first (`Grounds`); the judgement on it is made in the same turn
// of the event loop as the commit that follows from it, and only while the grounds still hold.

import { checkApprovals, decidedBy, isAlone, type Tally, tally } from '../access/approval.ts';
import { type Budgets, budgetFactsOf, checkBudget, isBudgeted } from '../access/budget.ts';
import type { Edit } from '../access/changed.ts';
import { type Member, principalOf } from '../access/member.ts';
import { type Planned, type RequirementQuery, requirementsOf } from '../access/requirement.ts';
import type { Principal } from '../access/role.ts';
import type { ComponentId } from '../base/ids.ts';
import { canonical } from '../base/json.ts';
import { ok, type Result } from '../base/result.ts';
import type { Spent } from '../merge/log_entry.ts';
import type { Mutation } from '../mutation/mutation.ts';
import type { PlannedAction } from '../ports/readiness.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Branch } from './branch.ts';
import { engineActor } from './catch_up.ts';
import { type FreezeWindow, frozen, frozenAt, readFreezes } from './freeze.ts';
import { lockingEdits } from './locking.ts';
import { readBudgets, readMembers } from './members.ts';
import { decideNow, permitChange, workspaceAsked } from './policies.ts';
import { settingsVersion } from './setting.ts';
import type { Workspace } from './workspace.ts';

/** What a judgement stands on beside the states of the change set and of Head. */
export interface Grounds {
  readonly branch: Branch;
  /** Of the change set when they were gathered. */
  readonly version: number;
  readonly members: readonly Member[];
  readonly budgets: Budgets;
  readonly actions: readonly PlannedAction[];
  readonly settings: number;
  readonly freezes: readonly FreezeWindow[];
}

/** Of a branch that is caught up and durable. */
export async function groundsOf(w: Workspace, branch: Branch): Promise<Grounds> {
  const { id, version, intentRoot } = branch.row;
  // Before what it counts is read: a change made meanwhile is noticed.
  const settings = settingsVersion(w);
  const [members, budgets, freezes] = [await readMembers(w), await readBudgets(w), await readFreezes(w)];
  const actions = await w.readiness.planned(w.id, id, intentRoot);
  return { branch, version, members, budgets, actions, settings, freezes };
}

/** Head's branch when the grounds still hold in this turn; undefined: gather them again. */
export function headWhile(w: Workspace, g: Grounds): Branch | undefined {
  const head = w.knownHead();
  const same = w.isCurrent(g.branch) && g.branch.row.version === g.version && settingsVersion(w) === g.settings;
  return same && head?.row.version === g.branch.row.baseVersion ? head : undefined;
}

/** The requirements with what has been said about each; none where one person is alone. Call it in `read`. */
export function talliesOf(w: Workspace, g: Grounds, head: Snapshot): Tally[] {
  if (isAlone(g.members)) return [];
  const { branch, members } = g;
  const requirements = requirementsOf({
    head,
    present: branch.snapshot,
    edits: editsOf(branch),
    reviewPaths: reviewPathsOf(branch),
    planned: plannedOf(g.actions),
    digest: w.world.digest,
  });
  return tally({ requirements, approvals: branch.pending.approvals, members, authors: authorsOf(branch) });
}

/** What an apply uses up of the approvals that there are, and what it goes ahead without. */
export interface Cleared {
  readonly spent: readonly Spent[];
  /** Titles of the requirements that are not met; none unless it is forced. */
  readonly without: readonly string[];
  /** The freeze window that is in force; only when it is forced. */
  readonly inFreeze?: string;
}

/**
 * May this principal apply it now? `force`: also without approvals that are missing, and in a freeze window. Refuses
 * `access_denied`, `frozen`, `approval_required`, `budget_exceeded`. Call it in `read`.
 */
export function checkApply(
  w: Workspace,
  caller: Principal,
  g: Grounds,
  { head, force }: { readonly head: Snapshot; readonly force: boolean },
): Result<Cleared> {
  // The role may have been lost since the request came in.
  const who = g.members.length === 0 ? ok(caller) : principalOf(g.members, caller);
  if (!who.ok) return who;
  const principal = who.value;
  const action = force ? 'apply:force' : 'apply';
  const may = decideNow(w, { principal, action, resource: workspaceAsked(w) });
  if (!may.ok) return may;
  const change = { row: g.branch.row, head, present: g.branch.snapshot, edits: () => editsOf(g.branch) };
  const parts = permitChange(w, principal, action, change);
  if (!parts.ok) return parts;
  const freeze = frozenAt(g.freezes, w.world.clock.nowMs());
  if (freeze !== undefined && !force) return frozen(freeze);
  const tallies = talliesOf(w, g, head);
  const decided = decidedBy(tallies);
  const approved = force ? ok(undefined) : checkApprovals(decided);
  if (!approved.ok) return approved;
  if (isBudgeted(g.budgets, principal)) {
    const facts = budgetFactsOf({ head, present: g.branch.snapshot, edits: editsOf(g.branch) });
    const within = checkBudget(g.budgets, principal, facts);
    if (!within.ok) return within;
  }
  const spent = tallies.flatMap(({ requirement: { id, fingerprint }, approvedBy }) =>
    approvedBy.map((by) => ({ requirement: id, fingerprint, by })),
  );
  const inFreeze = freeze === undefined ? {} : { inFreeze: freeze.name };
  return ok({ spent, without: decided.missing.map((m) => m.requirement.title), ...inFreeze });
}

/** Everybody who made an edit of the change, also one that does not stand at present: it may stand again. */
export function authorsOf({ pending }: Branch): Set<string> {
  return new Set(pending.items.map((i) => i.author));
}

/** What stands in the state, in order, with its authors; the engine's own last. */
function editsOf({ pending, snapshot }: Branch): Edit[] {
  const out: { author: string; mutations: Mutation[] }[] = [];
  for (const item of pending.items) {
    const mutations = item.placed ?? [item.m];
    const last = out.at(-1);
    if (last?.author === item.author) last.mutations.push(...mutations);
    else out.push({ author: item.author, mutations: [...mutations] });
  }
  const locks = lockingEdits(
    snapshot,
    pending.items.map((i) => i.m),
  );
  out.push({ author: engineActor, mutations: [...pending.repairs, ...locks] });
  return out;
}

/** Places that a merge left to a person to look at, as far as the change set still has something there. */
function reviewPathsOf({ pending }: Branch): RequirementQuery['reviewPaths'] {
  return pending.items.flatMap(({ m, review, placed }) =>
    review === true && placed?.length !== 0 && 'path' in m ? [{ component: m.component, path: m.path }] : [],
  );
}

/** Each action as a text: its kind and the paths that change. */
function plannedOf(actions: readonly PlannedAction[]): Planned {
  const out = new Map<ComponentId, string[]>();
  for (const { component, kind, paths } of actions) {
    const known = out.get(component) ?? [];
    known.push(canonical([kind, [...paths]]));
    out.set(component, known);
  }
  return out;
}
