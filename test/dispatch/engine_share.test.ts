// What of a pool's room is one engine's.

import { expect, test } from 'vitest';
import { type Contender, engineShare } from '../../src/dispatch/engine_share.ts';

const waits = (workspaces: number, used = 0): Contender => ({ workspaces, isWaiting: true, used });
const runs = (workspaces: number, used: number): Contender => ({ workspaces, isWaiting: false, used });

test('[DI23] an engine has as much of the room as its workspaces would have in one queue', () => {
  expect(engineShare(0, [])).toBe(1);
  expect(engineShare(5, [waits(0), runs(0, 0)])).toBe(1);
  expect(engineShare(3, [waits(1, 0.9)])).toBe(0.75);
  expect(engineShare(0, [waits(1), waits(2)])).toBe(0.25);
});

test('[DI23] what an engine with nothing waiting leaves of its part the others have', () => {
  expect(engineShare(1, [runs(1, 0.25)])).toBe(0.75);
  expect(engineShare(1, [runs(1, 0.2), waits(3)])).toBeCloseTo(0.2);
  // Over its part it counts with its part: it began when it was alone.
  expect(engineShare(1, [runs(1, 1)])).toBe(0.5);
  // What one leaves may be enough for another.
  expect(engineShare(1, [runs(1, 0), runs(1, 0.4), waits(1)])).toBeCloseTo(1 / 3);
  expect(engineShare(1, [runs(8, 0.1), runs(1, 0.25), waits(1)])).toBeCloseTo(0.65 / 2);
});

test('[DI23] all parts together are all of the room, where all wait', () => {
  for (let n = 1; n <= 20; n++) {
    const engines = Array.from({ length: n }, (_, i) => waits(1 + (i % 4), i / 10));
    const parts = engines.map((one) =>
      engineShare(
        one.workspaces,
        engines.filter((other) => other !== one),
      ),
    );
    expect(parts.reduce((sum, part) => sum + part, 0)).toBeCloseTo(1);
  }
});
