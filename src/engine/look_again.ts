// Looking something up anew: what functions with effects gave for a component is asked for once more, in a change set. One edit
// a value, its wish (model/wish.ts); the function then runs as after any edit that it reads, and where its result is equal
// nothing else does.

import type { Principal } from '../access/role.ts';
import type { ComponentId, FunctionId } from '../base/ids.ts';
import { must, ok, type Result } from '../base/result.ts';
import { boundsOfVariant, isDeclaredOver } from '../graph/bound.ts';
import { isFollowing, parseCell } from '../model/cell.ts';
import { userFunctionsOf } from '../model/expr.ts';
import type { FunctionRecord } from '../model/function.ts';
import { splitCellKey } from '../model/keys.ts';
import { findComponent, findRecord, resolveComponent, specOfComponent } from '../model/lookup.ts';
import type { Path } from '../model/path.ts';
import { notLookedUp } from '../mutation/compile_look_again.ts';
import type { Request } from '../mutation/request.ts';
import { resolvePointer } from '../mutation/resolve.ts';
import { pointerAt } from '../mutation/tree.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { askOf, repeated } from './idempotency.ts';
import type { State } from './operation.ts';
import { permit } from './permit.ts';
import { type SubmitReply, submitAs } from './submit.ts';
import type { Workspace } from './workspace.ts';

export interface LookAgainAsk {
  readonly component: string;
  /** A pointer to one value; absent: all that functions look up for the component. */
  readonly path?: string;
  readonly idempotencyKey?: string;
  readonly ifVersion?: number;
}

export interface LookAgainReply extends SubmitReply {
  readonly component: ComponentId;
  /** The values that are asked for anew. */
  readonly paths: readonly string[];
}

/** Refuses `not_a_lookup`, and what names, pointers and `submit` refuse. */
export async function lookAgain(s: State, principal: Principal, asked: LookAgainAsk): Promise<Result<LookAgainReply>> {
  const { w, row, snapshot } = s;
  const { idempotencyKey, ifVersion, ...what } = asked;
  const ask = askOf(w, idempotencyKey, { lookAgain: { changeSet: row.id, ...what } });
  if (!ask.ok) return ask;
  const may = await permit(w, principal, 'edit', { operation: 'edit', subject: row.id });
  if (!may.ok) return may;
  return repeated(w, { principal: principal.id, ...ask.value }, async () => {
    const found = await w.read(() => {
      const component = resolveComponent(snapshot, asked.component);
      return component.ok
        ? ok({ component: component.value, paths: pathsOf(w, snapshot, component.value, asked) })
        : component;
    });
    if (!found.ok) return found;
    const { component, paths } = found.value;
    if (paths.length === 0) return { ok: false, refusal: notLookedUp(asked.path ?? '').refusal };
    const as = (reply: SubmitReply): LookAgainReply => ({ ...reply, component, paths });
    const request = {
      changeSet: row.id,
      mutations: paths.map((path): Request => ({ kind: 'component.look_again', component, path })),
      baseVersion: s.version,
      ...(ifVersion === undefined ? {} : { ifVersion }),
    };
    return submitAs(w, principal, request, { ...ask.value, as });
  });
}

/** Pointers to what functions with effects give: at `path`, or anywhere in the component. Throws refusals of the pointer. */
function pathsOf(w: Workspace, state: Snapshot, component: ComponentId, { path }: LookAgainAsk): string[] {
  const record = findComponent(state, component)!;
  const spec = specOfComponent(state, record);
  const only =
    path === undefined || spec === undefined ? undefined : must(resolvePointer(state, component, spec, path)).path;
  const found = new Set<Path>();
  const hasEffects = (id: string): boolean => {
    const fn = findRecord<FunctionRecord>(state, 'functions', id);
    if (fn === undefined) return false;
    const { name, kind, text } = fn;
    return w.calls.hasEffects({ function: id as FunctionId, name, kind, text, input: '' }, () => state.blob(text));
  };
  for (const bound of boundsOfVariant(state, record))
    if (!isDeclaredOver(state, component, bound.output) && hasEffects(bound.function)) found.add(bound.output);
  for (const [key, text] of state.scan('cells', `${component}/`)) {
    if (!isFollowing(text)) continue;
    const cell = parseCell(text);
    if ('x' in cell && userFunctionsOf(cell.x).some(hasEffects)) found.add(splitCellKey(key).path);
  }
  return [...found]
    .filter((at) => only === undefined || at === only)
    .sort()
    .map((at) => pointerAt(state, component, at));
}
