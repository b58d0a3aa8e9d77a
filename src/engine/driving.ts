// Which workspaces this engine drives, where it shares its store with others: it takes a workspace when it is asked about one that
// nobody has, renews what it has, and, where it serves, takes its share of what is free and gives up what is more than that. Who is
// asked about a workspace that another engine has says so by a fault with that engine's address.

import type { WorkspaceId } from '../base/ids.ts';
import { limits } from '../base/limits.ts';
import { Fault } from '../base/result.ts';
import type { EngineNode, Leases } from '../ports/leases.ts';

export interface DrivingHost {
  /** Workspaces that are there and may be driven. */
  workspaces(): Promise<readonly WorkspaceId[]>;
  /** Takes it up, where that has not been done: all that is due in it is done from now on. */
  take(id: WorkspaceId): Promise<void>;
  /** Lets go of one that somebody else has by now; nothing that it writes lands. */
  lost(id: WorkspaceId): void;
  /** Ends what is under way in one and writes it; resolves when nothing more is written. False: not now. */
  give(id: WorkspaceId): Promise<boolean>;
  /** Resolves when nothing is written any more to one that was let go of. */
  ended(id: WorkspaceId): Promise<void>;
  /** Hears of what goes wrong in the background. */
  failed(e: unknown): void;
}

export class Driving {
  readonly #leases: Leases;
  readonly #host: DrivingHost;
  readonly #everyMs: number;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;
  /** Does it take workspaces that it was not asked about? */
  #adopts = false;
  #isStopped = false;

  constructor(leases: Leases, host: DrivingHost, everyMs: number = limits.leaseRenewedEveryMs) {
    this.#leases = leases;
    this.#host = host;
    this.#everyMs = everyMs;
    this.#schedule();
  }

  get node(): EngineNode {
    return this.#leases.node;
  }

  isCertain(id: WorkspaceId): boolean {
    return this.#leases.isCertain(id);
  }

  /** Resolves when the workspace is driven here. Fault `workspace_elsewhere`. */
  async certain(id: WorkspaceId): Promise<void> {
    if (this.#leases.isCertain(id)) return;
    // Held once, and perhaps not any more: only by renewing is it known whether what is in memory here still counts.
    await this.#renew();
    if (this.#leases.isCertain(id)) return;
    await this.#host.ended(id);
    const holder = await this.#leases.take(id);
    if (holder !== undefined) throw elsewhere(id, holder);
  }

  /** Who has a workspace that others have; undefined: nobody, or this engine. */
  async asked(id: WorkspaceId): Promise<EngineNode | undefined> {
    if (this.#leases.isCertain(id)) return undefined;
    const holder = await this.#leases.holder(id);
    return holder?.id === this.#leases.node.id ? undefined : holder;
  }

  /** Others reach this engine there, and it takes its share from now on; resolves when it has what is free. */
  async adopt(address: string): Promise<void> {
    await this.#leases.announce(address);
    this.#adopts = true;
    await this.#go();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#round;
  }

  #schedule(): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => void this.#go(), this.#everyMs);
    this.#timer.unref();
  }

  #go(): Promise<void> {
    clearTimeout(this.#timer);
    this.#round ??= this.#once()
      // The leases lapse when it goes on: then nothing is certain any more, and nothing is answered.
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
    await this.#renew();
    if (!this.#adopts || this.#isStopped) return;
    const { leases, nodes } = await this.#leases.survey();
    const there = new Set(await this.#host.workspaces());
    const drivable = leases.filter((l) => there.has(l.workspace));
    const self = this.#leases.node.id;
    const mine = drivable.filter((l) => l.holder?.id === self);
    const serving = nodes.filter((n) => n.address !== null || n.id === self).length;
    const share = Math.ceil(drivable.length / Math.max(1, serving));
    let have = mine.length;
    for (const { workspace, holder } of drivable) {
      if (this.#isStopped) break;
      // Also what was taken in a round that failed behind that.
      if (holder?.id === self) await this.#host.take(workspace);
      if (holder !== null) continue;
      // What nobody has is taken by whoever sees it, beyond the share too: nothing may lie about.
      await this.#host.ended(workspace);
      if ((await this.#leases.take(workspace)) !== undefined) continue;
      await this.#host.take(workspace);
      have++;
    }
    // One a round: the others see it and take it before there is more.
    if (have <= share || this.#isStopped) return;
    for (const { workspace } of mine.toReversed()) {
      if (!(await this.#host.give(workspace))) continue;
      await this.#leases.give(workspace);
      return;
    }
  }
}

/** `id`: or its name. `more`: what else is to be said. */
export function elsewhere(id: string, { address }: EngineNode, more = ''): Fault {
  const where = address === null ? 'another engine, which takes no requests' : `the engine at ${address}`;
  return new Fault('workspace_elsewhere', `workspace ${id} is driven by ${where}${more}`, { workspace: id, address });
}
