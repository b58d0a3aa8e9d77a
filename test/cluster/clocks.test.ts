// Engines whose machines have different ideas of what time it is: who takes over what another had under way, and when, goes by the
// clock of the database.

import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openPostgresStore } from '../../src/adapters/postgres/store.ts';
import { systemWorld } from '../../src/adapters/system/world.ts';
import { limits } from '../../src/base/limits.ts';
import type { ActionRecord } from '../../src/model/action.ts';
import { ActionHouse, startProvider } from '../engine/action_house.ts';
import { withFunctions } from '../engine/function_house.ts';
import { House } from '../engine/house.ts';
import { PostgresServer } from '../support/postgres_server.ts';

const hourMs = 3_600_000;
/** Of workspaces. */
const leaseMs = 800;

let server: PostgresServer;
beforeAll(async () => {
  server = await PostgresServer.open();
}, 120_000);
afterAll(() => server?.close());

const ended: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).toReversed()) await end();
});

let schemas = 0;

/** An engine drives the workspace and has an action under way; another one is about to have it. `aheadMs`: each one's clock. */
async function twoEngines(...aheadMs: readonly [number, number]) {
  const schema = `clocks_${++schemas}`;
  const provider = await startProvider();
  ended.push(() => provider.close());
  const open = async (n: 0 | 1): Promise<ActionHouse> => {
    const node = { id: `${schema}-${n}`, address: null };
    const world = { ...systemWorld(), clock: { nowMs: () => Date.now() + aheadMs[n] } };
    const store = () => openPostgresStore({ url: server.urlOf('postgres'), schema, node, leaseMs });
    const house = await new House(store, { ...withFunctions, world }).start();
    ended.push(() => house.close().catch(() => {}));
    return new ActionHouse(house, provider);
  };
  const first = await open(0);
  await first.hanging();
  return { first, second: await open(1) };
}

/** Nothing is renewed any more, as of an engine that is paused; answers the action as it stands then. */
async function leave({ house }: ActionHouse): Promise<ActionRecord> {
  await house.engine.driving!.end();
  const { store } = house.engine;
  const [w] = await store.listWorkspaces();
  // What it writes of its call lands until another has the workspace.
  await sleep(leaseMs + 100);
  return (await store.listActions(w!.id, { limit: 1 }))[0]!;
}

/** Resolves when the second engine has it under way. */
async function takenOver({ house }: ActionHouse): Promise<void> {
  for (;;) {
    const told = await house.attempt<{ items: ActionRecord[] }>('action.list').catch(() => undefined);
    if (told?.ok) await house.call('action.run', { waitMs: 1 });
    if (told?.ok && told.value.items.some(({ fence }) => fence > 1)) return;
    await sleep(20);
  }
}

test.each([
  ['ahead', hourMs],
  ['behind', -hourMs],
])(
  '[EN198] what an engine had under way whose clock is an hour %s is taken over when its lease has ended, and not before',
  async (_, aheadMs) => {
    const { first, second } = await twoEngines(aheadMs, 0);
    const left = await leave(first);
    const nowMs = first.house.engine.store.leases!.nowMs();
    expect(Math.abs(left.lease!.untilMs - nowMs)).toBeLessThan(2 * limits.sharedActionLeaseMs);
    await takenOver(second);
    expect(second.house.engine.store.leases!.nowMs()).toBeGreaterThanOrEqual(left.lease!.untilMs);
    await second.quiet();
    expect(await second.told()).toEqual(['create of it: succeeded', 'refresh of it: succeeded']);
    expect((await second.actions())[0]).toMatchObject({ attempts: 2 });
    expect(await second.effects()).toEqual(['create it']);
  },
);

test('[EN198] an engine whose clock is an hour ahead takes nothing over before its time', async () => {
  const { first, second } = await twoEngines(0, hourMs);
  const left = await leave(first);
  await takenOver(second);
  expect(second.house.engine.store.leases!.nowMs()).toBeGreaterThanOrEqual(left.lease!.untilMs);
  await second.quiet();
  expect(await second.effects()).toEqual(['create it']);
});

test('[EN198] engines have the time from the database; a question that took long does not count against one that did not', async () => {
  const schema = 'asked';
  const stores = await Promise.all(
    ['one', 'two'].map((id) =>
      openPostgresStore({ url: server.urlOf('postgres'), schema, node: { id, address: null } }),
    ),
  );
  const client = new pg.Client(server.urlOf('postgres'));
  await client.connect();
  ended.push(async () => {
    await client.end();
    for (const store of stores) await store.close();
  });
  const [one, two] = stores.map((store) => store.leases!);
  expect(() => one!.nowMs()).toThrow('was not asked for yet');
  for (let n = 0; n < 10; n++) await Promise.all([one!.renew(), two!.renew()]);
  expect(Math.abs(one!.nowMs() - two!.nowMs())).toBeLessThan(1_000);
  // The database looks at its clock when it may go on: at the end of this, and not in the middle.
  await client.query('begin');
  await client.query(`select 1 from ${schema}.engine_node where id = 'one' for update`);
  const renewing = one!.renew();
  await sleep(5_000);
  await client.query('commit');
  await renewing;
  expect(Math.abs(one!.nowMs() - two!.nowMs())).toBeLessThan(1_000);
});
