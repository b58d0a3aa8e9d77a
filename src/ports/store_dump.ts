// All that a store holds, as rows that are the same whatever store holds them: read from one (`dump`), written to a new one
// (`StoreTarget`). Beside the store's port, because rows have things that nobody asks a store for: positions, the order of use of
// the memo, names of settings.
//
// Contract
// - A dump is of one instant where the store has instants (PostgreSQL). Of a file nobody may write meanwhile.
// - Workspaces come in order of their ids; of each the tables in the order below, an empty one not at all; rows of a table in the order that is
//   said with it: texts without a NUL first, then the others, each by their UTF-8 bytes. So two stores that hold the same give the same rows in the same order.
// - Left out is what follows from the rest (which change sets asked for an action, sizes) and what ends with the process (generations
//   of chunks, who owns the store).
// - Parts are of some MiB at most, unless one row is longer; both sides hold a few of them at a time.
// - A target is empty, and nobody can open it as a store (`store_incomplete`) until `publish`: not while rows are written, nor when the process
//   died meanwhile. Begun again it is empty again. Rows come in the order of a dump.

import type { WorkspaceId } from '../base/ids.ts';
import type { Store } from './store.ts';

/**
 * `text`: opaque. `word`: an id, a status, a name of the program's own, which every store keeps as it is. `hash`: hexadecimal. `changeSet`: the id of a
 * change set that came before. `number` and `flag` as they are called. Each may be null where the store's port has nothing.
 */
export type DumpColumnKind = 'text' | 'word' | 'hash' | 'changeSet' | 'number' | 'flag';

export interface DumpTable {
  readonly columns: readonly (readonly [name: string, kind: DumpColumnKind])[];
  /** Names of columns; empty: in the order of use, what goes first at the front. */
  readonly order: readonly string[];
}

const named: DumpTable = {
  columns: [
    ['name', 'text'],
    ['text', 'text'],
  ],
  order: ['name'],
};

/** In order: what refers to something comes behind it. */
export const dumpTables = {
  workspace: {
    columns: [
      ['name', 'text'],
      ['head', 'word'],
      ['created_at_ms', 'number'],
      ['last_position', 'number'],
      ['events_removed', 'number'],
    ],
    order: ['name'],
  },
  change_set: {
    columns: [
      ['id', 'word'],
      ['name', 'text'],
      ['status', 'word'],
      ['is_head', 'flag'],
      ['base_version', 'number'],
      ['opened_on', 'number'],
      ['version', 'number'],
      ['intent_root', 'word'],
      ['reality_root', 'word'],
      ['audit_count', 'number'],
      ['audit_head', 'word'],
      ['created_at_ms', 'number'],
      ['created_by', 'text'],
      ['updated_at_ms', 'number'],
    ],
    order: ['id'],
  },
  log: {
    columns: [
      ['change_set', 'changeSet'],
      ['version', 'number'],
      ['text', 'text'],
    ],
    order: ['change_set', 'version'],
  },
  audit: {
    columns: [
      ['position', 'number'],
      ['change_set', 'changeSet'],
      ['seq', 'number'],
      ['version', 'number'],
      ['subject', 'text'],
      ['kind', 'text'],
      ['actor', 'text'],
      ['at_ms', 'number'],
      ['text', 'text'],
      ['hash', 'word'],
    ],
    order: ['position'],
  },
  reality: {
    columns: [
      ['seq', 'number'],
      ['text', 'text'],
    ],
    order: ['seq'],
  },
  /** Positions that are no audit row's. */
  event: {
    columns: [
      ['position', 'number'],
      ['step', 'number'],
      ['text', 'text'],
    ],
    order: ['position'],
  },
  /** As `model/action_row` makes them. */
  action: {
    columns: [
      ['id', 'word'],
      ['component', 'word'],
      ['status', 'word'],
      ['revision', 'number'],
      ['ended_at_ms', 'number'],
      ['text', 'word'],
    ],
    order: ['id'],
  },
  idempotency: {
    columns: [
      ['principal', 'text'],
      ['key', 'text'],
      ['request_hash', 'word'],
      ['reply', 'text'],
      ['at_ms', 'number'],
    ],
    order: ['principal', 'key'],
  },
  chunk: {
    columns: [
      ['hash', 'hash'],
      ['text', 'text'],
    ],
    order: ['hash'],
  },
  checkpoint: {
    columns: [
      ['change_set', 'changeSet'],
      ['version', 'number'],
      ['intent_root', 'word'],
      ['reality_root', 'word'],
      ['reality_seq', 'number'],
      ['derived_root', 'word'],
    ],
    order: ['change_set', 'version'],
  },
  setting: {
    columns: [
      ['name', 'text'],
      ['value', 'text'],
    ],
    order: ['name'],
  },
  document: named,
  sealed: {
    columns: [
      ['key', 'text'],
      ['text', 'text'],
    ],
    order: ['key'],
  },
  /** As `model/run_row` makes them. */
  run: {
    columns: [
      ['id', 'word'],
      ['change_set', 'word'],
      ['component', 'word'],
      ['function', 'word'],
      ['status', 'word'],
      ['ended_at_ms', 'number'],
      ['text', 'word'],
    ],
    order: ['id'],
  },
  /** `text` is JSON. */
  run_log: {
    columns: [
      ['run', 'word'],
      ['seq', 'number'],
      ['at_ms', 'number'],
      ['stream', 'word'],
      ['text', 'word'],
    ],
    order: ['run', 'seq'],
  },
  memo: {
    columns: [
      ['key', 'hash'],
      ['text', 'text'],
    ],
    order: [],
  },
} as const satisfies Record<string, DumpTable>;

export type DumpTableName = keyof typeof dumpTables;
export const dumpTableNames = Object.keys(dumpTables) as readonly DumpTableName[];

export type DumpValue = string | number | boolean | null;
/** Values in the order of the table's columns. */
export type DumpRow = readonly DumpValue[];

/** Some rows of one table of one workspace. */
export interface DumpPart {
  readonly workspace: WorkspaceId;
  readonly table: DumpTableName;
  readonly rows: readonly DumpRow[];
}

/** A store that can be read whole. Faults: `store_failed`, `store_damaged`. */
export interface DumpableStore extends Store {
  dump(): AsyncIterable<DumpPart>;
}

/** A place where a store is being made. */
export interface StoreTarget {
  write(part: DumpPart): Promise<void>;
  /** What was written, to be read and checked. Nothing is written behind it; closing it is up to the target. */
  written(): Promise<DumpableStore>;
  /** From here on it is a store, which anybody may open. */
  publish(): Promise<void>;
  /** Takes away what was written, and lets go of the place. */
  discard(): Promise<void>;
}

/** Rows and characters of one part, and the rows that are asked for first. */
const partRowsMax = 1_000;
const partCharsMax = 1024 * 1024;
export const dumpPartRowsFirst = 16;

/** How many rows to ask for next, by the length of those that came. */
export function nextPartRows(rows: readonly DumpRow[]): number {
  let chars = 0;
  for (const row of rows) for (const value of row) chars += typeof value === 'string' ? value.length : 8;
  return Math.max(1, Math.min(partRowsMax, Math.floor((rows.length * partCharsMax) / chars)));
}
