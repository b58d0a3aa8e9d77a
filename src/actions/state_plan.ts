// The plan of a state, and of a change set: its state's plan less Head's. Both are of the components that may differ, so they
// cost what the change does. What an action will give another value is planned for, too: whoever follows a resource that is
// replaced or destroyed is looked at as if it were gone already.

import type { ComponentId, Digest } from '../base/ids.ts';
import { canonical, compareText, type Json } from '../base/json.ts';
import type { Results } from '../builtins/assemble.ts';
import { type Evaluated, Evaluation } from '../builtins/evaluate.ts';
import { reach } from '../graph/edges.ts';
import type { Source } from '../model/expr.ts';
import { cellKey } from '../model/keys.ts';
import { hasResource, isMarked } from '../model/lookup.ts';
import { holderOf, resourceKeyOf } from '../model/moved.ts';
import { type Path, roots, wellKnown } from '../model/path.ts';
import type { Category, Reader } from '../model/state.ts';
import { ActionTable } from './action_functions.ts';
import { type Due, type Left, type Plan, planOf } from './plan.ts';
import { type Subject, subjectOf } from './subject.ts';

/** A state with its values. */
export interface Valued {
  readonly reader: Reader;
  readonly digest: Digest;
  valueAt(at: Source): Evaluated;
  /** Values as they will be said to be while these have no resource. */
  without(gone: ReadonlySet<ComponentId>): (at: Source) => Evaluated;
}

/** A state with its values evaluated as they are asked for. `results`: what users' functions gave. */
export function valued(reader: Reader, digest: Digest, results?: Results): Valued {
  const evaluation = new Evaluation(reader, results);
  return {
    reader,
    digest,
    valueAt: (at) => evaluation.valueAt(at),
    without: (gone) => {
      const other = new Evaluation(withoutResources(reader, gone), results);
      return (at) => other.valueAt(at);
    },
  };
}

/** The state as it is where these components have no resource, reported or declared. */
export function withoutResources(reader: Reader, gone: ReadonlySet<ComponentId>): Reader {
  const ids = new Set([...gone].map((c) => cellKey(c, wellKnown.resourceId)));
  const keys = new Set([...gone].map((c) => resourceKeyOf(reader, c)));
  const isHidden = (category: Category, key: string): boolean =>
    category === 'resources' ? keys.has(key as ComponentId) : category === 'cells' && ids.has(key);
  return {
    get: (category, key) => (isHidden(category, key) ? undefined : reader.get(category, key)),
    *scan(category, prefix, after) {
      for (const entry of reader.scan(category, prefix, after)) if (!isHidden(category, entry[0])) yield entry;
    },
    blob: (hash) => reader.blob(hash),
    matches: reader.matches,
  };
}

/** By component, in order. A component without anything due or left is not among them. */
export type Plans = ReadonlyMap<ComponentId, Plan>;

/**
 * The plan of these components and of those that follow what their actions will change, directly or not. `accepted`: what
 * counts as sent where it is not known.
 */
export function planState(
  state: Valued,
  components: Iterable<ComponentId>,
  accepted: (component: ComponentId) => Json | undefined = () => undefined,
): Plans {
  const { reader, digest } = state;
  const table = new ActionTable(reader);
  const plans = new Map<ComponentId, Plan>();
  const gone = new Set<ComponentId>();
  let valueAt = (at: Source): Evaluated => state.valueAt(at);
  for (let next = [...new Set(components)].sort(compareText); next.length > 0; ) {
    const losing: ComponentId[] = [];
    for (const component of next) {
      const subject = subjectOf(reader, component, { table, valueAt });
      if (subject === undefined) continue;
      const plan = planOf(subject, {
        blob: (hash) => reader.blob(hash),
        digest,
        accepted: accepted(component),
      });
      const loses = losesResource(subject, plan);
      // Whose loss is the reason of its own change stays as it was planned before that was looked at.
      if (gone.has(component) && !loses) continue;
      plans.set(component, plan);
      if (loses && !gone.has(component)) losing.push(component);
    }
    if (losing.length === 0) break;
    for (const component of losing) gone.add(component);
    next = followersOf(reader, losing);
    valueAt = state.without(gone);
  }
  const told = [...plans].filter(([, plan]) => plan.due.length + plan.left.length > 0);
  return new Map(told.sort(([a], [b]) => compareText(a, b)));
}

function losesResource(subject: Subject, plan: Plan): boolean {
  return subject.exists && plan.due.some((d) => d.kind === 'destroy' || d.kind === 'replace');
}

const reality: readonly Path[] = [wellKnown.resource, wellKnown.resourceValue, wellKnown.resourceId];
const everything = roots.map((root) => `/${root}` as Path);

/** Components whose values are made of what was reported of these; of those that will be absent, of anything. */
function followersOf(reader: Reader, components: readonly ComponentId[]): ComponentId[] {
  const from = components.flatMap((component) =>
    (isMarked(reader, component) ? everything : reality).map((path) => ({ component, path })),
  );
  const { cells } = reach(reader, from, Number.POSITIVE_INFINITY);
  return [...new Set(cells.map((c) => c.component))].sort(compareText);
}

export interface ChangePlan {
  /** By component, then in the order of their sequence. */
  readonly due: readonly Due[];
  /** What is due on Head as well, and in the same way. */
  readonly standing: readonly Due[];
  /** What Head has planned and the change set leaves without a reason. */
  readonly cancelled: readonly Due[];
  /** What the change would ask for and is not planned. */
  readonly left: readonly Left[];
}

/**
 * `components`: those that may differ, and those whose resource Head's own plan replaces or destroys, in whatever order; more
 * of them change nothing but the cost.
 */
export function planBetween(changeSet: Valued, head: Valued, components: Iterable<ComponentId>): ChangePlan {
  // What was imported and never sent is taken to be as Head's inputs say: they were accepted with it. So are inputs that were
  // edited to what reality had become. Of a resource that changes hands they are those of who has it on Head.
  const accepted = (taker: ComponentId): Json | undefined => {
    const component = holderOf(head.reader, resourceKeyOf(changeSet.reader, taker));
    if (!hasResource(head.reader, component)) return undefined;
    const inputs = head.valueAt({ component, path: wellKnown.domain });
    return inputs.state === 'value' && inputs.awaits === undefined ? inputs.value : undefined;
  };
  const all = new Set(components);
  let mine = planState(changeSet, all, accepted);
  const known = all.size;
  for (const component of mine.keys()) all.add(component);
  const theirs = planState(head, all);
  for (const component of theirs.keys()) all.add(component);
  if (all.size > known) mine = planState(changeSet, all, accepted);
  const due: Due[] = [];
  const standing: Due[] = [];
  const cancelled: Due[] = [];
  const left: Left[] = [];
  for (const component of [...all].sort(compareText)) {
    const [after, before] = [mine.get(component) ?? nothing, theirs.get(component) ?? nothing];
    const other = lessThose(after.due, before.due);
    due.push(...other);
    standing.push(...after.due.filter((d) => !other.includes(d)));
    left.push(...lessThose(after.left, before.left));
    cancelled.push(...before.due.filter((d) => !after.due.some((o) => o.kind === d.kind && o.name === d.name)));
  }
  return { due, standing, cancelled, left };
}

const nothing: Plan = { due: [], left: [] };

/** Which function would do it is no part of what is done. */
function lessThose<T extends Due | Left>(some: readonly T[], others: readonly T[]): T[] {
  const textOf = (o: T): string => canonical({ ...o, functions: null } as unknown as Json);
  const theirs = new Set(others.map(textOf));
  return theirs.size === 0 ? [...some] : some.filter((o) => !theirs.has(textOf(o)));
}
