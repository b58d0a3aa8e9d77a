// What may be there once in a state is there once also when a change set comes to have two of it itself: an edit came late, was
// put back or picked, or an undo shows what another has taken the place of.

import { expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { refusalText } from '../../src/base/result.ts';
import type { SubmitReply } from '../../src/engine/submit.ts';
import { takersOf } from '../../src/model/moved.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { invariants } from '../laws/invariants.ts';
import { boxSpec, type House, sqliteHouse } from './house.ts';

const spec = boxSpec as unknown as Json;
const attach = (fn: string): Json => ({ kind: 'binding.attach', function: fn, schema: 'Box', action: 'create' });

/** Two edits of one change set, of which only one can stand as it is, and the rule for the later one. */
const twice: Readonly<Record<string, { readonly rule: string; readonly first: Json; readonly second: Json }>> = {
  'name of a view': {
    rule: 'name-taken',
    first: { kind: 'view.create', name: 'New' },
    second: { kind: 'view.create', name: 'New' },
  },
  'name of a schema': {
    rule: 'name-taken',
    first: { kind: 'schema.create', name: 'New', spec },
    second: { kind: 'schema.create', name: 'New', spec },
  },
  'name of a secret': {
    rule: 'name-taken',
    first: { kind: 'secret.put', name: 'New', definition: 'Key', key: 'k1' },
    second: { kind: 'secret.put', name: 'New', definition: 'Key', key: 'k2' },
  },
  'exclusive action': { rule: 'exclusive-action', first: attach('f'), second: attach('g') },
  resource: {
    rule: 'moved-twice',
    first: { kind: 'component.moved', from: 'c', to: 'd' },
    second: { kind: 'component.moved', from: 'c', to: 'e' },
  },
};

async function start(): Promise<{ house: House; mine: string; c: string }> {
  const house = await sqliteHouse().start();
  const first = await house.withBox();
  const c = await house.create(first, 'c', { '/domain/text': 'x' });
  await house.create(first, 'd');
  await house.create(first, 'e');
  const action = (name: string): Json => ({
    kind: 'function.create',
    name,
    functionKind: 'action',
    text: `export default function main() { return { status: 'ok', by: '${name}' }; }\n`,
  });
  await house.submit(first, { kind: 'component.set_resource_id', component: c, resourceId: 'i-1' });
  await house.submit(first, action('f'), action('g'));
  await house.call('change_set.apply', { changeSet: first, leaveQueued: true });
  return { house, mine: await house.open('mine'), c };
}

async function stateOf(house: House, changeSet: string): Promise<Snapshot> {
  const { id } = await house.row(changeSet);
  const found = await (await house.workspace()).branch(id);
  if (!found.ok) throw new Error(refusalText(found.refusal));
  return found.value.branch.snapshot;
}

for (const [what, { rule, first, second }] of Object.entries(twice)) {
  test(`[EN838] a late edit gives way to the earlier one of its change set, with its line: ${what}`, async () => {
    const { house, mine, c } = await start();
    await house.submit(mine, first);
    const reply = await house.call<SubmitReply>('submit', { changeSet: mine, mutations: [second], baseVersion: 0 });
    expect(reply.receipt?.map((line) => line.rule)).toContain(rule);
    const state = await stateOf(house, mine);
    invariants(state);
    expect(takersOf(state, c as never).length).toBe(rule === 'moved-twice' ? 1 : 0);
    // It is the same after Head has moved, after a restart and by the log.
    const other = await house.open('other');
    await house.set(other, 'd', '/domain/text', 'y');
    await house.call('change_set.apply', { changeSet: other, leaveQueued: true });
    const { intentRoot } = await house.row(mine);
    await house.reopen();
    expect((await house.row(mine)).intentRoot).toBe(intentRoot);
    await house.sound();
    await house.call('change_set.apply', { changeSet: mine, leaveQueued: true });
    invariants(await stateOf(house, 'HEAD'));
    await house.close();
  });

  test(`[EN838] put back it gives way to what has been made since: ${what}`, async () => {
    const { house, mine } = await start();
    await house.submit(mine, first);
    await house.call('change_set.undo', { changeSet: mine });
    await house.submit(mine, second);
    const reply = await house.call<SubmitReply>('change_set.redo', { changeSet: mine });
    expect(reply.receipt?.map((line) => line.rule)).toContain(rule);
    invariants(await stateOf(house, mine));
    await house.sound();
    await house.close();
  });

  test(`[EN838] it is not picked into a change set that has one: ${what}`, async () => {
    const { house, mine } = await start();
    const into = await house.open('into');
    await house.submit(mine, first);
    await house.submit(into, second);
    const row = await house.row(into);
    expect((await house.refused('change_set.pick', { changeSet: mine, edits: ['1'], into })).code).toBe('edit_lacks');
    expect(await house.row(into)).toEqual(row);
    await house.close();
  });
}

test('[EN838] a name or an action that another edit has taken since is not undone without that', async () => {
  const { house, mine } = await start();
  await house.submit(mine, { kind: 'view.create', name: 'New' });
  await house.submit(mine, { kind: 'view.rename', view: 'New', name: 'Other' });
  await house.submit(mine, { kind: 'view.create', name: 'New' });
  expect(await house.refused('change_set.undo', { changeSet: mine, edits: ['2'] })).toMatchObject({
    code: 'edit_needed',
    data: { edits: ['3'] },
  });
  await house.submit(mine, attach('f'));
  const [[binding]] = [...(await stateOf(house, mine)).scan('bindings', '')] as [[string, string]];
  await house.submit(mine, { kind: 'binding.detach', binding });
  await house.submit(mine, attach('g'));
  expect(await house.refused('change_set.undo', { changeSet: mine, edits: ['5'] })).toMatchObject({
    code: 'edit_needed',
    data: { edits: ['6'] },
  });
  await house.call('change_set.undo', { changeSet: mine, edits: ['5'], withNeeding: true });
  invariants(await stateOf(house, mine));
  await house.sound();
  await house.close();
});
