// `npm run fuzz -- propagation`: random edits of small worlds, each step checked against the plain evaluator, on all
// processors. `--steps N` (default 100000), `--seed S` (default 1), `--functions` with users' functions, `--from K` goes on
// from case K, as progress on standard error says it. Prints each failure with its seed, its step and the fewest edits
// that still show it; the last line is `N passed, N failed`, of cases.
//
//   --planted   breaks the source once a bug, on a copy, and passes where that is found
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { plants, withPlant } from '../test/propagation/fuzz/plants.mjs';
import { compile, runLines } from './laws.mjs';
import { install, root } from './steps.mjs';

const stepsPerCase = 250;
/** Cases that one process runs; the next ones go to a new process. */
const casesPerTask = 40;
const seedsPerSeed = 1_000_003;
const processes = Math.min(2, availableParallelism());
const entry = join(root, 'test/propagation/fuzz/long_run.ts');

/** Where a planted bug is found: what the first case that shows it tells; undefined: nowhere. */
export async function findPlanted(name, folder) {
  const program = compile(entry, folder, (file, text) => withPlant(name, file, text));
  let found;
  const on = (line) => {
    if (line.problem !== undefined)
      found ??= `seed ${line.seed}, step ${line.step}: ${line.problem.split('\n')[0].slice(0, 140)}`;
  };
  for (const kind of ['scenes', 'functions', 'plain']) {
    const ended = await runLines(program, [kind, 1, 30, 200, 1], on, 30_000);
    found ??= ended ? undefined : 'it ended early, or not at all';
    if (found !== undefined) return found;
  }
  return undefined;
}

async function runPlanted() {
  const left = Object.keys(plants);
  const count = left.length;
  let failed = 0;
  const work = async (n) => {
    const folder = mkdtempSync(join(root, `node_modules/.planted-${n}-`));
    for (let name = left.shift(); name !== undefined; name = left.shift()) {
      const found = await findPlanted(name, folder);
      if (found === undefined) failed++;
      process.stdout.write(`${name}: ${found ?? 'NOT FOUND'}\n`);
    }
    rmSync(folder, { recursive: true, force: true });
  };
  await Promise.all(Array.from({ length: processes }, (_, n) => work(n)));
  process.stdout.write(`${count - failed} passed, ${failed} failed\n`);
  process.exitCode = failed > 0 ? 1 : 0;
}

async function runCases({ steps, seed, functions, from }) {
  const cases = Math.ceil(steps / stepsPerCase);
  const folder = mkdtempSync(join(root, 'node_modules/.fuzz-'));
  const program = compile(entry, folder);
  const seen = {};
  const unfinished = new Set();
  let next = from;
  let done = from;
  let failed = 0;
  let said = performance.now();
  const onLine = (line) => {
    if (line.problem !== undefined) {
      failed++;
      process.stdout.write(
        `seed ${line.seed}, step ${line.step}: ${line.problem}\nshortened to: ${line.least.problem}\n`,
      );
      for (const op of line.least.ops) process.stdout.write(`  ${JSON.stringify(op)}\n`);
    }
    for (const [name, n] of Object.entries(line.seen ?? {})) seen[name] = (seen[name] ?? 0) + n;
    done += line.done ?? 0;
    if (performance.now() - said < 5_000) return;
    said = performance.now();
    const least = Math.min(next, ...unfinished);
    process.stderr.write(`${done * stepsPerCase} of ${steps} steps, ${failed} failed; --from ${least} goes on\n`);
  };
  const work = async () => {
    while (next < cases) {
      const first = next;
      next = Math.min(cases, first + casesPerTask);
      unfinished.add(first);
      const args = [functions ? 'functions' : 'plain', seed * seedsPerSeed + first, next - first, stepsPerCase];
      if (!(await runLines(program, args, onLine))) {
        failed++;
        process.stdout.write(`cases ${first} to ${first + args[2] - 1}: the process ended early\n`);
      }
      unfinished.delete(first);
    }
  };
  try {
    await Promise.all(Array.from({ length: processes }, work));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  process.stdout.write(`${JSON.stringify(seen)}\n`);
  process.stdout.write(`${cases - from - failed} passed, ${failed} failed\n`);
  process.exitCode = failed > 0 ? 1 : 0;
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      steps: { type: 'string', default: '100000' },
      seed: { type: 'string', default: '1' },
      from: { type: 'string', default: '0' },
      functions: { type: 'boolean', default: false },
      planted: { type: 'boolean', default: false },
    },
  });
  if (positionals.length !== 1 || positionals[0] !== 'propagation')
    throw new Error('say what: npm run fuzz -- propagation');
  await install();
  if (values.planted) await runPlanted();
  else
    await runCases({
      steps: Number(values.steps),
      seed: Number(values.seed),
      from: Number(values.from),
      functions: values.functions,
    });
}

if (process.argv[1] === import.meta.filename) await main();
