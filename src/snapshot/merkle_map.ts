// A persistent ordered map from text to text, stored as a Merkle tree of chunks. Its shape, and so its root hash,
// depends on its contents alone: equal contents have equal roots whatever edits led to them, and two versions share
// every node in which they agree. A map never changes; an edit gives another map that shares what it did not touch.
// An edited map hashes nothing until its root is asked for. Whatever reads nodes may throw `ChunkMissing`; the caller
// gets the chunk and runs again. An iterator that has thrown is at its end: take a new one.

import type { Hash } from '../base/ids.ts';
import { type Child, childIndex, countOf, firstKey, type Leaf, lowerBound, type Node } from './chunk.ts';
import type { ChunkSpace } from './chunk_space.ts';
import { findValue, LeafReader, type ValuePlace } from './leaf_text.ts';
import { buildRoot, type ChunkSink, seal } from './map_build.ts';
import { type Edit, editRoot, loadChild, loadChildAt, type SortedEdits, sortEdits } from './map_edit.ts';

/** Bounds of a scan; all that are given hold. Order is that of UTF-16 code units. */
export interface ScanRange {
  /** Keys from this one on. */
  readonly from?: string;
  /** Keys after this one. */
  readonly after?: string;
  /** Keys before this one. */
  readonly to?: string;
  /** Keys that start with this. */
  readonly prefix?: string;
}

export type Entry = readonly [key: string, value: string];

export class MerkleMap {
  readonly space: ChunkSpace;
  /** The root node, or its hash once sealed. */
  #top: Child;
  /** The leaf that was read last and the first key after it: keys of one component are asked for one after another. */
  #leaf: Leaf | undefined;
  #leafStart: string | undefined;
  #leafEnd: string | undefined;
  /** The place in it that was found last. */
  #place: ValuePlace | undefined;

  private constructor(space: ChunkSpace, top: Child) {
    this.space = space;
    this.#top = top;
  }

  static empty(space: ChunkSpace): MerkleMap {
    return MerkleMap.build(space, []);
  }

  /** The map of a root hash. Reads nothing yet. */
  static open(space: ChunkSpace, root: Hash): MerkleMap {
    return new MerkleMap(space, root);
  }

  /** The map of entries in strictly ascending order of keys, in one pass with memory for its depth; see `buildRoot`. */
  static build(space: ChunkSpace, entries: Iterable<Entry>, sink?: ChunkSink): MerkleMap {
    return new MerkleMap(space, buildRoot(space, entries, sink));
  }

  /** Number of entries. Reads the root node. */
  get size(): number {
    return countOf(this.#rootNode());
  }

  get(key: string): string | undefined {
    const leaf = this.#leafOf(key);
    if (leaf.text !== undefined) {
      const last = this.#place;
      const place =
        last?.key === key ? last : findValue(leaf.text, key, last !== undefined && last.key < key ? last : undefined);
      if (place === undefined) return undefined;
      this.#place = place;
      return leaf.text.slice(place.start, place.end);
    }
    const i = lowerBound(leaf.keys, key);
    return leaf.keys[i] === key ? leaf.values[i] : undefined;
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  /** Entries in ascending order of keys; reads only the nodes whose range meets the bounds, when it gets to them. */
  *scan(range: ScanRange = {}): IterableIterator<Entry> {
    const { from = '', after, to, prefix = '' } = range;
    let low = prefix;
    if (from > low) low = from;
    if (after !== undefined && after >= low) low = after;
    const within = (key: string): boolean =>
      (to === undefined || key < to) && (prefix === '' || key.startsWith(prefix));

    // Inner nodes on the way down, each with its next child to enter.
    const path: { node: Node & { kind: 'inner' }; next: number }[] = [];
    let node = this.#rootNode();
    let first = true;
    for (;;) {
      while (node.kind === 'inner') {
        const i: number = first ? childIndex(node.keys, low) : 0;
        path.push({ node, next: i + 1 });
        node = loadChildAt(this.space, node, i);
      }
      if (node.text !== undefined && !node.hasEntries) {
        const reader = new LeafReader(node.text, first ? low : '');
        while (reader.next()) {
          const { key, value } = reader;
          if (key === after) continue;
          if (!within(key)) return;
          yield [key, value];
        }
      } else {
        let i = first ? lowerBound(node.keys, low) : 0;
        if (i < node.keys.length && node.keys[i] === after) i++;
        for (; i < node.keys.length; i++) {
          const key = node.keys[i]!;
          if (!within(key)) return;
          yield [key, node.values[i]!];
        }
      }
      first = false;
      let last = path.at(-1);
      while (last !== undefined && last.next === last.node.children.length) {
        path.pop();
        last = path.at(-1);
      }
      if (last === undefined) return;
      // Beyond `low` every key is within the bounds up to the first that is not, so the next node's first key decides.
      if (!within(last.node.keys[last.next]!)) return;
      node = loadChildAt(this.space, last.node, last.next++);
    }
  }

  /**
   * The map after the edits, given in any order; of several for one key the last counts. Returns this map itself when
   * they change nothing. Touches each node on the way to an edit once, plus the seam where a boundary key was removed.
   */
  edit(edits: Iterable<Edit>): MerkleMap {
    return this.editSorted(sortEdits(edits));
  }

  /** `edit` with edits that are in order already. */
  editSorted(edits: SortedEdits): MerkleMap {
    const top = editRoot(this.space, this.#top, edits);
    return top === undefined ? this : new MerkleMap(this.space, top);
  }

  /** `edit` with one edit. */
  set(key: string, value: string | undefined): MerkleMap {
    return this.edit([[key, value]]);
  }

  /** Root hash. Seals the map first: its new nodes become unwritten chunks of the space. */
  root(): Hash {
    if (typeof this.#top !== 'string') this.#top = seal(this.space, this.#top);
    return this.#top;
  }

  /** Seals the map and returns it. */
  seal(): this {
    this.root();
    return this;
  }

  /** The root by hash if sealed, else the node itself: for walks that compare maps by identity. */
  get top(): Child {
    return this.#top;
  }

  #leafOf(key: string): Leaf {
    const last = this.#leaf;
    if (last !== undefined && key >= this.#leafStart! && (this.#leafEnd === undefined || key < this.#leafEnd))
      return last;
    let node = this.#rootNode();
    let end: string | undefined;
    while (node.kind === 'inner') {
      const i = childIndex(node.keys, key);
      end = node.keys[i + 1] ?? end;
      node = loadChildAt(this.space, node, i);
    }
    this.#leaf = node;
    this.#leafStart = firstKey(node) ?? key;
    this.#leafEnd = end;
    this.#place = undefined;
    return node;
  }

  #rootNode(): Node {
    return loadChild(this.space, this.#top);
  }
}
