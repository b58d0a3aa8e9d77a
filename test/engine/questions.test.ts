// Where a value comes from, why a function ran, what an edit would touch: answered without running anything.

import { afterEach, describe, expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import type { BlastRadius } from '../../src/engine/blast_radius.ts';
import type { Explained, Explanation } from '../../src/engine/explain.ts';
import type { Reason, Why } from '../../src/engine/why.ts';
import type { RunRecord } from '../../src/model/run.ts';
import { functionHouse, settled, webMutations, withWeb } from './function_house.ts';
import { eachStore, type House, owner } from './house.ts';

const houses: House[] = [];
afterEach(async () => {
  for (const house of houses.splice(0)) await house.close();
});

async function open(): Promise<House> {
  const house = await functionHouse();
  houses.push(house);
  return house;
}

async function explained(house: House, changeSet: string, component: string, path: string): Promise<Explained> {
  return (await house.call<Explanation>('explain', { changeSet, component, path })).root;
}

async function reason(house: House, changeSet: string, component: string, path: string): Promise<Reason> {
  const { reasons } = await house.call<Why>('why', { changeSet, component, path });
  expect(reasons).toHaveLength(1);
  return reasons[0]!;
}

/** The tree as kinds and names. */
const outline = (e: Explained): Json => [`${e.as ?? ''}|${e.name}${e.path}|${e.kind}`, ...e.from.map(outline)];

const runsOf = async (house: House): Promise<number> =>
  (await house.call<{ items: RunRecord[] }>('run.list', {})).items.length;

describe('explain', () => {
  test('[EN85] goes from a subscription over a function back to who declared what it is made of, and to the schema', async () => {
    const house = await open();
    const first = await withWeb(house);
    await house.call('change_set.apply', { changeSet: first, waitMs: 20_000 });
    const second = await house.open('second');
    await house.call(
      'submit',
      {
        changeSet: second,
        mutations: [{ kind: 'attribute.set', component: 'web', path: '/domain/Host', value: 'b.org' }],
      },
      { ...owner, id: 'bob' },
    );
    await settled(house, second);
    const before = await runsOf(house);
    const tree = await explained(house, second, 'proxy', '/domain/Upstream');
    expect(outline(tree)).toEqual([
      '|proxy/domain/Upstream|subscription',
      ['|web/domain/Url|function', ['host|web/domain/Host|literal'], ['port|web/domain/Port|default']],
    ]);
    expect(tree).toMatchObject({
      value: 'http://b.org:80',
      freshness: { state: 'fresh' },
      set: { actor: 'ada', kind: 'component.create', changeSet: { name: 'first' } },
    });
    const [url] = tree.from;
    expect(url).toMatchObject({
      function: { name: 'url', kind: 'attribute', bound: { actor: 'ada', kind: 'binding.attach' } },
      run: { status: 'succeeded', changeSet: second, output: '/domain/Url' },
    });
    expect(url!.from[0]!.set).toMatchObject({
      actor: 'bob',
      kind: 'attribute.set',
      changeSet: { id: second, name: 'second' },
    });
    expect(url!.from[1]).toMatchObject({ value: 80, schema: 'Web' });
    // On Head it is still what was applied.
    const onHead = await explained(house, 'HEAD', 'web', '/domain/Host');
    expect(onHead).toMatchObject({ value: 'example.org', set: { actor: 'ada', changeSet: { name: 'first' } } });
    expect(await runsOf(house)).toBe(before);
  });

  test('[EN85] an edit in a change set that is not applied is nobody else’s', async () => {
    const house = await open();
    const first = await withWeb(house);
    await house.call('change_set.apply', { changeSet: first, waitMs: 20_000 });
    const [a, b] = [await house.open('a'), await house.open('b')];
    for (const [cs, value] of [
      [a, 'x'],
      [b, 'x'],
    ] as const)
      await house.set(cs, 'web', '/domain/Note', value);
    expect((await explained(house, a, 'web', '/domain/Note')).set!.changeSet.name).toBe('a');
    expect((await explained(house, b, 'web', '/domain/Note')).set!.changeSet.name).toBe('b');
  });

  test('an error is shown at its root, and what it blocks says where that is', async () => {
    const house = await open();
    const changeSet = await withWeb(house);
    await house.submit(changeSet, {
      kind: 'function.edit_text',
      function: 'url',
      text: "function main() { throw new Error('broken'); }",
    });
    await settled(house, changeSet);
    const tree = await explained(house, changeSet, 'proxy', '/domain/Upstream');
    expect(tree.freshness).toMatchObject({
      state: 'blocked-by',
      root: { name: 'web', path: '/domain/Url' },
      code: 'threw',
    });
    expect(tree.value).toBe('http://example.org:80');
    expect(tree.from[0]!.freshness).toMatchObject({ state: 'error', code: 'threw' });
    expect(tree.from[0]!.run).toMatchObject({ status: 'failed', failure: { code: 'threw' } });
  });

  test('[EN85] what is used twice is explained once, and depth and size are bounded', async () => {
    const house = await open();
    const changeSet = await withWeb(house);
    const whole = await explained(house, changeSet, 'web', '/qualification/portOk');
    const text = JSON.stringify(outline(whole));
    // domain is read by the qualification and by the code generation that it reads.
    expect(text.match(/domain\|web\/domain\|/g)).toHaveLength(2);
    expect(text.match(/\|web\/domain\/Url\|function/g)).toHaveLength(1);
    const cut = await house.call<Explanation>('explain', {
      changeSet,
      component: 'proxy',
      path: '/domain/Upstream',
      depth: 1,
    });
    expect(cut.isCut).toBe(true);
    expect(outline(cut.root)).toEqual(['|proxy/domain/Upstream|subscription', ['|web/domain/Url|function']]);
    expect(cut.root.from[0]!.cut).toBe('depth');
  });

  test('reality that is not reported yet, unset values, expressions, parts of declared values', async () => {
    const house = await open();
    const changeSet = await withWeb(house);
    await house.submit(
      changeSet,
      {
        kind: 'attribute.subscribe',
        component: 'proxy',
        path: '/domain/Note',
        source: { component: 'web', path: '/resource_value/Address' },
      },
      {
        kind: 'attribute.set',
        component: 'proxy',
        path: '/domain/Host',
        value: {
          $source: {
            call: 'concat',
            args: [
              { $source: { value: '-' } },
              { $source: { component: 'web', path: '/domain/Host' } },
              { $source: { component: 'web', path: '/si/name' } },
            ],
          },
        },
      },
      { kind: 'attribute.set', component: 'web', path: '/domain/Port', value: { $source: null } },
    );
    await settled(house, changeSet);
    const note = await explained(house, changeSet, 'proxy', '/domain/Note');
    expect(note).toMatchObject({ kind: 'subscription', freshness: { state: 'awaiting' } });
    expect(note.from[0]).toMatchObject({ kind: 'reality', note: 'the resource has not been reported yet' });
    const host = await explained(house, changeSet, 'proxy', '/domain/Host');
    expect(host.kind).toBe('expression');
    expect(host.follows).toMatch(/^concat\(/);
    expect(host.from.map((f) => `${f.name}${f.path}`)).toEqual(['web/domain/Host', 'web/si/name']);
    expect(await explained(house, changeSet, 'web', '/domain/Port')).toMatchObject({
      kind: 'unset',
      set: { actor: 'ada' },
    });
  });
});

describe('why', () => {
  test('[EN86] a function ran as an argument changed; back again its result is remembered', async () => {
    const house = await open();
    const changeSet = await withWeb(house);
    expect(await reason(house, changeSet, 'web', '/domain/Url')).toMatchObject({
      verdict: 'ran',
      before: null,
      differs: null,
    });
    await house.set(changeSet, 'web', '/domain/Port', 8080);
    await settled(house, changeSet);
    expect(await reason(house, changeSet, 'web', '/domain/Url')).toMatchObject({
      verdict: 'ran',
      because: 'url ran: port changed',
      differs: [{ name: 'port', was: '80', is: '8080' }],
      codeChanged: false,
    });
    await house.set(changeSet, 'web', '/domain/Port', 80);
    await settled(house, changeSet);
    const back = await reason(house, changeSet, 'web', '/domain/Url');
    expect(back).toMatchObject({ verdict: 'remembered', differs: [{ name: 'port', was: '8080', is: '80' }] });
    expect(back.run!.id < back.before!.id).toBe(true);
  });

  test('its text changed', async () => {
    const house = await open();
    const changeSet = await withWeb(house);
    await house.submit(changeSet, {
      kind: 'function.edit_text',
      function: 'url',
      text: 'const main = ({ host }) => `x${host}`;',
    });
    await settled(house, changeSet);
    expect(await reason(house, changeSet, 'web', '/domain/Url')).toMatchObject({
      verdict: 'ran',
      codeChanged: true,
      differs: [],
      because: expect.stringContaining('text'),
    });
  });

  test('the same call of another value had run before', async () => {
    const house = await open();
    const changeSet = await withWeb(house);
    await house.submit(changeSet, {
      kind: 'component.create',
      schema: 'Web',
      name: 'twin',
      attributes: { '/domain/Host': 'example.org' },
    });
    await settled(house, changeSet, 'twin');
    const { id } = await house.call<{ id: string }>('component.get', { changeSet, component: 'web' });
    expect(await reason(house, changeSet, 'twin', '/domain/Url')).toMatchObject({
      verdict: 'remembered',
      run: { component: id },
      before: null,
    });
  });

  test('in a change set what is as on Head did not run', async () => {
    const house = await open();
    const first = await withWeb(house);
    await house.call('change_set.apply', { changeSet: first, waitMs: 20_000 });
    await settled(house, 'HEAD');
    const second = await house.open('second');
    expect(await reason(house, second, 'web', '/domain/Url')).toMatchObject({
      verdict: 'unchanged',
      run: { changeSet: first },
    });
  });

  test('[EN86] an error before it, a report that it waits for, a declared value in its place, and no function at all', async () => {
    const house = await open();
    const changeSet = await withWeb(house);
    await house.submit(
      changeSet,
      { kind: 'function.create', name: 'addr', functionKind: 'attribute', text: 'const main = ({ a }) => a;' },
      {
        kind: 'binding.attach',
        function: 'addr',
        schema: 'Web',
        arguments: [{ name: 'a', path: '/resource_value/Address' }],
        output: '/domain/Note',
      },
    );
    await settled(house, changeSet);
    expect(await reason(house, changeSet, 'web', '/domain/Note')).toMatchObject({ verdict: 'awaiting', run: null });
    await house.set(changeSet, 'web', '/domain/Note', 'by hand');
    expect(await reason(house, changeSet, 'web', '/domain/Note')).toMatchObject({
      verdict: 'overridden',
      function: { name: 'addr' },
    });
    await house.submit(changeSet, {
      kind: 'function.edit_text',
      function: 'url',
      text: "function main() { throw new Error('x'); }",
    });
    await settled(house, changeSet);
    expect(await reason(house, changeSet, 'web', '/domain/Url')).toMatchObject({
      verdict: 'ran',
      run: { status: 'failed' },
    });
    const blocked = await reason(house, changeSet, 'web', '/code/conf');
    expect(blocked).toMatchObject({ verdict: 'blocked-by', freshness: { root: { name: 'web', path: '/domain/Url' } } });
    expect(await reason(house, changeSet, 'proxy', '/domain/Upstream')).toMatchObject({
      verdict: 'computed',
      function: null,
    });
    expect(await reason(house, changeSet, 'web', '/domain/Host')).toMatchObject({
      verdict: 'declared',
      function: null,
    });
    const { reasons } = await house.call<Why>('why', { changeSet, component: 'web', path: '/qualification' });
    expect(reasons.map((r) => r.path)).toEqual(['/qualification/portOk']);
  });
});

describe('blast radius', () => {
  test('[EN87] an edit touches at most what it says, and what it says is touched when values change', async () => {
    const house = await open();
    const changeSet = await withWeb(house);
    const before = await runsOf(house);
    const edits = [{ component: 'web', path: '/domain/Host' }];
    const radius = await house.call<BlastRadius>('blast_radius', { changeSet, edits });
    expect(await runsOf(house)).toBe(before);
    expect(radius).toMatchObject({ edited: 1, values: 6, components: 2, qualifications: 2, distance: 3, isCut: false });
    expect(radius.functions.map((f) => [f.name, f.runs])).toEqual([
      ['conf', 2],
      ['portOk', 2],
      ['url', 1],
    ]);
    expect(radius.items.map((i) => i.distance)).toEqual([1, 1, 1, 2, 3, 3]);
    expect(radius.items[3]).toMatchObject({
      name: 'proxy',
      path: '/domain/Upstream',
      via: { name: 'web', path: '/domain/Url' },
    });
    await house.set(changeSet, 'web', '/domain/Host', 'other.org');
    await settled(house, changeSet);
    // Every function that it names has run once for each of its values: nothing came out equal.
    expect((await runsOf(house)) - before).toBe(5);
  });

  test('[EN87] of a change set: what its edits touch, against Head', async () => {
    const house = await open();
    const first = await withWeb(house);
    await house.call('change_set.apply', { changeSet: first, waitMs: 20_000 });
    const changeSet = await house.open('second');
    const none = await house.call<BlastRadius>('blast_radius', { changeSet });
    expect(none).toMatchObject({ edited: 0, values: 0, components: 0, items: [] });
    await house.set(changeSet, 'proxy', '/domain/Port', 81);
    const one = await house.call<BlastRadius>('blast_radius', { changeSet });
    expect(one).toMatchObject({ edited: 1, components: 1, values: 3, qualifications: 1 });
    const edits = [{ component: 'proxy', path: '/domain/Port' }];
    expect(await house.call('blast_radius', { changeSet, edits })).toEqual(one);
    await house.submit(changeSet, { kind: 'function.edit_text', function: 'url', text: 'const main = () => 1;' });
    const code = await house.call<BlastRadius>('blast_radius', { changeSet });
    expect(code.items.filter((i) => i.function === 'url').map((i) => [i.name, i.distance])).toEqual([
      ['web', 0],
      ['proxy', 0],
    ]);
    expect((await house.refused('blast_radius', { changeSet: 'HEAD' })).code).toBe('head_is_read_only');
  });
});

describe('without functions', () => {
  eachStore((make) => {
    test('questions are answered all the same', async () => {
      const house = await make();
      const changeSet = await house.open();
      await house.submit(
        changeSet,
        ...webMutations.filter((m) => /^(schema|component)/.test((m as { kind: string }).kind)),
      );
      const tree = await explained(house, changeSet, 'proxy', '/domain/Upstream');
      expect(outline(tree)).toEqual(['|proxy/domain/Upstream|subscription', ['|web/domain/Url|none']]);
      expect(await reason(house, changeSet, 'proxy', '/domain/Upstream')).toMatchObject({ verdict: 'computed' });
      const edits = [{ component: 'web', path: '/domain/Url' }];
      expect(await house.call('blast_radius', { changeSet, edits })).toMatchObject({
        values: 1,
        components: 2,
        functions: [],
      });
    });

    test('a chain of a thousand is reached to its end', async () => {
      const house = await make();
      const changeSet = await house.withBox(false);
      const chain: Json[] = Array.from({ length: 1_000 }, (_, i) => ({
        kind: 'component.create',
        schema: 'Box',
        name: `c${i}`,
        attributes: { '/domain/text': i === 0 ? 'x' : { $source: { component: `c${i - 1}`, path: '/domain/text' } } },
      }));
      await house.submit(changeSet, ...chain);
      const radius = await house.call<BlastRadius>('blast_radius', {
        changeSet,
        edits: [{ component: 'c0', path: '/domain/text' }],
        limit: 1,
      });
      // 999 texts that follow, and what each of the thousand components is validated by.
      expect(radius).toMatchObject({ values: 1_999, qualifications: 1_000, distance: 1_000, components: 1_000 });
      expect(radius.isCut).toBe(false);
      expect(radius.items).toHaveLength(1);
      const end = await house.call<Explanation>('explain', { changeSet, component: 'c999', path: '/domain/text' });
      expect(end).toMatchObject({ isCut: true, nodes: 65, root: { value: 'x' } });
    });
  });
});
