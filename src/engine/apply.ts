// Applying a change set: its pending edits, carried over everything Head has become, are one new version of Head. One
// transaction with compare-and-set on both: Head's row and log entry, the change set's status, the audit of both, the
// pending change with its receipt as a blob, the answer under its key. Before it nothing has happened, after it all has.

import type { Principal } from '../access/role.ts';
import type { ChangeSetId, Hash } from '../base/ids.ts';
import type { Json } from '../base/json.ts';
import { ok, type Refusal, type Result, refuse } from '../base/result.ts';
import { type LogEntry, logFormat, logText, type PendingChange, pendingText, type Spent } from '../merge/log_entry.ts';
import { linesInForce } from '../merge/receipt.ts';
import { transition } from '../model/change_set.ts';
import type { Step } from '../mutation/compile.ts';
import { apply, describe, type Mutation } from '../mutation/mutation.ts';
import type { PlannedAction } from '../ports/readiness.ts';
import type { ChangeSetRow } from '../ports/store.ts';
import { encodeBlob } from '../snapshot/chunk.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { type ApplyReceipt, receiptOf } from './apply_receipt.ts';
import { auditRows, plainAuditRows } from './audit.ts';
import { type Branch, lands, seenElsewhere } from './branch.ts';
import { caughtUp, engineActor, type Until } from './catch_up.ts';
import { entryOf, headStays } from './change_set.ts';
import { askOf, remember, repeated } from './idempotency.ts';
import { lockingEdits } from './locking.ts';
import { madeEdits } from './made_edits.ts';
import { checkMoved, leftBehind, type MovedLine, movedLines } from './moved.ts';
import { permit } from './permit.ts';
import { checkPlanFile, type PlanFile, planFileOf } from './plan_file.ts';
import { checkPlan, type Finding, judgePlan, noteDenied, unjudged, warningFact } from './plan_policy.ts';
import {
  areSameActions,
  cancelledSteps,
  neverEnding,
  type Planned,
  plannedActions,
  plannedSteps,
  planOf,
} from './planning.ts';
import { queuePlanned } from './queue_actions.ts';
import { replayInBackground } from './replay.ts';
import { checkApply, groundsOf, headWhile } from './requirements.ts';
import { wrongVersion } from './submit.ts';
import type { Workspace } from './workspace.ts';

export interface ApplyRequest {
  readonly changeSet: ChangeSetId;
  readonly idempotencyKey?: string;
  /** Leaves its actions queued for whoever takes the work up next. Default: they are carried out. */
  readonly leaveQueued?: boolean;
  /** Goes ahead without approvals that are missing and in a freeze window, where the principal may: not without a budget, nor before all is computed. */
  readonly force?: boolean;
  /** Carries out exactly this, or refuses `plan_stale`. */
  readonly plan?: PlanFile | undefined;
  /** Only if the change set is at this version when it is applied; else `version_conflict`. */
  readonly ifVersion?: number;
  /** Wait for what is still being computed, at most this long. Default 0: refuse with what is pending. */
  readonly waitMs?: number;
}

/**
 * Makes a change set part of Head. Refuses `change_set_not_open`, `not_ready`, `frozen`, `approval_required`,
 * `budget_exceeded`, `plan_denied`, `access_denied`. An apply that was carried out answers the same when asked again with its key; without one ask
 * `applyOutcome`.
 */
export async function applyChangeSet(
  w: Workspace,
  principal: Principal,
  request: ApplyRequest,
): Promise<Result<ApplyReceipt>> {
  const { waitMs = 0, force = false, plan, ifVersion } = request;
  const operation = force ? 'force a change set through' : 'apply a change set';
  const may = await permit(w, principal, force ? 'apply:force' : 'apply', { operation, subject: request.changeSet });
  if (!may.ok) return may;
  const ask = askOf(w, request.idempotencyKey, {
    apply: request.changeSet,
    ...(force ? { force } : {}),
    ...(plan === undefined ? {} : { plan: plan as unknown as Json }),
    ...(ifVersion === undefined ? {} : { ifVersion }),
  });
  if (!ask.ok) return ask;
  let until: Until = 'queued';
  const judged = { times: 0 };
  return repeated<ApplyReceipt>(w, { principal: principal.id, ...ask.value }, async () => {
    if (waitMs > 0 && until === 'queued') await w.readiness.quiet(w.id, request.changeSet, waitMs);
    const done = await w.observer.span('apply', { changeSet: request.changeSet }, () =>
      applyOnce(w, principal, request.changeSet, { ...ask.value, until, force, plan, ifVersion, judged }),
    );
    // A catch-up that fails for good must be heard of, so the second time it is waited for.
    until = 'durable';
    if (done === 'lost') return done;
    // An action may lack a runner for what this changes in its function.
    const isWork = done.ok && (done.value.actions.length > 0 || w.acting.isLacking);
    if (isWork && request.leaveQueued !== true) seenElsewhere(w.acting.wake());
    return done;
  });
}

interface Applying extends Pick<ApplyRequest, 'plan'> {
  readonly ifVersion: number | undefined;
  readonly key: string | undefined;
  readonly hash: Hash;
  readonly until: Until;
  readonly force: boolean;
  /** How often it has been judged on what was not so any more. */
  readonly judged: { times: number };
}

/** So often an apply is judged anew because reality moves meanwhile. */
const lapsMax = 20;

async function applyOnce(
  w: Workspace,
  principal: Principal,
  id: ChangeSetId,
  ask: Applying,
): Promise<Result<ApplyReceipt> | 'lost'> {
  const found = await caughtUp(w, id, ask.until);
  if (!found.ok) return found;
  const { branch } = found.value;
  if (branch.row.isHead) return headStays('apply');
  const { status, intentRoot } = branch.row;
  const { force } = ask;
  const next = transition(status, eventFor(force));
  // One that waits for approvals is told which, as one that never asked for them is.
  const waits = !force && (status === 'NeedsApproval' || status === 'Rejected');
  if (!next.ok && !waits) return next;
  await w.actions.ready();
  const grounds = await groundsOf(w, branch);
  const pending = next.ok ? await w.readiness.pending(w.id, id, intentRoot) : [];
  if (pending.length > 0) return onceDurable(branch, notReady(pending));
  const judged = next.ok ? await judgePlan(w, branch, principal.id, grounds.actions) : unjudged;
  const steps = next.ok ? await stepsOf(w, branch) : [];
  if (steps === undefined) {
    await lands(branch.durable);
    return 'lost';
  }
  const done = await w.read(() => {
    const head = headWhile(w, grounds);
    if (head === undefined || !w.actions.isRead || !w.reality.isRead) return 'lost';
    // In the turn in which it is applied: nobody gets in between.
    const wrong = wrongVersion(branch.row.version, ask.ifVersion);
    if (wrong !== undefined) return { refused: { ok: false as const, refusal: wrong } };
    const stale = ask.plan && checkPlanFile(ask.plan, planNow(w, branch, head));
    if (stale?.ok === false) return { refused: stale };
    const checked = checkApply(w, principal, grounds, { head: head.snapshot, force });
    if (!checked.ok) return { refused: checked };
    if (!next.ok) return { refused: askAgain(next.refusal) };
    const allowed = checkPlan(judged);
    if (!allowed.ok) return { refused: allowed };
    const planned = planOf(w, branch, head);
    // Reality has moved since it was judged: another plan would be queued than was approved.
    if (!areSameActions(plannedActions(planned), grounds.actions))
      return ++ask.judged.times < lapsMax ? 'lost' : { refused: restless() };
    if (planned.cycle !== undefined) return { refused: neverEnding(branch.snapshot, planned.cycle) };
    // An action that has ended is queued no more, and what it made is known once that is durable: between the two a plan makes it anew,
    // or finds nothing to take away.
    const { due, standing, cancelled, left } = planned.plan;
    const reported = w.reported(new Set([...due, ...standing, ...cancelled, ...left].map((d) => d.component)));
    if (reported !== undefined) return { reported };
    const moved = movedLines(branch, head);
    const free = checkMoved(w, head, moved);
    if (!free.ok) return { refused: free };
    return {
      applied: applyNow(w, principal, branch, head, {
        steps,
        planned,
        moved,
        actions: grounds.actions,
        ...checked.value,
        warnings: judged.findings,
        ask,
      }),
    };
  });
  if (done === 'lost') return done;
  if ('reported' in done) {
    await done.reported;
    return 'lost';
  }
  if ('applied' in done) return done.applied;
  const refused = await onceDurable(branch, done.refused);
  if (refused !== 'lost') await noteDenied(w, principal, branch.row, refused);
  return refused;
}

function restless(): Result<never> {
  return refuse('not_ready', {
    path: 'changeSet',
    expected: 'resources that stay as they are while the plan is judged',
    got: `another plan each time that it was judged, ${lapsMax} times`,
    hint: 'apply again when fewer actions are under way: headwater action list --status running',
  });
}

const eventFor = (force: boolean) => (force ? 'force_apply' : 'apply');

/** A refusal by what a branch is at, when that has come to be for good. */
async function onceDurable(branch: Branch, refused: Result<never>): Promise<Result<never> | 'lost'> {
  return (await lands(branch.durable)) ? refused : 'lost';
}

/** What was waited for has become needless, and the status does not say so yet. */
function askAgain(refusal: Refusal): Result<never> {
  return { ok: false, refusal: { ...refusal, hint: 'nothing is missing any more: request approval again' } };
}

const planNow = (w: Workspace, branch: Branch, head: Branch): PlanFile =>
  planFileOf({ workspace: w.id, branch, head, planned: planOf(w, branch, head) }, w.space.digest);

/** What an apply would do, as a document that an apply can be held to. Refuses as an apply does that has to wait. */
export async function makePlan(w: Workspace, changeSet: ChangeSetId, waitMs: number): Promise<Result<PlanFile>> {
  if (waitMs > 0) await w.readiness.quiet(w.id, changeSet, waitMs);
  for (;;) {
    const found = await caughtUp(w, changeSet, 'durable');
    if (!found.ok) return found;
    const { branch } = found.value;
    if (branch.row.isHead) return headStays('apply');
    const next = transition(branch.row.status, 'edit');
    const isWaiting = branch.row.status === 'NeedsApproval' || branch.row.status === 'Approved';
    if (!next.ok && !isWaiting) return next;
    await w.actions.ready();
    const grounds = await groundsOf(w, branch);
    const pending = await w.readiness.pending(w.id, changeSet, branch.row.intentRoot);
    if (pending.length > 0) return notReady(pending);
    const plan = await w.read(() => {
      const head = headWhile(w, grounds);
      return head === undefined ? undefined : planNow(w, branch, head);
    });
    if (plan !== undefined && (await lands(branch.durable))) return ok(plan);
  }
}

function notReady(pending: readonly string[]): Result<never> {
  return refuse('not_ready', {
    path: 'changeSet',
    expected: 'a change set of which everything is computed',
    got: `${pending.length} pending: ${pending.slice(0, 5).join(', ')}${pending.length > 5 ? ', …' : ''}`,
    hint: 'apply again when it is quiet, or ask to wait',
    data: { pending: [...pending] },
  });
}

/** In one turn of the event loop: the new rows of Head and of the change set, and the commit. */
function applyNow(
  w: Workspace,
  principal: Principal,
  branch: Branch,
  head: Branch,
  what: {
    readonly steps: readonly EditedSteps[];
    readonly planned: Planned;
    readonly moved: readonly MovedLine[];
    /** As they were approved. */
    readonly actions: readonly PlannedAction[];
    readonly spent: readonly Spent[];
    readonly without: readonly string[];
    readonly inFreeze?: string;
    readonly warnings: readonly Finding[];
    readonly ask: { key: string | undefined; hash: Hash; force: boolean };
  },
): Promise<Result<ApplyReceipt> | 'lost'> {
  const { pending } = branch;
  const atMs = w.world.clock.nowMs();
  const isKept = (item: number): boolean => pending.items[item]?.placed === undefined;
  const lines = linesInForce(pending.lines, branch.snapshot, isKept);
  const own = lockingEdits(
    branch.snapshot,
    pending.items.map((i) => i.m),
  );
  const empty = pending.items.length === 0;
  const state = own.length === 0 ? branch.snapshot : withEdits(branch.snapshot, own);
  const change: PendingChange = {
    format: logFormat,
    changeSet: branch.row.id,
    baseVersion: branch.row.baseVersion,
    edits: [
      ...what.steps,
      ...engineSteps(branch.snapshot, { repairs: pending.repairs, locks: own, atMs, version: branch.row.version }),
    ],
    receipt: lines,
  };
  const edits = what.steps.reduce((n, e) => n + e.steps.length, 0);
  const row = { ...branch.row, status: 'Applied' as const, version: branch.row.version + 1, updatedAtMs: atMs };
  const headVersion = head.row.version + (empty ? 0 : 1);
  const { spent } = what;
  const used = spent.length === 0 ? {} : { spent };
  const entry: LogEntry = { ...entryOf(row, atMs, principal), kind: 'status', status: 'Applied', headVersion, ...used };
  const text = logText(entry);
  const by = spent.length === 0 ? '' : `, approved by ${[...new Set(spent.map((s) => s.by))].sort().join(', ')}`;
  const size = `${edits} ${edits === 1 ? 'mutation' : 'mutations'}`;
  const { force } = what.ask;
  const without = what.without.length === 0 ? '' : `, without the approval of ${what.without.join('; ')}`;
  const inFreeze = what.inFreeze === undefined ? '' : `, in the freeze window ${JSON.stringify(what.inFreeze)}`;
  const verb = force ? 'force' : 'apply';
  const sentence = `${verb} change set ${JSON.stringify(row.name)} (${size}${by}${without}${inFreeze})`;
  const fact = { kind: `change_set.${eventFor(force)}`, subject: row.id, path: '', sentence };
  const warned = what.warnings.map((f) => warningFact(row.id, f));
  const mine = auditRows(w, branch.row, text, entry, [fact, ...warned]);
  const moved = { ...row, ...mine.head };
  const anchor = { changeSet: row.id, seq: moved.auditCount, hash: moved.auditHead };

  // An empty change set changes nothing, so Head keeps its version.
  const blob = pendingText(change);
  const hash = w.space.digest(encodeBlob(blob));
  const { intent, reality } = state.roots();
  const headNext: ChangeSetRow = empty
    ? { ...head.row, updatedAtMs: atMs }
    : {
        ...head.row,
        intentRoot: intent,
        realityRoot: reality,
        version: headVersion,
        baseVersion: headVersion,
        updatedAtMs: atMs,
      };
  const headEntry: LogEntry = {
    ...entryOf(headNext, atMs, principal),
    kind: 'apply',
    applied: row.id,
    appliedVersion: moved.version,
    pending: hash,
  };
  const headText = logText(headEntry);
  const theirs = empty
    ? plainAuditRows(w, head.row, { actor: principal.id, atMs }, [{ ...fact, anchor }])
    : auditRows(w, head.row, headText, headEntry, [{ ...fact, anchor }]);
  const headRow = { ...headNext, ...theirs.head };
  const receipt = receiptOf(moved, headRow, change, {
    edits,
    engine: pending.repairs.length + own.length,
    actions: what.actions,
    spent,
  });
  const queued = queuePlanned(
    w,
    state,
    { changeSet: row.id, actor: principal.id },
    { steps: plannedSteps(what.planned), cancelled: [...cancelledSteps(what.planned), ...leftBehind(w, what.moved)] },
  );
  const landed = w.advance(
    [
      { branch, row: moved, snapshot: branch.snapshot, entry },
      { branch: head, row: headRow, snapshot: empty ? head.snapshot : state },
    ],
    {
      changeSets: [
        { row: moved, expected: branch.row.version },
        { row: headRow, expected: head.row.version },
      ],
      log: [
        { changeSet: row.id, version: moved.version, text },
        ...(empty ? [] : [{ changeSet: headRow.id, version: headVersion, text: headText }]),
      ],
      audit: [...mine.rows, ...theirs.rows],
      actions: queued,
      chunks: empty ? [] : [{ hash, text: encodeBlob(blob) }],
      ...remember(principal.id, what.ask.key, what.ask.hash, receipt, atMs),
    },
  );
  return landed.then((durable) => {
    if (!durable) return 'lost';
    w.release(branch);
    if (!empty) replayInBackground(w);
    return ok(receipt);
  });
}

function withEdits(state: Snapshot, mutations: readonly Mutation[]): Snapshot {
  const draft = state.edit();
  for (const m of mutations) apply(draft, m);
  return draft.finish();
}

type EditedSteps = PendingChange['edits'][number];

/**
 * The change set's own edits by author, each mutation as it stands now; what does not stand is left out. Undefined when
 * there are edits that the log does not have yet.
 */
async function stepsOf(w: Workspace, branch: Branch): Promise<EditedSteps[] | undefined> {
  const { pending } = branch;
  const made = await madeEdits(w, branch);
  if (made === undefined) return undefined;
  const out: EditedSteps[] = [];
  for (const { version, atMs, actor, steps: all } of made.edits) {
    const steps: Step[] = [];
    for (const { step, at } of all) {
      const items = at.map((i) => pending.items[i]!);
      const asIs = items.every((item, i) => item.placed === undefined && item.m === step.mutations[i]);
      const mutations = items.flatMap((item) => item.placed ?? [item.m]);
      if (mutations.length === 0) continue;
      const before = asIs || mutations.length === step.before.length ? step.before : mutations.map(() => null);
      steps.push({ ...step, mutations, before });
    }
    if (steps.length > 0) out.push({ version, atMs, actor, steps });
  }
  return out;
}

/** What the engine adds at an apply, as edits of its own. */
function engineSteps(
  state: Snapshot,
  by: { repairs: readonly Mutation[]; locks: readonly Mutation[]; atMs: number; version: number },
): EditedSteps[] {
  const steps: Step[] = [];
  for (const [kind, mutations] of [
    ['engine.repair', by.repairs],
    ['engine.lock', by.locks],
  ] as const) {
    if (mutations.length === 0) continue;
    const sentence = mutations.map((m) => describe(state, m)).join(', ');
    steps.push({ kind, subject: '', path: '', sentence, mutations, before: mutations.map(() => null) });
  }
  return steps.length === 0 ? [] : [{ version: by.version, atMs: by.atMs, actor: engineActor, steps }];
}
