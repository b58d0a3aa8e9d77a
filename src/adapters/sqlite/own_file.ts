// Opening the main file as its owner: made if it is not there, locked until the process ends or gives it up, brought to
// this release's version, with every commit synced.

import { Fault } from '../../base/result.ts';
import { type Database, openDatabase, readPragma } from './driver.ts';
import { asFault, isBusy } from './fault.ts';
import { assertReadable, type FileFormat, migrate } from './migrate.ts';
import { initial } from './migrations/0001_initial.ts';
import { journal } from './migrations/0002_journal.ts';
import { openedOn } from './migrations/0003_opened_on.ts';
import { runs } from './migrations/0004_runs.ts';
import { actions } from './migrations/0005_actions.ts';
import { events } from './migrations/0006_events.ts';
import { makePrivate } from './private_file.ts';

const storeFormat: FileFormat = {
  applicationId: 0x48575452,
  migrations: [initial, journal, openedOn, runs, actions, events],
  otherwise: 'not a Headwater store',
};

/** Pages of 4 KiB kept in memory; the hot ends of all trees are far below it. */
const cacheKiB = 64 * 1024;
/**
 * Pages in the write-ahead log before they are copied to the file: 16 MiB. Beyond it, what a longer one saves in pages
 * copied once instead of twice is lost again in longer pauses.
 */
const checkpointPages = 4_000;

/** The open, locked, migrated database. */
export function ownFile(file: string, fileBytesMax: number | undefined): Database {
  let db: Database | undefined;
  try {
    makePrivate(file);
    db = openDatabase(file);
    db.exec('pragma busy_timeout = 0; pragma locking_mode = exclusive; begin exclusive; commit');
    assertReadable(db, file, storeFormat);
    db.exec('pragma journal_mode = wal');
    if (readPragma(db, 'journal_mode') !== 'wal')
      throw new Fault('store_failed', `${file} cannot have a write-ahead log here`);
    db.exec(`pragma synchronous = full; pragma cache_size = -${cacheKiB}; pragma wal_autocheckpoint = ${checkpointPages};
      pragma trusted_schema = off; pragma foreign_keys = off`);
    migrate(db, storeFormat);
    if (fileBytesMax !== undefined)
      db.exec(`pragma max_page_count = ${Math.floor(fileBytesMax / (readPragma(db, 'page_size') as number))}`);
    return db;
  } catch (e) {
    db?.close();
    if (isBusy(e)) throw new Fault('store_busy', `another process has ${file} open`, { file }, { cause: e });
    throw asFault(e, `opening ${file}`);
  }
}
