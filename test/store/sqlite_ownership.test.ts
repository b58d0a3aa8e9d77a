// One process owns the file, and what it acknowledged survives its death: with real processes and kill -9.

import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openSqliteStore, type SqliteStore } from '../../src/adapters/sqlite/store.ts';
import type { ChangeSetId, WorkspaceId } from '../../src/base/ids.ts';
import { Child } from './child.ts';
import { temporaryFolder } from './folders.ts';

const workspace = '01WORKSPACE000000000000000' as WorkspaceId;
const id = '01CHANGESET000000000000000' as ChangeSetId;

it('refuses a second process at once, and the kernel frees the file when the first is killed', async () => {
  const file = join(temporaryFolder(), 'store.db');
  const first = new Child(file, 'hold');
  expect(await first.said(1)).toEqual(['open']);
  const startedAt = performance.now();
  await expect(openSqliteStore({ file })).rejects.toMatchObject({ code: 'store_busy' });
  expect(performance.now() - startedAt).toBeLessThan(1_000);
  const second = new Child(file, 'hold');
  expect(await second.said(1)).toEqual(['store_busy']);
  await second.kill();
  await first.kill();
  const store = await openSqliteStore({ file });
  // And the other way round: this process owns it now.
  const third = new Child(file, 'hold');
  expect(await third.said(1)).toEqual(['store_busy']);
  await third.kill();
  await store.close();
});

it('refuses a second opening in the same process', async () => {
  const file = join(temporaryFolder(), 'store.db');
  const store = await openSqliteStore({ file });
  await expect(openSqliteStore({ file })).rejects.toMatchObject({ code: 'store_busy' });
  await store.close();
});

it('lets exactly one of several processes that start together own a new file', async () => {
  const file = join(temporaryFolder(), 'store.db');
  const children = Array.from({ length: 4 }, () => new Child(file, 'hold'));
  const said = await Promise.all(children.map(async (child) => (await child.said(1))[0]));
  await Promise.all(children.map((child) => child.kill()));
  expect(said.filter((line) => line === 'open')).toHaveLength(1);
  expect(said.filter((line) => line === 'store_busy')).toHaveLength(3);
});

it('loses nothing that was acknowledged in twenty kills', async () => {
  const file = join(temporaryFolder(), 'store.db');
  let acknowledged = 0;
  for (let kill = 0; kill < 20; kill++) {
    const child = new Child(file, 'write');
    await child.said(2 + ((kill * 37) % 90));
    await child.kill();
    const said = child.lines.filter((line) => /^\d+$/.test(line)).map(Number);
    expect(said.length).toBeGreaterThan(0);
    acknowledged = said.at(-1)!;
    if (kill % 5 !== 4) continue;
    // Every fifth time this process looks itself; in between the next child goes on from what it finds.
    const store = await openSqliteStore({ file });
    const row = await store.findChangeSet(workspace, id);
    // One more may have landed whose acknowledgement was never said.
    expect(row!.version - acknowledged).toBeGreaterThanOrEqual(0);
    expect(row!.version - acknowledged).toBeLessThanOrEqual(1);
    expect((await store.readLog(workspace, id, 0, row!.version)).length).toBe(row!.version);
    await assertWhole(store, row!.version, acknowledged);
    expect(await store.check(10)).toEqual([]);
    await store.close();
  }
}, 60_000);

/** Reality and actions are those of the version: no step or action less or more, none half moved, none pruned too soon. */
async function assertWhole(store: SqliteStore, version: number, acknowledged: number): Promise<void> {
  expect(await store.realitySeq(workspace)).toBe(version);
  expect((await store.readReality(workspace, 0)).map((step) => step.text)).toEqual(
    Array.from({ length: version }, (_, i) => `step ${i + 1}`),
  );
  const actions = await store.listActions(workspace, { limit: 1_000_000 });
  const oldest = version - actions.length + 1;
  // What was pruned for sure, and what may have been.
  expect(oldest).toBeGreaterThanOrEqual(Math.max(1, Math.floor((acknowledged - 1) / 25) * 25 - 50));
  expect(oldest).toBeLessThanOrEqual(Math.max(1, Math.floor(version / 25) * 25 - 50));
  expect(actions.map(({ id, status, revision }) => [Number(id.slice(2)), status, revision])).toEqual(
    Array.from({ length: actions.length }, (_, i) =>
      i === 0 ? [version, 'queued', 1] : [version - i, 'succeeded', 2],
    ),
  );
  expect(await store.listActions(workspace, { origin: id, limit: 1_000_000 })).toEqual(actions);
  const ended = { origin: workspace as string as ChangeSetId, limit: 1_000_000 };
  expect(await store.listActions(workspace, ended)).toEqual(actions.slice(1));
}
