// Policies of a workspace, from outside: what they forbid and permit, on what, to whom; set, tried, taken away.

import { describe, expect, test } from 'vitest';
import type { Principal } from '../../src/access/role.ts';
import { openCedar } from '../../src/adapters/cedar/cedar.ts';
import type { Json } from '../../src/base/json.ts';
import type { Refusal } from '../../src/base/result.ts';
import type { AuditRecord } from '../../src/engine/audit.ts';
import { Engine } from '../../src/engine/engine.ts';
import { callOperation } from '../../src/engine/operations.ts';
import type { PolicyAnswer, PolicyList } from '../../src/engine/policy_settings.ts';
import type { PolicyEngine } from '../../src/ports/policy_engine.ts';
import { eachStore, type House, type Params } from '../engine/house.ts';

/** The role is that of the membership, so what is said here does not count. */
const as = (id: string): Principal => ({ id, role: 'owner' });
const [eve, vic] = [as('eve'), as('vic')];
const robot: Principal = { ...as('eve'), token: 't', home: '', reach: 'memberships', isAgent: true };
const edit = 'action == Headwater::Action::"edit"';

const setTo = (component: string, path: string, value: Json): Params => ({
  mutations: [{ kind: 'attribute.set', component, path, value }],
});

const functionNamed = (name: string): Json => ({
  kind: 'function.create',
  name,
  functionKind: 'qualification',
  text: 'function main() {}',
});

const policiesOf = (r: Refusal) => (r.data as { policies: string[] }).policies;

eachStore((make) => {
  /** Ada owns, Eve edits, Vic looks; components `a` in view Net and `b`, both Box, on Head; change set `work`. */
  async function office(policies: PolicyEngine = openCedar()): Promise<{ house: House; changeSet: string }> {
    const house = await make({ policies });
    const base = await house.withBox(false);
    await house.create(base, 'a');
    await house.create(base, 'b');
    await house.submit(
      base,
      { kind: 'view.create', name: 'Net' },
      { kind: 'view.add_component', view: 'Net', component: 'a' },
    );
    await house.call('change_set.apply', { changeSet: base });
    await house.call('member.set', { member: 'eve', role: 'collaborator' });
    await house.call('member.set', { member: 'vic', role: 'viewer' });
    return { house, changeSet: await house.open('work') };
  }

  const set = (house: House, text: string) => house.call<PolicyList>('policy.set', { text });

  describe('policies of a workspace', () => {
    test.each<[string, string, Params, Params]>([
      [
        'a path',
        `forbid(principal, ${edit}, resource) when { context has path && context.path like "/domain/inner*" };`,
        setTo('a', '/domain/inner/a', 'x'),
        setTo('a', '/domain/text', 'x'),
      ],
      [
        'a view',
        `forbid(principal, ${edit}, resource is Headwater::Component) when { resource.views.contains("Net") };`,
        setTo('a', '/domain/size', 1),
        setTo('b', '/domain/size', 1),
      ],
      [
        'a name',
        `forbid(principal, ${edit}, resource is Headwater::Component) when { resource.name like "a*" };`,
        setTo('a', '/domain/size', 1),
        setTo('b', '/domain/size', 1),
      ],
      [
        'a schema',
        `forbid(principal, ${edit}, resource is Headwater::Component) when { resource.schema == "Box" };`,
        { mutations: [{ kind: 'component.create', schema: 'Box', name: 'c', attributes: {} }] },
        { mutations: [{ kind: 'view.create', name: 'Other' }] },
      ],
      [
        'a value of what is created',
        `forbid(principal, ${edit}, resource) when { context has path && context.path == "/domain/text" };`,
        { mutations: [{ kind: 'component.create', schema: 'Box', name: 'c', attributes: { '/domain/text': 'x' } }] },
        { mutations: [{ kind: 'component.create', schema: 'Box', name: 'c', attributes: { '/domain/size': 1 } }] },
      ],
      [
        'a change set',
        `forbid(principal, ${edit}, resource is Headwater::ChangeSet) when { resource.name == "work" };`,
        setTo('a', '/domain/size', 1),
        { changeSet: 'free', ...setTo('a', '/domain/size', 1) },
      ],
      [
        'a view itself',
        `forbid(principal, ${edit}, resource is Headwater::View);`,
        { mutations: [{ kind: 'view.create', name: 'Other' }] },
        setTo('a', '/domain/size', 1),
      ],
      [
        'a function itself',
        `forbid(principal, ${edit}, resource is Headwater::Function) when { resource.name == "f" };`,
        { mutations: [functionNamed('f')] },
        { mutations: [functionNamed('g')] },
      ],
    ])(
      '[EN570] forbid edits on %s, and nothing else; what is refused changes nothing and is told',
      async (_, text, forbidden, free) => {
        const { house, changeSet } = await office();
        await house.open('free');
        await set(house, `@id("mine") ${text}`);
        const before = await house.row(changeSet);
        const refusal = await house.refused('submit', { changeSet, ...forbidden }, eve);
        expect(refusal).toMatchObject({
          code: 'access_denied',
          got: expect.stringContaining('denied by policy "mine"'),
        });
        expect(policiesOf(refusal)).toEqual(['mine']);
        // Deny wins over every permit, also over that of an owner.
        expect((await house.refused('submit', { changeSet, ...forbidden })).code).toBe('access_denied');
        expect(await house.row(changeSet)).toEqual(before);
        await house.call('submit', { changeSet, ...free }, eve);
        const told = await house.call<AuditRecord[]>('audit.list', { changeSet: 'HEAD', kind: 'access.denied' });
        expect(told.map((r) => r.sentence)).toContain('refuse eve (collaborator) to edit');
        await house.sound();
      },
    );

    test('[EN571] forbid an operation, to agents only, and reading', async () => {
      const { house, changeSet } = await office();
      await set(
        house,
        `@id("no bulk") forbid(principal, action, resource) when { principal.isAgent && context.operation == "component.bulk_set" };
         @id("blind") forbid(principal == Headwater::User::"vic", action == Headwater::Action::"read", resource) when { context.operation like "secret.*" };`,
      );
      const bulk = { changeSet, query: 'a', set: { '/domain/size': 2 } };
      expect(policiesOf(await house.refused('component.bulk_set', bulk, robot))).toEqual(['no bulk']);
      await house.call('component.bulk_set', bulk, eve);
      await house.call('submit', { changeSet, ...setTo('b', '/domain/size', 1) }, robot);
      expect(policiesOf(await house.refused('secret.list', {}, vic))).toEqual(['blind']);
      await house.call('secret.list', {}, eve);
      await house.call('component.list', {}, vic);
    });

    test('[EN572] permit what a role does not, where nothing forbids it; other refusals name the role', async () => {
      const { house, changeSet } = await office();
      const before = await house.refused('submit', { changeSet, ...setTo('b', '/domain/size', 1) }, vic);
      expect(before.got).toContain('role.viewer does not give edit');
      expect(policiesOf(before)).toEqual(['role.viewer']);
      await set(
        house,
        `permit(principal == Headwater::User::"vic", ${edit}, resource)
         unless { resource is Headwater::Component && resource.views.contains("Net") };`,
      );
      await house.call('submit', { changeSet, ...setTo('b', '/domain/size', 1) }, vic);
      const refusal = await house.refused('submit', { changeSet, ...setTo('a', '/domain/size', 1) }, vic);
      expect(refusal.got).toContain('role.viewer does not give edit');
      expect((await house.refused('change_set.apply', { changeSet }, vic)).code).toBe('access_denied');
      // What is for people stays for people.
      await set(house, 'permit(principal, action, resource);');
      expect(policiesOf(await house.refused('change_set.force_apply', { changeSet }, robot))).toEqual(['people.force']);
      expect(policiesOf(await house.refused('policy.remove', {}, robot))).toEqual(['people.policies']);
    });

    test('[EN573] never lock an owner out of them', async () => {
      const { house, changeSet } = await office();
      await set(house, '@id("nothing") forbid(principal, action, resource);');
      for (const [operation, params] of [
        ['change_set.list', {}],
        ['submit', { changeSet, ...setTo('a', '/domain/size', 1) }],
        ['member.set', { member: 'zoe', role: 'owner' }],
      ] as const)
        expect(policiesOf(await house.refused(operation, params))).toEqual(['nothing']);
      expect((await house.call<PolicyList>('policy.list')).policies.map((p) => p.id)).toEqual(['nothing']);
      expect(await house.call<PolicyAnswer>('policy.test', { action: 'read' })).toMatchObject({
        allowed: false,
        own: ['nothing'],
      });
      for (const operation of ['policy.list', 'policy.remove', 'policy.test', 'policy.set'])
        expect((await house.refused(operation, { action: 'read', text: '' }, eve)).code, operation).toBe(
          'access_denied',
        );
      await house.call('policy.remove');
      await house.call('change_set.list', {}, eve);
    });

    test('[EN574] are set whole, outlive a restart, are told, and hold in their workspace only', async () => {
      const { house, changeSet } = await office();
      const text = `// all of Box\n@id("box") forbid(principal, ${edit}, resource is Headwater::Component) when { resource.schema == "Box" };\n`;
      const list = await set(house, text);
      expect(list).toMatchObject({ text, policies: [{ id: 'box', effect: 'forbid' }] });
      expect(await set(house, text)).toEqual(list);
      await house.reopen();
      expect(await house.call('policy.list', {}, vic)).toEqual(list);
      expect(policiesOf(await house.refused('submit', { changeSet, ...setTo('a', '/domain/size', 1) }, eve))).toEqual([
        'box',
      ]);
      const broken = await house.refused('policy.set', {
        text: `${text}forbid(principal, action, resource) when { resource.size == 1 };`,
      });
      expect(broken).toMatchObject({ code: 'policy_invalid', got: expect.stringContaining('line 3, column') });
      expect(await house.call('policy.list')).toEqual(list);
      expect((await house.refused('policy.set', { text: 'permit(principal, action, resource);' }, eve)).code).toBe(
        'access_denied',
      );
      await house.call('workspace.create', { name: 'other' });
      expect(await house.call('policy.list', { workspace: 'other' })).toMatchObject({ text: '', policies: [] });
      const { id } = await house.call<{ id: string }>('change_set.create', { workspace: 'other', name: 'w' });
      const box = {
        kind: 'schema.create',
        name: 'Box',
        spec: {
          format: 1,
          domain: { kind: 'object', properties: {} },
          resourceValue: { kind: 'object', properties: {} },
          secrets: { kind: 'object', properties: {} },
          definitions: {},
        },
      };
      const made = { kind: 'component.create', schema: 'Box', name: 'c', attributes: {} };
      await house.call('submit', { workspace: 'other', changeSet: id, mutations: [box, made] });
      await house.call('policy.remove');
      await house.call('submit', { changeSet, ...setTo('a', '/domain/size', 1) }, eve);
      const told = await house.call<AuditRecord[]>('audit.list', { changeSet: 'HEAD' });
      expect(told.filter((r) => r.kind.startsWith('policy.')).map((r) => [r.kind, r.actor, r.sentence])).toEqual(
        expect.arrayContaining([
          ['policy.set', 'ada', 'set the policies to box'],
          ['policy.remove', 'ada', 'remove all policies'],
        ]),
      );
      expect(told.filter((r) => r.kind === 'policy.set')).toHaveLength(1);
      await house.sound();
    });

    test('[EN575] an apply is decided on each part that it changes', async () => {
      const { house, changeSet } = await office();
      await house.call('submit', { changeSet, ...setTo('a', '/domain/size', 7) }, eve);
      await set(
        house,
        '@id("net") forbid(principal, action == Headwater::Action::"apply", resource is Headwater::Component) when { resource.views.contains("Net") } unless { principal in Headwater::Role::"owner" };',
      );
      const before = await house.everything();
      expect(policiesOf(await house.refused('change_set.apply', { changeSet }, eve))).toEqual(['net']);
      expect(JSON.parse(before)[1][0].intentRoot).toBe(JSON.parse(await house.everything())[1][0].intentRoot);
      await house.call('change_set.apply', { changeSet });
    });

    test('[EN575] a revert is an edit of what it takes back', async () => {
      const { house, changeSet } = await office();
      await house.call('submit', { changeSet, ...setTo('a', '/domain/size', 7) }, eve);
      await house.call('change_set.apply', { changeSet });
      await set(
        house,
        `@id("net") forbid(principal, ${edit}, resource is Headwater::Component) when { resource.name == "a" };`,
      );
      const before = (await house.rows()).length;
      expect(policiesOf(await house.refused('change_set.revert', { changeSet }, eve))).toEqual(['net']);
      expect(await house.rows()).toHaveLength(before);
      await house.call('policy.remove');
      await house.call('change_set.revert', { changeSet }, eve);
    });

    test('[EN576] are tried before they are set, for anybody, on anything', async () => {
      const { house, changeSet } = await office();
      const text = `@id("net") forbid(principal, ${edit}, resource is Headwater::Component) when { resource.views.contains("Net") };`;
      const ask = (params: Params) => house.call<PolicyAnswer>('policy.test', { action: 'edit', changeSet, ...params });
      expect(await ask({ user: 'eve', component: 'a', text })).toMatchObject({
        allowed: false,
        policies: ['net'],
        own: ['net'],
      });
      expect(await ask({ user: 'eve', component: 'b', text })).toMatchObject({
        allowed: true,
        policies: ['role.collaborator'],
        because: null,
      });
      expect(await ask({ user: 'eve', component: 'a' })).toMatchObject({ allowed: true });
      expect(await ask({ user: 'vic' })).toMatchObject({
        allowed: false,
        policies: [],
        because: expect.stringContaining('role.viewer'),
      });
      expect(await ask({ user: 'eve', agent: true, action: 'apply:force' })).toMatchObject({
        policies: ['people.force'],
      });
      expect((await house.refused('policy.test', { action: 'fly' })).code).toBe('request_malformed');
      expect((await house.refused('policy.test', { action: 'edit', user: 'nobody' })).code).toBe('member_not_found');
      expect((await house.call<PolicyList>('policy.list')).policies).toEqual([]);
    });

    test('[EN577] cost a decision for each kind of thing asked, however much is edited', async () => {
      let decisions = 0;
      const cedar = openCedar();
      const counting: PolicyEngine = {
        open: async (text) => {
          const opened = await cedar.open(text);
          if (!opened.ok) return opened;
          const { decide, ...rest } = opened.value;
          return {
            ok: true,
            value: {
              ...rest,
              decide: (r) => {
                decisions++;
                return decide(r);
              },
            },
          };
        },
      };
      const { house, changeSet } = await office(counting);
      const many = (n: number) =>
        Array.from(
          { length: n },
          (_, i): Json => ({
            kind: 'component.create',
            schema: 'Box',
            name: `n${n}-${i}`,
            attributes: { '/domain/size': i },
          }),
        );
      await house.call('submit', { changeSet, mutations: many(10) }, eve);
      expect(decisions).toBe(0);
      await set(
        house,
        'forbid(principal, action, resource is Headwater::Component) when { resource.schema == "Other" };',
      );
      await house.call('submit', { changeSet, mutations: many(300) }, eve);
      expect(decisions).toBeLessThan(10);
      await set(
        house,
        'forbid(principal, action, resource is Headwater::Component) when { resource.name == "other" };',
      );
      decisions = 0;
      await house.call('submit', { changeSet, mutations: many(20) }, eve);
      expect(decisions).toBeGreaterThan(20);
    });

    test('[EN578] nothing is permitted by a program that cannot decide by them', async () => {
      const { house } = await office();
      await set(house, 'permit(principal, action, resource);');
      const { store, world, catalogue } = house.engine;
      const engine = new Engine({ store, world, catalogue });
      const asked = callOperation({ engine, principal: as('ada'), progress: () => {} }, 'change_set.list', {});
      await expect(asked).rejects.toMatchObject({ code: 'policies_unavailable' });
    });
  });
});
