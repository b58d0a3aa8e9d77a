// Undo, redo and pick over HTTP.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HttpHouse } from './house.ts';
import { applied, boxMutations, proposed } from './office.ts';

const box = (name: string) => ({ kind: 'component.create', schema: 'Box', name, attributes: {} as never });

describe('edits', () => {
  let house: HttpHouse;
  beforeAll(async () => {
    house = await HttpHouse.open();
    await applied(house, 'schemas', ...boxMutations);
  });
  afterAll(async () => {
    await house.close();
    expect(house.bugs).toEqual([]);
  });

  test('[EN600] [EN602] are listed, undone and put back; a key answers the same again', async () => {
    const id = await proposed(house, 'undone', box('a'));
    const { edits } = await house.must('GET', `~/change-sets/${id}/edits`);
    expect(edits).toMatchObject([{ id: '1', state: 'stands', actor: 'ada' }]);
    const asking = { headers: { 'idempotency-key': 'undo-1' } };
    const undone = await house.must('POST', `~/change-sets/${id}/undo`, asking);
    expect(undone.undone.map((e: { id: string }) => e.id)).toEqual(['1']);
    expect(await house.must('POST', `~/change-sets/${id}/undo`, asking)).toEqual(undone);
    const back = await house.must('POST', `~/change-sets/${id}/redo`, { body: { undo: undone.version } });
    expect(back.version).toBe(undone.version + 1);
    const stale = await house.ask('POST', `~/change-sets/${id}/undo`, { body: { ifVersion: 1 } });
    expect({ status: stale.status, reason: stale.body.reason }).toEqual({ status: 412, reason: 'version_conflict' });
  });

  test('[EN603] [EN605] are refused with what needs them and what they lack, and nothing changes', async () => {
    const id = await proposed(house, 'first', box('b'));
    await house.call('submit', {
      changeSet: id,
      mutations: [{ kind: 'component.rename', component: 'b', name: 'bb' }],
    });
    const { id: into } = (await house.must('POST', '~/change-sets', { body: { changeSetName: 'second' } })).changeSet;
    const root = async (changeSet: string) =>
      (await house.call<{ intentRoot: string }>('change_set.get', { changeSet })).intentRoot;
    const before = [await root(id), await root(into)];
    const needed = await house.ask('POST', `~/change-sets/${id}/undo`, { body: { edits: ['1'] } });
    expect({ status: needed.status, reason: needed.body.reason, data: needed.body.data }).toEqual({
      status: 412,
      reason: 'edit_needed',
      data: { edits: ['2'] },
    });
    const lacks = await house.ask('POST', `~/change-sets/${id}/pick`, { body: { edits: ['2'], into } });
    expect({ status: lacks.status, reason: lacks.body.reason }).toEqual({ status: 412, reason: 'edit_lacks' });
    const none = await house.ask('POST', `~/change-sets/${id}/pick`, { body: { edits: ['77'], into } });
    expect(none.status).toBe(404);
    const { token } = await house.must('POST', '~/tokens', { body: { name: 'reader', scopes: ['read'] } });
    for (const verb of ['undo', 'redo'])
      expect((await house.ask('POST', `~/change-sets/${id}/${verb}`, { token })).status).toBe(403);
    expect((await house.ask('POST', `~/change-sets/${id}/pick`, { token, body: { edits: ['1'], into } })).status).toBe(
      403,
    );
    expect([await root(id), await root(into)]).toEqual(before);
    const picked = await house.must('POST', `~/change-sets/${id}/pick`, { body: { edits: ['1', '2'], into } });
    expect(picked.steps).toHaveLength(2);
    expect(await root(into)).toBe(before[0]);
  });
});
