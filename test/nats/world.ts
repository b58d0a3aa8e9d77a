// One NATS server, engines at it as adapters alone, and runners as processes of their own, started as anybody starts them. Runs
// are asked for as the dispatcher asks: of the runner that the engine sees for a pool.

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { type EngineNode, openEngineNode } from '../../src/adapters/nats/engine_node.ts';
import type { Hash, RunId } from '../../src/base/ids.ts';
import type { Json } from '../../src/base/json.ts';
import type { RunLogLine, Tier } from '../../src/model/run.ts';
import type { Runner, RunReport, RunRequest } from '../../src/ports/runner.ts';
import { NatsServer } from '../support/nats_server.ts';
import { Effects } from './effects.ts';

const command = fileURLToPath(new URL('../../dist/main/headwater.js', import.meta.url));

let serial = 0;
export const newRun = (): RunId =>
  `01RN${String(process.pid).padStart(8, '0')}${String(++serial).padStart(14, '0')}` as RunId;

export interface Started {
  readonly process: ChildProcess;
  readonly name: string;
  /** What it said. */
  readonly said: () => string;
  readonly ended: Promise<number | string | null>;
}

export interface Engine {
  readonly node: EngineNode;
  /** The runner that stands for a pool, once there is one. */
  runner(tier: Tier, pool?: string): Promise<Runner>;
  served(): readonly Runner[];
  readonly notes: string[];
}

export interface Asked extends Partial<Omit<RunRequest, 'input' | 'limits'>> {
  readonly input?: Json;
  readonly limits?: Partial<RunRequest['limits']>;
  readonly onLine?: (line: RunLogLine) => void;
  readonly onStart?: () => void;
}

export interface Ran {
  readonly report: RunReport;
  readonly lines: readonly RunLogLine[];
  readonly starts: number;
  readonly left: readonly string[];
  readonly authenticated: number;
}

export class NatsWorld {
  readonly server: NatsServer;
  /** Each test has an installation of its own. */
  readonly query: string;
  engineUser: 'engine' | `engine-${string}` = 'engine';
  readonly #runners: Started[] = [];
  readonly #engines: EngineNode[] = [];

  constructor(server: NatsServer, leaseMs = 2_500, installation = `t${++serial}-${process.pid}`) {
    this.server = server;
    this.query = `?installation=${installation}&leaseMs=${leaseMs}`;
  }

  get url(): string {
    return this.server.urlOf('engine', this.query);
  }

  /** `port`: where it reaches NATS, when that is not where NATS is. */
  async node(notes: string[] = [], patienceMs?: number, port = this.server.port): Promise<EngineNode> {
    const node = await openEngineNode({
      url: this.server.urlOf(this.engineUser, this.query).replace(`:${this.server.port}`, `:${port}`),
      note: (text) => notes.push(text),
      ...(patienceMs === undefined ? {} : { patienceMs }),
    });
    this.#engines.push(node);
    return node;
  }

  async engine(patienceMs?: number, port?: number): Promise<Engine> {
    const notes: string[] = [];
    const node = await this.node(notes, patienceMs, port);
    let now: readonly Runner[] = [];
    node.changes((served) => {
      now = served;
    });
    const find = (tier: Tier, pool: string) => now.find((r) => r.tier === tier && r.pool === pool);
    return {
      node,
      notes,
      served: () => now,
      runner: async (tier, pool = 'default') => {
        await until(() => find(tier, pool) !== undefined);
        return find(tier, pool)!;
      },
    };
  }

  /** Resolves when it says that it runs. */
  async start(name: string, ...args: string[]): Promise<Started> {
    const child = spawn(
      process.execPath,
      [command, 'runner', '--name', name, '--cpus', '2', '--memory', '2048', ...args],
      {
        env: { ...process.env, HEADWATER_NATS: this.server.urlOf('runner', this.query) },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let said = '';
    for (const stream of [child.stdout!, child.stderr!])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
    const ended = new Promise<number | string | null>((resolve) =>
      child.once('close', (code, signal) => resolve(code ?? signal)),
    );
    const started = { process: child, name, said: () => said, ended };
    this.#runners.push(started);
    let isOver = false;
    void ended.then(() => {
      isOver = true;
    });
    await until(() => said.includes('Running functions') || isOver);
    return started;
  }

  async close(): Promise<void> {
    for (const { process: child, ended } of this.#runners) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGCONT');
      child.kill('SIGKILL');
      await ended;
    }
    for (const engine of this.#engines) await engine.close();
  }
}

export function request(tier: Tier, script: string, { onLine: _, onStart: __, ...asked }: Asked = {}): RunRequest {
  const { input = {}, limits = {}, ...more } = asked;
  return {
    id: newRun(),
    kind: tier === 'isolate' ? 'attribute' : 'action',
    tier,
    name: 'tried',
    code: { hash: `hash of ${script}` as Hash, script },
    input: JSON.stringify(input),
    limits: { timeMs: 60_000, memoryBytes: 256 * 1024 * 1024, cpus: 1, outputBytes: 8 * 1024 * 1024, ...limits },
    ...(tier === 'process' ? { allow: { network: [], commands: [] } } : {}),
    ...more,
  };
}

export async function runOn(runner: Runner, script: string, asked: Asked = {}): Promise<Ran> {
  const lines: RunLogLine[] = [];
  const left: string[] = [];
  let starts = 0;
  let authenticated = 0;
  const report = await runner.run(request(runner.tier, script, asked), {
    started: () => {
      starts++;
      asked.onStart?.();
    },
    log: (line) => {
      lines.push(line);
      asked.onLine?.(line);
    },
    left: (texts) => left.push(...texts),
    authenticated: () => {
      authenticated++;
    },
  });
  return { report, lines, starts, left, authenticated };
}

/** `ok VALUE`, or the code. */
export const short = ({ outcome }: RunReport): string => (outcome.ok ? `ok ${outcome.value}` : outcome.code);

/** The test's own time limit ends it otherwise. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(10);
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What the tests of a file have: a NATS server and a world outside for all of them, and for each an installation of its own. */
export function worldsOfTests(): { readonly server: NatsServer; readonly effects: Effects; readonly world: NatsWorld } {
  const at = {} as { server: NatsServer; effects: Effects; world: NatsWorld };
  beforeAll(async () => {
    at.server = await NatsServer.open();
    at.effects = await Effects.open();
  });
  afterAll(async () => {
    await at.effects?.close();
    await at.server?.close();
  });
  beforeEach(() => {
    at.world = new NatsWorld(at.server);
  });
  afterEach(() => at.world.close());
  return at;
}
