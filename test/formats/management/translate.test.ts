// What management functions return, as requests: their order, what names mean, what differs from what was given, and every
// misfit with its place.

import { describe, expect, test } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import { placeInResult } from '../../../src/formats/management/requests.ts';
import { batch, newScene, refusedOf, requests, returned, seenOf } from './scene.ts';

const follows = (component: string, path: string): Json => ({ $source: { component, path } });

describe('[EN100] the order of edits', () => {
  test('creates come before what follows them, with the values that follow nothing later', () => {
    const scene = newScene();
    const asked = requests(scene, {
      update: { self: { attributes: { '/domain/text': follows('b', '/domain/text') } } },
      create: {
        a: {
          attributes: {
            '/domain/count': 1,
            '/domain/text': follows('b', '/domain/text'),
            '/domain/names/-': 'later, to stay in order',
          },
        },
        b: {
          attributes: { '/domain/text': follows('a', '/si/name'), '/domain/box/inner/name': follows('b', '/si/name') },
        },
      },
    });
    const [a, b] = asked.flatMap((r) => (r.kind === 'component.create' ? [r.id!] : []));
    expect(asked).toMatchObject([
      { kind: 'component.create', name: 'a', attributes: { '/domain/count': 1 } },
      { kind: 'component.create', name: 'b', attributes: { '/domain/text': follows(a!, '/si/name') } },
      { kind: 'attribute.set', component: a, path: '/domain/text', value: follows(b!, '/domain/text') },
      { kind: 'attribute.set', component: a, path: '/domain/names/-' },
      { kind: 'attribute.set', component: scene.me, value: follows(b!, '/domain/text') },
      { kind: 'component.manage', component: scene.me, managed: a },
      { kind: 'component.manage', component: scene.me, managed: b },
    ]);
    scene.world.do(...asked);
  });

  test('what goes goes first, views are made before and removed after, actions last', () => {
    const scene = newScene();
    scene.world.do(
      { kind: 'view.create', name: 'old' },
      { kind: 'view.add_component', view: 'old', component: scene.two },
    );
    const asked = requests(scene, {
      actions: { self: { add: ['Refresh', 'reboot'], remove: ['create'] } },
      views: { create: ['new', 'old'], remove: ['old', 'none'] },
      remove: { old: ['two'] },
      create: { a: { geometry: { new: {} } } },
      delete: ['two'],
      erase: ['one'],
    });
    expect(asked.map((r) => r.kind)).toEqual([
      'component.erase',
      'component.delete',
      'view.create',
      'component.create',
      'component.manage',
      'view.remove_component',
      'view.remove',
      'action.skip',
      'action.add',
      'action.add',
    ]);
    expect(asked.slice(-2)).toMatchObject([{ action: 'refresh' }, { action: 'manual', name: 'reboot' }]);
    scene.world.do(...asked);
  });

  test('a new component is placed from the place of this one; a move keeps what it does not name', () => {
    const scene = newScene();
    const asked = requests(scene, {
      views: { create: ['side'] },
      create: { a: { geometry: { x: 5, height: 7 } }, b: { geometry: { side: { y: 1 }, All: {} } }, c: {} },
      update: { self: { geometry: { All: { y: 0 } } } },
    });
    const placed = asked.flatMap((r) => (r.kind === 'view.set_geometry' ? [r.geometry] : []));
    expect(placed).toEqual([
      { x: 105, y: 200, width: null, height: 7 },
      { x: 100, y: 201, width: null, height: null },
      { x: 100, y: 0, width: null, height: null },
    ]);
    expect(asked.flatMap((r) => (r.kind === 'component.create' ? [r.views?.length] : []))).toEqual([1, 2, 1]);
    scene.world.do(...asked);
  });

  test('an action that was asked for is taken back; one that nobody asked for is left out', () => {
    const scene = newScene();
    scene.world.do({ kind: 'action.add', component: scene.me, action: 'refresh' });
    const { edits, leftOut } = batch(scene, { actions: { self: { remove: ['refresh', 'reboot'] } } });
    expect(edits.map((e) => e.request)).toEqual([{ kind: 'action.remove', component: scene.me, action: 'refresh' }]);
    expect(leftOut).toEqual([{ path: '/ops/actions/self/remove/1', why: expect.any(String) }]);
  });
});

describe('names', () => {
  test('are those that the result creates, before those that are managed; sources may name any component', () => {
    const scene = newScene();
    const asked = requests(scene, {
      create: { one: { attributes: { '/domain/text': follows('stranger', '/domain/text') } } },
      update: { one: { attributes: { '/domain/count': 7 } }, [scene.one]: { attributes: { '/domain/count': 8 } } },
    });
    const made = asked.find((r) => r.kind === 'component.create')!;
    expect(asked.filter((r) => r.kind === 'attribute.set')).toMatchObject([
      { component: made.id, value: 7 },
      { component: scene.one, value: 8 },
    ]);
    expect(made.attributes).toEqual({ '/domain/text': follows('stranger', '/domain/text') });
  });

  test('a source may be deep in a value, in a call, and through a function of a user', () => {
    const scene = newScene();
    const [set] = requests(scene, {
      update: {
        self: {
          attributes: {
            '/domain/names': ['x', { $source: { component: 'one', path: '/domain/text', func: 'mine' } }],
            '/domain/text': { $source: { call: 'join', args: [follows('two', '/si/name'), '-'] } },
            '/domain/free': { $source: { value: follows('one', '/si/name') } },
          },
        },
      },
    });
    expect(set).toMatchObject({
      value: ['x', { $source: { component: scene.one, path: '/domain/text', function: 'mine' } }],
    });
  });

  test('that mean nothing, several things or what is not managed are refused with their place', () => {
    const scene = newScene();
    const refused = (ops: Json) => {
      const { code, path } = refusedOf(scene, returned(ops));
      return [code, path];
    };
    expect(refused({ update: { stranger: {} } })).toEqual(['component_not_found', '/ops/update/stranger']);
    expect(refused({ delete: ['one', 'nobody'] })).toEqual(['component_not_found', '/ops/delete/1']);
    expect(refused({ erase: [scene.stranger] })).toEqual(['component_not_found', '/ops/erase/0']);
    expect(refused({ create: { self: {} } })).toEqual(['operations_invalid', '/ops/create/self']);
    expect(refused({ create: { 'a/b': { kind: 'Nothing' } } })).toEqual(['schema_not_found', '/ops/create/a~1b/kind']);
    expect(refused({ create: { a: { geometry: { Nowhere: {} } } } })).toEqual([
      'view_not_found',
      '/ops/create/a/geometry/Nowhere',
    ]);
    expect(refused({ remove: { Nowhere: ['one'] } })).toEqual(['view_not_found', '/ops/remove/Nowhere']);
    expect(refused({ actions: { self: { add: ['explode'] } } })).toEqual([
      'action_not_found',
      '/ops/actions/self/add/0',
    ]);
    scene.world.do({ kind: 'component.rename', component: scene.two, name: 'one' });
    expect(refused({ update: { one: {} } })).toEqual(['ambiguous_name', '/ops/update/one']);
  });
});

describe('[EN104] properties', () => {
  test('that are as they were given are no edits; what differs is set, member by member', () => {
    const scene = newScene();
    const seen = seenOf(scene, scene.one) as { domain: { [name: string]: Json } };
    expect(requests(scene, { update: { one: { properties: seen } } })).toEqual([]);
    const changed = { ...seen, domain: { ...seen.domain, count: 9, box: { inner: { name: 'n' } } } };
    expect(requests(scene, { update: { one: { properties: changed } } })).toMatchObject([
      { path: '/domain/count', value: { $source: { value: 9 } } },
      { path: '/domain/box/inner/name', value: { $source: { value: 'n' } } },
    ]);
  });

  test('of a map are all of it: a key that is not there any more is removed; null takes a value away', () => {
    const scene = newScene();
    const asked = requests(scene, {
      update: { self: { properties: { domain: { labels: { b: 'z', c: 'new' }, text: null, ratio: null } } } },
    });
    expect(asked.map((r) => (r.kind === 'attribute.set' ? [r.path, r.value] : r))).toEqual([
      ['/domain/labels/a', { $source: null }],
      ['/domain/labels/b', { $source: { value: 'z' } }],
      ['/domain/labels/c', { $source: { value: 'new' } }],
      ['/domain/text', { $source: null }],
    ]);
    scene.world.do(...asked);
    expect(seenOf(scene, scene.me)['domain']).toMatchObject({ labels: { b: 'z', c: 'new' } });
    expect(seenOf(scene, scene.me)['domain']).not.toHaveProperty('text');
  });

  test('are not interpreted, and what has no place is left out and named', () => {
    const scene = newScene();
    const { edits, leftOut } = batch(scene, {
      create: {
        a: {
          properties: {
            si: { name: 'called', type: 'component' },
            domain: { free: follows('one', '/si/name'), none: 1, given: 'x' },
            secrets: { login: 'secret' },
            resource: { payload: {} },
          },
        },
      },
    });
    expect(edits[0]?.request).toMatchObject({
      name: 'a',
      attributes: {
        '/si/name': { $source: { value: 'called' } },
        '/domain/free': { $source: { value: { $source: {} } } },
      },
    });
    expect(leftOut.map((l) => l.path)).toEqual([
      '/ops/create/a/properties/si/type',
      '/ops/create/a/properties/domain/none',
      '/ops/create/a/properties/domain/given',
      '/ops/create/a/properties/secrets',
      '/ops/create/a/properties/resource',
    ]);
  });

  test('of a component of a schema that only the catalogue has', () => {
    const scene = newScene();
    const { edits } = batch(scene, { create: { a: { kind: 'Catalogued', properties: { domain: { count: 4 } } } } });
    expect(edits[0]?.request).toMatchObject({
      schema: 'Catalogued',
      attributes: { '/domain/count': expect.anything() },
    });
  });
});

describe('[EN101] a misfit', () => {
  const misfits: [name: string, result: Json | undefined, code: string, path: string][] = [
    ['nothing', undefined, 'operations_invalid', 'result'],
    ['null', null, 'operations_invalid', 'result'],
    ['a list', [], 'operations_invalid', 'result'],
    ['no status', {}, 'operations_invalid', '/status'],
    ['another status', { status: 'OK' }, 'operations_invalid', '/status'],
    ['a message that is none', { status: 'ok', message: 1 }, 'operations_invalid', '/message'],
    ['ops as a list', returned([]), 'operations_invalid', '/ops'],
    ['an unknown operation', returned({ destroy: [] }), 'operations_invalid', '/ops/destroy'],
    ['create as a list', returned({ create: [] }), 'operations_invalid', '/ops/create'],
    ['a component as text', returned({ create: { a: 'x' } }), 'operations_invalid', '/ops/create/a'],
    [
      'an unknown member',
      returned({ create: { a: { propertys: {} } } }),
      'operations_invalid',
      '/ops/create/a/propertys',
    ],
    ['kind as a number', returned({ create: { a: { kind: 1 } } }), 'operations_invalid', '/ops/create/a/kind'],
    [
      'attributes as a list',
      returned({ update: { self: { attributes: [] } } }),
      'operations_invalid',
      '/ops/update/self/attributes',
    ],
    [
      'a position as text',
      returned({ create: { a: { geometry: { x: '1' } } } }),
      'operations_invalid',
      '/ops/create/a/geometry/x',
    ],
    [
      'a negative width',
      returned({ create: { a: { geometry: { width: -1 } } } }),
      'operations_invalid',
      '/ops/create/a/geometry/width',
    ],
    ['a list of numbers', returned({ delete: ['one', 1] }), 'operations_invalid', '/ops/delete/1'],
    ['an empty name', returned({ erase: [''] }), 'operations_invalid', '/ops/erase/0'],
    ['views as texts', returned({ views: ['a'] }), 'operations_invalid', '/ops/views'],
    ['actions as a list', returned({ actions: { self: ['create'] } }), 'operations_invalid', '/ops/actions/self'],
    [
      'a socket',
      returned({ create: { a: { connect: [{ from: 'x', to: 'y' }] } } }),
      'operation_not_supported',
      '/ops/create/a/connect',
    ],
    [
      'a frame',
      returned({ update: { self: { parent: 'one' } } }),
      'operation_not_supported',
      '/ops/update/self/parent',
    ],
  ];
  test.each(misfits)('%s is refused with its place', (_name, result, code, path) => {
    const refusal = refusedOf(newScene(), result);
    expect([refusal.code, refusal.path]).toEqual([code, path]);
    for (const word of [refusal.expected, refusal.got, refusal.hint]) expect(word).not.toBe('');
  });

  test('what says nothing is none', () => {
    const none = {
      create: { a: { kind: null, connect: [], parent: null, geometry: null, attributes: null } },
      update: null,
    };
    expect(requests(newScene(), { ...none, delete: null, views: {} }).map((r) => r.kind)).toEqual([
      'component.create',
      'component.manage',
    ]);
    expect(batch(newScene(), null).edits).toEqual([]);
  });

  test('found later, in a request, has the place of the value in the result', () => {
    const { edits } = batch(newScene(), {
      create: { a: { properties: { domain: { count: 1 } }, attributes: { '/domain/names': ['x'] } } },
    });
    expect(placeInResult(edits[0]!, '/domain/count')).toBe('/ops/create/a/properties/domain/count');
    expect(placeInResult(edits[0]!, '/domain/names/0')).toBe('/ops/create/a/attributes/~1domain~1names');
    expect(placeInResult(edits[0]!, 'name')).toBe('/ops/create/a');
  });
});
