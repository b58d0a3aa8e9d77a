// Which workspaces this engine drives, where it shares its store with others: it takes a workspace when it is asked about one that
// nobody has, renews what it has, and, where it serves, takes its share of what is free and gives up what is more than that. Who is
// asked about a workspace that another engine has says so by a fault with that engine's address.

import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkspaceId } from '../base/ids.ts';
import { limits } from '../base/limits.ts';
import { Fault } from '../base/result.ts';
import type { EngineNode, LeaseLine, Leases } from '../ports/leases.ts';

export interface DrivingHost {
  /** Workspaces that are there and may be driven. */
  workspaces(): Promise<readonly WorkspaceId[]>;
  /** Takes it up, where that has not been done: all that is due in it is done from now on. */
  take(id: WorkspaceId): Promise<void>;
  /** Lets go of one, where it is open, that somebody else has by now or may have had; nothing that it writes then lands. */
  lost(id: WorkspaceId): void;
  /** Ends what is under way in one and writes it; resolves when nothing more is written. False: not now. */
  give(id: WorkspaceId): Promise<boolean>;
  /** Resolves when nothing is written any more to one that was let go of. */
  ended(id: WorkspaceId): Promise<void>;
  /** Hears of what goes wrong in the background. */
  failed(e: unknown): void;
}

/** Workspaces that are taken up at a time. */
const takenAtOnce = 4;
/** Of what an engine has too much it gives up this part in a round, at least one: the others take it before there is more. */
const givenPart = 16;
/** Between looks whether somebody has given up what is waited for. */
const againMs = 200;
/** Rounds in which what was given up is left to others. */
const leftForRounds = 3;

export class Driving {
  readonly #leases: Leases;
  readonly #host: DrivingHost;
  readonly #everyMs: number;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;
  /** Beside the rounds: taking up a thousand workspaces takes longer than a lease lasts. */
  #renewalTimer: NodeJS.Timeout | undefined;
  #renewal: Promise<void> | undefined;
  /** What was given up, and in how many rounds it may be taken again. */
  readonly #given = new Map<WorkspaceId, number>();
  /** What is being given up; resolves when it has been, or is kept. */
  readonly #giving = new Map<WorkspaceId, Promise<void>>();
  /** What is being taken; resolves to who has it, undefined: this engine. */
  readonly #taking = new Map<WorkspaceId, Promise<EngineNode | undefined>>();
  /** Does it take workspaces that it was not asked about? */
  #adopts = false;
  #isStopped = false;
  #hasEnded = false;

  constructor(leases: Leases, host: DrivingHost, everyMs: number = limits.leaseRenewedEveryMs) {
    this.#leases = leases;
    this.#host = host;
    this.#everyMs = everyMs;
    this.#scheduleRenewal();
    this.#schedule();
  }

  get node(): EngineNode {
    return this.#leases.node;
  }

  isCertain(id: WorkspaceId): boolean {
    return !this.#giving.has(id) && !this.#taking.has(id) && this.#leases.isCertain(id);
  }

  /** The number that it is driven under here. Fault `store_busy`. */
  numberOf(id: WorkspaceId): number {
    return this.#leases.numberOf(id);
  }

  /** Resolves when the workspace is driven here. Fault `workspace_elsewhere`. */
  async certain(id: WorkspaceId): Promise<void> {
    await this.#giving.get(id);
    if (this.isCertain(id)) return;
    // Held once, and perhaps not any more: only by renewing is it known whether what is in memory here still counts.
    const holder = await this.#held(id);
    if (holder !== undefined) throw elsewhere(id, holder);
  }

  /** As `certain`, but waits for who has it still and may give it up before long, `limits.forwardedMs` at most. */
  async certainSoon(id: WorkspaceId): Promise<void> {
    const until = performance.now() + limits.forwardedMs;
    for (;;) {
      try {
        return await this.certain(id);
      } catch (e) {
        const isElsewhere = e instanceof Fault && e.code === 'workspace_elsewhere';
        if (!isElsewhere || performance.now() > until) throw e;
      }
      await sleep(againMs);
    }
  }

  /** Renews what may be held still, or takes it; who has it, where that is another engine. */
  async #held(id: WorkspaceId): Promise<EngineNode | undefined> {
    await this.#renew();
    return this.isCertain(id) ? undefined : this.#take(id);
  }

  /**
   * Takes a workspace that is not held beyond doubt: what is in memory of it here may be of before another had it. Who asks for it
   * meanwhile waits, and nobody opens it: a renewal that comes between would have it opened under a number that is about to be passed.
   */
  #take(id: WorkspaceId): Promise<EngineNode | undefined> {
    let taking = this.#taking.get(id);
    if (taking === undefined) {
      taking = this.#takeAnew(id).finally(() => this.#taking.delete(id));
      this.#taking.set(id, taking);
    }
    return taking;
  }

  async #takeAnew(id: WorkspaceId): Promise<EngineNode | undefined> {
    this.#host.lost(id);
    await this.#host.ended(id);
    return this.#leases.take(id);
  }

  /** Who has a workspace that others have; undefined: nobody, or this engine. */
  async asked(id: WorkspaceId): Promise<EngineNode | undefined> {
    await this.#giving.get(id);
    if (this.isCertain(id)) return undefined;
    const holder = await this.#leases.holder(id);
    return holder?.id === this.#leases.node.id ? undefined : holder;
  }

  /** Others reach this engine there, and it takes its share from now on, beside what it is asked about. */
  async adopt(address: string): Promise<void> {
    await this.#leases.announce(address);
    this.#adopts = true;
    void this.#go();
  }

  /** Takes nothing more of itself; what it has it keeps until `end`, while it is being ended and written. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#round;
  }

  async end(): Promise<void> {
    this.#hasEnded = true;
    clearTimeout(this.#renewalTimer);
    await this.#renewal;
  }

  #scheduleRenewal(): void {
    if (this.#hasEnded) return;
    this.#renewalTimer = setTimeout(() => {
      this.#renewal = this.#renew()
        // The leases lapse when it goes on: then nothing is certain any more, and nothing is answered.
        .catch((e: unknown) => this.#host.failed(e))
        .finally(() => {
          this.#renewal = undefined;
          this.#scheduleRenewal();
        });
    }, this.#everyMs);
    this.#renewalTimer.unref();
  }

  #schedule(): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => void this.#go(), this.#everyMs);
    this.#timer.unref();
  }

  #go(): Promise<void> {
    clearTimeout(this.#timer);
    this.#round ??= this.#once()
      .catch((e: unknown) => this.#host.failed(e))
      .finally(() => {
        this.#round = undefined;
        this.#schedule();
      });
    return this.#round;
  }

  async #renew(): Promise<void> {
    for (const id of await this.#leases.renew()) this.#host.lost(id);
  }

  async #once(): Promise<void> {
    if (!this.#adopts || this.#isStopped) return;
    const { leases, nodes } = await this.#leases.survey();
    const there = new Set(await this.#host.workspaces());
    const drivable = leases.filter((l) => there.has(l.workspace));
    const self = this.#leases.node.id;
    const mine = drivable.filter((l) => l.holder?.id === self);
    const serving = nodes.filter((n) => n.address !== null || n.id === self).length;
    const share = Math.ceil(drivable.length / Math.max(1, serving));
    for (const [id, rounds] of this.#given) {
      if (rounds > 1) this.#given.set(id, rounds - 1);
      else this.#given.delete(id);
    }
    // What nobody has is taken by whoever sees it, beyond the share too: nothing may lie about.
    const free = drivable.filter((l) => l.holder === null && !this.#given.has(l.workspace));
    const taken = await this.#takeAll([...mine, ...free]);
    const surplus = mine.length + taken - share;
    if (surplus > 0) await this.#giveUp(mine, Math.ceil(surplus / givenPart));
  }

  /** Has them all taken up, some at a time; answers how many of them were nobody's before. */
  async #takeAll(lines: readonly LeaseLine[]): Promise<number> {
    const queue = lines[Symbol.iterator]();
    let taken = 0;
    let lost: unknown;
    const take = async ({ workspace, holder }: LeaseLine): Promise<void> => {
      // It may have been asked for, and taken, since all of them were looked at.
      if (!this.isCertain(workspace)) {
        // What the store has as this engine's, though it is not sure here, would be renewed and never driven.
        const other = holder === null ? await this.#take(workspace) : await this.#held(workspace);
        if (other !== undefined) return;
        if (holder === null) taken++;
      }
      // Also what was taken in a round that failed behind that; not what was lost since all of them were looked at.
      if (this.isCertain(workspace)) await this.#host.take(workspace);
    };
    const work = async (): Promise<void> => {
      for (const line of queue) {
        if (this.#isStopped || lost !== undefined) return;
        await take(line).catch((e: unknown) => {
          // One that cannot be opened keeps no other from being; a store that is away does.
          if (e instanceof Fault && (e.data as { lost?: true } | undefined)?.lost === true) lost = e;
          else this.#host.failed(e);
        });
      }
    };
    await Promise.all(Array.from({ length: takenAtOnce }, work));
    if (lost !== undefined) throw lost;
    return taken;
  }

  async #giveUp(mine: readonly LeaseLine[], most: number): Promise<void> {
    let left = most;
    for (const { workspace } of mine.toReversed()) {
      if (left === 0 || this.#isStopped) return;
      if (await this.give(workspace)) left--;
    }
  }

  /**
   * Gives one up, unless something is under way in it; true: others may have it. Who asks for it meanwhile waits, and takes it anew:
   * nobody may open it between the moment it was let go of and that it is given up.
   */
  async give(workspace: WorkspaceId): Promise<boolean> {
    const before = this.#giving.get(workspace);
    let end = () => {};
    const giving = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.#giving.set(workspace, giving);
    try {
      await before;
      if (!(await this.#host.give(workspace))) return false;
      this.#given.set(workspace, leftForRounds);
      await this.#leases.give(workspace);
      return true;
    } finally {
      if (this.#giving.get(workspace) === giving) this.#giving.delete(workspace);
      end();
    }
  }
}

/** `id`: or its name. `more`: what else is to be said. */
export function elsewhere(id: string, { address }: EngineNode, more = ''): Fault {
  const where = address === null ? 'another engine, which takes no requests' : `the engine at ${address}`;
  return new Fault('workspace_elsewhere', `workspace ${id} is driven by ${where}${more}`, { workspace: id, address });
}
