// Real templates through the provider `aws` to the local cloud and away again. What cannot be made of one is named here with
// the reason; of all others everything that is to be there is. HEADWATER_ALL_TEMPLATES=1 takes the large ones too, =30,49 those.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { update } from '../cloud/world.ts';
import { testOnData } from '../support/test_data.ts';
import { AwsHouse } from './aws_house.ts';
import { TemplateRun } from './template_run.ts';

let a: AwsHouse;
beforeAll(async () => {
  a = await AwsHouse.open();
});
afterAll(async () => {
  await a.close();
});

const custom = /Cloud Control has no (Custom::|AWS::CloudFormation::CustomResource|Boto3::)/;
const imported = /required key \[\w+\] not found/;
const zones = /AvailabilityZones?: expected a text, number or boolean, got null/;

/** By the number in the template's name: every reason why not all of it is made. */
const reasons: Readonly<Record<string, readonly RegExp[]>> = {
  '00': [/Fn::Transform is worked out by the service/],
  '01': [/Cloud Control has no AWS::Serverless::Function/],
  '04': [custom],
  '05': [custom],
  '09': [custom],
  // Values that other stacks export.
  '13': [imported, custom],
  // `Fn::GetAZs` of null.
  '15': [zones],
  // A macro of another tool.
  '16': [
    /no usable name of a type/,
    /no CloudFormation::Untyped/,
    /Fn::Rain::Embed/,
    /Network/,
    /Fn::Sub takes a text/,
  ],
  // A text that is made of a file.
  '17': [/ZipFile: kind_mismatch/],
  '18': [custom],
  '20': [imported],
  '21': [custom],
  '24': [custom],
  '26': [zones],
  '32': [/no AWS::CodeStar::/, imported, /Version: expected type: string, found: Number/, /RoleArn: Fn::GetAtt/],
  '35': [custom],
  '44': [zones],
  '49': [imported],
  '52': [imported],
  '54': [imported],
  '59': [custom],
};
const templatesAll = 36;
const numberOf = (file: string): string => file.slice(0, 2);
const files = (folder: string): string[] => readdirSync(folder).filter((f) => /^\d\d-/.test(f));

/** Everything that is promised of a template of which all can be made. */
async function madeAndTakenAway(run: TemplateRun): Promise<void> {
  expect(await run.wrongOrder()).toEqual([]);
  expect(await run.drift()).toEqual([]);
  expect(await a.destroyAll()).toEqual([]);
  expect(await run.left()).toEqual([]);
  const effects = await run.effects();
  const made = effects.filter((e) => e.startsWith('CREATE '));
  expect(effects.filter((e) => e.startsWith('DELETE '))).toHaveLength(made.length);
}

describe('[EN326] a template', () => {
  test('is made in the order of its references, shows what was changed behind it, and is taken away', async () => {
    const text = readFileSync(new URL('../../examples/network.yaml', import.meta.url), 'utf8');
    const run = new TemplateRun(a, 'network', text);
    expect(await run.apply()).toEqual([]);
    expect(run.references()).toBeGreaterThan(5);
    const subnet = (await run.members()).find((c) => c.name === 'PublicSubnet')!;
    const identifier = (await a.resourceId(subnet.id))!;
    const patch = [{ op: 'replace', path: '/MapPublicIpOnLaunch', value: false }];
    await update(a.cloud.client(), 'AWS::EC2::Subnet', identifier, patch);
    expect(await run.drift()).toEqual([]);
    await a.refresh(subnet.id);
    expect(await run.drift()).toEqual(['PublicSubnet/domain/MapPublicIpOnLaunch']);
    // An update for another reason finds that, too.
    await a.apply('tagged', {
      kind: 'attribute.set',
      component: subnet.id,
      path: '/domain/Tags',
      value: [{ Key: 'zone', Value: 'public' }],
    });
    expect(await run.drift()).toEqual([]);
    expect(await a.payload(subnet.id)).toMatchObject({ MapPublicIpOnLaunch: true });
    await madeAndTakenAway(run);
  }, 120_000);

  test('[EN327] refers to what CloudFormation gives for it, where that is not its identifier', async () => {
    const run = new TemplateRun(
      a,
      'api',
      JSON.stringify({
        Resources: {
          Api: { Type: 'AWS::ApiGateway::RestApi', Properties: { Name: 'api' } },
          Users: {
            Type: 'AWS::ApiGateway::Resource',
            Properties: {
              RestApiId: { Ref: 'Api' },
              ParentId: { 'Fn::GetAtt': ['Api', 'RootResourceId'] },
              PathPart: 'users',
            },
          },
          One: {
            Type: 'AWS::ApiGateway::Resource',
            Properties: { RestApiId: { Ref: 'Api' }, ParentId: { Ref: 'Users' }, PathPart: '{user}' },
          },
        },
      }),
    );
    expect(await run.apply()).toEqual([]);
    const idOf = async (name: string) => (await run.members()).find((c) => c.name === name)!.id;
    const users = (await a.payload(await idOf('Users')))!;
    expect(await a.resourceId(await idOf('Users'))).toBe(`${users['RestApiId']}|${users['ResourceId']}`);
    expect(await a.payload(await idOf('One'))).toMatchObject({ ParentId: users['ResourceId']! });
    const exported = await a.call<{ template: unknown }>('export.cloudformation', { name: 'api', format: 'json' });
    expect(exported.template).toEqual(run.template);
    await madeAndTakenAway(run);
  }, 120_000);

  test('[EN328] has resources of two types under one identifier, and one of them is deleted', async () => {
    const bucket = { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'shared-name' } };
    const policy = {
      Type: 'AWS::S3::BucketPolicy',
      Properties: { Bucket: { Ref: 'Bucket' }, PolicyDocument: { Version: '2012-10-17', Statement: [] } },
    };
    const run = new TemplateRun(a, 'bucket', JSON.stringify({ Resources: { Bucket: bucket, Policy: policy } }));
    expect(await run.apply()).toEqual([]);
    const { id } = (await run.members()).find((c) => c.name === 'Policy')!;
    expect(await a.apply('no policy', { kind: 'component.delete', component: id })).toEqual([]);
    expect(await run.left()).toEqual(['AWS::S3::Bucket shared-name']);
    await a.destroyAll();
    expect(await run.left()).toEqual([]);
  }, 120_000);
});

const chosen = process.env['HEADWATER_ALL_TEMPLATES'] ?? '';
const resourcesMax = chosen === '' ? 4 : Number.POSITIVE_INFINITY;
const isChosen = (file: string): boolean => ['', '1'].includes(chosen) || chosen.split(',').includes(numberOf(file));

testOnData(
  'cloudformation',
  '[EN326] of real templates everything is made that Cloud Control and the catalogue have, and the others say why',
  async (folder) => {
    expect(files(folder)).toHaveLength(templatesAll);
    const told: string[] = [];
    let ran = 0;
    for (const file of files(folder)) {
      const run = new TemplateRun(a, file, readFileSync(join(folder, file), 'utf8'));
      if (Object.keys(run.resources).length > resourcesMax || !isChosen(file)) continue;
      ran++;
      const why = await run.apply();
      const known = reasons[numberOf(file)] ?? [];
      const isKnown = (reason: string) => known.some((r) => r.test(reason));
      const unknown = why.filter((reason) => !isKnown(reason));
      const stale = known.filter((r) => !why.some((reason) => r.test(reason)));
      told.push(...unknown.map((reason) => `${file}: ${reason}`), ...stale.map((r) => `${file}: not any more ${r}`));
      if (why.length === 0) await madeAndTakenAway(run);
      else {
        // What waits or has failed is taken back by that.
        const stays = await a.destroyAll();
        told.push(...stays.map((x) => `${file}: ${x.status} ${x.kind} of ${x.componentName}: ${x.heldBecause}`));
        told.push(...(await run.left()).map((left) => `${file}: left ${left}`));
      }
    }
    expect(told).toEqual([]);
    if (chosen === '1') expect(ran - Object.keys(reasons).length).toBe(15);
    if (chosen === '') expect(ran).toBe(10);
  },
  3_000_000,
);
