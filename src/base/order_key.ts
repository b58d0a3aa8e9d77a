// Dense order keys: strings such that between any two there is always another. A list element keeps its key; moving it
// changes one key and no other. Source: fractional indexing as described by D. Greenspan ("Implementing Fractional
// Indexing", Observable, 2020): an integer part whose first character gives its length (a: 1 digit, b: 2, …; Z: 1
// below zero, Y: 2, …), so that a run of appends grows by a logarithm, then a base-62 fraction that never ends in the
// lowest digit, so that there is always room below it. Order is by UTF-16 code units.

import { invariant } from './result.ts';

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const smallestInteger = `A${'0'.repeat(26)}`;

function digitAt(text: string, i: number): number {
  return digits.indexOf(text[i]!);
}

/** Length of the integer part that starts with `head`, the head included; 0 if `head` starts none. */
function integerLength(head: string | undefined): number {
  if (head === undefined) return 0;
  if (head >= 'a' && head <= 'z') return head.charCodeAt(0) - 97 + 2;
  if (head >= 'A' && head <= 'Z') return 90 - head.charCodeAt(0) + 2;
  return 0;
}

export function isOrderKey(text: string): boolean {
  const length = integerLength(text[0]);
  if (length === 0 || text.length < length || text === smallestInteger) return false;
  for (const ch of text) if (!digits.includes(ch)) return false;
  return text.length === length || !text.endsWith('0');
}

/** The fraction halfway between fractions `low` ('' is zero) and `high` (undefined is one). */
function fractionBetween(low: string, high: string | undefined): string {
  if (high !== undefined) {
    let shared = 0;
    while (shared < high.length && (low[shared] ?? '0') === high[shared]) shared++;
    if (shared > 0) return high.slice(0, shared) + fractionBetween(low.slice(shared), high.slice(shared));
  }
  const lo = low === '' ? 0 : digitAt(low, 0);
  const hi = high === undefined ? digits.length : digitAt(high, 0);
  if (hi - lo > 1) return digits[(lo + hi) >> 1]!;
  if (high !== undefined && high.length > 1) return high[0]!;
  return digits[lo]! + fractionBetween(low.slice(1), undefined);
}

/** The next integer up (`by` = 1) or down (-1); undefined when there is none. */
function stepInteger(integer: string, by: 1 | -1): string | undefined {
  const wrap = by === 1 ? '0' : 'z';
  let tail = '';
  for (let i = integer.length - 1; i >= 1; i--) {
    const d = digitAt(integer, i) + by;
    if (d >= 0 && d < digits.length) return integer.slice(0, i) + digits[d]! + tail;
    tail += wrap;
  }
  const head = integer[0]!;
  if (by === 1) {
    if (head === 'Z') return 'a0';
    if (head === 'z') return undefined;
    const next = String.fromCharCode(head.charCodeAt(0) + 1);
    return next + '0'.repeat(integerLength(next) - 1);
  }
  if (head === 'a') return 'Zz';
  if (head === 'A') return undefined;
  const next = String.fromCharCode(head.charCodeAt(0) - 1);
  return next + 'z'.repeat(integerLength(next) - 1);
}

/** A key strictly between `low` and `high`; undefined means the open end. `low` must be below `high`. */
export function keyBetween(low: string | undefined, high: string | undefined): string {
  invariant(low === undefined || high === undefined || low < high, `order keys ${low} and ${high} are not in order`);
  if (low === undefined && high === undefined) return 'a0';
  if (low === undefined) {
    const integer = high!.slice(0, integerLength(high![0]));
    if (integer === smallestInteger) return integer + fractionBetween('', high!.slice(integer.length));
    if (integer < high!) return integer;
    return stepInteger(integer, -1)!;
  }
  const lowInteger = low.slice(0, integerLength(low[0]));
  const lowFraction = low.slice(lowInteger.length);
  if (high === undefined) return stepInteger(lowInteger, 1) ?? lowInteger + fractionBetween(lowFraction, undefined);
  const highInteger = high.slice(0, integerLength(high[0]));
  if (lowInteger === highInteger) return lowInteger + fractionBetween(lowFraction, high.slice(highInteger.length));
  const next = stepInteger(lowInteger, 1);
  if (next !== undefined && next < high) return next;
  return lowInteger + fractionBetween(lowFraction, undefined);
}

/** `count` keys in order, strictly between `low` and `high`. */
export function keysBetween(low: string | undefined, high: string | undefined, count: number): string[] {
  if (count <= 0) return [];
  if (high === undefined) {
    const out: string[] = [];
    let last = low;
    for (let i = 0; i < count; i++) {
      last = keyBetween(last, undefined);
      out.push(last);
    }
    return out;
  }
  const middle = keyBetween(low, high);
  const left = (count - 1) >> 1;
  return [...keysBetween(low, middle, left), middle, ...keysBetween(middle, high, count - 1 - left)];
}
