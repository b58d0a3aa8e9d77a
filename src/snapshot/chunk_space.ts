// Where chunks come from and where new ones wait. A chunk is looked up in two places, then in the source:
// - unwritten: sealed or put here, not yet in the store. Never evicted; the engine bounds it (`unwrittenBytes`).
// - cache: least recently used first out, bounded by bytes. Holds what was read and what has been written. A
//   small part of it is for what was dropped unwritten, so that a reader that started earlier still finds it for a while:
//   every edit leaves a path of old nodes behind, which must not drive out what will be read again.
// A chunk found nowhere is `ChunkMissing`: the engine fetches it, offers it, and runs the pure function again, so that
// no code on top of a space ever awaits. What was fetched for a run is held for it, however small the cache is.
// Nothing here parses a value. References from values to blobs are found by the function given at construction.

import type { Digest, Hash } from '../base/ids.ts';
import { Fault } from '../base/result.ts';
import type { Matches } from '../model/pattern.ts';
import { chunkKind, decodeBlob, encodeBlob, encodeNode, type Node, openNode } from './chunk.ts';
import { bytesOf, type Chunk, ChunkCache, textOf } from './chunk_cache.ts';
import { eachLongValue } from './leaf_text.ts';

/** Thrown when a chunk is in neither memory nor the source. Not a fault: the run is repeated once it was offered. */
export class ChunkMissing extends Error {
  readonly hash: Hash;
  readonly #siblings: readonly unknown[];
  readonly #at: number;
  constructor(hash: Hash, siblings: readonly unknown[] = [], at = 0) {
    super(`chunk ${hash} is not at hand: fetch it, offer it to the space and run again`);
    this.name = 'ChunkMissing';
    this.hash = hash;
    this.#siblings = siblings;
    this.#at = at;
  }

  /** The chunks that stand next to it, `most` of them: whoever goes through the map in order comes to them next. */
  ahead(most: number): Hash[] {
    const next = this.#siblings.slice(this.#at + 1, this.#at + 1 + most);
    return next.filter((child): child is Hash => typeof child === 'string');
  }
}

/** Chunks that are held for a run beside the cache. */
export type Held = Map<Hash, Chunk>;

export interface ChunkSource {
  /** The text stored under a hash, or undefined when it cannot be had at once. The space checks it against the hash. */
  read(hash: Hash): string | undefined;
}

/** Blob hashes named in a leaf's value; called for every value of every leaf that is walked that could hold one. */
export type RefsOf = (value: string) => readonly Hash[];

/** Dropped chunks may take one part in so many of the cache. */
const droppedShare = 8;

export interface ChunkSpaceOptions {
  readonly digest: Digest;
  readonly source: ChunkSource;
  /** Bound of the cache, by the estimate of `bytesOf`. */
  readonly cacheBytesMax: number;
  /** Default: values name no blobs. */
  readonly refsOf?: RefsOf;
  /** What its snapshots match regular expressions with; see `Reader`. */
  readonly matches?: Matches;
}

export interface ChunkSpaceStats {
  /** Look-ups answered from memory. */
  readonly hits: number;
  /** Look-ups that went to the source. */
  readonly misses: number;
  readonly cachedChunks: number;
  readonly cachedBytes: number;
  readonly unwrittenChunks: number;
  readonly unwrittenBytes: number;
}

export class ChunkSpace {
  readonly digest: Digest;
  readonly refsOf: RefsOf | undefined;
  readonly matches: Matches | undefined;
  readonly #source: ChunkSource;
  readonly #unwritten = new Map<Hash, Chunk>();
  /** Chunks that the store has. */
  readonly #cache = new ChunkCache();
  /** Chunks that the store does not have and that nothing live reaches. */
  readonly #dropped = new ChunkCache();
  readonly #cacheBytesMax: number;
  #held: Held | undefined;
  #unwrittenBytes = 0;
  #hits = 0;
  #misses = 0;

  constructor(options: ChunkSpaceOptions) {
    this.digest = options.digest;
    this.refsOf = options.refsOf;
    this.matches = options.matches;
    this.#source = options.source;
    this.#cacheBytesMax = options.cacheBytesMax;
  }

  /** The node of a hash; the child at `at` of `siblings`, where it is one. Throws `ChunkMissing`, or fault `store_damaged`. */
  node(hash: Hash, siblings?: readonly unknown[], at?: number): Node {
    const chunk = this.#find(hash, siblings, at);
    chunk.node ??= named(hash, () => openNode(textOf(chunk), hash));
    const { node } = chunk;
    if (node.kind === 'inner' && node.fresh === undefined && this.#cache.peek(hash) === chunk) node.fresh = [];
    return node;
  }

  /** The payload of a blob. Throws `ChunkMissing`, or fault `store_damaged`. */
  blob(hash: Hash): string {
    const chunk = this.#find(hash);
    return named(hash, () => decodeBlob(textOf(chunk)));
  }

  /**
   * The text of a chunk as stored, for whoever checks it: unwritten, else from the source, else (offered earlier) from
   * the cache. Not compared with its hash and not cached. Throws `ChunkMissing`.
   */
  text(hash: Hash): string {
    const unwritten = this.#unwritten.get(hash);
    if (unwritten !== undefined) return textOf(unwritten);
    const text = this.#source.read(hash);
    if (text !== undefined) return text;
    const cached = this.#peek(hash) ?? this.#held?.get(hash);
    if (cached === undefined) throw new ChunkMissing(hash);
    return textOf(cached);
  }

  /** Takes a new chunk in as unwritten, with its node if there is one, and returns its hash. */
  add(text: string, node?: Node): Hash {
    const hash = this.digest(text);
    // Also when the cache has it as written: the store renews what is written again, so that no sweep takes it.
    this.#cache.remove(hash);
    this.#dropped.remove(hash);
    const before = this.#unwritten.get(hash);
    if (before === undefined) {
      const chunk: Chunk = { text: node === undefined ? text : undefined, chars: text.length, node };
      this.#unwritten.set(hash, chunk);
      this.#unwrittenBytes += bytesOf(chunk);
    } else {
      before.node ??= node;
    }
    return hash;
  }

  /** Takes a payload in as a blob of its own. The text must be well-formed Unicode. */
  putBlob(payload: string): Hash {
    return this.add(encodeBlob(payload));
  }

  /**
   * Takes in a chunk that was fetched from the store, and adds it to those that are held. Fault `store_damaged` when the text is
   * not that of the hash.
   */
  offer(hash: Hash, text: string, held?: Held): void {
    if (this.#unwritten.has(hash)) return;
    const chunk = this.#admit(hash, text);
    held?.set(hash, chunk);
  }

  /** Runs `body`, which finds what is held as if it were in the cache. */
  holding<T>(held: Held, body: () => T): T {
    const before = this.#held;
    this.#held = held;
    try {
      return body();
    } finally {
      this.#held = before;
    }
  }

  /** Is it in memory, whether written or not? */
  isAtHand(hash: Hash): boolean {
    return this.#unwritten.has(hash) || this.#peek(hash) !== undefined;
  }

  /** Is the chunk here and not yet written? */
  pinned(hash: Hash): boolean {
    return this.#unwritten.has(hash);
  }

  get unwrittenBytes(): number {
    return this.#unwrittenBytes;
  }

  stats(): ChunkSpaceStats {
    return {
      hits: this.#hits,
      misses: this.#misses,
      cachedChunks: this.#cache.size + this.#dropped.size,
      cachedBytes: this.#cache.bytes + this.#dropped.bytes,
      unwrittenChunks: this.#unwritten.size,
      unwrittenBytes: this.#unwrittenBytes,
    };
  }

  /**
   * Every unwritten chunk reachable from the given roots (of maps, or blobs), each once, children before parents.
   * Walks through unwritten chunks only: a written one has been written with everything below it. A dropped chunk that
   * is reachable after all counts as unwritten again while the cache has it.
   */
  collectUnwritten(roots: Iterable<Hash>): { hash: Hash; text: string }[] {
    const out: { hash: Hash; text: string }[] = [];
    this.#reachUnwritten(roots, (hash, chunk) => out.push({ hash, text: textOf(chunk) }));
    return out;
  }

  /** The store has these chunks, durably, and everything below them: they become evictable. */
  markWritten(hashes: Iterable<Hash>): void {
    for (const hash of hashes) {
      const chunk = this.#take(hash) ?? this.#peek(hash);
      if (chunk === undefined) continue;
      this.#dropped.remove(hash);
      this.#cache.put(hash, chunk, this.#cacheBytesMax - this.#dropped.bytes);
    }
  }

  /**
   * Unwritten chunks reachable from none of the live roots become evictable. The roots of every map in use must be
   * among them, those included that an unsealed map was edited from. Returns how many were dropped.
   */
  dropUnwritten(liveRoots: Iterable<Hash>): number {
    const live = this.#reachUnwritten(liveRoots, () => {});
    let dropped = 0;
    for (const hash of [...this.#unwritten.keys()]) {
      if (live.has(hash)) continue;
      this.#dropped.put(hash, this.#take(hash)!, this.#cacheBytesMax / droppedShare);
      dropped++;
    }
    this.#cache.trim(this.#cacheBytesMax - this.#dropped.bytes);
    return dropped;
  }

  /** Visits what `collectUnwritten` promises; answers the hashes. */
  #reachUnwritten(roots: Iterable<Hash>, visit: (hash: Hash, chunk: Chunk) => void): ReadonlySet<Hash> {
    const seen = new Set<Hash>();
    // Answers whether the chunk is unwritten.
    const walk = (hash: Hash): boolean => {
      const chunk = this.#unwritten.get(hash) ?? this.#revive(hash);
      if (chunk === undefined) return false;
      if (seen.has(hash)) return true;
      seen.add(hash);
      if (chunk.node === undefined && chunkKind(chunk.text!) !== 'blob') chunk.node = openNode(chunk.text!, hash);
      const { node } = chunk;
      // Most children of a new node are old: those found written are not looked at again.
      if (node?.kind === 'inner')
        node.fresh = (node.fresh ?? [...node.children.keys()]).filter((i) => walk(node.children[i] as Hash));
      else if (node !== undefined) eachReference(node, this.refsOf, walk);
      visit(hash, chunk);
      return true;
    };
    for (const root of roots) walk(root);
    return seen;
  }

  #find(hash: Hash, siblings?: readonly unknown[], at?: number): Chunk {
    const unwritten = this.#unwritten.get(hash);
    if (unwritten !== undefined) {
      this.#hits++;
      return unwritten;
    }
    const cached = this.#cache.use(hash) ?? this.#dropped.use(hash) ?? this.#held?.get(hash);
    if (cached !== undefined) {
      this.#hits++;
      return cached;
    }
    this.#misses++;
    const text = this.#source.read(hash);
    if (text === undefined) throw new ChunkMissing(hash, siblings, at);
    return this.#admit(hash, text);
  }

  #admit(hash: Hash, text: string): Chunk {
    const actual = this.digest(text);
    if (actual !== hash) {
      throw new Fault('store_damaged', `chunk ${hash} has the content of ${actual}; run verify`, { hash, actual });
    }
    // Keyed by the digest's own string: the one given may be a slice that keeps a whole parent's text in memory.
    const chunk: Chunk = { text, chars: text.length, node: undefined };
    this.#cache.put(actual, chunk, this.#cacheBytesMax - this.#dropped.bytes);
    return chunk;
  }

  /** A cached chunk, without counting as a use. */
  #peek(hash: Hash): Chunk | undefined {
    return this.#cache.peek(hash) ?? this.#dropped.peek(hash);
  }

  /** Takes a chunk out of the unwritten ones. */
  #take(hash: Hash): Chunk | undefined {
    const chunk = this.#unwritten.get(hash);
    if (chunk === undefined) return undefined;
    this.#unwritten.delete(hash);
    this.#unwrittenBytes -= bytesOf(chunk);
    return chunk;
  }

  /** Makes a dropped chunk unwritten again. */
  #revive(hash: Hash): Chunk | undefined {
    const chunk = this.#dropped.peek(hash);
    if (chunk === undefined) return undefined;
    this.#dropped.remove(hash);
    this.#unwritten.set(hash, chunk);
    this.#unwrittenBytes += bytesOf(chunk);
    return chunk;
  }
}

/** Visits the hashes a sealed node refers to: its children, or the blobs that its values name. */
export function eachReference(node: Node, refsOf: RefsOf | undefined, visit: (hash: Hash) => void): void {
  if (node.kind === 'inner') for (const child of node.children) visit(child as Hash);
  else if (refsOf !== undefined)
    eachLongValue(encodeNode(node), hashChars, (value) => {
      for (const blob of refsOf(value)) visit(blob);
    });
}

const hashChars = 64;

/** Adds the chunk's hash to a fault about its text. */
function named<T>(hash: Hash, body: () => T): T {
  try {
    return body();
  } catch (e) {
    if (!(e instanceof Fault)) throw e;
    throw new Fault(e.code, `chunk ${hash} cannot be read; run verify`, { hash }, { cause: e });
  }
}
