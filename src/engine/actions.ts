// Actions as people see and steer them: listed, looked at, held, released, cancelled, tried again, asked for. Whatever is done
// to one is a step of its life, audited on Head.

import type { Principal } from '../access/role.ts';
import type { ActionId, ComponentId } from '../base/ids.ts';
import { checkJson, type Json } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { type ActionRecord, nextActionStatus } from '../model/action.ts';
import type { ActionKind } from '../model/function.ts';
import { findComponent, lostIdOf, nameOf, resourceIdOf } from '../model/lookup.ts';
import type { ActionQuery } from '../ports/store.ts';
import { cancelAction, endCall } from './action_cancel.ts';
import { mayHaveActed } from './action_end.ts';
import { type ActionsRemoved, removedActions } from './action_retention.ts';
import { noteOnHead } from './audit.ts';
import type { Page } from './component.ts';
import { permit } from './permit.ts';
import { newAction } from './queue_actions.ts';
import type { Workspace } from './workspace.ts';

export type ActionListQuery = Omit<ActionQuery, 'before' | 'limit'> & {
  readonly cursor?: string;
  readonly limit?: number;
};

export interface ActionPage extends Page<ActionRecord> {
  /** How many have been removed, of all there were: the list cannot have them. */
  readonly removed: ActionsRemoved;
}

/** Newest first. */
export async function listActions(w: Workspace, query: ActionListQuery): Promise<ActionPage> {
  const { cursor, limit: most = limits.pageRowsMax, ...filters } = query;
  const limit = Math.min(Math.max(1, most), limits.pageRowsMax);
  const before = cursor === undefined ? {} : { before: cursor as ActionId };
  const rows = await w.store.listActions(w.id, { ...filters, ...before, limit: limit + 1 });
  const items = rows.slice(0, limit);
  return { items, nextCursor: rows.length > limit ? items.at(-1)!.id : null, removed: await removedActions(w) };
}

/** Refuses `action_not_found`. */
export async function findAction(w: Workspace, id: string): Promise<Result<ActionRecord>> {
  const found = await w.store.findAction(w.id, id as ActionId);
  if (found !== undefined) return ok(found);
  return refuse('action_not_found', {
    path: 'action',
    expected: 'the id of an action of this workspace',
    got: JSON.stringify(id),
    hint: 'list the actions; old ones that have ended are removed in time',
  });
}

const verbs = { hold: 'hold', release: 'release', cancel: 'cancel', retry: 'try again' } as const;
export type Steering = keyof typeof verbs;

/**
 * A step that a person takes. One that runs is cancelled by ending its function; what it came to is then found out.
 * Refuses `access_denied`, `action_not_found`, `action_step_illegal`.
 */
export async function steerAction(
  w: Workspace,
  principal: Principal,
  id: string,
  event: Steering,
): Promise<Result<ActionRecord>> {
  const may = await permit(w, principal, 'apply', { operation: `${verbs[event]} an action`, subject: id });
  if (!may.ok) return may;
  const kept = await findAction(w, id);
  if (!kept.ok) return kept;
  await w.actions.ready();
  const mayHave = event === 'cancel' && (await mayHaveActed(w, kept.value));
  const action = w.actions.find(kept.value.id) ?? kept.value;
  const next = nextActionStatus(action.status, event);
  if (!next.ok) return next;
  if (event === 'cancel') {
    const cancelled = await cancelAction(w, action, mayHave);
    if (!cancelled.ok) return cancelled;
    if (cancelled.value === undefined) return steerAction(w, principal, id, event);
    await noteSteering(w, principal, event, action);
    w.acting.tell();
    await w.acting.wake();
    await endCall(w, cancelled.value, limits.actionCancelMs);
    w.acting.tell();
    await w.acting.wake();
    return findAction(w, id);
  }
  const step = w.actions.step(action.id, [event], {
    heldBecause: event === 'hold' ? `held by ${principal.id}` : '',
    // Whoever lets it go does not want to wait.
    ...(event === 'release' ? { notBeforeMs: null } : {}),
    ...(event === 'retry' ? { failure: null, notBeforeMs: null, endedAtMs: null, retries: undefined } : {}),
    ...(action.status === 'interrupted' ? { isUnsure: true } : {}),
  });
  if (!step.ok) return step;
  // Somebody else has moved it: judged again as it is now.
  if (!(await w.record({ changes: [], actions: [step.value] }))) return steerAction(w, principal, id, event);
  await noteSteering(w, principal, event, action);
  w.acting.tell();
  await w.acting.wake();
  return ok(step.value.record);
}

function noteSteering(w: Workspace, principal: Principal, event: Steering, action: ActionRecord): Promise<void> {
  const sentence = `${verbs[event]} the ${action.kind} of ${JSON.stringify(action.componentName)}`;
  return noteOnHead(w, principal.id, { kind: `action.${event}`, subject: action.component, path: '', sentence });
}

/** What an action waits for has come. Refuses `access_denied`, `action_not_found`, `action_step_illegal`, `limit_exceeded`. */
export async function signalAction(
  w: Workspace,
  principal: Principal,
  id: string,
  signal: { readonly name: string; readonly payload: Json },
): Promise<Result<ActionRecord>> {
  const may = await permit(w, principal, 'apply', { operation: 'send a signal to an action', subject: id });
  if (!may.ok) return may;
  const checked = checkJson(signal.payload, 'payload');
  if (!checked.ok) return checked;
  const chars = JSON.stringify(signal.payload).length;
  if (chars > limits.checkpointCharsMax) {
    return refuse('limit_exceeded', {
      path: 'payload',
      expected: `at most ${limits.checkpointCharsMax} characters of JSON`,
      got: String(chars),
      hint: 'send less, or where it can be found',
    });
  }
  const kept = await findAction(w, id);
  if (!kept.ok) return kept;
  await w.actions.ready();
  const action = w.actions.find(kept.value.id) ?? kept.value;
  if (action.waitsFor !== signal.name) {
    return refuse('action_step_illegal', {
      path: 'name',
      expected: action.waitsFor === undefined ? 'an action that waits for a signal' : JSON.stringify(action.waitsFor),
      got: `${JSON.stringify(signal.name)} for an action that is ${action.status}`,
      hint: 'look at the action again; it may have moved meanwhile',
    });
  }
  const step = w.actions.amend(action.id, { signal, waitsFor: undefined, notBeforeMs: null });
  if (!(await w.record({ changes: [], actions: [step] }))) return signalAction(w, principal, id, signal);
  const sentence = `send ${JSON.stringify(signal.name)} to the ${action.kind} of ${JSON.stringify(action.componentName)}`;
  await noteOnHead(w, principal.id, { kind: 'action.signal', subject: action.component, path: '', sentence });
  w.acting.tell();
  await w.acting.wake();
  return ok(step.record);
}

/**
 * Asks for an action on Head: to look at the resource again, or one of its manual ones. Of what is queued already there is
 * no second one. Refuses `access_denied`, `component_not_found`, `not_ready` where there is no resource, `function_not_found`.
 */
export async function requestAction(
  w: Workspace,
  principal: Principal,
  ask: {
    readonly component: ComponentId;
    readonly kind: Extract<ActionKind, 'refresh' | 'manual'>;
    readonly name: string;
  },
): Promise<Result<ActionRecord>> {
  const { component, kind, name } = ask;
  const may = await permit(w, principal, 'apply', { operation: `ask for a ${kind} action`, subject: component });
  if (!may.ok) return may;
  const head = await w.head();
  await w.actions.ready();
  const state = head.snapshot;
  const made = await w.read((): Result<ActionRecord> => {
    const called = nameOf(state, component) || component;
    const record = findComponent(state, component);
    if (record === undefined) {
      return refuse('component_not_found', {
        path: 'component',
        expected: 'a component of Head',
        got: called,
        hint: 'apply the change set that creates it first',
      });
    }
    if (kind === 'refresh' && (resourceIdOf(state, component) ?? lostIdOf(state, component)) === undefined) {
      return refuse('not_ready', {
        path: 'component',
        expected: 'a component with a resource',
        got: `${called}, which has none`,
        hint: 'create it first, or import the resource',
      });
    }
    const queued = w.actions.of(component).find((a) => a.kind === kind && a.name === name);
    // One that failed is tried again: it is the same wish.
    if (queued !== undefined) return ok(queued);
    const action = newAction(w, state, { component, kind, name, actor: principal.id, origins: [] });
    if (action !== undefined) return ok(action);
    return refuse('function_not_found', {
      path: 'action',
      expected: `a function for ${kind === 'manual' ? JSON.stringify(name) : kind} of its schema`,
      got: 'none is bound',
      hint: 'bind an action function to the schema',
    });
  });
  if (!made.ok) return made;
  const action = made.value;
  const known = w.actions.find(action.id);
  if (known === undefined) {
    await w.record({ changes: [], actions: [w.actions.add(action)] });
    const sentence = `ask for the ${kind} of ${JSON.stringify(action.componentName)}`;
    await noteOnHead(w, principal.id, { kind: 'action.request', subject: component, path: '', sentence });
  } else if (known.status === 'failed' || known.status === 'interrupted') {
    return steerAction(w, principal, known.id, 'retry');
  }
  await w.acting.wake();
  return ok(w.actions.find(action.id) ?? action);
}
