// The proxy of a run against servers that answer what no server should: the run hears of it, and whoever carries runs out goes on.

import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openProxy } from '../../src/adapters/process/proxy.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'headwater-proxy-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(['000', '001', '099'])(
  'a server that answers with the status %s is told as one that gave no answer',
  async (status) => {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.once('data', () => socket.end(`HTTP/1.1 ${status} X\r\nContent-Length: 0\r\n\r\n`));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const path = join(folder, status);
    const proxy = await openProxy(path, { listed: [`127.0.0.1:${port}`], members: [], sockets: () => [] });
    const asking = createConnection(path);
    asking.write(`GET http://127.0.0.1:${port}/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expect((await text(asking)).split('\r\n')[0]).toBe('HTTP/1.1 502 the status of the answer is none');
    await proxy.close();
    server.close();
  },
);
