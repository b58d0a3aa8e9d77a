// What only a store on a server meets: connections cut at any moment, a server that restarts, other nodes on the same tables,
// tables of another release, rows that somebody changed by hand.

import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PostgresDatabase } from '../../src/adapters/postgres/database.ts';
import { openPostgresTarget } from '../../src/adapters/postgres/load.ts';
import { openPostgresStore, type PostgresStore } from '../../src/adapters/postgres/store.ts';
import type { ChangeSetId, WorkspaceId } from '../../src/base/ids.ts';
import {
  append,
  endedAction,
  endedBefore,
  move,
  queue,
  sampleAction,
} from '../../src/ports/conformance/action_world.ts';
import { logLine, memoRow, sampleRun } from '../../src/ports/conformance/run_world.ts';
import { rowsOf } from '../../src/ports/conformance/store_dump.ts';
import { StoreWorld } from '../../src/ports/conformance/store_world.ts';
import type { Leases } from '../../src/ports/leases.ts';
import type { Commit, EventRow } from '../../src/ports/store.ts';
import { digest } from '../store/folders.ts';
import { PostgresServer } from '../support/postgres_server.ts';
import { Way } from '../support/way.ts';

let server: PostgresServer;
let schemas = 0;
const open: PostgresStore[] = [];
beforeAll(async () => {
  server = await PostgresServer.open();
}, 120_000);
afterAll(async () => {
  for (const store of open) await store.close();
  await server?.close();
});

async function node(schema: string): Promise<PostgresStore> {
  const store = await openPostgresStore({ url: server.urlOf('postgres'), schema });
  open.push(store);
  return store;
}

async function world(): Promise<StoreWorld & { readonly schema: string }> {
  const schema = `case_${++schemas}`;
  const w = new StoreWorld(await node(schema), digest);
  await w.found();
  return Object.assign(w, { schema });
}

/** Statements behind the store's back. */
async function direct<T>(body: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: server.urlOf('postgres') });
  await client.connect();
  try {
    return await body(client);
  } finally {
    await client.end();
  }
}

/** Writes entry after entry, each with a text of its own, over whatever version there is; answers the texts acknowledged. */
async function write(w: StoreWorld, id: ChangeSetId, writer: string, isOver: () => boolean): Promise<string[]> {
  const acknowledged: string[] = [];
  for (let n = 1, version = 0; !isOver(); ) {
    const text = `${writer} ${n}`;
    const outcome = await w.commit({
      changeSets: [{ row: w.row(id, version + 1, { auditHead: digest(text) }), expected: version }],
      log: [{ changeSet: id, version: version + 1, text }],
      audit: [w.audit(id, version + 1, { hash: digest(text) })],
    });
    if (outcome.ok) {
      acknowledged.push(text);
      // Else whoever has just written would be first again, and nobody else would ever be.
      await sleep(n++ % 5);
      version++;
    } else if ('changeSet' in outcome) version = outcome.version!;
    else throw new Error(JSON.stringify(outcome));
  }
  return acknowledged;
}

/** Every acknowledged entry is in the log exactly once, and nothing else is. */
async function expectOnce(w: StoreWorld, id: ChangeSetId, acknowledged: readonly string[]): Promise<void> {
  const log = await w.store.readLog(w.workspace, id, 0, Number.MAX_SAFE_INTEGER);
  expect(log.map((row) => row.text).sort()).toEqual([...acknowledged].sort());
  expect(log.map((row) => row.version)).toEqual(log.map((_, i) => i + 1));
  expect(await w.store.check(10)).toEqual([]);
}

test('every commit lands exactly once while connections are cut at any moment', { timeout: 60_000 }, async () => {
  const w = await world();
  const ids = [await w.open(101), await w.open(102)];
  let isOver = false;
  const writing = ids.flatMap((id) => [1, 2, 3, 4].map((n) => write(w, id, `writer ${n}`, () => isOver)));
  let cuts = 0;
  await direct(async (client) => {
    for (let round = 0; cuts < 40 && round < 1_000; round++) {
      const sql =
        "select count(pg_terminate_backend(pid))::int as n from pg_stat_activity where application_name = 'headwater'";
      cuts += (await client.query(sql)).rows[0].n;
      await sleep(5 + ((round * 37) % 90));
    }
  });
  isOver = true;
  const acknowledged = await Promise.all(writing);
  expect(cuts).toBeGreaterThanOrEqual(40);
  for (const [i, id] of ids.entries()) {
    const own = acknowledged.slice(i * 4, i * 4 + 4).flat();
    expect(own.length).toBeGreaterThan(20);
    await expectOnce(w, id, own);
  }
});

test('a connection that is cut between two statements of a transaction is found by the next one, and the transaction begun anew', async () => {
  const db = new PostgresDatabase({ url: server.urlOf('postgres'), schema: 'between' });
  const begun: number[] = [];
  const [row] = await db.transaction('test', async (ask) => {
    const [{ pid } = { pid: 0 }] = (await ask('select pg_backend_pid() as pid')) as { pid: number }[];
    begun.push(pid);
    if (begun.length === 1) {
      await direct((client) => client.query('select pg_terminate_backend($1)', [pid]));
      // Long enough for the connection to say so while nothing is asked of it.
      await sleep(200);
    }
    return ask('select 1 as one');
  });
  expect([row, begun.length]).toEqual([{ one: 1 }, 2]);
  await db.close();
});

test('a commit whose answer is lost is asked for again, and lands once', { timeout: 60_000 }, async () => {
  const schema = `case_${++schemas}`;
  const way = await Way.open(server.port);
  const url = new URL(server.urlOf('postgres'));
  url.port = String(way.port);
  const store = await openPostgresStore({ url: url.href, schema });
  try {
    const w = new StoreWorld(store, digest);
    await w.found();
    const id = await w.open(101);
    way.lostEvery = 7;
    let isOver = false;
    const writing = [1, 2, 3].map((n) => write(w, id, `writer ${n}`, () => isOver));
    while (way.lost < 30) await sleep(20);
    isOver = true;
    const acknowledged = await Promise.all(writing);
    way.lostEvery = undefined;
    await expectOnce(w, id, acknowledged.flat());
  } finally {
    await store.close();
    await way.close();
  }
});

test('a server that restarts is waited for, and nothing is lost or done twice', { timeout: 60_000 }, async () => {
  const w = await world();
  const id = await w.open(101);
  let isOver = false;
  const writing = [1, 2, 3].map((n) => write(w, id, `writer ${n}`, () => isOver));
  await sleep(500);
  const before = (await w.store.findChangeSet(w.workspace, id))!.version;
  await server.stop();
  await sleep(700);
  await server.start();
  while ((await w.store.findChangeSet(w.workspace, id))!.version < before + 20) await sleep(20);
  isOver = true;
  await expectOnce(w, id, (await Promise.all(writing)).flat());
});

test('a server that stays away is a fault that says so', { timeout: 60_000 }, async () => {
  const away = openPostgresStore({ url: 'postgres://nobody:secret-1@127.0.0.1:1/none', patienceMs: 300 });
  const fault = await away.catch((e: unknown) => e);
  expect(fault).toMatchObject({ code: 'store_failed', message: expect.stringContaining('cannot be reached') });
  expect(String(fault)).not.toContain('secret-1');
});

test('two nodes on the same change sets, and whoever follows misses nothing', { timeout: 60_000 }, async () => {
  const w = await world();
  const id = await w.open(101);
  const other = w.in(1, await node(w.schema));
  let isOver = false;
  let isWritten = false;
  const seen: EventRow[] = [];
  const following = (async () => {
    for (let after = 0; ; ) {
      const isLast = isWritten;
      const { rows, last } = await other.store.readEvents(w.workspace, after, 1_000);
      seen.push(...rows);
      expect(last).toBeGreaterThanOrEqual(after);
      after = rows.at(-1)?.position ?? after;
      if (isLast && rows.length === 0) return;
    }
  })();
  const writing = [w, other, w, other].map((at, n) => write(at, id, `writer ${n}`, () => isOver));
  await sleep(2_000);
  isOver = true;
  const acknowledged = await Promise.all(writing);
  isWritten = true;
  await following;
  for (const own of acknowledged) expect(own.length).toBeGreaterThan(5);
  await expectOnce(other, id, acknowledged.flat());
  // By position and by sequence: none came in behind one that had been seen.
  const followed = seen.flatMap((row) => (row.of === 'audit' && row.audit.changeSet === id ? [row.audit.seq] : []));
  expect(followed).toEqual(acknowledged.flat().map((_, i) => i + 1));
});

test('several nodes that start at once on an empty server make the tables once', { timeout: 60_000 }, async () => {
  const schema = `case_${++schemas}`;
  const stores = await Promise.all([1, 2, 3, 4].map(() => node(schema)));
  expect(await Promise.all(stores.map((s) => s.listWorkspaces()))).toEqual([[], [], [], []]);
});

test('of two nodes that make the same workspace one is told that it is taken', { timeout: 60_000 }, async () => {
  const schema = `case_${++schemas}`;
  const [a, b] = [new StoreWorld(await node(schema), digest, 1), new StoreWorld(await node(schema), digest, 2)];
  for (let round = 0; round < 10; round++) {
    const outcomes = await Promise.all([
      a.in(round * 2 + 10).found(`name ${round}`),
      b.in(round * 2 + 11, b.store).found(`name ${round}`),
    ]);
    expect(outcomes.filter((o) => o.ok).length).toBe(1);
    expect(outcomes).toContainEqual({ ok: false, workspaceTaken: true });
  }
});

/** A store of an engine that leases what it writes to. */
async function leasing(
  schema: string,
  id: string,
  leaseMs: number,
  by: { readonly port: number } = server,
): Promise<PostgresStore & { readonly leases: Leases }> {
  const node = { id, address: `http://${id}` };
  const url = new URL(server.urlOf('postgres'));
  url.port = String(by.port);
  const store = await openPostgresStore({ url: url.href, schema, node, leaseMs });
  open.push(store);
  return store as PostgresStore & { readonly leases: Leases };
}

test('what the server undoes, because each of two waits for the other, is done again', {
  timeout: 60_000,
}, async () => {
  const schema = `case_${++schemas}`;
  const a = await leasing(schema, 'a', 20_000);
  for (const n of [1, 2]) await a.leases.take(`01HWWRKSPCE00000000000000${n}` as WorkspaceId);
  const client = new pg.Client(server.urlOf('postgres'));
  await client.connect();
  const deadlocks = async (): Promise<number> =>
    Number(
      (await client.query(`select pg_stat_force_next_flush(), sum(deadlocks) as n from pg_stat_database`)).rows[0].n,
    );
  const refs = (await client.query(`select workspace from ${schema}.workspace_lease order by workspace`)).rows;
  const [first, second] = refs.map((row) => Number(row.workspace));
  const before = await deadlocks();
  const lock = (ref: number) =>
    client.query(`select 1 from ${schema}.workspace_lease where workspace = $1 for update`, [ref]);
  // Whichever of them a renewal comes to first: one of the two ways round they meet.
  for (const [held, then] of [
    [first!, second!],
    [second!, first!],
  ] as const) {
    await client.query('begin');
    await lock(held);
    const renewing = a.leases.renew();
    await sleep(300);
    await lock(then);
    await client.query('commit');
    expect(await renewing).toEqual([]);
  }
  while ((await deadlocks()) === before) await sleep(100);
  await client.end();
});

test('a workspace is driven by who has its lease; what comes late from an earlier holder changes nothing', {
  timeout: 60_000,
}, async () => {
  const schema = `case_${++schemas}`;
  const [a, b] = [await leasing(schema, 'a', 400), await leasing(schema, 'b', 400)];
  const [atA, atB] = [new StoreWorld(a, digest), new StoreWorld(b, digest)];
  const { workspace, head } = atA;
  await expect(atA.found()).rejects.toMatchObject({ code: 'store_busy' });
  expect(await a.leases.take(workspace)).toBeUndefined();
  await atA.found();
  expect(await b.leases.take(workspace)).toEqual({ id: 'a', address: 'http://a' });
  await expect(atB.commit(atB.step(head, 1))).rejects.toMatchObject({ code: 'store_busy' });
  expect(await atA.commit(atA.step(head, 1))).toEqual({ ok: true });
  // Renewed, it lasts.
  for (let n = 0; n < 4; n++) {
    await sleep(200);
    expect(await a.leases.renew()).toEqual([]);
  }
  expect([a.leases.isCertain(workspace), b.leases.isCertain(workspace)]).toEqual([true, false]);
  // It lapses: nobody is certain, and who has had it last may still write while nobody else has taken it.
  await sleep(450);
  expect(a.leases.isCertain(workspace)).toBe(false);
  expect(await atA.commit(atA.step(head, 2))).toEqual({ ok: true });
  expect(await a.leases.renew()).toEqual([]);
  expect(a.leases.isCertain(workspace)).toBe(true);
  await sleep(450);
  expect(await b.leases.take(workspace)).toBeUndefined();
  await expect(atA.commit(atA.step(head, 3))).rejects.toMatchObject({ code: 'store_busy' });
  expect(await atB.commit(atB.step(head, 3))).toEqual({ ok: true });
  expect(await a.leases.renew()).toEqual([workspace]);
  await expect(atA.commit(atA.step(head, 4))).rejects.toMatchObject({ code: 'store_busy' });
  // Given up, others have it at once; one that leaves is in no survey.
  await b.leases.give(workspace);
  expect((await a.leases.survey()).leases).toEqual([{ workspace, holder: null }]);
  expect(await a.leases.take(workspace)).toBeUndefined();
  expect(await atA.commit(atA.step(head, 4))).toEqual({ ok: true });
  expect((await b.leases.survey()).leases).toEqual([{ workspace, holder: { id: 'a', address: 'http://a' } }]);
  await a.close();
  expect(await b.leases.holder(workspace)).toBeUndefined();
  expect((await b.leases.survey()).nodes.map((n) => n.id)).toEqual(['b']);
});

test('[ST145] a commit that was made under an earlier lease is refused, also when the same engine has the workspace again', {
  timeout: 60_000,
}, async () => {
  const schema = `case_${++schemas}`;
  const a = await leasing(schema, 'a', 300);
  const w = new StoreWorld(a, digest);
  const { workspace, head } = w;
  await a.leases.take(workspace);
  await w.found();
  const first = a.leases.numberOf(workspace);
  expect(await w.commit({ ...w.step(head, 1), lease: first })).toEqual({ ok: true });
  // While it is certain it is the same one.
  expect(await a.leases.take(workspace)).toBeUndefined();
  expect(a.leases.numberOf(workspace)).toBe(first);
  await sleep(350);
  expect(await a.leases.take(workspace)).toBeUndefined();
  const second = a.leases.numberOf(workspace);
  expect(second).toBeGreaterThan(first);
  // Together they are sent one after the other, each judged by its own.
  const outcomes = await Promise.allSettled([
    w.commit({ ...w.step(head, 2), lease: first }),
    w.commit({ ...w.step(head, 2), lease: second }),
    w.commit({ ...w.step(head, 3), lease: first }),
    w.commit(w.step(head, 3)),
  ]);
  expect(outcomes.map((o) => (o.status === 'fulfilled' ? o.value : o.reason.code))).toEqual([
    'store_busy',
    { ok: true },
    'store_busy',
    { ok: true },
  ]);
});

/** Two engines, of which `a` holds the workspace for a moment and reaches the server by a way that loses answers. */
async function losing(body: (site: { way: Way; w: StoreWorld; a: PostgresStore; b: PostgresStore }) => Promise<void>) {
  const schema = `case_${++schemas}`;
  const way = await Way.open(server.port);
  try {
    const [a, b] = [await leasing(schema, 'a', 300, way), await leasing(schema, 'b', 60_000)];
    const w = new StoreWorld(a, digest);
    await a.leases.take(w.workspace);
    await w.found();
    expect(await w.commit(w.step(w.head, 1))).toEqual({ ok: true });
    await body({ way, w, a, b });
  } finally {
    way.lostEvery = undefined;
    for (const store of open.splice(-2)) await store.close();
    await way.close();
  }
}

const answerUnder = (key: string) => ({ principal: 'p', key, requestHash: digest(key), reply: key, atMs: 1 });
const alone = (key: string) => ({ changeSets: [], log: [], audit: [], idempotency: answerUnder(key) });

test('[ST146] what had landed before another engine took the workspace is answered so, though its answer was lost', {
  timeout: 60_000,
}, async () => {
  await losing(async ({ way, w, b }) => {
    way.lostEvery = 1;
    const landed = w.commit(w.step(w.head, 2, { idempotency: answerUnder('k') }));
    while ((await b.findChangeSet(w.workspace, w.head))!.version < 2) await sleep(20);
    const answer = w.commit(alone('alone')).catch((e: unknown) => e);
    await sleep(400);
    expect(await b.leases!.take(w.workspace)).toBeUndefined();
    way.lostEvery = undefined;
    expect(await landed).toEqual({ ok: true });
    // This one was still waiting for its turn.
    expect(await answer).toMatchObject({ code: 'store_busy' });
    expect(way.lost).toBeGreaterThan(0);
  });
});

test('[ST146] what had not is refused, though it was sent more than once', { timeout: 60_000 }, async () => {
  await losing(async ({ way, w, b }) => {
    way.lostEvery = 1;
    way.cut();
    const late = w.commit(w.step(w.head, 2)).catch((e: unknown) => e);
    await sleep(400);
    expect(await b.leases!.take(w.workspace)).toBeUndefined();
    way.lostEvery = undefined;
    expect(await late).toMatchObject({ code: 'store_busy' });
    expect((await b.findChangeSet(w.workspace, w.head))!.version).toBe(1);
  });
});

test.each([
  ['has landed and stands', { lands: true, moves: 0 }, { ok: true }],
  ['has landed and was moved on', { lands: true, moves: 1 }, { action: true, revision: 3 }],
  ['has not, and another engine has moved the action on', { lands: false, moves: 2 }, { action: true, revision: 3 }],
] as const)(
  '[ST155] a commit of actions alone that %s: answered as landed while they stand as it left them',
  async (_, { lands, moves }, answer) => {
    await losing(async ({ way, w, b }) => {
      const [first] = queue(sampleAction(w, 1));
      const { id } = first!.record;
      const commit = (...actions: NonNullable<Commit['actions']>): Commit => ({
        changeSets: [],
        log: [],
        audit: [],
        actions,
      });
      expect(await w.commit(commit(first!))).toEqual({ ok: true });
      way.lostEvery = 1;
      if (!lands) way.cut();
      const late = w.commit(commit(move(sampleAction(w, 1, { revision: 2 }))));
      const revision = async () => (await b.listActions(w.workspace, { limit: 10 })).find((a) => a.id === id)?.revision;
      while (lands && (await revision()) !== 2) await sleep(20);
      await sleep(400);
      expect(await b.leases!.take(w.workspace)).toBeUndefined();
      for (let n = 0; n < moves; n++) {
        const moved = sampleAction(w, 1, { revision: (await revision())! + 1, fence: 7 });
        expect(await b.commit(w.workspace, commit(move(moved)))).toEqual({ ok: true });
      }
      way.lostEvery = undefined;
      expect(await late).toEqual('action' in answer ? { ok: false, ...answer, action: id } : answer);
    });
  },
  60_000,
);

test('[ST147] a commit that only remembers an answer, and is sent again, is known by that; another with the key is refused', {
  timeout: 60_000,
}, async () => {
  await losing(async ({ way, w, b }) => {
    way.lostEvery = 1;
    const first = w.commit(alone('k'));
    while ((await b.findIdempotent(w.workspace, 'p', 'k')) === undefined) await sleep(20);
    way.lostEvery = undefined;
    expect(await first).toEqual({ ok: true });
    expect(way.lost).toBeGreaterThan(0);
    const other = { ...alone('k'), idempotency: { ...answerUnder('k'), reply: 'other' } };
    await expect(w.commit(other)).rejects.toMatchObject({ code: 'store_failed', data: { exists: true } });
  });
});

test('an engine whose workspace another one has taken writes nothing to it any more, of whatever kind', {
  timeout: 60_000,
}, async () => {
  const schema = `case_${++schemas}`;
  const [a, b] = [await leasing(schema, 'a', 300), await leasing(schema, 'b', 60_000)];
  const w = new StoreWorld(a, digest);
  const second = w.in(1, b);
  await a.leases.take(w.workspace);
  await w.found();
  await w.commit(w.step(w.head, 1));
  await sleep(350);
  expect(await b.leases.take(w.workspace)).toBeUndefined();
  const idempotency = { principal: 'p', key: 'k', requestHash: digest('q'), reply: '', atMs: 1 };
  const kept = {
    idempotency,
    chunks: [w.chunk('there')],
    reality: append(1, 1),
    actions: queue(endedAction(w, 1), sampleAction(w, 2, { component: endedAction(w, 1).component })),
  };
  expect(await second.commit(second.step(w.head, 2, kept))).toEqual({ ok: true });
  await second.store.runs.writeDocument(w.workspace, 'there', 'there', undefined);
  await second.store.runs.putSealed(w.workspace, 'there', 'there');
  const { store, workspace } = w;
  const { runs } = store;
  const run = sampleRun(w, 1);
  const point = { version: 2, intentRoot: digest('i'), realityRoot: digest('r'), realitySeq: 0 };
  await second.store.writeChunks(workspace, [], [{ changeSet: w.head, ...point }]);
  await second.store.runs.putRuns(workspace, [run]);
  await second.store.runs.writeMemo(workspace, [memoRow(w, 2)], 1_000_000);
  const everything = async () => (await rowsOf(b)).filter((row) => row.startsWith(w.workspace));
  const before = await everything();
  const writes: Readonly<Record<string, () => Promise<unknown>>> = {
    commit: () => w.commit(w.step(w.head, 3)),
    pruneActions: () => store.pruneActions(workspace, endedBefore(Number.MAX_SAFE_INTEGER)),
    pruneEvents: () => store.pruneEvents(workspace, 0),
    expireIdempotent: () => store.expireIdempotent(workspace, Number.MAX_SAFE_INTEGER),
    writeChunks: () => store.writeChunks(workspace, [w.chunk('late')], []),
    'writeChunks, only checkpoints': () => store.writeChunks(workspace, [], [{ changeSet: w.head, ...point }]),
    removeCheckpoints: () => store.removeCheckpoints(workspace, [{ changeSet: w.head, ...point }]),
    nextGeneration: () => store.nextGeneration(workspace),
    sweep: () => store.sweep(workspace, 1_000, () => false),
    putSetting: () => store.putSetting(workspace, 'name', 'late'),
    putRuns: () => runs.putRuns(workspace, [run]),
    appendLog: () => runs.appendLog(workspace, [{ run: run.id, line: logLine(1) }]),
    pruneRuns: () => runs.pruneRuns(workspace, Number.MAX_SAFE_INTEGER, 0),
    writeMemo: () => runs.writeMemo(workspace, [memoRow(w, 1)], 1_000_000),
    clearMemo: () => runs.clearMemo(workspace),
    writeDocument: () => runs.writeDocument(workspace, 'keys', 'late', undefined),
    'writeDocument, over another': () => runs.writeDocument(workspace, 'there', 'late', 'there'),
    putSealed: () => runs.putSealed(workspace, 'key', 'late'),
    removeSealed: () => runs.removeSealed(workspace, ['there']),
    removeSealedAt: () => runs.removeSealedAt(workspace, ['there'], [{ id: w.head, version: 2 }]),
    'one that nobody has': () => runs.putSealed(w.in(7).workspace, 'key', 'late'),
  };
  // Each would change something.
  for (const [name, write] of Object.entries(writes)) {
    const outcome = await write().then(
      (answer) => ({ answer }),
      (e: unknown) => ({ code: (e as { code?: string }).code }),
    );
    expect([name, outcome]).toEqual([name, { code: 'store_busy' }]);
  }
  expect(await everything()).toEqual(before);
  expect((await store.listChangeSets(workspace)).length).toBe(1);
});

test('of many that want a workspace at the same moment one has it', { timeout: 60_000 }, async () => {
  const schema = `case_${++schemas}`;
  const stores = await Promise.all(['a', 'b', 'c', 'd'].map((id) => leasing(schema, id, 60_000)));
  for (let n = 1; n <= 20; n++) {
    const { workspace } = new StoreWorld(stores[0]!, digest).in(n);
    const taken = await Promise.all([...stores, ...stores].map((s) => s.leases.take(workspace)));
    const has = stores.filter((_, i) => taken[i] === undefined);
    expect(has.length).toBe(1);
    expect(taken.slice(4).map((t) => t?.id)).toEqual(taken.slice(0, 4).map((t) => t?.id));
    for (const other of taken) if (other !== undefined) expect(other.id).toBe(has[0]!.leases.node.id);
  }
});

test('an engine of a release that had the tables to itself and engines that share them do not come in beside each other', {
  timeout: 60_000,
}, async () => {
  const schema = `case_${++schemas}`;
  const isBusy = (id: string) =>
    leasing(schema, id, 60_000).then(
      async (store) => {
        await store.close();
        return false;
      },
      (e: { code?: string }) => e.code === 'store_busy',
    );
  expect(await isBusy('a')).toBe(false);
  await direct(async (client) => {
    await client.query('select pg_advisory_lock($1, hashtext($2))', [0x48570001, schema]);
    expect(await isBusy('a')).toBe(true);
    await client.query('select pg_advisory_unlock_all()');
    const a = await leasing(schema, 'a', 60_000);
    const { rows } = await client.query('select pg_try_advisory_lock($1, hashtext($2)) as got', [0x48570001, schema]);
    expect(rows).toEqual([{ got: false }]);
    expect(await isBusy('b')).toBe(false);
    await a.close();
  });
});

test('tables of a later release are refused', { timeout: 60_000 }, async () => {
  const { schema } = await world();
  await direct((client) => client.query(`update ${schema}.store_version set version = 99`));
  await expect(node(schema)).rejects.toMatchObject({ code: 'store_version', data: { file: 99 } });
});

test('what is made of a schema is made beside the tables of others, and given up it leaves them alone', async () => {
  const schema = `case_${++schemas}`;
  await direct(async (client) => {
    await client.query(`create schema ${schema}`);
    await client.query(`create table ${schema}.theirs as select 1 as kept`);
  });
  const target = await openPostgresTarget({ url: server.urlOf('postgres'), schema });
  await target.discard();
  const { rows } = await direct((client) => client.query(`select kept from ${schema}.theirs`));
  expect(rows).toEqual([{ kept: 1 }]);
});

test('what is given up is emptied in every table that a store has', async () => {
  const schema = `case_${++schemas}`;
  const target = await openPostgresTarget({ url: server.urlOf('postgres'), schema });
  // A table that is emptied gets another file.
  const filesOf = () =>
    direct(async (client) => {
      const ofTables =
        'select relname, relfilenode from pg_class where relkind = $1 and relnamespace = $2::regnamespace';
      const { rows } = await client.query(ofTables, ['r', schema]);
      return new Map(rows.map((row) => [row['relname'] as string, row['relfilenode'] as number]));
    });
  const before = await filesOf();
  await target.discard();
  const after = await filesOf();
  const kept = [...before.keys()].filter((table) => after.get(table) === before.get(table)).sort();
  expect(before.size).toBeGreaterThan(20);
  expect(kept).toEqual(['engine_node', 'store_owner', 'store_version']);
});

test('an id with a character that no id has is not there', async () => {
  const schema = `case_${++schemas}`;
  const a = await leasing(schema, 'a', 60_000);
  const w = new StoreWorld(a, digest);
  await a.leases.take(w.workspace);
  await w.found();
  const strange = 'a\0b' as never;
  expect(await a.leases.holder(strange)).toBeUndefined();
  expect(await a.runs.findRun(w.workspace, strange)).toBeUndefined();
  expect(await a.findChangeSet(w.workspace, strange)).toBeUndefined();
});

test('the check finds what was changed behind its back', { timeout: 60_000 }, async () => {
  const damages: readonly (readonly [string, RegExp])[] = [
    ['delete from log where version = 2', /log: 2 entries/],
    ['delete from audit where seq = 3', /audit: 2 entries/],
    [`update audit set hash = 'x' where seq = 3`, /hash of its last audit entry/],
    [`update chunk set text = text || ' '`, /its text has the hash/],
    ['update workspace set head = null', /Head change set does not exist/],
    ['update workspace set last_position = 1', /above the last one/],
    ['update workspace set reality_seq = 7', /reality: 0 steps/],
    ['update workspace set memo_bytes = 7', /memo: 0 bytes/],
  ];
  for (const [sql, what] of damages) {
    const w = await world();
    for (const version of [1, 2, 3]) await w.commit(w.step(w.head, version, { chunks: [w.chunk(`c${version}`)] }));
    expect(await w.store.check(10)).toEqual([]);
    await direct((client) => client.query(`set search_path = ${w.schema}; ${sql}`));
    const problems = await w.store.check(10);
    expect([sql, problems.length > 0, problems.some((p) => what.test(p.what))]).toEqual([sql, true, true]);
  }
});
