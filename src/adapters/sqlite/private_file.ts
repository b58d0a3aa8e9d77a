// New files of a store. They are their owner's alone to read: models, logs and results may hold what others must not
// see. SQLite gives the files that it puts beside them the same mode.

import { closeSync, fsyncSync, openSync } from 'node:fs';
import { dirname } from 'node:path';

/** A new file is readable by its owner only, and its name durable; one that exists is not touched. */
export function makePrivate(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'EEXIST') return;
    throw e;
  }
  const folder = openSync(dirname(file), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
