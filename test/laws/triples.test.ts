// Triples of change sets in every order. The long version is `npm run laws`.

import { expect, test } from 'vitest';
import { failingTriples } from './seeds.ts';
import { startStates } from './start_states.ts';
import { tripleProblem } from './triples.ts';

const triples = 250;
const states = startStates(8);

test('seeds of triples that failed before', { timeout: 60_000 }, () => {
  for (const seed of failingTriples) expect(tripleProblem(seed, states)).toBeUndefined();
});

test('[ME8] orders of three change sets agree except where a receipt says so', { timeout: 120_000 }, () => {
  for (let i = 0; i < triples; i++) expect(tripleProblem(4_000_001 + i, states)).toBeUndefined();
});
