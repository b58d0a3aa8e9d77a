// What actions came to on its way to the store. What comes in one turn of the event loop is one commit with one step of
// reality for each of them: a thousand actions that end together cost a few commits, and every change set sees them at once.

import type { ActionId } from '../base/ids.ts';
import { Fault } from '../base/result.ts';
import type { ChunkRow } from '../ports/store.ts';
import type { QueuedActions } from './action_table.ts';
import type { QueuedStep, ResourceChange } from './reality.ts';
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
  resolve(): void;
  reject(e: unknown): void;
}

export class Records {
  readonly #w: Workspace;
  /** What is known of resources is another, durably. */
  readonly #moved: (step: QueuedStep) => void;
  #waiting: Waiting[] = [];

  constructor(w: Workspace, moved: (step: QueuedStep) => void) {
    this.#w = w;
    this.#moved = moved;
  }

  /** Resolves when it is durable. Throws what the store threw; then the table and reality are read again. */
  add(what: Recorded): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.push({ ...what, resolve, reject }) === 1) setImmediate(() => this.write());
    });
  }

  /** Hands what waits to the store now: before anything that was made from what the table says of it. */
  write(): void {
    const all = this.#waiting;
    if (all.length === 0) return;
    this.#waiting = [];
    this.#commit(all).then(
      () => {
        for (const { resolve } of all) resolve();
      },
      (e: unknown) => {
        for (const { reject } of all) reject(e);
      },
    );
  }

  async #commit(all: readonly Recorded[]): Promise<void> {
    const w = this.#w;
    const steps = all.flatMap(({ changes, by = null }) => (changes.length === 0 ? [] : [{ changes, action: by }]));
    const step = steps.length === 0 ? undefined : w.reality.queue(steps);
    const reality = step === undefined ? {} : { reality: step.part };
    try {
      const outcome = await w.store.commit(w.id, {
        changeSets: [],
        log: [],
        audit: [],
        actions: lastOfEach(all.flatMap((r) => r.actions)),
        chunks: all.flatMap((r) => r.chunks ?? []),
        ...reality,
      });
      if (!outcome.ok) throw new Fault('store_failed', 'reality or an action was changed by somebody else: read again');
    } catch (e) {
      w.reality.forget();
      w.actions.forget();
      throw e;
    }
    if (step !== undefined) this.#moved(step);
  }
}

/** Several changes of one action are one, from where the first of them began. */
function lastOfEach(changes: QueuedActions): QueuedActions {
  const out = new Map<ActionId, QueuedActions[number]>();
  for (const { record, expected } of changes) {
    const first = out.get(record.id);
    out.set(record.id, { record, expected: first === undefined ? expected : first.expected });
  }
  return [...out.values()];
}
