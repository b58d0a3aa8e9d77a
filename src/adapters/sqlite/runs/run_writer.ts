// Writes of runs and their logs, inside a transaction of the thread that owns the file. Rows are appended in order of
// arrival; who has which run is filed later, by the thousand.

import { type RunColumn, runColumns } from '../../../model/run_row.ts';
import type { Database, Statement } from '../driver.ts';
import { groupRows, ManyRows, type Value } from '../many_rows.ts';
import { nameKinds, numberBits } from './run_file.ts';
import { logColumns } from './run_job.ts';
import type { RunSpace } from './run_spaces.ts';

const width = runColumns.length;
/** Rows that one step of pruning removes. */
const pruneStepRows = 500;
const mask = 2 ** numberBits - 1;

interface OldRun {
  readonly number: number;
  readonly id: string;
  readonly change_set: string;
  readonly component: string;
  readonly function: string;
}

export class RunWriter {
  readonly #put: ManyRows;
  readonly #find: Statement;
  readonly #remove: Statement;
  readonly #removeFiled: Statement;
  readonly #removeLog: Statement;
  readonly #log: ManyRows;
  readonly #endedBefore: Statement;
  readonly #oldestEnded: Statement;
  readonly #countEnded: Statement;
  readonly #addNames: Statement[];
  readonly #file: Statement;

  constructor(db: Database) {
    // Under another change set, component or function a run would have to be filed anew: it is replaced as a whole.
    this.#put = new ManyRows(db, {
      before: `insert into run (key, workspace, ${runColumns.join(', ')})`,
      values: `((? << ${numberBits}) | ?, ?${', ?'.repeat(width)})`,
      after: `on conflict (workspace, id) do update
         set status = excluded.status, ended_at_ms = excluded.ended_at_ms, text = excluded.text
         where change_set = excluded.change_set and component = excluded.component and function = excluded.function`,
      width: 3 + width,
    });
    const old = `select key & ${mask} as number, id, change_set, component, function from run`;
    this.#find = db.prepare(`${old} where workspace = ? and id = ?`);
    this.#remove = db.prepare('delete from run where workspace = ? and id = ?');
    this.#removeFiled = db.prepare(
      `delete from run_filed
       where name = (select ref from name where workspace = ? and kind = ? and id = ?) and id = ?`,
    );
    this.#removeLog = db.prepare('delete from run_log where workspace = ? and run = ?');
    this.#log = new ManyRows(db, {
      before: 'insert or ignore into run_log (workspace, run, seq, at_ms, stream, text)',
      values: `(?${', ?'.repeat(logColumns)})`,
      after: '',
      width: 1 + logColumns,
    });
    this.#endedBefore = db.prepare(
      `${old} where workspace = ? and ended_at_ms is not null and ended_at_ms < ? order by ended_at_ms limit ?`,
    );
    this.#oldestEnded = db.prepare(
      `${old} indexed by run_id where workspace = ? and ended_at_ms is not null order by id limit ?`,
    );
    this.#countEnded = db.prepare(
      'select count(*) as n from run indexed by run_ended where workspace = ? and ended_at_ms is not null',
    );
    const tail = `key > (? << ${numberBits}) | ? and key <= (? << ${numberBits}) | ?`;
    const columns = [
      ['change_set', nameKinds.changeSet],
      ['component', nameKinds.component],
      ['function', nameKinds.function],
    ] as const;
    this.#addNames = columns.map(([column, kind]) =>
      db.prepare(
        `insert or ignore into name (workspace, kind, id)
         select distinct workspace, ${kind}, ${column} from run where ${tail} and ${column} <> '' order by 3`,
      ),
    );
    const filed = columns.map(
      ([column, kind]) =>
        `select n.ref as name, r.id as id from run r
         cross join name n on n.workspace = r.workspace and n.kind = ${kind} and n.id = r.${column} where ${tail}`,
    );
    this.#file = db.prepare(`insert or ignore into run_filed (name, id) ${filed.join(' union all ')} order by 1, 2`);
  }

  put(space: RunSpace, columns: readonly RunColumn[]): void {
    const group = groupRows * width;
    for (let at = 0; at < columns.length; at += group) {
      const rows = columns.slice(at, at + group);
      if (this.#putRows(space, rows) === rows.length / width) continue;
      // One of them stands elsewhere; all are put again, one by one.
      for (let i = 0; i < rows.length; i += width) this.#putOne(space, rows.slice(i, i + width));
    }
  }

  append(space: RunSpace, columns: readonly (string | number)[]): void {
    const values: Value[] = [];
    for (let i = 0; i < columns.length; i += logColumns) values.push(space.ref, ...columns.slice(i, i + logColumns));
    this.#log.run(values);
  }

  /** Ended runs beyond the newest `keepCount`. */
  countOver(space: RunSpace, keepCount: number): number {
    return Math.max(0, (this.#countEnded.get(space.ref) as { n: number }).n - keepCount);
  }

  /** Removes some of the runs that ended before; answers how many, 0 when none is left. */
  pruneBefore(space: RunSpace, endedBeforeMs: number): number {
    return this.#removeAll(space, this.#endedBefore.all(space.ref, endedBeforeMs, pruneStepRows));
  }

  /** Removes some of the `count` oldest ended runs; answers how many. */
  pruneOldest(space: RunSpace, count: number): number {
    return this.#removeAll(space, this.#oldestEnded.all(space.ref, Math.min(count, pruneStepRows)));
  }

  /** Files the next `rows` rows of the tail. */
  file(space: RunSpace, rows: number): void {
    const upTo = Math.min(space.runLast, space.runFiled + rows);
    const range = [space.ref, space.runFiled, space.ref, upTo];
    for (const names of this.#addNames) names.run(...range);
    this.#file.run(...range, ...range, ...range);
    space.runFiled = upTo;
  }

  #putRows(space: RunSpace, rows: readonly RunColumn[]): number {
    const values: Value[] = [];
    for (let i = 0; i < rows.length; i += width) {
      values.push(space.ref, ++space.runLast, space.ref);
      for (let c = i; c < i + width; c++) values.push(rows[c] as Value);
    }
    return this.#put.run(values);
  }

  #putOne(space: RunSpace, row: readonly RunColumn[]): void {
    if (this.#putRows(space, row) === 1) return;
    this.#removeRun(space, this.#find.get(space.ref, row[0]!) as unknown as OldRun);
    this.#putRows(space, row);
  }

  #removeAll(space: RunSpace, rows: readonly unknown[]): number {
    for (const row of rows as readonly OldRun[]) {
      this.#removeRun(space, row);
      this.#removeLog.run(space.ref, row.id);
    }
    return rows.length;
  }

  #removeRun(space: RunSpace, row: OldRun): void {
    if (row.number <= space.runFiled) {
      this.#removeFiled.run(space.ref, nameKinds.changeSet, row.change_set, row.id);
      this.#removeFiled.run(space.ref, nameKinds.component, row.component, row.id);
      this.#removeFiled.run(space.ref, nameKinds.function, row.function, row.id);
    }
    this.#remove.run(space.ref, row.id);
  }
}
