// Steps of reality and actions of one workspace in memory: what a commit expects of them, what it leaves, and how they are
// read. Copied in, as the store's other rows are.

import type { ActionId, ComponentId } from '../../base/ids.ts';
import { compareText } from '../../base/json.ts';
import { type ActionRecord, isActionEnded } from '../../model/action.ts';
import type { ActionQuery, Commit, CommitOutcome, PrunedActions, RealityRow } from '../../ports/store.ts';

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

  prune({ withOrigin, endedBeforeMs, keepCount }: PrunedActions): number {
    const newest = new Map<ComponentId, ActionId>();
    const ended: { readonly id: ActionId; readonly component: ComponentId; readonly endedAtMs: number }[] = [];
    for (const { id, component, status, endedAtMs, origins } of this.#actions.values()) {
      if (id > (newest.get(component) ?? '')) newest.set(component, id);
      if (isActionEnded(status) && endedAtMs !== null && origins.length > 0 === withOrigin)
        ended.push({ id, component, endedAtMs });
    }
    ended.sort((a, b) => b.endedAtMs - a.endedAtMs);
    const keptSinceMs = keepCount === 0 ? Number.POSITIVE_INFINITY : ended[keepCount - 1]?.endedAtMs;
    const beforeMs = Math.max(endedBeforeMs, keptSinceMs ?? endedBeforeMs);
    const gone = ended.filter((e) => e.endedAtMs < beforeMs && newest.get(e.component) !== e.id);
    for (const { id } of gone) this.#actions.delete(id);
    return gone.length;
  }
}
