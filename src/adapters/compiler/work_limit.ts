// Work that may go on for a time of the processor. A clock on the wall also counts while the thread is not let run, on a busy machine or
// in a process that is paused, and what a text comes to may not depend on that.

import { readFileSync } from 'node:fs';
import { createContext, Script } from 'node:vm';

const script = new Script('run()');
const globals: { run?: () => unknown } = {};
let context: object | undefined;

/** Less than all of it: the two clocks are not the same, and one counts in steps. */
const workedShare = 0.9;

/**
 * What `run` gives, or a time-out (`isTimeout`) once it has worked for about that long. The language engine counts by the clock on the
 * wall, so where the thread was not let run it is done again from the beginning, with twice as much of that. `run` leaves nothing half
 * done behind.
 */
export function worked<T>(timeMs: number, run: () => T): T {
  for (let wallMs = timeMs; ; wallMs *= 2) {
    const before = threadTimeMs();
    try {
      return within(wallMs, run);
    } catch (e) {
      if (!isTimeout(e) || threadTimeMs() - before >= timeMs * workedShare) throw e;
    }
  }
}

export function isTimeout(e: unknown): boolean {
  return typeof e === 'object' && e !== null && 'code' in e && e.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
}

function within<T>(wallMs: number, run: () => T): T {
  context ??= createContext(globals);
  globals.run = run;
  return script.runInContext(context as Parameters<Script['runInContext']>[0], { timeout: Math.ceil(wallMs) }) as T;
}

/** Of later releases of Node. */
interface WithThreadUsage {
  threadCpuUsage?(): { readonly user: number; readonly system: number };
}

/** Of Linux, whatever the machine: USER_HZ. */
const ticksPerSecond = 100;

/** Milliseconds that this thread has worked; where only the whole process is measured, its. */
function threadTimeMs(): number {
  const { threadCpuUsage } = process as WithThreadUsage;
  if (threadCpuUsage === undefined && process.platform === 'linux') {
    const stat = readFileSync('/proc/thread-self/stat', 'latin1');
    // The name stands in brackets, with anything in it; state is the first field behind it.
    const [, , , , , , , , , , , user, system] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return ((Number(user) + Number(system)) * 1_000) / ticksPerSecond;
  }
  const { user, system } = threadCpuUsage === undefined ? process.cpuUsage() : threadCpuUsage.call(process);
  return (user + system) / 1_000;
}
