// Conformance of the run store: records, logs, the memo, documents, sealed contents. A store may keep recency coarse, so
// what is asserted of it is true of either: the oldest half that nobody asked for goes before what was asked for.

import type { ChangeSetId, ComponentId, FunctionId, Hash, RunId } from '../../base/ids.ts';
import type { RunLogLine, RunRecord, RunStatus } from '../../model/run.ts';
import type { RunQuery } from '../run_store.ts';
import { expectEqual, expectFault, expectTrue } from './expectation.ts';
import { type StoreCase, storeCase } from './store_case.ts';
import { idOf, type StoreWorld } from './store_world.ts';

/** The `n`th run; each field differs from its neighbours'. */
export function sampleRun(w: StoreWorld, n: number, more: Partial<RunRecord> = {}): RunRecord {
  return {
    id: idOf<RunId>(n),
    changeSet: idOf<ChangeSetId>(100 + (n % 2)),
    component: idOf<ComponentId>(200 + (n % 5)),
    function: idOf<FunctionId>(300 + (n % 3)),
    functionName: `fn “${n}”`,
    kind: 'attribute',
    output: `/domain/p${n}`,
    codeHash: w.digest(`code ${n % 3}`),
    inputHash: w.digest(`input ${n}`),
    outputHash: w.digest(`output ${n}`),
    status: 'succeeded',
    tier: 'isolate',
    actor: 'user:a',
    attempts: 1,
    runner: 'local',
    queuedAtMs: 1_000 + n,
    startedAtMs: 1_001 + n,
    endedAtMs: 1_002 + n,
    peakMemoryBytes: null,
    exit: null,
    failure: null,
    ...more,
  };
}

function line(seq: number, text = `line ${seq}`): RunLogLine {
  return { seq, atMs: 5_000 + seq, stream: seq % 2 === 0 ? 'error' : 'output', text };
}

const runs = (w: StoreWorld, from: number, upTo: number, more: Partial<RunRecord> = {}): RunRecord[] =>
  Array.from({ length: upTo - from + 1 }, (_, i) => sampleRun(w, from + i, more));

const idsOf = (found: readonly RunRecord[]): number[] => found.map((run) => Number(run.id.slice(2)));

async function listed(w: StoreWorld, query: Partial<RunQuery> = {}): Promise<number[]> {
  return idsOf(await w.store.runs.listRuns(w.workspace, { limit: 1_000_000, ...query }));
}

/** Memo rows of 164 bytes each: the key's characters and a hundred of text. */
const memoRow = (w: StoreWorld, n: number) => ({ key: w.digest(`memo ${n}`), text: `${n} `.padEnd(100, '.') });
const memoRowBytes = 164;
const memoRows = (w: StoreWorld, from: number, upTo: number) =>
  Array.from({ length: upTo - from + 1 }, (_, i) => memoRow(w, from + i));

/** Which of the rows `from` to `upTo` are there; asking for them counts. */
async function memoHas(w: StoreWorld, from: number, upTo: number): Promise<number[]> {
  const rows = memoRows(w, from, upTo);
  const found = await w.store.runs.readMemo(
    w.workspace,
    rows.map((row) => row.key),
  );
  return rows.flatMap((row, i) => (found.get(row.key) === row.text ? [from + i] : []));
}

const numbers = (from: number, upTo: number): number[] => Array.from({ length: upTo - from + 1 }, (_, i) => from + i);
const down = (from: number, upTo: number): number[] => numbers(upTo, from).reverse();

export const runCases: readonly StoreCase[] = [
  storeCase('[ST28] every field of a run is kept, and putting it again replaces it', async (w) => {
    const { runs: store } = w.store;
    const queued = sampleRun(w, 1, {
      status: 'queued',
      outputHash: null,
      startedAtMs: null,
      endedAtMs: null,
      component: '',
      tier: 'process',
      kind: 'management',
      functionName: 'nul \0 and “ä” \u{1f600}',
    });
    await store.putRuns(w.workspace, [queued]);
    expectEqual('queued', await store.findRun(w.workspace, queued.id), queued);
    const failed = {
      ...queued,
      status: 'failed',
      attempts: 3,
      startedAtMs: 7,
      endedAtMs: 9,
      peakMemoryBytes: 2 ** 40,
      exit: 'SIGKILL',
      runner: 'remote',
      failure: { code: 'threw', message: 'line 1\nline 2' },
    } as const;
    await store.putRuns(w.workspace, [failed]);
    expectEqual('failed', await store.findRun(w.workspace, queued.id), failed);
    expectEqual('one', await listed(w), [1]);
    expectEqual('none', await store.findRun(w.workspace, idOf<RunId>(2)), undefined);
    await store.putRuns(w.workspace, []);
  }),
  storeCase('[ST28] of one run in a call the last record stands, and a run may move elsewhere', async (w) => {
    const { runs: store } = w.store;
    await store.putRuns(w.workspace, [sampleRun(w, 1, { status: 'running' }), sampleRun(w, 1), sampleRun(w, 2)]);
    expectEqual('last', await store.findRun(w.workspace, idOf<RunId>(1)), sampleRun(w, 1));
    const moved = sampleRun(w, 1, { component: idOf<ComponentId>(299), changeSet: idOf<ChangeSetId>(199) });
    await store.putRuns(w.workspace, [moved]);
    expectEqual('moved', await store.findRun(w.workspace, moved.id), moved);
    expectEqual('before', await listed(w, { component: idOf<ComponentId>(201) }), []);
    expectEqual('after', await listed(w, { component: idOf<ComponentId>(299) }), [1]);
    expectEqual('all', await listed(w), [2, 1]);
  }),
  storeCase('[ST29] runs are listed newest first, whatever the order they came in, and page by page', async (w) => {
    const { runs: store } = w.store;
    await store.putRuns(w.workspace, runs(w, 40, 60));
    await store.putRuns(w.workspace, runs(w, 1, 39).reverse());
    expectEqual('all', await listed(w), down(60, 1));
    expectEqual('first page', await listed(w, { limit: 10 }), down(60, 51));
    expectEqual('next page', await listed(w, { limit: 10, before: idOf<RunId>(51) }), down(50, 41));
    expectEqual('last page', await listed(w, { limit: 10, before: idOf<RunId>(4) }), [3, 2, 1]);
    expectEqual('behind the last', await listed(w, { before: idOf<RunId>(1) }), []);
    expectEqual('no rows', await listed(w, { limit: 0 }), []);
    const component = idOf<ComponentId>(202);
    expectEqual('filtered page', await listed(w, { component, limit: 3, before: idOf<RunId>(52) }), [47, 42, 37]);
  }),
  storeCase('[ST30] filters by change set, component, function and status combine', async (w) => {
    const { runs: store } = w.store;
    const statuses: readonly RunStatus[] = ['succeeded', 'failed', 'running', 'lost'];
    const all = runs(w, 1, 120).map((run, i) => ({ ...run, status: statuses[i % 4]! }));
    await store.putRuns(w.workspace, all);
    const queries: Partial<RunQuery>[] = [
      { changeSet: idOf<ChangeSetId>(101) },
      { component: idOf<ComponentId>(203) },
      { function: idOf<FunctionId>(302) },
      { statuses: ['succeeded'] },
      { statuses: ['running', 'failed'] },
      { statuses: ['failed', 'failed'] },
      { statuses: ['succeeded', 'lost'] },
      { statuses: ['queued'] },
      { statuses: [] },
      { changeSet: idOf<ChangeSetId>(100), statuses: ['lost'] },
      { changeSet: idOf<ChangeSetId>(101), component: idOf<ComponentId>(200), function: idOf<FunctionId>(300) },
      { component: idOf<ComponentId>(200), statuses: ['running'], before: idOf<RunId>(100) },
      { function: idOf<FunctionId>(301), statuses: ['succeeded', 'running'], limit: 7 },
      { component: idOf<ComponentId>(999) },
    ];
    for (const query of queries) {
      const wanted = all.filter(
        (run) =>
          (query.changeSet === undefined || run.changeSet === query.changeSet) &&
          (query.component === undefined || run.component === query.component) &&
          (query.function === undefined || run.function === query.function) &&
          (query.statuses === undefined || query.statuses.includes(run.status)) &&
          (query.before === undefined || run.id < query.before),
      );
      const expected = idsOf(wanted)
        .reverse()
        .slice(0, query.limit ?? 120);
      expectEqual(JSON.stringify(query), await listed(w, query), expected);
    }
  }),
  storeCase('[ST30] of twenty thousand runs the few that are wanted are found, page by page', async (w) => {
    const { runs: store } = w.store;
    // In two orders, so that older and newer ids lie on both sides of anything that is set in order later.
    const rare = (n: number): Partial<RunRecord> => ({
      component: idOf<ComponentId>(n % 1_000 === 0 ? 201 : 202),
      function: idOf<FunctionId>(n % 2_500 === 0 ? 301 : 302),
      status: n % 4_000 === 0 ? 'failed' : 'succeeded',
    });
    for (let from = 1; from <= 10_000; from += 500)
      await store.putRuns(w.workspace, [
        ...numbers(from, from + 499).map((n) => sampleRun(w, n, rare(n))),
        ...numbers(10_000 + from, 10_499 + from).map((n) => sampleRun(w, n, rare(n))),
      ]);
    const component = idOf<ComponentId>(201);
    expectEqual(
      'component',
      await listed(w, { component }),
      down(20, 1).map((n) => n * 1_000),
    );
    const second = await listed(w, { component, limit: 3, before: idOf<RunId>(11_000) });
    expectEqual('component, page', second, [10_000, 9_000, 8_000]);
    expectEqual(
      'function',
      await listed(w, { function: idOf<FunctionId>(301) }),
      down(8, 1).map((n) => n * 2_500),
    );
    expectEqual(
      'failed',
      await listed(w, { statuses: ['failed'] }),
      down(5, 1).map((n) => n * 4_000),
    );
    const both = await listed(w, { component, function: idOf<FunctionId>(301), statuses: ['succeeded'] });
    expectEqual('both', both, [15_000, 10_000, 5_000]);
    expectEqual('all', (await listed(w)).length, 20_000);
    await store.putRuns(w.workspace, [sampleRun(w, 1_000, { ...rare(1_000), status: 'cancelled' })]);
    expectEqual('replaced', await listed(w, { component, statuses: ['cancelled'] }), [1_000]);
    expectEqual('pruned', await store.pruneRuns(w.workspace, 1_002 + 15_000, 4_000), 16_000);
    expectEqual(
      'left',
      await listed(w, { component }),
      down(20, 17).map((n) => n * 1_000),
    );
    expectEqual('runs', (await store.statistics(w.workspace)).runs, 4_000);
  }),
  storeCase('[ST31] log lines are read in order of their number, and the same line twice is one', async (w) => {
    const { runs: store } = w.store;
    const [a, b] = [idOf<RunId>(1), idOf<RunId>(2)];
    const add = (run: RunId, ...lines: RunLogLine[]) =>
      store.appendLog(
        w.workspace,
        lines.map((l) => ({ run, line: l })),
      );
    const odd = line(4, 'nul \0, half \ud83d, “ä” \u{1f600}, \x1b[31m');
    await Promise.all([add(a, line(1), line(2)), add(b, line(1, 'of another')), add(a, line(3), odd)]);
    await add(a, line(2), line(3, 'never shown'), line(5, ''));
    const read = (run: RunId, after: number, limit: number) => store.readRunLog(w.workspace, run, after, limit);
    expectEqual('all', await read(a, 0, 99), [line(1), line(2), line(3), odd, line(5, '')]);
    expectEqual('after', await read(a, 2, 2), [line(3), odd]);
    expectEqual('behind the last', await read(a, 5, 99), []);
    expectEqual('other', await read(b, 0, 99), [line(1, 'of another')]);
    expectEqual('none', await read(idOf<RunId>(3), 0, 99), []);
    await add(a);
    expectEqual('lines', (await store.statistics(w.workspace)).logLines, 6);
  }),
  storeCase('[ST32] pruning removes ended runs by age and by count, with their logs, and no other', async (w) => {
    const { runs: store } = w.store;
    const active = [3, 30, 55].map((n) => sampleRun(w, n, { status: 'running', endedAtMs: null }));
    await store.putRuns(w.workspace, runs(w, 1, 60));
    await store.putRuns(w.workspace, active);
    const withLogs = [2, 3, 20, 58].map((n) => idOf<RunId>(n));
    await store.appendLog(
      w.workspace,
      withLogs.map((run) => ({ run, line: line(1) })),
    );
    expectEqual('nothing is as old', await store.pruneRuns(w.workspace, 0, 1_000), 0);
    // Run n ended at 1,002 + n: up to 10 are older.
    expectEqual('by age', await store.pruneRuns(w.workspace, 1_013, 1_000), 9);
    expectEqual('left', await listed(w), [...down(60, 11), 3]);
    expectEqual('by count', await store.pruneRuns(w.workspace, 1_013, 5), 43);
    expectEqual('left', await listed(w), [60, 59, 58, 57, 56, 55, 30, 3]);
    const lines = await Promise.all(
      withLogs.map(async (run) => (await store.readRunLog(w.workspace, run, 0, 9)).length),
    );
    expectEqual('logs', lines, [0, 1, 0, 1]);
    expectEqual('by both', await store.pruneRuns(w.workspace, 10_000, 0), 5);
    expectEqual('statistics', await store.statistics(w.workspace), {
      runs: 3,
      logLines: 1,
      memoEntries: 0,
      memoBytes: 0,
    });
    await store.putRuns(w.workspace, [sampleRun(w, 3)]);
    expectEqual('ended later', await store.pruneRuns(w.workspace, 0, 0), 1);
    await store.putRuns(w.workspace, runs(w, 1, 2));
    expectEqual('and again', await listed(w, { component: idOf<ComponentId>(201) }), [1]);
  }),
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
      await store.appendLog(x.workspace, [{ run: idOf<RunId>(1), line: line(1, text) }]);
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
    const batches = Array.from({ length: 20 }, (_, i) => runs(w, i * 50 + 1, i * 50 + 50));
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
        await store.putRuns(w.workspace, runs(w, from, from + 999));
        await store.writeMemo(w.workspace, memoRows(w, from, from + 999), 2 ** 30);
      }
      await store.appendLog(w.workspace, [{ run: idOf<RunId>(3), line: line(1) }]);
      await store.writeDocument(w.workspace, 'keys', 'text', undefined);
      await store.putSealed(w.workspace, 's', 'sealed');
      const before = await store.statistics(w.workspace);
      const x = await reopen();
      expectEqual('statistics', await x.store.runs.statistics(x.workspace), before);
      expectEqual('run', await x.store.runs.findRun(x.workspace, idOf<RunId>(77)), sampleRun(w, 77));
      expectEqual('log', await x.store.runs.readRunLog(x.workspace, idOf<RunId>(3), 0, 9), [line(1)]);
      expectEqual('memo', await memoHas(x, 1, 9_001), numbers(1, 9_000));
      expectEqual('document', await x.store.runs.readDocument(x.workspace, 'keys'), 'text');
      expectEqual('sealed', await x.store.runs.readSealed(x.workspace, 's'), 'sealed');
      await x.store.runs.putRuns(x.workspace, runs(x, 9_001, 9_010));
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
        ['appendLog', () => store.appendLog(w.workspace, [{ run: idOf<RunId>(1), line: line(1) }])],
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
        ['statistics', () => store.statistics(w.workspace)],
      ];
      for (const [name, call] of calls) await expectFault(name, 'store_failed', call);
    },
    { endsClosed: true },
  ),
];
