// A PowerDNS of its own on loopback, from Debian's `pdns-server` and `pdns-backend-sqlite3`: zones in an SQLite file of a
// temporary folder, HTTP with a key of its own, nothing cached. Asked over DNS as anybody would.

import { Resolver } from 'node:dns/promises';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../src/adapters/sqlite/driver.ts';
import type { Json } from '../../src/base/json.ts';
import { freePort } from './free_port.ts';
import { ServerProcess } from './server_process.ts';

const schemaFile = '/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql';

export class PowerDnsServer {
  readonly apiKey = 'changeme-f3b1c2';
  readonly url: string;
  readonly resolver = new Resolver({ timeout: 2_000, tries: 3 });
  readonly #folder: string;
  #process: ServerProcess | undefined;
  #printed = '';

  private constructor(folder: string, webPort: number, dnsPort: number) {
    this.#folder = folder;
    this.url = `http://127.0.0.1:${webPort}`;
    this.resolver.setServers([`127.0.0.1:${dnsPort}`]);
    const file = join(folder, 'zones.sqlite3');
    const db = openDatabase(file);
    db.exec(readFileSync(schemaFile, 'utf8'));
    db.close();
    const settings = {
      launch: 'gsqlite3',
      'gsqlite3-database': file,
      'gsqlite3-dnssec': 'yes',
      'local-address': '127.0.0.1',
      'local-port': dnsPort,
      webserver: 'yes',
      'webserver-address': '127.0.0.1',
      'webserver-port': webPort,
      'webserver-loglevel': 'detailed',
      api: 'yes',
      'api-key': this.apiKey,
      'socket-dir': folder,
      'write-pid': 'no',
      'cache-ttl': 0,
      'query-cache-ttl': 0,
      'negquery-cache-ttl': 0,
      'zone-cache-refresh-interval': 0,
      'zone-metadata-cache-ttl': 0,
      'consistent-backends': 'no',
    };
    writeFileSync(
      join(folder, 'pdns.conf'),
      Object.entries(settings)
        .map(([k, v]) => `${k}=${v}\n`)
        .join(''),
    );
  }

  static async open(): Promise<PowerDnsServer> {
    const folder = mkdtempSync(join(tmpdir(), 'headwater-powerdns-'));
    const server = new PowerDnsServer(folder, await freePort(), await freePort());
    await server.start();
    return server;
  }

  async start(): Promise<void> {
    this.#process = await ServerProcess.start({
      command: '/usr/sbin/pdns_server',
      args: [`--config-dir=${this.#folder}`, '--daemon=no', '--guardian=no', '--disable-syslog'],
      isUp: () =>
        this.ask('GET', '').then(
          () => true,
          () => false,
        ),
    });
  }

  /** Zones stay. */
  async stop(): Promise<void> {
    this.#printed = this.log;
    await this.#process?.stop();
    this.#process = undefined;
  }

  get log(): string {
    return this.#printed + (this.#process?.printed ?? '');
  }

  /** Behind everybody's back. `path` below the server's own; undefined: nothing came back. */
  async ask<T = Json>(method: string, path: string, body?: Json): Promise<T> {
    const answer = await fetch(`${this.url}/api/v1/servers/localhost${path}`, {
      method,
      headers: { 'x-api-key': this.apiKey },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  async zones(): Promise<string[]> {
    return (await this.ask<{ name: string }[]>('GET', '/zones')).map((z) => z.name).sort();
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
