// Policies that keep components from being read: refused where one is asked for, left out of lists with how many; and what it
// costs where no policy looks at components.

import { describe, expect, test } from 'vitest';
import type { PolicyRequest } from '../../src/access/policy.ts';
import type { Principal } from '../../src/access/role.ts';
import { openCedar } from '../../src/adapters/cedar/cedar.ts';
import type { AuditRecord } from '../../src/engine/audit.ts';
import type { PolicyAnswer } from '../../src/engine/policy_settings.ts';
import type { PolicyEngine } from '../../src/ports/policy_engine.ts';
import { boxSpec, eachStore, type House, type Params } from '../engine/house.ts';

/** The role is that of the membership. */
const eve: Principal = { id: 'eve', role: 'owner' };
const read = 'action == Headwater::Action::"read"';
const hidden = `@id("no vaults") forbid(principal, ${read}, resource is Headwater::Component) when { resource.schema == "Vault" } unless { principal in Headwater::Role::"owner" };`;

/** Cedar, with what it was asked. */
function listening(): { policies: PolicyEngine; asked: PolicyRequest[] } {
  const [cedar, asked] = [openCedar(), [] as PolicyRequest[]];
  const open: PolicyEngine['open'] = async (text) => {
    const opened = await cedar.open(text);
    if (!opened.ok) return opened;
    const { decide, ...rest } = opened.value;
    const heard = (r: PolicyRequest) => {
      asked.push(r);
      return decide(r);
    };
    return { ok: true, value: { ...rest, decide: heard } };
  };
  return { policies: { open }, asked };
}

eachStore((make) => {
  /** Ada owns, Eve edits; on Head `a` and `b`, both Box, in view Net, and `safe`, a Vault, which `b` follows. */
  async function office(policies: PolicyEngine = openCedar()): Promise<House> {
    const house = await make({ policies });
    const base = await house.withBox(false);
    await house.create(base, 'a');
    await house.submit(
      base,
      { kind: 'schema.create', name: 'Vault', spec: boxSpec as never },
      { kind: 'component.create', schema: 'Vault', name: 'safe', attributes: { '/domain/text': 'deep' } },
    );
    await house.create(base, 'b');
    await house.submit(base, {
      kind: 'attribute.subscribe',
      component: 'b',
      path: '/domain/text',
      source: { component: 'safe', path: '/domain/text' },
    });
    await house.call('change_set.apply', { changeSet: base });
    await house.call('member.set', { member: 'eve', role: 'collaborator' });
    return house;
  }

  const namesOf = (list: readonly { readonly name?: string; readonly component?: string }[]) =>
    list.map((c) => c.name ?? c.component).sort();
  interface Lists {
    readonly items?: readonly { name: string }[];
    readonly nodes?: readonly { name: string }[];
    readonly edges?: readonly object[];
    readonly components?: readonly { name?: string; component?: string }[];
    readonly leftOutByPolicy?: number;
  }
  const lists = [
    'component.list',
    'component.search',
    'component.match',
    'component.graph',
    'component.declared',
    'state.read',
  ];
  const listOf = async (house: House, operation: string, given: Params = {}, as?: Principal) => {
    const list = await house.call<Lists>(operation, given, as);
    return [namesOf(list.items ?? list.nodes ?? list.components ?? []), list.leftOutByPolicy] as const;
  };
  const alone = [
    'component.get',
    'component.describe',
    'component.resource',
    'component.history',
    'component.suggest',
    'component.graph',
    'explain',
    'why',
  ];
  const at: Params = { component: 'safe', path: '/domain/text' };

  describe('a component that policies keep from being read', () => {
    test('[EN725] is refused with the policy wherever it is asked for, by name or id, and that is in the audit', async () => {
      const house = await office();
      const { id } = await house.call<{ id: string }>('component.get', at);
      await house.call('policy.set', { text: hidden });
      for (const operation of alone) {
        for (const component of ['safe', id]) {
          const refusal = await house.refused(operation, { ...at, component }, eve);
          expect([operation, refusal.code, refusal.data]).toEqual([
            operation,
            'access_denied',
            { policies: ['no vaults'], action: 'read', resource: 'Component safe' },
          ]);
        }
        for (const [given, as] of [[{ ...at, component: 'a' }, eve] as const, [at] as const]) {
          const may = await house.attempt(operation, given, as);
          expect([operation, may.ok || may.refusal.code]).toEqual([
            operation,
            operation === 'component.resource' ? 'resource_not_found' : true,
          ]);
        }
      }
      expect((await house.refused('component.declared', { components: ['a', 'safe'] }, eve)).code).toBe(
        'access_denied',
      );
      const denied = await house.call<AuditRecord[]>('audit.list', { changeSet: 'HEAD', kind: 'access.denied' });
      expect(denied[0]).toMatchObject({ actor: 'eve', sentence: expect.stringContaining('to read a component') });
    });

    test('[EN725] is so at every version, also one at which it was not there, or was called otherwise', async () => {
      const house = await office();
      const { id } = await house.call<{ id: string }>('component.get', at);
      const { version } = await house.row('HEAD');
      const work = await house.open('names');
      await house.submit(work, { kind: 'component.rename', component: id, name: 'vault' });
      await house.call('change_set.apply', { changeSet: work });
      await house.call('policy.set', { text: hidden });
      for (const operation of alone)
        for (const component of ['safe', 'vault', id])
          for (const given of [0, version]) {
            const got = await house.attempt(operation, { ...at, component, version: given }, eve);
            const code = got.ok ? 'read' : got.refusal.code;
            expect([operation, component, given, code]).toEqual([
              operation,
              component,
              given,
              // A name that is no component's, neither then nor now, is nothing that anybody is kept from.
              component === 'safe' && given === 0 ? expect.stringMatching(/_not_found$/) : 'access_denied',
            ]);
          }
    });

    test('[EN726] is left out of every list, which says how many were', async () => {
      const house = await office();
      for (const operation of lists)
        expect(await listOf(house, operation, {}, eve)).toEqual([['a', 'b', 'safe'], undefined]);
      await house.call('policy.set', { text: hidden });
      for (const operation of lists) {
        expect([operation, await listOf(house, operation, {}, eve)]).toEqual([operation, [['a', 'b'], 1]]);
        expect(await listOf(house, operation)).toEqual([['a', 'b', 'safe'], 0]);
      }
      expect(await listOf(house, 'component.search', { query: 'schema:Vault' }, eve)).toEqual([[], 1]);
      const { edges } = await house.call<Lists>('component.graph', {}, eve);
      expect([edges!.length, (await house.call<Lists>('component.graph')).edges!.length]).toEqual([0, 1]);
      // Page by page nothing is lost, and each page says of itself.
      let [cursor, seen, left]: [string | null | undefined, string[], number] = [undefined, [], 0];
      do {
        const page: Lists & { nextCursor: string | null } = await house.call(
          'component.search',
          { limit: 1, ...(cursor ? { cursor } : {}) },
          eve,
        );
        seen = seen.concat(namesOf(page.items!) as string[]);
        left += page.leftOutByPolicy!;
        cursor = page.nextCursor;
      } while (cursor !== null);
      expect([seen.sort(), left]).toEqual([['a', 'b'], 1]);
    });

    test('[EN725] is so by its name, its view or its id, and not seen by who renames it', async () => {
      const house = await office();
      const { id } = await house.call<{ id: string }>('component.get', at);
      const work = await house.open('work');
      for (const condition of ['resource.name == "safe"', `resource.id == "${id}"`, 'resource.name like "s*"']) {
        await house.call('policy.set', { text: `forbid(principal, ${read}, resource) when { ${condition} };` });
        expect((await house.refused('component.get', at, eve)).code).toBe('access_denied');
        // An owner is no exception where the policy makes none.
        expect((await house.refused('component.get', at)).code).toBe('access_denied');
      }
      await house.call(
        'submit',
        { changeSet: work, mutations: [{ kind: 'component.rename', component: id, name: 'plain' }] },
        eve,
      );
      const renamed = { ...at, changeSet: work, component: 'plain' };
      expect((await house.refused('component.get', renamed, eve)).code).toBe('access_denied');
      expect(await listOf(house, 'component.list', { changeSet: work }, eve)).toEqual([['a', 'b'], 1]);
      await house.submit(
        work,
        { kind: 'view.create', name: 'Net' },
        { kind: 'view.add_component', view: 'Net', component: 'a' },
      );
      await house.call('policy.set', {
        text: `forbid(principal, ${read}, resource is Headwater::Component) when { resource.views.contains("Net") };`,
      });
      expect((await house.refused('component.get', { changeSet: work, component: 'a' }, eve)).code).toBe(
        'access_denied',
      );
      await house.call('component.get', { component: 'a' }, eve);
    });

    test('[EN725] may be asked about before the policy is set', async () => {
      const house = await office();
      const question = { action: 'read', user: 'eve', text: hidden };
      expect(await house.call<PolicyAnswer>('policy.test', { ...question, component: 'safe' })).toMatchObject({
        allowed: false,
        own: ['no vaults'],
      });
      for (const more of [{ component: 'a' }, {}])
        expect((await house.call<PolicyAnswer>('policy.test', { ...question, ...more })).allowed).toBe(true);
    });
  });

  test('[EN727] a read is decided once, with its operation, where no policy looks at components', async () => {
    const { policies, asked } = listening();
    const house = await office(policies);
    const decided = async (text: string, operation: string, given: Params = {}): Promise<string[]> => {
      await house.call('policy.set', { text });
      asked.length = 0;
      await house.call(operation, given, eve);
      return asked.map((r) => r.resource.kind);
    };
    const others = [
      'forbid(principal, action == Headwater::Action::"edit", resource is Headwater::Component) when { resource.schema == "Vault" };',
      `forbid(principal, ${read}, resource) when { principal.isAgent };`,
      `forbid(principal, ${read}, resource is Headwater::Workspace) when { resource.name == "x" };`,
      'forbid(principal, action, resource) when { context.operation == "component.bulk_set" };',
    ];
    for (const text of others)
      for (const operation of ['component.list', 'component.search'])
        expect([text, await decided(text, operation)]).toEqual([text, ['Workspace']]);
    // As many decisions as there are schemas, however many components there are.
    expect(await decided(hidden, 'component.list')).toEqual(['Workspace', 'Component', 'Component']);
    for (const text of [
      'forbid(principal, action, resource) when { resource is Headwater::Component && resource.schema == "Other" };',
      `forbid(principal, action in [Headwater::Action::"edit", Headwater::Action::"read"], resource == Headwater::Component::"x");`,
    ])
      expect((await decided(text, 'component.list')).filter((kind) => kind === 'Component').length).toBeGreaterThan(0);
  });
});
