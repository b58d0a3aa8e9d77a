// The store on a real PostgreSQL passes the suite that every store passes; the rules are in src/ports/conformance/SPEC.md. Each case
// has a schema of its own.

import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPostgresTarget } from '../../src/adapters/postgres/load.ts';
import { openPostgresStore, type PostgresStore } from '../../src/adapters/postgres/store.ts';
import { storeConformance } from '../../src/ports/conformance/store.ts';
import { dumpConformance, fill, rowsOf, type StorePlaces } from '../../src/ports/conformance/store_dump.ts';
import { type DumpableStore, dumpTableNames, type StoreTarget } from '../../src/ports/store_dump.ts';
import { digest } from '../store/folders.ts';
import { sqlitePlaces } from '../store/places.ts';
import { PostgresServer } from '../support/postgres_server.ts';

let server: PostgresServer;
let schemas = 0;
beforeAll(async () => {
  server = await PostgresServer.open();
}, 120_000);
afterAll(async () => {
  for (const target of cutOff) await expect(target.discard()).rejects.toMatchObject({ code: 'store_busy' });
  await server?.close();
});

const cases = storeConformance({
  name: 'postgres',
  digest,
  open: () => openPostgresStore({ url: server.urlOf('postgres'), schema: `case_${++schemas}` }),
  reopen: (closed) => openPostgresStore((closed as PostgresStore).options),
});

describe('postgres', () => {
  for (const { title, run } of cases) it(title, run, 60_000);
});

const schemaPlaces: StorePlaces = {
  name: 'postgres',
  fresh: () => {
    const options = { url: server.urlOf('postgres'), schema: `place_${++schemas}`, isAlone: true };
    return {
      open: () => openPostgresStore(options),
      make: () => openPostgresTarget(options),
      // The server ends its connections, as it does with those of a process that is gone.
      cutOff: async (target) => {
        const cut = new Client({ connectionString: options.url });
        await cut.connect();
        await cut.query(`select pg_terminate_backend(l.pid) from pg_locks l
          where l.locktype = 'advisory' and l.objid = hashtext('${options.schema}')::bigint & 4294967295`);
        await cut.end();
        cutOff.push(target);
      },
    };
  },
};
/** Those that were cut off: succeeded since, they change nothing any more. */
const cutOff: StoreTarget[] = [];

const files = sqlitePlaces();
const moves = [
  { from: files, to: schemaPlaces },
  { from: schemaPlaces, to: files },
  { from: schemaPlaces, to: schemaPlaces },
].flatMap((places) => dumpConformance({ digest, ...places }));

describe('moving', () => {
  for (const { title, run } of moves) it(title, run, 60_000);

  it('[ST130] every table is one of a dump, or follows from them, or ends with the engines', async () => {
    const schema = `case_${++schemas}`;
    await (await openPostgresStore({ url: server.urlOf('postgres'), schema })).close();
    const client = new Client({ connectionString: server.urlOf('postgres') });
    await client.connect();
    const { rows } = await client.query('select tablename from pg_tables where schemaname = $1', [schema]);
    await client.end();
    const ofEngines = ['engine_node', 'workspace_lease', 'key_rate', 'key_hold', 'key_turn'];
    const others = ['store_version', 'store_owner', 'action_origin', ...ofEngines];
    expect(rows.map((r) => r.tablename).sort()).toEqual([...dumpTableNames, ...others].sort());
  });

  it('[ST131] a store that goes to PostgreSQL and back has the same rows', async () => {
    const [first, between, last] = [files.fresh(), schemaPlaces.fresh(), files.fresh()];
    const store = await first.open();
    await fill(store, digest);
    let from: DumpableStore = store;
    for (const place of [between, last]) {
      const target = await place.make();
      for await (const part of from.dump()) await target.write(part);
      await target.publish();
      const made = await place.open();
      if (from !== store) await from.close();
      from = made;
    }
    expect(await rowsOf(from)).toEqual(await rowsOf(store));
    await from.close();
    await store.close();
  });
});
