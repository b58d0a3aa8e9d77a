// Rows of tables as the port has them: for every store that keeps them in columns of these names. How an opaque text stands in a
// column is each store's own, and so is whether a flag is a number.

import type { ChangeSetId, Hash, WorkspaceId } from '../base/ids.ts';
import type { ChangeSetStatus } from '../model/change_set.ts';
import type { AuditRow, ChangeSetRow, Checkpoint, WorkspaceRow } from './store.ts';

type Row = Readonly<Record<string, unknown>>;

/** The text that a column holds. */
export type ReadText = (column: unknown) => string;

export function workspaceRow(r: Row, text: ReadText): WorkspaceRow {
  return {
    id: r['id'] as WorkspaceId,
    name: text(r['name']),
    head: r['head'] as ChangeSetId,
    createdAtMs: r['created_at_ms'] as number,
  };
}

export function changeSetRow(r: Row, text: ReadText): ChangeSetRow {
  return {
    id: r['id'] as ChangeSetId,
    name: text(r['name']),
    status: r['status'] as ChangeSetStatus,
    isHead: Boolean(r['is_head']),
    baseVersion: r['base_version'] as number,
    openedOn: r['opened_on'] as number,
    version: r['version'] as number,
    intentRoot: r['intent_root'] as Hash,
    realityRoot: r['reality_root'] as Hash,
    auditCount: r['audit_count'] as number,
    auditHead: r['audit_head'] as Hash | '',
    createdAtMs: r['created_at_ms'] as number,
    createdBy: text(r['created_by']),
    updatedAtMs: r['updated_at_ms'] as number,
  };
}

export function auditRow(r: Row, text: ReadText): AuditRow {
  return {
    changeSet: r['change_set'] as ChangeSetId,
    seq: r['seq'] as number,
    version: r['version'] as number,
    subject: text(r['subject']),
    kind: text(r['kind']),
    actor: text(r['actor']),
    atMs: r['at_ms'] as number,
    text: text(r['text']),
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
