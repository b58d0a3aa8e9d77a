// Plans as documents over the wire: an apply that is given one does exactly that, or says what has moved.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { HttpHouse } from './house.ts';
import { applied, boxMutations, proposed, standing } from './office.ts';

let house: HttpHouse;
beforeAll(async () => {
  house = await HttpHouse.open();
  await applied(house, 'types', ...boxMutations);
});
afterAll(async () => {
  await house.close();
  expect(house.bugs).toEqual([]);
});

const box = (name: string, size = 1): Json => ({
  kind: 'component.create',
  schema: 'Box',
  name,
  attributes: { '/domain/Size': size },
});
const planOf = (id: string) => house.must('GET', `~/change-sets/${id}/plan?waitMs=20000`);
const apply = (id: string, plan: object, headers: Record<string, string> = {}) =>
  house.ask('POST', `~/change-sets/${id}/apply`, { body: { plan, waitMs: 20_000, leaveQueued: true }, headers });
const set = (changeSet: string, component: string, value: number) =>
  house.call('submit', { changeSet, mutations: [{ kind: 'attribute.set', component, path: '/domain/Size', value }] });

/** Refused as stale with that among what moved, and everything as it was. */
async function stale(id: string, plan: object, what: RegExp) {
  const before = await standing(house, id);
  const { status, body } = await apply(id, plan);
  expect({ status, reason: body.reason }).toEqual({ status: 412, reason: 'plan_stale' });
  expect(body.data.moved.join('\n')).toMatch(what);
  expect(await standing(house, id)).toEqual(before);
}

test('[EN588] a plan names the change set, both versions with their roots and each action; made again it is the same', async () => {
  const id = await proposed(house, 'first', box('one'));
  const plan = await planOf(id);
  const head = await house.call<{ version: number; intentRoot: string }>('change_set.get', { changeSet: 'HEAD' });
  const row = await house.call<{ version: number; intentRoot: string }>('change_set.get', { changeSet: id });
  expect(plan).toMatchObject({
    format: 'headwater.plan',
    formatVersion: 1,
    workspace: house.workspace,
    changeSet: { id, name: 'first', version: row.version, intentRoot: row.intentRoot },
    head: { version: head.version, intentRoot: head.intentRoot },
    actions: [{ componentName: 'one', schema: 'Box', kind: 'create', held: false, awaits: false }],
  });
  expect(plan.actions[0].inputHash).toMatch(/^[0-9a-f]+$/);
  expect(await planOf(id)).toEqual(plan);
  expect((await house.ask('GET', '~/change-sets/HEAD/plan')).status).toBe(400);
  expect((await house.ask('GET', '~/change-sets/none/plan')).status).toBe(404);
});

test('[EN589] an apply of a plan does that, once', async () => {
  const id = await proposed(house, 'second', box('two'));
  const plan = await planOf(id);
  const headers = { 'idempotency-key': 'apply-the-plan' };
  const done = await apply(id, plan, headers);
  expect(done.status).toBe(200);
  expect(done.body).toMatchObject({ status: 'Applied', headVersion: plan.head.version + 1 });
  expect(done.body.actions.map((a: { kind: string }) => a.kind)).toEqual(['create']);
  expect((await apply(id, plan, headers)).body).toEqual(done.body);
  // With another plan under the same key, or without the key, it is nothing that was done.
  expect((await apply(id, { ...plan, fingerprint: 'other' }, headers)).body.reason).toBe('idempotency_key_reused');
  expect((await apply(id, plan)).status).toBe(400);
});

test('[EN589] is refused when the change set, Head or the actions have moved, and nothing is applied', async () => {
  const id = await proposed(house, 'third', box('three'));
  const plan = await planOf(id);
  await set(id, 'three', 2);
  await stale(id, plan, /the version of the change set: \d+ in the plan, \d+ now\n(.*\n)?the actions/);
  const edited = await planOf(id);
  const other = await proposed(house, 'other', box('elsewhere'));
  await house.call('change_set.apply', { changeSet: other, waitMs: 20_000, leaveQueued: true });
  await stale(id, edited, /the version of Head: \d+ in the plan, \d+ now/);
  const again = await planOf(id);
  await stale(id, { ...again, fingerprint: '0' }, /^the actions: "0" in the plan/);
  await stale(id, { ...again, workspace: 'another' }, /^the workspace/);
  await stale(id, { ...again, head: { ...again.head, intentRoot: 'x' } }, /^Head/);
  // A plan of another change set carries out neither.
  await stale(id, await planOf(await proposed(house, 'fourth', box('four'))), /^the change set/);
  expect((await apply(id, again)).status).toBe(200);
});

test('[EN588] what is no plan, or one of a version that is not known, is refused', async () => {
  const id = await proposed(house, 'fifth', box('five'));
  const plan = await planOf(id);
  for (const [wrong, path] of [
    [{}, 'plan/format'],
    [{ ...plan, formatVersion: 2 }, 'plan/formatVersion'],
    [{ ...plan, changeSet: { id } }, 'plan/changeSet'],
    [{ ...plan, head: null }, 'plan/head'],
    [{ ...plan, actions: undefined }, 'plan/actions'],
    [{ ...plan, fingerprint: 5 }, 'plan/fingerprint'],
  ] as const) {
    const { status, body } = await apply(id, wrong);
    expect([status, body.reason, body.errors[0].path]).toEqual([422, 'request_malformed', path]);
  }
});
