// Functions and bindings as nouns. A function is code with a kind; a binding says where its arguments come from and
// where its output goes, on a schema variant or, as an overlay, on a schema.

import type { FunctionId, Hash, SchemaId, VariantId } from '../base/ids.ts';
import type { Json } from '../base/json.ts';

export const functionKinds = [
  'attribute',
  'transformation',
  'code-generation',
  'qualification',
  'authentication',
  'management',
  'action',
  'schema-definition',
  'policy',
] as const;
export type FunctionKind = (typeof functionKinds)[number];

/** Is the result of such a function a value of a component, computed whenever what it reads changes? */
export function isValueKind(kind: FunctionKind): boolean {
  return kind === 'attribute' || kind === 'code-generation' || kind === 'qualification';
}

/** The text of the attribute function that gives its one argument, `value`; the engine itself answers for it. */
export const identityText = 'function main({ value }) {\n  return value;\n}\n';

export interface FunctionRecord {
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  readonly kind: FunctionKind;
  /** Hash of the code, kept as a blob. */
  readonly text: Hash;
  readonly locked: boolean;
}

export const actionKinds = ['create', 'update', 'destroy', 'refresh', 'manual'] as const;
/** What is done to the resource of one component. */
export type ActionKind = (typeof actionKinds)[number];

/** What an action function implements: an action, or `list`, which says what is there and is never planned. */
export const actionFunctionKinds = [...actionKinds, 'list'] as const;
export type ActionFunctionKind = (typeof actionFunctionKinds)[number];

/** Where one argument comes from: a pointer into the component, or a fixed value; exactly one of the two. */
export type BindingArgument =
  | { readonly name: string; readonly path: string; readonly value?: never }
  | { readonly name: string; readonly value: Json; readonly path?: never };

export interface BindingRecord {
  readonly function: FunctionId;
  /** A variant, or a schema for an overlay over all its variants. */
  readonly target:
    | { readonly variant: VariantId; readonly schema?: never }
    | { readonly schema: SchemaId; readonly variant?: never };
  readonly arguments: readonly BindingArgument[];
  /** attribute functions: the pointer that the result is written to; others: null. */
  readonly output: string | null;
  /** action functions: what it implements; others: null. */
  readonly action: ActionFunctionKind | null;
}
