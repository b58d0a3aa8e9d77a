// When change sets are applied: freeze windows, and applies at a time. The clock is the test's.

import { expect, test } from 'vitest';
import { systemWorld } from '../../src/adapters/system/world.ts';
import type { Json } from '../../src/base/json.ts';
import type { ScheduledApply } from '../../src/engine/scheduled_apply.ts';
import type { ChangeSetRow } from '../../src/ports/store.ts';
import { type House, sqliteHouse } from './house.ts';

const noon = Date.parse('2026-06-15T12:00:00Z');
const hour = 3_600_000;

class Clock {
  ms = noon;
  readonly world = { ...systemWorld(), clock: { nowMs: () => this.ms } };
}

async function open(): Promise<{ house: House; clock: Clock; changeSet: string }> {
  const clock = new Clock();
  const house = await sqliteHouse({ world: clock.world }).start();
  const changeSet = await house.withBox();
  await house.create(changeSet, 'box');
  return { house, clock, changeSet };
}

/** What is due is carried out now. */
async function tick(house: House, clock: Clock, ms: number): Promise<void> {
  clock.ms = ms;
  const w = await house.workspace();
  w.scheduled.wake();
  await w.scheduled.idle();
}

const freeze = (house: House, window: Json) => house.call('freeze.set', { window });
const scheduled = (house: House) => house.call<ScheduledApply[]>('apply.scheduled');

test('[EN607] nothing is applied in a freeze window, unless it is forced', async () => {
  const { house, clock, changeSet } = await open();
  await freeze(house, { name: 'lunch', from: '2026-06-15T11:30', to: '2026-06-15T13:00', reason: 'we eat' });
  const before = await house.everything();
  const refusal = await house.refused('change_set.apply', { changeSet });
  expect(refusal).toMatchObject({ code: 'frozen', data: { window: 'lunch', endsAtMs: noon + hour } });
  expect(refusal.got).toContain('until 2026-06-15T13:00:00.000Z (we eat)');
  expect(await house.everything()).toBe(before);
  const agent = { id: 'bot', role: 'owner', isAgent: true } as const;
  expect((await house.refused('change_set.force_apply', { changeSet }, agent)).code).toBe('access_denied');
  await house.call('change_set.force_apply', { changeSet });
  const [told] = await house.call<{ sentence: string }[]>('audit.list', { changeSet, kind: 'change_set.force_apply' });
  expect(told!.sentence).toContain('in the freeze window "lunch"');
  // It is over at its end.
  const next = await house.open('next');
  await house.create(next, 'second');
  clock.ms = noon + hour;
  await house.call('change_set.apply', { changeSet: next });
  await house.close();
});

test('[EN608] windows in their time zones, every week, over changes of the clock', async () => {
  const { house, clock } = await open();
  const weekend = { name: 'weekend', days: ['fri'], at: '16:00', hours: 64, timeZone: 'Europe/Zurich' };
  await freeze(house, weekend);
  const endsAt = async (time: string): Promise<string | undefined> => {
    clock.ms = Date.parse(time);
    const [f] = await house.call<{ endsAtMs?: number }[]>('freeze.list');
    return f!.endsAtMs === undefined ? undefined : new Date(f!.endsAtMs).toISOString();
  };
  // Friday 16:00 in Zurich is 14:00 UTC in summer and 15:00 in winter; 64 hours later is Monday 08:00.
  expect(await endsAt('2026-06-19T13:59:59Z')).toBeUndefined();
  expect(await endsAt('2026-06-19T14:00:00Z')).toBe('2026-06-22T06:00:00.000Z');
  expect(await endsAt('2026-06-22T05:59:59Z')).toBe('2026-06-22T06:00:00.000Z');
  expect(await endsAt('2026-06-22T06:00:00Z')).toBeUndefined();
  expect(await endsAt('2026-12-04T14:30:00Z')).toBeUndefined();
  expect(await endsAt('2026-12-04T15:00:00Z')).toBe('2026-12-07T07:00:00.000Z');
  // Over the night in which the clock goes back it stays 64 hours long.
  expect(await endsAt('2026-10-25T12:00:00Z')).toBe('2026-10-26T06:00:00.000Z');
  clock.ms = noon;
  for (const [window, path] of [
    [{ name: '' }, 'name'],
    [{ ...weekend, timeZone: 'Mars/Olympus' }, 'timeZone'],
    [{ ...weekend, days: [] }, 'days'],
    [{ ...weekend, days: ['someday'] }, 'days'],
    [{ ...weekend, at: '25:00' }, 'at'],
    [{ ...weekend, hours: 0 }, 'hours'],
    [{ name: 'x', from: '2026-02-30T00:00', to: '2026-03-01T00:00' }, 'from'],
    [{ name: 'x', from: '2026-02-03T00:00', to: '2026-02-03T00:00' }, 'to'],
    [null, ''],
  ] as const)
    expect(await house.refused('freeze.set', { window: window as Json })).toMatchObject({
      code: 'request_malformed',
      path,
    });
  const approver = { id: 'bob', role: 'approver' } as const;
  expect((await house.refused('freeze.set', { window: weekend }, approver)).code).toBe('access_denied');
  expect((await house.refused('freeze.remove', { name: 'weekend' }, approver)).code).toBe('access_denied');
  expect((await house.refused('freeze.remove', { name: 'none' })).code).toBe('freeze_window_not_found');
  await house.call('freeze.remove', { name: 'weekend' });
  expect(await house.call('freeze.list')).toEqual([]);
  const told = await house.call<{ sentence: string }[]>('audit.list', { kind: 'freeze.set' });
  expect(told.map((e) => e.sentence)).toContain('remove the freeze window "weekend"');
  await house.close();
});

test('[EN609] an apply at a time is carried out then, once, also after a restart', async () => {
  const { house, clock, changeSet } = await open();
  const at = noon + hour;
  const asked = await house.call<ScheduledApply>('apply.schedule', { changeSet, at: '2026-06-15T15:00+02:00' });
  expect(asked).toMatchObject({ changeSet, atMs: at, by: 'ada', status: 'waiting' });
  await tick(house, clock, at - 1);
  expect(await house.row(changeSet)).toMatchObject({ status: 'Open' });
  await house.reopen();
  await tick(house, clock, at);
  const { version } = await house.row('HEAD');
  expect(await house.row(changeSet)).toMatchObject({ status: 'Applied' });
  expect(await scheduled(house)).toMatchObject([
    { id: asked.id, status: 'applied', headVersion: version, endedAtMs: at },
  ]);
  await tick(house, clock, at + hour);
  expect((await house.row('HEAD')).version).toBe(version);
  const told = await house.call<{ sentence: string; actor: string }[]>('audit.list', { kind: 'apply.schedule' });
  expect(told.map((e) => e.sentence)).toContain(
    `scheduled apply of change set "work": applied as version ${version} of Head`,
  );
  await house.sound();
  await house.close();
});

test('[EN609] what was applied while its outcome could not be written is not applied again', async () => {
  const { house, clock, changeSet } = await open();
  await house.call('apply.schedule', { changeSet, at: noon + hour });
  const w = await house.workspace();
  const { store } = w;
  const put = store.putSetting.bind(store);
  store.putSetting = () => Promise.reject(new Error('the process ends here'));
  await tick(house, clock, noon + hour);
  store.putSetting = put;
  const { version } = await house.row('HEAD');
  expect(await scheduled(house)).toMatchObject([{ status: 'waiting' }]);
  await house.reopen();
  await tick(house, clock, noon + hour + 1);
  expect(await scheduled(house)).toMatchObject([{ status: 'applied', headVersion: version }]);
  expect((await house.row('HEAD')).version).toBe(version);
  await house.close();
});

test('[EN610] what has become something else, or may not be applied, is refused at its time', async () => {
  const { house, clock, changeSet } = await open();
  const other = await house.open('other');
  const third = await house.open('third');
  await house.create(other, 'elsewhere');
  await house.create(third, 'third');
  for (const cs of [changeSet, other, third]) await house.call('apply.schedule', { changeSet: cs, at: noon + hour });
  await house.create(changeSet, 'more');
  // Head moves past the others, which changes nothing of them.
  const passing = await house.open('passing');
  await house.create(passing, 'passing');
  await house.call('change_set.apply', { changeSet: passing });
  await tick(house, clock, noon + hour);
  const told = await scheduled(house);
  expect(told.map((s) => [s.name, s.status, s.refusal?.code])).toEqual([
    ['work', 'refused', 'version_conflict'],
    ['other', 'applied', undefined],
    ['third', 'applied', undefined],
  ]);
  expect(await house.row(changeSet)).toMatchObject({ status: 'Open' });
  await house.call('apply.schedule', { changeSet, at: noon + 2 * hour });
  await freeze(house, { name: 'afternoon', from: '2026-06-15T13:30', to: '2026-06-15T18:00' });
  await tick(house, clock, noon + 2 * hour);
  expect((await scheduled(house)).at(-1)).toMatchObject({ status: 'refused', refusal: { code: 'frozen' } });
  // Nor as somebody who is let in no more.
  await house.call('freeze.remove', { name: 'afternoon' });
  const bob = { id: 'bob', role: 'collaborator' } as const;
  await house.call('member.set', { member: 'bob', role: 'collaborator' });
  await house.call('apply.schedule', { changeSet, at: noon + 3 * hour }, bob);
  await house.call('member.remove', { member: 'bob' });
  await tick(house, clock, noon + 3 * hour);
  expect((await scheduled(house)).at(-1)).toMatchObject({ by: 'bob', refusal: { code: 'access_denied' } });
  expect(await house.row(changeSet)).toMatchObject({ status: 'Open' });
  await house.close();
});

test('[EN611] one that waits is cancelled, or gives way to another of its change set', async () => {
  const { house, clock, changeSet } = await open();
  const first = await house.call<ScheduledApply>('apply.schedule', { changeSet, at: noon + hour });
  const second = await house.call<ScheduledApply>('apply.schedule', { changeSet, at: noon + 2 * hour });
  expect((await scheduled(house)).map((s) => [s.id, s.status])).toEqual([
    [first.id, 'cancelled'],
    [second.id, 'waiting'],
  ]);
  const viewer = { id: 'vi', role: 'viewer' } as const;
  expect((await house.refused('apply.unschedule', { id: second.id }, viewer)).code).toBe('access_denied');
  expect((await house.refused('apply.schedule', { changeSet, at: noon + hour }, viewer)).code).toBe('access_denied');
  await house.call('apply.unschedule', { id: second.id });
  expect((await house.refused('apply.unschedule', { id: second.id })).code).toBe('schedule_not_found');
  await tick(house, clock, noon + 3 * hour);
  expect((await house.call<ChangeSetRow>('change_set.get', { changeSet })).status).toBe('Open');
  for (const at of [noon, '2026-06-15', 'soon', '2026-06-16T10:00', null, -1])
    expect((await house.refused('apply.schedule', { changeSet, at })).code).toBe('request_malformed');
  const later = noon + 4 * hour;
  expect((await house.refused('apply.schedule', { changeSet: 'HEAD', at: later })).code).toBe('head_is_read_only');
  await house.call('change_set.abandon', { changeSet });
  expect((await house.refused('apply.schedule', { changeSet, at: later })).code).toBe('change_set_not_open');
  await house.close();
});
