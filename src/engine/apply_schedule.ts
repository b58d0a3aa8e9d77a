// The clock of scheduled applies: looks when the next one is due, by the world's clock, and has it carried out then. All that
// it knows stands in the store, so a restart only looks again; what a fault kept from being carried out is tried again.

import { limits } from '../base/limits.ts';
import { applyDue, nextDueMs } from './scheduled_apply.ts';
import type { Workspace } from './workspace.ts';

export class ApplySchedule {
  /** Id of the one that is being carried out. */
  underWay: string | undefined;
  readonly #w: Workspace;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #again = false;
  #isStopped = false;

  constructor(w: Workspace) {
    this.#w = w;
  }

  /** There may be another one, or the engine has just begun. */
  wake(): void {
    if (this.#isStopped) return;
    this.#again = true;
    if (this.#running !== undefined) return;
    clearTimeout(this.#timer);
    this.#running = this.#turns().finally(() => {
      this.#running = undefined;
    });
  }

  /** Resolves when what was due has been carried out. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #turns(): Promise<void> {
    while (this.#again && !this.#isStopped) {
      this.#again = false;
      let waitMs: number | undefined;
      try {
        await applyDue(this.#w, () => this.#isStopped);
        const next = await nextDueMs(this.#w);
        waitMs = next === undefined ? undefined : next - this.#w.world.clock.nowMs();
      } catch {
        // Whoever writes next hears what is wrong with the store; it is tried again until then.
        waitMs = limits.replayRetryMaxMs;
      }
      if (waitMs === undefined || this.#isStopped) continue;
      // Not longer than a timer takes, and so that a clock that was set is noticed.
      this.#timer = setTimeout(() => this.wake(), Math.min(Math.max(waitMs, 10), 60_000));
      this.#timer.unref();
    }
  }
}
