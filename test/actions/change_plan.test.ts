// The plan of a change set against Head, and what follows from what its actions change.

import { describe, expect, test } from 'vitest';
import { planBetween, valued } from '../../src/actions/state_plan.ts';
import type { ComponentId } from '../../src/base/ids.ts';
import type { Json } from '../../src/base/json.ts';
import { digest } from '../support/model_world.ts';
import { actingWorld, between, componentsOf, leftLines, lines, Provider, planOfState, record } from './acting_world.ts';

const arn = (component: string): Json => ({ $source: { component, path: '/resource_value/arn' } });

function open() {
  const world = actingWorld();
  const a = world.create('a', { '/domain/text': 'x', '/domain/fixed': 'f' }, 'Acting');
  const b = world.create('b', { '/domain/text': arn(a) }, 'Acting');
  const provider = new Provider(world);
  provider.createAll();
  const change = world.fork(7);
  change.lawful = false;
  const plan = () => between(change.snapshot, world.snapshot);
  return { world, provider, change, a, b, plan, due: () => lines(change, plan().due) };
}

describe('a change set', () => {
  test('[PL10] plans what it changes and nothing that Head has planned already; undone, nothing', () => {
    const { world, change, a, plan, due } = open();
    world.create('pending', {}, 'Acting');
    const fork = world.fork(9);
    fork.lawful = false;
    expect(between(fork.snapshot, world.snapshot)).toMatchObject({ due: [], cancelled: [], left: [] });
    expect(lines(world, planOfState(world.snapshot).due)).toEqual(['pending create']);
    change.set(a, '/domain/text', 'y');
    expect(due()).toEqual(['a update /domain/text']);
    change.set(a, '/domain/text', 'x');
    change.do({ kind: 'component.rename', component: a, name: 'other' });
    expect(plan().due).toEqual([]);
  });

  test('[PL10] an edit of what Head has not created yet is that creation, and an erasure cancels it', () => {
    const { world } = open();
    const c = world.create('pending', { '/domain/text': 'p' }, 'Acting');
    const change = world.fork(9);
    change.set(c, '/domain/text', 'q');
    const plan = between(change.snapshot, world.snapshot);
    expect([lines(change, plan.due), lines(change, plan.cancelled)]).toEqual([['pending create'], []]);
    change.do({ kind: 'component.erase', component: c });
    const erased = between(change.snapshot, world.snapshot);
    expect([erased.due, lines(world, erased.cancelled)]).toEqual([[], ['pending create']]);
  });

  test('[PL10] what takes an update back that Head has planned cancels it; a further edit plans it with all its paths', () => {
    const { world, a } = open();
    world.set(a, '/domain/text', 'y');
    const change = world.fork(9);
    change.set(a, '/domain/code', 'a-1');
    const more = between(change.snapshot, world.snapshot);
    expect(lines(change, more.due)).toEqual(['a update /domain/code /domain/text']);
    expect(more.cancelled).toEqual([]);
    change.do({ kind: 'attribute.unset', component: a, path: '/domain/code' });
    change.set(a, '/domain/text', 'x');
    const back = between(change.snapshot, world.snapshot);
    expect([back.due, lines(change, back.cancelled)]).toEqual([[], ['a update /domain/text']]);
  });

  test('[PL10] what is left is told only where the change set is the reason; another text of a function plans nothing', () => {
    const { world } = open();
    const bare = world.create('bare');
    world.create('late', {}, 'Acting');
    const change = world.fork(9);
    change.lawful = false;
    change.create('bare too');
    change.do({ kind: 'function.edit_text', function: 'Acting-create', text: 'return 3;\n' });
    const plan = between(change.snapshot, world.snapshot);
    expect([plan.due, leftLines(change, plan.left)]).toEqual([[], ['bare too create unsupported']]);
    expect(leftLines(world, planOfState(world.snapshot, [bare]).left)).toEqual(['bare create unsupported']);
  });

  test('[PL8] of an imported resource, what was accepted on Head and is taken away is changed', () => {
    const { world } = open();
    const c = world.create('imported', { '/domain/text': 'a', '/domain/labels': { k: 'v' } }, 'Acting');
    record(world, c, { resourceId: 'i-1', status: 'ok', payload: { text: 'a', labels: { k: 'v' }, count: 9 } });
    const change = world.fork(9);
    expect(between(change.snapshot, world.snapshot).due).toEqual([]);
    change.do({ kind: 'map.remove', component: c, path: '/domain/labels', key: 'k' });
    const due = lines(change, between(change.snapshot, world.snapshot).due);
    expect(due).toHaveLength(1);
    expect(due[0]).toContain('imported update /domain/labels');
  });

  test('[PL8] importing what Head has not is no change of it', () => {
    const { world } = open();
    const c = world.create('found', {}, 'Acting');
    const change = world.fork(9);
    change.set(c, '/si/resourceId', 'i-1');
    change.set(c, '/domain/text', 'as it is');
    record(change, c, { resourceId: 'i-1', status: 'ok', payload: { text: 'as it is', count: 9 } });
    const plan = between(change.snapshot, world.snapshot);
    expect([plan.due, lines(change, plan.cancelled)]).toEqual([[], ['found create']]);
  });

  test('[PL12] more components than those that differ change nothing', () => {
    const { world, change, a } = open();
    change.set(a, '/domain/fixed', 'g');
    const few = planBetween(valued(change.snapshot, digest), valued(world.snapshot, digest), [a]);
    expect(few).toEqual(between(change.snapshot, world.snapshot));
    expect(lines(change, few.due)).toEqual(['a replace /domain/fixed', 'b update /domain/text (awaits)']);
  });
});

describe('what follows', () => {
  test('[PL7] whoever follows what is restored and has to be created again is changed after it', () => {
    const { world, a, b } = open();
    world.do({ kind: 'component.delete', component: a });
    const provider = new Provider(world);
    record(world, a, undefined);
    provider.sent(b, provider.inputs(b), 'r-2');
    expect(planOfState(world.snapshot).due).toEqual([]);
    world.do({ kind: 'component.restore', component: a });
    expect(lines(world, planOfState(world.snapshot).due)).toEqual(['a create', 'b update /domain/text (awaits)']);
  });

  test('[PL11] followers of a replaced resource are planned as awaiting, replaced in turn where that is create-only', () => {
    const { change, a, b, due } = open();
    const c = change.create('c', { '/domain/fixed': arn(b) }, 'Acting');
    const d = change.create('d', { '/domain/text': arn(c) }, 'Acting');
    change.set(b, '/domain/fixed', { $source: { component: a, path: '/domain/text' } });
    const provider = new Provider(change);
    for (const [at, component] of [b, c, d].entries()) provider.sent(component, provider.inputs(component), `x-${at}`);
    expect(lines(change, planOfState(change.snapshot).due)).toEqual([]);
    change.set(a, '/domain/text', 'y');
    expect(lines(change, planOfState(change.snapshot, [a, b]).due)).toEqual([
      'a update /domain/text',
      'b replace /domain/fixed',
      'c replace /domain/fixed (awaits)',
      'd update /domain/text (awaits)',
    ]);
    expect(due()).toContain('c replace /domain/fixed (awaits)');
  });

  test('[PL11] followers of what is destroyed lose its values, declared ones too', () => {
    const { change, a, b, due } = open();
    const c = change.create('c', { '/domain/text': { $source: { component: a, path: '/domain/text' } } }, 'Acting');
    const provider = new Provider(change);
    provider.sent(c, provider.inputs(c), 'x-1');
    change.do({ kind: 'component.delete', component: a });
    expect(due()).toEqual(['a destroy', 'b update /domain/text', 'c update /domain/text']);
    change.do({ kind: 'component.delete', component: b as ComponentId });
    expect(due()).toEqual(['a destroy', 'b destroy', 'c update /domain/text']);
  });

  test('[PL11] a resource that was made by hand and is named by its id is gone for them, too', () => {
    const { world } = open();
    const a = world.create('named', { '/si/resourceId': 'i-1' }, 'Acting');
    const b = world.create('user', { '/domain/text': { $source: { component: a, path: '/si/resourceId' } } }, 'Acting');
    const provider = new Provider(world);
    provider.sent(b, provider.inputs(b), 'x-1');
    expect(componentsOf(world.snapshot)).toHaveLength(4);
    const change = world.fork(9);
    change.do({ kind: 'component.delete', component: a });
    expect(lines(change, between(change.snapshot, world.snapshot).due)).toEqual([
      'named destroy',
      'user update /domain/text',
    ]);
  });
});
