// One workspace in memory: its chunk space and the present state of the change sets in use ("branches"). Branches move
// forward when a commit is queued and are answered from once it is durable, so writers of one change set line up behind
// each other without waiting for each other's sync. What a commit that failed had built on is thrown away and read again.

import type { ActionId, ChangeSetId, ComponentId, Hash, WorkspaceId } from '../base/ids.ts';
import { limits } from '../base/limits.ts';
import { Fault, type Result, refuse } from '../base/result.ts';
import { Pending } from '../merge/item.ts';
import { follow, type LogEntry, type PendingChange, startsFromHead } from '../merge/log_entry.ts';
import type { RunRecord } from '../model/run.ts';
import type { Catalogue } from '../ports/catalogue.ts';
import { noObserver, type Observer } from '../ports/observer.ts';
import type { Readiness } from '../ports/readiness.ts';
import type { ChangeSetRow, Commit, CommitOutcome, Store, WorkspaceRow } from '../ports/store.ts';
import type { World } from '../ports/world.ts';
import { ChunkSpace } from '../snapshot/chunk_space.ts';
import { Snapshot } from '../snapshot/snapshot.ts';
import { ActionRetention } from './action_retention.ts';
import { ActionTable } from './action_table.ts';
import { ActionWork } from './action_work.ts';
import { ApplySchedule } from './apply_schedule.ts';
import { refsOf } from './blob_refs.ts';
import { type Branch, isTaken, lands, type Move, newBranch, Stale, seenElsewhere } from './branch.ts';
import { Checkpoints } from './checkpoints.ts';
import { credentialsOf } from './credentials.ts';
import { Dispatcher } from './dispatcher.ts';
import { EventFeed } from './event_feed.ts';
import { propagationEvent, runEvent, runLogEvent } from './event_shape.ts';
import { FunctionCalls } from './function_calls.ts';
import { forgetKeys } from './idempotency.ts';
import { logEntries } from './log_pages.ts';
import { PendingNews } from './pending_news.ts';
import { PropagationWork } from './propagate.ts';
import { readinessOf } from './ready.ts';
import { Reality } from './reality.ts';
import type { LoggedLine } from './record_runs.ts';
import { type Recorded, Records } from './records.ts';
import { RefreshSchedule } from './refresh_schedule.ts';
import { ReplayWork } from './replay_work.ts';
import { mustGiveStored, replayed } from './replayed_entry.ts';
import { rereading } from './rereading.ts';
import { Retention } from './retention.ts';
import { pruneTo } from './runs.ts';
import { SealedValues } from './sealed_values.ts';
import { SideCache } from './side_cache.ts';
import { WebhookWork } from './webhook_work.ts';
import type { WorkspaceOptions } from './workspace_options.ts';

export class Workspace {
  readonly row: WorkspaceRow;
  readonly store: Store;
  readonly world: World;
  readonly catalogue: Catalogue;
  readonly space: ChunkSpace;
  readonly readiness: Readiness;
  readonly observer: Observer;
  readonly vault: WorkspaceOptions['vault'];
  readonly secretSource: WorkspaceOptions['secretSource'];
  readonly policyEngine: WorkspaceOptions['policies'];
  /** Driven by another engine. */
  readonly isVisited: boolean;
  readonly #lease: number | undefined;
  /** Whose turn it is at the runners, of all workspaces. */
  readonly dispatcher: Dispatcher;
  /** What functions made with secrets. */
  readonly sealedValues = new SealedValues(this);
  /** Calls of users' functions, shared by all change sets. */
  readonly calls: FunctionCalls;
  /** Takes old runs away. */
  readonly retention: Retention;
  /** Of what was answered under idempotency keys. */
  readonly keyRetention: Retention;
  /** Takes old actions away. */
  readonly actionRetention: ActionRetention;
  /** Computed values of the change sets in use. */
  readonly propagation: PropagationWork;
  /** Catching change sets up in the background. */
  readonly replay = new ReplayWork();
  /** Head's last versions as sides of a merge. */
  readonly sides = new SideCache();
  /** What is known of the resources. */
  readonly reality = new Reality(this, () => this.#realityMoved());
  /** Actions that have not ended. */
  readonly actions = new ActionTable(this);
  /** Carrying them out. */
  readonly acting: ActionWork;
  /** Looking at resources again by itself, as long as they are. */
  readonly refreshing = new RefreshSchedule(this);
  /** Applies at a time. */
  readonly scheduled = new ApplySchedule(this);
  readonly webhooks: WebhookWork;
  /** Following what happens here. */
  readonly events = new EventFeed(this);
  readonly #pendingNews = new PendingNews((id, pending) =>
    this.events.passing(id, () => propagationEvent(id, pending)),
  );
  readonly #branches = new Map<ChangeSetId, Branch>();
  readonly #alone = new Map<ChangeSetId, Promise<void>>();
  readonly #loading = new Map<ChangeSetId, Promise<Branch | undefined>>();
  readonly checkpoints: Checkpoints;
  readonly #records = new Records(this, () => this.#realityMoved());

  constructor(row: WorkspaceRow, store: Store, world: World, options: WorkspaceOptions) {
    this.row = row;
    this.store = store;
    this.world = world;
    this.catalogue = options.catalogue;
    this.readiness = options.readiness ?? readinessOf(this);
    this.vault = options.vault;
    this.secretSource = options.secretSource;
    this.policyEngine = options.policies;
    this.isVisited = options.isVisited ?? false;
    this.#lease = options.lease;
    this.observer = options.observer ?? noObserver;
    this.dispatcher = options.dispatcher ?? new Dispatcher(options.functions?.runners ?? []);
    this.acting = new ActionWork(this, options.actions ?? {});
    this.webhooks = new WebhookWork(this, options.webhooks);
    const unwrittenBytesMax = options.unwrittenBytesMax ?? limits.unwrittenChunkBytesMax;
    this.checkpoints = new Checkpoints(this, this.#branches, unwrittenBytesMax);
    this.space = new ChunkSpace({
      digest: world.digest,
      source: { read: (hash) => store.readChunkNow?.(row.id, hash) },
      cacheBytesMax: options.cacheBytesMax ?? limits.chunkCacheBytesMax,
      refsOf,
      ...(options.matches === undefined ? {} : { matches: options.matches }),
    });
    const host = options.functions ?? {};
    const runsKept = { newerThanMs: limits.runsKeptMs, count: limits.runsKeptMax };
    this.retention = new Retention(options.retention ?? {}, runsKept, (keep) => pruneTo(this, keep));
    this.actionRetention = new ActionRetention(this, options.actionRetention ?? {});
    const keysKept = { newerThanMs: limits.idempotencyKeptMs, count: Number.POSITIVE_INFINITY };
    this.keyRetention = new Retention({}, keysKept, () => forgetKeys(this));
    this.calls = new FunctionCalls({
      wrote: (runs) => this.retention.wrote(runs),
      recorded: (records, log) => this.#runsRecorded(records, log),
      workspace: row.id,
      store: store.runs,
      world,
      observer: this.observer,
      host,
      textOf: (hash) => this.read(() => this.space.blob(hash)),
      credentials: (compiler, asked) => credentialsOf(this, compiler, asked),
      sealed: this.sealedValues,
      serves: (of) => this.dispatcher.serves(of),
    });
    this.propagation = new PropagationWork({
      calls: this.calls,
      hasEffects: (call) => this.calls.hasEffects(call, () => this.space.blob(call.text)),
      read: (body) => this.read(body),
      observer: this.observer,
      head: () => this.knownHead(),
      unsaved: () => this.checkpoints.soon(),
      progressed: (id, pending) => {
        if (this.events.isFollowed(id)) this.#pendingNews.is(id, pending);
      },
    });
  }

  get id(): WorkspaceId {
    return this.row.id;
  }

  /**
   * Runs pure code that reads chunks; what is missing is fetched and the code runs again, as it does when its turn was over.
   * `body` must have no effect but its result.
   */
  read<T>(body: () => T): Promise<T> {
    return rereading(this, body);
  }

  /** The branch of a change set, read from the store if need be. Refuses `change_set_not_found`. */
  async branch(id: ChangeSetId): Promise<Result<{ readonly branch: Branch }>> {
    // Forgotten when a commit failed: what it may have written has to be in every state that something is made of.
    if (!this.reality.isRead) await this.reality.ready();
    const known = this.#branches.get(id);
    if (known !== undefined) {
      // Put behind the others: those not asked for longest come first.
      this.#branches.delete(id);
      this.#branches.set(id, known);
      return { ok: true, value: { branch: known } };
    }
    let loading = this.#loading.get(id);
    if (loading === undefined) {
      loading = this.checkpoints.building(() => this.#load(id)).finally(() => this.#loading.delete(id));
      this.#loading.set(id, loading);
    }
    const branch = await loading;
    if (branch !== undefined) return { ok: true, value: { branch } };
    return refuse('change_set_not_found', {
      path: 'changeSet',
      expected: 'a change set of this workspace',
      got: id,
      hint: 'list the change sets',
    });
  }

  /** Head's branch. */
  async head(): Promise<Branch> {
    const found = await this.branch(this.row.head);
    if (!found.ok) throw new Fault('store_damaged', `Head ${this.row.head} is not in the store; run verify`);
    return found.value.branch;
  }

  /** The state of a version, rebuilt from the nearest checkpoint, with what is known of resources now. Refuses `version_not_found`. */
  async stateAt(row: ChangeSetRow, version: number): Promise<Result<Snapshot>> {
    if (!Number.isInteger(version) || version < 0 || version > row.version) {
      return refuse('version_not_found', {
        path: 'version',
        expected: `a version from 0 to ${row.version}`,
        got: String(version),
        hint: 'see the history of the change set',
      });
    }
    const present = this.#branches.get(row.id);
    if (present !== undefined && present.row.version === version) return { ok: true, value: present.snapshot };
    const { snapshot } = await this.#rebuild(row, version);
    await this.reality.ready();
    // What was replayed to get there waits unwritten although nobody will ever write it.
    await this.checkpoints.relieve([]);
    return { ok: true, value: this.reality.under(snapshot) };
  }

  /** Is this the branch in use? One that a failed commit took away is not. */
  isCurrent(branch: Branch): boolean {
    return this.#branches.get(branch.row.id) === branch;
  }

  /** Forgets a branch that nothing will be added to; read again it comes from the store. */
  release(branch: Branch): void {
    if (!this.isCurrent(branch) || branch.row.isHead) return;
    this.#branches.delete(branch.row.id);
    this.propagation.release(branch.row.id);
  }

  /** Head's branch when it has been read before; for what must be done in one turn. */
  knownHead(): Branch | undefined {
    return this.#branches.get(this.row.head);
  }

  /** Runs what must not run twice at once for a change set; who comes meanwhile waits for that run and looks again. */
  alone(id: ChangeSetId, body: () => Promise<void>): Promise<void> {
    let running = this.#alone.get(id);
    if (running === undefined) {
      running = body().finally(() => this.#alone.delete(id));
      this.#alone.set(id, running);
    }
    return running;
  }

  /** Head's state at a version; `from` is an earlier one at hand, from which the versions between are replayed. */
  async headState(
    version: number,
    from?: { readonly version: number; readonly snapshot: Snapshot },
  ): Promise<{ version: number; snapshot: Snapshot }> {
    const { row } = await this.head();
    if (from === undefined || version - from.version > walkedMost) {
      return { version, snapshot: await this.#headAt(version) };
    }
    let snapshot = from.snapshot;
    for await (const { entry } of logEntries(this, row.id, from.version, version)) {
      snapshot = await this.replayOne(snapshot, entry);
      this.checkpoints.replayed.add(new WeakRef(snapshot));
    }
    return { version, snapshot };
  }

  /** What a change set is at, once that is durable; a commit that fails meanwhile was never there. Refuses as `branch`. */
  async present(id: ChangeSetId): Promise<Result<{ readonly row: ChangeSetRow; readonly snapshot: Snapshot }>> {
    for (;;) {
      const found = await this.branch(id);
      if (!found.ok) return found;
      const { row, snapshot, durable } = found.value.branch;
      if (await lands(durable)) return { ok: true, value: { row, snapshot } };
    }
  }

  /**
   * Moves branches to their next rows and queues the commit. Call it in the same turn of the event loop as the reads
   * that the rows were made from. Resolves true when durable, false when the compare-and-set lost or the branches are
   * not those in use any more: read them again then.
   */
  async advance(moves: readonly Move[], commit: Commit): Promise<boolean> {
    const isNew = (id: ChangeSetId) => commit.changeSets.some((c) => c.row.id === id && c.expected === undefined);
    // A branch that a failed commit took away may be at a version that another commit has meanwhile made differently.
    if (moves.some((m) => this.#branches.get(m.row.id) !== m.branch && !isNew(m.row.id))) return false;
    const unnumbered = moves.find((m) => m.branch.unnumbered);
    if (unnumbered !== undefined) {
      await lands(unnumbered.branch.durable);
      return false;
    }
    // It was made from what the table says, so that has to be written first; if that loses, this was never there.
    const ids = (commit.actions ?? []).map(({ record }) => record.id);
    const recorded = this.recorded(ids);
    if (recorded !== undefined) {
      await recorded;
      return false;
    }
    const queuedAt = performance.now();
    const outcome = this.commit(commit);
    const unqueue = commit.actions === undefined ? () => {} : this.actions.adopt(commit.actions);
    const durable = outcome.then((o) => {
      this.observer.committed(performance.now() - queuedAt, o.ok);
      if (!o.ok) throw new Stale('action' in o ? o.action : undefined);
    });
    seenElsewhere(durable);
    this.#records.isUnderWay(ids, lands(durable));
    const chars = commit.log.reduce((n, l) => n + l.text.length, 0);
    for (const m of moves) {
      m.branch.unnumbered = m.branch.row.version === m.row.version && !isNew(m.row.id);
      m.branch.row = m.row;
      m.branch.snapshot = this.reality.under(m.snapshot);
      if (m.entry !== undefined) follow(m.branch.pending, m.entry);
      m.branch.durable = durable;
      m.branch.tailChars += chars;
      this.#branches.set(m.row.id, m.branch);
    }
    try {
      await durable;
    } catch (e) {
      for (const m of moves) if (this.#branches.get(m.row.id) === m.branch) this.#branches.delete(m.row.id);
      unqueue();
      if (!(e instanceof Stale)) {
        if (isTaken(e) && (await this.#isBehind(commit))) return false;
        throw e;
      }
      if (e.action !== undefined) this.actions.isAs(e.action, await this.store.findAction(this.id, e.action));
      return false;
    }
    this.events.landed();
    for (const m of moves) {
      if (m.branch.durable === durable) m.branch.unnumbered = false;
      if (this.isCurrent(m.branch)) this.propagation.moved(m.branch);
    }
    this.actionRetention.wrote((commit.actions ?? []).map(({ record }) => record));
    await this.checkpoints.relieve(moves.map((m) => m.branch));
    return true;
  }

  /** Every commit of the workspace: none lands that was made from what was read before the lease was taken anew. */
  commit(commit: Commit): Promise<CommitOutcome> {
    if (commit.idempotency !== undefined) this.keyRetention.wrote(1);
    return this.store.commit(this.id, this.#lease === undefined ? commit : { ...commit, lease: this.#lease });
  }

  /** Has somebody else written an entry in the place of one of its audit entries? That moves no version. */
  async #isBehind({ audit }: Commit): Promise<boolean> {
    for (const { changeSet, seq } of audit) {
      const row = await this.store.findChangeSet(this.id, changeSet);
      if (row !== undefined && row.auditCount >= seq) return true;
    }
    return false;
  }

  /**
   * Commits what an action came to, with all that comes in the same turn; seen once it is durable, in every change set. False:
   * somebody else has moved the action, and nothing of it was written.
   */
  record(what: Recorded): Promise<boolean> {
    return this.#records.add(what);
  }

  /** Resolves when what was to be recorded of these actions is, or has lost; undefined: nothing is to be. */
  recorded(actions: readonly ActionId[]): Promise<unknown> | undefined {
    return this.#records.settled(actions);
  }

  /** The same, of what their actions came to and is not known of the resources of these components yet. */
  reported(components: ReadonlySet<ComponentId>): Promise<unknown> | undefined {
    return this.#records.landing(components);
  }

  #runsRecorded(records: readonly RunRecord[], log: readonly LoggedLine[]): void {
    for (const { run, line } of log) {
      const changeSet = this.calls.live.find(run)?.changeSet;
      this.events.passing(changeSet, () => runLogEvent(run, changeSet, line));
    }
    for (const record of records) this.events.passing(record.changeSet, () => runEvent(record));
  }

  #realityMoved(): void {
    for (const branch of this.#branches.values()) {
      const snapshot = this.reality.under(branch.snapshot);
      if (snapshot === branch.snapshot) continue;
      branch.snapshot = snapshot;
      this.propagation.moved(branch);
    }
    this.checkpoints.soon();
  }

  /** Is something under way that another engine could not go on with as well? */
  get isBusy(): boolean {
    return this.acting.underWay > 0 || this.propagation.backlog > 0;
  }

  /** Writes the chunks of every branch that has moved since its last checkpoint. */
  checkpoint(): Promise<void> {
    return this.checkpoints.write();
  }

  async close(): Promise<void> {
    await this.webhooks.stop();
    this.events.close();
    this.#pendingNews.stop();
    this.calls.stop();
    await this.scheduled.stop();
    await this.refreshing.stop();
    await this.acting.stop();
    await this.replay.stop();
    await this.propagation.stop();
    await this.calls.flushed();
    await this.retention.stop();
    await this.actionRetention.stop();
    await this.keyRetention.stop();
    await this.checkpoints.close();
  }

  /** Forgets what is in memory, as a restart would. For tests and after maintenance. */
  forget(): void {
    for (const id of this.#branches.keys()) this.propagation.release(id);
    this.#branches.clear();
    this.sides.clear();
  }

  async pendingChange(hash: Hash): Promise<PendingChange> {
    return JSON.parse(await this.read(() => this.space.blob(hash))) as PendingChange;
  }

  /** The pending change of a change set at a version, from its log. */
  async pendingOf(row: ChangeSetRow, version: number): Promise<Pending> {
    const pending = new Pending();
    for await (const { entry } of logEntries(this, row.id, 0, version)) follow(pending, entry);
    return pending;
  }

  async #load(id: ChangeSetId): Promise<Branch | undefined> {
    const row = await this.store.findChangeSet(this.id, id);
    if (row === undefined) return undefined;
    const { snapshot: state, checkpointed, tailChars, derived } = await this.#rebuild(row, row.version);
    const pending = row.isHead || row.status === 'Applied' ? new Pending() : await this.pendingOf(row, row.version);
    await this.reality.ready();
    const rest = { pending, checkpointed, tailChars, ...(derived === undefined ? {} : { derived }) };
    const branch: Branch = { ...newBranch(row, this.reality.under(state)), ...rest };
    const raced = this.#branches.get(id);
    if (raced !== undefined) return raced;
    this.#branches.set(id, branch);
    return branch;
  }

  async #rebuild(
    row: ChangeSetRow,
    version: number,
  ): Promise<{ snapshot: Snapshot; checkpointed: number; tailChars: number; derived?: Branch['derived'] }> {
    const checkpoint = await this.store.findCheckpoint(this.id, row.id, version);
    let from = 0;
    let snapshot: Snapshot;
    let derived: Branch['derived'];
    if (checkpoint !== undefined) {
      from = checkpoint.version;
      snapshot = await this.read(() =>
        Snapshot.open(this.space, { intent: checkpoint.intentRoot, reality: checkpoint.realityRoot }),
      );
      const { derivedRoot } = checkpoint;
      if (derivedRoot !== undefined) derived = { state: snapshot, root: derivedRoot };
    } else if (row.isHead) snapshot = Snapshot.empty(this.space);
    else {
      const head = await this.store.findChangeSet(this.id, this.row.head);
      if (head === undefined) throw new Fault('store_damaged', `Head ${this.row.head} is not in the store; run verify`);
      snapshot = (await this.#rebuild(head, row.openedOn)).snapshot;
    }
    let kept = new WeakRef(snapshot);
    this.checkpoints.replayed.add(kept);
    let tailChars = 0;
    for await (const { text, entry } of logEntries(this, row.id, from, version)) {
      tailChars += text.length;
      snapshot = await this.replayOne(snapshot, entry);
      this.checkpoints.replayed.delete(kept);
      kept = new WeakRef(snapshot);
      this.checkpoints.replayed.add(kept);
    }
    return { snapshot, checkpointed: from, tailChars, ...(derived === undefined ? {} : { derived }) };
  }

  /** The state after one log entry. Fault `replay_diverged` when it has not the roots stored in the entry. */
  async replayOne(before: Snapshot, entry: LogEntry): Promise<Snapshot> {
    const pending = entry.kind === 'apply' ? await this.pendingChange(entry.pending) : undefined;
    const from = startsFromHead(entry) ? await this.#headAt(entry.headVersion) : before;
    const after = await this.read(() => replayed(from, entry, pending));
    return mustGiveStored(after, entry);
  }

  async #headAt(version: number): Promise<Snapshot> {
    const { row } = await this.head();
    const state = await this.stateAt(row, version);
    if (!state.ok) throw new Fault('store_damaged', `Head has no version ${version}; run verify`);
    return state.value;
  }
}

/** Log entries read at once while replaying. */
const walkedMost = 256;
