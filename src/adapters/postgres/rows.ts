// Rows of the tables as the port has them, and the columns that they are made of. Columns of opaque text are read as
// column_text.ts writes them.

import type { ChangeSetId, Hash, WorkspaceId } from '../../base/ids.ts';
import type { ChangeSetStatus } from '../../model/change_set.ts';
import type { AuditRow, ChangeSetRow, Checkpoint, WorkspaceRow } from '../../ports/store.ts';
import { fromColumn } from './column_text.ts';
import type { Row } from './database.ts';

const text = (row: Row, column: string): string => fromColumn(row[column] as string);

export const changeSetColumns = `id, name, status, is_head, base_version, opened_on, version, intent_root, reality_root,
  audit_count, audit_head, created_at_ms, created_by, updated_at_ms`;
/** With `c` for change sets and `a` for audit rows. */
export const auditColumns = 'c.id as change_set, a.seq, a.version, a.subject, a.kind, a.actor, a.at_ms, a.text, a.hash';
/** With `c` for change sets and `k` for checkpoints. */
export const checkpointColumns =
  'c.id as change_set, k.version, k.intent_root, k.reality_root, k.reality_seq, k.derived_root';

export function workspaceRow(r: Row): WorkspaceRow {
  return {
    id: r['id'] as WorkspaceId,
    name: text(r, 'name'),
    head: r['head'] as ChangeSetId,
    createdAtMs: r['created_at_ms'] as number,
  };
}

export function changeSetRow(r: Row): ChangeSetRow {
  return {
    id: r['id'] as ChangeSetId,
    name: text(r, 'name'),
    status: r['status'] as ChangeSetStatus,
    isHead: r['is_head'] as boolean,
    baseVersion: r['base_version'] as number,
    openedOn: r['opened_on'] as number,
    version: r['version'] as number,
    intentRoot: r['intent_root'] as Hash,
    realityRoot: r['reality_root'] as Hash,
    auditCount: r['audit_count'] as number,
    auditHead: r['audit_head'] as Hash | '',
    createdAtMs: r['created_at_ms'] as number,
    createdBy: text(r, 'created_by'),
    updatedAtMs: r['updated_at_ms'] as number,
  };
}

export function auditRow(r: Row): AuditRow {
  return {
    changeSet: r['change_set'] as ChangeSetId,
    seq: r['seq'] as number,
    version: r['version'] as number,
    subject: text(r, 'subject'),
    kind: text(r, 'kind'),
    actor: text(r, 'actor'),
    atMs: r['at_ms'] as number,
    text: text(r, 'text'),
    hash: r['hash'] as Hash,
  };
}

export function checkpointRow(r: Row): Checkpoint {
  return {
    changeSet: r['change_set'] as ChangeSetId,
    version: r['version'] as number,
    intentRoot: r['intent_root'] as Hash,
    realityRoot: r['reality_root'] as Hash,
    realitySeq: r['reality_seq'] as number,
    ...(r['derived_root'] === null ? {} : { derivedRoot: r['derived_root'] as Hash }),
  };
}
