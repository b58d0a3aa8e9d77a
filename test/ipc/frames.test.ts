// The stream of frames: cut anywhere it is the same; what is no frame, too long or of another protocol is refused.

import { createServer, type Server } from 'node:net';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { ok } from '../../src/base/result.ts';
import { bind } from '../../src/surfaces/ipc/address.ts';
import { connectIpc } from '../../src/surfaces/ipc/client.ts';
import { FrameReader, frameBytesMax, parseClientFrame, parseServerFrame } from '../../src/surfaces/ipc/frames.ts';
import { newFolder, Stranger, serve } from './processes.ts';

const hello = { type: 'hello', protocols: [1], pid: 7 };
const call = (id: number) => ({ type: 'call', id, method: 'echo', params: id });
const malformed = { type: 'refused', refusal: { code: 'request_malformed' } };

async function echoing(): Promise<string> {
  const server = await serve({ folder: newFolder(), handle: async (_, params) => ok(params) });
  return server.address;
}

test('a stream cut anywhere gives the same lines', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text))),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      (texts, cuts) => {
        const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(''));
        const reader = new FrameReader();
        const lines: string[] = [];
        for (let at = 0, i = 0; at < bytes.length; at += cuts[i % cuts.length]!, i++) {
          const piece = bytes.subarray(at, at + cuts[i % cuts.length]!);
          lines.push(...reader.push(piece).lines.map((line) => line.toString()));
        }
        expect(lines).toEqual(texts);
      },
    ),
  );
});

test('a line ends at the bound, whether its newline comes or not', () => {
  const half = Buffer.alloc(frameBytesMax / 2, 'x');
  const reader = new FrameReader();
  expect(reader.push(half)).toEqual({ lines: [], isOver: false });
  expect(reader.push(half)).toEqual({ lines: [], isOver: true });
  const other = new FrameReader();
  other.push(half);
  expect(other.push(half.subarray(1)).isOver).toBe(false);
  expect(other.push(Buffer.from('\n')).lines[0]).toHaveLength(frameBytesMax - 1);
});

test('junk is never taken for a frame, and never throws', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      expect(parseClientFrame(Buffer.from(text)).ok).toBe(false);
      expect(parseServerFrame(Buffer.from(text))).toBeUndefined();
    }),
  );
  for (const type of ['hello', 'refused', 'progress', 'value', 'refusal', 'fault', 'bug'])
    expect(parseServerFrame(Buffer.from(JSON.stringify({ type })))).toBeUndefined();
});

test('frames that come byte by byte, and several in one piece, are answered', async () => {
  const stranger = new Stranger(await echoing());
  for (const byte of Buffer.from(`${JSON.stringify(hello)}\n${JSON.stringify(call(1))}\n`)) {
    stranger.socket.write(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  stranger.say(call(2), call(3));
  expect(await stranger.hears(4)).toEqual([
    { type: 'hello', protocol: 1, pid: process.pid },
    ...[1, 2, 3].map((id) => ({ type: 'value', id, value: id })),
  ]);
});

test.each([
  ['a call before the hello', [call(1)]],
  ['a second hello', [hello, hello]],
  ['an unknown type', [hello, { type: 'run', code: '1' }]],
  ['a call without parameters', [hello, { type: 'call', id: 1, method: 'echo' }]],
  ['a call with a negative id', [hello, call(-1)]],
  ['no object', [hello, 5]],
])('%s is refused and the connection closed', async (_, frames) => {
  const stranger = new Stranger(await echoing());
  stranger.say(...frames);
  await stranger.closed;
  expect(stranger.heard.at(-1)).toMatchObject(malformed);
  expect(stranger.heard).toHaveLength(frames.length);
});

test('an id that is in use is refused', async () => {
  const server = await serve({ folder: newFolder(), handle: () => new Promise(() => {}) });
  const stranger = new Stranger(server.address);
  stranger.say(hello, call(1), call(1));
  await stranger.closed;
  expect(stranger.heard.at(-1)).toMatchObject(malformed);
});

test('a frame over the bound is refused and the connection closed', async () => {
  const stranger = new Stranger(await echoing());
  stranger.say(hello);
  await stranger.hears(1);
  const piece = Buffer.alloc(1024 * 1024, 'x');
  for (let i = 0; i < 65 && !stranger.socket.destroyed; i++)
    await new Promise<void>((resolve) => stranger.socket.write(piece, () => resolve()));
  await stranger.closed;
  expect(stranger.heard.at(-1)).toMatchObject({ type: 'refused', refusal: { code: 'limit_exceeded' } });
});

let other: Server | undefined;
afterEach(() => other?.close());

/** A server of another release: answers the first thing it hears with `answer`, or with silence. */
async function otherRelease(answer: string | undefined): Promise<string> {
  const folder = newFolder();
  other = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => answer !== undefined && socket.end(answer));
  });
  await bind(other, folder);
  return folder;
}

test('of several protocol versions the server takes one that it speaks, of none it says which it does', async () => {
  const address = await echoing();
  const newer = new Stranger(address);
  newer.say({ ...hello, protocols: [3, 1, 2] });
  expect((await newer.hears(1))[0]).toMatchObject({ type: 'hello', protocol: 1 });
  const strange = new Stranger(address);
  strange.say({ ...hello, protocols: [2, 'x'] });
  await strange.closed;
  expect(strange.heard).toMatchObject([{ ...malformed, pid: process.pid }]);
  expect(strange.heard[0]).toMatchObject({ refusal: { expected: 'protocol version 1', got: '[2,"x"]' } });
});

test('a client that meets a server of other protocols says so, with its process', async () => {
  const refusal = { code: 'request_malformed', path: '', expected: 'protocol version 2', got: '[1]', hint: '' };
  const folder = await otherRelease(`${JSON.stringify({ type: 'refused', refusal, pid: 7 })}\n`);
  const failed = await connectIpc(folder, { timeoutMs: 1_000 }).catch((e: unknown) => e);
  expect(failed).toMatchObject({ code: 'store_busy' });
  expect(String(failed)).toMatch(/process 7\).*protocol version 2/);
});

test('a client gives up on silence and on babble with store_busy, and on a closed door with nothing', async () => {
  const silent = await otherRelease(undefined);
  await expect(connectIpc(silent, { timeoutMs: 100 })).rejects.toMatchObject({ code: 'store_busy' });
  const babbling = await otherRelease('SSH-2.0\n');
  await expect(connectIpc(babbling, { timeoutMs: 1_000 })).rejects.toMatchObject({ code: 'store_busy' });
  const ending = await otherRelease('');
  expect(await connectIpc(ending, { timeoutMs: 1_000 })).toBeUndefined();
});
