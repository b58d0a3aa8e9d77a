// What is looked for when secrets are redacted: the contents as byte strings. Encodings are no concern of this file: the text is
// decoded while it is read (see redaction_stream.ts), so that a needle stands here once, in bytes.
//
// - Every string and every number (as text) of a content, of 4 characters or more: as it is, without space around it, and, when
//   it has several lines, each line of 8 or more. What is shorter would redact half of every log.
// - Line breaks are left out, as they are when text is read: a secret that was wrapped, or split over log lines, is the same.
// - One with an apostrophe also as it stands between apostrophes in a shell (`'\''`) and in YAML or SQL (`''`).
// - The JSON text of each as well, for JSON inside JSON; and Latin-1 bytes where they differ from UTF-8, which `btoa` encodes.
// - A long needle is cut into pieces. Redacted pieces that touch are one, so that nothing is lost, and what has to be held back
//   while a secret may be arriving is short.

import type { Json } from '../base/json.ts';

/** Shorter texts are not looked for, in UTF-16 units. */
const textCharsMin = 4;
/** Shorter lines of a longer text are not looked for by themselves, in UTF-16 units. */
const lineCharsMin = 8;
/** Bytes of the longest needle. */
const pieceBytesMax = 4_096;
/** More line breaks than this in a row divide a text into two: the reader bridges so many and no more. */
const lineBreaksRun = /[\r\n]{9,}/;
const lineBreak = /[\r\n]+/;

/** The needles of some contents, without repetition of texts. */
export function needlesOf(contents: readonly Json[]): Uint8Array[] {
  const texts = new Set<string>();
  for (const content of contents) for (const leaf of leavesOf(content)) addTexts(texts, leaf);
  const needles: Uint8Array[] = [];
  for (const text of texts) {
    addPieces(needles, utf8(text));
    const bytes = tryLatin1(text);
    if (bytes !== undefined) addPieces(needles, bytes);
  }
  return needles;
}

/** Strings, and numbers as text. Without recursion, as contents may be deep. */
export function leavesOf(content: Json): string[] {
  const leaves: string[] = [];
  const waiting: Json[] = [content];
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    if (typeof value === 'string') leaves.push(value);
    else if (typeof value === 'number') leaves.push(String(value));
    else if (typeof value === 'object' && value !== null)
      for (const member of Object.values(value)) waiting.push(member);
  }
  return leaves;
}

function addTexts(texts: Set<string>, leaf: string): void {
  const whole = [leaf, leaf.trim()].flatMap((text) => text.split(lineBreaksRun));
  const lines = leaf.split(lineBreak);
  const long = lines.length < 2 ? [] : lines.map((line) => line.trim()).filter((line) => line.length >= lineCharsMin);
  for (const text of [...whole, ...long]) {
    const quoted = text.includes("'") ? [text.replaceAll("'", "'\\''"), text.replaceAll("'", "''")] : [];
    for (const form of [text, ...quoted, JSON.stringify(text).slice(1, -1)]) {
      const unbroken = form.replaceAll(/[\r\n]/g, '');
      if (unbroken.length >= textCharsMin && text.length >= textCharsMin) texts.add(unbroken);
    }
  }
}

/** Pieces of at most `pieceBytesMax`, the last one as long as the others. */
function addPieces(needles: Uint8Array[], bytes: Uint8Array): void {
  let from = 0;
  for (; from + pieceBytesMax < bytes.length; from += pieceBytesMax) {
    needles.push(bytes.subarray(from, from + pieceBytesMax));
  }
  needles.push(bytes.subarray(Math.max(0, Math.min(from, bytes.length - pieceBytesMax))));
}

/** Calls `byte` with the UTF-8 bytes of a code point; lone surrogates get the three bytes that they would have. */
export function eachUtf8Byte(point: number, byte: (b: number) => void): void {
  if (point < 0x80) byte(point);
  else if (point < 0x800) {
    byte(0xc0 | (point >> 6));
    byte(0x80 | (point & 63));
  } else if (point < 0x1_0000) {
    byte(0xe0 | (point >> 12));
    byte(0x80 | ((point >> 6) & 63));
    byte(0x80 | (point & 63));
  } else {
    byte(0xf0 | (point >> 18));
    byte(0x80 | ((point >> 12) & 63));
    byte(0x80 | ((point >> 6) & 63));
    byte(0x80 | (point & 63));
  }
}

function utf8(text: string): Uint8Array {
  const out = new Uint8Array(text.length * 3);
  let length = 0;
  const put = (b: number) => {
    out[length++] = b;
  };
  for (const character of text) eachUtf8Byte(character.codePointAt(0)!, put);
  return out.slice(0, length);
}

/** The Latin-1 bytes, where every character has one and some differ from UTF-8. */
function tryLatin1(text: string): Uint8Array | undefined {
  let differs = false;
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0xff) return undefined;
    if (unit > 0x7f) differs = true;
    out[i] = unit;
  }
  return differs ? out : undefined;
}
