// The run store of the embedded store: writes go to a thread, reads are answered here, documents and sealed contents are
// the main file's. The second file is made by the first write; until then there is nothing to read.

import { existsSync, statSync } from 'node:fs';
import type { Hash, RunId, WorkspaceId } from '../../../base/ids.ts';
import { Fault } from '../../../base/result.ts';
import type { RunLogLine, RunRecord } from '../../../model/run.ts';
import { toColumns } from '../../../model/run_row.ts';
import type { ChangeSetVersion, MemoRow, RunQuery, RunStatistics, RunStore } from '../../../ports/run_store.ts';
import type { StoreProblem } from '../../../ports/store.ts';
import { backupTo, refuseExisting } from '../backup.ts';
import type { DocumentStore } from '../document_store.ts';
import { canBackUpOnline, type Database } from '../driver.ts';
import { asFault, guarded } from '../fault.ts';
import { MemoFilters } from './memo_filter.ts';
import { checkRunFile } from './run_check.ts';
import { connectRunFile, openRunFile, releaseRunFile, runFilePath } from './run_file.ts';
import { RunReader } from './run_reader.ts';
import { ThreadClient } from './thread_client.ts';

/** Old entries that were asked for, remembered until the next write of the memo; beyond it the first are forgotten. */
const askedMax = 20_000;

export class SqliteRunStore implements RunStore {
  readonly file: string;
  readonly #fileBytesMax: number | undefined;
  readonly #documents: DocumentStore;
  readonly #thread: ThreadClient;
  readonly #asked = new Map<WorkspaceId, Set<number>>();
  readonly #filters = new MemoFilters((workspace) => this.#thread.run({ workspace, kind: 'memoFilter' }));
  #db: Database | undefined;
  #reader: RunReader | undefined;
  #isClosed = false;

  constructor(options: { storeFile: string; fileBytesMax: number | undefined; documents: DocumentStore }) {
    this.file = runFilePath(options.storeFile);
    this.#fileBytesMax = options.fileBytesMax;
    this.#documents = options.documents;
    this.#thread = new ThreadClient({ file: this.file, fileBytesMax: options.fileBytesMax });
  }

  async putRuns(workspace: WorkspaceId, runs: readonly RunRecord[]): Promise<void> {
    this.#open();
    if (runs.length > 0) await this.#thread.run({ workspace, kind: 'runs', columns: toColumns(runs) });
  }

  async findRun(workspace: WorkspaceId, id: RunId): Promise<RunRecord | undefined> {
    return this.#reading(undefined, (reader) => reader.find(workspace, id));
  }

  async listRuns(workspace: WorkspaceId, query: RunQuery): Promise<readonly RunRecord[]> {
    const runs: RunRecord[] = [];
    for (let before: string | undefined = query.before; ; ) {
      const from = before;
      const wanted = query.limit - runs.length;
      const page = this.#reading(undefined, (reader) => reader.list(workspace, query, from, wanted));
      runs.push(...(page?.runs.slice(0, wanted) ?? []));
      before = page?.down;
      if (before === undefined || runs.length >= query.limit) return runs;
      // Whoever looks for a needle lets others have their turn.
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  async appendLog(
    workspace: WorkspaceId,
    lines: readonly { readonly run: RunId; readonly line: RunLogLine }[],
  ): Promise<void> {
    this.#open();
    const columns: (string | number)[] = [];
    // As JSON: what a program writes may hold any character, also one that a column cannot.
    for (const { run, line } of lines) columns.push(run, line.seq, line.atMs, line.stream, JSON.stringify(line.text));
    if (lines.length > 0) await this.#thread.run({ workspace, kind: 'log', columns });
  }

  async readRunLog(workspace: WorkspaceId, run: RunId, after: number, limit: number): Promise<readonly RunLogLine[]> {
    return this.#reading([], (reader) => reader.log(workspace, run, after, limit));
  }

  async pruneRuns(workspace: WorkspaceId, endedBeforeMs: number, keepCount: number): Promise<number> {
    if (!this.#isThere()) return 0;
    return this.#thread.run({ workspace, kind: 'prune', endedBeforeMs, keepCount });
  }

  async readMemo(workspace: WorkspaceId, keys: readonly Hash[]): Promise<ReadonlyMap<Hash, string>> {
    const wanted = this.#filters.among(workspace, keys);
    if (wanted.length === 0) return new Map();
    const page = this.#reading(undefined, (reader) => reader.memo(workspace, wanted));
    if (page === undefined) return new Map();
    this.#filters.missed(workspace, wanted.length - page.texts.size);
    if (page.old.length > 0) this.#noteAsked(workspace, page.old);
    return page.texts;
  }

  async writeMemo(workspace: WorkspaceId, rows: readonly MemoRow[], memoBytesMax: number): Promise<void> {
    this.#open();
    this.#filters.wrote(
      workspace,
      rows.map((row) => row.key),
    );
    const asked = [...(this.#asked.get(workspace) ?? [])];
    this.#asked.delete(workspace);
    await this.#thread.run({
      workspace,
      kind: 'memo',
      hashes: rows.map((row) => row.key),
      texts: rows.map((row) => row.text),
      bytesMax: memoBytesMax,
      asked,
    });
  }

  async clearMemo(workspace: WorkspaceId): Promise<number> {
    if (!this.#isThere()) return 0;
    return this.#thread.run({ workspace, kind: 'clearMemo' });
  }

  async readDocument(workspace: WorkspaceId, name: string): Promise<string | undefined> {
    return this.#documents.read(workspace, name);
  }

  writeDocument(workspace: WorkspaceId, name: string, text: string, expected: string | undefined): Promise<boolean> {
    return this.#documents.write(workspace, name, text, expected);
  }

  putSealed(workspace: WorkspaceId, key: string, sealed: string): Promise<void> {
    return this.#documents.putSealed(workspace, key, sealed);
  }

  async readSealed(workspace: WorkspaceId, key: string): Promise<string | undefined> {
    return this.#documents.readSealed(workspace, key);
  }

  async listSealed(workspace: WorkspaceId): Promise<readonly string[]> {
    return this.#documents.listSealed(workspace);
  }

  removeSealed(workspace: WorkspaceId, keys: readonly string[]): Promise<number> {
    return this.#documents.removeSealed(workspace, keys);
  }

  removeSealedAt(
    workspace: WorkspaceId,
    keys: readonly string[],
    at: readonly ChangeSetVersion[],
  ): Promise<number | undefined> {
    return this.#documents.removeSealedAt(workspace, keys, at);
  }

  async statistics(workspace: WorkspaceId): Promise<RunStatistics> {
    const none = { runs: 0, logLines: 0, memoEntries: 0, memoBytes: 0 };
    return this.#reading(none, (reader) => reader.statistics(workspace));
  }

  /** Writes what is queued and gives the file up. Later calls get `store_failed`. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#thread.close();
    const db = this.#db;
    this.#db = undefined;
    if (db !== undefined) guarded('closing', () => releaseRunFile(db));
  }

  /** Problems of the file's own structure, at most `most`. */
  async check(most: number): Promise<readonly StoreProblem[]> {
    if (most <= 0 || !this.#isThere()) return [];
    return checkRunFile(this.#db!, most);
  }

  /** What reads the file, if there is one. */
  connection(): Database | undefined {
    return this.#isThere() ? this.#db : undefined;
  }

  /** A consistent copy of the file, if there is one, beside what will be the copy of the main file at `destination`. */
  async backup(destination: string): Promise<void> {
    if (!this.#isThere()) return refuseExisting(runFilePath(destination), 'runs of another store');
    // A connection of its own in one long read: the thread writes on, which would make a copy through any other start anew.
    const db = connectRunFile(this.file, undefined);
    try {
      if (canBackUpOnline()) db.exec('begin; select count(*) from sqlite_schema');
      await backupTo(db, runFilePath(destination));
    } finally {
      if (db.isTransaction) db.exec('commit');
      db.close();
    }
  }

  /** Bytes on disk, and groups of writes with one sync each since opening. */
  figures(): { readonly runFileBytes: number; readonly runTransactions: number } {
    const bytes = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    return { runFileBytes: bytes(this.file) + bytes(`${this.file}-wal`), runTransactions: this.#thread.groups };
  }

  #noteAsked(workspace: WorkspaceId, numbers: readonly number[]): void {
    const asked = this.#asked.get(workspace) ?? new Set<number>();
    this.#asked.set(workspace, asked);
    for (const number of numbers) asked.add(number);
    for (const number of asked) {
      if (asked.size <= askedMax) break;
      asked.delete(number);
    }
  }

  #reading<T>(none: T, body: (reader: RunReader) => T): T {
    return this.#isThere() ? guarded('reading runs', () => body(this.#open())) : none;
  }

  #isThere(): boolean {
    if (this.#isClosed) throw closed();
    if (this.#db === undefined && existsSync(this.file)) this.#open();
    return this.#db !== undefined;
  }

  #open(): RunReader {
    if (this.#isClosed) throw closed();
    if (this.#reader !== undefined) return this.#reader;
    const db = openRunFile(this.file, this.#fileBytesMax);
    try {
      this.#reader = new RunReader(db);
      this.#db = db;
      return this.#reader;
    } catch (e) {
      db.close();
      throw asFault(e, `opening ${this.file}`);
    }
  }
}

function closed(): Fault {
  return new Fault('store_failed', 'the store is closed');
}
