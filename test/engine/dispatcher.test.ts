// The queue in front of the runners: room, keys, leaving it, and what is told of each.

import { expect, test } from 'vitest';
import type { RunId } from '../../src/base/ids.ts';
import { Dispatcher, type TurnRequest } from '../../src/engine/dispatcher.ts';
import type { Runner, RunReport, RunRequest } from '../../src/ports/runner.ts';

const report: RunReport = {
  outcome: { ok: true, value: '1' },
  tookMs: 1,
  peakMemoryBytes: null,
  exit: null,
  runner: 'r',
};

/** Ends runs when it is told to. */
class Slow implements Runner {
  readonly tier = 'process';
  readonly pool?: string;
  capacity = { cpus: 2, memoryBytes: 100 };
  isClosed = false;
  readonly confinement = { holds: [], missing: [] };
  readonly under = new Map<string, () => void>();
  constructor(pool?: string, cpus = 2) {
    if (pool !== undefined) this.pool = pool;
    this.capacity = { cpus, memoryBytes: 100 };
  }
  run({ id }: RunRequest): Promise<RunReport> {
    return new Promise((resolve) => {
      this.under.set(id, () => {
        this.under.delete(id);
        resolve(report);
      });
    });
  }
  kill = () => false;
  close = async () => {
    this.isClosed = true;
  };
}

const listener = { started: () => {}, log: () => {} };
const turn = { workspace: 'w', changeSet: 'c', priority: 'interactive' } as const;
const need = { cpus: 1, memoryBytes: 10 };
const asked = (id: string, more: Partial<TurnRequest> = {}): TurnRequest => ({
  id,
  ...turn,
  tier: 'process',
  need,
  ...more,
});
const soon = () => new Promise((r) => setTimeout(r, 5));

function opened(...others: readonly Slow[]) {
  const runner = new Slow();
  const dispatcher = new Dispatcher([runner, ...others]);
  const begun: string[] = [];
  const enter = (request: TurnRequest) =>
    void dispatcher.enter(request).then((has) => begun.push(has ? request.id : `not ${request.id}`));
  return { runner, dispatcher, begun, enter };
}

test('[EN196] no more begins than the runner has room for, and what leaves lets the next one in', async () => {
  const { dispatcher, begun, enter } = opened();
  for (const id of ['a', 'b', 'c', 'd']) enter(asked(id));
  await soon();
  expect(begun).toEqual(['a', 'b']);
  dispatcher.leave('a');
  await soon();
  expect(begun).toEqual(['a', 'b', 'c']);
  // Who waits and leaves does not begin, and is told.
  dispatcher.leave('d');
  dispatcher.leave('b');
  await soon();
  expect(begun).toEqual(['a', 'b', 'c', 'not d']);
  expect(dispatcher.waiting).toBe(0);
});

test('[EN197] what shares a key waits for each other, and nobody else for them', async () => {
  const { dispatcher, begun, enter } = opened();
  const keys = [{ key: 'k', limits: { atOnceMax: 1 } }];
  enter(asked('a', { keys }));
  enter(asked('b', { keys }));
  enter(asked('c'));
  await soon();
  expect(begun).toEqual(['a', 'c']);
  dispatcher.leave('a');
  await soon();
  expect(begun).toEqual(['a', 'c', 'b']);
});

test('[EN197] a provider that asks for time gets it from all with its key', async () => {
  const { dispatcher, begun, enter } = opened();
  const keys = [{ key: 'k', limits: { perSecond: 1_000 } }];
  enter(asked('a', { keys }));
  await soon();
  dispatcher.retryAfter('k', 60);
  dispatcher.leave('a');
  enter(asked('b', { keys }));
  enter(asked('c'));
  await soon();
  expect(begun).toEqual(['a', 'c']);
  while (!begun.includes('b')) await soon();
});

test('[EN196] a runner behind it takes calls by turns, and one that waits can be killed', async () => {
  const { runner, dispatcher } = opened();
  const front = dispatcher.inFront('process');
  const run = (id: string) =>
    front.run({ id: id as RunId, tier: 'process', limits: need, turn } as unknown as RunRequest, listener);
  const ended = ['a', 'b', 'c', 'd'].map(run);
  await soon();
  expect([...runner.under.keys()]).toEqual(['a', 'b']);
  expect(front.kill('d' as RunId)).toBe(true);
  expect((await ended[3]!).outcome).toMatchObject({ ok: false, code: 'killed' });
  runner.under.get('a')!();
  await soon();
  expect([...runner.under.keys()]).toEqual(['b', 'c']);
  for (const end of [...runner.under.values()]) end();
  for (const one of ended.slice(0, 3)) expect((await one).outcome.ok).toBe(true);
});

test('[EN450] a pool has room of its own, and what names none belongs to default', async () => {
  const { begun, enter } = opened(new Slow('gpu', 1));
  for (const id of ['g1', 'g2', 'g3']) enter(asked(id, { pool: 'gpu' }));
  for (const id of ['d1', 'd2']) enter(asked(id));
  enter(asked('d3', { pool: 'default' }));
  await soon();
  expect(begun).toEqual(['g1', 'd1', 'd2']);
});

test('[EN450] of several runners of a pool the one with most room takes the call, and a kill finds it there', async () => {
  const [one, two] = [new Slow('gpu', 1), new Slow('gpu', 3)];
  const { dispatcher } = opened(one, two);
  const front = dispatcher.inFront('process');
  const run = (id: string) =>
    front.run({ id: id as RunId, tier: 'process', pool: 'gpu', limits: need, turn } as unknown as RunRequest, listener);
  const ended = ['a', 'b', 'c', 'd', 'e'].map(run);
  await soon();
  expect([...one.under.keys()]).toEqual(['c']);
  expect([...two.under.keys()]).toEqual(['a', 'b', 'd']);
  const killed: string[] = [];
  two.kill = ((id: string) => killed.push(id) > 0) as never;
  expect(front.kill('b' as RunId)).toBe(true);
  expect(killed).toEqual(['b']);
  one.under.get('c')!();
  await soon();
  expect([...one.under.keys()]).toEqual(['e']);
  for (const end of [...one.under.values(), ...two.under.values()]) end();
  for (const each of ended) expect((await each).outcome.ok).toBe(true);
});

test('[EN450] a run with a turn of another id goes where that has its room', async () => {
  const gpu = new Slow('gpu', 1);
  const { dispatcher, runner } = opened(gpu);
  const front = dispatcher.inFront('process');
  const request = { id: 'run', tier: 'process', pool: 'gpu', limits: need, turn: { held: 'action' } };
  await expect(front.run(request as unknown as RunRequest, listener)).rejects.toThrow('action has no turn');
  await dispatcher.enter(asked('action', { pool: 'gpu' }));
  const ended = front.run(request as unknown as RunRequest, listener);
  await soon();
  expect([[...gpu.under.keys()], [...runner.under.keys()]]).toEqual([['run'], []]);
  gpu.under.get('run')!();
  expect((await ended).outcome.ok).toBe(true);
});

test('[EN451] what nothing serves waits and says so, keeps nobody waiting by its keys, and goes on when there is a runner', async () => {
  const { dispatcher, runner, begun, enter } = opened();
  const keys = [{ key: 'k', limits: { atOnceMax: 1 } }];
  enter(asked('g1', { pool: 'gpu', keys }));
  enter(asked('g2', { pool: 'gpu' }));
  enter(asked('d1', { keys }));
  enter(asked('d2', { keys }));
  await soon();
  expect(begun).toEqual(['d1']);
  expect(['g1', 'g2', 'd1', 'd2'].map((id) => dispatcher.lacks(id))).toEqual(['gpu', 'gpu', undefined, undefined]);
  dispatcher.leave('d1');
  await soon();
  expect(begun).toEqual(['d1', 'd2']);
  dispatcher.serve([runner, new Slow('gpu', 2)]);
  await soon();
  // The key is common to all pools.
  expect(begun).toEqual(['d1', 'd2', 'g2']);
  expect(dispatcher.lacks('g1')).toBeUndefined();
  dispatcher.leave('d2');
  await soon();
  expect(begun).toEqual(['d1', 'd2', 'g2', 'g1']);
  // Who waits without a runner and leaves is told, too.
  enter(asked('x', { pool: 'other' }));
  dispatcher.leave('x');
  await soon();
  expect(begun.at(-1)).toBe('not x');
  expect([dispatcher.waiting, dispatcher.lacks('x')]).toEqual([0, undefined]);
});

test('[EN454] a runner that is gone takes nothing more, ends what it has, and is closed; others come, and rooms change', async () => {
  const gpu = new Slow('gpu', 1);
  const { dispatcher, runner, begun, enter } = opened(gpu);
  for (const id of ['a', 'b']) enter(asked(id, { pool: 'gpu' }));
  await soon();
  expect(begun).toEqual(['a']);
  dispatcher.serve([runner]);
  dispatcher.serve([runner]);
  await soon();
  expect([begun, gpu.isClosed, dispatcher.lacks('b')]).toEqual([['a'], false, 'gpu']);
  dispatcher.leave('a');
  await soon();
  expect([begun, gpu.isClosed, dispatcher.lacks('b')]).toEqual([['a'], true, 'gpu']);
  const next = new Slow('gpu', 1);
  dispatcher.serve([runner, next]);
  for (const id of ['c', 'd']) enter(asked(id, { pool: 'gpu' }));
  await soon();
  expect(begun).toEqual(['a', 'b']);
  next.capacity = { cpus: 2, memoryBytes: 100 };
  dispatcher.serve([runner, next]);
  await soon();
  expect(begun).toEqual(['a', 'b', 'c']);
  expect([runner.isClosed, next.isClosed]).toEqual([false, false]);
  await dispatcher.inFront('process').close();
  expect([runner.isClosed, next.isClosed]).toEqual([true, true]);
});
