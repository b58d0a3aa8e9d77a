// An action's record as a row of a store. What actions are looked for by are columns; the rest is one JSON text with the
// number of its format.

import type { ActionId, ComponentId } from '../base/ids.ts';
import { Fault } from '../base/result.ts';
import { type ActionRecord, type ActionStatus, actionStatuses, isActionEnded } from './action.ts';

/** Format of a record. 1: first. */
export const actionFormat = 1;

export const actionColumns = 'id, component, status, revision, ended_at_ms, text';

export interface ActionRow {
  readonly id: string;
  readonly component: string;
  readonly status: string;
  readonly revision: number;
  readonly ended_at_ms: number | null;
  readonly text: string;
}

export function toRow(record: ActionRecord): ActionRow {
  const { id, component, status, revision, ...rest } = record;
  const text = JSON.stringify({ format: actionFormat, ...rest });
  return { id, component, status, revision, ended_at_ms: prunedFrom(record), text };
}

/** Faults `store_damaged` when the row is not one that `toRow` makes. */
export function fromRow(row: ActionRow): ActionRecord {
  const { format, ...rest } = parsed(row);
  assertActionFormat(row.id, format);
  const id = row.id as ActionId;
  return {
    ...(rest as Omit<ActionRecord, 'id' | 'component' | 'status' | 'revision'>),
    id,
    component: row.component as ComponentId,
    status: row.status as ActionStatus,
    revision: row.revision,
  };
}

/** When it ended, of an action that may be pruned; null of any other. */
export function prunedFrom({ status, endedAtMs }: ActionRecord): number | null {
  return isActionEnded(status) ? endedAtMs : null;
}

/** What is wrong with a row; undefined: nothing. `origins`: the change sets that a store has as having asked for it. */
export function contradictionOf(row: ActionRow, origins: readonly string[]): string | undefined {
  try {
    const record = fromRow(row);
    if (!actionStatuses.includes(record.status)) return `unknown status ${JSON.stringify(row.status)}`;
    if (prunedFrom(record) !== row.ended_at_ms) return 'its row ended at another time than its text says';
    const told = [...new Set<string>(record.origins)].sort();
    if (JSON.stringify(told) !== JSON.stringify([...origins].sort()))
      return 'the change sets that asked for it are not those of its text';
    return undefined;
  } catch (e) {
    return e instanceof Error ? e.message : String(e);
  }
}

function parsed(row: ActionRow): { readonly format?: unknown } {
  let value: unknown;
  try {
    value = JSON.parse(row.text);
  } catch (e) {
    throw new Fault('store_damaged', `action ${row.id} cannot be read`, { id: row.id }, { cause: e });
  }
  if (typeof value !== 'object' || value === null)
    throw new Fault('store_damaged', `action ${row.id} cannot be read`, { id: row.id });
  return value;
}

export function assertActionFormat(id: string, format: unknown): void {
  if (format !== actionFormat)
    throw new Fault('store_damaged', `action ${id} is of the unknown format ${String(format)}`, { id });
}
