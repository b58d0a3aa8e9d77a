// Which files of this machine a run needs to see: the libraries of the programs that start it, the packages that function
// code may name, and the commands it may start. Found once and kept; nothing else of the machine is shown to a run.

import { spawnSync } from 'node:child_process';
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Fault } from '../../base/result.ts';

/** Something shown to a run, read only; `symlink` is its target instead of a source. */
export type Shown =
  | { readonly dest: string; readonly source: string; readonly symlink?: never }
  | { readonly dest: string; readonly symlink: string; readonly source?: never };

/** Folders that hold libraries and data of installed programs, shown to runs that may start a command. */
const systemFolders = [
  '/lib',
  '/lib32',
  '/lib64',
  '/usr/lib',
  '/usr/lib32',
  '/usr/lib64',
  '/usr/share',
  '/usr/local/lib',
  '/etc/ssl',
  '/etc/alternatives',
  '/etc/ld.so.cache',
];
const binFolders = new Set(['/bin', '/sbin', '/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin']);
const interpretersDeepMax = 3;

/** The program of that name on the path; undefined when there is none. A name with a slash is none. */
export function findProgram(name: string, path = process.env['PATH'] ?? ''): string | undefined {
  if (name === '' || name.includes('/') || name.includes('\0')) return undefined;
  for (const folder of path.split(':').filter((part) => part.startsWith('/'))) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      if (statSync(file).isFile()) return file;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'EACCES' && code !== 'ENOTDIR') throw error;
    }
  }
  return undefined;
}

/** The path with the folders' links followed, not the file's own. */
const placed = (file: string): string => join(realpathSync(dirname(file)), basename(file));

/** The shared libraries of programs, as `ldd` lists them; undefined when it cannot tell. */
export function librariesOf(programs: readonly string[]): readonly Shown[] | undefined {
  const ldd = findProgram('ldd');
  if (ldd === undefined) return undefined;
  const paths = new Set<string>();
  for (const program of programs) {
    const { status, stdout } = spawnSync(ldd, [program], { encoding: 'utf8' });
    if (status !== 0) return undefined;
    for (const [, path] of stdout.matchAll(/(\/\S+) \(0x/g)) if (path !== undefined) paths.add(path);
  }
  return [...paths].map((path) => ({ dest: path, source: realpathSync(path) }));
}

/** Does a system folder hold the path? */
export function isSystemFile(path: string): boolean {
  return systemFolders.some((folder) => path.startsWith(`${folder}/`));
}

/** Folders of libraries and data, links kept as links. */
export function systemFiles(): readonly Shown[] {
  return systemFolders
    .filter(existsSync)
    .map((dest) => (lstatSync(dest).isSymbolicLink() ? { dest, symlink: readlinkSync(dest) } : { dest, source: dest }));
}

function packageFolder(name: string, from: string): string | undefined {
  for (let at = from; ; at = dirname(at)) {
    const folder = join(at, 'node_modules', name);
    if (existsSync(join(folder, 'package.json'))) return realpathSync(folder);
    if (at === dirname(at)) return undefined;
  }
}

/** The packages and all they depend on, as one flat `node_modules` below `dest`. */
export function packagesOf(names: readonly string[], from: string, dest: string): readonly Shown[] {
  const shown = new Map<string, string>();
  const seen = new Set<string>();
  const add = (name: string, at: string): void => {
    const folder = packageFolder(name, at);
    if (folder === undefined) throw new Fault('runner_unavailable', `the package ${name} is not installed`);
    if (seen.has(folder)) return;
    seen.add(folder);
    // A version of its own, inside the folder of a package that wants it, is shown with that folder. Of two that lie apart the
    // one that is wanted first is shown.
    const isWithin = [...shown.values()].some((outer) => folder.startsWith(`${outer}/`));
    if (!isWithin && !shown.has(name)) shown.set(name, folder);
    const { dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      dependencies?: Record<string, string>;
    };
    for (const dependency of Object.keys(dependencies)) add(dependency, folder);
  };
  for (const name of names) add(name, from);
  return [...shown].map(([name, source]) => ({ dest: `${dest}/node_modules/${name}`, source }));
}

/** The interpreter that the first line of a script names. */
function interpreterOf(file: string): string | undefined {
  const head = Buffer.alloc(256);
  const descriptor = openSync(file, 'r');
  try {
    readSync(descriptor, head);
  } finally {
    closeSync(descriptor);
  }
  const words = /^#!\s*([^\n]+)/.exec(head.toString('latin1'))?.[1]?.split(/\s+/) ?? [];
  if (words[0] === undefined) return undefined;
  return basename(words[0]) === 'env' ? findProgram(words[1] ?? '') : words[0];
}

/** A command's own files and a link to it in `folder`; nothing when this machine has no such command. */
export function commandFiles(name: string, folder: string): readonly Shown[] {
  const file = findProgram(name);
  if (file === undefined) return [];
  const out: Shown[] = [];
  const show = (path: string, depth: number): string => {
    const real = realpathSync(path);
    const home = dirname(real);
    let dest = placed(path);
    if (!binFolders.has(home) && /^\/(usr|opt)\/./.test(home)) {
      // A program with a folder of its own needs what lies beside it.
      out.push({ dest: home, source: home });
      dest = real;
    } else out.push({ dest, source: real });
    const interpreter = depth < interpretersDeepMax ? interpreterOf(real) : undefined;
    if (interpreter !== undefined && existsSync(interpreter)) show(interpreter, depth + 1);
    return dest;
  };
  out.push({ dest: `${folder}/${name}`, symlink: show(file, 0) });
  return out;
}

/** Links of the top folder into /usr, so that `#!/bin/sh` leads somewhere. */
export function binLinks(): readonly Shown[] {
  return ['/bin', '/sbin']
    .filter((dest) => existsSync(dest) && lstatSync(dest).isSymbolicLink())
    .map((dest) => ({ dest, symlink: readlinkSync(dest) }));
}
