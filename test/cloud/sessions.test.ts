// Roles: what is given out for them, to the real client of the Security Token Service, and what the cloud makes of the keys.

import { CloudControlClient, ListResourcesCommand } from '@aws-sdk/client-cloudcontrol';
import { AssumeRoleCommand, type Credentials, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CloudProcess, create, refusal } from './world.ts';

let cloud = await CloudProcess.start();
const queue = 'AWS::SQS::Queue';
const arnOf = (name: string): string => `arn:aws:iam::123456789012:role/${name}`;

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}
const anybody: Keys = { accessKeyId: 'any', secretAccessKey: 'will do' };
const sts = (credentials = anybody): STSClient =>
  new STSClient({ endpoint: cloud.address, region: 'eu-central-1', credentials, maxAttempts: 1 });
const control = (credentials: Keys): CloudControlClient =>
  new CloudControlClient({ endpoint: cloud.address, region: 'eu-central-1', credentials, maxAttempts: 1 });
const listing = new ListResourcesCommand({ TypeName: queue });

const assume = (more: object = {}, as = anybody) =>
  sts(as).send(new AssumeRoleCommand({ RoleArn: arnOf('deployer'), RoleSessionName: 'ci', ...more }));
function keysOf({ AccessKeyId, SecretAccessKey, SessionToken }: Credentials): Required<Keys> {
  return { accessKeyId: AccessKeyId!, secretAccessKey: SecretAccessKey!, sessionToken: SessionToken! };
}

const trust = (condition: object = {}, effect = 'Allow') => ({
  Effect: effect,
  Principal: { AWS: 'arn:aws:iam::111111111111:root' },
  Action: ['sts:AssumeRole'],
  ...condition,
});
const external = { Condition: { StringEquals: { 'sts:ExternalId': ['ours', 'theirs'] } } };

beforeAll(async () => {
  const role = (RoleName: string, statement: unknown, more: object = {}) =>
    create(cloud.client(), 'AWS::IAM::Role', {
      RoleName,
      AssumeRolePolicyDocument: { Version: '2012-10-17', Statement: statement },
      ...more,
    });
  await role('deployer', trust());
  await role('partner', [trust(external)], { MaxSessionDuration: 7200 });
  await role('closed', [trust(), trust({}, 'Deny')]);
  await role('odd', trust({ Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } } }));
});
beforeEach(async () => {
  expect((await cloud.control({ sessionSecondsMax: null })).status).toBe(200);
});

describe('[CC17] a role', () => {
  test('is assumed by the client of AWS, for as long as was asked for', async () => {
    const before = Date.now();
    const { Credentials: given, AssumedRoleUser: user } = await assume({ DurationSeconds: 900 });
    expect(given!.AccessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/);
    expect(given!.Expiration!.getTime() - before).toBeGreaterThan(890_000);
    expect(given!.Expiration!.getTime() - before).toBeLessThan(930_000);
    expect(user!.Arn).toBe('arn:aws:sts::123456789012:assumed-role/deployer/ci');
    expect(await sts(keysOf(given!)).send(new GetCallerIdentityCommand())).toMatchObject({
      Account: '123456789012',
      Arn: user!.Arn,
    });
    const other = (await assume()).Credentials!;
    expect(other.AccessKeyId).not.toBe(given!.AccessKeyId);
    expect(other.Expiration!.getTime() - before).toBeGreaterThan(3_590_000);
  });

  test('lets in who says the external id of its trust policy, and nobody whom it denies or does not know', async () => {
    const denied = { name: 'AccessDenied', status: 403 };
    const partner = { RoleArn: arnOf('partner') };
    expect(await refusal(assume(partner))).toMatchObject(denied);
    expect(await refusal(assume({ ...partner, ExternalId: 'wrong' }))).toMatchObject(denied);
    expect((await assume({ ...partner, ExternalId: 'theirs' })).Credentials).toBeDefined();
    for (const name of ['closed', 'odd', 'nobody'])
      expect(await refusal(assume({ RoleArn: arnOf(name) }))).toMatchObject({
        ...denied,
        message: `User is not authorized to perform: sts:AssumeRole on resource: ${arnOf(name)}`,
      });
  });

  test('is assumed for no longer than it allows, under a name', async () => {
    const wrong = { name: 'ValidationError', status: 400 };
    for (const more of [{ DurationSeconds: 3601 }, { DurationSeconds: 60 }, { RoleSessionName: 'a b' }])
      expect(await refusal(assume(more))).toMatchObject(wrong);
    const longer = { RoleArn: arnOf('partner'), ExternalId: 'ours', DurationSeconds: 7200 };
    expect((await assume(longer)).Credentials).toBeDefined();
    expect(await refusal(assume({ ...longer, DurationSeconds: 7201 }))).toMatchObject(wrong);
  });
});

describe('[CC18] keys of a role', () => {
  test('are good until they expire, after a restart too, and the journal says whose they were', async () => {
    const keys = keysOf((await assume()).Credentials!);
    const made = await create(control(keys), queue, { QueueName: 'ours' });
    expect(made.OperationStatus).toBe('SUCCESS');
    await create(cloud.client(), queue, { QueueName: 'of somebody' });
    const by = (await cloud.journal()).filter((l) => l.kind === 'accepted' && l.type === queue).map((l) => l.by);
    expect(by).toEqual(['arn:aws:sts::123456789012:assumed-role/deployer/ci', undefined]);
    const { file } = cloud;
    await cloud.kill();
    cloud = await CloudProcess.start(file);
    expect((await control(keys).send(listing)).ResourceDescriptions).toHaveLength(2);
    await cloud.control({ sessionSecondsMax: 0 });
    const late = keysOf((await assume()).Credentials!);
    expect(await refusal(control(late).send(listing))).toMatchObject({ name: 'ExpiredTokenException', status: 403 });
    expect(await refusal(assume({}, late))).toMatchObject({ name: 'ExpiredToken', status: 403 });
    // Others are not shorter for that.
    expect((await control(keys).send(listing)).ResourceDescriptions).toHaveLength(2);
  });

  test('are refused without their token, with that of others, made up, and under another signature', async () => {
    const [mine, yours] = [keysOf((await assume()).Credentials!), keysOf((await assume()).Credentials!)];
    const { sessionToken, ...bare } = mine;
    const [said, closed] = sessionToken.split('.') as [string, string];
    const longer = { ...JSON.parse(Buffer.from(said, 'base64url').toString()), expiresMs: Date.now() + 1e12 };
    const before = (await cloud.effects()).length;
    const unknown = [
      bare,
      { ...mine, sessionToken: yours.sessionToken },
      { ...mine, sessionToken: `${Buffer.from(JSON.stringify(longer)).toString('base64url')}.${closed}` },
      { ...mine, accessKeyId: 'ASIAAAAAAAAAAAAAAAAA' },
      { ...anybody, sessionToken: 'of another cloud' },
    ];
    for (const keys of unknown)
      expect(await refusal(create(control(keys), queue, {}))).toMatchObject({
        name: 'UnrecognizedClientException',
        status: 403,
      });
    expect(await refusal(assume({}, bare))).toMatchObject({ name: 'InvalidClientTokenId', status: 403 });
    const forged = { ...mine, secretAccessKey: yours.secretAccessKey };
    expect(await refusal(create(control(forged), queue, {}))).toMatchObject({
      name: 'InvalidSignatureException',
      status: 403,
    });
    expect(await refusal(assume({}, forged))).toMatchObject({ name: 'SignatureDoesNotMatch', status: 403 });
    expect(await cloud.effects()).toHaveLength(before);
  });
});
