// One variant of a schema with all that belongs to it: what it was made of, its properties, and the functions that components
// of it have, those that are bound to the schema for all its variants among them.

import type { BindingId, FunctionId, SchemaId, VariantId } from '../base/ids.ts';
import { ok, type Result } from '../base/result.ts';
import { type ActionFunctionKind, type FunctionKind, identityText } from '../model/function.ts';
import { findVariant, specOf } from '../model/lookup.ts';
import type { VariantSpec } from '../model/schema.ts';
import type { Reader } from '../model/state.ts';
import { type BindingHere, bindingsOf } from '../mutation/compile_binding.ts';
import { type PropertyNode, propertyTree } from './property_tree.ts';
import { type FoundSchema, findListed, variantOf } from './schema_catalogue.ts';
import type { Workspace } from './workspace.ts';

export interface VariantFunction {
  readonly id: FunctionId;
  readonly binding: BindingId;
  readonly name: string;
  readonly kind: FunctionKind;
  readonly action: ActionFunctionKind | null;
  /** Bound to the schema, for all its variants. */
  readonly isOverlay: boolean;
}

export interface VariantView {
  readonly schema: SchemaId;
  readonly schemaName: string;
  readonly category: string;
  readonly origin: string;
  /** false: of the catalogue, as its installation would make it. */
  readonly installed: boolean;
  readonly variant: VariantId;
  readonly isDefault: boolean;
  readonly locked: boolean;
  readonly displayName: string;
  readonly docs: string | null;
  readonly link: string | null;
  readonly color: string | null;
  /** The function that is its definition; null: it was made of none. */
  readonly definition: FunctionId | null;
  readonly functions: readonly VariantFunction[];
  /** Below /domain. */
  readonly properties: PropertyNode;
}

/** `variant`: an id, or `default`. Refuses `schema_not_found`, `variant_of_another_schema`, `ambiguous_name`. */
export function readVariant(w: Workspace, state: Reader, schema: string, variant: string): Result<VariantView> {
  const found = findListed(w, state, schema);
  if (!found.ok) return found;
  const id = variantOf(state, found.value, variant);
  return id.ok ? ok(viewOf(w, state, found.value, id.value)) : id;
}

function viewOf(w: Workspace, state: Reader, schema: FoundSchema, variant: VariantId): VariantView {
  const record = findVariant(state, schema.id, variant);
  const spec = record === undefined ? schema.spec! : specOf(state, record.spec);
  const own = bindingsOf(state, variant);
  const bound = [...own, ...bindingsOf(state, schema.id)].filter((b) => !isOfTheEngine(state, b));
  return {
    schema: schema.id,
    schemaName: schema.name,
    category: schema.category,
    origin: schema.origin,
    installed: schema.installed,
    variant,
    isDefault: variant === schema.defaultVariant,
    locked: record?.locked ?? true,
    ...saidOf(spec, schema.name),
    definition: own.find((b) => b.fn.kind === 'schema-definition')?.record.function ?? null,
    functions: bound.map(functionOf),
    properties: propertyTree(w.world.digest, variant, spec),
  };
}

function saidOf(spec: VariantSpec, name: string): Pick<VariantView, 'displayName' | 'docs' | 'link' | 'color'> {
  const { displayName = name, docs = null, link = null, color = null } = spec;
  return { displayName, docs, link, color };
}

/** The definition, and what has one property follow another. */
function isOfTheEngine(state: Reader, { fn }: BindingHere): boolean {
  return fn.kind === 'schema-definition' || (fn.kind === 'attribute' && state.blob(fn.text) === identityText);
}

const functionOf = ({ id, record, fn }: BindingHere): VariantFunction => ({
  id: record.function,
  binding: id,
  name: fn.name,
  kind: fn.kind,
  action: record.action,
  isOverlay: record.target.schema !== undefined,
});
