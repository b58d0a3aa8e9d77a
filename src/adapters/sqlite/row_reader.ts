// Reads of everything but chunks. Each is one statement (two where an id has to become its integer first); a workspace
// or change set that does not exist has no rows.

import type { ChangeSetId, Hash, WorkspaceId } from '../../base/ids.ts';
import type {
  AuditQuery,
  AuditRow,
  ChangeSetRow,
  Checkpoint,
  IdempotencyRow,
  LogRow,
  WorkspaceRow,
} from '../../ports/store.ts';
import * as rows from '../../ports/store_rows.ts';
import { fromColumn, toColumn } from './column_text.ts';
import type { Database, Statement } from './driver.ts';
import { positionBits, type Refs } from './refs.ts';

type Text = string | Uint8Array;
type Row = Readonly<Record<string, unknown>>;

const changeSetColumns = `id, name, status, is_head, base_version, version, intent_root, reality_root, audit_count,
  audit_head, created_at_ms, created_by, updated_at_ms, opened_on`;
export const auditColumns = `c.id as change_set, a.chain & 0xffffffff as seq, a.version, a.subject, a.kind, a.actor, a.at_ms,
  a.text, a.hash`;

export class RowReader {
  readonly #db: Database;
  readonly #refs: Refs;
  readonly #workspaces: Statement;
  readonly #changeSet: Statement;
  readonly #changeSets: Statement;
  readonly #log: Statement;
  readonly #idempotent: Statement;
  readonly #checkpoint: Statement;
  readonly #checkpoints: Statement;
  readonly #setting: Statement;
  readonly #settingOfAll: Statement;
  readonly #auditStatements = new Map<string, Statement>();

  constructor(db: Database, refs: Refs) {
    this.#db = db;
    this.#refs = refs;
    this.#workspaces = db.prepare(
      'select id, name, head, created_at_ms from workspace where name is not null order by id',
    );
    this.#changeSet = db.prepare(`select ${changeSetColumns} from change_set where ref = ?`);
    this.#changeSets = db.prepare(`select ${changeSetColumns} from change_set where workspace = ? order by id`);
    this.#log = db.prepare(
      `select key & 0xffffffff as version, text from log
       where key > (? << 32) + ? and key <= (? << 32) + ? order by key limit ?`,
    );
    this.#idempotent = db.prepare(
      `select request_hash, reply, at_ms from idempotency where workspace = ? and principal = ? and key = ?`,
    );
    this.#checkpoint = db.prepare(
      `select key & 0xffffffff as version, intent_root, reality_root, reality_seq, derived_root from checkpoint
       where key >= (? << 32) and key <= (? << 32) + ? order by key desc limit 1`,
    );
    this.#checkpoints = db.prepare(
      `select c.id as change_set, k.key & 0xffffffff as version, k.intent_root, k.reality_root, k.reality_seq, k.derived_root
       from change_set c join checkpoint k on k.key >= (c.ref << 32) and k.key < ((c.ref + 1) << 32)
       where c.workspace = ? order by c.id, k.key`,
    );
    this.#settingOfAll = db.prepare(
      'select w.id, s.value from setting s join workspace w on w.ref = s.workspace where s.name = ?',
    );
    this.#setting = db.prepare('select value from setting where workspace = ? and name = ?');
  }

  workspaces(): WorkspaceRow[] {
    return this.#workspaces.all().map((r: Row) => rows.workspaceRow(r, opaque));
  }

  changeSet(workspaceId: WorkspaceId, id: ChangeSetId): ChangeSetRow | undefined {
    const ref = this.#findRef(workspaceId, id);
    return ref === undefined ? undefined : changeSetRow(this.#changeSet.get(ref) as Row);
  }

  changeSets(workspaceId: WorkspaceId): ChangeSetRow[] {
    const workspace = this.#refs.findWorkspace(workspaceId);
    return workspace === undefined ? [] : this.#changeSets.all(workspace).map(changeSetRow);
  }

  log(
    workspaceId: WorkspaceId,
    changeSet: ChangeSetId,
    range: { after: number; upTo: number; limit: number },
  ): LogRow[] {
    const ref = this.#findRef(workspaceId, changeSet);
    if (ref === undefined) return [];
    const last = 2 ** 32 - 1;
    const rows = this.#log.all(
      ref,
      Math.max(0, Math.min(range.after, last)),
      ref,
      Math.max(0, Math.min(range.upTo, last)),
      Math.min(range.limit, last),
    );
    return rows.map((r: Row) => ({ changeSet, version: r['version'] as number, text: fromColumn(r['text'] as Text) }));
  }

  /**
   * Audit rows in order of landing (within one chain: of sequence). The narrowest index leads: the chain when a change
   * set is named, else the subject, else the workspace's range; kind and actor are filtered on the way.
   */
  audit(workspaceId: WorkspaceId, query: AuditQuery): AuditRow[] {
    const workspace = this.#refs.findWorkspace(workspaceId);
    if (workspace === undefined) return [];
    const where: string[] = [];
    const values: (number | Text)[] = [];
    let index = 'not indexed';
    const order = query.changeSet === undefined ? 'a.key' : 'a.chain';
    if (query.changeSet !== undefined) {
      const ref = this.#refs.findChangeSet(workspace, query.changeSet);
      if (ref === undefined) return [];
      index = 'indexed by audit_chain';
      where.push('a.chain >= (? << 32) + ?', 'a.chain < (? << 32)');
      values.push(ref, query.fromSeq ?? 0, ref + 1);
    } else {
      if (query.subject !== undefined && query.subject !== '') index = 'indexed by audit_subject';
      where.push(`a.key >= (? << ${positionBits})`, `a.key < (? << ${positionBits})`);
      values.push(workspace, workspace + 1);
    }
    for (const [column, value] of [
      ['subject', query.subject],
      ['kind', query.kind],
      ['actor', query.actor],
    ] as const) {
      if (value === undefined) continue;
      // The repeated condition lets SQLite see that the partial index covers the query.
      where.push(column === 'subject' && value !== '' ? `a.subject = ? and a.subject <> ''` : `a.${column} = ?`);
      values.push(toColumn(value));
    }
    const isForward = query.changeSet !== undefined && query.fromSeq !== undefined;
    const sql = `select ${auditColumns} from audit a ${index} join change_set c on c.ref = a.chain >> 32
      where ${where.join(' and ')} order by ${order} ${isForward ? 'asc' : 'desc'} limit ?`;
    const statement = this.#auditStatements.get(sql) ?? this.#db.prepare(sql);
    this.#auditStatements.set(sql, statement);
    const rows = statement.all(...values, query.limit).map(auditRow);
    return isForward ? rows : rows.reverse();
  }

  idempotent(workspaceId: WorkspaceId, principal: string, key: string): IdempotencyRow | undefined {
    const workspace = this.#refs.findWorkspace(workspaceId);
    if (workspace === undefined) return undefined;
    const row = this.#idempotent.get(workspace, toColumn(principal), toColumn(key)) as Row | undefined;
    return (
      row && {
        principal,
        key,
        requestHash: row['request_hash'] as Hash,
        reply: fromColumn(row['reply'] as Text),
        atMs: row['at_ms'] as number,
      }
    );
  }

  checkpoint(workspaceId: WorkspaceId, changeSet: ChangeSetId, version: number): Checkpoint | undefined {
    const ref = this.#findRef(workspaceId, changeSet);
    if (ref === undefined || version < 0) return undefined;
    const row = this.#checkpoint.get(ref, ref, Math.min(version, 2 ** 32 - 1)) as Row | undefined;
    return row && rows.checkpointRow({ change_set: changeSet, ...row });
  }

  checkpoints(workspaceId: WorkspaceId): Checkpoint[] {
    const workspace = this.#refs.findWorkspace(workspaceId);
    if (workspace === undefined) return [];
    return this.#checkpoints.all(workspace).map(rows.checkpointRow);
  }

  setting(workspaceId: WorkspaceId, name: string): string | undefined {
    const workspace = this.#refs.findWorkspace(workspaceId);
    if (workspace === undefined) return undefined;
    const row = this.#setting.get(workspace, toColumn(name)) as { value: Text } | undefined;
    return row && fromColumn(row.value);
  }

  settingOfAll(name: string): Map<WorkspaceId, string> {
    const rows = this.#settingOfAll.all(toColumn(name)) as { id: WorkspaceId; value: Text }[];
    return new Map(rows.map(({ id, value }) => [id, fromColumn(value)]));
  }

  #findRef(workspaceId: WorkspaceId, changeSet: ChangeSetId): number | undefined {
    const workspace = this.#refs.findWorkspace(workspaceId);
    return workspace === undefined ? undefined : this.#refs.findChangeSet(workspace, changeSet);
  }
}

const opaque = (column: unknown): string => fromColumn(column as Text);
const changeSetRow = (r: Row): ChangeSetRow => rows.changeSetRow(r, opaque);
export const auditRow = (r: Row): AuditRow => rows.auditRow(r, opaque);
