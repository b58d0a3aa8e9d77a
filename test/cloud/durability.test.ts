// The process is killed as a power cut would end it, and started again on the same journal.

import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CreateResourceCommand, ListResourcesCommand, UpdateResourceCommand } from '@aws-sdk/client-cloudcontrol';
import { describe, expect, test } from 'vitest';
import { LogFile } from '../../src/adapters/cloud/log_file.ts';
import { CloudProcess, create, ended, get, refusal, remove, temporaryFolder, update } from './world.ts';

const queue = 'AWS::SQS::Queue';
const role = 'AWS::IAM::Role';

/** A create of which the client token is given. */
function createCommand(token: string, desired: unknown = {}): CreateResourceCommand {
  return new CreateResourceCommand({ TypeName: queue, DesiredState: JSON.stringify(desired), ClientToken: token });
}

describe('a killed cloud', () => {
  test('[CC7] has everything that it answered, and goes on where it was', async () => {
    const first = await CloudProcess.start();
    const client = first.client();
    const kept = await create(client, queue, { QueueName: 'kept' }, 'kept');
    await update(client, queue, kept.Identifier!, [{ op: 'add', path: '/DelaySeconds', value: 3 }]);
    const gone = await create(client, queue, { QueueName: 'gone' });
    await remove(client, queue, gone.Identifier!);
    const before = await get(client, queue, kept.Identifier!);
    const journal = await first.journal();
    await first.kill();

    const second = await CloudProcess.start(first.file);
    const again = second.client();
    expect(await second.journal()).toEqual(journal);
    expect(await get(again, queue, kept.Identifier!)).toEqual(before);
    const listed = await again.send(new ListResourcesCommand({ TypeName: queue }));
    expect(listed.ResourceDescriptions!.map((d) => d.Identifier)).toEqual([kept.Identifier]);

    // [CC6] What was asked before the kill is the same request after it.
    const repeated = await again.send(createCommand('kept', { QueueName: 'kept' }));
    expect(repeated.ProgressEvent).toMatchObject({ RequestToken: kept.RequestToken, OperationStatus: 'SUCCESS' });
    expect(await second.effects()).toHaveLength(4);
    expect(await second.interrupt()).toBe(0);
  });

  test('[CC7] killed in the midst of many requests loses none that was answered and doubles none', async () => {
    let cloud = await CloudProcess.start();
    const answered = new Map<string, string>();
    const tokens = Array.from({ length: 120 }, (_, i) => `token-${i}`);
    for (let round = 0; round < 3; round++) {
      const client = cloud.client();
      const sent = tokens.map(async (token, i) => {
        if (i % 3 < round) return;
        const { ProgressEvent } = await client.send(createCommand(token, { QueueName: token }));
        answered.set(token, ProgressEvent!.RequestToken!);
      });
      const enough = round === 0 ? 20 : 60;
      const all = Promise.allSettled(sent);
      while (answered.size < enough) await Promise.race([all, new Promise((resolve) => setTimeout(resolve, 1))]);
      await cloud.kill();
      await all;
      cloud = await CloudProcess.start(cloud.file);
    }
    const client = cloud.client();
    for (const token of tokens) {
      const { ProgressEvent } = await client.send(createCommand(token, { QueueName: token }));
      expect(ProgressEvent).toMatchObject({ OperationStatus: 'SUCCESS' });
      const known = answered.get(token);
      if (known !== undefined) expect(ProgressEvent!.RequestToken).toBe(known);
    }
    expect(answered.size).toBeGreaterThanOrEqual(60);
    const effects = await cloud.effects();
    expect(effects).toHaveLength(tokens.length);
    expect(new Set(effects).size).toBe(tokens.length);
  });

  test('[CC7] carries out once what it had accepted and not begun, or was asked to fail', async () => {
    const first = await CloudProcess.start(undefined, '--latency', '1500');
    const client = first.client();
    await first.control({
      rules: [{ operation: 'CREATE', type: role, fail: { code: 'InternalFailure', when: 'after' } }],
    });
    const { ProgressEvent: waiting } = await client.send(createCommand('waiting'));
    const { ProgressEvent: failing } = await client.send(
      new CreateResourceCommand({ TypeName: role, DesiredState: '{"RoleName":"r","AssumeRolePolicyDocument":{}}' }),
    );
    expect(['PENDING', 'IN_PROGRESS']).toContain(waiting!.OperationStatus);
    await first.kill();

    const second = await CloudProcess.start(first.file);
    const again = second.client();
    expect(await ended(again, waiting!)).toMatchObject({ OperationStatus: 'SUCCESS' });
    // [CC11] What a rule decided is part of the request.
    expect(await ended(again, failing!)).toMatchObject({ OperationStatus: 'FAILED', ErrorCode: 'InternalFailure' });
    expect(await get(again, role, 'r')).toMatchObject({ RoleName: 'r' });
    expect(await second.effects()).toHaveLength(2);
  });
});

describe('a client token', () => {
  test('[CC6] asks once, however often and at once it is sent', async () => {
    const cloud = await CloudProcess.start();
    const client = cloud.client();
    const sent = await Promise.all(Array.from({ length: 20 }, () => client.send(createCommand('one'))));
    expect(new Set(sent.map((answer) => answer.ProgressEvent!.RequestToken)).size).toBe(1);
    expect(await cloud.effects()).toHaveLength(1);
    // The order of members is no part of what is asked.
    await client.send(createCommand('order', { QueueName: 'q', DelaySeconds: 1 }));
    await client.send(createCommand('order', { DelaySeconds: 1, QueueName: 'q' }));
    expect(await cloud.effects()).toHaveLength(2);
  });

  test('[CC6] with another body, operation or resource is a conflict', async () => {
    const cloud = await CloudProcess.start();
    const client = cloud.client();
    const { ProgressEvent } = await client.send(createCommand('mine'));
    const other = new UpdateResourceCommand({
      TypeName: queue,
      Identifier: ProgressEvent!.Identifier!,
      PatchDocument: '[]',
      ClientToken: 'mine',
    });
    for (const command of [client.send(createCommand('mine', { DelaySeconds: 1 })), client.send(other)])
      expect(await refusal(command)).toMatchObject({ name: 'ClientTokenConflictException', status: 409 });
    expect(await cloud.effects()).toHaveLength(1);
  });
});

describe('concurrent requests', () => {
  test('[CC8] are each an effect, and each of them is in the journal that another process reads', async () => {
    const cloud = await CloudProcess.start(undefined, '--latency', '20');
    const client = cloud.client();
    const made = await Promise.all(Array.from({ length: 60 }, (_, i) => create(client, queue, { QueueName: `q${i}` })));
    expect(new Set(made.map((event) => event.Identifier)).size).toBe(60);
    await Promise.all(made.slice(0, 30).map((event) => remove(client, queue, event.Identifier!)));
    const same = await Promise.all(Array.from({ length: 5 }, () => create(client, queue, { QueueName: 'same' })));
    expect(same.map((event) => event.OperationStatus).sort()).toEqual([...Array(4).fill('FAILED'), 'SUCCESS']);
    const effects = await cloud.effects();
    expect(effects.filter((effect) => effect.startsWith('CREATE'))).toHaveLength(61);
    expect(effects.filter((effect) => effect.startsWith('DELETE'))).toHaveLength(30);
    const inFile = readFileSync(cloud.file, 'utf8')
      .split('\n')
      .filter((line) => line.includes('"kind":"effect"'));
    expect(inFile).toHaveLength(effects.length);
  });
});

describe('the journal', () => {
  async function written(lines: number): Promise<string> {
    const file = join(temporaryFolder(), 'journal');
    const log = await LogFile.open(file, () => {});
    for (let i = 0; i < lines; i++) log.append({ kind: 'ended', token: `t${i}`, status: 'SUCCESS', atMs: i });
    await log.close();
    return file;
  }

  async function read(file: string): Promise<string[]> {
    const seen: string[] = [];
    const log = await LogFile.open(file, (entry) => seen.push(entry.kind === 'ended' ? entry.token : entry.kind));
    await log.close();
    return seen;
  }

  test('[CC13] cuts off a torn last line, at whatever byte it was torn, and is appended to behind it', async () => {
    const file = await written(2);
    const whole = readFileSync(file);
    const lastLine = whole.lastIndexOf(0x0a, whole.length - 2) + 1;
    for (const length of [lastLine, lastLine + 1, lastLine + 20, whole.length - 1]) {
      writeFileSync(file, whole);
      truncateSync(file, length);
      expect(await read(file)).toEqual(['opened', 't0']);
      const log = await LogFile.open(file, () => {});
      log.append({ kind: 'ended', token: 'next', status: 'SUCCESS', atMs: 0 });
      await log.close();
      expect(await read(file)).toEqual(['opened', 't0', 'next']);
    }
    writeFileSync(file, whole);
    appendFileSync(file, '\0\0\0\n');
    expect(await read(file)).toEqual(['opened', 't0', 't1']);
  });

  test('[CC13] with damage before the last line, a missing line or a newer format is a fault', async () => {
    const file = await written(3);
    const lines = readFileSync(file, 'utf8').split('\n');
    const withLines = (changed: string[]) => {
      writeFileSync(file, changed.join('\n'));
      return read(file);
    };
    await expect(withLines(lines.map((line, i) => (i === 1 ? line.slice(5) : line)))).rejects.toMatchObject({
      code: 'store_damaged',
    });
    await expect(withLines(lines.filter((_, i) => i !== 1))).rejects.toMatchObject({ code: 'store_damaged' });
    await expect(withLines(lines.map((l) => l.replace('"format":1', '"format":2')))).rejects.toMatchObject({
      code: 'store_version',
    });
    await expect(read(join(temporaryFolder(), 'no', 'folder'))).rejects.toMatchObject({ code: 'store_failed' });
  });

  test('[CC16] that can no longer be written makes nothing durable any more, and says so once and for all', async () => {
    const log = await LogFile.open(join(temporaryFolder(), 'journal'), () => {});
    await log.close();
    log.append({ kind: 'ended', token: 't', status: 'SUCCESS', atMs: 0 });
    for (let i = 0; i < 2; i++) await expect(log.durable()).rejects.toMatchObject({ code: 'store_failed' });
    expect(await log.failed).toMatchObject({ code: 'store_failed' });
  });

  test('[CC16] to which another process has written stops the one that finds it so', async () => {
    const first = await CloudProcess.start();
    const second = await CloudProcess.start(first.file);
    await create(second.client(), queue, {});
    // It may be gone before it has said why.
    await refusal(create(first.client(), queue, {}));
    expect(await first.exited()).toBe(1);
    await second.kill();
    const third = await CloudProcess.start(first.file);
    expect(await third.effects()).toHaveLength(1);
  });

  test('[CC13] that is no regular file is a fault', async () => {
    await expect(read('/dev/zero')).rejects.toMatchObject({ code: 'store_failed' });
  });
});
