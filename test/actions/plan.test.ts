// The plan of a component, by what is declared, reported and asked for.

import { describe, expect, test } from 'vitest';
import type { ComponentId, Hash } from '../../src/base/ids.ts';
import { canonical, type Json } from '../../src/base/json.ts';
import { findRecord } from '../../src/model/lookup.ts';
import { parseVariantSpec } from '../../src/model/schema.ts';
import { thingSpec } from '../support/model_world.ts';
import { actingSchema, actingWorld, leftLines, lines, Provider, planOfState, record } from './acting_world.ts';

/** A component of each kind that was created as it stands. */
function made(attributes: Record<string, Json> = { '/domain/text': 'a', '/domain/fixed': 'f' }, schema = 'Acting') {
  const world = actingWorld();
  const provider = new Provider(world);
  const c = world.create('one', attributes, schema);
  provider.createAll();
  const plan = () => planOfState(world.snapshot, [c]);
  return { world, provider, c, plan, due: () => lines(world, plan().due), left: () => leftLines(world, plan().left) };
}

describe('what a state asks for', () => {
  test('[PL1] create without a resource, destroy when marked with one, nothing when marked without; D1, D8', () => {
    const world = actingWorld();
    const c = world.create('one', {}, 'Acting');
    const due = () => lines(world, planOfState(world.snapshot).due);
    expect(due()).toEqual(['one create']);
    world.do({ kind: 'component.delete', component: c });
    expect(due()).toEqual([]);
    world.do({ kind: 'action.add', component: c, action: 'refresh' });
    expect(planOfState(world.snapshot)).toMatchObject({ due: [], left: [], cancelled: [] });
    world.do({ kind: 'action.remove', component: c, action: 'refresh' }, { kind: 'component.restore', component: c });
    expect(due()).toEqual(['one create']);
    new Provider(world).createAll();
    expect(due()).toEqual([]);
    world.do({ kind: 'component.delete', component: c });
    expect(due()).toEqual(['one destroy']);
    world.do({ kind: 'component.delete', component: c });
    expect(due()).toEqual(['one destroy']);
  });

  test('[PL1] what a provider says is gone, or could not create, is created; a failed resource that is there is not', () => {
    const { world, c, due } = made();
    record(world, c, { resourceId: null, status: 'absent', payload: null });
    expect(due()).toEqual(['one create']);
    record(world, c, { resourceId: null, status: 'failed', payload: null });
    expect(due()).toEqual(['one create']);
    record(world, c, { resourceId: 'r-9', status: 'failed', payload: null });
    expect(due()).not.toContain('one create');
  });

  test('[PL2] an edit is an update with the deepest paths, in order; undone, it is none; D3', () => {
    const { world, c, due } = made({ '/domain/text': 'a', '/domain/names': ['x', 'y'], '/domain/labels': { k: 'v' } });
    world.set(c, '/domain/text', 'b');
    world.set(c, '/domain/names/1', 'z');
    world.set(c, '/domain/labels/k', 'w');
    world.set(c, '/domain/labels/more', 'm');
    expect(due()).toEqual(['one update /domain/labels/k /domain/labels/more /domain/names/1 /domain/text']);
    world.do({ kind: 'list.insert', component: c, path: '/domain/names', value: 'new' });
    expect(due()).toEqual(['one update /domain/labels/k /domain/labels/more /domain/names /domain/text']);
    world.set(c, '/domain/names', ['x', 'y']);
    world.set(c, '/domain/labels', { k: 'v' });
    world.set(c, '/domain/text', 'a');
    expect(due()).toEqual([]);
  });

  test('[PL2] a default that comes out equal and a rename plan nothing; a name that is an input does; C23, C24', () => {
    const { world, c, due } = made();
    world.set(c, '/domain/colour', 'red');
    world.set(c, '/si/metadata', { owner: 'me' });
    world.do({ kind: 'component.rename', component: c, name: 'another' });
    expect(due()).toEqual([]);
    const named = world.create('named', { '/domain/text': { $source: { component: c, path: '/si/name' } } }, 'Acting');
    const provider = new Provider(world);
    provider.sent(named, provider.inputs(named), 'r-7');
    expect(due()).toEqual([]);
    world.do({ kind: 'component.rename', component: c, name: 'again' });
    expect(lines(world, planOfState(world.snapshot).due)).toEqual(['named update /domain/text']);
  });

  test('[PL3] a create-only property that differs means replacing, in the order of component and schema', () => {
    const { world, c, due, plan } = made();
    const order = () => plan().due[0]!.functions.map((f) => f.kind);
    world.set(c, '/domain/text', 'b');
    world.set(c, '/domain/fixed', 'g');
    expect(due()).toEqual(['one replace /domain/fixed /domain/text']);
    expect(order()).toEqual(['destroy', 'create']);
    const draft = world.snapshot.edit();
    draft.put('components', `${c}/flag/create_first`, '{}');
    world.snapshot = draft.finish();
    expect(order()).toEqual(['create', 'destroy']);

    const first = made({ '/domain/fixed': 'f' }, 'First');
    first.world.do({ kind: 'attribute.unset', component: first.c, path: '/domain/fixed' });
    expect(first.due()).toEqual(['one replace /domain/fixed']);
    expect(first.plan().due[0]!.functions.map((f) => f.kind)).toEqual(['create', 'destroy']);
    expect(parseVariantSpec({ ...thingSpec, replace: 'create-first' }).ok).toBe(true);
    expect(parseVariantSpec({ ...thingSpec, replace: 'both' })).toMatchObject({
      refusal: { code: 'property_tree_invalid', path: '/replace' },
    });
  });

  test('[PL3] at or below: in lists, maps and recursive types, also where a whole object appears', () => {
    const world = actingWorld();
    const fixed = {
      kind: 'object',
      properties: { id: { kind: 'string', createOnly: true }, note: { kind: 'string' } },
    } as const;
    const spec = {
      ...thingSpec,
      domain: {
        kind: 'object',
        properties: {
          list: { kind: 'array', items: fixed },
          map: { kind: 'map', values: fixed },
          whole: { kind: 'object', createOnly: true, properties: { a: { kind: 'string' } } },
          node: { kind: 'ref', to: 'Loop' },
        },
      },
      definitions: { Loop: { kind: 'object', properties: { next: { kind: 'ref', to: 'Loop' }, fixed } } },
    } as const;
    actingSchema(world, 'Deep', spec, ['create', 'update', 'destroy']);
    const c = world.create(
      'deep',
      { '/domain/list': [{ id: 'i', note: 'n' }], '/domain/map': { m: { note: 'n' } } },
      'Deep',
    );
    new Provider(world).createAll();
    const before = world.snapshot;
    const ifSet = (path: string, value: Json) => {
      world.snapshot = before;
      world.set(c, path, value);
      return lines(world, planOfState(world.snapshot).due);
    };
    expect(ifSet('/domain/list/0/note', 'x')).toEqual(['deep update /domain/list/0/note']);
    expect(ifSet('/domain/list/0/id', 'x')).toEqual(['deep replace /domain/list/0/id']);
    expect(ifSet('/domain/map/m/note', 'x')).toEqual(['deep update /domain/map/m/note']);
    expect(ifSet('/domain/map/m/id', 'x')).toEqual(['deep replace /domain/map/m/id']);
    expect(ifSet('/domain/whole', { a: 'x' })).toEqual(['deep replace /domain/whole/a']);
    expect(ifSet('/domain/node', { next: { fixed: { note: 'x' } } })).toEqual([
      'deep update /domain/node/next/fixed/note',
    ]);
    expect(ifSet('/domain/node', { next: { fixed: { id: 'x' } } })).toEqual([
      'deep replace /domain/node/next/fixed/id',
    ]);
  });
});

describe('functions', () => {
  test('[PL4] an overlay on the schema takes the place of the variant’s; detached, that one is back; D11', () => {
    const { world, c, plan } = made();
    world.do({ kind: 'function.create', name: 'over', functionKind: 'action', text: 'return 2;\n' });
    const used = () => {
      const { functions } = plan().due[0]!;
      return functions.map((f) => findRecord<{ name: string }>(world.snapshot, 'functions', f.function)!.name);
    };
    world.set(c, '/domain/text', 'b');
    expect(used()).toEqual(['Acting-update']);
    const [binding] = world.do({ kind: 'binding.attach', function: 'over', schema: 'Acting', action: 'update' });
    expect(used()).toEqual(['over']);
    world.do({ kind: 'binding.detach', binding: binding!.subject });
    expect(used()).toEqual(['Acting-update']);
  });

  test('[PL4] what the schema has no function for is told and not planned', () => {
    const world = actingWorld();
    const bare = world.create('bare');
    expect(leftLines(world, planOfState(world.snapshot).left)).toEqual(['bare create unsupported']);
    actingSchema(world, 'Lasting', thingSpec, ['create', 'update']);
    const c = world.create('lasting', { '/domain/fixed': 'f' }, 'Lasting');
    const provider = new Provider(world);
    provider.createAll();
    expect(provider.resource(bare)).toBeUndefined();
    world.set(c, '/domain/fixed', 'g');
    const plan = planOfState(world.snapshot, [c]);
    expect(plan.due).toEqual([]);
    expect(leftLines(world, plan.left)).toEqual(['lasting replace unsupported']);
    expect(plan.left[0]!.detail).toBe('the schema has no function for destroy');
  });
});

describe('what people decide', () => {
  test('[PL5] skip and hold, of a replacement by any of its parts', () => {
    const { world, c, due, left } = made();
    world.set(c, '/domain/text', 'b');
    world.do({ kind: 'action.hold', component: c, action: 'update' });
    expect(due()).toEqual(['one held update /domain/text']);
    world.do({ kind: 'action.skip', component: c, action: 'update' });
    expect([due(), left()]).toEqual([[], ['one update skipped']]);
    world.do({ kind: 'action.remove', component: c, action: 'update' });
    world.set(c, '/domain/fixed', 'g');
    world.do({ kind: 'action.hold', component: c, action: 'create' });
    expect(due()).toEqual(['one held replace /domain/fixed /domain/text']);
    world.do({ kind: 'action.skip', component: c, action: 'destroy' });
    expect([due(), left()]).toEqual([[], ['one replace skipped']]);
  });

  test('[PL5] add: refreshing, manual actions by name, an update that nothing asks for, a destroy, each once', () => {
    const { world, c, due, left } = made();
    world.do(
      { kind: 'action.add', component: c, action: 'refresh' },
      { kind: 'action.add', component: c, action: 'manual', name: 'poke' },
      { kind: 'action.add', component: c, action: 'manual', name: 'drain' },
      { kind: 'action.add', component: c, action: 'manual', name: 'dance' },
      { kind: 'action.add', component: c, action: 'update' },
      { kind: 'action.add', component: c, action: 'create' },
    );
    const manual = ['one asked manual drain', 'one asked manual poke'];
    expect(due()).toEqual(['one asked update', 'one asked refresh', ...manual]);
    expect(left()).toEqual(['one create has-resource', 'one manual dance unsupported']);
    world.do({ kind: 'action.add', component: c, action: 'destroy' });
    expect(due()).toEqual(['one asked refresh', ...manual, 'one asked destroy']);
  });

  test('[PL5] what is asked of nothing is told; D5', () => {
    const world = actingWorld();
    const c = world.create('one', {}, 'Acting');
    for (const action of ['refresh', 'update', 'destroy', 'create'] as const)
      world.do({ kind: 'action.add', component: c, action });
    const plan = planOfState(world.snapshot);
    expect(lines(world, plan.due)).toEqual(['one asked create']);
    expect(leftLines(world, plan.left).sort()).toEqual(
      ['destroy', 'refresh', 'update'].map((kind) => `one ${kind} no-resource`),
    );
  });

  test('[PL6] protected, retained, shared, disabled and ignored', () => {
    const { world, c, due, left } = made();
    const decided = () => [due(), left()];
    const before = world.snapshot;
    world.do({ kind: 'component.protect', component: c, on: true });
    world.set(c, '/domain/fixed', 'g');
    expect(decided()).toEqual([[], ['one replace protected']]);

    world.snapshot = before;
    world.do({ kind: 'component.retain', component: c, on: true }, { kind: 'component.delete', component: c });
    expect(decided()).toEqual([[], ['one destroy retained']]);

    world.snapshot = before;
    world.set(c, '/si/resourceId', 'shared');
    world.create('two', { '/si/resourceId': 'shared' }, 'Acting');
    world.set(c, '/domain/fixed', 'g');
    expect(decided()).toEqual([[], ['one replace shared']]);

    world.snapshot = before;
    world.set(c, '/si/enabled', false);
    world.set(c, '/domain/text', 'b');
    expect(decided()).toEqual([[], ['one update disabled']]);

    world.snapshot = before;
    world.do({ kind: 'component.ignore_changes', component: c, path: '/domain/box', on: true });
    world.set(c, '/domain/box/inner/name', 'x');
    expect(decided()).toEqual([[], []]);
    world.set(c, '/domain/text', 'b');
    expect(decided()).toEqual([['one update /domain/text'], []]);
  });

  test('[PL6] an ignored element of a list is found where it stands now', () => {
    const { world, c, due } = made({ '/domain/rules': [{ port: 1 }, { port: 2 }] });
    world.do({ kind: 'component.ignore_changes', component: c, path: '/domain/rules/1/port', on: true });
    world.set(c, '/domain/rules/1/port', 3);
    expect(due()).toEqual([]);
    world.do({ kind: 'list.move', component: c, path: '/domain/rules', from: 1, to: 0 });
    expect(due()).toEqual(['one update /domain/rules/1/port']);
  });
});

describe('what is known', () => {
  test('[PL7] an error or a missing result plans nothing and is told', () => {
    const { world, c, due, left } = made();
    const source = (path: string, func: string) => ({ $source: { component: c, path, func } });
    const bad = world.create('bad', { '/domain/count': source('/domain/text', 'toInteger') }, 'Acting');
    const plan = planOfState(world.snapshot, [bad]);
    expect([lines(world, plan.due), leftLines(world, plan.left)]).toEqual([[], ['bad create inputs-failed']]);
    expect(plan.left[0]!.detail).toContain('/domain/count');
    world.do(
      { kind: 'function.create', name: 'slow', functionKind: 'transformation', text: 'return 1;\n' },
      { kind: 'attribute.set', component: c, path: '/domain/ratio', value: { $source: { call: 'slow', args: [1] } } },
    );
    expect([due(), left()]).toEqual([[], ['one update inputs-pending']]);
    world.do({ kind: 'component.delete', component: c });
    // What follows it will have lost that value.
    expect(due()).toEqual(['one destroy', 'bad create']);
  });

  test('[PL7] what awaits another action is planned as awaiting', () => {
    const world = actingWorld();
    const a = world.create('a', {}, 'Acting');
    const b = world.create(
      'b',
      { '/domain/text': { $source: { component: a, path: '/resource_value/arn' } } },
      'Acting',
    );
    expect(lines(world, planOfState(world.snapshot).due)).toEqual(['a create', 'b create (awaits)']);
    const provider = new Provider(world);
    provider.sent(a, provider.inputs(a), 'r-1');
    expect(lines(world, planOfState(world.snapshot, [b]).due)).toEqual(['b create']);
  });

  test('[PL8] an imported resource is updated where something is declared otherwise than reality says', () => {
    const world = actingWorld();
    const c = world.create('one', { '/domain/text': 'a', '/si/resourceId': 'i-1' }, 'Acting');
    const due = () => lines(world, planOfState(world.snapshot).due);
    // Nothing is reported yet.
    expect(due()).toEqual([]);
    record(world, c, { resourceId: 'i-1', status: 'ok', payload: { text: 'a', count: 7, code: 'z-1', given: 'g' } });
    expect(due()).toEqual([]);
    world.set(c, '/domain/count', 8);
    world.set(c, '/domain/labels', { k: 'v' });
    world.set(c, '/domain/fixed', 'f');
    expect(due()).toEqual(['one replace /domain/count /domain/fixed /domain/labels/k']);
    world.do({ kind: 'attribute.unset', component: c, path: '/domain/fixed' });
    expect(due()).toEqual(['one update /domain/count /domain/labels/k']);
    world.set(c, '/domain/count', 7);
    world.do({ kind: 'attribute.unset', component: c, path: '/domain/labels' });
    expect(due()).toEqual([]);
  });

  test('[PL9] where only the hash of what was sent is kept, the whole of it has changed', () => {
    const { world, c, provider, due } = made();
    const { sentHash, payload, resourceId, status } = provider.resource(c)!;
    record(world, c, { resourceId, status, payload, sentHash: sentHash!, sent: null });
    expect(due()).toEqual([]);
    world.set(c, '/domain/fixed', 'g');
    expect(due()).toEqual(['one update /domain']);
    record(world, c, { resourceId, status, payload, sentHash: 'f'.repeat(64) as Hash });
    expect(due()).toEqual(['one update /domain']);
  });

  test('[PL2] the same hash whatever the order of members, and the inputs planned for are those that are sent', () => {
    const { provider, c, world, plan } = made();
    world.set(c, '/domain/text', 'b');
    const [due] = plan().due;
    provider.sent(c as ComponentId, provider.inputs(c), 'r-1');
    expect(provider.resource(c)!.sentHash).toBe(due!.inputHash);
    expect(canonical(provider.inputs(c))).toContain('"text":"b"');
    expect(plan().due).toEqual([]);
  });
});
