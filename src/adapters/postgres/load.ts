// A store that is made from rows of another (ports/store_dump.ts), in the tables of a schema that has none. Until it is whole the number of
// its version is negative: nobody opens it (`store_incomplete`), and whoever begins again empties it first. What the rows do not
// say because it follows from them is worked out by workspace, when all of its rows are there.

import type { WorkspaceId } from '../../base/ids.ts';
import { Fault, must, refuse } from '../../base/result.ts';
import {
  type DumpableStore,
  type DumpColumnKind,
  type DumpPart,
  type DumpRow,
  type DumpTableName,
  type DumpValue,
  dumpTables,
  type StoreTarget,
} from '../../ports/store_dump.ts';
import { toColumn } from './column_text.ts';
import type { Ask, PostgresDatabase, Value } from './database.ts';
import { memoBytes } from './memo.ts';
import { markIncomplete, markWhole } from './migrate.ts';
import type { Presence } from './presence.ts';
import { openTables, PostgresStore, type PostgresStoreOptions } from './store.ts';

/** Those of what a store holds, with commas between: others in the same schema are somebody else's. */
const tablesOfStore = [
  'workspace, change_set, log, audit, event, reality, action, action_origin, idempotency, chunk, checkpoint, setting, document',
  'sealed, run, run_log, memo, workspace_lease, key_rate, key_hold, key_turn',
].join(', ');

/** Where a new store is to be. Refuses (thrown) `already_exists`; faults `store_busy` while an engine, or another move, has it. */
export async function openPostgresTarget(options: PostgresStoreOptions): Promise<StoreTarget> {
  const { db, presence } = await openTables({ ...options, isAlone: true }, { mayBeIncomplete: true });
  const owned = presence!;
  try {
    const isFree = await db.transaction('taking the place', async (ask) => {
      await owned.assert(ask);
      const [row] = await ask(
        'select version < 0 as is_begun, exists (select 1 from workspace) as is_store from store_version',
      );
      if (row!['is_begun'] === true) await empty(ask);
      else if (row!['is_store'] === true) return false;
      await markIncomplete(ask);
      return true;
    });
    if (!isFree) must(isTaken(db.schema));
    return new PostgresTarget(db, owned, options);
  } catch (e) {
    await db.close();
    await owned.close();
    throw e;
  }
}

const isTaken = (schema: string) =>
  refuse('already_exists', {
    path: 'to',
    expected: 'a schema without a store',
    got: `schema ${schema}, which has workspaces`,
    hint: 'name another schema (?schema=NAME behind the address), or drop this one; nothing is overwritten',
  });

async function empty(ask: Ask): Promise<void> {
  await ask(`truncate ${tablesOfStore} restart identity`);
}

class PostgresTarget implements StoreTarget {
  readonly #db: PostgresDatabase;
  readonly #owned: Presence;
  readonly #options: PostgresStoreOptions;
  #workspace: { readonly id: WorkspaceId; readonly ref: number } | undefined;
  readonly #changeSets = new Map<string, number>();
  #used = 0;
  #store: PostgresStore | undefined;

  constructor(db: PostgresDatabase, owned: Presence, options: PostgresStoreOptions) {
    this.#db = db;
    this.#owned = owned;
    this.#options = options;
  }

  async write({ workspace, table, rows }: DumpPart): Promise<void> {
    if (this.#workspace?.id !== workspace) await this.#begin(workspace);
    const ref = this.#workspace!.ref;
    if (table === 'workspace') return this.#name(ref, rows[0]!);
    await this.#insert(ref, table, rows);
    if (table !== 'change_set') return;
    const ids = rows.map(([id]) => id as string);
    const sql = 'select ref, id from change_set where workspace = $1 and id = any($2)';
    for (const row of await this.#db.ask('writing', sql, [ref, ids]))
      this.#changeSets.set(row['id'] as string, row['ref'] as number);
  }

  async written(): Promise<DumpableStore> {
    await this.#end();
    // The planner has seen none of it.
    await this.#owning((ask) => ask(`analyze ${tablesOfStore}`));
    this.#store ??= new PostgresStore(this.#db, this.#options, this.#owned);
    return this.#store;
  }

  async publish(): Promise<void> {
    await this.#end();
    await this.#owning(markWhole);
    await this.#close();
  }

  async discard(): Promise<void> {
    try {
      await this.#owning(async (ask) => {
        await empty(ask);
        await markWhole(ask);
      });
    } finally {
      await this.#close();
    }
  }

  async #close(): Promise<void> {
    await this.#db.close();
    await this.#owned.close();
  }

  /** One transaction of whoever still has the place; done again after a lost connection it writes nothing twice. */
  #owning<T>(body: (ask: Ask) => Promise<T>): Promise<T> {
    return this.#db.transaction(
      'making a store',
      async (ask) => {
        await this.#owned.assert(ask);
        return body(ask);
      },
      { isLong: true },
    );
  }

  async #begin(id: WorkspaceId): Promise<void> {
    await this.#end();
    const [row] = await this.#owning(async (ask) => {
      await ask('insert into workspace (id) values ($1) on conflict do nothing', [id]);
      return ask('select ref from workspace where id = $1', [id]);
    });
    this.#workspace = { id, ref: row!['ref'] as number };
  }

  /** What follows from the rows of a workspace. */
  async #end(): Promise<void> {
    const ref = this.#workspace?.ref;
    if (ref === undefined) return;
    await this.#owning(async (ask) => {
      await ask(
        `update workspace set reality_seq = (select coalesce(max(seq), 0) from reality where workspace = $1),
           memo_bytes = (select coalesce(sum(bytes), 0) from memo where workspace = $1),
           memo_used = (select coalesce(max(used), 0) from memo where workspace = $1) where ref = $1`,
        [ref],
      );
      await ask(
        `insert into action_origin (workspace, origin, id)
         select distinct a.workspace, o, a.id from action a, jsonb_array_elements_text(a.text::jsonb -> 'origins') o
         where a.workspace = $1 on conflict do nothing`,
        [ref],
      );
    });
    this.#workspace = undefined;
    this.#changeSets.clear();
    this.#used = 0;
  }

  async #name(ref: number, [name, ...rest]: DumpRow): Promise<void> {
    const sql = `update workspace set name = $2, head = $3, created_at_ms = $4, last_position = $5, events_removed = $6
      where ref = $1`;
    const values = [ref, typeof name === 'string' ? toColumn(name) : null, ...rest] as Value[];
    await this.#owning((ask) => ask(sql, values));
  }

  async #insert(ref: number, table: DumpTableName, rows: readonly DumpRow[]): Promise<void> {
    const columns = [...dumpTables[table].columns.map(([name, kind], i) => this.#column(name, kind, rows, i))];
    if (table === 'chunk')
      columns.push(
        integers(
          'generation',
          rows.map(() => 1),
        ),
      );
    if (table === 'memo') {
      columns.push(
        integers(
          'used',
          rows.map((_, i) => this.#used + i + 1),
        ),
      );
      columns.push(
        integers(
          'bytes',
          rows.map(([key, text]) => memoBytes(key as string, text as string)),
        ),
      );
      this.#used += rows.length;
    }
    // Rows of a change set have no other workspace than its own.
    const isOfWorkspace = table !== 'log' && table !== 'checkpoint';
    const names = columns.map((c) => c.name);
    const from = isOfWorkspace ? 2 : 1;
    const sql = `insert into ${table} (${isOfWorkspace ? 'workspace, ' : ''}${names.join(', ')})
      select ${isOfWorkspace ? '$1::integer, ' : ''}${columns.map((c) => c.taken).join(', ')}
      from unnest(${columns.map((c, i) => `$${i + from}::${c.type}[]`).join(', ')}) as x(${names.join(', ')})
      on conflict do nothing`;
    const values = [...(isOfWorkspace ? [ref] : []), ...columns.map((c) => c.values as readonly string[])];
    await this.#owning((ask) => ask(sql, values));
  }

  #column(name: string, kind: DumpColumnKind, rows: readonly DumpRow[], at: number): Column {
    const values = rows.map((row): DumpValue => {
      const value = row[at]!;
      if (kind === 'changeSet') return this.#ofChangeSet(value as string);
      return kind === 'text' && value !== null ? toColumn(value as string) : value;
    });
    const taken = kind === 'hash' ? `decode(x.${name}, 'hex')` : `x.${name}`;
    return { name, type: types[kind], taken, values };
  }

  #ofChangeSet(id: string): number {
    const ref = this.#changeSets.get(id);
    if (ref === undefined) throw new Fault('store_damaged', `rows of change set ${id}, which does not exist`);
    return ref;
  }
}

/** A column as it is sent: a list of a type, and what is made of each. */
interface Column {
  readonly name: string;
  readonly type: string;
  readonly taken: string;
  readonly values: readonly DumpValue[];
}

const types: Readonly<Record<DumpColumnKind, string>> = {
  text: 'text',
  word: 'text',
  hash: 'text',
  changeSet: 'bigint',
  number: 'bigint',
  flag: 'boolean',
};

const integers = (name: string, values: readonly number[]): Column => ({
  name,
  type: 'bigint',
  taken: `x.${name}`,
  values,
});
