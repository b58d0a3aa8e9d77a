// Killing the process at every durable step of an undo and of the redo after it, on a change set that has been replayed: the store
// has each whole or not at all, and whoever asks again with the same key gets it once.

import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { newFolder, sqliteHouse } from '../engine/house.ts';
import { type Operation, run } from './everywhere.ts';

test('[EN769] killed at every durable step of an undo and of a redo: each whole or not at all, and asked again once', {
  timeout: 600_000,
}, async () => {
  const prepared = newFolder();
  const open = (folder: string) => sqliteHouse({}, join(folder, 'headwater.db')).start();
  const house = await open(prepared);
  const first = await house.withBox();
  const box = await house.create(first, 'a', { '/domain/text': 'base', '/domain/size': 1 });
  await house.call('change_set.apply', { changeSet: first });
  const changeSet = await house.open('edited');
  await house.set(changeSet, box, '/domain/text', 'mine');
  await house.create(changeSet, 'mine too', { '/domain/text': 'kept' });
  await house.set(changeSet, box, '/domain/size', 2);
  const onHead = await house.open('meanwhile');
  await house.set(onHead, box, '/domain/text', 'theirs');
  await house.call('change_set.apply', { changeSet: onHead });
  await (await house.workspace()).replay.idle();
  const made = await house.call<{ edits: { id: string }[] }>('change_set.edits', { changeSet });
  const { version } = await house.row(changeSet);
  await house.close();

  const operations: readonly Operation[] = [
    ['change_set.undo', { changeSet, edits: [made.edits[0]!.id, made.edits[2]!.id], idempotencyKey: 'undo' }],
    ['change_set.redo', { changeSet, idempotencyKey: 'redo' }],
  ];
  const states = [
    { text: 'mine', size: 2 },
    { text: 'theirs', size: 1 },
    { text: 'mine', size: 2 },
  ];
  const seen = [0, 0, 0];
  for (let killAt = 1; ; killAt++) {
    const folder = newFolder();
    cpSync(prepared, folder, { recursive: true });
    const came = await run(folder, operations, killAt);
    const found = await open(folder);
    const done = (await found.row(changeSet)).version - version;
    seen[done]!++;
    expect(await found.value(changeSet, box)).toMatchObject(states[done]!);
    expect(await found.value(changeSet, 'mine too')).toMatchObject({ text: 'kept' });
    await found.sound();
    for (const [operation, params] of operations) await found.call(operation, params);
    expect((await found.row(changeSet)).version).toBe(version + 2);
    expect(await found.value(changeSet, box)).toMatchObject(states[2]!);
    await found.sound();
    await found.close();
    if (came === 'killed') continue;
    // Fewer steps than there are to be killed at: every one has been tried.
    expect(came).toBeLessThan(killAt);
    break;
  }
  for (const count of seen) expect(count).toBeGreaterThan(1);
});
