// What travels between two processes on one machine: JSON texts, one per line, each below a bound.
//
// A connection begins with a hello from the client, which names the protocol versions it speaks; the server answers with
// the one it chose, or refuses and closes. Then calls go one way and their answers the other, matched by id, in any
// order; a call may be told about by any number of progress frames before its one answer. A server that receives
// anything else says why in a `refused` frame and closes: both ends are this program, so that it is a bug or a stranger.

import { faultCodes } from '../../base/codes.ts';
import { isObject, type Json } from '../../base/json.ts';
import { Fault, ok, type Refusal, type Result, refuse } from '../../base/result.ts';

/** 1: hello, calls, progress; refusals, faults and bugs as data. */
const callsVersion = 1;

/** The protocol versions that this release speaks. */
export const protocolsSpoken: readonly number[] = [callsVersion];

/** Bytes of one frame with its newline; a longer one is not sent, and ends the connection that it arrives on. */
export const frameBytesMax = 64 * 1024 * 1024;

export interface FaultFrame {
  readonly code: string;
  readonly message: string;
  readonly data?: Json;
}

export type ClientFrame =
  | { readonly type: 'hello'; readonly protocols: readonly number[]; readonly pid: number }
  | { readonly type: 'call'; readonly id: number; readonly method: string; readonly params: Json };

export type ServerFrame =
  | { readonly type: 'hello'; readonly protocol: number; readonly pid: number }
  /** The connection is at fault; the server closes it. */
  | { readonly type: 'refused'; readonly refusal: Refusal; readonly pid: number }
  | { readonly type: 'progress'; readonly id: number; readonly report: Json }
  | Answer;

export type Answer =
  | { readonly type: 'value'; readonly id: number; readonly value: Json }
  | { readonly type: 'refusal'; readonly id: number; readonly refusal: Refusal }
  | { readonly type: 'fault'; readonly id: number; readonly fault: FaultFrame }
  /** The handler failed in a way that is a bug of the server. */
  | { readonly type: 'bug'; readonly id: number; readonly message: string };

/** The frame as one line; refused (`limit_exceeded`) when it is over the bound or nested too deep to print. */
export function encodeFrame(frame: ClientFrame | ServerFrame): Result<string> {
  let text: string;
  try {
    text = `${JSON.stringify(frame)}\n`;
  } catch (e) {
    // A text longer than the language allows, or nesting deeper than the stack.
    if (e instanceof RangeError) return refuseSize(e.message);
    throw e;
  }
  // A UTF-16 unit is at most three bytes, so that short texts need not be measured.
  if (text.length * 3 <= frameBytesMax) return ok(text);
  const bytes = Buffer.byteLength(text);
  return bytes <= frameBytesMax ? ok(text) : refuseSize(`${bytes} bytes`);
}

export function refuseSize(got: string): Result<never> {
  return refuse('limit_exceeded', {
    path: '',
    expected: `a message between processes of at most ${frameBytesMax} bytes`,
    got,
    hint: 'split the request, or ask for less at a time',
  });
}

/** Cuts a stream of bytes into lines. What waits for its newline is one buffer, below `frameBytesMax`. */
export class FrameReader {
  #held = Buffer.alloc(0);
  #heldBytes = 0;

  /** The lines that `bytes` completes, without their newlines; `isOver`: a line passed the bound, so stop reading. */
  push(bytes: Buffer): { readonly lines: readonly Buffer[]; readonly isOver: boolean } {
    const lines: Buffer[] = [];
    let from = 0;
    for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, from)) {
      const last = bytes.subarray(from, end);
      if (this.#heldBytes + last.length >= frameBytesMax) return { lines, isOver: true };
      lines.push(this.#complete(last));
      from = end + 1;
    }
    const rest = bytes.subarray(from);
    if (this.#heldBytes + rest.length >= frameBytesMax) return { lines, isOver: true };
    this.#hold(rest);
    return { lines, isOver: false };
  }

  /** Appends, doubling the buffer when it is full: small pieces cost no more than large ones. */
  #hold(piece: Buffer): void {
    const bytes = this.#heldBytes + piece.length;
    if (bytes > this.#held.length) {
      const larger = Buffer.allocUnsafe(Math.max(bytes, 2 * this.#held.length));
      this.#held.copy(larger, 0, 0, this.#heldBytes);
      this.#held = larger;
    }
    piece.copy(this.#held, this.#heldBytes);
    this.#heldBytes = bytes;
  }

  #complete(last: Buffer): Buffer {
    if (this.#heldBytes === 0) return last;
    this.#hold(last);
    const line = this.#held.subarray(0, this.#heldBytes);
    this.#held = Buffer.alloc(0);
    this.#heldBytes = 0;
    return line;
  }
}

/** What a client said; refused with `request_malformed`. */
export function parseClientFrame(line: Buffer): Result<ClientFrame> {
  const x = parseLine(line);
  if (x !== undefined) {
    if (x['type'] === 'hello' && Array.isArray(x['protocols']) && isCount(x['pid'])) return ok(x as ClientFrame);
    if (x['type'] === 'call' && isCount(x['id']) && typeof x['method'] === 'string' && x['params'] !== undefined)
      return ok(x as ClientFrame);
  }
  return refuse('request_malformed', {
    path: '',
    expected: 'a hello or a call as one line of JSON',
    got: line.toString('utf8', 0, 80),
    hint: 'only this program talks on this socket',
  });
}

/** What a server said; undefined when it is none of the frames. */
export function parseServerFrame(line: Buffer): ServerFrame | undefined {
  const x = parseLine(line);
  if (x === undefined) return undefined;
  const frame = x as ServerFrame;
  switch (frame.type) {
    case 'hello':
      return isCount(frame.protocol) && isCount(frame.pid) ? frame : undefined;
    case 'refused':
      return isRefusal(x['refusal']) && isCount(frame.pid) ? frame : undefined;
    case 'progress':
      return isCount(frame.id) && frame.report !== undefined ? frame : undefined;
    case 'value':
      return isCount(frame.id) && frame.value !== undefined ? frame : undefined;
    case 'refusal':
      return isCount(frame.id) && isRefusal(x['refusal']) ? frame : undefined;
    case 'fault':
      return isCount(frame.id) && isFault(x['fault']) ? frame : undefined;
    case 'bug':
      return isCount(frame.id) && typeof frame.message === 'string' ? frame : undefined;
    default:
      return undefined;
  }
}

/** A fault as data. Its data goes along when it is JSON, its cause and stack stay behind. */
export function faultFrame(fault: Fault): FaultFrame {
  const prefix = `${fault.code}: `;
  const message = fault.message.startsWith(prefix) ? fault.message.slice(prefix.length) : fault.message;
  return { code: fault.code, message, ...(fault.data === undefined ? {} : { data: fault.data as Json }) };
}

/** The fault again. A code that this release does not have becomes `store_failed`, its name kept in the message. */
export function faultOf(frame: FaultFrame): Fault {
  return Object.hasOwn(faultCodes, frame.code)
    ? new Fault(frame.code as keyof typeof faultCodes, frame.message, frame.data)
    : new Fault('store_failed', `${frame.code}: ${frame.message}`, frame.data);
}

function parseLine(line: Buffer): { readonly [key: string]: Json } | undefined {
  try {
    const x: unknown = JSON.parse(line.toString('utf8'));
    return isObject(x) ? x : undefined;
  } catch {
    return undefined;
  }
}

function isCount(x: unknown): x is number {
  return Number.isSafeInteger(x) && (x as number) >= 0;
}

/** Codes are not compared with this release's: a newer server may have more, and people can read them. */
function isRefusal(x: Json | undefined): boolean {
  return isObject(x) && ['code', 'path', 'expected', 'got', 'hint'].every((key) => typeof x[key] === 'string');
}

function isFault(x: Json | undefined): boolean {
  return isObject(x) && typeof x['code'] === 'string' && typeof x['message'] === 'string';
}
