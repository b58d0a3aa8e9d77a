// Requests about a workspace that another engine on the same store drives: passed on to it whole, and its answer back as it comes, streams
// included. When that engine has gone, whoever has the workspace next is asked, this one if it is; what changes something goes under an
// idempotency key, its own or one made here, so that asking again does it once. An engine that ends waits for no stream that it passes
// on, and for other answers of others for a while only: what it drives is nobody else's until it has ended.

import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { Agent, request as ask, type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { parseTokenText } from '../../access/token.ts';
import { limits } from '../../base/limits.ts';
import type { Fault } from '../../base/result.ts';
import { elsewhere } from '../../engine/driving.ts';
import type { EngineNode } from '../../ports/leases.ts';
import { eventStreamType } from './event_stream.ts';
import { type Door, shownIn } from './let_in.ts';
import { workspaceOfLogin } from './login.ts';

/** Engines that a request has come through. */
const hopsHeader = 'x-headwater-hops';
/** Two that think of each other that they drive a workspace do so for a moment only. */
const hopsMax = 3;
const againMs = 100;
/** Wait for a connection; and between looks whether who was asked still drives the workspace. */
const connectMs = 2_000;
const lookMs = 1_000;
/** Between looks, while this engine ends, for connections on which all has been answered. */
const idleLookMs = 100;

/** What is not asked of any workspace in particular. */
const isOwn = (url: string): boolean =>
  url === '' || url === '/' || /^\/(healthz|readyz|metrics|openapi\.json)/.test(url);

export function mountForwarding(app: FastifyInstance, door: Door): void {
  const agent = new Agent({ keepAlive: true });
  const taken = new WeakMap<FastifyRequest, Buffer>();
  const ending = endingOf(app);
  app.addHook('onClose', async () => agent.destroy());
  app.addHook('onRequest', async (request, reply) => {
    const read = () =>
      bodyOf(request.raw).catch((e: unknown) => {
        if (request.raw.destroyed) return undefined;
        throw e;
      });
    const isExchange = request.routeOptions.url === '/v1/login/exchange';
    const early = isExchange ? await read() : undefined;
    if (early !== undefined) taken.set(request, early);
    const about = workspaceOfLogin(request, early) ?? workspaceOf(door, request);
    if (about === undefined || about.includes('\0')) return;
    const to = await door.engine.asked(about);
    if (to === undefined) return;
    const hops = Number(request.headers[hopsHeader] ?? 0);
    if (hops >= hopsMax) throw notReached(about, to);
    const body = early ?? (await read());
    // Who asked has gone.
    if (body === undefined) return void reply.hijack();
    const sent = { body, hops: hops + 1, agent, ending };
    if (await passOn(door, { about, to, sent }, { request, reply })) return;
    // It is this engine's by now.
    if (request.isMultipart?.() === true) throw notReached(about, to);
    taken.set(request, body);
  });
  // What was read for passing on is read again from memory.
  app.addHook('preParsing', async (request, _reply, payload) => {
    const body = taken.get(request);
    if (body === undefined) return payload;
    return Object.assign(Readable.from(body.length === 0 ? [] : [body]), { receivedEncodedLength: body.length });
  });
}

/** What is passed on hears of the end of this engine. */
interface Ending {
  /** Aborted when it begins. */
  readonly begun: AbortSignal;
  /** Aborted when no answer is waited for any more. */
  readonly late: AbortSignal;
}

function endingOf(app: FastifyInstance): Ending {
  const [begun, late] = [new AbortController(), new AbortController()];
  for (const { signal } of [begun, late]) setMaxListeners(0, signal);
  let waiting: NodeJS.Timeout | undefined;
  let looking: NodeJS.Timeout | undefined;
  app.addHook('preClose', async () => {
    begun.abort();
    waiting = setTimeout(() => late.abort(), limits.forwardedEndMs);
    // Other engines and clients keep their connections, and a server that closes waits for each.
    looking = setInterval(() => app.server.closeIdleConnections(), idleLookMs);
  });
  app.addHook('onSend', async (_request, reply) => {
    if (begun.signal.aborted) reply.header('connection', 'close');
  });
  app.addHook('onClose', async () => {
    clearTimeout(waiting);
    clearInterval(looking);
  });
  return { begun: begun.signal, late: late.signal };
}

/** Has it done when the signal is aborted, also when it was; answers what takes that back. */
function when(signal: AbortSignal, act: () => void): () => void {
  if (signal.aborted) act();
  else signal.addEventListener('abort', act, { once: true });
  return () => signal.removeEventListener('abort', act);
}

/** The workspace that a request is about: that of its path, else the one that has the token. */
function workspaceOf(door: Door, request: FastifyRequest): string | undefined {
  const { workspace_id: named } = request.params as { readonly workspace_id?: string };
  const isRestore = request.routeOptions.url?.endsWith('/restore') === true;
  if (named !== undefined && !isRestore) return named;
  if (isOwn(request.routeOptions.url ?? '')) return undefined;
  return parseTokenText(shownIn(door, request) ?? '')?.workspace;
}

async function bodyOf(raw: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of raw as AsyncIterable<Buffer>) {
    bytes += part.length;
    // A little more than is taken by whoever answers, who says so.
    if (bytes > limits.httpBodyBytesMax + 1_024) break;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

interface Passed {
  readonly about: string;
  readonly to: EngineNode;
  readonly sent: { readonly body: Buffer; readonly hops: number; readonly agent: Agent; readonly ending: Ending };
}

interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** True: it was answered. False: this engine is to answer. Fault `workspace_elsewhere` when nobody could be asked in time. */
async function passOn(door: Door, { about, to: first, sent }: Passed, exchange: Exchange): Promise<boolean> {
  const until = performance.now() + limits.forwardedMs;
  const isRead = ['GET', 'HEAD'].includes(exchange.request.method);
  // Of the request itself from now on: also when it is this engine that carries it out in the end.
  if (!isRead) exchange.request.raw.headers['idempotency-key'] ??= randomUUID();
  const { isRepeatable = false } = (exchange.request.routeOptions.config ?? {}) as { readonly isRepeatable?: boolean };
  for (let to: EngineNode | undefined = first; to !== undefined; to = await door.engine.asked(about)) {
    const { id, address } = to;
    const isTheirs = async () => (await door.engine.asked(about))?.id === id;
    // One that was at this engine's address is gone, and its lease lapses.
    const isThere = address !== null && address !== door.engine.driving?.node.address;
    const outcome = isThere ? await answered({ url: new URL(address), sent, isTheirs }, exchange) : 'not sent';
    if (outcome === 'answered') return true;
    // What is not done once by its key (it answers with a secret, say) may have been done.
    if (outcome === 'lost' && !isRead && !isRepeatable) throw notReached(about, to);
    if (exchange.request.raw.destroyed && exchange.reply.raw.destroyed) return true;
    if (performance.now() > until || sent.ending.late.aborted) throw notReached(about, to);
    await sleep(againMs);
  }
  return false;
}

interface Asked {
  readonly url: URL;
  readonly sent: Passed['sent'];
  readonly isTheirs: () => Promise<boolean>;
}

/** `not sent`: nobody was reached. `lost`: somebody was, and did not answer: what was asked may have been done. */
type Outcome = 'answered' | 'lost' | 'not sent';

function answered({ url, sent, isTheirs }: Asked, { request, reply }: Exchange): Promise<Outcome> {
  return new Promise((resolve) => {
    const { connection: _, 'transfer-encoding': __, ...headers } = request.raw.headers;
    const out = ask({
      agent: sent.agent,
      // An IPv6 address stands in brackets in a URL only.
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: url.port,
      method: request.method,
      path: request.raw.url,
      headers: {
        ...headers,
        'content-length': sent.body.length,
        'x-request-id': request.id,
        [hopsHeader]: sent.hops,
      },
    });
    let isOver = false;
    let isSent = false;
    const { begun, late } = sent.ending;
    const unwatch = [when(late, () => void (reply.sent ? reply.raw : out).destroy())];
    const end = (is: Outcome) => {
      isOver = true;
      for (const no of unwatch) no();
      clearTimeout(connecting);
      clearInterval(looking);
      resolve(is);
    };
    const connecting = setTimeout(() => out.destroy(new Error('no connection')), connectMs);
    out.on('socket', (socket) => {
      const reached = () => {
        isSent = true;
        clearTimeout(connecting);
      };
      if (!socket.connecting) reached();
      else socket.once('connect', reached);
    });
    // One that is paused answers nothing, and somebody else has the workspace before long.
    const looking = setInterval(() => {
      isTheirs().then(
        (is) => is || isOver || out.destroy(new Error('driven by another engine')),
        (e: unknown) => out.destroy(e as Error),
      );
    }, lookMs);
    const gone = () => out.destroy();
    reply.raw.once('close', gone);
    out.on('response', (answer) => {
      clearInterval(looking);
      reply.hijack();
      const { connection: _c, 'keep-alive': _k, 'transfer-encoding': _t, ...told } = answer.headers;
      reply.raw.writeHead(answer.statusCode ?? 502, begun.aborted ? { ...told, connection: 'close' } : told);
      // Whoever follows hears the first line at once.
      reply.raw.flushHeaders();
      answer.pipe(reply.raw);
      // Whoever follows comes again, to an engine that is there; what was told is told to its end.
      if (answer.headers['content-type']?.startsWith(eventStreamType))
        unwatch.push(
          when(begun, () => {
            answer.unpipe(reply.raw);
            reply.raw.end();
          }),
        );
      answer.once('close', () => {
        if (!answer.complete) reply.raw.destroy();
        reply.raw.off('close', gone);
        end('answered');
      });
    });
    out.on('error', () => {
      reply.raw.off('close', gone);
      // After the first line of an answer its end tells what became of it.
      if (!reply.sent && !isOver) end(isSent ? 'lost' : 'not sent');
    });
    out.end(sent.body);
  });
}

const notReached = (about: string, node: EngineNode): Fault => elsewhere(about, node, ', which does not answer');
