// Freeze windows and applies at a time over HTTP.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HttpHouse } from './house.ts';
import { applied, boxMutations, proposed } from './office.ts';

describe('freeze windows and scheduled applies', () => {
  let house: HttpHouse;
  beforeAll(async () => {
    house = await HttpHouse.open();
    await applied(house, 'schemas', ...boxMutations);
  });
  afterAll(async () => {
    await house.close();
    expect(house.bugs).toEqual([]);
  });

  test('[EN607] [EN608] are set, listed with those in force, and removed; an apply is forbidden meanwhile', async () => {
    const id = await proposed(house, 'frozen out');
    const always = { from: '2000-01-01T00:00', to: '2999-01-01T00:00' };
    await house.must('PUT', '~/freeze-windows/ever', { body: always });
    const { windows } = await house.must('GET', '~/freeze-windows');
    expect(windows).toEqual([{ name: 'ever', timeZone: 'UTC', ...always, endsAtMs: Date.parse('2999-01-01T00:00Z') }]);
    const refused = await house.ask('POST', `~/change-sets/${id}/apply`);
    expect({ status: refused.status, reason: refused.body.reason }).toEqual({ status: 403, reason: 'frozen' });
    const { token } = await house.must('POST', '~/tokens', {
      body: { name: 'editor', scopes: ['read', 'edit', 'apply'] },
    });
    expect((await house.ask('DELETE', '~/freeze-windows/ever', { token })).status).toBe(403);
    expect((await house.ask('PUT', '~/freeze-windows/ever', { token, body: always })).status).toBe(403);
    expect((await house.ask('PUT', '~/freeze-windows/bad', { body: { from: 'x' } })).status).toBe(422);
    await house.must('DELETE', '~/freeze-windows/ever');
    expect((await house.ask('DELETE', '~/freeze-windows/ever')).status).toBe(404);
    await house.must('POST', `~/change-sets/${id}/apply`);
  });

  test('[EN609] [EN611] are asked for, cancelled, and carried out when the time has come', async () => {
    const id = await proposed(house, 'later');
    const far = await house.must('POST', `~/change-sets/${id}/schedule`, { body: { at: Date.now() + 3_600_000 } });
    expect(far.status).toBe('waiting');
    expect((await house.must('DELETE', `~/scheduled-applies/${far.id}`)).status).toBe('cancelled');
    expect((await house.ask('DELETE', `~/scheduled-applies/${far.id}`)).status).toBe(404);
    expect((await house.ask('POST', `~/change-sets/${id}/schedule`, { body: { at: 'soon' } })).status).toBe(422);
    const soon = await house.must('POST', `~/change-sets/${id}/schedule`, { body: { at: Date.now() + 300 } });
    await expect
      .poll(
        async () =>
          (await house.must('GET', '~/scheduled-applies')).applies.find((a: { id: string }) => a.id === soon.id).status,
        {
          timeout: 20_000,
        },
      )
      .toBe('applied');
    expect((await house.must('GET', `~/change-sets/${id}`)).changeSet.status).toBe('Applied');
  });
});
