// What became of an action whose function was cut off. It is done again where that is safe: looking is, and so is what says so
// of itself, since it gets the same key again. Of another one reality is asked, by the function that looks at the resource:
// a resource that is gone has been destroyed, one that is as it was meant to be has been updated, and one that is there and is
// not, has not. Of what cannot be found out so, a person has to say what became of it.

import { actionFunctionOf } from '../actions/action_functions.ts';
import { differences } from '../actions/drift.ts';
import type { Json } from '../base/json.ts';
import { must } from '../base/result.ts';
import { type ActionOutcome, actionAnswerOf } from '../dispatch/action_result.ts';
import { decideRetry } from '../dispatch/retry.ts';
import type { ActionRecord } from '../model/action.ts';
import { findComponent, resourceIdOf, specOfComponent } from '../model/lookup.ts';
import { type Callable, callableOf, callOf, functionFor, runOf } from './action_call.ts';
import { endAs } from './action_end.ts';
import { bindInputs } from './action_inputs.ts';
import { afterwards, changesOf } from './action_outcome.ts';
import { noRunnerText } from './dispatcher.ts';
import type { Workspace } from './workspace.ts';

/**
 * Queues it again, records it as done, or leaves it interrupted. One that somebody has ended is not made again: when it was not
 * done it has failed or is cancelled, as he asked. `mayRepeat`: what may be done twice is done again without looking. `isLost`: an engine or
 * a runner went away with it, which is no fault of its own. Default true, both.
 */
export async function resolveInterrupted(
  w: Workspace,
  action: ActionRecord,
  { mayRepeat = true, isLost = true }: { readonly mayRepeat?: boolean; readonly isLost?: boolean } = {},
): Promise<void> {
  const { id, ending } = action;
  const head = await w.head();
  const fn = await w.read(() => functionFor(head.snapshot, action));
  const isSafe = mayRepeat && ending === undefined && fn.ok && (await isSafeToRepeat(w, action, fn.value));
  const isStill = (): boolean => w.actions.find(id)?.status === 'interrupted';
  if (!isStill()) return;
  if (isSafe && (await again(w, action, { isUnsure: true, isLost }))) return;
  const seen = await lookAt(w, action);
  if (!isStill()) return;
  if (typeof seen === 'object' && 'pool' in seen) return untold(w, action, seen.pool);
  if (seen === undefined) return;
  if (seen === 'not done') {
    if (ending === undefined) await again(w, action, { isUnsure: false, isLost });
    else await endAs(w, action, ending);
    return;
  }
  const { changes, chunks, next } = await w.read(() => {
    const made = changesOf(w, action, seen.bound, seen.outcome);
    return { ...made, next: afterwards(w, w.actions.find(id) ?? action, made.changes) };
  });
  if (!isStill()) return;
  const done = must(w.actions.step(id, ['succeed'], { failure: null, endedAtMs: w.world.clock.nowMs() }));
  await w.record({ changes, actions: [done, ...next.map((a) => w.actions.add(a))], by: id, chunks });
}

/**
 * Looking is, and what says of itself that it may be done again with the same key; so is what is between two calls, each of
 * which may be made again.
 */
export async function isSafeToRepeat(w: Workspace, action: ActionRecord | undefined, fn: Callable): Promise<boolean> {
  return action?.kind === 'refresh' || action?.checkpoint !== undefined || (await w.calls.isIdempotent(fn));
}

/** What would be asked cannot be: it stays interrupted, and says so. */
async function untold(w: Workspace, { id, failure }: ActionRecord, pool: string): Promise<void> {
  const message = `${failure?.message ?? ''}; looking at the resource takes a runner, and ${noRunnerText(pool)}`;
  await w.record({ changes: [], actions: [w.actions.amend(id, { failure: { code: 'interrupted', message } })] });
}

/** Later each time, and not for ever: then a person has to look, and it answers false. `isUnsure`: it may have been done. */
async function again(
  w: Workspace,
  action: ActionRecord,
  { isUnsure, isLost }: { readonly isUnsure: boolean; readonly isLost: boolean },
): Promise<boolean> {
  const attempts = (action.retries ?? 0) + 1;
  const decision = decideRetry({ errorClass: 'unknown-outcome', attempts, isLost }, chanceOf(w, action));
  if (decision.kind === 'give-up') return false;
  const notBeforeMs = w.world.clock.nowMs() + (attempts === 1 ? 0 : decision.waitMs);
  const more = { endedAtMs: null, retries: attempts, notBeforeMs, isUnsure: isUnsure || undefined };
  await w.record({ changes: [], actions: [must(w.actions.step(action.id, ['retry'], more))] });
  return true;
}

/** Evenly from 0 to below 1, another one for each attempt of each action, the same on every machine. */
export function chanceOf(w: Workspace, { id, fence }: ActionRecord): number {
  return Number.parseInt(w.world.digest(`${id}\n${fence}`).slice(0, 8), 16) / 2 ** 32;
}

type Bound = Parameters<typeof changesOf>[2];

/** undefined: it cannot be told. */
async function lookAt(
  w: Workspace,
  action: ActionRecord,
): Promise<
  'not done' | { readonly bound: Bound; readonly outcome: ActionOutcome } | { readonly pool: string } | undefined
> {
  const { component, kind } = action;
  if (kind !== 'update' && kind !== 'destroy') return undefined;
  const head = await w.head();
  const asked = await w.read(() => {
    const record = findComponent(head.snapshot, component);
    const fn = record && actionFunctionOf(head.snapshot, record, 'refresh', '');
    if ((action.former?.resourceId ?? resourceIdOf(head.snapshot, component)) === undefined) return undefined;
    return callableOf(head.snapshot, fn);
  });
  if (asked === undefined) return undefined;
  const needed = await w.calls.needOf(asked);
  if (needed === undefined) return undefined;
  if (!w.dispatcher.serves(needed)) return { pool: needed.pool };
  const looking: ActionRecord = { ...action, kind: 'refresh', name: '' };
  const bound = await bindInputs(w, head, looking);
  if (!bound.ok) return undefined;
  const call = await w.read(() => callOf(head.snapshot, looking, bound.value.input));
  const to = call.ok ? await w.calls.toRun(runOf(w, looking, call.value), 'past') : call;
  if (!to.ok) return undefined;
  const { outcome } = (await to.value.start()).report;
  const said = outcome.ok ? actionAnswerOf(outcome.value) : undefined;
  if (said?.ok !== true || (said.value.status !== 'ok' && said.value.status !== 'warning')) return undefined;
  const { payload } = said.value;
  const done = { bound: bound.value, outcome: said.value };
  if (kind === 'destroy') return payload === null ? done : 'not done';
  if (payload == null) return undefined;
  return (await w.read(() => isAsMeant(head.snapshot, action, bound.value.domain, payload))) ? done : 'not done';
}

function isAsMeant(
  state: Parameters<typeof findComponent>[0],
  { component, inputHash }: ActionRecord,
  inputs: Json,
  payload: Json,
): boolean {
  const record = findComponent(state, component);
  const spec = record && specOfComponent(state, record);
  return spec !== undefined && inputHash !== null && differences({ spec, inputs, payload }).length === 0;
}
