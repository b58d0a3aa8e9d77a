// A snapshot: the complete state at one instant, as ordered Merkle maps by category under two roots, intent and
// reality. A root is the hash of a small manifest that names the root of every category. Snapshots are immutable; a
// draft collects edits on one and gives the next. Forking is holding on to a snapshot: nothing is copied.

import type { Digest, Hash } from '../base/ids.ts';
import { compareText } from '../base/json.ts';
import { Fault } from '../base/result.ts';
import type { Matches } from '../model/pattern.ts';
import {
  type BulkDraft,
  type Category,
  intentCategories,
  type Reader,
  realityCategories,
  type SortedEntries,
} from '../model/state.ts';
import type { ChunkSpace } from './chunk_space.ts';
import { MerkleMap } from './merkle_map.ts';

/** What names a snapshot: the hashes of its two manifests. */
export interface Roots {
  readonly intent: Hash;
  readonly reality: Hash;
}

const manifestFormat = 1;
type Half = keyof Roots;
const categoriesOf: Record<Half, readonly Category[]> = { intent: intentCategories, reality: realityCategories };

/** Pending edits of one category beyond this many are folded into its map, so that scans stay cheap in big batches. */
const foldAt = 128;

export class Snapshot implements Reader {
  readonly space: ChunkSpace;
  readonly #maps: ReadonlyMap<Category, MerkleMap>;
  /** The halves whose manifests are known. */
  #known: Partial<Roots>;

  constructor(space: ChunkSpace, maps: ReadonlyMap<Category, MerkleMap>, known: Partial<Roots> = {}) {
    this.space = space;
    this.#maps = maps;
    this.#known = known;
  }

  static empty(space: ChunkSpace): Snapshot {
    const empty = MerkleMap.empty(space);
    const maps = new Map<Category, MerkleMap>();
    for (const half of ['intent', 'reality'] as const) for (const c of categoriesOf[half]) maps.set(c, empty);
    return new Snapshot(space, maps);
  }

  /** The snapshot of two roots. Reads the two manifests, nothing else. Throws `ChunkMissing`. */
  static open(space: ChunkSpace, roots: Roots): Snapshot {
    const maps = new Map<Category, MerkleMap>();
    for (const half of ['intent', 'reality'] as const) {
      for (const [category, root] of manifestEntries(space, half, roots[half])) {
        maps.set(category, MerkleMap.open(space, root));
      }
    }
    return new Snapshot(space, maps, roots);
  }

  get(category: Category, key: string): string | undefined {
    return this.#maps.get(category)!.get(key);
  }

  scan(category: Category, prefix: string, after?: string): Iterable<readonly [string, string]> {
    return this.#maps.get(category)!.scan(after === undefined ? { prefix } : { prefix, after });
  }

  blob(hash: Hash): string {
    return this.space.blob(hash);
  }

  get matches(): Matches | undefined {
    return this.space.matches;
  }

  map(category: Category): MerkleMap {
    return this.#maps.get(category)!;
  }

  /** Seals every category and names the snapshot. The manifests become chunks of the space like the nodes. */
  roots(): Roots {
    const { intent, reality } = this.#known;
    if (intent !== undefined && reality !== undefined) return this.#known as Roots;
    const roots = {
      intent: intent ?? this.space.putBlob(manifestText('intent', this.#maps)),
      reality: reality ?? this.space.putBlob(manifestText('reality', this.#maps)),
    };
    this.#known = roots;
    return roots;
  }

  /** The manifests that are known already and stay true under other maps. */
  stillKnown(maps: ReadonlyMap<Category, MerkleMap>): Partial<Roots> {
    const same = (half: Half) => categoriesOf[half].every((category) => maps.get(category) === this.map(category));
    const { intent, reality } = this.#known;
    return {
      ...(intent !== undefined && same('intent') ? { intent } : {}),
      ...(reality !== undefined && same('reality') ? { reality } : {}),
    };
  }

  /** The hashes below which every chunk of this snapshot lies: its categories' roots, then the manifests that name them. */
  tops(): Hash[] {
    const { intent, reality } = this.roots();
    return [...[...this.#maps.values()].map((m) => m.root()), intent, reality];
  }

  edit(): SnapshotDraft {
    return new SnapshotDraft(this);
  }

  /** This snapshot with Head's reality: O(1). */
  withReality(of: Snapshot): Snapshot {
    const maps = new Map(this.#maps);
    for (const category of realityCategories) maps.set(category, of.map(category));
    return new Snapshot(this.space, maps);
  }
}

/** The category roots a manifest names. Throws `ChunkMissing`; fault `store_damaged` if it is none. */
function manifestEntries(space: ChunkSpace, half: Half, root: Hash): [Category, Hash][] {
  const parsed = JSON.parse(space.blob(root)) as { format?: number; half?: string; maps?: Record<string, Hash> };
  const maps = parsed.maps;
  if (parsed.format !== manifestFormat || parsed.half !== half || maps === undefined) {
    throw new Fault('store_damaged', `chunk ${root} is not the manifest of a snapshot's ${half} half; run verify`);
  }
  return categoriesOf[half].map((category) => {
    const map = maps[category];
    if (map === undefined) throw new Fault('store_damaged', `manifest ${root} names no ${category}; run verify`);
    return [category, map];
  });
}

function manifestText(half: Half, maps: ReadonlyMap<Category, MerkleMap>): string {
  // Canonical as it is written: members in order, nothing to escape. Sorting it anew on every edit showed.
  const roots = categoriesOf[half].map((category) => `"${category}":"${maps.get(category)!.root()}"`);
  return `{"format":${manifestFormat},"half":"${half}","maps":{${roots.join(',')}}}`;
}

/** Edits on one snapshot, visible at once to its own reads. */
export class SnapshotDraft implements BulkDraft {
  readonly base: Snapshot;
  readonly #maps = new Map<Category, MerkleMap>();
  readonly #pending = new Map<Category, Map<string, string | undefined>>();

  constructor(base: Snapshot) {
    this.base = base;
  }

  get digest(): Digest {
    return this.base.space.digest;
  }

  get matches(): Matches | undefined {
    return this.base.space.matches;
  }

  get(category: Category, key: string): string | undefined {
    const pending = this.#pending.get(category);
    if (pending?.has(key)) return pending.get(key);
    return this.#map(category).get(key);
  }

  *scan(category: Category, prefix: string, after?: string): Iterable<readonly [string, string]> {
    const range = after === undefined ? { prefix } : { prefix, after };
    const pending = this.#pending.get(category);
    if (pending === undefined || pending.size === 0) {
      yield* this.#map(category).scan(range);
      return;
    }
    if (pending.size > foldAt) {
      this.#fold(category);
      yield* this.#map(category).scan(range);
      return;
    }
    const mine = [...pending]
      .filter(([key]) => key.startsWith(prefix) && (after === undefined || key > after))
      .sort((a, b) => compareText(a[0], b[0]));
    let i = 0;
    for (const entry of this.#map(category).scan(range)) {
      for (; i < mine.length && mine[i]![0] < entry[0]; i++) {
        const [key, text] = mine[i]!;
        if (text !== undefined) yield [key, text];
      }
      if (i < mine.length && mine[i]![0] === entry[0]) continue;
      yield entry;
    }
    for (; i < mine.length; i++) {
      const [key, text] = mine[i]!;
      if (text !== undefined) yield [key, text];
    }
  }

  blob(hash: Hash): string {
    return this.base.blob(hash);
  }

  putBlob(text: string): Hash {
    return this.base.space.putBlob(text);
  }

  put(category: Category, key: string, text: string): void {
    this.#pendingOf(category).set(key, text);
  }

  remove(category: Category, key: string): void {
    this.#pendingOf(category).set(key, undefined);
  }

  putAll(category: Category, entries: SortedEntries): void {
    if (entries.keys.length === 0) return;
    this.#fold(category);
    this.#maps.set(category, this.#map(category).editSorted(entries));
  }

  /** The next snapshot. The base itself when nothing changed. The draft may be used on. */
  finish(): Snapshot {
    for (const category of [...this.#pending.keys()]) this.#fold(category);
    const maps = new Map<Category, MerkleMap>();
    let changed = false;
    for (const half of ['intent', 'reality'] as const) {
      for (const category of categoriesOf[half]) {
        const map = this.#map(category);
        changed ||= map !== this.base.map(category);
        maps.set(category, map);
      }
    }
    return changed ? new Snapshot(this.base.space, maps, this.base.stillKnown(maps)) : this.base;
  }

  #map(category: Category): MerkleMap {
    return this.#maps.get(category) ?? this.base.map(category);
  }

  #pendingOf(category: Category): Map<string, string | undefined> {
    let pending = this.#pending.get(category);
    if (pending === undefined) {
      pending = new Map();
      this.#pending.set(category, pending);
    }
    return pending;
  }

  #fold(category: Category): void {
    const pending = this.#pending.get(category);
    if (pending === undefined || pending.size === 0) return;
    this.#maps.set(category, this.#map(category).edit(pending));
    this.#pending.delete(category);
  }
}
