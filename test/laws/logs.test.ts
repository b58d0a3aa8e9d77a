// Long logs: several Head versions and batches of edits, by random schedules. The long version is `npm run laws`.

import { expect, test } from 'vitest';
import { logProblem } from './logs.ts';
import { failingLogs } from './seeds.ts';
import { startStates } from './start_states.ts';

const logs = 250;
const states = startStates(8);

test('seeds of logs that failed before', { timeout: 60_000 }, () => {
  for (const seed of failingLogs) expect(logProblem(seed, states)).toBeUndefined();
});

test('[ME7] every schedule of a log comes to the same', { timeout: 120_000 }, () => {
  for (let i = 0; i < logs; i++) expect(logProblem(3_000_001 + i, states)).toBeUndefined();
});
