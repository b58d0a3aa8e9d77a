// A replacement whose new resource is made before the old one goes: it is the old one that is destroyed, whatever happens between
// the two and however often they are tried.

import { expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { ActionHouse, codeOf, housesOfTests, startProvider, thingMutations } from './action_house.ts';
import { withFunctions } from './function_house.ts';
import { sqliteHouse } from './house.ts';

const houses = housesOfTests();

/** `Thing`, whose replacement is made first, and one of it, `it`, which is `t1`. */
async function opened(change: (mutation: Json, port: number) => Json = (m) => m): Promise<ActionHouse> {
  const provider = await startProvider();
  const a = new ActionHouse(await sqliteHouse(withFunctions).start(), provider);
  houses.push(a);
  const first = thingMutations(provider.port).map((m) => {
    const { kind, spec } = m as { kind: string; spec?: Json };
    return kind === 'schema.create'
      ? ({ ...(m as object), spec: { ...(spec as object), replace: 'create-first' } } as Json)
      : m;
  });
  await a.apply('schemas', ...first.map((m) => change(m, provider.port)));
  await a.apply('made', {
    kind: 'component.create',
    schema: 'Thing',
    name: 'it',
    attributes: { '/domain/Zone': 'a', '/domain/Size': 1 },
  });
  return a;
}

const zone = (value: string): Json => ({ kind: 'attribute.set', component: 'it', path: '/domain/Zone', value });
const addressOf = async (a: ActionHouse): Promise<unknown> =>
  ((await a.seen('HEAD', 'it'))['resource_value'] as { Address?: string } | undefined)?.Address;
const destroyOf = async (a: ActionHouse) => (await a.actions()).find((x) => x.kind === 'destroy')!;

test('[EN434] the new one is made, the old one destroyed, and the component has the new one', async () => {
  const a = await opened();
  await a.apply('moved', zone('b'));
  expect(await a.effects()).toEqual(['create it', 'create it', 'destroy t1']);
  expect(await addressOf(a)).toBe('addr-t2');
  // Its function is told of the old one alone.
  const { run } = await destroyOf(a);
  const { input } = await a.house.call<{ input: { whole: string } }>('run.get', { run: run! });
  const { properties } = JSON.parse(input.whole) as { properties: Json };
  expect(properties).toMatchObject({
    si: { resourceId: 't1' },
    resource: { payload: { Zone: 'a', Address: 'addr-t1' } },
    resource_value: { Zone: 'a', Address: 'addr-t1' },
  });
  // Nothing is left to do, and the next one is that of the new one.
  await a.apply('larger', { kind: 'attribute.set', component: 'it', path: '/domain/Size', value: 2 });
  await a.apply('moved on', zone('c'));
  expect((await a.effects()).slice(3)).toEqual(['update t2', 'create it', 'destroy t2']);
  expect(await addressOf(a)).toBe('addr-t3');
  await a.house.sound();
});

test('[EN434] so it is when the engine ends between the two', async () => {
  const a = await opened();
  await a.provider.rules({ op: 'create', nth: 1, goes: 'fail' });
  await a.apply('moved', zone('b'));
  await a.house.call('action.hold', { action: (await destroyOf(a)).id });
  await a.house.call('action.retry', { action: (await a.actions({ status: 'failed' }))[0]!.id });
  await a.quiet();
  expect(await a.effects()).toEqual(['create it', 'create it']);
  await a.house.reopen();
  await a.house.call('action.release', { action: (await destroyOf(a)).id });
  await a.quiet();
  expect(await a.effects()).toEqual(['create it', 'create it', 'destroy t1']);
  expect(await addressOf(a)).toBe('addr-t2');
});

test('[EN434] and when the destruction fails and is tried again, or loses its answer', async () => {
  const a = await opened();
  await a.provider.rules({ op: 'destroy', nth: 1, goes: 'fail' }, { op: 'destroy', nth: 2, goes: 'drop' });
  await a.apply('moved', zone('b'));
  const failed = await destroyOf(a);
  expect(failed).toMatchObject({ status: 'failed' });
  await a.house.reopen();
  await a.house.call('action.retry', { action: failed.id });
  await a.quiet();
  expect(await destroyOf(a)).toMatchObject({ status: 'succeeded' });
  expect(await a.effects()).toEqual(['create it', 'create it', 'destroy t1']);
  expect(await addressOf(a)).toBe('addr-t2');
});

test('[EN434] one that was cut off is looked for under the id of the old one', async () => {
  const plain = (m: Json): Json => {
    const { name, text } = m as { name?: string; text?: string };
    return name === 'thing-destroy' ? ({ ...(m as object), text: text!.replace('// @idempotent\n', '') } as Json) : m;
  };
  for (const [goes, status] of [
    ['hang', 'succeeded'],
    ['stall', 'succeeded'],
  ] as const) {
    const a = await opened(plain);
    await a.provider.rules({ op: 'destroy', nth: 1, goes });
    const changeSet = await a.house.open('moved');
    await a.house.submit(changeSet, zone('b'));
    await a.house.call('change_set.apply', { changeSet, waitMs: 20_000 });
    while ((await destroyOf(a)).status !== 'running') await new Promise((r) => setTimeout(r, 20));
    await new Promise((r) => setTimeout(r, 500));
    const [run] = (await a.house.workspace()).calls.live.matching({ limit: 10 });
    await a.house.call('run.kill', { run: run!.id });
    await a.quiet();
    if (goes === 'stall') {
      expect(await destroyOf(a)).toMatchObject({ status: 'failed', failure: { code: 'killed' } });
      await a.house.call('action.retry', { action: (await destroyOf(a)).id });
      await a.quiet();
    }
    expect(await destroyOf(a)).toMatchObject({ status });
    expect(await a.effects()).toEqual(['create it', 'create it', 'destroy t1']);
    expect(await addressOf(a)).toBe('addr-t2');
  }
});

test('[EN434] the next replacement leaves a destruction that is still to be done as it is: both old ones go', async () => {
  const a = await opened();
  await a.provider.rules({ op: 'destroy', nth: 1, goes: 'fail' });
  await a.apply('moved', zone('b'));
  const failed = await destroyOf(a);
  await a.apply('moved on', zone('c'));
  expect(await a.effects()).toEqual(['create it', 'create it', 'create it', 'destroy t2']);
  await a.house.call('action.retry', { action: failed.id });
  await a.quiet();
  expect((await a.effects()).at(-1)).toBe('destroy t1');
  expect(await addressOf(a)).toBe('addr-t3');
  // Deleted, its own one goes.
  await a.apply('gone', { kind: 'component.delete', component: 'it' });
  expect((await a.effects()).at(-1)).toBe('destroy t3');
});

test('[EN434] where the old one was found gone meanwhile nothing is destroyed', async () => {
  const a = await opened();
  await a.provider.rules({ op: 'create', nth: 1, goes: 'fail' });
  await a.apply('moved', zone('b'));
  const [create] = await a.actions({ status: 'failed' });
  await a.provider.remove('t1');
  await a.house.call('action.request', { component: 'it' });
  await a.quiet();
  await a.house.call('action.retry', { action: create!.id });
  await a.quiet();
  expect(await destroyOf(a)).toMatchObject({ status: 'cancelled' });
  expect(await a.effects()).toEqual(['create it', 'destroy t1', 'create it']);
  expect(await addressOf(a)).toBe('addr-t2');
});

test('[EN434] where the new one has the id of the old one it is not destroyed before somebody says so', async () => {
  const texts: Record<string, string> = {
    'thing-create': codeOf(1).create.replace('resourceId: made.id', "resourceId: 'same'"),
    'thing-refresh': "function main() { return { status: 'ok', payload: {} }; }",
  };
  const same = (m: Json, port: number): Json => {
    const text = texts[(m as { name?: string }).name ?? '']?.replaceAll('127.0.0.1:1', `127.0.0.1:${port}`);
    return text === undefined ? m : ({ ...(m as object), text } as Json);
  };
  const a = await opened(same);
  await a.apply('moved', zone('b'));
  expect(await destroyOf(a)).toMatchObject({ status: 'on-hold', heldBecause: expect.stringContaining('"same"') });
  expect(await a.effects()).toEqual(['create it', 'create it']);
});

test('[EN434] a resource does not change hands while one that it replaced is still to go', async () => {
  const a = await opened();
  await a.provider.rules({ op: 'destroy', nth: 1, goes: 'fail' });
  await a.apply('replaced', zone('b'));
  const failed = await destroyOf(a);
  const changeSet = await a.house.open('renamed');
  const made = { kind: 'component.create', schema: 'Thing', name: 'new', attributes: { '/domain/Zone': 'b' } };
  await a.house.submit(changeSet, made, { kind: 'component.moved', from: 'it', to: 'new' });
  const refusal = await a.house.refused('change_set.apply', { changeSet, waitMs: 20_000 });
  expect(refusal).toMatchObject({ code: 'not_ready', got: 'the destroy of it, failed' });
  await a.house.call('action.retry', { action: failed.id });
  await a.quiet();
  await a.house.call('change_set.apply', { changeSet, waitMs: 20_000 });
  await a.quiet();
  expect((await a.effects()).slice(0, 3)).toEqual(['create it', 'create it', 'destroy t1']);
  expect(((await a.seen('HEAD', 'new'))['resource_value'] as { Address?: string }).Address).toBe('addr-t2');
});
