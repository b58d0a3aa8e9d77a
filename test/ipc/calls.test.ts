// Calls between two ends in one process: every kind of answer, many at once, large ones, slow and ended ones.

import { existsSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { Fault, ok, refuse } from '../../src/base/result.ts';
import type { Handle } from '../../src/surfaces/ipc/connection.ts';
import { frameBytesMax } from '../../src/surfaces/ipc/frames.ts';
import { client, newFolder, serve } from './processes.ts';

const echo: Handle = async (_, params) => ok(params);

async function pair(handle: Handle, onBug?: (error: unknown, method: string) => void) {
  const folder = newFolder();
  const server = await serve({ folder, handle, ...(onBug === undefined ? {} : { onBug }) });
  return { server, caller: await client(folder) };
}

test('a value, a refusal, a fault and a bug arrive as what they are', async () => {
  const detail = { path: '/x', expected: 'a', got: 'b', hint: 'c', data: { ids: [1] } };
  const bugs: unknown[] = [];
  const { caller } = await pair(
    async (method) => {
      if (method === 'value') return ok({ n: 1, none: null, text: 'a\nb\u2028\ud800' });
      if (method === 'refusal') return refuse('component_not_found', detail);
      if (method === 'fault') throw new Fault('store_failed', 'no space', { full: true });
      throw new TypeError('broken');
    },
    (error, method) => bugs.push([(error as Error).name, method]),
  );
  expect(caller.serverPid).toBe(process.pid);
  expect(await caller.call('value', null)).toEqual(ok({ n: 1, none: null, text: 'a\nb\u2028\ud800' }));
  expect(await caller.call('refusal', null)).toEqual(refuse('component_not_found', detail));
  const fault = await caller.call('fault', null).catch((e: unknown) => e);
  expect(fault).toBeInstanceOf(Fault);
  expect(fault).toMatchObject({ code: 'store_failed', message: 'store_failed: no space', data: { full: true } });
  await expect(caller.call('bug', null)).rejects.toThrow('bug failed in the engine process: broken');
  expect(bugs).toEqual([['TypeError', 'bug']]);
});

test('an answer that JSON cannot carry is a bug, and the connection goes on', async () => {
  const { caller } = await pair(async (method) => ok(method === 'echo' ? 1 : (10n as unknown as Json)));
  await expect(caller.call('big', null)).rejects.toThrow(/BigInt/);
  expect(await caller.call('echo', null)).toEqual(ok(1));
});

test('the handler learns who calls, and its progress arrives before the answer and never after', async () => {
  const folder = newFolder();
  let late: (report: Json) => void = () => {};
  await serve({
    folder,
    handle: async (_, __, { peer, progress }) => {
      progress(1);
      progress({ done: 2 });
      late = progress;
      return ok({ ...peer });
    },
  });
  const [first, second] = [await client(folder), await client(folder)];
  const told: Json[] = [];
  expect(await first.call('x', null, (report) => told.push(report))).toEqual(ok({ connection: 1, pid: process.pid }));
  expect(told).toEqual([1, { done: 2 }]);
  late(3);
  expect(await second.call('x', null)).toEqual(ok({ connection: 2, pid: process.pid }));
  expect(told).toHaveLength(2);
});

test('calls of many clients run side by side and are answered in any order', async () => {
  const folder = newFolder();
  const waiting: (() => void)[] = [];
  const server = await serve({
    folder,
    handle: async (_, params) => {
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        // The last to come lets all go, the last first.
        if (waiting.length === 400) for (const go of waiting.reverse()) go();
      });
      return ok(params);
    },
  });
  const clients = await Promise.all(Array.from({ length: 8 }, () => client(folder)));
  expect(server.clients()).toBe(8);
  const order: string[] = [];
  const calls = clients.flatMap((caller, c) =>
    Array.from({ length: 50 }, async (_, n) => {
      const result = await caller.call('echo', { c, n });
      if (c === 0) order.push(`${n}`);
      expect(result).toEqual(ok({ c, n }));
    }),
  );
  await Promise.all(calls);
  expect(order).not.toEqual([...order].sort((a, b) => Number(a) - Number(b)));
});

test('more calls than a connection may run at once all come through', async () => {
  let running = 0;
  let most = 0;
  const { caller } = await pair(async (_, params) => {
    running++;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
    return ok(params);
  });
  const pad = 'x'.repeat(1_000);
  const results = await Promise.all(Array.from({ length: 10_000 }, (_, n) => caller.call('echo', { n, pad })));
  expect(results.every((r, n) => r.ok && (r.value as { n: number }).n === n)).toBe(true);
  expect(most).toBeLessThan(1_500);
});

test('ten megabytes go and come, several at once', async () => {
  const { caller } = await pair(echo);
  const large = 'é\u0001'.repeat(1_250_000) + 'x'.repeat(5_000_000);
  const results = await Promise.all([1, 2, 3].map((n) => caller.call('echo', { n, large })));
  expect(results.every((r, i) => r.ok && (r.value as { n: number }).n === i + 1)).toBe(true);
  expect(results.every((r) => r.ok && (r.value as { large: string }).large === large)).toBe(true);
});

test('parameters and answers over the bound are refused, and the connection goes on', async () => {
  const { caller } = await pair(async (method, params) =>
    method === 'echo' ? ok(params) : ok('x'.repeat(frameBytesMax)),
  );
  const tooLarge = { ok: false, refusal: { code: 'limit_exceeded' } };
  expect(await caller.call('echo', 'x'.repeat(frameBytesMax))).toMatchObject(tooLarge);
  expect(await caller.call('large', null)).toMatchObject(tooLarge);
  let deep: Json = 1;
  for (let i = 0; i < 100_000; i++) deep = [deep];
  expect(await caller.call('echo', deep)).toMatchObject(tooLarge);
  expect(await caller.call('echo', 1)).toEqual(ok(1));
});

test('drain answers what runs, turns new calls and connections away, and leaves no address', async () => {
  const folder = newFolder();
  let finish: () => void = () => {};
  const server = await serve({
    folder,
    handle: async (method) => {
      if (method === 'slow')
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
      return ok(method);
    },
  });
  const caller = await client(folder);
  const slow = caller.call('slow', null);
  await caller.call('fast', null);
  let isDrained = false;
  const drained = server.drain().then(() => {
    isDrained = true;
  });
  await expect(caller.call('fast', null)).rejects.toMatchObject({ code: 'connection_lost' });
  await vi.waitUntil(() => !existsSync(server.address));
  await expect(client(folder)).rejects.toThrow('nobody listens');
  expect(isDrained).toBe(false);
  finish();
  await drained;
  expect(await slow).toEqual(ok('slow'));
  await server.close();
  await expect(caller.call('fast', null)).rejects.toMatchObject({ code: 'connection_lost' });
  expect(server.clients()).toBe(0);
});

test('close ends running calls with connection_lost; twice is once', async () => {
  const { server, caller } = await pair(() => new Promise(() => {}));
  const lost = expect(caller.call('never', null)).rejects.toMatchObject({ code: 'connection_lost' });
  await Promise.all([server.close(), server.close()]);
  await lost;
  await server.close();
});

test('a client that closes ends its own calls and leaves the others alone', async () => {
  const folder = newFolder();
  let finish: () => void = () => {};
  const server = await serve({
    folder,
    handle: async (method) => {
      if (method === 'slow')
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
      return ok(1);
    },
  });
  const [first, second] = [await client(folder), await client(folder)];
  const lost = expect(first.call('slow', null)).rejects.toMatchObject({ code: 'connection_lost' });
  await second.call('fast', null);
  await first.close();
  await lost;
  finish();
  expect(await second.call('fast', null)).toEqual(ok(1));
  expect(server.clients()).toBe(1);
});
