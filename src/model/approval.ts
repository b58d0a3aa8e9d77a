// A decision of a person on one requirement of a change set, as the log of the change set has it. What becomes of the
// decisions given so far when the change set is applied, reopened or withdrawn is here; whether they suffice is the access
// layer's.

import type { Hash } from '../base/ids.ts';

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

/** The approvals once an apply has used them. */
export function spend(approvals: readonly Approval[]): Approval[] {
  return approvals.map((a) => (a.decision === 'approve' ? { ...a, spent: true } : a));
}

/** The approvals once the change set has been reopened or withdrawn: no rejection stands, approvals stay. */
export function lift(approvals: readonly Approval[]): Approval[] {
  return approvals.map((a) => (a.decision === 'reject' ? { ...a, lifted: true } : a));
}
