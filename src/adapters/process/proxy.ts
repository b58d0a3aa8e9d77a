// The way from one run to the network: an HTTP proxy on a unix socket of the run's own, that connects to listed hosts and to
// nothing else. It takes CONNECT and plain requests with an absolute address. Names are looked up here and the connection
// goes to the address found. A name under a wildcard that leads to the machine itself or its link is refused: who runs that
// domain's name server must not choose what of ours is reached. A CONNECT with the header `headwater-socket` asks for a unix
// socket of the machine; that takes the owner's permission besides the function's. Where a member of a secret led is not in any answer.

import { lookup } from 'node:dns/promises';
import { createServer, type IncomingMessage, request as requestHttp, type ServerResponse } from 'node:http';
import { createConnection, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { limits } from '../../base/limits.ts';
import { Fault } from '../../base/result.ts';
import type { MemberReach } from '../../dispatch/network_reach.ts';
import { isInnermost, parseTarget, permissionOf } from './allowed_hosts.ts';
import { socketHeader } from './child/protocol.ts';

export interface RunProxy {
  /** Ends every connection and removes the socket. */
  close(): Promise<void>;
}

/** What one run may reach. */
export interface Reachable {
  /** Hosts and sockets, as its functions list them. */
  readonly listed: readonly string[];
  readonly members: readonly MemberReach[];
  /** Paths of sockets that the owner of the machine allows to runs; throws a Fault when that cannot be found out. */
  readonly sockets: () => readonly string[];
}

interface Refused {
  readonly status: 400 | 403 | 502;
  readonly reason: string;
}
/** `shown`: how it is called in answers. */
interface Found {
  readonly to: { readonly host: string; readonly port: number } | { readonly path: string };
  readonly shown?: string;
}
type Route = Found | Refused;

const hopByHop = new Set(
  'connection proxy-connection keep-alive proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade'.split(
    ' ',
  ),
);

/** One line that can stand in a status line. */
const oneLine = (text: string): string => text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 500);

/** What went wrong on the way: of a member's host only what kind of error it was, since the rest names the host. */
function errorText(error: unknown, shown: string | undefined): string {
  const { code = 'failed', syscall = 'connect', message } = error as NodeJS.ErrnoException;
  return shown === undefined ? message : `what ${shown} names cannot be reached: ${syscall} ${code}`;
}

async function routeTo(authority: string, portDefault: number | undefined, reachable: Reachable): Promise<Route> {
  const target = parseTarget(authority, portDefault);
  if (target === undefined) return { status: 400, reason: `${authority} is not a host and port` };
  const { host, port } = target;
  const member = reachable.members.find(({ entry }) => permissionOf(target, [entry]) !== 'no');
  const permission = member === undefined ? permissionOf(target, reachable.listed) : 'by name';
  if (permission === 'no') return { status: 403, reason: `the host ${host}:${port} is not allowed here` };
  const shown = member === undefined ? {} : { shown: member.word };
  try {
    const address = isIP(host) !== 0 ? host : (await lookup(host)).address;
    if (permission === 'by wildcard' && isInnermost(address)) {
      return { status: 403, reason: `the host ${host} leads to ${address}, which a wildcard does not allow` };
    }
    return { to: { host: address, port }, ...shown };
  } catch (error) {
    const reason = `the host ${host} cannot be found: ${(error as Error).message}`;
    return { status: 502, reason: member === undefined ? reason : errorText(error, member.word) };
  }
}

function routeToSocket(asked: string, { listed, members, sockets }: Reachable): Route {
  let path: string;
  try {
    path = decodeURIComponent(asked);
  } catch {
    return { status: 400, reason: 'the path of the socket cannot be read' };
  }
  const member = members.find(({ entry }) => entry === `unix:${path}`);
  const isListed = listed.includes(`unix:${path}`);
  if (!isListed && member === undefined) {
    const hint = 'a function says it with `// @network unix:PATH`, or with a member of its secret';
    return { status: 403, reason: `the socket ${path} is not allowed here: ${hint}` };
  }
  const shown = isListed || member === undefined ? {} : { shown: member.word };
  try {
    if (sockets().includes(path)) return { to: { path }, ...shown };
  } catch (error) {
    if (error instanceof Fault) return { status: 403, reason: error.message };
    throw error;
  }
  const what = shown.shown === undefined ? `the socket ${path}` : `the socket that ${shown.shown} names`;
  const command = `headwater reach allow ${shown.shown === undefined ? path : 'PATH'}`;
  return {
    status: 403,
    reason: `${what} is not allowed to runs on this machine: its owner allows it with \`${command}\``,
  };
}

/** Opens the proxy of one run at the path of its socket. */
export async function openProxy(socketPath: string, reachable: Reachable): Promise<RunProxy> {
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
    const socketAsked = request.headers[socketHeader];
    const route =
      typeof socketAsked === 'string'
        ? routeToSocket(socketAsked, reachable)
        : await routeTo(request.url ?? '', undefined, reachable);
    if ('status' in route) {
      client.end(`HTTP/1.1 ${route.status} ${oneLine(route.reason)}\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    if (client.destroyed) return;
    const up = createConnection(route.to);
    keep(up);
    let connected = false;
    up.on('error', (error) => {
      if (connected) client.destroy();
      else client.end(`HTTP/1.1 502 ${oneLine(errorText(error, route.shown))}\r\nContent-Length: 0\r\n\r\n`);
    });
    up.on('connect', () => {
      connected = true;
      client.write('HTTP/1.1 200 Connected\r\n\r\n');
      up.write(head);
      up.pipe(client).pipe(up);
    });
    // What the one has said and the other has not taken yet is delivered first.
    up.on('close', () => (client as Socket).destroySoon());
    client.on('close', () => up.destroySoon());
  });
  server.on('request', async (request: IncomingMessage, response: ServerResponse) => {
    response.on('error', () => response.destroy());
    const match = /^http:\/\/([^/?#]+)(.*)$/i.exec(request.url ?? '');
    const route = await routeTo(match?.[1] ?? '', 80, reachable);
    if ('status' in route) {
      response.writeHead(route.status, oneLine(route.reason), { connection: 'close' }).end(`${route.reason}\n`);
      return;
    }
    const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !hopByHop.has(name)));
    const path = match?.[2]?.startsWith('/') ? match[2] : `/${match?.[2] ?? ''}`;
    const up = requestHttp({
      ...route.to,
      method: request.method,
      path,
      headers: { ...headers, host: match?.[1] },
    });
    up.on('socket', keep);
    up.on('error', (error) => {
      if (response.headersSent) response.destroy();
      else response.writeHead(502, oneLine(errorText(error, route.shown)), { connection: 'close' }).end();
    });
    up.on('response', (answer) => {
      // What a server may say and this one may not pass on, `000` for example: thrown here it would end the whole process.
      const { statusCode = 0 } = answer;
      if (statusCode < 100 || statusCode > 999) {
        answer.destroy();
        response.writeHead(502, 'the status of the answer is none', { connection: 'close' }).end();
        return;
      }
      const kept = Object.fromEntries(Object.entries(answer.headers).filter(([name]) => !hopByHop.has(name)));
      response.writeHead(statusCode, kept);
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
