// What is placed anew on what Head has become: late edits, what a redo puts back, what is split off. Their log entries hold
// everything that the placement does, so that the log replayed gives the same; and what is picked or shown again by an undo
// has all that it refers to.

import { expect, test } from 'vitest';
import { MemoryStore } from '../../src/adapters/memory/store.ts';
import type { Json } from '../../src/base/json.ts';
import { refusalText } from '../../src/base/result.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { invariants } from '../laws/invariants.ts';
import { openSpec } from '../support/model_world.ts';
import { boxSpec, eachStore, House, sqliteHouse } from './house.ts';

const set = (component: string, value: Json): Json => ({
  kind: 'attribute.set',
  component,
  path: '/domain/m',
  value,
});

/** A component that takes any value, on Head, and an open change set. */
async function withOpen(house: House): Promise<{ c: string; mine: string }> {
  const first = await house.open('first');
  await house.submit(first, { kind: 'schema.create', name: 'Open', spec: openSpec as unknown as Json });
  const reply = await house.submit(first, { kind: 'component.create', schema: 'Open', name: 'c' });
  await house.call('change_set.apply', { changeSet: first });
  return { c: reply.steps[0]!.subject, mine: await house.open('mine') };
}

/** Head gets it by another change set. */
async function onHead(house: House, ...mutations: Json[]): Promise<void> {
  const other = await house.open('other');
  await house.submit(other, ...mutations);
  await house.call('change_set.apply', { changeSet: other });
}

const wholeOrParts: readonly (readonly [what: string, mine: Json, onHead: Json])[] = [
  ['a whole over parts of a list', 7, ['a']],
  ['a whole over members', 7, { k: 'v' }],
  ['parts over a whole', ['a'], 7],
];

eachStore((make) => {
  for (const [what, own, theirs] of wholeOrParts) {
    test(`[EN835] a late edit is replayed to what it gave: ${what}`, async () => {
      const house = await make();
      const { c, mine } = await withOpen(house);
      await onHead(house, set(c, theirs));
      await house.call('submit', { changeSet: mine, mutations: [set(c, own)], baseVersion: 0 });
      expect((await house.value(mine, c))['m']).toEqual(own);
      await house.sound();
      await house.reopen();
      expect((await house.value(mine, c))['m']).toEqual(own);
      await house.call('change_set.apply', { changeSet: mine });
      expect((await house.value('HEAD', c))['m']).toEqual(own);
    });

    test(`[EN835] a redo is replayed to what it gave: ${what}`, async () => {
      const house = await make();
      const { c, mine } = await withOpen(house);
      await house.submit(mine, set(c, own));
      await house.call('change_set.undo', { changeSet: mine });
      await onHead(house, set(c, theirs));
      await house.call('change_set.redo', { changeSet: mine });
      expect((await house.value(mine, c))['m']).toEqual(own);
      await house.sound();
    });

    test(`[EN835] a part is replayed to what it gave: ${what}`, async () => {
      const house = await make();
      const { c, mine } = await withOpen(house);
      await house.submit(mine, set(c, own));
      await onHead(house, set(c, theirs));
      const { changeSet: part } = await house.call<{ changeSet: { id: string } }>('change_set.split', {
        changeSet: mine,
        components: ['c'],
      });
      expect((await house.value(part.id, c))['m']).toEqual(own);
      await house.sound();
    });
  }
});

test('[EN835] after a kill the change set of a late edit is opened again', async () => {
  const store = new MemoryStore({ synchronousReads: true });
  store.close = async () => {};
  const house = await new House(async () => store, {}).start();
  const { c, mine } = await withOpen(house);
  await onHead(house, set(c, ['a']));
  await house.call('submit', { changeSet: mine, mutations: [set(c, 7)], baseVersion: 0 });
  // Another engine on what the store has: nothing was closed.
  const next = await new House(async () => store, {}).start();
  expect((await next.value(mine, c))['m']).toBe(7);
  await next.submit(mine, { kind: 'attribute.set', component: c, path: '/domain/n', value: 1 });
  await next.call('change_set.apply', { changeSet: mine });
  expect(await next.value('HEAD', c)).toMatchObject({ m: 7, n: 1 });
  await next.sound();
  await next.close();
  await house.close().catch(() => {});
});

const spec = boxSpec as unknown as Json;
const fn = (name: string, functionKind: string): Json => ({
  kind: 'function.create',
  name,
  functionKind,
  text: 'export default function main() { return null; }\n',
});

/** Of what an edit rests on: what brings that, and the edit. `VARIANT` is the one that the first brings. */
const resting: Readonly<Record<string, readonly [Json, Json]>> = {
  'a component of a new schema': [
    { kind: 'schema.create', name: 'X', spec },
    { kind: 'component.create', schema: 'X', name: 'c' },
  ],
  'an upgrade to a new variant': [
    { kind: 'schema.create', name: 'X', spec },
    { kind: 'component.upgrade', component: 'b1', variant: 'VARIANT' },
  ],
  'a new function bound': [fn('f', 'qualification'), { kind: 'binding.attach', function: 'f', schema: 'Box' }],
  'a function bound to a new schema': [
    { kind: 'schema.create', name: 'X', spec },
    { kind: 'binding.attach', function: 'g', schema: 'X' },
  ],
  'a value through a new function': [
    fn('f', 'transformation'),
    {
      kind: 'attribute.set',
      component: 'b1',
      path: '/domain/text',
      value: { $source: { component: 'b2', path: '/domain/text', function: 'f' } },
    },
  ],
};

async function withBoxes(house: House): Promise<{ mine: string; into: string }> {
  const first = await house.withBox();
  await house.create(first, 'b1');
  await house.create(first, 'b2');
  await house.submit(first, fn('g', 'qualification'));
  await house.call('change_set.apply', { changeSet: first });
  return { mine: await house.open('mine'), into: await house.open('into') };
}

for (const [what, [brings, rests]] of Object.entries(resting)) {
  test(`[EN836] ${what} is not picked without what it rests on, and is with it`, async () => {
    const house = await sqliteHouse().start();
    const { mine, into } = await withBoxes(house);
    const before = await stateOf(house, mine);
    await house.submit(mine, brings);
    const after = [...(await stateOf(house, mine)).scan('schemas', '')].map(([key]) => key);
    const variant = after.find((key) => key.length > 26 && before.get('schemas', key) === undefined)?.slice(27) ?? '';
    await house.submit(mine, JSON.parse(JSON.stringify(rests).replace('VARIANT', variant)) as Json);
    const row = await house.row(into);
    expect(await house.refused('change_set.pick', { changeSet: mine, edits: ['2'], into })).toMatchObject({
      code: 'edit_lacks',
      data: { edits: ['1'] },
    });
    expect(await house.row(into)).toEqual(row);
    await house.call('change_set.pick', { changeSet: mine, edits: ['1', '2'], into });
    expect((await house.row(into)).intentRoot).toBe((await house.row(mine)).intentRoot);
    invariants(await stateOf(house, into));
    await house.close();
  });
}

test('[EN836] a component whose schema Head has no more is picked where it is, and nowhere else', async () => {
  const house = await sqliteHouse().start();
  const { into } = await withBoxes(house);
  const schema = await house.open('schema');
  await house.submit(schema, { kind: 'schema.create', name: 'X', spec });
  await house.call('change_set.apply', { changeSet: schema });
  const mine = await house.open('other');
  await house.submit(mine, { kind: 'component.create', schema: 'X', name: 'c' });
  await takeBack(house, schema);
  expect((await house.refused('change_set.pick', { changeSet: mine, edits: ['1'], into })).code).toBe('edit_lacks');
  await house.close();
});

test('[EN836] what a picked edit rested on until another picked one wrote over it is not missed', async () => {
  const house = await sqliteHouse().start();
  const { mine, into } = await withBoxes(house);
  await house.submit(mine, ...resting['a value through a new function']!);
  await house.submit(mine, { kind: 'attribute.set', component: 'b1', path: '/domain/text', value: 'plain' });
  await house.call('change_set.pick', { changeSet: mine, edits: ['1.2', '2'], into });
  expect((await house.value(into, 'b1'))['text']).toBe('plain');
  await house.sound();
  await house.close();
});

test('[EN837] the erasure of a component whose schema Head has no more is undone only with the component', async () => {
  const house = await sqliteHouse().start();
  const schema = await house.open('schema');
  await house.submit(schema, { kind: 'schema.create', name: 'X', spec });
  await house.call('change_set.apply', { changeSet: schema });
  const mine = await house.open('mine');
  await house.submit(mine, { kind: 'component.create', schema: 'X', name: 'c' });
  await house.submit(mine, { kind: 'component.erase', component: 'c' });
  await takeBack(house, schema);
  const row = await house.row(mine);
  expect(await house.refused('change_set.undo', { changeSet: mine, edits: ['2'] })).toMatchObject({
    code: 'edit_needed',
    data: { edits: ['1'] },
  });
  expect(await house.row(mine)).toEqual(row);
  await house.call('change_set.undo', { changeSet: mine, edits: ['2'], withNeeding: true });
  invariants(await stateOf(house, mine));
  expect((await house.refused('component.get', { changeSet: mine, component: 'c' })).code).toBe('component_not_found');
  await house.sound();
  await house.close();
});

test('[EN837] nor is the erasure of one whose schema was put back until then', async () => {
  const house = await sqliteHouse().start();
  const schema = await house.open('schema');
  await house.submit(schema, { kind: 'schema.create', name: 'X', spec });
  await house.call('change_set.apply', { changeSet: schema });
  const mine = await house.open('mine');
  await house.submit(mine, { kind: 'component.create', schema: 'X', name: 'c' });
  await takeBack(house, schema);
  invariants(await stateOf(house, mine));
  const erased = await house.submit(mine, { kind: 'component.erase', component: 'c' });
  const undone = await house.attempt('change_set.undo', { changeSet: mine, edits: [String(erased.version)] });
  expect(undone.ok ? 'undone' : undone.refusal.code).toBe('edit_needed');
  invariants(await stateOf(house, mine));
  await house.sound();
  await house.close();
});

test('[EN837] the text of a function that was put back is not kept by an undo of its edit', async () => {
  const house = await sqliteHouse().start();
  const schemas = await house.open('schemas');
  const named = (name: string): Json => ({ kind: 'schema.create', name, spec });
  await house.submit(schemas, named('X'), named('Y'));
  await house.call('change_set.apply', { changeSet: schemas });
  const brings = await house.open('function');
  const f = (await house.submit(brings, fn('f', 'qualification'))).steps[0]!.subject;
  await house.submit(brings, { kind: 'binding.attach', function: f, schema: 'X' });
  await house.call('change_set.apply', { changeSet: brings });
  const mine = await house.open('mine');
  await house.submit(mine, { kind: 'function.edit_text', function: f, text: 'new();\n' });
  await house.submit(mine, { kind: 'binding.attach', function: f, schema: 'Y' });
  await takeBack(house, brings);
  const row = await house.row(mine);
  expect(await house.refused('change_set.undo', { changeSet: mine, edits: ['1'] })).toMatchObject({
    code: 'edit_needed',
    data: { edits: ['2'] },
  });
  expect(await house.row(mine)).toEqual(row);
  await house.call('change_set.undo', { changeSet: mine, edits: ['1'], withNeeding: true });
  expect((await stateOf(house, mine)).get('functions', f)).toBeUndefined();
  await house.sound();
  await house.close();
});

/** A component with a value that a person looks at when Head had it changed, too, and one that Head decides. */
async function withRuled(house: House): Promise<{ mine: string; into: string }> {
  const first = await house.open('first');
  const ruled = (merge: string): Json => ({ kind: 'string', merge });
  const properties = { look: ruled('must-review'), once: ruled('head-wins') };
  const seen = { ...boxSpec, domain: { kind: 'object', properties } } as unknown as Json;
  await house.submit(first, { kind: 'schema.create', name: 'Seen', spec: seen });
  await house.submit(first, { kind: 'component.create', schema: 'Seen', name: 'seen' });
  await house.call('change_set.apply', { changeSet: first });
  const [mine, into] = [await house.open('mine'), await house.open('into')];
  const both = (value: string): Json[] =>
    ['look', 'once'].map((name) => ({ kind: 'attribute.set', component: 'seen', path: `/domain/${name}`, value }));
  for (const m of both('mine')) await house.submit(mine, m);
  await onHead(house, ...both('head'));
  return { mine, into };
}

const requiresLook = async (house: House, changeSet: string): Promise<readonly unknown[]> => {
  await house.row(changeSet);
  const found = await (await house.workspace()).branch(changeSet as never);
  if (!found.ok) throw new Error(refusalText(found.refusal));
  return found.value.branch.pending.items.filter((i) => i.review === true);
};

test('[EN839] what a merge has decided of an edit holds where it is picked: somebody looks, and what gave way stays so', async () => {
  const house = await sqliteHouse().start();
  const { mine, into } = await withRuled(house);
  await house.call('change_set.pick', { changeSet: mine, edits: ['1'], into });
  expect(await requiresLook(house, into)).toHaveLength(1);
  const row = await house.row(into);
  expect((await house.refused('change_set.pick', { changeSet: mine, edits: ['2'], into })).code).toBe('edit_lacks');
  expect(await house.row(into)).toEqual(row);
  expect(await house.value(into, 'seen')).toMatchObject({ look: 'mine', once: 'head' });
  await house.reopen();
  expect(await requiresLook(house, into)).toHaveLength(1);
  await house.sound();
  await house.close();
});

test('[EN839] and in a part that is split off', async () => {
  const house = await sqliteHouse().start();
  const { mine } = await withRuled(house);
  const { changeSet: part } = await house.call<{ changeSet: { id: string } }>('change_set.split', {
    changeSet: mine,
    components: ['seen'],
  });
  expect(await requiresLook(house, part.id)).toHaveLength(1);
  expect(await house.value(part.id, 'seen')).toMatchObject({ look: 'mine', once: 'head' });
  await house.sound();
  await house.close();
});

for (const isPart of [false, true]) {
  test(`[EN839] [EN195] a revert gives way to what Head has made since, ${isPart ? 'a part of it too' : 'whole'}`, async () => {
    const house = await sqliteHouse().start();
    const first = await house.withBox();
    const c = await house.create(first, 'c', { '/domain/text': 'old' });
    await house.call('change_set.apply', { changeSet: first });
    const second = await house.open('second');
    await house.set(second, c, '/domain/text', 'new');
    await house.call('change_set.apply', { changeSet: second });
    const { changeSet: revert } = await house.call<{ changeSet: { id: string } }>('change_set.revert', {
      changeSet: second,
    });
    let changeSet = revert.id;
    if (isPart)
      changeSet = (
        await house.call<{ changeSet: { id: string } }>('change_set.split', { changeSet, components: ['c'] })
      ).changeSet.id;
    await onHead(house, { kind: 'attribute.set', component: c, path: '/domain/text', value: 'third' });
    await house.call('change_set.apply', { changeSet });
    expect((await house.value('HEAD', c))['text']).toBe('third');
    await house.sound();
    await house.close();
  });
}

/** The change set is caught up. */
async function stateOf(house: House, changeSet: string): Promise<Snapshot> {
  await house.row(changeSet);
  const found = await (await house.workspace()).branch(changeSet as never);
  if (!found.ok) throw new Error(refusalText(found.refusal));
  return found.value.branch.snapshot;
}

/** Takes back on Head what an applied change set has brought. */
async function takeBack(house: House, changeSet: string): Promise<void> {
  const { changeSet: revert } = await house.call<{ changeSet: { id: string } }>('change_set.revert', { changeSet });
  await house.call('change_set.apply', { changeSet: revert.id });
}
