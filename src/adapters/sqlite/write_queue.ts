// Group commit. Every write of the store is a job in one queue; a flush takes what has gathered and runs it in one
// transaction with one sync, in the order of queueing. Jobs are synchronous and decide for themselves (compare-and-set)
// whether to write; a job's promise settles after COMMIT.
//
// When a job throws, nothing of the group has landed: the group is rolled back and its jobs run again, each in a
// transaction of its own, so that only the faulty one fails. A job must therefore be repeatable, and whatever is
// remembered in memory about uncommitted rows is forgotten in `onRollback`.
// When the device fails, the store refuses further writes until it is opened again: after a failed sync the kernel may
// have dropped the pages, and a second sync would claim success.

import { Fault } from '../../base/result.ts';
import type { Database, Statement } from './driver.ts';
import { asFault, isDeviceFailure } from './fault.ts';

interface Job {
  readonly run: () => unknown;
  readonly weight: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

/** Jobs of one transaction; bounds how long the first of a group waits and the event loop stands still. */
const groupJobsMax = 512;
/** Text of one transaction, in UTF-16 units; a single larger job still runs whole. */
const groupCharsMax = 8 * 1024 * 1024;

export class WriteQueue {
  readonly #db: Database;
  readonly #onRollback: () => void;
  readonly #begin: Statement;
  readonly #commit: Statement;
  #jobs: Job[] = [];
  #scheduled = false;
  #refusal: Fault | undefined;
  /** Transactions that were committed, and jobs that ended in one, since opening. */
  transactions = 0;
  jobs = 0;

  constructor(db: Database, onRollback: () => void) {
    this.#db = db;
    this.#onRollback = onRollback;
    this.#begin = db.prepare('begin immediate');
    this.#commit = db.prepare('commit');
  }

  /** Queues a job; `weight` is roughly the text it writes, in UTF-16 units. */
  enqueue<T>(weight: number, run: () => T): Promise<T> {
    if (this.#refusal) return Promise.reject(this.#refusal);
    return new Promise<T>((resolve, reject) => {
      this.#jobs.push({ run, weight, resolve: resolve as (value: unknown) => void, reject });
      this.#schedule();
    });
  }

  /** Runs everything queued; further jobs are rejected with `refusal`. */
  drain(refusal: Fault): void {
    while (this.#jobs.length > 0) this.#flush();
    this.#refusal ??= refusal;
  }

  // A turn of the event loop, not a microtask: writers that were woken by the last group have then queued again, even
  // through a few awaits of their own.
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
      if (this.#jobs.length > 0) this.#schedule();
    });
  }

  #takeGroup(): Job[] {
    let count = 0;
    let chars = 0;
    for (const job of this.#jobs) {
      if (count > 0 && (count >= groupJobsMax || chars + job.weight > groupCharsMax)) break;
      count++;
      chars += job.weight;
    }
    if (count === this.#jobs.length) {
      const group = this.#jobs;
      this.#jobs = [];
      return group;
    }
    return this.#jobs.splice(0, count);
  }

  #flush(): void {
    const group = this.#takeGroup();
    if (group.length === 0) return;
    let failure = this.#tryTransaction(group);
    if (failure === undefined) return;
    for (const job of group) {
      // A group of one has had its transaction; a larger one is repeated job by job.
      if (group.length > 1 && !this.#refusal) failure = this.#tryTransaction([job]);
      if (failure !== undefined) job.reject(failure);
    }
  }

  /** One transaction; settles its jobs when it has landed, else answers why it has not. */
  #tryTransaction(group: readonly Job[]): Fault | undefined {
    if (this.#refusal) return this.#refusal;
    const outcomes: unknown[] = [];
    try {
      this.#begin.run();
      for (const job of group) outcomes.push(job.run());
      this.#commit.run();
    } catch (e) {
      return this.#rollback(e);
    }
    this.transactions++;
    this.jobs += group.length;
    for (let i = 0; i < group.length; i++) group[i]!.resolve(outcomes[i]);
    return undefined;
  }

  #rollback(cause: unknown): Fault {
    this.#onRollback();
    const fault = asFault(cause, 'writing');
    try {
      // SQLite has already rolled back by itself after some failures.
      if (this.#db.isTransaction) this.#db.exec('rollback');
    } catch (e) {
      this.#refusal = asFault(e, 'rolling back');
    }
    if (isDeviceFailure(cause))
      this.#refusal = new Fault(
        'store_failed',
        `the device failed, open the store again (${fault.message})`,
        undefined,
        {
          cause,
        },
      );
    return fault;
  }
}
