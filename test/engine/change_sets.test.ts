// Workspaces and the life of change sets, from outside.

import { describe, expect, test } from 'vitest';
import type { Principal } from '../../src/access/role.ts';
import type { ApplyReceipt } from '../../src/engine/apply_receipt.ts';
import { changeSetEvents, changeSetStatuses, transition } from '../../src/model/change_set.ts';
import type { ChangeSetRow } from '../../src/ports/store.ts';
import { boxSpec, eachStore, type House } from './house.ts';

const names = (rows: readonly ChangeSetRow[]) => rows.map((r) => r.name);

describe('the table of a life', () => {
  const allowed: Record<string, string> = {
    'Open edit': 'Open',
    'Open request_approval': 'NeedsApproval',
    'Open apply': 'Applied',
    'Open force_apply': 'Applied',
    'Open abandon': 'Abandoned',
    'Open fail': 'Failed',
    'NeedsApproval approve': 'Approved',
    'NeedsApproval reject': 'Rejected',
    'NeedsApproval reopen': 'Open',
    'NeedsApproval withdraw': 'Open',
    'NeedsApproval force_apply': 'Applied',
    'NeedsApproval abandon': 'Abandoned',
    'Approved request_approval': 'NeedsApproval',
    'Approved apply': 'Applied',
    'Approved force_apply': 'Applied',
    'Approved reject': 'Rejected',
    'Approved reopen': 'Open',
    'Approved withdraw': 'Open',
    'Approved abandon': 'Abandoned',
    'Approved fail': 'Failed',
    'Rejected request_approval': 'NeedsApproval',
    'Rejected approve': 'Approved',
    'Rejected reopen': 'Open',
    'Rejected withdraw': 'Open',
    'Rejected force_apply': 'Applied',
    'Rejected abandon': 'Abandoned',
    'Abandoned reopen': 'Open',
    'Failed reopen': 'Open',
    'Failed abandon': 'Abandoned',
  };
  const pairs = changeSetStatuses.flatMap((status) => changeSetEvents.map((event) => [status, event] as const));
  test.each(pairs)('[EN4] B2 %s, %s', (status, event) => {
    const next = transition(status, event);
    const wanted = allowed[`${status} ${event}`];
    if (wanted !== undefined) expect(next).toEqual({ ok: true, value: wanted });
    else expect(next).toMatchObject({ ok: false, refusal: { code: 'change_set_not_open', path: 'changeSet' } });
  });
});

describe('change sets', () => {
  eachStore((make) => {
    test('[EN1] a workspace starts with Head at version 1; its name is its own', async () => {
      const house = await make();
      const made = await house.call<{ id: string; head: string }>('workspace.create', { name: 'one' });
      expect(await house.call('change_set.list', { workspace: 'one' })).toMatchObject([
        { id: made.head, isHead: true, version: 1, status: 'Open' },
      ]);
      expect((await house.refused('workspace.create', { name: 'one' })).code).toBe('name_taken');
      expect((await house.refused('workspace.create', { name: ' ' })).code).toBe('request_malformed');
      expect((await house.refused('change_set.list', { workspace: 'two' })).code).toBe('workspace_not_found');
      expect(await house.call('workspace.list')).toMatchObject([{ name: 'one' }]);
    });

    test('[EN1] first commands at the same time make one default workspace', async () => {
      const house = await make();
      await Promise.all(Array.from({ length: 20 }, () => house.open()));
      expect(await house.call('workspace.list')).toHaveLength(1);
      expect(await house.call<unknown[]>('change_set.list')).toHaveLength(21);
      await house.sound();
    });

    test('[EN1] B3 nothing crosses from one workspace to another', async () => {
      const house = await make();
      await house.withBox();
      await house.call('workspace.create', { name: 'other' });
      const changeSet = await house.open('private');
      const there = { workspace: 'other', changeSet };
      for (const operation of ['change_set.get', 'change_set.review', 'change_set.apply', 'change_set.abandon'])
        expect((await house.refused(operation, there)).code).toBe('change_set_not_found');
      const mutations = [{ kind: 'view.create', name: 'v' }];
      expect((await house.refused('submit', { ...there, mutations })).code).toBe('change_set_not_found');
      const create = [{ kind: 'component.create', schema: 'Box', name: 'x' }];
      const mine = await house.call<ChangeSetRow>('change_set.create', { workspace: 'other', name: 'mine' });
      const foreign = { workspace: 'other', changeSet: mine.id, mutations: create };
      expect((await house.refused('submit', foreign)).code).toBe('schema_not_found');
      expect(await house.call('audit.list', { workspace: 'other' })).toHaveLength(3);
      await house.sound();
      expect(await house.call('verify', { workspace: 'other' })).toMatchObject({ ok: true, changeSets: 2 });
    });

    test('[EN2] a change set opens on Head as it is, with nothing of its own', async () => {
      const house = await make();
      await house.withBox();
      const [head, row] = [await house.row('HEAD'), await house.row(await house.open('fresh'))];
      expect(row).toMatchObject({ status: 'Open', version: 0, baseVersion: head.version, intentRoot: head.intentRoot });
      const review = await house.call<{ components: unknown[]; records: unknown[] }>('change_set.review', {
        changeSet: row.id,
      });
      expect(review).toMatchObject({ components: [], records: [] });
    });

    test('[EN3] B1 the list starts at Head and n; applied and abandoned ones vanish from it', async () => {
      const house = await make();
      const [a, b, c] = [await house.open('a'), await house.open('b'), await house.open('c')];
      const list = () => house.call<ChangeSetRow[]>('change_set.list');
      expect(names(await list())).toEqual(['HEAD', 'a', 'b', 'c']);
      await house.submit(a, { kind: 'view.create', name: 'v' });
      const diff = await house.call<{ records: unknown[] }>('diff', { from: 'HEAD', to: 'a' });
      expect(diff.records).toHaveLength(1);
      await house.call('change_set.abandon', { changeSet: b });
      await house.call('change_set.abandon', { changeSet: c });
      await house.call('change_set.apply', { changeSet: a });
      expect(names(await list())).toEqual(['HEAD']);
      expect(names(await house.rows())).toEqual(['HEAD', 'a', 'b', 'c']);
    });

    test('[EN3] a change set is named by id, or by a name that only one has', async () => {
      const house = await make();
      const first = await house.open('twin');
      expect((await house.row('twin')).id).toBe(first);
      const second = await house.open('twin');
      expect(await house.refused('change_set.get', { changeSet: 'twin' })).toMatchObject({
        code: 'ambiguous_name',
        got: expect.stringContaining(second) as string,
      });
      await house.call('change_set.abandon', { changeSet: first });
      expect((await house.row('twin')).id).toBe(second);
      expect((await house.row('head')).isHead).toBe(true);
      expect((await house.refused('change_set.get', { changeSet: 'nobody' })).code).toBe('change_set_not_found');
    });

    test('[EN4] B31 many are opened and abandoned until none is left; one is reopened with its edits', async () => {
      const house = await make();
      const changeSet = await house.withBox();
      const a = await house.create(changeSet, 'a', { '/domain/text': 'kept' });
      const ids = [changeSet, ...(await Promise.all(Array.from({ length: 20 }, (_, i) => house.open(`n${i}`))))];
      const abandoned = await Promise.all(
        ids.map((id) => house.call<ChangeSetRow>('change_set.abandon', { changeSet: id })),
      );
      expect(abandoned.every((r) => r.status === 'Abandoned')).toBe(true);
      expect(await house.call('change_set.list')).toHaveLength(1);
      const refusal = await house.refused('submit', {
        changeSet,
        mutations: [{ kind: 'attribute.set', component: a, path: '/domain/text', value: 'x' }],
      });
      expect(refusal).toMatchObject({ code: 'change_set_not_open', hint: 'possible now: reopen' });
      await house.reopen();
      expect(await house.call('change_set.reopen', { changeSet })).toMatchObject({ status: 'Open' });
      expect(await house.value(changeSet, a)).toMatchObject({ text: 'kept' });
      await house.set(changeSet, a, '/domain/text', 'more');
      await house.call('change_set.apply', { changeSet });
      expect(await house.value('HEAD', 'a')).toMatchObject({ text: 'more' });
      await house.sound();
    });

    test('[EN4] what the table does not allow is refused and changes nothing', async () => {
      const house = await make();
      const open = await house.open('open');
      const applied = await house.open('applied');
      await house.call('change_set.apply', { changeSet: applied });
      const gone = await house.open('gone');
      await house.call('change_set.abandon', { changeSet: gone });
      const before = await house.everything();
      const refused: [string, string][] = [
        ['reopen', open],
        ['apply', applied],
        ['abandon', applied],
        ['reopen', applied],
        ['apply', gone],
        ['abandon', gone],
      ];
      for (const [verb, changeSet] of refused)
        expect((await house.refused(`change_set.${verb}`, { changeSet })).code).toBe('change_set_not_open');
      expect(await house.everything()).toBe(before);
    });

    test('[EN5] B31 Head is neither abandoned nor reopened nor applied nor reviewed', async () => {
      const house = await make();
      await house.open();
      const before = await house.everything();
      for (const verb of ['abandon', 'reopen', 'apply', 'review'])
        expect((await house.refused(`change_set.${verb}`, { changeSet: 'HEAD' })).code).toBe('head_is_read_only');
      expect(await house.everything()).toBe(before);
    });

    test('[EN11] applying makes the state Head’s next version and says so', async () => {
      const house = await make();
      const changeSet = await house.withBox();
      const a = await house.create(changeSet, 'a', { '/domain/text': 'x' });
      await house.set(changeSet, a, '/domain/size', 7);
      const last = await house.row(changeSet);
      const receipt = await house.call<ApplyReceipt>('change_set.apply', { changeSet });
      expect(receipt).toEqual({
        changeSet,
        status: 'Applied',
        headVersion: 3,
        intentRoot: last.intentRoot,
        edits: 2,
        // The component, its place in the default view, its text, its size.
        counts: { components: 1, mutations: 4, engine: 0 },
        receipt: [],
        actions: [],
      });
      expect(await house.call('change_set.outcome', { changeSet })).toEqual(receipt);
      const head = await house.row('HEAD');
      expect(head).toMatchObject({ version: 3, intentRoot: last.intentRoot });
      expect(await house.value('HEAD', 'a')).toMatchObject({ text: 'x', size: 7 });
      await house.reopen();
      expect(await house.row('HEAD')).toEqual(head);
      await house.sound();
    });

    test('[EN11] B4 an empty change set becomes Applied and leaves Head as it was', async () => {
      const house = await make();
      await house.withBox();
      const before = await house.row('HEAD');
      const changeSet = await house.open('nothing');
      const receipt = await house.call('change_set.apply', { changeSet });
      expect(receipt).toMatchObject({ status: 'Applied', headVersion: before.version, edits: 0 });
      const { version, intentRoot } = await house.row('HEAD');
      expect({ version, intentRoot }).toEqual({ version: before.version, intentRoot: before.intentRoot });
      await house.sound();
    });

    test('[EN11] the second of two change sets on one Head version is carried over the first', async () => {
      const house = await make();
      const [a, b] = [await house.open('a'), await house.open('b')];
      await house.submit(a, { kind: 'view.create', name: 'va' });
      await house.submit(b, { kind: 'view.create', name: 'vb' });
      await house.call('change_set.apply', { changeSet: a });
      expect(await house.call('change_set.apply', { changeSet: b })).toMatchObject({ headVersion: 3, receipt: [] });
      const views = await house.call<{ records: { title: string }[] }>('diff', { fromVersion: 1 });
      expect(views.records.map((r) => r.title)).toEqual(['view "va"', 'view "vb"']);
      await house.sound();
    });

    test('[EN11] applies at the same time all land, in some order', async () => {
      const house = await make();
      const ids = await Promise.all(Array.from({ length: 10 }, (_, i) => house.open(`c${i}`)));
      await Promise.all(ids.map((id, i) => house.submit(id, { kind: 'view.create', name: `v${i}` })));
      const receipts = await Promise.all(
        ids.map((changeSet) => house.call<ApplyReceipt>('change_set.apply', { changeSet })),
      );
      expect(receipts.map((r) => r.headVersion).sort((x, y) => x - y)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
      expect((await house.row('HEAD')).version).toBe(11);
      await house.sound();
    });

    test('[EN11] an apply and edits of the same change set at once: an edit is in Head or refused', async () => {
      const house = await make();
      const changeSet = await house.withBox();
      const edits = Array.from({ length: 20 }, (_, i) =>
        house.attempt('submit', { changeSet, mutations: [{ kind: 'component.create', schema: 'Box', name: `c${i}` }] }),
      );
      const apply = house.call<ApplyReceipt>('change_set.apply', { changeSet });
      const late = Array.from({ length: 20 }, (_, i) =>
        house.attempt('submit', { changeSet, mutations: [{ kind: 'component.create', schema: 'Box', name: `d${i}` }] }),
      );
      const results = await Promise.all([...edits, ...late]);
      const receipt = await apply;
      const landed = results.filter((r) => r.ok).length;
      for (const r of results) if (!r.ok) expect(r.refusal.code).toBe('change_set_not_open');
      expect(receipt.edits).toBe(landed);
      const found = await house.call<{ items: unknown[] }>('component.search', {});
      expect(found.items).toHaveLength(landed);
      await house.sound();
    });

    test('[EN8] an apply with a key is carried out once, also when asked at once and after a restart', async () => {
      const house = await make();
      const changeSet = await house.open('a');
      await house.submit(changeSet, { kind: 'view.create', name: 'v' });
      const request = { changeSet, idempotencyKey: 'apply-1' };
      const replies = await Promise.all(Array.from({ length: 5 }, () => house.call('change_set.apply', request)));
      await house.reopen();
      replies.push(await house.call('change_set.apply', request));
      for (const reply of replies) expect(reply).toEqual(replies[0]);
      expect((await house.row('HEAD')).version).toBe(2);
      const other = await house.open('b');
      const again = { changeSet: other, idempotencyKey: 'apply-1' };
      expect((await house.refused('change_set.apply', again)).code).toBe('idempotency_key_reused');
    });

    test('[EN8] opening with a key opens one', async () => {
      const house = await make();
      const request = { name: 'one', idempotencyKey: 'open-1' };
      const rows = await Promise.all(Array.from({ length: 5 }, () => house.call('change_set.create', request)));
      await house.reopen();
      rows.push(await house.call('change_set.create', request));
      for (const row of rows) expect(row).toEqual(rows[0]);
      expect(await house.rows()).toHaveLength(2);
    });

    test('[EN24] a viewer reads and is refused everything else, and the attempt is in the trail', async () => {
      const house = await make();
      const changeSet = await house.withBox();
      await house.create(changeSet, 'a');
      const viewer: Principal = { id: 'vera', role: 'viewer' };
      await house.call('component.get', { changeSet, component: 'a' }, viewer);
      await house.call('change_set.review', { changeSet }, viewer);
      const rootsOf = async (h: House) => (await h.rows()).map((r) => [r.id, r.status, r.version, r.intentRoot]);
      const before = await rootsOf(house);
      const tries: [string, Record<string, never> | object][] = [
        ['change_set.create', { name: 'mine' }],
        ['submit', { changeSet, mutations: [{ kind: 'view.create', name: 'v' }] }],
        ['change_set.apply', { changeSet }],
        ['change_set.abandon', { changeSet }],
        ['import.cloudformation', { changeSet, name: 't', text: '{"Resources":{}}' }],
        ['gc', {}],
        ['backup', { destination: '/nowhere' }],
      ];
      for (const [operation, params] of tries)
        expect([operation, (await house.refused(operation, params as never, viewer)).code]).toEqual([
          operation,
          'access_denied',
        ]);
      expect((await house.refused('workspace.create', { name: 'w' }, viewer)).code).toBe('access_denied');
      expect(await rootsOf(house)).toEqual(before);
      const denied = await house.call<unknown[]>('audit.list', { kind: 'access.denied' });
      expect(denied).toHaveLength(tries.length);
      await house.sound();
    });

    test('[EN24] a viewer’s first look at an empty store makes no workspace', async () => {
      const house = await make();
      const refusal = await house.refused('change_set.list', {}, { id: 'vera', role: 'viewer' });
      expect(refusal.code).toBe('access_denied');
      expect(await house.call('workspace.list')).toEqual([]);
    });

    test('[EN24] a collaborator edits and applies, and does not maintain', async () => {
      const house = await make();
      const cole: Principal = { id: 'cole', role: 'collaborator' };
      await house.withBox();
      const { id } = await house.call<ChangeSetRow>('change_set.create', { name: 'c' }, cole);
      const mutations = [{ kind: 'schema.create', name: 'Box 2', spec: boxSpec as never }];
      await house.call('submit', { changeSet: id, mutations }, cole);
      await house.call('change_set.apply', { changeSet: id }, cole);
      expect((await house.refused('gc', {}, cole)).code).toBe('access_denied');
    });
  });
});
