// The parent's side of one child process: started, spoken to, watched and ended. Knows frames, the mark and memory; knows
// nothing of queues, deadlines or retries. Whatever the child says beyond the protocol ends it.

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, readSync, rmdirSync, unlinkSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Hash } from '../../base/ids.ts';
import { limits } from '../../base/limits.ts';
import { type Confinement, childEnvironment } from './confinement.ts';
import { libraryOf } from './libraries.ts';
import { type LibraryName, librariesNamedIn } from './library_names.ts';
import { type Frame, FrameReader, FrameWriter, markBytes, ProtocolError, toChild, toParent } from './protocol.ts';

export interface ProcessOptions {
  readonly confinement: Confinement;
  readonly heapBytes: number;
  /** Scripts that it keeps prepared. */
  readonly scriptsMax: number;
  /** Told once that it is ready for calls. */
  ready(): void;
  /** A frame about a call. Throws `ProtocolError` for one that makes no sense. */
  frame(frame: Frame): void;
  /** A batch of frames has been read. */
  progress(): void;
  /** Told once, when it is gone and all it said has been read. */
  gone(how: Exit): void;
}

export interface Exit {
  /** `SIGKILL`, `134`, … */
  readonly exit: string;
  /** The end of what it wrote to standard error. */
  readonly stderr: string;
}

export interface Mark {
  readonly serial: number;
  readonly startedAtMs: number;
}

const stderrCharsMax = 8 * 1024;
/** The largest frame beside a result: a line, a message. */
const frameSlackBytes = 64 * 1024;
/** After its end, for reading what it has said. */
const readOutMs = 1_000;
let started = 0;

export class IsolateProcess {
  readonly name = `isolate-${++started}`;
  readonly #options: ProcessOptions;
  readonly #child: ChildProcess;
  readonly #calls: Socket;
  readonly #out = new FrameWriter();
  /** What the child may say at once grows with what a call may give. */
  readonly #reader = new FrameReader(frameSlackBytes);
  readonly #markFile: number;
  readonly #markView = new Float64Array(markBytes / 8);
  /** Scripts that the child has, by hash, least recently used first. */
  readonly #codes = new Map<Hash, number>();
  readonly #libraries = new Set<string>();
  #codesEver = 0;
  #stderr = '';
  #nodePid: number | undefined;
  /** Set when it is to end although it is not ready yet. */
  #killTimer: NodeJS.Timeout | undefined;
  #exitTimer: NodeJS.Timeout | undefined;
  isReady = false;
  isGone = false;

  constructor(options: ProcessOptions) {
    this.#options = options;
    this.#markFile = openMark();
    const [command, ...args] = options.confinement.command(options.heapBytes);
    this.#child = spawn(command!, args, {
      cwd: '/',
      env: childEnvironment,
      stdio: ['pipe', 'pipe', 'pipe', this.#markFile],
      windowsHide: true,
    });
    this.#calls = this.#child.stdin as Socket;
    this.#listen();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Queues one call; `push` sends what is queued. */
  add(call: { serial: number; hash: Hash; script: string; outputBytes: number; input: string }): void {
    const code = this.#codeOf(call.hash, call.script);
    this.#reader.frameBytesMax = Math.max(this.#reader.frameBytesMax, call.outputBytes + frameSlackBytes);
    this.#out.begin(toChild.call).count(call.serial).count(code).number(call.outputBytes).text(call.input).end();
  }

  push(): void {
    if (this.#out.length > 0) this.#calls.write(this.#out.takeCopy());
  }

  /** The call under way; serial 0 when it is between two. */
  mark(): Mark {
    readSync(this.#markFile, this.#markView, 0, markBytes, 0);
    return { serial: this.#markView[0]!, startedAtMs: this.#markView[1]! };
  }

  /** Bytes of memory it has in use; undefined where the system does not tell. */
  memoryBytes(): number | undefined {
    const pid = this.#findNodePid();
    if (pid === undefined) return undefined;
    const [, kib] = /^VmRSS:\s+(\d+) kB/m.exec(readProc(`/proc/${pid}/status`)) ?? [];
    return kib === undefined ? undefined : Number(kib) * 1024;
  }

  /**
   * Ends it. One that is still being set up ends by itself as soon as it sees that nothing is to come: bubblewrap, killed
   * before it has told its own child to die with it, would leave that child waiting for ever.
   */
  kill(): void {
    this.#calls.destroy();
    if (this.isReady) this.#child.kill('SIGKILL');
    else this.#killTimer ??= setTimeout(() => this.#killTree(), limits.isolateStartMs).unref();
  }

  #killTree(): void {
    const pids = [this.#child.pid];
    for (const pid of pids) if (pid !== undefined) pids.push(...childrenOf(pid));
    for (const pid of pids.reverse()) if (pid !== undefined) killQuietly(pid);
  }

  #codeOf(hash: Hash, script: string): number {
    const known = this.#codes.get(hash);
    if (known !== undefined) {
      this.#codes.delete(hash);
      this.#codes.set(hash, known);
      return known;
    }
    for (const name of librariesNamedIn(script)) this.#sendLibrary(name);
    const code = ++this.#codesEver;
    this.#codes.set(hash, code);
    this.#out.begin(toChild.code).count(code).text(script).end();
    if (this.#codes.size > this.#options.scriptsMax) {
      const [oldest, oldCode] = this.#codes.entries().next().value!;
      this.#codes.delete(oldest);
      this.#out.begin(toChild.forget).count(oldCode).end();
    }
    return code;
  }

  #sendLibrary(name: LibraryName): void {
    if (this.#libraries.has(name)) return;
    this.#libraries.add(name);
    const { entry, modules } = libraryOf(name);
    const frame = this.#out.begin(toChild.library).text(name).text(entry).count(modules.size);
    for (const [path, text] of modules) frame.text(path).text(text);
    frame.end();
  }

  #listen(): void {
    const child = this.#child;
    child.stdout!.on('data', (bytes: Buffer) => this.#read(bytes));
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-stderrCharsMax);
    });
    // A child that is gone takes no more calls; `close` says so.
    this.#calls.on('error', () => this.kill());
    let failure: string | undefined;
    child.on('error', (error) => {
      failure = error.message;
      if (child.pid === undefined) this.#end(failure);
    });
    const exitOf = (code: number | null, signal: string | null) => failure ?? signal ?? String(code);
    child.on('close', (code, signal) => this.#end(exitOf(code, signal)));
    // Something else may end bubblewrap while it sets up: what it had started is left behind, and keeps open what it would write to.
    child.on('exit', (code, signal) => {
      this.#exitTimer = setTimeout(() => {
        for (const stream of child.stdio) stream?.destroy();
        this.#end(exitOf(code, signal));
      }, readOutMs);
    });
    // Only runs that wait keep the program alive.
    child.unref();
    for (const stream of [child.stdin, child.stdout, child.stderr]) (stream as Socket | null)?.unref();
  }

  #read(bytes: Buffer): void {
    if (this.isGone) return;
    try {
      this.#reader.push(bytes, (frame) => this.#hear(frame));
    } catch (e) {
      if (!(e instanceof ProtocolError)) throw e;
      this.#stderr += `\n${e.message}`;
      this.kill();
    }
    this.#options.progress();
  }

  #hear(frame: Frame): void {
    if (frame.kind !== toParent.ready) {
      this.#options.frame(frame);
      return;
    }
    if (this.isReady) throw new ProtocolError('ready twice');
    this.isReady = true;
    if (this.#killTimer === undefined) this.#options.ready();
    else this.kill();
  }

  #end(exit: string): void {
    if (this.isGone) return;
    this.isGone = true;
    clearTimeout(this.#killTimer);
    clearTimeout(this.#exitTimer);
    this.#options.gone({ exit, stderr: this.#stderr });
    closeSync(this.#markFile);
  }

  /** Behind bubblewrap the process to look at is a grandchild. */
  #findNodePid(): number | undefined {
    if (this.#nodePid !== undefined) return this.#nodePid;
    let pid = this.#child.pid;
    for (let depth = this.#options.confinement.depth; depth > 0 && pid !== undefined; depth--) {
      pid = childrenOf(pid)[0];
    }
    this.#nodePid = pid;
    return pid;
  }
}

/** A file of zeros that has no name any more, in memory where there is such a folder. */
function openMark(): number {
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'headwater-'));
  const path = join(folder, 'mark');
  const file = openSync(path, 'w+', 0o600);
  unlinkSync(path);
  rmdirSync(folder);
  return file;
}

function childrenOf(pid: number): number[] {
  return readProc(`/proc/${pid}/task/${pid}/children`)
    .split(' ')
    .filter((text) => text !== '')
    .map(Number);
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code !== 'ESRCH') throw e;
  }
}

/** A file of /proc; '' when it is not there: another system, or the process has just ended. */
function readProc(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (e) {
    const { code } = e as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES') return '';
    throw e;
  }
}
