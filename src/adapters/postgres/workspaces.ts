// Workspaces by their integers. One is given when a workspace is first written to, by a statement of its own: it stays true
// whatever becomes of that write.

import type { WorkspaceId } from '../../base/ids.ts';
import type { PostgresDatabase } from './database.ts';

export class Workspaces {
  readonly #db: PostgresDatabase;
  readonly #refs = new Map<WorkspaceId, number>();

  constructor(db: PostgresDatabase) {
    this.#db = db;
  }

  async find(id: WorkspaceId): Promise<number | undefined> {
    const known = this.#refs.get(id);
    if (known !== undefined) return known;
    const [row] = await this.#db.ask('reading', 'select ref from workspace where id = $1', [id]);
    if (row !== undefined) this.#refs.set(id, row['ref'] as number);
    return row?.['ref'] as number | undefined;
  }

  /** Answers that of a workspace which is there, else makes one. */
  async intern(id: WorkspaceId): Promise<number> {
    const known = await this.find(id);
    if (known !== undefined) return known;
    await this.#db.ask('writing', 'insert into workspace (id) values ($1) on conflict do nothing', [id]);
    return (await this.find(id))!;
  }
}
