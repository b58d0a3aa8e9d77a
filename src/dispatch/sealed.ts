// Sealed parts of values: in the place of what holds a secret stands a marker, and what it stands for is kept sealed elsewhere. A
// marker is text: it goes through subscriptions, built-in and pure functions, into joined texts and JSON in text like any other,
// and equal markers are equal values. A function that may have secrets gets the real parts back, each in its place.
//
// Keys of objects are redacted and not sealed: nothing could be told apart by them afterwards.

import type { Json } from '../base/json.ts';
import { mapLeaves } from './leaves.ts';
import type { Redactor } from './redact.ts';

const markers = /\[sealed ([0-9a-f]{32})\]/g;
const wholeMarker = /^\[sealed ([0-9a-f]{32})\]$/;

/** `mark`: 32 hexadecimal digits, the same for the same content at the same place. */
export function sealedMarker(mark: string): string {
  return `[sealed ${mark}]`;
}

/** Whether a marker stands anywhere in the value. */
export function isSealed(value: Json): boolean {
  return marksIn(value).size > 0;
}

/** The marks of all markers in the strings of a value. */
export function marksIn(value: Json): Set<string> {
  const marks = new Set<string>();
  mapLeaves(value, {
    leaf: (leaf) => {
      if (typeof leaf === 'string') for (const match of leaf.matchAll(markers)) marks.add(match[1]!);
      return leaf;
    },
    key: (key) => key,
  });
  return marks;
}

/** The value with what stands behind the marks: in a text its characters, in place of a whole text also a number. */
export function withOpened(value: Json, contents: ReadonlyMap<string, Json>): Json {
  return mapLeaves(value, {
    leaf: (leaf) => {
      if (typeof leaf !== 'string') return leaf;
      const whole = wholeMarker.exec(leaf);
      if (whole !== null) return contents.get(whole[1]!) ?? leaf;
      return leaf.replaceAll(markers, (marker, mark: string) => {
        const content = contents.get(mark);
        return content === undefined ? marker : String(content);
      });
    },
    key: (key) => key,
  });
}

/** The value with `place` of everything that holds a secret in its place: a part of a text, or a number. */
export function withSealed(redactor: Redactor, value: Json, place: (content: string | number) => string): Json {
  return mapLeaves(value, {
    leaf: (leaf) => {
      if (typeof leaf === 'number') return redactor.finds(String(leaf)) ? place(leaf) : leaf;
      if (typeof leaf !== 'string') return leaf;
      let out = '';
      let at = 0;
      for (const { from, to } of redactor.ranges(leaf)) {
        out += leaf.slice(at, from) + place(leaf.slice(from, to));
        at = to;
      }
      return out + leaf.slice(at);
    },
    key: (key) => redactor.redact(key),
  });
}
