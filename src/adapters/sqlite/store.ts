// The embedded store: one SQLite file, owned by one process. Translates the port's calls into jobs of the write queue
// and reads; the rows themselves are made in commit_writer, chunk_store, upkeep_writer and row_reader.
//
// Durability: write-ahead log with synchronous=FULL, so a commit is synced before its promise resolves. Ownership: the
// exclusive lock on the file is taken at opening and kept; the kernel frees it when the process ends, however it ends.
// Nothing in this process may open the store's file by other means while it is open: closing any descriptor of a file
// drops all the POSIX locks that the process has on it.

import { existsSync, rmSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ActionId, ChangeSetId, Hash, WorkspaceId } from '../../base/ids.ts';
import { Fault } from '../../base/result.ts';
import type { ActionRecord } from '../../model/action.ts';
import type {
  ActionQuery,
  AuditQuery,
  AuditRow,
  ChangeSetRow,
  Checkpoint,
  ChunkRow,
  Commit,
  CommitOutcome,
  EventPage,
  IdempotencyRow,
  LogRow,
  PrunedActions,
  RealityRow,
  StoreProblem,
  SweepOutcome,
  WorkspaceRow,
} from '../../ports/store.ts';
import type { DumpableStore, DumpPart } from '../../ports/store_dump.ts';
import { weightOfAction } from './action_journal.ts';
import { ActionList } from './action_list.ts';
import { ActionTable } from './action_table.ts';
import { backupTo, mustBeNew } from './backup.ts';
import { checkStore } from './check.ts';
import { ChunkStore } from './chunk_store.ts';
import { CommitWriter } from './commit_writer.ts';
import { DocumentStore } from './document_store.ts';
import { type Database, readPragma, releaseDatabase } from './driver.ts';
import { dumpFiles } from './dump.ts';
import { EventTable } from './event_table.ts';
import { asFault, guarded } from './fault.ts';
import { Journal, journaledCharsMax } from './journal.ts';
import { temporaryPath } from './new_store_files.ts';
import { ownFile } from './own_file.ts';
import { RealityTable } from './reality_table.ts';
import { Refs } from './refs.ts';
import { RowReader } from './row_reader.ts';
import { runFilePath } from './runs/run_file.ts';
import { SqliteRunStore } from './runs/run_store.ts';
import { UpkeepWriter } from './upkeep_writer.ts';
import { WriteQueue } from './write_queue.ts';

export interface SqliteStoreOptions {
  /**
   * Path of the file; made if it is not there, its folder must be. `-wal` and `-commits` beside it belong to it, and
   * `-runs` (with a `-wal` and a `-shm` of its own), which holds runs and the memo and is made with the first of them.
   */
  readonly file: string;
  /** Most bytes of each of the two files, rounded down to pages; a write beyond it fails as on a full disk. Default: no bound. */
  readonly fileBytesMax?: number;
}

/** Chunks looked at, or rows expired, in one transaction of a sweep. */
const sweepStepRows = 2_000;
/** Two openers at the same instant can each keep the other out; each tries again after this long. */
const openRetryMs = [5, 20];

/**
 * Opens or makes a store. Faults: `store_busy` when another process has it, `store_version`, `store_damaged`, `store_incomplete` where one
 * was being made from another and is not whole, `store_failed`.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<SqliteStore> {
  const { file } = options;
  const unfinished = temporaryPath(file);
  if (!existsSync(file) && existsSync(unfinished))
    throw new Fault('store_incomplete', `${file} was being made and is not whole: ${unfinished}`, { file: unfinished });
  for (const waitMs of openRetryMs) {
    try {
      return new SqliteStore(options);
    } catch (e) {
      if (!(e instanceof Fault) || e.code !== 'store_busy') throw e;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }
  return new SqliteStore(options);
}

export class SqliteStore implements DumpableStore {
  readonly kind = 'sqlite';
  readonly file: string;
  readonly runs: SqliteRunStore;
  readonly #db: Database;
  readonly #queue: WriteQueue;
  readonly #refs: Refs;
  readonly #reader: RowReader;
  readonly #commits: CommitWriter;
  readonly #journal: Journal;
  readonly #chunks: ChunkStore;
  readonly #upkeep: UpkeepWriter;
  readonly #actions: ActionList;
  readonly #events: EventTable;
  readonly #backups = new Set<Promise<void>>();
  /** Places that backups are being written to. */
  readonly #copiedTo = new Set<string>();
  #closing: Promise<void> | undefined;
  #commitCount = 0;
  #staleCommitCount = 0;

  /** Use `openSqliteStore`. */
  constructor(options: SqliteStoreOptions) {
    this.file = options.file;
    const db = ownFile(options.file, options.fileBytesMax);
    this.#db = db;
    try {
      this.#refs = new Refs(db);
      this.#reader = new RowReader(db, this.#refs);
      this.#chunks = new ChunkStore(db, this.#refs);
      const reality = new RealityTable(db, this.#refs);
      const actions = new ActionTable(db, this.#refs);
      const events = new EventTable(db, this.#refs);
      this.#events = events;
      this.#commits = new CommitWriter(db, { refs: this.#refs, chunks: this.#chunks, reality, actions, events });
      this.#upkeep = new UpkeepWriter(db, this.#refs);
      const tables = { reader: this.#reader, refs: this.#refs, reality, actions, events };
      this.#journal = new Journal({ db, file: options.file, writer: this.#commits, ...tables });
      this.#queue = new WriteQueue(db, this.#journal, () => this.#refs.forget());
      this.#queue.settle();
      this.#actions = new ActionList(actions, this.#queue, (body) => this.#reading(body));
      const reading = <T>(body: () => T): T => this.#readingNow(body);
      const documents = new DocumentStore(db, { refs: this.#refs, queue: this.#queue, reader: this.#reader, reading });
      const { file, fileBytesMax } = options;
      this.runs = new SqliteRunStore({ storeFile: file, fileBytesMax, documents });
    } catch (e) {
      releaseDatabase(db);
      throw asFault(e, `opening ${options.file}`);
    }
  }

  async listWorkspaces(): Promise<readonly WorkspaceRow[]> {
    return this.#reading(() => this.#reader.workspaces());
  }

  async commit(workspace: WorkspaceId, commit: Commit): Promise<CommitOutcome> {
    const weight = weightOf(commit);
    const run = () => this.#commits.write(workspace, commit);
    const outcome = await this.#queue.enqueue(
      weight,
      run,
      weight <= journaledCharsMax ? { workspace, commit } : undefined,
    );
    if (outcome.ok) this.#commitCount++;
    else this.#staleCommitCount++;
    return outcome;
  }

  async findChangeSet(workspace: WorkspaceId, id: ChangeSetId): Promise<ChangeSetRow | undefined> {
    return this.#readingNow(() => this.#journal.changeSet(workspace, id));
  }

  async listChangeSets(workspace: WorkspaceId): Promise<readonly ChangeSetRow[]> {
    return this.#readingNow(() => this.#journal.changeSets(workspace));
  }

  async readLog(
    workspace: WorkspaceId,
    changeSet: ChangeSetId,
    after: number,
    upTo: number,
    limit = Number.MAX_SAFE_INTEGER,
  ): Promise<readonly LogRow[]> {
    return this.#readingNow(() => this.#journal.log(workspace, changeSet, { after, upTo, limit }));
  }

  async realitySeq(workspace: WorkspaceId): Promise<number> {
    return this.#readingNow(() => this.#journal.realitySeq(workspace));
  }

  async readReality(
    workspace: WorkspaceId,
    after: number,
    limit = Number.MAX_SAFE_INTEGER,
  ): Promise<readonly RealityRow[]> {
    return this.#readingNow(() => this.#journal.realitySteps(workspace, after, limit));
  }

  async findAction(workspace: WorkspaceId, id: ActionId): Promise<ActionRecord | undefined> {
    return this.#readingNow(() => this.#journal.action(workspace, id));
  }

  listActions(workspace: WorkspaceId, query: ActionQuery): Promise<readonly ActionRecord[]> {
    return this.#actions.list(workspace, query);
  }

  pruneActions(workspace: WorkspaceId, which: PrunedActions): Promise<number> {
    return this.#actions.prune(workspace, which);
  }

  async readAudit(workspace: WorkspaceId, query: AuditQuery): Promise<readonly AuditRow[]> {
    return this.#reading(() => this.#reader.audit(workspace, query));
  }

  async readEvents(workspace: WorkspaceId, after: number, limit: number): Promise<EventPage> {
    return this.#readingNow(() => this.#journal.events(workspace, after, limit));
  }

  pruneEvents(workspace: WorkspaceId, kept: number): Promise<number> {
    return this.#queue.enqueue(0, () => this.#events.prune(workspace, kept));
  }

  async findIdempotent(workspace: WorkspaceId, principal: string, key: string): Promise<IdempotencyRow | undefined> {
    return this.#readingNow(() => this.#journal.idempotent(workspace, principal, key));
  }

  async expireIdempotent(workspace: WorkspaceId, beforeMs: number): Promise<number> {
    let expired = 0;
    for (let after = 0; ; ) {
      const next = this.#reading(() => this.#upkeep.idempotentRowAfter(after));
      // They are in the order in which they were written: behind one that is kept there are none that are not.
      if (next === undefined || next.atMs >= beforeMs) return expired;
      const range = { after: next.n - 1, upTo: next.n - 1 + sweepStepRows };
      expired += await this.#queue.enqueue(0, () => this.#upkeep.expireIdempotent(workspace, beforeMs, range));
      after = range.upTo;
    }
  }

  async readChunks(workspace: WorkspaceId, hashes: readonly Hash[]): Promise<ReadonlyMap<Hash, string>> {
    const found = new Map<Hash, string>();
    for (const hash of hashes) {
      const text = this.readChunkNow(workspace, hash);
      if (text !== undefined) found.set(hash, text);
    }
    return found;
  }

  readChunkNow(workspace: WorkspaceId, hash: Hash): string | undefined {
    return this.#readingNow(() => {
      const ref = this.#refs.findWorkspace(workspace);
      if (ref === undefined) return undefined;
      return this.#journal.chunk(workspace, hash) ?? this.#chunks.read(ref, hash);
    });
  }

  writeChunks(workspace: WorkspaceId, chunks: readonly ChunkRow[], checkpoints: readonly Checkpoint[]): Promise<void> {
    return this.#queue.enqueue(charsOf(chunks), () => {
      const ref = this.#refs.internWorkspace(workspace);
      this.#chunks.write(ref, chunks);
      this.#upkeep.putCheckpoints(ref, checkpoints);
    });
  }

  async findCheckpoint(
    workspace: WorkspaceId,
    changeSet: ChangeSetId,
    version: number,
  ): Promise<Checkpoint | undefined> {
    return this.#reading(() => this.#reader.checkpoint(workspace, changeSet, version));
  }

  async listCheckpoints(workspace: WorkspaceId): Promise<readonly Checkpoint[]> {
    return this.#reading(() => this.#reader.checkpoints(workspace));
  }

  removeCheckpoints(workspace: WorkspaceId, checkpoints: readonly Checkpoint[]): Promise<void> {
    return this.#queue.enqueue(0, () => this.#upkeep.removeCheckpoints(workspace, checkpoints));
  }

  nextGeneration(workspace: WorkspaceId): Promise<number> {
    return this.#queue.enqueue(0, () => this.#refs.startGeneration(this.#refs.internWorkspace(workspace)));
  }

  async sweep(workspace: WorkspaceId, generation: number, isLive: (hash: Hash) => boolean): Promise<SweepOutcome> {
    const removed = { chunks: 0, bytes: 0 };
    const ref = this.#reading(() => this.#refs.findWorkspace(workspace));
    if (ref === undefined) return { chunksKept: 0, chunksRemoved: 0, bytesRemoved: 0 };
    for (let after = -1, isDone = false; !isDone; ) {
      const sweep = { after, generation, most: sweepStepRows, isLive };
      const step = await this.#queue.enqueue(0, () => this.#chunks.sweepStep(ref, sweep));
      removed.chunks += step.chunks;
      removed.bytes += step.bytes;
      after = step.prefix;
      isDone = step.isDone;
    }
    const chunksKept = this.#reading(() => this.#chunks.count(ref));
    return { chunksKept, chunksRemoved: removed.chunks, bytesRemoved: removed.bytes };
  }

  async getSetting(workspace: WorkspaceId, name: string): Promise<string | undefined> {
    return this.#readingNow(() => this.#reader.setting(workspace, name));
  }

  putSetting(workspace: WorkspaceId, name: string, value: string): Promise<void> {
    return this.#queue.enqueue(value.length, () => this.#upkeep.putSetting(workspace, name, value));
  }

  async settingOfAll(name: string): Promise<ReadonlyMap<WorkspaceId, string>> {
    return this.#readingNow(() => this.#reader.settingOfAll(name));
  }

  async check(most: number): Promise<readonly StoreProblem[]> {
    this.#reading(() => undefined);
    const problems = await checkStore(this.#db, most);
    return [...problems, ...(await this.runs.check(most - problems.length))];
  }

  async backup(destination: string): Promise<void> {
    this.#reading(() => undefined);
    const place = resolve(destination);
    if (this.#copiedTo.has(place)) throw new Fault('store_busy', `a backup to ${destination} is being written already`);
    this.#copiedTo.add(place);
    const copying = this.#copy(destination).finally(() => this.#copiedTo.delete(place));
    // Closing waits for it: the copy reads through this connection from another thread.
    const settled = copying.catch(() => {}).then(() => void this.#backups.delete(settled));
    this.#backups.add(settled);
    await copying;
  }

  async *dump(): AsyncIterable<DumpPart> {
    this.#reading(() => undefined);
    try {
      yield* dumpFiles(this.#db, this.#refs, this.runs.connection());
    } catch (e) {
      throw asFault(e, 'reading');
    }
  }

  /** Runs first: what they tell of is then in the copy of the main file, with which the backup is complete. */
  async #copy(destination: string): Promise<void> {
    mustBeNew(destination);
    await this.runs.backup(destination);
    try {
      await backupTo(this.#db, destination);
    } catch (e) {
      rmSync(runFilePath(destination), { force: true });
      throw e;
    }
  }

  /**
   * Bytes and rows of the file, and since opening: `commits` that landed, `commitsStale` that were refused,
   * `transactions` with one sync each, `writes` of any kind that they carried.
   */
  async statistics(): Promise<Readonly<Record<string, number>>> {
    return this.#reading(() => {
      const pageBytes = readPragma(this.#db, 'page_size') as number;
      const rows = this.#db
        .prepare(
          `select (select count(*) from workspace where name is not null) as workspaces, count(*) as changeSets,
             coalesce(sum(version), 0) as logRows, coalesce(sum(audit_count), 0) as auditRows,
             (select count(*) from chunk_index) as chunks, (select count(*) from checkpoint) as checkpoints,
             (select count(*) from idempotency) as idempotencyRows,
             (select count(*) from action) as actions
           from change_set`,
        )
        .get() as Record<string, number>;
      return {
        fileBytes: (readPragma(this.#db, 'page_count') as number) * pageBytes,
        freeBytes: (readPragma(this.#db, 'freelist_count') as number) * pageBytes,
        walBytes: statSync(`${this.file}-wal`, { throwIfNoEntry: false })?.size ?? 0,
        ...this.runs.figures(),
        ...rows,
        realityRows: this.#reader.workspaces().reduce((n, w) => n + this.#journal.realitySeq(w.id), 0),
        commits: this.#commitCount,
        commitsStale: this.#staleCommitCount,
        transactions: this.#queue.groups,
        writes: this.#queue.jobs,
      };
    });
  }

  /** Writes what is queued, then gives the file up. Later calls get `store_failed`. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      try {
        this.#queue.drain(closed());
        await Promise.all(this.#backups);
        guarded('closing', () => this.#journal.close());
        await this.runs.close();
      } finally {
        guarded('closing', () => releaseDatabase(this.#db));
      }
    })();
    return this.#closing;
  }

  /** Reads of the tables, once everything acknowledged is in them. */
  #reading<T>(body: () => T): T {
    if (this.#closing) throw closed();
    this.#queue.settle();
    return guarded('reading', body);
  }

  /** Reads that see the journal, or that it has no part in. */
  #readingNow<T>(body: () => T): T {
    if (this.#closing) throw closed();
    return guarded('reading', body);
  }
}

function closed(): Fault {
  return new Fault('store_failed', 'the store is closed');
}

function charsOf(chunks: readonly ChunkRow[]): number {
  let chars = 0;
  for (const chunk of chunks) chars += chunk.text.length;
  return chars;
}

function weightOf(commit: Commit): number {
  let chars = commit.chunks ? charsOf(commit.chunks) : 0;
  for (const row of commit.log) chars += row.text.length;
  for (const row of commit.reality?.rows ?? []) chars += row.text.length;
  for (const { record } of commit.actions ?? []) chars += weightOfAction(record);
  return chars;
}
