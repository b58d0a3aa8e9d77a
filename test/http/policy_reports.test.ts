// Policy reports over HTTP: uploaded, found by name, read a page at a time and in groups.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { limits } from '../../src/base/limits.ts';
import { HttpHouse } from './house.ts';
import { proposed, tokenOf } from './office.ts';

let house: HttpHouse;
let changeSet: string;
beforeAll(async () => {
  house = await HttpHouse.open();
  changeSet = await proposed(house, 'checked');
});
afterAll(async () => {
  await house.close();
  expect(house.bugs).toEqual([]);
});

const upload = (name: string, result = 'Pass', about = changeSet) =>
  house.must('POST', `~/change-sets/${about}/policy-reports`, {
    body: { name, policy: `the policy ${name}`, report: `what ${name} came to`, result },
  });
const list = (query = '') => house.must('GET', `~/policy-reports${query}`);
const names = async (query: string) => (await list(query)).reports.map((r: { name: string }) => r.name);

test('[EN511] A38 are listed newest first, by name, a page at a time, and nothing beyond the end', async () => {
  expect(await list()).toEqual({ reports: [], page: 1, size: 50, total: 0 });
  const ids: string[] = [];
  for (let i = 1; i <= 5; i++) ids.push((await upload(`Open ports ${i}`, i === 2 ? 'Fail' : 'Pass')).id);
  await upload('Tags', 'Pass', 'HEAD');
  const { reports, total } = await list('?name=PORTS');
  expect(total).toBe(5);
  expect(reports.map((r: { id: string }) => r.id)).toEqual([...ids].reverse());
  expect(reports[3]).toMatchObject({ name: 'Open ports 2', result: 'Fail', changeSet, uploadedBy: 'ada' });
  expect(await names('?name=ports&size=2&page=1')).toEqual(['Open ports 5', 'Open ports 4']);
  expect(await names('?name=ports&size=2&page=3')).toEqual(['Open ports 1']);
  expect(await list('?name=ports&size=2&page=4')).toEqual({ reports: [], page: 4, size: 2, total: 5 });
  expect(await list('?name=ports&size=2&page=0')).toEqual(await list('?name=ports&size=2&page=1'));
  expect(await list('?name=ports&size=0')).toEqual({ reports: [], page: 1, size: 0, total: 5 });
  expect((await list('?size=100000')).size).toBe(limits.pageRowsMax);
  expect(await names('?changeSet=HEAD')).toEqual(['Tags']);
  expect((await list('?name=none')).total).toBe(0);
  expect((await house.ask('GET', '~/policy-reports?page=-1')).status).toBe(422);
  expect((await house.ask('GET', '~/policy-reports?changeSet=none')).status).toBe(404);
  expect(await house.must('GET', `~/policy-reports/${ids[0]}`)).toMatchObject({
    id: ids[0],
    policy: 'the policy Open ports 1',
    report: 'what Open ports 1 came to',
  });
  expect((await house.ask('GET', '~/policy-reports/none')).body.reason).toBe('policy_report_not_found');
});

test('[EN511] A38 groups tell the newest of each name, and how many there are', async () => {
  const most = limits.policyReportsPerGroupMax;
  for (let i = 0; i <= most; i++) await upload('Tags', i === 0 ? 'Fail' : 'Pass');
  const { groups, more } = await house.must('GET', '~/policy-reports/groups?name=tags');
  expect(more).toBe(0);
  expect(groups).toHaveLength(1);
  expect(groups[0]).toMatchObject({ name: 'Tags', total: most + 2, failed: 1 });
  expect(groups[0].reports).toHaveLength(most);
  const all = await house.must('GET', '~/policy-reports/groups');
  expect(all.groups.map((g: { name: string }) => g.name).slice(0, 2)).toEqual(['Open ports 1', 'Open ports 2']);
});

test('[EN511] that come at once are all there, over several documents', async () => {
  const before = (await list('?size=0')).total;
  const many = limits.policyReportsPerDocument + 7;
  await Promise.all(Array.from({ length: many }, (_, i) => upload(`many ${i}`)));
  expect((await list('?size=0')).total).toBe(before + many);
  expect((await list('?name=many&size=0')).total).toBe(many);
  const last = await list(`?name=many&size=1&page=${many}`);
  expect(last.reports).toHaveLength(1);
  const token = await tokenOf(house, 'ada', { scopes: ['read'] });
  expect((await house.ask('GET', '~/policy-reports', { token })).status).toBe(200);
}, 60_000);

test('[EN511] are refused with what is wrong, and then not there', async () => {
  const { total } = await list('?size=0');
  const good = { name: 'n', policy: 'p', report: 'r', result: 'Pass' };
  const ask = (body: object, token?: string) =>
    house.ask('POST', `~/change-sets/${changeSet}/policy-reports`, { body, ...(token === undefined ? {} : { token }) });
  for (const body of [{ ...good, result: 'Maybe' }, { ...good, name: '' }, { name: 'n' }])
    expect((await ask(body)).body.reason).toBe('request_malformed');
  const large = await ask({ ...good, report: 'x'.repeat(limits.policyReportCharsMax) });
  expect({ status: large.status, reason: large.body.reason }).toEqual({ status: 422, reason: 'limit_exceeded' });
  const reader = await tokenOf(house, 'ada', { scopes: ['read'] });
  expect((await ask(good, reader)).status).toBe(403);
  expect((await house.ask('POST', '~/change-sets/none/policy-reports', { body: good })).status).toBe(404);
  expect((await list('?size=0')).total).toBe(total);
});
