// One call of one function inside a child: from the text of its input to frames that say what came of it. Everything that
// touches what the function made (its result, what it threw, what it logs) runs while the call is the one under way, so
// that its time and its memory are the call's own; nothing of it is reached later.

import { boundedMessage, childFailures, type FrameWriter, lineBytesMax, toParent } from './protocol.ts';
import { type At, type Main, NotCompiled, placeIn, type Version } from './version.ts';

export interface CallRequest {
  readonly serial: number;
  readonly version: () => Version;
  readonly input: string;
  readonly outputBytes: number;
}

type Failure = (typeof childFailures)[number];

/** Names that functions of the other tier have; here they are undefined. */
const absent = new Set(
  'fetch siExec requestStorage fs os path zlib process require setTimeout setInterval setImmediate queueMicrotask'.split(
    ' ',
  ),
);

/** What SES says when it refuses, and what was asked for. */
const refusals: readonly (readonly [string, string])[] = [
  ['secure mode %SharedMath%', 'chance (Math.random)'],
  ['secure mode Calling', 'clock (Date.now, new Date())'],
  ['Function.prototype.constructor is not a valid constructor', 'way to its realm through a constructor'],
  ['(SES_IMPORT_REJECTED)', 'modules to import'],
];

class Failed extends Error {
  readonly code: Failure;
  constructor(code: Failure, message: string) {
    super(message);
    this.code = code;
  }
}

export class Call {
  readonly #request: CallRequest;
  readonly #out: FrameWriter;
  readonly #startedAtMs = Date.now();
  readonly #since = performance.now();
  #version: Version | undefined;
  #lines = 0;
  #logBytes = 0;
  #overflowed = false;
  /** Writes the frame of the outcome; undefined while there is none. */
  #outcome: (() => void) | undefined;

  constructor(request: CallRequest, out: FrameWriter) {
    this.#request = request;
    this.#out = out;
  }

  get startedAtMs(): number {
    return this.#startedAtMs;
  }

  /** Lines logged so far. */
  get lines(): number {
    return this.#lines;
  }

  /** Begins; what goes on afterwards is in the queue of microtasks. */
  async start(): Promise<void> {
    try {
      const version = this.#request.version();
      this.#version = version;
      const main = mainOf(version);
      this.#succeed(await main(JSON.parse(this.#request.input)));
    } catch (e) {
      try {
        this.#fail(e);
      } catch {
        // A proxy may throw even when it is asked what it is.
        this.#failWith('threw', notShown);
      }
    }
  }

  /** One text that the function logs; false when the log is full. */
  log(stream: 0 | 1, text: string): boolean {
    for (const line of text.split('\n')) if (!this.#logLine(stream, line)) return false;
    return true;
  }

  /** To be called when no microtask is left: writes the outcome. */
  finish(): void {
    const message = 'Its promise never settles: nothing is left to run that could settle it.';
    if (this.#overflowed)
      this.#failWith('output_too_large', `Its log is larger than ${this.#request.outputBytes} bytes.`);
    else if (this.#outcome === undefined) this.#failWith('timed_out', message);
    this.#outcome?.();
  }

  #logLine(stream: 0 | 1, text: string): boolean {
    if (this.#overflowed) return false;
    const line = cutLine(text);
    const logBytes = this.#logBytes + Buffer.byteLength(line) + 1;
    if (logBytes > this.#request.outputBytes) {
      this.#overflowed = true;
      this.#out.begin(toParent.overflow).count(this.#request.serial).end();
      return false;
    }
    const frame = this.#out
      .begin(toParent.line)
      .count(this.#request.serial)
      .count(this.#lines + 1);
    frame.number(Date.now()).byte(stream).text(line).end();
    this.#lines++;
    this.#logBytes = logBytes;
    return true;
  }

  #succeed(value: unknown): void {
    if (typeof value === 'function' || typeof value === 'symbol')
      throw new Failed('result_invalid', `It returned a ${typeof value}, which is not JSON.`);
    const { serial, outputBytes } = this.#request;
    const tooLarge = `Its result is larger than ${outputBytes} bytes.`;
    // One long text is told before it is copied.
    if (typeof value === 'string' && value.length > outputBytes) throw new Failed('output_too_large', tooLarge);
    const text = jsonOf(value);
    if (text !== undefined && isOver(text, outputBytes)) throw new Failed('output_too_large', tooLarge);
    this.#outcome = () => {
      this.#begin(text === undefined ? toParent.nothing : toParent.value, serial);
      if (text !== undefined) this.#out.text(text);
      this.#out.end();
    };
  }

  #fail(error: unknown): void {
    const { code, message, at } = this.#judge(error);
    this.#failWith(code, message, at);
  }

  #judge(error: unknown): { readonly code: Failure; readonly message: string; readonly at?: At | undefined } {
    if (error instanceof NotCompiled) return { code: 'not_compiled', message: error.message, at: error.at };
    if (error instanceof Failed) return { code: error.code, message: error.message };
    const message = thrownText(error);
    if (this.#version === undefined) return { code: 'threw', message };
    const at = placeIn(this.#version, error);
    const asked = absentNameAt(this.#version.script, at, message);
    if (asked !== undefined)
      return { code: 'refused_by_sandbox', message: `A function that only computes has no ${asked} (${message})`, at };
    const refused = refusals.find(([spelling]) => message.includes(spelling));
    if (refused !== undefined)
      return { code: 'refused_by_sandbox', message: `A function that only computes has no ${refused[1]}.`, at };
    if (message.includes('Array buffer allocation failed')) return { code: 'out_of_memory', message, at };
    return { code: 'threw', message, at };
  }

  #failWith(code: Failure, message: string, at?: At): void {
    const text = boundedMessage(message);
    this.#outcome = () => {
      this.#begin(toParent.failure, this.#request.serial);
      this.#out
        .byte(childFailures.indexOf(code))
        .text(text)
        .count(at?.line ?? 0)
        .count(at?.column ?? 0);
      this.#out.end();
    };
  }

  #begin(kind: number, serial: number): void {
    this.#out
      .begin(kind)
      .count(serial)
      .number(this.#startedAtMs)
      .number(performance.now() - this.#since);
  }
}

function mainOf(version: Version): Main {
  const main = version.make.call(version.global);
  if (main === undefined) throw new NotCompiled('The text declares no function named main.');
  return main;
}

/** A result as JSON. Whatever its `toJSON` and getters do is the function's doing. */
function jsonOf(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  try {
    return JSON.stringify(value);
  } catch (e) {
    throw new Failed('result_invalid', `Its result is not JSON: ${thrownText(e)}`);
  }
}

/** A UTF-16 unit is one to three bytes, so that most texts need not be measured. */
function isOver(text: string, bytes: number): boolean {
  if (text.length > bytes) return true;
  return text.length * 3 > bytes && Buffer.byteLength(text) > bytes;
}

function cutLine(text: string): string {
  if (!isOver(text, lineBytesMax)) return text;
  const mark = '… (cut)';
  // At most three bytes a unit; a pair of surrogates is never parted.
  const kept = Buffer.from(text.slice(0, lineBytesMax)).subarray(0, lineBytesMax - Buffer.byteLength(mark));
  return kept.toString().replace(/\ufffd+$/, '') + mark;
}

const notShown = 'It threw something that cannot be shown.';

/** What was thrown as one sentence; anything may be thrown, also what throws when it is looked at. */
export function thrownText(error: unknown): string {
  try {
    if (error instanceof Error) {
      const name = String(error.name);
      return name === 'Error' ? String(error.message) : `${name}: ${String(error.message)}`;
    }
    if (typeof error === 'string') return error;
    return `It threw ${typeof error === 'object' && error !== null ? JSON.stringify(error) : String(error)}`;
  } catch {
    return notShown;
  }
}

/** Names without a meaning here are undefined, not missing: the place of the error tells which one was used. */
function absentNameAt(script: string, at: At | undefined, message: string): string | undefined {
  if (at === undefined || !/of undefined|is not a function|is not defined|is not a constructor/.test(message))
    return undefined;
  const line = script.split('\n', at.line)[at.line - 1] ?? '';
  const [here] = /^[A-Za-z_$][\w$]*/.exec(line.slice(at.column - 1)) ?? [];
  if (here !== undefined && absent.has(here)) return here;
  const [, before] = /([A-Za-z_$][\w$]*)\s*(?:\?\.|\.|\[)\s*$/.exec(line.slice(0, at.column - 1)) ?? [];
  return before !== undefined && absent.has(before) ? before : undefined;
}
