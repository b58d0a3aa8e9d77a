// Approvals: decisions of people on requirements, and whether they suffice. A decision holds for the content it was given
// to, so that of a change set that is changed only the changed parts are asked again. Who counts is judged by the members
// as they are now: named by id or role, active, and no author of any edit of the change.

import type { Hash } from '../base/ids.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import type { ChangeSetEvent } from '../model/change_set.ts';
import type { Member } from './member.ts';
import type { Requirement } from './requirement.ts';

export interface Approval {
  /** Id of the requirement, and its fingerprint when this was decided. */
  readonly requirement: string;
  readonly fingerprint: Hash;
  readonly decision: 'approve' | 'reject';
  readonly by: string;
  /** Milliseconds since 1970-01-01 UTC, for people: which is the later one is told by their order in the list. */
  readonly atMs: number;
  /** Used by an apply: counts never again. */
  readonly spent?: true;
  /** A rejection that the change set was reopened or withdrawn after: stands no more. */
  readonly lifted?: true;
}

export interface ApprovalQuery {
  readonly requirements: readonly Requirement[];
  /** In the order they were given. */
  readonly approvals: readonly Approval[];
  readonly members: readonly Member[];
  /** Ids of all who made an edit of the change; the engine's own among them do no harm. */
  readonly authors: Iterable<string>;
}

/** A requirement that is not met. */
export interface Missing {
  readonly requirement: Requirement;
  /** Approvals that count, and how many it takes. */
  readonly have: number;
  readonly need: number;
  /** Active members whose approval would count and has not come. */
  readonly whoMay: readonly string[];
  /** Whose rejection stands; while one does, no number of approvals is enough. */
  readonly rejectedBy: readonly string[];
}

export interface Decided {
  readonly satisfied: boolean;
  readonly missing: readonly Missing[];
}

/** Are all requirements met? In a workspace of one active member, or without accounts, nothing is required. */
export function decide(q: ApprovalQuery): Decided {
  if (isAlone(q.members)) return { satisfied: true, missing: [] };
  const authors = new Set(q.authors);
  const latest = new Map<string, Map<string, Approval>>();
  for (const approval of q.approvals) {
    const of = latest.get(approval.requirement) ?? new Map<string, Approval>();
    latest.set(approval.requirement, of.set(approval.by, approval));
  }
  const missing = q.requirements.flatMap((requirement) => {
    const said = latest.get(requirement.id);
    const eligible = q.members.filter((m) => mayApprove(requirement, m, authors)).map((m) => m.id);
    const approved = eligible.filter((id) => counts(said?.get(id), requirement));
    const rejectedBy = eligible.filter((id) => stands(said?.get(id)));
    const [have, need] = [approved.length, requirement.minimum];
    if (have >= need && rejectedBy.length === 0) return [];
    return [{ requirement, have, need, whoMay: eligible.filter((id) => !approved.includes(id)), rejectedBy }];
  });
  return { satisfied: missing.length === 0, missing };
}

/** Nobody else could approve anything: one active member, or no accounts at all. */
export function isAlone(members: readonly Member[]): boolean {
  return members.filter((m) => m.active).length <= 1;
}

/** Would a decision of this member count? */
export function mayApprove(requirement: Requirement, member: Member, authors: ReadonlySet<string>): boolean {
  if (!member.active || authors.has(member.id)) return false;
  const { approvers } = requirement;
  if (approvers.includes(member.id) || approvers.includes(member.role)) return true;
  return member.role === 'owner' && approvers.includes('approver');
}

function counts(approval: Approval | undefined, requirement: Requirement): boolean {
  return (
    approval?.decision === 'approve' && approval.spent !== true && approval.fingerprint === requirement.fingerprint
  );
}

/** A rejection stands whatever has become of the content: it is taken back by a person, never by an edit. */
function stands(approval: Approval | undefined): boolean {
  return approval?.decision === 'reject' && approval.lifted !== true;
}

/** What the decisions come to for the status of a change set that waits for approval. */
export function eventOf(decided: Decided): Extract<ChangeSetEvent, 'approve' | 'reject' | 'request_approval'> {
  if (decided.missing.some((m) => m.rejectedBy.length > 0)) return 'reject';
  return decided.satisfied ? 'approve' : 'request_approval';
}

/** The approvals once an apply has used them. */
export function spend(approvals: readonly Approval[]): Approval[] {
  return approvals.map((a) => (a.decision === 'approve' ? { ...a, spent: true } : a));
}

/** The approvals once the change set has been reopened or withdrawn: no rejection stands, approvals stay. */
export function lift(approvals: readonly Approval[]): Approval[] {
  return approvals.map((a) => (a.decision === 'reject' ? { ...a, lifted: true } : a));
}

/** Refuses `approval_required` with what is missing, for people and, as `data`, for programs. */
export function checkApprovals(decided: Decided): Result<void> {
  if (decided.satisfied) return ok(undefined);
  const { missing } = decided;
  const [shown, more] = [missing.slice(0, shownMax), missing.length - shownMax];
  const each = (tell: (m: Missing) => string) => [...shown.map(tell), ...(more > 0 ? [`${more} more`] : [])].join('; ');
  const who = [...new Set(missing.flatMap((m) => m.whoMay))];
  return refuse('approval_required', {
    path: 'changeSet',
    expected: each((m) => `${m.need} ${m.need === 1 ? 'approval' : 'approvals'} of ${m.requirement.title}`),
    got: each((m) => (m.rejectedBy.length > 0 ? `rejected by ${m.rejectedBy.join(', ')}` : `${m.have}`)),
    hint:
      who.length > 0 ? `ask ${who.slice(0, shownMax).join(', ')}` : 'nobody who may approve it is left: add a member',
    data: { missing },
  });
}

/** Requirements and people that a refusal names in its sentence. */
const shownMax = 10;
