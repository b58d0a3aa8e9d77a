// What is kept of runs: the record of each, its log, and the memo of pure results. Beside the store's transactions, not in
// them: a run that was lost with the machine is run again, a pure result can be computed anew, and the result of an
// effectful function is in the change set's log.
//
// Contract
// - Every write is durable when it resolves; writes that come together share one sync. Nothing crosses workspaces.
// - `putRuns` replaces records by id. `appendLog` refuses nothing: a line whose (run, seq) is there already is the same line.
// - What a resolved write wrote is seen by every later read of the same store object (read your writes).
// - The memo is bounded: over `memoBytesMax` the entries not asked for longest go first. `readMemo` counts as asking for;
//   so does writing. The order may be coarse: an entry asked for may go before one that was not, if both are young (of the
//   newer half), and what was asked for since the last `writeMemo` is forgotten with the process.
// - `prune` removes ended runs with their logs, never others. "Newest" is by id.
// - Documents and sealed contents cannot be made anew: they are part of `Store.backup` and as safe as a commit.

import type { ChangeSetId, ComponentId, FunctionId, Hash, RunId, WorkspaceId } from '../base/ids.ts';
import type { RunLogLine, RunRecord, RunStatus } from '../model/run.ts';

export interface RunQuery {
  readonly changeSet?: ChangeSetId;
  readonly component?: ComponentId;
  readonly function?: FunctionId;
  readonly statuses?: readonly RunStatus[];
  /** Only runs with a smaller id: the next page. */
  readonly before?: RunId;
  /** Newest first. */
  readonly limit: number;
}

/** A pure result: `key` is the hash of code hash and input hash; `text` is the outcome, as the engine wrote it. */
export interface MemoRow {
  readonly key: Hash;
  readonly text: string;
}

/** A change set and its version: what it is at. */
export interface ChangeSetVersion {
  readonly id: ChangeSetId;
  readonly version: number;
}

export interface RunStatistics {
  readonly runs: number;
  readonly logLines: number;
  readonly memoEntries: number;
  /** UTF-8 bytes of keys and texts; what `memoBytesMax` bounds. */
  readonly memoBytes: number;
}

export interface RunStore {
  putRuns(workspace: WorkspaceId, runs: readonly RunRecord[]): Promise<void>;
  findRun(workspace: WorkspaceId, id: RunId): Promise<RunRecord | undefined>;
  listRuns(workspace: WorkspaceId, query: RunQuery): Promise<readonly RunRecord[]>;
  appendLog(
    workspace: WorkspaceId,
    lines: readonly { readonly run: RunId; readonly line: RunLogLine }[],
  ): Promise<void>;
  /** Lines with seq > after, in order. */
  readRunLog(workspace: WorkspaceId, run: RunId, after: number, limit: number): Promise<readonly RunLogLine[]>;
  /** Runs that ended before `endedBeforeMs`, and of the ended ones left all but the newest `keepCount`. Answers how many went. */
  pruneRuns(workspace: WorkspaceId, endedBeforeMs: number, keepCount: number): Promise<number>;

  readMemo(workspace: WorkspaceId, keys: readonly Hash[]): Promise<ReadonlyMap<Hash, string>>;
  writeMemo(workspace: WorkspaceId, rows: readonly MemoRow[], memoBytesMax: number): Promise<void>;
  clearMemo(workspace: WorkspaceId): Promise<number>;

  /** A small document of the workspace by name (its keys); `expected` is what must be there now, undefined for nothing. */
  readDocument(workspace: WorkspaceId, name: string): Promise<string | undefined>;
  writeDocument(workspace: WorkspaceId, name: string, text: string, expected: string | undefined): Promise<boolean>;

  /** Sealed contents of secrets by their key (`SecretRecord.key`). */
  putSealed(workspace: WorkspaceId, key: string, sealed: string): Promise<void>;
  readSealed(workspace: WorkspaceId, key: string): Promise<string | undefined>;
  /** Keys in order, for resealing and for collecting what no secret names. */
  listSealed(workspace: WorkspaceId): Promise<readonly string[]>;
  removeSealed(workspace: WorkspaceId, keys: readonly string[]): Promise<number>;
  /**
   * The same, in one transaction with a look at the change sets: undefined, and nothing removed, unless the workspace has exactly
   * `at`, each at that version. Every commit that was queued before counts.
   */
  removeSealedAt(
    workspace: WorkspaceId,
    keys: readonly string[],
    at: readonly ChangeSetVersion[],
  ): Promise<number | undefined>;

  statistics(workspace: WorkspaceId): Promise<RunStatistics>;
}
