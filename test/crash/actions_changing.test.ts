// Killed at every durable step of updates, replacements, destructions and of resources that change hands.
// The next engine brings all of it to its end, with each effect once. Each file of this folder is a worker's.

import { expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { addressOf, thing } from '../engine/action_house.ts';
import { allSucceeded, everywhere, scene } from './everywhere.ts';

/** Updates and destructions do not say that they may be done again. */
function notRepeatable(types: Json[]): Json[] {
  return types.map((type) => {
    const { name, text } = type as { name?: string; text?: string };
    const isPlain = name === 'thing-update' || name === 'thing-destroy';
    return isPlain ? ({ ...(type as object), text: text!.replace('// @idempotent\n', '') } as Json) : type;
  });
}

test('[EN194] killed at every step of an update, a replacement and a destruction, none of which may be repeated', {
  timeout: 900_000,
}, async () => {
  const s = await scene(async (a) => {
    // One after the other, so that it is known which is which.
    await a.apply('one', thing('larger', { '/domain/Size': 1 }));
    await a.apply('two', thing('moved', { '/domain/Zone': 'a' }));
    await a.apply('three', thing('gone'));
    const changeSet = await a.house.open('edits');
    await a.house.submit(
      changeSet,
      { kind: 'attribute.set', component: 'larger', path: '/domain/Size', value: 2 },
      { kind: 'attribute.set', component: 'moved', path: '/domain/Zone', value: 'b' },
      { kind: 'component.delete', component: 'gone' },
    );
    return [['change_set.apply', { changeSet, waitMs: 20_000 }]];
  }, notRepeatable);
  await everywhere(s, [], async (a, effects) => {
    expect(effects.toSorted()).toEqual(['create moved', 'destroy t2', 'destroy t3', 'update t1']);
    await allSucceeded(a);
    expect((await a.seen('HEAD', 'larger'))['resource_value']).toMatchObject({ Size: 2 });
  });
});

test('[EN406] killed at every step of an apply that moves a resource, one component has it and nothing is made or destroyed', {
  timeout: 900_000,
}, async () => {
  const s = await scene(async (a) => {
    await a.apply('one', thing('old', { '/domain/Size': 1 }), thing('user', { '/domain/Upstream': addressOf('old') }));
    const changeSet = await a.house.open('renamed');
    await a.house.submit(changeSet, thing('new', { '/domain/Size': 1 }), {
      kind: 'component.moved',
      from: 'old',
      to: 'new',
    });
    return [['change_set.apply', { changeSet, waitMs: 20_000 }]];
  });
  await everywhere(s, [], async (a, effects) => {
    expect(effects).toEqual([]);
    await allSucceeded(a);
    expect((await a.seen('HEAD', 'new'))['resource_value']).toMatchObject({ Address: 'addr-t1', Size: 1 });
    expect((await a.seen('HEAD', 'user'))['domain']).toMatchObject({ Upstream: 'addr-t1' });
    expect((await a.house.refused('component.get', { component: 'old' })).code).toBe('component_not_found');
  });
});
