// Workspaces and members over HTTP: made, described, removed and brought back; invited, given another role, taken out.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { must } from '../../src/base/result.ts';
import { Directory } from '../../src/engine/directory.ts';
import { callOperation } from '../../src/engine/operations.ts';
import { HttpHouse } from './house.ts';
import { applied, boxMutations, tokenOf } from './office.ts';

let house: HttpHouse;
beforeAll(async () => {
  house = await HttpHouse.open();
});
afterAll(async () => {
  await house.close();
  expect(house.bugs).toEqual([]);
});

const root = '/management/workspaces';
const make = (displayName: string, more: object = {}) =>
  house.must('POST', root, {
    body: { displayName, description: 'of tests', instanceUrl: 'https://x.example', ...more },
  });
const names = async (token = house.token): Promise<string[]> =>
  (await house.must('GET', root, { token })).map((w: { displayName: string }) => w.displayName);
const reasonOf = async (method: string, path: string, asking: object = {}) => {
  const { status, body } = await house.ask(method, path, asking);
  return [status, body.reason];
};
const membersOf = async (id: string) =>
  Object.fromEntries(
    (await house.must('GET', `${root}/${id}/members`)).map((m: { userId: string; role: string }) => [m.userId, m.role]),
  );

test('[EN507] are made by who has the installation, who is their owner, and told with one’s role', async () => {
  const made = await make('production', { isDefault: true, createSetupToken: true });
  expect(made).toMatchObject({
    displayName: 'production',
    description: 'of tests',
    instanceUrl: 'https://x.example',
    isDefault: true,
    approvalsEnabled: false,
    creatorUserId: 'ada',
    role: 'OWNER',
  });
  const { token } = made.initialApiToken;
  expect(await house.must('GET', '/whoami', { token })).toMatchObject({ userId: 'ada', workspaceId: made.id });
  expect((await house.must('GET', `/v1/w/${made.id}/change-sets`, { token })).changeSets).toHaveLength(1);
  // It is good there and nowhere else.
  expect((await house.ask('GET', '~/change-sets', { token })).status).toBe(403);
  expect(await names(token)).toEqual(['production']);
  expect(await reasonOf('POST', root, { token, body: { displayName: 'x', description: '', instanceUrl: '' } })).toEqual(
    [403, 'access_denied'],
  );
  expect(await membersOf(made.id)).toEqual({ ada: 'OWNER' });
  const got = await house.must('GET', `${root}/${made.id}`);
  expect(got).toEqual({ ...made, initialApiToken: undefined });
  expect(
    await reasonOf('POST', root, { body: { displayName: 'production', description: '', instanceUrl: '' } }),
  ).toEqual([400, 'name_taken']);
  expect(await reasonOf('POST', root, { body: { displayName: ' ', description: '', instanceUrl: '' } })).toEqual([
    400,
    'request_malformed',
  ]);
  expect((await house.ask('POST', root, { body: { displayName: 'x' } })).status).toBe(422);
  // The latest that was said to be the default is.
  const second = await make('staging', { isDefault: true });
  expect((await house.must('GET', `${root}/${made.id}`)).isDefault).toBe(false);
  expect(second).toMatchObject({ isDefault: true });
  expect('initialApiToken' in second).toBe(false);
  expect(await names()).toEqual(['default', 'production', 'staging']);
  const none = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
  expect((await house.ask('GET', `${root}/${none}`)).status).toBe(404);
  expect((await house.ask('GET', `${root}/${none}`, { token })).status).toBe(403);
});

test('[EN507] are described anew by owners, and called otherwise by a name that is free', async () => {
  const { id } = await make('first');
  const changed = await house.must('PATCH', `${root}/${id}`, {
    body: { displayName: 'renamed', description: 'other' },
  });
  expect(changed).toMatchObject({ id, displayName: 'renamed', description: 'other', instanceUrl: 'https://x.example' });
  expect(await house.must('GET', `/v1/w/renamed/change-sets`)).toMatchObject({ changeSets: [{ isHead: true }] });
  expect(await reasonOf('PATCH', `${root}/${id}`, { body: { displayName: 'default' } })).toEqual([400, 'name_taken']);
  expect((await make('first')).displayName).toBe('first');
  await house.must('POST', `${root}/${id}/members`, { body: { email: 'eve@x.example' } });
  const call = {
    engine: house.engine,
    principal: { id: 'eve@x.example', role: 'viewer' } as const,
    progress: () => {},
  };
  const { token } = must(await callOperation(call, 'token.create', { workspace: id, name: 'eve' })) as {
    token: string;
  };
  expect(await reasonOf('PATCH', `${root}/${id}`, { token, body: { description: 'mine' } })).toEqual([
    403,
    'access_denied',
  ]);
  expect((await house.must('GET', `${root}/${id}`, { token })).role).toBe('EDITOR');
  expect((await house.must('GET', `${root}/${id}`)).description).toBe('other');
});

test('[EN506] removed they are in no list and refuse everything, until they are brought back as they were', async () => {
  const { id, initialApiToken } = await make('short-lived', { createSetupToken: true });
  const { token } = initialApiToken;
  const { changeSet } = await house.must('POST', `/v1/w/${id}/change-sets`, { body: { changeSetName: 'kept' } });
  const submit = { workspace: id, changeSet: changeSet.id, mutations: [...boxMutations] as Json[] };
  await house.call('submit', submit);
  expect(await reasonOf('DELETE', `${root}/${id}`, { token })).toEqual([403, 'access_denied']);
  const other = await tokenOf(house, 'bob');
  expect((await house.ask('DELETE', `${root}/${id}`, { token: other })).status).toBe(403);
  expect((await house.ask('GET', `/v1/w/${id}/change-sets`)).status).toBe(200);
  expect((await house.ask('DELETE', `${root}/${id}`)).status).toBe(204);
  expect(await names()).not.toContain('short-lived');
  for (const [method, path] of [
    ['DELETE', `${root}/${id}`],
    ['GET', `${root}/${id}`],
    ['GET', `${root}/${id}/members`],
    ['GET', `/v1/w/${id}/change-sets`],
    ['GET', '/v1/w/short-lived/change-sets'],
  ] as const)
    expect(await reasonOf(method, path)).toEqual([404, 'workspace_not_found']);
  expect(await reasonOf('GET', `/v1/w/${id}/change-sets`, { token })).toEqual([404, 'workspace_not_found']);
  expect(await reasonOf('GET', '/whoami', { token })).toEqual([404, 'workspace_not_found']);
  // So it is for whoever opens the store next.
  const next = new Directory(house.engine.store, false);
  expect([await next.find(id), await next.find('short-lived')]).toEqual([undefined, undefined]);
  // Its name is free, and then it cannot come back under it.
  const again = await make('short-lived');
  expect(again.id).not.toBe(id);
  expect(await reasonOf('POST', `${root}/${id}/restore`)).toEqual([409, 'name_taken']);
  await house.must('DELETE', `${root}/${again.id}`);
  expect(await reasonOf('POST', `${root}/${id}/restore`, { token: other })).toEqual([403, 'access_denied']);
  expect((await house.must('POST', `${root}/${id}/restore`)).displayName).toBe('short-lived');
  const back = await house.must('GET', `/v1/w/${id}/change-sets`, { token });
  expect(back.changeSets.map((c: { name: string }) => c.name)).toEqual(['HEAD', 'kept']);
  expect((await house.must('GET', `/v1/w/${id}/change-sets/kept/review`)).components).toEqual([]);
  const audit = await house.call<{ kind: string }[]>('audit.list', { workspace: id, changeSet: 'HEAD' });
  expect(audit.map((a) => a.kind).slice(-2)).toEqual(['workspace.remove', 'workspace.restore']);
  expect(await house.call('verify', { workspace: id })).toMatchObject({ problems: [] });
});

test('[EN508] people are invited once, get another role, are taken out and leave; an owner stays', async () => {
  const { id } = await make('team');
  const at = `${root}/${id}`;
  const invite = (email: string, token = house.token) => house.ask('POST', `${at}/members`, { body: { email }, token });
  const invited = await invite('eve@x.example');
  expect(invited.body).toEqual([
    { userId: 'ada', email: 'ada', nickname: 'ada', role: 'OWNER' },
    { userId: 'eve@x.example', email: 'eve@x.example', nickname: 'eve', role: 'EDITOR' },
  ]);
  expect((await house.must('GET', at)).approvalsEnabled).toBe(true);
  const twice = await invite('eve@x.example');
  expect([twice.status, twice.body.reason]).toEqual([409, 'already_exists']);
  const nobody = await invite('');
  expect([nobody.status, nobody.body.reason]).toEqual([400, 'request_malformed']);
  const role = (userId: string, to: string) =>
    reasonOf('POST', `${at}/update_member_access`, { body: { userId, role: to } });
  expect(await role('eve@x.example', 'APPROVER')).toEqual([200, undefined]);
  expect(await membersOf(id)).toEqual({ ada: 'OWNER', 'eve@x.example': 'APPROVER' });
  expect(await role('none@x.example', 'OWNER')).toEqual([404, 'member_not_found']);
  expect(await role('ada', 'EDITOR')).toEqual([400, 'last_owner']);
  expect((await role('ada', 'KING'))[0]).toBe(422);
  const out = (email: string) => reasonOf('DELETE', `${at}/members`, { body: { email } });
  expect(await out('none@x.example')).toEqual([404, 'member_not_found']);
  expect(await out('ada')).toEqual([400, 'last_owner']);
  expect(await reasonOf('DELETE', `${at}/leave`)).toEqual([403, 'last_owner']);
  expect(await membersOf(id)).toEqual({ ada: 'OWNER', 'eve@x.example': 'APPROVER' });
  const call = {
    engine: house.engine,
    principal: { id: 'eve@x.example', role: 'viewer' } as const,
    progress: () => {},
  };
  const eve = must(await callOperation(call, 'token.create', { workspace: id, name: 'eve' })) as { token: string };
  expect((await invite('bob@x.example', eve.token)).status).toBe(403);
  const left = await house.ask('DELETE', `${at}/leave`, { token: eve.token });
  expect(left.body).toEqual([{ userId: 'ada', email: 'ada', nickname: 'ada', role: 'OWNER' }]);
  expect((await house.ask('GET', at, { token: eve.token })).status).toBe(403);
  expect((await invite('bob@x.example')).status).toBe(200);
  expect(await out('bob@x.example')).toEqual([200, undefined]);
  expect(await membersOf(id)).toEqual({ ada: 'OWNER' });
});

test('[EN508] a workspace without members has none to leave', async () => {
  await applied(house, 'something', { kind: 'view.create', name: 'v' });
  expect(await house.must('GET', `${root}/${house.workspace}/members`)).toEqual([]);
  expect(await reasonOf('DELETE', `${root}/${house.workspace}/leave`)).toEqual([404, 'member_not_found']);
});
