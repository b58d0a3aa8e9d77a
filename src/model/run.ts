// A run: one call of one function, as a record. Its life is one transition function; its parts are small enough to be kept
// for every call, its log lies beside it.

import type { ChangeSetId, ComponentId, FunctionId, Hash, RunId, SecretId } from '../base/ids.ts';
import { ok, type Result, refuse, unreachable } from '../base/result.ts';
import type { FunctionKind } from './function.ts';

export const runStatuses = [
  'queued',
  'dispatched',
  'running',
  'succeeded',
  'failed',
  'cancelled',
  'timed-out',
  'lost',
] as const;
export type RunStatus = (typeof runStatuses)[number];

export type RunEvent =
  /** Handed to a runner. */
  | 'dispatch'
  /** The runner has begun. */
  | 'start'
  | 'succeed'
  | 'fail'
  | 'time-out'
  /** Asked for by a person or because its inputs moved. */
  | 'cancel'
  /** The runner went away before it said how the run ended. */
  | 'lose'
  /** Tried again: the same run, one attempt more. */
  | 'retry';

/** Where user code runs: `isolate` has no way out, `process` has what it was given. */
export type Tier = 'isolate' | 'process';

/** What one run may use. */
export interface RunLimits {
  /** Wall time from its start. Default 5,000 in the isolate, 60,000 in a process. */
  readonly timeMs: number;
  /** Default 128 MiB in the isolate, 512 MiB in a process. */
  readonly memoryBytes: number;
  /** Processors it is counted for when runners admit by capacity. Default 1. */
  readonly cpus: number;
  /** UTF-8 bytes of the result and, apart from it, of the log. Default 4 MiB each. */
  readonly outputBytes: number;
}

/** Why a run did not give a result. Closed: part of the value's state, shown with the value. */
export const runFailures = {
  threw: 'The function threw.',
  result_invalid: 'The result is not of the shape that a function of its kind returns, or not JSON.',
  crashed: 'Its process ended before it had given a result.',
  timed_out: 'It took longer than its time.',
  out_of_memory: 'It used more than its memory.',
  output_too_large: 'Its result or its log is larger than its bound.',
  not_compiled: 'The text of the function does not compile.',
  refused_by_sandbox: 'It asked for something that a function of its tier does not get.',
  authentication_failed: 'An authentication function before it failed, so it was never started.',
  killed: 'It was ended on request.',
  runner_lost: 'The runner went away while it ran, more than once.',
  quarantined: 'It brought its runner down three times; it runs again when its text changes.',
} as const;
export type RunFailureCode = keyof typeof runFailures;

/** All that a run is given besides its code and its argument: for whom it runs, with what, within which bounds. */
export interface ExecutionContext {
  readonly changeSet: ChangeSetId;
  /** '' when it is about none (a test run of a schema definition). */
  readonly component: ComponentId | '';
  /** Who caused it, as in the audit. */
  readonly actor: string;
  readonly tier: Tier;
  /** The pool of runners that it belongs to, by label; absent: `default`. */
  readonly pool?: string;
  /** null: it ran before that was recorded. */
  readonly limits: RunLimits | null;
  /** The secrets that it was given, in order, each with the authentication functions that took it; never what is in them. */
  readonly credentials: readonly { readonly secret: SecretId; readonly functions: readonly string[] }[];
  /** Hosts and commands that it might reach; the process tier only. */
  readonly network: readonly string[];
  readonly commands: readonly string[];
}

/** A run as kept and shown. */
export interface RunRecord extends ExecutionContext {
  readonly id: RunId;
  readonly function: FunctionId;
  readonly functionName: string;
  readonly kind: FunctionKind;
  /** Where its result goes: a pointer in the component, or ''. */
  readonly output: string;
  readonly codeHash: Hash;
  readonly inputHash: Hash;
  /** null until there is a result. */
  readonly outputHash: Hash | null;
  readonly status: RunStatus;
  /** 1 for the first. */
  readonly attempts: number;
  readonly runner: string;
  readonly queuedAtMs: number;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  /** null where the tier cannot tell. */
  readonly peakMemoryBytes: number | null;
  /** Exit code or signal of its process; null in the isolate. */
  readonly exit: string | null;
  readonly failure: { readonly code: RunFailureCode; readonly message: string } | null;
  /** What it was called with, as far as it is kept; null: it is not. */
  readonly input: RunInput | null;
  /** Of a run that somebody asked for to try the function, and whose result went to no value; null for all others. */
  readonly test: { readonly result: string | null } | null;
  /** Of a run whose result was carried out as edits; absent for all others. */
  readonly management?: ManagementRun;
  /**
   * What it gave to the value that asked, of a function with effects: its JSON text, null when it returned nothing, and the call
   * that it was. Absent: it gave none, one that is too long or that held a secret, or that can be made again.
   */
  readonly answer?: { readonly key: Hash; readonly result: string | null };
  /** Its result held a secret, which is redacted or sealed in what is kept; also `outputHash` is of what is kept. Absent: it did not. */
  readonly tainted?: true;
}

export interface ManagementRun {
  /** Version of the change set that the argument was read at. */
  readonly readAt: number;
  /** JSON text of the result, when it is not too long to be kept. */
  readonly result: string | null;
}

/** The argument of a run: its JSON text, or when that is long, what it consists of. */
export type RunInput =
  | { readonly whole: string; readonly parts?: never }
  | { readonly parts: readonly RunInputPart[]; readonly whole?: never };

/** One member of the argument: its JSON text, or when that is long, the text's hash and length in UTF-16 units. */
export type RunInputPart = { readonly name: string } & (
  | { readonly text: string; readonly hash?: never; readonly chars?: never }
  | { readonly hash: Hash; readonly chars: number; readonly text?: never }
);

export interface RunLogLine {
  /** 1 for the first line of the run, without gaps. */
  readonly seq: number;
  readonly atMs: number;
  readonly stream: 'output' | 'error';
  readonly text: string;
}

/** Has the run ended? */
export function isEnded(status: RunStatus): boolean {
  return status !== 'queued' && status !== 'dispatched' && status !== 'running';
}

/** The next status, or a refusal: `run_not_active`. */
export function nextRunStatus(status: RunStatus, event: RunEvent): Result<RunStatus> {
  const to = tryNext(status, event);
  if (to !== undefined) return ok(to);
  return refuse('run_not_active', {
    path: 'run',
    expected: `a run that can ${event}`,
    got: `one that is ${status}`,
    hint: isEnded(status) ? 'the run has ended; run the function again' : 'look at the run first',
  });
}

function tryNext(status: RunStatus, event: RunEvent): RunStatus | undefined {
  switch (event) {
    case 'dispatch':
      return status === 'queued' ? 'dispatched' : undefined;
    case 'start':
      return status === 'dispatched' ? 'running' : undefined;
    case 'succeed':
      return status === 'running' ? 'succeeded' : undefined;
    case 'fail':
      return status === 'running' || status === 'dispatched' || status === 'queued' ? 'failed' : undefined;
    case 'time-out':
      return status === 'running' ? 'timed-out' : undefined;
    case 'cancel':
      return isEnded(status) ? undefined : 'cancelled';
    case 'lose':
      return status === 'running' || status === 'dispatched' ? 'lost' : undefined;
    case 'retry':
      return status === 'lost' || status === 'timed-out' || status === 'failed' ? 'queued' : undefined;
    default:
      return unreachable(event);
  }
}
