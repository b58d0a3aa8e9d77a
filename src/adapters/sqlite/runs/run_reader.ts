// Reads of the second file, through a connection of their own. Each is one transaction, so that what is filed and what is
// still in the tail are of one instant.

import type { Hash, RunId, WorkspaceId } from '../../../base/ids.ts';
import type { RunLogLine, RunRecord } from '../../../model/run.ts';
import { fromRow, type RunRow } from '../../../model/run_row.ts';
import type { RunQuery, RunStatistics } from '../../../ports/run_store.ts';
import { fromColumn } from '../column_text.ts';
import type { Database, Statement } from '../driver.ts';
import { nameKinds, numberBits } from './run_file.ts';
import type { WorkspaceRow } from './run_spaces.ts';

/** Rows looked at in one step of a listing, at least and at most. */
const listStepRowsMin = 50;
const listStepRowsMax = 1_000;
const mask = 2 ** numberBits - 1;
/** Above every id. */
const last = '\u{10ffff}';
const columns = 'r.id, r.change_set, r.component, r.function, r.status, r.text';

/** Rows with ids below `before`, newest first, complete down to `down`; undefined: to the oldest. */
export interface RunPage {
  readonly runs: readonly RunRecord[];
  readonly down: string | undefined;
}

export interface MemoPage {
  readonly texts: ReadonlyMap<Hash, string>;
  /** Numbers of those found that are in the older half. */
  readonly old: readonly number[];
}

export class RunReader {
  readonly #db: Database;
  readonly #space: Statement;
  readonly #run: Statement;
  readonly #log: Statement;
  readonly #all: Statement;
  readonly #byStatus: Statement;
  readonly #byName: Statement;
  readonly #inTail: Record<keyof typeof nameKinds, Statement>;
  readonly #memoTail: Statement;
  readonly #memoFirst: Statement;
  readonly #memoFiled: Statement;
  readonly #memoRows: Statement;
  readonly #counts: Statement;
  /** Of each workspace, the memo entries behind those filed as far as they were seen. */
  readonly #tails = new Map<number, { seen: number; readonly numbers: Map<Hash, number> }>();

  constructor(db: Database) {
    this.#db = db;
    this.#space = db.prepare('select * from workspace where id = ?');
    this.#run = db.prepare(`select ${columns} from run r where r.workspace = ? and r.id = ?`);
    this.#log = db.prepare(
      'select seq, at_ms, stream, text from run_log where workspace = ? and run = ? and seq > ? order by seq limit ?',
    );
    const newest = 'order by r.id desc limit ?';
    this.#all = db.prepare(
      `select ${columns} from run r indexed by run_id where r.workspace = ? and r.id < ? ${newest}`,
    );
    this.#byStatus = db.prepare(
      `select ${columns} from run r indexed by run_status
       where r.workspace = ? and r.status = ? and r.status <> 'succeeded' and r.id < ? ${newest}`,
    );
    this.#byName = db.prepare(
      `select ${columns} from run_filed f cross join run r on r.workspace = ? and r.id = f.id
       where f.name = (select ref from name where workspace = ? and kind = ? and id = ?) and f.id < ?
       order by f.id desc limit ?`,
    );
    const inTail = (column: string): Statement =>
      db.prepare(
        `select ${columns} from run r not indexed
         where r.key > (? << ${numberBits}) | ? and r.key < ? << ${numberBits} and r.${column} = ? and r.id < ? ${newest}`,
      );
    this.#inTail = { changeSet: inTail('change_set'), component: inTail('component'), function: inTail('function') };
    this.#memoTail = db.prepare(
      `select key & ${mask} as number, lower(hex(hash)) as hash from memo
       where key > (? << ${numberBits}) | ? and key < ? << ${numberBits} order by key`,
    );
    this.#memoFirst = db.prepare(
      `select key & ${mask} as number from memo where key >= ? << ${numberBits} and key < ? << ${numberBits}
       order by key limit 1`,
    );
    this.#memoFiled = db.prepare(
      `select j.value as hash, f.number, m.text from json_each(?) j
       cross join memo_filed f on f.workspace = ? and f.hash = unhex(j.value)
       cross join memo m on m.key = (? << ${numberBits}) | f.number`,
    );
    this.#memoRows = db.prepare(
      `select j.value as number, m.text from json_each(?) j
       cross join memo m on m.key = (? << ${numberBits}) | j.value`,
    );
    this.#counts = db.prepare(
      `select (select count(*) from run indexed by run_id where workspace = ?) as runs,
         (select count(*) from run_log where workspace = ?) as lines,
         (select count(*) from memo where key >= ? << ${numberBits} and key < ? << ${numberBits}) as entries`,
    );
  }

  find(workspace: WorkspaceId, id: RunId): RunRecord | undefined {
    const space = this.#findSpace(workspace);
    const row = space && (this.#run.get(space.ref, id) as RunRow | undefined);
    return row && fromRow(row);
  }

  /** One bounded step of a listing; go on below `down` while there is one. */
  list(workspace: WorkspaceId, query: RunQuery, before: string | undefined, wanted: number): RunPage {
    return this.#instant(() => {
      const space = this.#findSpace(workspace);
      if (space === undefined || wanted <= 0) return { runs: [], down: undefined };
      const most = Math.min(Math.max(wanted, listStepRowsMin), listStepRowsMax);
      const { rows, down } = this.#candidates(space, query, { before: before ?? last, most });
      const { statuses, changeSet, component } = query;
      const runs = rows.filter(
        (row) =>
          (statuses === undefined || (statuses as readonly string[]).includes(row.status)) &&
          (changeSet === undefined || row.change_set === changeSet) &&
          (component === undefined || row.component === component) &&
          (query.function === undefined || row.function === query.function),
      );
      return { runs: runs.map(fromRow), down };
    });
  }

  log(workspace: WorkspaceId, run: RunId, after: number, limit: number): RunLogLine[] {
    const space = this.#findSpace(workspace);
    if (space === undefined) return [];
    const rows = this.#log.all(space.ref, run, after, Math.max(0, limit)) as unknown as LogRow[];
    return rows.map((row) => ({
      seq: row.seq,
      atMs: row.at_ms,
      stream: row.stream,
      text: JSON.parse(row.text) as string,
    }));
  }

  memo(workspace: WorkspaceId, hashes: readonly Hash[]): MemoPage {
    return this.#instant(() => {
      const texts = new Map<Hash, string>();
      const old: number[] = [];
      const space = this.#findSpace(workspace);
      if (space === undefined) return { texts, old };
      const first = (this.#memoFirst.get(space.ref, space.ref + 1) as { number: number } | undefined)?.number ?? 0;
      const middle = (first + space.memo_last) / 2;
      const tail = this.#tail(space);
      const byNumber = new Map<number, Hash>();
      const filed: Hash[] = [];
      for (const hash of hashes) {
        const number = tail.get(hash);
        if (number === undefined) filed.push(hash);
        else byNumber.set(number, hash);
      }
      const found = (hash: Hash, row: MemoRow): void => {
        texts.set(hash, fromColumn(row.text));
        if (row.number < middle) old.push(row.number);
      };
      if (filed.length > 0)
        for (const row of this.#memoFiled.all(JSON.stringify(filed), space.ref, space.ref) as unknown as FiledRow[])
          found(row.hash, row);
      if (byNumber.size > 0)
        for (const row of this.#memoRows.all(JSON.stringify([...byNumber.keys()]), space.ref) as unknown as MemoRow[])
          found(byNumber.get(row.number)!, row);
      return { texts, old };
    });
  }

  statistics(workspace: WorkspaceId): RunStatistics {
    return this.#instant(() => {
      const space = this.#findSpace(workspace);
      if (space === undefined) return { runs: 0, logLines: 0, memoEntries: 0, memoBytes: 0 };
      const { ref } = space;
      const row = this.#counts.get(ref, ref, ref, ref + 1) as { runs: number; lines: number; entries: number };
      return { runs: row.runs, logLines: row.lines, memoEntries: row.entries, memoBytes: space.memo_bytes };
    });
  }

  #instant<T>(body: () => T): T {
    this.#db.exec('begin');
    try {
      return body();
    } finally {
      this.#db.exec('commit');
    }
  }

  #findSpace(workspace: WorkspaceId): WorkspaceRow | undefined {
    return this.#space.get(workspace) as WorkspaceRow | undefined;
  }

  /** The next rows by the narrowest way that there is; they may include some that the query does not want. */
  #candidates(space: WorkspaceRow, query: RunQuery, page: Page): Candidates {
    const { statuses } = query;
    if (statuses !== undefined && !statuses.includes('succeeded'))
      return together(
        page,
        [...new Set(statuses)].map(
          (s) => this.#byStatus.all(space.ref, s, page.before, page.most) as unknown as RunRow[],
        ),
      );
    if (query.component !== undefined) return this.#named(space, 'component', query.component, page);
    if (query.function !== undefined) return this.#named(space, 'function', query.function, page);
    if (query.changeSet !== undefined) return this.#named(space, 'changeSet', query.changeSet, page);
    return together(page, [this.#all.all(space.ref, page.before, page.most) as unknown as RunRow[]]);
  }

  #named(space: WorkspaceRow, kind: keyof typeof nameKinds, id: string, page: Page): Candidates {
    const { ref } = space;
    const { before, most } = page;
    const filed = this.#byName.all(ref, ref, nameKinds[kind], id, before, most);
    const tail = this.#inTail[kind].all(ref, space.run_filed, ref + 1, id, before, most);
    return together(page, [filed, tail] as unknown as RunRow[][]);
  }

  /** Numbers of the memo entries that are not filed; read on from where it was read last. */
  #tail(space: WorkspaceRow): ReadonlyMap<Hash, number> {
    const tail = this.#tails.get(space.ref) ?? { seen: space.memo_filed, numbers: new Map<Hash, number>() };
    this.#tails.set(space.ref, tail);
    const { numbers } = tail;
    for (const [hash, number] of numbers) {
      if (number > space.memo_filed) break;
      numbers.delete(hash);
    }
    const from = Math.max(tail.seen, space.memo_filed);
    if (from < space.memo_last)
      for (const row of this.#memoTail.all(space.ref, from, space.ref + 1) as unknown as FiledRow[]) {
        // A map keeps the place of a key that it has: an entry appended again comes last.
        numbers.delete(row.hash);
        numbers.set(row.hash, row.number);
      }
    tail.seen = space.memo_last;
    return numbers;
  }
}

interface Page {
  readonly before: string;
  readonly most: number;
}

interface Candidates {
  readonly rows: readonly RunRow[];
  readonly down: string | undefined;
}

interface LogRow {
  readonly seq: number;
  readonly at_ms: number;
  readonly stream: RunLogLine['stream'];
  readonly text: string;
}

interface MemoRow {
  readonly number: number;
  readonly text: string | Uint8Array;
}

interface FiledRow extends MemoRow {
  readonly hash: Hash;
}

/** Lists in order, each cut off at `most`, as one in order that is complete as far as it goes. */
function together(page: Page, lists: readonly (readonly RunRow[])[]): Candidates {
  let down: string | undefined;
  for (const list of lists) {
    const end = list.length < page.most ? undefined : list.at(-1)!.id;
    if (end !== undefined && (down === undefined || end > down)) down = end;
  }
  const rows = lists.length === 1 ? lists[0]! : lists.flat().sort((a, b) => (a.id < b.id ? 1 : a.id > b.id ? -1 : 0));
  const from = down;
  return { rows: from === undefined ? rows : rows.filter((row) => row.id >= from), down };
}
