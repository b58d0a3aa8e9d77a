// A backup of the store: written beside its destination under a temporary name, synced and then given its name, so a
// file of that name is always whole, and its owner's alone to read. Nothing is overwritten. Restoring is in restore.ts.

import { closeSync, existsSync, fsyncSync, linkSync, openSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { Fault, must, refuse } from '../../base/result.ts';
import { type Database, onlineBackup } from './driver.ts';
import { asFault } from './fault.ts';
import { makePrivate } from './private_file.ts';

/** Pages copied before writers get their turn: 4 MiB. */
const pagesPerStep = 1_024;

/** Writes a consistent copy of the open database to `destination`, a path in an existing folder. */
export async function backupTo(db: Database, destination: string): Promise<void> {
  refuseExisting(destination, 'the backup');
  const temporary = `${destination}.partial`;
  rmSync(temporary, { force: true });
  try {
    makePrivate(temporary);
    const copying = onlineBackup(db, temporary, pagesPerStep);
    if (copying) await copying;
    // A binding without the call: writers wait for this one.
    else db.prepare('vacuum into ?').run(temporary);
    giveName(temporary, destination);
  } catch (e) {
    throw asFault(e, `writing the backup ${destination}`);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Throws a refusal where whoever asks for the backup has named another place than a new file in a folder. */
export function mustBeNew(destination: string): void {
  const hint = 'name a file that is not there yet, in a folder that is; nothing is overwritten';
  const at = { path: 'destination', got: destination, hint };
  if (existsSync(destination)) must(refuse('already_exists', { ...at, expected: 'a file that is not there yet' }));
  if (!existsSync(dirname(destination)))
    must(refuse('request_malformed', { ...at, expected: 'a file in a folder that exists' }));
}

export function refuseExisting(path: string, what: string): void {
  if (existsSync(path)) throw new Fault('store_failed', `${path} exists: ${what} would overwrite it`, { path });
}

/** Syncs the file and gives it its final name in one step that fails when the name is taken. */
export function giveName(temporary: string, name: string): void {
  sync(temporary);
  linkSync(temporary, name);
  rmSync(temporary);
  sync(dirname(name));
}

function sync(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
