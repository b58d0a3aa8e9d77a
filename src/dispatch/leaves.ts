// A JSON value with other leaves and other keys, in the same shape: what redaction and sealing make of a value. Members whose keys
// become the same get a number.

import { isObject, type Json } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { invariant } from '../base/result.ts';

interface Change {
  readonly leaf: (leaf: string | number | boolean | null) => Json;
  readonly key: (key: string) => string;
}

/** The value was checked (`checkJson`): its depth is bounded. */
export function mapLeaves(value: Json, change: Change, depth = 0): Json {
  invariant(depth <= limits.valueDepthMax, 'a value to look through was checked for its depth');
  if (Array.isArray(value)) return value.map((member: Json) => mapLeaves(member, change, depth + 1));
  if (!isObject(value)) return change.leaf(value as string | number | boolean | null);
  const members = new Map<string, Json>();
  for (const [key, member] of Object.entries(value)) {
    const shown = change.key(key);
    let free = shown;
    for (let n = 2; members.has(free) || (free !== key && Object.hasOwn(value, free)); n++) free = `${shown} ${n}`;
    members.set(free, mapLeaves(member, change, depth + 1));
  }
  return Object.fromEntries(members);
}
