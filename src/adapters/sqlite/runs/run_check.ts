// What `check` looks at in the second file: SQLite's own structure, then that what is filed and what it is filed from
// agree, each rule in one statement and so at one instant: the thread goes on writing meanwhile.

import type { StoreProblem } from '../../../ports/store.ts';
import type { Database } from '../driver.ts';
import { memoKeyBytes, nameKinds, numberBits } from './run_file.ts';

const mask = 2 ** numberBits - 1;

const filedFrom = (column: string, kind: number): string =>
  `select w.id as at, r.id as id from workspace w
   join run r on r.key > w.ref << ${numberBits} and r.key <= (w.ref << ${numberBits}) | w.run_filed
   left join name n on n.workspace = w.ref and n.kind = ${kind} and n.id = r.${column}
   where r.${column} <> '' and not exists (select 1 from run_filed f where f.name = n.ref and f.id = r.id)`;

/** Rows that break a rule: `at`, the workspace, and `id`. */
const rules: readonly { readonly what: string; readonly sql: string }[] = [
  {
    what: 'a run is filed that does not exist',
    sql: `select w.id as at, f.id as id from run_filed f left join name n on n.ref = f.name
          left join workspace w on w.ref = n.workspace
          where not exists (select 1 from run r where r.workspace = n.workspace and r.id = f.id)`,
  },
  { what: 'a run is not filed under its change set', sql: filedFrom('change_set', nameKinds.changeSet) },
  { what: 'a run is not filed under its component', sql: filedFrom('component', nameKinds.component) },
  { what: 'a run is not filed under its function', sql: filedFrom('function', nameKinds.function) },
  {
    what: 'the text of a run is not JSON',
    sql: `select w.id as at, r.id as id from run r join workspace w on w.ref = r.workspace where not json_valid(r.text)`,
  },
  {
    what: 'a memo entry is filed that does not exist',
    sql: `select w.id as at, lower(hex(f.hash)) as id from memo_filed f left join workspace w on w.ref = f.workspace
          where not exists (select 1 from memo m where m.key = (f.workspace << ${numberBits}) | f.number and m.hash = f.hash)`,
  },
  {
    what: 'a memo entry is not filed',
    sql: `select w.id as at, lower(hex(m.hash)) as id from workspace w
          join memo m on m.key > w.ref << ${numberBits} and m.key <= (w.ref << ${numberBits}) | w.memo_filed
          where not exists (select 1 from memo_filed f
            where f.workspace = w.ref and f.hash = m.hash and f.number = m.key & ${mask})`,
  },
  {
    what: 'the size of the memo is not the sum of its entries',
    sql: `select w.id as at, w.memo_bytes as id from workspace w where w.memo_bytes <>
            (select coalesce(sum(${memoKeyBytes} + octet_length(m.text)), 0) from memo m
             where m.key > w.ref << ${numberBits} and m.key < (w.ref + 1) << ${numberBits})`,
  },
];

export async function checkRunFile(db: Database, most: number): Promise<StoreProblem[]> {
  const problems: StoreProblem[] = [];
  const attempt = (body: () => void): void => {
    try {
      body();
    } catch (e) {
      // Reading a damaged page throws: a problem to report, not an end.
      problems.push({ where: 'runs', what: e instanceof Error ? e.message : String(e) });
    }
  };
  attempt(() => {
    for (const row of db.prepare(`pragma integrity_check(${Math.max(1, most)})`).all()) {
      const what = String(Object.values(row as Record<string, unknown>)[0]);
      if (what !== 'ok') problems.push({ where: 'file of runs', what });
    }
  });
  for (const { what, sql } of rules) {
    if (problems.length >= most) break;
    await new Promise<void>((resolve) => setImmediate(resolve));
    attempt(() => {
      for (const row of db.prepare(`${sql} limit ?`).all(most) as unknown as { at: unknown; id: unknown }[])
        problems.push({ where: `runs of workspace ${row.at}`, what: `${what}: ${row.id}` });
    });
  }
  return problems.slice(0, most);
}
