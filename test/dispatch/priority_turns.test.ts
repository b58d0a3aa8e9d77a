// Whose turn it is of queues of several priorities.

import { expect, test } from 'vitest';
import { limits } from '../../src/base/limits.ts';
import { PriorityTurns } from '../../src/dispatch/priority_turns.ts';
import { type Priority, priorities } from '../../src/dispatch/strand.ts';

/** What is taken of queues that are never empty, by the first letter. */
function taken(waiting: readonly Priority[], count: number): string {
  const turns = new PriorityTurns();
  let text = '';
  while (text.length < count) {
    const next = turns.order().find((priority) => {
      if (!waiting.includes(priority)) turns.foundEmpty(priority);
      return waiting.includes(priority);
    })!;
    turns.took(next);
    text += next[0];
  }
  return text;
}

test('[DI22] the most urgent goes first, and what is passed over has one of so many', () => {
  const max = limits.natsPassedOverMax;
  expect(new PriorityTurns().order()).toEqual(priorities);
  expect(taken(['interactive', 'background'], 2 * max + 2)).toBe(`${'i'.repeat(max)}b`.repeat(2));
  expect(taken(['replay', 'background'], max + 1)).toBe(`${'r'.repeat(max)}b`);
  const all = taken(priorities, 900);
  for (const priority of ['replay', 'background'] as const) {
    const gaps = all.split(priority[0]!).map((gap) => gap.length);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(max + 2);
  }
  expect(all.split('i').length).toBeGreaterThan(0.7 * 900);
});

test('[DI22] what was found empty has nothing coming', () => {
  const turns = new PriorityTurns();
  for (let n = 0; n < 100; n++) turns.took('interactive');
  expect(turns.due('background')).toBe(Math.floor(100 / limits.natsPassedOverMax));
  turns.foundEmpty('background');
  expect([turns.due('background'), turns.order()[0]]).toEqual([0, 'replay']);
});
