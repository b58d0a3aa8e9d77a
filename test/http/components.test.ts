// Components over the wire, as clients of the public API send and read them.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HttpHouse } from './house.ts';

const text = { kind: 'string' } as const;
const spec = {
  format: 1,
  domain: {
    kind: 'object',
    properties: {
      size: { kind: 'integer' },
      text: { kind: 'string', default: 'plain' },
      from: text,
      list: { kind: 'array', items: text },
      tags: { kind: 'map', values: text },
      fixed: { kind: 'string', createOnly: true },
    },
  },
  resourceValue: { kind: 'object', properties: { arn: text } },
  secrets: { kind: 'object', properties: { Key: { kind: 'string', secret: true } } },
};

describe('components', () => {
  let house: HttpHouse;
  /** A change set with nothing but what the test makes. */
  let cs: string;
  let n = 0;
  beforeAll(async () => {
    house = await HttpHouse.open();
    const id = await open();
    await mutate(id, [
      { kind: 'schema.create', name: 'Box', category: 'Things', spec },
      { kind: 'view.create', name: 'Other' },
      { kind: 'component.create', schema: 'Box', name: 'base', attributes: { '/domain/size': 1 } },
    ]);
    await house.call('change_set.apply', { changeSet: id });
    cs = await open();
  });
  afterAll(async () => {
    await house.close();
    expect(house.bugs).toEqual([]);
  });

  const open = async (): Promise<string> =>
    (await house.must('POST', '~/change-sets', { body: { changeSetName: `c${n++}` } })).changeSet.id;
  const mutate = (id: string, mutations: object[]) =>
    house.must('POST', `~/change-sets/${id}/mutations`, { body: { mutations } });
  const at = (path = '', id = cs) => `~/change-sets/${id}/components${path}`;
  const create = async (body: object, id = cs) =>
    (await house.must('POST', at('', id), { body: { schemaName: 'Box', name: `b${n++}`, ...body } })).component;
  const rootOf = async (id = cs) =>
    (await house.call<{ intentRoot: string }>('change_set.get', { changeSet: id })).intentRoot;
  /** Refused with a status and a reason, and nothing has changed. */
  const refused = async (method: string, path: string, body: object | undefined, status: number, reason: string) => {
    const before = await rootOf();
    const asked = await house.ask(method, path, body === undefined ? {} : { body });
    expect({ status: asked.status, reason: asked.body.reason }).toEqual({ status, reason });
    expect(await rootOf()).toBe(before);
  };

  test('one is made with everything at once, and reads as it was written', async () => {
    const boss = await create({ name: 'boss', attributes: { '/domain/text': 'hello' } });
    const made = await create({
      name: 'made',
      resourceId: 'r-1',
      managedBy: { component: 'boss' },
      viewName: 'Other',
      attributes: {
        '/root/domain/size': 5,
        '/domain/from': { $source: { component: 'boss', path: '/root/domain/text' } },
        '/domain/list': ['a'],
        '/domain/list/-': 'b',
        '/domain/tags': { $source: { value: { $source: 'literal' } } },
      },
    });
    expect(made).toMatchObject({ name: 'made', resourceId: 'r-1', toDelete: false, canBeUpgraded: false });
    expect(made.attributes).toMatchObject({
      '/si/name': 'made',
      '/domain/size': 5,
      '/domain/from': { $source: { component: boss.id, path: '/domain/text' } },
      '/domain/list/1': 'b',
    });
    expect(made.domainProps).toContainEqual({
      id: `${made.id}/domain/from`,
      path: '/domain/from',
      propId: `${made.schemaVariantId}/domain/from`,
      value: 'hello',
    });
    expect(made.domainProps.map((p: { propId: string }) => p.propId)).toContain(
      `${made.schemaVariantId}/domain/list/*`,
    );
    expect(made.connections).toEqual([{ managedBy: { componentId: boss.id, componentName: 'boss' } }]);
    expect(made.views).toEqual([expect.objectContaining({ name: 'Other', isDefault: false })]);
    const again = await house.ask('GET', at(`/${made.id}`));
    expect(again.body.component).toEqual(made);
    expect(again.headers.get('etag')).toMatch(/^"\d+"$/);
    const bosses = (await house.must('GET', at('/boss'))).component;
    expect(bosses.connections).toEqual([{ managing: { componentId: made.id, componentName: 'made' } }]);
  });

  test('what was read, written back, changes nothing', async () => {
    const source = await create({});
    const { id, attributes } = await create({
      attributes: {
        '/domain/from': { $source: { component: source.id, path: '/domain/text' } },
        '/domain/tags': { a: 'x', 'b/c': 'y' },
        '/domain/list': ['x', 'y'],
      },
    });
    // Declared to have no value, which clients of this API cannot say: it stays.
    await mutate(cs, [{ kind: 'attribute.unset', component: id, path: '/domain/text' }]);
    expect((await house.must('GET', at(`/${id}`))).component.attributes).toEqual(attributes);
    const before = await rootOf();
    await house.must('PUT', at(`/${id}`), { body: { attributes } });
    expect(await rootOf()).toBe(before);
  });

  test('unsetting shows the default, however often', async () => {
    const unset = { attributes: { '/domain/text': { $source: null }, '/domain/from': { $source: null } } };
    const made = await create(unset);
    const text = async () => {
      const { component } = await house.must('GET', at(`/${made.id}`));
      return component.domainProps.find((p: { path: string }) => p.path === '/domain/text')?.value;
    };
    expect(await text()).toBe('plain');
    await house.must('PUT', at(`/${made.id}`), { body: { attributes: { '/domain/text': 'x' } } });
    for (let i = 0; i < 3; i++) {
      await house.must('PUT', at(`/${made.id}`), { body: unset });
      expect(await text()).toBe('plain');
    }
  });

  test('a schema that only the catalogue has is installed with the first component of it', async () => {
    const id = await open();
    const made = await create({ schemaName: 'AWS::EC2::VPC', attributes: { '/domain/CidrBlock': '10.0.0.0/16' } }, id);
    expect(made.attributes['/domain/CidrBlock']).toBe('10.0.0.0/16');
    expect(
      (await house.call<{ installed: boolean }>('schema.describe', { changeSet: id, schema: 'AWS::EC2::VPC' }))
        .installed,
    ).toBe(true);
  });

  test('what cannot be made is refused, and nothing changes', async () => {
    const body = (more: object) => ({ schemaName: 'Box', name: 'x', ...more });
    await create({ name: 'twin' });
    await create({ name: 'twin' });
    const attributes = (a: object) => body({ attributes: a });
    await refused('POST', at(), body({ schemaName: 'Nope' }), 404, 'schema_not_found');
    await refused('POST', at(), body({ viewName: 'Nope' }), 412, 'view_not_found');
    await refused('POST', at(), body({ managedBy: { component: 'twin' } }), 412, 'ambiguous_name');
    await refused('POST', at(), body({ managedBy: {} }), 422, 'request_malformed');
    await refused('POST', at(), { schemaName: 'Box' }, 422, 'request_malformed');
    await refused('POST', at(), attributes({ '/domain/size': 'x' }), 422, 'kind_mismatch');
    await refused('POST', at(), attributes({ '/domain/nope': 1 }), 404, 'path_not_found');
    const follow = (component: string, path: string) => ({ '/domain/from': { $source: { component, path } } });
    await refused('POST', at(), attributes(follow('nobody', '/domain/text')), 404, 'source_not_found');
    await refused('POST', at(), attributes(follow('base', '/domain/nope')), 404, 'source_not_found');
    await refused('POST', at(), attributes(follow('twin', '/domain/text')), 412, 'ambiguous_name');
    await refused('POST', at(), attributes(follow('base', '/domain/size')), 422, 'kind_mismatch');
    for (const path of ['/code/x', '/qualification/x', '/resource_value/arn', '/deleted_at'])
      await refused('POST', at(), attributes({ [path]: path === '/deleted_at' ? true : 'x' }), 422, 'read_only');
    await refused('POST', at(), attributes({ '/secrets/Key': 'raw' }), 422, 'secret_value_not_allowed');
    expect((await house.ask('POST', at('', 'HEAD'), { body: body({}) })).status).toBe(400);
    expect((await house.ask('POST', at('', 'nowhere'), { body: body({}) })).status).toBe(404);
    const reader = await house.must('POST', '~/tokens', { body: { name: 'reader', scopes: ['read'] } });
    expect((await house.ask('POST', at(), { body: body({}), token: reader.token })).status).toBe(403);
    expect((await house.ask('POST', at(), { body: body({}), token: null })).status).toBe(401);
  });

  test('a repetition under its key makes no second one', async () => {
    const headers = { 'idempotency-key': 'make-once' };
    const body = { schemaName: 'Box', name: 'once' };
    const first = await house.must('POST', at(), { body, headers });
    expect(await house.must('POST', at(), { body, headers })).toEqual(first);
    expect((await house.must('POST', at('/search'), { body: { queryString: 'once' } })).components).toEqual([
      first.component.id,
    ]);
  });

  test('an update changes what it names, as one batch', async () => {
    const { id } = await create({ attributes: { '/domain/size': 1, '/domain/text': 'x' } });
    const { component } = await house.must('PUT', at(`/${id}`), {
      body: {
        name: 'renamed',
        resourceId: 'r-2',
        attributes: { '/domain/size': 2, '/domain/text': { $source: null } },
      },
    });
    expect(component).toMatchObject({ id, name: 'renamed', resourceId: 'r-2' });
    expect(component.attributes['/domain/size']).toBe(2);
    expect(component.attributes['/domain/text']).toBeUndefined();
    // One of two is wrong: neither is done.
    await refused('PUT', at(`/${id}`), { attributes: { '/domain/size': 9, '/domain/from': 5 } }, 422, 'kind_mismatch');
    const cycle = { attributes: { '/domain/from': { $source: { component: id, path: '/domain/from' } } } };
    await refused('PUT', at(`/${id}`), cycle, 412, 'value_cycle');
    await refused('PUT', at('/nobody'), { name: 'x' }, 404, 'component_not_found');
    await refused('PUT', at('/twin'), { name: 'x' }, 412, 'ambiguous_name');
    const before = await rootOf();
    expect((await house.must('PUT', at(`/${id}`), { body: {} })).component.id).toBe(id);
    expect(await rootOf()).toBe(before);
    expect((await house.ask('PUT', at('/base', 'HEAD'), { body: {} })).status).toBe(400);
  });

  test('a secret is put in its slot by name', async () => {
    await mutate(cs, [
      {
        kind: 'schema.create',
        name: 'Credential',
        spec: { ...spec, secretDefinition: { name: 'Key', fields: { kind: 'object', properties: {} } } },
      },
    ]);
    await mutate(cs, [{ kind: 'secret.put', name: 'mine', definition: 'Key', key: '0'.repeat(64) }]);
    const { id } = await create({});
    const { component } = await house.must('PUT', at(`/${id}`), { body: { secrets: { Key: 'mine' } } });
    expect(component.attributes['/secrets/Key']).toEqual({ $source: { secret: 'mine' } });
    await refused('PUT', at(`/${id}`), { secrets: { Key: 'nobody' } }, 404, 'secret_not_found');
    const without = await house.must('PUT', at(`/${id}`), { body: { secrets: { Key: null } } });
    expect(without.component.attributes['/secrets/Key']).toBeUndefined();
  });

  test('a deletion says what it came to; restore takes it back, erase is for good', async () => {
    const plain = await create({});
    const resourced = await create({ resourceId: 'r-3' });
    expect(await house.must('DELETE', at(`/${plain.id}`))).toEqual({ status: 'deleted' });
    expect((await house.ask('GET', at(`/${plain.id}`))).status).toBe(404);
    expect(await house.must('DELETE', at(`/${resourced.id}`))).toEqual({ status: 'marked_for_deletion' });
    expect((await house.must('GET', at(`/${resourced.id}`))).component.toDelete).toBe(true);
    expect(await house.must('DELETE', at('/base'))).toEqual({ status: 'still_exists_on_head' });
    expect((await house.must('GET', at('/base'))).component.toDelete).toBe(true);
    expect(await house.must('POST', at(`/${plain.id}/restore`))).toEqual({ status: true });
    expect((await house.must('GET', at(`/${plain.id}`))).component.toDelete).toBe(false);
    await refused('POST', at(`/${plain.id}/restore`), undefined, 412, 'component_not_marked');
    await house.must('POST', at('/base/restore'));
    expect(await house.must('POST', at(`/${resourced.id}/erase`))).toEqual({ status: true });
    expect((await house.ask('GET', at(`/${resourced.id}`))).status).toBe(404);
    for (const [method, path] of [
      ['DELETE', ''],
      ['POST', '/restore'],
      ['POST', '/erase'],
      ['POST', '/upgrade'],
    ] as const)
      await refused(method, at(`/nobody${path}`), undefined, 404, 'component_not_found');
  });

  test('an upgrade goes to the newest variant, once', async () => {
    const id = await open();
    const made = await create({}, id);
    await refused('POST', at('/base/upgrade'), undefined, 412, 'already_newest');
    await mutate(id, [{ kind: 'schema.unlock_variant', variant: made.schemaVariantId }]);
    expect((await house.must('GET', at(`/${made.id}`, id))).component.canBeUpgraded).toBe(true);
    const found = (upgradable: boolean) =>
      house.must('POST', at('/search', id), { body: { schemaName: 'Box', upgradable } });
    expect((await found(true)).components).toContain(made.id);
    const { component } = await house.must('POST', at(`/${made.id}/upgrade`, id));
    expect(component.schemaVariantId).not.toBe(made.schemaVariantId);
    expect(component.canBeUpgraded).toBe(false);
    expect((await found(true)).components).not.toContain(made.id);
    expect((await found(false)).components).toContain(made.id);
    const working = await create({ useWorkingCopy: true }, id);
    expect(working.schemaVariantId).toBe(component.schemaVariantId);
    expect((await create({}, id)).schemaVariantId).toBe(made.schemaVariantId);
  });

  test('[EN521] copies follow one another as their originals do', async () => {
    const a = await create({ name: 'orig-a', attributes: { '/domain/text': 'a' } });
    const b = await create({
      name: 'orig-b',
      attributes: {
        '/domain/from': { $source: { component: 'orig-a', path: '/domain/text' } },
        '/domain/list': ['x', { $source: { component: 'orig-a', path: '/domain/text' } }],
      },
    });
    const c = await create({
      attributes: { '/domain/from': { $source: { component: 'base', path: '/domain/text' } } },
    });
    await mutate(cs, [
      { kind: 'depends_on.add', component: 'orig-b', on: 'orig-a' },
      { kind: 'component.manage', component: 'orig-a', managed: 'orig-b' },
    ]);
    const body = { components: [b.id, a.id, c.id], prefix: 'copy-of-', viewName: 'Other' };
    const { components } = await house.must('POST', at('/duplicate'), { body });
    const [copyB, copyA, copyC] = await Promise.all(
      components.map(async (id: string) => (await house.must('GET', at(`/${id}`))).component),
    );
    expect([copyA.name, copyB.name]).toEqual(['copy-of-orig-a', 'copy-of-orig-b']);
    const followed = { $source: { component: copyA.id, path: '/domain/text' } };
    expect(copyB.attributes['/domain/from']).toEqual(followed);
    expect(copyB.attributes['/domain/list/1']).toEqual(followed);
    expect(copyB.connections).toEqual([{ managedBy: { componentId: copyA.id, componentName: 'copy-of-orig-a' } }]);
    expect(copyC.attributes['/domain/from']).toEqual(c.attributes['/domain/from']);
    expect(copyB.views.map((v: { name: string }) => v.name)).toEqual(['Other']);
    const read = await house.call<{ dependsOn: string[] }>('component.get', { changeSet: cs, component: copyB.id });
    expect(read.dependsOn).toEqual([copyA.id]);
    await refused('POST', at('/duplicate'), { components: [] }, 422, 'request_malformed');
    await refused('POST', at('/duplicate'), { components: ['nobody'] }, 404, 'component_not_found');
    await refused('POST', at('/duplicate'), { components: [a.id], viewName: 'Nope' }, 404, 'view_not_found');
  });

  test('one manages another, and is put in a view', async () => {
    const [a, b] = [await create({}), await create({})];
    const { component } = await house.must('POST', at(`/${a.id}/manage`), { body: { componentId: b.id } });
    expect(component.connections).toEqual([{ managing: { componentId: b.id, componentName: b.name } }]);
    await refused('POST', at(`/${a.id}/manage`), { componentId: 'nobody' }, 404, 'component_not_found');
    const put = await house.ask('POST', at('/add_to_view'), {
      body: { componentIds: [a.id, b.id], viewName: 'Other' },
    });
    expect({ status: put.status, body: put.body }).toEqual({ status: 204, body: '' });
    expect((await house.must('GET', at(`/${b.id}`))).component.views).toHaveLength(2);
    await refused('POST', at('/add_to_view'), { componentIds: [a.id], viewName: 'Nope' }, 404, 'view_not_found');
    await refused('POST', at('/add_to_view'), { componentIds: [], viewName: 'Other' }, 422, 'request_malformed');
  });

  test('one is found by name or id, never guessed', async () => {
    const base = (await house.must('GET', at('/find?component=base'))).component;
    expect((await house.must('GET', at(`/find?componentId=${base.id}`))).component).toEqual(base);
    const status = async (query: string) => (await house.ask('GET', at(`/find${query}`))).status;
    expect(await status('?component=nobody')).toBe(404);
    expect(await status('?component=twin')).toBe(412);
    expect(await status('')).toBe(422);
  });

  test('what is known of a resource, and 404 where there is none', async () => {
    const { id } = await create({ resourceId: 'r-9' });
    expect(await house.must('GET', at(`/${id}/resource`))).toEqual({
      last_synced: '',
      status: 'Unknown',
      payload: null,
    });
    const none = await house.ask('GET', at('/base/resource'));
    expect({ status: none.status, reason: none.body.reason }).toEqual({ status: 404, reason: 'resource_not_found' });
  });

  test('a component at its last version is edited only if that is still the version', async () => {
    const made = await house.ask('POST', at(), { body: { schemaName: 'Box', name: 'versioned' } });
    const id = made.body.component.id;
    const headers = { 'if-match': made.headers.get('etag')! };
    expect((await house.ask('PUT', at(`/${id}`), { body: { name: 'v2' }, headers })).status).toBe(200);
    const stale = await house.ask('PUT', at(`/${id}`), { body: { name: 'v3' }, headers });
    expect({ status: stale.status, reason: stale.body.reason }).toEqual({ status: 412, reason: 'version_conflict' });
  });
});

describe('lists and searches', () => {
  let house: HttpHouse;
  let cs: string;
  const ids: string[] = [];
  const at = (path = '') => `~/change-sets/${cs}/components${path}`;
  const mutate = (id: string, mutations: object[]) =>
    house.must('POST', `~/change-sets/${id}/mutations`, { body: { mutations } });
  beforeAll(async () => {
    house = await HttpHouse.open();
    const first = (await house.must('POST', '~/change-sets', { body: { changeSetName: 'first' } })).changeSet.id;
    const { steps } = await mutate(first, [
      { kind: 'schema.create', name: 'Box', category: 'Things', spec },
      { kind: 'schema.create', name: 'Crate', category: 'Others', spec },
      ...Array.from({ length: 120 }, (_, i) => ({
        kind: 'component.create',
        schema: i % 2 === 0 ? 'Box' : 'Crate',
        name: `c${i}`,
        attributes: { '/domain/size': i },
      })),
      {
        kind: 'function.create',
        name: 'look',
        functionKind: 'qualification',
        text: 'function main() { return { result: "success" }; }',
      },
      { kind: 'binding.attach', function: 'look', schema: 'Box', arguments: [{ name: 'size', path: '/domain/size' }] },
      {
        kind: 'function.create',
        name: 'make',
        functionKind: 'action',
        text: 'async function main() { return { status: "ok" }; }',
      },
      { kind: 'binding.attach', function: 'make', schema: 'Box', action: 'create' },
      {
        kind: 'function.create',
        name: 'grow',
        functionKind: 'management',
        text: 'async function main() { return { status: "ok" }; }',
      },
      { kind: 'binding.attach', function: 'grow', schema: 'Box' },
    ]);
    for (const s of steps) if (s.kind === 'component.create') ids.push(s.subject);
    ids.sort();
    await house.call('change_set.apply', { changeSet: first, leaveQueued: true, waitMs: 20_000 });
    cs = (await house.must('POST', '~/change-sets', { body: { changeSetName: 'second' } })).changeSet.id;
  });
  afterAll(async () => {
    await house.close();
    expect(house.bugs).toEqual([]);
  });

  test('pages come in order of id until there are no more', async () => {
    const first = await house.must('GET', at());
    expect(first.componentDetails.map((c: { componentId: string }) => c.componentId)).toEqual(ids.slice(0, 50));
    expect(first.nextCursor).toBe(ids[49]);
    expect(Object.keys(first.componentDetails[0]).sort()).toEqual(['componentId', 'name', 'schemaName', 'toDelete']);
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: { componentDetails: { componentId: string }[]; nextCursor: string | null } = await house.must(
        'GET',
        at(`?limit=33&cursor=${cursor}`),
      );
      seen.push(...page.componentDetails.map((c) => c.componentId));
      cursor = page.nextCursor;
    }
    expect(seen).toEqual(ids);
    expect((await house.must('GET', at('?limit=9999'))).componentDetails).toHaveLength(120);
    for (const limit of ['0', '-1', 'x', '1.5'])
      expect((await house.ask('GET', at(`?limit=${limit}`))).status).toBe(422);
  });

  test('each part is there when it is asked for', async () => {
    const { components } = await house.must('POST', at('/search'), {
      body: { queryString: 'c0 | c2', schemaName: 'Box' },
    });
    const [a, b] = [ids[0]!, components.find((id: string) => id !== ids[0])!];
    await mutate(cs, [
      {
        kind: 'attribute.set',
        component: b,
        path: '/domain/from',
        value: { $source: { component: a, path: '/domain/text' } },
      },
      { kind: 'component.manage', component: a, managed: b },
      { kind: 'component.set_resource_id', component: b, resourceId: 'r-1' },
      { kind: 'component.delete', component: b },
      { kind: 'component.create', schema: 'Box', name: 'new' },
    ]);
    const of = async (query: string) => {
      const page = await house.must('GET', at(`?limit=300&${query}`));
      return (id: string) => page.componentDetails.find((c: { componentId: string }) => c.componentId === id);
    };
    const all = await of('includeAll=true');
    expect(all(b)).toMatchObject({
      toDelete: true,
      hasResource: true,
      resourceId: 'r-1',
      hasDiff: true,
      diffStatus: 'Modified',
      subscriptions: [{ fromPath: '/domain/from', toComponentId: a, toPath: '/domain/text', currentValue: 'plain' }],
      actionFunctions: [{ functionName: 'make', executionHistory: [] }],
      managementFunctions: [{ functionName: 'grow' }],
      qualificationFunctions: [{ functionName: 'look' }],
    });
    expect(all(a)).toMatchObject({ manages: [{ toComponentId: b }], hasResource: false, diffStatus: 'Modified' });
    expect(all(ids[60]!)).toMatchObject({ hasDiff: false, diffStatus: 'None' });
    const list = await house.must('GET', at('?limit=300&includeDiffStatus=true'));
    expect(list.componentDetails.at(-1)).toMatchObject({ name: 'new', diffStatus: 'Added' });
    const before = await house.ask('GET', at('?limit=300&version=0'));
    expect(before.body.componentDetails).toHaveLength(120);
    expect(before.headers.get('etag')).toBe('"0"');
    const actions = (await of('includeActionFunctions=true'))(b);
    expect(actions.actionFunctions).toEqual([{ functionName: 'make' }]);
    expect(actions.managementFunctions).toBeUndefined();
    expect((await of('includeCodegen=true'))(a).codegen).toBeDefined();
  });

  test('searches take the language, and what else is named has to hold as well', async () => {
    const search = async (body: object) => (await house.must('POST', at('/search'), { body })).components;
    const all = await search({});
    expect(all).toEqual([...all].sort());
    expect(all.length).toBeGreaterThanOrEqual(120);
    const boxes = await search({ schemaName: 'Box' });
    expect(await search({ schemaCategory: 'Things' })).toEqual(boxes);
    expect(await search({ schemaName: 'Box', schemaCategory: 'Others' })).toEqual([]);
    expect(await search({ queryString: 'size:7' })).toHaveLength(1);
    expect(await search({ queryString: 'size:7', schemaName: 'Box' })).toEqual([]);
    expect(await search({ queryString: 'size:8', schemaName: 'Box' })).toHaveLength(1);
    expect(await search({ schemaName: 'AWS::EC2::VPC' })).toEqual([]);
    expect((await house.ask('POST', at('/search'), { body: { schemaName: 'Nope' } })).status).toBe(404);
    expect((await house.ask('POST', at('/search'), { body: { queryString: '(' } })).status).toBe(422);
    const { components } = await house.must(
      'GET',
      `~/change-sets/${cs}/search?q=${encodeURIComponent('schema:Crate size:7')}`,
    );
    expect(components).toEqual([{ id: expect.any(String), name: 'c7', schema: { name: 'Crate' } }]);
    expect((await house.ask('GET', `~/change-sets/${cs}/search`)).status).toBe(422);
  });
});
