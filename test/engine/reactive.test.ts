// How values react to edits, on each kind of store: what follows, what is validated, what runs and what does not.

import { expect, test } from 'vitest';
import { openCompiler } from '../../src/adapters/compiler/compiler.ts';
import { linearMatcher } from '../../src/adapters/compiler/patterns.ts';
import { openIsolate } from '../../src/adapters/isolate/isolate.ts';
import type { Json } from '../../src/base/json.ts';
import type { ComponentView } from '../../src/engine/component.ts';
import type { Explained, Explanation } from '../../src/engine/explain.ts';
import type { RunLog } from '../../src/engine/runs.ts';
import type { RunRecord } from '../../src/model/run.ts';
import type { Runner } from '../../src/ports/runner.ts';
import { eachStore, type House, type HouseOptions } from './house.ts';

const follow = (component: string, path: string): Json => ({ $source: { component, path } });
const set = (component: string, path: string, value: Json): Json => ({
  kind: 'attribute.set',
  component,
  path,
  value,
});
const unset = (component: string, path: string): Json => ({ kind: 'attribute.unset', component, path });

/** `hold`: what a run waits for before it begins. */
const functions = (hold: () => Promise<void> = async () => {}): HouseOptions => ({
  functions: () => {
    const isolate = openIsolate({ workers: 1 });
    const runner: Runner = {
      tier: isolate.tier,
      capacity: isolate.capacity,
      confinement: isolate.confinement,
      run: async (request, listener) => {
        await hold();
        return isolate.run(request, listener);
      },
      kill: (id) => isolate.kill(id),
      close: () => isolate.close(),
    };
    return { compiler: openCompiler(), runners: [runner] };
  },
  matches: linearMatcher(),
});

type Shown = { domain: Record<string, Json>; code?: Record<string, Json>; qualification?: Record<string, Json> };

async function shown(house: House, changeSet: string, component: string, waitMs = 30_000): Promise<Shown> {
  const view = await house.call<ComponentView>('component.get', { changeSet, component, waitMs });
  return view.value as Shown;
}

const domain = async (house: House, changeSet: string, component: string) =>
  (await shown(house, changeSet, component)).domain;

/** Runs of a function so far, oldest first. */
async function runsOf(house: House, name: string): Promise<RunRecord[]> {
  await (await house.workspace()).calls.flushed();
  const { items } = await house.call<{ items: RunRecord[] }>('run.list', { limit: 100 });
  return items.filter((r) => r.functionName === name).reverse();
}

const count = async (house: House, name: string) => (await runsOf(house, name)).length;

async function bind(
  house: House,
  changeSet: string,
  name: string,
  functionKind: string,
  text: string,
  to: { readonly [member: string]: Json } = {},
): Promise<void> {
  await house.submit(
    changeSet,
    { kind: 'function.create', name, functionKind, text },
    { kind: 'binding.attach', function: name, schema: 'Box', ...to },
  );
}

eachStore((make) => {
  test('C1 a component that follows its own name follows its renaming', async () => {
    const house = await make();
    const cs = await house.withBox();
    const a = await house.create(cs, 'a', { '/domain/text': follow('a', '/si/name') });
    expect((await domain(house, cs, a))['text']).toBe('a');
    await house.submit(cs, { kind: 'component.rename', component: a, name: 'b' });
    expect((await domain(house, cs, a))['text']).toBe('b');
  });

  test('C2 C3 each of two subscriptions to two values of another component follows its changes, and to no value', async () => {
    const house = await make();
    const cs = await house.withBox();
    await house.create(cs, 'source', { '/domain/text': 't', '/domain/inner/a': 'i' });
    await house.create(cs, 'a', {
      '/domain/text': follow('source', '/domain/text'),
      '/domain/inner/c': follow('source', '/domain/inner/a'),
    });
    const both = async () => {
      const { text = null, inner } = await domain(house, cs, 'a');
      return [text, (inner as Record<string, Json>)['c'] ?? null];
    };
    expect(await both()).toEqual(['t', 'i']);
    await house.set(cs, 'source', '/domain/text', 't2');
    expect(await both()).toEqual(['t2', 'i']);
    await house.set(cs, 'source', '/domain/inner/a', 'i2');
    expect(await both()).toEqual(['t2', 'i2']);
    await house.submit(cs, unset('source', '/domain/text'));
    expect(await both()).toEqual([null, 'i2']);
    await house.submit(cs, unset('source', '/domain/inner/a'));
    expect(await both()).toEqual([null, null]);
    await house.set(cs, 'source', '/domain/text', 't3');
    expect(await both()).toEqual(['t3', null]);
  });

  test('C5 two items of one list that follow are both there, in the order in which they were made, and each follows', async () => {
    const house = await make();
    const cs = await house.withBox();
    await house.create(cs, 'z', { '/domain/text': 'first' });
    await house.create(cs, 'b', { '/domain/text': 'second' });
    await house.create(cs, 'a');
    await house.submit(cs, set('a', '/domain/list/-', follow('z', '/domain/text')));
    await house.submit(cs, set('a', '/domain/list/-', follow('b', '/domain/text')));
    const list = async () => (await domain(house, cs, 'a'))['list'];
    expect(await list()).toEqual(['first', 'second']);
    await house.set(cs, 'b', '/domain/text', 'SECOND');
    expect(await list()).toEqual(['first', 'SECOND']);
    await house.set(cs, 'z', '/domain/text', 'FIRST');
    expect(await list()).toEqual(['FIRST', 'SECOND']);
  });

  test('C7 a transformation on a subscription gives what it says of null, and of a later value', async () => {
    const house = await make(functions());
    const cs = await house.withBox();
    await house.create(cs, 'source');
    await house.create(cs, 'a');
    await house.submit(
      cs,
      {
        kind: 'function.create',
        name: 'shout',
        functionKind: 'transformation',
        text: 'function main({ input }) { return input === null ? "nothing" : input.toUpperCase(); }',
      },
      {
        kind: 'attribute.subscribe',
        component: 'a',
        path: '/domain/text',
        source: { component: 'source', path: '/domain/text', function: 'shout' },
      },
    );
    const text = async () => (await domain(house, cs, 'a'))['text'];
    expect(await text()).toBe('nothing');
    await house.set(cs, 'source', '/domain/text', 'here');
    expect(await text()).toBe('HERE');
    await house.submit(cs, unset('source', '/domain/text'));
    expect(await text()).toBe('nothing');
  });

  test('C8 what follows a component that is removed has no value, and says which component that was', async () => {
    const house = await make();
    const cs = await house.withBox();
    await house.create(cs, 'source', { '/domain/text': 't' });
    await house.create(cs, 'a', { '/domain/text': follow('source', '/domain/text') });
    const explained = async (): Promise<Explained> =>
      (await house.call<Explanation>('explain', { changeSet: cs, component: 'a', path: '/domain/text' })).root;
    expect((await domain(house, cs, 'a'))['text']).toBe('t');
    await house.submit(cs, { kind: 'component.delete', component: 'source' });
    expect((await domain(house, cs, 'a'))['text'] ?? null).toBe(null);
    expect(await explained()).toMatchObject({ follows: 'source/domain/text', note: 'the source source is deleted' });
    // Erased for good it leaves nothing to follow: who does it is told, and so is who reads the trail.
    const { steps } = await house.submit(cs, { kind: 'component.erase', component: 'source' });
    expect((await domain(house, cs, 'a'))['text'] ?? null).toBe(null);
    expect(steps.map((s) => s.sentence)).toEqual(['erase source, and unset 1 value that follows it']);
    const { sources } = await house.call<ComponentView>('component.get', { changeSet: cs, component: 'a' });
    expect(sources.map((s) => s.path)).toEqual(['/si/name']);
    const trail = await house.call<{ sentence: string }[]>('audit.list', { changeSet: cs });
    expect(trail.map((r) => r.sentence)).toContain(steps[0]!.sentence);
  });

  test('C11 functions that take an object run again when something in it changes, and when nothing does, not', async () => {
    const house = await make(functions());
    const cs = await house.withBox();
    await bind(house, cs, 'whole', 'attribute', 'function main({ o }) { return JSON.stringify(o); }', {
      arguments: [{ name: 'o', path: '/domain/inner' }],
      output: '/domain/text',
    });
    await house.create(cs, 'source', { '/domain/inner/c': 'from afar' });
    await house.create(cs, 'a', { '/domain/inner/a': 'x', '/domain/inner/c': follow('source', '/domain/inner/c') });
    const object = async () => JSON.parse((await domain(house, cs, 'a'))['text'] as string) as Json;
    expect(await object()).toEqual({ a: 'x', b: 'bee', c: 'from afar' });
    const before = await count(house, 'whole');
    await house.set(cs, 'a', '/domain/inner/a', 'y');
    expect(await object()).toEqual({ a: 'y', b: 'bee', c: 'from afar' });
    expect(await count(house, 'whole')).toBe(before + 1);
    // Of a child that follows it is the same; the source has such a function, too.
    await house.set(cs, 'source', '/domain/inner/c', 'nearer');
    expect(await object()).toEqual({ a: 'y', b: 'bee', c: 'nearer' });
    await shown(house, cs, 'source');
    expect(await count(house, 'whole')).toBe(before + 3);
    await house.set(cs, 'a', '/domain/size', 9);
    await object();
    expect(await count(house, 'whole')).toBe(before + 3);
  });

  test('C12 a new element of a map that is computed has the values that are computed for it', async () => {
    const house = await make(functions());
    const cs = await house.withBox();
    await bind(
      house,
      cs,
      'label',
      'attribute',
      'function main({ names }) { return Object.fromEntries(names.map((n) => [n, "label of " + n])); }',
      { arguments: [{ name: 'names', path: '/domain/list' }], output: '/domain/tags' },
    );
    await house.create(cs, 'a', { '/domain/list': ['one'] });
    await house.create(cs, 'b', { '/domain/text': follow('a', '/domain/tags/two') });
    const [tags, text] = [
      async () => (await domain(house, cs, 'a'))['tags'],
      async () => (await domain(house, cs, 'b'))['text'] ?? null,
    ];
    expect(await tags()).toEqual({ one: 'label of one' });
    expect(await text()).toBe(null);
    await house.submit(cs, { kind: 'list.insert', component: 'a', path: '/domain/list', index: 1, value: 'two' });
    expect(await tags()).toEqual({ one: 'label of one', two: 'label of two' });
    expect(await text()).toBe('label of two');
    await house.submit(cs, { kind: 'list.remove', component: 'a', path: '/domain/list', index: 1 });
    expect(await tags()).toEqual({ one: 'label of one' });
    expect(await text()).toBe(null);
  });

  test('C14 the qualifications of a component are none before their first run, then one a function, with status and log', async () => {
    let open = (): void => {};
    const held = new Promise<void>((resolve) => {
      open = resolve;
    });
    const house = await make(functions(() => held));
    const cs = await house.open();
    await house.submit(cs, {
      kind: 'schema.create',
      name: 'Box',
      spec: {
        format: 1,
        domain: { kind: 'object', properties: { text: { kind: 'string' } } },
        resourceValue: { kind: 'object', properties: {} },
        secrets: { kind: 'object', properties: {} },
        definitions: {},
      },
    });
    await house.create(cs, 'a', { '/domain/text': 'x' });
    for (const result of ['success', 'warning', 'failure'])
      await bind(
        house,
        cs,
        `is ${result}`,
        'qualification',
        `function main({ domain }) { console.log("looking at", domain.text); console.log("${result}"); return { result: "${result}", message: domain.text }; }`,
      );
    expect((await shown(house, cs, 'a', 0)).qualification ?? {}).toEqual({});
    open();
    expect((await shown(house, cs, 'a')).qualification).toEqual({
      'is success': { result: 'success', message: 'x' },
      'is warning': { result: 'warning', message: 'x' },
      'is failure': { result: 'failure', message: 'x' },
    });
    for (const result of ['success', 'warning', 'failure']) {
      const [run, ...more] = await runsOf(house, `is ${result}`);
      expect(more).toEqual([]);
      expect(run).toMatchObject({ status: 'succeeded', kind: 'qualification' });
      const { lines } = await house.call<RunLog>('run.log', { run: run!.id });
      expect(lines.map((l) => l.text)).toEqual(['looking at x', result]);
    }
  });

  test('C16 a value of a wrong format fails with a message, a corrected one succeeds, a required one that is not set fails, one with a default succeeds, and quick edits come to one result', async () => {
    const house = await make(functions());
    const cs = await house.open();
    const text = `function main() {
      const prop = (name) => new PropBuilder().setName(name).setKind('string');
      return new AssetBuilder()
        .addProp(prop('Mail').setValidationFormat(Joi.string().email()).build())
        .addProp(prop('Name').setValidationFormat(Joi.string().required()).build())
        .addProp(prop('Zone').setDefaultValue('eu').setValidationFormat(Joi.string().required()).build())
        .build();
    }`;
    await house.call('schema.author', { changeSet: cs, text, name: 'Person' });
    await house.submit(cs, {
      kind: 'component.create',
      schema: 'Person',
      name: 'p',
      attributes: { '/domain/Mail': 'nobody', '/domain/Name': 'n' },
    });
    const validation = async () => (await shown(house, cs, 'p')).qualification!['validation'];
    const one = (path: string, message: unknown): Json => ({
      result: 'failure',
      message: expect.stringContaining(path) as unknown as string,
      findings: [{ path, message: message as string, severity: 'error' }],
    });
    const wrong = one('/domain/Mail', expect.stringMatching(/Mail must be .*email/));
    expect(await validation()).toEqual(wrong);
    await house.set(cs, 'p', '/domain/Mail', 'n@example.org');
    expect(await validation()).toEqual({ result: 'success' });
    await house.submit(cs, unset('p', '/domain/Name'));
    expect(await validation()).toEqual(one('/domain/Name', 'Name is required'));
    await house.set(cs, 'p', '/domain/Name', 'n');
    await house.set(cs, 'p', '/domain/Zone', 'us');
    await house.submit(cs, unset('p', '/domain/Zone'));
    expect((await domain(house, cs, 'p'))['Zone']).toBe('eu');
    expect(await validation()).toEqual({ result: 'success' });
    await Promise.all(['a', 'b@example.org', 'c', 'd'].map((value) => house.set(cs, 'p', '/domain/Mail', value)));
    await house.set(cs, 'p', '/domain/Mail', 'nobody');
    expect((await shown(house, cs, 'p')).qualification).toEqual({ validation: wrong });
  });

  test('C17 what follows something without a value is not validated until that has one', async () => {
    const house = await make();
    const cs = await house.withBox();
    await house.create(cs, 'source');
    await house.create(cs, 'a', { '/domain/colour': follow('source', '/domain/text') });
    const validation = async () => (await shown(house, cs, 'a')).qualification!['validation'];
    expect(await validation()).toEqual({ result: 'success' });
    await house.set(cs, 'source', '/domain/text', 'blue');
    expect(await validation()).toMatchObject({ result: 'failure', findings: [{ path: '/domain/colour' }] });
    await house.set(cs, 'source', '/domain/text', 'green');
    expect(await validation()).toEqual({ result: 'success' });
  });

  test('C23 an upgrade to the same defaults changes no value, so that there is nothing to update', async () => {
    const house = await make(functions());
    const first = await house.open('first');
    const text = (comment: string) => `function main() {
      ${comment}
      const port = new PropBuilder().setName('Port').setKind('integer').setDefaultValue(80).build();
      const host = new PropBuilder().setName('Host').setKind('string').build();
      return new AssetBuilder().addProp(port).addProp(host).build();
    }`;
    const author = (changeSet: string, comment: string) =>
      house.call<{ variant: string }>('schema.author', { changeSet, text: text(comment), name: 'Box' });
    await author(first, '');
    await house.create(first, 'a', { '/domain/Host': 'h' });
    await house.call('change_set.apply', { changeSet: first, waitMs: 30_000 });
    const cs = await house.open('second');
    const before = await shown(house, cs, 'a');
    const { variant } = await author(cs, '// Nothing but this comment is new.');
    await house.submit(cs, { kind: 'component.upgrade', component: 'a', variant });
    const after = await house.call<ComponentView>('component.get', { changeSet: cs, component: 'a' });
    expect(after.schema.variant).toBe(variant);
    expect(after.value).toEqual(before);
    const { summary } = await house.call<{ summary: Json }>('change_set.review', { changeSet: cs });
    expect(summary).toMatchObject({ values: 0, derived: 0 });
  });

  test('C24 writing the value that is there is no change: nothing runs, nothing is in the change set', async () => {
    const house = await make(functions());
    const first = await house.withBox(false);
    await bind(house, first, 'size', 'attribute', 'function main({ n }) { return "size " + n; }', {
      arguments: [{ name: 'n', path: '/domain/size' }],
      output: '/domain/text',
    });
    await house.create(first, 'a', { '/domain/size': 4, '/domain/tags': { x: 'y' } });
    expect((await domain(house, first, 'a'))['text']).toBe('size 4');
    await house.call('change_set.apply', { changeSet: first, waitMs: 30_000 });
    const cs = await house.open('second');
    const before = await house.everything();
    const ran = await count(house, 'size');
    await house.submit(cs, set('a', '/domain/size', 4), set('a', '/domain/tags', { x: 'y' }));
    expect((await domain(house, cs, 'a'))['text']).toBe('size 4');
    expect(await house.everything()).toBe(before);
    expect(await count(house, 'size')).toBe(ran);
    expect(await house.call('change_set.review', { changeSet: cs })).toMatchObject({
      summary: { added: 0, modified: 0, removed: 0, values: 0, derived: 0 },
      components: [],
      records: [],
    });
  });
});
