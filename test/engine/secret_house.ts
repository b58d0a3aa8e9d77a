// A house with a vault and the real compiler, isolate and process tier: a secret definition `Cloud` with an authentication function,
// a schema `Thing` with slots for secrets and functions that use them.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sodium from 'libsodium-wrappers';
import { openCompiler } from '../../src/adapters/compiler/compiler.ts';
import { openIsolate } from '../../src/adapters/isolate/isolate.ts';
import { openProcessTier } from '../../src/adapters/process/tier.ts';
import { systemWorld } from '../../src/adapters/system/world.ts';
import { environmentKey } from '../../src/adapters/vault/installation_key.ts';
import { keyTextOf } from '../../src/adapters/vault/key_text.ts';
import { openVault } from '../../src/adapters/vault/vault.ts';
import type { Json } from '../../src/base/json.ts';
import type { VariantSpec } from '../../src/model/schema.ts';
import type { Vault } from '../../src/ports/vault.ts';
import { type House, type HouseOptions, newFolder, sqliteHouse } from './house.ts';

const program = fileURLToPath(new URL('../../dist/adapters/process/child', import.meta.url));

const text = { kind: 'string' } as const;
const slot = { kind: 'string', secret: true } as const;

export const thingSpec: VariantSpec = {
  format: 1,
  domain: { kind: 'object', properties: { text, told: text } },
  resourceValue: { kind: 'object', properties: {} },
  secrets: { kind: 'object', properties: { first: slot, second: slot } },
  definitions: {},
};

/** Vaults of the houses that were opened, newest last. */
export const vaults: Vault[] = [];

export async function secretHouse(options: HouseOptions = {}): Promise<{ house: House; folder: string }> {
  await sodium.ready;
  const folder = newFolder();
  const key = await environmentKey(keyTextOf(new Uint8Array(32).fill(7)));
  const house = sqliteHouse(
    {
      functions: () => ({
        compiler: openCompiler(),
        runners: [openIsolate({ workers: 1 }), openProcessTier({ program })],
      }),
      vault: async (store) => {
        const vault = await openVault({ documents: store.runs, key, clock: systemWorld().clock });
        vaults.push(vault);
        return vault;
      },
      ...options,
    },
    join(folder, 'headwater.db'),
  );
  return { house: await house.start(), folder };
}

/** Leaves the password where functions find it, and nothing else. */
const authentication = `
function main(secret) {
  requestStorage.setItem('password', secret.password);
  requestStorage.setEnv('PASSWORD', secret.password);
}`;

export const secretOf = (name: string): Json => ({ $source: { secret: name } });
export const follows = (component: string, path: string): Json => ({ $source: { component, path } });

export interface Seen {
  readonly value: {
    readonly domain?: Record<string, Json>;
    readonly secrets?: Record<string, Json>;
    readonly code?: Record<string, { readonly format: string; readonly code: string }>;
    readonly qualification?: Record<string, { readonly result: string; readonly message?: string }>;
  };
  readonly problems: readonly { readonly path: string; readonly code: string; readonly message: string }[];
}

/** An open change set with `Cloud`, its authentication function and `Thing`. */
export async function withSchemas(house: House): Promise<string> {
  const changeSet = await house.open();
  await house.submit(
    changeSet,
    { kind: 'schema.create', name: 'Cloud', spec: thingSpec as unknown as Json },
    { kind: 'schema.create', name: 'Thing', spec: thingSpec as unknown as Json },
  );
  await bind(house, changeSet, {
    name: 'log in',
    functionKind: 'authentication',
    text: authentication,
    schema: 'Cloud',
  });
  return changeSet;
}

export interface Bound {
  readonly name: string;
  readonly functionKind: string;
  readonly text: string;
  readonly schema?: string;
  readonly output?: string;
  readonly arguments?: Json;
}

export async function bind(house: House, changeSet: string, b: Bound): Promise<void> {
  const { name, functionKind, schema = 'Thing', output, arguments: args } = b;
  await house.submit(changeSet, { kind: 'function.create', name, functionKind, text: b.text });
  await house.submit(changeSet, {
    kind: 'binding.attach',
    function: name,
    schema,
    ...(output === undefined ? {} : { output }),
    ...(args === undefined ? {} : { arguments: args }),
  });
}

export async function thing(house: House, changeSet: string, name: string, attributes: Record<string, Json> = {}) {
  const reply = await house.submit(changeSet, { kind: 'component.create', schema: 'Thing', name, attributes });
  return reply.steps[0]!.subject;
}

export const setSecret = (house: House, changeSet: string, name: string, content: Json, definition = 'Cloud') =>
  house.call<{ secret: string; version: number; created: boolean }>('secret.set', {
    changeSet,
    name,
    definition,
    content,
  });

/** A component once all of it is computed. */
export const seen = (house: House, changeSet: string, component: string): Promise<Seen> =>
  house.call<Seen>('component.get', { changeSet, component, waitMs: 60_000 });

export async function runsOf(house: House) {
  const w = await house.workspace();
  await w.calls.flushed();
  return (await w.store.runs.listRuns(w.id, { limit: 1_000 })).toReversed();
}
