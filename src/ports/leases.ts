// Which engine drives which workspace, where several engines share a store. A workspace has one driver at a time: whoever holds
// its lease keeps it in memory, orders its edits, does its background work and answers for it; the others pass requests on.
//
// Contract
// - A lease that is not renewed lapses after `limits.leaseMs`, by the store's clock; then any engine may take it. What is held is told
//   apart by a number that grows each time it is taken, and it goes with every write: what comes from an earlier holder, or from the
//   same one under an earlier number, is refused with fault `store_busy` and changes nothing, however late it comes.
// - `isCertain` is true only while no other engine can have taken the lease: it is judged by this machine's own monotonic clock,
//   from before the lease was asked for. An engine that was paused finds its certainty gone when it wakes.
// - Leases are given up by `give`, and lapse by themselves when the process ends.

import type { WorkspaceId } from '../base/ids.ts';

/** An engine among those that share the store. */
export interface EngineNode {
  /** Its own from start to end. */
  readonly id: string;
  /** Where the others reach it, `http://host:port`; null: it takes no requests, or none yet. */
  readonly address: string | null;
}

/** A workspace and who holds it. */
export interface LeaseLine {
  readonly workspace: WorkspaceId;
  /** null: nobody does, or not any more. */
  readonly holder: EngineNode | null;
}

/** All workspaces, and the engines that are there, in order of id. */
export interface LeaseSurvey {
  readonly leases: readonly LeaseLine[];
  readonly nodes: readonly EngineNode[];
}

export interface Leases {
  /** This engine. */
  readonly node: EngineNode;
  /**
   * The time of the store's clock, in milliseconds since 1970, to within half of the time that it takes to ask: the same for all
   * engines, whatever their machines have for it. Once a lease has been asked for.
   */
  nowMs(): number;
  /** From now on others reach it there. */
  announce(address: string): Promise<void>;
  /** Is the lease held here beyond doubt? */
  isCertain(workspace: WorkspaceId): boolean;
  /**
   * Takes the lease, or has it beyond doubt already; else who has it. Taken again by whoever was not certain of it any more it has
   * another number, so that nothing lands that was begun before.
   */
  take(workspace: WorkspaceId): Promise<EngineNode | undefined>;
  /** The number that the lease is held under here, certain or not. Fault `store_busy` where it is not held. */
  numberOf(workspace: WorkspaceId): number;
  /** Renews all that are held; answers those that somebody else has taken meanwhile, which are not held any more. */
  renew(): Promise<readonly WorkspaceId[]>;
  /** Lets others have it at once. Nothing more may be written to it here. */
  give(workspace: WorkspaceId): Promise<void>;
  survey(): Promise<LeaseSurvey>;
  /** Who holds it; undefined: nobody does. */
  holder(workspace: WorkspaceId): Promise<EngineNode | undefined>;
  /** Gives all of them up and is no engine of this store any more. */
  leave(): Promise<void>;
}
