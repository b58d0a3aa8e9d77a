// Writing what has only the log so far: the chunks of every branch that has moved, with the checkpoints that they complete.
// It is done when nothing has come for a while, or when much waits; what nobody needs any more is dropped instead.

import type { ChangeSetId, Hash } from '../base/ids.ts';
import { limits } from '../base/limits.ts';
import type { Checkpoint } from '../ports/store.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { type Branch, seenElsewhere } from './branch.ts';
import type { Workspace } from './workspace.ts';

export class Checkpoints {
  readonly #w: Workspace;
  readonly #branches: ReadonlyMap<ChangeSetId, Branch>;
  readonly #unwrittenBytesMax: number;
  /** States built by replay, as long as somebody reads them: their chunks are nowhere else. */
  readonly replayed = new Set<WeakRef<Snapshot>>();
  /** States that are being built for a branch, from whatever checkpoint or version. */
  readonly #building = new Set<Promise<unknown>>();
  #writing: Promise<void> | undefined;
  /** The last step of reality that a checkpoint of Head has. */
  #realityWritten = 0;
  #idle: NodeJS.Timeout | undefined;

  constructor(w: Workspace, branches: ReadonlyMap<ChangeSetId, Branch>, unwrittenBytesMax: number) {
    this.#w = w;
    this.#branches = branches;
    this.#unwrittenBytesMax = unwrittenBytesMax;
  }

  write(): Promise<void> {
    this.#writing ??= this.#writeCheckpoint().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  /** Runs what builds the state of a branch from another than the branch's own. */
  building<T>(body: () => Promise<T>): Promise<T> {
    const running = body();
    const settled = running.then(nothing, nothing).finally(() => this.#building.delete(settled));
    this.#building.add(settled);
    return running;
  }

  /** Resolves when what is being built now is in its branch, or failed. */
  async built(): Promise<void> {
    await Promise.all(this.#building);
  }

  /** Tops of the states that branches are at, with what is computed of them: whatever a branch comes to be at is made from these. */
  tops(): Hash[] {
    const inUse = [...[...this.#branches.values()].map((b) => b.snapshot), ...this.#w.reality.inUse()];
    return [...inUse.flatMap((snapshot) => snapshot.tops()), ...this.#w.propagation.roots()];
  }

  async close(): Promise<void> {
    clearTimeout(this.#idle);
    // One that fails is repeated by the next, which has the same to write.
    await this.#writing?.catch(() => {});
    await this.write();
    clearTimeout(this.#idle);
  }

  /** Starts a checkpoint when much waits to be written; waits for it when too much does. */
  async relieve(branches: readonly Branch[]): Promise<void> {
    const tail = Math.max(...branches.map((b) => b.tailChars), 0);
    // Most of what waits has usually been replaced by later edits and never needs to be written.
    const full = this.#w.space.unwrittenBytes > this.#unwrittenBytesMax;
    if (full && this.#writing === undefined) this.#dropUnused();
    const waiting = this.#w.space.unwrittenBytes;
    if ((full && waiting > this.#unwrittenBytesMax / 2) || tail > limits.unwrittenTailBytesMax / 2) {
      const writing = this.write();
      // In the background a failure costs nothing yet: the log has everything, and the next checkpoint writes the same
      // chunks again. Past the bound the commit waits, and then it is told.
      if (waiting > 4 * this.#unwrittenBytesMax || tail > limits.unwrittenTailBytesMax) await writing;
      else seenElsewhere(writing);
      return;
    }
    this.soon();
  }

  /** Writes what waits when nothing more has come for a while. */
  soon(): void {
    if (this.#idle === undefined) {
      this.#idle = setTimeout(() => {
        this.#idle = undefined;
        seenElsewhere(this.write());
      }, limits.checkpointIdleMs);
      this.#idle.unref();
    } else this.#idle.refresh();
  }

  async #writeCheckpoint(): Promise<void> {
    const moved = [...this.#branches.values()].filter(
      (b) => b.row.version > b.checkpointed || this.#w.propagation.hasUnsaved(b) || this.#hasRealityUnwritten(b),
    );
    if (moved.length === 0) return this.#dropUnused();
    await this.#w.propagation.fold(moved);
    // In one turn: values of one version do not stand under another.
    const taken = await this.#w.read(() =>
      moved.map((branch) => ({
        branch,
        version: branch.row.version,
        durable: branch.durable,
        derived: this.#w.propagation.foldedRoot(branch),
        tops: branch.snapshot.tops(),
        roots: branch.snapshot.roots(),
        realitySeq: this.#w.reality.seq,
        tailChars: branch.tailChars,
      })),
    );
    // A checkpoint must not be ahead of the log: what a failed commit had built would stand under a version not its own.
    const settled = await Promise.allSettled(taken.map((t) => t.durable));
    const good = taken.filter((_, i) => settled[i]!.status === 'fulfilled');
    const chunks = this.#w.space.collectUnwritten(
      good.flatMap((t) => (t.derived === undefined ? t.tops : [...t.tops, t.derived])),
    );
    const checkpoints: Checkpoint[] = good.map((t) => ({
      changeSet: t.branch.row.id,
      version: t.version,
      intentRoot: t.roots.intent,
      realityRoot: t.roots.reality,
      realitySeq: t.realitySeq,
      ...(t.derived === undefined ? {} : { derivedRoot: t.derived }),
    }));
    await this.#w.store.writeChunks(this.#w.id, chunks, checkpoints);
    this.#w.space.markWritten(chunks.map((c) => c.hash));
    for (const t of good) {
      t.branch.checkpointed = t.version;
      if (t.branch.row.isHead) this.#realityWritten = t.realitySeq;
      t.branch.tailChars -= t.tailChars;
    }
    this.#releaseClean();
    this.#dropUnused();
  }

  /** Head's checkpoint is the one that reality is read from. */
  #hasRealityUnwritten({ row }: Branch): boolean {
    return row.isHead && this.#w.reality.seq > this.#realityWritten;
  }

  /** Of too many branches, those not asked for longest are forgotten, when all of them is written. */
  #releaseClean(): void {
    for (const branch of this.#branches.values()) {
      if (this.#branches.size <= limits.branchesMax) return;
      if (branch.row.version === branch.checkpointed) this.#w.release(branch);
    }
  }

  #dropUnused(): void {
    const live = this.tops();
    for (const ref of this.replayed) {
      const snapshot = ref.deref();
      if (snapshot === undefined) this.replayed.delete(ref);
      else live.push(...snapshot.tops());
    }
    this.#w.space.dropUnwritten(live);
  }
}

const nothing = (): void => {};
