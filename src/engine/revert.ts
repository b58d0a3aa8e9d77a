// Revert: a change set that takes back what one applied change set, or a range of Head's versions, brought. Its edits are
// the inverses, made on the state right after them and then carried over every version since, Head winning: what was
// changed again later stays, and the receipt says so with the mutation that would force it. Nothing is applied by it.

import type { Principal } from '../access/role.ts';
import type { ChangeSetId, ComponentId, Hash } from '../base/ids.ts';
import { Fault, must, ok, type Result, refuse } from '../base/result.ts';
import {
  itemsOfSteps,
  type LogEntry,
  logFormat,
  logText,
  type PendingChange,
  parseLogEntry,
} from '../merge/log_entry.ts';
import type { ReceiptLine } from '../merge/receipt.ts';
import { componentOf, unitOf } from '../merge/side.ts';
import { resourceIdOf } from '../model/lookup.ts';
import { holderOf } from '../model/moved.ts';
import { wellKnown } from '../model/path.ts';
import type { Reader } from '../model/state.ts';
import type { Step } from '../mutation/compile.ts';
import { apply, invert, type Mutation } from '../mutation/mutation.ts';
import type { ChangeSetRow } from '../ports/store.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { auditRows, plainAuditRows } from './audit.ts';
import { newBranch } from './branch.ts';
import { presentOf } from './catch_up.ts';
import { entryOf } from './change_set.ts';
import { answered, askOf, keyOfPart, remember, repeated } from './idempotency.ts';
import { denied, permit } from './permit.ts';
import { permitChange } from './policies.ts';
import type { Workspace } from './workspace.ts';

export interface RevertRequest {
  /** An applied change set, or the versions of Head from the first to the last, both included. */
  readonly of: { readonly changeSet: ChangeSetId } | { readonly first: number; readonly last: number };
  readonly name?: string;
  readonly idempotencyKey?: string;
}

export interface RevertReply {
  /** The change set with the inverse edits, open and caught up. */
  readonly changeSet: ChangeSetRow;
  /** Requests that were taken back. */
  readonly edits: number;
  /** What stays because it was changed again since; and everything else that merging decided. */
  readonly receipt: readonly ReceiptLine[];
  /** What has no inverse and stays, a sentence each. */
  readonly noInverse: readonly string[];
}

/** Refuses `version_not_found`, `change_set_not_applied`, `change_set_not_found`, `nothing_to_revert`. */
export async function revert(w: Workspace, principal: Principal, request: RevertRequest): Promise<Result<RevertReply>> {
  const may = await permit(w, principal, 'edit', { operation: 'revert', subject: '' });
  if (!may.ok) return may;
  const ask = askOf(w, request.idempotencyKey, { revert: { ...request.of } });
  if (!ask.ok) return ask;
  return repeated<RevertReply>(w, { principal: principal.id, ...ask.value }, async () => {
    const opened = await openedOnce(w, principal, request, ask.value);
    if (opened === 'lost' || !opened.ok) return opened;
    const { id, edits, noInverse } = opened.value;
    const present = await presentOf(w, id);
    if (!present.ok) return present;
    const reply: RevertReply = {
      changeSet: present.value.row,
      edits,
      receipt: present.value.branch.pending.lines,
      noInverse,
    };
    const record = remember(principal.id, ask.value.key, ask.value.hash, reply, w.world.clock.nowMs());
    if (record.idempotency !== undefined) await w.commit({ changeSets: [], log: [], audit: [], ...record });
    return ok(reply);
  });
}

interface Asked {
  readonly key: string | undefined;
  readonly hash: Hash;
}

/** What is remembered of a change set that was opened, until the whole answer is. */
interface Opened extends Pick<RevertReply, 'edits' | 'noInverse'> {
  readonly id: ChangeSetId;
}

/** Opens the change set with its edits, once for a key: of an attempt that ended behind that the rest is done. */
async function openedOnce(
  w: Workspace,
  principal: Principal,
  request: RevertRequest,
  { key: whole, hash }: Asked,
): Promise<Result<Opened> | 'lost'> {
  const ask = { key: keyOfPart(w, whole, 'opened'), hash };
  const earlier = await answered<Opened>(w, { principal: principal.id, ...ask });
  if (earlier !== undefined) return earlier;
  const range = await rangeOf(w, request);
  if (!range.ok) return range;
  const { first, last } = range.value;
  const inverse = await inverseOf(w, first, last);
  if (inverse.steps.length === 0) return nothing(first, last);
  const name = request.name ?? (await nameFor(w, request, first, last));
  return open(w, principal, { name, last, inverse, ask });
}

function nothing(first: number, last: number): Result<never> {
  return refuse('nothing_to_revert', {
    path: 'of',
    expected: 'versions that changed something which can be taken back',
    got: first === last ? `version ${first}` : `versions ${first} to ${last}`,
    hint: 'see the history of Head',
  });
}

async function nameFor(w: Workspace, request: RevertRequest, first: number, last: number): Promise<string> {
  if (!('changeSet' in request.of))
    return first === last ? `revert version ${first}` : `revert versions ${first}-${last}`;
  const row = await w.store.findChangeSet(w.id, request.of.changeSet);
  return `revert ${row?.name ?? request.of.changeSet}`;
}

async function rangeOf(w: Workspace, { of }: RevertRequest): Promise<Result<{ first: number; last: number }>> {
  const head = await w.head();
  if ('changeSet' in of) {
    const row = await w.store.findChangeSet(w.id, of.changeSet);
    if (row === undefined) return w.branch(of.changeSet) as Promise<Result<never>>;
    if (row.status !== 'Applied') {
      return refuse('change_set_not_applied', {
        path: 'changeSet',
        expected: 'a change set that was applied',
        got: `one that is ${row.status}`,
        hint: 'abandon a change set that is not wanted; nothing of it is on Head',
      });
    }
    const [text] = await w.store.readLog(w.id, row.id, row.version - 1, row.version, 1);
    const entry = text === undefined ? undefined : parseLogEntry(text.text);
    if (entry?.kind !== 'status' || entry.headVersion === undefined)
      throw new Fault('store_damaged', `the log of ${row.id} does not end with its apply; run verify`);
    return ok({ first: entry.headVersion, last: entry.headVersion });
  }
  const { first, last } = of;
  if (
    Number.isSafeInteger(first) &&
    Number.isSafeInteger(last) &&
    first >= 2 &&
    first <= last &&
    last <= head.row.version
  )
    return ok({ first, last });
  return refuse('version_not_found', {
    path: 'of',
    expected: `versions of Head from 2 to ${head.row.version}, the first not behind the last`,
    got: `${first} to ${last}`,
    hint: 'see the history of Head; its first version is the empty workspace',
  });
}

interface Inverse {
  /** State right after the last version; the inverse edits apply to it. */
  readonly after: Snapshot;
  readonly steps: readonly Step[];
  readonly noInverse: readonly string[];
}

async function inverseOf(w: Workspace, first: number, last: number): Promise<Inverse> {
  const head = await w.head();
  const now = head.snapshot;
  const steps: Step[] = [];
  const noInverse: string[] = [];
  const changes: Change[] = [];
  let state = await w.headState(first - 1);
  for (let version = first; version <= last; version++) {
    const [row] = await w.store.readLog(w.id, w.row.head, version - 1, version, 1);
    const entry = row === undefined ? undefined : parseLogEntry(row.text);
    if (entry === undefined) throw new Fault('store_damaged', `Head has no log entry ${version}; run verify`);
    if (entry.kind === 'apply') {
      const { edits } = await w.pendingChange(entry.pending);
      changes.push({ before: state.snapshot, edits });
    }
    state = await w.headState(version, state);
  }
  const isReal = realityOf(now, changes);
  for (const change of changes) steps.unshift(...(await w.read(() => inverseSteps(change, isReal, noInverse))));
  return { after: state.snapshot, steps, noInverse };
}

/** What one version changed. */
interface Change {
  readonly before: Snapshot;
  readonly edits: PendingChange['edits'];
}

/**
 * Will a component that the range created have a resource when all of it is taken back? What it took over in the range it
 * gives back; what was taken from it in the range it gets back. Call what it answers in `read`.
 */
function realityOf(now: Reader, changes: readonly Change[]): (component: ComponentId) => boolean {
  const taking = new Set<ComponentId>();
  for (const m of changes.flatMap((c) => c.edits.flatMap((e) => e.steps.flatMap((s) => s.mutations))))
    if (m.kind === 'cell.set' && m.path === wellKnown.movedFrom) taking.add(m.component);
  return (component) => {
    if (taking.has(component)) return false;
    const holder = holderOf(now, component);
    return resourceIdOf(now, taking.has(holder) ? holder : component) !== undefined;
  };
}

/** The inverse of one version, last edit first. */
function inverseSteps(
  { before, edits }: Change,
  isRealNow: (component: ComponentId) => boolean,
  noInverse: string[],
): Step[] {
  const draft = before.edit();
  const out: Step[] = [];
  const kept = new Set<ComponentId>();
  for (const step of edits.flatMap((e) => e.steps)) {
    const inverse: Mutation[] = [];
    for (const m of step.mutations) {
      // A component that has a resource by now is marked, so that the resource goes with it; erasing would leave it.
      const isReal = m.kind === 'component.create' && isRealNow(m.component);
      if (isReal) kept.add(m.component);
      inverse.unshift(isReal ? { kind: 'component.mark', component: m.component } : invert(draft, m));
      apply(draft, m);
    }
    if (step.kind === 'engine.lock') {
      // What was locked was made immutable for good; what it made the default is taken back like any edit.
      noInverse.push(...step.mutations.filter(isLock).map(() => step.sentence));
      const rest = inverse.filter((m) => !isLock(m));
      if (rest.length > 0) out.unshift(stepOf(step, rest));
    } else out.unshift(stepOf(step, inverse));
  }
  if (kept.size === 0) return out;
  // What is marked keeps its values: taking them back would change the resource before it is destroyed.
  return out
    .map((s) => ({ ...s, mutations: s.mutations.filter((m) => !kept.has(componentOf(m)!) || isMark(m)) }))
    .map((s) => ({ ...s, before: s.mutations.map(() => null) }))
    .filter((s) => s.mutations.length > 0);
}

const isMark = (m: Mutation): boolean => m.kind === 'component.mark';
const isLock = (m: Mutation): boolean => m.kind === 'record.set' && m.field === 'locked';

function stepOf(step: Step, mutations: readonly Mutation[]): Step {
  return {
    kind: 'engine.revert',
    subject: step.subject === '' ? unitOf(mutations[0]!) : step.subject,
    path: step.path,
    sentence: `take back: ${step.sentence}`,
    mutations,
    before: mutations.map(() => null),
  };
}

/** Opens the change set on the version reverted to, with the inverse edits as its first entry, in one commit. */
async function open(
  w: Workspace,
  principal: Principal,
  what: { readonly name: string; readonly last: number; readonly inverse: Inverse; readonly ask: Asked },
): Promise<Result<Opened> | 'lost'> {
  const { after, steps, noInverse } = what.inverse;
  const head = await w.head();
  const atMs = w.world.clock.nowMs();
  const id = w.world.ids.ulid<ChangeSetId>();
  const state = await w.read(() => {
    const draft = after.edit();
    for (const m of steps.flatMap((s) => s.mutations)) apply(draft, m);
    const next = draft.finish();
    next.roots();
    return next;
  });
  const { intent, reality } = state.roots();
  const fresh: ChangeSetRow = {
    id,
    name: what.name,
    status: 'Open',
    isHead: false,
    baseVersion: what.last,
    openedOn: what.last,
    version: 0,
    intentRoot: after.roots().intent,
    realityRoot: after.roots().reality,
    auditCount: 0,
    auditHead: '',
    createdAtMs: atMs,
    createdBy: principal.id,
    updatedAtMs: atMs,
  };
  const edits = () => [{ author: principal.id, mutations: steps.flatMap((s) => s.mutations) }];
  const change = { row: fresh, head: after, present: state, edits };
  const may = await w.read(() => permitChange(w, principal, 'edit', change));
  if (!may.ok) must(await denied(w, principal, { operation: 'revert', subject: '' }, may));
  const sentence = `open change set ${JSON.stringify(what.name)} on version ${what.last} of Head`;
  const fact = { kind: 'change_set.open', subject: id, path: '', sentence };
  const begun = plainAuditRows(w, fresh, { actor: principal.id, atMs }, [
    { ...fact, anchor: { changeSet: head.row.id, seq: head.row.auditCount, hash: head.row.auditHead } },
  ]);
  const empty = { ...fresh, ...begun.head };
  const row = { ...empty, version: 1, intentRoot: intent, realityRoot: reality };
  const by = { actor: principal.id, atMs, version: 1 };
  const mutations = steps.flatMap((s) => s.mutations);
  const entry: LogEntry = {
    ...entryOf(row, atMs, principal),
    format: logFormat,
    kind: 'edit',
    steps,
    settled: { items: [], repairs: [], lines: [], texts: [], mutations, added: itemsOfSteps(by, steps, 'head') },
  };
  const text = logText(entry);
  const edited = auditRows(w, empty, text, entry, steps);
  const moved = { ...row, ...edited.head };
  const theirs = plainAuditRows(w, head.row, { actor: principal.id, atMs }, [
    { ...fact, anchor: { changeSet: id, seq: moved.auditCount, hash: moved.auditHead } },
  ]);
  const headRow = { ...head.row, ...theirs.head };
  const opened: Opened = { id, edits: steps.length, noInverse };
  const durable = await w.advance(
    [
      { branch: head, row: headRow, snapshot: head.snapshot },
      { branch: newBranch(moved, state), row: moved, snapshot: state, entry },
    ],
    {
      changeSets: [
        { row: headRow, expected: head.row.version },
        { row: moved, expected: undefined },
      ],
      log: [{ changeSet: id, version: 1, text }],
      audit: [...theirs.rows, ...begun.rows, ...edited.rows],
      ...remember(principal.id, what.ask.key, what.ask.hash, opened, atMs),
    },
  );
  return durable ? ok(opened) : 'lost';
}
