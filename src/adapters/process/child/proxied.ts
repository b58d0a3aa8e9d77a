// Connections of a run: each is asked of the adapter's proxy by CONNECT on its socket, to a host and port or to a unix socket of
// the machine, and is from then on the connection itself. For packages that make a socket first and connect it later
// there is `ProxiedStream`.

import { createConnection, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { NotAllowed } from './failure.ts';
import { socketHeader } from './protocol.ts';

export type Target = { readonly host: string; readonly port: number } | { readonly path: string };
export type Connected = (error: Error | null, socket: Socket | null) => void;

const headBytesMax = 16 * 1024;

export const noNetwork = 'no network is allowed here';

/** Asks the proxy for a connection; null: the run has no network. */
export function connectThrough(proxy: string | null, target: Target, done: Connected): void {
  if (proxy === null) {
    done(new NotAllowed(noNetwork), null);
    return;
  }
  const socket = createConnection(proxy);
  let head = Buffer.alloc(0);
  const fail = (error: Error): void => {
    socket.destroy();
    done(error, null);
  };
  const closed = (): void => fail(new Error('the proxy closed the connection'));
  const read = (): void => {
    let chunk: Buffer | null = socket.read();
    for (; chunk !== null; chunk = socket.read()) {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end === -1 && head.length <= headBytesMax) continue;
      socket.removeListener('readable', read);
      socket.removeListener('error', fail);
      socket.removeListener('end', closed);
      if (end === -1) {
        fail(new Error('the proxy answered with too much'));
        return;
      }
      const [line = ''] = head.toString('latin1').split('\r\n', 1);
      const [, status = '', ...reason] = line.split(' ');
      if (status === '403') fail(new NotAllowed(reason.join(' ')));
      else if (status !== '200') fail(new Error(reason.join(' ')));
      else {
        const rest = head.subarray(end + 4);
        if (rest.length > 0) socket.unshift(rest);
        done(null, socket);
      }
      return;
    }
  };
  socket.on('error', fail);
  socket.on('end', closed);
  socket.on('readable', read);
  socket.write(requestOf(target));
}

function requestOf(target: Target): string {
  if ('path' in target) {
    const path = encodeURIComponent(target.path);
    return `CONNECT unix:1 HTTP/1.1\r\nHost: unix:1\r\n${socketHeader}: ${path}\r\n\r\n`;
  }
  const { host, port } = target;
  const authority = `${host.includes(':') ? `[${host.replace(/^\[|\]$/g, '')}]` : host}:${port}`;
  return `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`;
}

/** What function code asked for, as a target; throws what is wrong with it. */
function targetOf(asked: unknown): Target {
  const { host, port, path } = (typeof asked === 'object' && asked !== null ? asked : {}) as Record<string, unknown>;
  if (typeof path === 'string' && path.startsWith('/') && host === undefined) return { path };
  const number = typeof port === 'string' && /^\d{1,5}$/.test(port) ? Number(port) : port;
  const isName = typeof host === 'string' && /^[^\s@/]{1,300}$/.test(host);
  if (isName && typeof number === 'number' && Number.isInteger(number) && number > 0 && number <= 65_535)
    return { host, port: number };
  throw new Error('connect takes { host, port } or { path }, a path from the root');
}

/** The name `connect`: resolves to a socket that is connected. */
export function makeConnect(proxy: string | null): (asked: unknown) => Promise<Socket> {
  const connected = (target: Target): Promise<Socket> =>
    new Promise((resolve, reject) => {
      connectThrough(proxy, target, (error, socket) => (socket === null ? reject(error) : resolve(socket)));
    });
  return async (asked) => {
    try {
      const socket = await connected(targetOf(asked));
      // A package that is given a stream may connect it: it is.
      socket.connect = () => {
        process.nextTick(() => socket.emit('connect'));
        return socket;
      };
      return socket;
    } catch (error) {
      // Made here, so that its stack leads to the line of the function.
      throw error instanceof NotAllowed ? new NotAllowed(error.message) : new Error((error as Error).message);
    }
  };
}

/** A socket that is connected later, by `connect(port, host)`, `connect(path)` or `connect({…})`. */
export class ProxiedStream extends Duplex {
  readonly #proxy: string | null;
  #socket: Socket | undefined;

  constructor(proxy: string | null) {
    super({ allowHalfOpen: true });
    this.#proxy = proxy;
  }

  connect(first: unknown, host: unknown = 'localhost'): this {
    const asked =
      typeof first === 'object'
        ? first
        : typeof first === 'string' && first.startsWith('/')
          ? { path: first }
          : undefined;
    const use: Connected = (error, socket) => {
      if (socket === null || this.destroyed) {
        socket?.destroy();
        this.destroy(error ?? undefined);
        return;
      }
      this.#socket = socket;
      socket.on('data', (chunk) => {
        if (!this.push(chunk)) socket.pause();
      });
      socket.on('end', () => this.push(null));
      socket.on('error', (failure) => this.destroy(failure));
      // What came before its end is read first.
      socket.on('close', () => {
        if (this.readableEnded || !socket.readableEnded) this.destroy();
        else this.once('end', () => this.destroy());
      });
      this.emit('connect');
      this.emit('ready');
    };
    try {
      connectThrough(this.#proxy, targetOf(asked ?? { port: first, host }), use);
    } catch (error) {
      process.nextTick(() => this.destroy(error as Error));
    }
    return this;
  }

  override _read(): void {
    this.#socket?.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#socket !== undefined) this.#socket.write(chunk, done);
    else this.once('connect', () => this.#socket?.write(chunk, done));
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.#socket === undefined) done();
    else this.#socket.end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket?.destroy();
    done(error);
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    this.#socket?.ref();
    return this;
  }

  unref(): this {
    this.#socket?.unref();
    return this;
  }
}
