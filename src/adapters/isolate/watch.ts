// Looks at the busy children every few milliseconds: how long the call under way has taken, how much memory it has come
// to use. Runs only while there are calls. A look comes after everything has been read that the children said, so that a
// parent that was busy itself blames nobody for that.

import { limits } from '../../base/limits.ts';
import type { RunFailureCode } from '../../model/run.ts';
import type { Job } from './job.ts';
import type { Slot } from './slot.ts';

export interface Watched {
  /** The call is over a limit; `job` undefined: the child does not get on, and no call is to blame. */
  blame(slot: Slot, job: Job | undefined, code: RunFailureCode, message: string): void;
  /** The call takes longer than calls of which several are given at once should; those behind it have to wait. */
  rescue(slot: Slot, job: Job): void;
}

/** What a call may take above its limit before it is seen: garbage that V8 has not collected yet, a library loaded. */
const memorySlackBytes = 64 * 1024 ** 2;
/** Time for a call to end by itself once its log is full. */
const overflowGraceMs = 100;

export class Watch {
  readonly #pool: Watched;
  #timer: NodeJS.Timeout | undefined;
  #slots: ReadonlySet<Slot> = new Set();

  constructor(pool: Watched) {
    this.#pool = pool;
  }

  start(slots: ReadonlySet<Slot>): void {
    this.#slots = slots;
    this.#timer ??= setInterval(() => setImmediate(() => this.#lookAtAll()), limits.isolateWatchMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #lookAtAll(): void {
    let isBusy = false;
    for (const slot of [...this.#slots]) {
      if (slot.process.isGone) continue;
      isBusy ||= !slot.isIdle || !slot.process.isReady;
      this.#lookAt(slot);
    }
    if (!isBusy) this.stop();
  }

  #lookAt(slot: Slot): void {
    const nowMs = performance.now();
    if (!slot.process.isReady) {
      if (nowMs - slot.startedMs > limits.isolateStartMs) slot.process.kill();
      return;
    }
    const { mark, job } = slot.look();
    const bytes = slot.process.memoryBytes();
    if (job === undefined) {
      if (bytes !== undefined) slot.restBytes = bytes;
      if (!slot.isIdle && nowMs - slot.heardMs > limits.isolateStallMs)
        this.#pool.blame(slot, undefined, 'runner_lost', 'Its process did not get on.');
      return;
    }
    const isFirstLook = job.beganMs === undefined;
    if (isFirstLook) for (const earlier of slot.before(job)) earlier.hasBegun();
    job.began(mark.startedAtMs);
    this.#judge(slot, job, isFirstLook, nowMs, bytes);
  }

  #judge(slot: Slot, job: Job, isFirstLook: boolean, nowMs: number, bytes: number | undefined): void {
    const { timeMs, memoryBytes, outputBytes } = job.request.limits;
    const allowed = Math.min(memoryBytes, slot.memoryBytes);
    const used = bytes === undefined ? null : Math.max(0, bytes - (slot.restBytes ?? bytes));
    const tookMs = nowMs - job.beganMs!;
    if (used !== null) job.peakBytes = Math.max(job.peakBytes ?? 0, used);
    const isOver = used !== null && used > allowed + memorySlackBytes;
    // It may be what a call right before it has left: whoever has it again, alone in a new process, is to blame.
    if (isOver && isFirstLook && job.losses === 0)
      this.#pool.blame(slot, undefined, 'runner_lost', 'It holds too much.');
    else if (isOver) this.#pool.blame(slot, job, 'out_of_memory', `It came to use more than ${allowed} bytes.`);
    else if (job.overflowedMs !== undefined && nowMs - job.overflowedMs > overflowGraceMs)
      this.#pool.blame(slot, job, 'output_too_large', `Its log is larger than ${outputBytes} bytes.`);
    else if (tookMs > timeMs) this.#pool.blame(slot, job, 'timed_out', `It took longer than ${timeMs} ms.`);
    else if (tookMs > limits.isolateRescueMs) this.#pool.rescue(slot, job);
    // Nothing is known of the time before the first look: what is in use after a short call stays for a while.
    else if (isFirstLook && used !== null && used < memorySlackBytes) slot.restBytes = bytes;
  }
}
