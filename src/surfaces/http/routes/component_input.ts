// What clients of the public API write about components, as mutations: attributes by pointer with `$source`, names, resource
// ids, secrets. The order of the keys is the order in which they are carried out.

import { isObject, type Json, type JsonObject } from '../../../base/json.ts';
import { must, refuse } from '../../../base/result.ts';
import { signatureOf } from '../../../model/signature.ts';

/** Attributes as the engine takes them. A leading `/root` is dropped; a function that is not built in is a user's. */
export function attributesOf(given: Readonly<Record<string, unknown>> | null | undefined): JsonObject {
  return Object.fromEntries(
    Object.entries(given ?? {}).map(([path, input]) => [pointer(path), inputOf(input as Json)]),
  );
}

/** `{"$source": null}`: the default shows again, where there is one. */
export function isUnset(input: Json | undefined): boolean {
  return isObject(input ?? null) && (input as JsonObject)['$source'] === null;
}

const pointer = (path: string): string => (/^\/root(?=\/)/.test(path) ? path.slice('/root'.length) : path);

function inputOf(input: Json): Json {
  const source = isObject(input) ? input['$source'] : undefined;
  if (source === undefined || !isObject(source) || source['component'] === undefined) return input;
  const { func, path, ...rest } = source;
  const at = typeof path === 'string' ? { path: pointer(path) } : path === undefined ? {} : { path };
  if (func === undefined || func === null) return { $source: { ...rest, ...at } };
  // Its own name for a plain subscription.
  if (func === 'si:identity') return { $source: { ...rest, ...at } };
  const isBuiltIn = typeof func !== 'string' || signatureOf(func) !== undefined;
  return { $source: { ...rest, ...at, ...(isBuiltIn ? { func } : { function: func }) } };
}

/** Secrets by their slots: the id or name of one, null for none, or an input as of an attribute. */
export function secretsOf(given: Readonly<Record<string, unknown>> | null | undefined): JsonObject {
  return Object.fromEntries(
    Object.entries(given ?? {}).map(([slot, secret]) => [
      `/secrets/${slot.replaceAll('~', '~0').replaceAll('/', '~1')}`,
      secret === null
        ? { $source: null }
        : typeof secret === 'string'
          ? { $source: { secret } }
          : inputOf(secret as Json),
    ]),
  );
}

/** Id or name of who is referred to; undefined: nobody. */
export function referenceOf(
  given: { readonly component?: string; readonly componentId?: string } | null | undefined,
): string | undefined {
  if (given === null || given === undefined) return undefined;
  return exactlyOne(given, ['component', 'componentId'], 'managedBy');
}

/** Of two ways to name something the one that is used. Throws a refusal, `request_malformed`. */
export function exactlyOne(
  given: { readonly [name: string]: unknown },
  names: readonly string[],
  path: string,
): string {
  const used = names.filter((name) => given[name] !== undefined && given[name] !== null);
  if (used.length === 1) return given[used[0]!] as string;
  return must<never>(
    refuse('request_malformed', {
      path,
      expected: `exactly one of ${names.join(' and ')}`,
      got: used.length === 0 ? 'none' : 'both',
      hint: 'name it in one way',
    }),
  );
}
