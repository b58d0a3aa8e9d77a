// The packages that functions may name, as texts to hand to a process of the tier, which itself reads no file: the modules
// of each package that can be reached from its entry, keyed by where they lie. Read once, when a function first names one.

import { readFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { dirname, relative } from 'node:path';
import { invariant } from '../../base/result.ts';
import type { Library, LibraryName } from './library_names.ts';

const require = createRequire(import.meta.url);

/** The file of the module that each name stands for. */
const entries: Readonly<Record<LibraryName, () => string>> = {
  _: () => require.resolve('lodash/lodash.min.js'),
  Joi: () => require.resolve('joi'),
  YAML: () => require.resolve('yaml'),
  toml: () => require.resolve('smol-toml'),
  jsonpatch: () => require.resolve('fast-json-patch'),
};

/**
 * What of a library cannot be frozen as it is. Joi hands out one schema a type and writes to it each time: here everyone
 * gets a copy, so that the maps in it, which freezing does not reach, are nobody else's. And it notes on a schema what it
 * has merged for it: not on those of its own.
 */
const patches: readonly { readonly file: RegExp; readonly from: string; readonly to: string }[] = [
  {
    file: /[\\/]joi[\\/]lib[\\/]index\.js$/,
    from: 'schema.$_root = root;',
    to: 'schema = schema.clone(); schema.$_root = root;',
  },
  {
    file: /[\\/]joi[\\/]lib[\\/]validator\.js$/,
    from: 'schema._preferences[Common.symbols.prefs] = prefs;',
    to: 'if (Object.isExtensible(schema._preferences)) schema._preferences[Common.symbols.prefs] = prefs;',
  },
];

const read = new Map<string, Library>();
const requireCall = /\brequire\((['"])([^'"]+)\1\)/g;

export function libraryOf(name: LibraryName): Library {
  const known = read.get(name);
  if (known !== undefined) return known;
  const library = readLibrary(entries[name]());
  read.set(name, library);
  return library;
}

function readLibrary(entry: string): Library {
  const base = dirname(entry);
  const pathOf = (file: string): string => relative(base, file).replaceAll('\\', '/');
  const modules = new Map<string, string>();
  const visit = (file: string): void => {
    const path = pathOf(file);
    if (modules.has(path)) return;
    const text = patched(file, readFileSync(file, 'utf8'));
    // The child resolves nothing: each name in the text becomes the key of the module it leads to. Node's own modules
    // keep their names, for which the child has stand-ins.
    const needed: string[] = [];
    const { resolve } = createRequire(file);
    const keyed = text.replace(requireCall, (call, quote: string, name: string) => {
      if (isBuiltin(name)) return call;
      const target = resolve(name);
      needed.push(target);
      return `require(${quote}${pathOf(target)}${quote})`;
    });
    modules.set(path, file.endsWith('.json') ? `module.exports=${text}` : keyed);
    needed.forEach(visit);
  };
  visit(entry);
  return { entry: pathOf(entry), modules };
}

function patched(file: string, text: string): string {
  let out = text;
  for (const patch of patches.filter((one) => one.file.test(file))) {
    invariant(out.split(patch.from).length === 2, `${file} has changed: its patch does not fit any more`);
    out = out.replace(patch.from, () => patch.to);
  }
  return out;
}
