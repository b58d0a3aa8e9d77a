// Actions on Head against a provider in a process of its own: what is planned, in which order it is done, what becomes of it.

import { expect, test } from 'vitest';
import type { ActionRecord } from '../../src/model/action.ts';
import { ActionHouse, housesOfTests } from './action_house.ts';

const houses = housesOfTests();

async function opened(): Promise<ActionHouse> {
  const house = await ActionHouse.open();
  houses.push(house);
  return house;
}

const thing = (name: string, attributes: Record<string, unknown> = {}) =>
  ({ kind: 'component.create', schema: 'Thing', name, attributes }) as never;
/** The address of the resource of `first`. */
const followsFirst = { '/domain/Upstream': { $source: { component: 'first', path: '/resource_value/Address' } } };
const size = (component: string, value: number) =>
  ({ kind: 'attribute.set', component, path: '/domain/Size', value }) as never;

test('[EN180] C21 D1 a component that is applied is created once, and what it is then flows to who follows it', async () => {
  const a = await opened();
  await a.apply('two', thing('first', { '/domain/Size': 1 }), thing('second', followsFirst));
  expect(await a.effects()).toEqual(['create first', 'create second']);
  expect((await a.told()).filter((line) => line.startsWith('create'))).toEqual([
    'create of first: succeeded',
    'create of second: succeeded',
  ]);
  const second = (await a.seen('HEAD', 'second')) as { domain: object; resource_value: object };
  expect(second.domain).toMatchObject({ Upstream: 'addr-t1' });
  expect(second.resource_value).toMatchObject({ Address: 'addr-t2' });
  // Whoever opens a change set then, and whoever had one open, sees it too.
  const later = await a.house.open('later');
  expect((await a.seen(later, 'first'))['resource_value']).toMatchObject({ Address: 'addr-t1', Size: 1 });
});

test('[EN180] D3 an update is planned only while what is meant differs from what was made real', async () => {
  const a = await opened();
  await a.apply('made', thing('it', { '/domain/Size': 1 }));
  await a.apply('larger', size('it', 2));
  expect(await a.effects()).toEqual(['create it', 'update t1']);
  const changeSet = await a.house.open('undone');
  await a.house.submit(changeSet, size('it', 3));
  await a.house.submit(changeSet, size('it', 2));
  const receipt = await a.house.call<{ actions: unknown[] }>('change_set.apply', { changeSet, waitMs: 20_000 });
  expect(receipt.actions).toEqual([]);
  await a.quiet();
  expect(await a.effects()).toEqual(['create it', 'update t1']);
});

test('[EN180] D1 D8 a deletion destroys what is there, once, and nothing where nothing is', async () => {
  const a = await opened();
  await a.apply('made', thing('it'));
  await a.apply('gone', { kind: 'component.delete', component: 'it' } as never);
  expect(await a.effects()).toEqual(['create it', 'destroy t1']);
  const changeSet = await a.house.open('never');
  await a.house.submit(changeSet, thing('never'));
  await a.house.submit(changeSet, { kind: 'component.delete', component: 'never' } as never);
  await a.house.call('change_set.apply', { changeSet, waitMs: 20_000 });
  await a.quiet();
  expect(await a.effects()).toEqual(['create it', 'destroy t1']);
});

test('[EN181] D13 a failed action can be tried again, and what waits for it waits', async () => {
  const a = await opened();
  await a.provider.rules({ op: 'create', nth: 1, goes: 'fail' });
  await a.apply('two', thing('first'), thing('second', followsFirst));
  expect(await a.told()).toEqual(['create of first: failed', 'create of second: queued']);
  expect(await a.effects()).toEqual([]);
  const [first] = await a.actions();
  expect(first!.failure!.message).toContain('the create fails');
  expect((await a.house.refused('action.release', { action: first!.id })).code).toBe('action_step_illegal');
  await a.house.call('action.retry', { action: first!.id });
  await a.quiet();
  expect(await a.effects()).toEqual(['create first', 'create second']);
  expect((await a.actions())[0]!.attempts).toBe(2);
});

test('[EN181] what was done without an answer is not done twice: the provider knows the key', async () => {
  const a = await opened();
  await a.provider.rules({ op: 'create', nth: 1, goes: 'drop' });
  await a.apply('one', thing('it'));
  expect(await a.told()).toEqual(['create of it: succeeded', 'refresh of it: succeeded']);
  expect(await a.effects()).toEqual(['create it']);
  expect((await a.actions())[0]!.attempts).toBe(2);
  expect((await a.seen('HEAD', 'it'))['resource_value']).toMatchObject({ Address: 'addr-t1' });
});

test('[EN182] D5 D7 a refresh tells what is there now; of one that is queued there is no second', async () => {
  const a = await opened();
  await a.apply('one', thing('it', { '/domain/Size': 1 }));
  expect(await a.told()).toEqual(['create of it: succeeded', 'refresh of it: succeeded']);
  await a.provider.put('t1', { Size: 7 });
  const open = await a.house.open('open before');
  await a.house.call('action.request', { component: 'it' });
  await a.quiet();
  expect((await a.seen(open, 'it'))['resource_value']).toMatchObject({ Size: 7 });
  const changeSet = await a.house.open('new');
  await a.house.submit(changeSet, thing('new one'));
  expect((await a.house.refused('action.request', { component: 'new one' })).code).toBe('component_not_found');
  await a.provider.remove('t1');
  await a.house.call('action.request', { component: 'it' });
  await a.quiet();
  expect((await a.seen('HEAD', 'it'))['resource_value'] ?? {}).toEqual({});
});

test('[EN182] D6 a refresh that failed and is asked for once more is the same action, queued again', async () => {
  const a = await opened();
  await a.apply('one', thing('it'));
  await a.provider.rules({ op: 'read', nth: 1, goes: 'fail' });
  const asked = await a.house.call<ActionRecord>('action.request', { component: 'it' });
  await a.quiet();
  expect(await a.house.call('action.get', { action: asked.id })).toMatchObject({ status: 'failed', attempts: 1 });
  const again = await a.house.call<ActionRecord>('action.request', { component: 'it' });
  expect(again.id).toBe(asked.id);
  await a.quiet();
  expect(await a.house.call('action.get', { action: asked.id })).toMatchObject({ status: 'succeeded', attempts: 2 });
});

test('[EN181] one that is on hold starts when it is released', async () => {
  const a = await opened();
  await a.provider.rules({ op: 'create', nth: 1, goes: 'fail' });
  await a.apply('two', thing('first'), thing('second', followsFirst));
  const [first, second] = await a.actions();
  await a.house.call('action.hold', { action: second!.id });
  await a.house.call('action.retry', { action: first!.id });
  await a.quiet();
  expect(await a.effects()).toEqual(['create first']);
  await a.house.call('action.release', { action: second!.id });
  await a.quiet();
  expect(await a.effects()).toEqual(['create first', 'create second']);
});

test('[EN183] after a restart everything is as it was, what is sent is kept, and the store is sound', async () => {
  const a = await opened();
  await a.apply('made', thing('it', { '/domain/Size': 1 }));
  const before = await a.actions();
  await a.house.reopen();
  expect(await a.actions()).toEqual(before);
  expect((await a.seen('HEAD', 'it'))['resource_value']).toMatchObject({ Address: 'addr-t1', Size: 1 });
  await a.house.call('gc');
  await a.house.sound();
  await a.apply('larger', size('it', 2));
  await a.house.reopen();
  await a.apply('larger still', size('it', 3));
  expect(await a.effects()).toEqual(['create it', 'update t1', 'update t1']);
  expect((await a.actions({ component: 'it' })).at(-1)!.paths).toEqual(['/domain/Size']);
  await a.house.sound();
});

test('[EN184] what is queued when the engine ends is carried out by the next one', async () => {
  const a = await opened();
  await a.provider.rules({ op: 'create', nth: 1, goes: 'fail' });
  await a.apply('two', thing('first'), thing('second', followsFirst));
  await a.house.reopen();
  const [first] = await a.actions();
  await a.house.call('action.retry', { action: first!.id });
  await a.quiet();
  expect(await a.effects()).toEqual(['create first', 'create second']);
});

test('[EN180] what is applied for others leaves what waits as it is', async () => {
  const a = await opened();
  await a.provider.rules({ op: 'create', nth: 1, goes: 'fail' });
  await a.apply('one', thing('first'));
  await a.apply('another', thing('other'));
  await a.apply('its name', { kind: 'attribute.set', component: 'first', path: '/si/name', value: 'renamed' } as never);
  expect((await a.actions())[0]).toMatchObject({ kind: 'create', status: 'failed' });
  await a.apply('never mind', { kind: 'component.delete', component: 'renamed' } as never);
  expect((await a.actions())[0]).toMatchObject({ kind: 'create', status: 'cancelled' });
  expect(await a.effects()).toEqual(['create other']);
});

test('[EN199] what a provider reports anew has consequences that are shown and wait: nobody has reviewed them', async () => {
  const a = await opened();
  const sizeOfFirst = { '/domain/Size': { $source: { component: 'first', path: '/resource_value/Size' } } };
  await a.apply('two', thing('first', { '/domain/Size': 1 }), thing('second', sizeOfFirst));
  const pending = async () =>
    (await a.house.call<{ actions: { name: string; kind: string; because: string[] }[] }>('action.pending')).actions;
  expect(await pending()).toEqual([]);
  await a.provider.put('t1', { Size: 7 });
  await a.house.call('action.request', { component: 'first' });
  await a.quiet();
  expect((await a.seen('HEAD', 'second'))['domain']).toMatchObject({ Size: 7 });
  expect(await pending()).toMatchObject([{ name: 'second', kind: 'update', because: ['/domain/Size'] }]);
  // An apply of something else does not take it along.
  await a.apply('other', thing('third'));
  expect(await a.effects()).not.toContain('update t2');
  // What is queued is not told twice.
  await a.apply('larger', size('second', 8));
  expect(await a.effects()).toContain('update t2');
  expect(await pending()).toEqual([]);
});

test('[EN180] what was destroyed leaves its name to another', async () => {
  const a = await opened();
  await a.apply('made', thing('it'));
  await a.apply('gone', { kind: 'component.delete', component: 'it' } as never);
  await a.apply('again', thing('it', { '/domain/Size': 2 }));
  await a.apply('larger', size('it', 3));
  expect(await a.effects()).toEqual(['create it', 'destroy t1', 'create it', 'update t2']);
});
