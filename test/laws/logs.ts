// Long logs: several Head versions, and a change set whose edits come in batches, all made without any catch-up. When a
// batch is brought and when the change set is caught up, one version or many at a time, is the schedule; what everything
// comes to must be the same for all of them (C5), and the same as making it from scratch.

import { type Item, Pending, type Role } from '../../src/merge/item.ts';
import { contestLate, merge, passesBy } from '../../src/merge/merge.ts';
import type { HeadEdit } from '../../src/merge/merging.ts';
import { Side, unitOf } from '../../src/merge/side.ts';
import { carryBoth, textsOf } from '../../src/merge/text_transform.ts';
import type { Mutation, TextMutation } from '../../src/mutation/mutation.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { seededIds } from '../support/model_world.ts';
import { firstScenes, laterScene, scenes } from './cases.ts';
import { applied, editsOf, itemsOf, rootOf, whereDifferent } from './check.ts';
import { type Carried, carryOut, drawsFrom, type Edit, echoes } from './edits.ts';
import { invariants } from './invariants.ts';
import { law } from './law.ts';
import { chance, type Numbers, numbersFrom, oneOf } from './numbers.ts';
import { type Sides, Stage } from './stage.ts';

/** Edits by Head version and by batch. */
export interface Log {
  readonly state: number;
  readonly role: Role;
  readonly versions: readonly (readonly Edit[])[];
  readonly batches: readonly (readonly Edit[])[];
}

function logFrom(seed: number, states: readonly Snapshot[]): Log {
  const next = numbersFrom(seed);
  const state = next() % states.length;
  const stage = new Stage(states[state]!, next);
  const versions: Edit[][] = Array.from({ length: 1 + (next() % 5) }, () => []);
  const batches: Edit[][] = Array.from({ length: 1 + (next() % 4) }, () => []);
  let later = laterScene(seed);
  for (let i = 2 + (next() % 8); i > 0; i--) {
    const { mine, theirs } = later === undefined ? drawnSides(next, stage) : scenes[later]!(stage);
    later = undefined;
    for (const e of mine) oneOf(next, batches).push(e);
    for (const e of theirs) oneOf(next, versions).push(e);
  }
  // A revert is made at once: its edits are never late.
  if (chance(next, 8)) return { state, role: 'head', versions, batches: [batches.flat()] };
  return { state, role: 'change-set', versions, batches };
}

const named = firstScenes.filter((name) => !name.startsWith('revert'));

function drawnSides(next: Numbers, stage: Stage): Sides {
  if (chance(next, 75)) return scenes[oneOf(next, named)]!(stage);
  const mine = drawsFrom(next, 1 + (next() % 3));
  return { mine, theirs: echoes(next, mine, 1 + (next() % 3)) };
}

interface Version {
  readonly side: Side<HeadEdit>;
  readonly state: Snapshot;
}

interface Batch {
  readonly items: readonly Item[];
  /** The state its author made, on which nothing was caught up. */
  readonly made: Snapshot;
}

/** How a log is played: `batch` brings the next one, a number catches up so many versions. */
export type Schedule = readonly ('batch' | number)[];

function scheduleFrom(next: Numbers, versions: number, batches: number): Schedule {
  const out: ('batch' | number)[] = [];
  for (let v = versions, b = batches; v > 0 || b > 0; ) {
    if (b > 0 && (v === 0 || chance(next, 50))) {
      out.push('batch');
      b--;
    } else {
      const n = 1 + (next() % v);
      out.push(n);
      v -= n;
    }
  }
  return out;
}

/** A change set being played, as the engine does it. */
class Played {
  readonly pending = new Pending();
  readonly base: Snapshot;
  state: Snapshot;
  head: Snapshot;
  at = 0;
  /** What Head's versions did to texts, as it came to lie on the change set's. */
  texts: Mutation[] = [];
  readonly versions: readonly Version[];

  constructor(base: Snapshot, versions: readonly Version[]) {
    this.base = base;
    this.state = base;
    this.head = base;
    this.versions = versions;
  }

  /** Brings edits that were made when nothing was caught up. */
  bring({ items, made }: Batch): void {
    if (this.at === 0) {
      const isPlain = this.pending.unsettled.size === 0 && this.pending.repairs.length === 0;
      law(isPlain, () => 'something is unsettled before any merge');
      this.pending.append(items);
      this.state = made;
      return;
    }
    const draft = made.edit();
    const carried = carryBoth(items, this.texts, { blob: (h) => draft.blob(h), putBlob: (t) => draft.putBlob(t) });
    this.texts = [...carried.since];
    let extra = carried.items;
    for (const { side, state } of this.versions.slice(0, this.at))
      extra = contestLate(extra, { side, head: state, present: made, version: 0 });
    const seen = [
      ...this.versions
        .slice(0, this.at)
        .map((v) => v.state)
        .reverse(),
      made,
    ];
    const m = merge({ head: this.head, present: this.state, pending: this.pending, extra, seen, route: 'own' }, 0);
    const replayed = applied(this.state, m.headPrime());
    law(
      rootOf(replayed) === rootOf(m.state),
      () => `[ME1] what came late is another state by its log entry: ${whereDifferent(m.state, replayed)}`,
    );
    this.pending.append(m.added);
    this.pending.settle(m.settlement);
    this.state = m.state;
  }

  /** Catches up the next versions: what passes by is skipped, the others are merged one by one. */
  catchUp(count: number): void {
    const until = this.at + count;
    while (this.at < until) {
      const ahead = this.versions.slice(this.at, until);
      const next = ahead.findIndex((v) => !passesBy(this.pending, v.side));
      if (next === -1) this.#pass(ahead);
      else this.#merge(ahead.slice(0, next), ahead[next]!);
    }
    const made = applied(this.head, this.pending.effective());
    law(
      rootOf(made) === rootOf(this.state),
      () => `[ME1] the state is not L’ on Head: ${whereDifferent(made, this.state)}`,
    );
  }

  #pass(versions: readonly Version[]): void {
    this.texts.push(...this.#textsOf(this.at, this.at + versions.length));
    const theirs = Side.of(versions.flatMap((v) => v.side.entries));
    this.head = versions.at(-1)!.state;
    const m = merge({ head: this.head, present: this.state, pending: this.pending, theirs, route: 'own' }, 1);
    this.state = applied(this.state, m.headPrime());
    law(rootOf(this.state) === rootOf(m.state), () => '[ME1] passing by by h’ gives another state');
    this.at += versions.length;
  }

  #merge(passed: readonly Version[], version: Version): void {
    const at = this.at + passed.length;
    this.texts.push(...this.#textsOf(this.at, at));
    this.head = version.state;
    const seen = [at === 0 ? this.base : this.versions[at - 1]!.state];
    const input = { head: this.head, present: this.state, pending: this.pending, theirs: version.side, seen };
    const m = merge(passed.length > 0 ? { ...input, route: 'head' } : input, at + 1);
    if (passed.length === 0) {
      const other = merge({ ...input, route: m.route === 'head' ? 'own' : 'head' }, at + 1);
      law(
        rootOf(other.state) === rootOf(m.state),
        () => `[ME1] C1: the two routes end in different states: ${whereDifferent(m.state, other.state)}`,
      );
    }
    const carried = new Set(m.settlement.texts.map(unitOf));
    this.texts.push(...m.settlement.texts, ...this.#textsOf(at, at + 1).filter((t) => !carried.has(t.function)));
    this.pending.settle(m.settlement);
    this.state = m.state;
    this.at = at + 1;
    invariants(this.state);
  }

  /** What the versions at the places from <= place < to did to texts. */
  #textsOf(from: number, to: number): TextMutation[] {
    const states = [this.base, ...this.versions.map((v) => v.state)];
    return this.versions.slice(from, to).flatMap(({ side: theirs, state: head }, i) => {
      const before = states.slice(0, from + i + 1).reverse();
      return textsOf({ theirs, head, before, own: this.pending.side });
    });
  }
}

export interface Made {
  readonly base: Snapshot;
  readonly versions: readonly Version[];
  readonly batches: readonly Batch[];
}

/** Carries a log out: Head's versions one on the other, and the batches one on the other. */
function madeFrom(log: Log, states: readonly Snapshot[]): Made {
  const base = states[log.state]!;
  const chain = (edits: readonly (readonly Edit[])[], idSeed: number): Carried[] => {
    const ids = seededIds(idSeed);
    const out: Carried[] = [];
    for (const list of edits) out.push(carryOut(out.at(-1)?.snapshot ?? base, idSeed, list, ids));
    return out;
  };
  return {
    base,
    versions: chain(log.versions, 12).map((c, i) => ({
      side: Side.of(editsOf(c.mutations, i + 1)),
      state: c.snapshot,
    })),
    batches: chain(log.batches, 11).map((c, i) => ({
      items: itemsOf(c.mutations, i + 1, log.role),
      made: c.snapshot,
    })),
  };
}

/** Every schedule of so many versions, caught up one by one or some at once, and batches. */
function schedulesOf(versions: number, batches: number): Schedule[] {
  if (versions === 0 && batches === 0) return [[]];
  const out: Schedule[] = [];
  if (batches > 0) out.push(...schedulesOf(versions, batches - 1).map((s): Schedule => ['batch', ...s]));
  for (let n = 1; n <= versions; n++) out.push(...schedulesOf(versions - n, batches).map((s): Schedule => [n, ...s]));
  return out;
}

/** What a log comes to by each of its schedules; of a revert by those that begin with it. */
export function statesOf(log: Log, states: readonly Snapshot[]): { schedule: Schedule; state: Snapshot }[] {
  const made = madeFrom(log, states);
  return schedulesOf(log.versions.length, log.batches.length)
    .filter(([first]) => log.role !== 'head' || first === 'batch')
    .map((schedule) => ({ schedule, state: play(made, schedule).state }));
}

/** Plays a log by a schedule; answers the change set at its end. */
function play(made: Made, schedule: Schedule): Played {
  const played = new Played(made.base, made.versions);
  let batch = 0;
  for (const step of schedule) {
    if (step === 'batch') played.bring(made.batches[batch++]!);
    else played.catchUp(step);
  }
  return played;
}

/** All laws of one log: every schedule comes to the same, and so does making everything from Head's state at once. */
function checkLog(log: Log, states: readonly Snapshot[], next: Numbers): void {
  const made = madeFrom(log, states);
  const all: Schedule = [...made.batches.map(() => 'batch' as const), ...made.versions.map(() => 1)];
  const first = play(made, all);
  const scratch = fromScratch(first);
  law(
    rootOf(scratch) === rootOf(first.state),
    () => `[ME7] made from scratch it is another state: ${whereDifferent(first.state, scratch)}`,
  );
  for (let i = 0; i < 3; i++) {
    const drawn = scheduleFrom(next, made.versions.length, made.batches.length);
    const schedule = log.role === 'head' ? ['batch' as const, ...drawn.filter((s) => s !== 'batch')] : drawn;
    const other = play(made, schedule);
    law(
      rootOf(other.state) === rootOf(first.state),
      () => `[ME7] C5: ${schedule.join(' ')} is another state: ${whereDifferent(first.state, other.state)}`,
    );
  }
}

/** Every item placed anew on Head's state. */
function fromScratch({ head, state, pending }: Played): Snapshot {
  const extra = pending.items.map(({ placed: _placed, why: _why, ...item }) => item);
  return merge({ head, present: state, pending: new Pending(), extra, route: 'head' }, 0).state;
}

function problemOf(log: Log, seed: number, states: readonly Snapshot[]): string | undefined {
  try {
    checkLog(log, states, numbersFrom(seed + 1));
    return undefined;
  } catch (e) {
    return (e as Error).stack ?? String(e);
  }
}

/** What is wrong with the log of a seed; undefined when every law holds. */
export function logProblem(seed: number, states: readonly Snapshot[]): string | undefined {
  let log = logFrom(seed, states);
  if (problemOf(log, seed, states) === undefined) return undefined;
  for (let again = true; again; ) {
    again = false;
    for (const side of ['versions', 'batches'] as const) {
      const sizes = log[side].map((list) => list.length);
      for (const [i, size] of sizes.entries()) {
        for (let k = 0; k < size && !again; k++) {
          const list = log[side].map((l, n) => (n === i ? l.filter((_, x) => x !== k) : l));
          const smaller = { ...log, [side]: list };
          if (problemOf(smaller, seed, states) === undefined) continue;
          log = smaller;
          again = true;
        }
      }
    }
  }
  const made = madeFrom(log, states);
  const show = (m: Mutation): string => `    ${JSON.stringify(m).slice(0, 500)}`;
  const own = made.batches.map((b, i) => `  batch ${i + 1}\n${b.items.map((x) => show(x.m)).join('\n')}`);
  const theirs = made.versions.map((v, i) => `  version ${i + 1}\n${v.side.entries.map((x) => show(x.m)).join('\n')}`);
  return `log seed ${seed} (state ${log.state}, role ${log.role}): ${problemOf(log, seed, states)?.slice(0, 2500)}\n${own.join('\n')}\n${theirs.join('\n')}`;
}
