// Actions: found, listed, pruned. A listing takes the narrowest index that its query has; what it filters besides is filtered by
// the server, which stops at the limit.

import type { ActionId } from '../../base/ids.ts';
import type { ActionRecord } from '../../model/action.ts';
import { type ActionRow, actionColumns, fromRow } from '../../model/action_row.ts';
import type { ActionQuery, PrunedActions } from '../../ports/store.ts';
import { Conditions } from './conditions.ts';
import type { PostgresDatabase, Row } from './database.ts';

/** Actions removed in one transaction. */
const pruneStepRows = 1_000;

const record = (row: Row): ActionRecord => fromRow(row as unknown as ActionRow);

export class ActionTable {
  readonly #db: PostgresDatabase;

  constructor(db: PostgresDatabase) {
    this.#db = db;
  }

  async find(workspace: number, id: ActionId): Promise<ActionRecord | undefined> {
    const sql = `select ${actionColumns} from action where workspace = $1 and id = $2`;
    const [row] = await this.#db.ask('reading', sql, [workspace, id]);
    return row && record(row);
  }

  async list(workspace: number, query: ActionQuery): Promise<ActionRecord[]> {
    const { statuses, component, origin, before, limit } = query;
    const most = Math.max(0, Math.min(limit, Number.MAX_SAFE_INTEGER));
    const where = new Conditions('a.workspace = $1', [workspace, most]);
    where.and(component, (v) => `a.component = ${v}`);
    where.and(statuses, (v) => `a.status = any(${v})`);
    where.and(
      origin,
      (v) => `exists (select 1 from action_origin o where o.workspace = $1 and o.origin = ${v} and o.id = a.id)`,
    );
    where.and(before, (v) => `a.id < ${v}`);
    const sql = `select ${actionColumns} from action a where ${where.text} order by a.id desc limit $2`;
    return (await this.#db.ask('reading', sql, where.values)).map(record);
  }

  async prune(workspace: number, { withOrigin, endedBeforeMs, keepCount }: PrunedActions): Promise<number> {
    const isAsked = `${withOrigin ? '' : 'not '}exists (select 1 from action_origin o where o.workspace = a.workspace and o.id = a.id)`;
    const [kept] =
      keepCount === 0
        ? [{ ended_at_ms: Number.MAX_SAFE_INTEGER }]
        : await this.#db.ask(
            'pruning',
            `select ended_at_ms from action a where workspace = $1 and ended_at_ms >= $2 and ${isAsked}
             order by ended_at_ms desc limit 1 offset $3`,
            [workspace, endedBeforeMs, keepCount - 1],
          );
    const beforeMs = (kept?.['ended_at_ms'] as number | undefined) ?? endedBeforeMs;
    for (let pruned = 0; ; ) {
      const rows = await this.#db.ask(
        'pruning',
        `delete from action where workspace = $1 and id in (
           select id from action a where workspace = $1 and ended_at_ms < $2 and ${isAsked}
             and exists (select 1 from action b where b.workspace = $1 and b.component = a.component and b.id > a.id)
           limit $3) returning 1`,
        [workspace, beforeMs, pruneStepRows],
      );
      pruned += rows.length;
      if (rows.length < pruneStepRows) return pruned;
    }
  }
}
