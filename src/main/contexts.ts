// Servers that the command line knows, by a name: address, token, workspace. Kept in one file of the person's own, readable by
// nobody else because tokens are in it, and replaced whole, so that a crash leaves the old one or the new one.

import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { isObject } from '../base/json.ts';
import { Fault } from '../base/result.ts';
import type { ContextLine, Contexts } from '../surfaces/cli/contexts.ts';

/** 1: first. */
const format = 1;

interface Document {
  readonly format: number;
  readonly current: string | null;
  readonly contexts: { readonly [name: string]: Omit<ContextLine, 'name'> };
}

function file(): string {
  const { HEADWATER_CONTEXTS: given, XDG_CONFIG_HOME: config } = process.env;
  return given ?? join(config ?? join(homedir(), '.config'), 'headwater', 'contexts.json');
}

function read(): Document {
  const path = file();
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ENOENT') return { format, current: null, contexts: {} };
    throw unreadable(path, (e as Error).message, e);
  }
  try {
    const document: unknown = JSON.parse(text);
    if (isObject(document) && document['format'] === format && isObject(document['contexts']))
      return document as unknown as Document;
  } catch (e) {
    throw unreadable(path, (e as Error).message, e);
  }
  throw unreadable(path, `it is no list of servers of format ${format}`);
}

function write(document: Document): void {
  const path = file();
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const next = `${path}.${process.pid}`;
    writeFileSync(next, `${JSON.stringify(document, null, 2)}\n`, { mode: 0o600, flush: true });
    chmodSync(next, 0o600);
    renameSync(next, path);
  } catch (e) {
    throw unreadable(path, (e as Error).message, e);
  }
}

function unreadable(path: string, why: string, cause?: unknown): Fault {
  return new Fault('contexts_unreadable', `${path}: ${why}`, undefined, { cause });
}

export const contexts: Contexts = {
  list: () => {
    const { current, contexts: all } = read();
    const names = Object.keys(all).sort();
    return { current, contexts: names.map((name) => ({ name, ...all[name]! })) };
  },
  put: ({ name, ...more }) => {
    const before = read();
    write({ format, current: name, contexts: { ...before.contexts, [name]: more } });
  },
  use: (name) => write({ ...read(), current: name }),
  remove: (name) => {
    const { current, contexts: all } = read();
    const { [name]: gone, ...left } = all;
    if (gone === undefined) return false;
    write({ format, current: current === name ? null : current, contexts: left });
    return true;
  },
};
