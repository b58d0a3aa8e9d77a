// Collecting sealed contents that nothing names any more. A content is lost for good when it is removed, so that whatever may
// still ask for it counts: the present state of Head and of every change set that was not applied, everything that the latter ever
// put, the states that are kept readable, and whatever any of them named within the last `limits.secretKeptMs`. A content younger
// than that is never removed.
//
// Names are looked for while edits go on, and one of them may name an old content again: a revert, a promotion of an old export, a
// secret put by its key. So the removal is one transaction with a look at the change sets (`removeSealedAt`): when one has moved
// since its names were read, or a commit that moves it was queued before, nothing is removed and what moved is read
// again. An edit queued after the removal comes after the collection, as if it had been made a day later.

import type { Principal } from '../access/role.ts';
import { type ChangeSetId, isUlid } from '../base/ids.ts';
import { isObject, type Json } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { ok, type Result } from '../base/result.ts';
import { type LogEntry, mutationsOf, settledOf } from '../merge/log_entry.ts';
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
  /** Edits went on all the time, so that nothing could be removed: what they name had to be looked at first. */
  readonly isUnsure: boolean;
}

/** Times that the change sets may move while it is looked for names; after the first only those that moved are looked at. */
const attemptsMax = 16;
const crockford = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** Contents of secrets, and what functions made with them. Refuses `access_denied`. */
export async function collectSecrets(w: Workspace, principal: Principal): Promise<Result<CollectReply>> {
  const may = await permit(w, principal, 'maintain', { operation: 'collect contents of secrets', subject: w.id });
  if (!may.ok) return may;
  const made = await w.sealedValues.collect();
  if (made > 0) await told(w, principal, `collect ${made} sealed values that nothing has`);
  const contents = await collectContents(w, principal);
  return ok({ ...contents, removed: contents.removed + made });
}

async function told(w: Workspace, principal: Principal, sentence: string): Promise<void> {
  await noteOnHead(w, principal.id, { kind: 'secret.collect', subject: w.id, path: '', sentence });
}

async function collectContents(w: Workspace, principal: Principal): Promise<CollectReply> {
  const before = w.world.clock.nowMs() - limits.secretKeptMs;
  const keys = await w.store.runs.listSealed(w.id);
  const old = keys.filter((key) => (madeAtMs(key) ?? Number.POSITIVE_INFINITY) < before);
  if (old.length === 0) return { removed: 0, kept: keys.length, isUnsure: false };
  const named = new Set<string>();
  const looked = new Map<ChangeSetId, number>();
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const rows = await w.store.listChangeSets(w.id);
    await addNamed(w, named, { rows: rows.filter((row) => looked.get(row.id) !== row.version), sinceMs: before });
    for (const { id, version } of rows) looked.set(id, version);
    const gone = old.filter((key) => !named.has(key));
    if (gone.length === 0) return { removed: 0, kept: keys.length, isUnsure: false };
    const removed = await w.store.runs.removeSealedAt(w.id, gone, rows);
    // An edit meanwhile may have named one again (a revert, a secret put by its key): then what moved is looked at anew.
    if (removed === undefined) continue;
    await told(w, principal, `collect ${removed} contents of secrets that nothing names`);
    return { removed, kept: keys.length - removed, isUnsure: false };
  }
  return { removed: 0, kept: keys.length, isUnsure: true };
}

/** The time in a ULID; undefined for what is none, and so none of ours. */
export function madeAtMs(key: string): number | undefined {
  if (!isUlid(key)) return undefined;
  let ms = 0;
  for (const digit of key.slice(0, 10)) ms = ms * 32 + crockford.indexOf(digit);
  return ms;
}

/** Every key that one of the change sets or a state kept readable names, or named after `sinceMs`. */
async function addNamed(
  w: Workspace,
  named: Set<string>,
  { rows, sinceMs }: { readonly rows: readonly ChangeSetRow[]; readonly sinceMs: number },
): Promise<void> {
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
    case 'undo':
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
  const settled = settledOf(entry);
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
