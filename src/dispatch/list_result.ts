// What a function of kind list returned: a page of the resources that are there, each with its id and, as far as the provider
// told it with the list, its payload; and how the next page is asked for.

import { brief, checkJson, isObject, type Json } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { type ActionFailure, failureOf } from './action_result.ts';

export interface ListedResource {
  readonly resourceId: string;
  /** null: the list does not tell it; the resource has to be looked at by itself. */
  readonly payload: Json;
  /** For people; '' where the provider has none. */
  readonly name: string;
}

export interface ListPage {
  readonly resources: readonly ListedResource[];
  /** Hands back to the function for the next page; undefined: this was the last. */
  readonly cursor: string | undefined;
  readonly message: string;
}

export type ListAnswer = ({ readonly status: 'ok' } & ListPage) | ActionFailure;

/** `text`: JSON; undefined: it returned nothing. Refuses `function_failed`. */
export function listAnswerOf(text: string | undefined): Result<ListAnswer> {
  const value = text === undefined ? undefined : (JSON.parse(text) as Json);
  if (!isObject(value)) return wrong('', "{status: 'ok', resources: [{resourceId, payload, name?}], cursor?}", value);
  const { status, resources, cursor, message } = value;
  if (message !== undefined && message !== null && typeof message !== 'string')
    return wrong('/message', 'a text', message);
  if (status === 'error') return failureOf(value, message ?? '');
  if (status !== 'ok' && status !== 'warning') return wrong('/status', "'ok', 'warning' or 'error'", status);
  if (cursor !== undefined && cursor !== null && typeof cursor !== 'string') return wrong('/cursor', 'a text', cursor);
  if (!Array.isArray(resources)) return wrong('/resources', 'a list of resources', resources);
  const read: ListedResource[] = [];
  for (const [i, given] of (resources as readonly Json[]).entries()) {
    const one = resourceOf(given, `/resources/${i}`);
    if (!one.ok) return one;
    read.push(one.value);
  }
  return ok({ status: 'ok', resources: read, cursor: cursor || undefined, message: message ?? '' });
}

function resourceOf(given: Json, at: string): Result<ListedResource> {
  if (!isObject(given)) return wrong(at, '{resourceId, payload, name?}', given);
  const { resourceId, payload = null, name = '' } = given;
  if (typeof resourceId !== 'string' || resourceId === '' || resourceId.length > limits.inlineValueCharsMax)
    return wrong(`${at}/resourceId`, `a text of 1 to ${limits.inlineValueCharsMax} characters`, resourceId);
  if (name !== null && typeof name !== 'string') return wrong(`${at}/name`, 'a text', name);
  const checked = checkJson(payload, `result${at}/payload`);
  return checked.ok ? ok({ resourceId, payload, name: name ?? '' }) : checked;
}

function wrong(path: string, expected: string, got: Json | undefined): Result<never> {
  return refuse('function_failed', {
    path: `result${path}`,
    expected,
    got: got === undefined ? 'nothing' : brief(got),
    hint: 'correct what the function returns',
  });
}
