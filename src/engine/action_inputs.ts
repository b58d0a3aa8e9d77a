// What an action function gets: the component as it stands on Head when the action is dispatched. Nothing is dispatched on
// values that are still being computed or that somebody else has yet to supply, nor on others than were reviewed.

import type { Hash } from '../base/ids.ts';
import { canonical, type Json, type JsonObject } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import type { ActionRecord } from '../model/action.ts';
import { findComponent, isMarked, resourceIdOf } from '../model/lookup.ts';
import { type Path, wellKnown } from '../model/path.ts';
import type { Branch } from './branch.ts';
import type { Workspace } from './workspace.ts';

export interface Bound {
  /** The whole component, as the function sees it. */
  readonly input: Json;
  /** The domain: what its resource is to be. */
  readonly domain: Json;
  readonly inputHash: Hash;
}

/** Refuses `component_not_found`, `schema_not_found`; `not_ready` with the reason why the action has to wait for a person. */
export async function bindInputs(w: Workspace, head: Branch, action: ActionRecord): Promise<Result<Bound>> {
  const { component } = action;
  if (await w.read(() => findComponent(head.snapshot, component) === undefined)) {
    return refuse('component_not_found', {
      path: 'component',
      expected: 'a component of Head',
      got: `${action.componentName} (${component}), which is gone`,
      hint: 'cancel the action',
    });
  }
  await w.propagation.settled(head, { component, path: '' as Path }, limits.actionBindMs);
  return w.read(() => {
    const at = { component, path: wellKnown.domain };
    const values = w.propagation.settle(head, at);
    const view = values.view(component);
    if (view === undefined) {
      return refuse('schema_not_found', {
        path: 'component',
        expected: 'a component whose schema variant is in the workspace',
        got: component,
        hint: 'restore the variant or upgrade the component',
      });
    }
    const whole = view.value as JsonObject;
    const resourceId = resourceIdOf(head.snapshot, component);
    const si = { ...(whole['si'] as JsonObject), ...(resourceId === undefined ? {} : { resourceId }) };
    const { checkpoint } = action;
    // It was begun with other values, perhaps, and is brought to its end with those.
    const domain = checkpoint?.domain ?? whole['domain'] ?? {};
    const inputHash = w.world.digest(canonical(domain));
    const bound: Bound = { input: { ...whole, domain, si }, domain, inputHash };
    if (checkpoint !== undefined) return ok(bound);
    // What is taken away is taken away as it is, whatever it would have become.
    if (action.kind !== 'destroy' && action.kind !== 'refresh') {
      const problem = view.problems.find((p) => p.path.startsWith('/domain'));
      if (problem !== undefined) return waits(`${problem.path} ${problem.message}`);
      const awaits = values.freshness(at).state === 'awaiting';
      if (awaits) return waits('some of its values are to come from actions that have not succeeded');
      if (action.reviewedHash !== null && action.reviewedHash !== inputHash)
        return waits('its values are not those that were reviewed');
    }
    if (action.kind === 'create' && resourceId !== undefined && action.after.length === 0)
      return waits('it has a resource already; an apply that changes it will update that');
    const isReplaced =
      action.after.length > 0 ||
      w.actions.followersOf(action.id).some((id) => w.actions.find(id)?.component === component);
    if (action.kind === 'destroy' && !isMarked(head.snapshot, component) && !isReplaced)
      return waits('the component is not deleted any more');
    return ok(bound);
  });
}

function waits(got: string): Result<never> {
  return refuse('not_ready', {
    path: 'action',
    expected: 'a component of which everything is computed, as it was reviewed',
    got,
    hint: 'correct it and release the action, or cancel it',
  });
}
