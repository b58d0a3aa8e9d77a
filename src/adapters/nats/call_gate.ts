// The runner of calls that only compute as the intake has it. What they give is kept until the engine has it, so a runner would
// run out of memory that computes faster than it can tell, or goes on while NATS is away: calls wait here while too much is
// unsent, and a bounded number is under way at a time, since how much they will give is not known before they have ended. In the
// order of coming. What waits was not begun, and its slip is still in hand.

import type { RunId } from '../../base/ids.ts';
import { limits } from '../../base/limits.ts';
import {
  endedBeforeItBegan,
  type RunListener,
  type Runner,
  type RunReport,
  type RunRequest,
} from '../../ports/runner.ts';

export class CallGate implements Runner {
  readonly tier: Runner['tier'];
  readonly #runner: Runner;
  readonly #unsentBytes: () => number;
  readonly #waiting = new Map<RunId, (isLetIn: boolean) => void>();
  #underWay = 0;
  #isLooking = false;

  constructor(runner: Runner, unsentBytes: () => number) {
    this.tier = runner.tier;
    this.#runner = runner;
    this.#unsentBytes = unsentBytes;
  }

  get capacity(): Runner['capacity'] {
    return this.#runner.capacity;
  }

  get confinement(): Runner['confinement'] {
    return this.#runner.confinement;
  }

  async run(request: RunRequest, listener: RunListener): Promise<RunReport> {
    if (this.#waiting.size === 0 && this.#isOpen) this.#underWay++;
    else if (!(await new Promise<boolean>((resolve) => this.#waiting.set(request.id, resolve))))
      return endedBeforeItBegan;
    try {
      return await this.#runner.run(request, listener);
    } finally {
      this.#underWay--;
      // By then what it gave counts as unsent.
      if (!this.#isLooking) setImmediate(() => this.look());
      this.#isLooking = true;
    }
  }

  kill(id: RunId): boolean {
    const answer = this.#waiting.get(id);
    if (answer === undefined) return this.#runner.kill(id);
    this.#waiting.delete(id);
    answer(false);
    return true;
  }

  /** Called often: something may have been sent. */
  look(): void {
    this.#isLooking = false;
    for (const [id, answer] of this.#waiting) {
      if (!this.#isOpen) return;
      this.#waiting.delete(id);
      this.#underWay++;
      answer(true);
    }
  }

  close(): Promise<void> {
    for (const id of [...this.#waiting.keys()]) this.kill(id);
    return this.#runner.close();
  }

  get #isOpen(): boolean {
    const most = Math.ceil(limits.natsCallsPerCpuMax * this.capacity.cpus);
    return this.#underWay < most && this.#unsentBytes() <= limits.natsUnsentBytesMax;
  }
}
