// Queueing actions: new ones with what they have to wait for, and those of components for which something is queued already.
// On Head a component has at most one planned action that has not begun: an apply that plans another one for it takes its
// place, and one that leaves nothing to be done takes it away.

import type { ActionId, ChangeSetId, ComponentId, Hash } from '../base/ids.ts';
import { must } from '../base/result.ts';
import { actionFunctionOf } from '../actions/functions.ts';
import type { ActionRecord } from '../model/action.ts';
import type { ActionKind } from '../model/function.ts';
import { findComponent, findSchema, nameOf } from '../model/lookup.ts';
import type { Reader } from '../model/state.ts';
import type { QueuedActions } from './action_table.ts';
import type { Workspace } from './workspace.ts';

export interface NewAction {
  readonly component: ComponentId;
  readonly kind: ActionKind;
  /** Of a manual one its function's name. Default ''. */
  readonly name?: string;
  readonly actor: string;
  readonly origins: readonly ChangeSetId[];
  readonly paths?: readonly string[];
  readonly after?: readonly ActionId[];
  readonly reviewedHash?: Hash | null;
  /** It starts when somebody releases it. */
  readonly heldBecause?: string;
}

/** undefined: the component is not there, or nothing is bound that could do it. */
export function newAction(w: Workspace, state: Reader, of: NewAction): ActionRecord | undefined {
  const component = findComponent(state, of.component);
  const { name = '', heldBecause = '' } = of;
  const fn = component && actionFunctionOf(state, component, of.kind, name);
  if (component === undefined || fn === undefined) return undefined;
  const id = w.world.ids.ulid<ActionId>();
  return {
    id,
    component: of.component,
    componentName: nameOf(state, of.component),
    schemaName: findSchema(state, component.schema)?.name ?? '',
    kind: of.kind,
    name,
    function: fn.function,
    status: heldBecause === '' ? 'queued' : 'on-hold',
    revision: 1,
    origins: of.origins,
    actor: of.actor,
    after: of.after ?? [],
    paths: of.paths ?? [],
    idempotencyKey: w.world.digest(`${w.id}\n${id}`),
    reviewedHash: of.reviewedHash ?? null,
    inputHash: null,
    attempts: 0,
    run: null,
    fence: 0,
    queuedAtMs: w.world.clock.nowMs(),
    startedAtMs: null,
    endedAtMs: null,
    notBeforeMs: null,
    failure: null,
    heldBecause,
  };
}

/** Takes away what was planned for a component and has not begun. */
export function withdrawPlanned(w: Workspace, component: ComponentId, but: (a: ActionRecord) => boolean): QueuedActions {
  const out: QueuedActions[number][] = [];
  for (const action of w.actions.of(component)) {
    const isPlanned = action.kind === 'create' || action.kind === 'update' || action.kind === 'destroy';
    const hasNotBegun = action.status === 'queued' || action.status === 'on-hold' || action.status === 'failed';
    if (isPlanned && hasNotBegun && !but(action))
      out.push(must(w.actions.step(action.id, 'cancel', { endedAtMs: w.world.clock.nowMs() })));
  }
  return out;
}
