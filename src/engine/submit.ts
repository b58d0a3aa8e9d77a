// Submit: the whole life of a mutation. Compile the author's requests against what the author saw, validate, apply, seal
// the roots, write log and audit in one compare-and-set commit, answer once it is durable.

import type { Principal } from '../access/role.ts';
import type { ChangeSetId, Hash } from '../base/ids.ts';
import type { Json } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { attempt, must, ok, type Refusal, type Result, refuse } from '../base/result.ts';
import {
  blobsOfEntry,
  itemsOfSteps,
  type LogEntry,
  logFormat,
  logText,
  type Settled,
  type Through,
} from '../merge/log_entry.ts';
import { merge } from '../merge/merge.ts';
import type { ReceiptLine } from '../merge/receipt.ts';
import { transition } from '../model/change_set.ts';
import { resolveSchema } from '../model/lookup.ts';
import { compileRequest, type Step } from '../mutation/compile.ts';
import type { Request } from '../mutation/request.ts';
import type { Commit } from '../ports/store.ts';
import type { Snapshot, SnapshotDraft } from '../snapshot/snapshot.ts';
import { auditRows } from './audit.ts';
import { type Branch, lands } from './branch.ts';
import { caughtUp, chunksOf } from './catch_up.ts';
import { askOf, remember, repeated, untilWon } from './idempotency.ts';
import { type Late, lateEdit, seenBy } from './late_edit.ts';
import { denied, permit } from './permit.ts';
import { arePoliciesKnown, loadPolicies, permitChange } from './policies.ts';
import type { Workspace } from './workspace.ts';

export interface SubmitRequest {
  readonly changeSet: ChangeSetId;
  readonly mutations: readonly Request[];
  /** The same key with the same request is carried out once and answered the same. */
  readonly idempotencyKey?: string;
  /** The version the author saw; absent: the present one. */
  readonly baseVersion?: number;
  /** Only if the change set is at this version when the edit is made. */
  readonly ifVersion?: number;
}

export interface SubmitReply {
  readonly changeSet: ChangeSetId;
  readonly version: number;
  readonly intentRoot: Hash;
  /** One for each mutation of the request, in order. */
  readonly steps: readonly StepReply[];
  /** What became of edits that met others the author had not seen, and of earlier ones; absent: nothing. */
  readonly receipt?: readonly ReceiptLine[];
}

export interface StepReply {
  readonly kind: string;
  /** Id of what it is about: of the new component, for one. */
  readonly subject: string;
  readonly path: string;
  readonly sentence: string;
  /** Number of single edits it came to; 0: it was that way already. */
  readonly edits: number;
}

/** Refuses what compiling refuses, and `change_set_not_open`, `head_is_read_only`, `version_conflict`, `limit_exceeded`. */
export async function submit(w: Workspace, principal: Principal, request: SubmitRequest): Promise<Result<SubmitReply>> {
  const ask = askOf(w, request.idempotencyKey, { submit: request as unknown as Json });
  if (!ask.ok) return ask;
  return repeated<SubmitReply>(w, { principal: principal.id, ...ask.value }, () =>
    w.observer.span('submit', { changeSet: String(request.changeSet) }, () =>
      submitOnce(w, principal, request, ask.value),
    ),
  );
}

/** What is submitted on behalf of somebody by the engine's own doing; `ask` is what its answer is remembered by. */
export type SubmitFor = Omit<SubmitRequest, 'idempotencyKey'> & { readonly through?: Through };

/** As `submit`, inside another operation that has looked for an earlier answer itself, and whose answer it gives. */
export function submitAs<T>(
  w: Workspace,
  principal: Principal,
  request: SubmitFor,
  ask: Omit<Ask, 'as'> & { readonly as: (reply: SubmitReply) => T },
): Promise<Result<T>> {
  return untilWon<T>(w, { principal: principal.id, key: ask.key, hash: ask.hash }, async () => {
    const done = await submitOnce(w, principal, request, ask);
    return done === 'lost' || !done.ok ? done : ok(ask.as(done.value));
  });
}

async function submitOnce(
  w: Workspace,
  principal: Principal,
  request: SubmitFor,
  ask: Ask,
): Promise<Result<SubmitReply> | 'lost'> {
  const may = await permit(w, principal, 'edit', { operation: 'edit', subject: String(request.changeSet) });
  if (!may.ok) return may;
  const found = await caughtUp(w, request.changeSet);
  if (!found.ok) return found;
  const { branch } = found.value;
  const open = checkOpen(branch);
  if (!open.ok) return open;
  if (request.baseVersion !== undefined && request.baseVersion !== branch.row.version) {
    const late = await seenBy(w, branch, request.baseVersion);
    if (!late.ok) return late;
    if (late.value === 'lost') return 'lost';
    const { value } = late;
    return w.read(() => {
      if (value.present !== branch.row.version || !w.isCurrent(branch)) return Promise.resolve('lost' as const);
      const wrong = wrongVersion(branch.row.version, request.ifVersion);
      if (wrong !== undefined) return Promise.resolve({ ok: false as const, refusal: wrong });
      return submitLate(w, principal, branch, { request, late: value as Late, ask });
    });
  }
  const { mutations, through } = request;
  return w.read(() => {
    // In the turn in which the edit is made: nobody gets in between.
    const wrong = wrongVersion(branch.row.version, request.ifVersion);
    if (wrong !== undefined) return Promise.resolve({ ok: false as const, refusal: wrong });
    return submitNow(w, principal, branch, { mutations, ask, through });
  });
}

/** `version_conflict`, when a change set is not at the one version at which something was to be done. */
export function wrongVersion(version: number, ifVersion: number | undefined): Refusal | undefined {
  if (ifVersion === undefined || ifVersion === version) return undefined;
  return {
    code: 'version_conflict',
    path: 'ifVersion',
    expected: `a change set at version ${ifVersion}`,
    got: `one at version ${version}`,
    hint: 'read again and repeat; or name the version that was seen as baseVersion, to be carried over what came since',
    data: { version },
  };
}

/**
 * Edits a branch in one turn of the event loop, from reading it to queueing the commit: nobody gets in between, and the
 * next writer builds on this one without waiting for its sync. Call it in `read`.
 */
export function submitNow(
  w: Workspace,
  principal: Principal,
  branch: Branch,
  what: { readonly mutations: readonly Request[]; readonly ask: Ask; readonly through?: Through | undefined },
): Promise<Result<SubmitReply> | 'lost'> {
  const open = checkOpen(branch);
  if (!open.ok) return Promise.resolve(open);
  const { mutations, through } = what;
  const edited = attempt(() => compileEdit(w, branch.snapshot, branch.row.id, mutations, through !== undefined));
  if (!edited.ok) return Promise.resolve(edited);
  return commitEdit(w, principal, branch, { ...edited.value, through }, what.ask);
}

function submitLate(
  w: Workspace,
  principal: Principal,
  branch: Branch,
  what: { readonly request: SubmitFor; readonly late: Late; readonly ask: Ask },
): Promise<Result<SubmitReply> | 'lost'> {
  const { request, late, ask } = what;
  const head = w.knownHead();
  if (head === undefined || head.row.version !== branch.row.baseVersion) return Promise.resolve('lost');
  const by = { actor: principal.id, atMs: w.world.clock.nowMs(), version: branch.row.version + 1 };
  const done = attempt(() => {
    const { mutations, through } = request;
    const edited = compileEdit(w, late.snapshot, branch.row.id, mutations, through !== undefined);
    return { steps: edited.steps, ...must(lateEdit(branch, head.snapshot, late, edited, by)) };
  });
  if (!done.ok) return Promise.resolve(done);
  const { steps, snapshot, settled, receipt } = done.value;
  const { through } = request;
  return commitEdit(w, principal, branch, { snapshot, steps, settled, receipt, atMs: by.atMs, through }, ask);
}

/** A state with edits on it, and what they were. */
export interface Edited {
  readonly snapshot: Snapshot;
  readonly steps: readonly Step[];
  /** What a merge made of them, when they do not simply stand behind the others. */
  readonly settled?: Settled;
  readonly receipt?: readonly ReceiptLine[];
  readonly atMs?: number;
  /** The run that asked for them. */
  readonly through?: Through | undefined;
  /** The version of the undo whose edits are put back. */
  readonly redoes?: number;
}

/** Under what an answer is remembered, and what is remembered of it when that is not the reply itself. */
export interface Ask {
  readonly key: string | undefined;
  readonly hash: Hash;
  readonly as?: (reply: SubmitReply, row: Branch['row']) => unknown;
}

/**
 * Commits edits made on the present state of a branch, in the same turn of the event loop as they were made. What reads
 * chunks comes before the first promise, so that `read` can repeat it.
 */
export function commitEdit(
  w: Workspace,
  principal: Principal,
  branch: Branch,
  edited: Edited,
  ask?: Ask,
): Promise<Result<SubmitReply> | 'lost'> {
  const { row: before } = branch;
  const atMs = edited.atMs ?? w.world.clock.nowMs();
  const remembered = (reply: SubmitReply, row: Branch['row']): Pick<Commit, 'idempotency'> =>
    ask === undefined ? {} : remember(principal.id, ask.key, ask.hash, ask.as?.(reply, row) ?? reply, atMs);
  const { through, redoes } = edited;
  const effective = edited.steps.filter((s) => s.mutations.length > 0).map((s) => toldThrough(s, through));
  if (effective.length === 0) {
    const same = replyOf(before, edited);
    return keepAnswer(w, branch, same, remembered(same, before));
  }
  const edits = () => [{ author: principal.id, mutations: effective.flatMap((s) => s.mutations) }];
  const change = { row: before, head: branch.snapshot, present: edited.snapshot, edits };
  if (!arePoliciesKnown(w)) return loadPolicies(w).then(() => 'lost');
  const may = permitChange(w, principal, 'edit', change);
  if (!may.ok) return denied(w, principal, { operation: 'edit', subject: before.id }, may);
  const resettled = edited.settled === undefined ? resettle(w, principal, branch, { ...edited, atMs }) : edited;
  if (resettled === 'lost') return Promise.resolve('lost');
  const { snapshot, settled } = resettled;
  const { intent, reality } = snapshot.roots();
  const entry: LogEntry = {
    format: logFormat,
    kind: 'edit',
    changeSet: before.id,
    version: before.version + 1,
    atMs,
    actor: principal.id,
    intentRoot: intent,
    realityRoot: reality,
    steps: effective,
    ...(settled === undefined ? {} : { settled }),
    ...(through === undefined ? {} : { through }),
    ...(redoes === undefined ? {} : { redoes }),
  };
  const text = logText(entry);
  const audit = auditRows(w, before, text, entry, effective);
  const row = {
    ...before,
    version: entry.version,
    intentRoot: intent,
    realityRoot: reality,
    ...audit.head,
    updatedAtMs: atMs,
  };
  const reply = replyOf(row, resettled);
  const landed = w.advance([{ branch, row, snapshot, entry }], {
    changeSets: [{ row, expected: before.version }],
    log: [{ changeSet: row.id, version: row.version, text }],
    audit: audit.rows,
    chunks: chunksOf(w, blobsOfEntry(entry)),
    ...remembered(reply, row),
  });
  return landed.then((durable) => (durable ? ok(reply) : 'lost'));
}

/** The audit and every answer about a value say by which run an edit came. */
function toldThrough(step: Step, through: Through | undefined): Step {
  if (through === undefined) return step;
  return { ...step, sentence: `${step.sentence}, by ${through.functionName} in run ${through.run}` };
}

/**
 * Where the pending change has edits that do not stand, or repairs, a new edit may be what brings them back or makes
 * them needless: the state is made anew from Head's and the whole list. Nearly always there are none.
 */
function resettle(
  w: Workspace,
  principal: Principal,
  branch: Branch,
  edited: Edited & { atMs: number },
): Edited | 'lost' {
  const { pending, row, snapshot: present } = branch;
  if (row.isHead || (pending.unsettled.size === 0 && pending.repairs.length === 0)) return edited;
  const head = w.knownHead();
  if (head === undefined || head.row.version !== row.baseVersion) return 'lost';
  const by = { actor: principal.id, atMs: edited.atMs, version: row.version + 1 };
  const extra = itemsOfSteps(by, edited.steps);
  const m = merge({ head: head.snapshot, present, pending, extra, route: 'own' }, 0);
  const { lines } = m.settlement;
  return {
    ...edited,
    snapshot: m.state,
    settled: { ...m.settlement, mutations: m.headPrime(), added: m.added },
    ...(lines.length === 0 ? {} : { receipt: lines }),
  };
}

/** Answers that nothing changed, once what it was compared with is durable; an answer under a key is written down. */
export async function keepAnswer<T>(
  w: Workspace,
  branch: Branch,
  reply: T,
  record: Pick<Commit, 'idempotency'>,
): Promise<Result<T> | 'lost'> {
  if (!(await lands(branch.durable))) return 'lost';
  if (record.idempotency !== undefined) await w.commit({ changeSets: [], log: [], audit: [], ...record });
  return ok(reply);
}

export function stepReply({ kind, subject, path, sentence, mutations }: Step): StepReply {
  return { kind, subject, path, sentence, edits: mutations.length };
}

function replyOf(row: Branch['row'], { steps, receipt }: Edited): SubmitReply {
  return {
    changeSet: row.id,
    version: row.version,
    intentRoot: row.intentRoot,
    steps: steps.map(stepReply),
    ...(receipt === undefined ? {} : { receipt }),
  };
}

/** Refuses `head_is_read_only`, `change_set_not_open`. */
export function checkOpen(branch: Branch): Result<unknown> {
  return branch.row.isHead ? headTakesNoEdit() : transition(branch.row.status, 'edit');
}

export function headTakesNoEdit(): Result<never> {
  return refuse('head_is_read_only', {
    path: 'changeSet',
    expected: 'an open change set',
    got: 'Head',
    hint: 'open a change set, make the edit there and apply it',
  });
}

/** The state that requests lead to. Throws what compiling refuses, with the place in the list in its path; `isNumbered`: also when it is the only one. */
export function compileEdit(
  w: Workspace,
  on: Snapshot,
  changeSet: ChangeSetId,
  mutations: readonly Request[],
  isNumbered: boolean,
): Edited {
  if (!Array.isArray(mutations) || mutations.length === 0 || mutations.length > limits.mutationsPerRequestMax) {
    must(
      refuse('request_malformed', {
        path: 'mutations',
        expected: `1 to ${limits.mutationsPerRequestMax} mutations`,
        got: Array.isArray(mutations) ? String(mutations.length) : typeof mutations,
        hint: 'send a list of mutations',
      }),
    );
  }
  const draft = on.edit();
  const steps = mutations.map((m, i) => {
    const step = compileWithSchema(w, draft, changeSet, m);
    if (step.ok) return step.value;
    const { path, ...rest } = step.refusal;
    return must<Step>({
      ok: false,
      refusal: { ...rest, path: isNumbered || mutations.length > 1 ? `mutations/${i}: ${path}` : path },
    });
  });
  const snapshot = draft.finish();
  snapshot.roots();
  return { snapshot, steps };
}

/** Installs a schema that only the catalogue has yet; undefined: it is there already, or the catalogue has none of that name. */
function installIn(
  w: Workspace,
  draft: SnapshotDraft,
  changeSet: ChangeSetId,
  schema: string,
): Result<Step> | undefined {
  const entry = resolveSchema(draft, schema).ok ? undefined : w.catalogue.entry(schema);
  if (entry === undefined) return undefined;
  const { name, category } = entry;
  const spec = w.catalogue.load(name)!;
  const { origin } = w.catalogue;
  return compileRequest(draft, changeSet, w.world.ids, { kind: 'schema.install', name, category, origin, spec });
}

/** A state as it will be once something of the schema is made in it: with what the catalogue has, for looking at only. */
export function withSchema(w: Workspace, state: Snapshot, changeSet: ChangeSetId, schema: string): Snapshot {
  const draft = state.edit();
  const installed = installIn(w, draft, changeSet, schema);
  return installed?.ok === true ? draft.finish() : state;
}

/** Compiles a request; a component of a schema that only the catalogue has yet brings its schema along. */
function compileWithSchema(w: Workspace, draft: SnapshotDraft, changeSet: ChangeSetId, request: Request): Result<Step> {
  const wanted =
    request?.kind === 'component.create' && typeof request.schema === 'string' ? request.schema : undefined;
  const installed = wanted === undefined ? undefined : installIn(w, draft, changeSet, wanted);
  if (installed === undefined) return compileRequest(draft, changeSet, w.world.ids, request);
  if (!installed.ok) return installed;
  const step = compileRequest(draft, changeSet, w.world.ids, request);
  if (!step.ok) return step;
  const { mutations, before } = installed.value;
  return ok({
    ...step.value,
    mutations: [...mutations, ...step.value.mutations],
    before: [...before, ...step.value.before],
  });
}
