// The actions that have not ended, in memory as the store has them or will have them when what is queued has landed. Each
// change of one is a step of its life; it is committed in the same turn in which it is made here.

import type { ActionId, ChangeSetId, ComponentId } from '../base/ids.ts';
import { Fault, ok, type Result } from '../base/result.ts';
import {
  type ActionEvent,
  type ActionRecord,
  type ActionStatus,
  isActionEnded,
  nextActionStatus,
} from '../model/action.ts';
import type { Commit } from '../ports/store.ts';
import type { Workspace } from './workspace.ts';

/** Changes of actions on their way to the store. */
export type QueuedActions = NonNullable<Commit['actions']>;

/** One with other facts, its status as it is. */
export function amended(before: ActionRecord, more: Partial<ActionRecord>): QueuedActions[number] {
  return { record: { ...before, ...more, revision: before.revision + 1 }, expected: before.revision };
}

/** One or several steps of its life, written as one change. Refuses `action_step_illegal`. */
export function stepOf(
  before: ActionRecord,
  events: readonly ActionEvent[],
  more: Partial<ActionRecord> = {},
): Result<QueuedActions[number]> {
  let { status } = before;
  for (const event of events) {
    const next = nextActionStatus(status, event);
    if (!next.ok) return next;
    status = next.value;
  }
  return ok(amended(before, { ...more, status }));
}

const open: readonly ActionStatus[] = ['queued', 'on-hold', 'dispatched', 'running', 'failed', 'interrupted'];
/** Actions read at once. */
const readAtOnce = 1_000;

export class ActionTable {
  readonly #w: Workspace;
  #open: Map<ActionId, ActionRecord> | undefined;
  #loading: Promise<void> | undefined;
  readonly #ofComponent = new Map<ComponentId, Set<ActionId>>();

  constructor(w: Workspace) {
    this.#w = w;
  }

  ready(): Promise<void> {
    if (this.#open !== undefined) return Promise.resolve();
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  /** Oldest first. */
  all(): readonly ActionRecord[] {
    return [...this.#table.values()];
  }

  find(id: ActionId): ActionRecord | undefined {
    return this.#table.get(id);
  }

  of(component: ComponentId): readonly ActionRecord[] {
    return [...(this.#ofComponent.get(component) ?? [])].map((id) => this.#table.get(id)!);
  }

  /** Those that an apply of the change set asked for. */
  from(changeSet: ChangeSetId): readonly ActionRecord[] {
    return this.all().filter((a) => a.origins.includes(changeSet));
  }

  /** A new one; the caller commits what is answered. */
  add(record: ActionRecord): QueuedActions[number] {
    const change = { record, expected: undefined };
    this.adopt([change]);
    return change;
  }

  /** Its next steps; the caller commits what is answered. Refuses `action_step_illegal`. */
  step(id: ActionId, events: readonly ActionEvent[], more: Partial<ActionRecord> = {}): Result<QueuedActions[number]> {
    const change = stepOf(this.#must(id), events, more);
    if (change.ok) this.adopt([change.value]);
    return change;
  }

  /** What is being committed. */
  adopt(changes: QueuedActions): void {
    for (const { record } of changes) this.#set(record);
  }

  /** What was queued was not written: all of it is read again. */
  forget(): void {
    this.#open = undefined;
    this.#ofComponent.clear();
  }

  get #table(): Map<ActionId, ActionRecord> {
    if (this.#open === undefined)
      throw new Fault('store_failed', 'the actions were not read before they were asked for');
    return this.#open;
  }

  #must(id: ActionId): ActionRecord {
    const found = this.#table.get(id);
    if (found === undefined) throw new Fault('store_failed', `there is no open action ${id}`);
    return found;
  }

  #set(record: ActionRecord): void {
    const { id, component } = record;
    const mine = this.#ofComponent.get(component) ?? new Set<ActionId>();
    if (isActionEnded(record.status)) {
      this.#table.delete(id);
      mine.delete(id);
    } else {
      this.#table.set(id, record);
      mine.add(id);
    }
    if (mine.size === 0) this.#ofComponent.delete(component);
    else this.#ofComponent.set(component, mine);
  }

  async #load(): Promise<void> {
    const found: ActionRecord[] = [];
    for (let before: ActionId | undefined; ; ) {
      const more = before === undefined ? {} : { before };
      const page = await this.#w.store.listActions(this.#w.id, { statuses: open, limit: readAtOnce, ...more });
      found.push(...page);
      if (page.length < readAtOnce) break;
      before = page.at(-1)!.id;
    }
    this.#open = new Map();
    for (const record of found.reverse()) this.#set(record);
  }
}
