// Pages of other origins: which may ask, with what, and what of an answer they may read. None unless the operator names it. A page
// that is named shows a token of its own; only where people log in, and so never for any page there is, the cookie counts too.

import cors from '@fastify/cors';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { limits } from '../../base/limits.ts';
import { RefusalError } from '../../base/result.ts';

const anyOrigin = '*';

/** What the routes, and the protocols beside them, read of a request. */
const takenHeaders: readonly string[] = [
  'authorization',
  'content-type',
  'idempotency-key',
  'if-match',
  'last-event-id',
  'mcp-protocol-version',
  'mcp-session-id',
  'traceparent',
  'tracestate',
  'x-request-id',
  'x-requested-with',
];

/** What an answer says beside its body. */
const toldHeaders: readonly string[] = [
  'etag',
  'mcp-session-id',
  'retry-after',
  'www-authenticate',
  'x-ratelimit-limit',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
  'x-request-id',
];

/** `withCookies`: people log in here. Throws a refusal, `request_malformed`, for what is no origin, and for any with cookies. */
export async function mountCors(app: FastifyInstance, origins: readonly string[], withCookies: boolean): Promise<void> {
  if (origins.length === 0) return;
  for (const origin of origins) check(origin, withCookies);
  const isAny = origins.includes(anyOrigin);
  await app.register(cors, {
    // A page that is not named is answered as if there were nothing of this.
    origin: (origin, answer) =>
      answer(null, isAny ? anyOrigin : origin !== undefined && origins.includes(origin) && origin),
    credentials: withCookies,
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: [...takenHeaders],
    exposedHeaders: [...toldHeaders],
    maxAge: limits.httpPreflightKeptMs / 1_000,
  });
}

/** For an answer that another protocol writes by itself. */
export function keepHeaders(reply: FastifyReply): void {
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined && (/^access-control-/.test(name) || name === 'vary')) reply.raw.setHeader(name, value);
}

function check(origin: string, withCookies: boolean): void {
  if (origin === anyOrigin && withCookies)
    throw wrong('the origins of pages by name: people log in here, and their cookies would count for any page', '*');
  if (origin === anyOrigin || (URL.canParse(origin) && new URL(origin).origin === origin)) return;
  throw wrong('an origin, scheme, host and port alone, such as https://app.example.com', JSON.stringify(origin));
}

function wrong(expected: string, got: string): RefusalError {
  const hint = 'see docs/server.md, Pages of other origins';
  return new RefusalError({ code: 'request_malformed', path: 'allowOrigin', expected, got, hint });
}
