// The queue in front of the runners, one for all workspaces of the process: a run gets its turn by the rules of
// `dispatch/fair_queue`, when a runner of its tier and pool has room for it, and goes to that one. A call of a function takes
// its turn inside `run` of what stands in front of a tier; an action takes it before it is written down as begun, so that what
// waits has not begun. What belongs to a pool that nothing serves waits, and keeps nobody else waiting. Where engines share concurrency
// keys, what has its turn here asks for its seat among all of them (key_seats.ts); refused, it waits again where it stood.

import type { RunId } from '../base/ids.ts';
import { compareText } from '../base/json.ts';
import { Fault, invariant } from '../base/result.ts';
import { FairQueue } from '../dispatch/fair_queue.ts';
import type { KeyLimits } from '../dispatch/key_gate.ts';
import type { KeyUse } from '../dispatch/key_use.ts';
import { defaultPool } from '../dispatch/pool_label.ts';
import type { Need } from '../dispatch/runner_load.ts';
import type { Priority, WaitingItem } from '../dispatch/strand.ts';
import type { Tier } from '../model/run.ts';
import {
  endedBeforeItBegan,
  type PoolDemand,
  type RunListener,
  type Runner,
  type RunReport,
  type RunRequest,
} from '../ports/runner.ts';
import type { SharedKeys } from '../ports/shared_keys.ts';
import { KeySeats, type SeatAnswer } from './key_seats.ts';
import { type PoolOf, poolKey, type Served, ServedPools } from './served_pools.ts';

/** Whose turn is asked for, and which. */
export interface TurnRequest extends PoolOf {
  readonly id: string;
  readonly workspace: string;
  readonly changeSet: string;
  readonly priority: Priority;
  readonly need: Need;
  /** Larger goes first within its change set and priority. Default 0. */
  readonly rank?: number;
  /** Concurrency keys, with what they let through. Default none. */
  readonly keys?: readonly KeyUse[];
}

interface Waiting extends WaitingItem {
  readonly need: Need;
  /** Each once. */
  readonly keys: readonly string[];
  begin(hasTurn: boolean): void;
}

interface Holding {
  readonly at: Served;
  readonly need: Need;
  readonly priority: Priority;
  readonly sinceMs: number;
  /** Of the seats of its keys among all engines. */
  readonly seat: number | undefined;
}

/** It has its turn here and asks for its seat among all engines; the room of its runner is kept meanwhile. */
interface Asking {
  readonly item: Waiting;
  readonly at: Served;
  readonly seat: number;
}

/** Where several engines share what concurrency keys let through. */
export interface SharedKeysChoice {
  readonly shared: SharedKeys;
  /** Hears that they cannot be asked; it is tried again. */
  readonly failed: (e: unknown) => void;
  /** Default `limits.keyHoldMs`. */
  readonly holdMs?: number;
}

/** Keys that are told of what waits. */
const keysToldMax = 100;

interface WaitingAt extends PoolOf {
  readonly key: string;
  readonly sinceMs: number;
}

export class Dispatcher {
  readonly #queue: FairQueue<Waiting>;
  readonly #limits = new Map<string, KeyLimits>();
  readonly #served = new ServedPools();
  /** What waits, by where. */
  readonly #waiting = new Map<string, WaitingAt>();
  readonly #holding = new Map<string, Holding>();
  readonly #asking = new Map<string, Asking>();
  readonly #seats: KeySeats | undefined;
  /** Where calls are under way. */
  readonly #running = new Map<RunId, Runner>();
  #timer: NodeJS.Timeout | undefined;

  /** `keys`: default, they count for this process alone. */
  constructor(runners: readonly Runner[], keys?: SharedKeysChoice) {
    this.#queue = new FairQueue<Waiting>({ limitsOf: (key) => this.#ownLimits(key) });
    if (keys !== undefined) {
      const { shared, failed, holdMs } = keys;
      this.#seats = new KeySeats(shared, { failed, opened: (all) => this.#opened(all) }, holdMs);
    }
    this.#served.serve(runners);
  }

  /** From now on these are the runners; one that is not among them takes nothing more and is closed when its runs have ended. */
  serve(runners: readonly Runner[]): void {
    for (const pool of this.#served.serve(runners)) this.#pump(pool);
  }

  get runners(): readonly Runner[] {
    return this.#served.runners;
  }

  /** Is there a runner for it? */
  serves(of: PoolOf): boolean {
    return this.#served.has(poolKey(of));
  }

  /** What a pool is wanted for here. */
  demand(of: PoolOf): PoolDemand {
    const key = poolKey(of);
    return { ...this.#queue.demandOf(key), used: this.#served.usedOf(key) };
  }

  /** Items that wait for their turn. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** What waits, by its first key ('' for none), the most first: how many, and the longest wait. */
  waits(): { readonly key: string; readonly count: number; readonly longestMs: number }[] {
    const nowMs = performance.now();
    const byKey = new Map<string, { count: number; longestMs: number }>();
    for (const { key, sinceMs } of this.#waiting.values()) {
      const { count, longestMs } = byKey.get(key) ?? { count: 0, longestMs: 0 };
      byKey.set(key, { count: count + 1, longestMs: Math.max(longestMs, nowMs - sinceMs) });
    }
    const all = [...byKey].map(([key, told]) => ({ key, ...told }));
    return all.sort((a, b) => b.count - a.count || compareText(a.key, b.key)).slice(0, keysToldMax);
  }

  /** Resolves true with the turn, which `leave` gives back; false: it was taken out of the queue before. */
  enter({ id, workspace, changeSet, priority, tier, pool, need, rank = 0, keys = [] }: TurnRequest): Promise<boolean> {
    return new Promise((begin) => {
      for (const use of keys) this.#learn(use);
      const names = [...new Set(keys.map((k) => k.key))];
      const { cpus } = need;
      const where = poolKey({ tier, pool });
      this.#queue.push(
        { id, workspace, changeSet, priority, rank, pool: where, cpus, keys: names, need, begin },
        performance.now(),
      );
      this.#waiting.set(id, { tier, pool, key: names[0] ?? '', sinceMs: performance.now() });
      this.#seats?.waits(names);
      this.#pump(where);
    });
  }

  /** Gives a turn back, or the place in the queue. */
  leave(id: string): void {
    const nowMs = performance.now();
    const held = this.#holding.get(id);
    if (held === undefined) {
      const asking = this.#asking.get(id);
      if (asking !== undefined) {
        this.#seats!.give(asking.seat);
        this.#standBack(asking, nowMs);
      }
      const waiting = this.#queue.remove(id, nowMs);
      if (waiting === undefined) return;
      this.#waitsNoMore(waiting);
      waiting.begin(false);
      this.#pump(waiting.pool);
      return;
    }
    this.#holding.delete(id);
    this.#served.free(held.at, held.need);
    this.#queue.ended(id, nowMs - held.sinceMs, nowMs);
    if (held.seat !== undefined) this.#seats!.give(held.seat);
    // A key that it had may let others through, of every pool.
    for (const pool of this.#served.keys) this.#pump(pool);
  }

  /** Does it wait for its turn? */
  isWaiting(id: string): boolean {
    return this.#waiting.has(id);
  }

  /** The pool that it waits for and that nothing serves; undefined: it does not wait, or for its turn. */
  lacks(id: string): string | undefined {
    const of = this.#waiting.get(id);
    return of === undefined || this.serves(of) ? undefined : (of.pool ?? defaultPool);
  }

  /** A provider asked for time: nothing with the key starts before. */
  retryAfter(key: string, ms: number): void {
    this.#queue.retryAfter(key, ms, performance.now());
    this.#seats?.retryAfter({ key, limits: this.#limits.get(key) ?? {} }, ms);
  }

  /** Asks other engines nothing more; resolves when nothing is being asked. What has seats has them until it is known to be gone. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#seats?.close();
  }

  /** The runners of a tier as the engine's functions see them: one, whose calls wait here for a runner of their pool. */
  inFront(tier: Tier): Runner {
    const run = async (request: RunRequest, listener: RunListener): Promise<RunReport> => {
      const { turn, id, pool, limits: need } = request;
      if (turn === undefined) return this.#pastTheQueue(request, listener);
      if ('held' in turn) return this.#run(request, listener, turn.held);
      if (!(await this.enter({ ...turn, id, tier, pool, need }))) return endedBeforeItBegan;
      try {
        return await this.#runAt(this.#holding.get(id)!.at, request, listener);
      } finally {
        this.leave(id);
      }
    };
    const kill = (id: RunId): boolean => {
      if (!this.isWaiting(id)) return this.#running.get(id)?.kill(id) ?? false;
      this.leave(id);
      return true;
    };
    const all = () => this.runners.filter((r) => r.tier === tier);
    return {
      tier,
      // Some runners are opened by the first question.
      get capacity() {
        const each = all().map((r) => r.capacity);
        return {
          cpus: each.reduce((n, c) => n + c.cpus, 0),
          memoryBytes: each.reduce((n, c) => n + c.memoryBytes, 0),
        };
      },
      get confinement() {
        const each = all().map((r) => r.confinement);
        const union = (of: 'holds' | 'missing') => [...new Set(each.flatMap((c) => c[of]))];
        return { holds: union('holds'), missing: union('missing') };
      },
      run,
      kill,
      close: () => this.#served.close(tier),
    };
  }

  /** Where the turn is for, which was had before. */
  #run(request: RunRequest, listener: RunListener, held: string): Promise<RunReport> {
    const turn = this.#holding.get(held);
    invariant(turn !== undefined, `${held} has no turn`);
    return this.#runAt(turn.at, { ...request, turn: { held, priority: turn.priority } }, listener);
  }

  async #pastTheQueue(request: RunRequest, listener: RunListener): Promise<RunReport> {
    const at = this.#served.admit(poolKey(request), request.limits);
    if (at === undefined) throw new Fault('runner_unavailable', noRunnerText(request.pool ?? defaultPool));
    try {
      return await this.#runAt(at, request, listener);
    } finally {
      this.#served.gone(at);
    }
  }

  async #runAt({ runner }: Served, request: RunRequest, listener: RunListener): Promise<RunReport> {
    const { id } = request;
    this.#running.set(id, runner);
    try {
      return await runner.run(request, listener);
    } finally {
      this.#running.delete(id);
    }
  }

  #learn({ key, limits: of }: KeyUse): void {
    const known = this.#limits.get(key);
    if (known?.atOnceMax === of.atOnceMax && known?.perSecond === of.perSecond && known?.burst === of.burst) return;
    this.#limits.set(key, of);
    if (known !== undefined) this.#queue.setLimits(key, this.#ownLimits(key), performance.now());
  }

  /** What is shared among engines has its rate there; what is under way here is part of what is under way at all. */
  #ownLimits(key: string): KeyLimits {
    const of = this.#limits.get(key) ?? {};
    return this.#seats === undefined ? of : { atOnceMax: of.atOnceMax };
  }

  #begin(item: Waiting, at: Served, seat: number | undefined): void {
    this.#waitsNoMore(item);
    const { need, priority } = item;
    this.#holding.set(item.id, { at, need, priority, sinceMs: performance.now(), seat });
    item.begin(true);
  }

  #waitsNoMore({ id, keys }: Waiting): void {
    this.#waiting.delete(id);
    this.#seats?.begun(keys);
  }

  #ask(seats: KeySeats, item: Waiting, at: Served): void {
    const uses = item.keys.map((key) => ({ key, limits: this.#limits.get(key) ?? {} }));
    const asking: Asking = { item, at, seat: seats.ask(uses, (answer) => this.#answered(asking, answer)) };
    this.#asking.set(item.id, asking);
  }

  #answered(asking: Asking, answer: SeatAnswer): void {
    const { item, at, seat } = asking;
    if (answer === undefined) {
      this.#asking.delete(item.id);
      this.#begin(item, at, seat);
      return;
    }
    const nowMs = performance.now();
    this.#queue.hold(answer.key, answer.untilMs, nowMs);
    this.#standBack(asking, nowMs);
    this.#pump(item.pool);
  }

  /** It waits again, and others may have its room. */
  #standBack({ item, at }: Asking, nowMs: number): void {
    this.#asking.delete(item.id);
    this.#served.free(at, item.need);
    this.#queue.giveBack(item.id, nowMs);
  }

  #opened(keys: readonly string[]): void {
    const nowMs = performance.now();
    for (const key of keys) this.#queue.hold(key, Number.NEGATIVE_INFINITY, nowMs);
    for (const pool of this.#served.keys) this.#pump(pool);
  }

  #pump(pool: string): void {
    const nowMs = performance.now();
    while (this.#served.has(pool)) {
      const item = this.#queue.take(pool, nowMs, ({ need }) => this.#served.find(pool, need) !== undefined);
      if (item === undefined) break;
      const at = this.#served.find(pool, item.need)!;
      at.load.take(item.need);
      if (this.#seats === undefined || item.keys.length === 0) this.#begin(item, at, undefined);
      else this.#ask(this.#seats, item, at);
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const nextMs = this.#queue.nextAtMs();
    if (nextMs === undefined) return;
    this.#timer = setTimeout(
      () => {
        for (const each of this.#served.keys) this.#pump(each);
      },
      Math.max(1, Math.ceil(nextMs - nowMs)),
    );
    this.#timer.unref();
  }
}

/** Of what needs a runner of a pool, and there is none. */
export const noRunnerText = (pool: string): string => `no runner serves the pool ${pool}`;
