// Room on a runner.

import { expect, test } from 'vitest';
import { Slots } from '../../src/dispatch/slots.ts';

test('[DI10] what does not fit the cpus or the memory that are left has no room', () => {
  const slots = new Slots({ cpus: 1, memoryBytes: 100 });
  for (let i = 0; i < 10; i++) slots.take({ cpus: 0.1, memoryBytes: 1 });
  expect(slots.has({ cpus: 0.1, memoryBytes: 1 })).toBe(false);
  slots.free({ cpus: 0.1, memoryBytes: 1 });
  expect(slots.has({ cpus: 0.1, memoryBytes: 91 })).toBe(true);
  expect(slots.has({ cpus: 0.1, memoryBytes: 92 })).toBe(false);
  expect(slots.has({ cpus: 0.2, memoryBytes: 1 })).toBe(false);
});

test('[DI10] what is larger than the whole runner goes when nothing else is under way, and nothing beside it', () => {
  const slots = new Slots({ cpus: 2, memoryBytes: 100 });
  const [small, giant] = [
    { cpus: 0.1, memoryBytes: 1 },
    { cpus: 16, memoryBytes: 1_000 },
  ];
  slots.take(small);
  expect(slots.has(giant)).toBe(false);
  expect(() => slots.take(giant)).toThrow();
  slots.free(small);
  expect(slots.has(giant)).toBe(true);
  slots.take(giant);
  expect(slots.has(small)).toBe(false);
  slots.free(giant);
  expect(slots.has(small)).toBe(true);
  expect(slots.underWay).toBe(0);
});
