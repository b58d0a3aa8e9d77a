// The local cloud as an HTTP server: the AWS Cloud Control API in the JSON 1.0 protocol at `/`, what signs for the Security
// Token Service there in its own, and beside it, for tests and demonstrations, `/_control` (what it is to do wrong) and
// `/_journal` (everything that happened, an entry a line). Nothing is answered before the journal that it follows from is on the disk.

import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { isObject, type Json } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import { RecentCache } from '../../base/recent_cache.ts';
import { Fault } from '../../base/result.ts';
import { withoutPlacement } from '../../model/placement.ts';
import type { VariantSpec } from '../../model/schema.ts';
import type { Catalogue } from '../../ports/catalogue.ts';
import { type Caller, callerOf, parseScope } from './caller.ts';
import { Changes } from './changes.ts';
import { ControlRules, type LatencyMs, parseControl, type Throttle } from './control_rules.ts';
import { LogFile } from './log_file.ts';
import type { Matches } from './model.ts';
import { Operations } from './operations.ts';
import { type Failure, failureBody, failureStatus, type Outcome } from './outcome.ts';
import { type QueryResult, queryFailureText, queryResultText, securityTokenCall } from './security_tokens.ts';
import { CloudState } from './state.ts';

export interface CloudOptions {
  readonly catalogue: Catalogue;
  readonly matches: Matches;
  /** The journal's file; made when it is not there. One process at a time. */
  readonly file: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly host: string;
  /** Time that an operation takes. */
  readonly latencyMs: LatencyMs;
  readonly throttle?: Throttle;
}

export interface Cloud {
  /** Such as `http://127.0.0.1:4711`: what the endpoint of a client is set to. */
  readonly address: string;
  /** Comes when the journal can't be written any more; from then on every call is answered with an error. */
  readonly failed: Promise<Fault>;
  /** Ends at once: requests that are not carried out yet are by the next process. */
  close(): Promise<void>;
}

/** Faults: those of the journal's file, `address_unavailable`. */
export async function startCloud(options: CloudOptions): Promise<Cloud> {
  const { matches, file, latencyMs, throttle } = options;
  const catalogue = keepingTypes(options.catalogue);
  const state = new CloudState();
  const log = await LogFile.open(file, (entry) => state.apply(entry));
  const rules = new ControlRules(latencyMs, throttle, Date.now());
  const changes = new Changes({ catalogue, matches, state, log });
  const operations = new Operations({ catalogue, state, changes, rules });
  const front = new Front({ operations, rules, log, state });
  const server = createServer((request, response) => {
    front
      .reply(request)
      .catch(brokenReply)
      .then((reply) => send(response, reply));
  });
  try {
    await listen(server, options);
  } catch (e) {
    await log.close();
    throw e;
  }
  changes.resume();
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    failed: log.failed,
    close: async () => {
      changes.stop();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      await log.close();
    },
  };
}

/** Every request needs the schema of its type, as the type is, and a catalogue need not keep more than a few. */
function keepingTypes(catalogue: Catalogue): Pick<Catalogue, 'load'> {
  const kept = new RecentCache<string, VariantSpec>(limits.cloudTypesKeptMax);
  return {
    load: (name) => {
      const known = kept.get(name);
      const loaded = known === undefined ? catalogue.load(name) : undefined;
      const spec = known ?? (loaded && withoutPlacement(loaded));
      if (spec !== undefined) kept.set(name, spec);
      return spec;
    },
  };
}

function listen(server: Server, { port, host }: CloudOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (e) =>
      reject(
        new Fault(
          'address_unavailable',
          `${host}:${port} cannot be listened on: ${e.message}`,
          { host, port },
          { cause: e },
        ),
      ),
    );
    server.listen(port, host, resolve);
  });
}

/** What is sent back; nothing when the connection is to end without an answer. */
interface Reply {
  readonly status: number;
  readonly text: string;
  readonly headers: { readonly [name: string]: string };
}

class Front {
  readonly #operations: Operations;
  readonly #rules: ControlRules;
  readonly #log: LogFile;
  readonly #state: CloudState;

  constructor(parts: { operations: Operations; rules: ControlRules; log: LogFile; state: CloudState }) {
    this.#operations = parts.operations;
    this.#rules = parts.rules;
    this.#log = parts.log;
    this.#state = parts.state;
  }

  async reply(request: IncomingMessage): Promise<Reply | undefined> {
    // A page in a browser has no business here; programs send no origin.
    if (request.headers.origin !== undefined)
      return failureReply({ name: 'AccessDeniedException', message: 'requests of web pages are refused' });
    const body = await bodyOf(request);
    if (body === undefined)
      return jsonReply(
        413,
        { message: `a request has at most ${limits.cloudBodyBytesMax} bytes` },
        { connection: 'close' },
      );
    const { pathname } = new URL(request.url ?? '/', 'http://cloud');
    const route = `${request.method} ${pathname}`;
    switch (route) {
      case 'POST /':
        return this.#api(request, body);
      case 'GET /_journal':
        await this.#log.durable();
        return { status: 200, text: await this.#log.read(), headers: { 'content-type': 'application/x-ndjson' } };
      case 'GET /_control':
        return jsonReply(200, this.#rules.show());
      case 'POST /_control':
        return this.#control(body);
      default:
        return jsonReply(404, { message: `there is no ${route}` });
    }
  }

  #control(body: string): Reply {
    const given = parseJson(body);
    const control = given === undefined ? 'the body is not JSON' : parseControl(given);
    if (typeof control === 'string') return jsonReply(400, { message: control });
    this.#rules.set(control, Date.now());
    return jsonReply(200, this.#rules.show());
  }

  async #api(request: IncomingMessage, body: string): Promise<Reply | undefined> {
    const scope = parseScope(request.headers.authorization);
    if (!scope.ok) return failureReply(scope.failure);
    const isQuery = scope.value.service === 'sts';
    const refused = isQuery ? queryFailureReply : failureReply;
    const nowMs = Date.now();
    const caller = callerOf(scope.value, { headers: request.headers, body }, nowMs);
    if (!caller.ok) return refused(caller.failure);
    const retryAfterSeconds = this.#rules.throttled(nowMs);
    if (retryAfterSeconds !== undefined)
      return refused({ name: 'ThrottlingException', message: 'Rate exceeded', retryAfterSeconds });
    return isQuery ? this.#tokens(caller.value, body, nowMs) : this.#resources(caller.value, request, body);
  }

  /** What is given out follows from resources that are there. */
  async #tokens(caller: Caller, body: string, nowMs: number): Promise<Reply> {
    const input = new URLSearchParams(body);
    const { sessionSecondsMax } = this.#rules;
    const outcome = securityTokenCall(input, { state: this.#state, caller, nowMs, sessionSecondsMax });
    await this.#log.durable();
    return queryReply(input.get('Action') ?? '', outcome);
  }

  async #resources(caller: Caller, request: IncomingMessage, body: string): Promise<Reply | undefined> {
    const [service, operation = ''] = String(request.headers['x-amz-target'] ?? '').split('.');
    if (service !== 'CloudApiService')
      return failureReply({ name: 'UnknownOperationException', message: 'X-Amz-Target names no operation' });
    const input = parseJson(body);
    if (!isObject(input))
      return failureReply({ name: 'SerializationException', message: 'the body is not a JSON object' });
    const { outcome, delayMs = 0, drop } = this.#operations.call(operation, caller, input);
    if (delayMs > 0) await wait(delayMs);
    await this.#log.durable();
    if (drop === true) return undefined;
    return outcome.ok ? jsonReply(200, outcome.value) : failureReply(outcome.failure);
  }
}

/** The body as text; undefined when it is too long. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > limits.cloudBodyBytesMax) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function parseJson(body: string): Json | undefined {
  try {
    return JSON.parse(body) as Json;
  } catch {
    return undefined;
  }
}

function jsonReply(status: number, body: Json, headers: Reply['headers'] = {}): Reply {
  return { status, text: JSON.stringify(body), headers: { 'content-type': 'application/x-amz-json-1.0', ...headers } };
}

function failureReply(failure: Failure): Reply {
  const { name, retryAfterSeconds } = failure;
  return jsonReply(failureStatus[name], failureBody(failure), {
    'x-amzn-errortype': name,
    ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
  });
}

function queryReply(operation: string, outcome: Outcome<QueryResult>): Reply {
  if (!outcome.ok) return queryFailureReply(outcome.failure);
  return xmlReply(200, queryResultText(operation, outcome.value, randomUUID()));
}

function queryFailureReply({ name, message, retryAfterSeconds }: Failure): Reply {
  const later = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
  return xmlReply(failureStatus[name], queryFailureText(name, message, randomUUID()), later);
}

function xmlReply(status: number, text: string, headers: Reply['headers'] = {}): Reply {
  return { status, text, headers: { 'content-type': 'text/xml', ...headers } };
}

/** A journal that fails is answered as the service's own error, and so is a bug. */
function brokenReply(e: unknown): Reply {
  const message = e instanceof Error ? e.message : String(e);
  return failureReply({ name: 'ServiceInternalErrorException', message });
}

function send(response: ServerResponse, reply: Reply | undefined): void {
  if (reply === undefined || response.destroyed) response.destroy();
  else response.writeHead(reply.status, { 'x-amzn-requestid': randomUUID(), ...reply.headers }).end(reply.text);
}
