// Taking old actions away, so that looking at resources again and again does not fill the store. Those that an apply asked for are
// kept far longer than the others, most of which are looks that the schedule asked for. What has not ended is never removed, nor
// the newest of a component. What was removed is told wherever actions are listed; the receipt of an apply says what it planned,
// and the audit who asked, without them.

import type { Principal } from '../access/role.ts';
import { limits } from '../base/limits.ts';
import { Fault, ok, type Result } from '../base/result.ts';
import { type ActionRecord, isActionEnded } from '../model/action.ts';
import { noteOnHead } from './audit.ts';
import { permit } from './permit.ts';
import { type Kept, Retention, type RetentionOptions } from './retention.ts';
import type { Workspace } from './workspace.ts';

export interface ActionRetentionOptions {
  /** Of those that an apply asked for. Default one year, and no more than 200,000. */
  readonly applied?: RetentionOptions;
  /** Of the others. Default 30 days, and no more than 50,000. */
  readonly others?: RetentionOptions;
}

/** How many have been removed so far. */
export interface ActionsRemoved {
  readonly applied: number;
  readonly others: number;
}

const settingName = 'actions-removed';
const settingFormat = 1;
const defaults = {
  applied: { newerThanMs: limits.actionsKeptMs, count: limits.actionsKeptMax },
  others: { newerThanMs: limits.otherActionsKeptMs, count: limits.otherActionsKeptMax },
} as const;
const kinds = ['applied', 'others'] as const;
type Which = (typeof kinds)[number];

export class ActionRetention {
  readonly #w: Workspace;
  readonly #of: Readonly<Record<Which, Retention>>;
  /** One removal at a time: each adds to how many there were. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(w: Workspace, options: ActionRetentionOptions) {
    this.#w = w;
    const of = (which: Which): Retention =>
      new Retention(options[which] ?? {}, defaults[which], (keep) => this.#pruneNext(which, keep));
    this.#of = { applied: of('applied'), others: of('others') };
  }

  /** These have been written. */
  wrote(records: readonly ActionRecord[]): void {
    const ended = records.filter((r) => isActionEnded(r.status));
    const applied = ended.filter((r) => r.origins.length > 0).length;
    if (applied > 0) this.#of.applied.wrote(applied);
    if (ended.length > applied) this.#of.others.wrote(ended.length - applied);
  }

  /** All that is over what is kept, now; answers how many. `keep`: instead of what is kept here. */
  async prune(keep?: Readonly<Record<Which, Kept>>): Promise<number> {
    let pruned = 0;
    for (const which of kinds) pruned += await this.#pruneNext(which, keep?.[which] ?? this.#of[which].kept);
    return pruned;
  }

  #pruneNext(which: Which, keep: Kept): Promise<number> {
    const next = this.#last.then(() => this.#prune(which, keep));
    this.#last = next.catch(() => {});
    return next;
  }

  async #prune(which: Which, { newerThanMs, count }: Kept): Promise<number> {
    const { store, id, world } = this.#w;
    const endedBeforeMs = world.clock.nowMs() - newerThanMs;
    const pruned = await store.pruneActions(id, { withOrigin: which === 'applied', endedBeforeMs, keepCount: count });
    if (pruned === 0) return 0;
    const before = await removedActions(this.#w);
    const removed: ActionsRemoved = { ...before, [which]: before[which] + pruned };
    await store.putSetting(id, settingName, JSON.stringify({ format: settingFormat, removed }));
    return pruned;
  }

  /** What the last attempts failed with. */
  get failures(): readonly unknown[] {
    return kinds.flatMap((which) => this.#of[which].failure ?? []);
  }

  async stop(): Promise<void> {
    for (const which of kinds) await this.#of[which].stop();
  }
}

/** What is kept by default. */
export const keptActions: Readonly<Record<Which, Kept>> = defaults;

/** Takes actions that have ended away by age and count. Refuses `access_denied`. */
export async function pruneActionsTo(
  w: Workspace,
  principal: Principal,
  keep: Readonly<Record<Which, Kept>>,
): Promise<Result<{ readonly pruned: number }>> {
  const may = await permit(w, principal, 'maintain', { operation: 'prune actions', subject: w.id });
  if (!may.ok) return may;
  const pruned = await w.actionRetention.prune(keep);
  const sentence = `remove ${pruned} actions that have ended`;
  await noteOnHead(w, principal.id, { kind: 'action.prune', subject: w.id, path: '', sentence });
  return ok({ pruned });
}

/** Fault `store_version`. */
export async function removedActions(w: Workspace): Promise<ActionsRemoved> {
  const text = await w.store.getSetting(w.id, settingName);
  if (text === undefined) return { applied: 0, others: 0 };
  const { format, removed } = JSON.parse(text) as { readonly format: unknown; readonly removed: ActionsRemoved };
  if (format !== settingFormat)
    throw new Fault('store_version', `the count of removed actions has format ${String(format)}`);
  return removed;
}
