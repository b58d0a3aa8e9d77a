// The pools that the process runners of this machine are divided into: `pools.json` in the data folder, which its owner writes
// by hand or with `headwater pool`. It is no part of a workspace: functions name a pool, the owner of the machine says which
// there are. An engine that works sees a change within a second; one that it cannot read leaves it with what it has.

import { unwatchFile, watchFile } from 'node:fs';
import { join } from 'node:path';
import { processCapacity } from '../adapters/process/tier.ts';
import { isObject, type Json } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { Fault } from '../base/result.ts';
import { defaultPool, isPoolLabel } from '../dispatch/pool_label.ts';
import type { PoolCapacity, PoolLine } from '../surfaces/cli/program.ts';
import { KeptDocument } from './kept_document.ts';

export const poolsFile = 'pools.json';
/** 1: `pools`, by name, each with `cpus` and `memoryMiB`. */
const poolsFormat = 1;
const poolsMax = 100;
const mib = 1024 * 1024;
/** How often an engine that works looks at the file. */
const lookMs = 500;
/** What `default` has at least, where the others leave less of the machine: one run of the default limits. */
const leastOfDefault: PoolCapacity = { cpus: 1, memoryMiB: limits.processRunBytes / mib };

type Pools = Readonly<Record<string, PoolCapacity>>;

/** By name, `default` first: that has what the others leave of the machine, unless it is set. Faults: `pools_unreadable`. */
export function listPools(folder: string): readonly PoolLine[] {
  const { [defaultPool]: set, ...others } = read(folder);
  const machine = processCapacity();
  const taken = Object.values(others).reduce(
    (sum, { cpus, memoryMiB }) => ({ cpus: sum.cpus + cpus, memoryMiB: sum.memoryMiB + memoryMiB }),
    { cpus: 0, memoryMiB: 0 },
  );
  const left = {
    cpus: Math.max(leastOfDefault.cpus, machine.cpus - taken.cpus),
    memoryMiB: Math.max(leastOfDefault.memoryMiB, Math.floor(machine.memoryBytes / mib) - taken.memoryMiB),
  };
  const names = Object.keys(others).sort();
  return [
    { name: defaultPool, ...(set ?? left), isSet: set !== undefined },
    ...names.map((name) => ({ name, ...others[name]!, isSet: true })),
  ];
}

/** Answers whether that changed anything. Faults: `pools_unreadable`. */
export function setPool(folder: string, name: string, { cpus, memoryMiB }: PoolCapacity): boolean {
  const pools = read(folder);
  const known = Object.hasOwn(pools, name) ? pools[name] : undefined;
  if (known?.cpus === cpus && known.memoryMiB === memoryMiB) return false;
  if (known === undefined && Object.keys(pools).length >= poolsMax)
    throw documentOf(folder).unreadable(`it has ${poolsMax} pools, and no more go in`);
  write(folder, { ...pools, [name]: { cpus, memoryMiB } });
  return true;
}

/** Answers whether that changed anything. Faults: `pools_unreadable`. */
export function removePool(folder: string, name: string): boolean {
  const pools = read(folder);
  if (!Object.hasOwn(pools, name)) return false;
  const { [name]: _, ...rest } = pools;
  write(folder, rest);
  return true;
}

/** The pools of a folder, now and whenever they change. */
export interface PoolSource {
  /** Faults: `pools_unreadable`. */
  readonly list: () => readonly PoolLine[];
  /** Until what is answered is called. */
  readonly watch: (changed: (pools: readonly PoolLine[]) => void) => () => void;
}

export function poolsOf(folder: string): PoolSource {
  const file = join(folder, poolsFile);
  const list = (): readonly PoolLine[] => listPools(folder);
  return {
    list,
    watch: (changed) => {
      const look = (): void => {
        try {
          changed(list());
        } catch (e) {
          // Who writes it is told by `headwater pool list`.
          if (!(e instanceof Fault)) throw e;
        }
      };
      watchFile(file, { interval: lookMs, persistent: false }, look);
      // What changed between the first reading and the first look at the file would not be seen as a change.
      const once = setTimeout(look, lookMs).unref();
      return () => {
        clearTimeout(once);
        unwatchFile(file, look);
      };
    },
  };
}

const documentOf = (folder: string): KeptDocument =>
  new KeptDocument(join(folder, poolsFile), { format: poolsFormat, code: 'pools_unreadable' });

function read(folder: string): Pools {
  const document = documentOf(folder);
  const read = document.read();
  if (read === undefined) return {};
  const { pools } = read;
  if (pools === undefined || !isObject(pools) || Object.keys(pools).length > poolsMax)
    throw document.unreadable(`pools is no object of at most ${poolsMax} pools`);
  for (const [name, pool] of Object.entries(pools)) {
    if (!isPoolLabel(name)) throw document.unreadable(`${JSON.stringify(name)} is not the label of a pool`);
    const { cpus, memoryMiB } = isObject(pool) ? pool : {};
    if (!isIn(cpus, poolBounds.cpus) || !isIn(memoryMiB, poolBounds.memoryMiB))
      throw document.unreadable(`the pool ${name} has no cpus or no memoryMiB, or they are out of bounds`);
  }
  return pools as unknown as Pools;
}

/** What a pool may have, least and most. */
const poolBounds = {
  cpus: [limits.runCpusMin, limits.poolCpusMax],
  memoryMiB: [limits.runBytesMin / mib, limits.poolBytesMax / mib],
} as const;

const isIn = (n: Json | undefined, [least, most]: readonly [number, number]): boolean =>
  typeof n === 'number' && n >= least && n <= most;

function write(folder: string, pools: Pools): void {
  const sorted = Object.fromEntries(Object.entries(pools).sort(([a], [b]) => (a < b ? -1 : 1)));
  documentOf(folder).write({ pools: sorted });
}
