// A NATS server of its own on loopback, Debian's `nats-server`, with JetStream in a temporary folder. Three users: an engine, a
// runner that may do what docs/runners.md lets it, and a stranger who may do nothing of this.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free_port.ts';
import { ServerProcess } from './server_process.ts';

const program = '/usr/sbin/nats-server';

/** All that a runner needs. */
const mayPublish = [
  'headwater.*.hello',
  'headwater.*.node.>',
  '$JS.API.CONSUMER.INFO.*.runners',
  '$JS.API.CONSUMER.MSG.NEXT.*.runners',
  '$JS.ACK.>',
];
const maySubscribe = ['headwater.*.call', 'headwater.*.unwanted', 'headwater.*.runner.>', '_INBOX.>'];

export class NatsServer {
  static readonly runnerSubjects = [...mayPublish, ...maySubscribe];
  readonly port: number;
  readonly #folder: string;
  #process: ServerProcess | undefined;

  private constructor(folder: string, port: number, hasJetStream: boolean) {
    this.#folder = folder;
    this.port = port;
    writeFileSync(
      join(folder, 'nats.conf'),
      `listen: "127.0.0.1:${port}"
${hasJetStream ? `jetstream { store_dir: ${JSON.stringify(join(folder, 'store'))} }` : ''}
authorization {
  users = [
    { user: engine, password: "e:ng@ine" }
    { user: runner, password: runs, permissions: {
      publish: ${JSON.stringify(mayPublish)}, subscribe: ${JSON.stringify(maySubscribe)} } }
    { user: stranger, password: nobody, permissions: { publish: "strange.>", subscribe: "strange.>" } }
  ]
}
`,
    );
  }

  static async open(hasJetStream = true): Promise<NatsServer> {
    const server = new NatsServer(mkdtempSync(join(tmpdir(), 'headwater-nats-')), await freePort(), hasJetStream);
    await server.start();
    return server;
  }

  async start(): Promise<void> {
    if (!existsSync(program)) throw new Error(`${program} is not there: apt-get install nats-server`);
    this.#process = await ServerProcess.start({
      command: program,
      args: ['-c', join(this.#folder, 'nats.conf')],
      isUp: (printed) => printed.includes('Server is ready'),
    });
  }

  /** What it keeps, and its port, stay. */
  async stop(): Promise<void> {
    await this.#process?.stop();
    this.#process = undefined;
  }

  /** Away with what it keeps. */
  forget(): void {
    rmSync(join(this.#folder, 'store'), { recursive: true, force: true });
  }

  urlOf(user: 'engine' | 'runner' | 'stranger' | 'nobody', query = ''): string {
    const password = { engine: 'e:ng@ine', runner: 'runs', stranger: 'nobody', nobody: 'wrong' }[user];
    return `nats://${user}:${encodeURIComponent(password)}@127.0.0.1:${this.port}${query}`;
  }

  /** Everything that it has on disk. */
  stored(): { readonly path: string; readonly bytes: Buffer }[] {
    return readdirSync(this.#folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => ({ path, bytes: readFileSync(path) }));
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
