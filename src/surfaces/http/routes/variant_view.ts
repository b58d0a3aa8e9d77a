// A variant as the public API shows it, with its functions by kind and its properties as a tree with ids. A kind that has no
// name of its own there is spelled as the nearest one that clients know.

import { type Static, Type } from 'typebox';
import type { PropertyNode } from '../../../engine/property_tree.ts';
import type { VariantFunction, VariantView } from '../../../engine/schema_variant.ts';
import type { ActionFunctionKind, FunctionKind } from '../../../model/function.ts';
import type { PropertyKind } from '../../../model/property.ts';
import { anyJson, maybe, model, modelRef, shape } from '../model.ts';

const propShape = shape('PropSchemaV1', {
  propId: Type.String(),
  name: Type.String(),
  propType: Type.String(),
  description: maybe(Type.String()),
  docLink: maybe(Type.String()),
  hidden: maybe(Type.Boolean()),
  defaultValue: Type.Optional(anyJson),
  validationFormat: maybe(Type.String()),
  children: maybe(Type.Array(modelRef<unknown>('PropSchemaV1'))),
});

const kindShape = model(
  'SchemaVariantFuncKind',
  Type.Union([
    shape('SchemaVariantFuncKindOneOf', { kind: Type.Literal('action'), actionKind: Type.String() }),
    shape('SchemaVariantFuncKindOneOf1', { kind: Type.Literal('management'), managementFuncKind: Type.String() }),
    shape('SchemaVariantFuncKindOneOf2', { kind: Type.Literal('other'), funcKind: Type.String() }),
  ]),
);

export const variantShape = shape('GetSchemaVariantV1Response', {
  variantId: Type.String(),
  displayName: Type.String(),
  category: Type.String(),
  color: Type.String(),
  isLocked: Type.Boolean(),
  description: maybe(Type.String()),
  link: maybe(Type.String()),
  assetFuncId: Type.String({ description: 'The function that is its definition; empty where it was made of none.' }),
  variantFuncIds: Type.Array(Type.String()),
  variantFuncs: Type.Array(
    shape('SchemaVariantFunc', { id: Type.String(), funcKind: kindShape, isOverlay: Type.Boolean() }),
  ),
  isDefaultVariant: Type.Boolean(),
  domainProps: maybe(propShape),
  installedFromUpstream: Type.Boolean(),
});

/** The colour of a type that has none of its own. */
const plainColor = '#777777';

export const variantView = (v: VariantView): Static<typeof variantShape> => ({
  variantId: v.variant,
  displayName: v.displayName,
  category: v.category,
  color: v.color ?? plainColor,
  isLocked: v.locked,
  description: v.docs,
  link: v.link,
  assetFuncId: v.definition ?? '',
  variantFuncIds: v.functions.map((f) => f.id),
  variantFuncs: v.functions.map((f) => ({ id: f.id, funcKind: kindOf(f), isOverlay: f.isOverlay })),
  isDefaultVariant: v.isDefault,
  domainProps: propView(v.properties),
  installedFromUpstream: v.origin !== 'user',
});

export const functionKindNames: Readonly<Record<FunctionKind, string>> = {
  attribute: 'Attribute',
  transformation: 'Transformation',
  'code-generation': 'CodeGeneration',
  qualification: 'Qualification',
  authentication: 'Authentication',
  management: 'Management',
  action: 'Action',
  'schema-definition': 'SchemaVariantDefinition',
  policy: 'Unknown',
};

export const actionKindNames: Readonly<Record<ActionFunctionKind, string>> = {
  create: 'Create',
  update: 'Update',
  destroy: 'Destroy',
  refresh: 'Refresh',
  manual: 'Manual',
  list: 'List',
};

function kindOf({ kind, action }: VariantFunction): Static<typeof kindShape> {
  if (action !== null) return { kind: 'action', actionKind: actionKindNames[action] };
  if (kind === 'management') return { kind: 'management', managementFuncKind: 'Other' };
  return { kind: 'other', funcKind: functionKindNames[kind] };
}

const propTypes: Readonly<Record<PropertyKind, string>> = {
  string: 'string',
  integer: 'integer',
  number: 'float',
  boolean: 'boolean',
  json: 'json',
  array: 'array',
  map: 'map',
  object: 'object',
  any: 'any',
  ref: 'any',
};

function propView({ id, name, property: p, children }: PropertyNode): Static<typeof propShape> {
  return {
    propId: id,
    name,
    propType: propTypes[p.kind],
    description: p.docs ?? null,
    docLink: p.link ?? null,
    hidden: p.hidden ?? false,
    ...(p.default === undefined ? {} : { defaultValue: p.default }),
    validationFormat: p.validation === undefined ? null : JSON.stringify(p.validation),
    children: children.length === 0 ? null : children.map(propView),
  };
}
