// The journal of the local agent: a line of JSON an entry, numbered from 1, synced before anything that follows from it is done
// or answered. A last line that is torn was never acted on and is cut off at opening; damage before it is a fault.
// What it came to is in memory; a journal that has grown long is written anew, short, when it is opened.

import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { limits } from '../../base/limits.ts';
import { type NumberedLine, readNumberedLines } from '../../base/numbered_lines.ts';
import { Fault } from '../../base/result.ts';
import type { Encoding, ProcessWish } from './wish.ts';

/** 1: the first. */
const journalFormat = 1;

/** Which process of the machine: its id is used again, with another time of start. */
export interface ProcessIdentity {
  readonly pid: number;
  /** In ticks since the machine was started. */
  readonly startTicks: number;
  readonly boot: string;
}

export type Entry =
  | { readonly kind: 'opened'; readonly format: number }
  /** A directory or file is about to be made, changed or removed. */
  | {
      readonly kind: 'begun';
      readonly effect: 'create' | 'update' | 'destroy';
      readonly of: 'directory' | 'file';
      readonly id: string;
      readonly key?: string;
      /** Of what was asked. */
      readonly digest?: string;
      readonly encoding?: Encoding;
    }
  /** The effect of the entry of that number has happened, or was refused by the system. */
  | { readonly kind: 'done' | 'refused'; readonly begun: number }
  /** What a process is to be from now on. */
  | { readonly kind: 'defined'; readonly wish: ProcessWish; readonly key?: string; readonly digest?: string }
  /** It is about to be started for the n-th time, was, has ended, and is no more. */
  | { readonly kind: 'starting'; readonly name: string; readonly nth: number }
  | { readonly kind: 'started'; readonly name: string; readonly nth: number; readonly process: ProcessIdentity }
  | { readonly kind: 'ended'; readonly name: string; readonly nth: number; readonly exit: Exit }
  | { readonly kind: 'removing' | 'removed'; readonly name: string };

/** How a process ended, as far as it is known. */
export interface Exit {
  readonly code?: number | null;
  readonly signal?: string | null;
  readonly message?: string;
}

export type Numbered = NumberedLine<Entry>;

export class Journal {
  readonly path: string;
  #file: number;
  #bytes: number;
  #next: number;
  #failure: Fault | undefined;
  #tellFailure!: (fault: Fault) => void;
  /** Comes when it can't be written any more. */
  readonly failed = new Promise<Fault>((resolve) => {
    this.#tellFailure = resolve;
  });

  private constructor(path: string, file: number, bytes: number, next: number) {
    this.path = path;
    this.#file = file;
    this.#bytes = bytes;
    this.#next = next;
  }

  /** Opens or makes it; `replay` gets every entry in order. Faults: `store_failed`, `store_damaged`, `store_version`. */
  static open(path: string, replay: (entry: Numbered) => void): Journal {
    return reading(path, () => {
      const file = openSync(path, 'a+', 0o600);
      const bytes = readFileSync(path);
      const { entries, end } = readNumberedLines<Entry>(bytes, { path, format: journalFormat, decode });
      if (end < bytes.length) truncateSync(path, end);
      for (const entry of entries) replay(entry);
      const journal = new Journal(path, file, end, entries.length + 1);
      if (entries.length === 0) journal.append({ kind: 'opened', format: journalFormat });
      fsyncSync(file);
      syncFolder(dirname(path));
      return journal;
    });
  }

  /** Is it so long that `rewrite` is worth it? */
  get isLong(): boolean {
    return this.#bytes > limits.localJournalBytesMax;
  }

  /** Puts these in the place of all entries. */
  rewrite(entries: readonly Entry[]): void {
    reading(this.path, () => {
      const lines = [{ kind: 'opened', format: journalFormat } as const, ...entries].map(lineOf).join('');
      const beside = `${this.path}.new`;
      writeFileSync(beside, lines, { mode: 0o600, flush: true });
      renameSync(beside, this.path);
      syncFolder(dirname(this.path));
      closeSync(this.#file);
      this.#file = openSync(this.path, 'a+');
      this.#bytes = Buffer.byteLength(lines);
      this.#next = entries.length + 2;
    });
  }

  /** Durable when it answers; answers its number. Fault `store_failed`, from then on for every call. */
  append(entry: Entry): number {
    if (this.#failure !== undefined) throw this.#failure;
    const number = this.#next;
    try {
      if (fstatSync(this.#file).size !== this.#bytes) throw new Error('another process has written to it');
      const line = Buffer.from(lineOf(entry, number - 1), 'utf8');
      for (let at = 0; at < line.length; ) at += writeSync(this.#file, line, at);
      fdatasyncSync(this.#file);
      this.#bytes += line.length;
    } catch (e) {
      // What it holds is not known any more, so nothing that would follow from it may be done.
      this.#failure = failed(this.path, e);
      this.#tellFailure(this.#failure);
      throw this.#failure;
    }
    this.#next++;
    return number;
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** `index`: entries before it. */
function lineOf(entry: Entry, index: number): string {
  return `${JSON.stringify({ number: index + 1, ...entry })}\n`;
}

function reading<T>(path: string, body: () => T): T {
  try {
    return body();
  } catch (e) {
    throw e instanceof Fault ? e : failed(path, e);
  }
}

function syncFolder(folder: string): void {
  const opened = openSync(folder, 'r');
  try {
    fsyncSync(opened);
  } finally {
    closeSync(opened);
  }
}

const decode = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

function failed(path: string, cause: unknown): Fault {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new Fault('store_failed', `${path} cannot be read or written: ${why}`, { path }, { cause });
}
