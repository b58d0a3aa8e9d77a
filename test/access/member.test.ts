// Members and roles: the document, changes of it, and who may do what.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Member,
  membersText,
  parseMember,
  parseMembers,
  principalOf,
  withMember,
  withoutMember,
} from '../../src/access/member.ts';
import { authorise, authoriseOwn, type Permission, permissions, type Role, roles } from '../../src/access/role.ts';
import { checkRefusal, runs } from '../support/model_world.ts';
import { member } from './pending_world.ts';

const ada = member('ada', 'owner');
const refusalOf = (r: ReturnType<typeof parseMembers>) => {
  if (r.ok) throw new Error('not refused');
  checkRefusal(r.refusal);
  return r.refusal;
};

describe('the document', () => {
  const of = (...members: unknown[]) => ({ format: 1, members });

  test('[AC20] is read back as it was written', () => {
    const members = [ada, member('bob', 'viewer', false)];
    expect(parseMembers(JSON.parse(membersText(members)))).toEqual({ ok: true, value: members });
    expect(parseMember({ id: 'bob', role: 'viewer' })).toEqual({ ok: true, value: member('bob', 'viewer') });
  });

  test.each<[string, unknown, string, string]>([
    ['nothing', undefined, 'request_malformed', 'members'],
    ['another format', { ...of(ada), format: 2 }, 'request_malformed', 'members'],
    ['no list', { format: 1, members: {} }, 'request_malformed', 'members'],
    ['a member that is none', of(ada, null), 'request_malformed', 'members/1'],
    ['no id', of({ role: 'owner' }), 'request_malformed', 'members/0/id'],
    ['an empty id', of(ada, { id: ' ', role: 'owner' }), 'request_malformed', 'members/1/id'],
    ['an id with a line break', of({ id: 'a\nb', role: 'owner' }), 'request_malformed', 'members/0/id'],
    ['an id that is a role’s name', of(ada, { id: 'approver', role: 'viewer' }), 'request_malformed', 'members/1/id'],
    ['an unknown role', of(ada, { id: 'b', role: 'admin' }), 'request_malformed', 'members/1/role'],
    ['a flag that is none', of({ ...ada, active: 'yes' }), 'request_malformed', 'members/0/active'],
    ['an id twice', of(ada, member('bob'), member('bob', 'viewer')), 'already_exists', 'members/2/id'],
    ['no owner', of(member('bob', 'approver')), 'last_owner', 'members'],
    ['an inactive owner alone', of(member('ada', 'owner', false)), 'last_owner', 'members'],
  ])('[AC20] [AC21] with %s is refused', (_what, x, code, path) => {
    expect(refusalOf(parseMembers(x))).toMatchObject({ code, path });
  });
});

describe('a change', () => {
  test('[AC21] adds, replaces in place, and removes', () => {
    const added = withMember([ada], member('bob'));
    expect(added).toEqual({ ok: true, value: [ada, member('bob')] });
    expect(withMember([member('bob'), ada], member('bob', 'viewer'))).toEqual({
      ok: true,
      value: [member('bob', 'viewer'), ada],
    });
    expect(withoutMember([ada, member('bob')], 'bob')).toEqual({ ok: true, value: [ada] });
    expect(refusalOf(withoutMember([ada], 'bob')).code).toBe('member_not_found');
    expect(refusalOf(withoutMember([ada, member('bob')], 'ada')).code).toBe('last_owner');
  });

  test('[AC21] whatever it is, leaves an active owner and every id once, or is refused', () => {
    const id = fc.constantFrom('ada', 'bob', 'cid');
    const change = fc.oneof(id, fc.record({ id, role: fc.constantFrom(...roles), active: fc.boolean() }));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 20 }), (changes) => {
        let members: readonly Member[] = [ada];
        for (const c of changes) {
          const next = typeof c === 'string' ? withoutMember(members, c) : withMember(members, c);
          if (next.ok) members = next.value;
          else if (next.refusal.code === 'last_owner') {
            const others = members.filter((m) => m.id !== (typeof c === 'string' ? c : c.id));
            expect(others.some((m) => m.role === 'owner' && m.active)).toBe(false);
          }
          expect(parseMembers(JSON.parse(membersText(members)))).toEqual({ ok: true, value: members });
        }
      }),
      { numRuns: runs(500), seed: 75 },
    );
  });
});

describe('a principal', () => {
  test('[AC22] is an active member in the role of the membership', () => {
    const members = [ada, member('bob', 'viewer'), member('old', 'owner', false)];
    expect(principalOf(members, { id: 'bob' })).toEqual({ ok: true, value: { id: 'bob', role: 'viewer' } });
    expect(principalOf(members, { id: 'ada', token: 't1' })).toEqual({
      ok: true,
      value: { id: 'ada', role: 'owner', token: 't1' },
    });
    for (const id of ['old', 'zoe', ''])
      expect(principalOf(members, { id })).toMatchObject({ ok: false, refusal: { code: 'access_denied' } });
  });

  const may: Record<Role, readonly Permission[]> = {
    owner: ['read', 'edit', 'apply', 'abandon', 'maintain', 'approve', 'manage', 'apply:force'],
    approver: ['read', 'edit', 'apply', 'abandon', 'approve'],
    collaborator: ['read', 'edit', 'apply', 'abandon'],
    viewer: ['read'],
  };
  test.each(roles.flatMap((role) => permissions.map((p) => [role, p] as const)))(
    '[AC22] %s, %s',
    (role, permission) => {
      expect(authorise({ id: 'p', role }, permission).ok).toBe(may[role].includes(permission));
    },
  );

  test('[AC30] an agent forces nothing and decides on nothing, and may do everything else that its role may', () => {
    const agent = { id: 'p', role: 'owner', isAgent: true, token: 't' } as const;
    expect(permissions.filter((p) => !authorise(agent, p).ok)).toEqual(['approve', 'apply:force']);
    const scoped = authorise({ ...agent, scopes: ['apply:force'] }, 'apply:force');
    expect(scoped).toMatchObject({
      ok: false,
      refusal: { code: 'access_denied', expected: 'a person to apply:force' },
    });
    expect(authorise({ id: 'p', role: 'owner', token: 't', scopes: ['apply'] }, 'apply:force').ok).toBe(false);
    expect(authorise({ id: 'p', role: 'owner', token: 't', scopes: ['apply:force'] }, 'apply:force').ok).toBe(true);
  });

  test("[AC41] one's own affair takes no role, and of a token with scopes the one that it is about", () => {
    const own = (scopes?: readonly Permission[]) => ({
      id: 'p',
      role: 'viewer' as const,
      ...(scopes === undefined ? {} : { token: 't', scopes }),
    });
    expect(authoriseOwn(own(), 'approve').ok).toBe(true);
    expect(authoriseOwn(own(['read', 'approve']), 'approve').ok).toBe(true);
    expect(authoriseOwn(own(['read', 'approve']), 'manage')).toMatchObject({
      ok: false,
      refusal: { code: 'access_denied', expected: 'a token with the scope manage' },
    });
  });
});
