// The memo is a cache in a file of its own, which nothing guards: what of it is damaged may cost a run, never a value.

import { DatabaseSync } from '@photostructure/sqlite';
import { expect, test } from 'vitest';
import type { RunsAndMemo } from '../../src/engine/runs.ts';
import { settled, withFunctions, withWeb } from './function_house.ts';
import { fileHouse } from './house.ts';

const damaged: readonly (readonly [string, string])[] = [
  ['text that is no JSON', '{"state":"va'],
  ['JSON that is no object', '[]'],
  ['an object without a state', '{"value":1}'],
  ['a state that is not remembered', '{"state":"pending"}'],
  ['a state without its value', '{"state":"value"}'],
  ['an error that is not remembered', '{"code":"timed_out","message":"late","state":"error"}'],
  ['an error without a message', '{"code":"threw","state":"error"}'],
  ['a value nested too deep', `{"state":"value","value":${'['.repeat(5_000)}${']'.repeat(5_000)}}`],
];

test.each(damaged)('[EN160] with %s in the memo the functions run again, and are remembered', async (_, text) => {
  const house = await fileHouse(withFunctions).start();
  const statistics = () => house.call<RunsAndMemo>('run.statistics');
  try {
    const changeSet = await withWeb(house);
    const port = async (value: number) => {
      await house.set(changeSet, 'web', '/domain/Port', value);
      await settled(house, changeSet);
      expect(await house.value(changeSet, 'web')).toMatchObject({ Port: value, Url: `http://example.org:${value}` });
    };
    await port(81);
    await house.close();
    const db = new DatabaseSync(`${house.file}-runs`);
    const { changes } = db.prepare('update memo set text = ?').run(text);
    db.close();
    expect(changes).toBeGreaterThan(5);
    await house.start();

    await port(80);
    const after = await statistics();
    expect(after.recalled).toBe(0);
    expect(after.unreadable).toBeGreaterThan(0);
    expect(after.ran).toBe(after.unreadable);
    await port(81);
    expect((await statistics()).recalled).toBe(0);

    await house.reopen();
    await port(80);
    expect(await statistics()).toMatchObject({ unreadable: 0, ran: 0 });
    expect((await statistics()).recalled).toBe(after.unreadable);
  } finally {
    await house.close();
  }
});
