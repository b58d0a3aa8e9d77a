// What an action function returned, as what happened to the resource. The shape is that of existing function code: a status,
// and as far as there is news of it the resource's id and payload.

import { brief, checkJson, isObject, type Json } from '../base/json.ts';
import { ok, type Result, refuse } from '../base/result.ts';

export interface ActionOutcome {
  /** `error`: what it was to do has not been done. */
  readonly status: 'ok' | 'warning' | 'error';
  /** undefined: nothing is said of it, and it stays; null: there is no resource any more. */
  readonly payload: Json | undefined;
  readonly resourceId: string | undefined;
  readonly message: string;
}

const statuses: readonly unknown[] = ['ok', 'warning', 'error'];

/** `text`: JSON; undefined: it returned nothing. Refuses `result_invalid` of the run as `function_failed`. */
export function actionOutcomeOf(text: string | undefined): Result<ActionOutcome> {
  const value = text === undefined ? undefined : (JSON.parse(text) as Json);
  if (!isObject(value))
    return wrong('', "{status: 'ok' | 'warning' | 'error', payload?, resourceId?, message?}", value);
  const { status, payload, resourceId, message } = value;
  if (!statuses.includes(status)) return wrong('/status', "'ok', 'warning' or 'error'", status);
  if (resourceId !== undefined && resourceId !== null && (typeof resourceId !== 'string' || resourceId === ''))
    return wrong('/resourceId', 'a text that is not empty', resourceId);
  if (message !== undefined && message !== null && typeof message !== 'string')
    return wrong('/message', 'a text', message);
  const checked = payload === undefined ? undefined : checkJson(payload, 'result/payload');
  if (checked?.ok === false) return checked;
  return ok({
    status: status as ActionOutcome['status'],
    payload,
    resourceId: resourceId ?? undefined,
    message: message ?? '',
  });
}

function wrong(path: string, expected: string, got: Json | undefined): Result<never> {
  return refuse('function_failed', {
    path: `result${path}`,
    expected,
    got: got === undefined ? 'nothing' : brief(got),
    hint: 'correct what the function returns; what it did may have been done all the same: refresh to see',
  });
}
