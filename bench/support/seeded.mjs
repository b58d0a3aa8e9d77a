// Seeded stores: one of each size is made once, by the bulk path with fixed ids and a fixed clock, and kept in a cache
// folder ($HEADWATER_BENCH_CACHE, else headwater-bench-cache in the temporary folder). Benchmarks work on copies.
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../../dist/adapters/sqlite/store.js';
import { systemWorld } from '../../dist/adapters/system/world.js';
import { applyChangeSet } from '../../dist/engine/apply.js';
import { loadComponents } from '../../dist/engine/bulk.js';
import { openChangeSet } from '../../dist/engine/change_set.js';
import { Engine } from '../../dist/engine/engine.js';
import { submit } from '../../dist/engine/submit.js';
import { openFolder } from '../../dist/main/data_folder.js';
import { components, schemas } from './estate.mjs';
import { must, say } from './measure.mjs';

/** Counted up whenever the estate, or a format it is stored in, changes: older stores are then not used. */
const estateVersion = 2;

export const workspaceName = 'bench';
export const principal = { id: 'bench', role: 'owner' };
const file = 'headwater.db';

/** Ids and a clock that only count: two seedings write the same bytes. */
function countingWorld() {
  let count = 0;
  let nowMs = Date.UTC(2026, 0, 1);
  const digits = (n, length) => n.toString(16).toUpperCase().padStart(length, '0');
  return {
    clock: { nowMs: () => ++nowMs },
    ids: {
      ulid: () => `01HZ000000${digits(++count, 16)}`,
      element: () => digits(++count, 12).toLowerCase(),
    },
    digest: systemWorld().digest,
  };
}

/** Nothing is installed from it: the estate brings its own schemas. */
const noCatalogue = { origin: 'none', source: 'none', search: () => [], entry: () => undefined, load: () => undefined };

/** Writes a store of `size` components to `folder`, which must be empty or missing. */
async function seed(folder, size, options = {}) {
  mkdirSync(folder, { recursive: true });
  const store = await openSqliteStore({ file: join(folder, file) });
  const engine = new Engine({ store, world: countingWorld(), catalogue: noCatalogue });
  try {
    must(await engine.createWorkspace(principal, workspaceName));
    const { workspace } = must(await engine.workspace(workspaceName));
    const types = await installSchemas(workspace, schemas);
    let said = Date.now();
    const loaded = await loadComponents(workspace, principal, {
      name: 'load',
      components: components(types, 0, size),
      progress: (n) => {
        if (Date.now() - said < 10_000) return;
        said = Date.now();
        say(`seeding: ${n} of ${size}`);
      },
      ...options,
    });
    must(loaded);
  } finally {
    await engine.close();
  }
}

/** Puts schemas into Head and answers the type of each. */
export async function installSchemas(workspace, schemas) {
  const changeSet = await open(workspace, 'schemas');
  const mutations = schemas.map((s) => ({ kind: 'schema.install', origin: 'bench', ...s }));
  const reply = must(await submit(workspace, principal, { changeSet, mutations }));
  must(await applyChangeSet(workspace, principal, { changeSet }));
  const { snapshot } = await workspace.head();
  return reply.steps.map(({ subject }) => ({
    schema: subject,
    variant: JSON.parse(snapshot.get('schemas', subject)).defaultVariant,
  }));
}

/** The folder of the seeded store of a size, which is made when it is not there. */
async function seeded(size) {
  const cache = process.env.HEADWATER_BENCH_CACHE ?? join(tmpdir(), 'headwater-bench-cache');
  const folder = join(cache, `estate-${estateVersion}-${size}`);
  if (existsSync(join(folder, file))) return folder;
  const partial = `${folder}.partial-${process.pid}`;
  rmSync(partial, { recursive: true, force: true });
  const since = Date.now();
  say(`seeding ${size} components into ${folder}`);
  await seed(partial, size);
  if (existsSync(folder)) rmSync(partial, { recursive: true, force: true });
  else renameSync(partial, folder);
  const mib = Math.round(statSync(join(folder, file)).size / 2 ** 20);
  say(`seeded ${size} components in ${((Date.now() - since) / 1000).toFixed(1)} s, ${mib} MiB`);
  return folder;
}

/** Runs `body` on a copy of the seeded store of a size; the copy is removed afterwards. */
export async function onCopy(size, body) {
  const from = await seeded(size);
  const folder = mkdtempSync(join(tmpdir(), 'headwater-bench-'));
  try {
    copyFileSync(join(from, file), join(folder, file), constants.COPYFILE_FICLONE);
    // Otherwise the kernel would still be writing the copy while commits are measured.
    const descriptor = openSync(join(folder, file), 'r+');
    fsyncSync(descriptor);
    closeSync(descriptor);
    return await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Opens the engine on a folder, runs `body` on its workspace and closes it. */
export async function withWorkspace(folder, body, cacheBytesMax) {
  const engine = await openFolder(folder, cacheBytesMax === undefined ? {} : { cacheBytesMax });
  try {
    return await body(must(await engine.workspace(workspaceName)).workspace, engine);
  } finally {
    await engine.close();
  }
}

export const open = async (workspace, name) => must(await openChangeSet(workspace, principal, { name })).id;

/**
 * Asks the kernel to forget the pages it keeps of the store's file (posix_fadvise, by way of GNU dd). Answers whether
 * that could be asked; only while no engine has the file open.
 */
export function forgetPages(folder) {
  try {
    execFileSync('sync', [join(folder, file)], { stdio: 'ignore' });
    execFileSync('dd', [`if=${join(folder, file)}`, 'iflag=nocache', 'count=0'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
