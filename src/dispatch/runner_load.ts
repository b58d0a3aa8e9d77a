// What one runner has under way, and what it has room for: cpus and memory. What is larger than the whole runner goes alone,
// when nothing else is under way, and nothing starts beside it; so everything runs at some time.

import { invariant } from '../base/result.ts';

export interface Need {
  readonly cpus: number;
  readonly memoryBytes: number;
}

export class RunnerLoad {
  readonly #capacity: Need;
  #cpus = 0;
  #memoryBytes = 0;
  #underWay = 0;

  constructor(capacity: Need) {
    this.#capacity = capacity;
  }

  get underWay(): number {
    return this.#underWay;
  }

  has(need: Need): boolean {
    if (this.#underWay === 0) return true;
    return (
      inTenthousandths(this.#cpus + need.cpus) <= inTenthousandths(this.#capacity.cpus) &&
      this.#memoryBytes + need.memoryBytes <= this.#capacity.memoryBytes
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

/** Ten times 0.1 is 1, whatever order it was summed up in. */
function inTenthousandths(cpus: number): number {
  return Math.round(cpus * 10_000);
}
