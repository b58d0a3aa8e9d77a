// The journal beside the file: what a dead owner left in it, what it may not be, and the file of the release before.

import { copyFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts';
import type { ChangeSetId } from '../../src/base/ids.ts';
import { idOf, StoreWorld } from '../../src/ports/conformance/store_world.ts';
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

/** The files of a store whose owner died: Head at 9, the last six versions only in the journal, one record each. */
async function makeDead(): Promise<string> {
  const file = join(temporaryFolder(), 'store.db');
  const w = await openWorld(file);
  await w.found();
  for (let v = 1; v <= moved; v++) await w.commit(w.step(w.head, v));
  await w.store.readAudit(w.workspace, { limit: 1 });
  for (let v = moved + 1; v <= last; v++) {
    const idempotency = { principal: 'user:a', key: `k${v}`, requestHash: digest('k'), reply: `reply ${v}`, atMs: v };
    await w.commit(w.step(w.head, v, { chunks: [w.chunk(`blob ${v}`)], idempotency }));
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

async function versionOf(file: string): Promise<number> {
  const w = await openWorld(file);
  try {
    expect(await w.store.check(10)).toEqual([]);
    const row = await w.store.findChangeSet(w.workspace, w.head);
    expect((await w.store.readLog(w.workspace, w.head, 0, 99)).length).toBe(row!.version);
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
  expect(await w.commit(w.step(w.head, 10))).toEqual({ ok: true });
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
  expect(await w.commit(w.step(w.head, 4))).toEqual({ ok: true });
  await w.store.close();
  expect(await versionOf(file)).toBe(4);
});
