// What the functions of the provider `aws` do to resources of the local cloud, also where it fails, throttles or is gone.
// Effects are counted in the cloud's journal.

import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CloudControlClient } from '@aws-sdk/client-cloudcontrol';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { CloudProcess, create, get, remove as removeBehind, update } from '../cloud/world.ts';
import { AwsHouse, region, secret } from './aws_house.ts';

// Each starts several processes.
vi.setConfig({ testTimeout: 90_000 });

let a: AwsHouse;
beforeAll(async () => {
  a = await AwsHouse.open();
});
afterAll(async () => {
  await a.close();
});
beforeEach(async () => {
  await a.cloud.control({ rules: [], throttle: null, latencyMs: { CREATE: 0, UPDATE: 0, DELETE: 0 } });
});

const queue = 'AWS::SQS::Queue';
const component = (schema: string, name: string, domain: { [name: string]: Json } = {}): Json => ({
  kind: 'component.create',
  schema,
  name,
  attributes: Object.fromEntries(Object.entries(domain).map(([key, value]) => [`/domain/${key}`, value])),
});
const set = (name: string, path: string, value: Json): Json => ({
  kind: 'attribute.set',
  component: name,
  path: `/domain/${path}`,
  value,
});
const remove = (name: string): Json => ({ kind: 'component.delete', component: name });
const urlOf = (name: string): string => `https://sqs.${region}.amazonaws.com/123456789012/${name}`;

/** Operations with an effect on resources of whose identifiers this is the end. */
async function effects(end: string): Promise<string[]> {
  const lines = (await a.cloud.journal()).filter((line) => line.kind === 'effect' && line.identifier!.endsWith(end));
  return lines.map((line) => line.operation!);
}
const told = async (name: string): Promise<string[]> =>
  (await a.actions(name)).map((x) => `${x.kind} ${x.status} ${x.attempts}`);

describe('[EN324] a resource', () => {
  test('is made as declared, and what is reported of it is known, its region too', async () => {
    await a.apply('made', component(queue, 'jobs', { QueueName: 'jobs', DelaySeconds: 3 }));
    expect(await told('jobs')).toEqual(['create succeeded 1', 'refresh succeeded 1']);
    expect(await a.payload('jobs')).toEqual({
      QueueName: 'jobs',
      DelaySeconds: 3,
      QueueUrl: urlOf('jobs'),
      Arn: `arn:aws:sqs:${region}:123456789012:jobs`,
      extra: { Region: region },
    });
    expect(await effects('/jobs')).toEqual(['CREATE']);
  });

  test('is updated in place, what is not declared any more is taken away, what the cloud has beside it stays', async () => {
    await a.apply('made', component(queue, 'mail', { QueueName: 'mail', DelaySeconds: 3 }));
    await update(a.cloud.client(), queue, urlOf('mail'), [{ op: 'add', path: '/MaximumMessageSize', value: 1024 }]);
    await a.apply('slower', set('mail', 'DelaySeconds', 5), set('mail', 'Tags', [{ Key: 'of', Value: 'us' }]));
    expect(await a.payload('mail')).toMatchObject({ DelaySeconds: 5, MaximumMessageSize: 1024 });
    await a.apply('as usual', { kind: 'attribute.unset', component: 'mail', path: '/domain/DelaySeconds' });
    expect(await get(a.cloud.client(), queue, urlOf('mail'))).toEqual({
      QueueName: 'mail',
      Tags: [{ Key: 'of', Value: 'us' }],
      MaximumMessageSize: 1024,
      QueueUrl: urlOf('mail'),
      Arn: `arn:aws:sqs:${region}:123456789012:mail`,
    });
    expect(await effects('/mail')).toEqual(['CREATE', 'UPDATE', 'UPDATE', 'UPDATE']);
  });

  test('[EN329] is replaced where what changed can only be said when it is made', async () => {
    await a.apply('made', component(queue, 'old', { QueueName: 'old' }));
    await a.apply('renamed', set('old', 'QueueName', 'new'));
    expect(await a.payload('old')).toMatchObject({ QueueUrl: urlOf('new') });
    expect([await effects('/old'), await effects('/new')]).toEqual([['CREATE', 'DELETE'], ['CREATE']]);
  });

  test('that is gone is found so, and destroying it is done', async () => {
    await a.apply(
      'made',
      component(queue, 'gone', { QueueName: 'gone' }),
      component(queue, 'away', { QueueName: 'away' }),
    );
    for (const name of ['gone', 'away']) await removeBehind(a.cloud.client(), queue, urlOf(name));
    await a.refresh('gone');
    expect(await a.payload('gone')).toBeUndefined();
    expect(await a.apply('deleted', remove('away'))).toEqual([]);
    expect(await effects('/away')).toEqual(['CREATE', 'DELETE']);
  });

  test('whose request takes its time is asked for by the token of the request', async () => {
    await a.cloud.control({ latencyMs: { CREATE: 700, UPDATE: 300, DELETE: 300 } });
    await a.apply('made', component(queue, 'slow', { QueueName: 'slow' }));
    await a.apply('later', set('slow', 'DelaySeconds', 9));
    expect(await a.payload('slow')).toMatchObject({ DelaySeconds: 9 });
    expect(await a.apply('deleted', remove('slow'))).toEqual([]);
    expect(await effects('/slow')).toEqual(['CREATE', 'UPDATE', 'DELETE']);
  });

  test('that the cloud refuses is not made, and the reason is told', async () => {
    const open = await a.apply('wrong', component('AWS::EC2::Subnet', 'nowhere', { CidrBlock: '10.0.0.0/24' }));
    expect(open[0]).toMatchObject({ kind: 'create', status: 'failed', attempts: 1 });
    expect(open[0]!.failure!.message).toContain('required key [VpcId] not found');
    await a.call('action.cancel', { action: open[0]!.id });
  });
});

describe('[EN325] where the cloud fails', () => {
  test('what is throttled is done later', async () => {
    await a.cloud.control({ rules: [{ operation: 'CREATE', times: 2, fail: { code: 'ThrottlingException' } }] });
    expect(await a.apply('made', component(queue, 'throttled', { QueueName: 'throttled' }))).toEqual([]);
    expect((await told('throttled'))[0]).toBe('create succeeded 3');
    expect(await effects('/throttled')).toEqual(['CREATE']);
  });

  test('a request that failed before it did anything is made again under another token', async () => {
    const fail = { code: 'ServiceInternalError' };
    await a.cloud.control({ rules: [{ operation: 'CREATE', type: queue, fail }] });
    expect(await a.apply('made', component(queue, 'before', { QueueName: 'before' }))).toEqual([]);
    expect((await told('before'))[0]).toBe('create succeeded 2');
    expect(await effects('/before')).toEqual(['CREATE']);
  });

  test('one that failed after it was done is found, and not made twice', async () => {
    const fail = { code: 'NetworkFailure', when: 'after' };
    await a.cloud.control({ rules: [{ operation: 'CREATE', type: queue, fail }] });
    await a.apply('made', component(queue, 'after'));
    expect((await told('after'))[0]).toBe('create succeeded 1');
    const { QueueUrl } = (await a.payload('after'))!;
    expect(await effects(String(QueueUrl))).toEqual(['CREATE']);
  });

  test.each(['before', 'after'] as const)('an answer that is lost %s acting leads to one resource', async (drop) => {
    const name = `lost ${drop}`;
    const count = (await a.cloud.effects()).length;
    await a.cloud.control({ rules: [{ operation: 'CREATE', type: queue, drop }] });
    expect(await a.apply('made', component(queue, name))).toEqual([]);
    expect((await told(name))[0]).toBe('create succeeded 2');
    expect(await a.cloud.effects()).toHaveLength(count + 1);
  });

  test('an update and a deletion whose answers are lost are done once', async () => {
    await a.apply('made', component(queue, 'unsure', { QueueName: 'unsure' }));
    await a.cloud.control({
      rules: [
        { operation: 'UPDATE', drop: 'after' },
        { operation: 'DELETE', drop: 'after' },
      ],
    });
    expect(await a.apply('more', set('unsure', 'DelaySeconds', 2))).toEqual([]);
    expect(await a.apply('deleted', remove('unsure'))).toEqual([]);
    expect(await effects('/unsure')).toEqual(['CREATE', 'UPDATE', 'DELETE']);
  });

  test('an engine that ends while a request is under way leaves it to the next one', async () => {
    await a.cloud.control({ latencyMs: { CREATE: 1_500 } });
    const changeSet = await a.open('made');
    const count = (await a.cloud.effects()).length;
    await a.call('submit', { changeSet, mutations: [component(queue, 'handed on')] });
    await a.call('secret.use', { changeSet, secret: 'cloud' });
    await a.call('change_set.apply', { changeSet, waitMs: 20_000 });
    const accepted = async () => (await a.cloud.journal()).at(-1)!;
    await expect.poll(async () => (await accepted()).kind, { timeout: 20_000 }).toBe('accepted');
    await a.house.reopen();
    await a.quiet();
    expect((await told('handed on'))[0]).toMatch(/^create succeeded/);
    expect(await a.cloud.effects()).toHaveLength(count + 1);
  });

  test('what was refused is asked for anew once it is corrected', async () => {
    await a.apply('made', component(queue, 'taken', { QueueName: 'taken' }));
    const [failed] = await a.apply('same name', component(queue, 'second', { QueueName: 'taken' }));
    expect(failed!.failure!.message).toContain('AlreadyExists');
    expect(await a.apply('another name', set('second', 'QueueName', 'free'))).toEqual([]);
    expect(await a.payload('second')).toMatchObject({ QueueUrl: urlOf('free') });
    expect(await effects('/taken')).toEqual(['CREATE']);
  });

  test('a cloud that is not there is tried again, and found when it is back', async () => {
    const { file } = a.cloud;
    const port = new URL(a.cloud.address).port;
    await a.cloud.kill();
    const changeSet = await a.open('made');
    await a.call('submit', { changeSet, mutations: [component(queue, 'patient', { QueueName: 'patient' })] });
    await a.call('secret.use', { changeSet, secret: 'cloud' });
    await a.call('change_set.apply', { changeSet, waitMs: 20_000 });
    await expect.poll(async () => (await a.actions('patient'))[0]!.attempts, { timeout: 20_000 }).toBeGreaterThan(0);
    a.cloud = await CloudProcess.start(file, '--port', port);
    expect(await a.quiet()).toEqual([]);
    expect(await effects('/patient')).toEqual(['CREATE']);
  });
});

test('[EN325] without a credential nothing is asked for, and the reason is told', async () => {
  const changeSet = await a.open('bare');
  await a.call('submit', { changeSet, mutations: [component(queue, 'bare', { QueueName: 'bare' })] });
  await a.call('change_set.apply', { changeSet, waitMs: 20_000 });
  const [open] = await a.quiet();
  expect(open!.failure!.message).toContain('set a secret of the kind AWS Credential at /secrets/credential');
});

test('[EN324] a request is signed as the client of AWS signs it', async () => {
  const heard: { readonly headers: IncomingHttpHeaders; readonly body: string }[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const text of request.setEncoding('utf8')) body += text;
    heard.push({ headers: request.headers, body });
    response.writeHead(400).end('{"__type":"com.amazon#AccessDeniedException","message":"not you"}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const keys = { accessKeyId: 'AKIDEXAMPLE2', secretAccessKey: 'a secret/key+of=AWS', sessionToken: 'a session' };
  const changeSet = await a.open('signed');
  await a.call('secret.set', {
    changeSet,
    name: 'signed',
    definition: 'AWS Credential',
    content: {
      AccessKeyId: keys.accessKeyId,
      SecretAccessKey: keys.secretAccessKey,
      SessionToken: keys.sessionToken,
      Region: region,
      Endpoint: `http://${host}`,
    },
  });
  await a.call('submit', { changeSet, mutations: [component(queue, 'signed', { QueueName: 'signed – ü' })] });
  await a.call('secret.use', { changeSet, secret: 'signed' });
  await a.call('change_set.apply', { changeSet, waitMs: 20_000 });
  await a.quiet();
  server.close();
  expect((await a.actions('signed'))[0]!.failure!.message).toBe('AccessDeniedException: not you');
  const [{ headers, body }] = heard as [(typeof heard)[number]];
  expect(JSON.parse(body)).toMatchObject({ TypeName: queue, ClientToken: expect.stringMatching(/^[\w-]{60,128}$/) });
  const client = new CloudControlClient({ region, credentials: keys });
  const signer = Object.assign(await client.config.signer(), { applyChecksum: false });
  const [, y, m, d, h, min, s] = /^(....)(..)(..)T(..)(..)(..)Z$/.exec(String(headers['x-amz-date']))!;
  const { authorization } = (
    await signer.sign(
      {
        method: 'POST',
        protocol: 'http:',
        hostname: host,
        path: '/',
        query: {},
        headers: {
          host,
          'content-type': 'application/x-amz-json-1.0',
          'x-amz-target': 'CloudApiService.CreateResource',
        },
        body,
      },
      {
        signingDate: new Date(`${y}-${m}-${d}T${h}:${min}:${s}Z`),
        signingService: 'cloudcontrolapi',
        signingRegion: region,
      },
    )
  ).headers;
  expect(headers.authorization).toBe(authorization);
});

test('[EN330] what is there of a type is listed and taken over, with what it follows, and can be taken away', async () => {
  const client = a.cloud.client({ region });
  const vpc = await create(client, 'AWS::EC2::VPC', { CidrBlock: '10.9.0.0/16', EnableDnsSupport: true });
  const subnet = await create(client, 'AWS::EC2::Subnet', { VpcId: vpc.Identifier, CidrBlock: '10.9.1.0/24' });
  const secrets = { credential: secret };
  const changeSet = await a.open('take over');
  for (const [schema, { Identifier }] of [
    ['AWS::EC2::VPC', vpc],
    ['AWS::EC2::Subnet', subnet],
  ] as const) {
    const ask = { schema, secrets };
    const listed = await a.call<{ resources: { resourceId: string }[] }>('resource.list', ask);
    expect(listed.resources.map((r) => r.resourceId)).toContain(Identifier);
    const names = { [Identifier!]: `found ${schema}` };
    await a.call('resource.import', { changeSet, ...ask, resourceIds: [Identifier!], names });
  }
  expect(await a.applied(changeSet)).toEqual([]);
  const { sources } = await a.call<{ sources: { path: string; follows?: string }[] }>('component.get', {
    changeSet: 'HEAD',
    component: 'found AWS::EC2::Subnet',
  });
  expect(sources.flatMap((x) => (x.follows === undefined ? [] : [x.path]))).toContain('/domain/VpcId');
  const { actions } = await a.call<{ actions: { name: string }[] }>('action.pending');
  expect(actions.filter((x) => x.name.startsWith('found'))).toEqual([]);
  await a.apply('gone', remove('found AWS::EC2::VPC'), remove('found AWS::EC2::Subnet'));
  const gone = (await a.cloud.effects()).slice(-2);
  expect(gone).toEqual([`DELETE AWS::EC2::Subnet ${subnet.Identifier}`, `DELETE AWS::EC2::VPC ${vpc.Identifier}`]);
});
