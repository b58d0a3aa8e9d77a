import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Hash } from '../../src/base/ids.ts';
import { encodeNode, type Inner, innerOf, type Leaf, leafOf } from '../../src/snapshot/chunk.ts';
import { ChunkMissing } from '../../src/snapshot/chunk_space.ts';
import { keyLevel } from '../../src/snapshot/key_level.ts';
import { MerkleMap } from '../../src/snapshot/merkle_map.ts';
import { reach, type Verified, verifyMap } from '../../src/snapshot/verify.ts';
import { built, digest, mixedKeys, sortedEntries, type World, world, write } from './worlds.ts';

const refsOf = (value: string): Hash[] => (value.startsWith('"ref:') ? [value.slice(5, 69) as Hash] : []);
/** Many boundaries of every level, and leaves of several entries between them. */
const full = new Map(mixedKeys.map((k) => [k, '1']));
for (let i = 0; i < 3_000; i++) full.set(`c/${i * 1009}/more`, '1');

/** A written map of every key, its root and its space with nothing in memory. */
function stored(): World & { root: Hash; put: (text: string) => Hash } {
  const first = world();
  const root = built(first.space, full).root();
  write(first, root);
  const cold = world({ store: first.store });
  const put = (text: string): Hash => {
    const hash = digest(text);
    cold.store.set(hash, text);
    return hash;
  };
  return { ...cold, root, put };
}

/** The root of a map in which the node at `path` was replaced: parents are hashed anew, so only shape can tell. */
function replaced(
  w: ReturnType<typeof stored>,
  path: number[],
  change: (node: Inner | Leaf) => Inner | Leaf,
  countToo = true,
): Hash {
  const rebuild = (hash: Hash, depth: number): Inner | Leaf => {
    const node = w.space.node(hash);
    if (depth === path.length) return change(node);
    const inner = node as Inner;
    const i = path[depth]!;
    const below = rebuild(inner.children[i] as Hash, depth + 1);
    const child = w.put(encodeNode(below));
    const count = below.kind === 'leaf' ? below.keys.length : below.counts.reduce((a, b) => a + b, 0);
    return innerOf(
      inner.level,
      inner.keys,
      inner.children.with(i, child),
      countToo ? inner.counts.with(i, count) : inner.counts,
    );
  };
  return w.put(encodeNode(rebuild(w.root, 0)));
}

describe('verify', () => {
  test('[SN20] passes every map, and counts it', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.constantFrom(...mixedKeys), { maxLength: 200, size: 'max' }), (keys) => {
        const w = world();
        const map = MerkleMap.empty(w.space).edit(keys.map((k) => [k, '1'] as const));
        const unwritten = w.space.collectUnwritten([map.root()]);
        const report = verifyMap(w.space, map.root());
        expect(report).toEqual({
          problem: undefined,
          chunks: unwritten.length,
          chars: unwritten.reduce((sum, c) => sum + c.text.length, 0),
          entries: keys.length,
        });
      }),
    );
  });

  test('[SN20] finds a chunk whose text was changed, though a good copy is cached', () => {
    const w = stored();
    const root = w.space.node(w.root) as Inner;
    const hash = root.children[1] as Hash;
    w.space.node(hash);
    w.store.set(hash, w.store.get(hash)!.replace('I1:', 'I1: '));
    expect(verifyMap(w.space, w.root).problem).toMatchObject({
      hash,
      path: '/1',
      what: expect.stringContaining('hash'),
    });
  });

  test('[SN20] finds a chunk that does not decode', () => {
    const w = stored();
    const bad = w.put('L1\n0:1:b1\n0:1:a1\n');
    expect(verifyMap(w.space, bad).problem).toMatchObject({
      hash: bad,
      path: '',
      what: expect.stringContaining('out of order'),
    });
  });

  const leafPath = [1, 0, 0];
  const planted: [string, (w: ReturnType<typeof stored>) => Hash, RegExp][] = [
    ['a wrong count', (w) => replaced(w, leafPath, (n) => dropEntry(n as Leaf, 1), false), /entries, stated/],
    ['a boundary inside a leaf', (w) => replaced(w, leafPath, (n) => addBoundary(n as Leaf)), /should start a leaf/],
    [
      'a leaf cut where none is due',
      (w) => replaced(w, [1, 0], (n) => cutFirstLeaf(w, n as Inner)),
      /should be part of/,
    ],
    [
      'a first key that is not the stated one',
      (w) => replaced(w, leafPath, (n) => dropEntry(n as Leaf, 0)),
      /another key/,
    ],
    ['a node of another level', (w) => replaced(w, [1], (n) => leafOf([n.keys[0]!], ['1'])), /of level/],
    [
      'two nodes of a level made one',
      (w) => replaced(w, [], (n) => mergeFirstTwo(w, n as Inner)),
      /should start a node/,
    ],
    [
      'a root above the only node',
      (w) => w.put(encodeNode(innerOf((w.space.node(w.root) as Inner).level + 1, [''], [w.root], [full.size]))),
      /one child/,
    ],
    ['a blob as root', (w) => w.put('B1\nx'), /blob/],
    ['an empty leaf below', (w) => replaced(w, leafPath, () => leafOf([], [])), /without entries/],
  ];
  test.each(planted)('[SN20] finds %s', (_, plant, what) => {
    const w = stored();
    expect(verifyMap(w.space, plant(w)).problem?.what).toMatch(what);
    expect(verifyMap(w.space, w.root).problem).toBeUndefined();
  });

  test('[SN20] finds a blob that was changed', () => {
    const w = world({ refsOf });
    const blob = w.space.putBlob('payload');
    const map = MerkleMap.empty(w.space).edit([
      ['a', '1'],
      ['b', `"ref:${blob}"`],
    ]);
    write(w, map.root());
    expect(verifyMap(w.space, map.root())).toMatchObject({ problem: undefined, chunks: 2 });
    w.store.set(blob, 'B1\npaylord');
    expect(verifyMap(w.space, map.root()).problem).toMatchObject({ hash: blob, path: '/1' });
  });

  test('[SN21] goes on where it was once the missing chunk is there', () => {
    const { store, root } = stored();
    const w = world();
    const verified: Verified = new Map();
    const seen = new Set<Hash>();
    const visited: Hash[] = [];
    let runs = 0;
    let read = 0;
    for (;;) {
      try {
        const report = verifyMap(w.space, root, verified);
        read += report.chunks;
        reach(w.space, root, (h) => visited.push(h), seen);
        expect(report).toMatchObject({ problem: undefined, entries: full.size });
        break;
      } catch (e) {
        if (!(e instanceof ChunkMissing)) throw e;
        runs++;
        w.space.offer(e.hash, store.get(e.hash)!);
      }
    }
    expect(runs).toBe(verified.size);
    expect(read).toBeLessThan(10);
    expect(new Set(visited)).toEqual(new Set(verified.keys()));
    // Another version costs only what it does not share.
    const edited = MerkleMap.open(w.space, root).set(mixedKeys[60]!, '9');
    const report = verifyMap(w.space, edited.root(), verified);
    expect(report).toMatchObject({ problem: undefined, entries: full.size });
    expect(report.chunks).toBeLessThanOrEqual(5);
  });

  test('[SN21] a walk ended by a missing chunk goes on where it was', () => {
    const { store, root } = stored();
    const w = world({ refsOf });
    const seen = new Set<Hash>();
    const visited: Hash[] = [];
    for (;;) {
      try {
        reach(w.space, root, (h) => visited.push(h), seen);
        break;
      } catch (e) {
        if (!(e instanceof ChunkMissing)) throw e;
        w.space.offer(e.hash, store.get(e.hash)!);
      }
    }
    expect(visited).toHaveLength(new Set(visited).size);
    expect(new Set(visited)).toEqual(new Set(store.keys()));
  });
});

test('[SN22] reach visits every chunk once, children first, blobs included', () => {
  const w = world({ refsOf });
  const blob = w.space.putBlob('payload');
  const model = new Map([...full, [mixedKeys[70]!, `"ref:${blob}"`], [mixedKeys[80]!, `"ref:${blob}"`]]);
  const root = MerkleMap.build(w.space, sortedEntries(model)).root();
  const visited: Hash[] = [];
  const seen = new Set<Hash>();
  reach(w.space, root, (h) => visited.push(h), seen);
  expect(visited).toEqual(w.space.collectUnwritten([root]).map((c) => c.hash));
  expect(visited).toContain(blob);
  const more: Hash[] = [];
  reach(w.space, root, (h) => more.push(h), seen);
  expect(more).toEqual([]);
  // Without blobs leaves need not be read.
  const plain = world();
  const other = built(plain.space, full).root();
  write(plain, other);
  const cold = world({ store: plain.store });
  const all: Hash[] = [];
  reach(cold.space, other, (h) => all.push(h));
  expect(new Set(all)).toEqual(new Set(plain.store.keys()));
  expect(cold.space.stats().misses).toBeLessThan(all.length / 2);
});

function dropEntry(leaf: Leaf, i: number): Leaf {
  const keep = <T>(list: readonly T[]): T[] => list.filter((_, j) => j !== i);
  return leafOf(keep(leaf.keys), keep(leaf.values));
}

/** Adds a boundary key that sorts right after the leaf's first. */
function addBoundary(leaf: Leaf): Leaf {
  let n = 0;
  while (keyLevel(`${leaf.keys[0]}\0${n}`) !== 1) n++;
  const key = `${leaf.keys[0]}\0${n}`;
  return leafOf([leaf.keys[0]!, key, ...leaf.keys.slice(1)], ['1', '1', ...leaf.values.slice(1)]);
}

function cutFirstLeaf(w: ReturnType<typeof stored>, inner: Inner): Inner {
  const leaf = w.space.node(inner.children[0] as Hash) as Leaf;
  const parts = [
    leafOf(leaf.keys.slice(0, 1), leaf.values.slice(0, 1)),
    leafOf(leaf.keys.slice(1), leaf.values.slice(1)),
  ];
  return innerOf(
    inner.level,
    [...parts.map((p) => p.keys[0]!), ...inner.keys.slice(1)],
    [...parts.map((p) => w.put(encodeNode(p))), ...inner.children.slice(1)],
    [...parts.map((p) => p.keys.length), ...inner.counts.slice(1)],
  );
}

function mergeFirstTwo(w: ReturnType<typeof stored>, inner: Inner): Inner {
  const [a, b] = inner.children.slice(0, 2).map((c) => w.space.node(c as Hash) as Inner);
  const merged = innerOf(
    a!.level,
    [...a!.keys, ...b!.keys],
    [...a!.children, ...b!.children],
    [...a!.counts, ...b!.counts],
  );
  const hash = w.put(encodeNode(merged));
  const count = inner.counts[0]! + inner.counts[1]!;
  return innerOf(
    inner.level,
    [inner.keys[0]!, ...inner.keys.slice(2)],
    [hash, ...inner.children.slice(2)],
    [count, ...inner.counts.slice(2)],
  );
}
