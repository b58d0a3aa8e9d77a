// Markers in values: put in the place of what holds a secret, found again, and replaced by what they stand for.

import { describe, expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { Redactor } from '../../src/dispatch/redact.ts';
import { isSealed, marksIn, sealedMarker, withOpened, withSealed } from '../../src/dispatch/sealed.ts';

const secret = 'correct-horse"é\nbattery';
const redactor = new Redactor([secret, 5432]);
const mark = (n: number) => String(n).padStart(32, '0');

/** Seals and opens again. */
function both(value: Json): { sealed: Json; opened: Json; contents: (string | number)[] } {
  const contents = new Map<string, Json>();
  const sealed = withSealed(redactor, value, (content) => {
    const at = mark(contents.size);
    contents.set(at, content);
    return sealedMarker(at);
  });
  return { sealed, opened: withOpened(sealed, contents), contents: [...contents.values()] as (string | number)[] };
}

const base64 = Buffer.from(`ada:${secret}`).toString('base64');
const values: Json[] = [
  'nothing',
  secret,
  `psql://ada:${encodeURIComponent(secret)}@db?again=${encodeURIComponent(secret)}`,
  `Basic ${base64}`,
  Buffer.from(secret).toString('hex'),
  JSON.stringify({ password: secret, deep: JSON.stringify([secret]) }),
  `${secret}${secret}`,
  [{ a: [secret, 1, true, null] }, 5432, 'port 5432'],
];

describe('a value with what holds a secret sealed', () => {
  test.each(values.map((value) => [value]))('opens to what it was: %j', (value) => {
    const { sealed, opened, contents } = both(value);
    expect(opened).toEqual(value);
    expect(isSealed(sealed)).toBe(contents.length > 0);
    expect(marksIn(sealed).size).toBe(contents.length);
    // Where something is sealed, redaction finds something, and nothing else is left to find.
    expect(redactor.redactJson(sealed)).toEqual(sealed);
    expect(contents.length > 0).toBe(JSON.stringify(redactor.redactJson(value)) !== JSON.stringify(value));
  });

  test('has a marker where redaction has its mark, text around it as it is', () => {
    expect(both(`psql://ada:${secret}@db`).sealed).toBe(`psql://ada:${sealedMarker(mark(0))}@db`);
    expect(redactor.ranges('nothing')).toEqual([]);
    expect(redactor.ranges(`5432 ${secret}`)).toEqual([
      { from: 0, to: 4 },
      { from: 5, to: 5 + secret.length },
    ]);
  });

  test('keeps a number as a number, where it is the whole and not where it is in a text', () => {
    const { sealed, opened } = both({ port: 5432, url: 'db:5432' });
    expect(sealed).toEqual({ port: sealedMarker(mark(0)), url: `db:${sealedMarker(mark(1))}` });
    expect(opened).toEqual({ port: 5432, url: 'db:5432' });
  });

  test('has its keys redacted: they are not sealed', () => {
    expect(both({ '5432': 1, 'correct-horse"ébattery': 2, a: 3 }).sealed).toEqual({
      '[redacted]': 1,
      '[redacted] 2': 2,
      a: 3,
    });
  });

  test('and nothing behind a marker keeps the marker', () => {
    expect(withOpened([`a ${sealedMarker(mark(7))}`, sealedMarker(mark(7)), '[sealed x]'], new Map())).toEqual([
      `a ${sealedMarker(mark(7))}`,
      sealedMarker(mark(7)),
      '[sealed x]',
    ]);
    expect([...marksIn('[sealed 0] [sealed 0000000000000000000000000000000g]')]).toEqual([]);
  });
});
