// The process tier: runs functions that have effects, each in a process of its own behind walls (sandbox.ts). Takes as many
// runs as the capacity has room for and keeps the others waiting in their order. A run that nothing can hold in on this
// machine is refused, unless the owner of the engine has said that it may run all the same.

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunId } from '../../base/ids.ts';
import { Fault } from '../../base/result.ts';
import {
  endedBeforeItBegan,
  type RunListener,
  type Runner,
  type RunReport,
  type RunRequest,
} from '../../ports/runner.ts';
import { packagesToShow } from './child/names.ts';
import { inside } from './child/protocol.ts';
import { hasNetwork, startRun, type UnderWay } from './one_run.ts';
import { isGone } from './process_tree.ts';
import { findProgram, packagesOf } from './programs.ts';
import { permissionFlags, type Sandbox, type Shape, tryBubblewrap } from './sandbox.ts';
import { openSpares } from './spares.ts';
import { syscallFilter } from './syscall_filter.ts';

export interface ProcessTierOptions {
  /** Processors and bytes that runs under way may be counted for together. Default: all processors, half the memory. */
  readonly cpus?: number;
  readonly memoryBytes?: number;
  /** The same, asked each time: a lower one lets nothing begin until it is met. Default: as above, and it stays so. */
  readonly capacity?: () => Runner['capacity'];
  /** The label of its pool. Default `default`. */
  readonly pool?: string;
  /** Children started ahead. Default 1. */
  readonly spares?: number;
  /** Runs functions also where the walls are missing (`confinement.missing`). Default false. */
  readonly allowUnconfined?: boolean;
  /** Path of bubblewrap; null: as if there were none. Default: the one on the PATH. */
  readonly bubblewrap?: string | null;
  /** Folder of the compiled child. Default: beside this file. */
  readonly program?: string;
  /**
   * Paths of unix sockets of the machine that runs may reach where their functions say so. Default: none. Who reaches such a
   * socket has the rights of the program behind it. A function is asked each time; it may throw a Fault.
   */
  readonly sockets?: readonly string[] | (() => readonly string[]);
  /** Folder for sockets and, without bubblewrap, work folders. Default: the system's for temporary files. */
  readonly temporary?: string;
}

interface Waiting {
  readonly request: RunRequest;
  readonly listener: RunListener;
  resolve(report: RunReport): void;
  reject(error: unknown): void;
}

interface Active {
  killed: boolean;
  run?: UnderWay;
}

/** Children that may be gone before they take an order; user code has run in none of them. */
const attemptsMax = 3;
const folderPrefix = 'headwater-runs-';

/** Folders of engines that were killed: named after a process that is gone. */
function sweep(temporary: string): void {
  for (const name of readdirSync(temporary)) {
    const pid = new RegExp(`^${folderPrefix}(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && process.platform === 'linux' && isGone(Number(pid))) {
      rmSync(join(temporary, name), { recursive: true, force: true });
    }
  }
}

/** Writes the filter over system calls where children can be given it. */
function filterIn(folder: string): string | undefined {
  const filter = syscallFilter(process.arch);
  if (filter === undefined) return undefined;
  const file = join(folder, 'system-calls.bpf');
  writeFileSync(file, filter);
  return file;
}

function sandboxOf(options: ProcessTierOptions, program: string, folder: string): Sandbox {
  const packageFile = fileURLToPath(new URL('../../../package.json', import.meta.url));
  const packages = packagesOf(packagesToShow, program, inside.program);
  const bubblewrap = options.bubblewrap === undefined ? findProgram('bwrap') : (options.bubblewrap ?? undefined);
  const [setpriv, prlimit] = [findProgram('setpriv'), findProgram('prlimit')];
  const parts = { node: process.execPath, program, packageFile, packages, filter: filterIn(folder) };
  let why = 'bubblewrap (bwrap) is not installed';
  if (bubblewrap !== undefined && prlimit === undefined) why = 'prlimit is not installed';
  else if (bubblewrap !== undefined && prlimit !== undefined) {
    const tried = tryBubblewrap({
      ...parts,
      bubblewrap,
      setpriv: process.getuid?.() === 0 ? setpriv : undefined,
      prlimit,
    });
    if (typeof tried !== 'string') return tried;
    why = tried;
  }
  return permissionFlags({ ...parts, ...(prlimit === undefined ? {} : { prlimit }) }, why);
}

/** What the tier has room for, also before it is opened. */
export function processCapacity({ cpus, memoryBytes }: Pick<ProcessTierOptions, 'cpus' | 'memoryBytes'> = {}) {
  return { cpus: cpus ?? availableParallelism(), memoryBytes: memoryBytes ?? Math.floor(totalmem() / 2) };
}

/** Opens the tier. Asks the machine once what it can hold, which takes a tenth of a second. */
export function openProcessTier(options: ProcessTierOptions = {}): Runner {
  const program = options.program ?? dirname(fileURLToPath(new URL('./child/main.js', import.meta.url)));
  const temporary = options.temporary ?? tmpdir();
  sweep(temporary);
  const folder = mkdtempSync(join(temporary, `${folderPrefix}${process.pid}-`));
  const sandbox = sandboxOf(options, program, folder);
  const entry = sandbox.confined ? `${inside.program}/child/main.js` : join(program, 'main.js');
  const spares = openSpares({ sandbox, entry, folder, spares: options.spares ?? 1 });
  const fixed = processCapacity(options);
  const capacity = (): Runner['capacity'] => options.capacity?.() ?? fixed;
  const sockets = (): readonly string[] =>
    typeof options.sockets === 'function' ? options.sockets() : (options.sockets ?? []);
  const waiting: Waiting[] = [];
  const active = new Map<RunId, Active>();
  const used = { cpus: 0, memoryBytes: 0 };
  let closing: Promise<void> | undefined;

  const unavailable = (): Fault => new Fault('runner_unavailable', 'the process tier is closed');

  const refused = (): RunReport => ({
    ...endedBeforeItBegan,
    outcome: {
      ok: false,
      code: 'refused_by_sandbox',
      message: `this machine cannot hold the function in: ${sandbox.missing.join('; ')}`,
    },
  });

  const drive = async (request: RunRequest, listener: RunListener, state: Active): Promise<RunReport> => {
    const shape: Shape = {
      memoryBytes: request.limits.memoryBytes,
      commands: request.allow?.commands ?? [],
      network: hasNetwork(request),
    };
    for (let attempt = 1; attempt <= attemptsMax; attempt++) {
      const child = await spares.take(shape);
      if (state.killed) {
        child.kill();
        await child.ended;
        return endedBeforeItBegan;
      }
      state.run = startRun(child, request, listener, { runner: `process ${child.pid ?? '?'}`, sockets });
      spares.refill();
      const report = await state.run.report;
      if (report !== undefined) return report;
    }
    throw new Fault('runner_unavailable', 'children of the process tier go away before they take their order');
  };

  const hasRoom = ({ limits: wanted }: RunRequest): boolean => {
    if (active.size === 0) return true;
    const { cpus, memoryBytes } = capacity();
    return used.cpus + wanted.cpus <= cpus && used.memoryBytes + wanted.memoryBytes <= memoryBytes;
  };

  const pump = (): void => {
    while (waiting[0] !== undefined && hasRoom(waiting[0].request)) {
      const { request, listener, resolve, reject } = waiting.shift()!;
      const state: Active = { killed: false };
      active.set(request.id, state);
      used.cpus += request.limits.cpus;
      used.memoryBytes += request.limits.memoryBytes;
      const free = (): void => {
        active.delete(request.id);
        used.cpus -= request.limits.cpus;
        used.memoryBytes -= request.limits.memoryBytes;
        pump();
      };
      drive(request, listener, state).finally(free).then(resolve, reject);
    }
  };

  const run = (request: RunRequest, listener: RunListener): Promise<RunReport> => {
    if (closing !== undefined) return Promise.reject(unavailable());
    if (!sandbox.confined && options.allowUnconfined !== true) return Promise.resolve(refused());
    return new Promise((resolve, reject) => {
      waiting.push({ request, listener, resolve, reject });
      pump();
    });
  };

  const kill = (id: RunId): boolean => {
    const at = waiting.findIndex((entry) => entry.request.id === id);
    if (at !== -1) {
      waiting.splice(at, 1)[0]?.resolve(endedBeforeItBegan);
      pump();
      return true;
    }
    const state = active.get(id);
    if (state === undefined) return false;
    state.killed = true;
    state.run?.kill();
    return true;
  };

  const close = async (): Promise<void> => {
    for (const entry of waiting.splice(0)) entry.resolve(endedBeforeItBegan);
    for (const state of active.values()) {
      state.killed = true;
      state.run?.kill();
    }
    await spares.close();
    rmSync(folder, { recursive: true, force: true });
  };

  return {
    tier: 'process',
    ...(options.pool === undefined ? {} : { pool: options.pool }),
    get capacity() {
      return capacity();
    },
    confinement: { holds: sandbox.holds, missing: sandbox.missing },
    run,
    kill,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}
