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
  /** undefined when the child was gone before it had taken its order: then nothing of the run has happened. */
  readonly report: Promise<RunReport | undefined>;
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
/** Of all frames of what was left: in variables, and in files, each text with a comma or a bracket more. */
const leftBytesMax = 4 * limits.leftBytesMax;

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

/** The text of a log frame; undefined for what is no text, which only a forged frame can hold. */
function textOf(payload: string): string | undefined {
  try {
    const text: unknown = JSON.parse(payload);
    return typeof text === 'string' ? text : undefined;
  } catch {
    return undefined;
  }
}

/** The texts of a frame of what was left; none for what is no list of texts. */
function textsOf(payload: string): string[] {
  try {
    const texts: unknown = JSON.parse(payload);
    return Array.isArray(texts) ? texts.filter((text): text is string => typeof text === 'string') : [];
  } catch {
    return [];
  }
}

/** How a child ended that gave no outcome. */
function outcomeOfEnd(exit: string | null, crashText: string): RunOutcome {
  if (exit === null) return failed('runner_lost', 'the process went away');
  if (!/^\d+$/.test(exit) && outOfMemoryText.test(crashText))
    return failed('out_of_memory', 'the process ran out of memory');
  if (exit === 'SIGKILL') return failed('runner_lost', 'the process was killed from outside');
  if (/^\d+$/.test(exit)) return failed('crashed', `the function ended its own process (exit code ${exit})`);
  return failed('crashed', `the process of the function crashed (${exit})`);
}

/** What a run has besides its request. */
export interface RunAround {
  /** Names the child for people. */
  readonly runner: string;
  /** Paths of unix sockets that the owner of the machine allows; asked when one is asked for. */
  readonly sockets: () => readonly string[];
}

/** Does the run reach anything at all? */
export function hasNetwork({ allow, members = [] }: RunRequest): boolean {
  return (allow?.network ?? []).length + members.length > 0;
}

/** Starts the run. */
export function startRun(
  child: ConfinedChild,
  request: RunRequest,
  listener: RunListener,
  { runner, sockets }: RunAround,
): UnderWay {
  let outcome: RunOutcome | undefined;
  let peakBytes: number | null = null;
  let sampledBytes = 0;
  let crashText = '';
  let leftBytes = 0;
  let ended = false;
  let endTimer: NodeJS.Timeout | undefined;
  let timer: NodeJS.Timeout | undefined;
  let begunAt: number | undefined;
  const bounds = request.limits;
  const token = randomBytes(16).toString('hex');
  const log = openLog(bounds.outputBytes, Date.now, (line) => listener.log(line));

  /** The first outcome counts. */
  const settle = (first: RunOutcome): void => {
    outcome ??= first;
  };
  /** Ends the child with an outcome of ours; nothing it says after that counts. */
  const end = (why: RunOutcome): void => {
    ended = true;
    settle(why);
    child.kill();
  };
  /** Also a run that has given its result fails by this: its log would not be whole. */
  const tooLarge = (what: string): void => {
    if (ended) return;
    outcome = undefined;
    end(failed('output_too_large', `${what} is larger than ${bounds.outputBytes} bytes`));
  };
  const taken = (isTaken: boolean): void => {
    if (!isTaken) tooLarge('the log');
  };

  const begin = (): void => {
    if (begunAt !== undefined) return;
    begunAt = performance.now();
    clearTimeout(timer);
    timer = setTimeout(() => end(failed('timed_out', `longer than ${bounds.timeMs} ms`)), bounds.timeMs);
    listener.started(Date.now());
  };
  const onFrame = (line: string): void => {
    if (outcome !== undefined || !line.startsWith(`${token} `)) return;
    const letter = line.charAt(token.length + 1);
    const payload = line.slice(token.length + 3);
    if (letter === frame.begun) begin();
    else if (letter === frame.output || letter === frame.error) {
      const text = textOf(payload);
      if (text !== undefined) taken(log.line(letter === frame.output ? 'output' : 'error', text));
    } else if (letter === frame.left) {
      const texts = textsOf(payload);
      leftBytes += payload.length;
      // More than the child tells: frames that are not its own.
      if (leftBytes > leftBytesMax) tooLarge('what authentication left');
      else listener.left?.(texts);
    } else if (letter === frame.authenticated) listener.authenticated?.();
    else if (letter === frame.peak) peakBytes = /^\d{1,15}$/.test(payload) ? Number(payload) : null;
    else {
      const found = outcomeOf(letter, payload);
      if (found === undefined) return;
      settle(found);
      // It ends by itself now, and what it wrote on its bare streams still comes.
      endTimer = setTimeout(() => child.kill(), limits.childEndMs);
    }
  };
  const onOutput = (stream: 'output' | 'error', chunk: Buffer): void => {
    if (ended) return;
    if (stream === 'error') crashText = (crashText + chunk.toString('latin1')).slice(-crashTextCharsMax);
    taken(log.bytes(stream, chunk));
  };

  const go = async (): Promise<RunReport | undefined> => {
    let proxy: RunProxy | undefined;
    timer = setTimeout(() => child.kill(), limits.childStartMs);
    const sampler = setInterval(() => {
      if (child.pid === undefined) return;
      const { held, peak } = memoryOf(child.pid);
      sampledBytes = Math.max(sampledBytes, peak);
      if (held > bounds.memoryBytes + limits.runMemoryBaseBytes) {
        end(failed('out_of_memory', `its processes hold ${held} bytes, over ${bounds.memoryBytes}`));
      }
    }, limits.runMemorySampleMs);
    try {
      if (hasNetwork(request)) {
        const { allow, members = [] } = request;
        const reachable = { listed: allow?.network ?? [], members, sockets };
        proxy = await openProxy(join(child.place.folder, socketName), reachable);
      }
      child.send(orderOf(request, token, proxy === undefined ? null : socketOf(child)), {
        line: onFrame,
        overflow: () => tooLarge('the result'),
        output: onOutput,
      });
      const exit = await child.ended;
      if (begunAt === undefined && !ended) return undefined;
      if (!ended) taken(log.flush());
      const last = outcome ?? outcomeOfEnd(exit, crashText);
      return {
        outcome: last,
        tookMs: begunAt === undefined ? 0 : performance.now() - begunAt,
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

  return { report: go(), kill: () => end(failed('killed', 'ended on request')) };
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
    writes: request.kind === 'authentication',
    authentication: (request.authentication ?? []).map(({ name, code, secret, plain }) => ({
      name,
      script: code.script,
      secret: JSON.stringify(secret),
      plain: plain ?? [],
    })),
    commands: request.allow?.commands ?? [],
    proxy,
    outputBytes: request.limits.outputBytes,
    leftMax: { bytes: limits.leftBytesMax, parts: limits.leftPartsMax, files: limits.leftFilesMax },
  };
}
