// Sample rows for the conformance of reality and actions: actions that differ in every field, steps that follow one
// another, and all that can be read of both, for comparing before and after.

import type { ActionId, ChangeSetId, ComponentId, FunctionId, RunId } from '../../base/ids.ts';
import type { ActionRecord } from '../../model/action.ts';
import type { ActionQuery, Commit, PrunedActions, RealityRow } from '../store.ts';
import { idOf, type StoreWorld } from './store_world.ts';

export const nothing: Commit = { changeSets: [], log: [], audit: [] };

/** The `n`th action, as it is when it is queued; each field differs from its neighbours'. */
export function sampleAction(w: StoreWorld, n: number, more: Partial<ActionRecord> = {}): ActionRecord {
  return {
    id: idOf<ActionId>(n),
    component: idOf<ComponentId>(200 + (n % 5)),
    componentName: `component “${n}”`,
    schemaName: `schema ${n % 3}`,
    kind: 'create',
    name: '',
    function: idOf<FunctionId>(300 + (n % 3)),
    status: 'queued',
    revision: 1,
    origins: [idOf<ChangeSetId>(100 + (n % 2))],
    actor: 'user:a',
    after: [],
    paths: [`/domain/p${n}`],
    idempotencyKey: `key ${n}`,
    reviewedHash: w.digest(`reviewed ${n}`),
    inputHash: null,
    attempts: 0,
    run: null,
    fence: n,
    queuedAtMs: 1_000 + n,
    startedAtMs: null,
    endedAtMs: null,
    notBeforeMs: null,
    failure: null,
    heldBecause: '',
    ...more,
  };
}

export function steps(from: number, upTo: number, text = 'step'): RealityRow[] {
  return Array.from({ length: upTo - from + 1 }, (_, i) => ({ seq: from + i, text: `${text} ${from + i}` }));
}

/** Steps to append: `from` is the first, so the one before it is expected. */
export const append = (from: number, upTo: number, text?: string): NonNullable<Commit['reality']> => ({
  expected: from - 1,
  rows: steps(from, upTo, text),
});

/** What the actions are that change sets asked for and that ended before. */
export const endedBefore = (endedBeforeMs: number): PrunedActions => ({
  withOrigin: true,
  endedBeforeMs,
  keepCount: Number.MAX_SAFE_INTEGER,
});

/** Actions that must not be there yet. */
export const queue = (...records: ActionRecord[]): NonNullable<Commit['actions']> =>
  records.map((record) => ({ record, expected: undefined }));

/** An action over the revision before its own. */
export const move = (record: ActionRecord): NonNullable<Commit['actions']>[number] => ({
  record,
  expected: record.revision - 1,
});

/** An action with every field at another value than `sampleAction` gives it. */
export function endedAction(w: StoreWorld, n: number, more: Partial<ActionRecord> = {}): ActionRecord {
  return sampleAction(w, n, {
    component: idOf<ComponentId>(299),
    componentName: 'nul \0, half \ud83d, “ä” \u{1f600}',
    schemaName: '',
    kind: 'manual',
    name: 'restart',
    function: idOf<FunctionId>(399),
    status: 'succeeded',
    revision: 2,
    origins: [idOf<ChangeSetId>(100 + (n % 2)), idOf<ChangeSetId>(198), idOf<ChangeSetId>(199)],
    actor: 'agent:b',
    after: [idOf<ActionId>(n + 1), idOf<ActionId>(n + 2)],
    paths: [],
    idempotencyKey: '',
    reviewedHash: null,
    inputHash: w.digest('input'),
    attempts: 3,
    run: idOf<RunId>(7),
    fence: 2 ** 40,
    queuedAtMs: 1_790_000_000_000,
    startedAtMs: 1_790_000_000_001,
    endedAtMs: 1_790_000_000_002,
    notBeforeMs: 1_790_000_000_003,
    failure: { code: 'threw', message: 'line 1\nline 2' },
    heldBecause: 'its inputs are others',
    ...more,
  });
}

/** What a listing answers, as the numbers that the actions were made from. */
export async function listedActions(w: StoreWorld, query: Partial<ActionQuery> = {}): Promise<number[]> {
  const found = await w.store.listActions(w.workspace, { limit: 1_000_000, ...query });
  return found.map((action) => Number(action.id.slice(2)));
}

/** All that can be read of reality and actions, beside everything of a change set. */
export async function everythingOf(w: StoreWorld, id = w.head): Promise<unknown> {
  const { store, workspace } = w;
  return {
    changeSet: await w.everything(id),
    seq: await store.realitySeq(workspace),
    reality: await store.readReality(workspace, 0),
    actions: await store.listActions(workspace, { limit: 1_000_000 }),
  };
}
