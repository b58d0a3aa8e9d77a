// Side by side with git on the same data, one JSON file a component, in turns: one edit made durable, a branch that can
// be read and edited (for git, with its work tree), and what is different between two branches with a hundred edits
// each. Goals at 100,000: 50, 50 and 20 times faster. Without git its figures are missing and `peer` is null.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareSnapshots } from '../dist/engine/compare.js';
import { submit } from '../dist/engine/submit.js';
import { diff } from '../dist/snapshot/diff.js';
import { componentId, components, editedPath, schemas } from './support/estate.mjs';
import { median, must, picker, readOptions, report, say, timed } from './support/measure.mjs';
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

/** The repository with one file a component, or undefined when git is not here. */
function makeRepository(pick) {
  const version = spawnSync('git', ['--version'], { encoding: 'utf8' });
  if (version.status !== 0) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'headwater-bench-git-'));
  const work = join(folder, 'work');
  mkdirSync(work);
  const identity = ['-c', 'user.name=bench', '-c', 'user.email=bench@example.com', '-c', 'gc.auto=0'];
  const git = (...args) =>
    execFileSync('git', [...identity, '-C', work, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const place = (id) => join(id.slice(-5, -2), `${id}.json`);
  const types = schemas.map((s) => ({ schema: s.name, variant: '1' }));
  say(`writing ${size} files for ${version.stdout.trim()}`);
  const write = ({ id, image }) => {
    writeFileSync(join(work, place(id)), `${JSON.stringify({ id, ...image }, undefined, 1)}\n`);
    return place(id);
  };
  for (const component of components(types, 0, size)) {
    mkdirSync(join(work, place(component.id).slice(0, 3)), { recursive: true });
    write(component);
  }
  let serial = 0;
  const editFile = () => {
    const i = pick(size);
    const [component] = components(types, i, i + 1);
    component.image.cells[editedPath] = { v: `edited ${++serial}` };
    return write(component);
  };
  git('init', '-q', '-b', 'main');
  git('add', '.');
  git('commit', '-q', '-m', 'all');
  return {
    editAndCommit() {
      git('add', editFile());
      git('commit', '-q', '-m', 'edit');
    },
    branch(name) {
      git('worktree', 'add', '-q', '-b', name, join(folder, name));
    },
    dropBranch(name) {
      git('worktree', 'remove', '--force', join(folder, name));
    },
    editBranch(name) {
      git('switch', '-q', '-c', name, 'main');
      for (let i = 0; i < edits; i++) editFile();
      git('commit', '-q', '-a', '-m', name);
    },
    diffNames: () => git('diff', '--name-only', 'left', 'right').toString().trim().split('\n').length,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

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
const repository = makeRepository(pick);
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
        repository?.editBranch(name);
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
