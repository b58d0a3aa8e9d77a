// A run as the engine sees it, told of by runners in every wrong order: who had it before, who never had it, twice, late. And a
// batch of events that comes in parts, again, and not to be opened.

import { expect, test } from 'vitest';
import { parseAddress } from '../../src/adapters/nats/address.ts';
import { EventReceiver } from '../../src/adapters/nats/event_receiver.ts';
import { bytesOf, frameOf, type RunEvent } from '../../src/adapters/nats/protocol.ts';
import { RemoteRun } from '../../src/adapters/nats/remote_run.ts';
import { makeKeyPair, sealTo } from '../../src/adapters/nats/sealing.ts';
import { limits } from '../../src/base/limits.ts';
import type { Tier } from '../../src/model/run.ts';
import { request, short } from './world.ts';

function told(tier: Tier) {
  const heard: string[] = [];
  const run = new RemoteRun(request(tier, 'function main() {}'), {
    started: (atMs) => heard.push(`started ${atMs}`),
    log: (line) => heard.push(`${line.seq} ${line.text}`),
  });
  const of = (attempt: number, is: 'started' | 'log' | 'ended', value: number): RunEvent => {
    const about = { run: run.request.id, attempt };
    if (is === 'started') return { ...about, is, atMs: value };
    if (is === 'log') {
      return { ...about, is, line: { seq: value, atMs: 0, stream: 'output', text: `of ${attempt}` } };
    }
    const outcome = { ok: true, value: `${value}` } as const;
    return { ...about, is, report: { outcome, tookMs: 1, peakMemoryBytes: null, exit: null, runner: 'r' } };
  };
  return { run, heard, of };
}

test('[EN732] only the runner that has a run with effects is heard, until it has lost it', async () => {
  const { run, heard, of } = told('process');
  expect(run.tell('early', of(1, 'ended', 1))).toBe(false);
  run.holder = { instance: 'a', name: 'a', silentMs: 0 };
  run.tell('b', of(2, 'started', 5));
  expect(run.tell('b', of(2, 'ended', 2))).toBe(false);
  run.tell('a', of(1, 'started', 6));
  run.fail('runner_lost', 'a went away');
  run.tell('a', of(1, 'log', 1));
  expect(run.tell('a', of(1, 'ended', 3))).toBe(false);
  expect(short(await run.report)).toBe('runner_lost');
  expect(heard).toEqual(['started 6']);
});

test('[EN731][EN732] of a call that only computes the later attempt counts, lines are told once and without gaps', async () => {
  const { run, heard, of } = told('isolate');
  run.tell('a', of(1_001, 'started', 5));
  run.tell('a', of(1_001, 'log', 1));
  run.tell('b', of(1_002, 'started', 6));
  run.tell('b', of(1_002, 'log', 1));
  run.tell('b', of(1_002, 'log', 2));
  run.tell('b', of(1_002, 'log', 4));
  expect(run.tell('a', of(1_001, 'ended', 1))).toBe(false);
  expect(run.tell('b', of(1_002, 'ended', 2))).toBe(true);
  expect(run.tell('b', of(1_002, 'ended', 3))).toBe(false);
  expect(short(await run.report)).toBe('ok 2');
  expect(heard).toEqual(['started 5', '1 of 1001', '2 of 1002']);
});

test('[EN730][EN736] events come in parts and again, and each is told once; what is sealed to another is not', async () => {
  const keys = await makeKeyPair();
  const heard: string[] = [];
  const receiver = new EventReceiver(keys, (from, events) => heard.push(`${from} ${events.map((e) => e.run).join()}`));
  const batch = (_: number, run: string): Uint8Array => bytesOf({ events: [{ run, attempt: 1, is: 'authenticated' }] });
  const part = (
    n: number,
    at: number,
    parts: number,
    bytes: Uint8Array,
    more = {},
  ): ReturnType<EventReceiver['take']> =>
    receiver.take(frameOf({ instance: 'a', channel: 'c', batch: n, part: at, parts, isSealed: false, ...more }, bytes));
  const one = batch(1, 'one');
  expect(part(1, 0, 2, one.subarray(0, 9))).toEqual({ is: 'taken' });
  expect(part(1, 0, 2, one.subarray(0, 9))).toEqual({ is: 'taken' });
  expect(heard).toEqual([]);
  expect(part(1, 1, 2, one.subarray(9))).toEqual({ is: 'taken' });
  expect(part(1, 1, 2, one.subarray(9))).toEqual({ is: 'taken' });
  expect(part(2, 1, 2, one.subarray(9))).toEqual({ is: 'again', from: 0 });
  const sealed = sealTo(keys.publicKey, batch(2, 'two'))!;
  expect(part(2, 0, 1, sealed, { isSealed: true })).toEqual({ is: 'taken' });
  const other = sealTo((await makeKeyPair()).publicKey, batch(3, 'three'))!;
  expect(part(3, 0, 1, other, { isSealed: true })).toBeUndefined();
  // Another channel of the same runner begins anew.
  expect(part(1, 0, 1, batch(1, 'four'), { channel: 'd' })).toEqual({ is: 'taken' });
  receiver.forget('a');
  expect(part(9, 0, 1, batch(9, 'nine'))).toEqual({ is: 'taken' });
  expect(receiver.take(new Uint8Array([1, 2, 3]))).toBeUndefined();
  expect(heard).toEqual(['a one', 'a two', 'a four', 'a nine']);
});

test('[EN814] of more channels than an engine remembers it forgets the one that was silent longest', async () => {
  let told = 0;
  const receiver = new EventReceiver(await makeKeyPair(), () => told++);
  const take = (channel: number): void => {
    const head = { instance: 'a', channel: String(channel), batch: 1, part: 0, parts: 1, isSealed: false };
    expect(receiver.take(frameOf(head, bytesOf({ events: [] })))).toEqual({ is: 'taken' });
  };
  for (let n = 0; n < limits.natsChannelsMax; n++) take(n);
  take(0);
  expect(told).toBe(limits.natsChannelsMax);
  take(limits.natsChannelsMax);
  take(0);
  expect(told).toBe(limits.natsChannelsMax + 1);
  take(1);
  expect(told).toBe(limits.natsChannelsMax + 2);
});

test('[EN737][EN739] an address says server, credentials and installation; what is none is refused without being shown', () => {
  const parsed = parseAddress(
    'nats://me:p%40ss@a.example,nats://b.example:4333?installation=test&leaseMs=5000&replicas=3',
  );
  expect(parsed).toEqual({
    servers: ['a.example:4222', 'b.example:4333'],
    isSecured: false,
    user: 'me',
    password: 'p@ss',
    installation: 'test',
    leaseMs: 5_000,
    replicas: 3,
  });
  expect(parseAddress('tls://word@a.example')).toMatchObject({
    isSecured: true,
    token: 'word',
    installation: 'default',
  });
  const bad = [
    'a.example',
    'http://me:hidden@a.example',
    'nats://me:hidden@a.example?prefix=x',
    'nats://me:hidden@a.example?installation=A.b',
    'nats://me:hidden@a.example?leaseMs=1',
    'nats://me:hidden@a.example?replicas=many',
  ];
  for (const text of bad) {
    let message = '';
    try {
      parseAddress(text);
    } catch (e) {
      ({ message } = e as Error);
    }
    expect(message).toMatch(/^request_malformed: nats: expected /);
    expect(message).not.toContain('hidden');
  }
});
