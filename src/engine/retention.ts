// Taking old runs, or actions, away without being asked: after many new ones, or now and then; one removal at a time, and not often,
// so that it costs what is being recorded little.

import { limits } from '../base/limits.ts';

export interface RetentionOptions {
  /** What has ended is kept for this long. Default of runs 30 days. */
  readonly keptMs?: number;
  /** And no more than so many. Default of runs 500,000. */
  readonly kept?: number;
  /** New ones after which old ones are looked for. Default 20,000. */
  readonly afterRuns?: number;
  /** Never sooner than this after the last time. Default one minute. */
  readonly everyMsMin?: number;
}

/** What stays of what has ended. */
export interface Kept {
  readonly newerThanMs: number;
  readonly count: number;
}

export class Retention {
  readonly kept: Kept;
  readonly #afterRuns: number;
  readonly #everyMsMin: number;
  readonly #prune: (keep: Kept) => Promise<number>;
  #since = 0;
  #lastAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #pruning: Promise<void> | undefined;
  #stopped = false;
  /** Taken away so far. */
  pruned = 0;
  /** What the last attempt failed with; undefined: it did not. */
  failure: unknown;

  constructor(options: RetentionOptions, defaults: Kept, prune: (keep: Kept) => Promise<number>) {
    this.kept = { newerThanMs: options.keptMs ?? defaults.newerThanMs, count: options.kept ?? defaults.count };
    this.#afterRuns = options.afterRuns ?? limits.pruneAfterRuns;
    this.#everyMsMin = options.everyMsMin ?? limits.pruneEveryMsMin;
    this.#prune = prune;
  }

  /** So many more have ended. */
  wrote(count: number): void {
    this.#since += count;
    const isMany = this.#since >= this.#afterRuns;
    const dueMs = this.#lastAt + this.#everyMsMin - performance.now();
    this.#arm(isMany ? Math.max(0, dueMs) : limits.pruneEveryMs, isMany);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#pruning;
  }

  #dueAt = Number.POSITIVE_INFINITY;

  #arm(inMs: number, sooner: boolean): void {
    if (this.#stopped || this.#pruning !== undefined) return;
    const dueAt = performance.now() + inMs;
    if (this.#timer !== undefined && (!sooner || this.#dueAt <= dueAt)) return;
    clearTimeout(this.#timer);
    this.#dueAt = dueAt;
    this.#timer = setTimeout(() => this.#run(), inMs);
    this.#timer.unref();
  }

  #run(): void {
    this.#timer = undefined;
    this.#since = 0;
    this.#pruning = this.#prune(this.kept)
      .then(
        (pruned) => {
          this.pruned += pruned;
          this.failure = undefined;
        },
        // Nothing is lost by it; the next attempt comes in its time, and statistics say what failed.
        (e: unknown) => {
          this.failure = e;
        },
      )
      .finally(() => {
        this.#lastAt = performance.now();
        this.#pruning = undefined;
      });
  }
}
