// Actions as a change set shows them: those of Head that have not ended, and those that its apply would queue. A planned one
// is no record yet, so its id is made of what it is: the same as long as it is planned. Steering one that is planned is an
// edit of the change set, a decision about its plan; steering one of Head is a step of its life.

import type { Principal } from '../access/role.ts';
import { type ActionFunction, actionFunctionsOf } from '../actions/action_functions.ts';
import type { Step } from '../actions/order.ts';
import { type ActionId, type ChangeSetId, type ComponentId, idFromHash, type RunId } from '../base/ids.ts';
import { canonical } from '../base/json.ts';
import { must, ok, type Refusal, type Result, refuse } from '../base/result.ts';
import type { ActionRecord, ActionStatus, OverrideRecord } from '../model/action.ts';
import type { ActionKind, FunctionRecord } from '../model/function.ts';
import { overrideKey } from '../model/keys.ts';
import { findComponent, findRecord, nameOf, resolveComponent, resourceIdOf } from '../model/lookup.ts';
import type { ChangeSetRow } from '../ports/store.ts';
import { requestAction, type Steering, steerAction } from './actions.ts';
import type { Branch } from './branch.ts';
import { presentOf } from './catch_up.ts';
import { planOf } from './planning.ts';
import { submit } from './submit.ts';
import type { Workspace } from './workspace.ts';

export interface ChangeSetAction {
  readonly id: ActionId;
  readonly component: ComponentId;
  readonly componentName: string;
  readonly kind: ActionKind;
  /** Of its function. */
  readonly name: string;
  readonly description: string;
  /** What binds the function to the component's schema; the function where that is not bound any more. */
  readonly prototype: string;
  readonly status: ActionStatus;
  /** Change sets that ask for it; of one that was asked for on Head, Head. */
  readonly origins: readonly ChangeSetId[];
  /** Of the last attempt. */
  readonly run: RunId | null;
  /** Not queued before the change set is applied. */
  readonly isPlanned: boolean;
}

/** Those of Head, oldest first, then those planned by the change set in the order in which they may be done. */
export async function actionsOf(w: Workspace, id: ChangeSetId): Promise<Result<readonly ChangeSetAction[]>> {
  const seen = await actionsSeen(w, id);
  return seen.ok ? ok([...seen.value.queued, ...seen.value.planned]) : seen;
}

export interface MergeStatus {
  readonly changeSet: ChangeSetRow;
  /** Those that come from the change set and have not ended. */
  readonly actions: readonly ChangeSetAction[];
}

/** What a change set, applied or not, has asked or would ask for. */
export async function mergeStatusOf(w: Workspace, id: ChangeSetId): Promise<Result<MergeStatus>> {
  const seen = await actionsSeen(w, id);
  if (!seen.ok) return seen;
  const { row, queued, planned } = seen.value;
  return ok({ changeSet: row, actions: [...queued.filter((a) => a.origins.includes(id)), ...planned] });
}

interface Seen {
  readonly row: ChangeSetRow;
  readonly queued: readonly ChangeSetAction[];
  readonly planned: readonly ChangeSetAction[];
  /** As `planned`. */
  readonly steps: readonly Step[];
  readonly branch: Branch;
}

async function actionsSeen(w: Workspace, id: ChangeSetId): Promise<Result<Seen>> {
  const found = await presentOf(w, id);
  if (!found.ok) return found;
  const { branch } = found.value;
  const head = await w.head();
  await w.actions.ready();
  return w.read(() => {
    const queued = w.actions.all().map((a) => queuedLine(w, head, a));
    const { row, snapshot } = branch;
    const hasPlan = !row.isHead && row.status !== 'Applied' && row.status !== 'Abandoned';
    const steps = hasPlan ? planOf(w, branch, head).steps : [];
    const planned = steps.map((step) => ({
      id: plannedId(w, id, step),
      component: step.component,
      componentName: nameOf(snapshot, step.component),
      kind: step.kind,
      ...aboutFunction(branch, step.function.function, step.name || step.kind),
      prototype: step.function.binding,
      status: step.due.held ? ('on-hold' as const) : ('queued' as const),
      origins: [id],
      run: null,
      isPlanned: true,
    }));
    return ok({ row, queued, planned, steps, branch });
  });
}

function queuedLine(w: Workspace, head: Branch, a: ActionRecord): ChangeSetAction {
  const component = findComponent(head.snapshot, a.component);
  const bound = component && actionFunctionsOf(head.snapshot, component).find((f) => f.function === a.function);
  return {
    id: a.id,
    component: a.component,
    componentName: a.componentName,
    kind: a.kind,
    ...aboutFunction(head, a.function, a.name || a.kind),
    prototype: bound?.binding ?? a.function,
    status: a.status,
    origins: a.origins.length > 0 ? a.origins : [w.row.head],
    run: a.run,
    isPlanned: false,
  };
}

function aboutFunction({ snapshot }: Branch, id: string, otherwise: string): { name: string; description: string } {
  const fn = findRecord<FunctionRecord>(snapshot, 'functions', id);
  return { name: fn?.displayName || fn?.name || otherwise, description: fn?.description ?? '' };
}

function plannedId(w: Workspace, changeSet: ChangeSetId, { component, kind, name }: Step): ActionId {
  return idFromHash(w.world.digest(canonical(['planned', changeSet, component, kind, name])));
}

/**
 * Holds, cancels or tries again an action that the change set shows. Refuses `action_not_found` also for one that has ended,
 * `action_step_illegal`, `access_denied`, and what submitting refuses.
 */
export async function steerInChangeSet(
  w: Workspace,
  principal: Principal,
  id: ChangeSetId,
  { action, event }: { readonly action: string; readonly event: Steering },
): Promise<Result<void>> {
  const seen = await actionsSeen(w, id);
  if (!seen.ok) return seen;
  const { queued, planned, steps, branch } = seen.value;
  const known = queued.find((a) => a.id === action);
  if (known !== undefined) {
    // Who tries one again that is held does not want it held any more.
    const step = event === 'retry' && known.status === 'on-hold' ? 'release' : event;
    return edited(await steerAction(w, principal, action, step));
  }
  const at = planned.findIndex((a) => a.id === action);
  if (at < 0) return notThere(action);
  const { component, kind, name } = steps[at]!;
  const about = { component, action: kind, ...(name === '' ? {} : { name }) };
  const decided = findRecord<OverrideRecord>(branch.snapshot, 'overrides', overrideKey(component, kind, name))?.mode;
  const kept = planned[at]!.status;
  if (event === 'cancel') {
    const edit = decided === 'add' ? 'action.remove' : 'action.skip';
    return edited(await submit(w, principal, { changeSet: id, mutations: [{ kind: edit, ...about }] }));
  }
  if (event === 'hold' && kept === 'queued' && decided !== 'add')
    return edited(await submit(w, principal, { changeSet: id, mutations: [{ kind: 'action.hold', ...about }] }));
  if ((event === 'retry' || event === 'release') && kept === 'on-hold')
    return edited(await submit(w, principal, { changeSet: id, mutations: [{ kind: 'action.remove', ...about }] }));
  return refuse('action_step_illegal', {
    path: 'action',
    expected: decided === 'add' ? 'cancel, of an action that somebody added' : `cancel, or ${otherStep(kept)}`,
    got: `${event} of an action that is planned, ${kept}`,
    hint: 'it begins when the change set is applied',
  });
}

const otherStep = (status: ActionStatus): string => (status === 'on-hold' ? 'release' : 'hold');

const edited = (done: Result<unknown>): Result<void> => (done.ok ? ok(undefined) : done);

function notThere(action: string): Result<never> {
  return refuse('action_not_found', {
    path: 'action',
    expected: 'an action that the change set shows and that has not ended',
    got: JSON.stringify(action),
    hint: 'list the actions of the change set',
  });
}

/** Which action of a component: by the name of its function, or by what binds it. */
export type ActionNamed = { readonly function: string } | { readonly prototype: string };

/**
 * Asks for an action of a component: with the change set's apply, or at once on Head, where only a look at the resource and
 * manual ones are asked for. Refuses `function_not_found`, `already_exists` where one of the kind is queued or planned,
 * `resource_not_found` where it takes a resource, `head_is_read_only`, and what submitting refuses.
 */
export async function addAction(
  w: Workspace,
  principal: Principal,
  id: ChangeSetId,
  ask: { readonly component: string; readonly action: ActionNamed },
): Promise<Result<void>> {
  const seen = await actionsSeen(w, id);
  if (!seen.ok) return seen;
  const { queued, planned, branch } = seen.value;
  const state = branch.snapshot;
  const wanted = await w.read(() => {
    const component = must(resolveComponent(state, ask.component));
    const fn = namedAction(branch, component, ask.action);
    if (!fn.ok) return fn;
    const { kind, name } = fn.value;
    const called = nameOf(state, component);
    const isSame = (a: ChangeSetAction): boolean => a.component === component && a.kind === kind;
    const isManual = kind === 'manual';
    const twin = [...queued, ...planned].find((a) => isSame(a) && (!isManual || a.prototype === fn.value.binding));
    if (twin !== undefined) {
      return refuse('already_exists', {
        path: 'action',
        expected: `no ${kind} of ${called} that is queued or planned`,
        got: `action ${twin.id}, ${twin.status}`,
        hint: 'cancel that one first, or leave it to it',
      });
    }
    const hasOne = resourceIdOf(state, component) !== undefined;
    if (kind === 'create' && hasOne) return resourceRefusal('already_exists', called, 'without a resource', 'with one');
    if (kind !== 'create' && !isManual && !hasOne)
      return resourceRefusal('resource_not_found', called, 'with a resource', 'without one');
    return ok({ component, kind, name });
  });
  if (!wanted.ok) return wanted;
  const { component, kind, name } = wanted.value;
  if (!branch.row.isHead) {
    const mutation = { kind: 'action.add', component, action: kind, ...(name === '' ? {} : { name }) } as const;
    return edited(await submit(w, principal, { changeSet: id, mutations: [mutation] }));
  }
  if (kind === 'refresh' || kind === 'manual')
    return edited(await requestAction(w, principal, { component, kind, name }));
  return refuse('head_is_read_only', {
    path: 'changeSet',
    expected: `a change set, for an action of kind ${kind}`,
    got: 'Head',
    hint: 'ask for it in a change set; on Head only refresh and manual actions are asked for',
  });
}

function resourceRefusal(code: Refusal['code'], called: string, expected: string, got: string): Result<never> {
  return refuse(code, {
    path: 'component',
    expected: `a component ${expected}`,
    got: `${called}, ${got}`,
    hint: 'see the component’s resource',
  });
}

function namedAction({ snapshot }: Branch, component: ComponentId, named: ActionNamed): Result<ActionFunction> {
  const functions = actionFunctionsOf(snapshot, findComponent(snapshot, component)!);
  const nameOfFunction = (f: ActionFunction): (string | undefined)[] => {
    const record = findRecord<FunctionRecord>(snapshot, 'functions', f.function);
    return [record?.name, record?.displayName, f.function];
  };
  const found = functions.find((f) =>
    'function' in named
      ? nameOfFunction(f).includes(named.function)
      : f.binding === named.prototype || f.function === named.prototype,
  );
  if (found !== undefined) return ok(found);
  const names = functions.map((f) => nameOfFunction(f)[0] ?? f.function);
  return refuse('function_not_found', {
    path: 'action',
    expected: `an action function of ${nameOf(snapshot, component)}${names.length === 0 ? ', which has none' : `: ${names.join(', ')}`}`,
    got: JSON.stringify('function' in named ? named.function : named.prototype),
    hint: 'name one of the action functions bound to its schema',
  });
}
