// Actions: what is done to reality for a component, one at a time. What people decided about the computed plan is an
// override, part of the state; what is queued, runs or has ended is a record of the store. Its life is one transition
// function (`nextActionStatus`), so that no step can be taken from where it makes no sense.

import type { ActionId, ChangeSetId, ComponentId, FunctionId, Hash, RunId } from '../base/ids.ts';
import type { Json } from '../base/json.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import type { ActionKind } from './function.ts';
import type { ResourceRecord } from './module.ts';

/** `skip` leaves a planned action out, `hold` keeps it from starting, `add` asks for one that is not planned. */
export type OverrideMode = 'skip' | 'hold' | 'add';
export const overrideModes: readonly OverrideMode[] = ['skip', 'hold', 'add'];

/** Stored under `component/action/name`: one decision per component and action. */
export interface OverrideRecord {
  readonly mode: OverrideMode;
  readonly action: ActionKind;
  /** Which manual action, by function name; '' for the standard kinds. */
  readonly name: string;
  /**
   * Of `add`: which wish it is. One that was carried out (`ResourceRecord.answered`) asks for nothing any more; who asks
   * again wishes anew. '' for the other modes; absent in what an earlier release wrote, and then it asks until it is removed.
   */
  readonly wish?: string;
}

/** How a wish is called among those of its component. */
export const wishKey = ({ action, name }: Pick<OverrideRecord, 'action' | 'name'>): string =>
  name === '' ? action : `${action}/${name}`;

export const actionStatuses = [
  'queued',
  'on-hold',
  'dispatched',
  'running',
  'succeeded',
  'failed',
  'cancelled',
  'interrupted',
] as const;
export type ActionStatus = (typeof actionStatuses)[number];

export type ActionEvent =
  /** By a person, or because its inputs are not those that were reviewed. */
  | 'hold'
  | 'release'
  /** Its inputs are bound; the intent to act is durable from here on. */
  | 'dispatch'
  /** The function has been started: from here on it may have had its effect. */
  | 'start'
  /** Its function says that it is not finished: it is called again later, or when a signal comes. */
  | 'pause'
  | 'succeed'
  | 'fail'
  /** Of one that has begun it is not known then whether it was done. */
  | 'cancel'
  /** Whoever ran it went away: whether it had its effect is not known. */
  | 'interrupt'
  /** A failed or interrupted one is queued again. */
  | 'retry';

const transitions: Readonly<Record<ActionStatus, Partial<Record<ActionEvent, ActionStatus>>>> = {
  // Interrupted, where an earlier attempt may have been done and it is ended before the next one.
  queued: { hold: 'on-hold', dispatch: 'dispatched', cancel: 'cancelled', interrupt: 'interrupted' },
  'on-hold': { release: 'queued', cancel: 'cancelled', interrupt: 'interrupted' },
  // Between two calls of its function, or before the first.
  dispatched: { start: 'running', cancel: 'interrupted', fail: 'failed', interrupt: 'interrupted' },
  running: {
    pause: 'dispatched',
    succeed: 'succeeded',
    fail: 'failed',
    cancel: 'interrupted',
    interrupt: 'interrupted',
  },
  succeeded: {},
  failed: { retry: 'queued', cancel: 'cancelled' },
  cancelled: {},
  interrupted: { succeed: 'succeeded', fail: 'failed', retry: 'queued', cancel: 'cancelled' },
};

/** Refuses `action_step_illegal`. */
export function nextActionStatus(status: ActionStatus, event: ActionEvent): Result<ActionStatus> {
  const next = transitions[status][event];
  if (next !== undefined) return ok(next);
  const allowed = Object.keys(transitions[status]).join(', ') || 'nothing: it has ended';
  return refuse('action_step_illegal', {
    path: 'action',
    expected: `one of: ${allowed}`,
    got: `${event} of an action that is ${status}`,
    hint: 'look at the action again; it may have moved meanwhile',
  });
}

/** Nothing happens to it any more by itself. */
export function isActionEnded(status: ActionStatus): boolean {
  return status === 'succeeded' || status === 'cancelled';
}

/** Where an action that takes several calls of its function stands. */
export interface Checkpoint {
  /** What the function said last, handed to it with the next call. */
  readonly value: Json;
  /** What it was dispatched with: the following calls go on with that, whatever Head has become. */
  readonly domain: Json;
}

/** A resource that is the component's no longer and is to go. */
export type FormerResource = Pick<ResourceRecord, 'status' | 'payload'> & { readonly resourceId: string };

/** An action of Head, as kept and shown. */
export interface ActionRecord {
  readonly id: ActionId;
  readonly component: ComponentId;
  /** As it was when it was queued: the component may be gone when somebody looks. */
  readonly componentName: string;
  readonly schemaName: string;
  readonly kind: ActionKind;
  /** Of a manual one its function's name; '' for the others. */
  readonly name: string;
  readonly function: FunctionId;
  readonly status: ActionStatus;
  /** Grows by one with every change of the record: a change names the one that it was made from. */
  readonly revision: number;
  /** Change sets whose apply asked for it, the first one first; none: it was asked for on Head. */
  readonly origins: readonly ChangeSetId[];
  readonly actor: string;
  /** Actions that have to succeed first. */
  readonly after: readonly ActionId[];
  /** Paths whose change is the reason, in canonical order; none: it is not an update. */
  readonly paths: readonly string[];
  /** Handed to the function with every attempt: who asks a provider twice with it has asked once. */
  readonly idempotencyKey: string;
  /** Of the inputs that the review showed; null: some were to come from other actions. */
  readonly reviewedHash: Hash | null;
  /** Of the inputs that it was dispatched with; null before. */
  readonly inputHash: Hash | null;
  /** 0 before the first. */
  readonly attempts: number;
  /** Of the last attempt. */
  readonly run: RunId | null;
  /** Who may record an outcome: an attempt of an earlier fence records nothing. */
  readonly fence: number;
  readonly queuedAtMs: number;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  /** Not to be tried before; null: at once. */
  readonly notBeforeMs: number | null;
  readonly failure: { readonly code: string; readonly message: string } | null;
  /** Why it is on hold; '' when it is not. */
  readonly heldBecause: string;
  /** Absent: it is not between two calls. */
  readonly checkpoint?: Checkpoint | undefined;
  /** The signal that the next call waits for. */
  readonly waitsFor?: string | undefined;
  /** The signal that has come, for the next call. */
  readonly signal?: { readonly name: string; readonly payload: Json } | undefined;
  /** Attempts that failed in a row and were made again by the engine; absent: none. */
  readonly retries?: number | undefined;
  /** Attempts that its function itself has said to have failed; absent: none. */
  readonly failures?: number | undefined;
  /**
   * Somebody has ended it while it was under way: it is not made again by itself, and gets this step when it turns out that
   * nothing was done. Absent: nobody has.
   */
  readonly ending?: 'cancel' | 'fail' | undefined;
  /** An attempt may have been done, of which that is not known: ended before the next one it is interrupted. Absent: none. */
  readonly isUnsure?: boolean | undefined;
  /** Of a destruction: it takes away what the creation that it waits for makes, not what was there before. */
  readonly isOfMade?: true;
  /**
   * An apply has taken back what it does while it was under way, and who made it: once it has succeeded, that is made good as Head
   * says then. Absent: none has.
   */
  readonly takenBack?: { readonly changeSet: ChangeSetId; readonly actor: string } | undefined;
  /** On hold because its component is not deleted any more; deleted again it goes on. Absent: it is not. */
  readonly isUnwanted?: true | undefined;
  /** Components whose actions it waited for and were cancelled; an apply that plans for all of them again lets it go. Absent: none. */
  readonly blockedBy?: readonly ComponentId[] | undefined;
  /**
   * Of the destruction of a resource in whose place another one has been made: that resource as it was known then. Absent: what
   * the component has is meant.
   */
  readonly former?: FormerResource | undefined;
  /** Who makes the call that is under way, and until when nobody else may take it over. */
  readonly lease?: { readonly owner: string; readonly untilMs: number } | undefined;
}

/** How an action stood when it was moved: what those who follow it are told. */
export type MovedAction = Pick<
  ActionRecord,
  | 'id'
  | 'component'
  | 'componentName'
  | 'schemaName'
  | 'kind'
  | 'name'
  | 'status'
  | 'revision'
  | 'origins'
  | 'actor'
  | 'attempts'
  | 'run'
  | 'failure'
  | 'heldBecause'
  | 'queuedAtMs'
  | 'startedAtMs'
  | 'endedAtMs'
  | 'notBeforeMs'
>;

export function movedAction(a: ActionRecord): MovedAction {
  const { id, component, componentName, schemaName, kind, name, status, revision, origins, actor } = a;
  const { attempts, run, failure, heldBecause, queuedAtMs, startedAtMs, endedAtMs, notBeforeMs } = a;
  const what = { id, component, componentName, schemaName, kind, name, status, revision, origins, actor };
  return { ...what, attempts, run, failure, heldBecause, queuedAtMs, startedAtMs, endedAtMs, notBeforeMs };
}
