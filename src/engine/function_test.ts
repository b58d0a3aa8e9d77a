// Trying a function: its text, or one that is not saved, is run on what a real component has now, or on an input that is
// given, and nothing of the state is changed by it. What it gave, said and took is answered, and stays with its run.

import type { Principal } from '../access/role.ts';
import type { BindingId, ComponentId, FunctionId, RunId } from '../base/ids.ts';
import { canonical, checkJson, type Json } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { must, ok, type Result, refuse } from '../base/result.ts';
import type { Call, Evaluated } from '../builtins/assemble.ts';
import { type Bound, boundOf, boundsOfVariant } from '../graph/bound.ts';
import type { BindingArgument, FunctionRecord } from '../model/function.ts';
import { findComponent, findRecord, resolveComponent, resolveFunction, specOfComponent } from '../model/lookup.ts';
import type { Path } from '../model/path.ts';
import type { RunLogLine, RunRecord } from '../model/run.ts';
import { resolvePointer } from '../mutation/resolve.ts';
import type { Propagation } from '../propagation/propagation.ts';
import { atMost } from './at_most.ts';
import type { Branch } from './branch.ts';
import { parseKind } from './functions.ts';
import { managementInput } from './management_input.ts';
import { permit } from './permit.ts';
import type { Tested } from './run_call.ts';
import { readLog } from './runs.ts';
import type { WaitsForPool } from './waits_for_pool.ts';
import type { Workspace } from './workspace.ts';

export interface TestAsk {
  /** The function by name or id; absent: `text` alone, of `kind`. */
  readonly function?: string;
  readonly text?: string;
  readonly kind?: string;
  readonly component?: string;
  /** transformation: the pointer of the value that it is given. */
  readonly path?: string;
  /** Where its arguments come from, when it is not bound to the component's schema, or to try others. */
  readonly arguments?: readonly BindingArgument[];
  /** In place of a component: the argument of `main`. */
  readonly input?: Json;
  /** Waits for its end at most this long; what is not over then goes on. */
  readonly waitMs: number;
}

export interface TestReply extends WaitsForPool {
  readonly run: RunId;
  readonly status: RunRecord['status'];
  /** What `main` was given. */
  readonly input: Json;
  /** Members of it that have no value at present, and why; they were given as null. */
  readonly without: readonly { readonly name: string; readonly why: string }[];
  /** Absent while it runs: its log and its record tell how it goes on. */
  readonly outcome?:
    | { readonly ok: true; readonly value: Json }
    | {
        readonly ok: false;
        readonly code: string;
        readonly message: string;
        readonly line?: number;
        readonly column?: number;
      };
  readonly log: readonly RunLogLine[];
  /** There are more lines than these. */
  readonly logCut: boolean;
  readonly queuedMs: number | null;
  readonly tookMs: number | null;
  readonly peakMemoryBytes: number | null;
  readonly tier: RunRecord['tier'];
}

/** Refuses `access_denied`, `function_invalid`, `binding_not_found`, `request_malformed` and what names refuse. */
export async function testFunction(
  w: Workspace,
  principal: Principal,
  branch: Branch,
  ask: TestAsk,
): Promise<Result<TestReply>> {
  const subject = ask.function ?? 'a text';
  const may = await permit(w, principal, 'edit', { operation: 'test a function', subject });
  if (!may.ok) return may;
  const prepared = await w.read(() => prepare(w, branch, ask));
  if (!prepared.ok) return prepared;
  const { call, component, without } = prepared.value;
  const started = await w.calls.test(
    {
      call,
      at: { component, path: '' as Path },
      changeSet: branch.row.id,
      actor: principal.id,
      ...(ask.text === undefined ? {} : { source: ask.text }),
    },
    true,
  );
  if (!started.ok) return started;
  const { run, ended } = started.value;
  const tested = await atMost(ended, Math.min(ask.waitMs, limits.runWaitMsMax));
  const log = must(await readLog(w, { run, after: 0, limit: limits.pageRowsMax, waitMs: 0 }));
  const record = tested?.record ?? w.calls.live.find(run) ?? (await ended).record;
  const waitsForPool = w.dispatcher.lacks(run);
  return ok({
    run,
    status: record.status,
    input: JSON.parse(call.input) as Json,
    without,
    ...(tested === undefined ? {} : { outcome: outcomeOf(tested) }),
    log: log.lines,
    logCut: !log.complete && tested !== undefined,
    queuedMs: record.startedAtMs === null ? null : record.startedAtMs - record.queuedAtMs,
    tookMs: tested === undefined ? null : tested.report.tookMs,
    peakMemoryBytes: record.peakMemoryBytes,
    tier: record.tier,
    ...(waitsForPool === undefined ? {} : { waitsForPool }),
  });
}

function outcomeOf({ gave, report }: Tested): NonNullable<TestReply['outcome']> {
  if (gave.state === 'error') {
    const { code, message } = gave;
    const at = report.outcome.ok ? undefined : report.outcome.at;
    const said = report.outcome.ok ? message : report.outcome.message;
    return { ok: false, code, message: said, ...(at === undefined ? {} : { line: at.line, column: at.column }) };
  }
  return { ok: true, value: gave.state === 'value' ? gave.value : null };
}

interface Prepared {
  readonly call: Call;
  readonly component: ComponentId;
  readonly without: TestReply['without'];
}

function prepare(w: Workspace, branch: Branch, ask: TestAsk): Result<Prepared> {
  const state = branch.snapshot;
  const id = ask.function === undefined ? undefined : must(resolveFunction(state, ask.function));
  const record = id && findRecord<FunctionRecord>(state, 'functions', id);
  if (record === undefined && ask.text === undefined) return malformed('function', 'a function, or a text', 'neither');
  const kind = record?.kind ?? parseKind(ask.kind ?? '');
  if ((ask.component === undefined) === (ask.input === undefined) && kind !== 'schema-definition')
    return malformed('component', 'a component or an input', ask.input === undefined ? 'neither' : 'both');
  const component = ask.component === undefined ? undefined : must(resolveComponent(state, ask.component));
  const given = componentInput({ w, branch, component, id, record, kind, ask });
  if (!given.ok) return given;
  const about = {
    function: id ?? ('' as FunctionId),
    name: record?.name ?? 'text',
    kind,
    text: record?.text ?? w.world.digest(ask.text ?? ''),
  };
  return ok({
    call: { ...about, input: canonical(given.value.input) },
    component: component ?? ('' as ComponentId),
    without: given.value.without,
  });
}

interface Given {
  readonly w: Workspace;
  readonly branch: Branch;
  readonly component: ComponentId | undefined;
  readonly id: FunctionId | undefined;
  readonly record: FunctionRecord | undefined;
  readonly kind: FunctionRecord['kind'];
  readonly ask: TestAsk;
}

type Input = { readonly input: Json; readonly without: TestReply['without'] };

/** What `main` gets, by its kind. */
function componentInput(g: Given): Result<Input> {
  const { component, kind, ask, w, branch } = g;
  if (ask.input !== undefined) {
    const checked = checkJson(ask.input, 'input');
    return checked.ok ? ok({ input: ask.input, without: [] }) : checked;
  }
  if (component === undefined) return ok({ input: null, without: [] });
  const whole = () => w.propagation.view(branch, component).value;
  switch (kind) {
    case 'attribute':
    case 'code-generation':
    case 'qualification':
      return boundInput(g, component);
    case 'transformation':
      return transformed(g, component);
    case 'action':
      return ok({ input: { properties: whole() }, without: [] });
    case 'management': {
      const given = managementInput(w, branch, component);
      return given.ok ? ok({ input: given.value.input, without: given.value.without }) : given;
    }
    case 'schema-definition':
    case 'policy':
      return ok({ input: null, without: [] });
    case 'authentication':
      return malformed('input', 'the secret that it would get, as input', 'a component');
  }
}

function boundInput(g: Given, component: ComponentId): Result<Input> {
  const bound = boundFor(g, component);
  if (bound === undefined) {
    return refuse('binding_not_found', {
      path: 'component',
      expected: 'a component of a schema that the function is bound to',
      got: 'one of another schema',
      hint: 'say where its arguments come from, or give an input',
    });
  }
  const values = g.w.propagation.settle(g.branch, { component, path: '' as Path });
  return ok(readArguments(values, component, bound));
}

function boundFor(g: Given, component: ComponentId): Bound | undefined {
  const { ask, record, id, kind, branch } = g;
  const state = branch.snapshot;
  if (ask.arguments === undefined && id !== undefined) {
    const of = boundsOfVariant(state, findComponent(state, component)!);
    const found = of.find((b) => b.function === id);
    if (found !== undefined) return found;
  }
  // An attribute function has no arguments but those that somebody says.
  if (kind === 'attribute' && ask.arguments === undefined) return undefined;
  const fn = record ?? {
    name: 'text',
    displayName: '',
    description: '',
    kind,
    text: '' as FunctionRecord['text'],
    locked: false,
  };
  return boundOf(
    '' as BindingId,
    { function: id ?? ('' as FunctionId), arguments: ask.arguments ?? [], output: '/domain' },
    fn,
  );
}

/** The argument of a bound function as things stand. What has no value is null, as in a real call, and named. */
function readArguments(values: Propagation, component: ComponentId, bound: Bound): Input {
  const input: [string, Json][] = [];
  const without: { name: string; why: string }[] = [];
  for (const { name, path, value } of bound.arguments) {
    const read = path === undefined ? undefined : values.read({ component, path });
    if (read !== undefined) {
      const why = whyNot(read);
      if (why !== undefined) without.push({ name, why });
    }
    input.push([name, (read === undefined ? value : shownOf(read)) ?? null]);
  }
  return { input: Object.fromEntries(input), without };
}

function shownOf(read: Evaluated): Json | undefined {
  if (read.state === 'value') return read.value;
  return read.state === 'none' ? undefined : read.last;
}

/** Why it is not the value that a real call would get; undefined: it is. */
function whyNot(read: Evaluated): string | undefined {
  switch (read.state) {
    case 'value':
      return read.awaits ? 'part of it is not reported yet' : undefined;
    case 'none':
      return read.why ?? 'there is no value';
    case 'error':
      return `${read.code}: ${read.message}`;
    case 'pending':
      return 'it is still being computed';
  }
}

function transformed({ ask, branch, w }: Given, component: ComponentId): Result<Input> {
  const state = branch.snapshot;
  const spec = specOfComponent(state, findComponent(state, component)!);
  if (ask.path === undefined || spec === undefined)
    return malformed('path', 'the pointer of the value that it is given', 'nothing');
  const place = resolvePointer(state, component, spec, ask.path);
  if (!place.ok) return place;
  const { path } = place.value;
  const read = w.propagation.settle(branch, { component, path }).read({ component, path });
  const why = whyNot(read);
  return ok({
    input: { input: shownOf(read) ?? null },
    without: why === undefined ? [] : [{ name: 'input', why }],
  });
}

function malformed(path: string, expected: string, got: string): Result<never> {
  return refuse('request_malformed', { path, expected, got, hint: 'see `headwater function test --help`' });
}
