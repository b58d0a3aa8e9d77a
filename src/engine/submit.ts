// Submit: the whole life of a mutation. Compile the author's requests against what the author saw, validate, apply, seal
// the roots, write log and audit in one compare-and-set commit, answer once it is durable.

import type { Principal } from '../access/role.ts';
import type { ChangeSetId, Hash } from '../base/ids.ts';
import type { Json } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { attempt, must, ok, type Result, refuse } from '../base/result.ts';
import { transition } from '../model/change_set.ts';
import { resolveSchema } from '../model/lookup.ts';
import { compileRequest, type Step } from '../mutation/compile.ts';
import { blobsOfSteps, type LogEntry, logFormat, logText, parseLogEntry } from '../mutation/log_entry.ts';
import { apply, footprint, type Touch, validate } from '../mutation/mutation.ts';
import type { Request } from '../mutation/request.ts';
import type { Commit } from '../ports/store.ts';
import { encodeBlob } from '../snapshot/chunk.ts';
import type { Snapshot, SnapshotDraft } from '../snapshot/snapshot.ts';
import { auditRows } from './audit.ts';
import { askOf, remember, repeated } from './idempotency.ts';
import { permit } from './permit.ts';
import { type Branch, lands, type Workspace } from './workspace.ts';

export interface SubmitRequest {
  readonly changeSet: ChangeSetId;
  readonly mutations: readonly Request[];
  /** The same key with the same request is carried out once and answered the same. */
  readonly idempotencyKey?: string;
  /** The version the author saw; absent: the present one. */
  readonly baseVersion?: number;
}

export interface SubmitReply {
  readonly changeSet: ChangeSetId;
  readonly version: number;
  readonly intentRoot: Hash;
  /** One for each mutation of the request, in order. */
  readonly steps: readonly StepReply[];
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
  return repeated<SubmitReply>(w, { principal: principal.id, ...ask.value }, async () => {
    for (;;) {
      const done = await submitOnce(w, principal, request, ask.value);
      if (done !== 'lost') return done;
    }
  });
}

async function submitOnce(
  w: Workspace,
  principal: Principal,
  request: SubmitRequest,
  ask: Ask,
): Promise<Result<SubmitReply> | 'lost'> {
  const may = await permit(w, principal, 'edit', { operation: 'edit', subject: String(request.changeSet) });
  if (!may.ok) return may;
  const found = await w.branch(request.changeSet);
  if (!found.ok) return found;
  const { branch } = found.value;
  const base = await seenBy(w, branch, request.baseVersion);
  if (!base.ok) return base;
  const seen = base.value;
  if (seen === 'lost') return seen;
  return w.read(() => {
    if (seen !== undefined && seen.present !== branch.row.version) return Promise.resolve('lost' as const);
    return submitNow(w, principal, branch, { mutations: request.mutations, seen, ask });
  });
}

/**
 * Edits a branch in one turn of the event loop, from reading it to queueing the commit: nobody gets in between, and the
 * next writer builds on this one without waiting for its sync. Call it in `read`.
 */
export function submitNow(
  w: Workspace,
  principal: Principal,
  branch: Branch,
  what: { readonly mutations: readonly Request[]; readonly seen?: Seen | undefined; readonly ask: Ask },
): Promise<Result<SubmitReply> | 'lost'> {
  const open = checkOpen(branch);
  if (!open.ok) return Promise.resolve(open);
  const { id } = branch.row;
  const edited = attempt(() => edit(w, branch.snapshot, what.seen, { changeSet: id, mutations: what.mutations }));
  if (!edited.ok) return Promise.resolve(edited);
  return commitEdit(w, principal, branch, edited.value, what.ask);
}

/** A state with edits on it, and what they were. */
export interface Edited {
  readonly snapshot: Snapshot;
  readonly steps: readonly Step[];
}

/** Under what an answer is remembered, and what is remembered of it when that is not the reply itself. */
export interface Ask {
  readonly key: string | undefined;
  readonly hash: Hash;
  readonly as?: (reply: SubmitReply) => unknown;
}

/**
 * Commits edits made on the present state of a branch, in the same turn of the event loop as they were made. What reads
 * chunks comes before the first promise, so that `read` can repeat it.
 */
export function commitEdit(
  w: Workspace,
  principal: Principal,
  branch: Branch,
  { snapshot, steps }: Edited,
  ask?: Ask,
): Promise<Result<SubmitReply> | 'lost'> {
  const { row: before } = branch;
  const atMs = w.world.clock.nowMs();
  const remembered = (reply: SubmitReply): Pick<Commit, 'idempotency'> =>
    ask === undefined ? {} : remember(principal.id, ask.key, ask.hash, ask.as?.(reply) ?? reply, atMs);
  const effective = steps.filter((s) => s.mutations.length > 0);
  if (effective.length === 0) {
    const same = replyOf(before, steps);
    return keepAnswer(w, branch, same, remembered(same));
  }
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
  const reply = replyOf(row, steps);
  const landed = w.advance([{ branch, row, snapshot }], {
    changeSets: [{ row, expected: before.version }],
    log: [{ changeSet: row.id, version: row.version, text }],
    audit: audit.rows,
    chunks: blobsOfSteps(effective).map((h) => ({ hash: h, text: encodeBlob(w.space.blob(h)) })),
    ...remembered(reply),
  });
  return landed.then((durable) => (durable ? ok(reply) : 'lost'));
}

/** Answers that nothing changed, once what it was compared with is durable; an answer under a key is written down. */
export async function keepAnswer<T>(
  w: Workspace,
  branch: Branch,
  reply: T,
  record: Pick<Commit, 'idempotency'>,
): Promise<Result<T> | 'lost'> {
  if (!(await lands(branch.durable))) return 'lost';
  if (record.idempotency !== undefined) await w.store.commit(w.id, { changeSets: [], log: [], audit: [], ...record });
  return ok(reply);
}

function replyOf(row: Branch['row'], steps: readonly Step[]): SubmitReply {
  return {
    changeSet: row.id,
    version: row.version,
    intentRoot: row.intentRoot,
    steps: steps.map((s) => ({
      kind: s.kind,
      subject: s.subject,
      path: s.path,
      sentence: s.sentence,
      edits: s.mutations.length,
    })),
  };
}

function checkOpen(branch: Branch): Result<unknown> {
  if (branch.row.isHead) {
    return refuse('head_is_read_only', {
      path: 'changeSet',
      expected: 'an open change set',
      got: 'Head',
      hint: 'open a change set, make the edit there and apply it',
    });
  }
  return transition(branch.row.status, 'edit');
}

interface Seen {
  /** The version that `since` goes up to. */
  readonly present: number;
  readonly snapshot: Snapshot;
  /** What has been written since, when that is not nothing. */
  readonly since: readonly Touch[];
}

/** What the author saw: the present state, or an earlier version with what came after it. */
async function seenBy(
  w: Workspace,
  branch: Branch,
  baseVersion: number | undefined,
): Promise<Result<Seen | undefined | 'lost'>> {
  if (baseVersion === undefined) return ok(undefined);
  const { row, durable } = branch;
  if (!(await lands(durable))) return ok('lost');
  const snapshot = await w.stateAt(row, baseVersion);
  if (!snapshot.ok) return snapshot;
  const since: Touch[] = [];
  for (const { text } of await w.store.readLog(w.id, row.id, baseVersion, row.version)) {
    const entry = parseLogEntry(text);
    if (entry.kind !== 'edit') continue;
    for (const step of entry.steps) for (const m of step.mutations) since.push(...footprint(m).writes);
  }
  return ok({ present: row.version, snapshot: snapshot.value, since });
}

function edit(
  w: Workspace,
  present: Snapshot,
  seen: Seen | undefined,
  request: SubmitRequest,
): { snapshot: Snapshot; steps: Step[] } {
  if (
    !Array.isArray(request.mutations) ||
    request.mutations.length === 0 ||
    request.mutations.length > limits.mutationsPerRequestMax
  ) {
    must(
      refuse('request_malformed', {
        path: 'mutations',
        expected: `1 to ${limits.mutationsPerRequestMax} mutations`,
        got: Array.isArray(request.mutations) ? String(request.mutations.length) : typeof request.mutations,
        hint: 'send a list of mutations',
      }),
    );
  }
  const draft = (seen?.snapshot ?? present).edit();
  const steps = request.mutations.map((m, i) => {
    const step = compileWithSchema(w, draft, request.changeSet, m);
    if (step.ok) return step.value;
    const { path, ...rest } = step.refusal;
    return must<Step>({
      ok: false,
      refusal: { ...rest, path: request.mutations.length === 1 ? path : `mutations/${i}: ${path}` },
    });
  });
  const last = seen === undefined || seen.since.length === 0 ? draft : rebase(present, seen, steps);
  const snapshot = last.finish();
  snapshot.roots();
  return { snapshot, steps };
}

/** Compiles a request; a component of a schema that only the catalogue has yet brings its schema along. */
function compileWithSchema(w: Workspace, draft: SnapshotDraft, changeSet: ChangeSetId, request: Request): Result<Step> {
  const wanted =
    request?.kind === 'component.create' && typeof request.schema === 'string' ? request.schema : undefined;
  const entry = wanted === undefined || resolveSchema(draft, wanted).ok ? undefined : w.catalogue.entry(wanted);
  if (entry === undefined) return compileRequest(draft, changeSet, w.world.ids, request);
  const { name, category } = entry;
  const spec = w.catalogue.load(name)!;
  const installed = compileRequest(draft, changeSet, w.world.ids, {
    kind: 'schema.install',
    name,
    category,
    origin: w.catalogue.origin,
    spec,
  });
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

/** Carries edits made on an older version over what has been written since, when they do not meet it. */
function rebase(present: Snapshot, seen: Seen, steps: readonly Step[]): ReturnType<Snapshot['edit']> {
  const draft = present.edit();
  for (const m of steps.flatMap((s) => s.mutations)) {
    const touched = footprint(m);
    for (const mine of [...touched.writes, ...touched.reads]) {
      const clash = seen.since.find((theirs) => meet(mine, theirs));
      if (clash === undefined) continue;
      must(
        refuse('version_conflict', {
          path: clash.key,
          expected: 'edits of what nobody has changed since the version named',
          got: `a change of ${clash.category} ${clash.key} since`,
          hint: 'read again and repeat the edit',
        }),
      );
    }
    must(validate(draft, m));
    apply(draft, m);
  }
  return draft;
}

function meet(a: Touch, b: Touch): boolean {
  if (a.category !== b.category) return false;
  if (a.key === b.key) return true;
  return (a.subtree && b.key.startsWith(a.key)) || (b.subtree && a.key.startsWith(b.key));
}
