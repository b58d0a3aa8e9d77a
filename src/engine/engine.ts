// The engine: one store, its workspaces, and the use-cases by name. Everything that goes in and out is plain JSON, so a
// caller in the same process, at the end of a socket or behind HTTP says the same words.

import { authorise, type Principal } from '../access/role.ts';
import type { ChangeSetId, WorkspaceId } from '../base/ids.ts';
import { limits } from '../base/limits.ts';
import { Fault, must, ok, type Result, refuse } from '../base/result.ts';
import { type LogEntry, logFormat, logText } from '../merge/log_entry.ts';
import { compileRequest } from '../mutation/compile.ts';
import type { Catalogue } from '../ports/catalogue.ts';
import { noObserver, type Observer } from '../ports/observer.ts';
import type { ProviderPackages } from '../ports/provider_packages.ts';
import type { ChangeSetRow, Store, WorkspaceRow } from '../ports/store.ts';
import type { Vault } from '../ports/vault.ts';
import type { World } from '../ports/world.ts';
import { Snapshot } from '../snapshot/snapshot.ts';
import { auditRows } from './audit.ts';
import { Dispatcher } from './dispatcher.ts';
import { replayInBackground } from './replay.ts';
import { Workspace } from './workspace.ts';
import type { WorkspaceOptions } from './workspace_options.ts';

export interface EngineOptions extends WorkspaceOptions {
  readonly store: Store;
  readonly world: World;
  /** Provider packages that can be installed; default: none. */
  readonly packages?: ProviderPackages;
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
  readonly #options: WorkspaceOptions;
  readonly #dispatcher: Dispatcher;
  readonly #open = new Map<WorkspaceId, Workspace>();
  readonly #unfollow: (() => void) | undefined;

  constructor(options: EngineOptions) {
    this.store = options.store;
    this.world = options.world;
    this.catalogue = options.catalogue;
    // One queue for all workspaces, in front of all runners.
    const { runners = [], changes } = options.functions ?? {};
    const dispatcher = new Dispatcher(runners);
    const tiers = new Set(runners.map((r) => r.tier));
    const functions = { ...options.functions, runners: [...tiers].map((tier) => dispatcher.inFront(tier)) };
    this.#unfollow = changes?.((served) => dispatcher.serve(served));
    this.#dispatcher = dispatcher;
    this.#options = { ...options, functions, dispatcher };
    this.observer = options.observer ?? noObserver;
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
    return (await this.store.listWorkspaces()).map(({ id, name, head }) => ({ id, name, head }));
  }

  /** By id or name. Refuses `workspace_not_found`. */
  async workspace(text: string): Promise<Result<{ readonly workspace: Workspace }>> {
    const row = (await this.store.listWorkspaces()).find((w) => w.id === text || w.name === text);
    if (row !== undefined) return ok({ workspace: this.#use(row) });
    return refuse('workspace_not_found', {
      path: 'workspace',
      expected: 'the id or name of a workspace',
      got: JSON.stringify(text),
      hint: 'list the workspaces, or create one',
    });
  }

  /** Creates a workspace with its Head, whose first version has the default view. Refuses `name_taken`, `access_denied`. */
  async createWorkspace(principal: Principal, name: string): Promise<Result<WorkspaceLine>> {
    const may = authorise(principal, 'maintain');
    if (!may.ok) return may;
    if (typeof name !== 'string' || name.trim() === '' || name.length > limits.nameCharsMax) {
      return refuse('request_malformed', {
        path: 'name',
        expected: `a name of 1 to ${limits.nameCharsMax} characters`,
        got: JSON.stringify(name) ?? 'nothing',
        hint: 'name the workspace',
      });
    }
    const { ids, clock } = this.world;
    const row: WorkspaceRow = {
      id: ids.ulid<WorkspaceId>(),
      name,
      head: ids.ulid<ChangeSetId>(),
      createdAtMs: clock.nowMs(),
    };
    const workspace = new Workspace(row, this.store, this.world, this.#options);
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
      return ok({ id: row.id, name, head: row.head });
    }
    if ('workspaceTaken' in outcome) {
      return refuse('name_taken', {
        path: 'name',
        expected: 'a name that no workspace has',
        got: JSON.stringify(name),
        hint: 'choose another name',
      });
    }
    throw new Fault('store_failed', 'the first commit of a new workspace lost against another');
  }

  /** Writes what waits and closes the store. */
  async close(): Promise<void> {
    this.#unfollow?.();
    try {
      for (const workspace of this.#open.values()) await workspace.close();
    } finally {
      const { compiler, runners = [] } = this.#options.functions ?? {};
      await Promise.all([...runners.map((r) => r.close()), compiler?.close()]);
      await this.store.close();
    }
  }

  #use(row: WorkspaceRow): Workspace {
    let workspace = this.#open.get(row.id);
    if (workspace === undefined) {
      workspace = new Workspace(row, this.store, this.world, this.#options);
      this.#open.set(row.id, workspace);
      // What a crash or a stop left behind Head is caught up now.
      replayInBackground(workspace);
    }
    return workspace;
  }
}
