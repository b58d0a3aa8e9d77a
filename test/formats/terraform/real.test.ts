// Real states: those of the folder that HEADWATER_TEST_DATA names, with the schema catalogue where it has been built.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openCatalogue } from '../../../src/adapters/catalogue/catalogue.ts';
import { parseState } from '../../../src/formats/terraform/parse.ts';
import { findTestData } from '../../support/test_data.ts';
import { importTwice, lostLeaves, type SpecOf, stateOf } from './scene.ts';

const catalogueFolder = join(import.meta.dirname, '../../../dist/catalogue');
const catalogue = existsSync(join(catalogueFolder, 'index.json')) ? openCatalogue(catalogueFolder) : undefined;
const specOf: SpecOf = (type) => catalogue?.load(type);
const folder = findTestData('terraform');

if (folder === undefined) {
  test('own examples only: there is no terraform folder in HEADWATER_TEST_DATA, so no real state was read', () => {
    const text = stateOf([{ type: 'aws_vpc', name: 'main', attributes: { id: 'vpc-1', cidr_block: '10.0.0.0/16' } }]);
    expect(lostLeaves(text, importTwice(text, specOf))).toEqual([]);
  });
} else {
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  const of = (start: string) => files.filter((name) => name.startsWith(start));
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');

  test('there are states of both forms, plans and old states', () => {
    for (const start of ['state-v4', 'show-state', 'plan', 'state-v3']) expect(of(start).length).toBeGreaterThan(0);
  });

  test.each([...of('state-v4'), ...of('show-state')])(
    '%s: nothing lost, and the second import does nothing',
    (name) => {
      const text = read(name);
      const plan = importTwice(text, specOf);
      expect(plan.report.instances).toBeGreaterThan(0);
      expect(plan.reality).toHaveLength(plan.report.instances);
      expect(lostLeaves(text, plan)).toEqual([]);
      // Without a catalogue every type is generic.
      const generic = importTwice(text);
      expect(generic.report.described).toBe(0);
      expect(lostLeaves(text, generic)).toEqual([]);
      const { instances, described, subscriptions, dependsOn, secrets, notes } = plan.report;
      console.log(name, { instances, described, subscriptions, dependsOn, secrets, notes: notes.length });
    },
  );

  test.each([...of('plan'), ...of('state-v3')])('%s is refused with what to do', (name) => {
    const parsed = parseState(read(name));
    expect(parsed).toMatchObject({ ok: false, refusal: { code: 'request_malformed' } });
    expect(parsed.ok ? '' : parsed.refusal.hint).toMatch(/terraform (show -json|state pull)/);
  });
}
