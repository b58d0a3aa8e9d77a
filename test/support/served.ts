// A server as a person starts it: `headwater serve`, in a process of its own, on any free port.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const bin = fileURLToPath(new URL('../../dist/main/headwater.js', import.meta.url));

export class Served {
  readonly address: string;
  /** The first one, where the folder had none. */
  readonly token: string | undefined;
  readonly #errors: () => string;
  readonly #signal: (signal: NodeJS.Signals) => void;
  /** Resolves with its exit code when it has ended; null: by a signal. */
  readonly ended: Promise<number | null>;

  private constructor(
    said: { address: string; token?: string },
    { errors, ended, signal }: Pick<Served, 'ended'> & { errors: () => string; signal: Served['signal'] },
  ) {
    this.address = said.address;
    this.token = said.token;
    this.#errors = errors;
    this.ended = ended;
    this.#signal = signal;
  }

  /** Over a data folder; resolves when it serves. `program`: another one than this release. */
  static start(
    folder: string,
    args: readonly string[] = [],
    env: NodeJS.ProcessEnv = process.env,
    program = bin,
  ): Promise<Served> {
    const all = ['serve', '--port', '0', '--data', folder, '--json', ...args];
    const child = spawn(process.execPath, [program, ...all], { stdio: 'pipe', env });
    let [out, errors] = ['', ''];
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    const signal = (name: NodeJS.Signals) => void child.kill(name);
    return new Promise((resolve, reject) => {
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        out += text;
        if (out.trimEnd().endsWith('}')) resolve(new Served(JSON.parse(out), { errors: () => errors, ended, signal }));
      });
      void ended.then((code) => reject(new Error(`serve ended with ${code}: ${errors}`)));
    });
  }

  /** What it wrote to standard error until now. */
  get errors(): string {
    return this.#errors();
  }

  /** Interrupts it; answers its exit code. */
  stop(): Promise<number | null> {
    this.#signal('SIGTERM');
    return this.ended;
  }

  signal(name: NodeJS.Signals): void {
    this.#signal(name);
  }
}
