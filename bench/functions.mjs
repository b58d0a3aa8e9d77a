// Recorded runs of users' functions per second through the whole engine: 10,000 components with three functions each (an
// attribute, a code generation, a qualification), all of which read an input that they share. It changes: every function runs
// once, in the isolate tier on all cores, and each run is a durable record with its result in the memo. It is set back: nothing
// runs, everything is recalled, from memory and, with memory emptied, from the store's memo. Time counts from the edit until
// all values are settled and all runs recorded. Goals: 20,000 runs a second; set back five times faster.
import { availableParallelism } from 'node:os';
import { applyChangeSet } from '../dist/engine/apply.js';
import { submit } from '../dist/engine/submit.js';
import { componentId } from './support/estate.mjs';
import { median, must, readOptions, report, say, timed } from './support/measure.mjs';
import { inFolder, inUse, load, quiet, schemaOf } from './support/model.mjs';
import { installSchemas, open, principal } from './support/seeded.mjs';

const { sizes, scaled } = readOptions();
const components = Math.min(10_000, Math.max(...sizes));
const rounds = scaled(5, 1);
const goal = 20_000;
const goalFaster = 5;
/** What is shared: the value of component 0 that the others follow. */
const sharedPath = '/domain/Zone';

const text = { kind: 'string' };
const schemas = [
  schemaOf('Bench::Settings', { Zone: text }),
  schemaOf('Bench::Service', { Zone: text, Number: { kind: 'integer' }, Label: text }),
];
const argument = (name) => ({ name: name.toLowerCase(), path: `/domain/${name}` });
const functions = [
  {
    kind: 'attribute',
    text: "function main({ zone, number }) { return number + '.' + zone + '.example.com'; }",
    binding: { arguments: [argument('Zone'), argument('Number')], output: '/domain/Label' },
  },
  {
    kind: 'code-generation',
    text: "function main({ domain }) { return { format: 'json', code: JSON.stringify({ host: domain.Label, in: domain.Zone }) }; }",
  },
  {
    kind: 'qualification',
    text: `function main({ domain }) {
      return domain.Label.endsWith('.example.com')
        ? { result: 'success' }
        : { result: 'failure', message: domain.Label + ' is no name' };
    }`,
  },
];

await inFolder(async ({ workspace }) => {
  const [settings, service] = await installSchemas(workspace, schemas);
  await load(workspace, [
    { type: settings, cells: { '/si/name': { v: 'settings' }, [sharedPath]: { v: 'first' } } },
    ...Array.from({ length: components }, (_, i) => ({
      type: service,
      cells: {
        '/si/name': { v: `service-${i}` },
        [sharedPath]: { x: { s: [componentId(0), sharedPath] } },
        '/domain/Number': { v: i },
      },
    })),
  ]);
  const attached = await open(workspace, 'functions');
  const mutations = functions.flatMap(({ kind, text: code, binding }) => [
    { kind: 'function.create', name: `bench-${kind}`, functionKind: kind, text: code },
    { kind: 'binding.attach', function: `bench-${kind}`, schema: 'Bench::Service', ...binding },
  ]);
  must(await submit(workspace, principal, { changeSet: attached, mutations }));
  say(`running ${components * functions.length} functions for the first time`);
  await quiet(workspace, attached);
  must(await applyChangeSet(workspace, principal, { changeSet: attached, waitMs: 600_000 }));

  const changeSet = await inUse(workspace, 'edited');
  const runs = components * functions.length;
  const { calls, store, id } = workspace;
  const recorded = async () => (await store.runs.statistics(id)).runs;
  /** Sets what is shared: milliseconds, and how many functions ran and how many runs were recorded. */
  const set = async (value) => {
    await calls.flushed();
    const [ranBefore, recordedBefore] = [calls.statistics.ran, await recorded()];
    const edit = [{ kind: 'attribute.set', component: componentId(0), path: sharedPath, value }];
    const before = process.cpuUsage();
    const ms = await timed(async () => {
      must(await submit(workspace, principal, { changeSet, mutations: edit }));
      await quiet(workspace, changeSet);
      await calls.flushed();
    });
    const { user, system } = process.cpuUsage(before);
    const ran = calls.statistics.ran - ranBefore;
    return { ms, engineMs: (user + system) / 1_000, ran, recorded: (await recorded()) - recordedBefore };
  };
  /** The same, when it is known how many functions have to run. */
  const setAnd = async (value, wanted) => {
    const { ms, engineMs, ran, recorded: written } = await set(value);
    if (ran !== wanted || written !== wanted)
      throw new Error(`${ran} functions ran and ${written} runs were recorded, not ${wanted}`);
    return { ms, engineMs };
  };

  const samples = { changed: [], reverted: [], reread: [] };
  for (let round = 0; round < rounds; round++) {
    samples.changed.push(await setAnd(`zone-${round}`, runs));
    samples.reverted.push(await setAnd('first', 0));
    await setAnd(`zone-${round}`, 0);
    calls.forget();
    (await quiet(workspace, changeSet)).forgetAnswers();
    samples.reread.push(await setAnd('first', 0));
  }

  const msOf = (of) => median(of.map((sample) => sample.ms));
  const ms = msOf(samples.changed);
  const rate = (runs / ms) * 1_000;
  const isFull = components === 10_000;
  const more = { components, runs, cpus: availableParallelism() };
  const goals = isFull ? { goal, met: rate >= goal } : {};
  report('functions', 'recorded_runs', rate, 'runs/s', rounds, { ...more, ms, ...goals });
  // The engine's process with the thread that writes records; the processes in which functions run are not in it.
  const engineUs = (median(samples.changed.map((sample) => sample.engineMs)) * 1_000) / runs;
  report('functions', 'engine_processor', engineUs, 'us/run', rounds, more);
  for (const [name, back] of [
    ['reverted', samples.reverted],
    ['reverted_from_the_store', samples.reread],
  ]) {
    const ratio = ms / msOf(back);
    const goals = isFull && name === 'reverted' ? { goal: goalFaster, met: ratio >= goalFaster } : {};
    report('functions', name, msOf(back), 'ms', rounds, { components, runs: 0, ratio, ...goals });
  }
});
