// What one `commit` does inside a transaction: all checks first, so that a stale one has written nothing, then the
// rows. Log, audit and idempotency rows are plain inserts: a key that is there already is a constraint failure, and the
// whole commit fails with it, so nothing append-only is ever overwritten.

import type { WorkspaceId } from '../../base/ids.ts';
import { Fault } from '../../base/result.ts';
import type { ActionRecord } from '../../model/action.ts';
import { eventsOf } from '../../ports/feed.ts';
import type { AuditRow, ChangeSetRow, Commit, CommitOutcome, IdempotencyRow, LogRow } from '../../ports/store.ts';
import type { ActionTable } from './action_table.ts';
import type { ChunkStore } from './chunk_store.ts';
import { toColumn } from './column_text.ts';
import type { Database, Statement } from './driver.ts';
import type { EventTable } from './event_table.ts';
import { isConstraint } from './fault.ts';
import type { RealityTable } from './reality_table.ts';
import { positionBits, type Refs } from './refs.ts';

const landed: CommitOutcome = { ok: true };
const workspaceTaken: CommitOutcome = { ok: false, workspaceTaken: true };

export class CommitWriter {
  readonly #refs: Refs;
  readonly #chunks: ChunkStore;
  readonly #reality: RealityTable;
  readonly #actions: ActionTable;
  readonly #events: EventTable;
  readonly #version: Statement;
  readonly #addChangeSet: Statement;
  readonly #setChangeSet: Statement;
  readonly #addLog: Statement;
  readonly #addAudit: Statement;
  readonly #addIdempotent: Statement;
  readonly #findWorkspace: Statement;
  readonly #setWorkspace: Statement;

  constructor(
    db: Database,
    parts: {
      readonly refs: Refs;
      readonly chunks: ChunkStore;
      readonly reality: RealityTable;
      readonly actions: ActionTable;
      readonly events: EventTable;
    },
  ) {
    this.#refs = parts.refs;
    this.#chunks = parts.chunks;
    this.#reality = parts.reality;
    this.#actions = parts.actions;
    this.#events = parts.events;
    this.#version = db.prepare('select version from change_set where ref = ?');
    this.#addChangeSet = db.prepare(
      `insert into change_set (name, status, is_head, base_version, version, intent_root, reality_root, audit_count,
         audit_head, created_at_ms, created_by, updated_at_ms, opened_on, workspace, id)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#setChangeSet = db.prepare(
      `update change_set set name = ?, status = ?, is_head = ?, base_version = ?, version = ?, intent_root = ?,
         reality_root = ?, audit_count = ?, audit_head = ?, created_at_ms = ?, created_by = ?, updated_at_ms = ?,
         opened_on = ?
       where ref = ?`,
    );
    this.#addLog = db.prepare('insert into log (key, text) values ((? << 32) | ?, ?)');
    this.#addAudit = db.prepare(
      `insert into audit (key, chain, version, subject, kind, actor, at_ms, text, hash)
       values ((? << ${positionBits}) | ?, (? << 32) | ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#addIdempotent = db.prepare(
      'insert into idempotency (workspace, principal, key, request_hash, reply, at_ms) values (?, ?, ?, ?, ?, ?)',
    );
    this.#findWorkspace = db.prepare('select 1 from workspace where name is not null and (id = ? or name = ?)');
    this.#setWorkspace = db.prepare('update workspace set name = ?, head = ?, created_at_ms = ? where ref = ?');
  }

  write(workspaceId: WorkspaceId, commit: Commit): CommitOutcome {
    const refused = this.#refusal(workspaceId, commit);
    if (refused) return refused;
    const workspace = this.#refs.internWorkspace(workspaceId);
    if (commit.workspace) {
      const { name, head, createdAtMs } = commit.workspace;
      this.#setWorkspace.run(toColumn(name), head, createdAtMs, workspace);
    }
    for (const { row } of commit.changeSets) this.#writeChangeSet(workspace, row);
    this.#appendRows(workspace, commit);
    for (const { record } of commit.actions ?? []) this.#actions.put(workspace, record);
    return landed;
  }

  /** The rows that a commit which was judged before appends: not those of its change sets, unless they are new, nor its actions. */
  append(workspaceId: WorkspaceId, commit: Commit): void {
    const workspace = this.#refs.internWorkspace(workspaceId);
    for (const { row, expected } of commit.changeSets) if (expected === undefined) this.#writeChangeSet(workspace, row);
    this.#appendRows(workspace, commit);
  }

  setChangeSet(workspaceId: WorkspaceId, row: ChangeSetRow): void {
    this.#writeChangeSet(this.#refs.internWorkspace(workspaceId), row);
  }

  setAction(workspaceId: WorkspaceId, record: ActionRecord): void {
    this.#actions.put(this.#refs.internWorkspace(workspaceId), record);
  }

  #appendRows(workspace: number, commit: Commit): void {
    for (const row of commit.log) this.#writeLog(workspace, row);
    for (const row of commit.audit) this.#writeAudit(workspace, row);
    if (commit.idempotency) this.#writeIdempotent(workspace, commit.idempotency);
    if (commit.reality) this.#reality.append(workspace, commit.reality);
    if (commit.chunks) this.#chunks.write(workspace, commit.chunks);
    // Behind the audit rows, which took the first positions.
    if (commit.reality || commit.actions) for (const event of eventsOf(commit)) this.#events.add(workspace, event);
  }

  #refusal(workspaceId: WorkspaceId, commit: Commit): CommitOutcome | undefined {
    if (commit.workspace && this.#findWorkspace.get(commit.workspace.id, toColumn(commit.workspace.name)))
      return workspaceTaken;
    const workspace = this.#refs.findWorkspace(workspaceId);
    for (const { row, expected } of commit.changeSets) {
      const ref = workspace === undefined ? undefined : this.#refs.findChangeSet(workspace, row.id);
      const version = ref === undefined ? undefined : (this.#version.get(ref) as { version: number }).version;
      if (version !== expected) return { ok: false, changeSet: row.id, version };
    }
    if (commit.reality) {
      const reality = this.#reality.lastSeq(workspaceId);
      if (reality !== commit.reality.expected) return { ok: false, reality };
    }
    for (const { record, expected } of commit.actions ?? []) {
      const revision = this.#actions.revision(workspaceId, record.id);
      if (revision !== expected) return { ok: false, action: record.id, revision };
    }
    return undefined;
  }

  #writeChangeSet(workspace: number, row: ChangeSetRow): void {
    const ref = this.#refs.findChangeSet(workspace, row.id);
    const statement = ref === undefined ? this.#addChangeSet : this.#setChangeSet;
    const values = [
      toColumn(row.name),
      row.status,
      row.isHead ? 1 : 0,
      row.baseVersion,
      row.version,
      row.intentRoot,
      row.realityRoot,
      row.auditCount,
      row.auditHead,
      row.createdAtMs,
      toColumn(row.createdBy),
      row.updatedAtMs,
      row.openedOn,
    ];
    if (ref === undefined) statement.run(...values, workspace, row.id);
    else statement.run(...values, ref);
  }

  #writeLog(workspace: number, row: LogRow): void {
    const ref = this.#mustFindChangeSet(workspace, row);
    appending(`log entry ${row.version} of change set ${row.changeSet}`, () =>
      this.#addLog.run(ref, row.version, toColumn(row.text)),
    );
  }

  #writeAudit(workspace: number, row: AuditRow): void {
    const ref = this.#mustFindChangeSet(workspace, row);
    appending(`audit entry ${row.seq} of change set ${row.changeSet}`, () =>
      this.#addAudit.run(
        workspace,
        this.#refs.takePosition(workspace),
        ref,
        row.seq,
        row.version,
        toColumn(row.subject),
        toColumn(row.kind),
        toColumn(row.actor),
        row.atMs,
        toColumn(row.text),
        row.hash,
      ),
    );
  }

  #writeIdempotent(workspace: number, row: IdempotencyRow): void {
    appending(`idempotency key ${JSON.stringify(row.key)}`, () =>
      this.#addIdempotent.run(
        workspace,
        toColumn(row.principal),
        toColumn(row.key),
        row.requestHash,
        toColumn(row.reply),
        row.atMs,
      ),
    );
  }

  #mustFindChangeSet(workspace: number, row: LogRow | AuditRow): number {
    const ref = this.#refs.findChangeSet(workspace, row.changeSet);
    if (ref === undefined) throw new Fault('store_failed', `change set ${row.changeSet} does not exist`);
    return ref;
  }
}

/** Runs an insert; a key that exists already is named in the fault. */
function appending(what: string, insert: () => void): void {
  try {
    insert();
  } catch (e) {
    if (isConstraint(e)) throw new Fault('store_failed', `${what} exists already`, { exists: true }, { cause: e });
    throw e;
  }
}
