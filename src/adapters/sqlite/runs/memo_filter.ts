// Which results the memo may have, in memory: most calls that are looked up have never been made, and reading the file for
// each of those costs ten times as much. A Bloom filter (Bloom 1970; two hashes for all, Kirsch and Mitzenmacher 2006) over
// keys whose ends are hashes: what it does not have is not in the memo; what it has may have gone since, or never have been
// there.

import type { Hash, WorkspaceId } from '../../../base/ids.ts';

const bitsPerEntry = 16;
const probes = 4;
const entriesMin = 65_536;
/** Keys looked up in vain before a filter is made: a command that reads a few values has no use for one. */
const vainMax = 1_000;

export class MemoFilter {
  /** Bits, 32 a word; a power of two of them. */
  readonly words: Uint32Array;
  readonly #mask: number;
  #added: number;

  constructor(words: Uint32Array, added = 0) {
    this.words = words;
    this.#mask = words.length * 32 - 1;
    this.#added = added;
  }

  /** With room for twice as many as there are. */
  static for(entries: number): MemoFilter {
    const bits = 2 ** Math.ceil(Math.log2(Math.max(entriesMin, 2 * entries) * bitsPerEntry));
    return new MemoFilter(new Uint32Array(bits / 32));
  }

  get added(): number {
    return this.#added;
  }

  /** More than it has room for: it would soon have everything. */
  get isFull(): boolean {
    return this.#added * bitsPerEntry > this.words.length * 32;
  }

  add(hash: Hash): void {
    this.#added++;
    let at = Number.parseInt(hash.slice(-16, -8), 16);
    const step = Number.parseInt(hash.slice(-8), 16);
    for (let n = 0; n < probes; n++, at += step) {
      const bit = at & this.#mask;
      this.words[bit >>> 5]! |= 1 << (bit & 31);
    }
  }

  mayHave(hash: Hash): boolean {
    let at = Number.parseInt(hash.slice(-16, -8), 16);
    const step = Number.parseInt(hash.slice(-8), 16);
    for (let n = 0; n < probes; n++, at += step) {
      const bit = at & this.#mask;
      if ((this.words[bit >>> 5]! & (1 << (bit & 31))) === 0) return false;
    }
    return true;
  }
}

/** A filter of all that is in a workspace's memo. */
export interface MadeFilter {
  readonly words: Uint32Array;
  readonly added: number;
}

interface Known {
  filter: MemoFilter | undefined;
  /** Written since a filter was asked for. */
  written: Hash[] | undefined;
  vain: number;
}

/** The filters of the workspaces in use, made when they are worth it and kept up with what is written. */
export class MemoFilters {
  readonly #make: (workspace: WorkspaceId) => Promise<MadeFilter>;
  readonly #known = new Map<WorkspaceId, Known>();

  /** `make`: of everything whose writing was asked for before. */
  constructor(make: (workspace: WorkspaceId) => Promise<MadeFilter>) {
    this.#make = make;
  }

  /** Those of the keys that the memo may have. */
  among(workspace: WorkspaceId, keys: readonly Hash[]): readonly Hash[] {
    const filter = this.#known.get(workspace)?.filter;
    return filter === undefined ? keys : keys.filter((key) => filter.mayHave(key));
  }

  /** So many of the keys that it might have had were not there. */
  missed(workspace: WorkspaceId, count: number): void {
    const known = this.#of(workspace);
    known.vain += count;
    if (known.vain < vainMax || known.written !== undefined || known.filter?.isFull === false) return;
    known.written = [];
    known.vain = 0;
    this.#make(workspace).then(
      ({ words, added }) => {
        const filter = new MemoFilter(words, added);
        for (const key of known.written!) filter.add(key);
        known.filter = filter;
        known.written = undefined;
      },
      // Without one every key is looked up; what is wrong with the file is told to whoever writes.
      () => {
        known.written = undefined;
      },
    );
  }

  /** To be told before the writing is asked for. */
  wrote(workspace: WorkspaceId, keys: readonly Hash[]): void {
    const { filter, written } = this.#of(workspace);
    for (const key of keys) {
      filter?.add(key);
      written?.push(key);
    }
  }

  #of(workspace: WorkspaceId): Known {
    let known = this.#known.get(workspace);
    if (known === undefined) {
      known = { filter: undefined, written: undefined, vain: 0 };
      this.#known.set(workspace, known);
    }
    return known;
  }
}
