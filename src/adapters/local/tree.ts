// Directories and files below the root: made, written, looked at and removed. A file is written beside its place,
// synced, and only then given its name, so that it is there whole or not at all; the folder is synced before anything is
// answered. Who calls has written down what is about to be done.

import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  type Stats,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { compareText } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import { type BelowRoot, below, linkRefused, missing, otherKind, type Place } from './below_root.ts';
import { Refused } from './refused.ts';
import type { DirectoryWish, Encoding, FileWish } from './wish.ts';

/** A directory as it is now. */
export interface DirectoryNow {
  readonly Path: string;
  readonly Mode: string;
  /** On the machine. */
  readonly Location: string;
}

/** A file as it is now. */
export interface FileNow extends DirectoryNow {
  /** Left out of a file that is too long. */
  readonly Content?: string;
  readonly Encoding: Encoding;
  readonly Bytes: number;
  readonly Sha256?: string;
}

const modeOf = (stats: Stats): string => `0${(stats.mode & 0o777).toString(8).padStart(3, '0')}`;

export function makeDirectory(root: BelowRoot, wish: DirectoryWish): void {
  root.at(wish.Path, (place) => {
    try {
      mkdirSync(place.at, { mode: 0o700 });
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code === 'EEXIST') throw taken(place.path);
      throw e;
    }
    setMode(place, wish.Mode);
    fsyncSync(place.folder);
  });
}

/** Makes what is missing, and gives it its mode. */
export function putDirectory(root: BelowRoot, wish: DirectoryWish): void {
  if (kindAt(root, wish.Path) === undefined) makeDirectory(root, wish);
  else
    root.at(wish.Path, (place) => {
      assertDirectory(place);
      setMode(place, wish.Mode);
    });
}

function setMode(place: Place, mode: string): void {
  const opened = openSync(place.at, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    fchmodSync(opened, Number.parseInt(mode, 8));
    fsyncSync(opened);
  } finally {
    closeSync(opened);
  }
}

/** `beside`: the name under which it is written; never there before, and gone afterwards. */
export function writeFile(
  root: BelowRoot,
  wish: FileWish,
  { beside, isNew }: { beside: string; isNew: boolean },
): void {
  root.at(wish.Path, (place) => {
    const found = lstatSync(place.at, { throwIfNoEntry: false });
    if (isNew && found !== undefined) throw taken(place.path);
    if (found?.isSymbolicLink()) throw linkRefused(place.path);
    if (found !== undefined && !found.isFile()) throw otherKind(place.path, 'a file');
    const written = below(place.folder, beside);
    const file = openSync(written, 'wx', 0o600);
    try {
      writeFileSync(file, bytesOf(wish));
      fchmodSync(file, Number.parseInt(wish.Mode, 8));
      fsyncSync(file);
      if (isNew) linkSync(written, place.at);
      else renameSync(written, place.at);
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code === 'EEXIST') throw taken(place.path);
      throw e;
    } finally {
      closeSync(file);
      unlinkIfThere(written);
    }
    fsyncSync(place.folder);
  });
}

/** Takes away what a killed agent left of a file that it was writing. */
export function dropUnfinished(root: BelowRoot, path: string, beside: string): void {
  try {
    root.at(path, (place) => unlinkIfThere(below(place.folder, beside)));
  } catch (e) {
    // With its folder it is gone as well.
    if (!(e instanceof Refused)) throw e;
  }
}

function unlinkIfThere(at: string): void {
  try {
    unlinkSync(at);
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code !== 'ENOENT') throw e;
  }
}

function bytesOf(wish: FileWish): Buffer {
  return Buffer.from(wish.Content, wish.Encoding === 'base64' ? 'base64' : 'utf8');
}

/** undefined: there is nothing. Links and what is neither are refused. */
export function kindAt(root: BelowRoot, path: string): 'directory' | 'file' | undefined {
  try {
    return root.at(path, (place) => {
      const found = lstatSync(place.at, { throwIfNoEntry: false });
      if (found === undefined) return undefined;
      if (found.isSymbolicLink()) throw linkRefused(path);
      if (found.isDirectory()) return 'directory';
      if (found.isFile()) return 'file';
      throw otherKind(path, 'a directory or a file');
    });
  } catch (e) {
    if (e instanceof Refused && e.code === 'not_found') return undefined;
    throw e;
  }
}

export function readDirectory(root: BelowRoot, path: string): DirectoryNow {
  return root.at(path, (place) => {
    const found = assertDirectory(place);
    return { Path: path, Mode: modeOf(found), Location: root.location(path) };
  });
}

/** `encoding`: how its content was given; undefined: as text, where it is some. */
export function readFile(root: BelowRoot, path: string, encoding: Encoding | undefined): FileNow {
  return root.at(path, (place) => {
    const found = lstatSync(place.at, { throwIfNoEntry: false });
    if (found === undefined) throw missing(path);
    if (found.isSymbolicLink()) throw linkRefused(path);
    if (!found.isFile()) throw otherKind(path, 'a file');
    const file = openSync(place.at, readFlags);
    try {
      const stats = fstatSync(file);
      if (!stats.isFile()) throw otherKind(path, 'a file');
      const about = { Path: path, Mode: modeOf(stats), Location: root.location(path), Bytes: stats.size };
      if (stats.size > limits.localFileBytesMax) return { ...about, Encoding: encoding ?? 'utf8' };
      const bytes = readFileSync(file);
      const how = encoding === 'base64' || !isText(bytes) ? 'base64' : 'utf8';
      const sha = createHash('sha256').update(bytes).digest('hex');
      return { ...about, Content: bytes.toString(how), Encoding: how, Sha256: sha };
    } finally {
      closeSync(file);
    }
  });
}

// What has taken the place of a file since it was looked at is nothing that could keep us waiting.
const readFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** undefined: there is no file; else to be closed by who asked. */
export function openToRead(root: BelowRoot, path: string): number | undefined {
  if (kindAt(root, path) !== 'file') return undefined;
  return root.at(path, (place) => openSync(place.at, readFlags));
}

function isText(bytes: Buffer): boolean {
  return Buffer.from(bytes.toString('utf8'), 'utf8').equals(bytes) && !bytes.includes(0);
}

/** Answers whether there was something. A directory has to be empty. */
export function remove(root: BelowRoot, kind: 'directory' | 'file', path: string): boolean {
  const found = kindAt(root, path);
  if (found === undefined) return false;
  if (found !== kind) throw otherKind(path, `a ${kind}`);
  return root.at(path, (place) => {
    try {
      if (kind === 'file') unlinkSync(place.at);
      else rmdirSync(place.at);
    } catch (e) {
      const { code } = e as NodeJS.ErrnoException;
      if (code === 'ENOENT') return false;
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw e;
      throw new Refused('not_empty', `${path} is not empty`, {
        path,
        expected: 'an empty directory',
        got: readdirSync(place.at).sort(compareText).slice(0, 5),
        hint: 'remove what is in it first',
      });
    }
    fsyncSync(place.folder);
    return true;
  });
}

function assertDirectory(place: Place): Stats {
  const found = lstatSync(place.at, { throwIfNoEntry: false });
  if (found === undefined) throw missing(place.path);
  if (found.isSymbolicLink()) throw linkRefused(place.path);
  if (!found.isDirectory()) throw otherKind(place.path, 'a directory');
  return found;
}

export function taken(path: string): Refused {
  return new Refused('already_exists', `${path} is there already`, {
    path,
    expected: 'nothing there',
    hint: 'import it, choose another path, or take it away',
  });
}
