// Leases of workspaces, in a table: taken and renewed by single statements that compare with the server's clock. Here it is kept until
// when each is held beyond doubt, by the clock of this machine and from before it was asked for.

import type { WorkspaceId } from '../../base/ids.ts';
import { limits } from '../../base/limits.ts';
import { Fault } from '../../base/result.ts';
import type { EngineNode, LeaseLine, LeaseSurvey, Leases } from '../../ports/leases.ts';
import type { PostgresDatabase, Row, Value } from './database.ts';

interface Held {
  readonly epoch: number;
  /** By `performance.now()`. */
  untilMs: number;
}

/** How far the server's clock is ahead of `performance.now()`, and how sure that is. */
interface ClockReading {
  readonly aheadMs: number;
  /** How long it took to ask. */
  readonly tookMs: number;
  /** By `performance.now()`. */
  readonly atMs: number;
}

/** Clocks drift apart by less, of all time that passes. */
const driftPart = 1 / 1_000;

/** What is asked of workspaces by their integers. */
interface Refs {
  intern(id: WorkspaceId): Promise<number>;
}

/** One that was not seen for longer is not there. */
export const nodeMs = limits.leaseMs;

export class PostgresLeases implements Leases {
  readonly #db: PostgresDatabase;
  readonly #refs: Refs;
  readonly #leaseMs: number;
  readonly #held = new Map<WorkspaceId, Held>();
  readonly #taking = new Map<WorkspaceId, Promise<EngineNode | undefined>>();
  #node: EngineNode;
  #clock: ClockReading | undefined;

  /** `leaseMs`: how long one lasts without being renewed. */
  constructor(db: PostgresDatabase, refs: Refs, node: EngineNode, leaseMs: number) {
    this.#db = db;
    this.#refs = refs;
    this.#node = node;
    this.#leaseMs = leaseMs;
  }

  get node(): EngineNode {
    return this.#node;
  }

  numberOf(workspace: WorkspaceId): number {
    const held = this.#held.get(workspace);
    if (held === undefined) throw new Fault('store_busy', `workspace ${workspace} is not driven by this engine`);
    return held.epoch;
  }

  nowMs(): number {
    if (this.#clock === undefined) throw new Error('invariant broken: the clock of the database was not asked for yet');
    return performance.now() + this.#clock.aheadMs;
  }

  async announce(address: string): Promise<void> {
    this.#node = { ...this.#node, address };
    await this.#seen();
  }

  isCertain(workspace: WorkspaceId): boolean {
    const held = this.#held.get(workspace);
    return held !== undefined && performance.now() < held.untilMs;
  }

  take(workspace: WorkspaceId): Promise<EngineNode | undefined> {
    if (this.isCertain(workspace)) return Promise.resolve(undefined);
    // Two at once would each have it under a number of its own.
    let taking = this.#taking.get(workspace);
    if (taking === undefined) {
      taking = this.#take(workspace).finally(() => this.#taking.delete(workspace));
      this.#taking.set(workspace, taking);
    }
    return taking;
  }

  async #take(workspace: WorkspaceId): Promise<EngineNode | undefined> {
    const ref = await this.#refs.intern(workspace);
    await this.#seen();
    for (;;) {
      const sinceMs = performance.now();
      const rows = await this.#db.ask(
        'taking a lease',
        `insert into workspace_lease as l (workspace, epoch, node, until)
           values ($1, 1, $2, clock_timestamp() + $3 * interval '1 ms')
         on conflict (workspace) do update set epoch = l.epoch + 1, node = excluded.node, until = excluded.until
         where l.until < clock_timestamp() or l.node = excluded.node
         returning epoch`,
        [ref, this.#node.id, this.#leaseMs],
      );
      if (rows.length > 0) {
        this.#held.set(workspace, { epoch: rows[0]!['epoch'] as number, untilMs: sinceMs + this.#leaseMs });
        return undefined;
      }
      const holder = await this.holder(workspace);
      // Else it has lapsed between the two.
      if (holder !== undefined) return holder;
    }
  }

  async renew(): Promise<readonly WorkspaceId[]> {
    const before = [...this.#held];
    const sinceMs = performance.now();
    await this.#seen();
    if (before.length === 0) return [];
    const rows = await this.#renewing(
      'renewing leases',
      `update workspace_lease l set until = clock_timestamp() + $2 * interval '1 ms'
       from workspace w where w.ref = l.workspace and l.node = $1 and l.until > '-infinity' returning w.id, l.epoch`,
      [this.#node.id, this.#leaseMs],
    );
    const kept = new Map(rows.map((r) => [r['id'] as WorkspaceId, r['epoch'] as number]));
    const lost: WorkspaceId[] = [];
    for (const [workspace, held] of before) {
      // One that was given up meanwhile is nobody's loss.
      if (this.#held.get(workspace) !== held) continue;
      // Of two that are under way the later one may be heard first.
      if (kept.get(workspace) === held.epoch) held.untilMs = Math.max(held.untilMs, sinceMs + this.#leaseMs);
      else {
        this.#held.delete(workspace);
        lost.push(workspace);
      }
    }
    return lost;
  }

  async give(workspace: WorkspaceId): Promise<void> {
    const held = this.#held.get(workspace);
    if (held === undefined) return;
    this.#held.delete(workspace);
    await this.#db.ask(
      'giving a lease up',
      `update workspace_lease set until = '-infinity' where workspace = $1 and node = $2 and epoch = $3`,
      [await this.#refs.intern(workspace), this.#node.id, held.epoch],
    );
  }

  async survey(): Promise<LeaseSurvey> {
    const [nodes, leases] = await Promise.all([
      this.#db.ask(
        'reading',
        `select id, address from engine_node where seen_at > clock_timestamp() - $1 * interval '1 ms' order by id`,
        [nodeMs],
      ),
      this.#db.ask(
        'reading',
        `select w.id as workspace, n.id, n.address from workspace w
           left join workspace_lease l on l.workspace = w.ref and l.until >= clock_timestamp()
           left join engine_node n on n.id = l.node
         where w.name is not null order by w.id`,
      ),
    ]);
    const lineOf = (row: Row): LeaseLine => ({
      workspace: row['workspace'] as WorkspaceId,
      holder: row['id'] === null ? null : nodeOf(row),
    });
    return { nodes: nodes.map(nodeOf), leases: leases.map(lineOf) };
  }

  async holder(workspace: WorkspaceId): Promise<EngineNode | undefined> {
    const [row] = await this.#db.ask(
      'reading',
      `select n.id, n.address from workspace w join workspace_lease l on l.workspace = w.ref
         join engine_node n on n.id = l.node where w.id = $1 and l.until >= clock_timestamp()`,
      [workspace],
    );
    return row && nodeOf(row);
  }

  async leave(): Promise<void> {
    this.#held.clear();
    const mine = [this.#node.id];
    await this.#db.ask('leaving', `update workspace_lease set until = '-infinity' where node = $1`, mine);
    await this.#db.ask('leaving', 'delete from engine_node where id = $1', mine);
  }

  /** Asked again before the lease is over. */
  #renewing(doing: string, sql: string, values: readonly Value[]): Promise<Row[]> {
    return this.#db.patiently(doing, () => this.#db.once(sql, values, limits.databaseRenewedMs));
  }

  /** Also takes away those that have not been here for an hour. */
  async #seen(): Promise<void> {
    const { id, address } = this.#node;
    const sinceMs = performance.now();
    const [row] = await this.#renewing(
      'being seen',
      `with gone as (delete from engine_node n where n.seen_at < clock_timestamp() - interval '1 hour'
         and not exists (select 1 from workspace_lease l where l.node = n.id and l.until >= clock_timestamp()))
       insert into engine_node (id, address, seen_at) values ($1, $2, clock_timestamp())
       on conflict (id) do update set address = excluded.address, seen_at = excluded.seen_at
       returning extract(epoch from clock_timestamp()) * 1000 as now_ms`,
      [id, address],
    );
    this.#readClock(Number(row!['now_ms']), sinceMs);
  }

  /** Keeps the surer of two readings: one that took long, because this process slept or the way is bad, says little. */
  #readClock(serverMs: number, sinceMs: number): void {
    const atMs = performance.now();
    const tookMs = atMs - sinceMs;
    const last = this.#clock;
    if (last !== undefined && tookMs > last.tookMs + (atMs - last.atMs) * driftPart) return;
    this.#clock = { aheadMs: serverMs - (sinceMs + tookMs / 2), tookMs, atMs };
  }
}

const nodeOf = (row: Row): EngineNode => ({ id: row['id'] as string, address: row['address'] as string | null });
