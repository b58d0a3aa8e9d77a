// Text that a terminal, a log and a table show as it is: without control characters, ends of lines and paragraphs, characters that
// turn the direction of what follows, and broken text. Names that others read are such text; what is not is shown escaped.

import { limits } from './limits.ts';

// Of both sets of control characters, of Unicode's own, and halves of characters.
const notPlain = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]|\p{Cs}/u;

export function isPlainText(text: string): boolean {
  return !notPlain.test(text);
}

/** What a name has to be that others read in lists, for refusals. */
export const plainName = `a name of 1 to ${limits.nameCharsMax} characters, on one line and without control characters`;

export function isPlainName(x: unknown): x is string {
  return typeof x === 'string' && x.trim() !== '' && x.length <= limits.nameCharsMax && isPlainText(x);
}

const escaped = (c: string): string => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** What is not plain as JSON escapes it; `kept`, without groups: what is left as it is. */
export function escapedText(text: string, kept?: RegExp): string {
  if (isPlainText(text)) return text;
  if (kept === undefined) return text.replaceAll(new RegExp(notPlain, 'gu'), escaped);
  const all = new RegExp(`(${kept.source})|${notPlain.source}`, 'gu');
  return text.replaceAll(all, (c, isKept?: string) => (isKept === undefined ? escaped(c) : c));
}
