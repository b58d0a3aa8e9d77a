// Undo and redo in an open change set. Undo takes edits out of the pending change, and what is left is placed on Head as if they
// had never been made; no old value is written back. Redo brings what an undo took out as an edit of its own, carried over
// what Head has become meanwhile. Neither leaves anything half done: what other edits need is not undone without them.

import type { Principal } from '../access/role.ts';
import type { ChangeSetId, Hash } from '../base/ids.ts';
import { canonical, type Json } from '../base/json.ts';
import { attempt, must, ok, type Result, refuse } from '../base/result.ts';
import { blobsOfEntry, type LogEntry, logFormat, logText } from '../merge/log_entry.ts';
import { type Merged, merge } from '../merge/merge.ts';
import type { ReceiptLine } from '../merge/receipt.ts';
import type { Step } from '../mutation/compile.ts';
import { invert, type Mutation } from '../mutation/mutation.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { auditRows } from './audit.ts';
import { type Branch, lands } from './branch.ts';
import { caughtUp, chunksOf } from './catch_up.ts';
import { askOf, remember, repeated } from './idempotency.ts';
import { type Late, lateEdit, seenBy } from './late_edit.ts';
import { type Made, type MadeStep, madeEdits, namedSteps, noEdit, type Undone } from './made_edits.ts';
import { permit } from './permit.ts';
import { type Ask, checkOpen, commitEdit, type SubmitReply, wrongVersion } from './submit.ts';
import type { Workspace } from './workspace.ts';

export interface UndoRequest {
  readonly changeSet: ChangeSetId;
  /** As `change_set.edits` names them. Default: the caller's last one that is not undone. */
  readonly edits?: readonly string[];
  /** By default the last edit of whoever made it. */
  readonly ofAnyone?: boolean;
  /** Edits that need those go with them. Default: they are named, and nothing is undone. */
  readonly withNeeding?: boolean;
  /** Only if the change set is at this version. */
  readonly ifVersion?: number;
  readonly idempotencyKey?: string;
}

export interface UndoReply {
  readonly changeSet: ChangeSetId;
  /** What a redo of it names. */
  readonly version: number;
  readonly intentRoot: Hash;
  readonly undone: readonly { readonly id: string; readonly sentence: string }[];
  readonly receipt?: readonly ReceiptLine[];
}

/** Refuses `change_set_not_open`, `head_is_read_only`, `version_conflict`, `edit_not_found`, `edit_needed`. */
export async function undo(w: Workspace, principal: Principal, request: UndoRequest): Promise<Result<UndoReply>> {
  const may = await permit(w, principal, 'edit', { operation: 'undo edits', subject: request.changeSet });
  if (!may.ok) return may;
  const ask = askOf(w, request.idempotencyKey, { undo: request as unknown as Json });
  if (!ask.ok) return ask;
  return repeated<UndoReply>(w, { principal: principal.id, ...ask.value }, async () => {
    const seen = await standing(w, request);
    if (!seen.ok) return seen;
    const stands = seen.value;
    if (stands === 'lost') return stands;
    const { branch, made } = stands;
    const chosen = chosenOf(made, principal, request);
    if (!chosen.ok) return chosen;
    const more = request.withNeeding === true;
    // Those that need the chosen ones may be older than these.
    const told = await seenBy(w, branch, more ? 0 : firstOf(branch, chosen.value) - 1);
    if (!told.ok) return told;
    const late = told.value;
    if (late === 'lost') return late;
    return w.read((): Promise<Result<UndoReply> | 'lost'> => {
      const head = headOf(w, branch, stands);
      if (head === undefined) return Promise.resolve('lost');
      const left = leftWithout(branch, head, made, { steps: chosen.value, more, seen: statesOf(late) });
      if (!left.ok) return Promise.resolve(left);
      return commitUndo(w, principal, branch, { ...left.value, ask: ask.value });
    });
  });
}

export interface RedoRequest {
  readonly changeSet: ChangeSetId;
  /** The version of an undo. Default: the caller's last one that was not put back. */
  readonly undo?: number;
  readonly ofAnyone?: boolean;
  readonly ifVersion?: number;
  readonly idempotencyKey?: string;
}

/** Refuses as `undo`, and `version_conflict` with the receipt where what is put back has nothing to stand on any more. */
export async function redo(w: Workspace, principal: Principal, request: RedoRequest): Promise<Result<SubmitReply>> {
  const may = await permit(w, principal, 'edit', { operation: 'redo edits', subject: request.changeSet });
  if (!may.ok) return may;
  const ask = askOf(w, request.idempotencyKey, { redo: request as unknown as Json });
  if (!ask.ok) return ask;
  return repeated<SubmitReply>(w, { principal: principal.id, ...ask.value }, async () => {
    const seen = await standing(w, request);
    if (!seen.ok) return seen;
    const stands = seen.value;
    if (stands === 'lost') return stands;
    const { branch, made } = stands;
    const undone = undoneOf(made, principal, request);
    if (!undone.ok) return undone;
    const of = undone.value;
    const told = await seenBy(w, branch, of.version - 1);
    if (!told.ok) return told;
    const late = told.value;
    if (late === 'lost') return late;
    const before = await w.pendingOf(branch.row, of.version - 1);
    return w.read((): Promise<Result<SubmitReply> | 'lost'> => {
      const head = headOf(w, branch, stands);
      if (head === undefined) return Promise.resolve('lost');
      const items = of.dropped.map((at) => before.items[at]!);
      return putBack(w, principal, branch, { head, late, of, items, ask: ask.value });
    });
  });
}

interface Standing {
  readonly branch: Branch;
  readonly version: number;
  readonly made: Made;
}

/** An open change set, caught up and durable, with the edits it holds. */
async function standing(
  w: Workspace,
  { changeSet, ifVersion }: Pick<UndoRequest, 'changeSet' | 'ifVersion'>,
): Promise<Result<Standing | 'lost'>> {
  const found = await caughtUp(w, changeSet);
  if (!found.ok) return found;
  const { branch } = found.value;
  const open = checkOpen(branch);
  if (!open.ok) return open;
  const { version } = branch.row;
  const wrong = wrongVersion(version, ifVersion);
  if (wrong !== undefined) return { ok: false, refusal: wrong };
  if (!(await lands(branch.durable))) return ok('lost');
  const made = await madeEdits(w, branch);
  return ok(made === undefined ? 'lost' : { branch, version, made });
}

/** Head, when nobody has moved either since the edits were read. */
function headOf(w: Workspace, branch: Branch, seen: Standing): Branch | undefined {
  const head = w.knownHead();
  const isSame = branch.row.version === seen.version && w.isCurrent(branch);
  return isSame && head?.row.version === branch.row.baseVersion ? head : undefined;
}

function chosenOf(made: Made, principal: Principal, request: UndoRequest): Result<readonly MadeStep[]> {
  if (request.edits !== undefined) return request.edits.length === 0 ? noEdit('none') : namedSteps(made, request.edits);
  const last = made.edits.findLast(
    (e) => (request.ofAnyone === true || e.actor === principal.id) && e.steps.some((s) => s.at.length > 0),
  );
  return last === undefined ? noEdit('nothing to undo') : ok(last.steps.filter((s) => s.at.length > 0));
}

/** The version that brought the first of them. */
function firstOf(branch: Branch, steps: readonly MadeStep[]): number {
  return Math.min(...steps.flatMap((s) => s.at.map((at) => branch.pending.items[at]!.version)));
}

/** What had been there before the edits were made or has been since, newest first: what is left may use what Head has no more. */
function statesOf({ heads, headBefore, snapshot }: Late): readonly Snapshot[] {
  return [...heads.map((v) => v.state).reverse(), ...(headBefore === undefined ? [] : [headBefore]), snapshot];
}

function undoneOf(made: Made, principal: Principal, request: RedoRequest): Result<Undone> {
  const open = made.undone.filter((u) => u.redoneBy === undefined);
  const found =
    request.undo === undefined
      ? open.findLast((u) => request.ofAnyone === true || u.actor === principal.id)
      : open.find((u) => u.version === request.undo);
  if (found !== undefined) return ok(found);
  return refuse('edit_not_found', {
    path: 'undo',
    expected: 'an undo of this change set that was not put back',
    got: request.undo === undefined ? 'none of yours' : `version ${request.undo}`,
    hint: 'see its edits, undone ones with the version of the undo: headwater change-set edits NAME',
  });
}

interface Left {
  readonly merged: Merged;
  readonly positions: readonly number[];
  readonly steps: readonly MadeStep[];
  /** The text changes that the undo makes. */
  readonly texts: readonly Mutation[];
}

/** What is left without some edits; with `more` without those that need them, too. Refuses `edit_needed`. */
function leftWithout(
  branch: Branch,
  head: Branch,
  made: Made,
  what: { readonly steps: readonly MadeStep[]; readonly more: boolean; readonly seen: readonly Snapshot[] },
): Result<Left> {
  const { pending, snapshot: present } = branch;
  const steps = new Set(what.steps);
  for (;;) {
    const positions = [...steps].flatMap((s) => s.at).sort((a, b) => a - b);
    const gone = new Set(positions);
    const kept = pending.items.map((_, at) => at).filter((at) => !gone.has(at));
    const items = positions.map((at) => pending.items[at]!);
    const dropped = items.flatMap((item) => [item.m, ...(item.placed ?? [])]);
    const rest = pending.without(positions);
    const merged = merge({ head: head.snapshot, present, pending: rest, dropped, seen: what.seen, route: 'own' }, 0);
    const fallen = merged.settlement.items
      .filter(([at, item]) => item.placed?.length === 0 && rest.items[at]!.placed?.length !== 0)
      .map(([at]) => kept[at]!);
    const known = new Set(pending.repairs.map((m) => canonical(m as unknown as Json)));
    const isNew = merged.settlement.repairs.some((m) => !known.has(canonical(m as unknown as Json)));
    if (isNew) for (const l of merged.settlement.lines) if (l.item !== undefined) fallen.push(kept[l.item]!);
    const needing = stepsAt(made, fallen);
    if (needing.length === 0 && !isNew) {
      const texts = items
        .filter((item) => item.m.kind === 'text.edit' && item.placed?.length !== 0)
        .map((item) => invert(present.edit(), item.m))
        .reverse();
      return ok({ merged, positions, steps: [...steps], texts });
    }
    if (!what.more || needing.length === 0) return needed(needing);
    for (const s of needing) steps.add(s);
  }
}

function stepsAt(made: Made, positions: readonly number[]): MadeStep[] {
  const at = new Set(positions);
  return made.edits.flatMap((e) => e.steps.filter((s) => s.at.some((i) => at.has(i))));
}

function needed(by: readonly MadeStep[]): Result<never> {
  const shown = by.slice(0, 5).map((s) => `${s.id} (${s.step.sentence})`);
  return refuse('edit_needed', {
    path: 'edits',
    expected: 'edits that no other edit of the change set needs',
    got: by.length === 0 ? 'edits that the engine would have to repair' : `needed by ${shown.join(', ')}`,
    hint: 'undo those first, or all of them together: --with-needing',
    data: { edits: by.map((s) => s.id) },
  });
}

function commitUndo(
  w: Workspace,
  principal: Principal,
  branch: Branch,
  what: Left & { readonly ask: Ask },
): Promise<Result<UndoReply> | 'lost'> {
  const { merged, positions, steps, texts, ask } = what;
  const { row: before } = branch;
  const atMs = w.world.clock.nowMs();
  const { intent, reality } = merged.state.roots();
  const entry: LogEntry = {
    format: logFormat,
    kind: 'undo',
    changeSet: before.id,
    version: before.version + 1,
    atMs,
    actor: principal.id,
    intentRoot: intent,
    realityRoot: reality,
    dropped: positions,
    settled: { ...merged.settlement, texts, mutations: merged.headPrime() },
  };
  const text = logText(entry);
  const facts = steps.map(({ id, step: { subject, path, sentence } }) => {
    return { kind: 'edit.undo', subject, path, sentence: `undo ${id}: ${sentence}` };
  });
  const audit = auditRows(w, before, text, entry, facts);
  const { version } = entry;
  const row = { ...before, version, intentRoot: intent, realityRoot: reality, ...audit.head, updatedAtMs: atMs };
  const { lines } = merged.settlement;
  const reply: UndoReply = {
    changeSet: row.id,
    version,
    intentRoot: intent,
    undone: steps.map((s) => ({ id: s.id, sentence: s.step.sentence })),
    ...(lines.length === 0 ? {} : { receipt: lines }),
  };
  const landed = w.advance([{ branch, row, snapshot: merged.state, entry }], {
    changeSets: [{ row, expected: before.version }],
    log: [{ changeSet: row.id, version, text }],
    audit: audit.rows,
    chunks: chunksOf(w, blobsOfEntry(entry)),
    ...remember(principal.id, ask.key, ask.hash, reply, atMs),
  });
  return landed.then((durable) => (durable ? ok(reply) : 'lost'));
}

function putBack(
  w: Workspace,
  principal: Principal,
  branch: Branch,
  what: {
    readonly head: Branch;
    readonly late: Late;
    readonly of: Undone;
    readonly items: Branch['pending']['items'];
    readonly ask: Ask;
  },
): Promise<Result<SubmitReply> | 'lost'> {
  const { head, late, of, items, ask } = what;
  const by = { actor: principal.id, atMs: w.world.clock.nowMs(), version: branch.row.version + 1 };
  // Placed anew; what Head has decided about it for good stays decided. It stays its author's, whoever puts it back.
  const again = items.map(({ placed: _placed, why: _why, ...item }) => ({ ...item, version: by.version }));
  let next = 0;
  const steps = of.steps.map(({ step }): Step => {
    const mutations = step.mutations.map(() => again[next++]!.m);
    return { ...step, sentence: `redo: ${step.sentence}`, mutations, before: mutations.map(() => null) };
  });
  const done = attempt(() =>
    must(lateEdit(branch, head.snapshot, late, { steps, snapshot: late.snapshot, again }, by)),
  );
  if (!done.ok) return Promise.resolve(done);
  const { snapshot, settled, receipt } = done.value;
  const redoes = of.version;
  return commitEdit(w, principal, branch, { snapshot, steps, settled, receipt, atMs: by.atMs, redoes }, ask);
}
