// Schemas made of a text: a schema definition, as people write it in TypeScript or have it from System Initiative, is run, and
// what it returns becomes a variant in a change set, with the text beside it. One that is made by `defineSchema` has
// functions in it, which become functions bound to the variant.
//
// Types hold a `defineSchema` back, which has run nowhere else; existing definitions run as they are, so that what is wrong
// with their types is only said, to who wants to know.

import type { Principal } from '../access/role.ts';
import type { ChangeSetId, RunId, SchemaId, VariantId } from '../base/ids.ts';
import { limits } from '../base/limits.ts';
import { Fault, must, ok, type Result, refuse } from '../base/result.ts';
import type { ConvertedAsset } from '../formats/asset/asset.ts';
import type { FunctionKind } from '../model/function.ts';
import type { VariantSpec } from '../model/schema.ts';
import type { Reader } from '../model/state.ts';
import type { Request } from '../mutation/request.ts';
import type { Compiler, Diagnostic } from '../ports/compiler.ts';
import { presentOf } from './catch_up.ts';
import { type DefinitionWarning, diagnostic, invalid, runDefinition } from './definition.ts';
import { findListed, isLocked, variantOf } from './schema_catalogue.ts';
import { checkOpen, submit } from './submit.ts';
import { countBehind, danglingBindings, mustHaveVariant, saidBefore, sourceOfSchema } from './variants.ts';
import type { Workspace } from './workspace.ts';

export interface AuthorAsk {
  readonly changeSet: ChangeSetId;
  readonly text: string;
  readonly name: string;
  readonly category?: string;
  readonly idempotencyKey?: string;
  /** Look at types also where they hold nothing back. */
  readonly types?: boolean;
  /** Refused (`name_taken`) where there is a schema of that name. */
  readonly isNew?: boolean;
  /** What is said about the type beside its definition; what is left out stays as it was. */
  readonly about?: AboutType;
  /** The version that the author saw; absent: the present one. */
  readonly baseVersion?: number;
  /** Only if the change set is at this version when the edit is made. */
  readonly ifVersion?: number;
}

export type AboutType = Partial<Pick<VariantSpec, 'docs' | 'link' | 'displayName' | 'color'>>;

export interface AuthorReply {
  readonly changeSet: ChangeSetId;
  readonly version: number;
  readonly schema: SchemaId;
  readonly variant: VariantId;
  readonly name: string;
  /** Single edits that it came to; 0: it was that way already. */
  readonly edits: number;
  /** Properties that take the value of another. */
  readonly follows: readonly { readonly output: string; readonly path: string }[];
  readonly secretSlots: ConvertedAsset['secretSlots'];
  /** The kind of secret that components of it define; null: none. */
  readonly definesSecret: string | null;
  /** Functions that stand in the definition. */
  readonly functions: readonly { readonly name: string; readonly kind: FunctionKind; readonly output?: string }[];
  /** Components on other variants of the schema, which stay there until they are upgraded; counted up to a page. */
  readonly behind: number;
  readonly warnings: readonly DefinitionWarning[];
  /** What is wrong with its types, where that was asked for and does not hold it back. */
  readonly diagnostics: readonly Diagnostic[];
  /** What it wrote while it ran. */
  readonly log: readonly string[];
  readonly run: RunId;
}

/**
 * Runs a definition and makes or edits the schema, in one batch. Refuses what `runDefinition` does, `function_invalid` for
 * types too where the definition is made by `defineSchema`, and what `submit` refuses.
 */
export async function authorSchema(w: Workspace, principal: Principal, ask: AuthorAsk): Promise<Result<AuthorReply>> {
  const made = await runDefinition(w, principal, { ...ask, isMade: true });
  if (!made.ok) return made;
  const { spec, follows, secretSlots, functions, warnings, log, run } = made.value;
  const compiler = compilerOf(w);
  const looks = functions !== undefined || ask.types === true;
  const diagnostics = looks ? await compiler.check({ text: ask.text, kind: 'schema-definition' }) : [];
  if (functions !== undefined && diagnostics.some(holdsBack)) return invalid(diagnostics.filter(holdsBack), log);
  const now = await w.present(ask.changeSet);
  if (!now.ok) return now;
  const gone = await w.read(() => functionsBefore(compiler, now.value.snapshot, ask.name));
  // A definition that is made by builders says nothing about its type but in what stands beside it.
  const before = await w.read(() => saidBefore(now.value.snapshot, ask.name, functions === undefined));
  const mutation: Request = {
    kind: 'schema.define',
    name: ask.name,
    ...(ask.category === undefined ? {} : { category: ask.category }),
    spec: { ...before, ...spec, ...ask.about },
    text: ask.text,
    follows,
    functions: functions ?? [],
    gone,
    ...(ask.isNew === true ? { isNew: true } : {}),
  };
  const done = await submit(w, principal, {
    changeSet: ask.changeSet,
    mutations: [mutation],
    ...(ask.idempotencyKey === undefined ? {} : { idempotencyKey: ask.idempotencyKey }),
    ...(ask.baseVersion === undefined ? {} : { baseVersion: ask.baseVersion }),
    ...(ask.ifVersion === undefined ? {} : { ifVersion: ask.ifVersion }),
  });
  if (!done.ok) return done;
  const { version, steps } = done.value;
  const schema = steps[0]!.subject as SchemaId;
  const { snapshot } = must(await w.present(ask.changeSet));
  const { variant, dangling, behind } = await w.read(() => {
    const inWork = must(mustHaveVariant(snapshot, schema));
    const dangling = danglingBindings(snapshot, schema, inWork);
    return { variant: inWork, dangling, behind: countBehind(snapshot, schema, inWork, limits.pageRowsMax) };
  });
  return ok({
    changeSet: ask.changeSet,
    version,
    schema,
    variant,
    name: ask.name,
    edits: steps[0]!.edits,
    follows,
    secretSlots,
    definesSecret: spec.secretDefinition?.name ?? null,
    functions: (functions ?? []).map(({ name, functionKind: kind, output }) =>
      output === undefined ? { name, kind } : { name, kind, output },
    ),
    behind,
    warnings: [...warnings, ...dangling],
    diagnostics,
    log,
    run,
  });
}

export interface UpdateVariantAsk extends Omit<AuthorAsk, 'name' | 'isNew'> {
  /** By id or name. */
  readonly schema: string;
  /** By id; unlocked. */
  readonly variant: string;
}

/**
 * Makes an unlocked variant anew of a text. Where components are on it and its properties become others, that is another
 * variant, as the answer says. Refuses what `authorSchema` does, `variant_of_another_schema`, and `locked`.
 */
export async function updateVariant(
  w: Workspace,
  principal: Principal,
  ask: UpdateVariantAsk,
): Promise<Result<AuthorReply>> {
  const { schema, variant, ...author } = ask;
  const now = await presentOf(w, ask.changeSet);
  if (!now.ok) return now;
  const open = checkOpen(now.value.branch);
  if (!open.ok) return open;
  const { snapshot } = now.value;
  const named = await w.read((): Result<string> => {
    const found = findListed(w, snapshot, schema);
    const id = found.ok ? variantOf(snapshot, found.value, variant) : found;
    if (!found.ok || !id.ok) return id as Result<never>;
    if (!isLocked(snapshot, found.value, id.value)) return ok(found.value.name);
    return refuse('locked', {
      path: 'variant',
      expected: 'an unlocked variant',
      got: `a locked one of ${found.value.name}`,
      hint: 'unlock the schema: that makes an editable copy',
    });
  });
  return named.ok ? authorSchema(w, principal, { ...author, name: named.value }) : named;
}

/** Not what could not be looked at in time. */
const holdsBack = (d: Diagnostic): boolean => d.severity === 'error' && d.code !== 'check_timed_out';

/** Names of the functions that stand in the text which the schema's variant in work was made of. */
function functionsBefore(compiler: Compiler, state: Reader, name: string): readonly string[] {
  const source = sourceOfSchema(state, name);
  return source.ok ? (compiler.functionsOf(source.value.text) ?? []).map((f) => f.name) : [];
}

function compilerOf(w: Workspace): Compiler {
  const { compiler } = w.calls;
  if (compiler === undefined) throw new Fault('runner_unavailable', 'functions cannot be compiled here');
  return compiler;
}

export interface CheckedDefinition {
  /** No error among them. */
  readonly ok: boolean;
  readonly diagnostics: readonly Diagnostic[];
  readonly warnings: readonly DefinitionWarning[];
}

/** What is wrong with a definition, types included; nothing is changed. One without errors is run. Refuses `access_denied`. */
export async function checkDefinition(
  w: Workspace,
  principal: Principal,
  ask: Pick<AuthorAsk, 'changeSet' | 'text'>,
): Promise<Result<CheckedDefinition>> {
  const compiler = compilerOf(w);
  const compiled = compiler.compile(ask.text, 'schema-definition');
  if (!compiled.ok && compiled.refusal.code !== 'function_invalid') return compiled;
  const types = await compiler.check({ text: ask.text, kind: 'schema-definition' });
  const isBad = !compiled.ok || types.some((d) => d.severity === 'error');
  if (isBad) return ok({ ok: false, diagnostics: types, warnings: [] });
  const made = await runDefinition(w, principal, { ...ask, name: 'definition' });
  if (made.ok) return ok({ ok: true, diagnostics: types, warnings: made.value.warnings });
  if (made.refusal.code === 'access_denied' || made.refusal.code === 'limit_exceeded') return made;
  return ok({ ok: false, diagnostics: [...types, ...diagnosticsOf(made.refusal)], warnings: [] });
}

/** Of a refusal that has none, one at the beginning of the text. */
function diagnosticsOf({ code, path, expected, got, data }: RefusalOf): readonly Diagnostic[] {
  const given = (data as { diagnostics?: readonly Diagnostic[] } | undefined)?.diagnostics;
  if (given !== undefined) return given;
  return [diagnostic(code, `What it returns does not fit at ${path}: expected ${expected}, got ${got}.`)];
}

type RefusalOf = Extract<Result<never>, { ok: false }>['refusal'];
