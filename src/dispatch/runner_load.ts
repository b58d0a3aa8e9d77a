// What runners have under way, and what they have room for: cpus and memory. What is larger than the whole runner goes alone,
// when nothing else is under way, and nothing starts beside it; so everything runs at some time. Of several runners of a pool
// the one with most room takes what is next.

import { invariant } from '../base/result.ts';

export interface Need {
  readonly cpus: number;
  readonly memoryBytes: number;
}

export class RunnerLoad {
  readonly #capacity: () => Need;
  #cpus = 0;
  #memoryBytes = 0;
  #underWay = 0;

  /** `capacity` is asked each time: it may change. What is under way over a lower one goes on, and nothing starts beside it. */
  constructor(capacity: Need | (() => Need)) {
    this.#capacity = typeof capacity === 'function' ? capacity : () => capacity;
  }

  get underWay(): number {
    return this.#underWay;
  }

  get used(): Need {
    return { cpus: this.#cpus, memoryBytes: this.#memoryBytes };
  }

  /** What is free; below 0 where more is under way than it has. */
  get room(): Need {
    const { cpus, memoryBytes } = this.#capacity();
    return { cpus: cpus - this.#cpus, memoryBytes: memoryBytes - this.#memoryBytes };
  }

  /** Could it ever be run beside others? */
  isLargeEnough(need: Need): boolean {
    const { cpus, memoryBytes } = this.#capacity();
    return inTenthousandths(need.cpus) <= inTenthousandths(cpus) && need.memoryBytes <= memoryBytes;
  }

  has(need: Need): boolean {
    if (this.#underWay === 0) return true;
    const { cpus, memoryBytes } = this.#capacity();
    return (
      inTenthousandths(this.#cpus + need.cpus) <= inTenthousandths(cpus) &&
      this.#memoryBytes + need.memoryBytes <= memoryBytes
    );
  }

  take(need: Need): void {
    invariant(this.has(need), 'a run is started where there is no room for it');
    this.#underWay++;
    this.#cpus += need.cpus;
    this.#memoryBytes += need.memoryBytes;
  }

  free(need: Need): void {
    invariant(this.#underWay > 0, 'more room is freed than was taken');
    this.#underWay--;
    const isEmpty = this.#underWay === 0;
    this.#cpus = isEmpty ? 0 : this.#cpus - need.cpus;
    this.#memoryBytes = isEmpty ? 0 : this.#memoryBytes - need.memoryBytes;
  }
}

/**
 * The runner that takes it, of those of a pool: the one with most room, in cpus, then memory, then the one named first. One that
 * is too small for it as a whole takes it only where all are. undefined: it has to wait.
 */
export function withMostRoom<T extends { readonly load: RunnerLoad }>(
  runners: readonly T[],
  need: Need,
): T | undefined {
  if (runners.length === 1) return runners[0]!.load.has(need) ? runners[0] : undefined;
  const large = runners.filter(({ load }) => load.isLargeEnough(need));
  let best: T | undefined;
  for (const runner of large.length > 0 ? large : runners) {
    if (!runner.load.has(need)) continue;
    if (best === undefined || isRoomier(runner.load.room, best.load.room)) best = runner;
  }
  return best;
}

function isRoomier(a: Need, b: Need): boolean {
  const more = inTenthousandths(a.cpus) - inTenthousandths(b.cpus);
  return more > 0 || (more === 0 && a.memoryBytes > b.memoryBytes);
}

/** Ten times 0.1 is 1, whatever order it was summed up in. */
function inTenthousandths(cpus: number): number {
  return Math.round(cpus * 10_000);
}
