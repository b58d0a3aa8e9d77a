// What the cloud does wrong when it is asked to: failures before and after the effect, connections that end, slowness,
// throttling; and what it says of a control document that is malformed.

import { CreateResourceCommand, GetResourceCommand, ListResourcesCommand } from '@aws-sdk/client-cloudcontrol';
import { beforeEach, describe, expect, test } from 'vitest';
import { CloudProcess, create, ended, get, refusal } from './world.ts';

const cloud = await CloudProcess.start();
const client = cloud.client();
const queue = 'AWS::SQS::Queue';
const topic = 'AWS::SNS::Topic';
let count = 0;

beforeEach(async () => {
  expect((await cloud.control({ rules: [], throttle: null })).status).toBe(200);
});

/** Sets the rules and answers how many effects there are so far. */
async function given(...rules: object[]): Promise<number> {
  expect((await cloud.control({ rules })).status).toBe(200);
  return (await cloud.effects()).length;
}

function next(type = queue): CreateResourceCommand {
  return new CreateResourceCommand({ TypeName: type, DesiredState: '{}', ClientToken: `c${count++}` });
}

describe('a rule', () => {
  test('[CC11] fails the n-th create of a type and as many after it as it says, without an effect', async () => {
    const before = await given({ operation: 'CREATE', type: queue, nth: 2, times: 2, fail: { code: 'Throttling' } });
    expect(await create(client, topic, {})).toMatchObject({ OperationStatus: 'SUCCESS' });
    const events = [];
    for (let i = 0; i < 4; i++) events.push(await create(client, queue, {}));
    expect(events.map((event) => event.ErrorCode)).toEqual([undefined, 'Throttling', 'Throttling', undefined]);
    expect(events[1]).toMatchObject({ OperationStatus: 'FAILED', StatusMessage: 'asked for by a rule' });
    expect(await cloud.effects()).toHaveLength(before + 3);
  });

  test('[CC11] fails after the effect, which is there', async () => {
    const before = await given({ type: queue, fail: { code: 'ServiceInternalError', when: 'after', message: 'lost' } });
    const event = await create(client, queue, {});
    expect(event).toMatchObject({
      OperationStatus: 'FAILED',
      ErrorCode: 'ServiceInternalError',
      StatusMessage: 'lost',
    });
    expect(await get(client, queue, event.Identifier!)).toMatchObject({ QueueUrl: event.Identifier });
    expect(await cloud.effects()).toHaveLength(before + 1);
  });

  test('[CC11] answers with an exception, before or after acting', async () => {
    const before = await given(
      { operation: 'CREATE', nth: 1, fail: { code: 'ServiceInternalErrorException' } },
      { operation: 'CREATE', nth: 2, fail: { code: 'NetworkFailureException', when: 'after' } },
    );
    expect(await refusal(client.send(next()))).toMatchObject({ name: 'ServiceInternalErrorException', status: 502 });
    expect(await cloud.effects()).toHaveLength(before);
    const command = next();
    expect(await refusal(client.send(command))).toMatchObject({ name: 'NetworkFailureException', status: 502 });
    expect(await cloud.effects()).toHaveLength(before + 1);
    // The client token leads to what was done.
    const { ProgressEvent } = await client.send(command);
    expect(ProgressEvent).toMatchObject({ OperationStatus: 'SUCCESS' });
    expect(await cloud.effects()).toHaveLength(before + 1);
  });

  test('[CC11] ends the connection, before or after acting', async () => {
    const before = await given({ operation: 'CREATE', drop: 'before' }, { operation: 'CREATE', nth: 2, drop: 'after' });
    expect((await refusal(client.send(next()))).status).toBe(0);
    expect(await cloud.effects()).toHaveLength(before);
    expect((await refusal(client.send(next()))).status).toBe(0);
    expect(await cloud.effects()).toHaveLength(before + 1);
  });

  test('[CC11] that ends the connection after acting is survived by a client that tries again, with one effect', async () => {
    const before = await given({ operation: 'CREATE', drop: 'after' });
    const { ProgressEvent } = await cloud.client({ maxAttempts: 3 }).send(next());
    expect(ProgressEvent).toMatchObject({ OperationStatus: 'SUCCESS' });
    expect(await cloud.effects()).toHaveLength(before + 1);
  });

  test('[CC11] makes a request slow, and a read fail', async () => {
    await given(
      { operation: 'CREATE', type: topic, delayMs: 60 },
      { operation: 'READ', nth: 2, fail: { code: 'InternalFailure' } },
    );
    const slow = await client.send(next(topic));
    expect(slow.ProgressEvent!.OperationStatus).not.toBe('SUCCESS');
    expect(await ended(client, slow.ProgressEvent!)).toMatchObject({ OperationStatus: 'SUCCESS' });
    const { Identifier } = await create(client, queue, {});
    const read = new GetResourceCommand({ TypeName: queue, Identifier: Identifier! });
    await client.send(read);
    expect(await refusal(client.send(read))).toMatchObject({ name: 'HandlerFailureException', status: 502 });
    await client.send(read);
  });

  test('[CC11] is not used up by what is refused or repeated', async () => {
    await given({ operation: 'CREATE', nth: 2, fail: { code: 'NotStabilized' } });
    const first = next();
    await client.send(first);
    await client.send(first);
    await refusal(client.send(new CreateResourceCommand({ TypeName: queue, DesiredState: '{"Unheard":1}' })));
    expect(await create(client, queue, {})).toMatchObject({ ErrorCode: 'NotStabilized' });
  });
});

describe('throttling', () => {
  test('[CC10] refuses what is over the rate with the time to wait, and nothing has happened', async () => {
    const before = (await cloud.effects()).length;
    await cloud.control({ throttle: { perSecond: 0.001, burst: 2 } });
    const sent = await Promise.allSettled([next(), next(), next(), next()].map((command) => client.send(command)));
    const refused = sent.filter((s) => s.status === 'rejected').map((s) => s.reason as Error);
    expect(refused.map((e) => e.name)).toEqual(['ThrottlingException', 'ThrottlingException']);
    expect(refused[0]).toMatchObject({ $metadata: { httpStatusCode: 429 } });
    expect(await cloud.effects()).toHaveLength(before + 2);
    const response = await fetch(cloud.address, {
      method: 'POST',
      headers: {
        authorization: 'AWS4-HMAC-SHA256 Credential=K/20260101/eu-west-1/cloudcontrolapi/aws4_request, Signature=0',
        'x-amz-target': 'CloudApiService.ListResources',
      },
      body: '{}',
    });
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  });

  test('[CC10] of a client that waits and tries again lets everything through in the end', async () => {
    await cloud.control({ throttle: { perSecond: 20, burst: 1 } });
    const patient = cloud.client({ maxAttempts: 10 });
    const answers = await Promise.all([next(), next(), next()].map((command) => patient.send(command)));
    expect(answers.map((a) => a.ProgressEvent!.OperationStatus)).toEqual(['SUCCESS', 'SUCCESS', 'SUCCESS']);
  });
});

describe('a control document', () => {
  const malformed: [string, unknown, string][] = [
    ['that is no object', [], 'expected an object'],
    ['with a member that is not known', { rule: [] }, 'rule is not one of'],
    ['with a rule that is malformed', { rules: [{}, { nth: 0 }] }, 'rules/1: nth'],
    ['with a code that is not known', { rules: [{ fail: { code: 'Oops' } }] }, 'rules/0: fail: code'],
    ['with an operation that is not known', { rules: [{ operation: 'GUESS' }] }, 'rules/0: operation'],
    ['with a rate of nothing', { throttle: { perSecond: 0 } }, 'throttle: perSecond'],
    ['with a negative latency', { latencyMs: { CREATE: -1 } }, 'latencyMs: CREATE'],
    ['with a moment that is not known', { rules: [{ drop: 'later' }] }, 'rules/0: drop'],
  ];
  test.each(malformed)('[CC15] %s is refused whole, and what is wrong is said', async (_title, document, said) => {
    const before = await (await fetch(`${cloud.address}/_control`)).json();
    const response = await cloud.control(
      Array.isArray(document) ? document : { throttle: { perSecond: 1 }, ...(document as object) },
    );
    expect(response.status).toBe(400);
    expect(((await response.json()) as { message: string }).message).toContain(said);
    expect(await (await fetch(`${cloud.address}/_control`)).json()).toEqual(before);
  });

  test('[CC15] over its size is refused', async () => {
    const response = await cloud.control({ rules: [], padding: 'x'.repeat(2 * 1024 * 1024) });
    expect(response.status).toBe(413);
    expect(await client.send(new ListResourcesCommand({ TypeName: topic }))).toBeDefined();
  });
});
