// The file itself: group commit, damage, versions, a full disk, backup and restore.

import { copyFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { restoreSqliteStore } from '../../src/adapters/sqlite/restore.ts';
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts';
import type { Hash } from '../../src/base/ids.ts';
import { append, move, nothing, queue, sampleAction } from '../../src/ports/conformance/action_world.ts';
import { type StoreWorld, StoreWorld as World } from '../../src/ports/conformance/store_world.ts';
import type { DumpableStore } from '../../src/ports/store_dump.ts';
import { digest, temporaryFolder } from './folders.ts';

const { DatabaseSync } = createRequire(import.meta.url)(
  '@photostructure/sqlite',
) as typeof import('@photostructure/sqlite');

async function openWorld(file: string, fileBytesMax?: number): Promise<StoreWorld> {
  const store = await openSqliteStore({ file, ...(fileBytesMax === undefined ? {} : { fileBytesMax }) });
  return new World(store, digest);
}

/** A closed store with a workspace, twenty versions of Head and `chunks` chunks. */
async function makeStore(file: string, chunks = 50): Promise<void> {
  const w = await openWorld(file);
  await w.found();
  for (let version = 1; version <= 20; version++) await w.commit(w.step(w.head, version));
  const texts = Array.from({ length: chunks }, (_, n) => w.chunk(`marked text ${n} ${'y'.repeat(1_000)}`));
  await w.store.writeChunks(w.workspace, texts, []);
  await w.commit({ ...nothing, reality: append(1, 20), actions: queue(sampleAction(w, 1), sampleAction(w, 2)) });
  await w.store.close();
}

it('shares one sync among the commits that are queued together', async () => {
  const w = await openWorld(join(temporaryFolder(), 'store.db'));
  await w.found();
  const ids = await Promise.all(Array.from({ length: 16 }, (_, n) => w.open(101 + n)));
  const before = await w.store.statistics();
  await Promise.all(
    ids.map(async (id) => {
      for (let version = 1; version <= 25; version++) await w.commit(w.step(id, version));
    }),
  );
  const after = await w.store.statistics();
  expect(after['commits']! - before['commits']!).toBe(16 * 25);
  expect(after['transactions']! - before['transactions']!).toBe(25);
  await w.store.close();
});

it('finds a flipped byte in a chunk, and says which chunk', async () => {
  const file = join(temporaryFolder(), 'store.db');
  await makeStore(file);
  const bytes = readFileSync(file);
  const at = bytes.indexOf('marked text 7 ');
  bytes[at] = bytes[at]! ^ 1;
  writeFileSync(file, bytes);
  const w = await openWorld(file);
  const problems = await w.store.check(10);
  expect(problems).toHaveLength(1);
  expect(problems[0]!.where).toContain(w.chunk(`marked text 7 ${'y'.repeat(1_000)}`).hash);
  await w.store.close();
});

it('finds rows that contradict each other', async () => {
  const file = join(temporaryFolder(), 'store.db');
  await makeStore(file);
  const harm = async (sql: string): Promise<string> => {
    const copy = join(temporaryFolder(), 'store.db');
    copyFileSync(file, copy);
    const db = new DatabaseSync(copy);
    db.exec(sql);
    db.close();
    const store = await openSqliteStore({ file: copy });
    const problems = await store.check(10);
    await store.close();
    return problems.map((p) => `${p.where}: ${p.what}`).join('\n');
  };
  expect(await harm('select 1')).toBe('');
  expect(await harm('delete from log where key & 0xffffffff = 5')).toContain('log: 19 entries, the last is 20');
  expect(await harm('delete from log where key & 0xffffffff = 20')).toContain('log: 19 entries, the last is 19');
  expect(await harm('delete from audit where chain & 0xffffffff = 20')).toContain('the hash of its last audit entry');
  expect(await harm(`update change_set set audit_head = '${digest('x')}'`)).toContain(
    'the hash of its last audit entry',
  );
  expect(await harm('delete from chunk where id = 3')).toContain('index entry without its chunk #3');
  expect(await harm('delete from chunk_index where chunk = 3')).toContain('no index entry');
  expect(await harm('update chunk_index set key = key + 1000000 where chunk = 3')).toContain('indexed under another');
  expect(await harm('update chunk_index set chunk = 4 where chunk = 3')).toContain('chunk #4: 2 index entries');
  expect(await harm('update change_set set ref = 77')).toContain('which does not exist');
  expect(await harm("update workspace set head = 'gone'")).toContain('its Head change set does not exist');
  expect(await harm('delete from reality where key & 0xffffffff = 5')).toContain(': step 6 follows step 4');
  expect(await harm('delete from reality where key & 0xffffffff = 1')).toContain(': its first step is 2');
  expect(await harm('update reality set key = key + (1 << 40)')).toContain(
    'reality of workspace #2: the workspace does not',
  );
  expect(await harm('update reality set text = 7 where key & 0xffffffff = 5')).toContain('step 5 cannot be read');
  expect(
    await harm('insert into checkpoint select ref << 32, intent_root, reality_root, null, 21 from change_set'),
  ).toContain('has step 21 of reality, the last is 20');
  const [first, second] = ['01'.padEnd(25, '0') + 1, '01'.padEnd(25, '0') + 2];
  const harmOne = (change: string): Promise<string> => harm(`update action set ${change} where id = '${first}'`);
  expect(await harmOne('text = substr(text, 2)')).toContain(`action ${first} cannot be read`);
  expect(await harmOne("text = 'null'")).toContain(`action ${first} cannot be read`);
  expect(await harmOne(`text = replace(text, '"format":1', '"format":9')`)).toContain('is of the unknown format 9');
  expect(await harmOne("status = 'lost'")).toBe(`action ${first}: unknown status "lost"`);
  expect(await harmOne('ended_at_ms = 5')).toBe(`action ${first}: its row ended at another time than its text says`);
  expect(await harmOne('workspace = 9')).toContain(`action ${first}: its workspace does not exist`);
  expect(await harm(`delete from action where id = '${second}'`)).toBe(
    `action ${second}: a change set asked for it, and it does not exist`,
  );
  expect(await harm(`delete from action_origin where id = '${second}'`)).toBe(
    `action ${second}: the change sets that asked for it are not those of its text`,
  );
});

it('reports damage of the file’s own structure instead of failing', async () => {
  const file = join(temporaryFolder(), 'store.db');
  await makeStore(file, 400);
  const bytes = readFileSync(file);
  bytes.fill(0xff, bytes.length - 81_920, bytes.length - 40_960);
  writeFileSync(file, bytes);
  const store = await openSqliteStore({ file });
  const problems = await store.check(5);
  expect(problems.length).toBeGreaterThan(0);
  expect(problems.length).toBeLessThanOrEqual(5);
  await store.close();
});

it('refuses a file of a newer release, another program’s database, and what is no database', async () => {
  const folder = temporaryFolder();
  const newer = join(folder, 'newer.db');
  await makeStore(newer);
  let db = new DatabaseSync(newer);
  db.exec('pragma user_version = 999');
  db.close();
  const before = readFileSync(newer);
  await expect(openSqliteStore({ file: newer })).rejects.toMatchObject({ code: 'store_version' });
  expect(readFileSync(newer).equals(before)).toBe(true);

  const foreign = join(folder, 'foreign.db');
  db = new DatabaseSync(foreign);
  db.exec('create table t (a)');
  db.close();
  await expect(openSqliteStore({ file: foreign })).rejects.toMatchObject({ code: 'store_damaged' });

  const noise = join(folder, 'noise.db');
  writeFileSync(noise, 'not a database at all '.repeat(100));
  await expect(openSqliteStore({ file: noise })).rejects.toMatchObject({ code: 'store_damaged' });
  await expect(openSqliteStore({ file: join(folder, 'no', 'such') })).rejects.toMatchObject({ code: 'store_failed' });
});

it('keeps a new file from other users', async () => {
  const file = join(temporaryFolder(), 'store.db');
  const w = await openWorld(file);
  await w.found();
  await w.commit(w.step(w.head, 1));
  for (const path of [file, `${file}-wal`, `${file}-commits`]) expect(statSync(path).mode & 0o077).toBe(0);
  await w.store.close();
  expect(existsSync(`${file}-wal`)).toBe(false);
  expect(existsSync(`${file}-commits`)).toBe(false);
});

it('fails the commit that does not fit, alone, and goes on', async () => {
  const w = await openWorld(join(temporaryFolder(), 'store.db'), 1024 * 1024);
  await w.found();
  const [a, b] = [await w.open(101), await w.open(102)];
  const huge = w.step(a, 1, { log: [{ changeSet: a, version: 1, text: 'z'.repeat(2 * 1024 * 1024) }] });
  const [first, second, third] = await Promise.allSettled([
    w.commit(w.step(b, 1)),
    w.commit(huge),
    w.commit(w.step(b, 2)),
  ]);
  expect([first.status, second.status, third.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(second).toMatchObject({ reason: { code: 'store_failed', data: { full: true } } });
  expect(await w.commit(w.step(a, 1))).toEqual({ ok: true });
  expect(await w.store.check(10)).toEqual([]);
  await w.store.close();
});

it('refuses a text with a lone surrogate instead of changing it', async () => {
  const w = await openWorld(join(temporaryFolder(), 'store.db'));
  await w.found();
  await expect(w.store.putSetting(w.workspace, 's', 'half \ud83d')).rejects.toMatchObject({ code: 'store_failed' });
  expect(await w.store.getSetting(w.workspace, 's')).toBeUndefined();
  await w.store.close();
});

it('fails the commit whose step or action cannot be stored, alone, and goes on', async () => {
  const w = await openWorld(join(temporaryFolder(), 'store.db'));
  await w.found();
  const bad = [
    {
      ...nothing,
      reality: { expected: 1, rows: [{ seq: 2, text: 'half \ud83d' }] },
      actions: queue(sampleAction(w, 2)),
    },
    w.step(w.head, 1, {
      actions: queue(sampleAction(w, 3), sampleAction(w, 1, { status: 'succeeded', endedAtMs: 1.5 })),
    }),
    { ...nothing, actions: queue(sampleAction(w, 4, { revision: 0.5 })) },
  ];
  const outcomes = await Promise.allSettled([
    w.commit({ ...nothing, reality: append(1, 1) }),
    ...bad.map((commit) => w.commit(commit)),
    w.commit(w.step(w.head, 1, { actions: queue(sampleAction(w, 3)) })),
  ]);
  const landed = { status: 'fulfilled', value: { ok: true } };
  const failed = { status: 'rejected', reason: { code: 'store_failed' } };
  expect(outcomes).toMatchObject([landed, failed, failed, failed, landed]);
  // And each by itself, as none of the others decides for it how it is written.
  const alone = [
    bad[0]!,
    { ...nothing, actions: queue(sampleAction(w, 1, { status: 'succeeded', endedAtMs: 1.5 })) },
    bad[2]!,
  ];
  for (const commit of alone) await expect(w.commit(commit)).rejects.toMatchObject({ code: 'store_failed' });
  expect(await w.store.realitySeq(w.workspace)).toBe(1);
  const found = await w.store.listActions(w.workspace, { limit: 9 });
  expect(found).toEqual([sampleAction(w, 3)]);
  expect(await w.commit(w.step(w.head, 2, { reality: append(2, 2) }))).toEqual({ ok: true });
  expect(await w.store.check(10)).toEqual([]);
  await w.store.close();
});

it('backs up while it is written, and restores what it backed up', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'store.db');
  const destination = join(folder, 'backup.db');
  await makeStore(file, 8_000);
  const w = await openWorld(file);
  let isDone = false;
  const writing = (async () => {
    let version = 20;
    while (!isDone) {
      version++;
      const actions = [move(sampleAction(w, 1, { revision: version - 19 })), ...queue(sampleAction(w, version))];
      await w.commit(w.step(w.head, version, { reality: append(version, version), actions }));
    }
    return version;
  })();
  await w.store.backup(destination);
  isDone = true;
  const last = await writing;
  expect(readdirSync(folder).sort()).toEqual(['backup.db', 'store.db', 'store.db-commits', 'store.db-wal']);
  // Nobody else's to read, whatever the umask.
  const modeOf = (path: string): number => statSync(path).mode & 0o777;
  expect(modeOf(destination)).toBe(0o600);
  await expect(w.store.backup(destination)).rejects.toMatchObject({ refusal: { code: 'already_exists' } });
  expect((await w.store.findChangeSet(w.workspace, w.head))!.version).toBe(last);
  await w.store.close();

  const restored = join(folder, 'restored.db');
  await restoreSqliteStore(destination, restored);
  expect(modeOf(restored)).toBe(0o600);
  const r = await openWorld(restored);
  const { version } = (await r.store.findChangeSet(r.workspace, r.head))!;
  expect(version).toBeGreaterThanOrEqual(20);
  expect(version).toBeLessThanOrEqual(last);
  expect(await r.store.check(10)).toEqual([]);
  expect(await r.store.realitySeq(r.workspace)).toBe(version);
  const actions = await r.store.listActions(r.workspace, { limit: 1_000_000 });
  expect(actions.map((a) => Number(a.id.slice(2))).reverse()).toEqual([
    1,
    2,
    ...Array.from({ length: version - 20 }, (_, i) => 21 + i),
  ]);
  expect(actions.at(-1)!.revision).toBe(version - 19);
  expect((await r.store.statistics())['chunks']).toBe(8_000);
  expect(await r.commit(r.step(r.head, version + 1))).toEqual({ ok: true });
  await r.store.close();
  await expect(restoreSqliteStore(destination, restored)).rejects.toMatchObject({ code: 'store_failed' });
}, 60_000);

it('does not restore a damaged backup, nor a store that is in use', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'store.db');
  await makeStore(file);
  const w = await openWorld(file);
  const backup = join(folder, 'backup.db');
  await w.store.backup(backup);
  await w.commit(w.step(w.head, 21));
  const to = join(folder, 'restored.db');
  await expect(restoreSqliteStore(file, to)).rejects.toMatchObject({ code: 'store_failed' });
  // The refusal has not cost the owner its lock.
  await expect(openSqliteStore({ file })).rejects.toMatchObject({ code: 'store_busy' });
  await w.store.close();
  const bytes = readFileSync(backup);
  const at = bytes.indexOf('marked text 9 ');
  bytes[at] = bytes[at]! ^ 1;
  writeFileSync(backup, bytes);
  await expect(restoreSqliteStore(backup, to)).rejects.toMatchObject({ code: 'store_damaged' });
  await expect(restoreSqliteStore(join(folder, 'missing'), to)).rejects.toMatchObject({ code: 'store_failed' });
  expect(readdirSync(folder).sort()).toEqual(['backup.db', 'store.db']);
});

it('dumps chunks in order of their hashes, also those that begin alike', async () => {
  const w = await openWorld(join(temporaryFolder(), 'store.db'));
  // The index has the first eleven digits; one more hash stands where the last of them would have to.
  const alike = ['f', '9', '3', '0', 'a', '1'].map((d) => `00000000001${d}`.padEnd(64, '7'));
  const hashes = [...alike, '000000000014'.padEnd(64, '0'), '000000000013'.padEnd(64, '0'), 'f'.repeat(64)];
  for (const hash of hashes) await w.store.writeChunks(w.workspace, [{ hash: hash as Hash, text: hash }], []);
  const dumped: unknown[] = [];
  for await (const { table, rows } of (w.store as DumpableStore).dump())
    if (table === 'chunk') dumped.push(...rows.map(([hash]) => hash));
  expect(dumped).toEqual([...hashes].sort());
  await w.store.close();
});
