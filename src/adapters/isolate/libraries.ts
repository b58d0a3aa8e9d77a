// The packages that functions may name, as texts to hand to a process of the tier, which itself reads no file: the modules
// of each package that can be reached from its entry, keyed by where they lie. Read once, when a function first names one.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, relative, resolve } from 'node:path';

/** A name that functions use, and the module it stands for. */
const entries: Readonly<Record<string, string>> = {
  _: 'lodash/lodash.min.js',
  Joi: 'joi/dist/joi-browser.min.js',
  YAML: 'yaml',
  toml: 'smol-toml',
  jsonpatch: 'fast-json-patch',
};

export const libraryNames: readonly string[] = Object.keys(entries);

export interface Library {
  readonly entry: string;
  /** Texts of CommonJS modules by path, `/` between parts; `require` of a relative path leads from one to another. */
  readonly modules: ReadonlyMap<string, string>;
}

const mentions: readonly (readonly [string, RegExp])[] = libraryNames.map((name) => [
  name,
  new RegExp(`(?<![\\w$.])${name}(?![\\w$])`),
]);

/** The libraries that a script names. One too many does no harm: it costs a child some milliseconds, once. */
export function librariesNamedIn(script: string): readonly string[] {
  return mentions.filter(([, pattern]) => pattern.test(script)).map(([name]) => name);
}

const read = new Map<string, Library>();
const relativeRequire = /\brequire\((['"])(\.[^'"]+)\1\)/g;

export function libraryOf(name: string): Library {
  const known = read.get(name);
  if (known !== undefined) return known;
  const library = readLibrary(entries[name]!);
  read.set(name, library);
  return library;
}

function readLibrary(module: string): Library {
  const require = createRequire(import.meta.url);
  const entry = require.resolve(module);
  const base = dirname(entry);
  const pathOf = (file: string): string => relative(base, file).replaceAll('\\', '/');
  const modules = new Map<string, string>();
  const visit = (file: string): void => {
    if (modules.has(pathOf(file))) return;
    const text = readFileSync(file, 'utf8');
    // The child resolves nothing: each relative name in the text becomes the key of the module it leads to.
    const needed: string[] = [];
    const keyed = text.replace(relativeRequire, (_, quote: string, name: string) => {
      const target = require.resolve(resolve(dirname(file), name));
      needed.push(target);
      return `require(${quote}${pathOf(target)}${quote})`;
    });
    modules.set(pathOf(file), keyed);
    needed.forEach(visit);
  };
  visit(entry);
  return { entry: pathOf(entry), modules };
}
