// Positions: what commits left behind, in the order in which they landed. Audit rows have theirs in their own table; what is
// about reality and actions is in `event`. Read, the two are one.

import { Fault } from '../../base/result.ts';
import type { MovedAction } from '../../model/action.ts';
import type { EventPage, EventRow } from '../../ports/store.ts';
import { fromColumn } from './column_text.ts';
import type { Ask, PostgresDatabase, Row } from './database.ts';
import { auditColumns, auditRow } from './rows.ts';

const positionMax = Number.MAX_SAFE_INTEGER;

export class EventTable {
  readonly #db: PostgresDatabase;

  constructor(db: PostgresDatabase) {
    this.#db = db;
  }

  async read(workspace: number, after: number, limit: number): Promise<EventPage> {
    const range = [
      workspace,
      Math.max(0, Math.min(after, positionMax)),
      Math.max(0, Math.min(limit, positionMax)),
    ] as const;
    // One instant: else a position could be counted that is not among the rows.
    return this.#db.transaction(
      'reading',
      async (ask) => {
        const audit = await ask(
          `select a.position, ${auditColumns} from audit a join change_set c on c.ref = a.change_set
           where a.workspace = $1 and a.position > $2 order by a.position limit $3`,
          range,
        );
        const others = await ask(
          `select e.position, e.step, e.text, r.text as reality
           from event e left join reality r on r.workspace = e.workspace and r.seq = e.step
           where e.workspace = $1 and e.position > $2 order by e.position limit $3`,
          range,
        );
        const [row] = await ask('select last_position, events_removed from workspace where ref = $1', [workspace]);
        const rows: EventRow[] = [
          ...audit.map((r): EventRow => ({ position: r['position'] as number, of: 'audit', audit: auditRow(r) })),
          ...others.map(eventOf),
        ].sort((a, b) => a.position - b.position);
        return {
          rows: rows.slice(0, range[2]),
          last: row!['last_position'] as number,
          removedUpTo: row!['events_removed'] as number,
        };
      },
      { begin: 'begin transaction isolation level repeatable read read only' },
    );
  }

  prune(workspace: number, kept: number): Promise<number> {
    const prune = async (ask: Ask): Promise<number> => {
      const [newest] = await ask(
        'select position from event where workspace = $1 order by position desc limit 1 offset $2',
        [workspace, Math.max(0, kept)],
      );
      if (newest === undefined) return 0;
      const upTo = newest['position'] as number;
      const gone = await ask('delete from event where workspace = $1 and position <= $2 returning 1', [
        workspace,
        upTo,
      ]);
      await ask('update workspace set events_removed = greatest(events_removed, $2) where ref = $1', [workspace, upTo]);
      return gone.length;
    };
    return this.#db.transaction('pruning', prune, { isLong: true });
  }
}

function eventOf(r: Row): EventRow {
  const position = r['position'] as number;
  const step = r['step'] as number | null;
  if (step === null)
    return { position, of: 'action', action: JSON.parse(fromColumn(r['text'] as string)) as MovedAction };
  if (r['reality'] === null)
    throw new Fault('store_damaged', `position ${position}: step ${step} of reality is missing`);
  return { position, of: 'reality', reality: { seq: step, text: fromColumn(r['reality'] as string) } };
}
