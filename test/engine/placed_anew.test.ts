// What is placed anew on what Head has become: late edits, what a redo puts back, what is split off. Their log entries hold
// everything that the placement does, so that the log replayed gives the same.

import { expect, test } from 'vitest';
import { MemoryStore } from '../../src/adapters/memory/store.ts';
import type { Json } from '../../src/base/json.ts';
import { openSpec } from '../support/model_world.ts';
import { eachStore, House } from './house.ts';

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
