// Paths below the root of the local agent. Each is walked folder by folder, every folder opened from the one before it and
// no symbolic link followed, so that nobody who moves folders about meanwhile leads it elsewhere. What is done at the end is
// done in the folder that is held open. It takes /proc of Linux to name what is below an open folder.

import { closeSync, constants, lstatSync, openSync, realpathSync, statSync } from 'node:fs';
import { limits } from '../../base/limits.ts';
import { Fault } from '../../base/result.ts';
import { Refused, systemRefused } from './refused.ts';

/** Names that begin so are the agent's own, such as those of files that are being written. */
export const ownPrefix = '.headwater-';

/** The last name of a path, in its folder. */
export interface Place {
  /** Of the folder, open as long as the place is used. */
  readonly folder: number;
  /** The last name, and how it is reached in the folder. */
  readonly name: string;
  readonly at: string;
  /** From the root, as it was asked for. */
  readonly path: string;
}

const folderFlags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const nameBytesMax = 255;

export const below = (folder: number, name: string): string => `/proc/self/fd/${folder}/${name}`;

/** The names of a path; the empty path, where `isRootAllowed`, is the root. */
export function parsePath(path: unknown, isRootAllowed = false): string[] {
  const refuse = (why: string): never => {
    throw new Refused('path_refused', `${JSON.stringify(path)} ${why}`, {
      path: typeof path === 'string' ? path : '',
      expected: 'a path from the root of the agent, such as site/conf/app.json',
      got: path,
      hint: 'leave out a first slash, and every . and ..',
    });
  };
  if (typeof path !== 'string') return refuse('is no path');
  if (path === '' || path === '.') return isRootAllowed ? [] : refuse('is the root itself');
  if (path.length > limits.localPathCharsMax) refuse(`has more than ${limits.localPathCharsMax} characters`);
  if (path.startsWith('/')) refuse('is absolute');
  if (/[\0-\x1f\x7f\ud800-\udfff]/u.test(path)) refuse('has characters that names of files should not have');
  const names = path.split('/');
  for (const name of names) {
    if (name === '..') refuse('leaves its folder');
    if (name === '' || name === '.') refuse('has a part without a name');
    if (name.startsWith(ownPrefix)) refuse(`has a part that begins with ${ownPrefix}, which is the agent's own`);
    if (Buffer.byteLength(name) > nameBytesMax) refuse(`has a part of more than ${nameBytesMax} bytes`);
  }
  return names;
}

export class BelowRoot {
  /** As it is on the machine, links resolved. */
  readonly path: string;
  readonly #folder: number;

  private constructor(path: string, folder: number) {
    this.path = path;
    this.#folder = folder;
  }

  /** Fault `root_unusable` when it is no folder, or the system has no /proc. */
  static open(root: string): BelowRoot {
    try {
      const path = realpathSync(root);
      const folder = openSync(path, folderFlags);
      // Where /proc is missing, or names other processes, nothing could be walked.
      const [here, there] = [statSync(path), statSync(`/proc/self/fd/${folder}/.`)];
      if (here.ino !== there.ino || here.dev !== there.dev) throw new Error('/proc does not show open folders');
      return new BelowRoot(path, folder);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Fault('root_unusable', `${root} cannot be the root of a local agent: ${why}`, { root }, { cause });
    }
  }

  /** Calls `body` with where the path's last name is; the folders before it have to be there. */
  at<T>(path: string, body: (place: Place) => T): T {
    const names = parsePath(path);
    const name = names.pop()!;
    return this.#walk(names, (folder) => {
      try {
        return body({ folder, name, at: below(folder, name), path });
      } catch (e) {
        throw systemRefused(e, 'what is asked of', path);
      }
    });
  }

  /** Calls `body` with the folder, open; the empty path is the root. */
  folder<T>(path: string, body: (folder: number) => T): T {
    return this.#walk(parsePath(path, true), body);
  }

  /** Where it lies on the machine, for people. */
  location(path: string): string {
    return path === '' ? this.path : `${this.path}/${path}`;
  }

  close(): void {
    closeSync(this.#folder);
  }

  #walk<T>(names: readonly string[], body: (folder: number) => T): T {
    let folder = this.#folder;
    try {
      for (const [i, name] of names.entries()) {
        const next = openFolder(folder, name, names.slice(0, i + 1).join('/'));
        if (folder !== this.#folder) closeSync(folder);
        folder = next;
      }
      return body(folder);
    } finally {
      if (folder !== this.#folder) closeSync(folder);
    }
  }
}

function openFolder(folder: number, name: string, path: string): number {
  try {
    return openSync(below(folder, name), folderFlags);
  } catch (e) {
    const { code } = e as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw missing(path);
    if (code !== 'ELOOP' && code !== 'ENOTDIR') throw systemRefused(e, 'opening', path);
    if (isLink(below(folder, name))) throw linkRefused(path);
    throw new Refused('other_kind', `${path} is no directory`, {
      path,
      expected: 'a directory',
      got: 'something else',
    });
  }
}

function isLink(at: string): boolean {
  return lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

export function linkRefused(path: string): Refused {
  return new Refused('path_refused', `${path} is a symbolic link, and none is followed`, {
    path,
    expected: 'a directory or a file',
    got: 'a symbolic link',
    hint: 'name the place itself, below the root of the agent',
  });
}

export function missing(path: string): Refused {
  return new Refused('not_found', `there is no ${path}`, {
    path,
    got: 'nothing',
    hint: 'make the directories that it lies in first',
  });
}

export function otherKind(path: string, expected: string): Refused {
  return new Refused('other_kind', `${path} is not ${expected}`, { path, expected, got: 'something else' });
}
