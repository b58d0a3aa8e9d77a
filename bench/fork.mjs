// Forking, and the first edit after a fork, by the size of the model. A fork in memory is holding on to a snapshot and
// taking a draft of it; a durable one is `openChangeSet`. The first edit goes to a random component, warm (the engine
// has been editing all over) and cold (the engine just opened, its caches empty; with the file's pages in the kernel's
// cache, and with the kernel asked to forget them). Goals: the same at every size, up to 1.5 times between the smallest and the largest of 10,000 and more; below
// 1 ms in memory; durable within 1.5 commits, where a commit is one edit of one value, measured in the same turns.
import { submit } from '../dist/engine/submit.js';
import { componentId, editedPath } from './support/estate.mjs';
import { median, must, picker, quantile, readOptions, report, timed } from './support/measure.mjs';
import { forgetPages, onCopy, open, principal, withWorkspace } from './support/seeded.mjs';

const { sizes, scaled } = readOptions();
const handles = scaled(20_000);
const warmForks = scaled(400, 10);
const coldForks = scaled(30, 3);
const warmUp = scaled(2_000, 20);

let serial = 0;
const edit = async (workspace, changeSet, component) => {
  const value = `first edit ${++serial}`;
  const mutations = [{ kind: 'attribute.set', component, path: editedPath, value }];
  must(await submit(workspace, principal, { changeSet, mutations }));
};

const firstEdits = { warm: new Map(), cold_engine: new Map(), cold: new Map() };

for (const size of sizes) {
  await onCopy(size, async (folder) => {
    const pick = picker(size + 1);
    const anyComponent = () => componentId(pick(size));
    const durable = [];
    const commit = [];
    const warm = [];
    let memoryMs = 0;
    await withWorkspace(folder, async (workspace) => {
      const used = await open(workspace, 'warm up');
      for (let i = 0; i < warmUp; i++) await edit(workspace, used, anyComponent());
      const { snapshot } = await workspace.head();
      memoryMs = await timed(() => {
        for (let i = 0; i < handles; i++) snapshot.edit().put('components', 'x', '');
      });
      for (let i = 0; i < warmForks; i++) {
        let changeSet;
        durable.push(await timed(async () => (changeSet = await open(workspace, `warm ${i}`))));
        const component = anyComponent();
        warm.push(await timed(() => edit(workspace, changeSet, component)));
        // The second edit of the same component: an ordinary commit, nothing of it new to memory.
        commit.push(await timed(() => edit(workspace, changeSet, component)));
      }
    });
    // Two kinds of cold: the engine is opened anew either way; the kernel keeps the pages of the file, then forgets them.
    const cold = { kernel: [], engine: [] };
    let forgotten = true;
    for (let i = 0; i < 2 * coldForks; i++) {
      const kind = i < coldForks ? 'engine' : 'kernel';
      if (kind === 'kernel') forgotten = forgetPages(folder) && forgotten;
      await withWorkspace(folder, async (workspace) => {
        const changeSet = await open(workspace, `cold ${i}`);
        const component = anyComponent();
        cold[kind].push(await timed(() => edit(workspace, changeSet, component)));
      });
    }
    firstEdits.warm.set(size, median(warm));
    firstEdits.cold_engine.set(size, median(cold.engine));
    firstEdits.cold.set(size, median(cold.kernel));
    const perHandle = (memoryMs / handles) * 1_000;
    report('fork', 'in_memory', perHandle, 'us', handles, { size, goal: 1_000, met: perHandle < 1_000 });
    report('fork', 'commit', median(commit), 'ms', commit.length, { size });
    const commits = median(durable) / median(commit);
    const more = { size, peer: 'commit', ratio: commits, goal: 1.5, met: commits <= 1.5 };
    report('fork', 'durable', median(durable), 'ms', durable.length, more);
    report('fork', 'first_edit_warm', median(warm), 'ms', warm.length, { size, p95: quantile(warm, 0.95) });
    for (const [metric, samples, cache] of [
      ['first_edit_cold_engine', cold.engine, 'engine empty, kernel not'],
      ['first_edit_cold', cold.kernel, forgotten ? 'engine and kernel empty' : 'engine empty, kernel not'],
    ])
      report('fork', metric, median(samples), 'ms', samples.length, { size, p95: quantile(samples, 0.95), cache });
  });
}

const large = sizes.filter((n) => n >= 10_000).sort((a, b) => a - b);
if (large.length > 1) {
  const [least, most] = [large[0], large.at(-1)];
  for (const [cache, bySize] of Object.entries(firstEdits)) {
    const ratio = bySize.get(most) / bySize.get(least);
    report('fork', `first_edit_${cache}_growth`, ratio, 'times', 1, {
      from: least,
      to: most,
      goal: 1.5,
      met: ratio <= 1.5,
    });
  }
}
