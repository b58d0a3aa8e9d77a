// What stands in the way of an apply or of catching up: it is said, nothing is skipped, and it goes on by itself.

import { describe, expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import type { ApplyReceipt } from '../../src/engine/apply_receipt.ts';
import type { ReplayProblem } from '../../src/engine/replay_work.ts';
import { alwaysReady, type Readiness } from '../../src/ports/readiness.ts';
import { FailingStore } from './failing_store.ts';
import { eachStore, House } from './house.ts';

const set = (component: string, path: string, value: Json): Json => ({ kind: 'attribute.set', component, path, value });

describe('replay and apply', () => {
  eachStore((make) => {
    test('[EN11] B34 an apply is refused with what is pending, or waits when asked to', async () => {
      let pending = ['a/domain/text'];
      const readiness: Readiness = {
        pending: () => Promise.resolve(pending),
        quiet: async () => {
          await new Promise((resolve) => setImmediate(resolve));
          pending = [];
        },
        planned: () => Promise.resolve([]),
      };
      const house = await make({ readiness: alwaysReady });
      const changeSet = await house.withBox();
      const a = await house.create(changeSet, 'a');
      const w = await house.workspace();
      Object.defineProperty(w, 'readiness', { value: readiness });
      const before = await house.everything();
      expect(await house.refused('change_set.apply', { changeSet })).toMatchObject({
        code: 'not_ready',
        data: { pending: ['a/domain/text'] },
      });
      expect(await house.everything()).toBe(before);
      const receipt = await house.call<ApplyReceipt>('change_set.apply', { changeSet, waitMs: 1_000 });
      expect(receipt.actions).toEqual([]);
      expect(await house.value('HEAD', a)).toMatchObject({ size: 3 });
    });

    test('[EN30] B30 many sessions, each in a change set of its own, edit, read and apply at once', async () => {
      const house = await make();
      const first = await house.withBox();
      const shared = await house.create(first, 'shared');
      await house.call('change_set.apply', { changeSet: first });
      const session = async (n: number): Promise<string> => {
        const changeSet = await house.open(`session ${n}`);
        const id = await house.create(changeSet, `c${n}`);
        await house.submit(changeSet, set(shared, `/domain/tags/k${n}`, 'v'), set(shared, '/domain/size', n));
        await house.value(changeSet, id);
        await house.call('change_set.apply', { changeSet });
        return id;
      };
      const ids = await Promise.all(Array.from({ length: 16 }, (_, n) => session(n)));
      expect(new Set(ids).size).toBe(16);
      const value = await house.value('HEAD', shared);
      expect(Object.keys(value['tags'] as object)).toHaveLength(16);
      expect((await house.row('HEAD')).version).toBe(19);
      await house.sound();
    });
  });

  test('[EN32] a replay that fails is shown with its reason, tried again, and skips nothing', async () => {
    const store = new FailingStore({ synchronousReads: true });
    const house = await new House(async () => store, {}).start();
    const first = await house.withBox();
    const a = await house.create(first, 'a');
    await house.call('change_set.apply', { changeSet: first });
    const [behind, other, mover] = [await house.open('behind'), await house.open('other'), await house.open('mover')];
    for (const c of [behind, other]) await house.set(c, a, '/domain/size', 5);
    await house.set(mover, a, '/domain/text', 'moved');
    const w = await house.workspace();
    store.fails = (commit) => commit.log.some((l) => l.changeSet === behind && l.text.includes('"catch_up"'));
    await house.call('change_set.apply', { changeSet: mover });
    await w.replay.idle();
    const problem: ReplayProblem = w.replay.problems.get(behind as never)!;
    expect(problem).toMatchObject({ reason: 'store_failed: the disk is full', attempts: 1 });
    expect([...w.replay.problems.keys()]).toEqual([behind]);
    expect(await house.call('statistics')).toMatchObject({ replayLag: { versions: 1, changeSets: 1 } });
    const stored = await store.listChangeSets(w.id);
    expect(stored.find((r) => r.id === other)!.baseVersion).toBe(4);
    store.fails = () => false;
    for (let tries = 0; w.replay.problems.size > 0 && tries < 1_000; tries++)
      await new Promise((r) => setTimeout(r, 20));
    expect(await house.call('statistics')).toMatchObject({ replayLag: { versions: 0, changeSets: 0 } });
    expect(await house.value(behind, a)).toMatchObject({ text: 'moved', size: 5 });
    await house.sound();
    await house.close();
  });
});
