// What is queued after an update or a destruction that an apply has taken back while it was under way: it is brought to its end as
// it was begun, and what Head says by then is made real after it. Of that only what takes back what was done: anything
// else waits for a change set, as all does that nobody has reviewed.

import { planState, valued } from '../actions/state_plan.ts';
import type { ActionRecord } from '../model/action.ts';
import type { ActionKind } from '../model/function.ts';
import { newAction } from './queue_actions.ts';
import { putResource, type ResourceChange } from './reality.ts';
import type { Workspace } from './workspace.ts';

/** What makes good what is done. */
const follows: Partial<Record<ActionKind, ActionKind>> = { update: 'update', destroy: 'create' };
const changing: readonly ActionKind[] = ['create', 'update', 'destroy'];

/** `changes`: what is known by what it came to. Call it in `read`, before that is recorded. */
export function madeGood(
  w: Workspace,
  { id, component, kind, takenBack, former }: ActionRecord,
  changes: readonly ResourceChange[],
): readonly ActionRecord[] {
  const next = follows[kind];
  if (takenBack === undefined || next === undefined || former !== undefined) return [];
  // Somebody has planned for it by now.
  if (w.actions.of(component).some((a) => a.id !== id && changing.includes(a.kind))) return [];
  const draft = w.knownHead()!.snapshot.edit();
  for (const change of changes) putResource(draft, change);
  const state = draft.finish();
  const results = w.propagation.resultsOn(w.space.digest);
  const plan = planState(valued(state, w.space.digest, results), [component]).get(component);
  const due = plan?.due.find((d) => d.kind === next && !d.asked);
  if (due === undefined) return [];
  const { changeSet, actor } = takenBack;
  const made = newAction(w, state, {
    ...{ component, kind: next, actor, origins: [changeSet], paths: due.paths },
    reviewedHash: due.awaits ? null : due.inputHash,
    heldBecause: due.held ? 'it is to be held' : '',
  });
  return made === undefined ? [] : [made];
}
