// The way from one run to the network: an HTTP proxy on a unix socket of the run's own, that connects to listed hosts and to
// nothing else. It takes CONNECT and plain requests with an absolute address. Names are looked up here and the connection
// goes to the address found. A name under a wildcard that leads to the machine itself or its link is refused: who runs that
// domain's name server must not choose what of ours is reached.

import { lookup } from 'node:dns/promises';
import { createServer, type IncomingMessage, request as requestHttp, type ServerResponse } from 'node:http';
import { createConnection, isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { limits } from '../../base/limits.ts';
import { Fault } from '../../base/result.ts';
import { isInnermost, parseTarget, permissionOf } from './allowed_hosts.ts';

export interface RunProxy {
  /** Ends every connection and removes the socket. */
  close(): Promise<void>;
}

interface Refused {
  readonly status: 400 | 403 | 502;
  readonly reason: string;
}
type Route = { readonly address: string; readonly host: string; readonly port: number } | Refused;

const hopByHop = new Set(
  'connection proxy-connection keep-alive proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade'.split(
    ' ',
  ),
);

/** One line that can stand in a status line. */
const oneLine = (text: string): string => text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 500);

async function routeTo(authority: string, portDefault: number | undefined, entries: readonly string[]): Promise<Route> {
  const target = parseTarget(authority, portDefault);
  if (target === undefined) return { status: 400, reason: `${authority} is not a host and port` };
  const { host, port } = target;
  const permission = permissionOf(target, entries);
  if (permission === 'no') return { status: 403, reason: `the host ${host}:${port} is not allowed here` };
  try {
    const address = isIP(host) !== 0 ? host : (await lookup(host)).address;
    if (permission === 'by wildcard' && isInnermost(address)) {
      return { status: 403, reason: `the host ${host} leads to ${address}, which a wildcard does not allow` };
    }
    return { address, host, port };
  } catch (error) {
    return { status: 502, reason: `the host ${host} cannot be found: ${(error as Error).message}` };
  }
}

/** Opens the proxy of one run at the path of its socket. */
export async function openProxy(socketPath: string, entries: readonly string[]): Promise<RunProxy> {
  const open = new Set<Duplex>();
  const keep = (socket: Duplex): void => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  };

  const server = createServer();
  server.maxConnections = limits.runConnectionsMax;
  server.on('connection', keep);
  server.on('connect', async (request: IncomingMessage, client: Duplex, head: Buffer) => {
    client.on('error', () => client.destroy());
    const route = await routeTo(request.url ?? '', undefined, entries);
    if ('status' in route) {
      client.end(`HTTP/1.1 ${route.status} ${oneLine(route.reason)}\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    if (client.destroyed) return;
    const up = createConnection({ host: route.address, port: route.port });
    keep(up);
    let connected = false;
    up.on('error', (error) => {
      if (connected) client.destroy();
      else client.end(`HTTP/1.1 502 ${oneLine(error.message)}\r\nContent-Length: 0\r\n\r\n`);
    });
    up.on('connect', () => {
      connected = true;
      client.write('HTTP/1.1 200 Connected\r\n\r\n');
      up.write(head);
      up.pipe(client).pipe(up);
    });
    up.on('close', () => client.destroy());
    client.on('close', () => up.destroy());
  });
  server.on('request', async (request: IncomingMessage, response: ServerResponse) => {
    response.on('error', () => response.destroy());
    const match = /^http:\/\/([^/?#]+)(.*)$/i.exec(request.url ?? '');
    const route = await routeTo(match?.[1] ?? '', 80, entries);
    if ('status' in route) {
      response.writeHead(route.status, oneLine(route.reason), { connection: 'close' }).end(`${route.reason}\n`);
      return;
    }
    const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !hopByHop.has(name)));
    const path = match?.[2]?.startsWith('/') ? match[2] : `/${match?.[2] ?? ''}`;
    const up = requestHttp({
      host: route.address,
      port: route.port,
      method: request.method,
      path,
      headers: { ...headers, host: match?.[1] },
    });
    up.on('socket', keep);
    up.on('error', (error) => {
      if (response.headersSent) response.destroy();
      else response.writeHead(502, oneLine(error.message), { connection: 'close' }).end();
    });
    up.on('response', (answer) => {
      const kept = Object.fromEntries(Object.entries(answer.headers).filter(([name]) => !hopByHop.has(name)));
      response.writeHead(answer.statusCode ?? 502, kept);
      answer.on('error', () => response.destroy());
      answer.pipe(response);
    });
    response.on('close', () => up.destroy());
    request.pipe(up);
  });
  server.on('clientError', (_error, socket) => socket.destroy());

  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(new Fault('runner_unavailable', `the proxy of a run cannot listen: ${error.message}`)),
    );
    server.listen({ path: socketPath, writableAll: true, readableAll: true }, resolve);
  });
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}
