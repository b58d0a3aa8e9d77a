// The computed values of one state by the address of their vertex: a map in memory over a persistent one. What is in memory
// alone can be computed again; folding it into the persistent map is a checkpoint, and shares what did not change.

import type { Hash } from '../base/ids.ts';
import { canonical, compareText, type Json, sameJson } from '../base/json.ts';
import { invariant } from '../base/result.ts';
import type { Evaluated } from '../builtins/assemble.ts';
import type { ChunkSpace } from '../snapshot/chunk_space.ts';
import { MerkleMap } from '../snapshot/merkle_map.ts';

/** 1: the first. */
const derivedFormat = 1;

/** A call that a vertex made, and what it gave. */
export interface Answered {
  readonly key: Hash;
  readonly gave: Evaluated;
}

/** What is kept of one vertex. `calls`: those of its last evaluation, so that equal inputs never run again. */
export interface Kept {
  readonly is: Evaluated;
  readonly calls?: readonly Answered[];
}

export class Derived {
  readonly #space: ChunkSpace;
  #base: MerkleMap;
  /** null: there is none any more. */
  #recent: Map<string, Kept | null>;
  /** Addresses still to be folded, the last one first. */
  #folding: string[] = [];

  constructor(space: ChunkSpace, base: MerkleMap = MerkleMap.empty(space), recent = new Map<string, Kept | null>()) {
    this.#space = space;
    this.#base = base;
    this.#recent = recent;
  }

  static open(space: ChunkSpace, root: Hash): Derived {
    return new Derived(space, MerkleMap.open(space, root));
  }

  get(address: string): Kept | undefined {
    const recent = this.#recent.get(address);
    if (recent !== undefined) return recent ?? undefined;
    const text = this.#base.get(address);
    return text === undefined ? undefined : parseKept(text);
  }

  has(address: string): boolean {
    const recent = this.#recent.get(address);
    return recent === undefined ? this.#base.has(address) : recent !== null;
  }

  set(address: string, kept: Kept): void {
    this.#recent.set(address, kept);
  }

  delete(address: string): void {
    this.#recent.set(address, null);
  }

  /** Values that are in memory alone. */
  get recent(): number {
    return this.#recent.size;
  }

  /** Root of the persistent map: of what was folded into it. */
  get root(): Hash {
    return this.#base.root();
  }

  /** What is in memory alone, as it is now. */
  inMemory(): readonly Kept[] {
    return [...this.#recent.values()].filter((kept) => kept !== null);
  }

  /** Another with the same values; the two go their own ways from here. */
  fork(): Derived {
    return new Derived(this.#space, this.#base, new Map(this.#recent));
  }

  /**
   * Moves some of what is in memory into the persistent map, `most` values in order of their addresses. Answers how many are
   * left. Doing it in portions keeps any one of them short.
   */
  fold(most: number): number {
    if (this.#recent.size === 0) return 0;
    // Put in order once, not for every portion; what came since is for the next time round.
    if (this.#folding.length === 0) this.#folding = [...this.#recent.keys()].sort(compareText).reverse();
    const from = Math.max(0, this.#folding.length - most);
    const addresses = this.#folding.slice(from).reverse();
    const edits = new Map<string, string | undefined>();
    for (const address of addresses) {
      const kept = this.#recent.get(address);
      if (kept !== undefined) edits.set(address, kept === null ? undefined : keptText(kept));
    }
    this.#base = this.#base.edit(edits);
    this.#base.root();
    // Only now: where a chunk was not at hand the same are taken again.
    this.#folding.length = from;
    for (const address of edits.keys()) this.#recent.delete(address);
    return this.#recent.size;
  }

  /** All of it in the persistent map: its root. Its new chunks are in the space. */
  checkpoint(): Hash {
    while (this.fold(Number.POSITIVE_INFINITY) > 0);
    return this.#base.root();
  }

  /** All of it in order of addresses. */
  *entries(): Iterable<readonly [string, Kept]> {
    this.checkpoint();
    for (const [address, text] of this.#base.scan()) yield [address, parseKept(text)];
  }
}

function keptText(kept: Kept): string {
  return canonical({ f: derivedFormat, ...kept } as unknown as Json);
}

function parseKept(text: string): Kept {
  const { f, ...kept } = JSON.parse(text) as Kept & { f: number };
  invariant(f === derivedFormat, `a computed value of format ${f}`);
  return kept;
}

/** Would a reader see the same? What was there before an error, and why there is nothing, are for showing only. */
export function sameEvaluated(a: Evaluated, b: Evaluated): boolean {
  switch (a.state) {
    case 'value':
      return b.state === 'value' && a.awaits === b.awaits && (a.value === b.value || sameJson(a.value, b.value));
    case 'none':
      return b.state === 'none' && a.awaits === b.awaits;
    case 'error':
      return b.state === 'error' && a.code === b.code && a.message === b.message && a.root === b.root;
    case 'pending':
      return b.state === 'pending';
  }
}

/** Is it the error of a vertex on a cycle? */
export function isOnCycle(is: Evaluated): boolean {
  return is.state === 'error' && is.code === 'value_cycle' && is.root === undefined;
}

/** The value that was there, now or before an error. */
export function lastOf(is: Evaluated): Json | undefined {
  if (is.state === 'value') return is.value;
  return is.state === 'error' || is.state === 'pending' ? is.last : undefined;
}

export function sameCalls(a: readonly Answered[] | undefined, b: readonly Answered[] | undefined): boolean {
  if (a === b) return true;
  if (a?.length !== b?.length) return false;
  return a!.every(
    (x, i) => x.key === b![i]!.key && sameJson(x.gave as unknown as Json, b![i]!.gave as unknown as Json),
  );
}
