// Schemas made of definitions: compiled, run in the isolate, converted, and kept with their text in one batch.

import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import type { AuthorReply, CheckedDefinition } from '../../src/engine/author.ts';
import type { SchemaSource } from '../../src/engine/variants.ts';
import type { BindingRecord, FunctionRecord } from '../../src/model/function.ts';
import type { VariantRecord } from '../../src/model/schema.ts';
import type { Diagnostic } from '../../src/ports/compiler.ts';
import { functionHouse } from './function_house.ts';
import { type House, owner, sqliteHouse } from './house.ts';

const web = readFileSync(new URL('./fixtures/web.ts', import.meta.url), 'utf8');
const everything = readFileSync(new URL('../formats/asset/fixtures/everything.js', import.meta.url), 'utf8');

const open: House[] = [];
async function opened(): Promise<House> {
  const house = await functionHouse();
  open.push(house);
  return house;
}
afterEach(async () => {
  for (const house of open.splice(0)) await house.close();
});

const author = (house: House, changeSet: string, text: string, name = 'Web') =>
  house.call<AuthorReply>('schema.author', { changeSet, text, name });

async function stateOf(house: House, changeSet: string) {
  const found = await (await house.workspace()).present(changeSet as never);
  if (!found.ok) throw new Error('no change set');
  const { snapshot } = found.value;
  const functions = [...snapshot.scan('functions', '')].map(([, t]) => JSON.parse(t) as FunctionRecord);
  const bindings = [...snapshot.scan('bindings', '')].map(([, t]) => JSON.parse(t) as BindingRecord);
  const variants = [...snapshot.scan('schemas', '')].filter(([k]) => k.includes('/'));
  return {
    functions: functions.map((f) => `${f.kind} ${f.name}`).sort(),
    outputs: bindings.flatMap((b) => (b.output === null ? [] : [`${b.output} <- ${b.arguments[0]?.path}`])).sort(),
    variants: variants.map(([, t]) => (JSON.parse(t) as VariantRecord).locked),
  };
}

describe('[EN90] [MU35] a definition', () => {
  test('becomes a schema with its text, its defaults and the properties that follow others', async () => {
    const house = await opened();
    const changeSet = await house.open();
    const reply = await author(house, changeSet, web);
    expect(reply).toMatchObject({
      name: 'Web',
      follows: [{ output: '/domain/Shown', path: '/domain/Host' }],
      warnings: [],
      log: ['building'],
      definesSecret: null,
    });
    expect(await stateOf(house, changeSet)).toEqual({
      functions: ['attribute identity', 'schema-definition Web definition'],
      outputs: ['/domain/Shown <- /domain/Host'],
      variants: [false],
    });
    await house.submit(changeSet, {
      kind: 'component.create',
      schema: 'Web',
      name: 'a',
      attributes: { '/domain/Host': 'example.org' },
    });
    expect(await house.value(changeSet, 'a')).toEqual({ Host: 'example.org', Port: 80, Shown: 'example.org' });
    const runs = await house.call<{ items: { kind: string }[] }>('run.list', {});
    expect(runs.items.map((r) => r.kind)).toEqual(['schema-definition']);
    expect((await house.call<SchemaSource>('schema.source', { changeSet, schema: 'Web' })).text).toBe(web);
    await house.sound();
  });

  test('is refused on Head before it is run, also one that comes in a package', async () => {
    const house = await opened();
    const changeSet = await house.open();
    await author(house, changeSet, web);
    const pkg = await house.call<Json>('schema.package', { changeSet, schemas: ['Web'] });
    const before = await house.call<{ items: unknown[] }>('run.list', {});
    for (const [operation, params] of [
      ['schema.author', { text: web, name: 'Web' }],
      ['schema.install_package', { text: JSON.stringify(pkg) }],
    ] as const) {
      const refusal = await house.refused(operation, { changeSet: 'HEAD', ...params });
      expect(refusal).toMatchObject({ code: 'head_is_read_only', path: 'changeSet' });
    }
    expect(await house.call('run.list', {})).toEqual(before);
  });

  test('again is no change, and a later one edits the variant in work', async () => {
    const house = await opened();
    const changeSet = await house.open();
    const first = await author(house, changeSet, web);
    expect((await author(house, changeSet, web)).edits).toBe(0);
    const other = web.replace("setName('Shown')", "setName('Seen')").replace('http: 80 }', 'http: 81 }');
    const second = await author(house, changeSet, other);
    expect(second.variant).toBe(first.variant);
    expect(await stateOf(house, changeSet)).toEqual({
      functions: ['attribute identity', 'schema-definition Web definition'],
      outputs: ['/domain/Seen <- /domain/Host'],
      variants: [false],
    });
    expect((await house.call<SchemaSource>('schema.source', { changeSet, schema: 'Web' })).text).toBe(other);
    await house.sound();
  });

  test('of a schema that is locked makes a variant with its functions, whose text is its own', async () => {
    const house = await opened();
    const first = await house.open('first');
    await author(house, first, web);
    await house.submit(
      first,
      { kind: 'function.create', name: 'ok', functionKind: 'qualification', text: 'function main() {}' },
      { kind: 'binding.attach', function: 'ok', variant: (await author(house, first, web)).variant },
    );
    await house.call('change_set.apply', { changeSet: first });
    const changeSet = await house.open('second');
    expect((await author(house, changeSet, web)).edits).toBe(0);
    expect((await stateOf(house, changeSet)).variants).toEqual([true]);
    const other = web.replace('http: 80 }', 'http: 81 }');
    const reply = await author(house, changeSet, other);
    expect((await stateOf(house, changeSet)).variants.sort()).toEqual([false, true]);
    const head = await house.call<SchemaSource>('schema.source', { schema: 'Web' });
    const mine = await house.call<SchemaSource>('schema.source', { changeSet, schema: 'Web' });
    expect([head.text, head.locked, mine.text, mine.locked, mine.variant]).toEqual([
      web,
      true,
      other,
      false,
      reply.variant,
    ]);
    await house.call('change_set.apply', { changeSet });
    await house.submit(await house.open('third'), { kind: 'component.create', schema: 'Web', name: 'a' });
    const third = (await house.rows()).find((r) => r.name === 'third')!.id;
    expect((await house.value(third, 'a'))['Port']).toBe(81);
    const { value } = await house.call<{ value: { qualification?: object } }>('component.get', {
      changeSet: third,
      component: 'a',
      waitMs: 20_000,
    });
    expect(Object.keys(value.qualification ?? {})).not.toContain('none');
    await house.sound();
  });

  test('says what has no place here, and what functions that are bound do not find any more', async () => {
    const house = await opened();
    const changeSet = await house.open();
    const all = await author(house, changeSet, everything, 'All');
    expect(all.warnings.length).toBeGreaterThan(3);
    const text = all.warnings.map((w) => `${w.path} ${w.message}`).join('\n');
    expect(text).toMatch(/\/inputSockets\/\S+ is no connection here: subscribe \/domain/);
    expect(text).toMatch(/\/si\/name does not follow/);
    expect(text).toMatch(/\/resource\/payload does not follow/);
    const { variant } = await author(house, changeSet, web);
    await house.submit(
      changeSet,
      { kind: 'function.create', name: 'f', functionKind: 'attribute', text: 'function main() {}' },
      {
        kind: 'binding.attach',
        function: 'f',
        variant,
        arguments: [{ name: 'p', path: '/domain/Port' }],
        output: '/domain/Host',
      },
    );
    const { warnings } = await author(house, changeSet, web.replace("setName('Port')", "setName('Door')"));
    expect(warnings).toEqual([
      { path: '/domain/Port', message: 'is not in the schema any more; f gets nothing for p' },
    ]);
  });

  test('keeps the kind of secret that it defines in the variant', async () => {
    const house = await opened();
    const changeSet = await house.open();
    const text = `function main() {
      const key = new PropBuilder().setName('Key').setKind('string')
        .setWidget(new PropWidgetDefinitionBuilder().setKind('password').build()).build();
      return new AssetBuilder()
        .defineSecret(new SecretDefinitionBuilder().setName('Api Key').addProp(key).build()).build();
    }`;
    expect(await author(house, changeSet, text, 'Key')).toMatchObject({ definesSecret: 'Api Key' });
    const { spec } = await house.call<{ spec: { secretDefinition: unknown } }>('schema.describe', {
      changeSet,
      schema: 'Key',
    });
    expect(spec.secretDefinition).toEqual({
      name: 'Api Key',
      fields: { kind: 'object', properties: { Key: { kind: 'string', secret: true } } },
    });
  });
});

describe('[EN91] a definition that is wrong', () => {
  const cases: readonly (readonly [string, string, string, string])[] = [
    ['does not parse', 'function main() {\n  return {;\n}', 'text:2:11', 'syntax'],
    ['has no main', 'const a = 1;', 'text:1:1', 'no_main'],
    ['throws', "function main() {\n  throw new Error('no');\n}", 'text:2:9', 'threw'],
    [
      'misuses a builder',
      "function main() {\n  return new PropBuilder().setName('a').setKind('string')\n    .addChild(1);\n}",
      'text:3:6',
      'threw',
    ],
    ['has effects', "function main() {\n  return fetch('http://a');\n}", 'text:1:1', 'effects'],
  ];
  test.each(cases)('because it %s is refused with the place', async (_, text, path, code) => {
    const house = await opened();
    const changeSet = await house.open();
    const before = await house.everything();
    const refusal = await house.refused('schema.author', { changeSet, text, name: 'Bad' });
    expect(refusal).toMatchObject({ code: 'function_invalid', path });
    const { diagnostics } = refusal.data as { diagnostics: Diagnostic[] };
    expect(`text:${diagnostics[0]!.line}:${diagnostics[0]!.column}`).toBe(path);
    expect(diagnostics[0]!.code).toBe(code);
    expect(await house.everything()).toBe(before);
  });

  test('in what it returns is refused, whatever that is', async () => {
    const house = await opened();
    const changeSet = await house.open();
    for (const value of ['null', '1', '[]', '({ props: 1 })', "({ props: [{ name: 'a', kind: 'what' }] })"]) {
      const refusal = await house.refused('schema.author', {
        changeSet,
        text: `function main() { return ${value}; }`,
        name: 'Bad',
      });
      expect(refusal.code).toBe('request_malformed');
    }
  });

  test('never ends the engine: one that runs for ever is ended', { timeout: 60_000 }, async () => {
    const house = await opened();
    const changeSet = await house.open();
    const refusal = await house.refused('schema.author', {
      changeSet,
      text: 'function main() { for (;;); }',
      name: 'Bad',
    });
    expect(refusal.got).toMatch(/^timed_out/);
    expect((await author(house, changeSet, web)).edits).toBeGreaterThan(0);
  });

  test('is not run for who may only read, nor where nothing runs functions', async () => {
    const house = await opened();
    const changeSet = await house.open();
    const viewer = { id: 'eve', role: 'viewer' } as const;
    expect((await house.refused('schema.author', { changeSet, text: web, name: 'Web' }, viewer)).code).toBe(
      'access_denied',
    );
    const bare = await sqliteHouse().start();
    open.push(bare);
    const there = await bare.open();
    await expect(
      bare.attempt('schema.author', { changeSet: there, text: web, name: 'Web' }, owner),
    ).rejects.toMatchObject({
      code: 'runner_unavailable',
    });
  });
});

describe('checking', () => {
  test('tells types and what only shows when it runs, and changes nothing', { timeout: 120_000 }, async () => {
    const house = await opened();
    await house.open();
    const before = await house.everything();
    const check = (text: string) => house.call<CheckedDefinition>('schema.check', { text });
    expect(await check(web)).toMatchObject({ ok: true, diagnostics: [] });
    const typed = await check(web.replace("setKind('integer')", "setKind('whole')"));
    expect(typed.ok).toBe(false);
    expect(typed.diagnostics).toMatchObject([{ line: 13, code: 'TS2345' }]);
    const ran = await check(
      web.replace('return new AssetBuilder()', "if (ports.http) throw new Error('late');\n  return new AssetBuilder()"),
    );
    expect(ran.diagnostics).toMatchObject([{ line: 19, code: 'threw' }]);
    expect(await house.everything()).toBe(before);
  });
});
