// The client's end: finds the process that owns a data folder and calls it.
//
// A call ends in one of four ways, the same as in the owning process: a value, a refusal, a Fault, a bug (an Error).
// When the connection ends first, it is Fault `connection_lost`: the call may or may not have been carried out, so the
// caller connects again (or becomes the owner) and repeats it with the same idempotency key.

import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { Json } from '../../base/json.ts';
import { Fault, ok, type Result, refusalText, unreachable } from '../../base/result.ts';
import { findAddress } from './address.ts';
import {
  type Answer,
  encodeFrame,
  FrameReader,
  faultOf,
  parseServerFrame,
  protocolsSpoken,
  type ServerFrame,
} from './frames.ts';

/** Pause before connecting again when the server's queue of connections is full. */
const retryMs = 20;

export interface IpcClient {
  /** The process that owns the folder: for messages. */
  readonly serverPid: number;
  /**
   * Runs `method` in the owning process. Calls run side by side. `onProgress` gets what the handler tells on the way.
   * Refuses `limit_exceeded`, before anything is sent, when the parameters are over the bound of a message.
   */
  call(method: string, params: Json, onProgress?: (report: Json) => void): Promise<Result<Json>>;
  /** Ends the connection; calls that have no answer yet get Fault `connection_lost`. */
  close(): Promise<void>;
}

/**
 * Connects to the owner of the folder; undefined when nobody listens: there is none, or it has just begun or ended.
 * Throws Fault `store_busy` when one is there but does not answer within `timeoutMs`, or speaks another protocol.
 */
export async function connectIpc(folder: string, options: { timeoutMs: number }): Promise<IpcClient | undefined> {
  const deadline = performance.now() + options.timeoutMs;
  const leftMs = () => Math.max(0, deadline - performance.now());
  while (true) {
    const address = await findAddress(folder);
    if (address === undefined) return undefined;
    const socket = await open(address);
    if (socket === 'absent') return undefined;
    if (socket !== 'full') return greet(socket, folder, leftMs());
    if (leftMs() === 0) throw busy(folder, 'has more connections waiting than it takes');
    await wait(retryMs);
  }
}

function open(address: string): Promise<Socket | 'absent' | 'full'> {
  return new Promise((resolve, reject) => {
    const socket = connect(address);
    socket.once('connect', () => {
      socket.off('error', onError);
      resolve(socket);
    });
    const onError = (e: NodeJS.ErrnoException) => {
      if (e.code === 'ENOENT' || e.code === 'ECONNREFUSED' || e.code === 'ECONNRESET') resolve('absent');
      else if (e.code === 'EAGAIN') resolve('full');
      else reject(new Fault('store_failed', `cannot connect to ${address}: ${e.message}`, undefined, { cause: e }));
    };
    socket.once('error', onError);
  });
}

/** Says hello and waits for the answer; undefined when the server goes away instead of answering. */
async function greet(socket: Socket, folder: string, timeoutMs: number): Promise<IpcClient | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      socket.destroy();
      reject(busy(folder, 'has not answered within the time allowed'));
    }, timeoutMs);
    const client = new Client(socket, (first) => {
      clearTimeout(timer);
      if (first === 'ended') resolve(undefined);
      else if (first?.type === 'hello') resolve(client);
      else if (first?.type === 'refused')
        reject(busy(folder, `(process ${first.pid}) refused the connection: ${refusalText(first.refusal)}`));
      else reject(busy(folder, 'does not speak the protocol of this program'));
    });
  });
}

function busy(folder: string, what: string): Fault {
  return new Fault('store_busy', `the owner of the data folder ${folder} ${what}`);
}

interface Pending {
  readonly method: string;
  readonly resolve: (result: Result<Json>) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: ((report: Json) => void) | undefined;
}

class Client implements IpcClient {
  serverPid = 0;
  readonly #socket: Socket;
  readonly #onFirst: (frame: ServerFrame | 'ended' | undefined) => void;
  readonly #reader = new FrameReader();
  readonly #pending = new Map<number, Pending>();
  readonly #closed: Promise<void>;
  #isFirst = true;
  #lastId = 0;
  /** Why no call can be made any more. */
  #lost: string | undefined;

  /** `onFirst` gets the first frame of the server; undefined when it is none; `ended` when none came. */
  constructor(socket: Socket, onFirst: (frame: ServerFrame | 'ended' | undefined) => void) {
    this.#socket = socket;
    this.#onFirst = onFirst;
    this.#closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('data', (bytes) => this.#read(bytes));
    // The other end is gone: 'close' follows.
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#lose('it went away');
      this.#first('ended');
    });
    const hello = encodeFrame({ type: 'hello', protocols: protocolsSpoken, pid: process.pid });
    if (hello.ok) socket.write(hello.value);
  }

  async call(method: string, params: Json, onProgress?: (report: Json) => void): Promise<Result<Json>> {
    if (this.#lost !== undefined) throw this.#lostFault(method, this.#lost);
    this.#lastId++;
    const id = this.#lastId;
    const line = encodeFrame({ type: 'call', id, method, params });
    if (!line.ok) return line;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { method, resolve, reject, onProgress });
      this.#socket.write(line.value);
    });
  }

  async close(): Promise<void> {
    this.#lose('this process closed the connection');
    await this.#closed;
  }

  #read(bytes: Buffer): void {
    const { lines, isOver } = this.#reader.push(bytes);
    for (const line of lines) {
      if (this.#lost !== undefined) return;
      const frame = parseServerFrame(line);
      if (this.#isFirst) this.#first(frame);
      else if (frame === undefined) this.#lose('it sent what this release does not understand');
      else this.#take(frame);
    }
    if (isOver) this.#lose('it sent a message over the bound');
  }

  #first(frame: ServerFrame | 'ended' | undefined): void {
    if (!this.#isFirst) return;
    this.#isFirst = false;
    if (typeof frame === 'object' && frame.type === 'hello') this.serverPid = frame.pid;
    else this.#lose('it did not answer the greeting');
    this.#onFirst(frame);
  }

  #take(frame: ServerFrame): void {
    switch (frame.type) {
      case 'hello':
        this.#lose('it greeted twice');
        return;
      case 'refused':
        this.#lose(refusalText(frame.refusal));
        return;
      case 'progress':
        this.#pending.get(frame.id)?.onProgress?.(frame.report);
        return;
      default:
        this.#settle(frame);
    }
  }

  #settle(answer: Answer): void {
    const call = this.#pending.get(answer.id);
    if (call === undefined) {
      this.#lose('it answered a call that was not made');
      return;
    }
    this.#pending.delete(answer.id);
    switch (answer.type) {
      case 'value':
        call.resolve(ok(answer.value));
        return;
      case 'refusal':
        call.resolve({ ok: false, refusal: answer.refusal });
        return;
      case 'fault':
        call.reject(faultOf(answer.fault));
        return;
      case 'bug':
        call.reject(new Error(`${call.method} failed in the engine process: ${answer.message}`));
        return;
      default:
        unreachable(answer);
    }
  }

  #lose(why: string): void {
    if (this.#lost !== undefined) return;
    this.#lost = why;
    this.#socket.destroy();
    for (const call of this.#pending.values()) call.reject(this.#lostFault(call.method, why));
    this.#pending.clear();
  }

  #lostFault(method: string, why: string): Fault {
    return new Fault(
      'connection_lost',
      `the connection to the engine process ${this.serverPid} ended during ${method}: ${why}`,
    );
  }
}
