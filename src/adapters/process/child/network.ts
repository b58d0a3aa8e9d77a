// fetch through the proxy: Node's own with connections made by `connectThrough`. `http+unix://%2Fpath%2Fto.sock/…` is HTTP over
// a unix socket of the machine. For commands, which know proxies only by an address, a port on the child's own loopback leads
// to the same socket.

import { createConnection, createServer } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { NotAllowed } from './failure.ts';
import { type Connected, connectThrough, noNetwork } from './proxied.ts';

/** What undici's `connect` option is called with (https://undici.nodejs.org, Client: connect). */
interface Target {
  readonly hostname: string;
  readonly protocol: string;
  readonly port?: string | number;
  readonly servername?: string | null;
}

const dispatcherKey = Symbol.for('undici.globalDispatcher.1');
/** The host of a request over a unix socket, as the server there sees it. */
const socketHost = 'localhost';

/** `path`: of a unix socket that stands for `socketHost`. */
function connector(proxy: string, path: string | undefined): (target: Target, done: Connected) => void {
  return ({ hostname, protocol, port, servername }, done) => {
    const secure = protocol === 'https:';
    if (path !== undefined && hostname === socketHost && !secure) return connectThrough(proxy, { path }, done);
    const target = { host: hostname, port: Number(port || (secure ? 443 : 80)) };
    connectThrough(proxy, target, (error, socket) => {
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

type Fetched = Parameters<typeof fetch>[0];

/** A request over a unix socket: its path, and the same request to `socketHost`. undefined: it is another one. */
function overSocket(input: Fetched): { readonly path: string; readonly input: Fetched } | undefined {
  const isRequest = typeof input === 'object' && 'url' in input;
  const url = isRequest ? input.url : String(input);
  const match = /^http\+unix:\/\/([^/?#]*)(.*)$/is.exec(url);
  if (match === null) return undefined;
  let path = '';
  try {
    path = decodeURIComponent(match[1]!);
  } catch {
    // Told below.
  }
  if (!path.startsWith('/')) throw new TypeError(`${url} names no socket: http+unix://%2Fpath%2Fto.sock/path`);
  const plain = new URL(match[2]!, `http://${socketHost}`);
  return { path, input: isRequest ? new Request(plain, input) : plain };
}

/** Replaces `fetch`: through the proxy, or refused when there is none. */
export function installFetch(proxy: string | null): void {
  const native = globalThis.fetch;
  const dispatchers = new Map<string | undefined, unknown>();
  const dispatcherOf = (through: string, path: string | undefined): unknown => {
    // Naming Response loads Node's own undici, which leaves its default agent under this symbol.
    void globalThis.Response;
    const agent = (globalThis as Record<symbol, unknown>)[dispatcherKey] as {
      constructor: new (o: object) => unknown;
    };
    const dispatcher = dispatchers.get(path) ?? new agent.constructor({ connect: connector(through, path) });
    dispatchers.set(path, dispatcher);
    return dispatcher;
  };
  const through = async (given: Fetched, init?: Parameters<typeof fetch>[1]): Promise<Response> => {
    if (proxy === null) throw new NotAllowed(noNetwork);
    const { path, input } = overSocket(given) ?? { path: undefined, input: given };
    try {
      return await native(input, { ...init, dispatcher: dispatcherOf(proxy, path) } as Parameters<typeof fetch>[1]);
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
    for (const side of [socket, up]) side.on('error', end);
    // What the one has said and the other has not taken yet is delivered first.
    up.on('close', () => socket.destroySoon());
    socket.on('close', () => up.destroySoon());
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
