// Approval from outside: who asks, who decides, what a decision holds for, and what it comes to.

import { describe, expect, test } from 'vitest';
import type { ApplyReceipt } from '../../src/engine/apply_receipt.ts';
import type { AuditRecord } from '../../src/engine/audit.ts';
import type { Review } from '../../src/engine/operations.ts';
import type { ChangeSetRow } from '../../src/ports/store.ts';
import { ada, ann, bob, data, eve, net, Office, setText, vic } from './approval_house.ts';
import { eachStore } from './house.ts';

type Asked = ChangeSetRow & { readonly requested?: { readonly by: string; readonly atMs: number } };

describe('approval', () => {
  eachStore((make) => {
    test('[EN50] [EN51] [EN55] B2 asked for, rejected, reopened, approved, applied: with who and when, over restarts', async () => {
      const house = await make();
      const office = await Office.open(house);
      const started = Date.now();
      const changeSet = await office.edit([setText('web', '1')]);
      const get = () => house.call<Asked>('change_set.get', { changeSet });
      expect(await office.as(eve, 'change_set.request_approval', { changeSet })).toMatchObject({
        status: 'NeedsApproval',
      });
      await house.reopen();
      const asked = await get();
      expect(asked).toMatchObject({ status: 'NeedsApproval', requested: { by: 'eve' } });
      expect(asked.requested!.atMs).toBeGreaterThanOrEqual(started);
      expect((await house.refused('submit', { changeSet, mutations: [setText('web', '2')] }, eve)).code).toBe(
        'change_set_not_open',
      );
      expect((await house.refused('change_set.apply', { changeSet }, eve)).code).toBe('approval_required');

      expect(await office.decide(changeSet, ann, 'reject')).toMatchObject({ status: 'Rejected' });
      await house.reopen();
      expect(await office.approvals(changeSet)).toMatchObject({
        status: 'Rejected',
        satisfied: false,
        requirements: [{ rejectedBy: ['ann'], have: 0, need: 1 }],
        decisions: [{ by: 'ann', decision: 'reject' }],
      });
      expect(await house.refused('change_set.apply', { changeSet }, eve)).toMatchObject({
        code: 'approval_required',
        got: 'rejected by ann',
      });
      expect((await house.refused('change_set.request_approval', { changeSet }, eve)).code).toBe('approval_required');

      await office.as(eve, 'change_set.reopen', { changeSet });
      expect(await get()).toMatchObject({ status: 'Open' });
      expect(await get()).not.toHaveProperty('requested');
      await office.as(eve, 'change_set.request_approval', { changeSet });
      expect(await office.decide(changeSet, ann)).toMatchObject({ status: 'Approved' });
      await house.reopen();
      const receipt = await house.call<ApplyReceipt>('change_set.apply', { changeSet }, eve);
      const [used] = receipt.approvals!;
      expect(receipt).toMatchObject({ status: 'Applied', approvals: [{ by: 'ann' }] });
      expect(used!.requirement).toBe(`view:${office.id('Net')}`);
      await house.reopen();
      expect(await house.call('change_set.outcome', { changeSet })).toEqual(receipt);
      expect(await house.value('HEAD', 'web')).toMatchObject({ text: '1' });

      const told = async (chain: string) =>
        (await house.call<AuditRecord[]>('audit.list', { changeSet: chain, subject: changeSet, limit: 100 }))
          .map((r) => [r.kind.replace('change_set.', ''), r.actor, r.sentence])
          .filter(([kind]) => !['open', 'catch_up'].includes(kind!));
      const steps = [
        ['request_approval', 'eve', 'request approval of change set "proposal"'],
        ['reject', 'ann', `reject ${net} in change set "proposal"`],
        ['reopen', 'eve', 'reopen change set "proposal"'],
        ['request_approval', 'eve', 'request approval of change set "proposal"'],
        ['approve', 'ann', `approve ${net} in change set "proposal"`],
        ['apply', 'eve', 'apply change set "proposal" (1 mutation, approved by ann)'],
      ];
      expect(await told('HEAD')).toEqual(steps);
      expect(await told(changeSet)).toEqual(steps);
      await house.sound();
    });

    test('[EN51] [EN53] B24 a protected apply is refused with the entity listed; approved it lands, and asks nothing afterwards', async () => {
      const house = await make();
      const office = await Office.open(house);
      const changeSet = await office.edit([setText('web', '1'), setText('free', '1')]);
      const before = await house.everything();
      const refusal = await house.refused('change_set.apply', { changeSet }, eve);
      expect(refusal).toMatchObject({ code: 'approval_required', expected: `1 approval of ${net} (web)`, got: '0' });
      expect(refusal.hint).toBe('ask ada, bob, ann');
      expect(refusal.data).toMatchObject({
        missing: [{ requirement: { entities: [office.id('web')] }, have: 0, need: 1, whoMay: ['ada', 'bob', 'ann'] }],
      });
      expect(await house.everything()).toBe(before);
      await office.as(eve, 'change_set.request_approval', { changeSet });
      await office.decide(changeSet, bob);
      await house.call('change_set.apply', { changeSet }, eve);
      const after = await office.approvals(changeSet);
      expect(after).toMatchObject({ status: 'Applied', satisfied: true, requirements: [] });
      expect(after.decisions).toMatchObject([{ by: 'bob', spent: true }]);
      // What was approved once is asked again of whoever proposes the same.
      await office.applied([setText('web', '0')]);
      const again = await office.edit([setText('web', '1'), setText('free', '1')]);
      expect((await house.refused('change_set.apply', { changeSet: again }, eve)).code).toBe('approval_required');
      await house.sound();
    });

    test('[EN50] asking when nothing is missing approves at once; a change that asks nobody is applied from Open', async () => {
      const house = await make();
      const office = await Office.open(house);
      const first = await office.edit([setText('free', '1')]);
      expect(await office.approvals(first)).toMatchObject({ satisfied: true, requirements: [], requested: null });
      await house.call('change_set.apply', { changeSet: first }, eve);
      const second = await office.edit([setText('free', '2')]);
      expect(await office.as(eve, 'change_set.request_approval', { changeSet: second })).toMatchObject({
        status: 'Approved',
      });
      const before = await house.everything();
      await office.as(ann, 'change_set.request_approval', { changeSet: second });
      expect(await house.everything()).toBe(before);
      expect(await house.call('change_set.get', { changeSet: second })).toMatchObject({ requested: { by: 'eve' } });
      await house.call('change_set.apply', { changeSet: second }, eve);
      await house.sound();
    });

    test('[EN52] B24 an edit elsewhere keeps an approval, an edit inside asks that part again and no other', async () => {
      const house = await make();
      const office = await Office.open(house);
      const changeSet = await office.edit([setText('web', '1'), setText('db', '1')]);
      const ask = () => office.as(eve, 'change_set.request_approval', { changeSet });
      const reopen = () => office.as(eve, 'change_set.reopen', { changeSet });
      await ask();
      expect(await office.decide(changeSet, ann)).toMatchObject({ status: 'NeedsApproval' });
      expect(await office.decide(changeSet, bob, 'approve', 'Data')).toMatchObject({ status: 'Approved' });
      await reopen();
      await office.edit([setText('free', '1')], eve, changeSet);
      expect(await ask()).toMatchObject({ status: 'Approved' });
      await reopen();
      await office.edit([setText('web', '2')], eve, changeSet);
      await house.reopen();
      expect(await office.missing(changeSet)).toEqual([net]);
      expect((await office.approvals(changeSet)).requirements.map((r) => [r.title, r.outdated, r.approvedBy])).toEqual([
        [net, ['ann'], []],
        [data, [], ['bob']],
      ]);
      expect(await ask()).toMatchObject({ status: 'NeedsApproval' });
      expect(await office.decide(changeSet, ann)).toMatchObject({ status: 'Approved' });
      expect(await house.call('change_set.apply', { changeSet }, eve)).toMatchObject({
        approvals: [{ by: 'ann' }, { by: 'bob' }],
      });
      await house.sound();
    });

    test('[EN52] B26 a definition that Head changes meanwhile asks its own part again', async () => {
      const house = await make();
      const office = await Office.open(house);
      const changeSet = await office.edit([setText('web', '1'), setText('db', '1')]);
      await office.as(eve, 'change_set.request_approval', { changeSet });
      await office.decide(changeSet, ann);
      await office.decide(changeSet, bob, 'approve', 'Data');
      const rule = { approvers: ['ann', 'owner'], minimum: 1 };
      await office.applied([{ kind: 'view.set_approvers', view: 'Net', rule }]);
      await office.applied([setText('free', 'by Ada')]);
      expect(await house.refused('change_set.apply', { changeSet }, eve)).toMatchObject({
        code: 'approval_required',
        expected: `1 approval of ${net} (web)`,
      });
      expect(await house.row(changeSet)).toMatchObject({ status: 'Approved' });
      // Nobody has to take it back: the approver looks again.
      expect(await office.decide(changeSet, ada)).toMatchObject({ status: 'Approved' });
      await house.call('change_set.apply', { changeSet }, eve);
      await house.sound();
    });

    test('[EN52] a part that Head turns into another one is asked again, one that it leaves is not', async () => {
      const house = await make();
      const office = await Office.open(house);
      const changeSet = await office.edit([
        { kind: 'component.duplicate', component: 'both', name: 'copy' },
        setText('web', '1'),
      ]);
      await office.as(eve, 'change_set.request_approval', { changeSet });
      await office.decide(changeSet, ann);
      await office.decide(changeSet, bob);
      expect((await house.row(changeSet)).status).toBe('Approved');
      // Head erases web: the edit of it is dropped, and Net's part is only the copy.
      await office.applied([{ kind: 'component.erase', component: 'web' }]);
      expect(await office.missing(changeSet)).toEqual([net]);
      expect((await house.refused('change_set.apply', { changeSet }, eve)).code).toBe('approval_required');
      expect(await office.as(eve, 'change_set.request_approval', { changeSet })).toMatchObject({
        status: 'NeedsApproval',
      });
      expect(await office.decide(changeSet, bob)).toMatchObject({ status: 'Approved' });
      await house.call('change_set.apply', { changeSet }, eve);
      await house.sound();
    });

    test('[EN54] an author’s own decision is refused, and a stranger’s, and both are told', async () => {
      const house = await make();
      const office = await Office.open(house);
      const changeSet = await office.edit([setText('web', '1')], ann);
      await office.edit([setText('free', '1')], bob, changeSet);
      await office.as(ann, 'change_set.request_approval', { changeSet });
      expect(await office.approvals(changeSet)).toMatchObject({ requirements: [{ whoMay: ['ada'] }] });
      const before = await house.row(changeSet);
      for (const by of [ann, bob, eve, vic])
        for (const verb of ['approve', 'reject'])
          expect((await house.refused(`change_set.${verb}`, { changeSet }, by)).code).toBe('access_denied');
      expect(await house.row(changeSet)).toEqual(before);
      const denied = await house.call<AuditRecord[]>('audit.list', { changeSet: 'HEAD', kind: 'access.denied' });
      expect(denied.map((r) => r.sentence)).toContain('refuse ann (collaborator) to approve a change set');
      expect(denied).toHaveLength(8);
      expect(await office.decide(changeSet, ada)).toMatchObject({ status: 'Approved' });
      await house.sound();
    });

    test('[EN54] a decision is for one part or for all that are one’s own; repeated it changes nothing', async () => {
      const house = await make();
      const office = await Office.open(house);
      const changeSet = await office.edit([setText('web', '1'), setText('db', '1')]);
      for (const by of [ann, bob])
        expect((await house.refused('change_set.approve', { changeSet }, by)).code).toBe('change_set_not_open');
      await office.as(eve, 'change_set.request_approval', { changeSet });
      expect((await house.refused('change_set.approve', { changeSet, requirement: 'view:none' }, bob)).code).toBe(
        'requirement_not_found',
      );
      const ofData = { changeSet, requirement: `view:${office.id('Data')}` };
      expect((await house.refused('change_set.approve', ofData, ann)).code).toBe('access_denied');
      await office.decide(changeSet, bob, 'approve', 'Net');
      expect(await office.missing(changeSet)).toEqual([data]);
      expect(await office.decide(changeSet, bob)).toMatchObject({ status: 'Approved' });
      const before = await house.everything();
      await office.decide(changeSet, bob);
      await office.decide(changeSet, bob, 'approve', 'Data');
      expect(await house.everything()).toBe(before);
      expect((await office.approvals(changeSet)).decisions).toHaveLength(2);
      await house.sound();
    });

    test('[EN55] B26 a rejection outweighs approvals until who gave it approves', async () => {
      const house = await make();
      const office = await Office.open(house);
      const changeSet = await office.edit([setText('web', '1')]);
      await office.as(eve, 'change_set.request_approval', { changeSet });
      await office.decide(changeSet, bob);
      expect(await office.decide(changeSet, ann, 'reject')).toMatchObject({ status: 'Rejected' });
      expect(await office.decide(changeSet, ada)).toMatchObject({ status: 'Rejected' });
      expect((await house.refused('change_set.apply', { changeSet }, eve)).code).toBe('approval_required');
      expect(await office.decide(changeSet, ann)).toMatchObject({ status: 'Approved' });
      await house.call('change_set.apply', { changeSet }, eve);
      await house.sound();
    });

    test('[EN55] withdrawn by who asked or an owner, from each status; approvals stay and rejections fall', async () => {
      const house = await make();
      const office = await Office.open(house);
      const changeSet = await office.edit([setText('web', '1'), setText('db', '1')]);
      expect((await house.refused('change_set.withdraw', { changeSet }, eve)).code).toBe('change_set_not_open');
      const ask = () => office.as(eve, 'change_set.request_approval', { changeSet });
      await ask();
      for (const by of [ann, bob, vic])
        expect((await house.refused('change_set.withdraw', { changeSet }, by)).code).toBe('access_denied');
      expect(await office.as(eve, 'change_set.withdraw', { changeSet })).toMatchObject({ status: 'Open' });
      await ask();
      await office.decide(changeSet, ann, 'reject');
      await office.decide(changeSet, bob, 'approve', 'Data');
      expect(await office.as(ada, 'change_set.withdraw', { changeSet })).toMatchObject({ status: 'Open' });
      await house.reopen();
      expect(await office.missing(changeSet)).toEqual([net]);
      expect((await office.approvals(changeSet)).requirements[0]).toMatchObject({ rejectedBy: [] });
      await ask();
      await office.decide(changeSet, bob);
      await house.call('change_set.abandon', { changeSet }, eve);
      for (const verb of ['request_approval', 'approve', 'reject', 'withdraw'])
        expect((await house.refused(`change_set.${verb}`, { changeSet }, bob)).code).toBe('change_set_not_open');
      expect(await office.approvals(changeSet)).toMatchObject({ status: 'Abandoned', requirements: [] });
      await office.as(eve, 'change_set.reopen', { changeSet });
      expect(await office.missing(changeSet)).toEqual([]);
      await house.sound();
    });

    test('[EN56] one active member, or none, is asked for nothing; the second one makes the difference', async () => {
      const house = await make();
      const office = await Office.open(house, false);
      for (const alone of [false, true]) {
        if (alone) {
          await office.people();
          for (const member of ['bob', 'ann', 'eve', 'vic']) await house.call('member.remove', { member });
        }
        const changeSet = await office.edit([setText('both', String(alone))], ada);
        expect(await office.approvals(changeSet)).toMatchObject({ satisfied: true, requirements: [] });
        expect(await office.as(ada, 'change_set.request_approval', { changeSet })).toMatchObject({
          status: 'Approved',
        });
        expect(await office.as(ada, 'change_set.approve', { changeSet })).toMatchObject({ status: 'Approved' });
        await house.call('change_set.apply', { changeSet });
      }
      await house.call('member.set', { member: 'bob', role: 'viewer' });
      const changeSet = await office.edit([setText('both', 'two')], ada);
      expect((await house.refused('change_set.apply', { changeSet })).code).toBe('approval_required');
      await house.sound();
    });

    test('[EN51] what was waited for and became needless is applied once it is asked again', async () => {
      const house = await make();
      const office = await Office.open(house);
      const changeSet = await office.edit([setText('web', '1')]);
      await office.as(eve, 'change_set.request_approval', { changeSet });
      expect((await house.refused('change_set.request_approval', { changeSet }, eve)).code).toBe('change_set_not_open');
      await office.applied([{ kind: 'view.set_approvers', view: 'Net', rule: null }]);
      expect(await house.refused('change_set.apply', { changeSet }, eve)).toMatchObject({
        code: 'change_set_not_open',
        hint: 'nothing is missing any more: request approval again',
      });
      expect(await office.as(eve, 'change_set.request_approval', { changeSet })).toMatchObject({ status: 'Approved' });
      await house.call('change_set.apply', { changeSet }, eve);
      await house.sound();
    });

    test('[EN13] [EN51] a review says what needs approval and whose; Head takes none of it', async () => {
      const house = await make();
      const office = await Office.open(house);
      const changeSet = await office.edit([setText('web', '1')]);
      const review = await house.call<Review>('change_set.review', { changeSet });
      expect(review.approvals).toMatchObject({
        satisfied: false,
        requirements: [{ title: net, entities: [office.id('web')], have: 0, need: 1, whoMay: ['ada', 'bob', 'ann'] }],
      });
      expect(review.approvals).toEqual(await office.approvals(changeSet));
      for (const verb of ['request_approval', 'approve', 'reject', 'withdraw', 'approvals'])
        expect((await house.refused(`change_set.${verb}`, { changeSet: 'HEAD' })).code).toBe('head_is_read_only');
    });
  });
});
