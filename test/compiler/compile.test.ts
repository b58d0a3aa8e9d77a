// Text of functions to scripts: lines, effects, refusals. Scripts are run as a sandbox would run them.

import 'ses';
import { afterAll, describe, expect, test } from 'vitest';
import { openCompiler } from '../../src/adapters/compiler/compiler.ts';
import type { FunctionKind } from '../../src/model/function.ts';

const compiler = openCompiler();
afterAll(() => compiler.close());

function compiled(text: string, kind: FunctionKind = 'attribute') {
  const result = compiler.compile(text, kind);
  if (!result.ok) throw new Error(`${result.refusal.path} ${result.refusal.got}`);
  return result.value;
}

function refusal(text: string, kind: FunctionKind = 'attribute') {
  const result = compiler.compile(text, kind);
  if (result.ok) throw new Error(`compiled: ${result.value.script}`);
  return result.refusal;
}

/** `main` of the script, strict and with no module around it. */
function mainOf(text: string, kind: FunctionKind = 'attribute'): (input?: unknown) => unknown {
  return new Function(`"use strict"; ${compiled(text, kind).script}\n;return main;`)();
}

/** The result of `main` in a compartment of SES, which refuses some spellings wherever they stand. */
const inSandbox = (script: string, input: number): unknown => new Compartment().evaluate(`${script}\n;main(${input})`);

describe('the script of a function', () => {
  const typed: readonly (readonly [name: string, text: string, input: unknown, output: unknown])[] = [
    [
      'annotations',
      'function main(a: { b: number }, c?: string): number { const d: number = a.b; return d }',
      { b: 2 },
      2,
    ],
    [
      'a result type over lines',
      'const f = (a: number): {\n b: number\n} => ({ b: a })\nconst main = (x: any) => f(x)',
      1,
      { b: 1 },
    ],
    ['an assertion before an object', 'const main = () => <any>{ a: 1 }', 0, { a: 1 }],
    [
      'an assertion that ends a line before a parenthesis',
      'let x = 1\nfunction main() {\n const y = x as any\n ;(x as any) = 3\n return [x, y]\n}',
      0,
      [3, 1],
    ],
    [
      'an assertion that kept two lines apart',
      'function main() {\n const y = 1 as any\n [2].length\n return y }',
      0,
      1,
    ],
    [
      'generics',
      'class Box<T> { constructor(readonlyValue: T) { this.v = readonlyValue } v!: T }\nconst id = async <\n T\n>(x: T) => x\nfunction main() { return new Box<number>(3).v }',
      0,
      3,
    ],
    [
      'interfaces, aliases, declarations and overloads',
      'interface A { b: string }\ntype B = A\ndeclare const z: number\nfunction f(a: string): string\nfunction f(a: any) { return a }\nfunction main() { return f("x") }',
      0,
      'x',
    ],
    [
      'enums',
      'enum A { B, C = 4,\n D, E = "e", F = C | 1 }\nfunction main() { return [A.B, A.C, A.D, A.E, A[5], A.F] }',
      0,
      [0, 4, 5, 'e', 'F', 5],
    ],
    [
      'class modifiers',
      'abstract class P<T> { abstract q(): T; protected readonly a?: number = 1; declare b: string; get() { return this.a } }\nclass C extends P<number> implements Iterable<number> { override q(): number { return 2 } *[Symbol.iterator](): any { yield this.q() } }\nfunction main(this: void) { return [...new C(), new C().get()] }',
      0,
      [2, 1],
    ],
    [
      'satisfies and non-null',
      'function main(a: any) { return (a satisfies object)!.b!.c as string }',
      { b: { c: 'd' } },
      'd',
    ],
    ['a default export of a function', 'export default async function main(a: any) { return a }', 1, undefined],
    ['a default export without a name', 'export default (a: number) => a + 1', 1, 2],
    ['a default export beside main', 'export function main() { return 1 }\nexport default { main }', 0, 1],
    [
      'imported types',
      "import type { X } from './x'\nimport { type Y } from 'y'\nexport type { X }\nfunction main(a: X & Y) { return a }",
      5,
      5,
    ],
    [
      'a type at the end of a part of a loop',
      'function main(n: number) {\n  let sum = 0\n  for (let i = n!; i > 0 as boolean; i = (i - 1)!) sum += i\n  for (const x of [n] as number[]) sum += x\n  return sum\n}',
      3,
      9,
    ],
  ];
  for (const [name, text, input, output] of typed) {
    test(`has no types and the same lines: ${name}`, () => {
      const { script } = compiled(text);
      expect(script.split('\n').length).toBe(text.split('\n').length);
      const result = mainOf(text)(input);
      if (output !== undefined) expect(result).toEqual(output);
    });
  }

  test('throws at the line that was written', () => {
    const text = 'interface A {\n  b: string;\n}\nfunction main(\n  a: A,\n): string {\n  throw new Error(a.b);\n}\n';
    const lines = compiled(text).script.split('\n');
    expect(lines[6]).toBe('  throw new Error(a.b);');
  });

  test('is the text itself where there are no types', () => {
    const text = 'async function main(component) {\n  return `${component.domain.a / 2}` // b\n}\n';
    expect(compiled(text).script).toBe(text);
  });

  test('says what a sandbox refuses by spelling in another way, with the same result', () => {
    const text = [
      'function main(n) {',
      '  // import(x) and <!-- -->',
      '  const s = "import(1)" + `import (${n}) <!-- -->` + \'eval(2)\';',
      '  const r = /<!--|-->/.source;',
      '  let i = 2; while (i --> 0) n++;',
      '  return [s, new RegExp(r).test("-->"), n, { import() { return 1 } }.import()];',
      '}',
    ].join('\n');
    expect(() => inSandbox(text, 1)).toThrow(/rejected/);
    expect(inSandbox(compiled(text).script, 1)).toEqual(['import(1)import (1) <!-- -->eval(2)', true, 3, 1]);
  });

  test('depends on text, kind and release only, and is kept', () => {
    const text = 'const main = () => 1';
    const again = openCompiler({ cacheCharsMax: 0 });
    expect(again.compile(text, 'attribute')).toEqual(compiler.compile(text, 'attribute'));
    expect(compiler.compile(text, 'attribute')).toBe(compiler.compile(text, 'attribute'));
    expect(again.compile(text, 'attribute')).not.toBe(again.compile(text, 'attribute'));
    expect(compiled(text, 'qualification').hash).not.toBe(compiled(text).hash);
    expect(compiled(`${text} `).hash).not.toBe(compiled(text).hash);
    expect(compiler.version).toMatch(/compiler@\d.* lodash@\d.* joi@\d/);
  });
});

describe('effects', () => {
  const cases: readonly (readonly [text: string, effects: readonly string[]])[] = [
    ['function main() { return fetch("x") }', ['fetch']],
    [
      'async function main() { await siExec.waitUntilEnd("ls"); requestStorage.getItem("a"); return siExec }',
      ['siExec', 'requestStorage'],
    ],
    ['const { a } = process.env; function main() {}', ['process']],
    ['async function main() { return connect({ path: "/run/x.sock" }) }', ['connect']],
    ['function main() { return [new Pg.Client(), CloudControl.CloudControlClient] }', ['Pg', 'CloudControl']],
    ['function main() { return STS.STSClient }', ['STS']],
    ['function main(a = fs) {}', ['fs']],
    ['function main(a) { return { fetch } }', ['fetch']],
    ['function main(a) { return `${os.hostname()}` }', ['os']],
    [
      'function main(a) { return globalThis.fetch + globalThis["Deno"] + (globalThis as any).process }',
      ['fetch', 'Deno', 'process'],
    ],
    ['function main() { return Date.now() }', ['Date.now']],
    ['function main() { return new Date().getTime() + Date() }', ['Date']],
    ['function main() { return Math.random() }', ['Math.random']],
    ['class A extends Worker {} function main() {}', ['Worker']],
    ['function main() { if (a) { let fetch; } fetch = 1 }', ['fetch']],
    ['function main() { ({ a: fs.b } = {}) }', ['fs']],
    ['function main() { { function os() {} } { os } }', ['os']],
  ];
  for (const [text, effects] of cases) {
    test(`are found: ${text}`, () => {
      expect(compiled(text)).toMatchObject({ effects, tier: 'process' });
    });
  }

  const pure = [
    'function main(fetch) { return fetch("x") }',
    'function main({ a: fetch, ...os }, [fs = 1]) { return [fetch, os, fs] }',
    'const fetch = 1; function main() { return fetch }',
    'function main() { return fetch(); function fetch() {} }',
    'function main() { { var os = 1 } return os }',
    'function main() { try {} catch (process) { process.exit() } }',
    'function main() { for (const fs of []) fs.x }',
    'const f = function fetch() { return fetch }; const main = f',
    'const C = class os { a = os }; const main = C',
    'function main(a) { return a.fetch + a?.os + { fetch: 1, os() {} }.fetch }',
    'function main(a) { fetch: for (;;) { break fetch } }',
    'function main(a: typeof fetch, b: fs.Stats): Response { let x: Buffer; return a as Worker }',
    'interface fetch {} function main(a) { return new Date(0) + Date.parse("x") + Math.max(1) + toml.parse("a") + _.get(a, "b") }',
    'enum fs { os, B = os } function main() { return fs.B }',
    'import type { fetch } from "x"; function main() {}',
    '// effects are none\nfunction main() { return "fetch" + /fetch/ }',
  ];
  for (const text of pure) {
    test(`are not found: ${text}`, () => {
      expect(compiled(text)).toMatchObject({ effects: [], tier: 'isolate' });
    });
  }

  test('are those of names that the isolate has not', () => {
    const text = 'function main(a) { return new URL(a).host + Buffer.from(a) }';
    expect(compiled(text)).toMatchObject({ effects: ['URL', 'Buffer'], tier: 'process' });
    const other = openCompiler({ isolateNames: ['URL', 'fetch'] });
    expect(other.compile(text, 'attribute')).toMatchObject({ value: { effects: ['Buffer'] } });
    expect(other.compile('const main = fetch', 'attribute')).toMatchObject({ value: { effects: ['fetch'] } });
    expect(other.version).not.toBe(compiler.version);
  });

  test('are declared by a comment', () => {
    for (const comment of ['// @effects', '/** @effects reads a clock */', '/*\n * @effects\n */']) {
      expect(compiled(`${comment}\nfunction main() {}`)).toMatchObject({ tier: 'process', effects: [] });
    }
    expect(compiled('const main = () => "// @effects"').tier).toBe('isolate');
  });

  test('belong to authentication functions whatever they say, and to no other kind', () => {
    const tiers = (['authentication', 'action', 'management', 'qualification', 'schema-definition'] as const).map(
      (kind) => compiled('function main() {}', kind).tier,
    );
    expect(tiers).toEqual(['process', 'isolate', 'isolate', 'isolate', 'isolate']);
  });
});

describe('a text is refused', () => {
  const cases: readonly (readonly [name: string, text: string, path: string, code: string])[] = [
    ['without main', 'function other() {}', 'text:1:1', 'no_main'],
    ['with main declared as a type only', 'declare function main(): void', 'text:1:1', 'no_main'],
    ['with main inside of a block', '{ let main = 1 }', 'text:1:1', 'no_main'],
    ['that does not parse', 'function main() {\n  return 1 +;\n}', 'text:2:13', 'syntax'],
    ['that declares a name twice', 'function main() {\n  let a;\n  let a;\n}', 'text:3:7', 'syntax'],
    ['that imports', "\nimport _ from 'lodash';\nfunction main() {}", 'text:2:1', 'import_refused'],
    ['that imports when it runs', 'async function main() {\r\n  await import("fs") }', 'text:2:9', 'import_refused'],
    ['that exports another module', 'export * from "x"; function main() {}', 'text:1:1', 'import_refused'],
    ['with eval', 'function main() { eval("1") }', 'text:1:19', 'unsupported_syntax'],
    ['with await on the top level', 'const a = await 1; function main() {}', 'text:1:11', 'unsupported_syntax'],
    ['with a namespace', 'namespace A { export const b = 1 }\nfunction main() {}', 'text:1:1', 'unsupported_syntax'],
    [
      'with a parameter property',
      'class A { constructor(private b: string) {} }\nfunction main() {}',
      'text:1:23',
      'unsupported_syntax',
    ],
    ['with a decorator', '@a class B {}\nfunction main() {}', 'text:1:1', 'unsupported_syntax'],
  ];
  for (const [name, text, path, code] of cases) {
    test(name, () => {
      const found = refusal(text);
      expect(found).toMatchObject({ code: 'function_invalid', path });
      expect(found.got.split(':')[0]).toBe(code);
    });
  }

  test('for an import with the name to use instead', () => {
    expect(refusal("import { get } from 'lodash'; function main() {}").got).toContain('use the global name _');
    expect(refusal("import fs from 'node:fs'; function main() {}").got).toContain('use the global name fs');
    expect(refusal("import x from 'left-pad'; function main() {}").got).toContain('there are _, Joi, YAML');
  });

  test('with everything that is wrong, in order of the text', () => {
    const { data } = refusal("import 'a';\nfunction main() { import('b') }\n@c class D {}");
    expect((data as { diagnostics: { line: number }[] }).diagnostics.map((d) => d.line)).toEqual([1, 2, 3]);
  });

  test('when it is over the bound', () => {
    expect(refusal(`function main() {}${' '.repeat(1024 * 1024)}`)).toMatchObject({
      code: 'limit_exceeded',
      path: 'text',
    });
  });
});
