// Several engines that carry out actions of one store: what one of them records stands for itself, whatever the others have
// moved meanwhile.

import { afterEach, expect, test } from 'vitest';
import { MemoryStore } from '../../src/adapters/memory/store.ts';
import type { Json } from '../../src/base/json.ts';
import { ActionHouse, startProvider, thingMutations } from './action_house.ts';
import { withFunctions } from './function_house.ts';
import { House, owner } from './house.ts';

const ended: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).toReversed()) await end();
});

const things = (...names: string[]): Json[] =>
  names.map((name) => ({ kind: 'component.create', schema: 'Thing', name, attributes: {} }));
const hold = (name: string): Json => ({ kind: 'action.hold', component: name, action: 'create' });

/** Two engines on one store, each with `Thing` on its Head and the actions in its memory. */
async function two(...names: string[]) {
  const provider = await startProvider();
  ended.push(() => provider.close());
  const store = new MemoryStore();
  store.close = async () => {};
  const open = async (): Promise<ActionHouse> => {
    const house = await new House(async () => store, { ...withFunctions, actions: { isShared: true } }).start();
    ended.push(() => house.close().catch(() => {}));
    return new ActionHouse(house, provider);
  };
  const first = await open();
  await first.apply('schemas', ...thingMutations(provider.port));
  await first.apply('made', ...things(...names), ...names.map(hold));
  const second = await open();
  await second.quiet();
  return { first, second, provider };
}

async function idOf(house: ActionHouse, name: string): Promise<string> {
  return (await house.actions()).find((a) => a.componentName === name)!.id;
}

test('[EN430] of what is recorded together only that loses which somebody else has moved', async () => {
  const { first, second } = await two('a', 'b', 'c');
  await second.house.call('action.cancel', { action: await idOf(second, 'b') });
  const w = await first.house.workspace();
  const [a, b, c] = w.actions.all();
  expect([a, b, c].map((x) => x!.componentName)).toEqual(['a', 'b', 'c']);
  const written = await Promise.all(
    [a!, b!, c!].map(({ id }) =>
      w.record({ changes: [], actions: [w.actions.amend(id, { heldBecause: `by ${owner.id}` })] }),
    ),
  );
  expect(written).toEqual([true, false, true]);
  expect((await first.actions()).map((x) => `${x.componentName} ${x.status} ${x.heldBecause}`)).toEqual([
    'a on-hold by ada',
    'b cancelled ',
    'c on-hold by ada',
  ]);
  expect(w.actions.all().map((x) => x.componentName)).toEqual(['a', 'c']);
  // Later ones were built on those that landed.
  await first.house.call('action.release', { action: a!.id });
  await first.quiet();
  expect(await first.told()).toContain('create of a: succeeded');
});

test('[EN430] what is built on a record that is being written once more waits for it, and falls with one that lost', async () => {
  const { first, second } = await two('a', 'b');
  await second.house.call('action.cancel', { action: await idOf(second, 'b') });
  const w = await first.house.workspace();
  const [a, b] = w.actions.all();
  const step = (id: (typeof a & object)['id'], heldBecause: string): Promise<boolean> =>
    w.record({ changes: [], actions: [w.actions.amend(id, { heldBecause })] });
  const together = [step(a!.id, 'one'), step(b!.id, 'one')];
  void w.recorded([]);
  const later = [step(a!.id, 'two'), step(b!.id, 'two')];
  expect(await Promise.all([...together, ...later])).toEqual([true, false, true, false]);
  expect((await first.actions()).map((x) => `${x.componentName} ${x.status} ${x.heldBecause}`)).toEqual([
    'a on-hold two',
    'b cancelled ',
  ]);
});

test('[EN430] what others told of reality meanwhile is read and built on: both are recorded', async () => {
  const { first, second } = await two('a', 'b');
  await second.house.call('action.release', { action: await idOf(second, 'b') });
  await second.quiet();
  await first.house.call('action.release', { action: await idOf(first, 'a') });
  await first.quiet();
  expect(await first.told()).toEqual([
    'create of a: succeeded',
    'create of b: succeeded',
    'refresh of b: succeeded',
    'refresh of a: succeeded',
  ]);
  for (const name of ['a', 'b'])
    expect((await first.seen('HEAD', name))['resource_value']).toMatchObject({
      Address: expect.stringMatching('addr-'),
    });
  expect((await first.effects()).toSorted()).toEqual(['create a', 'create b']);
  await first.house.sound();
});

test('[EN431] what each of them notes in the chain of Head comes one after the other', async () => {
  const { first, second } = await two('a', 'b');
  const [a, b] = [await idOf(first, 'a'), await idOf(first, 'b')];
  await second.house.call('action.cancel', { action: b });
  await first.house.call('action.release', { action: a });
  await second.house.call('change_set.create', { name: 'other' });
  const items = await first.house.call<{ kind: string }[]>('audit.list', {});
  expect(items.map((x) => x.kind).slice(-4)).toEqual([
    'action.cancel',
    'action.release',
    'change_set.open',
    'change_set.open',
  ]);
  await first.house.sound();
});

test('[EN430] who steers an action that somebody else has moved is answered by what it is now', async () => {
  const { first, second } = await two('a', 'b');
  const [a, b] = [await idOf(first, 'a'), await idOf(first, 'b')];
  await second.house.call('action.cancel', { action: a });
  expect((await first.house.refused('action.release', { action: a })).code).toBe('action_step_illegal');
  await second.house.call('action.release', { action: b });
  await second.quiet();
  expect((await first.house.refused('action.cancel', { action: b })).code).toBe('action_step_illegal');
  // Nobody's work came to an end by that.
  await first.apply('more', ...things('c'));
  expect(await first.told()).toContain('create of c: succeeded');
});
