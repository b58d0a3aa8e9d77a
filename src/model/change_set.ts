// The life of a change set as one transition function: status and event give the next status, or a refusal. Nothing
// else decides what may happen to a change set in which state. Who may cause an event is the access layer's.
//
// Edits are made while Open and only then: whoever wants to change what is up for approval takes it back first. That
// costs no approval of what stays the same, because an approval holds for the content it was given to.

import { ok, type Result, refuse } from '../base/result.ts';

export const changeSetStatuses = [
  'Open',
  'NeedsApproval',
  'Approved',
  'Rejected',
  'Applied',
  'Abandoned',
  'Failed',
] as const;
export type ChangeSetStatus = (typeof changeSetStatuses)[number];

export const changeSetEvents = [
  'edit',
  'request_approval',
  'approve',
  'reject',
  'reopen',
  'withdraw',
  'apply',
  'force_apply',
  'abandon',
  'fail',
] as const;
export type ChangeSetEvent = (typeof changeSetEvents)[number];

/**
 * - `request_approval` asks; from Approved and Rejected it asks again, when what was approved has become something else
 *   or a rejection was taken back while other approvals are missing.
 * - `approve`: the last approval that was missing has come. `reject`: somebody who may approve has said no.
 * - `force_apply` is an apply that waits for no approval.
 * - `withdraw` is the requester's, `reopen` anybody's who may edit; both lead back to Open, where it is edited.
 */
const table: Readonly<Record<ChangeSetStatus, Partial<Record<ChangeSetEvent, ChangeSetStatus>>>> = {
  Open: {
    edit: 'Open',
    request_approval: 'NeedsApproval',
    apply: 'Applied',
    force_apply: 'Applied',
    abandon: 'Abandoned',
    fail: 'Failed',
  },
  NeedsApproval: {
    approve: 'Approved',
    reject: 'Rejected',
    reopen: 'Open',
    withdraw: 'Open',
    force_apply: 'Applied',
    abandon: 'Abandoned',
  },
  Approved: {
    request_approval: 'NeedsApproval',
    reject: 'Rejected',
    reopen: 'Open',
    withdraw: 'Open',
    apply: 'Applied',
    force_apply: 'Applied',
    abandon: 'Abandoned',
    fail: 'Failed',
  },
  Rejected: {
    request_approval: 'NeedsApproval',
    approve: 'Approved',
    reopen: 'Open',
    withdraw: 'Open',
    force_apply: 'Applied',
    abandon: 'Abandoned',
  },
  Applied: {},
  Abandoned: { reopen: 'Open' },
  Failed: { reopen: 'Open', abandon: 'Abandoned' },
};

/** The status after an event. Refuses `change_set_not_open` with what is possible instead. */
export function transition(status: ChangeSetStatus, event: ChangeSetEvent): Result<ChangeSetStatus> {
  const next = table[status][event];
  if (next !== undefined) return ok(next);
  const possible = Object.keys(table[status]);
  const from = changeSetStatuses.filter((s) => table[s][event] !== undefined);
  return refuse('change_set_not_open', {
    path: 'changeSet',
    expected: `a change set that is ${from.join(' or ')} to ${event.replace('_', ' ')} it`,
    got: `one that is ${status}`,
    hint:
      possible.length === 0 ? 'open another change set' : `possible now: ${possible.join(', ').replaceAll('_', ' ')}`,
  });
}

/** Is the change set still of interest: neither applied nor abandoned? */
export function isActive(status: ChangeSetStatus): boolean {
  return status !== 'Applied' && status !== 'Abandoned';
}
