// The variants of a schema as authors look at them: the one in work, the text it was made from, and functions bound to places
// that it does not have.

import type { FunctionId, SchemaId, VariantId } from '../base/ids.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { index } from '../model/keys.ts';
import { findSchema, findVariant, resolveSchema, specOf, variantInWork } from '../model/lookup.ts';
import { type Path, segmentsOf } from '../model/path.ts';
import { locate, type VariantSpec } from '../model/schema.ts';
import type { Reader } from '../model/state.ts';
import { bindingsOf } from '../mutation/compile_binding.ts';

/** The unlocked variant, else the default one. Refuses `schema_not_found`. */
export function mustHaveVariant(state: Reader, schema: SchemaId): Result<VariantId> {
  const variant = variantInWork(state, schema);
  if (variant !== undefined) return ok(variant);
  return refuse('schema_not_found', {
    path: 'schema',
    expected: 'a schema with a default variant',
    got: schema,
    hint: 'set its default variant',
  });
}

/** Functions bound to properties that the variant does not have: they get null for them, or their result is not seen. */
export function danglingBindings(
  state: Reader,
  schema: SchemaId,
  variant: VariantId,
): { readonly path: string; readonly message: string }[] {
  const spec = specOf(state, findVariant(state, schema, variant)!.spec);
  const out: { path: string; message: string }[] = [];
  for (const { record: binding, fn } of [...bindingsOf(state, variant), ...bindingsOf(state, schema)]) {
    for (const { name, path } of binding.arguments) {
      if (path === undefined || locate(spec, segmentsOf(path as Path)) !== undefined) continue;
      out.push({ path, message: `is not in the schema any more; ${fn.name} gets nothing for ${name}` });
    }
    const { output } = binding;
    if (output !== null && locate(spec, segmentsOf(output as Path)) === undefined)
      out.push({ path: output, message: `is not in the schema any more; what ${fn.name} gives is not seen` });
  }
  return out;
}

/** What was said about the type beside its definition: how it is called and shown; with `all`, its text and page too. */
export function saidBefore(state: Reader, name: string, all: boolean): Partial<VariantSpec> {
  const schema = resolveSchema(state, name);
  const variant = schema.ok ? variantInWork(state, schema.value) : undefined;
  if (!schema.ok || variant === undefined) return {};
  const { displayName, color, docs, link } = specOf(state, findVariant(state, schema.value, variant)!.spec);
  return {
    ...(displayName === undefined ? {} : { displayName }),
    ...(color === undefined ? {} : { color }),
    ...(docs === undefined || !all ? {} : { docs }),
    ...(link === undefined || !all ? {} : { link }),
  };
}

/** Components on other variants of the schema than this one; `most` bounds the count. */
export function countBehind(state: Reader, schema: SchemaId, variant: VariantId, most: number): number {
  let count = 0;
  for (const [key] of state.scan('schemas', `${schema}/`)) {
    const other = key.slice(schema.length + 1) as VariantId;
    if (other === variant) continue;
    for (const _ of state.scan('index', index.componentsOf(other))) if (++count === most) return count;
  }
  return count;
}

export interface SchemaSource {
  readonly schema: SchemaId;
  readonly name: string;
  readonly variant: VariantId;
  readonly locked: boolean;
  readonly function: FunctionId;
  readonly text: string;
}

/** The text that the variant in work was made from. Refuses `schema_not_found`, `function_not_found` when there is none. */
export function sourceOfSchema(state: Reader, text: string): Result<SchemaSource> {
  const schema = resolveSchema(state, text);
  if (!schema.ok) return schema;
  const variant = mustHaveVariant(state, schema.value);
  if (!variant.ok) return variant;
  const definition = bindingsOf(state, variant.value).find((b) => b.fn.kind === 'schema-definition');
  const name = findSchema(state, schema.value)!.name;
  if (definition === undefined) {
    return refuse('function_not_found', {
      path: 'schema',
      expected: 'a schema that was made of a definition',
      got: JSON.stringify(name),
      hint: 'see `headwater schema describe`; a definition of that name would make an editable variant',
    });
  }
  return ok({
    schema: schema.value,
    name,
    variant: variant.value,
    locked: findVariant(state, schema.value, variant.value)!.locked,
    function: definition.record.function,
    text: state.blob(definition.fn.text),
  });
}
