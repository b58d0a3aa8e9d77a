import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countOf, encodeNode, innerOf, leafOf, type Node } from '../../src/snapshot/chunk.ts';
import { h32, keyLevel } from '../../src/snapshot/key_level.ts';
import { type Entry, MerkleMap, type ScanRange } from '../../src/snapshot/merkle_map.ts';
import { built, digest, entriesOf, type Model, mixedKeys, seeded, sortedEntries, world, write } from './worlds.ts';

type Edits = [string, string | undefined][];

const key = fc.constantFrom(...mixedKeys);
const value = fc.constantFrom('1', '2', '"x"', '{"a":[1,2]}', '');
const edits: fc.Arbitrary<Edits> = fc.array(fc.tuple(key, fc.option(value, { nil: undefined })), {
  maxLength: 120,
  size: 'max',
});
/** Batches that mostly add or mostly remove, so that maps both grow tall and shrink. */
const history: fc.Arbitrary<Edits[]> = fc.array(
  fc.oneof(
    edits,
    fc.array(fc.tuple(key, value), { maxLength: 200, size: 'max' }),
    fc.array(
      key.map((k): [string, undefined] => [k, undefined]),
      { maxLength: 200, size: 'max' },
    ),
  ),
  { maxLength: 8, size: 'max' },
);

function applyTo(model: Model, batch: Edits): Map<string, string> {
  const next = new Map(model);
  for (const [k, v] of batch) {
    if (v === undefined) next.delete(k);
    else next.set(k, v);
  }
  return next;
}

/** The root by the definition: cut all entries into leaves, cut the leaves into nodes, until one is left. */
function oracleRoot(entries: Entry[]): string {
  const cut = <T>(list: T[], keyOf: (t: T) => string, level: number): T[][] => {
    const out: T[][] = [];
    for (const item of list) {
      if (out.length === 0 || keyLevel(keyOf(item)) >= level) out.push([]);
      out.at(-1)!.push(item);
    }
    return out;
  };
  const name = (node: Node) => ({ key: node.keys[0] ?? '', hash: digest(encodeNode(node)), count: countOf(node) });
  let nodes = cut(entries, ([k]) => k, 1).map((part) =>
    name(
      leafOf(
        part.map(([k]) => k),
        part.map(([, v]) => v),
      ),
    ),
  );
  if (nodes.length === 0) return digest('L1\n');
  for (let level = 1; nodes.length > 1; level++) {
    nodes = cut(nodes, (n) => n.key, level + 1).map((part) =>
      name(
        innerOf(
          level,
          part.map((n) => n.key),
          part.map((n) => n.hash),
          part.map((n) => n.count),
        ),
      ),
    );
  }
  return nodes[0]!.hash;
}

describe('shape', () => {
  test('[SN1] any history that ends in the same contents ends in the same root', () => {
    let tallest = 0;
    fc.assert(
      fc.property(history, fc.boolean(), (batches, sealing) => {
        const { space } = world();
        let map = MerkleMap.empty(space);
        let model: Model = new Map();
        for (const batch of batches) {
          map = map.edit(batch);
          if (sealing) map.root();
          model = applyTo(model, batch);
        }
        expect(map.root()).toBe(oracleRoot(sortedEntries(model)));
        tallest = Math.max(tallest, space.node(map.root()).level);
      }),
      { numRuns: 400 },
    );
    // The histories were not all too small to have a seam of several levels.
    expect(tallest).toBeGreaterThanOrEqual(3);
  });

  test('[SN1] any order of single edits gives the same root', () => {
    fc.assert(
      fc.property(fc.uniqueArray(key, { maxLength: 60, size: 'max' }), fc.integer(), (keys, seed) => {
        const random = seeded(seed);
        const shuffled = keys.map((k) => ({ k, at: random() })).sort((a, b) => a.at - b.at);
        let map = MerkleMap.empty(world().space);
        for (const { k } of shuffled) map = map.set(k, `"${k.length}"`);
        const model = new Map(keys.map((k) => [k, `"${k.length}"`]));
        expect(map.root()).toBe(oracleRoot(sortedEntries(model)));
      }),
    );
  });

  test('[SN1] removing what was added, key by key in any order, goes back through the same roots', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const random = seeded(seed);
      let map = MerkleMap.empty(world().space);
      const roots = [map.root()];
      const keys = [...mixedKeys].sort(() => random() - 0.5);
      for (const k of keys) {
        map = map.set(k, '1');
        roots.push(map.root());
      }
      for (const k of keys.reverse()) {
        expect(map.root()).toBe(roots.pop());
        map = map.set(k, undefined);
      }
      expect(map.root()).toBe(roots.pop());
    }
  });

  test('[SN2] the root is the one the definition gives', () => {
    const entries = sortedEntries(new Map(mixedKeys.map((k) => [k, '1'])));
    const map = MerkleMap.build(world().space, entries);
    expect(map.root()).toBe(oracleRoot(entries));
    expect((map.top as string).length).toBe(64);
    // A first key of a high level does not make the map higher.
    const high = mixedKeys.find((k) => keyLevel(k) === 3)!;
    const one = MerkleMap.empty(world().space).set(high, '1');
    expect(one.root()).toBe(digest(encodeNode(leafOf([high], ['1']))));
    expect(MerkleMap.empty(world().space).root()).toBe(digest('L1\n'));
    expect(one.set(high, undefined).root()).toBe(digest('L1\n'));
  });

  test('[SN3] the hash is MurmurHash3_x86_32 over UTF-16LE', () => {
    expect(h32('')).toBe(0);
    // Published vectors of the byte version: 21 43 65 87 is one block, 00 00 is a tail of two bytes.
    expect(h32('\u4321\u8765')).toBe(0xf55b516b);
    expect(h32('\0')).toBe(0x30f4c306);
    expect(h32('\0\0')).toBe(0x2362f9de);
    expect(keyLevel('')).toBe(6);
  });

  test('[SN3] one key in 16 reaches the first level, one in 32 of those each next', () => {
    const counts = [0, 0, 0, 0, 0, 0, 0];
    for (let i = 0; i < 200_000; i++) counts[keyLevel(`component/${i}/domain`)]!++;
    const atLeast = (level: number) => counts.slice(level).reduce((a, b) => a + b, 0);
    expect(atLeast(1) / (200_000 / 16)).toBeCloseTo(1, 1);
    expect(Math.abs(atLeast(2) / (200_000 / 512) - 1)).toBeLessThan(0.25);
  });

  test('[SN4] a build in one pass gives the chunks that edits give, children first', () => {
    fc.assert(
      fc.property(fc.dictionary(key, value, { maxKeys: 200, size: 'max' }), (object) => {
        const entries = sortedEntries(new Map(Object.entries(object)));
        const edited = world();
        const root = MerkleMap.empty(edited.space).edit(entries).root();
        const { space, store } = world();
        const map = MerkleMap.build(space, entries, (hash, text) => store.set(hash, text));
        expect(map.root()).toBe(root);
        expect(space.stats().unwrittenChunks).toBe(0);
        expect([...store.keys()]).toEqual(edited.space.collectUnwritten([root]).map((c) => c.hash));
        expect(entriesOf(map)).toEqual(entries);
      }),
    );
  });
});

describe('operations', () => {
  test('[SN5] earlier versions stay as they were, sealed or not', () => {
    fc.assert(
      fc.property(history, fc.array(fc.boolean()), (batches, seals) => {
        const { space } = world();
        let map = MerkleMap.empty(space);
        let model: Model = new Map();
        const versions: { map: MerkleMap; model: Model }[] = [];
        batches.forEach((batch, i) => {
          map = map.edit(batch);
          model = applyTo(model, batch);
          versions.push({ map, model });
          if (seals[i]) versions[i >> 1]!.map.root();
        });
        for (const v of versions) expect(entriesOf(v.map)).toEqual(sortedEntries(v.model));
        for (const v of versions.reverse()) expect(v.map.root()).toBe(oracleRoot(sortedEntries(v.model)));
        for (const v of versions)
          expect(entriesOf(MerkleMap.open(space, v.map.root()))).toEqual(sortedEntries(v.model));
      }),
    );
  });

  test('[SN6] reads answer as a sorted list does', () => {
    let met = 0;
    const half = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined, freq: 2 });
    const bound = half(fc.oneof(key, fc.string({ unit: 'binary', maxLength: 4 }), fc.constantFrom('c/', 'c/1', 'c/9')));
    const prefix = half(fc.constantFrom('', 'c', 'c/', 'c/1', 'c/2', 'a', '\ud83d\ude00', 'z'));
    const range = fc.record({ from: bound, after: bound, to: bound, prefix });
    fc.assert(
      fc.property(
        fc.dictionary(key, value, { maxKeys: 220, size: 'max' }),
        fc.array(range, { maxLength: 6, size: 'max' }),
        (object, ranges) => {
          const model = new Map(Object.entries(object));
          const entries = sortedEntries(model);
          const map = built(world().space, model);
          expect(map.size).toBe(model.size);
          for (const k of mixedKeys) expect(map.get(k)).toBe(model.get(k));
          for (const k of mixedKeys) expect(map.has(k)).toBe(model.has(k));
          for (const given of ranges) {
            const bounds = Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined)) as ScanRange;
            const { from, after, to, prefix } = bounds;
            const expected = entries.filter(
              ([k]) =>
                (from === undefined || k >= from) &&
                (after === undefined || k > after) &&
                (to === undefined || k < to) &&
                (prefix === undefined || k.startsWith(prefix)),
            );
            expect([...map.scan(bounds)]).toEqual(expected);
            if (after !== undefined && model.has(after) && expected.length > 0) met++;
          }
        },
      ),
      { numRuns: 200 },
    );
    // The bounds were not all missed.
    expect(met).toBeGreaterThan(10);
  });

  test('[SN6] a bounded scan reads the nodes it needs and is lazy', () => {
    const w = world();
    const entries = Array.from({ length: 20_000 }, (_, i): Entry => [`k${String(i).padStart(6, '0')}`, '1']);
    const map = MerkleMap.build(w.space, entries);
    const reads = (body: () => void): number => {
      const before = w.space.stats().hits;
      body();
      return w.space.stats().hits - before;
    };
    expect(reads(() => expect([...map.scan({ prefix: 'k01234' })]).toHaveLength(10))).toBeLessThan(8);
    expect(reads(() => map.scan().next())).toBeLessThan(6);
    expect(reads(() => expect(map.size).toBe(20_000))).toBe(1);
    // Up to a leaf's first key: that leaf is not read.
    const boundary = entries.map(([k]) => k).find((k) => keyLevel(k) === 1 && k > 'k010000')!;
    const before = entries.findLast(([k]) => k < boundary)![0];
    const height = w.space.node(map.root()).level;
    expect(reads(() => expect([...map.scan({ from: before, to: boundary })]).toHaveLength(1))).toBe(height + 1);
  });

  test('[SN7] edits that change nothing give the same map; the last edit of a key counts', () => {
    fc.assert(
      fc.property(fc.dictionary(key, value, { maxKeys: 150, size: 'max' }), fc.array(key), (object, others) => {
        const model = new Map(Object.entries(object));
        const map = built(world().space, model);
        const noops: Edits = [...model, ...others.filter((k) => !model.has(k)).map((k): Edits[0] => [k, undefined])];
        expect(map.edit(noops)).toBe(map);
        const unsealed = map.set('c/new', '1');
        expect(unsealed.edit(noops)).toBe(unsealed);
        expect(
          map.edit([
            ['c/new', '2'],
            ['c/new', undefined],
          ]),
        ).toBe(map);
        expect(
          map
            .edit([
              ['c/new', undefined],
              ['c/other', '3'],
              ['c/new', '2'],
            ])
            .get('c/new'),
        ).toBe('2');
      }),
    );
  });

  test('[SN8] one edit makes one node a level and hashes each once, at the root', () => {
    let digests = 0;
    const counting = world({ onDigest: () => digests++ });
    const entries = Array.from({ length: 30_000 }, (_, i): Entry => [`k${String(i).padStart(6, '0')}`, '1']);
    let map = MerkleMap.build(counting.space, entries);
    write(counting, map.root());
    digests = 0;
    for (let i = 0; i < 10; i++) map = map.set('k012345', `${i}`);
    expect(digests).toBe(0);
    const root = map.root();
    const height = counting.space.node(root).level;
    expect(height).toBeGreaterThanOrEqual(2);
    expect(digests).toBe(height + 1);
    map.root();
    expect(digests).toBe(height + 1);
    expect(counting.space.collectUnwritten([root])).toHaveLength(height + 1);
    // A version edited before this one was sealed shares its new nodes, sealed or not.
    const one = map.set('k000100', '2');
    const two = one.set('k029000', '2');
    digests = 0;
    one.root();
    two.root();
    expect(digests).toBe(2 * (height + 1));
    // A boundary that goes touches its left neighbours too: at most one more node a level is read, none is kept.
    const boundary = entries.map(([k]) => k).find((k) => keyLevel(k) >= 2 && k > 'k002000')!;
    digests = 0;
    map.set(boundary, undefined).root();
    expect(digests).toBeLessThanOrEqual(height + 1);
    digests = 0;
    map.set(`${boundary}!`, '1').root();
    expect(digests).toBeLessThanOrEqual(height + 2);
  });

  test('[SN9] entries that have no chunk text are bugs of the caller', () => {
    const { space } = world();
    const map = MerkleMap.empty(space);
    expect(() => map.set('\ud800', '1')).toThrow(/lone surrogate/);
    expect(() => map.set('a\udc00b', '1')).toThrow(/lone surrogate/);
    expect(() => map.set('a', '1\n2')).toThrow(/line feed/);
    expect(() =>
      MerkleMap.build(space, [
        ['b', '1'],
        ['a', '1'],
      ]),
    ).toThrow(/ascending/);
    expect(() =>
      MerkleMap.build(space, [
        ['a', '1'],
        ['a', '1'],
      ]),
    ).toThrow(/ascending/);
    expect(() => MerkleMap.build(space, [['\udfff', '1']])).toThrow(/lone surrogate/);
    expect(map.set('\ud83d\ude00', '1').size).toBe(1);
  });
});
