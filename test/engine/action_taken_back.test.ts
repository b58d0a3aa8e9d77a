// What an apply takes back while an action for it is under way, or may have been done: what is there in the end is what Head
// says, nothing is made twice, and nothing that is wanted is taken away.

import { expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { ActionHouse, codeOf, follows, housesOfTests, pause, thing } from './action_house.ts';

const houses = housesOfTests();

async function opened(): Promise<ActionHouse> {
  const house = await ActionHouse.open();
  houses.push(house);
  return house;
}

const set = (path: string, value: Json): Json => ({ kind: 'attribute.set', component: 'it', path, value });
const erased = (component: string): Json => ({ kind: 'component.delete', component });
const restored = (component: string): Json => ({ kind: 'component.restore', component });

/** Puts code before what an action of `Thing` does. */
const before = (a: ActionHouse, action: 'create' | 'update' | 'destroy', code: string): Promise<void> => {
  const text = codeOf(a.provider.port)[action].replace('main(input) {', `main(input) {\n  ${code}`);
  return a.apply(`before ${action}`, { kind: 'function.edit_text', function: `thing-${action}`, text });
};

const slowly = 'await new Promise((r) => setTimeout(r, 2000));';

test('[EN785] an update that is taken back while it runs is followed by one with what is declared then', async () => {
  const a = await opened();
  await a.apply('made', thing('it', { '/domain/Size': 1 }));
  await before(a, 'update', slowly);
  await a.applyOnly('larger', set('/domain/Size', 2));
  await a.untilRunning('update');
  await a.applyOnly('back', set('/domain/Size', 1));
  await a.quiet();
  expect(await a.done()).toEqual(['create of it: succeeded', 'update of it: succeeded', 'update of it: succeeded']);
  expect((await a.provider.journal()).map((e) => (e.body as { Size?: number })?.Size)).toEqual([1, 2, 1]);
  expect((await a.seen('HEAD', 'it'))['resource_value']).toMatchObject({ Size: 1 });
});

test('[EN785] a replacement that is taken back while what was there goes is made as it was', async () => {
  const a = await opened();
  await a.apply('made', thing('it', { '/domain/Zone': 'a' }));
  await before(a, 'destroy', slowly);
  await a.applyOnly('moved', set('/domain/Zone', 'b'));
  await a.untilRunning('destroy');
  await a.applyOnly('back', set('/domain/Zone', 'a'));
  await a.quiet();
  expect(await a.done()).toEqual(['create of it: succeeded', 'destroy of it: succeeded', 'create of it: succeeded']);
  const effects = await a.provider.journal();
  expect(effects.map((e) => [e.op, (e.body as { Zone?: string } | undefined)?.Zone])).toEqual([
    ['create', 'a'],
    ['destroy', undefined],
    ['create', 'a'],
  ]);
});

test('[EN785] a component that is restored while its resource goes has one again', async () => {
  const a = await opened();
  await a.apply('made', thing('it'));
  await before(a, 'destroy', slowly);
  await a.applyOnly('gone', erased('it'));
  await a.untilRunning('destroy');
  await a.applyOnly('back', restored('it'));
  await a.quiet();
  expect(await a.done()).toEqual(['create of it: succeeded', 'destroy of it: succeeded', 'create of it: succeeded']);
  expect(await a.effects()).toEqual(['create it', 'destroy t1', 'create it']);
});

for (const alone of [true, false]) {
  const beside = alone ? 'alone' : 'behind that of what follows it';
  test(`[EN786] a component that is restored between two attempts of its destruction, ${beside}, stays`, async () => {
    const a = await opened();
    await before(
      a,
      'destroy',
      `if (input.properties.si.name === 'it' && input.attempt <= 5) throw new Error('read ECONNRESET');`,
    );
    await a.apply('made', thing('it'), ...(alone ? [] : [thing('user', follows('it'))]));
    await a.applyOnly('gone', ...(alone ? [] : [erased('user')]), erased('it'));
    const unsure = async () => (await a.actions({ component: 'it' })).some((x) => x.kind === 'destroy' && x.isUnsure);
    while (!(await unsure())) await pause(10);
    await a.applyOnly('back', restored('it'));
    await a.quiet();
    const [held] = await a.actions({ component: 'it', status: 'on-hold' });
    expect(held).toMatchObject({ kind: 'destroy', heldBecause: expect.stringContaining('not deleted any more') });
    expect((await a.effects()).filter((e) => e === 'destroy t1')).toEqual([]);
  });
}
