// Messages that nobody of this version sends, at every subject that is listened to: they are nobody's, and whoever got one hears
// the next.

import { connect, type NatsConnection } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import type { NatsLink } from '../../src/adapters/nats/connection.ts';
import { Presence } from '../../src/adapters/nats/presence.ts';
import { bytesOf, type Hello, type Names, namesOf, read, readBatch } from '../../src/adapters/nats/protocol.ts';
import { QueueReader } from '../../src/adapters/nats/queue_reader.ts';
import { RemoteRun } from '../../src/adapters/nats/remote_run.ts';
import { openRunnerProcess } from '../../src/adapters/nats/runner_process.ts';
import type { Runner } from '../../src/ports/runner.ts';
import { request, short, until, worldsOfTests } from './world.ts';

const at = worldsOfTests();
const room = { capacity: { cpus: 1, memoryBytes: 1 }, confinement: { holds: ['it'], missing: [] } };
const hello = { version: 2, instance: 'a', name: 'a', pool: 'default', tiers: { isolate: room }, isLeaving: false };
const helloes: readonly object[] = [
  { ...hello, tiers: { isolate: null } },
  { ...hello, tiers: null },
  { ...hello, tiers: { isolate: { ...room, capacity: { cpus: '1', memoryBytes: 1 } } } },
  { ...hello, tiers: { isolate: { ...room, confinement: { holds: [null], missing: [] } } } },
  { ...hello, pool: 5 },
];
const nameless: readonly object[] = [
  { ...hello, instance: 'a b' },
  { ...hello, instance: 7, version: 1 },
  { ...hello, instance: '*', pool: 5 },
];
const ended = { outcome: { ok: true, value: '1' }, tookMs: 1, peakMemoryBytes: null, exit: null, runner: 'r' };
const about = { run: 'r', attempt: 1 };
const noEvents: readonly unknown[] = [
  null,
  7,
  { ...about, is: 'log' },
  { ...about, is: 'log', line: { seq: 1, atMs: 1, stream: 'output' } },
  { ...about, is: 'left', texts: 'x' },
  { ...about, is: 'ended' },
  { ...about, is: 'ended', report: { ...ended, outcome: null } },
  { ...about, is: 'ended', report: { ...ended, outcome: { ok: false, code: 'toString', message: '' } } },
  { ...about, is: 'fault' },
  { ...about, is: 'unheard of' },
  { is: 'authenticated' },
];

test('[EN811] a hello that cannot be read is refused, with an answer where there is somebody to have it', () => {
  const presence = new Presence();
  for (const bad of helloes)
    expect(presence.heard(bad as Hello), JSON.stringify(bad)).toEqual({ isNews: false, text: expect.any(String) });
  for (const bad of nameless) expect(presence.heard(bad as Hello), JSON.stringify(bad)).toEqual({ isNews: false });
  expect(presence.served()).toEqual([]);
  expect(presence.heard(hello as Hello)).toEqual({ isNews: true });
});

test('[EN811] events that cannot be read are left out, and the others of their batch are told', () => {
  const good = { ...about, is: 'ended', report: ended };
  expect(readBatch(bytesOf({ events: [...noEvents, good] }))).toEqual([good]);
  expect(readBatch(bytesOf({ events: null }))).toBeUndefined();
});

test('[EN811] a run whose listener throws is over, and the one that told it hears nothing of that', async () => {
  const run = new RemoteRun(request('isolate', 'function main() {}'), {
    started: () => {
      throw new Error('not now');
    },
    log: () => {},
  });
  expect(run.tell('a', { run: run.request.id, attempt: 1, is: 'started', atMs: 1 })).toBe(true);
  const { outcome } = await run.report;
  expect(outcome).toMatchObject({ ok: false, code: 'runner_lost', message: expect.stringContaining('not now') });
  expect(short(await run.report)).toBe('runner_lost');
});

async function connected(): Promise<{ connection: NatsConnection; names: Names }> {
  const connection = await connect({ servers: `127.0.0.1:${at.server.port}`, user: 'engine', pass: 'e:ng@ine' });
  return { connection, names: namesOf(new URLSearchParams(at.world.query).get('installation')!) };
}

test('[EN811] an engine hears on after messages that nobody of this version sends', async () => {
  const { connection, names } = await connected();
  try {
    let node = '';
    connection.subscribe(names.engines, {
      callback: (_, m) => {
        node ||= read<{ node: string }>(m.data)!.node;
      },
    });
    await connection.flush();
    const engine = await at.world.engine();
    await until(() => node !== '');
    const run = request('isolate', 'function main() {}');
    connection.publish(names.hello, bytesOf(hello));
    void (await engine.runner('isolate')).run(run, { started() {}, log() {} }).catch(() => {});
    const head = { instance: 'a', channel: 'c', batch: 1, part: 0, parts: 1, isSealed: false };
    const batch = `${JSON.stringify(head)}\n${JSON.stringify({ events: noEvents })}`;
    const said: [string, string][] = [
      ...[...helloes, ...nameless].map((h): [string, string] => [names.hello, JSON.stringify(h)]),
      [names.hello, 'null'],
      [names.engines, JSON.stringify({ version: 2, node: 'x', pools: { 'isolate/default': null }, isLeaving: false })],
      [names.claim(node), JSON.stringify({ instance: 'a', name: 'a', key: 7, run: run.id, part: 0 })],
      [names.held(node), JSON.stringify({ instance: null, runs: [null, 7] })],
      [names.events(node), batch],
    ];
    for (const [subject, text] of said) {
      connection.publish(subject, text, { reply: 'nobody' });
      const answer = await connection.request(names.held(node), bytesOf({ instance: 'a', runs: [] }), {
        timeout: 4_000,
      });
      expect(read(answer.data), text).toEqual({ lost: [], unwanted: [] });
    }
    expect(engine.notes).toEqual([]);
  } finally {
    await connection.close();
  }
});

test('[EN811] a runner hears on after messages that nobody of this version sends', async () => {
  const { connection, names } = await connected();
  const notes: string[] = [];
  const runner = {
    ...room,
    tier: 'isolate',
    kill: () => {
      throw new Error('no such run');
    },
    close: async () => {},
  } as unknown as Runner;
  let greetings = 0;
  connection.subscribe(names.hello, {
    callback: () => {
      greetings++;
    },
  });
  await connection.flush();
  const url = at.server.urlOf('runner', at.world.query);
  const note = (text: string) => notes.push(text);
  const opened = await openRunnerProcess({ url, pool: 'default', name: 'r', runners: [runner], note });
  try {
    for (const said of ['null', '{"unwanted":5}', '{"unwanted":[null]}', '{"refused":{}}', '{"unwanted":["r"]}']) {
      connection.publish(names.unwanted, said);
      const before = greetings;
      // Oftener than it says that it is there of its own accord.
      for (let n = 0; n < 5; n++) connection.publish(names.call);
      await until(() => greetings >= before + 5);
    }
    expect(notes.filter((text) => text.includes('refused') || text.includes('does not use'))).toEqual([]);
  } finally {
    await opened.drain();
    await connection.close();
  }
});

test('[EN811] what goes wrong with a slip that comes is told by the reader of the queue, and it reads on', () => {
  let callback = (_: null, __: object): void => {};
  let ends = 0;
  let arrivals = 0;
  const connection = {
    subscribe: (_: string, options: { callback: typeof callback }) => {
      callback = options.callback;
      return { unsubscribe: () => {} };
    },
    publish: () => {},
  };
  const reader = new QueueReader({
    link: { connection, inbox: () => '_INBOX.x' } as unknown as NatsLink,
    names: namesOf('x'),
    tier: 'isolate',
    pool: 'default',
    arrived: () => {
      arrivals++;
      throw new Error('not now');
    },
    ended: () => ends++,
  });
  const slip = {
    data: bytesOf({}),
    subject: 'headwater.x.queue.isolate.default.interactive',
    reply: '$JS.ACK.s.c.1.1.1.1.0',
  };
  callback(null, slip);
  expect([arrivals, ends]).toEqual([1, 1]);
  expect(() => reader.check()).toThrow('not now');
  callback(null, slip);
  expect(arrivals).toBe(2);
  reader.close();
});
