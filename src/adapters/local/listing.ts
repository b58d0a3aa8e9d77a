// What there is, by pages: the paths below the root in the order of their texts, and what a page holds of them. What is there
// and cannot be told is named in its place with the reason, so that nobody takes a list for whole that is not. Symbolic links,
// and what is neither directory nor file, are no resources and are passed by.

import { type Dirent, readdirSync } from 'node:fs';
import { compareText } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import { type BelowRoot, below, ownPrefix, parsePath } from './below_root.ts';
import { Refused } from './refused.ts';

/** Something that is there, by its path or name. */
export interface Found {
  readonly id: string;
  /** Why it is not listed, with its name; a path that ends with `/` is what is in the directory. */
  readonly why?: string;
}

export interface ListedPage<T> {
  readonly items: readonly { readonly id: string; readonly resource: T }[];
  readonly passedBy: readonly { readonly id: string; readonly why: string }[];
  readonly cursor?: string;
}

export interface PageAsk {
  /** Lists what lies below this directory; the root's where it is empty. */
  readonly below: string;
  readonly cursor: string | undefined;
  readonly limit: number;
}

/** All directories or files below `from`, in order. Refuses `limit_exceeded` where that is more than is looked at. */
export function pathsBelow(root: BelowRoot, kind: 'directory' | 'file', from: string): Found[] {
  root.folder(from, () => {});
  const out: Found[] = [];
  let seen = 0;
  const folders = [from];
  for (let at = folders.pop(); at !== undefined; at = folders.pop()) {
    const entries = entriesOf(root, at);
    if (typeof entries === 'string') out.push({ id: `${at}/`, why: entries });
    else
      for (const entry of entries) {
        if (entry.name.startsWith(ownPrefix)) continue;
        if (++seen > limits.localEntriesMax) throw tooMany(from);
        const found = foundAt(at === '' ? entry.name : `${at}/${entry.name}`);
        const isFolder = entry.isDirectory();
        // What is in a directory that cannot be named cannot be named either.
        if (isFolder && found.why === undefined) folders.push(found.id);
        const isAsked = kind === 'directory' ? isFolder : entry.isFile();
        if (isAsked || (isFolder && found.why !== undefined)) out.push(found);
      }
  }
  return out.sort((a, b) => compareText(a.id, b.id));
}

function foundAt(path: string): Found {
  try {
    parsePath(path);
    return { id: path };
  } catch (e) {
    if (e instanceof Refused) return { id: path, why: e.message };
    throw e;
  }
}

function tooMany(from: string): Refused {
  return new Refused('limit_exceeded', `there is more below ${from === '' ? 'the root' : from} than is listed`, {
    path: from,
    expected: `at most ${limits.localEntriesMax} directories and files`,
    got: 'more',
    hint: 'list what is below one of its directories',
  });
}

/** A text: why it cannot be looked into. */
function entriesOf(root: BelowRoot, path: string): Dirent[] | string {
  try {
    return root.folder(path, (folder) => readdirSync(below(folder, '.'), { withFileTypes: true }));
  } catch (e) {
    if (e instanceof Refused) return e.code === 'system_refused' ? e.message : [];
    const { code } = e as NodeJS.ErrnoException;
    if (typeof code !== 'string') throw e;
    // Gone since its name was read.
    return code === 'ENOENT' ? [] : `looking into ${path} failed: ${code}`;
  }
}

/** What follows the cursor, as far as a page holds it; `read` answers undefined for what is gone. */
export async function pageOf<T>(
  all: readonly Found[],
  { cursor, limit }: PageAsk,
  read: (id: string) => Promise<T | undefined>,
): Promise<ListedPage<T>> {
  const rest = cursor === undefined ? all : all.filter(({ id }) => compareText(id, cursor) > 0);
  const items: { readonly id: string; readonly resource: T }[] = [];
  const passedBy: { readonly id: string; readonly why: string }[] = [];
  let bytes = 0;
  let last: string | undefined;
  // A few at once: one that is asked whether it is well may let everybody wait.
  for (let from = 0; from < Math.min(rest.length, limit); from += limits.localReadAtOnceMax) {
    const some = rest.slice(from, Math.min(from + limits.localReadAtOnceMax, limit));
    for (const { id, ...told } of await Promise.all(some.map((found) => lookAt(found, read)))) {
      if (bytes > 0 && bytes + told.bytes > limits.localPageBytesMax) return { items, passedBy, cursor: last! };
      bytes += told.bytes;
      last = id;
      if (told.why !== undefined) passedBy.push({ id, why: told.why });
      else if (told.resource !== undefined) items.push({ id, resource: told.resource });
    }
  }
  return rest.length > limit ? { items, passedBy, cursor: last! } : { items, passedBy };
}

interface Looked<T> extends Found {
  /** undefined, where nothing says why: it is gone. */
  readonly resource?: T | undefined;
  /** As JSON. */
  readonly bytes: number;
}

async function lookAt<T>({ id, why }: Found, read: (id: string) => Promise<T | undefined>): Promise<Looked<T>> {
  if (why !== undefined) return { id, why, bytes: 0 };
  try {
    const resource = await read(id);
    // A name that is no text is not found by what was made of it.
    if (resource === undefined)
      return id.includes('\ufffd')
        ? { id, why: `the name ${JSON.stringify(id)} is no text`, bytes: 0 }
        : { id, bytes: 0 };
    const bytes = Buffer.byteLength(JSON.stringify(resource));
    if (bytes <= limits.localPageBytesMax) return { id, resource, bytes };
    return { id, why: `${id} takes ${bytes} bytes, and a page holds ${limits.localPageBytesMax}`, bytes: 0 };
  } catch (e) {
    if (e instanceof Refused) return { id, why: e.message, bytes: 0 };
    throw e;
  }
}
