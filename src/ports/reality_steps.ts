// What every store asks of the steps of reality in a commit before it writes any of them: that they follow the last one there is
// expected to be, and one another.

import { Fault } from '../base/result.ts';
import type { Commit } from './store.ts';

/** Throws (`store_failed`) when the steps of a commit do not follow the one that it expects, one after another. */
export function assertFollowing({ reality }: Pick<Commit, 'reality'>): void {
  let seq = reality?.expected ?? 0;
  for (const row of reality?.rows ?? [])
    if (row.seq !== ++seq)
      throw new Fault('store_failed', `step ${row.seq} of reality does not follow step ${seq - 1}`);
}
