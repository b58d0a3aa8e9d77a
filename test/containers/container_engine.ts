// Real container engines for tests: Podman and Docker from Debian's packages, each on a unix socket, with storage, state and
// networks in a folder of its own, which is gone when it is closed. The image is made of a static busybox; no registry is asked.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { request } from 'node:http';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type EngineKind = 'podman' | 'docker';

export const image = 'localhost/busybox:1';

/** What the engine needs, and where it is not there. */
const parts: Readonly<Record<EngineKind, readonly (readonly string[])[]>> = {
  podman: [['/usr/bin/podman'], ['/usr/sbin/runc', '/usr/bin/runc'], ['/usr/lib/podman/netavark'], ['/bin/busybox']],
  docker: [['/usr/sbin/dockerd', '/usr/bin/dockerd'], ['/usr/sbin/runc', '/usr/bin/runc'], ['/bin/busybox']],
};

/** In words, why the engine cannot be started here; undefined: it can. */
export function missingFor(kind: EngineKind): string | undefined {
  if (process.getuid?.() !== 0) return 'it is started by root only';
  const missing = parts[kind].find((places) => !places.some((place) => existsSync(place)));
  return missing === undefined ? undefined : `there is no ${missing[0]}`;
}

interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** Settings of Podman: everything below the folder; limits that are low enough wherever it runs. */
function podman(folder: string, socket: string): Program {
  writeFileSync(
    join(folder, 'containers.conf'),
    `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
tmp_dir = "${folder}/tmp"
[network]
network_backend = "netavark"
network_config_dir = "${folder}/networks"
`,
  );
  writeFileSync(
    join(folder, 'storage.conf'),
    `[storage]\ndriver = "vfs"\nrunroot = "${folder}/run"\ngraphroot = "${folder}/graph"\n`,
  );
  const env = {
    CONTAINERS_CONF: join(folder, 'containers.conf'),
    CONTAINERS_STORAGE_CONF: join(folder, 'storage.conf'),
  };
  return { command: 'podman', args: ['system', 'service', '--time=0', `unix://${socket}`], env };
}

/** Settings of Docker, which leaves the packet filter of the machine alone. */
function docker(folder: string, socket: string): Program {
  const settings = {
    'data-root': join(folder, 'data'),
    'exec-root': join(folder, 'exec'),
    pidfile: join(folder, 'pid'),
    hosts: [`unix://${socket}`],
    'storage-driver': 'vfs',
    bridge: 'none',
    iptables: false,
    ip6tables: false,
    'ip-masq': false,
    'ip-forward': false,
    group: 'root',
  };
  writeFileSync(join(folder, 'daemon.json'), JSON.stringify(settings));
  return { command: 'dockerd', args: ['--config-file', join(folder, 'daemon.json')], env: {} };
}

/** An image in a tar file: busybox under the names of what it does. */
async function rootFileSystem(folder: string): Promise<string> {
  const root = join(folder, 'root');
  for (const name of ['bin', 'tmp', 'etc', 'proc', 'sys', 'dev']) mkdirSync(join(root, name), { recursive: true });
  await copyFile('/bin/busybox', join(root, 'bin/busybox'));
  for (const name of ['sh', 'sleep', 'echo', 'cat', 'true', 'false']) symlinkSync('busybox', join(root, 'bin', name));
  execFileSync('tar', ['-C', root, '-cf', join(folder, 'image.tar'), '.']);
  return join(folder, 'image.tar');
}

export interface Reply {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the engine says
  readonly body: any;
}

export class ContainerEngine {
  readonly kind: EngineKind;
  readonly folder: string;
  readonly socket: string;
  #child: ChildProcess | undefined;
  readonly #forwarders: Server[] = [];
  #said = '';

  private constructor(kind: EngineKind) {
    this.kind = kind;
    this.folder = mkdtempSync(join(tmpdir(), `hw-${kind}-`));
    this.socket = join(this.folder, 'engine.sock');
  }

  /** Started, with the image. */
  static async open(kind: EngineKind): Promise<ContainerEngine> {
    const engine = new ContainerEngine(kind);
    try {
      await engine.start();
      const tar = readFileSync(await rootFileSystem(engine.folder));
      const { body } = await engine.ask('POST', '/images/create?fromSrc=-', tar);
      const [name, tag] = image.split(':');
      const tagged = await engine.ask('POST', `/images/${body.id ?? body.status}/tag?repo=${name}&tag=${tag}`);
      if (tagged.status !== 201) throw new Error(`no image: ${JSON.stringify(tagged)}`);
      return engine;
    } catch (error) {
      await engine.close();
      throw error;
    }
  }

  async start(): Promise<void> {
    const { command, args, env } = (this.kind === 'podman' ? podman : docker)(this.folder, this.socket);
    const PATH = `${process.env['PATH']}:/usr/sbin:/sbin`;
    const child = spawn(command, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, PATH, ...env },
    });
    this.#child = child;
    child.stderr.on('data', (bytes: Buffer) => {
      this.#said = (this.#said + bytes.toString()).slice(-4_000);
    });
    let ended = false;
    child.once('exit', () => {
      ended = true;
    });
    child.once('error', (error) => {
      ended = true;
      this.#said += error.message;
    });
    while (!(await this.#answers())) {
      if (ended) throw new Error(`${command} does not start: ${this.#said}`);
      await new Promise((done) => setTimeout(done, 50));
    }
  }

  async #answers(): Promise<boolean> {
    return this.ask('GET', '/_ping').then(
      ({ status }) => status === 200,
      () => false,
    );
  }

  /** Nothing answers at its socket any more; containers of Podman stay as they are. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGTERM');
    await ended;
    rmSync(this.socket, { force: true });
  }

  /** The API as somebody else uses it. */
  ask(method: string, path: string, body?: object | Buffer): Promise<Reply> {
    const isTar = Buffer.isBuffer(body);
    const sent = body === undefined || isTar ? body : JSON.stringify(body);
    const headers = sent === undefined ? {} : { 'content-type': isTar ? 'application/x-tar' : 'application/json' };
    return new Promise((resolve, reject) => {
      const asked = request({ socketPath: this.socket, method, path, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          let read: unknown = text;
          try {
            read = JSON.parse(text);
          } catch {}
          resolve({ status: response.statusCode!, body: read });
        });
      });
      asked.on('error', reject);
      asked.end(sent);
    });
  }

  /** The same API at a URL. What `cuts` finds in a request is done by the engine, and its answer is lost. */
  async url(cuts: (requested: string) => boolean = () => false): Promise<string> {
    const forwarder = createServer((near) => {
      const far = connect(this.socket);
      let isCut = false;
      near.on('data', (bytes: Buffer) => {
        isCut ||= cuts(bytes.toString('latin1'));
        far.write(bytes);
      });
      far.on('data', (bytes: Buffer) => (isCut ? near.destroy() : near.write(bytes)));
      near.on('error', () => far.destroy()).on('close', () => far.destroy());
      far.on('error', () => near.destroy()).on('close', () => near.destroy());
    });
    this.#forwarders.push(forwarder);
    await new Promise<void>((done) => forwarder.listen(0, '127.0.0.1', () => done()));
    return `http://127.0.0.1:${(forwarder.address() as AddressInfo).port}`;
  }

  /** Ends it with everything that was made by it. */
  async close(): Promise<void> {
    for (const forwarder of this.#forwarders) forwarder.close();
    if (this.#child === undefined && existsSync(join(this.folder, 'image.tar'))) await this.start().catch(() => {});
    if (await this.#answers()) {
      const { body: containers } = await this.ask('GET', '/containers/json?all=true');
      for (const { Id } of containers) await this.ask('DELETE', `/containers/${Id}?force=true&v=true`);
      const { body: networks } = await this.ask('GET', '/networks');
      for (const { Name } of networks)
        if (!['bridge', 'podman', 'none', 'host'].includes(Name)) await this.ask('DELETE', `/networks/${Name}`);
    }
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
