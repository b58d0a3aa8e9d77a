// Every benchmark runs at a tiny size and prints well-formed lines; the store that they are run on, written by the bulk
// path, is one that verify accepts; and loading the same components again with the same ids and clock gives the same.

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Principal } from '../../src/access/role.ts';
import { MemoryStore } from '../../src/adapters/memory/store.ts';
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts';
import { systemWorld } from '../../src/adapters/system/world.ts';
import type { ComponentId, Hash } from '../../src/base/ids.ts';
import { must } from '../../src/base/result.ts';
import { applyChangeSet } from '../../src/engine/apply.ts';
import { type BulkComponent, loadComponents } from '../../src/engine/bulk.ts';
import { openChangeSet } from '../../src/engine/change_set.ts';
import { Engine } from '../../src/engine/engine.ts';
import { verifyWorkspace } from '../../src/engine/maintain.ts';
import { submit } from '../../src/engine/submit.ts';
import type { Workspace } from '../../src/engine/workspace.ts';
import { findSchema } from '../../src/model/lookup.ts';
import { bareImage } from '../../src/mutation/component.ts';
import type { Catalogue } from '../../src/ports/catalogue.ts';
import type { Store } from '../../src/ports/store.ts';
import type { World } from '../../src/ports/world.ts';
import { seededIds, thingSpec } from '../support/model_world.ts';

const size = 200;
const root = fileURLToPath(new URL('../..', import.meta.url));
const names = readdirSync(join(root, 'bench'))
  .filter((file) => file.endsWith('.mjs'))
  .map((file) => file.slice(0, -'.mjs'.length));
const principal: Principal = { id: 'tester', role: 'owner' };
const noCatalogue: Catalogue = {
  origin: 'none',
  source: 'none',
  size: 0,
  search: () => [],
  entry: () => undefined,
  load: () => undefined,
};

type Figure = Readonly<Record<string, unknown>>;

/** What the lines of a benchmark have to say besides being well-formed: it measured what it is about. */
const said: Readonly<Record<string, (of: (metric: string) => Figure) => void>> = {
  propagate: (of) => {
    for (const shape of ['fan_out', 'chain', 'grid', 'lattice']) {
      const values = ['fan_out', 'chain'].includes(shape) ? size : Math.floor(Math.sqrt(size)) ** 2;
      expect(of(shape)).toMatchObject({ values, unit: 'us/value' });
      for (const peer of ['alien-signals', 'hyperformula'])
        expect(of(`${shape}_beside_${peer}`)).toMatchObject({ peer, ratio: expect.any(Number) });
    }
  },
  edits_while_propagating: (of) => {
    for (const changeSet of ['same', 'other']) expect(of(`beside_${changeSet}_p99`)).toMatchObject({ values: size });
  },
  terraform: (of) => {
    const reach = 20;
    expect(of('new_plan')).toMatchObject({ size, reach, changed: reach });
    for (const plan of ['plan', 'plan_without_refresh']) {
      const beside = of(`new_plan_beside_${plan}`);
      expect(beside).toMatchObject(beside['peer'] === null ? { peer: null } : { peerChanged: reach });
    }
  },
  functions: (of) => {
    expect(of('recorded_runs')).toMatchObject({ runs: 3 * size });
    expect(of('reverted')).toMatchObject({ runs: 0 });
    expect(of('reverted_from_the_store')).toMatchObject({ runs: 0 });
  },
};

let cache = '';
beforeAll(() => {
  cache = mkdtempSync(join(tmpdir(), 'headwater-bench-test-'));
});
afterAll(() => rmSync(cache, { recursive: true, force: true }));

async function withEngine<T>(store: Store, world: World, body: (engine: Engine) => Promise<T>): Promise<T> {
  const engine = new Engine({ store, world, catalogue: noCatalogue });
  try {
    return await body(engine);
  } finally {
    await engine.close();
  }
}

describe('benchmarks', () => {
  test('there are some', () => {
    expect(names).toContain('submit');
    expect(names).toContain('fork');
  });

  test.each(names)('%s prints one figure a line', { timeout: 120_000 }, (name) => {
    const args = [join(root, 'bench', `${name}.mjs`), '--sizes', String(size), '--scale', '0.001'];
    const run = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      env: { ...process.env, HEADWATER_BENCH_CACHE: cache },
    });
    expect(run.status, run.stderr).toBe(0);
    const lines = run.stdout.trim().split('\n');
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) {
      const figure = JSON.parse(line) as Record<string, unknown>;
      expect(figure, line).toMatchObject({ bench: name, metric: expect.any(String), unit: expect.any(String) });
      expect(Number.isFinite(figure['value']), line).toBe(true);
      expect(Number.isInteger(figure['n']), line).toBe(true);
    }
    const figures = lines.map((line) => JSON.parse(line) as Figure);
    said[name]?.((metric) => {
      const found = figures.find((f) => f['metric'] === metric);
      return found ?? expect.fail(`there is no ${metric}`);
    });
  });

  test('an edit of the linked model reaches 34 of 1,000, 55 of 5,000 and 60 of 10,000', async () => {
    const reach = await import(join(root, 'bench', 'support', 'reach.mjs'));
    const counts: number[][] = [];
    for (const [of, wanted] of reach.reached) {
      const { nodes, edited } = reach.linkedModel(of, wanted);
      // Counted the other way round than there: from the edited one to those that read it.
      const users = new Map<number, number[]>();
      for (const [i, { reads }] of nodes.entries()) for (const r of reads) users.set(r, [...(users.get(r) ?? []), i]);
      const seen = new Set([edited]);
      for (const at of seen) for (const user of users.get(at) ?? []) seen.add(user);
      expect(nodes[edited].reads).toEqual([]);
      counts.push([nodes.length, seen.size]);
    }
    expect(counts).toEqual([
      [200, 20],
      [1_000, 34],
      [5_000, 55],
      [10_000, 60],
    ]);
  });

  test('the store that they are run on passes verify', { timeout: 60_000 }, async () => {
    const seeded = readdirSync(cache).filter((folder) => folder.endsWith(`-${size}`));
    expect(seeded).toHaveLength(1);
    const file = join(cache, 'copy.db');
    copyFileSync(join(cache, seeded[0]!, 'headwater.db'), file);
    const verdict = await withEngine(await openSqliteStore({ file }), systemWorld(), async (engine) => {
      const { workspace } = must(await engine.workspace('bench'));
      return verifyWorkspace(workspace, { most: 10, progress: () => {} });
    });
    expect(verdict.problems).toEqual([]);
    expect(verdict.audit.ok).toBe(true);
    expect(verdict.ok).toBe(true);
  });
});

describe('loading many components', () => {
  const ids = seededIds(7);
  const components = Array.from({ length: 25 }, () => ids.ulid<ComponentId>());

  /** A workspace in memory with one schema; ids and clock count from a fixed start. */
  async function loaded(ask: (type: BulkComponent['image']['record']) => Iterable<BulkComponent>) {
    let nowMs = 0;
    const world = { clock: { nowMs: () => ++nowMs }, ids: seededIds(3), digest: systemWorld().digest };
    return withEngine(new MemoryStore(), world, async (engine) => {
      must(await engine.createWorkspace(principal, 'w'));
      const { workspace } = must(await engine.workspace('w'));
      const type = await install(workspace);
      const options = { name: 'load', perEntry: 4, perChangeSet: 8, components: ask(type) };
      const outcome = await loadComponents(workspace, principal, options);
      const { row } = await workspace.head();
      const verdict = await verifyWorkspace(workspace, { most: 10, progress: () => {} });
      return { outcome, row, verdict };
    });
  }

  async function install(workspace: Workspace) {
    const changeSet = must(await openChangeSet(workspace, principal, { name: 'schema' })).id;
    const create = { kind: 'schema.create', name: 'Thing', spec: thingSpec } as const;
    const reply = must(await submit(workspace, principal, { changeSet, mutations: [create] }));
    must(await applyChangeSet(workspace, principal, { changeSet }));
    const schema = reply.steps[0]!.subject as never;
    const { snapshot } = await workspace.head();
    return { schema, variant: findSchema(snapshot, schema)!.defaultVariant! };
  }

  const all = (type: BulkComponent['image']['record']): BulkComponent[] =>
    components.map((id, i) => ({ id, image: bareImage(type, `thing ${i}`) }));

  test('is in Head, with log and audit that verify accepts, in several change sets', async () => {
    const { outcome, row, verdict } = await loaded(all);
    expect(outcome).toEqual({ ok: true, value: components.length });
    expect(verdict.problems).toEqual([]);
    expect(verdict.ok).toBe(true);
    // The first entry, the schema's apply, and one for each eight components.
    expect(row.version).toBe(2 + Math.ceil(components.length / 8));
  });

  test('gives the same roots and the same chain again', async () => {
    const roots = (r: { row: { intentRoot: Hash; auditHead: Hash | '' } }) => [r.row.intentRoot, r.row.auditHead];
    expect(roots(await loaded(all))).toEqual(roots(await loaded(all)));
  });

  test('refuses an id that is taken, and keeps what was applied before', async () => {
    const { outcome, row, verdict } = await loaded((type) => [...all(type).slice(0, 8), all(type)[0]!]);
    expect(outcome.ok ? undefined : outcome.refusal.code).toBe('already_exists');
    expect(row.version).toBe(3);
    expect(verdict.ok).toBe(true);
  });
});
