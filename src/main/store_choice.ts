// Where an engine keeps everything: a file of its data folder, or a PostgreSQL database, which it shares with other engines. The data folder stays with either: the
// installation's key, what the installation allows, and the socket for other processes are in it.

import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isSchemaName } from '../adapters/postgres/database.ts';
import { openPostgresStore, type PostgresStoreOptions } from '../adapters/postgres/store.ts';
import { openSqliteStore } from '../adapters/sqlite/store.ts';
import { RefusalError } from '../base/result.ts';
import type { Store } from '../ports/store.ts';
import type { backUpTo } from './move.ts';

export const storeFile = 'headwater.db';

/** `HEADWATER_STORE`: the address of a database; without it the store is a file. */
const storeVariable = 'HEADWATER_STORE';

/**
 * `address`: `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, with `?schema=NAME` for another schema than `headwater`; undefined: the file.
 * Refuses what is no such address. Faults: `store_busy` where another engine has it, and those of the store.
 */
export async function openStore(folder: string, address = process.env[storeVariable]): Promise<Store> {
  if (address === undefined || address === '') return openSqliteStore({ file: join(folder, storeFile) });
  // Loaded by who backs up.
  const backUp = async (...of: Parameters<typeof backUpTo>) => (await import('./move.ts')).backUpTo(...of);
  const node = { id: `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`, address: null };
  return openPostgresStore({ ...postgresAt(address, 'store'), node, backUp });
}

/** The address that goes for every command, where there is one. */
export function storeAddress(): string | undefined {
  return process.env[storeVariable] || undefined;
}

export function isAddress(text: string): boolean {
  return /^postgres(ql)?:/.test(text);
}

/** What an address says; `path`: where it was given. Throws refusals, `request_malformed`. */
export function postgresAt(address: string, path: string): PostgresStoreOptions {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !isAddress(address) || url.hostname === '')
    throw unusable(path, 'an address such as postgres://USER:PASSWORD@HOST:5432/DATABASE', 'something else');
  const schema = url.searchParams.get('schema') ?? undefined;
  if (schema !== undefined && !isSchemaName(schema))
    throw unusable(path, 'a schema of lower-case letters, digits and _, 63 at most', JSON.stringify(schema));
  url.searchParams.delete('schema');
  return { url: url.href, ...(schema === undefined ? {} : { schema }) };
}

/** What was given is not shown: it may have a password in it. */
function unusable(path: string, expected: string, got: string): RefusalError {
  return new RefusalError({
    code: 'request_malformed',
    path,
    expected,
    got,
    hint: `see docs/cluster.md; without --store and ${storeVariable} the store is a file of the data folder`,
  });
}
