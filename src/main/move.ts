// Composition of moves between stores: a data folder's file and a PostgreSQL schema, in any direction; backups of a schema into a file,
// and back. What is in a data folder besides the store is not moved: the reply names it.

import { existsSync, mkdirSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openCatalogue } from '../adapters/catalogue/catalogue.ts';
import { openPostgresTarget } from '../adapters/postgres/load.ts';
import { openPostgresStore, type PostgresStoreOptions } from '../adapters/postgres/store.ts';
import { mustBeNew } from '../adapters/sqlite/backup.ts';
import { openSqliteTarget } from '../adapters/sqlite/load.ts';
import { restoreSqliteStore } from '../adapters/sqlite/restore.ts';
import { openSqliteStore } from '../adapters/sqlite/store.ts';
import { systemWorld } from '../adapters/system/world.ts';
import { must, refuse } from '../base/result.ts';
import { type Moved, moveStore } from '../engine/move_store.ts';
import type { DumpableStore, StoreTarget } from '../ports/store_dump.ts';
import type { MigrateChoice, Migrated } from '../surfaces/cli/commands_migrate.ts';
import { poolsFile } from './pools.ts';
import { reachFile } from './reach.ts';
import { sourcesFile } from './secret_sources.ts';
import { keyFile } from './secrets.ts';
import { isAddress, postgresAt, storeFile } from './store_choice.ts';

/** A store's place as somebody names it. */
interface Place {
  /** For people; without a password. */
  readonly name: string;
  readonly folder?: string;
  open(): Promise<DumpableStore>;
  make(): Promise<StoreTarget>;
}

function placeOf(text: string, path: 'from' | 'to'): Place {
  if (isAddress(text)) {
    const options = postgresAt(text, path);
    return {
      name: nameOf(options),
      open: () => openPostgresStore({ ...options, isAlone: true }),
      make: () => openPostgresTarget(options),
    };
  }
  const folder = resolve(text);
  const file = join(existsSync(folder) ? realpathSync(folder) : folder, storeFile);
  return {
    name: folder,
    folder,
    open: async () => openSqliteStore({ file }),
    make: async () => {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      return openSqliteTarget(file);
    },
  };
}

function nameOf({ url, schema = 'headwater' }: PostgresStoreOptions): string {
  const { host, pathname } = new URL(url);
  return `postgres://${host}${pathname}?schema=${schema}`;
}

/** Refuses (thrown) `request_malformed`, `already_exists`; faults: `store_busy` where an engine has one of them, and those of `moveStore`. */
export async function migrate({ from, to, dataFolder, progress }: MigrateChoice): Promise<Migrated> {
  const [source, target] = [placeOf(from, 'from'), placeOf(to, 'to')];
  if (isSame(source, target)) {
    const hint = 'name two places: data folders, or addresses such as postgres://USER:PASSWORD@HOST:5432/DATABASE';
    must(
      refuse('request_malformed', { path: 'to', expected: 'another place than the source', got: target.name, hint }),
    );
  }
  const { folder } = source;
  if (folder !== undefined && !existsSync(join(folder, storeFile)))
    must(
      refuse('request_malformed', {
        path: 'from',
        expected: `a data folder with a store, ${storeFile}`,
        got: folder,
        hint: 'name the folder that headwater was used with, or the address of a database',
      }),
    );
  const store = await source.open();
  try {
    const moved = await move(store, await target.make(), { verifiesSource: true, progress });
    const kept = folder ?? dataFolder;
    const takeAlong = besideStore(kept).filter(() => target.folder !== kept);
    return { from: source.name, to: target.name, ...moved, beside: kept, takeAlong };
  } finally {
    await store.close();
  }
}

function isSame(a: Place, b: Place): boolean {
  if (a.folder === undefined || b.folder === undefined) return a.folder === b.folder && a.name === b.name;
  const real = (folder: string) => (existsSync(folder) ? realpathSync(folder) : folder);
  return real(a.folder) === real(b.folder);
}

/** What of a data folder a store needs that is not in it. */
function besideStore(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const documents: readonly string[] = [poolsFile, reachFile, sourcesFile];
  return readdirSync(folder)
    .filter((name) => name.startsWith(keyFile) || documents.includes(name))
    .sort();
}

function move(
  source: DumpableStore,
  target: StoreTarget,
  how: { readonly verifiesSource: boolean; readonly progress: (line: string) => void },
): Promise<Moved> {
  const catalogue = openCatalogue(fileURLToPath(new URL('../catalogue', import.meta.url)));
  return moveStore({ source, target, world: systemWorld(), catalogue, ...how });
}

/** `Store.backup` of a store that has no files: what it holds at one instant, as a file that a data folder could have. */
export async function backUpTo(store: DumpableStore, destination: string): Promise<void> {
  mustBeNew(destination);
  await move(store, await openSqliteTarget(destination), { verifiesSource: false, progress: () => {} });
}

/** From a backup into an empty schema. Faults and refusals: those of restoring a file, and of moving. */
export async function restoreTo(address: string, from: string, folder: string): Promise<void> {
  const options = postgresAt(address, 'store');
  // A copy: reading a store changes its file.
  const copied = join(folder, `restoring-${process.pid}.db`);
  try {
    await restoreSqliteStore(from, copied);
    const store = await openSqliteStore({ file: copied });
    try {
      await move(store, await openPostgresTarget(options), { verifiesSource: true, progress: () => {} });
    } finally {
      await store.close();
    }
  } finally {
    for (const end of ['', '-runs']) rmSync(copied + end, { force: true });
  }
}
