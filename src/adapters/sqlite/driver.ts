// The one place that knows which SQLite is underneath: Node's own `node:sqlite` where it is on without a flag (Node 22.13
// and later), else `@photostructure/sqlite`, which has the same interface. Everything else imports from here.
//
// SQL in this adapter uses plain `?` parameters only: the two bindings number `?1` differently.

import { createRequire } from 'node:module';
import type { DatabaseSyncInstance, SqliteModule, StatementSyncInstance } from '@photostructure/sqlite';

export type Database = DatabaseSyncInstance;
export type Statement = StatementSyncInstance;
type Backup = (source: Database, destination: string, options?: { rate?: number }) => Promise<number>;
type Driver = Pick<SqliteModule, 'DatabaseSync'> & { readonly backup?: Backup };

let loaded: Driver | undefined;

function driver(): Driver {
  loaded ??= builtIn() ?? (createRequire(import.meta.url)('@photostructure/sqlite') as Driver);
  return loaded;
}

/** Node's own, or undefined. Its experimental warning is kept from people's terminals: they cannot act on it. */
function builtIn(): Driver | undefined {
  const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
  if (major < 22 || (major === 22 && minor < 13)) return undefined;
  const emitWarning = process.emitWarning;
  process.emitWarning = (() => {}) as typeof process.emitWarning;
  try {
    return process.getBuiltinModule('node:sqlite') as Driver | undefined;
  } finally {
    process.emitWarning = emitWarning;
  }
}

export function openDatabase(file: string): Database {
  const db = new (driver().DatabaseSync)(file);
  db.function('reported', (value: unknown) => {
    report = value;
    return null;
  });
  return db;
}

let report: unknown;

/**
 * A setting of the database, such as `user_version`. Leaves no statement behind: one binding finalizes statements only
 * when they are collected, and until then a closed connection keeps the file locked.
 */
export function readPragma(db: Database, name: string): unknown {
  db.exec(`select reported(${name}) from pragma_${name}`);
  return report;
}

/**
 * Closes the connection of an owner and frees the file at once, whatever statements still exist (see `readPragma`).
 * The lock can only be given up outside WAL mode; leaving it also folds the log into the file, so that a closed store
 * is one file.
 */
export function releaseDatabase(db: Database): void {
  try {
    db.exec('pragma journal_mode = delete; pragma locking_mode = normal; begin; select 1 from sqlite_schema; commit');
  } finally {
    db.close();
  }
}

export function canBackUpOnline(): boolean {
  return driver().backup !== undefined;
}

/**
 * Copies the open database page by page while it is used; undefined where the binding has no such call. Writes made
 * through `source` meanwhile are part of the copy, which is consistent when the promise resolves.
 */
export function onlineBackup(source: Database, destination: string, pagesPerStep: number): Promise<number> | undefined {
  return driver().backup?.(source, destination, { rate: pagesPerStep });
}
