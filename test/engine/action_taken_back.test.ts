// What an apply takes back while an action for it is under way, or may have been done: what is there in the end is what Head
// says, nothing is made twice, and nothing that is wanted is taken away.

import { expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { ActionHouse, codeOf, follows, housesOfTests, pause, thing, thingMutations } from './action_house.ts';

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

/** `it` is made and deleted, and its resource is on its way out. */
async function goingAway(a: ActionHouse): Promise<void> {
  await a.apply('made', thing('it'));
  await before(a, 'destroy', slowly);
  await a.applyOnly('gone', erased('it'));
  await a.untilRunning('destroy');
}

const slowly = 'await new Promise((r) => setTimeout(r, 1200));';

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
  expect(await a.done()).toEqual([
    'create of it: succeeded',
    'destroy of it: succeeded',
    'create of it: cancelled',
    'create of it: succeeded',
  ]);
  const effects = await a.provider.journal();
  expect(effects.map((e) => [e.op, (e.body as { Zone?: string } | undefined)?.Zone])).toEqual([
    ['create', 'a'],
    ['destroy', undefined],
    ['create', 'a'],
  ]);
});

test('[EN785] a component that is restored while its resource goes has one again', async () => {
  const a = await opened();
  await goingAway(a);
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

test('[EN785] a component that is deleted again while its resource goes has none, and nothing is made for it', async () => {
  const a = await opened();
  await goingAway(a);
  await a.applyOnly('back', restored('it'));
  await a.applyOnly('gone again', erased('it'));
  await a.quiet();
  expect(await a.done()).toEqual(['create of it: succeeded', 'destroy of it: succeeded']);
  expect(await a.effects()).toEqual(['create it', 'destroy t1']);
});

test('[EN786] a component that is restored while its destruction runs keeps its resource when that comes to nothing', async () => {
  for (const said of [`errorClass: 'throttled', retryAfterMs: 1, message: 'slow down'`, `message: 'not allowed'`]) {
    const a = await opened();
    const once = `if (input.properties.si.name === 'it' && !globalThis.tried) { ${slowly} return { status: 'error', ${said} }; }`;
    await before(a, 'destroy', once);
    await a.apply('made', thing('it'));
    await a.applyOnly('gone', erased('it'));
    await a.untilRunning('destroy');
    await a.applyOnly('back', restored('it'));
    await a.quiet();
    const [destroy] = (await a.actions()).filter((x) => x.kind === 'destroy');
    const isAgain = said.includes('throttled');
    expect([destroy!.status, destroy!.heldBecause]).toEqual(
      isAgain ? ['on-hold', 'the component is not deleted any more'] : ['failed', ''],
    );
    // Tried again by hand it is no other.
    if (!isAgain) {
      await a.house.call('action.retry', { action: destroy!.id });
      await a.quiet();
    }
    expect(await a.done()).toEqual(['create of it: succeeded', 'destroy of it: on-hold']);
    expect(await a.effects()).toEqual(['create it']);
    // Deleted again it goes on by itself.
    await a.apply('before destroy as it was', {
      kind: 'function.edit_text',
      function: 'thing-destroy',
      text: codeOf(a.provider.port).destroy,
    });
    await a.apply('gone again', erased('it'));
    expect(await a.effects()).toEqual(['create it', 'destroy t1']);
  }
});

for (const [how, edits, kinds] of [
  ['somebody has it skipped', [{ kind: 'action.skip', component: 'it', action: 'update' }, set('/domain/Size', 3)], []],
  ['the component is deleted', [erased('it')], ['destroy']],
  ['the component is replaced', [set('/domain/Zone', 'b')], ['destroy', 'create']],
] as const)
  test(`[EN785] where ${how} while an update runs, nothing is sent after it that nobody asked for`, async () => {
    const a = await opened();
    await a.apply('made', thing('it', { '/domain/Zone': 'a', '/domain/Size': 1 }));
    await before(a, 'update', slowly);
    await a.applyOnly('larger', set('/domain/Size', 2));
    await a.untilRunning('update');
    await a.applyOnly('then', ...(edits as unknown as Json[]));
    await a.quiet();
    const done = (await a.done()).slice(2);
    expect(done).toEqual(kinds.map((kind) => `${kind} of it: succeeded`));
    expect((await a.effects()).filter((e) => e.startsWith('update'))).toHaveLength(1);
  });

test('[EN785] of a replacement that is made first, and taken back meanwhile, the old resource goes all the same', async () => {
  const a = await opened();
  const first = thingMutations(a.provider.port).flatMap((m): Json[] => {
    const of = m as { kind: string; spec?: object };
    if (of.kind === 'schema.create')
      return [{ ...of, name: 'First', spec: { ...of.spec, replace: 'create-first' } } as Json];
    return of.kind === 'binding.attach' ? [{ ...of, schema: 'First' } as Json] : [];
  });
  await a.apply('first', ...first);
  await a.apply('made', thing('it', { '/domain/Zone': 'a' }, 'First'));
  await before(a, 'create', slowly);
  await a.applyOnly('moved', set('/domain/Zone', 'b'));
  await a.untilRunning('create');
  await a.applyOnly('back', set('/domain/Zone', 'a'));
  await a.quiet();
  expect(await a.effects()).toEqual(['create it', 'create it', 'destroy t1']);
  // What Head asks for now nobody has reviewed.
  const pending = await a.house.call<{ actions: { kind: string }[] }>('action.pending', {});
  expect(pending.actions.map((x) => x.kind)).toEqual(['create', 'destroy']);
});
