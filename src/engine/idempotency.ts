// Idempotency: a request that names a key is carried out once for its principal; asked again it gets the same answer.
// The record is part of the commit, so a crash in between leaves both or neither.

import type { Hash } from '../base/ids.ts';
import { canonical, type Json } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import type { Commit } from '../ports/store.ts';
import type { Workspace } from './workspace.ts';

interface Ask {
  readonly principal: string;
  readonly key: string | undefined;
  readonly hash: Hash;
}

const running = new WeakMap<Workspace, Map<string, Promise<unknown>>>();

/**
 * Answers from the record of an earlier request with this key, else does it: as often as it is lost to somebody who was quicker.
 * Refuses `idempotency_key_reused`.
 */
export async function repeated<T>(w: Workspace, ask: Ask, once: () => Promise<Result<T> | 'lost'>): Promise<Result<T>> {
  const { key } = ask;
  if (key === undefined) return untilWon(w, ask, once);
  const name = `${ask.principal}\n${key}`;
  const mine = running.get(w) ?? new Map<string, Promise<unknown>>();
  running.set(w, mine);
  // One at a time for a key: a repetition that comes while the first is still under way waits for its record.
  for (let before = mine.get(name); before !== undefined; before = mine.get(name)) await before;
  const doing = answerOrDo(w, ask, once);
  const settled = doing.then(
    () => mine.delete(name),
    () => mine.delete(name),
  );
  mine.set(name, settled);
  return doing;
}

/**
 * What `once` comes to when it is not lost to somebody who was quicker. That may be itself, by a commit whose answer was lost, or asked
 * for twice at the same time by two that do not see each other; and it may be refused for what it has done so: a record of it, under
 * the key, is its answer then.
 */
export async function untilWon<T>(w: Workspace, ask: Ask, once: () => Promise<Result<T> | 'lost'>): Promise<Result<T>> {
  for (;;) {
    const done = await once();
    if (done !== 'lost' && done.ok) return done;
    const earlier = await answered<T>(w, ask);
    if (earlier !== undefined) return earlier;
    if (done !== 'lost') return done;
  }
}

async function answerOrDo<T>(w: Workspace, ask: Ask, once: () => Promise<Result<T> | 'lost'>): Promise<Result<T>> {
  return (await answered<T>(w, ask)) ?? untilWon(w, ask, once);
}

/** What was answered under the key before; undefined: nothing. Refuses `idempotency_key_reused`. */
export async function answered<T>(w: Workspace, ask: Ask): Promise<Result<T> | undefined> {
  const earlier = ask.key === undefined ? undefined : await w.store.findIdempotent(w.id, ask.principal, ask.key);
  if (earlier === undefined) return undefined;
  if (earlier.requestHash === ask.hash) return ok(JSON.parse(earlier.reply) as T);
  return refuse('idempotency_key_reused', {
    path: 'idempotencyKey',
    expected: 'the request that this key was first used with',
    got: 'another request',
    hint: 'use a new key for a new request',
  });
}

/**
 * What `repeated` and `remember` need of a request: its key, and the hash of what it asks for. Without a key nothing is
 * remembered and nobody reads the hash, so that requests without one, however large, are not hashed.
 */
export function askOf(
  w: Workspace,
  given: unknown,
  what: Json,
): Result<{ readonly key: string | undefined; readonly hash: Hash }> {
  const key = mustIdempotencyKey(given);
  if (!key.ok) return key;
  return ok({ key: key.value, hash: key.value === undefined ? ('' as Hash) : w.world.digest(canonical(what)) });
}

function mustIdempotencyKey(key: unknown): Result<string | undefined> {
  if (key === undefined) return ok(undefined);
  if (typeof key === 'string' && key !== '' && key.length <= limits.idempotencyKeyCharsMax) return ok(key);
  return refuse('request_malformed', {
    path: 'idempotencyKey',
    expected: `text of 1 to ${limits.idempotencyKeyCharsMax} characters`,
    got: typeof key === 'string' ? `${key.length} characters` : typeof key,
    hint: 'use a random id',
  });
}

/** The key under which a part of what is asked for under a key is done once; as long, whatever the key is. */
export function keyOfPart(w: Workspace, key: string | undefined, part: string): string | undefined {
  return key === undefined ? undefined : w.world.digest(`${part} ${key}`);
}

/** The part of a commit that remembers an answer. */
export function remember(
  principal: string,
  key: string | undefined,
  requestHash: Hash,
  reply: unknown,
  atMs: number,
): Pick<Commit, 'idempotency'> {
  if (key === undefined) return {};
  return { idempotency: { principal, key, requestHash, reply: JSON.stringify(reply), atMs } };
}

/**
 * Answers again what was answered to an earlier request with this key; else does the work and remembers its answer when it is
 * there. A crash between the two leaves the work done and no record of it: what must not be repeated remembers its answer in
 * its own commit instead. Refuses `idempotency_key_reused`, `request_malformed`.
 */
export async function answeredOnce<T>(
  w: Workspace,
  principal: string,
  given: { readonly key: unknown; readonly what: Json },
  work: () => Promise<Result<T>>,
): Promise<Result<T>> {
  const ask = askOf(w, given.key, given.what);
  if (!ask.ok) return ask;
  const { key, hash } = ask.value;
  return repeated(w, { principal, key, hash }, async () => {
    const done = await work();
    if (done.ok && key !== undefined) {
      const record = remember(principal, key, hash, done.value, w.world.clock.nowMs());
      await w.commit({ changeSets: [], log: [], audit: [], ...record });
    }
    return done;
  });
}

/** Forgets what was answered under keys longer ago than it is remembered for; answers how many. */
export function forgetKeys({ id, store, world }: Pick<Workspace, 'id' | 'store' | 'world'>): Promise<number> {
  return store.expireIdempotent(id, world.clock.nowMs() - limits.idempotencyKeptMs);
}
