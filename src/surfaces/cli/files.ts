// Reading what a command line names: files, or standard input as `-`. Refuses `file_not_readable`, and
// `request_malformed` for text that is not JSON where JSON is wanted.

import { readFileSync } from 'node:fs';
import type { Json } from '../../base/json.ts';
import { RefusalError, refuse } from '../../base/result.ts';

export function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (e) {
    throw new RefusalError(
      refuse('file_not_readable', {
        path: file,
        expected: 'a file that can be read',
        got: e instanceof Error ? e.message : String(e),
        hint: 'check the path and its permissions',
      }).refusal,
    );
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
