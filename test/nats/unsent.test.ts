// What a runner has not told its engines yet: how much goes at once, what is not begun while much of it is there, and what
// becomes of it when it cannot be told.

import { expect, test } from 'vitest';
import { CallGate } from '../../src/adapters/nats/call_gate.ts';
import type { NatsLink } from '../../src/adapters/nats/connection.ts';
import { EventSender } from '../../src/adapters/nats/event_sender.ts';
import { type BatchHead, bytesOf, readFrame } from '../../src/adapters/nats/protocol.ts';
import { makeKeyPair } from '../../src/adapters/nats/sealing.ts';
import { limits } from '../../src/base/limits.ts';
import { endedBeforeItBegan, type Runner, type RunReport } from '../../src/ports/runner.ts';
import { newRun, request, sleep } from './world.ts';

async function senderOver(link: Partial<NatsLink>, notes: string[] = []): Promise<EventSender> {
  const { publicKey } = await makeKeyPair();
  return new EventSender({
    link: { isUp: true, payloadBytesMax: 64 * 1024 * 1024, ...link } as NatsLink,
    instance: 'a',
    subject: 'events',
    key: publicKey,
    heard: () => {},
    isGivenUp: () => false,
    note: (text) => notes.push(text),
  });
}

const linkThat = (answer: (frame: Uint8Array) => Promise<void>) => ({
  connection: {
    isClosed: () => false,
    request: async (_: string, frame: Uint8Array) => {
      await answer(frame);
      return { data: bytesOf({ is: 'taken' }) };
    },
  } as unknown as NatsLink['connection'],
});

const line = (seq: number, text: string) =>
  ({ run: newRun(), attempt: 1, is: 'log', line: { seq, atMs: 0, stream: 'output', text } }) as const;

test('[EN810] what has gathered goes in batches of a bounded size, all of it and in order', async () => {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const batches = new Map<number, Buffer>();
  const sender = await senderOver(
    linkThat(async (frame) => {
      const { head, body } = readFrame<BatchHead>(frame)!;
      batches.set(head.batch, Buffer.concat([batches.get(head.batch) ?? Buffer.alloc(0), body]));
      await opened;
    }),
  );
  const sizes = [10, 3_000_000, 3_000_000, 900_000, 10, 9_000_000, 10];
  for (const [at, size] of sizes.entries()) sender.add(line(at + 1, '"'.repeat(size / 2)), false);
  expect(sender.unsentBytes).toBeGreaterThan(15_000_000);
  await sleep(20);
  open();
  expect(await sender.taken()).toBe(true);
  expect(sender.unsentBytes).toBe(0);
  const told = [...batches.values()].map((b) => JSON.parse(b.toString()).events as { line: { seq: number } }[]);
  for (const [at, batch] of [...batches.values()].entries())
    expect(told[at]!.length === 1 || batch.length <= limits.natsBatchBytesMax + 1_024).toBe(true);
  expect(told.map((events) => events.map((e) => e.line.seq))).toEqual([[1, 2], [3, 4, 5], [6], [7]]);
});

test('[EN810] what cannot be told is given up with a note, and what comes later is told', async () => {
  const notes: string[] = [];
  let isBroken = true;
  const link = {
    ...linkThat(async () => {}),
    get payloadBytesMax(): number {
      if (isBroken) throw new RangeError('Invalid string length');
      return 1_048_576;
    },
  };
  const { publicKey: key } = await makeKeyPair();
  const about = { instance: 'a', subject: 'events', key, heard: () => {}, isGivenUp: () => false };
  const sender = new EventSender({ ...about, link: link as NatsLink, note: (text) => notes.push(text) });
  sender.add(line(1, 'x'), false);
  expect(await sender.taken()).toBe(false);
  expect(notes).toEqual(['an engine could not be told of its runs: Invalid string length']);
  isBroken = false;
  sender.add(line(2, 'y'), false);
  expect(await sender.taken()).toBe(true);
});

test('[EN810] calls wait while much is unsent, and a bounded number is under way; one that waits is ended on request', async () => {
  const ending: (() => void)[] = [];
  const report: RunReport = { ...endedBeforeItBegan, outcome: { ok: true, value: '1' }, runner: 'r' };
  const runner = {
    tier: 'isolate',
    capacity: { cpus: 1, memoryBytes: 1 },
    run: () => new Promise<RunReport>((resolve) => ending.push(() => resolve(report))),
    kill: () => false,
    close: async () => {},
  } as unknown as Runner;
  let unsent = 0;
  const gate = new CallGate(runner, () => unsent);
  const asked = Array.from({ length: limits.natsCallsPerCpuMax + 3 }, () => request('isolate', 'function main() {}'));
  const reports = asked.map((r) => gate.run(r, { started() {}, log() {} }));
  await sleep(5);
  expect(ending.length).toBe(limits.natsCallsPerCpuMax);
  const last = asked.at(-1)!;
  expect([gate.kill(last.id), gate.kill(last.id)]).toEqual([true, false]);
  expect(await reports.at(-1)).toEqual(endedBeforeItBegan);
  unsent = limits.natsUnsentBytesMax + 1;
  for (const end of ending.splice(0, 2)) end();
  await sleep(5);
  expect(ending.length).toBe(limits.natsCallsPerCpuMax - 2);
  unsent = 0;
  gate.look();
  await sleep(5);
  expect(ending.length).toBe(limits.natsCallsPerCpuMax);
  for (const end of ending) end();
  expect((await Promise.all(reports.slice(0, -1))).every((r) => r === report)).toBe(true);
});
