// What is there at a provider, and taking it over: lists, components with the attributes and the reality of resources, and what
// of them follows what.

import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ComponentView } from '../../src/engine/component.ts';
import { callOperation } from '../../src/engine/operations.ts';
import type { RunRecord } from '../../src/model/run.ts';
import { DiscoverHouse, token } from './discover_house.ts';
import { functionHouse } from './function_house.ts';
import { owner } from './house.ts';

// Types of definitions are checked by a compiler that starts with every house.
vi.setConfig({ testTimeout: 120_000 });
beforeAll(async () => {
  await (await DiscoverHouse.opened()).close();
}, 120_000);

const houses: DiscoverHouse[] = [];
afterEach(async () => {
  for (const house of houses.splice(0)) await house.close();
});
async function opened(options?: Parameters<typeof DiscoverHouse.opened>[0]): Promise<DiscoverHouse> {
  const house = await DiscoverHouse.opened(options);
  houses.push(house);
  return house;
}

const host = (body: Record<string, unknown> = {}) => ({ kind: 'host', ...body }) as never;
const network = (body: Record<string, unknown> = {}) => ({ kind: 'network', ...body }) as never;

describe('[EN220] a list', () => {
  test('comes in pages, with the secrets that are named, and says which component has which resource', async () => {
    const d = await opened();
    for (const Size of [1, 2, 3]) await d.provider.make(host({ Size }));
    await d.provider.make(network());
    const first = await d.list('Net::Host');
    expect(first.resources.map((r) => [r.resourceId, r.component])).toEqual([
      ['t1-host', null],
      ['t2-host', null],
    ]);
    const second = await d.list('Net::Host', { cursor: first.cursor! });
    expect(second).toMatchObject({
      schema: 'Net::Host',
      cursor: null,
      resources: [{ resourceId: 't3-host', payload: { Size: 3, HostId: 't3-host' } }],
    });
    const filtered = await d.list('Net::Host', { domain: { Size: 3 }, cursor: first.cursor! });
    expect(filtered.resources).toHaveLength(1);
    const changeSet = await d.house.open('take');
    await d.take(changeSet, 'Net::Host', { resourceIds: ['t2-host'] });
    const marked = await d.list('Net::Host', { changeSet });
    expect(marked.resources.map((r) => r.component?.name ?? null)).toEqual([null, 't2-host']);
    expect(marked.resources[1]!.component!.onHead).toBe(false);
    // Head knows nothing of it.
    expect((await d.list('Net::Host')).resources.map((r) => r.component)).toEqual([null, null]);
  });

  test('is a run with its log and nothing of a secret, and changes nothing', async () => {
    const d = await opened();
    await d.provider.make(host());
    const before = await d.house.everything();
    await d.list('Net::Host');
    expect(await d.house.everything()).toBe(before);
    const w = await d.house.workspace();
    await w.calls.flushed();
    const [run] = await w.store.runs.listRuns(w.id, { limit: 1 });
    expect(run).toMatchObject({ status: 'succeeded', functionName: 'all', kind: 'action', tier: 'process' });
    expect((run as RunRecord).credentials).toHaveLength(1);
    expect(JSON.stringify(run)).not.toContain(token);
  });

  test('is refused without what it needs', async () => {
    const d = await opened({ list: false });
    expect((await d.house.refused('resource.list', { schema: 'Net::Host' })).code).toBe('function_not_found');
    const slot = await d.house.refused('resource.list', { schema: 'Net::Host', secrets: { other: 'main login' } });
    expect(slot).toMatchObject({ code: 'request_malformed', path: 'secrets/other', expected: 'one of credential' });
    const secret = await d.house.refused('resource.list', { schema: 'Net::Host', secrets: { credential: 'none' } });
    expect(secret.code).toBe('secret_not_found');
    expect((await d.house.refused('resource.list', { schema: 'Net::Nothing' })).code).toBe('schema_not_found');
    const reader = { id: 'eve', role: 'viewer' } as never;
    const denied = await d.house.refused('resource.list', { schema: 'Net::Host' }, reader);
    expect(denied.code).toBe('access_denied');
  });

  test('that fails says why, and its run', async () => {
    const d = await opened();
    await d.provider.make(host());
    await d.provider.rules({ op: 'list', nth: 1, goes: 'fail' });
    const refused = await d.house.refused('resource.list', {
      schema: 'Net::Host',
      secrets: { credential: 'main login' },
    });
    expect(refused.code).toBe('function_failed');
    expect(refused.got).toContain('the list fails');
    expect(refused.hint).toMatch(/run log [0-9A-Z]{26}/);
    const without = await d.house.refused('resource.list', { schema: 'Net::Host' });
    expect(without.got).toContain('who?');
  });
});

describe('[EN221] an import', () => {
  test('makes components with the attributes of their resources, and nothing has to be done for them', async () => {
    const d = await opened();
    await d.provider.make(network({ Cidr: '10.0.0.0/16', Owner: 'nobody', Password: 'hunter2', title: 'main' }));
    await d.provider.make(network({ Cidr: '10.1.0.0/16', Owner: 'ada', Mode: 'Open', Extra: 1, Uptime: 7 }));
    const changeSet = await d.house.open('take');
    const reply = await d.take(changeSet, 'Net::Network', { names: { 't2-network': 'second' } });
    expect(reply.imported.map((i) => [i.resourceId, i.name])).toEqual([
      ['t1-network', 'main'],
      ['t2-network', 'second'],
    ]);
    expect(reply.untaken).toEqual([
      { resourceId: 't1-network', path: '/Password', reason: expect.stringContaining('never read back') },
      { resourceId: 't1-network', path: '/title', reason: 'the schema has no such property' },
      { resourceId: 't2-network', path: '/Extra', reason: 'the schema has no such property' },
    ]);
    expect(JSON.stringify(reply)).not.toContain('hunter2');
    const first = await d.house.call<ComponentView>('component.get', { changeSet, component: 'main' });
    expect(first.resourceId).toBe('t1-network');
    expect(first.sources.filter((s) => s.path.startsWith('/domain')).map((s) => [s.path, s.value])).toEqual([
      ['/domain/Cidr', '10.0.0.0/16'],
    ]);
    expect(first.sources.filter((s) => s.kind === 'secret').map((s) => s.path)).toEqual(['/secrets/credential']);
    expect(first.value).toMatchObject({ resource_value: { NetworkId: 't1-network' }, domain: { Owner: 'nobody' } });
    const second = await d.house.call<ComponentView>('component.get', { changeSet, component: 'second' });
    expect(second.value).toMatchObject({
      domain: { Cidr: '10.1.0.0/16', Owner: 'ada', Mode: 'OPEN' },
      resource_value: { Uptime: 7, Extra: 1, Mode: 'Open' },
    });
    const review = await d.review(changeSet);
    expect([review.actions, review.notPlanned]).toEqual([[], []]);
    const before = await d.effects();
    await d.house.call('change_set.apply', { changeSet, waitMs: 20_000 });
    expect(await d.quiet()).toEqual([]);
    expect(await d.effects()).toEqual(before);
    // What is looked at then is what is known already.
    await d.house.call('action.request', { component: 'main' });
    await d.quiet();
    const later = await d.house.open('later');
    expect((await d.review(later)).actions).toEqual([]);
    await d.house.reopen();
    await d.house.sound();
  });

  test('is edited and updated as what was made here', async () => {
    const d = await opened();
    await d.provider.make(host({ Size: 4 }));
    const changeSet = await d.house.open('take');
    await d.take(changeSet, 'Net::Host');
    await d.house.set(changeSet, 't1-host', '/domain/Size', 5);
    expect((await d.review(changeSet)).actions).toMatchObject([{ kind: 'update', because: ['/domain/Size'] }]);
    await d.house.set(changeSet, 't1-host', '/domain/Size', 4);
    expect((await d.review(changeSet)).actions).toEqual([]);
    await d.house.call('change_set.apply', { changeSet, waitMs: 20_000 });
    await d.apply('larger', { kind: 'attribute.set', component: 't1-host', path: '/domain/Size', value: 6 } as never);
    expect((await d.effects()).at(-1)).toBe('update t1');
  });

  test('takes what fits, and tells what does not with its path', async () => {
    const d = await opened();
    const peers = ['a', 7];
    const Options = { Fast: false, Near: 'here', Far: true };
    await d.provider.make(host({ Size: '4', Peers: peers, Options }));
    await d.provider.make(host({ Size: 0, Options: { Fast: false } }));
    const changeSet = await d.house.open('take');
    const { untaken } = await d.take(changeSet, 'Net::Host');
    expect(untaken.map((u) => [u.resourceId, u.path])).toEqual([
      ['t1-host', '/Size'],
      ['t1-host', '/Peers/1'],
      ['t1-host', '/Peers'],
      ['t1-host', '/Options/Far'],
      ['t2-host', '/Size'],
    ]);
    const view = await d.house.call<ComponentView>('component.get', { changeSet, component: 't1-host' });
    const declared = view.sources.filter((s) => s.path.startsWith('/domain')).map((s) => [s.path, s.value]);
    expect(declared).toEqual([['/domain/Options/Near', 'here']]);
    // What was not taken is no reason to do anything.
    expect((await d.review(changeSet)).actions).toEqual([]);
  });

  test('of ids looks at each of them, and of one that is not there nothing is imported', async () => {
    const d = await opened({ list: false });
    await d.provider.make(host({ Size: 2 }));
    const changeSet = await d.house.open('take');
    const refused = await d.house.refused('resource.import', {
      changeSet,
      schema: 'Net::Host',
      secrets: { credential: 'main login' },
      resourceIds: ['t1-host', 't9-host'],
    });
    expect(refused).toMatchObject({ code: 'resource_not_found', got: '"t9-host"' });
    expect((await d.review(changeSet)).summary.added).toBe(0);
    const reply = await d.take(changeSet, 'Net::Host', { resourceIds: ['t1-host'] });
    expect(reply.imported).toHaveLength(1);
    expect(await d.house.value(changeSet, 't1-host')).toMatchObject({ Size: 2 });
  });

  test('looks at what the list tells nothing of', async () => {
    const told = await opened({ payloads: false });
    for (const Size of [2, 3, 4]) await told.provider.make(host({ Size }));
    const changeSet = await told.house.open('take');
    expect((await told.take(changeSet, 'Net::Host')).imported).toHaveLength(3);
    expect(await told.house.value(changeSet, 't3-host')).toMatchObject({ Size: 4 });
  });

  test('finds ids in the list where it cannot look', async () => {
    const listed = await opened({ refresh: false });
    for (const Size of [2, 3, 4]) await listed.provider.make(host({ Size }));
    const other = await listed.house.open('take');
    const reply = await listed.take(other, 'Net::Host', { resourceIds: ['t3-host'] });
    expect(reply.imported.map((i) => i.resourceId)).toEqual(['t3-host']);
    expect(await listed.house.value(other, 't3-host')).toMatchObject({ Size: 4 });
  });
});

test('[EN436] an import that is abandoned, collected and reopened is as it was, and nothing has to be done for it', async () => {
  const d = await opened();
  await d.provider.make(host({ Size: 2 }));
  const changeSet = await d.house.open('take');
  await d.take(changeSet, 'Net::Host');
  const before = await d.seen(changeSet, 't1-host');
  expect(before).toMatchObject({ resource_value: { Size: 2, HostId: 't1-host' } });
  await d.house.call('change_set.abandon', { changeSet });
  await d.house.call('gc');
  await d.house.reopen();
  await d.house.call('change_set.reopen', { changeSet });
  expect(await d.seen(changeSet, 't1-host')).toEqual(before);
  const review = await d.review(changeSet);
  expect([review.actions, review.notPlanned]).toEqual([[], []]);
  await d.house.call('change_set.apply', { changeSet, waitMs: 20_000 });
  expect(await d.quiet()).toEqual([]);
  expect(await d.seen('HEAD', 't1-host')).toMatchObject({ resource_value: { Size: 2 } });
  await d.house.sound();
});

describe('[EN222] D17 what a component has already', () => {
  test('is not imported again: in the change set it is looked at, on Head it is refreshed', async () => {
    const d = await opened();
    await d.provider.make(host({ Size: 2 }));
    const changeSet = await d.house.open('take');
    await d.take(changeSet, 'Net::Host');
    const version = (await d.house.row(changeSet)).version;
    expect((await d.take(changeSet, 'Net::Host')).imported).toEqual([]);
    await d.provider.put('t1', host({ Size: 9 }));
    const here = await d.take(changeSet, 'Net::Host', { resourceIds: ['t1-host'] });
    expect(here).toMatchObject({ imported: [], version, known: [{ name: 't1-host', refresh: 'here' }] });
    const seen = (await d.seen(changeSet, 't1-host')) as { domain: unknown; resource_value: unknown };
    expect(seen).toMatchObject({ domain: { Size: 2 }, resource_value: { Size: 9 } });
    // It is to be what was imported first.
    expect((await d.review(changeSet)).actions).toMatchObject([{ kind: 'update', because: ['/domain/Size'] }]);
    await d.provider.put('t1', host({ Size: 2 }));
    await d.take(changeSet, 'Net::Host', { resourceIds: ['t1-host'] });
    await d.house.call('change_set.apply', { changeSet, waitMs: 20_000 });
    await d.provider.put('t1', host({ Size: 3 }));
    const next = await d.house.open('again');
    const queued = await d.take(next, 'Net::Host', { resourceIds: ['t1-host'] });
    expect(queued).toMatchObject({ imported: [], known: [{ refresh: 'queued' }] });
    await d.quiet();
    expect(await d.told()).toEqual(['refresh of t1-host: succeeded']);
    expect(await d.seen('HEAD', 't1-host')).toMatchObject({ resource_value: { Size: 3 } });
  });

  test('two imports at once are one; on Head nothing is imported', async () => {
    const d = await opened();
    for (const Size of [2, 3]) await d.provider.make(host({ Size }));
    const changeSet = await d.house.open('take');
    const both = await Promise.all([d.take(changeSet, 'Net::Host'), d.take(changeSet, 'Net::Host')]);
    expect(both.map((r) => r.imported.length).sort()).toEqual([0, 2]);
    const onHead = { changeSet: 'HEAD', schema: 'Net::Host', all: true };
    expect((await d.house.refused('resource.import', onHead)).code).toBe('head_is_read_only');
  });

  test('in two change sets is two components, neither of which is destroyed by itself', async () => {
    const d = await opened();
    await d.provider.make(host({ Size: 2 }));
    const [a, b] = [await d.house.open('a'), await d.house.open('b')];
    await d.take(a, 'Net::Host', { names: { 't1-host': 'one' } });
    await d.take(b, 'Net::Host', { names: { 't1-host': 'two' } });
    await d.house.call('change_set.apply', { changeSet: a, waitMs: 20_000 });
    await d.house.call('change_set.apply', { changeSet: b, waitMs: 20_000 });
    const gone = await d.house.open('gone');
    const mutations = [{ kind: 'component.delete', component: 'one' }];
    expect((await d.house.refused('submit', { changeSet: gone, mutations })).code).toBe('resource_shared');
  });
});

describe('[EN226] the id that was declared with an import', () => {
  test('is that of the resource until another is reported, or that there is none any more', async () => {
    const d = await opened();
    await d.provider.make(network({ Cidr: '10.0.0.0/16' }));
    await d.provider.make(host({ Network: 't1-network' }));
    const changeSet = await d.house.open('take');
    await d.take(changeSet, 'Net::Network');
    await d.take(changeSet, 'Net::Host');
    await d.house.call('change_set.apply', { changeSet, waitMs: 20_000 });
    const cidr = {
      kind: 'attribute.set',
      component: 't1-network',
      path: '/domain/Cidr',
      value: '10.9.0.0/16',
    } as never;
    await d.apply('replace', cidr);
    expect(await d.effects()).toEqual(['create t1', 'create t2', 'destroy t1', 'create t3', 'update t2']);
    const now = await d.house.call<ComponentView>('component.get', { component: 't1-network' });
    expect(now.resourceId).toBe('t3-network');
    expect(now.value).toMatchObject({ si: { resourceId: 't3-network' }, domain: { Cidr: '10.9.0.0/16' } });
    expect(await d.seen('HEAD', 't2-host')).toMatchObject({ domain: { Network: 't3-network' } });
    await d.house.reopen();
    await d.apply('free', {
      kind: 'attribute.set',
      component: 't2-host',
      path: '/domain/Network',
      value: 'none',
    } as never);
    await d.apply('gone', { kind: 'component.delete', component: 't1-network' } as never);
    expect((await d.effects()).slice(-2)).toEqual(['update t2', 'destroy t3']);
    // Absent, so that nothing is planned for it ever again.
    const later = await d.house.open('later');
    await d.house.submit(later, { kind: 'action.add', component: 't2-host', action: 'refresh' } as never);
    expect((await d.review(later)).actions.map((a) => a.kind)).toEqual(['refresh']);
    expect((await d.list('Net::Network')).resources).toEqual([]);
    await d.house.sound();
  });
});

describe('[EN223] what follows what', () => {
  test('is inferred where the schema says whose output a property takes, and where an id or ARN is of one component', async () => {
    const d = await opened();
    await d.provider.make(network({ Cidr: '10.0.0.0/16' }));
    await d.provider.make(host({ Network: 't1-network', Name: 'arn:test:network/t1', Guard: 'no such thing 1' }));
    await d.provider.make(
      host({ Network: 't9-network', Guard: 't2-host', Peers: ['t2-host', 'else', 'arn:test:host/t2'] }),
    );
    await d.provider.make(host({ Name: 't2-host', Guard: 't4-host', kind: 'host' }));
    const changeSet = await d.house.open('take');
    await d.take(changeSet, 'Net::Network');
    const reply = await d.take(changeSet, 'Net::Host');
    expect(reply).toMatchObject({ subscriptions: 5, ambiguous: [] });
    expect(await d.follows(changeSet, 't2-host')).toEqual({
      '/domain/Network': 't1-network /resource_value/NetworkId',
      // A label, but an ARN is nobody's by chance.
      '/domain/Name': 't1-network /resource_value/Arn',
    });
    expect(await d.follows(changeSet, 't3-host')).toEqual({
      '/domain/Guard': 't2-host /resource_value/HostId',
      '/domain/Peers/0': 't2-host /resource_value/HostId',
      '/domain/Peers/2': 't2-host /resource_value/Arn',
    });
    // A label is equal by chance, and nothing follows itself.
    expect(await d.follows(changeSet, 't4-host')).toEqual({});
    expect(await d.house.value(changeSet, 't3-host')).toMatchObject({
      Network: 't9-network',
      Peers: ['t2-host', 'else', 'arn:test:host/t2'],
    });
    const review = await d.review(changeSet);
    expect([review.actions, review.notPlanned]).toEqual([[], []]);
    await d.house.call('change_set.apply', { changeSet, waitMs: 20_000 });
    expect(await d.quiet()).toEqual([]);
    expect((await d.effects()).every((e) => e.startsWith('create'))).toBe(true);
  });

  test('is not guessed where several could be meant, and closes no circle', async () => {
    const d = await opened();
    await d.provider.make(host({ Guard: 't2-host' }));
    await d.provider.make(host({ Guard: 't1-host' }));
    const changeSet = await d.house.open('circle');
    const reply = await d.take(changeSet, 'Net::Host');
    expect(reply.subscriptions).toBe(1);
    expect(reply.untaken).toEqual([
      { resourceId: 't2-host', path: '/domain/Guard', reason: expect.stringContaining('circle') },
    ]);
    expect(await d.house.value(changeSet, 't2-host')).toMatchObject({ Guard: 't1-host' });
    await d.house.call('change_set.apply', { changeSet, waitMs: 20_000 });
    await d.provider.make(host({ Guard: 't1-host', title: 'third' }));
    const twice = await d.house.open('twice');
    await d.house.submit(
      twice,
      { kind: 'component.create', schema: 'Net::Network', name: 'claims it, too' },
      { kind: 'component.set_resource_id', component: 'claims it, too', resourceId: 't1-host' },
    );
    const doubtful = await d.take(twice, 'Net::Host');
    expect(doubtful.subscriptions).toBe(0);
    expect(doubtful.ambiguous).toEqual([
      { resourceId: 't3-host', path: '/domain/Guard', value: 't1-host', candidates: ['claims it, too', 't1-host'] },
    ]);
  });

  test('is the same whenever it is asked', async () => {
    const d = await opened();
    await d.provider.make(network());
    for (const Network of ['t1-network', 't1-network', 't9-network']) await d.provider.make(host({ Network }));
    const told: unknown[] = [];
    for (const name of ['a', 'b']) {
      const changeSet = await d.house.open(name);
      await d.take(changeSet, 'Net::Network');
      const { subscriptions, imported } = await d.take(changeSet, 'Net::Host');
      const follows = await Promise.all(imported.map((i) => d.follows(changeSet, i.component)));
      told.push({ subscriptions, follows, ids: imported.map((i) => i.resourceId) });
    }
    expect(told[1]).toEqual(told[0]);
    expect(told[0]).toMatchObject({ subscriptions: 2 });
  });
});

/** Each beside the next one, of which the list tells when it is asked further. */
const chain = `export default defineSchema({
  domain: {
    Size: { kind: 'integer' },
    Next: { kind: 'string', suggests: [{ schema: 'Chain', path: '/resource_value/LinkId' }] },
  },
  resource: { LinkId: { kind: 'string' } },
  actions: {
    all: {
      kind: 'list',
      main: ({ properties, cursor }) => {
        const from = Number(cursor ?? 0);
        const upTo = Math.min(from + 900, properties.domain.Size ?? 2500);
        const resources = Array.from({ length: upTo - from }, (_, i) => {
          const LinkId = 'link-' + (from + i);
          return { resourceId: LinkId, payload: { LinkId, Size: i, Next: 'link-' + (from + i + 1) } };
        });
        return { status: 'ok', resources, ...(upTo < (properties.domain.Size ?? 2500) ? { cursor: String(upTo) } : {}) };
      },
    },
  },
});`;

test('[EN227] many are imported in batches, with links to later ones', async () => {
  const house = await functionHouse();
  try {
    const changeSet = await house.open();
    await house.call('schema.author', { changeSet, text: chain, name: 'Chain' });
    const told: string[] = [];
    const call = { engine: house.engine, principal: owner, progress: (line: string) => told.push(line) };
    const params = { changeSet, schema: 'Chain', all: true };
    const before = (await house.row(changeSet)).version;
    const done = await callOperation(call, 'resource.import', params);
    expect(done).toMatchObject({ ok: true, value: { subscriptions: 2499, ambiguous: [], untaken: [] } });
    // Three of components and one of the links from the last of a batch to the first of the next.
    expect((await house.row(changeSet)).version).toBe(before + 4);
    expect(told.filter((line) => line.includes('imported'))).toHaveLength(3);
    const link = (at: number) => house.call<ComponentView>('component.get', { changeSet, component: `link-${at}` });
    const followed = await Promise.all([0, 999, 1000, 2498, 2499].map(async (at) => (await link(at)).sources));
    const next = followed.map((s) => s.find((line) => line.path === '/domain/Next')!.kind);
    expect(next).toEqual(['subscription', 'subscription', 'subscription', 'subscription', 'value']);
    expect(await callOperation(call, 'resource.import', params)).toMatchObject({ value: { imported: [] } });
    await house.sound();
  } finally {
    await house.close();
  }
});
