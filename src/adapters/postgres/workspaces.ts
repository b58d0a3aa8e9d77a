// Workspaces by their integers, and the ways to work in one: reading at any time, writing where the order does not count, and in turn
// with its commits. An integer is given when a workspace is first written to, by a statement of its own: it stays true whatever
// becomes of that write.

import type { WorkspaceId } from '../../base/ids.ts';
import { CommitLane } from './commit_lane.ts';
import type { PostgresDatabase } from './database.ts';

type Work<T> = (workspace: number) => Promise<T>;

export class Workspaces {
  readonly #db: PostgresDatabase;
  readonly #epochOf: (workspace: WorkspaceId) => number | null;
  readonly #refs = new Map<WorkspaceId, number>();
  readonly #lanes = new Map<WorkspaceId, CommitLane>();

  /** `epochOf`: the number of the lease that a workspace is held by; null where nothing is leased. */
  constructor(db: PostgresDatabase, epochOf: (workspace: WorkspaceId) => number | null) {
    this.#db = db;
    this.#epochOf = epochOf;
  }

  /** `none`: what is answered of a workspace that nothing was ever written to. */
  reading<T>(id: WorkspaceId, none: T, body: Work<T>): Promise<T> {
    return this.#db.entering(async () => {
      const ref = await this.#find(id);
      return ref === undefined ? none : body(ref);
    });
  }

  writing<T>(id: WorkspaceId, body: Work<T>): Promise<T> {
    return this.#db.entering(async () => body(await this.intern(id)));
  }

  /** After the commits that were queued before it, and before those that are queued later. */
  inTurn<T>(id: WorkspaceId, body: Work<T>): Promise<T> {
    return this.#db.entering(() => this.lane(id).inTurn(async () => body(await this.intern(id))));
  }

  lane(id: WorkspaceId): CommitLane {
    const lane =
      this.#lanes.get(id) ??
      new CommitLane(
        this.#db,
        () => this.intern(id),
        () => this.#epochOf(id),
      );
    this.#lanes.set(id, lane);
    return lane;
  }

  async #find(id: WorkspaceId): Promise<number | undefined> {
    const known = this.#refs.get(id);
    if (known !== undefined) return known;
    const [row] = await this.#db.ask('reading', 'select ref from workspace where id = $1', [id]);
    if (row !== undefined) this.#refs.set(id, row['ref'] as number);
    return row?.['ref'] as number | undefined;
  }

  /** That of a workspace which is there, else a new one. */
  async intern(id: WorkspaceId): Promise<number> {
    const known = await this.#find(id);
    if (known !== undefined) return known;
    await this.#db.ask('writing', 'insert into workspace (id) values ($1) on conflict do nothing', [id]);
    return (await this.#find(id))!;
  }
}
