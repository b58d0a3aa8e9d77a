// Tokens of a workspace: made, listed, revoked. A token is in the one answer that makes it, and nowhere else, so that answer
// is not kept to be repeated.

import { Type } from 'typebox';
import { permissions } from '../../../access/role.ts';
import { tokenReaches } from '../../../access/token.ts';
import { maybe, shape } from '../model.ts';
import { type Route, route } from '../route.ts';

const oneOf = <T extends string>(texts: readonly T[]) => Type.Union(texts.map((t) => Type.Literal(t)));

const line = shape('Token', {
  id: Type.String(),
  name: Type.String(),
  user: Type.String(),
  isAgent: Type.Boolean(),
  scopes: Type.Union([Type.Array(oneOf(permissions)), Type.Null()]),
  reach: oneOf(tokenReaches),
  createdAtMs: Type.Integer(),
  createdBy: Type.String(),
  expiresAtMs: maybe(Type.Integer()),
  revokedAtMs: maybe(Type.Integer()),
  lastUsedAtMs: maybe(Type.Integer()),
});
const request = shape('CreateTokenRequest', {
  name: Type.String(),
  user: Type.Optional(Type.String({ description: 'A member; default: whoever asks. Another one only for an agent.' })),
  agent: Type.Optional(Type.Boolean()),
  scopes: Type.Optional(Type.Array(oneOf(permissions))),
  expiresAtMs: Type.Optional(Type.Integer({ description: 'Milliseconds since 1970; default: never.' })),
  reach: Type.Optional(oneOf(tokenReaches)),
});

const inWorkspace = '/v1/w/{workspace_id}';

export const tokenRoutes: readonly Route[] = [
  route({
    id: 'Tokens.createToken',
    method: 'POST',
    path: `${inWorkspace}/tokens`,
    summary: 'Makes a token; the answer has it, and it is not shown again.',
    body: request,
    // An answer that is kept to be repeated would keep the token.
    repeats: 'none',
    answers: { 200: shape('CreateTokenResponse', { token: Type.String(), line }) },
    handle: ({ body, operation }) => operation('token.create', body),
  }),
  route({
    id: 'Tokens.listTokens',
    method: 'GET',
    path: `${inWorkspace}/tokens`,
    summary: 'The tokens that the caller may see, newest first.',
    answers: { 200: shape('ListTokensResponse', { tokens: Type.Array(line) }) },
    handle: async ({ operation }) => ({ tokens: await operation('token.list') }),
  }),
  route({
    id: 'Tokens.revokeToken',
    method: 'DELETE',
    path: `${inWorkspace}/tokens/{token_id}`,
    summary: 'Revokes a token.',
    answers: { 200: line },
    handle: ({ params, operation }) => operation('token.revoke', { token: params['token_id'] }),
  }),
];
