// The keys of every category: how nouns are laid out in the ordered maps. One fact a key; facts about one component lie
// next to each other. Index keys are `kind:target` U+0000 `user`, one key per pair, with an empty-object value: they are derived from the
// other categories by the same edit that changes those, and `verify` rebuilds and compares them.

import type { ComponentId, SchemaId, VariantId, ViewId } from '../base/ids.ts';
import type { ComponentFlag } from './component.ts';
import type { Source } from './expr.ts';
import type { ActionKind } from './function.ts';
import type { Path } from './path.ts';

/** Length of every noun id. */
export const idLength = 26;
const separator = '\u0000';
/** The value of keys that carry no more than their own presence. */
export const present = '{}';

// cells
export const cellKey = (component: ComponentId, path: Path): string => component + path;
/** A list element's record: order key and tie-break. */
export const elementKey = (component: ComponentId, path: Path): string => `${component}${path}#`;

/** Splits a key of `cells`; `element` tells whether it is an element record. */
export function splitCellKey(key: string): { component: ComponentId; path: Path; element: boolean } {
  const element = key.endsWith('#') && key.lastIndexOf('/@') === key.lastIndexOf('/');
  return {
    component: key.slice(0, idLength) as ComponentId,
    path: key.slice(idLength, element ? -1 : undefined) as Path,
    element,
  };
}

// components
export const flagKey = (component: ComponentId, flag: ComponentFlag): string => `${component}/flag/${flag}`;
export const ignoredKey = (component: ComponentId, path: Path): string => `${component}/ignore${path}`;
export const dependsKey = (component: ComponentId, on: ComponentId): string => `${component}/depends/${on}`;
export const managesKey = (component: ComponentId, managed: ComponentId): string => `${component}/manages/${managed}`;

// schemas, views, overrides
export const variantKey = (schema: SchemaId, variant: VariantId): string => `${schema}/${variant}`;
export const placementKey = (view: ViewId, component: ComponentId): string => `${view}/${component}`;
export const approversKey = (view: ViewId): string => `${view}!approvers`;
export const overrideKey = (component: ComponentId, action: ActionKind, name: string): string =>
  `${component}/${action}/${name}`;

// index: `prefix` forms for scanning, `key` forms for one pair
export const index = {
  /** Who follows anything at or below a path of a component: scan `subscribersOf`. */
  subscriber: (source: Source, component: ComponentId, path: Path): string =>
    `cell:${source.component}${source.path}${separator}${component}${path}`,
  subscribersOf: (component: ComponentId): string => `cell:${component}`,
  subscribersAt: (component: ComponentId, path: Path): string => `cell:${component}${path}${separator}`,
  subscribersBelow: (component: ComponentId, path: Path): string => `cell:${component}${path}/`,
  /** Cells whose expression calls a user's function. */
  caller: (fn: string, component: ComponentId, path: Path): string => `call:${fn}${separator}${component}${path}`,
  callersOf: (fn: string): string => `call:${fn}${separator}`,
  dependent: (on: ComponentId, component: ComponentId): string => `depends:${on}${separator}${component}`,
  dependentsOf: (on: ComponentId): string => `depends:${on}${separator}`,
  manager: (managed: ComponentId, component: ComponentId): string => `manages:${managed}${separator}${component}`,
  managersOf: (managed: ComponentId): string => `manages:${managed}${separator}`,
  name: (name: string, component: ComponentId): string => `name:${name}${separator}${component}`,
  named: (name: string): string => `name:${name}${separator}`,
  ofVariant: (variant: VariantId, component: ComponentId): string => `variant:${variant}${separator}${component}`,
  componentsOf: (variant: VariantId): string => `variant:${variant}${separator}`,
  inView: (component: ComponentId, view: ViewId): string => `view:${component}${separator}${view}`,
  viewsOf: (component: ComponentId): string => `view:${component}${separator}`,
  schemaNamed: (name: string, schema: SchemaId): string => `schema:${name}${separator}${schema}`,
  schemasNamed: (name: string): string => `schema:${name}${separator}`,
  secretUse: (secret: string, component: ComponentId, path: Path): string =>
    `secret:${secret}${separator}${component}${path}`,
  secretUses: (secret: string): string => `secret:${secret}${separator}`,
  resource: (resourceId: string, component: ComponentId): string => `resource:${resourceId}${separator}${component}`,
  withResource: (resourceId: string): string => `resource:${resourceId}${separator}`,
  /** In front of all of them. */
  resources: 'resource:',
  /** Who has taken over what is known of the resource under an id. */
  taker: (key: ComponentId, component: ComponentId): string => `moved:${key}${separator}${component}`,
  takersOf: (key: ComponentId): string => `moved:${key}${separator}`,
  viewNamed: (name: string, id: string): string => `viewname:${name}${separator}${id}`,
  viewsNamed: (name: string): string => `viewname:${name}${separator}`,
  secretNamed: (name: string, id: string): string => `secretname:${name}${separator}${id}`,
  secretsNamed: (name: string): string => `secretname:${name}${separator}`,
  schemaOfVariant: (variant: string, schema: string): string => `variantof:${variant}${separator}${schema}`,
  schemasOfVariant: (variant: string): string => `variantof:${variant}${separator}`,
  functionNamed: (name: string, id: string): string => `function:${name}${separator}${id}`,
  functionsNamed: (name: string): string => `function:${name}${separator}`,
  bindingOf: (target: string, binding: string): string => `binding:${target}${separator}${binding}`,
  bindingsOf: (target: string): string => `binding:${target}${separator}`,
} as const;

/** The part of an index key behind the separator: the user of the pair. */
export function indexUser(key: string): string {
  return key.slice(key.indexOf(separator) + 1);
}

/** A component and path written together, as in cell and index keys. */
export function splitAddress(address: string): Source {
  return { component: address.slice(0, idLength) as ComponentId, path: address.slice(idLength) as Path };
}
