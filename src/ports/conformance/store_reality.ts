// Conformance of commits that record reality and move actions: compare-and-set together with everything else of a commit,
// in a group and on its own, and the order of steps.

import type { Commit } from '../store.ts';
import {
  append,
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
import { numbers } from './run_world.ts';
import { type StoreCase, storeCase } from './store_case.ts';
import { idOf } from './store_world.ts';

const landed = { ok: true };

export const realityCases: readonly StoreCase[] = [
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
      w.store.pruneActions(w.workspace, endedBefore(1)).then(() => 'pruned'),
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
];
