// Microseconds a value from an edit until everything behind it is settled, durably: the edit goes through `submit`, is
// logged and synced in a real store, and the change set's values are awaited. Fan-outs, a chain, a grid (chains side by
// side) and a lattice (every node reads two), one component a value. `cold`: the first edit, with nothing known of any of
// them; the others come after it. Writing the checkpoint of all values is measured apart. Beside it two systems in memory on
// the same graphs. Goal: 10 µs a value at 100,000.
import { componentId } from './support/estate.mjs';
import { median, readOptions, report, timed } from './support/measure.mjs';
import { inFolder, inUse, loadGraph, quiet, setValue, valuePath, written } from './support/model.mjs';
import { chain, fanOut, grid, lattice, valuesOf } from './support/shapes.mjs';
import { peers } from './support/signals.mjs';

const { sizes, scaled } = readOptions();
const rounds = scaled(9, 2);
const most = Math.max(...sizes);
const side = Math.min(100, Math.max(3, Math.floor(Math.sqrt(most))));
const goal = 10;
/** Sums over a lattice grow as binomials do: from here the largest of 100 x 100 is still a number. */
const tiny = 2 ** -150;

const shapes = [
  ...sizes.filter((n) => n <= 100_000).map((n) => ({ name: 'fan_out', nodes: fanOut(n), unit: 1 })),
  { name: 'chain', nodes: chain(Math.min(10_000, most)), unit: 1 },
  { name: 'grid', nodes: grid(side), unit: 1 },
  { name: 'lattice', nodes: lattice(side), unit: tiny },
];

function check(system, got, wanted) {
  if (got !== wanted) throw new Error(`${system}: the last value is ${got}, not ${wanted}`);
}

/** Another value for the source in every round, and what the last node then is. */
function valuesFor(nodes, unit) {
  let round = 1;
  return () => {
    const value = ++round * unit;
    return { value, last: valuesOf(nodes, value).at(-1) };
  };
}

async function measureOwn({ name, nodes, unit }) {
  const count = nodes.length - 1;
  const perValue = (ms) => (ms * 1_000) / count;
  return inFolder(async ({ workspace }) => {
    await loadGraph(workspace, nodes, () => unit);
    const next = valuesFor(nodes, unit);
    const used = await inUse(workspace, 'used');
    const samples = { all: [], submit: [], checkpoint: [] };
    for (let i = 0; i <= rounds; i++) {
      const { value, last } = next();
      const before = i === 0 ? 0 : (await quiet(workspace, used)).runs;
      let submitMs = 0;
      const ms = await timed(async () => {
        submitMs = await timed(() => setValue(workspace, used, 0, value));
        await quiet(workspace, used);
      });
      const values = await quiet(workspace, used);
      if (values.runs - before !== count) throw new Error(`${name}: ${values.runs - before} values ran, not ${count}`);
      const read = values.read({ component: componentId(nodes.length - 1), path: valuePath });
      check('headwater', read.value, last);
      const checkpoint = await timed(() => written(workspace, used));
      if (i === 0) report('propagate', `${name}_cold`, perValue(ms), 'us/value', 1, { values: count, ms });
      else {
        samples.all.push(ms);
        samples.submit.push(submitMs);
        samples.checkpoint.push(checkpoint);
      }
    }
    return samples;
  });
}

/** Milliseconds of a round; what a peer fails with is said in its place. */
function measurePeer(name, { nodes, unit }) {
  try {
    const peer = peers[name](nodes);
    const next = valuesFor(nodes, unit);
    const samples = [];
    for (let i = 0; i <= rounds; i++) {
      const { value, last } = next();
      const since = performance.now();
      peer.set(value);
      // The first is as cold as it gets: its graph was computed when it was made.
      if (i > 0) samples.push(performance.now() - since);
      check(name, peer.last(), last);
    }
    peer.close();
    return { samples };
  } catch (e) {
    if (!(e instanceof RangeError)) throw e;
    return { failed: e.message };
  }
}

for (const shape of shapes) {
  const { name, nodes } = shape;
  const values = nodes.length - 1;
  const perValue = (samples) => (median(samples) * 1_000) / values;
  const own = await measureOwn(shape);
  const us = perValue(own.all);
  const isGoal = name === 'fan_out' && values === 100_000;
  report('propagate', name, us, 'us/value', rounds, {
    values,
    ms: median(own.all),
    submitMs: median(own.submit),
    ...(isGoal ? { goal, met: us <= goal } : {}),
  });
  report('propagate', `${name}_checkpoint`, perValue(own.checkpoint), 'us/value', rounds, {
    values,
    ms: median(own.checkpoint),
  });
  for (const peer of Object.keys(peers)) {
    const { samples, failed } = measurePeer(peer, shape);
    const peerValue = samples && perValue(samples);
    const more = samples ? { peerValue, ratio: peerValue / us } : { peerEnded: false, failed };
    report('propagate', `${name}_beside_${peer}`, us, 'us/value', rounds, { values, peer, durable: false, ...more });
  }
}
