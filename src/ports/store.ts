// The store: where every durable thing lives. One port for all of it, because the promises are about transactions that
// span it: a log entry, its audit entries, the change set's row and the idempotency record land together or not at all.
//
// Contract
// - `commit` is one transaction, compare-and-set on every change set it names, on the steps of reality and on every action
//   it names: when any of them is not as expected, nothing is written and the answer says which, in this order the first.
//   Each is judged after all commits that were queued before. When it resolves, the data survives kill -9 and power loss.
//   Concurrent commits may share one sync. Commits queued in an order land in that order.
// - What a resolved write wrote is seen by every later read of the same store object (read your writes).
// - Log and audit rows are append-only: (change set, version) and (change set, sequence) are never written twice. So are
//   steps of reality, which in addition follow one another without a gap: a commit whose steps do not is a fault.
// - What commits leave behind is numbered: each audit row, each step of reality and each action that a commit moves has a
//   position in its workspace, in this order within one commit, and positions grow in the order in which commits land. They
//   stay as they are through everything, also a restart; between two there may be a gap, but never one that is filled later.
// - A listing of actions may take several looks; each action is as it was at one moment between call and answer.
// - Texts are opaque: the store neither parses nor changes them. Chunks are immutable; writing one that is there already
//   renews its generation in the same transaction, so that `sweep` cannot take it.
// - Nothing crosses workspaces: every call names one.
// The caller guarantees: hashes are those of the texts; rows are consistent with each other. That is not re-checked here,
// `verify` does it. Every method throws Fault (`store_failed`, `store_damaged`) when the outside world fails.

import type { ActionId, ChangeSetId, ComponentId, Hash, WorkspaceId } from '../base/ids.ts';
import type { ActionRecord, ActionStatus, MovedAction } from '../model/action.ts';
import type { ChangeSetStatus } from '../model/change_set.ts';
import type { Leases } from './leases.ts';
import type { RunStore } from './run_store.ts';
import type { SharedKeys } from './shared_keys.ts';

export interface WorkspaceRow {
  readonly id: WorkspaceId;
  readonly name: string;
  /** The Head change set. */
  readonly head: ChangeSetId;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly createdAtMs: number;
}

export interface ChangeSetRow {
  readonly id: ChangeSetId;
  readonly name: string;
  readonly status: ChangeSetStatus;
  readonly isHead: boolean;
  /** Head's version that it was opened on or last caught up to; for Head itself its own version. */
  readonly baseVersion: number;
  /** Head's version that it was opened on, where its log begins; for Head itself 0. */
  readonly openedOn: number;
  /** Number of log entries; compare-and-set counter. */
  readonly version: number;
  readonly intentRoot: Hash;
  readonly realityRoot: Hash;
  /** Number of audit entries in its chain, and the hash of the last ('' before the first). */
  readonly auditCount: number;
  readonly auditHead: Hash | '';
  readonly createdAtMs: number;
  readonly createdBy: string;
  readonly updatedAtMs: number;
}

export interface LogRow {
  readonly changeSet: ChangeSetId;
  /** 1 for the first entry. */
  readonly version: number;
  readonly text: string;
}

export interface AuditRow {
  readonly changeSet: ChangeSetId;
  /** 1 for the first entry of the chain. */
  readonly seq: number;
  /** The log version it belongs to; 0 when it records something that is not in the log (a refused access). */
  readonly version: number;
  /** What it is about: a component id, another noun's id, or ''. */
  readonly subject: string;
  readonly kind: string;
  readonly actor: string;
  readonly atMs: number;
  readonly text: string;
  readonly hash: Hash;
}

export interface IdempotencyRow {
  readonly principal: string;
  readonly key: string;
  readonly requestHash: Hash;
  /** What was answered; answered again for the same key. */
  readonly reply: string;
  readonly atMs: number;
}

export interface ChunkRow {
  readonly hash: Hash;
  readonly text: string;
}

/** All chunks of these roots have been written: a version that can be read without replaying the log. */
export interface Checkpoint {
  readonly changeSet: ChangeSetId;
  readonly version: number;
  readonly intentRoot: Hash;
  readonly realityRoot: Hash;
  /** The last step of reality that `realityRoot` has. */
  readonly realitySeq: number;
  /** Root of the map of computed values of that version, where they were complete. Absent: compute them anew. */
  readonly derivedRoot?: Hash;
}

/** One step of reality: what was recorded about resources, in the order in which it came. */
export interface RealityRow {
  /** 1 for the first. */
  readonly seq: number;
  readonly text: string;
}

export interface ActionQuery {
  readonly statuses?: readonly ActionStatus[];
  readonly component?: ComponentId;
  /** Only actions that an apply of this change set asked for, first or later. */
  readonly origin?: ChangeSetId;
  /** Only actions with a smaller id: the next page. */
  readonly before?: ActionId;
  /** Newest first. */
  readonly limit: number;
}

export interface PrunedActions {
  /** Those that an apply asked for (true), or the others. */
  readonly withOrigin: boolean;
  readonly endedBeforeMs: number;
  /** Of those that ended later so many that ended last stay, and what ended in the same millisecond as the first of them. */
  readonly keepCount: number;
}

export interface Commit {
  /** Change sets as they shall be, with the version each must have now; `expected` undefined: it must not exist yet. */
  readonly changeSets: readonly { readonly row: ChangeSetRow; readonly expected: number | undefined }[];
  readonly log: readonly LogRow[];
  readonly audit: readonly AuditRow[];
  readonly idempotency?: IdempotencyRow;
  /** Chunks that must be durable with this commit (blobs that log entries refer to by hash). */
  readonly chunks?: readonly ChunkRow[];
  /** A new workspace; its id and name must be free. */
  readonly workspace?: WorkspaceRow;
  /** Steps of reality to append; `expected`: the last one that there must be now, 0 for none. */
  readonly reality?: { readonly expected: number; readonly rows: readonly RealityRow[] };
  /** Actions as they shall be, with the revision each must have now; `expected` undefined: it must not exist yet. */
  readonly actions?: readonly ActionMove[];
  /**
   * The number of the lease under which what this was made from was read (`ports/leases.ts`): fault `store_busy` where the lease has
   * been taken since. Default: that under which it is held now.
   */
  readonly lease?: number;
}

export interface ActionMove {
  readonly record: ActionRecord;
  readonly expected: number | undefined;
  /** Nothing that anybody follows: a sign of life. It gets no position. */
  readonly isUnnoted?: true;
}

/** What one position is about. */
export type EventRow = { readonly position: number } & (
  | { readonly of: 'audit'; readonly audit: AuditRow }
  | { readonly of: 'reality'; readonly reality: RealityRow }
  | { readonly of: 'action'; readonly action: MovedAction }
);

export interface EventPage {
  readonly rows: readonly EventRow[];
  /** The last position that there is; 0: none. */
  readonly last: number;
  /** Of positions up to this one some were removed; 0: none were. */
  readonly removedUpTo: number;
}

export type CommitOutcome =
  | { readonly ok: true }
  /** `version`: what the change set is at; undefined: it does not exist. */
  | { readonly ok: false; readonly changeSet: ChangeSetId; readonly version: number | undefined }
  /** `reality`: the last step that there is. */
  | { readonly ok: false; readonly reality: number }
  /** `revision`: what the action is at; undefined: it does not exist. */
  | { readonly ok: false; readonly action: ActionId; readonly revision: number | undefined }
  /** The workspace's name or id is taken. */
  | { readonly ok: false; readonly workspaceTaken: true };

export interface AuditQuery {
  readonly changeSet?: ChangeSetId;
  readonly subject?: string;
  readonly kind?: string;
  readonly actor?: string;
  /** Rows of a chain from this sequence number on; needs `changeSet`. */
  readonly fromSeq?: number;
  /** Most rows; the newest are kept unless `fromSeq` is given. Answered oldest first. */
  readonly limit: number;
}

export interface StoreProblem {
  readonly where: string;
  readonly what: string;
}

export interface SweepOutcome {
  readonly chunksKept: number;
  readonly chunksRemoved: number;
  readonly bytesRemoved: number;
}

export interface Store {
  /** `sqlite`, `memory`, … for people. */
  readonly kind: string;
  /** Runs, the memo, documents, sealed contents: beside the transactions of everything else. */
  readonly runs: RunStore;

  listWorkspaces(): Promise<readonly WorkspaceRow[]>;

  commit(workspace: WorkspaceId, commit: Commit): Promise<CommitOutcome>;

  findChangeSet(workspace: WorkspaceId, id: ChangeSetId): Promise<ChangeSetRow | undefined>;
  /** Oldest first (by id). */
  listChangeSets(workspace: WorkspaceId): Promise<readonly ChangeSetRow[]>;

  /** Entries with after < version <= upTo, in order, at most `limit` (default: all). */
  readLog(
    workspace: WorkspaceId,
    changeSet: ChangeSetId,
    after: number,
    upTo: number,
    limit?: number,
  ): Promise<readonly LogRow[]>;

  /** Number of the last step of reality; 0: there is none. */
  realitySeq(workspace: WorkspaceId): Promise<number>;
  /** Steps with after < seq, in order, at most `limit` (default: all). */
  readReality(workspace: WorkspaceId, after: number, limit?: number): Promise<readonly RealityRow[]>;

  findAction(workspace: WorkspaceId, id: ActionId): Promise<ActionRecord | undefined>;
  listActions(workspace: WorkspaceId, query: ActionQuery): Promise<readonly ActionRecord[]>;
  /** Removes succeeded and cancelled actions, never the newest of a component; answers how many. */
  pruneActions(workspace: WorkspaceId, which: PrunedActions): Promise<number>;

  readAudit(workspace: WorkspaceId, query: AuditQuery): Promise<readonly AuditRow[]>;

  /** With after < position, in order, at most `limit`. */
  readEvents(workspace: WorkspaceId, after: number, limit: number): Promise<EventPage>;
  /** Removes what positions say of reality and actions, but for the newest `kept` of these; answers how many. Audit rows stay. */
  pruneEvents(workspace: WorkspaceId, kept: number): Promise<number>;

  findIdempotent(workspace: WorkspaceId, principal: string, key: string): Promise<IdempotencyRow | undefined>;
  /** Forgets idempotency records older than `beforeMs`; answers how many. */
  expireIdempotent(workspace: WorkspaceId, beforeMs: number): Promise<number>;

  /** The texts found; a hash that is not there is absent from the answer. */
  readChunks(workspace: WorkspaceId, hashes: readonly Hash[]): Promise<ReadonlyMap<Hash, string>>;
  /** Only a store that answers without waiting has it: the same as `readChunks` for one hash, at once. */
  readChunkNow?(workspace: WorkspaceId, hash: Hash): string | undefined;
  /** One transaction: chunks and the checkpoints that they complete. */
  writeChunks(workspace: WorkspaceId, chunks: readonly ChunkRow[], checkpoints: readonly Checkpoint[]): Promise<void>;
  /** The newest checkpoint of the change set at or below `version`. */
  findCheckpoint(workspace: WorkspaceId, changeSet: ChangeSetId, version: number): Promise<Checkpoint | undefined>;
  listCheckpoints(workspace: WorkspaceId): Promise<readonly Checkpoint[]>;
  /** Removes checkpoints; the versions stay readable through the log. */
  removeCheckpoints(workspace: WorkspaceId, checkpoints: readonly Checkpoint[]): Promise<void>;

  /** Starts a new generation and answers it: chunks written or renewed from now on carry it. */
  nextGeneration(workspace: WorkspaceId): Promise<number>;
  /** Removes chunks of generations below `generation` for which `isLive` says false. */
  sweep(workspace: WorkspaceId, generation: number, isLive: (hash: Hash) => boolean): Promise<SweepOutcome>;

  getSetting(workspace: WorkspaceId, name: string): Promise<string | undefined>;
  putSetting(workspace: WorkspaceId, name: string, value: string): Promise<void>;
  /** Of all workspaces that have it. */
  settingOfAll(name: string): Promise<ReadonlyMap<WorkspaceId, string>>;

  /** Where several engines share the store: which of them drives which workspace. Absent: this one drives all of them. */
  readonly leases?: Leases;
  /** Where several engines share the store: what concurrency keys let through over all of them. Absent: this one counts alone. */
  readonly keys?: SharedKeys;

  /** Checks the store's own structure and that every chunk is what its hash says; at most `most` problems. */
  check(most: number): Promise<readonly StoreProblem[]>;
  /**
   * Writes a consistent copy to `destination` (a path); readers and writers go on meanwhile. Refuses (thrown) `already_exists`,
   * and `request_malformed` where its folder is not there.
   */
  backup(destination: string): Promise<void>;
  /** Bytes on disk and rows, for people and metrics. */
  statistics(): Promise<Readonly<Record<string, number>>>;
  close(): Promise<void>;
}
