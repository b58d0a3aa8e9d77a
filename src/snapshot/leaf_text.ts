// Reading a leaf in its text, without making its entries: most leaves are read for one key, or written again with one
// other value, and then forgotten. Trusts the text, which is the one of its hash, to be a leaf's: on any other it ends or
// gives fault `store_damaged`; decodeNode is the strict reader.
// Works on the front coding as it stands: how much of its key a line shares with the line before says most of what a
// comparison would.

import { Fault } from '../base/result.ts';

export const leafHeader = 'L1\n';

/** A value in a leaf's text. */
export interface ValuePlace {
  readonly key: string;
  readonly start: number;
  readonly end: number;
}

/**
 * Where the value of a key is; undefined when the leaf does not have the key. `before` is the place of a lower key: those
 * that are asked for in order are found without going through the leaf for each.
 */
export function findValue(text: string, key: string, before?: ValuePlace): ValuePlace | undefined {
  const line = firstLine(text, key, before);
  if (line === undefined || !line.isOfKey) return undefined;
  return { key, start: line.valueAt, end: lineEnd(text, line.valueAt) };
}

interface Line {
  readonly at: number;
  readonly valueAt: number;
  /** Its key is the one that was looked for, and not above it. */
  readonly isOfKey: boolean;
}

/** The first line whose key is not below one; undefined when all are. `before` as in `findValue`. */
function firstLine(text: string, key: string, before?: ValuePlace): Line | undefined {
  // Units that the key has in common with the line before, which is below it.
  let matched = before === undefined ? 0 : inCommon(before.key, key);
  let at = before === undefined ? leafHeader.length : before.end + 1;
  while (at < text.length) {
    const colon = text.indexOf(':', at);
    const restEnd = text.indexOf(':', colon + 1);
    const shared = numberIn(text, at, colon);
    const start = restEnd + 1;
    const rest = numberIn(text, colon + 1, restEnd);
    const valueAt = start + rest;
    // A line that has less in common with the one before than the key has is above the key; one that has more, below.
    if (shared < matched) return { at, valueAt, isOfKey: false };
    if (shared === matched) {
      const most = Math.min(rest, key.length - matched);
      let i = 0;
      while (i < most && text.charCodeAt(start + i) === key.charCodeAt(matched + i)) i++;
      if (matched + i === key.length) return { at, valueAt, isOfKey: i === rest };
      if (i < rest && text.charCodeAt(start + i) > key.charCodeAt(matched + i)) return { at, valueAt, isOfKey: false };
      matched = whole(key, matched + i);
    }
    at = lineEnd(text, valueAt) + 1;
  }
  return undefined;
}

/**
 * Goes through the entries of a leaf in its text, in order, from the first key on that is not below `low`. What has been read is not
 * kept: most leaves are gone through once. Before the first `next`, and after one that gave false, there is no entry.
 */
export class LeafReader {
  readonly #text: string;
  /** Where the next line begins. */
  #at: number;
  /** Before the first line `low`: with that it has in common what it leaves out of its key, as with a line before. */
  #key: string;
  #value = '';

  constructor(text: string, low: string) {
    this.#text = text;
    this.#at = firstLine(text, low)?.at ?? text.length;
    this.#key = low;
  }

  get key(): string {
    return this.#key;
  }

  get value(): string {
    return this.#value;
  }

  /** Goes on to the next entry; false: there is none. */
  next(): boolean {
    const text = this.#text;
    if (this.#at >= text.length) return false;
    const valueAt = valueStart(text, this.#at);
    const end = lineEnd(text, valueAt);
    this.#key = nextKey(text, this.#at, this.#key);
    this.#value = text.slice(valueAt, end);
    this.#at = end + 1;
    return true;
  }
}

function inCommon(a: string, b: string): number {
  const end = Math.min(a.length, b.length);
  let i = 0;
  while (i < end && a.charCodeAt(i) === b.charCodeAt(i)) i++;
  return whole(b, i);
}

/** Lines never share half a character. */
function whole(key: string, units: number): number {
  return units > 0 && (key.charCodeAt(units - 1) & 0xfc00) === 0xd800 ? units - 1 : units;
}

/** The first key of a leaf's text; undefined when it has none. */
export function firstKeyOf(text: string): string | undefined {
  if (text.length === leafHeader.length) return undefined;
  const colon = text.indexOf(':', leafHeader.length);
  const restEnd = text.indexOf(':', colon + 1);
  return text.slice(restEnd + 1, restEnd + 1 + numberIn(text, colon + 1, restEnd));
}

export function countLines(text: string): number {
  let count = 0;
  for (let at = leafHeader.length; at < text.length; at = lineEnd(text, valueStart(text, at)) + 1) count++;
  return count;
}

/** Visits the values that have at least so many characters, in order. */
export function eachLongValue(text: string, chars: number, visit: (value: string) => void): void {
  for (let at = leafHeader.length; at < text.length; ) {
    const start = valueStart(text, at);
    const end = lineEnd(text, start);
    if (end - start >= chars) visit(text.slice(start, end));
    at = end + 1;
  }
}

/** A value that differs between two leaves with the same keys. */
export interface ChangedValue {
  readonly key: string;
  readonly before: string;
  readonly after: string;
}

/** What differs between two leaves when that is values only, in order of keys; undefined when their keys differ. */
export function changedValues(a: string, b: string): ChangedValue[] | undefined {
  const found: ChangedValue[] = [];
  let key = '';
  let keyedA = leafHeader.length;
  let i = leafHeader.length;
  let j = leafHeader.length;
  while (i < a.length && j < b.length) {
    const iEnd = lineEnd(a, valueStart(a, i));
    const jEnd = lineEnd(b, valueStart(b, j));
    if (iEnd - i !== jEnd - j || a.slice(i, iEnd) !== b.slice(j, jEnd)) {
      // The key of this line, from those of the lines not yet looked at: most leaves differ in one.
      for (; keyedA <= i; keyedA = lineEnd(a, valueStart(a, keyedA)) + 1) key = nextKey(a, keyedA, key);
      const valueAt = valueStart(a, i) - i;
      if (a.slice(i, i + valueAt) !== b.slice(j, j + valueAt)) return undefined;
      found.push({ key, before: a.slice(i + valueAt, iEnd), after: b.slice(j + valueAt, jEnd) });
    }
    i = iEnd + 1;
    j = jEnd + 1;
  }
  return i < a.length || j < b.length ? undefined : found;
}

function valueStart(text: string, line: number): number {
  const colon = text.indexOf(':', line);
  const restEnd = text.indexOf(':', colon + 1);
  return restEnd + 1 + numberIn(text, colon + 1, restEnd);
}

function nextKey(text: string, line: number, before: string): string {
  const colon = text.indexOf(':', line);
  const rest = text.slice(text.indexOf(':', colon + 1) + 1, valueStart(text, line));
  return before.slice(0, numberIn(text, line, colon)) + rest;
}

function numberIn(text: string, start: number, end: number): number {
  let n = 0;
  if (end <= start) throw damaged(start);
  for (let i = start; i < end; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (!(digit >= 0 && digit <= 9)) throw damaged(i);
    n = n * 10 + digit;
  }
  return n;
}

/** End of the line whose value starts at `from`: a key may hold a line feed, a value may not. */
function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  if (end < 0) throw damaged(from);
  return end;
}

function damaged(at: number): Fault {
  return new Fault('store_damaged', `a leaf cannot be read (at character ${at}); run verify`, { at });
}
