// The provider packages that lie in a folder: one folder each, with a `provider.json` that names the package and the files of
// its schemas, and those files. What several schemas need is written once: the files that a schema names as `with` are put
// before its own, and the whole is its definition. Read once, when somebody first asks; nothing is run here.

import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { compareText, isObject, type Json } from '../../base/json.ts';
import { Fault } from '../../base/result.ts';
import type { ProviderPackage, ProviderPackages, ProviderSchema } from '../../ports/provider_packages.ts';

const descriptionFile = 'provider.json';

/** `list` throws `package_damaged` for a folder that is not as it should be. */
export function openPackages(folder: string): ProviderPackages {
  let known: readonly ProviderPackage[] | undefined;
  return {
    list: () => {
      known ??= foldersIn(folder)
        .map((name) => readPackage(join(folder, name)))
        .sort((a, b) => compareText(a.name, b.name));
      return known;
    },
  };
}

function foldersIn(folder: string): string[] {
  return reading(folder, () => readdirSync(folder, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}

function readPackage(folder: string): ProviderPackage {
  const file = join(folder, descriptionFile);
  const given = parsed(file);
  const { name, description, schemas } = isObject(given) ? given : {};
  if (name !== basename(folder)) throw damaged(file, `its name is not ${basename(folder)}`);
  if (typeof description !== 'string' || description === '') throw damaged(file, 'it has no description');
  if (!Array.isArray(schemas) || schemas.length === 0) throw damaged(file, 'it names no schemas');
  return { name, description, schemas: schemas.map((schema) => readSchema(folder, file, schema as Json)) };
}

function readSchema(folder: string, from: string, given: Json): ProviderSchema {
  const { name, file, category, with: before = [] } = isObject(given) ? given : {};
  if (typeof name !== 'string' || name === '') throw damaged(from, 'a schema has no name');
  if (!isFileName(file)) throw damaged(from, `${name} has no file`);
  if (!Array.isArray(before) || !before.every(isFileName)) throw damaged(from, `${name} is with what is no file`);
  if (category !== undefined && typeof category !== 'string') throw damaged(from, `the category of ${name} is no text`);
  const text = [...before, file].map((part) => textOf(join(folder, part))).join('\n');
  return { name, text, ...(category === undefined ? {} : { category }) };
}

const isFileName = (value: unknown): value is string => typeof value === 'string' && /^[a-z0-9_-]+\.ts$/i.test(value);

const textOf = (path: string): string => reading(path, () => readFileSync(path, 'utf8'));

function parsed(file: string): Json {
  const text = textOf(file);
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw damaged(file, 'it is not JSON');
  }
}

function reading<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (e) {
    throw damaged(path, e instanceof Error ? e.message : String(e));
  }
}

function damaged(path: string, why: string): Fault {
  return new Fault('package_damaged', `the provider package cannot be read, ${path}: ${why}; install Headwater again`, {
    path,
  });
}
