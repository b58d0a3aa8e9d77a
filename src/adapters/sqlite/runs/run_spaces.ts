// The counters of each workspace in the second file, in memory while the thread that owns them runs. Changed inside a
// transaction and saved before it ends; forgotten when it is rolled back.

import type { WorkspaceId } from '../../../base/ids.ts';
import type { Database, Statement } from '../driver.ts';

/** Numbers of the last row and of the last one filed, and the size of the memo (see run_file). */
export interface RunSpace {
  readonly ref: number;
  runLast: number;
  runFiled: number;
  memoLast: number;
  memoFiled: number;
  memoBytes: number;
}

/** A workspace as it stands in the file. */
export interface WorkspaceRow {
  readonly ref: number;
  readonly run_last: number;
  readonly run_filed: number;
  readonly memo_last: number;
  readonly memo_filed: number;
  readonly memo_bytes: number;
}

export class RunSpaces {
  readonly #find: Statement;
  readonly #add: Statement;
  readonly #save: Statement;
  readonly #spaces = new Map<WorkspaceId, RunSpace>();
  /** Touched since the last save. */
  readonly #used = new Set<RunSpace>();

  constructor(db: Database) {
    this.#find = db.prepare('select * from workspace where id = ?');
    this.#add = db.prepare('insert into workspace (id) values (?)');
    this.#save = db.prepare(
      'update workspace set run_last = ?, run_filed = ?, memo_last = ?, memo_filed = ?, memo_bytes = ? where ref = ?',
    );
  }

  /** Inside a transaction only: the caller may change what it gets. */
  use(id: WorkspaceId): RunSpace {
    const space = this.#spaces.get(id) ?? this.#read(id);
    this.#spaces.set(id, space);
    this.#used.add(space);
    return space;
  }

  all(): readonly WorkspaceId[] {
    return [...this.#spaces.keys()];
  }

  /** Before the transaction ends. */
  save(): void {
    for (const s of this.#used) this.#save.run(s.runLast, s.runFiled, s.memoLast, s.memoFiled, s.memoBytes, s.ref);
    this.#used.clear();
  }

  forget(): void {
    this.#spaces.clear();
    this.#used.clear();
  }

  #read(id: WorkspaceId): RunSpace {
    let row = this.#find.get(id) as WorkspaceRow | undefined;
    if (row === undefined) {
      this.#add.run(id);
      row = this.#find.get(id) as unknown as WorkspaceRow;
    }
    return {
      ref: row.ref,
      runLast: row.run_last,
      runFiled: row.run_filed,
      memoLast: row.memo_last,
      memoFiled: row.memo_filed,
      memoBytes: row.memo_bytes,
    };
  }
}
