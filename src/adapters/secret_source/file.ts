// A file as the content of a secret. Links are followed only to look where they lead: what is opened is the place itself, and once
// it is open it is looked at again, so that nobody who may write in the folder can have another file read.

import { constants } from 'node:fs';
import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import { limits } from '../../base/limits.ts';
import type { Fault } from '../../base/result.ts';
import { isMachinePath } from '../../model/secret_reference.ts';

interface Below {
  /** Each with a slash at its end; one of them is enough. */
  readonly folders: readonly string[];
  readonly dataFolder: string;
  readonly fail: (why: string) => Fault;
}

/** Its text. Undefined: it lies elsewhere. Throws what `fail` gives. */
export async function readBelow(path: string, { folders, dataFolder, fail }: Below): Promise<string | undefined> {
  const place = await realpath(path).catch((e: unknown) => {
    throw fail(whyOf(e));
  });
  if (!(await liesBelow(place, folders)) || (await liesBelow(place, [dataFolder])) || isMachinePath(place))
    return undefined;
  // A pipe without a writer must not hold the run up.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(place, flags).catch((e: unknown) => {
    throw fail(whyOf(e));
  });
  try {
    return await textOf(file, place, fail);
  } finally {
    await file.close();
  }
}

async function textOf(file: FileHandle, place: string, fail: Below['fail']): Promise<string> {
  const opened = await file.stat();
  if (!opened.isFile()) throw fail('is no regular file');
  if (opened.size > limits.secretSourceBytesMax) throw fail(`is larger than ${limits.secretSourceBytesMax} bytes`);
  const now = await realpath(place).catch(() => undefined);
  const there = now === place ? await stat(place).catch(() => undefined) : undefined;
  if (there === undefined || there.ino !== opened.ino || there.dev !== opened.dev)
    throw fail('was moved while it was opened');
  const buffer = Buffer.alloc(limits.secretSourceBytesMax + 1);
  try {
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length).catch((e: unknown) => {
        throw fail(whyOf(e));
      });
      length += bytesRead;
      if (length > limits.secretSourceBytesMax) throw fail(`is larger than ${limits.secretSourceBytesMax} bytes`);
      if (bytesRead === 0) return decoded(buffer.subarray(0, length), fail);
    }
  } finally {
    buffer.fill(0);
  }
}

function decoded(bytes: Uint8Array, fail: Below['fail']): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw fail('is no text in UTF-8');
  }
}

async function liesBelow(place: string, folders: readonly string[]): Promise<boolean> {
  for (const folder of folders) {
    const real = await realpath(folder).catch(() => undefined);
    if (real !== undefined && real !== '/' && place.startsWith(`${real}/`)) return true;
  }
  return false;
}

function whyOf(e: unknown): string {
  const { code } = e as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'is not there';
    case 'EACCES':
    case 'EPERM':
      return 'may not be read by the engine';
    default:
      return `cannot be read (${code ?? 'for no reason that was given'})`;
  }
}
