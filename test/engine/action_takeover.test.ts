// An engine that goes away in the middle of an action, and the next one, which finds that it may have been done: it is done
// again only where that is safe, and whoever comes back later records nothing any more.

import { afterEach, expect, test } from 'vitest';
import { MemoryStore } from '../../src/adapters/memory/store.ts';
import type { Json } from '../../src/base/json.ts';
import { Fault, must } from '../../src/base/result.ts';
import { lostPolicy, retryPolicies } from '../../src/dispatch/retry.ts';
import { resolveInterrupted } from '../../src/engine/action_probe.ts';
import type { ActionRecord } from '../../src/model/action.ts';
import { ActionHouse, codeOf, type Provider, startProvider, thingMutations } from './action_house.ts';
import { withFunctions } from './function_house.ts';
import { House } from './house.ts';

const ended: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).toReversed()) await end();
});

/** Opens engines on one store, of which none has to have ended. */
async function onOneStore() {
  const provider = await startProvider();
  ended.push(() => provider.close());
  const store = new MemoryStore();
  store.close = async () => {};
  const open = async (): Promise<ActionHouse> => {
    const house = await new House(async () => store, withFunctions).start();
    ended.push(() => house.close().catch(() => {}));
    return new ActionHouse(house, provider);
  };
  return { provider, open };
}

/** Two engines on one store, one after the other, the first of which was never ended. */
async function opened(change: (mutations: Json[], provider: Provider) => Json[] = (m) => m) {
  const { provider, open } = await onOneStore();
  const first = await open();
  await first.hanging(change(thingMutations(provider.port), provider));
  return { first, open, provider };
}

/** Ends what an engine has under way, as its own end would. */
async function ending({ house }: ActionHouse): Promise<void> {
  const workspace = await house.workspace();
  for (const run of workspace.calls.live.matching({ limit: 10 })) workspace.calls.kill(run.id);
  await workspace.acting.quiet(10_000);
}

test('[EN185] what says that it may be done again with the same key is, and its effect is one', async () => {
  const { first, open } = await opened();
  expect(await first.told()).toEqual(['create of it: running']);
  const second = await open();
  await second.quiet();
  expect(await second.told()).toEqual(['create of it: succeeded', 'refresh of it: succeeded']);
  expect(await second.effects()).toEqual(['create it']);
  expect((await second.actions())[0]).toMatchObject({ attempts: 2, fence: 2 });
  // The first one comes to an end of its own and has nothing to say any more.
  const [action] = await second.actions();
  await ending(first);
  expect((await second.actions())[0]).toEqual(action);
});

test('[EN193] what was applied while a creation was under way is sent after it, also when that is cut off and done again', async () => {
  const { first, open } = await opened();
  const changeSet = await first.house.open('an edit');
  await first.house.submit(changeSet, { kind: 'attribute.set', component: 'it', path: '/domain/Size', value: 2 });
  await first.house.call('change_set.apply', { changeSet, waitMs: 20_000 });
  const second = await open();
  await second.quiet();
  expect(await second.told()).toEqual([
    'create of it: succeeded',
    'update of it: succeeded',
    'refresh of it: succeeded',
  ]);
  expect(await second.effects()).toEqual(['create it', 'update t1']);
  await ending(first);
});

test('[EN185] one that was found interrupted by an engine that went before it did anything about it is taken up by the next', async () => {
  const { first, open } = await opened();
  const second = await open();
  const workspace = await second.house.workspace();
  await workspace.actions.ready();
  const [{ id }] = workspace.actions.all() as [ActionRecord];
  const failure = { code: 'interrupted', message: 'whoever ran it went away' } as const;
  const step = must(workspace.actions.step(id, ['interrupt'], { failure }));
  expect(await workspace.record({ changes: [], actions: [step] })).toBe(true);
  const third = await open();
  await third.quiet();
  expect(await third.told()).toEqual(['create of it: succeeded', 'refresh of it: succeeded']);
  expect(await third.effects()).toEqual(['create it']);
  await ending(first);
});

test.each([
  ['more often than a call may fail is done again', retryPolicies['unknown-outcome'].attemptsMax, 'queued'],
  ['again and again is left to a person in the end', lostPolicy.attemptsMax - 1, 'interrupted'],
])('[EN192] one that was cut off %s', async (_what, retries, status) => {
  const { first, open } = await opened();
  const had = await first.house.workspace();
  const [{ id }] = had.actions.all() as [ActionRecord];
  expect(await had.record({ changes: [], actions: [had.actions.amend(id, { retries })] })).toBe(true);
  const second = await open();
  const taker = await second.house.workspace();
  await taker.acting.wake();
  await taker.recorded([id]);
  expect(taker.actions.find(id)!.status).toBe(status);
  await ending(first);
});

test.each([
  ['what failed by itself', false, 'interrupted'],
  ['what was lost', true, 'queued'],
])('[EN192] how often is bounded by why it was cut off: %s', async (_what, isLost, status) => {
  const { first, open } = await opened();
  const second = await open();
  const workspace = await second.house.workspace();
  await workspace.actions.ready();
  const [{ id }] = workspace.actions.all() as [ActionRecord];
  const failure = { code: 'interrupted', message: 'it took too long' } as const;
  const retries = retryPolicies['unknown-outcome'].attemptsMax - 1;
  const step = must(workspace.actions.step(id, ['interrupt'], { failure, retries }));
  expect(await workspace.record({ changes: [], actions: [step] })).toBe(true);
  await resolveInterrupted(workspace, step.record, { isLost });
  expect(workspace.actions.find(id)!.status).toBe(status);
  await ending(first);
});

test('[EN193] what was deleted while its creation was under way is taken away after it, also when that was cut off', async () => {
  const { first, open } = await opened();
  const changeSet = await first.house.open('a deletion');
  await first.house.submit(changeSet, { kind: 'component.delete', component: 'it' });
  await first.house.call('change_set.apply', { changeSet, waitMs: 20_000 });
  const second = await open();
  await second.quiet();
  expect([await second.effects(), await second.told()]).toEqual([
    ['create it', 'destroy t1'],
    ['create of it: succeeded', 'destroy of it: succeeded'],
  ]);
  await ending(first);
});

test('[EN193] what was deleted and brought back while its creation was under way stays', async () => {
  const { first, open } = await opened();
  for (const kind of ['component.delete', 'component.restore']) {
    const changeSet = await first.house.open(kind);
    await first.house.submit(changeSet, { kind, component: 'it' });
    await first.house.call('change_set.apply', { changeSet, waitMs: 20_000 });
  }
  const second = await open();
  await second.quiet();
  expect([await second.effects(), await second.told()]).toEqual([
    ['create it'],
    ['create of it: succeeded', 'destroy of it: cancelled', 'refresh of it: succeeded'],
  ]);
  await ending(first);
});

test('[EN185] of what does not say so a person has to say what became of it', async () => {
  const plain = (mutations: Json[], provider: Provider): Json[] => {
    const create = codeOf(provider.port).create.replace('// @idempotent\n', '');
    return mutations.map((m) => {
      const mutation = m as { name?: string };
      return mutation.name === 'thing-create' ? ({ ...mutation, text: create } as Json) : m;
    });
  };
  const { first, open } = await opened(plain);
  const second = await open();
  await second.quiet();
  expect(await second.told()).toEqual(['create of it: interrupted']);
  expect(await second.effects()).toEqual(['create it']);
  const [action] = await second.actions();
  expect(action!.failure).toMatchObject({ code: 'interrupted' });
  // Nothing else is done to it before that, whatever is applied.
  await second.apply('an edit', { kind: 'attribute.set', component: 'it', path: '/domain/Size', value: 2 });
  expect(await second.told()).toEqual(['create of it: interrupted']);
  expect(await second.effects()).toEqual(['create it']);
  await ending(first);
  await second.house.call('action.retry', { action: action!.id });
  await second.quiet();
  expect(await second.told()).toContain('create of it: succeeded');
});

/** A store whose commits can be kept from landing, as those of a process that is paused. */
function pausable(store: MemoryStore) {
  let paused: Promise<void> = Promise.resolve();
  let resume = (): void => {};
  const commit: MemoryStore['commit'] = async (...args) => {
    await paused;
    return store.commit(...args);
  };
  const view = new Proxy(store, {
    get(target, name) {
      if (name === 'commit') return commit;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const pause = (): void => {
    paused = new Promise((r) => {
      resume = r;
    });
  };
  return { view, pause, resume: () => resume() };
}

test('[EN198] of a store that several use, what gives signs of life is left alone; what gives none is taken over', async () => {
  const provider = await startProvider();
  ended.push(() => provider.close());
  const store = new MemoryStore();
  store.close = async () => {};
  const { view, pause, resume } = pausable(store);
  const actions = { isShared: true, leaseMs: 3_000 };
  const open = async (of: MemoryStore): Promise<ActionHouse> => {
    const house = await new House(async () => of, { ...withFunctions, actions }).start();
    ended.push(() => house.close().catch(() => {}));
    return new ActionHouse(house, provider);
  };
  const first = await open(view);
  await first.hanging();

  const second = await open(store);
  const kept = async () => (await second.actions())[0]!;
  await second.house.call('action.run', { waitMs: 1 });
  const before = await kept();
  // It outlives its first lease by far, because it is prolonged.
  while ((await kept()).lease!.untilMs < before.lease!.untilMs + 4_000) await new Promise((r) => setTimeout(r, 50));
  expect(await kept()).toMatchObject({ status: 'running', fence: 1 });

  pause();
  while ((await kept()).status !== 'succeeded') await new Promise((r) => setTimeout(r, 50));
  expect(await kept()).toMatchObject({ fence: 2, attempts: 2 });
  expect(await second.effects()).toEqual(['create it']);
  await second.quiet();
  const done = await second.actions();
  // The first one wakes and has nothing to say any more.
  resume();
  await ending(first);
  expect(await second.actions()).toEqual(done);
});

test('[EN198] one that does not reach its store ends its call before anybody else may take it over, and goes on with it when it does', async () => {
  const provider = await startProvider();
  ended.push(() => provider.close());
  const store = new MemoryStore();
  store.close = async () => {};
  const { view, pause, resume } = pausable(store);
  const house = await new House(async () => view, {
    ...withFunctions,
    actions: { isShared: true, leaseMs: 9_000 },
  }).start();
  ended.push(() => house.close().catch(() => {}));
  const a = new ActionHouse(house, provider);
  await a.hanging();
  const { live } = (await house.workspace()).calls;
  expect(live.underWay).toBe(1);
  pause();
  while (live.underWay > 0) await new Promise((r) => setTimeout(r, 20));
  const nowMs = Date.now();
  const [row] = await store.listActions((await house.workspace()).id, { limit: 1 });
  expect(nowMs).toBeLessThan(row!.lease!.untilMs);
  resume();
  await a.quiet();
  expect(await a.told()).toEqual(['create of it: succeeded', 'refresh of it: succeeded']);
  expect((await a.actions())[0]).toMatchObject({ attempts: 2 });
  expect(await a.effects()).toEqual(['create it']);
});

test('[EN185] what an engine could not take over, because the store failed, it takes over when it is asked again', async () => {
  const provider = await startProvider();
  ended.push(() => provider.close());
  const store = new MemoryStore();
  store.close = async () => {};
  let isAway = false;
  const view = new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (name === 'commit' && isAway) return Promise.reject(new Fault('store_failed', 'away'));
        return value.apply(target, args) as unknown;
      };
    },
  });
  const open = async (of: MemoryStore): Promise<ActionHouse> => {
    const house = await new House(async () => of, withFunctions).start();
    ended.push(() => house.close().catch(() => {}));
    return new ActionHouse(house, provider);
  };
  const first = await open(store);
  await first.hanging();
  const second = await open(view);
  isAway = true;
  await expect(second.house.call('action.run', { waitMs: 1 })).rejects.toMatchObject({ code: 'store_failed' });
  isAway = false;
  await second.quiet();
  expect(await second.told()).toEqual(['create of it: succeeded', 'refresh of it: succeeded']);
  expect(await second.effects()).toEqual(['create it']);
});

test('[EN183] a collection right after a crash keeps what was sent, which no checkpoint has yet', async () => {
  const { provider, open } = await onOneStore();
  const first = await open();
  await first.apply('schemas', ...thingMutations(provider.port));
  const attributes = { '/domain/Size': 1 };
  await first.apply('made', { kind: 'component.create', schema: 'Thing', name: 'it', attributes });
  const second = await open();
  await second.house.call('gc');
  const third = await open();
  await third.apply('larger', { kind: 'attribute.set', component: 'it', path: '/domain/Size', value: 2 });
  expect(await third.effects()).toEqual(['create it', 'update t1']);
  expect((await third.actions()).at(-1)!.paths).toEqual(['/domain/Size']);
  await third.house.sound();
});
