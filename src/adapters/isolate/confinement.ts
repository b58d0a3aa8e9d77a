// How a child is held in on this machine, beside what its realm does: the command line it is started with. What is not
// there is named, so that people can install it; nothing of it is needed for the tier to work.
//
// From the outside in: `prlimit` bounds memory, files and core dumps; `bwrap` gives it namespaces of its own (no network,
// no processes but its own, of the file system only what Node needs); without it `setpriv` at least ends it with its
// parent; Node's permission flags leave it no file, process, worker or addon.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Confinement {
  readonly holds: readonly string[];
  readonly missing: readonly string[];
  /** The processes between this one and the child's Node in the tree of processes. */
  readonly depth: number;
  /** Command and arguments of a child whose heap has this bound. */
  command(heapBytes: number): readonly string[];
}

/** Which of the programs are used where they are present; for tests and for machines on which one is broken. */
export interface ConfinementOptions {
  readonly bubblewrap?: boolean;
  readonly prlimit?: boolean;
}

/** The environment of a child, all of it. */
export const childEnvironment: Readonly<Record<string, string>> = { TZ: 'UTC', LC_ALL: 'C' };

const require = createRequire(import.meta.url);

/** In `dist/` also when these sources run as they are. */
const entry = fileURLToPath(new URL('../../../dist/adapters/isolate/child.js', import.meta.url));

/** Private memory a child may map beyond its heap: V8 reserves much of it and touches little. */
const dataBytesBeyondHeap = 3 * 1024 ** 3;
const probeMs = 5_000;

const known = new Map<string, Confinement>();

export function confinementOf(options: ConfinementOptions = {}): Confinement {
  const key = `${options.bubblewrap !== false} ${options.prlimit !== false}`;
  let found = known.get(key);
  if (found === undefined) {
    found = lookAround(options);
    known.set(key, found);
  }
  return found;
}

function lookAround(options: ConfinementOptions): Confinement {
  const holds = ['a hardened realm (SES) of its own for every function version', 'an empty environment, TZ=UTC'];
  const missing: string[] = [];
  const ses = require.resolve('ses');
  const readable = [dirname(entry), ses, packageFile()];
  const permission = permissionFlag();
  if (permission === undefined) missing.push('Node’s permission flags (Node 20 or later has them)');
  else holds.push(`Node’s permission flags (${permission})`);

  const wrap = options.bubblewrap === false ? undefined : workingBubblewrap(readable);
  if (wrap !== undefined) holds.push('bubblewrap: no network, no other processes, no files but Node’s');
  else missing.push('bubblewrap (bwrap), which keeps even a broken realm off network, files and processes');

  const prlimit = options.prlimit === false ? undefined : findProgram('prlimit');
  if (prlimit !== undefined) holds.push('prlimit: memory, open files, no core dumps');
  else missing.push('prlimit, a bound on memory that holds between two looks at it');
  const setpriv = wrap === undefined ? findProgram('setpriv') : undefined;
  if (wrap === undefined && setpriv === undefined)
    missing.push('setpriv, which ends children when this program is killed');
  if (!existsSync('/proc/self/status')) missing.push('/proc, without which only the heap’s own bound limits memory');

  const permissions =
    permission === undefined
      ? []
      : [permission, ...[`${dirname(entry)}/*`, ses, packageFile()].map((path) => `--allow-fs-read=${path}`)];
  return {
    holds,
    missing,
    depth: wrap === undefined ? 0 : 2,
    command: (heapBytes) => [
      ...(prlimit === undefined
        ? []
        : [prlimit, `--data=${heapBytes + dataBytesBeyondHeap}`, '--core=0', '--nofile=256', '--']),
      ...(setpriv === undefined ? [] : [setpriv, '--pdeathsig', 'KILL', '--']),
      ...(wrap ?? []),
      process.execPath,
      '--no-warnings',
      '--no-addons',
      `--max-old-space-size=${Math.ceil(heapBytes / 1024 ** 2)}`,
      ...permissions,
      entry,
      ses,
    ],
  };
}

function permissionFlag(): string | undefined {
  return ['--permission', '--experimental-permission'].find((flag) => process.allowedNodeEnvironmentFlags.has(flag));
}

/** Says that the files beside and above it are modules; Node looks for it. */
function packageFile(): string {
  return fileURLToPath(new URL('../../../package.json', import.meta.url));
}

function findProgram(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** bwrap and its arguments, if a sandbox can be made here (in many containers it cannot). */
function workingBubblewrap(readable: readonly string[]): readonly string[] | undefined {
  const program = findProgram('bwrap');
  if (program === undefined) return undefined;
  const command = [program, ...bubblewrapArguments(readable), '--', process.execPath];
  const probe = spawnSync(command[0]!, [...command.slice(1), '--version'], {
    env: childEnvironment,
    timeout: probeMs,
    stdio: 'ignore',
  });
  return probe.status === 0 ? command.slice(0, -1) : undefined;
}

function bubblewrapArguments(readable: readonly string[]): string[] {
  const bind = (path: string): string[] => ['--ro-bind', path, path];
  return [
    ...['--unshare-all', '--die-with-parent', '--new-session', '--cap-drop', 'ALL', '--uid', '65534', '--gid', '65534'],
    ...libraryFolders().flatMap(bind),
    ...[process.execPath, realpathSync(process.execPath), ...readable].flatMap(bind),
    ...['--proc', '/proc', '--dev', '/dev', '--chdir', '/'],
  ];
}

/** Where the dynamic linker looks. Only libraries lie there. */
function libraryFolders(): string[] {
  const folders = ['/lib', '/lib64', '/usr/lib', '/usr/lib64', '/etc/ld.so.cache'];
  return [...folders, ...linkerFolders()].filter((path) => existsSync(path));
}

/** Where Node’s libraries lie when they lie elsewhere, as on NixOS: its own mappings tell. */
function linkerFolders(): string[] {
  try {
    const files = readFileSync('/proc/self/maps', 'utf8').match(/\/\S+\.so[.\d]*$/gm) ?? [];
    const outside = files.filter((file) => !/^(\/usr)?\/lib(64)?\//.test(file) && !file.includes('/node_modules/'));
    return [...new Set(outside.map(dirname))];
  } catch (e) {
    // No /proc, no bubblewrap either.
    if ((e as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw e;
  }
}
