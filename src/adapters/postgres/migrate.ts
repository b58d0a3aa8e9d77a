// Brings the tables to this release's version. Migrations are numbered and forward only; each runs in one transaction together
// with the new number, under a lock, so that of several nodes that start at once one does it. Tables of a higher version are
// refused: an older release cannot know what they mean.

import { Fault } from '../../base/result.ts';
import type { PostgresDatabase } from './database.ts';
import { initial } from './migrations/0001_initial.ts';
import { leases } from './migrations/0002_leases.ts';

/** In order; the first makes version 1. Never edit one that has been released. */
const migrations: readonly string[] = [initial, leases];

/** Any number, the same in every release: what is locked while tables are made. */
const lockOfMigration = 0x48575452;

/** Faults: `store_version`, `store_failed`. */
export async function migrate(db: PostgresDatabase): Promise<void> {
  const release = migrations.length;
  await db.transaction('bringing the tables up to date', async (ask) => {
    await ask('select pg_advisory_xact_lock($1)', [lockOfMigration]);
    await ask(`create schema if not exists ${db.schema}`);
    await ask(
      'create table if not exists store_version (id integer primary key check (id = 1), version integer not null)',
    );
    const rows = await ask('select version from store_version');
    const from = (rows[0]?.['version'] as number | undefined) ?? 0;
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
        [release],
      );
  });
}
