// What components of a schema show besides their values: code, qualifications, the validation; what transforms values on their
// way; and what an upgrade keeps.

import { afterEach, describe, expect, test } from 'vitest';
import { linearMatcher } from '../../src/adapters/compiler/patterns.ts';
import type { Json } from '../../src/base/json.ts';
import type { AuthorReply } from '../../src/engine/author.ts';
import type { ComponentView } from '../../src/engine/component.ts';
import type { FunctionView } from '../../src/engine/functions.ts';
import type { RunRecord } from '../../src/model/run.ts';
import { functionHouse } from './function_house.ts';
import type { House } from './house.ts';

const open: House[] = [];
afterEach(async () => {
  for (const house of open.splice(0)) await house.close();
});

async function opened(): Promise<{ house: House; changeSet: string }> {
  const house = await functionHouse({ matches: linearMatcher() });
  open.push(house);
  return { house, changeSet: await house.open() };
}

const definition = (more = '') => `function main() {
  const prop = (name, kind) => new PropBuilder().setName(name).setKind(kind);
  return new AssetBuilder()
    .addProp(prop('Host', 'string').setValidationFormat(Joi.string().pattern(/^([a-z]+\\.)+[a-z]+$/).required()).build())
    .addProp(prop('Port', 'integer').setDefaultValue(80).setValidationFormat(Joi.number().max(65535).required()).build())
    .addProp(prop('Url', 'string').build())
    ${more}
    .build();
}`;

const author = (house: House, changeSet: string, text = definition()) =>
  house.call<AuthorReply>('schema.author', { changeSet, text, name: 'Web' });

async function bound(
  house: House,
  changeSet: string,
  name: string,
  functionKind: string,
  text: string,
  to: { readonly [member: string]: Json } = { schema: 'Web' },
): Promise<void> {
  await house.submit(
    changeSet,
    { kind: 'function.create', name, functionKind, text },
    { kind: 'binding.attach', function: name, ...to },
  );
}

const view = (house: House, changeSet: string, component = 'web') =>
  house.call<ComponentView>('component.get', { changeSet, component, waitMs: 30_000 });

async function shown(house: House, changeSet: string, component = 'web') {
  const { value, problems } = await view(house, changeSet, component);
  return { ...(value as { domain: Json; code?: Json; qualification?: { [name: string]: Json } }), problems };
}

const create = (house: House, changeSet: string, attributes: { readonly [path: string]: Json } = {}, name = 'web') =>
  house.submit(changeSet, { kind: 'component.create', schema: 'Web', name, attributes });

const runsOf = async (house: House): Promise<string[]> => {
  await (await house.workspace()).calls.flushed();
  const { items } = await house.call<{ items: RunRecord[] }>('run.list', { limit: 100 });
  return items
    .filter((r) => r.kind !== 'schema-definition')
    .map((r) => r.functionName)
    .reverse();
};

describe('a component', () => {
  test('[C13] [C14] [C15] shows code and qualifications of functions that are bound later, each with its log', async () => {
    const { house, changeSet } = await opened();
    await author(house, changeSet);
    await create(house, changeSet, { '/domain/Host': 'a.example' });
    expect(Object.keys((await shown(house, changeSet)).qualification ?? {})).toEqual(['validation']);
    await bound(
      house,
      changeSet,
      'render',
      'code-generation',
      "function main({ domain }) { return { format: 'text', code: domain.Host }; }",
    );
    await bound(
      house,
      changeSet,
      'low',
      'qualification',
      "function main({ domain, code }) { console.log('looking at', code.render.code); return { result: domain.Port < 1024 ? 'warning' : 'success', message: String(domain.Port) }; }",
    );
    const first = await shown(house, changeSet);
    expect(first.code).toEqual({ render: { format: 'text', code: 'a.example' } });
    expect(first.qualification).toEqual({
      low: { result: 'warning', message: '80' },
      validation: { result: 'success' },
    });
    expect(await runsOf(house)).toEqual(['render', 'low']);
    const { items } = await house.call<{ items: RunRecord[] }>('run.list', {});
    const low = items.find((r) => r.functionName === 'low')!;
    const log = await house.call<{ lines: { text: string }[] }>('run.log', { run: low.id });
    expect(log.lines.map((l) => l.text)).toEqual(['looking at a.example']);
    await house.set(changeSet, 'web', '/domain/Port', 8080);
    expect((await shown(house, changeSet)).qualification!['low']).toEqual({ result: 'success', message: '8080' });
    // The code is what it was, so that nothing ran for it but the function that makes it.
    expect(await runsOf(house)).toEqual(['render', 'low', 'render', 'low']);
  });

  test('[C16] is validated by Joi and by its schema, and several quick edits come to one result', async () => {
    const { house, changeSet } = await opened();
    await author(house, changeSet);
    await create(house, changeSet);
    const validation = async () => (await shown(house, changeSet)).qualification!['validation'];
    expect(await validation()).toEqual({
      result: 'failure',
      message: '/domain/Host: Host is required',
      findings: [{ path: '/domain/Host', message: 'Host is required', severity: 'error' }],
    });
    // A pattern that takes an ordinary engine exponential time is run here, on a text that is made for that.
    await house.set(changeSet, 'web', '/domain/Host', 'a'.repeat(5_000));
    expect(await validation()).toMatchObject({ result: 'failure', message: expect.stringMatching(/Host must match/) });
    await Promise.all(['b', 'c.d', 'e f', 'g.example'].map((v) => house.set(changeSet, 'web', '/domain/Host', v)));
    await house.set(changeSet, 'web', '/domain/Host', 'h.example');
    expect(await validation()).toEqual({ result: 'success' });
    await house.set(changeSet, 'web', '/domain/Port', 70_000);
    expect(await validation()).toMatchObject({
      result: 'failure',
      message: '/domain/Port: Port must be at most 65535',
    });
    await house.submit(changeSet, { kind: 'attribute.unset', component: 'web', path: '/domain/Port' });
    expect(await validation()).toEqual({ result: 'success' });
    expect(await runsOf(house)).toEqual([]);
  });

  test('[C17] is not validated where it follows something without a value, until that arrives; others may follow the result', async () => {
    const { house, changeSet } = await opened();
    await author(house, changeSet);
    await create(house, changeSet, {}, 'source');
    await create(house, changeSet, { '/domain/Host': { $source: { component: 'source', path: '/domain/Host' } } });
    await create(
      house,
      changeSet,
      {
        '/domain/Host': 'a.example',
        '/domain/Url': { $source: { component: 'web', path: '/qualification/validation/result' } },
      },
      'watch',
    );
    const said = async () => ((await shown(house, changeSet, 'watch')).domain as { Url?: Json }).Url;
    expect(await said()).toBe('success');
    await house.set(changeSet, 'source', '/domain/Host', 'no host');
    expect(await said()).toBe('failure');
    await house.set(changeSet, 'source', '/domain/Host', 'b.example');
    expect(await said()).toBe('success');
    await house.reopen();
    expect(await said()).toBe('success');
    await house.set(changeSet, 'source', '/domain/Host', 'no host');
    expect(await said()).toBe('failure');
    await house.sound();
  });

  test('has an error where a function gives what its property does not allow, and what follows it is blocked', async () => {
    const { house, changeSet } = await opened();
    await author(house, changeSet);
    await create(house, changeSet, { '/domain/Host': 'a.example' });
    await create(
      house,
      changeSet,
      { '/domain/Host': 'b.example', '/domain/Url': { $source: { component: 'web', path: '/domain/Url' } } },
      'follower',
    );
    const to = { schema: 'Web', arguments: [{ name: 'port', path: '/domain/Port' }], output: '/domain/Url' };
    await bound(
      house,
      changeSet,
      'url',
      'attribute',
      'function main({ port }) { return port > 100 ? `:${port}` : port; }',
      to,
    );
    const wrong = await shown(house, changeSet);
    expect(wrong.problems).toContainEqual({
      path: '/domain/Url',
      code: 'kind_mismatch',
      message: 'expected a string, got 80',
    });
    expect(wrong.qualification!['validation']).toMatchObject({
      result: 'failure',
      message: '/domain/Url: has an error: expected a string, got 80',
    });
    expect((await shown(house, changeSet, 'follower')).problems).toMatchObject([
      { path: '/domain/Url', code: 'kind_mismatch' },
    ]);
    await house.set(changeSet, 'web', '/domain/Port', 8080);
    expect((await shown(house, changeSet)).problems).toEqual([]);
    expect(await house.value(changeSet, 'follower')).toMatchObject({ Url: ':8080' });
  });
});

describe('a transformation on a subscription', () => {
  test('[C7] is given null for nothing, and a later value; a new text is run anew', async () => {
    const { house, changeSet } = await opened();
    await author(house, changeSet);
    await create(house, changeSet, {}, 'source');
    await create(house, changeSet, {});
    const text = 'function main({ input }) { return input === null ? "none" : input.toUpperCase(); }';
    await house.submit(
      changeSet,
      { kind: 'function.create', name: 'shout', functionKind: 'transformation', text },
      {
        kind: 'attribute.subscribe',
        component: 'web',
        path: '/domain/Url',
        source: { component: 'source', path: '/domain/Host', function: 'shout' },
      },
    );
    const url = async () => ((await shown(house, changeSet)).domain as { Url?: Json }).Url;
    expect(await url()).toBe('none');
    await house.set(changeSet, 'source', '/domain/Host', 'a.example');
    expect(await url()).toBe('A.EXAMPLE');
    await house.submit(changeSet, {
      kind: 'function.edit_text',
      function: 'shout',
      text: text.replace('toUpperCase()', 'length'),
    });
    expect((await shown(house, changeSet)).problems).toMatchObject([{ path: '/domain/Url', code: 'kind_mismatch' }]);
    const { sources } = await view(house, changeSet);
    expect(sources.find((s) => s.path === '/domain/Url')?.follows).toBe('shout(source/domain/Host)');
    expect(await runsOf(house)).toEqual(['shout', 'shout', 'shout']);
    await house.submit(changeSet, { kind: 'component.duplicate', component: 'web', name: 'copy' });
    await house.call('change_set.apply', { changeSet });
    await house.sound();
    // To another workspace it goes with the function.
    const exported = await house.call<Json>('change_set.export', { changeSet });
    await house.call('workspace.create', { name: 'elsewhere' });
    const there = await house.call<{ changeSet: { id: string } }>('change_set.promote', {
      workspace: 'elsewhere',
      text: JSON.stringify(exported),
    });
    const promoted = await house.call<ComponentView>('component.get', {
      workspace: 'elsewhere',
      changeSet: there.changeSet.id,
      component: 'copy',
    });
    expect(promoted.sources.find((s) => s.path === '/domain/Url')?.follows).toBe('shout(source/domain/Host)');
  });
});

describe('an upgrade', () => {
  async function applied(house: House, changeSet: string): Promise<string> {
    await author(house, changeSet);
    await bound(house, changeSet, 'url', 'attribute', 'function main({ host }) { return `http://${host}`; }', {
      variant: (await author(house, changeSet)).variant,
      arguments: [{ name: 'host', path: '/domain/Host' }],
      output: '/domain/Url',
    });
    await create(house, changeSet, { '/domain/Host': 'a.example', '/domain/Port': 81 });
    await view(house, changeSet);
    await house.call('change_set.apply', { changeSet });
    return house.open('second');
  }

  test('[C23] to the same properties and defaults changes no value and runs nothing', async () => {
    const { house, changeSet } = await opened();
    const second = await applied(house, changeSet);
    const { variant } = await author(house, second, definition('// only a comment\n'));
    const before = await shown(house, second);
    const ran = await runsOf(house);
    await house.submit(second, { kind: 'component.upgrade', component: 'web', variant });
    const after = await view(house, second);
    expect({ ...(after.value as object), problems: after.problems }).toEqual(before);
    expect(after.schema.variant).toBe(variant);
    expect(await runsOf(house)).toEqual(ran);
    const { components } = await house.call<{ components: { attributes: unknown[] }[] }>('change_set.review', {
      changeSet: second,
    });
    expect(components.flatMap((c) => c.attributes)).toEqual([]);
    await house.sound();
  });

  test('keeps what fits, parks what does not, and has the functions of its variant', async () => {
    const { house, changeSet } = await opened();
    const second = await applied(house, changeSet);
    const other = definition(".addProp(prop('Seen', 'string').build())").replace(
      "prop('Port', 'integer')",
      "prop('Door', 'integer')",
    );
    const { variant } = await author(house, second, other);
    const url = await house.call<FunctionView>('function.get', { changeSet: second, function: 'url' });
    const mine = url.bound.find((b) => b.variant === variant)!;
    await house.submit(
      second,
      { kind: 'binding.detach', binding: mine.binding },
      {
        kind: 'function.create',
        name: 'seen',
        functionKind: 'attribute',
        text: 'function main({ host }) { return `seen ${host}`; }',
      },
      {
        kind: 'binding.attach',
        function: 'seen',
        variant,
        arguments: [{ name: 'host', path: '/domain/Host' }],
        output: '/domain/Seen',
      },
      { kind: 'component.upgrade', component: 'web', variant },
    );
    expect((await shown(house, second)).domain).toEqual({ Host: 'a.example', Door: 80, Seen: 'seen a.example' });
    // On the variant of before it is what it was, parked values included.
    const old = (await house.call<{ schema: { variant: string } }>('component.get', { component: 'web' })).schema
      .variant;
    await house.submit(second, { kind: 'component.upgrade', component: 'web', variant: old });
    expect((await shown(house, second)).domain).toEqual({ Host: 'a.example', Port: 81, Url: 'http://a.example' });
    await house.sound();
  });
});
