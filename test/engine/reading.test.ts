// Reading: components, past versions, reviews, differences, history.

import { describe, expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import type { AuditRecord } from '../../src/engine/audit.ts';
import type { Comparison } from '../../src/engine/compare.ts';
import type { ComponentView } from '../../src/engine/component.ts';
import type { Review } from '../../src/engine/operations.ts';
import { eachStore, type House } from './house.ts';

const attributesOf = (c: Comparison, name: string) =>
  Object.fromEntries(c.components.find((x) => x.name === name)?.attributes.map((a) => [a.path, a]) ?? []);

describe('reading', () => {
  eachStore((make) => {
    test('[EN12] every past version can be read and is what it was, also after a restart and a collection', async () => {
      const house = await make();
      const changeSet = await house.withBox();
      const a = await house.create(changeSet, 'a');
      const seen: [number, Json][] = [[1, await house.value(changeSet, a)]];
      for (let i = 0; i < 30; i++) {
        const path = i % 3 === 0 ? '/domain/list/-' : i % 3 === 1 ? `/domain/tags/k${i}` : '/domain/text';
        const { version } = await house.set(changeSet, a, path, `v${i} ${'long '.repeat(i % 7 === 0 ? 400 : 1)}`);
        seen.push([version, await house.value(changeSet, a)]);
        if (i % 10 === 5) await (await house.workspace()).checkpoint();
      }
      const check = async (h: House) => {
        for (const [version, value] of seen) expect(await h.value(changeSet, a, version)).toEqual(value);
        expect((await h.refused('component.get', { changeSet, component: a, version: 0 })).code).toBe(
          'component_not_found',
        );
        expect((await h.refused('component.get', { changeSet, component: a, version: 32 })).code).toBe(
          'version_not_found',
        );
      };
      await check(house);
      await house.reopen();
      await check(house);
      await house.call('gc');
      await check(house);
      await house.reopen();
      await check(house);
    });

    test('[EN12] past versions of Head, too', async () => {
      const house = await make();
      let changeSet = await house.withBox();
      for (let i = 0; i < 5; i++) {
        if (i > 0) changeSet = await house.open(`n${i}`);
        await (i === 0 ? house.create(changeSet, 'a') : house.set(changeSet, 'a', '/domain/size', i * 10));
        await house.call('change_set.apply', { changeSet });
      }
      for (let i = 0; i < 5; i++)
        expect(await house.value('HEAD', 'a', 3 + i)).toMatchObject({ size: i === 0 ? 3 : i * 10 });
      const diff = await house.call<Comparison>('diff', { from: 'HEAD', fromVersion: 4, to: 'HEAD', toVersion: 6 });
      expect(attributesOf(diff, 'a')).toMatchObject({ '/domain/size': { old: { value: 10 }, new: { value: 30 } } });
    });

    test('[EN13] a review shows what was added, changed and removed, with old and new value and source', async () => {
      const house = await make();
      const first = await house.withBox();
      for (const name of ['source', 'follower', 'edited', 'doomed', 'erased', 'still'])
        await house.create(first, name, { '/domain/text': name });
      await house.set(first, 'follower', '/domain/inner/a', { $source: { component: 'source', path: '/domain/text' } });
      await house.call('change_set.apply', { changeSet: first });
      const changeSet = await house.open('change');
      await house.create(changeSet, 'new', { '/domain/size': 9 });
      await house.set(changeSet, 'source', '/domain/text', 'changed');
      await house.set(changeSet, 'edited', '/domain/colour', 'green');
      await house.set(changeSet, 'edited', '/domain/text', { $source: { component: 'source', path: '/domain/text' } });
      await house.submit(changeSet, { kind: 'attribute.unset', component: 'edited', path: '/domain/text' });
      await house.submit(changeSet, { kind: 'component.delete', component: 'doomed' });
      await house.submit(changeSet, { kind: 'component.erase', component: 'erased' });
      const review = await house.call<Comparison & { summary: object }>('change_set.review', { changeSet });
      expect(Object.fromEntries(review.components.map((c) => [c.name, c.status]))).toEqual({
        new: 'Added',
        source: 'Modified',
        edited: 'Modified',
        follower: 'Modified',
        doomed: 'Removed',
        erased: 'Removed',
      });
      expect(attributesOf(review, 'new')).toMatchObject({
        '/domain/size': { status: 'Added', old: null, new: { value: 9, source: 'value' } },
      });
      expect(attributesOf(review, 'source')).toMatchObject({
        '/domain/text': { status: 'Modified', old: { value: 'source', source: 'value' }, new: { value: 'changed' } },
      });
      expect(attributesOf(review, 'edited')).toMatchObject({
        '/domain/colour': { old: { value: 'red', source: 'default' }, new: { value: 'green', source: 'value' } },
        '/domain/text': { status: 'Removed', old: { value: 'edited' } },
      });
      expect(attributesOf(review, 'follower')).toMatchObject({
        '/domain/inner/a': {
          status: 'Modified',
          derived: true,
          old: { value: 'source', source: 'subscription', follows: 'source/domain/text' },
          new: { value: 'changed', source: 'subscription' },
        },
      });
      expect(review.summary).toEqual({ added: 1, modified: 3, removed: 2, values: expect.any(Number), derived: 1 });
    });

    test('[EN13] an element that only moved is shown as moved', async () => {
      const house = await make();
      const first = await house.withBox();
      await house.create(first, 'a', { '/domain/list': ['one', 'two', 'three'] });
      await house.call('change_set.apply', { changeSet: first });
      const changeSet = await house.open('move');
      await house.submit(changeSet, { kind: 'list.move', component: 'a', path: '/domain/list', from: 2, to: 0 });
      expect(await house.value(changeSet, 'a')).toMatchObject({ list: ['three', 'one', 'two'] });
      const review = await house.call<Comparison>('change_set.review', { changeSet });
      expect(review.components[0]?.attributes).toEqual([
        expect.objectContaining({ moved: true, status: 'Modified', path: '/domain/list/0' }),
      ]);
    });

    test('[EN13] an edit taken back leaves nothing to review', async () => {
      const house = await make();
      const first = await house.withBox();
      await house.create(first, 'a', { '/domain/text': 'x' });
      await house.call('change_set.apply', { changeSet: first });
      const changeSet = await house.open('there and back');
      await house.set(changeSet, 'a', '/domain/text', 'y');
      await house.submit(changeSet, { kind: 'component.delete', component: 'a' });
      await house.submit(changeSet, { kind: 'component.restore', component: 'a' });
      await house.set(changeSet, 'a', '/domain/text', 'x');
      expect(await house.call('change_set.review', { changeSet })).toMatchObject({ components: [], records: [] });
      expect((await house.row(changeSet)).intentRoot).toBe((await house.row('HEAD')).intentRoot);
    });

    test('[EN13] a review says the same when Head has moved on elsewhere', async () => {
      const house = await make();
      await house.withBox();
      const [a, b] = [await house.open('a'), await house.open('b')];
      await house.create(a, 'mine');
      const { changeSet: row, ...before } = await house.call<Review>('change_set.review', { changeSet: a });
      await house.create(b, 'theirs');
      await house.call('change_set.apply', { changeSet: b });
      const { changeSet: moved, ...after } = await house.call<Review>('change_set.review', { changeSet: a });
      expect(after).toEqual(before);
      expect([row.baseVersion, moved.baseVersion]).toEqual([2, 3]);
    });

    test('[EN14] the history of a component: over change sets, oldest first, after a rename and after erasing it', async () => {
      const house = await make();
      const first = await house.withBox();
      const id = await house.create(first, 'a');
      await house.set(first, id, '/domain/text', 'one');
      await house.create(first, 'noise');
      await house.call('change_set.apply', { changeSet: first });
      const second = await house.open('second');
      await house.submit(second, { kind: 'component.rename', component: id, name: 'b' });
      await house.set(second, 'b', '/domain/text', 'two');
      await house.submit(second, { kind: 'component.erase', component: 'b' });
      const found = await house.call<{ component: string; records: AuditRecord[] }>('component.history', {
        component: id,
        changeSet: second,
      });
      expect(found.component).toBe(id);
      expect(found.records.map((r) => [r.changeSet, r.kind])).toEqual([
        [first, 'component.create'],
        [first, 'attribute.set'],
        [second, 'component.rename'],
        [second, 'attribute.set'],
        [second, 'component.erase'],
      ]);
      expect(found.records[3]?.changes).toMatchObject([{ before: { v: 'one' }, after: { v: 'two' }, was: '"one"' }]);
      expect((await house.refused('component.history', { component: 'nobody' })).code).toBe('component_not_found');
    });

    test('search pages through what matches, in one order', async () => {
      const house = await make();
      const changeSet = await house.withBox();
      await house.submit(
        changeSet,
        ...Array.from({ length: 25 }, (_, i): Json => ({ kind: 'component.create', schema: 'Box', name: `web ${i}` })),
      );
      await house.create(changeSet, 'other', { '/domain/text': 'web' });
      const names: string[] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const page: { items: { name: string }[]; nextCursor: string | null } = await house.call('component.search', {
          changeSet,
          query: 'web*',
          limit: 10,
          cursor,
        });
        names.push(...page.items.map((c) => c.name));
        cursor = page.nextCursor;
      }
      expect(names).toEqual(Array.from({ length: 25 }, (_, i) => `web ${i}`));
      const by = async (query: string) =>
        (await house.call<{ items: { name: string }[] }>('component.search', { changeSet, query })).items.map(
          (c) => c.name,
        );
      expect(await by('schema:Box text:web')).toEqual(['other']);
      expect(await by('schema:B* !web*')).toEqual(['other']);
      expect(await by('schema:Nothing')).toEqual([]);
    });

    test('a component view: where each value comes from, in schema order', async () => {
      const house = await make();
      const changeSet = await house.withBox();
      await house.create(changeSet, 'source', { '/domain/text': 't', '/domain/inner': { a: 'x' } });
      await house.create(changeSet, 'a', {
        '/domain/inner': { $source: { component: 'source', path: '/domain/inner' } },
        '/domain/tags/k': 'v',
        '/domain/text': { $source: { component: 'source', path: '/domain/text' } },
        '/domain/size': 4,
      });
      const view = await house.call<ComponentView>('component.get', { changeSet, component: 'a' });
      expect(view.sources.map((s) => [s.path, s.kind])).toEqual([
        ['/si/name', 'value'],
        ['/domain/text', 'subscription'],
        ['/domain/size', 'value'],
        ['/domain/tags/k', 'value'],
        ['/domain/inner', 'subscription'],
      ]);
      expect(view.value).toMatchObject({
        domain: { text: 't', size: 4, colour: 'red', tags: { k: 'v' }, inner: { a: 'x', b: 'bee' } },
      });
      expect(view.problems).toEqual([]);
    });
  });
});
