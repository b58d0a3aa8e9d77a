// The isolate tier: calls of small functions per second, on one child process and on one a processor, and how long one
// call takes that nothing else is queued with, warm, with a text that was not run before, and in a tier that was just
// opened; calls per second of such a tier, too. Goal: 20,000 calls per second on both cores. Not a matter of the size of
// the estate.
import { availableParallelism } from 'node:os';
import { openIsolate } from '../dist/adapters/isolate/isolate.js';
import { median, quantile, readOptions, report, timed } from './support/measure.mjs';

const { scaled } = readOptions();
const calls = scaled(60_000, 300);
const rounds = scaled(5, 1);
const singles = scaled(4_000, 50);
const opens = scaled(10, 1);
const coldCalls = scaled(6_000, 30);
const goal = 20_000;

const limits = { timeMs: 5_000, memoryBytes: 128 * 1024 ** 2, cpus: 1, outputBytes: 4 * 1024 ** 2 };
const listener = { started: () => {}, log: () => {} };

/** Three functions, as an estate has for every component: a value, a document, a check. */
const scripts = [
  'function main({ name, zone }) { return name + "." + zone + ".example.com" }',
  `function main({ name, tags }) {
    const list = Object.entries(tags).map(([key, value]) => ({ key, value }));
    return { format: 'json', code: JSON.stringify({ name, tags: list }) };
  }`,
  `async function main({ name, count }) {
    return count < 100 ? { result: 'success' } : { result: 'failure', message: name + ' has too many' };
  }`,
];

let serial = 0;
async function call(runner, isNew = false) {
  const n = serial++;
  const script = isNew ? `${scripts[n % scripts.length]}\n// ${n}` : scripts[n % scripts.length];
  const input = JSON.stringify({
    name: `component-${n}`,
    zone: 'a',
    count: n % 90,
    tags: { owner: 'team', n: String(n) },
  });
  const code = { hash: `text-${isNew ? `new-${n}` : n % scripts.length}`, script };
  const request = { id: `run-${n}`, kind: 'attribute', tier: 'isolate', name: 'bench', code, input, limits };
  const { outcome } = await runner.run(request, listener);
  if (!outcome.ok) throw new Error(`a call failed: ${JSON.stringify(outcome)}`);
}

async function withRunner(options, body) {
  const runner = openIsolate(options);
  try {
    return await body(runner);
  } finally {
    await runner.close();
  }
}

const all = (runner, count) => Promise.all(Array.from({ length: count }, () => call(runner)));

for (const workers of new Set([1, availableParallelism()])) {
  await withRunner({ workers }, async (runner) => {
    await all(runner, calls);
    const rates = [];
    for (let round = 0; round < rounds; round++) rates.push((calls / (await timed(() => all(runner, calls)))) * 1_000);
    const more = workers > 1 ? { goal, met: median(rates) >= goal } : {};
    report('isolate', 'throughput', median(rates), 'calls/s', calls * rounds, { workers, ...more });
  });
}

await withRunner({ workers: 1 }, async (runner) => {
  for (let n = 0; n < singles; n++) await call(runner);
  const took = [];
  for (let n = 0; n < singles; n++) took.push(await timed(() => call(runner)));
  report('isolate', 'warm_p50', median(took), 'ms', singles);
  report('isolate', 'warm_p99', quantile(took, 0.99), 'ms', singles);
  const texts = [];
  for (let n = 0; n < singles; n++) texts.push(await timed(() => call(runner, true)));
  report('isolate', 'new_text_p50', median(texts), 'ms', singles);
  report('isolate', 'new_text_p99', quantile(texts, 0.99), 'ms', singles);
});

const cold = [];
for (let n = 0; n < opens; n++)
  await withRunner({ workers: 1 }, async (runner) => cold.push(await timed(() => call(runner))));
const rates = [];
for (let n = 0; n < opens; n++)
  await withRunner({ workers: availableParallelism() }, async (runner) => {
    rates.push((coldCalls / (await timed(() => all(runner, coldCalls)))) * 1_000);
  });
report('isolate', 'cold_throughput', median(rates), 'calls/s', coldCalls * opens, { workers: availableParallelism() });
report('isolate', 'cold_p50', median(cold), 'ms', opens);
report('isolate', 'cold_p99', quantile(cold, 0.99), 'ms', opens);
