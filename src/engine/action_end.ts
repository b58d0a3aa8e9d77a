// How an action ends that somebody has ended, or cancelled: whether it may have been done by then, what it is when it turns out
// that it was not, and what becomes of those that waited for it. They do not start as if it had been done.

import { must } from '../base/result.ts';
import type { ActionRecord } from '../model/action.ts';
import { functionFor } from './action_call.ts';
import type { QueuedActions } from './action_table.ts';
import type { Workspace } from './workspace.ts';

/** Looking changes nothing, nor does what only computes. */
export async function mayHaveActed(w: Workspace, action: ActionRecord): Promise<boolean> {
  if (action.kind === 'refresh') return false;
  const head = await w.head();
  const fn = await w.read(() => functionFor(head.snapshot, action));
  return !fn.ok || (await w.calls.actsOutside(fn.value));
}

/** Whether it was done is not known, and nobody will make it again by himself. */
export function unknownEnd(ending: NonNullable<ActionRecord['ending']>): NonNullable<ActionRecord['failure']> {
  return {
    code: 'interrupted',
    message:
      `it was ${ending === 'cancel' ? 'cancelled' : 'ended'} while it was under way; whether it was done is not known. See whether its provider has it; then try ` +
      'the action again to bring it to its end, or cancel it where nothing was done',
  };
}

/** The step by which one is cancelled, with those that waited for it: each is held and says why. */
export function withHeld(w: Workspace, step: QueuedActions[number]): QueuedActions {
  const { id, kind, name, component, componentName } = step.record;
  const what = `the ${kind === 'manual' ? name : kind} of ${JSON.stringify(componentName)}`;
  const reason = `it waits for ${what}, which was cancelled`;
  const held = w.actions.followersOf(id).flatMap((follower) => {
    const waiting = w.actions.find(follower);
    if (waiting === undefined) return [];
    const { status, heldBecause, blockedBy } = waiting;
    if (status === 'queued')
      return [must(w.actions.step(follower, ['hold'], { heldBecause: reason, blockedBy: [component] }))];
    if (status !== 'on-hold') return [];
    // Held by somebody it is let go by somebody.
    const more = blockedBy === undefined ? {} : { blockedBy: [...blockedBy, component] };
    return [w.actions.amend(follower, { heldBecause: `${heldBecause}; ${reason}`, ...more })];
  });
  return [step, ...held];
}

/** What somebody has ended while it was under way was not done. */
export async function endAs(
  w: Workspace,
  { id, status }: ActionRecord,
  ending: NonNullable<ActionRecord['ending']>,
  failure: ActionRecord['failure'] = { code: 'killed', message: 'it was ended while it was under way, and not done' },
): Promise<void> {
  const endedAtMs = w.world.clock.nowMs();
  if (ending === 'fail') {
    await w.record({ changes: [], actions: [must(w.actions.step(id, ['fail'], { failure, endedAtMs }))], by: id });
    return;
  }
  const steps = status === 'running' ? (['fail', 'cancel'] as const) : (['cancel'] as const);
  const step = must(w.actions.step(id, steps, { failure: null, endedAtMs }));
  await w.record({ changes: [], actions: withHeld(w, step), by: id });
}
