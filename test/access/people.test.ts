// What is left to people, and what a token hands on: an agent decides on no change, and no token makes one that outlives it.

import { describe, expect, test } from 'vitest';
import type { Principal } from '../../src/access/role.ts';
import { openCedar } from '../../src/adapters/cedar/cedar.ts';
import type { AuditRecord } from '../../src/engine/audit.ts';
import { bearerOf, type IssuedToken, principalWith } from '../../src/engine/tokens.ts';
import { ada, ann, bob, eve, Office, setText } from '../engine/approval_house.ts';
import { eachStore, type House, type Params } from '../engine/house.ts';

const agentOf = (who: Principal): Principal => ({ ...who, token: 't', home: '', reach: 'memberships', isAgent: true });

eachStore((make) => {
  describe('what is left to people', () => {
    test('[AC80] no agent approves, rejects, reopens or takes back what was rejected; a person does', async () => {
      const house = await make({ policies: openCedar() });
      const office = await Office.open(house);
      for (const text of ['', 'permit(principal, action, resource);']) {
        await house.call('policy.set', { text });
        const changeSet = await office.edit([setText('web', `1${text}`)]);
        await office.as(agentOf(eve), 'change_set.request_approval', { changeSet });
        const refused = async (operation: string, by: Principal) => {
          const { code, expected, got } = await house.refused(operation, { changeSet }, agentOf(by));
          expect(code).toBe('access_denied');
          expect(got).toContain(`${by.id}, with the token of an agent`);
          return expected;
        };
        // By role, by name and as an owner.
        for (const by of [bob, ann, ada]) {
          expect(await refused('change_set.approve', by)).toBe('a person to approve or reject');
          expect(await refused('change_set.reject', by)).toBe('a person to approve or reject');
        }
        expect((await office.approvals(changeSet)).decisions).toEqual([]);
        await office.as(agentOf(eve), 'change_set.withdraw', { changeSet });
        await office.as(agentOf(eve), 'change_set.request_approval', { changeSet });

        await office.as(bob, 'change_set.reject', { changeSet });
        expect(await refused('change_set.reopen', eve)).toBe('a person to reopen a change set');
        expect(await refused('change_set.withdraw', eve)).toBe('a person to take back a rejection');
        expect(await refused('change_set.withdraw', ada)).toBe('a person to take back a rejection');
        expect(await office.approvals(changeSet)).toMatchObject({ status: 'Rejected', satisfied: false });
        expect(await office.as(eve, 'change_set.reopen', { changeSet })).toMatchObject({ status: 'Open' });
        await office.as(eve, 'change_set.request_approval', { changeSet });
        expect(await office.as(bob, 'change_set.approve', { changeSet })).toMatchObject({ status: 'Approved' });
      }
      const told = await house.call<AuditRecord[]>('audit.list', { changeSet: 'HEAD', kind: 'access.denied' });
      expect(told.map((r) => r.sentence)).toContain('refuse bob (approver) to approve a change set');
    });
  });

  describe('a token that expires', () => {
    async function withToken(house: House, token: string): Promise<Principal> {
      const bearer = await bearerOf(house.engine, token, (a, b) => a === b);
      if (!bearer.ok) throw new Error(bearer.refusal.got);
      const who = await principalWith(bearer.value, bearer.value.home);
      if (!who.ok) throw new Error(who.refusal.got);
      return who.value;
    }

    test('[AC89] one for somebody else is good in its workspace alone, unless its maker has all of them', async () => {
      const house = await make({});
      await house.withBox();
      await house.call('member.set', { member: 'bob', role: 'owner' });
      const token = async (reach: string) =>
        withToken(house, (await house.call<IssuedToken>('token.create', { name: reach, reach }, ada)).token);
      const forBob = { name: 't', user: 'bob', agent: true };
      const mine = await token('memberships');
      expect(await house.refused('token.create', { ...forBob, reach: 'memberships' }, mine)).toMatchObject({
        code: 'access_denied',
        expected: 'a reach of workspace, for somebody else',
      });
      const made = await house.call<IssuedToken>('token.create', forBob, mine);
      expect(made.line).toMatchObject({ user: 'bob', reach: 'workspace' });
      const own = await house.call<IssuedToken>('token.create', { name: 't', reach: 'memberships' }, mine);
      expect(own.line).toMatchObject({ user: 'ada', reach: 'memberships' });
      const all = await token('installation');
      expect((await house.call<IssuedToken>('token.create', { ...forBob, reach: 'memberships' }, all)).line.user).toBe(
        'bob',
      );
    });

    test('[AC90] what bounds a token, its budget and the policies about it, bounds what is made with it', async () => {
      const house = await make({ policies: openCedar() });
      const changeSet = await house.withBox();
      await house.create(changeSet, 'it');
      const first = await house.call<IssuedToken>('token.create', { name: 'first' }, ada);
      const { id } = first.line;
      const made = async (by: Principal, more: Params = {}) =>
        withToken(house, (await house.call<IssuedToken>('token.create', { name: 'next', ...more }, by)).token);
      const second = await made(await withToken(house, first.token));
      const third = await made(second, { agent: true });
      const apply = (by: Principal) => house.refused('change_set.apply', { changeSet, waitMs: 10_000 }, by);
      await house.call('budget.set', {
        budgets: { format: 1, roles: {}, tokens: { [id]: { changedComponentsMax: 0 } } },
      });
      for (const by of [second, third])
        expect(await apply(by)).toMatchObject({
          code: 'budget_exceeded',
          expected: expect.stringContaining(`(token ${id})`),
        });
      await house.call('budget.set', { budgets: { format: 1, roles: {}, tokens: {} } });
      const text = `forbid(principal, action == Headwater::Action::"apply", resource) when { principal has token && principal.token == "${id}" };`;
      await house.call('policy.set', { text });
      for (const by of [second, third]) expect((await apply(by)).code).toBe('access_denied');
      const free = await withToken(house, (await house.call<IssuedToken>('token.create', { name: 'free' }, ada)).token);
      await house.call('change_set.apply', { changeSet, waitMs: 10_000 }, free);
    });

    test('[AC91] one that is revoked ends all that were made with it, in whichever workspace, and what they scheduled', async () => {
      const house = await make({});
      const changeSet = await house.withBox();
      await house.create(changeSet, 'it');
      await house.call('workspace.create', { name: 'other' });
      const issue = (by: Principal, more: Params = {}) =>
        house.call<IssuedToken>('token.create', { name: 't', ...more }, by);
      const first = await issue(ada, { reach: 'installation' });
      const second = await issue(await withToken(house, first.token), { reach: 'installation' });
      const who = await withToken(house, second.token);
      const third = await issue(who);
      const elsewhere = await issue(who, { workspace: 'other', reach: 'installation' });
      const back = await issue(await withToken(house, elsewhere.token));
      const beside = await issue(ada);
      await house.call('apply.schedule', { changeSet, at: Date.now() + 1_000 }, await withToken(house, third.token));
      const told = async ({ token }: IssuedToken) => {
        const bearer = await bearerOf(house.engine, token, (a, b) => a === b);
        return bearer.ok || bearer.refusal.got;
      };
      const all = [first, second, third, elsewhere, back, beside];
      for (const token of all) expect(await told(token)).toBe(true);
      await house.call('token.revoke', { token: first.line.id }, ada);
      const made = 'a token that was made with one that was revoked or has expired';
      const revoked = 'a token that was revoked';
      expect(await Promise.all(all.map(told))).toEqual([revoked, revoked, revoked, made, revoked, true]);
      let scheduled: { readonly status: string }[] = [];
      do {
        await new Promise((r) => setTimeout(r, 50));
        scheduled = await house.call('apply.scheduled');
      } while (scheduled[0]!.status === 'waiting');
      expect(scheduled).toMatchObject([{ status: 'refused', refusal: { code: 'access_denied', got: revoked } }]);
    });

    test('[AC81] makes none that lives longer, for oneself or an agent; one without an end makes any', async () => {
      const house = await make({});
      await house.withBox();
      await house.call('member.set', { member: 'robot', role: 'collaborator' });
      const endMs = Date.now() + 3_600_000;
      const make1 = (params: Params, by: Principal) =>
        house.call<IssuedToken>('token.create', { name: 't', ...params }, by);
      const forever = await withToken(house, (await make1({}, ada)).token);
      const ending = await withToken(house, (await make1({ expiresAtMs: endMs }, forever)).token);
      const agent = { agent: true, user: 'robot' };
      for (const more of [{}, agent]) {
        for (const expiresAtMs of [undefined, endMs + 1]) {
          const refusal = await house.refused(
            'token.create',
            { name: 't', ...more, ...(expiresAtMs === undefined ? {} : { expiresAtMs }) },
            ending,
          );
          expect(refusal).toMatchObject({
            code: 'access_denied',
            expected: `an expiry by ${new Date(endMs).toISOString()}, that of the token asked with`,
          });
        }
        expect((await make1({ ...more, expiresAtMs: endMs }, ending)).line.expiresAtMs).toBe(endMs);
        expect((await make1(more, forever)).line.expiresAtMs).toBeNull();
      }
      const next = await withToken(house, (await make1({ expiresAtMs: endMs - 5 }, ending)).token);
      expect((await house.refused('token.create', { name: 't', expiresAtMs: endMs }, next)).code).toBe('access_denied');
    });
  });
});
