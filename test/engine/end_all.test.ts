// Ending several parts.

import { expect, test } from 'vitest';
import { endAll } from '../../src/engine/end_all.ts';

test('[EN768] each is ended, one after the other, whatever becomes of the one before; the first failure is told', async () => {
  const ended: number[] = [];
  const part = (n: number, fails?: string) => async () => {
    await Promise.resolve();
    ended.push(n);
    if (fails !== undefined) throw new Error(fails);
  };
  await expect(endAll([part(1), part(2, 'second'), part(3, 'third'), part(4)])).rejects.toThrow('second');
  expect(ended).toEqual([1, 2, 3, 4]);
  await endAll([part(5)]);
  expect(ended.at(-1)).toBe(5);
});
