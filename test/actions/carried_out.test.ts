// Random states, changed at random and carried out by a provider in whatever order is allowed.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { needsOf } from '../../src/actions/needs.ts';
import { type Order, orderOf, type Step } from '../../src/actions/order.ts';
import type { Due } from '../../src/actions/plan.ts';
import { readyOf } from '../../src/actions/ready.ts';
import { planBetween, valued } from '../../src/actions/state_plan.ts';
import type { ComponentId } from '../../src/base/ids.ts';
import type { Json } from '../../src/base/json.ts';
import type { ActionStatus } from '../../src/model/action.ts';
import { isMarked } from '../../src/model/lookup.ts';
import type { Request } from '../../src/mutation/request.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { digest, runs, type World } from '../support/model_world.ts';
import { actingWorld, between, componentsOf, orderIn, Provider, planOfState } from './acting_world.ts';

/** One random edit: what it does, to which components, where. */
interface Edit {
  readonly kind: number;
  readonly one: number;
  readonly other: number;
  readonly at: number;
}
const edit: fc.Arbitrary<Edit> = fc.record({
  kind: fc.nat(9),
  one: fc.nat(99),
  other: fc.nat(99),
  at: fc.nat(99),
});
const edits = (most: number) => fc.array(edit, { maxLength: most, size: 'max' });

const places = ['/domain/text', '/domain/fixed', '/domain/box/inner/name', '/domain/names/-'];
const sources = ['/resource_value/arn', '/resource_value/arn', '/domain/text', '/domain/fixed', '/si/resourceId'];

function requestOf(world: World, e: Edit): Request {
  const all = componentsOf(world.snapshot);
  const schema = ['Acting', 'Acting', 'First'][e.at % 3]!;
  if (all.length === 0 || e.kind === 0)
    return {
      kind: 'component.create',
      schema,
      name: `n${all.length}`,
      attributes: { '/domain/text': `t${e.other % 3}` },
    };
  // Mostly later ones use earlier ones, now and then it is any way round.
  const [one, other] = [e.one % all.length, e.other % all.length];
  const isAnyWay = (e.kind > 3 && e.kind !== 7) || e.other > 96;
  const component = all[isAnyWay ? one : Math.max(one, other)]!;
  const source = all[isAnyWay ? other : Math.min(one, other, Math.max(one, other, 1) - 1)]!;
  const path = places[e.at % places.length]!;
  switch (e.kind) {
    case 1:
    case 2:
    case 3:
      return {
        kind: 'attribute.set',
        component,
        path,
        value: { $source: { component: source, path: sources[e.at % sources.length]! } } as Json,
      };
    case 4:
    case 5:
      return { kind: 'attribute.set', component, path, value: `v${e.other % 4}` };
    case 6:
      return { kind: 'attribute.unset', component, path: path.replace('/-', '') };
    case 7:
      return { kind: 'depends_on.add', component, on: source };
    case 8:
      return { kind: e.at % 3 === 0 ? 'component.restore' : 'component.delete', component };
    default:
      return { kind: 'action.add', component, action: 'manual', name: e.at % 2 === 0 ? 'poke' : 'drain' };
  }
}

/** Five components to begin with. */
const five: readonly Edit[] = [0, 1, 2, 3, 5].map((at) => ({ kind: 0, one: 0, other: at, at }));

function change(world: World, some: readonly Edit[]): void {
  for (const e of some) {
    const done = world.attempt([requestOf(world, e)]);
    if (done.ok) world.snapshot = done.value.snapshot;
  }
}

/** Starts what is ready as `choose` says, several at a time, and checks what holds at each start. */
function carryOut(provider: Provider, order: Order, choose: (n: number) => number): number {
  const status = new Map<string, ActionStatus>(order.steps.map((s) => [s.key, 'queued']));
  const byKey = new Map(order.steps.map((s) => [s.key, s]));
  const dues = [...new Set(order.steps.map((s) => s.due))];
  const old = new Map(dues.map((d) => [d.component, provider.resource(d.component)?.resourceId ?? undefined]));
  const gone = provider.going(dues);
  const running: Step[] = [];
  for (let i = 0; ; i++) {
    expect(i).toBeLessThan(10_000);
    const waiting = order.steps.map((s) => ({ key: s.key, status: status.get(s.key)!, after: s.after }));
    const { ready, blocked } = readyOf(waiting);
    expect(blocked).toEqual([]);
    if (ready.length === 0 && running.length === 0) break;
    const pick = choose(ready.length + running.length);
    if (pick < ready.length) {
      const step = byKey.get(ready[pick]!)!;
      status.set(step.key, 'running');
      running.push(step);
      expect(running.filter((r) => r.component === step.component)).toHaveLength(1);
    } else {
      const [step] = running.splice(pick - ready.length, 1);
      provider.carryOut(step!, old.get(step!.component), gone);
      status.set(step!.key, 'succeeded');
    }
  }
  expect([...status.values()].every((s) => s === 'succeeded')).toBe(true);
  return order.steps.length;
}

/** A chooser that a seed fixes. */
function chooser(seed: number): (n: number) => number {
  let state = seed >>> 0;
  return (n) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return n === 0 ? 0 : Math.floor((state / 4_294_967_296) * n);
  };
}

/** Nothing of it can be planned before somebody mends it, or it asks for what nobody can do. */
const isStuck = (state: Snapshot): boolean => planOfState(state).left.length > 0;

describe('a plan carried out', () => {
  test('[PL19] [PL13] [PL14] leaves nothing to plan, in whatever order it is allowed; destroying everything leaves nothing', {
    timeout: 300_000,
  }, () => {
    let steps = 0;
    let replaced = 0;
    let deadlocks = 0;
    fc.assert(
      fc.property(edits(25), edits(12), fc.nat(), (first, second, seed) => {
        const world = actingWorld();
        const provider = new Provider(world);
        const choose = chooser(seed);
        let former: Snapshot | undefined;
        change(world, five);
        for (const some of [first, second]) {
          change(world, some);
          const { due } = planOfState(world.snapshot);
          replaced += due.filter((d) => d.kind === 'replace').length;
          const order = orderIn(world.snapshot, due, former);
          if (order.cycle !== undefined) {
            deadlocks++;
            expectRound(order, due, world.snapshot, former);
            return;
          }
          if (isStuck(world.snapshot)) return;
          expectUsersInOrder(order, world.snapshot, former);
          steps += carryOut(provider, order, choose);
          expect(planOfState(world.snapshot).due).toEqual([]);
          former = world.snapshot;
        }
        for (const component of componentsOf(world.snapshot)) world.do({ kind: 'component.delete', component });
        const { due } = planOfState(world.snapshot);
        const order = orderIn(world.snapshot, due, former);
        expect(order.cycle).toBeUndefined();
        carryOut(provider, order, choose);
        expect([...provider.there]).toEqual([]);
        // But for what was asked for and done.
        for (const component of componentsOf(world.snapshot))
          expect(provider.resource(component)?.status ?? 'absent').toBe('absent');
        expect(planOfState(world.snapshot)).toMatchObject({ due: [], left: [], cancelled: [] });
      }),
      { numRuns: runs(150), seed: 4 },
    );
    expect(steps).toBeGreaterThan(500);
    expect(replaced).toBeGreaterThan(40);
    expect(deadlocks).toBeGreaterThan(0);
  });

  test('[PL10] [PL12] no plan of a state against itself; undone, none; of the components that differ alone, the same', {
    timeout: 300_000,
  }, () => {
    let planned = 0;
    fc.assert(
      fc.property(edits(15), edits(8), (first, second) => {
        const world = actingWorld();
        change(world, five);
        change(world, first);
        const order = orderIn(world.snapshot, planOfState(world.snapshot).due);
        if (order.cycle === undefined && !isStuck(world.snapshot)) carryOut(new Provider(world), order, () => 0);
        // Some of it pending on Head.
        change(world, second.slice(0, 2));
        const fork = world.fork(9);
        fork.lawful = false;
        expect(between(fork.snapshot, world.snapshot)).toMatchObject({ due: [], cancelled: [], left: [] });
        change(fork, second);
        const plan = between(fork.snapshot, world.snapshot);
        planned += plan.due.length;
        const losing = planOfState(world.snapshot).due.filter((d) => d.kind === 'destroy' || d.kind === 'replace');
        expect(
          planBetween(valued(fork.snapshot, digest), valued(world.snapshot, digest), [
            ...differing(fork.snapshot, world.snapshot),
            ...losing.map((d) => d.component),
          ]),
        ).toEqual({ ...plan, standing: expect.any(Array) });
        // What was planned is taken back by going back, whatever else is pending.
        const back = between(world.snapshot, fork.snapshot);
        const isIn = (d: Due, some: readonly Due[]): boolean =>
          some.some((o) => o.component === d.component && o.kind === d.kind);
        for (const d of plan.due)
          expect(isIn(d, back.cancelled) || isIn(d, planOfState(world.snapshot).due), `${d.component} ${d.kind}`).toBe(
            true,
          );
        fork.snapshot = world.snapshot;
        expect(between(fork.snapshot, world.snapshot).due).toEqual([]);
      }),
      { numRuns: runs(100), seed: 5 },
    );
    expect(planned).toBeGreaterThan(150);
  });

  test('[PL17] the order is the same whatever the order of what it is made from', { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(edits(25), fc.nat(), (some, seed) => {
        const world = actingWorld();
        change(world, five);
        change(world, some);
        const { due } = planOfState(world.snapshot);
        const needs = needsOf(
          world.snapshot,
          due.map((d) => d.component),
        );
        const shuffled = <T>(list: readonly T[]): T[] => {
          const choose = chooser(seed);
          const out: T[] = [];
          for (const x of list) out.splice(choose(out.length + 1), 0, x);
          return out;
        };
        expect(orderOf({ due: shuffled(due), needs: shuffled(needs) })).toEqual(orderOf({ due, needs }));
        const of = shuffled(componentsOf(world.snapshot));
        expect(planOfState(world.snapshot, of)).toEqual(planOfState(world.snapshot));
      }),
      { numRuns: runs(60), seed: 6 },
    );
  });
});

/** Components with a cell, record or edge that is another. */
function differing(a: Snapshot, b: Snapshot): ComponentId[] {
  const out = new Set<ComponentId>();
  for (const category of ['cells', 'components', 'overrides', 'resources'] as const) {
    for (const [x, y] of [
      [a, b],
      [b, a],
    ] as const)
      for (const [key, text] of x.scan(category, ''))
        if (y.get(category, key) !== text) out.add(key.slice(0, 26) as ComponentId);
    if (category !== 'cells') continue;
    // Whose values are made of others is found by propagation; here by looking at all of them.
    for (const c of componentsOf(a)) if (JSON.stringify(inputsIn(a, c)) !== JSON.stringify(inputsIn(b, c))) out.add(c);
  }
  return [...out];
}

function inputsIn(state: Snapshot, component: ComponentId): unknown {
  return valued(state, digest).valueAt({ component, path: '/domain' as never });
}

/** What has to hold of an order, told without the rules that made it. */
function expectUsersInOrder(order: Order, state: Snapshot, former: Snapshot | undefined): void {
  const place = new Map(order.steps.map((s, i) => [s.key, i]));
  const at = (c: string, kind: string): number | undefined => place.get(`${c}/${kind}/`);
  const acting = order.steps.map((s) => s.component);
  for (const { user, source, hard } of needsOf(state, acting)) {
    const [made, needed] = [at(user, 'create') ?? at(user, 'update'), at(source, 'create') ?? at(source, 'update')];
    if (hard && user !== source && made !== undefined && needed !== undefined) expect(made).toBeGreaterThan(needed);
  }
  for (const { user, source, hard } of [...needsOf(state, acting), ...(former ? needsOf(former, acting) : [])]) {
    const [gone, usedBy] = [at(source, 'destroy'), at(user, 'destroy')];
    if (hard && user !== source && gone !== undefined && usedBy !== undefined) expect(gone).toBeGreaterThan(usedBy);
    const turned = at(user, 'update');
    if (hard && user !== source && gone !== undefined && turned !== undefined && isMarked(state, source))
      expect(gone).toBeGreaterThan(turned);
  }
}

/** Each on the way round waits for the next, and without the others' part of it nothing of it could start. */
function expectRound(order: Order, due: readonly Due[], state: Snapshot, former: Snapshot | undefined): void {
  const { cycle } = order;
  expect(cycle!.length).toBeGreaterThan(1);
  expect(cycle!.at(-1)).toBe(cycle![0]);
  const on = new Set(cycle!.map((key) => key.slice(0, 26)));
  const only = orderIn(
    state,
    due.filter((d) => on.has(d.component)),
    former,
  );
  expect(only.cycle).toBeDefined();
}
