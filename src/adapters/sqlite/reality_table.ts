// The steps of reality: appended one after another in each workspace, without a gap, and never changed. A key packs the
// workspace and the number of the step, so that the steps of a workspace lie together and in order.

import type { WorkspaceId } from '../../base/ids.ts';
import { assertFollowing } from '../../ports/reality_steps.ts';
import type { Commit, RealityRow } from '../../ports/store.ts';
import { fromColumn, toColumn } from './column_text.ts';
import type { Database, Statement } from './driver.ts';
import type { Refs } from './refs.ts';

/** Bits of a key that number the step; the others are the workspace. */
export const realitySeqBits = 40;
const lastSeq = 2 ** realitySeqBits - 1;

export class RealityTable {
  readonly #refs: Refs;
  readonly #last: Statement;
  readonly #read: Statement;
  readonly #add: Statement;

  constructor(db: Database, refs: Refs) {
    this.#refs = refs;
    this.#last = db.prepare(
      `select key & ${lastSeq} as seq from reality
       where key >= (? << ${realitySeqBits}) and key < (? << ${realitySeqBits}) order by key desc limit 1`,
    );
    this.#read = db.prepare(
      `select key & ${lastSeq} as seq, text from reality
       where key > (? << ${realitySeqBits}) + ? and key < (? << ${realitySeqBits}) order by key limit ?`,
    );
    this.#add = db.prepare(`insert into reality (key, text) values ((? << ${realitySeqBits}) | ?, ?)`);
  }

  /** Number of the last step; 0: there is none. */
  lastSeq(workspaceId: WorkspaceId): number {
    const workspace = this.#refs.findWorkspace(workspaceId);
    const row = workspace === undefined ? undefined : this.#last.get(workspace, workspace + 1);
    return (row as { seq: number } | undefined)?.seq ?? 0;
  }

  read(workspaceId: WorkspaceId, after: number, limit: number): RealityRow[] {
    const workspace = this.#refs.findWorkspace(workspaceId);
    if (workspace === undefined) return [];
    const from = Math.max(0, Math.min(after, lastSeq));
    const rows = this.#read.all(workspace, from, workspace + 1, Math.max(0, Math.min(limit, lastSeq)));
    return (rows as unknown as { seq: number; text: string | Uint8Array }[]).map((row) => ({
      seq: row.seq,
      text: fromColumn(row.text),
    }));
  }

  /** Inside a transaction, once `expected` is known to be the last step there is. */
  append(workspace: number, reality: NonNullable<Commit['reality']>): void {
    assertFollowing({ reality });
    for (const { seq, text } of reality.rows) this.#add.run(workspace, seq, toColumn(text));
  }
}
