// The thread that writes the second file, as a program of its own. Jobs that gathered while the last group was written
// share one transaction and one sync; they are acknowledged after it. What is longer (pruning, evicting) is taken in
// steps, others getting their turn in between. When a job throws, the group is rolled back and its jobs run one by one, so
// that only the faulty one fails; after a device failure nothing is written until the store is opened again.

import { parentPort, workerData } from 'node:worker_threads';
import { Fault, invariant } from '../../../base/result.ts';
import { runColumns } from '../../../model/run_row.ts';
import type { Database } from '../driver.ts';
import { asFault, isDeviceFailure } from '../fault.ts';
import { type MadeFilter, MemoFilter } from './memo_filter.ts';
import { MemoWriter } from './memo_writer.ts';
import { connectRunFile, tailRowsMax } from './run_file.ts';
import { logColumns, packFault, type Reply, type RunJob, type ThreadData, type ThreadMessage } from './run_job.ts';
import { type RunSpace, RunSpaces } from './run_spaces.ts';
import { RunWriter } from './run_writer.ts';

/** Rows of one transaction; a larger job still runs whole. */
const groupRowsMax = 4_096;

/** One step of a job: its answer, or the steps that are left. What a step knows is in it, so it can be repeated. */
type Step = () => { readonly value: unknown } | { readonly next: Step };

interface Task {
  readonly number: number;
  readonly rows: number;
  readonly step: Step;
}

class RunThread {
  readonly #db: Database;
  readonly #spaces: RunSpaces;
  readonly #runs: RunWriter;
  readonly #memo: MemoWriter;
  readonly #answer: (replies: readonly Reply[]) => void;
  #tasks: Task[] = [];
  #isScheduled = false;
  #refusal: Fault | undefined;

  constructor(data: ThreadData, answer: (replies: readonly Reply[]) => void) {
    this.#db = connectRunFile(data.file, data.fileBytesMax);
    this.#spaces = new RunSpaces(this.#db);
    this.#runs = new RunWriter(this.#db);
    this.#memo = new MemoWriter(this.#db);
    this.#answer = answer;
  }

  take(number: number, job: RunJob): void {
    this.#tasks.push({ number, rows: rowsOf(job), step: this.#stepsOf(job) });
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#turn());
  }

  close(): void {
    while (this.#tasks.length > 0) this.#flush();
    this.#db.close();
  }

  #turn(): void {
    this.#flush();
    this.#isScheduled = this.#tasks.length > 0;
    if (this.#isScheduled) setImmediate(() => this.#turn());
  }

  #flush(): void {
    const group = this.#takeGroup();
    let fault = this.#tryGroup(group);
    if (fault === undefined) {
      this.#file();
      return;
    }
    for (const task of group) {
      // A group of one has had its transaction; a larger one is repeated job by job.
      if (group.length > 1) fault = this.#tryGroup([task]);
      if (fault !== undefined) this.#answer([{ number: task.number, fault: packFault(fault) }]);
    }
  }

  #takeGroup(): Task[] {
    let rows = 0;
    let count = 0;
    for (const task of this.#tasks) {
      rows += task.rows;
      if (count > 0 && rows > groupRowsMax) break;
      count++;
    }
    return this.#tasks.splice(0, count);
  }

  /** One transaction, its replies sent when it has landed; else why it has not. */
  #tryGroup(group: readonly Task[]): Fault | undefined {
    const replies: Reply[] = [];
    const unfinished: Task[] = [];
    const fault = this.#transaction(() => {
      for (const { number, rows, step } of group) {
        const outcome = step();
        if ('next' in outcome) unfinished.push({ number, rows, step: outcome.next });
        else replies.push({ number, value: outcome.value });
      }
    });
    if (fault !== undefined) return fault;
    this.#tasks.push(...unfinished);
    if (replies.length > 0) this.#answer(replies);
    return undefined;
  }

  /** Files what has gathered behind the trees. When that fails (no space), nothing is lost: the next group tries again. */
  #file(): void {
    for (const id of this.#spaces.all()) {
      this.#fileOne(
        id,
        (s) => s.runLast - s.runFiled,
        (s) => this.#runs.file(s, tailRowsMax),
      );
      this.#fileOne(
        id,
        (s) => s.memoLast - s.memoFiled,
        (s) => this.#memo.file(s, tailRowsMax),
      );
    }
  }

  #fileOne(id: RunJob['workspace'], tail: (space: RunSpace) => number, file: (space: RunSpace) => void): void {
    if (tail(this.#spaces.use(id)) < tailRowsMax) return;
    const fault = this.#transaction(() => file(this.#spaces.use(id)));
    if (fault !== undefined && isDeviceFailure(fault.cause)) this.#refusal = fault;
  }

  #transaction(body: () => void): Fault | undefined {
    if (this.#refusal) return this.#refusal;
    try {
      this.#db.exec('begin immediate');
      body();
      this.#spaces.save();
      this.#db.exec('commit');
      return undefined;
    } catch (e) {
      return this.#rollback(e);
    }
  }

  #rollback(cause: unknown): Fault {
    this.#spaces.forget();
    this.#memo.forget();
    const fault = asFault(cause, 'writing runs');
    try {
      // SQLite has already rolled back by itself after some failures.
      if (this.#db.isTransaction) this.#db.exec('rollback');
    } catch (e) {
      this.#refusal = asFault(e, 'rolling back');
    }
    if (isDeviceFailure(cause)) {
      const what = `the device failed, open the store again (${fault.message})`;
      this.#refusal = new Fault('store_failed', what, undefined, { cause });
    }
    return fault;
  }

  #stepsOf(job: RunJob): Step {
    const space = (): RunSpace => this.#spaces.use(job.workspace);
    switch (job.kind) {
      case 'runs':
        return () => ({ value: this.#runs.put(space(), job.columns) });
      case 'log':
        return () => ({ value: this.#runs.append(space(), job.columns) });
      case 'prune':
        return this.#prune(space, job);
      case 'memo':
        return () => {
          this.#memo.write(space(), job);
          return this.#evict(space, job.bytesMax, 0)();
        };
      case 'clearMemo':
        return this.#evict(space, -1, 0);
      case 'memoFilter':
        return () => this.#filter(space, MemoFilter.for(this.#memo.count(space())), 0)();
    }
  }

  /** A step that is repeated adds again what it had added, which makes no difference. */
  #filter(space: () => RunSpace, filter: MemoFilter, after: number): Step {
    return () => {
      const { hashes, last } = this.#memo.hashesAfter(space(), after);
      for (const hash of hashes) filter.add(hash);
      const made: MadeFilter = { words: filter.words, added: filter.added };
      return last === undefined ? { value: made } : { next: this.#filter(space, filter, last) };
    };
  }

  /** Answers how many entries went. */
  #evict(space: () => RunSpace, bytesMax: number, before: number): Step {
    return () => {
      const { removed, isDone } = this.#memo.evict(space(), bytesMax);
      return isDone ? { value: before + removed } : { next: this.#evict(space, bytesMax, before + removed) };
    };
  }

  #prune(space: () => RunSpace, job: { endedBeforeMs: number; keepCount: number }, before = 0): Step {
    return () => {
      const removed = this.#runs.pruneBefore(space(), job.endedBeforeMs);
      if (removed > 0) return { next: this.#prune(space, job, before + removed) };
      const over = this.#runs.countOver(space(), job.keepCount);
      return over === 0 ? { value: before } : { next: this.#pruneOldest(space, over, before) };
    };
  }

  #pruneOldest(space: () => RunSpace, count: number, before: number): Step {
    return () => {
      const removed = this.#runs.pruneOldest(space(), count);
      if (removed === 0 || removed === count) return { value: before + removed };
      return { next: this.#pruneOldest(space, count - removed, before + removed) };
    };
  }
}

function rowsOf(job: RunJob): number {
  switch (job.kind) {
    case 'runs':
      return job.columns.length / runColumns.length;
    case 'log':
      return job.columns.length / logColumns;
    case 'memo':
      return job.hashes.length + job.asked.length;
    default:
      return 1_000;
  }
}

const port = parentPort;
invariant(port !== null, 'run_thread is started as a thread');
const thread = new RunThread(workerData as ThreadData, (replies) => port.postMessage(replies));
port.on('message', (message: ThreadMessage) => {
  if ('job' in message) return thread.take(message.number, message.job);
  thread.close();
  port.close();
});
