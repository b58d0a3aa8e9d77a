// Secrets over HTTP: made, changed, listed by definition, removed; what is in them never comes back.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { allowSource } from '../../src/main/secret_sources.ts';
import { HttpHouse } from './house.ts';
import { proposed, standing } from './office.ts';

let house: HttpHouse;
let changeSet: string;
beforeAll(async () => {
  house = await HttpHouse.open();
  const text = { kind: 'string' };
  const spec = {
    format: 1,
    domain: { kind: 'object', properties: {} },
    resourceValue: { kind: 'object', properties: {} },
    secrets: { kind: 'object', properties: {} },
    definitions: {},
  };
  const fields = { kind: 'object', properties: { user: text, password: { ...text, widget: 'password' } } };
  const slot = { ...text, secret: true, suggests: [{ schema: 'Login', path: '/secrets/Login' }] };
  changeSet = await proposed(
    house,
    'secrets',
    { kind: 'schema.create', name: 'Login', spec: { ...spec, secretDefinition: { name: 'Login', fields } } },
    {
      kind: 'schema.create',
      name: 'User',
      spec: { ...spec, secrets: { kind: 'object', properties: { Login: slot } } },
    },
    { kind: 'component.create', schema: 'User', name: 'user', attributes: {} },
  );
});
afterAll(async () => {
  await house.close();
  expect(house.bugs).toEqual([]);
});

const here = () => `~/change-sets/${changeSet}/secrets`;
const keyOf = async (secret: string) => (await house.call<{ key: string }>('secret.get', { changeSet, secret })).key;
const made = {
  name: 'prod',
  definitionName: 'Login',
  description: 'of production',
  rawData: { user: 'u', password: 'hush-1' },
};

test('[EN510] are listed by definition, those without any too', async () => {
  const empty = await house.must('GET', here());
  expect(empty).toEqual({
    Login: {
      definition: {
        secretDefinition: 'Login',
        formData: [
          { name: 'user', kind: 'string' },
          { name: 'password', kind: 'password' },
        ],
      },
      secrets: [],
    },
  });
  expect((await house.ask('GET', '~/change-sets/none/secrets')).status).toBe(404);
});

test('[EN509] are made once by a name, and say nothing of what is in them', async () => {
  const headers = { 'idempotency-key': 's1' };
  const { secret } = await house.must('POST', here(), { body: made, headers });
  expect(secret).toEqual({ id: secret.id, name: 'prod', definition: 'Login', description: 'of production' });
  expect(await house.must('POST', here(), { body: made, headers })).toEqual({ secret });
  const before = await standing(house, changeSet);
  const taken = await house.ask('POST', here(), { body: { ...made, rawData: { user: 'x', password: 'y' } } });
  expect({ status: taken.status, reason: taken.body.reason }).toEqual({ status: 409, reason: 'name_taken' });
  const wrong = await house.ask('POST', here(), { body: { ...made, rawData: { password: 5 } } });
  expect(wrong.status).toBe(422);
  expect((await house.ask('POST', here(), { body: { name: 'x' } })).status).toBe(422);
  expect((await house.ask('POST', '~/change-sets/HEAD/secrets', { body: made })).status).toBe(400);
  expect(await standing(house, changeSet)).toEqual(before);
  const listed = await house.must('GET', here());
  expect(listed.Login.secrets).toEqual([secret]);
  for (const answer of [secret, listed, taken.body, wrong.body]) expect(JSON.stringify(answer)).not.toContain('hush-1');
  // Of a kind that no schema has: listed all the same.
  await house.must('POST', here(), { body: { name: 'odd', definitionName: 'Elsewhere' } });
  expect((await house.must('GET', here())).Elsewhere).toMatchObject({
    definition: { formData: [] },
    secrets: [{ name: 'odd' }],
  });
});

test('[EN509] are changed under their id, and keep their content unless another comes', async () => {
  const id = (await house.must('GET', here())).Login.secrets[0].id;
  const key = await keyOf(id);
  const renamed = await house.must('PUT', `${here()}/${id}`, { body: { id, name: 'production' } });
  expect(renamed.secret).toEqual({ id, name: 'production', definition: 'Login', description: 'of production' });
  expect(await keyOf(id)).toBe(key);
  const filled = { id, name: 'production', description: 'new', rawData: { user: 'u', password: 'hush-2' } };
  const changed = await house.must('PUT', `${here()}/${id}`, { body: filled });
  expect(changed.secret).toMatchObject({ id, description: 'new' });
  expect(await keyOf(id)).not.toBe(key);
  const before = await standing(house, changeSet);
  const clash = await house.ask('PUT', `${here()}/${id}`, { body: { id, name: 'odd' } });
  expect({ status: clash.status, reason: clash.body.reason }).toEqual({ status: 409, reason: 'name_taken' });
  const none = await house.ask('PUT', `${here()}/01ARZ3NDEKTSV4RRFFQ69G5FAV`, { body: { id, name: 'x' } });
  expect({ status: none.status, reason: none.body.reason }).toEqual({ status: 404, reason: 'secret_not_found' });
  expect((await house.ask('PUT', `${here()}/${id}`, { body: { id } })).status).toBe(422);
  expect(await standing(house, changeSet)).toEqual(before);
});

test('[EN823] the id in an update is that of the secret in its path, or it is refused', async () => {
  const [{ id, name }, ...others] = (await house.must('GET', here())).Login.secrets;
  expect(others).toEqual([]);
  const before = await standing(house, changeSet);
  for (const path of [id, name]) {
    const other = await house.ask('PUT', `${here()}/${path}`, {
      body: { id: '01ARZ3NDEKTSV4RRFFQ69G5FAV', name: 'other', rawData: { user: 'u', password: 'hush-3' } },
    });
    expect({ status: other.status, reason: other.body.reason }).toEqual({ status: 422, reason: 'request_malformed' });
    expect(other.body.message).toContain(id);
  }
  expect(await standing(house, changeSet)).toEqual(before);
  expect((await house.must('PUT', `${here()}/${name}`, { body: { id, name } })).secret.id).toBe(id);
});

test('are removed when nothing uses them', async () => {
  const id = (await house.must('GET', here())).Login.secrets[0].id;
  const set = (secret: string | null) =>
    house.call('submit', {
      changeSet,
      mutations: [
        secret === null
          ? { kind: 'attribute.unset', component: 'user', path: '/secrets/Login' }
          : { kind: 'attribute.set', component: 'user', path: '/secrets/Login', value: { $source: { secret } } },
      ],
    });
  await set(id);
  const before = await standing(house, changeSet);
  const used = await house.ask('DELETE', `${here()}/${id}`);
  expect({ status: used.status, reason: used.body.reason }).toEqual({ status: 409, reason: 'in_use' });
  expect(await standing(house, changeSet)).toEqual(before);
  await set(null);
  const { version } = await house.call<{ version: number }>('change_set.get', { changeSet });
  const stale = await house.ask('DELETE', `${here()}/${id}`, { headers: { 'if-match': `"${version - 1}"` } });
  expect({ status: stale.status, reason: stale.body.reason }).toEqual({ status: 412, reason: 'version_conflict' });
  const removed = await house.ask('DELETE', `${here()}/${id}`, { headers: { 'if-match': `"${version}"` } });
  expect({ body: removed.body, etag: removed.headers.get('etag') }).toEqual({
    body: { success: true },
    etag: `"${version + 1}"`,
  });
  const gone = await house.ask('DELETE', `${here()}/${id}`);
  expect({ status: gone.status, reason: gone.body.reason }).toEqual({ status: 404, reason: 'secret_not_found' });
  expect((await house.must('GET', here())).Login.secrets).toEqual([]);
});

test('[EN622] refer to what the owner of the installation allows, and to nothing else', async () => {
  const body = { name: 'elsewhere', definitionName: 'Login', from: { password: 'env:HW_TEST_PASSWORD' } };
  const denied = await house.ask('POST', here(), { body });
  expect([denied.status, denied.body.reason]).toEqual([403, 'secret_source_denied']);
  allowSource(house.folder, 'env:HW_TEST_PASSWORD', true);
  const { secret } = await house.must('POST', here(), { body });
  expect(secret).toMatchObject({ name: 'elsewhere', from: body.from });
  const at = `${here()}/${secret.id}`;
  const other = { id: secret.id, name: 'elsewhere', from: 'file:/etc/hostname' };
  const refused = await house.ask('PUT', at, { body: other });
  expect([refused.status, refused.body.reason]).toEqual([403, 'secret_source_denied']);
  const both = await house.ask('PUT', at, { body: { ...other, from: body.from, rawData: { password: 'hush-9' } } });
  expect(both.status).toBe(422);
  expect(JSON.stringify(both.body)).not.toContain('hush-9');
  const whole = await house.must('PUT', at, { body: { ...other, from: 'env:HW_TEST_PASSWORD' } });
  expect(whole.secret.from).toBe('env:HW_TEST_PASSWORD');
  const own = await house.must('PUT', at, { body: { id: secret.id, name: 'elsewhere', rawData: { password: 'x' } } });
  expect(own.secret.from).toBeUndefined();
});
