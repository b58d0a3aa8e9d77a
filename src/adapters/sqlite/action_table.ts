// The rows of actions. A listing goes newest first, in bounded steps, led by the narrowest index that its query allows:
// the origin, else the component, else the statuses, else the ids; what else is asked for is filtered on the way.

import type { ActionId, WorkspaceId } from '../../base/ids.ts';
import type { ActionRecord } from '../../model/action.ts';
import { type ActionRow, actionColumns, fromRow, toRow } from '../../model/action_row.ts';
import type { ActionQuery, PrunedActions } from '../../ports/store.ts';
import type { Database, Statement } from './driver.ts';
import type { Refs } from './refs.ts';

/** Rows looked at in one step of a listing, at least and at most. */
const listStepRowsMin = 50;
const listStepRowsMax = 1_000;
/** Above every id. */
const last = '\u{10ffff}';

/** Actions with ids below `before`, newest first, complete down to `down`; undefined: to the oldest. */
export interface ActionPage {
  readonly found: readonly ActionRecord[];
  readonly down: string | undefined;
}

interface EndedRow {
  readonly ref: number;
  readonly ended_at_ms: number;
  readonly asked: number;
  /** There is a newer one of its component. */
  readonly followed: number;
}

/** What one step of pruning came to; `next`: where to go on, undefined at the end. */
export interface PruneStep {
  readonly pruned: number;
  readonly next: { readonly endedAtMs: number; readonly ref: number } | undefined;
}

export class ActionTable {
  readonly #refs: Refs;
  readonly #find: Statement;
  readonly #ref: Statement;
  readonly #revision: Statement;
  readonly #add: Statement;
  readonly #set: Statement;
  readonly #origins: Statement;
  readonly #addOrigin: Statement;
  readonly #removeOrigin: Statement;
  readonly #all: Statement;
  readonly #byOrigin: Statement;
  readonly #byComponent: Statement;
  readonly #byStatus: Statement;
  readonly #ended: Statement;
  readonly #endOf: Statement;
  readonly #remove: Statement;
  readonly #removeOrigins: Statement;

  constructor(db: Database, refs: Refs) {
    this.#refs = refs;
    this.#find = db.prepare(`select ${actionColumns} from action where workspace = ? and id = ?`);
    this.#ref = db.prepare('select ref from action where workspace = ? and id = ?');
    this.#revision = db.prepare('select revision from action where workspace = ? and id = ?');
    this.#add = db.prepare(
      `insert into action (component, status, revision, ended_at_ms, text, workspace, id) values (?, ?, ?, ?, ?, ?, ?)
       returning ref`,
    );
    this.#set = db.prepare(
      'update action set component = ?, status = ?, revision = ?, ended_at_ms = ?, text = ? where ref = ?',
    );
    this.#origins = db.prepare('select origin from action_origin where action = ?');
    this.#addOrigin = db.prepare('insert into action_origin (workspace, origin, id, action) values (?, ?, ?, ?)');
    this.#removeOrigin = db.prepare('delete from action_origin where workspace = ? and origin = ? and id = ?');
    const newest = 'order by id desc limit ?';
    const from = (index: string): string =>
      `select ${actionColumns} from action indexed by ${index} where workspace = ?`;
    this.#all = db.prepare(`${from('action_id')} and id < ? ${newest}`);
    this.#byComponent = db.prepare(`${from('action_component')} and component = ? and id < ? ${newest}`);
    this.#byStatus = db.prepare(`${from('action_status')} and status = ? and id < ? ${newest}`);
    this.#byOrigin = db.prepare(
      `select ${actionColumns.replaceAll(/\w+/g, 'a.$&')} from action_origin o cross join action a on a.ref = o.action
       where o.workspace = ? and o.origin = ? and o.id < ? order by o.id desc limit ?`,
    );
    const isAsked = 'exists (select 1 from action_origin o where o.action = a.ref)';
    this.#ended = db.prepare(
      `select ref, ended_at_ms, ${isAsked} as asked,
         exists (select 1 from action b indexed by action_component
                 where b.workspace = a.workspace and b.component = a.component and b.id > a.id) as followed
       from action a indexed by action_ended
       where workspace = ? and ended_at_ms < ? and (ended_at_ms, ref) > (?, ?) order by ended_at_ms, ref limit ?`,
    );
    this.#endOf = db.prepare(
      `select ended_at_ms from action a indexed by action_ended
       where workspace = ? and ended_at_ms >= ? and ${isAsked} = ? order by ended_at_ms desc limit 1 offset ?`,
    );
    this.#remove = db.prepare('delete from action where ref = ?');
    this.#removeOrigins = db.prepare('delete from action_origin where action = ?');
  }

  find(workspaceId: WorkspaceId, id: ActionId): ActionRecord | undefined {
    const workspace = this.#refs.findWorkspace(workspaceId);
    const row = workspace === undefined ? undefined : this.#find.get(workspace, id);
    return row && fromRow(row as unknown as ActionRow);
  }

  revision(workspaceId: WorkspaceId, id: ActionId): number | undefined {
    const workspace = this.#refs.findWorkspace(workspaceId);
    const row = workspace === undefined ? undefined : this.#revision.get(workspace, id);
    return (row as { revision: number } | undefined)?.revision;
  }

  /** Inside a transaction only. */
  put(workspace: number, record: ActionRecord): void {
    const { id, component, status, revision, ended_at_ms, text } = toRow(record);
    const columns = [component, status, revision, ended_at_ms, text];
    let ref = (this.#ref.get(workspace, id) as { ref: number } | undefined)?.ref;
    const before = new Set<string>();
    if (ref === undefined) ref = (this.#add.get(...columns, workspace, id) as { ref: number }).ref;
    else {
      this.#set.run(...columns, ref);
      for (const row of this.#origins.all(ref)) before.add((row as { origin: string }).origin);
    }
    for (const origin of new Set<string>(record.origins))
      if (!before.delete(origin)) this.#addOrigin.run(workspace, origin, id, ref);
    for (const origin of before) this.#removeOrigin.run(workspace, origin, id);
  }

  /** One bounded step of a listing; go on below `down` while there is one. */
  page(workspaceId: WorkspaceId, query: ActionQuery, before: string | undefined, wanted: number): ActionPage {
    const workspace = this.#refs.findWorkspace(workspaceId);
    if (workspace === undefined) return { found: [], down: undefined };
    const most = Math.min(Math.max(wanted, listStepRowsMin), listStepRowsMax);
    const rows = this.#candidates(workspace, query, { before: before ?? last, most });
    const { component, statuses } = query;
    const found = rows.filter(
      (row) =>
        (component === undefined || row.component === component) &&
        (statuses === undefined || (statuses as readonly string[]).includes(row.status)),
    );
    return { found: found.map(fromRow), down: rows.length < most ? undefined : rows.at(-1)!.id };
  }

  /** When what is to be kept has ended at the earliest. */
  endBefore(workspaceId: WorkspaceId, { withOrigin, endedBeforeMs, keepCount }: PrunedActions): number {
    const workspace = this.#refs.findWorkspace(workspaceId);
    if (workspace === undefined) return endedBeforeMs;
    if (keepCount === 0) return Number.MAX_SAFE_INTEGER;
    const last = this.#endOf.get(workspace, endedBeforeMs, withOrigin ? 1 : 0, keepCount - 1);
    return (last as { ended_at_ms: number } | undefined)?.ended_at_ms ?? endedBeforeMs;
  }

  /** Looks at the next `most` of the actions that ended before, inside a transaction, and removes what is not to be kept. */
  pruneStep(
    workspaceId: WorkspaceId,
    {
      withOrigin,
      beforeMs,
      from,
      most,
    }: {
      readonly withOrigin: boolean;
      readonly beforeMs: number;
      readonly from: { readonly endedAtMs: number; readonly ref: number };
      readonly most: number;
    },
  ): PruneStep {
    const workspace = this.#refs.findWorkspace(workspaceId);
    if (workspace === undefined) return { pruned: 0, next: undefined };
    const rows = this.#ended.all(workspace, beforeMs, from.endedAtMs, from.ref, most) as unknown as EndedRow[];
    let pruned = 0;
    for (const { ref, asked, followed } of rows) {
      if (asked !== (withOrigin ? 1 : 0) || followed === 0) continue;
      this.#removeOrigins.run(ref);
      this.#remove.run(ref);
      pruned++;
    }
    const last = rows.length < most ? undefined : rows.at(-1)!;
    return { pruned, next: last && { endedAtMs: last.ended_at_ms, ref: last.ref } };
  }

  /** The next `most` rows below `before` that may be wanted; fewer when there are no more. */
  #candidates(workspace: number, query: ActionQuery, page: { before: string; most: number }): ActionRow[] {
    const { before, most } = page;
    const { origin, component, statuses } = query;
    const rows = (statement: Statement, ...values: string[]): ActionRow[] =>
      statement.all(workspace, ...values, before, most) as unknown as ActionRow[];
    if (origin !== undefined) return rows(this.#byOrigin, origin);
    if (component !== undefined) return rows(this.#byComponent, component);
    if (statuses === undefined) return rows(this.#all);
    const merged = [...new Set<string>(statuses)].flatMap((status) => rows(this.#byStatus, status));
    return merged.sort((a, b) => (a.id < b.id ? 1 : -1)).slice(0, most);
  }
}
