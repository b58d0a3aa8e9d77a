// Positions of one workspace in memory: what its commits left behind, in the order in which they landed. Copied in, as the
// store's other rows are.

import { eventsOf } from '../../ports/feed.ts';
import type { Commit, EventPage, EventRow } from '../../ports/store.ts';

export class EventSpace {
  #rows: EventRow[] = [];
  #last = 0;
  #removedUpTo = 0;

  land(commit: Commit): void {
    for (const event of eventsOf(commit)) this.#rows.push(structuredClone({ position: ++this.#last, ...event }));
  }

  read(after: number, limit: number): EventPage {
    const from = lowerBound(this.#rows, after);
    const rows = this.#rows.slice(from, from + Math.max(0, limit));
    return { rows, last: this.#last, removedUpTo: this.#removedUpTo };
  }

  prune(kept: number): number {
    const own = this.#rows.filter((row) => row.of !== 'audit');
    const gone = own.slice(0, Math.max(0, own.length - Math.max(0, kept)));
    const upTo = gone.at(-1)?.position;
    if (upTo === undefined) return 0;
    this.#removedUpTo = upTo;
    this.#rows = this.#rows.filter((row) => row.of === 'audit' || row.position > upTo);
    return gone.length;
  }
}

/** Index of the first row behind the position. */
function lowerBound(rows: readonly EventRow[], after: number): number {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle]!.position > after) high = middle;
    else low = middle + 1;
  }
  return low;
}
