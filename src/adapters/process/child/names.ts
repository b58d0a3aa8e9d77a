// The names that function code finds without importing anything. Packages are loaded when they are first named: most
// functions use none, and loading all would cost more than the run.

import { createRequire } from 'node:module';
import { awsThroughFetch, pgThrough } from './clients.ts';
import { makeConnect } from './proxied.ts';
import type { ReadStorage } from './storage.ts';

const load = createRequire(import.meta.url);

/** Name -> module. The packages lie beside this program in the sandbox; the adapter reads their list from here. */
const packageNames = {
  _: 'lodash',
  YAML: 'yaml',
  Joi: 'joi',
  toml: 'smol-toml',
  jsonpatch: 'fast-json-patch',
} as const;

/** Packages that connect to something: `installClients` makes them ready to. */
const clientPackages = { Pg: 'pg', CloudControl: '@aws-sdk/client-cloudcontrol', STS: '@aws-sdk/client-sts' } as const;

/** All packages, with what they depend on, that a child has to find. */
export const packagesToShow: readonly string[] = [...Object.values(packageNames), ...Object.values(clientPackages)];

const builtinNames = { zlib: 'node:zlib', os: 'node:os', fs: 'node:fs', path: 'node:path' } as const;

function define(name: string, value: unknown): void {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
}

function defineLazily(name: string, make: () => unknown): void {
  Object.defineProperty(globalThis, name, {
    get() {
      const value = make();
      define(name, value);
      return value;
    },
    set: (value: unknown) => define(name, value),
    configurable: true,
    enumerable: false,
  });
}

/** Before the order is known. */
export function installNames(): void {
  for (const [name, module] of Object.entries({ ...packageNames, ...builtinNames }))
    defineLazily(name, () => load(module));
}

/** What connects, through the proxy or to nothing. */
export function installClients(proxy: string | null): void {
  define('connect', makeConnect(proxy));
  defineLazily('Pg', () => pgThrough(proxy, load(clientPackages.Pg)));
  for (const name of ['CloudControl', 'STS'] as const)
    defineLazily(name, () => {
      const { FetchHttpHandler } = createRequire(load.resolve(clientPackages[name]))('@smithy/fetch-http-handler');
      return awsThroughFetch(load(clientPackages[name]), FetchHttpHandler);
    });
}

/** For one function. */
export function installRequestNames(names: { readonly requestStorage: ReadStorage; readonly siExec: unknown }): void {
  for (const [name, value] of Object.entries(names)) define(name, value);
}
