// The operations on drift, by name, with plain JSON in and out: looking at it, on Head or with what a change set has decided,
// and deciding. A handler checks the form of its parameters and hands on.

import type { Json } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { must, ok } from '../base/result.ts';
import { resolveComponent, resolveSchema, resolveView } from '../model/lookup.ts';
import { type Deciding, type DriftFilter, driftIn, listDrift, settled } from './drift.ts';
import { acceptDrift, type DriftAsk, enforceDrift } from './drift_decisions.ts';
import { changeSetOf, type Handler, integer, inWorkspace, type Params, stateOf, text, wrong } from './operation.ts';
import { scheduleOf } from './refresh_schedule.ts';
import type { Workspace } from './workspace.ts';

export const driftOperations = {
  /**
   * Of Head, or with what `changeSet` has decided; `component`, `schema`, `view`, `path` narrow it. One page of components, and
   * the groups and counts of all of them.
   */
  'drift.list': (c, p) =>
    inWorkspace(c, p, async (w) =>
      listDrift(w, await deciding(w, p), {
        ...(await filterOf(w, p)),
        waitMs: waitOf(p),
        ...(p['cursor'] === undefined ? {} : { cursor: text(p, 'cursor') }),
        ...(p['limit'] === undefined ? {} : { limit: integer(p, 'limit') }),
      }),
    ),
  /** Of one component, also when there is none. */
  'drift.get': (c, p) =>
    inWorkspace(c, p, async (w) => {
      const branch = await deciding(w, p);
      const { component } = await filterOf(w, { component: text(p, 'component') });
      await w.actions.ready();
      const head = await w.head();
      for (const of of [head, ...(branch === undefined ? [] : [branch])]) await settled(w, of, [component!], waitOf(p));
      const schedule = await scheduleOf(w, component!);
      return ok({ ...(await w.read(() => driftIn(w, head, component!, branch))), refresh: schedule ?? null });
    }),
  /** Of a component, or of all that `schema`, `view` or `path` name; `paths`: only at these pointers. */
  'drift.accept': (c, p) => inWorkspace(c, p, 'edit', async (w) => acceptDrift(w, c.principal, await ask(w, p))),
  'drift.enforce': (c, p) => inWorkspace(c, p, 'edit', async (w) => enforceDrift(w, c.principal, await ask(w, p))),
} satisfies Record<string, Handler>;

const waitOf = (p: Params): number => Math.min(integer(p, 'waitMs', limits.driftSettleMs), limits.actionWaitMsMax);

async function deciding(w: Workspace, p: Params): Promise<Deciding> {
  if (p['changeSet'] === undefined) return undefined;
  const { branch, row } = await stateOf(w, text(p, 'changeSet'), undefined);
  return row.isHead ? undefined : branch;
}

/** What is named is looked up on Head: only what is there can have drifted. */
async function filterOf(w: Workspace, p: Params): Promise<DriftFilter> {
  const { snapshot } = await stateOf(w, 'HEAD', undefined);
  return w.read(() => ({
    ...(p['component'] === undefined ? {} : { component: must(resolveComponent(snapshot, p['component'])) }),
    ...(p['schema'] === undefined ? {} : { schema: must(resolveSchema(snapshot, p['schema'])) }),
    ...(p['view'] === undefined ? {} : { view: must(resolveView(snapshot, p['view'])) }),
    ...(p['path'] === undefined ? {} : { path: text(p, 'path') }),
  }));
}

async function ask(w: Workspace, p: Params): Promise<DriftAsk> {
  const filter = await filterOf(w, p);
  if (Object.keys(filter).length === 0 && p['all'] !== true)
    return wrong('component', 'a component, a schema, a view or a path; or all: true', p['component'] ?? null);
  const { paths } = p;
  if (paths !== undefined && !isTexts(paths)) return wrong('paths', 'a list of pointers', paths);
  return {
    changeSet: await changeSetOf(w, p),
    filter,
    ...(paths === undefined || paths.length === 0 ? {} : { paths }),
    waitMs: waitOf(p),
  };
}

const isTexts = (x: Json): x is readonly string[] => Array.isArray(x) && x.every((e) => typeof e === 'string');
