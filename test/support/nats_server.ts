// A NATS server of its own on loopback, Debian's `nats-server`, with JetStream in a temporary folder. Three users: an engine, a
// runner that may do what docs/runners.md lets those of all installations, and a stranger who may do nothing of this.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { namesOf, tiers } from '../../src/adapters/nats/protocol.ts';
import { priorities } from '../../src/dispatch/strand.ts';
import { freePort } from './free_port.ts';
import { ServerProcess } from './server_process.ts';

const program = '/usr/sbin/nats-server';

/** All that a runner of an installation needs, with the streams of its pool. */
function rightsOf(installation: string, streams: readonly string[]) {
  return {
    publish: [
      `headwater.${installation}.hello`,
      `headwater.${installation}.node.>`,
      ...streams.flatMap((stream) => [
        `$JS.API.CONSUMER.INFO.${stream}.runners`,
        `$JS.API.CONSUMER.MSG.NEXT.${stream}.runners`,
        `$JS.ACK.${stream}.>`,
      ]),
    ],
    subscribe: [
      `headwater.${installation}.call`,
      `headwater.${installation}.unwanted`,
      `headwater.${installation}.runner.>`,
      `_INBOX.${installation}.>`,
    ],
  };
}

/** All that an engine of an installation needs. */
function engineRightsOf(installation: string) {
  const own = [`headwater.${installation}.>`, `_INBOX.${installation}.>`];
  return { publish: [...own, '$JS.API.>'], subscribe: own };
}

function streamsOf(installation: string): readonly string[] {
  const names = namesOf(installation);
  return tiers.flatMap((tier) => priorities.map((priority) => names.stream({ tier, pool: 'default', priority })));
}

interface NatsServerOptions {
  readonly hasJetStream?: boolean;
  /** Of a message. Default: NATS's own, 1 MiB. */
  readonly payloadBytesMax?: number;
  /** For each a user `runner-NAME`, who may be a runner of its pool `default`, and `engine-NAME`, and nothing else. */
  readonly installations?: readonly string[];
}

export class NatsServer {
  static readonly runnerSubjects = Object.values(rightsOf('INSTALLATION', ['STREAM'])).flat();
  readonly port: number;
  readonly #folder: string;
  #process: ServerProcess | undefined;

  private constructor(
    folder: string,
    port: number,
    { hasJetStream = true, payloadBytesMax = 1_048_576, installations = [] }: NatsServerOptions,
  ) {
    const runners = [
      // Of every installation: each test has one of its own.
      { user: 'runner', password: 'runs', permissions: rightsOf('*', ['*']) },
      ...installations.flatMap((name) => [
        { user: `runner-${name}`, password: 'runs', permissions: rightsOf(name, streamsOf(name)) },
        { user: `engine-${name}`, password: 'runs', permissions: engineRightsOf(name) },
      ]),
    ];
    this.#folder = folder;
    this.port = port;
    writeFileSync(
      join(folder, 'nats.conf'),
      `listen: "127.0.0.1:${port}"
max_payload: ${payloadBytesMax}
${hasJetStream ? `jetstream { store_dir: ${JSON.stringify(join(folder, 'store'))} }` : ''}
authorization {
  users = [
    { user: engine, password: "e:ng@ine" }
    ${runners.map((runner) => JSON.stringify(runner)).join('\n    ')}
    { user: stranger, password: nobody, permissions: { publish: "strange.>", subscribe: "strange.>" } }
  ]
}
`,
    );
  }

  static async open(options: NatsServerOptions = {}): Promise<NatsServer> {
    const server = new NatsServer(mkdtempSync(join(tmpdir(), 'headwater-nats-')), await freePort(), options);
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

  urlOf(user: 'engine' | 'runner' | `${'engine' | 'runner'}-${string}` | 'stranger' | 'nobody', query = ''): string {
    const passwords: Record<string, string> = { engine: 'e:ng@ine', stranger: 'nobody', nobody: 'wrong' };
    const password = passwords[user] ?? 'runs';
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
