// Cancelling an action, and ending its run, in every state: one that has not begun is cancelled, of one that has it is found out
// what it came to or left to a person, and nothing that waits for it starts as if it had been done.

import { expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import type { ActionRecord } from '../../src/model/action.ts';
import { ActionHouse, codeOf, follows, housesOfTests, thing } from './action_house.ts';

const houses = housesOfTests();

async function opened(): Promise<ActionHouse> {
  const house = await ActionHouse.open();
  houses.push(house);
  return house;
}

const size = (component: string, value: number): Json => ({
  kind: 'attribute.set',
  component,
  path: '/domain/Size',
  value,
});

/** Applies edits and waits until the provider has been asked for the operation, which it does not answer. */
async function begun(a: ActionHouse, op: 'create' | 'update' | 'destroy', goes: 'hang' | 'stall', ...edits: Json[]) {
  await a.provider.rules({ op, nth: 1, goes });
  const changeSet = await a.house.open('begun');
  await a.house.submit(changeSet, ...edits);
  const before = (await a.effects()).length;
  await a.house.call('change_set.apply', { changeSet, waitMs: 20_000 });
  const running = async (): Promise<ActionRecord | undefined> => (await a.actions({ status: 'running' }))[0];
  while ((await running()) === undefined) await new Promise((r) => setTimeout(r, 20));
  if (goes === 'hang') while ((await a.effects()).length === before) await new Promise((r) => setTimeout(r, 20));
  else await new Promise((r) => setTimeout(r, 500));
  return (await running())!;
}

const cancel = (a: ActionHouse, { id }: ActionRecord): Promise<ActionRecord> =>
  a.house.call<ActionRecord>('action.cancel', { action: id });
const kill = (a: ActionHouse, { run }: ActionRecord): Promise<unknown> => a.house.call('run.kill', { run });

test('[EN432] one that has not begun is cancelled outright: queued, held, or failed', async () => {
  const a = await opened();
  await a.provider.rules({ op: 'create', nth: 1, goes: 'fail' });
  await a.apply('three', thing('first'), thing('second', follows('first')), thing('third', follows('first')));
  const [first, second, third] = await a.actions();
  await a.house.call('action.hold', { action: third!.id });
  for (const action of [second!, third!, first!])
    expect(await cancel(a, action)).toMatchObject({ status: 'cancelled' });
  expect((await a.house.refused('action.cancel', { action: first!.id })).code).toBe('action_step_illegal');
  expect(await a.effects()).toEqual([]);
});

for (const end of ['cancelled', 'killed'] as const) {
  const ending = async (a: ActionHouse, action: ActionRecord): Promise<ActionRecord> => {
    if (end === 'cancelled') await cancel(a, action);
    else await kill(a, action);
    await a.quiet();
    return a.house.call<ActionRecord>('action.get', { action: action.id });
  };

  test(`[EN432] a creation that was ${end} may have been made: it is left to a person, who brings it to its end`, async () => {
    const a = await opened();
    const create = await begun(a, 'create', 'hang', thing('it'));
    const ended = await ending(a, create);
    expect(ended).toMatchObject({ status: 'interrupted', failure: { code: 'interrupted' }, attempts: 1 });
    expect(ended.failure!.message).toContain('try the action again');
    await a.quiet();
    // Not made again by itself, although its function says that this is safe; nor by the next engine.
    await a.house.reopen();
    await a.quiet();
    expect(await a.told()).toEqual(['create of it: interrupted']);
    await a.house.call('action.retry', { action: create.id });
    await a.quiet();
    expect(await a.told()).toEqual(['create of it: succeeded', 'refresh of it: succeeded']);
    expect(await a.effects()).toEqual(['create it']);
    expect((await a.seen('HEAD', 'it'))['resource_value']).toMatchObject({ Address: 'addr-t1' });
    expect((await a.actions())[0]!.ending).toBeUndefined();
  });

  test(`[EN432] an update that was ${end} is looked at: done it has succeeded, and is not made again where not`, async () => {
    const a = await opened();
    await a.apply('made', thing('it', { '/domain/Size': 1 }));
    const done = await begun(a, 'update', 'hang', size('it', 2));
    expect(await ending(a, done)).toMatchObject({ status: 'succeeded', failure: null });
    expect((await a.seen('HEAD', 'it'))['resource_value']).toMatchObject({ Size: 2 });
    const not = await begun(a, 'update', 'stall', size('it', 3));
    const ended = await ending(a, not);
    if (end === 'cancelled') expect(ended).toMatchObject({ status: 'cancelled', failure: null });
    else expect(ended).toMatchObject({ status: 'failed', failure: { code: 'killed' } });
    await a.quiet();
    expect(await a.effects()).toEqual(['create it', 'update t1']);
    expect((await a.seen('HEAD', 'it'))['resource_value']).toMatchObject({ Size: 2 });
  });

  test(`[EN432] a destruction that was ${end} is looked at: what is gone is gone, what is there stays`, async () => {
    const a = await opened();
    await a.apply('made', thing('it'));
    await a.apply('other', thing('other'));
    const gone = await begun(a, 'destroy', 'hang', { kind: 'component.delete', component: 'it' });
    expect(await ending(a, gone)).toMatchObject({ status: 'succeeded' });
    const stays = await begun(a, 'destroy', 'stall', { kind: 'component.delete', component: 'other' });
    expect((await ending(a, stays)).status).toBe(end === 'cancelled' ? 'cancelled' : 'failed');
    expect(await a.effects()).toEqual(['create it', 'create other', 'destroy t1']);
  });
}

test('[EN432] the engine that goes away before the end of one that was cancelled: the next one does not make it again', async () => {
  const a = await opened();
  const create = await begun(a, 'create', 'hang', thing('it'));
  const w = await a.house.workspace();
  // As far as written when the process dies right after that.
  await w.record({ changes: [], actions: [w.actions.amend(create.id, { ending: 'cancel' })] });
  await a.house.reopen();
  await a.quiet();
  expect(await a.told()).toEqual(['create of it: interrupted']);
  expect((await a.actions())[0]!.attempts).toBe(1);
  // Cancelled once more it is over: nobody has to see to it.
  expect(await cancel(a, create)).toMatchObject({ status: 'cancelled' });
  expect(await a.effects()).toEqual(['create it']);
});

const twoCalls = (port: number): string =>
  codeOf(port).create.replace(
    /async function main(.|\n)*$/,
    `async function main(input) {
  if (input.checkpoint === undefined) {
    const { domain, si } = input.properties;
    const made = await ask('POST', at, { key: input.idempotencyKey, name: si.name, body: domain });
    return { status: 'waiting', signal: 'go', checkpoint: made.id };
  }
  return { status: 'ok', resourceId: input.checkpoint, payload: { Address: 'addr-' + input.checkpoint } };
}`,
  );

test('[EN432] one between two calls of a function with effects has begun; tried again it goes on where it stood', async () => {
  const a = await opened();
  await a.apply('two calls', {
    kind: 'function.edit_text',
    function: 'thing-create',
    text: twoCalls(a.provider.port),
  });
  await a.apply('made', thing('it'));
  const [waiting] = await a.actions();
  expect(waiting).toMatchObject({ status: 'dispatched', waitsFor: 'go' });
  expect(await cancel(a, waiting!)).toMatchObject({ status: 'interrupted', checkpoint: { value: 't1' } });
  await a.house.call('action.retry', { action: waiting!.id });
  await a.quiet();
  expect(await a.told()).toEqual(['create of it: succeeded', 'refresh of it: succeeded']);
  expect(await a.effects()).toEqual(['create it']);
});

test('[EN432] a look that is under way changes nothing and is cancelled outright', async () => {
  const a = await opened();
  await a.apply('made', thing('it'));
  await a.provider.rules({ op: 'read', nth: 1, goes: 'stall' });
  await a.house.call('action.request', { component: 'it' });
  const running = async () => (await a.actions({ status: 'running' }))[0];
  while ((await running()) === undefined) await new Promise((r) => setTimeout(r, 20));
  expect(await cancel(a, (await running())!)).toMatchObject({ kind: 'refresh', status: 'cancelled' });
  await a.quiet();
  // Nothing is in the way of what is asked next.
  await a.apply('larger', size('it', 2));
  expect(await a.effects()).toEqual(['create it', 'update t1']);
});

test('[EN433] what waits for an action that was cancelled does not start: it is held, with the reason', async () => {
  const a = await opened();
  await a.provider.rules({ op: 'create', nth: 1, goes: 'fail' });
  await a.apply(
    'three',
    thing('first'),
    thing('second'),
    thing('third'),
    { kind: 'depends_on.add', component: 'second', on: 'first' },
    { kind: 'depends_on.add', component: 'third', on: 'second' },
  );
  expect(await a.told()).toEqual(['create of first: failed', 'create of second: queued', 'create of third: queued']);
  const [first, second] = await a.actions();
  await cancel(a, first!);
  await a.quiet();
  await a.house.reopen();
  await a.quiet();
  expect(await a.effects()).toEqual([]);
  expect(await a.told()).toEqual([
    'create of first: cancelled',
    'create of second: on-hold',
    'create of third: queued',
  ]);
  expect((await a.actions())[1]!.heldBecause).toBe('it waits for the create of "first", which was cancelled');
  // Who releases it says that it may start all the same.
  await a.house.call('action.release', { action: second!.id });
  await a.quiet();
  expect(await a.effects()).toEqual(['create second', 'create third']);
});

test('[EN433] asked for once more it is done first, and what was held because of it goes on after it', async () => {
  const a = await opened();
  await a.provider.rules({ op: 'create', nth: 1, goes: 'fail' });
  await a.apply('two', thing('first'), thing('second'), { kind: 'depends_on.add', component: 'second', on: 'first' });
  const [first] = await a.actions();
  await cancel(a, first!);
  await a.apply('again', size('first', 2), size('second', 2));
  expect(await a.told()).toEqual([
    'create of first: cancelled',
    'create of second: succeeded',
    'create of first: succeeded',
    'refresh of first: succeeded',
    'refresh of second: succeeded',
  ]);
  expect(await a.effects()).toEqual(['create first', 'create second']);
});

test('[EN433] one that was cancelled while it was under way, and had been done, lets what waits for it start', async () => {
  const a = await opened();
  await a.apply('made', thing('first', { '/domain/Size': 1 }), thing('second', follows('first')));
  const update = await begun(a, 'update', 'hang', size('first', 2), size('second', 2));
  expect(await cancel(a, update)).toMatchObject({ status: 'succeeded' });
  await a.quiet();
  expect((await a.effects()).slice(2)).toEqual(['update t1', 'update t2']);
});

test('[EN433] what an apply takes away because nothing is left to do holds nobody up', async () => {
  const a = await opened();
  await a.provider.rules({ op: 'create', nth: 1, goes: 'fail' });
  await a.apply('two', thing('first'), thing('second'), { kind: 'depends_on.add', component: 'second', on: 'first' });
  await a.apply('never mind', { kind: 'component.delete', component: 'first' });
  expect(await a.told({ component: 'second' })).toEqual([
    'create of second: succeeded',
    'refresh of second: succeeded',
  ]);
});

/** Applies what makes `it`, of which the first attempts are done and not answered; as it waits for the next one. */
async function unsure(a: ActionHouse): Promise<ActionRecord> {
  await a.provider.rules(...[1, 2, 3].map((nth) => ({ op: 'create', nth, goes: 'drop' }) as const));
  const changeSet = await a.house.open('made');
  await a.house.submit(changeSet, thing('it'));
  await a.house.call('change_set.apply', { changeSet });
  for (;;) {
    const [action] = await a.actions({ status: 'queued' });
    if (action?.isUnsure === true) return action;
    await new Promise((r) => setTimeout(r, 5));
  }
}

test('[EN438] cancelled between two attempts of which the first may have been done, it is left to a person', async () => {
  const a = await opened();
  const action = await unsure(a);
  expect(await cancel(a, action)).toMatchObject({ status: 'interrupted', failure: { code: 'interrupted' } });
  await a.quiet();
  expect(await a.told()).toEqual(['create of it: interrupted']);
  await a.house.call('action.retry', { action: action.id });
  await a.quiet();
  expect(await a.told()).toContain('create of it: succeeded');
  expect(await a.effects()).toEqual(['create it']);
});

test('[EN438] an apply that has no use for it lets it come to its end, and what it made is taken away', async () => {
  const a = await opened();
  await unsure(a);
  await a.apply('never mind', { kind: 'component.delete', component: 'it' });
  expect(await a.told()).toEqual(['create of it: succeeded', 'destroy of it: succeeded']);
  expect(await a.effects()).toEqual(['create it', 'destroy t1']);
  expect((await a.house.call<{ actions: unknown[] }>('action.pending', {})).actions).toEqual([]);
});

test.each([
  ['went away', 'process.exit(3);'],
  ['gave what cannot be read', `return 'made';`],
  ['gave too much', `return { status: 'ok', payload: 'x'.repeat(64 << 20) };`],
])('[EN776] one whose function acted and then %s has not failed', async (_how, end) => {
  const a = await opened();
  const text = codeOf(a.provider.port).create.replace(`return { status: 'ok'`, `${end}\n  return { status: 'ok'`);
  await a.apply('a flaw', { kind: 'function.edit_text', function: 'thing-create', text });
  await a.apply('made', thing('it'));
  expect(await a.told()).toEqual(['create of it: interrupted']);
  expect(await a.effects()).toEqual(['create it']);
  const [action] = await a.actions();
  expect(action!.failure!.message).toContain('an attempt may have been done');
  await a.apply('mended', {
    kind: 'function.edit_text',
    function: 'thing-create',
    text: codeOf(a.provider.port).create,
  });
  await a.house.call('action.retry', { action: action!.id });
  await a.quiet();
  expect(await a.told()).toContain('create of it: succeeded');
  expect(await a.effects()).toEqual(['create it']);
});

test('[EN777] one that is ended on the way to its runner does not begin', async () => {
  const a = await opened();
  const { live } = (await a.house.workspace()).calls;
  const add = live.add.bind(live);
  live.add = (record, runner) => {
    add(record, runner);
    queueMicrotask(() => expect(live.kill(record.id)).toBe(true));
  };
  await a.apply('made', thing('it'));
  live.add = add;
  const [action] = await a.actions();
  expect(action!.status).toBe('interrupted');
  expect(await a.effects()).toEqual([]);
  await a.house.call('action.retry', { action: action!.id });
  await a.quiet();
  expect(await a.effects()).toEqual(['create it']);
});

test('[EN438] refused for good after an attempt that may have been done, it has not failed', async () => {
  const a = await opened();
  await a.provider.rules({ op: 'create', nth: 1, goes: 'drop' }, { op: 'create', nth: 2, goes: 'fail' });
  await a.apply('made', thing('it'));
  const [action] = await a.actions();
  expect(action).toMatchObject({ status: 'interrupted', attempts: 2 });
  expect(action!.failure!.message).toMatch(/the create fails.*; an attempt may have been done/);
  await a.house.call('action.retry', { action: action!.id });
  await a.quiet();
  expect(await a.told()).toContain('create of it: succeeded');
  expect(await a.effects()).toEqual(['create it']);
});

test('[EN791] the run of an action is killed by who may apply, and that is in the audit', async () => {
  const a = await opened();
  await begun(a, 'create', 'hang', thing('it'));
  const run = (await a.actions({ status: 'running' }))[0]!.run!;
  const editor = { id: 'ada', role: 'owner', scopes: ['read', 'edit'] } as const;
  expect(await a.house.refused('run.kill', { run }, editor)).toMatchObject({ code: 'access_denied' });
  expect((await a.actions({ status: 'running' })).length).toBe(1);
  await a.house.call('run.kill', { run }, { ...editor, scopes: ['read', 'edit', 'apply'] });
  await a.quiet();
  expect(await a.told({ status: 'running' })).toEqual([]);
  const told = await a.house.call<{ actor: string; subject: string; sentence: string }[]>('audit.list', {
    changeSet: 'HEAD',
    kind: 'run.kill',
  });
  expect(told).toMatchObject([{ actor: 'ada', subject: run, sentence: 'kill the run of thing-create' }]);
});
