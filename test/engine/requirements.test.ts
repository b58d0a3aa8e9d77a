// What an apply is checked against, from outside: what counts as part of a change, budgets, members, and that none of it
// changes between the check and the commit.

import { describe, expect, test } from 'vitest';
import type { ComponentId } from '../../src/base/ids.ts';
import type { Json } from '../../src/base/json.ts';
import type { AuditRecord } from '../../src/engine/audit.ts';
import type { PlannedAction, Readiness } from '../../src/ports/readiness.ts';
import type { ChangeSetRow } from '../../src/ports/store.ts';
import { ada, ann, bob, data, eve, net, Office, setText, vic } from './approval_house.ts';
import { boxSpec, eachStore } from './house.ts';

/** A planner that says what a test tells it to. */
class Plan implements Readiness {
  actions: PlannedAction[] = [];
  pending(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }
  quiet(): Promise<void> {
    return Promise.resolve();
  }
  planned(): Promise<readonly PlannedAction[]> {
    return Promise.resolve(this.actions);
  }
}

describe('what is part of a change', () => {
  eachStore((make) => {
    test('[AC92] a secret that gets other content or another definition is a change of what uses it', async () => {
      const house = await make();
      const office = await Office.open(house, false);
      const secrets = { kind: 'object', properties: { login: { kind: 'string', secret: true } } };
      const start = (await office.as(ada, 'change_set.create', { name: 'start' })).id;
      const put = (key: number, more: object = {}): Json => ({
        ...{ kind: 'secret.put', name: 'production', definition: 'Cloud', description: '' },
        ...{ key: `01M8G9QFX3XJ6958DNAJH5BPD${key}`, ...more },
      });
      await house.submit(start, { kind: 'schema.create', name: 'Login', spec: { ...boxSpec, secrets } as never });
      const secret = (await house.submit(start, put(1))).steps[0]!.subject;
      const login = (source: object): Json => ({ '/secrets/login': { $source: source } }) as Json;
      const made = async (name: string, source: object) =>
        (
          await house.submit(start, {
            kind: 'component.create',
            schema: 'Login',
            name,
            attributes: login(source),
          })
        ).steps[0]!.subject;
      const holder = await made('holder', { secret });
      const follower = await made('follower', { component: holder, path: '/secrets/login' });
      for (const [view, component] of [
        ['Net', follower],
        ['Data', holder],
      ])
        await house.submit(start, { kind: 'view.add_component', view: office.id(view!), component: component! });
      await house.call('change_set.apply', { changeSet: start });
      await office.people();
      const missing = async (...edits: Json[]) => (await office.missing(await office.edit(edits))).sort();
      const both = ['changes in view "Data"', 'changes in view "Net"'];
      expect(await missing(put(2, { secret }))).toEqual(both);
      expect(await missing(put(1, { secret, definition: 'Login' }))).toEqual(both);
      expect(await missing(put(1, { secret, description: 'of the year' }))).toEqual([]);
      expect(await missing(put(3, { name: 'another' }))).toEqual([]);
      const changeSet = await office.edit([put(4, { secret })]);
      expect((await house.refused('change_set.apply', { changeSet }, eve)).code).toBe('approval_required');
    });

    test('[EN57] B27 a component in two views asks both, however it is changed', async () => {
      const house = await make();
      const office = await Office.open(house);
      const both = [net, data];
      const changes: [string, Json[]][] = [
        ['edit', [setText('both', '1')]],
        ['mark', [{ kind: 'component.delete', component: 'both' }]],
        ['erase', [{ kind: 'component.erase', component: 'both' }]],
        ['take out of one', [{ kind: 'view.remove_component', view: 'Net', component: 'both' }]],
        [
          'create',
          [
            { kind: 'component.create', schema: 'Box', name: 'new' },
            { kind: 'view.add_component', view: 'Net', component: 'new' },
            { kind: 'view.add_component', view: 'Data', component: 'new' },
          ],
        ],
        ['duplicate', [{ kind: 'component.duplicate', component: 'both', name: 'copy' }]],
      ];
      for (const [what, mutations] of changes) {
        const changeSet = await office.edit(mutations);
        expect([what, (await office.missing(changeSet)).sort()]).toEqual([what, [...both].sort()]);
        const refusal = await house.refused('change_set.apply', { changeSet }, eve);
        expect(refusal.code).toBe('approval_required');
        await office.as(eve, 'change_set.request_approval', { changeSet });
        await office.decide(changeSet, ann);
        expect([what, await office.missing(changeSet)]).toEqual([what, [data]]);
      }
      await house.sound();
    });

    test('[EN57] B26 taking away or replacing the definition, or the view, is decided on by those it names', async () => {
      const house = await make();
      const office = await Office.open(house);
      for (const mutation of [
        { kind: 'view.set_approvers', view: 'Data', rule: null },
        { kind: 'view.set_approvers', view: 'Data', rule: { approvers: ['eve'], minimum: 1 } },
        { kind: 'view.remove', view: 'Data' },
        { kind: 'view.rename', view: 'Data', name: 'Other' },
      ]) {
        const changeSet = await office.edit([mutation]);
        const refusal = await house.refused('change_set.apply', { changeSet }, eve);
        expect([mutation.kind, refusal.code]).toEqual([mutation.kind, 'approval_required']);
        // Who is in two views is in one less when a view goes: that concerns the other one as well.
        const { missing } = refusal.data as { missing: { whoMay: string[] }[] };
        expect(missing.map((m) => m.whoMay)).toContainEqual(['bob']);
        await office.as(eve, 'change_set.request_approval', { changeSet });
        expect(await office.decide(changeSet, bob)).toMatchObject({ status: 'Approved' });
      }
      // A definition that a change set brings along holds for the components in it as well.
      const changeSet = await office.edit([
        { kind: 'view.set_approvers', view: 'Data', rule: { approvers: ['ann'], minimum: 1 } },
        setText('db', '1'),
      ]);
      await office.as(eve, 'change_set.request_approval', { changeSet });
      await office.decide(changeSet, bob);
      expect(await office.missing(changeSet)).toEqual([`${data}, by the approvers that this change set gives it`]);
      expect(await office.decide(changeSet, ann)).toMatchObject({ status: 'Approved' });
      await house.call('change_set.apply', { changeSet }, eve);
      await house.sound();
    });

    test('[EN57] B26 who gains a role may decide from then on, and who loses it counts no more', async () => {
      const house = await make();
      const office = await Office.open(house);
      const changeSet = await office.edit([setText('web', '1')]);
      await office.as(eve, 'change_set.request_approval', { changeSet });
      expect((await house.refused('change_set.approve', { changeSet }, vic)).code).toBe('access_denied');
      await house.call('member.set', { member: 'vic', role: 'approver' });
      expect(await office.decide(changeSet, vic)).toMatchObject({ status: 'Approved' });
      await house.call('member.set', { member: 'vic', role: 'viewer' });
      expect((await house.refused('change_set.apply', { changeSet }, eve)).code).toBe('approval_required');
      await house.call('member.set', { member: 'vic', role: 'approver', active: false });
      expect(await office.missing(changeSet)).toEqual([net]);
      await house.call('member.set', { member: 'vic', role: 'approver' });
      await house.call('change_set.apply', { changeSet }, eve);
      await house.sound();
    });

    test('[EN57] B28 an action, added or planned, asks the component’s views; another plan asks again', async () => {
      const plan = new Plan();
      const house = await make({ readiness: plan });
      const office = await Office.open(house);
      const added = await office.edit([{ kind: 'action.hold', component: 'web', action: 'update' }]);
      expect(await office.missing(added)).toEqual([net]);

      const changeSet = await office.edit([setText('free', '1')]);
      expect(await office.missing(changeSet)).toEqual([]);
      const act = (kind: PlannedAction['kind'], ...paths: string[]) => {
        plan.actions = [{ component: office.id('web') as ComponentId, kind, paths }];
      };
      act('update', '/domain/text');
      expect(await house.refused('change_set.apply', { changeSet }, eve)).toMatchObject({
        code: 'approval_required',
        data: { missing: [{ requirement: { title: net, entities: [office.id('web')] } }] },
      });
      await office.as(eve, 'change_set.request_approval', { changeSet });
      expect(await office.decide(changeSet, ann)).toMatchObject({ status: 'Approved' });
      act('replace', '/domain/text');
      expect((await office.approvals(changeSet)).requirements).toMatchObject([{ isMet: false, outdated: ['ann'] }]);
      expect((await house.refused('change_set.apply', { changeSet }, eve)).code).toBe('approval_required');
      act('update', '/domain/text');
      expect((await office.approvals(changeSet)).requirements).toMatchObject([{ isMet: true }]);
      // An apply holds to what it plans itself, and that is nothing here.
      plan.actions = [];
      expect(await house.call('change_set.apply', { changeSet }, eve)).toMatchObject({ actions: [] });
      await house.sound();
    });

    test('[EN57] schemas ask an approver; what the engine locks at the apply is part of what is approved', async () => {
      const house = await make();
      const office = await Office.open(house);
      const spec = boxSpec as unknown as Json;
      const changeSet = await office.edit([{ kind: 'schema.create', name: 'Crate', spec }]);
      const [requirement] = (await office.approvals(changeSet)).requirements;
      expect(requirement).toMatchObject({ kind: 'schema', title: 'changes of schema "Crate"', whoMay: ['ada', 'bob'] });
      await office.as(eve, 'change_set.request_approval', { changeSet });
      await office.decide(changeSet, bob);
      await house.call('change_set.apply', { changeSet }, eve);
      await house.sound();
    });

    test('[EN57] [EN52] a place that its schema puts to review asks once Head has changed it too', async () => {
      const house = await make();
      const office = await Office.open(house, false);
      const spec = {
        ...boxSpec,
        domain: { kind: 'object', properties: { look: { kind: 'string', merge: 'must-review' } } },
      } as unknown as Json;
      const set = (value: string): Json => ({ kind: 'attribute.set', component: 'seen', path: '/domain/look', value });
      await office.applied([
        { kind: 'schema.create', name: 'Seen', spec },
        { kind: 'component.create', schema: 'Seen', name: 'seen' },
      ]);
      await office.people();
      const changeSet = await office.edit([set('mine')]);
      expect(await office.missing(changeSet)).toEqual([]);
      await office.applied([set('theirs')]);
      expect(await office.missing(changeSet)).toEqual(['/domain/look of "seen", which its schema puts to review']);
      await office.as(eve, 'change_set.request_approval', { changeSet });
      await office.decide(changeSet, bob);
      // It is a review of the two together: another value on Head is another review.
      await office.applied([set('theirs, again')]);
      expect((await house.refused('change_set.apply', { changeSet }, eve)).code).toBe('approval_required');
      await office.decide(changeSet, bob);
      await house.call('change_set.apply', { changeSet }, eve);
      await house.sound();
    });
  });
});

describe('budgets', () => {
  eachStore((make) => {
    const budget = (roles: object, tokens: object = {}): Json => ({ format: 1, roles, tokens }) as unknown as Json;

    test('[EN58] an apply over its budget is refused with figure and limit, at the limit it lands', async () => {
      const house = await make();
      const office = await Office.open(house);
      await house.call('budget.set', {
        budgets: budget({ collaborator: { changedComponentsMax: 2, destroysMax: 0, forbiddenSchemas: ['Crate'] } }),
      });
      const changeSet = await office.edit([setText('free', '1'), setText('web', '1'), setText('db', '1')]);
      await office.as(eve, 'change_set.request_approval', { changeSet });
      await office.decide(changeSet, ann);
      await office.decide(changeSet, bob);
      const before = await house.everything();
      expect(await house.refused('change_set.apply', { changeSet }, eve)).toMatchObject({
        code: 'budget_exceeded',
        expected: 'at most 2 changed components (role collaborator)',
        got: '3 changed components',
      });
      expect(await house.everything()).toBe(before);
      const small = await office.edit([setText('free', '2')]);
      await house.call('change_set.apply', { changeSet: small }, eve);
      // Somebody with a larger budget may.
      await house.call('change_set.apply', { changeSet }, bob);
      await house.sound();
    });

    test('[EN58] destroys are counted, and the budget of the token holds beside that of the role', async () => {
      const house = await make();
      const office = await Office.open(house, false);
      const resource = (name: string): Json => ({
        kind: 'component.set_resource_id',
        component: name,
        resourceId: name,
      });
      await office.applied([resource('free')]);
      await office.people();
      await house.call('budget.set', {
        budgets: budget({ owner: { destroysMax: 1 } }, { robot: { destroysMax: 0, forbiddenViews: ['DEFAULT'] } }),
      });
      const changeSet = await office.edit([{ kind: 'component.delete', component: 'free' }], ada);
      const refusal = await house.refused('change_set.apply', { changeSet }, { ...ada, token: 'robot' });
      expect(refusal).toMatchObject({
        code: 'budget_exceeded',
        expected: 'at most 0 destroys (token robot); no change in view "DEFAULT" (token robot)',
        got: '1 destroy; a change in view "DEFAULT"',
      });
      await house.call('change_set.apply', { changeSet });
      await house.sound();
    });

    test('[EN58] a budget holds where nobody has to approve, too', async () => {
      const house = await make();
      const office = await Office.open(house, false);
      await house.call('budget.set', { budgets: budget({ owner: { changedComponentsMax: 0 } }) });
      const changeSet = await office.edit([setText('free', '1')], ada);
      expect((await house.refused('change_set.apply', { changeSet })).code).toBe('budget_exceeded');
    });
  });
});

describe('between the check and the commit', () => {
  eachStore((make) => {
    test('[EN59] applies beside edits, Head, members and budgets that move: none lands unapproved', async () => {
      const house = await make();
      const office = await Office.open(house);
      for (let round = 0; round < 8; round++) {
        const changeSet = await office.edit([setText('web', `${round}`)]);
        await office.as(eve, 'change_set.request_approval', { changeSet });
        await office.decide(changeSet, ann);
        const moves: Promise<unknown>[] = [
          // The approver goes: from then on nothing is approved.
          house.call('member.set', { member: 'ann', role: 'collaborator', active: false }),
          office
            .edit([setText('free', `${round}`)], ada)
            .then((id) => house.call('change_set.apply', { changeSet: id })),
        ];
        const applied = await house.attempt<{ headVersion: number }>('change_set.apply', { changeSet }, eve);
        await Promise.all(moves);
        const late = await house.attempt('change_set.apply', { changeSet }, eve);
        expect(late).toMatchObject({ refusal: { code: applied.ok ? 'change_set_not_open' : 'approval_required' } });
        await house.call('member.set', { member: 'ann', role: 'collaborator' });
      }
      await house.sound();
    });

    test('[EN59] members set before an apply has committed are those it is judged by', async () => {
      let meanwhile: (() => Promise<unknown>) | undefined;
      const plan = new Plan();
      // The planner is asked after the members were read: whatever it does comes between the check and the commit.
      plan.planned = async () => {
        const act = meanwhile;
        meanwhile = undefined;
        await act?.();
        return [];
      };
      const house = await make({ readiness: plan });
      const office = await Office.open(house);
      const changeSet = await office.edit([setText('web', '1')]);
      await office.as(eve, 'change_set.request_approval', { changeSet });
      await office.decide(changeSet, ann);
      meanwhile = () => house.call('member.remove', { member: 'ann' });
      expect((await house.refused('change_set.apply', { changeSet }, eve)).code).toBe('approval_required');
      await house.call('member.set', { member: 'ann', role: 'collaborator' });
      meanwhile = () =>
        house.call('budget.set', {
          budgets: { format: 1, roles: { collaborator: { changedComponentsMax: 0 } }, tokens: {} },
        });
      expect((await house.refused('change_set.apply', { changeSet }, eve)).code).toBe('budget_exceeded');
      await house.call('budget.set', { budgets: { format: 1, roles: {}, tokens: {} } });
      meanwhile = () => house.call('member.set', { member: 'eve', role: 'viewer' });
      expect((await house.refused('change_set.apply', { changeSet }, eve)).code).toBe('access_denied');
      await house.call('member.set', { member: 'eve', role: 'collaborator' });
      // Head moves under an approved part: it is judged on the Head that it would go onto.
      const rule = { approvers: ['ann', 'owner'], minimum: 1 };
      meanwhile = () => office.applied([{ kind: 'view.set_approvers', view: 'Net', rule }]);
      expect((await house.refused('change_set.apply', { changeSet }, eve)).code).toBe('approval_required');
      // The part becomes another one while somebody decides on it: the decision is on what it is now.
      meanwhile = () => office.applied([{ kind: 'view.set_approvers', view: 'Net', rule: { ...rule, minimum: 2 } }]);
      expect(await office.decide(changeSet, ann)).toMatchObject({ status: 'NeedsApproval' });
      expect((await office.approvals(changeSet)).requirements).toMatchObject([{ have: 1, need: 2, outdated: [] }]);
      await office.decide(changeSet, ada);
      // Head moves elsewhere: what it has got meanwhile is not lost.
      meanwhile = () => office.applied([setText('free', 'meanwhile')]);
      await house.call('change_set.apply', { changeSet }, eve);
      expect(await house.value('HEAD', 'free')).toMatchObject({ text: 'meanwhile' });
      expect(await house.value('HEAD', 'web')).toMatchObject({ text: '1' });
      await house.sound();
    });

    test('[EN59] decisions at the same time all count, in versions without a gap', async () => {
      const house = await make();
      const office = await Office.open(house);
      const changeSet = await office.edit([setText('both', '1')]);
      await office.as(eve, 'change_set.request_approval', { changeSet });
      const before = await house.row(changeSet);
      await Promise.all([office.decide(changeSet, ann), office.decide(changeSet, bob), office.decide(changeSet, ann)]);
      const { decisions, satisfied } = await office.approvals(changeSet);
      expect([satisfied, decisions.map((d) => d.by).sort()]).toEqual([true, ['ann', 'bob', 'bob']]);
      expect((await house.row(changeSet)).version).toBe(before.version + 2);
      await house.call('change_set.apply', { changeSet }, eve);
      await house.sound();
    });
  });
});

describe('members at the border', () => {
  eachStore((make) => {
    test('[EN60] B3 no member is let in, whatever role the caller names; the role is the membership’s', async () => {
      const house = await make();
      const office = await Office.open(house);
      const zoe = { id: 'zoe', role: 'owner' } as const;
      const before = (await house.row('HEAD')).version;
      const tries: [string, Record<string, Json>][] = [
        ['change_set.list', {}],
        ['change_set.create', { name: 'mine' }],
        ['component.get', { component: 'web' }],
        ['audit.list', {}],
        ['member.set', { member: 'zoe', role: 'owner' }],
        ['verify', {}],
      ];
      for (const [operation, params] of tries)
        expect(await house.refused(operation, params, zoe)).toMatchObject({
          code: 'access_denied',
          got: 'zoe, no member',
        });
      expect((await house.row('HEAD')).version).toBe(before);
      const denied = await house.call<AuditRecord[]>('audit.list', { changeSet: 'HEAD', actor: 'zoe' });
      expect(denied.map((r) => [r.kind, r.sentence])).toEqual(
        tries.map(([operation]) => ['access.denied', `refuse zoe (no active member) to ${operation}`]),
      );
      // Vic says owner, and is a viewer here.
      expect((await house.refused('change_set.create', { name: 'v' }, vic)).code).toBe('access_denied');
      expect((await house.refused('member.remove', { member: 'ada' }, bob)).code).toBe('access_denied');
      await house.call('member.set', { member: 'vic', role: 'collaborator' });
      await office.edit([setText('free', '1')], vic);
      await house.call('member.set', { member: 'vic', role: 'collaborator', active: false });
      expect((await house.refused('change_set.list', {}, vic)).got).toBe('vic, inactive');
      await house.sound();
    });

    test('[EN60] another workspace has members of its own, and one without takes the caller’s word', async () => {
      const house = await make();
      await Office.open(house);
      const zoe = { id: 'zoe', role: 'owner' } as const;
      await house.call('workspace.create', { name: 'other' }, zoe);
      const there = { workspace: 'other' };
      const made = await house.call<ChangeSetRow>('change_set.create', { ...there, name: 'z' }, zoe);
      await house.call('member.set', { ...there, member: 'yan', role: 'viewer' }, zoe);
      expect((await house.refused('change_set.get', { ...there, changeSet: made.id }, ada)).code).toBe('access_denied');
      expect((await house.refused('change_set.get', { changeSet: made.id }, ada)).code).toBe('change_set_not_found');
      expect((await house.refused('change_set.get', { changeSet: made.id }, zoe)).code).toBe('access_denied');
      await house.call('change_set.get', { ...there, changeSet: made.id }, zoe);
      await house.sound();
    });
  });
});
