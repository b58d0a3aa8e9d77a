// A store in memory whose writes a test can hold up and let fail: what is written behind a failed commit, and what is
// read while one is under way, is where promises break.

import { MemoryStore } from '../../src/adapters/memory/store.ts';
import type { Hash, WorkspaceId } from '../../src/base/ids.ts';
import { Fault } from '../../src/base/result.ts';
import type { Checkpoint, ChunkRow, Commit, CommitOutcome } from '../../src/ports/store.ts';

export class FailingStore extends MemoryStore {
  /** Asked for every commit in the order of queueing: true makes it fail. */
  fails: (commit: Commit) => boolean = () => false;
  /** Asked as `fails` is: true makes it land and be answered as one that somebody else was quicker than. */
  isUnheard: (commit: Commit) => boolean = () => false;
  chunksFail = false;
  /** Commits queue up until `release`. */
  held = false;
  commitsSeen = 0;
  #queue: (() => void)[] = [];
  #readGate: Promise<void> | undefined;

  override commit(workspace: WorkspaceId, commit: Commit): Promise<CommitOutcome> {
    this.commitsSeen++;
    const isBad = this.fails(commit);
    const isUnheard = this.isUnheard(commit);
    return new Promise((resolve, reject) => {
      const run = () => {
        if (isBad) reject(new Fault('store_failed', 'the disk is full'));
        else super.commit(workspace, commit).then((o) => resolve(isUnheard ? overtaken(commit) : o), reject);
      };
      // Not at once, as with a disk; in the order of queueing.
      this.#queue.push(run);
      if (!this.held) setImmediate(() => this.#next());
    });
  }

  /** Lets everything that waits go on, in order. */
  release(): void {
    this.held = false;
    while (this.#queue.length > 0) this.#next();
  }

  #next(): void {
    if (!this.held) this.#queue.shift()?.();
  }

  override async writeChunks(
    workspace: WorkspaceId,
    chunks: readonly ChunkRow[],
    checkpoints: readonly Checkpoint[],
  ): Promise<void> {
    if (this.chunksFail) throw new Fault('store_failed', 'the disk is full');
    return super.writeChunks(workspace, chunks, checkpoints);
  }

  /** The next read of chunks waits until the answer is called. */
  holdNextRead(): () => void {
    let open = () => {};
    this.#readGate = new Promise((resolve) => {
      open = resolve;
    });
    return open;
  }

  override async readChunks(workspace: WorkspaceId, hashes: readonly Hash[]): Promise<ReadonlyMap<Hash, string>> {
    const gate = this.#readGate;
    this.#readGate = undefined;
    await gate;
    return super.readChunks(workspace, hashes);
  }

  override async close(): Promise<void> {}
}

function overtaken({ changeSets: [first] }: Commit): CommitOutcome {
  return { ok: false, changeSet: first!.row.id, version: first!.row.version };
}
