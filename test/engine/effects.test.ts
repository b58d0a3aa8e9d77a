// Functions with effects and an engine that ends without saving what they gave: what is recorded is not done again.

import { afterEach, expect, test } from 'vitest';
import { MemoryStore } from '../../src/adapters/memory/store.ts';
import type { RunRecord } from '../../src/model/run.ts';
import { siteMutations } from '../support/site.ts';
import { settled, withFunctions } from './function_house.ts';
import { House } from './house.ts';

const houses: House[] = [];
afterEach(async () => {
  for (const house of houses.splice(0)) await house.close();
});

async function opened() {
  const store = new MemoryStore();
  store.close = async () => {};
  const open = async (): Promise<House> => {
    const house = await new House(async () => store, withFunctions).start();
    houses.push(house);
    return house;
  };
  const house = await open();
  const changeSet = await house.open('first');
  await house.submit(changeSet, ...siteMutations());
  const seen = async (by: House): Promise<string> => {
    await settled(by, changeSet, 'site');
    return (await by.value(changeSet, 'site'))['Seen'] as string;
  };
  const runs = async (): Promise<number> => {
    const workspace = await house.workspace();
    const query = { statuses: ['succeeded', 'failed'], limit: 10 } as const;
    return (await store.runs.listRuns(workspace.id, query)).filter((run: RunRecord) => run.test === null).length;
  };
  const saved = async (): Promise<number> => {
    const rows = await store.listCheckpoints((await house.workspace()).id);
    return rows.filter((row) => row.derivedRoot !== undefined).length;
  };
  const given = (by: House, value: string) => by.set(changeSet, 'site', '/domain/Given', value);
  return { house, open, seen, runs, saved, given };
}

test('[EN171] what an engine that went away had recorded is the value of the next one', async () => {
  const { house, open, seen, runs, saved } = await opened();
  const before = await seen(house);
  expect(before).toMatch(/^a at \d+$/);
  expect([await runs(), await saved()]).toEqual([1, 0]);
  // As after a crash: what the first has in memory is not there for the second.
  const next = await open();
  expect(await seen(next)).toBe(before);
  expect(await runs()).toBe(1);
});

test('[EN171] what ran before something else did for that value runs again', async () => {
  const { house, open, seen, runs, given } = await opened();
  const before = await seen(house);
  await given(house, 'b');
  expect(await seen(house)).toMatch(/^b at /);
  const next = await open();
  await given(next, 'a');
  const after = await seen(next);
  expect(after).toMatch(/^a at /);
  expect(after).not.toBe(before);
  expect(await runs()).toBe(3);
});

test('[EN171] within one process a value that asks anew has its function run anew', async () => {
  const { house, seen, runs, given } = await opened();
  const before = await seen(house);
  await given(house, 'b');
  await seen(house);
  await given(house, 'a');
  expect(await seen(house)).not.toBe(before);
  expect(await runs()).toBe(3);
});
