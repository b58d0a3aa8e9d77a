// Old actions go by age and count; what has not ended and the newest of each component stay, and how many went is told.

import { expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { ActionHouse, housesOfTests } from './action_house.ts';
import type { HouseOptions } from './house.ts';

const houses = housesOfTests();

async function opened(options: HouseOptions = {}): Promise<ActionHouse> {
  const house = await ActionHouse.open(options);
  houses.push(house);
  return house;
}

const thing = (name: string): Json => ({ kind: 'component.create', schema: 'Thing', name, attributes: {} });
const size = (value: number): Json => ({ kind: 'attribute.set', component: 'it', path: '/domain/Size', value });

async function refreshed(a: ActionHouse, component: string, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    await a.house.call('action.request', { component });
    await a.quiet();
  }
}

const removed = async (a: ActionHouse): Promise<unknown> =>
  (await a.house.call<{ removed: unknown }>('action.list')).removed;

test('[EN435] they go by age and by count, by kind, and never what is open or the newest of its component', async () => {
  const a = await opened();
  await a.apply('made', thing('it'), thing('other'));
  await a.apply('larger', size(1));
  await a.provider.rules({ op: 'update', nth: 1, goes: 'fail' });
  await a.apply('larger still', size(2));
  await refreshed(a, 'it', 3);
  expect(await removed(a)).toEqual({ applied: 0, others: 0 });
  expect(await a.house.call('action.prune')).toEqual({ pruned: 0 });
  expect(await a.house.call('action.prune', { otherCount: 2 })).toEqual({ pruned: 1 });
  expect(await a.told({ component: 'it' })).toEqual([
    'create of it: succeeded',
    'refresh of it: succeeded',
    'update of it: succeeded',
    'update of it: failed',
    'refresh of it: succeeded',
    'refresh of it: succeeded',
  ]);
  const [gone] = await a.actions({ component: 'it' });
  expect(await a.house.call('action.prune', { newerThanMs: 0, otherNewerThanMs: 0 })).toEqual({ pruned: 5 });
  expect(await a.told()).toEqual(['refresh of other: succeeded', 'update of it: failed', 'refresh of it: succeeded']);
  expect(await removed(a)).toEqual({ applied: 4, others: 2 });
  expect((await a.house.refused('action.get', { action: gone!.id })).code).toBe('action_not_found');
  await a.house.reopen();
  expect(await removed(a)).toEqual({ applied: 4, others: 2 });
  // What they came to is there, what failed can be tried again, and who removed them is in the chain.
  const failed = (await a.actions({ status: 'failed' }))[0]!;
  await a.house.call('action.retry', { action: failed.id });
  await a.quiet();
  expect((await a.seen('HEAD', 'it'))['resource_value']).toMatchObject({ Size: 2 });
  const [note] = await a.house.call<{ sentence: string }[]>('audit.list', { kind: 'action.prune', limit: 1 });
  expect(note).toMatchObject({ actor: 'ada', kind: 'action.prune' });
  await a.house.sound();
});

test('[EN435] those that no apply asked for go by themselves when there are more than are kept', async () => {
  const a = await opened({ actionRetention: { others: { kept: 2, afterRuns: 1, everyMsMin: 0 } } });
  await a.apply('made', thing('it'));
  await refreshed(a, 'it', 5);
  await expect
    .poll(() => a.told({ component: 'it' }), { timeout: 20_000 })
    .toEqual([
      'create of it: succeeded',
      'refresh of it: succeeded',
      'refresh of it: succeeded',
      'refresh of it: succeeded',
    ]);
  expect((await a.house.workspace()).actionRetention.failures).toEqual([]);
});

test('[EN435] a collection removes them too, and says how many', async () => {
  const a = await opened({ actionRetention: { applied: { keptMs: 0 }, others: { kept: 1 } } });
  await a.apply('made', thing('it'));
  await refreshed(a, 'it', 3);
  expect(await a.house.call('gc')).toMatchObject({ actionsRemoved: 4 });
  expect(await a.told()).toEqual(['refresh of it: succeeded']);
  expect(await a.house.call('gc')).toMatchObject({ actionsRemoved: 0 });
});

test('[EN435] who may not maintain the store removes none', async () => {
  const a = await opened();
  const { code } = await a.house.refused('action.prune', {}, { id: 'eve', role: 'collaborator' } as never);
  expect(code).toBe('access_denied');
});
