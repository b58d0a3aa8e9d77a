// What a store that can be read whole, and made from rows, has to keep; for one such store, or for two of different kinds. The rules
// are in SPEC.md. The world that is moved has a row of every table, two workspaces, gaps, removed rows and texts that columns hold
// with effort.

import type { ComponentId, Digest, RunId, WorkspaceId } from '../../base/ids.ts';
import type { Store } from '../store.ts';
import { type DumpableStore, type DumpPart, dumpTableNames, type StoreTarget } from '../store_dump.ts';
import { append, endedAction, endedBefore, move, nothing, queue, sampleAction } from './action_world.ts';
import { expectEqual, expectFault, expectTrue } from './expectation.ts';
import { logLine, memoRows, sampleRuns } from './run_world.ts';
import { idOf, StoreWorld } from './store_world.ts';

/** A kind of place for stores, of which each call of `fresh` is a new, empty one. */
export interface StorePlaces {
  readonly name: string;
  readonly fresh: () => StorePlace;
}

export interface StorePlace {
  readonly open: () => Promise<DumpableStore>;
  /** Begins to make a store there. */
  readonly make: () => Promise<StoreTarget>;
  /** Lets a target go as the end of its process would. */
  readonly cutOff: (target: StoreTarget) => Promise<void>;
}

export interface DumpUnderTest {
  readonly digest: Digest;
  readonly from: StorePlaces;
  readonly to: StorePlaces;
}

/** Rows in parts of any size, as one list for each table of a workspace. */
export async function rowsOf(store: DumpableStore): Promise<string[]> {
  const rows: string[] = [];
  for await (const { workspace, table, rows: some } of store.dump())
    for (const row of some) rows.push(`${workspace} ${table} ${JSON.stringify(row)}`);
  return rows;
}

export async function fill(store: Store, digest: Digest): Promise<void> {
  for (const n of [2, 1]) await fillOne(new StoreWorld(store, digest, n), n);
  // Known by what was written beside commits only.
  await store.runs.putSealed(idOf<WorkspaceId>(3), 'key', 'sealed');
}

async function fillOne(w: StoreWorld, n: number): Promise<void> {
  const { store, workspace, head } = w;
  await w.found(`name \0 of ${n}`);
  const other = await w.open(90);
  const ones = '\u0001';
  const texts = ['', '\0', `${ones}`, `${ones}0\0`, `a${ones}`, `a\0b`, 'a', 'ab', 'ä', '\u{1f600}'];
  for (let version = 1; version <= 40; version++) {
    const key = `${texts[version % texts.length]} ${version}`;
    const idempotency = { principal: texts[version % 7]!, key, requestHash: w.digest(key), reply: key, atMs: version };
    await w.commit(w.step(head, version, { idempotency, chunks: [w.chunk(`chunk ${key}`)] }));
    if (version % 3 === 0) await w.commit({ ...nothing, reality: append(version / 3, version / 3, `step ${key}`) });
    if (version % 4 === 0) await w.commit({ ...nothing, actions: queue(sampleAction(w, version)) });
  }
  await w.commit(w.step(other, 1));
  const later = { id: sampleAction(w, 8).id, component: idOf<ComponentId>(203) };
  await w.commit({ ...nothing, actions: [move(endedAction(w, 8, later))] });
  await store.pruneActions(workspace, endedBefore(Number.MAX_SAFE_INTEGER));
  await store.pruneEvents(workspace, 5);
  // The last that happens is removed in the second: its number is not given again.
  if (n === 2) await store.pruneEvents(workspace, 0);
  const roots = { intentRoot: w.digest('intent'), realityRoot: w.digest('reality') };
  await store.writeChunks(
    workspace,
    Array.from({ length: 2_500 }, (_, i) => w.chunk(`${n} ${i} ${texts[i % 10]}`)),
    [
      { changeSet: head, version: 7, ...roots, realitySeq: 2, derivedRoot: w.digest('derived') },
      { changeSet: head, version: 40, ...roots, realitySeq: 13 },
      { changeSet: other, version: 1, ...roots, realitySeq: 0 },
    ],
  );
  await store.writeChunks(workspace, [w.chunk('long '.repeat(500_000))], []);
  for (const [i, text] of texts.entries()) {
    await store.putSetting(workspace, `${text}${i}`, text);
    await store.runs.writeDocument(workspace, `${text}${i}`, text, undefined);
    await store.runs.putSealed(workspace, `${text}${i}`, text);
  }
  await store.runs.putRuns(workspace, sampleRuns(w, 1, 30));
  await store.runs.putRuns(workspace, sampleRuns(w, 31, 40, { status: 'running', endedAtMs: null }));
  const lines = [1, 2, 3].map((seq) => ({ run: idOf<RunId>(5), line: logLine(seq, `nul \0, half \ud83d ${seq}`) }));
  await store.runs.appendLog(workspace, lines);
  await store.runs.writeMemo(workspace, memoRows(w, 1, 20), 1_000_000);
  await store.runs.writeMemo(workspace, [...memoRows(w, 3, 5), { key: w.digest('nul'), text: '\0 and ä' }], 1_000_000);
}

async function copy(from: DumpableStore, target: StoreTarget, parts = Number.POSITIVE_INFINITY): Promise<void> {
  let n = 0;
  for await (const part of from.dump()) {
    if (++n > parts) return;
    await target.write(part);
  }
}

/** A store that is filled, and what it dumps. */
async function filled(under: DumpUnderTest): Promise<{ store: DumpableStore; rows: string[] }> {
  const store = await under.from.fresh().open();
  await fill(store, under.digest);
  return { store, rows: await rowsOf(store) };
}

const moveCase = (title: string, run: () => Promise<void>) => ({ title, run });

export function dumpConformance(under: DumpUnderTest): { title: string; run: () => Promise<void> }[] {
  const { from, to, digest } = under;
  const cases = [
    moveCase('[ST130] a dump has the rows of every table, and parts in bounds', async () => {
      const store = await from.fresh().open();
      await fill(store, digest);
      const parts: DumpPart[] = [];
      for await (const part of store.dump()) parts.push(part);
      expectEqual('tables', [...new Set(parts.map((p) => p.table))].sort(), [...dumpTableNames].sort());
      expectEqual(
        'workspaces',
        [...new Set(parts.map((p) => p.workspace))],
        [1, 2, 3].map((n) => idOf(n)),
      );
      expectTrue(
        'a part has a thousand rows at most',
        parts.every((p) => p.rows.length <= 1_000),
      );
      await store.close();
    }),
    moveCase(
      '[ST131] what is made of a dump dumps the same rows in the same order, and answers as the first does',
      async () => {
        const { store, rows } = await filled(under);
        const place = to.fresh();
        const target = await place.make();
        await copy(store, target);
        const written = await target.written();
        expectEqual('rows of what was written', await rowsOf(written), rows);
        expectEqual('problems', await written.check(10), []);
        await target.publish();
        const made = await place.open();
        expectEqual('rows of the store', await rowsOf(made), rows);
        for (const n of [1, 2]) {
          const [w, before] = [new StoreWorld(made, digest, n), new StoreWorld(store, digest, n)];
          expectEqual('all of Head', await w.everything(w.head), await before.everything(w.head));
          const answers = async ({ store: s, workspace }: StoreWorld) => [
            await s.readEvents(workspace, 0, 1_000),
            await s.listActions(workspace, { limit: 100 }),
            await s.listActions(workspace, { limit: 100, origin: idOf(198) }),
            await s.runs.listRuns(workspace, { limit: 100, component: idOf(203) }),
            await s.runs.readRunLog(workspace, idOf(5), 0, 100),
            await s.runs.statistics(workspace),
          ];
          expectEqual('answers', await answers(w), await answers(before));
          // It goes on as the first would: the next positions follow.
          const [outcome] = [await w.commit(w.step(w.head, 41)), await before.commit(before.step(w.head, 41))];
          expectTrue('goes on', outcome.ok);
          const next = async ({ store: s, workspace }: StoreWorld) => (await s.readEvents(workspace, 0, 1_000)).last;
          expectEqual('the next position', await next(w), await next(before));
        }
        await made.close();
        await store.close();
      },
    ),
    moveCase('[ST132] what is not published is no store, and can be begun again', async () => {
      const { store, rows } = await filled(under);
      const place = to.fresh();
      const target = await place.make();
      await copy(store, target, 12);
      await expectFault('another one at the same place', 'store_busy', place.make);
      await place.cutOff(target);
      await expectFault('opening', 'store_incomplete', place.open);
      const again = await place.make();
      await copy(store, again);
      await again.written();
      await again.publish();
      const made = await place.open();
      expectEqual('rows', await rowsOf(made), rows);
      await made.close();
      await store.close();
    }),
    moveCase('[ST133] what is discarded leaves an empty place, and a store is not written over', async () => {
      const { store, rows } = await filled(under);
      const place = to.fresh();
      const target = await place.make();
      await copy(store, target, 12);
      await target.discard();
      const again = await place.make();
      await copy(store, again);
      await again.publish();
      let refused = '';
      await place.make().catch((e: unknown) => {
        refused = (e as { refusal?: { code: string } }).refusal?.code ?? String(e);
      });
      expectEqual('refused', refused, 'already_exists');
      const made = await place.open();
      expectEqual('rows', await rowsOf(made), rows);
      await made.close();
      await store.close();
    }),
  ];
  return cases.map(({ title, run }) => ({ title: `${from.name} to ${to.name}: ${title}`, run }));
}
