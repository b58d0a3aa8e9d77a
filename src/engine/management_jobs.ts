// Management functions that are started and not waited for. Which run it is, is answered as soon as it has started; by that id
// one asks how far it is. The run's record is durable; how its edits went is known to the process that carried them out, and
// is in the change set's log.

import type { Principal } from '../access/role.ts';
import type { RunId } from '../base/ids.ts';
import { limits } from '../base/limits.ts';
import { ok, type Refusal, type Result, refuse } from '../base/result.ts';
import { isEnded, type RunStatus } from '../model/run.ts';
import { type ManagementAsk, type ManagementReply, manage } from './management.ts';
import { findRun } from './runs.ts';
import type { Workspace } from './workspace.ts';

/**
 * `pending`: not started; `executing`: the function runs; `operating`: what it returned is carried out; `success`, `failure`:
 * so it went; `completed`: the function ended well in an earlier process, and the log says whether it was carried out.
 */
export type ManagementState = 'pending' | 'executing' | 'operating' | 'success' | 'failure' | 'completed';

export interface ManagementJob {
  readonly run: RunId;
  readonly state: ManagementState;
  /** Why it failed. */
  readonly refusal?: Refusal;
}

const jobs = new WeakMap<Workspace, Map<string, ManagementJob>>();

function jobsOf(w: Workspace): Map<string, ManagementJob> {
  const known = jobs.get(w) ?? new Map<string, ManagementJob>();
  jobs.set(w, known);
  return known;
}

function put(w: Workspace, job: ManagementJob): void {
  const known = jobsOf(w);
  known.set(job.run, job);
  for (const [id, { state }] of known) {
    if (known.size <= limits.managementJobsMax) return;
    if (state === 'success' || state === 'failure') known.delete(id);
  }
}

/** Refuses what `runManagement` refuses before the function runs; what comes later is told by `managementState`. */
export function startManagement(
  w: Workspace,
  principal: Principal,
  asked: ManagementAsk,
): Promise<Result<ManagementJob>> {
  return new Promise((answer, failed) => {
    let run: RunId | undefined;
    const watch = {
      started: (id: RunId) => {
        run = id;
        const job: ManagementJob = { run: id, state: 'executing' };
        put(w, job);
        answer(ok(job));
      },
      operating: () => put(w, { run: run!, state: 'operating' }),
    };
    manage({ w, principal, asked, watch }).then(
      (done) => {
        if (run !== undefined) put(w, endOf(run, done));
        // Refused before it started, or answered as before under its key.
        else answer(done.ok ? ok({ run: done.value.run, state: 'success' }) : done);
      },
      (e: unknown) => {
        if (run === undefined) return failed(e);
        put(w, { run, state: 'failure' });
      },
    );
  });
}

function endOf(run: RunId, done: Result<ManagementReply>): ManagementJob {
  return done.ok ? { run, state: 'success' } : { run, state: 'failure', refusal: done.refusal };
}

/** Refuses `run_not_found`. */
export async function managementState(w: Workspace, run: string): Promise<Result<ManagementJob>> {
  const job = jobsOf(w).get(run);
  if (job !== undefined) return ok(job);
  const found = await findRun(w, run);
  if (!found.ok) return found;
  const { id, kind, status } = found.value;
  if (kind === 'management') return ok({ run: id, state: stateOf(status) });
  return refuse('run_not_found', {
    path: 'run',
    expected: 'the id of a run of a management function',
    got: `one of a function of kind ${kind}`,
    hint: 'take the id that starting it answered',
  });
}

function stateOf(status: RunStatus): ManagementState {
  if (!isEnded(status)) return status === 'running' ? 'executing' : 'pending';
  return status === 'succeeded' ? 'completed' : 'failure';
}
