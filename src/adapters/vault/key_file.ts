// The file of the installation's key: made once, whole or not at all, and never replaced. The text is written beside it,
// synced, and linked to its name; linking fails where the name is taken, so that of two processes the second uses the key of the
// first. A file that others could have read is refused, as it no longer keeps anything. On Windows, where the mode says
// nothing, the folder's access list has to do that.

import { randomBytes } from 'node:crypto';
import { type FileHandle, link, mkdir, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { limits } from '../../base/limits.ts';
import { Fault } from '../../base/result.ts';

const ownerOnly = 0o600;
const others = 0o077;

/** The text of the file; a missing one is made with what `fresh` gives. Faults: `vault_locked`. */
export async function readOrCreateKeyFile(path: string, fresh: () => string): Promise<string> {
  try {
    const found = await findKeyFile(path);
    if (found !== undefined) return found;
    await create(path, fresh());
    const made = await findKeyFile(path);
    if (made !== undefined) return made;
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw new Fault(
      'vault_locked',
      `the key file ${path} cannot be used: ${(cause as Error).message}`,
      { path },
      { cause },
    );
  }
  throw new Fault('vault_locked', `the key file ${path} was taken away while it was made`, { path });
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
    await link(beside, path).catch((e: NodeJS.ErrnoException) => {
      if (e.code !== 'EEXIST') throw e;
    });
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
