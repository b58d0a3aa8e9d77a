// The store port on PostgreSQL. Reads go to any connection; commits of one workspace go one group after another through its lane
// (commit_lane.ts), and those of several nodes are put in order by the server. What a resolved write wrote is on the server, so every
// later read, of any node, sees it.

import type { ActionId, ChangeSetId, Hash, WorkspaceId } from '../../base/ids.ts';
import { limits } from '../../base/limits.ts';
import { Fault } from '../../base/result.ts';
import type { ActionRecord } from '../../model/action.ts';
import type { EngineNode } from '../../ports/leases.ts';
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
import { ActionTable } from './action_table.ts';
import { checkTables } from './check.ts';
import { fromColumn, toColumn } from './column_text.ts';
import { Conditions } from './conditions.ts';
import { Content } from './content.ts';
import { type DatabaseOptions, PostgresDatabase } from './database.ts';
import { dumpSchema } from './dump.ts';
import { EventTable } from './event_table.ts';
import { PostgresLeases } from './leases.ts';
import { assertWhole, migrate } from './migrate.ts';
import { Presence } from './presence.ts';
import { auditColumns, auditRow, changeSetColumns, changeSetRow, workspaceRow } from './rows.ts';
import { PostgresRunStore } from './run_store.ts';
import { PostgresSharedKeys } from './shared_keys.ts';
import { Workspaces } from './workspaces.ts';

export interface PostgresStoreOptions extends DatabaseOptions {
  /** The engine that writes only to workspaces that it holds the lease of. Default: one that leases nothing and writes to all. */
  readonly node?: EngineNode;
  /** How long a lease lasts without being renewed. Default `limits.leaseMs`. */
  readonly leaseMs?: number;
  /** Has the tables to itself, and leases nothing: whoever else uses them gets `store_busy`. Default false. */
  readonly isAlone?: boolean;
  /** Writes a copy of the store to a path, as `Store.backup` says; absent: there is none but by PostgreSQL's own tools. */
  readonly backUp?: (store: DumpableStore, destination: string) => Promise<void>;
}

/** Opens the store, its tables made or brought up to date. Faults: `store_busy`, `store_version`, `store_incomplete`, `store_failed`. */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<PostgresStore> {
  const { db, presence } = await openTables(options);
  return new PostgresStore(db, options, presence);
}

/** `mayBeIncomplete`: for who makes a store there. Faults as `openPostgresStore`. */
export async function openTables(
  options: PostgresStoreOptions,
  { mayBeIncomplete = false } = {},
): Promise<{ readonly db: PostgresDatabase; readonly presence: Presence | undefined }> {
  const { node, isAlone = false } = options;
  const db = new PostgresDatabase({ ...options, ...(node === undefined ? {} : { writer: node.id }) });
  let presence: Presence | undefined;
  try {
    await migrate(db, { mayBeIncomplete });
    if (isAlone || node !== undefined) presence = await Presence.take(db, isAlone ? 'alone' : 'shared');
    // Somebody may have begun to make it before it was taken.
    if (!mayBeIncomplete) await assertWhole(db);
    return { db, presence };
  } catch (e) {
    await db.close();
    await presence?.close();
    throw e;
  }
}

/** Above every version and position. */
const last = Number.MAX_SAFE_INTEGER;

export class PostgresStore implements DumpableStore {
  readonly kind = 'postgres';
  /** What it was opened with. */
  readonly options: PostgresStoreOptions;
  readonly runs: PostgresRunStore;
  readonly #db: PostgresDatabase;
  readonly leases?: PostgresLeases;
  readonly keys?: PostgresSharedKeys;
  readonly #presence: Presence | undefined;
  readonly #workspaces: Workspaces;
  readonly #content: Content;
  readonly #actions: ActionTable;
  readonly #events: EventTable;
  #closing: Promise<void> | undefined;
  #commits = 0;
  #staleCommits = 0;

  /** Use `openPostgresStore`. */
  constructor(db: PostgresDatabase, options: PostgresStoreOptions, presence: Presence | undefined) {
    this.options = options;
    this.#presence = presence;
    this.#db = db;
    this.#workspaces = new Workspaces(db, (id) => this.leases?.numberOf(id) ?? null);
    const { node, leaseMs = limits.leaseMs } = options;
    if (node !== undefined) {
      this.leases = new PostgresLeases(db, this.#workspaces, node, leaseMs);
      this.keys = new PostgresSharedKeys(db, node.id);
    }
    this.#content = new Content(db);
    this.#actions = new ActionTable(db);
    this.#events = new EventTable(db);
    this.runs = new PostgresRunStore(db, this.#workspaces);
  }

  listWorkspaces(): Promise<readonly WorkspaceRow[]> {
    const sql = 'select id, name, head, created_at_ms from workspace where name is not null order by id';
    return this.#db.entering(async () => (await this.#db.ask('reading', sql)).map(workspaceRow));
  }

  async commit(workspace: WorkspaceId, commit: Commit): Promise<CommitOutcome> {
    const outcome = await this.#db.entering(() => this.#workspaces.lane(workspace).commit(commit));
    if (outcome.ok) this.#commits++;
    else this.#staleCommits++;
    return outcome;
  }

  findChangeSet(workspace: WorkspaceId, id: ChangeSetId): Promise<ChangeSetRow | undefined> {
    return this.#workspaces.reading(workspace, undefined, async (ref) => {
      const sql = `select ${changeSetColumns} from change_set where workspace = $1 and id = $2`;
      const [row] = await this.#db.ask('reading', sql, [ref, id]);
      return row && changeSetRow(row);
    });
  }

  listChangeSets(workspace: WorkspaceId): Promise<readonly ChangeSetRow[]> {
    return this.#workspaces.reading<readonly ChangeSetRow[]>(workspace, [], async (ref) => {
      const sql = `select ${changeSetColumns} from change_set where workspace = $1 order by id`;
      return (await this.#db.ask('reading', sql, [ref])).map(changeSetRow);
    });
  }

  readLog(
    workspace: WorkspaceId,
    changeSet: ChangeSetId,
    after: number,
    upTo: number,
    limit = last,
  ): Promise<readonly LogRow[]> {
    return this.#workspaces.reading<readonly LogRow[]>(workspace, [], async (ref) => {
      // All of a log may take its time.
      const rows = await this.#db[limit === last ? 'askLong' : 'ask'](
        'reading',
        `select l.version, l.text from log l join change_set c on c.ref = l.change_set
         where c.workspace = $1 and c.id = $2 and l.version > $3 and l.version <= $4 order by l.version limit $5`,
        [ref, changeSet, Math.max(0, after), Math.min(upTo, last), Math.max(0, Math.min(limit, last))],
      );
      return rows.map((r) => ({
        changeSet,
        version: r['version'] as number,
        text: fromColumn(r['text'] as string),
      }));
    });
  }

  realitySeq(workspace: WorkspaceId): Promise<number> {
    return this.#workspaces.reading(workspace, 0, async (ref) => {
      const [row] = await this.#db.ask('reading', 'select reality_seq from workspace where ref = $1', [ref]);
      return row!['reality_seq'] as number;
    });
  }

  readReality(workspace: WorkspaceId, after: number, limit = last): Promise<readonly RealityRow[]> {
    return this.#workspaces.reading<readonly RealityRow[]>(workspace, [], async (ref) => {
      const sql = 'select seq, text from reality where workspace = $1 and seq > $2 order by seq limit $3';
      const values = [ref, Math.max(0, after), Math.max(0, Math.min(limit, last))];
      const rows = await this.#db.ask('reading', sql, values);
      return rows.map((r) => ({ seq: r['seq'] as number, text: fromColumn(r['text'] as string) }));
    });
  }

  findAction(workspace: WorkspaceId, id: ActionId): Promise<ActionRecord | undefined> {
    return this.#workspaces.reading(workspace, undefined, (ref) => this.#actions.find(ref, id));
  }

  listActions(workspace: WorkspaceId, query: ActionQuery): Promise<readonly ActionRecord[]> {
    return this.#workspaces.reading<readonly ActionRecord[]>(workspace, [], (ref) => this.#actions.list(ref, query));
  }

  pruneActions(workspace: WorkspaceId, which: PrunedActions): Promise<number> {
    return this.#workspaces.inTurn(workspace, (ref) => this.#actions.prune(ref, which));
  }

  readAudit(workspace: WorkspaceId, query: AuditQuery): Promise<readonly AuditRow[]> {
    return this.#workspaces.reading<readonly AuditRow[]>(workspace, [], async (ref) => {
      const { changeSet, fromSeq, subject } = query;
      const isForward = changeSet !== undefined && fromSeq !== undefined;
      const where = new Conditions('a.workspace = $1', [ref, Math.max(0, Math.min(query.limit, last))]);
      const opaque = (value: string | undefined) => (value === undefined ? undefined : toColumn(value));
      where.and(changeSet, (v) => `c.id = ${v}`);
      if (isForward) where.and(fromSeq, (v) => `a.seq >= ${v}`);
      where.and(opaque(subject), (v) => `a.subject = ${v}`);
      // Lets the server see that the partial index has all that is wanted.
      if (subject !== undefined && subject !== '') where.always("a.subject <> ''");
      where.and(opaque(query.kind), (v) => `a.kind = ${v}`);
      where.and(opaque(query.actor), (v) => `a.actor = ${v}`);
      const order = changeSet === undefined ? 'a.position' : 'a.seq';
      const sql = `select ${auditColumns} from audit a join change_set c on c.ref = a.change_set
        where ${where.text} order by ${order} ${isForward ? 'asc' : 'desc'} limit $2`;
      const rows = (await this.#db.ask('reading', sql, where.values)).map(auditRow);
      return isForward ? rows : rows.reverse();
    });
  }

  readEvents(workspace: WorkspaceId, after: number, limit: number): Promise<EventPage> {
    const none = { rows: [], last: 0, removedUpTo: 0 };
    return this.#workspaces.reading<EventPage>(workspace, none, (ref) => this.#events.read(ref, after, limit));
  }

  pruneEvents(workspace: WorkspaceId, kept: number): Promise<number> {
    return this.#workspaces.inTurn(workspace, (ref) => this.#events.prune(ref, kept));
  }

  findIdempotent(workspace: WorkspaceId, principal: string, key: string): Promise<IdempotencyRow | undefined> {
    return this.#workspaces.reading(workspace, undefined, async (ref) => {
      const [row] = await this.#db.ask(
        'reading',
        'select request_hash, reply, at_ms from idempotency where workspace = $1 and principal = $2 and key = $3',
        [ref, toColumn(principal), toColumn(key)],
      );
      return (
        row && {
          principal,
          key,
          requestHash: row['request_hash'] as Hash,
          reply: fromColumn(row['reply'] as string),
          atMs: row['at_ms'] as number,
        }
      );
    });
  }

  expireIdempotent(workspace: WorkspaceId, beforeMs: number): Promise<number> {
    return this.#workspaces.inTurn(workspace, async (ref) => {
      const sql = 'delete from idempotency where workspace = $1 and at_ms < $2 returning 1';
      return (await this.#db.askLong('writing', sql, [ref, beforeMs])).length;
    });
  }

  readChunks(workspace: WorkspaceId, hashes: readonly Hash[]): Promise<ReadonlyMap<Hash, string>> {
    return this.#workspaces.reading<ReadonlyMap<Hash, string>>(workspace, new Map(), (ref) =>
      this.#content.read(ref, hashes),
    );
  }

  writeChunks(workspace: WorkspaceId, chunks: readonly ChunkRow[], checkpoints: readonly Checkpoint[]): Promise<void> {
    return this.#workspaces.inTurn(workspace, (ref) => this.#content.write(ref, chunks, checkpoints));
  }

  findCheckpoint(workspace: WorkspaceId, changeSet: ChangeSetId, version: number): Promise<Checkpoint | undefined> {
    return this.#workspaces.reading(workspace, undefined, (ref) => this.#content.checkpoint(ref, changeSet, version));
  }

  listCheckpoints(workspace: WorkspaceId): Promise<readonly Checkpoint[]> {
    return this.#workspaces.reading<readonly Checkpoint[]>(workspace, [], (ref) => this.#content.checkpoints(ref));
  }

  removeCheckpoints(workspace: WorkspaceId, checkpoints: readonly Checkpoint[]): Promise<void> {
    return this.#workspaces.inTurn(workspace, (ref) => this.#content.removeCheckpoints(ref, checkpoints));
  }

  nextGeneration(workspace: WorkspaceId): Promise<number> {
    return this.#workspaces.inTurn(workspace, (ref) => this.#content.nextGeneration(ref));
  }

  sweep(workspace: WorkspaceId, generation: number, isLive: (hash: Hash) => boolean): Promise<SweepOutcome> {
    const none = { chunksKept: 0, chunksRemoved: 0, bytesRemoved: 0 };
    return this.#workspaces.reading<SweepOutcome>(workspace, none, (ref) =>
      this.#content.sweep(ref, generation, isLive),
    );
  }

  getSetting(workspace: WorkspaceId, name: string): Promise<string | undefined> {
    return this.#workspaces.reading(workspace, undefined, async (ref) => {
      const sql = 'select value from setting where workspace = $1 and name = $2';
      const [row] = await this.#db.ask('reading', sql, [ref, toColumn(name)]);
      return row && fromColumn(row['value'] as string);
    });
  }

  putSetting(workspace: WorkspaceId, name: string, value: string): Promise<void> {
    return this.#workspaces.inTurn(workspace, async (ref) => {
      await this.#db.ask(
        'writing',
        `insert into setting (workspace, name, value) values ($1, $2, $3)
         on conflict (workspace, name) do update set value = excluded.value`,
        [ref, toColumn(name), toColumn(value)],
      );
    });
  }

  settingOfAll(name: string): Promise<ReadonlyMap<WorkspaceId, string>> {
    return this.#db.entering(async () => {
      const sql = 'select w.id, s.value from setting s join workspace w on w.ref = s.workspace where s.name = $1';
      const rows = await this.#db.ask('reading', sql, [toColumn(name)]);
      return new Map(rows.map((r) => [r['id'] as WorkspaceId, fromColumn(r['value'] as string)]));
    });
  }

  check(most: number): Promise<readonly StoreProblem[]> {
    return this.#db.entering(() => checkTables(this.#db, most));
  }

  backup(destination: string): Promise<void> {
    const { backUp } = this.options;
    return this.#db.entering(async () => {
      if (backUp !== undefined) return backUp(this, destination);
      throw new Fault(
        'store_failed',
        'this store is backed up with PostgreSQL’s own tools: pg_dump, or a base backup',
        {
          schema: this.#db.schema,
        },
      );
    });
  }

  dump(): AsyncIterable<DumpPart> {
    return dumpSchema(this.#db);
  }

  /** Bytes and rows on the server; since opening, `commits` that landed and `commitsStale` that were refused. */
  statistics(): Promise<Readonly<Record<string, number>>> {
    return this.#db.entering(async () => {
      const [row] = await this.#db.askLong(
        'reading',
        `select (select count(*) from workspace where name is not null) as workspaces, count(*) as "changeSets",
           coalesce(sum(version), 0)::bigint as "logRows", coalesce(sum(audit_count), 0)::bigint as "auditRows",
           (select count(*) from chunk) as chunks, (select count(*) from checkpoint) as checkpoints,
           (select count(*) from idempotency) as "idempotencyRows", (select count(*) from action) as actions,
           (select coalesce(sum(reality_seq), 0)::bigint from workspace) as "realityRows",
           (select coalesce(sum(pg_total_relation_size(format('%I.%I', schemaname, tablename)::regclass)), 0)::bigint
              from pg_tables where schemaname = $1) as "storeBytes"
         from change_set`,
        [this.#db.schema],
      );
      return { ...(row as Record<string, number>), commits: this.#commits, commitsStale: this.#staleCommits };
    });
  }

  /** Writes what was taken on, gives leases and places up, then lets the connections go. Later calls get `store_failed`. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      await this.#db.done();
      await Promise.all([this.keys?.leave(), this.leases?.leave()]);
      await this.#db.close();
      await this.#presence?.close();
    })();
    return this.#closing;
  }
}
