// Versions on the wire: ETag, If-Match, baseVersion.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HttpHouse } from './house.ts';

const spec = {
  format: 1,
  domain: { kind: 'object', properties: { size: { kind: 'integer' }, text: { kind: 'string' } } },
};

describe('versions of change sets', () => {
  let house: HttpHouse;
  let n = 0;
  beforeAll(async () => {
    house = await HttpHouse.open();
    const { changeSet } = await house.must('POST', '~/change-sets', { body: { changeSetName: 'schema' } });
    await submit(changeSet.id, [
      { kind: 'schema.create', name: 'Box', spec },
      { kind: 'component.create', schema: 'Box', name: 'a' },
    ]);
    await house.call('change_set.apply', { changeSet: changeSet.id });
  });
  afterAll(async () => {
    await house.close();
    expect(house.bugs).toEqual([]);
  });

  const submit = (changeSet: string, mutations: object[], headers: Record<string, string> = {}, more: object = {}) =>
    house.ask('POST', `~/change-sets/${changeSet}/mutations`, { body: { mutations, ...more }, headers });
  const setSize = (value: number) => [{ kind: 'attribute.set', component: 'a', path: '/domain/size', value }];
  const open = async (): Promise<string> =>
    (await house.must('POST', '~/change-sets', { body: { changeSetName: `c${n++}` } })).changeSet.id;
  const etag = async (id: string) => (await house.ask('GET', `~/change-sets/${id}`)).headers.get('etag');

  test('an answer about a change set has its version as ETag, an edit the one it came to', async () => {
    const id = await open();
    expect(await etag(id)).toBe('"0"');
    const done = await submit(id, setSize(1));
    expect(done.headers.get('etag')).toBe('"1"');
    expect(done.body).toMatchObject({ changeSet: id, version: 1, steps: [{ kind: 'attribute.set', edits: 1 }] });
    expect(await etag(id)).toBe('"1"');
    expect((await house.ask('GET', '~/change-sets')).headers.get('etag')).toBeNull();
  });

  test('[EN520] If-Match lets an edit pass at that version only, and a refusal changes nothing', async () => {
    const id = await open();
    expect((await submit(id, setSize(1), { 'if-match': '"0"' })).status).toBe(200);
    const before = await house.call<{ intentRoot: string }>('change_set.get', { changeSet: id });
    const stale = await submit(id, setSize(2), { 'if-match': '"0"' });
    expect(stale.body).toMatchObject({ statusCode: 412, reason: 'version_conflict', retryable: true });
    expect(stale.body.data).toEqual({ version: 1 });
    expect(await house.call('change_set.get', { changeSet: id })).toEqual(before);
    expect((await submit(id, setSize(2), { 'if-match': '*' })).status).toBe(200);
    expect((await house.ask('GET', `~/change-sets/${id}`, { headers: { 'if-match': '"1"' } })).status).toBe(412);
    expect((await house.ask('GET', `~/change-sets/${id}`, { headers: { 'if-match': '"2"' } })).status).toBe(200);
    for (const wrong of ['2', 'W/"2"', '"x"', '']) {
      const refused = await submit(id, setSize(3), { 'if-match': wrong });
      expect({ status: refused.status, reason: refused.body.reason }).toEqual({
        status: 422,
        reason: 'request_malformed',
      });
    }
  });

  test('[EN822] If-Match holds whatever is done with a change set to its version, and what is refused is not done', async () => {
    const id = await open();
    await submit(id, [{ kind: 'component.create', schema: 'Box', name: `of ${id}` }]);
    const held = await house.must('GET', `~/change-sets/${id}/components/a`);
    const at = `~/change-sets/${id}`;
    const component = held.component.id;
    const before = await house.call('change_set.get', { changeSet: id });
    const asks: [string, string, object?][] = [
      ['POST', `${at}/apply`],
      ['POST', `${at}/force_apply`],
      ['POST', `${at}/request_approval`],
      ['POST', `${at}/approve`],
      ['POST', `${at}/reject`],
      ['POST', `${at}/withdraw_approval`],
      ['POST', `${at}/reopen`],
      ['DELETE', at],
      ['PATCH', at, { changeSetName: 'other' }],
      ['POST', `${at}/split`, { components: [component] }],
      ['POST', `${at}/schedule`, { at: '2999-01-01T00:00:00Z' }],
      ['POST', `${at}/undo`],
      ['POST', `${at}/redo`],
      ['POST', `${at}/pick`, { edits: ['1'], into: 'HEAD' }],
      ['POST', `${at}/secrets`, { name: 's', definitionName: 'Login', rawData: {} }],
      ['PUT', `${at}/secrets/s`, { id: 's', name: 's' }],
      ['POST', `${at}/providers/local/install`],
      ['POST', `${at}/resources/import`, { schema: 'Box' }],
      [
        'POST',
        `${at}/components/${component}/execute-management-function`,
        { managementFunction: { function: 'nothing' } },
      ],
      ['POST', `${at}/components/${component}/action`, { action: { function: 'nothing' } }],
      ['POST', `${at}/actions/none/cancel`],
      ['POST', `${at}/actions/none/put_on_hold`],
      ['POST', `${at}/actions/none/retry`],
    ];
    for (const [method, path, body] of asks) {
      const stale = await house.ask(method, path, { headers: { 'if-match': '"0"' }, ...(body && { body }) });
      expect([method, path, stale.status, stale.body.reason]).toEqual([method, path, 412, 'version_conflict']);
    }
    expect(await house.call('change_set.get', { changeSet: id })).toEqual(before);
    const fresh = { headers: { 'if-match': '"1"' } };
    expect((await house.ask('PATCH', at, { ...fresh, body: { changeSetName: `renamed ${id}` } })).status).toBe(200);
    expect((await house.ask('POST', `${at}/apply`, fresh)).body).toMatchObject({ status: 'Applied', edits: 1 });
  });

  test('[EN822] an apply and an approval look at the version in their own commit', async () => {
    const id = await open();
    await submit(id, [{ kind: 'component.create', schema: 'Box', name: `of ${id}` }]);
    // Without HTTP, and so without its look beforehand.
    for (const operation of ['change_set.apply', 'change_set.force_apply'])
      await expect(house.call(operation, { changeSet: id, ifVersion: 0 })).rejects.toThrow('version_conflict');
    await house.call('change_set.request_approval', { changeSet: id });
    const { version } = await house.call<{ version: number }>('change_set.get', { changeSet: id });
    for (const operation of ['change_set.approve', 'change_set.reject'])
      await expect(house.call(operation, { changeSet: id, ifVersion: version - 1 })).rejects.toThrow(
        'version_conflict',
      );
    await house.call('change_set.apply', { changeSet: id, ifVersion: version });
  });

  test('[EN822] what is not held to a version refuses If-Match, and any version lets it pass', async () => {
    const id = await open();
    for (const [method, path] of [
      ['GET', `~/change-sets/${id}/plan`],
      ['GET', '~/change-sets'],
      ['POST', `~/change-sets/${id}/blast-radius`],
    ] as const) {
      const refused = await house.ask(method, path, { headers: { 'if-match': '"0"' } });
      expect(refused.body).toMatchObject({ statusCode: 422, reason: 'request_malformed' });
      expect(refused.body.message).toContain('If-Match');
      expect((await house.ask(method, path, { headers: { 'if-match': '*' } })).status).toBe(200);
    }
  });

  test('[EN520] of edits at once that all want the same version one passes', async () => {
    const id = await open();
    const all = await Promise.all([1, 2, 3, 4, 5, 6].map((v) => submit(id, setSize(v), { 'if-match': '"0"' })));
    expect(all.map((a) => a.status).sort()).toEqual([200, 412, 412, 412, 412, 412]);
    expect(await etag(id)).toBe('"1"');
    // Without HTTP, and so without its look beforehand.
    const direct = await Promise.allSettled(
      [7, 8, 9].map((v) => house.call('submit', { changeSet: id, ifVersion: 1, mutations: setSize(v) })),
    );
    expect(direct.map((d) => d.status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
  });

  test('[EN520] a repetition under its key is answered as before, although the version has moved', async () => {
    const id = await open();
    const headers = { 'if-match': '"0"', 'idempotency-key': `once-${id}` };
    const first = await submit(id, setSize(1), headers);
    expect(first.status).toBe(200);
    const again = await submit(id, setSize(1), headers);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('etag')).toBe('"1"');
    expect((await submit(id, setSize(2), headers)).body.reason).toBe('idempotency_key_reused');
  });

  test('baseVersion, in the body or the query, carries an edit over what has come since', async () => {
    const id = await open();
    await submit(id, setSize(1));
    await submit(id, [{ kind: 'attribute.set', component: 'a', path: '/domain/text', value: 'x' }]);
    const late = await submit(id, setSize(2), {}, { baseVersion: 1 });
    expect({ status: late.status, version: late.body.version }).toEqual({ status: 200, version: 3 });
    const over = await house.ask('POST', `~/change-sets/${id}/mutations?baseVersion=1`, {
      body: { mutations: setSize(5) },
    });
    expect(over.body.receipt).toHaveLength(1);
    const unknown = await submit(id, setSize(2), {}, { baseVersion: 99 });
    expect({ status: unknown.status, reason: unknown.body.reason }).toEqual({
      status: 404,
      reason: 'version_not_found',
    });
    for (const baseVersion of ['x', -1, 1.5, true])
      expect((await submit(id, setSize(2), {}, { baseVersion })).status).toBe(422);
  });

  test('the document says what a versioned operation takes and answers', async () => {
    const { paths } = await house.must('GET', '/openapi.json');
    const edit = paths['/v1/w/{workspace_id}/change-sets/{change_set_id}/mutations'].post;
    const names = edit.parameters.map((p: { name: string }) => p.name);
    expect(names).toEqual(expect.arrayContaining(['If-Match', 'baseVersion', 'Idempotency-Key']));
    expect(edit.responses[200].headers.ETag).toBeDefined();
  });
});
