// Brings a store file to this release's version. Migrations are numbered and forward only; each runs in one transaction
// together with the new number, so a crash leaves the file at a whole version. A file with a higher number is refused:
// an older release cannot know what it means.

import { Fault } from '../../base/result.ts';
import { type Database, readPragma } from './driver.ts';
import { initial } from './migrations/0001_initial.ts';
import { journal } from './migrations/0002_journal.ts';
import { openedOn } from './migrations/0003_opened_on.ts';
import { runs } from './migrations/0004_runs.ts';

/** In order; the first makes version 1. Never edit one that has been released. */
const migrations: readonly string[] = [initial, journal, openedOn, runs];

const storeVersion = migrations.length;
const applicationId = 0x48575452;

/** Refuses a file that this release must not touch; has not changed it. */
export function assertReadable(db: Database, file: string): void {
  const version = readPragma(db, 'user_version') as number;
  if (version > storeVersion)
    throw new Fault('store_version', `${file} is of version ${version}, this release reads up to ${storeVersion}`, {
      file: version,
      release: storeVersion,
    });
  const isEmpty = readPragma(db, 'schema_version') === 0;
  if (version === 0 ? !isEmpty : readPragma(db, 'application_id') !== applicationId)
    throw new Fault('store_damaged', `${file} is a database, but not a Headwater store`);
}

export function migrate(db: Database): void {
  const from = readPragma(db, 'user_version') as number;
  for (let version = from + 1; version <= storeVersion; version++) {
    db.exec('begin immediate');
    try {
      db.exec(migrations[version - 1]!);
      db.exec(`pragma user_version = ${version}`);
      db.exec('commit');
    } catch (e) {
      if (db.isTransaction) db.exec('rollback');
      throw e;
    }
  }
}
