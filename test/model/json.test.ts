// Canonical JSON against the examples of RFC 8785, and against JSON.parse on anything.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Hash, idFromHash, isUlid, parseId } from '../../src/base/ids.ts';
import { brief, canonical, checkJson, type Json, sameJson } from '../../src/base/json.ts';
import { attempt, must, ok, refuse } from '../../src/base/result.ts';
import { digest, runs } from '../support/model_world.ts';

const double = (hex: string): number => Buffer.from(hex, 'hex').readDoubleBE();

describe('canonical text', () => {
  test('[BA1] is that of the example in RFC 8785, section 3.2', () => {
    const input = JSON.parse(
      '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],' +
        '"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}',
    ) as Json;
    expect(canonical(input)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  test('[BA1] orders members by UTF-16 code units', () => {
    const input = JSON.parse(
      '{"\\u20ac":"Euro Sign","\\r":"Carriage Return","\\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One",' +
        '"\\ud83d\\ude00":"Emoji: Grinning Face","\\u0080":"Control","\\u00f6":"Latin Small Letter O With Diaeresis"}',
    ) as { [key: string]: Json };
    expect([...canonical(input).matchAll(/:"([^"]*)"/g)].map((m) => m[1])).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ]);
  });

  test.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('[BA1] prints the double %s as %s', (hex, text) => {
    expect(canonical(double(hex))).toBe(text);
  });

  test('[BA1] reads back as the value, and equal values have equal text whatever the order of members', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const text = canonical(value as Json);
        expect(sameJson(JSON.parse(text) as Json, value as Json)).toBe(true);
        expect(canonical(reversed(value as Json))).toBe(text);
        expect(brief(value as Json).length).toBeLessThan(130);
      }),
      { numRuns: runs(500) },
    );
  });

  test('[BA1] values are the same when their texts are', () => {
    const small = fc.jsonValue({ maxDepth: 2, depthSize: 'small', stringUnit: fc.constantFrom('a', 'b', '1') });
    // Mostly of one another's making, else two would seldom be the same.
    const pair = fc.tuple(small, small, fc.constantFrom('other', 'itself', 'reversed', 'less', 'more'));
    fc.assert(
      fc.property(pair, ([a, b, how]) => {
        const other = how === 'other' ? b : how === 'reversed' ? reversed(a as Json) : changed(a as Json, how);
        expect(sameJson(a as Json, other as Json)).toBe(canonical(a as Json) === canonical(other as Json));
      }),
      { numRuns: runs(2_000) },
    );
  });

  test('[BA1] has own members of any name, and leaves out undefined ones', () => {
    expect(canonical(JSON.parse('{"b":1,"__proto__":{"x":1},"constructor":2}') as Json)).toBe(
      '{"__proto__":{"x":1},"b":1,"constructor":2}',
    );
    expect(canonical({ a: 1, b: undefined } as unknown as Json)).toBe('{"a":1}');
  });
});

/** The value itself, or one member or element less or more. */
function changed(value: Json, how: string): Json {
  if (typeof value !== 'object' || value === null || how === 'itself') return value;
  if (Array.isArray(value)) return how === 'less' ? value.slice(1) : [...value, 1];
  const entries = Object.entries(value);
  return Object.fromEntries(how === 'less' ? entries.slice(1) : [...entries, ['__proto__', 1]]);
}

function reversed(value: Json): Json {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([k, v]) => [k, reversed(v)]),
  );
}

describe('storable values', () => {
  const nested = (depth: number): Json => (depth === 0 ? 1 : [nested(depth - 1)]);
  test.each<[string, unknown, string]>([
    ['NaN', { a: [Number.NaN] }, '/v/a/0'],
    ['infinity', Number.NEGATIVE_INFINITY, '/v'],
    ['an integer too large', { 'x/y': 2 ** 53 }, '/v/x~1y'],
    ['a lone surrogate', ['a', '\udc00'], '/v/1'],
    ['a key with a lone surrogate', { '\ud800': 1 }, '/v'],
    ['undefined', { a: undefined }, '/v/a'],
    ['a hole', new Array(2), '/v/0'],
    ['a function', () => 1, '/v'],
    ['a bigint', 1n, '/v'],
    ['a symbol', Symbol('x'), '/v'],
    ['deep nesting', nested(65), `/v${'/0'.repeat(65)}`],
  ])('[BA2] %s is refused with its pointer', (_name, value, path) => {
    const checked = checkJson(value, '/v');
    expect(checked.ok).toBe(false);
    if (!checked.ok) expect(checked.refusal).toMatchObject({ code: 'value_not_storable', path });
  });

  test('[BA2] everything else passes as it is', () => {
    for (const value of [null, 0, -0, 1.5, 2 ** 53 - 1, 1e-7, '', '😀', [[]], { '': {} }, nested(64)]) {
      expect(checkJson(value, '')).toEqual({ ok: true, value });
    }
  });
});

describe('ids and results', () => {
  test('[BA3] ids are ULIDs or refused', () => {
    const id = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
    expect(parseId('component', id)).toEqual(ok(id));
    for (const bad of ['', `${id}0`, id.toLowerCase(), `8${id.slice(1)}`, id.replace('A', 'U'), null, 5, undefined]) {
      const parsed = parseId('component', bad, 'id');
      expect(parsed.ok ? 'taken' : parsed.refusal.code).toBe('request_malformed');
    }
  });

  test('[BA3] an id from a hash is a ULID and follows from it', () => {
    const ids = Array.from({ length: 200 }, (_, i) => idFromHash(digest(`${i}`)) as string);
    expect(ids.every(isUlid)).toBe(true);
    expect(new Set(ids).size).toBe(200);
    expect(idFromHash('f'.repeat(64) as Hash)).toBe(`7${'Z'.repeat(25)}`);
  });

  test('[BA6] a refusal that was thrown is returned, another exception passes', () => {
    const refusal = refuse('locked', { path: 'a', expected: 'b', got: 'c', hint: 'd' });
    expect(attempt(() => must(refusal))).toEqual(refusal);
    expect(attempt(() => must(ok(1)))).toEqual(ok(1));
    expect(() =>
      attempt(() => {
        throw new TypeError('x');
      }),
    ).toThrow(TypeError);
  });
});
