// What actions came to on its way to the store. What comes in one turn of the event loop is one commit with one step of
// reality for each of them: a thousand actions that end together cost a few commits, and every change set sees them at once.
// Of a store that several engines use each of them stands for itself all the same: one whose action was moved by somebody else
// is not written, the others are; and what others told of reality meanwhile is read, and built on.

import type { ActionId, ComponentId } from '../base/ids.ts';
import type { ChunkRow, CommitOutcome } from '../ports/store.ts';
import type { QueuedActions } from './action_table.ts';
import type { ResourceChange } from './reality.ts';
import type { Workspace } from './workspace.ts';

/** What is to be recorded: what is known of resources from now on, and the next steps of actions, made in this turn. */
export interface Recorded {
  readonly changes: readonly ResourceChange[];
  readonly actions: QueuedActions;
  /** The action whose result it is. */
  readonly by?: ActionId;
  readonly chunks?: readonly ChunkRow[];
}

interface Waiting extends Recorded {
  resolve(isWritten: boolean): void;
  reject(e: unknown): void;
}

export class Records {
  readonly #w: Workspace;
  /** What is known of resources is another, durably. */
  readonly #moved: () => void;
  #waiting: Waiting[] = [];
  /** Neither written nor lost. */
  readonly #open = new Set<Waiting>();
  /** The last write of an action that is on its way to the store. */
  readonly #underWay = new Map<ActionId, Promise<unknown>>();

  constructor(w: Workspace, moved: () => void) {
    this.#w = w;
    this.#moved = moved;
  }

  /**
   * Resolves true when it is durable; false: somebody else has moved one of its actions, nothing of it was written, and the
   * table has its actions as the store has them. Throws what the store threw; then the table and reality are read again.
   */
  add(what: Recorded): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const waiting = { ...what, resolve, reject };
      this.#open.add(waiting);
      if (this.#waiting.push(waiting) === 1) setImmediate(() => this.write());
    });
  }

  /** Hands what waits to the store now: before anything that was made from what the table says of it. */
  write(): void {
    const all = this.#waiting;
    if (all.length === 0) return;
    this.#waiting = [];
    const ids = all.flatMap(({ actions }) => actions.map(({ record }) => record.id));
    // Revisions are counted: what is built on a step that loses could be taken for one that is built on the step that won.
    const before = ids.flatMap((id) => this.#underWay.get(id) ?? []);
    this.isUnderWay(ids, before.length === 0 ? this.#settle(all) : Promise.all(before).then(() => this.#settle(all)));
  }

  /** Steps of these actions are on their way to the store, and no longer when that has resolved, which it does. */
  isUnderWay(ids: readonly ActionId[], done: Promise<unknown>): void {
    for (const id of ids) this.#underWay.set(id, done);
    void done.then(() => {
      for (const id of ids) if (this.#underWay.get(id) === done) this.#underWay.delete(id);
    });
  }

  /** Resolves when what is under way of these actions has landed or lost; undefined: nothing is. */
  settled(ids: readonly ActionId[]): Promise<unknown> | undefined {
    this.write();
    const open = ids.flatMap((id) => this.#underWay.get(id) ?? []);
    return open.length === 0 ? undefined : Promise.all(open);
  }

  /** The same, of what is to be known of the resources of these components: their actions have ended, and nothing shows it yet. */
  landing(components: ReadonlySet<ComponentId>): Promise<unknown> | undefined {
    const some = [...this.#open].filter(({ changes }) => changes.some((c) => components.has(c.component)));
    return some.length === 0 ? undefined : this.settled(some.flatMap((r) => r.actions.map(({ record }) => record.id)));
  }

  async #settle(all: readonly Waiting[]): Promise<void> {
    const left = (): readonly Waiting[] => all.filter((r) => this.#open.has(r));
    try {
      // Each time round one of them is out, or somebody else has got on.
      for (let some = left(); some.length > 0; some = left()) {
        const refused = await this.#commit(some);
        if (refused === undefined) for (const r of some) this.#end(r, true);
        else if ('action' in refused) await this.#lose(refused.action);
        else if (await this.#w.reality.readOn()) this.#moved();
      }
    } catch (e) {
      this.#w.reality.forget();
      this.#w.actions.forget();
      for (const r of left()) {
        this.#open.delete(r);
        r.reject(e);
      }
    }
  }

  #end(what: Waiting, isWritten: boolean): void {
    this.#open.delete(what);
    what.resolve(isWritten);
  }

  /** Writes them all; else answers what was not as expected. */
  async #commit(all: readonly Recorded[]): Promise<Refused | undefined> {
    const w = this.#w;
    const steps = all.flatMap(({ changes, by = null }) => (changes.length === 0 ? [] : [{ changes, action: by }]));
    const step = steps.length === 0 ? undefined : w.reality.queue(steps);
    const reality = step === undefined ? {} : { reality: step.part };
    const outcome = await w.commit({
      changeSets: [],
      log: [],
      audit: [],
      actions: lastOfEach(all.flatMap((r) => r.actions)),
      chunks: all.flatMap((r) => r.chunks ?? []),
      ...reality,
    });
    if (!outcome.ok) {
      w.reality.rewind();
      return outcome;
    }
    w.events.landed();
    w.actionRetention.wrote(all.flatMap((r) => r.actions.map(({ record }) => record)));
    if (step === undefined) return undefined;
    w.reality.landed(step);
    this.#moved();
    return undefined;
  }

  /** Whatever is to be recorded of an action that somebody else has moved is lost, and what was built on that. */
  async #lose(first: ActionId): Promise<void> {
    const ids = new Set([first]);
    for (const id of ids) {
      const stored = await this.#w.store.findAction(this.#w.id, id);
      this.#w.actions.isAs(id, stored);
      for (const r of this.#open) {
        if (!r.actions.some(({ record }) => record.id === id)) continue;
        for (const { record } of r.actions) ids.add(record.id);
        this.#end(r, false);
      }
    }
  }
}

type Refused = Exclude<CommitOutcome, { ok: true }>;

/** Several changes of one action are one, from where the first of them began. */
function lastOfEach(changes: QueuedActions): QueuedActions {
  const out = new Map<ActionId, QueuedActions[number]>();
  for (const { record, expected, isUnnoted } of changes) {
    const first = out.get(record.id);
    const isQuiet = isUnnoted === true && (first === undefined || first.isUnnoted === true);
    const move = { record, expected: first === undefined ? expected : first.expected };
    out.set(record.id, isQuiet ? { ...move, isUnnoted } : move);
  }
  return [...out.values()];
}
