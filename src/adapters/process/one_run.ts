// One run on one child that is ready: hands over the order, listens, keeps the limits, and says how it ended. Whatever the
// child does, this resolves, and then nothing of the child is left.

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { limits } from '../../base/limits.ts';
import type { RunFailureCode } from '../../model/run.ts';
import type { RunListener, RunOutcome, RunReport, RunRequest } from '../../ports/runner.ts';
import { type ChildFailure, type ChildFailureCode, frame, inside, type Order } from './child/protocol.ts';
import type { ConfinedChild } from './confined_child.ts';
import { openLog } from './log_lines.ts';
import { memoryOf } from './process_tree.ts';
import { openProxy, type RunProxy } from './proxy.ts';

/** A run under way, as the tier holds it. */
export interface UnderWay {
  readonly report: Promise<RunReport>;
  /** Ends it; it reports `killed`. */
  kill(): void;
}

const childCodes: ReadonlySet<string> = new Set<ChildFailureCode>([
  'threw',
  'result_invalid',
  'timed_out',
  'out_of_memory',
  'output_too_large',
  'not_compiled',
  'refused_by_sandbox',
  'authentication_failed',
]);

const socketName = 'proxy.sock';
/** What V8 and the allocator write before they end a process that has no memory left. */
const outOfMemoryText = /out of memory|Allocation failed|bad_alloc|Cannot allocate memory/i;
const crashTextCharsMax = 16 * 1024;

const failed = (code: RunFailureCode, message: string, at?: { line: number; column: number }): RunOutcome => {
  const over = message.length - limits.runMessageCharsMax;
  const text = over <= 0 ? message : `${message.slice(0, limits.runMessageCharsMax)}… (${over} characters more)`;
  return { ok: false, code, message: text, ...(at === undefined ? {} : { at }) };
};

/** The outcome in a frame; undefined for a frame that is none. */
function outcomeOf(letter: string, payload: string): RunOutcome | undefined {
  try {
    if (letter === frame.nothing) return { ok: true, value: undefined };
    if (letter === frame.value) {
      JSON.parse(payload);
      return { ok: true, value: payload };
    }
    if (letter !== frame.failure) return undefined;
    const failure = JSON.parse(payload) as ChildFailure;
    const at = failure.at;
    const place = Number.isInteger(at?.line) && Number.isInteger(at?.column) ? at : undefined;
    return failed(childCodes.has(failure.code) ? failure.code : 'threw', String(failure.message), place);
  } catch {
    return failed('result_invalid', 'what the child gave is not JSON');
  }
}

/** How a child ended that gave no outcome. */
function outcomeOfEnd(exit: string | null, crashText: string): RunOutcome {
  if (exit === null) return failed('runner_lost', 'the process went away');
  if (!/^\d+$/.test(exit) && outOfMemoryText.test(crashText))
    return failed('out_of_memory', 'the process ran out of memory');
  if (exit === 'SIGKILL') return failed('runner_lost', 'the process was killed from outside');
  if (/^\d+$/.test(exit)) return failed('threw', `the function ended its own process (exit code ${exit})`);
  return failed('threw', `the process of the function crashed (${exit})`);
}

/** Starts the run. `runner` names the child for people. */
export function startRun(child: ConfinedChild, request: RunRequest, listener: RunListener, runner: string): UnderWay {
  let outcome: RunOutcome | undefined;
  let peakBytes: number | null = null;
  let sampledBytes = 0;
  let crashText = '';
  let endTimer: NodeJS.Timeout | undefined;
  const bounds = request.limits;
  const token = randomBytes(16).toString('hex');
  const log = openLog(bounds.outputBytes, Date.now, (line) => listener.log(line));

  /** The first outcome counts. A child that gave it itself may end by itself, others are ended. */
  const settle = (with_: RunOutcome, end: 'kill' | 'let end'): void => {
    if (outcome !== undefined) return;
    outcome = with_;
    if (end === 'kill') child.kill();
    else endTimer = setTimeout(() => child.kill(), limits.childEndMs);
  };
  const tooLarge = (what: string): void =>
    settle(failed('output_too_large', `${what} is larger than ${bounds.outputBytes} bytes`), 'kill');
  const taken = (isTaken: boolean): void => {
    if (!isTaken) tooLarge('the log');
  };

  const onFrame = (line: string): void => {
    if (outcome !== undefined || !line.startsWith(`${token} `)) return;
    const letter = line.charAt(token.length + 1);
    const payload = line.slice(token.length + 3);
    if (letter === frame.output || letter === frame.error) {
      taken(log.line(letter === frame.output ? 'output' : 'error', String(JSON.parse(payload))));
    } else if (letter === frame.peak) peakBytes = Number(payload);
    else {
      taken(log.flush());
      const found = outcomeOf(letter, payload);
      if (found !== undefined) settle(found, 'let end');
    }
  };

  const go = async (): Promise<RunReport> => {
    let proxy: RunProxy | undefined;
    const hosts = request.allow?.network ?? [];
    const startedAt = Date.now();
    const since = performance.now();
    const timer = setTimeout(
      () => settle(failed('timed_out', `longer than ${bounds.timeMs} ms`), 'kill'),
      bounds.timeMs,
    );
    const sampler = setInterval(() => {
      if (child.pid === undefined) return;
      const { held, peak } = memoryOf(child.pid);
      sampledBytes = Math.max(sampledBytes, peak);
      if (held > bounds.memoryBytes + limits.runMemoryBaseBytes) {
        settle(failed('out_of_memory', `its processes hold ${held} bytes, over ${bounds.memoryBytes}`), 'kill');
      }
    }, limits.runMemorySampleMs);
    try {
      if (hosts.length > 0) proxy = await openProxy(join(child.place.folder, socketName), hosts);
      if (outcome === undefined) listener.started(startedAt);
      child.send(orderOf(request, token, proxy === undefined ? null : socketOf(child)), {
        line: onFrame,
        overflow: () => tooLarge('the result'),
        output: (stream, chunk) => {
          if (outcome !== undefined) return;
          if (stream === 'error') crashText = (crashText + chunk.toString('latin1')).slice(-crashTextCharsMax);
          taken(log.bytes(stream, chunk));
        },
      });
      const exit = await child.ended;
      if (outcome === undefined) taken(log.flush());
      const end = outcome ?? outcomeOfEnd(exit, crashText);
      return {
        outcome: end,
        tookMs: performance.now() - since,
        peakMemoryBytes: peakBytes ?? (sampledBytes > 0 ? sampledBytes : null),
        exit,
        runner,
      };
    } finally {
      clearTimeout(timer);
      clearTimeout(endTimer);
      clearInterval(sampler);
      child.kill();
      await proxy?.close();
    }
  };

  return { report: go(), kill: () => settle(failed('killed', 'ended on request'), 'kill') };
}

/** The proxy's socket as the child sees it. */
function socketOf(child: ConfinedChild): string {
  return child.confined ? `${inside.net}/${socketName}` : join(child.place.folder, socketName);
}

function orderOf(request: RunRequest, token: string, proxy: string | null): Order {
  return {
    token,
    main: { name: request.name, script: request.code.script },
    input: request.input,
    authentication: (request.authentication ?? []).map(({ name, code, secret }) => ({
      name,
      script: code.script,
      secret: JSON.stringify(secret),
    })),
    commands: request.allow?.commands ?? [],
    proxy,
    outputBytes: request.limits.outputBytes,
  };
}
