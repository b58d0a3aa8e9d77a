// What the snapshot tests share: a space over a plain Map as store, and keys that reach every level, so that small maps
// have many boundaries and several levels.

import crypto from 'node:crypto';
import type { Hash } from '../../src/base/ids.ts';
import { ChunkSpace, type RefsOf } from '../../src/snapshot/chunk_space.ts';
import { keyLevel } from '../../src/snapshot/key_level.ts';
import { MerkleMap } from '../../src/snapshot/merkle_map.ts';

export const digest = (text: string): Hash => crypto.createHash('sha256').update(text, 'utf8').digest('hex') as Hash;

export interface World {
  readonly store: Map<Hash, string>;
  readonly space: ChunkSpace;
}

export interface WorldOptions {
  readonly cacheBytesMax?: number;
  readonly refsOf?: RefsOf;
  readonly store?: Map<Hash, string>;
  readonly onDigest?: () => void;
}

export function world(options: WorldOptions = {}): World {
  const { store = new Map<Hash, string>(), cacheBytesMax = 64 * 1024 * 1024, refsOf, onDigest } = options;
  const space = new ChunkSpace({
    digest: (text) => {
      onDigest?.();
      return digest(text);
    },
    source: { read: (hash) => store.get(hash) },
    cacheBytesMax,
    ...(refsOf && { refsOf }),
  });
  return { store, space };
}

/** Writes what the roots reach to the store, as the engine does. */
export function write({ store, space }: World, ...roots: Hash[]): number {
  const chunks = space.collectUnwritten(roots);
  for (const { hash, text } of chunks) store.set(hash, text);
  space.markWritten(chunks.map((chunk) => chunk.hash));
  return chunks.length;
}

/** Text that survives UTF-8: ours to choose, theirs to refuse. */
const nasty = [
  '',
  '\0',
  '\n',
  '\r\n',
  ':',
  '0:1:',
  '1:1:a\n',
  '\u2028',
  '\u007f',
  'ä',
  'ß',
  '\ud83d\ude00',
  '\ud83d\ude01',
  '\ud83d\ude00x',
  '\ud83d\ude01x',
  '\ud83e\udd14',
  '\uffff',
  '\ufffd',
  '/a/~0~1',
  'a'.repeat(300),
  `${'a'.repeat(300)}b`,
  `${'a'.repeat(299)}\n`,
  'L1\n',
];

/** Keys of which about a third are of level 0, a third of level 1, and the rest of levels 2 and 3, in no order. */
export const mixedKeys: readonly string[] = (() => {
  const wanted = [60, 60, 50, 14];
  const out = [...nasty];
  for (let n = 0; wanted.some((left) => left > 0) && n < 3_000_000; n++) {
    const key = `c/${(n * 7919) % 3_000_017}/attr`;
    const level = keyLevel(key);
    if ((wanted[level] ?? 0) > 0) {
      wanted[level]!--;
      out.push(key);
    }
  }
  return out;
})();

export type Model = ReadonlyMap<string, string>;

export function sortedEntries(model: Model): [string, string][] {
  return [...model].sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
}

export function entriesOf(map: MerkleMap): [string, string][] {
  return [...map.scan()].map(([key, value]) => [key, value]);
}

/** The map of a model, built in one pass. */
export function built(space: ChunkSpace, model: Model): MerkleMap {
  return MerkleMap.build(space, sortedEntries(model));
}

/** Numbers in [0, 1) that a seed fixes: mulberry32, Tommy Ettinger (public domain). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
