// The local agent as an HTTP server on the loopback or a unix socket: JSON in and out, for who has its token.
//
//   GET    /v1                                  what it is and where its root lies
//   POST   /v1/resources/KIND {key, desired}    makes it, once for each key: {id, made, resource}
//   GET    /v1/resources/KIND[?below=&cursor=&limit=]  {items: [{id, resource}], passedBy: [{id, why}], cursor?}
//   GET    /v1/resources/KIND/ID                {resource}: as it is now
//   PUT    /v1/resources/KIND/ID {desired}      makes it so, whatever it is now: {resource}
//   DELETE /v1/resources/KIND/ID                {output?}: the end of what a process printed
//
// KIND is directory, file or process; ID a path from the root, percent-encoded, or the name of a process.

import { createHash, timingSafeEqual } from 'node:crypto';
import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { isObject, type Json } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import { Fault } from '../../base/result.ts';
import { BelowRoot } from './below_root.ts';
import { type Commands, programOf } from './commands.ts';
import { Journal } from './journal.ts';
import { Refused, refusalStatus } from './refused.ts';
import { assertId, Resources } from './resources.ts';
import { freshToken, StateFolder } from './state_folder.ts';
import { malformed, type ResourceKind, resourceKinds } from './wish.ts';

export interface AgentOptions {
  readonly root: string;
  /** Folder of its state, outside of the root; made when it is not there. */
  readonly state: string;
  /** A port of 127.0.0.1, or the path of a unix socket; undefined: the one before, else any port that is free. */
  readonly listen: number | string | undefined;
  readonly commands: Commands;
  /** PATH of the processes. */
  readonly searchPath: string;
}

export interface Agent {
  /** Such as `http://127.0.0.1:4712` or `unix:/run/local.sock`. */
  readonly endpoint: string;
  /** Holds endpoint and token, as the content of a secret. */
  readonly credentialFile: string;
  readonly root: string;
  /** Comes when the journal can't be written any more. */
  readonly failed: Promise<Fault>;
  /** Ends the agent; its processes run on, and the next agent takes them over. */
  close(): Promise<void>;
}

/** Faults: `root_unusable`, `store_busy`, `address_unavailable` and those of the journal. */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const root = BelowRoot.open(options.root);
  const state = StateFolder.open(options.state, root.path);
  let resources: Resources | undefined;
  try {
    const before = state.findCredential();
    const token = before?.Token ?? freshToken();
    resources = new Resources({
      root,
      agent: state.agent,
      searchPath: options.searchPath,
      programOf: (command) => programOf(options.commands, command),
      openOwnLog: (name) => state.openLog(name),
      dropOwnLog: (name) => state.dropLog(name),
      openJournal: (replay) => Journal.open(state.journal, replay),
    });
    await resources.resume();
    const front = new Front(resources, token, root.path);
    const server = createServer((request, response) => {
      void front.reply(request).then(({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      });
    });
    const endpoint = await listen(server, options.listen ?? placeOf(before?.Endpoint));
    state.writeCredential({ Endpoint: endpoint, Token: token });
    const open = resources;
    return {
      endpoint,
      credentialFile: state.credentialFile,
      root: root.path,
      failed: open.journal.failed,
      close: async () => {
        const closed = new Promise((resolve) => server.close(resolve));
        server.closeAllConnections();
        await closed;
        await open.close();
        root.close();
        state.close();
      },
    };
  } catch (e) {
    await resources?.close();
    root.close();
    state.close();
    throw e;
  }
}

function placeOf(endpoint: string | undefined): number | string {
  if (endpoint === undefined) return 0;
  return endpoint.startsWith('unix:') ? endpoint.slice('unix:'.length) : Number(new URL(endpoint).port);
}

async function listen(server: Server, place: number | string): Promise<string> {
  if (typeof place === 'string') await dropDeadSocket(place);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (e) =>
      reject(new Fault('address_unavailable', `${place} cannot be listened on: ${e.message}`, { place }, { cause: e })),
    );
    if (typeof place === 'number') server.listen(place, '127.0.0.1', resolve);
    else server.listen(place, resolve);
  });
  if (typeof place === 'number') return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  chmodSync(place, 0o600);
  return `unix:${place}`;
}

/** A killed agent leaves the name of its socket behind. Connecting to any other file says the same: that stays. */
async function dropDeadSocket(path: string): Promise<void> {
  const isDead = await new Promise<boolean>((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', (e: NodeJS.ErrnoException) => resolve(e.code === 'ECONNREFUSED'));
  });
  if (!isDead) return;
  if (!lstatSync(path).isSocket())
    throw new Fault('address_unavailable', `${path} cannot be listened on: it is a file, and no socket`, {
      place: path,
    });
  unlinkSync(path);
}

interface Reply {
  readonly status: number;
  readonly body: object;
}

/** The members of the body, and the status where it is not 200. */
type Answer = { readonly status?: number; readonly [member: string]: unknown };

class Front {
  readonly #resources: Resources;
  readonly #token: Buffer;
  readonly #root: string;

  constructor(resources: Resources, token: string, root: string) {
    this.#resources = resources;
    this.#token = hashOf(token);
    this.#root = root;
  }

  async reply(request: IncomingMessage): Promise<Reply> {
    try {
      this.#assertAllowed(request);
      const { status = 200, ...body } = await this.#answer(request);
      return { status, body };
    } catch (e) {
      if (e instanceof Refused) return { status: refusalStatus[e.code], body: e.toJSON() };
      const message = e instanceof Error ? e.message : String(e);
      return { status: 500, body: { error: { code: e instanceof Fault ? e.code : 'agent_failed', message } } };
    }
  }

  #assertAllowed({ headers }: IncomingMessage): void {
    if (headers.origin !== undefined)
      throw new Refused('page_refused', 'requests of web pages are refused', { got: headers.origin });
    const [, token = ''] = /^Bearer (.+)$/.exec(headers.authorization ?? '') ?? [];
    if (timingSafeEqual(hashOf(token), this.#token)) return;
    throw new Refused('token_refused', 'the token is not that of this agent', {
      path: '/headers/authorization',
      expected: 'Bearer and the token',
      got: token === '' ? 'none' : 'another',
      hint: 'the agent says at its start which file holds its token',
    });
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const { method = 'GET' } = request;
    const url = new URL(request.url ?? '/', 'http://agent');
    const [, version, noun, kind, id, ...more] = url.pathname.split('/');
    if (version !== 'v1' || more.length > 0 || (noun !== undefined && noun !== 'resources')) throw noRoute(request);
    if (noun === undefined) {
      if (method !== 'GET') throw noRoute(request);
      return { agent: 'headwater local', version: 1, root: this.#root, kinds: resourceKinds };
    }
    const of = resourceKinds.find((k) => k === kind);
    if (of === undefined) throw malformed('/kind', `one of ${resourceKinds.join(', ')}`, kind);
    return id === undefined
      ? this.#ofKind(of, request, url.searchParams)
      : this.#ofOne(of, assertId(of, decoded(id)), request);
  }

  async #ofKind(kind: ResourceKind, request: IncomingMessage, query: URLSearchParams): Promise<Answer> {
    if (request.method === 'GET') {
      const limit = Number(query.get('limit') ?? limits.localPageMax);
      if (!Number.isInteger(limit) || limit < 1 || limit > limits.localPageMax)
        throw malformed('/limit', `a whole number from 1 to ${limits.localPageMax}`, query.get('limit'));
      const below = query.get('below') ?? '';
      if (kind === 'process' && below !== '') throw malformed('/below', 'left out: processes lie nowhere', below);
      return { ...(await this.#resources.list(kind, { below, cursor: query.get('cursor') ?? undefined, limit })) };
    }
    if (request.method !== 'POST') throw noRoute(request);
    const { key, desired } = await bodyOf(request);
    const made = await this.#resources.create(kind, key, desired);
    return { status: made.made ? 201 : 200, ...made };
  }

  async #ofOne(kind: ResourceKind, id: string, request: IncomingMessage): Promise<Answer> {
    switch (request.method) {
      case 'GET':
        return { resource: await this.#resources.read(kind, id) };
      case 'PUT':
        return { resource: await this.#resources.put(kind, id, (await bodyOf(request))['desired']) };
      case 'DELETE':
        return { ...(await this.#resources.remove(kind, id)) };
      default:
        throw noRoute(request);
    }
  }
}

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();

function noRoute({ method, url }: IncomingMessage): Refused {
  return malformed('/url', 'a request that this agent knows', `${method} ${url}`);
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    throw malformed('/id', 'percent-encoded', id);
  }
}

async function bodyOf(request: IncomingMessage): Promise<{ readonly [member: string]: Json }> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    // Read to its end all the same, so that the answer is seen.
    if (bytes <= limits.localBodyBytesMax) parts.push(part);
  }
  if (bytes > limits.localBodyBytesMax)
    throw new Refused('too_large', `the request has ${bytes} bytes`, {
      path: '/',
      expected: `at most ${limits.localBodyBytesMax} bytes`,
      got: bytes,
    });
  let body: unknown;
  try {
    body = JSON.parse(Buffer.concat(parts).toString('utf8'));
  } catch {
    throw malformed('/', 'JSON', 'other text');
  }
  if (!isObject(body)) throw malformed('/', 'an object', body);
  return body;
}
