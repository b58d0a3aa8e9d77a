// Taking old runs away without being asked: after many new ones, or now and then; one removal at a time, and not often,
// so that it costs the runs that are being recorded little.

import { limits } from '../base/limits.ts';

export interface RetentionOptions {
  /** Ended runs are kept for this long. Default 30 days. */
  readonly keptMs?: number;
  /** And no more than so many. Default 500,000. */
  readonly kept?: number;
  /** New runs after which old ones are looked for. Default 20,000. */
  readonly afterRuns?: number;
  /** Never sooner than this after the last time. Default one minute. */
  readonly everyMsMin?: number;
}

export class Retention {
  readonly #options: Required<RetentionOptions>;
  readonly #prune: (keep: { newerThanMs: number; count: number }) => Promise<number>;
  #since = 0;
  #lastAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #pruning: Promise<void> | undefined;
  #stopped = false;
  /** Runs taken away so far. */
  pruned = 0;
  /** What the last attempt failed with; undefined: it did not. */
  failure: unknown;

  constructor(options: RetentionOptions, prune: (keep: { newerThanMs: number; count: number }) => Promise<number>) {
    this.#options = {
      keptMs: options.keptMs ?? limits.runsKeptMs,
      kept: options.kept ?? limits.runsKeptMax,
      afterRuns: options.afterRuns ?? limits.pruneAfterRuns,
      everyMsMin: options.everyMsMin ?? limits.pruneEveryMsMin,
    };
    this.#prune = prune;
  }

  /** So many runs more have ended. */
  wrote(runs: number): void {
    this.#since += runs;
    const isMany = this.#since >= this.#options.afterRuns;
    const dueMs = this.#lastAt + this.#options.everyMsMin - performance.now();
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
    const { keptMs: newerThanMs, kept: count } = this.#options;
    this.#pruning = this.#prune({ newerThanMs, count })
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
