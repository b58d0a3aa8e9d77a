// Looking something up again over HTTP: one edit a value, in a change set, repeated by its key.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { siteMutations } from '../support/site.ts';
import { HttpHouse } from './house.ts';

describe('[EN716] look-ups over HTTP', () => {
  let house: HttpHouse;
  let at: string;
  let site: string;
  const seen = async (): Promise<string> => {
    for (;;) {
      const { value } = await house.must('GET', `${at}/components/${site}/state?waitMs=10000`);
      if (value.domain.Seen !== undefined && value.domain.Seen !== null) return value.domain.Seen;
    }
  };
  const refresh = (options: object = {}, component = site) =>
    house.ask('POST', `${at}/components/${component}/lookups/refresh`, options);

  beforeAll(async () => {
    house = await HttpHouse.open();
    const { changeSet } = await house.must('POST', '~/change-sets', { body: { changeSetName: 'work' } });
    at = `~/change-sets/${changeSet.id}`;
    const { steps } = await house.must('POST', `${at}/mutations`, { body: { mutations: siteMutations() } });
    site = steps[3].subject;
  });
  afterAll(async () => {
    await house.close();
    expect(house.bugs).toEqual([]);
  });

  test('a value is looked up again, once for a key', async () => {
    const first = await seen();
    const asked = { body: { path: '/domain/Seen' }, headers: { 'idempotency-key': 'again' } };
    const answer = await refresh(asked);
    expect(answer).toMatchObject({ status: 200, body: { componentId: site, paths: ['/domain/Seen'] } });
    const second = await seen();
    expect(second).not.toBe(first);
    expect((await refresh(asked)).body).toEqual(answer.body);
    expect(await seen()).toBe(second);
    expect((await refresh()).body).toMatchObject({ version: answer.body.version + 1, paths: ['/domain/Seen'] });
    expect(await seen()).not.toBe(second);
  }, 60_000);

  test('[EN718] what nothing looks up is refused with 412, what is not there with 404', async () => {
    expect(await refresh({ body: { path: '/domain/Given' } })).toMatchObject({
      status: 412,
      body: { reason: 'not_a_lookup' },
    });
    expect((await refresh({}, 'nobody')).status).toBe(404);
    expect((await refresh({ headers: { 'if-match': '"9999"' } })).body.reason).toBe('version_conflict');
    expect((await refresh({ body: { path: 7 } })).status).toBe(422);
  });
});
