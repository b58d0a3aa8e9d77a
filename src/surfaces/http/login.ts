// People who log in: sent to the identity provider, taken back from it, and let in by a cookie, or, for a command line, by a code
// that it exchanges. What is between two steps is kept in memory, taken once, and bound to who began: to the browser by a
// cookie, to the command line by a challenge (PKCE). A server that ends forgets it, and the login is begun again. Of several engines
// the one that drives the workspace keeps it: the state and the code end with the workspace that they are about.

import { createHash, randomBytes } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { limits } from '../../base/limits.ts';
import { Fault, must, type Refusal, RefusalError } from '../../base/result.ts';
import type { Engine } from '../../engine/engine.ts';
import { type LoggedIn, logIn, loginToken } from '../../engine/login.ts';
import { defaultWorkspace } from '../../engine/operation.ts';
import { callOperation } from '../../engine/operations.ts';
import { newTokenSecret } from '../../engine/operations_token.ts';
import { type Bearer, principalWith } from '../../engine/tokens.ts';
import type { IdentityProvider, LoginAttempt } from '../../ports/identity_provider.ts';
import { checkBody, checkQuery } from './checks.ts';
import { LoginCookie } from './cookies.ts';
import { KeptOnce } from './kept_once.ts';
import { pageOf } from './page.ts';
import { problemOfRefusal } from './refusals.ts';

export interface LoginOptions {
  readonly provider: IdentityProvider;
  /** Where people reach the server, without a path; the provider sends them back there. */
  readonly publicUrl: () => URL;
}

const beginQuery = Type.Object({
  workspace: Type.String({ default: defaultWorkspace }),
  redirect: Type.String({ default: '/' }),
  cli_port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535 })),
  cli_challenge: Type.Optional(Type.String({ pattern: '^[\\w-]{43}$' })),
});
const exchangeBody = Type.Object({ code: Type.String(), verifier: Type.String() });

/** The command line that waits on this machine for the person. */
interface Waiting {
  readonly port: number;
  /** SHA-256 of its verifier, base64url. */
  readonly challenge: string;
}

interface Begun {
  readonly attempt: LoginAttempt;
  /** What the browser's cookie says. */
  readonly browser: string;
  readonly workspace: string;
  readonly redirect: string;
  readonly waiting: Waiting | undefined;
}

interface Mounted {
  readonly engine: Engine;
  /** Whoever shows a good token. */
  bearerIn(request: FastifyRequest): Promise<Bearer>;
}

export function mountLogin(app: FastifyInstance, { provider, publicUrl }: LoginOptions, m: Mounted): void {
  const nowMs = () => m.engine.world.clock.nowMs();
  const begun = new KeptOnce<Begun>({ ms: limits.loginAttemptMs, max: limits.loginsKeptMax, nowMs });
  const codes = new KeptOnce<LoggedIn & Waiting>({ ms: limits.loginCodeMs, max: limits.loginsKeptMax, nowMs });
  const callback = () => new URL('/v1/login/callback', publicUrl());
  const cookie = () => new LoginCookie(publicUrl());

  app.get('/v1/login', async (request, reply) => {
    const query = { ...(request.query as Record<string, unknown>) };
    checkQuery(beginQuery, query);
    const asked = query as { workspace: string; redirect: string; cli_port?: number; cli_challenge?: string };
    const redirect = pathHere(asked.redirect, publicUrl());
    const waiting = waitingOf(asked.cli_port, asked.cli_challenge);
    const attempt = await provider.begin(callback().href, markOf(asked.workspace));
    const browser = randomBytes(32).toString('base64url');
    begun.put(attempt.state, { attempt, browser, workspace: asked.workspace, redirect, waiting });
    return away(reply.header('set-cookie', cookie().begun(browser)), attempt.address);
  });

  app.get('/v1/login/callback', async (request, reply) => {
    const { state } = request.query as { readonly state?: unknown };
    const found = typeof state === 'string' ? begun.take(state) : undefined;
    try {
      if (found === undefined)
        throw notBegun('state', 'a login that was not begun here, was used already or took too long');
      if (cookie().begunBy(request.headers.cookie) !== found.browser) throw notBegun('browser', 'another browser');
      const answer = new URL(callback());
      answer.search = request.url.includes('?') ? request.url.slice(request.url.indexOf('?')) : '';
      const who = must(await logIn(m.engine, found.workspace, must(await provider.finish(found.attempt, answer.href))));
      if (found.waiting !== undefined) {
        const code = `${randomBytes(32).toString('base64url')}.${markOf(who.workspace)}`;
        codes.put(code, { ...who, ...found.waiting });
        return away(reply, loopback(found.waiting, { code }));
      }
      const { token } = must(await loginToken(m.engine, who, newTokenSecret()));
      reply.header('set-cookie', [cookie().kept(token, limits.loginMs), cookie().begun('', 0)]);
      return away(reply, new URL(found.redirect, publicUrl()).href);
    } catch (e) {
      if (!(e instanceof RefusalError)) throw e;
      // Somebody else's browser is told here, not at the command line of whoever began.
      if (found?.waiting !== undefined && e.refusal.path !== 'browser')
        return away(reply, loopback(found.waiting, { error: e.refusal.code, error_description: e.refusal.got }));
      return refused(request, reply, e.refusal);
    }
  });

  app.post('/v1/login/exchange', async (request, reply) => {
    checkBody(exchangeBody, request.body);
    const { code, verifier } = request.body as { code: string; verifier: string };
    const who = codes.take(code);
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    if (who === undefined || who.challenge !== challenge)
      throw notBegun(
        'code',
        'a code that is not known, was used already or is older than a minute, or the verifier of another',
      );
    const { token, line } = must(await loginToken(m.engine, who, newTokenSecret()));
    reply.header('cache-control', 'no-store');
    return { token, userId: who.member, workspaceId: who.workspace, expiresAtMs: line.expiresAtMs };
  });

  app.post('/v1/logout', async (request, reply) => {
    reply.header('cache-control', 'no-store');
    const bearer = await m.bearerIn(request).catch((e: unknown) => {
      // One that is no good any more goes away all the same, where it was this browser's own page that asked.
      const isGone = e instanceof RefusalError && e.refusal.code === 'token_invalid';
      if (isGone && cookie().tokenIn(request.headers.cookie) !== undefined)
        reply.header('set-cookie', cookie().kept('', 0));
      throw e;
    });
    const { engine } = m;
    const principal = must(await principalWith(bearer, bearer.home));
    const revoked = { workspace: bearer.home.id, token: bearer.token.id };
    must(await callOperation({ engine, principal, progress: () => {} }, 'token.revoke', revoked));
    reply.header('set-cookie', cookie().kept('', 0));
    return endOf(provider);
  });
}

/** Whoever has logged out here may have a session at the provider still; that it cannot be asked keeps nobody in here. */
async function endOf(provider: IdentityProvider): Promise<{ endSession: string | null; problem?: string }> {
  try {
    return { endSession: (await provider.endAddress()) ?? null };
  } catch (e) {
    if (!(e instanceof Fault && e.code === 'identity_provider_failed')) throw e;
    return { endSession: null, problem: e.message };
  }
}

const markOf = (workspace: string): string => Buffer.from(workspace).toString('base64url');

/** The workspace that a step of a login is about: that of its query, its state, or its code in the body. Undefined: it is none, or says none. */
export function workspaceOfLogin(request: FastifyRequest, body: Buffer | undefined): string | undefined {
  const query = request.query as { readonly workspace?: unknown; readonly state?: unknown };
  const marked = (text: unknown): string | undefined => {
    const mark = typeof text === 'string' ? text.split('.')[1] : undefined;
    return mark === undefined || mark === '' ? undefined : Buffer.from(mark, 'base64url').toString();
  };
  switch (request.routeOptions.url) {
    case '/v1/login':
      return typeof query.workspace === 'string' ? query.workspace : defaultWorkspace;
    case '/v1/login/callback':
      return marked(query.state);
    case '/v1/login/exchange':
      return marked(/"code"\s*:\s*"([\w.-]*)"/.exec(body?.toString() ?? '')?.[1]);
    default:
      return undefined;
  }
}

function waitingOf(port: number | undefined, challenge: string | undefined): Waiting | undefined {
  if (port !== undefined && challenge !== undefined) return { port, challenge };
  if (port === undefined && challenge === undefined) return undefined;
  throw wrong('cli_port', 'cli_port and cli_challenge, or neither', 'one of them');
}

/** Only to ourselves: nobody is sent from here to somewhere else with a link that looks like one of ours. */
function pathHere(text: string, base: URL): string {
  const url =
    /^\/(?![/\\])[^\\\p{Cc}]*$/u.test(text) && URL.canParse(text, base.href) ? new URL(text, base) : undefined;
  if (url === undefined || url.origin !== base.origin)
    throw wrong('redirect', 'a path of this server, such as /', JSON.stringify(text));
  return `${url.pathname}${url.search}${url.hash}`;
}

function loopback({ port, challenge }: Waiting, said: Readonly<Record<string, string>>): string {
  return `http://127.0.0.1:${port}/?${new URLSearchParams({ ...said, state: challenge })}`;
}

function away(reply: FastifyReply, to: string): FastifyReply {
  return reply.header('cache-control', 'no-store').header('referrer-policy', 'no-referrer').redirect(to, 302);
}

function refused(request: FastifyRequest, reply: FastifyReply, refusal: Refusal): FastifyReply {
  const body = problemOfRefusal(refusal, request.id);
  reply.code(body.statusCode).header('cache-control', 'no-store');
  if (request.headers.accept?.includes('text/html') !== true) return reply.send(body);
  const { html, headers } = pageOf('You are not logged in', [
    refusal.got,
    `Expected: ${refusal.expected}.`,
    refusal.hint,
  ]);
  return reply.headers(headers).send(html);
}

function notBegun(path: 'state' | 'browser' | 'code', got: string): RefusalError {
  const expected = 'a login that was begun here, by the same browser or command line, and not ended';
  return new RefusalError({ code: 'login_failed', path, expected, got, hint: 'begin the login again' });
}

function wrong(path: string, expected: string, got: string): RefusalError {
  return new RefusalError({ code: 'request_malformed', path, expected, got, hint: 'see docs/server.md' });
}
