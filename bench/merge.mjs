// Merging two change sets with a hundred edits each, durably, beside git on the same data, one JSON file a component, in
// turns: both change sets are there and Head is moved by both applies, the second of which merges; `git merge` moves main
// by both branches with its work tree, `git merge-tree` writes the merged tree alone. Goals at 100,000: 50 times faster
// than `git merge`, and faster than `git merge-tree`. Without git its figures are missing and `peer` is null.
import { applyChangeSet } from '../dist/engine/apply.js';
import { replayed } from '../dist/engine/replay.js';
import { submit } from '../dist/engine/submit.js';
import { componentId, editedPath } from './support/estate.mjs';
import { median, must, picker, quantile, readOptions, report, timed } from './support/measure.mjs';
import { makeRepository } from './support/repository.mjs';
import { onCopy, open, principal, withWorkspace } from './support/seeded.mjs';

const { sizes, scaled } = readOptions();
const size =
  sizes
    .filter((n) => n <= 100_000)
    .sort((a, b) => a - b)
    .at(-1) ?? sizes[0];
const edits = 100;
const rounds = scaled(12, 2);
const pick = picker(9);

/** Components edited by the two sides: none by both, so that git has nothing to ask. */
function sides() {
  const numbers = new Set();
  while (numbers.size < Math.min(2 * edits, size)) numbers.add(pick(size));
  const all = [...numbers];
  return [all.slice(0, all.length / 2), all.slice(all.length / 2)];
}

function compared(metric, mine, peer, theirs, goal) {
  const ratio = theirs.length === 0 ? null : median(theirs) / median(mine);
  report('merge', metric, median(mine), 'ms', mine.length, {
    size,
    edits: 2 * edits,
    p90: quantile(mine, 0.9),
    peer: theirs.length === 0 ? null : peer,
    peerValue: theirs.length === 0 ? null : median(theirs),
    ratio,
    goal,
    met: ratio === null ? null : ratio > goal,
  });
}

const repository = makeRepository(size, pick);
try {
  await onCopy(size, (folder) =>
    withWorkspace(folder, async (workspace) => {
      const edited = async (name, numbers) => {
        const changeSet = await open(workspace, name);
        const mutations = numbers.map((i) => ({
          kind: 'attribute.set',
          component: componentId(i),
          path: editedPath,
          value: `${name} ${i}`,
        }));
        must(await submit(workspace, principal, { changeSet, mutations }));
        return changeSet;
      };
      const apply = async (changeSet) => must(await applyChangeSet(workspace, principal, { changeSet }));
      const mine = { both: [], second: [] };
      const git = { merge: [], tree: [] };
      for (let round = 0; round < rounds; round++) {
        // Many of ours to one of git's, so that both sides are measured for a like time.
        for (let k = 0; k < 5; k++) {
          const changeSets = [];
          for (const [i, numbers] of sides().entries())
            changeSets.push(await edited(`merge ${round}.${k}.${i}`, numbers));
          const first = await timed(() => apply(changeSets[0]));
          // Without waiting for the background: catching up is part of the second.
          const second = await timed(() => apply(changeSets[1]));
          await replayed(workspace);
          mine.both.push(first + second);
          mine.second.push(second);
        }
        if (repository === undefined) continue;
        const [left, right] = [`left-${round}`, `right-${round}`];
        const [ours, theirs] = sides();
        repository.editBranch(left, ours);
        repository.editBranch(right, theirs);
        git.tree.push(await timed(() => repository.mergeTree(left, right)));
        repository.switchTo(left);
        git.merge.push(await timed(() => repository.merge(right)));
      }
      compared('merge_and_apply', mine.second, 'git merge', git.merge, 50);
      compared('merge_and_apply_beside_merge_tree', mine.second, 'git merge-tree', git.tree, 1);
      report('merge', 'both_applies', median(mine.both), 'ms', mine.both.length, { size, edits: 2 * edits });
    }),
  );
} finally {
  repository?.remove();
}
