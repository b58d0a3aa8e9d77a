// Promoting a change set from one workspace to another: by names, by ids given, with types that come along, and with the
// same receipt as any merge where the other Head differs.

import { describe, expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { limits } from '../../src/base/limits.ts';
import type { PromoteReply } from '../../src/engine/promotion.ts';
import type { Portable } from '../../src/formats/portable.ts';
import { bob, Office, setText } from './approval_house.ts';
import { boxSpec, eachStore, type House } from './house.ts';

const set = (component: string, path: string, value: Json): Json => ({ kind: 'attribute.set', component, path, value });
const spec = boxSpec as unknown as Json;

/** A workspace whose Head has what the requests make. */
async function workspaceWith(house: House, workspace: string, ...mutations: Json[]): Promise<void> {
  await house.call('workspace.create', { name: workspace });
  const { id } = await house.call<{ id: string }>('change_set.create', { workspace, name: 'first' });
  await house.call('submit', { workspace, changeSet: id, mutations });
  await house.call('change_set.apply', { workspace, changeSet: id });
}

async function edited(house: House, workspace: string, ...mutations: Json[]): Promise<string> {
  const { id } = await house.call<{ id: string }>('change_set.create', { workspace, name: 'work' });
  await house.call('submit', { workspace, changeSet: id, mutations });
  return JSON.stringify(await house.call('change_set.export', { workspace, changeSet: id }));
}

const domain = async (house: House, workspace: string, changeSet: string, component: string): Promise<Json> =>
  (await house.call<{ value: { domain: Json } }>('component.get', { workspace, changeSet, component })).value.domain;

describe('promotion', () => {
  eachStore((make) => {
    test('[EN36] edits find their components by name, and types that are missing come along', async () => {
      const house = await make();
      const box: Json = { kind: 'schema.create', name: 'Box', spec };
      const web: Json = { kind: 'component.create', schema: 'Box', name: 'web', attributes: { '/domain/list': ['a'] } };
      await workspaceWith(house, 'dev', box, { kind: 'schema.create', name: 'Other', spec }, web);
      await workspaceWith(house, 'prod', box, web);
      const text = await edited(
        house,
        'dev',
        set('web', '/domain/text', 'from dev'),
        { kind: 'component.create', schema: 'Other', name: 'new' },
        set('new', '/domain/text', { $source: { component: 'web', path: '/domain/text' } }),
      );
      const reply = await house.call<PromoteReply>('change_set.promote', { workspace: 'prod', text });
      expect(reply.brought).toContain('Other');
      expect(reply.receipt).toEqual([]);
      const { id } = reply.changeSet;
      expect(await domain(house, 'prod', id, 'web')).toMatchObject({ text: 'from dev', list: ['a'] });
      await house.call('change_set.apply', { workspace: 'prod', changeSet: id });
      await house.reopen();
      expect(await domain(house, 'prod', 'HEAD', 'new')).toMatchObject({ text: 'from dev' });
      for (const workspace of ['dev', 'prod'])
        expect(await house.call('verify', { workspace })).toMatchObject({ ok: true, problems: [] });
      // Again: what is there already is the same once more.
      const again = await house.call<PromoteReply>('change_set.promote', { workspace: 'prod', text });
      expect(await house.call('change_set.review', { workspace: 'prod', changeSet: again.changeSet.id })).toMatchObject(
        {
          components: [],
        },
      );
    });

    test('[EN36] A39 a whole workspace exported and imported into a new one has the same content', async () => {
      const house = await make();
      const box: Json = { kind: 'schema.create', name: 'Box', spec };
      await workspaceWith(
        house,
        'dev',
        box,
        { kind: 'view.create', name: 'Net' },
        { kind: 'function.create', name: 'check', functionKind: 'qualification', text: 'return 1;' },
        { kind: 'binding.attach', function: 'check', schema: 'Box' },
        {
          kind: 'component.create',
          schema: 'Box',
          name: 'a',
          views: ['Net'],
          attributes: { '/domain/list': ['x', 'y'] },
        },
        { kind: 'component.create', schema: 'Box', name: 'b', attributes: { '/domain/tags': { k: 'v'.repeat(3000) } } },
        set('b', '/domain/text', { $source: { component: 'a', path: '/domain/list/1' } }),
        { kind: 'depends_on.add', component: 'b', on: 'a' },
        { kind: 'component.protect', component: 'a', on: true },
        { kind: 'action.hold', component: 'b', action: 'create' },
      );
      await house.call('workspace.create', { name: 'copy' });
      const exported = await house.call<{ items: Json[] }>('change_set.export', {
        workspace: 'dev',
        changeSet: 'HEAD',
      });
      const text = JSON.stringify(exported);
      const { changeSet, receipt } = await house.call<PromoteReply>('change_set.promote', { workspace: 'copy', text });
      expect(receipt).toEqual([]);
      await house.call('change_set.apply', { workspace: 'copy', changeSet: changeSet.id });
      const again = await house.call<{ items: { m: Json }[] }>('change_set.export', {
        workspace: 'copy',
        changeSet: 'HEAD',
      });
      // The default view is each workspace's own; everything else is the same, ids included.
      const shape = (items: unknown): string =>
        JSON.stringify((items as { m: Json }[]).map((i) => i.m)).replaceAll(
          /[0-9A-Z]{26}(?=\/[0-9A-Z]{26}","record":\{"geometry)/g,
          'VIEW',
        );
      expect(shape(again.items).length).toBe(shape(exported.items).length);
      expect(await domain(house, 'copy', 'HEAD', 'b')).toEqual(await domain(house, 'dev', 'HEAD', 'b'));
      expect(await domain(house, 'copy', 'HEAD', 'a')).toEqual(await domain(house, 'dev', 'HEAD', 'a'));
      expect(await house.call('verify', { workspace: 'copy' })).toMatchObject({ ok: true, problems: [] });
    });

    test('[EN36] under a key of any length that a key may have it is done once', async () => {
      const house = await make();
      const box: Json = { kind: 'schema.create', name: 'Box', spec };
      await workspaceWith(house, 'dev', box);
      await workspaceWith(house, 'prod', box);
      const text = await edited(house, 'dev', { kind: 'component.create', schema: 'Box', name: 'web' });
      const ask = { workspace: 'prod', text, idempotencyKey: 'k'.repeat(limits.idempotencyKeyCharsMax) };
      const first = await house.call<PromoteReply>('change_set.promote', ask);
      expect(await house.call('change_set.promote', ask)).toEqual(first);
      const rows = await house.call<{ name: string }[]>('change_set.list', { workspace: 'prod' });
      expect(rows.filter(({ name }) => name === 'work')).toHaveLength(1);
    });

    test('[EN36] what is not there, or twice by that name, is refused by name until an id says which', async () => {
      const house = await make();
      const box: Json = { kind: 'schema.create', name: 'Box', spec };
      const web: Json = { kind: 'component.create', schema: 'Box', name: 'web' };
      await workspaceWith(house, 'dev', box, web);
      await workspaceWith(house, 'prod', box, web, web);
      const text = await edited(house, 'dev', set('web', '/domain/size', 5));
      const before = await house.everything();
      const refusal = await house.refused('change_set.promote', { workspace: 'prod', text });
      expect(refusal).toMatchObject({ code: 'references_not_found', path: 'ids' });
      expect(await house.everything()).toBe(before);
      const [{ id: there }] = (refusal.data as { missing: [{ id: string }] }).missing;
      const found = await house.call<{ items: { id: string }[] }>('component.search', {
        workspace: 'prod',
        query: 'web',
      });
      const here = found.items[1]!.id;
      const reply = await house.call<PromoteReply>('change_set.promote', {
        workspace: 'prod',
        text,
        ids: { [there]: here },
      });
      expect(reply.ids).toMatchObject({ [there]: here });
      expect(await domain(house, 'prod', reply.changeSet.id, here)).toMatchObject({ size: 5 });
    });

    test('[EN36] what does not fit the other Head is on the receipt', async () => {
      const house = await make();
      const box: Json = { kind: 'schema.create', name: 'Box', spec };
      const web: Json = {
        kind: 'component.create',
        schema: 'Box',
        name: 'web',
        attributes: { '/domain/list': ['a', 'b'] },
      };
      await workspaceWith(house, 'dev', box, web);
      await workspaceWith(house, 'prod', box, web);
      // The elements of the two lists are not the same ones: what is removed in one is not there in the other.
      const text = await edited(house, 'dev', {
        kind: 'list.move',
        component: 'web',
        path: '/domain/list',
        from: 0,
        to: 1,
      });
      const reply = await house.call<PromoteReply>('change_set.promote', { workspace: 'prod', text });
      expect(reply.receipt).toMatchObject([{ rule: 'element-remove-edit', outcome: 'dropped' }]);
      const altered = text.replace('"web"', '"elsewhere"').replace(/"author":"ada"/, '"author":7');
      expect((await house.refused('change_set.promote', { workspace: 'prod', text: altered })).code).toBe(
        'request_malformed',
      );
    });

    test('[EN830] what is promoted was written by who promoted it, whoever the file names, and they do not approve it', async () => {
      const office = await Office.open(await make());
      const { house } = office;
      const own = await office.edit([setText(office.id('db'), 'of bob')], bob);
      const file = await house.call<Portable>('change_set.export', { changeSet: own }, bob);
      for (const author of ['eve', 'engine', 'bob']) {
        const items = file.items.map((item) => ({ ...item, author, atMs: 1 }));
        const text = JSON.stringify({ ...file, items });
        const { changeSet } = await house.call<PromoteReply>('change_set.promote', { text }, bob);
        await office.as(bob, 'change_set.request_approval', { changeSet: changeSet.id });
        expect((await house.refused('change_set.approve', { changeSet: changeSet.id }, bob)).code).toBe(
          'access_denied',
        );
        expect((await house.refused('change_set.apply', { changeSet: changeSet.id }, bob)).code).toBe(
          'approval_required',
        );
        const { items: promoted } = await house.call<Portable>('change_set.export', { changeSet: changeSet.id }, bob);
        expect(promoted.map((i) => i.author)).toEqual(['bob']);
        expect(promoted[0]!.atMs).toBeGreaterThan(1);
      }
    });
  });
});
