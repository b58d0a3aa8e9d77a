// Folders and processes for the tests of the socket between processes; all are gone when the test file ends.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { connectIpc, type IpcClient } from '../../src/surfaces/ipc/client.ts';
import { type IpcServer, type IpcServerOptions, serveIpc } from '../../src/surfaces/ipc/server.ts';
import { afterFiles, afterTests } from '../support/endings.ts';

const folders: string[] = [];
const open: { close(): unknown }[] = [];

/** A folder's path; the folder itself is not made. `chars`: how much longer than usual its path shall be. */
export function newFolder(chars = 0): string {
  const parent = mkdtempSync(join(tmpdir(), 'hw-ipc-'));
  folders.push(parent);
  return join(parent, `data${'x'.repeat(chars)}`);
}

export async function serve(options: IpcServerOptions): Promise<IpcServer> {
  const server = await serveIpc(options);
  open.push(server);
  return server;
}

/** A client; fails when nobody listens. */
export async function client(folder: string): Promise<IpcClient> {
  const found = await connectIpc(folder, { timeoutMs: 5_000 });
  if (found === undefined) throw new Error(`nobody listens in ${folder}`);
  open.push(found);
  return found;
}

/** A connection that says whatever it is told to, and collects what it hears. */
export class Stranger {
  readonly socket: Socket;
  readonly heard: { readonly [key: string]: unknown }[] = [];
  readonly closed: Promise<unknown>;
  #wake: () => void = () => {};

  constructor(address: string) {
    this.socket = connect(address);
    this.socket.on('error', () => {});
    createInterface({ input: this.socket }).on('line', (line) => {
      this.heard.push(JSON.parse(line));
      this.#wake();
    });
    this.closed = new Promise((resolve) => this.socket.once('close', resolve));
    open.push({ close: () => this.socket.destroy() });
  }

  say(...frames: readonly unknown[]): void {
    this.socket.write(frames.map((frame) => `${JSON.stringify(frame)}\n`).join(''));
  }

  /** Resolves when `count` frames were heard. */
  async hears(count: number): Promise<readonly { readonly [key: string]: unknown }[]> {
    while (this.heard.length < count)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    return this.heard;
  }
}

const script = fileURLToPath(new URL('./fixtures/serve.mjs', import.meta.url));

/** A process that serves the folder; resolves when it listens. */
export async function startOwner(folder: string): Promise<{ pid: number; address: string; kill(): Promise<void> }> {
  const child: ChildProcess = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  const kill = async () => {
    child.kill('SIGKILL');
    await closed;
  };
  open.push({ close: kill });
  const [address] = await once(createInterface({ input: child.stdout! }), 'line');
  return { pid: child.pid!, address, kill };
}

afterTests(async () => {
  for (const one of open.splice(0)) await one.close();
});

afterFiles(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
