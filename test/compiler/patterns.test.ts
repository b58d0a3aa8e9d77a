// Regular expressions of schemas. The language's own engine is the oracle for what matches, and the warning for what takes
// for ever.

import { describe, expect, test } from 'vitest';
import { linearMatcher } from '../../src/adapters/compiler/patterns.ts';

const matches = linearMatcher();

const texts = [
  '',
  'a',
  'A',
  'abc',
  'a\n',
  'a b',
  'a\u00a0b',
  '\ufeff',
  '\r',
  '\u2028',
  '5',
  '٣',
  'a.b',
  'a/b',
  'x-y_z',
  'é',
  '中',
  '😀',
  '{',
  'arn:aws:s3:::b',
  '[]',
  '-',
  '\\',
  '"',
  'aa',
];
const patterns = [
  '^a$',
  'a',
  '^[a-z]+$',
  '^\\w+$',
  '\\s',
  '^\\S+$',
  '[\\s,]',
  '^.$',
  '^.*$',
  '[^a]',
  '\\d',
  '\\u0061',
  '[\\u4e00-\\u9fa5]',
  '(?<n>a)b',
  'a\\/b',
  'a/b',
  '^arn:[^:]*:s3:::.+$',
  '^[\\w.-]+$',
  '\\bb',
  'a{1,2}',
  '{',
  '^(a|b)?$',
  '[\\]\\[]',
  '\\cJ',
  '\\x41',
  '^$',
  'a.b',
  '[.]',
  '\\.',
  '[\\-]',
  '^(?:a|ab)c$',
  'é',
];

test('match what the language matches', () => {
  for (const pattern of patterns) {
    for (const text of texts) {
      const label = `${pattern} on ${JSON.stringify(text)}`;
      expect(`${label}: ${matches(pattern, text)}`).toBe(
        `${label}: ${new RegExp(pattern, pattern === '^.$' ? 'u' : '').test(text)}`,
      );
    }
  }
});

test('flags stand in front', () => {
  expect([
    matches('(?i)ABC', 'abc'),
    matches('(?m)^b', 'a\nb'),
    matches('(?s)^a.$', 'a\n'),
    matches('^a.$', 'a\n'),
  ]).toEqual([true, true, true, false]);
});

describe('are not checkable', () => {
  for (const pattern of [
    '^(?=a)',
    'a(?!b)',
    '(a)\\1',
    '(?<n>a)\\k<n>',
    '[',
    'a{2,1}',
    '^[a-z]{1,2000}$',
    `a${'b'.repeat(600)}`,
    '(a{0,1000}){0,1000}',
  ]) {
    test(pattern.slice(0, 20), () => expect(matches(pattern, 'aa')).toBeUndefined());
  }
});

describe('end, however hostile', () => {
  const hostile: Readonly<Record<string, readonly [pattern: string, text: string]>> = {
    'nested repetition': ['^(a+)+$', `${'a'.repeat(50_000)}b`],
    'repetition beside repetition': ['(x+x+)+y', 'x'.repeat(50_000)],
    'alternatives that overlap': ['^(a|a|aa)*$', `${'a'.repeat(50_000)}b`],
    'spaces at the end': ['\\s+$', `${' '.repeat(50_000)}x`],
    'an address': ['^([a-zA-Z0-9._-]+)+@([a-zA-Z0-9._-]+)+$', 'a'.repeat(50_000)],
  };
  for (const [name, [pattern, text]] of Object.entries(hostile)) {
    test(name, () => expect([false, undefined]).toContain(matches(pattern, text)));
  }

  test('a large expression on a long text is not begun', () => {
    expect(matches('(.*)'.repeat(100), 'a')).toBe(true);
    expect(matches('(.*)'.repeat(100), 'a'.repeat(1_000_000))).toBeUndefined();
  });
});

test('a bounded number is kept, and what was forgotten is made again', () => {
  const few = linearMatcher(2);
  for (const round of [1, 2])
    for (const p of ['a', 'b', 'c', '(?=x)'])
      expect(`${round} ${few(p, 'abc')}`).toBe(`${round} ${p.includes('?') ? undefined : true}`);
});
