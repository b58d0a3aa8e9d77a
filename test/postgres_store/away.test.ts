// Engines that the server does not hear of any more, and servers that engines do not hear of: connections that are refused, cut between two
// statements, or silent without an end.

import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { PostgresDatabase } from '../../src/adapters/postgres/database.ts';
import { initial } from '../../src/adapters/postgres/migrations/0001_initial.ts';
import { leases } from '../../src/adapters/postgres/migrations/0002_leases.ts';
import { fencing } from '../../src/adapters/postgres/migrations/0003_fencing.ts';
import { keys } from '../../src/adapters/postgres/migrations/0004_keys.ts';
import { landed } from '../../src/adapters/postgres/migrations/0005_landed.ts';
import { openPostgresStore, type PostgresStore, type PostgresStoreOptions } from '../../src/adapters/postgres/store.ts';
import { memoRow } from '../../src/ports/conformance/run_world.ts';
import { StoreWorld } from '../../src/ports/conformance/store_world.ts';
import { digest } from '../store/folders.ts';
import { PostgresServer } from '../support/postgres_server.ts';
import { Way } from '../support/way.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await PostgresServer.open();
}, 120_000);
afterAll(() => server?.close());

/** What ends with the test, the last first. */
const endings: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end();
});

async function engine(id: string, options: Partial<PostgresStoreOptions> & { readonly schema: string }) {
  const node = { id, address: null };
  const store = await openPostgresStore({ url: server.urlOf('postgres'), node, ...options });
  endings.push(() => store.close());
  return store as PostgresStore & { readonly leases: NonNullable<PostgresStore['leases']> };
}

/** Statements behind the store's back. */
async function admin(): Promise<pg.Client> {
  const client = new pg.Client(server.urlOf('postgres'));
  await client.connect();
  endings.push(() => client.end());
  return client;
}

test('[ST148] an engine whose connection was cut, and is refused for a while, says again that it is there; nobody is alone meanwhile', {
  timeout: 60_000,
}, async () => {
  const schema = 'refused';
  const client = await admin();
  await client.query(`create role few login password 'few'; grant create on database postgres to few`);
  const first = await engine('one', { schema, url: server.urlOf('postgres', 'few', 'few') });
  const w = new StoreWorld(first, digest);
  await first.leases.take(w.workspace);
  await w.found();
  const locks = async () => {
    const sql = `select pid from pg_locks where locktype = 'advisory' and objid = hashtext($1)::bigint & 4294967295`;
    return (await client.query(sql, [schema])).rows;
  };
  const alone = () =>
    openPostgresStore({ url: server.urlOf('postgres'), schema, isAlone: true }).then(
      async (store) => {
        await store.close();
        return 'alone';
      },
      (e: { code?: string }) => e.code,
    );
  // There is room for no more than what commits, just when what has the lock is cut.
  await client.query('alter role few connection limit 1');
  const [lock] = await locks();
  await client.query('select pg_terminate_backend($1)', [lock.pid]);
  while (!server.log.includes('too many connections for role "few"')) await sleep(20);
  expect(await locks()).toEqual([]);
  await first.leases.renew();
  expect(await w.commit(w.step(w.head, 1))).toEqual({ ok: true });
  expect(await alone()).toBe('store_busy');
  await client.query('alter role few connection limit -1');
  for (let tries = 0; (await locks()).length === 0 && tries < 100; tries++) await sleep(100);
  expect((await locks()).length).toBe(1);
  expect(await alone()).toBe('store_busy');
  await first.close();
  expect(await alone()).toBe('alone');
});

/** A way to the server, and the address by it. */
async function wayTo(): Promise<{ readonly way: Way; readonly url: string }> {
  const way = await Way.open(server.port);
  endings.push(() => way.close());
  const url = new URL(server.urlOf('postgres'));
  url.port = String(way.port);
  return { way, url: url.href };
}

const within = <T>(what: Promise<T>, ms: number): Promise<T | 'hangs'> =>
  Promise.race([what, sleep(ms, 'hangs' as const, { ref: false })]);

/** In the middle of writing, as the engine that is named so. */
async function writing(schema: string, node: string): Promise<pg.Client> {
  const client = await admin();
  await client.query(`set search_path = ${schema}; set headwater.node = '${node}'; begin`);
  await client.query(`insert into setting (workspace, name, value) select ref, 'name', 'value' from workspace`);
  return client;
}

test('[ST149] a lease is renewed while its holder writes, and a successor waits until that has ended', {
  timeout: 60_000,
}, async () => {
  const schema = 'renewed';
  const [first, second] = [
    await engine('one', { schema, leaseMs: 1_500 }),
    await engine('two', { schema, leaseMs: 1_500 }),
  ];
  const w = new StoreWorld(first, digest);
  await first.leases.take(w.workspace);
  await w.found();
  const client = await writing(schema, 'one');
  expect(await within(first.leases.renew(), 1_000)).toEqual([]);
  expect(first.leases.isCertain(w.workspace)).toBe(true);
  await sleep(1_600);
  const taking = second.leases.take(w.workspace);
  expect(await within(taking, 500)).toBe('hangs');
  await client.query('commit');
  expect(await taking).toBeUndefined();
  expect(await second.getSetting(w.workspace, 'name')).toBe('value');
});

test('[ST149] as it is with tables of before, which an engine of that release writes to meanwhile', async () => {
  const schema = 'before';
  const client = await admin();
  await client.query(`create schema ${schema}; set search_path = ${schema};
    create table store_version (id integer primary key check (id = 1), version integer not null);
    insert into store_version values (1, 5);`);
  for (const migration of [initial, leases, fencing, keys, landed]) await client.query(migration);
  const w = new StoreWorld(undefined as never, digest);
  await client.query(`insert into workspace (id) values ('${w.workspace}');
    insert into engine_node values ('old', null, now());
    insert into workspace_lease select ref, 1, 'old', now() + interval '1 minute' from workspace`);
  const old = await writing(schema, 'old');
  const store = await engine('new', { schema });
  expect(await within(client.query(`update workspace_lease set until = now() + interval '1 minute'`), 500)).toBe(
    'hangs',
  );
  await old.query('commit');
  await old.query(`begin; update setting set value = 'second'`);
  expect(await within(client.query(`update workspace_lease set until = '-infinity'`), 2_000)).not.toBe('hangs');
  await old.query('commit');
  expect(await store.leases.take(w.workspace)).toBeUndefined();
  await expect(old.query(`update setting set value = 'late'`)).rejects.toMatchObject({ code: 'HW002' });
  expect(await store.getSetting(w.workspace, 'name')).toBe('second');
  const at = new StoreWorld(store, digest);
  expect(await at.found()).toEqual({ ok: true });
  expect(await store.check(10)).toEqual([]);
});

test('[ST150] a workspace whose engine is gone in the middle of a transaction is taken by the next', {
  timeout: 60_000,
}, async () => {
  const schema = 'idle';
  const { way, url } = await wayTo();
  const first = await engine('one', { schema, leaseMs: 1_000, url });
  const w = new StoreWorld(first, digest);
  await first.leases.take(w.workspace);
  await w.found();
  const second = await engine('two', { schema, leaseMs: 1_000 });
  let isSilent = false;
  way.silentAt = (piece) => {
    isSilent ||= piece.includes('commit') && !piece.includes('select');
    return isSilent;
  };
  const written = first.runs.writeMemo(w.workspace, [memoRow(w, 1)], 1_000_000).catch((e: unknown) => e);
  while (!isSilent) await sleep(5);
  await sleep(1_500);
  expect(await within(second.leases.take(w.workspace), 15_000)).toBeUndefined();
  // Told at last, the first one begins it anew, and is refused.
  way.cut();
  expect(await written).toMatchObject({ code: 'store_busy' });
});

/** As many connections as the pool may have, each used a moment ago. */
async function usedBy(store: PostgresStore): Promise<void> {
  await Promise.all(Array.from({ length: 30 }, () => store.listWorkspaces()));
}

test('[ST151] leases are renewed over other connections when nobody answers on those that there are', {
  timeout: 60_000,
}, async () => {
  const { way, url } = await wayTo();
  const first = await engine('one', { schema: 'hole', url });
  const w = new StoreWorld(first, digest);
  await first.leases.take(w.workspace);
  await w.found();
  await usedBy(first);
  way.silence();
  expect(await within(first.leases.renew(), 5_500)).toEqual([]);
  expect(first.leases.isCertain(w.workspace)).toBe(true);
  expect(await within(first.listWorkspaces(), 2_000)).toHaveLength(1);
});

test('[ST152] what nobody answers is asked again over another connection, and a commit lands once', {
  timeout: 60_000,
}, async () => {
  const { way, url } = await wayTo();
  const first = await engine('one', { schema: 'hole_2', url, answeredMs: 2_000, leaseMs: 60_000 });
  const w = new StoreWorld(first, digest);
  await first.leases.take(w.workspace);
  await w.found();
  await usedBy(first);
  way.silence();
  // Not one connection after the other.
  expect(await within(first.listWorkspaces(), 5_000)).toHaveLength(1);
  way.silentAt = (piece) => piece.includes('commit_held') || piece.includes('"auditHead"');
  const landed = w.commit(w.step(w.head, 1));
  expect(await within(landed, 6_000)).toEqual({ ok: true });
  expect((await first.findChangeSet(w.workspace, w.head))!.version).toBe(1);
  way.silence();
  const memo = first.runs.writeMemo(w.workspace, [memoRow(w, 1)], 1_000_000);
  expect(await within(memo, 5_000)).toBeUndefined();
  expect(await first.check(10)).toEqual([]);
  way.silence();
  expect(await within(first.close(), 20_000)).toBeUndefined();
});

test('[ST153] a role that may make nothing any more starts an engine', async () => {
  const client = await admin();
  await client.query(`create role small login password 'small'; grant create on database postgres to small`);
  const url = server.urlOf('postgres', 'small', 'small');
  const first = await engine('one', { schema: 'small', url });
  await first.close();
  await client.query(`revoke create on database postgres from small; revoke create on schema small from small`);
  const again = await engine('two', { schema: 'small', url });
  expect(await again.listWorkspaces()).toEqual([]);
});

test('[ST154] options behind the address take none of what the store needs away', async () => {
  const schema = 'opted';
  const given = encodeURIComponent(
    '-c work_mem=8MB -c search_path=public -c synchronous_commit=off -c headwater.node=other',
  );
  const first = await engine('one', { schema, url: `${server.urlOf('postgres')}?options=${given}` });
  const client = await admin();
  const tables = `select distinct schemaname from pg_tables where tablename = 'workspace_lease' and schemaname in ('public', $1)`;
  expect((await client.query(tables, [schema])).rows).toEqual([{ schemaname: schema }]);
  const w = new StoreWorld(first, digest);
  await first.leases.take(w.workspace);
  expect(await w.found()).toEqual({ ok: true });
  await first.putSetting(w.workspace, 'name', 'value');
  const db = new PostgresDatabase({ url: `${server.urlOf('postgres')}?options=${given}`, schema, writer: 'one' });
  const names = ['work_mem', 'search_path', 'synchronous_commit', 'headwater.node'];
  const [row] = await db.ask(
    'reading',
    `select ${names.map((name, i) => `current_setting('${name}') as s${i}`).join(', ')}`,
  );
  expect(row).toEqual({ s0: '8MB', s1: schema, s2: 'on', s3: 'one' });
  await db.close();
});
