// Steps of reality and actions of one workspace in memory: what a commit expects of them, what it leaves, and how they are
// read. Copied in, as the store's other rows are.

import type { ActionId } from '../../base/ids.ts';
import { compareText } from '../../base/json.ts';
import { Fault } from '../../base/result.ts';
import { type ActionRecord, isActionEnded } from '../../model/action.ts';
import type { ActionQuery, Commit, CommitOutcome, RealityRow } from '../../ports/store.ts';

export class ActionSpace {
  /** Step `n` at `n - 1`. */
  readonly #steps: RealityRow[] = [];
  readonly #actions = new Map<ActionId, ActionRecord>();

  get realitySeq(): number {
    return this.#steps.length;
  }

  get count(): number {
    return this.#actions.size;
  }

  /** What is not as the commit expects it to be. */
  refusal({ reality, actions }: Commit): CommitOutcome | undefined {
    if (reality && reality.expected !== this.realitySeq) return { ok: false, reality: this.realitySeq };
    for (const { record, expected } of actions ?? []) {
      const revision = this.#actions.get(record.id)?.revision;
      if (revision !== expected) return { ok: false, action: record.id, revision };
    }
    return undefined;
  }

  /** Once nothing speaks against the commit. */
  land({ reality, actions }: Commit): void {
    for (const row of reality?.rows ?? []) this.#steps.push({ ...row });
    for (const { record } of actions ?? []) this.#actions.set(record.id, structuredClone(record));
  }

  readReality(after: number, limit: number): RealityRow[] {
    const from = Math.max(0, after);
    return this.#steps.slice(from, from + Math.max(0, limit));
  }

  find(id: ActionId): ActionRecord | undefined {
    return this.#actions.get(id);
  }

  list({ statuses, component, origin, before, limit }: ActionQuery): ActionRecord[] {
    return [...this.#actions.values()]
      .filter(
        (action) =>
          (statuses === undefined || statuses.includes(action.status)) &&
          (component === undefined || action.component === component) &&
          (origin === undefined || action.origins.includes(origin)) &&
          (before === undefined || action.id < before),
      )
      .sort((a, b) => compareText(b.id, a.id))
      .slice(0, Math.max(0, limit));
  }

  prune(endedBeforeMs: number): number {
    let pruned = 0;
    for (const { id, status, endedAtMs } of this.#actions.values())
      if (isActionEnded(status) && endedAtMs !== null && endedAtMs < endedBeforeMs && this.#actions.delete(id))
        pruned++;
    return pruned;
  }
}

/** Throws when the steps of a commit do not follow the one that it expects, one after another. */
export function assertFollowing({ reality }: Commit): void {
  let seq = reality?.expected ?? 0;
  for (const row of reality?.rows ?? [])
    if (row.seq !== ++seq)
      throw new Fault('store_failed', `step ${row.seq} of reality does not follow step ${seq - 1}`);
}
