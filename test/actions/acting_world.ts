// A world whose schema has functions for every action, and a provider that carries actions out by writing what it would
// report: ids from a counter, a payload made of the inputs and the id.

import { expect } from 'vitest';
import { type Need, needsOf } from '../../src/actions/needs.ts';
import { type Order, orderOf, type Step } from '../../src/actions/order.ts';
import type { Due, Left } from '../../src/actions/plan.ts';
import { type ChangePlan, planBetween, planState, valued, withoutResources } from '../../src/actions/state_plan.ts';
import type { ComponentId } from '../../src/base/ids.ts';
import { canonical, isObject, type Json } from '../../src/base/json.ts';
import { Evaluation } from '../../src/builtins/evaluate.ts';
import { wishKey } from '../../src/model/action.ts';
import type { ActionKind } from '../../src/model/function.ts';
import { idLength } from '../../src/model/keys.ts';
import { findRecord, isMarked } from '../../src/model/lookup.ts';
import type { ResourceRecord } from '../../src/model/module.ts';
import { wellKnown } from '../../src/model/path.ts';
import type { VariantSpec } from '../../src/model/schema.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { digest, smallWorld, thingSpec, type World } from '../support/model_world.ts';

const actionNames = ['create', 'update', 'destroy', 'refresh'] as const;

/** Adds a schema with a function for each of these actions. */
export function actingSchema(world: World, name: string, spec: VariantSpec, actions: readonly string[]): string {
  const [schema] = world.do({ kind: 'schema.create', name, spec });
  for (const action of actions) {
    const isManual = !(actionNames as readonly string[]).includes(action);
    const fn = isManual ? action : `${name}-${action}`;
    world.do(
      { kind: 'function.create', name: fn, functionKind: 'action', text: 'return 1;\n' },
      {
        kind: 'binding.attach',
        function: fn,
        variant: findRecord<{ defaultVariant: string }>(world.snapshot, 'schemas', schema!.subject)!.defaultVariant,
        action: (isManual ? 'manual' : action) as 'create',
      },
    );
  }
  return schema!.subject;
}

/** `Acting` can do everything and has manual actions `drain` and `poke`; `First` is created first; `Thing` can do nothing. */
export function actingWorld(seed = 1): World {
  const world = smallWorld(seed);
  world.lawful = false;
  actingSchema(world, 'Acting', thingSpec, [...actionNames, 'drain', 'poke']);
  actingSchema(world, 'First', { ...thingSpec, replace: 'create-first' }, ['create', 'update', 'destroy']);
  return world;
}

const isComponent = (key: string): boolean => key.length === idLength;

export function componentsOf(state: Snapshot): ComponentId[] {
  return [...state.scan('components', '')].map(([key]) => key as ComponentId).filter(isComponent);
}

export function planOfState(state: Snapshot, of: Iterable<ComponentId> = componentsOf(state)): ChangePlan {
  const plans = [...planState(valued(state, digest), of).values()];
  return { due: plans.flatMap((p) => p.due), left: plans.flatMap((p) => p.left), standing: [], cancelled: [] };
}

/** The plan of `state` against `head`, of every component of either. */
export function between(state: Snapshot, head: Snapshot): ChangePlan {
  const all = [...componentsOf(state), ...componentsOf(head)];
  return planBetween(valued(state, digest), valued(head, digest), all);
}

/** `name kind paths`, shorter to compare. */
export function lines(world: { snapshot: Snapshot }, due: readonly Due[]): string[] {
  return due.map((d) =>
    [
      calledIn(world.snapshot, d.component),
      d.asked ? 'asked' : '',
      d.held ? 'held' : '',
      d.kind,
      d.name,
      ...d.paths,
      d.awaits ? '(awaits)' : '',
    ]
      .filter((s) => s !== '')
      .join(' '),
  );
}

export function leftLines(world: { snapshot: Snapshot }, left: readonly Left[]): string[] {
  return left.map((l) => [calledIn(world.snapshot, l.component), l.kind, l.name, l.because].filter(Boolean).join(' '));
}

export function calledIn(state: Snapshot, component: ComponentId): string {
  const name = new Evaluation(state).valueAt({ component, path: wellKnown.name });
  return name.state === 'value' ? String(name.value) : component;
}

export function orderIn(state: Snapshot, due: readonly Due[], former?: Snapshot): Order {
  const acting = due.map((d) => d.component);
  const needs = (s: Snapshot): Need[] => needsOf(s, acting);
  return orderOf({ due, needs: needs(state), former: former === undefined ? [] : needs(former) });
}

/** Steps as `name kind`, in order. */
export function stepLines(state: Snapshot, steps: readonly Step[]): string[] {
  return steps.map((s) => stepLine(state, s.key));
}

export function stepLine(state: Snapshot, key: string): string {
  const [component, kind, name] = key.split('/') as [ComponentId, string, string];
  return [calledIn(state, component), kind, name].filter(Boolean).join(' ');
}

export function record(world: World, component: ComponentId, of: ResourceRecord | undefined): void {
  const draft = world.snapshot.edit();
  if (of === undefined) draft.remove('resources', component);
  else draft.put('resources', component, canonical(of as unknown as Json));
  world.snapshot = draft.finish();
}

/** What a provider would do, and what it would report. */
export class Provider {
  readonly world: World;
  #made = 0;
  /** What exists, by id. */
  readonly there = new Set<string>();

  constructor(world: World) {
    this.world = world;
  }

  inputs(component: ComponentId, gone: ReadonlySet<ComponentId> = new Set()): Json {
    const e = new Evaluation(withoutResources(this.world.snapshot, gone)).valueAt({
      component,
      path: wellKnown.domain,
    });
    expect(['value', 'none']).toContain(e.state);
    expect('awaits' in e, `inputs of ${component} are not known yet`).toBe(false);
    return e.state === 'value' ? e.value : {};
  }

  /** A resource as it is after the inputs were sent. */
  sent(component: ComponentId, inputs: Json, id: string): void {
    const draft = this.world.snapshot.edit();
    const text = canonical(inputs);
    const payload = { ...(isObject(inputs) ? inputs : {}), arn: `arn:${id}`, given: id };
    const of: ResourceRecord = {
      resourceId: id,
      status: 'ok',
      payload,
      ...this.#answered(component),
      sentHash: digest(text),
      sent: draft.putBlob(text),
    };
    draft.put('resources', component, canonical(of as unknown as Json));
    this.world.snapshot = draft.finish();
  }

  resource(component: ComponentId): ResourceRecord | undefined {
    return findRecord<ResourceRecord>(this.world.snapshot, 'resources', component);
  }

  /** `old`: the id that a destroy concerns; `gone`: what inputs are bound without. */
  carryOut(step: Step, old: string | undefined, gone: ReadonlySet<ComponentId>): void {
    const { component } = step;
    switch (step.kind) {
      case 'create': {
        const id = `r-${++this.#made}`;
        this.there.add(id);
        this.sent(component, this.inputs(component, gone), id);
        break;
      }
      case 'update': {
        const id = this.resource(component)?.resourceId;
        expect(this.there.has(id!), 'what is updated is there').toBe(true);
        this.sent(component, this.inputs(component, gone), id!);
        break;
      }
      case 'destroy':
        expect(this.there.delete(old!), 'what is destroyed is there').toBe(true);
        if (this.resource(component)?.resourceId === old) {
          const answered = this.#answered(component);
          const left = { resourceId: null, status: 'absent', payload: null, ...answered } as const;
          record(this.world, component, answered.answered === undefined ? undefined : left);
        }
        break;
      default:
        break;
    }
    if (step.due.wish !== '') this.answer(component, { action: step.kind, name: step.name }, step.due.wish);
  }

  #answered(component: ComponentId): Pick<ResourceRecord, 'answered'> {
    const answered = this.resource(component)?.answered;
    return answered === undefined ? {} : { answered };
  }

  /** What was asked for is known to be done. */
  answer(component: ComponentId, of: { readonly action: ActionKind; readonly name: string }, wish: string): void {
    const before = this.resource(component) ?? { resourceId: null, status: 'absent', payload: null };
    record(this.world, component, { ...before, answered: { ...before.answered, [wishKey(of)]: wish } });
  }

  /** Somebody changes the resource behind the model's back, and it is looked at. */
  drifts(component: ComponentId, payload: Json): void {
    record(this.world, component, { ...this.resource(component)!, payload });
  }

  /** Everything that exists, as after it was created in some way that is not looked at. */
  createAll(): void {
    for (let rounds = 0; ; rounds++) {
      const { due } = planOfState(this.world.snapshot);
      const next = due.filter((d) => d.kind === 'create' && !d.awaits);
      if (next.length === 0) break;
      for (const d of next) {
        const id = `r-${++this.#made}`;
        this.there.add(id);
        this.sent(d.component, this.inputs(d.component), id);
      }
      expect(rounds).toBeLessThan(1_000);
    }
  }

  /** Marked for deletion and still there. */
  going(due: readonly Due[]): Set<ComponentId> {
    return new Set(
      due.filter((d) => d.kind === 'destroy' && isMarked(this.world.snapshot, d.component)).map((d) => d.component),
    );
  }
}
