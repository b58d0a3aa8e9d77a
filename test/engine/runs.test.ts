// Runs as records: who ran what on what, what it printed while it prints, how it is ended, and how long it is kept.

import { afterEach, describe, expect, test } from 'vitest';
import type { Principal } from '../../src/access/role.ts';
import type { RunId } from '../../src/base/ids.ts';
import type { Page } from '../../src/engine/component.ts';
import type { TestReply } from '../../src/engine/function_test.ts';
import type { RunLog, RunsAndMemo } from '../../src/engine/runs.ts';
import type { RunRecord } from '../../src/model/run.ts';
import { functionHouse, settled, withWeb } from './function_house.ts';
import type { House, HouseOptions, Params } from './house.ts';

const viewer: Principal = { id: 'vera', role: 'viewer' };
const houses: House[] = [];
afterEach(async () => {
  for (const house of houses.splice(0)) await house.close();
});

async function open(options?: HouseOptions): Promise<House> {
  const house = await functionHouse(options);
  houses.push(house);
  return house;
}

const list = async (house: House, params: Params = {}): Promise<readonly RunRecord[]> =>
  (await house.call<Page<RunRecord>>('run.list', params)).items;

/** Never ends by itself, and prints all the time. */
const ticking =
  'async function main() { for (let i = 0; ; i++) { console.log("tick", i); await new Promise((r) => setTimeout(r, 20)); } }';

/** Starts it, and waits until it has printed something. */
async function startTicking(house: House): Promise<RunId> {
  const { run } = await house.call<TestReply>('function.test', { text: ticking, kind: 'action', input: {}, waitMs: 0 });
  await house.call('run.log', { run, waitMs: 60_000 });
  return run;
}

describe('records', () => {
  test('[EN80] every run is one, newest first, with what it was called with and what came of it', async () => {
    const house = await open();
    const changeSet = await withWeb(house);
    const runs = await list(house, { changeSet });
    expect(runs.map((r) => r.functionName).sort()).toEqual(['conf', 'conf', 'portOk', 'portOk', 'url', 'url']);
    expect([...runs].sort((a, b) => (a.id < b.id ? 1 : -1))).toEqual(runs);
    const [url] = await list(house, { changeSet, component: 'web', function: 'url' });
    expect(url).toMatchObject({
      kind: 'attribute',
      output: '/domain/Url',
      status: 'succeeded',
      tier: 'isolate',
      actor: 'ada',
      input: { whole: '{"host":"example.org","port":80}' },
      failure: null,
      test: null,
    });
    expect(await house.call('run.get', { run: url!.id })).toEqual(url);
    const log = await house.call<RunLog>('run.log', { run: url!.id });
    expect(log).toMatchObject({ complete: true, lines: [{ seq: 1, text: 'making example.org' }] });
  });

  test('pages follow each other without a gap, also by filters', async () => {
    const house = await open();
    const changeSet = await withWeb(house);
    const all = await list(house, { changeSet });
    const paged: RunRecord[] = [];
    let cursor: string | null | undefined;
    do {
      const page = await house.call<Page<RunRecord>>('run.list', {
        changeSet,
        limit: 2,
        ...(cursor == null ? {} : { cursor }),
      });
      expect(page.items.length).toBeLessThanOrEqual(2);
      paged.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(paged).toEqual(all);
    expect(await list(house, { changeSet, component: 'proxy' })).toEqual(
      all.filter((r) => r.component !== all.at(-1)!.component),
    );
    expect(await list(house, { status: 'failed,lost' })).toEqual([]);
    expect(await list(house, { changeSet: 'HEAD' })).toEqual([]);
  });

  test('a failed run says why, and is found by its status', async () => {
    const house = await open();
    const changeSet = await withWeb(house);
    await house.set(changeSet, 'web', '/domain/Port', 70_000);
    await settled(house, changeSet);
    const failed = await list(house, { status: 'failed' });
    expect(failed).toMatchObject([{ functionName: 'portOk', failure: { code: 'threw' } }]);
    expect(failed[0]!.failure!.message).toMatch(/no such port.*line 2/);
  });

  test('of a long argument the members are kept, long ones as their hash', async () => {
    const house = await open();
    const changeSet = await withWeb(house);
    await house.set(changeSet, 'web', '/domain/Note', 'n'.repeat(3_000));
    await settled(house, changeSet);
    const [conf] = await list(house, { component: 'web', function: 'conf', changeSet });
    expect(conf!.input!.parts!.map((p) => p.name)).toEqual(['deleted_at', 'domain', 'resource']);
    expect(conf!.input!.parts![0]).toEqual({ name: 'deleted_at', text: 'null' });
    expect(conf!.input!.parts![1]).toMatchObject({
      chars: expect.any(Number),
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });
});

describe('under way', () => {
  test('[EN80] D19 a run is listed as running, its log is followed, and killing ends it as terminated', async () => {
    const house = await open();
    await withWeb(house);
    const run = await startTicking(house);
    expect(await list(house, { status: 'running' })).toMatchObject([
      { id: run, status: 'running', tier: 'process', test: {} },
    ]);
    expect((await house.call<RunsAndMemo>('run.statistics')).underWay).toBe(1);
    // What has effects is on record as soon as it has begun.
    const w = await house.workspace();
    await w.calls.flushed();
    expect(await w.store.runs.findRun(w.id, run)).toMatchObject({ status: 'running' });
    let after = 0;
    for (let seen = 0; seen < 3; seen++) {
      const log = await house.call<RunLog>('run.log', { run, after, waitMs: 60_000 });
      expect(log.lines[0]!.seq).toBe(after + 1);
      expect(log.complete).toBe(false);
      after = log.after;
    }
    expect(await house.call('run.kill', { run })).toMatchObject({ status: 'cancelled', failure: { code: 'killed' } });
    expect(await list(house, { status: 'running' })).toEqual([]);
    const rest = await house.call<RunLog>('run.log', { run, after: 1_000_000 });
    expect(rest).toMatchObject({ complete: true, status: 'cancelled', lines: [] });
    expect((await house.refused('run.kill', { run })).code).toBe('run_not_active');
  });

  test('whoever follows a run is told of its end', async () => {
    const house = await open();
    await withWeb(house);
    const run = await startTicking(house);
    const followed = (async () => {
      let log = await house.call<RunLog>('run.log', { run });
      while (!log.complete) log = await house.call<RunLog>('run.log', { run, after: log.after, waitMs: 60_000 });
      return log.status;
    })();
    await house.call('run.kill', { run });
    expect(await followed).toBe('cancelled');
  });

  test('[EN81] a run that was under way when the engine went away is lost', async () => {
    const house = await open();
    const changeSet = await withWeb(house);
    const [some] = await list(house, { changeSet });
    const w = await house.workspace();
    const left = '00000000000000000000000009' as RunId;
    await w.store.runs.putRuns(w.id, [{ ...some!, id: left, status: 'running', endedAtMs: null, outputHash: null }]);
    await house.reopen();
    expect(await house.call('run.get', { run: left })).toMatchObject({
      status: 'lost',
      failure: { code: 'runner_lost' },
    });
    expect(await list(house, { status: 'running,dispatched,queued' })).toEqual([]);
  });
});

describe('keeping', () => {
  test('[EN82] old runs go by count and by age, with their logs; others stay', async () => {
    const house = await open();
    const changeSet = await withWeb(house);
    const all = await list(house, { changeSet });
    expect(await house.call('run.prune', { count: 2 })).toEqual({ pruned: all.length - 2 });
    expect(await list(house, { changeSet })).toEqual(all.slice(0, 2));
    expect((await house.refused('run.get', { run: all.at(-1)!.id })).code).toBe('run_not_found');
    expect((await house.refused('run.log', { run: all.at(-1)!.id })).code).toBe('run_not_found');
    expect(await house.call('run.prune', { newerThanMs: 0 })).toEqual({ pruned: 2 });
  });

  test('[EN82] they go by themselves when there are more than are kept', async () => {
    const house = await open({ retention: { kept: 2, afterRuns: 1, everyMsMin: 0 } });
    const changeSet = await withWeb(house);
    await expect.poll(() => list(house, { changeSet }), { timeout: 20_000 }).toHaveLength(2);
    expect((await house.workspace()).retention.failure).toBeUndefined();
  });

  test('a cleared memo has functions run again where a reverted edit would have recalled', async () => {
    const house = await open();
    const changeSet = await withWeb(house);
    const countUrl = async () => (await list(house, { changeSet, component: 'web', function: 'url' })).length;
    const port = async (value: number) => {
      await house.set(changeSet, 'web', '/domain/Port', value);
      await settled(house, changeSet);
    };
    await port(81);
    await port(80);
    expect(await countUrl()).toBe(2);
    const { removed } = await house.call<{ removed: number }>('memo.clear');
    expect(removed).toBeGreaterThan(0);
    await port(81);
    expect(await countUrl()).toBe(3);
  });
});

describe('access', () => {
  test('[EN24] who may read may list and follow; killing, testing, pruning and clearing need more, and attempts are audited', async () => {
    const house = await open();
    const changeSet = await withWeb(house);
    const [run] = await house.call<Page<RunRecord>>('run.list', { changeSet }, viewer).then((p) => p.items);
    await house.call('run.get', { run: run!.id }, viewer);
    await house.call('run.log', { run: run!.id }, viewer);
    await house.call('run.statistics', {}, viewer);
    const refused: [string, Params][] = [
      ['run.kill', { run: run!.id }],
      ['function.test', { function: 'url', component: 'web', changeSet }],
      ['run.prune', {}],
      ['memo.clear', {}],
    ];
    for (const [operation, params] of refused)
      expect([operation, (await house.refused(operation, params, viewer)).code]).toEqual([operation, 'access_denied']);
    const audit = await house.call<{ sentence: string }[]>('audit.list', { kind: 'access.denied' });
    expect(audit.map((a) => a.sentence)).toEqual([
      'refuse vera (viewer) to kill a run',
      'refuse vera (viewer) to test a function',
      'refuse vera (viewer) to prune runs',
      'refuse vera (viewer) to clear the memo',
    ]);
  });

  test('what there is not is refused with what to do', async () => {
    const house = await open();
    await withWeb(house);
    for (const operation of ['run.get', 'run.log', 'run.kill'])
      expect((await house.refused(operation, { run: 'nothing' })).code).toBe('run_not_found');
    expect((await house.refused('run.list', { status: 'dead' })).expected).toMatch(/succeeded/);
    expect((await house.refused('run.list', { function: 'nothing' })).code).toBe('function_not_found');
  });
});
