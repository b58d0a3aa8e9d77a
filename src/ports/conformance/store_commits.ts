// Conformance of commits: compare-and-set, atomicity, order, append-only, idempotency, workspaces, closing.
// Outcomes are compared whole, and after a refusal everything readable is compared with what was there before.

import type { ChangeSetId, Hash, WorkspaceId } from '../../base/ids.ts';
import type { IdempotencyRow } from '../store.ts';
import { expectEqual, expectFault } from './expectation.ts';
import { type StoreCase, storeCase } from './store_case.ts';
import { idOf, type StoreWorld } from './store_world.ts';

const landed = { ok: true };

function record(w: StoreWorld, key: string, more: Partial<IdempotencyRow> = {}): IdempotencyRow {
  return { principal: 'user:a', key, requestHash: w.digest(key), reply: `reply to ${key}`, atMs: 10, ...more };
}

export const commitCases: readonly StoreCase[] = [
  storeCase('[ST1] a commit lands whole', async (w) => {
    const id = await w.open(101);
    const idempotency = record(w, 'k');
    const chunk = w.chunk('a blob');
    expectEqual('outcome', await w.commit(w.step(id, 1, { idempotency, chunks: [chunk] })), landed);
    expectEqual('change set', await w.store.findChangeSet(w.workspace, id), w.row(id, 1));
    expectEqual('log', await w.store.readLog(w.workspace, id, 0, 9), [w.log(id, 1)]);
    expectEqual('audit', await w.store.readAudit(w.workspace, { changeSet: id, limit: 9 }), [w.audit(id, 1)]);
    expectEqual('idempotency', await w.store.findIdempotent(w.workspace, 'user:a', 'k'), idempotency);
    expectEqual('chunk', await w.textOf(chunk.hash), 'a blob');
  }),
  storeCase('[ST1] every field of a change set is kept and can change', async (w) => {
    const id = await w.open(101);
    const row = w.row(id, 1, {
      name: 'renamed “ä”',
      status: 'NeedsApproval',
      baseVersion: 7,
      openedOn: 0,
      createdAtMs: 1_790_000_000_000,
      createdBy: 'agent:b',
      updatedAtMs: 1_790_000_000_001,
    });
    await w.commit({ ...w.step(id, 1), changeSets: [{ row, expected: 0 }] });
    expectEqual('row', await w.store.findChangeSet(w.workspace, id), row);
  }),
  storeCase('[ST2] a stale commit is told the version and writes nothing', async (w) => {
    const id = await w.open(101);
    await w.commit(w.step(id, 1));
    const before = await w.everything(id);
    const chunk = w.chunk('never written');
    const stale = w.step(id, 1, { idempotency: record(w, 'k'), chunks: [chunk] });
    expectEqual('outcome', await w.commit(stale), { ok: false, changeSet: id, version: 1 });
    expectEqual('ahead', await w.commit(w.step(id, 3)), { ok: false, changeSet: id, version: 1 });
    expectEqual('everything', await w.everything(id), before);
    expectEqual('chunk', await w.textOf(chunk.hash), undefined);
    expectEqual('idempotency', await w.store.findIdempotent(w.workspace, 'user:a', 'k'), undefined);
  }),
  storeCase('[ST3] one stale change set of two leaves both as they were', async (w) => {
    const [a, b] = [await w.open(101), await w.open(102)];
    await w.commit(w.step(b, 1));
    const before = [await w.everything(a), await w.everything(b)];
    const both = (versionOfB: number) => ({
      changeSets: [...w.step(a, 1).changeSets, ...w.step(b, versionOfB).changeSets],
      log: [w.log(a, 1), w.log(b, versionOfB)],
      audit: [w.audit(a, 1), w.audit(b, versionOfB)],
    });
    expectEqual('outcome', await w.commit(both(1)), { ok: false, changeSet: b, version: 1 });
    expectEqual('both', [await w.everything(a), await w.everything(b)], before);
    expectEqual('as expected', await w.commit(both(2)), landed);
    expectEqual('a', (await w.store.findChangeSet(w.workspace, a))?.version, 1);
    expectEqual('b', (await w.store.findChangeSet(w.workspace, b))?.version, 2);
  }),
  storeCase('[ST4] expecting none, or expecting one, of what is or is not there', async (w) => {
    const id = await w.open(101);
    const again = { changeSets: [{ row: w.row(id, 0), expected: undefined }], log: [], audit: [] };
    expectEqual('exists', await w.commit(again), { ok: false, changeSet: id, version: 0 });
    const missing = idOf<ChangeSetId>(999);
    expectEqual('missing', await w.commit(w.step(missing, 1)), { ok: false, changeSet: missing, version: undefined });
    expectEqual('still missing', await w.store.findChangeSet(w.workspace, missing), undefined);
  }),
  storeCase('[ST5] commits queued together land in their order, and the first of two equals wins', async (w) => {
    const id = await w.open(101);
    const outcomes = await Promise.all([
      w.commit(w.step(id, 1)),
      w.commit(w.step(id, 2)),
      w.commit(w.step(id, 2, { log: [{ changeSet: id, version: 2, text: 'the loser' }] })),
      w.commit(w.step(id, 3)),
    ]);
    expectEqual('outcomes', outcomes, [landed, landed, { ok: false, changeSet: id, version: 2 }, landed]);
    const texts = (await w.store.readLog(w.workspace, id, 0, 9)).map((row) => row.text);
    expectEqual(
      'log',
      texts,
      [1, 2, 3].map((v) => w.log(id, v).text),
    );
  }),
  storeCase('[ST6] sixteen writers on one change set, each retrying, land once each', async (w) => {
    const id = await w.open(101);
    const writer = async (n: number): Promise<void> => {
      for (let version = 1; ; ) {
        const log = [{ changeSet: id, version, text: `writer ${n}` }];
        const outcome = await w.commit(w.step(id, version, { log }));
        if (outcome.ok) return;
        version = ('version' in outcome ? (outcome.version ?? 0) : 0) + 1;
      }
    };
    const writers = Array.from({ length: 16 }, (_, n) => n);
    await Promise.all(writers.map(writer));
    const texts = (await w.store.readLog(w.workspace, id, 0, 99)).map((row) => row.text).sort();
    expectEqual('log', texts, writers.map((n) => `writer ${n}`).sort());
  }),
  storeCase('[ST7] a row of the log or of a chain is not written twice, and only its commit fails', async (w) => {
    const [a, b] = [await w.open(101), await w.open(102)];
    await w.commit(w.step(a, 1));
    const before = await w.everything(a);
    const logTwice = w.commit(w.step(a, 2, { log: [w.log(a, 1)] }));
    const neighbour = w.commit(w.step(b, 1));
    const auditTwice = w.commit(w.step(a, 2, { audit: [w.audit(a, 1)] }));
    const after = w.commit(w.step(b, 2));
    await expectFault('log', 'store_failed', () => logTwice);
    await expectFault('audit', 'store_failed', () => auditTwice);
    expectEqual('neighbours', [await neighbour, await after], [landed, landed]);
    expectEqual('everything', await w.everything(a), before);
    expectEqual('b', (await w.store.findChangeSet(w.workspace, b))?.version, 2);
    expectEqual('goes on', await w.commit(w.step(a, 2)), landed);
  }),
  storeCase('[ST8] an idempotency key is one principal’s, and is used once', async (w) => {
    const id = await w.open(101);
    await w.commit(w.step(id, 1, { idempotency: record(w, 'k') }));
    const other = record(w, 'k', { principal: 'user:b', reply: 'another' });
    await w.commit(w.step(id, 2, { idempotency: other }));
    const before = await w.everything(id);
    const again = w.step(id, 3, { idempotency: record(w, 'k', { reply: 'overwritten' }) });
    await expectFault('again', 'store_failed', () => w.commit(again));
    expectEqual('everything', await w.everything(id), before);
    expectEqual('first', await w.store.findIdempotent(w.workspace, 'user:a', 'k'), record(w, 'k'));
    expectEqual('other', await w.store.findIdempotent(w.workspace, 'user:b', 'k'), other);
    expectEqual('none', await w.store.findIdempotent(w.workspace, 'user:c', 'k'), undefined);
  }),
  storeCase('[ST9] expired idempotency records are forgotten and can be used again', async (w) => {
    const v = w.in(2);
    await v.found();
    await v.commit(v.step(v.head, 1, { idempotency: record(v, 'k1', { atMs: 1 }) }));
    for (let n = 1; n <= 5; n++) await w.commit(w.step(w.head, n, { idempotency: record(w, `k${n}`, { atMs: n }) }));
    expectEqual('expired', await w.store.expireIdempotent(w.workspace, 3), 2);
    expectEqual('again', await w.store.expireIdempotent(w.workspace, 3), 0);
    expectEqual('k2', await w.store.findIdempotent(w.workspace, 'user:a', 'k2'), undefined);
    expectEqual('k3', (await w.store.findIdempotent(w.workspace, 'user:a', 'k3'))?.atMs, 3);
    expectEqual('elsewhere', (await v.store.findIdempotent(v.workspace, 'user:a', 'k1'))?.atMs, 1);
    expectEqual('reused', await w.commit(w.step(w.head, 6, { idempotency: record(w, 'k1') })), landed);
  }),
  storeCase('[ST10] a row of a change set that does not exist', async (w) => {
    const missing = idOf<ChangeSetId>(999);
    const none = { changeSets: [], log: [], audit: [] };
    await expectFault('log', 'store_failed', () => w.commit({ ...none, log: [w.log(missing, 1)] }));
    await expectFault('audit', 'store_failed', () => w.commit({ ...none, audit: [w.audit(missing, 1)] }));
    const checkpoint = {
      changeSet: missing,
      version: 1,
      intentRoot: w.digest('i'),
      realityRoot: w.digest('r'),
      realitySeq: 0,
    };
    await expectFault('checkpoint', 'store_failed', () => w.store.writeChunks(w.workspace, [], [checkpoint]));
  }),
  storeCase('[ST11] equal ids, keys and hashes in two workspaces are two of each', async (w) => {
    const v = w.in(2);
    await v.found();
    await w.commit(w.step(w.head, 1, { idempotency: record(w, 'k'), chunks: [w.chunk('secret')] }));
    await w.store.putSetting(w.workspace, 's', 'of 1');
    const { hash } = w.chunk('secret');
    expectEqual('version', (await v.store.findChangeSet(v.workspace, v.head))?.version, 0);
    expectEqual('log', await v.store.readLog(v.workspace, v.head, 0, 9), []);
    expectEqual('audit', await v.store.readAudit(v.workspace, { limit: 9 }), []);
    expectEqual('by subject', await v.store.readAudit(v.workspace, { subject: 'subject 1', limit: 9 }), []);
    expectEqual('chunk', await v.textOf(hash), undefined);
    expectEqual('chunk now', v.store.readChunkNow?.(v.workspace, hash), undefined);
    expectEqual('idempotency', await v.store.findIdempotent(v.workspace, 'user:a', 'k'), undefined);
    expectEqual('setting', await v.store.getSetting(v.workspace, 's'), undefined);
    await v.store.writeChunks(v.workspace, [v.chunk('secret')], []);
    const generation = await v.store.nextGeneration(v.workspace);
    await v.store.sweep(v.workspace, generation, () => false);
    expectEqual('swept', await v.textOf(hash), undefined);
    expectEqual('kept', await w.textOf(hash), 'secret');
    expectEqual('third', await w.in(3).store.listChangeSets(idOf<WorkspaceId>(3)), []);
  }),
  storeCase('[ST12] a workspace’s id and name are taken once', async (w) => {
    const taken = { ok: false, workspaceTaken: true };
    expectEqual('id', await w.found('another name'), taken);
    expectEqual('name', await w.in(2).found(`workspace ${w.workspace}`), taken);
    expectEqual('nothing written', await w.store.listChangeSets(idOf<WorkspaceId>(2)), []);
    expectEqual('free', await w.in(2).found('free'), landed);
    const race = await Promise.all([w.in(3).found('same'), w.in(4).found('same')]);
    // Which of them is first is the store's to say.
    const [first, second] = race[0]!.ok ? race : race.toReversed();
    expectEqual('race', [first, second], [landed, taken]);
  }),
  storeCase('[ST13] workspaces and change sets are listed in order of id', async (w) => {
    await w.in(3).found();
    await w.in(2).found('Zürich');
    const names = (await w.store.listWorkspaces()).map((row) => row.name);
    expectEqual('workspaces', names, [`workspace ${w.workspace}`, 'Zürich', `workspace ${idOf(3)}`]);
    for (const n of [130, 110, 120]) await w.open(n);
    const ids = (await w.store.listChangeSets(w.workspace)).map((row) => row.id);
    expectEqual('change sets', ids, [w.head, ...[110, 120, 130].map((n) => idOf<ChangeSetId>(n))]);
  }),
  storeCase(
    '[ST27] closing writes what is queued and ends the store',
    async (w) => {
      const queued = w.commit(w.step(w.head, 1));
      await w.store.close();
      await w.store.close();
      expectEqual('queued', await queued, landed);
      await expectFault('commit', 'store_failed', () => w.commit(w.step(w.head, 2)));
      await expectFault('read', 'store_failed', () => w.store.findChangeSet(w.workspace, w.head));
      const none = w.digest('none') as Hash;
      await expectFault('chunk', 'store_failed', () => w.store.readChunks(w.workspace, [none]));
      await expectFault('check', 'store_failed', () => w.store.check(1));
    },
    { endsClosed: true },
  ),
  storeCase(
    '[ST27] what closing has written is there after opening again',
    async (w, reopen) => {
      const queued = [w.commit(w.step(w.head, 1)), w.commit(w.step(w.head, 2))];
      const again = await reopen();
      expectEqual('queued', await Promise.all(queued), [landed, landed]);
      expectEqual('version', (await again.store.findChangeSet(w.workspace, w.head))?.version, 2);
    },
    { isDurable: true },
  ),
];
