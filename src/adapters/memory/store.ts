// The store port in memory: for fast tests and the simulator. Same semantics as a durable store, which the conformance
// suite holds it to; what it lacks is durability, `backup`, and therefore damage. Rows are copied in, so a caller that
// changes an object afterwards changes nothing here.

import type { ActionId, ChangeSetId, Hash, WorkspaceId } from '../../base/ids.ts';
import { Fault } from '../../base/result.ts';
import type { ActionRecord } from '../../model/action.ts';
import { assertFollowing } from '../../ports/reality_steps.ts';
import type { RunStore } from '../../ports/run_store.ts';
import type {
  ActionQuery,
  AuditQuery,
  AuditRow,
  ChangeSetRow,
  Checkpoint,
  ChunkRow,
  Commit,
  CommitOutcome,
  EventPage,
  IdempotencyRow,
  LogRow,
  PrunedActions,
  RealityRow,
  Store,
  StoreProblem,
  SweepOutcome,
  WorkspaceRow,
} from '../../ports/store.ts';
import { ActionSpace } from './action_space.ts';
import { EventSpace } from './event_space.ts';
import { MemoryRunStore } from './run_store.ts';

export interface MemoryStoreOptions {
  /** Offer `readChunkNow`? Default true; false makes the engine take its asynchronous path. */
  readonly synchronousReads?: boolean;
}

interface Branch {
  row: ChangeSetRow;
  readonly log: Map<number, LogRow>;
  readonly audit: Map<number, AuditRow>;
  readonly checkpoints: Map<number, Checkpoint>;
}

class Space {
  readonly branches = new Map<ChangeSetId, Branch>();
  /** Of all chains, in order of landing. */
  readonly audit: AuditRow[] = [];
  readonly idempotent = new Map<string, IdempotencyRow>();
  readonly chunks = new Map<Hash, { readonly text: string; generation: number }>();
  readonly settings = new Map<string, string>();
  readonly actions = new ActionSpace();
  readonly events = new EventSpace();
  generation = 1;
}

export class MemoryStore implements Store {
  readonly kind = 'memory';
  readonly runs: RunStore = new MemoryRunStore(
    () => this.#assertOpen(),
    (workspace) => [...(this.#find(workspace)?.branches.values() ?? [])].map((b) => b.row),
  );
  readonly readChunkNow?: (workspace: WorkspaceId, hash: Hash) => string | undefined;
  readonly #workspaces = new Map<WorkspaceId, WorkspaceRow>();
  readonly #spaces = new Map<WorkspaceId, Space>();
  #isClosed = false;
  #commits = 0;
  #staleCommits = 0;

  constructor(options: MemoryStoreOptions = {}) {
    if (options.synchronousReads !== false)
      this.readChunkNow = (workspace, hash) => this.#find(workspace)?.chunks.get(hash)?.text;
  }

  async listWorkspaces(): Promise<readonly WorkspaceRow[]> {
    this.#assertOpen();
    return [...this.#workspaces.values()].sort(byId);
  }

  async commit(workspace: WorkspaceId, commit: Commit): Promise<CommitOutcome> {
    this.#assertOpen();
    const refused = this.#refusal(workspace, commit);
    if (refused) {
      this.#staleCommits++;
      return refused;
    }
    this.#assertAppends(workspace, commit);
    const space = this.#space(workspace);
    if (commit.workspace) this.#workspaces.set(workspace, { ...commit.workspace });
    for (const { row } of commit.changeSets) {
      const branch = space.branches.get(row.id);
      if (branch) branch.row = { ...row };
      else space.branches.set(row.id, { row: { ...row }, log: new Map(), audit: new Map(), checkpoints: new Map() });
    }
    for (const row of commit.log) space.branches.get(row.changeSet)!.log.set(row.version, { ...row });
    for (const row of commit.audit) {
      const copy = { ...row };
      space.branches.get(row.changeSet)!.audit.set(row.seq, copy);
      space.audit.push(copy);
    }
    const { idempotency } = commit;
    if (idempotency) space.idempotent.set(idempotencyKey(idempotency.principal, idempotency.key), { ...idempotency });
    if (commit.chunks) putChunks(space, commit.chunks);
    space.actions.land(commit);
    space.events.land(commit);
    this.#commits++;
    return { ok: true };
  }

  async findChangeSet(workspace: WorkspaceId, id: ChangeSetId): Promise<ChangeSetRow | undefined> {
    this.#assertOpen();
    return this.#branch(workspace, id)?.row;
  }

  async listChangeSets(workspace: WorkspaceId): Promise<readonly ChangeSetRow[]> {
    this.#assertOpen();
    return [...(this.#find(workspace)?.branches.values() ?? [])].map((b) => b.row).sort(byId);
  }

  async readLog(
    workspace: WorkspaceId,
    changeSet: ChangeSetId,
    after: number,
    upTo: number,
    limit = Number.POSITIVE_INFINITY,
  ): Promise<readonly LogRow[]> {
    this.#assertOpen();
    const branch = this.#branch(workspace, changeSet);
    const rows: LogRow[] = [];
    if (!branch) return rows;
    for (let version = Math.max(0, after) + 1; version <= upTo && rows.length < limit; version++) {
      const row = branch.log.get(version);
      if (!row) break;
      rows.push(row);
    }
    return rows;
  }

  async realitySeq(workspace: WorkspaceId): Promise<number> {
    this.#assertOpen();
    return this.#find(workspace)?.actions.realitySeq ?? 0;
  }

  async readReality(
    workspace: WorkspaceId,
    after: number,
    limit = Number.POSITIVE_INFINITY,
  ): Promise<readonly RealityRow[]> {
    this.#assertOpen();
    return this.#find(workspace)?.actions.readReality(after, limit) ?? [];
  }

  async findAction(workspace: WorkspaceId, id: ActionId): Promise<ActionRecord | undefined> {
    this.#assertOpen();
    return this.#find(workspace)?.actions.find(id);
  }

  async listActions(workspace: WorkspaceId, query: ActionQuery): Promise<readonly ActionRecord[]> {
    this.#assertOpen();
    return this.#find(workspace)?.actions.list(query) ?? [];
  }

  async pruneActions(workspace: WorkspaceId, which: PrunedActions): Promise<number> {
    this.#assertOpen();
    return this.#find(workspace)?.actions.prune(which) ?? 0;
  }

  async readAudit(workspace: WorkspaceId, query: AuditQuery): Promise<readonly AuditRow[]> {
    this.#assertOpen();
    const space = this.#find(workspace);
    if (!space) return [];
    const { changeSet, subject, kind, actor, fromSeq } = query;
    const isForward = changeSet !== undefined && fromSeq !== undefined;
    const rows = space.audit.filter(
      (row) =>
        (changeSet === undefined || row.changeSet === changeSet) &&
        (!isForward || row.seq >= fromSeq) &&
        (subject === undefined || row.subject === subject) &&
        (kind === undefined || row.kind === kind) &&
        (actor === undefined || row.actor === actor),
    );
    if (changeSet !== undefined) rows.sort((a, b) => a.seq - b.seq);
    return isForward ? rows.slice(0, query.limit) : rows.slice(Math.max(0, rows.length - query.limit));
  }

  async readEvents(workspace: WorkspaceId, after: number, limit: number): Promise<EventPage> {
    this.#assertOpen();
    return (this.#find(workspace)?.events ?? new EventSpace()).read(after, limit);
  }

  async pruneEvents(workspace: WorkspaceId, kept: number): Promise<number> {
    this.#assertOpen();
    return this.#find(workspace)?.events.prune(kept) ?? 0;
  }

  async findIdempotent(workspace: WorkspaceId, principal: string, key: string): Promise<IdempotencyRow | undefined> {
    this.#assertOpen();
    return this.#find(workspace)?.idempotent.get(idempotencyKey(principal, key));
  }

  async expireIdempotent(workspace: WorkspaceId, beforeMs: number): Promise<number> {
    this.#assertOpen();
    const rows = this.#find(workspace)?.idempotent;
    let expired = 0;
    for (const [key, row] of rows ?? []) if (row.atMs < beforeMs && rows!.delete(key)) expired++;
    return expired;
  }

  async readChunks(workspace: WorkspaceId, hashes: readonly Hash[]): Promise<ReadonlyMap<Hash, string>> {
    this.#assertOpen();
    const found = new Map<Hash, string>();
    for (const hash of hashes) {
      const chunk = this.#find(workspace)?.chunks.get(hash);
      if (chunk) found.set(hash, chunk.text);
    }
    return found;
  }

  async writeChunks(
    workspace: WorkspaceId,
    chunks: readonly ChunkRow[],
    checkpoints: readonly Checkpoint[],
  ): Promise<void> {
    this.#assertOpen();
    for (const c of checkpoints) this.#mustFindBranch(workspace, c.changeSet);
    putChunks(this.#space(workspace), chunks);
    for (const c of checkpoints) this.#branch(workspace, c.changeSet)!.checkpoints.set(c.version, { ...c });
  }

  async findCheckpoint(
    workspace: WorkspaceId,
    changeSet: ChangeSetId,
    version: number,
  ): Promise<Checkpoint | undefined> {
    this.#assertOpen();
    let newest: Checkpoint | undefined;
    for (const c of this.#branch(workspace, changeSet)?.checkpoints.values() ?? [])
      if (c.version <= version && c.version >= (newest?.version ?? 0)) newest = c;
    return newest;
  }

  async listCheckpoints(workspace: WorkspaceId): Promise<readonly Checkpoint[]> {
    const changeSets = await this.listChangeSets(workspace);
    return changeSets.flatMap(({ id }) =>
      [...this.#branch(workspace, id)!.checkpoints.values()].sort((a, b) => a.version - b.version),
    );
  }

  async removeCheckpoints(workspace: WorkspaceId, checkpoints: readonly Checkpoint[]): Promise<void> {
    this.#assertOpen();
    for (const c of checkpoints) this.#branch(workspace, c.changeSet)?.checkpoints.delete(c.version);
  }

  async nextGeneration(workspace: WorkspaceId): Promise<number> {
    this.#assertOpen();
    return ++this.#space(workspace).generation;
  }

  async sweep(workspace: WorkspaceId, generation: number, isLive: (hash: Hash) => boolean): Promise<SweepOutcome> {
    this.#assertOpen();
    const chunks = this.#find(workspace)?.chunks ?? new Map<Hash, { text: string; generation: number }>();
    let chunksRemoved = 0;
    let bytesRemoved = 0;
    for (const [hash, chunk] of chunks) {
      if (chunk.generation >= generation || isLive(hash)) continue;
      chunks.delete(hash);
      chunksRemoved++;
      bytesRemoved += Buffer.byteLength(chunk.text);
    }
    return { chunksKept: chunks.size, chunksRemoved, bytesRemoved };
  }

  async getSetting(workspace: WorkspaceId, name: string): Promise<string | undefined> {
    this.#assertOpen();
    return this.#find(workspace)?.settings.get(name);
  }

  async putSetting(workspace: WorkspaceId, name: string, value: string): Promise<void> {
    this.#assertOpen();
    this.#space(workspace).settings.set(name, value);
  }

  async settingOfAll(name: string): Promise<ReadonlyMap<WorkspaceId, string>> {
    this.#assertOpen();
    const out = new Map<WorkspaceId, string>();
    for (const [id, { settings }] of this.#spaces) {
      const value = settings.get(name);
      if (value !== undefined) out.set(id, value);
    }
    return out;
  }

  async check(_most: number): Promise<readonly StoreProblem[]> {
    this.#assertOpen();
    return [];
  }

  async backup(_destination: string): Promise<void> {
    throw new Fault('store_failed', 'a store in memory has no backup');
  }

  async statistics(): Promise<Readonly<Record<string, number>>> {
    this.#assertOpen();
    const spaces = [...this.#spaces.values()];
    const sum = (count: (space: Space) => number): number => spaces.reduce((total, space) => total + count(space), 0);
    return {
      workspaces: this.#workspaces.size,
      changeSets: sum((s) => s.branches.size),
      logRows: sum((s) => [...s.branches.values()].reduce((n, b) => n + b.log.size, 0)),
      auditRows: sum((s) => s.audit.length),
      chunks: sum((s) => s.chunks.size),
      idempotencyRows: sum((s) => s.idempotent.size),
      realityRows: sum((s) => s.actions.realitySeq),
      actions: sum((s) => s.actions.count),
      commits: this.#commits,
      commitsStale: this.#staleCommits,
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  #refusal(workspace: WorkspaceId, commit: Commit): CommitOutcome | undefined {
    if (commit.workspace) {
      const { id, name } = commit.workspace;
      for (const taken of this.#workspaces.values())
        if (taken.id === id || taken.name === name) return { ok: false, workspaceTaken: true };
    }
    for (const { row, expected } of commit.changeSets) {
      const version = this.#branch(workspace, row.id)?.row.version;
      if (version !== expected) return { ok: false, changeSet: row.id, version };
    }
    return (this.#find(workspace)?.actions ?? new ActionSpace()).refusal(commit);
  }

  /** Throws before anything is written when a row that may only be appended exists, or its change set does not. */
  #assertAppends(workspace: WorkspaceId, commit: Commit): void {
    const isNew = new Set(commit.changeSets.filter((c) => c.expected === undefined).map((c) => c.row.id));
    const seen = new Set<string>();
    const assert = (what: string, changeSet: ChangeSetId, isThere: (branch: Branch) => boolean): void => {
      if (!isNew.has(changeSet)) this.#mustFindBranch(workspace, changeSet);
      const branch = this.#branch(workspace, changeSet);
      if ((branch && isThere(branch)) || seen.has(`${what} ${changeSet}`)) throw exists(`${what} of ${changeSet}`);
      seen.add(`${what} ${changeSet}`);
    };
    for (const row of commit.log) assert(`log entry ${row.version}`, row.changeSet, (b) => b.log.has(row.version));
    for (const row of commit.audit) assert(`audit entry ${row.seq}`, row.changeSet, (b) => b.audit.has(row.seq));
    assertFollowing(commit);
    const { idempotency } = commit;
    if (idempotency && this.#find(workspace)?.idempotent.has(idempotencyKey(idempotency.principal, idempotency.key)))
      throw exists(`idempotency key ${JSON.stringify(idempotency.key)}`);
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new Fault('store_failed', 'the store is closed');
  }

  #find(workspace: WorkspaceId): Space | undefined {
    this.#assertOpen();
    return this.#spaces.get(workspace);
  }

  #space(workspace: WorkspaceId): Space {
    const space = this.#spaces.get(workspace) ?? new Space();
    this.#spaces.set(workspace, space);
    return space;
  }

  #branch(workspace: WorkspaceId, id: ChangeSetId): Branch | undefined {
    return this.#find(workspace)?.branches.get(id);
  }

  #mustFindBranch(workspace: WorkspaceId, id: ChangeSetId): void {
    if (!this.#branch(workspace, id)) throw new Fault('store_failed', `change set ${id} does not exist`);
  }
}

function exists(what: string): Fault {
  return new Fault('store_failed', `${what} exists already`, { exists: true });
}

function putChunks(space: Space, chunks: readonly ChunkRow[]): void {
  for (const { hash, text } of chunks) {
    const chunk = space.chunks.get(hash);
    if (chunk) chunk.generation = space.generation;
    else space.chunks.set(hash, { text, generation: space.generation });
  }
}

function idempotencyKey(principal: string, key: string): string {
  return JSON.stringify([principal, key]);
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
