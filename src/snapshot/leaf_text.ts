// Reading a leaf in its text, without making its entries: most leaves are read for one key, or written again with one
// other value, and then forgotten. Trusts the text, which is the one of its hash, to be a leaf's: on any other it ends or
// gives fault `store_damaged`; decodeNode is the strict reader.
// Works on the front coding as it stands: how much of its key a line shares with the line before says most of what a
// comparison would.

import { Fault } from '../base/result.ts';

export const leafHeader = 'L1\n';

/** A value in a leaf's text. */
export interface ValuePlace {
  readonly start: number;
  readonly end: number;
}

/** Where the value of a key is; undefined when the leaf does not have the key. */
export function findValue(text: string, key: string): ValuePlace | undefined {
  // Units that the key has in common with the line before, which is below it.
  let matched = 0;
  let at = leafHeader.length;
  while (at < text.length) {
    const colon = text.indexOf(':', at);
    const restEnd = text.indexOf(':', colon + 1);
    const shared = numberIn(text, at, colon);
    const start = restEnd + 1;
    const rest = numberIn(text, colon + 1, restEnd);
    const valueStart = start + rest;
    // A line that has less in common with the one before than the key has is above the key; one that has more, below.
    if (shared < matched) return undefined;
    if (shared === matched) {
      const most = Math.min(rest, key.length - matched);
      let i = 0;
      while (i < most && text.charCodeAt(start + i) === key.charCodeAt(matched + i)) i++;
      if (i === rest && matched + i === key.length) return { start: valueStart, end: lineEnd(text, valueStart) };
      if (i < rest && (i === key.length - matched || text.charCodeAt(start + i) > key.charCodeAt(matched + i)))
        return undefined;
      matched += i;
      // Lines never share half a character.
      if (matched > 0 && (key.charCodeAt(matched - 1) & 0xfc00) === 0xd800) matched--;
    }
    at = lineEnd(text, valueStart) + 1;
  }
  return undefined;
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
  for (let at = text.indexOf('\n', leafHeader.length); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

/** Visits the values that have at least so many characters, in order. */
export function eachLongValue(text: string, chars: number, visit: (value: string) => void): void {
  for (let at = leafHeader.length; at < text.length; ) {
    const end = lineEnd(text, at);
    if (end - at >= chars) {
      const colon = text.indexOf(':', at);
      const restEnd = text.indexOf(':', colon + 1);
      const valueStart = restEnd + 1 + numberIn(text, colon + 1, restEnd);
      if (end - valueStart >= chars) visit(text.slice(valueStart, end));
    }
    at = end + 1;
  }
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

/** End of the line that goes on at `from`. */
function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  if (end < 0) throw damaged(from);
  return end;
}

function damaged(at: number): Fault {
  return new Fault('store_damaged', `a leaf cannot be read (at character ${at}); run verify`, { at });
}
