// Approval of a change set: it is asked for, given or refused for each requirement, and taken back. Decisions are entries
// of the change set's log and name the content that they are about; whether they suffice is judged anew whenever somebody
// asks, on the change set caught up to Head. Each use-case is one compare-and-set commit on grounds that still hold.

import { checkApprovals, decide, decidedBy, eventOf, mayApprove, type Tally } from '../access/approval.ts';
import type { Requirement } from '../access/requirement.ts';
import type { Principal } from '../access/role.ts';
import type { ChangeSetId } from '../base/ids.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import type { Approval } from '../model/approval.ts';
import { type ChangeSetStatus, isActive, transition } from '../model/change_set.ts';
import type { ChangeSetRow } from '../ports/store.ts';
import { type Branch, lands } from './branch.ts';
import { caughtUp } from './catch_up.ts';
import { commitStatus, headStays } from './change_set.ts';
import { denied, permit, permitOwn } from './permit.ts';
import { authorsOf, type Grounds, groundsOf, headWhile, talliesOf } from './requirements.ts';
import { wrongVersion } from './submit.ts';
import type { Workspace } from './workspace.ts';

/** A requirement with what has been said about it. */
export interface RequirementView extends Requirement {
  readonly isMet: boolean;
  /** Approvals that count, and how many it takes. */
  readonly have: number;
  readonly need: number;
  readonly approvedBy: readonly string[];
  /** Who approved it as it was before; asked again, because this part has become another one. */
  readonly outdated: readonly string[];
  readonly rejectedBy: readonly string[];
  /** Whose approval would count and has not come. */
  readonly whoMay: readonly string[];
}

export interface ApprovalsView {
  readonly changeSet: ChangeSetId;
  readonly status: ChangeSetStatus;
  /** Who asked for approval; null: nobody does at present. */
  readonly requested: { readonly by: string; readonly atMs: number } | null;
  /** Nothing is missing: it could be applied. */
  readonly satisfied: boolean;
  /** None where one person is alone, and of what was applied. */
  readonly requirements: readonly RequirementView[];
  /** Every decision on it, in the order given. */
  readonly decisions: readonly Approval[];
}

/** What a change set needs approval for on Head as it is now, and what has come. Refuses `head_is_read_only`. */
export async function approvalsOf(w: Workspace, id: ChangeSetId): Promise<Result<ApprovalsView>> {
  for (;;) {
    const found = await groundsFor(w, id, 'approve');
    if (!found.ok) return found;
    const grounds = found.value;
    if (grounds === 'lost') continue;
    const { row } = grounds.branch;
    if (!isActive(row.status)) {
      const { approvals: decisions } = await w.pendingOf(row, row.version);
      return ok({ changeSet: id, status: row.status, requested: null, satisfied: true, requirements: [], decisions });
    }
    const view = await w.read(() => {
      const head = headWhile(w, grounds);
      return head === undefined ? undefined : viewOf(grounds, talliesOf(w, grounds, head.snapshot));
    });
    if (view !== undefined) return ok(view);
  }
}

function viewOf({ branch: { row, pending } }: Grounds, tallies: readonly Tally[]): ApprovalsView {
  return {
    changeSet: row.id,
    status: row.status,
    requested: pending.requested ?? null,
    satisfied: tallies.every((t) => t.isMet),
    requirements: tallies.map(({ requirement, ...said }) => {
      return { ...requirement, ...said, have: said.approvedBy.length, need: requirement.minimum };
    }),
    decisions: pending.approvals,
  };
}

/**
 * Closes a change set to edits and asks for what is missing; straight to Approved when nothing is. Asked again, it is
 * judged again. Refuses `change_set_not_open`, `approval_required` while a rejection stands, `access_denied`.
 */
export async function requestApproval(
  w: Workspace,
  principal: Principal,
  id: ChangeSetId,
): Promise<Result<ChangeSetRow>> {
  const may = await permit(w, principal, 'edit', { operation: 'request approval', subject: id });
  if (!may.ok) return may;
  return judging(w, id, 'request_approval', async (g, tallies, head) => {
    const { row } = g.branch;
    const decided = decidedBy(tallies);
    const event = eventOf(decided);
    const next = requestedStatus(row.status, event === 'approve');
    if (!next.ok) return next;
    const checked = event === 'reject' ? checkApprovals(decided) : ok(undefined);
    if (!checked.ok) return checked;
    if (next.value === row.status) return ok(row);
    const sentence = `request approval of change set ${JSON.stringify(row.name)}`;
    const change = { event: 'request_approval', status: next.value, sentence } as const;
    return committed(commitStatus(w, principal, { branch: g.branch, head }, change));
  });
}

function requestedStatus(status: ChangeSetStatus, nothingMissing: boolean): Result<ChangeSetStatus> {
  // What was waited for may have become needless, by a change of Head or of the members.
  if (status === 'NeedsApproval') return transition(status, nothingMissing ? 'approve' : 'request_approval');
  const asked = transition(status, 'request_approval');
  return asked.ok && nothingMissing ? transition(asked.value, 'approve') : asked;
}

export interface Decision {
  readonly changeSet: ChangeSetId;
  readonly decision: Approval['decision'];
  /** Id of one requirement; absent: all that this principal may decide on. */
  readonly requirement?: string;
  /** Only if the change set is at this version when it is decided; else `version_conflict`. */
  readonly ifVersion?: number;
}

/**
 * Approves or rejects, while approval is asked for. Deciding the same of the same content again changes nothing. Refuses
 * `change_set_not_open`, `requirement_not_found`, `access_denied` to whoever may decide on none of it.
 */
export async function decideApproval(w: Workspace, principal: Principal, d: Decision): Promise<Result<ChangeSetRow>> {
  const tried = { operation: `${d.decision} a change set`, subject: d.changeSet };
  // Who is named to decide does so in any role, but with no token that is for something else.
  const may = await permitOwn(w, principal, 'approve', tried);
  if (!may.ok) return may;
  const done = await judging(w, d.changeSet, d.decision, async (g, tallies, head) => {
    const { row, pending } = g.branch;
    const wrong = wrongVersion(row.version, d.ifVersion);
    if (wrong !== undefined) return { ok: false, refusal: wrong };
    // What can be withdrawn is up for approval, in whichever of its three states.
    if (!transition(row.status, 'withdraw').ok) return notAsked(row.status, d.decision);
    const parts = partsFor(g, tallies, principal, d.requirement);
    if (!parts.ok) return parts;
    const fresh = parts.value.filter((r) => !hasSaid(pending.approvals, r, principal.id, d.decision));
    if (fresh.length === 0) return ok(row);
    const on = fresh.map(({ id, fingerprint }) => ({ requirement: id, fingerprint }));
    const said = on.map((part) => ({ ...part, decision: d.decision, by: principal.id, atMs: 0 }));
    const status = decidedStatus(g, tallies, [...pending.approvals, ...said]);
    if (!status.ok) return status;
    const sentence = `${d.decision} ${listOf(fresh)} in change set ${JSON.stringify(row.name)}`;
    const decided = { decision: d.decision, on };
    const change = { event: d.decision, status: status.value, sentence, decided };
    return committed(commitStatus(w, principal, { branch: g.branch, head }, change));
  });
  if (done.ok || done.refusal.code !== 'access_denied') return done;
  return denied(w, principal, tried, done);
}

function notAsked(status: ChangeSetStatus, decision: Approval['decision']): Result<never> {
  const refused = transition(status, decision);
  if (!refused.ok) return refused;
  throw new Error(`invariant broken: ${status} can be decided on and not withdrawn`);
}

/** The requirements that a decision is about. */
function partsFor(
  g: Grounds,
  tallies: readonly Tally[],
  { id }: Principal,
  named: string | undefined,
): Result<readonly Requirement[]> {
  const all = tallies.map((t) => t.requirement);
  const asked = named === undefined ? all : all.filter((r) => r.id === named);
  if (named !== undefined && asked.length === 0) {
    return refuse('requirement_not_found', {
      path: 'requirement',
      expected: 'the id of a requirement of the change set',
      got: JSON.stringify(named),
      hint: 'list the approvals of the change set; leave it out to decide on all that is yours',
    });
  }
  const authors = authorsOf(g.branch);
  const member = g.members.find((m) => m.id === id);
  const mine = asked.filter((r) => member !== undefined && mayApprove(r, member, authors));
  if (mine.length > 0 || asked.length === 0) return ok(mine);
  return refuse('access_denied', {
    path: 'changeSet',
    expected: `one of those who decide on ${listOf(asked)}, other than an author`,
    got: authors.has(id) ? `${id}, an author of the change` : `${id}${member === undefined ? '' : `, ${member.role}`}`,
    hint: 'the approvals of the change set say who may',
  });
}

/** Titles for a sentence. */
function listOf(requirements: readonly Requirement[]): string {
  const more = requirements.length - titlesMax;
  const titles = requirements.slice(0, titlesMax).map((r) => r.title);
  return [...titles, ...(more > 0 ? [`${more} more`] : [])].join('; ');
}

const titlesMax = 10;

/** Is this the person's last word on the requirement as it is now? */
function hasSaid(
  approvals: readonly Approval[],
  requirement: Requirement,
  by: string,
  decision: Approval['decision'],
): boolean {
  const last = approvals.findLast((a) => a.requirement === requirement.id && a.by === by);
  if (last?.decision !== decision || last.lifted === true) return false;
  return last.fingerprint === requirement.fingerprint;
}

/** What the decisions come to, in whichever state they find the change set. */
function decidedStatus(g: Grounds, tallies: readonly Tally[], approvals: readonly Approval[]): Result<ChangeSetStatus> {
  const { status } = g.branch.row;
  const requirements = tallies.map((t) => t.requirement);
  const event = eventOf(decide({ requirements, approvals, members: g.members, authors: authorsOf(g.branch) }));
  return statusAfter[event] === status ? ok(status) : transition(status, event);
}

const statusAfter = { approve: 'Approved', reject: 'Rejected', request_approval: 'NeedsApproval' } as const;

/**
 * Takes the request back: Open again, no rejection standing, approvals kept. By who asked, or an owner; by no agent while
 * a rejection stands.
 */
export async function withdraw(w: Workspace, principal: Principal, id: ChangeSetId): Promise<Result<ChangeSetRow>> {
  const may = await permit(w, principal, 'edit', { operation: 'withdraw a request for approval', subject: id });
  if (!may.ok) return may;
  for (;;) {
    const found = await w.branch(id);
    if (!found.ok) return found;
    const { branch } = found.value;
    if (branch.row.isHead) return headStays('withdraw');
    const head = await w.head();
    const next = transition(branch.row.status, 'withdraw');
    if (!next.ok) return next;
    if (branch.row.status === 'Rejected' && principal.isAgent === true) {
      const refused = refuse('access_denied', {
        path: 'changeSet',
        expected: 'a person to take back a rejection',
        got: `${principal.id}, with the token of an agent`,
        hint: 'ask whoever rejected it to approve, or somebody who may edit it to reopen it',
      });
      return denied(w, principal, { operation: 'withdraw a request for approval', subject: id }, refused);
    }
    const asker = branch.pending.requested?.by;
    if (asker !== principal.id && principal.role !== 'owner') {
      const refused = refuse('access_denied', {
        path: 'changeSet',
        expected: `${asker ?? 'nobody'}, who asked for approval, or an owner`,
        got: `${principal.id}, ${principal.role}`,
        hint: 'ask one of them, or reopen the change set',
      });
      return denied(w, principal, { operation: 'withdraw a request for approval', subject: id }, refused);
    }
    const sentence = `withdraw the request for approval of change set ${JSON.stringify(branch.row.name)}`;
    const change = { event: 'withdraw', status: next.value, sentence } as const;
    const row = await commitStatus(w, principal, { branch, head }, change);
    if (row !== undefined) return ok(row);
  }
}

type Asked = 'request_approval' | Approval['decision'];
type Answer = Result<ChangeSetRow> | 'lost';

/** Judges a change set on grounds that hold, in the turn in which the judge commits; again when they moved away. */
async function judging(
  w: Workspace,
  id: ChangeSetId,
  event: Asked,
  judge: (g: Grounds, tallies: readonly Tally[], head: Branch) => Promise<Answer>,
): Promise<Result<ChangeSetRow>> {
  for (;;) {
    const found = await groundsFor(w, id, event);
    if (!found.ok) return found;
    const grounds = found.value;
    if (grounds === 'lost') continue;
    const { status } = grounds.branch.row;
    // It was not caught up, and can't be decided on either.
    const next = isActive(status) ? undefined : transition(status, event);
    if (next?.ok === false) return next;
    const done = await w.read(() => {
      const head = headWhile(w, grounds);
      return head === undefined ? 'lost' : judge(grounds, talliesOf(w, grounds, head.snapshot), head);
    });
    if (done !== 'lost') return done;
  }
}

async function groundsFor(w: Workspace, id: ChangeSetId, event: Asked): Promise<Result<Grounds | 'lost'>> {
  const found = await caughtUp(w, id);
  if (!found.ok) return found;
  const { branch } = found.value;
  if (branch.row.isHead) return headStays(event);
  return ok((await lands(branch.durable)) ? await groundsOf(w, branch) : 'lost');
}

async function committed(row: Promise<ChangeSetRow | undefined>): Promise<Answer> {
  const landed = await row;
  return landed === undefined ? 'lost' : ok(landed);
}
