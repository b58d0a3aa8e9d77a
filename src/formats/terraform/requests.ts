// What has to be asked for to make a plan true: everything where nothing is, only the differences where an earlier import
// is. One batch: schemas, then components without values, then values and edges, then what the state has no longer. That
// is erased, not deleted: a resource that has left a state was destroyed, or is nobody's business here any more, and in
// neither case may an import end in destroying it.

import { type Json, sameJson } from '../../base/json.ts';
import type { Request } from '../../mutation/request.ts';
import { differences } from '../cloudformation/requests.ts';
import { componentName } from './import.ts';
import { annotationsOf, type ImportPlan, type Reality, type StateComponent, type StateModel } from './model.ts';

/**
 * The requests, in the order to make them; none when the state is as planned. `existing` is the state that the plan was
 * made beside. Types in `plan.described` must be installed before.
 */
export function requestsOf(plan: ImportPlan, existing?: StateModel): Request[] {
  const before = new Map(existing?.components.map((c) => [c.id, c]));
  const created = plan.components.filter((c) => !before.has(c.id));
  const planned = new Set(plan.components.map((c) => c.id));
  const widened = new Set(plan.install.map((s) => s.name));
  const upgraded = plan.components.filter((c) => {
    const known = before.get(c.id);
    return known !== undefined && (known.outdated === true || widened.has(c.schema));
  });
  // What somebody manages with the state by hand has never been in it, so it has not left it.
  const gone = existing?.components.filter((c) => !planned.has(c.id) && annotationsOf(c).address !== undefined) ?? [];
  return [
    ...plan.install.map((s): Request => ({ kind: 'schema.install', ...s })),
    ...created.map((c): Request => ({ kind: 'component.create', schema: c.schema, name: c.name, id: c.id })),
    ...upgraded.map((c): Request => ({ kind: 'component.upgrade', component: c.id })),
    ...plan.components.flatMap((c) => renames(c, before.get(c.id))),
    // First what goes: what comes may lead the other way.
    ...plan.components.flatMap((c) => removedEdges(c, before.get(c.id))),
    ...plan.components.flatMap((c) => values(c, before.get(c.id))),
    ...plan.components.flatMap((c) => addedEdges(c, before.get(c.id))),
    ...created
      .filter((c) => c.id !== plan.state)
      .map((c): Request => ({ kind: 'component.manage', component: plan.state, managed: c.id })),
    ...gone.map((c): Request => ({ kind: 'component.erase', component: c.id })),
  ];
}

/** What has to be recorded of resources: all of them at first, later those of which the state says something else. */
export function realityToRecord(plan: ImportPlan, existing?: StateModel): Reality[] {
  const before = new Map(existing?.reality.map((r) => [r.component, r]));
  return plan.reality.filter((r) => !sameJson(r as unknown as Json, before.get(r.component) as unknown as Json));
}

/** A component that still has the name of its address follows it to another one. */
function renames(component: StateComponent, before: StateComponent | undefined): Request[] {
  const address = before && annotationsOf(before).address;
  if (address === undefined || component.name === before?.name || before?.name !== componentName(address)) return [];
  return [{ kind: 'component.rename', component: component.id, name: component.name }];
}

function values(component: StateComponent, before: StateComponent | undefined): Request[] {
  const set = (path: string, value: Json): Request => ({
    kind: 'attribute.set',
    component: component.id,
    path,
    value,
  });
  const out = differences(component.domain, before?.domain ?? {}, ['domain']).map(([path, value]) => set(path, value));
  const note = annotationsOf(component) as unknown as Json;
  const noteBefore = before === undefined ? {} : (annotationsOf(before) as unknown as Json);
  return sameJson(note, noteBefore) ? out : [...out, set('/si/metadata/terraform', note)];
}

function removedEdges(component: StateComponent, before: StateComponent | undefined): Request[] {
  const gone = (before?.dependsOn ?? []).filter((on) => !component.dependsOn.includes(on));
  return gone.map((on) => ({ kind: 'depends_on.remove', component: component.id, on }));
}

function addedEdges(component: StateComponent, before: StateComponent | undefined): Request[] {
  const added = component.dependsOn.filter((on) => !before?.dependsOn.includes(on));
  return added.map((on) => ({ kind: 'depends_on.add', component: component.id, on }));
}
