// Questions about runs, and what can be done with them: list, one, its log while it is written, ending one, statistics,
// taking old ones away. What is under way is in memory (live_runs.ts), what has ended in the store; a listing is both.

import type { Principal } from '../access/role.ts';
import type { ChangeSetId, ComponentId, FunctionId, RunId } from '../base/ids.ts';
import { limits } from '../base/limits.ts';
import { must, ok, type Result, refuse } from '../base/result.ts';
import { defaultPool } from '../dispatch/pool_label.ts';
import { isEnded, nextRunStatus, type RunLogLine, type RunRecord, type RunStatus, runStatuses } from '../model/run.ts';
import type { RunQuery, RunStatistics } from '../ports/run_store.ts';
import { noteOnHead } from './audit.ts';
import type { Page } from './component.ts';
import { permit } from './permit.ts';
import type { Workspace } from './workspace.ts';

export interface RunListQuery {
  readonly changeSet?: ChangeSetId;
  readonly component?: ComponentId;
  readonly function?: FunctionId;
  readonly statuses?: readonly RunStatus[];
  /** The id of the last run of the page before. */
  readonly cursor?: string;
  readonly limit?: number;
}

/** Newest first. */
export async function listRuns(w: Workspace, query: RunListQuery): Promise<Page<RunRecord>> {
  await recovered(w);
  const { cursor, limit: most = limits.pageRowsMax, ...filters } = query;
  const limit = Math.min(Math.max(1, most), limits.pageRowsMax);
  const before = cursor === undefined ? {} : { before: cursor as RunId };
  const live = w.calls.live.matching({ ...filters, limit }).filter((r) => cursor === undefined || r.id < cursor);
  // Rows that are here in a newer form are left out, so as many more are asked for.
  const stored = await w.store.runs.listRuns(w.id, { ...filters, ...before, limit: limit + 1 + w.calls.live.size });
  const taken = new Set(live.map((r) => r.id));
  const rest = stored.filter((r) => !taken.has(r.id) && !w.calls.live.has(r.id));
  const all = [...live, ...rest].sort((a, b) => (a.id < b.id ? 1 : -1));
  return { items: all.slice(0, limit), nextCursor: all.length > limit ? all[limit - 1]!.id : null };
}

/** Refuses `run_not_found`. */
export async function findRun(w: Workspace, id: string): Promise<Result<RunRecord>> {
  await recovered(w);
  const found = w.calls.live.find(id as RunId) ?? (await w.store.runs.findRun(w.id, id as RunId));
  if (found !== undefined) return ok(found);
  return refuse('run_not_found', {
    path: 'run',
    expected: 'the id of a run of this workspace',
    got: JSON.stringify(id),
    hint: 'list the runs; they are kept for a while only',
  });
}

export interface RunLog {
  readonly run: RunId;
  readonly status: RunStatus;
  readonly lines: readonly RunLogLine[];
  /** Pass it as `after` for what comes next. */
  readonly after: number;
  /** The run has ended and these lines are the last. */
  readonly complete: boolean;
}

/** The texts of a run's log; of a long one its first page, and how to see the rest. */
export async function logTextsOf(w: Workspace, run: RunId): Promise<string[]> {
  const read = must(await readLog(w, { run, after: 0, limit: limits.pageRowsMax, waitMs: 0 }));
  const texts = read.lines.map((l) => l.text);
  if (!read.complete) texts.push(`… more with: headwater run log ${run}`);
  return texts;
}

/**
 * Lines of a run's log behind `after`. When there are none yet and the run goes on, waits for some at most `waitMs`.
 * Refuses `run_not_found`.
 */
export async function readLog(
  w: Workspace,
  ask: { readonly run: string; readonly after: number; readonly limit: number; readonly waitMs: number },
): Promise<Result<RunLog>> {
  const until = performance.now() + Math.min(ask.waitMs, limits.runWaitMsMax);
  const limit = Math.min(Math.max(1, ask.limit), limits.pageRowsMax);
  for (;;) {
    const more = w.calls.live.untilMore(ask.run as RunId, Math.max(1, until - performance.now()));
    // The status first: what is ended then has its whole log in the store.
    const found = await findRun(w, ask.run);
    if (!found.ok) {
      more.cancel();
      return found;
    }
    const run = found.value.id;
    const isWritten = isEnded(found.value.status) && !w.calls.live.has(run);
    const lines = await w.store.runs.readRunLog(w.id, run, ask.after, limit);
    const isLate = performance.now() >= until;
    if (lines.length > 0 || isWritten || isLate) {
      more.cancel();
      return ok({
        run,
        status: found.value.status,
        lines,
        after: lines.at(-1)?.seq ?? ask.after,
        complete: isWritten && lines.length < limit,
      });
    }
    await more.told;
  }
}

/**
 * Ends a run; answers its record then. One of Head, an action's or a value's, is ended by who may apply, and that is in the audit.
 * Refuses `access_denied`, `run_not_found`, `run_not_active`.
 */
export async function killRun(w: Workspace, principal: Principal, id: string): Promise<Result<RunRecord>> {
  const asked = { operation: 'kill a run', subject: id };
  const may = await permit(w, principal, 'edit', asked);
  if (!may.ok) return may;
  const found = await findRun(w, id);
  if (!found.ok) return found;
  const { id: run, status, changeSet, test, functionName } = found.value;
  // What somebody tries out there goes to no value.
  const isOfHead = changeSet === w.row.head && test === null;
  const also = isOfHead ? await permit(w, principal, 'apply', asked) : may;
  if (!also.ok) return also;
  if (w.calls.kill(run)) {
    if (!isOfHead) return written(w, run);
    const sentence = `kill the run of ${functionName}`;
    await noteOnHead(w, principal.id, { kind: 'run.kill', subject: run, path: '', sentence });
  } else {
    const next = nextRunStatus(status, 'cancel');
    if (!next.ok) return next;
  }
  return written(w, run);
}

async function written(w: Workspace, run: RunId): Promise<Result<RunRecord>> {
  await w.calls.live.untilWritten(run);
  return findRun(w, run);
}

export interface RunsAndMemo extends RunStatistics {
  /** Runs queued or running. */
  readonly underWay: number;
  /** Since the workspace was opened: functions run, and results found in the memo of the store instead. */
  readonly ran: number;
  readonly recalled: number;
  /** Entries of that memo that were damaged: their functions were run, and what that gave took their place. */
  readonly unreadable: number;
  /** Results at hand in memory. */
  readonly remembered: number;
  /** Values of the change sets in use that are not settled. */
  readonly backlog: number;
  /** What functions run on here, and what does not hold them in on this machine. */
  readonly runners: readonly {
    readonly tier: string;
    readonly pool: string;
    readonly cpus: number;
    readonly memoryBytes: number;
  }[];
}

export async function runStatistics(w: Workspace): Promise<RunsAndMemo> {
  const stored = await w.store.runs.statistics(w.id);
  const { ran, recalled, unreadable, remembered } = w.calls.statistics;
  return {
    ...stored,
    underWay: w.calls.live.underWay,
    ran,
    recalled,
    unreadable,
    remembered,
    backlog: w.propagation.backlog,
    runners: w.dispatcher.runners.map(({ tier, pool = defaultPool, capacity }) => ({ tier, pool, ...capacity })),
  };
}

/** Takes ended runs away by age and count. Refuses `access_denied`. */
export async function pruneRuns(
  w: Workspace,
  principal: Principal,
  keep: { readonly newerThanMs: number; readonly count: number },
): Promise<Result<{ readonly pruned: number }>> {
  const may = await permit(w, principal, 'maintain', { operation: 'prune runs', subject: w.id });
  if (!may.ok) return may;
  await recovered(w);
  return ok({ pruned: await pruneTo(w, keep) });
}

export function pruneTo(
  w: Workspace,
  { newerThanMs, count }: { readonly newerThanMs: number; readonly count: number },
): Promise<number> {
  return w.store.runs.pruneRuns(w.id, w.world.clock.nowMs() - newerThanMs, count);
}

/** Forgets every remembered result: functions run again when what they read changes. Refuses `access_denied`. */
export async function clearMemo(w: Workspace, principal: Principal): Promise<Result<{ readonly removed: number }>> {
  const may = await permit(w, principal, 'maintain', { operation: 'clear the memo', subject: w.id });
  if (!may.ok) return may;
  w.calls.forget();
  w.propagation.forgetAnswers();
  return ok({ removed: await w.store.runs.clearMemo(w.id) });
}

const recoveries = new WeakMap<Workspace, Promise<void>>();

/** Runs that were under way when an earlier process ended are lost: nobody will write how they ended. */
function recovered(w: Workspace): Promise<void> {
  let recovery = recoveries.get(w);
  if (recovery === undefined) {
    recovery = recover(w).catch((e: unknown) => {
      recoveries.delete(w);
      throw e;
    });
    recoveries.set(w, recovery);
  }
  return recovery;
}

async function recover(w: Workspace): Promise<void> {
  const statuses = runStatuses.filter((s) => !isEnded(s));
  for (let before: RunId | undefined; ; ) {
    const query: RunQuery = { statuses, limit: limits.pageRowsMax, ...(before === undefined ? {} : { before }) };
    const found = await w.store.runs.listRuns(w.id, query);
    const lost = found.filter((r) => !w.calls.live.has(r.id));
    const message = 'the engine went away while it ran';
    if (lost.length > 0)
      await w.store.runs.putRuns(
        w.id,
        lost.map((r) => ({
          ...r,
          status: 'lost',
          endedAtMs: w.world.clock.nowMs(),
          failure: { code: 'runner_lost', message },
        })),
      );
    if (found.length < limits.pageRowsMax) return;
    before = found.at(-1)!.id;
  }
}
