// An entry of a change set's log: what one commit did. The log is the truth; every state can be rebuilt from it by
// applying the effective mutations in order, without validation and without transforming anything again.

import type { ChangeSetId, Hash } from '../base/ids.ts';
import { canonical, isObject, type Json } from '../base/json.ts';
import { Fault } from '../base/result.ts';
import type { ChangeSetStatus } from '../model/change_set.ts';
import type { Draft } from '../model/state.ts';
import type { Step } from './compile.ts';
import { apply } from './mutation.ts';

/** 1: first. */
export const logFormat = 1;

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
  | (Common & { readonly kind: 'edit'; readonly steps: readonly Step[] })
  /** The change set changed its status; the state did not. */
  | (Common & { readonly kind: 'status'; readonly status: ChangeSetStatus })
  /** On Head: a change set was applied; `pending` is the hash of its pending change, kept as a blob. */
  | (Common & {
      readonly kind: 'apply';
      readonly applied: ChangeSetId;
      readonly appliedVersion: number;
      readonly pending: Hash;
    });

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

/** Applies what an entry did; `pendingOf` reads a pending change by hash. */
export function replay(draft: Draft, entry: LogEntry, pendingOf: (hash: Hash) => PendingChange): void {
  switch (entry.kind) {
    case 'edit':
      replaySteps(draft, entry.steps);
      return;
    case 'apply':
      for (const edit of pendingOf(entry.pending).edits) replaySteps(draft, edit.steps);
      return;
    case 'status':
      return;
  }
}

function replaySteps(draft: Draft, steps: readonly Step[]): void {
  for (const step of steps) for (const m of step.mutations) apply(draft, m);
}

/** Hashes of blobs that steps refer to and that must be durable with them. */
export function blobsOfSteps(steps: readonly Step[]): Hash[] {
  const out = new Set<Hash>();
  for (const step of steps) {
    for (const m of step.mutations) {
      switch (m.kind) {
        case 'cell.set':
          if ('b' in m.cell) out.add(m.cell.b);
          break;
        case 'component.create':
          for (const cell of Object.values(m.image.cells))
            if (typeof cell['b'] === 'string') out.add(cell['b'] as Hash);
          break;
        case 'record.create':
          if (m.noun === 'variant') out.add(m.record['spec'] as Hash);
          if (m.noun === 'function') out.add(m.record['text'] as Hash);
          break;
        case 'record.set':
          if (m.noun === 'variant' && m.field === 'spec') out.add(m.value as Hash);
          break;
        case 'text.edit':
          out.add(m.from);
          out.add(m.to);
          break;
        default:
          break;
      }
    }
  }
  return [...out];
}
