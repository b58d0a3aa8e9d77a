// Schemas written with `defineSchema`: one text with its functions, authored, computed, authored again.

import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import type { AuthorReply, CheckedDefinition } from '../../src/engine/author.ts';
import type { ComponentView } from '../../src/engine/component.ts';
import type { Declarations, FunctionLine, FunctionView } from '../../src/engine/functions.ts';
import type { RunRecord } from '../../src/model/run.ts';
import type { Diagnostic } from '../../src/ports/compiler.ts';
import { functionHouse } from './function_house.ts';
import type { House } from './house.ts';

const queue = readFileSync(new URL('../../examples/queue/queue.ts', import.meta.url), 'utf8');
const name = 'Acme::Queue';

const open: House[] = [];
async function opened() {
  const house = await functionHouse();
  open.push(house);
  return { house, changeSet: await house.open() };
}
afterEach(async () => {
  for (const house of open.splice(0)) await house.close();
});

const author = (house: House, changeSet: string, text = queue) =>
  house.call<AuthorReply>('schema.author', { changeSet, text, name });
const create = (house: House, changeSet: string, attributes = {}) =>
  house.submit(changeSet, { kind: 'component.create', schema: name, name: 'orders', attributes });

async function shown(house: House, changeSet: string, component = 'orders') {
  const { value } = await house.call<ComponentView>('component.get', { changeSet, component, waitMs: 30_000 });
  return value as unknown as { domain: Record<string, unknown>; code?: object; qualification?: Record<string, object> };
}

/** Names of the functions that ran since the last question, sorted. */
function runsOf(house: House) {
  let known = 0;
  return async (): Promise<string[]> => {
    await (await house.workspace()).calls.flushed();
    const { items } = await house.call<{ items: RunRecord[] }>('run.list', { limit: 200 });
    const names = items
      .filter((r) => r.kind !== 'schema-definition')
      .map((r) => r.functionName)
      .reverse();
    const fresh = names.slice(known);
    known = names.length;
    return fresh.sort();
  };
}

const lines = async (house: House, changeSet: string) =>
  (await house.call<{ items: FunctionLine[] }>('function.list', { changeSet })).items.map((f) => `${f.kind} ${f.name}`);
const functionOf = (house: House, changeSet: string, fn: string) =>
  house.call<FunctionView>('function.get', { changeSet, function: fn });

describe('[EN140] a definition with its functions', () => {
  test('becomes a schema whose components have what its functions give', { timeout: 60_000 }, async () => {
    const { house, changeSet } = await opened();
    const reply = await author(house, changeSet);
    expect(reply).toMatchObject({
      warnings: [],
      diagnostics: [],
      behind: 0,
      functions: [
        { name: 'fullName', kind: 'attribute', output: '/domain/FullName' },
        { name: 'settings', kind: 'code-generation' },
        { name: 'plainName', kind: 'qualification' },
        { name: 'keepsADay', kind: 'qualification' },
      ],
    });
    await create(house, changeSet, { '/domain/Name': 'Orders', '/domain/RetentionSeconds': 60 });
    const { domain, code, qualification } = await shown(house, changeSet);
    expect(domain).toMatchObject({ FullName: 'Orders-staging', DeadLetters: { After: 5 } });
    expect(code).toEqual({
      settings: { format: 'yaml', code: 'FullName: Orders-staging\nRetentionSeconds: 60\nto: null\n' },
    });
    expect(qualification).toMatchObject({
      plainName: { result: 'failure', message: 'Orders is not lower case with dashes' },
      keepsADay: { result: 'warning' },
      validation: { result: 'success' },
    });
    await house.sound();
  });

  test('keeps its properties in the order in which they are written', { timeout: 60_000 }, async () => {
    const { house, changeSet } = await opened();
    await author(house, changeSet);
    const { spec } = await house.call<{ spec: { domain: { properties: object } } }>('schema.describe', {
      changeSet,
      schema: name,
    });
    const written = ['Name', 'Environment', 'RetentionSeconds', 'DeadLetters', 'FullName'];
    expect(Object.keys(spec.domain.properties)).toEqual(written);
    await create(house, changeSet, { '/domain/Name': 'orders' });
    expect(Object.keys((await shown(house, changeSet)).domain)).toEqual(written);
  });

  test('edits a function in place, and runs nothing else', { timeout: 60_000 }, async () => {
    const { house, changeSet } = await opened();
    const ran = runsOf(house);
    const { variant } = await author(house, changeSet);
    await create(house, changeSet, { '/domain/Name': 'orders' });
    await shown(house, changeSet);
    await ran();
    const before = await functionOf(house, changeSet, 'keepsADay');
    expect((await author(house, changeSet)).edits).toBe(0);
    // Two edits: the text of the definition and that of the function.
    const reply = await author(house, changeSet, queue.replace("? 'warning' : 'success'", "? 'failure' : 'success'"));
    expect([reply.variant, reply.edits]).toEqual([variant, 2]);
    await shown(house, changeSet);
    const after = await functionOf(house, changeSet, 'keepsADay');
    expect([after.id, after.bound[0]!.binding]).toEqual([before.id, before.bound[0]!.binding]);
    expect(await ran()).toEqual(['keepsADay']);
    await author(house, changeSet, queue.replace("docs: 'Lower case, with", "docs: 'In lower case, with"));
    await house.sound();
  });

  test('takes off what an earlier text had, and leaves what people bound', { timeout: 60_000 }, async () => {
    const { house, changeSet } = await opened();
    const { variant } = await author(house, changeSet);
    await house.submit(
      changeSet,
      {
        kind: 'function.create',
        name: 'mine',
        functionKind: 'qualification',
        text: "function main() { return { result: 'success' }; }",
      },
      { kind: 'binding.attach', function: 'mine', variant },
    );
    const text = queue
      .replace('keepsADay:', 'keepsLong:')
      .replace("name: '/domain/Name', environment", "name: '/si/name', environment");
    await author(house, changeSet, text);
    expect(await lines(house, changeSet)).toEqual([
      `schema-definition ${name} definition`,
      'attribute fullName',
      'qualification keepsLong',
      'qualification mine',
      'qualification plainName',
      'code-generation settings',
    ]);
    const { bound } = await functionOf(house, changeSet, 'fullName');
    expect(bound.map((b) => b.arguments)).toEqual([
      [
        { name: 'environment', path: '/domain/Environment' },
        { name: 'name', path: '/si/name' },
      ],
    ]);
    // Built another way, it has no functions of its own.
    await author(house, changeSet, 'function main() { return new AssetBuilder().build(); }');
    expect(await lines(house, changeSet)).toEqual([`schema-definition ${name} definition`, 'qualification mine']);
    await house.sound();
  });

  test('leaves locked functions to Head, and gives the new variant its own', { timeout: 60_000 }, async () => {
    const { house, changeSet } = await opened();
    await author(house, changeSet);
    await create(house, changeSet, { '/domain/Name': 'orders' });
    await shown(house, changeSet);
    await house.call('change_set.apply', { changeSet });
    const second = await house.open('second');
    expect((await author(house, second)).edits).toBe(0);
    const reply = await author(house, second, queue.replace('`${name}-${environment}`', '`${environment}-${name}`'));
    expect(reply.behind).toBe(1);
    expect((await shown(house, second)).domain['FullName']).toBe('orders-staging');
    await house.submit(second, { kind: 'component.upgrade', component: 'orders', variant: reply.variant });
    expect((await shown(house, second)).domain['FullName']).toBe('staging-orders');
    const named = (await house.call<{ items: FunctionLine[] }>('function.list', { changeSet: second })).items;
    expect(
      named
        .filter((f) => f.name === 'fullName')
        .map((f) => f.locked)
        .sort(),
    ).toEqual([false, true]);
    expect(named.filter((f) => f.name === 'settings').map((f) => f.locked)).toEqual([true]);
    await house.call('change_set.apply', { changeSet: second });
    await house.sound();
  });

  test('is refused whole where a function has no place', async () => {
    const { house, changeSet } = await opened();
    const before = await house.everything();
    const text = `export default defineSchema({
  domain: { A: { kind: 'string' }, B: { kind: 'string' } },
  attributes: {
    a: { arguments: { b: '/domain/B' }, output: '/domain/A', main: ({ b }) => b },
    b: { arguments: { a: '/domain/A' }, output: '/domain/B', main: ({ a }) => a },
  },
});`;
    const refusal = await house.refused('schema.author', { changeSet, text, name });
    expect(refusal.code).toBe('value_cycle');
    expect(await house.everything()).toBe(before);
  });

  test.each([
    ['no object', "export default defineSchema('a' as any);", 'function_invalid'],
    ['an unknown member', 'export default defineSchema({ domain: {}, props: {} } as any);', 'request_malformed'],
    [
      'an unknown kind',
      "export default defineSchema({ domain: { A: { kind: 'x' } } } as any);",
      'property_tree_invalid',
    ],
    [
      'an action of no kind',
      "export default defineSchema({ domain: {}, actions: { a: { kind: 'go', main() {} } } } as any);",
      'request_malformed',
    ],
    [
      'an attribute without output',
      'export default defineSchema({ domain: {}, attributes: { a: { main() {} } } } as any);',
      'request_malformed',
    ],
  ])('is refused for what it says: %s', async (_, text, code) => {
    const { house, changeSet } = await opened();
    expect((await house.refused('schema.author', { changeSet, text, name })).code).toBe(code);
  });
});

describe('[EN141] types', () => {
  const mistyped = queue.replace('domain.RetentionSeconds < day', 'domain.Retention < day');

  test('hold a defineSchema back, with line and column', { timeout: 60_000 }, async () => {
    const { house, changeSet } = await opened();
    const before = await house.everything();
    const refusal = await house.refused('schema.author', { changeSet, text: mistyped, name });
    const line = mistyped.slice(0, mistyped.indexOf('domain.Retention <')).split('\n').length;
    expect(refusal).toMatchObject({ code: 'function_invalid', got: expect.stringMatching(/TS2(339|551)/) });
    const { diagnostics } = refusal.data as { diagnostics: Diagnostic[] };
    expect(diagnostics[0]).toMatchObject({ severity: 'error', line });
    expect(refusal.path).toBe(`text:${line}:${diagnostics[0]!.column}`);
    expect(await house.everything()).toBe(before);
    const checked = await house.call<CheckedDefinition>('schema.check', { changeSet, text: mistyped });
    expect(checked).toMatchObject({ ok: false, diagnostics });
    expect(await house.call<CheckedDefinition>('schema.check', { changeSet, text: queue })).toMatchObject({ ok: true });
  });

  test('are told of a definition that builders make, which is taken as it runs', { timeout: 60_000 }, async () => {
    const { house, changeSet } = await opened();
    const text = `function main() {
  const port = new PropBuilder().setName('Port').setKind('integer').setHidden('yes').build();
  return new AssetBuilder().addProp(port).build();
}`;
    const reply = await house.call<AuthorReply>('schema.author', { changeSet, text, name, types: true });
    expect(reply.diagnostics).toMatchObject([{ line: 2, code: 'TS2345' }]);
    expect(reply.edits).toBeGreaterThan(0);
  });
});

test('[EN142] types are had of definitions, of a schema in work and of one of the catalogue', {
  timeout: 60_000,
}, async () => {
  const { house, changeSet } = await opened();
  await author(house, changeSet);
  await create(house, changeSet, {});
  await author(house, changeSet, queue.replace('DeadLetters: {', 'Other: {').replaceAll('DeadLetters', 'Other'));
  const types = (ask: object) => house.call<Declarations>('schema.declarations', { changeSet, ...ask });
  expect((await types({})).text).toContain('declare function defineSchema');
  const ours = await types({ schema: name });
  expect([ours.schema, ours.kind]).toEqual([name, 'qualification']);
  expect(ours.text).toMatch(/Other\?: \{\n\s+Queue\?: string;\n/);
  expect(ours.text).not.toContain('DeadLetters');
  expect((await types({ schema: 'Test::Catalogued', kind: 'action' })).text).toContain('colour: "red" | "green"');
  expect((await house.refused('schema.declarations', { changeSet, schema: 'None' })).code).toBe('schema_not_found');
});

test('[EN143] A26: a schema made again under a component runs nothing for it until it is upgraded', {
  timeout: 60_000,
}, async () => {
  const { house, changeSet } = await opened();
  const ran = runsOf(house);
  const first = await author(house, changeSet);
  await create(house, changeSet, { '/domain/Name': 'orders', '/domain/DeadLetters/Queue': 'dead' });
  const before = await shown(house, changeSet);
  await ran();
  const text = queue.replace('DeadLetters: {', 'Other: {').replaceAll('DeadLetters', 'Other');
  const second = await author(house, changeSet, text);
  expect(second.variant).not.toBe(first.variant);
  expect(second.behind).toBe(1);
  expect(await shown(house, changeSet)).toEqual(before);
  expect(await ran()).toEqual([]);
  await house.submit(changeSet, { kind: 'component.upgrade', component: 'orders' });
  const { domain } = await shown(house, changeSet);
  expect(domain).toMatchObject({ Name: 'orders', FullName: 'orders-staging' });
  expect(domain).not.toHaveProperty('DeadLetters');
  await house.submit(changeSet, { kind: 'component.upgrade', component: 'orders', variant: first.variant });
  expect(await shown(house, changeSet)).toEqual(before);
  await house.sound();
});
