// What becomes of writers and readers when the store fails under them.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { Fault } from '../../src/base/result.ts';
import { FailingStore } from './failing_store.ts';
import { House } from './house.ts';

const tick = () => new Promise((resolve) => setImmediate(resolve));

async function faultOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (e) {
    if (e instanceof Fault) return e.code;
    throw e;
  }
  throw new Error('no fault');
}

describe.each([
  ['reads at once', true],
  ['reads later', false],
])('a store that fails, %s', (_title, synchronousReads) => {
  let store: FailingStore;
  let house: House;
  let changeSet: string;
  const unhandled: unknown[] = [];
  const onUnhandled = (e: unknown) => void unhandled.push(e);

  beforeEach(async () => {
    store = new FailingStore({ synchronousReads });
    house = await new House(async () => store, {}).start();
    changeSet = await house.withBox();
    unhandled.length = 0;
    process.on('unhandledRejection', onUnhandled);
  });
  afterEach(async () => {
    await tick();
    process.off('unhandledRejection', onUnhandled);
    expect(unhandled).toEqual([]);
    store.fails = () => false;
    store.isUnheard = () => false;
    store.chunksFail = false;
    await house.sound();
    // And a second engine that knows nothing sees the same.
    const before = await house.everything();
    await house.reopen();
    await house.sound();
    expect(await house.everything()).toBe(before);
  });

  test('[EN18] a commit that fails is a fault, and leaves neither memory nor store changed', async () => {
    const before = await house.everything();
    const roots = await house.row(changeSet);
    store.fails = () => true;
    expect(await faultOf(house.create(changeSet, 'lost'))).toBe('store_failed');
    expect(await house.row(changeSet)).toEqual(roots);
    store.fails = () => false;
    expect(await house.everything()).toBe(before);
    expect((await house.refused('component.get', { changeSet, component: 'lost' })).code).toBe('component_not_found');
    await house.create(changeSet, 'kept');
  });

  test('[EN8] what has landed and was not heard of is answered by its record, not done again nor refused for itself', async () => {
    const asks: readonly (readonly [string, Record<string, Json>])[] = [
      ['change_set.create', { name: 'unheard', idempotencyKey: 'open' }],
      [
        'submit',
        { changeSet, idempotencyKey: 'edit', mutations: [{ kind: 'component.create', schema: 'Box', name: 'one' }] },
      ],
      [
        'component.bulk_set',
        { changeSet, idempotencyKey: 'bulk', query: 'schema:Box', set: { '/domain/text': 'many' } },
      ],
      ['component.duplicate', { changeSet, idempotencyKey: 'copy', components: ['one'], prefix: 'copy of ' }],
      ['change_set.split', { changeSet, idempotencyKey: 'split', components: ['one'] }],
      ['change_set.apply', { changeSet, idempotencyKey: 'apply', waitMs: 10_000 }],
      ['change_set.revert', { changeSet, idempotencyKey: 'revert' }],
    ];
    for (const [operation, ask] of asks) {
      const commits: string[] = [];
      store.isUnheard = ({ idempotency, changeSets }) => {
        // What only remembers an answer is compared with nothing that others could have moved.
        if (idempotency === undefined || changeSets.length === 0) return false;
        commits.push(idempotency.key);
        return commits.indexOf(idempotency.key) === commits.length - 1;
      };
      const heard = await house.call(operation, ask);
      expect(await house.call(operation, ask)).toEqual(heard);
      expect(commits.length, operation).toBe(new Set(commits).size);
      expect(commits.length, operation).toBeGreaterThan(0);
    }
  });

  test('[EN8] a revert that ended behind its opening is brought to its end with its key, and is one', async () => {
    await house.create(changeSet, 'one');
    await house.call('change_set.apply', { changeSet, waitMs: 10_000 });
    const ask = { changeSet, idempotencyKey: 'k' };
    store.fails = ({ idempotency }) => idempotency?.key === 'k';
    expect(await faultOf(house.call('change_set.revert', ask))).toBe('store_failed');
    store.fails = () => false;
    const opened = (await house.call<{ name: string }[]>('change_set.list')).filter((c) => c.name.startsWith('revert'));
    expect(opened).toHaveLength(1);
    const done = await house.call<{ changeSet: { id: string }; edits: number }>('change_set.revert', ask);
    expect([done.changeSet, done.edits]).toEqual([opened[0], 1]);
    expect(await house.call('change_set.revert', ask)).toEqual(done);
    expect(
      (await house.call<{ name: string }[]>('change_set.list')).filter((c) => c.name.startsWith('revert')),
    ).toHaveLength(1);
  });

  test('[EN18] what is queued behind a commit that fails is done again on what is there', async () => {
    const a = await house.create(changeSet, 'a');
    const at = store.commitsSeen;
    store.fails = () => store.commitsSeen === at + 1;
    const first = faultOf(house.set(changeSet, a, '/domain/text', 'lost'));
    const rest = Array.from({ length: 10 }, (_, i) => house.create(changeSet, `c${i}`));
    expect(await first).toBe('store_failed');
    await Promise.all(rest);
    expect(await house.value(changeSet, a)).not.toHaveProperty('text');
    expect((await house.row(changeSet)).version).toBe(11);
  });

  test('[EN18] an edit that was built on one that fails is judged again', async () => {
    const at = store.commitsSeen;
    store.fails = () => store.commitsSeen === at + 1;
    const create = faultOf(house.create(changeSet, 'a'));
    // Valid only while the component is there.
    const set = house.attempt('submit', {
      changeSet,
      mutations: [{ kind: 'attribute.set', component: 'a', path: '/domain/text', value: 'x' }],
    });
    expect(await create).toBe('store_failed');
    expect(await set).toMatchObject({ ok: false, refusal: { code: 'component_not_found' } });
  });

  test('[EN18] a writer that waited meanwhile does not build on the version that failed', async () => {
    for (let i = 0; i < 60; i++) await house.create(changeSet, `c${i}`, { '/domain/text': 'x'.repeat(900) });
    await house.reopen();
    const slow = { changeSet, mutations: [{ kind: 'component.duplicate', component: 'c33', name: 'copy' }] };
    await house.row(changeSet);
    store.held = true;
    const at = store.commitsSeen;
    store.fails = () => store.commitsSeen === at + 1;
    const lost = faultOf(house.create(changeSet, 'lost'));
    while (store.commitsSeen === at) await tick();
    const open = store.holdNextRead();
    const late = house.call('submit', slow);
    await tick();
    store.release();
    expect(await lost).toBe('store_failed');
    await house.create(changeSet, 'other');
    open();
    await Promise.all([late, house.create(changeSet, 'another')]);
    expect((await house.row(changeSet)).version).toBe(63);
  });

  test('[EN18] nothing is answered from a state that is not durable', async () => {
    store.held = true;
    const writing = house.create(changeSet, 'a');
    await tick();
    let answered = false;
    const reading = house.attempt('component.get', { changeSet, component: 'a' }).then((r) => {
      answered = true;
      return r;
    });
    const reviewing = house.attempt('change_set.review', { changeSet });
    for (let i = 0; i < 20; i++) await tick();
    expect(answered).toBe(false);
    store.release();
    await writing;
    expect((await reading).ok).toBe(true);
    expect(await reviewing).toMatchObject({ ok: true, value: { summary: { added: 1 } } });
  });

  test('[EN18] a reader that waited for a commit that fails sees what is there', async () => {
    store.held = true;
    store.fails = () => true;
    const lost = [faultOf(house.create(changeSet, 'a')), faultOf(house.create(changeSet, 'b'))];
    await tick();
    const reading = house.refused('component.get', { changeSet, component: 'a' });
    const row = house.row(changeSet);
    store.release();
    expect(await Promise.all(lost)).toEqual(['store_failed', 'store_failed']);
    store.fails = () => false;
    expect((await reading).code).toBe('component_not_found');
    expect((await row).version).toBe(0);
  });

  test('[EN19] opening behind an opening that fails leaves no gap in Head’s trail', async () => {
    const at = store.commitsSeen;
    store.fails = () => store.commitsSeen === at + 1;
    const first = faultOf(house.open('lost'));
    const others = Array.from({ length: 5 }, (_, i) => house.open(`o${i}`));
    expect(await first).toBe('store_failed');
    await Promise.all(others);
    await house.sound();
    expect(await house.call('audit.list', { changeSet: 'HEAD', kind: 'change_set.open' })).toHaveLength(7);
  });

  test('[EN19] an apply behind an opening that fails leaves no gap in Head’s trail', async () => {
    await house.create(changeSet, 'a');
    const at = store.commitsSeen;
    store.fails = () => store.commitsSeen === at + 1;
    const first = faultOf(house.open('lost'));
    const apply = house.call('change_set.apply', { changeSet });
    const abandon = house.open('x').then((id) => house.call('change_set.abandon', { changeSet: id }));
    expect(await first).toBe('store_failed');
    await Promise.all([apply, abandon]);
    expect((await house.row('HEAD')).version).toBe(3);
  });

  test('[EN18] an apply that fails leaves the change set open and Head where it was; repeated, it lands once', async () => {
    await house.create(changeSet, 'a');
    const before = await house.everything();
    store.fails = () => true;
    const request = { changeSet, idempotencyKey: 'k' };
    expect(await faultOf(house.call('change_set.apply', request))).toBe('store_failed');
    expect(await house.everything()).toBe(before);
    store.fails = () => false;
    await house.call('change_set.apply', request);
    expect((await house.row('HEAD')).version).toBe(3);
  });

  test('[EN18] a submit with a key that failed is free to be repeated', async () => {
    const request = {
      changeSet,
      idempotencyKey: 'k',
      mutations: [{ kind: 'component.create', schema: 'Box', name: 'a' }],
    };
    store.fails = () => true;
    expect(await faultOf(house.call('submit', request))).toBe('store_failed');
    store.fails = () => false;
    const reply = await house.call('submit', request);
    expect(await house.call('submit', request)).toEqual(reply);
    expect((await house.row(changeSet)).version).toBe(1);
  });

  test('[EN18] random failures under load: what was acknowledged is there, what failed is not', async () => {
    let seed = 7;
    const chance = () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed / 2_147_483_648;
    };
    store.fails = () => chance() < 0.2;
    const sets = [changeSet];
    const acknowledged = new Map<string, string[]>([[changeSet, []]]);
    const refused = new Set<string>();
    await Promise.all(
      Array.from({ length: 120 }, async (_, i) => {
        try {
          if (i % 10 === 0) {
            const id = await house.open(`s${i}`);
            sets.push(id);
            acknowledged.set(id, []);
          } else {
            const to = sets[i % sets.length]!;
            await house.create(to, `c${i}`);
            acknowledged.get(to)!.push(`c${i}`);
          }
        } catch (e) {
          if (!(e instanceof Fault)) throw e;
          refused.add(`c${i}`);
        }
      }),
    );
    store.fails = () => false;
    expect(refused.size).toBeGreaterThan(0);
    for (const [id, names] of acknowledged) {
      const found = await house.call<{ items: { name: string }[] }>('component.search', { changeSet: id });
      expect(found.items.map((c) => c.name).sort()).toEqual([...names].sort());
    }
  });

  test('[EN20] a checkpoint that fails costs nothing; the next one writes what it would have', async () => {
    const w = await house.workspace();
    store.chunksFail = true;
    const a = await house.create(changeSet, 'a', { '/domain/text': 'kept' });
    expect(await faultOf(w.checkpoint())).toBe('store_failed');
    await house.set(changeSet, a, '/domain/size', 5);
    await house.reopen().catch(() => house.start());
    expect(await house.value(changeSet, a)).toMatchObject({ text: 'kept', size: 5 });
    store.chunksFail = false;
    await (await house.workspace()).checkpoint();
    expect(await store.listCheckpoints(w.id)).toContainEqual(expect.objectContaining({ changeSet, version: 2 }));
  });

  test('[EN20] a checkpoint taken while a commit is under way that then fails does not stand under its version', async () => {
    await house.create(changeSet, 'a');
    const w = await house.workspace();
    store.held = true;
    const at = store.commitsSeen;
    store.fails = () => store.commitsSeen === at + 1;
    const lost = faultOf(house.create(changeSet, 'lost'));
    await tick();
    const checkpoint = w.checkpoint();
    await tick();
    store.release();
    expect(await lost).toBe('store_failed');
    await checkpoint;
    expect((await store.listCheckpoints(w.id)).filter((c) => c.changeSet === changeSet && c.version > 1)).toEqual([]);
    await house.create(changeSet, 'kept');
    await w.checkpoint();
  });
});
