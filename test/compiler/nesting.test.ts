// Texts that would overflow the stack of a native parser, and with it end the process. Each is parsed here for real: without
// the bound in front of the parser this file does not end with a failure, it ends the test process.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compileText } from '../../src/adapters/compiler/compile.ts';
import { findTooDeep } from '../../src/adapters/compiler/nesting.ts';
import { repository } from '../architecture/repository.ts';

const n = 50_000;
const hostile: Readonly<Record<string, string>> = {
  parentheses: `${'('.repeat(n)}1${')'.repeat(n)}`,
  'open parentheses': '('.repeat(n),
  lists: `${'['.repeat(n)}${']'.repeat(n)}`,
  blocks: `${'{'.repeat(n)}${'}'.repeat(n)}`,
  templates: `${'`${'.repeat(n)}1${'}`'.repeat(n)}`,
  'type arguments': `${'f<'.repeat(n)}x${'>'.repeat(n)}`,
  'type arguments behind commas': `let x: ${'f<a,'.repeat(n)}x${'>'.repeat(n)}`,
  'type lists': `type A = x${'[]'.repeat(n)}`,
  'arrow functions': `${'a=>'.repeat(n)}1`,
  conditionals: `${'a?b:'.repeat(n)}c`,
  'conditional types': `type A=${'a extends b?c:'.repeat(n)}d`,
  sums: `x=${'1+'.repeat(n)}1`,
  negations: `${'!'.repeat(n)}x`,
  assignments: `${'a='.repeat(n)}1`,
  'statement heads': `${'if(a)'.repeat(n)};`,
  'else behind semicolons': `${'if(a)b;else '.repeat(n)};`,
  'else behind braces': `${'if(a){b}else '.repeat(n)};`,
  'else behind lines': `${'if(a)\nb\nelse '.repeat(n)}1`,
  labels: `${'a:\n'.repeat(n)}1`,
  constructions: `${'new '.repeat(n)}a`,
  'class heritage': `${'class a extends '.repeat(n)}b`,
  'brackets beside brackets in strings': '(")" + '.repeat(n),
  'brackets beside brackets in comments': '(/*)*/'.repeat(n),
  'brackets beside brackets in expressions': '(/[)/]/.a,'.repeat(n),
  'brackets behind a slash that may be either': `${'}/1;'}${'((/)/,'.repeat(n)}`,
  decorators: '@a '.repeat(n),
  calls: `f${'()'.repeat(n)}`,
  members: `f${'.a'.repeat(n)}`,
};
for (const [name, text] of Object.entries(hostile)) {
  test(`too deep a text is refused before it is parsed: ${name}`, () => {
    for (const part of [text, text.slice(0, 2_400), text.slice(0, 6_000), text.slice(0, 20_000)]) {
      expect(compileText(`${part}\nfunction main() {}`, 'attribute'), name).toBeTypeOf('object');
    }
    expect(compileText(text, 'attribute')).toMatchObject([{ code: 'too_deep', severity: 'error' }]);
  });
}

test('what a regular expression hides is not taken for brackets', () => {
  const closers = 'if (a) !/)))/.test(b);\nx = () => /)]}/;\ny! / 2; z = !/[)/]/.b;\n';
  expect(findTooDeep(`${closers.repeat(20)}${'('.repeat(790)}`)).toBeUndefined();
  expect(findTooDeep(`${'(!/)/,'.repeat(900)}`)).toBeDefined();
});

test('text that people write is not too deep', () => {
  const files = readdirSync(join(repository, 'src'), { recursive: true, encoding: 'utf8' }).filter((f) =>
    f.endsWith('.ts'),
  );
  expect(files.length).toBeGreaterThan(100);
  for (const file of files)
    expect(findTooDeep(readFileSync(join(repository, 'src', file), 'utf8')), file).toBeUndefined();
  const lodash = readFileSync(join(repository, 'node_modules/lodash/lodash.js'), 'utf8');
  expect(lodash.length).toBeGreaterThan(500_000);
  expect(findTooDeep(lodash)).toBeUndefined();
  expect(findTooDeep('foo(a)\nif (b) c()\nx = y ? z : 1\n'.repeat(200))).toBeUndefined();
  expect(findTooDeep('const a = [b + c, { d: e }].map((x) => x < 2)\n'.repeat(5_000))).toBeUndefined();
});
