// Conformance of actions as they are kept: every field, pages, filters, pruning; and reality and actions together in two
// workspaces, after a write, in checkpoints, after the store was closed and opened.

import type { ActionId, ChangeSetId, ComponentId } from '../../base/ids.ts';
import { type ActionRecord, type ActionStatus, actionStatuses } from '../../model/action.ts';
import type { ActionQuery } from '../store.ts';
import {
  append,
  endedAction,
  endedBefore,
  everythingOf,
  listedActions,
  move,
  nothing,
  queue,
  sampleAction,
  steps,
} from './action_world.ts';
import { expectEqual, expectFault } from './expectation.ts';
import { down, numbers } from './run_world.ts';
import { type StoreCase, storeCase } from './store_case.ts';
import { idOf, type StoreWorld } from './store_world.ts';

const landed = { ok: true };

/** Queues actions by the hundred. */
async function queueAll(w: StoreWorld, records: readonly ActionRecord[]): Promise<void> {
  for (let at = 0; at < records.length; at += 100)
    await w.commit({ ...nothing, actions: queue(...records.slice(at, at + 100)) });
}

export const actionCases: readonly StoreCase[] = [
  storeCase(
    '[ST55] of an action that one commit names twice the last record stands, and both have a position',
    async (w) => {
      await w.commit({ ...nothing, actions: queue(sampleAction(w, 1)) });
      const held = sampleAction(w, 1, { revision: 2, status: 'on-hold', origins: [idOf<ChangeSetId>(101)] });
      const cancelled = sampleAction(w, 1, { revision: 3, status: 'cancelled', origins: [idOf<ChangeSetId>(102)] });
      const twice = [held, cancelled].map((record) => ({ record, expected: 1 }));
      expectEqual('outcome', await w.commit({ ...nothing, actions: twice }), { ok: true });
      expectEqual('found', await w.store.findAction(w.workspace, cancelled.id), cancelled);
      const by = (origin: number) => w.store.listActions(w.workspace, { origin: idOf<ChangeSetId>(origin), limit: 9 });
      expectEqual('asked for by the last', [await by(101), await by(102)], [[], [cancelled]]);
      const { rows } = await w.store.readEvents(w.workspace, 0, 99);
      expectEqual(
        'positions',
        rows.flatMap((row) => (row.of === 'action' ? [row.action.revision] : [])),
        [1, 2, 3],
      );
    },
  ),
  storeCase('[ST55] every field of an action is kept, and a later commit replaces it', async (w) => {
    const [queued, ended] = [sampleAction(w, 1), endedAction(w, 1)];
    await w.commit({ ...nothing, actions: queue(queued) });
    expectEqual('queued', await w.store.findAction(w.workspace, queued.id), queued);
    expectEqual('listed', await w.store.listActions(w.workspace, { limit: 9 }), [queued]);
    await w.commit({ ...nothing, actions: [move(ended)] });
    expectEqual('ended', await w.store.findAction(w.workspace, queued.id), ended);
    expectEqual('listed', await w.store.listActions(w.workspace, { limit: 9 }), [ended]);
    const back = sampleAction(w, 1, { revision: 3, origins: [], paths: ['/domain/ä “b”', '/domain/c~1d'] });
    await w.commit({ ...nothing, actions: [move(back)] });
    expectEqual('without origins', await w.store.listActions(w.workspace, { limit: 9 }), [back]);
    expectEqual('none', await w.store.findAction(w.workspace, idOf<ActionId>(2)), undefined);
  }),
  storeCase('[ST56] actions are listed newest first, whatever the order they came in, and page by page', async (w) => {
    await w.commit({ ...nothing, actions: queue(...numbers(40, 60).map((n) => sampleAction(w, n))) });
    for (const n of down(39, 20)) await w.commit({ ...nothing, actions: queue(sampleAction(w, n)) });
    await w.commit({ ...nothing, actions: queue(...down(19, 1).map((n) => sampleAction(w, n))) });
    expectEqual('all', await listedActions(w), down(60, 1));
    expectEqual('first page', await listedActions(w, { limit: 10 }), down(60, 51));
    expectEqual('next page', await listedActions(w, { limit: 10, before: idOf<ActionId>(51) }), down(50, 41));
    expectEqual('last page', await listedActions(w, { limit: 10, before: idOf<ActionId>(4) }), [3, 2, 1]);
    expectEqual('behind the last', await listedActions(w, { before: idOf<ActionId>(1) }), []);
    expectEqual('no rows', await listedActions(w, { limit: 0 }), []);
    const page = { limit: 3, before: idOf<ActionId>(52) };
    expectEqual('component', await listedActions(w, { component: idOf<ComponentId>(202), ...page }), [47, 42, 37]);
    expectEqual('origin', await listedActions(w, { origin: idOf<ChangeSetId>(101), ...page }), [51, 49, 47]);
    expectEqual('status', await listedActions(w, { statuses: ['queued', 'failed'], ...page }), [51, 50, 49]);
  }),
  storeCase('[ST57] filters by status, component and origin combine', async (w) => {
    const all = numbers(1, 160).map((n) =>
      sampleAction(w, n, {
        status: actionStatuses[n % 8]!,
        origins: n % 10 === 0 ? [] : n % 3 === 0 ? [idOf(101), idOf(103)] : [idOf(100 + (n % 2))],
      }),
    );
    await queueAll(w, all);
    const queries: Partial<ActionQuery>[] = [
      { component: idOf<ComponentId>(203) },
      { origin: idOf<ChangeSetId>(100) },
      { origin: idOf<ChangeSetId>(101) },
      { origin: idOf<ChangeSetId>(103) },
      { origin: idOf<ChangeSetId>(999) },
      { component: idOf<ComponentId>(999) },
      { statuses: ['queued'] },
      { statuses: ['running', 'failed', 'interrupted'] },
      { statuses: ['failed', 'failed'] },
      { statuses: [] },
      { statuses: [], origin: idOf<ChangeSetId>(101) },
      { statuses: actionStatuses, limit: 100 },
      { statuses: ['succeeded', 'cancelled'], before: idOf<ActionId>(70), limit: 5 },
      { component: idOf<ComponentId>(200), statuses: ['running'], before: idOf<ActionId>(100) },
      { origin: idOf<ChangeSetId>(101), statuses: ['queued', 'on-hold'] },
      { origin: idOf<ChangeSetId>(103), component: idOf<ComponentId>(201) },
      { origin: idOf<ChangeSetId>(101), component: idOf<ComponentId>(204), statuses: ['dispatched'], limit: 2 },
    ];
    for (const query of queries) {
      const wanted = all.filter(
        (action) =>
          (query.component === undefined || action.component === query.component) &&
          (query.origin === undefined || action.origins.includes(query.origin)) &&
          (query.statuses === undefined || query.statuses.includes(action.status)) &&
          (query.before === undefined || action.id < query.before),
      );
      const expected = wanted.map((action) => Number(action.id.slice(2))).reverse();
      expectEqual(JSON.stringify(query), await listedActions(w, query), expected.slice(0, query.limit ?? 160));
    }
  }),
  storeCase('[ST57] an action is found by what it is now, and by every change set that asks for it', async (w) => {
    const id = idOf<ActionId>(1);
    const [first, second, third] = [idOf<ChangeSetId>(101), idOf<ChangeSetId>(102), idOf<ChangeSetId>(103)];
    const found = async (): Promise<string[]> => {
      const hits: string[] = [];
      for (const [n, origin] of [first, second, third].entries())
        if ((await listedActions(w, { origin })).length > 0) hits.push(`origin ${n + 1}`);
      for (const status of actionStatuses)
        if ((await listedActions(w, { statuses: [status] })).length > 0) hits.push(status);
      return hits;
    };
    await w.commit({ ...nothing, actions: queue(sampleAction(w, 1, { origins: [first] })) });
    expectEqual('queued', await found(), ['origin 1', 'queued']);
    const both = sampleAction(w, 1, { revision: 2, status: 'on-hold', origins: [first, second] });
    await w.commit({ ...nothing, actions: [move(both)] });
    expectEqual('asked for again', await found(), ['origin 1', 'origin 2', 'on-hold']);
    // Both moves may be written as one.
    const third2 = sampleAction(w, 1, { revision: 3, status: 'queued', origins: [third] });
    await w.commit({ ...nothing, actions: [move(third2)] });
    await w.commit({
      ...nothing,
      actions: [move({ ...third2, revision: 4, status: 'failed', origins: [second, third] })],
    });
    expectEqual('asked for by others', await found(), ['origin 2', 'origin 3', 'failed']);
    expectEqual('revision', (await w.store.findAction(w.workspace, id))?.revision, 4);
  }),
  storeCase('[ST57] of five thousand actions the few that are wanted are found, page by page', async (w) => {
    const rare = (n: number, every: number, yes: number, no: number): number => (n % every === 0 ? yes : no);
    const all = numbers(1, 5_000).map((n) =>
      sampleAction(w, n, {
        component: idOf<ComponentId>(rare(n, 250, 201, 202)),
        origins: [idOf<ChangeSetId>(rare(n, 500, 101, 102))],
        status: n % 1_000 === 0 ? 'failed' : 'succeeded',
      }),
    );
    await queueAll(w, all);
    const every = (step: number): number[] => down(5_000 / step, 1).map((n) => n * step);
    const failed: readonly ActionStatus[] = ['failed'];
    const common = { component: idOf<ComponentId>(202), origin: idOf<ChangeSetId>(102) };
    expectEqual('component', await listedActions(w, { component: idOf<ComponentId>(201) }), every(250));
    expectEqual('origin', await listedActions(w, { origin: idOf<ChangeSetId>(101) }), every(500));
    expectEqual('status', await listedActions(w, { statuses: failed }), every(1_000));
    expectEqual('rare of many', await listedActions(w, { origin: idOf<ChangeSetId>(102), statuses: failed }), []);
    expectEqual(
      'origin and component',
      await listedActions(w, { ...common, component: idOf<ComponentId>(201) }),
      down(20, 1)
        .map((n) => n * 250)
        .filter((n) => n % 500 !== 0),
    );
    expectEqual(
      'page',
      await listedActions(w, { statuses: failed, limit: 2, before: idOf<ActionId>(4_000) }),
      [3_000, 2_000],
    );
    expectEqual('all', await listedActions(w), down(5_000, 1));
    expectEqual('in any of two', await listedActions(w, { statuses: ['failed', 'succeeded'] }), down(5_000, 1));
    expectEqual('many', (await listedActions(w, { ...common, statuses: ['succeeded'], limit: 2_345 })).length, 2_345);
  }),
  storeCase('[ST58] pruning removes what succeeded or was cancelled and ended before, and nothing else', async (w) => {
    const v = w.in(2);
    await v.found();
    const ended = (n: number, status: ActionStatus) => endedAction(w, n, { status, endedAtMs: n });
    const all = numbers(1, 80).map((n) => ended(n, actionStatuses[n % 8]!));
    await queueAll(w, all);
    await queueAll(v, all);
    await w.commit({ ...nothing, actions: queue(sampleAction(w, 90, { status: 'cancelled', endedAtMs: null })) });
    await queueAll(
      w,
      numbers(91, 95).map((n) => sampleAction(w, n, { origins: [] })),
    );
    const goes = all.filter((a) => ['succeeded', 'cancelled'].includes(a.status)).map((a) => a.endedAtMs!);
    const gone = (before: number): number => goes.filter((at) => at < before).length;
    expectEqual('nothing is as old', await w.store.pruneActions(w.workspace, endedBefore(1)), 0);
    expectEqual('some', await w.store.pruneActions(w.workspace, endedBefore(36)), gone(36));
    const left = all.filter((a) => a.endedAtMs! >= 36 || !['succeeded', 'cancelled'].includes(a.status));
    const expected = [...down(95, 90), ...left.map((a) => a.endedAtMs!).reverse()];
    expectEqual('left', await listedActions(w), expected);
    expectEqual('by origin', await listedActions(w, { origin: idOf<ChangeSetId>(199) }), expected.slice(6));
    expectEqual('by status', await listedActions(w, { statuses: ['succeeded'], before: idOf<ActionId>(36) }), []);
    expectEqual('found', await w.store.findAction(w.workspace, idOf<ActionId>(4)), undefined);
    expectEqual('again', await w.store.pruneActions(w.workspace, endedBefore(36)), 0);
    expectEqual('all of them', await w.store.pruneActions(w.workspace, endedBefore(1_000_000)), goes.length - gone(36));
    expectEqual('elsewhere', (await listedActions(v)).length, 80);
    expectEqual('used again', await w.commit({ ...nothing, actions: queue(sampleAction(w, 4)) }), landed);
    const retried = sampleAction(w, 3, { status: 'queued', revision: 3 });
    expectEqual(
      'failed ones stay',
      await w.commit({ ...nothing, actions: [move(ended(5, 'failed')), move(retried)] }),
      {
        ok: false,
        action: idOf(5),
        revision: 2,
      },
    );
    expectEqual('nowhere', await w.store.pruneActions(idOf(9), endedBefore(1_000_000)), 0);
  }),
  storeCase('[ST59] as many as are to be kept stay, the last ones, and the newest of each component', async (w) => {
    const ended = (n: number, component: number, more: Partial<ActionRecord> = {}) =>
      sampleAction(w, n, { status: 'succeeded', endedAtMs: n, component: idOf<ComponentId>(component), ...more });
    await queueAll(w, [
      ...numbers(1, 20).map((n) => ended(n, 201)),
      ...numbers(21, 40).map((n) => ended(n, 202, { origins: [] })),
      ended(41, 203),
      // Of 201 the newest is under way, of 202 it has failed.
      sampleAction(w, 51, { status: 'running', component: idOf<ComponentId>(201) }),
      ended(52, 202, { status: 'failed' }),
    ]);
    const prune = (withOrigin: boolean, endedBeforeMs: number, keepCount: number): Promise<number> =>
      w.store.pruneActions(w.workspace, { withOrigin, endedBeforeMs, keepCount });
    expectEqual('all are to stay', await prune(true, 0, 21), 0);
    expectEqual('one too many', await prune(true, 0, 20), 1);
    expectEqual('by age', await prune(true, 6, 1_000), 4);
    // Of 203 there is one alone: the others make way.
    expectEqual('by count', await prune(true, 0, 5), 11);
    expectEqual('left', await listedActions(w), [52, 51, 41, ...down(40, 17)]);
    expectEqual('those that nobody applied', await prune(false, 31, 3), 17);
    expectEqual('left of those', await listedActions(w), [52, 51, 41, ...down(40, 38), ...down(20, 17)]);
    await queueAll(w, [ended(61, 204, { endedAtMs: 70 }), ended(62, 204, { endedAtMs: 70 }), ended(63, 204)]);
    expectEqual('at once', await prune(true, 0, 1), 4);
    expectEqual('of those that ended at once all stay', await listedActions(w), [
      63,
      62,
      61,
      52,
      51,
      41,
      ...down(40, 38),
    ]);
    expectEqual('none', await prune(true, 0, 0), 2);
    expectEqual('but the newest', await listedActions(w), [63, 52, 51, 41, ...down(40, 38)]);
  }),
  storeCase('[ST58] pruning of thousands, and of what was queued just before', async (w) => {
    await queueAll(
      w,
      numbers(1, 2_500).map((n) => sampleAction(w, n, { status: 'succeeded', endedAtMs: n })),
    );
    await queueAll(
      w,
      numbers(2_601, 2_605).map((n) => sampleAction(w, n)),
    );
    const late = w.commit({
      ...nothing,
      actions: queue(sampleAction(w, 2_501, { status: 'cancelled', endedAtMs: 5 })),
    });
    expectEqual('pruned', await w.store.pruneActions(w.workspace, endedBefore(2_301)), 2_301);
    expectEqual('late', await late, landed);
    expectEqual('left', await listedActions(w), [...down(2_605, 2_601), ...down(2_500, 2_301)]);
  }),
  storeCase(
    '[ST55] what was committed last counts, whichever way it was written, and what was pruned is gone',
    async (w) => {
      const at = (revision: number, more: Partial<ActionRecord> = {}) =>
        move(sampleAction(w, 1, { revision, ...more }));
      const large = { heldBecause: 'x'.repeat(200_000), paths: [`/${'p'.repeat(200_000)}`] };
      await w.commit({ ...nothing, actions: queue(sampleAction(w, 1)) });
      await w.store.putSetting(w.workspace, 's', 'v');
      await w.commit({ ...nothing, actions: [at(2, large)] });
      const found = async (): Promise<unknown> => (await w.store.findAction(w.workspace, idOf<ActionId>(1)))?.revision;
      expectEqual('large', await found(), 2);
      const stale = { ok: false, action: idOf(1), revision: 2 };
      expectEqual('stale', await w.commit({ ...nothing, actions: [at(2)] }), stale);
      await w.commit({ ...nothing, actions: queue(sampleAction(w, 2)) });
      expectEqual('another moved nothing', await found(), 2);
      expectEqual('listed', await w.store.listActions(w.workspace, { limit: 9 }), [
        sampleAction(w, 2),
        at(2, large).record,
      ]);
      await w.commit({ ...nothing, actions: queue(sampleAction(w, 6)) });
      await w.commit({ ...nothing, actions: [at(3, { status: 'cancelled', endedAtMs: 5 })] });
      expectEqual('small', await found(), 3);
      expectEqual('pruned', await w.store.pruneActions(w.workspace, endedBefore(6)), 1);
      expectEqual('gone', await found(), undefined);
      await w.commit({ ...nothing, actions: queue(sampleAction(w, 3)) });
      expectEqual('gone for good', await listedActions(w), [6, 3, 2]);
      expectEqual('free', await w.commit({ ...nothing, actions: queue(sampleAction(w, 1)) }), landed);
    },
  ),
  storeCase('[ST11] reality and actions of two workspaces are two of each', async (w) => {
    const v = w.in(2);
    await v.found();
    await w.commit({ ...nothing, reality: append(1, 3), actions: queue(sampleAction(w, 1)) });
    const read = async (of: StoreWorld): Promise<unknown> => [
      await of.store.realitySeq(of.workspace),
      await of.store.readReality(of.workspace, 0),
      await of.store.findAction(of.workspace, idOf<ActionId>(1)),
      await listedActions(of),
      await listedActions(of, { component: idOf<ComponentId>(201) }),
      await listedActions(of, { origin: idOf<ChangeSetId>(101) }),
      await listedActions(of, { statuses: ['queued'] }),
    ];
    const none = [0, [], undefined, [], [], [], []];
    expectEqual('second', await read(v), none);
    expectEqual('not there', await read(w.in(3)), none);
    const mine = { ...nothing, reality: append(1, 1, 'mine'), actions: queue(sampleAction(w, 1, { actor: 'mine' })) };
    expectEqual('equal ids', await v.commit(mine), landed);
    expectEqual('second', (await v.store.findAction(v.workspace, idOf<ActionId>(1)))?.actor, 'mine');
    expectEqual('first', await w.store.findAction(w.workspace, idOf<ActionId>(1)), sampleAction(w, 1));
    expectEqual('steps', await w.store.readReality(w.workspace, 0), steps(1, 3));
    expectEqual('steps', await v.store.readReality(v.workspace, 0), steps(1, 1, 'mine'));
  }),
  storeCase('[ST14] a resolved commit is seen by every read of reality and actions', async (w) => {
    for (let n = 1; n <= 20; n++) {
      const last = sampleAction(w, n - 1, { revision: 2, status: 'running' });
      const actions = [...queue(sampleAction(w, n)), ...(n === 1 ? [] : [move(last)])];
      await w.commit({ ...nothing, reality: append(n, n), actions });
      expectEqual('seq', await w.store.realitySeq(w.workspace), n);
      expectEqual('reality', await w.store.readReality(w.workspace, n - 1), steps(n, n));
      expectEqual('found', await w.store.findAction(w.workspace, idOf<ActionId>(n)), sampleAction(w, n));
      if (n > 1) expectEqual('moved', await w.store.findAction(w.workspace, last.id), last);
      expectEqual('queued', await listedActions(w, { statuses: ['queued'] }), [n]);
      expectEqual('running', await listedActions(w, { statuses: ['running'] }), down(n - 1, 1));
      const { realityRows, actions: count } = await w.store.statistics();
      expectEqual('counts', [realityRows, count], [n, n]);
    }
  }),
  storeCase('[ST20] a checkpoint keeps the step of reality that it has', async (w) => {
    await w.commit({ ...nothing, reality: append(1, 9) });
    const of = (version: number, realitySeq: number) => ({
      changeSet: w.head,
      version,
      intentRoot: w.digest('i'),
      realityRoot: w.digest('r'),
      realitySeq,
    });
    await w.store.writeChunks(w.workspace, [], [of(1, 0), of(2, 7)]);
    expectEqual('found', await w.store.findCheckpoint(w.workspace, w.head, 9), of(2, 7));
    expectEqual('listed', await w.store.listCheckpoints(w.workspace), [of(1, 0), of(2, 7)]);
    // Reality moves on under one version.
    await w.store.writeChunks(w.workspace, [], [of(2, 9)]);
    expectEqual('again', await w.store.findCheckpoint(w.workspace, w.head, 2), of(2, 9));
  }),
  storeCase(
    '[ST25] steps of reality and actions are there after opening again, and are gone on from',
    async (w, reopen) => {
      const ended = endedAction(w, 1);
      await w.commit({
        ...w.step(w.head, 1),
        reality: append(1, 3),
        actions: queue(sampleAction(w, 1), sampleAction(w, 2)),
      });
      await w.store.writeChunks(w.workspace, [], []);
      await w.commit({
        ...w.step(w.head, 2),
        reality: append(4, 5),
        actions: [move(ended), ...queue(sampleAction(w, 3), sampleAction(w, 6, { component: ended.component }))],
      });
      const before = await everythingOf(w);
      const again = await reopen();
      expectEqual('everything', await everythingOf(again), before);
      expectEqual('by origin', await listedActions(again, { origin: idOf<ChangeSetId>(199) }), [1]);
      expectEqual('stale step', await again.commit({ ...nothing, reality: append(4, 4) }), { ok: false, reality: 5 });
      const stale = { ok: false, action: ended.id, revision: 2 };
      expectEqual('stale action', await again.commit({ ...nothing, actions: [move(ended)] }), stale);
      const next = { ...nothing, reality: append(6, 6), actions: [move({ ...ended, revision: 3 })] };
      expectEqual('goes on', await again.commit(next), landed);
      expectEqual('pruned', await again.store.pruneActions(again.workspace, endedBefore(1_790_000_000_003)), 1);
      expectEqual('left', await listedActions(again), [6, 3, 2]);
    },
    { isDurable: true },
  ),
  storeCase(
    '[ST27] a closed store answers nothing of reality and actions, and what was queued of them has landed',
    async (w) => {
      const queued = w.commit({ ...nothing, reality: append(1, 1), actions: queue(sampleAction(w, 1)) });
      await w.store.close();
      expectEqual('queued', await queued, landed);
      await expectFault('seq', 'store_failed', () => w.store.realitySeq(w.workspace));
      await expectFault('reality', 'store_failed', () => w.store.readReality(w.workspace, 0));
      await expectFault('find', 'store_failed', () => w.store.findAction(w.workspace, idOf<ActionId>(1)));
      await expectFault('list', 'store_failed', () => w.store.listActions(w.workspace, { limit: 1 }));
      await expectFault('prune', 'store_failed', () => w.store.pruneActions(w.workspace, endedBefore(1)));
    },
    { endsClosed: true },
  ),
];
