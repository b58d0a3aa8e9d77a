// Where the socket of a data folder is, and how it gets there.
//
// Normally it is `engine.sock` in the folder. A path too long for a socket address is replaced by one in a private
// folder below the system's temporary folder, named by a hash of the data folder; the file `engine.addr` tells it. The
// socket is made in a folder that only this user can enter and moved into place when it is complete, so that it is never
// seen with other rights than 0600 and a stale one is replaced in one step. Only the owner of the data folder's lock may
// bind or remove: that is not checked here.

import { createHash } from 'node:crypto';
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Fault } from '../../base/result.ts';

/** Bytes of a socket's path: the kernel's bound is 108 on Linux and 104 on macOS, its end mark included. */
const pathBytesMax = 100;

const socketName = 'engine.sock';
const addressName = 'engine.addr';
/** Where the socket is made. Its path is shorter than the socket's own, so that it fits when that one does. */
const nurseryName = '.sock';

/** Listens for the folder, which is made when it is not there (mode 0700). Answers the socket's path. */
export async function bind(server: Server, folder: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const home = await realpath(folder);
  const near = join(home, socketName);
  await removeFar(home);
  if (fits(near)) {
    const nursery = join(home, nurseryName);
    await rm(nursery, { recursive: true, force: true });
    await mkdir(nursery, { mode: 0o700 });
    await listen(server, join(nursery, 's'));
    await rename(join(nursery, 's'), near);
    await rm(nursery, { recursive: true });
    await rm(join(home, addressName), { force: true });
    return near;
  }
  // mkdtemp makes a folder of mode 0700 under a name that nobody could prepare.
  const far = join(await mkdtemp(`${farPrefix(home)}-`), socketName);
  await listen(server, far);
  const address = join(home, addressName);
  await writeFile(`${address}.new`, far, { mode: 0o600 });
  await rename(`${address}.new`, address);
  return far;
}

/** Takes the address away, so that nobody finds it any more; connections that exist go on. */
export async function unbind(folder: string): Promise<void> {
  const home = await realpath(folder).catch(unlessMissing);
  if (home === undefined) return;
  await rm(join(home, socketName), { force: true });
  await rm(join(home, addressName), { force: true });
  await removeFar(home);
}

/**
 * The path of the socket that may be listened on; undefined when there is none. Throws Fault `store_failed` when the
 * socket belongs to a stranger: neither to this user nor to the owner of the folder.
 */
export async function findAddress(folder: string): Promise<string | undefined> {
  const home = await realpath(folder).catch(unlessMissing);
  if (home === undefined) return undefined;
  const near = join(home, socketName);
  const path = fits(near) ? near : await readFile(join(home, addressName), 'utf8').catch(unlessMissing);
  const found = path === undefined ? undefined : await lstat(path).catch(unlessMissing);
  if (path === undefined || found === undefined || !found.isSocket()) return undefined;
  if (found.uid !== process.getuid?.() && found.uid !== (await stat(home)).uid)
    throw new Fault('store_failed', `the socket ${path} belongs to another user than the data folder ${folder}`);
  return path;
}

function fits(path: string): boolean {
  return Buffer.byteLength(path) <= pathBytesMax;
}

/** Path and beginning of the name of the folders that sockets of this data folder are in when they are not in it. */
function farPrefix(home: string): string {
  const name = `headwater-${createHash('sha256').update(home).digest('hex').slice(0, 16)}`;
  // What mkdtemp adds, and the socket's name.
  const longest = (parent: string) => join(parent, `${name}-XXXXXX`, socketName);
  const parent = [tmpdir(), '/tmp'].find((p) => fits(longest(p)));
  if (parent === undefined)
    throw new Fault('store_failed', `the path of the temporary folder ${tmpdir()} is too long for a socket`);
  return join(parent, name);
}

/** Removes what an owner that was killed left in the temporary folder. */
async function removeFar(home: string): Promise<void> {
  if (fits(join(home, socketName))) return;
  const prefix = farPrefix(home);
  const parent = join(prefix, '..');
  for (const name of await readdir(parent)) {
    const path = join(parent, name);
    if (!path.startsWith(`${prefix}-`)) continue;
    const found = await lstat(path).catch(unlessMissing);
    if (found?.isDirectory() && found.uid === process.getuid?.()) await rm(path, { recursive: true, force: true });
  }
}

/** Listens on a path in a folder that only this user can enter; resolves when the socket is there with mode 0600. */
async function listen(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
  await chmod(path, 0o600);
}

function unlessMissing(e: NodeJS.ErrnoException): undefined {
  if (e.code !== 'ENOENT' && e.code !== 'ENOTDIR') throw e;
}
