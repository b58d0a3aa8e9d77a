// The store's end of the thread that writes the second file. The thread is started by the first write and does not keep
// the process alive while it has nothing to do.

import { Worker } from 'node:worker_threads';
import { Fault } from '../../../base/result.ts';
import { asFault } from '../fault.ts';
import { type Reply, type RunJob, type ThreadData, type ThreadMessage, unpackFault } from './run_job.ts';

/** The compiled program: Node starts no thread from TypeScript, also where these sources themselves are run as they are. */
const script = import.meta.url.endsWith('.ts')
  ? new URL('../../../../dist/adapters/sqlite/runs/run_thread.js', import.meta.url)
  : new URL('./run_thread.js', import.meta.url);

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: Fault) => void;
}

export class ThreadClient {
  readonly #data: ThreadData;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #ended: Promise<void> = Promise.resolve();
  #last = 0;
  #failure: Fault | undefined;
  #isClosing = false;
  /** Groups that became durable, with one sync each. */
  groups = 0;

  constructor(data: ThreadData) {
    this.#data = data;
  }

  /** What the job answers once it is durable. */
  run<T>(job: RunJob): Promise<T> {
    if (this.#failure) return Promise.reject(this.#failure);
    const worker = this.#start();
    return new Promise<T>((resolve, reject) => {
      const number = ++this.#last;
      if (this.#waiting.size === 0) worker.ref();
      this.#waiting.set(number, { resolve: resolve as (value: unknown) => void, reject });
      worker.postMessage({ number, job } satisfies ThreadMessage);
    });
  }

  /** Writes what was asked for, then ends the thread and with it its connection. */
  async close(): Promise<void> {
    if (this.#worker === undefined) return;
    this.#isClosing = true;
    this.#worker.ref();
    this.#worker.postMessage({ close: true } satisfies ThreadMessage);
    await this.#ended;
  }

  #start(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(script, { workerData: this.#data, execArgv: [], name: 'headwater runs' });
    worker.on('message', (replies: readonly Reply[]) => this.#settle(worker, replies));
    worker.on('error', (e) => this.#fail(asFault(e, 'the thread that writes runs')));
    this.#ended = new Promise((resolve) => {
      worker.on('exit', () => {
        this.#fail(new Fault('store_failed', 'the thread that writes runs has ended, open the store again'));
        resolve();
      });
    });
    this.#worker = worker;
    return worker;
  }

  #settle(worker: Worker, replies: readonly Reply[]): void {
    if (replies.some((reply) => 'value' in reply)) this.groups++;
    for (const reply of replies) {
      const waiting = this.#waiting.get(reply.number);
      this.#waiting.delete(reply.number);
      if ('fault' in reply) waiting?.reject(unpackFault(reply.fault));
      else waiting?.resolve(reply.value);
    }
    // The one who closes waits for its end, which answers before it must not let the process miss.
    if (this.#waiting.size === 0 && !this.#isClosing) worker.unref();
  }

  #fail(fault: Fault): void {
    this.#failure ??= fault;
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }
}
