// siExec: starting commands. Only those that the run may start, in the run's folder, with a cleared environment, what
// authentication functions set, and the proxy if there is one. A command that fails is a result, not an exception; the
// result's fields are those of execa (https://github.com/sindresorhus/execa, version 5), which existing functions read.

import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { NotAllowed } from './failure.ts';

export interface ExecOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string | Uint8Array;
  /** Milliseconds; 0: none. */
  readonly timeout?: number;
  /** Default true: the last line end of stdout and stderr is taken off. */
  readonly stripFinalNewline?: boolean;
  /** Default false: a failure is a result. */
  readonly reject?: boolean;
  /** Not offered: there is no shell unless it is a command of its own. */
  readonly shell?: unknown;
}

export interface ExecResult {
  readonly command: string;
  readonly escapedCommand: string;
  /** undefined when it did not start or a signal ended it. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, in the order in which they came. */
  readonly all: string;
  readonly failed: boolean;
  readonly timedOut: boolean;
  readonly isCanceled: boolean;
  readonly killed: boolean;
  readonly signal?: string;
  readonly signalDescription?: string;
  readonly shortMessage?: string;
  readonly originalMessage?: string;
  readonly message?: string;
  readonly code?: string;
}

export interface WatchOptions {
  readonly cmd: string;
  readonly args?: readonly string[];
  readonly execaOptions?: ExecOptions;
  /** Default 2,000. */
  readonly retryMs?: number;
  /** Default 10. */
  readonly maxRetryCount?: number;
  readonly callback: (child: ExecResult) => boolean | Promise<boolean>;
}

export interface WatchResult {
  readonly result: ExecResult;
  readonly failed?: 'deadlineExceeded' | 'commandFailed';
}

export interface SiExec {
  waitUntilEnd(command: string, args?: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  watch(options: WatchOptions): Promise<WatchResult>;
}

/** The run's own folder, whatever user code does later. */
const folder = process.cwd();
const retryMsDefault = 2_000;
const retriesDefault = 10;

const quoted = (part: string): string => (/^[\w./-]+$/.test(part) ? part : `"${part.replace(/"/g, '\\"')}"`);
const stripped = (text: string): string => text.replace(/\r?\n$/, '');

/** Runs one command to its end. */
async function execute(file: string, args: readonly string[], options: ExecOptions, env: NodeJS.ProcessEnv) {
  const all: Buffer[] = [];
  const streams = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  const ending = await new Promise<{ code: number | null; signal: string | null; error?: Error; timedOut: boolean }>(
    (resolve) => {
      let timedOut = false;
      let failure: Error | undefined;
      const child = spawn(file, args, { cwd: options.cwd ?? folder, env, stdio: ['pipe', 'pipe', 'pipe'] });
      const timer =
        (options.timeout ?? 0) > 0
          ? setTimeout(() => {
              timedOut = true;
              child.kill('SIGTERM');
            }, options.timeout)
          : undefined;
      for (const name of ['stdout', 'stderr'] as const) {
        child[name].on('data', (chunk: Buffer) => {
          streams[name].push(chunk);
          all.push(chunk);
        });
      }
      child.on('error', (error) => {
        failure = error;
        if (child.pid === undefined) resolve({ code: null, signal: null, error, timedOut });
      });
      // A command that does not read its input closes it early; that is its own affair.
      child.stdin.on('error', (error) => {
        if ((error as NodeJS.ErrnoException).code !== 'EPIPE') failure = error;
      });
      child.stdin.end(options.input ?? '');
      child.on('close', (code, signal) => {
        clearTimeout(timer);
        resolve({ code, signal, timedOut, ...(failure === undefined ? {} : { error: failure }) });
      });
    },
  );
  const text = (chunks: readonly Buffer[]): string => {
    const whole = Buffer.concat(chunks).toString('utf8');
    return (options.stripFinalNewline ?? true) ? stripped(whole) : whole;
  };
  return { ...ending, stdout: text(streams.stdout), stderr: text(streams.stderr), all: text(all) };
}

/** The names for user code. `environment` is asked anew for each command. */
export function makeSiExec(commands: readonly string[], environment: () => NodeJS.ProcessEnv): SiExec {
  const allowed = new Set(commands);

  const waitUntilEnd = async (command: string, args: readonly string[] = [], options: ExecOptions = {}) => {
    const name = String(command);
    if (!allowed.has(name)) {
      const those = commands.length === 0 ? 'none' : commands.join(', ');
      throw new NotAllowed(`the command ${JSON.stringify(name)} is not allowed here; allowed: ${those}`);
    }
    if (options.shell) throw new NotAllowed('siExec starts no shell around a command; allow the shell as a command');
    const words = args.map(String);
    const end = await execute(name, words, options, { ...environment(), ...options.env });
    const failed = end.code !== 0 || end.error !== undefined || end.timedOut;
    const line = [name, ...words].join(' ');
    const code = (end.error as NodeJS.ErrnoException | undefined)?.code;
    const why = end.timedOut
      ? `timed out after ${options.timeout} milliseconds`
      : end.error !== undefined
        ? `failed with ${code ?? end.error.message}`
        : end.signal !== null
          ? `was killed with ${end.signal}`
          : `failed with exit code ${end.code}`;
    const shortMessage = `Command ${why}: ${line}`;
    const result: ExecResult = {
      command: line,
      escapedCommand: [name, ...words].map(quoted).join(' '),
      exitCode: end.code ?? undefined,
      stdout: end.stdout,
      stderr: end.stderr,
      all: end.all,
      failed,
      timedOut: end.timedOut,
      isCanceled: false,
      killed: end.timedOut,
      ...(end.signal === null ? {} : { signal: end.signal, signalDescription: describeSignal(end.signal) }),
      ...(failed
        ? { shortMessage, message: [shortMessage, end.stderr, end.stdout].filter((t) => t !== '').join('\n') }
        : {}),
      ...(end.error === undefined ? {} : { originalMessage: end.error.message }),
      ...(code === undefined ? {} : { code }),
    };
    if (failed && options.reject === true) throw Object.assign(new Error(result.message), result);
    return result;
  };

  const watch = async (options: WatchOptions): Promise<WatchResult> => {
    const attempts = options.maxRetryCount || retriesDefault;
    for (let attempt = 1; ; attempt++) {
      const result = await waitUntilEnd(options.cmd, options.args, options.execaOptions);
      if (result.failed) return { result, failed: 'commandFailed' };
      if (await options.callback(result)) return { result };
      if (attempt >= attempts) return { result, failed: 'deadlineExceeded' };
      await wait(options.retryMs || retryMsDefault);
    }
  };

  return Object.freeze({ waitUntilEnd, watch });
}

function describeSignal(signal: string): string {
  return `signal ${constants.signals[signal as NodeJS.Signals] ?? signal}`;
}
