// As whom and where the provider `aws` works: with the keys of a role that are asked for by each run, and in the region that a
// component says, else in that of its credential.

import { readFileSync } from 'node:fs';
import { ListResourcesCommand } from '@aws-sdk/client-cloudcontrol';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Json, JsonObject } from '../../src/base/json.ts';
import { keyFor, parseKey } from '../../src/dispatch/key_use.ts';
import { regionless } from '../../src/formats/cloudformation/regionless.ts';
import type { ActionRecord } from '../../src/model/action.ts';
import { create } from '../cloud/world.ts';
import { AwsHouse, region, secret } from './aws_house.ts';

// Each starts several processes.
vi.setConfig({ testTimeout: 90_000 });

let a: AwsHouse;
beforeAll(async () => {
  a = await AwsHouse.open();
  await create(a.cloud.client(), 'AWS::IAM::Role', {
    RoleName: 'deployer',
    AssumeRolePolicyDocument: {
      Statement: {
        Effect: 'Allow',
        Principal: '*',
        Action: 'sts:AssumeRole',
        Condition: { StringEquals: { 'sts:ExternalId': 'ours' } },
      },
    },
  });
});
afterAll(async () => {
  await a.close();
});
beforeEach(async () => {
  await a.cloud.control({ rules: [], throttle: null, latencyMs: { CREATE: 0 }, sessionSecondsMax: null });
});

const queue = 'AWS::SQS::Queue';
const logGroup = 'AWS::Logs::LogGroup';
const elsewhere = 'eu-west-1';
const component = (schema: string, name: string, domain: JsonObject, at?: string): Json => ({
  kind: 'component.create',
  schema,
  name,
  attributes: {
    ...Object.fromEntries(Object.entries(domain).map(([key, value]) => [`/domain/${key}`, value])),
    ...(at === undefined ? {} : { '/domain/extra/Region': at }),
  },
});
const queueOf = (name: string, at?: string): Json => component(queue, name, { QueueName: name }, at);
const urlOf = (name: string, at: string): string => `https://sqs.${at}.amazonaws.com/123456789012/${name}`;
const placedAt = (name: string, at: string | null): Json =>
  at === null
    ? { kind: 'attribute.unset', component: name, path: '/domain/extra/Region' }
    : { kind: 'attribute.set', component: name, path: '/domain/extra/Region', value: at };

/** Of what the cloud has in a region, the identifiers. */
async function there(type: string, at: string): Promise<(string | undefined)[]> {
  const listed = await a.cloud
    .client({ region: at })
    .send(new ListResourcesCommand({ TypeName: type, MaxResults: 100 }));
  return listed.ResourceDescriptions!.map((r) => r.Identifier);
}
const effectsOf = async (end: string): Promise<string[]> =>
  (await a.cloud.effects()).filter((e) => e.endsWith(end)).map((e) => e.split(' ')[0]!);

describe('[EN420] a credential with a role', () => {
  const role = { AssumeRole: 'arn:aws:iam::123456789012:role/deployer', ExternalId: 'ours', SessionName: 'shop' };

  /** Applied with a secret of its own; answers what stays open. */
  async function appliedWith(more: JsonObject, name: string): Promise<readonly ActionRecord[]> {
    const changeSet = await a.open(name);
    const definition = 'AWS Credential';
    const keys = { AccessKeyId: 'AKIDEXAMPLE', SecretAccessKey: 'base secret', Region: region };
    const content = { ...keys, Endpoint: a.cloud.address, ...more };
    await a.call('secret.set', { changeSet, name: `secret of ${name}`, definition, content });
    await a.call('submit', { changeSet, mutations: [queueOf(name)] });
    await a.call('secret.use', { changeSet, secret: `secret of ${name}` });
    await a.call('change_set.apply', { changeSet, waitMs: 20_000 });
    return (await a.quiet()).filter((action) => action.origins.includes(changeSet as never));
  }
  const askedBy = async (name: string): Promise<(string | undefined)[]> => {
    const lines = await a.cloud.journal();
    const tokens = lines.filter((l) => l.kind === 'effect' && l.identifier === urlOf(name, region)).map((l) => l.token);
    return lines.filter((l) => l.kind === 'accepted' && tokens.includes(l.token)).map((l) => l.by);
  };

  test('does everything with the keys of the role, by the name of the session', async () => {
    expect(await appliedWith(role, 'by role')).toEqual([]);
    await a.apply('slower', { kind: 'attribute.set', component: 'by role', path: '/domain/DelaySeconds', value: 5 });
    await a.apply('gone', { kind: 'component.delete', component: 'by role' });
    const arn = 'arn:aws:sts::123456789012:assumed-role/deployer/shop';
    expect(await askedBy('by role')).toEqual([arn, arn, arn]);
    // Beside it one without.
    expect(await appliedWith({}, 'by keys')).toEqual([]);
    expect(await askedBy('by keys')).toEqual([undefined]);
  });

  test('asks for keys for each run: those of an earlier one have expired', async () => {
    await a.cloud.control({ latencyMs: { CREATE: 4_000 }, sessionSecondsMax: 3 });
    expect(await appliedWith(role, 'slow')).toEqual([]);
    const [made] = await a.actions('slow');
    expect(made).toMatchObject({ kind: 'create', status: 'succeeded', attempts: 1 });
    expect(made!.failures ?? 0).toBe(0);
    expect(await effectsOf('/slow')).toEqual(['CREATE']);
  });

  test.each([
    [
      'another external id',
      { ExternalId: 'theirs' },
      'AccessDenied: User is not authorized to perform: sts:AssumeRole',
    ],
    ['a role that is not there', { AssumeRole: 'arn:aws:iam::123456789012:role/nobody' }, 'AccessDenied'],
    [
      'longer than the role allows',
      { DurationSeconds: 7200 },
      'ValidationError: The requested DurationSeconds exceeds',
    ],
  ])('is told why there are no keys: %s; nothing is done with the keys beside it', async (why, more, said) => {
    const [failed] = await appliedWith({ ...role, ...more }, why);
    expect(failed!.failure!.code).toBe('authentication_failed');
    expect(failed!.failure!.message).toContain(
      `the role ${{ ...role, ...more }.AssumeRole} cannot be assumed: ${said}`,
    );
    expect(failed!.failure!.message).not.toContain('base secret');
    expect(await there(queue, region)).not.toContain(urlOf(why, region));
    await a.call('action.cancel', { action: failed!.id });
  });

  test('keeps the keys out of records and logs', async () => {
    const { items: runs } = await a.call<{ items: { id: string }[] }>('run.list', { component: 'slow' });
    const text = JSON.stringify(await Promise.all(runs.map(({ id }) => a.call('run.get', { run: id }))));
    expect(runs.length).toBeGreaterThan(0);
    expect(text).not.toMatch(/ASIA[A-Z2-7]{16}/);
  });
});

describe('[EN421] a component that says its region', () => {
  test('has its resource there, is looked at, updated and destroyed there, beside those of the credential', async () => {
    expect(await a.apply('both', queueOf('here'), queueOf('there', elsewhere))).toEqual([]);
    expect(await there(queue, elsewhere)).toEqual([urlOf('there', elsewhere)]);
    expect(await there(queue, region)).toContain(urlOf('here', region));
    expect(await a.payload('here')).toMatchObject({ extra: { Region: region } });
    expect(await a.payload('there')).toMatchObject({ extra: { Region: elsewhere } });
    await a.apply('slower', { kind: 'attribute.set', component: 'there', path: '/domain/DelaySeconds', value: 5 });
    await a.refresh('there');
    expect(await a.payload('there')).toMatchObject({ DelaySeconds: 5 });
    const drift = await a.call<JsonObject>('drift.list', { component: 'there' });
    expect(JSON.stringify(drift)).not.toContain('Region');
    expect(await a.apply('gone', { kind: 'component.delete', component: 'there' })).toEqual([]);
    expect(await there(queue, elsewhere)).toEqual([]);
    expect(await effectsOf('/there')).toEqual(['CREATE', 'UPDATE', 'DELETE']);
  });

  test('moves: the old resource is destroyed where it is, and a new one is made', async () => {
    await a.apply('made', queueOf('mover', elsewhere));
    expect(await a.apply('moved', placedAt('mover', 'us-east-2'))).toEqual([]);
    expect([await there(queue, elsewhere), await there(queue, 'us-east-2')]).toEqual([
      [],
      [urlOf('mover', 'us-east-2')],
    ]);
    // Where nobody says it, it is the credential's again.
    expect(await a.apply('home', placedAt('mover', null))).toEqual([]);
    expect(await there(queue, 'us-east-2')).toEqual([]);
    expect(await a.payload('mover')).toMatchObject({ QueueUrl: urlOf('mover', region) });
    // To say what is so has nothing done.
    const before = await a.cloud.effects();
    expect(await a.apply('said', placedAt('mover', region))).toEqual([]);
    expect(await a.cloud.effects()).toEqual(before);
  });

  test('moves and is deleted before that is done: it is destroyed where it is', async () => {
    await a.apply('made', queueOf('leaver', elsewhere));
    const moved = placedAt('leaver', 'us-east-2');
    expect(await a.apply('gone', moved, { kind: 'component.delete', component: 'leaver' })).toEqual([]);
    expect([await there(queue, elsewhere), await there(queue, 'us-east-2')]).toEqual([[], []]);
    expect(await effectsOf('/leaver')).toEqual(['CREATE', 'DELETE']);
  });

  test('stays where it is when the credential is of another region by now', async () => {
    await a.apply('made', queueOf('settled'));
    const changeSet = await a.open('another region');
    await a.setSecret(changeSet, { Region: 'us-west-2' });
    await a.call('change_set.apply', { changeSet, waitMs: 20_000 });
    await a.refresh('settled');
    expect(await a.payload('settled')).toMatchObject({ QueueUrl: urlOf('settled', region) });
    expect(await a.apply('made there', queueOf('newcomer'))).toEqual([]);
    expect(await there(queue, 'us-west-2')).toEqual([urlOf('newcomer', 'us-west-2')]);
    const back = await a.open('back');
    await a.setSecret(back);
    await a.call('change_set.apply', { changeSet: back, waitMs: 20_000 });
  });

  test('is listed and taken over by region, and stays there', async () => {
    const made = await create(a.cloud.client({ region: 'ap-south-1' }), logGroup, { LogGroupName: 'found' });
    const ask = { schema: logGroup, secrets: { credential: secret }, domain: { extra: { Region: 'ap-south-1' } } };
    const listed = await a.call<{ resources: { resourceId: string }[] }>('resource.list', ask);
    expect(listed.resources.map((r) => r.resourceId)).toEqual([made.Identifier]);
    const changeSet = await a.open('take over');
    await a.call('resource.import', { changeSet, ...ask, all: true, names: { [made.Identifier!]: 'taken over' } });
    expect(await a.applied(changeSet)).toEqual([]);
    expect((await a.seen('taken over'))['domain']).toMatchObject({ extra: { Region: 'ap-south-1' } });
    await a.apply('moved', placedAt('taken over', 'ap-south-2'));
    expect([await there(logGroup, 'ap-south-1'), await there(logGroup, 'ap-south-2')]).toEqual([[], ['found']]);
  });

  test('shares what it is throttled by with those of its credential and region, and no others', async () => {
    const text = readFileSync(new URL('../../providers/aws/resource.ts', import.meta.url), 'utf8');
    const keys = [...text.matchAll(/^ {2}\/\/ @key (.*)$/gm)].map(([, key]) => key!);
    expect([...new Set(keys)]).toHaveLength(1);
    expect(keys).toHaveLength(4);
    const key = parseKey(keys[0]!.split(' '))!;
    const of = async (name: string): Promise<string> => keyFor(key, await a.seen(name)).key;
    expect(await of('taken over')).toMatch(/^aws\/.+\/ap-south-2$/);
    expect(await of('newcomer')).toMatch(/^aws\/.+\/$/);
    expect((await of('newcomer')).split('/')[1]).toBe((await of('taken over')).split('/')[1]);
    expect((await of('by keys')).split('/')[1]).not.toBe((await of('newcomer')).split('/')[1]);
  });

  test('has none where its service has none', async () => {
    await a.apply(
      'role',
      component('AWS::IAM::Role', 'anywhere', { RoleName: 'anywhere', AssumeRolePolicyDocument: {} }),
    );
    expect(await a.payload('anywhere')).not.toHaveProperty('extra');
    const text = readFileSync(new URL('../../providers/aws/resource.ts', import.meta.url), 'utf8');
    const named = /const regionless = \[(.*?)\];/s.exec(text)![1]!;
    expect([...named.matchAll(/'(\w+)'/g)].map(([, name]) => name)).toEqual([...regionless]);
    const changeSet = await a.open('nowhere');
    const refused = a.call('submit', { changeSet, mutations: [placedAt('anywhere', elsewhere)] });
    await expect(refused).rejects.toThrow(/extra/);
  });

  test('needs one where the credential has none', async () => {
    const changeSet = await a.open('no region');
    const content = { AccessKeyId: 'any', SecretAccessKey: 'will do', Endpoint: a.cloud.address };
    await a.call('secret.set', { changeSet, name: 'roaming', definition: 'AWS Credential', content });
    const mutations = [queueOf('nowhere'), queueOf('somewhere', elsewhere)];
    await a.call('submit', { changeSet, mutations });
    await a.call('secret.use', { changeSet, secret: 'roaming' });
    await a.call('change_set.apply', { changeSet, waitMs: 20_000 });
    const [failed, ...others] = await a.quiet();
    expect([failed!.componentName, others]).toEqual(['nowhere', []]);
    expect(failed!.failure!.message).toContain('neither the credential has a Region nor the component one');
    expect(await a.payload('somewhere')).toMatchObject({ QueueUrl: urlOf('somewhere', elsewhere) });
    await a.call('action.cancel', { action: failed!.id });
  });
});

test('[EN422] one name in two regions is two resources, taken over and destroyed one by one', async () => {
  for (const at of [region, elsewhere])
    await create(a.cloud.client({ region: at }), logGroup, { LogGroupName: 'twin' });
  const secrets = { credential: secret };
  const take = async (name: string, at: string): Promise<string> => {
    const changeSet = await a.open(name);
    const domain = { extra: { Region: at } };
    const ask = { changeSet, schema: logGroup, secrets, domain, resourceIds: ['twin'], names: { twin: name } };
    await a.call('resource.import', ask);
    return changeSet;
  };
  // Two change sets that take over the same, so that in one place it is claimed twice.
  const [one, other, double] = [
    await take('one', region),
    await take('other', elsewhere),
    await take('double', region),
  ];
  for (const changeSet of [one, other, double]) expect(await a.applied(changeSet)).toEqual([]);
  const ask = { schema: logGroup, secrets, domain: { extra: { Region: elsewhere } } };
  const { resources } = await a.call<{ resources: { component: { name: string } }[] }>('resource.list', ask);
  expect(resources.map((r) => r.component.name)).toEqual(['other']);
  expect(await a.apply('one of them', { kind: 'component.delete', component: 'other' })).toEqual([]);
  expect([await there(logGroup, elsewhere), await there(logGroup, region)]).toEqual([[], ['twin']]);
  const taken = a.apply('no', { kind: 'component.delete', component: 'double' });
  await expect(taken).rejects.toThrow(/resource_shared.*also of "one"/);
});

test('[EN421] a template that is imported again or exported leaves the region as it is, and says so', async () => {
  const Resources = { Jobs: { Type: queue, Properties: { QueueName: 'jobs', DelaySeconds: 3 } } };
  const changeSet = await a.open('template');
  const text = (of: object): string => JSON.stringify({ Resources: of });
  await a.call('import.cloudformation', { changeSet, name: 'shop', text: text(Resources) });
  await a.call('submit', { changeSet, mutations: [placedAt('Jobs', elsewhere)] });
  const less = { Jobs: { Type: queue, Properties: { QueueName: 'jobs' } } };
  await a.call('import.cloudformation', { changeSet, name: 'shop', text: text(less) });
  expect((await a.seen('Jobs', changeSet))['domain']).toEqual({ QueueName: 'jobs', extra: { Region: elsewhere } });
  const exported = await a.call<{ template: Json; notes: Json }>('export.cloudformation', {
    changeSet,
    name: 'shop',
    format: 'json',
  });
  expect(exported.template).toEqual({ Resources: less });
  expect(exported.notes).toEqual([
    { path: '/Resources/Jobs', reason: 'a template does not say in which region one of its resources is' },
  ]);
  // Under another logical id it is the same resource, where it was.
  expect(await a.applied(changeSet)).toEqual([]);
  const effects = await a.cloud.effects();
  const later = await a.open('renamed');
  const moved = { changeSet: later, name: 'shop', text: text({ Work: less.Jobs }), moved: { Jobs: 'Work' } };
  await a.call('import.cloudformation', moved);
  expect(await a.applied(later)).toEqual([]);
  expect(await a.payload('Work')).toMatchObject({ extra: { Region: elsewhere } });
  expect(await a.cloud.effects()).toEqual(effects);
});
