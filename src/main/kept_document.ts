// Small JSON documents that a person may write by hand as well as by a command: what runs may reach, pools, servers that are
// known. Read when they are asked for; there whole or as they were before.

import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { FaultCode } from '../base/codes.ts';
import { isObject, type Json, type JsonObject } from '../base/json.ts';
import { Fault } from '../base/result.ts';

export class KeptDocument {
  readonly #file: string;
  readonly #format: number;
  readonly #code: FaultCode;

  /** `format`: the one that is read and written; `code`: of the faults. */
  constructor(file: string, { format, code }: { readonly format: number; readonly code: FaultCode }) {
    this.#file = file;
    this.#format = format;
    this.#code = code;
  }

  /** Undefined: there is none. */
  read(): JsonObject | undefined {
    let text: string;
    try {
      text = readFileSync(this.#file, 'utf8');
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw this.unreadable((e as Error).message, e);
    }
    let document: Json;
    try {
      document = JSON.parse(text) as Json;
    } catch (e) {
      throw this.unreadable('it is not JSON', e);
    }
    if (!isObject(document) || document['format'] !== this.#format)
      throw this.unreadable(`its format is not ${this.#format}`);
    return document;
  }

  /** Readable by its owner alone, on the disk when it is there. */
  write(members: object): void {
    const next = `${this.#file}.${process.pid}`;
    try {
      mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
      const text = `${JSON.stringify({ format: this.#format, ...members }, null, 2)}\n`;
      writeFileSync(next, text, { mode: 0o600, flush: true });
      renameSync(next, this.#file);
    } catch (e) {
      rmSync(next, { force: true });
      throw this.unreadable((e as Error).message, e);
    }
  }

  unreadable(why: string, cause?: unknown): Fault {
    return new Fault(this.#code, `${this.#file}: ${why}`, undefined, { cause });
  }
}
