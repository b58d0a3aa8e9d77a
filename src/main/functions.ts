// What users' functions run on in this process: the compiler at once, each tier when the first function needs it, since
// most commands run none. The process tier is there once for each pool, so that no pool can take another's room.

import { openCompiler } from '../adapters/compiler/compiler.ts';
import { openIsolate } from '../adapters/isolate/isolate.ts';
import { openProcessTier } from '../adapters/process/tier.ts';
import { Fault } from '../base/result.ts';
import type { FunctionHost } from '../engine/compiled_functions.ts';
import type { Runner, RunnerChanges } from '../ports/runner.ts';
import type { PoolLine } from '../surfaces/cli/program.ts';
import type { PoolSource } from './pools.ts';

/** What the isolate has besides the language and its libraries. */
const isolateNames = ['Buffer', 'TextDecoder', 'TextEncoder'];

/** What every runner of the process tier has. */
interface Children {
  /** Folder of the program that a child runs, compiled. */
  readonly program: string;
  /** Those of the machine that runs may reach, asked when one is. */
  readonly sockets: () => readonly string[];
}

/**
 * `elsewhere`: runners that are other processes, on any machine; then none runs here, and there are the pools that those serve.
 * Faults: `pools_unreadable`.
 */
export function openFunctions(children: Children, pools: PoolSource, elsewhere?: RunnerChanges): FunctionHost {
  if (elsewhere !== undefined)
    return { compiler: openCompiler({ isolateNames }), tiers: ['isolate', 'process'], changes: elsewhere };
  const isolate = openIsolate();
  const ofPools = new PoolRunners(children);
  return {
    compiler: openCompiler({ isolateNames }),
    runners: [isolate, ...ofPools.served(pools.list())],
    changes: (served) => pools.watch((now) => served([isolate, ...ofPools.served(now)])),
  };
}

/** `of`: the pool as it is now. */
interface OfPool {
  readonly runner: Runner;
  of: PoolLine;
}

/** A pool's runner stays the same while the pool is there; its capacity is what was said of it last. */
class PoolRunners {
  readonly #children: Children;
  #known = new Map<string, OfPool>();

  constructor(children: Children) {
    this.#children = children;
  }

  served(pools: readonly PoolLine[]): readonly Runner[] {
    const now = new Map<string, OfPool>();
    for (const pool of pools) {
      const known = this.#known.get(pool.name) ?? this.#open(pool);
      known.of = pool;
      now.set(pool.name, known);
    }
    this.#known = now;
    return [...now.values()].map(({ runner }) => runner);
  }

  #open(pool: PoolLine): OfPool {
    const capacity = (): Runner['capacity'] => {
      const { cpus, memoryMiB } = opened.of;
      return { cpus, memoryBytes: memoryMiB * 1024 * 1024 };
    };
    const { name } = pool;
    const open = (): Runner => openProcessTier({ ...this.#children, capacity, pool: name });
    const opened = { runner: whenNeeded({ tier: 'process', pool: name, capacity }, open), of: pool };
    return opened;
  }
}

interface About {
  readonly tier: Runner['tier'];
  readonly pool: string;
  readonly capacity: () => Runner['capacity'];
}

/** A runner that is opened by its first run. Once closed it stays so: a run that comes behind would leave a process behind. */
function whenNeeded({ tier, pool, capacity }: About, open: () => Runner): Runner {
  let opened: Runner | undefined;
  let isClosed = false;
  const use = (): Runner => {
    if (isClosed) throw new Fault('runner_unavailable', `the ${tier} tier is closed`);
    opened ??= open();
    return opened;
  };
  return {
    tier,
    pool,
    get capacity() {
      return capacity();
    },
    get confinement() {
      return use().confinement;
    },
    run: async (request, listener) => use().run(request, listener),
    kill: (id) => opened?.kill(id) ?? false,
    close: async () => {
      isClosed = true;
      await opened?.close();
    },
  };
}
