// A value as evaluated, and what is done with one on its way to who reads it: marked as awaited, given the place that its
// error comes from, taken apart.

import type { ComponentId } from '../base/ids.ts';
import { isObject, type Json } from '../base/json.ts';
import type { Path, Segment } from '../model/path.ts';

/**
 * A value as evaluated. `why` says why there is none where that is not plain from the model. `awaits`: something it is made
 * of is not reported yet and will be, so it is what can be said now. `last`: what it was before, for showing.
 */
export type Evaluated =
  | { readonly state: 'value'; readonly value: Json; readonly awaits?: true }
  | { readonly state: 'none'; readonly why?: string; readonly awaits?: true }
  | {
      readonly state: 'error';
      readonly code: string;
      readonly message: string;
      readonly last?: Json;
      /** Address of the vertex whose error it is, where that is another. */
      readonly root?: string;
    }
  /** A function whose result it needs has not run yet. */
  | { readonly state: 'pending'; readonly last?: Json };

export const none: Evaluated = { state: 'none' };
export const asValue = (value: Json | undefined): Evaluated => (value === undefined ? none : { state: 'value', value });

/** Marked as awaited, where that says something. */
export function flag(e: Evaluated, awaits: true | undefined): Evaluated {
  return awaits === undefined || e.state === 'error' || e.state === 'pending' || e.awaits ? e : { ...e, awaits };
}

/** With the address that an error comes from, for who reads it. */
export function rooted(e: Evaluated, address: string): Evaluated {
  return e.state === 'error' && e.root === undefined ? { ...e, root: address } : e;
}

/** An error says at which path it is; one that comes from elsewhere says so already. */
export function placed(e: Evaluated, component: ComponentId, path: Path): Evaluated {
  return e.state === 'error' && e.root === component + path ? { ...e, message: `${path}: ${e.message}` } : e;
}

/** What of a value is at a path below it; of what was there before, too. undefined: the part is not one below it. */
export function partOf(whole: Evaluated, segments: readonly Segment[] | undefined): Evaluated {
  if (whole.state === 'none') return whole;
  if (whole.state === 'value') return flag(asValue(segments && descend(whole.value, segments)), whole.awaits);
  const { last, ...bare } = whole;
  const part = last === undefined || segments === undefined ? undefined : descend(last, segments);
  return part === undefined ? bare : { ...bare, last: part };
}

/** The part of a value at the segments below it; undefined: there is none. */
export function descend(value: Json, segments: readonly Segment[]): Json | undefined {
  let here: Json | undefined = value;
  for (const { key } of segments) {
    if (key === undefined || here === undefined) return undefined;
    if (Array.isArray(here)) here = /^\d+$/.test(key) ? (here[Number(key)] as Json | undefined) : undefined;
    else if (isObject(here) && Object.hasOwn(here, key)) here = here[key];
    else return undefined;
  }
  return here;
}
