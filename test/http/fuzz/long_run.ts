// Random requests at length as a program: rounds of a range of seeds, a line for each that fails with the request that shows
// it, a line now and then that tells how many requests are done, one at the end with what was reached. `scripts/fuzz.mjs`
// starts it.

import { listedStatuses } from '../../../scripts/statuses.mjs';
import { routes } from '../../../src/surfaces/http/routes/all.ts';
import { type Reached, runRound } from './round.ts';

const [from, count, requests] = process.argv.slice(2).map(Number) as [number, number, number];
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const listed = listedStatuses(routes);
const seen: Reached = new Map();
for (let seed = from; seed < from + count; seed++) {
  const { reached, problem } = await runRound({ seed, requests, listed, onDone: (done) => say({ done }) });
  if (problem !== undefined) say({ seed, problem });
  for (const [key, n] of reached) seen.set(key, (seen.get(key) ?? 0) + n);
}
say({ seen: Object.fromEntries(seen) });
