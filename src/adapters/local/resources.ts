// The resources of the local agent: created once for each key, made what is wanted, looked at, removed and listed. What is
// about to be done is in the journal before it is done. Directories and files are what lies there, whoever made them;
// processes are those that the agent was asked for.

import { createHash } from 'node:crypto';
import { closeSync, fstatSync, readSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { canonical, compareText, type Json } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import { type BelowRoot, missing, ownPrefix } from './below_root.ts';
import type { Journal, Numbered } from './journal.ts';
import { type ListedPage, type PageAsk, pageOf, pathsBelow } from './listing.ts';
import { Refused } from './refused.ts';
import { Supervised, type Surroundings } from './supervised.ts';
import * as tree from './tree.ts';
import {
  type DirectoryWish,
  type Encoding,
  type FileWish,
  idOf,
  isProcessName,
  malformed,
  type ProcessWish,
  parseWish,
  type ResourceKind,
} from './wish.ts';

/** A process as it is now. */
interface ProcessNow extends Omit<ProcessWish, 'Environment' | 'Triggers'> {
  readonly Status: string;
  readonly Pid: number | null;
  /** Times that it was started again. */
  readonly Restarts: number;
  /** How it ended the last time; empty: it has not. */
  readonly Exit: string;
  /** null: nobody can tell. */
  readonly Healthy: boolean | null;
}

export type Now = tree.DirectoryNow | tree.FileNow | ProcessNow;

export interface Made {
  readonly id: string;
  /** false: the key was used for it before. */
  readonly made: boolean;
  /** null: it is gone since. */
  readonly resource: Now | null;
}

interface Key {
  readonly of: ResourceKind;
  readonly id: string;
  readonly digest: string;
  isDone: boolean;
}

type Begun = Extract<Numbered, { kind: 'begun' }>;
type TreeWish = DirectoryWish | FileWish;

export interface ResourcesOptions extends Omit<Surroundings, 'journal'> {
  openJournal(replay: (entry: Numbered) => void): Journal;
  /** Takes away the log that `openOwnLog` made. */
  dropOwnLog(name: string): void;
}

export class Resources {
  readonly journal: Journal;
  readonly #o: ResourcesOptions;
  readonly #root: BelowRoot;
  readonly #keys = new Map<string, Key>();
  /** How the content of files was given, where that was not as text. */
  readonly #encodings = new Map<string, Encoding>();
  readonly #processes = new Map<string, Supervised>();
  readonly #removing = new Set<string>();
  readonly #begun = new Map<number, Begun>();
  readonly #surroundings: Surroundings;

  /** Faults: those of the journal. Nothing runs until `resume`. */
  constructor(options: ResourcesOptions) {
    this.#o = options;
    this.#root = options.root;
    const replayed: Numbered[] = [];
    this.journal = options.openJournal((entry) => replayed.push(entry));
    this.#surroundings = { ...options, journal: this.journal };
    for (const entry of replayed) this.#replay(entry);
  }

  /** Cleans up behind a killed agent and takes over its processes. */
  async resume(): Promise<void> {
    for (const { number, id, of } of this.#begun.values())
      if (of === 'file') tree.dropUnfinished(this.#root, id, nameBeside(number));
    this.#begun.clear();
    if (this.journal.isLong) this.#shorten();
    for (const name of this.#removing) await this.#remove(name);
    // One that cannot be started now, as its folder is gone, keeps no other from starting.
    await Promise.allSettled([...this.#processes.values()].map((p) => p.resume()));
  }

  async create(kind: ResourceKind, key: unknown, desired: unknown): Promise<Made> {
    if (typeof key !== 'string' || key === '' || key.length > limits.idempotencyKeyCharsMax)
      throw malformed('/key', `a text of 1 to ${limits.idempotencyKeyCharsMax} characters`, key);
    const wish = parseWish(kind, desired);
    const id = idOf(kind, wish);
    const digest = digestOf(kind, wish);
    const known = this.#keys.get(key);
    if (known !== undefined && known.digest !== digest)
      throw new Refused('key_reused', `the key was used for another request`, {
        path: '/key',
        expected: `what was asked for ${known.of} ${known.id}`,
        got: id,
        hint: 'use a new key for a new request',
      });
    if (known?.isDone === true) return { id, made: false, resource: await this.#find(kind, id) };
    const used: Key = { of: kind, id, digest, isDone: false };
    const made =
      kind === 'process'
        ? await this.#createProcess(wish as ProcessWish, key, used)
        : this.#createInTree(kind, wish as TreeWish, { key, used, isAgain: known !== undefined });
    return { id, made, resource: await this.#find(kind, id) };
  }

  async put(kind: ResourceKind, id: string, desired: unknown): Promise<Now> {
    const wish = parseWish(kind, desired);
    if (idOf(kind, wish) !== id)
      throw malformed(kind === 'process' ? '/desired/Name' : '/desired/Path', JSON.stringify(id), idOf(kind, wish));
    if (kind === 'process') await this.#putProcess(wish as ProcessWish);
    else if (!this.#isSo(kind, wish as TreeWish)) this.#inTree('update', kind, wish as TreeWish);
    return this.read(kind, id);
  }

  async read(kind: ResourceKind, id: string): Promise<Now> {
    if (kind === 'directory') return tree.readDirectory(this.#root, id);
    if (kind === 'file') return tree.readFile(this.#root, id, this.#encodings.get(id));
    const process = this.#processOf(id);
    // What it came to is told once it is written down.
    for (let waitedMs = 0; process.isUnnoticed && waitedMs < limits.localNoticeMs; waitedMs += noticeMs)
      await wait(noticeMs);
    return processNow(process);
  }

  /** `output`: the end of what a process printed; its log goes with it. */
  async remove(kind: ResourceKind, id: string): Promise<{ readonly output?: string }> {
    if (kind === 'process') {
      const output = this.#outputOf(this.#processOf(id).wish);
      this.journal.append({ kind: 'removing', name: id });
      await this.#remove(id);
      return { output };
    }
    const found = tree.kindAt(this.#root, id);
    if (found === undefined) throw missing(id);
    this.#doing({ kind: 'begun', effect: 'destroy', of: kind, id }, () => tree.remove(this.#root, kind, id));
    this.#encodings.delete(id);
    return {};
  }

  list(kind: ResourceKind, ask: PageAsk): Promise<ListedPage<Now>> {
    const all =
      kind === 'process'
        ? [...this.#processes.keys()].sort(compareText).map((id) => ({ id }))
        : pathsBelow(this.#root, kind, ask.below);
    return pageOf(all, ask, async (id) => (await this.#find(kind, id)) ?? undefined);
  }

  /** Lets go of the processes; they run on. */
  async close(): Promise<void> {
    await Promise.all([...this.#processes.values()].map((p) => p.close()));
    this.journal.close();
  }

  async #find(kind: ResourceKind, id: string): Promise<Now | null> {
    try {
      return await this.read(kind, id);
    } catch (e) {
      if (e instanceof Refused && (e.code === 'not_found' || e.code === 'other_kind' || e.code === 'path_refused'))
        return null;
      throw e;
    }
  }

  // Directories and files

  #createInTree(
    kind: 'directory' | 'file',
    wish: TreeWish,
    { key, used, isAgain }: { key: string; used: Key; isAgain: boolean },
  ): boolean {
    // What a killed agent had made and not yet answered for is there as it was asked for.
    if (isAgain && this.#isSo(kind, wish)) {
      this.#keys.set(key, { ...used, isDone: true });
      this.#doing({ kind: 'begun', effect: 'create', of: kind, id: used.id, key, digest: used.digest }, () => {});
      return false;
    }
    this.#inTree('create', kind, wish, { key, digest: used.digest });
    this.#keys.set(key, { ...used, isDone: true });
    return true;
  }

  /** Is it there, and as it is wanted? */
  #isSo(kind: 'directory' | 'file', wish: TreeWish): boolean {
    if (tree.kindAt(this.#root, wish.Path) !== kind) return false;
    if (kind === 'directory') return tree.readDirectory(this.#root, wish.Path).Mode === wish.Mode;
    const { Content, Encoding, Mode } = wish as FileWish;
    const now = tree.readFile(this.#root, wish.Path, Encoding);
    return now.Content === Content && now.Encoding === Encoding && now.Mode === Mode;
  }

  #inTree(
    effect: 'create' | 'update',
    of: 'directory' | 'file',
    wish: TreeWish,
    key: { key?: string; digest?: string } = {},
  ): void {
    const id = wish.Path;
    const isNew = effect === 'create';
    // Refused before anything is written down, where that can be told.
    if (isNew && tree.kindAt(this.#root, id) !== undefined) throw tree.taken(id);
    this.#root.at(id, () => {});
    const encoding = of === 'file' ? { encoding: (wish as FileWish).Encoding } : {};
    this.#doing({ kind: 'begun', effect, of, id, ...encoding, ...key }, (number) => {
      if (of === 'file') tree.writeFile(this.#root, wish as FileWish, { beside: nameBeside(number), isNew });
      else if (isNew) tree.makeDirectory(this.#root, wish);
      else tree.putDirectory(this.#root, wish);
    });
    if (of === 'file') this.#encodings.set(id, (wish as FileWish).Encoding);
  }

  /** Writes down that it begins, does it, and writes down what became of it. */
  #doing(entry: Omit<Begun, 'number'>, body: (number: number) => void): void {
    const number = this.journal.append(entry);
    try {
      body(number);
    } catch (e) {
      this.journal.append({ kind: 'refused', begun: number });
      throw e;
    }
    this.journal.append({ kind: 'done', begun: number });
  }

  // Processes

  #processOf(name: string): Supervised {
    const found = this.#processes.get(name);
    if (found !== undefined && !this.#removing.has(name)) return found;
    throw new Refused('not_found', `there is no process ${JSON.stringify(name)}`, { path: name, got: 'nothing' });
  }

  async #createProcess(wish: ProcessWish, key: string, used: Key): Promise<boolean> {
    const { Name } = wish;
    if (this.#processes.has(Name))
      throw new Refused('already_exists', `there is a process ${Name} already`, {
        path: Name,
        expected: 'no process of that name',
        hint: 'import it, or choose another name',
      });
    this.#assertStartable(wish);
    if (this.#processes.size >= limits.localProcessesMax)
      throw new Refused('limit_exceeded', 'the agent has as many processes as it supervises', {
        path: Name,
        expected: `at most ${limits.localProcessesMax}`,
      });
    this.journal.append({ kind: 'defined', wish, key, digest: used.digest });
    this.#keys.set(key, { ...used, isDone: true });
    const process = new Supervised(wish, this.#surroundings);
    this.#processes.set(Name, process);
    try {
      await process.change(wish);
    } catch (e) {
      if (process.starts === 0) {
        this.journal.append({ kind: 'removed', name: Name });
        this.#forget(Name);
      }
      throw e;
    }
    return true;
  }

  async #putProcess(wish: ProcessWish): Promise<void> {
    this.#assertStartable(wish);
    const process = this.#processOf(wish.Name);
    this.journal.append({ kind: 'defined', wish });
    await process.change(wish);
  }

  #assertStartable({ Command, Folder, LogFile }: ProcessWish): void {
    this.#o.programOf(Command);
    this.#root.folder(Folder, () => {});
    if (LogFile !== '') this.#root.at(LogFile, () => {});
  }

  async #remove(name: string): Promise<void> {
    this.#removing.add(name);
    const process = this.#processes.get(name);
    await process?.stop();
    const log = process?.wish.LogFile ?? '';
    if (log === '') this.#o.dropOwnLog(name);
    else if (tree.kindAt(this.#root, log) === 'file') tree.remove(this.#root, 'file', log);
    this.journal.append({ kind: 'removed', name });
    this.#forget(name);
  }

  #outputOf({ Name, LogFile }: ProcessWish): string {
    const log = LogFile === '' ? this.#o.openOwnLog(Name) : tree.openToRead(this.#root, LogFile);
    if (log === undefined) return '';
    try {
      const { size } = fstatSync(log);
      const bytes = Buffer.alloc(Math.min(size, limits.localOutputBytesMax));
      readSync(log, bytes, 0, bytes.length, size - bytes.length);
      return bytes.toString('utf8').trim();
    } finally {
      closeSync(log);
    }
  }

  #forget(name: string): void {
    this.#processes.delete(name);
    this.#removing.delete(name);
    for (const [key, { of, id }] of this.#keys) if (of === 'process' && id === name) this.#keys.delete(key);
  }

  // The journal

  #replay(entry: Numbered): void {
    switch (entry.kind) {
      case 'opened':
        return;
      case 'begun': {
        const { of, id, key, digest, encoding } = entry;
        this.#begun.set(entry.number, entry);
        if (key !== undefined && digest !== undefined) this.#keys.set(key, { of, id, digest, isDone: false });
        if (encoding !== undefined) this.#encodings.set(id, encoding);
        return;
      }
      case 'done':
      case 'refused':
        this.#replayOutcome(entry.kind, this.#begun.get(entry.begun)!);
        return;
      case 'defined': {
        const { wish, key, digest } = entry;
        const known = this.#processes.get(wish.Name);
        if (known !== undefined) known.replayDefined(wish);
        else this.#processes.set(wish.Name, new Supervised(wish, this.#surroundings));
        if (key !== undefined && digest !== undefined)
          this.#keys.set(key, { of: 'process', id: wish.Name, digest, isDone: true });
        return;
      }
      case 'starting':
        this.#processes.get(entry.name)!.replayStarting(entry.nth);
        return;
      case 'started':
        this.#processes.get(entry.name)!.replayStarted(entry.process);
        return;
      case 'ended':
        this.#processes.get(entry.name)!.replayEnded(entry.exit);
        return;
      case 'removing':
        this.#removing.add(entry.name);
        return;
      case 'removed':
        this.#forget(entry.name);
        return;
    }
  }

  #replayOutcome(outcome: 'done' | 'refused', { number, key, effect, id }: Begun): void {
    this.#begun.delete(number);
    const used = key === undefined ? undefined : this.#keys.get(key);
    if (outcome === 'refused' && key !== undefined) this.#keys.delete(key);
    else if (used !== undefined) used.isDone = true;
    if (outcome === 'done' && effect === 'destroy') this.#encodings.delete(id);
  }

  /** A short journal that says the same. Keys of what is gone are not kept. */
  #shorten(): void {
    const entries: Parameters<Journal['rewrite']>[0][number][] = [];
    const keyOf = new Map<string, { key: string; digest: string }>();
    for (const [key, { of, id, digest, isDone }] of this.#keys) {
      if (of === 'process') keyOf.set(id, { key, digest });
      else if (isDone && tree.kindAt(this.#root, id) === of) {
        const encoding = of === 'file' ? { encoding: this.#encodings.get(id) ?? 'utf8' } : {};
        entries.push({ kind: 'begun', effect: 'create', of, id, key, digest, ...encoding });
        // Entries are numbered from 1, behind the one that opens the file.
        entries.push({ kind: 'done', begun: entries.length + 1 });
      }
    }
    for (const [name, process] of this.#processes) entries.push(...process.entries(keyOf.get(name) ?? {}));
    for (const name of this.#removing) entries.push({ kind: 'removing', name });
    this.journal.rewrite(entries);
  }
}

const noticeMs = 10;

const nameBeside = (number: number): string => `${ownPrefix}${number}.new`;

function digestOf(kind: ResourceKind, wish: object): string {
  return createHash('sha256')
    .update(canonical({ kind, wish: wish as Json }))
    .digest('hex');
}

async function processNow(process: Supervised): Promise<ProcessNow> {
  const { Environment: _kept, Triggers: _too, ...wish } = process.wish;
  const isRunning = process.isRunning;
  const { code, signal, message } = process.exit;
  return {
    ...wish,
    State: isRunning ? 'running' : 'stopped',
    Status: process.status,
    Pid: process.pid ?? null,
    Restarts: Math.max(0, process.starts - 1),
    Exit: message ?? (signal == null ? (code == null ? '' : `exit code ${code}`) : signal),
    Healthy: wish.HealthUrl === '' ? null : isRunning && (await isWell(wish.HealthUrl)),
  };
}

async function isWell(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(limits.localHealthMs) });
    await answer.body?.cancel();
    return answer.status < 400;
  } catch {
    return false;
  }
}

/** The id in the path of a request. */
export function assertId(kind: ResourceKind, id: string): string {
  if (kind === 'process' && !isProcessName(id)) throw malformed('/id', 'the name of a process', id);
  return id;
}
