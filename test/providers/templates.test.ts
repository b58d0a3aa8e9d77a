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

const missing = (type: string, ...names: string[]): string[] =>
  names.map((name) => `${name}: Cloud Control has no ${type}`);
const refused = (name: string, findings: string): string =>
  `${name}: InvalidRequestException: Model validation failed (${findings})`;
const at = (path: string, reason: string): string => `/Resources/${path}: ${reason}`;
const serviceOnly = 'is worked out by the service, not here';

/** By the number in the template's name: every reason why not all of it is made, word for word. */
const reasons: Readonly<Record<string, readonly string[]>> = {
  // A macro of the author's account.
  '00': [0, 1, 2, 3].map((i) => at(`S3Bucket/Properties/Tags/${i}/Value`, `Fn::Transform ${serviceOnly}`)),
  // Serverless types are made of others by a transform.
  '01': missing('AWS::Serverless::Function', 'GetFromJsonLambdaFunction'),
  // Custom resources are what a function of the author's account answers.
  '04': [
    ...missing('Custom::LogBucketClearanceOnResourceDeletion', 'LogBucketClearance'),
    ...missing('Custom::SiteBucketClearanceOnResourceDeletion', 'SiteBucketClearance'),
  ],
  '05': missing('Boto3::CodeCommit.put_file', 'AddReadme'),
  '09': [
    ...missing('Custom::AWSCertificateDNSApproval', 'AWSPublicCertificateValidation'),
    ...missing('Custom::AWSCertificateApprovalCheck', 'AWSPublicCertificateCheckValidation'),
    ...missing('Custom::AWSCertificateRequest', 'AWSPublicCertificateRequest'),
  ],
  '13': missing('Custom::Secret', 'rDBPassword'),
  // Modules and embedded files of another tool, which writes a template of it.
  '16': [
    ...missing('CloudFormation::Untyped', 'Network', 'CloudFront'),
    at('Network/Type', 'no usable name of a type'),
    at('CloudFront/Type', 'no usable name of a type'),
    at('InstanceSecurityGroup/Properties/VpcId', '"NetworkVPC" is neither a parameter nor a resource of the template'),
    at('Server/Properties/SubnetId', '"NetworkPublicSubnet1.SubnetId" names no resource of the template'),
    at('Server/Properties/UserData/Fn::Base64', 'Fn::Sub takes a text, or a text and a map'),
    'create of Server: argument_kind: /domain/UserData: expected a text, number or boolean, got {"Fn::Sub":{"Fn::Rain::Embed":"GitLabServer.sh"}}',
  ],
  '17': [at('LambdaFunction/Properties/Code/ZipFile', 'kind_mismatch: the schema expects string, not object')],
  '18': ['CIS140', 'FSBP100', 'CIS120'].flatMap((name) => missing(`Custom::${name}`, name)),
  '21': missing('Custom::CustomResource', 'ASCPrivateLinkEnablePrivateDNS'),
  '24': [
    ...missing('Custom::CopyLambdaDeployment', 'CopyLambdaDeployment'),
    ...missing('Custom::RandomString', 'RandomString'),
  ],
  // A service that AWS has ended, and attributes of its resources.
  '32': [
    ...missing('AWS::CodeStar::Project', 'CodeStarProject'),
    ...missing('AWS::CodeStar::SyncResources', 'SyncResources', 'SyncInitialResources'),
    ...missing('AWS::CodeStar::SeedRepository', 'SeedRepo'),
    at('ProjectPipeline/Properties/Stages/2/Actions/0/Configuration/RoleArn', `Fn::GetAtt: ${serviceOnly}`),
    refused('ProjectPipeline', '#/Stages/0/Actions/0/ActionTypeId/Version: expected type: string, found: Number'),
    refused('EnvironmentEC23fd7af6a4f1411e882fb290aa2a9d512', '#: required key [ImageId] not found'),
  ],
  '35': missing('Custom::GenerateKeys', 'GetRSA'),
  '59': [
    ...missing('Custom::ResourceForGetCloudTrailCloudWatchLog', 'ResourceForGetCloudTrailCloudWatchLog'),
    ...missing(
      'Custom::ResourceForEvaluateCisBenchmarkingPreconditions',
      'ResourceForEvaluateCisBenchmarkingPreconditions',
    ),
  ],
};
const templatesAll = 36;
const numberOf = (file: string): string => file.slice(0, 2);
const files = (folder: string): string[] => readdirSync(folder).filter((f) => /^\d\d-/.test(f));

/** Everything that is promised of a template of which all can be made. */
async function madeAndTakenAway(run: TemplateRun): Promise<void> {
  expect(await run.wrongOrder()).toEqual([]);
  expect(await run.drift()).toEqual([]);
  await enforcedAfterAChange(run);
  expect(await a.destroyAll()).toEqual([]);
  expect(await run.left()).toEqual([]);
  const effects = await run.effects();
  const made = effects.filter((e) => e.startsWith('CREATE '));
  expect(effects.filter((e) => e.startsWith('DELETE '))).toHaveLength(made.length);
}

/** Templates of which no resource has a plain property that may be updated. */
let unchangeable = 0;

/** What somebody changes behind the model is seen when it is looked at, and enforced. */
async function enforcedAfterAChange(run: TemplateRun): Promise<void> {
  const changed = await run.changeByHand();
  if (changed === undefined) {
    unchangeable++;
    return;
  }
  const { id, name, path } = changed;
  await a.refresh(id);
  expect(await run.drift()).toEqual([`${name}${path}`]);
  const changeSet = await a.open('enforce');
  await a.call('drift.enforce', { changeSet, component: id });
  expect(await a.applied(changeSet)).toEqual([]);
  expect(await run.drift()).toEqual([]);
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

  test('[EN423] imports what another one exports, as it becomes known, in the zones of its region', async () => {
    const net = {
      Resources: { Vpc: { Type: 'AWS::EC2::VPC', Properties: { CidrBlock: '10.0.0.0/16' } } },
      Outputs: { VpcOut: { Value: { Ref: 'Vpc' }, Export: { Name: 'net-Vpc' } } },
    };
    const Subnet = {
      Type: 'AWS::EC2::Subnet',
      Properties: {
        VpcId: { 'Fn::ImportValue': { 'Fn::Sub': '${Stack}-Vpc' } },
        CidrBlock: '10.0.1.0/24',
        AvailabilityZone: { 'Fn::Select': [1, { 'Fn::GetAZs': null }] },
      },
    };
    const shop = { Parameters: { Stack: { Type: 'String', Default: 'net' } }, Resources: { Subnet } };
    const changeSet = await a.open('two templates');
    for (const [name, template] of Object.entries({ net, shop }))
      await a.call('import.cloudformation', { changeSet, name, text: JSON.stringify(template) });
    const follow = { $source: { component: 'VpcOut', path: '/domain/Value' } };
    const component = 'shop imported values';
    const set = { kind: 'attribute.set', component, path: '/domain/Values/net-Vpc', value: follow };
    const region = {
      kind: 'attribute.set',
      component: 'shop pseudo parameters',
      path: '/domain/Region',
      value: 'eu-west-3',
    };
    await a.call('submit', { changeSet, mutations: [set, region] });
    // Again it takes nothing away of that.
    const again = { changeSet, name: 'shop', text: JSON.stringify(shop) };
    expect(await a.call('import.cloudformation', again)).toMatchObject({ edits: 0 });
    expect(await a.applied(changeSet)).toEqual([]);
    const { VpcId: vpc } = (await a.payload('Vpc'))!;
    expect(await a.payload('Subnet')).toMatchObject({ VpcId: vpc!, AvailabilityZone: 'eu-west-3b' });
    const exported = await a.call<{ template: unknown; notes: unknown }>('export.cloudformation', {
      name: 'shop',
      format: 'json',
    });
    expect(exported).toMatchObject({ template: shop, notes: [] });
    expect(await a.destroyAll()).toEqual([]);
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
      const unknown = why.filter((reason) => !known.includes(reason));
      const stale = known.filter((reason) => !why.includes(reason));
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
    if (chosen === '1') expect(ran - Object.keys(reasons).length).toBe(22);
    if (chosen === '') expect(ran).toBe(10);
    // Not all of them are left out of that.
    expect(unchangeable).toBeLessThan(ran / 2);
  },
  3_000_000,
);
