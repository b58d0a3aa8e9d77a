// Several engines on one PostgreSQL as real processes, each with a way of its own to the server; a provider that counts effects in
// another process; and clients that ask any of the engines, again with the same key until they are answered.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { openPostgresStore } from '../../src/adapters/postgres/store.ts';
import { type Provider, startProvider, thingMutations } from '../engine/action_house.ts';
import { withFunctions } from '../engine/function_house.ts';
import { House } from '../engine/house.ts';
import { NatsServer } from '../support/nats_server.ts';
import { PostgresServer } from '../support/postgres_server.ts';
import { bin, Served } from '../support/served.ts';
import { Way } from '../support/way.ts';

const run = promisify(execFile);

/** A lease of runners that can lapse several times in a short run. */
const natsQuery = '?leaseMs=4000';

/** An answer, or why there is none. */
export interface Answered<T = unknown> {
  readonly status: number;
  readonly body: T;
}

export class Node {
  readonly folder: string;
  readonly way: Way;
  served: Served | undefined;
  /** Where it listens, or listened. */
  address = '';
  isPaused = false;
  /** What it is started with. */
  program = bin;

  constructor(folder: string, way: Way) {
    this.folder = folder;
    this.way = way;
  }
}

/** A runner of functions, elsewhere. */
export class Elsewhere {
  readonly name: string;
  child: ChildProcess | undefined;
  isPaused = false;
  program = bin;

  constructor(name: string) {
    this.name = name;
  }
}

export interface SiteChoice {
  readonly engines: number;
  /** How many; or what makes the tables before an engine is started, for effects of the provider, and answers the workspaces. */
  readonly workspaces: number | ((server: PostgresServer) => Promise<readonly string[]>);
  /** Of effects; closed with the site. Default one of its own. */
  readonly provider?: Provider;
  /** More for `serve`. Default nothing. */
  readonly flags?: readonly string[];
  /** Runners at a NATS server; 0: engines run functions themselves. Default 0. */
  readonly runners?: number;
}

export class Site {
  readonly server: PostgresServer;
  readonly nats: NatsServer | undefined;
  readonly runners: readonly Elsewhere[];
  readonly provider: Provider;
  readonly nodes: readonly Node[];
  token = '';
  /** Ids of the workspaces, each with schema `Thing` on Head. */
  readonly workspaces: string[] = [];
  /** Engines that ended by themselves. */
  readonly ended: string[] = [];
  isEnding = false;
  readonly #flags: readonly string[];
  readonly #folders: string[] = [];

  private constructor(
    server: PostgresServer,
    provider: Provider,
    more: Pick<Site, 'nodes' | 'runners' | 'nats'> & { readonly flags: readonly string[] },
  ) {
    this.server = server;
    this.#flags = more.flags;
    this.provider = provider;
    this.nodes = more.nodes;
    this.runners = more.runners;
    this.nats = more.nats;
  }

  /** All engines and runners started. */
  static async open(choice: SiteChoice): Promise<Site> {
    const { engines, workspaces, runners: count = 0, provider: given, flags = [] } = choice;
    const [server, provider] = [await PostgresServer.open(), given ?? (await startProvider())];
    const nats = count === 0 ? undefined : await NatsServer.open();
    const nodes: Node[] = [];
    for (let n = 0; n < engines; n++) {
      const folder = mkdtempSync(join(tmpdir(), 'headwater-node-'));
      nodes.push(new Node(folder, await Way.open(server.port)));
    }
    const runners = Array.from({ length: count }, (_, n) => new Elsewhere(`runner-${n}`));
    const site = new Site(server, provider, { nodes, runners, nats, flags });
    if (typeof workspaces === 'number') await site.#withThings(workspaces);
    else site.workspaces.push(...(await workspaces(server)));
    for (const runner of runners) await site.run(runner);
    for (const node of nodes) await site.start(node);
    site.token = nodes.map((n) => n.served!.token).find((t) => t !== undefined)!;
    return site;
  }

  async #withThings(count: number): Promise<void> {
    const node = { id: 'setting-up', address: null };
    const house = new House(() => openPostgresStore({ url: this.server.urlOf('postgres'), node }), withFunctions);
    await house.start();
    for (let n = 0; n < count; n++) {
      const { id } = await house.call<{ id: string }>('workspace.create', { name: `w${n}` });
      this.workspaces.push(id);
      const at = { workspace: id };
      const changeSet = (await house.call<{ id: string }>('change_set.create', { ...at, name: 'types' })).id;
      await house.call('submit', { ...at, changeSet, mutations: thingMutations(this.provider.port) });
      await house.call('change_set.apply', { ...at, changeSet, waitMs: 20_000 });
    }
    await house.close();
  }

  #env(node: Node): NodeJS.ProcessEnv {
    const url = new URL(this.server.urlOf('postgres'));
    url.port = String(node.way.port);
    const nats = this.nats && { HEADWATER_NATS: this.nats.urlOf('engine', natsQuery) };
    return { ...process.env, HEADWATER_STORE: url.href, ...nats };
  }

  /** Again, as whoever keeps it does, when it does not reach what it needs and ends. */
  async start(node: Node, port = 0): Promise<void> {
    const args = ['--port', String(port), '--log-level', 'error', '--requests-per-minute', '1000000', ...this.#flags];
    for (let attempt = 1; ; attempt++) {
      const served = await Served.start(node.folder, args, this.#env(node), node.program).catch((e: Error) => e);
      if (served instanceof Served && served.address !== undefined) {
        node.served = served;
        void served.ended.then((code) => {
          if (node.served === served && !this.isEnding)
            this.ended.push(`engine ended with ${code}: ${served.errors.slice(-1_500)}`);
        });
        node.address = served.address;
        node.isPaused = false;
        return;
      }
      if (attempt === 60) throw served instanceof Error ? served : new Error(served.errors);
      await sleep(250);
    }
  }

  /** Starts a runner; resolves when it says that it runs functions. */
  async run(runner: Elsewhere): Promise<void> {
    const env = { ...process.env, HEADWATER_NATS: this.nats!.urlOf('runner', natsQuery) };
    const args = [runner.program, 'runner', '--name', runner.name, '--cpus', '1', '--memory', '1024'];
    for (;;) {
      const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
      runner.child = child;
      runner.isPaused = false;
      const isUp = await new Promise<boolean>((resolve) => {
        child
          .stdout!.setEncoding('utf8')
          .on('data', (text: string) => text.includes('Running functions') && resolve(true));
        child.once('exit', () => resolve(false));
      });
      // One that does not reach NATS when it is started ends: whoever keeps it starts it again.
      if (isUp) return;
      await sleep(200);
    }
  }

  killRunner(runner: Elsewhere): Promise<void> {
    return this.endRunner(runner, 'SIGKILL');
  }

  /** Resolves when it has ended, with what it had under way unless it is killed. */
  async endRunner({ child }: Elsewhere, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }

  signalRunner(runner: Elsewhere, signal: 'SIGSTOP' | 'SIGCONT'): void {
    runner.isPaused = signal === 'SIGSTOP';
    runner.child?.kill(signal);
  }

  async kill(node: Node): Promise<void> {
    const { served } = node;
    node.served = undefined;
    served?.signal('SIGKILL');
    await served?.ended;
  }

  pause(node: Node): void {
    node.isPaused = true;
    node.served?.signal('SIGSTOP');
  }

  resume(node: Node): void {
    node.isPaused = false;
    node.served?.signal('SIGCONT');
  }

  /** One attempt at one engine; status 0: no answer. */
  async once<T>(
    node: Node,
    method: string,
    path: string,
    { body, key, mostMs = 30_000 }: Ask = {},
  ): Promise<Answered<T>> {
    try {
      const answer = await fetch(node.address + path, {
        method,
        headers: {
          authorization: `Bearer ${this.token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(key === undefined ? {} : { 'idempotency-key': key }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(mostMs),
      });
      const text = await answer.text();
      return { status: answer.status, body: (text === '' ? null : JSON.parse(text)) as T };
    } catch (e) {
      return { status: 0, body: String(e) as T };
    }
  }

  /** Asks again, each time another engine as `pick` says, until one has answered something that is not about the engines. */
  async ask<T>(pick: () => number, method: string, path: string, ask: Ask = {}): Promise<Answered<T>> {
    const until = performance.now() + (ask.patienceMs ?? 60_000);
    for (;;) {
      const answer = await this.once<T>(this.nodes[pick() % this.nodes.length]!, method, path, {
        mostMs: 10_000,
        ...ask,
      });
      if (answer.status !== 0 && answer.status < 500) return answer;
      if (performance.now() > until)
        throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
      await sleep(50);
    }
  }

  /** Rows of the tables, past the engines. */
  async rows<T>(sql: string, values: readonly unknown[] = []): Promise<T[]> {
    const client = new pg.Client({ connectionString: this.server.urlOf('postgres') });
    await client.connect();
    try {
      await client.query('set search_path = headwater');
      return (await client.query(sql, values as unknown[])).rows as T[];
    } finally {
      await client.end();
    }
  }

  /** A command on the database itself. The server's log is read meanwhile: it waits for who reads it. */
  async command(...args: readonly string[]): Promise<{ readonly status: number; readonly said: string }> {
    const env = { ...process.env, HEADWATER_STORE: this.server.urlOf('postgres') };
    const folder = `${this.nodes[0]!.folder}-command`;
    this.#folders.push(folder);
    try {
      const { stdout } = await run(process.execPath, [bin, ...args, '--data', folder, '--json'], { env });
      return { status: 0, said: stdout };
    } catch (e) {
      const { code, stdout, stderr } = e as { code: number; stdout: string; stderr: string };
      return { status: code, said: stdout + stderr };
    }
  }

  async close(): Promise<void> {
    for (const node of this.nodes) {
      if (node.isPaused) this.resume(node);
      await this.kill(node);
      await node.way.close();
      this.#folders.push(node.folder);
    }
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true });
    for (const runner of this.runners) {
      this.signalRunner(runner, 'SIGCONT');
      await this.killRunner(runner);
    }
    this.provider.close();
    await this.nats?.close();
    await this.server.close();
  }
}

export interface Ask {
  readonly body?: unknown;
  readonly key?: string;
  /** For one answer. */
  readonly mostMs?: number;
  /** In all. */
  readonly patienceMs?: number;
}
