// The raw floor: single-row SQLite commits at the durability of the store (WAL, synchronous=FULL), on the same device
// and through the same binding, one after another. Whatever commits one at a time cannot be faster.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../dist/adapters/sqlite/driver.js';

/** Bytes of a row: about those of the log entry of one edit. */
const rowBytes = 700;

export function openFloor() {
  const folder = mkdtempSync(join(tmpdir(), 'headwater-bench-floor-'));
  const db = openDatabase(join(folder, 'floor.db'));
  db.exec(`pragma journal_mode = wal; pragma synchronous = full; pragma locking_mode = exclusive;
    create table log (key integer primary key, text any not null) strict`);
  const insert = db.prepare('insert into log (text) values (?)');
  const text = 'x'.repeat(rowBytes);
  return {
    /** Milliseconds of `n` commits. */
    run(n) {
      const since = performance.now();
      for (let i = 0; i < n; i++) insert.run(text);
      return performance.now() - since;
    },
    close() {
      db.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
