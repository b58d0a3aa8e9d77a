// Members and budgets of a workspace, from outside.

import { describe, expect, test } from 'vitest';
import type { Principal } from '../../src/access/role.ts';
import type { AuditRecord } from '../../src/engine/audit.ts';
import { readBudgets, readMembers } from '../../src/engine/members.ts';
import { eachStore, type House } from './house.ts';

const approver: Principal = { id: 'bob', role: 'approver' };
const budgets = { format: 1, roles: { collaborator: { destroysMax: 2 } }, tokens: { t1: { forbiddenViews: ['Net'] } } };
const told = async (house: House) =>
  (await house.call<AuditRecord[]>('audit.list', { changeSet: 'HEAD' }))
    .filter((r) => /^(member|budget)\./.test(r.kind))
    .map((r) => [r.kind, r.actor, r.subject, r.sentence]);

describe('members and budgets', () => {
  eachStore((make) => {
    test('[EN40] [EN41] members are added, changed and removed, and outlive a restart', async () => {
      const house = await make();
      expect(await house.call('member.list')).toEqual([]);
      const ada = { id: 'ada', role: 'owner', active: true };
      const bob = { id: 'bob', role: 'approver', active: true };
      expect(await house.call('member.set', { member: 'bob', role: 'approver' })).toEqual([ada, bob]);
      await house.call('member.set', { member: 'bob', role: 'approver', active: false });
      await house.call('member.set', { member: 'cid', role: 'viewer' });
      await house.reopen();
      const cid = { id: 'cid', role: 'viewer', active: true };
      expect(await house.call('member.list')).toEqual([ada, { ...bob, active: false }, cid]);
      expect(await house.call('member.remove', { member: 'bob' })).toEqual([ada, cid]);
      expect((await told(house)).map(([, ...rest]) => rest)).toEqual([
        ['ada', 'bob', 'set member bob to approver'],
        ['ada', 'bob', 'set member bob to approver, inactive'],
        ['ada', 'cid', 'set member cid to viewer'],
        ['ada', 'bob', 'remove member bob'],
      ]);
      await house.sound();
    });

    test('[EN41] no change leaves the workspace without an owner; a refusal changes nothing', async () => {
      const house = await make();
      await house.call('member.set', { member: 'bob', role: 'collaborator' });
      const before = [await house.everything(), await house.call('member.list')];
      const tries: [string, object, string][] = [
        ['member.remove', { member: 'ada' }, 'last_owner'],
        ['member.set', { member: 'ada', role: 'viewer' }, 'last_owner'],
        ['member.set', { member: 'ada', role: 'owner', active: false }, 'last_owner'],
        ['member.remove', { member: 'zoe' }, 'member_not_found'],
        ['member.set', { member: 'zoe', role: 'admin' }, 'request_malformed'],
        ['member.set', { member: 'owner', role: 'owner' }, 'request_malformed'],
        ['budget.set', { budgets: { format: 1, roles: { admin: {} } } }, 'request_malformed'],
        ['budget.set', {}, 'request_malformed'],
      ];
      for (const [operation, params, code] of tries)
        expect([operation, (await house.refused(operation, params as never)).code]).toEqual([operation, code]);
      expect([await house.everything(), await house.call('member.list')]).toEqual(before);
    });

    test('[EN40] budgets are set whole, and a document too long is refused', async () => {
      const house = await make();
      expect(await house.call('budget.get')).toEqual({ format: 1, roles: {}, tokens: {} });
      expect(await house.call('budget.set', { budgets })).toEqual(budgets);
      await house.reopen();
      expect(await house.call('budget.get')).toEqual(budgets);
      const forbiddenViews = Array.from({ length: 200_000 }, (_, i) => `view ${i}`);
      const long = { format: 1, roles: { viewer: { forbiddenViews } }, tokens: {} };
      expect((await house.refused('budget.set', { budgets: long })).code).toBe('limit_exceeded');
      expect(await house.call('budget.get')).toEqual(budgets);
      expect(await told(house)).toHaveLength(1);
      await house.sound();
    });

    test('[EN40] a change to the same is neither made nor told', async () => {
      const house = await make();
      for (let i = 0; i < 2; i++) {
        await house.call('member.set', { member: 'bob', role: 'approver' });
        await house.call('budget.set', { budgets });
      }
      expect(await told(house)).toHaveLength(2);
    });

    test('[EN40] only owners change them; all who may read see them; a refused attempt is told', async () => {
      const house = await make();
      await house.open();
      const tries: [string, object][] = [
        ['member.set', { member: 'bob', role: 'owner' }],
        ['member.remove', { member: 'ada' }],
        ['budget.set', { budgets }],
      ];
      for (const principal of [approver, { id: 'cid', role: 'viewer' } as const]) {
        for (const [operation, params] of tries)
          expect((await house.refused(operation, params as never, principal)).code).toBe('access_denied');
        await house.call('member.list', {}, principal);
        await house.call('budget.get', {}, principal);
      }
      expect(await house.call('member.list')).toEqual([]);
      const denied = await house.call<AuditRecord[]>('audit.list', { kind: 'access.denied' });
      expect(denied.map((r) => r.sentence)).toContain('refuse bob (approver) to set budgets');
      expect(denied).toHaveLength(6);
      await house.sound();
    });

    test('[EN40] changes at the same time are all made, beside edits', async () => {
      const house = await make();
      const changeSet = await house.withBox();
      await Promise.all(
        Array.from({ length: 20 }, async (_, i) => {
          await house.create(changeSet, `c${i}`);
          await house.call('member.set', { member: `m${i}`, role: 'viewer' });
        }),
      );
      expect(await house.call<unknown[]>('member.list')).toHaveLength(21);
      expect(await told(house)).toHaveLength(20);
      await house.sound();
    });

    test('[EN40] members of one workspace are not another’s', async () => {
      const house = await make();
      await house.call('member.set', { member: 'bob', role: 'approver' });
      await house.call('workspace.create', { name: 'other' });
      expect(await house.call('member.list', { workspace: 'other' })).toEqual([]);
    });

    test('[EN40] what cannot be read is a fault, told apart from what a newer release wrote', async () => {
      const house = await make();
      await house.open();
      const w = await house.workspace();
      for (const [text, code] of [
        ['{', 'store_damaged'],
        ['null', 'store_damaged'],
        ['{"format":1}', 'store_damaged'],
        ['{"format":2}', 'store_version'],
      ] as const) {
        await w.store.putSetting(w.id, 'members', text);
        await expect(readMembers(w)).rejects.toMatchObject({ code });
      }
      await w.store.putSetting(w.id, 'budgets', '{"format":9}');
      await expect(readBudgets(w)).rejects.toMatchObject({ code: 'store_version' });
    });
  });
});
