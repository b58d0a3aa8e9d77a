// Reads and edits all over a store, then looks at many components once each: `memory_child.mjs FOLDER SIZE OPERATIONS LOOKS CACHE_MIB`
// prints the memory it took.
import { statSync } from 'node:fs';
import { callOperation } from '../../dist/engine/operations.js';
import { submit } from '../../dist/engine/submit.js';
import { componentId, editedPath } from './estate.mjs';
import { must, picker, rounded } from './measure.mjs';
import { open, principal, withWorkspace, workspaceName } from './seeded.mjs';

const [folder, size, operations, looks, cacheMiB] = process.argv.slice(2).map((x, i) => (i === 0 ? x : Number(x)));
const mib = (bytes) => rounded(bytes / 2 ** 20);
const startBytes = process.memoryUsage.rss();
let peakBytes = startBytes;
let lookedBytes = 0;

await withWorkspace(
  folder,
  async (workspace, engine) => {
    const pick = picker(size + 4);
    const call = { engine, principal, progress: () => {} };
    const changeSet = await open(workspace, 'memory');
    for (let i = 0; i < operations; i++) {
      const component = componentId(pick(size));
      if (i % 2 === 0) {
        must(await callOperation(call, 'component.get', { workspace: workspaceName, changeSet, component }));
      } else {
        const mutations = [{ kind: 'attribute.set', component, path: editedPath, value: `memory ${i}` }];
        must(await submit(workspace, principal, { changeSet, mutations }));
      }
      if (i % 50 === 0) peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
    }
    peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
    for (let i = 0; i < Math.min(looks, size); i++) {
      const component = componentId(i);
      must(await callOperation(call, 'component.describe', { workspace: workspaceName, changeSet, component }));
      if (i % 50 === 0) lookedBytes = Math.max(lookedBytes, process.memoryUsage.rss());
    }
  },
  cacheMiB * 2 ** 20,
);
const fileMiB = mib(statSync(`${folder}/headwater.db`).size);
console.log(
  JSON.stringify({ peakMiB: mib(peakBytes), lookedMiB: mib(lookedBytes), startMiB: mib(startBytes), fileMiB }),
);
