// What the kernel says of processes: who one is, whether it is still there, and which were started by it. A process that ends
// while it is looked at counts as gone. Reads /proc of Linux; signals are sent here and nowhere else.

import { readdirSync, readFileSync } from 'node:fs';
import type { ProcessIdentity } from './journal.ts';

/** The variable by which everything that a process started is known, also what left its group. */
export const markName = 'HEADWATER_LOCAL_PROCESS';

let boot: string | undefined;

/** Of this start of the machine. */
function bootId(): string {
  boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return boot;
}

interface Stat {
  readonly state: string;
  readonly group: number;
  readonly startTicks: number;
}

function statOf(pid: number): Stat | undefined {
  const text = tryRead(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The name of the program, in parentheses, may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0]!, group: Number(fields[2]), startTicks: Number(fields[19]) };
}

function tryRead(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch (e) {
    if (typeof (e as NodeJS.ErrnoException).code === 'string') return undefined;
    throw e;
  }
}

const hasEnded = ({ state }: Stat): boolean => state === 'Z' || state === 'X';

/** undefined: it is gone already. */
export function identify(pid: number): ProcessIdentity | undefined {
  const stat = statOf(pid);
  return stat === undefined ? undefined : { pid, startTicks: stat.startTicks, boot: bootId() };
}

export function isAlive({ pid, startTicks, boot }: ProcessIdentity): boolean {
  const stat = statOf(pid);
  return stat !== undefined && !hasEnded(stat) && stat.startTicks === startTicks && boot === bootId();
}

/** Ids of the processes that bear the mark, and of those in the group of `leader` while that is there. */
export function membersOf(mark: string, leader: ProcessIdentity | undefined): number[] {
  const group = leader !== undefined && isAlive(leader) ? leader.pid : undefined;
  const wanted = `${markName}=${mark}`;
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) return [];
    const stat = statOf(pid);
    if (stat === undefined || hasEnded(stat)) return [];
    const isIn = stat.group === group || tryRead(`/proc/${pid}/environ`)?.split('\0').includes(wanted) === true;
    return isIn ? [pid] : [];
  });
}

/** One that is gone meanwhile is passed by. */
export function signal(pids: readonly number[], name: 'SIGTERM' | 'SIGKILL'): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code !== 'ESRCH') throw e;
    }
  }
}
