import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Difference, diff } from '../../src/snapshot/diff.ts';
import { keyLevel } from '../../src/snapshot/key_level.ts';
import { type Entry, MerkleMap } from '../../src/snapshot/merkle_map.ts';
import { built, type Model, mixedKeys, seeded, world, write } from './worlds.ts';

const key = fc.constantFrom(...mixedKeys);
const model: fc.Arbitrary<Model> = fc
  .dictionary(key, fc.constantFrom('1', '2', '3'), { maxKeys: 200, size: 'max' })
  .map((object) => new Map(Object.entries(object)));

function naive(a: Model, b: Model): Difference[] {
  const keys = [...new Set([...a.keys(), ...b.keys()])].sort((x, y) => (x < y ? -1 : 1));
  return keys.filter((k) => a.get(k) !== b.get(k)).map((k) => ({ key: k, before: a.get(k), after: b.get(k) }));
}

test('[SN17] diff is the naive diff, for any two maps', () => {
  fc.assert(
    fc.property(model, model, (a, b) => {
      const { space } = world();
      expect([...diff(built(space, a), built(space, b))]).toEqual(naive(a, b));
    }),
    { numRuns: 200 },
  );
});

test('[SN17] diff is the naive diff after edits, sealed on either side or on none', () => {
  const edits = fc.array(fc.tuple(key, fc.option(fc.constantFrom('1', '2', '4'), { nil: undefined })), {
    maxLength: 40,
    size: 'max',
  });
  fc.assert(
    fc.property(model, edits, fc.boolean(), fc.boolean(), (a, batch, sealA, sealB) => {
      const { space } = world();
      let from = MerkleMap.empty(space).edit(a);
      if (sealA) from = from.seal();
      let to = from.edit(batch);
      if (sealB) to = to.seal();
      const b = new Map(a);
      for (const [k, v] of batch) {
        if (v === undefined) b.delete(k);
        else b.set(k, v);
      }
      expect([...diff(from, to)]).toEqual(naive(a, b));
      expect([...diff(to, from)]).toEqual(naive(b, a));
      expect([...diff(to, to)]).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

const big = Array.from({ length: 50_000 }, (_, i): Entry => [`k${String(i).padStart(6, '0')}`, '1']);

function reads(space: ReturnType<typeof world>['space'], body: () => void): number {
  const before = space.stats();
  body();
  const after = space.stats();
  return after.hits + after.misses - before.hits - before.misses;
}

test('[SN18] diff reads only nodes on the way to a difference', () => {
  const w = world();
  const base = MerkleMap.build(w.space, big);
  const height = w.space.node(base.root()).level;
  const random = seeded(7);
  for (const changes of [1, 5, 50]) {
    const picks = Array.from({ length: changes }, () => big[Math.floor(random() * big.length)]![0]);
    const edited = base
      .edit(picks.map((k, i) => [i % 3 === 0 ? `${k}+` : k, i % 3 === 1 ? undefined : '2'] as const))
      .seal();
    const count = reads(w.space, () => expect([...diff(base, edited)].length).toBeLessThanOrEqual(changes));
    expect(count).toBeLessThanOrEqual(changes * 2 * (height + 1) + 2 * changes);
  }
  // Boundaries of every level that come and go, and heights that differ.
  for (const level of [1, 2]) {
    const boundary = big.find(([k]) => keyLevel(k) === level && k > 'k010000')![0];
    const edited = base.set(boundary, undefined).seal();
    const count = reads(w.space, () => expect([...diff(base, edited)]).toHaveLength(1));
    expect(count).toBeLessThanOrEqual(4 * (height + 1));
    expect(reads(w.space, () => expect([...diff(edited, base)]).toHaveLength(1))).toBe(count);
  }
  const front = base.set('a', '1').seal();
  expect(reads(w.space, () => expect([...diff(base, front)]).toHaveLength(1))).toBeLessThanOrEqual(2 * (height + 1));
  const appended = base.edit(Array.from({ length: 40 }, (_, i) => [`z${i}`, '1'] as const)).seal();
  expect(reads(w.space, () => expect([...diff(base, appended)]).toHaveLength(40))).toBeLessThanOrEqual(
    4 * (height + 2) + 4,
  );
  expect(reads(w.space, () => expect([...diff(base, base)]).toHaveLength(0))).toBe(0);
});

test('[SN18] diff is lazy', () => {
  const w = world();
  const a = MerkleMap.build(w.space, big);
  const b = a.edit(big.map(([k]) => [k, '2'] as const)).seal();
  expect(reads(w.space, () => diff(a, b).next())).toBeLessThan(12);
});

test('[SN19] diff of unsealed maps skips shared nodes by identity and hashes nothing', () => {
  let digests = 0;
  const w = world({ onDigest: () => digests++ });
  const base = MerkleMap.build(w.space, big);
  write(w, base.root());
  const one = base.set('k000100', '2');
  const two = one.set('k040000', '3');
  digests = 0;
  const count = reads(w.space, () => expect([...diff(one, two)].map((d) => d.key)).toEqual(['k040000']));
  expect(count).toBeLessThan(8);
  expect([...diff(base, two)].map((d) => d.key)).toEqual(['k000100', 'k040000']);
  expect(digests).toBe(0);
});
