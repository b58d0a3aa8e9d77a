// What has to be asked for to make a plan true: everything where nothing is, only the differences where an earlier
// import is. One batch: schemas, then components without values, then values and edges, then what is no longer wanted.

import { isObject, type JsonObject, sameJson } from '../../base/json.ts';
import { pointerOf } from '../../model/path.ts';
import type { Input, Request } from '../../mutation/request.ts';
import { annotationsOf, type ImportPlan, sourceOf, type TemplateComponent, type TemplateModel } from './model.ts';

/**
 * The requests, in the order to make them; none when the state is as planned. `existing` is the state that the plan was
 * made beside. Types in `plan.described` must be installed before.
 */
export function requestsOf(plan: ImportPlan, existing?: TemplateModel): Request[] {
  const before = new Map(existing?.components.map((c) => [c.id, c]));
  const created = plan.components.filter((c) => !before.has(c.id));
  const schemas = new Set(created.map((c) => c.schema));
  const planned = new Set(plan.components.map((c) => c.id));
  // What was added by hand has never been in the template, so it has not left it.
  const imported = existing?.components.filter((c) => annotationsOf(c).logicalId !== undefined) ?? [];
  const gone = imported.filter((c) => !planned.has(c.id));
  return [
    ...plan.install.filter((s) => schemas.has(s.name)).map((s): Request => ({ kind: 'schema.install', ...s })),
    ...created.map((c): Request => ({ kind: 'component.create', schema: c.schema, name: c.name, id: c.id })),
    ...plan.components.flatMap((c) => values(c, before.get(c.id))),
    ...plan.components.flatMap((c) => edges(c, before.get(c.id))),
    ...created
      .filter((c) => c.id !== plan.template)
      .map((c): Request => ({ kind: 'component.manage', component: plan.template, managed: c.id })),
    ...gone.flatMap((c): Request[] => [
      ...(c.flags.includes('protect') ? [{ kind: 'component.protect', component: c.id, on: false } as const] : []),
      { kind: 'component.unmanage', component: plan.template, managed: c.id },
      { kind: 'component.delete', component: c.id },
    ]),
  ];
}

function values(component: TemplateComponent, before: TemplateComponent | undefined): Request[] {
  const set = (path: string, value: Input): Request => ({
    kind: 'attribute.set',
    component: component.id,
    path,
    value,
  });
  const out = differences(component.domain, before?.domain ?? {}, ['domain']).map(([path, value]) => set(path, value));
  const note = annotationsOf(component) as unknown as Input;
  const noteBefore = before === undefined ? {} : (annotationsOf(before) as unknown as Input);
  if (!sameJson(note, noteBefore)) out.push(set('/si/metadata/cloudformation', note));
  if (!sameJson(component.enabled, before?.enabled)) {
    if (component.enabled !== undefined) out.push(set('/si/enabled', component.enabled));
    else out.push({ kind: 'attribute.unset', component: component.id, path: '/si/enabled' });
  }
  return out;
}

/** The smallest containers and values that differ; a container that loses a member is given whole. */
export function differences(wanted: Input, present: Input, path: readonly string[]): [string, Input][] {
  if (sameJson(wanted, present)) return [];
  const here: [string, Input] = [pointerOf(path), wanted];
  if (!isTree(wanted) || !isTree(present) || Object.keys(present).length === 0) return [here];
  if (Object.keys(present).some((key) => !Object.hasOwn(wanted, key))) return [here];
  return Object.entries(wanted).flatMap(([key, value]) => {
    const old = Object.hasOwn(present, key) ? present[key] : undefined;
    if (old === undefined) return [[pointerOf([...path, key]), value] as [string, Input]];
    return differences(value, old, [...path, key]);
  });
}

function isTree(input: Input): input is JsonObject {
  return isObject(input) && sourceOf(input) === undefined;
}

function edges(component: TemplateComponent, before: TemplateComponent | undefined): Request[] {
  const id = component.id;
  const out: Request[] = [];
  for (const flag of ['protect', 'retain'] as const) {
    const on = component.flags.includes(flag);
    if (on !== (before?.flags.includes(flag) ?? false)) out.push({ kind: `component.${flag}`, component: id, on });
  }
  for (const on of before?.dependsOn ?? []) {
    if (!component.dependsOn.includes(on)) out.push({ kind: 'depends_on.remove', component: id, on });
  }
  for (const on of component.dependsOn) {
    if (!before?.dependsOn.includes(on)) out.push({ kind: 'depends_on.add', component: id, on });
  }
  return out;
}
