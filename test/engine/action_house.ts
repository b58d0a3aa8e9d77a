// A house whose components have resources at a provider that runs in a process of its own.

import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import type { ApplyReceipt } from '../../src/engine/apply_receipt.ts';
import type { ActionRecord } from '../../src/model/action.ts';
import { withFunctions } from './function_house.ts';
import { type House, type HouseOptions, newFolder, sqliteHouse } from './house.ts';

export interface Effect {
  readonly op: 'create' | 'update' | 'destroy';
  readonly id: string;
  readonly name?: string;
  readonly body?: Json;
}

/** What goes wrong with the nth call of an operation. */
export interface Rule {
  readonly op: string;
  readonly nth: number;
  readonly goes: 'fail' | 'stall' | 'drop' | 'hang';
}

export interface Provider {
  readonly port: number;
  journal(): Promise<readonly Effect[]>;
  rules(...rules: readonly Rule[]): Promise<void>;
  /** As it was after its first effects, without rules. */
  reset(effects: number): Promise<void>;
  /** Makes, changes or takes away a thing behind everybody's back. */
  make(body: Json): Promise<{ readonly id: string }>;
  put(id: string, body: Json): Promise<void>;
  remove(id: string): Promise<void>;
  close(): void;
}

/** `token`: it answers only who brings it. */
export async function startProvider(token?: string): Promise<Provider> {
  const file = join(newFolder(), 'journal');
  const child: ChildProcess = spawn(
    process.execPath,
    [join(import.meta.dirname, 'provider.mjs'), file, ...(token === undefined ? [] : [token])],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout!.once('data', (bytes: Buffer) => resolve(Number(bytes.toString())));
    child.once('exit', () => reject(new Error('the provider does not start')));
  });
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const ask = async (method: string, path: string, body?: Json): Promise<Json> => {
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    return (await (await fetch(`http://127.0.0.1:${port}/${path}`, init)).json()) as Json;
  };
  return {
    port,
    journal: async () => (await ask('GET', 'journal')) as unknown as Effect[],
    rules: async (...rules) => void (await ask('POST', 'rules', rules as unknown as Json)),
    reset: async (effects) => {
      await ask('POST', 'rules', []);
      await ask('POST', 'reset', effects);
    },
    make: async (body) => (await ask('POST', 'things', { body })) as unknown as { id: string },
    put: async (id, body) => void (await ask('PUT', `things/${id}`, body)),
    remove: async (id) => void (await ask('DELETE', `things/${id}`)),
    close: () => void child.kill('SIGKILL'),
  };
}

export const pause = (ms: number) => new Promise((r) => setTimeout(r, ms));

const text = { kind: 'string' } as const;

/** The functions of a thing by action: plain code against the provider. */
export function codeOf(port: number): Readonly<Record<'create' | 'update' | 'destroy' | 'refresh', string>> {
  const head = `// @network 127.0.0.1:${port}
const at = 'http://127.0.0.1:${port}/things';
const ask = async (method, url, body) => {
  const answer = await fetch(url, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const json = await answer.json();
  if (answer.status === 404) return undefined;
  if (!answer.ok) throw new Error(json.error);
  return json;
};
`;
  const id = 'input.properties.si.resourceId';
  return {
    create: `// @idempotent
${head}async function main(input) {
  const { domain, si } = input.properties;
  const made = await ask('POST', at, { key: input.idempotencyKey, name: si.name, body: domain });
  return { status: 'ok', resourceId: made.id, payload: { ...made.body, Address: 'addr-' + made.id } };
}`,
    update: `// @idempotent
${head}async function main(input) {
  const made = await ask('PUT', at + '/' + ${id}, input.properties.domain);
  return { status: 'ok', payload: { ...made.body, Address: 'addr-' + made.id } };
}`,
    destroy: `// @idempotent
${head}async function main(input) {
  await ask('DELETE', at + '/' + ${id});
  return { status: 'ok', payload: null };
}`,
    refresh: `${head}async function main(input) {
  const made = await ask('GET', at + '/' + ${id});
  return { status: 'ok', payload: made === undefined ? null : { ...made.body, Address: 'addr-' + made.id } };
}`,
  };
}

/** Schema `Thing`, whose resources are at the provider. */
export function thingMutations(port: number): Json[] {
  const code = codeOf(port);
  return [
    {
      kind: 'schema.create',
      name: 'Thing',
      spec: {
        format: 1,
        domain: {
          kind: 'object',
          properties: { Size: { kind: 'integer' }, Upstream: text, Zone: { ...text, createOnly: true } },
        },
        resourceValue: { kind: 'object', properties: { Address: text, Size: { kind: 'integer' } } },
        secrets: { kind: 'object', properties: {} },
        definitions: {},
      },
    },
    ...Object.entries(code).flatMap(([action, source]): Json[] => [
      { kind: 'function.create', name: `thing-${action}`, functionKind: 'action', text: source },
      { kind: 'binding.attach', function: `thing-${action}`, schema: 'Thing', action },
    ]),
  ];
}

/** The request that makes one. */
export const thing = (name: string, attributes: Record<string, Json> = {}, schema = 'Thing'): Json => ({
  kind: 'component.create',
  schema,
  name,
  attributes,
});

/** The value that follows the address of another one's resource. */
export const addressOf = (component: string): Json => ({ $source: { component, path: '/resource_value/Address' } });

/** Attributes of a thing that is made with the address of another one's resource. */
export const follows = (component: string): Record<string, Json> => ({ '/domain/Upstream': addressOf(component) });

/** Of the tests of a file: what is put in is closed after each. */
export function housesOfTests(): ActionHouse[] {
  const houses: ActionHouse[] = [];
  afterEach(async () => {
    for (const house of houses.splice(0)) await house.close();
  });
  return houses;
}

export class ActionHouse {
  readonly house: House;
  readonly provider: Provider;

  constructor(house: House, provider: Provider) {
    this.house = house;
    this.provider = provider;
  }

  /** With `Thing` on Head. */
  static async open(options: HouseOptions = {}): Promise<ActionHouse> {
    const provider = await startProvider();
    const house = await sqliteHouse({ ...withFunctions, ...options }).start();
    const changeSet = await house.open('schemas');
    await house.submit(changeSet, ...thingMutations(provider.port));
    await house.call('change_set.apply', { changeSet, waitMs: 20_000 });
    return new ActionHouse(house, provider);
  }

  /** Makes edits in a change set of their own and applies it; what that queues is carried out. */
  async apply(name: string, ...mutations: Json[]): Promise<void> {
    await this.applyOnly(name, ...mutations);
    await this.quiet();
  }

  /** The same, and what that queues may still be under way. */
  async applyOnly(name: string, ...mutations: Json[]): Promise<ApplyReceipt> {
    const changeSet = await this.house.open(name);
    await this.house.submit(changeSet, ...mutations);
    return this.house.call<ApplyReceipt>('change_set.apply', { changeSet, waitMs: 20_000 });
  }

  /** Makes `it`, whose creation the provider does and does not answer; with `Thing` on Head before, as these mutations make it. */
  async hanging(mutations = thingMutations(this.provider.port)): Promise<void> {
    const { house, provider } = this;
    await this.apply('schemas', ...mutations);
    await provider.rules({ op: 'create', nth: 1, goes: 'hang' });
    const made = await house.open('made');
    await house.submit(made, thing('it'));
    await house.call('change_set.apply', { changeSet: made, waitMs: 20_000 });
    while ((await this.effects()).length === 0) await new Promise((r) => setTimeout(r, 20));
  }

  async quiet(): Promise<readonly ActionRecord[]> {
    return (await this.house.call<{ open: readonly ActionRecord[] }>('action.run', { waitMs: 30_000 })).open;
  }

  async actions(filter: { readonly status?: string; readonly component?: string } = {}): Promise<ActionRecord[]> {
    return (await this.house.call<{ items: ActionRecord[] }>('action.list', filter)).items.toReversed();
  }

  /** `kind of component: status`, oldest first. */
  async told(filter: { readonly status?: string; readonly component?: string } = {}): Promise<string[]> {
    return (await this.actions(filter)).map((a) => `${a.kind} of ${a.componentName}: ${a.status}`);
  }

  /** What was done to resources, as `told`; that they were looked at beside it is another matter. */
  async done(): Promise<string[]> {
    return (await this.told()).filter((line) => !line.startsWith('refresh'));
  }

  /** Resolves when an action of the kind is running. */
  async untilRunning(kind: string): Promise<void> {
    while (!(await this.actions({ status: 'running' })).some((a) => a.kind === kind)) await pause(10);
  }

  /** `operation name-or-id`, in order. */
  async effects(): Promise<string[]> {
    return (await this.provider.journal()).map((e) => `${e.op} ${e.name ?? e.id}`);
  }

  async seen(changeSet: string, component: string): Promise<Record<string, Json>> {
    const view = await this.house.call<{ value: Record<string, Json> }>('component.get', {
      changeSet,
      component,
      waitMs: 20_000,
    });
    return view.value;
  }

  async close(): Promise<void> {
    await this.house.close();
    this.provider.close();
  }
}
