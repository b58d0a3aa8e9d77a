// A server that a test starts, asks and ends: its process, what it printed, and that it goes with the test.

import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';

const left = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of left) child.kill('SIGKILL');
});

const startMs = 30_000;

export interface ServerCommand extends Pick<SpawnOptions, 'uid' | 'gid' | 'cwd' | 'env'> {
  readonly command: string;
  readonly args: readonly string[];
  /** Is it up? Asked again and again, with what it printed. */
  readonly isUp: (printed: string) => boolean | Promise<boolean>;
  /** How it is asked to end. */
  readonly ends?: NodeJS.Signals;
}

export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #ends: NodeJS.Signals;
  #printed = '';
  #failure = '';

  private constructor({ command, args, isUp: _, ends = 'SIGTERM', ...options }: ServerCommand) {
    this.#ends = ends;
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    left.add(child);
    for (const stream of [child.stdout!, child.stderr!])
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#printed += text;
      });
    child.on('error', (error) => {
      this.#failure = error.message;
    });
    this.#ended = new Promise((resolve) => {
      child.once('close', () => {
        left.delete(child);
        resolve();
      });
    });
  }

  /** Resolves when it is up; throws with what it printed when it ends before that. */
  static async start(command: ServerCommand): Promise<ServerProcess> {
    const server = new ServerProcess(command);
    const until = performance.now() + startMs;
    while (!(await command.isUp(server.#printed))) {
      if (server.#failure === '' && server.#child.exitCode === null && performance.now() < until) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        continue;
      }
      await server.stop();
      throw new Error(`${command.command} does not start: ${server.#failure}\n${server.#printed}`);
    }
    return server;
  }

  /** Everything it printed until now. */
  get printed(): string {
    return this.#printed;
  }

  async stop(): Promise<void> {
    this.#child.kill(this.#ends);
    await this.#ended;
  }
}
