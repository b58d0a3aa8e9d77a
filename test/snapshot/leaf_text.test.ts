// Reading and editing a leaf in its text gives what its entries give, for any keys.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeNode, leafOf } from '../../src/snapshot/chunk.ts';
import {
  changedValues,
  countLines,
  eachLongValue,
  findValue,
  firstKeyOf,
  LeafReader,
  type ValuePlace,
} from '../../src/snapshot/leaf_text.ts';

// Few characters, two of them halves of pairs that share their first unit: prefixes of every kind are common then.
const key = fc.string({ unit: fc.constantFrom('a', 'b', ':', '1', '\n', '😀', '😁', '￿'), maxLength: 6 });
const value = fc.string({ unit: fc.constantFrom('x', ':', '"', 'ä'), maxLength: 8 });

test('[SN10] a leaf read in its text is the leaf', () => {
  fc.assert(
    fc.property(fc.dictionary(key, value, { maxKeys: 40, noNullPrototype: true }), key, (object, other) => {
      const keys = Object.keys(object).sort((a, b) => (a < b ? -1 : 1));
      const values = keys.map((k) => object[k]!);
      const text = encodeNode(leafOf(keys, values));
      for (const k of [...keys, other]) {
        const place = findValue(text, k);
        expect(place && text.slice(place.start, place.end)).toBe(Object.hasOwn(object, k) ? object[k] : undefined);
      }
      // In order, each from the place of the one before, or of one further back.
      for (const step of [1, 2, 3]) {
        let last: ValuePlace | undefined;
        keys.forEach((k, i) => {
          const place = findValue(text, k, last);
          expect(place && text.slice(place.start, place.end)).toBe(object[k]);
          if (other > k && !Object.hasOwn(object, other)) expect(findValue(text, other, place)).toBeUndefined();
          if (i % step === 0) last = place;
        });
      }
      for (const low of ['', ...keys, other]) {
        const read: string[][] = [];
        const reader = new LeafReader(text, low);
        while (reader.next()) read.push([reader.key, reader.value]);
        expect(read).toEqual(keys.filter((k) => k >= low).map((k) => [k, object[k]]));
        expect(reader.next()).toBe(false);
      }
      expect(firstKeyOf(text)).toBe(keys[0]);
      expect(countLines(text)).toBe(keys.length);
      const long: string[] = [];
      eachLongValue(text, 4, (v) => long.push(v));
      expect(long).toEqual(values.filter((v) => v.length >= 4));
    }),
    { numRuns: 1_000 },
  );
});

test('[SN17] two leaves with the same keys are compared in their texts', () => {
  fc.assert(
    fc.property(
      fc.dictionary(key, fc.tuple(value, value, fc.boolean()), { noNullPrototype: true }),
      key,
      (object, other) => {
        const keys = Object.keys(object).sort((a, b) => (a < b ? -1 : 1));
        const before = keys.map((k) => object[k]![0]);
        const after = keys.map((k) => object[k]![object[k]![2] ? 1 : 0]);
        const differs = keys.map((_, i) => i).filter((i) => before[i] !== after[i]);
        const text = encodeNode(leafOf(keys, before));
        expect(changedValues(text, encodeNode(leafOf(keys, after)))).toEqual(
          differs.map((i) => ({ key: keys[i], before: before[i], after: after[i] })),
        );
        if (keys.includes(other)) return;
        const more = [...keys, other].sort((a, b) => (a < b ? -1 : 1));
        const others = encodeNode(
          leafOf(
            more,
            more.map((k) => object[k]?.[0] ?? ''),
          ),
        );
        expect(changedValues(text, others)).toBeUndefined();
        expect(changedValues(others, text)).toBeUndefined();
      },
    ),
    { numRuns: 1_000 },
  );
});
