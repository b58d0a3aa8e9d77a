// The built-in policies and the table of roles say the same; texts of policies are read, checked and refused in words.

import { describe, expect, test } from 'vitest';
import { policySchema } from '../../src/access/policies_built_in.ts';
import type { PolicyRequest } from '../../src/access/policy.ts';
import { authorise, authoriseOwn, type Permission, type Principal, permissions, roles } from '../../src/access/role.ts';
import { openCedar } from '../../src/adapters/cedar/cedar.ts';
import { must, refusalText } from '../../src/base/result.ts';
import type { Policies } from '../../src/ports/policy_engine.ts';

const cedar = openCedar();
const workspace = { kind: 'Workspace', id: 'w', name: 'default' } as const;
const opened = async (text: string): Promise<Policies> => must(await cedar.open(text));
const refusalOf = async (text: string) => {
  const done = await cedar.open(text);
  if (done.ok) throw new Error('was not refused');
  return done.refusal;
};

const requestOf = (principal: Principal, action: Permission, isOwn = false): PolicyRequest => ({
  principal,
  action,
  resource: workspace,
  operation: principal.operation ?? '',
  isOwn,
});

describe('the built-in policies', () => {
  test('[AC43] come to what the table of roles says, for each role, permission, token and operation', async () => {
    const builtIn = await opened('');
    const scopes = [undefined, [], ...permissions.map((p) => [p]), permissions] as const;
    let asked = 0;
    for (const role of roles) {
      for (const scope of scopes) {
        for (const isAgent of [false, true]) {
          for (const operation of ['', 'submit', 'policy.set', 'policy.remove', 'policy.test', 'change_set.reopen']) {
            const principal: Principal = {
              id: 'p',
              role,
              operation,
              ...(scope === undefined ? {} : { token: 't', scopes: scope }),
              ...(isAgent ? { isAgent: true } : {}),
            };
            for (const action of permissions) {
              asked++;
              const said = authorise(principal, action);
              const decided = builtIn.decide(requestOf(principal, action));
              const at = JSON.stringify([principal, action, decided]);
              expect(decided.isAllowed, at).toBe(said.ok);
              if (said.ok) continue;
              const named = (said.refusal.data as { policies: string[] }).policies;
              expect(decided.by.length === 0 ? [`role.${role}`] : decided.by, at).toEqual(
                expect.arrayContaining(named),
              );
              expect(refusalText(said.refusal)).toContain(named[0]);
            }
            for (const action of ['approve', 'manage'] as const) {
              const own = builtIn.decide(requestOf(principal, action, true));
              expect(own.isAllowed).toBe(authoriseOwn(principal, action).ok);
            }
          }
        }
      }
    }
    expect(asked).toBe(4 * 11 * 2 * 6 * 8);
    builtIn.close();
  });
});

describe('a text of policies', () => {
  test('[AC44] is read with its ids, in its order, and decides together with the built-in ones', async () => {
    const many = Array.from(
      { length: 12 },
      (_, i) => `forbid(principal, action, resource) when { context.operation == "o${i}" };`,
    );
    const policies = await opened(
      `${many.join('\n')}\n@id("eve edits") permit(principal == Headwater::User::"eve", action == Headwater::Action::"edit", resource);`,
    );
    expect(policies.lines.map((l) => [l.id, l.effect])).toEqual([
      ...many.map((_, i) => [`policy${i}`, 'forbid']),
      ['eve edits', 'permit'],
    ]);
    expect(policies.lines[11]!.text).toContain('"o11"');
    const ask = (id: string, operation: string) =>
      policies.decide({ ...requestOf({ id, role: 'viewer' }, 'edit'), operation });
    expect(ask('eve', 'submit')).toEqual({ isAllowed: true, by: ['eve edits'], failed: [] });
    expect(ask('eve', 'o10')).toEqual({ isAllowed: false, by: ['policy10'], failed: [] });
    expect(ask('vic', 'submit')).toEqual({ isAllowed: false, by: [], failed: [] });
    policies.close();
    expect(() => ask('eve', 'submit')).toThrow('closed');
  });

  test.each<[string, string, string, { line: number; column: number }]>([
    [
      'no Cedar',
      'permit(principal, action, resource);\nforbid(principal action, resource);',
      'unexpected token',
      { line: 2, column: 18 },
    ],
    [
      'an attribute that is not there',
      '// é\nforbid(principal, action == Headwater::Action::"edit", resource)\nwhen { resource.nam == "x" };',
      'nam',
      { line: 3, column: 8 },
    ],
    [
      'an action that is not there',
      'forbid(principal, action == Headwater::Action::"fly", resource);',
      'fly',
      { line: 1, column: 29 },
    ],
    [
      'an id twice',
      '@id("a") permit(principal, action, resource);\n@id("a") permit(principal, action, resource);',
      'again',
      { line: 1, column: 1 },
    ],
    [
      'an id of a built-in one',
      '@id("role.owner") forbid(principal, action, resource);',
      'role.owner',
      { line: 1, column: 1 },
    ],
    ['a template', 'permit(principal == ?principal, action, resource);', 'template', { line: 1, column: 1 }],
  ])('[AC44] %s is refused with line and column', async (_, text, got, at) => {
    const refusal = await refusalOf(text);
    expect(refusal).toMatchObject({ code: 'policy_invalid', path: 'text', data: at });
    expect(refusal.got).toContain(got);
    expect(refusal.got).toContain(`line ${at.line}, column ${at.column}`);
  });

  test('[AC44] a policy that cannot be evaluated on a request counts as a forbid', async () => {
    const policies = await opened(
      '@id("sum") permit(principal, action, resource) when { 9223372036854775807 + (if principal.isAgent then 1 else 0) > 0 };',
    );
    const ask = (isAgent: boolean) =>
      policies.decide(requestOf({ id: 'p', role: 'owner', ...(isAgent ? { isAgent: true } : {}) }, 'read'));
    expect(ask(false)).toEqual({ isAllowed: true, by: ['role.owner', 'sum'], failed: [] });
    expect(ask(true)).toEqual({ isAllowed: false, by: [], failed: ['sum'] });
    policies.close();
  });

  test('[AC44] one that is too long is refused', async () => {
    expect((await refusalOf(`//${'x'.repeat(70_000)}`)).code).toBe('limit_exceeded');
  });

  test('[AC44] the schema has every permission as an action', async () => {
    for (const p of permissions) expect(policySchema).toContain(`"${p}"`);
  });
});
