// The long random test of propagation as a program: cases of a range of seeds, a line for each that fails with what is left
// of it after shortening, a line now and then that tells how many are done, one at the end. `scripts/fuzz.mjs` starts it.

import { noneSeen, runCase, runOps, shrink } from './run.ts';
import { scenes } from './scenes.ts';

const [kind, from, count, steps, untilFirst] = process.argv.slice(2) as [string, string, string, string, string?];
const functions = kind === 'functions';
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
// Refusals are thrown inside the compiler, and nobody looks at their stack.
Error.stackTraceLimit = 0;
const seen = noneSeen();
const reportEvery = 4;
if (kind === 'scenes') {
  for (const [name, ops] of Object.entries(scenes)) {
    const found = runOps(ops, false);
    if (found !== undefined) say({ seed: name, step: found.ops.length, problem: found.problem, least: found });
    say({});
  }
  process.exit(0);
}
for (let i = 0; i < Number(count); i++) {
  const seed = Number(from) + i;
  const found = runCase({ seed, functions, steps: Number(steps) }, seen);
  if (found !== undefined) {
    const least = untilFirst === undefined ? shrink(found, functions) : found;
    say({ seed, step: found.ops.length, problem: found.problem, least: { problem: least.problem, ops: least.ops } });
    if (untilFirst !== undefined) break;
  }
  if ((i + 1) % reportEvery === 0) say({ done: reportEvery });
}
say({ done: Number(count) % reportEvery, seen });
