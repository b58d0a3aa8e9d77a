import { describe, expect, test } from 'vitest';
import { must } from '../../../src/base/result.ts';
import { parseTemplate } from '../../../src/formats/cloudformation/parse.ts';
import { printTemplate } from '../../../src/formats/cloudformation/print.ts';

const parse = (text: string) => must(parseTemplate(text));

describe('parsing a template', () => {
  test('every short tag has a long form', () => {
    const tags = [
      'Sub',
      'Join',
      'Select',
      'Split',
      'FindInMap',
      'If',
      'GetAZs',
      'Cidr',
      'Base64',
      'ImportValue',
      'And',
      'Or',
      'Not',
      'Equals',
      'Transform',
      'Length',
      'ToJsonString',
    ];
    for (const tag of tags) expect(parse(`A: !${tag} x`)).toEqual({ A: { [`Fn::${tag}`]: 'x' } });
    expect(parse('A: !Ref x')).toEqual({ A: { Ref: 'x' } });
    expect(parse('A: !Condition x')).toEqual({ A: { Condition: 'x' } });
    expect(parse('A: !GetAtt B.C.D')).toEqual({ A: { 'Fn::GetAtt': ['B', 'C.D'] } });
    expect(parse('A: !GetAtt [B, !Ref C]')).toEqual({ A: { 'Fn::GetAtt': ['B', { Ref: 'C' }] } });
    expect(parse('A:\n  Fn::GetAtt: B.C')).toEqual({ A: { 'Fn::GetAtt': 'B.C' } });
    expect(parse("A: !GetAZs ''\nB: !GetAZs")).toEqual({ A: { 'Fn::GetAZs': '' }, B: { 'Fn::GetAZs': '' } });
    expect(parse('A: !Select [0, !Split [",", !Ref B]]')).toEqual({
      A: { 'Fn::Select': [0, { 'Fn::Split': [',', { Ref: 'B' }] }] },
    });
  });

  test('plain scalars as the core schema of YAML 1.2 has them, because other tools compare with that', () => {
    expect(
      parse(
        '[A: 2010-09-09, B: 012345678901, C: 0123, D: 1.10, E: 8.0, F: yes, G: "yes", H: 0x1F, I: 12, J: -1.5, K: ~, L: 22:22, M: 1e3, N: off, O: !!str 5, P: 12345678901234567890]'
          .replace('[', '{')
          .replace(']', '}'),
      ),
    ).toEqual({
      A: '2010-09-09',
      B: 12345678901,
      C: 123,
      D: 1.1,
      E: 8,
      F: 'yes',
      G: 'yes',
      H: 31,
      I: 12,
      J: -1.5,
      K: null,
      L: '22:22',
      M: 1000,
      N: 'off',
      O: '5',
      P: '12345678901234567890',
    });
    expect(parse('{"A": 12345678901234567890, "B": 1.0, "C": "\\u00fc\\ud83d\\ude00"}')).toEqual({
      A: '12345678901234567890',
      B: 1,
      C: 'ü😀',
    });
    expect(parse('{"A": 1.0}')).toEqual({ A: 1 });
  });

  test('keys: the last of two, numbers as text, anchors and merges resolved', () => {
    expect(parse('A: 1\nA: 2\n80: x\ntrue: y')).toEqual({ A: 2, '80': 'x', true: 'y' });
    expect(parse('A: &a {x: 1, y: 1}\nB: {<<: *a, y: 2}\nC: *a\nD: {<<: [{x: 5}, *a]}')).toEqual({
      A: { x: 1, y: 1 },
      B: { x: 1, y: 2 },
      C: { x: 1, y: 1 },
      D: { x: 5, y: 1 },
    });
    expect(Object.keys(parse('__proto__: 1'))).toEqual(['__proto__']);
  });

  test('quoted texts may go on without indentation', () => {
    const text =
      'A:\n  B: "first\nsecond \\"q\\"\n\nthird"\n  C: !Sub \'it\'\'s\nthis\'\n  D:\n    - "x\ny"\n    - z\n';
    expect(parse(text)).toEqual({
      A: { B: 'first second "q"\nthird', C: { 'Fn::Sub': "it's this" }, D: ['x y', 'z'] },
    });
  });

  test.each([
    ['A: [1', 1],
    ['A: 1\n---\nB: 1', 2],
    ['', 1],
    ['- 1', 1],
    ['{"a": 1,,}', 1],
    ['A:\n  B: "x', 2],
    ['A: *b', 1],
    ['A:\n\t- b: c', 2],
    ['A:\n  ? [a]\n  : 1', 2],
    ['A: {b: 1', 1],
  ])('%j is refused with line and column', (text, line) => {
    const parsed = parseTemplate(text);
    expect(parsed.ok).toBe(false);
    if (parsed.ok) return;
    expect(parsed.refusal.code).toBe('request_malformed');
    expect((parsed.refusal.data as { line: number }).line).toBe(line);
    expect(parsed.refusal.got).toMatch(/line \d+, column \d+/);
  });

  test('aliases that multiply are refused', () => {
    const lines = ['a0: &a0 [x,x,x,x,x,x,x,x,x,x]'];
    for (let i = 1; i < 9; i++)
      lines.push(`a${i}: &a${i} [${Array.from({ length: 10 }, () => `*a${i - 1}`).join(',')}]`);
    const parsed = parseTemplate(lines.join('\n'));
    expect(parsed.ok ? '' : parsed.refusal.code).toBe('limit_exceeded');
  });

  test('what is printed reads back the same', () => {
    const value = {
      A: [
        '1',
        1,
        '1.0',
        'yes',
        'no',
        true,
        null,
        '~',
        '',
        '2010-09-09',
        '0123',
        ' x ',
        'a\nb\n',
        '<<',
        '=',
        '!Ref',
        '*a',
        '- b',
        'ü😀',
        '22:22',
        '0x1F',
        '.5',
        'null',
        'on',
        'y',
      ],
      '012': { Ref: 'x' },
      '<<': { Ref: 'x' },
      yes: { 'Fn::Sub': '${A}\n  - x' },
    };
    expect(parse(printTemplate(value, 'yaml'))).toEqual(value);
    expect(parse(printTemplate(value, 'json'))).toEqual(value);
  });
});
