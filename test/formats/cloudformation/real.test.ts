// Real templates: those of the folder that HEADWATER_TEST_DATA names, with the schema catalogue where it has been built.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { openCatalogue } from '../../../src/adapters/catalogue/catalogue.ts';
import type { Json } from '../../../src/base/json.ts';
import { must } from '../../../src/base/result.ts';
import { exportTemplate } from '../../../src/formats/cloudformation/export.ts';
import { parseTemplate } from '../../../src/formats/cloudformation/parse.ts';
import { printTemplate } from '../../../src/formats/cloudformation/print.ts';
import { roundTrip, type SpecOf } from './planning.ts';
import { MemoryState, readTemplate } from './state.ts';

interface IndexEntry {
  readonly file: string;
  readonly resources: number;
  readonly valueEdges: number;
}

const data = process.env['HEADWATER_TEST_DATA'];
const folder = data === undefined ? undefined : join(data, 'cloudformation');
const catalogueFolder = join(import.meta.dirname, '../../../dist/catalogue');
const catalogue = existsSync(join(catalogueFolder, 'index.json')) ? openCatalogue(catalogueFolder) : undefined;
const specOf: SpecOf = (type) => catalogue?.load(type);

if (folder === undefined || !existsSync(folder)) {
  test('own examples only: HEADWATER_TEST_DATA is not set, so no real template was read', () => {
    const text =
      'Resources:\n  A:\n    Type: AWS::S3::Bucket\n  B:\n    Type: AWS::S3::BucketPolicy\n    Properties:\n      Bucket: !Ref A\n';
    expect(roundTrip(must(parseTemplate(text)), specOf).report).toMatchObject({
      resources: 2,
      subscriptions: 1,
      unrepresented: [],
    });
  });
} else {
  const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as IndexEntry[];
  const typed = { resources: 0, described: 0 };
  const values = { live: 0, unrepresented: [] as string[] };

  test('the index lists templates', () => expect(index.length).toBeGreaterThan(10));

  test.each(index.map((entry) => [entry.file, entry] as const))('%s', (file, entry) => {
    const template = must(parseTemplate(readFileSync(join(folder, file), 'utf8')));
    expect(must(parseTemplate(printTemplate(template, 'yaml')))).toEqual(template);
    const plan = roundTrip(template, specOf);
    const { report } = plan;
    expect(report.resources).toBe(entry.resources);
    expect(report.subscriptions + report.functionSubscriptions).toBeGreaterThanOrEqual(entry.valueEdges);
    const state = new MemoryState();
    state.carryOut(plan, specOf);
    expect(must(exportTemplate(readTemplate(state, plan.template)))).toEqual(template);
    const described = new Set(plan.described);
    const schemas = plan.components.map((c) => c.schema).filter((s) => !s.startsWith('CloudFormation::'));
    typed.resources += report.resources;
    typed.described += schemas.filter((s) => described.has(s) || catalogue?.entry(s) !== undefined).length;
    values.live += report.subscriptions + report.functionSubscriptions;
    values.unrepresented.push(...report.unrepresented.map((u) => `${file.slice(0, 24)} ${u.path}: ${u.reason}`));
  });

  test('at least 95 % of the references are live; the rest is listed', () => {
    console.log(
      `${values.live} references live, ${values.unrepresented.length} not:\n${values.unrepresented.join('\n')}`,
    );
    expect(values.unrepresented.length / (values.live + values.unrepresented.length)).toBeLessThan(0.05);
  });

  test.skipIf(catalogue === undefined)('at least 95 % of the resources have a described type', () => {
    expect(typed.described / typed.resources).toBeGreaterThanOrEqual(0.95);
  });

  const merges = join(data!, 'merges');
  test.skipIf(!existsSync(merges))('templates of public histories', () => {
    let read = 0;
    for (const file of readdirSync(merges).filter((name) => name.endsWith('.gz'))) {
      for (const line of gunzipSync(readFileSync(join(merges, file)))
        .toString('utf8')
        .split('\n')) {
        if (line === '') continue;
        roundTrip((JSON.parse(line) as { merged: Json }).merged, specOf);
        read++;
      }
    }
    expect(read).toBeGreaterThan(0);
  });
}
