// The local cloud as a process of its own, as it is used: the compiled command, killed and started again on the same
// journal, with the real client in front of it.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  CloudControlClient,
  CreateResourceCommand,
  DeleteResourceCommand,
  GetResourceCommand,
  GetResourceRequestStatusCommand,
  type ProgressEvent,
  UpdateResourceCommand,
} from '@aws-sdk/client-cloudcontrol';
import { afterFiles } from '../support/endings.ts';

const bin = fileURLToPath(new URL('../../dist/main/headwater.js', import.meta.url));

const folders: string[] = [];
const running = new Set<CloudProcess>();
afterFiles(async () => {
  for (const cloud of [...running]) await cloud.kill();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'headwater-cloud-'));
  folders.push(folder);
  return folder;
}

export interface JournalLine {
  readonly number: number;
  readonly kind: 'opened' | 'accepted' | 'effect' | 'ended';
  readonly operation?: string;
  readonly type?: string;
  readonly identifier?: string;
  readonly token?: string;
  readonly by?: string;
  readonly status?: string;
}

export class CloudProcess {
  readonly file: string;
  readonly #child: ChildProcess;
  address = '';
  #said = '';

  private constructor(file: string, child: ChildProcess) {
    this.file = file;
    this.#child = child;
  }

  static async start(file = join(temporaryFolder(), 'cloud.jsonl'), ...args: string[]): Promise<CloudProcess> {
    const env = { PATH: process.env['PATH'], HOME: process.env['HOME'] };
    const child = spawn(process.execPath, [bin, 'cloud', '--json', '--file', file, ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const cloud = new CloudProcess(file, child);
    running.add(cloud);
    await cloud.#ready();
    return cloud;
  }

  async #ready(): Promise<void> {
    const { stdout, stderr } = this.#child;
    stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#said += text;
    });
    let out = '';
    for await (const text of stdout!.setEncoding('utf8') as AsyncIterable<string>) {
      out += text;
      const address = /"address": "([^"]+)"/.exec(out)?.[1];
      if (address === undefined) continue;
      this.address = address;
      return;
    }
    throw new Error(`the cloud did not start: ${out}${this.#said}`);
  }

  client(options: { region?: string; maxAttempts?: number } = {}): CloudControlClient {
    return new CloudControlClient({
      endpoint: this.address,
      region: options.region ?? 'eu-central-1',
      credentials: { accessKeyId: 'any', secretAccessKey: 'will do' },
      maxAttempts: options.maxAttempts ?? 1,
    });
  }

  async control(document: unknown): Promise<Response> {
    return fetch(`${this.address}/_control`, { method: 'POST', body: JSON.stringify(document) });
  }

  async journal(): Promise<JournalLine[]> {
    const text = await (await fetch(`${this.address}/_journal`)).text();
    return text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as JournalLine);
  }

  /** What happened: operation, type and identifier of each effect, in order. */
  async effects(): Promise<string[]> {
    return (await this.journal())
      .filter((line) => line.kind === 'effect')
      .map((line) => `${line.operation} ${line.type} ${line.identifier}`);
  }

  /** As a power cut ends it. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** As a person at a terminal ends it; answers the exit code. */
  async interrupt(): Promise<number | null> {
    return this.#end('SIGINT');
  }

  /** The exit code of one that ends by itself. */
  async exited(): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
    running.delete(this);
    return this.#child.exitCode;
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    running.delete(this);
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, 'exit');
      this.#child.kill(signal);
      await ended;
    }
    return this.#child.exitCode;
  }
}

/** Creates and waits for the end. */
export async function create(
  client: CloudControlClient,
  type: string,
  desired: unknown,
  clientToken?: string,
): Promise<ProgressEvent> {
  const input = { TypeName: type, DesiredState: JSON.stringify(desired) };
  const command = new CreateResourceCommand(clientToken === undefined ? input : { ...input, ClientToken: clientToken });
  return ended(client, (await client.send(command)).ProgressEvent!);
}

export async function update(
  client: CloudControlClient,
  type: string,
  identifier: string,
  patch: unknown,
): Promise<ProgressEvent> {
  const command = new UpdateResourceCommand({
    TypeName: type,
    Identifier: identifier,
    PatchDocument: JSON.stringify(patch),
  });
  return ended(client, (await client.send(command)).ProgressEvent!);
}

export async function remove(client: CloudControlClient, type: string, identifier: string): Promise<ProgressEvent> {
  const command = new DeleteResourceCommand({ TypeName: type, Identifier: identifier });
  return ended(client, (await client.send(command)).ProgressEvent!);
}

export async function get(client: CloudControlClient, type: string, identifier: string): Promise<unknown> {
  const found = await client.send(new GetResourceCommand({ TypeName: type, Identifier: identifier }));
  return JSON.parse(found.ResourceDescription!.Properties!);
}

/** The request's last progress event. */
export async function ended(client: CloudControlClient, first: ProgressEvent): Promise<ProgressEvent> {
  for (let event = first; ; await new Promise((resolve) => setTimeout(resolve, 20))) {
    if (event.OperationStatus !== 'PENDING' && event.OperationStatus !== 'IN_PROGRESS') return event;
    const command = new GetResourceRequestStatusCommand({ RequestToken: event.RequestToken! });
    event = (await client.send(command)).ProgressEvent!;
  }
}

/** The name of the exception that a call ends with, its status and message. */
export async function refusal(call: Promise<unknown>): Promise<{ name: string; status: number; message: string }> {
  try {
    await call;
  } catch (e) {
    const { name, message, $metadata } = e as Error & { $metadata?: { httpStatusCode?: number } };
    return { name, status: $metadata?.httpStatusCode ?? 0, message };
  }
  throw new Error('the call was not refused');
}
