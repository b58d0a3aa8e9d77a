// The life of a change set as one transition function: status and event give the next status, or a refusal. Nothing
// else decides what may happen to a change set in which state.

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
  'apply',
  'abandon',
  'fail',
] as const;
export type ChangeSetEvent = (typeof changeSetEvents)[number];

const table: Readonly<Record<ChangeSetStatus, Partial<Record<ChangeSetEvent, ChangeSetStatus>>>> = {
  Open: { edit: 'Open', request_approval: 'NeedsApproval', apply: 'Applied', abandon: 'Abandoned', fail: 'Failed' },
  NeedsApproval: { approve: 'Approved', reject: 'Rejected', reopen: 'Open', abandon: 'Abandoned' },
  Approved: { apply: 'Applied', reject: 'Rejected', reopen: 'Open', abandon: 'Abandoned', fail: 'Failed' },
  Rejected: { approve: 'Approved', reopen: 'Open', abandon: 'Abandoned' },
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
