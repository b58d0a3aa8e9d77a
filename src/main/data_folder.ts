// Composition: an engine over a data folder. One process owns the folder and serves the others; a process that comes
// second becomes its client. Whoever cannot get either within the wait has to retry (exit code 75).

import { mkdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Principal } from '../access/role.ts';
import { openCatalogue } from '../adapters/catalogue/catalogue.ts';
import { openCedar } from '../adapters/cedar/cedar.ts';
import { linearMatcher } from '../adapters/compiler/patterns.ts';
import { openPackages } from '../adapters/packages/packages.ts';
import { openSecretSource } from '../adapters/secret_source/secret_source.ts';
import { restoreSqliteStore } from '../adapters/sqlite/restore.ts';
import { systemWorld } from '../adapters/system/world.ts';
import { isObject, type Json } from '../base/json.ts';
import { Fault, type Result } from '../base/result.ts';
import { Engine } from '../engine/engine.ts';
import type { WorkspaceEvent } from '../engine/event_shape.ts';
import { callOperation } from '../engine/operations.ts';
import type { Observer } from '../ports/observer.ts';
import type { RunnerChanges } from '../ports/runner.ts';
import type { Following } from '../surfaces/cli/program.ts';
import { connectIpc, type IpcClient } from '../surfaces/ipc/client.ts';
import { serveIpc } from '../surfaces/ipc/server.ts';
import { openFunctions } from './functions.ts';
import { poolsOf } from './pools.ts';
import { allowedHosts, allowedSockets } from './reach.ts';
import { mayAskAgain, withKey } from './repeatable.ts';
import { allowedSources } from './secret_sources.ts';
import { vaultOf } from './secrets.ts';
import { webhookSender } from './send_webhook.ts';
import { openStore, storeAddress, storeFile } from './store_choice.ts';

/** Somebody to ask: the engine in this process, or another process's. */
export interface Connection {
  call(operation: string, params: { readonly [name: string]: Json | undefined }): Promise<Result<unknown>>;
  /** What happens, each thing once and in order, also through lost connections; absent: it can only be asked. */
  follow?(of: Following): AsyncIterable<WorkspaceEvent>;
  close(): Promise<void>;
}

/** Waits between attempts to own the folder or reach its owner; a command that owns it is usually gone by then. */
const retryMs = [10, 20, 50, 100, 200, 400, 800, 1_600, 3_200];

/** Where the catalogue and the provider packages are, as the build wrote them. */
const built = new URL('../', import.meta.url);

/** How a folder is opened. */
interface FolderOptions {
  /** Memory for decoded chunks; default: `HEADWATER_CACHE_MIB`, else the engine's default. */
  readonly cacheBytesMax?: number;
  readonly observer?: Observer | undefined;
  /** As `openStore` takes it; default: `HEADWATER_STORE`, else the file of the folder. */
  readonly store?: string | undefined;
  /** Hears of what goes wrong in the background of an engine that shares its store. Default: nobody. */
  readonly onFailed?: (e: unknown) => void;
  /** Runners that are other processes; default: functions run in this one. */
  readonly runners?: RunnerChanges | undefined;
  /** Where the catalogue and the packages are. */
  readonly written?: URL;
}

/** An engine over the folder, which must not be owned yet. Faults: `store_busy` and those of the store. */
export async function openFolder(folder: string, options: FolderOptions = {}): Promise<Engine> {
  const { cacheBytesMax = cacheBytesGiven(), observer, store: address, written = built, onFailed } = options;
  makeFolder(folder);
  const catalogue = openCatalogue(fileURLToPath(new URL('catalogue', written)));
  const store = await openStore(folder, address);
  const world = systemWorld();
  return new Engine({
    store,
    world,
    catalogue,
    packages: openPackages(fileURLToPath(new URL('providers', written))),
    functions: openFunctions(
      {
        program: fileURLToPath(new URL('adapters/process/child', written)),
        sockets: () => allowedSockets(folder),
      },
      poolsOf(folder),
      options.runners,
    ),
    vault: vaultOf(folder, store.runs, world.clock),
    secretSource: openSecretSource({
      allowed: () => allowedSources(folder),
      environment: process.env,
      dataFolder: folder,
    }),
    webhooks: webhookSender(() => allowedHosts(folder)),
    matches: linearMatcher(),
    policies: openCedar(),
    ...(cacheBytesMax === undefined ? {} : { cacheBytesMax }),
    ...(observer === undefined ? {} : { observer }),
    ...(onFailed === undefined ? {} : { onFailed }),
  });
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (e) {
    const why = e instanceof Error ? e.message : String(e);
    throw new Fault('store_failed', `${folder} cannot be a data folder: ${why}`, undefined, { cause: e });
  }
}

/** A data folder from a backup, or the database that goes for it. Faults: those of restoring a store, such as `store_failed` where there is one. */
export async function restoreFolder(from: string, folder: string): Promise<void> {
  makeFolder(folder);
  const address = storeAddress();
  if (address !== undefined) return (await import('./move.ts')).restoreTo(address, from, folder);
  await restoreSqliteStore(from, join(folder, storeFile));
}

/**
 * Owns the folder, or connects to its owner, as `actor` (default: the person at this machine). Fault `store_busy` when
 * neither works within about six seconds.
 */
export async function connect(folder: string, progress: (line: string) => void, actor?: string): Promise<Connection> {
  const { id } = localPrincipal(actor);
  for (const waitMs of [...retryMs, undefined]) {
    try {
      return await own(folder, progress, id);
    } catch (e) {
      if (!(e instanceof Fault) || e.code !== 'store_busy') throw e;
      const client = await connectIpc(folder, { timeoutMs: 1_000 });
      if (client !== undefined) return clientOf(folder, client, progress, id);
      if (waitMs === undefined) throw e;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }
  throw new Fault('store_busy', `another process owns ${folder} and does not answer`);
}

/** Owners that may go away under one call before it is given up. */
const ownersMax = 5;

/** A client that outlives its owner: when that one ends during a call, the call is repeated with the next. */
function clientOf(folder: string, first: IpcClient, progress: (line: string) => void, actor: string): Connection {
  let current: Connection = plainClient(first, progress, actor);
  return {
    call: async (operation, params) => {
      const named = withKey(operation, params);
      for (let owners = 1; ; owners++) {
        try {
          return await current.call(operation, named);
        } catch (e) {
          if (owners === ownersMax || !mayAskAgain(operation, e)) throw e;
          await current.close();
          current = await connect(folder, progress, actor);
        }
      }
    },
    close: () => current.close(),
  };
}

function plainClient(client: IpcClient, progress: (line: string) => void, actor: string): Connection {
  const tell = (report: Json): void => {
    if (typeof report === 'string') progress(report);
  };
  return {
    call: (operation, params) => client.call(operation, { ...params, [actorParam]: actor } as Json, tell),
    close: () => client.close(),
  };
}

/** Beside the parameters of a call between processes: who asks. A client is not whom the owning process works for. */
const actorParam = 'as';

/**
 * Who asks on this machine: the person at it, or whoever they say they are. It is a name and no proof: whoever may read
 * the folder may be anybody in it. In a workspace without members they are the owner, else what the membership says.
 */
export function localPrincipal(actor?: unknown): Principal {
  return { id: typeof actor === 'string' && actor !== '' ? actor : userInfo().username, role: 'owner' };
}

/** `HEADWATER_CACHE_MIB`: memory for decoded chunks; the engine's default when it is not a positive number. */
function cacheBytesGiven(): number | undefined {
  const mib = Number(process.env['HEADWATER_CACHE_MIB']);
  return mib > 0 ? mib * 1024 * 1024 : undefined;
}

async function own(folder: string, progress: (line: string) => void, actor: string): Promise<Connection> {
  const { engine, close } = await ownFolder(folder);
  const principal = localPrincipal(actor);
  return { call: (operation, params) => callOperation({ engine, principal, progress }, operation, params), close };
}

/** An engine that this process owns, and that serves the other processes of this machine. */
export interface OwnedFolder {
  readonly engine: Engine;
  /** Answers what is under way, then lets go of the folder. */
  close(): Promise<void>;
}

/** Faults: `store_busy` where another process owns it, and those of the store. */
export async function ownFolder(
  folder: string,
  options: Pick<FolderOptions, 'observer' | 'store' | 'onFailed' | 'runners'> = {},
): Promise<OwnedFolder> {
  const engine = await openFolder(folder, options);
  const server = await serveIpc({
    folder,
    handle: (method, given, context) => {
      const { [actorParam]: client, ...params } = isObject(given) ? given : {};
      const call = { engine, principal: localPrincipal(client), progress: context.progress };
      return callOperation(call, method, isObject(given) ? params : given) as Promise<Result<Json>>;
    },
  }).catch(async (e: unknown) => {
    // Else the folder would stay owned by somebody whom nobody can reach.
    await engine.close();
    throw e;
  });
  return {
    engine,
    close: async () => {
      await server.drain();
      await server.close();
      await engine.close();
    },
  };
}
