// What differs between two values of inputs, as pointers, and whether a change there can be made without replacing the
// resource. Pointers name list elements by index, as inputs have them.

import { compareText, isObject, type Json, type JsonObject, sameJson } from '../base/json.ts';
import { isWithin } from '../model/path.ts';
import { childProperty, derefProperty, type Property } from '../model/property.ts';
import type { VariantSpec } from '../model/schema.ts';

/** A step of a pointer, escaped. */
export const step = (key: string): string => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;

/**
 * The deepest pointers at which two values differ, in canonical order, each with `at` in front. A member that only one side
 * has is taken apart as one that is empty on the other; lists of different lengths differ as a whole.
 */
export function changedPaths(before: Json | undefined, after: Json | undefined, at: string): string[] {
  const out: string[] = [];
  collect(before, after, at, out);
  return out.sort(compareText);
}

function collect(before: Json | undefined, after: Json | undefined, at: string, out: string[]): void {
  if (before === after) return;
  const members = membersOfBoth(before, after);
  if (members !== undefined) {
    for (const [key, a, b] of members) collect(a, b, at + step(key), out);
  } else if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    for (const [i, element] of before.entries()) collect(element as Json, after[i] as Json, `${at}/${i}`, out);
  } else if (!sameJson(before, after)) out.push(at);
}

/** undefined: they cannot be taken apart by members. An empty object and nothing are told apart. */
function membersOfBoth(before: Json | undefined, after: Json | undefined) {
  const [x, y] = [before === undefined ? {} : before, after === undefined ? {} : after];
  if (!isObject(x) || !isObject(y)) return undefined;
  const keys = [...new Set([...Object.keys(x), ...Object.keys(y)])];
  if (keys.length === 0) return undefined;
  const own = (o: JsonObject, key: string): Json | undefined => (Object.hasOwn(o, key) ? o[key] : undefined);
  return keys.map((key) => [key, own(x, key), own(y, key)] as const);
}

/** Does the pointer into a component lie at or below a property that can be set only before the resource exists? */
export function isCreateOnlyAt(spec: VariantSpec, pointer: string): boolean {
  if (!isWithin(pointer, '/domain')) return false;
  let property: Property | undefined = rootOf(spec);
  for (const key of keysOf(pointer)) {
    property = childAt(property, key, spec);
    if (property === undefined) return false;
    if (property.createOnly === true) return true;
  }
  return false;
}

/** The steps of a pointer into a component, without the root. */
export const keysOf = (pointer: string): string[] =>
  pointer
    .split('/')
    .slice(2)
    .map((s) => s.replaceAll('~1', '/').replaceAll('~0', '~'));

/** What stands one step below; undefined: nothing. */
export function memberOf(value: Json | undefined, key: string): Json | undefined {
  if (Array.isArray(value)) return value[Number(key)] as Json | undefined;
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** The property of /domain. */
export const rootOf = (spec: VariantSpec): Property => derefProperty(spec.domain, spec.definitions);

/** The property of a member or, of a list, of an element by its index; undefined: there is none or it is not told. */
export function childAt(property: Property, key: string, spec: VariantSpec): Property | undefined {
  const into = property.kind === 'array' ? { element: true } : { key };
  return property.kind === 'any' ? undefined : childProperty(property, into, spec.definitions);
}
