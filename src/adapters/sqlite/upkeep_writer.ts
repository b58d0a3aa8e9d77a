// The small writes beside commits: settings, checkpoints, forgetting idempotency rows. Called inside a transaction.
// Forgetting is the one that may touch much; it goes by ranges of row ids, so that commits get their turn in between.

import type { WorkspaceId } from '../../base/ids.ts';
import { Fault } from '../../base/result.ts';
import type { Checkpoint } from '../../ports/store.ts';
import { toColumn } from './column_text.ts';
import type { Database, Statement } from './driver.ts';
import type { Refs } from './refs.ts';

export class UpkeepWriter {
  readonly #refs: Refs;
  readonly #putSetting: Statement;
  readonly #putCheckpoint: Statement;
  readonly #removeCheckpoint: Statement;
  readonly #expire: Statement;
  readonly #nextRow: Statement;

  constructor(db: Database, refs: Refs) {
    this.#refs = refs;
    this.#putSetting = db.prepare(
      `insert into setting (workspace, name, value) values (?, ?, ?)
       on conflict (workspace, name) do update set value = excluded.value`,
    );
    this.#putCheckpoint = db.prepare(
      `insert or replace into checkpoint (key, intent_root, reality_root, reality_seq, derived_root)
       values ((? << 32) | ?, ?, ?, ?, ?)`,
    );
    this.#removeCheckpoint = db.prepare('delete from checkpoint where key = (? << 32) | ?');
    this.#expire = db.prepare('delete from idempotency where rowid > ? and rowid <= ? and workspace = ? and at_ms < ?');
    this.#nextRow = db.prepare(
      'select rowid as n, at_ms as atMs from idempotency where rowid > ? order by rowid limit 1',
    );
  }

  putSetting(workspace: WorkspaceId, name: string, value: string): void {
    this.#putSetting.run(this.#refs.internWorkspace(workspace), toColumn(name), toColumn(value));
  }

  putCheckpoints(workspace: number, checkpoints: readonly Checkpoint[]): void {
    for (const c of checkpoints) {
      const ref = this.#refs.findChangeSet(workspace, c.changeSet);
      if (ref === undefined) throw new Fault('store_failed', `change set ${c.changeSet} does not exist`);
      this.#putCheckpoint.run(ref, c.version, c.intentRoot, c.realityRoot, c.realitySeq, c.derivedRoot ?? null);
    }
  }

  removeCheckpoints(workspaceId: WorkspaceId, checkpoints: readonly Checkpoint[]): void {
    const workspace = this.#refs.findWorkspace(workspaceId);
    if (workspace === undefined) return;
    for (const c of checkpoints) {
      const ref = this.#refs.findChangeSet(workspace, c.changeSet);
      if (ref !== undefined) this.#removeCheckpoint.run(ref, c.version);
    }
  }

  /** The first of the rows behind a row id, of whichever workspace. */
  idempotentRowAfter(after: number): { readonly n: number; readonly atMs: number } | undefined {
    return this.#nextRow.get(after) as { n: number; atMs: number } | undefined;
  }

  /** Expires rows of the workspace among the row ids after < id <= upTo; answers how many. */
  expireIdempotent(workspaceId: WorkspaceId, beforeMs: number, range: { after: number; upTo: number }): number {
    const workspace = this.#refs.findWorkspace(workspaceId);
    if (workspace === undefined) return 0;
    return Number(this.#expire.run(range.after, range.upTo, workspace, beforeMs).changes);
  }
}
