// Who comes with a request: a token in its header, or, of people who have logged in, in a cookie; and whether they may come to
// where they ask. A cookie is sent along by a browser whoever has it send the request, so what changes something takes
// a header beside it, which another site cannot have sent (see docs/server.md).

import { timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Principal } from '../../access/role.ts';
import { must, RefusalError } from '../../base/result.ts';
import type { Engine } from '../../engine/engine.ts';
import { outOfReach } from '../../engine/members.ts';
import { type Bearer, bearerOf, principalWith } from '../../engine/tokens.ts';
import type { Workspace } from '../../engine/workspace.ts';
import { LoginCookie } from './cookies.ts';
import type { Route } from './route.ts';

/** What is asked to know who comes. */
export interface Door {
  readonly engine: Engine;
  /** Where people who log in reach the server; undefined: nobody does, and cookies say nothing. */
  readonly publicUrl: (() => URL) | undefined;
}

export interface LetIn {
  readonly bearer: Bearer;
  readonly workspace: Workspace;
  readonly principal: Principal;
}

/** Who comes, and may they come here at all? Throws refusals: `token_invalid`, `workspace_not_found`, `access_denied`. */
export async function letIn(door: Door, r: Route, request: FastifyRequest): Promise<LetIn> {
  // What is public reads neither.
  if (r.entrance === 'public') return {} as LetIn;
  const bearer = await bearerIn(door, request);
  const { user, token, home } = bearer;
  if (r.entrance === 'bearer') {
    const principal = must(await principalWith(bearer, home));
    return { bearer, principal, workspace: undefined as unknown as Workspace };
  }
  const { workspace_id: id = '' } = request.params as Record<string, string>;
  const found = await door.engine.workspace(id);
  // Whether a workspace is there is nobody's business outside of it, but for those who may see all.
  if (!found.ok && token.reach !== 'installation') must(outOfReach(user, id));
  const { workspace } = must(found);
  return { bearer, workspace, principal: must(await principalWith(bearer, workspace)) };
}

const bearers = new WeakMap<FastifyRequest, Promise<Bearer>>();

/** Throws refusals: `token_invalid`; `access_denied` where a cookie comes alone with what changes something. */
export function bearerIn(door: Door, request: FastifyRequest): Promise<Bearer> {
  let bearer = bearers.get(request);
  if (bearer === undefined) {
    bearer = readBearer(door, request);
    bearers.set(request, bearer);
  }
  return bearer;
}

async function readBearer(door: Door, request: FastifyRequest): Promise<Bearer> {
  const text = shownIn(door, request);
  const isAlone = tokenIn(request) === undefined && text !== undefined && !isAsked(request);
  if (isAlone) {
    throw new RefusalError({
      code: 'access_denied',
      path: 'x-requested-with',
      expected: 'the header X-Requested-With beside the cookie of a login, on anything but GET and HEAD',
      got: `${request.method} with the cookie alone`,
      hint: 'send the header, with any value; or a token as Authorization: Bearer',
    });
  }
  return must(await bearerOf(door.engine, text ?? '', isSameText));
}

/** The token that a request shows; it may be anything. */
export function shownIn({ publicUrl }: Door, request: FastifyRequest): string | undefined {
  const inHeader = tokenIn(request);
  if (inHeader !== undefined || publicUrl === undefined) return inHeader;
  return new LoginCookie(publicUrl()).tokenIn(request.headers.cookie);
}

function isAsked({ method, headers }: FastifyRequest): boolean {
  return method === 'GET' || method === 'HEAD' || headers['x-requested-with'] !== undefined;
}

function tokenIn(request: FastifyRequest): string | undefined {
  const { authorization } = request.headers;
  return authorization !== undefined && /^bearer /i.test(authorization) ? authorization.slice(7).trim() : undefined;
}

function isSameText(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
