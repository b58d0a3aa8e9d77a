// Components declared by documents over the wire, and read as such documents.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HttpHouse } from './house.ts';
import { standing } from './office.ts';

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
      inner: { kind: 'object', properties: { a: text, b: text } },
    },
  },
  resourceValue: { kind: 'object', properties: { arn: text } },
  secrets: { kind: 'object', properties: {} },
};

describe('documents that declare components', () => {
  let house: HttpHouse;
  let n = 0;
  beforeAll(async () => {
    house = await HttpHouse.open();
    const cs = await open();
    await house.call('submit', {
      changeSet: cs,
      mutations: [
        { kind: 'schema.create', name: 'Box', spec },
        { kind: 'schema.create', name: 'Case', spec },
        { kind: 'view.create', name: 'Own' },
      ],
    });
    await house.call('change_set.apply', { changeSet: cs });
  });
  afterAll(async () => {
    await house.close();
    expect(house.bugs).toEqual([]);
  });

  const open = async (): Promise<string> =>
    (await house.must('POST', '~/change-sets', { body: { changeSetName: `c${n++}` } })).changeSet.id;
  const declare = (cs: string, components: object[], more: object = {}) =>
    house.must('POST', `~/change-sets/${cs}/declarations`, { body: { components, ...more } });
  const statesOf = (reply: { components: { name: string; state: string }[] }) =>
    Object.fromEntries(reply.components.map((c) => [c.name, c.state]));
  const declared = async (cs: string, query = '') =>
    (await house.must('GET', `~/change-sets/${cs}/declarations?query=${query}`)).components;

  /** In an order in which what is followed comes last. */
  const documents = [
    {
      component: 'b',
      schema: 'Box',
      views: ['Own'],
      dependsOn: ['a'],
      attributes: {
        '/domain/from': { $source: { component: 'a', path: '/domain/text' } },
        '/domain/list': ['x', { $source: { component: 'a', path: '/domain/inner/a' } }],
        '/domain/tags': { 'k/1': 'v' },
        '/domain/text': { $source: null },
      },
    },
    {
      component: 'a',
      schema: 'Box',
      resourceId: 'r-1',
      attributes: { '/domain/inner/a': 'deep', '/domain/size': 5, '/domain/from': { $source: { value: 'said' } } },
    },
  ];

  test('[EN585] are made so in any order as one version, and a second time nothing is edited', async () => {
    const cs = await open();
    const first = await declare(cs, documents);
    expect(statesOf(first)).toEqual({ a: 'created', b: 'created' });
    expect(first.version).toBe(1);
    const { value, sources } = await house.call<{ value: { domain: object }; sources: object[] }>('component.get', {
      changeSet: cs,
      component: 'b',
    });
    expect(value.domain).toMatchObject({ from: 'plain', list: ['x', 'deep'], tags: { 'k/1': 'v' } });
    expect(sources).toContainEqual(expect.objectContaining({ path: '/domain/text', kind: 'unset' }));
    const before = await standing(house, cs);
    const again = await declare(cs, documents);
    expect(again).toMatchObject({ edits: 0, version: 1 });
    expect(statesOf(again)).toEqual({ a: 'unchanged', b: 'unchanged' });
    expect(await standing(house, cs)).toEqual(before);
    // What is not mentioned stays; what is given of a container is all of it.
    const other = { component: 'b', schema: 'Box', dependsOn: [], attributes: { '/domain/tags': { more: 'w' } } };
    expect(statesOf(await declare(cs, [other]))).toEqual({ b: 'changed' });
    const now = (await declared(cs)).find((d: { component: string }) => d.component === 'b');
    expect(now).toEqual({
      ...documents[0],
      dependsOn: undefined,
      attributes: { ...documents[0]!.attributes, '/domain/tags': { more: 'w' } },
    });
  });

  test('[EN585] a trial tells the same and leaves everything, also on Head', async () => {
    const cs = await open();
    for (const at of [cs, 'HEAD']) {
      const before = await standing(house, at);
      const tried = await declare(at, documents, { dryRun: true });
      expect(statesOf(tried)).toEqual({ a: 'created', b: 'created' });
      expect(tried.comparison.components.map((c: { status: string }) => c.status)).toEqual(['Added', 'Added']);
      expect(await standing(house, at)).toEqual(before);
    }
    const { edits } = await declare(cs, documents, { dryRun: true });
    expect((await declare(cs, documents)).edits).toBe(edits);
    const head = await house.ask('POST', '~/change-sets/HEAD/declarations', { body: { components: documents } });
    expect({ status: head.status, reason: head.body.reason }).toEqual({ status: 400, reason: 'head_is_read_only' });
  });

  test('[EN586] what is read of components declares the same ones elsewhere', async () => {
    const cs = await open();
    await declare(cs, documents);
    const read = await declared(cs, 'schema:Box');
    expect(read).toHaveLength(2);
    expect(read).toEqual(expect.arrayContaining([expect.objectContaining({ component: 'a', resourceId: 'r-1' })]));
    expect((await declare(cs, read)).edits).toBe(0);
    const elsewhere = await open();
    await declare(elsewhere, read);
    expect(await declared(elsewhere, 'schema:Box')).toEqual(read);
    const one = await house.must('GET', `~/change-sets/${cs}/declarations?component=b`);
    expect(one.components).toMatchObject([documents[0]]);
  });

  test('[EN585] a component that is to go comes back; those of a view that nobody declares go where that is asked for', async () => {
    const cs = await open();
    const own = documents.map((d) => ({ ...d, dependsOn: [], views: undefined }));
    await declare(cs, own, { view: 'Own' });
    await house.must('DELETE', `~/change-sets/${cs}/components/a`);
    expect(statesOf(await declare(cs, [own[1]!]))).toEqual({ a: 'restored' });
    await declare(cs, [{ component: 'outside', schema: 'Box' }]);
    const pruned = await declare(cs, [own[1]!], { view: 'Own', prune: true });
    expect(statesOf(pruned)).toEqual({ a: 'unchanged', b: 'deleted' });
    const left = (
      await house.call<{ items: { name: string; toDelete: boolean }[] }>('component.search', { changeSet: cs })
    ).items;
    expect(left.filter((c) => !c.toDelete).map((c) => c.name)).toEqual(['a', 'outside']);
  });

  test('[EN585] are refused whole, with the document and the place in it', async () => {
    const cs = await open();
    await declare(cs, [{ component: 'taken', schema: 'Case' }]);
    const good = { component: 'fine', schema: 'Box' };
    const refused = async (bad: object, more: object = {}) => {
      const before = await standing(house, cs);
      const { status, body } = await house.ask('POST', `~/change-sets/${cs}/declarations`, {
        body: { components: [good, bad], ...more },
      });
      expect(await standing(house, cs)).toEqual(before);
      return [status, body.reason, body.errors[0].path];
    };
    const box = (attributes: object) => ({ component: 'x', schema: 'Box', attributes });
    expect(await refused({ ...good, component: 'x', atributes: {} })).toEqual([
      422,
      'request_malformed',
      'components/1/atributes',
    ]);
    expect(await refused(good)).toEqual([422, 'request_malformed', 'components/1/component']);
    expect(await refused(box({ '/domain/sise': 1 }))).toEqual([404, 'path_not_found', 'components/1: /domain/sise']);
    expect(await refused(box({ '/domain/size': 'x' }))).toEqual([
      422,
      'kind_mismatch',
      expect.stringMatching(/^components\/1: /),
    ]);
    expect(await refused(box({ '/domain/from': { $source: { component: 'none', path: '/domain/text' } } }))).toEqual([
      404,
      'source_not_found',
      expect.stringMatching(/^components\/1: /),
    ]);
    expect(await refused({ component: 'taken', schema: 'Box' })).toEqual([409, 'name_taken', 'components/1/component']);
    expect(await refused({ component: 'x', schema: 'Nope' })).toEqual([
      404,
      'schema_not_found',
      expect.stringMatching(/^components\/1: /),
    ]);
    expect((await refused({ component: 'x', schema: 'Box' }, { prune: true })).slice(1)).toEqual([
      'request_malformed',
      'prune',
    ]);
    const stale = await house.ask('POST', `~/change-sets/${cs}/declarations`, {
      body: { components: [good] },
      headers: { 'if-match': '"0"' },
    });
    expect(stale.body.reason).toBe('version_conflict');
    const headers = { 'idempotency-key': 'declared-once' };
    const once = await house.must('POST', `~/change-sets/${cs}/declarations`, {
      body: { components: [good] },
      headers,
    });
    expect(statesOf(once)).toEqual({ fine: 'created' });
    expect(
      await house.must('POST', `~/change-sets/${cs}/declarations`, { body: { components: [good] }, headers }),
    ).toEqual(once);
  });
});
