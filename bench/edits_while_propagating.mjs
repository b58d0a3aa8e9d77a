// How long another edit takes while very many values propagate: one source, 100,000 components that follow it, and until all
// of them are settled edits of a component apart, one after another with short pauses: in the change set whose values
// propagate, and in another whose values are in use, too. Durable, through `submit`. Beside them the same edits while
// nothing propagates, and the longest time in which the event loop was held up. Goal: p99 under 25 ms.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { quantile, readOptions, report, timed } from './support/measure.mjs';
import { inFolder, inUse, loadGraph, quiet, setValue } from './support/model.mjs';
import { fanOut } from './support/shapes.mjs';

const { sizes, scaled } = readOptions();
const values = Math.min(100_000, Math.max(...sizes));
const rounds = scaled(8, 2);
const aloneEdits = scaled(300, 10);
const pauseMs = 2;
const goal = 25;
const bench = 'edits_while_propagating';

const pause = () => new Promise((resolve) => setTimeout(resolve, pauseMs));

await inFolder(async ({ workspace }) => {
  // The last component follows nothing, and nothing follows it.
  await loadGraph(workspace, [...fanOut(values), { reads: [], add: 0 }]);
  const apart = values + 1;
  const same = await inUse(workspace, 'same');
  const other = await inUse(workspace, 'other');
  let serial = 1;
  const edits = { same, other };
  const editOnce = async (samples) => {
    for (const [name, changeSet] of Object.entries(edits))
      samples[name].push(await timed(() => setValue(workspace, changeSet, apart, ++serial)));
  };
  const none = () => ({ same: [], other: [] });

  /** One edit that reaches all values, and others until they are settled. */
  async function round(samples) {
    const source = ++serial;
    let isOver = false;
    const blocked = monitorEventLoopDelay({ resolution: 1 });
    const before = (await quiet(workspace, same)).runs;
    blocked.enable();
    const since = performance.now();
    await setValue(workspace, same, 0, source);
    const settled = quiet(workspace, same).then((p) => {
      isOver = true;
      return p;
    });
    while (!isOver) {
      await editOnce(samples);
      await pause();
    }
    const { runs } = await settled;
    const ms = performance.now() - since;
    blocked.disable();
    if (runs - before < values) throw new Error(`${runs - before} values ran, not ${values}`);
    return { ms, blockedMs: blocked.max / 1e6 };
  }

  const alone = none();
  for (let i = 0; i < aloneEdits; i++) await editOnce(alone);

  const figures = (phase, samples, some) => {
    for (const name of Object.keys(edits)) {
      const p99 = quantile(samples[name], 0.99);
      const n = samples[name].length;
      const more = { values, p50: quantile(samples[name], 0.5), most: Math.max(...samples[name]) };
      const met = phase === 'alone' || values !== 100_000 ? {} : { goal, met: p99 <= goal };
      report(bench, `${phase}_${name}_p99`, p99, 'ms', n, { ...more, ...met });
    }
    if (some.length === 0) return;
    const ms = Math.max(...some.map((r) => r.ms));
    report(bench, `${phase}_longest_block`, Math.max(...some.map((r) => r.blockedMs)), 'ms', some.length, {
      values,
      ms,
    });
  };
  figures('alone', alone, []);
  const cold = none();
  figures('first', cold, [await round(cold)]);
  const beside = none();
  const all = [];
  for (let i = 0; i < rounds; i++) all.push(await round(beside));
  figures('beside', beside, all);
});
