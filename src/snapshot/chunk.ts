// The nodes of a Merkle map and their text. A leaf holds entries, an inner node of level l >= 1 holds nodes of level
// l - 1, each by its first key, its hash and the number of entries below it. A chunk is the text of one node, or a blob;
// its first characters are its format version. A text has one reading and a node has one text: decoding refuses
// everything that encoding would not have written, apart from shape, which only verify.ts can judge.
// Keys are well-formed Unicode in ascending order of UTF-16 code units; values are texts without line feeds.

import type { Hash } from '../base/ids.ts';
import { Fault } from '../base/result.ts';
import { keyLevelMax } from './key_level.ts';
import { countLines, firstKeyOf, leafHeader } from './leaf_text.ts';

// Format versions. L1, I1, B1: the first.
const innerHeader = 'I1:';
const blobHeader = 'B1\n';

/** The text of an inner node, and where the line of each child starts in it; last, where the text ends. */
interface Form {
  readonly text: string;
  readonly starts: readonly number[];
}

/** A node that differs from one before it only in the children at some places, in ascending order. */
interface Patch {
  readonly before: Inner;
  readonly places: readonly number[];
}

export interface Leaf {
  readonly kind: 'leaf';
  readonly level: 0;
  readonly keys: readonly string[];
  readonly values: readonly string[];
  readonly count: number;
  /** Are `keys` and `values` at hand? Else whoever asks for them has them made, and kept. */
  readonly hasEntries: boolean;
  /** Undefined for a leaf whose text nobody has asked for yet. */
  text: string | undefined;
  /** Undefined until the node is sealed; never changes after that. */
  hash: Hash | undefined;
}

export interface Inner {
  readonly kind: 'inner';
  readonly level: number;
  /** First key below each child. */
  readonly keys: readonly string[];
  /** By hash once sealed; a child that has not been sealed is there itself. Only sealing writes to this array. */
  readonly children: Child[];
  /** Entries below each child. */
  readonly counts: readonly number[];
  /** Undefined until the node is sealed; never changes after that. */
  hash: Hash | undefined;
  /** Undefined for a node whose text nobody has asked for yet. */
  form: Form | undefined;
  /** What the node was made from, until its text is made from that one's. */
  patch: Patch | undefined;
  /** Places of the children that may not be in the store, in ascending order; undefined: any. Kept by the space. */
  fresh: readonly number[] | undefined;
}

export type Node = Leaf | Inner;
export type Child = Hash | Node;

export function leafOf(keys: readonly string[], values: readonly string[]): Leaf {
  return {
    kind: 'leaf',
    level: 0,
    keys,
    values,
    count: keys.length,
    hasEntries: true,
    text: undefined,
    hash: undefined,
  };
}

export function innerOf(level: number, keys: readonly string[], children: Child[], counts: readonly number[]): Inner {
  return {
    kind: 'inner',
    level,
    keys,
    children,
    counts,
    hash: undefined,
    form: undefined,
    patch: undefined,
    fresh: undefined,
  };
}

/** A leaf that is its text until somebody asks for all its entries. */
class TextLeaf implements Leaf {
  readonly kind = 'leaf';
  readonly level = 0;
  readonly text: string;
  hash: Hash | undefined;
  #count: number | undefined;
  #entries: Leaf | undefined;

  constructor(text: string, hash: Hash | undefined, count?: number) {
    this.text = text;
    this.hash = hash;
    this.#count = count;
  }

  get count(): number {
    this.#count ??= countLines(this.text);
    return this.#count;
  }

  get hasEntries(): boolean {
    return this.#entries !== undefined;
  }

  get keys(): readonly string[] {
    return this.#all.keys;
  }

  get values(): readonly string[] {
    return this.#all.values;
  }

  get #all(): Leaf {
    this.#entries ??= decodeLeaf(this.text, this.hash);
    return this.#entries;
  }
}

/** The leaf with another text that has the same keys. */
export function leafWithText(before: Leaf, text: string): Leaf {
  return new TextLeaf(text, undefined, before.count);
}

/** First key of a node; undefined for an empty leaf. */
export function firstKey(node: Node): string | undefined {
  return node.kind === 'leaf' && node.text !== undefined ? firstKeyOf(node.text) : node.keys[0];
}

/** The node with other children at some places under the same keys. */
export function innerWith(
  before: Inner,
  children: Child[],
  counts: readonly number[],
  places: readonly number[],
): Inner {
  const { level, keys } = before;
  const patch = before.form && { before, places };
  const fresh = before.fresh && merged(before.fresh, places);
  return { kind: 'inner', level, keys, children, counts, hash: undefined, form: undefined, patch, fresh };
}

/** Two ascending lists as one. */
function merged(a: readonly number[], b: readonly number[]): readonly number[] {
  if (b.every((place) => a.includes(place))) return a;
  return [...new Set([...a, ...b])].sort((x, y) => x - y);
}

/** Number of entries below a node. */
export function countOf(node: Node): number {
  if (node.kind === 'leaf') return node.count;
  let sum = 0;
  for (const count of node.counts) sum += count;
  return sum;
}

/** The hash of a child if it has one already. */
export function hashOf(child: Child): Hash | undefined {
  return typeof child === 'string' ? child : child.hash;
}

/** Index of the first key that is not below `key`, from `start` on. */
export function lowerBound(keys: readonly string[], key: string, start = 0): number {
  let low = start;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the child whose range holds `key`; the first child also takes what is below its first key. */
export function childIndex(keys: readonly string[], key: string): number {
  const i = lowerBound(keys, key);
  return i < keys.length && keys[i] === key ? i : i === 0 ? 0 : i - 1;
}

const isHighSurrogate = (unit: number): boolean => (unit & 0xfc00) === 0xd800;
const isLowSurrogate = (unit: number): boolean => (unit & 0xfc00) === 0xdc00;

/** Units that `key` shares with `previous`, never ending inside a surrogate pair: the rest must be UTF-8 too. */
function sharedPrefix(previous: string, key: string): number {
  const end = Math.min(previous.length, key.length);
  let i = 0;
  while (i < end && previous.charCodeAt(i) === key.charCodeAt(i)) i++;
  return i > 0 && isHighSurrogate(key.charCodeAt(i - 1)) ? i - 1 : i;
}

/** The text of a node. Every child of an inner node must be sealed. */
export function encodeNode(node: Node): string {
  if (node.kind === 'leaf') {
    node.text ??= written(node).text;
    return node.text;
  }
  node.form ??= node.patch === undefined ? written(node) : patched(node, node.patch);
  node.patch = undefined;
  return node.form.text;
}

/** Each entry is a line: length of what its key shares with the key before, length of the rest, the rest, the tail. */
function written(node: Node): Form {
  let text = node.kind === 'leaf' ? leafHeader : `${innerHeader}${node.level}\n`;
  const starts: number[] = [];
  let previous = '';
  for (let i = 0; i < node.keys.length; i++) {
    starts.push(text.length);
    const key = node.keys[i]!;
    const shared = sharedPrefix(previous, key);
    const tail = node.kind === 'leaf' ? node.values[i]! : tailOf(node, i);
    text += `${shared}:${key.length - shared}:${shared === 0 ? key : key.slice(shared)}${tail}\n`;
    previous = key;
  }
  starts.push(text.length);
  return { text, starts };
}

/** The text of the node before with other tails: the cost is that of a copy, where writing it goes through every child. */
function patched(node: Inner, { before, places }: Patch): Form {
  const was = before.form!;
  let { starts } = was;
  let text = '';
  let copied = 0;
  for (const i of places) {
    const end = was.starts[i + 1]! - 1;
    const tail = tailOf(node, i);
    const tailBefore = hashChars + 1 + String(before.counts[i]).length;
    text += was.text.slice(copied, end - tailBefore) + tail;
    copied = end;
    const longer = tail.length - tailBefore;
    if (longer !== 0) starts = starts.map((start, n) => (n > i ? start + longer : start));
  }
  return { text: text + was.text.slice(copied), starts };
}

/** What a line of an inner node says beside its key. */
function tailOf(node: Inner, i: number): string {
  return `${hashOf(node.children[i]!)}:${node.counts[i]}`;
}

const hashChars = 64;

export function encodeBlob(payload: string): string {
  return blobHeader + payload;
}

export type ChunkKind = Node['kind'] | 'blob';

/** What a chunk's first characters say it is. */
export function chunkKind(text: string): ChunkKind {
  if (text.startsWith(leafHeader)) return 'leaf';
  if (text.startsWith(innerHeader)) return 'inner';
  if (text.startsWith(blobHeader)) return 'blob';
  throw damaged('unknown format', 0);
}

export function decodeBlob(text: string): string {
  if (!text.startsWith(blobHeader)) throw damaged('not a blob', 0);
  return text.slice(blobHeader.length);
}

/** The node that a text says, with `hash` as its hash. Fault `store_damaged` for any text `encodeNode` cannot give. */
export function decodeNode(text: string, hash: Hash | undefined): Node {
  if (text.startsWith(leafHeader)) return decodeLeaf(text, hash);
  if (text.startsWith(innerHeader)) return decodeInner(text, hash);
  throw damaged('not a node', 0);
}

/** The same, trusting that the text is the one of the hash: the entries of a leaf are read only when asked for. */
export function openNode(text: string, hash: Hash): Node {
  if (text.startsWith(leafHeader)) return new TextLeaf(text, hash);
  return decodeNode(text, hash);
}

function decodeLeaf(text: string, hash: Hash | undefined): Leaf {
  const keys: string[] = [];
  const values: string[] = [];
  let previous: string | undefined;
  let at = leafHeader.length;
  while (at < text.length) {
    const colon = text.indexOf(':', at);
    const start = text.indexOf(':', colon + 1) + 1;
    const shared = numberIn(text, at, colon);
    const keyEnd = start + numberIn(text, colon + 1, start - 1);
    const lineEnd = text.indexOf('\n', keyEnd);
    if (lineEnd < 0) throw damaged('a line without an end', at);
    const key = keyFrom(previous, shared, text, start, keyEnd);
    keys.push(key);
    values.push(text.slice(keyEnd, lineEnd));
    previous = key;
    at = lineEnd + 1;
  }
  return { kind: 'leaf', level: 0, keys, values, count: keys.length, hasEntries: true, text, hash };
}

/** A hash and its colon at `lastIndex`. */
const hashAhead = /[0-9a-f]{64}:/y;

function decodeInner(text: string, hash: Hash | undefined): Inner {
  const keys: string[] = [];
  const children: Child[] = [];
  const counts: number[] = [];
  const starts: number[] = [];
  let at = text.indexOf('\n') + 1;
  const level = numberIn(text, innerHeader.length, at - 1);
  if (level < 1 || level > keyLevelMax) throw damaged(`a node of level ${level}`, 0);
  if (at === text.length) throw damaged('an inner node without children', at);
  let previous: string | undefined;
  while (at < text.length) {
    starts.push(at);
    const colon = text.indexOf(':', at);
    const start = text.indexOf(':', colon + 1) + 1;
    const shared = numberIn(text, at, colon);
    const keyEnd = start + numberIn(text, colon + 1, start - 1);
    const hashEnd = keyEnd + hashChars;
    const lineEnd = text.indexOf('\n', hashEnd);
    hashAhead.lastIndex = keyEnd;
    if (lineEnd < 0 || !hashAhead.test(text)) throw damaged('a child without hash', at);
    const count = numberIn(text, hashEnd + 1, lineEnd);
    if (count === 0) throw damaged('a child without entries', at);
    const key = keyFrom(previous, shared, text, start, keyEnd);
    keys.push(key);
    children.push(text.slice(keyEnd, hashEnd) as Hash);
    counts.push(count);
    previous = key;
    at = lineEnd + 1;
  }
  starts.push(at);
  return {
    kind: 'inner',
    level,
    keys,
    children,
    counts,
    hash,
    form: { text, starts },
    patch: undefined,
    fresh: undefined,
  };
}

/** The decimal number that fills text[start, end): no sign, no leading zero, within 2^53. */
function numberIn(text: string, start: number, end: number): number {
  const digits = end - start;
  if (digits < 1 || digits > 15) throw damaged('a number is missing', start);
  let n = 0;
  for (let i = start; i < end; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (!(digit >= 0 && digit <= 9)) throw damaged('a number is malformed', start);
    n = n * 10 + digit;
  }
  if (digits > 1 && text.charCodeAt(start) === 48) throw damaged('a number starts with zero', start);
  return n;
}

/**
 * The key made of `shared` units of the key before it and of text[start, end). Because the shared part must be as long
 * as it can be, one comparison shows both that it is and that the keys ascend.
 */
function keyFrom(previous: string | undefined, shared: number, text: string, start: number, end: number): string {
  if (end > text.length) throw damaged('a key runs past the end', start);
  if (start < end && (isLowSurrogate(text.charCodeAt(start)) || isHighSurrogate(text.charCodeAt(end - 1)))) {
    throw damaged('a key cut inside a character', start);
  }
  if (previous === undefined) {
    if (shared !== 0) throw damaged('a first key with a shared prefix', start);
    return text.slice(start, end);
  }
  if (shared > previous.length || start === end) throw damaged('a key is out of order', start);
  if (shared > 0 && isHighSurrogate(previous.charCodeAt(shared - 1))) {
    throw damaged('a shared prefix cut inside a character', start);
  }
  if (shared < previous.length) {
    let before = previous.charCodeAt(shared);
    let unit = text.charCodeAt(start);
    if (before === unit && isHighSurrogate(unit) && end - start > 1) {
      before = previous.charCodeAt(shared + 1);
      unit = text.charCodeAt(start + 1);
    }
    if (!(before < unit)) throw damaged('a key is out of order', start);
  }
  return shared === 0 ? text.slice(start, end) : previous.slice(0, shared) + text.slice(start, end);
}

function damaged(what: string, at: number): Fault {
  return new Fault('store_damaged', `chunk text: ${what} (at character ${at})`, { at });
}
