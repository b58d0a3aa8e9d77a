// Brings the tables to this release's version. Migrations are numbered and forward only; each runs in one transaction together
// with the new number, under a lock, so that of several nodes that start at once one does it. Tables of a higher version are
// refused: an older release cannot know what they mean. While a store is being made from another one the number is negative.

import { Fault } from '../../base/result.ts';
import type { Ask, PostgresDatabase } from './database.ts';
import { initial } from './migrations/0001_initial.ts';
import { leases } from './migrations/0002_leases.ts';
import { fencing } from './migrations/0003_fencing.ts';
import { keys } from './migrations/0004_keys.ts';
import { landed } from './migrations/0005_landed.ts';
import { overtaken } from './migrations/0006_overtaken.ts';
import { renewals } from './migrations/0007_renewals.ts';

/** In order; the first makes version 1. Never edit one that has been released. */
const migrations: readonly string[] = [initial, leases, fencing, keys, landed, overtaken, renewals];

/** Any number, the same in every release: what is locked while tables are made. */
const lockOfMigration = 0x48575452;

/** Faults: `store_version`, `store_incomplete` unless `mayBeIncomplete`, `store_failed`. */
export async function migrate(db: PostgresDatabase, { mayBeIncomplete = false } = {}): Promise<void> {
  const release = migrations.length;
  const update = async (ask: Ask): Promise<void> => {
    await ask('select pg_advisory_xact_lock($1)', [lockOfMigration]);
    await makePlace(ask, db.schema);
    const rows = await ask('select version from store_version');
    const found = (rows[0]?.['version'] as number | undefined) ?? 0;
    if (!mayBeIncomplete) mustBeWhole(db, found);
    const from = Math.abs(found);
    if (from > release)
      throw new Fault(
        'store_version',
        `schema ${db.schema} is of version ${from}, this release reads up to ${release}`,
        {
          file: from,
          release,
        },
      );
    for (const migration of migrations.slice(from)) await ask(migration);
    if (from < release)
      await ask(
        'insert into store_version (id, version) values (1, $1) on conflict (id) do update set version = excluded.version',
        [found < 0 ? -release : release],
      );
  };
  await db.transaction('bringing the tables up to date', update, { isLong: true });
}

/** What is there is not made "if not exists": the server asks first whether the role may make any, which it needs only once. */
async function makePlace(ask: Ask, schema: string): Promise<void> {
  const [there] = await ask(
    'select to_regnamespace($1) is not null as schema, to_regclass($2) is not null as version',
    [schema, `${schema}.store_version`],
  );
  if (there!['schema'] !== true) await ask(`create schema ${schema}`);
  if (there!['version'] !== true)
    await ask('create table store_version (id integer primary key check (id = 1), version integer not null)');
}

function mustBeWhole({ schema }: PostgresDatabase, version: number): void {
  if (version < 0)
    throw new Fault('store_incomplete', `the store in schema ${schema} was being made and is not whole`, { schema });
}

/** Looks again, once nobody else can begin to make it. Faults: `store_incomplete`. */
export async function assertWhole(db: PostgresDatabase): Promise<void> {
  const [row] = await db.ask('opening', 'select version from store_version');
  mustBeWhole(db, row!['version'] as number);
}

/** From here on nobody opens it. */
export async function markIncomplete(ask: Ask): Promise<void> {
  await ask('update store_version set version = -abs(version)');
}

export async function markWhole(ask: Ask): Promise<void> {
  await ask('update store_version set version = abs(version)');
}
