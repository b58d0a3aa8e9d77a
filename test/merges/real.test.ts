// Merges that people made of real templates, done again by the engine: the base on Head, each side imported into a change
// set of its own, both applied, in both orders. Compared with what people committed, or, where they had to decide, with
// the receipt: nothing that a side did may be missing from both the model and the receipt.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { openCatalogue } from '../../src/adapters/catalogue/catalogue.ts';
import { MemoryStore } from '../../src/adapters/memory/store.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { ToldLine } from '../../src/engine/receipt.ts';
import type { ExportReply, ImportReply } from '../../src/engine/template.ts';
import { parseCell } from '../../src/model/cell.ts';
import { segmentsOf } from '../../src/model/path.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { House } from '../engine/house.ts';
import { testOnData } from '../support/test_data.ts';
import { type At, anyAt, at, decisions, same, shows, threeWay } from './three_way.ts';

interface RealMerge {
  readonly repo: string;
  readonly merge: string;
  readonly file: string;
  readonly base: JsonObject;
  readonly ours: JsonObject;
  readonly theirs: JsonObject;
  readonly merged: JsonObject;
  readonly autoMergeEqualsHuman: boolean | null;
  readonly realConflicts: number;
}

type SideName = 'ours' | 'theirs';
const orders: readonly (readonly [SideName, SideName])[] = [
  ['ours', 'theirs'],
  ['theirs', 'ours'],
];

const root = fileURLToPath(new URL('../..', import.meta.url));
const catalogueFolder = join(root, 'dist/catalogue');

/** All of them with HEADWATER_ALL_MERGES=1; else those with a conflict and every third of the others. */
const isSampled = (m: RealMerge, i: number): boolean =>
  m.realConflicts > 0 || i % 3 === 0 || process.env['HEADWATER_ALL_MERGES'] === '1';

function realMerges(folder: string): RealMerge[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.ndjson.gz'))
    .flatMap((file) =>
      gunzipSync(readFileSync(join(folder, file)))
        .toString('utf8')
        .trim()
        .split('\n'),
    )
    .map((line) => JSON.parse(line) as RealMerge);
}

interface Done {
  readonly template: JsonObject;
  readonly lines: readonly ToldLine[];
  readonly state: Snapshot;
}

/** The merge by the engine: `base` on Head, both sides open on it, applied in an order. */
async function carriedOut(m: Pick<RealMerge, SideName | 'base'>, order: readonly SideName[]): Promise<Done> {
  if (!existsSync(join(catalogueFolder, 'index.json'))) throw new Error('dist/catalogue is missing: run the build');
  const house = await new House(async () => new MemoryStore(), { catalogue: openCatalogue(catalogueFolder) }).start();
  try {
    const into = async (changeSet: string, template: JsonObject): Promise<void> => {
      await house.call<ImportReply>('import.cloudformation', { changeSet, text: JSON.stringify(template), name: 't' });
      const { template: back } = await house.call<ExportReply>('export.cloudformation', { changeSet, name: 't' });
      expect(back).toEqual(template);
    };
    const first = await house.open('base');
    await into(first, m.base);
    await house.call('change_set.apply', { changeSet: first });
    const sides = { ours: await house.open('ours'), theirs: await house.open('theirs') };
    await into(sides.ours, m.ours);
    await into(sides.theirs, m.theirs);
    for (const side of order) await house.call('change_set.apply', { changeSet: sides[side] });
    const { template } = await house.call<ExportReply>('export.cloudformation', { name: 't' });
    const { lines } = await house.call<{ lines: ToldLine[] }>('change_set.receipt', {
      changeSet: sides[order.at(-1)!],
    });
    const { snapshot } = await (await house.workspace()).head();
    return { template: template as JsonObject, lines, state: snapshot };
  } finally {
    await house.close();
  }
}

const annotations = '/si/metadata/cloudformation';

/** Where in the template a receipt line is; a list element is `@`. */
function placeOf(line: ToldLine, state: Snapshot): At {
  const note = (name: string): string | undefined => {
    const text = state.get('cells', `${line.subject}${annotations}/${name}`);
    const cell = text === undefined ? undefined : parseCell(text);
    return cell !== undefined && 'v' in cell ? (cell.v as string) : undefined;
  };
  const segments = segmentsOf(line.path as never).map((s) => ('key' in s ? (s.key as string) : '@'));
  const isAnnotation = line.path.startsWith(annotations);
  const inside = isAnnotation ? segments.slice(4) : segments[0] === 'domain' ? segments.slice(1) : [];
  const logicalId = note('logicalId');
  if (logicalId === undefined) return inside;
  const section = note('section') ?? 'Resources';
  const isProperty = section === 'Resources' && (segments[0] === 'domain' || segments[3] === 'properties');
  return [section, logicalId, ...(isProperty ? ['Properties'] : []), ...inside];
}

/** Is one of them the other or above it? */
const touch = (a: At, b: At): boolean =>
  a.slice(0, b.length).every((segment, i) => segment === b[i] || segment === '@' || b[i] === '@');

const title = (m: RealMerge): string => `${m.repo} ${m.merge.slice(0, 12)} ${m.file}`;

describe('real merges', () => {
  testOnData(
    'merges',
    '[EN25] without a real conflict: what both sides did, which is what people committed',
    async (folder) => {
      const all = realMerges(folder).filter((m) => m.realConflicts === 0);
      const asCommitted = { expected: 0, is: 0 };
      for (const m of all.filter(isSampled)) {
        const { value, conflicts } = threeWay(m.base, m.ours, m.theirs);
        expect(conflicts, title(m)).toEqual([]);
        if (m.autoMergeEqualsHuman) asCommitted.expected++;
        for (const order of orders) {
          const { template } = await carriedOut(m, order);
          expect(template, `${title(m)}, ${order.join(' before ')}`).toEqual(value);
          if (order === orders[0] && same(template, m.merged)) asCommitted.is++;
        }
      }
      expect(all.length).toBeGreaterThan(0);
      expect(asCommitted.is).toBe(asCommitted.expected);
    },
    600_000,
  );

  testOnData(
    'merges',
    '[EN25] with a real conflict: nothing of either side is gone without being on the receipt',
    async (folder) => {
      const all = realMerges(folder).filter((m) => m.realConflicts > 0);
      expect(all.length).toBeGreaterThan(0);
      for (const m of all.filter(isSampled)) {
        const { conflicts } = threeWay(m.base, m.ours, m.theirs);
        expect(conflicts.length, title(m)).toBeGreaterThan(0);
        for (const order of orders) {
          const { template, lines, state } = await carriedOut(m, order);
          const places = lines.map((line) => placeOf(line, state));
          for (const side of order) {
            for (const { path, wanted } of decisions(m.base, m[side])) {
              const before = at(m.base, path);
              if (anyAt(template, m.base, path).some((now) => shows(now, wanted, before))) continue;
              const told = places.some((place) => touch(place, path));
              expect(told, `${title(m)}: ${side} at /${path.join('/')}, ${order.join(' before ')}`).toBe(true);
            }
          }
          // What follows something that the other side deleted is no conflict of paths, and is told all the same.
          const atPaths = places.filter((_, i) => !lines[i]!.rule.startsWith('source-'));
          for (const place of atPaths) {
            const expected = conflicts.some((path) => touch(place, path));
            expect(expected, `${title(m)}: a line at /${place.join('/')}`).toBe(true);
          }
        }
      }
    },
    600_000,
  );
});

describe('merges like real ones', () => {
  const queue = (more: JsonObject = {}): JsonObject => ({
    Type: 'AWS::SQS::Queue',
    Properties: { DelaySeconds: 1, ...more },
  });
  const base: JsonObject = {
    Parameters: { O: { Type: 'String' } },
    Resources: { Queue: queue({ Tags: [{ Key: 'a', Value: '1' }] }) },
  };
  const withResources = (resources: JsonObject): JsonObject => ({
    Resources: { ...(base['Resources'] as JsonObject), ...resources },
  });

  test.each<[string, JsonObject, JsonObject]>([
    ['one resource added by both', withResources({ Extra: queue() }), withResources({ Extra: queue() })],
    [
      'one parameter added by both, one with more',
      { ...base, Parameters: { O: { Type: 'String' }, P: { Type: 'String' }, Q: { Type: 'Number' } } },
      { ...base, Parameters: { O: { Type: 'String' }, P: { Type: 'String' } } },
    ],
    [
      'one list element added by both',
      withResources({
        Queue: queue({
          Tags: [
            { Key: 'a', Value: '1' },
            { Key: 'b', Value: '2' },
          ],
        }),
      }),
      withResources({
        Queue: queue({
          Tags: [
            { Key: 'a', Value: '1' },
            { Key: 'b', Value: '2' },
          ],
        }),
      }),
    ],
  ])('[EN25] %s', async (_what, ours, theirs) => {
    const { value, conflicts } = threeWay(base, ours, theirs);
    expect(conflicts).toEqual([]);
    for (const order of orders) expect((await carriedOut({ base, ours, theirs }, order)).template).toEqual(value);
  });
});
