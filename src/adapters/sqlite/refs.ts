// The integers that stand for workspace and change set ids in keys, remembered in memory: this process owns the file, so
// nobody else changes them. A workspace gets its ref with the first write that names it, also before its own row is
// made. Forgotten on rollback, since the rows may be gone with it.

import type { ChangeSetId, WorkspaceId } from '../../base/ids.ts';
import type { Database, Statement } from './driver.ts';

/** Bits of a key that number what landed; the others are the workspace. */
export const positionBits = 40;
/** Remembered pairs; beyond it everything is forgotten and read again when needed. */
const rememberedMax = 65_536;

export class Refs {
  readonly #findWorkspace: Statement;
  readonly #addWorkspace: Statement;
  readonly #findChangeSet: Statement;
  readonly #lastPosition: Statement;
  readonly #findGeneration: Statement;
  readonly #nextGeneration: Statement;
  readonly #workspaces = new Map<WorkspaceId, number>();
  readonly #changeSets = new Map<string, number>();
  readonly #positions = new Map<number, number>();
  readonly #generations = new Map<number, number>();
  readonly #lastChunk: Statement;
  #chunkId: number | undefined;

  constructor(db: Database) {
    this.#findWorkspace = db.prepare('select ref from workspace where id = ?');
    this.#addWorkspace = db.prepare('insert into workspace (id) values (?)');
    this.#findChangeSet = db.prepare('select ref from change_set where workspace = ? and id = ?');
    const newest = (table: string) => `select key & ${2 ** positionBits - 1} as n from ${table}
       where key >= (?1 << ${positionBits}) and key < ((?1 + 1) << ${positionBits}) order by key desc limit 1`;
    this.#lastPosition = db.prepare(
      `select max(coalesce((${newest('audit')}), 0), coalesce((${newest('event')}), 0),
         coalesce((select events_removed from workspace where ref = ?1), 0)) as n`,
    );
    this.#lastChunk = db.prepare('select coalesce(max(id), 0) as n from chunk');
    this.#findGeneration = db.prepare('select generation from workspace where ref = ?');
    this.#nextGeneration = db.prepare(
      'update workspace set generation = generation + 1 where ref = ? returning generation',
    );
  }

  findWorkspace(id: WorkspaceId): number | undefined {
    let ref = this.#workspaces.get(id);
    if (ref === undefined) {
      ref = (this.#findWorkspace.get(id) as { ref: number } | undefined)?.ref;
      if (ref !== undefined) this.#remember(this.#workspaces, id, ref);
    }
    return ref;
  }

  /** Inside a transaction only. */
  internWorkspace(id: WorkspaceId): number {
    const found = this.findWorkspace(id);
    if (found !== undefined) return found;
    const ref = Number(this.#addWorkspace.run(id).lastInsertRowid);
    this.#remember(this.#workspaces, id, ref);
    return ref;
  }

  findChangeSet(workspace: number, id: ChangeSetId): number | undefined {
    const key = `${workspace} ${id}`;
    let ref = this.#changeSets.get(key);
    if (ref === undefined) {
      ref = (this.#findChangeSet.get(workspace, id) as { ref: number } | undefined)?.ref;
      if (ref !== undefined) this.#remember(this.#changeSets, key, ref);
    }
    return ref;
  }

  /** The last position that is in the tables; 0: none. */
  lastPosition(workspace: number): number {
    let last = this.#positions.get(workspace);
    if (last === undefined) {
      last = (this.#lastPosition.get(workspace) as { n: number }).n;
      this.#remember(this.#positions, workspace, last);
    }
    return last;
  }

  /** The workspace's next position. Inside a transaction only: asking takes it. */
  takePosition(workspace: number): number {
    const position = this.lastPosition(workspace) + 1;
    this.#remember(this.#positions, workspace, position);
    return position;
  }

  /** The id of the next chunk. Inside a transaction only: asking takes it. */
  takeChunkId(): number {
    this.#chunkId ??= (this.#lastChunk.get() as { n: number }).n;
    return ++this.#chunkId;
  }

  generation(workspace: number): number {
    let generation = this.#generations.get(workspace);
    if (generation === undefined) {
      generation = (this.#findGeneration.get(workspace) as { generation: number }).generation;
      this.#remember(this.#generations, workspace, generation);
    }
    return generation;
  }

  /** Inside a transaction only. */
  startGeneration(workspace: number): number {
    const { generation } = this.#nextGeneration.get(workspace) as { generation: number };
    this.#remember(this.#generations, workspace, generation);
    return generation;
  }

  forget(): void {
    this.#chunkId = undefined;
    for (const map of [this.#workspaces, this.#changeSets, this.#positions, this.#generations]) map.clear();
  }

  #remember<K>(map: Map<K, number>, key: K, value: number): void {
    if (map.size >= rememberedMax) map.clear();
    map.set(key, value);
  }
}
