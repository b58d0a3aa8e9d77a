// One pass of edits over a Merkle map. Each node that an edit falls into is replaced by the nodes that its contents now
// demand: none when it was emptied, several when a boundary key came in. A replacement whose first key is no boundary
// (its boundary was removed) belongs to the node on its left: the parent joins the two, level by level along the seam.
// A parent that starts with such a node is in turn joined with its own left neighbour one level up.
// Nodes are never changed: the pass gives new nodes without hashes, and undefined where nothing changed.

import { invariant } from '../base/result.ts';
import {
  type Child,
  childIndex,
  countOf,
  firstKey,
  type Inner,
  innerOf,
  innerWith,
  type Leaf,
  leafOf,
  leafWithText,
  lowerBound,
  type Node,
} from './chunk.ts';
import type { ChunkSpace } from './chunk_space.ts';
import { keyLevel } from './key_level.ts';
import { findValue, type ValuePlace } from './leaf_text.ts';

/** A key's new value, or undefined to remove the key. */
export type Edit = readonly [key: string, value: string | undefined];

/** Edits in ascending order of keys, one a key. */
export interface SortedEdits {
  readonly keys: readonly string[];
  readonly values: readonly (string | undefined)[];
  readonly replaced?: Replaced;
}

/** Told each value that an edit took the place of, once or more often. */
export type Replaced = (key: string, before: string) => void;

/** Edits in any order; of several for one key the last counts. */
export function sortEdits(edits: Iterable<Edit>): SortedEdits {
  const list = [...edits];
  let ascending = true;
  for (let i = 1; i < list.length && ascending; i++) ascending = list[i - 1]![0] < list[i]![0];
  if (!ascending) list.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
  const keys: string[] = [];
  const values: (string | undefined)[] = [];
  for (const [key, value] of list) {
    if (!ascending && keys.length > 0 && keys[keys.length - 1] === key) values[values.length - 1] = value;
    else {
      keys.push(key);
      values.push(value);
    }
  }
  return { keys, values };
}

export function loadChild(space: ChunkSpace, child: Child): Node {
  return typeof child === 'string' ? space.node(child) : child;
}

/** The child at a place; where it is missing, what stands next to it is named as well. */
export function loadChildAt(space: ChunkSpace, { children }: Inner, at: number): Node {
  const child = children[at]!;
  return typeof child === 'string' ? space.node(child, children, at) : child;
}

/** The root after the edits, as a child reference; undefined when they change nothing. */
export function editRoot(space: ChunkSpace, root: Child, edits: SortedEdits): Child | undefined {
  if (edits.keys.length === 0) return undefined;
  const replaced = editNode(space, loadChild(space, root), edits, 0, edits.keys.length);
  if (replaced === undefined) return undefined;
  let nodes: readonly Node[] = replaced;
  while (nodes.length > 1) {
    const above = new Row(space, nodes[0]!.level + 1);
    for (const node of nodes) above.add(node);
    nodes = above.finish();
  }
  let top: Child = nodes[0] ?? leafOf([], []);
  for (;;) {
    const node: Node = loadChild(space, top);
    if (node.kind === 'leaf' || node.children.length > 1) return top;
    top = node.children[0]!;
  }
}

/** Applies edits [low, high) to one node, whose range they are in. */
function editNode(
  space: ChunkSpace,
  node: Node,
  edits: SortedEdits,
  low: number,
  high: number,
): readonly Node[] | undefined {
  return node.kind === 'leaf' ? editLeaf(node, edits, low, high) : editInner(space, node, edits, low, high);
}

function editInner(
  space: ChunkSpace,
  node: Inner,
  edits: SortedEdits,
  low: number,
  high: number,
): readonly Node[] | undefined {
  // As long as each replacement is one node with the first key of the old one, only these two arrays are new.
  let children: Child[] | undefined;
  let counts: number[] | undefined;
  const places: number[] = [];
  let row: Row | undefined;
  let copied = 0;
  let at = low;
  while (at < high) {
    const i = childIndex(node.keys, edits.keys[at]!);
    const nextKey = node.keys[i + 1];
    let end = nextKey === undefined ? high : at + 1;
    while (nextKey !== undefined && end < high && edits.keys[end]! < nextKey) end++;
    const replaced = editNode(space, loadChild(space, node.children[i]!), edits, at, end);
    at = end;
    if (replaced === undefined) continue;
    const [below] = replaced;
    if (row === undefined && replaced.length === 1 && firstKey(below!) === node.keys[i]) {
      children ??= node.children.slice();
      counts ??= node.counts.slice();
      children[i] = below!;
      counts[i] = countOf(below!);
      places.push(i);
      continue;
    }
    row ??= new Row(space, node.level);
    row.copy(node.keys, children ?? node.children, counts ?? node.counts, copied, i);
    for (const one of replaced) row.add(one);
    copied = i + 1;
  }
  if (row !== undefined) {
    row.copy(node.keys, children ?? node.children, counts ?? node.counts, copied, node.keys.length);
    return row.finish();
  }
  return children && counts && [innerWith(node, children, counts, places)];
}

function editLeaf(leaf: Leaf, edits: SortedEdits, low: number, high: number): readonly Leaf[] | undefined {
  const sameKeys = leaf.text === undefined ? undefined : editText(leaf, leaf.text, edits, low, high);
  if (sameKeys !== undefined) return sameKeys === leaf ? undefined : [sameKeys];
  // As long as no key comes or goes, only the values are new.
  let patched: string[] | undefined;
  let keys: string[] | undefined;
  let values: string[] = [];
  // Where the entries have to be cut. Only new keys can be boundaries, and the old first key once it is not first.
  const cuts: number[] = [];
  let copied = 0;
  const copyTo = (keysOut: string[], end: number): void => {
    for (; copied < end; copied++) {
      if (copied === 0 && keysOut.length > 0 && keyLevel(leaf.keys[0]!) >= 1) cuts.push(keysOut.length);
      keysOut.push(leaf.keys[copied]!);
      values.push((patched ?? leaf.values)[copied]!);
    }
  };
  let from = 0;
  for (let e = low; e < high; e++) {
    const key = edits.keys[e]!;
    const value = edits.values[e];
    const i = lowerBound(leaf.keys, key, from);
    const present = leaf.keys[i] === key;
    from = present ? i + 1 : i;
    if (value === (present ? leaf.values[i] : undefined)) continue;
    if (value !== undefined) checkEntry(key, value);
    if (present) edits.replaced?.(key, leaf.values[i]!);
    if (keys === undefined && present && value !== undefined) {
      patched ??= leaf.values.slice();
      patched[i] = value;
      continue;
    }
    if (keys === undefined) {
      keys = leaf.keys.slice(0, i);
      values = (patched ?? leaf.values).slice(0, i);
      copied = i;
    } else {
      copyTo(keys, i);
    }
    if (present) copied = i + 1;
    if (value === undefined) continue;
    if ((!present || i === 0) && keys.length > 0 && keyLevel(key) >= 1) cuts.push(keys.length);
    keys.push(key);
    values.push(value);
  }
  if (keys === undefined) return patched && [leafOf(leaf.keys, patched)];
  copyTo(keys, leaf.keys.length);
  if (keys.length === 0) return [];
  if (cuts.length === 0) return [leafOf(keys, values)];
  cuts.push(keys.length);
  let start = 0;
  return cuts.map((end) => {
    const part = leafOf(keys.slice(start, end), values.slice(start, end));
    start = end;
    return part;
  });
}

/** The leaf when the edits give other values to keys that it has, made in its text; undefined when one does not. */
function editText(leaf: Leaf, text: string, edits: SortedEdits, low: number, high: number): Leaf | undefined {
  let out = '';
  let copied = 0;
  let place: ValuePlace | undefined;
  for (let e = low; e < high; e++) {
    const key = edits.keys[e]!;
    const value = edits.values[e];
    if (value === undefined) return undefined;
    place = findValue(text, key, place);
    if (place === undefined) return undefined;
    if (value.length === place.end - place.start && text.startsWith(value, place.start)) continue;
    checkEntry(key, value);
    edits.replaced?.(key, text.slice(place.start, place.end));
    out += text.slice(copied, place.start) + value;
    copied = place.end;
  }
  return copied === 0 ? leaf : leafWithText(leaf, out + text.slice(copied));
}

// A surrogate that is not half of a pair would make two keys of one digest. A plain class of code units is several
// times faster than a Unicode property on the long ASCII keys that are the rule.
const anySurrogate = /[\ud800-\udfff]/;
const loneSurrogate = /\p{Surrogate}/u;

/** A bug in the caller if the entry has no chunk text of its own. */
export function checkEntry(key: string, value: string): void {
  invariant(!anySurrogate.test(key) || !loneSurrogate.test(key), 'a map key has a lone surrogate');
  invariant(!value.includes('\n'), 'a map value has a line feed');
}

/** One node starting with `left` and going on with `right`, whose first key is not a boundary of their level. */
function join(space: ChunkSpace, left: Node, right: Node): Node {
  if (left.kind === 'leaf') {
    invariant(right.kind === 'leaf', 'only nodes of one level are joined');
    return leafOf([...left.keys, ...right.keys], [...left.values, ...right.values]);
  }
  invariant(right.kind === 'inner' && right.level === left.level, 'only nodes of one level are joined');
  const row = new Row(space, left.level);
  row.copy(left.keys, left.children, left.counts, 0, left.keys.length);
  row.addChild(right.keys[0]!, right.children[0]!, right.counts[0]!);
  row.copy(right.keys, right.children, right.counts, 1, right.keys.length);
  const [joined, ...more] = row.finish();
  invariant(joined !== undefined && more.length === 0, 'a join gives one node');
  return joined;
}

/** Nodes of one level in the making, from their children in order. */
class Row {
  readonly #space: ChunkSpace;
  readonly #level: number;
  readonly #done: Inner[] = [];
  #keys: string[] = [];
  #children: Child[] = [];
  #counts: number[] = [];

  constructor(space: ChunkSpace, level: number) {
    this.#space = space;
    this.#level = level;
  }

  /**
   * Children [from, to) of an old node. They are not looked at: other than its first child, none of a node is a boundary
   * of its level.
   */
  copy(keys: readonly string[], children: readonly Child[], counts: readonly number[], from: number, to: number): void {
    for (let i = from; i < to; i++) this.#push(keys[i]!, children[i]!, counts[i]!);
  }

  /** A node that is new at its place. */
  add(node: Node): void {
    this.addChild(firstKey(node)!, node, countOf(node));
  }

  /** A child that is new at its place: joined with the one before it, or the start of a node, as its first key says. */
  addChild(key: string, child: Child, count: number): void {
    if (this.#keys.length > 0) {
      const level = keyLevel(key);
      if (level < this.#level) {
        const last = this.#keys.length - 1;
        const left = loadChild(this.#space, this.#children[last]!);
        this.#children[last] = join(this.#space, left, loadChild(this.#space, child));
        this.#counts[last]! += count;
        return;
      }
      if (level > this.#level) this.#close();
    }
    this.#push(key, child, count);
  }

  finish(): readonly Inner[] {
    if (this.#keys.length > 0) this.#close();
    return this.#done;
  }

  #push(key: string, child: Child, count: number): void {
    this.#keys.push(key);
    this.#children.push(child);
    this.#counts.push(count);
  }

  #close(): void {
    this.#done.push(innerOf(this.#level, this.#keys, this.#children, this.#counts));
    this.#keys = [];
    this.#children = [];
    this.#counts = [];
  }
}
