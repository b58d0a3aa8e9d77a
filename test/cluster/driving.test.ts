// Who drives which of many workspaces, with leases that are shorter than it takes to have all of them taken up.

import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPostgresStore } from '../../src/adapters/postgres/store.ts';
import type { WorkspaceId } from '../../src/base/ids.ts';
import { openChangeSet } from '../../src/engine/change_set.ts';
import { Driving, type DrivingHost } from '../../src/engine/driving.ts';
import type { Leases } from '../../src/ports/leases.ts';
import { House, owner } from '../engine/house.ts';
import { PostgresServer } from '../support/postgres_server.ts';

const count = 24;
const leaseMs = 800;
const everyMs = 100;
/** For one workspace; of `count` several at a time it is some leases. */
const takingMs = 500;

let server: PostgresServer;
let ids: readonly WorkspaceId[];
beforeAll(async () => {
  server = await PostgresServer.open();
  const node = { id: 'setting-up', address: null };
  const house = await new House(() => openPostgresStore({ url: server.urlOf('postgres'), node }), {}).start();
  const made: WorkspaceId[] = [];
  for (let n = 0; n < count; n++)
    made.push((await house.call<{ id: WorkspaceId }>('workspace.create', { name: `w${n}` })).id);
  ids = made;
  await house.close();
}, 120_000);
afterAll(() => server?.close());

interface Driver {
  readonly driving: Driving;
  readonly leases: Leases;
  readonly taken: WorkspaceId[];
  readonly lost: WorkspaceId[];
  readonly failed: unknown[];
  close(): Promise<void>;
}

async function driver(id: string, more: Partial<DrivingHost> = {}): Promise<Driver> {
  const store = await openPostgresStore({ url: server.urlOf('postgres'), node: { id, address: null }, leaseMs });
  const leases = store.leases!;
  const [taken, lost, failed]: [WorkspaceId[], WorkspaceId[], unknown[]] = [[], [], []];
  const open = new Set<WorkspaceId>();
  const driving = new Driving(
    leases,
    {
      workspaces: async () => ids,
      take: async (workspace) => {
        if (open.has(workspace)) return;
        open.add(workspace);
        await sleep(takingMs);
        taken.push(workspace);
      },
      lost: (workspace) => {
        if (open.delete(workspace)) lost.push(workspace);
      },
      give: async (workspace) => {
        open.delete(workspace);
        return true;
      },
      ended: async () => {},
      failed: (e) => void failed.push(e),
      ...more,
    },
    everyMs,
  );
  const close = async (): Promise<void> => {
    await driving.stop();
    await driving.end();
    await leases.leave();
    await store.close();
  };
  return { driving, leases, taken, lost, failed, close };
}

const held = ({ leases }: Driver): number => ids.filter((id) => leases.isCertain(id)).length;

test('[EN759] what is held stays held while the rest is being taken up, and another engine takes nothing of it', {
  timeout: 60_000,
}, async () => {
  const one = await driver('one');
  await one.driving.adopt('http://one');
  while (one.taken.length < count) await sleep(20);
  expect([held(one), one.lost, one.failed]).toEqual([count, [], []]);
  await one.close();
});

test('[EN751] a second engine comes to have its half, several in a round, and what was given up is not taken back', {
  timeout: 60_000,
}, async () => {
  const one = await driver('one', { take: async () => {} });
  await one.driving.adopt('http://one');
  while (held(one) < count) await sleep(20);
  const taken: WorkspaceId[] = [];
  const two = await driver('two', { take: async (workspace) => void taken.push(workspace) });
  await two.driving.adopt('http://two');
  while (held(two) < count / 2) await sleep(20);
  await sleep(everyMs * 5);
  expect([held(one), held(two)]).toEqual([count / 2, count / 2]);
  expect([one.failed, two.failed]).toEqual([[], []]);
  await one.close();
  await two.close();
});

test('[EN751] who asks for one that is being given up waits for that, and finds it as nobody had it or another has it', {
  timeout: 60_000,
}, async () => {
  let [begun, end] = [(_: WorkspaceId) => {}, () => {}];
  const isBegun = new Promise<WorkspaceId>((resolve) => {
    begun = resolve;
  });
  const isOver = new Promise<void>((resolve) => {
    end = resolve;
  });
  const one = await driver('one', {
    take: async () => {},
    give: async (workspace) => {
      begun(workspace);
      await isOver;
      return true;
    },
  });
  await one.driving.adopt('http://one');
  while (held(one) < count) await sleep(20);
  const two = await driver('two', { take: async () => {} });
  await two.driving.adopt('http://two');
  const given = await isBegun;
  expect([one.driving.isCertain(given), one.leases.isCertain(given)]).toEqual([false, true]);
  let isAnswered = false;
  const asked = one.driving.certain(given).then(
    () => 'one',
    (e: { data: { address: string } }) => e.data.address,
  );
  void asked.then(() => {
    isAnswered = true;
  });
  await sleep(3 * everyMs);
  expect(isAnswered).toBe(false);
  end();
  const by = await asked;
  expect([one.driving.isCertain(given), by]).toEqual(by === 'one' ? [true, 'one'] : [false, 'http://two']);
  await one.close();
  await two.close();
});

test('[EN759] and while it is being ended and written', { timeout: 60_000 }, async () => {
  const one = await driver('one');
  await one.driving.certain(ids[0]!);
  await one.driving.stop();
  await sleep(2 * leaseMs);
  expect(one.leases.isCertain(ids[0]!)).toBe(true);
  await one.driving.end();
  await sleep(2 * leaseMs);
  expect(one.leases.isCertain(ids[0]!)).toBe(false);
  await one.close();
});

test('[EN759] a workspace that cannot be opened keeps no other from being taken up, and is told of', {
  timeout: 60_000,
}, async () => {
  const taken = new Set<WorkspaceId>();
  const damaged = new Error('damaged');
  const one = await driver('one', {
    take: async (workspace) => {
      if (workspace === ids[0]) throw damaged;
      taken.add(workspace);
    },
  });
  await one.driving.adopt('http://one');
  while (taken.size < count - 1) await sleep(20);
  expect(one.failed).toContain(damaged);
  await one.close();
});

test("[EN759] what the store has as this engine's, and was forgotten here, is driven", {
  timeout: 60_000,
}, async () => {
  const one = await driver('one', { take: async () => {} });
  await one.driving.certain(ids[1]!);
  // As where giving it up has failed.
  const client = new pg.Client({ connectionString: server.urlOf('postgres') });
  await client.connect();
  await client.query(
    `insert into headwater.workspace_lease (workspace, epoch, node, until)
       select ref, 7, 'one', clock_timestamp() + interval '1 hour' from headwater.workspace where id = $1
     on conflict (workspace) do update set epoch = 7, node = excluded.node, until = excluded.until`,
    [ids[0]],
  );
  await client.end();
  await one.driving.adopt('http://one');
  while (held(one) < count) await sleep(20);
  expect(one.leases.numberOf(ids[0]!)).toBe(8);
  await one.close();
});

test('[EN754] while one is being taken nobody opens it, though a renewal finds it to be held still', {
  timeout: 60_000,
}, async () => {
  const id = ids[0]!;
  let isHeld = false;
  let taken = 0;
  let end = () => {};
  const isEnded = new Promise<void>((resolve) => {
    end = resolve;
  });
  const leases: Partial<Leases> = {
    isCertain: () => isHeld,
    renew: async () => [],
    take: async () => void taken++,
  };
  const host: Partial<DrivingHost> = { lost: () => {}, ended: () => isEnded };
  const driving = new Driving(leases as Leases, host as DrivingHost, 60_000);
  const first = driving.certain(id);
  await sleep(10);
  isHeld = true;
  let isAnswered = false;
  const second = driving.certain(id).then(() => {
    isAnswered = true;
  });
  await sleep(10);
  expect([driving.isCertain(id), isAnswered, taken]).toEqual([false, false, 0]);
  end();
  await Promise.all([first, second]);
  expect([driving.isCertain(id), taken]).toEqual([true, 1]);
  await driving.stop();
  await driving.end();
});

test('[EN754] what was begun before others had the workspace in between writes nothing, though this engine has it again', {
  timeout: 60_000,
}, async () => {
  const id = ids[0]!;
  const node = { id: 'one', address: null };
  const house = new House(() => openPostgresStore({ url: server.urlOf('postgres'), node, leaseMs }), {});
  await house.start();
  const open = async () => {
    const found = await house.engine.workspace(id);
    if (!found.ok) throw new Error(found.refusal.code);
    return found.value.workspace;
  };
  const before = await open();
  // As it is with one that is paused: nothing is renewed.
  await house.engine.driving!.end();
  await sleep(leaseMs + 100);
  const two = await driver('two');
  await two.driving.certain(id);
  await two.leases.give(id);
  const now = await open();
  expect(now).not.toBe(before);
  await expect(openChangeSet(before, owner, { name: 'late' })).rejects.toMatchObject({ code: 'store_busy' });
  expect(await openChangeSet(now, owner, { name: 'in time' })).toMatchObject({ ok: true });
  await two.close();
  await house.close();
});
