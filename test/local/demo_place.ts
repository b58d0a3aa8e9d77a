// The demonstration as a person starts it, in a folder of its own, and what of it is still there.

import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

const bin = fileURLToPath(new URL('../../dist/main/headwater.js', import.meta.url));

interface Given {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Gets what was said so far whenever more is; awaited before the end is answered. */
  readonly meanwhile?: (said: string) => Promise<void> | void;
}

export class DemoPlace {
  /** Where all of it takes place. */
  readonly folder = mkdtempSync(join(tmpdir(), 'headwater-demo-test-'));

  constructor() {
    afterAll(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  /** Ids of processes that were started with the folder in their environment or arguments. */
  left(): number[] {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => {
        try {
          if (/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) return false;
          return ['environ', 'cmdline'].some((of) => readFileSync(`/proc/${pid}/${of}`, 'utf8').includes(this.folder));
        } catch {
          return false;
        }
      });
  }

  /** Interrupted once `stopWhen` says so. Unless `env` says otherwise there is no PostgreSQL server. */
  async demo(
    stopWhen: (said: string) => boolean,
    { args = [], env: more = {}, meanwhile = () => {} }: Given = {},
  ): Promise<{ code: number | null; said: string; errors: string }> {
    const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], TMPDIR: this.folder, PGPORT: '1', ...more };
    const child = spawn(process.execPath, [bin, 'demo', '--json', ...args], {
      cwd: this.folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [said, errors, isStopped] = ['', '', false];
    const doing: (Promise<void> | void)[] = [];
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      doing.push(meanwhile(said));
      if (isStopped || !stopWhen(said)) return;
      isStopped = true;
      child.kill('SIGINT');
    });
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    await Promise.all(doing);
    return { code, said, errors };
  }
}
