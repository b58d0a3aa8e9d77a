// The columns that rows of the port are made of, and the rows. Columns of opaque text are read as column_text.ts writes them.
// What the port's rows are made of them is the same for every store (ports/store_rows.ts).

import type { AuditRow, ChangeSetRow, WorkspaceRow } from '../../ports/store.ts';
import * as rows from '../../ports/store_rows.ts';
import { fromColumn } from './column_text.ts';
import type { Row } from './database.ts';

export const changeSetColumns = `id, name, status, is_head, base_version, opened_on, version, intent_root, reality_root,
  audit_count, audit_head, created_at_ms, created_by, updated_at_ms`;
/** With `c` for change sets and `a` for audit rows. */
export const auditColumns = 'c.id as change_set, a.seq, a.version, a.subject, a.kind, a.actor, a.at_ms, a.text, a.hash';
/** With `c` for change sets and `k` for checkpoints. */
export const checkpointColumns =
  'c.id as change_set, k.version, k.intent_root, k.reality_root, k.reality_seq, k.derived_root';

const text = (column: unknown): string => fromColumn(column as string);

export const workspaceRow = (r: Row): WorkspaceRow => rows.workspaceRow(r, text);
export const changeSetRow = (r: Row): ChangeSetRow => rows.changeSetRow(r, text);
export const auditRow = (r: Row): AuditRow => rows.auditRow(r, text);
export const { checkpointRow } = rows;
