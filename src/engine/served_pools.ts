// The runners there are, by tier and pool: which of them takes a run, what each has under way, and what becomes of one that is
// not served any more: it takes nothing, ends what it has, and is closed then.

import { limits } from '../base/limits.ts';
import { invariant } from '../base/result.ts';
import { defaultPool } from '../dispatch/pool_label.ts';
import { type Need, RunnerLoad, withMostRoom } from '../dispatch/runner_load.ts';
import type { Tier } from '../model/run.ts';
import type { Runner } from '../ports/runner.ts';

/** Runners that may take a run: of one tier, with one label. */
export interface PoolOf {
  readonly tier: Tier;
  /** Default `default`. */
  readonly pool?: string | undefined;
}

/** A pool as the queue in front of the runners calls it. */
export const poolKey = ({ tier, pool = defaultPool }: PoolOf): string => `${tier}/${pool}`;

/** A runner and what it has under way. */
export interface Served {
  readonly runner: Runner;
  readonly load: RunnerLoad;
  /** Runs that went past the queue: they take no room, and are waited for. */
  guests: number;
}

export class ServedPools {
  readonly #pools = new Map<string, readonly Served[]>();
  /** Not served any more, and not closed: something is under way. */
  readonly #leaving = new Set<Served>();

  /** From now on these. Answers the pools whose runners, or their capacity, may be others than before. */
  serve(runners: readonly Runner[]): readonly string[] {
    const known = new Map([...this.#all(), ...this.#leaving].map((s) => [s.runner, s]));
    const before = [...this.#pools.keys()];
    this.#pools.clear();
    for (const runner of runners) {
      const served = known.get(runner) ?? { runner, load: new RunnerLoad(() => roomOf(runner)), guests: 0 };
      known.delete(runner);
      this.#leaving.delete(served);
      const key = poolKey(runner);
      this.#pools.set(key, [...(this.#pools.get(key) ?? []), served]);
    }
    for (const gone of known.values()) this.#leave(gone);
    return [...new Set([...before, ...this.#pools.keys()])];
  }

  get keys(): readonly string[] {
    return [...this.#pools.keys()];
  }

  has(key: string): boolean {
    return this.#pools.has(key);
  }

  /** Pool by pool, in the order in which they were told. */
  get runners(): readonly Runner[] {
    return this.#all().map(({ runner }) => runner);
  }

  /** undefined: none has room. */
  find(key: string, need: Need): Served | undefined {
    return withMostRoom(this.#pools.get(key) ?? [], need);
  }

  /** What is under way, as a part of the room of the pool's runners, whoever may use it: of cpus or memory what is more. */
  usedOf(key: string): number {
    const all = this.#pools.get(key) ?? [];
    const whole = sumOf(all.map(({ runner }) => wholeRoomOf(runner)));
    const used = sumOf(all.map(({ load }) => load.used));
    return all.length === 0 ? 0 : Math.max(used.cpus / whole.cpus, used.memoryBytes / whole.memoryBytes);
  }

  free(served: Served, need: Need): void {
    served.load.free(need);
    if (this.#leaving.has(served)) this.#leave(served);
  }

  /** Past the queue, where there is most room, or none; undefined: nothing serves the pool. To be told when it has gone. */
  admit(key: string, need: Need): Served | undefined {
    const served = this.find(key, need) ?? this.#pools.get(key)?.[0];
    if (served !== undefined) served.guests++;
    return served;
  }

  gone(served: Served): void {
    served.guests--;
    if (this.#leaving.has(served)) this.#leave(served);
  }

  /** Ends everything of a tier. */
  async close(tier: Tier): Promise<void> {
    const all = [...this.#all(), ...this.#leaving].filter(({ runner }) => runner.tier === tier);
    await Promise.all(all.map(({ runner }) => runner.close()));
  }

  #all(): readonly Served[] {
    return [...this.#pools.values()].flat();
  }

  #leave(served: Served): void {
    if (served.load.underWay + served.guests > 0) {
      this.#leaving.add(served);
      return;
    }
    this.#leaving.delete(served);
    // Nothing of it runs: what does not end now ends with this process.
    served.runner.close().catch(() => {});
  }
}

const sumOf = (all: readonly Need[]): Need => ({
  cpus: all.reduce((sum, { cpus }) => sum + cpus, 0),
  memoryBytes: all.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
});

/** What this engine may use: its share, in whole cpus, so that none lies idle because two engines have half of it each. */
function roomOf(runner: Runner): Need {
  const whole = wholeRoomOf(runner);
  const { share = 1 } = runner;
  if (share >= 1) return whole;
  const cpus = Math.min(whole.cpus, Math.ceil(whole.cpus * share - aBit));
  return { cpus, memoryBytes: whole.memoryBytes * (cpus / whole.cpus) };
}
/** Three thirds are no more than one. */
const aBit = 1e-6;

/** The isolate takes its calls in batches: it has to have some at hand, and so short ones that they hold nobody up. */
function wholeRoomOf({ tier, capacity: { cpus, memoryBytes } }: Runner): Need {
  invariant(cpus > 0, `a runner has ${cpus} processors`);
  if (tier === 'process') return { cpus, memoryBytes };
  return { cpus: cpus * limits.isolateBatchCallsMax, memoryBytes: Number.POSITIVE_INFINITY };
}
