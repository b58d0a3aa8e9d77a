// What applying a change set would do to reality: its state's plan less Head's, each action with what it has to wait for. It
// costs what the change does: only components whose values may be others are looked at.

import { actionFunctionsOf } from '../actions/action_functions.ts';
import { needsOf } from '../actions/needs.ts';
import { orderOf, type Step } from '../actions/order.ts';
import type { Due, Left } from '../actions/plan.ts';
import { type ChangePlan, planBetween, planState, type Valued, valued } from '../actions/state_plan.ts';
import type { ComponentId } from '../base/ids.ts';
import { canonical, type Json } from '../base/json.ts';
import { type Result, refuse } from '../base/result.ts';
import type { Results } from '../builtins/assemble.ts';
import type { ActionKind, BindingRecord } from '../model/function.ts';
import { idLength } from '../model/keys.ts';
import { findComponent, findSchema, nameOf } from '../model/lookup.ts';
import type { Reader } from '../model/state.ts';
import type { PlannedAction } from '../ports/readiness.ts';
import { diff } from '../snapshot/diff.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Branch } from './branch.ts';
import { compareSnapshots } from './compare.ts';
import type { KeptValues } from './propagate.ts';
import type { CancelledStep, PlannedStep } from './queue_actions.ts';
import type { Workspace } from './workspace.ts';

export interface Planned {
  readonly plan: ChangePlan;
  readonly steps: readonly Step[];
  /** The same, with what Head has queued and stays due, in the order of both. */
  readonly queue: readonly Step[];
  /** Keys of steps that wait for each other for ever. */
  readonly cycle: readonly string[] | undefined;
}

interface PlanningOf {
  readonly head: Snapshot;
  readonly present: Snapshot;
  readonly results: Results;
  readonly keptOnHead: KeptValues | undefined;
  readonly kept: KeptValues | undefined;
  /** Components with actions that have not ended. */
  readonly open: readonly ComponentId[];
}

/** What a plan was made of; one made of the same is the same. */
interface Grounds {
  readonly head: Snapshot;
  readonly present: Snapshot;
  readonly valuesOnHead: number;
  readonly values: number;
  readonly open: readonly ComponentId[];
}

/** The last plan of each branch: an apply asks for it twice, for the approvals and in the turn of its commit. */
const lastPlans = new WeakMap<Branch, { readonly grounds: Grounds; readonly planned: Planned }>();

/** Of a change set that is caught up, as it and Head stand. Call it in `read`. */
export function planOf(w: Workspace, branch: Branch, head: Branch): Planned {
  const open = w.actions.all().map((a) => a.component);
  const grounds = groundsOfPlan(w, branch, head, open);
  const last = lastPlans.get(branch);
  if (grounds !== undefined && last !== undefined && areSame(grounds, last.grounds)) return last.planned;
  const planned = planOfChange({
    head: head.snapshot,
    present: branch.snapshot,
    results: w.propagation.resultsOn(w.space.digest),
    keptOnHead: w.propagation.keptOf(head, head.snapshot),
    kept: w.propagation.keptOf(branch, branch.snapshot),
    open,
  });
  if (grounds !== undefined) lastPlans.set(branch, { grounds, planned });
  return planned;
}

/** Undefined where values are still being computed: then they can be others without a sign of it. */
function groundsOfPlan(w: Workspace, branch: Branch, head: Branch, open: readonly ComponentId[]): Grounds | undefined {
  const valuesOnHead = w.propagation.revisionOf(head, head.snapshot);
  const values = w.propagation.revisionOf(branch, branch.snapshot);
  if (valuesOnHead === undefined || values === undefined) return undefined;
  return { head: head.snapshot, present: branch.snapshot, valuesOnHead, values, open };
}

function areSame(a: Grounds, b: Grounds): boolean {
  return (
    a.head === b.head &&
    a.present === b.present &&
    a.valuesOnHead === b.valuesOnHead &&
    a.values === b.values &&
    a.open.length === b.open.length &&
    a.open.every((id, i) => id === b.open[i])
  );
}

/**
 * What Head asks for and nobody has queued: mostly consequences that nobody reviewed, such as an update of what follows a value
 * that a provider has reported anew. They wait for a change set that takes them up. Costs all components of Head. Call it in
 * `read`.
 */
export function unreviewedOf(w: Workspace, head: Branch): Planned {
  const state = head.snapshot;
  if (!hasActions(state)) return nothing;
  const results = w.propagation.resultsOn(w.space.digest);
  const values = valuedBy(state, results, w.propagation.keptOf(head, state));
  const components: ComponentId[] = [];
  for (const [key] of state.scan('components', '')) if (key.length === idLength) components.push(key as ComponentId);
  const isQueued = ({ component, kind }: Due): boolean =>
    w.actions.of(component).some((a) => a.kind === kind || kind === 'replace');
  const plans = [...planState(values, components).values()];
  const due = plans.flatMap((plan) => plan.due).filter((d) => !isQueued(d));
  const acting = new Set(due.map((d) => d.component));
  const needs = needsOf(state, acting);
  const { steps, cycle } = orderOf({ due, needs, former: needs });
  return { plan: { due, standing: [], cancelled: [], left: [] }, steps, queue: steps, cycle };
}

/** As it is told and approved. */
export function plannedActions({ plan }: Planned): PlannedAction[] {
  return plan.due.map(({ component, kind, paths }) => ({ component, kind, paths }));
}

export function areSameActions(some: readonly PlannedAction[], others: readonly PlannedAction[]): boolean {
  return canonical(some as unknown as Json) === canonical(others as unknown as Json);
}

const nothing: Planned = {
  plan: { due: [], standing: [], cancelled: [], left: [] },
  steps: [],
  queue: [],
  cycle: undefined,
};

function planOfChange({ head, present, results, keptOnHead, kept, open }: PlanningOf): Planned {
  // Where no action function is bound there is none that could do anything.
  if (!hasActions(present) && !hasActions(head)) return nothing;
  // What is to be done on Head already takes part: its followers are planned as if that were done.
  const touched = new Set<ComponentId>(open);
  const comparison = compareSnapshots(head, present, { results, before: keptOnHead, after: kept });
  for (const { id } of comparison.components) touched.add(id);
  for (const category of ['components', 'overrides'] as const)
    for (const { key } of diff(head.map(category), present.map(category)))
      touched.add(key.slice(0, idLength) as ComponentId);
  const plan = planBetween(valuedBy(present, results, kept), valuedBy(head, results, keptOnHead), touched);
  // What is queued already takes part in the order, so that what is new waits for it, and it for what is new.
  const queued = new Set(open);
  const standing = plan.standing.filter((d) => queued.has(d.component));
  const due = [...plan.due, ...standing];
  const acting = new Set(due.map((d) => d.component));
  const { steps: queue, cycle } = orderOf({ due, needs: needsOf(present, acting), former: needsOf(head, acting) });
  const isNew = new Set(plan.due);
  return { plan, steps: queue.filter((step) => isNew.has(step.due)), queue, cycle };
}

function hasActions(state: Snapshot): boolean {
  for (const [, text] of state.scan('bindings', ''))
    if ((JSON.parse(text) as BindingRecord).action !== null) return true;
  return false;
}

export function valuedBy(state: Snapshot, results: Results, kept: KeptValues | undefined): Valued {
  const plain = valued(state, state.space.digest, results);
  return {
    ...plain,
    valueAt: (at) => kept?.(at) ?? plain.valueAt(at),
  };
}

/** Refuses `actions_cycle`. */
export function neverEnding(state: Snapshot, cycle: readonly string[]): Result<never> {
  const shown = cycle.map((key) => {
    const [component, kind] = key.split('/');
    return `${kind} of ${nameOf(state, component as ComponentId)}`;
  });
  return refuse('actions_cycle', {
    path: 'changeSet',
    expected: 'actions of which none waits for itself',
    got: shown.join(' waits for '),
    hint: 'apply it in two steps: first what has to be there before, then the rest',
    data: { cycle: [...cycle] },
  });
}

/** Of each step, the places in the list of those that come first. */
function placesBefore(steps: readonly Step[]): number[][] {
  const places = new Map(steps.map((step, i) => [step.key, i]));
  return steps.map(({ after }) => after.flatMap((key) => places.get(key) ?? []));
}

/** What is taken back of what Head had planned, in its parts. */
export function cancelledSteps({ plan }: Planned): CancelledStep[] {
  return plan.cancelled.flatMap(({ component, functions }) =>
    functions.map(({ kind, name }) => ({ component, kind, name })),
  );
}

/** As they are queued. */
export function plannedSteps(planned: Planned): PlannedStep[] {
  const before = placesBefore(planned.queue);
  const isNew = new Set(planned.plan.due);
  return planned.queue.map(({ component, kind, name, due }, i) => ({
    component,
    kind,
    name,
    isNew: isNew.has(due),
    paths: due.paths,
    after: before[i]!,
    reviewedHash: due.awaits || kind === 'destroy' || kind === 'refresh' ? null : due.inputHash,
    isHeld: due.held,
  }));
}

/** One planned action for people. */
export interface PlannedLine {
  readonly component: ComponentId;
  readonly name: string;
  readonly schema: string;
  readonly kind: ActionKind;
  readonly because: readonly string[];
  /** Some of what it is made with is known only after other actions. */
  readonly awaits: boolean;
  readonly held: boolean;
  /** Places in the list of those that come first. */
  readonly after: readonly number[];
}

export interface NotPlannedLine {
  readonly component: ComponentId;
  readonly name: string;
  readonly sentence: string;
}

const reasons: Readonly<Record<Left['because'], string>> = {
  unsupported: 'the schema has no function for it',
  skipped: 'somebody left it out',
  disabled: 'the component is disabled',
  protected: 'it is protected',
  retained: 'its resource is kept when it is deleted',
  shared: 'another component has the same resource',
  'inputs-pending': 'its values are still being computed',
  'inputs-failed': 'its values have errors',
  'no-resource': 'there is no resource',
  'has-resource': 'there is a resource already',
  'passed-on': 'its resource has passed to another component; duplicate it to have one made for the copy',
};

/** Call it in `read`. */
export function plannedLines(
  state: Reader,
  planned: Planned,
): { readonly actions: PlannedLine[]; readonly notPlanned: NotPlannedLine[] } {
  const before = placesBefore(planned.steps);
  const schemaOf = (id: ComponentId): string => {
    const record = findComponent(state, id);
    return record === undefined ? '' : (findSchema(state, record.schema)?.name ?? '');
  };
  const actions = planned.steps.map(({ component, kind, due }, i) => ({
    component,
    name: nameOf(state, component),
    schema: schemaOf(component),
    kind,
    because: due.paths,
    awaits: due.awaits,
    held: due.held,
    after: before[i]!,
  }));
  // Of a schema that nothing can be done for this need not be said of every component.
  const canAct = (id: ComponentId): boolean => {
    const record = findComponent(state, id);
    return record !== undefined && actionFunctionsOf(state, record).length > 0;
  };
  const left = planned.plan.left.filter((l) => l.because !== 'unsupported' || canAct(l.component));
  const notPlanned = left.map(({ component, kind, because, detail }) => {
    const name = nameOf(state, component);
    return { component, name, sentence: `${kind} of ${name}: ${detail === '' ? reasons[because] : detail}` };
  });
  return { actions, notPlanned };
}
