// `npm run laws`: the long version of test/laws, on all processors: `--pairs N` (default 100000), `--triples N` and
// `--logs N` (default a tenth and a fiftieth of the pairs), `--seed S` (default 1). Progress goes to standard error. Prints
// each failure with its seed, then how often every rule was hit; the last line is `N passed, N failed`.
//
//   --planted   breaks each rule once on a copy of src/merge instead, and passes where that is found
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import ts from 'typescript';
import { planted, plants } from '../test/laws/plants.mjs';
import { install, root } from './steps.mjs';

/** Cases that one process runs; the next ones go to a new process. */
const casesPerTask = { pairs: 20_000, triples: 2_000, logs: 2_000 };
const seedsPerSeed = 1_000_003;
const processes = Math.min(2, availableParallelism());

/**
 * Compiles `entry` and all it imports to `folder`, without looking at types; `patch` may change a source. What `isLeft` says
 * yes to is not compiled, and has to be in the folder in another way.
 */
export function compile(entry, folder, patch = (_file, text) => text, isLeft = (_file) => false) {
  const seen = new Set();
  const todo = [entry];
  for (let file = todo.pop(); file !== undefined; file = todo.pop()) {
    if (seen.has(file) || isLeft(relative(root, file))) continue;
    seen.add(file);
    const text = patch(relative(root, file), readFileSync(file, 'utf8'));
    const { outputText } = ts.transpileModule(text, {
      compilerOptions: {
        module: ts.ModuleKind.ESNext,
        target: ts.ScriptTarget.ES2023,
        verbatimModuleSyntax: true,
        rewriteRelativeImportExtensions: true,
      },
    });
    const out = join(folder, relative(root, file)).replace(/\.ts$/, '.js');
    mkdirSync(dirname(out), { recursive: true });
    writeFileSync(out, outputText);
    for (const { fileName } of ts.preProcessFile(text).importedFiles)
      if (fileName.startsWith('.')) todo.push(join(dirname(file), fileName));
  }
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}\n');
  return join(folder, relative(root, entry)).replace(/\.ts$/, '.js');
}

/**
 * Runs a program in a process of its own; `on` gets each line it says. Answers whether it came to its end; over `silentMs`
 * without a line it is killed.
 */
export function runLines(program, args, on, silentMs = 600_000) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args.map(String)], { stdio: ['ignore', 'pipe', 'inherit'] });
    const watch = setTimeout(() => child.kill('SIGKILL'), silentMs);
    createInterface({ input: child.stdout }).on('line', (line) => {
      watch.refresh();
      on(JSON.parse(line));
    });
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(watch);
      resolve(code === 0);
    });
  });
}

export function runTask(program, { kind, from, count, untilFirst = false }, on) {
  return runLines(program, [kind, from, count, ...(untilFirst ? ['1'] : [])], on);
}

function tasksOf(counts, seed) {
  return Object.entries(counts).flatMap(([kind, count]) => {
    const out = [];
    for (let done = 0; done < count; done += casesPerTask[kind])
      out.push({ kind, from: seed * seedsPerSeed + done, count: Math.min(casesPerTask[kind], count - done) });
    return out;
  });
}

/** Where the bug of a rule is found: the first problem that an example, a pair or a log of it tells; undefined: nowhere. */
export async function findPlanted(rule, folder) {
  const program = compile(join(root, 'test/laws/long_run.ts'), folder, (file, text) => planted(rule, file, text));
  let found;
  const on = (line) => {
    found ??= line.problem === undefined ? undefined : `${line.kind}: ${line.problem.split('\n')[0].slice(0, 160)}`;
  };
  for (const [kind, count] of [
    // Some rules have two: more than there are is each of them at least once.
    ['examples', 2 * Object.keys(plants).length],
    ['pairs', 3000],
    ['logs', 300],
  ]) {
    const ended = await runTask(program, { kind, from: seedsPerSeed, count, untilFirst: true }, on);
    if (!ended) found ??= `${kind}: ended early`;
    if (found !== undefined) return found;
  }
  return undefined;
}

async function runPlanted() {
  const rules = Object.keys(plants);
  const left = [...rules];
  let failed = 0;
  const work = async (n) => {
    const folder = join(root, 'node_modules/.cache', `headwater-planted-${process.pid}-${n}`);
    for (let rule = left.shift(); rule !== undefined; rule = left.shift()) {
      const found = await findPlanted(rule, folder);
      if (found === undefined) failed++;
      process.stdout.write(`${rule}: ${found ?? 'NOT FOUND'}\n`);
    }
    rmSync(folder, { recursive: true, force: true });
  };
  await Promise.all(Array.from({ length: processes }, (_, n) => work(n)));
  process.stdout.write(`${rules.length - failed} passed, ${failed} failed\n`);
  process.exitCode = failed > 0 ? 1 : 0;
}

async function main() {
  const { values } = parseArgs({
    options: {
      pairs: { type: 'string', default: '100000' },
      triples: { type: 'string' },
      logs: { type: 'string' },
      seed: { type: 'string', default: '1' },
      planted: { type: 'boolean', default: false },
    },
  });
  if (values.planted) {
    await runPlanted();
    return;
  }
  const pairs = Number(values.pairs);
  const counts = {
    pairs,
    triples: Number(values.triples ?? Math.ceil(pairs / 10)),
    logs: Number(values.logs ?? Math.ceil(pairs / 50)),
  };
  await install();
  const folder = join(root, 'node_modules/.cache', `headwater-laws-${process.pid}`);
  const program = compile(join(root, 'test/laws/long_run.ts'), folder);
  const done = { pairs: 0, triples: 0, logs: 0 };
  const seen = { pairs: 0, overlapping: 0 };
  const rules = new Map();
  let failed = 0;
  let said = performance.now();
  const on = (line) => {
    if (line.problem !== undefined) {
      failed++;
      process.stdout.write(`${line.problem}\n`);
    }
    done[line.kind] += line.done ?? 0;
    for (const key of Object.keys(line.seen ?? {})) if (line.kind === 'pairs') seen[key] += line.seen[key];
    if (line.kind === 'pairs')
      for (const [rule, n] of Object.entries(line.rules ?? {})) rules.set(rule, (rules.get(rule) ?? 0) + n);
    if (performance.now() - said < 5000) return;
    said = performance.now();
    const shown = Object.entries(counts).map(([kind, n]) => `${done[kind]} of ${n} ${kind}`);
    process.stderr.write(`${shown.join(', ')}, ${failed} failed\n`);
  };
  const tasks = tasksOf(counts, Number(values.seed));
  const work = async () => {
    for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) {
      if (await runTask(program, task, on)) continue;
      failed++;
      process.stdout.write(`the process of ${task.count} ${task.kind} from seed ${task.from} ended early\n`);
    }
  };
  try {
    await Promise.all(Array.from({ length: processes }, work));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  for (const [rule, n] of [...rules].sort()) process.stdout.write(`${rule}: ${n}\n`);
  const share = seen.pairs === 0 ? 0 : Math.round((100 * seen.overlapping) / seen.pairs);
  process.stdout.write(
    `${done.pairs} pairs, of which ${share} % meet at one key; ${done.triples} triples, ${done.logs} logs\n`,
  );
  process.stdout.write(`${done.pairs + done.triples + done.logs - failed} passed, ${failed} failed\n`);
  process.exitCode = failed > 0 ? 1 : 0;
}

if (process.argv[1] === import.meta.filename) await main();
