// The engine: one store, its workspaces, and the use-cases by name. Everything that goes in and out is plain JSON, so a
// caller in the same process, at the end of a socket or behind HTTP says the same words.

import { authorise, type Principal } from '../access/role.ts';
import type { ChangeSetId, WorkspaceId } from '../base/ids.ts';
import { limits } from '../base/limits.ts';
import { Fault, must, ok, type Result } from '../base/result.ts';
import { type LogEntry, logFormat, logText } from '../merge/log_entry.ts';
import { compileRequest } from '../mutation/compile.ts';
import type { Catalogue } from '../ports/catalogue.ts';
import type { EngineNode } from '../ports/leases.ts';
import { noObserver, type Observer } from '../ports/observer.ts';
import type { ProviderPackages } from '../ports/provider_packages.ts';
import type { ChangeSetRow, Store, WorkspaceRow } from '../ports/store.ts';
import type { Vault } from '../ports/vault.ts';
import type { World } from '../ports/world.ts';
import { Snapshot } from '../snapshot/snapshot.ts';
import { auditRows } from './audit.ts';
import { checkWorkspaceName, Directory, nameTaken, noWorkspace } from './directory.ts';
import { Dispatcher } from './dispatcher.ts';
import { Driving, type DrivingHost } from './driving.ts';
import { endAll } from './end_all.ts';
import { replayInBackground } from './replay.ts';
import { Workspace } from './workspace.ts';
import type { WorkspaceOptions } from './workspace_options.ts';

export interface EngineOptions extends WorkspaceOptions {
  readonly store: Store;
  readonly world: World;
  /** Provider packages that can be installed; default: none. */
  readonly packages?: ProviderPackages;
  /** Hears of what goes wrong in the background of an engine that shares its store; it is tried again. */
  readonly onFailed?: (e: unknown) => void;
}

/** What a caller sees of a workspace. */
export interface WorkspaceLine {
  readonly id: WorkspaceId;
  readonly name: string;
  readonly head: ChangeSetId;
}

export class Engine {
  readonly store: Store;
  readonly world: World;
  readonly catalogue: Catalogue;
  readonly packages: ProviderPackages;
  readonly observer: Observer;
  /** What is said of the workspaces. */
  readonly directory: Directory;
  readonly #options: WorkspaceOptions;
  readonly #dispatcher: Dispatcher;
  readonly #open = new Map<WorkspaceId, Workspace>();
  readonly #unfollow: (() => void) | undefined;
  readonly #failed: (e: unknown) => void;
  /** Those that are let go of and still write what waited. */
  readonly #closing = new Map<WorkspaceId, Promise<void>>();
  /** Where the store is shared: which workspaces are driven here. */
  readonly driving: Driving | undefined;
  /** Those of others, of which tokens and members are read. */
  readonly #visited = new Map<WorkspaceId, Workspace>();

  constructor(options: EngineOptions) {
    this.store = options.store;
    this.#failed = options.onFailed ?? (() => {});
    const { leases, keys } = options.store;
    this.directory = new Directory(options.store, leases !== undefined);
    this.world = options.world;
    this.catalogue = options.catalogue;
    // One queue for all workspaces, in front of all runners.
    const { runners = [], tiers: later = [], changes } = options.functions ?? {};
    const dispatcher = new Dispatcher(runners, keys && { shared: keys, failed: this.#failed });
    const tiers = new Set([...runners.map((r) => r.tier), ...later]);
    const functions = { ...options.functions, runners: [...tiers].map((tier) => dispatcher.inFront(tier)) };
    this.#unfollow = changes?.(
      (served) => dispatcher.serve(served),
      (of) => dispatcher.demand(of),
    );
    this.#dispatcher = dispatcher;
    // What an engine that is gone had begun may still be under way somewhere.
    const actions =
      leases === undefined
        ? options.actions
        : {
            isShared: true,
            leaseMs: limits.sharedActionLeaseMs,
            nowMs: () => leases.nowMs(),
            ...options.actions,
          };
    this.#options = { ...options, functions, dispatcher, ...(actions === undefined ? {} : { actions }) };
    this.observer = options.observer ?? noObserver;
    if (leases !== undefined) this.driving = new Driving(leases, this.#drivingHost());
    this.packages = options.packages ?? { list: () => [] };
  }

  /** Where the contents of secrets of all workspaces are sealed and opened. */
  get vault(): Vault | undefined {
    return this.#options.vault;
  }

  /** Workspaces in use. */
  opened(): readonly Workspace[] {
    return [...this.#open.values()];
  }

  /** What waits in front of the runners; see `Dispatcher.waits`. */
  waits(): ReturnType<Dispatcher['waits']> {
    return this.#dispatcher.waits();
  }

  async listWorkspaces(): Promise<WorkspaceLine[]> {
    return (await this.directory.list()).map(({ row: { id, head }, name }) => ({ id, name, head }));
  }

  /** By id or name. Refuses `workspace_not_found`. Fault `workspace_elsewhere` where another engine drives it. */
  async workspace(text: string): Promise<Result<{ readonly workspace: Workspace }>> {
    // An id counts before a name, so one in use need not be looked for in the store: every request names it several times.
    const inUse = this.#open.get(text as WorkspaceId);
    if (inUse !== undefined && !this.directory.isRemoved(inUse.id)) {
      if (this.driving?.isCertain(inUse.id) === false) await this.driven(inUse.id);
      // It may have been taken by others and come back meanwhile: then what is in memory here is of before.
      if (this.#open.get(inUse.id) === inUse) return ok({ workspace: inUse });
    }
    const found = await this.directory.find(text);
    if (found === undefined || this.directory.isRemoved(found.row.id)) return noWorkspace(text);
    await this.driven(found.row.id);
    return ok({ workspace: this.#use(found.row) });
  }

  /** Opens a workspace and has everything done that waits in it, though nobody asks for anything. As `workspace`; throws refusals. */
  async takeUp(id: WorkspaceId): Promise<void> {
    const { workspace } = must(await this.workspace(id));
    await workspace.acting.wake();
  }

  /** Takes up what nobody has asked for yet, and again what a fault of the store has ended, of which it tells. */
  async tend(): Promise<void> {
    for (const workspace of this.opened())
      if (!workspace.acting.isAwake) await workspace.acting.wake().catch((e: unknown) => this.#failed(e));
  }

  /**
   * By id: one to read tokens and members of, whoever drives it; of one that is not driven here they are read anew each time.
   * Refuses `workspace_not_found`.
   */
  async visit(id: WorkspaceId): Promise<Result<{ readonly workspace: Workspace }>> {
    if (this.driving === undefined || this.driving.isCertain(id)) return this.workspace(id);
    const known = this.#visited.get(id);
    if (known !== undefined) return (await this.directory.isThere(id)) ? ok({ workspace: known }) : noWorkspace(id);
    const found = await this.directory.find(id);
    if (found === undefined) return noWorkspace(id);
    const workspace = new Workspace(found.row, this.store, this.world, { ...this.#options, isVisited: true });
    this.#visited.set(id, workspace);
    return ok({ workspace });
  }

  /** The engine to ask about a workspace, by id or name, where another one has it; undefined: this one. */
  async asked(text: string): Promise<EngineNode | undefined> {
    if (this.driving === undefined || this.driving.isCertain(text as WorkspaceId)) return undefined;
    const holder = await this.driving.asked(text as WorkspaceId);
    if (holder !== undefined) return holder;
    const named = await this.directory.find(text);
    return named === undefined || named.row.id === text ? undefined : this.driving.asked(named.row.id);
  }

  /** Resolves when this engine may write to the workspace, also to one that was removed. Fault `workspace_elsewhere`. */
  async driven(id: WorkspaceId): Promise<void> {
    await this.driving?.certain(id);
  }

  #drivingHost(): DrivingHost {
    return {
      workspaces: async () => (await this.listWorkspaces()).map((l) => l.id),
      take: async (id) => {
        if (!this.#open.has(id)) await this.takeUp(id);
      },
      ended: async (id) => this.#closing.get(id),
      lost: (id) => {
        const workspace = this.#open.get(id);
        if (workspace !== undefined) void this.#letGo(workspace);
      },
      give: async (id) => {
        const workspace = this.#open.get(id);
        if (workspace?.isBusy === true) return false;
        // One that was removed was let go of before, and may still be written to.
        await (workspace === undefined ? this.#closing.get(id) : this.#letGo(workspace));
        return true;
      },
      failed: this.#failed,
    };
  }

  /** Resolves when nothing more is written. What another engine has taken over is refused then, and is that engine's to do. */
  #letGo(w: Workspace): Promise<void> {
    const before = this.#closing.get(w.id);
    const closing = Promise.all([before, this.#ended(w).catch(this.#failed)]).then(() => {
      if (this.#closing.get(w.id) === closing) this.#closing.delete(w.id);
    });
    this.#closing.set(w.id, closing);
    return closing;
  }

  async #ended(w: Workspace): Promise<void> {
    this.#open.delete(w.id);
    await w.close().catch((e: unknown) => {
      const isTaken = this.driving !== undefined && e instanceof Fault && e.code === 'store_busy';
      if (!isTaken) throw e;
    });
  }

  /** Creates a workspace with its Head, whose first version has the default view. Refuses `name_taken`, `access_denied`. */
  async createWorkspace(principal: Principal, name: string): Promise<Result<WorkspaceLine>> {
    const may = authorise(principal, 'maintain');
    if (!may.ok) return may;
    const checked = checkWorkspaceName(name);
    if (!checked.ok) return checked;
    const all = await this.directory.all();
    if (all.some((l) => l.name === name && l.about.removed === null)) return nameTaken(name);
    // One that is called otherwise by now, or was removed, has it in the store.
    const isUsed = all.some((l) => l.row.name === name);
    const { ids, clock } = this.world;
    const id = ids.ulid<WorkspaceId>();
    const row: WorkspaceRow = {
      id,
      name: isUsed ? id : name,
      head: ids.ulid<ChangeSetId>(),
      createdAtMs: clock.nowMs(),
    };
    await this.driven(id);
    const workspace = this.#driven(row);
    const draft = Snapshot.empty(workspace.space).edit();
    const step = must(compileRequest(draft, row.head, ids, { kind: 'view.create', name: 'DEFAULT' }));
    draft.put(
      'views',
      step.subject,
      draft.get('views', step.subject)!.replace('"isDefault":false', '"isDefault":true'),
    );
    const mutations = step.mutations.map((m) =>
      m.kind === 'record.create' ? { ...m, record: { ...m.record, isDefault: true } } : m,
    );
    const snapshot = draft.finish();
    const { intent, reality } = snapshot.roots();
    const entry: LogEntry = {
      format: logFormat,
      kind: 'edit',
      changeSet: row.head,
      version: 1,
      atMs: row.createdAtMs,
      actor: principal.id,
      intentRoot: intent,
      realityRoot: reality,
      steps: [{ ...step, mutations }],
    };
    const text = logText(entry);
    const fresh: ChangeSetRow = {
      id: row.head,
      name: 'HEAD',
      status: 'Open',
      isHead: true,
      baseVersion: 1,
      openedOn: 0,
      version: 1,
      intentRoot: intent,
      realityRoot: reality,
      auditCount: 0,
      auditHead: '',
      createdAtMs: row.createdAtMs,
      createdBy: principal.id,
      updatedAtMs: row.createdAtMs,
    };
    const sentence = `create workspace ${JSON.stringify(name)}`;
    const audit = auditRows(workspace, fresh, text, entry, [
      { kind: 'workspace.create', subject: row.id, path: '', sentence },
    ]);
    const head = { ...fresh, ...audit.head };
    const outcome = await this.store.commit(row.id, {
      workspace: row,
      changeSets: [{ row: head, expected: undefined }],
      log: [{ changeSet: row.head, version: 1, text }],
      audit: audit.rows,
    });
    if (outcome.ok) {
      this.#open.set(row.id, workspace);
      if (isUsed) await this.directory.say(id, { name });
      return ok({ id: row.id, name, head: row.head });
    }
    if ('workspaceTaken' in outcome) {
      this.driving?.give(id).catch(this.#failed);
      return nameTaken(name);
    }
    throw new Fault('store_failed', 'the first commit of a new workspace lost against another');
  }

  /**
   * Marks a workspace as removed: nobody finds it from then on. Nothing more is begun in it; what is under way there is waited for
   * in the background, and writes what it came to; then others may have it, to bring it back.
   */
  async remove(w: Workspace, by: string): Promise<void> {
    await this.directory.say(w.id, { removed: { by, atMs: this.world.clock.nowMs() } });
    void this.#letGo(w);
    this.driving?.give(w.id).catch(this.#failed);
  }

  /** Takes the mark of a removed workspace back, once it has ended where it was driven. Fault `workspace_elsewhere`. */
  async bringBack(id: WorkspaceId): Promise<void> {
    await this.#closing.get(id);
    await this.driving?.certainSoon(id);
    await this.directory.say(id, { removed: null });
  }

  /** Writes what waits and closes the store. */
  async close(): Promise<void> {
    this.#unfollow?.();
    const { compiler, runners = [] } = this.#options.functions ?? {};
    await endAll([
      () => this.driving?.stop(),
      () => endAll(this.opened().map((w) => () => this.#ended(w))),
      () => Promise.all(this.#closing.values()),
      () => this.driving?.end(),
      () => this.#dispatcher.close(),
      () => endAll([...runners.map((r) => () => r.close()), () => compiler?.close()]),
      () => this.store.close(),
    ]);
  }

  /** As it is driven from now on: what it writes is of the lease that is held now. */
  #driven(row: WorkspaceRow): Workspace {
    const lease = this.driving?.numberOf(row.id);
    return new Workspace(row, this.store, this.world, { ...this.#options, ...(lease === undefined ? {} : { lease }) });
  }

  #use(row: WorkspaceRow): Workspace {
    let workspace = this.#open.get(row.id);
    if (workspace === undefined) {
      workspace = this.#driven(row);
      this.#open.set(row.id, workspace);
      // What a crash or a stop left behind Head is caught up now.
      replayInBackground(workspace);
      workspace.scheduled.wake();
      workspace.webhooks.wake();
    }
    return workspace;
  }
}
