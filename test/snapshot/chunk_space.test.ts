import { expect, test } from 'vitest';
import type { Hash } from '../../src/base/ids.ts';
import { ChunkMissing, type ChunkSpace } from '../../src/snapshot/chunk_space.ts';
import { diff } from '../../src/snapshot/diff.ts';
import { type Entry, MerkleMap } from '../../src/snapshot/merkle_map.ts';
import { digest, entriesOf, mixedKeys, sortedEntries, world, write } from './worlds.ts';

const entries = sortedEntries(new Map(mixedKeys.map((k) => [k, '1'])));
const many = Array.from({ length: 5_000 }, (_, i): Entry => [`k${String(i).padStart(6, '0')}`, '"some value"']);
const refsOf = (value: string): Hash[] => (value.startsWith('"ref:') ? [value.slice(5, 69) as Hash] : []);

/** Runs a pure function again and again, fetching what it misses, as the engine does. */
function withFetch<T>(space: ChunkSpace, remote: Map<Hash, string>, body: () => T): { value: T; fetched: number } {
  for (let fetched = 0; ; fetched++) {
    try {
      return { value: body(), fetched };
    } catch (e) {
      if (!(e instanceof ChunkMissing)) throw e;
      space.offer(e.hash, remote.get(e.hash)!);
    }
  }
}

test('[SN12] what is missing is named, and once offered the run gets past it', () => {
  const remote = world();
  const a = MerkleMap.build(remote.space, entries);
  const b = a.set(mixedKeys[50]!, '2');
  write(remote, a.root(), b.root());
  const { space } = world();
  const far = MerkleMap.open(space, a.root());
  expect(() => far.get('x')).toThrow(ChunkMissing);
  const scanned = withFetch(space, remote.store, () => entriesOf(far));
  expect(scanned.value).toEqual(entries);
  expect(scanned.fetched).toBeGreaterThan(10);
  const other = MerkleMap.open(space, b.root());
  const changed = withFetch(space, remote.store, () => [...diff(far, other)]);
  expect(changed.value).toEqual([{ key: mixedKeys[50], before: '1', after: '2' }]);
  const fresh = world().space;
  const again = withFetch(fresh, remote.store, () => MerkleMap.open(fresh, a.root()).set(mixedKeys[50]!, '2').root());
  expect(again.value).toBe(b.root());
});

test('[SN13] text of another hash is damage', () => {
  const w = world();
  const hash = digest('L1\n');
  expect(() => w.space.offer(hash, 'L1\n0:1:a1\n')).toThrow(/store_damaged/);
  w.store.set(hash, 'B1\n');
  expect(() => w.space.node(hash)).toThrow(/store_damaged/);
  const blob = digest('B1\nx');
  w.space.offer(blob, 'B1\nx');
  expect(w.space.blob(blob)).toBe('x');
  expect(() => w.space.node(blob)).toThrow(/store_damaged/);
  const nonsense = digest('L1\nnonsense');
  w.space.offer(nonsense, 'L1\nnonsense');
  expect(() => w.space.node(nonsense).keys).toThrow(/store_damaged/);
  expect(() => MerkleMap.open(w.space, nonsense).get('x')).toThrow(/store_damaged.*run verify/);
});

test('[SN14] the cache keeps to its bound and evicts the least recently used; unwritten chunks stay', () => {
  const chunk = (i: number) => `B1\n${String(i).padStart(7, '0')}`; // 10 characters
  const bytes = 10 + 256;
  const w = world({ cacheBytesMax: 3 * bytes });
  const hashes = [0, 1, 2, 3, 4, 5].map((i) => digest(chunk(i)));
  const offer = (i: number) => w.space.offer(hashes[i]!, chunk(i));
  const held = () => hashes.flatMap((h, i) => (has(h) ? [i] : []));
  const has = (hash: Hash): boolean => {
    try {
      return w.space.text(hash) !== '';
    } catch {
      return false;
    }
  };
  for (const i of [0, 1, 2]) offer(i);
  expect(held()).toEqual([0, 1, 2]);
  w.space.blob(hashes[0]!);
  offer(3);
  expect(held()).toEqual([0, 2, 3]);
  offer(4);
  expect(held()).toEqual([0, 3, 4]);
  w.space.blob(hashes[0]!);
  w.space.blob(hashes[3]!);
  offer(5);
  expect(held()).toEqual([0, 3, 5]);
  expect(w.space.stats()).toMatchObject({ cachedChunks: 3, cachedBytes: 3 * bytes });
  for (let i = 0; i < 10; i++) w.space.putBlob(`unwritten ${i}`);
  expect(w.space.stats()).toMatchObject({ cachedChunks: 3, unwrittenChunks: 10 });
  expect(w.space.unwrittenBytes).toBe(10 * (256 + 'B1\nunwritten 0'.length));
  // One chunk over the bound is held as long as it is the newest.
  const large = `B1\n${'x'.repeat(1000)}`;
  w.space.offer(digest(large), large);
  expect(w.space.stats().cachedChunks).toBe(1);
});

test('[SN14] a map much larger than the cache is read and edited in bounded memory', () => {
  const w = world({ cacheBytesMax: 20_000 });
  const map = MerkleMap.build(w.space, many, (hash, text) => w.store.set(hash, text));
  expect(entriesOf(map)).toEqual(many);
  const edited = map.edit(many.map(([k]) => [k, '"other"'] as const));
  write(w, edited.root());
  expect(w.space.stats().cachedBytes).toBeLessThanOrEqual(20_000);
  expect(w.space.unwrittenBytes).toBe(0);
  expect(entriesOf(edited).every(([, v]) => v === '"other"')).toBe(true);
  expect(w.space.stats().misses).toBeGreaterThan(100);
});

test('[SN15] what is unwritten is collected once, children and blobs first, and then no more', () => {
  const w = world({ refsOf });
  const base = MerkleMap.build(w.space, many);
  const first = w.space.collectUnwritten([base.root(), base.root()]);
  expect(new Set(first.map((c) => c.hash)).size).toBe(first.length);
  expect(first.at(-1)!.hash).toBe(base.root());
  const known = new Set<Hash>();
  for (const { hash, text } of first) {
    expect(digest(text)).toBe(hash);
    if (text.startsWith('I'))
      for (const child of w.space.node(hash).kind === 'inner' ? childrenOf(w.space, hash) : [])
        expect(known).toContain(child);
    known.add(hash);
  }
  write(w, base.root());
  expect(w.space.collectUnwritten([base.root()])).toEqual([]);
  expect(w.space.stats().unwrittenChunks).toBe(0);

  const used = w.space.putBlob('a large payload');
  const unused = w.space.putBlob('nobody names this');
  const edited = base.edit([
    ['k000001', `"ref:${used}"`],
    ['k000002', `"ref:${used}"`],
  ]);
  const found = w.space.collectUnwritten([edited.root()]).map((c) => c.hash);
  expect(found[0]).toBe(used);
  expect(found.filter((h) => h === used)).toHaveLength(1);
  expect(found).not.toContain(unused);
  expect(w.space.pinned(used) && w.space.pinned(unused)).toBe(true);
  expect(w.space.collectUnwritten([unused]).map((c) => c.text)).toEqual(['B1\nnobody names this']);
  write(w, edited.root());
  expect(w.space.pinned(used)).toBe(false);
  // A store that was given exactly these chunks has the whole map.
  const cold = world({ refsOf, store: w.store });
  expect(MerkleMap.open(cold.space, edited.root()).size).toBe(many.length);
  expect(cold.space.blob(used)).toBe('a large payload');
});

test('[SN15] a chunk made again after it was written is unwritten again, so that the store renews it', () => {
  const w = world();
  const base = MerkleMap.build(w.space, many);
  write(w, base.root());
  const changed = base.set('k000001', '"x"');
  write(w, changed.root());
  const back = changed.set('k000001', '"some value"');
  expect(back.root()).toBe(base.root());
  expect(w.space.pinned(back.root())).toBe(true);
  expect(w.space.collectUnwritten([back.root()]).length).toBeGreaterThan(1);
});

test('[SN16] what no live root reaches is dropped, and nothing else', () => {
  const w = world({ refsOf });
  const base = MerkleMap.build(w.space, many);
  write(w, base.root());
  const blob = w.space.putBlob('payload');
  const live = base.edit([['k000100', `"ref:${blob}"`]]);
  const dead = base.edit([['k004000', '"dead"']]);
  const liveChunks = w.space.collectUnwritten([live.root()]).map((c) => c.hash);
  const deadChunks = w.space.collectUnwritten([dead.root()]).map((c) => c.hash);
  expect(w.space.dropUnwritten([live.root()])).toBe(deadChunks.length);
  for (const hash of liveChunks) expect(w.space.pinned(hash)).toBe(true);
  for (const hash of deadChunks) expect(w.space.pinned(hash)).toBe(false);
  // A reader that started earlier still finds it.
  expect(dead.get('k004000')).toBe('"dead"');
  // A version edited from the dropped one brings it back.
  const again = dead.set('k000003', '"again"');
  const collected = w.space.collectUnwritten([again.root()]).map((c) => c.hash);
  expect(collected).toContain(deadChunks[0]);
  write(w, live.root(), again.root());
  expect(w.space.dropUnwritten([])).toBe(0);
  const cold = world({ store: w.store });
  expect(MerkleMap.open(cold.space, again.root()).get('k004000')).toBe('"dead"');
});

function childrenOf(space: ChunkSpace, hash: Hash): Hash[] {
  const node = space.node(hash);
  return node.kind === 'inner' ? (node.children as Hash[]) : [];
}
