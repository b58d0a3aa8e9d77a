// Group commit. Every write of the store is a job in one queue; a flush takes what has gathered, in the order of queueing,
// and makes it durable with one sync. A group of ordinary commits is one record of the journal. Any other group is one
// transaction, which first moves what the journal holds into the tables; its jobs are synchronous and decide for
// themselves (compare-and-set) whether to write. A job's promise settles after the sync.
//
// When a job throws, nothing of the group has landed: the group is rolled back and its jobs run again, each in a
// transaction of its own, so that only the faulty one fails. A job must therefore be repeatable, and whatever is
// remembered in memory about uncommitted rows is forgotten in `onRollback`.
// When the device fails, the store refuses further writes until it is opened again: after a failed sync the kernel may
// have dropped the pages, and a second sync would claim success.

import type { WorkspaceId } from '../../base/ids.ts';
import { Fault } from '../../base/result.ts';
import type { Commit } from '../../ports/store.ts';
import type { Database, Statement } from './driver.ts';
import { asFault, isDeviceFailure } from './fault.ts';
import type { Journal } from './journal.ts';

/** A commit, for the journal to judge. */
interface Commission {
  readonly workspace: WorkspaceId;
  readonly commit: Commit;
}

interface Job {
  /** Undefined: only the tables can take it. */
  readonly commission: Commission | undefined;
  readonly run: () => unknown;
  readonly weight: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

/** Jobs of one transaction; bounds how long the first of a group waits and the event loop stands still. */
const groupJobsMax = 512;
/** Text of one transaction, in UTF-16 units; a single larger job still runs whole. */
const groupCharsMax = 8 * 1024 * 1024;
/** After this long without a commit, what the journal holds is moved. */
const idleMs = 500;

export class WriteQueue {
  readonly #db: Database;
  readonly #journal: Journal;
  readonly #onRollback: () => void;
  readonly #begin: Statement;
  readonly #commit: Statement;
  #jobs: Job[] = [];
  #scheduled = false;
  #refusal: Fault | undefined;
  #idle: NodeJS.Timeout | undefined;
  /** Groups that became durable, with one sync each, and the jobs in them, since opening. */
  groups = 0;
  jobs = 0;

  constructor(db: Database, journal: Journal, onRollback: () => void) {
    this.#db = db;
    this.#journal = journal;
    this.#onRollback = onRollback;
    this.#begin = db.prepare('begin immediate');
    this.#commit = db.prepare('commit');
  }

  /** Queues a job; `weight` is roughly the text it writes, in UTF-16 units. */
  enqueue<T>(weight: number, run: () => T, commission?: Commission): Promise<T> {
    if (this.#refusal) return Promise.reject(this.#refusal);
    return new Promise<T>((resolve, reject) => {
      this.#jobs.push({ commission, run, weight, resolve: resolve as (value: unknown) => void, reject });
      this.#schedule();
    });
  }

  /** Runs everything queued and moves it; further jobs are rejected with `refusal`. */
  drain(refusal: Fault): void {
    clearTimeout(this.#idle);
    while (this.#jobs.length > 0) this.#flush();
    if (this.#refusal === undefined) this.settle();
    this.#refusal ??= refusal;
  }

  /** Moves what the journal holds into the tables: whoever reads them sees everything acknowledged. */
  settle(): void {
    if (this.#journal.isEmpty) return;
    const failure = this.#tryTransaction([]);
    if (failure !== undefined) throw failure;
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
    if (group.length === 0 || this.#tryJournal(group)) return;
    let failure = this.#tryTransaction(group);
    if (failure === undefined) return;
    for (const job of group) {
      // A group of one has had its transaction; a larger one is repeated job by job.
      if (group.length > 1 && !this.#refusal) failure = this.#tryTransaction([job]);
      if (failure !== undefined) job.reject(failure);
    }
  }

  /** One record of the journal; settles its jobs. False when they have to be a transaction. */
  #tryJournal(group: readonly Job[]): boolean {
    if (this.#refusal || this.#journal.isFull) return false;
    const commits: Commission[] = [];
    for (const { commission } of group) {
      if (commission === undefined) return false;
      commits.push(commission);
    }
    let outcomes: readonly unknown[] | undefined;
    try {
      outcomes = this.#journal.write(commits);
    } catch (e) {
      this.#fail(e, asFault(e, 'writing the journal'));
      for (const job of group) job.reject(this.#refusal);
      return true;
    }
    if (outcomes === undefined) return false;
    this.#settled(group, outcomes);
    this.#moveWhenIdle();
    return true;
  }

  #settled(group: readonly Job[], outcomes: readonly unknown[]): void {
    if (group.length === 0) return;
    this.groups++;
    this.jobs += group.length;
    for (let i = 0; i < group.length; i++) group[i]!.resolve(outcomes[i]);
  }

  #moveWhenIdle(): void {
    if (this.#idle !== undefined) {
      this.#idle.refresh();
      return;
    }
    this.#idle = setTimeout(() => {
      this.#idle = undefined;
      // A failure is told to the next write or read, which has to move the same.
      if (this.#refusal === undefined && !this.#journal.isEmpty) this.#tryTransaction([]);
    }, idleMs);
    this.#idle.unref();
  }

  /** One transaction; settles its jobs when it has landed, else answers why it has not. */
  #tryTransaction(group: readonly Job[]): Fault | undefined {
    if (this.#refusal) return this.#refusal;
    const outcomes: unknown[] = [];
    try {
      this.#begin.run();
      this.#journal.move();
      for (const job of group) outcomes.push(job.run());
      this.#commit.run();
    } catch (e) {
      return this.#rollback(e);
    }
    this.#journal.moved();
    if (group.length > 0) this.#journal.forgetMoved();
    this.#settled(group, outcomes);
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
    if (isDeviceFailure(cause)) this.#fail(cause, fault);
    return fault;
  }

  /** Refuses further writes: what reached the device is unknown. */
  #fail(cause: unknown, fault: Fault): void {
    const what = `the device failed, open the store again (${fault.message})`;
    this.#refusal = new Fault('store_failed', what, undefined, { cause });
  }
}
