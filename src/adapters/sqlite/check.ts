// What `check` looks at: SQLite's own structure, then every rule that the rows must keep among each other, then that
// every chunk is what its hash says. Reading a damaged page throws; that is a problem to report, not an end.
// Works through in steps, so that the process stays responsive; rows that change meanwhile are only ever appended
// together with what they must agree with.

import { hash as digest } from 'node:crypto';
import type { Hash } from '../../base/ids.ts';
import type { StoreProblem } from '../../ports/store.ts';
import { actions, realitySteps } from './check_actions.ts';
import { collisionsMax, hashBits, hashPrefix } from './chunk_store.ts';
import { fromColumn } from './column_text.ts';
import type { Database } from './driver.ts';

/** Chunks hashed, or change sets compared, between two turns of the event loop. */
const stepRows = 500;
/** Text hashed between two turns, in UTF-16 units. */
const stepChars = 4 * 1024 * 1024;

type Row = Readonly<Record<string, unknown>>;

export async function checkStore(db: Database, most: number): Promise<StoreProblem[]> {
  const problems: StoreProblem[] = [];
  const steps = [structure, orphans, chains, realitySteps, actions, chunkIndex, chunkTexts];
  for (const step of steps) {
    try {
      for (const problem of step(db, most)) {
        if (problem === undefined) await new Promise<void>((resolve) => setImmediate(resolve));
        else problems.push(problem);
        if (problems.length >= most) return problems.slice(0, most);
      }
    } catch (e) {
      problems.push({ where: step.name, what: e instanceof Error ? e.message : String(e) });
    }
  }
  return problems.slice(0, most);
}

/** A step answers problems, and undefined where others may have a turn. */
type Step = Generator<StoreProblem | undefined>;

function* structure(db: Database, most: number): Step {
  for (const row of db.prepare(`pragma integrity_check(${Math.max(1, most)})`).all()) {
    const what = String(Object.values(row as Row)[0]);
    if (what !== 'ok') yield { where: 'file', what };
  }
}

function* orphans(db: Database): Step {
  yield undefined;
  for (const [table, column] of [
    ['log', 'key'],
    ['audit', 'chain'],
    ['checkpoint', 'key'],
  ] as const)
    for (const row of db
      .prepare(
        `select distinct t.${column} >> 32 as ref from ${table} t
         where not exists (select 1 from change_set c where c.ref = t.${column} >> 32)`,
      )
      .all())
      yield { where: table, what: `rows of change set #${(row as { ref: number }).ref}, which does not exist` };
  for (const row of db
    .prepare(
      `select w.id from workspace w where w.name is not null and not exists
         (select 1 from change_set c where c.workspace = w.ref and c.id = w.head and c.is_head = 1)`,
    )
    .all())
    yield { where: `workspace ${(row as { id: string }).id}`, what: 'its Head change set does not exist' };
  for (const row of db
    .prepare('select c.id from change_set c where not exists (select 1 from workspace w where w.ref = c.workspace)')
    .all())
    yield { where: `change set ${(row as { id: string }).id}`, what: 'its workspace does not exist' };
}

/** Versions and sequences run from 1 to the change set's counters without a gap, and the last audit hash is its head. */
function* chains(db: Database): Step {
  const changeSets = db.prepare(
    'select ref, id, version, audit_count, audit_head from change_set where ref > ? order by ref limit ?',
  );
  const log = db.prepare(
    `select count(*) as n, coalesce(max(key) & 0xffffffff, 0) as last from log where key >= (? << 32) and key < (? << 32)`,
  );
  const audit = db.prepare(
    `select count(*) as n, coalesce(max(chain) & 0xffffffff, 0) as last from audit
     where chain >= (? << 32) and chain < (? << 32)`,
  );
  const auditHead = db.prepare('select hash from audit where chain = (? << 32) | ?');
  for (let after = 0; ; ) {
    const rows = changeSets.all(after, stepRows) as Row[];
    if (rows.length === 0) return;
    for (const row of rows) {
      const ref = row['ref'] as number;
      after = ref;
      const where = `change set ${row['id']}`;
      for (const [what, statement, expected] of [
        ['log', log, row['version']],
        ['audit', audit, row['audit_count']],
      ] as const) {
        const { n, last } = statement.get(ref, ref + 1) as { n: number; last: number };
        if (n !== expected || last !== expected)
          yield { where, what: `${what}: ${n} entries, the last is ${last}, its row says ${expected}` };
      }
      const count = row['audit_count'] as number;
      const head = count === 0 ? '' : (auditHead.get(ref, count) as { hash: string } | undefined)?.hash;
      if (head !== row['audit_head'])
        yield { where, what: 'the hash of its last audit entry is not the one in its row' };
    }
    yield undefined;
  }
}

/** Index and chunks agree: one entry for each chunk and the other way round. */
function* chunkIndex(db: Database): Step {
  yield undefined;
  for (const row of db
    .prepare(
      `select key >> ${hashBits} as workspace, chunk from chunk_index i
       where not exists (select 1 from chunk c where c.id = i.chunk)`,
    )
    .all() as Row[])
    yield { where: `workspace #${row['workspace']}`, what: `index entry without its chunk #${row['chunk']}` };
  yield undefined;
  for (const row of db
    .prepare('select id, hex(hash) as hash from chunk c where id not in (select chunk from chunk_index)')
    .all() as Row[])
    yield { where: `chunk ${String(row['hash']).toLowerCase()}`, what: 'no index entry' };
  yield undefined;
  for (const row of db
    .prepare('select chunk, count(*) as n from chunk_index group by chunk having n > 1')
    .all() as Row[])
    yield { where: `chunk #${row['chunk']}`, what: `${row['n']} index entries` };
}

/** Every chunk is found under its hash and is what its hash says. */
function* chunkTexts(db: Database): Step {
  const entries = db.prepare(
    `select key >> ${hashBits} as workspace, key & ${2 ** hashBits - 1} as prefix, chunk from chunk_index
     where key > (? << ${hashBits}) + ? order by key limit ?`,
  );
  const chunk = db.prepare('select hash, text from chunk where id = ?');
  for (let workspace = 0, prefix = -1; ; ) {
    const rows = entries.all(workspace, prefix, stepRows) as { workspace: number; prefix: number; chunk: number }[];
    if (rows.length === 0) return;
    let chars = 0;
    for (const entry of rows) {
      ({ workspace, prefix } = entry);
      const row = chunk.get(entry.chunk) as { hash: Uint8Array; text: string | Uint8Array } | undefined;
      if (row === undefined) continue;
      const expected = Buffer.from(row.hash).toString('hex') as Hash;
      const where = `chunk ${expected} of workspace #${workspace}`;
      const text = fromColumn(row.text);
      const found = digest('sha256', text);
      if (found !== expected) yield { where, what: `its text has the hash ${found}` };
      const first = hashPrefix(expected);
      if (prefix < first || prefix >= first + collisionsMax) yield { where, what: 'indexed under another hash' };
      chars += text.length;
      if (chars > stepChars) {
        chars = 0;
        yield undefined;
      }
    }
    yield undefined;
  }
}
