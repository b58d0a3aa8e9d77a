// Every store passes the same suite; the rules are in src/ports/conformance/SPEC.md, and each is quoted by a case.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MemoryStore } from '../../src/adapters/memory/store.ts';
import { openDatabase } from '../../src/adapters/sqlite/driver.ts';
import { openSqliteStore, type SqliteStore } from '../../src/adapters/sqlite/store.ts';
import { type StoreUnderTest, storeConformance } from '../../src/ports/conformance/store.ts';
import { dumpConformance, fill } from '../../src/ports/conformance/store_dump.ts';
import { dumpTableNames } from '../../src/ports/store_dump.ts';
import { digest, temporaryFolder } from './folders.ts';
import { sqlitePlaces } from './places.ts';

const stores: StoreUnderTest[] = [
  { name: 'memory', digest, open: async () => new MemoryStore() },
  { name: 'memory, no reads at once', digest, open: async () => new MemoryStore({ synchronousReads: false }) },
  {
    name: 'sqlite',
    digest,
    open: () => openSqliteStore({ file: join(temporaryFolder(), 'store.db') }),
    reopen: (closed) => openSqliteStore({ file: (closed as SqliteStore).file }),
  },
];

for (const store of stores)
  describe(store.name, () => {
    for (const { title, run } of storeConformance(store)) it(title, run, 60_000);
  });

const sqlite = sqlitePlaces();
const moves = dumpConformance({ digest, from: sqlite, to: sqlite });

describe('moving', () => {
  for (const { title, run } of moves) it(title, run, 60_000);

  it('[ST130] every table of the files is one of a dump, or follows from them', async () => {
    const file = join(temporaryFolder(), 'store.db');
    const store = await openSqliteStore({ file });
    await fill(store, digest);
    await store.close();
    const tables = [file, `${file}-runs`].flatMap((path) => {
      const db = openDatabase(path);
      const rows = db.prepare(`select name from sqlite_schema where type = 'table' and name not like 'sqlite%'`).all();
      db.close();
      return rows.map((r) => (r as { name: string }).name);
    });
    const others = ['journal', 'chunk_index', 'action_origin', 'name', 'run_filed', 'memo_filed'];
    expect([...new Set(tables)].sort()).toEqual([...dumpTableNames, ...others].sort());
  });
});

describe('the suite itself', () => {
  it('quotes every rule of its SPEC and no other', () => {
    const spec = readFileSync(new URL('../../src/ports/conformance/SPEC.md', import.meta.url), 'utf8');
    const rules = [...spec.matchAll(/^- \[(ST\d+)\]/gm)].map((m) => m[1]);
    const titles = [...storeConformance(stores.at(-1)!), ...moves].map((c) => c.title);
    const quoted = titles.flatMap((title) => [...title.matchAll(/\[(ST\d+)\]/g)].map((m) => m[1]));
    expect(rules.length).toBeGreaterThan(20);
    expect(new Set(quoted)).toEqual(new Set(rules));
    expect(new Set(titles).size).toBe(titles.length);
  });

  it('fails a store that loses the compare-and-set', async () => {
    const careless = new MemoryStore();
    const commit = careless.commit.bind(careless);
    careless.commit = async (workspace, c) => {
      const outcome = await commit(workspace, c);
      return outcome.ok || 'workspaceTaken' in outcome ? outcome : { ok: true };
    };
    const cases = storeConformance({ name: 'careless', digest, open: async () => careless });
    const stale = cases.find((c) => c.title.includes('[ST2]'))!;
    await expect(stale.run()).rejects.toThrow('outcome: expected');
  });
});
