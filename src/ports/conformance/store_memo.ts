// Conformance of the memo, of documents and of sealed contents, and of the run store as a whole. A store may keep recency
// coarse, so what is asserted of it is true of either: the oldest that nobody asked for go before what was asked for.

import type { ComponentId, Hash, RunId } from '../../base/ids.ts';
import { expectEqual, expectFault, expectTrue } from './expectation.ts';
import {
  down,
  listed,
  logLine,
  memoHas,
  memoRow,
  memoRowBytes,
  memoRows,
  numbers,
  sampleRun,
  sampleRuns,
} from './run_world.ts';
import { type StoreCase, storeCase } from './store_case.ts';
import { idOf, type StoreWorld } from './store_world.ts';

export const memoCases: readonly StoreCase[] = [
  storeCase('[ST33] the memo answers what was written under a key, and nothing under another', async (w) => {
    const { runs: store } = w.store;
    const rows = [
      { key: w.digest('a'), text: '{"ok":true}' },
      { key: w.digest('b'), text: '' },
      { key: w.digest('c'), text: 'nul \0 and “ä” \u{1f600}' },
      { key: w.digest('d'), text: 'x'.repeat(4 * 1024 * 1024) },
    ];
    const keys = [...rows.map((row) => row.key), w.digest('never')];
    expectEqual('empty', await store.readMemo(w.workspace, keys), new Map());
    await Promise.all(rows.map((row) => store.writeMemo(w.workspace, [row], 2 ** 30)));
    expectEqual('found', await store.readMemo(w.workspace, keys), new Map(rows.map((r) => [r.key, r.text])));
    expectEqual('none asked', await store.readMemo(w.workspace, []), new Map());
    const again = [
      { key: rows[0]!.key, text: 'first' },
      { key: rows[0]!.key, text: 'second' },
    ];
    await store.writeMemo(w.workspace, again, 2 ** 30);
    expectEqual('written again', (await store.readMemo(w.workspace, keys)).get(rows[0]!.key), 'second');
    // 'second', nothing, the 23 bytes of 'nul …', and 4 MiB.
    const bytes = 4 * 64 + 6 + 0 + 23 + 4 * 1024 * 1024;
    const { memoEntries, memoBytes } = await store.statistics(w.workspace);
    expectEqual('statistics', { memoEntries, memoBytes }, { memoEntries: 4, memoBytes: bytes });
    expectEqual('cleared', await store.clearMemo(w.workspace), 4);
    expectEqual('gone', await store.readMemo(w.workspace, keys), new Map());
    expectEqual('cleared again', await store.clearMemo(w.workspace), 0);
    await store.writeMemo(w.workspace, [rows[0]!], 2 ** 30);
    expectEqual('back', [...(await store.readMemo(w.workspace, keys)).values()], ['{"ok":true}']);
  }),
  storeCase('[ST34] the memo stays within its bound, and the oldest go first', async (w) => {
    const { runs: store } = w.store;
    const bound = 100 * memoRowBytes;
    for (let from = 1; from <= 240; from += 40) {
      await store.writeMemo(w.workspace, memoRows(w, from, from + 39), bound);
      expectTrue('within its bound', (await store.statistics(w.workspace)).memoBytes <= bound);
    }
    expectEqual('the newest', await memoHas(w, 1, 240), numbers(141, 240));
    await store.writeMemo(w.workspace, [], 10 * memoRowBytes);
    const { memoEntries, memoBytes } = await store.statistics(w.workspace);
    expectEqual('less', { memoEntries, memoBytes }, { memoEntries: 10, memoBytes: 10 * memoRowBytes });
    await store.writeMemo(w.workspace, [memoRow(w, 241)], 10);
    expectEqual('larger than the bound', (await store.statistics(w.workspace)).memoEntries, 0);
    expectEqual('none', await memoHas(w, 1, 241), []);
  }),
  storeCase('[ST34] what was asked for, or written again, stays when older and younger go', async (w) => {
    const { runs: store } = w.store;
    const bound = 100 * memoRowBytes;
    await store.writeMemo(w.workspace, memoRows(w, 1, 100), bound);
    expectEqual('asked for', await memoHas(w, 1, 10), numbers(1, 10));
    await store.writeMemo(w.workspace, memoRows(w, 11, 20), bound);
    await store.writeMemo(w.workspace, memoRows(w, 101, 180), bound);
    expectEqual('left', await memoHas(w, 1, 180), [...numbers(1, 20), ...numbers(101, 180)]);
    expectEqual('entries', (await store.statistics(w.workspace)).memoEntries, 100);
  }),
  storeCase('[ST34] a memo of twenty thousand entries keeps the newest, and those asked for', async (w) => {
    const { runs: store } = w.store;
    const bound = 9_000 * memoRowBytes;
    for (let from = 1; from <= 20_000; from += 1_000) {
      await store.writeMemo(w.workspace, memoRows(w, from, from + 999), bound);
      expectEqual('asked for', await memoHas(w, 500, 519), numbers(500, 519));
    }
    expectEqual('entries', (await store.statistics(w.workspace)).memoEntries, 9_000);
    expectEqual('asked for', await memoHas(w, 500, 519), numbers(500, 519));
    expectEqual('the newest', await memoHas(w, 11_021, 20_000), numbers(11_021, 20_000));
    expectEqual('the oldest', await memoHas(w, 1, 499), []);
  }),
  storeCase('[ST35] a document is written only over what is expected', async (w) => {
    const { runs: store } = w.store;
    const write = (text: string, expected: string | undefined) =>
      store.writeDocument(w.workspace, 'keys', text, expected);
    expectEqual('none', await store.readDocument(w.workspace, 'keys'), undefined);
    expectEqual('expected something', await write('x', 'y'), false);
    expectEqual('still none', await store.readDocument(w.workspace, 'keys'), undefined);
    expectEqual('first', await Promise.all([write('one', undefined), write('two', undefined)]), [true, false]);
    expectEqual('the first', await store.readDocument(w.workspace, 'keys'), 'one');
    expectEqual('next', await write('', 'one'), true);
    expectEqual('empty', await store.readDocument(w.workspace, 'keys'), '');
    expectEqual('empty is something', await write('z', undefined), false);
    expectEqual('other', await store.readDocument(w.workspace, 'other'), undefined);
  }),
  storeCase('[ST36] sealed contents are kept by key, listed in order and removed', async (w) => {
    const { runs: store } = w.store;
    expectEqual('none', await store.readSealed(w.workspace, 'b'), undefined);
    await store.putSealed(w.workspace, 'b', 'sealed b');
    await Promise.all([store.putSealed(w.workspace, 'a', 'sealed a'), store.putSealed(w.workspace, 'b', 'anew')]);
    await store.putSealed(w.workspace, 'ä', '');
    expectEqual('a', await store.readSealed(w.workspace, 'a'), 'sealed a');
    expectEqual('b', await store.readSealed(w.workspace, 'b'), 'anew');
    expectEqual('keys', await store.listSealed(w.workspace), ['a', 'b', 'ä']);
    expectEqual('removed', await store.removeSealed(w.workspace, ['a', 'none', 'ä']), 2);
    expectEqual('left', await store.listSealed(w.workspace), ['b']);
    expectEqual('gone', await store.readSealed(w.workspace, 'a'), undefined);
  }),
  storeCase('[ST120] sealed contents are removed only while the change sets are as given', async (w) => {
    const { runs: store } = w.store;
    await w.found();
    const a = await w.open(201);
    const put = async (): Promise<void> => {
      for (const key of ['x', 'y']) await store.putSealed(w.workspace, key, 'sealed');
    };
    await put();
    const at = (head: number, version: number) => [
      { id: w.head, version: head },
      { id: a, version },
    ];
    const remove = (versions: ReturnType<typeof at>) => store.removeSealedAt(w.workspace, ['x', 'none'], versions);
    expectEqual('one is missing', await remove([{ id: w.head, version: 0 }]), undefined);
    expectEqual('one is too many', await remove([...at(0, 0), { id: idOf(202), version: 0 }]), undefined);
    expectEqual('another version', await remove(at(0, 1)), undefined);
    expectEqual('all are there', await store.listSealed(w.workspace), ['x', 'y']);
    expectEqual('as given', await remove(at(0, 0)), 1);
    expectEqual('one is left', await store.listSealed(w.workspace), ['y']);
    // Queued before it, not yet acknowledged: it counts. Queued behind it: it does not.
    await put();
    const [committed, removed] = await Promise.all([w.commit(w.step(a, 1)), remove(at(0, 0))]);
    expectEqual('committed', committed, { ok: true });
    expectEqual('a commit before', removed, undefined);
    const [first, later] = await Promise.all([remove(at(0, 1)), w.commit(w.step(a, 2))]);
    expectEqual('a commit behind', [first, later], [1, { ok: true }]);
    expectEqual('of another workspace', await store.removeSealedAt(w.in(2).workspace, ['y'], at(0, 2)), undefined);
    expectEqual('left', await store.listSealed(w.workspace), ['y']);
  }),
  storeCase('[ST11] runs, logs, memo, documents and sealed contents are one workspace’s', async (w) => {
    const v = w.in(2);
    await v.found();
    const key = w.digest('key');
    const everything = async (x: StoreWorld): Promise<unknown> => ({
      found: await x.store.runs.findRun(x.workspace, idOf<RunId>(1)),
      listed: await listed(x),
      byComponent: await listed(x, { component: idOf<ComponentId>(201) }),
      byStatus: await listed(x, { statuses: ['succeeded', 'lost'] }),
      log: await x.store.runs.readRunLog(x.workspace, idOf<RunId>(1), 0, 9),
      memo: await x.store.runs.readMemo(x.workspace, [key]),
      document: await x.store.runs.readDocument(x.workspace, 'keys'),
      sealed: await x.store.runs.listSealed(x.workspace),
      content: await x.store.runs.readSealed(x.workspace, 's'),
      statistics: await x.store.runs.statistics(x.workspace),
    });
    const nothing = await everything(v);
    const fill = async (x: StoreWorld, text: string): Promise<void> => {
      const { runs: store } = x.store;
      await store.putRuns(x.workspace, [sampleRun(x, 1, { runner: text }), sampleRun(x, 2)]);
      await store.appendLog(x.workspace, [{ run: idOf<RunId>(1), line: logLine(1, text) }]);
      await store.writeMemo(x.workspace, [{ key, text }], 1_000);
      await store.writeDocument(x.workspace, 'keys', text, undefined);
      await store.putSealed(x.workspace, 's', text);
    };
    await fill(w, 'of one');
    expectEqual('the other is empty', await everything(v), nothing);
    const before = await everything(w);
    await fill(v, 'of the other');
    expectEqual('one is as it was', await everything(w), before);
    const other = await everything(v);
    await w.store.runs.pruneRuns(w.workspace, 10_000, 0);
    await w.store.runs.writeMemo(w.workspace, [], 0);
    await w.store.runs.removeSealed(w.workspace, ['s']);
    expectEqual('the other is as it was', await everything(v), other);
    await w.store.runs.writeMemo(w.workspace, [{ key, text: 'x' }], 1_000);
    await v.store.runs.clearMemo(v.workspace);
    expectEqual('memo', await w.store.runs.readMemo(w.workspace, [key]), new Map([[key, 'x']]));
  }),
  storeCase('[ST14] what was recorded at the same time is all seen', async (w) => {
    const { runs: store } = w.store;
    const batches = Array.from({ length: 20 }, (_, i) => sampleRuns(w, i * 50 + 1, i * 50 + 50));
    await Promise.all(
      batches.map(async (batch, i) => {
        const hash = (n: number): Hash => w.digest(`memo ${n}`);
        const rows = numbers(i * 50 + 1, i * 50 + 50).map((n) => ({ key: hash(n), text: memoRow(w, n).text }));
        await Promise.all([store.putRuns(w.workspace, batch), store.writeMemo(w.workspace, rows, 2 ** 30)]);
        expectEqual('own batch', await store.findRun(w.workspace, batch[49]!.id), batch[49]);
        expectEqual('own memo', await memoHas(w, i * 50 + 1, i * 50 + 50), numbers(i * 50 + 1, i * 50 + 50));
      }),
    );
    expectEqual('all', await listed(w), down(1_000, 1));
  }),
  storeCase(
    '[ST25] runs, logs, memo, documents and sealed contents are there after it is opened again',
    async (w, reopen) => {
      const { runs: store } = w.store;
      for (let from = 1; from <= 9_000; from += 1_000) {
        await store.putRuns(w.workspace, sampleRuns(w, from, from + 999));
        await store.writeMemo(w.workspace, memoRows(w, from, from + 999), 2 ** 30);
      }
      await store.appendLog(w.workspace, [{ run: idOf<RunId>(3), line: logLine(1) }]);
      await store.writeDocument(w.workspace, 'keys', 'text', undefined);
      await store.putSealed(w.workspace, 's', 'sealed');
      const before = await store.statistics(w.workspace);
      const x = await reopen();
      expectEqual('statistics', await x.store.runs.statistics(x.workspace), before);
      expectEqual('run', await x.store.runs.findRun(x.workspace, idOf<RunId>(77)), sampleRun(w, 77));
      expectEqual('log', await x.store.runs.readRunLog(x.workspace, idOf<RunId>(3), 0, 9), [logLine(1)]);
      expectEqual('memo', await memoHas(x, 1, 9_001), numbers(1, 9_000));
      expectEqual('document', await x.store.runs.readDocument(x.workspace, 'keys'), 'text');
      expectEqual('sealed', await x.store.runs.readSealed(x.workspace, 's'), 'sealed');
      await x.store.runs.putRuns(x.workspace, sampleRuns(x, 9_001, 9_010));
      const component = idOf<ComponentId>(200);
      const expected = down(1_802, 1).map((n) => n * 5);
      expectEqual('by component', await listed(x, { component }), expected);
    },
    { isDurable: true },
  ),
  storeCase(
    '[ST27] closing writes what was recorded, and afterwards every call is a fault',
    async (w) => {
      const { runs: store } = w.store;
      const put = store.putRuns(w.workspace, [sampleRun(w, 1)]);
      const written = store.writeDocument(w.workspace, 'd', 'x', undefined);
      await w.store.close();
      await put;
      expectEqual('document', await written, true);
      const key = w.digest('k');
      const calls: [string, () => unknown][] = [
        ['putRuns', () => store.putRuns(w.workspace, [sampleRun(w, 1)])],
        ['findRun', () => store.findRun(w.workspace, idOf<RunId>(1))],
        ['listRuns', () => store.listRuns(w.workspace, { limit: 1 })],
        ['appendLog', () => store.appendLog(w.workspace, [{ run: idOf<RunId>(1), line: logLine(1) }])],
        ['readRunLog', () => store.readRunLog(w.workspace, idOf<RunId>(1), 0, 1)],
        ['pruneRuns', () => store.pruneRuns(w.workspace, 0, 0)],
        ['readMemo', () => store.readMemo(w.workspace, [key])],
        ['writeMemo', () => store.writeMemo(w.workspace, [{ key, text: '' }], 100)],
        ['clearMemo', () => store.clearMemo(w.workspace)],
        ['readDocument', () => store.readDocument(w.workspace, 'd')],
        ['writeDocument', () => store.writeDocument(w.workspace, 'd', '', undefined)],
        ['putSealed', () => store.putSealed(w.workspace, 's', '')],
        ['readSealed', () => store.readSealed(w.workspace, 's')],
        ['listSealed', () => store.listSealed(w.workspace)],
        ['removeSealed', () => store.removeSealed(w.workspace, ['s'])],
        ['removeSealedAt', () => store.removeSealedAt(w.workspace, ['s'], [])],
        ['statistics', () => store.statistics(w.workspace)],
      ];
      for (const [name, call] of calls) await expectFault(name, 'store_failed', call);
    },
    { endsClosed: true },
  ),
];
