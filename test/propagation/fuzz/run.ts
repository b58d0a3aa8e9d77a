// Runs steps and checks after each that everything is as a full evaluation has it, that nothing ran twice, and that what
// ran had another input. A case is a seed; what it did is a list of steps, which can be shortened.

import type { Hash } from '../../../src/base/ids.ts';
import { canonical, type Json } from '../../../src/base/json.ts';
import type { Call, Evaluated } from '../../../src/builtins/assemble.ts';
import { Evaluation } from '../../../src/builtins/evaluate.ts';
import { splitAddress } from '../../../src/model/keys.ts';
import { Derived } from '../../../src/propagation/derived.ts';
import { Propagation, type PropagationOptions } from '../../../src/propagation/propagation.ts';
import type { Snapshot } from '../../../src/snapshot/snapshot.ts';
import { numbersFrom } from '../../laws/numbers.ts';
import { resultOf } from '../results.ts';
import { isJustified } from './justified.ts';
import { nextEdit, nextWork, type Op } from './ops.ts';
import { FuzzWorld } from './world.ts';

const portion = 1_000_000;

export interface Seen {
  edits: number;
  refused: number;
  checks: number;
  values: number;
  ran: number;
  calls: number;
  cycles: number;
}
export const noneSeen = (): Seen => ({ edits: 0, refused: 0, checks: 0, values: 0, ran: 0, calls: 0, cycles: 0 });

class Problem extends Error {}

/** All that a reader could see of a result. */
function plain(e: Evaluated): string {
  const { last: _, why: __, ...rest } = e as unknown as Record<string, Json>;
  return canonical(rest);
}

class Runner {
  readonly world: FuzzWorld;
  readonly seen: Seen;
  #p: Propagation;
  #history: Snapshot[] = [];
  #waiting: { key: Hash; call: Call }[] = [];
  #delivered = new Set<Hash>();
  #ran: string[] = [];
  /** The last state that was settled and checked, where nothing else has happened since but `moves` steps. */
  #settled: { snapshot: Snapshot; evaluation: Evaluation } | undefined;
  #moves = 0;
  #made = 0;
  #kept: { root: Hash; snapshot: Snapshot } | undefined;

  constructor(functions: boolean, seen: Seen) {
    this.world = new FuzzWorld(functions);
    this.seen = seen;
    this.#p = new Propagation(this.world.snapshot, undefined, this.#options());
  }

  /** The first waits for any number of calls, those after it for a few at once, in turn. */
  #options(): PropagationOptions {
    const callsMax = [Number.POSITIVE_INFINITY, 1, 3][this.#made++ % 3]!;
    return { callsMax, ran: (address) => void this.#ran.push(address) };
  }

  do(op: Op): void {
    switch (op.op) {
      case 'edit':
      case 'cell':
      case 'report':
      case 'back':
        this.#edit(op);
        return;
      case 'drive':
        this.#drive(op.budget, op.order);
        return;
      case 'settle':
        this.#check();
        return;
      case 'fork':
        this.#replace(this.#p.fork(this.#options()));
        return;
      case 'keep':
      case 'reopen': {
        this.#check();
        const root = this.#p.checkpoint();
        if (root === undefined) throw new Problem('quiet, but no checkpoint');
        this.#kept = { root, snapshot: this.#p.state };
        if (op.op === 'keep') return;
        const runs = this.#ran.length;
        this.#replace(new Propagation(this.#p.state, Derived.open(this.world.space, root), this.#options()));
        this.#p.step(portion);
        if (!this.#p.quiet || this.#ran.length !== runs) throw new Problem('something ran after opening a checkpoint');
        this.#check();
        return;
      }
      case 'older': {
        if (this.#kept === undefined) return;
        const { root, snapshot } = this.#kept;
        const p = new Propagation(snapshot, Derived.open(this.world.space, root), this.#options());
        p.moveTo(this.world.snapshot);
        this.#replace(p);
        this.#check();
      }
    }
  }

  #replace(p: Propagation): void {
    this.#p = p;
    this.#waiting = [];
    this.#delivered.clear();
    this.#settled = undefined;
  }

  #edit(op: Extract<Op, { op: 'edit' | 'cell' | 'report' | 'back' }>): void {
    const { world } = this;
    const before = world.snapshot;
    this.seen.edits++;
    let done = true;
    if (op.op === 'edit') done = world.request(op.requests);
    else if (op.op === 'cell')
      done = world.mutate({ kind: 'cell.set', component: op.component, path: op.path, cell: op.cell });
    else if (op.op === 'report') world.report(op.component, op.record as object | null);
    else world.snapshot = this.#history.at(-1 - op.by) ?? before;
    if (!done) this.seen.refused++;
    if (world.snapshot === before) return;
    this.#history.push(before);
    if (this.#history.length > 8) this.#history.shift();
    this.#p.moveTo(world.snapshot);
    this.#moves++;
  }

  #drive(budget: number, order: readonly number[]): void {
    const done = this.#p.step(budget);
    if (done > budget) throw new Problem(`step(${budget}) looked at ${done}`);
    for (const address of this.#ran)
      if (this.#p.keptAt(address)?.is.state === 'pending') throw new Problem(`${address} was computed too early`);
    this.#take();
    for (const n of order) if (this.#waiting.length > 0) this.#deliver(n % this.#waiting.length);
  }

  #take(): void {
    for (const { key, call } of this.#p.takeWanted()) {
      if (this.#delivered.has(key)) throw new Problem(`${call.name} is asked for again with ${call.input}`);
      this.#waiting.push({ key, call });
    }
  }

  #deliver(at: number): void {
    const [one] = this.#waiting.splice(at, 1);
    if (this.#p.wants(one!.key)) {
      this.#delivered.add(one!.key);
      this.seen.calls++;
    }
    this.#p.deliver(one!.key, resultOf(one!.call));
  }

  #settle(): void {
    for (let round = 0; !this.#p.quiet; round++) {
      if (round > 10_000) throw new Problem('it does not settle');
      this.#p.step(portion);
      this.#take();
      if (this.#waiting.length > 0) this.#deliver((round * 7) % this.#waiting.length);
      else if (!this.#p.quiet && !this.#p.busy)
        throw new Problem(`${this.#p.pending} are pending, nothing is asked for`);
    }
  }

  #check(): void {
    this.#settle();
    const { snapshot } = this.world;
    const { seen } = this;
    seen.checks++;
    seen.ran += this.#ran.length;
    const evaluation = new Evaluation(snapshot, resultOf);
    const wanted = evaluation.all();
    seen.values += wanted.size;
    for (const [address, e] of wanted) {
      const got = this.#p.keptAt(address)?.is;
      if (got === undefined || plain(got) !== plain(e))
        throw new Problem(`${address} is ${JSON.stringify(got)}, from scratch it is ${JSON.stringify(e)}`);
      if (e.state !== 'error') continue;
      if (e.code === 'value_cycle') seen.cycles++;
      const fresh = this.#p.freshness(splitAddress(address));
      const isRight = e.root === undefined ? fresh.state === 'error' : fresh.state === 'blocked-by';
      if (e.root !== undefined && this.#p.keptAt(e.root)?.is.state !== 'error')
        throw new Problem(`${address} is blocked by ${e.root}, which has no error`);
      // The value at its address may be made of others before it, or stand in a component that is gone.
      if (!isRight && fresh.state !== 'error' && fresh.state !== 'blocked-by')
        throw new Problem(`${address} has an error and is ${fresh.state}`);
    }
    if (seen.checks % 16 === 0) {
      for (const address of this.#p.values().keys())
        if (!wanted.has(address)) throw new Problem(`${address} has a value, from scratch there is none`);
      this.#checkViews(evaluation);
    }
    if (this.#settled !== undefined && this.#moves <= 1) this.#checkRuns(evaluation);
    this.#settled = { snapshot, evaluation };
    this.#moves = 0;
    this.#ran = [];
  }

  #checkViews(evaluation: Evaluation): void {
    for (const component of this.world.keys('components')) {
      const wanted = evaluation.view(component as never);
      const got = this.#p.view(component as never);
      // What has a problem shows what was there before, which only propagation knows.
      if (
        wanted.problems.length > 0
          ? got?.problems.length !== wanted.problems.length
          : canonical(got as unknown as Json) !== canonical(wanted as unknown as Json)
      )
        throw new Problem(`${component} shows as ${JSON.stringify(got)}, from scratch as ${JSON.stringify(wanted)}`);
    }
  }

  #checkRuns(after: Evaluation): void {
    const before = this.#settled!;
    const seen = new Set<string>();
    for (const address of this.#ran) {
      if (seen.has(address)) throw new Problem(`${address} ran twice`);
      seen.add(address);
      if (!isJustified(address, before, { snapshot: this.world.snapshot, evaluation: after }))
        throw new Problem(`${address} ran, and nothing it reads is another`);
    }
  }
}

export interface Found {
  readonly problem: string;
  /** What was done, the last of it showed the problem. */
  readonly ops: readonly Op[];
}

/** Runs steps, asking for the next ones until there are none; what goes wrong. */
function run(functions: boolean, more: (world: FuzzWorld) => readonly Op[] | undefined, seen: Seen): Found | undefined {
  const runner = new Runner(functions, seen);
  const ops: Op[] = [];
  for (let next = more(runner.world); next !== undefined; next = more(runner.world)) {
    for (const op of next) {
      ops.push(op);
      try {
        runner.do(op);
      } catch (e) {
        return { problem: e instanceof Problem ? e.message : String((e as Error).stack), ops };
      }
    }
  }
  return undefined;
}

export interface Case {
  readonly seed: number;
  readonly functions: boolean;
  readonly steps: number;
}

/** One case: random edits from a seed. */
export function runCase({ seed, functions, steps }: Case, seen = noneSeen()): Found | undefined {
  const next = numbersFrom(seed);
  let n = 0;
  let isWork = true;
  return run(
    functions,
    (world) => {
      if (n > steps) return undefined;
      isWork = !isWork;
      if (isWork) return nextWork(next);
      n++;
      return n > steps ? [{ op: 'settle' }] : [nextEdit(next, world, functions)];
    },
    seen,
  );
}

/** Given steps on a new world. */
export function runOps(ops: readonly Op[], functions: boolean): Found | undefined {
  let given: readonly Op[] | undefined = ops;
  const once = (): readonly Op[] | undefined => {
    const now = given;
    given = undefined;
    return now;
  };
  return run(functions, once, noneSeen());
}

/** Fewer steps that still go wrong, each with fewer requests. */
export function shrink(found: Found, functions: boolean, most = 3_000): Found {
  let best = found;
  let tries = 0;
  const attempt = (ops: readonly Op[]): boolean => {
    tries++;
    const less = runOps(ops, functions);
    if (less !== undefined) best = less;
    return less !== undefined;
  };
  for (let size = Math.ceil(best.ops.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = best.ops.length - size; at >= 0 && tries < most; at -= size)
      if (attempt([...best.ops.slice(0, at), ...best.ops.slice(at + size)])) at = Math.min(at, best.ops.length);
  }
  for (let at = best.ops.length - 1; at >= 0; at--) {
    for (let k = 0; tries < most; k++) {
      const op = best.ops[at];
      if (op?.op !== 'edit' || op.requests.length < 2 || k >= op.requests.length) break;
      const requests = op.requests.filter((_, i) => i !== k);
      if (attempt([...best.ops.slice(0, at), { ...op, requests }, ...best.ops.slice(at + 1)])) k--;
    }
  }
  return best;
}
