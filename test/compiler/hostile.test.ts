// Texts made to bring a parser down: nested without end, full of errors, or such that every bracket doubles the work. Each
// ends with a diagnostic, and the compiler goes on.

import { describe, expect, test } from 'vitest';
import { compileText } from '../../src/adapters/compiler/compile.ts';
import { worked } from '../../src/adapters/compiler/work_limit.ts';

const n = 50_000;
const nested: Readonly<Record<string, string>> = {
  parentheses: `${'('.repeat(n)}1${')'.repeat(n)}`,
  'open parentheses': '('.repeat(n),
  lists: `${'['.repeat(n)}${']'.repeat(n)}`,
  blocks: `${'{'.repeat(n)}${'}'.repeat(n)}`,
  templates: `${'`${'.repeat(n)}1${'}`'.repeat(n)}`,
  'type arguments': `${'f<'.repeat(n)}x${'>'.repeat(n)}`,
  'arrow functions': `${'a=>'.repeat(n)}1`,
  conditionals: `${'a?b:'.repeat(n)}c`,
  'conditional types': `type A=${'a extends b?c:'.repeat(n)}d`,
  sums: `x=${'1+'.repeat(n)}1`,
  negations: `${'!'.repeat(n)}x`,
  assignments: `${'a='.repeat(n)}1`,
  'statement heads': `${'if(a)'.repeat(n)};`,
  'else branches': `${'if(a)b;else '.repeat(n)};`,
  labels: `${Array.from({ length: 10_000 }, (_, i) => `a${i}:`).join('')}1`,
  constructions: `${'new '.repeat(n)}a`,
  calls: `f${'()'.repeat(n)}`,
  members: `f${'.a'.repeat(n)}`,
};
describe('a text that nests without end is refused', () => {
  for (const [name, text] of Object.entries(nested)) {
    test(name, () => {
      const result = compileText(`${text};\nfunction main() {}`, 'attribute');
      expect(result).toMatchObject([{ severity: 'error', code: expect.stringMatching(/^(too_deep|syntax)$/) }]);
    });
  }
});

describe('a text full of errors is refused at the first', () => {
  for (const line of ['const a;', 'let b;', '\\u0', 'class A{readonly readonly a}', 'return;', '"\\u{110000000}";']) {
    test(line, () => {
      const result = compileText(line.repeat(n), 'attribute');
      expect(result).toMatchObject([{ code: 'syntax', line: 1 }]);
    });
  }
});

describe('a text on which the parser would try without end is given up', () => {
  for (const part of ['<T>(a=', 'async<T>(a=']) {
    test(part, () => {
      const text = `${part.repeat(40)}1${')'.repeat(40)}`;
      expect(compileText(text, 'attribute')).toMatchObject([{ code: 'too_slow' }]);
      expect(compileText('const main = () => 1', 'attribute')).toMatchObject({ tier: 'isolate' });
    });
  }
});

test('time in which the thread is not let run is not counted', () => {
  const waits = new Int32Array(new SharedArrayBuffer(4));
  let runs = 0;
  const run = () => {
    // As in a process that is paused: the clock goes on, and nothing is worked.
    if (runs++ < 2) Atomics.wait(waits, 0, 0, 400);
    return 'done';
  };
  expect([worked(50, run), runs]).toEqual(['done', 3]);
  const busy = () => {
    for (runs = 0; ; ) runs++;
  };
  expect(() => worked(50, busy)).toThrow(expect.objectContaining({ code: 'ERR_SCRIPT_EXECUTION_TIMEOUT' }));
});

test('a large text compiles', () => {
  const text = `function main(input: any): any {\n${'  input = [input.a, { b: (input as any).c }].map((x: any) => x < 2);\n'.repeat(1_500)}}\n`;
  expect(text.length).toBeGreaterThan(100_000);
  expect(compileText(text, 'attribute')).toMatchObject({ tier: 'isolate' });
});
