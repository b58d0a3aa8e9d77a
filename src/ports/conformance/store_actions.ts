// Conformance of reality and actions: compare-and-set together with everything else of a commit, order, pages, filters,
// pruning, and all of it again after the store was closed and opened.

import type { ActionId, ChangeSetId, ComponentId } from '../../base/ids.ts';
import { type ActionStatus, actionStatuses } from '../../model/action.ts';
import type { ActionQuery, Commit } from '../store.ts';
import {
  append,
  endedAction,
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
async function queueAll(w: StoreWorld, records: readonly ReturnType<typeof sampleAction>[]): Promise<void> {
  for (let at = 0; at < records.length; at += 100)
    await w.commit({ ...nothing, actions: queue(...records.slice(at, at + 100)) });
}

export const actionCases: readonly StoreCase[] = [
  storeCase('[ST50] steps of reality land after the last one expected, or nothing does', async (w) => {
    expectEqual('none yet', await w.store.realitySeq(w.workspace), 0);
    expectEqual('first', await w.commit({ ...nothing, reality: append(1, 2) }), landed);
    const before = await everythingOf(w);
    for (const from of [1, 2, 4]) {
      const stale = {
        ...w.step(w.head, 1),
        reality: append(from, from + 1, 'never'),
        actions: queue(sampleAction(w, 1)),
      };
      expectEqual(`from ${from}`, await w.commit(stale), { ok: false, reality: 2 });
    }
    expectEqual('everything', await everythingOf(w), before);
    expectEqual('next', await w.commit({ ...w.step(w.head, 1), reality: append(3, 3) }), landed);
    expectEqual('a look alone', await w.commit({ ...nothing, reality: { expected: 3, rows: [] } }), landed);
    const stale = await w.commit({ ...nothing, reality: { expected: 2, rows: [] } });
    expectEqual('a stale look', stale, { ok: false, reality: 3 });
    expectEqual('steps', await w.store.readReality(w.workspace, 0), steps(1, 3));
  }),
  storeCase('[ST51] an action lands over the revision expected, or nothing does', async (w) => {
    const [a, b] = [sampleAction(w, 1), sampleAction(w, 2)];
    expectEqual('missing', await w.commit({ ...nothing, actions: [{ record: a, expected: 1 }] }), {
      ok: false,
      action: a.id,
      revision: undefined,
    });
    expectEqual('queued', await w.commit({ ...nothing, actions: queue(a, b) }), landed);
    const before = await everythingOf(w);
    const held = sampleAction(w, 1, { status: 'on-hold', revision: 2 });
    const stale = sampleAction(w, 2, { status: 'on-hold', revision: 7 });
    for (const [what, actions, refused] of [
      ['there already', queue(sampleAction(w, 3), a), { action: a.id, revision: 1 }],
      ['another revision', [move(held), move(stale)], { action: b.id, revision: 1 }],
      ['none', [move(held), { record: sampleAction(w, 4), expected: 0 }], { action: idOf(4), revision: undefined }],
    ] as const) {
      const outcome = await w.commit({ ...w.step(w.head, 1), reality: append(1, 1), actions });
      expectEqual(what, outcome, { ok: false, ...refused });
    }
    expectEqual('everything', await everythingOf(w), before);
    expectEqual('moved', await w.commit({ ...nothing, actions: [move(held)] }), landed);
    expectEqual('again', await w.commit({ ...nothing, actions: [move(held)] }), {
      ok: false,
      action: a.id,
      revision: 2,
    });
    expectEqual('found', await w.store.findAction(w.workspace, a.id), held);
    expectEqual('other', await w.store.findAction(w.workspace, b.id), b);
  }),
  storeCase(
    '[ST52] change sets, reality and actions land together, and the first that is stale is named',
    async (w) => {
      const id = await w.open(101);
      await w.commit({ ...nothing, reality: append(1, 1), actions: queue(sampleAction(w, 1)) });
      const before = await everythingOf(w, id);
      const chunk = w.chunk('never written');
      const idempotency = { principal: 'user:a', key: 'k', requestHash: w.digest('k'), reply: 'r', atMs: 1 };
      const commit = (version: number, seq: number, n: number): Commit => ({
        ...w.step(id, version, { chunks: [chunk], idempotency }),
        reality: append(seq, seq),
        actions: queue(sampleAction(w, n)),
      });
      const action = { ok: false, action: idOf(1), revision: 1 };
      expectEqual('all stale', await w.commit(commit(2, 1, 1)), { ok: false, changeSet: id, version: 0 });
      expectEqual('change set', await w.commit(commit(2, 2, 2)), { ok: false, changeSet: id, version: 0 });
      expectEqual('two stale', await w.commit(commit(1, 1, 1)), { ok: false, reality: 1 });
      expectEqual('reality', await w.commit(commit(1, 1, 2)), { ok: false, reality: 1 });
      expectEqual('action', await w.commit(commit(1, 2, 1)), action);
      expectEqual('everything', await everythingOf(w, id), before);
      expectEqual('chunk', await w.textOf(chunk.hash), undefined);
      expectEqual('idempotency', await w.store.findIdempotent(w.workspace, 'user:a', 'k'), undefined);
      expectEqual('none stale', await w.commit(commit(1, 2, 2)), landed);
      expectEqual('change set', (await w.store.findChangeSet(w.workspace, id))?.version, 1);
      expectEqual('reality', await w.store.readReality(w.workspace, 1), steps(2, 2));
      expectEqual('actions', await listedActions(w), [2, 1]);
      expectEqual('chunk', await w.textOf(chunk.hash), 'never written');
    },
  ),
  storeCase('[ST52] a commit that is a fault for another reason takes its steps and actions with it', async (w) => {
    await w.commit(w.step(w.head, 1));
    const before = await everythingOf(w);
    const twice = {
      ...w.step(w.head, 2, { log: [w.log(w.head, 1)] }),
      reality: append(1, 1),
      actions: queue(sampleAction(w, 1)),
    };
    const neighbours: Commit[] = [
      { ...nothing, reality: append(1, 1, 'neighbour') },
      { ...nothing, actions: queue(sampleAction(w, 1, { actor: 'neighbour' })) },
    ];
    await expectFault('alone', 'store_failed', () => w.commit(twice));
    expectEqual('everything', await everythingOf(w), before);
    const outcomes = await Promise.allSettled(
      [...neighbours, { ...twice, reality: append(2, 2), actions: queue(sampleAction(w, 2)) }].map((c) => w.commit(c)),
    );
    expectEqual(
      'outcomes',
      outcomes.map((o) => o.status),
      ['fulfilled', 'fulfilled', 'rejected'],
    );
    expectEqual('reality', await w.store.readReality(w.workspace, 0), steps(1, 1, 'neighbour'));
    expectEqual('actions', await listedActions(w), [1]);
  }),
  storeCase('[ST53] of commits queued together each is judged after those before it', async (w) => {
    const at = (revision: number, more = {}) => move(sampleAction(w, 1, { revision, ...more }));
    const outcomes = await Promise.all([
      w.commit({ ...nothing, reality: append(1, 1), actions: queue(sampleAction(w, 1)) }),
      w.commit({ ...nothing, reality: append(1, 1, 'loser') }),
      w.commit({ ...nothing, actions: queue(sampleAction(w, 1, { actor: 'loser' })) }),
      w.commit({ ...nothing, reality: append(2, 4), actions: [at(2)] }),
      // Lost with its action, so its step is free for the next.
      w.commit({ ...nothing, reality: append(5, 5, 'loser'), actions: [at(2, { actor: 'loser' })] }),
      w.commit({ ...nothing, reality: append(5, 5), actions: [at(3)] }),
      w.commit({ ...w.step(w.head, 2), reality: append(6, 6, 'loser') }),
      w.commit({ ...w.step(w.head, 1), reality: append(6, 6) }),
    ]);
    expectEqual('outcomes', outcomes, [
      landed,
      { ok: false, reality: 1 },
      { ok: false, action: idOf(1), revision: 1 },
      landed,
      { ok: false, action: idOf(1), revision: 2 },
      landed,
      { ok: false, changeSet: w.head, version: 0 },
      landed,
    ]);
    expectEqual('reality', await w.store.readReality(w.workspace, 0), steps(1, 6));
    expectEqual('action', await w.store.findAction(w.workspace, idOf(1)), sampleAction(w, 1, { revision: 3 }));
  }),
  storeCase('[ST53] the same with writes of other kinds in between', async (w) => {
    const outcomes = await Promise.all([
      w.commit({ ...nothing, reality: append(1, 1), actions: queue(sampleAction(w, 1)) }),
      w.store.putSetting(w.workspace, 's', 'v').then(() => 'put'),
      w.commit({ ...nothing, reality: append(1, 1, 'loser') }),
      w.commit({ ...nothing, reality: append(2, 2), actions: [move(sampleAction(w, 1, { revision: 2 }))] }),
      w.store.pruneActions(w.workspace, 1).then(() => 'pruned'),
      w.commit({ ...nothing, actions: [move(sampleAction(w, 1, { revision: 2, actor: 'loser' }))] }),
    ]);
    expectEqual('outcomes', outcomes, [
      landed,
      'put',
      { ok: false, reality: 1 },
      landed,
      'pruned',
      { ok: false, action: idOf(1), revision: 2 },
    ]);
    expectEqual('reality', await w.store.readReality(w.workspace, 0), steps(1, 2));
  }),
  storeCase('[ST53] sixteen writers on one action and on reality, each retrying, land once each', async (w) => {
    await w.commit({ ...nothing, actions: queue(sampleAction(w, 1, { revision: 0 })) });
    const writer = async (n: number): Promise<void> => {
      for (let [seq, revision] = [0, 0]; ; ) {
        const record = sampleAction(w, 1, { revision: revision + 1, fence: n });
        const reality = { expected: seq, rows: [{ seq: seq + 1, text: `writer ${n}` }] };
        const outcome = await w.commit({ ...nothing, reality, actions: [{ record, expected: revision }] });
        if (outcome.ok) return;
        if ('reality' in outcome) seq = outcome.reality;
        if ('action' in outcome) revision = outcome.revision ?? 0;
      }
    };
    const writers = numbers(0, 15);
    await Promise.all(writers.map(writer));
    const texts = (await w.store.readReality(w.workspace, 0)).map((row) => row.text).sort();
    expectEqual('steps', texts, writers.map((n) => `writer ${n}`).sort());
    expectEqual('revision', (await w.store.findAction(w.workspace, idOf(1)))?.revision, 16);
  }),
  storeCase('[ST54] steps of reality are read in order, a part at a time, as they were written', async (w) => {
    const awkward = ['', 'a\0b', '👩‍👩‍👧‍👦 𝔘', 'line\r\nfeed\u2028', '{"json":"\\u0000"}'];
    for (let seq = 1; seq <= 5; seq++)
      await w.commit({ ...nothing, reality: { expected: seq - 1, rows: [{ seq, text: awkward[seq - 1]! }] } });
    // Some are in one place by now and some in another, where a store has two.
    await w.store.putSetting(w.workspace, 's', 'v');
    await w.commit({ ...nothing, reality: append(6, 9) });
    const all = [...awkward.map((text, i) => ({ seq: i + 1, text })), ...steps(6, 9)];
    const read = (after: number, limit?: number) => w.store.readReality(w.workspace, after, limit);
    expectEqual('all', await read(0), all);
    expectEqual('after', await read(4), all.slice(4));
    expectEqual('limited', await read(3, 4), all.slice(3, 7));
    expectEqual('limited before the end', await read(0, 2), all.slice(0, 2));
    expectEqual('after the end', await read(9), []);
    expectEqual('far after the end', await read(Number.MAX_SAFE_INTEGER), []);
    expectEqual('none wanted', await read(2, 0), []);
    expectEqual('without end', await read(8, Number.MAX_SAFE_INTEGER), all.slice(8));
    expectEqual('seq', await w.store.realitySeq(w.workspace), 9);
  }),
  storeCase('[ST54] steps that do not follow one another are a fault', async (w) => {
    await w.commit({ ...nothing, reality: append(1, 1) });
    const before = await everythingOf(w);
    for (const seqs of [[3], [1], [2, 2], [2, 4], [3, 2], [0]]) {
      const rows = seqs.map((seq) => ({ seq, text: 'never' }));
      const commit = { ...w.step(w.head, 1), reality: { expected: 1, rows }, actions: queue(sampleAction(w, 1)) };
      await expectFault(`steps ${seqs}`, 'store_failed', () => w.commit(commit));
    }
    expectEqual('everything', await everythingOf(w), before);
    expectEqual('goes on', await w.commit({ ...nothing, reality: append(2, 3) }), landed);
  }),
  storeCase('[ST54] ten thousand steps in one read', async (w) => {
    const commits = numbers(1, 5_000).map((n) => w.commit({ ...nothing, reality: append(2 * n - 1, 2 * n) }));
    await Promise.all(commits);
    expectEqual('steps', await w.store.readReality(w.workspace, 0), steps(1, 10_000));
  }),
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
    const goes = all.filter((a) => ['succeeded', 'cancelled'].includes(a.status)).map((a) => a.endedAtMs!);
    const gone = (before: number): number => goes.filter((at) => at < before).length;
    expectEqual('nothing is as old', await w.store.pruneActions(w.workspace, 1), 0);
    expectEqual('some', await w.store.pruneActions(w.workspace, 36), gone(36));
    const left = all.filter((a) => a.endedAtMs! >= 36 || !['succeeded', 'cancelled'].includes(a.status));
    const expected = [90, ...left.map((a) => a.endedAtMs!).reverse()];
    expectEqual('left', await listedActions(w), expected);
    expectEqual('by origin', await listedActions(w, { origin: idOf<ChangeSetId>(199) }), expected.slice(1));
    expectEqual('by status', await listedActions(w, { statuses: ['succeeded'], before: idOf<ActionId>(36) }), []);
    expectEqual('found', await w.store.findAction(w.workspace, idOf<ActionId>(4)), undefined);
    expectEqual('again', await w.store.pruneActions(w.workspace, 36), 0);
    expectEqual('all of them', await w.store.pruneActions(w.workspace, 1_000_000), goes.length - gone(36));
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
    expectEqual('nowhere', await w.store.pruneActions(idOf(9), 1_000_000), 0);
  }),
  storeCase('[ST58] pruning of thousands, and of what was queued just before', async (w) => {
    await queueAll(
      w,
      numbers(1, 2_500).map((n) => sampleAction(w, n, { status: 'succeeded', endedAtMs: n })),
    );
    const late = w.commit({
      ...nothing,
      actions: queue(sampleAction(w, 2_501, { status: 'cancelled', endedAtMs: 5 })),
    });
    expectEqual('pruned', await w.store.pruneActions(w.workspace, 2_301), 2_301);
    expectEqual('late', await late, landed);
    expectEqual('left', await listedActions(w), down(2_500, 2_301));
  }),
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
        actions: [move(ended), ...queue(sampleAction(w, 3))],
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
      expectEqual('pruned', await again.store.pruneActions(again.workspace, 1_790_000_000_003), 1);
      expectEqual('left', await listedActions(again), [3, 2]);
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
      await expectFault('prune', 'store_failed', () => w.store.pruneActions(w.workspace, 1));
    },
    { endsClosed: true },
  ),
];
