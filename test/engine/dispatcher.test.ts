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
  readonly capacity = { cpus: 2, memoryBytes: 100 };
  readonly confinement = { holds: [], missing: [] };
  readonly under = new Map<string, () => void>();
  run({ id }: RunRequest): Promise<RunReport> {
    return new Promise((resolve) => {
      this.under.set(id, () => {
        this.under.delete(id);
        resolve(report);
      });
    });
  }
  kill = () => false;
  close = async () => {};
}

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

function opened() {
  const runner = new Slow();
  const dispatcher = new Dispatcher([runner]);
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
  const front = dispatcher.inFront(runner);
  const listener = { started: () => {}, log: () => {} };
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
