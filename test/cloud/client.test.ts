// The real client over real HTTP: every operation, what is refused, what is made up and what stays as it was.

import {
  CancelResourceRequestCommand,
  CreateResourceCommand,
  DeleteResourceCommand,
  GetResourceCommand,
  GetResourceRequestStatusCommand,
  ListResourceRequestsCommand,
  ListResourcesCommand,
  NotUpdatableException,
  ResourceNotFoundException,
  TypeNotFoundException,
  UpdateResourceCommand,
  waitUntilResourceRequestSuccess,
} from '@aws-sdk/client-cloudcontrol';
import { describe, expect, test } from 'vitest';
import { CloudProcess, create, ended, get, refusal, remove, update } from './world.ts';

const cloud = await CloudProcess.start();
const client = cloud.client();
const vpc = 'AWS::EC2::VPC';
const role = 'AWS::IAM::Role';
const queue = 'AWS::SQS::Queue';

describe('a resource', () => {
  test('[CC1] is created, read, updated, listed and deleted by the client as it is', async () => {
    const created = await create(client, vpc, { CidrBlock: '10.0.0.0/16' });
    expect(created).toMatchObject({ OperationStatus: 'SUCCESS', Operation: 'CREATE', TypeName: vpc });
    expect(created.EventTime).toBeInstanceOf(Date);
    const identifier = created.Identifier!;
    expect(identifier).toMatch(/^vpc-[0-9a-f]{17}$/);
    const before = await get(client, vpc, identifier);
    expect(before).toMatchObject({ CidrBlock: '10.0.0.0/16', VpcId: identifier });
    expect(JSON.parse(created.ResourceModel!)).toEqual(before);

    const patch = [
      { op: 'test', path: '/CidrBlock', value: '10.0.0.0/16' },
      { op: 'add', path: '/Tags', value: [{ Key: 'a', Value: '1' }] },
      { op: 'add', path: '/Tags/-', value: { Key: 'b', Value: '2' } },
    ];
    expect(await update(client, vpc, identifier, patch)).toMatchObject({ OperationStatus: 'SUCCESS' });
    const tags = [
      { Key: 'a', Value: '1' },
      { Key: 'b', Value: '2' },
    ];
    expect(await get(client, vpc, identifier)).toEqual({ ...(before as object), Tags: tags });

    const listed = await client.send(new ListResourcesCommand({ TypeName: vpc }));
    expect(listed.ResourceDescriptions).toEqual([
      { Identifier: identifier, Properties: JSON.stringify({ VpcId: identifier }) },
    ]);
    expect(await remove(client, vpc, identifier)).toMatchObject({ OperationStatus: 'SUCCESS', Identifier: identifier });
    expect((await client.send(new ListResourcesCommand({ TypeName: vpc }))).ResourceDescriptions).toEqual([]);
    const gone = client.send(new GetResourceCommand({ TypeName: vpc, Identifier: identifier }));
    await expect(gone).rejects.toBeInstanceOf(ResourceNotFoundException);
  });

  test('[CC1] is waited for with the waiter of the client', async () => {
    const { ProgressEvent: first } = await client.send(
      new CreateResourceCommand({ TypeName: queue, DesiredState: '{}' }),
    );
    const waited = await waitUntilResourceRequestSuccess(
      { client, maxWaitTime: 30, minDelay: 1, maxDelay: 1 },
      { RequestToken: first!.RequestToken! },
    );
    expect(waited.state).toBe('SUCCESS');
  });

  test('[CC4] has identifier and reported properties of its own, which an update leaves alone', async () => {
    const [one, two] = await Promise.all([create(client, queue, {}), create(client, queue, {})]);
    expect(one.Identifier).not.toBe(two.Identifier);
    const before = (await get(client, queue, one.Identifier!)) as { Arn: string; QueueUrl: string };
    expect(before.Arn).toMatch(/^arn:aws:sqs:eu-central-1:\d{12}:queue-/);
    expect(before.QueueUrl).toBe(one.Identifier);
    await update(client, queue, one.Identifier!, [{ op: 'add', path: '/DelaySeconds', value: 5 }]);
    expect(await get(client, queue, one.Identifier!)).toEqual({ ...before, DelaySeconds: 5 });
  });

  test('[CC4] whose identifier has several parts names them all', async () => {
    const made = await create(client, 'AWS::ApiGateway::Resource', {
      RestApiId: 'api',
      ParentId: 'root',
      PathPart: 'x',
    });
    expect(made.Identifier).toMatch(/^api\|resource-/);
  });

  test('[CC14] is of the region that the request is signed for, or of none', async () => {
    const elsewhere = cloud.client({ region: 'us-west-2' });
    const here = await create(client, vpc, {});
    const read = new GetResourceCommand({ TypeName: vpc, Identifier: here.Identifier! });
    expect(await refusal(elsewhere.send(read))).toMatchObject({ name: 'ResourceNotFoundException' });
    await create(client, role, { RoleName: 'everywhere', AssumeRolePolicyDocument: {} });
    expect(await get(elsewhere, role, 'everywhere')).toMatchObject({
      Arn: 'arn:aws:iam::123456789012:role/everywhere',
    });
  });
});

describe('what is refused', () => {
  const desired = (type: string, document: unknown) =>
    client.send(new CreateResourceCommand({ TypeName: type, DesiredState: JSON.stringify(document) }));

  test('[CC2] an unknown type, and one that has no identifier', async () => {
    await expect(desired('AWS::No::Such', {})).rejects.toBeInstanceOf(TypeNotFoundException);
    expect(await refusal(desired('AWS::OpsWorks::Stack', {}))).toMatchObject({
      name: 'UnsupportedActionException',
      status: 405,
    });
  });

  test('[CC2] everything that is wrong with a desired state is said, and nothing has happened', async () => {
    const before = await cloud.journal();
    const refused = await refusal(
      desired(role, { Arn: 'arn', RoleName: 7, Tags: [{ Key: 'only' }], Policies: {}, Unheard: 1 }),
    );
    expect(refused).toMatchObject({ name: 'InvalidRequestException', status: 400 });
    for (const said of [
      '#: required key [AssumeRolePolicyDocument] not found',
      '#/Arn: the property is read-only',
      '#/RoleName: expected type: string, found: Number',
      '#/Tags/0: required key [Value] not found',
      '#/Policies: expected type: JSONArray, found: JSONObject',
      '#: extraneous key [Unheard] is not permitted',
    ])
      expect(refused.message).toContain(said);
    expect(await refusal(desired('AWS::S3::Bucket', { AbacStatus: 'Perhaps' }))).toMatchObject({
      message: expect.stringContaining('#/AbacStatus: expected one of "Enabled", "Disabled"'),
    });
    const broken = new CreateResourceCommand({ TypeName: role, DesiredState: '{' });
    expect(await refusal(client.send(broken))).toMatchObject({ name: 'InvalidRequestException' });
    expect(await cloud.journal()).toEqual(before);
  });

  test('[CC3] an update of what only a create may set, or of what only the cloud reports', async () => {
    await create(client, role, { RoleName: 'fixed', Path: '/a/', AssumeRolePolicyDocument: {} });
    const patch = (...steps: unknown[]) => update(client, role, 'fixed', steps);
    await expect(patch({ op: 'replace', path: '/Path', value: '/b/' })).rejects.toBeInstanceOf(NotUpdatableException);
    expect((await refusal(patch({ op: 'remove', path: '/Path' }))).message).toContain('[/properties/Path]');
    expect(await refusal(patch({ op: 'replace', path: '/RoleId', value: 'x' }))).toMatchObject({
      name: 'InvalidRequestException',
      message: expect.stringContaining('readOnlyProperties [/properties/RoleId]'),
    });
  });

  test('[CC3] a patch of which one operation does not apply, or that leaves a state which is not allowed', async () => {
    await create(client, role, { RoleName: 'whole', AssumeRolePolicyDocument: {} });
    const before = await get(client, role, 'whole');
    const first = { op: 'add', path: '/Description', value: 'new' };
    for (const second of [
      { op: 'test', path: '/RoleName', value: 'another' },
      { op: 'remove', path: '/NotThere' },
      { op: 'add', path: '/Tags/-', value: { Key: 'a', Value: 'b' } },
      { op: 'add', path: '/Unheard', value: 1 },
      { op: 'remove', path: '/AssumeRolePolicyDocument' },
      { op: 'add', path: '/__proto__/x', value: 1 },
      { op: 'turn', path: '/Description' },
      { op: 'add', path: 'Description', value: 'x' },
      { op: 'add', path: '/Description' },
      { op: 'move', path: '/Description' },
    ])
      expect(await refusal(update(client, role, 'whole', [first, second]))).toMatchObject({
        name: 'InvalidRequestException',
      });
    expect(await get(client, role, 'whole')).toEqual(before);
  });

  test('[CC9] a create of what is there, a delete and an update of what is not', async () => {
    const role2 = { RoleName: 'twice', AssumeRolePolicyDocument: {} };
    await create(client, role, role2);
    expect(await create(client, role, role2)).toMatchObject({ OperationStatus: 'FAILED', ErrorCode: 'AlreadyExists' });
    expect(await remove(client, role, 'nobody')).toMatchObject({ OperationStatus: 'FAILED', ErrorCode: 'NotFound' });
    expect(await refusal(update(client, role, 'nobody', []))).toMatchObject({
      name: 'ResourceNotFoundException',
      status: 404,
    });
  });

  test('[CC12] a request without the scope of its credentials, one for another service, and a web page', async () => {
    const call = async (headers: Record<string, string>) => {
      const response = await fetch(cloud.address, {
        method: 'POST',
        headers: { 'x-amz-target': 'CloudApiService.ListResources', ...headers },
        body: JSON.stringify({ TypeName: vpc }),
      });
      return [response.status, ((await response.json()) as { __type?: string }).__type?.split('#')[1]];
    };
    const scoped = (scope: string) => `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=00`;
    const good = scoped('KEY/20260101/eu-central-1/cloudcontrolapi/aws4_request');
    expect(await call({ authorization: good })).toEqual([200, undefined]);
    expect(await call({})).toEqual([403, 'MissingAuthenticationTokenException']);
    expect(await call({ authorization: 'Bearer token' })).toEqual([400, 'IncompleteSignatureException']);
    expect(await call({ authorization: scoped('KEY') })).toEqual([400, 'IncompleteSignatureException']);
    expect(await call({ authorization: scoped('KEY/20260101/eu-central-1/s3/aws4_request') })).toEqual([
      403,
      'InvalidSignatureException',
    ]);
    expect(await call({ authorization: good, origin: 'https://example.org' })).toEqual([403, 'AccessDeniedException']);
    expect(await call({ authorization: good, 'x-amz-target': 'CloudApiService.Guess' })).toEqual([
      400,
      'UnknownOperationException',
    ]);
  });
});

describe('requests', () => {
  test('[CC5] are pending or in progress until their time has come, and end once', async () => {
    await cloud.control({ latencyMs: { UPDATE: 600_000, DELETE: 100 } });
    const { Identifier: identifier } = await create(client, queue, {});
    const { ProgressEvent: first } = await client.send(
      new DeleteResourceCommand({ TypeName: queue, Identifier: identifier! }),
    );
    expect(['PENDING', 'IN_PROGRESS']).toContain(first!.OperationStatus);
    expect(await ended(client, first!)).toMatchObject({ OperationStatus: 'SUCCESS' });
    const lines = (await cloud.journal()).filter((line) => line.token === first!.RequestToken);
    expect(lines.map((line) => line.kind)).toEqual(['accepted', 'effect', 'ended']);
  });

  test('[CC9] of one resource come one after the other', async () => {
    const { Identifier } = await create(client, queue, {});
    const patch = JSON.stringify([{ op: 'add', path: '/DelaySeconds', value: 5 }]);
    const change = { TypeName: queue, Identifier, PatchDocument: patch };
    const { ProgressEvent: first } = await client.send(new UpdateResourceCommand(change));
    expect(await refusal(client.send(new UpdateResourceCommand(change)))).toMatchObject({
      name: 'ConcurrentOperationException',
      status: 409,
    });
    expect(await refusal(remove(client, queue, Identifier!))).toMatchObject({ name: 'ConcurrentOperationException' });

    // [CC1] It is cancelled, and the resource is as before and free again.
    const cancelled = await client.send(new CancelResourceRequestCommand({ RequestToken: first!.RequestToken! }));
    expect(cancelled.ProgressEvent).toMatchObject({ OperationStatus: 'CANCEL_COMPLETE' });
    expect(await get(client, queue, Identifier!)).not.toHaveProperty('DelaySeconds');
    expect(await remove(client, queue, Identifier!)).toMatchObject({ OperationStatus: 'SUCCESS' });
    const late = client.send(new CancelResourceRequestCommand({ RequestToken: first!.RequestToken! }));
    expect((await late).ProgressEvent).toMatchObject({ OperationStatus: 'CANCEL_COMPLETE' });
  });

  test('[CC1] are listed by operation and status, page by page, each once', async () => {
    const statuses = { Operations: ['CREATE' as const], OperationStatuses: ['SUCCESS' as const] };
    const seen: string[] = [];
    for (let token: string | undefined; ; ) {
      const page = await client.send(
        new ListResourceRequestsCommand({
          ResourceRequestStatusFilter: statuses,
          MaxResults: 3,
          ...(token === undefined ? {} : { NextToken: token }),
        }),
      );
      for (const event of page.ResourceRequestStatusSummaries!) {
        expect(event).toMatchObject({ Operation: 'CREATE', OperationStatus: 'SUCCESS' });
        seen.push(event.RequestToken!);
      }
      token = page.NextToken;
      if (token === undefined) break;
    }
    const lines = await cloud.journal();
    const succeeded = new Set(lines.filter((l) => l.kind === 'ended' && l.status === 'SUCCESS').map((l) => l.token));
    const creates = lines.filter((l) => l.kind === 'accepted' && l.operation === 'CREATE').map((l) => l.token!);
    expect(seen).toEqual(creates.filter((token) => succeeded.has(token)));
    expect(await refusal(client.send(new GetResourceRequestStatusCommand({ RequestToken: 'none' })))).toMatchObject({
      name: 'RequestTokenNotFoundException',
      status: 404,
    });
  });

  test('[CC1] of a listing give every resource once while others come and go', async () => {
    const type = 'AWS::SNS::Topic';
    const names = Array.from({ length: 12 }, (_, i) => `topic-${String(i).padStart(2, '0')}`);
    const made = await Promise.all(names.map((TopicName) => create(client, type, { TopicName })));
    const first = await client.send(new ListResourcesCommand({ TypeName: type, MaxResults: 5 }));
    await remove(client, type, first.ResourceDescriptions![1]!.Identifier!);
    const rest = await client.send(
      new ListResourcesCommand({ TypeName: type, MaxResults: 100, NextToken: first.NextToken! }),
    );
    expect(rest.NextToken).toBeUndefined();
    const seen = [...first.ResourceDescriptions!, ...rest.ResourceDescriptions!].map((d) => d.Identifier);
    expect(seen).toEqual(made.map((event) => event.Identifier).sort());
    const filtered = await client.send(
      new ListResourcesCommand({ TypeName: type, ResourceModel: JSON.stringify({ TopicName: names[7] }) }),
    );
    expect(filtered.ResourceDescriptions!.map((d) => d.Identifier)).toEqual([made[7]!.Identifier]);
  });
});
