// Templates in TypeScript: a file that turns typed inputs and components that are found into the documents of a working set, which
// is then made what they declare. Run again with the same inputs nothing is edited; with others it converges: components are
// known by their names in the view of the template, and those that it does not declare any more are deleted. The file only computes.

import type { Principal } from '../access/role.ts';
import type { ChangeSetId, ComponentId, FunctionId, RunId } from '../base/ids.ts';
import { brief, canonical, isObject, type Json, type JsonObject } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { Evaluation } from '../builtins/evaluate.ts';
import { validate } from '../builtins/validation/validation.ts';
import type { Path } from '../model/path.ts';
import { matchPattern } from '../model/pattern.ts';
import { checkPropertyTree, type Property } from '../model/property.ts';
import { matchComponents } from './component_match.ts';
import { type DeclareReply, declareComponents } from './declare.ts';
import { type State, stateOf } from './operation.ts';
import { permit } from './permit.ts';
import { readable } from './readable.ts';
import { logTextsOf } from './runs.ts';
import type { Workspace } from './workspace.ts';

interface TemplateText {
  readonly changeSet: ChangeSetId;
  /** What its components are a view of. */
  readonly name: string;
  /** TypeScript that declares `template`: `{inputs?, find?, components({inputs, found})}`. */
  readonly text: string;
}

export interface WorkingSetAsk extends TemplateText {
  /** By name; texts are read as what the input is to be. */
  readonly inputs: JsonObject;
  readonly dryRun: boolean;
  readonly idempotencyKey?: string;
  readonly ifVersion?: number;
}

export interface WorkingSetReply extends DeclareReply {
  /** As the template got them, defaults filled in. */
  readonly inputs: JsonObject;
  /** How many components each search found. */
  readonly found: { readonly [name: string]: number };
  readonly run: RunId;
  readonly log: readonly string[];
}

/** What can be given to a template, and what it looks for. */
export interface TemplateDescription {
  readonly name: string;
  /** By name, as schemas describe properties. */
  readonly inputs: { readonly [name: string]: Property };
  /** Searches by name. */
  readonly find: { readonly [name: string]: string };
}

/** Behind the text of a template, so that places in it stay what they are. */
const entry = `
;function main(given) {
  const { inputs = {}, find = {}, components } = template;
  return given.step === 'describe' ? { inputs, find } : components({ inputs: given.inputs, found: given.found });
}
`;

/**
 * Refuses `access_denied`, `function_invalid` (with the place in `path`), `request_malformed` for inputs and for what it returns,
 * and what declaring components refuses.
 */
export async function runWorkingSet(
  w: Workspace,
  principal: Principal,
  ask: WorkingSetAsk,
): Promise<Result<WorkingSetReply>> {
  const may = await permit(w, principal, ask.dryRun ? 'read' : 'edit', {
    operation: 'run a template',
    subject: ask.name,
  });
  if (!may.ok) return may;
  const about = await describe(w, principal, ask);
  if (!about.ok) return about;
  const inputs = inputsFor(about.value.inputs, ask.inputs);
  if (!inputs.ok) return inputs;
  const state = await stateOf(w, ask.changeSet, undefined);
  const found: { [name: string]: Json } = {};
  for (const [name, query] of Object.entries(about.value.find)) {
    const some = await look(state, principal, name, query);
    if (!some.ok) return some;
    found[name] = some.value;
  }
  const made = await call(w, principal, ask, { step: 'components', inputs: inputs.value, found });
  if (!made.ok) return made;
  const { value: components, run, log } = made.value;
  const declared = await declareComponents(w, principal, {
    changeSet: ask.changeSet,
    components,
    dryRun: ask.dryRun,
    view: ask.name,
    makesView: true,
    prune: true,
    ...(ask.idempotencyKey === undefined ? {} : { idempotencyKey: ask.idempotencyKey }),
    ...(ask.ifVersion === undefined ? {} : { ifVersion: ask.ifVersion }),
  });
  if (!declared.ok) return declared;
  const counts = Object.fromEntries(Object.entries(found).map(([name, some]) => [name, (some as Json[]).length]));
  return ok({ ...declared.value, inputs: inputs.value, found: counts, run, log });
}

/** Looks at a template and makes nothing of it. Refuses as `runWorkingSet` does before it is given inputs. */
export async function describeTemplate(
  w: Workspace,
  principal: Principal,
  ask: TemplateText,
): Promise<Result<TemplateDescription>> {
  const may = await permit(w, principal, 'read', { operation: 'describe a template', subject: ask.name });
  if (!may.ok) return may;
  const about = await describe(w, principal, ask);
  return about.ok ? ok({ name: ask.name, ...about.value }) : about;
}

async function describe(w: Workspace, principal: Principal, ask: TemplateText): Promise<Result<Described>> {
  const described = await call(w, principal, ask, { step: 'describe' });
  return described.ok ? describedBy(described.value.value) : described;
}

interface Called {
  readonly value: Json;
  readonly run: RunId;
  readonly log: readonly string[];
}

async function call(w: Workspace, principal: Principal, ask: TemplateText, given: JsonObject): Promise<Result<Called>> {
  const text = ask.text + entry;
  const compiled = w.calls.compiler?.compile(text, 'attribute');
  if (compiled?.ok && compiled.value.tier !== 'isolate')
    return wrong(
      'text',
      'a template that only computes',
      compiled.value.effects.join(', ') || 'one that declares effects',
    );
  const started = await w.calls.test(
    {
      call: {
        function: '' as FunctionId,
        name: ask.name,
        kind: 'attribute',
        text: w.world.digest(text),
        input: canonical(given),
      },
      at: { component: '' as ComponentId, path: '' as Path },
      changeSet: ask.changeSet,
      actor: principal.id,
      source: text,
    },
    false,
  );
  if (!started.ok) return started;
  const { run, ended } = started.value;
  const { gave, report } = await ended;
  const log = await logTextsOf(w, run);
  if (gave.state === 'error') {
    const at = report.outcome.ok ? undefined : report.outcome.at;
    return refuse('function_invalid', {
      path: at === undefined ? 'text' : `text:${at.line}:${at.column}`,
      expected: 'a template that runs to its end',
      got: `${gave.code}: ${gave.message}`,
      hint: 'correct it at that place',
      data: { log: [...log] },
    });
  }
  return ok({ value: gave.state === 'value' ? gave.value : null, run, log });
}

type Described = Omit<TemplateDescription, 'name'>;

function describedBy(value: Json): Result<Described> {
  const { inputs, find } = isObject(value) ? value : {};
  if (!isObject(inputs)) return wrong('template/inputs', 'properties by name, such as {env: {kind: "string"}}', inputs);
  if (!isObject(find)) return wrong('template/find', 'searches by name', find);
  for (const [name, property] of Object.entries(inputs)) {
    const checked = checkPropertyTree(property, `template/inputs/${name}`, {});
    if (!checked.ok) return checked;
  }
  for (const [name, query] of Object.entries(find))
    if (typeof query !== 'string') return wrong(`template/find/${name}`, 'a search, as text', query);
  return ok({ inputs, find } as unknown as Described);
}

function inputsFor(properties: Described['inputs'], given: JsonObject): Result<JsonObject> {
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(properties, name));
  if (unknown !== undefined) {
    const known = Object.keys(properties).join(', ') || 'no input';
    return wrong(`inputs/${unknown}`, known, unknown);
  }
  const inputs: { [name: string]: Json } = {};
  for (const [name, property] of Object.entries(properties)) {
    const value = Object.hasOwn(given, name) ? readAs(property, given[name]!) : property.default;
    if (value !== undefined) inputs[name] = value;
  }
  const whole: Property = { kind: 'object', properties };
  const [first] = validate(
    { property: whole, definitions: {}, value: inputs, path: '/inputs', complete: true },
    matchPattern,
  ).filter((f) => f.severity === 'error');
  if (first === undefined) return ok(inputs);
  return wrong(first.path.slice(1), `inputs as the template has them: ${first.message}`, brief(inputs));
}

/** The command line gives texts. */
function readAs({ kind }: Property, given: Json): Json {
  if (typeof given !== 'string' || kind === 'string') return given;
  try {
    return JSON.parse(given) as Json;
  } catch {
    return given;
  }
}

/** Those that may be read: to a template the others are not there. */
async function look(s: State, principal: Principal, name: string, query: string): Promise<Result<Json[]>> {
  const matched = await matchComponents(s, s.snapshot, { query });
  if (!matched.ok) return matched;
  const { items } = await readable(s, principal, matched.value);
  if (items.length > limits.templateFoundMax) {
    return refuse('limit_exceeded', {
      path: `template/find/${name}`,
      expected: `a search that finds ${limits.templateFoundMax} components at most`,
      got: String(items.length),
      hint: 'search for something narrower',
    });
  }
  return s.w.read(() => {
    const evaluation = new Evaluation(s.snapshot, s.w.propagation.resultsOn(s.w.world.digest));
    return ok(
      items.map(({ id, name: called, schema }): Json => {
        const { domain = {}, resource_value: reported = {} } = evaluation.view(id).value as JsonObject;
        return { id, name: called, schema, domain, resource_value: reported };
      }),
    );
  });
}

function wrong(path: string, expected: string, got: unknown): Result<never> {
  return refuse('request_malformed', { path, expected, got: brief((got ?? null) as Json), hint: 'see docs/files.md' });
}
