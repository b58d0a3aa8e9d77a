// The server's end of one connection: hello, calls that run side by side, answers as they come.
//
// What one client can make the server hold is bounded: it is read from only while fewer than `callsMax` of its calls run
// and fewer than `unsentBytesMax` of its answers wait to be taken; progress that it is too slow for is left out. A call
// whose client goes away runs to its end, since what it does may be durable already; its answer is dropped.

import type { Socket } from 'node:net';
import type { Json } from '../../base/json.ts';
import { Fault, type Refusal, type Result, refuse, unreachable } from '../../base/result.ts';
import {
  type Answer,
  type ClientFrame,
  encodeFrame,
  FrameReader,
  faultFrame,
  parseClientFrame,
  protocolsSpoken,
  refuseSize,
  type ServerFrame,
} from './frames.ts';

/** Calls of one connection that run at the same time; more wait in the socket. */
const callsMax = 1_000;
/** Bytes of answers that a client has not taken; from there on it is not read from. */
const unsentBytesMax = 16 * 1024 * 1024;
/** A connection that has not said hello by then is closed. */
const helloMs = 10_000;
/** Time for the last answers to leave when the server closes. */
const farewellMs = 1_000;

/** Who calls: a process of the same user, which the socket's rights make sure of. */
export interface Peer {
  /** Counts the connections of this server, from 1. */
  readonly connection: number;
  /** The process id that the client gave: for messages, not for decisions. */
  readonly pid: number;
}

export interface CallContext {
  readonly peer: Peer;
  /** Tells the caller how far the call is. May be lost; calls after the answer are ignored. */
  readonly progress: (report: Json) => void;
}

/** Runs one call. May throw Fault, which the caller gets as such; anything else thrown is a bug. */
export type Handle = (method: string, params: Json, context: CallContext) => Promise<Result<Json>>;

export interface Calls {
  readonly handle: Handle;
  /** Hears of what a handler threw that is no Fault, whole; the caller gets its message. */
  readonly onBug: (error: unknown, method: string) => void;
  /** True while no new call may begin. */
  readonly isDraining: () => boolean;
  /** Told of every call that begins; the promise resolves when its answer was handed over. */
  readonly onCall: (answered: Promise<void>) => void;
}

export class Connection {
  readonly #socket: Socket;
  readonly #calls: Calls;
  readonly #number: number;
  readonly #reader = new FrameReader();
  readonly #running = new Set<number>();
  readonly #helloTimer: NodeJS.Timeout;
  #peer: Peer | undefined;
  #isOver = false;

  constructor(socket: Socket, number: number, calls: Calls) {
    this.#socket = socket;
    this.#number = number;
    this.#calls = calls;
    this.#helloTimer = setTimeout(() => socket.destroy(), helloMs);
    socket.on('data', (bytes) => this.#read(bytes));
    socket.on('drain', () => this.#pace());
    // The other end is gone: 'close' follows.
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#isOver = true;
      clearTimeout(this.#helloTimer);
    });
  }

  /** Ends the connection: answers that are written still leave, within bounds; nothing more is read. */
  close(): void {
    this.#isOver = true;
    clearTimeout(this.#helloTimer);
    this.#socket.end();
    const timer = setTimeout(() => this.#socket.destroy(), farewellMs);
    this.#socket.once('finish', () => this.#socket.destroy());
    this.#socket.once('close', () => clearTimeout(timer));
  }

  #read(bytes: Buffer): void {
    if (this.#isOver) return;
    const { lines, isOver } = this.#reader.push(bytes);
    for (const line of lines) {
      const frame = parseClientFrame(line);
      if (frame.ok) this.#take(frame.value);
      else this.#refuse(frame.refusal);
      if (this.#isOver) return;
    }
    if (isOver) this.#refuseResult(refuseSize('a longer one'));
    this.#pace();
  }

  #take(frame: ClientFrame): void {
    switch (frame.type) {
      case 'hello':
        if (this.#peer === undefined) this.#greet(frame.protocols, frame.pid);
        else this.#refuseResult(refuseFrame('a call', 'a second hello'));
        return;
      case 'call':
        if (this.#peer === undefined) this.#refuseResult(refuseFrame('a hello first', 'a call'));
        else if (this.#running.has(frame.id)) this.#refuseResult(refuseFrame('an id not in use', `${frame.id}`));
        else this.#calls.onCall(this.#run(frame.id, frame.method, frame.params, this.#peer));
        return;
      default:
        unreachable(frame);
    }
  }

  #greet(protocols: readonly unknown[], pid: number): void {
    const both = protocolsSpoken.filter((protocol) => protocols.includes(protocol));
    if (both.length === 0) {
      const expected = `protocol version ${protocolsSpoken.join(' or ')}`;
      this.#refuseResult(refuseFrame(expected, JSON.stringify(protocols), 'use the same release on both sides'));
      return;
    }
    clearTimeout(this.#helloTimer);
    this.#peer = { connection: this.#number, pid };
    this.#send({ type: 'hello', protocol: Math.max(...both), pid: process.pid });
  }

  async #run(id: number, method: string, params: Json, peer: Peer): Promise<void> {
    this.#running.add(id);
    const progress = (report: Json) => {
      if (this.#running.has(id) && !this.#socket.writableNeedDrain) this.#send({ type: 'progress', id, report });
    };
    const answer = await this.#answer(id, method, params, { peer, progress });
    this.#running.delete(id);
    try {
      this.#send(answer);
    } catch (e) {
      // The handler returned what JSON cannot carry.
      this.#send(this.#bug(id, method, e));
    }
    this.#pace();
  }

  async #answer(id: number, method: string, params: Json, context: CallContext): Promise<Answer> {
    try {
      if (this.#calls.isDraining()) throw new Fault('connection_lost', 'the engine process is about to end');
      const result = await this.#calls.handle(method, params, context);
      return result.ok
        ? { type: 'value', id, value: result.value ?? null }
        : { type: 'refusal', id, refusal: result.refusal };
    } catch (e) {
      if (e instanceof Fault) return { type: 'fault', id, fault: faultFrame(e) };
      return this.#bug(id, method, e);
    }
  }

  #bug(id: number, method: string, e: unknown): Answer {
    this.#calls.onBug(e, method);
    return { type: 'bug', id, message: e instanceof Error ? e.message : String(e) };
  }

  #send(frame: ServerFrame): void {
    if (this.#isOver) return;
    const line = encodeFrame(frame);
    if (line.ok) this.#socket.write(line.value);
    else if (frame.type !== 'progress' && 'id' in frame)
      this.#send({ type: 'refusal', id: frame.id, refusal: line.refusal });
  }

  #refuseResult(result: ReturnType<typeof refuse> | Result<never>): void {
    if (!result.ok) this.#refuse(result.refusal);
  }

  #refuse(refusal: Refusal): void {
    this.#send({ type: 'refused', refusal, pid: process.pid });
    this.close();
  }

  /** Reads on, or not, by what the client has outstanding. */
  #pace(): void {
    if (this.#running.size >= callsMax || this.#socket.writableLength >= unsentBytesMax) this.#socket.pause();
    else this.#socket.resume();
  }
}

function refuseFrame(expected: string, got: string, hint = 'only this program talks on this socket') {
  return refuse('request_malformed', { path: '', expected, got, hint });
}
