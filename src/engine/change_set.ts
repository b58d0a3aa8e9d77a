// Opening, listing, abandoning and reopening change sets, and what every change of status writes. Opening copies nothing:
// the new change set starts from Head's roots. Applying is in apply.ts, approval in approvals.ts.

import type { Principal } from '../access/role.ts';
import type { ChangeSetId, Hash } from '../base/ids.ts';
import { isPlainName, plainName } from '../base/plain_text.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { type LogEntry, logFormat, logText } from '../merge/log_entry.ts';
import { type ChangeSetEvent, type ChangeSetStatus, isActive, transition } from '../model/change_set.ts';
import { idLength } from '../model/keys.ts';
import type { ChangeSetRow } from '../ports/store.ts';
import { auditRows, plainAuditRows } from './audit.ts';
import { type Branch, newBranch } from './branch.ts';
import { askOf, remember, repeated } from './idempotency.ts';
import { permit } from './permit.ts';
import type { Workspace } from './workspace.ts';

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
  const checked = checkName(name);
  if (!checked.ok) return checked;
  return repeated<ChangeSetRow>(w, { principal: principal.id, ...ask.value }, async () => {
    const row = await openOnce(w, principal, await w.head(), name, ask.value);
    return row === undefined ? 'lost' : ok(row);
  });
}

function checkName(name: unknown): Result<void> {
  if (isPlainName(name)) return ok(undefined);
  return refuse('request_malformed', {
    path: 'name',
    expected: plainName,
    got: JSON.stringify(name) ?? 'nothing',
    hint: 'name the change set after what it is for',
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
    openedOn: head.row.version,
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
  const branch = newBranch(row, head.snapshot);
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
    hint: 'list the change sets (`headwater change-set list`), or open one (`headwater change-set create NAME`)',
  });
}

/**
 * Gives a change set that is neither applied nor abandoned another name. That is no edit: its version, what it holds and what
 * was approved of it stay. Refuses `access_denied`, `request_malformed`, `head_is_read_only`, `change_set_not_open`.
 */
export async function renameChangeSet(
  w: Workspace,
  principal: Principal,
  id: ChangeSetId,
  name: string,
): Promise<Result<ChangeSetRow>> {
  const may = await permit(w, principal, 'edit', { operation: 'rename a change set', subject: id });
  if (!may.ok) return may;
  const checked = checkName(name);
  if (!checked.ok) return checked;
  for (;;) {
    const found = await w.branch(id);
    if (!found.ok) return found;
    const { branch } = found.value;
    const { row } = branch;
    if (row.isHead) return headIs('renamed');
    const head = await w.head();
    if (!isActive(row.status)) {
      return refuse('change_set_not_open', {
        path: 'changeSet',
        expected: 'a change set that is neither applied nor abandoned, to rename it',
        got: `one that is ${row.status}`,
        hint: 'what is over keeps its name',
      });
    }
    if (row.name === name) return ok(row);
    const who = { actor: principal.id, atMs: w.world.clock.nowMs() };
    const sentence = `rename change set ${JSON.stringify(row.name)} to ${JSON.stringify(name)}`;
    const fact = { kind: 'change_set.rename', subject: id, path: '', sentence };
    const mine = plainAuditRows(w, row, who, [fact]);
    const renamed = { ...row, name, updatedAtMs: who.atMs, ...mine.head };
    const anchor = { changeSet: id, seq: renamed.auditCount, hash: renamed.auditHead };
    const theirs = plainAuditRows(w, head.row, who, [{ ...fact, anchor }]);
    const headRow = { ...head.row, ...theirs.head };
    const durable = await w.advance(
      [
        { branch, row: renamed, snapshot: branch.snapshot },
        { branch: head, row: headRow, snapshot: head.snapshot },
      ],
      {
        changeSets: [
          { row: renamed, expected: row.version },
          { row: headRow, expected: head.row.version },
        ],
        log: [],
        audit: [...mine.rows, ...theirs.rows],
      },
    );
    if (durable) return ok(renamed);
  }
}

/**
 * Abandons every change set that is neither applied nor abandoned; answers which. Each by itself: one that somebody else ends
 * meanwhile is left to them. Refuses `access_denied`.
 */
export async function abandonAll(w: Workspace, principal: Principal): Promise<Result<readonly ChangeSetRow[]>> {
  const may = await permit(w, principal, 'abandon', { operation: 'abandon all change sets', subject: w.id });
  if (!may.ok) return may;
  const abandoned: ChangeSetRow[] = [];
  for (const { id, isHead } of await listChangeSets(w, false)) {
    if (isHead) continue;
    const done = await changeStatus(w, principal, id, 'abandon');
    if (done.ok) abandoned.push(done.value);
    else if (done.refusal.code !== 'change_set_not_open') return done;
  }
  return ok(abandoned);
}

/** Abandons or reopens. Reopening takes back the request for approval and every rejection; approvals stay. */
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
    const sentence = `${event} change set ${JSON.stringify(branch.row.name)}`;
    const row = await commitStatus(w, principal, { branch, head }, { event, status: next.value, sentence });
    if (row !== undefined) return ok(row);
  }
}

/** What a change of status is, beside the status itself. */
interface StatusChange {
  readonly event: ChangeSetEvent;
  readonly status: ChangeSetStatus;
  readonly sentence: string;
  /** The decision that led to it, if one did. */
  readonly decided?: Pick<Extract<LogEntry, { kind: 'approval' }>, 'decision' | 'on'>;
}

/**
 * A status change, or a decision, is an entry of the log like any other, and in both audit chains. Answers the row, or
 * undefined when another commit was first. Call it in the turn of the event loop in which the branches were read.
 */
export async function commitStatus(
  w: Workspace,
  principal: Principal,
  { branch, head }: { readonly branch: Branch; readonly head: Branch },
  change: StatusChange,
): Promise<ChangeSetRow | undefined> {
  const { event, status, sentence, decided } = change;
  const atMs = w.world.clock.nowMs();
  const row = { ...branch.row, status, version: branch.row.version + 1, updatedAtMs: atMs };
  const common = entryOf(row, atMs, principal);
  const entry: LogEntry =
    decided === undefined ? { ...common, kind: 'status', status } : { ...common, kind: 'approval', ...decided, status };
  const text = logText(entry);
  const fact = { kind: `change_set.${event}`, subject: row.id, path: '', sentence };
  const mine = auditRows(w, branch.row, text, entry, [fact]);
  const moved = { ...row, ...mine.head };
  const anchor = { changeSet: row.id, seq: moved.auditCount, hash: moved.auditHead };
  const theirs = plainAuditRows(w, head.row, { actor: principal.id, atMs }, [{ ...fact, anchor }]);
  const headRow = { ...head.row, ...theirs.head };
  const durable = await w.advance(
    [
      { branch, row: moved, snapshot: branch.snapshot, entry },
      { branch: head, row: headRow, snapshot: head.snapshot },
    ],
    {
      changeSets: [
        { row: moved, expected: branch.row.version },
        { row: headRow, expected: head.row.version },
      ],
      log: [{ changeSet: row.id, version: moved.version, text }],
      audit: [...mine.rows, ...theirs.rows],
    },
  );
  if (durable && !isActive(moved.status)) w.release(branch);
  return durable ? moved : undefined;
}

export function headStays(event: ChangeSetEvent): Result<never> {
  return headIs(participles[event]);
}

function headIs(participle: string): Result<never> {
  return refuse('head_is_read_only', {
    path: 'changeSet',
    expected: 'a change set other than Head',
    got: 'Head',
    hint: `Head cannot be ${participle}`,
  });
}

const participles: Readonly<Record<ChangeSetEvent, string>> = {
  edit: 'edited',
  request_approval: 'put up for approval',
  approve: 'approved',
  reject: 'rejected',
  reopen: 'reopened',
  withdraw: 'withdrawn',
  apply: 'applied',
  force_apply: 'applied',
  abandon: 'abandoned',
  fail: 'failed',
};

/** What entries have in common, from the row as it will be. */
export function entryOf(
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
