// Documents and sealed contents: few, small, and lost for good when they are lost. They lie in the store's main file and
// go through its queue, so that one backup holds them and what they open.

import type { WorkspaceId } from '../../base/ids.ts';
import { compareText } from '../../base/json.ts';
import type { ChangeSetVersion } from '../../ports/run_store.ts';
import { fromColumn, toColumn } from './column_text.ts';
import type { Database, Statement } from './driver.ts';
import type { Refs } from './refs.ts';
import type { RowReader } from './row_reader.ts';
import type { WriteQueue } from './write_queue.ts';

type Text = string | Uint8Array;
type Reading = <T>(body: () => T) => T;

export class DocumentStore {
  readonly #refs: Refs;
  readonly #queue: WriteQueue;
  readonly #reader: RowReader;
  readonly #reading: Reading;
  readonly #find: Statement;
  readonly #put: Statement;
  readonly #findSealed: Statement;
  readonly #putSealed: Statement;
  readonly #sealedKeys: Statement;
  readonly #removeSealed: Statement;

  /** `reading` runs a read while the store is open, its errors translated. */
  constructor(
    db: Database,
    parts: { readonly refs: Refs; readonly queue: WriteQueue; readonly reader: RowReader; readonly reading: Reading },
  ) {
    this.#refs = parts.refs;
    this.#queue = parts.queue;
    this.#reader = parts.reader;
    this.#reading = parts.reading;
    this.#find = db.prepare('select text from document where workspace = ? and name = ?');
    this.#put = db.prepare(
      `insert into document (workspace, name, text) values (?, ?, ?)
       on conflict (workspace, name) do update set text = excluded.text`,
    );
    this.#findSealed = db.prepare('select text from sealed where workspace = ? and key = ?');
    this.#putSealed = db.prepare(
      `insert into sealed (workspace, key, text) values (?, ?, ?)
       on conflict (workspace, key) do update set text = excluded.text`,
    );
    this.#sealedKeys = db.prepare('select key from sealed where workspace = ?');
    this.#removeSealed = db.prepare('delete from sealed where workspace = ? and key = ?');
  }

  read(workspace: WorkspaceId, name: string): string | undefined {
    return this.#reading(() => this.#text(this.#find, workspace, name));
  }

  /** False, and nothing written, when the document is not as expected. */
  write(workspace: WorkspaceId, name: string, text: string, expected: string | undefined): Promise<boolean> {
    return this.#queue.enqueue(text.length, () => {
      if (this.#text(this.#find, workspace, name) !== expected) return false;
      this.#put.run(this.#refs.internWorkspace(workspace), toColumn(name), toColumn(text));
      return true;
    });
  }

  putSealed(workspace: WorkspaceId, key: string, sealed: string): Promise<void> {
    return this.#queue.enqueue(sealed.length, () => {
      this.#putSealed.run(this.#refs.internWorkspace(workspace), toColumn(key), toColumn(sealed));
    });
  }

  readSealed(workspace: WorkspaceId, key: string): string | undefined {
    return this.#reading(() => this.#text(this.#findSealed, workspace, key));
  }

  listSealed(workspace: WorkspaceId): string[] {
    return this.#reading(() => {
      const ref = this.#refs.findWorkspace(workspace);
      if (ref === undefined) return [];
      const rows = this.#sealedKeys.all(ref) as unknown as { key: Text }[];
      return rows.map((row) => fromColumn(row.key)).sort(compareText);
    });
  }

  removeSealed(workspace: WorkspaceId, keys: readonly string[]): Promise<number> {
    return this.#queue.enqueue(keys.length, () => this.#remove(workspace, keys));
  }

  removeSealedAt(
    workspace: WorkspaceId,
    keys: readonly string[],
    at: readonly ChangeSetVersion[],
  ): Promise<number | undefined> {
    // In a transaction of the queue the tables hold every commit before this job: what the journal had was moved first.
    return this.#queue.enqueue(keys.length, () => {
      const rows = this.#reader.changeSets(workspace);
      const versions = new Map(at.map(({ id, version }) => [id, version]));
      const isAt = rows.length === versions.size && rows.every((row) => versions.get(row.id) === row.version);
      return isAt ? this.#remove(workspace, keys) : undefined;
    });
  }

  #remove(workspace: WorkspaceId, keys: readonly string[]): number {
    const ref = this.#refs.findWorkspace(workspace);
    let removed = 0;
    if (ref === undefined) return removed;
    for (const key of keys) removed += Number(this.#removeSealed.run(ref, toColumn(key)).changes);
    return removed;
  }

  #text(find: Statement, workspace: WorkspaceId, name: string): string | undefined {
    const ref = this.#refs.findWorkspace(workspace);
    if (ref === undefined) return undefined;
    const row = find.get(ref, toColumn(name)) as { text: Text } | undefined;
    return row && fromColumn(row.text);
  }
}
