// Conformance of content: chunks, checkpoints, generations and the sweep, settings. The mark phase of a collection is
// the engine's; here a set, or nothing at all, stands for what it found alive.

import type { Hash } from '../../base/ids.ts';
import type { Checkpoint } from '../store.ts';
import { expectEqual, expectTrue } from './expectation.ts';
import { type StoreCase, storeCase } from './store_case.ts';
import type { StoreWorld } from './store_world.ts';

function checkpoint(w: StoreWorld, changeSet: Checkpoint['changeSet'], version: number): Checkpoint {
  return {
    changeSet,
    version,
    intentRoot: w.digest(`i${version}`),
    realityRoot: w.digest(`r${version}`),
    realitySeq: 0,
  };
}

export const contentCases: readonly StoreCase[] = [
  storeCase('[ST18] chunks are found by hash, many at once, and written once', async (w) => {
    const chunks = Array.from({ length: 500 }, (_, n) => w.chunk(`chunk ${n}`));
    const [first, second] = [chunks.slice(0, 300), chunks.slice(200)];
    // Overlapping, repeated within one call, and at the same time.
    await Promise.all([
      w.store.writeChunks(w.workspace, [...first, ...first], []),
      w.store.writeChunks(w.workspace, second, []),
    ]);
    const missing = w.digest('missing');
    const found = await w.store.readChunks(w.workspace, [missing, ...chunks.map((c) => c.hash)]);
    expectEqual('found', found, new Map(chunks.map((c) => [c.hash, c.text])));
    expectEqual('none asked', await w.store.readChunks(w.workspace, []), new Map());
    const { chunksKept } = await w.store.sweep(w.workspace, 0, () => false);
    expectEqual('kept once each', chunksKept, chunks.length);
  }),
  storeCase('[ST18] hashes with a common beginning are different chunks', async (w) => {
    // Not the hashes of their texts, so they are removed again before the store is checked.
    const prefix = 'ab'.repeat(30);
    const hashes = Array.from({ length: 10 }, (_, n) => `${prefix}${String(n).padStart(4, '0')}` as Hash);
    await w.store.writeChunks(
      w.workspace,
      hashes.map((hash, n) => ({ hash, text: `text ${n}` })),
      [],
    );
    for (const [n, hash] of hashes.entries()) expectEqual(`chunk ${n}`, await w.textOf(hash), `text ${n}`);
    const generation = await w.store.nextGeneration(w.workspace);
    await w.store.sweep(w.workspace, generation, (hash) => hash === hashes[5] || hash === hashes[9]);
    const left = await w.store.readChunks(w.workspace, hashes);
    expectEqual('left', [...left.values()].sort(), ['text 5', 'text 9']);
    await w.store.writeChunks(
      w.workspace,
      [
        { hash: hashes[0]!, text: 'text 0' },
        { hash: hashes[9]!, text: '' },
      ],
      [],
    );
    expectEqual('again', await w.textOf(hashes[0]!), 'text 0');
    expectEqual('immutable', await w.textOf(hashes[9]!), 'text 9');
    await w.store.sweep(w.workspace, (await w.store.nextGeneration(w.workspace)) + 1, () => false);
  }),
  storeCase('[ST19] reading at once answers the same', async (w) => {
    const chunk = w.chunk('now');
    if (!w.store.readChunkNow) return;
    expectEqual('before', w.store.readChunkNow(w.workspace, chunk.hash), undefined);
    await w.store.writeChunks(w.workspace, [chunk], []);
    expectEqual('after', w.store.readChunkNow(w.workspace, chunk.hash), 'now');
  }),
  storeCase('[ST20] checkpoints', async (w) => {
    const other = await w.open(101);
    const at = (version: number): Promise<Checkpoint | undefined> =>
      w.store.findCheckpoint(w.workspace, w.head, version);
    expectEqual('none', await at(99), undefined);
    const [c3, c7] = [checkpoint(w, w.head, 3), checkpoint(w, w.head, 7)];
    const o1 = checkpoint(w, other, 1);
    await w.store.writeChunks(w.workspace, [], [c7, o1]);
    await w.store.writeChunks(w.workspace, [], [c3]);
    expectEqual('below the first', await at(2), undefined);
    expectEqual('at', await at(3), c3);
    expectEqual('between', await at(6), c3);
    expectEqual('after', await at(Number.MAX_SAFE_INTEGER), c7);
    expectEqual('listed', await w.store.listCheckpoints(w.workspace), [c3, c7, o1]);
    const again = { ...c7, intentRoot: w.digest('other') };
    await w.store.writeChunks(w.workspace, [], [again]);
    expectEqual('written again', await at(7), again);
    await w.store.removeCheckpoints(w.workspace, [c7, checkpoint(w, w.head, 5)]);
    expectEqual('removed', await w.store.listCheckpoints(w.workspace), [c3, o1]);
    expectEqual('falls back', await at(99), c3);
  }),
  storeCase('[ST20] a checkpoint of version 0', async (w) => {
    const c0 = checkpoint(w, w.head, 0);
    await w.store.writeChunks(w.workspace, [], [c0]);
    expectEqual('found', await w.store.findCheckpoint(w.workspace, w.head, 0), c0);
  }),
  storeCase('[ST20] a checkpoint with the root of computed values, and one written again without', async (w) => {
    const plain = checkpoint(w, w.head, 1);
    const derived = { ...checkpoint(w, w.head, 2), derivedRoot: w.digest('d2') };
    await w.store.writeChunks(w.workspace, [], [plain, derived]);
    expectEqual('found', await w.store.findCheckpoint(w.workspace, w.head, 9), derived);
    expectEqual('listed', await w.store.listCheckpoints(w.workspace), [plain, derived]);
    const [first, second] = await w.store.listCheckpoints(w.workspace);
    expectEqual('members', ['derivedRoot' in first!, 'derivedRoot' in second!], [false, true]);
    const again = { ...plain, derivedRoot: w.digest('d1') };
    await w.store.writeChunks(w.workspace, [], [again, checkpoint(w, w.head, 2)]);
    expectEqual('written again', await w.store.listCheckpoints(w.workspace), [again, checkpoint(w, w.head, 2)]);
  }),
  storeCase('[ST21] a sweep removes what is old and dead, and nothing else', async (w) => {
    const live = Array.from({ length: 30 }, (_, n) => w.chunk(`live ${n}`));
    const dead = Array.from({ length: 50 }, (_, n) => w.chunk(`dead ${n} é`));
    await w.store.writeChunks(w.workspace, [...live, ...dead], []);
    const isLive = new Set(live.map((c) => c.hash));
    const generation = await w.store.nextGeneration(w.workspace);
    const young = w.chunk('young');
    await w.store.writeChunks(w.workspace, [young], []);
    const outcome = await w.store.sweep(w.workspace, generation, (hash) => isLive.has(hash));
    // The two-byte letter counts as two.
    const bytesRemoved = dead.reduce((sum, c) => sum + c.text.length + 1, 0);
    expectEqual('outcome', outcome, { chunksKept: 31, chunksRemoved: 50, bytesRemoved });
    const left = await w.store.readChunks(
      w.workspace,
      [...live, ...dead, young].map((c) => c.hash),
    );
    expectEqual('left', left.size, 31);
    const again = await w.store.sweep(w.workspace, generation, (hash) => isLive.has(hash));
    expectEqual('again', again, { chunksKept: 31, chunksRemoved: 0, bytesRemoved: 0 });
  }),
  storeCase('[ST21] a sweep of many chunks lets writers in between', async (w) => {
    const chunks = Array.from({ length: 9_000 }, (_, n) => w.chunk(`many ${n}`));
    await w.store.writeChunks(w.workspace, chunks, []);
    const generation = await w.store.nextGeneration(w.workspace);
    const sweeping = w.store.sweep(w.workspace, generation, () => false);
    for (let version = 1; version <= 20; version++) await w.commit(w.step(w.head, version));
    const outcome = await sweeping;
    expectEqual('removed', outcome.chunksRemoved, 9_000);
    expectEqual('version', (await w.store.findChangeSet(w.workspace, w.head))?.version, 20);
  }),
  storeCase('[ST22] a chunk renewed between mark and sweep survives', async (w) => {
    const [written, committed, racing, dead] = ['written', 'committed', 'racing', 'dead'].map((t) => w.chunk(t));
    await w.store.writeChunks(w.workspace, [written!, committed!, racing!, dead!], []);
    const generation = await w.store.nextGeneration(w.workspace);
    // The mark sees none of them; then two writers deduplicate, and one races with the sweep itself.
    await w.store.writeChunks(w.workspace, [written!], []);
    await w.commit(w.step(w.head, 1, { chunks: [committed!] }));
    const race = w.store.writeChunks(w.workspace, [racing!], []);
    const outcome = await w.store.sweep(w.workspace, generation, () => false);
    await race;
    expectEqual('written', await w.textOf(written!.hash), 'written');
    expectEqual('committed', await w.textOf(committed!.hash), 'committed');
    expectEqual('racing', await w.textOf(racing!.hash), 'racing');
    expectEqual('dead', await w.textOf(dead!.hash), undefined);
    expectTrue('removed', outcome.chunksRemoved >= 1);
  }),
  storeCase('[ST23] a removed chunk can be written again', async (w) => {
    const chunk = w.chunk('again');
    for (let round = 0; round < 3; round++) {
      await w.store.writeChunks(w.workspace, [chunk], []);
      expectEqual('there', await w.textOf(chunk.hash), 'again');
      await w.store.sweep(w.workspace, await w.store.nextGeneration(w.workspace), () => false);
      expectEqual('gone', await w.textOf(chunk.hash), undefined);
    }
  }),
  storeCase('[ST24] settings', async (w) => {
    expectEqual('unset', await w.store.getSetting(w.workspace, 'a'), undefined);
    await w.store.putSetting(w.workspace, 'a', '1');
    await w.store.putSetting(w.workspace, 'b', '');
    await Promise.all([w.store.putSetting(w.workspace, 'a', '2'), w.store.putSetting(w.workspace, 'a', '3')]);
    expectEqual('a', await w.store.getSetting(w.workspace, 'a'), '3');
    expectEqual('b', await w.store.getSetting(w.workspace, 'b'), '');
    const v = w.in(9);
    await v.found('other');
    await v.store.putSetting(v.workspace, 'a', 'of the other');
    const all = (name: string) => w.store.settingOfAll(name).then((m) => [...m].sort(([a], [b]) => (a < b ? -1 : 1)));
    const both = [
      [w.workspace, '3'],
      [v.workspace, 'of the other'],
    ];
    expectEqual('a of all', await all('a'), both);
    expectEqual('b of all', await all('b'), [[w.workspace, '']]);
    expectEqual('c of all', await all('c'), []);
  }),
  storeCase('[ST26] the check finds nothing after a mixture of everything', async (w) => {
    const other = await w.open(101);
    for (let version = 1; version <= 30; version++) {
      const chunks = [w.chunk(`c${version}`), w.chunk(`c${version % 4}`)];
      await Promise.all([w.commit(w.step(w.head, version, { chunks })), w.commit(w.step(other, version))]);
      if (version % 10 === 0) {
        await w.store.writeChunks(w.workspace, chunks, [checkpoint(w, w.head, version)]);
        const generation = await w.store.nextGeneration(w.workspace);
        await w.store.sweep(w.workspace, generation, (hash) => hash === chunks[0]!.hash);
      }
    }
    expectEqual('problems', await w.store.check(10), []);
    const statistics = await w.store.statistics();
    expectEqual('log rows', statistics['logRows'], 60);
    expectEqual('commits', statistics['commits'], 62);
  }),
];
