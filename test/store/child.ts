// Child processes that own a store, as lines of text: tests start one, read what it says, and kill it.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('./fixtures/own_store.mjs', import.meta.url));

export class Child {
  readonly #process: ChildProcess;
  readonly lines: string[] = [];
  readonly #closed: Promise<unknown>;
  #wake: () => void = () => {};

  constructor(file: string, task: 'hold' | 'write') {
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

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#closed;
  }
}
