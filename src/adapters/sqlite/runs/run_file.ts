// The second file of a store: runs, their logs and the memo. Apart from the first because they come by the ten thousand a
// second and may be lost, where commits may not: writing them never takes the commits' turn at the file or the event loop.
// The owner of the store is its owner too. It has two connections in this process, one that writes (a thread of its own)
// and one that reads, so it is not locked exclusively; the lock on the first file keeps other processes out.
//
// Rows are appended in order of arrival, `workspace << 40 | number`; numbers are never used again. What would have to be
// inserted all over a tree (which runs a component has, where the result of a hash is) is *filed* later, thousands at a
// time in order of the tree: measured, a recorded run with its memo entry costs this thread 19 µs of processor, the filing
// being 7 of them, where a prototype that filed each batch of 500 at once took 28. Up to `number <= filed` rows are found through the tree, the
// tail behind it by looking through it.

import { type Database, openDatabase, readPragma } from '../driver.ts';
import { asFault } from '../fault.ts';
import { assertReadable, type FileFormat, migrate } from '../migrate.ts';
import { makePrivate } from '../private_file.ts';

export const numberBits = 40;
/** Rows behind what is filed before they are filed. */
export const tailRowsMax = 8_192;
/** What a memo entry counts beside its text: the characters of its key. */
export const memoKeyBytes = 64;

/** Numbers of the kinds of name in `name.kind`. */
export const nameKinds = { changeSet: 0, component: 1, function: 2 } as const;

const applicationId = 0x48575255;
const cacheKiB = 32 * 1024;
/** 16 MiB of write-ahead log. */
const checkpointPages = 4_000;
/** The other connection of this process may be copying the log to the file. */
const busyMs = 10_000;

const migrations: readonly string[] = [
  `
pragma application_id = ${applicationId};

create table workspace (
  ref integer primary key,
  id text not null unique,
  run_last integer not null default 0,
  run_filed integer not null default 0,
  memo_last integer not null default 0,
  memo_filed integer not null default 0,
  memo_bytes integer not null default 0
) strict;

create table run (
  key integer primary key,
  workspace integer not null,
  id text not null,
  change_set text not null,
  component text not null,
  function text not null,
  status text not null,
  ended_at_ms integer,
  text text not null
) strict;
create unique index run_id on run (workspace, id);
create index run_status on run (workspace, status, id) where status <> 'succeeded';
create index run_ended on run (workspace, ended_at_ms) where ended_at_ms is not null;

create table name (
  ref integer primary key,
  workspace integer not null,
  kind integer not null,
  id text not null,
  unique (workspace, kind, id)
) strict;

create table run_filed (
  name integer not null,
  id text not null,
  primary key (name, id)
) strict, without rowid;

create table run_log (
  workspace integer not null,
  run text not null,
  seq integer not null,
  at_ms integer not null,
  stream text not null,
  text text not null,
  primary key (workspace, run, seq)
) strict, without rowid;

create table memo (
  key integer primary key,
  hash blob not null,
  text any not null
) strict;

create table memo_filed (
  workspace integer not null,
  hash blob not null,
  number integer not null,
  primary key (workspace, hash)
) strict, without rowid;
`,
];
const runFileFormat: FileFormat = {
  applicationId,
  migrations,
  otherwise: 'does not hold the runs of a Headwater store',
};

export function runFilePath(storeFile: string): string {
  return `${storeFile}-runs`;
}

/** A connection to the file, which is there and of this release's version. */
export function connectRunFile(file: string, fileBytesMax: number | undefined): Database {
  const db = openDatabase(file);
  try {
    db.exec(`pragma busy_timeout = ${busyMs}; pragma synchronous = full; pragma cache_size = -${cacheKiB};
      pragma wal_autocheckpoint = ${checkpointPages}; pragma trusted_schema = off; pragma foreign_keys = off`);
    if (fileBytesMax !== undefined)
      db.exec(`pragma max_page_count = ${Math.floor(fileBytesMax / (readPragma(db, 'page_size') as number))}`);
    return db;
  } catch (e) {
    db.close();
    throw asFault(e, `opening ${file}`);
  }
}

/** Makes the file if it is not there, and brings it to this release's version. Faults: `store_version`, `store_damaged`. */
export function openRunFile(file: string, fileBytesMax?: number): Database {
  makePrivate(file);
  const db = connectRunFile(file, fileBytesMax);
  try {
    assertReadable(db, file, runFileFormat);
    db.exec('pragma journal_mode = wal');
    migrate(db, runFileFormat);
    return db;
  } catch (e) {
    db.close();
    throw asFault(e, `opening ${file}`);
  }
}

/** Folds the log into the file and closes the last connection: a closed file stands alone. */
export function releaseRunFile(db: Database): void {
  try {
    db.exec('pragma journal_mode = delete');
  } finally {
    db.close();
  }
}
