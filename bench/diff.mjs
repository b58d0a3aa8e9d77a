// What is different between two change sets with a hundred edits each, by the size of the model: the walk over both
// snapshots alone (keys and values), and the whole comparison (per component and path, with values and their sources,
// and what follows them). It costs by the edits: the same at every size, up to a logarithm.
import { compareSnapshots } from '../dist/engine/compare.js';
import { submit } from '../dist/engine/submit.js';
import { diff } from '../dist/snapshot/diff.js';
import { componentId, editedPath } from './support/estate.mjs';
import { median, must, picker, readOptions, report, timed } from './support/measure.mjs';
import { onCopy, open, principal, withWorkspace } from './support/seeded.mjs';

const { sizes, scaled } = readOptions();
const edits = 100;
const rounds = scaled(60, 3);

for (const size of sizes) {
  await onCopy(size, (folder) =>
    withWorkspace(folder, async (workspace) => {
      const pick = picker(size + 2);
      const edited = async (name) => {
        const changeSet = await open(workspace, name);
        const mutations = Array.from({ length: edits }, (_, i) => ({
          kind: 'attribute.set',
          component: componentId(pick(size)),
          path: editedPath,
          value: `${name} ${i}`,
        }));
        must(await submit(workspace, principal, { changeSet, mutations }));
        return must(await workspace.branch(changeSet)).branch.snapshot;
      };
      const [a, b] = [await edited('left'), await edited('right')];
      let found = 0;
      const walks = [];
      const comparisons = [];
      for (let i = 0; i < rounds; i++) {
        walks.push(
          await timed(async () => {
            found = await workspace.read(() => [...diff(a.map('cells'), b.map('cells'))].length);
          }),
        );
        comparisons.push(await timed(() => workspace.read(() => compareSnapshots(a, b))));
      }
      report('diff', 'snapshots', median(walks), 'ms', rounds, { size, edits: 2 * edits, differences: found });
      report('diff', 'compare', median(comparisons), 'ms', rounds, { size, edits: 2 * edits });
    }),
  );
}
