// Laws of searches, on generated ones: the canonical text, the algebra of the operators, junk, patterns, time, narrowing.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { must } from '../../src/base/result.ts';
import { matchSearch, parseSearch, requiredSchemas, type SearchSubject, searchText } from '../../src/formats/search.ts';
import { matchesPart, matchesWhole, patternOf } from '../../src/formats/search_pattern.ts';

// Few characters, so that things match and clash; all that mean something are among them.
const letters = fc.string({ unit: fc.constantFrom(...'aAbB:/*!|&()" \\09\n'), maxLength: 8 });
const quoted = letters.map((text) => `"${text.replace(/["\\]/g, '\\$&')}"`);
const bare = fc.string({ unit: fc.constantFrom('a', 'B', '*', '::', '0', '!', '\\'), minLength: 1, maxLength: 6 });
const value = fc.oneof(
  quoted,
  bare.map((text) => text.replace(/^(!|::)+/, 'a')),
);
const key = fc.constantFrom('schema', '"schema"', 'a', 'a/b', '/a', '/domain/a/0', '"a b"/c', 'b');
const term = fc.oneof(
  value,
  fc
    .tuple(key, fc.boolean(), fc.array(value, { minLength: 1, maxLength: 3 }))
    .map(([path, isOther, values]) => `${path}:${isOther ? '!' : ''}${values.join('|')}`),
);
const { query } = fc.letrec<{ query: string }>((tie) => ({
  query: fc.oneof(
    { maxDepth: 4 },
    term,
    tie('query').map((q) => `!(${q})`),
    fc.tuple(tie('query'), tie('query')).map(([a, b]) => `(${a}) ${b}`),
    fc.tuple(tie('query'), tie('query')).map(([a, b]) => `(${a} | ${b})`),
  ),
}));
const subject: fc.Arbitrary<SearchSubject> = fc
  .record({
    name: letters,
    schema: fc.constantFrom('A', 'A::B', 'a::b', 'B::A', '0'),
    attributes: fc.array(fc.tuple(fc.constantFrom('/a', '/a/b', '/domain/a/0', '/domain/a/1', '/x/b'), letters)),
  })
  .map(({ name, schema, attributes }) => ({ name, schema, attributes: () => attributes }));

const parsed = (text: string) => must(parseSearch(text));

test('what is generated are searches', () => {
  fc.assert(
    fc.property(query, (text) => {
      expect(parseSearch(text)).toMatchObject({ ok: true });
    }),
    { numRuns: 500 },
  );
});

test('the canonical text parses to the same query and is its own canonical text', () => {
  fc.assert(
    fc.property(query, (text) => {
      const canonical = searchText(parsed(text));
      expect(parsed(canonical)).toEqual(parsed(text));
      expect(searchText(parsed(canonical))).toBe(canonical);
    }),
    { numRuns: 2_000 },
  );
});

test('any text of a pattern or path survives quoting', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme', minLength: 1 }), (text, path) => {
      const quote = (x: string) => `"${x.replace(/["\\*]/g, '\\$&')}"`;
      const q = parsed(quote(text));
      expect(q).toEqual({ kind: 'word', pattern: patternOf([text]) });
      expect(parsed(searchText(q))).toEqual(q);
      fc.pre(!/\/$|\/\//.test(path));
      const at = parsed(`${quote(path)}:${quote(text)}`);
      expect(at).toEqual({ kind: 'attribute', path, patterns: [patternOf([text])], isOther: false });
      expect(parsed(searchText(at))).toEqual(at);
    }),
  );
});

test('junk is parsed or refused with a place in it, never thrown at', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        letters,
        fc.string({ unit: 'binary' }),
        fc.array(letters).map((x) => x.join('')),
      ),
      (text) => {
        const result = parseSearch(text);
        if (result.ok) {
          expect(parsed(searchText(result.value))).toEqual(result.value);
          return;
        }
        const { position } = result.refusal.data as { position: number };
        expect(result.refusal.code).toBe('request_malformed');
        expect(position).toBeGreaterThanOrEqual(0);
        expect(position).toBeLessThanOrEqual(text.length);
      },
    ),
    { numRuns: 2_000 },
  );
});

test('and, or and not are those of logic', () => {
  fc.assert(
    fc.property(query, query, subject, (a, b, s) => {
      const is = (text: string) => matchSearch(parsed(text), s);
      expect(is(`(${a}) (${b})`)).toBe(is(a) && is(b));
      expect(is(`(${a}) | (${b})`)).toBe(is(a) || is(b));
      expect(is(`!(${a})`)).toBe(!is(a));
    }),
    { numRuns: 500 },
  );
});

test('what matches has one of the required schemas', () => {
  fc.assert(
    fc.property(query, subject, (text, s) => {
      const names = requiredSchemas(parsed(text));
      if (names === undefined || !matchSearch(parsed(text), s)) return;
      expect(names.map((name) => name.toLowerCase())).toContain(s.schema.toLowerCase());
    }),
    { numRuns: 2_000 },
  );
});

test('patterns match what the same regular expressions do', () => {
  const small = fc.string({ unit: fc.constantFrom('a', 'b', 'A'), maxLength: 4 });
  fc.assert(
    fc.property(
      fc.array(small, { minLength: 1, maxLength: 4 }),
      fc.string({ unit: fc.constantFrom('a', 'b') }),
      (p, text) => {
        const expression = p.join('.*');
        expect(matchesWhole(patternOf(p), text)).toBe(new RegExp(`^${expression}$`, 'i').test(text));
        expect(matchesPart(patternOf(p), text)).toBe(new RegExp(expression, 'i').test(text));
      },
    ),
    { numRuns: 5_000 },
  );
});

test('the worst pattern on a large text takes no more than a few passes', () => {
  const text = 'a'.repeat(4_000_000);
  const worst = patternOf(['', `${'a'.repeat(2_000)}b`, `b${'a'.repeat(2_000)}`, '']);
  const many = patternOf(Array.from({ length: 2_000 }, () => 'a').concat('b', ''));
  const startedAt = performance.now();
  expect(matchesWhole(worst, text)).toBe(false);
  expect(matchesPart(many, text)).toBe(false);
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});
