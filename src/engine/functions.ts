// Looking at functions: the list, one with its text and where it is bound, what is wrong with a text, and the types that an
// editor needs. A text that is checked may be one that is not saved.

import type { BindingId, FunctionId, Hash, SchemaId, VariantId } from '../base/ids.ts';
import { limits } from '../base/limits.ts';
import { Fault, must, ok, type Result, refuse } from '../base/result.ts';
import type {
  ActionFunctionKind,
  BindingArgument,
  BindingRecord,
  FunctionKind,
  FunctionRecord,
} from '../model/function.ts';
import { functionKinds } from '../model/function.ts';
import { index, indexUser } from '../model/keys.ts';
import {
  findRecord,
  findSchema,
  findVariant,
  resolveFunction,
  resolveSchema,
  schemaOfVariant,
  specOf,
} from '../model/lookup.ts';
import type { Tier } from '../model/run.ts';
import type { VariantSpec } from '../model/schema.ts';
import type { Reader } from '../model/state.ts';
import type { Catalogue } from '../ports/catalogue.ts';
import type { CheckRequest, Compiler, Diagnostic } from '../ports/compiler.ts';
import type { Page } from './component.ts';
import { describeSchema } from './schema.ts';
import { mustHaveVariant } from './variants.ts';
import type { Workspace } from './workspace.ts';

export interface FunctionLine {
  readonly id: FunctionId;
  readonly name: string;
  readonly kind: FunctionKind;
  readonly locked: boolean;
  /** Names of the schemas that it is bound to. */
  readonly schemas: readonly string[];
}

export interface BoundWhere {
  readonly binding: BindingId;
  readonly schema: { readonly id: SchemaId; readonly name: string };
  /** null: bound to the schema, for all its variants. */
  readonly variant: VariantId | null;
  readonly arguments: readonly BindingArgument[];
  readonly output: string | null;
  readonly action: ActionFunctionKind | null;
}

export interface FunctionView {
  readonly id: FunctionId;
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  readonly kind: FunctionKind;
  readonly locked: boolean;
  readonly text: string;
  readonly textHash: Hash;
  readonly bound: readonly BoundWhere[];
  /** Where it runs, and which names with effects are the reason; null: its text does not compile, or nothing compiles here. */
  readonly runs: { readonly tier: Tier; readonly effects: readonly string[]; readonly codeHash: Hash } | null;
}

/** In order of their names, then ids; `cursor` is the `nextCursor` of the page before. */
export function listFunctions(
  state: Reader,
  ask: { readonly kind?: FunctionKind; readonly cursor?: string; readonly limit?: number },
): Page<FunctionLine> {
  const limit = Math.min(Math.max(1, ask.limit ?? limits.pageRowsMax), limits.pageRowsMax);
  const schemas = schemasByFunction(state);
  const prefix = 'function:';
  const items: FunctionLine[] = [];
  let last = '';
  for (const [key] of state.scan('index', prefix, ask.cursor === undefined ? undefined : prefix + ask.cursor)) {
    const id = indexUser(key) as FunctionId;
    const { name, kind, locked } = findRecord<FunctionRecord>(state, 'functions', id)!;
    if (ask.kind !== undefined && kind !== ask.kind) continue;
    if (items.length === limit) return { items, nextCursor: last };
    items.push({ id, name, kind, locked, schemas: [...(schemas.get(id) ?? [])].sort() });
    last = key.slice(prefix.length);
  }
  return { items, nextCursor: null };
}

function schemasByFunction(state: Reader): Map<FunctionId, Set<string>> {
  const out = new Map<FunctionId, Set<string>>();
  for (const [key, text] of state.scan('bindings', '')) {
    const record = JSON.parse(text) as BindingRecord;
    const { name } = whereOf(state, key as BindingId, record).schema;
    const names = out.get(record.function);
    if (names === undefined) out.set(record.function, new Set([name]));
    else names.add(name);
  }
  return out;
}

/** Refuses `function_not_found`, `ambiguous_name`. */
export function readFunction(state: Reader, compiler: Compiler | undefined, name: string): Result<FunctionView> {
  const id = resolveFunction(state, name);
  if (!id.ok) return id;
  const { text: textHash, ...record } = findRecord<FunctionRecord>(state, 'functions', id.value)!;
  const text = state.blob(textHash);
  const compiled = compiler?.compile(text, record.kind);
  const runs = compiled?.ok
    ? { tier: compiled.value.tier, effects: compiled.value.effects, codeHash: compiled.value.hash }
    : null;
  return ok({ id: id.value, ...record, text, textHash, bound: bindingsOf(state, id.value), runs });
}

function bindingsOf(state: Reader, fn: FunctionId): BoundWhere[] {
  const out: BoundWhere[] = [];
  for (const [key, text] of state.scan('bindings', '')) {
    const record = JSON.parse(text) as BindingRecord;
    if (record.function === fn) out.push(whereOf(state, key as BindingId, record));
  }
  return out;
}

function whereOf(state: Reader, binding: BindingId, record: BindingRecord): BoundWhere {
  const { target, arguments: args, output, action } = record;
  let schema = target.schema;
  if (schema === undefined)
    for (const [key] of state.scan('index', index.schemasOfVariant(target.variant!)))
      schema = indexUser(key) as SchemaId;
  const name = (schema && findSchema(state, schema)?.name) ?? '';
  return {
    binding,
    schema: { id: schema ?? ('' as SchemaId), name },
    variant: target.variant ?? null,
    arguments: args,
    output,
    action,
  };
}

/** What is to be checked: a function by name, with another text in its place, or a text of a kind alone. */
export interface CheckAsk {
  readonly function?: string;
  readonly text?: string;
  readonly kind?: string;
  /** The schema whose types it is checked against; default: the one it is bound to. */
  readonly schema?: string;
  readonly arguments?: readonly BindingArgument[];
  /** Only whether it compiles, which does not look at types. */
  readonly quick?: boolean;
}

export interface Checked {
  /** No error among them. */
  readonly ok: boolean;
  readonly diagnostics: readonly Diagnostic[];
  readonly text: string;
  /** null: it does not compile. */
  readonly tier: Tier | null;
  readonly effects: readonly string[];
}

/** Refuses `request_malformed` and what finding the function and the schema refuses. */
export async function checkFunction(w: Workspace, state: Reader, ask: CheckAsk): Promise<Result<Checked>> {
  const compiler = compilerOf(w);
  const found = await w.read(() => aboutOf(state, ask, true));
  if (!found.ok) return found;
  const request = found.value;
  const compiled = compiler.compile(request.text, request.kind);
  if (!compiled.ok && compiled.refusal.code !== 'function_invalid') return compiled;
  const first = compiled.ok ? [] : (compiled.refusal.data as { diagnostics: Diagnostic[] }).diagnostics;
  // What does not parse has no types to look at.
  const types = ask.quick === true || first.length > 0 ? [] : await compiler.check(request);
  const diagnostics = [...first, ...types];
  return ok({
    ok: diagnostics.every((d) => d.severity !== 'error'),
    diagnostics,
    text: request.text,
    tier: compiled.ok ? compiled.value.tier : null,
    effects: compiled.ok ? compiled.value.effects : [],
  });
}

export interface Declarations {
  readonly kind: FunctionKind;
  /** The schema that they are of; null: of none. */
  readonly schema: string | null;
  /** A `.d.ts`. */
  readonly text: string;
}

/** Types for an editor. Refuses as `checkFunction`. */
export async function declarationsOf(w: Workspace, state: Reader, ask: CheckAsk): Promise<Result<Declarations>> {
  const compiler = compilerOf(w);
  const found = await w.read(() => aboutOf(state, ask, false));
  if (!found.ok) return found;
  const { text: _, schema, ...request } = found.value;
  return ok({ kind: request.kind, schema, text: compiler.declarations(request) });
}

/** Types of functions over a schema, as it is being worked on, or as the catalogue has it. Refuses `schema_not_found`. */
export async function declarationsOfSchema(
  w: Workspace,
  state: Reader,
  ask: { readonly catalogue: Catalogue; readonly schema: string; readonly kind: FunctionKind },
): Promise<Result<Declarations>> {
  const compiler = compilerOf(w);
  const found = await w.read(() => {
    const described = describeSchema(state, ask.catalogue, ask.schema);
    if (!described.ok || described.value.id === null) return described;
    const { id, name } = described.value;
    const inWork = must(mustHaveVariant(state, id));
    return ok({ name, spec: specOf(state, findVariant(state, id, inWork)!.spec) });
  });
  if (!found.ok) return found;
  const { name, spec } = found.value;
  return ok({ kind: ask.kind, schema: name, text: compiler.declarations({ kind: ask.kind, spec }) });
}

function compilerOf(w: Workspace): Compiler {
  const { compiler } = w.calls;
  if (compiler === undefined) throw new Fault('runner_unavailable', 'functions cannot be compiled here');
  return compiler;
}

type About = CheckRequest & { readonly schema: string | null };

function aboutOf(state: Reader, ask: CheckAsk, needsText: boolean): Result<About> {
  const id = ask.function === undefined ? undefined : resolveFunction(state, ask.function);
  if (id !== undefined && !id.ok) return id;
  const record = id && findRecord<FunctionRecord>(state, 'functions', id.value);
  const kind = record?.kind ?? ask.kind;
  if (!(functionKinds as readonly (string | undefined)[]).includes(kind)) {
    return refuse('request_malformed', {
      path: 'kind',
      expected: functionKinds.join(', '),
      got: JSON.stringify(kind ?? null),
      hint: 'name the function, or the kind of the text',
    });
  }
  const text = ask.text ?? (record === undefined || !needsText ? undefined : state.blob(record.text));
  if (text === undefined && needsText) {
    return refuse('request_malformed', {
      path: 'text',
      expected: 'a function, or a text',
      got: 'neither',
      hint: 'name the function to check, or send its text',
    });
  }
  const bound = id === undefined ? [] : bindingsOf(state, id.value);
  const at = bound[0];
  const typed = ask.schema === undefined ? at && specOfBinding(state, at) : specByName(state, ask.schema);
  if (typed !== undefined && 'refusal' in typed) return typed;
  const args = ask.arguments ?? at?.arguments;
  return ok({
    text: text ?? '',
    kind: kind as FunctionKind,
    schema: typed?.name ?? null,
    ...(typed === undefined ? {} : { spec: typed.spec }),
    ...(args === undefined || args.length === 0
      ? {}
      : { arguments: args.map(({ name, path }) => (path === undefined ? { name } : { name, path })) }),
  });
}

interface Typed {
  readonly name: string;
  readonly spec: VariantSpec;
}

function specOfBinding(state: Reader, { schema, variant }: BoundWhere): Typed | undefined {
  const which = variant ?? findSchema(state, schema.id)?.defaultVariant ?? undefined;
  const record = which === undefined ? undefined : findVariant(state, schema.id, which);
  return record && { name: schema.name, spec: specOf(state, record.spec) };
}

/** By the schema's id or name, or a variant's id. */
function specByName(state: Reader, text: string): Typed | Extract<Result<never>, { ok: false }> | undefined {
  const variant = schemaOfVariant(state, text);
  if (variant.ok) {
    const { schema, record } = variant.value;
    return { name: findSchema(state, schema)?.name ?? '', spec: specOf(state, record.spec) };
  }
  const schema = resolveSchema(state, text);
  if (!schema.ok) return schema;
  const { name, defaultVariant } = findSchema(state, schema.value)!;
  const record = defaultVariant === null ? undefined : findVariant(state, schema.value, defaultVariant);
  return record && { name, spec: specOf(state, record.spec) };
}

/** Refuses `request_malformed`. */
export function parseKind(text: string): FunctionKind {
  if ((functionKinds as readonly string[]).includes(text)) return text as FunctionKind;
  return must<never>(
    refuse('request_malformed', {
      path: 'kind',
      expected: functionKinds.join(', '),
      got: JSON.stringify(text),
      hint: 'use one of these kinds',
    }),
  );
}
