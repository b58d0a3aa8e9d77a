// Engines that the server does not hear of any more, and servers that engines do not hear of: connections that are refused, cut between two
// statements, or silent without an end.

import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openPostgresStore, type PostgresStore, type PostgresStoreOptions } from '../../src/adapters/postgres/store.ts';
import { StoreWorld } from '../../src/ports/conformance/store_world.ts';
import { digest } from '../store/folders.ts';
import { PostgresServer } from '../support/postgres_server.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await PostgresServer.open();
}, 120_000);
afterAll(() => server?.close());

/** What ends with the test, the last first. */
const endings: (() => Promise<unknown> | void)[] = [];
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
