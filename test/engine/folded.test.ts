// Checkpoints of computed values: those of a version stand under it and no other, and they are written where what they are put
// below is not all in memory.

import { expect, test } from 'vitest';
import { MemoryStore } from '../../src/adapters/memory/store.ts';
import type { ChangeSetId } from '../../src/base/ids.ts';
import type { Json } from '../../src/base/json.ts';
import type { Workspace } from '../../src/engine/workspace.ts';
import { House, type HouseOptions } from './house.ts';

const follow = (component: string): { [path: string]: Json } => ({
  '/domain/text': { $source: { component, path: '/domain/text' } },
});

/** A store that stays as it is when its engine closes, as after a crash. */
function left(synchronousReads = true): { store: MemoryStore; open(options?: HouseOptions): Promise<House> } {
  const store = new MemoryStore({ synchronousReads });
  store.close = () => Promise.resolve();
  return { store, open: (options = {}) => new House(() => Promise.resolve(store), options).start() };
}

/** Many components in a change set of their own that follow one, in requests of 50. */
async function followers(
  house: House,
  requests: number,
): Promise<{ changeSet: string; source: string; all: string[] }> {
  const changeSet = await house.open('followers');
  const source = await house.create(changeSet, 'source', { '/domain/text': 'x' });
  const all: string[] = [];
  for (let i = 0; i < requests; i++) {
    const made = Array.from({ length: 50 }, (_, j): Json => {
      return { kind: 'component.create', schema: 'Box', name: `c${i}x${j}`, attributes: follow(source) };
    });
    all.push(...(await house.submit(changeSet, ...made)).steps.map((s) => s.subject));
  }
  return { changeSet, source, all };
}

/** The last checkpoint of a change set. */
async function lastOf(w: Workspace, changeSet: string) {
  const all = (await w.store.listCheckpoints(w.id)).filter((c) => c.changeSet === changeSet);
  return all.sort((a, b) => a.version - b.version).at(-1)!;
}

test('[EN792] a checkpoint has the values of its own version, also of a branch that moves while others are written', async () => {
  const { open } = left();
  const house = await open();
  await house.withBox();
  const a = await house.open('a');
  const source = await house.create(a, 'one', { '/domain/text': 'one' });
  const it = await house.create(a, 'it', follow(source));
  const many = await followers(house, 20);
  const all = async () => {
    for (const c of many.all) await house.value(many.changeSet, c);
  };
  await all();
  const w = await house.workspace();
  await w.checkpoint();
  // Much to be put below its root, and a little before it.
  await house.set(many.changeSet, many.source, '/domain/text', 'y');
  await all();
  await house.set(a, source, '/domain/size', 7);
  await house.value(a, it);
  await w.branch(many.changeSet as ChangeSetId);
  await w.propagation.idle();
  const writing = w.checkpoint();
  await new Promise((r) => setImmediate(r));
  await house.set(a, source, '/domain/text', 'two');
  expect((await house.value(a, it))['text']).toBe('two');
  await writing;
  expect((await lastOf(w, a)).version).toBe((await house.row(a)).version);
  const again = await open();
  expect((await again.value(a, it))['text']).toBe('two');
});

for (const synchronousReads of [true, false]) {
  const store = synchronousReads ? 'reads at once' : 'has to be waited for';
  test(`[EN793] computed values are written also where little of them is in memory and the store ${store}`, async () => {
    const house = await left(synchronousReads).open({ cacheBytesMax: 60_000 });
    await house.withBox();
    const { changeSet, source, all } = await followers(house, 20);
    for (const c of all) await house.value(changeSet, c);
    const w = await house.workspace();
    await w.checkpoint();
    const before = await lastOf(w, changeSet);
    await house.set(changeSet, source, '/domain/text', 'y');
    for (const c of all) expect((await house.value(changeSet, c))['text']).toBe('y');
    await w.propagation.idle();
    // Other things are read meanwhile.
    for (const component of all.slice(0, 300)) await house.attempt('component.get', { changeSet: 'HEAD', component });
    await w.checkpoint();
    const { derivedRoot } = await lastOf(w, changeSet);
    expect(derivedRoot).toBeDefined();
    expect(derivedRoot).not.toBe(before.derivedRoot);
    await house.close();
  });
}
