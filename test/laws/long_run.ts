// The long version of the laws, as a program: pairs, triples, logs or examples of a range of seeds, with a line of progress now and
// then and one with what was seen at the end. `scripts/laws.mjs` starts it once a processor.

import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { exampleProblems } from '../merge/example.ts';
import { examples } from '../merge/examples.ts';
import { seen, seenRules } from './check.ts';
import { logProblem } from './logs.ts';
import { pairProblem } from './pairs.ts';
import { startStates } from './start_states.ts';
import { tripleProblem } from './triples.ts';

/** Each example once, whatever the seed. */
const exampleProblem = (seed: number): string | undefined => {
  const example = examples[seed % examples.length]!;
  const found = exampleProblems(example);
  return found.length === 0 ? undefined : found.join('\n');
};

const problems = { examples: exampleProblem, pairs: pairProblem, triples: tripleProblem, logs: logProblem };

/** New states now and then, so that what was made on the old ones is let go. */
const casesPerSpace = 5000;
const reportEvery = 250;

const [kind, from, count, untilFirst] = process.argv.slice(2) as [keyof typeof problems, string, string, string?];
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
// Refusals are thrown inside the compiler, and nobody looks at their stack.
Error.stackTraceLimit = 0;
let states: readonly Snapshot[] = [];
let done = 0;
for (let i = 0; i < Number(count); i++) {
  if (i % casesPerSpace === 0) states = startStates(8);
  const seed = Number(from) + i;
  const problem = problems[kind](seed, states);
  if (problem !== undefined) say({ kind, seed, problem });
  if (problem !== undefined && untilFirst) break;
  if (++done % reportEvery === 0) say({ kind, done: reportEvery });
}
say({ kind, done: done % reportEvery, seen, rules: Object.fromEntries(seenRules) });
