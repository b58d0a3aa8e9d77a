// The estate as a git repository, one JSON file a component, to be measured beside.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { components, editedPath, schemas } from './estate.mjs';
import { say } from './measure.mjs';

/** The repository of `size` components, or undefined when git is not here. `pick` picks what is edited. */
export function makeRepository(size, pick) {
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
  const editFile = (i = pick(size)) => {
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
    /** A branch off main with the components of these numbers edited. */
    editBranch(name, numbers) {
      git('switch', '-q', '-c', name, 'main');
      for (const i of numbers) editFile(i);
      git('commit', '-q', '-a', '-m', name);
    },
    switchTo(name) {
      git('switch', '-q', name);
    },
    /** Merges a branch into the one that is checked out, with its work tree. */
    merge(name) {
      git('merge', '-q', '--no-edit', name);
    },
    /** The same without a work tree; answers the merged tree. */
    mergeTree: (one, other) => git('merge-tree', '--write-tree', one, other).toString().trim(),
    diffNames: () => git('diff', '--name-only', 'left', 'right').toString().trim().split('\n').length,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
