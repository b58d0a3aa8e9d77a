// The journal beside the file: what a dead owner left in it, what it may not be, and the file of the release before.

import { hash } from 'node:crypto';
import { copyFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts';
import type { ActionId, ChangeSetId } from '../../src/base/ids.ts';
import { append, move, nothing, queue, sampleAction, steps } from '../../src/ports/conformance/action_world.ts';
import { idOf, StoreWorld } from '../../src/ports/conformance/store_world.ts';
import type { Commit } from '../../src/ports/store.ts';
import { digest, temporaryFolder } from './folders.ts';

const { DatabaseSync } = createRequire(import.meta.url)(
  '@photostructure/sqlite',
) as typeof import('@photostructure/sqlite');

const blockBytes = 4096;
const suffixes = ['', '-wal', '-commits'];
/** Versions of Head in the journal of `makeDead`, the first of them after those in the tables. */
const [moved, last] = [3, 9];

async function openWorld(file: string): Promise<StoreWorld> {
  return new StoreWorld(await openSqliteStore({ file }), digest);
}

const running = (w: StoreWorld, n: number) =>
  sampleAction(w, n, { status: 'running', revision: 2, origins: [w.head, idOf<ChangeSetId>(199)] });

/** With each version of Head a step of reality, an action that is queued, and the one before that starts to run. */
function withActions(w: StoreWorld, v: number): Pick<Commit, 'reality' | 'actions'> {
  const moves = v === 1 ? [] : [move(running(w, v - 1))];
  return { reality: append(v, v), actions: [...queue(sampleAction(w, v)), ...moves] };
}

/** The files of a store whose owner died: Head at 9, the last six versions only in the journal, one record each. */
async function makeDead(more: (w: StoreWorld, v: number) => Partial<Commit> = withActions): Promise<string> {
  const file = join(temporaryFolder(), 'store.db');
  const w = await openWorld(file);
  await w.found();
  for (let v = 1; v <= moved; v++) await w.commit(w.step(w.head, v, more(w, v)));
  await w.store.readAudit(w.workspace, { limit: 1 });
  for (let v = moved + 1; v <= last; v++) {
    const idempotency = { principal: 'user:a', key: `k${v}`, requestHash: digest('k'), reply: `reply ${v}`, atMs: v };
    await w.commit(w.step(w.head, v, { chunks: [w.chunk(`blob ${v}`)], idempotency, ...more(w, v) }));
  }
  const dead = join(temporaryFolder(), 'store.db');
  for (const suffix of suffixes) copyFileSync(file + suffix, dead + suffix);
  await w.store.close();
  return dead;
}

/** Puts other bytes into the journal: `change` gets it whole. */
function spoil(file: string, change: (bytes: Buffer) => void): void {
  const bytes = readFileSync(`${file}-commits`);
  change(bytes);
  writeFileSync(`${file}-commits`, bytes);
}

async function assertActions(w: StoreWorld, version: number): Promise<void> {
  expect(await w.store.readReality(w.workspace, 0)).toEqual(steps(1, version));
  const moved = Array.from({ length: version - 1 }, (_, i) => running(w, version - 1 - i));
  expect(await w.store.listActions(w.workspace, { limit: 99 })).toEqual([sampleAction(w, version), ...moved]);
  expect(await w.store.listActions(w.workspace, { origin: idOf<ChangeSetId>(199), limit: 99 })).toEqual(moved);
}

async function versionOf(file: string, actions: 'with actions' | 'without' = 'with actions'): Promise<number> {
  const w = await openWorld(file);
  try {
    expect(await w.store.check(10)).toEqual([]);
    const row = await w.store.findChangeSet(w.workspace, w.head);
    expect((await w.store.readLog(w.workspace, w.head, 0, 99)).length).toBe(row!.version);
    if (actions === 'with actions') await assertActions(w, row!.version);
    return row!.version;
  } finally {
    await w.store.close();
  }
}

it('moves what a dead owner left, once, and goes on from it', async () => {
  const file = await makeDead();
  const w = await openWorld(file);
  expect(await w.textOf(w.chunk('blob 9').hash)).toBe('blob 9');
  expect((await w.store.findIdempotent(w.workspace, 'user:a', 'k9'))?.reply).toBe('reply 9');
  const stale = { ok: false, action: idOf<ActionId>(9), revision: 1 };
  expect(await w.commit({ ...nothing, actions: [move(sampleAction(w, 9, { revision: 7 }))] })).toEqual(stale);
  expect(await w.commit({ ...nothing, reality: append(9, 9) })).toEqual({ ok: false, reality: 9 });
  expect(await w.commit(w.step(w.head, 10, withActions(w, 10)))).toEqual({ ok: true });
  await w.store.close();
  expect(existsSync(`${file}-commits`)).toBe(false);
  expect(await versionOf(file)).toBe(10);
});

it('moves nothing twice when the owner died between moving and writing over', async () => {
  const file = await makeDead();
  const before = readFileSync(`${file}-commits`);
  expect(await versionOf(file)).toBe(last);
  writeFileSync(`${file}-commits`, before);
  expect(await versionOf(file)).toBe(last);
});

it('leaves out a record that was never finished', async () => {
  const file = await makeDead();
  spoil(file, (bytes) => bytes.fill(0, (last - moved - 1) * blockBytes + 500, (last - moved) * blockBytes));
  expect(await versionOf(file)).toBe(last - 1);
  const cut = await makeDead();
  truncateSync(`${cut}-commits`, 2 * blockBytes + 100);
  expect(await versionOf(cut)).toBe(moved + 2);
});

it('refuses to open when a record is damaged that others follow', async () => {
  const file = await makeDead();
  spoil(file, (bytes) => {
    bytes[2 * blockBytes + 200]! ^= 1;
  });
  await expect(openSqliteStore({ file })).rejects.toMatchObject({ code: 'store_damaged' });
});

it('reads the journal of a release that knew of no actions', async () => {
  const file = await makeDead(() => ({}));
  const journal = readFileSync(`${file}-commits`);
  expect(journal.includes('"actions"') || journal.includes('"reality":')).toBe(false);
  const db = new DatabaseSync(file);
  db.exec(`drop table action; drop table action_origin; drop table reality; drop table event;
    alter table workspace drop column events_removed;
    alter table checkpoint drop column reality_seq; pragma user_version = 4`);
  db.close();
  expect(await versionOf(file, 'without')).toBe(last);
  const w = await openWorld(file);
  expect(await w.commit(w.step(w.head, last + 1, withActions(w, 1)))).toEqual({ ok: true });
  await assertActions(w, 1);
  await w.store.close();
});

it('refuses the journal of a release whose actions it cannot read', async () => {
  const file = await makeDead();
  spoil(file, (bytes) => {
    bytes.write('"format":9', bytes.indexOf('"format":1'), 'latin1');
    // Of the first record: a checksum of 32 bytes behind the first 8, of id, number, length and payload.
    const end = 68 + bytes.readUInt32BE(64);
    hash('sha256', bytes.subarray(40, end), 'buffer').copy(bytes, 8);
  });
  const refused = { code: 'store_damaged', message: expect.stringContaining('unknown format 9') };
  await expect(openSqliteStore({ file })).rejects.toMatchObject(refused);
});

it('refuses the journal of another store', async () => {
  const file = await makeDead();
  copyFileSync(`${await makeDead()}-commits`, `${file}-commits`);
  await expect(openSqliteStore({ file })).rejects.toMatchObject({ code: 'store_damaged' });
});

it('answers from the journal and from the tables alike while it moves many commits', async () => {
  const file = join(temporaryFolder(), 'store.db');
  const w = await openWorld(file);
  await w.found();
  const ids = await Promise.all(Array.from({ length: 8 }, (_, n) => w.open(101 + n)));
  await Promise.all(
    ids.map(async (id, n) => {
      for (let v = 1; v <= 300; v++) {
        expect(await w.commit(w.step(id, v))).toEqual({ ok: true });
        if (v % 97 !== n) continue;
        expect((await w.store.findChangeSet(w.workspace, id))!.version).toBe(v);
        expect((await w.store.readLog(w.workspace, id, v - 1, v)).map((l) => l.version)).toEqual([v]);
        await w.store.putSetting(w.workspace, 's', String(v));
      }
    }),
  );
  const { logRows, commits } = await w.store.statistics();
  expect([logRows, commits]).toEqual([2_400, 2_409]);
  expect(await w.store.check(10)).toEqual([]);
  await w.store.close();
});

it('opens the file of the release before and keeps everything', async () => {
  const file = join(temporaryFolder(), 'store.db');
  const db = new DatabaseSync(file);
  db.exec(readFileSync(new URL('./fixtures/store_version_1.sql', import.meta.url), 'utf8'));
  db.close();
  const w = await openWorld(file);
  expect(await w.store.check(10)).toEqual([]);
  expect(await w.store.findChangeSet(w.workspace, w.head)).toEqual(w.row(w.head, 3));
  expect(await w.store.findChangeSet(w.workspace, idOf<ChangeSetId>(101))).toEqual(w.row(idOf<ChangeSetId>(101), 1));
  expect(await w.store.readLog(w.workspace, w.head, 0, 9)).toEqual([1, 2, 3].map((v) => w.log(w.head, v)));
  expect(await w.textOf(w.chunk('blob 2').hash)).toBe('blob 2');
  expect((await w.store.listCheckpoints(w.workspace)).map((c) => c.version)).toEqual([2]);
  expect(await w.store.getSetting(w.workspace, 's')).toBe('a value');
  expect((await w.store.listCheckpoints(w.workspace)).map((c) => c.realitySeq)).toEqual([0]);
  expect([await w.store.realitySeq(w.workspace), await w.store.listActions(w.workspace, { limit: 9 })]).toEqual([
    0,
    [],
  ]);
  expect(await w.commit(w.step(w.head, 4))).toEqual({ ok: true });
  await w.store.close();
  expect(await versionOf(file, 'without')).toBe(4);
});
