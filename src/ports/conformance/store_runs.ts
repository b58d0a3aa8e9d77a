// Conformance of runs: records, listings, logs, pruning. Runs are numbered; what a listing answers is compared as the
// numbers of what it found, in order.

import type { ChangeSetId, ComponentId, FunctionId, RunId, SecretId } from '../../base/ids.ts';
import type { RunLogLine, RunRecord, RunStatus } from '../../model/run.ts';
import type { RunQuery } from '../run_store.ts';
import { expectEqual } from './expectation.ts';
import { down, idsOf, listed, logLine, numbers, sampleRun, sampleRuns } from './run_world.ts';
import { type StoreCase, storeCase } from './store_case.ts';
import { idOf } from './store_world.ts';

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
      tier: 'process',
      limits: null,
      credentials: [{ secret: idOf<SecretId>(9), functions: ['log in', 'take the role'] }],
      network: ['*.example.com'],
      commands: ['aws'],
      startedAtMs: 7,
      endedAtMs: 9,
      peakMemoryBytes: 2 ** 40,
      exit: 'SIGKILL',
      runner: 'remote',
      failure: { code: 'threw', message: 'line 1\nline 2' },
      input: {
        parts: [
          { name: 'a', text: '1' },
          { name: 'b', hash: w.digest('b'), chars: 4_000 },
        ],
      },
      test: { result: '"ä"' },
    } as const;
    await store.putRuns(w.workspace, [failed]);
    expectEqual('failed', await store.findRun(w.workspace, queued.id), failed);
    const managed = { ...queued, test: null, management: { readAt: 7, result: '{"status":"ok"}' } } as const;
    await store.putRuns(w.workspace, [managed]);
    expectEqual('carried out', await store.findRun(w.workspace, queued.id), managed);
    const tainted = { ...managed, management: { readAt: 7, result: null }, tainted: true } as const;
    await store.putRuns(w.workspace, [tainted]);
    expectEqual('with a secret', await store.findRun(w.workspace, queued.id), tainted);
    for (const result of ['"ä"', null]) {
      const answered = {
        ...failed,
        status: 'succeeded',
        failure: null,
        test: null,
        answer: { key: w.digest('k'), result },
      } as const;
      await store.putRuns(w.workspace, [answered]);
      expectEqual('with its answer', await store.findRun(w.workspace, queued.id), answered);
      const pooled = { ...answered, pool: 'gpu' };
      await store.putRuns(w.workspace, [pooled]);
      expectEqual('with its pool', await store.findRun(w.workspace, queued.id), pooled);
    }
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
    await store.putRuns(w.workspace, sampleRuns(w, 40, 60));
    await store.putRuns(w.workspace, sampleRuns(w, 1, 39).reverse());
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
    const all = sampleRuns(w, 1, 120).map((run, i) => ({ ...run, status: statuses[i % 4]! }));
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
    const odd = logLine(4, 'nul \0, half \ud83d, “ä” \u{1f600}, \x1b[31m');
    await Promise.all([add(a, logLine(1), logLine(2)), add(b, logLine(1, 'of another')), add(a, logLine(3), odd)]);
    await add(a, logLine(2), logLine(3, 'never shown'), logLine(5, ''));
    const read = (run: RunId, after: number, limit: number) => store.readRunLog(w.workspace, run, after, limit);
    expectEqual('all', await read(a, 0, 99), [logLine(1), logLine(2), logLine(3), odd, logLine(5, '')]);
    expectEqual('after', await read(a, 2, 2), [logLine(3), odd]);
    expectEqual('behind the last', await read(a, 5, 99), []);
    expectEqual('other', await read(b, 0, 99), [logLine(1, 'of another')]);
    expectEqual('none', await read(idOf<RunId>(3), 0, 99), []);
    await add(a);
    expectEqual('lines', (await store.statistics(w.workspace)).logLines, 6);
  }),
  storeCase('[ST32] pruning removes ended runs by age and by count, with their logs, and no other', async (w) => {
    const { runs: store } = w.store;
    const active = [3, 30, 55].map((n) => sampleRun(w, n, { status: 'running', endedAtMs: null }));
    await store.putRuns(w.workspace, sampleRuns(w, 1, 60));
    await store.putRuns(w.workspace, active);
    const withLogs = [2, 3, 20, 58].map((n) => idOf<RunId>(n));
    await store.appendLog(
      w.workspace,
      withLogs.map((run) => ({ run, line: logLine(1) })),
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
    await store.putRuns(w.workspace, sampleRuns(w, 1, 2));
    expectEqual('and again', await listed(w, { component: idOf<ComponentId>(201) }), [1]);
  }),
];
