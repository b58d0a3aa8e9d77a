// The chunks that may be forgotten: least recently used first out, bounded by bytes. Order of use is a doubly linked
// list through the entries, not the order of a Map: deleting and adding a hot key again leaves its old slots in the
// hash chain until the table is rebuilt, which makes each touch of a root node cost tens of microseconds.

import type { Hash } from '../base/ids.ts';
import { encodeNode, type Node } from './chunk.ts';

/** A text, a node, or both. What was made here keeps only its node: most are replaced before anyone needs the text. */
export interface Chunk {
  readonly text: string | undefined;
  /** Length of the text. */
  readonly chars: number;
  /** Undefined for a blob, and for a node nobody has asked for. */
  node: Node | undefined;
}

export function textOf(chunk: Chunk): string {
  return chunk.text ?? encodeNode(chunk.node!);
}

/** Memory of a chunk beside its text: its places in maps, its node. */
const overheadBytes = 256;

/** Memory of a chunk, estimated: its text as it is kept where every character is of Latin-1. */
export function bytesOf(chunk: Chunk): number {
  return chunk.chars + overheadBytes;
}

/** One place in the circle of use; the circle's own place has no chunk. */
interface Place {
  readonly hash: Hash | undefined;
  readonly chunk: Chunk | undefined;
  older: Place;
  newer: Place;
}

export class ChunkCache {
  readonly #places = new Map<Hash, Place>();
  /** `circle.newer` is the oldest place, `circle.older` the newest. */
  readonly #circle: Place;
  #bytes = 0;

  constructor() {
    const circle = { hash: undefined, chunk: undefined } as unknown as Place;
    circle.older = circle;
    circle.newer = circle;
    this.#circle = circle;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#places.size;
  }

  /** The chunk, which counts as used now. */
  use(hash: Hash): Chunk | undefined {
    const place = this.#places.get(hash);
    if (place === undefined) return undefined;
    if (place.newer !== this.#circle) {
      unlink(place);
      this.#linkNewest(place);
    }
    return place.chunk;
  }

  /** The chunk, without counting as a use. */
  peek(hash: Hash): Chunk | undefined {
    return this.#places.get(hash)?.chunk;
  }

  /** Puts a chunk in as used now, over an earlier one, and forgets the oldest beyond the bound; never this one. */
  put(hash: Hash, chunk: Chunk, bytesMax: number): void {
    this.remove(hash);
    const place = { hash, chunk } as Place;
    this.#linkNewest(place);
    this.#places.set(hash, place);
    this.#bytes += bytesOf(chunk);
    this.trim(bytesMax);
  }

  /** Forgets the oldest beyond the bound, never the newest. */
  trim(bytesMax: number): void {
    const circle = this.#circle;
    while (this.#bytes > bytesMax && circle.newer !== circle.older) this.remove(circle.newer.hash!);
  }

  remove(hash: Hash): void {
    const place = this.#places.get(hash);
    if (place === undefined) return;
    this.#places.delete(hash);
    unlink(place);
    this.#bytes -= bytesOf(place.chunk!);
  }

  #linkNewest(place: Place): void {
    const circle = this.#circle;
    place.older = circle.older;
    place.newer = circle;
    circle.older.newer = place;
    circle.older = place;
  }
}

function unlink(place: Place): void {
  place.older.newer = place.newer;
  place.newer.older = place.older;
}
