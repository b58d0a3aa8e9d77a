// Running a management function: what it returns is carried out as one batch of edits, all of it or nothing. It reads the change
// set at one version; what others do while it runs is met as by any author who saw that version. The edits are those of who
// asked; log and audit say by which run they came.

import type { Principal } from '../access/role.ts';
import type { ChangeSetId, ComponentId, FunctionId, RunId } from '../base/ids.ts';
import type { Json } from '../base/json.ts';
import { canonical } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { attempt, ok, type Refusal, type Result, refuse } from '../base/result.ts';
import { type ManagementResult, parseManagementResult } from '../formats/management/operations.ts';
import type { LeftOut } from '../formats/management/reading.ts';
import {
  type AskedEdit,
  batchOf,
  type CreatedComponent,
  type ManagementBatch,
  placeInResult,
} from '../formats/management/requests.ts';
import type { ReceiptLine } from '../merge/receipt.ts';
import type { FunctionRecord } from '../model/function.ts';
import { findComponent, findRecord, resolveComponent, resolveFunction } from '../model/lookup.ts';
import type { Path } from '../model/path.ts';
import { bindingsOf } from '../mutation/compile_binding.ts';
import type { Request } from '../mutation/request.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { type Branch, lands } from './branch.ts';
import { presentOf } from './catch_up.ts';
import { askOf, remember, repeated, untilWon } from './idempotency.ts';
import { type ManagementInput, managedBy, managementInput } from './management_input.ts';
import { permit } from './permit.ts';
import { failureText, type Tested } from './run_call.ts';
import { logTextsOf } from './runs.ts';
import {
  type Ask,
  checkOpen,
  compileEdit,
  keepAnswer,
  type StepReply,
  type SubmitReply,
  stepReply,
  submitAs,
} from './submit.ts';
import type { Workspace } from './workspace.ts';

export interface ManagementAsk {
  readonly changeSet: ChangeSetId;
  /** Id or name. */
  readonly component: string;
  /** Id or name of a management function that is bound to the component's schema. */
  readonly function: string;
  /** The view that it is run in, by id or name; absent: the default one. */
  readonly view?: string;
  /** Runs the function and says what it would change; the change set stays as it is. */
  readonly dryRun: boolean;
  readonly idempotencyKey?: string;
}

/** Whoever starts a function and does not wait for it is told how it goes on. */
export interface ManagementWatch {
  /** It is sure to be run. It is not before this has resolved. */
  prepared(): Promise<void>;
  begins(run: RunId): void;
  /** What it returned is carried out from here on. */
  operates(): void;
}

export interface ManagementReply {
  readonly changeSet: ChangeSetId;
  /** After the edits; as before when there are none, or they are only shown. */
  readonly version: number;
  /** The version that the function was shown. */
  readonly readAt: number;
  readonly component: ComponentId;
  readonly function: { readonly id: FunctionId; readonly name: string };
  readonly run: RunId;
  readonly dryRun: boolean;
  readonly message: string | null;
  readonly created: readonly CreatedComponent[];
  /** The edits as requests, in order: what `submit` takes. */
  readonly mutations: readonly Request[];
  /** What each of them came to. */
  readonly steps: readonly StepReply[];
  /** What the function returned and was not carried out. */
  readonly leftOut: readonly LeftOut[];
  /** Values that were not all there when it was run. */
  readonly without: ManagementInput['without'];
  /** What it wrote while it ran. */
  readonly log: readonly string[];
  /** What became of edits that met others, made while it ran. */
  readonly receipt?: readonly ReceiptLine[];
}

/**
 * Refuses `access_denied`, `head_is_read_only`, `change_set_not_open`, `function_invalid`, `function_failed`, `already_running`,
 * `binding_not_found`, what names refuse, what reading the result refuses (`operations_invalid`, …) and what `submit` refuses; what
 * is about the result names the place in it, with the run in `data`.
 */
export async function runManagement(
  w: Workspace,
  principal: Principal,
  given: ManagementAsk & { readonly watch?: ManagementWatch },
): Promise<Result<ManagementReply>> {
  const { watch, ...asked } = given;
  const ask = askOf(w, asked.dryRun ? undefined : asked.idempotencyKey, { management: asked as unknown as Json });
  if (!ask.ok) return ask;
  const tried = { operation: 'run a management function', subject: asked.component };
  const may = await permit(w, principal, 'edit', tried);
  if (!may.ok) return may;
  return repeated(w, { principal: principal.id, ...ask.value }, async () => {
    const prepared = await prepare(w, asked);
    if (!prepared.ok) return prepared;
    const { component, fn } = prepared.value;
    return onlyOnce(w, `${asked.changeSet} ${component} ${fn.id}`, async () => {
      await watch?.prepared();
      return runPrepared(w, principal, { ...prepared.value, asked, ask: ask.value, watch });
    });
  });
}

interface Prepared {
  readonly component: ComponentId;
  readonly fn: { readonly id: FunctionId; readonly record: FunctionRecord };
  /** The state that the argument was read from. */
  readonly snapshot: Snapshot;
  readonly readAt: number;
  readonly given: ManagementInput;
}

/** Finds everything and reads the argument, all of one version, once what it is made of has been computed. */
async function prepare(w: Workspace, asked: ManagementAsk): Promise<Result<Prepared>> {
  for (;;) {
    const found = await presentOf(w, asked.changeSet);
    if (!found.ok) return found;
    const { branch } = found.value;
    const open = checkOpen(branch);
    if (!open.ok) return open;
    const named = await w.read(() => nameAll(branch.snapshot, asked));
    if (!named.ok) return named;
    await settled(w, branch, named.value.component);
    // It may have moved meanwhile: what is read now is of one version, which then has to be there for good.
    const { durable } = branch;
    const read = await w.read(() => readAll(w, branch, asked));
    if (await lands(durable)) return read;
  }
}

function readAll(w: Workspace, branch: Branch, asked: ManagementAsk): Result<Prepared> {
  const { snapshot, row } = branch;
  const named = nameAll(snapshot, asked);
  if (!named.ok) return named;
  const given = managementInput(w, branch, named.value.component, asked.view);
  return given.ok ? ok({ ...named.value, snapshot, readAt: row.version, given: given.value }) : given;
}

async function settled(w: Workspace, branch: Branch, component: ComponentId): Promise<void> {
  const until = performance.now() + limits.managementSettleMs;
  const all = [component, ...(await w.read(() => managedBy(branch.snapshot, component)))];
  for (const id of all) {
    const leftMs = Math.max(0, until - performance.now());
    await w.propagation.settled(branch, { component: id, path: '' as Path }, leftMs);
  }
}

function nameAll(snapshot: Snapshot, asked: ManagementAsk): Result<Pick<Prepared, 'component' | 'fn'>> {
  const component = resolveComponent(snapshot, asked.component);
  if (!component.ok) return component;
  const { schema, variant } = findComponent(snapshot, component.value)!;
  // What is bound to the schema comes before what is bound to the variant.
  for (const target of [schema, variant])
    for (const { record, fn } of bindingsOf(snapshot, target))
      if (fn.kind === 'management' && (fn.name === asked.function || record.function === asked.function))
        return ok({ component: component.value, fn: { id: record.function, record: fn } });
  const fn = resolveFunction(snapshot, asked.function);
  if (!fn.ok) return fn;
  const { kind } = findRecord<FunctionRecord>(snapshot, 'functions', fn.value)!;
  return refuse('binding_not_found', {
    path: 'function',
    expected: 'a management function that is bound to the schema of the component',
    got: kind === 'management' ? 'one that is not' : `a function of kind ${kind}`,
    hint: 'bind it: `headwater function attach FUNCTION --schema SCHEMA`',
  });
}

const running = new WeakMap<Workspace, Set<string>>();

/** Refuses `already_running` while the same function runs on the same component of the change set. */
async function onlyOnce<T>(w: Workspace, what: string, work: () => Promise<Result<T>>): Promise<Result<T>> {
  const mine = running.get(w) ?? new Set<string>();
  running.set(w, mine);
  if (mine.has(what)) {
    return refuse('already_running', {
      path: 'function',
      expected: 'a function that does not run on this component at this moment',
      got: 'one that does',
      hint: 'wait for that run: `headwater run list` shows it',
    });
  }
  mine.add(what);
  try {
    return await work();
  } finally {
    mine.delete(what);
  }
}

type Work = Prepared & {
  readonly asked: ManagementAsk;
  readonly ask: Ask;
  readonly watch: ManagementWatch | undefined;
};

async function runPrepared(w: Workspace, principal: Principal, work: Work): Promise<Result<ManagementReply>> {
  const { component, fn, given, asked, readAt } = work;
  const { name, kind, text } = fn.record;
  const started = await w.calls.test(
    {
      call: { function: fn.id, name, kind, text, input: canonical(given.input) },
      at: { component, path: '' as Path },
      changeSet: asked.changeSet,
      actor: principal.id,
      ...(asked.dryRun ? {} : { readAt }),
    },
    false,
  );
  if (!started.ok) return started;
  const { run, ended } = started.value;
  work.watch?.begins(run);
  const tested = await ended;
  work.watch?.operates();
  const log = await logTextsOf(w, run);
  const result = resultOf(tested);
  const batch = result.ok ? await w.read(() => batchIn(w, work, result.value)) : result;
  if (!batch.ok) return withRun(batch.refusal, run, log);
  const { edits, created, leftOut } = batch.value;
  const mutations = edits.map((e) => e.request);
  const reply = (version: number, steps: readonly StepReply[], receipt?: readonly ReceiptLine[]): ManagementReply => ({
    changeSet: asked.changeSet,
    version,
    readAt,
    component,
    function: { id: fn.id, name },
    run,
    dryRun: asked.dryRun,
    message: result.ok ? result.value.message : null,
    created,
    mutations,
    steps,
    leftOut,
    without: given.without,
    log,
    ...(receipt === undefined ? {} : { receipt }),
  });
  const done = await carryOut(w, principal, work, { run, mutations, reply });
  return done.ok ? done : withRun(inResult(done.refusal, edits), run, log);
}

/** What a run gave, when it can be carried out. */
function resultOf({ gave, report, record }: Tested): Result<ManagementResult> {
  const { outcome } = report;
  if (gave.state === 'error' || !outcome.ok) {
    const { code, message } = outcome.ok
      ? (gave as { code: string; message: string })
      : { code: outcome.code, message: failureText(outcome) };
    return failed(`${code}: ${message}`);
  }
  if (record.tainted) {
    return refuse('secret_value_not_allowed', {
      path: 'result',
      expected: 'a result without the content of a secret',
      got: 'one that holds some, redacted in what is kept of the run',
      hint: 'refer to secrets: {"$source": {"secret": name}} below /secrets',
    });
  }
  // The text, because members of a value come in the order of their names, and edits in the order they were written in.
  const result = parseManagementResult(outcome.value === undefined ? undefined : (JSON.parse(outcome.value) as Json));
  return result.ok && result.value.status === 'error'
    ? failed(`status error: ${result.value.message ?? 'it does not say why'}`)
    : result;
}

function failed(got: string): Result<never> {
  return refuse('function_failed', {
    path: 'function',
    expected: 'a function that runs to its end and returns status ok',
    got,
    hint: 'correct the cause and run it again; nothing was changed',
  });
}

function batchIn(w: Workspace, work: Work, result: ManagementResult): Result<ManagementBatch> {
  const { snapshot, component, given } = work;
  return batchOf(
    {
      state: snapshot,
      component,
      managed: given.managed,
      view: given.view,
      seen: given.seen,
      catalogued: (schema) => (w.catalogue.entry(schema) === undefined ? undefined : w.catalogue.load(schema)),
      newId: () => w.world.ids.ulid<ComponentId>(),
    },
    result,
  );
}

interface ToCarryOut {
  readonly run: RunId;
  readonly mutations: readonly Request[];
  readonly reply: (version: number, steps: readonly StepReply[], receipt?: readonly ReceiptLine[]) => ManagementReply;
}

async function carryOut(
  w: Workspace,
  principal: Principal,
  { asked, ask, snapshot, readAt, fn }: Work,
  { run, mutations, reply }: ToCarryOut,
): Promise<Result<ManagementReply>> {
  if (mutations.length === 0) return nothingToDo(w, principal, asked, ask, reply(readAt, []));
  if (asked.dryRun) {
    const tried = await w.read(() => attempt(() => compileEdit(w, snapshot, asked.changeSet, mutations, true).steps));
    return tried.ok ? ok(reply(readAt, tried.value.map(stepReply))) : tried;
  }
  const as = ({ version, steps, receipt }: SubmitReply): ManagementReply => reply(version, steps, receipt);
  const through = { run, function: fn.id, functionName: fn.record.name };
  const request = { changeSet: asked.changeSet, mutations, baseVersion: readAt, through };
  return submitAs(w, principal, request, { ...ask, as });
}

/** Nothing is submitted, but the answer is remembered. */
async function nothingToDo(
  w: Workspace,
  principal: Principal,
  asked: ManagementAsk,
  ask: Ask,
  reply: ManagementReply,
): Promise<Result<ManagementReply>> {
  return untilWon(w, { principal: principal.id, ...ask }, async () => {
    const found = await w.branch(asked.changeSet);
    if (!found.ok) return found;
    const record = remember(principal.id, ask.key, ask.hash, reply, w.world.clock.nowMs());
    return keepAnswer(w, found.value.branch, reply, record);
  });
}

const mutationAt = /^mutations\/(\d+): (.*)$/s;

/** A refusal of a request as one of the place in the result that the request comes from. */
function inResult(refusal: Refusal, edits: readonly AskedEdit[]): Refusal {
  const [, number = '', path = ''] = mutationAt.exec(refusal.path) ?? [];
  const edit = edits[number === '' ? -1 : Number(number)];
  return edit === undefined ? refusal : { ...refusal, path: `${placeInResult(edit, path)}: ${path}` };
}

function withRun(refusal: Refusal, run: RunId, log: readonly string[]): Result<never> {
  const data = typeof refusal.data === 'object' && refusal.data !== null ? refusal.data : {};
  return { ok: false, refusal: { ...refusal, data: { ...data, run, log } } };
}
