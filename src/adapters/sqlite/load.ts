// A store that is made from rows of another (ports/store_dump.ts). It is written under a temporary name beside its own and given that in
// the end, so there is a whole store or none; while the temporary file is there without the other, nobody gets a new store in
// its place (`store_incomplete`). Nothing is synced on the way: what a crash leaves is thrown away.

import type { Hash, WorkspaceId } from '../../base/ids.ts';
import { type ActionRow, fromRow } from '../../model/action_row.ts';
import type { RunColumn } from '../../model/run_row.ts';
import {
  type DumpableStore,
  type DumpPart,
  type DumpRow,
  type DumpTableName,
  type DumpValue,
  dumpTables,
  type StoreTarget,
} from '../../ports/store_dump.ts';
import { checkpointRow } from '../../ports/store_rows.ts';
import { ActionTable } from './action_table.ts';
import { ChunkStore } from './chunk_store.ts';
import { toColumn } from './column_text.ts';
import { type Database, releaseDatabase } from './driver.ts';
import { asFault, guarded } from './fault.ts';
import { ManyRows, type Value } from './many_rows.ts';
import { NewStoreFiles } from './new_store_files.ts';
import { ownFile } from './own_file.ts';
import { realitySeqBits } from './reality_table.ts';
import { positionBits, Refs } from './refs.ts';
import { MemoWriter } from './runs/memo_writer.ts';
import { openRunFile, releaseRunFile, runFilePath, tailRowsMax } from './runs/run_file.ts';
import { type RunSpace, RunSpaces } from './runs/run_spaces.ts';
import { RunWriter } from './runs/run_writer.ts';
import { openSqliteStore, type SqliteStore } from './store.ts';
import { UpkeepWriter } from './upkeep_writer.ts';

/** Where a new store is to be. Refuses (thrown) `already_exists`; faults: `store_busy` while another process makes one there. */
export async function openSqliteTarget(file: string): Promise<StoreTarget> {
  const files = new NewStoreFiles(file);
  files.mustBeFree();
  files.takeOver();
  try {
    return new SqliteTarget(files);
  } catch (e) {
    files.clean();
    throw asFault(e, `making ${file}`);
  }
}

class SqliteTarget implements StoreTarget {
  readonly #files: NewStoreFiles;
  #main: MainFile | undefined;
  #runs: RunsFile | undefined;
  #store: SqliteStore | undefined;

  constructor(files: NewStoreFiles) {
    this.#files = files;
    this.#main = new MainFile(files.temporary);
  }

  async write(part: DumpPart): Promise<void> {
    guarded('writing', () => {
      const { table, workspace, rows } = part;
      if (table === 'run' || table === 'run_log' || table === 'memo') {
        this.#runs ??= new RunsFile(runFilePath(this.#files.temporary));
        this.#runs.write(workspace, table, rows);
      } else this.#main!.write(workspace, table, rows);
    });
  }

  async written(): Promise<DumpableStore> {
    this.#letGo();
    this.#store ??= await openSqliteStore({ file: this.#files.temporary });
    return this.#store;
  }

  async publish(): Promise<void> {
    this.#letGo();
    await this.#store?.close();
    guarded('making the store', () => this.#files.giveNames());
  }

  async discard(): Promise<void> {
    try {
      this.#letGo();
      await this.#store?.close();
    } finally {
      this.#files.clean();
    }
  }

  #letGo(): void {
    const [main, runs] = [this.#main, this.#runs];
    this.#main = undefined;
    this.#runs = undefined;
    try {
      runs?.close();
    } finally {
      main?.close();
    }
  }
}

/** Without syncs, in transactions of one part. */
function transaction(db: Database, body: () => void): void {
  db.exec('begin immediate');
  try {
    body();
    db.exec('commit');
  } catch (e) {
    if (db.isTransaction) db.exec('rollback');
    throw e;
  }
}

type TableOfMain = Exclude<DumpTableName, 'run' | 'run_log' | 'memo'>;
/** The tables whose rows are put in as they are, with what their key is made of. */
type PlainTable = Exclude<TableOfMain, 'workspace' | 'action' | 'chunk' | 'checkpoint'>;

/** `keys`: columns that take two numbers each, and how they are packed. */
const placed = (table: PlainTable, keys: Readonly<Record<string, number>>, columns: string) => ({
  before: `insert into ${table} (${[...Object.keys(keys), columns].join(', ')})`,
  values: `(${Object.values(keys)
    .map((bits) => `(? << ${bits}) | ?`)
    .join(', ')}${', ?'.repeat(columns.split(', ').length)})`,
});
const owned = (table: PlainTable) => {
  const names = dumpTables[table].columns.map(([name]) => name);
  return {
    before: `insert into ${table} (workspace, ${names.join(', ')})`,
    values: `(?${', ?'.repeat(names.length)})`,
  };
};

/** `values` takes the workspace's integer and the row's columns, but for `log` and `audit`: see `#valuesOf`. */
const inserts: Readonly<Record<PlainTable, { readonly before: string; readonly values: string }>> = {
  change_set: owned('change_set'),
  log: placed('log', { key: 32 }, 'text'),
  audit: placed('audit', { key: positionBits, chain: 32 }, 'version, subject, kind, actor, at_ms, text, hash'),
  reality: placed('reality', { key: realitySeqBits }, 'text'),
  event: placed('event', { key: positionBits }, 'step, text'),
  idempotency: owned('idempotency'),
  setting: owned('setting'),
  document: owned('document'),
  sealed: owned('sealed'),
};

class MainFile {
  readonly #db: Database;
  readonly #refs: Refs;
  readonly #actions: ActionTable;
  readonly #chunks: ChunkStore;
  readonly #upkeep: UpkeepWriter;
  readonly #writers = new Map<PlainTable, ManyRows>();

  constructor(file: string) {
    this.#db = ownFile(file, undefined);
    this.#db.exec('pragma synchronous = off');
    this.#refs = new Refs(this.#db);
    this.#actions = new ActionTable(this.#db, this.#refs);
    this.#chunks = new ChunkStore(this.#db, this.#refs);
    this.#upkeep = new UpkeepWriter(this.#db, this.#refs);
  }

  write(workspace: WorkspaceId, table: TableOfMain, rows: readonly DumpRow[]): void {
    transaction(this.#db, () => {
      const ref = this.#refs.internWorkspace(workspace);
      switch (table) {
        case 'workspace':
          return this.#nameWorkspace(ref, rows[0]!);
        case 'action':
          for (const row of rows) this.#actions.put(ref, fromRow(named(table, row) as unknown as ActionRow));
          return;
        case 'chunk':
          return this.#chunks.write(
            ref,
            rows.map(([hash, text]) => ({ hash: hash as Hash, text: text as string })),
          );
        case 'checkpoint':
          return this.#upkeep.putCheckpoints(
            ref,
            rows.map((row) => checkpointRow(named(table, row))),
          );
        default:
          this.#writer(table).run(rows.flatMap((row) => this.#valuesOf(ref, table, row)));
      }
    });
  }

  close(): void {
    releaseDatabase(this.#db);
  }

  /** The last position is that of the last row, or the last that was removed. */
  #nameWorkspace(ref: number, [name, head, createdAtMs, , removed]: DumpRow): void {
    this.#db
      .prepare('update workspace set name = ?, head = ?, created_at_ms = ?, events_removed = ? where ref = ?')
      .run(name === null ? null : toColumn(name as string), head as Value, createdAtMs as Value, removed as Value, ref);
  }

  #writer(table: PlainTable): ManyRows {
    const { before, values } = inserts[table];
    const width = values.split('?').length - 1;
    const writer = this.#writers.get(table) ?? new ManyRows(this.#db, { before, values, after: '', width });
    this.#writers.set(table, writer);
    return writer;
  }

  /** In the order of the statement's parameters. */
  #valuesOf(workspace: number, table: PlainTable, row: DumpRow): Value[] {
    const values = dumpTables[table].columns.map(([, kind], i): Value => {
      const value: DumpValue = row[i]!;
      if (kind === 'changeSet') return this.#refs.findChangeSet(workspace, value as never) ?? null;
      if (kind === 'text' && value !== null) return toColumn(value as string);
      return typeof value === 'boolean' ? Number(value) : value;
    });
    return table === 'log' ? values : [workspace, ...values];
  }
}

/** A row with the names of its columns. */
function named(table: DumpTableName, row: DumpRow): Readonly<Record<string, DumpValue>> {
  return Object.fromEntries(dumpTables[table].columns.map(([name], i) => [name, row[i]!]));
}

class RunsFile {
  readonly #db: Database;
  readonly #spaces: RunSpaces;
  readonly #runs: RunWriter;
  readonly #memo: MemoWriter;

  constructor(file: string) {
    this.#db = openRunFile(file);
    this.#db.exec('pragma synchronous = off');
    this.#spaces = new RunSpaces(this.#db);
    this.#runs = new RunWriter(this.#db);
    this.#memo = new MemoWriter(this.#db);
  }

  write(workspace: WorkspaceId, table: 'run' | 'run_log' | 'memo', rows: readonly DumpRow[]): void {
    transaction(this.#db, () => {
      const space = this.#spaces.use(workspace);
      if (table === 'run') this.#runs.put(space, rows.flat() as RunColumn[]);
      else if (table === 'run_log') this.#runs.append(space, rows.flat() as (string | number)[]);
      else
        this.#memo.write(space, {
          hashes: rows.map(([key]) => key as Hash),
          texts: rows.map(([, text]) => text as string),
          asked: [],
        });
      this.#file(space);
      this.#spaces.save();
    });
  }

  close(): void {
    releaseRunFile(this.#db);
  }

  #file(space: RunSpace): void {
    if (space.runLast - space.runFiled >= tailRowsMax) this.#runs.file(space, tailRowsMax);
    if (space.memoLast - space.memoFiled >= tailRowsMax) this.#memo.file(space, tailRowsMax);
  }
}
