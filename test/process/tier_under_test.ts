// A process tier for one test file, and a way to run a text on it and, for comparison, in a plain process.

import { spawnSync } from 'node:child_process';
import { closeSync, fstatSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isGone } from '../../src/adapters/process/process_tree.ts';
import { openProcessTier, type ProcessTierOptions } from '../../src/adapters/process/tier.ts';
import type { Hash, RunId } from '../../src/base/ids.ts';
import type { Json } from '../../src/base/json.ts';
import type { RunLimits, RunLogLine } from '../../src/model/run.ts';
import type { Allowances, Runner, RunReport, RunRequest } from '../../src/ports/runner.ts';

const program = fileURLToPath(new URL('../../dist/adapters/process/child', import.meta.url));

const plainProgram = fileURLToPath(new URL('./fixtures/plain.mjs', import.meta.url));

export interface Asked {
  readonly input?: Json;
  readonly limits?: Partial<RunLimits>;
  readonly allow?: Partial<Allowances>;
  readonly members?: RunRequest['members'];
  /** Scripts of authentication functions with their secrets. */
  readonly authentication?: readonly {
    readonly script: string;
    readonly secret: Json;
    readonly plain?: readonly string[];
  }[];
  readonly onLine?: (line: RunLogLine, id: RunId) => void;
  readonly onStart?: (id: RunId) => void;
}

export interface Answer {
  readonly report: RunReport;
  readonly lines: readonly RunLogLine[];
  readonly starts: number;
  /** What authentication left, and how many lines there were when all of it was told; absent: it was not said to have ended. */
  readonly left: readonly string[];
  readonly linesBefore: number | undefined;
}

export interface TierUnderTest {
  readonly tier: Runner;
  readonly temporary: string;
  run(script: string, asked?: Asked): Promise<Answer>;
  /** The value of a run that succeeds; throws what it reported otherwise. */
  value(script: string, asked?: Asked): Promise<unknown>;
  /** The code of a run that fails. */
  code(script: string, asked?: Asked): Promise<string>;
  close(): Promise<void>;
}

let serial = 0;

export function openTierUnderTest(options: ProcessTierOptions = {}): TierUnderTest {
  const temporary = mkdtempSync(join(tmpdir(), 'headwater-process-test-'));
  const tier = openProcessTier({ program, temporary, ...options });

  const run = async (script: string, asked: Asked = {}): Promise<Answer> => {
    const id = `01RN${String(++serial).padStart(22, '0')}` as RunId;
    const lines: RunLogLine[] = [];
    const left: string[] = [];
    let linesBefore: number | undefined;
    let starts = 0;
    const request: RunRequest = {
      id,
      kind: 'action',
      tier: 'process',
      name: 'tried',
      code: { hash: '' as Hash, script },
      input: JSON.stringify(asked.input ?? {}),
      limits: { timeMs: 60_000, memoryBytes: 256 * 1024 * 1024, cpus: 1, outputBytes: 1024 * 1024, ...asked.limits },
      allow: { network: [], commands: [], ...asked.allow },
      ...(asked.members === undefined ? {} : { members: asked.members }),
      authentication: (asked.authentication ?? []).map(({ script: text, secret, plain }, i) => ({
        name: `authentication ${i + 1}`,
        code: { hash: '' as Hash, script: text },
        secret,
        ...(plain === undefined ? {} : { plain }),
      })),
    };
    const report = await tier.run(request, {
      started: () => {
        starts++;
        asked.onStart?.(id);
      },
      log: (line) => {
        lines.push(line);
        asked.onLine?.(line, id);
      },
      left: (texts) => left.push(...texts),
      authenticated: () => {
        linesBefore = lines.length;
      },
    });
    return { report, lines, starts, left, linesBefore };
  };

  return {
    tier,
    temporary,
    run,
    value: async (script, asked) => {
      const { outcome } = (await run(script, asked)).report;
      if (!outcome.ok) throw new Error(`${outcome.code}: ${outcome.message}`);
      return outcome.value === undefined ? undefined : JSON.parse(outcome.value);
    },
    code: async (script, asked) => {
      const { outcome } = (await run(script, asked)).report;
      return outcome.ok ? `succeeded: ${outcome.value}` : outcome.code;
    },
    close: async () => {
      await tier.close();
      rmSync(temporary, { recursive: true, force: true });
    },
  };
}

/** The same text in a plain process: what it returned. Throws when the attack fails there, for then it proves nothing. */
export function plainly(script: string, input: Json = {}): unknown {
  const { stdout, status } = spawnSync(process.execPath, [plainProgram], {
    input: JSON.stringify({ script, input }),
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`the plain process ended with ${status}`);
  const { value, error } = JSON.parse(stdout) as { value?: unknown; error?: string };
  if (error !== undefined) throw new Error(error);
  return value;
}

/** Whether a text keeps a plain process busy or waiting until it is killed. */
export function isStuckPlainly(script: string, mostMs = 1_500): boolean {
  const { signal } = spawnSync(process.execPath, [plainProgram], {
    input: JSON.stringify({ script, input: {} }),
    timeout: mostMs,
    killSignal: 'SIGKILL',
  });
  return signal === 'SIGKILL';
}

/** The bytes that a text has a plain process print. To a file: a pipe would refuse some of them. */
export function printedPlainly(script: string): number {
  const folder = mkdtempSync(join(tmpdir(), 'headwater-printed-'));
  const file = openSync(join(folder, 'printed'), 'w');
  try {
    spawnSync(process.execPath, [plainProgram], {
      input: JSON.stringify({ script, input: {} }),
      stdio: ['pipe', file, file],
    });
    return fstatSync(file).size;
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true });
  }
}

export function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

const readOrNothing = (path: string): string => {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES') return '';
    throw error;
  }
};

/** Processes of the machine in whose command line or, with `environ`, environment the text stands. */
export function processesWith(text: string, file: 'cmdline' | 'environ' = 'cmdline'): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && readOrNothing(`/proc/${name}/${file}`).includes(text))
    .map(Number);
}

/** The process that a report names. */
export function pidOf(report: RunReport): number {
  return Number(/\d+/.exec(report.runner)?.[0]);
}

/** The parent of a process; 0 when it is gone. */
export function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)/m.exec(readOrNothing(`/proc/${pid}/status`))?.[1] ?? 0);
}

/** One that only waits to be reaped is not. */
export const isThere = (pid: number): boolean => !isGone(pid);

/** Waits until it is so; the test's own time limit ends it otherwise. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 10));
}
