// Random and mutated requests in their short version. At length: `npm run fuzz -- http`, which also has to reach every status
// that is listed.

import { expect, test } from 'vitest';
import { listedStatuses, unreachable } from '../../scripts/statuses.mjs';
import { routes } from '../../src/surfaces/http/routes/all.ts';
import { runs } from '../support/model_world.ts';
import { runRound } from './fuzz/round.ts';

const listed = listedStatuses(routes).filter((one) => unreachable[one] === undefined);

test('the API answers whatever it is sent, and what it refuses has changed nothing', async () => {
  const seed = Number(process.env['HEADWATER_SEED'] ?? 1);
  const { reached, problem } = await runRound({ seed, requests: runs(900), listed });
  expect(problem).toBeUndefined();
  const found = listed.filter((one) => reached.has(one)).length;
  expect(found / listed.length).toBeGreaterThan(0.8);
}, 300_000);
