// The whole state as a document, over the wire and by the command line's way of asking.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { HttpHouse } from './house.ts';

let house: HttpHouse;
beforeAll(async () => {
  house = await HttpHouse.open();
});
afterAll(() => house.close());

test('[EN592] is read page by page, of one version, with what a look at each component shows', async () => {
  const { id } = (await house.must('POST', '~/change-sets', { body: { changeSetName: 'work' } })).changeSet;
  const create = (name: string) => ({ kind: 'component.create', schema: 'AWS::EC2::VPC', name, attributes: {} });
  const submitted = (mutations: object[]) => house.call('submit', { changeSet: id, mutations: mutations as never });
  await submitted(['a', 'b', 'c'].map(create));
  const first = await house.must('GET', `~/change-sets/${id}/state?limit=2`);
  expect(first).toMatchObject({ format: 'headwater.state', formatVersion: 1, changeSet: { id, name: 'work' } });
  const { version } = first.changeSet;
  // What is edited between two pages is in none of them.
  await submitted([
    create('d'),
    { kind: 'attribute.set', component: 'c', path: '/domain/CidrBlock', value: '10.0.0.0/8' },
  ]);
  const second = await house.must(
    'GET',
    `~/change-sets/${id}/state?limit=2&version=${version}&cursor=${first.nextCursor}`,
  );
  const all = [...first.components, ...second.components];
  expect(all.map((c) => c.name)).toEqual(['a', 'b', 'c']);
  expect(second.nextCursor).toBeNull();
  expect(second.changeSet).toEqual(first.changeSet);
  expect(all[2].value.domain).toBeUndefined();
  const now = await house.must('GET', `~/change-sets/${id}/state`);
  const c = now.components.find((x: { name: string }) => x.name === 'c');
  const seen = await house.call<{ value: unknown }>('component.get', { changeSet: id, component: 'c' });
  expect(c.value).toEqual(seen.value);
  expect(c.value.domain).toEqual({ CidrBlock: '10.0.0.0/8' });
  expect(now.changeSet.intentRoot).not.toBe(first.changeSet.intentRoot);
});
