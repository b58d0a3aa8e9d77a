// The file of the installation's key: made once, whole or not at all, and replaced only by another that is whole, while it keeps
// a name of its own. The text is written beside it,
// synced, and linked to its name; linking fails where the name is taken, so that of two processes the second uses the key of the
// first. A file that others could have read is refused, as it no longer keeps anything. On Windows, where the mode says
// nothing, the folder's access list has to do that.

import { randomBytes } from 'node:crypto';
import { type FileHandle, link, mkdir, open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { limits } from '../../base/limits.ts';
import { Fault } from '../../base/result.ts';

const ownerOnly = 0o600;
const others = 0o077;

/** The text of the file; a missing one is made with what `fresh` gives. Faults: `vault_locked`. */
export async function readOrCreateKeyFile(path: string, fresh: () => string): Promise<string> {
  const text = await using(path, async () => {
    const found = await findKeyFile(path);
    if (found !== undefined) return found;
    await create(path, fresh());
    return findKeyFile(path);
  });
  if (text !== undefined) return text;
  throw new Fault('vault_locked', `the key file ${path} was taken away while it was made`, { path });
}

/** The text of the file, if it is there. Faults: `vault_locked`. */
export function readKeyFile(path: string): Promise<string | undefined> {
  return using(path, () => findKeyFile(path));
}

/**
 * Puts the file `next` in the place of `path`, which from before that on has the name `kept`, too. Done again after an
 * interruption it ends the same. Faults: `vault_locked`.
 */
export async function replaceKeyFile(path: string, next: string, kept: string): Promise<void> {
  await using(path, async () => {
    await linkOnce(path, kept);
    await syncFolder(dirname(path));
    if ((await findKeyFile(kept)) !== (await findKeyFile(path)))
      throw new Fault('vault_locked', `${kept} holds something else than ${path}: move it away`, { path, kept });
    await rename(next, path);
    await syncFolder(dirname(path));
  });
}

async function using<T>(path: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw new Fault(
      'vault_locked',
      `the key file ${path} cannot be used: ${(cause as Error).message}`,
      { path },
      { cause },
    );
  }
}

/** Where the name is taken, what has it stays. */
async function linkOnce(from: string, to: string): Promise<void> {
  await link(from, to).catch((e: NodeJS.ErrnoException) => {
    if (e.code !== 'EEXIST') throw e;
  });
}

async function findKeyFile(path: string): Promise<string | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw e;
  }
  try {
    const { mode, size } = await file.stat().then((stat) => {
      if (!stat.isFile()) throw new Fault('vault_locked', `${path} is not a file`, { path });
      return stat;
    });
    if (process.platform !== 'win32' && (mode & others) !== 0) {
      const octal = (mode & 0o777).toString(8).padStart(4, '0');
      throw new Fault(
        'vault_locked',
        `others can read or write ${path} (mode ${octal}): chmod 600, or make a new key`,
        { path },
      );
    }
    if (size > limits.keyFileBytesMax) throw new Fault('vault_locked', `${path} is too long for a key file`, { path });
    return await file.readFile('latin1');
  } finally {
    await file.close();
  }
}

async function create(path: string, text: string): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const beside = `${path}.${process.pid}.${randomBytes(6).toString('hex')}.new`;
  const file = await open(beside, 'wx', ownerOnly);
  try {
    await file.writeFile(text, 'latin1');
    await file.sync();
    await file.close();
    await linkOnce(beside, path);
  } finally {
    // Closed twice where closing or writing failed; the second time does nothing.
    await file.close();
    await unlink(beside);
  }
  await syncFolder(folder);
}

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
