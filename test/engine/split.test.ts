// A part of a change set applied by itself: chosen components with what they need, and nothing else; the rest stays, and
// applied afterwards it leads to the same Head as all of it at once.

import { expect, test } from 'vitest';
import type { Review } from '../../src/engine/operations.ts';
import type { SplitReply } from '../../src/engine/split.ts';
import type { Portable } from '../../src/formats/portable.ts';
import { type House, sqliteHouse } from './house.ts';

const follows = (component: string) => ({ $source: { component, path: '/domain/text' } });

/** A change set with four components: `d` by itself, `c` follows `b`, which follows `a`; the schema is its own too. */
async function withFour(): Promise<{ house: House; changeSet: string; old: string }> {
  const house = await sqliteHouse({}).start();
  const first = await house.withBox();
  const old = await house.create(first, 'old', { '/domain/text': 'before' });
  await house.call('change_set.apply', { changeSet: first });
  const changeSet = await house.open('all');
  await house.submit(
    changeSet,
    { kind: 'component.create', schema: 'Box', name: 'a', attributes: { '/domain/text': 'x' } },
    { kind: 'component.create', schema: 'Box', name: 'b', attributes: { '/domain/text': follows('a') } },
    { kind: 'component.create', schema: 'Box', name: 'c', attributes: { '/domain/text': follows('b') } },
    { kind: 'component.create', schema: 'Box', name: 'd', attributes: { '/domain/text': 'apart' } },
    { kind: 'attribute.set', component: old, path: '/domain/text', value: 'after' },
  );
  return { house, changeSet, old };
}

const names = async (house: House, changeSet: string): Promise<string[]> =>
  (await house.call<Review>('change_set.review', { changeSet })).components.map((c) => c.name).toSorted();

test('[EN195] the edits of a component come with those of what it needs, as a change set; the rest stays', async () => {
  const { house, changeSet } = await withFour();
  const part = await house.call<SplitReply>('change_set.split', { changeSet, components: ['b'] });
  expect(part.needed).toEqual(['a']);
  expect(part.receipt).toEqual([]);
  expect(await names(house, part.changeSet.id)).toEqual(['a', 'b']);
  // Nothing is taken out of it before that is in Head.
  expect(await names(house, changeSet)).toEqual(['a', 'b', 'c', 'd', 'old']);
  await house.call('change_set.apply', { changeSet: part.changeSet.id });
  expect(await names(house, changeSet)).toEqual(['c', 'd', 'old']);
  expect((await house.refused('component.get', { changeSet: 'HEAD', component: 'd' })).code).toBe(
    'component_not_found',
  );
  await house.close();
});

test('[EN830] the edits of a part stay those of whoever wrote them', async () => {
  const { house, changeSet } = await withFour();
  const bob = { id: 'bob', role: 'owner' } as const;
  const part = await house.call<SplitReply>('change_set.split', { changeSet, components: ['b'] }, bob);
  const authors = async (of: string) =>
    (await house.call<Portable>('change_set.export', { changeSet: of })).items.map(({ author }) => author);
  expect(new Set(await authors(part.changeSet.id))).toEqual(new Set(await authors(changeSet)));
  expect(await authors(part.changeSet.id)).not.toContain('bob');
  await house.close();
});

test('[EN8] a part that is asked for again is the same one, though its change set and Head have moved since', async () => {
  const { house, changeSet } = await withFour();
  const ask = { changeSet, components: ['b'], idempotencyKey: 'k' };
  const part = await house.call<SplitReply>('change_set.split', ask);
  await house.submit(changeSet, { kind: 'attribute.set', component: 'a', path: '/domain/text', value: 'y' });
  await house.call('change_set.apply', { changeSet: part.changeSet.id });
  expect(await house.call<SplitReply>('change_set.split', ask)).toEqual(part);
  await house.call('change_set.abandon', { changeSet });
  expect(await house.call<SplitReply>('change_set.split', ask)).toEqual(part);
  const other = await house.refused('change_set.split', { ...ask, components: ['d'] });
  expect(other.code).toBe('idempotency_key_reused');
  await house.close();
});

test('[EN195] part by part, in any order, leads to the same Head as all at once', async () => {
  const { house, changeSet } = await withFour();
  for (const component of ['d', 'c', 'old']) {
    const part = await house.call<SplitReply>('change_set.split', { changeSet, components: [component] });
    await house.call('change_set.apply', { changeSet: part.changeSet.id });
  }
  expect(await names(house, changeSet)).toEqual([]);
  const { intentRoot } = await house.row(changeSet);
  await house.call('change_set.apply', { changeSet });
  expect((await house.row('HEAD')).intentRoot).toBe(intentRoot);
  await house.sound();
  await house.close();
});

test('[EN195] what is not edited, not there or not said is refused', async () => {
  const { house, changeSet } = await withFour();
  const empty = await house.open('empty');
  expect((await house.refused('change_set.split', { changeSet: empty, components: ['old'] })).code).toBe(
    'request_malformed',
  );
  expect((await house.refused('change_set.split', { changeSet, components: ['nobody'] })).code).toBe(
    'component_not_found',
  );
  expect((await house.refused('change_set.split', { changeSet, components: [] })).code).toBe('request_malformed');
  expect((await house.refused('change_set.split', { changeSet: 'HEAD', components: ['old'] })).code).toBe(
    'request_malformed',
  );
  await house.close();
});
