// Tokens of a workspace: made for oneself, or by an owner for an agent; shown once, revoked at any time. And who it is that
// comes with one. That a token was used is kept in memory and written now and then: it is told, and nothing depends on it.

import type { Member } from '../access/member.ts';
import type { Principal } from '../access/role.ts';
import {
  parseScopes,
  parseTokenName,
  parseTokens,
  parseTokenText,
  type TokenLine,
  type TokenReach,
  type TokenRecord,
  tokenReaches,
  tokensFormat,
  tokensText,
  tokenText,
  whyNotUsable,
} from '../access/token.ts';
import type { Digest, WorkspaceId } from '../base/ids.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import type { Engine } from './engine.ts';
import { outOfReach, readMembers } from './members.ts';
import { permit, permitOwn } from './permit.ts';
import { oneAtATime, readSetting, type Setting, writeSetting } from './setting.ts';
import type { Workspace } from './workspace.ts';

const tokensSetting: Setting<readonly TokenRecord[]> = { name: 'tokens', format: tokensFormat, parse: parseTokens };
const usesName = 'token-uses';
const usesWrittenEveryMs = 60_000;

export interface TokenRequest {
  readonly name: unknown;
  /** Id of the member; default: whoever asks. Another one only for an agent, by an owner. */
  readonly user?: string;
  readonly isAgent?: boolean;
  readonly scopes?: unknown;
  readonly expiresAtMs?: number | null;
  readonly reach?: TokenReach;
}

export interface IssuedToken {
  /** The token itself: it is not shown again. */
  readonly token: string;
  readonly line: TokenLine;
}

interface Kept {
  tokens: readonly TokenRecord[];
  readonly uses: Map<string, number>;
  usesWrittenAtMs: number;
}

/** Tokens that one may descend from. */
const generationsMax = 100;

/** Read once: whoever drives the workspace is the only one to change them. */
const known = new WeakMap<Workspace, Promise<Kept>>();

/**
 * Makes a token. Refuses `access_denied` where somebody asks for more than they have or for another person's,
 * `request_malformed`, `limit_exceeded`, `member_not_found`.
 */
export async function issueToken(
  w: Workspace,
  principal: Principal,
  secret: string,
  r: TokenRequest,
): Promise<Result<IssuedToken>> {
  const user = r.user ?? principal.id;
  const isAgent = r.isAgent === true || principal.isAgent === true;
  const may = await (user === principal.id ? permitOwn : permit)(w, principal, 'manage', {
    operation: 'make a token',
    subject: user,
  });
  if (!may.ok) return may;
  const name = parseTokenName(r.name);
  if (!name.ok) return name;
  const scopes = parseScopes(r.scopes);
  if (!scopes.ok) return scopes;
  const expiresAtMs = r.expiresAtMs ?? null;
  const madeWith = principal.token === undefined ? [] : [principal.token, ...(principal.madeWith ?? [])];
  if (madeWith.length > generationsMax)
    return beyond(
      `a token that was made with at most ${generationsMax - 1} others, one after the other`,
      `${madeWith.length}`,
    );
  const { madeAt: before = [] } = principal;
  // '': of one that was made before that was kept.
  const madeAt = madeWith.map((_, i) => (i === 0 ? (principal.home ?? w.id) : (before[i - 1] ?? '')));
  const within = withinOwn(principal, { scopes: scopes.value, reach: r.reach ?? 'workspace', expiresAtMs });
  if (!within.ok) return within;
  if (user !== principal.id) {
    const members = await readMembers(w);
    const other = otherUser(members, user, isAgent);
    if (!other.ok) return other;
    // Where else they are members is theirs to say.
    const isOfAll = principal.token === undefined || principal.reach === 'installation';
    const { reach = 'workspace' } = r;
    if (reach !== 'workspace' && !isOfAll) return beyond('a reach of workspace, for somebody else', reach);
  }
  const nowMs = w.world.clock.nowMs();
  const record: TokenRecord = {
    id: w.world.ids.ulid(),
    name: name.value,
    user,
    isAgent,
    scopes: scopes.value,
    reach: r.reach ?? 'workspace',
    digest: w.world.digest(secret),
    createdAtMs: nowMs,
    createdBy: principal.id,
    expiresAtMs,
    revokedAtMs: null,
    ...(madeWith.length === 0 ? {} : { madeWith, madeAt }),
  };
  const written = await change(w, principal, {
    kind: 'token.create',
    subject: record.id,
    sentence: `make token ${JSON.stringify(record.name)} for ${user}`,
    next: (tokens) => [...tokens.filter((t) => !isForgotten(t, nowMs)), record],
  });
  if (!written.ok) return written;
  return ok({ token: tokenText(w.id, record.id, secret), line: lineOf(record, undefined) });
}

/** Revoked and expired ones are told for this long, then they make room. */
const forgottenAfterMs = 30 * 24 * 3_600_000;

function isForgotten({ revokedAtMs, expiresAtMs }: TokenRecord, nowMs: number): boolean {
  const endedAtMs = Math.min(revokedAtMs ?? Number.POSITIVE_INFINITY, expiresAtMs ?? Number.POSITIVE_INFINITY);
  return endedAtMs + forgottenAfterMs < nowMs;
}

/** Nobody gives away more than they have. */
function withinOwn(
  principal: Principal,
  { scopes, reach, expiresAtMs }: Pick<TokenRecord, 'scopes' | 'reach' | 'expiresAtMs'>,
): Result<void> {
  const own = principal.scopes;
  const more = own === undefined ? [] : scopes === null ? ['all'] : scopes.filter((s) => !own.includes(s));
  if (more.length > 0) return beyond(`scopes within ${own?.join(', ')}`, more.join(', '));
  const endMs = principal.tokenExpiresAtMs;
  if (endMs !== undefined && (expiresAtMs === null || expiresAtMs > endMs))
    return beyond(`an expiry by ${timeOf(endMs)}, that of the token asked with`, timeOf(expiresAtMs));
  // Without a token of its own a caller is at the machine that has the store.
  const most = principal.token === undefined ? 'installation' : (principal.reach ?? 'workspace');
  return tokenReaches.indexOf(reach) <= tokenReaches.indexOf(most)
    ? ok(undefined)
    : beyond(`a reach of ${most}`, reach);
}

function timeOf(ms: number | null): string {
  return ms === null
    ? 'never'
    : Number.isFinite(ms) && Math.abs(ms) <= 8.64e15
      ? new Date(ms).toISOString()
      : String(ms);
}

function beyond(expected: string, got: string): Result<never> {
  return refuse('access_denied', { path: '', expected, got, hint: 'a token can give no more than its maker has' });
}

/** A token for somebody else would let its maker act as them: only for agents. */
function otherUser(members: readonly Member[], user: string, isAgent: boolean): Result<void> {
  if (members.length > 0 && !members.some((m) => m.id === user)) {
    return refuse('member_not_found', {
      path: 'user',
      expected: 'the id of a member',
      got: JSON.stringify(user),
      hint: 'set the member first',
    });
  }
  if (isAgent) return ok(undefined);
  return refuse('access_denied', {
    path: 'user',
    expected: 'a token for oneself, or for an agent',
    got: `one for ${user}`,
    hint: 'invite them: they make their tokens themselves',
  });
}

/** As they are kept in the workspace `home`. */
async function tokensOf(w: Workspace, home: string): Promise<readonly TokenRecord[]> {
  if (home === w.id) return (await keptOf(w)).tokens;
  return (await readSetting({ id: home as WorkspaceId, store: w.store }, tokensSetting)) ?? [];
}

/** Those that can be told to the caller: all for owners, else one's own; newest first. */
export async function listTokens(w: Workspace, principal: Principal): Promise<Result<readonly TokenLine[]>> {
  const may = await permit(w, principal, 'read', { operation: 'list tokens', subject: w.id });
  if (!may.ok) return may;
  const { tokens, uses } = await keptOf(w);
  const shown = principal.role === 'owner' ? tokens : tokens.filter((t) => t.user === principal.id);
  return ok(shown.map((t) => lineOf(t, uses.get(t.id))).reverse());
}

/**
 * Why a token is not good any more; undefined: it is. One ends with each that it was made with: those end no later by
 * themselves, so that what is forgotten of them has ended as well.
 */
export async function whyEnded(w: Workspace, home: string, id: string): Promise<string | undefined> {
  const record = (await tokensOf(w, home)).find((t) => t.id === id);
  return record === undefined ? 'a token that is not known' : whyRecordEnded(w, home, record);
}

async function whyRecordEnded(w: Workspace, home: string, record: TokenRecord): Promise<string | undefined> {
  const nowMs = w.world.clock.nowMs();
  const why = whyNotUsable(record, nowMs);
  const { madeWith = [], madeAt = [] } = record;
  if (why !== undefined || madeWith.length === 0) return why;
  const known = new Map<string, readonly TokenRecord[]>();
  for (const [i, id] of madeWith.entries()) {
    const at = madeAt[i] ?? '';
    const where = at === '' ? home : at;
    const tokens = known.get(where) ?? (await tokensOf(w, where));
    known.set(where, tokens);
    const other = tokens.find((t) => t.id === id);
    // Where it is not kept which workspace has it, only what its own has is known of.
    const isEnded = other === undefined ? at !== '' : whyNotUsable(other, nowMs) !== undefined;
    if (isEnded) return 'a token that was made with one that was revoked or has expired';
  }
  return undefined;
}

/** From now on it is nothing, and neither is what was made with it. Refuses `access_denied`, `token_not_found`. */
export async function revokeToken(w: Workspace, principal: Principal, id: string): Promise<Result<TokenLine>> {
  const { tokens, uses } = await keptOf(w);
  const token = tokens.find((t) => t.id === id);
  const permitted = token?.user === principal.id ? permitOwn : permit;
  const may = await permitted(w, principal, 'manage', { operation: 'revoke a token', subject: id });
  if (!may.ok) return may;
  if (token === undefined) {
    return refuse('token_not_found', {
      path: 'token',
      expected: 'the id of a token',
      got: JSON.stringify(id),
      hint: 'list the tokens',
    });
  }
  const revoked = { ...token, revokedAtMs: token.revokedAtMs ?? w.world.clock.nowMs() };
  const written = await change(w, principal, {
    kind: 'token.revoke',
    subject: id,
    sentence: `revoke token ${JSON.stringify(token.name)} of ${token.user}`,
    // Those that were made with it say so of themselves, for as long as they are told.
    next: (all) =>
      all.map((t) => {
        if (t.id === id) return revoked;
        const isOfIt = t.madeWith?.includes(id) === true && t.revokedAtMs === null;
        return isOfIt ? { ...t, revokedAtMs: revoked.revokedAtMs } : t;
      }),
  });
  return written.ok ? ok(lineOf(revoked, uses.get(id))) : written;
}

/** Who comes with a token. */
export interface Bearer {
  readonly user: string;
  readonly token: TokenLine;
  /** See `TokenRecord`. */
  readonly madeWith: readonly string[];
  readonly madeAt: readonly string[];
  /** The workspace that has the token. */
  readonly home: Workspace;
}

/**
 * Refuses `token_invalid`, in the same words for one that never was and one whose secret is wrong; `workspace_not_found` where
 * the workspace that has it was removed. Costs one look at the workspace's document, which is in memory, and a digest; of one that was
 * made with another workspace's, a read of that one's.
 */
export async function bearerOf(engine: Engine, text: string, isSame: SameText): Promise<Result<Bearer>> {
  const parts = parseTokenText(text);
  if (parts === undefined) return invalid('something else than a token');
  const found = await engine.visit(parts.workspace as WorkspaceId);
  if (!found.ok) {
    const removed = (await engine.directory.all()).some((l) => l.row.id === parts.workspace);
    return removed ? found : invalid('a token that is not known');
  }
  const { workspace } = found.value;
  const kept = await keptOf(workspace);
  const record = kept.tokens.find((t) => t.id === parts.id);
  const digest: Digest = workspace.world.digest;
  if (record === undefined || !isSame(record.digest, digest(parts.secret))) return invalid('a token that is not known');
  const nowMs = workspace.world.clock.nowMs();
  const why = await whyRecordEnded(workspace, workspace.id, record);
  if (why !== undefined) return invalid(why);
  await used(workspace, kept, record.id, nowMs);
  const { user, madeWith = [], madeAt = [] } = record;
  return ok({ user, token: lineOf(record, nowMs), madeWith, madeAt, home: workspace });
}

/** Is a token still what it was when its bearer was let in? Refuses `token_invalid`, `workspace_not_found`. */
export async function stillGood(engine: Engine, { token, home }: Bearer): Promise<Result<void>> {
  // Another engine may drive the workspace that has it by now, and have been told.
  const found = await engine.visit(home.id);
  if (!found.ok) return found;
  const { workspace } = found.value;
  const why = await whyEnded(workspace, workspace.id, token.id);
  return why === undefined ? ok(undefined) : invalid(why);
}

/** Compares two texts in a time that tells nothing of where they differ. */
export type SameText = (a: string, b: string) => boolean;

/**
 * The caller with a token as a principal of a workspace. Refuses `access_denied` where the token does not reach, and to
 * whoever is no active member; a workspace without members is open to tokens of the installation only.
 */
export async function principalWith(bearer: Bearer, w: Workspace): Promise<Result<Principal>> {
  const { token, user, home, madeWith, madeAt } = bearer;
  const who = {
    id: user,
    token: token.id,
    ...(madeWith.length === 0 ? {} : { madeWith, madeAt }),
    reach: token.reach,
    home: home.id,
    ...(token.scopes === null ? {} : { scopes: token.scopes }),
    ...(token.expiresAtMs === null ? {} : { tokenExpiresAtMs: token.expiresAtMs }),
    ...(token.isAgent ? { isAgent: true as const } : {}),
  };
  const members = await readMembers(w);
  const isHome = home.id === w.id;
  if (!isHome && token.reach === 'workspace') return outOfReach(user, w.id);
  // What a membership says counts for every operation, and is looked up by each.
  if (members.length > 0) return ok({ ...who, role: 'viewer' });
  return token.reach === 'installation' || isHome ? ok({ ...who, role: 'owner' }) : outOfReach(user, w.id);
}

function invalid(got: string): Result<never> {
  return refuse('token_invalid', {
    path: 'authorization',
    expected: 'a token that is valid now',
    got,
    hint: 'make a new one with: headwater token create',
  });
}

function lineOf(
  { digest: _, madeWith: __, madeAt: ___, ...told }: TokenRecord,
  usedAtMs: number | undefined,
): TokenLine {
  return { ...told, lastUsedAtMs: usedAtMs ?? null };
}

function keptOf(w: Workspace): Promise<Kept> {
  if (w.isVisited) return read(w);
  const before = known.get(w);
  if (before !== undefined) return before;
  const reading = read(w);
  known.set(w, reading);
  // One that could not be read is read again by the next.
  reading.catch(() => known.delete(w));
  return reading;
}

async function read(w: Workspace): Promise<Kept> {
  const tokens = (await readSetting(w, tokensSetting)) ?? [];
  const uses = await w.store.getSetting(w.id, usesName);
  const times = uses === undefined ? {} : (JSON.parse(uses) as Record<string, number>);
  return { tokens, uses: new Map(Object.entries(times)), usesWrittenAtMs: 0 };
}

async function used(w: Workspace, kept: Kept, id: string, nowMs: number): Promise<void> {
  // Told by whoever drives the workspace, of what it sees itself.
  if (w.isVisited) return;
  kept.uses.set(id, nowMs);
  if (nowMs - kept.usesWrittenAtMs < usesWrittenEveryMs) return;
  kept.usesWrittenAtMs = nowMs;
  const there = new Set(kept.tokens.map((t) => t.id));
  for (const gone of [...kept.uses.keys()].filter((k) => !there.has(k))) kept.uses.delete(gone);
  await w.store.putSetting(w.id, usesName, JSON.stringify(Object.fromEntries(kept.uses)));
}

interface Change {
  readonly kind: string;
  readonly subject: string;
  readonly sentence: string;
  readonly next: (tokens: readonly TokenRecord[]) => readonly TokenRecord[];
}

function change(w: Workspace, principal: Principal, { next, ...told }: Change): Promise<Result<void>> {
  return oneAtATime(w, async () => {
    const kept = await keptOf(w);
    const tokens = next(kept.tokens);
    const hint = 'revoke tokens that are not needed any more; they make room after 30 days';
    const { name } = tokensSetting;
    const written = await writeSetting(w, principal, { ...told, name, text: tokensText(tokens), hint });
    if (!written.ok) return written;
    kept.tokens = tokens;
    w.events.accessChanged();
    return written;
  });
}
