// What a three-way merge of plain JSON comes to, path by path, and what one side did: the yardstick for real merges,
// made without the engine.

import { type Json, type JsonObject, sameJson } from '../../src/base/json.ts';

/** A value at a path; undefined: nothing there. */
export type There = Json | undefined;

export type At = readonly string[];

export const same = (a: There, b: There): boolean => (a === undefined || b === undefined ? a === b : sameJson(a, b));

const isMap = (x: There): x is JsonObject => typeof x === 'object' && x !== null && !Array.isArray(x);

export function at(root: There, path: At): There {
  let here = root;
  for (const segment of path) {
    if (Array.isArray(here)) here = here[Number(segment)];
    else here = isMap(here) && Object.hasOwn(here, segment) ? here[segment] : undefined;
  }
  return here;
}

/**
 * What stands at a path, one of `before`'s, in a state in which lists may have grown or shrunk since: in such a list any
 * element may be the one that is meant.
 */
export function anyAt(root: There, before: There, path: At): There[] {
  let here: [There, There][] = [[root, before]];
  for (const segment of path) {
    here = here.flatMap(([now, was]): [There, There][] => {
      const then = at(was, [segment]);
      if (!Array.isArray(now) || !Array.isArray(was) || now.length === was.length) return [[at(now, [segment]), then]];
      return (now as Json[]).map((item): [There, There] => [item, then]);
    });
  }
  return here.map(([now]) => now);
}

const keysOf = (...all: readonly There[]): string[] => [
  ...new Set(all.flatMap((x) => (Array.isArray(x) ? x.map((_, i) => String(i)) : isMap(x) ? Object.keys(x) : []))),
];

/** Are they containers to go into, member by member? Lists only while nothing was inserted or removed. */
function alike(...all: readonly There[]): boolean {
  if (all.every(isMap)) return true;
  return all.every((x) => Array.isArray(x) && x.length === (all[0] as Json[]).length);
}

export interface Merged {
  readonly value: There;
  /** Where both sides did something different to one thing; the value is that of the first side there. */
  readonly conflicts: readonly At[];
}

export function threeWay(base: There, ours: There, theirs: There): Merged {
  const conflicts: At[] = [];
  const merge = (b: There, o: There, t: There, path: At): There => {
    if (same(o, t) || same(b, t)) return o;
    if (same(b, o)) return t;
    if (!alike(b, o, t)) {
      conflicts.push(path);
      return o;
    }
    const keys = keysOf(b, o, t);
    const merged = keys.map((key) => merge(at(b, [key]), at(o, [key]), at(t, [key]), [...path, key]));
    if (Array.isArray(b)) return merged as Json[];
    return Object.fromEntries(keys.map((key, i) => [key, merged[i]]).filter(([, v]) => v !== undefined)) as JsonObject;
  };
  return { value: merge(base, ours, theirs, []), conflicts };
}

/** The smallest places that a side made another, with what it wanted there. */
export function decisions(base: There, side: There, path: At = []): { readonly path: At; readonly wanted: There }[] {
  if (same(base, side)) return [];
  if (!alike(base, side)) return [{ path, wanted: side }];
  return keysOf(base, side).flatMap((key) => decisions(at(base, [key]), at(side, [key]), [...path, key]));
}

/**
 * Does a result show what a side wanted at a place? A list that grew or shrank also does when it has what the side put
 * in and lacks what it took out, whatever the other side put in besides.
 */
export function shows(result: There, wanted: There, before: There): boolean {
  if (same(result, wanted)) return true;
  if (![result, wanted, before].every(Array.isArray)) return false;
  const counts = (list: There): Map<string, number> => {
    const out = new Map<string, number>();
    for (const item of list as Json[]) out.set(JSON.stringify(item), (out.get(JSON.stringify(item)) ?? 0) + 1);
    return out;
  };
  const [is, now, was] = [counts(result), counts(wanted), counts(before)];
  const of = (m: Map<string, number>, key: string): number => m.get(key) ?? 0;
  return [...new Set([...now.keys(), ...was.keys()])].every((key) => {
    const change = of(now, key) - of(was, key);
    return change === 0 || Math.sign(of(is, key) - of(was, key)) === Math.sign(change);
  });
}
