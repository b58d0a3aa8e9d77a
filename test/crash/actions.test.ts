// Killed at every durable step of creations, one done without an answer and one that takes several calls.
// The next engine brings all of it to its end, with each effect once. Each file of this folder is a worker's.

import { expect, test } from 'vitest';
import { addressOf, thing } from '../engine/action_house.ts';
import { allSucceeded, everywhere, scene } from './everywhere.ts';

test('[EN194] killed at every step of creations, of which one is done without an answer and one takes several calls', {
  timeout: 900_000,
}, async () => {
  const s = await scene(async (a) => {
    const changeSet = await a.house.open('new');
    const second = thing('second', { '/domain/Upstream': addressOf('first') }, 'Slow');
    await a.house.submit(changeSet, thing('first'), second);
    return [['change_set.apply', { changeSet, waitMs: 20_000 }]];
  });
  const acts = { op: 'create', nth: 1, goes: 'drop' } as const;
  const steps = await everywhere(s, [acts], async (a, effects) => {
    expect(effects).toEqual(['create first', 'create second']);
    await allSucceeded(a);
    expect((await a.seen('HEAD', 'second'))['domain']).toMatchObject({ Upstream: 'addr-t1' });
  });
  expect(steps).toBeGreaterThan(40);
});
