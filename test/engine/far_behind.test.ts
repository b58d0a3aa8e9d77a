// A change set very many versions behind Head, and one with very many edits: both are caught up and applied. Short here;
// `HEADWATER_SCALE=1` runs it with 10,000 versions and 100,000 edits.

import { describe, expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import type { ApplyReceipt } from '../../src/engine/apply_receipt.ts';
import type { SubmitReply } from '../../src/engine/submit.ts';
import { type House, sqliteHouse } from './house.ts';

const full = process.env['HEADWATER_SCALE'] === '1';
const versions = full ? 10_000 : 300;
const edits = full ? 100_000 : 4_000;

const set = (component: string, path: string, value: Json): Json => ({ kind: 'attribute.set', component, path, value });

async function components(house: House, count: number): Promise<string[]> {
  const first = await house.withBox();
  const mutations = Array.from({ length: count }, (_, i) => ({
    kind: 'component.create',
    schema: 'Box',
    name: `c${i}`,
  }));
  const reply = await house.call<SubmitReply>('submit', { changeSet: first, mutations });
  await house.call('change_set.apply', { changeSet: first });
  return reply.steps.map((s) => s.subject);
}

describe('far behind', () => {
  test(`[EN35] ${versions} versions behind, some of them meeting its edits`, { timeout: 1_800_000 }, async () => {
    const house = await sqliteHouse().start();
    const ids = await components(house, 50);
    const behind = await house.open('behind');
    for (const [i, id] of ids.slice(0, 10).entries()) await house.set(behind, id, '/domain/text', `mine ${i}`);
    const w = await house.workspace();
    await w.replay.idle();
    // Nothing is replayed meanwhile, as if the engine had been too busy for it.
    w.replay.stopped = true;
    for (let v = 0; v < versions; v++) {
      const mover = await house.open(`v${v}`);
      await house.set(
        mover,
        ids[v % ids.length]!,
        v % 100 === 0 ? '/domain/text' : '/domain/size',
        v % 100 === 0 ? `head ${v}` : v,
      );
      await house.call('change_set.apply', { changeSet: mover });
    }
    const head = await house.row('HEAD');
    const started = performance.now();
    const row = await house.row(behind);
    const ms = performance.now() - started;
    expect(row.baseVersion).toBe(head.version);
    expect(await house.value(behind, ids[0]!)).toMatchObject({ text: 'mine 0' });
    const receipt = await house.call<ApplyReceipt>('change_set.apply', { changeSet: behind });
    expect(receipt.receipt.map((l) => [l.rule, l.subject])).toEqual([['value-value', ids[0]]]);
    if (full) console.log(JSON.stringify({ test: 'versions behind', versions, catchUpMs: Math.round(ms) }));
    if (!full) await house.sound();
    await house.close();
  });

  test(`[EN35] ${edits} edits in one change set`, { timeout: 1_800_000 }, async () => {
    const house = await sqliteHouse().start();
    const ids = await components(house, edits / 100);
    const [large, small] = [await house.open('large'), await house.open('small')];
    for (let k = 0; k < 100; k += 10) {
      const mutations = ids.flatMap((id) =>
        Array.from({ length: 10 }, (_, i) => set(id, `/domain/tags/k${k + i}`, 'v')),
      );
      await house.call('submit', { changeSet: large, mutations });
    }
    await house.submit(small, set(ids[0]!, '/domain/tags/k0', 'head'), set(ids[1]!, '/domain/size', 9), {
      kind: 'component.erase',
      component: ids[2]!,
    });
    await house.call('change_set.apply', { changeSet: small });
    const started = performance.now();
    const row = await house.row(large);
    const caughtUpMs = performance.now() - started;
    expect(row.baseVersion).toBe(4);
    const before = performance.now();
    const receipt = await house.call<ApplyReceipt>('change_set.apply', { changeSet: large });
    const appliedMs = performance.now() - before;
    expect(receipt.edits).toBe(edits - 100);
    expect(receipt.receipt.filter((l) => l.rule === 'value-value')).toHaveLength(1);
    expect(receipt.receipt.filter((l) => l.rule === 'erase-edit')).toHaveLength(100);
    expect((await house.value('HEAD', ids[1]!))['size']).toBe(9);
    if (full)
      console.log(
        JSON.stringify({ test: 'edits', edits, caughtUpMs: Math.round(caughtUpMs), appliedMs: Math.round(appliedMs) }),
      );
    if (!full) await house.sound();
    await house.close();
  });
});
