// One child: started in a sandbox, given one order, ended as a whole tree. `ended` resolves when nothing of it is left: no
// process, no folder. Everything it says is handed on as it comes; what that means is for whoever runs it.

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { limits } from '../../base/limits.ts';
import { Fault } from '../../base/result.ts';
import { type Order, readyLine } from './child/protocol.ts';
import { isGone, isGroupGone } from './process_tree.ts';
import { infoDescriptor, type Place, type Sandbox, type Shape } from './sandbox.ts';

export interface ChildListener {
  /** A line on the result channel. */
  line(text: string): void;
  /** A line on the result channel became longer than any frame may be. */
  overflow(): void;
  output(stream: 'output' | 'error', chunk: Buffer): void;
}

/** Number -> name; of two names, the first (SIGABRT, not SIGIOT). */
const signalNames = new Map(
  Object.entries(constants.signals)
    .reverse()
    .map(([name, number]) => [number, name]),
);
const startTextCharsMax = 2_000;
const pollMs = 2;

export class ConfinedChild {
  readonly shape: Shape;
  readonly place: Place;
  /** Resolves when it waits for its order; rejects with `runner_unavailable` when it ends before that. */
  readonly ready: Promise<void>;
  /** Exit code or signal; null when it never started. */
  readonly ended: Promise<string | null>;
  #listener: ChildListener | undefined;
  #frameBytesMax = 1024;
  readonly #process: ChildProcess;
  readonly confined: boolean;
  /** The outermost process inside, as seen from outside; the whole tree hangs on it. */
  #inner: number | undefined;
  #dying = false;
  #over = false;

  constructor(sandbox: Sandbox, shape: Shape, place: Place, entry: string) {
    this.shape = shape;
    this.place = place;
    this.confined = sandbox.confined;
    const needsFolder = shape.network || !sandbox.confined;
    if (needsFolder) mkdirSync(place.folder, { mode: 0o711, recursive: true });
    const { file, args, env, cwd } = sandbox.line(shape, place);
    const filter = sandbox.filter === undefined ? undefined : openSync(sandbox.filter, 'r');
    const child = spawn(file, [...args, entry], {
      cwd,
      env,
      detached: !sandbox.confined,
      stdio: ['pipe', 'pipe', 'pipe', 'pipe', 'pipe', ...(filter === undefined ? [] : [filter])],
    });
    if (filter !== undefined) closeSync(filter);
    this.#process = child;
    let startText = '';
    for (const [stream, name] of [
      [child.stdout, 'output'],
      [child.stderr, 'error'],
    ] as const) {
      stream?.on('data', (chunk: Buffer) => {
        if (this.#listener !== undefined) this.#listener.output(name, chunk);
        else if (startText.length < startTextCharsMax) startText += chunk.toString('utf8');
      });
    }
    // The child may end before it has read its order; that it has ended is reported, so this says nothing more.
    child.stdin?.on('error', () => child.stdin?.destroy());
    const exited = new Promise<string | null>((resolve) => {
      child.on('error', (error) => {
        startText += error.message;
        if (child.pid === undefined) resolve(null);
      });
      child.on('exit', (code, signal) => resolve(exitText(code, signal)));
    });
    const drained = new Promise<void>((resolve) => child.on('close', () => resolve()));
    this.#readInfo(child.stdio[infoDescriptor] as Readable | null);
    const started = this.#readLines(child.stdio[3] as Readable | null);
    this.ended = exited.then(async (exit) => {
      this.#over = true;
      await this.#whenGone();
      // All that it wrote is read before it counts as ended; what has got away from the walls is not waited for.
      const timer = setTimeout(() => {
        for (const pipe of child.stdio) pipe?.destroy();
      }, limits.childEndMs);
      if (child.pid !== undefined) await drained;
      clearTimeout(timer);
      if (needsFolder) rmSync(place.folder, { recursive: true, force: true });
      return exit;
    });
    this.ready = this.#whenReady(started, () => startText);
    // Whoever waits for it hears of it; a spare that nobody waits for may fail unheard.
    this.ready.catch(() => undefined);
  }

  get pid(): number | undefined {
    return this.confined ? this.#inner : this.#process.pid;
  }

  get alive(): boolean {
    return !this.#over;
  }

  /** Hands over the order; from here on the listener hears everything. The text of the order is not kept. */
  send(order: Order, listener: ChildListener): void {
    this.#listener = listener;
    this.#frameBytesMax = Math.max(order.outputBytes, 8 * limits.runLogLineBytesMax, 2 * limits.leftBytesMax) + 1024;
    this.#process.stdin?.end(JSON.stringify(order));
  }

  /**
   * Ends the whole tree at once. While bubblewrap is only just starting, as soon as it tells what hangs on what: were it
   * killed itself then, what it has started would wait for it for ever.
   */
  kill(): void {
    if (this.#over) return;
    this.#dying = true;
    if (this.confined) signal(this.#inner);
    else if (this.#process.pid !== undefined) signal(-this.#process.pid);
    this.#process.stdin?.destroy();
  }

  async #whenReady(started: Promise<void>, startText: () => string): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), limits.childStartMs);
    });
    const first = await Promise.race([started.then(() => 'ready' as const), this.ended, late]);
    clearTimeout(timer);
    if (first === 'ready') return;
    this.kill();
    const what =
      first === 'late' ? `not ready after ${limits.childStartMs} ms` : `ended at its start (${first ?? 'not started'})`;
    throw new Fault('runner_unavailable', `a child of the process tier is ${what}: ${startText().trim()}`);
  }

  /** The number of the outermost process inside, as bubblewrap tells it. */
  #readInfo(info: Readable | null): void {
    let text = '';
    info?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const pid = /"child-pid":\s*(\d+)/.exec(text)?.[1];
      if (pid === undefined) return;
      this.#inner = Number(pid);
      if (this.#dying) signal(this.#inner);
    });
    info?.on('error', () => info.destroy());
  }

  /** Splits the result channel into lines; resolves with the line that says that the child is ready. */
  #readLines(channel: Readable | null): Promise<void> {
    return new Promise((resolve) => {
      let parts: Buffer[] = [];
      let bytes = 0;
      channel?.on('error', () => channel.destroy());
      channel?.on('data', (chunk: Buffer) => {
        let rest = chunk;
        for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10)) {
          parts.push(rest.subarray(0, end));
          const line = Buffer.concat(parts).toString('utf8');
          parts = [];
          bytes = 0;
          rest = rest.subarray(end + 1);
          if (this.#listener !== undefined) this.#listener.line(line);
          else if (line === readyLine) resolve();
        }
        bytes += rest.length;
        if (bytes <= this.#frameBytesMax) parts.push(rest);
        else {
          parts = [];
          this.#listener?.overflow();
          this.kill();
        }
      });
    });
  }

  /** Waits until the kernel has no process of the tree any more. */
  async #whenGone(): Promise<void> {
    if (!this.confined) {
      const group = this.#process.pid;
      // A kill is only asked for: what another processor runs is there until that has been told of it.
      while (group !== undefined && signal(-group) && !isGroupGone(group)) await wait(pollMs);
      return;
    }
    while (this.#inner !== undefined && !isGone(this.#inner)) {
      signal(this.#inner);
      await wait(pollMs);
    }
  }
}

/** SIGKILL; a process that is gone already is what was wanted. Says whether there was one, if only to be reaped. */
function signal(pid: number | undefined): boolean {
  if (pid === undefined) return false;
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    return false;
  }
}

/** A shell's convention, which bubblewrap follows: 128 and the number of the signal. */
function exitText(code: number | null, signal: string | null): string | null {
  if (signal !== null) return signal;
  if (code === null) return null;
  return (code > 128 ? signalNames.get(code - 128) : undefined) ?? `${code}`;
}
