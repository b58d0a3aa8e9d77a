// Actions that somebody asks for, what was judged before one is queued, and what is kept of one whose provider cannot be asked
// for a while.

import { expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import type { ApplyReceipt } from '../../src/engine/apply_receipt.ts';
import { ActionHouse, addressOf, codeOf, housesOfTests, thing } from './action_house.ts';

const houses = housesOfTests();

async function opened(): Promise<ActionHouse> {
  const house = await ActionHouse.open();
  houses.push(house);
  return house;
}

test('[EN787] a destruction that is asked for is carried out, though the component stays', async () => {
  const a = await opened();
  await a.apply('made', thing('it'));
  await a.apply('destroyed', { kind: 'action.add', component: 'it', action: 'destroy' });
  expect(await a.effects()).toEqual(['create it', 'destroy t1']);
  expect(await a.done()).toEqual(['create of it: succeeded', 'destroy of it: succeeded']);
});

test('[EN788] a manual action that is wished for anew while it runs is done once more', async () => {
  const a = await opened();
  const { port } = a.provider;
  const text = `// @network 127.0.0.1:${port}
async function main(input) {
  const body = JSON.stringify({ name: 'restart', body: {} });
  await fetch('http://127.0.0.1:${port}/things', { method: 'POST', body });
  await new Promise((r) => setTimeout(r, 2000));
  return { status: 'ok' };
}`;
  await a.apply(
    'restart',
    { kind: 'function.create', name: 'restart', functionKind: 'action', text },
    { kind: 'binding.attach', function: 'restart', schema: 'Thing', action: 'manual' },
    thing('it'),
  );
  const asked = (kind: 'action.add' | 'action.remove'): Json => ({
    kind,
    component: 'it',
    action: 'manual',
    name: 'restart',
  });
  await a.applyOnly('once', asked('action.add'));
  await a.untilRunning('manual');
  // The same wish is not another one.
  await a.applyOnly('same', asked('action.add'));
  await a.applyOnly('anew', asked('action.remove'), asked('action.add'));
  await a.quiet();
  expect(await a.done()).toEqual(['create of it: succeeded', 'manual of it: succeeded', 'manual of it: succeeded']);
  expect(await a.effects()).toEqual(['create it', 'create restart', 'create restart']);
});

for (const then of ['deleted', 'edited'])
  test(`[EN789] a creation that was begun and whose provider cannot be asked for a while is not made anew when it is ${then}`, async () => {
    const a = await opened();
    const { port } = a.provider;
    const text = `// @network 127.0.0.1:${port}
async function main(input) {
  if (input.checkpoint === undefined) {
    const body = JSON.stringify({ key: input.idempotencyKey, name: 'it', body: {} });
    const made = await (await fetch('http://127.0.0.1:${port}/things', { method: 'POST', body })).json();
    return { status: 'pending', checkpoint: made.id, afterMs: 1 };
  }
  return { status: 'error', errorClass: 'transient', message: 'HTTP 503 while asking how far it is', retryAfterMs: 1 };
}`;
    await a.apply('polled', { kind: 'function.edit_text', function: 'thing-create', text });
    await a.apply('made', thing('it', { '/domain/Size': 1 }));
    const begun = async () => (await a.actions({ component: 'it' })).find((x) => x.kind === 'create');
    expect(await begun()).toMatchObject({ status: 'interrupted', checkpoint: { value: 't1' } });
    const edit: Json =
      then === 'deleted'
        ? { kind: 'component.delete', component: 'it' }
        : { kind: 'attribute.set', component: 'it', path: '/domain/Size', value: 2 };
    await a.apply(then, edit);
    expect(await begun()).toMatchObject({ status: 'interrupted', checkpoint: { value: 't1' } });
    expect(await a.effects()).toEqual(['create it']);
  });

test('[EN790] what is queued is what was judged: where reality moves between the two it is judged anew', async () => {
  const a = await opened();
  const look = codeOf(a.provider.port).refresh.replace(`'addr-' + made.id`, `'addr-' + (made.body.Where ?? made.id)`);
  await a.apply('look', { kind: 'function.edit_text', function: 'thing-refresh', text: look });
  await a.apply('made', thing('up'));
  await a.apply('more', thing('it', { '/domain/Size': 1, '/domain/Zone': addressOf('up') }));
  const changeSet = await a.house.open('larger');
  await a.house.submit(changeSet, { kind: 'attribute.set', component: 'it', path: '/domain/Size', value: 2 });
  const { readiness } = await a.house.workspace();
  const pending = readiness.pending.bind(readiness);
  let times = 0;
  // The resource that it follows is looked at while an apply gathers what it judges by: its zone is another one, for which it is replaced.
  readiness.pending = async (...of) => {
    const found = await pending(...of);
    if (times++ === 0) {
      await a.provider.put('t1', { Where: 'elsewhere' });
      await a.house.call('action.request', { component: 'up', kind: 'refresh' });
      await a.quiet();
    }
    return found;
  };
  const receipt = await a.house.call<ApplyReceipt>('change_set.apply', { changeSet });
  expect(times).toBeGreaterThan(1);
  expect(receipt.actions.map((x) => x.kind)).toEqual(['replace']);
  await a.quiet();
  const ran = (await a.actions({ component: receipt.actions[0]!.component })).filter((x) =>
    x.origins.includes(changeSet as never),
  );
  expect(
    ran
      .map((x) => x.kind)
      .filter((kind) => kind !== 'refresh')
      .sort(),
  ).toEqual(['create', 'destroy']);
});

test('[EN789] a look that was begun and cannot be brought to its end has failed, and keeps nothing else waiting', async () => {
  const a = await opened();
  const text = `async function main(input) {
  if (input.checkpoint === undefined) return { status: 'pending', checkpoint: 'x', afterMs: 1 };
  throw new Error('HTTP 403 forbidden');
}`;
  await a.apply('polled', { kind: 'function.edit_text', function: 'thing-refresh', text });
  await a.apply('made', thing('it', { '/domain/Size': 1 }));
  expect(await a.told()).toEqual(['create of it: succeeded', 'refresh of it: failed']);
  await a.apply('larger', { kind: 'attribute.set', component: 'it', path: '/domain/Size', value: 2 });
  expect(await a.done()).toEqual(['create of it: succeeded', 'update of it: succeeded']);
});

test('[EN790] a plan that is another one each time that it is judged is not applied, and that is said', async () => {
  const a = await opened();
  await a.apply('made', thing('it', { '/domain/Size': 1 }));
  const changeSet = await a.house.open('larger');
  await a.house.submit(changeSet, { kind: 'attribute.set', component: 'it', path: '/domain/Size', value: 2 });
  const { readiness } = await a.house.workspace();
  let times = 0;
  readiness.planned = () => {
    times++;
    return Promise.resolve([]);
  };
  const before = await a.house.everything();
  expect(await a.house.refused('change_set.apply', { changeSet })).toMatchObject({
    code: 'not_ready',
    got: 'another plan each time that it was judged, 20 times',
  });
  expect(times).toBe(20);
  expect(await a.house.everything()).toBe(before);
});
