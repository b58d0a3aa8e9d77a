// A resource that is found under another component now: it passes to that one, and its provider, in a process of its own,
// hears nothing of it.

import { expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { ActionHouse, follows, housesOfTests, thing } from './action_house.ts';
import { sqliteHouse } from './house.ts';

const houses = housesOfTests();

/** On Head: `old`, made with size 1, and `user`, which follows its address. */
async function opened(): Promise<ActionHouse> {
  const a = await ActionHouse.open();
  houses.push(a);
  await a.apply('first', thing('old', { '/domain/Size': 1 }), thing('user', follows('old')));
  expect(await a.effects()).toEqual(made);
  return a;
}

const made = ['create old', 'create user'];
const remove = (component: string): Json => ({ kind: 'component.delete', component });
const moved = (from: string, to: string): Json => ({ kind: 'component.moved', from, to });
const size = (component: string, value: number): Json => ({
  kind: 'attribute.set',
  component,
  path: '/domain/Size',
  value,
});

interface Review {
  readonly actions: readonly { readonly kind: string; readonly name: string; readonly because: readonly string[] }[];
  readonly moved: readonly Json[];
  readonly receipt: readonly { readonly rule: string; readonly outcome: string }[];
}

const review = (a: ActionHouse, changeSet: string): Promise<Review> => a.house.call('change_set.review', { changeSet });
const planned = async (a: ActionHouse, changeSet: string): Promise<string[]> =>
  (await review(a, changeSet)).actions.map((p) => `${p.kind} ${p.name}${p.because.map((b) => ` ${b}`).join('')}`);

async function applied(a: ActionHouse, changeSet: string): Promise<Review> {
  const receipt = await a.house.call<Review>('change_set.apply', { changeSet, waitMs: 20_000 });
  await a.quiet();
  return receipt;
}

/** Which component has a resource, by name, with its address. */
async function owners(a: ActionHouse, ...names: string[]): Promise<Record<string, Json>> {
  const out: Record<string, Json> = {};
  for (const name of names) {
    const view = (await a.seen('HEAD', name))['resource_value'] as { Address?: Json } | undefined;
    out[name] = view?.Address ?? null;
  }
  return out;
}

test('[EN400] with the same inputs nothing is done; who followed the old one follows the new one', async () => {
  const a = await opened();
  const changeSet = await a.house.open('renamed');
  await a.house.submit(changeSet, thing('new', { '/domain/Size': 1 }), remove('old'));
  // Without it one is created, and the other destroyed.
  expect(await planned(a, changeSet)).toEqual(expect.arrayContaining(['create new', 'destroy old']));
  await a.house.submit(changeSet, moved('old', 'new'));
  expect(await planned(a, changeSet)).toEqual([]);
  expect((await a.seen(changeSet, 'new'))['resource_value']).toMatchObject({ Address: 'addr-t1' });
  await applied(a, changeSet);
  expect(await a.effects()).toEqual(made);
  expect(await owners(a, 'new', 'user')).toEqual({ new: 'addr-t1', user: 'addr-t2' });
  expect((await a.seen('HEAD', 'user'))['domain']).toMatchObject({ Upstream: 'addr-t1' });
  expect((await a.house.refused('component.get', { component: 'old' })).code).toBe('component_not_found');
  // From here on it is a component as any other: updated, and destroyed once.
  await a.apply('larger', size('new', 2));
  await a.apply('gone', remove('user'), remove('new'));
  expect((await a.effects()).slice(2)).toEqual(['update t1', 'destroy t2', 'destroy t1']);
  expect(await a.house.call('verify', {})).toMatchObject({ problems: [] });
});

test('[EN400] with other inputs it is updated, by what differs from what was sent last', async () => {
  const a = await opened();
  const changeSet = await a.house.open('renamed');
  await a.house.submit(changeSet, thing('new', { '/domain/Size': 7 }), moved('old', 'new'));
  expect(await planned(a, changeSet)).toEqual(['update new /domain/Size']);
  await applied(a, changeSet);
  expect(await a.effects()).toEqual([...made, 'update t1']);
  expect((await a.seen('HEAD', 'new'))['resource_value']).toMatchObject({ Address: 'addr-t1', Size: 7 });
});

test('[EN400] a resource moves on from component to component, and is there after a restart', async () => {
  const a = await opened();
  for (const [from, to] of [
    ['old', 'second'],
    ['second', 'third'],
  ] as const)
    await a.apply(to, thing(to, { '/domain/Size': 1 }), moved(from, to));
  await a.house.reopen();
  expect(await owners(a, 'third')).toEqual({ third: 'addr-t1' });
  await a.apply('larger', size('third', 2));
  expect((await a.effects()).slice(2)).toEqual(['update t1']);
});

test('[EN400] of a resource that was adopted, and nothing sent for, what was declared of it counts', async () => {
  const a = await opened();
  const { id } = await a.provider.make({ Size: 4 });
  const before = await a.effects();
  const named: Json = { kind: 'component.set_resource_id', component: 'adopted', resourceId: id };
  // Not looked at yet: all that is known is its id.
  await a.apply('adopted', thing('adopted', { '/domain/Size': 4 }), named);
  await a.apply('once', thing('once', { '/domain/Size': 4 }), moved('adopted', 'once'));
  expect(await a.effects()).toEqual(before);
  await a.house.call('action.request', { component: 'once', action: 'refresh' });
  await a.quiet();
  expect(await owners(a, 'once')).toEqual({ once: `addr-${id}` });
  await a.apply('twice', thing('twice', { '/domain/Size': 4 }), moved('once', 'twice'));
  const changeSet = await a.house.open('thrice');
  await a.house.submit(changeSet, thing('thrice', { '/domain/Size': 5 }), moved('twice', 'thrice'));
  expect(await planned(a, changeSet)).toEqual(['update thrice /domain/Size']);
  await applied(a, changeSet);
  expect(await a.effects()).toEqual([...before, `update ${id}`]);
});

test('[EN401] a review tells whose resource is kept, and says so when there is nothing to keep any more', async () => {
  const a = await opened();
  const changeSet = await a.house.open('renamed');
  await a.house.submit(changeSet, thing('new', { '/domain/Size': 1 }), moved('old', 'new'));
  const line = { name: 'new', schema: 'Thing', fromName: 'old' };
  expect((await review(a, changeSet)).moved).toMatchObject([{ ...line, resourceId: 't1', kept: true }]);
  await a.apply('gone', remove('user'), remove('old'));
  expect((await review(a, changeSet)).moved).toMatchObject([{ ...line, resourceId: null, kept: false }]);
  expect(await planned(a, changeSet)).toEqual(['create new']);
  const other = await a.house.open('other');
  await a.house.submit(other, thing('else'));
  expect((await review(a, other)).moved).toEqual([]);
});

test('[EN402] what cannot be moved is refused, and changes nothing', async () => {
  const a = await opened();
  const changeSet = await a.house.open('renamed');
  await a.house.submit(changeSet, { kind: 'schema.create', name: 'Other', spec: (await emptySpec()) as Json });
  await a.house.submit(changeSet, thing('new'), { ...(thing('other') as object), schema: 'Other' } as Json);
  const code = async (from: string, to: string): Promise<string> =>
    (await a.house.refused('submit', { changeSet, mutations: [moved(from, to)] })).code;
  expect(await code('old', 'other')).toBe('moved_between_schemas');
  expect(await code('new', 'old')).toBe('moved_without_resource');
  expect(await code('old', 'user')).toBe('moved_onto_resource');
  expect(await code('old', 'old')).toBe('request_malformed');
  expect(await code('old', 'nobody')).toBe('component_not_found');
  const taken: Json = { kind: 'attribute.set', component: 'new', path: '/si/movedFrom', value: '0'.repeat(26) };
  expect((await a.house.refused('submit', { changeSet, mutations: [taken] })).code).toBe('read_only');
  await a.house.submit(changeSet, remove('new'));
  expect(await code('old', 'new')).toBe('component_marked');
  expect((await review(a, changeSet)).moved).toEqual([]);
  await a.house.submit(changeSet, { kind: 'component.restore', component: 'new' }, moved('old', 'new'));
  await a.house.submit(changeSet, thing('third'));
  // It has nothing to give any more, and what was taken over is said by moving alone.
  expect(await code('old', 'third')).toBe('component_not_found');
  const untaken: Json = { kind: 'attribute.unset', component: 'new', path: '/si/movedFrom' };
  expect((await a.house.refused('submit', { changeSet, mutations: [untaken] })).code).toBe('read_only');
});

const emptySpec = async () => ({
  format: 1,
  domain: { kind: 'object', properties: {} },
  resourceValue: { kind: 'object', properties: {} },
  secrets: { kind: 'object', properties: {} },
  definitions: {},
});

test('[EN402] what protects a resource goes with it', async () => {
  const a = await opened();
  await a.apply('kept', { kind: 'component.protect', component: 'old', on: true });
  await a.apply('renamed', thing('new', { '/domain/Size': 1 }), moved('old', 'new'));
  const changeSet = await a.house.open('gone');
  expect((await a.house.refused('submit', { changeSet, mutations: [remove('new')] })).code).toBe('component_protected');
});

test('[EN403] a change set that is abandoned has moved nothing, and a revert gives the resource back', async () => {
  const a = await opened();
  const never = await a.house.open('never');
  await a.house.submit(never, thing('new', { '/domain/Size': 1 }), moved('old', 'new'));
  await a.house.call('change_set.abandon', { changeSet: never });
  expect(await owners(a, 'old')).toEqual({ old: 'addr-t1' });
  const changeSet = await a.house.open('renamed');
  await a.house.submit(changeSet, thing('new', { '/domain/Size': 1 }), moved('old', 'new'));
  await applied(a, changeSet);
  const { changeSet: back } = await a.house.call<{ changeSet: { id: string } }>('change_set.revert', { changeSet });
  expect(await planned(a, back.id)).toEqual([]);
  expect((await review(a, back.id)).moved).toMatchObject([{ name: 'old', fromName: 'new', resourceId: 't1' }]);
  await applied(a, back.id);
  expect(await owners(a, 'old', 'user')).toEqual({ old: 'addr-t1', user: 'addr-t2' });
  expect((await a.seen('HEAD', 'user'))['domain']).toMatchObject({ Upstream: 'addr-t1' });
  expect(await a.effects()).toEqual(made);
  // And forth again.
  const again = await a.house.call<{ changeSet: { id: string } }>('change_set.revert', { changeSet: back.id });
  await applied(a, again.changeSet.id);
  expect(await owners(a, 'new', 'user')).toEqual({ new: 'addr-t1', user: 'addr-t2' });
  expect(await a.effects()).toEqual(made);
});

test('[EN403] a revert over the creation of the old one and its move destroys what was created, once', async () => {
  const a = await ActionHouse.open();
  houses.push(a);
  const before = (await a.house.call<{ version: number }>('change_set.get', { changeSet: 'HEAD' })).version;
  await a.apply('first', thing('old', { '/domain/Size': 1 }));
  await a.apply('renamed', thing('new', { '/domain/Size': 1 }), moved('old', 'new'));
  const range = { first: before + 1, last: before + 2 };
  const { changeSet } = await a.house.call<{ changeSet: { id: string } }>('change_set.revert', range);
  expect(await planned(a, changeSet.id)).toEqual(['destroy old']);
  await applied(a, changeSet.id);
  expect(await a.effects()).toEqual(['create old', 'destroy t1']);
});

test('[EN403] a part of a change set has both who takes a resource over and who had it', async () => {
  const a = await opened();
  const changeSet = await a.house.open('renamed');
  await a.house.submit(changeSet, thing('new', { '/domain/Size': 1 }), thing('beside'), moved('old', 'new'));
  const part = await a.house.call<{ changeSet: { id: string } }>('change_set.split', {
    changeSet,
    components: ['new'],
  });
  expect(await planned(a, part.changeSet.id)).toEqual([]);
  await applied(a, part.changeSet.id);
  expect(await owners(a, 'new')).toEqual({ new: 'addr-t1' });
  expect(await planned(a, changeSet)).toEqual(['create beside']);
  await applied(a, changeSet);
  expect(await a.effects()).toEqual([...made, 'create beside']);
});

test('[EN404] moved to different components by two change sets, it is the first one’s, and the other’s receipt says so', async () => {
  const a = await opened();
  const [one, two] = [await a.house.open('one'), await a.house.open('two')];
  await a.house.submit(one, thing('new', { '/domain/Size': 1 }), moved('old', 'new'));
  await a.house.submit(two, thing('other', { '/domain/Size': 1 }), moved('old', 'other'));
  await applied(a, one);
  expect((await review(a, two)).receipt).toEqual(
    expect.arrayContaining([expect.objectContaining({ rule: 'moved-twice', outcome: 'repaired' })]),
  );
  // Who followed the old one follows the other by this change set.
  expect(await planned(a, two)).toEqual(['create other', 'update user /domain/Upstream']);
  await applied(a, two);
  expect(await a.effects()).toEqual([...made, 'create other', 'update t2']);
  expect(await owners(a, 'new', 'other')).toEqual({ new: 'addr-t1', other: 'addr-t3' });
});

test('[EN404] of what Head destroys or erases meanwhile: the one is made anew, the other is kept', async () => {
  const a = await opened();
  const [one, two] = [await a.house.open('one'), await a.house.open('two')];
  await a.house.submit(one, thing('new', { '/domain/Size': 1 }), moved('old', 'new'));
  await a.house.submit(two, thing('other'), moved('user', 'other'));
  await a.apply('gone', { kind: 'component.erase', component: 'user' }, remove('old'));
  expect((await a.effects()).slice(2)).toEqual(['destroy t1']);
  expect(await planned(a, one)).toEqual(['create new']);
  expect((await review(a, one)).receipt.length).toBeGreaterThan(0);
  await applied(a, one);
  expect((await review(a, two)).moved).toMatchObject([{ name: 'other', resourceId: 't2', kept: true }]);
  await applied(a, two);
  expect(await owners(a, 'new', 'other')).toEqual({ new: 'addr-t3', other: 'addr-t2' });
});

test('[EN405] while something is being done to the resource it is not moved', async () => {
  const a = await opened();
  await a.provider.rules({ op: 'update', nth: 1, goes: 'hang' });
  const larger = await a.house.open('larger');
  await a.house.submit(larger, size('old', 2));
  await a.house.call('change_set.apply', { changeSet: larger, waitMs: 20_000 });
  const [update] = await until(() => a.actions({ status: 'running' }));
  await until(async () => (await a.effects()).slice(2));
  const changeSet = await a.house.open('renamed');
  await a.house.submit(changeSet, thing('new', { '/domain/Size': 3 }), moved('old', 'new'));
  const refusal = await a.house.refused('change_set.apply', { changeSet });
  expect(refusal).toMatchObject({ code: 'not_ready', data: { pending: ['the update of old, running'] } });
  await a.house.call('action.cancel', { action: update!.id });
  await until(async () => ((await a.actions({ status: 'running' })).length === 0 ? [1] : []));
  await a.house.call('change_set.apply', { changeSet });
  await until(async () => (await a.told({ status: 'succeeded' })).filter((line) => line.startsWith('update of new')));
  expect((await a.seen('HEAD', 'new'))['resource_value']).toMatchObject({ Address: 'addr-t1', Size: 3 });
});

async function until<T>(some: () => Promise<readonly T[]>): Promise<readonly T[]> {
  for (;;) {
    const found = await some();
    if (found.length > 0) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('[EN405] what waits to be done to the old one, and to the new one, is cancelled by the apply', async () => {
  const a = await opened();
  await a.provider.rules({ op: 'update', nth: 1, goes: 'fail' }, { op: 'create', nth: 1, goes: 'fail' });
  await a.apply('larger', size('old', 2), thing('new', { '/domain/Size': 3 }));
  const waiting = {
    'update of old: failed': 'update of old: cancelled',
    'create of new: failed': 'create of new: cancelled',
  };
  expect(await a.told()).toEqual(expect.arrayContaining(Object.keys(waiting)));
  await a.apply('renamed', moved('old', 'new'));
  expect(await a.told()).toEqual(expect.arrayContaining(Object.values(waiting)));
  expect(await a.effects()).toEqual([...made, 'update t1']);
  expect((await a.seen('HEAD', 'new'))['resource_value']).toMatchObject({ Address: 'addr-t1', Size: 3 });
});

test('[EN405] a new one that has got a resource of its own meanwhile takes over none', async () => {
  const a = await opened();
  await a.provider.rules({ op: 'create', nth: 1, goes: 'fail' });
  await a.apply('failing', thing('new', { '/domain/Size': 3 }));
  const changeSet = await a.house.open('renamed');
  await a.house.submit(changeSet, moved('old', 'new'));
  const [failed] = await a.actions({ status: 'failed' });
  await a.house.call('action.retry', { action: failed!.id });
  await a.quiet();
  const refusal = await a.house.refused('change_set.apply', { changeSet, waitMs: 20_000 });
  expect(refusal).toMatchObject({ code: 'moved_onto_resource' });
  expect(await owners(a, 'old', 'new')).toEqual({ old: 'addr-t1', new: 'addr-t3' });
});

test('[PL27] a component whose resource has passed on, and that a revert brings back, has no place for one: nothing is planned', async () => {
  const a = await opened();
  const first = await a.house.open('first');
  await a.house.submit(first, thing('second', { '/domain/Size': 1 }), moved('old', 'second'));
  await applied(a, first);
  await a.apply('then', thing('third', { '/domain/Size': 1 }), moved('second', 'third'));
  const back = await a.house.call<{ changeSet: { id: string } }>('change_set.revert', { changeSet: first });
  const changeSet = back.changeSet.id;
  expect(await planned(a, changeSet)).toEqual([]);
  const { notPlanned } = await a.house.call<{ notPlanned: Json }>('change_set.review', { changeSet });
  expect(notPlanned).toMatchObject([{ name: 'old', sentence: expect.stringContaining('has passed to another') }]);
  await applied(a, changeSet);
  expect(await owners(a, 'old', 'third')).toEqual({ old: null, third: 'addr-t1' });
  // A copy of it is a component as any other.
  await a.apply('copy', { kind: 'component.duplicate', component: 'old', name: 'copy' });
  expect(await a.effects()).toEqual([...made, 'create copy']);
  expect(await owners(a, 'third', 'copy')).toEqual({ third: 'addr-t1', copy: 'addr-t3' });
});

test('[EN407] a template imported again under another logical id keeps the resource', async () => {
  const house = await sqliteHouse().start();
  const template = (id: string): string =>
    JSON.stringify({
      Resources: {
        [id]: { Type: 'AWS::EC2::VPC', Properties: { CidrBlock: '10.0.0.0/16' } },
        Subnet: { Type: 'AWS::EC2::Subnet', Properties: { VpcId: { Ref: id }, CidrBlock: '10.0.1.0/24' } },
      },
    });
  const imported = async (changeSet: string, id: string, moved: Record<string, string> = {}) =>
    house.call<{ edits: number; created: number; removed: number }>('import.cloudformation', {
      changeSet,
      text: template(id),
      name: 'net',
      moved,
    });
  const first = await house.open('first');
  await imported(first, 'Vpc');
  await house.submit(first, { kind: 'component.set_resource_id', component: 'Vpc', resourceId: 'vpc-1' });
  await house.call('change_set.apply', { changeSet: first, waitMs: 20_000 });
  const second = await house.open('second');
  const refusal = await house.refused('import.cloudformation', {
    changeSet: second,
    text: template('MainVpc'),
    name: 'net',
    moved: { Nobody: 'MainVpc' },
  });
  expect(refusal.code).toBe('component_not_found');
  expect(await imported(second, 'MainVpc', { Vpc: 'MainVpc' })).toMatchObject({ created: 1, removed: 1 });
  expect(await imported(second, 'MainVpc', { Vpc: 'MainVpc' })).toMatchObject({ edits: 0 });
  const { moved: told } = await house.call<Review>('change_set.review', { changeSet: second });
  expect(told).toMatchObject([{ name: 'MainVpc', fromName: 'Vpc', resourceId: 'vpc-1', kept: true }]);
  await house.call('change_set.apply', { changeSet: second, waitMs: 20_000 });
  expect(await house.value('HEAD', 'Subnet')).toMatchObject({ VpcId: 'vpc-1' });
  // And back under its first name, which is another component by now.
  const third = await house.open('third');
  await imported(third, 'Vpc', { MainVpc: 'Vpc' });
  await house.call('change_set.apply', { changeSet: third, waitMs: 20_000 });
  expect(await house.value('HEAD', 'Subnet')).toMatchObject({ VpcId: 'vpc-1' });
  await house.sound();
  await house.close();
});
