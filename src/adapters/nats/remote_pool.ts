// The runners elsewhere of one tier and pool, as one runner of the engine: which process takes a run is settled by who asks the
// queue first, not here, so that what one leaves behind another takes. Calls that only compute and come together with one
// priority share a slip. What NATS does not take at once is offered again, for a bounded time.

import type { RunId } from '../../base/ids.ts';
import { limits } from '../../base/limits.ts';
import { Fault } from '../../base/result.ts';
import { priorities } from '../../dispatch/strand.ts';
import type { Tier } from '../../model/run.ts';
import type { RunListener, Runner, RunReport, RunRequest } from '../../ports/runner.ts';
import { messageOf } from './connection.ts';
import { bytesOf, type Slip, type SlipRun } from './protocol.ts';
import type { Queues } from './queue.ts';
import { RemoteRun } from './remote_run.ts';

export interface RemotePoolOptions {
  readonly tier: Tier;
  readonly pool: string;
  readonly queues: Queues;
  readonly patienceMs: number;
  readonly slip: Pick<Slip, 'node' | 'key' | 'leaseMs'>;
  /** Of all its runners, now. */
  readonly about: () => Pick<Runner, 'capacity' | 'confinement'>;
  /** All runs of the engine that are elsewhere. */
  readonly runs: Map<RunId, RemoteRun>;
  /** Tells whoever has it that nobody wants it any more. */
  readonly unwanted: (run: RemoteRun) => void;
  readonly closed: () => void;
}

const retryMs = 250;
/** Slips of one turn for each processor: few enough to share their cost, enough that no runner has them all. */
const slipsPerCpu = 4;
/** Of a request in a slip, besides its texts: names of members, numbers, hashes. */
const plainBytes = 512;

export class RemotePool implements Runner {
  readonly tier: Tier;
  readonly pool: string;
  /** Set by whoever hears of other engines. */
  share = 1;
  readonly #options: RemotePoolOptions;
  readonly #own = new Set<RemoteRun>();
  #together: RemoteRun[] = [];
  #isClosed = false;

  constructor(options: RemotePoolOptions) {
    this.tier = options.tier;
    this.pool = options.pool;
    this.#options = options;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get capacity(): Runner['capacity'] {
    return this.#options.about().capacity;
  }

  get confinement(): Runner['confinement'] {
    return this.#options.about().confinement;
  }

  async run(request: RunRequest, listener: RunListener): Promise<RunReport> {
    if (this.#isClosed) throw new Fault('runner_unavailable', `the pool ${this.pool} is closed`);
    const run = new RemoteRun(request, listener);
    this.#own.add(run);
    this.#options.runs.set(request.id, run);
    try {
      this.offer(run);
      return await run.report;
    } finally {
      this.#own.delete(run);
      this.#options.runs.delete(request.id);
    }
  }

  /** Puts it into the queue, or once more where NATS has lost it. */
  offer(run: RemoteRun): void {
    run.placings++;
    run.place = undefined;
    run.placedAtMs = performance.now();
    if (!run.isPure) {
      void this.#place([run]);
      return;
    }
    if (this.#together.push(run) === 1) setImmediate(() => this.#placeTogether());
  }

  kill(id: RunId): boolean {
    const run = this.#options.runs.get(id);
    if (run === undefined || !this.#own.has(run)) return false;
    run.isUnwanted = true;
    const { place, isWaiting } = run;
    // Who has begun something outside says himself how that ended.
    if (run.isPure || isWaiting) run.cancelled();
    if (!run.isPure && isWaiting) {
      if (place !== undefined) this.#options.queues.remove(place).catch(() => this.#leave(run));
    } else this.#options.unwanted(run);
    return true;
  }

  /** Its slip could not be taken back: whoever takes it is told that nobody wants the run. */
  #leave(run: RemoteRun): void {
    run.place = undefined;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const all = [...this.#own];
    for (const run of all) this.kill(run.request.id);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, limits.natsStopMs);
    });
    await Promise.race([Promise.allSettled(all.map((run) => run.report)), late]);
    clearTimeout(timer);
    for (const run of all) run.cancelled();
    this.#options.closed();
  }

  #placeTogether(): void {
    const all = this.#together;
    this.#together = [];
    const slips = slipsPerCpu * Math.max(1, Math.floor(this.capacity.cpus));
    for (const priority of priorities) {
      const alike = all.filter((run) => run.priority === priority);
      const size = Math.min(limits.natsSlipRunsMax, Math.ceil(alike.length / slips));
      for (let from = 0; from < alike.length; from += size) void this.#place(alike.slice(from, from + size));
    }
  }

  /** Of one priority. Never rejects: a run that cannot be placed fails. */
  async #place(runs: readonly RemoteRun[]): Promise<void> {
    const { queues, patienceMs } = this.#options;
    const [first] = runs;
    const id = `${first!.request.id}.${first!.placings}`;
    const of = { tier: this.tier, pool: this.pool, priority: first!.priority };
    const sinceMs = performance.now();
    for (;;) {
      const open = runs.filter((run) => !run.isOver);
      if (open.length === 0) return;
      try {
        const place = await queues.put(of, bytesOf(this.#slipOf(open)), id);
        for (const run of open) run.place = place;
        return;
      } catch (e) {
        if (performance.now() - sinceMs > patienceMs) {
          const fault = new Fault('dispatch_unavailable', `NATS took no run for ${patienceMs} ms: ${messageOf(e)}`);
          for (const run of open) run.refuse(fault);
          return;
        }
      }
      await new Promise((resolve) => setTimeout(resolve, retryMs));
      // It may be the queue that is gone; what is wrong otherwise shows when it is asked again.
      await queues.provide(this.tier, this.pool).catch(() => undefined);
    }
  }

  #slipOf(runs: readonly RemoteRun[]): Slip {
    const codes: Record<string, string> = {};
    let bytes = 0;
    const { slipBytesMax } = this.#options.queues;
    const told = runs.map((run): SlipRun => {
      const { sent } = run;
      const { id, limits: need, code, input, name, workspace = '' } = sent;
      const about = { id, placing: run.placings, cpus: need.cpus, memoryBytes: need.memoryBytes };
      // What has effects may hold secrets, and the queue is on a disk.
      if (!run.isPure) return about;
      // An upper bound, without making the text twice.
      const script = code.hash in codes ? '' : code.script;
      const own = 3 * (input.length + script.length + name.length + workspace.length) + plainBytes;
      if (own > limits.natsInlineBytesMax || bytes + own > slipBytesMax) return about;
      bytes += own;
      codes[code.hash] = code.script;
      return { ...about, request: { ...sent, code: code.hash } };
    });
    return { ...this.#options.slip, runs: told, codes };
  }
}
