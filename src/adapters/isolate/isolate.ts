// The isolate tier: thousands of calls per second of functions that only compute, in a few child processes that run one
// call at a time each. This file is the runner of the port: the queue, who gets what, and what follows when a child ends.
//
// Several short calls are handed to a child at once; a call that takes long, or of which that is not known yet, goes
// alone. When a child has to be ended the mark says which call was under way: that one is to blame and is reported; the
// others of its batch are tried again, each alone, so that nothing else can end their child a second time. A spare child
// that is ready takes the place of one that ended. A text that brought its child down three times is not run again.

import { availableParallelism } from 'node:os';
import type { Hash, RunId } from '../../base/ids.ts';
import { limits } from '../../base/limits.ts';
import { Line } from '../../base/line.ts';
import { Fault, invariant } from '../../base/result.ts';
import type { RunFailureCode } from '../../model/run.ts';
import type { RunListener, Runner, RunReport, RunRequest } from '../../ports/runner.ts';
import { type Confinement, type ConfinementOptions, confinementOf } from './confinement.ts';
import { Job } from './job.ts';
import { Slot } from './slot.ts';
import { Watch } from './watch.ts';

export interface IsolateOptions {
  /** Child processes that run calls; default: one a processor. One more is kept ready. */
  readonly workers?: number;
  /** What one child may have in use for a call, whatever the call asks for; default 512 MiB. */
  readonly memoryBytes?: number;
  /** Calls after which a child is replaced; default 200,000. */
  readonly callsMax?: number;
  readonly confinement?: ConfinementOptions;
}

export function openIsolate(options: IsolateOptions = {}): Runner {
  return new Isolate(options);
}

const startsMax = 3;

class Isolate implements Runner {
  readonly tier = 'isolate';
  readonly capacity: Runner['capacity'];
  readonly #workers: number;
  readonly #memoryBytes: number;
  readonly #callsMax: number;
  readonly #confinementOptions: ConfinementOptions;
  readonly #slots = new Set<Slot>();
  readonly #waiting = new Line<Job>();
  readonly #jobs = new Map<RunId, Job>();
  /** Moving average of what a call of a text takes. */
  readonly #costMs = new Map<Hash, number>();
  /** By workspace and text: what one runs brings nobody else's down. */
  readonly #kills = new Map<string, number>();
  readonly #watch = new Watch({
    blame: (slot, job, code, message) => this.#blame(slot, job, code, message),
    rescue: (slot, job) => this.#rescue(slot, job),
  });
  #serials = 0;
  #failedStarts = 0;
  #isDispatchDue = false;
  #isClosed = false;

  constructor({ workers = availableParallelism(), memoryBytes = limits.isolateMemoryBytes, ...rest }: IsolateOptions) {
    this.#workers = workers;
    this.#memoryBytes = memoryBytes;
    this.#callsMax = rest.callsMax ?? limits.isolateCallsMax;
    this.#confinementOptions = rest.confinement ?? {};
    this.capacity = { cpus: workers, memoryBytes: workers * memoryBytes };
  }

  get confinement(): Confinement {
    return confinementOf(this.#confinementOptions);
  }

  run(request: RunRequest, listener: RunListener): Promise<RunReport> {
    invariant(request.tier === 'isolate', `a run of the tier ${request.tier} in the isolate`);
    invariant(!this.#jobs.has(request.id), `run ${request.id} is under way already`);
    return new Promise<RunReport>((resolve, reject) => {
      if (this.#isClosed) {
        reject(new Fault('runner_unavailable', 'the isolate tier was closed'));
        return;
      }
      const job = new Job(++this.#serials, request, listener, {
        resolve: (report) => {
          this.#jobs.delete(request.id);
          resolve(report);
        },
        reject: (fault) => {
          this.#jobs.delete(request.id);
          reject(fault);
        },
      });
      this.#jobs.set(request.id, job);
      this.#waiting.push(job);
      this.#dispatchSoon();
    });
  }

  kill(id: RunId): boolean {
    const job = this.#jobs.get(id);
    if (job === undefined) return false;
    const slot = job.process === undefined ? undefined : this.#slotOf(job);
    if (slot?.isUnderWay(job)) this.#end(slot, job);
    job.fail('killed', 'It was ended on request.');
    return true;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const job of [...this.#jobs.values()]) job.fail('killed', 'The runner was closed.');
    this.#waiting.takeAll();
    const slots = [...this.#slots];
    for (const slot of slots) slot.process.kill();
    // Children alone keep no program alive; the one who closes waits for them.
    const hold = setInterval(() => undefined, 1_000);
    await Promise.all(slots.map((slot) => slot.ended));
    clearInterval(hold);
    this.#watch.stop();
  }

  #dispatchSoon(): void {
    if (this.#isDispatchDue) return;
    this.#isDispatchDue = true;
    // The calls of one turn go together.
    queueMicrotask(() => {
      this.#isDispatchDue = false;
      if (!this.#isClosed) this.#dispatch();
    });
  }

  /** Hands waiting calls, in their order, to the children with room. */
  #dispatch(): void {
    this.#recycle();
    const touched = new Set<Slot>();
    for (let job = this.#waiting.first; job !== undefined; job = this.#waiting.first) {
      if (!job.isOver && this.#isQuarantined(job))
        job.fail('quarantined', `Its text brought its process down ${limits.isolateKillsMax} times.`);
      if (!job.isOver) {
        const costMs = job.losses > 0 ? Number.POSITIVE_INFINITY : this.#costOf(job);
        const slot = this.#roomFor(costMs, job);
        if (slot === undefined) break;
        slot.add(job, costMs);
        touched.add(slot);
      }
      this.#waiting.shift();
    }
    for (const slot of touched) slot.process.push();
    this.#grow();
    if (touched.size > 0) this.#watch.start(this.#slots);
  }

  #isQuarantined(job: Job): boolean {
    return (this.#kills.get(textOf(job)) ?? 0) >= limits.isolateKillsMax;
  }

  #costOf(job: Job): number {
    return this.#costMs.get(job.request.code.hash) ?? Number.POSITIVE_INFINITY;
  }

  /** The child with the least to do that can take a call of that cost. */
  #roomFor(costMs: number, job: Job): Slot | undefined {
    let best: Slot | undefined;
    let used = 0;
    for (const slot of this.#slots) {
      if (!slot.isUsable) continue;
      if (++used > this.#workers) break;
      if (!slot.hasRoom(costMs, job)) continue;
      if (best === undefined || slot.backlogMs < best.backlogMs) best = slot;
    }
    return best;
  }

  /** Starts children: as many as there is work for, and once one has worked, a spare. */
  #grow(): void {
    const busy = this.#jobs.size;
    const usable = [...this.#slots].filter((slot) => !slot.isRetiring && !slot.process.isGone).length;
    const hasWorked = [...this.#slots].some((slot) => slot.calls > 0);
    const wanted = Math.min(this.#workers, busy) + (hasWorked ? 1 : 0);
    for (let n = usable; n < Math.min(wanted, this.#workers + 1); n++) this.#startSlot();
  }

  #startSlot(): void {
    const slot: Slot = new Slot({
      confinement: this.confinement,
      memoryBytes: this.#memoryBytes,
      ready: () => {
        this.#failedStarts = 0;
        this.#dispatchSoon();
      },
      ended: (job, tookMs) => this.#learn(job, tookMs),
      progress: () => this.#dispatchSoon(),
      gone: (exit, stderr) => this.#afterEnd(slot, exit, stderr),
    });
    this.#slots.add(slot);
    if (this.#jobs.size > 0) this.#watch.start(this.#slots);
  }

  #learn(job: Job, tookMs: number): void {
    const { hash } = job.request.code;
    const before = this.#costMs.get(hash);
    this.#costMs.delete(hash);
    this.#costMs.set(hash, before === undefined ? tookMs : before + (tookMs - before) / 4);
    if (this.#costMs.size > limits.isolateTextsMax) this.#costMs.delete(this.#costMs.keys().next().value!);
  }

  /** Children that have done their share, or have grown, get no more calls. */
  #recycle(): void {
    for (const slot of this.#slots) {
      if (slot.isRetiring || !slot.process.isReady) continue;
      const hasGrown = (slot.restBytes ?? 0) > limits.isolateRestBytesMax;
      if (slot.calls >= this.#callsMax || (hasGrown && slot.calls > 0)) slot.retire();
    }
  }

  #slotOf(job: Job): Slot | undefined {
    for (const slot of this.#slots) if (slot.process === job.process) return slot;
    return undefined;
  }

  /** A call that is over a limit of its own: its child is ended with it. */
  #blame(slot: Slot, job: Job | undefined, code: RunFailureCode, message: string): void {
    if (job !== undefined && !job.isOver) {
      if (code !== 'output_too_large') this.#countKill(job);
      job.fail(code, message, 'SIGKILL');
    }
    this.#end(slot, job);
  }

  #rescue(slot: Slot, underWay: Job): void {
    const others = slot.release(underWay).filter((job) => !job.isOver);
    if (others.length === 0) return;
    this.#waiting.unshift(others);
    this.#dispatchSoon();
  }

  #countKill(job: Job): void {
    const text = textOf(job);
    const kills = (this.#kills.get(text) ?? 0) + 1;
    this.#kills.delete(text);
    this.#kills.set(text, kills);
    if (this.#kills.size > limits.isolateTextsMax) this.#kills.delete(this.#kills.keys().next().value!);
  }

  /** Ends a child; what it had besides `culprit` waits again, in front. */
  #end(slot: Slot, culprit: Job | undefined): void {
    const others = slot.abandon().filter((job) => job !== culprit && !job.isOver);
    for (const job of others) job.losses++;
    this.#waiting.unshift(others);
    slot.process.kill();
    this.#dispatchSoon();
  }

  /** A child is gone, on its own or ended by us. */
  #afterEnd(slot: Slot, exit: string, stderr: string): void {
    this.#slots.delete(slot);
    if (this.#isClosed) return;
    if (!slot.process.isReady) {
      this.#afterFailedStart(exit, stderr);
      return;
    }
    const culprit = slot.underWay();
    const ranOut = /heap out of memory|Allocation failed|allocation failure/i.test(stderr);
    if (culprit !== undefined && !culprit.isOver) {
      this.#countKill(culprit);
      if (ranOut) culprit.fail('out_of_memory', 'It used more memory than its process has.', exit);
      else if (culprit.losses > 0)
        culprit.fail('runner_lost', `Its process ended twice (${exit}). ${stderr}`.trim(), exit);
    }
    const others = slot.abandon().filter((job) => !job.isOver);
    for (const job of others) {
      if (++job.losses > 2) job.fail('runner_lost', `Its process ended more than once (${exit}).`, exit);
    }
    this.#waiting.unshift(others.filter((job) => !job.isOver));
    this.#dispatchSoon();
  }

  #afterFailedStart(exit: string, stderr: string): void {
    if (++this.#failedStarts < startsMax) {
      this.#dispatchSoon();
      return;
    }
    this.#failedStarts = 0;
    const detail = `A process of the isolate tier does not start (${exit}): ${stderr.trim().slice(0, 2_000)}`;
    for (const job of this.#waiting.takeAll()) job.fault(new Fault('runner_unavailable', detail));
  }
}

const textOf = ({ request: { workspace = '', code } }: Job): string => `${workspace}/${code.hash}`;
