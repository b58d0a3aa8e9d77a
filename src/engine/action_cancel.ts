// Ending actions on request. One that has not begun is cancelled outright. Of one that has begun it may have been done, also by an earlier attempt: ending
// its function takes nothing back, and what it made would be known to nobody. So its end is that of an interrupted one: it is
// not made again by itself, what it came to is found out where that can be told, and is left to a person where not.

import { must, ok, type Result } from '../base/result.ts';
import type { ActionRecord } from '../model/action.ts';
import { unknownEnd, withHeld } from './action_end.ts';
import { resolveInterrupted } from './action_probe.ts';
import type { Workspace } from './workspace.ts';

/**
 * One step of an end on request; `mayHave`: it may have been done by now. Answers undefined when somebody else has moved it
 * meanwhile. Refuses `action_step_illegal`.
 */
export async function cancelAction(
  w: Workspace,
  action: ActionRecord,
  mayHave: boolean,
): Promise<Result<ActionRecord | undefined>> {
  const { id, status } = action;
  if (mayHave && status === 'running') {
    const asked = w.actions.amend(id, { ending: 'cancel' });
    return ok((await w.record({ changes: [], actions: [asked] })) ? asked.record : undefined);
  }
  if (mayHave && status === 'dispatched') {
    const step = must(w.actions.step(id, ['cancel'], { ending: 'cancel', failure: unknownEnd('cancel') }));
    return ok((await w.record({ changes: [], actions: [step] })) ? step.record : undefined);
  }
  if (mayHave && action.isUnsure === true && (status === 'queued' || status === 'on-hold')) {
    const step = must(w.actions.step(id, ['interrupt'], { ending: 'cancel', failure: unknownEnd('cancel') }));
    return ok((await w.record({ changes: [], actions: [step] })) ? step.record : undefined);
  }
  const isBegun = status === 'running' || status === 'dispatched';
  const steps = isBegun ? (['cancel', 'cancel'] as const) : (['cancel'] as const);
  const step = w.actions.step(id, steps, { endedAtMs: w.world.clock.nowMs() });
  if (!step.ok) return step;
  return ok((await w.record({ changes: [], actions: withHeld(w, step.value) })) ? step.value.record : undefined);
}

/** Ends the call that is under way, and waits a while for what that comes to. */
export async function endCall(w: Workspace, { id, run, status }: ActionRecord, mostMs: number): Promise<void> {
  if (run !== null) w.calls.kill(run);
  const now = status === 'interrupted' ? w.actions.find(id) : undefined;
  if (now?.status === 'interrupted') await resolveInterrupted(w, now);
  if (status === 'running') await w.acting.ended(id, mostMs);
}
