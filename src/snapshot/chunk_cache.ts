// The chunks that may be forgotten: least recently used first out, bounded by bytes. Order of use is a doubly linked
// list through the entries, not the order of a Map: deleting and adding a hot key again leaves its old slots in the
// hash chain until the table is rebuilt, which makes each touch of a root node cost tens of microseconds.

import type { Hash } from '../base/ids.ts';
import type { Node } from './chunk.ts';

export interface Chunk {
  readonly text: string;
  /** Undefined for a blob, and for a node nobody has asked for. */
  node: Node | undefined;
  /** True when the store is known to have it. */
  readonly written: boolean;
}

/** Memory of a chunk, estimated: two bytes per character of its text. */
export function bytesOf(chunk: Chunk): number {
  return chunk.text.length * 2;
}

/** One place in the circle of use; the circle's own place has no chunk. */
interface Place {
  readonly hash: Hash | undefined;
  readonly chunk: Chunk | undefined;
  older: Place;
  newer: Place;
}

export class ChunkCache {
  readonly #bytesMax: number;
  readonly #places = new Map<Hash, Place>();
  /** The few that the store does not have: collecting asks for each child it passes, and nearly all are written. */
  readonly #dropped = new Set<Hash>();
  /** `circle.newer` is the oldest place, `circle.older` the newest. */
  readonly #circle: Place;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
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

  /** The chunk if the store does not have it, without counting as a use. */
  peekDropped(hash: Hash): Chunk | undefined {
    return this.#dropped.size > 0 && this.#dropped.has(hash) ? this.peek(hash) : undefined;
  }

  /** Puts a chunk in as used now, over an earlier one, and forgets the oldest beyond the bound; never this one. */
  put(hash: Hash, chunk: Chunk): void {
    this.remove(hash);
    const place = { hash, chunk } as Place;
    this.#linkNewest(place);
    this.#places.set(hash, place);
    if (!chunk.written) this.#dropped.add(hash);
    this.#bytes += bytesOf(chunk);
    while (this.#bytes > this.#bytesMax && this.#circle.newer !== place) this.remove(this.#circle.newer.hash!);
  }

  remove(hash: Hash): void {
    const place = this.#places.get(hash);
    if (place === undefined) return;
    this.#places.delete(hash);
    this.#dropped.delete(hash);
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
