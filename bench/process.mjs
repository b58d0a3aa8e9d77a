// Runs of the process tier: per second and how long one takes from the call of `run` to its report, cold (each run starts its
// own child) and warm (a spare waits). One at a time, and as many at once as there are processors. Beside it the floor: a
// bare Node process that is started, given a line and waited for, without any walls.
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { openProcessTier } from '../dist/adapters/process/tier.js';
import { quantile, readOptions, report, say } from './support/measure.mjs';

const { scaled } = readOptions();
const rounds = scaled(100, 10);
const cpus = availableParallelism();
const silent = { started: () => undefined, log: () => undefined };
const script = 'async function main({ n }) { return { n: n + 1 }; }';
let serial = 0;

async function runOn(tier, allow = { network: [], commands: [] }) {
  const n = ++serial;
  const limits = { timeMs: 30_000, memoryBytes: 256 * 1024 * 1024, cpus: 1, outputBytes: 1024 * 1024 };
  const request = {
    id: `${n}`,
    kind: 'action',
    tier: 'process',
    name: 'bench',
    code: { hash: '', script },
    limits,
    allow,
  };
  const { outcome } = await tier.run({ ...request, input: JSON.stringify({ n }) }, silent);
  if (!outcome.ok || JSON.parse(outcome.value).n !== n + 1) throw new Error(`run ${n}: ${JSON.stringify(outcome)}`);
}

/** A plain Node process from its start to its end. */
function bare() {
  return new Promise((resolve, reject) => {
    const program = 'process.stdin.resume().on("data", (d) => process.stdout.write(d)).on("end", () => process.exit())';
    const child = spawn(process.execPath, ['-e', program], { stdio: ['pipe', 'pipe', 'inherit'] });
    child.on('error', reject);
    child.on('close', resolve);
    child.stdout.resume();
    child.stdin.end('{}');
  });
}

/** Milliseconds of each of `count` calls, `atOnce` under way together, and of all of them. */
async function measure(one, count, atOnce) {
  const samples = [];
  let left = count;
  const since = performance.now();
  const worker = async () => {
    while (left-- > 0) {
      const from = performance.now();
      await one();
      samples.push(performance.now() - from);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return { samples, ms: performance.now() - since };
}

/** A pause before each call, so that a spare is ready: how long the caller waits when runs come now and then. */
const afterPause = (one) => async () => {
  const from = performance.now();
  await one();
  const took = performance.now() - from;
  await new Promise((resolve) => setTimeout(resolve, 150));
  return took;
};

const cold = openProcessTier({ spares: 0, cpus, allowUnconfined: true });
const warm = openProcessTier({ spares: cpus, cpus, allowUnconfined: true });
const confined = cold.confinement.missing.length === 0;
for (const missing of cold.confinement.missing) say(`Does not hold here: ${missing}`);
try {
  const commands = { network: ['example.com'], commands: ['sh'] };
  for (const tier of [cold, warm]) await measure(() => runOn(tier), 5, cpus);
  await bare();
  const ones = [
    ['floor_bare_node', bare],
    ['cold', () => runOn(cold)],
    ['cold_network_and_command', () => runOn(cold, commands)],
    ['warm', () => runOn(warm)],
  ];
  for (const [name, one] of ones) {
    const more = one === bare ? {} : { confined };
    const alone = await measure(one, rounds, 1);
    report('process', `${name}_p50`, quantile(alone.samples, 0.5), 'ms', rounds, more);
    report('process', `${name}_p99`, quantile(alone.samples, 0.99), 'ms', rounds);
    const full = await measure(one, rounds, cpus);
    report('process', `${name}_rate`, (rounds / full.ms) * 1_000, 'runs/s', rounds, { at_once: cpus });
  }
  const waits = [];
  const paused = afterPause(() => runOn(warm));
  for (let i = 0; i < rounds; i++) waits.push(await paused());
  report('process', 'warm_now_and_then_p50', quantile(waits, 0.5), 'ms', rounds);
  report('process', 'warm_now_and_then_p99', quantile(waits, 0.99), 'ms', rounds);
} finally {
  await cold.close();
  await warm.close();
}
