// What follows from deciding about drift: what is planned, and what is not.

import { describe, expect, test } from 'vitest';
import { acceptanceOf } from '../../src/actions/acceptance.ts';
import { ActionTable } from '../../src/actions/action_functions.ts';
import { unmet } from '../../src/actions/adopted.ts';
import { driftOf } from '../../src/actions/drifted.ts';
import { subjectOf } from '../../src/actions/subject.ts';
import type { ComponentId } from '../../src/base/ids.ts';
import type { Json } from '../../src/base/json.ts';
import { Evaluation } from '../../src/builtins/evaluate.ts';
import type { Property } from '../../src/model/property.ts';
import type { VariantSpec } from '../../src/model/schema.ts';
import { openSpec, type World } from '../support/model_world.ts';
import { actingSchema, actingWorld, between, lines, Provider, planOfState, record } from './acting_world.ts';

const text: Property = { kind: 'string' };
const spec: VariantSpec = {
  ...openSpec,
  domain: {
    kind: 'object',
    properties: {
      text,
      other: text,
      fixed: { kind: 'string', createOnly: true },
      port: { kind: 'integer', default: 80 },
      size: { kind: 'string', enum: ['small', 'large'] },
      given: { kind: 'string', readOnly: true },
      token: { kind: 'string', writeOnly: true },
      policy: { kind: 'json' },
      labels: { kind: 'map', values: text },
      tags: {
        kind: 'array',
        items: { kind: 'object', properties: { Key: text, Value: text, id: { kind: 'string', readOnly: true } } },
      },
    },
  },
};

/** A component that was created as it stands, of which the provider reports what it was given. */
function made(attributes: Record<string, Json> = { '/domain/text': 'a', '/domain/fixed': 'f' }) {
  const world = actingWorld();
  actingSchema(world, 'Drifting', spec, ['create', 'update', 'destroy', 'refresh']);
  const provider = new Provider(world);
  const c = world.create('one', attributes, 'Drifting');
  provider.createAll();
  return { world, provider, c, due: () => lines(world, planOfState(world.snapshot, [c]).due) };
}

function driftIn(world: World, component: ComponentId) {
  const evaluation = new Evaluation(world.snapshot);
  const table = new ActionTable(world.snapshot);
  const subject = subjectOf(world.snapshot, component, { table, valueAt: (at) => evaluation.valueAt(at) })!;
  return driftOf(world.snapshot, subject);
}

function paths(world: World, component: ComponentId): string[] | string | undefined {
  const drift = driftIn(world, component);
  return drift?.state === 'changed' ? drift.differences.map((d) => d.path) : drift?.state;
}

describe('accepted', () => {
  test('[PL22] what was edited to what is reported plans nothing, the rest does', () => {
    const { world, provider, c, due } = made();
    provider.drifts(c, { text: 'b', fixed: 'f' });
    expect(due()).toEqual([]);
    world.set(c, '/domain/text', 'b');
    expect(due()).toEqual([]);
    world.set(c, '/domain/port', 81);
    expect(due()).toEqual(['one update /domain/port']);
    world.set(c, '/domain/text', 'c');
    expect(due()).toEqual(['one update /domain/port /domain/text']);
  });

  test('[PL22] also what is create-only, which would be a replacement else', () => {
    const { world, provider, c, due } = made();
    provider.drifts(c, { text: 'a', fixed: 'g' });
    world.set(c, '/domain/fixed', 'g');
    expect(due()).toEqual([]);
    world.set(c, '/domain/fixed', 'h');
    expect(due()).toEqual(['one replace /domain/fixed']);
  });

  test('[PL22] against Head it counts as sent, so that setting it back is an update', () => {
    const { world, provider, c } = made();
    provider.drifts(c, { text: 'b', fixed: 'f' });
    world.set(c, '/domain/text', 'b');
    const head = world.snapshot;
    expect(between(world.snapshot, head)).toMatchObject({ due: [], left: [], cancelled: [] });
    world.set(c, '/domain/text', 'a');
    expect(lines(world, between(world.snapshot, head).due)).toEqual(['one update /domain/text']);
    world.set(c, '/domain/other', 'x');
    expect(lines(world, between(world.snapshot, head).due)).toEqual(['one update /domain/other /domain/text']);
  });

  test('[PL22] nothing is known of what is not reported, was reported before the last sending, or never comes back', () => {
    const sent = { text: 'a', token: 't', labels: { k: 'v', l: 'v' }, policy: '{"a":1}' };
    const left = (inputs: Json, payload: Json, isStale?: true) =>
      unmet({ spec, resource: { payload, ...(isStale ? { isStale } : {}) }, sent, inputs });
    expect(left({ ...sent, text: 'b' }, { text: 'b' })).toEqual([]);
    expect(left({ ...sent, text: 'b' }, { text: 'b' }, true)).toEqual(['/domain/text']);
    expect(left({ ...sent, text: 'b' }, {})).toEqual(['/domain/text']);
    expect(left({ ...sent, text: 'b' }, null)).toEqual(['/domain/text']);
    expect(left({ ...sent, token: 'u' }, { token: 'u' })).toEqual(['/domain/token']);
    // An entry that was taken away, of a map that is reported without it, and of one that is not reported.
    expect(left({ ...sent, labels: { k: 'v' } }, { labels: { k: 'v' } })).toEqual([]);
    expect(left({ ...sent, labels: { k: 'v' } }, { labels: { k: 'v', l: 'v' } })).toEqual(['/domain/labels/l']);
    expect(left({ ...sent, labels: { k: 'v' } }, {})).toEqual(['/domain/labels/l']);
    const { text: _, ...less } = sent;
    expect(left(less, { policy: '{"a":1}' })).toEqual(['/domain/text']);
    expect(left({ ...sent, policy: '{ "a": 2 }' }, { policy: { a: 2 } })).toEqual([]);
  });

  const request = (world: World, c: ComponentId, path: string, reality: Json | undefined) =>
    acceptanceOf(world.snapshot, c, { spec, difference: { path, intent: 'x', reality } });

  test('[PL26] as the property has it, and never read as a source', () => {
    const { world, c } = made();
    const set = (path: string, reality: Json) => {
      const got = request(world, c, path, reality);
      return 'request' in got && got.request.kind === 'attribute.set' ? got.request.value : got;
    };
    expect(set('/domain/port', '81')).toBe(81);
    expect(set('/domain/size', 'LARGE')).toBe('large');
    expect(set('/domain/text', 5)).toBe('5');
    expect(set('/domain/labels/k', 'v')).toBe('v');
    expect(set('/domain/tags', [{ Key: 'k', Value: 'v', id: 'i', unknown: 1, none: null }])).toEqual([
      { Key: 'k', Value: 'v' },
    ]);
    expect(set('/domain/labels', { $source: 'x' })).toEqual({ $source: { value: { $source: 'x' } } });
    expect(request(world, c, '/domain/labels/k', undefined)).toEqual({
      request: { kind: 'attribute.unset', component: c, path: '/domain/labels/k' },
    });
  });

  test('[PL26] what follows something, at it, around it or in it, and what a function gives', () => {
    const { world, c } = made();
    const other = world.create('two', { '/domain/text': 'x' }, 'Drifting');
    const follow = (path: string, source: string) =>
      world.do({
        kind: 'attribute.set',
        component: c,
        path,
        value: { $source: { component: other, path: source } },
      });
    follow('/domain/text', '/domain/text');
    follow('/domain/labels', '/domain/labels');
    world.do({
      kind: 'attribute.set',
      component: c,
      path: '/domain/tags',
      value: [{ Key: 'k', Value: { $source: { component: other, path: '/domain/text' } } }],
    });
    for (const path of ['/domain/text', '/domain/labels/k', '/domain/labels', '/domain/tags'])
      expect(request(world, c, path, 'y'), path).toMatchObject({ because: 'followed' });
    world.do(
      { kind: 'function.create', name: 'sized', functionKind: 'attribute', text: 'return 1;\n' },
      { kind: 'binding.attach', function: 'sized', schema: 'Drifting', arguments: [], output: '/domain/size' },
    );
    expect(request(world, c, '/domain/size', 'large')).toMatchObject({ because: 'function' });
    world.set(c, '/domain/size', 'small');
    expect(request(world, c, '/domain/size', 'large')).toHaveProperty('request');
  });
});

describe('enforced', () => {
  test('[PL24] an update that is asked for says where reality is otherwise, and is a replacement where it has to be', () => {
    const { world, provider, c, due } = made();
    provider.drifts(c, { text: 'b', fixed: 'f' });
    world.do({ kind: 'action.add', component: c, action: 'update' });
    expect(due()).toEqual(['one asked update /domain/text']);
    provider.drifts(c, { text: 'b', fixed: 'g' });
    expect(due()).toEqual(['one asked replace /domain/fixed /domain/text']);
    world.do({ kind: 'component.ignore_changes', component: c, path: '/domain/fixed', on: true });
    expect(due()).toEqual(['one asked update /domain/text']);
    provider.drifts(c, { text: 'a', fixed: 'f' });
    expect(due()).toEqual(['one asked update']);
  });

  test('[PL23] what was carried out is not asked for any more, and anew it is something else', () => {
    const { world, provider, c, due } = made();
    const ask = () => world.do({ kind: 'action.add', component: c, action: 'update' });
    ask();
    const head = world.snapshot;
    ask();
    expect(between(world.snapshot, head).due).toEqual([]);
    const { wish } = planOfState(world.snapshot, [c]).due[0]!;
    provider.answer(c, { action: 'update', name: '' }, wish);
    expect(due()).toEqual([]);
    const done = world.snapshot;
    ask();
    expect(due()).toEqual(['one asked update']);
    expect(lines(world, between(world.snapshot, done).due)).toEqual(['one asked update']);
    expect(lines(world, between(world.snapshot, head).due)).toEqual(['one asked update']);
  });
});

describe('drifted', () => {
  test('[PL25] what differs, ignored paths aside; gone; not known; none of anybody’s business', () => {
    const { world, provider, c } = made();
    expect(paths(world, c)).toBe('none');
    provider.drifts(c, { text: 'b', fixed: 'f', port: 81 });
    expect(paths(world, c)).toEqual(['/domain/port', '/domain/text']);
    world.do({ kind: 'component.ignore_changes', component: c, path: '/domain/text', on: true });
    expect(paths(world, c)).toEqual(['/domain/port']);
    const before = provider.resource(c)!;
    record(world, c, { ...before, isStale: true });
    expect(paths(world, c)).toBe('unknown');
    record(world, c, { resourceId: null, status: 'absent', payload: null, lost: 'r-1' });
    expect(driftIn(world, c)).toEqual({ state: 'gone', lost: 'r-1' });
    record(world, c, { resourceId: null, status: 'absent', payload: null });
    expect(paths(world, c)).toBe(undefined);
    record(world, c, before);
    world.set(c, '/si/enabled', false);
    expect(paths(world, c)).toBe(undefined);
    world.set(c, '/si/enabled', true);
    world.do({ kind: 'component.delete', component: c });
    expect(paths(world, c)).toBe(undefined);
    expect(paths(world, world.create('new', {}, 'Drifting'))).toBe(undefined);
  });
});
