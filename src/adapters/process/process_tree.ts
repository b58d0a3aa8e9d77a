// What the kernel says about a process and everything below it: memory, and whether it is still there. A process that ends
// while it is looked at counts as gone.

import { readdirSync, readFileSync } from 'node:fs';

/** Processes looked at; a run has fewer by its own limit. */
const processesMax = 1_024;

/** What `body` reads; undefined when the system does not give it: looking at processes is never worth a failure. */
function tryRead<T>(body: () => T): T | undefined {
  try {
    return body();
  } catch (error) {
    if (typeof (error as NodeJS.ErrnoException).code === 'string') return undefined;
    throw error;
  }
}

/** Children of every thread of the process. */
function childrenOf(pid: number): number[] {
  const threads = tryRead(() => readdirSync(`/proc/${pid}/task`)) ?? [];
  return threads.flatMap((thread) => {
    const text = tryRead(() => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8')) ?? '';
    return text.split(' ').filter(Boolean).map(Number);
  });
}

/** The process and all below it. */
export function treeOf(pid: number): number[] {
  const found = [pid];
  for (let i = 0; i < found.length && found.length < processesMax; i++) found.push(...childrenOf(found[i]!));
  return found;
}

/** The memory of a tree, in bytes, summed over its processes; zero when it is gone. */
export interface TreeMemory {
  /** Held now, without what is shared with files. */
  readonly held: number;
  /** The most that each process has held, shared pages included. */
  readonly peak: number;
}

export function memoryOf(pid: number): TreeMemory {
  let [held, peak] = [0, 0];
  const field = (status: string, name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0) * 1024;
  for (const process of treeOf(pid)) {
    const status = tryRead(() => readFileSync(`/proc/${process}/status`, 'utf8')) ?? '';
    held += field(status, 'RssAnon');
    peak += field(status, 'VmHWM');
  }
  return { held, peak };
}

/** State and process group, of what the kernel says after the name, in which anything may stand; undefined once it is gone. */
function standingOf(pid: number | string): { state: string; group: number } | undefined {
  const stat = tryRead(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  if (stat === undefined) return undefined;
  const [state = '', , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state, group: Number(group) };
}

const isEnded = (state: string): boolean => state === 'Z' || state === 'X';

/** Has the process ended? One that is only waiting to be reaped has. */
export function isGone(pid: number): boolean {
  const standing = standingOf(pid);
  return standing === undefined || isEnded(standing.state);
}

/** Has every process of the group ended? Looks at all of the machine, so it is for when one is known to have been there. */
export function isGroupGone(group: number): boolean {
  const pids = (tryRead(() => readdirSync('/proc')) ?? []).filter((name) => /^\d+$/.test(name));
  return pids.every((pid) => {
    const standing = standingOf(pid);
    return standing === undefined || standing.group !== group || isEnded(standing.state);
  });
}
