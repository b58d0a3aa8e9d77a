// An action's record as a row, and in a record of the journal. What actions are looked for by are columns; the rest is one
// JSON text with the number of its format. The journal keeps whole records with the same number, so that what a dead
// owner of an earlier release left is read by the same rules as its rows.

import type { ActionId, ComponentId } from '../../base/ids.ts';
import { Fault } from '../../base/result.ts';
import { type ActionRecord, type ActionStatus, isActionEnded } from '../../model/action.ts';
import type { Commit } from '../../ports/store.ts';
import { isStorable } from './column_text.ts';

/** Format of a record. 1: first. */
const recordFormat = 1;

export const actionColumns = 'id, component, status, revision, ended_at_ms, text';

export interface ActionRow {
  readonly id: string;
  readonly component: string;
  readonly status: string;
  readonly revision: number;
  readonly ended_at_ms: number | null;
  readonly text: string;
}

type ActionWrite = NonNullable<Commit['actions']>[number];

/** A commit as it stands in the journal; of a release that had no actions yet it is the commit itself. */
export interface JournaledCommit extends Omit<Commit, 'actions'> {
  readonly actions?: readonly (ActionWrite & { readonly format: number })[];
}

export function toRow(record: ActionRecord): ActionRow {
  const { id, component, status, revision, ...rest } = record;
  const text = JSON.stringify({ format: recordFormat, ...rest });
  return { id, component, status, revision, ended_at_ms: prunedFrom(record), text };
}

/** Faults `store_damaged` when the row is not one that `toRow` makes. */
export function fromRow(row: ActionRow): ActionRecord {
  const { format, ...rest } = parsed(row);
  assertFormat(row.id, format);
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

/** Would the table take it? Its text always: JSON escapes what is no text. */
export function isStorableAction(record: ActionRecord): boolean {
  const { id, component, origins, revision } = record;
  const ended = prunedFrom(record);
  return (
    [id, component, ...origins].every(isStorable) &&
    Number.isSafeInteger(revision) &&
    (ended === null || Number.isSafeInteger(ended))
  );
}

/** About the text of an action, in UTF-16 units: names and numbers of its members, and what in it has no bound. */
export function weightOfAction({ paths, origins, after, failure }: ActionRecord): number {
  const idChars = 29;
  let chars = 768 + (origins.length + after.length) * idChars + (failure?.message.length ?? 0);
  for (const path of paths) chars += path.length;
  return chars;
}

export function toJournal(commit: Commit): JournaledCommit {
  const { actions, ...rest } = commit;
  return actions === undefined ? rest : { ...rest, actions: actions.map((a) => ({ format: recordFormat, ...a })) };
}

export function fromJournal(journaled: JournaledCommit): Commit {
  const { actions, ...rest } = journaled;
  if (actions === undefined) return rest;
  return {
    ...rest,
    actions: actions.map(({ format, ...move }) => {
      assertFormat(move.record.id, format);
      // JSON has no undefined: what must not exist yet names nothing.
      return { ...move, expected: move.expected };
    }),
  };
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

function assertFormat(id: string, format: unknown): void {
  if (format !== recordFormat)
    throw new Fault('store_damaged', `action ${id} is of the unknown format ${String(format)}`, { id });
}
