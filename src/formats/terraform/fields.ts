// Members of a state's objects, each of the kind that the form fixes. What is wrong is refused by kind and place; values
// are never shown, they may be secret.

import { isObject, type Json, type JsonObject } from '../../base/json.ts';
import { type RefusalDetail, RefusalError, refuse } from '../../base/result.ts';
import { kindOfJson } from '../../model/property.ts';

export function malformed(detail: RefusalDetail): RefusalError {
  return new RefusalError(refuse('request_malformed', detail).refusal);
}

function wrong(path: string, expected: string, got: Json | undefined): RefusalError {
  return malformed({
    path,
    expected,
    got: got === undefined ? 'nothing' : got === null ? 'null' : `a value of kind ${kindOfJson(got)}`,
    hint: 'write the state anew with `terraform state pull` or `terraform show -json`',
  });
}

export function member(object: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** Without the members of these names. */
export function rest(object: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));
}

export function mustObject(json: Json | undefined, at: string, expected: string): JsonObject {
  if (!isObject(json)) throw wrong(at, expected, json);
  return json;
}

/** Null and absent are empty. */
export function objectAt(object: JsonObject, name: string, at: string): JsonObject {
  const json = member(object, name) ?? null;
  return json === null ? {} : mustObject(json, `${at}/${name}`, 'an object');
}

/** Null and absent are empty. */
export function listAt(object: JsonObject, name: string, at: string): readonly Json[] {
  const json = member(object, name) ?? null;
  if (json === null) return [];
  if (!Array.isArray(json)) throw wrong(`${at}/${name}`, 'a list', json);
  return json;
}

/** Null and absent are ''. */
export function textAt(object: JsonObject, name: string, at: string): string {
  const json = member(object, name) ?? '';
  if (typeof json !== 'string') throw wrong(`${at}/${name}`, 'a text', json);
  return json;
}

export function mustTextAt(object: JsonObject, name: string, at: string): string {
  const text = textAt(object, name, at);
  if (text === '') throw wrong(`${at}/${name}`, 'a text that is not empty', member(object, name));
  return text;
}

export function textsAt(object: JsonObject, name: string, at: string): readonly string[] {
  return listAt(object, name, at).map((json, i) => {
    if (typeof json !== 'string') throw wrong(`${at}/${name}/${i}`, 'a text', json);
    return json;
  });
}

/** The key of an instance: text, number, or null where there is none. */
export function keyAt(object: JsonObject, name: string, at: string): string | number | null {
  const json = member(object, name) ?? null;
  if (json === null || typeof json === 'string' || typeof json === 'number') return json;
  throw wrong(`${at}/${name}`, 'a text or a number', json);
}
