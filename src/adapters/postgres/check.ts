// What `check` looks at: every rule that the rows must keep among each other, then that every chunk is what its hash says. All
// of it at one instant, so that what is written meanwhile is no contradiction.

import { hash as digest } from 'node:crypto';
import { type ActionRow, actionColumns, contradictionOf } from '../../model/action_row.ts';
import type { StoreProblem } from '../../ports/store.ts';
import { fromColumn } from './column_text.ts';
import { type Ask, type PostgresDatabase, standsStill } from './database.ts';

/** Chunks or actions looked at in one step. */
const stepRows = 500;

/** One query for each rule; its rows are what is wrong, as `place` and `what`. */
const rules: readonly string[] = [
  `select 'workspace ' || w.id as place, 'its Head change set does not exist' as what from workspace w
   where w.name is not null
     and not exists (select 1 from change_set c where c.workspace = w.ref and c.id = w.head and c.is_head)`,
  `select 'change set ' || c.id as place,
     'log: ' || count(l.version) || ' entries, the last is ' || coalesce(max(l.version), 0) || ', its row says ' || c.version as what
   from change_set c left join log l on l.change_set = c.ref group by c.ref
   having count(l.version) <> c.version or coalesce(max(l.version), 0) <> c.version`,
  `select 'change set ' || c.id as place,
     'audit: ' || count(a.seq) || ' entries, the last is ' || coalesce(max(a.seq), 0) || ', its row says ' || c.audit_count as what
   from change_set c left join audit a on a.change_set = c.ref group by c.ref
   having count(a.seq) <> c.audit_count or coalesce(max(a.seq), 0) <> c.audit_count`,
  `select 'change set ' || c.id as place, 'the hash of its last audit entry is not the one in its row' as what
   from change_set c left join audit a on a.change_set = c.ref and a.seq = c.audit_count
   where coalesce(a.hash, '') <> c.audit_head`,
  `select 'workspace ' || w.id as place, 'reality: ' || count(r.seq) || ' steps, its row says ' || w.reality_seq as what
   from workspace w left join reality r on r.workspace = w.ref group by w.ref
   having count(r.seq) <> w.reality_seq or coalesce(max(r.seq), 0) <> w.reality_seq`,
  `select 'workspace ' || w.id as place, 'a position above the last one' as what from workspace w
   where exists (select 1 from audit a where a.workspace = w.ref and a.position > w.last_position)
      or exists (select 1 from event e where e.workspace = w.ref and e.position > w.last_position)`,
  `select 'position ' || e.position as place, 'is an audit row and something else' as what
   from event e join audit a on a.workspace = e.workspace and a.position = e.position`,
  `select 'position ' || e.position as place, 'step ' || e.step || ' of reality is missing' as what from event e
   where e.step is not null and not exists (select 1 from reality r where r.workspace = e.workspace and r.seq = e.step)`,
  `select 'checkpoint ' || k.version || ' of change set ' || c.id as place,
     'has step ' || k.reality_seq || ' of reality, the last is ' || w.reality_seq as what
   from checkpoint k join change_set c on c.ref = k.change_set join workspace w on w.ref = c.workspace
   where k.reality_seq > w.reality_seq`,
  `select 'workspace ' || w.id as place, 'memo: ' || coalesce(sum(m.bytes), 0) || ' bytes, its row says ' || w.memo_bytes as what
   from workspace w left join memo m on m.workspace = w.ref group by w.ref having coalesce(sum(m.bytes), 0) <> w.memo_bytes`,
];

export function checkTables(db: PostgresDatabase, most: number): Promise<StoreProblem[]> {
  return db.transaction(
    'checking',
    async (ask) => {
      const problems: StoreProblem[] = [];
      const add = (found: readonly StoreProblem[]): boolean => {
        problems.push(...found.slice(0, Math.max(0, most - problems.length)));
        return problems.length >= most;
      };
      for (const rule of rules) {
        const rows = await ask(`${rule} limit ${Math.max(1, most)}`);
        if (add(rows.map((r) => ({ where: r['place'] as string, what: r['what'] as string })))) return problems;
      }
      for await (const found of actions(ask)) if (add(found)) return problems;
      for await (const found of chunks(ask)) if (add(found)) return problems;
      return problems;
    },
    { begin: `begin transaction isolation level repeatable read read only; ${standsStill}`, isLong: true },
  );
}

async function* actions(ask: Ask): AsyncIterable<StoreProblem[]> {
  for (let workspace = 0, id = ''; ; ) {
    const rows = await ask(
      `select a.workspace, ${actionColumns.replaceAll(/\w+/g, 'a.$&')},
         array(select o.origin from action_origin o where o.workspace = a.workspace and o.id = a.id order by o.origin) as origins
       from action a where (a.workspace, a.id) > ($1, $2) order by a.workspace, a.id limit $3`,
      [workspace, id, stepRows],
    );
    yield rows.flatMap((r) => {
      const row = r as unknown as ActionRow & { readonly origins: readonly string[] };
      const what = contradictionOf(row, row.origins);
      return what === undefined ? [] : [{ where: `action ${row.id}`, what }];
    });
    if (rows.length < stepRows) return;
    ({ workspace, id } = rows.at(-1) as unknown as { workspace: number; id: string });
  }
}

async function* chunks(ask: Ask): AsyncIterable<StoreProblem[]> {
  for (let workspace = 0, hash = ''; ; ) {
    const rows = await ask(
      `select workspace, encode(hash, 'hex') as hash, text from chunk
       where (workspace, hash) > ($1, decode($2, 'hex')) order by workspace, hash limit $3`,
      [workspace, hash, stepRows],
    );
    yield rows.flatMap((row) => {
      const found = digest('sha256', fromColumn(row['text'] as string));
      if (found === row['hash']) return [];
      return [
        { where: `chunk ${row['hash']} of workspace #${row['workspace']}`, what: `its text has the hash ${found}` },
      ];
    });
    if (rows.length < stepRows) return;
    ({ workspace, hash } = rows.at(-1) as unknown as { workspace: number; hash: string });
  }
}
