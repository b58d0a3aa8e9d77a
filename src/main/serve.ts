// Composition of the server: the engine over a data folder, behind HTTP and for the other processes of this machine. A folder
// that nobody has a token for yet gets one, for its owner, which is told once.

import { readFileSync } from 'node:fs';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { openOidc } from '../adapters/oidc/provider.ts';
import { registerGauges } from '../adapters/telemetry/gauges.ts';
import { type LogLevel, openLog } from '../adapters/telemetry/log.ts';
import { openMetrics } from '../adapters/telemetry/observer.ts';
import { currentTrace, openTraces, withinRequest } from '../adapters/telemetry/traces.ts';
import { Fault, must, RefusalError } from '../base/result.ts';
import { endAll } from '../engine/end_all.ts';
import { figuresOf } from '../engine/figures.ts';
import { defaultWorkspace } from '../engine/operation.ts';
import { callOperation } from '../engine/operations.ts';
import type { IssuedToken } from '../engine/tokens.ts';
import type { NatsChoice } from '../surfaces/cli/commands_runner.ts';
import type { OidcChoice } from '../surfaces/cli/program.ts';
import { type HttpOptions, type HttpServer, serveHttp } from '../surfaces/http/server.ts';
import { McpSessions } from '../surfaces/mcp/http.ts';
import { localPrincipal, ownFolder } from './data_folder.ts';
import { openRunnersElsewhere } from './runner.ts';

/** How often what a fault has ended is gone on with. */
const tendedEveryMs = 2_000;

export interface ServeOptions {
  readonly folder: string;
  /** Address of a database; absent: that of the environment, else the file of the folder. */
  readonly store?: string;
  /** Runners at this NATS run the functions; absent: that of the environment, else this process runs them. */
  readonly nats?: NatsChoice;
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Where other engines on the same store reach this one. Default: where it listens. */
  readonly advertised?: string;
  readonly version: string;
  /** Tools for agents at /mcp may change something, within what their tokens let them. Default false. */
  readonly agentsMayWrite?: boolean;
  /** Of one principal. Default: `limits.httpRequestsPerMinuteMax`. */
  readonly requestsPerMinuteMax?: number;
  /** Origins of pages that may ask, or `*`. Default: none but the server's own. */
  readonly allowOrigins?: readonly string[];
  /** What is written to standard error as JSON lines, from this level on. Default `silent`: nothing. */
  readonly logLevel?: LogLevel;
  /** Where people prove who they are; absent: everybody shows a token. */
  readonly oidc?: OidcChoice;
  /** Hears of bugs. */
  readonly onBug: (error: unknown, where: string) => void;
}

export interface Served {
  readonly address: string;
  /** Where nobody had one: a token of the installation's owner. */
  readonly firstToken: string | undefined;
  /** Takes nothing new, answers what is under way, lets go of the folder. */
  close(): Promise<void>;
}

/** Faults: `store_busy`, `address_unavailable`, `dispatch_unavailable`, those of the store. */
export async function serve({
  folder,
  store,
  nats,
  host,
  port,
  advertised,
  version,
  agentsMayWrite,
  requestsPerMinuteMax,
  allowOrigins = [],
  logLevel = 'silent',
  oidc,
  onBug,
}: ServeOptions): Promise<Served> {
  const login = oidc && loginBy(oidc);
  const telemetry = { log: openLog(logLevel), metrics: openMetrics(), traces: await openTraces(version) };
  const loop = monitorEventLoopDelay({ resolution: 10 });
  loop.enable();
  const node = await openRunnersElsewhere(nats, (text) => telemetry.log.error({ text }, 'nats'));
  const owned = await ownFolder(folder, {
    observer: telemetry.metrics.observer,
    store,
    onFailed: (e) => telemetry.log.error({ err: e }, 'driving'),
    runners: node?.changes,
  }).catch(async (e: unknown) => {
    await node?.close();
    throw e;
  });
  const { engine } = owned;
  const principal = localPrincipal();
  const call = async <T>(operation: string, params: { readonly [name: string]: string }): Promise<T> =>
    must(await callOperation({ engine, principal, progress: () => {} }, operation, params)) as T;
  let http: HttpServer | undefined;
  try {
    // The first question makes the workspace where there is none.
    if ((await engine.listWorkspaces()).length === 0) await unlessElsewhere(() => call('change_set.list', {}));
    // All of them are opened, so that what is due in one is done though nobody asks for it; of a shared store, this engine's share.
    if (engine.driving === undefined) for (const { id } of await engine.listWorkspaces()) await engine.workspace(id);
    const { log, metrics, traces } = telemetry;
    const refresh = registerGauges(metrics.registry, async () => ({
      ...(await figuresOf(engine)),
      residentBytes: process.memoryUsage.rss(),
      eventLoopDelayMs: delaySince(loop),
    }));
    const sessions = new McpSessions();
    const options = { version, canWrite: agentsMayWrite === true };
    http = await serveHttp({
      engine,
      host,
      port,
      version,
      allowOrigins,
      ...(login === undefined ? {} : { login }),
      ...(requestsPerMinuteMax === undefined ? {} : { requestsPerMinuteMax }),
      onBug: (error, where) => {
        if (logLevel === 'silent') onBug(error, where);
        else log.error({ err: error, where }, 'bug');
      },
      watch: {
        within: withinRequest,
        trace: currentTrace,
        answered: (a) => {
          metrics.answered(a.route, a.method, a.status, a.ms);
          log.info(a, 'request');
        },
      },
      metrics: async () => {
        await refresh();
        return { contentType: metrics.registry.contentType, text: await metrics.registry.metrics() };
      },
      tools: (request, response, { call, ...by }) =>
        sessions.handle(request, response, { ...by, options: { ...options, call } }),
    });
    await engine.driving?.adopt(advertised ?? http.address);
    // Last, for it is told once: of a start that fails nobody hears it.
    const first = await unlessElsewhere(() => firstTokenIn(call));
    const tending = setInterval(() => void engine.tend(), tendedEveryMs).unref();
    return {
      address: http.address,
      firstToken: first,
      close: () => {
        clearInterval(tending);
        return endAll([
          () => sessions.close(),
          () => http?.close(),
          () => owned.close(),
          () => node?.close(),
          () => loop.disable(),
          () => traces?.close(),
        ]);
      },
    };
  } catch (e) {
    await endAll([() => http?.close(), () => owned.close(), () => node?.close()]);
    throw e;
  }
}

/** Throws refusals, `request_malformed`. */
function loginBy({ issuer, clientId, clientSecretFile, publicUrl }: OidcChoice): NonNullable<HttpOptions['login']> {
  const clientSecret = clientSecretFile === undefined ? undefined : secretIn(clientSecretFile);
  const provider = openOidc({ issuer, clientId, ...(clientSecret === undefined ? {} : { clientSecret }) });
  if (publicUrl === undefined) return { provider };
  const url = URL.canParse(publicUrl) ? new URL(publicUrl) : undefined;
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return { provider, publicUrl: new URL(url.origin) };
  throw wrong('publicUrl', 'an address such as https://headwater.example.com', JSON.stringify(publicUrl));
}

function secretIn(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (e) {
    throw wrong('oidcClientSecretFile', 'a file that can be read', (e as Error).message);
  }
  if (text !== '') return text;
  throw wrong('oidcClientSecretFile', 'a file with the secret', `${file}, which is empty`);
}

function wrong(path: string, expected: string, got: string): RefusalError {
  return new RefusalError({ code: 'request_malformed', path, expected, got, hint: 'see the help of the command' });
}

/** What another engine on the same store does, or has done. */
async function unlessElsewhere<T>(body: () => Promise<T>): Promise<T | undefined> {
  try {
    return await body();
  } catch (e) {
    if (e instanceof Fault && e.code === 'workspace_elsewhere') return undefined;
    throw e;
  }
}

type Call = <T>(operation: string, params: { readonly [name: string]: string }) => Promise<T>;

async function firstTokenIn(call: Call): Promise<string | undefined> {
  const spaces = await call<readonly { id: string; name: string }[]>('workspace.list', {});
  const home = spaces.find((w) => w.name === defaultWorkspace) ?? spaces[0];
  if (home === undefined) return undefined;
  const tokens = await call<readonly unknown[]>('token.list', { workspace: home.id });
  if (tokens.length > 0) return undefined;
  const made = await call<IssuedToken>('token.create', {
    workspace: home.id,
    name: 'first token of the owner',
    reach: 'installation',
  });
  return made.token;
}

/** The longest delay since the last call, in milliseconds. */
function delaySince(loop: IntervalHistogram): number {
  const ms = loop.max / 1e6;
  loop.reset();
  return ms;
}
