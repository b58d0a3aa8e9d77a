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
  return ok(amended(before, { ...spent(status), ...more, status }));
}

/** What says nothing any more in that status: the lease of a call that is not under way, and where an action that is over stood. */
function spent(status: ActionStatus): Partial<ActionRecord> {
  const gone = {
    ...(status === 'running' ? {} : { lease: undefined }),
    ...(status === 'running' || status === 'interrupted' ? {} : { ending: undefined }),
    ...(status === 'on-hold' ? {} : { blockedBy: undefined, isUnwanted: undefined }),
  };
  if (status !== 'failed' && !isActionEnded(status)) return gone;
  return {
    ...gone,
    checkpoint: undefined,
    waitsFor: undefined,
    signal: undefined,
    retries: undefined,
    heldBecause: '',
  };
}

const open: readonly ActionStatus[] = ['queued', 'on-hold', 'dispatched', 'running', 'failed', 'interrupted'];
/** Actions read at once. */
const readAtOnce = 1_000;

export class ActionTable {
  readonly #w: Workspace;
  #open: Map<ActionId, ActionRecord> | undefined;
  #loading: Promise<void> | undefined;
  readonly #ofComponent = new Map<ComponentId, Set<ActionId>>();
  /** Of an action those that name it as one that has to succeed first. */
  readonly #followers = new Map<ActionId, Set<ActionId>>();
  /** Changed since they were asked for last. */
  #moved = new Set<ActionId>();

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

  /** Those that name it as one that has to succeed first; of one that has ended too. */
  followersOf(id: ActionId): readonly ActionId[] {
    return [...(this.#followers.get(id) ?? [])];
  }

  /** Which were changed since this was asked last, in the order of their last change. */
  takeMoved(): readonly ActionId[] {
    const moved = [...this.#moved];
    this.#moved = new Set();
    return moved;
  }

  of(component: ComponentId): readonly ActionRecord[] {
    return this.idsOf(component).map((id) => this.#table.get(id)!);
  }

  idsOf(component: ComponentId): readonly ActionId[] {
    return [...(this.#ofComponent.get(component) ?? [])];
  }

  /** False also before it was read. */
  isOpen(id: ActionId): boolean {
    return this.#open?.has(id) === true;
  }

  get isRead(): boolean {
    return this.#open !== undefined;
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

  /** Other facts of it, its status as it is; the caller commits what is answered. */
  amend(id: ActionId, more: Partial<ActionRecord>): QueuedActions[number] {
    const change = amended(this.#must(id), more);
    this.adopt([change]);
    return change;
  }

  /** What is being committed. Answers what takes it back when that was not written. */
  adopt(changes: QueuedActions): () => void {
    const before = changes.map(({ record }) => this.#table.get(record.id));
    for (const { record } of changes) this.#set(record);
    const table = this.#open;
    return () => {
      // Read again since: then it is as the store has it.
      if (this.#open !== table) return;
      for (const [i, { record }] of changes.entries()) this.#restore(record, before[i]);
    };
  }

  /** What was made of it meanwhile was built on what was not written. */
  #restore(written: ActionRecord, before: ActionRecord | undefined): void {
    const now = this.#table.get(written.id);
    if (now !== undefined && now.revision < written.revision) return;
    if (before !== undefined) this.#set(before);
    else this.#remove(written.id);
  }

  /** It was never there. */
  #remove(id: ActionId): void {
    const known = this.#open?.get(id);
    if (known === undefined) return;
    this.#follow(id, known.after, true);
    this.#drop(known);
    this.#moved.delete(id);
  }

  /** As the store has it; what was made of it here was not written. */
  isAs(id: ActionId, stored: ActionRecord | undefined): void {
    if (this.#open === undefined) return;
    if (stored !== undefined) this.#set(stored);
    else this.#remove(id);
  }

  /** What others have queued, moved and ended meanwhile; `settled`: what was made here before has been written. */
  async readOn(settled: (ids: readonly ActionId[]) => Promise<unknown> | undefined): Promise<void> {
    if (this.#open === undefined) return this.ready();
    const before = [...this.#open.keys()];
    const found = await this.#read();
    const listed = new Set(found.map(({ id }) => id));
    // One that is not in the table may have ended here, which the list was too early for.
    const unsure = [
      ...found.filter(({ id }) => !this.isOpen(id)).map(({ id }) => id),
      ...before.filter((id) => !listed.has(id)),
    ];
    for (const record of found) this.#setNewer(record);
    await settled(unsure);
    for (const id of unsure) {
      const record = await this.#w.store.findAction(this.#w.id, id);
      if (record === undefined || this.#open === undefined) continue;
      if (this.#open.has(id)) this.#setNewer(record);
      else if (!isActionEnded(record.status)) this.#set(record);
    }
  }

  #setNewer(record: ActionRecord): void {
    const now = this.#open?.get(record.id);
    if (now !== undefined && now.revision < record.revision) this.#set(record);
  }

  /** What was queued was not written: all of it is read again. */
  forget(): void {
    this.#open = undefined;
    this.#ofComponent.clear();
    this.#followers.clear();
    this.#moved.clear();
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
    this.#moved.delete(id);
    this.#moved.add(id);
    this.#follow(id, record.after, isActionEnded(record.status));
    if (isActionEnded(record.status)) {
      this.#drop(record);
      return;
    }
    this.#table.set(id, record);
    const mine = this.#ofComponent.get(component) ?? new Set<ActionId>();
    this.#ofComponent.set(component, mine.add(id));
  }

  #drop({ id, component }: ActionRecord): void {
    this.#table.delete(id);
    const mine = this.#ofComponent.get(component);
    mine?.delete(id);
    if (mine?.size === 0) this.#ofComponent.delete(component);
  }

  #follow(id: ActionId, after: readonly ActionId[], hasEnded: boolean): void {
    for (const first of this.#table.get(id)?.after ?? []) {
      const known = this.#followers.get(first);
      known?.delete(id);
      if (known?.size === 0) this.#followers.delete(first);
    }
    if (hasEnded) return;
    for (const first of after) {
      const known = this.#followers.get(first) ?? new Set<ActionId>();
      this.#followers.set(first, known.add(id));
    }
  }

  async #load(): Promise<void> {
    const found = await this.#read();
    this.#open = new Map();
    for (const record of found) this.#set(record);
  }

  /** Those that are open in the store, oldest first. */
  async #read(): Promise<readonly ActionRecord[]> {
    const found: ActionRecord[] = [];
    for (let before: ActionId | undefined; ; ) {
      const more = before === undefined ? {} : { before };
      const page = await this.#w.store.listActions(this.#w.id, { statuses: open, limit: readAtOnce, ...more });
      found.push(...page);
      if (page.length < readAtOnce) break;
      before = page.at(-1)!.id;
    }
    return found.reverse();
  }
}
