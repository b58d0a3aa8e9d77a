// One process of the local agent: what it is to be, which process of the machine it is now, and every step from one to the
// other, one at a time. A step is in the journal before it is taken. The program waits at its very start until its identity is
// written down, so that a killed agent leaves none that the next one does not know.

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { limits } from '../../base/limits.ts';
import { type BelowRoot, linkRefused, otherKind } from './below_root.ts';
import type { Entry, Exit, Journal, ProcessIdentity } from './journal.ts';
import { identify, isAlive, markName, membersOf, signal } from './machine.ts';
import { Refused } from './refused.ts';
import { isSameCommand, type ProcessWish } from './wish.ts';

/** What it needs from where it lives. */
export interface Surroundings {
  readonly root: BelowRoot;
  readonly journal: Journal;
  /** Of this agent, in the mark of everything that it starts. */
  readonly agent: string;
  readonly searchPath: string;
  programOf(command: string): string;
  /** The log of a process that names none; opened, to be closed by who asked. */
  openOwnLog(name: string): number;
}

export type Status = 'running' | 'waiting to start again' | 'ended' | 'stopped';

/** Waits for the first line, then becomes the program. Without a line, as after a kill of the agent, it ends. */
const gate = 'IFS= read -r go || exit 125; [ "$go" = go ] || exit 125; exec "$@" </dev/null';

export class Supervised {
  #wish: ProcessWish;
  readonly #s: Surroundings;
  /** Times that it was started, the failed ones included. */
  #nth = 0;
  #identity: ProcessIdentity | undefined;
  #startedAtMs = 0;
  #isOver = false;
  /** Runs as it was to be before. */
  #isStale = false;
  #exit: Exit = {};
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #watch: NodeJS.Timeout | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(wish: ProcessWish, s: Surroundings) {
    this.#wish = wish;
    this.#s = s;
  }

  get wish(): ProcessWish {
    return this.#wish;
  }

  get pid(): number | undefined {
    return this.isRunning ? this.#identity!.pid : undefined;
  }

  get starts(): number {
    return this.#nth;
  }

  get exit(): Exit {
    return this.#exit;
  }

  get isRunning(): boolean {
    return this.#identity !== undefined && isAlive(this.#identity);
  }

  /** It has ended, and that is not written down yet. */
  get isUnnoticed(): boolean {
    return this.#identity !== undefined && !this.isRunning;
  }

  get status(): Status {
    if (this.isRunning) return 'running';
    if (this.#wish.State === 'stopped') return 'stopped';
    return this.#isOver ? 'ended' : 'waiting to start again';
  }

  /** What the journal says of it, entry by entry; nothing is done yet. */
  replayDefined(wish: ProcessWish): void {
    if (!isSameCommand(wish, this.#wish)) this.#isStale = this.#identity !== undefined;
    this.#wish = wish;
    this.#isOver = false;
  }

  replayStarting(nth: number): void {
    this.#nth = nth;
    this.#identity = undefined;
    this.#isOver = false;
    this.#isStale = false;
  }

  replayStarted(process: ProcessIdentity): void {
    this.#identity = process;
  }

  replayEnded(exit: Exit): void {
    this.#identity = undefined;
    this.#exit = exit;
    this.#isOver = !isStartedAgain(this.#wish, exit);
  }

  /** What a short journal says of it. */
  entries(key: { readonly key?: string; readonly digest?: string }): Entry[] {
    const { Name: name } = this.#wish;
    const out: Entry[] = [{ kind: 'defined', wish: this.#wish, ...key }];
    if (this.#nth === 0) return out;
    out.push({ kind: 'starting', name, nth: this.#nth });
    if (this.#identity !== undefined) out.push({ kind: 'started', name, nth: this.#nth, process: this.#identity });
    else if (this.#isOver || this.#wish.State === 'stopped')
      out.push({ kind: 'ended', name, nth: this.#nth, exit: this.#exit });
    return out;
  }

  /** Takes over what runs, and goes on with what does not. */
  resume(): Promise<void> {
    return this.#next(async () => {
      if (this.isRunning) this.#takeOver();
      else if (this.#identity !== undefined) return this.#ended({});
      if (this.#isStale) await this.#end();
      await this.#fit();
    });
  }

  /** Makes it what is wanted, with what is written down already. */
  change(wish: ProcessWish): Promise<void> {
    return this.#next(async () => {
      const isOther = !isSameCommand(wish, this.#wish);
      this.#wish = wish;
      if (isOther) await this.#end();
      this.#isOver = false;
      this.#failures = 0;
      await this.#fit();
    });
  }

  /** Ends it and all that it started. */
  stop(): Promise<void> {
    return this.#next(() => this.#end());
  }

  /** Lets go of it; it runs on. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#rest();
    await this.#queue;
  }

  #rest(): void {
    clearTimeout(this.#timer);
    clearInterval(this.#watch);
  }

  /** Steps of one process come one after the other. */
  #next<T>(body: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(body);
    this.#queue = turn.catch(() => {});
    return turn;
  }

  async #fit(): Promise<void> {
    if (this.#isClosed) return;
    if (this.#wish.State === 'stopped') return this.#end();
    if (!this.isRunning && !this.#isOver) await this.#start();
  }

  get #mark(): string {
    return `${this.#s.agent}/${this.#wish.Name}`;
  }

  async #start(): Promise<void> {
    clearTimeout(this.#timer);
    const { journal } = this.#s;
    const { Name } = this.#wish;
    // What it cannot be started with is refused before there is anything to write down.
    const program = this.#s.programOf(this.#wish.Command);
    await this.#endLeft();
    const log = this.#openLog();
    let child: ChildProcess;
    try {
      this.#s.root.folder(this.#wish.Folder, () => {});
      journal.append({ kind: 'starting', name: Name, nth: ++this.#nth });
      child = this.#spawn(program, log);
    } finally {
      closeSync(log);
    }
    const nth = this.#nth;
    const failure = new Promise<Error>((resolve) => child.once('error', resolve));
    const identity = child.pid === undefined ? undefined : identify(child.pid);
    if (identity === undefined) {
      const message = child.pid === undefined ? (await failure).message : 'it ended at once';
      return this.#ended({ message });
    }
    child.once('exit', (code, by) => {
      this.#hasEnded(identity, { code, signal: by });
    });
    this.#identity = identity;
    this.#startedAtMs = Date.now();
    journal.append({ kind: 'started', name: Name, nth, process: identity });
    child.stdin!.on('error', () => {});
    child.stdin!.end('go\n');
  }

  #spawn(program: string, log: number): ChildProcess {
    const { root, searchPath } = this.#s;
    const { Arguments, Folder, Environment } = this.#wish;
    return root.folder(Folder, (folder) => {
      const cwd = `/proc/${process.pid}/fd/${folder}`;
      // Nothing of the agent's own environment, which may hold keys.
      const env = { PATH: searchPath, LANG: 'C.UTF-8', ...Environment, [markName]: this.#mark };
      const child = spawn('/bin/sh', ['-c', gate, 'headwater', program, ...Arguments], {
        cwd,
        env,
        detached: true,
        stdio: ['pipe', log, log],
      });
      child.unref();
      return child;
    });
  }

  #openLog(): number {
    const { LogFile, Name } = this.#wish;
    if (LogFile === '') return this.#s.openOwnLog(Name);
    const flags =
      constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    return this.#s.root.at(LogFile, (place) => {
      let log: number;
      try {
        log = openSync(place.at, flags, 0o600);
      } catch (e) {
        const { code } = e as NodeJS.ErrnoException;
        if (code === 'ELOOP') throw linkRefused(LogFile);
        if (code === 'EISDIR' || code === 'ENXIO') throw otherKind(LogFile, 'a file');
        throw e;
      }
      if (fstatSync(log).isFile()) return log;
      closeSync(log);
      throw otherKind(LogFile, 'a file');
    });
  }

  /** What was started by an earlier agent is no child of this one: whether it ended has to be looked at. */
  #takeOver(): void {
    this.#startedAtMs = Date.now();
    const identity = this.#identity!;
    this.#watch = setInterval(() => {
      if (isAlive(identity)) return;
      clearInterval(this.#watch);
      this.#hasEnded(identity, {});
    }, limits.localWatchMs);
  }

  /** In its turn, unless another one has been started meanwhile. A journal that cannot be written tells that itself. */
  #hasEnded(identity: ProcessIdentity, exit: Exit): void {
    const told = this.#next(async () => {
      if (this.#identity === identity) await this.#ended(exit);
    });
    told.catch(() => {});
  }

  /** It ended by itself: written down, and started again as the policy says. */
  async #ended(exit: Exit): Promise<void> {
    this.#rest();
    if (this.#isClosed) return;
    this.#s.journal.append({ kind: 'ended', name: this.#wish.Name, nth: this.#nth, exit });
    if (Date.now() - this.#startedAtMs >= limits.localSteadyMs) this.#failures = 0;
    this.replayEnded(exit);
    await this.#endLeft();
    if (this.#isOver || this.#wish.State === 'stopped') return;
    const delayMs = Math.min(limits.localBackoffMs * 2 ** this.#failures++, limits.localBackoffMaxMs);
    this.#timer = setTimeout(() => {
      void this.#next(() => this.#fit()).catch((e: unknown) => {
        // Such as a folder that is gone: tried again when somebody asks for it.
        this.#isOver = true;
        this.#exit = { message: e instanceof Error ? e.message : String(e) };
      });
    }, delayMs);
  }

  async #end(): Promise<void> {
    this.#rest();
    const identity = this.#identity;
    if (identity === undefined) return this.#endLeft();
    const wasRunning = isAlive(identity);
    await this.#endAll(identity, this.#wish.StopSeconds * 1_000);
    this.#identity = undefined;
    if (!wasRunning) return;
    const exit: Exit = { message: 'stopped' };
    this.#s.journal.append({ kind: 'ended', name: this.#wish.Name, nth: this.#nth, exit });
    this.#exit = exit;
  }

  /** What is still there of earlier ones: nobody waits for it. */
  #endLeft(): Promise<void> {
    return this.#endAll(undefined, 0);
  }

  async #endAll(leader: ProcessIdentity | undefined, patienceMs: number): Promise<void> {
    const sinceMs = Date.now();
    // A group is looked up by its leader, which may end first: who was in it is known by the mark, or from the first look.
    const first = membersOf(this.#mark, leader);
    const known = first.flatMap((pid) => identify(pid) ?? []);
    if (patienceMs > 0) signal(first, 'SIGTERM');
    for (;;) {
      const still = known.filter(isAlive).map(({ pid }) => pid);
      const left = [...new Set([...still, ...membersOf(this.#mark, leader)])];
      if (left.length === 0) return;
      const passedMs = Date.now() - sinceMs;
      if (passedMs >= patienceMs) signal(left, 'SIGKILL');
      if (passedMs > patienceMs + limits.localKillMs)
        throw new Refused('system_refused', `processes of ${this.#wish.Name} do not end: ${left.join(', ')}`, {
          path: this.#wish.Name,
          got: left,
          hint: 'look at why the machine does not let them end, then try again',
        });
      await wait(20);
    }
  }
}

/** A process of which is not known how it ended counts as failed. */
function isStartedAgain({ Restart }: ProcessWish, { code }: Exit): boolean {
  return Restart === 'always' || (Restart === 'on-failure' && code !== 0);
}
