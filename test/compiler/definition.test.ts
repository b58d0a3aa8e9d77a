// Schemas written with `defineSchema`: types that follow from the properties beside them, and functions that are taken out
// of the text, each with what it uses.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openCompiler } from '../../src/adapters/compiler/compiler.ts';
import { repository } from '../architecture/repository.ts';

const compiler = openCompiler();
afterAll(() => compiler.close());

const example = readFileSync(join(repository, 'examples/queue/queue.ts'), 'utf8');
const kind = 'schema-definition';

const check = async (text: string) =>
  (await compiler.check({ text, kind })).map((d) => `${d.line}:${d.column} ${d.code}`);

/** Completions where `|` stands in the text. */
async function complete(marked: string): Promise<string[]> {
  const before = marked.slice(0, marked.indexOf('|')).split('\n');
  const text = marked.replace('|', '');
  return (await compiler.complete({ text, kind }, before.length, before.at(-1)!.length + 1)).map((c) => c.name);
}

const compiled = (text: string) => {
  const result = compiler.compile(text, kind);
  if (!result.ok) throw new Error(result.refusal.got);
  return result.value;
};
const textsOf = (text: string) => Object.fromEntries((compiler.functionsOf(text) ?? []).map((f) => [f.name, f.text]));

const vpc = (body: string) => `export default defineSchema({
  domain: { VpcId: { kind: 'string' }, Size: { kind: 'integer', default: 1 }, Box: { kind: 'object', properties: { A: { kind: 'boolean' } } } },
  ${body}
});
`;

describe('an editor', () => {
  test('finds nothing wrong with the example', async () => {
    expect(await check(example)).toEqual([]);
  });

  test('completes domain.VpcId in the file that defines it, and what an object holds', async () => {
    const text = vpc("qualifications: { ok(input) { input.domain.|; return { result: 'success' }; } },");
    expect(await complete(text)).toEqual(['Box', 'Size', 'VpcId']);
    expect(await complete(vpc("code: { a: ({ domain }) => ({ format: 'a', code: domain.Box?.| }) },"))).toEqual(['A']);
  });

  test('completes what a property may say', async () => {
    expect(await complete(vpc("resource: { A: { kind: 'integer', | } },"))).toEqual(
      expect.arrayContaining(['minimum', 'default', 'docs', 'required']),
    );
  });

  test('completes pointers, and arguments by their names with the types of their properties', async () => {
    const fn =
      "attributes: { f: { arguments: { size: '/domain/Size', a: '/domain/Box/A' }, output: '/domain/VpcId', main";
    expect(await complete(vpc(`${fn}: (input) => input.| } },`))).toEqual(['a', 'size']);
    expect(await complete(vpc(`${fn}({ size }) { return size.| } } },`))).toContain('toFixed');
    expect(await complete(vpc("attributes: { f: { arguments: {}, output: '|', main: () => 1 } },"))).toContain(
      '/domain/Box/A',
    );
  });

  test.each([
    ['a kind that there is not', "resource: { A: { kind: 'text' } },", '3:20 TS2322'],
    ['a misspelt member', "resource: { A: { kind: 'string', requird: true } },", '3:36 TS2322'],
    ['one further down', "resource: { A: { kind: 'array', items: { kind: 'string', size: 1 } } },", '3:60 TS2322'],
    ['a default of another kind', "resource: { A: { kind: 'integer', default: 'x' } },", '3:37 TS2322'],
    [
      'a property that there is not',
      "code: { a: ({ domain }) => ({ format: 'a', code: domain.Vpc }) },",
      '3:59 TS2339',
    ],
    ['a result that is none', "qualifications: { a: () => ({ result: 'fine' }) },", '3:33 TS2322'],
    [
      'an output that there is not',
      "attributes: { a: { arguments: {}, output: '/domain/B', main: () => 1 } },",
      '3:37 TS2820',
    ],
  ])('is told of %s, with line and column', async (_, body, place) => {
    expect(await check(vpc(body))).toContain(place);
  });
});

describe('the text of a function', () => {
  test('has what it uses of the rest, through others too, with types, and nothing else', () => {
    const texts = textsOf(`import type { Other } from './other';
interface Port { n: number }
const ten = 10;
function least(p: Port) { return p.n < ten; }
const unused = 1;
const main = defineSchema({
  domain: {},
  qualifications: {
    // says so
    async low({ domain }) {
      const p: Port = domain.port;
      return { result: least(p) ? 'warning' : 'success' };
    },
    'a b': ({ domain }) => ({ result: 'success' }),
    least,
  },
});
`);
    expect(texts['low']).toBe(`interface Port { n: number }

const ten = 10;

function least(p: Port) { return p.n < ten; }

// says so
async function main({ domain }) {
  const p: Port = domain.port;
  return { result: least(p) ? 'warning' : 'success' };
}
`);
    expect(texts['a b']).toBe("const main = ({ domain }) => ({ result: 'success' });\n");
    expect(texts['least']).toContain('const main = least;');
    for (const text of Object.values(texts)) expect(compiler.compile(text, 'qualification').ok).toBe(true);
  });

  test('stays the same whatever else becomes of the definition', () => {
    const before = textsOf(example);
    const after = textsOf(example.replace("docs: 'A queue", "docs: 'Some\\n queue").replace('After: {', 'Later: {'));
    expect(after).toEqual(before);
    expect(Object.keys(before)).toEqual(['fullName', 'settings', 'plainName', 'keepsADay']);
    expect(textsOf(example.replace('[a-z0-9-]', '[a-z-]'))).toEqual({
      ...before,
      plainName: before['plainName']!.replace('[a-z0-9-]', '[a-z-]'),
    });
  });

  test('is as it is written where a template of several lines is in it', () => {
    const text = vpc('code: { a() { return { format: `a`, code: `\n    deep\n  ` }; } },');
    expect(textsOf(text)['a']).toBe('function main() { return { format: `a`, code: `\n    deep\n  ` }; }\n');
  });

  test('keeps what it declares to reach to itself, and its effects', () => {
    const text = `const get = () => fetch('https://a.example');\n${vpc(`actions: {
    // @network a.example
    create: { kind: 'create', async main() { await get(); return { status: 'ok' }; } },
  },
  qualifications: { pure: () => ({ result: 'success' }) },`)}`;
    expect(compiled(text)).toMatchObject({ tier: 'isolate', effects: [] });
    const texts = textsOf(text);
    expect(compiler.compile(texts['create']!, 'action')).toMatchObject({
      value: { tier: 'process', effects: ['fetch'], allow: { network: ['a.example'] } },
    });
    expect(compiler.compile(texts['pure']!, 'qualification')).toMatchObject({ value: { tier: 'isolate' } });
    // What the definition itself does counts.
    expect(compiled(text.replace("kind: 'string' }", "kind: 'string', docs: String(get()) }")).tier).toBe('process');
  });

  test('is no part of what is run for the schema', () => {
    const { script } = compiled(
      vpc("code: { a() { throw 1; }, b: () => 2, 'c': c }, ").replace('export', 'const c = () => 3;\nexport'),
    );
    expect(script).toContain('{ a:0');
    expect(script).not.toContain('throw 1');
    expect(script.split('\n').slice(0, 3).join('\n')).not.toContain('=> 2');
  });

  test.each([
    ['spread', 'code: { ...other },'],
    ['computed', 'code: { [name]: () => 1 },'],
    ['made elsewhere', 'code: other,'],
    ['made by a call', 'qualifications: { a: make() },'],
    ['a getter', 'qualifications: { get a() { return () => 1; } },'],
    ['without main', "actions: { a: { kind: 'create' } },"],
  ])('that cannot be taken out is refused with its place: %s', (_, body) => {
    const result = compiler.compile(vpc(body), kind);
    expect(result).toMatchObject({ refusal: { code: 'function_invalid', path: expect.stringMatching(/^text:3:/) } });
  });

  test('is none where the definition is built otherwise', () => {
    expect(compiler.functionsOf('function main() { return new AssetBuilder().build(); }')).toBeUndefined();
    expect(compiler.functionsOf('export default {')).toBeUndefined();
  });
});
