// Which action waits for which. Whoever needs a component acts after it; what is destroyed goes after everybody who used it
// has gone or turned away; the two halves of a replacement stand where those rules leave room for them. Where they leave none
// the actions would wait for each other for ever: that is found here, with the way round.

import type { ComponentId } from '../base/ids.ts';
import { compareText } from '../base/json.ts';
import type { ActionKind } from '../model/function.ts';
import type { ActionFunction } from './action_functions.ts';
import type { Need } from './needs.ts';
import { compareInSequence, type Due } from './plan.ts';
import { componentsOnCycles } from './strong.ts';

/** One call of an action function. */
export interface Step {
  /** `component/kind/name`, unique in an order. */
  readonly key: string;
  readonly component: ComponentId;
  readonly kind: ActionKind;
  readonly name: string;
  readonly function: ActionFunction;
  /** What it is a part of. */
  readonly due: Due;
  /** Keys of the steps that have to succeed first, in order. */
  readonly after: readonly string[];
}

export interface Order {
  /** Each behind all that it waits for. With a cycle, only those that it does not hold up. */
  readonly steps: readonly Step[];
  /** Keys of steps that wait for each other, each for the next, the first one last again; undefined: there are none. */
  readonly cycle: readonly string[] | undefined;
}

export interface OrderQuery {
  readonly due: readonly Due[];
  /** Of the state that is to be reached. */
  readonly needs: readonly Need[];
  /** Of the state that reality was made from: who still uses what is to be destroyed. Default: none. */
  readonly former?: readonly Need[];
}

/** O(actions + needs), but for sorting. */
export function orderOf({ due, needs, former = [] }: OrderQuery): Order {
  const byComponent = new Map<ComponentId, readonly Draft[]>();
  for (const d of [...due].sort((a, b) => compareText(a.component, b.component) || compareInSequence(a, b)))
    byComponent.set(d.component, [...(byComponent.get(d.component) ?? []), ...draftsOf(d)]);
  for (const [component, drafts] of byComponent) byComponent.set(component, inSequence(drafts));
  const isActing = (n: Need): boolean => byComponent.has(n.user) && byComponent.has(n.source);
  const acting = (some: readonly Need[]): Need[] =>
    some.filter(isActing).sort((a, b) => compareText(a.user, b.user) || compareText(a.source, b.source));
  const [now, then] = [acting(needs), acting(former)];
  const cycleOf = componentsOnCycles([...now, ...then]);
  // What is only better first gives way where both would have to be.
  const isKept = ({ user, source, hard }: Need): boolean =>
    hard || cycleOf.get(user) === undefined || cycleOf.get(user) !== cycleOf.get(source);
  for (const n of now.filter(isKept)) comeAfter(byComponent.get(n.user)!, byComponent.get(n.source)!);
  for (const n of [...now, ...then].filter(isKept)) goBefore(byComponent.get(n.user)!, byComponent.get(n.source)!);
  return sorted([...byComponent.values()].flat());
}

interface Draft extends Omit<Step, 'after'> {
  readonly after: Set<Draft>;
  readonly before: Draft[];
}

/** Several actions of one component one after the other; what goes once the new one is there goes last. */
function inSequence(drafts: readonly Draft[]): readonly Draft[] {
  const ordered = isCreateFirst(drafts)
    ? [...drafts.filter((d) => !isDestroy(d)), ...drafts.filter(isDestroy)]
    : drafts;
  for (const [i, draft] of ordered.entries()) if (i > 0) wait(draft, ordered[i - 1]!);
  return ordered;
}

function draftsOf(due: Due): Draft[] {
  return due.functions.map((fn) => ({
    key: `${due.component}/${fn.kind}/${fn.name}`,
    component: due.component,
    kind: fn.kind,
    name: fn.name,
    function: fn,
    due,
    after: new Set(),
    before: [],
  }));
}

function wait(step: Draft, first: Draft): void {
  if (step.after.has(first)) return;
  step.after.add(first);
  first.before.push(step);
}

const isDestroy = (s: Draft): boolean => s.kind === 'destroy';
/** Refreshing needs nothing of others. */
const isMaking = (s: Draft): boolean => s.kind === 'create' || s.kind === 'update' || s.kind === 'manual';
/** The new one of a replacement is there before the old one goes. */
const isCreateFirst = (drafts: readonly Draft[]): boolean =>
  drafts.findIndex(isDestroy) > drafts.findIndex((s) => s.kind === 'create');

/** What the user makes comes after all that is made of the source. */
function comeAfter(user: readonly Draft[], source: readonly Draft[]): void {
  if (user === source) {
    // Its own reality is there once it is, so it can be updated with it, and never created.
    const created = user.find((s) => s.kind === 'create');
    if (created !== undefined) wait(created, created);
    return;
  }
  const first = user.find(isMaking);
  const last = source.findLast((s) => !isDestroy(s));
  if (first !== undefined && last !== undefined) wait(first, last);
}

/** What is destroyed of the source goes after the user has gone, or turned to what takes its place. */
function goBefore(user: readonly Draft[], source: readonly Draft[]): void {
  const destroyed = source.find(isDestroy);
  if (destroyed === undefined || user === source) return;
  const gone = user.find(isDestroy);
  if (gone !== undefined) wait(destroyed, gone);
  // Where the old one has to go first, whoever stays can turn to the new one only after that.
  const made = user.findLast(isMaking);
  const isReplaced = source.some((s) => s.kind === 'create');
  if (made !== undefined && (!isReplaced || isCreateFirst(source))) wait(destroyed, made);
}

function sorted(drafts: readonly Draft[]): Order {
  const waiting = new Map(drafts.map((d) => [d, d.after.size]));
  const queue = drafts.filter((d) => d.after.size === 0);
  for (const draft of queue)
    for (const next of draft.before) {
      const left = waiting.get(next)! - 1;
      waiting.set(next, left);
      if (left === 0) queue.push(next);
    }
  const steps = queue.map(({ before: _before, after, ...step }) => ({
    ...step,
    after: [...after].map((a) => a.key).sort(compareText),
  }));
  if (queue.length === drafts.length) return { steps, cycle: undefined };
  const done = new Set(queue);
  return {
    steps,
    cycle: cycleAmong(
      drafts.filter((d) => !done.has(d)),
      done,
    ),
  };
}

/** Everything that is left waits for something that is left, so following that comes round. */
function cycleAmong(left: readonly Draft[], done: ReadonlySet<Draft>): string[] {
  const way: Draft[] = [];
  const seen = new Map<Draft, number>();
  let at = left[0]!;
  while (!seen.has(at)) {
    seen.set(at, way.length);
    way.push(at);
    at = [...at.after].find((a) => !done.has(a))!;
  }
  const round = way.slice(seen.get(at)!);
  // The same way, whoever was looked at first.
  const keys = round.map((d) => d.key);
  const least = keys.indexOf([...keys].sort(compareText)[0]!);
  return [...keys.slice(least), ...keys.slice(0, least), keys[least]!];
}
