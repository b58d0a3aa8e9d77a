// Tokens: what a program or a person shows over the network instead of a password. One document a workspace. Of the secret
// part only its digest is kept, so that who reads the store cannot act as anybody; it has 256 random bits, which is why one
// round of a plain digest is enough.

import { isObject } from '../base/json.ts';
import { malformedWith } from '../base/malformed.ts';
import { isPlainName, plainName } from '../base/plain_text.ts';
import { ok, type Result } from '../base/result.ts';
import { type Permission, permissions } from './role.ts';

const malformed = malformedWith('see the help of the command');

/** 1: first. */
export const tokensFormat = 1;

/**
 * Where a token is good. `workspace`: in the one that has it, as a member. `memberships`: in every one in which its user is a
 * member. `installation`: as that, and everywhere as an owner where there are no members; it may create and remove workspaces.
 */
export const tokenReaches = ['workspace', 'memberships', 'installation'] as const;
export type TokenReach = (typeof tokenReaches)[number];

export interface TokenRecord {
  /** ULID; public. */
  readonly id: string;
  /** For people: what it is for. */
  readonly name: string;
  /** Id of the member that its holder acts as. */
  readonly user: string;
  readonly isAgent: boolean;
  /** What it lets its holder do, of what the member may; null: all of it. */
  readonly scopes: readonly Permission[] | null;
  readonly reach: TokenReach;
  /** Digest of the secret part. */
  readonly digest: string;
  readonly createdAtMs: number;
  readonly createdBy: string;
  /** null: never. */
  readonly expiresAtMs: number | null;
  readonly revokedAtMs: number | null;
  /** Ids of the token that it was made with, of the one that that was made with, and so on; absent: none. */
  readonly madeWith?: readonly string[];
  /** Ids of the workspaces that have those, in the same order. Absent: as `madeWith`, or written before there was this. */
  readonly madeAt?: readonly string[];
}

/** What is told of a token. */
export type TokenLine = Omit<TokenRecord, 'digest' | 'madeWith' | 'madeAt'> & { readonly lastUsedAtMs: number | null };

const prefix = 'hw';

/** As its holder shows it: which workspace has it, which one it is, and the secret. */
export function tokenText(workspace: string, id: string, secret: string): string {
  return `${prefix}_${workspace}_${id}_${secret}`;
}

/** Undefined: no text of a token. */
export function parseTokenText(
  text: string,
): { readonly workspace: string; readonly id: string; readonly secret: string } | undefined {
  const [head, workspace = '', id = '', ...rest] = text.split('_');
  const secret = rest.join('_');
  return head === prefix && workspace !== '' && id !== '' && secret !== '' ? { workspace, id, secret } : undefined;
}

/** Reads the document `{format, tokens}`. Refuses `request_malformed`, also for a format that is not known. */
export function parseTokens(x: unknown): Result<readonly TokenRecord[]> {
  if (!isObject(x) || x['format'] !== tokensFormat || !Array.isArray(x['tokens']))
    return malformed('tokens', `a document with format ${tokensFormat} and tokens`, x);
  return ok(x['tokens'] as unknown as readonly TokenRecord[]);
}

export function tokensText(tokens: readonly TokenRecord[]): string {
  return JSON.stringify({ format: tokensFormat, tokens });
}

/** Checks a name from outside. Refuses `request_malformed`. */
export function parseTokenName(x: unknown): Result<string> {
  return isPlainName(x) ? ok(x) : malformed('name', plainName, x);
}

/** Checks scopes from outside; absent: null, all that the member may. Refuses `request_malformed`. */
export function parseScopes(x: unknown): Result<readonly Permission[] | null> {
  if (x === undefined || x === null) return ok(null);
  if (Array.isArray(x) && x.every((s) => permissions.includes(s as Permission)))
    return ok(permissions.filter((p) => (x as readonly unknown[]).includes(p)));
  return malformed('scopes', `a list of some of ${permissions.join(', ')}`, x);
}

/** Undefined: it may be used now; else why not. */
export function whyNotUsable(token: TokenRecord, nowMs: number): string | undefined {
  if (token.revokedAtMs !== null) return 'a token that was revoked';
  if (token.expiresAtMs !== null && token.expiresAtMs <= nowMs) return 'a token that has expired';
  return undefined;
}
