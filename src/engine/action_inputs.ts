// What an action function gets: the component as it stands on Head when the action is dispatched. Nothing is dispatched on
// values that are still being computed or that somebody else has yet to supply, nor on others than were reviewed.

import type { ComponentId, Hash } from '../base/ids.ts';
import { canonical, type Json, type JsonObject } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { type ActionRecord, type FormerResource, type OverrideRecord, wishKey } from '../model/action.ts';
import { findComponent, isAnswered, isMarked, lostIdOf, resourceIdOf } from '../model/lookup.ts';
import { hasPassedOn } from '../model/moved.ts';
import { type Path, wellKnown } from '../model/path.ts';
import type { Reader } from '../model/state.ts';
import type { Branch } from './branch.ts';
import type { Workspace } from './workspace.ts';

export interface Bound {
  /** The whole component, as the function sees it. */
  readonly input: Json;
  /** The domain: what its resource is to be. */
  readonly domain: Json;
  readonly inputHash: Hash;
  /** What people ask to be done to the component and was not, by its action (`wishKey`). */
  readonly wishes: { readonly [action: string]: string };
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
    // One that was found gone is looked for under the id that it had.
    const lost = action.kind === 'refresh' ? lostIdOf(head.snapshot, component) : undefined;
    const { former } = action;
    const resourceId = former?.resourceId ?? resourceIdOf(head.snapshot, component) ?? lost;
    const si = { ...(whole['si'] as JsonObject), ...(resourceId === undefined ? {} : { resourceId }) };
    if (hasPassedOn(head.snapshot, component)) return waits('its resource has passed to another component');
    const { checkpoint } = action;
    // It was begun with other values, perhaps, and is brought to its end with those.
    const domain = checkpoint?.domain ?? whole['domain'] ?? {};
    const inputHash = w.world.digest(canonical(domain));
    const wishes = wishesOf(head.snapshot, component);
    const bound: Bound = { input: { ...whole, ...realityOf(former), domain, si }, domain, inputHash, wishes };
    if (checkpoint !== undefined) return ok(bound);
    // What is taken away is taken away as it is, whatever it would have become.
    if (action.kind !== 'destroy' && action.kind !== 'refresh') {
      const problem = view.problems.find((p) => p.path.startsWith('/domain'));
      if (problem !== undefined) return waits(`${problem.path} ${problem.message}`);
      const awaits = values.freshness(at).state === 'awaiting';
      if (awaits) return waits('some of its values are to come from actions that have not succeeded');
      if (!isReviewed(w, action, inputHash)) return waits('its values are not those that were reviewed');
    }
    if (action.kind === 'create' && resourceId !== undefined && !isPart(w, action))
      return waits('it has a resource already; an apply that changes it will update that');
    const isMeant = isMarked(head.snapshot, component) || wishes['destroy'] !== undefined;
    if (action.kind === 'destroy' && former === undefined && !isMeant && !isPart(w, action)) return waits(unwanted);
    return ok(bound);
  });
}

/** What is reported of the component is of what has taken the place of a former resource. */
function realityOf(former: FormerResource | undefined): JsonObject {
  if (former === undefined) return {};
  const { status, payload } = former;
  return { resource: { status, payload }, resource_value: payload };
}

/** By itself, or by what was applied since it began: that waits behind it, and was reviewed with the values as they are now. */
function isReviewed(w: Workspace, { id, component, reviewedHash }: ActionRecord, inputHash: Hash): boolean {
  if (reviewedHash === null || reviewedHash === inputHash) return true;
  return w.actions.of(component).some((a) => a.after.includes(id) && a.reviewedHash === inputHash);
}

/** Of a replacement the old resource is destroyed although its component stays. */
function isPart(w: Workspace, { id, component }: ActionRecord): boolean {
  return w.actions.of(component).some((a) => (a.kind === 'create' || a.kind === 'destroy') && a.after.includes(id));
}

function wishesOf(state: Reader, component: ComponentId): Bound['wishes'] {
  const overrides = [...state.scan('overrides', `${component}/`)].map(([, text]) => JSON.parse(text) as OverrideRecord);
  const open = overrides.filter((o) => o.mode === 'add' && o.wish && !isAnswered(state, component, o));
  return Object.fromEntries(open.map((o) => [wishKey(o), o.wish!]));
}

/** What a destruction waits with, whose component has been restored. */
export const unwanted = 'the component is not deleted any more';

function waits(got: string): Result<never> {
  return refuse('not_ready', {
    path: 'action',
    expected: 'a component of which everything is computed, as it was reviewed',
    got,
    hint: 'correct it and release the action, or cancel it',
  });
}
