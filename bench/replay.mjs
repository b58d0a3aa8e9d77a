// An apply of a thousand mutations while a hundred other change sets are open, each with ten edits of its own: how long
// until Head has moved and the answer is there, and until all hundred are caught up in the background, durably. Half of
// them edit components that the apply edits, so that they have something to merge; the others are only touched by it at
// the same sizes. Goals at 100,000 components: 250 ms and 1 s.
import { applyChangeSet } from '../dist/engine/apply.js';
import { replayed, replayLag } from '../dist/engine/replay.js';
import { submit } from '../dist/engine/submit.js';
import { componentId, editedPath } from './support/estate.mjs';
import { median, must, picker, quantile, readOptions, report } from './support/measure.mjs';
import { onCopy, open, principal, withWorkspace } from './support/seeded.mjs';

const { sizes, scaled } = readOptions();
const edits = 1_000;
const openSets = 100;
const editsEach = 10;
const rounds = scaled(7, 2);

for (const size of sizes) {
  await onCopy(size, (folder) =>
    withWorkspace(folder, async (workspace) => {
      const pick = picker(size + 11);
      const edited = async (name, numbers, path = editedPath) => {
        const changeSet = await open(workspace, name);
        const mutations = numbers.map((i) => ({
          kind: 'attribute.set',
          component: componentId(i),
          path,
          value: `${name} ${i}`,
        }));
        must(await submit(workspace, principal, { changeSet, mutations }));
        return changeSet;
      };
      const numbers = (count) => Array.from({ length: count }, () => pick(size));
      let last = numbers(edits);
      for (let i = 0; i < openSets; i++) {
        const own = numbers(editsEach);
        // Half of them meet: in one component at another path, and in one at the same.
        if (i % 2 === 0) [own[0], own[1]] = [last[pick(edits)], last[pick(edits)]];
        await edited(`open ${i}`, own, i % 4 === 0 ? editedPath : '/domain/Owner');
      }
      const samples = { apply: [], caughtUp: [] };
      for (let round = 0; round < rounds; round++) {
        const changeSet = await edited(`apply ${round}`, last);
        await replayed(workspace);
        await workspace.checkpoint();
        const since = performance.now();
        must(await applyChangeSet(workspace, principal, { changeSet }));
        samples.apply.push(performance.now() - since);
        await replayed(workspace);
        samples.caughtUp.push(performance.now() - since);
        const lag = await replayLag(workspace);
        if (lag.changeSets > 0) throw new Error(`${lag.changeSets} change sets are behind`);
        // The next one edits half of the same components, so that the open ones go on meeting it.
        last = [...last.slice(0, edits / 2), ...numbers(edits / 2)];
      }
      const more = { size, edits, openSets, editsEach };
      const figure = (metric, values, goal) =>
        report('replay', metric, median(values), 'ms', values.length, {
          ...more,
          p90: quantile(values, 0.9),
          ...(size === 100_000 ? { goal, met: median(values) <= goal } : {}),
        });
      figure('head_moved', samples.apply, 250);
      figure('all_caught_up', samples.caughtUp, 1_000);
    }),
  );
}
