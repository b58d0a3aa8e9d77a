// The command line that starts one child behind walls. Two kinds of walls: bubblewrap (own namespaces for processes, network,
// files; nothing of the machine but what a run needs; no privileges; limits by the kernel), and where that is missing Node's
// own permission flags, which hold much less. The machine is asked once, by starting a child and looking around in it.

import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { limits } from '../../base/limits.ts';
import { inside } from './child/protocol.ts';
import { binLinks, commandFiles, isSystemFile, librariesOf, type Shown, systemFiles } from './programs.ts';

/** What a child is started for: children of one shape stand in for each other. */
export interface Shape {
  readonly memoryBytes: number;
  readonly commands: readonly string[];
  readonly network: boolean;
}

/** Where one child is: its number among those alive, and its own folder outside, when it has one. */
export interface Place {
  readonly slot: number;
  readonly folder: string;
}

export interface Line {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

export interface Sandbox {
  readonly confined: boolean;
  /** File of the filter over system calls, to be opened for each child as `filterDescriptor`. */
  readonly filter: string | undefined;
  readonly holds: readonly string[];
  readonly missing: readonly string[];
  line(shape: Shape, place: Place): Line;
}

/** Programs and files that lines are made of. */
export interface Parts {
  readonly bubblewrap: string;
  /** Needed when the engine runs as root. */
  readonly setpriv: string | undefined;
  readonly prlimit: string;
  readonly node: string;
  /** Folder of the compiled child, and the file that says its modules are ES modules. */
  readonly program: string;
  readonly packageFile: string;
  readonly packages: readonly Shown[];
  /** File of the filter over system calls; undefined where there is none for this processor. */
  readonly filter: string | undefined;
}

/**
 * User ids that runs get when the engine is root: of no account, one for each child alive. Limits of processes are counted by user, over
 * the machine: so each engine and runner begins at another place, and a fork bomb of one does not keep runs of another from beginning.
 */
const firstUser = 61_200;
const usersMax = 4_200;
const ownUsers = process.pid * 101;
export const infoDescriptor = 4;
const filterDescriptor = 5;
const commandFolder = `${inside.program}/commands`;

const nodeFlags = ['--no-addons', '--no-warnings', '--v8-pool-size=2'];
const isRoot = (): boolean => process.getuid?.() === 0;
const mebibytes = (bytes: number): number => Math.max(16, Math.floor(bytes / 1024 / 1024));

/** bubblewrap's arguments that show files: their parent folders first, for it would make those private. */
function showing(files: readonly Shown[]): string[] {
  const folders = new Set<string>();
  for (const { dest } of files) {
    const parts = dest.split('/').slice(1, -1);
    for (let n = 1; n <= parts.length; n++) folders.add(`/${parts.slice(0, n).join('/')}`);
  }
  const taken = new Set(files.map((file) => file.dest));
  const links = files.filter((file) => file.symlink !== undefined).map((file) => file.dest);
  const below = (path: string): boolean => links.some((link) => path.startsWith(`${link}/`));
  const args: string[] = [];
  for (const folder of [...folders].sort()) if (!taken.has(folder) && !below(folder)) args.push('--dir', folder);
  const done = new Set<string>();
  for (const { dest, source, symlink } of [...files].sort((a, b) => (a.dest < b.dest ? -1 : 1))) {
    if (done.has(dest)) continue;
    done.add(dest);
    if (symlink === undefined) args.push('--ro-bind', source, dest);
    else args.push('--symlink', symlink, dest);
  }
  return args;
}

/** bubblewrap around Node. `dataBaseBytes`: what an idle Node has of data; undefined while that is being found out. */
function bubblewrapLine(parts: Parts, shared: readonly Shown[], dataBaseBytes: number | undefined) {
  const root = isRoot();
  const bin = `${inside.program}/bin`;
  const own: readonly Shown[] = [
    { dest: `${bin}/node`, source: parts.node },
    { dest: `${bin}/prlimit`, source: parts.prlimit },
    ...(parts.setpriv === undefined ? [] : [{ dest: `${bin}/setpriv`, source: parts.setpriv }]),
    { dest: `${inside.program}/child`, source: parts.program },
    { dest: `${inside.program}/package.json`, source: parts.packageFile },
    ...parts.packages,
  ];
  const forCommands = new Map<string, readonly Shown[]>();
  const filesOf = (command: string): readonly Shown[] => {
    const known = forCommands.get(command) ?? commandFiles(command, commandFolder);
    forCommands.set(command, known);
    return known;
  };
  const scratch = (folder: string): string[] => [
    '--perms',
    '1777',
    '--size',
    `${limits.runScratchBytesMax}`,
    '--tmpfs',
    folder,
  ];
  const environment = { PATH: `${commandFolder}:${inside.path}`, HOME: inside.home, TZ: 'UTC', LANG: 'C.UTF-8' };

  return (shape: Shape, place: Place): Line => {
    const files = [...own];
    if (shape.commands.length === 0) files.push(...shared);
    else {
      files.push(...shared.filter(({ dest }) => !isSystemFile(dest)));
      files.push(...systemFiles(), ...binLinks(), ...shape.commands.flatMap(filesOf));
    }
    if (shape.network) files.push({ dest: inside.net, source: place.folder });
    const user = `${firstUser + ((ownUsers + place.slot) % usersMax)}`;
    const data = dataBaseBytes === undefined ? [] : [`--data=${dataBaseBytes + shape.memoryBytes}`];
    const args = [
      ...(root ? [] : ['--unshare-user', '--disable-userns']),
      ...['--unshare-ipc', '--unshare-pid', '--unshare-net', '--unshare-uts', '--unshare-cgroup-try'],
      ...['--die-with-parent', '--new-session', '--hostname', 'run', '--info-fd', `${infoDescriptor}`],
      ...(parts.filter === undefined ? [] : ['--seccomp', `${filterDescriptor}`]),
      ...showing(files),
      ...['--proc', '/proc', '--dev', '/dev', '--remount-ro', '/dev'],
      ...[inside.work, inside.home, '/tmp'].flatMap(scratch),
      ...['--remount-ro', '/', '--chdir', inside.work, '--clearenv'],
      ...Object.entries(environment).flatMap(([name, value]) => ['--setenv', name, value]),
      '--',
      ...(root
        ? [
            `${bin}/setpriv`,
            '--reuid',
            user,
            '--regid',
            user,
            '--clear-groups',
            '--bounding-set=-all',
            '--inh-caps=-all',
          ]
        : []),
      ...(root ? ['--no-new-privs'] : []),
      ...[
        `${bin}/prlimit`,
        '--core=0',
        `--nproc=${limits.runProcessesMax}`,
        `--nofile=${limits.runOpenFilesMax}`,
        ...data,
      ],
      ...[`${bin}/node`, ...nodeFlags, `--max-old-space-size=${mebibytes(shape.memoryBytes)}`],
    ];
    return { file: parts.bubblewrap, args, env: {}, cwd: '/' };
  };
}

/** Runs in a child that is being tried: what it has of data, and whether the walls stand. */
const lookAround = `
  const fs = require('fs');
  const status = fs.readFileSync('/proc/self/status', 'utf8');
  console.log(JSON.stringify({
    data: Number(/VmData:\\s+(\\d+)/.exec(status)[1]) * 1024,
    capabilities: /CapEff:\\s+(\\w+)/.exec(status)[1],
    interfaces: Object.keys(require('os').networkInterfaces()).filter((name) => name !== 'lo'),
    processes: fs.readdirSync('/proc').filter((name) => /^\\d+$/.test(name)).length,
    env: Object.keys(process.env).sort(),
  }));`;

interface Surroundings {
  readonly data: number;
  readonly capabilities: string;
  readonly interfaces: readonly string[];
  readonly processes: number;
  readonly env: readonly string[];
}

/** Is the child behind walls? What is wrong otherwise. */
function faultsOf(report: Surroundings): string[] {
  return [
    ...(/^0+$/.test(report.capabilities) ? [] : ['a child keeps privileges']),
    ...(report.interfaces.length === 0 ? [] : ['a child sees the network']),
    ...(report.processes <= 3 ? [] : ['a child sees other processes']),
    ...(report.env.includes('PATH') ? [] : ['a child has no environment']),
  ];
}

/** Slack over what an idle Node has of data: stacks of threads and buffers that come later. */
const dataSlackBytes = 128 * 1024 * 1024;

/** What a child reports about its walls; a text when it could not be started. */
function tryOut(line: Line, filter: string | undefined): Surroundings | string {
  const descriptor = filter === undefined ? undefined : openSync(filter, 'r');
  try {
    const tried = spawnSync(line.file, [...line.args, '-e', lookAround], {
      env: line.env,
      cwd: line.cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe', 'ignore', 'pipe', ...(descriptor === undefined ? [] : [descriptor])],
      timeout: limits.childStartMs,
    });
    if (tried.status === 0) return JSON.parse(tried.stdout) as Surroundings;
    return (tried.stderr ?? '').trim() || String(tried.error ?? `it ended with ${tried.status ?? tried.signal}`);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** bubblewrap as it works on this machine; a text when it does not. */
export function tryBubblewrap(parts: Parts): Sandbox | string {
  if (isRoot() && parts.setpriv === undefined) return 'setpriv is not installed, which the engine needs as root';
  const programs = [parts.node, parts.prlimit, ...(parts.setpriv === undefined ? [] : [parts.setpriv])];
  const libraries = librariesOf(programs) ?? systemFiles();
  const shape: Shape = { memoryBytes: 256 * 1024 * 1024, commands: [], network: false };
  const tried = tryOut(bubblewrapLine(parts, libraries, undefined)(shape, { slot: 0, folder: '/' }), parts.filter);
  if (typeof tried === 'string') {
    const plain = parts.filter === undefined ? tried : tryBubblewrap({ ...parts, filter: undefined });
    return typeof plain === 'string' ? `bubblewrap does not work: ${tried}` : plain;
  }
  const faults = faultsOf(tried);
  if (faults.length > 0) return `bubblewrap does not hold: ${faults.join(', ')}`;
  return {
    confined: true,
    filter: parts.filter,
    holds: [
      'files: only Node, its libraries, the packages of functions and allowed commands, read only; private folders in memory',
      'processes: own process space, without privileges, ended as a whole; number of processes and open files bounded',
      'network: none but through a proxy that connects to listed hosts',
      'memory: of each process by the kernel, of all together by looking every 100 ms',
      'environment: cleared; secrets on standard input only',
      ...(parts.filter === undefined
        ? []
        : ['system calls: no user namespaces, mounts, tracing, kernel keys, BPF, io_uring']),
    ],
    missing: parts.filter === undefined ? ['system calls: not filtered on this machine'] : [],
    line: bubblewrapLine(parts, libraries, tried.data + dataSlackBytes),
  };
}

/** Node's permission flags, limits where `prlimit` is there, a cleared environment. */
export function permissionFlags(
  parts: Partial<Parts> & Pick<Parts, 'node' | 'program' | 'packageFile' | 'packages'>,
  why: string,
): Sandbox {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const stable = major > 23 || (major === 23 && minor >= 5) || (major === 22 && minor >= 13);
  // A folder is meant with all below it; a folder and its contents named apart make Node 20 end with an assertion.
  const folders = [parts.program, ...parts.packages.flatMap((shown) => shown.source ?? [])];
  return {
    confined: false,
    filter: undefined,
    holds: [
      'files: by Node’s permission flags, for what Node itself opens',
      'environment: cleared; secrets on standard input only',
      ...(parts.prlimit === undefined ? [] : ['open files: bounded']),
    ],
    missing: [
      why,
      'network: not held back, except that fetch goes through the proxy',
      'processes: other processes can be seen; what leaves the process group outlives the run; commands have no walls',
      'privileges: those of the engine',
      'memory: only by looking every 100 ms',
    ],
    line: (shape, place) => {
      const home = place.folder;
      const readable = [parts.packageFile, ...[...folders, home].map((folder) => `${folder}/*`)];
      const flags = [
        stable ? '--permission' : '--experimental-permission',
        ...readable.map((path) => `--allow-fs-read=${path}`),
        `--allow-fs-write=${home}/*`,
        ...(shape.commands.length > 0 ? ['--allow-child-process'] : []),
      ];
      const node = [...nodeFlags, `--max-old-space-size=${mebibytes(shape.memoryBytes)}`, ...flags];
      const env = { PATH: process.env['PATH'] ?? inside.path, HOME: home, TZ: 'UTC', LANG: 'C.UTF-8' };
      if (parts.prlimit === undefined || !existsSync(parts.prlimit))
        return { file: parts.node, args: node, env, cwd: home };
      const bounds = ['--core=0', `--nofile=${limits.runOpenFilesMax}`];
      return { file: parts.prlimit, args: [...bounds, parts.node, ...node], env, cwd: home };
    },
  };
}
