// What new resources are given, for every type of the catalogue.

import { expect, test } from 'vitest';
import { openCatalogue } from '../../src/adapters/catalogue/catalogue.ts';
import { account, assignProperties, identifierOf } from '../../src/adapters/cloud/assign.ts';
import { desiredFindings } from '../../src/adapters/cloud/model.ts';
import { buildAws, temporaryFolder } from '../catalogue/fixture.ts';

const folder = temporaryFolder();
buildAws(folder);
const catalogue = openCatalogue(folder);

/** Their identifier has a part inside a property that the author gives. */
const nested = ['AWS::QuickSight::RefreshSchedule', 'AWS::S3::StorageLens', 'AWS::SageMaker::Device'];

/** There is one of each in a region, or one of a kind that is chosen. */
const single = [
  'AWS::DevOpsGuru::ResourceCollection',
  'AWS::Notifications::NotificationHub',
  'AWS::ObservabilityAdmin::TelemetryEnrichment',
];

test('[CC4] every type with an identifier gets one, and reported properties of the schema’s kinds', () => {
  const without: string[] = [];
  const wrong: string[] = [];
  for (const { name } of catalogue.search('', 10_000)) {
    const spec = catalogue.load(name)!;
    if (spec.primaryIdentifier === undefined) continue;
    const where = { type: name, region: 'eu-west-1' };
    const made = assignProperties(spec, where, {});
    const identifier = identifierOf(spec, made);
    const mayRepeat = single.includes(name) || identifier?.startsWith(account);
    if (identifier === undefined) without.push(name);
    else if (!mayRepeat && identifier === identifierOf(spec, assignProperties(spec, where, {})))
      wrong.push(`${name}: two have the identifier ${identifier}`);
    const reported = Object.fromEntries(
      Object.entries(made).filter(([key]) => Object.hasOwn(spec.resourceValue.properties ?? {}, key)),
    );
    const findings = desiredFindings({ ...spec, domain: spec.resourceValue }, reported, () => undefined);
    wrong.push(...findings.filter((f) => !f.includes('required key')).map((f) => `${name}: ${f}`));
  }
  expect(without).toEqual(nested);
  expect(wrong).toEqual([]);
});
