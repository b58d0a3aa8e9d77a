// An engine to knock at from outside: plain JSON by operation name, on a store of each kind, reopened at will. Tests get
// a house for each kind of store, so that what they say holds on all of them.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect } from 'vitest';
import type { Principal } from '../../src/access/role.ts';
import { MemoryStore } from '../../src/adapters/memory/store.ts';
import { openPostgresStore } from '../../src/adapters/postgres/store.ts';
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts';
import { systemWorld } from '../../src/adapters/system/world.ts';
import type { Json } from '../../src/base/json.ts';
import { type Refusal, type Result, refusalText } from '../../src/base/result.ts';
import type { ActionRetentionOptions } from '../../src/engine/action_retention.ts';
import type { ActionWorkOptions } from '../../src/engine/action_work.ts';
import type { FunctionHost } from '../../src/engine/compiled_functions.ts';
import { Engine } from '../../src/engine/engine.ts';
import { callOperation } from '../../src/engine/operations.ts';
import type { RetentionOptions } from '../../src/engine/retention.ts';
import type { SubmitReply } from '../../src/engine/submit.ts';
import type { Workspace } from '../../src/engine/workspace.ts';
import type { Matches } from '../../src/model/pattern.ts';
import type { VariantSpec } from '../../src/model/schema.ts';
import type { Catalogue } from '../../src/ports/catalogue.ts';
import type { PolicyEngine } from '../../src/ports/policy_engine.ts';
import type { ProviderPackages } from '../../src/ports/provider_packages.ts';
import type { Readiness } from '../../src/ports/readiness.ts';
import type { SecretSource } from '../../src/ports/secret_source.ts';
import type { ChangeSetRow, Store } from '../../src/ports/store.ts';
import type { Vault } from '../../src/ports/vault.ts';
import type { WebhookSender } from '../../src/ports/webhook_sender.ts';
import type { World } from '../../src/ports/world.ts';
import { afterFiles } from '../support/endings.ts';

export type Params = { readonly [name: string]: Json | undefined };

const text = { kind: 'string' } as const;

/** A schema with a property of every kind that these tests need. */
export const boxSpec: VariantSpec = {
  format: 1,
  domain: {
    kind: 'object',
    properties: {
      text,
      size: { kind: 'integer', default: 3, minimum: 0 },
      colour: { kind: 'string', enum: ['red', 'green'], default: 'red' },
      doc: { kind: 'json' },
      tags: { kind: 'map', values: text },
      list: { kind: 'array', items: text },
      inner: { kind: 'object', properties: { a: text, b: { kind: 'string', default: 'bee' }, c: text } },
      given: { kind: 'string', readOnly: true },
    },
  },
  resourceValue: { kind: 'object', properties: { arn: text } },
  secrets: { kind: 'object', properties: {} },
  definitions: {},
};

/** A catalogue of one schema. */
export const smallCatalogue: Catalogue = {
  origin: 'test',
  source: 'test 1',
  size: 1,
  search: () => [{ name: 'Test::Catalogued', category: 'Test', summary: 'For tests.' }],
  entry: (name) => (name === 'Test::Catalogued' ? { name, category: 'Test', summary: 'For tests.' } : undefined),
  load: (name) => (name === 'Test::Catalogued' ? boxSpec : undefined),
};

export const owner: Principal = { id: 'ada', role: 'owner' };

export interface HouseOptions {
  readonly catalogue?: Catalogue;
  readonly cacheBytesMax?: number;
  readonly unwrittenBytesMax?: number;
  readonly readiness?: Readiness;
  /** What functions and secrets need; made anew whenever the house is opened. */
  readonly functions?: () => FunctionHost;
  readonly vault?: (store: Store) => Promise<Vault>;
  readonly world?: World;
  readonly matches?: Matches;
  readonly retention?: RetentionOptions;
  readonly actionRetention?: ActionRetentionOptions;
  readonly actions?: ActionWorkOptions;
  readonly packages?: ProviderPackages;
  readonly policies?: PolicyEngine;
  readonly webhooks?: WebhookSender;
  readonly secretSource?: SecretSource;
}

/** How a kind of store is opened; called again to open the same one again. */
type OpenStore = () => Promise<Store>;

export class House {
  readonly #openStore: OpenStore;
  readonly #options: HouseOptions;
  /** The SQLite file, where there is one. */
  readonly file: string | undefined;
  engine!: Engine;

  constructor(openStore: OpenStore, options: HouseOptions, file?: string) {
    this.#openStore = openStore;
    this.#options = options;
    this.file = file;
  }

  async start(): Promise<this> {
    const store = await this.#openStore();
    const { functions, vault, ...options } = this.#options;
    this.engine = new Engine({
      store,
      world: systemWorld(),
      catalogue: smallCatalogue,
      ...options,
      ...(functions === undefined ? {} : { functions: functions() }),
      ...(vault === undefined ? {} : { vault: await vault(store) }),
    });
    return this;
  }

  /** As after a restart: nothing in memory. */
  async reopen(): Promise<void> {
    await this.close();
    await this.start();
  }

  async close(): Promise<void> {
    await this.engine.close();
  }

  attempt<T>(operation: string, params: Params = {}, principal = owner): Promise<Result<T>> {
    return callOperation({ engine: this.engine, principal, progress: () => {} }, operation, params) as Promise<
      Result<T>
    >;
  }

  async call<T>(operation: string, params: Params = {}, principal = owner): Promise<T> {
    const result = await this.attempt<T>(operation, params, principal);
    if (!result.ok) throw new Error(`${operation}: ${refusalText(result.refusal)}`);
    return result.value;
  }

  async refused(operation: string, params: Params = {}, principal = owner): Promise<Refusal> {
    const result = await this.attempt(operation, params, principal);
    if (result.ok) throw new Error(`${operation} was not refused: ${JSON.stringify(result.value).slice(0, 300)}`);
    return result.refusal;
  }

  async open(name = 'work'): Promise<string> {
    return (await this.call<ChangeSetRow>('change_set.create', { name })).id;
  }

  submit(changeSet: string, ...mutations: Json[]): Promise<SubmitReply> {
    return this.call<SubmitReply>('submit', { changeSet, mutations });
  }

  set(changeSet: string, component: string, path: string, value: Json): Promise<SubmitReply> {
    return this.submit(changeSet, { kind: 'attribute.set', component, path, value });
  }

  /** Id of a new component of schema Box. */
  async create(changeSet: string, name: string, attributes: { readonly [path: string]: Json } = {}): Promise<string> {
    const reply = await this.submit(changeSet, { kind: 'component.create', schema: 'Box', name, attributes });
    return reply.steps[0]!.subject;
  }

  /** A change set with the schema Box, on Head too when `applied`. */
  async withBox(applied = true): Promise<string> {
    const changeSet = await this.open('schemas');
    await this.submit(changeSet, { kind: 'schema.create', name: 'Box', spec: boxSpec as unknown as Json });
    if (!applied) return changeSet;
    await this.call('change_set.apply', { changeSet });
    return this.open();
  }

  async value(changeSet: string, component: string, version?: number): Promise<Record<string, Json>> {
    const at = version === undefined ? {} : { version };
    const view = await this.call<{ value: { domain: Record<string, Json> } }>('component.get', {
      changeSet,
      component,
      ...at,
    });
    return view.value.domain;
  }

  row(changeSet: string): Promise<ChangeSetRow> {
    return this.call<ChangeSetRow>('change_set.get', { changeSet });
  }

  rows(): Promise<ChangeSetRow[]> {
    return this.call<ChangeSetRow[]>('change_set.list', { all: true });
  }

  async workspace(name = 'default'): Promise<Workspace> {
    const found = await this.engine.workspace(name);
    if (!found.ok) throw new Error(refusalText(found.refusal));
    return found.value.workspace;
  }

  /** Everything that may not change by a refusal: rows with roots and audit heads of every workspace. */
  async everything(): Promise<string> {
    const out: unknown[] = [];
    for (const w of await this.engine.store.listWorkspaces()) out.push(w, await this.engine.store.listChangeSets(w.id));
    return JSON.stringify(out);
  }

  /** `verify` finds nothing wrong. */
  async sound(): Promise<void> {
    const verdict = await this.call<{ ok: boolean; problems: unknown[]; audit: { problem?: unknown } }>('verify');
    expect({ ok: verdict.ok, problems: verdict.problems, audit: verdict.audit.problem }).toEqual({
      ok: true,
      problems: [],
      audit: undefined,
    });
  }
}

const folders: string[] = [];
afterFiles(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'headwater-engine-'));
  folders.push(folder);
  return folder;
}

/** A store in memory that a test can open again: closing it keeps what it holds. */
function memoryHouse(synchronousReads: boolean, options: HouseOptions): House {
  const store = new MemoryStore({ synchronousReads });
  store.close = async () => {};
  return new House(async () => store, options);
}

/** On whatever store is tested; on a file where one is named. */
export function sqliteHouse(options: HouseOptions = {}, file?: string): House {
  return file === undefined && testStore !== undefined ? postgresHouse(testStore, options) : fileHouse(options, file);
}

/** On a file, for what is about the file. */
export function fileHouse(options: HouseOptions = {}, file = join(newFolder(), 'headwater.db')): House {
  return new House(() => openSqliteStore({ file }), options, file);
}

/** Address of a PostgreSQL database: then the engine is tested on that, and not on what there is without it. */
const testStore = process.env['HEADWATER_TEST_STORE'];
let schemas = 0;

function postgresHouse(url: string, options: HouseOptions): House {
  const schema = `house_${process.pid}_${Date.now()}_${++schemas}`;
  // Opened again it is the same engine, which need not wait for its own leases.
  const node = { id: schema, address: null };
  const actions = { isShared: false, ...options.actions };
  return new House(() => openPostgresStore({ url, schema, node }), { ...options, actions });
}

const kinds: readonly (readonly [string, (options: HouseOptions) => House])[] =
  testStore !== undefined
    ? [['postgres', (options) => postgresHouse(testStore, options)]]
    : [
        ['memory, reads at once', (options) => memoryHouse(true, options)],
        ['memory, reads later', (options) => memoryHouse(false, options)],
        ['sqlite', (options) => sqliteHouse(options)],
      ];

/** Describes the same for each kind of store; `make` gives a started house, which is closed after the test. */
export function eachStore(body: (make: (options?: HouseOptions) => Promise<House>, kind: string) => void): void {
  describe.each(kinds)('%s', (kind, build) => {
    const started: House[] = [];
    afterEach(async () => {
      for (const house of started.splice(0)) await house.close().catch(() => {});
    });
    body(async (options = {}) => {
      const house = await build(options).start();
      started.push(house);
      return house;
    }, kind);
  });
}
