// Files that authentication functions, or commands that they started, left in the private folders (`~/.aws/credentials`,
// `~/.netrc`, a token in a file): the texts in them that are looked for afterwards. They are few and small as a rule; the smallest
// are read first, and what was not read is named.
//
// Of JSON every string and number; of any other text the values of lines `name = value` and `name: value`, and every
// word of 8 characters or more; of what is no text every run of 8 printable characters or more.

import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Thing } from './left.ts';
import type { LeftMax } from './protocol.ts';

const wordCharsMin = 8;
const pair = /^\s*(?:export\s+)?["']?[\w.-]+["']?\s*[=:]\s*(.*?)\s*[,;]?\s*$/;
const quoted = /^(["'`])(.*)\1$/;
const betweenWords = /[\s"'`,;()<>{}[\]]+/;
const printable = /[\x21-\x7e]{8,}/g;

interface Found {
  readonly path: string;
  readonly bytes: number;
}

/** Every file below the folders, by its path: the texts and values in it; of what is too large or too much, nothing. */
export function filesLeft(folders: Iterable<string>, max: LeftMax): Thing[] {
  const found: Found[] = [];
  const things: Thing[] = [];
  const unread = (path: string): unknown => things.push({ name: path, value: undefined });
  const take = (file: Found): void => {
    if (found.length < max.files) found.push(file);
    else unread(file.path);
  };
  for (const folder of folders) find(folder, take);
  found.sort((a, b) => a.bytes - b.bytes);
  let left = max.bytes;
  for (const { path, bytes } of found) {
    left -= bytes;
    const content = left < 0 ? undefined : tryRead(path);
    if (content === undefined) unread(path);
    else things.push({ name: path, value: contentsOf(content) });
  }
  return things;
}

function find(folder: string, take: (file: Found) => void): void {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    // What this process cannot read, the functions after it in this process cannot either.
    return;
  }
  for (const name of names) {
    const path = join(folder, name);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) continue;
    if (stat.isDirectory()) find(path, take);
    else if (stat.isFile() && stat.size > 0) take({ path, bytes: stat.size });
  }
}

function tryRead(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

function contentsOf(bytes: Buffer): unknown {
  const text = bytes.toString('utf8');
  if (text.includes('\ufffd')) return bytes.toString('latin1').match(printable) ?? [];
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return [text, ...text.split(/\r?\n/).flatMap(partsOf)];
  }
}

function partsOf(line: string): string[] {
  const value = pair.exec(line)?.[1];
  const given = value ?? line;
  const bare = quoted.exec(given)?.[2] ?? given;
  const words = bare.split(betweenWords).filter((word) => word.length >= wordCharsMin);
  return value === undefined ? words : [bare, ...words];
}
