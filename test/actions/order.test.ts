// Which action waits for which, on real states and in small worlds that are given as they are.

import { describe, expect, test } from 'vitest';
import type { Need } from '../../src/actions/needs.ts';
import { needsOf } from '../../src/actions/needs.ts';
import { orderOf } from '../../src/actions/order.ts';
import type { Due } from '../../src/actions/plan.ts';
import { readyOf } from '../../src/actions/ready.ts';
import type { ComponentId } from '../../src/base/ids.ts';
import type { Json } from '../../src/base/json.ts';
import type { ActionKind } from '../../src/model/function.ts';
import type { World } from '../support/model_world.ts';
import { actingWorld, between, calledIn, orderIn, Provider, planOfState, stepLine, stepLines } from './acting_world.ts';

const arn = (component: string): Json => ({ $source: { component, path: '/resource_value/arn' } });

/** Steps with what they wait for, as `step <- first, first`. */
function waits(world: World, due: readonly Due[], former?: World['snapshot']): string[] {
  const state = world.snapshot;
  const order = orderIn(state, due, former);
  expect(order.cycle).toBeUndefined();
  return order.steps.map((s) => {
    const after = s.after.map((key) => stepLine(state, key)).sort();
    return [stepLine(state, s.key), ...(after.length === 0 ? [] : ['<-', after.join(', ')])].join(' ');
  });
}

/** Due actions that need no state: each kind with the functions it calls. */
function due(component: string, kind: Due['kind'], createFirst = false): Due {
  const kinds: ActionKind[] = kind === 'replace' ? ['destroy', 'create'] : [kind];
  if (createFirst) kinds.reverse();
  const functions = kinds.map((k) => ({ kind: k, name: '' }) as Due['functions'][number]);
  const about = { name: '', paths: [], inputHash: null, awaits: false, held: false, asked: false, wish: '' };
  return { component: component as ComponentId, kind, functions, ...about };
}
const need = (user: string, source: string, hard = true): Need =>
  ({ user, source, hard }) as { user: ComponentId; source: ComponentId; hard: boolean };
const shown = (keys: readonly string[]): string => keys.map((k) => k.replace(/\/$/, '')).join(' ');

describe('creating and changing', () => {
  test('[PL13] waits for whose reality it is made of, through values in between, functions too', () => {
    const world = actingWorld();
    const a = world.create('a', {}, 'Acting');
    const middle = world.create('middle', { '/domain/text': arn(a) });
    const b = world.create('b', { '/domain/text': { $source: { component: middle, path: '/domain/text' } } }, 'Acting');
    const c = world.create('c', { '/domain/labels': { k: arn(b) } }, 'Acting');
    expect(waits(world, planOfState(world.snapshot).due)).toEqual([
      'a create',
      'b create <- a create',
      'c create <- b create',
    ]);
    expect(needsOf(world.snapshot, [c, a]).map((n) => [n.user, n.source])).toEqual([]);
    expect(needsOf(world.snapshot, [b, a])).toEqual([{ user: b, source: a, hard: true }]);
  });

  test('[PL13] waits for those it depends on, also through components that nothing is done to', () => {
    const world = actingWorld();
    const a = world.create('a', {}, 'Acting');
    const group = world.create('group');
    const b = world.create('b', {}, 'Acting');
    world.do({ kind: 'depends_on.add', component: b, on: group }, { kind: 'depends_on.add', component: group, on: a });
    expect(waits(world, planOfState(world.snapshot).due)).toEqual(['a create', 'b create <- a create']);
  });

  test('[PL15] several actions of one component one after the other; refreshing waits for no other', () => {
    const world = actingWorld();
    const a = world.create('a', { '/domain/text': 'x' }, 'Acting');
    const b = world.create('b', { '/domain/text': arn(a) }, 'Acting');
    new Provider(world).createAll();
    for (const component of [a, b]) {
      world.do({ kind: 'action.add', component, action: 'refresh' });
      for (const name of ['poke', 'drain']) world.do({ kind: 'action.add', component, action: 'manual', name });
    }
    world.set(a, '/domain/text', 'y');
    expect(waits(world, planOfState(world.snapshot).due)).toEqual([
      'a update',
      'b refresh',
      'a refresh <- a update',
      'a manual drain <- a refresh',
      'a manual poke <- a manual drain',
      'b manual drain <- a manual poke, b refresh',
      'b manual poke <- b manual drain',
    ]);
  });
});

describe('destroying and replacing', () => {
  test('[PL14] destroyed are users first, by what they follow and depend on', () => {
    const world = actingWorld();
    const a = world.create('a', {}, 'Acting');
    const b = world.create('b', { '/domain/text': arn(a) }, 'Acting');
    const c = world.create('c', {}, 'Acting');
    world.do({ kind: 'depends_on.add', component: c, on: b });
    new Provider(world).createAll();
    for (const component of [a, b, c]) world.do({ kind: 'component.delete', component });
    expect(waits(world, planOfState(world.snapshot).due)).toEqual([
      'c destroy',
      'b destroy <- c destroy',
      'a destroy <- b destroy',
    ]);
  });

  test('[PL14] what is destroyed waits for those that stay to be changed, also if they do not name it any more', () => {
    const world = actingWorld();
    const a = world.create('a', {}, 'Acting');
    const b = world.create('b', { '/domain/text': arn(a) }, 'Acting');
    const c = world.create('c', { '/domain/text': arn(a) }, 'Acting');
    new Provider(world).createAll();
    const head = world.snapshot;
    world.do({ kind: 'component.delete', component: a });
    world.set(b, '/domain/text', 'nothing');
    const plan = between(world.snapshot, head);
    expect(waits(world, plan.due, head)).toEqual(['b update', 'c update', 'a destroy <- b update, c update']);
    expect(calledIn(world.snapshot, c)).toBe('c');
  });

  test('[PL14] a replaced one: whoever stays is changed after the new one is there, or in between', () => {
    for (const [schema, expected] of [
      ['Acting', ['a destroy', 'a create <- a destroy', 'b update <- a create']],
      ['First', ['a create', 'b update <- a create', 'a destroy <- a create, b update']],
    ] as const) {
      const world = actingWorld();
      const a = world.create('a', { '/domain/fixed': 'f' }, schema);
      world.create('b', { '/domain/text': arn(a) }, 'Acting');
      new Provider(world).createAll();
      world.set(a, '/domain/fixed', 'g');
      expect(waits(world, planOfState(world.snapshot).due)).toEqual(expected);
    }
  });

  test('[PL14] [PL15] two replaced ones, the old one first: users are destroyed first and created last', () => {
    const order = orderOf({
      due: [due('a', 'replace'), due('b', 'replace'), due('b', 'manual')],
      needs: [need('b', 'a')],
    });
    expect(order.steps.map((s) => `${shown([s.key])} <- ${shown(s.after)}`)).toEqual([
      'b/destroy <- ',
      'a/destroy <- b/destroy',
      'a/create <- a/destroy',
      'b/create <- a/create b/destroy',
      'b/manual <- b/create',
    ]);
    const first = orderOf({
      due: [due('a', 'replace', true), due('a', 'manual'), due('b', 'update')],
      needs: [need('b', 'a')],
    });
    expect(first.steps.map((s) => shown([s.key]))).toEqual(['a/create', 'a/manual', 'b/update', 'a/destroy']);
  });
});

describe('waiting for ever', () => {
  test('[PL16] two that follow declared values of each other are not held up; one way round they are in order', () => {
    const world = actingWorld();
    const a = world.create('a', { '/domain/text': 'x' }, 'Acting');
    const b = world.create(
      'b',
      { '/domain/short': 'yy', '/domain/text': { $source: { component: a, path: '/domain/text' } } },
      'Acting',
    );
    expect(waits(world, planOfState(world.snapshot).due)).toEqual(['a create', 'b create <- a create']);
    world.follow(a, '/domain/short', b, '/domain/short');
    expect(waits(world, planOfState(world.snapshot).due)).toEqual(['a create', 'b create']);
  });

  test('[PL16] two that need each other’s reality are found, with the way round', () => {
    const world = actingWorld();
    const [a, b, c] = ['a', 'b', 'c'].map((name) => world.create(name, {}, 'Acting')) as [
      ComponentId,
      ComponentId,
      ComponentId,
    ];
    world.set(a, '/domain/text', arn(b));
    world.set(b, '/domain/text', arn(a));
    world.set(c, '/domain/text', arn(a));
    const order = orderIn(world.snapshot, planOfState(world.snapshot).due);
    expect(order.steps).toEqual([]);
    const alone = orderOf({ due: [due('a', 'create')], needs: [need('a', 'a')] });
    expect(shown(alone.cycle!)).toBe('a/create a/create');
    expect(orderOf({ due: [due('a', 'update')], needs: [need('a', 'a')] }).cycle).toBeUndefined();
    expect(stepLines(world.snapshot, order.cycle!.map((key) => ({ key })) as never)).toEqual([
      'a create',
      'b create',
      'a create',
    ]);
  });

  test('[PL16] the new one first, of a user of one of which the old one goes first, is found', () => {
    const query = {
      due: [due('a', 'replace'), due('b', 'replace', true), due('c', 'create')],
      needs: [need('b', 'a')],
    };
    const order = orderOf(query);
    expect(shown(order.cycle!)).toBe('a/create a/destroy b/destroy b/create a/create');
    expect(order.steps.map((s) => shown([s.key]))).toEqual(['c/create']);
    expect(orderOf({ ...query, due: [due('a', 'replace', true), due('b', 'replace', true)] }).cycle).toBeUndefined();
  });

  test('[PL13] [PL16] long chains and wide fans cost what they have', () => {
    const n = 20_000;
    const name = (i: number): string => `c${String(i).padStart(6, '0')}`;
    const all = Array.from({ length: n }, (_, i) => due(name(i), 'create'));
    const chain = orderOf({ due: all, needs: all.slice(1).map((_, i) => need(name(i + 1), name(i), i % 2 === 0)) });
    expect(chain.steps.map((s) => s.component)).toEqual(all.map((d) => d.component));
    const gone = all.map((d) => due(d.component, 'destroy'));
    const fan = orderOf({ due: gone, needs: gone.slice(1).map((d) => need(d.component, name(0))) });
    expect(fan.steps.at(-1)!.after).toHaveLength(n - 1);
  });
});

describe('what may start', () => {
  const of = (key: string, status: Parameters<typeof readyOf>[0][number]['status'], ...after: string[]) => ({
    key,
    status,
    after,
  });

  test('[PL18] queued and behind nothing that has not succeeded', () => {
    const answer = readyOf([
      of('c', 'queued', 'b', 'gone'),
      of('a', 'succeeded'),
      of('b', 'succeeded', 'a'),
      of('d', 'queued', 'c'),
      of('e', 'dispatched'),
      of('f', 'queued', 'e'),
      of('g', 'on-hold'),
      of('h', 'running', 'a'),
    ]);
    expect(answer).toEqual({ ready: ['c'], blocked: [] });
  });

  test('[PL18] blocked by the nearest that failed, were cancelled, interrupted or are held', () => {
    const answer = readyOf([
      of('z', 'queued', 'y', 'h'),
      of('y', 'queued', 'f', 'i'),
      of('f', 'failed', 'c'),
      of('c', 'cancelled'),
      of('i', 'interrupted'),
      of('h', 'on-hold', 'f'),
      of('ok', 'queued'),
    ]);
    expect(answer.ready).toEqual(['ok']);
    expect(answer.blocked).toEqual([
      { key: 'z', by: ['f', 'h', 'i'] },
      { key: 'y', by: ['f', 'i'] },
      { key: 'f', by: ['c'] },
      { key: 'h', by: ['f'] },
    ]);
  });

  test('[PL18] of those that wait for each other none is ready', () => {
    expect(readyOf([of('a', 'queued', 'b'), of('b', 'queued', 'a'), of('c', 'queued')]).ready).toEqual(['c']);
  });
});
