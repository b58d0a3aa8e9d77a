// Room on a runner.

import { expect, test } from 'vitest';
import { RunnerLoad } from '../../src/dispatch/runner_load.ts';

test('[DI10] what does not fit the cpus or the memory that are left has no room', () => {
  const load = new RunnerLoad({ cpus: 1, memoryBytes: 100 });
  for (let i = 0; i < 10; i++) load.take({ cpus: 0.1, memoryBytes: 1 });
  expect(load.has({ cpus: 0.1, memoryBytes: 1 })).toBe(false);
  load.free({ cpus: 0.1, memoryBytes: 1 });
  expect(load.has({ cpus: 0.1, memoryBytes: 91 })).toBe(true);
  expect(load.has({ cpus: 0.1, memoryBytes: 92 })).toBe(false);
  expect(load.has({ cpus: 0.2, memoryBytes: 1 })).toBe(false);
});

test('[DI10] what is larger than the whole runner goes when nothing else is under way, and nothing beside it', () => {
  const load = new RunnerLoad({ cpus: 2, memoryBytes: 100 });
  const [small, giant] = [
    { cpus: 0.1, memoryBytes: 1 },
    { cpus: 16, memoryBytes: 1_000 },
  ];
  load.take(small);
  expect(load.has(giant)).toBe(false);
  expect(() => load.take(giant)).toThrow();
  load.free(small);
  expect(load.has(giant)).toBe(true);
  load.take(giant);
  expect(load.has(small)).toBe(false);
  load.free(giant);
  expect(load.has(small)).toBe(true);
  expect(load.underWay).toBe(0);
});
