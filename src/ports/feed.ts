// What a commit leaves behind for those who follow a workspace, in the order of its positions. Every store numbers exactly
// this, so that no writer can forget to tell.

import { movedAction } from '../model/action.ts';
import type { Commit, EventRow } from './store.ts';

export type UnnumberedEvent = EventRow extends infer E ? (E extends EventRow ? Omit<E, 'position'> : never) : never;

export function eventsOf({ audit, reality, actions }: Commit): UnnumberedEvent[] {
  const out: UnnumberedEvent[] = [];
  for (const row of audit) out.push({ of: 'audit', audit: row });
  for (const row of reality?.rows ?? []) out.push({ of: 'reality', reality: row });
  for (const { record, isUnnoted } of actions ?? [])
    if (isUnnoted !== true) out.push({ of: 'action', action: movedAction(record) });
  return out;
}
