// All rows of the schema, as every store gives them (ports/store_dump.ts), through cursors of one transaction on a connection of its
// own: of one instant, while others write.

import pg from 'pg';
import type { WorkspaceId } from '../../base/ids.ts';
import { limits } from '../../base/limits.ts';
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
import { fromColumn, inOrderOfText } from './column_text.ts';
import { type PostgresDatabase, type Row, standsStill } from './database.ts';
import { asFault } from './fault.ts';

export async function* dumpSchema(db: PostgresDatabase): AsyncIterable<DumpPart> {
  const client = new pg.Client({ ...db.clientOptions(), query_timeout: limits.databaseAnsweredLongMs });
  // Told by the statement that meets it.
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query(`begin transaction isolation level repeatable read read only; ${standsStill}`);
    const { rows } = await client.query('select ref, id from workspace order by id');
    for (const { ref, id } of rows as { ref: number; id: WorkspaceId }[])
      for (const table of dumpTableNames) yield* partsOf(client, { table, ref, workspace: id });
    await client.query('rollback');
  } catch (e) {
    throw asFault(e, 'reading');
  } finally {
    await client.end();
  }
}

interface Of {
  readonly workspace: WorkspaceId;
  readonly ref: number;
  readonly table: DumpTableName;
}

async function* partsOf(client: pg.Client, { table, ref, workspace }: Of): AsyncIterable<DumpPart> {
  await client.query(`declare dump no scroll cursor for ${selectOf(table, ref)}`);
  for (let count = dumpPartRowsFirst; ; ) {
    const found = (await client.query(`fetch ${count} from dump`)).rows as Row[];
    const rows = found.map((row) => valuesOf(table, row));
    if (rows.length > 0) yield { workspace, table, rows };
    if (rows.length < count) break;
    count = nextPartRows(rows);
  }
  await client.query('close dump');
}

/** `ref` is a number of the schema's own. */
function selectOf(table: DumpTableName, ref: number): string {
  const { columns, order } = dumpTables[table];
  const kinds = new Map<string, string>(columns);
  const isJoined = [...kinds.values()].includes('changeSet');
  const at = (name: string) => (kinds.get(name) === 'changeSet' ? 'c.id' : `t.${name}`);
  const got = columns.map(([name, kind]) => `${kind === 'hash' ? `encode(t.${name}, 'hex')` : at(name)} as ${name}`);
  const by = order.map((name) => (kinds.get(name) === 'text' ? inOrderOfText(at(name)) : at(name)));
  const key = table === 'workspace' ? 'ref' : 'workspace';
  return `select ${got.join(', ')} from ${table} t ${isJoined ? 'join change_set c on c.ref = t.change_set' : ''}
    where ${isJoined ? 'c.workspace' : `t.${key}`} = ${ref} order by ${by.length === 0 ? 't.used, t.key' : by.join(', ')}`;
}

function valuesOf(table: DumpTableName, row: Row): DumpRow {
  return dumpTables[table].columns.map(([name, kind]): DumpValue => {
    const value = row[name] as DumpValue;
    return kind === 'text' && value !== null ? fromColumn(value as string) : value;
  });
}
