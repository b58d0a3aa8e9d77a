// The only way from the child to the network: the adapter's proxy on a unix socket, asked by CONNECT for each connection.
// `fetch` is Node's own with connections made this way. For commands, which know proxies only by an address, a port on the
// child's own loopback leads to the same socket.

import { createConnection, createServer, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { NotAllowed } from './failure.ts';

type Connected = (error: Error | null, socket: Socket | null) => void;

/** What undici's `connect` option is called with (https://undici.nodejs.org, Client: connect). */
interface Target {
  readonly hostname: string;
  readonly protocol: string;
  readonly port?: string | number;
  readonly servername?: string | null;
}

const headBytesMax = 16 * 1024;
const dispatcherKey = Symbol.for('undici.globalDispatcher.1');

/** Asks the proxy for a connection to `host:port`. */
function connectThrough(proxy: string, authority: string, done: Connected): void {
  const socket = createConnection(proxy);
  let head = Buffer.alloc(0);
  const fail = (error: Error): void => {
    socket.destroy();
    done(error, null);
  };
  const read = (): void => {
    let chunk: Buffer | null = socket.read();
    for (; chunk !== null; chunk = socket.read()) {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end === -1 && head.length <= headBytesMax) continue;
      socket.removeListener('readable', read);
      socket.removeListener('error', fail);
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
  socket.on('readable', read);
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
}

function connector(proxy: string): (target: Target, done: Connected) => void {
  return ({ hostname, protocol, port, servername }, done) => {
    const secure = protocol === 'https:';
    const authority = `${hostname.includes(':') ? `[${hostname.replace(/^\[|\]$/g, '')}]` : hostname}:${port || (secure ? 443 : 80)}`;
    connectThrough(proxy, authority, (error, socket) => {
      if (error !== null || socket === null || !secure) return done(error, socket);
      const tls = connectTls({ socket, servername: servername || hostname, ALPNProtocols: ['http/1.1'] });
      const fail = (failure: Error): void => done(failure, null);
      tls.once('error', fail);
      tls.once('secureConnect', () => {
        tls.removeListener('error', fail);
        done(null, tls);
      });
    });
  };
}

const refusal = (error: unknown): Error | undefined => {
  for (let at = error, i = 0; at instanceof Error && i < 8; at = at.cause, i++) if (at instanceof NotAllowed) return at;
  return undefined;
};

/** Replaces `fetch`: through the proxy, or refused when there is none. */
export function installFetch(proxy: string | null): void {
  const native = globalThis.fetch;
  let dispatcher: unknown;
  const through = async (input: Parameters<typeof fetch>[0], init?: Parameters<typeof fetch>[1]): Promise<Response> => {
    if (proxy === null) throw new NotAllowed('no network is allowed here');
    if (dispatcher === undefined) {
      // Naming Response loads Node's own undici, which leaves its default agent under this symbol.
      void globalThis.Response;
      const agent = (globalThis as Record<symbol, unknown>)[dispatcherKey] as {
        constructor: new (o: object) => unknown;
      };
      dispatcher = new agent.constructor({ connect: connector(proxy) });
    }
    try {
      return await native(input, { ...init, dispatcher } as Parameters<typeof fetch>[1]);
    } catch (error) {
      const refused = refusal(error);
      // Made here, so that its stack leads to the line of the function.
      throw refused === undefined ? error : new NotAllowed(refused.message);
    }
  };
  Object.defineProperty(globalThis, 'fetch', { value: through, writable: true, configurable: true });
}

/** Opens the port for commands; answers the variables that lead them there. */
export async function openCommandProxy(proxy: string): Promise<Record<string, string>> {
  const server = createServer((socket) => {
    const up = createConnection(proxy);
    const end = (): void => {
      socket.destroy();
      up.destroy();
    };
    for (const side of [socket, up]) side.on('error', end).on('close', end);
    socket.pipe(up).pipe(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  server.unref();
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'];
  return Object.fromEntries(names.map((name) => [name, url]));
}
