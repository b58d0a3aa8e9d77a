// What a client wants a directory, a file or a process to be: the members that it may give, held against what each has to be.
// Names are those of the provider's schemas. What is wrong is refused with its place in the request.

import { canonical, isObject, type Json } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import { parsePath } from './below_root.ts';
import { Refused } from './refused.ts';

export type ResourceKind = 'directory' | 'file' | 'process';
export const resourceKinds: readonly ResourceKind[] = ['directory', 'file', 'process'];

export type Encoding = 'utf8' | 'base64';

export interface DirectoryWish {
  readonly Path: string;
  readonly Mode: string;
}

export interface FileWish {
  readonly Path: string;
  readonly Content: string;
  readonly Encoding: Encoding;
  readonly Mode: string;
}

export type RestartPolicy = 'always' | 'on-failure' | 'never';

export interface ProcessWish {
  readonly Name: string;
  /** A name that the owner allowed. */
  readonly Command: string;
  readonly Arguments: readonly string[];
  /** Working folder below the root. */
  readonly Folder: string;
  readonly Environment: { readonly [name: string]: string };
  readonly Restart: RestartPolicy;
  readonly State: 'running' | 'stopped';
  /** Below the root; empty: beside the journal. */
  readonly LogFile: string;
  /** On this machine; empty: nobody asks whether it is well. */
  readonly HealthUrl: string;
  readonly StopSeconds: number;
  /** When one of them is another, the process is started anew. */
  readonly Triggers: { readonly [name: string]: Json };
}

export interface WishOf {
  readonly directory: DirectoryWish;
  readonly file: FileWish;
  readonly process: ProcessWish;
}

/** What names a resource of the kind. */
export function idOf(kind: ResourceKind, wish: DirectoryWish | FileWish | ProcessWish): string {
  return kind === 'process' ? (wish as ProcessWish).Name : (wish as DirectoryWish).Path;
}

export const isProcessName = (name: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name);

const stopSecondsMax = 50;

export function parseWish<K extends ResourceKind>(kind: K, given: unknown): WishOf[K] {
  const fields = new Fields(given);
  const wish = { directory: directoryOf, file: fileOf, process: processOf }[kind](fields) as WishOf[K];
  fields.assertNoOthers();
  return wish;
}

function directoryOf(f: Fields): DirectoryWish {
  const Path = pathOf(f, 'Path');
  // A directory that its owner cannot enter is one that the agent cannot look into.
  const Mode = f.text('Mode', '0755', /^07[0-7]{2}$/, 'four octal digits from 0700 to 0777');
  return { Path, Mode };
}

function fileOf(f: Fields): FileWish {
  const Path = pathOf(f, 'Path');
  const Encoding = f.text('Encoding', 'utf8', /^(utf8|base64)$/, 'utf8 or base64') as Encoding;
  const Content = f.text('Content', '');
  if (Encoding === 'base64' && Buffer.from(Content, 'base64').toString('base64') !== Content)
    f.refuse('Content', 'base64 with padding and without spaces', 'other text');
  const bytes = Buffer.byteLength(Content, Encoding);
  if (bytes > limits.localFileBytesMax)
    throw new Refused('too_large', `the content of ${Path} has ${bytes} bytes`, {
      path: '/desired/Content',
      expected: `at most ${limits.localFileBytesMax} bytes`,
      got: bytes,
    });
  return {
    Path,
    Content,
    Encoding,
    Mode: f.text('Mode', '0644', /^0[4-7][0-7]{2}$/, 'four octal digits from 0400 to 0777'),
  };
}

function processOf(f: Fields): ProcessWish {
  const Name = f.text('Name', undefined);
  if (!isProcessName(Name)) f.refuse('Name', 'letters, digits, dots, dashes and underscores, at most 100', Name);
  const HealthUrl = f.text('HealthUrl', '');
  if (HealthUrl !== '' && !isOnThisMachine(HealthUrl))
    f.refuse('HealthUrl', 'an http URL of 127.0.0.1, localhost or [::1]', HealthUrl);
  return {
    Name,
    Command: f.text('Command', undefined, /^[^\0]{1,1000}$/, 'the name of a command'),
    Arguments: f.texts('Arguments'),
    Folder: pathOf(f, 'Folder', ''),
    Environment: f.variables('Environment'),
    Restart: f.text('Restart', 'always', /^(always|on-failure|never)$/, 'always, on-failure or never') as RestartPolicy,
    State: f.text('State', 'running', /^(running|stopped)$/, 'running or stopped') as ProcessWish['State'],
    LogFile: pathOf(f, 'LogFile', ''),
    HealthUrl,
    StopSeconds: f.seconds('StopSeconds', limits.localStopMs / 1_000, stopSecondsMax),
    Triggers: f.object('Triggers'),
  };
}

function pathOf(f: Fields, name: string, otherwise?: string): string {
  const path = f.text(name, otherwise);
  parsePath(path, otherwise !== undefined);
  return path === '.' ? '' : path;
}

function isOnThisMachine(text: string): boolean {
  try {
    const url = new URL(text);
    return url.protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
  } catch {
    return false;
  }
}

/** Are two processes to be the same, so that the one that runs may go on? What only the agent heeds is left out. */
export function isSameCommand(a: ProcessWish, b: ProcessWish): boolean {
  const core = ({ Command, Arguments, Folder, Environment, LogFile, Triggers }: ProcessWish): string =>
    canonical({ Command, Arguments, Folder, Environment, LogFile, Triggers } as unknown as Json);
  return core(a) === core(b);
}

/** The members of an object, each taken once. A member that is null counts as left out. */
class Fields {
  readonly #given: { readonly [name: string]: unknown };
  readonly #taken = new Set<string>();

  constructor(given: unknown) {
    if (!isObject(given)) throw malformed('/desired', 'an object', given);
    this.#given = given;
  }

  refuse(name: string, expected: string, got: unknown): never {
    throw malformed(`/desired/${name}`, expected, got);
  }

  #take(name: string): unknown {
    this.#taken.add(name);
    return this.#given[name] ?? undefined;
  }

  text(name: string, otherwise: string | undefined, pattern?: RegExp, expected = 'a text'): string {
    const value = this.#take(name) ?? otherwise;
    if (typeof value !== 'string' || pattern?.test(value) === false) return this.refuse(name, expected, value ?? null);
    return value;
  }

  texts(name: string): string[] {
    const value = this.#take(name) ?? [];
    const isGood = Array.isArray(value) && value.length <= 1_000 && value.every(isPlain);
    return isGood ? value : this.refuse(name, 'a list of texts', value);
  }

  variables(name: string): { readonly [name: string]: string } {
    const value = this.object(name);
    for (const [key, text] of Object.entries(value))
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(key) || !isPlain(text))
        this.refuse(`${name}/${key}`, 'names of variables with texts', key);
    return value as { readonly [name: string]: string };
  }

  object(name: string): { readonly [name: string]: Json } {
    const value = this.#take(name) ?? {};
    return isObject(value) ? value : this.refuse(name, 'an object', value);
  }

  seconds(name: string, otherwise: number, max: number): number {
    const value = this.#take(name) ?? otherwise;
    return typeof value === 'number' && value >= 0 && value <= max ? value : this.refuse(name, `0 to ${max}`, value);
  }

  assertNoOthers(): void {
    for (const name of Object.keys(this.#given))
      if (!this.#taken.has(name)) this.refuse(name, `one of ${[...this.#taken].join(', ')}`, name);
  }
}

const isPlain = (value: unknown): value is string => typeof value === 'string' && !value.includes('\0');

export function malformed(path: string, expected: string, got: unknown): Refused {
  return new Refused('request_malformed', `${path} is not ${expected}`, { path, expected, got: got ?? null });
}
