// Actions that take several calls of their function, that wait for somebody, and that are tried again by themselves: what is
// written down between two calls, and what the next engine goes on with.

import { expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { Fault } from '../../src/base/result.ts';
import { ActionHouse, housesOfTests, thing } from './action_house.ts';

const houses = housesOfTests();

/** A schema `Step` whose creation is the given text. */
async function withCreate(text: string, update?: string): Promise<ActionHouse> {
  const a = await ActionHouse.open();
  houses.push(a);
  const kinds: Json[] = [
    {
      kind: 'schema.create',
      name: 'Step',
      spec: {
        format: 1,
        domain: { kind: 'object', properties: { Size: { kind: 'integer' } } },
        resourceValue: { kind: 'object', properties: { Size: { kind: 'integer' }, Says: { kind: 'string' } } },
        secrets: { kind: 'object', properties: {} },
        definitions: {},
      },
    },
    { kind: 'function.create', name: 'step-create', functionKind: 'action', text },
    { kind: 'binding.attach', function: 'step-create', schema: 'Step', action: 'create' },
  ];
  if (update !== undefined)
    kinds.push(
      { kind: 'function.create', name: 'step-update', functionKind: 'action', text: update },
      { kind: 'binding.attach', function: 'step-update', schema: 'Step', action: 'update' },
    );
  await a.apply('step', ...kinds);
  return a;
}

const step = (size: number): Json => ({
  kind: 'component.create',
  schema: 'Step',
  name: 'it',
  attributes: { '/domain/Size': size },
});

const updates = `function main({ properties }) {
  return { status: 'ok', payload: { Size: properties.domain.Size, Says: 'updated' } };
}`;

/** From now on what comes of an action is not written before it is let. */
async function heldUp(a: ActionHouse): Promise<{ readonly isReported: Promise<void>; readonly written: () => void }> {
  const { store } = await a.house.workspace();
  const commit = store.commit.bind(store);
  let [reported, written] = [() => {}, () => {}];
  const isReported = new Promise<void>((resolve) => {
    reported = resolve;
  });
  const isWritten = new Promise<void>((resolve) => {
    written = resolve;
  });
  store.commit = async (workspace, what) => {
    if (what.reality !== undefined) {
      reported();
      await isWritten;
    }
    return commit(workspace, what);
  };
  return { isReported, written };
}

/** `it` was created at its provider, and that is not written before it is let. */
async function createdAndHeldUp(): Promise<{ readonly a: ActionHouse; readonly written: () => void }> {
  const a = await ActionHouse.open();
  houses.push(a);
  const { isReported, written } = await heldUp(a);
  const changeSet = await a.house.open('made');
  await a.house.submit(changeSet, thing('it', { '/domain/Size': 1 }));
  await a.house.call('change_set.apply', { changeSet, waitMs: 20_000 });
  await isReported;
  return { a, written };
}

const threeCalls = `async function main({ properties, checkpoint, attempt, schema }) {
  const calls = (checkpoint ?? { calls: 0 }).calls + 1;
  if (calls < 3) return { status: 'pending', checkpoint: { calls }, afterMs: 1, message: 'call ' + calls };
  const Says = schema + ' ' + attempt + ' ' + calls;
  return { status: 'ok', resourceId: 'r', payload: { Size: properties.domain.Size, Says } };
}`;

test('[EN190] one that is not finished is called again with its checkpoint, and is one attempt', async () => {
  const a = await withCreate(threeCalls);
  await a.apply('made', step(1));
  expect(await a.told({ component: 'it' })).toEqual(['create of it: succeeded']);
  expect((await a.seen('HEAD', 'it'))['resource_value']).toEqual({ Size: 1, Says: 'Step 1 3' });
  const [action] = await a.actions({ component: 'it' });
  expect(action).toMatchObject({ attempts: 1, fence: 3 });
  expect(action!.checkpoint).toBeUndefined();
});

const waits = `async function main({ properties, signal, checkpoint }) {
  if (signal === undefined)
    return { status: 'waiting', signal: 'approved', checkpoint: 'asked', message: 'somebody has to look' };
  const Says = checkpoint + ' ' + signal.payload.by;
  return { status: 'ok', resourceId: 'r', payload: { Size: properties.domain.Size, Says } };
}`;

test('[EN191] one that waits for a signal goes on when that has come, also in the next engine, with what it began with', async () => {
  const a = await withCreate(waits);
  await a.apply('made', step(1));
  const [action] = await a.actions({ component: 'it' });
  expect(action).toMatchObject({ status: 'dispatched', waitsFor: 'approved', heldBecause: 'somebody has to look' });
  expect((await a.house.refused('action.signal', { action: action!.id, name: 'other' })).code).toBe(
    'action_step_illegal',
  );
  expect((await a.house.refused('action.hold', { action: action!.id })).code).toBe('action_step_illegal');
  // What is applied meanwhile is for afterwards.
  await a.apply('larger', { kind: 'attribute.set', component: 'it', path: '/domain/Size', value: 2 });
  await a.house.reopen();
  expect(await a.told({ component: 'it' })).toEqual(['create of it: dispatched']);
  await a.house.call('action.signal', { action: action!.id, name: 'approved', payload: { by: 'ada' } });
  await a.quiet();
  expect(await a.told({ component: 'it' })).toEqual(['create of it: succeeded']);
  expect((await a.seen('HEAD', 'it'))['resource_value']).toEqual({ Size: 1, Says: 'asked ada' });
  expect((await a.house.refused('action.signal', { action: action!.id, name: 'approved' })).code).toBe(
    'action_step_illegal',
  );
});

test('[EN193] what is applied while it is created is sent afterwards, once', async () => {
  const a = await withCreate(waits, updates);
  await a.apply('made', step(1));
  await a.apply('larger', { kind: 'attribute.set', component: 'it', path: '/domain/Size', value: 2 });
  await a.apply('larger still', { kind: 'attribute.set', component: 'it', path: '/domain/Size', value: 3 });
  expect(await a.told({ component: 'it' })).toEqual(['create of it: dispatched', 'update of it: queued']);
  const [action] = await a.actions({ component: 'it' });
  await a.house.call('action.signal', { action: action!.id, name: 'approved', payload: { by: 'ada' } });
  await a.quiet();
  expect(await a.told({ component: 'it' })).toEqual(['create of it: succeeded', 'update of it: succeeded']);
  expect((await a.seen('HEAD', 'it'))['resource_value']).toEqual({ Size: 3, Says: 'updated' });
});

test('[EN193] what is applied while what came of its creation is being written is sent as an update, not created again', async () => {
  const a = await withCreate(waits, updates);
  await a.apply('made', step(1));
  const { isReported, written } = await heldUp(a);
  const [action] = await a.actions({ component: 'it' });
  await a.house.call('action.signal', { action: action!.id, name: 'approved', payload: { by: 'ada' } });
  await isReported;
  const applied = a.apply('larger', { kind: 'attribute.set', component: 'it', path: '/domain/Size', value: 2 });
  await new Promise((resolve) => setTimeout(resolve, 200));
  written();
  await applied;
  expect(await a.told({ component: 'it' })).toEqual(['create of it: succeeded', 'update of it: succeeded']);
  expect((await a.seen('HEAD', 'it'))['resource_value']).toEqual({ Size: 2, Says: 'updated' });
});

test('[EN193] what is deleted while what came of its creation is being written is taken away', async () => {
  const { a, written } = await createdAndHeldUp();
  const gone = a.apply('gone', { kind: 'component.delete', component: 'it' });
  await new Promise((resolve) => setTimeout(resolve, 200));
  written();
  await gone;
  expect(await a.effects()).toEqual(['create it', 'destroy t1']);
});

test('[EN193] what was deleted before its creation had come to anything, and is applied afterwards, is taken away', async () => {
  const { a, written } = await createdAndHeldUp();
  const gone = await a.house.open('gone');
  await a.house.submit(gone, { kind: 'component.delete', component: 'it' });
  written();
  await a.quiet();
  await a.house.call('change_set.apply', { changeSet: gone, waitMs: 20_000 });
  await a.quiet();
  expect(await a.effects()).toEqual(['create it', 'destroy t1']);
});

test('[EN194] what came of an action and was written although the store answered that it failed is known, also after a restart', async () => {
  const a = await ActionHouse.open();
  houses.push(a);
  const w = await a.house.workspace();
  const commit = w.store.commit.bind(w.store);
  let hasFailed = false;
  w.store.commit = async (workspace, what) => {
    const outcome = await commit(workspace, what);
    if (what.reality === undefined || hasFailed) return outcome;
    hasFailed = true;
    throw new Fault('store_failed', 'the answer was lost');
  };
  const changeSet = await a.house.open('made');
  await a.house.submit(changeSet, thing('it', { '/domain/Size': 1 }));
  await a.house.call('change_set.apply', { changeSet, waitMs: 20_000 });
  while (!hasFailed) await new Promise((resolve) => setTimeout(resolve, 5));
  await a.house.engine.tend();
  await a.quiet();
  expect(await a.effects()).toEqual(['create it']);
  expect((await a.seen('HEAD', 'it'))['resource_value']).toMatchObject({ Size: 1, Address: 'addr-t1' });
  await w.checkpoint();
  await a.house.reopen();
  expect((await a.seen('HEAD', 'it'))['resource_value']).toMatchObject({ Size: 1, Address: 'addr-t1' });
  await a.apply('gone', { kind: 'component.delete', component: 'it' });
  expect(await a.effects()).toEqual(['create it', 'destroy t1']);
});

test('[EN193] what comes to the values that it is created with is not sent again', async () => {
  const a = await withCreate(waits, "function main() { return { status: 'error', message: 'needless' }; }");
  await a.apply('made', step(1));
  await a.apply('renamed', { kind: 'component.rename', component: 'it', name: 'that' });
  expect(await a.told({ component: 'that' })).toEqual(['create of it: dispatched']);
});

test('[EN191] one that waits for a signal can be cancelled', async () => {
  const a = await withCreate(waits);
  await a.apply('made', step(1));
  const [action] = await a.actions({ component: 'it' });
  await a.house.call('action.cancel', { action: action!.id });
  expect(await a.told({ component: 'it' })).toEqual(['create of it: cancelled']);
  expect((await a.house.refused('action.signal', { action: action!.id, name: 'approved' })).code).toBe(
    'action_step_illegal',
  );
});

const refusedTwice = `async function main({ properties, attempt, failures, idempotencyKey }) {
  if (attempt <= 2) return { status: 'error', errorClass: 'transient', message: 'not now', retryAfterMs: 1 };
  const Says = attempt + ' ' + failures + ' ' + idempotencyKey.length;
  return { status: 'ok', resourceId: 'r', payload: { Size: properties.domain.Size, Says } };
}`;

test('[EN192] what failed for a while is tried again by itself, and knows how often it has failed', async () => {
  const a = await withCreate(refusedTwice);
  await a.apply('made', step(1));
  expect(await a.told({ component: 'it' })).toEqual(['create of it: succeeded']);
  expect((await a.seen('HEAD', 'it'))['resource_value']).toEqual({ Size: 1, Says: '3 2 64' });
});

test('[EN192] what is refused for good is not', async () => {
  const a = await withCreate(refusedTwice.replace('transient', 'permanent'));
  await a.apply('made', step(1));
  const [action] = await a.actions({ component: 'it' });
  expect(action).toMatchObject({ status: 'failed', attempts: 1, failure: { message: 'not now' } });
});

test('[EN192] between two attempts it is queued with the reason, and can be held or tried at once', async () => {
  const a = await withCreate(refusedTwice.replace('retryAfterMs: 1 ', 'retryAfterMs: 3_000_000 '));
  const changeSet = await a.house.open('made');
  await a.house.submit(changeSet, step(1));
  await a.house.call('change_set.apply', { changeSet, waitMs: 20_000 });
  const now = async () => (await a.actions({ component: 'it' }))[0]!;
  while ((await now()).failure === null) await new Promise((r) => setTimeout(r, 10));
  expect(await now()).toMatchObject({ status: 'queued', failure: { message: 'not now' }, retries: 1 });
  const { id } = await now();
  await a.house.call('action.hold', { action: id });
  expect((await now()).status).toBe('on-hold');
  await a.house.call('action.release', { action: id });
  while ((await now()).retries !== 2) await new Promise((r) => setTimeout(r, 10));
  expect((await now()).attempts).toBe(2);
});

test('[EN197] of what has the same key no more is under way than it says', async () => {
  const slow = `// @key step/{/domain/Size} at-once=1
async function main() {
  await new Promise((r) => setTimeout(r, 30));
  return { status: 'ok', resourceId: 'r', payload: {} };
}`;
  const a = await withCreate(slow);
  const names = ['a', 'b', 'c', 'd'];
  await a.apply('four', ...names.map((name) => ({ ...(step(1) as object), name }) as Json));
  const done = (await a.actions({ status: 'succeeded' })).filter((x) => names.includes(x.componentName));
  expect(done).toHaveLength(4);
  const inOrder = done.toSorted((x, y) => x.startedAtMs! - y.startedAtMs!);
  for (const [i, x] of inOrder.slice(1).entries())
    expect(x.startedAtMs!).toBeGreaterThanOrEqual(inOrder[i]!.endedAtMs!);
});
