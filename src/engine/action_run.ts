// One attempt of an action: its inputs bound, what it is about to do written down, its function called, and what that came
// to. An attempt of an action that takes several calls of its function goes on from the checkpoint that the last one left.

import type { ActionId, RunId } from '../base/ids.ts';
import { limits } from '../base/limits.ts';
import { must, ok, type Result, refusalText } from '../base/result.ts';
import type { Call } from '../builtins/assemble.ts';
import {
  type ActionAnswer,
  type ActionFailure,
  type ActionOutcome,
  type ActionPause,
  actionAnswerOf,
  classOfThrown,
} from '../dispatch/action_result.ts';
import { type KeyUse, keyFor } from '../dispatch/key_use.ts';
import { decideRetry } from '../dispatch/retry.ts';
import type { ActionRecord } from '../model/action.ts';
import type { RunFailureCode } from '../model/run.ts';
import { callOf, functionFor, runOf } from './action_call.ts';
import { endAs, mayHaveActed, unknownEnd } from './action_end.ts';
import { type Bound, bindInputs, unwanted } from './action_inputs.ts';
import { afterwards, changesOf, formerOf } from './action_outcome.ts';
import { chanceOf, isSafeToRepeat, resolveInterrupted } from './action_probe.ts';
import type { QueuedActions } from './action_table.ts';
import type { Needed, ToRun } from './function_calls.ts';
import { failureText, type Tested } from './run_call.ts';
import { poolKey } from './served_pools.ts';
import type { Workspace } from './workspace.ts';

/** Who carries it out. */
export interface Carrier {
  readonly owner: string;
  /** Nobody else takes a call over before so long after the last sign of life of this one. */
  readonly leaseMs: number;
  /** Others write to the store, too, and take over what gives no sign of life. */
  readonly isShared: boolean;
  /** The clock that leases count by; the same for all that write to the store. */
  readonly nowMs: () => number;
  /** Nothing new is begun, and what is cut off is interrupted by that. */
  readonly isStopped: () => boolean;
  /** An action has moved. */
  readonly tell: () => void;
}

interface Prepared extends ToRun {
  readonly bound: Bound;
  readonly call: Call;
}

/**
 * Carries out what is queued, or goes on with what is between two calls. `turn`: what its turn was for; undefined: it could not be
 * called. What needs another one by now is left as it is, to be looked at anew.
 */
export async function carryOut(w: Workspace, id: ActionId, by: Carrier, turn: Turn | undefined): Promise<void> {
  const { actions, world } = w;
  const action = actions.find(id);
  if (action === undefined || by.isStopped()) return;
  const ready = await prepared(w, action);
  // Held, cancelled or re-planned meanwhile.
  const now = actions.find(id);
  if (now === undefined || now.revision !== action.revision || by.isStopped()) return;
  if (!ready.ok) {
    const { code } = ready.refusal;
    const heldBecause = ready.refusal.got ?? refusalText(ready.refusal);
    const isUnwanted = heldBecause === unwanted || undefined;
    const change =
      code === 'not_ready'
        ? actions.step(id, ['hold'], { heldBecause, isUnwanted })
        : failed(w, action, { code, message: refusalText(ready.refusal) });
    await w.record({ changes: [], actions: [must(change)] });
    return;
  }
  const { bound, call, run, needed, start } = ready.value;
  if (turn === undefined || poolKey(needed) !== poolKey(turn)) return;
  const isGoingOn = action.status === 'dispatched';
  const started = must(
    actions.step(id, isGoingOn ? ['start'] : ['dispatch', 'start'], {
      inputHash: bound.inputHash,
      run,
      attempts: action.attempts + (isGoingOn ? 0 : 1),
      fence: action.fence + 1,
      startedAtMs: isGoingOn ? action.startedAtMs : world.clock.nowMs(),
      notBeforeMs: null,
      heldBecause: '',
      failure: null,
      lease: leaseOf(by),
    }),
  );
  let sinceMs = performance.now();
  // Somebody else has it.
  if (!(await w.record({ changes: [], actions: [started] }))) return;
  by.tell();
  const { fence } = started.record;
  // Answered so late that somebody else may have it by now, and be done with it: only who still has it begins.
  while (isLate(sinceMs, by)) {
    sinceMs = performance.now();
    if (!(await prolong(w, { id, fence }, by))) return;
  }
  const running = start();
  // Ended by somebody while it was being written that it runs.
  if (actions.isRead && actions.find(id)?.ending !== undefined) w.calls.kill(run);
  const life = showLife(w, { id, run, fence, sinceMs }, by);
  const tested = await running.finally(life.end);
  await ended(w, { id, fence, bound, call, tested: life.isCutOff() ? cutOff(tested) : tested, keys: turn.keys }, by);
}

const leaseOf = ({ owner, leaseMs, nowMs }: Carrier): NonNullable<ActionRecord['lease']> => ({
  owner,
  untilMs: Math.round(nowMs()) + leaseMs,
});

/** Signs of life in the time after which somebody else may take a call over. */
const signsPerLease = 6;
/**
 * Part of that time after which a call of which no sign of life was written is ended by who made it: before anybody else may
 * make it again. A runner elsewhere does the same when it does not hear of its engine.
 */
const fencePart = 0.7;

/** Was the last sign of life, of `sinceMs` by `performance.now()`, given so long ago that it is not his for sure any more? */
const isLate = (sinceMs: number, by: Carrier): boolean =>
  by.isShared && performance.now() - sinceMs > fencePart * by.leaseMs;

interface UnderWay {
  readonly id: ActionId;
  readonly run: RunId;
  readonly fence: number;
  /** By `performance.now()`: before its start was written. */
  readonly sinceMs: number;
}

/** Gives signs of life of a call while it is under way. Who was taken over ends his call: what it comes to is recorded by nobody. */
function showLife(
  w: Workspace,
  of: UnderWay,
  by: Carrier,
): { readonly isCutOff: () => boolean; readonly end: () => void } {
  let shownMs = of.sinceMs;
  let isShowing = false;
  let isCutOff = false;
  const show = async (): Promise<void> => {
    const nowMs = performance.now();
    if (isLate(shownMs, by)) {
      isCutOff = true;
      w.calls.kill(of.run);
      return;
    }
    if (isShowing) return;
    isShowing = true;
    // A store that fails is asked again: until the time is over that nobody takes it over in.
    const isHis = await prolong(w, of, by).catch(() => undefined);
    isShowing = false;
    if (isHis === true) shownMs = nowMs;
    else if (isHis === false) w.calls.kill(of.run);
  };
  const timer = setInterval(() => void show(), by.leaseMs / signsPerLease);
  return { isCutOff: () => isCutOff, end: () => clearInterval(timer) };
}

/** False: somebody else has it by now. */
async function prolong(w: Workspace, { id, fence }: Pick<UnderWay, 'id' | 'fence'>, by: Carrier): Promise<boolean> {
  // After a fault of the store they are read anew.
  if (!w.actions.isRead) await w.actions.ready();
  const action = w.actions.find(id);
  if (action?.status !== 'running' || action.fence !== fence) return false;
  return w.record({ changes: [], actions: [{ ...w.actions.amend(id, { lease: leaseOf(by) }), isUnnoted: true }] });
}

/** Ended because the store was not reached, which is nobody's wish. */
function cutOff(tested: Tested): Tested {
  const { outcome } = tested.report;
  if (outcome.ok || outcome.code !== 'killed') return tested;
  const message = 'the engine did not reach its store for most of the lease of the action and ended the call';
  return { ...tested, report: { ...tested.report, outcome: { ok: false, code: 'runner_lost', message } } };
}

async function prepared(w: Workspace, action: ActionRecord): Promise<Result<Prepared>> {
  const head = await w.head();
  const bound = await bindInputs(w, head, action);
  if (!bound.ok) return bound;
  const call = await w.read(() => callOf(head.snapshot, action, bound.value.input));
  if (!call.ok) return call;
  const to = await w.calls.toRun(runOf(w, action, call.value), { held: action.id });
  return to.ok ? ok({ bound: bound.value, call: call.value, ...to.value }) : to;
}

/** What its next call needs of a runner; undefined: it cannot be called. */
export async function neededBy(w: Workspace, action: ActionRecord): Promise<Turn | undefined> {
  const head = await w.head();
  const fn = await w.read(() => functionFor(head.snapshot, action));
  const needed = fn.ok ? await w.calls.needOf(fn.value) : undefined;
  if (needed === undefined) return undefined;
  const { keys } = needed;
  if (keys.length === 0) return { ...needed, keys: [] };
  const bound = await bindInputs(w, head, action);
  // What cannot be bound does not reach the provider.
  return { ...needed, keys: bound.ok ? keys.map((key) => keyFor(key, bound.value.input)) : [] };
}

/** What it takes of a runner and of providers. */
export type Turn = Omit<Needed, 'keys'> & { readonly keys: readonly KeyUse[] };

/** What a call came to. */
interface Ended {
  readonly id: ActionId;
  readonly fence: number;
  readonly bound: Bound;
  readonly call: Call;
  readonly tested: Tested;
  readonly keys: readonly KeyUse[];
}

/** Records it, unless somebody else has taken the action over. */
async function ended(w: Workspace, of: Ended, by: Carrier): Promise<void> {
  const { id, fence, bound } = of;
  // After a fault of the store they are read anew: what came of it is not lost by that.
  await w.actions.ready();
  const isMine = (): boolean => w.actions.find(id)?.status === 'running' && w.actions.find(id)?.fence === fence;
  if (!isMine()) return;
  const { outcome } = of.tested.report;
  const said = outcome.ok ? actionAnswerOf(outcome.value) : undefined;
  if (said?.ok === true && said.value.status !== 'error') {
    if (isPause(said.value)) await pause(w, id, said.value, bound);
    else await succeed(w, id, fence, { bound, outcome: said.value });
    return;
  }
  const isKilled = !outcome.ok && outcome.code === 'killed';
  // Cut off by the engine's end it may have had its effect.
  if (isKilled && by.isStopped()) {
    await interrupt(w, id, { code: 'interrupted', message: failureText(outcome) });
    return;
  }
  const failure = failureOf(outcome, said);
  const { errorClass, retryAfterMs } = failure;
  // Whoever asked for time gets it from all who would ask the same.
  if (errorClass === 'throttled' && retryAfterMs !== undefined)
    for (const { key } of of.keys) w.dispatcher.retryAfter(key, Math.min(retryAfterMs, limits.retryAfterMsMax));
  const isOnRequest = isKilled || w.actions.find(id)?.ending !== undefined;
  const isOpen = isKilled || errorClass === 'unknown-outcome' || failure.isCutShort === true;
  const mayHave = isOpen && (await mayHaveActed(w, w.actions.find(id)!));
  const isUnknown = isOpen && (isOnRequest ? mayHave : !(await isSafeToRepeat(w, w.actions.find(id), of.call)));
  if (!isMine()) return;
  const { ending = isKilled ? 'fail' : undefined } = w.actions.find(id)!;
  const { code, message } = failure;
  if (!isUnknown && ending === undefined) return fail(w, id, { ...failure, mayHave });
  if (!isUnknown) return endAs(w, w.actions.find(id)!, ending!, { code, message });
  const told = ending === undefined ? { code: 'interrupted', message } : unknownEnd(ending);
  const interrupted = await interrupt(w, id, told, ending);
  if (interrupted !== undefined) await resolveInterrupted(w, interrupted, { isLost: code === 'runner_lost' });
}

const isPause = (answer: ActionAnswer): answer is ActionPause =>
  answer.status === 'pending' || answer.status === 'waiting';

/** What went wrong, with the code that people see. */
interface Failed extends Omit<ActionFailure, 'status'> {
  readonly code: string;
  readonly isSaid?: boolean;
  /** It was ended, or what it gave cannot be read: how far it had come nobody knows. */
  readonly isCutShort?: boolean;
  /** It may have been done all the same. */
  readonly mayHave?: boolean;
}

/** Codes of calls that may have done what they were for, and would come to the same end once more. */
const cutShort: readonly RunFailureCode[] = ['crashed', 'out_of_memory', 'output_too_large', 'result_invalid'];

function failureOf(outcome: Tested['report']['outcome'], said: Result<ActionAnswer> | undefined): Failed {
  const none = { retryAfterMs: undefined };
  if (!outcome.ok) {
    const { code } = outcome;
    const message = failureText(outcome);
    if (code === 'timed_out' || code === 'runner_lost')
      return { code, message, errorClass: 'unknown-outcome', ...none };
    const isCutShort = cutShort.includes(code);
    return { code, message, errorClass: code === 'threw' ? classOfThrown(message) : 'permanent', isCutShort, ...none };
  }
  if (said?.ok === false)
    return {
      code: said.refusal.code,
      message: refusalText(said.refusal),
      errorClass: 'permanent',
      isCutShort: true,
      ...none,
    };
  const { message, errorClass, retryAfterMs } = must(said!) as ActionFailure;
  return { code: 'threw', message, errorClass, retryAfterMs, isSaid: true };
}

async function pause(w: Workspace, id: ActionId, said: ActionPause, { domain }: Bound): Promise<void> {
  const { checkpoint: value, signal, afterMs, message } = said;
  const notBeforeMs = signal === undefined ? w.world.clock.nowMs() + Math.ceil(afterMs) : null;
  const { ending } = w.actions.find(id)!;
  const paused = must(
    w.actions.step(id, ending === undefined ? ['pause'] : ['pause', 'cancel'], {
      checkpoint: { value, domain },
      waitsFor: signal,
      signal: undefined,
      retries: undefined,
      notBeforeMs,
      heldBecause: message,
      ...(ending === undefined ? {} : { ending, failure: unknownEnd(ending) }),
    }),
  );
  const isWritten = await w.record({ changes: [], actions: [paused], by: id });
  if (isWritten && ending !== undefined) await resolveInterrupted(w, paused.record);
}

async function succeed(
  w: Workspace,
  id: ActionId,
  fence: number,
  { bound, outcome }: { readonly bound: Bound; readonly outcome: ActionOutcome },
): Promise<void> {
  const action = w.actions.find(id)!;
  const { changes, chunks, next, former } = await w.read(() => {
    const made = changesOf(w, action, bound, outcome);
    return {
      ...made,
      next: afterwards(w, action, made.changes),
      former: formerOf(w, action, outcome),
    };
  });
  const now = w.actions.find(id);
  // Taken over while that was read.
  if (now?.fence !== fence) return;
  // An apply has taken it back meanwhile.
  if (now.takenBack !== action.takenBack) return succeed(w, id, fence, { bound, outcome });
  const done = must(w.actions.step(id, ['succeed'], { endedAtMs: w.world.clock.nowMs(), failure: null }));
  const others = former.map((step) => must(w.actions.step(step.id, step.events, step.more)));
  await w.record({ changes, actions: [done, ...others, ...next.map((a) => w.actions.add(a))], by: id, chunks });
}

/** Whether it was done is not known. undefined: somebody else has it. */
async function interrupt(
  w: Workspace,
  id: ActionId,
  failure: NonNullable<ActionRecord['failure']>,
  ending = w.actions.find(id)!.ending,
): Promise<ActionRecord | undefined> {
  const step = must(w.actions.step(id, ['interrupt'], { failure, ending }));
  return (await w.record({ changes: [], actions: [step], by: id })) ? step.record : undefined;
}

/**
 * It is made again, by itself and after a while, or has failed. Where an attempt may have been done it has not: what it came to
 * is looked at, or left to a person.
 */
async function fail(w: Workspace, id: ActionId, what: Failed): Promise<void> {
  const { code, message, isSaid, mayHave, ...of } = what;
  const { actions, world } = w;
  const action = actions.find(id)!;
  const retries = action.retries ?? 0;
  const isLost = code === 'runner_lost';
  const decision = decideRetry({ ...of, isLost, attempts: retries + 1 }, chanceOf(w, action));
  const failure = { code, message };
  const failures = isSaid === true ? (action.failures ?? 0) + 1 : action.failures;
  const isUnsure = action.isUnsure === true || mayHave === true || undefined;
  const isGivenUp = decision.kind === 'give-up';
  // A call before this one has begun it: only the function itself can say that nothing came of that.
  const mayBeBegun = action.checkpoint !== undefined && !(isSaid === true && of.errorClass === 'permanent');
  const isBegun = isGivenUp && isUnsure !== true && mayBeBegun && (await mayHaveActed(w, action));
  const now = actions.find(id);
  if (now?.revision !== action.revision) {
    // Taken over meanwhile; or an apply has taken back what it does.
    return now?.status === action.status && now.fence === action.fence ? fail(w, id, what) : undefined;
  }
  if (isGivenUp && (isUnsure === true || isBegun)) {
    const told = {
      code: 'interrupted',
      message: `${message}; an attempt may have been done, and whether is not known`,
    };
    const interrupted = await interrupt(w, id, told);
    if (interrupted !== undefined) await resolveInterrupted(w, interrupted, { mayRepeat: false, isLost });
    return;
  }
  if (decision.kind === 'give-up') {
    await w.record({ changes: [], actions: [must(failed(w, action, failure, { failures }))], by: id });
    return;
  }
  const again = actions.step(id, action.checkpoint === undefined ? ['fail', 'retry'] : ['pause'], {
    failure,
    failures,
    isUnsure,
    retries: retries + 1,
    notBeforeMs: world.clock.nowMs() + decision.waitMs,
  });
  await w.record({ changes: [], actions: [must(again)], by: id });
}

function failed(
  w: Workspace,
  action: ActionRecord,
  failure: ActionRecord['failure'],
  more: Partial<ActionRecord> = {},
): Result<QueuedActions[number]> {
  // One that could not even be started goes through the same steps.
  const steps = action.status === 'queued' ? (['dispatch', 'fail'] as const) : (['fail'] as const);
  return w.actions.step(action.id, steps, { endedAtMs: w.world.clock.nowMs(), ...more, failure });
}
