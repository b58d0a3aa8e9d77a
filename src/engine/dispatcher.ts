// The queue in front of the runners, one for all workspaces of the process: a run gets its turn by the rules of
// `dispatch/fair_queue`, when its runner has room for it. A call of a function takes its turn inside `run` of the runner
// that stands behind the queue; an action takes it before it is written down as begun, so that what waits has not begun.

import type { RunId } from '../base/ids.ts';
import { limits } from '../base/limits.ts';
import { FairQueue } from '../dispatch/fair_queue.ts';
import type { KeyLimits } from '../dispatch/key_gate.ts';
import type { KeyUse } from '../dispatch/key_use.ts';
import { type Need, RunnerLoad } from '../dispatch/runner_load.ts';
import type { Priority, WaitingItem } from '../dispatch/strand.ts';
import { endedBeforeItBegan, type RunListener, type Runner, type RunReport, type RunRequest } from '../ports/runner.ts';

/** Whose turn is asked for, and which. */
export interface TurnRequest {
  readonly id: string;
  readonly workspace: string;
  readonly changeSet: string;
  readonly priority: Priority;
  readonly tier: Runner['tier'];
  readonly need: Need;
  /** Larger goes first within its change set and priority. Default 0. */
  readonly rank?: number;
  /** Concurrency keys, with what they let through. Default none. */
  readonly keys?: readonly KeyUse[];
}

interface Waiting extends WaitingItem {
  readonly need: Need;
  begin(hasTurn: boolean): void;
}

interface Holding {
  readonly pool: string;
  readonly need: Need;
  readonly sinceMs: number;
}

export class Dispatcher {
  readonly #queue: FairQueue<Waiting>;
  readonly #limits = new Map<string, KeyLimits>();
  readonly #runners: readonly Runner[];
  readonly #loads = new Map<string, RunnerLoad>();
  readonly #holding = new Map<string, Holding>();
  #timer: NodeJS.Timeout | undefined;

  constructor(runners: readonly Runner[]) {
    this.#queue = new FairQueue<Waiting>({ limitsOf: (key) => this.#limits.get(key) ?? {} });
    this.#runners = runners;
  }

  /** Items that wait for their turn. */
  get waiting(): number {
    return this.#queue.size;
  }

  /** Resolves true with the turn, which `leave` gives back; false: it was taken out of the queue before. */
  enter({ id, workspace, changeSet, priority, tier, need, rank = 0, keys = [] }: TurnRequest): Promise<boolean> {
    return new Promise((begin) => {
      for (const use of keys) this.#learn(use);
      const names = keys.map((k) => k.key);
      const { cpus } = need;
      this.#queue.push(
        { id, workspace, changeSet, priority, rank, pool: tier, cpus, keys: names, need, begin },
        performance.now(),
      );
      this.#pump(tier);
    });
  }

  /** Gives a turn back, or the place in the queue. */
  leave(id: string): void {
    const nowMs = performance.now();
    const held = this.#holding.get(id);
    if (held === undefined) {
      const waiting = this.#queue.remove(id, nowMs);
      if (waiting === undefined) return;
      waiting.begin(false);
      this.#pump(waiting.pool);
      return;
    }
    this.#holding.delete(id);
    this.#loads.get(held.pool)?.free(held.need);
    this.#queue.ended(id, nowMs - held.sinceMs, nowMs);
    // A key that it had may let others through, of every pool.
    for (const pool of this.#loads.keys()) this.#pump(pool);
  }

  /** Does it wait for its turn? */
  isWaiting(id: string): boolean {
    return this.#queue.has(id);
  }

  /** A provider asked for time: nothing with the key starts before. */
  retryAfter(key: string, ms: number): void {
    this.#queue.retryAfter(key, ms, performance.now());
  }

  /** A runner as the engine's functions see it: its calls wait for their turn here. */
  inFront(runner: Runner): Runner {
    const run = async (request: RunRequest, listener: RunListener): Promise<RunReport> => {
      const { turn, id, tier, limits: need } = request;
      if (turn === undefined) return runner.run(request, listener);
      if (!(await this.enter({ ...turn, id, tier, need }))) return endedBeforeItBegan;
      try {
        return await runner.run(request, listener);
      } finally {
        this.leave(id);
      }
    };
    const kill = (id: RunId): boolean => {
      if (!this.isWaiting(id)) return runner.kill(id);
      this.leave(id);
      return true;
    };
    return {
      tier: runner.tier,
      // Some runners are opened by the first question.
      get capacity() {
        return runner.capacity;
      },
      get confinement() {
        return runner.confinement;
      },
      run,
      kill,
      close: () => runner.close(),
    };
  }

  /** What is under way at a runner; undefined: there is none of that name. Made when it is asked for first, as the runner is. */
  #load(pool: string): RunnerLoad | undefined {
    const known = this.#loads.get(pool);
    if (known !== undefined) return known;
    const runner = this.#runners.find((r) => r.tier === pool);
    if (runner === undefined) return undefined;
    const load = new RunnerLoad(roomOf(runner.tier, runner.capacity));
    this.#loads.set(pool, load);
    return load;
  }

  #learn({ key, limits: of }: KeyUse): void {
    const known = this.#limits.get(key);
    if (known?.atOnceMax === of.atOnceMax && known?.perSecond === of.perSecond && known?.burst === of.burst) return;
    this.#limits.set(key, of);
    if (known !== undefined) this.#queue.setLimits(key, of, performance.now());
  }

  #pump(pool: string): void {
    const nowMs = performance.now();
    const load = this.#load(pool);
    for (;;) {
      const item = this.#queue.take(pool, nowMs, ({ need }) => load === undefined || load.has(need));
      if (item === undefined) break;
      load?.take(item.need);
      this.#holding.set(item.id, { pool, need: item.need, sinceMs: nowMs });
      item.begin(true);
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const nextMs = this.#queue.nextAtMs();
    if (nextMs === undefined) return;
    this.#timer = setTimeout(
      () => {
        for (const each of this.#loads.keys()) this.#pump(each);
      },
      Math.max(1, Math.ceil(nextMs - nowMs)),
    );
    this.#timer.unref();
  }
}

/** The isolate takes its calls in batches: it has to have some at hand, and so short ones that they hold nobody up. */
function roomOf(tier: Runner['tier'], { cpus, memoryBytes }: Runner['capacity']): Need {
  if (tier === 'process') return { cpus, memoryBytes };
  return { cpus: cpus * limits.isolateBatchCallsMax, memoryBytes: Number.POSITIVE_INFINITY };
}
