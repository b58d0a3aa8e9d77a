import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Hash } from '../../src/base/ids.ts';
import { Fault } from '../../src/base/result.ts';
import { decodeBlob, decodeNode, encodeBlob, encodeNode, innerOf, leafOf } from '../../src/snapshot/chunk.ts';
import { digest, mixedKeys } from './worlds.ts';

/** Keys with long shared parts, control characters, pairs of surrogates, and pieces of the format itself. */
const nastyKey = fc.oneof(
  fc.constantFrom(...mixedKeys.slice(0, 40)),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc
    .array(
      fc.constantFrom(
        'a',
        '\0',
        '\n',
        ':',
        '1',
        '\ud83d\ude00',
        '\ud83d\ude01',
        '\ud83e\udd14',
        '\uffff',
        'ab'.repeat(40),
      ),
      { maxLength: 6 },
    )
    .map((parts) => parts.join('')),
);
const sortedKeys = (minLength: number) =>
  fc
    .uniqueArray(nastyKey, { minLength, maxLength: 40, size: 'max' })
    .map((keys) => keys.sort((a, b) => (a < b ? -1 : 1)));
const oneLine = fc.string({ unit: 'binary' }).filter((text) => !text.includes('\n'));
const throughBytes = (text: string): string => Buffer.from(text, 'utf8').toString('utf8');

const leafHaving = (keys: readonly string[], value: string) =>
  leafOf(
    keys,
    keys.map((k) => value + k.length),
  );
const innerHaving = (level: number, keys: readonly string[]) =>
  innerOf(
    level,
    keys,
    keys.map((k) => digest(k)),
    keys.map((k) => k.length + 1),
  );

test('[SN10] a node is read back as it was written, also through UTF-8', () => {
  fc.assert(
    fc.property(sortedKeys(0), oneLine, (keys, value) => {
      const leaf = leafHaving(keys, value);
      const text = encodeNode(leaf);
      expect(throughBytes(text)).toBe(text);
      expect(decodeNode(throughBytes(text), undefined)).toMatchObject({
        keys: leaf.keys,
        values: leaf.values,
        hash: undefined,
      });
    }),
    { numRuns: 500 },
  );
  fc.assert(
    fc.property(sortedKeys(1), fc.integer({ min: 1, max: 6 }), (keys, level) => {
      const inner = innerHaving(level, keys);
      const text = encodeNode(inner);
      expect(throughBytes(text)).toBe(text);
      expect(decodeNode(throughBytes(text), 'h' as Hash)).toMatchObject({
        keys: inner.keys,
        children: inner.children,
        counts: inner.counts,
        hash: 'h',
      });
    }),
    { numRuns: 500 },
  );
  expect(decodeBlob(encodeBlob('any\ntext'))).toBe('any\ntext');
});

test('[SN11] malformed texts are refused', () => {
  const h = digest('x');
  const texts = [
    '',
    'L',
    'L1',
    'L2\n',
    'B1\n',
    'I1:1\n',
    'I1:0\n',
    `I1:7\n0:1:a${h}:1\n`,
    `I1:01\n0:1:a${h}:1\n`,
    `I1:\n0:1:a${h}:1\n`,
    `I1:1`,
    'L1\n\n',
    'L1\n0:1:a',
    'L1\n0:1',
    'L1\n0\n',
    'L1\n1:1:av\n',
    'L1\n0:9:av\n',
    'L1\n-1:1:av\n',
    'L1\n00:1:av\n',
    'L1\n0:01:av\n',
    'L1\n0:1e1:av\n',
    'L1\n0: 1:av\n',
    'L1\n:1:av\n',
    'L1\n0::av\n',
    'L1\n0:1:bv\n0:1:av\n',
    'L1\n0:1:av\n0:1:av\n',
    'L1\n0:1:av\n1:0:v\n',
    'L1\n0:1:av\n0:2:abv\n',
    'L1\n0:1:av\n2:1:bv\n',
    'L1\n0:1:av\nx',
    'L1\n0:9999999999999999:av\n',
    `I1:1\n0:1:a${h}:0\n`,
    `I1:1\n0:1:a${h}:01\n`,
    `I1:1\n0:1:a${h}:\n`,
    `I1:1\n0:1:a${h}1\n`,
    `I1:1\n0:1:a${h}:1`,
    `I1:1\n0:1:a${h.toUpperCase()}:1\n`,
    `I1:1\n0:1:a${h.slice(1)}:1\n`,
    `I1:1\n0:1:a${h}:1\n1:0:${h}:1\n`,
    `I1:1\n0:1:a${h}:1:1\n`,
    // A pair cut in two, where a key starts, ends, or stops sharing.
    'L1\n0:1:\ud83d\ude00v\n',
    'L1\n0:2:\ud83d\ude00v\n1:1:\uffffv\n',
    'L1\n0:2:\ud83d\ude00v\n1:1:\ude01v\n',
  ];
  for (const text of texts) {
    let thrown: unknown;
    try {
      decodeNode(text, undefined);
    } catch (e) {
      thrown = e;
    }
    expect(thrown, JSON.stringify(text)).toBeInstanceOf(Fault);
    expect((thrown as Fault).code).toBe('store_damaged');
  }
  expect(() => decodeBlob('L1\n')).toThrow(Fault);
});

test('[SN11] a text with a change in it is refused or is the text of another node', () => {
  const node = fc.oneof(
    sortedKeys(0).map((keys) => leafHaving(keys, '{"a":1}')),
    sortedKeys(1).map((keys) => innerHaving(2, keys)),
  );
  const change = fc.tuple(
    fc.nat(),
    fc.nat({ max: 3 }),
    fc.constantFrom('', '0', '1', ':', '\n', 'a', 'f', '\ud83d\ude00'),
  );
  fc.assert(
    fc.property(node, change, (original, [where, cut, put]) => {
      const text = encodeNode(original);
      const at = where % (text.length + 1);
      const changed = throughBytes(text.slice(0, at) + put + text.slice(at + cut));
      try {
        const read = decodeNode(changed, undefined);
        expect(encodeNode(read)).toBe(changed);
      } catch (e) {
        expect(e).toBeInstanceOf(Fault);
      }
    }),
    { numRuns: 4_000 },
  );
});
