// An entry of a change set's log: what one commit did. The log is the truth; every state can be rebuilt from it by
// applying the effective mutations in order, without validation and without transforming anything again.

import type { ChangeSetId, FunctionId, Hash, RunId } from '../base/ids.ts';
import { canonical, isObject, type Json } from '../base/json.ts';
import { Fault, unreachable } from '../base/result.ts';
import { type Approval, lift, spend } from '../model/approval.ts';
import type { ChangeSetStatus } from '../model/change_set.ts';
import type { Draft } from '../model/state.ts';
import type { Step } from '../mutation/compile.ts';
import { apply, type Mutation } from '../mutation/mutation.ts';
import type { Item, Pending, Role, Settlement } from './item.ts';
import type { Route } from './merging.ts';
import type { ReceiptLine } from './receipt.ts';

/** 1: first. 2: catch-ups and settlements. 3: undo. */
export const logFormat = 3;

interface Common {
  readonly format: typeof logFormat;
  readonly changeSet: ChangeSetId;
  readonly version: number;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly atMs: number;
  readonly actor: string;
  /** Roots of the state after this entry. */
  readonly intentRoot: Hash;
  readonly realityRoot: Hash;
}

export type LogEntry =
  /** Edits of the change set itself; on Head only the entry that starts the workspace. */
  | (Common & {
      readonly kind: 'edit';
      readonly steps: readonly Step[];
      readonly settled?: Settled;
      /** The run of a management function that asked for the edits, for `actor`; absent: `actor` did. */
      readonly through?: Through;
      /** The version of the undo whose edits are put back by it. */
      readonly redoes?: number;
    })
  /** Edits of the change set were taken out of the pending change; what is left stands as if they had never been. */
  | (Common & {
      readonly kind: 'undo';
      /** Their positions in the pending change as it was before, ascending. */
      readonly dropped: readonly number[];
      /** Positions in it are those after. */
      readonly settled: Settled;
    })
  /** Head's versions after the last one that was caught up to, merged into the change set. */
  | (Common & {
      readonly kind: 'catch_up';
      /** Head version that it stands on now. */
      readonly headVersion: number;
      /** What `settled.mutations` apply to: Head's state of that version, or the change set's own before. */
      readonly route: Route;
      readonly settled: Settled;
    })
  /**
   * The change set changed its status; the state did not. `headVersion`: the one that an apply made; `spent`: the
   * approvals that it used.
   */
  | (Common & {
      readonly kind: 'status';
      readonly status: ChangeSetStatus;
      readonly headVersion?: number;
      readonly spent?: readonly Spent[];
    })
  /** A decision of `actor` on parts of the change, each as it was then; `status`: what that came to. */
  | (Common & {
      readonly kind: 'approval';
      readonly decision: Approval['decision'];
      readonly on: readonly Pick<Approval, 'requirement' | 'fingerprint'>[];
      readonly status: ChangeSetStatus;
    })
  /** On Head: a change set was applied; `pending` is the hash of its pending change, kept as a blob. */
  | (Common & {
      readonly kind: 'apply';
      readonly applied: ChangeSetId;
      readonly appliedVersion: number;
      readonly pending: Hash;
    });

/** A run of a function by which somebody made edits. */
export interface Through {
  readonly run: RunId;
  readonly function: FunctionId;
  readonly functionName: string;
}

/** An approval that an apply used. */
export type Spent = Pick<Approval, 'requirement' | 'fingerprint' | 'by'>;

/** What a merge came to beside the edits themselves. */
export interface Settled extends Settlement {
  /** The whole effect on the state, the entry's own edits included; these are what a replay applies. */
  readonly mutations: readonly Mutation[];
  /** The entry's own edits as they became part of the pending change, when that is not as its steps have them. */
  readonly added?: readonly Item[];
}

/** What a change set holds beyond its base, as applied to Head: edits with their own author and time. */
export interface PendingChange {
  readonly format: typeof logFormat;
  readonly changeSet: ChangeSetId;
  readonly baseVersion: number;
  readonly edits: readonly {
    readonly version: number;
    readonly atMs: number;
    readonly actor: string;
    readonly steps: readonly Step[];
  }[];
  /** Lines in force when it was applied. */
  readonly receipt: readonly ReceiptLine[];
}

/** The entry as text, members in the order they were made. */
export function logText(entry: LogEntry): string {
  // The steps are most of the text and are never compared by it, so they are not sorted again on every commit.
  return JSON.stringify(entry);
}

export function pendingText(pending: PendingChange): string {
  return canonical(pending as unknown as Json);
}

/** Reads an entry back. Fault `store_damaged`, `store_version`. */
export function parseLogEntry(text: string): LogEntry {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (e) {
    throw new Fault('store_damaged', 'a log entry is not JSON; run verify', undefined, { cause: e });
  }
  if (!isObject(parsed) || typeof parsed['format'] !== 'number')
    throw new Fault('store_damaged', 'a log entry has no format; run verify');
  if (parsed['format'] > logFormat)
    throw new Fault('store_version', `a log entry has format ${parsed['format']}, written by a newer release`);
  return parsed as unknown as LogEntry;
}

/**
 * Applies what an entry did to the state that it stands on (`startsFromHead`: Head's, else the one before it);
 * `pendingOf` reads a pending change by hash.
 */
export function replay(draft: Draft, entry: LogEntry, pendingOf: (hash: Hash) => PendingChange): void {
  switch (entry.kind) {
    case 'edit':
      if (entry.settled === undefined) replaySteps(draft, entry.steps);
      else for (const m of entry.settled.mutations) apply(draft, m);
      return;
    case 'catch_up':
    case 'undo':
      for (const m of entry.settled.mutations) apply(draft, m);
      return;
    case 'apply':
      for (const edit of pendingOf(entry.pending).edits) replaySteps(draft, edit.steps);
      return;
    case 'status':
    case 'approval':
      return;
    default:
      unreachable(entry);
  }
}

/** Does the entry start from Head's state of its version? */
export function startsFromHead(entry: LogEntry): entry is Extract<LogEntry, { kind: 'catch_up' }> {
  return entry.kind === 'catch_up' && entry.route === 'head';
}

/** Makes a pending change what it is after an entry. */
export function follow(pending: Pending, entry: LogEntry): void {
  if (entry.kind === 'edit') pending.append(entry.settled?.added ?? itemsOfSteps(entry, entry.steps));
  if (entry.kind === 'undo') pending.drop(entry.dropped);
  const settled = settledOf(entry);
  if (settled !== undefined) pending.settle(settled);
  if (entry.kind === 'status') followStatus(pending, entry);
  if (entry.kind === 'approval') {
    const { actor: by, atMs, decision } = entry;
    pending.approvals = [...pending.approvals, ...entry.on.map((part) => ({ ...part, decision, by, atMs }))];
  }
}

/** What a merge came to in the entry; undefined: there was none. */
export function settledOf(entry: LogEntry): Settled | undefined {
  return entry.kind === 'edit' || entry.kind === 'catch_up' || entry.kind === 'undo' ? entry.settled : undefined;
}

function followStatus(pending: Pending, { status, actor: by, atMs }: Extract<LogEntry, { kind: 'status' }>): void {
  switch (status) {
    // Nobody has to be waited for when it goes straight to Approved.
    case 'NeedsApproval':
    case 'Approved':
      pending.requested = { by, atMs };
      return;
    case 'Open':
      pending.requested = undefined;
      pending.approvals = lift(pending.approvals);
      return;
    case 'Applied':
      pending.approvals = spend(pending.approvals);
      return;
    case 'Rejected':
    case 'Abandoned':
    case 'Failed':
      return;
    default:
      unreachable(status);
  }
}

/** The edits of an entry as items of a pending change. */
export function itemsOfSteps(
  by: { readonly actor: string; readonly atMs: number; readonly version: number },
  steps: readonly Step[],
  role: Role = 'change-set',
): Item[] {
  const { actor: author, atMs, version } = by;
  return steps.flatMap((s) => s.mutations.map((m) => ({ m, author, atMs, version, role })));
}

function replaySteps(draft: Draft, steps: readonly Step[]): void {
  for (const step of steps) for (const m of step.mutations) apply(draft, m);
}

/** Hashes of blobs that an entry refers to and that must be durable with it. */
export function blobsOfEntry(entry: LogEntry): Hash[] {
  const steps = entry.kind === 'edit' ? entry.steps.flatMap((s) => s.mutations) : [];
  const settled = settledOf(entry);
  return blobsOfMutations(settled === undefined ? steps : [...steps, ...mutationsOf(settled)]);
}

/** Every mutation that a settlement holds, in whatever role. */
export function mutationsOf(s: Settled): Mutation[] {
  const items = [...s.items.map(([, item]) => item), ...(s.added ?? [])];
  return [...s.mutations, ...s.repairs, ...s.texts, ...items.flatMap((i) => [i.m, ...(i.placed ?? [])])];
}

/** Hashes of blobs that mutations name. */
export function blobsOfMutations(mutations: readonly Mutation[]): Hash[] {
  const out = new Set<Hash>();
  for (const m of mutations) {
    switch (m.kind) {
      case 'cell.set':
        if ('b' in m.cell) out.add(m.cell.b);
        break;
      case 'component.create':
        for (const cell of Object.values(m.image.cells)) if (typeof cell['b'] === 'string') out.add(cell['b'] as Hash);
        break;
      case 'record.create':
        if (m.noun === 'variant') out.add(m.record['spec'] as Hash);
        if (m.noun === 'function') out.add(m.record['text'] as Hash);
        break;
      case 'record.set':
        if (m.noun === 'variant' && m.field === 'spec') out.add(m.value as Hash);
        if (m.noun === 'function' && m.field === 'text') out.add(m.value as Hash);
        break;
      case 'text.edit':
        out.add(m.from);
        out.add(m.to);
        break;
      default:
        break;
    }
  }
  return [...out];
}

/** As `blobsOfEntry`, of steps alone. */
export function blobsOfSteps(steps: readonly Step[]): Hash[] {
  return blobsOfMutations(steps.flatMap((s) => s.mutations));
}
