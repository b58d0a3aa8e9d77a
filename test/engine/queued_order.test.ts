// What is queued on Head already, and a later change set does not plan anew, has its place in the order of what it does plan.

import { expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { ActionHouse, follows, housesOfTests, thing } from './action_house.ts';

const houses = housesOfTests();

async function opened(): Promise<ActionHouse> {
  const house = await ActionHouse.open();
  houses.push(house);
  await house.provider.rules({ op: 'create', nth: 1, goes: 'fail' });
  return house;
}

const resize = (component: string): Json => ({
  kind: 'attribute.set',
  component,
  path: '/domain/Size',
  value: 2,
});
const dependsOn = (component: string, on: string): Json => ({ kind: 'depends_on.add', component, on });

async function retry(a: ActionHouse, component: string): Promise<void> {
  const action = (await a.actions({ status: 'failed' })).find((x) => x.componentName === component);
  await a.house.call('action.retry', { action: action!.id });
  await a.quiet();
}

test('[EN437] what a change set adds waits for what another one has queued', async () => {
  const a = await opened();
  await a.apply('one', thing('first'));
  await a.apply('two', thing('second', follows('first')));
  await a.apply('three', thing('third'), dependsOn('third', 'second'));
  expect(await a.told()).toEqual(['create of first: failed', 'create of second: queued', 'create of third: queued']);
  await retry(a, 'first');
  expect(await a.effects()).toEqual(['create first', 'create second', 'create third']);
});

test('[EN437] what is planned anew still waits for what is queued and is not planned anew', async () => {
  const a = await opened();
  await a.apply('two', thing('first'), thing('second', follows('first')));
  await a.apply('larger', resize('second'));
  expect(await a.told()).toEqual(['create of first: failed', 'create of second: queued']);
  await retry(a, 'first');
  expect(await a.effects()).toEqual(['create first', 'create second']);
});

test('[EN437] what is queued and not planned anew waits for what a change set puts before it', async () => {
  const a = await opened();
  await a.apply('two', thing('first'), thing('second'), dependsOn('second', 'first'));
  await a.apply(
    'the other way round',
    { kind: 'depends_on.remove', component: 'second', on: 'first' },
    dependsOn('first', 'second'),
    resize('second'),
  );
  expect((await a.told()).slice(0, 2)).toEqual(['create of first: failed', 'create of second: succeeded']);
  await retry(a, 'first');
  expect(await a.effects()).toEqual(['create second', 'create first']);
});
