// Restarts, checkpoints, collections, backups: nothing of them may be seen in what is read.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MemoryStore } from '../../src/adapters/memory/store.ts';
import { restoreSqliteStore } from '../../src/adapters/sqlite/restore.ts';
import { systemWorld } from '../../src/adapters/system/world.ts';
import type { ChangeSetId, Hash, WorkspaceId } from '../../src/base/ids.ts';
import { refsOf } from '../../src/engine/blob_refs.ts';
import { keptCheckpoints } from '../../src/engine/maintain.ts';
import type { Workspace } from '../../src/engine/workspace.ts';
import { MerkleMap } from '../../src/snapshot/merkle_map.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { eachStore, fileHouse, House, newFolder } from './house.ts';

const tick = () => new Promise((resolve) => setImmediate(resolve));

const blob = (n: number) => `${n} ${'payload '.repeat(300)}`;

/** What everything looks like from outside: every change set's review, and every version of one component. */
async function appearance(house: House, changeSet: string, component: string): Promise<string> {
  const out: unknown[] = [];
  for (const row of await house.rows()) {
    out.push(row);
    if (!row.isHead) out.push(await house.call('change_set.review', { changeSet: row.id }));
  }
  const { version } = await house.row(changeSet);
  for (let v = 1; v <= version; v++) out.push(await house.value(changeSet, component, v));
  const head = await house.row('HEAD');
  for (let v = 1; v <= head.version; v++)
    out.push(await house.call('diff', { from: 'HEAD', fromVersion: v, to: changeSet }));
  return JSON.stringify(out);
}

/** Head with some versions, an open change set with many, an abandoned one. Answers the open one and a component. */
async function history(house: House): Promise<[changeSet: string, component: string]> {
  const first = await house.withBox();
  const id = await house.create(first, 'a', { '/domain/text': blob(0), '/domain/list': ['x', 'y'] });
  await house.call('change_set.apply', { changeSet: first });
  const gone = await house.open('gone');
  await house.create(gone, 'g', { '/domain/text': blob(1) });
  await house.call('change_set.abandon', { changeSet: gone });
  const second = await house.open('second');
  await house.set(second, id, '/domain/text', blob(2));
  await house.submit(second, { kind: 'list.insert', component: id, path: '/domain/list', value: 'z' });
  await house.call('change_set.apply', { changeSet: second });
  const open = await house.open('third');
  await house.create(open, 'b');
  for (let i = 0; i < 12; i++) {
    await house.set(open, id, i % 2 === 0 ? '/domain/text' : '/domain/size', i % 2 === 0 ? blob(10 + i) : i);
    if (i === 5) await (await house.workspace()).checkpoint();
  }
  return [open, id];
}

/** Puts a map of computed values with a blob under `entry` beside the checkpoint of a version; answers its root. */
async function writeDerived(
  w: Workspace,
  changeSet: string,
  version: number,
  [key, value]: [string, string],
): Promise<Hash> {
  const row = (await w.store.findChangeSet(w.id, changeSet as ChangeSetId))!;
  const reference = JSON.stringify({ b: w.space.putBlob(value) });
  const filler = Array.from({ length: 400 }, (_, i): [string, string] => [`${key} ${i}`, `{"n":${i}}`]);
  const entries = [[key, reference] as [string, string], ...filler].sort(([a], [b]) => (a < b ? -1 : 1));
  const derivedRoot = MerkleMap.build(w.space, entries).root();
  const chunks = w.space.collectUnwritten([derivedRoot]);
  const { id, intentRoot, realityRoot } = row;
  await w.store.writeChunks(w.id, chunks, [
    { changeSet: id, version, intentRoot, realityRoot, realitySeq: 0, derivedRoot },
  ]);
  w.space.markWritten(chunks.map((c) => c.hash));
  return derivedRoot;
}

/** The blob under the first key of computed values, every entry having been read. */
function readDerived(w: Workspace, root: Hash): Promise<string> {
  return w.read(() => {
    const entries = [...MerkleMap.open(w.space, root).scan({})];
    expect(entries).toHaveLength(401);
    const { b: hash } = JSON.parse(entries[0]![1]) as { b: Hash };
    return w.space.blob(hash);
  });
}

describe('upkeep', () => {
  eachStore((make, kind) => {
    test('[EN20] a restart without a checkpoint replays the log to the same roots', async () => {
      const house = await make();
      const [changeSet, id] = await history(house);
      const before = await appearance(house, changeSet, id);
      // Nothing was closed: a new engine on what the store has.
      if (kind.startsWith('memory')) {
        await house.start();
        expect(await appearance(house, changeSet, id)).toBe(before);
      }
      await house.reopen();
      expect(await appearance(house, changeSet, id)).toBe(before);
      await house.sound();
    });

    test('[EN20] without any checkpoint at all, everything is still there', async () => {
      const house = await make();
      const [changeSet, id] = await history(house);
      const before = await appearance(house, changeSet, id);
      await house.reopen();
      const w = await house.workspace();
      await house.engine.store.removeCheckpoints(w.id, await house.engine.store.listCheckpoints(w.id));
      w.forget();
      expect(await appearance(house, changeSet, id)).toBe(before);
      await house.sound();
    });

    test('[EN20] forgetting what is in memory changes nothing that is seen', async () => {
      const house = await make();
      const [changeSet, id] = await history(house);
      const before = await appearance(house, changeSet, id);
      (await house.workspace()).forget();
      expect(await appearance(house, changeSet, id)).toBe(before);
    });

    test('[EN20] checkpoints taken at any moment among edits change nothing', async () => {
      const house = await make({ unwrittenBytesMax: 20_000 });
      const changeSet = await house.withBox();
      const w = await house.workspace();
      let stop = false;
      const checkpoints = (async () => {
        while (!stop) {
          await w.checkpoint();
          await tick();
        }
      })();
      const ids = await Promise.all(
        Array.from({ length: 60 }, (_, i) => house.create(changeSet, `c${i}`, { '/domain/text': blob(i) })),
      );
      await Promise.all(ids.map((id, i) => house.set(changeSet, id, '/domain/size', i)));
      stop = true;
      await checkpoints;
      await house.reopen();
      for (const [i, id] of ids.entries())
        expect(await house.value(changeSet, id)).toMatchObject({ size: i, text: blob(i) });
      await house.sound();
    });

    test('[EN21] a collection removes what nothing needs, and every version and review stays', async () => {
      const house = await make();
      const [changeSet, id] = await history(house);
      const before = await appearance(house, changeSet, id);
      const first = await house.call<{ chunksRemoved: number }>('gc');
      expect(first.chunksRemoved).toBeGreaterThan(0);
      expect(await appearance(house, changeSet, id)).toBe(before);
      await house.reopen();
      expect(await appearance(house, changeSet, id)).toBe(before);
      expect(await house.call('gc')).toMatchObject({ checkpointsRemoved: 0 });
      await house.sound();
    });

    test('[EN21] a collection keeps the computed values of checkpoints that stay, and no others', async () => {
      const house = await make();
      const [changeSet] = await history(house);
      const w = await house.workspace();
      await w.checkpoint();
      const { version } = await house.row(changeSet);
      // Long values are blobs of their own, below the leaves.
      const old = await writeDerived(w, changeSet, version - 1, ['old', blob(80)]);
      const derived = await writeDerived(w, changeSet, version, ['new', blob(81)]);
      await house.reopen();
      const before = await house.workspace();
      expect(await readDerived(before, old)).toBe(blob(80));
      await house.call('gc');
      await house.reopen();
      const after = await house.workspace();
      expect(await readDerived(after, derived)).toBe(blob(81));
      await expect(readDerived(after, old)).rejects.toMatchObject({ code: 'chunk_missing' });
      const { store, id } = after;
      const left = (await store.listCheckpoints(id)).filter((c) => c.derivedRoot !== undefined);
      expect(left.map((c) => [c.changeSet, c.version, c.derivedRoot])).toEqual([[changeSet, version, derived]]);
      await house.sound();
      // A newer state without computed values does not take those of the older one away.
      await house.create(changeSet, 'later');
      await after.checkpoint();
      await house.call('gc');
      await house.reopen();
      expect(await readDerived(await house.workspace(), derived)).toBe(blob(81));
      await house.sound();
    });

    test('[EN17] verify finds computed values of which a part is missing', async () => {
      const house = await make();
      const [changeSet] = await history(house);
      const w = await house.workspace();
      await w.checkpoint();
      const [row] = (await house.rows()).filter((r) => r.id === changeSet);
      const { id, intentRoot, realityRoot, version } = row!;
      const derivedRoot = w.world.digest('never written');
      await w.store.writeChunks(
        w.id,
        [],
        [{ changeSet: id, version, intentRoot, realityRoot, realitySeq: 0, derivedRoot }],
      );
      const { ok, problems } = await house.call<{ ok: boolean; problems: { where: string }[] }>('verify');
      expect(ok).toBe(false);
      expect(problems.map((p) => p.where)).toEqual([`computed values of change set ${id} at ${version}`]);
    });

    test('[EN21] a state that comes back after its chunks were collected is written again', async () => {
      const house = await make();
      const changeSet = await house.withBox();
      const id = await house.create(changeSet, 'a', { '/domain/text': blob(0) });
      const w = await house.workspace();
      for (let round = 0; round < 4; round++) {
        for (const value of [blob(1), blob(2)]) {
          await house.set(changeSet, id, '/domain/text', value);
          await w.checkpoint();
          await house.call('gc');
        }
      }
      await house.reopen();
      expect((await house.value(changeSet, id))['text']).toBe(blob(2));
      await house.sound();
    });

    test('[EN782] a state of which no checkpoint is kept is not taken away while a branch is built from it', async () => {
      // Next to no cache: what is read comes from the store.
      const house = await make({ cacheBytesMax: 1 });
      await house.withBox();
      const w = await house.workspace();
      const applied = async (n: number, change: (in_: string) => Promise<unknown>) => {
        const changeSet = await house.open(`number ${n}`);
        await change(changeSet);
        await house.call('change_set.apply', { changeSet });
        await w.checkpoint();
        return (await house.row('HEAD')).version;
      };
      const ids: string[] = [];
      const old = await applied(1, async (in_) => {
        for (let i = 0; i < 40; i++) ids.push(await house.create(in_, `c${i}`, { '/domain/text': blob(i) }));
      });
      await applied(2, async (in_) => {
        for (const [i, id] of ids.entries()) await house.set(in_, id, '/domain/text', blob(100 + i));
      });
      await house.reopen();
      const again = await house.workspace();
      const textsOf = (state: Snapshot) =>
        again.read(() =>
          [...state.scan('cells', '')].flatMap(([, text]) => refsOf(text).map((hash) => again.space.blob(hash))),
        );
      let collection: Promise<unknown> | undefined;
      let hasCollected = false;
      await again.checkpoints.building(async () => {
        const { snapshot } = await again.headState(old);
        collection = house.call('gc').then(() => {
          hasCollected = true;
        });
        // Long enough for a collection that does not wait to be over.
        const endsAt = performance.now() + 1_000;
        while (!hasCollected && performance.now() < endsAt) await tick();
        expect(await textsOf(snapshot)).toContain(JSON.stringify(blob(39)));
      });
      await collection;
      expect(hasCollected).toBe(true);
      await house.sound();
    });

    test('[EN782] what branches are at stays, also what no checkpoint has', async () => {
      const house = await make({ cacheBytesMax: 1 });
      const changeSet = await house.withBox();
      const id = await house.create(changeSet, 'a', { '/domain/text': blob(1) });
      const w = await house.workspace();
      await w.checkpoint();
      await w.store.removeCheckpoints(w.id, await w.store.listCheckpoints(w.id));
      await house.call('gc');
      expect((await house.value(changeSet, id))['text']).toBe(blob(1));
      await house.create(changeSet, 'b');
      await house.sound();
    });

    test('[EN21] collections while edits, forks, applies and readers go on', async () => {
      const house = await make({ unwrittenBytesMax: 50_000 });
      const changeSet = await house.withBox();
      const id = await house.create(changeSet, 'a', { '/domain/text': blob(0) });
      let stop = false;
      let collections = 0;
      const collecting = (async () => {
        while (!stop) {
          await Promise.all([house.call('gc'), house.call('gc')]);
          collections += 2;
          await tick();
        }
      })();
      const reading = (async () => {
        while (!stop) {
          const { version } = await house.row(changeSet);
          await house.value(changeSet, id, 1 + (collections % version));
          await tick();
        }
      })();
      for (let i = 0; i < 40; i++) {
        // Two contents by turns, so that chunks die and are born again.
        await house.set(changeSet, id, '/domain/text', blob(i % 2));
        const fork = await house.open(`f${i}`);
        await house.create(fork, `in ${i}`, { '/domain/text': blob(i) });
        if (i % 10 === 9) await house.attempt('change_set.apply', { changeSet: fork });
      }
      stop = true;
      await Promise.all([collecting, reading]);
      expect(collections).toBeGreaterThan(1);
      await house.reopen();
      for (const row of await house.rows()) {
        if (row.name.startsWith('f'))
          expect(await house.value(row.id, `in ${row.name.slice(1)}`)).toHaveProperty('text');
      }
      await house.sound();
    });

    test('[EN17] verify finds nothing on a long life, and counts what it has looked at', async () => {
      const house = await make();
      await history(house);
      expect(await house.call('verify')).toMatchObject({ ok: true, problems: [], changeSets: 6, audit: { ok: true } });
      await house.reopen();
      await house.sound();
    });

    test('[EN12] a cache far smaller than the model and what waits changes nothing that is seen', async () => {
      const house = await make({ cacheBytesMax: 30_000, unwrittenBytesMax: 30_000 });
      const [changeSet, id] = await history(house);
      for (let i = 0; i < 100; i++) await house.create(changeSet, `m${i}`, { '/domain/text': blob(i) });
      const before = await appearance(house, changeSet, id);
      await house.call('gc');
      expect(await appearance(house, changeSet, id)).toBe(before);
      await house.sound();
    });
  });

  test('[EN22] a backup taken while edits go on restores to a sound store with every root that it has', async () => {
    const house = await fileHouse().start();
    const [changeSet, id] = await history(house);
    const before = await appearance(house, changeSet, id);
    const copy = join(newFolder(), 'backup.db');
    const editing = Promise.all(Array.from({ length: 20 }, (_, i) => house.open(`later ${i}`)));
    await house.call('backup', { destination: copy });
    await editing;
    const file = join(newFolder(), 'headwater.db');
    await restoreSqliteStore(copy, file);
    await house.close();
    const restored = await fileHouse({}, file).start();
    await restored.sound();
    const rows = (await restored.rows()).filter((r) => !r.name.startsWith('later'));
    expect(rows.map((r) => r.intentRoot)).toEqual(
      (JSON.parse(before) as { intentRoot?: string }[]).flatMap((x) =>
        x.intentRoot === undefined ? [] : [x.intentRoot],
      ),
    );
    await restored.create(changeSet, 'after');
    await restored.close();
  });

  test('[EN22] a backup onto an existing file is refused by the store and leaves it alone', async () => {
    const house = await fileHouse().start();
    await history(house);
    const copy = join(newFolder(), 'backup.db');
    await house.call('backup', { destination: copy });
    expect(await house.refused('backup', { destination: copy })).toMatchObject({ code: 'already_exists', got: copy });
    expect(existsSync(copy)).toBe(true);
    await house.sound();
    await house.close();
  });
});

eachStore((make) => {
  test('[EN779] what was answered under a key is remembered for a day, and then forgotten', async () => {
    let laterMs = 0;
    const world = { ...systemWorld(), clock: { nowMs: () => Date.now() + laterMs } };
    const house = await make({ world });
    const ask = { name: 'once', idempotencyKey: 'k' };
    const first = await house.call<{ id: string }>('change_set.create', ask);
    laterMs = 23 * 3_600_000;
    await house.call('gc');
    expect(await house.call('change_set.create', ask)).toEqual(first);
    laterMs = 25 * 3_600_000;
    await house.call('gc');
    expect((await house.call<{ id: string }>('change_set.create', ask)).id).not.toBe(first.id);
  });
});

test('[EN780] a chunk that the store has lost is found missing, though it is in memory still', async () => {
  const lost = new Set<Hash>();
  class Losing extends MemoryStore {
    override async readChunks(workspace: WorkspaceId, hashes: readonly Hash[]): Promise<ReadonlyMap<Hash, string>> {
      return super.readChunks(
        workspace,
        hashes.filter((hash) => !lost.has(hash)),
      );
    }
  }
  const store = new Losing({ synchronousReads: false });
  store.close = async () => {};
  const house = await new House(async () => store, {}).start();
  await history(house);
  const workspace = await house.workspace();
  await workspace.checkpoint();
  expect(await house.call('verify')).toMatchObject({ ok: true });
  // One that only an old state of Head is made of counts as well.
  const kept = await keptCheckpoints(workspace);
  for (const { intentRoot, changeSet, version } of kept) {
    lost.clear();
    lost.add(intentRoot);
    const verdict = await house.call<{ ok: boolean; problems: { where: string; what: string }[] }>('verify');
    expect([verdict.ok, verdict.problems.map((p) => p.where)]).toEqual([
      false,
      expect.arrayContaining([`stored state of change set ${changeSet} at ${version}`]),
    ]);
  }
  expect(kept.length).toBeGreaterThan(1);
  lost.clear();
  expect(await house.call('verify')).toMatchObject({ ok: true });
  await house.close();
});

test('[EN781] of two backups to one place at the same time one is refused, and the other is whole', async () => {
  const house = await fileHouse().start();
  await history(house);
  const place = join(newFolder(), 'copy.db');
  const both = await Promise.allSettled([1, 2].map(() => house.engine.store.backup(place)));
  expect(both.map((b) => (b.status === 'fulfilled' ? 'done' : b.reason.code))).toEqual(['done', 'store_busy']);
  const into = join(newFolder(), 'store.db');
  await restoreSqliteStore(place, into);
  expect(existsSync(into)).toBe(true);
  await house.close();
});
