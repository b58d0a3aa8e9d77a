// One engine as a runner sees it, over a link of the test's own: when it ends what has effects, and when it gives up telling.

import { expect, test } from 'vitest';
import type { NatsLink } from '../../src/adapters/nats/connection.ts';
import { EngineContact } from '../../src/adapters/nats/engine_contact.ts';
import { bytesOf, frameOf, namesOf } from '../../src/adapters/nats/protocol.ts';
import { makeKeyPair } from '../../src/adapters/nats/sealing.ts';
import { newRun, sleep } from './world.ts';

type Ask = (subject: string) => Promise<Uint8Array>;

async function contactOver(leaseMs: number, ask: Ask, isCutOff = () => false): Promise<EngineContact> {
  const request = async (subject: string, _: Uint8Array, { timeout }: { readonly timeout: number }) => {
    const late = sleep(timeout).then(() => Promise.reject(new Error('timeout')));
    return { data: await Promise.race([ask(subject), late]) };
  };
  const connection = { request, isClosed: () => false };
  const link = { isUp: true, payloadBytesMax: 1_048_576, connection } as unknown as NatsLink;
  const [keys, engine] = [await makeKeyPair(), await makeKeyPair()];
  const slip = { node: 'n', key: engine.publicKey, leaseMs };
  return new EngineContact({
    link,
    names: namesOf('x'),
    instance: 'a',
    name: 'a',
    keys,
    slip,
    note: () => {},
    isCutOff,
  });
}

const never = new Promise<never>(() => {});

test.each(['events', 'claim'])(
  '[EN812] a late answer about %s keeps no run going past the lease that the engine counts',
  { timeout: 30_000 },
  async (what) => {
    const beganAtMs = performance.now();
    // The engine answers what comes at first, at once; the answer is on its way for most of a lease. Then nothing comes through.
    const contact = await contactOver(2_000, async (subject) => {
      if (!subject.endsWith(what) || performance.now() - beganAtMs > 100) return never;
      await sleep(1_300);
      return what === 'claim' ? frameOf({ is: 'granted', parts: 2 }, new Uint8Array()) : bytesOf({ is: 'taken' });
    });
    const run = newRun();
    let endedAfterMs = 0;
    contact.hold(run, () => {
      endedAfterMs ||= performance.now() - beganAtMs;
    });
    if (what === 'claim') contact.claim(run).catch(() => {});
    else
      contact.events.add({ run, attempt: 1, is: 'log', line: { seq: 1, atMs: 0, stream: 'output', text: '' } }, true);
    const timer = setInterval(() => contact.tick(performance.now()), 50);
    while (endedAfterMs === 0) await sleep(20);
    clearInterval(timer);
    expect(endedAfterMs).toBeLessThan(2_000);
    expect(contact.hasLost(run)).toBe(true);
  },
);

test('[EN813] what a runner has to tell is given up at once when it is to end and cut off, and what is added after', async () => {
  let isCutOff = false;
  const contact = await contactOver(
    2_000,
    () => Promise.reject(new Error('away')),
    () => isCutOff,
  );
  const line = { run: newRun(), attempt: 1, is: 'log', line: { seq: 1, atMs: 0, stream: 'output', text: '' } } as const;
  contact.events.add(line, false);
  const first = contact.events.taken();
  await sleep(50);
  expect(contact.events.isEmpty).toBe(false);
  isCutOff = true;
  expect(await first).toBe(false);
  contact.events.add(line, false);
  expect(await contact.events.taken()).toBe(false);
  expect(contact.events.isEmpty).toBe(true);
});
