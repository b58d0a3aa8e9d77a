// What `check` looks at in the steps of reality and in the actions: steps without a gap, of workspaces that exist, no
// checkpoint ahead of them; actions that can be read and say what their columns and their origins' rows say.

import { type ActionRow, actionColumns, contradictionOf } from '../../model/action_row.ts';
import type { StoreProblem } from '../../ports/store.ts';
import type { Database } from './driver.ts';
import { realitySeqBits } from './reality_table.ts';

/** Rows read between two turns of the event loop. */
const stepRows = 500;
const lastSeq = 2 ** realitySeqBits - 1;

interface RealityCheckRow {
  readonly ref: number;
  readonly seq: number;
  readonly is_text: number;
  /** Of the workspace; null: there is none. */
  readonly id: string | null;
}

/** As the steps of check.ts: answers problems, and undefined where others may have a turn. */
type Step = Generator<StoreProblem | undefined>;

export function* realitySteps(db: Database): Step {
  const rows = db.prepare(
    `select key >> ${realitySeqBits} as ref, key & ${lastSeq} as seq, typeof(text) in ('text', 'blob') as is_text,
       (select w.id from workspace w where w.ref = r.key >> ${realitySeqBits}) as id
     from reality r where key > (? << ${realitySeqBits}) + ? order by key limit ?`,
  );
  for (let before = { ref: 0, seq: 0 }; ; ) {
    yield undefined;
    const page = rows.all(before.ref, before.seq, stepRows) as unknown as RealityCheckRow[];
    for (const row of page) {
      const where = `reality of workspace ${row.id ?? `#${row.ref}`}`;
      const isFirst = row.ref !== before.ref;
      if (isFirst && row.id === null) yield { where, what: 'the workspace does not exist' };
      if (row.seq !== (isFirst ? 0 : before.seq) + 1)
        yield { where, what: isFirst ? `its first step is ${row.seq}` : `step ${row.seq} follows step ${before.seq}` };
      if (row.is_text !== 1) yield { where, what: `step ${row.seq} cannot be read` };
      before = row;
    }
    if (page.length < stepRows) break;
  }
  yield undefined;
  for (const row of db
    .prepare(
      `select c.id, k.key & 0xffffffff as version, k.reality_seq as seq,
         coalesce((select max(r.key) & ${lastSeq} from reality r
           where r.key >= (c.workspace << ${realitySeqBits}) and r.key < ((c.workspace + 1) << ${realitySeqBits})), 0) as last
       from checkpoint k join change_set c on c.ref = k.key >> 32 where k.reality_seq > last`,
    )
    .all() as unknown as { id: string; version: number; seq: number; last: number }[])
    yield {
      where: `checkpoint ${row.version} of change set ${row.id}`,
      what: `has step ${row.seq} of reality, the last is ${row.last}`,
    };
}

export function* actions(db: Database): Step {
  yield undefined;
  for (const row of db
    .prepare(
      `select distinct o.id from action_origin o where not exists
         (select 1 from action a where a.ref = o.action and a.workspace = o.workspace and a.id = o.id)`,
    )
    .all() as unknown as { id: string }[])
    yield { where: `action ${row.id}`, what: 'a change set asked for it, and it does not exist' };
  const rows = db.prepare(
    `select ref, ${actionColumns}, exists (select 1 from workspace w where w.ref = a.workspace) as is_housed
     from action a where ref > ? order by ref limit ?`,
  );
  const origins = db.prepare('select origin from action_origin where action = ? order by origin');
  for (let after = 0; ; ) {
    yield undefined;
    const page = rows.all(after, stepRows) as unknown as (ActionRow & { ref: number; is_housed: number })[];
    for (const row of page) {
      after = row.ref;
      const where = `action ${row.id}`;
      if (row.is_housed !== 1) yield { where, what: 'its workspace does not exist' };
      const kept = (origins.all(row.ref) as { origin: string }[]).map((o) => o.origin);
      const what = contradictionOf(row, kept);
      if (what !== undefined) yield { where, what };
    }
    if (page.length < stepRows) return;
  }
}
