// Collecting sealed contents that nothing names any more. A content is lost for good when it is removed, so that whatever may
// still ask for it counts: the present state of Head and of every change set that was not applied, everything that the latter ever
// put, the states that are kept readable, and whatever any of them named within the last `limits.secretKeptMs`. A content younger
// than that is never removed.

import type { Principal } from '../access/role.ts';
import { isUlid } from '../base/ids.ts';
import { isObject, type Json } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { ok, type Result } from '../base/result.ts';
import { type LogEntry, mutationsOf } from '../merge/log_entry.ts';
import type { SecretRecord } from '../model/secret.ts';
import type { Reader } from '../model/state.ts';
import type { Mutation } from '../mutation/mutation.ts';
import type { ChangeSetRow } from '../ports/store.ts';
import { Snapshot } from '../snapshot/snapshot.ts';
import { noteOnHead } from './audit.ts';
import { logEntries } from './log_pages.ts';
import { keptCheckpoints } from './maintain.ts';
import { permit } from './permit.ts';
import type { Workspace } from './workspace.ts';

export interface CollectReply {
  readonly removed: number;
  readonly kept: number;
}

/** Times that the change sets may move while it is looked for names. */
const attemptsMax = 5;
const crockford = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** Refuses `access_denied`. */
export async function collectSecrets(w: Workspace, principal: Principal): Promise<Result<CollectReply>> {
  const may = await permit(w, principal, 'maintain', { operation: 'collect contents of secrets', subject: w.id });
  if (!may.ok) return may;
  const before = w.world.clock.nowMs() - limits.secretKeptMs;
  const keys = await w.store.runs.listSealed(w.id);
  const old = keys.filter((key) => (madeAtMs(key) ?? Number.POSITIVE_INFINITY) < before);
  if (old.length === 0) return ok({ removed: 0, kept: keys.length });
  for (let attempt = 1; ; attempt++) {
    const rows = await w.store.listChangeSets(w.id);
    const named = await namedSince(w, rows, before);
    const gone = old.filter((key) => !named.has(key));
    // An edit meanwhile may have named one again (an undo, a revert): then all is looked at anew.
    if (!sameVersions(rows, await w.store.listChangeSets(w.id))) {
      if (attempt < attemptsMax) continue;
      return ok({ removed: 0, kept: keys.length });
    }
    if (gone.length === 0) return ok({ removed: 0, kept: keys.length });
    const removed = await w.store.runs.removeSealed(w.id, gone);
    const sentence = `collect ${removed} contents of secrets that nothing names`;
    await noteOnHead(w, principal.id, { kind: 'secret.collect', subject: w.id, path: '', sentence });
    return ok({ removed, kept: keys.length - removed });
  }
}

/** The time in a ULID; undefined for what is none, and so none of ours. */
export function madeAtMs(key: string): number | undefined {
  if (!isUlid(key)) return undefined;
  let ms = 0;
  for (const digit of key.slice(0, 10)) ms = ms * 32 + crockford.indexOf(digit);
  return ms;
}

function sameVersions(a: readonly ChangeSetRow[], b: readonly ChangeSetRow[]): boolean {
  return a.length === b.length && a.every((row, i) => row.id === b[i]!.id && row.version === b[i]!.version);
}

/** Every key that something names, or named after `sinceMs`. */
async function namedSince(w: Workspace, rows: readonly ChangeSetRow[], sinceMs: number): Promise<Set<string>> {
  const named = new Set<string>();
  const ofState = (reader: Reader): void => {
    for (const [, text] of reader.scan('secrets', '')) named.add((JSON.parse(text) as SecretRecord).key);
  };
  for (const row of rows) {
    // What was applied is Head's now.
    const state = row.status === 'Applied' ? undefined : await w.stateAt(row, row.version);
    if (state?.ok) await w.read(() => ofState(state.value));
    await namedInLog(w, row, sinceMs, named);
  }
  for (const checkpoint of await keptCheckpoints(w)) {
    const roots = { intent: checkpoint.intentRoot, reality: checkpoint.realityRoot };
    await w.read(() => ofState(Snapshot.open(w.space, roots)));
  }
  return named;
}

/**
 * Keys that were put after `sinceMs`, and those that were in force until then. Of a change set that was not applied, also all
 * that it put itself: it may still be reopened, caught up, its edits placed again.
 */
async function namedInLog(w: Workspace, row: ChangeSetRow, sinceMs: number, named: Set<string>): Promise<void> {
  const isDone = row.isHead || row.status === 'Applied';
  const inForce = new Map<string, string>();
  for await (const { entry } of logEntries(w, row.id, 0, row.version)) {
    if (!isDone) for (const m of ownMutations(entry)) addKey(named, keyPut(m)?.key);
    for (const m of await allMutations(w, entry)) {
      const put = keyPut(m);
      if (put === undefined) continue;
      const was = inForce.get(put.secret);
      if (entry.atMs >= sinceMs) {
        addKey(named, was);
        addKey(named, put.key);
      }
      if (put.key === undefined) inForce.delete(put.secret);
      else inForce.set(put.secret, put.key);
    }
  }
}

/** Every mutation that an entry holds, in whatever role. */
async function allMutations(w: Workspace, entry: LogEntry): Promise<readonly Mutation[]> {
  switch (entry.kind) {
    case 'edit':
      return [
        ...entry.steps.flatMap((s) => s.mutations),
        ...(entry.settled === undefined ? [] : mutationsOf(entry.settled)),
      ];
    case 'catch_up':
      return mutationsOf(entry.settled);
    case 'apply':
      return (await w.pendingChange(entry.pending)).edits.flatMap((e) => e.steps.flatMap((s) => s.mutations));
    default:
      return [];
  }
}

/** Those that the change set brings itself; the others are Head's. */
function ownMutations(entry: LogEntry): readonly Mutation[] {
  const steps = entry.kind === 'edit' ? entry.steps.flatMap((s) => s.mutations) : [];
  const settled = entry.kind === 'edit' || entry.kind === 'catch_up' ? entry.settled : undefined;
  return settled === undefined ? steps : [...steps, ...mutationsOf({ ...settled, mutations: [], texts: [] })];
}

function addKey(named: Set<string>, key: string | undefined): void {
  if (key !== undefined) named.add(key);
}

/** What a mutation makes of a secret's key: another, or (removed) none; undefined: it is about something else. */
function keyPut(m: Mutation): { readonly secret: string; readonly key: string | undefined } | undefined {
  if (!('noun' in m) || m.noun !== 'secret') return undefined;
  if (m.kind === 'record.remove') return { secret: m.key, key: undefined };
  if (m.kind === 'record.set') {
    return m.field === 'key' && typeof m.value === 'string' ? { secret: m.key, key: m.value } : undefined;
  }
  const record: Json = m.record;
  const key = isObject(record) ? record['key'] : undefined;
  return typeof key === 'string' ? { secret: m.key, key } : undefined;
}
