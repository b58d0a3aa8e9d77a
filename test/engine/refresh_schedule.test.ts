// Resources that are looked at again by themselves, against a provider in a process of its own.

import { expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import type { DriftReply, DriftView } from '../../src/engine/drift.ts';
import { ActionHouse, codeOf, housesOfTests } from './action_house.ts';

const houses = housesOfTests();

const everyMs = 1_000;

/** Schema `Watched`, of which the resources are looked at every second where `refreshEveryMs` is given. */
function watchedMutations(port: number, spec: { refreshEveryMs?: number }): Json[] {
  return [
    {
      kind: 'schema.create',
      name: 'Watched',
      spec: {
        format: 1,
        domain: { kind: 'object', properties: { Size: { kind: 'integer' } } },
        resourceValue: { kind: 'object', properties: {} },
        secrets: { kind: 'object', properties: {} },
        definitions: {},
        ...spec,
      },
    },
    ...Object.entries(codeOf(port)).flatMap(([action, source]): Json[] => [
      { kind: 'function.create', name: `watched-${action}`, functionKind: 'action', text: source },
      { kind: 'binding.attach', function: `watched-${action}`, schema: 'Watched', action },
    ]),
  ];
}

const watched = (name: string) =>
  ({ kind: 'component.create', schema: 'Watched', name, attributes: { '/domain/Size': 1 } }) as never;

async function opened(spec: { refreshEveryMs?: number }): Promise<ActionHouse> {
  const a = await ActionHouse.open();
  houses.push(a);
  await a.apply('schema', ...watchedMutations(a.provider.port, spec));
  return a;
}

async function until(is: () => Promise<boolean>): Promise<void> {
  for (const endMs = Date.now() + 60_000; !(await is()); ) {
    if (Date.now() > endMs) throw new Error('it does not come');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const refreshes = async (a: ActionHouse, component: string) =>
  (await a.actions({ component })).filter((x) => x.kind === 'refresh');
const drifted = async (a: ActionHouse): Promise<number> =>
  (await a.house.call<DriftReply>('drift.list')).counts.components;

test('[EN207] what others did is found by itself, one look after the other, and looking ends with the engine', {
  timeout: 120_000,
}, async () => {
  const a = await opened({ refreshEveryMs: everyMs });
  await a.apply('two', watched('it'), watched('other'));
  await a.provider.put('t1', { Size: 7 });
  await until(async () => (await drifted(a)) === 1);
  await until(async () => (await refreshes(a, 'it')).length >= 3);
  const looks = (await refreshes(a, 'it')).filter((r) => r.endedAtMs !== null);
  for (const [i, look] of looks.entries()) {
    expect(look.status).toBe('succeeded');
    // The first one belongs to the creation.
    if (i > 1) expect(look.queuedAtMs - looks[i - 1]!.endedAtMs!).toBeGreaterThanOrEqual(everyMs - 50);
  }
  const { refresh } = await a.house.call<DriftView & { refresh: { everyMs: number } }>('drift.get', {
    component: 'it',
  });
  expect(refresh.everyMs).toBe(everyMs);
  // Gone, and there again.
  await a.provider.remove('t2');
  await until(async () => (await a.house.call<DriftReply>('drift.list')).counts.gone === 1);
  await a.house.close();
  await a.house.start();
  // What nobody has taken up again does nothing: opening and reading is no work on actions.
  const before = (await refreshes(a, 'it')).length;
  await new Promise((resolve) => setTimeout(resolve, 2 * everyMs));
  expect((await refreshes(a, 'it')).length).toBe(before);
  await a.house.call('action.run', { waitMs: 10_000 });
  await until(async () => (await refreshes(a, 'it')).length > before);
  await a.house.call('audit.verify');
});

test('[EN208] nothing is looked at of a schema of which nobody says how often, and a workspace may say otherwise', {
  timeout: 120_000,
}, async () => {
  const a = await opened({});
  await a.apply('one', watched('it'));
  const count = async (): Promise<number> => (await refreshes(a, 'it')).length;
  await new Promise((resolve) => setTimeout(resolve, 3 * everyMs));
  expect(await count()).toBe(1);
  await a.house.call('schema.set_refresh', { schema: 'Watched', everyMs });
  await until(async () => (await count()) >= 3);
  await a.house.call('schema.set_refresh', { schema: 'Watched', everyMs: 0 });
  await new Promise((resolve) => setTimeout(resolve, 2 * everyMs));
  const then = await count();
  await new Promise((resolve) => setTimeout(resolve, 2 * everyMs));
  expect(await count()).toBe(then);
  expect((await a.house.refused('schema.set_refresh', { schema: 'Watched', everyMs: 1 })).code).toBe(
    'request_malformed',
  );
  const reader = { id: 'rita', role: 'viewer' } as const;
  expect((await a.house.refused('schema.set_refresh', { schema: 'Watched', everyMs }, reader)).code).toBe(
    'access_denied',
  );
});

test('[EN207] one that fails is tried again after its time, and what is being changed is left alone', {
  timeout: 120_000,
}, async () => {
  const a = await opened({ refreshEveryMs: everyMs });
  await a.apply('one', watched('it'));
  await a.provider.rules({ op: 'read', nth: 1, goes: 'fail' });
  await until(async () => (await refreshes(a, 'it')).some((r) => r.status === 'failed'));
  await until(async () => (await refreshes(a, 'it')).at(-1)!.status === 'succeeded');
  // What a person has to decide about is not looked at meanwhile.
  await a.provider.rules({ op: 'update', nth: 1, goes: 'fail' });
  const changeSet = await a.house.open('larger');
  await a.house.submit(changeSet, { kind: 'attribute.set', component: 'it', path: '/domain/Size', value: 2 });
  await a.house.call('change_set.apply', { changeSet, waitMs: 20_000, leaveQueued: true });
  const [update] = await a.actions({ status: 'queued', component: 'it' });
  await a.house.call('action.hold', { action: update!.id });
  await until(async () => (await refreshes(a, 'it')).every((r) => r.endedAtMs !== null));
  const before = (await refreshes(a, 'it')).length;
  await new Promise((resolve) => setTimeout(resolve, 2 * everyMs));
  expect((await refreshes(a, 'it')).length).toBe(before);
});
