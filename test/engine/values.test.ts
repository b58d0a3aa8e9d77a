// Computed values through the whole engine, with functions that really run.

import { afterAll, expect, test } from 'vitest';
import { openCompiler } from '../../src/adapters/compiler/compiler.ts';
import { openIsolate } from '../../src/adapters/isolate/isolate.ts';
import type { Json } from '../../src/base/json.ts';
import type { FunctionHost } from '../../src/engine/compiled_functions.ts';
import { readinessOf } from '../../src/engine/ready.ts';
import { alwaysReady } from '../../src/ports/readiness.ts';
import { eachStore, type House } from './house.ts';

const compiler = openCompiler();
const isolate = openIsolate({ workers: 1 });
afterAll(async () => {
  await isolate.close();
  await compiler.close();
});

/** Outlives the engines that use it; nothing runs before the gate is open. */
const functionsBehind = (gate: Promise<void>): FunctionHost => ({
  compiler: { ...compiler, close: async () => {} },
  runners: [
    {
      tier: 'isolate',
      capacity: isolate.capacity,
      confinement: isolate.confinement,
      run: async (request, listener) => {
        await gate;
        return isolate.run(request, listener);
      },
      kill: (id) => isolate.kill(id),
      close: async () => {},
    },
  ],
});

const functions = (): FunctionHost => functionsBehind(Promise.resolve());

const attach = (name: string, functionKind: string, text: string, more: Json = {}): Json[] => [
  { kind: 'function.create', name, functionKind, text },
  { kind: 'binding.attach', function: name, schema: 'Box', ...(more as object) },
];

/** Head with the schema Box, a function that makes /domain/text of /domain/size, and a qualification. */
async function withFunctions(house: House): Promise<void> {
  const changeSet = await house.withBox(false);
  await house.submit(
    changeSet,
    ...attach('label', 'attribute', "function main({ size }) { return 'size ' + size; }", {
      arguments: [{ name: 'size', path: '/domain/size' }],
      output: '/domain/text',
    }),
    ...attach(
      'small',
      'qualification',
      "function main({ domain }) { return { result: domain.size < 10 ? 'success' : 'failure', message: domain.text }; }",
    ),
  );
  await house.call('change_set.apply', { changeSet, waitMs: 10_000 });
}

/** The value of a component when all of it is computed. */
async function computed(house: House, changeSet: string, component: string): Promise<Record<string, Json>> {
  const view = await house.call<{ value: Record<string, Json>; problems: Json[] }>('component.get', {
    changeSet,
    component,
    waitMs: 20_000,
  });
  expect(view.problems).toEqual([]);
  return view.value;
}

async function runs(house: House): Promise<number> {
  const w = await house.workspace();
  await w.calls.flushed();
  return (await w.store.runs.listRuns(w.id, { limit: 1_000 })).length;
}

eachStore((make, kind) => {
  test('[EN70] what an edit reaches is computed, by functions too, and every run is a record', async () => {
    const house = await make({ functions });
    await withFunctions(house);
    const changeSet = await house.open();
    const one = await house.create(changeSet, 'one', { '/domain/size': 4 });
    await house.create(changeSet, 'two', { '/domain/list': [{ $source: { component: one, path: '/domain/text' } }] });
    const value = await computed(house, changeSet, 'one');
    expect((value['domain'] as { text: string }).text).toBe('size 4');
    expect(value['qualification']).toMatchObject({ small: { result: 'success', message: 'size 4' } });
    expect(((await computed(house, changeSet, 'two'))['domain'] as { list: Json }).list).toEqual(['size 4']);
    await house.set(changeSet, one, '/domain/size', 12);
    expect((await computed(house, changeSet, 'one'))['qualification']).toMatchObject({
      small: { result: 'failure', message: 'size 12' },
    });
    expect(((await computed(house, changeSet, 'two'))['domain'] as { list: Json }).list).toEqual(['size 12']);
    const w = await house.workspace();
    await w.calls.flushed();
    const records = await w.store.runs.listRuns(w.id, { component: one as never, limit: 100 });
    expect(records.map((r) => [r.functionName, r.status, r.tier, r.output]).sort()).toEqual([
      ['label', 'succeeded', 'isolate', '/domain/text'],
      ['label', 'succeeded', 'isolate', '/domain/text'],
      ['small', 'succeeded', 'isolate', '/qualification/small'],
      ['small', 'succeeded', 'isolate', '/qualification/small'],
    ]);
    expect(records.every((r) => r.actor === 'ada' && r.changeSet === changeSet && r.endedAtMs !== null)).toBe(true);
  });

  test('[EN71] a call runs once for all change sets, components and restarts', async () => {
    const house = await make({ functions });
    await withFunctions(house);
    const ids: string[] = [];
    for (const name of ['a', 'b']) {
      const changeSet = await house.open(name);
      ids.push(changeSet);
      for (const component of ['x', 'y']) await house.create(changeSet, component, { '/domain/size': 7 });
      for (const component of ['x', 'y']) await computed(house, changeSet, component);
    }
    expect(await runs(house)).toBe(2);
    await house.reopen();
    const changeSet = await house.open('c');
    await house.create(changeSet, 'z', { '/domain/size': 7 });
    await computed(house, changeSet, 'z');
    for (const id of ids) await computed(house, id, 'x');
    expect(await runs(house)).toBe(2);
  });

  test('[EN72] replaying Head onto open change sets runs nothing whose inputs are the same', async () => {
    const house = await make({ functions });
    await withFunctions(house);
    const base = await house.open('base');
    await house.create(base, 'shared', { '/domain/size': 1 });
    await house.call('change_set.apply', { changeSet: base, waitMs: 20_000 });
    const open: string[] = [];
    for (let i = 0; i < 10; i++) {
      const changeSet = await house.open(`open ${i}`);
      open.push(changeSet);
      await house.set(changeSet, 'shared', '/domain/colour', i % 2 === 0 ? 'red' : 'green');
      await computed(house, changeSet, 'shared');
    }
    const before = await runs(house);
    const moves = await house.open('moves');
    await house.set(moves, 'shared', '/domain/size', 2);
    await house.call('change_set.apply', { changeSet: moves, waitMs: 20_000 });
    for (const changeSet of open)
      expect(((await computed(house, changeSet, 'shared'))['domain'] as { text: string }).text).toBe('size 2');
    // The label of the new size, and the qualification of red and of green: whoever asked first.
    expect((await runs(house)) - before).toBe(3);
  });

  test('[EN73] B34 an apply while something is computed is refused with what, or waits when asked', async () => {
    const house = await make({ functions });
    await withFunctions(house);
    const changeSet = await house.open();
    await house.submit(changeSet, {
      kind: 'function.create',
      name: 'slow',
      functionKind: 'qualification',
      text: "function main() { let n = 0; for (let i = 0; i < 3e7; i++) n += i % 7; return { result: 'success', message: String(n) }; }",
    });
    await house.submit(changeSet, { kind: 'binding.attach', function: 'slow', schema: 'Box' });
    await house.create(changeSet, 'late', { '/domain/size': 3 });
    const refusal = await house.refused('change_set.apply', { changeSet });
    expect(refusal).toMatchObject({ code: 'not_ready' });
    expect((refusal.data as { pending: string[] }).pending).toContain('late /qualification/slow');
    await house.call('change_set.apply', { changeSet, waitMs: 30_000 });
    expect((await computed(house, 'HEAD', 'late'))['qualification']).toMatchObject({ slow: { result: 'success' } });
  });

  test('[EN73] however much is pending on Head, what only the change set has to compute is told', async () => {
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    // So that Head has values that are not computed, as after a restart without its checkpoint.
    const house = await make({ functions: () => functionsBehind(gate), readiness: alwaysReady });
    await withFunctions(house);
    const many = await house.open('many');
    for (let i = 0; i < 110; i++) await house.create(many, `c${i}`, { '/domain/size': i });
    await house.call('change_set.apply', { changeSet: many });
    const w = await house.workspace();
    const head = await w.head();
    expect(await w.read(() => w.propagation.advanced(head).pending)).toBe(220);
    const changeSet = await house.open('own');
    await house.create(changeSet, 'own', { '/domain/size': 4 });
    const pending = async () => {
      const present = await w.present(changeSet as never);
      return present.ok && readinessOf(w).pending(w.id, changeSet as never, present.value.snapshot.roots().intent);
    };
    expect(await pending()).toEqual(['own /domain/text', 'own /qualification/small']);
    open();
    await computed(house, changeSet, 'own');
    expect(await pending()).toEqual([]);
  });

  test('a review reads values that are kept, and says what evaluating both states says', async () => {
    const house = await make({ functions });
    await withFunctions(house);
    const base = await house.open('base');
    const follow = (component: string): Json => ({
      '/domain/list': [{ $source: { component, path: '/domain/text' } }],
    });
    const source = await house.create(base, 'source', { '/domain/size': 4 });
    await house.create(base, 'near', follow(source) as Record<string, Json>);
    const from = { $source: { component: source, path: '/domain/text' } };
    await house.create(base, 'wrong', { '/domain/size': { $source: { call: 'toInteger', args: [from] } } });
    await house.create(base, 'apart', { '/domain/size': 3 });
    await house.call('change_set.apply', { changeSet: base, waitMs: 20_000 });
    const changeSet = await house.open('edited');
    await house.create(changeSet, 'new', follow(source) as Record<string, Json>);
    await house.set(changeSet, source, '/domain/size', 9);
    const w = await house.workspace();
    const head = await w.head();
    const found = await w.branch(changeSet as never);
    const { branch } = found.ok ? found.value : expect.fail('there is no branch');
    for (const b of [head, branch]) {
      await w.propagation.quiet(b, 20_000);
      const kept = await w.read(() => w.propagation.keptOf(b, b.snapshot));
      expect(await w.read(() => kept?.({ component: source as never, path: '/domain/text' as never }))).toMatchObject({
        state: 'value',
      });
    }
    const { components, records } = await house.call<Record<string, Json>>('change_set.review', { changeSet });
    const evaluated = await house.call<Record<string, Json>>('diff', { to: changeSet });
    expect({ components, records }).toEqual({ components: evaluated['components'], records: evaluated['records'] });
    const changed = (components as { name: string; attributes: { path: string; new: Json }[] }[]).map((c) => [
      c.name,
      Object.fromEntries(c.attributes.map((a) => [a.path, a.new])),
    ]);
    expect(Object.fromEntries(changed)).toMatchObject({
      new: { '/domain/list/0': { value: 'size 9' } },
      near: { '/domain/list/0': { value: 'size 9' } },
      source: { '/domain/text': { value: 'size 9' } },
      wrong: { '/domain/size': { message: expect.stringContaining('size 9') } },
    });
    // Of a state that is not the present one nothing is kept.
    expect(w.propagation.keptOf(branch, head.snapshot)).toBeUndefined();
  });

  test('[EN74] after a restart values are taken up from the checkpoint', async () => {
    const house = await make({ functions });
    await withFunctions(house);
    const changeSet = await house.open();
    for (let i = 0; i < 5; i++) await house.create(changeSet, `c${i}`, { '/domain/size': i });
    for (let i = 0; i < 5; i++) await computed(house, changeSet, `c${i}`);
    await house.reopen();
    const w = await house.workspace();
    const found = await w.branch(changeSet as never);
    expect(found.ok && found.value.branch.derived).toBeDefined();
    for (let i = 0; i < 5; i++) await computed(house, changeSet, `c${i}`);
    if (!found.ok) return;
    expect((await w.read(() => w.propagation.of(found.value.branch))).runs).toBe(0);
    await house.set(changeSet, 'c1', '/domain/size', 40);
    expect((await computed(house, changeSet, 'c1'))['qualification']).toMatchObject({ small: { result: 'failure' } });
    expect((await w.read(() => w.propagation.of(found.value.branch))).runs).toBe(2);
  });

  test('[EN75] edits land while many values are computed', { timeout: 60_000 }, async () => {
    const house = await make({ functions });
    const changeSet = await house.withBox();
    const hub = await house.create(changeSet, 'hub', { '/domain/size': 1 });
    const follow: Json = { $source: { component: hub, path: '/domain/size' } };
    const batch: Json[] = [];
    for (let i = 0; i < 3_000; i++)
      batch.push({ kind: 'component.create', schema: 'Box', name: `f${i}`, attributes: { '/domain/size': follow } });
    await house.submit(changeSet, ...batch);
    await computed(house, changeSet, 'f2999');
    const w = await house.workspace();
    const found = await w.branch(changeSet as never);
    if (!found.ok) throw new Error('the change set is gone');
    const other = await house.open('other');
    await house.set(changeSet, hub, '/domain/size', 2);
    let landed = 0;
    const { branch } = found.value;
    const isThere = () => w.propagation.keptOf(branch, branch.snapshot) !== undefined;
    while (!(await w.read(isThere)) && landed < 10_000) {
      await house.create(other, `o${landed++}`);
      // Requests come from outside, each in a turn of its own.
      await new Promise((turn) => setImmediate(turn));
    }
    // Where an edit goes to a server and back, all of the values may be there first.
    if (kind !== 'postgres') expect(landed).toBeGreaterThan(0);
    // The edits do not wait for the values, nor the values for the edits to end.
    expect(landed).toBeLessThan(10_000);
    expect(await house.value(changeSet, 'f2999')).toMatchObject({ size: 2 });
  });
});
