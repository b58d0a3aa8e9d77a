// How many values of a change set are pending, told to those who follow it: at once, then not more often than they can look,
// and at the end what it came to.

import type { ChangeSetId } from '../base/ids.ts';
import { limits } from '../base/limits.ts';

interface Told {
  last: number;
  latest: number;
  readonly timer: NodeJS.Timeout;
}

export class PendingNews {
  readonly #tell: (changeSet: ChangeSetId, pending: number) => void;
  readonly #told = new Map<ChangeSetId, Told>();

  constructor(tell: (changeSet: ChangeSetId, pending: number) => void) {
    this.#tell = tell;
  }

  is(changeSet: ChangeSetId, pending: number): void {
    const told = this.#told.get(changeSet);
    if (told !== undefined) told.latest = pending;
    else this.#now(changeSet, pending);
  }

  stop(): void {
    for (const { timer } of this.#told.values()) clearTimeout(timer);
    this.#told.clear();
  }

  #now(changeSet: ChangeSetId, pending: number): void {
    const timer = setTimeout(() => {
      const { last, latest } = this.#told.get(changeSet)!;
      this.#told.delete(changeSet);
      if (latest !== last) this.#now(changeSet, latest);
    }, limits.pendingToldEveryMs);
    timer.unref();
    this.#told.set(changeSet, { last: pending, latest: pending, timer });
    this.#tell(changeSet, pending);
  }
}
