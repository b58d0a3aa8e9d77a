// The owner as a process of its own: found by its folder, killed in the middle of a call, replaced; and the rights of
// what it leaves on disk.

import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { ok } from '../../src/base/result.ts';
import { connectIpc } from '../../src/surfaces/ipc/client.ts';
import { client, newFolder, serve, startOwner } from './processes.ts';

const echo = async (_: string, params: unknown) => ok(params as string);
const mode = (path: string) => statSync(path).mode & 0o777;
const timeoutMs = 2_000;

test('nobody listens where nothing is: no folder, an empty one, one with other things of that name', async () => {
  const folder = newFolder();
  expect(await connectIpc(folder, { timeoutMs })).toBeUndefined();
  mkdirSync(folder);
  expect(await connectIpc(folder, { timeoutMs })).toBeUndefined();
  writeFileSync(join(folder, 'engine.sock'), 'a file');
  expect(await connectIpc(folder, { timeoutMs })).toBeUndefined();
});

test.each([
  ['near', 0],
  ['far', 100],
])('kill -9 during a call is connection_lost, and the next owner takes the stale place (%s)', async (_, chars) => {
  const folder = newFolder(chars);
  const first = await startOwner(folder);
  const caller = await client(folder);
  expect(caller.serverPid).toBe(first.pid);
  expect(await caller.call('echo', 'x')).toEqual(ok('x'));
  let hanging: Promise<unknown> | undefined;
  await new Promise<void>((resolve) => {
    hanging = caller.call('hang', null, () => resolve()).catch((e: unknown) => e);
  });
  await first.kill();
  expect(await hanging).toMatchObject({
    code: 'connection_lost',
    message: expect.stringMatching(`${first.pid}.*hang`),
  });
  await expect(caller.call('echo', 1)).rejects.toMatchObject({ code: 'connection_lost' });
  expect(existsSync(first.address)).toBe(true);
  expect(await connectIpc(folder, { timeoutMs })).toBeUndefined();

  const second = await startOwner(folder);
  const again = await client(folder);
  expect(again.serverPid).toBe(second.pid);
  expect(await again.call('refuse', null)).toMatchObject({ refusal: { code: 'component_not_found', data: [1] } });
  await expect(again.call('fault', null)).rejects.toMatchObject({ code: 'store_failed', data: { full: true } });
  await expect(again.call('crash', null)).rejects.toThrow('a bug');
  await second.kill();
  // What the killed ones left behind is gone when the third has closed.
  const third = await serve({ folder, handle: echo });
  await third.close();
  expect(readdirSync(folder)).toEqual([]);
  expect([first, second, third].filter((owner) => existsSync(owner.address))).toEqual([]);
});

test('many calls from this process are answered by the other', async () => {
  const folder = newFolder();
  await startOwner(folder);
  const callers = await Promise.all(Array.from({ length: 4 }, () => client(folder)));
  const calls = callers.flatMap((caller, c) => Array.from({ length: 250 }, (_, n) => caller.call('echo', [c, n])));
  expect(await Promise.all(calls)).toEqual(
    callers.flatMap((_, c) => Array.from({ length: 250 }, (_, n) => ok([c, n]))),
  );
  const large = 'y'.repeat(10_000_000);
  expect(await callers[0]!.call('echo', large)).toEqual(ok(large));
});

test('folder, socket and address are for this user only', async () => {
  const near = await serve({ folder: newFolder(), handle: echo });
  expect(mode(near.address)).toBe(0o600);
  expect(mode(dirname(near.address))).toBe(0o700);
  expect(readdirSync(dirname(near.address))).toEqual(['engine.sock']);
  const folder = newFolder(100);
  const far = await serve({ folder, handle: echo });
  expect(far.address.length).toBeLessThan(100);
  expect(mode(far.address)).toBe(0o600);
  expect(mode(dirname(far.address))).toBe(0o700);
  expect(readdirSync(folder)).toEqual(['engine.addr']);
  expect(readFileSync(join(folder, 'engine.addr'), 'utf8')).toBe(far.address);
  expect(mode(join(folder, 'engine.addr'))).toBe(0o600);
});

test('a folder that exists keeps its rights, and a link to it leads to the same owner', async () => {
  const folder = newFolder();
  mkdirSync(folder);
  chmodSync(folder, 0o755);
  await serve({ folder, handle: echo });
  expect(mode(folder)).toBe(0o755);
  const link = `${folder}-link${'x'.repeat(100)}`;
  symlinkSync(folder, link);
  expect(await (await client(link)).call('echo', 1)).toEqual(ok(1));
});

test('a folder that cannot be listened in is a fault', async () => {
  const folder = newFolder();
  writeFileSync(folder, 'a file');
  await expect(serve({ folder, handle: echo })).rejects.toMatchObject({ code: 'store_failed' });
});

test.runIf(process.getuid?.() === 0)('a socket of a stranger is not talked to', async () => {
  const folder = newFolder();
  mkdirSync(folder);
  const stranger = createServer();
  await new Promise<void>((resolve) => stranger.listen(join(folder, 'engine.sock'), resolve));
  chownSync(join(folder, 'engine.sock'), 12_345, 12_345);
  await expect(connectIpc(folder, { timeoutMs })).rejects.toMatchObject({ code: 'store_failed' });
  stranger.close();
});
