// The local agent as a process of its own, as it is used: the compiled command, over folders of the test, killed and started
// again on the same state. Whatever it started is ended with the test.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterFiles } from '../support/endings.ts';

const bin = fileURLToPath(new URL('../../dist/main/headwater.js', import.meta.url));

const folders: string[] = [];
const running = new Set<AgentProcess>();
afterFiles(async () => {
  for (const agent of [...running]) await agent.kill();
  for (const folder of folders.splice(0)) {
    for (const pid of startedBelow(folder)) process.kill(pid, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Ids of the processes whose working folder lies below `folder`. */
export function startedBelow(folder: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        const cwd = readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`HOME_OF_TEST=${folder}/`);
        return cwd && !/\) [ZX] /.test(stat);
      } catch {
        return false;
      }
    });
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'headwater-local-'));
  folders.push(folder);
  return folder;
}

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever it answers, looked at member by member
  readonly body: any;
}

export class AgentProcess {
  readonly folder: string;
  readonly root: string;
  readonly state: string;
  readonly #child: ChildProcess;
  endpoint = '';
  token = '';
  /** What it said on standard error. */
  errors = '';
  #said = '';

  private constructor(folder: string, child: ChildProcess) {
    this.folder = folder;
    this.root = join(folder, 'root');
    this.state = join(folder, 'state');
    this.#child = child;
  }

  static async start(folder = temporaryFolder(), ...args: string[]): Promise<AgentProcess> {
    const agent = AgentProcess.begin(folder, ...args);
    await agent.ready();
    return agent;
  }

  /** Started, and maybe about to end. */
  static begin(folder: string, ...args: string[]): AgentProcess {
    const [root, state] = [join(folder, 'root'), join(folder, 'state')];
    mkdirSync(root, { recursive: true });
    // The wish of the owner in most tests: the Node of the test and a shell.
    const allowed = args.includes('--no-commands') ? [] : [`node=${process.execPath}`, 'sh'];
    const child = spawn(
      process.execPath,
      [
        ...[
          bin,
          'local',
          '--json',
          '--root',
          root,
          '--state',
          state,
          ...allowed.flatMap((name) => ['--command', name]),
        ],
        ...args.filter((arg) => arg !== '--no-commands'),
      ],
      { env: { PATH: process.env['PATH'], HEADWATER_KEY: 'not for processes' }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const agent = new AgentProcess(folder, child);
    running.add(agent);
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      agent.errors += text;
    });
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      agent.#said += text;
    });
    return agent;
  }

  async ready(): Promise<void> {
    while (!this.#said.includes('}')) {
      if (this.#child.exitCode !== null) throw new Error(`the agent ended: ${this.#said}${this.errors}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const { endpoint, credentialFile } = JSON.parse(this.#said) as { endpoint: string; credentialFile: string };
    this.endpoint = endpoint;
    this.token = (JSON.parse(readFileSync(credentialFile, 'utf8')) as { Token: string }).Token;
  }

  get said(): string {
    return this.#said;
  }

  async ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const answer = await fetch(`${this.endpoint}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.token}`, ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: await answer.json() };
  }

  create(kind: string, key: string, desired: unknown): Promise<Answer> {
    return this.ask('POST', `/v1/resources/${kind}`, { key, desired });
  }

  get(kind: string, id: string): Promise<Answer> {
    return this.ask('GET', `/v1/resources/${kind}/${encodeURIComponent(id)}`);
  }

  put(kind: string, id: string, desired: unknown): Promise<Answer> {
    return this.ask('PUT', `/v1/resources/${kind}/${encodeURIComponent(id)}`, { desired });
  }

  remove(kind: string, id: string): Promise<Answer> {
    return this.ask('DELETE', `/v1/resources/${kind}/${encodeURIComponent(id)}`);
  }

  /** Asks until the process is as it is wanted. */
  async until(id: string, isGood: (resource: Answer['body']) => boolean): Promise<Answer['body']> {
    for (;;) {
      const { body } = await this.get('process', id);
      if (body.resource !== undefined && isGood(body.resource)) return body.resource;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** A process that stays, known to the test by its environment. */
  sleeper(more: object = {}): object {
    return {
      Name: 'sleeper',
      Command: 'node',
      Arguments: ['-e', 'console.log("up", process.pid); setInterval(() => {}, 1000)'],
      Environment: { HOME_OF_TEST: `${this.folder}/` },
      ...more,
    };
  }

  /** Ids of what it started and is there still. */
  get started(): number[] {
    return startedBelow(this.folder);
  }

  journal(): { kind: string; [member: string]: unknown }[] {
    return readFileSync(join(this.state, 'journal.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** As a power cut ends it. */
  kill(): Promise<number | null> {
    return this.#end('SIGKILL');
  }

  /** As a person at a terminal ends it; answers the exit code. */
  interrupt(): Promise<number | null> {
    return this.#end('SIGINT');
  }

  /** The exit code of one that ends by itself. */
  async exited(): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
    running.delete(this);
    return this.#child.exitCode;
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, 'exit');
      this.#child.kill(signal);
      await ended;
    }
    running.delete(this);
    return this.#child.exitCode;
  }

  /** Killed, and another on the same folders. */
  async again(...args: string[]): Promise<AgentProcess> {
    await this.kill();
    return AgentProcess.start(this.folder, ...args);
  }
}
