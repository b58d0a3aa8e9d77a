// Head's reality in memory: what is known of the resources, one step after the other. A step is durable before anybody sees
// it, and then every change set sees it at once: reality is Head's, whatever is proposed elsewhere. Steps are numbered by
// themselves, so that results never compete with applies for Head's version.

import type { ActionId, ComponentId } from '../base/ids.ts';
import { Fault } from '../base/result.ts';
import type { ResourceRecord } from '../model/module.ts';
import type { Commit, RealityRow } from '../ports/store.ts';
import { Snapshot } from '../snapshot/snapshot.ts';
import type { Workspace } from './workspace.ts';

/** What is known of one component's resource from now on; null: there is none. */
export interface ResourceChange {
  /** Under whose id it is known (`resourceKeyOf`). */
  readonly component: ComponentId;
  readonly record: ResourceRecord | null;
}

/** One step as kept. */
interface Step {
  readonly format: typeof stepFormat;
  readonly atMs: number;
  /** The action whose result it is; null: something else told it. */
  readonly action: ActionId | null;
  readonly changes: readonly ResourceChange[];
}

const stepFormat = 1;
/** Steps read at once. */
const readAtOnce = 1_000;

/** What is known after a step. */
interface Known {
  readonly seq: number;
  readonly snapshot: Snapshot;
}

/** A step on its way to the store. */
export interface QueuedStep {
  readonly part: NonNullable<Commit['reality']>;
  readonly snapshot: Snapshot;
}

export class Reality {
  readonly #w: Workspace;
  /** What is known is another than what states in memory have. */
  readonly #moved: () => void;
  #loading: Promise<void> | undefined;
  /** The last step that was queued, and what is known after it. */
  #queued: Known | undefined;
  /** The last that is durable. */
  #known: Known | undefined;

  constructor(w: Workspace, moved: () => void) {
    this.#w = w;
    this.#moved = moved;
  }

  get isRead(): boolean {
    return this.#known !== undefined;
  }

  /** Has been read. */
  ready(): Promise<void> {
    if (this.#known !== undefined) return Promise.resolve();
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  get seq(): number {
    return this.#known?.seq ?? 0;
  }

  /** A state with what is known of the resources now. O(1). */
  under(state: Snapshot): Snapshot {
    const known = this.#known?.snapshot;
    return known === undefined || known.map('resources') === state.map('resources') ? state : state.withReality(known);
  }

  /** Queues steps, one after the other; the caller commits them in the same turn, then says how that went. */
  queue(steps: readonly Pick<Step, 'changes' | 'action'>[]): QueuedStep {
    const before = this.#last();
    if (before === undefined) throw new Fault('store_failed', 'reality was not read before something was recorded');
    const draft = before.snapshot.edit();
    const atMs = this.#w.world.clock.nowMs();
    const rows = steps.map(({ changes, action }, i) => {
      for (const change of changes) putResource(draft, change);
      const step: Step = { format: stepFormat, atMs, action, changes };
      return { seq: before.seq + 1 + i, text: JSON.stringify(step) };
    });
    const snapshot = draft.finish();
    snapshot.roots();
    this.#queued = { seq: before.seq + steps.length, snapshot };
    return { part: { expected: before.seq, rows }, snapshot };
  }

  landed({ part, snapshot }: QueuedStep): void {
    const { seq } = part.rows.at(-1)!;
    // Forgotten meanwhile it is read from the store; read already it is not news.
    if (this.#known !== undefined && seq > this.#known.seq) this.#known = { seq, snapshot };
  }

  /** What was queued last did not land: what is queued next is built on what is known. */
  rewind(): void {
    this.#queued = this.#known;
  }

  /** Reads what others have recorded since. False: nothing. */
  async readOn(): Promise<boolean> {
    const from = this.#known;
    if (from === undefined) {
      await this.ready();
      return true;
    }
    const read = await this.#follow(from, await this.#w.store.realitySeq(this.#w.id));
    if (this.#known === undefined || read.seq <= this.#known.seq) return false;
    this.#known = read;
    return true;
  }

  /** What the next step is built on. */
  #last(): Known | undefined {
    const { seq } = this;
    return this.#queued !== undefined && this.#queued.seq < seq ? this.#known : this.#queued;
  }

  /** States whose chunks are nowhere else yet. */
  inUse(): readonly Snapshot[] {
    return [this.#queued, this.#known].flatMap((at) => at?.snapshot ?? []);
  }

  /** What was queued was not written: all of it is read again. */
  forget(): void {
    this.#known = undefined;
    this.#queued = undefined;
  }

  async #load(): Promise<void> {
    const { store, id, space, row } = this.#w;
    const last = await store.realitySeq(id);
    const head = await store.findChangeSet(id, row.head);
    const checkpoint = head && (await store.findCheckpoint(id, head.id, head.version));
    let snapshot = Snapshot.empty(space);
    let seq = 0;
    if (checkpoint !== undefined && checkpoint.realitySeq <= last) {
      const roots = { intent: checkpoint.intentRoot, reality: checkpoint.realityRoot };
      snapshot = await this.#w.read(() => Snapshot.open(space, roots));
      seq = checkpoint.realitySeq;
    }
    this.#known = await this.#follow({ seq, snapshot }, last);
    this.#queued = this.#known;
    // Read anew after a commit that failed, it may have what nobody here has heard of.
    this.#moved();
  }

  async #follow({ seq, snapshot }: Known, last: number): Promise<Known> {
    const { store, id } = this.#w;
    while (seq < last) {
      const rows = await store.readReality(id, seq, readAtOnce);
      if (rows[0]?.seq !== seq + 1)
        throw new Fault('store_damaged', `there is no step ${seq + 1} of reality; run verify`);
      const from = snapshot;
      snapshot = await this.#w.read(() => {
        const draft = from.edit();
        for (const row of rows) for (const change of parseStep(row).changes) putResource(draft, change);
        return draft.finish();
      });
      seq = rows.at(-1)!.seq;
    }
    return { seq, snapshot };
  }
}

/** Puts what is known of a resource into a state. */
export function putResource(draft: ReturnType<Snapshot['edit']>, { component, record }: ResourceChange): void {
  if (record === null) draft.remove('resources', component);
  else draft.put('resources', component, JSON.stringify(record));
}

export function parseStep({ seq, text }: RealityRow): Step {
  const step = JSON.parse(text) as Step;
  if (step.format !== stepFormat)
    throw new Fault('store_version', `step ${seq} of reality has format ${step.format}, written by a newer release`);
  return step;
}
