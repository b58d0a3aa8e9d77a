// The embedded store against the store in memory: the same random writes, many at once, get the same outcomes, and what
// a process finds that opens the files as they lie after any of them is what memory holds.

import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { MemoryStore } from '../../src/adapters/memory/store.ts';
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts';
import type { ActionId, ChangeSetId } from '../../src/base/ids.ts';
import { type ActionRecord, actionStatuses } from '../../src/model/action.ts';
import { everythingOf, nothing, sampleAction } from '../../src/ports/conformance/action_world.ts';
import { idOf, StoreWorld } from '../../src/ports/conformance/store_world.ts';
import type { Commit, Store } from '../../src/ports/store.ts';
import { digest, temporaryFolder } from './folders.ts';

const rounds = 30;
const opsPerRoundMax = 12;
const branches = [100, 101];

/** What the writer believes; it is right until one of its commits loses, and sometimes it errs on purpose. */
interface Belief {
  readonly versions: Map<number, number>;
  seq: number;
  readonly revisions: Map<number, number>;
}

type Write = (store: Store) => Promise<unknown>;

class Writer {
  readonly #w: StoreWorld;
  readonly #belief: Belief = { versions: new Map(), seq: 0, revisions: new Map() };
  #state: number;

  constructor(w: StoreWorld, seed: number) {
    this.#w = w;
    this.#state = seed;
  }

  /** Starts again from what there is. */
  async look(): Promise<void> {
    const { store, workspace } = this.#w;
    for (const n of branches)
      this.#belief.versions.set(n, (await store.findChangeSet(workspace, idOf<ChangeSetId>(n)))?.version ?? 0);
    this.#belief.seq = await store.realitySeq(workspace);
    this.#belief.revisions.clear();
    for (const action of await store.listActions(workspace, { limit: 1_000 }))
      this.#belief.revisions.set(Number(action.id.slice(2)), action.revision);
  }

  chance(of: number): number {
    // Park and Miller's generator.
    this.#state = (this.#state * 48_271) % 2_147_483_647;
    return this.#state % of;
  }

  next(): Write {
    const { workspace } = this.#w;
    const kind = this.chance(14);
    if (kind === 0) return (store) => store.putSetting(workspace, 's', 'v');
    if (kind === 1) {
      const before = this.chance(300);
      const which = { withOrigin: this.chance(3) > 0, endedBeforeMs: before, keepCount: this.chance(30) };
      return (store) => store.pruneActions(workspace, which);
    }
    // Moves what is in the journal; what it sees of writes under way is nobody's business.
    if (kind === 2) return async (store) => void (await store.listActions(workspace, { limit: 20 }));
    const commit = this.#commit();
    return (store) => store.commit(workspace, commit);
  }

  #commit(): Commit {
    const belief = this.#belief;
    const errs = (): number => (this.chance(12) === 0 ? 1 + this.chance(2) : 0);
    let commit: Commit = nothing;
    if (this.chance(3) === 0) {
      const n = branches[this.chance(branches.length)]!;
      const version = belief.versions.get(n)! + 1 - errs();
      if (version > 0) {
        commit = this.#w.step(idOf<ChangeSetId>(n), version);
        belief.versions.set(n, version);
      }
    }
    if (this.chance(2) === 0) {
      const expected = Math.max(0, belief.seq - errs());
      const count = this.chance(4);
      const gap = this.chance(30) === 0 ? 1 : 0;
      // Some are too large for the journal.
      const text = 'x'.repeat(this.chance(25) === 0 ? 70_000 : this.chance(50));
      const rows = Array.from({ length: count }, (_, i) => ({ seq: expected + 1 + i + gap, text: `${i} ${text}` }));
      commit = { ...commit, reality: { expected, rows } };
      belief.seq = expected + count;
    }
    const actions = Array.from({ length: this.chance(4) }, () => this.#move(errs()));
    return actions.length === 0 ? commit : { ...commit, actions };
  }

  #move(error: number): { readonly record: ActionRecord; readonly expected: number | undefined } {
    const n = 1 + this.chance(60);
    const present = this.#belief.revisions.get(n);
    const expected = error === 0 ? present : error === 1 ? undefined : (present ?? 0) + 1;
    const revision = (expected ?? 0) + 1;
    const record = sampleAction(this.#w, n, {
      revision,
      status: actionStatuses[this.chance(actionStatuses.length)]!,
      endedAtMs: this.chance(3) === 0 ? null : this.chance(600),
      origins: Array.from({ length: this.chance(3) }, () => idOf<ChangeSetId>(100 + this.chance(4))),
    });
    this.#belief.revisions.set(n, revision);
    return { record, expected };
  }
}

/** Outcomes as they can be compared: faults by their code. */
async function outcomes(store: Store, writes: readonly Write[]): Promise<unknown[]> {
  const settled = await Promise.allSettled(writes.map((write) => write(store)));
  return settled.map((s) => (s.status === 'fulfilled' ? s.value : `fault ${(s.reason as { code: string }).code}`));
}

async function all(w: StoreWorld): Promise<unknown> {
  const origins = [100, 101, 102, 103].map((n) =>
    w.store.listActions(w.workspace, { origin: idOf<ChangeSetId>(n), limit: 1_000 }),
  );
  const statuses = actionStatuses.map((s) => w.store.listActions(w.workspace, { statuses: [s], limit: 1_000 }));
  return [
    await everythingOf(w),
    await w.everything(idOf<ChangeSetId>(101)),
    ...(await Promise.all([...origins, ...statuses])),
  ];
}

for (const seed of [1, 2, 3])
  it(`does what the store in memory does, and holds it after a death at any write (seed ${seed})`, async () => {
    const file = join(temporaryFolder(), 'store.db');
    const memory = new StoreWorld(new MemoryStore(), digest);
    const sqlite = new StoreWorld(await openSqliteStore({ file }), digest);
    for (const w of [memory, sqlite]) {
      await w.found();
      await w.open(101);
    }
    const writer = new Writer(memory, seed);
    let landed = 0;
    for (let round = 0; round < rounds; round++) {
      await writer.look();
      const writes = Array.from({ length: 1 + writer.chance(opsPerRoundMax) }, () => writer.next());
      const expected = await outcomes(memory.store, writes);
      expect(await outcomes(sqlite.store, writes)).toEqual(expected);
      landed += expected.filter((o) => (o as { ok?: boolean } | undefined)?.ok === true).length;
      // Answers from the journal, before anything moves it.
      const [n, seq] = [idOf<ActionId>(1 + writer.chance(60)), await memory.store.realitySeq(memory.workspace)];
      expect(await sqlite.store.realitySeq(sqlite.workspace)).toBe(seq);
      expect(await sqlite.store.findAction(sqlite.workspace, n)).toEqual(
        await memory.store.findAction(memory.workspace, n),
      );
      const dead = join(temporaryFolder(), 'store.db');
      for (const suffix of ['', '-wal', '-commits'])
        if (existsSync(file + suffix)) copyFileSync(file + suffix, dead + suffix);
      const heir = new StoreWorld(await openSqliteStore({ file: dead }), digest);
      expect(await all(heir)).toEqual(await all(memory));
      expect(await heir.store.check(10)).toEqual([]);
      await heir.store.close();
      if (round % 5 === 4) expect(await all(sqlite)).toEqual(await all(memory));
    }
    expect(landed).toBeGreaterThan(rounds);
    await sqlite.store.close();
  }, 60_000);
