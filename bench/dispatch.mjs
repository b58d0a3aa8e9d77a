// The fair queue. Real workflow graphs (HEADWATER_TEST_DATA/workflows, run times as recorded) in simulated time on 1, 4 and
// 16 slots, beside list scheduling: the worst graph's makespan in multiples of the peer's, goal 1.1, and of max(critical path,
// total / slots), which nothing can be under. A workspace that floods, also over 1,000 change sets and over a key each, beside
// another: from being asked for to the end, p99, goal twice what it is alone. And what a push with its take costs in
// real time while as many wait. Without the data the figures of graphs are missing.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FairQueue } from '../dist/dispatch/fair_queue.js';
import { median, picker, quantile, readOptions, report, rounded, say, timed } from './support/measure.mjs';
import { listSchedule, remainingPaths, runThrough } from './support/simulated.mjs';

const { sizes, scaled } = readOptions();
const size = Math.max(...sizes.filter((n) => n <= 100_000), Math.min(...sizes));
const plain = { workspace: 'w', changeSet: 'c', priority: 'background', pool: 'slots', cpus: 1, keys: [] };

/** Makespan of one graph through the queue, as actions of one change set: pushed when all that they need has ended. */
function makespan(tasks, slots, ranks) {
  const left = tasks.map((task) => task.parents.length);
  const children = tasks.map(() => []);
  for (const [i, { parents }] of tasks.entries()) for (const p of parents) children[p].push(i);
  const items = tasks.map(({ tookMs }, i) => ({ ...plain, id: `${i}`, at: i, tookMs, rank: ranks?.[i] ?? 0 }));
  const arrivals = items.filter((_, i) => left[i] === 0).map((item) => ({ atMs: 0, item }));
  const ended = (item) => children[item.at].filter((c) => --left[c] === 0).map((c) => items[c]);
  const ran = runThrough(new FairQueue(), slots, arrivals, { ended });
  if (ran.length !== tasks.length) throw new Error(`${tasks.length - ran.length} tasks did not run`);
  return Math.max(...ran.map((run) => run.endedAtMs));
}

function workflows() {
  const folder = process.env.HEADWATER_TEST_DATA && join(process.env.HEADWATER_TEST_DATA, 'workflows');
  if (!folder || !existsSync(folder)) {
    say('no workflows: HEADWATER_TEST_DATA names no folder that has some');
    return [];
  }
  const files = readdirSync(folder).filter((file) => file.endsWith('.dag.json'));
  return files.map((file) => {
    const { tasks } = JSON.parse(readFileSync(join(folder, file), 'utf8'));
    return { file, tasks: tasks.map(([, seconds, parents]) => ({ tookMs: seconds * 1_000, parents })) };
  });
}

const graphs = workflows();
for (const slots of graphs.length === 0 ? [] : [1, 4, 16]) {
  const figures = graphs.map(({ file, tasks }) => {
    const ranks = remainingPaths(tasks);
    const total = tasks.reduce((sum, task) => sum + task.tookMs, 0);
    const bound = Math.max(...ranks, total / slots);
    const list = listSchedule(tasks, slots);
    const byRank = makespan(tasks, slots, ranks);
    if (byRank < bound * (1 - 1e-9)) throw new Error(`${file} ends before it can`);
    return { ranked: byRank / list, coming: makespan(tasks, slots) / list, bound: byRank / bound };
  });
  const n = graphs.length;
  for (const [order, of] of [
    ['by_remaining_path', figures.map((f) => f.ranked)],
    ['by_coming', figures.map((f) => f.coming)],
  ]) {
    const worst = Math.max(...of);
    const goal = order === 'by_coming' ? {} : { goal: 1.1, met: worst <= 1.1 };
    const more = { slots, median: rounded(median(of)), peer: 'list scheduling', peerValue: 1, ratio: worst, ...goal };
    report('dispatch', `workflows_${slots}_slots_${order}`, worst, 'times', n, more);
  }
  const bounds = figures.map((f) => f.bound);
  report('dispatch', `workflows_${slots}_slots_over_bound`, Math.max(...bounds), 'times', n, {
    median: median(bounds),
  });
}

const slots = 16;
const pick = picker(7);
/** A thousand items of 10 ms at random times, a sixth of all slots on average. */
const trickle = [];
for (let i = 0, atMs = 300; i < scaled(1_000, 100); i++, atMs += pick(8)) {
  trickle.push({ atMs, item: { ...plain, id: `trickle ${i}`, workspace: 'other', tookMs: 10 } });
}
const untilMs = trickle.at(-1).atMs + 1_000;
const p99 = (arrivals) => {
  const limitsOf = (key) => (key === 'account' ? { atOnceMax: 12 } : {});
  const queue = new FairQueue({ limitsOf });
  const ran = runThrough(queue, slots, arrivals, { untilMs }).filter((run) => run.item.workspace === 'other');
  if (ran.length !== trickle.length)
    throw new Error(`${trickle.length - ran.length} of the other workspace did not run`);
  return quantile(
    ran.map((run) => run.endedAtMs - run.askedAtMs),
    0.99,
  );
};
const alone = p99(trickle);
for (const [name, split] of [
  ['one_change_set', () => ({})],
  ['1000_change_sets', (i) => ({ changeSet: `c${i % 1_000}` })],
  ['a_key_each', (i) => ({ keys: ['account', `own ${i}`] })],
]) {
  const flood = Array.from({ length: size }, (_, i) => ({
    atMs: 0,
    item: { ...plain, id: `flood ${i}`, workspace: 'flood', tookMs: 10, ...split(i) },
  }));
  const ms = p99([...flood, ...trickle]);
  const more = { size, alone, ratio: ms / alone, goal: 2, met: ms / alone <= 2 };
  report('dispatch', `flood_${name}_p99_of_another`, ms, 'ms simulated', trickle.length, more);
}

for (const [name, split] of [
  ['one_line', () => ({})],
  ['1000_change_sets', (i) => ({ changeSet: `c${i % 1_000}`, workspace: `w${i % 10}` })],
  ['keys', (i) => ({ changeSet: `c${i % 1_000}`, keys: [`account ${i % 20}`, `type ${i % 100}`] })],
  ['a_key_each', (i) => ({ changeSet: `c${i % 1_000}`, keys: [`account ${i % 20}`, `own ${i}`] })],
]) {
  const queue = new FairQueue({ limitsOf: (key) => (key.startsWith('account') ? { atOnceMax: 2 } : {}) });
  const made = (i) => ({ ...plain, id: `${i}`, ...split(i) });
  for (let i = 0; i < size; i++) queue.push(made(i), 0);
  let next = size;
  const underWay = [];
  const turn = (nowMs) => {
    queue.push(made(next++), nowMs);
    const item = queue.take('slots', nowMs);
    if (item !== undefined) underWay.push(item.id);
    if (underWay.length > slots || item === undefined) queue.ended(underWay.shift(), 1 + (next % 7), nowMs);
  };
  const rounds = scaled(100_000, 200);
  for (let i = 0; i < rounds / 10; i++) turn(i);
  const samples = [];
  for (let round = 0; round < 5; round++) {
    const ms = await timed(() => {
      for (let i = 0; i < rounds / 5; i++) turn(rounds + i);
    });
    samples.push((ms * 1_000) / (rounds / 5));
  }
  report('dispatch', `push_take_end_${name}`, median(samples), 'us', rounds, { waiting: size });
}
