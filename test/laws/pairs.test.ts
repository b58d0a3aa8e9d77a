// Random pairs: two sides' edits of one state, merged by both routes. The long version is `npm run laws`; here every rule
// that gives a line is seen, and most pairs meet.

import { expect, test } from 'vitest';
import { type RuleId, ruleTable } from '../../src/merge/rules.ts';
import { forgetSeen, seen, seenRules } from './check.ts';
import { pairProblem } from './pairs.ts';
import { failingPairs } from './seeds.ts';
import { startStates } from './start_states.ts';

const pairs = 3000;
const states = startStates(8);

test('seeds that failed before', () => {
  for (const seed of failingPairs) expect(pairProblem(seed, states)).toBeUndefined();
});

test('[ME1] [ME2] [ME3] [ME4] [ME5] [ME6] random pairs keep every law', { timeout: 120_000 }, () => {
  forgetSeen();
  for (let i = 0; i < pairs; i++) expect(pairProblem(1_000_003 + i, states)).toBeUndefined();
  expect(seen.overlapping / seen.pairs).toBeGreaterThan(0.5);
  const withLine = (Object.keys(ruleTable) as RuleId[]).filter((rule) => ruleTable[rule].receipt !== '');
  expect(withLine.filter((rule) => !seenRules.has(rule))).toEqual([]);
});
