// Approvals: decisions of people on requirements, and whether they suffice. A decision holds for the content it was given
// to, so that of a change set that is changed only the changed parts are asked again. Who counts is judged by the members
// as they are now: named by id or role, active, and no author of any edit of the change.

import { ok, type Result, refuse } from '../base/result.ts';
import type { Approval } from '../model/approval.ts';
import type { ChangeSetEvent } from '../model/change_set.ts';
import type { Member } from './member.ts';
import type { Requirement } from './requirement.ts';

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

/** A requirement with what has been said about it, among those who may decide on it. */
export interface Tally {
  readonly requirement: Requirement;
  readonly isMet: boolean;
  /** Whose approval counts. */
  readonly approvedBy: readonly string[];
  /** Whose last word was an approval of what this part was before. */
  readonly outdated: readonly string[];
  readonly rejectedBy: readonly string[];
  /** Whose approval would count and has not come. */
  readonly whoMay: readonly string[];
}

/** Each requirement with what has been said about it; none in a workspace where nobody else could approve anything. */
export function tally(q: ApprovalQuery): Tally[] {
  if (isAlone(q.members)) return [];
  const authors = new Set(q.authors);
  const latest = new Map<string, Map<string, Approval>>();
  for (const approval of q.approvals) {
    const of = latest.get(approval.requirement) ?? new Map<string, Approval>();
    latest.set(approval.requirement, of.set(approval.by, approval));
  }
  return q.requirements.map((requirement) => {
    const said = latest.get(requirement.id);
    const eligible = q.members.filter((m) => mayApprove(requirement, m, authors)).map((m) => m.id);
    const approvedBy = eligible.filter((id) => counts(said?.get(id), requirement));
    const rejectedBy = eligible.filter((id) => stands(said?.get(id)));
    return {
      requirement,
      isMet: approvedBy.length >= requirement.minimum && rejectedBy.length === 0,
      approvedBy,
      outdated: eligible.filter((id) => isOutdated(said?.get(id), requirement)),
      rejectedBy,
      whoMay: eligible.filter((id) => !approvedBy.includes(id)),
    };
  });
}

/** Are all requirements met? In a workspace of one active member, or without accounts, nothing is required. */
export function decide(q: ApprovalQuery): Decided {
  return decidedBy(tally(q));
}

export function decidedBy(tallies: readonly Tally[]): Decided {
  const missing = tallies
    .filter((t) => !t.isMet)
    .map(({ requirement, approvedBy, whoMay, rejectedBy }) => {
      return { requirement, have: approvedBy.length, need: requirement.minimum, whoMay, rejectedBy };
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

function isOutdated(approval: Approval | undefined, requirement: Requirement): boolean {
  return (
    approval?.decision === 'approve' && approval.spent !== true && approval.fingerprint !== requirement.fingerprint
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

/** Refuses `approval_required` with what is missing, for people and, as `data`, for programs. */
export function checkApprovals(decided: Decided): Result<void> {
  if (decided.satisfied) return ok(undefined);
  const { missing } = decided;
  const [shown, more] = [missing.slice(0, shownMax), missing.length - shownMax];
  const each = (tell: (m: Missing) => string) => [...shown.map(tell), ...(more > 0 ? [`${more} more`] : [])].join('; ');
  const who = [...new Set(missing.flatMap((m) => m.whoMay))];
  return refuse('approval_required', {
    path: 'changeSet',
    expected: each((m) => `${m.need} ${m.need === 1 ? 'approval' : 'approvals'} of ${m.requirement.title}${causes(m)}`),
    got: each((m) => (m.rejectedBy.length > 0 ? `rejected by ${m.rejectedBy.join(', ')}` : `${m.have}`)),
    hint:
      who.length > 0 ? `ask ${who.slice(0, shownMax).join(', ')}` : 'nobody who may approve it is left: add a member',
    data: { missing },
  });
}

function causes({ requirement: { entities, names } }: Missing): string {
  if (names.length === 0) return '';
  const more = entities.length - names.length;
  return ` (${names.join(', ')}${more > 0 ? `, ${more} more` : ''})`;
}

/** Requirements and people that a refusal names in its sentence. */
const shownMax = 10;
