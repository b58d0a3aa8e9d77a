// The libraries of a child: modules evaluated when a function first names them, then frozen, and from then on the same
// object for every function. Freezing does not reach what a module keeps in variables of its own, so that what a library
// counts or reads of the world outside (`_.uniqueId`, `_.now`) is replaced before.

import { Bytes } from './bytes.ts';
import { type Library, librariesNamedIn } from './library_names.ts';
import { type Compartment, harden, newCompartment } from './realm.ts';
import { sealableCollections } from './sealable.ts';

type Exports = Record<string, unknown>;

/** SES refuses source with these spellings although they are only text in the libraries. */
const asLibrary = {
  __evadeHtmlCommentTest__: true,
  __evadeImportExpressionTest__: true,
  __rejectSomeDirectEvalExpressions__: false,
};

/** Modules of the hapi family keep what they do not export in an object of this name. */
const internals = ';return typeof internals==="undefined"?undefined:internals';

type Lodash = Record<string, (...args: unknown[]) => unknown>;

/** What a library shows only through what it makes, once it makes it: prototypes that it holds in variables. */
const insides: Readonly<Record<string, (exports: Exports) => unknown[]>> = {
  _: (exports) => {
    const lodash = exports as Lodash;
    const wrapped = (exports as unknown as (value: unknown) => Record<string, (...args: unknown[]) => unknown>)([1]);
    const shown: unknown[] = [wrapped, wrapped['map']!((x: unknown) => x)];
    const memo = lodash['memoize']!((x: unknown) => x) as ((x: unknown) => unknown) & { cache: unknown };
    for (const key of ['a', 1, {}, Symbol.iterator]) memo(key);
    shown.push(memo.cache);
    const large = Array.from({ length: 300 }, (_, i) => ({ i }));
    for (const deep of [large.slice(0, 3), large])
      lodash['cloneDeepWith']!(deep, (...args: unknown[]) => {
        shown.push(args[3]);
      });
    return shown;
  },
};

/** The parts of the host's `URL` that Joi asks for when it looks at a domain. */
class PlainUrl {
  readonly href: string;
  readonly host: string;
  readonly hostname: string;
  constructor(text: string) {
    const url = new URL(text);
    this.href = url.href;
    this.host = url.host;
    this.hostname = url.hostname;
  }
}

export class LibraryShelf {
  readonly #texts = new Map<string, Library>();
  readonly #loaded = new Map<string, unknown>();
  #uniqueIds = 0;

  add(name: string, library: Library): void {
    this.#texts.set(name, library);
  }

  /** To be called before each call: what a library counts starts anew. */
  reset(): void {
    this.#uniqueIds = 0;
  }

  /** The libraries that a script names, by name. */
  namedIn(script: string): Readonly<Record<string, unknown>> {
    return Object.fromEntries(librariesNamedIn(script).map((name) => [name, this.#get(name)]));
  }

  #get(name: string): unknown {
    const known = this.#loaded.get(name);
    if (known !== undefined) return known;
    const library = this.#texts.get(name);
    if (library === undefined) throw new Error(`the text of ${name} was not sent`);
    const collections = sealableCollections();
    const compartment = newCompartment({
      ...endowments(name),
      ...(name === 'Joi' ? { Map: collections.Map, Set: collections.Set } : {}),
    });
    const { globalThis: global } = compartment;
    global['self'] = global;
    const { exports, held } = requireIn(compartment, library);
    if (name === '_') this.#withoutCounters(exports);
    collections.seal();
    harden([insides[name]?.(exports), held]);
    const value = harden(name === 'toml' || name === 'YAML' ? { ...exports } : exports);
    harden(global);
    this.#loaded.set(name, value);
    return value;
  }

  #withoutCounters(lodash: Exports): void {
    lodash['uniqueId'] = (prefix?: unknown): string => `${prefix ?? ''}${++this.#uniqueIds}`;
    lodash['now'] = (): never => {
      throw new TypeError('secure mode Calling _.now() throws');
    };
  }
}

/**
 * What libraries find as globals. lodash reads the clock to see how often it is called within some milliseconds; with a
 * clock that is always far ahead it never is, and behaves the same at the first call and at the millionth.
 */
function endowments(name: string): Readonly<Record<string, unknown>> {
  let clock = 0;
  const lodashOnly = { Date: { now: () => (clock += 60_000) } };
  return { URL: PlainUrl, Buffer: Bytes, ...(name === '_' ? lodashOnly : {}) };
}

/** What the entry of a library gives, and everything else that its modules hold and can be reached by. */
function requireIn(
  compartment: Compartment,
  library: Library,
): { readonly exports: Exports; readonly held: unknown[] } {
  const held: unknown[] = [];
  const modules = new Map<string, { exports: Exports }>();
  const stubs: Readonly<Record<string, unknown>> = {
    buffer: { Buffer: Bytes },
    url: { URL: PlainUrl },
    util: { TextEncoder: compartment.globalThis['TextEncoder'] },
    process: { env: {}, emitWarning: () => undefined },
  };
  const load = (path: string): Exports => {
    const known = modules.get(path);
    if (known !== undefined) return known.exports;
    const text = library.modules.get(path);
    if (text === undefined) {
      const stub = stubs[path];
      if (stub === undefined) throw new Error(`the library asks for ${path}, which it does not get`);
      return stub as Exports;
    }
    const module = { exports: {} as Exports };
    modules.set(path, module);
    const body = compartment.evaluate(`(function(module,exports,require){${text}\n${internals}})`, asLibrary) as (
      ...args: unknown[]
    ) => unknown;
    held.push(body.call(compartment.globalThis, module, module.exports, load), module.exports);
    return module.exports;
  };
  const exports = load(library.entry);
  // Those too that are asked for only later: by then everything is frozen.
  for (const path of library.modules.keys()) load(path);
  return { exports, held };
}
