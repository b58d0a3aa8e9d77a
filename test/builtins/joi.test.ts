// Joi descriptions, with Joi itself as the oracle: every schema is held against every value, and where nothing is reported
// as unchecked both must say the same. Values are JSON; null is how a property says that it is not set.

import Joi from 'joi';
import { describe, expect, test } from 'vitest';
import { linearMatcher } from '../../src/adapters/compiler/patterns.ts';
import type { Json } from '../../src/base/json.ts';
import { checkJoi } from '../../src/builtins/validation/joi.ts';

/** A condition and what follows from it. */
const branches = (is: unknown, yes: Joi.Schema, no?: Joi.Schema): Joi.WhenOptions =>
  Object.fromEntries([['is', is], ['then', yes], ...(no === undefined ? [] : [['otherwise', no]])]);

const matches = linearMatcher();
const descriptionOf = (schema: Joi.Schema): Json => JSON.parse(JSON.stringify(schema.describe()));
const check = (schema: Joi.Schema, value: Json | undefined) => checkJoi(descriptionOf(schema), value, '', matches);

const values: readonly (Json | undefined)[] = [
  undefined,
  null,
  '',
  'a',
  'abc',
  'ABC',
  'abcdef',
  ' abc ',
  '0',
  '5',
  '-1.5',
  '1e3',
  ' 7 ',
  'true',
  'FALSE',
  'yes',
  'a1_',
  'x y',
  0,
  1,
  2,
  2.5,
  4,
  -3,
  5,
  8,
  9,
  65_535,
  65_536,
  1.234,
  true,
  false,
  'a@example.com',
  'a.b@example',
  'a@b@c.com',
  '@x.com',
  'user@exämple.de',
  'http://example.com/a?b=c',
  'https://[::1]:8080/',
  'ftp://x',
  'mailto:a@b.c',
  '/relative/path',
  'http://',
  'http:// space.com',
  'example.com',
  'my-host',
  '-bad',
  'exa_mple.com',
  'localhost',
  '10.0.0.1',
  '10.0.0.256',
  '10.0.0.0/8',
  '10.0.0.0/33',
  '::1',
  'fe80::1/64',
  '1:2:3:4:5:6:7:8:9',
  '::ffff:1.2.3.4',
  'd9428888-122b-11e1-b85c-61cd3cbb3210',
  '{d9428888-122b-41e1-b85c-61cd3cbb3210}',
  'd9428888122b11e1b85c61cd3cbb3210',
  'd9428888-122b-11e1',
  'deadBEEF',
  '0xff',
  'aGk=',
  'aGk',
  'a-_b',
  '2020-02-29',
  '2020-02-30T10:00:00Z',
  '2020-01-01T10:00:00.5+01:00',
  '2020-13-01',
  'P1DT2H',
  'P',
  'PT',
  '4111 1111 1111 1111',
  '4111111111111112',
  'data:image/png;base64,AAAA',
  [],
  ['a'],
  ['a', 'a'],
  ['a', 1],
  [1, 2, 3],
  ['abc', 'x', 5],
  [{ k: 1 }, { k: 1 }],
  [[1], [1]],
  [null],
  {},
  { a: 'x' },
  { a: 'x', b: 1 },
  { a: 1 },
  { b: 'q' },
  { b: 1, c: true },
  { xa: 1, xb: 'y' },
  { a: 'x', c: { d: 1 } },
  { n: { m: 1 } },
  { a: 'x', extra: 1 },
];

const schemas: Readonly<Record<string, Joi.Schema>> = {
  any: Joi.any(),
  required: Joi.any().required(),
  forbidden: Joi.any().forbidden(),
  string: Joi.string(),
  'string, empty allowed': Joi.string().allow(''),
  'string, null allowed': Joi.string().allow(null),
  'string of lengths': Joi.string().min(2).max(4),
  'string of a length': Joi.string().length(3).required(),
  'string of bytes': Joi.string().max(9, 'utf8'),
  pattern: Joi.string().pattern(/^[a-z]{1,3}$/),
  'pattern, no case': Joi.string().pattern(/^abc$/i),
  'pattern, inverted': Joi.string().pattern(/\s/, { invert: true, name: 'space' }),
  'pattern with escapes': Joi.string().regex(/^[\w.-]+@|\/\u0061|^\d+$/),
  valid: Joi.string().valid('a', 'abc'),
  'valid, no case': Joi.string().valid('abc').insensitive(),
  'valid mixed': Joi.valid(1, 'a', true, null, { a: 1 }),
  invalid: Joi.string().invalid('abc'),
  email: Joi.string().email({ tlds: false }),
  'email of some domains': Joi.string().email({ tlds: { allow: ['com'] } }),
  'email, one segment': Joi.string().email({ minDomainSegments: 1, tlds: false }),
  uri: Joi.string().uri(),
  'uri of schemes': Joi.string().uri({ scheme: ['http', 'https'] }),
  'uri, relative': Joi.string().uri({ allowRelative: true }),
  'uri, relative only': Joi.string().uri({ relativeOnly: true }),
  hostname: Joi.string().hostname(),
  domain: Joi.string().domain({ tlds: false }),
  ip: Joi.string().ip(),
  'ip v4 with prefix': Joi.string().ip({ version: 'ipv4', cidr: 'required' }),
  'ip v6 without': Joi.string().ip({ version: ['ipv6'], cidr: 'forbidden' }),
  guid: Joi.string().guid(),
  'guid v4': Joi.string().guid({ version: 'uuidv4' }),
  alphanum: Joi.string().alphanum(),
  token: Joi.string().token(),
  hex: Joi.string().hex(),
  'hex, aligned': Joi.string().hex({ byteAligned: true }),
  'hex, prefixed': Joi.string().hex({ prefix: true }),
  base64: Joi.string().base64(),
  'base64 for urls': Joi.string().base64({ urlSafe: true, paddingRequired: false }),
  isoDate: Joi.string().isoDate(),
  isoDuration: Joi.string().isoDuration(),
  creditCard: Joi.string().creditCard(),
  dataUri: Joi.string().dataUri(),
  lowercase: Joi.string().lowercase(),
  'lowercase, strict': Joi.string().lowercase().strict(),
  'trim, strict': Joi.string().trim().strict(),
  number: Joi.number(),
  'number, strict': Joi.number().strict(),
  integer: Joi.number().integer(),
  range: Joi.number().min(1).max(5),
  'open range': Joi.number().greater(1).less(5),
  multiple: Joi.number().multiple(2),
  'multiple of a fraction': Joi.number().multiple(0.5),
  precision: Joi.number().precision(2).strict(),
  positive: Joi.number().positive(),
  negative: Joi.number().negative(),
  port: Joi.number().port(),
  boolean: Joi.boolean(),
  'boolean words': Joi.boolean().truthy('yes').falsy('a'),
  'boolean, strict': Joi.boolean().strict(),
  'boolean, case counts': Joi.boolean().sensitive(),
  array: Joi.array(),
  'array of strings': Joi.array().items(Joi.string()),
  'array of either': Joi.array().items(Joi.string(), Joi.number()),
  'array with a required item': Joi.array().items(Joi.string().valid('a').required(), Joi.string()),
  'array without an item': Joi.array().items(Joi.number().forbidden(), Joi.any()),
  'array in order': Joi.array().ordered(Joi.string().required(), Joi.number()),
  'array of lengths': Joi.array().min(1).max(2),
  'array, unique': Joi.array().unique(),
  'array, unique by key': Joi.array().unique('k'),
  'array that has': Joi.array().has(Joi.number().min(3)),
  'array or one': Joi.array().items(Joi.number()).single(),
  object: Joi.object(),
  'object of keys': Joi.object({ a: Joi.string().required(), b: Joi.number() }),
  'object, open': Joi.object({ a: Joi.string() }).unknown(),
  'object, open by preference': Joi.object({ a: Joi.string() }).options({ allowUnknown: true }),
  'object, all required': Joi.object({ a: Joi.string(), b: Joi.number() }).options({ presence: 'required' }),
  'object, nothing allowed': Joi.object({}),
  'object of patterns': Joi.object().pattern(/^x/, Joi.number()),
  'object of key schemas': Joi.object().pattern(Joi.string().min(2), Joi.any()),
  'object of sizes': Joi.object().min(1).max(1),
  and: Joi.object().and('a', 'b'),
  or: Joi.object().or('a', 'b'),
  xor: Joi.object().xor('a', 'b'),
  oxor: Joi.object().oxor('a', 'b'),
  nand: Joi.object().nand('a', 'b'),
  with: Joi.object().with('b', 'c'),
  without: Joi.object().without('a', ['b', 'c']),
  'with a path': Joi.object().or('n.m', 'a'),
  'nested objects': Joi.object({ c: Joi.object({ d: Joi.number().max(0) }), a: Joi.any() }),
  alternatives: Joi.alternatives(Joi.string().min(3), Joi.number()),
  'alternatives, one': Joi.alternatives(Joi.number(), Joi.string(), Joi.string().min(3)).match('one'),
  'alternatives, all': Joi.alternatives(Joi.number(), Joi.number().min(2)).match('all'),
  'when a sibling': Joi.object({
    a: Joi.any(),
    b: Joi.when('a', branches(Joi.exist(), Joi.number().required(), Joi.string())),
  }).unknown(),
  'condition of a sibling': Joi.object({
    a: Joi.any(),
    b: Joi.alternatives().conditional('a', branches('x', Joi.number(), Joi.string())),
  }).unknown(),
  'the same as a sibling': Joi.object({ a: Joi.any(), b: Joi.valid(Joi.ref('a')) }).unknown(),
  'bound by a sibling': Joi.object({ b: Joi.number(), a: Joi.number().max(Joi.ref('b')) }).unknown(),
  'empty as nothing': Joi.string().empty('abc').required(),
  default: Joi.string().default('x'),
  failover: Joi.number().failover(3),
};

/** A value that Joi takes and that differs here on purpose, with the reason. */
const known = new Map<string, string>([
  ['isoDate of "2020-02-30T10:00:00Z"', 'There is no such day; Joi makes it the first of March.'],
]);

describe('a Joi description says what Joi says', () => {
  for (const [name, schema] of Object.entries(schemas)) {
    test(name, () => {
      const built = Joi.build(descriptionOf(schema) as unknown as Joi.Description);
      let told = 0;
      for (const value of values) {
        const findings = check(schema, value);
        if (findings.some((f) => f.severity === 'unchecked')) continue;
        told++;
        const nullAllowed =
          built.validate(null).error === undefined && JSON.stringify(schema.describe()).includes('null');
        const joi = built.validate(value === null && !nullAllowed ? undefined : structuredClone(value));
        const label = `${name} of ${JSON.stringify(value)}`;
        if (known.has(label)) continue;
        expect(`${label}: ${findings.length === 0}`).toBe(`${label}: ${joi.error === undefined}`);
      }
      expect(told).toBeGreaterThan(values.length / 2);
    });
  }
});

describe('a rule that cannot be evaluated is reported', () => {
  const cases: Readonly<Record<string, readonly [Joi.Schema, Json]>> = {
    'a function': [Joi.string().custom((v) => v), 'a'],
    'an external function': [Joi.string().external(async () => undefined), 'a'],
    'a pattern with look-ahead': [Joi.string().pattern(/^(?=a)/), 'a'],
    'a pattern with a back-reference': [Joi.string().pattern(/(a)\1/), 'aa'],
    'a reference outside of the value': [Joi.number().min(Joi.ref('x')), 1],
    'a condition outside of the value': [Joi.any().when('x', branches(1, Joi.required())), 1],
    'a scheme given as a pattern': [Joi.string().uri({ scheme: [/git/] }), 'git:x'],
    'a date not written as ISO 8601': [Joi.date(), 'yesterday'],
    'a bound of a date': [Joi.date().min('2020-01-01'), '2021-01-01'],
    'a symbol': [Joi.symbol(), 'a'],
    'renamed keys': [Joi.object({ a: Joi.any() }).rename('b', 'a'), { a: 1 }],
    'an assertion': [Joi.object({ a: Joi.any() }).assert('a', Joi.valid(1)), { a: 1 }],
    replacements: [Joi.string().replace(/a/, 'b'), 'a'],
    'a comparator': [Joi.array().unique((a, b) => a === b), ['a']],
    'a link': [Joi.object({ a: Joi.link('#x') }), { a: 1 }],
  };
  for (const [name, [schema, value]] of Object.entries(cases)) {
    test(name, () => expect(check(schema, value).map((f) => f.severity)).toEqual(['unchecked']));
  }

  test('also when the description is none, or nests without end', () => {
    expect(checkJoi(3, 1, '', matches)).toMatchObject([{ severity: 'unchecked' }]);
    expect(checkJoi({ type: 'string', newThing: 1 }, 'a', '', matches)).toMatchObject([{ severity: 'unchecked' }]);
    expect(checkJoi({ type: 'string', flags: { newFlag: 1 } }, 'a', '', matches)).toMatchObject([
      { severity: 'unchecked' },
    ]);
    let deep: Json = { type: 'any' };
    let value: Json = [];
    for (let i = 0; i < 5_000; i++) {
      deep = { type: 'array', items: [deep] };
      value = [value];
    }
    expect(checkJoi(deep, value, '', matches).some((f) => f.severity === 'unchecked')).toBe(true);
  });
});

test('findings say where, and what in the words of the author', () => {
  const schema = Joi.object({
    port: Joi.number().max(10).message('{{#label}} is over {{#limit}}'),
    tags: Joi.array().items(Joi.object({ 'a/b': Joi.string().uppercase().min(2).label('Tag') })),
    old: Joi.any().warning('x', {}),
  });
  const findings = check(schema, { port: 11, tags: [{ 'a/b': 'AB' }, { 'a/b': 'A' }] });
  expect(findings).toEqual([
    { path: '/port', message: 'port is over 10', severity: 'error' },
    { path: '/tags/1/a~1b', message: 'Tag must be at least 2 characters long', severity: 'error' },
  ]);
  expect(check(Joi.number().min(3).warn(), 1)).toMatchObject([{ severity: 'warning' }]);
});
