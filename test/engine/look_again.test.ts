// Looking something up again: the function with effects runs once more in the change set that asks for it, and what depends on
// the result runs only where that is another.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { MemoryStore } from '../../src/adapters/memory/store.ts';
import type { Json } from '../../src/base/json.ts';
import type { BlastRadius } from '../../src/engine/blast_radius.ts';
import type { LookAgainReply } from '../../src/engine/look_again.ts';
import type { Why } from '../../src/engine/why.ts';
import type { RunRecord } from '../../src/model/run.ts';
import { settled, withFunctions } from './function_house.ts';
import { House } from './house.ts';

/** What is outside: a text, and how often it was asked for. */
let outside = 'first';
let asked = 0;
let server: Server;
const houses: House[] = [];

beforeAll(async () => {
  server = createServer((_request, response) => {
    asked++;
    response.end(outside);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
afterEach(async () => {
  for (const house of houses.splice(0)) await house.close();
});

const text = { kind: 'string' } as const;

function mutations(): readonly Json[] {
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return [
    {
      kind: 'schema.create',
      name: 'Site',
      spec: {
        format: 1,
        domain: { kind: 'object', properties: { Given: text, Seen: text, Loud: text } },
        resourceValue: { kind: 'object', properties: {} },
        secrets: { kind: 'object', properties: {} },
        definitions: {},
      },
    },
    {
      kind: 'function.create',
      name: 'look',
      functionKind: 'attribute',
      text: `// @network ${host}
async function main({ given }) { return given + ' ' + await (await fetch('http://${host}/')).text(); }`,
    },
    {
      kind: 'function.create',
      name: 'shout',
      functionKind: 'attribute',
      text: 'function main({ seen }) { return seen.toUpperCase(); }',
    },
    {
      kind: 'binding.attach',
      function: 'look',
      schema: 'Site',
      arguments: [{ name: 'given', path: '/domain/Given' }],
      output: '/domain/Seen',
    },
    {
      kind: 'binding.attach',
      function: 'shout',
      schema: 'Site',
      arguments: [{ name: 'seen', path: '/domain/Seen' }],
      output: '/domain/Loud',
    },
    { kind: 'component.create', schema: 'Site', name: 'site', attributes: { '/domain/Given': 'a' } },
  ];
}

async function opened() {
  outside = 'first';
  const store = new MemoryStore();
  store.close = async () => {};
  const again = async (): Promise<House> => {
    const house = await new House(async () => store, withFunctions).start();
    houses.push(house);
    return house;
  };
  const house = await again();
  const first = await house.open('first');
  await house.submit(first, ...mutations());
  await settled(house, first, 'site');
  await house.call('change_set.apply', { changeSet: first });
  const values = async (changeSet: string) => {
    await settled(house, changeSet, 'site');
    const { Seen, Loud } = await house.value(changeSet, 'site');
    return [Seen, Loud];
  };
  expect(await values('HEAD')).toEqual(['a first', 'A FIRST']);
  const runs = async (): Promise<string[]> => {
    const workspace = await house.workspace();
    const all = await store.runs.listRuns(workspace.id, { limit: 100 } as never);
    return all.filter((run: RunRecord) => run.test === null).map((run: RunRecord) => run.functionName);
  };
  const since = async (before: readonly string[]) => (await runs()).slice(0, (await runs()).length - before.length);
  const refresh = (changeSet: string, more: { readonly [name: string]: Json } = {}) =>
    house.call<LookAgainReply>('lookup.refresh', { changeSet, component: 'site', ...more });
  return { house, again, values, runs, since, refresh };
}

test('[EN716] the function runs again in the change set, its result is recorded, and what depends on it follows', async () => {
  const { house, again, values, runs, since, refresh } = await opened();
  outside = 'second';
  const changeSet = await house.open('newer');
  const before = await runs();
  expect(await values(changeSet)).toEqual(['a first', 'A FIRST']);
  expect(await since(before)).toEqual([]);
  const reply = await refresh(changeSet);
  expect(reply).toMatchObject({ version: 1, paths: ['/domain/Seen'] });
  expect(reply.steps.map((s) => s.sentence)).toEqual([
    expect.stringMatching(/^look up \/domain\/Seen of "site" \(\S+\) again$/),
  ]);
  expect(await values(changeSet)).toEqual(['a second', 'A SECOND']);
  expect((await since(before)).toSorted()).toEqual(['look', 'shout']);
  const { reasons } = await house.call<Why>('why', { changeSet, component: 'site', path: '/domain/Seen' });
  expect(reasons).toMatchObject([
    { verdict: 'ran', because: 'look ran again on the same input: it was asked for anew', differs: [] },
  ]);
  const { functions } = await house.call<BlastRadius>('blast_radius', { changeSet });
  expect(functions.map((f) => [f.name, f.runs])).toEqual([
    ['look', 1],
    ['shout', 1],
  ]);
  // Head has what it had.
  expect(await values('HEAD')).toEqual(['a first', 'A FIRST']);
  outside = 'third';
  expect(await values(changeSet)).toEqual(['a second', 'A SECOND']);
  await house.sound();
  // As after a crash: what the first engine has in memory is not there for the second.
  const count = asked;
  const next = await again();
  await settled(next, changeSet, 'site');
  expect((await next.value(changeSet, 'site'))['Seen']).toBe('a second');
  expect(asked).toBe(count);
});

test('[EN716] nothing else runs where the result is equal', async () => {
  const { house, values, runs, since, refresh } = await opened();
  const changeSet = await house.open('same');
  const before = await runs();
  const count = asked;
  await refresh(changeSet, { path: '/domain/Seen' });
  expect(await values(changeSet)).toEqual(['a first', 'A FIRST']);
  expect(asked).toBe(count + 1);
  expect(await since(before)).toEqual(['look']);
});

test('[EN717] the wish is an edit: applied it holds on Head, undone the recorded result stands again', async () => {
  const { house, values, refresh } = await opened();
  outside = 'second';
  const changeSet = await house.open('newer');
  await refresh(changeSet);
  expect(await values(changeSet)).toEqual(['a second', 'A SECOND']);
  const count = asked;
  outside = 'between';
  await house.call('change_set.apply', { changeSet });
  expect(await values('HEAD')).toEqual(['a second', 'A SECOND']);
  expect(asked).toBe(count);
  const plan = await house.call<{ items: unknown[] }>('action.list', {});
  expect(plan.items).toEqual([]);
  const other = await house.open('undone');
  outside = 'third';
  await refresh(other);
  expect(await values(other)).toEqual(['a third', 'A THIRD']);
  await house.call('change_set.undo', { changeSet: other });
  outside = 'fourth';
  // The wish before it has been answered.
  expect(await values(other)).toEqual(['a second', 'A SECOND']);
  await house.sound();
});

test('[EN717] of two change sets that ask for the same value both are carried, and the later one looks', async () => {
  const { house, values, refresh } = await opened();
  const [one, two] = [await house.open('one'), await house.open('two')];
  outside = 'one';
  await refresh(one);
  expect((await values(one))[0]).toBe('a one');
  outside = 'two';
  await refresh(two);
  expect((await values(two))[0]).toBe('a two');
  await house.call('change_set.apply', { changeSet: one });
  await house.call('change_set.apply', { changeSet: two });
  expect((await values('HEAD'))[0]).toMatch(/^a (one|two)$/);
  await house.sound();
});

test('[EN718] what is not looked up is refused, and nobody sets a wish by hand', async () => {
  const { house, refresh } = await opened();
  const changeSet = await house.open('wrong');
  for (const path of ['/domain/Loud', '/domain/Given'])
    expect(await house.refused('lookup.refresh', { changeSet, component: 'site', path })).toMatchObject({
      code: 'not_a_lookup',
      path,
    });
  expect((await house.refused('lookup.refresh', { changeSet, component: 'site', path: '/domain/None' })).code).toBe(
    'path_not_found',
  );
  expect((await house.refused('lookup.refresh', { changeSet, component: 'nobody' })).code).toBe('component_not_found');
  expect((await house.refused('lookup.refresh', { changeSet: 'HEAD', component: 'site' })).code).toBe(
    'head_is_read_only',
  );
  await refresh(changeSet, { idempotencyKey: 'k' });
  const again = await refresh(changeSet, { idempotencyKey: 'k' });
  expect(again.version).toBe(1);
  for (const path of ['/si/lookups/~1domain~1Seen', '/si/lookups'])
    for (const mutation of [
      { kind: 'attribute.set', component: 'site', path, value: path.length > 12 ? '01ARZ3NDEKTSV4RRFFQ69G5FAV' : {} },
      { kind: 'attribute.unset', component: 'site', path },
    ])
      expect({ mutation, code: (await house.refused('submit', { changeSet, mutations: [mutation] })).code }).toEqual({
        mutation,
        code: 'read_only',
      });
  const { components } = await house.call<{ components: { attributes: object }[] }>('component.declared', {
    changeSet,
    components: ['site'],
  });
  expect(components[0]!.attributes).toEqual({ '/domain/Given': 'a' });
});
