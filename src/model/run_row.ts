// A run record as a row of a store. What runs are looked for by are columns; the rest is one JSON text, a list in the order
// below, because names of members would be a third of it.

import type { ChangeSetId, ComponentId, FunctionId, Hash, RunId } from '../base/ids.ts';
import { Fault } from '../base/result.ts';
import type { FunctionKind } from './function.ts';
import { isEnded, type RunLimits, type RunRecord, type RunStatus, type Tier } from './run.ts';

/** Format of the text. 1: first. */
const textFormat = 1;

type RunText = [
  format: number,
  functionName: string,
  kind: FunctionKind,
  output: string,
  codeHash: Hash,
  inputHash: Hash,
  outputHash: Hash | null,
  tier: Tier,
  actor: string,
  attempts: number,
  runner: string,
  queuedAtMs: number,
  startedAtMs: number | null,
  endedAtMs: number | null,
  peakMemoryBytes: number | null,
  exit: string | null,
  failure: RunRecord['failure'],
  input: RunRecord['input'],
  test: RunRecord['test'],
  tainted?: boolean,
  management?: RunRecord['management'] | null,
  limits?: [timeMs: number, memoryBytes: number, cpus: number, outputBytes: number] | null,
  /** With effects only. */
  credentials?: RunRecord['credentials'],
  network?: readonly string[],
  commands?: readonly string[],
  answer?: [key: Hash, result: string | null] | null,
  pool?: string,
];

/** Columns of one run, one after another: a list of runs is one flat list, which costs least to hand to another thread. */
export const runColumns = ['id', 'change_set', 'component', 'function', 'status', 'ended_at_ms', 'text'] as const;
export type RunColumn = string | number | null;

export interface RunRow {
  readonly id: string;
  readonly change_set: string;
  readonly component: string;
  readonly function: string;
  readonly status: string;
  readonly text: string;
}

export function toColumns(runs: readonly RunRecord[]): RunColumn[] {
  const columns: RunColumn[] = [];
  for (const r of runs) {
    const rest: RunText = [
      textFormat,
      r.functionName,
      r.kind,
      r.output,
      r.codeHash,
      r.inputHash,
      r.outputHash,
      r.tier,
      r.actor,
      r.attempts,
      r.runner,
      r.queuedAtMs,
      r.startedAtMs,
      r.endedAtMs,
      r.peakMemoryBytes,
      r.exit,
      r.failure,
      r.input,
      r.test,
      r.tainted === true,
      r.management ?? null,
      r.limits && [r.limits.timeMs, r.limits.memoryBytes, r.limits.cpus, r.limits.outputBytes],
    ];
    if (r.tier === 'process')
      rest.push(r.credentials, r.network, r.commands, r.answer && [r.answer.key, r.answer.result]);
    if (r.pool !== undefined) rest.push(r.pool);
    const endedAtMs = isEnded(r.status) ? Math.floor(r.endedAtMs ?? r.queuedAtMs) : null;
    columns.push(r.id, r.changeSet, r.component, r.function, r.status, endedAtMs, JSON.stringify(rest));
  }
  return columns;
}

export function fromRow(row: RunRow): RunRecord {
  const rest = JSON.parse(row.text) as RunText;
  if (rest[0] !== textFormat) throw new Fault('store_damaged', `run ${row.id} is of the unknown format ${rest[0]}`);
  return {
    id: row.id as RunId,
    changeSet: row.change_set as ChangeSetId,
    component: row.component as ComponentId | '',
    function: row.function as FunctionId,
    functionName: rest[1],
    kind: rest[2],
    output: rest[3],
    codeHash: rest[4],
    inputHash: rest[5],
    outputHash: rest[6],
    status: row.status as RunStatus,
    tier: rest[7],
    actor: rest[8],
    attempts: rest[9],
    runner: rest[10],
    queuedAtMs: rest[11],
    startedAtMs: rest[12],
    endedAtMs: rest[13],
    peakMemoryBytes: rest[14],
    exit: rest[15],
    failure: rest[16],
    input: rest[17],
    test: rest[18],
    ...(rest[19] === true ? { tainted: true } : {}),
    ...(rest[20] == null ? {} : { management: rest[20] }),
    limits: limitsFrom(rest[21]),
    credentials: rest[22] ?? [],
    network: rest[23] ?? [],
    commands: rest[24] ?? [],
    ...(rest[25] == null ? {} : { answer: { key: rest[25][0], result: rest[25][1] } }),
    ...(rest[26] === undefined ? {} : { pool: rest[26] }),
  };
}

function limitsFrom(kept: RunText[21]): RunLimits | null {
  if (kept == null) return null;
  const [timeMs, memoryBytes, cpus, outputBytes] = kept;
  return { timeMs, memoryBytes, cpus, outputBytes };
}
