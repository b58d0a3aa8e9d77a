// A component as the public API shows it, made of what the engine describes. Ids of properties are where they stand:
// `VARIANT/domain/Tags/*/Key` of a property, `COMPONENT/domain/Tags/0/Key` of a value.

import { Type } from 'typebox';
import { isObject, type Json, type JsonObject } from '../../../base/json.ts';
import { RefusalError } from '../../../base/result.ts';
import type { ComponentDetail } from '../../../engine/component_detail.ts';
import { anyJson, maybe, shape } from '../model.ts';
import type { RouteCall } from '../route.ts';

const prop = shape('ComponentPropViewV1', {
  id: Type.String(),
  path: Type.String(),
  propId: Type.String(),
  value: maybe(anyJson),
});
const view = shape('ViewV1', { id: Type.String(), isDefault: Type.Boolean(), name: Type.String() });
const connected = { componentId: Type.String(), componentName: Type.String() };
const connection = Type.Union([
  Type.Object({ managing: shape('ManagingConnectionViewV1', connected) }),
  Type.Object({ managedBy: shape('ManagedByConnectionViewV1', connected) }),
]);

const componentView = shape('ComponentViewV1', {
  id: Type.String(),
  name: Type.String(),
  schemaId: Type.String(),
  schemaVariantId: Type.String(),
  resourceId: Type.String({ description: 'Empty when there is none.' }),
  secretId: Type.String({ description: 'Always empty: secrets are no components here.' }),
  toDelete: Type.Boolean(),
  canBeUpgraded: Type.Boolean(),
  attributes: Type.Record(Type.String(), anyJson, {
    description: 'What is declared, by pointer, as it is written in a create or an update.',
  }),
  domainProps: Type.Array(prop, { description: 'The values below /domain, computed ones and defaults included.' }),
  resourceProps: Type.Array(prop),
  connections: Type.Array(connection),
  views: Type.Array(view),
});

export const componentAnswer = (name: string) => shape(name, { component: componentView });

export const getComponentResponse = shape('GetComponentV1Response', {
  component: componentView,
  actionFunctions: Type.Array(
    shape('GetComponentV1ResponseActionFunction', { prototypeId: Type.String(), funcName: Type.String() }),
  ),
  managementFunctions: Type.Array(
    shape('GetComponentV1ResponseManagementFunction', {
      managementPrototypeId: Type.String(),
      funcName: Type.String(),
    }),
  ),
});

/** Reads a component of the change set of the path. Throws refusals; with `mayBeGone` also shows one that is. */
export async function describe(
  { params, operation }: Pick<RouteCall<unknown, unknown>, 'params' | 'operation'>,
  component: string,
  mayBeGone = false,
): Promise<ComponentDetail> {
  const changeSet = params['change_set_id'];
  const detail = await operation<ComponentDetail>('component.describe', { changeSet, component });
  if (!detail.isGone || mayBeGone) return detail;
  throw new RefusalError({
    code: 'component_not_found',
    path: 'component',
    expected: 'the id or name of a component in this change set',
    got: JSON.stringify(component),
    hint: 'it was deleted; restore it by its id',
  });
}

export function viewOf(d: ComponentDetail) {
  return {
    id: d.id,
    name: d.name,
    schemaId: d.schema.id,
    schemaVariantId: d.schema.variant,
    resourceId: d.resourceId ?? '',
    secretId: '',
    toDelete: d.toDelete,
    canBeUpgraded: d.upgradable,
    // To be unset means here that the default shows: what is declared to have no value at all cannot be said.
    attributes: Object.fromEntries(d.sources.filter((s) => s.kind !== 'unset').map((s) => [s.path, s.input])),
    domainProps: propsOf(d, 'domain'),
    resourceProps: propsOf(d, 'resource_value'),
    connections: [
      ...d.manages.map(({ id, name }) => ({ managing: { componentId: id, componentName: name } })),
      ...d.managedBy.map(({ id, name }) => ({ managedBy: { componentId: id, componentName: name } })),
    ],
    views: d.inViews,
  };
}

export function wholeOf(d: ComponentDetail) {
  const of = (kind: string) => d.functions.filter((f) => f.kind === kind);
  return {
    component: viewOf(d),
    actionFunctions: of('action').map((f) => ({ prototypeId: f.binding, funcName: f.name })),
    managementFunctions: of('management').map((f) => ({ managementPrototypeId: f.binding, funcName: f.name })),
  };
}

function propsOf(d: ComponentDetail, part: 'domain' | 'resource_value') {
  const root = (d.value as JsonObject)[part];
  const out: { id: string; path: string; propId: string; value: Json }[] = [];
  const walk = (path: string, prop: string, value: Json): void => {
    out.push({ id: `${d.id}${path}`, path, propId: `${d.schema.variant}${prop}`, value });
    if (Array.isArray(value)) for (const [i, item] of value.entries()) walk(`${path}/${i}`, `${prop}/*`, item as Json);
    else if (isObject(value))
      for (const [key, member] of Object.entries(value)) {
        const segment = `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
        walk(path + segment, prop + segment, member as Json);
      }
  };
  for (const [key, value] of isObject(root ?? null) ? Object.entries(root as JsonObject) : []) {
    const path = `/${part}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    walk(path, path, value as Json);
  }
  return out;
}
