// Behaviours that users rely on, as seen from outside.

import { describe, expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import type { ComponentView } from '../../src/engine/component.ts';
import { eachStore, type House } from './house.ts';

const view = (house: House, changeSet: string, component = 'a') =>
  house.call<ComponentView>('component.get', { changeSet, component });
const kinds = async (house: House, changeSet: string) =>
  Object.fromEntries((await view(house, changeSet)).sources.map((s) => [s.path, s.kind]));
const follow = (component: string, path: string): Json => ({ $source: { component, path } });

describe('mutations', () => {
  eachStore((make) => {
    test('A1 A2 nested fields become explicit, the others keep their defaults and stay not set', async () => {
      const house = await make();
      const cs = await house.withBox();
      await house.create(cs, 'a');
      await house.set(cs, 'a', '/domain/inner/a', 'x');
      await house.set(cs, 'a', '/domain/size', 4);
      expect(await house.value(cs, 'a')).toMatchObject({ size: 4, colour: 'red', inner: { a: 'x', b: 'bee' } });
      expect(await kinds(house, cs)).toEqual({
        '/si/name': 'value',
        '/domain/size': 'value',
        '/domain/inner/a': 'value',
      });
      await house.submit(
        cs,
        { kind: 'attribute.set', component: 'a', path: '/domain/inner/a', value: 'y' },
        { kind: 'attribute.set', component: 'a', path: '/domain/inner/c', value: 'z' },
      );
      expect(await house.value(cs, 'a')).toMatchObject({ size: 4, inner: { a: 'y', b: 'bee', c: 'z' } });
    });

    test('A4 a json property keeps text as it is; objects and arrays are stored as pretty JSON text', async () => {
      const house = await make();
      const cs = await house.withBox();
      await house.create(cs, 'a');
      const stored: [Json, Json][] = [
        ['{"already": "text"}', '{"already": "text"}'],
        [{ b: 1, a: [2] }, JSON.stringify({ b: 1, a: [2] }, null, 2)],
        [[1, 2], JSON.stringify([1, 2], null, 2)],
      ];
      for (const [given, text] of stored) {
        await house.set(cs, 'a', '/domain/doc', given);
        const { doc } = await house.value(cs, 'a');
        expect([given, text]).toContainEqual(doc);
      }
    });

    test('A6 A7 unset takes an override away; unset of what was never set makes it explicitly unset', async () => {
      const house = await make();
      const cs = await house.withBox();
      await house.create(cs, 'a', { '/domain/size': 9 });
      await house.submit(cs, { kind: 'attribute.unset', component: 'a', path: '/domain/size' });
      expect(await house.value(cs, 'a')).toMatchObject({ size: 3 });
      expect(await kinds(house, cs)).toEqual({ '/si/name': 'value' });
      await house.submit(cs, { kind: 'attribute.unset', component: 'a', path: '/domain/size' });
      expect((await house.value(cs, 'a'))['size'] ?? null).toBe(null);
      expect(await kinds(house, cs)).toEqual({ '/si/name': 'value', '/domain/size': 'unset' });
    });

    test('A8 the sources of a component come in the order of its schema, with what each subscription follows', async () => {
      const house = await make();
      const changeSet = await house.withBox();
      const a = await house.create(changeSet, 'a', { '/domain/text': 'x' });
      const b = await house.create(changeSet, 'b', { '/domain/inner': { a: '1' }, '/domain/size': 4 });
      await house.set(changeSet, b, '/domain/text', { $source: { component: a, path: '/domain/text' } });
      await house.set(changeSet, b, '/domain/inner', { $source: { component: a, path: '/domain/inner' } });
      const { sources } = await house.call<{ sources: { path: string; source: string; follows?: string }[] }>(
        'component.get',
        {
          changeSet,
          component: b,
        },
      );
      const below = sources.filter((s) => s.path.startsWith('/domain'));
      expect(below.map((s) => s.path)).toEqual(['/domain/text', '/domain/size', '/domain/inner']);
    });

    test('A9 A10 an element inserted unset is set later and stays the same one', async () => {
      const house = await make();
      const cs = await house.withBox();
      await house.create(cs, 'a');
      await house.submit(cs, { kind: 'list.insert', component: 'a', path: '/domain/list', value: { $source: null } });
      await house.set(cs, 'a', '/domain/list/0', 'now');
      expect(await house.value(cs, 'a')).toMatchObject({ list: ['now'] });
      await house.submit(cs, { kind: 'list.insert', component: 'a', path: '/domain/list', index: 0, value: 'first' });
      expect(await house.value(cs, 'a')).toMatchObject({ list: ['first', 'now'] });
      await house.call('change_set.apply', { changeSet: cs });
      expect(await house.value('HEAD', 'a')).toMatchObject({ list: ['first', 'now'] });
    });

    test('A11 an object and a map set whole read as they were given', async () => {
      const house = await make();
      const cs = await house.withBox();
      await house.create(cs, 'a', { '/domain/tags': { old: 'x' } });
      await house.set(cs, 'a', '/domain/inner', { a: '1', b: '2', c: '3' });
      await house.set(cs, 'a', '/domain/tags', { 'k/1': 'v', 'k~2': 'w' });
      expect(await house.value(cs, 'a')).toMatchObject({ inner: { a: '1', b: '2', c: '3' } });
      expect((await house.value(cs, 'a'))['tags']).toEqual({ 'k/1': 'v', 'k~2': 'w' });
    });

    test('A13 defaults show before anything was set', async () => {
      const house = await make();
      const cs = await house.withBox();
      await house.create(cs, 'a');
      expect(await house.value(cs, 'a')).toMatchObject({ size: 3, colour: 'red', inner: { b: 'bee' } });
    });

    test('A14 override and reset end where they began', async () => {
      const house = await make();
      const cs = await house.withBox();
      await house.create(cs, 'a', { '/domain/list': ['1', '2'] });
      const { intentRoot } = await house.row(cs);
      for (let round = 0; round < 2; round++) {
        await house.set(cs, 'a', '/domain/size', 7);
        await house.submit(cs, { kind: 'map.put', component: 'a', path: '/domain/tags', key: 'k', value: 'v' });
        await house.submit(cs, { kind: 'list.insert', component: 'a', path: '/domain/list', index: 1, value: 'x' });
        expect(await house.value(cs, 'a')).toMatchObject({ list: ['1', 'x', '2'] });
        await house.submit(cs, { kind: 'list.remove', component: 'a', path: '/domain/list', index: 1 });
        await house.submit(cs, { kind: 'map.remove', component: 'a', path: '/domain/tags', key: 'k' });
        await house.submit(cs, { kind: 'attribute.unset', component: 'a', path: '/domain/size' });
      }
      expect((await house.row(cs)).intentRoot).toBe(intentRoot);
    });

    test('A15 an unknown path, a wrong type and a read-only path are refused with path, expected and got', async () => {
      const house = await make();
      const cs = await house.withBox();
      await house.create(cs, 'a');
      const before = await house.everything();
      for (const [path, value, code] of [
        ['/domain/nothing', 'x', 'path_not_found'],
        ['/domain/size', 'x', 'kind_mismatch'],
        ['/domain/given', 'x', 'read_only'],
        ['/domain/colour', 'blue', 'not_in_enum'],
        ['/domain/size', -1, 'out_of_bounds'],
      ] as const) {
        const mutations = [{ kind: 'attribute.set', component: 'a', path, value }];
        const refusal = await house.refused('submit', { changeSet: cs, mutations });
        expect(refusal).toMatchObject({ code, path });
        expect([refusal.expected, refusal.got, refusal.hint]).not.toContain('');
      }
      expect(await house.everything()).toBe(before);
    });

    test('A16 A19 a source of another kind and a cycle are refused; one component may follow itself', async () => {
      const house = await make();
      const cs = await house.withBox();
      await house.create(cs, 'a');
      await house.create(cs, 'b');
      const refused = (path: string, value: Json, component = 'a') =>
        house.refused('submit', { changeSet: cs, mutations: [{ kind: 'attribute.set', component, path, value }] });
      expect((await refused('/domain/list', follow('b', '/domain/text'))).code).toBe('kind_mismatch');
      expect((await refused('/domain/text', follow('b', '/domain/list'))).code).toBe('kind_mismatch');
      await house.set(cs, 'a', '/domain/text', follow('b', '/domain/text'));
      const cycle = await refused('/domain/text', follow('a', '/domain/text'), 'b');
      expect(cycle.code).toBe('value_cycle');
      expect(cycle.got).toContain('a/domain/text');
      expect(cycle.got).toContain('b/domain/text');
      await house.set(cs, 'b', '/domain/inner/a', follow('a', '/domain/inner/b'));
      await house.set(cs, 'a', '/domain/inner/c', follow('a', '/domain/text'));
      await house.set(cs, 'b', '/domain/text', 'round');
      expect(await house.value(cs, 'a')).toMatchObject({ text: 'round', inner: { c: 'round' } });
    });

    test('A32 A33 views: rename, refuse to remove the default one, forget a component that is erased', async () => {
      const house = await make();
      const cs = await house.withBox();
      await house.create(cs, 'a');
      const views = async () => (await view(house, cs)).views.map((v) => v.name).sort();
      await house.submit(cs, { kind: 'view.create', name: 'mine' });
      await house.submit(cs, { kind: 'view.add_component', view: 'mine', component: 'a' });
      expect(await views()).toEqual(['DEFAULT', 'mine']);
      const refusal = await house.refused('submit', {
        changeSet: cs,
        mutations: [{ kind: 'view.remove', view: 'DEFAULT' }],
      });
      expect(refusal.hint).not.toBe('');
      await house.submit(cs, { kind: 'view.remove', view: 'mine' });
      expect(await views()).toEqual(['DEFAULT']);
      await house.submit(cs, { kind: 'component.erase', component: 'a' });
      await house.sound();
    });

    test('B33 B14 what follows a deleted component has no value and says why; restoring brings it back', async () => {
      const house = await make();
      const first = await house.withBox();
      await house.create(first, 'source', { '/domain/text': 't' });
      await house.create(first, 'a', {
        '/domain/text': follow('source', '/domain/text'),
        '/domain/inner/a': follow('source', '/domain/text'),
      });
      await house.call('change_set.apply', { changeSet: first });
      const cs = await house.open('delete');
      await house.submit(cs, { kind: 'component.delete', component: 'source' });
      expect((await house.value(cs, 'a'))['text'] ?? null).toBe(null);
      await house.submit(cs, { kind: 'component.restore', component: 'source' });
      expect(await house.value(cs, 'a')).toMatchObject({ text: 't', inner: { a: 't' } });
      await house.submit(cs, { kind: 'component.erase', component: 'source' });
      expect((await house.value(cs, 'a'))['text'] ?? null).toBe(null);
      await house.sound();
    });

    test('C1 C2 C3 a value follows a rename, another component, and two of them at once', async () => {
      const house = await make();
      const cs = await house.withBox();
      await house.create(cs, 'source', { '/domain/text': 't', '/domain/inner/a': 'i' });
      await house.create(cs, 'a', {
        '/domain/text': follow('a', '/si/name'),
        '/domain/inner/a': follow('source', '/domain/text'),
        '/domain/inner/c': follow('source', '/domain/inner/a'),
      });
      expect(await house.value(cs, 'a')).toMatchObject({ text: 'a', inner: { a: 't', c: 'i' } });
      await house.submit(cs, { kind: 'component.rename', component: 'a', name: 'renamed' });
      await house.set(cs, 'source', '/domain/text', 't2');
      await house.submit(cs, { kind: 'attribute.unset', component: 'source', path: '/domain/inner/a' });
      const value = await house.value(cs, 'renamed');
      expect(value).toMatchObject({ text: 'renamed', inner: { a: 't2' } });
      expect((value['inner'] as Record<string, Json>)['c'] ?? null).toBe(null);
    });

    test('C24 writing the present value is no change', async () => {
      const house = await make();
      const cs = await house.withBox();
      await house.create(cs, 'a', { '/domain/size': 4 });
      const before = await house.everything();
      await house.set(cs, 'a', '/domain/size', 4);
      expect(await house.everything()).toBe(before);
    });

    test('A schema of the catalogue is installed with the first component of it', async () => {
      const house = await make();
      const cs = await house.open('catalogued');
      const create = (name: string): Json => ({ kind: 'component.create', schema: 'Test::Catalogued', name });
      await house.submit(cs, create('a'), create('b'));
      await house.submit(cs, create('c'));
      const found = await house.call<{ items: unknown[] }>('component.search', {
        changeSet: cs,
        query: 'schema:Test::Catalogued',
      });
      expect(found.items).toHaveLength(3);
      expect(await house.call('schema.describe', { changeSet: cs, schema: 'Test::Catalogued' })).toMatchObject({
        installed: true,
      });
      expect(await house.call('schema.describe', { schema: 'Test::Catalogued' })).toMatchObject({ installed: false });
      await house.sound();
    });
  });
});
