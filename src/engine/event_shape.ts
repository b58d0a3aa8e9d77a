// What an event is: one thing that has happened in a workspace, with its position in the order of everything that is
// durable there, or without one where it only tells how far something is. And which filter lets it through.

import type { AuditEntry } from '../audit/entry.ts';
import type { ChangeSetId, RunId } from '../base/ids.ts';
import type { Json } from '../base/json.ts';
import { unreachable } from '../base/result.ts';
import type { MovedAction } from '../model/action.ts';
import type { RunLogLine, RunRecord } from '../model/run.ts';
import type { EventRow } from '../ports/store.ts';
import { parseStep } from './reality.ts';

/**
 * Durable: `mutation` an edit, `change_set` opened, approved, abandoned…, `apply`, `replay` a change set caught up with Head,
 * `action` queued, running, ended…, `resource` known otherwise, `administration` members, tokens, secrets, refused attempts.
 * Passing: `propagation` values pending, `run` recorded, `run_log` lines of runs.
 */
export const durableKinds = [
  'mutation',
  'change_set',
  'apply',
  'replay',
  'action',
  'resource',
  'administration',
] as const;
const passingKinds = ['propagation', 'run', 'run_log'] as const;
export const eventKinds = [...durableKinds, ...passingKinds] as const;
export type EventKind = (typeof eventKinds)[number];

export interface WorkspaceEvent {
  readonly kind: EventKind;
  /** In the order of what is durable; absent: it passes, and is read again where its kind says. */
  readonly position?: number;
  /** What it is about; the first is where it happened. None: the workspace. */
  readonly changeSets: readonly ChangeSetId[];
  /** What happened, as JSON. */
  readonly data: Json;
}

/** What somebody follows. */
export interface EventFilter {
  /** Absent: all. */
  readonly changeSet?: ChangeSetId;
  readonly kinds?: readonly EventKind[];
}

export function passes({ changeSet, kinds }: EventFilter, event: WorkspaceEvent): boolean {
  if (kinds !== undefined && !kinds.includes(event.kind)) return false;
  return changeSet === undefined || event.changeSets.includes(changeSet);
}

/** The event of a row. Resources and actions are Head's, whoever asked for them. */
export function eventOfRow(row: EventRow, head: ChangeSetId): WorkspaceEvent {
  const { position } = row;
  switch (row.of) {
    case 'audit':
      return { position, ...ofAudit(JSON.parse(row.audit.text) as AuditEntry) };
    case 'reality': {
      const { atMs, action, changes } = parseStep(row.reality);
      const components = changes.map(({ component, record }) => ({ component, isGone: record === null }));
      return {
        position,
        kind: 'resource',
        changeSets: [head],
        data: { step: row.reality.seq, atMs, action, components },
      };
    }
    case 'action': {
      const { action } = row;
      return { position, kind: 'action', changeSets: [head, ...action.origins], data: ofAction(action) };
    }
    default:
      return unreachable(row);
  }
}

function ofAction(action: MovedAction): Json {
  return { ...action } as unknown as Json;
}

function ofAudit(entry: AuditEntry): Omit<WorkspaceEvent, 'position'> {
  const { changeSet, seq, version, actor, atMs, kind, subject, path, sentence } = entry;
  return {
    kind: kindOfAudit(kind, version),
    changeSets: [changeSet],
    data: { changeSet, seq, version, actor, atMs, what: kind, subject, path, sentence },
  };
}

function kindOfAudit(kind: string, version: number): EventKind {
  if (kind === 'change_set.apply') return 'apply';
  if (kind === 'change_set.catch_up') return 'replay';
  if (kind.startsWith('change_set.')) return 'change_set';
  return version > 0 ? 'mutation' : 'administration';
}

/** Values of a change set that are not settled. */
export function propagationEvent(changeSet: ChangeSetId, pending: number): WorkspaceEvent {
  return { kind: 'propagation', changeSets: [changeSet], data: { changeSet, pending } };
}

/** Of what is in a run's record, what tells how it stands. */
export function runEvent(record: RunRecord): WorkspaceEvent {
  const { id, changeSet, component, function: fn, functionName, kind, output, status, tier } = record;
  const { queuedAtMs, startedAtMs, endedAtMs, failure } = record;
  return {
    kind: 'run',
    changeSets: [changeSet],
    data: {
      run: id,
      changeSet,
      component,
      function: fn,
      functionName,
      functionKind: kind,
      output,
      status,
      tier,
      queuedAtMs,
      startedAtMs,
      endedAtMs,
      failure: failure === null ? null : { ...failure },
    },
  };
}

export function runLogEvent(run: RunId, changeSet: ChangeSetId | undefined, line: RunLogLine): WorkspaceEvent {
  const changeSets = changeSet === undefined ? [] : [changeSet];
  return { kind: 'run_log', changeSets, data: { run, ...line } as unknown as Json };
}
