// Brings a file of a store to this release's version. Migrations are numbered and forward only; each runs in one transaction
// together with the new number, so a crash leaves the file at a whole version. A file with a higher number is refused:
// an older release cannot know what it means.

import { Fault } from '../../base/result.ts';
import { type Database, readPragma } from './driver.ts';

/** One of the files of a store: what is in it, and how it came to be so. */
export interface FileFormat {
  /** What `pragma application_id` says of it; the first migration sets it. */
  readonly applicationId: number;
  /** In order; the first makes version 1. Never edit one that has been released. */
  readonly migrations: readonly string[];
  /** What another database is said not to be: "a database, but ...". */
  readonly otherwise: string;
}

/** Refuses a file that this release must not touch; has not changed it. Faults: `store_version`, `store_damaged`. */
export function assertReadable(db: Database, file: string, format: FileFormat): void {
  const version = readPragma(db, 'user_version') as number;
  const release = format.migrations.length;
  if (version > release)
    throw new Fault('store_version', `${file} is of version ${version}, this release reads up to ${release}`, {
      file: version,
      release,
    });
  const isEmpty = readPragma(db, 'schema_version') === 0;
  if (version === 0 ? !isEmpty : readPragma(db, 'application_id') !== format.applicationId)
    throw new Fault('store_damaged', `${file} is a database, but ${format.otherwise}`);
}

/** Runs the migrations that the file has not had. */
export function migrate(db: Database, { migrations }: FileFormat): void {
  const from = readPragma(db, 'user_version') as number;
  for (let version = from + 1; version <= migrations.length; version++) {
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
