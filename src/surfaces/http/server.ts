// The HTTP server: takes requests in, lets callers in, checks what they send, hands it to the route and answers. What a
// route does is in routes/; what everybody may do is the engine's decision.

import { setMaxListeners } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import compress from '@fastify/compress';
import multipart from '@fastify/multipart';
import rateLimit from '@fastify/rate-limit';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Principal } from '../../access/role.ts';
import { checkCarried, type Json } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import { Fault, must, ok, RefusalError, type Result } from '../../base/result.ts';
import type { Engine } from '../../engine/engine.ts';
import { answeredOnce } from '../../engine/idempotency.ts';
import { outOfReach } from '../../engine/members.ts';
import { callOperation } from '../../engine/operations.ts';
import { type Bearer, principalWith } from '../../engine/tokens.ts';
import type { Workspace } from '../../engine/workspace.ts';
import type { IdentityProvider } from '../../ports/identity_provider.ts';
import { checkBody, checkQuery, wrongAnswer } from './checks.ts';
import { keepHeaders, mountCors } from './cors.ts';
import { mountForwarding } from './forward.ts';
import { bearerIn, type Door, letIn } from './let_in.ts';
import { mountLogin } from './login.ts';
import { openApiOf } from './openapi.ts';
import {
  FaultWithStatus,
  problem,
  problemOfFault,
  problemOfRefusal,
  problemOfUnread,
  RefusalWithStatus,
} from './refusals.ts';
import { Answer, type Method, type OperationParams, type Route, type RouteCall } from './route.ts';
import { routes } from './routes/all.ts';
import { etagOf, seenOf, Versions } from './versions.ts';

export interface HttpOptions {
  readonly engine: Engine;
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Of this program, for the document. */
  readonly version: string;
  /** Hears of what is no fault of anybody outside: a bug. Default: nothing; the caller is told in any case. */
  readonly onBug?: (error: unknown, route: string) => void;
  /** Holds each answer to its shape, and answers 500 where it has another. For tests. Default false. */
  readonly checkAnswers?: boolean;
  /** Hears of each request and answer; default: nobody. */
  readonly watch?: Watch;
  /** What `/metrics` answers, for tokens of the installation; default: there is none. */
  readonly metrics?: () => Promise<{ readonly contentType: string; readonly text: string }>;
  /** What answers at /mcp, for agents; default: nothing does. */
  readonly tools?: Tools;
  /** Lets people log in; default: whoever comes shows a token. */
  readonly login?: {
    readonly provider: IdentityProvider;
    /** Where people reach the server. Default: where it listens. */
    readonly publicUrl?: URL;
  };
  /** Origins of pages that may ask, or `*`. Default: none but this server's own. */
  readonly allowOrigins?: readonly string[];
  /** Requests of one caller in a minute. Default `limits.httpRequestsPerMinuteMax`. */
  readonly requestsPerMinuteMax?: number;
}

/** Hears of the requests. */
export interface Watch {
  /** Runs the work of one request, within the trace that its headers name. */
  within<T>(headers: RouteCall<unknown, unknown>['headers'], route: string, work: () => Promise<T>): Promise<T>;
  /** The id of the trace that is under way. */
  trace(): string | undefined;
  answered(a: {
    readonly id: string;
    readonly route: string;
    readonly method: string;
    readonly status: number;
    readonly ms: number;
    /** Id of the trace, where there is one. */
    readonly trace?: string | undefined;
    /** Ids of who asked, where they were let in. */
    readonly user?: string | undefined;
    readonly token?: string | undefined;
  }): void;
}

/** Takes a request of another protocol whole, of somebody who was let in, and answers it. */
export type Tools = (
  request: IncomingMessage,
  response: ServerResponse,
  by: {
    /** The same for the same token only. */
    readonly owner: string;
    readonly body: unknown;
    readonly nowMs: number;
    /** Carries out an operation as the caller, in the workspace that has the token unless it names another. */
    call(operation: string, params: OperationParams): Promise<Result<unknown>>;
  },
) => Promise<void>;

export interface HttpServer {
  /** `http://host:port`. */
  readonly address: string;
  /** Takes no new request; resolves when those under way are answered. */
  close(): Promise<void>;
}

/** Listens. Fault `address_unavailable`. */
export async function serveHttp(options: HttpOptions): Promise<HttpServer> {
  const { host, port } = options;
  const app = await appOf(options);
  try {
    await app.listen({ host, port });
  } catch (e) {
    await app.close();
    const why = e instanceof Error ? e.message : String(e);
    throw new Fault('address_unavailable', `${host}:${port}: ${why}`, undefined, { cause: e });
  }
  return { address: addressOf(app, host), close: () => app.close() };
}

/** Of a server that listens. */
function addressOf(app: FastifyInstance, host: string): string {
  const { port } = app.server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

async function appOf(options: HttpOptions): Promise<FastifyInstance> {
  const { engine, version, onBug = () => {}, requestsPerMinuteMax = limits.httpRequestsPerMinuteMax } = options;
  const { login } = options;
  const door: Door = { engine, publicUrl: login && (() => login.publicUrl ?? new URL(addressOf(app, options.host))) };
  const app = Fastify({
    bodyLimit: limits.httpBodyBytesMax,
    // Ids of a caller are taken on when they are harmless to write down.
    genReqId: (request) => {
      const given = request.headers['x-request-id'];
      return typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : engine.world.ids.ulid();
    },
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: limits.httpPathPartCharsMax },
    // What is no address of anything comes to no route and to no hook.
    frameworkErrors: (error, request, reply) => {
      reply.header('x-request-id', request.id);
      answerError(error, { request, reply, onBug });
    },
    forceCloseConnections: 'idle',
  });
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
    dropTypeOfNothing(request);
  });
  const { watch } = options;
  if (watch !== undefined) {
    app.addHook('onResponse', async (request, reply) => {
      const bearer = who.get(request);
      watch.answered({
        id: request.id,
        route: request.routeOptions.url ?? '',
        method: request.method,
        status: reply.statusCode,
        ms: reply.elapsedTime,
        trace: traces.get(request),
        user: bearer?.user,
        token: bearer?.token.id,
      });
    });
  }
  await mountCors(app, options.allowOrigins ?? [], login !== undefined);
  await app.register(compress, {
    global: true,
    threshold: limits.httpCompressedBytesMin,
    encodings: ['gzip', 'identity'],
    // A stream of events is not held back until there is enough to compress.
    customTypes: /^(application\/.*(json|yaml)|text\/(?!event-stream))/,
  });
  await app.register(rateLimit, {
    max: requestsPerMinuteMax,
    timeWindow: 60_000,
    // By the token, where it is one: what anybody may write there is counted by where it comes from.
    keyGenerator: (request) =>
      bearerIn(door, request).then(
        ({ token }) => token.id,
        () => request.ip,
      ),
    errorResponseBuilder: (request, { after }) =>
      problem({
        status: 429,
        reason: 'too_many_requests',
        message: `too_many_requests: more than ${requestsPerMinuteMax} in a minute; try again in ${after}`,
        instance: request.id,
        retryable: true,
      }),
  });
  // What comes is held in memory: a form has one file, and a few fields beside it.
  await app.register(multipart, {
    limits: { fileSize: limits.httpBodyBytesMax, files: 1, fields: formFieldsMax, parts: formFieldsMax + 1 },
  });
  if (engine.driving !== undefined) mountForwarding(app, door);
  // A body that is not there is nobody's mistake where the operation takes none.
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    if (body === '') return done(null, undefined);
    let value: unknown;
    try {
      value = JSON.parse(body as string);
    } catch (e) {
      return done(Object.assign(e as Error, { statusCode: 422, code: 'request_malformed' }));
    }
    // Before anything follows it: a shape, a hash of it, a message that shows it.
    const carried = checkCarried(value, 'body', limits.requestDepthMax);
    done(carried.ok ? null : new RefusalError(carried.refusal), value);
  });
  app.setErrorHandler((error, request, reply) => answerError(error, { request, reply, onBug }));
  app.setNotFoundHandler((request, reply) =>
    reply.code(404).send(
      problem({
        status: 404,
        reason: 'route_not_found',
        message: `route_not_found: there is no ${request.method} ${request.url.split('?')[0]}; see /openapi.json`,
        instance: request.id,
        retryable: false,
      }),
    ),
  );
  const document = openApiOf(routes, version);
  app.get('/openapi.json', () => document);
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  app.addHook('preClose', async () => closing.abort());
  for (const r of routes) mount(app, r, { ...options, door, closing: closing.signal });
  if (options.metrics !== undefined) mountMetrics(app, door, options.metrics);
  if (options.tools !== undefined) mountTools(app, door, options.tools);
  if (login !== undefined && door.publicUrl !== undefined) {
    const { provider } = login;
    const bearer = (request: FastifyRequest) => bearerIn(door, request);
    mountLogin(app, { provider, publicUrl: door.publicUrl }, { engine, bearerIn: bearer });
  }
  return app;
}

/** Clients on axios name the type of forms with a POST that has no body at all; so do others. */
function dropTypeOfNothing({ headers }: FastifyRequest): void {
  const length = headers['content-length'];
  if (headers['transfer-encoding'] === undefined && (length === undefined || length === '0'))
    delete headers['content-type'];
}

interface Mounting extends HttpOptions {
  readonly door: Door;
  readonly closing: AbortSignal;
}

function mount(app: FastifyInstance, r: Route, options: Mounting): void {
  const { watch, checkAnswers = false } = options;
  app.route({
    method: r.method satisfies Method,
    config: { isRepeatable: r.repeats !== 'none' },
    url: r.path.replaceAll(/\{(\w+)\}/g, ':$1'),
    handler: async (request, reply) => {
      const work = () => {
        const trace = watch?.trace();
        if (trace !== undefined) traces.set(request, trace);
        return handled(options, r, { request, reply });
      };
      const answer = await (watch === undefined ? work() : watch.within(request.headers, r.id, work));
      const { status, body, headers } = answer instanceof Answer ? answer : new Answer(statusOfOk(r), answer);
      reply.code(status).headers(headers);
      if (r.contentType !== undefined && headers['content-type'] === undefined) reply.type(r.contentType);
      const expected = r.answers[status];
      // What says of itself that it is no JSON has no shape.
      if (checkAnswers && headers['content-type'] === undefined) holdToShape(r, status, body);
      return expected === null || body === undefined ? reply.send() : reply.send(body);
    },
  });
}

function mountMetrics(app: FastifyInstance, door: Door, metrics: NonNullable<HttpOptions['metrics']>): void {
  app.get('/metrics', async (request, reply) => {
    const { token, user } = await bearerIn(door, request);
    // It tells of all workspaces.
    if (token.reach !== 'installation') must(outOfReach(user, 'the whole installation'));
    const { contentType, text } = await metrics();
    return reply.type(contentType).send(text);
  });
}

function mountTools(app: FastifyInstance, door: Door, tools: Tools): void {
  const { engine } = door;
  app.route({
    method: ['GET', 'POST', 'DELETE'],
    url: '/mcp',
    handler: async (request, reply) => {
      const bearer = await bearerIn(door, request);
      const principal = must(await principalWith(bearer, bearer.home));
      reply.hijack();
      keepHeaders(reply);
      const { home, token } = bearer;
      await tools(request.raw, reply.raw, {
        owner: token.id,
        body: request.body,
        nowMs: engine.world.clock.nowMs(),
        call: (operation, params) =>
          callOperation({ engine, principal, progress: () => {} }, operation, { workspace: home.id, ...params }),
      });
    },
  });
}

/** The first status of success that a route names. */
function statusOfOk(r: Route): number {
  return Math.min(
    ...Object.keys(r.answers)
      .map(Number)
      .filter((s) => s < 300),
  );
}

function holdToShape(r: Route, status: number, body: unknown): void {
  const schema = r.answers[status];
  if (schema === undefined) throw new Error(`${r.id} answers ${status}, which it does not name`);
  if (schema === null || r.contentType !== undefined) return;
  const wrong = wrongAnswer(schema, JSON.parse(JSON.stringify(body ?? null)));
  if (wrong !== undefined) throw new Error(`${r.id} answers another shape than it names: ${wrong}`);
}

async function handled(
  { engine, door, closing }: Mounting,
  r: Route,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
): Promise<unknown> {
  const params = request.params as Record<string, string>;
  const { bearer, workspace, principal } = await letIn(door, r, request);
  if (bearer !== undefined) who.set(request, bearer);
  const body = r.isMultipart === true ? await fieldsOf(request) : request.body;
  const query = { ...(request.query as Record<string, unknown>) };
  if (r.query !== undefined) checkQuery(r.query, query);
  if (r.body !== undefined && !(r.bodyIsOptional === true && body === undefined)) checkBody(r.body, body);
  const gone = new AbortController();
  // Not once all of the answer is sent: nobody waits then, and an error for it would be made with every request. Of a stream whose
  // head alone was asked for all is sent at once, and it would go on for ever.
  reply.raw.once('close', () => {
    if (request.method === 'HEAD' || !reply.raw.writableFinished) gone.abort();
  });
  const given = request.headers['idempotency-key'];
  const key = typeof given === 'string' ? given : undefined;
  const operation = async <T>(name: string, asked: OperationParams = {}) => {
    const named = workspace === undefined ? asked : { ...asked, workspace: workspace.id };
    return must(await callOperation({ engine, principal, progress: () => {} }, name, named)) as T;
  };
  const seen = seenOf({ versioned: r.versioned, query, body, ifMatch: request.headers['if-match'] });
  const versions = new Versions(seen, params['change_set_id'] ?? '', operation);
  const call: RouteCall<unknown, unknown> = {
    engine,
    principal,
    bearer,
    workspace,
    params,
    query,
    body,
    idempotencyKey: key,
    signal: gone.signal,
    closing,
    headers: request.headers,
    operation,
    edit: (name, asked = {}) => versions.edit(name, r.repeats === 'engine' ? { ...asked, idempotencyKey: key } : asked),
  };
  const work = async () => {
    if (r.versioned === undefined) return r.handle(call as RouteCall<never, never>);
    await versions.before(r.method === 'GET', { w: workspace, principal: principal.id, key });
    return withEtag(await r.handle(call as RouteCall<never, never>), versions.version, statusOfOk(r));
  };
  if (r.repeats !== 'surface' || key === undefined) return work();
  return repeatable(
    workspace ?? bearer.home,
    principal,
    { key, what: { route: r.id, params, query, body } as Json },
    work,
  );
}

function withEtag(answer: unknown, version: number | undefined, statusOfOk: number): unknown {
  if (version === undefined) return answer;
  const { status, body, headers } = answer instanceof Answer ? answer : new Answer(statusOfOk, answer);
  return new Answer(status, body, { etag: etagOf(version), ...headers });
}

/** As the answer to the first request with the key. */
async function repeatable(
  w: Workspace,
  principal: Principal,
  ask: { readonly key: unknown; readonly what: Json },
  work: () => Promise<unknown>,
): Promise<unknown> {
  const done = await answeredOnce(w, principal.id, ask, async () => {
    const answer = await work();
    const whole = answer instanceof Answer ? answer : new Answer(0, answer);
    return ok({ status: whole.status, body: whole.body ?? null, headers: whole.headers });
  });
  const { status, body, headers } = must(done);
  return status === 0 ? body : new Answer(status, body, headers);
}

/** Fields of a form beside its file. */
const formFieldsMax = 8;

/** Who was let in, for what is written about the request afterwards. */
const who = new WeakMap<FastifyRequest, Bearer>();
const traces = new WeakMap<FastifyRequest, string>();

async function fieldsOf(request: FastifyRequest): Promise<Record<string, string>> {
  if (!request.isMultipart())
    throw Object.assign(new Error('media_type_not_supported: send multipart/form-data'), { statusCode: 415 });
  const out: Record<string, string> = {};
  try {
    for await (const part of request.parts())
      out[part.fieldname] = part.type === 'file' ? (await part.toBuffer()).toString('utf8') : String(part.value);
  } catch (e) {
    // What is over a bound says so by a status; without one it is the reader of forms that cannot go on.
    if ((e as { readonly statusCode?: number }).statusCode !== undefined) throw e;
    throw new RefusalError({
      code: 'request_malformed',
      path: 'body',
      expected: 'a form as multipart/form-data, with the boundary that its type names',
      got: e instanceof Error ? e.message : String(e),
      hint: 'have a client make the form, and set its type',
    });
  }
  return out;
}

interface Failed {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly onBug: (error: unknown, route: string) => void;
}

function answerError(error: unknown, { request, reply, onBug }: Failed): FastifyReply {
  const instance = request.id;
  if (error instanceof RefusalError) {
    const status = error instanceof RefusalWithStatus ? error.status : undefined;
    const body = problemOfRefusal(error.refusal, instance, status);
    if (body.statusCode === 401) reply.header('www-authenticate', 'Bearer');
    return reply.code(body.statusCode).send(body);
  }
  if (error instanceof FaultWithStatus)
    return reply.code(error.status).send(problemOfFault(error.fault, instance, error.status));
  if (error instanceof Fault) {
    const body = problemOfFault(error, instance);
    // Of a store that fails whoever runs the server hears, too.
    if (body.statusCode === 500) onBug(error, `${request.method} ${request.routeOptions.url ?? request.url}`);
    return reply.code(body.statusCode).send(body);
  }
  const {
    statusCode = 500,
    reason,
    code,
    message,
  } = error as { statusCode?: number; reason?: string; code?: string; message: string };
  if (statusCode < 500) {
    if (reason !== undefined) return reply.code(statusCode).send(error);
    return reply.code(statusCode).send(problemOfUnread({ status: statusCode, code, message }, request));
  }
  // Whoever went away has cut off what was under way for them: that is nobody's mistake.
  if (!reply.raw.destroyed) onBug(error, `${request.method} ${request.routeOptions.url ?? request.url}`);
  const message500 = 'internal_error: the server met something that it does not expect; its log has more';
  return reply
    .code(500)
    .send(problem({ status: 500, reason: 'internal_error', message: message500, instance, retryable: false }));
}
