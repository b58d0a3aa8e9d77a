// Reading what a management function returned: it may be anything. Every misfit ends the reading with a refusal that names
// the place in the result.

import { brief, isObject, type Json, type JsonObject } from '../../base/json.ts';
import { RefusalError, type Result, refuse } from '../../base/result.ts';
import { pointerOf } from '../../model/path.ts';

/** Something that the function gave and that is not carried out, and why. */
export interface LeftOut {
  /** A pointer into the result. */
  readonly path: string;
  readonly why: string;
}

type Refused = Extract<Result<never>, { ok: false }>;

export function fail({ refusal }: Refused): never {
  throw new RefusalError(refusal);
}

/** Throws `operations_invalid`. */
export function misfit(path: string, expected: string, got: Json | undefined): never {
  return fail(
    refuse('operations_invalid', {
      path,
      expected,
      got: brief(got),
      hint: 'compare what the function returns with docs/management.md',
    }),
  );
}

/** `at` extended by a member's name. */
export const below = (at: string, name: string): string => at + pointerOf([name]);

/** An object; nothing and null are none. */
export function objectAt(x: Json | undefined, at: string): JsonObject | undefined {
  if (x === undefined || x === null) return undefined;
  return isObject(x) ? x : misfit(at, 'an object', x);
}

/** The members of an object; of nothing and null, none. */
export function membersAt(x: Json | undefined, at: string): [name: string, value: Json, at: string][] {
  return Object.entries(objectAt(x, at) ?? {}).map(([name, value]) => [name, value, below(at, name)]);
}

export function textAt(x: Json | undefined, at: string): string | undefined {
  if (x === undefined || x === null) return undefined;
  return typeof x === 'string' && x !== '' ? x : misfit(at, 'text', x);
}

/** A list of texts; nothing and null are none. */
export function textsAt(x: Json | undefined, at: string): readonly string[] {
  if (x === undefined || x === null) return [];
  if (!Array.isArray(x)) return misfit(at, 'a list of texts', x);
  return x.map((item: Json, i) => textAt(item ?? undefined, `${at}/${i}`) ?? misfit(`${at}/${i}`, 'text', item));
}

/** Throws when an object has a member that is none of `names` (parted by spaces) and says something. */
export function onlyMembers(object: JsonObject, names: string, at: string): void {
  const known = names.split(' ');
  for (const [name, value] of Object.entries(object))
    if (!known.includes(name) && value !== null) misfit(below(at, name), `no member but ${known.join(', ')}`, value);
}
