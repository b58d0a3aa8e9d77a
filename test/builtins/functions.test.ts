import { describe, expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { parameterValue } from '../../src/builtins/functions/convert.ts';
import { builtins, EvaluationError } from '../../src/builtins/functions/table.ts';
import { signatures } from '../../src/model/signature.ts';

const NONE = undefined;
const fail = (): never => {
  throw new EvaluationError('argument_kind', 'not to be evaluated');
};

function run(name: string, ...args: (Json | undefined)[]): Json | undefined {
  return builtins[name]!.apply(args.map((value) => () => value));
}

function codeOf(body: () => unknown): string {
  try {
    body();
  } catch (e) {
    if (e instanceof EvaluationError) return e.code;
    throw e;
  }
  return 'none';
}

describe('built-in functions', () => {
  test('the table has no inherited names and every function has docs and a sane arity', () => {
    expect(builtins['constructor']).toBeUndefined();
    for (const [name, f] of Object.entries(builtins)) {
      expect(f.docs.length, name).toBeGreaterThan(10);
      expect(f.arity.max ?? 1e9).toBeGreaterThanOrEqual(f.arity.min);
    }
  });

  test('the model’s signatures are those of the functions', () => {
    const ours = Object.entries(builtins).map(([name, f]) => [
      name,
      { min: f.arity.min, max: f.arity.max, result: f.result },
    ]);
    expect(Object.fromEntries(ours)).toEqual({ ...signatures });
  });

  test('numbers', () => {
    expect(run('sum')).toBe(0);
    expect(run('sum', 1, '2', 3.5)).toBe(6.5);
    expect(run('sum', 1, NONE)).toBeUndefined();
    expect(codeOf(() => run('sum', Number.MAX_SAFE_INTEGER, 1))).toBe('not_convertible');
    expect(codeOf(() => run('sum', 'x'))).toBe('not_convertible');
  });

  test('text', () => {
    expect(run('join', '-', ['a', 1, true])).toBe('a-1-true');
    expect(run('concat', 'a', 1, false)).toBe('a1false');
    expect(run('split', ',', 'a,,b')).toEqual(['a', '', 'b']);
    expect(codeOf(() => run('split', '', 'a'))).toBe('argument_kind');
    expect(codeOf(() => run('join', '-', [{}]))).toBe('argument_kind');
    for (const text of ['', 'a', 'ab', 'abc', 'żółć €', '😀x']) {
      expect(run('base64', text)).toBe(Buffer.from(text, 'utf8').toString('base64'));
    }
  });

  test('sub: variables, escapes, own variables first, a variable without a value', () => {
    expect(run('sub', '${A}-${ B }-${!C}-${', { A: 1, B: 'b' })).toBe('1-b-${C}-${');
    expect(run('sub', '${A}', { A: 'implied' }, { A: 'own' })).toBe('own');
    expect(run('sub', '${A}', {})).toBeUndefined();
  });

  test('choices evaluate only what they choose', () => {
    const lazy = builtins['if']!;
    expect(lazy.apply([() => true, () => 1, fail])).toBe(1);
    expect(lazy.apply([() => 'false', fail, () => NONE])).toBeUndefined();
    expect(lazy.apply([() => NONE, fail, fail])).toBeUndefined();
    expect(builtins['coalesce']!.apply([() => NONE, () => 2, fail])).toBe(2);
    expect(builtins['and']!.apply([() => false, fail])).toBe(false);
    expect(builtins['or']!.apply([() => true, fail])).toBe(true);
    expect(run('and', true, NONE)).toBeUndefined();
    expect(run('and', NONE, false)).toBe(false);
    expect(run('or', NONE, true)).toBe(true);
    expect(run('not', 'true')).toBe(false);
  });

  test('equals compares scalars by their text', () => {
    expect(run('equals', 5, '5')).toBe(true);
    expect(run('equals', true, 'true')).toBe(true);
    expect(run('equals', ['1'], [1])).toBe(true);
    expect(run('equals', '', null)).toBe(false);
    expect(run('equals', 'a', 'A')).toBe(false);
  });

  test('lists and maps leave out what has no value', () => {
    expect(run('array', 1, NONE, 2)).toEqual([1, 2]);
    expect(run('object', 'a', 1, 'b', NONE)).toEqual({ a: 1 });
    expect(Object.keys(run('object', '__proto__', 1) as object)).toEqual(['__proto__']);
    expect(run('merge', { a: 1, b: 1 }, NONE, { b: 2 })).toEqual({ a: 1, b: 2 });
    expect(run('keys', { b: 1, a: 2 })).toEqual(['a', 'b']);
    expect(run('select', '1', ['a', 'b'])).toBe('b');
    expect(codeOf(() => run('select', 2, ['a', 'b']))).toBe('index_out_of_range');
    expect(run('length', [1, 2])).toBe(2);
    expect(run('get', { a: 1 }, 'a')).toBe(1);
    expect(codeOf(() => run('get', { a: 1 }, 'constructor'))).toBe('key_not_found');
  });

  test('findInMap: keys as text, the default where there is no entry', () => {
    const map = { 'us-east-1': { ami: 'x' }, '80': { a: 1 } };
    expect(run('findInMap', map, 'us-east-1', 'ami')).toBe('x');
    expect(run('findInMap', map, 80, 'a')).toBe(1);
    expect(codeOf(() => run('findInMap', map, 'eu', 'ami'))).toBe('key_not_found');
    expect(run('findInMap', map, 'eu', 'ami', 'd')).toBe('d');
    expect(run('findInMap', map, 'us-east-1', 'no', 'd')).toBe('d');
  });

  test('cidr, IPv4', () => {
    expect(run('cidr', '10.0.0.0/16', 3, 8)).toEqual(['10.0.0.0/24', '10.0.1.0/24', '10.0.2.0/24']);
    expect(run('cidr', '192.168.1.77/24', '2', '5')).toEqual(['192.168.1.0/27', '192.168.1.32/27']);
    expect((run('cidr', '10.0.0.0/16', 256, 8) as string[]).at(-1)).toBe('10.0.255.0/24');
    expect(codeOf(() => run('cidr', '10.0.0.0/24', 2, 8))).toBe('address_invalid');
    expect(codeOf(() => run('cidr', '10.0.0.256/24', 2, 4))).toBe('address_invalid');
    expect(codeOf(() => run('cidr', '10.0.0.0/33', 1, 4))).toBe('address_invalid');
    expect(codeOf(() => run('cidr', '10.0.0.0/8', 257, 8))).toBe('address_invalid');
  });

  test('cidr, IPv6', () => {
    expect(run('cidr', '2001:db8:1234:1a00::/56', 2, 64)).toEqual([
      '2001:db8:1234:1a00::/64',
      '2001:db8:1234:1a01::/64',
    ]);
    expect(run('cidr', '::/0', 2, 127)).toEqual(['::/1', '8000::/1']);
    expect(run('cidr', '::ffff:1.2.3.0/120', 1, 4)).toEqual(['::ffff:102:300/124']);
    expect(codeOf(() => run('cidr', '1::2::3/64', 1, 8))).toBe('address_invalid');
  });

  test('getAzs: a region, or the stack’s own', () => {
    expect(run('getAzs', 'eu-west-1')).toEqual(['eu-west-1a', 'eu-west-1b', 'eu-west-1c']);
    expect(run('getAzs', '', 'us-east-1')).toHaveLength(6);
    expect(run('getAzs', NONE, 'us-east-1')).toBeUndefined();
    expect(codeOf(() => run('getAzs', 'nowhere'))).toBe('region_unknown');
  });

  test('conversions are lossless or refused', () => {
    expect(run('toInteger', ' 80 ')).toBe(80);
    expect(codeOf(() => run('toInteger', '8.5'))).toBe('not_convertible');
    expect(codeOf(() => run('toInteger', '99999999999999999999'))).toBe('not_convertible');
    expect(run('toNumber', '1.50')).toBe(1.5);
    expect(codeOf(() => run('toNumber', ''))).toBe('not_convertible');
    expect(run('toBoolean', 'True')).toBe(true);
    expect(codeOf(() => run('toBoolean', 'yes'))).toBe('not_convertible');
    expect(run('toText', 5)).toBe('5');
    expect(codeOf(() => run('toText', []))).toBe('not_convertible');
    expect(run('toList', ' a, b ,c')).toEqual(['a', 'b', 'c']);
    expect(run('toJson', { b: 1, a: [] })).toBe('{"a":[],"b":1}');
    expect(run('fromJson', '{"a":1}')).toEqual({ a: 1 });
    expect(codeOf(() => run('fromJson', '{'))).toBe('not_convertible');
  });

  test('parameterValue by type', () => {
    expect(parameterValue('Number', '80')).toBe(80);
    expect(parameterValue('Number', '007')).toBe('007');
    expect(parameterValue('String', true)).toBe('true');
    expect(parameterValue('CommaDelimitedList', 'a, b')).toEqual(['a', 'b']);
    expect(parameterValue('List<AWS::EC2::Subnet::Id>', 's-1')).toEqual(['s-1']);
    expect(parameterValue('AWS::SSM::Parameter::Value<String>', '/x')).toBeUndefined();
  });

  test('the zones of nothing are those of the stack, and what is imported is looked up', () => {
    for (const nothing of ['', null]) expect(run('getAzs', nothing, 'eu-west-1')).toEqual(run('getAzs', 'eu-west-1'));
    expect(run('getAzs', 'us-east-2', 'eu-west-1')).toEqual(run('getAzs', 'us-east-2'));
    expect(run('importValue', 'net-Vpc', { 'net-Vpc': 'vpc-1' })).toBe('vpc-1');
    expect(run('importValue', 'net-Vpc', { other: 'vpc-1' })).toBeUndefined();
    expect(run('importValue', 'net-Vpc', NONE)).toBeUndefined();
  });

  test('no value in, no value out; importing has none of what is not known', () => {
    expect(run('concat', 'a', NONE)).toBeUndefined();
    expect(run('importValue', 'x')).toBeUndefined();
    expect(run('noValue')).toBeUndefined();
  });
});
