// The operations on runs and the memo, and the questions about values: by name, with plain JSON in and out. A handler checks
// the form of its parameters and hands on.

import { type ComponentId, type FunctionId, isUlid } from '../base/ids.ts';
import { isObject, type Json } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { must, ok } from '../base/result.ts';
import { resolveComponent, resolveFunction } from '../model/lookup.ts';
import { runStatuses } from '../model/run.ts';
import { type BlastAsk, blastRadius } from './blast_radius.ts';
import { addressed, explain } from './explain.ts';
import {
  type Handler,
  inState,
  integer,
  inWorkspace,
  listed,
  type Params,
  type State,
  text,
  wrong,
} from './operation.ts';
import { ofComponent } from './readable.ts';
import { readRun } from './run_view.ts';
import { clearMemo, findRun, killRun, listRuns, pruneRuns, type RunListQuery, readLog, runStatistics } from './runs.ts';
import { runsSeen } from './waits_for_pool.ts';
import { why } from './why.ts';

export const runOperations = {
  /** `waitsForPool`: nothing serves the pool that a run waits for. Of the workspace; with `changeSet` of that one. Components and functions by name are looked up in it, or on Head. */
  'run.list': (c, p) =>
    inState(c, p, async (s) => {
      const page = await listRuns(s.w, await runQuery(s, p));
      return ok({ ...page, items: runsSeen(s.w, page.items) });
    }),
  'run.get': (c, p) =>
    inWorkspace(c, p, async (w) => {
      const found = await findRun(w, text(p, 'run'));
      return found.ok ? ok(runsSeen(w, [found.value])[0]!) : found;
    }),
  /** With its log, its function's text, and the action that it was for. */
  'run.view': (c, p) => inState(c, p, (s) => readRun(s.w, s.snapshot, text(p, 'run'))),
  'run.log': (c, p) =>
    inWorkspace(c, p, (w) =>
      readLog(w, {
        run: text(p, 'run'),
        after: integer(p, 'after', 0),
        limit: integer(p, 'limit', limits.pageRowsMax),
        waitMs: integer(p, 'waitMs', 0),
      }),
    ),
  'run.kill': (c, p) => inWorkspace(c, p, (w) => killRun(w, c.principal, text(p, 'run'))),
  'run.statistics': (c, p) => inWorkspace(c, p, async (w) => ok(await runStatistics(w))),
  /** Ended runs stay when they are newer than `newerThanMs` and among the newest `count`. */
  'run.prune': (c, p) =>
    inWorkspace(c, p, (w) =>
      pruneRuns(w, c.principal, {
        newerThanMs: integer(p, 'newerThanMs', limits.runsKeptMs),
        count: integer(p, 'count', limits.runsKeptMax),
      }),
    ),
  /** Of the present version, as all questions about values are. */
  explain: (c, p) =>
    ofComponent(c, p, async (s) => {
      await settled(s, p);
      return explain(s.w, s.branch, { ...place(p), depth: integer(p, 'depth', limits.explainDepthMax) });
    }),
  why: (c, p) =>
    ofComponent(c, p, async (s) => {
      await settled(s, p);
      return why(s.w, s.branch, place(p));
    }),
  /** Of `edits`, a list of {component, path}, or of what the change set holds. */
  blast_radius: (c, p) =>
    inState(c, p, (s) => blastRadius(s.w, s.branch, { ...editsOf(p), limit: integer(p, 'limit', 100) })),
  'memo.clear': (c, p) => inWorkspace(c, p, (w) => clearMemo(w, c.principal)),
} satisfies Record<string, Handler>;

const place = (p: Params) => ({ component: text(p, 'component'), path: text(p, 'path') });

/** Waits at most `waitMs` for what is still being computed there, and until runs that have ended are written. */
async function settled(s: State, p: Params): Promise<void> {
  const mostMs = Math.min(integer(p, 'waitMs', 0), limits.runWaitMsMax);
  if (mostMs === 0) return;
  const at = await s.w.read(() => addressed(s.snapshot, text(p, 'component'), text(p, 'path')));
  if (at.ok) await s.w.propagation.settled(s.branch, at.value, mostMs);
}

function editsOf(p: Params): Omit<BlastAsk, 'limit'> {
  const given = p['edits'];
  if (given === undefined) return {};
  const isEdit = (x: Json): boolean =>
    isObject(x) && typeof x['component'] === 'string' && typeof x['path'] === 'string';
  if (!Array.isArray(given) || given.length === 0 || given.length > limits.pageRowsMax || !given.every(isEdit))
    wrong('edits', `a list of 1 to ${limits.pageRowsMax} {component, path}`, given);
  return { edits: given as unknown as NonNullable<BlastAsk['edits']> };
}

async function runQuery(s: State, p: Params): Promise<RunListQuery> {
  // What is erased has no name any more, but its runs are still there under its id.
  const idOf = <T extends string>(name: string, find: typeof resolveComponent | typeof resolveFunction): T => {
    const found = find(s.snapshot, p[name]);
    const isGone = !found.ok && /_not_found$/.test(found.refusal.code) && isUlid(String(p[name]));
    return isGone ? (p[name] as T) : (must(found as ReturnType<typeof resolveComponent>) as string as T);
  };
  const statuses = listed(p, 'status', runStatuses);
  return s.w.read(() => ({
    ...(p['changeSet'] === undefined ? {} : { changeSet: s.row.id }),
    ...(p['component'] === undefined ? {} : { component: idOf<ComponentId>('component', resolveComponent) }),
    ...(p['function'] === undefined ? {} : { function: idOf<FunctionId>('function', resolveFunction) }),
    ...(statuses === undefined ? {} : { statuses }),
    ...(p['cursor'] === undefined ? {} : { cursor: text(p, 'cursor') }),
    ...(p['limit'] === undefined ? {} : { limit: integer(p, 'limit') }),
  }));
}
