// Listing and pruning of actions, step by step: others get their turn in between, so that neither a long listing nor the
// removal of many holds up commits. Both see the tables, into which everything acknowledged is moved first.

import type { WorkspaceId } from '../../base/ids.ts';
import type { ActionRecord } from '../../model/action.ts';
import type { ActionQuery, PrunedActions } from '../../ports/store.ts';
import type { ActionTable, PruneStep } from './action_table.ts';
import type { WriteQueue } from './write_queue.ts';

/** Actions looked at, and removed or not, in one transaction. */
const pruneStepRows = 1_000;
const first = { endedAtMs: Number.MIN_SAFE_INTEGER, ref: 0 } as const;

export class ActionList {
  readonly #table: ActionTable;
  readonly #queue: WriteQueue;
  readonly #reading: <T>(body: () => T) => T;

  /** `reading` runs a read of the tables once everything acknowledged is in them, its errors translated. */
  constructor(table: ActionTable, queue: WriteQueue, reading: <T>(body: () => T) => T) {
    this.#table = table;
    this.#queue = queue;
    this.#reading = reading;
  }

  async list(workspace: WorkspaceId, query: ActionQuery): Promise<readonly ActionRecord[]> {
    const found: ActionRecord[] = [];
    for (let before: string | undefined = query.before; ; ) {
      const wanted = query.limit - found.length;
      const page = this.#reading(() => this.#table.page(workspace, query, before, wanted));
      found.push(...page.found.slice(0, Math.max(0, wanted)));
      if (page.down === undefined || found.length >= query.limit) return found;
      before = page.down;
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  async prune(workspace: WorkspaceId, which: PrunedActions): Promise<number> {
    const { withOrigin } = which;
    const from = (next: PruneStep['next'], beforeMs: number): PruneStep =>
      this.#table.pruneStep(workspace, { withOrigin, beforeMs, from: next ?? first, most: pruneStepRows });
    // What is kept is found out together with the first step: what is queued behind it changes nothing about that.
    let beforeMs = 0;
    let step = await this.#queue.enqueue(0, () => {
      beforeMs = this.#table.endBefore(workspace, which);
      return from(undefined, beforeMs);
    });
    let { pruned } = step;
    while (step.next !== undefined) {
      const { next } = step;
      step = await this.#queue.enqueue(0, () => from(next, beforeMs));
      pruned += step.pruned;
    }
    return pruned;
  }
}
