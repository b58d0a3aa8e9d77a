// Running scripts in the isolate tier, for its tests: requests with defaults, what a listener was told, and the child
// processes that this process has.

import { readdirSync, readFileSync } from 'node:fs';
import { openIsolate } from '../../src/adapters/isolate/isolate.ts';
import type { Hash, RunId } from '../../src/base/ids.ts';
import type { RunLimits, RunLogLine } from '../../src/model/run.ts';
import type { Runner, RunOutcome, RunReport } from '../../src/ports/runner.ts';

const limits: RunLimits = {
  timeMs: 20_000,
  memoryBytes: 128 * 1024 ** 2,
  cpus: 1,
  outputBytes: 4 * 1024 ** 2,
};

export interface Heard extends RunReport {
  readonly started: readonly number[];
  readonly log: readonly RunLogLine[];
}

let runs = 0;

export interface RunOptions extends Partial<RunLimits> {
  readonly id?: string;
  readonly hash?: string;
  readonly workspace?: string;
  readonly started?: () => void;
}

/** Runs a script that declares `main`; answers the report with what the listener was told before it. */
export async function run(
  runner: Runner,
  script: string,
  input: unknown = {},
  options: RunOptions = {},
): Promise<Heard> {
  const { id = `run-${++runs}`, hash = script, workspace, started: onStarted, ...own } = options;
  const started: number[] = [];
  const log: RunLogLine[] = [];
  let isOver = false;
  const listener = {
    started: (atMs: number) => {
      if (isOver) throw new Error('started after the report');
      started.push(atMs);
      onStarted?.();
    },
    log: (line: RunLogLine) => {
      if (isOver) throw new Error('a line after the report');
      log.push(line);
    },
  };
  const report = await runner.run(
    {
      id: id as RunId,
      ...(workspace === undefined ? {} : { workspace }),
      kind: 'attribute',
      tier: 'isolate',
      name: 'tested',
      code: { hash: hash as Hash, script },
      input: JSON.stringify(input),
      limits: { ...limits, ...own },
    },
    listener,
  );
  isOver = true;
  return { ...report, started, log };
}

/** `ok VALUE` or the code of the failure. */
export function short({ outcome }: { readonly outcome: RunOutcome }): string {
  return outcome.ok ? `ok ${outcome.value}` : outcome.code;
}

export function message({ outcome }: { readonly outcome: RunOutcome }): string {
  return outcome.ok ? '' : outcome.message;
}

/** Opens a runner, gives it to `body`, closes it; afterwards no child of it is left. */
export async function withIsolate<T>(
  options: Parameters<typeof openIsolate>[0],
  body: (runner: Runner) => Promise<T>,
): Promise<T> {
  const runner = openIsolate(options);
  try {
    return await body(runner);
  } finally {
    await runner.close();
  }
}

/** Ids of the processes below one, by /proc. */
export function processesBelow(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const parent = parentOf(Number(name));
    if (parent !== undefined) parents.set(Number(name), parent);
  }
  const below = [pid];
  for (const at of below) for (const [child, parent] of parents) if (parent === at) below.push(child);
  return below.slice(1);
}

function parentOf(pid: number): number | undefined {
  try {
    const [, state, parent] = /\) (\S) (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return state === 'Z' ? undefined : Number(parent);
  } catch {
    // It has ended meanwhile.
    return undefined;
  }
}

/** Those of them that are children of the isolate tier. */
export function isolateChildren(pid = process.pid): number[] {
  return processesBelow(pid).filter((child) => commandOf(child).includes('isolate/child.js'));
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

/** Processor time that a process has used, to a hundredth of a second. */
export function processorSeconds(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}
