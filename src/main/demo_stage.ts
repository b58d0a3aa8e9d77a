// Where the demonstration takes place: a temporary folder with a local agent and a data folder, an engine over it, and maybe a
// PostgreSQL server. However it ends, also by Ctrl+C, no process, file, role or database of it is left.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Cloud } from '../adapters/cloud/server.ts';
import type { Json } from '../base/json.ts';
import { Fault, RefusalError } from '../base/result.ts';
import type { ActionRecord } from '../model/action.ts';
import { openCloud } from './cloud.ts';
import { type Connection, connect } from './data_folder.ts';
import { dropLeft, type PostgresServer } from './demo_postgres.ts';

const bin = fileURLToPath(new URL('./headwater.js', import.meta.url));
/** Until the agent has to be there, and until the engine has to be closed. */
const patienceMs = 30_000;
const closeMs = 10_000;

export interface Credential {
  readonly Endpoint: string;
  readonly Token: string;
}

export class Stage {
  readonly folder: string;
  /** Everything real is made below it. */
  readonly root: string;
  #agent: ChildProcess | undefined;
  #cloud: Cloud | undefined;
  #connection: Connection | undefined;
  #closing: Promise<void> | undefined;
  credential: Credential = { Endpoint: '', Token: '' };
  /** Where a role and a database of the name are made; set before they are. */
  postgres: { readonly server: PostgresServer; readonly name: string } | undefined;

  private constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'headwater-demo-'));
    this.root = join(this.folder, 'machine');
    mkdirSync(this.root);
  }

  /** `opened` gets it before anything is started, so that it can be closed at any time. */
  static async open(opened: (stage: Stage) => void): Promise<Stage> {
    const stage = new Stage();
    opened(stage);
    await stage.#startAgent();
    stage.#connection = await connect(join(stage.folder, 'data'), () => {});
    return stage;
  }

  async #startAgent(): Promise<void> {
    const state = join(this.folder, 'agent');
    // Not of the terminal's group: Ctrl+C is for who can clean up.
    const agent = spawn(
      process.execPath,
      [bin, 'local', '--json', '--root', this.root, '--state', state, '--command', `node=${process.execPath}`],
      { stdio: ['ignore', 'pipe', 'pipe'], detached: true },
    );
    this.#agent = agent;
    let said = '';
    for (const stream of [agent.stdout, agent.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
    for (const sinceMs = Date.now(); !said.includes('}'); await pause(20))
      if (agent.exitCode !== null || Date.now() - sinceMs > patienceMs)
        throw new Fault('demo_failed', `the local agent does not start: ${said.trim()}`);
    this.credential = JSON.parse(readFileSync(join(state, 'credential.json'), 'utf8')) as Credential;
  }

  /** The address of a local cloud whose operations take some time. */
  async openCloud(): Promise<string> {
    const latencyMs = { CREATE: 150, UPDATE: 150, DELETE: 100 };
    const file = join(this.folder, 'cloud', 'cloud.jsonl');
    this.#cloud = await openCloud({ file, host: '127.0.0.1', port: 0, latencyMs });
    return this.#cloud.address;
  }

  /** A refusal ends the demonstration. */
  async call<T>(operation: string, params: { readonly [name: string]: Json | undefined } = {}): Promise<T> {
    if (this.#connection === undefined) throw new Fault('demo_failed', 'the demonstration is over');
    const result = await this.#connection.call(operation, params);
    if (!result.ok) throw new RefusalError(result.refusal);
    return result.value as T;
  }

  /** Names of what there is on the machine. */
  get files(): string[] {
    return existsSync(this.root) ? readdirSync(this.root, { recursive: true }).map(String).sort() : [];
  }

  async ask(method: string, path: string): Promise<{ items?: { id: string; resource: { Pid: number | null } }[] }> {
    const { Endpoint, Token } = this.credential;
    const headers = { authorization: `Bearer ${Token}` };
    return (await (await fetch(`${Endpoint}/v1/resources/${path}`, { method, headers })).json()) as never;
  }

  /** Ends everything, once. */
  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    // First who would start something anew.
    const connection = this.#connection;
    const drafts = await this.#drafts();
    this.#connection = undefined;
    await Promise.race([connection?.close(), pause(closeMs)]);
    await this.#cloud?.close();
    await this.#dropLeft(drafts);
    try {
      if (this.credential.Endpoint !== '') {
        const { items = [] } = await this.ask('GET', 'process');
        await Promise.all(items.map(({ id }) => this.ask('DELETE', `process/${encodeURIComponent(id)}`)));
      }
    } finally {
      const agent = this.#agent;
      if (agent !== undefined && agent.exitCode === null && agent.signalCode === null) {
        const ended = new Promise((resolve) => agent.once('exit', resolve));
        agent.kill('SIGTERM');
        await ended;
      }
      rmSync(this.folder, { recursive: true, force: true });
    }
  }

  /** What the provider calls a database while it is made: by the key of its action. */
  async #drafts(): Promise<string[]> {
    if (this.postgres === undefined || this.#connection === undefined) return [];
    const listed = await this.#connection.call('action.list', {});
    const { items = [] } = (listed.ok ? listed.value : {}) as { items?: readonly ActionRecord[] };
    const made = items.filter((a) => a.schemaName === 'Postgres::Database' && a.kind === 'create');
    return made.map((a) => `headwater_${a.idempotencyKey.slice(0, 32)}`);
  }

  async #dropLeft(drafts: readonly string[]): Promise<void> {
    if (this.postgres === undefined) return;
    const { server, name } = this.postgres;
    try {
      await dropLeft(server, name, drafts);
    } catch (e) {
      // The rest is taken away all the same.
      const why = e instanceof Error ? e.message : String(e);
      process.stderr.write(`What may be left at ${server.place}: the role and the database ${name} (${why}).\n`);
    }
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** One of the loopback that is free now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
