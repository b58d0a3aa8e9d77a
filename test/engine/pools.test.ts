// Pools of real process runners: what runs in one keeps nothing of another waiting; what belongs to one that is not there waits
// and says so, also after a restart, until there is one, or it is cancelled, or its function belongs elsewhere.

import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { openCompiler } from '../../src/adapters/compiler/compiler.ts';
import { openIsolate } from '../../src/adapters/isolate/isolate.ts';
import { openProcessTier } from '../../src/adapters/process/tier.ts';
import type { Json } from '../../src/base/json.ts';
import { Fault } from '../../src/base/result.ts';
import type { Explanation } from '../../src/engine/explain.ts';
import type { TestReply } from '../../src/engine/function_test.ts';
import type { WaitsForPool } from '../../src/engine/waits_for_pool.ts';
import type { Why } from '../../src/engine/why.ts';
import type { ActionRecord } from '../../src/model/action.ts';
import type { RunRecord } from '../../src/model/run.ts';
import type { Runner } from '../../src/ports/runner.ts';
import { type House, sqliteHouse } from './house.ts';

const program = fileURLToPath(new URL('../../dist/adapters/process/child', import.meta.url));
const text = { kind: 'string' } as const;

type Action = ActionRecord & WaitsForPool;

/** A house whose pools can be set while it works; a pool has room for one run. */
class PoolHouse {
  #serve: (runners: readonly Runner[]) => void = () => {};
  #isolate!: Runner;
  #pools = new Map<string, Runner>();
  readonly house: House;

  constructor() {
    this.house = sqliteHouse({
      functions: () => {
        this.#isolate = openIsolate({ workers: 1 });
        this.#pools = new Map([['default', this.#open('default')]]);
        return {
          compiler: openCompiler(),
          runners: this.#runners(),
          changes: (served) => {
            this.#serve = served;
            return () => {
              this.#serve = () => {};
            };
          },
        };
      },
    });
  }

  define(pool: string): void {
    this.#pools.set(pool, this.#open(pool));
    this.#serve(this.#runners());
  }

  #open(pool: string): Runner {
    return openProcessTier({ program, pool, cpus: 1, memoryBytes: 2 ** 30 });
  }

  #runners(): readonly Runner[] {
    return [this.#isolate, ...this.#pools.values()];
  }

  /** Applies it, and waits until nothing goes on by itself. */
  async apply(...mutations: Json[]): Promise<void> {
    const changeSet = await this.house.open('work');
    await this.house.submit(changeSet, ...mutations);
    await this.house.call('change_set.apply', { changeSet, waitMs: 20_000 });
    await this.quiet();
  }

  async quiet(): Promise<{ quiet: boolean; open: readonly Action[] }> {
    return this.house.call('action.run', { waitMs: 30_000 });
  }

  /** `component: status`, with the pool that it waits for, by name. */
  async actions(): Promise<string[]> {
    const { items } = await this.house.call<{ items: Action[] }>('action.list');
    return items.map((a) => `${a.componentName}: ${a.status}${a.waitsForPool ? ` for ${a.waitsForPool}` : ''}`).sort();
  }
}

const houses: PoolHouse[] = [];
afterEach(async () => {
  for (const { house } of houses.splice(0)) await house.close();
});

async function opened(): Promise<PoolHouse> {
  const made = new PoolHouse();
  houses.push(made);
  await made.house.start();
  return made;
}

/** A schema whose creation runs in the pool, for a while. */
const schema = (name: string, pool: string, ms = 0): Json[] => [
  {
    kind: 'schema.create',
    name,
    spec: {
      format: 1,
      domain: { kind: 'object', properties: { Host: text, Url: text } },
      resourceValue: { kind: 'object', properties: {} },
      secrets: { kind: 'object', properties: {} },
      definitions: {},
    },
  },
  { kind: 'function.create', name: `${name}-create`, functionKind: 'action', text: creation(pool, ms) },
  { kind: 'binding.attach', function: `${name}-create`, schema: name, action: 'create' },
];

const creation = (pool: string, ms = 0): string => `${pool === '' ? '// @effects' : `// @pool ${pool}`}
async function main({ properties }) {
  await new Promise((done) => setTimeout(done, ${ms}));
  return { status: 'ok', resourceId: properties.si.name, payload: { Size: 1 } };
}`;

const make = (of: string, name: string): Json => ({ kind: 'component.create', schema: of, name });

test('[EN450] long runs of one pool do not delay the other, and each keeps to its own room', async () => {
  const p = await opened();
  p.define('slow');
  await p.apply(
    ...schema('Slow', 'slow', 1_200),
    ...schema('Quick', ''),
    ...['s1', 's2', 's3'].map((n) => make('Slow', n)),
    ...['q1', 'q2', 'q3'].map((n) => make('Quick', n)),
  );
  expect(await p.actions()).toEqual(['q1', 'q2', 'q3', 's1', 's2', 's3'].map((n) => `${n}: succeeded`));
  const { items } = await p.house.call<{ items: RunRecord[] }>('run.list');
  const of = (pool: string | undefined) =>
    items.filter((r) => r.kind === 'action' && r.pool === pool).sort((a, b) => a.startedAtMs! - b.startedAtMs!);
  const [slow, quick] = [of('slow'), of(undefined)];
  expect([slow.length, quick.length]).toEqual([3, 3]);
  // One at a time, in either; all of the quick ones while the first or the second slow one was under way.
  for (const runs of [slow, quick])
    for (const [i, run] of runs.slice(1).entries())
      expect(run.startedAtMs!).toBeGreaterThanOrEqual(runs[i]!.endedAtMs! - 5);
  expect(quick.at(-1)!.endedAtMs!).toBeLessThan(slow.at(-1)!.startedAtMs!);
}, 60_000);

test('[EN451] [EN452] an action whose pool is not there waits and says so, blocks nobody, survives a restart, and goes on', async () => {
  const p = await opened();
  await p.apply(...schema('Gpu', 'gpu'), ...schema('Plain', ''), make('Gpu', 'g'), make('Plain', 'a'));
  const waiting = ['a: succeeded', 'g: queued for gpu'];
  expect(await p.actions()).toEqual(waiting);
  const ran = await p.quiet();
  expect([ran.quiet, ran.open.map((a) => [a.componentName, a.waitsForPool])]).toEqual([true, [['g', 'gpu']]]);
  await p.apply(make('Plain', 'b'));
  expect(await p.actions()).toEqual(['a: succeeded', 'b: succeeded', 'g: queued for gpu']);
  await p.house.reopen();
  // Before anybody has taken the work up.
  expect(await p.actions()).toEqual(['a: succeeded', 'b: succeeded', 'g: queued for gpu']);
  expect((await p.quiet()).quiet).toBe(true);
  p.define('gpu');
  expect((await p.quiet()).open).toEqual([]);
  expect(await p.actions()).toEqual(['a: succeeded', 'b: succeeded', 'g: succeeded']);
  const { items } = await p.house.call<{ items: RunRecord[] }>('run.list', { component: 'g' });
  expect(items.map((r) => [r.status, r.pool])).toEqual([['succeeded', 'gpu']]);
}, 60_000);

test('[EN452] it can be cancelled, and goes where its function belongs on a later Head', async () => {
  const p = await opened();
  await p.apply(...schema('Gpu', 'gpu'), make('Gpu', 'g'), make('Gpu', 'h'));
  expect(await p.actions()).toEqual(['g: queued for gpu', 'h: queued for gpu']);
  const { items } = await p.house.call<{ items: Action[] }>('action.list', { component: 'g' });
  expect(await p.house.call<Action>('action.get', { action: items[0]!.id })).toMatchObject({ waitsForPool: 'gpu' });
  await p.house.call('action.cancel', { action: items[0]!.id });
  await p.apply({ kind: 'function.edit_text', function: 'Gpu-create', text: creation('other') });
  expect(await p.actions()).toEqual(['g: cancelled', 'h: queued for other']);
  // An apply alone is enough: nobody asks for the work.
  const changeSet = await p.house.open('elsewhere');
  await p.house.submit(changeSet, { kind: 'function.edit_text', function: 'Gpu-create', text: creation('') });
  await p.house.call('change_set.apply', { changeSet, waitMs: 20_000 });
  await expect.poll(() => p.actions(), { timeout: 20_000 }).toEqual(['g: cancelled', 'h: succeeded']);
}, 60_000);

test('[EN453] a value whose function waits for a pool is pending, says so, and comes when there is one', async () => {
  const p = await opened();
  const changeSet = await p.house.open('values');
  const url = '// @pool gpu\nfunction main({ host }) { return "http://" + host; }';
  await p.house.submit(
    changeSet,
    ...schema('Web', ''),
    { kind: 'function.create', name: 'url', functionKind: 'attribute', text: url },
    {
      kind: 'binding.attach',
      function: 'url',
      schema: 'Web',
      arguments: [{ name: 'host', path: '/domain/Host' }],
      output: '/domain/Url',
    },
    { kind: 'component.create', schema: 'Web', name: 'web', attributes: { '/domain/Host': 'a' } },
  );
  const at = { changeSet, component: 'web', path: '/domain/Url', waitMs: 500 };
  const asked = () => p.house.call<Why>('why', at);
  await expect
    .poll(async () => (await asked()).reasons[0], { timeout: 10_000 })
    .toMatchObject({
      verdict: 'pending',
      because: 'url waits for a runner of pool gpu: no runner serves the pool gpu',
      waitsForPool: 'gpu',
    });
  const { root } = await p.house.call<Explanation>('explain', at);
  expect(root).toMatchObject({ freshness: { state: 'pending' }, waitsForPool: 'gpu' });
  const runs = () => p.house.call<{ items: (RunRecord & WaitsForPool)[] }>('run.list', { changeSet, component: 'web' });
  expect((await runs()).items).toMatchObject([{ status: 'dispatched', pool: 'gpu', waitsForPool: 'gpu' }]);
  p.define('gpu');
  await expect
    .poll(async () => (await asked()).reasons[0], { timeout: 20_000 })
    .toMatchObject({ verdict: 'ran', freshness: { state: 'fresh' } });
  expect((await asked()).reasons[0]).not.toHaveProperty('waitsForPool');
  expect((await runs()).items).toMatchObject([{ status: 'succeeded', pool: 'gpu' }]);
  expect((await runs()).items[0]).not.toHaveProperty('waitsForPool');
}, 60_000);

test('[EN455] a test waits and says so; what nobody would be told of is refused', async () => {
  const p = await opened();
  const changeSet = await p.house.open('tests');
  const source = '// @pool gpu\nfunction main() { return { status: "ok" }; }';
  await p.house.submit(
    changeSet,
    ...schema('Box', ''),
    { kind: 'function.create', name: 'more', functionKind: 'management', text: source },
    { kind: 'binding.attach', function: 'more', schema: 'Box' },
    make('Box', 'box'),
  );
  const ask = { changeSet, function: 'more', component: 'box' };
  const tried = await p.house.call<TestReply>('function.test', { ...ask, waitMs: 100 });
  expect(tried).toMatchObject({ status: 'dispatched', waitsForPool: 'gpu' });
  await p.house.call('run.kill', { run: tried.run });
  const said = p.house.call('management.run', { changeSet, component: 'box', function: 'more' });
  await expect(said).rejects.toThrow(/no runner serves the pool gpu; define it with `headwater pool set gpu/);
  await expect(said).rejects.toBeInstanceOf(Fault);
  p.define('gpu');
  await p.house.call('management.run', { changeSet, component: 'box', function: 'more' });
}, 60_000);

const looked = (pool: string): string => `${pool === '' ? '// @effects' : `// @pool ${pool}`}
function main() { return { status: 'ok', payload: { Size: 1 } }; }`;

const bound = (of: string, action: string, source: string): Json[] => [
  { kind: 'function.create', name: `${of}-${action}`, functionKind: 'action', text: source },
  { kind: 'binding.attach', function: `${of}-${action}`, schema: of, action },
];

test('[EN451] what waits so keeps nothing else of its component waiting, and comes when nothing else is done to it', async () => {
  const p = await opened();
  const update = "// @effects\nfunction main() { return { status: 'ok', payload: { Size: 1 } }; }";
  await p.apply(...schema('Web', ''), ...bound('Web', 'refresh', looked('gpu')), ...bound('Web', 'update', update));
  await p.apply(make('Web', 'web'));
  const told = async () =>
    (await p.house.call<{ items: Action[] }>('action.list')).items
      .map((a) => `${a.kind}: ${a.status}${a.waitsForPool ? ` for ${a.waitsForPool}` : ''}`)
      .reverse();
  expect(await told()).toEqual(['create: succeeded', 'refresh: queued for gpu']);
  await p.apply({ kind: 'attribute.set', component: 'web', path: '/domain/Host', value: 'b' });
  expect(await told()).toEqual(['create: succeeded', 'refresh: queued for gpu', 'update: succeeded']);
  p.define('gpu');
  await p.quiet();
  expect(await told()).toEqual(['create: succeeded', 'refresh: succeeded', 'update: succeeded']);
}, 60_000);

test('[EN455] what was cut off and could only be looked at by a runner that is not there stays interrupted and says so', async () => {
  const p = await opened();
  const update =
    "// @effects\nfunction main() { return { status: 'error', errorClass: 'unknown-outcome', message: 'no answer' }; }";
  await p.apply(...schema('Web', ''), ...bound('Web', 'refresh', looked('gpu')), ...bound('Web', 'update', update));
  await p.apply(make('Web', 'web'));
  await p.apply({ kind: 'attribute.set', component: 'web', path: '/domain/Host', value: 'b' });
  const { items } = await p.house.call<{ items: Action[] }>('action.list', { status: 'interrupted' });
  expect(items).toMatchObject([
    {
      kind: 'update',
      failure: {
        code: 'interrupted',
        message: 'no answer; looking at the resource takes a runner, and no runner serves the pool gpu',
      },
    },
  ]);
  // With a runner it would have been looked at.
  p.define('gpu');
  await p.house.call('action.retry', { action: items[0]!.id });
  await p.quiet();
  const again = await p.house.call<Action>('action.get', { action: items[0]!.id });
  expect(again).toMatchObject({ status: 'succeeded', failure: null });
}, 60_000);
