// Conformance of positions: what commits left behind, in the order in which they landed, whole and the same however often
// and wherever it is read.

import { movedAction } from '../../model/action.ts';
import type { EventPage } from '../store.ts';
import { append, move, nothing, queue, sampleAction } from './action_world.ts';
import { expectEqual, expectFault } from './expectation.ts';
import { numbers } from './run_world.ts';
import { type StoreCase, storeCase } from './store_case.ts';
import type { StoreWorld } from './store_world.ts';

/** The rows of a page as short texts, without positions. */
function told(page: EventPage): string[] {
  return page.rows.map((row) => {
    if (row.of === 'audit') return `audit ${Number(row.audit.changeSet.slice(-3))}.${row.audit.seq}`;
    if (row.of === 'reality') return `reality ${row.reality.text}`;
    return `action ${Number(row.action.id.slice(-3))}.${row.action.revision} ${row.action.status}`;
  });
}

const all = (w: StoreWorld, after = 0, limit = 100_000) => w.store.readEvents(w.workspace, after, limit);

function expectAscending(page: EventPage): void {
  const positions = page.rows.map((row) => row.position);
  expectEqual(
    'ascending',
    positions,
    [...new Set(positions)].sort((a, b) => a - b),
  );
  if (page.rows.length > 0) expectEqual('last', page.last >= positions.at(-1)!, true);
}

export const eventCases: readonly StoreCase[] = [
  storeCase('[ST121] what a commit leaves has positions: audit rows, steps, actions', async (w) => {
    expectEqual('none', await all(w), { rows: [], last: 0, removedUpTo: 0 });
    const id = await w.open(101);
    await w.commit({ ...w.step(id, 1), reality: append(1, 2, 'r'), actions: queue(sampleAction(w, 1)) });
    await w.commit({ ...nothing, actions: [move(sampleAction(w, 1, { revision: 2, status: 'on-hold' }))] });
    await w.commit(w.step(w.head, 1));
    const page = await all(w);
    const status = sampleAction(w, 1).status;
    expectEqual('told', told(page), [
      'audit 101.1',
      'reality r 1',
      'reality r 2',
      `action 1.1 ${status}`,
      'action 1.2 on-hold',
      'audit 100.1',
    ]);
    expectAscending(page);
    const [first, , , fourth] = page.rows;
    if (first?.of !== 'audit' || fourth?.of !== 'action') throw new Error('of other kinds');
    expectEqual('audit row', first.audit, w.audit(id, 1));
    expectEqual('action', fourth.action, movedAction(sampleAction(w, 1)));
  }),
  storeCase('[ST121] what does not land, and a sign of life, has no position', async (w) => {
    await w.commit({ ...w.step(w.head, 1), actions: queue(sampleAction(w, 1)) });
    const before = await all(w);
    await w.commit(w.step(w.head, 1));
    await w.commit({ ...nothing, reality: append(5, 5) });
    const twice = { ...w.step(w.head, 2, { log: [w.log(w.head, 1)] }), actions: queue(sampleAction(w, 2)) };
    await expectFault('twice', 'store_failed', () => w.commit(twice));
    const sign = { ...move(sampleAction(w, 1, { revision: 2 })), isUnnoted: true as const };
    expectEqual('sign', await w.commit({ ...nothing, actions: [sign] }), { ok: true });
    expectEqual('events', await all(w), before);
    expectEqual('other workspace', (await w.store.readEvents(w.in(2).workspace, 0, 10)).rows, []);
  }),
  storeCase('[ST121] of commits queued together the order is that of landing', async (w) => {
    const a = await w.open(101);
    const b = await w.open(102);
    await Promise.all(
      numbers(1, 40).flatMap((n) => [
        w.commit(w.step(a, n)),
        ...(n % 7 === 0 ? [w.store.putSetting(w.workspace, 's', String(n))] : []),
        w.commit({ ...w.step(b, n), reality: append(n, n, 'r') }),
      ]),
    );
    const page = await all(w);
    expectAscending(page);
    const expected = numbers(1, 40).flatMap((n) => [`audit 101.${n}`, `audit 102.${n}`, `reality r ${n}`]);
    expectEqual('told', told(page), expected);
  }),
  storeCase('[ST122] positions are read from after the one given, at most so many', async (w) => {
    const other = w.in(2);
    await other.found();
    for (const n of numbers(1, 12)) {
      await w.commit({ ...w.step(w.head, n), reality: append(n, n, 'r') });
      await other.commit(other.step(other.head, n));
      // Some are in one place by now and some in another, where a store has two.
      if (n === 7) await w.store.putSetting(w.workspace, 's', 'v');
    }
    const { rows, last } = await all(w);
    expectEqual('count', rows.length, 24);
    expectEqual('last', last, rows.at(-1)!.position);
    for (const after of [0, 1, 9, 13, 14, 15, 20, 23, 24, 99, Number.MAX_SAFE_INTEGER])
      for (const limit of [0, 1, 3, 100]) {
        const expected = rows.filter((row) => row.position > after).slice(0, limit);
        expectEqual(`after ${after}, ${limit}`, (await all(w, after, limit)).rows, expected);
      }
    expectEqual('the other', (await all(other)).rows.length, 12);
    await w.store.putSetting(w.workspace, 's', 'w');
    expectEqual('later', await all(w), { rows, last, removedUpTo: 0 });
  }),
  storeCase(
    '[ST122] they are the same after the store is opened again, and go on',
    async (w, reopen) => {
      for (const n of numbers(1, 9)) {
        await w.commit({ ...w.step(w.head, n), actions: queue(sampleAction(w, n)) });
        if (n === 4) await w.store.pruneEvents(w.workspace, 2);
      }
      const before = await all(w);
      const again = await reopen();
      expectEqual('again', await all(again), before);
      await again.commit(again.step(again.head, 10));
      const after = await all(again, before.last);
      expectEqual('next', told(after), ['audit 100.10']);
      expectAscending(await all(again));
    },
    { isDurable: true },
  ),
  storeCase('[ST123] pruning leaves the newest, and audit rows', async (w) => {
    for (const n of numbers(1, 10)) await w.commit({ ...w.step(w.head, n), reality: append(n, n, 'r') });
    const before = await all(w);
    expectEqual('enough', await w.store.pruneEvents(w.workspace, 10), 0);
    expectEqual('nothing', await all(w), before);
    expectEqual('pruned', await w.store.pruneEvents(w.workspace, 4), 6);
    const page = await all(w);
    const gone = before.rows.filter((row) => row.of === 'reality').slice(0, 6);
    expectEqual(
      'rest',
      page.rows,
      before.rows.filter((row) => !gone.some((g) => g.position === row.position)),
    );
    expectEqual('up to', page.removedUpTo, gone.at(-1)!.position);
    expectEqual('all', await w.store.pruneEvents(w.workspace, 0), 4);
    expectEqual('last', (await all(w)).last, before.last);
    await w.commit({ ...nothing, reality: append(11, 11, 'r') });
    const next = await all(w, before.last);
    expectEqual('next', told(next), ['reality r 11']);
    expectEqual('no position twice', next.rows[0]!.position > before.last, true);
  }),
];
