// Opening, listing, applying, abandoning and reopening change sets. Opening copies nothing: the new change set starts
// from Head's roots. Applying is one compare-and-set on both Head and the change set; it needs Head where the change set
// was opened.

import type { Principal } from '../access/role.ts';
import type { ChangeSetId, Hash } from '../base/ids.ts';
import { limits } from '../base/limits.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { type ChangeSetEvent, isActive, transition } from '../model/change_set.ts';
import { idLength } from '../model/keys.ts';
import {
  type LogEntry,
  logFormat,
  logText,
  type PendingChange,
  parseLogEntry,
  pendingText,
} from '../mutation/log_entry.ts';
import type { ChangeSetRow } from '../ports/store.ts';
import { encodeBlob } from '../snapshot/chunk.ts';
import { auditRows, plainAuditRows } from './audit.ts';
import { askOf, remember, repeated } from './idempotency.ts';
import { permit } from './permit.ts';
import { type Branch, lands, type Workspace } from './workspace.ts';

/** Opens a change set on Head as it is now. Costs the same whatever the model's size. */
export async function openChangeSet(
  w: Workspace,
  principal: Principal,
  request: { readonly name: string; readonly idempotencyKey?: string },
): Promise<Result<ChangeSetRow>> {
  const may = await permit(w, principal, 'edit', { operation: 'open a change set', subject: '' });
  if (!may.ok) return may;
  const { name } = request;
  const ask = askOf(w, request.idempotencyKey, { open: name });
  if (!ask.ok) return ask;
  if (typeof name !== 'string' || name.trim() === '' || name.length > limits.nameCharsMax) {
    return refuse('request_malformed', {
      path: 'name',
      expected: `a name of 1 to ${limits.nameCharsMax} characters`,
      got: JSON.stringify(name) ?? 'nothing',
      hint: 'name the change set after what it is for',
    });
  }
  return repeated<ChangeSetRow>(w, { principal: principal.id, ...ask.value }, async () => {
    for (;;) {
      const head = await w.head();
      const row = await openOnce(w, principal, head, name, ask.value);
      if (row !== undefined) return ok(row);
    }
  });
}

async function openOnce(
  w: Workspace,
  principal: Principal,
  head: Branch,
  name: string,
  ask: { key: string | undefined; hash: Hash },
): Promise<ChangeSetRow | undefined> {
  const atMs = w.world.clock.nowMs();
  const id = w.world.ids.ulid<ChangeSetId>();
  const who = { actor: principal.id, atMs };
  const fresh: ChangeSetRow = {
    id,
    name,
    status: 'Open',
    isHead: false,
    baseVersion: head.row.version,
    version: 0,
    intentRoot: head.row.intentRoot,
    realityRoot: head.row.realityRoot,
    auditCount: 0,
    auditHead: '',
    createdAtMs: atMs,
    createdBy: principal.id,
    updatedAtMs: atMs,
  };
  const sentence = `open change set ${JSON.stringify(name)} on version ${head.row.version} of Head`;
  const fact = { kind: 'change_set.open', subject: id, path: '', sentence };
  const mine = plainAuditRows(w, fresh, who, [
    { ...fact, anchor: { changeSet: head.row.id, seq: head.row.auditCount, hash: head.row.auditHead } },
  ]);
  const row = { ...fresh, ...mine.head };
  const theirs = plainAuditRows(w, head.row, who, [
    { ...fact, anchor: { changeSet: id, seq: row.auditCount, hash: row.auditHead } },
  ]);
  const headRow = { ...head.row, ...theirs.head };
  const branch = w.newBranch(row, head.snapshot);
  const durable = await w.advance(
    [
      { branch: head, row: headRow, snapshot: head.snapshot },
      { branch, row, snapshot: head.snapshot },
    ],
    {
      changeSets: [
        { row: headRow, expected: head.row.version },
        { row, expected: undefined },
      ],
      log: [],
      audit: [...theirs.rows, ...mine.rows],
      ...remember(principal.id, ask.key, ask.hash, row, atMs),
    },
  );
  return durable ? row : undefined;
}

export async function listChangeSets(w: Workspace, all: boolean): Promise<ChangeSetRow[]> {
  const rows = await w.store.listChangeSets(w.id);
  return rows.filter((r) => all || isActive(r.status));
}

/** `HEAD`, an id, or the name of exactly one active change set. Refuses `change_set_not_found`, `ambiguous_name`. */
export async function resolveChangeSet(w: Workspace, text: string): Promise<Result<ChangeSetId>> {
  if (text.toUpperCase() === 'HEAD' || text === w.row.head) return ok(w.row.head);
  const byId = text.length === idLength ? await w.store.findChangeSet(w.id, text as ChangeSetId) : undefined;
  if (byId !== undefined) return ok(byId.id);
  const rows = await w.store.listChangeSets(w.id);
  const named = rows.filter((r) => r.name === text && !r.isHead);
  const active = named.filter((r) => isActive(r.status));
  const found = active.length > 0 ? active : named;
  if (found.length === 1) return ok(found[0]!.id);
  if (found.length > 1) {
    return refuse('ambiguous_name', {
      path: 'changeSet',
      expected: `one change set named ${JSON.stringify(text)}`,
      got: `${found.length}: ${found
        .slice(0, 5)
        .map((r) => r.id)
        .join(', ')}`,
      hint: 'use the id',
    });
  }
  return refuse('change_set_not_found', {
    path: 'changeSet',
    expected: 'HEAD, or the id or name of a change set',
    got: JSON.stringify(text),
    hint: 'list the change sets',
  });
}

/** Abandons or reopens: a status change, which is an entry of the log like any other. */
export async function changeStatus(
  w: Workspace,
  principal: Principal,
  id: ChangeSetId,
  event: Extract<ChangeSetEvent, 'abandon' | 'reopen'>,
): Promise<Result<ChangeSetRow>> {
  const may = await permit(w, principal, 'abandon', { operation: `${event} a change set`, subject: id });
  if (!may.ok) return may;
  for (;;) {
    const found = await w.branch(id);
    if (!found.ok) return found;
    const { branch } = found.value;
    if (branch.row.isHead) return headStays(event);
    const head = await w.head();
    const next = transition(branch.row.status, event);
    if (!next.ok) return next;
    const atMs = w.world.clock.nowMs();
    const row = { ...branch.row, status: next.value, version: branch.row.version + 1, updatedAtMs: atMs };
    const entry: LogEntry = { ...entryOf(row, atMs, principal), kind: 'status', status: next.value };
    const text = logText(entry);
    const verb = event === 'abandon' ? 'abandon' : 'reopen';
    const fact = {
      kind: `change_set.${event}`,
      subject: id,
      path: '',
      sentence: `${verb} change set ${JSON.stringify(row.name)}`,
    };
    const mine = auditRows(w, branch.row, text, entry, [fact]);
    const moved = { ...row, ...mine.head };
    const anchor = { changeSet: id, seq: moved.auditCount, hash: moved.auditHead };
    const theirs = plainAuditRows(w, head.row, { actor: principal.id, atMs }, [{ ...fact, anchor }]);
    const headRow = { ...head.row, ...theirs.head };
    const durable = await w.advance(
      [
        { branch, row: moved, snapshot: branch.snapshot },
        { branch: head, row: headRow, snapshot: head.snapshot },
      ],
      {
        changeSets: [
          { row: moved, expected: branch.row.version },
          { row: headRow, expected: head.row.version },
        ],
        log: [{ changeSet: id, version: moved.version, text }],
        audit: [...mine.rows, ...theirs.rows],
      },
    );
    if (durable) return ok(moved);
  }
}

function headStays(event: string): Result<never> {
  return refuse('head_is_read_only', {
    path: 'changeSet',
    expected: 'a change set other than Head',
    got: 'Head',
    hint: `Head cannot be ${event === 'abandon' ? 'abandoned' : event === 'reopen' ? 'reopened' : 'applied'}`,
  });
}

function entryOf(
  row: ChangeSetRow,
  atMs: number,
  principal: Principal,
): Omit<Extract<LogEntry, { kind: 'status' }>, 'kind' | 'status'> {
  return {
    format: logFormat,
    changeSet: row.id,
    version: row.version,
    atMs,
    actor: principal.id,
    intentRoot: row.intentRoot,
    realityRoot: row.realityRoot,
  };
}

export interface ApplyReceipt {
  readonly changeSet: ChangeSetId;
  readonly status: ChangeSetRow['status'];
  /** Head's version after the apply; unchanged for an empty change set. */
  readonly headVersion: number;
  readonly intentRoot: Hash;
  /** Edits carried over. */
  readonly edits: number;
}

/**
 * Makes a change set part of Head. Refuses `head_moved` when Head is not where the change set was opened; an apply
 * that was carried out answers the same when asked again with its key.
 */
export async function applyChangeSet(
  w: Workspace,
  principal: Principal,
  request: { readonly changeSet: ChangeSetId; readonly idempotencyKey?: string },
): Promise<Result<ApplyReceipt>> {
  const may = await permit(w, principal, 'apply', { operation: 'apply a change set', subject: request.changeSet });
  if (!may.ok) return may;
  const ask = askOf(w, request.idempotencyKey, { apply: request.changeSet });
  if (!ask.ok) return ask;
  return repeated<ApplyReceipt>(w, { principal: principal.id, ...ask.value }, async () => {
    for (;;) {
      const done = await applyOnce(w, principal, request.changeSet, ask.value);
      if (done !== 'lost') return done;
    }
  });
}

async function applyOnce(
  w: Workspace,
  principal: Principal,
  id: ChangeSetId,
  ask: { key: string | undefined; hash: Hash },
): Promise<Result<ApplyReceipt> | 'lost'> {
  const found = await w.branch(id);
  if (!found.ok) return found;
  const { branch } = found.value;
  if (branch.row.isHead) return headStays('apply');
  const version = branch.row.version;
  const pending = await pendingOf(w, branch);
  const head = await w.head();
  if (pending === undefined || branch.row.version !== version) return 'lost';
  const next = transition(branch.row.status, 'apply');
  if (!next.ok) return next;
  if (head.row.version !== branch.row.baseVersion) {
    return refuse('head_moved', {
      path: 'changeSet',
      expected: `Head at version ${branch.row.baseVersion}, where the change set was opened`,
      got: `Head at version ${head.row.version}`,
      hint: 'open a new change set on Head and make the edits there',
    });
  }
  const atMs = w.world.clock.nowMs();
  const empty = pending.edits.length === 0;
  const row = { ...branch.row, status: next.value, version: version + 1, updatedAtMs: atMs };
  const entry: LogEntry = { ...entryOf(row, atMs, principal), kind: 'status', status: next.value };
  const text = logText(entry);
  const edits = pending.edits.reduce((n, e) => n + e.steps.length, 0);
  const sentence = `apply change set ${JSON.stringify(row.name)} (${edits} ${edits === 1 ? 'mutation' : 'mutations'})`;
  const fact = { kind: 'change_set.apply', subject: id, path: '', sentence };
  const mine = auditRows(w, branch.row, text, entry, [fact]);
  const moved = { ...row, ...mine.head };
  const anchor = { changeSet: id, seq: moved.auditCount, hash: moved.auditHead };

  // An empty change set changes nothing, so Head keeps its version.
  const pendingBlob = pendingText(pending);
  const pendingHash = w.space.digest(encodeBlob(pendingBlob));
  const headVersion = head.row.version + (empty ? 0 : 1);
  const roots = { intentRoot: row.intentRoot, realityRoot: row.realityRoot };
  const headNext: ChangeSetRow = {
    ...head.row,
    ...roots,
    version: headVersion,
    baseVersion: headVersion,
    updatedAtMs: atMs,
  };
  const headEntry: LogEntry = {
    ...entryOf(headNext, atMs, principal),
    kind: 'apply',
    applied: id,
    appliedVersion: moved.version,
    pending: pendingHash,
  };
  const headText = logText(headEntry);
  const theirs = empty
    ? plainAuditRows(w, head.row, { actor: principal.id, atMs }, [{ ...fact, anchor }])
    : auditRows(w, head.row, headText, headEntry, [{ ...fact, anchor }]);
  const headRow = { ...headNext, ...theirs.head };
  const receipt: ApplyReceipt = {
    changeSet: id,
    status: moved.status,
    headVersion,
    intentRoot: headRow.intentRoot,
    edits,
  };
  const durable = await w.advance(
    [
      { branch, row: moved, snapshot: branch.snapshot },
      { branch: head, row: headRow, snapshot: branch.snapshot },
    ],
    {
      changeSets: [
        { row: moved, expected: version },
        { row: headRow, expected: head.row.version },
      ],
      log: [
        { changeSet: id, version: moved.version, text },
        ...(empty ? [] : [{ changeSet: headRow.id, version: headVersion, text: headText }]),
      ],
      audit: [...mine.rows, ...theirs.rows],
      chunks: empty ? [] : [{ hash: pendingHash, text: encodeBlob(pendingBlob) }],
      ...remember(principal.id, ask.key, ask.hash, receipt, atMs),
    },
  );
  return durable ? ok(receipt) : 'lost';
}

/** The pending change of a change set that has not been caught up: its own edits, in order; undefined: they did not land. */
async function pendingOf(w: Workspace, branch: Branch): Promise<PendingChange | undefined> {
  const { row, durable } = branch;
  if (!(await lands(durable))) return undefined;
  const edits: PendingChange['edits'][number][] = [];
  for (const { text } of await w.store.readLog(w.id, row.id, 0, row.version)) {
    const entry = parseLogEntry(text);
    if (entry.kind === 'edit')
      edits.push({ version: entry.version, atMs: entry.atMs, actor: entry.actor, steps: entry.steps });
  }
  return { format: logFormat, changeSet: row.id, baseVersion: row.baseVersion, edits };
}
