// Side by side with git on the same data, one JSON file a component, in turns: one edit made durable, a branch that can
// be read and edited (for git, with its work tree), and what is different between two branches with a hundred edits
// each. Goals at 100,000: 50, 50 and 20 times faster. Without git its figures are missing and `peer` is null.
import { compareSnapshots } from '../dist/engine/compare.js';
import { submit } from '../dist/engine/submit.js';
import { diff } from '../dist/snapshot/diff.js';
import { componentId, editedPath } from './support/estate.mjs';
import { median, must, picker, readOptions, report, timed } from './support/measure.mjs';
import { makeRepository } from './support/repository.mjs';
import { onCopy, open, principal, withWorkspace } from './support/seeded.mjs';

const { sizes, scaled } = readOptions();
const size =
  sizes
    .filter((n) => n <= 100_000)
    .sort((a, b) => a - b)
    .at(-1) ?? sizes[0];
const edits = 100;
const commits = scaled(20, 3);
const branches = scaled(3, 1);
const diffs = scaled(20, 3);

function compared(metric, mine, theirs, goal) {
  const ratio = theirs.length === 0 ? null : median(theirs) / median(mine);
  report('git', metric, median(mine), 'ms', mine.length, {
    size,
    peer: theirs.length === 0 ? null : 'git',
    peerValue: theirs.length === 0 ? null : median(theirs),
    ratio,
    ...(goal === undefined ? {} : { goal, met: ratio === null ? null : ratio >= goal }),
  });
}

const pick = picker(5);
const repository = makeRepository(size, pick);
try {
  await onCopy(size, (folder) =>
    withWorkspace(folder, async (workspace) => {
      const set = () => ({
        kind: 'attribute.set',
        component: componentId(pick(size)),
        path: editedPath,
        value: `edited ${pick(1_000_000)}`,
      });
      const editIn = async (changeSet, count) =>
        must(await submit(workspace, principal, { changeSet, mutations: Array.from({ length: count }, set) }));
      const used = await open(workspace, 'warm up');
      for (let i = 0; i < scaled(500, 5); i++) await editIn(used, 1);

      const commit = { mine: [], git: [] };
      for (let i = 0; i < commits; i++) {
        // Many of ours to one of git's, so that both sides are measured for a like time.
        for (let k = 0; k < 20; k++) commit.mine.push(await timed(() => editIn(used, 1)));
        if (repository) commit.git.push(await timed(() => repository.editAndCommit()));
      }
      compared('edit_and_commit', commit.mine, commit.git, 50);

      const branch = { mine: [], git: [] };
      for (let i = 0; i < branches; i++) {
        for (let k = 0; k < 20; k++) branch.mine.push(await timed(() => open(workspace, `branch ${i}.${k}`)));
        if (!repository) continue;
        branch.git.push(await timed(() => repository.branch(`branch-${i}`)));
        repository.dropBranch(`branch-${i}`);
      }
      compared('open_branch', branch.mine, branch.git, 50);

      const snapshots = [];
      for (const name of ['left', 'right']) {
        repository?.editBranch(
          name,
          Array.from({ length: edits }, () => pick(size)),
        );
        const changeSet = await open(workspace, name);
        await editIn(changeSet, edits);
        snapshots.push(must(await workspace.branch(changeSet)).branch.snapshot);
      }
      const [a, b] = snapshots;
      // `alone`: the first after other work, before the processor has it all at hand again.
      const names = { mine: [], alone: [], whole: [], git: [] };
      for (let i = 0; i < scaled(50, 1); i++) await workspace.read(() => compareSnapshots(a, b));
      for (let i = 0; i < diffs; i++) {
        for (let k = 0; k < 20; k++) {
          names.mine.push(await timed(() => workspace.read(() => [...diff(a.map('cells'), b.map('cells'))])));
        }
        names.whole.push(await timed(() => workspace.read(() => compareSnapshots(a, b))));
        names.alone.push(names.mine.at(-20));
        if (repository) names.git.push(await timed(() => repository.diffNames()));
      }
      compared('diff', names.mine, names.git, 20);
      compared('diff_alone', names.alone, names.git, 20);
      compared('diff_with_values_and_sources', names.whole, names.git);
    }),
  );
} finally {
  repository?.remove();
}
