// The store on a real PostgreSQL passes the suite that every store passes; the rules are in src/ports/conformance/SPEC.md. Each case
// has a schema of its own.

import { afterAll, beforeAll, describe, it } from 'vitest';
import { openPostgresStore, type PostgresStore } from '../../src/adapters/postgres/store.ts';
import { storeConformance } from '../../src/ports/conformance/store.ts';
import { digest } from '../store/folders.ts';
import { PostgresServer } from '../support/postgres_server.ts';

let server: PostgresServer;
let schemas = 0;
beforeAll(async () => {
  server = await PostgresServer.open();
}, 120_000);
afterAll(() => server?.close());

const cases = storeConformance({
  name: 'postgres',
  digest,
  open: () => openPostgresStore({ url: server.urlOf('postgres'), schema: `case_${++schemas}` }),
  reopen: (closed) => openPostgresStore((closed as PostgresStore).options),
});

describe('postgres', () => {
  for (const { title, run } of cases) it(title, run, 60_000);
});
