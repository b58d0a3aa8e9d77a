// Any JSON at all, for every operation: a refusal with a code, or an answer, and no trace of a refusal.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { systemWorld } from '../../src/adapters/system/world.ts';
import { environmentKey } from '../../src/adapters/vault/installation_key.ts';
import { keyTextOf } from '../../src/adapters/vault/key_text.ts';
import { openVault } from '../../src/adapters/vault/vault.ts';
import type { Json } from '../../src/base/json.ts';
import { Fault } from '../../src/base/result.ts';
import { type OperationName, operationNames } from '../../src/engine/operations.ts';
import type { Store } from '../../src/ports/store.ts';
import { eachStore, type House, type Params } from './house.ts';

/** Well-formed parameters of each operation; fuzzing replaces one at a time. */
const wellFormed = (changeSet: string, a: string): Record<OperationName, Params> => ({
  'workspace.list': {},
  'workspace.create': { name: 'w' },
  'change_set.create': { name: 'n', idempotencyKey: 'k' },
  'change_set.list': { all: true },
  'change_set.get': { changeSet, version: 1 },
  'change_set.review': { changeSet, version: 1 },
  'change_set.apply': { changeSet, waitMs: 1, idempotencyKey: 'k2' },
  'change_set.plan': { changeSet, waitMs: 1 },
  'change_set.outcome': { changeSet },
  'change_set.receipt': { changeSet },
  'change_set.export': { changeSet },
  'change_set.split': { changeSet, components: ['a'] },
  'change_set.edits': { changeSet },
  'change_set.undo': {
    changeSet,
    edits: ['1'],
    ofAnyone: true,
    withNeeding: true,
    ifVersion: 1,
    idempotencyKey: 'k20',
  },
  'change_set.redo': { changeSet, undo: 1, ofAnyone: true, ifVersion: 1, idempotencyKey: 'k21' },
  'change_set.pick': { changeSet, edits: ['1'], into: changeSet, idempotencyKey: 'k22' },
  'webhook.list': {},
  'webhook.create': { url: 'https://example.invalid/', kinds: ['apply'] },
  'webhook.remove': { id: '01ARZ3NDEKTSV4RRFFQ69G5FAV' },
  'webhook.enable': { id: '01ARZ3NDEKTSV4RRFFQ69G5FAV' },
  'webhook.test': { id: '01ARZ3NDEKTSV4RRFFQ69G5FAV' },
  'plan_policy.list': {},
  'plan_policy.bind': { function: 'f' },
  'plan_policy.unbind': { function: 'f' },
  'plan_policy.plan': { changeSet },
  'plan_policy.check': { changeSet },
  'freeze.list': {},
  'freeze.set': {
    window: { name: 'f', timeZone: 'UTC', from: '2020-01-01T00:00', to: '2020-01-02T00:00', reason: 'r' },
  },
  'freeze.remove': { name: 'f' },
  'apply.schedule': { changeSet, at: '2099-01-01T00:00Z' },
  'apply.scheduled': {},
  'apply.unschedule': { id: '01ARZ3NDEKTSV4RRFFQ69G5FAV' },
  'change_set.promote': { text: '{}', name: 'p', ids: {}, idempotencyKey: 'k8' },
  'change_set.revert': { first: 2, last: 2, name: 'back', idempotencyKey: 'k9' },
  'change_set.abandon': { changeSet },
  'change_set.reopen': { changeSet },
  submit: {
    changeSet,
    baseVersion: 1,
    ifVersion: 1,
    idempotencyKey: 'k3',
    mutations: [{ kind: 'attribute.set', component: a, path: '/domain/size', value: 1 }],
  },
  'component.get': { changeSet, component: a, version: 1 },
  'component.search': { changeSet, query: 'a', cursor: '', limit: 5 },
  'component.describe': { changeSet, component: a, version: 1, waitMs: 1 },
  'component.resource': { changeSet, component: a, version: 1 },
  'template.describe': { changeSet, name: 't', text: 'const template = { components: () => [] };' },
  'template.run': {
    changeSet,
    name: 't',
    text: 'const template = { components: () => [] };',
    inputs: {},
    dryRun: false,
    idempotencyKey: 'k23',
  },
  'state.read': { changeSet, cursor: '', limit: 5 },
  'component.list': { changeSet, include: 'diff,functions', cursor: '', limit: 5 },
  'component.match': { changeSet, query: 'a', schema: 'Box', category: 'x', upgradable: false },
  'component.bulk_set': { changeSet, query: 'a', set: { '/domain/size': 1 }, ifVersion: 1, idempotencyKey: 'k12' },
  'component.duplicate': { changeSet, components: [a], prefix: 'p', view: 'DEFAULT', idempotencyKey: 'k13' },
  'component.declare': {
    changeSet,
    components: [{ component: 'd', schema: 'Box', attributes: { '/domain/size': 1 } }],
    dryRun: false,
    view: 'DEFAULT',
    prune: false,
    ifVersion: 1,
    idempotencyKey: 'k580',
  },
  'lookup.refresh': { changeSet, component: a, path: '/domain/size', ifVersion: 1, idempotencyKey: 'k716' },
  'component.declared': { changeSet, components: [a], version: 1 },
  'component.graph': { changeSet, component: a, depth: 1, limit: 5 },
  'view.list': { changeSet },
  'view.get': { changeSet, view: 'DEFAULT', cursor: '', limit: 5 },
  'component.history': { changeSet, component: a, limit: 5 },
  'component.suggest': { changeSet, component: a, path: '/domain/text', limit: 5 },
  diff: { from: 'HEAD', fromVersion: 1, to: changeSet, toVersion: 1 },
  'schema.search': { query: 'Box', limit: 5 },
  'schema.describe': { changeSet, schema: 'Box' },
  'schema.author': {
    changeSet,
    text: 'function main() {}',
    name: 'Made',
    category: 'Test',
    types: true,
    idempotencyKey: 'k5',
  },
  'schema.update_variant': {
    changeSet,
    schema: 'Box',
    variant: 'default',
    text: 'function main() {}',
    category: 'Test',
    docs: 'd',
    link: 'l',
    displayName: 'n',
    color: 'c',
    baseVersion: 1,
    idempotencyKey: 'k20',
  },
  'schema.list': { changeSet, category: 'Test', cursor: 'c', limit: 5 },
  'schema.get': { changeSet, schema: 'Box' },
  'schema.variant': { changeSet, schema: 'Box', variant: 'default' },
  'schema.install': { changeSet, schema: 'Box', baseVersion: 1, idempotencyKey: 'k21' },
  'schema.unlock': { changeSet, schema: 'Box', baseVersion: 1, idempotencyKey: 'k22' },
  'schema.contribute': { changeSet, schema: 'Box' },
  'schema.add_function': {
    changeSet,
    schema: 'Box',
    variant: 'default',
    kind: 'action',
    name: 'made',
    text: 'function main() {}',
    displayName: 'Made',
    description: 'd',
    action: 'create',
    output: '/domain/text',
    arguments: [{ name: 'x', property: '/domain/size' }],
    onVariant: true,
    baseVersion: 1,
    idempotencyKey: 'k23',
  },
  'schema.detach_function': {
    changeSet,
    schema: 'Box',
    variant: 'default',
    function: 'f',
    kind: 'action',
    baseVersion: 1,
    idempotencyKey: 'k24',
  },
  'schema.install_package': { changeSet, text: '{"format":"headwater.schemas","version":1,"schemas":[]}' },
  'schema.package': { changeSet, schemas: ['Box'] },
  'schema.check': { changeSet, text: 'function main() {}' },
  'schema.source': { changeSet, schema: 'Box' },
  'schema.declarations': { changeSet, schema: 'Box', kind: 'action' },
  'import.cloudformation': { changeSet, name: 't', text: '{"Resources":{}}', idempotencyKey: 'k4' },
  'import.terraform': { changeSet, name: 't', text: '{"version":4,"resources":[]}', idempotencyKey: 'k10' },
  'export.cloudformation': { changeSet, name: 't', format: 'json' },
  'resource.list': { changeSet, schema: 'Box', secrets: {}, domain: {}, cursor: 'c' },
  'resource.import': { changeSet, schema: 'Box', secrets: {}, domain: {}, resourceIds: ['r'], names: { r: 'n' } },
  'audit.list': { changeSet, subject: a, kind: 'component.create', actor: 'ada', fromSeq: 1, limit: 5 },
  'audit.verify': { heads: [] },
  verify: { most: 5, heads: [] },
  gc: {},
  backup: { destination: '/nonexistent/folder/backup.db' },
  statistics: {},
  'secret.set': { changeSet, name: 's', definition: 'Box', description: 'd', content: { a: 1 }, idempotencyKey: 'k10' },
  'secret.use': { changeSet, secret: 's', components: [a] },
  'secret.list': { changeSet, version: 1 },
  'provider.list': { changeSet, version: 1 },
  'provider.install': { changeSet, provider: 'aws' },
  'secret.get': { changeSet, secret: 's' },
  'secret.public_key': {},
  'secret.rotate': { onlyReseal: true },
  'secret.rekey': { onlyRewrap: true },
  'secret.collect': {},
  'member.list': {},
  'member.set': { member: 'cole', role: 'collaborator', active: true },
  'member.remove': { member: 'cole' },
  'change_set.request_approval': { changeSet },
  'change_set.approve': { changeSet, requirement: 'view:x' },
  'change_set.reject': { changeSet, requirement: 'view:x' },
  'change_set.withdraw': { changeSet },
  'change_set.approvals': { changeSet },
  'action.list': { changeSet, component: a, status: 'failed', cursor: '', limit: 5 },
  'action.get': { action: a },
  'action.hold': { action: a },
  'action.release': { action: a },
  'action.cancel': { action: a },
  'action.pending': {},
  'action.prune': { newerThanMs: 1, count: 1, otherNewerThanMs: 1, otherCount: 1 },
  'action.retry': { action: a },
  'action.signal': { action: a, name: 'go' },
  'action.request': { component: a, kind: 'manual', name: 'f' },
  'action.run': { waitMs: 1 },
  'drift.list': { changeSet, component: a, schema: 'Box', view: 'DEFAULT', path: '/domain/size', limit: 5, waitMs: 1 },
  'drift.get': { changeSet, component: a, waitMs: 1 },
  'drift.accept': { changeSet, component: a, paths: ['/domain/size'], waitMs: 1 },
  'drift.enforce': { changeSet, component: a, paths: ['/domain/size'], waitMs: 1 },
  'schema.set_refresh': { schema: 'Box', everyMs: 60_000 },
  'run.list': { changeSet, component: a, function: 'f', status: 'failed', cursor: '', limit: 5 },
  'run.get': { run: a },
  'run.view': { changeSet, run: a },
  'run.log': { run: a, after: 0, limit: 5, waitMs: 1 },
  'run.kill': { run: a },
  'run.statistics': {},
  'run.prune': { newerThanMs: 1, count: 1 },
  'memo.clear': {},
  explain: { changeSet, component: a, path: '/domain/size', depth: 3, waitMs: 1 },
  why: { changeSet, component: a, path: '/domain/size', waitMs: 1 },
  blast_radius: { changeSet, edits: [{ component: a, path: '/domain/size' }], limit: 5 },
  'function.list': { changeSet, kind: 'attribute', cursor: '', limit: 5 },
  'function.get': { changeSet, function: 'f' },
  'function.check': {
    changeSet,
    function: 'f',
    text: 'x',
    kind: 'attribute',
    schema: 'Box',
    arguments: [],
    quick: true,
  },
  'function.declarations': { changeSet, function: 'f', kind: 'attribute', schema: 'Box', arguments: [] },
  'function.test': {
    changeSet,
    text: 'x',
    kind: 'attribute',
    component: a,
    path: '/domain/size',
    arguments: [{ name: 'x', path: '/domain/size' }],
    waitMs: 1,
  },
  'function.unlock': { changeSet, function: 'f', variant: a, baseVersion: 1, idempotencyKey: 'k25' },
  'management.start': { changeSet, component: a, function: 'f', view: 'DEFAULT' },
  'management.state': { changeSet, ticket: a },
  'debug.start': { changeSet, name: 'd', text: 'function main() {}', handler: 'main', component: a, input: 1 },
  'debug.state': { changeSet, ticket: a },
  'management.run': { changeSet, component: a, function: 'f', view: 'DEFAULT', dryRun: true, idempotencyKey: 'k11' },
  'change_set.rename': { changeSet, name: 'other' },
  'change_set.force_apply': { changeSet, waitMs: 1, leaveQueued: true, idempotencyKey: 'k30' },
  'change_set.purge': {},
  'change_set.merge_status': { changeSet },
  'change_set.actions': { changeSet },
  'change_set.steer_action': { changeSet, action: a, event: 'hold' },
  'change_set.add_action': { changeSet, component: a, function: 'f', prototype: a },
  'policy_report.upload': { changeSet, name: 'n', policy: 'p', report: 'r', result: 'Pass' },
  'policy_report.list': { changeSet, name: 'n', page: 0, size: 5 },
  'policy_report.groups': { changeSet, name: 'n' },
  'policy_report.get': { report: a },
  'workspace.get': {},
  'workspace.update': { description: 'd' },
  'workspace.remove': {},
  'workspace.restore': { id: a },
  'member.invite': { member: 'eve@example.com' },
  'member.role': { member: 'cole', role: 'viewer' },
  'member.leave': {},
  'secret.definitions': { changeSet },
  'budget.get': {},
  'budget.set': { budgets: { format: 1, roles: { viewer: { destroysMax: 0 } }, tokens: {} } },
  'events.read': { changeSet, after: 0, limit: 5, waitMs: 1, kinds: 'mutation,apply' },
  'token.create': { name: 't', scopes: ['read'], expiresAtMs: 9_000_000_000_000, reach: 'workspace' },
  'policy.list': {},
  'policy.set': { text: '' },
  'policy.remove': {},
  'policy.test': {
    action: 'edit',
    operation: 'submit',
    changeSet,
    component: a,
    path: '/domain/size',
    user: 'ada',
    text: '',
  },
  'token.list': {},
  'token.revoke': { token: '01ARZ3NDEKTSV4RRFFQ69G5FAV' },
});

const wrong: readonly Json[] = [
  null,
  true,
  -1,
  1.5,
  1e300,
  0,
  '',
  ' ',
  '\u0000',
  '\ud800',
  'x'.repeat(10_000),
  [],
  [null],
  [[]],
  {},
  { changeSet: 1 },
  { __proto__: null, constructor: 1 } as unknown as Json,
  '__proto__',
  'constructor',
  'HEAD',
];

/** Answers what came back; anything thrown but a Fault fails the test. */
async function knock(house: House, operation: string, params: Json): Promise<'ok' | 'refused' | 'fault'> {
  const before = await house.everything();
  try {
    const result = await house.attempt(operation, params as Params);
    if (result.ok) return 'ok';
    for (const field of ['code', 'path', 'expected', 'got', 'hint'] as const)
      expect(result.refusal[field], `${field} of ${JSON.stringify(result.refusal)}`).toEqual(expect.any(String));
    expect(await house.everything(), `${operation} ${JSON.stringify(params)?.slice(0, 200)}`).toBe(before);
    return 'refused';
  } catch (e) {
    if (!(e instanceof Fault)) {
      throw new Error(`${operation} ${JSON.stringify(params)?.slice(0, 300)} threw ${(e as Error).stack}`);
    }
    expect(await house.everything()).toBe(before);
    return 'fault';
  }
}

const vault = async ({ runs }: Store) =>
  openVault({
    documents: runs,
    key: await environmentKey(keyTextOf(new Uint8Array(32).fill(5))),
    clock: systemWorld().clock,
  });

describe('malformed requests', () => {
  eachStore((make) => {
    test.each(operationNames)('[EN23] %s with each parameter wrong in every way', async (operation) => {
      const house = await make({ vault });
      const changeSet = await house.withBox();
      const a = await house.create(changeSet, 'a');
      const good = wellFormed(changeSet, a)[operation];
      for (const params of [null, 1, 'x', [], [good as Json]])
        expect(await knock(house, operation, params)).toBe('refused');
      for (const name of [...Object.keys(good), 'workspace', 'unknown'])
        for (const value of wrong) await knock(house, operation, { ...good, [name]: value } as Json);
      await house.sound();
    });

    test('[EN701] half of a character in any text of any operation is refused at its place, too deep a value too, and nothing is done', async () => {
      const house = await make({ vault });
      const changeSet = await house.withBox();
      const good = wellFormed(changeSet, await house.create(changeSet, 'a'));
      const before = await house.everything();
      for (const operation of operationNames) {
        for (const broken of ['\ud800', { deep: ['x', 'cut \udc00'] }, { '\ud800': 1 }]) {
          const { code, path } = await house.refused(operation, { ...good[operation], name: broken });
          expect({ operation, code }).toEqual({ operation, code: 'value_not_storable' });
          expect(path).toMatch(`${operation}/name`);
        }
        let deep: Json = [];
        for (let n = 0; n < 20_000; n++) deep = [deep];
        expect((await house.refused(operation, { ...good[operation], deep })).code).toBe('value_not_storable');
      }
      expect(await house.everything()).toBe(before);
    });

    test('[EN23] any JSON for any operation', async () => {
      const house = await make({ vault });
      const changeSet = await house.withBox();
      const a = await house.create(changeSet, 'a');
      const good = wellFormed(changeSet, a);
      const names = operationNames.filter((name) => !['gc', 'verify', 'backup', 'workspace.create'].includes(name));
      const call = fc
        .constantFrom(...names)
        .chain((operation) =>
          fc.tuple(
            fc.constant(operation),
            fc.dictionary(fc.constantFrom('workspace', ...Object.keys(good[operation]), 'x'), fc.jsonValue()),
          ),
        );
      await fc.assert(
        fc.asyncProperty(call, async ([operation, params]) => {
          await knock(house, operation, { ...good[operation], ...params } as Json);
        }),
        { numRuns: 300, seed: 4 },
      );
      await house.sound();
    });

    test('[EN23] any JSON in the place of mutations and their parts', async () => {
      const house = await make({ vault });
      const changeSet = await house.withBox();
      const a = await house.create(changeSet, 'a', { '/domain/list': ['x'] });
      const kinds = [
        'component.create',
        'attribute.set',
        'list.insert',
        'map.put',
        'component.duplicate',
        'view.create',
      ];
      const part = fc.oneof(fc.jsonValue(), fc.constantFrom(a, 'Box', '/domain/text', '/domain/list', 'a', 0, 1));
      const mutation = fc.record({
        kind: fc.oneof(fc.constantFrom(...kinds), fc.jsonValue()),
        component: part,
        path: part,
        value: part,
        name: part,
        schema: part,
        attributes: part,
        index: part,
        key: part,
      });
      await fc.assert(
        fc.asyncProperty(fc.oneof(fc.array(mutation, { maxLength: 4 }), fc.jsonValue()), async (mutations) => {
          await knock(house, 'submit', { changeSet, mutations: mutations as Json });
        }),
        { numRuns: 300, seed: 5 },
      );
      await house.sound();
    });

    test('[EN23] an unknown operation is refused with the list of those there are', async () => {
      const house = await make({ vault });
      for (const name of ['nothing', '', 'toString', '__proto__']) {
        const refusal = await house.refused(name);
        expect(refusal.code).toBe('request_malformed');
        expect(refusal.hint).toContain('change_set.apply');
      }
    });
  });
});
