// Plan policies over HTTP.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HttpHouse } from './house.ts';
import { applied, boxMutations, proposed } from './office.ts';

describe('plan policies', () => {
  let house: HttpHouse;
  beforeAll(async () => {
    house = await HttpHouse.open();
    const text = `function main(plan) { return plan.components.map((c) => ({ level: 'deny', message: 'not ' + c.name })); }`;
    await applied(house, 'schemas', ...boxMutations, {
      kind: 'function.create',
      name: 'never',
      functionKind: 'policy',
      text,
    } as never);
  });
  afterAll(async () => {
    await house.close();
    expect(house.bugs).toEqual([]);
  });

  test('[EN612] [EN613] are bound by owners, say what is wrong, and forbid the apply', async () => {
    const id = await proposed(house, 'denied', {
      kind: 'component.create',
      schema: 'Box',
      name: 'x',
      attributes: {} as never,
    });
    const { token } = await house.must('POST', '~/tokens', {
      body: { name: 'editor', scopes: ['read', 'edit', 'apply'] },
    });
    expect((await house.ask('PUT', '~/plan-policies/never', { token })).status).toBe(403);
    expect((await house.ask('PUT', '~/plan-policies/none')).status).toBe(404);
    const line = await house.must('PUT', '~/plan-policies/never');
    expect(await house.must('GET', '~/plan-policies')).toEqual({ policies: [line] });
    expect((await house.must('GET', `~/change-sets/${id}/plan-input`)).components).toMatchObject([
      { name: 'x', status: 'Added' },
    ]);
    const { findings } = await house.must('GET', `~/change-sets/${id}/plan-findings`);
    expect(findings).toEqual([{ policy: 'never', level: 'deny', message: 'not x' }]);
    const refused = await house.ask('POST', `~/change-sets/${id}/apply`);
    expect({ status: refused.status, reason: refused.body.reason }).toEqual({ status: 403, reason: 'plan_denied' });
    await house.must('DELETE', '~/plan-policies/never');
    expect((await house.ask('DELETE', '~/plan-policies/never')).status).toBe(404);
    await house.must('POST', `~/change-sets/${id}/apply`);
  });
});
