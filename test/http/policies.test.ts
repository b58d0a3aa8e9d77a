// Policies over the wire: set whole, read, tried, removed; and the refusal that names the one that decided.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { HttpHouse } from './house.ts';

const noNames =
  '@id("no-new-names") forbid(principal, action, resource) when { context.operation == "change_set.rename" };';
const path = '~/policies';

let house: HttpHouse;
beforeAll(async () => {
  house = await HttpHouse.open();
});
afterAll(async () => {
  await house.close();
  expect(house.bugs).toEqual([]);
});

test('policies are set whole, decide, and are gone once they are removed', async () => {
  const none = await house.must('GET', path);
  expect(none).toMatchObject({ text: '', policies: [] });
  expect(none.builtIn.length).toBeGreaterThan(0);
  const set = await house.must('PUT', path, { body: { text: noNames } });
  expect(set).toMatchObject({ text: noNames, policies: [{ id: 'no-new-names', effect: 'forbid' }] });
  expect(await house.must('GET', path)).toEqual(set);
  const ask = { action: 'edit', operation: 'change_set.rename' };
  expect(await house.must('POST', `${path}/test`, { body: ask })).toMatchObject({
    allowed: false,
    own: ['no-new-names'],
  });
  const bad = await house.ask('PUT', path, { body: { text: 'permit(' } });
  expect({ status: bad.status, reason: bad.body.reason }).toEqual({ status: 422, reason: 'policy_invalid' });
  expect(await house.must('GET', path)).toEqual(set);
  expect(await house.must('DELETE', path)).toEqual(none);
  expect(await house.must('POST', `${path}/test`, { body: ask })).toMatchObject({ allowed: true, own: [] });
});
