// Models that are made for one benchmark: schemas of its own, components by the bulk path, in a fresh folder that is removed
// afterwards. The store is the real one; what is in it is loaded through the log like everything else.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadComponents } from '../../dist/engine/bulk.js';
import { submit } from '../../dist/engine/submit.js';
import { openFolder } from '../../dist/main/data_folder.js';
import { componentId } from './estate.mjs';
import { must, say } from './measure.mjs';
import { installSchemas, open, principal, workspaceName } from './seeded.mjs';

/** A schema whose components have these properties. */
export const schemaOf = (name, properties) => ({
  name,
  category: 'bench',
  spec: {
    format: 1,
    domain: { kind: 'object', properties },
    resourceValue: { kind: 'object', properties: {} },
    secrets: { kind: 'object', properties: {} },
    definitions: {},
  },
});

/** Runs `body` on an engine that serves a fresh folder. */
export async function inFolder(body) {
  const folder = mkdtempSync(join(tmpdir(), 'headwater-bench-'));
  const engine = await openFolder(folder);
  try {
    must(await engine.createWorkspace(principal, workspaceName));
    const { workspace } = must(await engine.workspace(workspaceName));
    return await body({ folder, engine, workspace });
  } finally {
    await engine.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Loads components into Head; each is `{ type, cells }`, its id is that of its number. */
export async function load(workspace, components) {
  const since = Date.now();
  const all = components.map(({ type, cells }, i) => ({
    id: componentId(i),
    image: { record: type, cells, flags: [], ignored: [], dependsOn: [], manages: [] },
  }));
  must(await loadComponents(workspace, principal, { name: 'load', components: all }));
  if (Date.now() - since > 2_000)
    say(`loaded ${all.length} components in ${Math.round((Date.now() - since) / 1000)} s`);
}

export const valuePath = '/domain/Value';
const nodeSchema = schemaOf('Bench::Node', { Value: { kind: 'number' } });
const readsOf = (read) => ({ s: [componentId(read), valuePath] });

function expression({ reads, add }) {
  if (reads.length === 1 && add === 0) return readsOf(reads[0]);
  return { f: ['sum', ...reads.map(readsOf), ...(add === 0 ? [] : [{ v: add }])] };
}

/** A graph of shapes.mjs as components in Head: one a node, of which a value follows those that the node reads. */
export async function loadGraph(workspace, nodes, valueAt = () => 1) {
  const [type] = await installSchemas(workspace, [nodeSchema]);
  const components = nodes.map((node, i) => ({
    type,
    cells: {
      '/si/name': { v: `node-${i}` },
      [valuePath]: node.reads.length === 0 ? { v: valueAt(i) } : { x: expression(node) },
    },
  }));
  await load(workspace, components);
}

/** Sets the value of a node. */
export async function setValue(workspace, changeSet, node, value) {
  const mutations = [{ kind: 'attribute.set', component: componentId(node), path: valuePath, value }];
  must(await submit(workspace, principal, { changeSet, mutations }));
}

const branchOf = async (workspace, changeSet) => must(await workspace.branch(changeSet)).branch;

/** Longer than anything here takes. */
const mostMs = 3_600_000;

/** Resolves when every value of a change set is computed; its propagation is answered. */
export async function quiet(workspace, changeSet) {
  const branch = await branchOf(workspace, changeSet);
  await workspace.propagation.quiet(branch, mostMs);
  const values = await workspace.read(() => workspace.propagation.of(branch));
  if (!values.quiet) throw new Error('values are still being computed');
  return values;
}

/** Has all values of Head computed and kept, as of a model that people have looked at. */
export async function headKnown(workspace, components) {
  const branch = await workspace.head();
  const { propagation } = workspace;
  for (let i = 0; i < components; i++)
    await workspace.read(() => propagation.settle(branch, { component: componentId(i), path: '' }));
  await quiet(workspace, branch.row.id);
  await written(workspace, branch.row.id);
}

/** A change set whose values are in use, so that each step of it is followed at once. */
export async function inUse(workspace, name) {
  const changeSet = await open(workspace, name);
  await quiet(workspace, changeSet);
  return changeSet;
}

/** Resolves when the computed values of a change set are in its checkpoint; one that was being written need not have had them. */
export async function written(workspace, changeSet) {
  const branch = await branchOf(workspace, changeSet);
  do await workspace.checkpoint();
  while (workspace.propagation.hasUnsaved(branch));
}
