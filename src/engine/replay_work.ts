// The state of the background work that catches change sets up (replay.ts): what is under way, and what failed. Nothing
// of it needs to survive: what is to be done stands in the rows of the change sets.

import type { ChangeSetId } from '../base/ids.ts';

export interface ReplayProblem {
  /** What stands in the way. */
  readonly reason: string;
  readonly attempts: number;
  readonly nextAtMs: number;
}

/** Where the work of one workspace stands. */
export class ReplayWork {
  readonly problems = new Map<ChangeSetId, ReplayProblem>();
  running: Promise<void> | undefined;
  again = false;
  stopped = false;
  timer: NodeJS.Timeout | undefined;

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    for (let work = this.running; work !== undefined; work = this.running) await work;
  }

  /** Waits for what is under way and starts nothing more. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.idle();
  }
}
