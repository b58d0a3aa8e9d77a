// One child of the pool with the calls it has been given: what it still owes, how much more it may take, which call is
// under way. A slot never decides that a call failed; it answers what the pool and the watch ask.

import { limits } from '../../base/limits.ts';
import type { Confinement } from './confinement.ts';
import type { Job } from './job.ts';
import { IsolateProcess, type Mark } from './process.ts';
import { type Frame, ProtocolError } from './protocol.ts';

export interface SlotOptions {
  readonly confinement: Confinement;
  readonly memoryBytes: number;
  ready(): void;
  /** A call has ended in its own time. */
  ended(job: Job, tookMs: number): void;
  progress(): void;
  gone(exit: string, stderr: string): void;
}

/** Beyond what a call may use: the heap of an idle child, and what V8 keeps before it collects. */
const heapSlackBytes = 64 * 1024 ** 2;

export class Slot {
  readonly process: IsolateProcess;
  readonly memoryBytes: number;
  readonly ended: Promise<void>;
  readonly startedMs = performance.now();
  /** Calls sent and not answered, by serial, in the order in which the child runs them. */
  readonly #sent = new Map<number, Job>();
  readonly #costs = new Map<Job, number>();
  /** Milliseconds that the calls it has are expected to take. */
  backlogMs = 0;
  calls = 0;
  isRetiring = false;
  /** Monotonic, when it was last heard of. */
  heardMs = performance.now();
  /** Memory it had in use when it was last looked at between two calls. */
  restBytes: number | undefined;
  #isAlone = false;

  constructor(options: SlotOptions) {
    this.memoryBytes = options.memoryBytes;
    const { promise, resolve } = withResolvers();
    this.ended = promise;
    this.process = new IsolateProcess({
      confinement: options.confinement,
      heapBytes: options.memoryBytes + heapSlackBytes,
      scriptsMax: limits.isolateScriptsMax,
      ready: () => {
        this.restBytes = this.process.memoryBytes();
        options.ready();
      },
      frame: (frame) => this.#hear(frame, options),
      progress: () => {
        this.heardMs = performance.now();
        options.progress();
      },
      gone: ({ exit, stderr }) => {
        options.gone(exit, stderr);
        resolve();
      },
    });
  }

  get isUsable(): boolean {
    return this.process.isReady && !this.isRetiring && !this.process.isGone;
  }

  get isIdle(): boolean {
    return this.#sent.size === 0;
  }

  /** Can it take a call that is expected to take so long? Those that may take long go alone. */
  hasRoom(costMs: number, job: Job): boolean {
    if (!this.isUsable) return false;
    if (this.isIdle) return true;
    if (this.#isAlone || this.#sent.size >= limits.isolateBatchCallsMax || job.losses > 0) return false;
    return this.backlogMs + costMs <= limits.isolateBatchMs;
  }

  add(job: Job, costMs: number): void {
    job.sendTo(this.process, this.calls);
    this.#sent.set(job.serial, job);
    if (costMs === Number.POSITIVE_INFINITY) this.#isAlone = true;
    else {
      this.#costs.set(job, costMs);
      this.backlogMs += costMs;
    }
    const { code, input, limits: own } = job.request;
    this.process.add({ serial: job.serial, hash: code.hash, script: code.script, outputBytes: own.outputBytes, input });
    this.calls++;
  }

  /** What the child says it does now, if it is a call it was given. */
  look(): { readonly mark: Mark; readonly job: Job | undefined } {
    const mark = this.process.mark();
    return { mark, job: this.#sent.get(mark.serial) };
  }

  /** The call under way, as far as the mark tells. */
  underWay(): Job | undefined {
    return this.look().job;
  }

  isUnderWay(job: Job): boolean {
    return this.underWay() === job;
  }

  /** Everything it owes, which it is not expected to deliver any more. */
  abandon(): Job[] {
    const jobs = [...this.#sent.values()];
    this.#sent.clear();
    this.#costs.clear();
    this.isRetiring = true;
    return jobs;
  }

  /** No more calls; it is ended when it has answered those it has. */
  retire(): void {
    this.isRetiring = true;
    if (this.isIdle) this.process.kill();
  }

  /** The calls that it began before the one under way; their ends have not been read yet. */
  before(underWay: Job): Job[] {
    return [...this.#sent.values()].filter((job) => job.place < underWay.place);
  }

  /** Takes from it the calls behind the one under way, and retires it: it may run them too, which harms nobody. */
  release(underWay: Job): Job[] {
    const behind = [...this.#sent.values()].filter((job) => job.place > underWay.place);
    if (behind.length === 0) return behind;
    for (const job of behind) this.#sent.delete(job.serial);
    this.retire();
    return behind;
  }

  #hear(frame: Frame, options: SlotOptions): void {
    const serial = frame.count();
    const job = this.#sent.get(serial);
    // One that was given up: its child is being ended, or its caller has an answer.
    if (job === undefined) {
      if (!this.isRetiring) throw new ProtocolError(`a frame about the unknown call ${serial}`);
      return;
    }
    if (!job.hear(frame)) return;
    this.#sent.delete(serial);
    this.backlogMs -= this.#costs.get(job) ?? 0;
    this.#costs.delete(job);
    if (this.isIdle) {
      this.backlogMs = 0;
      this.#isAlone = false;
      if (this.isRetiring) this.process.kill();
    }
    options.ended(job, job.tookMs);
  }
}

function withResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
