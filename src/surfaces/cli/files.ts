// What a command line names: files that are read, or standard input as `-`, and files that are written. Refuses `file_not_readable`, and
// `request_malformed` for text that is not JSON where JSON is wanted.

import { readFileSync, readSync, writeFileSync } from 'node:fs';
import type { Json } from '../../base/json.ts';
import { type Refusal, RefusalError, refuse } from '../../base/result.ts';

const stdinPauseMs = 10;

export function readText(file: string): string {
  try {
    return file === '-' ? readStandardInput() : readFileSync(file, 'utf8');
  } catch (e) {
    throw new RefusalError(notUsable(file, 'read', e));
  }
}

/** Refuses `file_not_readable`. */
export function writeText(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (e) {
    throw new RefusalError(notWritable(file, e));
  }
}

/** `file`: what could not be written. */
export const notWritable = (file: string, e: unknown): Refusal => notUsable(file, 'written', e);

function notUsable(path: string, how: 'read' | 'written', e: unknown): Refusal {
  return refuse('file_not_readable', {
    path,
    expected: `a file that can be ${how}`,
    got: e instanceof Error ? e.message : String(e),
    hint: 'check the path and its permissions',
  }).refusal;
}

/** Whole. Another program of ours at the other end leaves the pipe so that it answers "not yet" instead of waiting. */
function readStandardInput(): string {
  const parts: Buffer[] = [];
  const buffer = Buffer.alloc(65_536);
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    try {
      const read = readSync(0, buffer);
      if (read === 0) return Buffer.concat(parts).toString('utf8');
      parts.push(Buffer.from(buffer.subarray(0, read)));
    } catch (e) {
      const { code } = e as NodeJS.ErrnoException;
      if (code === 'EOF') return Buffer.concat(parts).toString('utf8');
      if (code !== 'EAGAIN') throw e;
      Atomics.wait(pause, 0, 0, stdinPauseMs);
    }
  }
}

export function readJson(file: string): Json {
  return parsedJson(readText(file), file);
}

/** `path`: what the text was given as. */
export function parsedJson(text: string, path: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (e) {
    throw new RefusalError(
      refuse('request_malformed', {
        path,
        expected: 'JSON',
        got: e instanceof Error ? e.message : String(e),
        hint: 'correct it',
      }).refusal,
    );
  }
}
