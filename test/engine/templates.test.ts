// Templates through the engine, from import to Head and out again: the example of this repository, and real ones where
// they are.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { openCatalogue } from '../../src/adapters/catalogue/catalogue.ts';
import type { Json } from '../../src/base/json.ts';
import { type Evaluated, Evaluation } from '../../src/builtins/evaluate.ts';
import type { ExportReply, ImportReply } from '../../src/engine/template.ts';
import { parseTemplate } from '../../src/formats/cloudformation/parse.ts';
import { parseCell } from '../../src/model/cell.ts';
import { type Source, sourcesOf } from '../../src/model/expr.ts';
import { cellKey, splitCellKey } from '../../src/model/keys.ts';
import { findComponent, findSchema } from '../../src/model/lookup.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { testOnData } from '../support/test_data.ts';
import { type House, sqliteHouse } from './house.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const catalogueFolder = join(root, 'dist/catalogue');

let shared: House | undefined;
async function house(): Promise<House> {
  if (!existsSync(join(catalogueFolder, 'index.json'))) throw new Error('dist/catalogue is missing: run the build');
  shared ??= await sqliteHouse({ catalogue: openCatalogue(catalogueFolder) }).start();
  return shared;
}
afterAll(() => shared?.close());

async function snapshotOf(h: House, changeSet: string): Promise<Snapshot> {
  const found = await (await h.workspace()).present(changeSet as never);
  if (!found.ok) throw new Error('no change set');
  return found.value.snapshot;
}

/** Sources changed and plain followers looked at, over all templates. */
const looked = { sources: 0, followers: 0 };

interface Following {
  readonly key: string;
  readonly sources: readonly Source[];
  /** Follows one source as it is. */
  readonly plain: boolean;
}

function followingOf(state: Snapshot): Following[] {
  const out: Following[] = [];
  for (const [key, text] of state.scan('cells', '')) {
    if (!text.startsWith('{"x":')) continue;
    const cell = parseCell(text);
    if ('x' in cell) out.push({ key, sources: sourcesOf(cell.x), plain: 's' in cell.x });
  }
  return out;
}

const within = (path: string, of: string) => path === of || path.startsWith(`${of}/`) || of.startsWith(`${path}/`);

/** Cells that follow an address, directly or not; found by nothing but looking at every cell again and again. */
function dependents(all: readonly Following[], source: Source): Set<string> {
  const found = new Set<string>();
  let front: Source[] = [source];
  while (front.length > 0) {
    const next: Source[] = [];
    for (const f of all) {
      if (found.has(f.key)) continue;
      if (!f.sources.some((s) => front.some((x) => s.component === x.component && within(x.path, s.path)))) continue;
      found.add(f.key);
      next.push(splitCellKey(f.key));
    }
    front = next;
  }
  return found;
}

const shown = (all: ReadonlyMap<string, Evaluated>, key: string) => {
  const e = all.get(key);
  return e?.state === 'value' ? JSON.stringify(e.value) : e?.state;
};

/** Changes some sources one after another; only what follows the source changes, and what follows it plainly has its value. */
async function checkLiveness(h: House, changeSet: string, most: number): Promise<void> {
  let state = await snapshotOf(h, changeSet);
  const following = followingOf(state);
  const sources = new Map<string, Source>();
  for (const f of following) for (const s of f.sources) sources.set(`${s.component}${s.path}`, s);
  const schemaOf = (s: Source) => findSchema(state, findComponent(state, s.component)!.schema)!.name;
  const parameters = [...sources.values()].filter(
    (s) => s.path === '/domain/Value' && schemaOf(s) === 'CloudFormation::Parameter',
  );
  const resources = [...sources.values()].filter((s) => s.path === '/si/resourceId');
  let before = new Evaluation(state).all();
  for (const [i, source] of [...parameters.slice(0, most), ...resources.slice(0, most)].entries()) {
    const value = `changed-${i}`;
    const component = source.component;
    await h.submit(
      changeSet,
      source.path === '/si/resourceId'
        ? { kind: 'component.set_resource_id', component, resourceId: value }
        : { kind: 'attribute.set', component, path: source.path, value },
    );
    state = await snapshotOf(h, changeSet);
    const after = new Evaluation(state).all();
    const may = dependents(following, source);
    const own = cellKey(component, source.path);
    const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
      (key) => key !== own && shown(before, key) !== shown(after, key),
    );
    expect(changed.filter((key) => !may.has(key))).toEqual([]);
    for (const f of following) {
      const [only] = f.sources;
      if (f.plain && f.key !== own && only!.component === component && only!.path === source.path) {
        expect([f.key, after.get(f.key)]).toEqual([f.key, { state: 'value', value }]);
        looked.followers++;
      }
    }
    looked.sources++;
    before = after;
  }
}

const withoutWords = (reply: ImportReply) => ({
  resources: reply.resources,
  parameters: reply.parameters,
  subscriptions: reply.subscriptions,
  functionSubscriptions: reply.functionSubscriptions,
});

/** The main job with one template. Answers what the import reported. */
async function wholeJob(h: House, file: string, name: string, samples: number): Promise<ImportReply> {
  const text = readFileSync(file, 'utf8');
  const parsed = parseTemplate(text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.refusal));
  const changeSet = await h.open(name);
  const reply = await h.call<ImportReply>('import.cloudformation', { changeSet, text, name });
  expect(reply.edits).toBeGreaterThan(0);
  const exported = await h.call<ExportReply>('export.cloudformation', { changeSet, name });
  expect(exported.template).toEqual(parsed.value);
  const again = await h.call<ImportReply>('import.cloudformation', { changeSet, text, name });
  expect({ ...withoutWords(again), edits: again.edits }).toEqual({ ...withoutWords(reply), edits: 0 });
  const review = await h.call<{ summary: { added: number }; components: { attributes: unknown[] }[] }>(
    'change_set.review',
    { changeSet },
  );
  expect(review.summary.added).toBe(reply.created);
  await h.call('change_set.apply', { changeSet });
  const onHead = await h.call<ExportReply>('export.cloudformation', { name });
  expect(onHead.template).toEqual(parsed.value);
  const edited = await h.open(`${name} edited`);
  await checkLiveness(h, edited, samples);
  await h.call('change_set.abandon', { changeSet: edited });
  return reply;
}

describe('templates', () => {
  const examples = join(root, 'examples');
  test.each(existsSync(examples) ? readdirSync(examples).filter((f) => /\.(ya?ml|json)$/.test(f)) : [])(
    '[EN25] %s: imported, exported, reviewed, applied, live',
    async (file) => {
      const h = await sqliteHouse({ catalogue: openCatalogue(catalogueFolder) }).start();
      await wholeJob(h, join(examples, file), file, 20);
      await h.sound();
      await h.close();
    },
  );

  test('[EN25] two imports at once of one template are one, and a key answers the same', async () => {
    const h = await sqliteHouse({ catalogue: openCatalogue(catalogueFolder) }).start();
    const changeSet = await h.open('t');
    const text = JSON.stringify({
      Parameters: { Size: { Type: 'Number', Default: 2 } },
      Resources: { Queue: { Type: 'AWS::SQS::Queue', Properties: { DelaySeconds: { Ref: 'Size' } } } },
    });
    const request = { changeSet, text, name: 't' };
    const [one, two] = await Promise.all([
      h.call<ImportReply>('import.cloudformation', request),
      h.call<ImportReply>('import.cloudformation', request),
    ]);
    expect([one, two].map((r) => r.edits > 0).sort()).toEqual([false, true]);
    expect(one.template).toBe(two.template);
    const keyed = { ...request, name: 'u', idempotencyKey: 'k' };
    const first = await h.call('import.cloudformation', keyed);
    expect(await h.call('import.cloudformation', keyed)).toEqual(first);
    await h.reopen();
    expect(await h.call('import.cloudformation', keyed)).toEqual(first);
    const other = { ...keyed, text: '{"Resources":{}}' };
    expect((await h.refused('import.cloudformation', other)).code).toBe('idempotency_key_reused');
    await h.sound();
    await h.close();
  });

  test('[EN25] a template that is none is refused with where and why', async () => {
    const h = await house();
    const changeSet = await h.open('bad');
    for (const text of ['', '[]', '{"Resources":', 'a: b: c', '{"Resources":{"A":{}}}', '"text"']) {
      const refusal = await h.attempt('import.cloudformation', { changeSet, text, name: 'bad' });
      if (!refusal.ok) expect(refusal.refusal.hint).not.toBe('');
    }
    expect((await h.refused('import.cloudformation', { changeSet, text: '[]', name: 'bad' })).code).not.toBe('');
  });

  const files = (folder: string) =>
    readdirSync(folder).filter((f) => /\.(ya?ml|json|template)$/.test(f) && f !== 'index.json');
  const folder = process.env['HEADWATER_TEST_DATA'];
  const real =
    folder && existsSync(join(folder, 'cloudformation')) ? files(join(folder, 'cloudformation')) : ['real templates'];
  for (const file of real.sort()) {
    testOnData(
      'cloudformation',
      `[EN25] ${file}: imported, exported, reviewed, applied, live`,
      async (data) => {
        const index = JSON.parse(readFileSync(join(data, 'index.json'), 'utf8')) as Record<string, Json>[];
        const entry = index.find((e) => e['file'] === file) as { resources: number; valueEdges: number } | undefined;
        const reply = await wholeJob(await house(), join(data, file), file, 3);
        if (entry !== undefined) {
          expect(reply.resources).toBe(entry.resources);
          expect(reply.subscriptions + reply.functionSubscriptions).toBeGreaterThanOrEqual(entry.valueEdges);
        }
      },
      60_000,
    );
  }
  testOnData(
    'cloudformation',
    '[EN25] all of them in one workspace verify',
    async () => {
      await (await house()).sound();
      expect(looked.sources).toBeGreaterThan(100);
      expect(looked.followers).toBeGreaterThan(100);
    },
    120_000,
  );
});
