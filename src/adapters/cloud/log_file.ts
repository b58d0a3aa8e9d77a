// The cloud's journal as a file: a line of JSON an entry, numbered from 1, only ever appended to. An entry is durable
// before anything that follows from it is answered; entries of requests that come together share one write and one sync.
// One process writes it at a time; one that finds what another has written stops before it writes again.
// A last line that is torn was never answered for and is cut off when the file is opened; damage before it is a fault.

import { readFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { readNumberedLines } from '../../base/numbered_lines.ts';
import { Fault } from '../../base/result.ts';
import { type Entry, journalFormat } from './entry.ts';

export class LogFile {
  readonly path: string;
  readonly #file: FileHandle;
  #nextNumber: number;
  #durableBytes: number;
  #durableNumber: number;
  #pending: string[] = [];
  #writing: Promise<void> | undefined;
  #failure: Fault | undefined;
  #tellFailure!: (fault: Fault) => void;
  /** Comes when the file can't be written any more. */
  readonly failed = new Promise<Fault>((resolve) => {
    this.#tellFailure = resolve;
  });

  private constructor(path: string, file: FileHandle, bytes: number, nextNumber: number) {
    this.path = path;
    this.#file = file;
    this.#durableBytes = bytes;
    this.#nextNumber = nextNumber;
    this.#durableNumber = nextNumber - 1;
  }

  /**
   * Opens or makes the file and gives its entries, each once and in order, to `replay`. Faults: `store_failed`,
   * `store_damaged`, `store_version`.
   */
  static async open(path: string, replay: (entry: Entry) => void): Promise<LogFile> {
    const file = await open(path, 'a+', 0o600).catch((e: unknown) => Promise.reject(failed(path, e)));
    try {
      if (!(await file.stat()).isFile()) throw new Error('it is no regular file');
      const bytes = readFileSync(path);
      const { entries, end } = readNumberedLines<Entry>(bytes, { path, format: journalFormat, decode });
      if (end < bytes.length) await file.truncate(end);
      for (const entry of entries) replay(entry);
      const log = new LogFile(path, file, end, entries.length + 1);
      if (entries.length === 0) {
        log.append({ kind: 'opened', format: journalFormat });
        await log.durable();
        await syncFolder(path);
      } else await file.sync();
      return log;
    } catch (e) {
      await file.close();
      throw e instanceof Fault ? e : failed(path, e);
    }
  }

  /** Appends an entry: durable once a `durable` asked for afterwards has come. */
  append(entry: Entry): void {
    this.#pending.push(`${JSON.stringify({ number: this.#nextNumber++, ...entry })}\n`);
  }

  /** Comes when everything appended so far is on the disk. Fault `store_failed`, from then on for every call. */
  async durable(): Promise<void> {
    const newest = this.#nextNumber - 1;
    // A write that is under way may have begun before the newest entry was appended.
    while (this.#durableNumber < newest) {
      if (this.#failure !== undefined) throw this.#failure;
      this.#writing ??= this.#write().finally(() => {
        this.#writing = undefined;
      });
      await this.#writing;
    }
  }

  /** Has what was appended written soon; whether that failed is told by `failed`. */
  flush(): void {
    this.durable().catch(this.#tellFailure);
  }

  async #write(): Promise<void> {
    const text = Buffer.from(this.#pending.join(''), 'utf8');
    const newest = this.#nextNumber - 1;
    this.#pending = [];
    try {
      const { size } = await this.#file.stat();
      if (size !== this.#durableBytes) throw new Error('another process has written to it');
      for (let written = 0; written < text.length; )
        written += (await this.#file.write(text, written, text.length - written)).bytesWritten;
      await this.#file.datasync();
      this.#durableBytes += text.length;
      this.#durableNumber = newest;
    } catch (e) {
      // What is in memory is ahead of the disk now: nothing that follows from it may be answered any more.
      this.#failure = failed(this.path, e);
      this.#tellFailure(this.#failure);
      throw this.#failure;
    }
  }

  /** The durable part of the file, as it is. */
  async read(): Promise<string> {
    const bytes = Buffer.alloc(this.#durableBytes);
    let done = 0;
    while (done < bytes.length) {
      const { bytesRead } = await this.#file.read(bytes, done, bytes.length - done, done);
      if (bytesRead === 0) throw new Fault('store_damaged', `${this.path} is shorter than what was written to it`);
      done += bytesRead;
    }
    return bytes.toString('utf8');
  }

  async close(): Promise<void> {
    try {
      await this.durable();
    } finally {
      await this.#file.close();
    }
  }
}

const decode = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

function failed(path: string, cause: unknown): Fault {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new Fault('store_failed', `${path} cannot be read or written: ${why}`, { path }, { cause });
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
