// Positions: what commits left behind, in the order in which they landed. Those of audit rows are the numbers in their keys;
// what is about reality and actions is here, numbered from the same count (refs.ts). Read, the two are one.

import type { WorkspaceId } from '../../base/ids.ts';
import { Fault } from '../../base/result.ts';
import type { MovedAction } from '../../model/action.ts';
import type { UnnumberedEvent } from '../../ports/feed.ts';
import type { EventPage, EventRow } from '../../ports/store.ts';
import { fromColumn, toColumn } from './column_text.ts';
import type { Database, Statement } from './driver.ts';
import { realitySeqBits } from './reality_table.ts';
import { positionBits, type Refs } from './refs.ts';
import { auditColumns, auditRow } from './row_reader.ts';

const lastPosition = 2 ** positionBits - 1;

interface Found {
  readonly position: number;
  readonly step: number | null;
  readonly text: string | Uint8Array | null;
  readonly reality: string | Uint8Array | null;
}

export class EventTable {
  readonly #refs: Refs;
  readonly #add: Statement;
  readonly #audit: Statement;
  readonly #others: Statement;
  readonly #removed: Statement;
  readonly #nth: Statement;
  readonly #remove: Statement;
  readonly #setRemoved: Statement;

  constructor(db: Database, refs: Refs) {
    this.#refs = refs;
    const within = `key > (? << ${positionBits}) + ? and key < (? << ${positionBits})`;
    this.#add = db.prepare(`insert into event (key, step, text) values ((? << ${positionBits}) | ?, ?, ?)`);
    this.#audit = db.prepare(
      `select a.key & ${lastPosition} as position, ${auditColumns} from audit a join change_set c on c.ref = a.chain >> 32
       where a.key > (? << ${positionBits}) + ? and a.key < (? << ${positionBits}) order by a.key limit ?`,
    );
    this.#others = db.prepare(
      `select e.key & ${lastPosition} as position, e.step, e.text, r.text as reality
       from event e left join reality r on r.key = ((e.key >> ${positionBits}) << ${realitySeqBits}) | e.step
       where e.${within.replace(' and key', ' and e.key')} order by e.key limit ?`,
    );
    this.#removed = db.prepare('select events_removed as n from workspace where ref = ?');
    this.#nth = db.prepare(
      `select key & ${lastPosition} as position from event where ${within} order by key desc limit 1 offset ?`,
    );
    this.#remove = db.prepare(
      `delete from event where key > (? << ${positionBits}) and key <= (? << ${positionBits}) + ?`,
    );
    this.#setRemoved = db.prepare('update workspace set events_removed = ? where ref = ?');
  }

  read(workspaceId: WorkspaceId, after: number, limit: number): EventPage {
    const workspace = this.#refs.findWorkspace(workspaceId);
    if (workspace === undefined) return { rows: [], last: 0, removedUpTo: 0 };
    const most = Math.max(0, Math.min(limit, lastPosition));
    const range = [workspace, Math.max(0, Math.min(after, lastPosition)), workspace + 1, most] as const;
    const audit: EventRow[] = this.#audit.all(...range).map((r) => ({
      position: (r as { position: number }).position,
      of: 'audit',
      audit: auditRow(r as Readonly<Record<string, unknown>>),
    }));
    const others = (this.#others.all(...range) as unknown as Found[]).map(eventOf);
    const rows = others.length === 0 ? audit : [...audit, ...others].sort((a, b) => a.position - b.position);
    const { n: removedUpTo } = this.#removed.get(workspace) as { n: number };
    return { rows: rows.slice(0, most), last: this.#refs.lastPosition(workspace), removedUpTo };
  }

  /** What is not an audit row, which has its position by itself. Inside a transaction only. */
  add(workspace: number, event: UnnumberedEvent): void {
    if (event.of === 'audit') return;
    const position = this.#refs.takePosition(workspace);
    if (event.of === 'reality') this.#add.run(workspace, position, event.reality.seq, null);
    else this.#add.run(workspace, position, null, toColumn(JSON.stringify(event.action)));
  }

  /** Inside a transaction only. */
  prune(workspaceId: WorkspaceId, kept: number): number {
    const workspace = this.#refs.findWorkspace(workspaceId);
    if (workspace === undefined) return 0;
    const newest = this.#nth.get(workspace, 0, workspace + 1, Math.max(0, kept)) as { position: number } | undefined;
    if (newest === undefined) return 0;
    const { changes } = this.#remove.run(workspace, workspace, newest.position);
    this.#setRemoved.run(newest.position, workspace);
    return Number(changes);
  }
}

function eventOf({ position, step, text, reality }: Found): EventRow {
  if (step !== null) {
    if (reality === null) throw new Fault('store_damaged', `position ${position}: step ${step} of reality is missing`);
    return { position, of: 'reality', reality: { seq: step, text: fromColumn(reality) } };
  }
  return { position, of: 'action', action: JSON.parse(fromColumn(text!)) as MovedAction };
}
