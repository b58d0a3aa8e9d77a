// Actions over HTTP: those that a change set plans and those of Head, asked for, held, cancelled, tried again.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { HttpHouse } from './house.ts';
import { applied, boxMutations, proposed, standing, tokenOf } from './office.ts';

let house: HttpHouse;
beforeAll(async () => {
  house = await HttpHouse.open();
  await applied(house, 'schemas', ...boxMutations);
});
afterAll(async () => {
  await house.close();
  expect(house.bugs).toEqual([]);
});

interface Line {
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  readonly name: string;
  readonly componentId: string;
  readonly prototypeId: string;
  readonly originatingChangeSetId: string;
}

const box = (name: string, note = '') => ({
  kind: 'component.create',
  schema: 'Box',
  name,
  attributes: note === '' ? {} : { '/domain/Note': note },
});
const listed = async (changeSet: string): Promise<Line[]> =>
  (await house.must('GET', `~/change-sets/${changeSet}/actions`)).actions;
const told = async (changeSet: string): Promise<string[]> =>
  (await listed(changeSet)).map((a) => `${a.kind} ${a.name}: ${a.state}`);
const idOf = async (component: string, changeSet = 'HEAD'): Promise<string> =>
  (await house.call<{ id: string }>('component.get', { component, changeSet })).id;
const steer = (changeSet: string, action: string, verb: string) =>
  house.ask('POST', `~/change-sets/${changeSet}/actions/${action}/${verb}`);
const add = (changeSet: string, component: string, action: object) =>
  house.ask('POST', `~/change-sets/${changeSet}/components/${component}/action`, { body: { action } });

test('[EN504] a change set shows what it plans under ids that stay; steering them decides about its plan', async () => {
  const id = await proposed(house, 'plans', box('planned'));
  const [create] = await listed(id);
  expect(create).toMatchObject({
    kind: 'Create',
    state: 'Queued',
    name: 'box-create',
    componentId: await idOf('planned', id),
    originatingChangeSetId: id,
    funcRunId: null,
  });
  await house.call('submit', { changeSet: id, mutations: [box('second')] });
  expect((await listed(id)).map((a) => a.id)).toContain(create!.id);
  expect(await told('HEAD')).toEqual([]);
  expect(await steer(id, create!.id, 'put_on_hold')).toMatchObject({ status: 200, body: { success: true } });
  expect((await listed(id)).find((a) => a.id === create!.id)).toMatchObject({ state: 'OnHold' });
  const before = await standing(house, id);
  const again = await steer(id, create!.id, 'put_on_hold');
  expect({ status: again.status, reason: again.body.reason }).toEqual({ status: 400, reason: 'action_step_illegal' });
  expect(await standing(house, id)).toEqual(before);
  expect((await steer(id, create!.id, 'retry')).status).toBe(200);
  expect((await steer(id, create!.id, 'retry')).status).toBe(400);
  expect((await steer(id, create!.id, 'cancel')).status).toBe(200);
  expect((await listed(id)).map((a) => a.id)).not.toContain(create!.id);
  for (const verb of ['cancel', 'put_on_hold', 'retry']) {
    const gone = await steer(id, create!.id, verb);
    expect({ status: gone.status, reason: gone.body.reason }).toEqual({ status: 404, reason: 'action_not_found' });
  }
  const status = await house.must('GET', `~/change-sets/${id}/merge_status`);
  expect(status.changeSet).toEqual({ id, name: 'plans', status: 'Open', isHead: false });
  expect(status.actions).toEqual([
    {
      id: (await listed(id))[0]!.id,
      component: { id: await idOf('second', id), name: 'second' },
      state: 'Queued',
      kind: 'Create',
      name: 'box-create',
    },
  ]);
  await house.must('DELETE', `~/change-sets/${id}`);
  expect((await house.must('GET', `~/change-sets/${id}/merge_status`)).actions).toEqual([]);
});

test('[EN820] a component that is written back as it was read keeps its Create', async () => {
  const id = await proposed(house, 'written back', box('back'));
  const at = `~/change-sets/${id}/components`;
  const { name, resourceId, attributes } = (await house.must('GET', `${at}/back`)).component;
  expect(resourceId).toBe('');
  await house.must('PUT', `${at}/back`, { body: { name, resourceId, attributes } });
  const { component } = await house.must('POST', at, {
    body: { schemaName: 'Box', name: 'copied', resourceId, attributes: {} },
  });
  expect(component.resourceId).toBe('');
  expect((await listed(id)).map((a) => [a.kind, a.componentId])).toEqual([
    ['Create', await idOf('back', id)],
    ['Create', component.id],
  ]);
  const { componentDetails } = await house.must('GET', `${at}?includeAll=true`);
  for (const c of componentDetails) expect(c).toMatchObject({ hasResource: false });
  // What was declared is taken back in the same way.
  await house.must('PUT', `${at}/back`, { body: { resourceId: 'r-1' } });
  expect(await listed(id)).toHaveLength(1);
  const bare = await house.must('PUT', `${at}/back`, { body: { resourceId: '' } });
  expect(bare.component.resourceId).toBe('');
  expect(await listed(id)).toHaveLength(2);
  expect(await house.must('DELETE', `${at}/back`)).toEqual({ status: 'deleted' });
  // As a value it is refused.
  const asked = await house.ask('PUT', `${at}/copied`, { body: { attributes: { '/si/resourceId': '' } } });
  expect({ status: asked.status, reason: asked.body.reason }).toEqual({ status: 422, reason: 'out_of_bounds' });
  await house.must('DELETE', `~/change-sets/${id}`);
});

test('[EN504] once it is applied its actions are those of Head, until they have ended', async () => {
  const id = await proposed(house, 'applied', box('failing', 'fails'), box('held'));
  const held = (await listed(id)).find((a) => a.kind === 'Create' && a.componentId !== '');
  await steer(id, held!.id, 'put_on_hold');
  const heldComponent = held!.componentId;
  await house.must('POST', `~/change-sets/${id}/apply`, { body: { waitMs: 20_000 } });
  await house.call('action.run', { waitMs: 20_000 });
  const states = async () => {
    const { actions } = await house.must('GET', `~/change-sets/${id}/merge_status`);
    return Object.fromEntries(
      actions.map((a: { component: { id: string }; state: string }) => [a.component.id === heldComponent, a.state]),
    );
  };
  const first = await states();
  expect(first['true']).toBe('OnHold');
  // Another change set shows them, too; those are Head's.
  const other = await proposed(house, 'other');
  expect((await told(other)).sort()).toEqual((await told('HEAD')).sort());
  for (const action of await listed('HEAD')) {
    if (action.state !== 'OnHold') continue;
    expect(action.originatingChangeSetId).toBe(id);
    expect((await steer(other, action.id, 'put_on_hold')).status).toBe(400);
    expect((await steer(id, action.id, 'retry')).status).toBe(200);
  }
  await house.call('action.run', { waitMs: 20_000 });
  const rest = await listed('HEAD');
  expect(rest.map((a) => a.state)).toEqual(['Failed']);
  const failed = rest[0]!;
  expect((await steer('HEAD', failed.id, 'put_on_hold')).status).toBe(400);
  expect((await steer('HEAD', failed.id, 'retry')).status).toBe(200);
  await house.call('action.run', { waitMs: 20_000 });
  const token = await tokenOf(house, 'ada', { scopes: ['read'] });
  const refused = await house.ask('POST', `~/change-sets/HEAD/actions/${failed.id}/cancel`, { token });
  expect(refused.status).toBe(403);
  expect((await steer('HEAD', failed.id, 'cancel')).status).toBe(200);
  expect((await steer('HEAD', failed.id, 'cancel')).status).toBe(404);
  expect((await house.must('GET', `~/change-sets/${id}/merge_status`)).actions).toEqual([]);
  expect((await house.ask('GET', '~/change-sets/none/merge_status')).status).toBe(404);
  expect((await house.ask('GET', '~/change-sets/none/actions')).status).toBe(404);
});

test('[EN505] an action is asked for by its function or what binds it, once', async () => {
  await applied(house, 'there', box('there'));
  await house.call('action.run', { waitMs: 20_000 });
  expect((await house.call<{ resourceId: string }>('component.get', { component: 'there' })).resourceId).toBe('box-1');
  const there = await idOf('there');
  const id = await proposed(house, 'asks', box('new one'));
  const create = (await listed(id)).find((a) => a.kind === 'Create')!;
  const before = await standing(house, id);
  const statusOf = async (component: string, action: object) => {
    const { status, body } = await add(id, component, action);
    return [status, body.reason];
  };
  expect(await statusOf('01ARZ3NDEKTSV4RRFFQ69G5FAV', { function: 'box-manual' })).toEqual([
    404,
    'component_not_found',
  ]);
  expect(await statusOf(there, { function: 'none' })).toEqual([404, 'function_not_found']);
  expect(await statusOf(there, { actionPrototypeId: '01ARZ3NDEKTSV4RRFFQ69G5FAV' })).toEqual([
    404,
    'function_not_found',
  ]);
  expect(await statusOf(there, { function: 'box-create' })).toEqual([409, 'already_exists']);
  expect(await statusOf(create.componentId, { actionPrototypeId: create.prototypeId })).toEqual([
    409,
    'already_exists',
  ]);
  expect(await statusOf(create.componentId, { function: 'box-update' })).toEqual([412, 'resource_not_found']);
  expect(await statusOf(there, {})).toEqual([422, 'request_malformed']);
  expect(await standing(house, id)).toEqual(before);
  expect((await add(id, there, { function: 'box-manual' })).status).toBe(200);
  expect(await statusOf(there, { function: 'box-manual' })).toEqual([409, 'already_exists']);
  const manual = (await listed(id)).find((a) => a.kind === 'Manual')!;
  expect(manual).toMatchObject({ state: 'Queued', componentId: there });
  // It was added, so cancelling takes it back and leaves nothing, and it can be asked for again.
  expect((await steer(id, manual.id, 'put_on_hold')).status).toBe(400);
  expect((await steer(id, manual.id, 'cancel')).status).toBe(200);
  const { intentRoot } = (await standing(house, id)) as { intentRoot: string };
  expect(intentRoot).toBe((before as { intentRoot: string }).intentRoot);
  expect((await add(id, there, { actionPrototypeId: manual.prototypeId })).status).toBe(200);
  expect((await add(id, there, { function: 'box-refresh' })).status).toBe(200);
  expect((await listed(id)).map((a) => a.kind).sort()).toEqual(['Create', 'Manual', 'Refresh']);
});

test('[EN505] on Head only looks and manual ones are asked for, at once', async () => {
  const there = await idOf('there');
  const refused = await add('HEAD', there, { function: 'box-update' });
  expect({ status: refused.status, reason: refused.body.reason }).toEqual({ status: 400, reason: 'head_is_read_only' });
  expect((await add('HEAD', there, { function: 'box-refresh' })).status).toBe(200);
  await house.call('action.run', { waitMs: 20_000 });
  const { items } = await house.call<{ items: { kind: string; status: string }[] }>('action.list', {
    component: 'there',
  });
  expect(items[0]).toMatchObject({ kind: 'refresh', status: 'succeeded' });
});
