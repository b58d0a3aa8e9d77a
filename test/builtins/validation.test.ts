// Values held against the property tree of their schema: what is wrong is said where it is, and nothing once it is put right.

import { describe, expect, test } from 'vitest';
import { linearMatcher } from '../../src/adapters/compiler/patterns.ts';
import type { Json } from '../../src/base/json.ts';
import { fitsFormat } from '../../src/builtins/validation/text.ts';
import { validate } from '../../src/builtins/validation/validation.ts';
import type { Definitions, Property } from '../../src/model/property.ts';

const matches = linearMatcher();

function say(property: Property, value: Json | undefined, definitions: Definitions = {}): string[] {
  const findings = validate({ property, definitions, value, path: '/domain' }, matches);
  return findings.map((f) => `${f.severity} ${f.path} ${f.message}`);
}

const object = (properties: { readonly [name: string]: Property }): Property => ({ kind: 'object', properties });

describe('a value is held against its schema', () => {
  const cases: Readonly<Record<string, readonly [property: Property, wrong: Json, corrected: Json, message: string]>> =
    {
      'a required property': [
        object({ a: { kind: 'string', required: true } }),
        {},
        { a: 'x' },
        'error /domain/a is required',
      ],
      'a required property that is null': [
        object({ a: { kind: 'string', required: true } }),
        { a: null },
        { a: 'x' },
        'error /domain/a is required',
      ],
      'a kind': [
        object({ a: { kind: 'integer' } }),
        { a: '80' },
        { a: 80 },
        'error /domain/a must be an integer, not "80"',
      ],
      'an enum': [
        object({ a: { kind: 'string', enum: ['x', 'y'] } }),
        { a: 'z' },
        { a: 'y' },
        'error /domain/a must be one of "x", "y"',
      ],
      'a pattern': [
        object({ a: { kind: 'string', pattern: '^v\\d+$' } }),
        { a: 'v' },
        { a: 'v1' },
        'error /domain/a must match the pattern ^v\\d+$',
      ],
      'a format': [
        object({ a: { kind: 'string', format: 'date-time' } }),
        { a: '1 May' },
        { a: '2026-05-01T00:00:00Z' },
        'error /domain/a must be a valid date-time',
      ],
      'a shortest text': [
        object({ a: { kind: 'string', minLength: 2 } }),
        { a: 'x' },
        { a: 'xx' },
        'error /domain/a must be at least 2 characters long',
      ],
      'a longest text': [
        object({ a: { kind: 'string', maxLength: 2 } }),
        { a: 'xxx' },
        { a: 'xx' },
        'error /domain/a must be at most 2 characters long',
      ],
      'a minimum': [
        object({ a: { kind: 'number', minimum: 1 } }),
        { a: 0.5 },
        { a: 1 },
        'error /domain/a must be at least 1',
      ],
      'a maximum': [
        object({ a: { kind: 'number', maximum: 1 } }),
        { a: 2 },
        { a: 1 },
        'error /domain/a must be at most 1',
      ],
      'a fewest items': [{ kind: 'array', minItems: 1 }, [], [1], 'error /domain must have at least 1 items'],
      'a most items': [{ kind: 'array', maxItems: 1 }, [1, 2], [1], 'error /domain must have at most 1 items'],
      'unique items': [
        { kind: 'array', uniqueItems: true },
        [
          { a: 1, b: 2 },
          { b: 2, a: 1 },
        ],
        [{ a: 1 }, { a: 2 }],
        'error /domain/1 is there twice',
      ],
      'items of a list in a map': [
        { kind: 'map', values: { kind: 'array', items: { kind: 'integer', minimum: 3 } } },
        { 'k/1': [3, 2] },
        { 'k/1': [3, 3] },
        'error /domain/k~11/1 must be at least 3',
      ],
      'a Joi schema': [
        object({
          a: {
            kind: 'string',
            validation: { type: 'string', flags: { presence: 'required' }, rules: [{ name: 'email' }] },
          },
        }),
        { a: 'nobody' },
        { a: 'a@b.org' },
        'error /domain/a a must be a valid email',
      ],
      'a Joi schema of nothing': [
        object({ a: { kind: 'string', validation: { type: 'string', flags: { presence: 'required' } } } }),
        {},
        { a: 'x' },
        'error /domain/a a is required',
      ],
    };
  for (const [name, [property, wrong, corrected, message]] of Object.entries(cases)) {
    test(name, () => {
      expect(say(property, wrong)).toEqual([message]);
      expect(say(property, corrected)).toEqual([]);
    });
  }

  test('a default stands for what is not set, and is held against the schema as well', () => {
    expect(say(object({ a: { kind: 'string', required: true, default: 'x' } }), {})).toEqual([]);
    expect(
      say(
        object({
          a: {
            kind: 'integer',
            default: 5,
            validation: { type: 'number', rules: [{ name: 'max', args: { limit: 3 } }] },
          },
        }),
        {},
      ),
    ).toEqual(['error /domain/a a must be at most 3']);
  });

  test('what the provider sets is not required of the author, nor are members of what is not there', () => {
    const inner = object({ b: { kind: 'string', required: true } });
    expect(say(object({ a: { kind: 'string', required: true, readOnly: true }, c: inner }), {})).toEqual([]);
    expect(say(object({ c: inner }), { c: {} })).toEqual(['error /domain/c/b is required']);
  });

  test('recursive types are followed as deep as the value goes', () => {
    const definitions: Definitions = {
      Node: object({ name: { kind: 'string', required: true }, next: { kind: 'ref', to: 'Node' } }),
    };
    const value = { name: 'a', next: { name: 'b', next: {} } };
    expect(say({ kind: 'ref', to: 'Node' }, value, definitions)).toEqual(['error /domain/next/next/name is required']);
  });

  test('everything wrong is said, in order of the schema', () => {
    const property = object({
      b: { kind: 'string', required: true },
      a: { kind: 'array', items: { kind: 'integer' } },
    });
    expect(say(property, { a: ['x', 1, null, 'y'] })).toEqual([
      'error /domain/b is required',
      'error /domain/a/0 must be an integer, not "x"',
      'error /domain/a/3 must be an integer, not "y"',
    ]);
  });

  test('what cannot be checked is said, and is no error', () => {
    const property = object({ a: { kind: 'string', pattern: '^(?!x)' }, b: { kind: 'string', format: 'phone' } });
    expect(say(property, { a: 'x', b: '1' })).toEqual([
      'unchecked /domain/a Not checked: the pattern ^(?!x), which cannot be run in linear time.',
      'unchecked /domain/b Not checked: the format phone.',
    ]);
    expect(fitsFormat('uri', `http://a/${'b'.repeat(70_000)}`)).toBeUndefined();
  });
});

describe('formats', () => {
  const cases: Readonly<Record<string, readonly [right: readonly string[], wrong: readonly string[]]>> = {
    'date-time': [
      ['2026-05-01T10:00:00Z', '2026-05-01T10:00:00.123+02:00'],
      ['2026-05-01', '2026-02-30T10:00:00Z', '2026-05-01T24:00:00Z'],
    ],
    date: [['2024-02-29'], ['2024-02-30', '24-2-1']],
    time: [['10:00:00Z'], ['25:00:00Z', 'noon']],
    duration: [
      ['P1Y2M3DT4H5M6S', 'PT0.5S', 'P2W'],
      ['P', 'PT', '1D'],
    ],
    email: [['a.b+c@d-e.org'], ['a@b', 'a..b@c.de', 'a b@c.de', '@c.de']],
    hostname: [
      ['a', 'a-b.example.org'],
      ['-a', 'a-.b', 'a_b', `${'a'.repeat(64)}.b`],
    ],
    ipv4: [
      ['0.0.0.0', '255.255.255.255'],
      ['256.0.0.1', '1.2.3', '01.2.3.4'],
    ],
    ipv6: [
      ['::', '::1', '1:2:3:4:5:6:7:8', '::ffff:10.0.0.1'],
      ['1:2:3', ':::', '12345::', '1::2::3'],
    ],
    cidr: [
      ['10.0.0.0/8', '::/0'],
      ['10.0.0.0', '10.0.0.0/33', '::/129'],
    ],
    uri: [
      ['https://a.b/c?d=e#f', 'urn:isbn:1', 'http://[::1]:80/'],
      ['//a', 'http://', 'a b', 'http://a:b:c/'],
    ],
    'uri-reference': [
      ['a/b', '#c', 'https://a'],
      ['a b', '1:2 3'],
    ],
    uuid: [
      ['123e4567-e89b-12d3-a456-426614174000'],
      ['123e4567-e89b-12d3-a456', '123e4567+e89b-12d3-a456-426614174000'],
    ],
    base64: [
      ['aGVsbG8=', ''],
      ['a', 'aGVsbG8', '?'],
    ],
  };
  for (const [name, [right, wrong]] of Object.entries(cases)) {
    test(name, () => {
      for (const text of right) expect(`${text} ${fitsFormat(name, text)}`).toBe(`${text} true`);
      for (const text of wrong) expect(`${text} ${fitsFormat(name, text)}`).toBe(`${text} false`);
    });
  }

  test('of another name are not known', () => expect(fitsFormat('constructor', 'x')).toBeUndefined());
});
