// Room on a runner.

import { expect, test } from 'vitest';
import { RunnerLoad, withMostRoom } from '../../src/dispatch/runner_load.ts';

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

test('[DI19] the runner with most room takes what is next: cpus, then memory, then the first', () => {
  const named = (name: string, cpus: number, memoryBytes: number) => ({
    name,
    load: new RunnerLoad({ cpus, memoryBytes }),
  });
  const [a, b, c] = [named('a', 2, 100), named('b', 2, 100), named('c', 2, 200)];
  const need = { cpus: 1, memoryBytes: 10 };
  const taken: string[] = [];
  for (let next = withMostRoom([a, b, c], need); next !== undefined; next = withMostRoom([a, b, c], need)) {
    next.load.take(need);
    taken.push(next.name);
  }
  expect(taken).toEqual(['c', 'a', 'b', 'c', 'a', 'b']);
  b.load.free(need);
  expect(withMostRoom([a, b, c], need)?.name).toBe('b');
  expect(withMostRoom([], need)).toBeUndefined();
});

test('[DI19] one that is too small as a whole takes what is large only where all are', () => {
  const small = { load: new RunnerLoad({ cpus: 1, memoryBytes: 100 }) };
  const large = { load: new RunnerLoad({ cpus: 4, memoryBytes: 100 }) };
  const need = { cpus: 3, memoryBytes: 10 };
  large.load.take({ cpus: 2, memoryBytes: 10 });
  expect(withMostRoom([small, large], need)).toBeUndefined();
  expect(withMostRoom([small], need)).toBe(small);
  large.load.free({ cpus: 2, memoryBytes: 10 });
  expect(withMostRoom([small, large], need)).toBe(large);
});

test('[DI20] a capacity that changes counts at once, and takes nothing from what is under way', () => {
  let capacity = { cpus: 2, memoryBytes: 100 };
  const load = new RunnerLoad(() => capacity);
  const need = { cpus: 1, memoryBytes: 10 };
  load.take(need);
  load.take(need);
  expect(load.has(need)).toBe(false);
  capacity = { cpus: 3, memoryBytes: 100 };
  expect(load.has(need)).toBe(true);
  capacity = { cpus: 1, memoryBytes: 100 };
  expect(load.room).toEqual({ cpus: -1, memoryBytes: 80 });
  load.free(need);
  expect(load.has(need)).toBe(false);
  load.free(need);
  expect(load.has(need)).toBe(true);
});
