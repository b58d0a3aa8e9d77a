// What is kept of arguments tells what was another between two runs, whether they were kept whole or in parts.

import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Hash } from '../../src/base/ids.ts';
import { canonical, type Json, sameJson } from '../../src/base/json.ts';
import { limits } from '../../src/base/limits.ts';
import { inputDifferences, keptInput } from '../../src/dispatch/kept_input.ts';

const digest = (text: string): Hash => createHash('sha256').update(text).digest('hex') as Hash;
const kept = (value: Json) => keptInput(digest, canonical(value));

/** Members short and long, so that some arguments are kept whole and some in parts. */
const member: fc.Arbitrary<Json> = fc.oneof(
  fc.integer(),
  fc.string({ maxLength: 10 }),
  fc.constantFrom('a', 'b').map((c) => c.repeat(limits.runInputPartCharsMax + 1)),
  fc.constantFrom('c', 'd').map((c) => c.repeat(limits.runInputCharsMax + 1)),
);
const input = fc.dictionary(fc.constantFrom('p', 'q', 'r', '$hash', ''), member) as fc.Arbitrary<{
  [name: string]: Json;
}>;

test('exactly the members that differ are named', () => {
  fc.assert(
    fc.property(input, input, (a, b) => {
      const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
      const other = names.filter((n) => !sameJson(a[n], b[n]) || Object.hasOwn(a, n) !== Object.hasOwn(b, n));
      const found = inputDifferences(digest, kept(a), kept(b))!;
      expect(found.map((d) => d.name).sort()).toEqual(other.sort());
    }),
  );
});

test('what is kept is bounded, and of too many members nothing is', () => {
  const long = kept({ a: 'x'.repeat(1_000_000), b: 1 })!;
  expect(JSON.stringify(long).length).toBeLessThan(300);
  expect(long.parts).toMatchObject([
    { name: 'a', chars: 1_000_002 },
    { name: 'b', text: '1' },
  ]);
  const many = Object.fromEntries(
    Array.from({ length: limits.runInputPartsMax + 1 }, (_, i) => [`m${i}`, 'x'.repeat(50)]),
  );
  expect(kept(many)).toBeNull();
  expect(inputDifferences(digest, kept(many), kept({}))).toBeUndefined();
});

test('an argument that is no object is compared as a whole', () => {
  expect(inputDifferences(digest, kept(1), kept(2))).toEqual([{ name: '', was: '1', is: '2' }]);
  expect(inputDifferences(digest, kept([1]), kept([1]))).toEqual([]);
});
