// Running a schema definition: compiled, run in the isolate, and what it returned converted. Two forms are known by what they
// return: what AssetBuilder builds, and what `defineSchema` made of one object, whose functions are taken from the text. What
// has no place in a variant is a warning that names it.

import type { Principal } from '../access/role.ts';
import type { ChangeSetId, ComponentId, FunctionId, RunId } from '../base/ids.ts';
import type { Json, JsonObject } from '../base/json.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { type AssetSocket, type ConvertedAsset, convertAsset } from '../formats/asset/asset.ts';
import { convertDefined, isDefined } from '../formats/asset/defined.ts';
import { type Path, parsePointer } from '../model/path.ts';
import { childProperty, kindFits, type Property } from '../model/property.ts';
import { rootProperty, type VariantSpec } from '../model/schema.ts';
import type { Request } from '../mutation/request.ts';
import type { DefinedFunction, Diagnostic } from '../ports/compiler.ts';
import { permit } from './permit.ts';
import type { Tested } from './run_call.ts';
import { logTextsOf } from './runs.ts';
import { headTakesNoEdit } from './submit.ts';
import type { Workspace } from './workspace.ts';

export interface DefinitionWarning {
  /** A pointer into what the definition returned, or into the component. */
  readonly path: string;
  readonly message: string;
}

type FunctionOfDefinition = NonNullable<Extract<Request, { kind: 'schema.define' }>['functions']>[number];

export interface Made {
  readonly spec: VariantSpec;
  readonly follows: readonly { readonly output: string; readonly path: string }[];
  readonly secretSlots: ConvertedAsset['secretSlots'];
  /** Those that stand in the text; undefined: the definition is built by builders. */
  readonly functions: readonly FunctionOfDefinition[] | undefined;
  readonly warnings: readonly DefinitionWarning[];
  readonly log: readonly string[];
  readonly run: RunId;
}

export interface DefinitionAsk {
  readonly changeSet: ChangeSetId;
  readonly text: string;
  readonly name: string;
  /** What it returns is made in the change set, so that on Head it is not even run. */
  readonly isMade?: true;
}

/**
 * Refuses `access_denied`, `head_is_read_only`, `function_invalid` (with the place in `path` and every diagnostic in `data`), `request_malformed`
 * and `property_tree_invalid` for what it returns.
 */
export async function runDefinition(w: Workspace, principal: Principal, ask: DefinitionAsk): Promise<Result<Made>> {
  const may = await permit(w, principal, 'edit', { operation: 'run a schema definition', subject: ask.name });
  if (!may.ok) return may;
  if (ask.isMade === true && ask.changeSet === w.row.head) return headTakesNoEdit();
  const compiled = w.calls.compiler?.compile(ask.text, 'schema-definition');
  if (compiled?.ok && compiled.value.tier !== 'isolate') return notPure(compiled.value.effects);
  const started = await w.calls.test(
    {
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
    },
    false,
  );
  if (!started.ok) return started;
  const { run, ended } = started.value;
  const tested = await ended;
  const log = await logTextsOf(w, run);
  const { gave } = tested;
  if (gave.state === 'error') return failed(gave, tested, log);
  const value = gave.state === 'value' ? gave.value : null;
  const made = isDefined(value) ? defined(w, ask.text, value) : built(value);
  return made.ok ? ok({ ...made.value, log, run }) : made;
}

type Converted = Omit<Made, 'log' | 'run'>;

/** What the builders built. */
function built(value: Json): Result<Converted> {
  const converted = convertAsset(value);
  if (!converted.ok) return converted;
  const { spec, bindings, sockets, secretSlots, secretDefinition } = converted.value;
  const warnings: DefinitionWarning[] = [...converted.value.warnings, ...sockets.flatMap(aboutSocket)];
  const follows = bindings.filter((b) => {
    const why = whyUnbound(spec, b.output, b.path);
    if (why !== undefined) warnings.push({ path: b.output, message: `does not follow ${b.path}: ${why}` });
    return why === undefined;
  });
  const whole = secretDefinition === undefined ? spec : { ...spec, secretDefinition };
  return ok({ spec: whole, follows, secretSlots, functions: undefined, warnings });
}

/** What `defineSchema` was given, with the texts of its functions. */
function defined(w: Workspace, text: string, value: JsonObject): Result<Converted> {
  const converted = convertDefined(value);
  if (!converted.ok) return converted;
  const { spec, secretSlots, functions: bound } = converted.value;
  const compiler = w.calls.compiler!;
  const texts = compiler.functionsOf(text) ?? [];
  const diagnostics: Diagnostic[] = [];
  const placeIn = (name: string) => texts.findIndex((t) => t.name === name);
  const inOrder = [...bound].sort((a, b) => placeIn(a.name) - placeIn(b.name));
  const functions = inOrder.map(({ kind, name, arguments: args, output, action }): FunctionOfDefinition => {
    const found = texts.find((t) => t.kind === kind && t.name === name);
    if (found === undefined) diagnostics.push(diagnostic('no_main', `${name} has no function.`));
    else diagnostics.push(...wrongIn(found, compiler.compile(found.text, kind)));
    return {
      name,
      functionKind: kind,
      text: found?.text ?? '',
      arguments: args,
      ...(output === null ? {} : { output }),
      ...(action === null ? {} : { action }),
    };
  });
  if (diagnostics.length > 0) return invalid(diagnostics);
  return ok({ spec, follows: [], secretSlots, functions, warnings: [] });
}

/** What is wrong with a function, told where it stands in the definition. */
function wrongIn({ name, line, column }: DefinedFunction, compiled: Result<unknown>): Diagnostic[] {
  if (compiled.ok) return [];
  const { data, code, got } = compiled.refusal;
  const found = (data as { diagnostics?: readonly Diagnostic[] } | undefined)?.diagnostics;
  if (found === undefined) return [diagnostic(code, `${name}: ${got}`, { line, column })];
  return found.map((d) => diagnostic(d.code, `${name}: ${d.message}`, { line, column }));
}

/** Refused for what stands in its text. */
export function invalid(diagnostics: readonly Diagnostic[], log: readonly string[] = []): Result<never> {
  const first = diagnostics[0]!;
  return refuse('function_invalid', {
    path: `text:${first.line}:${first.column}`,
    expected: 'a definition without errors',
    got: `${first.code}: ${first.message}`,
    hint: diagnostics.length > 1 ? `correct it; ${diagnostics.length - 1} more behind it` : 'correct it at that place',
    data: { diagnostics, log } as unknown as JsonObject,
  });
}

export function diagnostic(
  code: string,
  message: string,
  at?: { readonly line: number; readonly column: number },
): Diagnostic {
  return { severity: 'error', line: at?.line ?? 1, column: at?.column ?? 1, length: 0, message, code };
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
function aboutSocket(s: AssetSocket): DefinitionWarning[] {
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
