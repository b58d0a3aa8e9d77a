// Child processes that own a store, as lines of text: tests start one, read what it says, and kill it.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export class Child {
  readonly #process: ChildProcess;
  readonly lines: string[] = [];
  readonly #closed: Promise<unknown>;
  #wake: () => void = () => {};

  constructor(file: string, task: 'hold' | 'write' | 'record' | 'record once' | 'record and close') {
    const fixture = task.startsWith('record') ? 'record_runs.mjs' : 'own_store.mjs';
    const script = fileURLToPath(new URL(`./fixtures/${fixture}`, import.meta.url));
    this.#process = spawn(process.execPath, [script, file, task], { stdio: ['ignore', 'pipe', 'inherit'] });
    // Both: the process is gone, and everything it said has been read.
    const reader = createInterface({ input: this.#process.stdout! });
    reader.on('line', (line) => {
      this.lines.push(line);
      this.#wake();
    });
    this.#closed = Promise.all([once(this.#process, 'close'), once(reader, 'close')]).then(() => this.#wake());
  }

  /** Waits until it has said `count` lines, or has ended. */
  async said(count: number): Promise<readonly string[]> {
    let isOver = false;
    void this.#closed.then(() => {
      isOver = true;
    });
    while (this.lines.length < count && !isOver)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        void this.#closed.then(() => resolve());
      });
    return this.lines;
  }

  /** Waits until it has ended by itself; its exit code. */
  async ended(): Promise<number | null> {
    await this.#closed;
    return this.#process.exitCode;
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#closed;
  }
}
