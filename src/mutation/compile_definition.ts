// Compiling a schema definition that has been run: the schema or its unlocked variant, the text it was made from as a function
// bound to the variant, and functions for the properties that take the value of another. Only what differs is edited, so
// that the same definition again changes nothing. Other properties under components that exist are another variant:
// components move to it when they are upgraded, which says what did not fit.

import type { BindingId, FunctionId, Hash, SchemaId, VariantId } from '../base/ids.ts';
import type { JsonObject } from '../base/json.ts';
import { must } from '../base/result.ts';
import { type FunctionRecord, identityText } from '../model/function.ts';
import { index, indexUser, variantKey } from '../model/keys.ts';
import { findRecord, findSchema, findVariant, resolveSchema } from '../model/lookup.ts';
import { parseVariantSpec, variantSpecText } from '../model/schema.ts';
import { type About, type Compilation, malformed, mustName, type NounRequest } from './compile.ts';
import { addBinding, type BindingHere, bindingsOf } from './compile_binding.ts';
import { newId } from './compile_component.ts';
import { bindFunctions, hasFunctions, mustFunctions, newFunction } from './compile_defined.ts';
import { addSchema, fail, mustText, setField, unlocked } from './compile_noun.ts';
import { diffText } from './text.ts';

type Define = Extract<NounRequest, { kind: 'schema.define' }>;

export function define(c: Compilation, r: Define): About {
  const name = mustName(r.name, 'name');
  const text = mustText(r.text);
  const follows = (r.follows ?? []).map(({ output, path }) =>
    typeof output === 'string' && typeof path === 'string'
      ? { output, path }
      : malformed('follows', 'an output and a path', { output, path }),
  );
  const functions = mustFunctions(r.functions ?? []);
  const wanted: Wanted = { text, follows, functions, gone: r.gone ?? [] };
  const found = resolveSchema(c.draft, name, 'name');
  if (!found.ok && found.refusal.code !== 'schema_not_found') return must(found) as never;
  const known = found.ok && findSchema(c.draft, found.value)?.name === name ? found.value : undefined;
  if (known !== undefined && r.isNew === true) {
    fail('name_taken', {
      path: 'name',
      expected: 'a name that no schema has',
      got: `${JSON.stringify(name)}, of ${known}`,
      hint: 'choose another name, or update the variant that it has unlocked',
    });
  }
  const schema = known ?? newId<SchemaId>(c, r.id);
  const variant = known === undefined ? created(c, schema, name, r) : edited(c, schema, name, r, wanted);
  if (variant !== undefined) {
    keepText(c, variant, name, text);
    // Identity functions first: one may have given what a function gives now.
    follow(c, variant, follows);
    bindFunctions(c, variant, functions, wanted.gone);
  }
  return { subject: schema, sentence: `define schema ${name}` };
}

function created(c: Compilation, schema: SchemaId, name: string, r: Define): VariantId {
  const variant = c.ids.ulid<VariantId>();
  const category = r.category ?? 'User';
  addSchema(c, { schema, variant, name, category, origin: 'user', spec: r.spec, locked: false });
  return variant;
}

interface Wanted {
  readonly text: string;
  readonly follows: NonNullable<Define['follows']>;
  readonly functions: NonNullable<Define['functions']>;
  readonly gone: NonNullable<Define['gone']>;
}

/** The unlocked variant with the new document; undefined: the default variant is what is wanted already. */
function edited(c: Compilation, schema: SchemaId, name: string, r: Define, wanted: Wanted): VariantId | undefined {
  const record = findSchema(c.draft, schema)!;
  const from = record.defaultVariant;
  const standing = from === null ? undefined : findVariant(c.draft, schema, from);
  if (from === null || standing === undefined) {
    fail('schema_not_found', {
      path: 'name',
      expected: 'a schema with a default variant',
      got: JSON.stringify(name),
      hint: 'set its default variant first',
    });
  }
  const spec = c.draft.putBlob(variantSpecText(must(parseVariantSpec(r.spec, 'spec'))));
  if (standing.spec === spec && isAsWanted(c, from, wanted) && !hasUnlocked(c, schema)) return undefined;
  const variant = withoutComponents(c, schema, unlocked(c, schema, from), spec);
  const key = variantKey(schema, variant);
  setField(c, 'variant', key, findRecord<JsonObject>(c.draft, 'schemas', key)!, 'spec', spec);
  if (r.category !== undefined) setField(c, 'schema', schema, record as unknown as JsonObject, 'category', r.category);
  return variant;
}

/** The variant, or the copy that takes its place where components are on it and its properties would become others. */
function withoutComponents(c: Compilation, schema: SchemaId, variant: VariantId, spec: Hash): VariantId {
  if (findVariant(c.draft, schema, variant)!.spec === spec || !hasComponents(c, variant)) return variant;
  c.emit({ kind: 'record.set', noun: 'variant', key: variantKey(schema, variant), field: 'locked', value: true });
  const copy = unlocked(c, schema, variant);
  // Only one that no apply has made the default stands so: the next component is of what is being worked on.
  const record = findSchema(c.draft, schema)!;
  if (record.defaultVariant === variant)
    c.emit({ kind: 'record.set', noun: 'schema', key: schema, field: 'defaultVariant', value: copy });
  return copy;
}

function hasComponents(c: Compilation, variant: VariantId): boolean {
  for (const _ of c.draft.scan('index', index.componentsOf(variant))) return true;
  return false;
}

function hasUnlocked(c: Compilation, schema: SchemaId): boolean {
  return [...c.draft.scan('schemas', `${schema}/`)].some(
    ([, text]) => (JSON.parse(text) as { locked: boolean }).locked === false,
  );
}

function isAsWanted(c: Compilation, variant: VariantId, { text, follows, functions, gone }: Wanted): boolean {
  const here = bindingsOf(c.draft, variant);
  const definition = here.find((b) => b.fn.kind === 'schema-definition');
  const has = here.filter((b) => isIdentity(c, b)).map(followOf);
  const same = has.length === follows.length && follows.every((f) => has.some((h) => sameFollow(f, h)));
  if (definition === undefined || c.draft.blob(definition.fn.text) !== text) return false;
  return same && hasFunctions(c, variant, functions, gone);
}

/** The text stays with the variant, as a function; one that other variants have too is left to them. */
function keepText(c: Compilation, variant: VariantId, name: string, text: string): void {
  const here = bindingsOf(c.draft, variant);
  const now = here.find((b) => b.fn.kind === 'schema-definition');
  if (now !== undefined && c.draft.blob(now.fn.text) === text) return;
  if (now !== undefined && !now.fn.locked && bindingsOf(c.draft, now.record.function).length === 1) {
    const changes = diffText(c.draft.blob(now.fn.text), text);
    const to = c.draft.putBlob(text);
    c.emit({ kind: 'text.edit', function: now.record.function, changes, from: now.fn.text, to });
    return;
  }
  if (now !== undefined) c.emit({ kind: 'record.remove', noun: 'binding', key: now.id });
  const taken = new Set(here.filter((b) => b !== now).map((b) => b.fn.name));
  let free = `${name} definition`;
  for (let n = 2; taken.has(free); n++) free = `${name} definition ${n}`;
  const fn = newFunction(c, free, 'schema-definition', text);
  bind(c, variant, fn, [], null);
}

/** Functions for exactly these properties: each gives the value of another. */
function follow(c: Compilation, variant: VariantId, wanted: NonNullable<Define['follows']>): void {
  const here = bindingsOf(c.draft, variant).filter((b) => isIdentity(c, b));
  for (const b of here)
    if (!wanted.some((f) => sameFollow(f, followOf(b)))) c.emit({ kind: 'record.remove', noun: 'binding', key: b.id });
  const missing = wanted.filter((f) => !here.some((b) => sameFollow(f, followOf(b))));
  if (missing.length === 0) return;
  const fn = identity(c);
  for (const { output, path } of missing) bind(c, variant, fn, [{ name: 'value', path }], output);
}

interface Follow {
  readonly output: string;
  readonly path: string;
}

const sameFollow = (a: Follow, b: Follow): boolean => a.output === b.output && a.path === b.path;
const followOf = ({ record }: BindingHere): Follow => ({
  output: record.output ?? '',
  path: record.arguments[0]?.path ?? '',
});

function isIdentity(c: Compilation, { fn, record }: BindingHere): boolean {
  return (
    fn.name === 'identity' &&
    fn.kind === 'attribute' &&
    record.arguments.length === 1 &&
    c.draft.blob(fn.text) === identityText
  );
}

/** The function that gives its argument: one serves the whole workspace. */
function identity(c: Compilation): FunctionId {
  for (const [key] of c.draft.scan('index', index.functionsNamed('identity'))) {
    const fn = findRecord<FunctionRecord>(c.draft, 'functions', indexUser(key));
    if (fn?.kind === 'attribute' && c.draft.blob(fn.text) === identityText) return indexUser(key) as FunctionId;
  }
  return newFunction(c, 'identity', 'attribute', identityText);
}

function bind(
  c: Compilation,
  variant: VariantId,
  fn: FunctionId,
  args: readonly { readonly name: string; readonly path: string }[],
  output: string | null,
): void {
  addBinding(c, c.ids.ulid<BindingId>(), { function: fn, target: { variant }, arguments: args, output, action: null });
}
