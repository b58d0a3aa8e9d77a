// Long random runs, on all processors. `--seed S` (default 1); `--from K` goes on from case K, as progress on standard error
// says it. Prints each failure with its seed; the last line is `N passed, N failed`, of cases.
//
//   propagation   random edits of small worlds, each step checked against the plain evaluator; prints the fewest edits that
//                 still show a failure. `--steps N` (default 100000), `--functions` with users' functions; `--planted` breaks
//                 the source once a bug, on a copy, and passes where that is found
//   http          random and mutated requests to the HTTP API; fails too where a listed status of an operation was not
//                 reached, and names it (with `--from` it has not made all of them, and does not ask). `--requests N`
//                 (default 100000)
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { plants, withPlant } from '../test/propagation/fuzz/plants.mjs';
import { build } from './build.mjs';
import { compile, runLines } from './laws.mjs';
import { listedStatuses, wrongStatuses } from './statuses.mjs';
import { install, root, step } from './steps.mjs';

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

/** Requests of one case: a world of its own. */
const requestsPerCase = 2_000;
const httpEntry = join(root, 'test/http/fuzz/long_run.ts');
/** What the program reads or imports as it stands; the product itself as it was built. */
const asTheyAre = {
  src: 'dist',
  dist: 'dist',
  examples: 'examples',
  'test/http/contract.json': 'test/http/contract.json',
  'test/http/unreachable.json': 'test/http/unreachable.json',
};
/** A case says something every few requests. Where it does not, server and test in one process have come to a stand. */
const httpSilentMs = 300_000;

async function runRequests({ requests, seed, from }) {
  await step('Building', build);
  const cases = Math.ceil(requests / requestsPerCase);
  const folder = mkdtempSync(join(root, 'node_modules/.fuzz-'));
  const reached = new Set();
  const problems = [];
  const unfinished = new Set();
  let next = from;
  let done = from * requestsPerCase;
  let said = performance.now();
  const work = async (program) => {
    while (next < cases) {
      const at = next++;
      unfinished.add(at);
      let made = 0;
      const own = Math.min(requestsPerCase, requests - at * requestsPerCase);
      const onLine = (line) => {
        if (line.problem !== undefined) {
          problems.push(at);
          process.stdout.write(`case ${at}, seed ${line.seed}: ${line.problem}\n`);
        }
        for (const key of Object.keys(line.seen ?? {})) reached.add(key);
        made += line.done ?? 0;
        done += line.done ?? 0;
        if (performance.now() - said < 5_000) return;
        said = performance.now();
        const least = Math.min(...unfinished);
        process.stderr.write(`${done} of ${requests} requests, ${problems.length} failed; --from ${least} goes on\n`);
      };
      if (!(await runLines(program, [seed * seedsPerSeed + at, 1, own], onLine, httpSilentMs))) {
        problems.push(at);
        process.stdout.write(
          `case ${at}: ended early or stood still for ${httpSilentMs / 1000} s, after ${made} requests\n`,
        );
      }
      unfinished.delete(at);
    }
  };
  try {
    const program = compile(httpEntry, folder, undefined, (file) => file.startsWith('src/'));
    for (const [name, target] of Object.entries(asTheyAre)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      symlinkSync(join(root, target), join(folder, name));
    }
    await Promise.all(Array.from({ length: processes }, () => work(program)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const { routes } = await import(`${root}dist/surfaces/http/routes/all.js`);
  const listed = listedStatuses(routes);
  const wrong = from > 0 ? [] : wrongStatuses(listed, reached);
  for (const one of wrong) process.stdout.write(`${one}\n`);
  process.stdout.write(
    `${listed.filter((one) => reached.has(one)).length} of ${listed.length} listed statuses reached\n`,
  );
  const failed = new Set(problems).size;
  process.stdout.write(`${cases - from - failed} passed, ${failed + wrong.length} failed\n`);
  process.exitCode = failed + wrong.length > 0 ? 1 : 0;
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      steps: { type: 'string', default: '100000' },
      requests: { type: 'string', default: '100000' },
      seed: { type: 'string', default: '1' },
      from: { type: 'string', default: '0' },
      functions: { type: 'boolean', default: false },
      planted: { type: 'boolean', default: false },
    },
  });
  const [what] = positionals;
  if (positionals.length !== 1 || (what !== 'propagation' && what !== 'http'))
    throw new Error('say what: npm run fuzz -- propagation, or npm run fuzz -- http');
  await install();
  if (what === 'http')
    await runRequests({ requests: Number(values.requests), seed: Number(values.seed), from: Number(values.from) });
  else if (values.planted) await runPlanted();
  else
    await runCases({
      steps: Number(values.steps),
      seed: Number(values.seed),
      from: Number(values.from),
      functions: values.functions,
    });
}

if (process.argv[1] === import.meta.filename) await main();
