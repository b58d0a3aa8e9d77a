// All rows of the two files, as every store gives them (ports/store_dump.ts), in pages along an index; what follows a change set is read
// change set by change set. Nobody writes meanwhile.

import type { Hash, WorkspaceId } from '../../base/ids.ts';
import {
  type DumpPart,
  type DumpRow,
  type DumpTableName,
  type DumpValue,
  dumpPartRowsFirst,
  dumpTableNames,
  dumpTables,
  nextPartRows,
} from '../../ports/store_dump.ts';
import { collisionsMax, hashBits, hashPrefix } from './chunk_store.ts';
import { fromColumn } from './column_text.ts';
import type { Database } from './driver.ts';
import type { Value } from './many_rows.ts';
import { realitySeqBits } from './reality_table.ts';
import { positionBits, type Refs } from './refs.ts';
import { auditColumns } from './row_reader.ts';
import { numberBits } from './runs/run_file.ts';

type Row = Readonly<Record<string, unknown>>;

/** A page of a table behind a place, which the columns `at0`, `at1` of the last row say. */
interface Paged {
  readonly sql: string;
  readonly first: readonly Value[];
  /** The keys are in a range: the integer behind the owner's ends it. */
  readonly isRange?: true;
  /** The owner is a change set. */
  readonly isOfChangeSet?: true;
}

/** Keys that pack the owner's integer and a number. */
function keyed(bits: number, columns: string, from: string, key = 'key'): Paged {
  return {
    sql: `select ${key} & ${2 ** bits - 1} as at0, ${columns} from ${from}
      where ${key} > (? << ${bits}) + ? and ${key} < (? << ${bits}) order by ${key} limit ?`,
    first: [-1],
    isRange: true,
  };
}

/** Rows that name their workspace, along an index of columns. `first`: below every value. */
function listed(table: DumpTableName, order: readonly string[], first: Value): Paged {
  const columns = dumpTables[table].columns.map(([name]) => name);
  const places = order.map((name, i) => `${name} as at${i}`);
  return {
    sql: `select ${[...columns, ...places].join(', ')} from ${table}
      where workspace = ? and (${order.join(', ')}) > (${order.map(() => '?').join(', ')}) order by ${order.join(', ')} limit ?`,
    first: order.map(() => first),
  };
}

/** Below every text and every byte string. */
const none = -1;

const statements: Readonly<Record<Exclude<DumpTableName, 'workspace'>, Paged>> = {
  change_set: listed('change_set', ['id'], ''),
  log: { ...keyed(32, `key & ${2 ** 32 - 1} as version, text`, 'log'), isOfChangeSet: true },
  audit: keyed(
    positionBits,
    `a.key & ${2 ** positionBits - 1} as position, ${auditColumns}`,
    'audit a join change_set c on c.ref = a.chain >> 32',
    'a.key',
  ),
  reality: keyed(realitySeqBits, `key & ${2 ** realitySeqBits - 1} as seq, text`, 'reality'),
  event: keyed(positionBits, `key & ${2 ** positionBits - 1} as position, step, text`, 'event'),
  action: listed('action', ['id'], ''),
  idempotency: listed('idempotency', ['principal', 'key'], none),
  chunk: keyed(hashBits, 'lower(hex(c.hash)) as hash, c.text', 'chunk_index i join chunk c on c.id = i.chunk', 'i.key'),
  checkpoint: {
    ...keyed(32, `key & ${2 ** 32 - 1} as version, intent_root, reality_root, reality_seq, derived_root`, 'checkpoint'),
    isOfChangeSet: true,
  },
  setting: listed('setting', ['name'], none),
  document: listed('document', ['name'], none),
  sealed: listed('sealed', ['key'], none),
  run: listed('run', ['id'], ''),
  run_log: listed('run_log', ['run', 'seq'], ''),
  memo: keyed(numberBits, 'lower(hex(hash)) as key, text', 'memo', 'memo.key'),
};

const ofRuns: readonly DumpTableName[] = ['run', 'run_log', 'memo'];

/** `runs`: the second file, where there is one. */
export async function* dumpFiles(db: Database, refs: Refs, runs: Database | undefined): AsyncIterable<DumpPart> {
  const refsIn = (file: Database | undefined) =>
    new Map((file?.prepare('select id, ref from workspace').all() ?? []).map((r) => refOf(r as Row)));
  const [main, beside] = [refsIn(db), refsIn(runs)];
  // Ids are of ASCII, so their order is that of their bytes.
  for (const id of [...new Set([...main.keys(), ...beside.keys()])].sort()) {
    const ref = main.get(id);
    yield { workspace: id, table: 'workspace', rows: [workspaceRow(db, refs, ref)] };
    for (const table of dumpTableNames) {
      if (table === 'workspace') continue;
      const isOfRuns = ofRuns.includes(table);
      const at = isOfRuns ? beside.get(id) : ref;
      if (at === undefined) continue;
      for (const rows of pagesOf(isOfRuns ? runs! : db, table, at)) {
        if (rows.length > 0) yield { workspace: id, table, rows };
        // Whoever else works in this process has a turn.
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
    }
  }
}

const refOf = (r: Row): readonly [WorkspaceId, number] => [r['id'] as WorkspaceId, r['ref'] as number];

function workspaceRow(db: Database, refs: Refs, ref: number | undefined): DumpRow {
  if (ref === undefined) return [null, null, null, 0, 0];
  const row = db
    .prepare('select name, head, created_at_ms, events_removed from workspace where ref = ?')
    .get(ref) as Row;
  return valuesOf('workspace', { ...row, last_position: refs.lastPosition(ref) });
}

function* pagesOf(
  db: Database,
  table: Exclude<DumpTableName, 'workspace'>,
  workspace: number,
): Iterable<readonly DumpRow[]> {
  const paged = statements[table];
  if (!paged.isOfChangeSet) {
    const pages = pagesBehind(db, table, workspace);
    for (const rows of table === 'chunk' ? inOrderOfHash(pages) : pages) yield rows.map((row) => valuesOf(table, row));
    return;
  }
  for (const { ref, id } of db
    .prepare('select ref, id from change_set where workspace = ? order by id')
    .all(workspace) as unknown as { ref: number; id: string }[])
    for (const rows of pagesBehind(db, table, ref))
      yield rows.map((row) => valuesOf(table, { ...row, change_set: id }));
}

function* pagesBehind(
  db: Database,
  table: Exclude<DumpTableName, 'workspace'>,
  owner: number,
): Iterable<readonly Row[]> {
  const { sql, first, isRange } = statements[table];
  const statement = db.prepare(sql);
  for (let at = first, count = dumpPartRowsFirst; ; ) {
    const rows = statement.all(owner, ...at, ...(isRange ? [owner + 1] : []), count) as Row[];
    yield rows;
    if (rows.length < count) return;
    const last = rows.at(-1)!;
    at = first.map((_, i) => last[`at${i}`] as Value);
    count = nextPartRows(rows.map((row) => valuesOf(table, row)));
  }
}

/** Chunks whose hashes begin alike stand up to `collisionsMax` places behind their own: they are held back so long. */
function* inOrderOfHash(pages: Iterable<readonly Row[]>): Iterable<readonly Row[]> {
  let held: readonly Row[] = [];
  for (const page of pages) {
    const rows = [...held, ...page].sort((a, b) => ((a['hash'] as string) < (b['hash'] as string) ? -1 : 1));
    const done = Number(page.at(-1)?.['at0'] ?? 0) - collisionsMax;
    const isDone = (row: Row) => hashPrefix(row['hash'] as Hash) <= done;
    yield rows.filter(isDone);
    held = rows.filter((row) => !isDone(row));
  }
  yield held;
}

function valuesOf(table: DumpTableName, row: Row): DumpRow {
  return dumpTables[table].columns.map(([name, kind]): DumpValue => {
    const value = row[name];
    if (value === null || value === undefined) return null;
    if (kind === 'flag') return value === 1;
    return kind === 'number' ? (value as number) : fromColumn(value as string | Uint8Array);
  });
}
