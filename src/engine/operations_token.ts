// The operations on tokens, by name, with plain JSON in and out. The secret part is made here, where the machine’s randomness
// is; what is kept of it is its digest.

import { randomBytes } from 'node:crypto';
import { type TokenReach, tokenReaches } from '../access/token.ts';
import { type Handler, integer, inWorkspace, text, wrong } from './operation.ts';
import { issueToken, listTokens, revokeToken } from './tokens.ts';

/** Of the secret part. */
const secretBytes = 32;

export const newTokenSecret = (): string => randomBytes(secretBytes).toString('base64url');

export const tokenOperations = {
  /** `name`; optional `user`, `agent`, `scopes`, `expiresAtMs`, `reach`. The answer has the token, which is not shown again. */
  'token.create': (c, p) =>
    inWorkspace(c, p, async (w) =>
      issueToken(w, c.principal, newTokenSecret(), {
        name: p['name'],
        ...(p['user'] === undefined ? {} : { user: text(p, 'user') }),
        isAgent: p['agent'] === true,
        scopes: p['scopes'],
        expiresAtMs: p['expiresAtMs'] === undefined ? null : integer(p, 'expiresAtMs'),
        reach: reachOf(text(p, 'reach', 'workspace')),
      }),
    ),
  'token.list': (c, p) => inWorkspace(c, p, (w) => listTokens(w, c.principal)),
  'token.revoke': (c, p) => inWorkspace(c, p, (w) => revokeToken(w, c.principal, text(p, 'token'))),
} satisfies Record<string, Handler>;

function reachOf(given: string): TokenReach {
  return tokenReaches.find((r) => r === given) ?? wrong('reach', `one of ${tokenReaches.join(', ')}`, given);
}
