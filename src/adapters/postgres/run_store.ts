// Runs, their logs, the memo, documents and sealed contents, in the same schema as everything else. What was asked of the memo is
// counted when it is written to next, so that a read stays a read.

import type { Hash, RunId, WorkspaceId } from '../../base/ids.ts';
import type { RunLogLine, RunRecord } from '../../model/run.ts';
import { fromRow, type RunColumn, type RunRow, runColumns, toColumns } from '../../model/run_row.ts';
import type { ChangeSetVersion, MemoRow, RunQuery, RunStatistics, RunStore } from '../../ports/run_store.ts';
import { fromColumn, toColumn } from './column_text.ts';
import { Conditions } from './conditions.ts';
import type { PostgresDatabase, Value } from './database.ts';
import { Memo } from './memo.ts';
import type { Workspaces } from './workspaces.ts';

/** Runs removed in one statement. */
const pruneStepRows = 1_000;
const integers: readonly (typeof runColumns)[number][] = ['ended_at_ms'];

export class PostgresRunStore implements RunStore {
  readonly #db: PostgresDatabase;
  readonly #workspaces: Workspaces;
  readonly #memo: Memo;

  constructor(db: PostgresDatabase, workspaces: Workspaces) {
    this.#db = db;
    this.#workspaces = workspaces;
    this.#memo = new Memo(db);
  }

  putRuns(workspace: WorkspaceId, runs: readonly RunRecord[]): Promise<void> {
    return this.#workspaces.writing(workspace, async (ref) => {
      // The last of those with one id counts.
      const last = [...new Map(runs.map((run) => [run.id, run])).values()];
      const flat = toColumns(last);
      const columns = runColumns.map((_, at) =>
        flat.filter((_value, i) => i % runColumns.length === at),
      ) as unknown as (readonly string[])[];
      const given = runColumns.map((name, at) => `$${at + 2}::${integers.includes(name) ? 'bigint' : 'text'}[]`);
      await this.#db.ask(
        'recording runs',
        `insert into run (workspace, ${runColumns.join(', ')}) select $1, * from unnest(${given.join(', ')})
         on conflict (workspace, id) do update set
         ${runColumns
           .slice(1)
           .map((c) => `${c} = excluded.${c}`)
           .join(', ')}`,
        [ref, ...columns.map((c) => (c as readonly RunColumn[]).map(storable) as readonly string[])],
      );
    });
  }

  findRun(workspace: WorkspaceId, id: RunId): Promise<RunRecord | undefined> {
    return this.#workspaces.reading(workspace, undefined, async (ref) => {
      const sql = `select ${runColumns.join(', ')} from run where workspace = $1 and id = $2`;
      const [row] = await this.#db.ask('reading', sql, [ref, id]);
      return row && fromRow(row as unknown as RunRow);
    });
  }

  listRuns(workspace: WorkspaceId, query: RunQuery): Promise<readonly RunRecord[]> {
    return this.#workspaces.reading<readonly RunRecord[]>(workspace, [], async (ref) => {
      const where = new Conditions('workspace = $1', [ref, Math.max(0, query.limit)]);
      where.and(query.changeSet, (v) => `change_set = ${v}`);
      where.and(query.component, (v) => `component = ${v}`);
      where.and(query.function, (v) => `function = ${v}`);
      where.and(query.statuses, (v) => `status = any(${v})`);
      // Lets the server see that the partial index has all that is wanted.
      if (query.statuses?.includes('succeeded') === false) where.always("status <> 'succeeded'");
      where.and(query.before, (v) => `id < ${v}`);
      const sql = `select ${runColumns.join(', ')} from run where ${where.text} order by id desc limit $2`;
      return (await this.#db.ask('reading', sql, where.values)).map((row) => fromRow(row as unknown as RunRow));
    });
  }

  appendLog(
    workspace: WorkspaceId,
    lines: readonly { readonly run: RunId; readonly line: RunLogLine }[],
  ): Promise<void> {
    return this.#workspaces.writing(workspace, async (ref) => {
      await this.#db.ask(
        'recording logs',
        `insert into run_log (workspace, run, seq, at_ms, stream, text)
         select $1, * from unnest($2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[]) on conflict do nothing`,
        [
          ref,
          lines.map((l) => l.run),
          lines.map((l) => l.line.seq),
          lines.map((l) => Math.floor(l.line.atMs)),
          lines.map((l) => l.line.stream),
          // As JSON, which has a form for every text.
          lines.map((l) => JSON.stringify(l.line.text)),
        ],
      );
    });
  }

  readRunLog(workspace: WorkspaceId, run: RunId, after: number, limit: number): Promise<readonly RunLogLine[]> {
    return this.#workspaces.reading<readonly RunLogLine[]>(workspace, [], async (ref) => {
      const rows = await this.#db.ask(
        'reading',
        'select seq, at_ms, stream, text from run_log where workspace = $1 and run = $2 and seq > $3 order by seq limit $4',
        [ref, run, after, Math.max(0, limit)],
      );
      return rows.map((row) => ({
        seq: row['seq'] as number,
        atMs: row['at_ms'] as number,
        stream: row['stream'] as RunLogLine['stream'],
        text: JSON.parse(row['text'] as string) as string,
      }));
    });
  }

  pruneRuns(workspace: WorkspaceId, endedBeforeMs: number, keepCount: number): Promise<number> {
    return this.#workspaces.reading(workspace, 0, async (ref) => {
      const prune = async (which: string, ...values: Value[]): Promise<number> => {
        for (let pruned = 0; ; ) {
          const rows = await this.#db.ask(
            'pruning',
            `with gone as (delete from run where workspace = $1 and id in (
               select id from run where workspace = $1 and ended_at_ms is not null and ${which} limit $2) returning id),
             logs as (delete from run_log where workspace = $1 and run in (select id from gone))
             select 1 from gone`,
            [ref, pruneStepRows, ...values],
          );
          pruned += rows.length;
          if (rows.length < pruneStepRows) return pruned;
        }
      };
      const old = await prune('ended_at_ms < $3', endedBeforeMs);
      const [last] = await this.#db.ask(
        'pruning',
        'select id from run where workspace = $1 and ended_at_ms is not null order by id desc limit 1 offset $2',
        [ref, Math.max(0, keepCount)],
      );
      return old + (last === undefined ? 0 : await prune('id <= $3', last['id'] as string));
    });
  }

  readMemo(workspace: WorkspaceId, keys: readonly Hash[]): Promise<ReadonlyMap<Hash, string>> {
    return this.#workspaces.reading<ReadonlyMap<Hash, string>>(workspace, new Map(), (ref) =>
      this.#memo.read(ref, keys),
    );
  }

  writeMemo(workspace: WorkspaceId, rows: readonly MemoRow[], memoBytesMax: number): Promise<void> {
    return this.#workspaces.writing(workspace, (ref) => this.#memo.write(ref, rows, memoBytesMax));
  }

  clearMemo(workspace: WorkspaceId): Promise<number> {
    return this.#workspaces.reading(workspace, 0, (ref) => this.#memo.clear(ref));
  }

  readDocument(workspace: WorkspaceId, name: string): Promise<string | undefined> {
    return this.#workspaces.reading(workspace, undefined, async (ref) => {
      const sql = 'select text from document where workspace = $1 and name = $2';
      const [row] = await this.#db.ask('reading', sql, [ref, toColumn(name)]);
      return row && fromColumn(row['text'] as string);
    });
  }

  writeDocument(workspace: WorkspaceId, name: string, text: string, expected: string | undefined): Promise<boolean> {
    return this.#workspaces.inTurn(workspace, async (ref) => {
      const given = [ref, toColumn(name), toColumn(text)];
      // Lost on the way, it may have been written: what is then there is what was to be written.
      const there = 'select 1 from document where workspace = $1 and name = $2 and text = $3';
      let isAgain = false;
      return this.#db.patiently('writing', async () => {
        if (isAgain && (await this.#db.once(there, given)).length > 0) return true;
        isAgain = true;
        const rows =
          expected === undefined
            ? await this.#db.once(
                'insert into document (workspace, name, text) values ($1, $2, $3) on conflict do nothing returning 1',
                given,
              )
            : await this.#db.once(
                'update document set text = $3 where workspace = $1 and name = $2 and text = $4 returning 1',
                [...given, toColumn(expected)],
              );
        return rows.length > 0;
      });
    });
  }

  putSealed(workspace: WorkspaceId, key: string, sealed: string): Promise<void> {
    return this.#workspaces.inTurn(workspace, async (ref) => {
      await this.#db.ask(
        'writing',
        `insert into sealed (workspace, key, text) values ($1, $2, $3)
         on conflict (workspace, key) do update set text = excluded.text`,
        [ref, toColumn(key), toColumn(sealed)],
      );
    });
  }

  readSealed(workspace: WorkspaceId, key: string): Promise<string | undefined> {
    return this.#workspaces.reading(workspace, undefined, async (ref) => {
      const sql = 'select text from sealed where workspace = $1 and key = $2';
      const [row] = await this.#db.ask('reading', sql, [ref, toColumn(key)]);
      return row && fromColumn(row['text'] as string);
    });
  }

  listSealed(workspace: WorkspaceId): Promise<readonly string[]> {
    return this.#workspaces.reading<readonly string[]>(workspace, [], async (ref) => {
      const sql = 'select key from sealed where workspace = $1 order by key';
      return (await this.#db.ask('reading', sql, [ref])).map((row) => fromColumn(row['key'] as string));
    });
  }

  removeSealed(workspace: WorkspaceId, keys: readonly string[]): Promise<number> {
    return this.#workspaces.inTurn(workspace, async (ref) => {
      const sql = 'delete from sealed where workspace = $1 and key = any($2) returning 1';
      return (await this.#db.ask('writing', sql, [ref, keys.map(toColumn)])).length;
    });
  }

  removeSealedAt(
    workspace: WorkspaceId,
    keys: readonly string[],
    at: readonly ChangeSetVersion[],
  ): Promise<number | undefined> {
    return this.#workspaces.inTurn(workspace, (ref) =>
      this.#db.transaction('writing', async (ask) => {
        // Of whichever writer: nothing is committed to the workspace meanwhile.
        await ask('select 1 from workspace where ref = $1 for no key update', [ref]);
        const now = await ask('select id, version from change_set where workspace = $1', [ref]);
        const versions = new Map<string, number>(at.map(({ id, version }) => [id, version]));
        const isAt =
          now.length === versions.size && now.every((row) => versions.get(row['id'] as string) === row['version']);
        if (!isAt) return undefined;
        return (
          await ask('delete from sealed where workspace = $1 and key = any($2) returning 1', [ref, keys.map(toColumn)])
        ).length;
      }),
    );
  }

  statistics(workspace: WorkspaceId): Promise<RunStatistics> {
    const none = { runs: 0, logLines: 0, memoEntries: 0, memoBytes: 0 };
    return this.#workspaces.reading<RunStatistics>(workspace, none, async (ref) => {
      const [row] = await this.#db.askLong(
        'reading',
        `select (select count(*) from run where workspace = $1) as runs,
           (select count(*) from run_log where workspace = $1) as "logLines",
           (select count(*) from memo where workspace = $1) as "memoEntries",
           (select memo_bytes from workspace where ref = $1) as "memoBytes"`,
        [ref],
      );
      return row as unknown as RunStatistics;
    });
  }
}

function storable(value: RunColumn): RunColumn {
  return typeof value === 'string' ? toColumn(value) : value;
}
