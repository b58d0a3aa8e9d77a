// Schemas made of a text: a schema definition, as people write it in TypeScript or have it from System Initiative, is compiled,
// run in the isolate, and what it returns becomes a variant in a change set, with the text beside it. What has no place here is
// a warning that names it.

import type { Principal } from '../access/role.ts';
import type { ChangeSetId, ComponentId, FunctionId, RunId, SchemaId, VariantId } from '../base/ids.ts';
import type { JsonObject } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { Fault, must, ok, type Result, refuse } from '../base/result.ts';
import { type AssetSocket, type ConvertedAsset, convertAsset } from '../formats/asset/asset.ts';
import type { Path } from '../model/path.ts';
import { parsePointer } from '../model/path.ts';
import { childProperty, kindFits, type Property } from '../model/property.ts';
import { rootProperty, type VariantSpec } from '../model/schema.ts';
import type { Request } from '../mutation/request.ts';
import type { Diagnostic } from '../ports/compiler.ts';
import type { Tested } from './function_calls.ts';
import { permit } from './permit.ts';
import { readLog } from './runs.ts';
import { submit } from './submit.ts';
import { danglingBindings, variantInWork } from './variants.ts';
import type { Workspace } from './workspace.ts';

export interface AuthorAsk {
  readonly changeSet: ChangeSetId;
  readonly text: string;
  readonly name: string;
  readonly category?: string;
  readonly idempotencyKey?: string;
}

export interface AuthorWarning {
  /** A pointer into what the definition returned, or into the component. */
  readonly path: string;
  readonly message: string;
}

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
  readonly warnings: readonly AuthorWarning[];
  /** What it wrote while it ran. */
  readonly log: readonly string[];
  readonly run: RunId;
}

/**
 * Runs a definition and makes or edits the schema, in one batch. Refuses `access_denied`, `function_invalid` (with the place
 * in `path` and every diagnostic in `data`), `request_malformed` and `property_tree_invalid` for what it returns, and what
 * `submit` refuses.
 */
export async function authorSchema(w: Workspace, principal: Principal, ask: AuthorAsk): Promise<Result<AuthorReply>> {
  const made = await runDefinition(w, principal, ask);
  if (!made.ok) return made;
  const { spec, follows, converted, warnings, log, run } = made.value;
  const mutation: Request = {
    kind: 'schema.define',
    name: ask.name,
    ...(ask.category === undefined ? {} : { category: ask.category }),
    spec,
    text: ask.text,
    follows,
  };
  const done = await submit(w, principal, {
    changeSet: ask.changeSet,
    mutations: [mutation],
    ...(ask.idempotencyKey === undefined ? {} : { idempotencyKey: ask.idempotencyKey }),
  });
  if (!done.ok) return done;
  const { version, steps } = done.value;
  const schema = steps[0]!.subject as SchemaId;
  const { snapshot } = must(await w.present(ask.changeSet));
  const { variant, dangling } = await w.read(() => {
    const inWork = must(variantInWork(snapshot, schema));
    return { variant: inWork, dangling: danglingBindings(snapshot, schema, inWork) };
  });
  return ok({
    changeSet: ask.changeSet,
    version,
    schema,
    variant,
    name: ask.name,
    edits: steps[0]!.edits,
    follows,
    secretSlots: converted.secretSlots,
    definesSecret: converted.secretDefinition?.name ?? null,
    warnings: [...warnings, ...dangling],
    log,
    run,
  });
}

export interface CheckedDefinition {
  /** No error among them. */
  readonly ok: boolean;
  readonly diagnostics: readonly Diagnostic[];
  readonly warnings: readonly AuthorWarning[];
}

/** What is wrong with a definition, types included; nothing is changed. One without errors is run. Refuses `access_denied`. */
export async function checkDefinition(
  w: Workspace,
  principal: Principal,
  ask: Pick<AuthorAsk, 'changeSet' | 'text'>,
): Promise<Result<CheckedDefinition>> {
  const { compiler } = w.calls;
  if (compiler === undefined) throw new Fault('runner_unavailable', 'functions cannot be compiled here');
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

function diagnostic(
  code: string,
  message: string,
  at?: { readonly line: number; readonly column: number },
): Diagnostic {
  return { severity: 'error', line: at?.line ?? 1, column: at?.column ?? 1, length: 0, message, code };
}

interface Made {
  readonly converted: ConvertedAsset;
  readonly spec: VariantSpec;
  readonly follows: AuthorReply['follows'];
  readonly warnings: readonly AuthorWarning[];
  readonly log: readonly string[];
  readonly run: RunId;
}

async function runDefinition(w: Workspace, principal: Principal, ask: AuthorAsk): Promise<Result<Made>> {
  const may = await permit(w, principal, 'edit', { operation: 'run a schema definition', subject: ask.name });
  if (!may.ok) return may;
  const compiled = w.calls.compiler?.compile(ask.text, 'schema-definition');
  if (compiled?.ok && compiled.value.tier !== 'isolate') return notPure(compiled.value.effects);
  const started = await w.calls.test({
    call: {
      function: '' as FunctionId,
      name: ask.name,
      kind: 'schema-definition',
      text: w.world.digest(ask.text),
      input: 'null',
    },
    at: { component: '' as ComponentId, path: '' as Path },
    changeSet: ask.changeSet,
    actor: principal.id,
    source: ask.text,
  });
  if (!started.ok) return started;
  const { run, ended } = started.value;
  const tested = await ended;
  const lines = must(await readLog(w, { run, after: 0, limit: limits.pageRowsMax, waitMs: 0 }));
  const log = lines.lines.map((l) => l.text);
  if (!lines.complete) log.push(`… more with: headwater run log ${run}`);
  const { gave } = tested;
  if (gave.state === 'error') return failed(gave, tested, log);
  const converted = convertAsset(gave.state === 'value' ? gave.value : null);
  if (!converted.ok) return converted;
  const { spec, bindings, sockets, secretDefinition } = converted.value;
  const warnings: AuthorWarning[] = [...converted.value.warnings, ...sockets.flatMap(aboutSocket)];
  const follows = bindings.filter((b) => {
    const why = whyUnbound(spec, b.output, b.path);
    if (why !== undefined) warnings.push({ path: b.output, message: `does not follow ${b.path}: ${why}` });
    return why === undefined;
  });
  const whole = secretDefinition === undefined ? spec : { ...spec, secretDefinition };
  return ok({ converted: converted.value, spec: whole, follows, warnings, log, run });
}

function notPure(effects: readonly string[]): Result<never> {
  const got = effects.length === 0 ? 'one that declares effects' : `one that uses ${effects.join(', ')}`;
  return refuse('function_invalid', {
    path: 'text:1:1',
    expected: 'a definition that only computes',
    got,
    hint: 'build the schema from what stands in the text',
    data: { diagnostics: [diagnostic('effects', `A schema definition only computes; this is ${got}.`)] },
  });
}

function failed(
  gave: { readonly code: string; readonly message: string },
  { report }: Tested,
  log: readonly string[],
): Result<never> {
  const at = report.outcome.ok ? undefined : report.outcome.at;
  const message = report.outcome.ok ? gave.message : report.outcome.message;
  return refuse('function_invalid', {
    path: at === undefined ? 'text' : `text:${at.line}:${at.column}`,
    expected: 'a definition that runs to its end and returns what AssetBuilder builds',
    got: `${gave.code}: ${message}`,
    hint: 'correct it at that place, or try it with `headwater schema check`',
    data: { diagnostics: [diagnostic(gave.code, message, at)], log } as unknown as JsonObject,
  });
}

/** Sockets have become subscriptions, which are made on components; a secret's are said by its slot. */
function aboutSocket(s: AssetSocket): AuthorWarning[] {
  const ends = s.direction === 'input' ? s.targets : s.source === undefined ? [] : [s.source];
  if (ends.length > 0 && ends.every((p) => p.startsWith('/secrets/'))) return [];
  const path = `/${s.direction}Sockets/${s.name}`;
  if (s.direction === 'input') {
    const instead =
      ends.length === 0 ? 'nothing takes from it' : `subscribe ${ends.join(', ')} on each component instead`;
    return [{ path, message: `is no connection here: ${instead}` }];
  }
  const instead = ends.length === 0 ? 'it gives nothing' : `others subscribe to ${ends.join(', ')} instead`;
  return [{ path, message: `is no connection here: ${instead}` }];
}

/** Why a property cannot be bound to follow another of its component; undefined: it can. */
function whyUnbound(spec: VariantSpec, output: string, path: string): string | undefined {
  if (output === '/si/name') return 'each component has a name of its own, which may subscribe to a value';
  if (output.startsWith('/resource')) return 'what the provider reports stands there without being bound';
  if (output.startsWith('/secrets')) return 'secrets are references, made by people';
  const [to, from] = [propertyOf(spec, output), propertyOf(spec, path)];
  if (from === undefined) return 'the schema has no such property';
  if (to === undefined || !(output === '/si/color' || output.startsWith('/domain')))
    return 'nothing can be bound there';
  if (kindFits(to, from, spec.definitions, spec.definitions)) return undefined;
  return `one is of kind ${to.kind}, the other of kind ${from.kind}`;
}

function propertyOf(spec: VariantSpec, pointer: string): Property | undefined {
  const segments = parsePointer(pointer);
  if (!segments.ok) return undefined;
  let at: Property | undefined = rootProperty(spec);
  for (const key of segments.value) at = at && childProperty(at, { key }, spec.definitions);
  return at;
}
