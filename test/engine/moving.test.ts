// A store made from another, seen by an engine: everything looks the same there, and what goes wrong on the way is found.

import { join } from 'node:path';
import pg from 'pg';
import { expect, test } from 'vitest';
import { openPostgresTarget } from '../../src/adapters/postgres/load.ts';
import { openPostgresStore, PostgresStore } from '../../src/adapters/postgres/store.ts';
import { openDatabase } from '../../src/adapters/sqlite/driver.ts';
import { openSqliteTarget } from '../../src/adapters/sqlite/load.ts';
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts';
import { systemWorld } from '../../src/adapters/system/world.ts';
import { type Moved, moveStore } from '../../src/engine/move_store.ts';
import { logLine, memoRows, sampleRuns } from '../../src/ports/conformance/run_world.ts';
import { StoreWorld } from '../../src/ports/conformance/store_world.ts';
import type { DumpableStore, DumpPart, DumpRow, DumpTableName, StoreTarget } from '../../src/ports/store_dump.ts';
import { House, newFolder, smallCatalogue, sqliteHouse } from './house.ts';

const testStore = process.env['HEADWATER_TEST_STORE'];
let schemas = 0;

/** A place of the kind that the house's store is not of; where there is only one kind, another file. */
function placeBeside(store: DumpableStore): { make(): Promise<StoreTarget>; open(): Promise<DumpableStore> } {
  const file = join(newFolder(), 'moved.db');
  if (testStore === undefined || store instanceof PostgresStore)
    return { make: () => openSqliteTarget(file), open: () => openSqliteStore({ file }) };
  const options = { url: testStore, schema: `moved_${process.pid}_${++schemas}`, isAlone: true };
  return { make: () => openPostgresTarget(options), open: () => openPostgresStore(options) };
}

/** A house with a history: versions of Head, open and abandoned change sets, a catch-up, runs, settings, a second workspace. */
async function lived(): Promise<House> {
  const house = await sqliteHouse().start();
  const work = await house.withBox();
  const id = await house.create(work, 'a', { '/domain/text': 'long '.repeat(2_000), '/domain/list': ['x', 'y'] });
  await house.call('change_set.apply', { changeSet: work });
  const gone = await house.open('gone');
  await house.set(gone, id, '/domain/text', 'gone');
  await house.call('change_set.abandon', { changeSet: gone });
  const kept = await house.open('kept');
  await house.set(kept, id, '/domain/inner/a', 'pending');
  const other = await house.open('other');
  for (let n = 1; n <= 30; n++) await house.set(other, id, '/domain/size', n);
  await house.call('change_set.apply', { changeSet: other, idempotencyKey: 'once' });
  await house.call('workspace.create', { name: 'second' });
  const { store, id: workspace } = await house.workspace();
  const w = new StoreWorld(store, systemWorld().digest);
  const [run, ...runs] = sampleRuns(w, 1, 40);
  await store.runs.putRuns(workspace, [run!, ...runs]);
  await store.runs.appendLog(workspace, [{ run: run!.id, line: logLine(1) }]);
  await store.runs.writeMemo(workspace, memoRows(w, 1, 30), 1_000_000);
  await store.putSetting(workspace, 'of a test', 'value');
  await store.runs.writeDocument(workspace, 'of a test', 'text', undefined);
  await store.runs.putSealed(workspace, 'key', 'sealed');
  return house;
}

/** The store of a house that was closed in between, with nothing left to write. */
async function storeOf(house: House): Promise<DumpableStore> {
  await house.reopen();
  // Where workspaces are leased, this is who has them.
  for (const { id } of await house.engine.listWorkspaces()) await house.workspace(id);
  return house.engine.store as DumpableStore;
}

const moveTo = (source: DumpableStore, target: StoreTarget): Promise<Moved> =>
  moveStore({
    source,
    target,
    world: systemWorld(),
    catalogue: smallCatalogue,
    verifiesSource: true,
    progress: () => {},
  });

/** What can be seen of it from outside. */
async function appearance(house: House): Promise<unknown> {
  const out: unknown[] = [];
  for (const workspace of ['default', 'second']) {
    const rows = await house.call<{ id: string; isHead: boolean }[]>('change_set.list', { workspace, all: true });
    out.push(rows, await house.call('audit.list', { workspace, limit: 1_000 }));
    out.push(await house.call('run.list', { workspace }), await house.call('events.read', { workspace, after: 0 }));
    for (const { id, isHead } of rows)
      if (!isHead) out.push(await house.call('change_set.review', { workspace, changeSet: id }));
  }
  return out;
}

async function tablesOf(store: DumpableStore): Promise<DumpTableName[]> {
  const tables = new Set<DumpTableName>();
  for await (const { table } of store.dump()) tables.add(table);
  return [...tables];
}

/** A target that gives `change` the rows of a table on their way. */
function spoiled(target: StoreTarget, name: DumpTableName, change: (rows: readonly DumpRow[]) => readonly DumpRow[]) {
  const write = (part: DumpPart) => target.write(part.table === name ? { ...part, rows: change(part.rows) } : part);
  return {
    write,
    written: () => target.written(),
    publish: () => target.publish(),
    discard: () => target.discard(),
  };
}

test('[EN740] what is moved looks the same, verifies, and an engine goes on with it', {
  timeout: 120_000,
}, async () => {
  const house = await lived();
  const source = await storeOf(house);
  const place = placeBeside(source);
  const moved = await moveTo(source, await place.make());
  expect(moved).toMatchObject({ workspaces: 2, rows: { change_set: 7, run: 40, memo: 30, sealed: 1 } });
  // Back to a place of the first kind.
  const between = await place.open();
  const last = placeBeside(between);
  expect(await moveTo(between, await last.make())).toEqual(moved);
  await between.close();
  const before = await appearance(house);
  for (const { open } of [place, last]) {
    const opened = await new House(open, {}).start();
    expect(await appearance(opened)).toEqual(before);
    await opened.sound();
    const changeSet = await opened.open('later');
    await opened.set(changeSet, 'a', '/domain/size', 77);
    await opened.call('change_set.apply', { changeSet });
    await opened.sound();
    await opened.close();
  }
  await house.sound();
  await house.close();
});

test('[EN741] a row that is lost or changed on the way is found, whatever its table', {
  timeout: 120_000,
}, async () => {
  const house = await lived();
  const source = await storeOf(house);
  const tables = (await tablesOf(source)).filter((t) => t !== 'workspace' && t !== 'change_set');
  expect(tables).toEqual(expect.arrayContaining(['log', 'audit', 'chunk', 'checkpoint', 'setting', 'document', 'run']));
  for (const table of tables) {
    const place = placeBeside(source);
    let isOver = false;
    const lost = spoiled(await place.make(), table, (rows) => {
      const [first, ...others] = rows;
      const all = isOver ? [first!, ...others] : others;
      isOver = true;
      return all;
    });
    const failed = moveTo(source, lost);
    await expect(failed, table).rejects.toMatchObject({ code: 'store_failed' });
    await expect(failed, table).rejects.toThrow(new RegExp(`not what the source has: workspace \\w{26}, ${table}`));
    // The place is free again.
    const target = await place.make();
    await target.discard();
  }
  const place = placeBeside(source);
  const changed = spoiled(await place.make(), 'memo', (rows) => rows.map(([key]) => [key!, 'another']));
  await expect(moveTo(source, changed)).rejects.toThrow(/memo: 30 rows, not all the same/);
  await house.close();
});

test('[EN741] a source that does not verify is not moved', { timeout: 60_000 }, async () => {
  const house = await lived();
  await house.close();
  await behind(house, `update audit set text = replace(text, 'component.create', 'component.erase')`);
  await house.start();
  for (const { id } of await house.engine.listWorkspaces()) await house.engine.driven(id);
  const source = house.engine.store as DumpableStore;
  const place = placeBeside(source);
  const failed = moveTo(source, await place.make());
  await expect(failed).rejects.toMatchObject({
    code: 'store_damaged',
    message: expect.stringMatching(/the source does not verify/),
  });
  const target = await place.make();
  await target.discard();
  await house.close();
});

/** A statement behind the back of a closed store. */
async function behind(house: House, sql: string): Promise<void> {
  if (house.file !== undefined) {
    const db = openDatabase(house.file);
    db.exec(sql);
    db.close();
    return;
  }
  const client = new pg.Client({ connectionString: testStore! });
  await client.connect();
  const store = house.engine.store as PostgresStore;
  await client.query(`set search_path = ${store.options.schema}; ${sql}`);
  await client.end();
}
