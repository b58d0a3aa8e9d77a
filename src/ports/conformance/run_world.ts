// Sample rows for the conformance of the run store: runs that differ in every field, log lines, memo entries of one size;
// and what of them is found, as the numbers that they were made from.

import type { ChangeSetId, ComponentId, FunctionId, RunId } from '../../base/ids.ts';
import type { RunLogLine, RunRecord } from '../../model/run.ts';
import type { MemoRow, RunQuery } from '../run_store.ts';
import { idOf, type StoreWorld } from './store_world.ts';

/** The `n`th run; each field differs from its neighbours'. */
export function sampleRun(w: StoreWorld, n: number, more: Partial<RunRecord> = {}): RunRecord {
  return {
    id: idOf<RunId>(n),
    changeSet: idOf<ChangeSetId>(100 + (n % 2)),
    component: idOf<ComponentId>(200 + (n % 5)),
    function: idOf<FunctionId>(300 + (n % 3)),
    functionName: `fn “${n}”`,
    kind: 'attribute',
    output: `/domain/p${n}`,
    codeHash: w.digest(`code ${n % 3}`),
    inputHash: w.digest(`input ${n}`),
    outputHash: w.digest(`output ${n}`),
    status: 'succeeded',
    tier: 'isolate',
    actor: 'user:a',
    limits: { timeMs: 5_000 + n, memoryBytes: 2 ** 27, cpus: 1, outputBytes: 2 ** 22 },
    credentials: [],
    network: [],
    commands: [],
    attempts: 1,
    runner: 'local',
    queuedAtMs: 1_000 + n,
    startedAtMs: 1_001 + n,
    endedAtMs: 1_002 + n,
    peakMemoryBytes: null,
    exit: null,
    failure: null,
    input: { whole: `{"n":${n}}` },
    test: null,
    ...more,
  };
}

export function logLine(seq: number, text = `line ${seq}`): RunLogLine {
  return { seq, atMs: 5_000 + seq, stream: seq % 2 === 0 ? 'error' : 'output', text };
}

export const sampleRuns = (w: StoreWorld, from: number, upTo: number, more: Partial<RunRecord> = {}): RunRecord[] =>
  Array.from({ length: upTo - from + 1 }, (_, i) => sampleRun(w, from + i, more));

export const idsOf = (found: readonly RunRecord[]): number[] => found.map((run) => Number(run.id.slice(2)));

export async function listed(w: StoreWorld, query: Partial<RunQuery> = {}): Promise<number[]> {
  return idsOf(await w.store.runs.listRuns(w.workspace, { limit: 1_000_000, ...query }));
}

/** Memo rows of 164 bytes each: the key's characters and a hundred of text. */
export const memoRow = (w: StoreWorld, n: number): MemoRow => ({
  key: w.digest(`memo ${n}`),
  text: `${n} `.padEnd(100, '.'),
});
export const memoRowBytes = 164;
export const memoRows = (w: StoreWorld, from: number, upTo: number) =>
  Array.from({ length: upTo - from + 1 }, (_, i) => memoRow(w, from + i));

/** Which of the rows `from` to `upTo` are there; asking for them counts. */
export async function memoHas(w: StoreWorld, from: number, upTo: number): Promise<number[]> {
  const rows = memoRows(w, from, upTo);
  const found = await w.store.runs.readMemo(
    w.workspace,
    rows.map((row) => row.key),
  );
  return rows.flatMap((row, i) => (found.get(row.key) === row.text ? [from + i] : []));
}

export const numbers = (from: number, upTo: number): number[] =>
  Array.from({ length: upTo - from + 1 }, (_, i) => from + i);
export const down = (from: number, upTo: number): number[] => numbers(upTo, from).reverse();
