// The long random test of propagation as a program: cases of a range of seeds, a line for each that fails, with what is
// left of it after shortening, a line of progress now and then and one at the end. `scripts/fuzz.mjs` starts it.

import { noneSeen, runCase, shrink } from './run.ts';

const [functions, from, count, steps, untilFirst] = process.argv.slice(2) as [string, string, string, string, string?];
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
// Refusals are thrown inside the compiler, and nobody looks at their stack.
Error.stackTraceLimit = untilFirst ? 0 : 8;
const seen = noneSeen();
let said = 0;
for (let i = 0; i < Number(count); i++) {
  const seed = Number(from) + i;
  const found = runCase(seed, functions === 'functions', Number(steps), seen);
  if (found !== undefined) {
    const least = untilFirst ? found : shrink(found);
    say({ seed, problem: found.problem, step: found.ops.length, least: { problem: least.problem, ops: least.ops } });
    if (untilFirst) break;
  }
  if (i % 4 === 3) {
    say({ done: i + 1 - said });
    said = i + 1;
  }
}
say({ done: Number(count) - said, seen });
