// The second file, which holds runs and the memo: with real processes and kill -9, full, damaged, backed up.

import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { restoreSqliteStore } from '../../src/adapters/sqlite/restore.ts';
import type { SqliteRunStore } from '../../src/adapters/sqlite/runs/run_store.ts';
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts';
import type { ComponentId, RunId, WorkspaceId } from '../../src/base/ids.ts';
import type { RunRecord } from '../../src/model/run.ts';
import { sampleRun } from '../../src/ports/conformance/run_world.ts';
import { idOf, StoreWorld } from '../../src/ports/conformance/store_world.ts';
import { Child } from './child.ts';
import { digest, temporaryFolder } from './folders.ts';

const { DatabaseSync } = createRequire(import.meta.url)(
  '@photostructure/sqlite',
) as typeof import('@photostructure/sqlite');

async function openWorld(file: string, fileBytesMax?: number): Promise<StoreWorld> {
  const store = await openSqliteStore({ file, ...(fileBytesMax === undefined ? {} : { fileBytesMax }) });
  return new StoreWorld(store, digest);
}

const batch = (w: StoreWorld, from: number, count: number, more: Partial<RunRecord> = {}) =>
  Array.from({ length: count }, (_, i) => sampleRun(w, from + i, more));

async function record(w: StoreWorld, from: number, count: number): Promise<void> {
  const runs = batch(w, from, count);
  const memo = runs.map((run) => ({ key: run.inputHash, text: `result ${run.id}` }));
  await Promise.all([w.store.runs.putRuns(w.workspace, runs), w.store.runs.writeMemo(w.workspace, memo, 2 ** 30)]);
}

/** A closed store with `count` runs, more than are filed at once. */
async function makeStore(file: string, count = 9_000): Promise<void> {
  const w = await openWorld(file);
  await w.found();
  for (let from = 1; from <= count; from += 1_000) await record(w, from, Math.min(1_000, count - from + 1));
  await w.store.close();
}

const childWorkspace = '01WORKSPACE000000000000000' as WorkspaceId;
const childBatch = 40;

it('loses no acknowledged batch in ten kills, and leaves only whole ones', async () => {
  const file = join(temporaryFolder(), 'store.db');
  const acknowledged = new Set<number>();
  for (let kill = 0; kill < 10; kill++) {
    const child = new Child(file, 'record');
    await child.said(3 + ((kill * 53) % 120));
    await child.kill();
    const said = child.lines.filter((line) => /^\d+$/.test(line)).map(Number);
    expect(said.length).toBeGreaterThan(0);
    for (const n of said) acknowledged.add(n);
    const store = await openSqliteStore({ file });
    const runs = await store.runs.listRuns(childWorkspace, { limit: 1_000_000 });
    const perBatch = new Map<number, number>();
    for (const run of runs) {
      const n = Math.floor(Number(run.id.slice(2)) / childBatch);
      perBatch.set(n, (perBatch.get(n) ?? 0) + 1);
    }
    expect([...perBatch.values()].filter((count) => count !== childBatch)).toEqual([]);
    expect([...acknowledged].filter((n) => !perBatch.has(n))).toEqual([]);
    const newest = runs[0]!;
    const known = [...acknowledged].at(-1)! * childBatch;
    const id = `01${String(known).padStart(24, '0')}` as RunId;
    expect(await store.runs.readRunLog(childWorkspace, id, 0, 9)).toHaveLength(1);
    const { inputHash } = (await store.runs.findRun(childWorkspace, id))!;
    expect(await store.runs.readMemo(childWorkspace, [inputHash])).toEqual(new Map([[inputHash, `result ${id}`]]));
    const component = newest.component as ComponentId;
    const ofOne = await store.runs.listRuns(childWorkspace, { component, limit: 1_000_000 });
    expect(ofOne.map((run) => run.id)).toEqual(runs.filter((r) => r.component === component).map((r) => r.id));
    expect(await store.check(10)).toEqual([]);
    // The batches go on where the last whole one ended; a gap that a kill left is filled by the next process.
    await store.runs.pruneRuns(childWorkspace, Number.MAX_SAFE_INTEGER, 0);
    acknowledged.clear();
    await store.close();
  }
}, 120_000);

it('closing waits for its end also when something is just being written', async () => {
  const child = new Child(join(temporaryFolder(), 'store.db'), 'record and close');
  expect(await child.ended()).toBe(0);
  expect(child.lines).toContain('closed');
});

it('does not keep a process alive that has recorded what it wanted', async () => {
  const child = new Child(join(temporaryFolder(), 'store.db'), 'record once');
  expect(await child.ended()).toBe(0);
  expect(child.lines).toEqual(['0']);
});

it('makes the file with the first run, for its owner only, and closes it as one file', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'store.db');
  const w = await openWorld(file);
  await w.found();
  expect(await w.store.runs.listRuns(w.workspace, { limit: 9 })).toEqual([]);
  expect(await w.store.runs.pruneRuns(w.workspace, 0, 0)).toBe(0);
  expect(await w.store.runs.clearMemo(w.workspace)).toBe(0);
  await w.store.runs.writeDocument(w.workspace, 'keys', 'text', undefined);
  expect(existsSync(`${file}-runs`)).toBe(false);
  await record(w, 1, 10);
  for (const path of [`${file}-runs`, `${file}-runs-wal`]) expect(statSync(path).mode & 0o077).toBe(0);
  expect((await w.store.statistics())['runFileBytes']).toBeGreaterThan(0);
  await w.store.close();
  expect(readdirSync(folder).sort()).toEqual(['store.db', 'store.db-runs']);
  const again = await openWorld(file);
  expect((await again.store.runs.statistics(again.workspace)).runs).toBe(10);
  await again.store.close();
  expect(readdirSync(folder).sort()).toEqual(['store.db', 'store.db-runs']);
});

it('shares one sync among the writes that come together', async () => {
  const w = await openWorld(join(temporaryFolder(), 'store.db'));
  const count = async (): Promise<number> => (await w.store.statistics())['runTransactions']!;
  expect(await count()).toBe(0);
  // The thread is only starting: they have all come when it looks.
  await Promise.all(Array.from({ length: 10 }, (_, i) => record(w, i * 20 + 1, 20)));
  expect(await count()).toBe(1);
  await record(w, 1_000, 20);
  expect(await count()).toBeGreaterThan(1);
  await w.store.close();
});

it('leaves nothing of a backup whose second part fails', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'store.db');
  await makeStore(file, 100);
  const w = await openWorld(file);
  const destination = join(folder, 'backup.db');
  const { runs } = w.store;
  const backup = (runs as SqliteRunStore).backup.bind(runs);
  // Somebody takes the name while the runs are copied.
  (runs as SqliteRunStore).backup = async (to) => {
    await backup(to);
    writeFileSync(destination, 'theirs');
  };
  await expect(w.store.backup(destination)).rejects.toMatchObject({ code: 'store_failed' });
  expect(existsSync(`${destination}-runs`)).toBe(false);
  expect(readFileSync(destination, 'utf8')).toBe('theirs');
  await w.store.close();
});

it('fails the batch that does not fit, alone and whole, and goes on', async () => {
  const w = await openWorld(join(temporaryFolder(), 'store.db'), 1024 * 1024);
  await w.found();
  const huge = batch(w, 100, 50, { failure: { code: 'threw', message: 'm'.repeat(64 * 1024) } });
  const [first, second, third] = await Promise.allSettled([
    record(w, 1, 20),
    w.store.runs.putRuns(w.workspace, [...batch(w, 50, 10), ...huge]),
    record(w, 200, 20),
  ]);
  expect([first.status, second.status, third.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(second).toMatchObject({ reason: { code: 'store_failed', data: { full: true } } });
  expect((await w.store.runs.statistics(w.workspace)).runs).toBe(40);
  await record(w, 300, 20);
  expect(await w.store.check(10)).toEqual([]);
  await w.store.close();
});

it('fails the memo entry that cannot be stored, and not its neighbours', async () => {
  const w = await openWorld(join(temporaryFolder(), 'store.db'));
  const bad = w.store.runs.writeMemo(w.workspace, [{ key: digest('bad'), text: 'half \ud83d' }], 1_000);
  const good = w.store.runs.writeMemo(w.workspace, [{ key: digest('good'), text: 'whole' }], 1_000);
  await expect(bad).rejects.toMatchObject({ code: 'store_failed' });
  await good;
  expect((await w.store.runs.readMemo(w.workspace, [digest('bad'), digest('good')])).size).toBe(1);
  await w.store.close();
});

it('finds what is filed and what it is filed from in contradiction', async () => {
  const file = join(temporaryFolder(), 'store.db');
  await makeStore(file);
  const harm = async (sql: string): Promise<string> => {
    const copy = join(temporaryFolder(), 'store.db');
    copyFileSync(file, copy);
    copyFileSync(`${file}-runs`, `${copy}-runs`);
    const db = new DatabaseSync(`${copy}-runs`);
    db.exec(sql);
    db.close();
    const store = await openSqliteStore({ file: copy });
    const problems = await store.check(10);
    await store.close();
    return problems.map((p) => `${p.where}: ${p.what}`).join('\n');
  };
  const key = '(select key from run order by key limit 1)';
  expect(await harm('select 1')).toBe('');
  expect(await harm(`delete from run where key = ${key}`)).toContain('a run is filed that does not exist');
  expect(await harm(`update run set component = 'x' where key = ${key}`)).toContain('not filed under its component');
  expect(await harm(`update run set function = 'x' where key = ${key}`)).toContain('not filed under its function');
  expect(await harm(`update run set change_set = 'x' where key = ${key}`)).toContain('not filed under its change set');
  expect(await harm(`update run set text = '[' where key = ${key}`)).toContain('the text of a run is not JSON');
  expect(await harm('delete from memo_filed where number = 5')).toContain('a memo entry is not filed');
  expect(await harm('delete from memo where key & 0xffff = 5')).toContain('a memo entry is filed that does not exist');
  expect(await harm('update workspace set memo_bytes = 1')).toContain('the size of the memo');
}, 60_000);

it('opens without its second file’s help: one that is damaged, newer or foreign is a fault of runs alone', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'store.db');
  await makeStore(file, 100);
  const whole = readFileSync(`${file}-runs`);
  const attempt = async (): Promise<unknown> => {
    const w = await openWorld(file);
    const { version } = (await w.store.findChangeSet(w.workspace, w.head))!;
    expect(await w.commit(w.step(w.head, version + 1))).toEqual({ ok: true });
    const code = await w.store.runs.statistics(w.workspace).catch((e: { code: string }) => e.code);
    await w.store.close();
    return code;
  };
  writeFileSync(`${file}-runs`, 'not a database at all '.repeat(100));
  expect(await attempt()).toBe('store_damaged');
  rmSync(`${file}-runs`);
  let db = new DatabaseSync(`${file}-runs`);
  db.exec('create table t (a)');
  db.close();
  expect(await attempt()).toBe('store_damaged');
  writeFileSync(`${file}-runs`, whole);
  db = new DatabaseSync(`${file}-runs`);
  db.exec('pragma user_version = 999');
  db.close();
  expect(await attempt()).toBe('store_version');
  // Runs may be lost: without the file the store begins anew.
  rmSync(`${file}-runs`);
  expect(await attempt()).toEqual({ runs: 0, logLines: 0, memoEntries: 0, memoBytes: 0 });
});

it('backs up runs while they are recorded, and restores them with the rest', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'store.db');
  await makeStore(file);
  const w = await openWorld(file);
  await w.store.runs.putSealed(w.workspace, 's', 'sealed');
  let isDone = false;
  const recording = (async () => {
    let from = 9_001;
    for (; !isDone; from += 100) await record(w, from, 100);
    return from - 1;
  })();
  const destination = join(folder, 'backup.db');
  await w.store.backup(destination);
  isDone = true;
  const last = await recording;
  expect((await w.store.runs.statistics(w.workspace)).runs).toBe(last);
  await expect(w.store.backup(destination)).rejects.toMatchObject({ refusal: { code: 'already_exists' } });
  await w.store.close();
  expect(readdirSync(folder).sort()).toEqual(['backup.db', 'backup.db-runs', 'store.db', 'store.db-runs']);

  const restored = join(folder, 'restored.db');
  await restoreSqliteStore(destination, restored);
  const r = await openWorld(restored);
  const { runs, memoEntries } = await r.store.runs.statistics(r.workspace);
  expect(runs).toBeGreaterThanOrEqual(9_000);
  expect(runs).toBeLessThanOrEqual(last);
  expect(runs % 100).toBe(0);
  expect(memoEntries).toBeGreaterThanOrEqual(9_000);
  expect(await r.store.runs.findRun(r.workspace, idOf<RunId>(9_000))).toEqual(sampleRun(r, 9_000));
  expect(await r.store.runs.readSealed(r.workspace, 's')).toBe('sealed');
  expect(await r.store.check(10)).toEqual([]);
  await record(r, 100_000, 100);
  await r.store.close();
  expect(readdirSync(folder).sort()).toEqual([
    'backup.db',
    'backup.db-runs',
    'restored.db',
    'restored.db-runs',
    'store.db',
    'store.db-runs',
  ]);

  const damaged = readFileSync(`${destination}-runs`);
  damaged.fill(0xff, damaged.length - 81_920, damaged.length - 40_960);
  writeFileSync(`${destination}-runs`, damaged);
  const to = join(folder, 'again.db');
  await expect(restoreSqliteStore(destination, to)).rejects.toMatchObject({ code: 'store_damaged' });
  expect(readdirSync(folder).filter((name) => name.startsWith('again'))).toEqual([]);
}, 60_000);
