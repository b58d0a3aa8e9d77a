// What an action function returned, as what happened to the resource. The shape is that of existing function code: a status,
// and as far as there is news of it the resource's id and payload. Beyond that it may say that it is not finished, or of
// which class its failure is, so that the engine knows what to do next.

import { brief, checkJson, isObject, type Json, type JsonObject } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { type ErrorClass, retryPolicies } from './retry.ts';

/** It has been done. */
export interface ActionOutcome {
  readonly status: 'ok' | 'warning';
  /** undefined: nothing is said of it, and it stays; null: there is no resource any more. */
  readonly payload: Json | undefined;
  readonly resourceId: string | undefined;
  readonly message: string;
}

/** What it was to do has not been done. */
export interface ActionFailure {
  readonly status: 'error';
  readonly message: string;
  readonly errorClass: ErrorClass;
  /** What the provider asked for. */
  readonly retryAfterMs: number | undefined;
}

/** It goes on: the function is to be called again, with `checkpoint`. */
export interface ActionPause {
  readonly status: 'pending' | 'waiting';
  readonly message: string;
  readonly checkpoint: Json;
  /** `pending`: after so long. */
  readonly afterMs: number;
  /** `waiting`: when this has come. */
  readonly signal: string | undefined;
}

export type ActionAnswer = ActionOutcome | ActionFailure | ActionPause;

const statuses = ['ok', 'warning', 'error', 'pending', 'waiting'] as const;
const shape = `{status: ${statuses.map((s) => `'${s}'`).join(' | ')}, payload?, resourceId?, message?}`;

/** `text`: JSON; undefined: it returned nothing. Refuses what is malformed as `function_failed`. */
export function actionAnswerOf(text: string | undefined): Result<ActionAnswer> {
  const value = text === undefined ? undefined : (JSON.parse(text) as Json);
  if (!isObject(value)) return wrong('', shape, value);
  const status = statuses.find((s) => s === value['status']);
  if (status === undefined) return wrong('/status', statuses.join(', '), value['status']);
  const { message } = value;
  if (message !== undefined && message !== null && typeof message !== 'string')
    return wrong('/message', 'a text', message);
  if (status === 'error') return failureOf(value, message ?? '');
  if (status === 'pending' || status === 'waiting') return pauseOf(value, status, message ?? '');
  const { payload, resourceId } = value;
  if (resourceId !== undefined && resourceId !== null && (typeof resourceId !== 'string' || resourceId === ''))
    return wrong('/resourceId', 'a text that is not empty', resourceId);
  const checked = payload === undefined ? undefined : checkJson(payload, 'result/payload');
  if (checked?.ok === false) return checked;
  return ok({ status, payload, resourceId: resourceId ?? undefined, message: message ?? '' });
}

/** Of a function that says that it failed. */
export function failureOf(
  { errorClass = 'permanent', retryAfterMs }: JsonObject,
  message: string,
): Result<ActionFailure> {
  if (typeof errorClass !== 'string' || !Object.hasOwn(retryPolicies, errorClass))
    return wrong('/errorClass', Object.keys(retryPolicies).join(', '), errorClass);
  if (retryAfterMs !== undefined && retryAfterMs !== null && !isTime(retryAfterMs))
    return wrong('/retryAfterMs', 'milliseconds, 0 or more', retryAfterMs);
  return ok({
    status: 'error',
    message: message || 'the function says that it failed, and not why',
    errorClass: errorClass as ErrorClass,
    retryAfterMs: retryAfterMs ?? undefined,
  });
}

function pauseOf(value: JsonObject, status: ActionPause['status'], message: string): Result<ActionPause> {
  const { checkpoint = null, afterMs = limits.actionPollMs, signal } = value;
  const checked = checkJson(checkpoint, 'result/checkpoint');
  if (!checked.ok) return checked;
  const chars = JSON.stringify(checkpoint).length;
  if (chars > limits.checkpointCharsMax)
    return wrong('/checkpoint', `at most ${limits.checkpointCharsMax} characters`, chars);
  if (!isTime(afterMs) || afterMs > limits.actionWaitMsMax)
    return wrong('/afterMs', `milliseconds, at most ${limits.actionWaitMsMax}`, afterMs);
  const isNamed = typeof signal === 'string' && signal !== '' && signal.length <= limits.nameCharsMax;
  if (status === 'waiting' && !isNamed) return wrong('/signal', 'the name of the signal that it waits for', signal);
  return ok({ status, message, checkpoint, afterMs, signal: status === 'waiting' ? (signal as string) : undefined });
}

const isTime = (value: Json): value is number => typeof value === 'number' && value >= 0;

/** Messages of connections that were never made: nothing can have happened. */
const neverReached = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|connect ETIMEDOUT|ConnectTimeout/;
/** Of connections that ended without an answer. */
const leftUnanswered = /ECONNRESET|EPIPE|ETIMEDOUT|socket hang up|other side closed|terminated|HeadersTimeout/i;

/** The class of what a function threw, by what Node says of connections. Anything else is permanent. */
export function classOfThrown(message: string): ErrorClass {
  if (neverReached.test(message)) return 'transient';
  return leftUnanswered.test(message) ? 'unknown-outcome' : 'permanent';
}

function wrong(path: string, expected: string, got: Json | undefined): Result<never> {
  return refuse('function_failed', {
    path: `result${path}`,
    expected,
    got: got === undefined ? 'nothing' : brief(got),
    hint: 'correct what the function returns; what it did may have been done all the same: refresh to see',
  });
}
