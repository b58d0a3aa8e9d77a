// A house with the provider `containers` on Head and a credential for an engine.

import { fileURLToPath } from 'node:url';
import { differences } from '../../src/actions/drift.ts';
import { openCompiler } from '../../src/adapters/compiler/compiler.ts';
import { openIsolate } from '../../src/adapters/isolate/isolate.ts';
import { openProcessTier } from '../../src/adapters/process/tier.ts';
import type { Json } from '../../src/base/json.ts';
import type { ActionRecord } from '../../src/model/action.ts';
import type { VariantSpec } from '../../src/model/schema.ts';
import type { House } from '../engine/house.ts';
import { secretHouse, secretOf } from '../engine/secret_house.ts';
import { authorProvider } from '../support/provider_house.ts';
import type { ContainerEngine } from './container_engine.ts';

const program = fileURLToPath(new URL('../../dist/adapters/process/child', import.meta.url));

/** A component on Head. */
export interface SeenComponent {
  readonly schema: string;
  readonly resourceId: string | null;
  readonly domain: Record<string, Json>;
  readonly payload: Record<string, Json> | null;
  // biome-ignore lint/suspicious/noExplicitAny: what is reported is read by name
  readonly reported: Record<string, any>;
}

type Attributes = { readonly [path: string]: Json };

export class ContainerHouse {
  readonly house: House;
  readonly engine: ContainerEngine;

  constructor(house: House, engine: ContainerEngine) {
    this.house = house;
    this.engine = engine;
  }

  /** `others`: more credentials by name, besides `engine`. */
  static async open(engine: ContainerEngine, others: { readonly [name: string]: Json } = {}): Promise<ContainerHouse> {
    const { house } = await secretHouse({
      functions: () => ({
        compiler: openCompiler(),
        runners: [openIsolate({ workers: 1 }), openProcessTier({ program, sockets: [engine.socket] })],
      }),
    });
    const changeSet = await house.open('provider');
    await authorProvider(house, changeSet, 'containers');
    for (const [name, content] of Object.entries({ engine: { Socket: `unix:${engine.socket}` }, ...others }))
      await house.call('secret.set', { changeSet, name, definition: 'Container Engine', content });
    await house.call('change_set.apply', { changeSet, waitMs: 20_000 });
    return new ContainerHouse(house, engine);
  }

  /** Makes edits in a change set of their own and applies it; what that queues is carried out. */
  async apply(name: string, ...mutations: Json[]): Promise<void> {
    const changeSet = await this.house.open(name);
    await this.house.submit(changeSet, ...mutations);
    await this.house.call('change_set.apply', { changeSet, waitMs: 20_000 });
    await this.quiet();
  }

  async quiet(): Promise<void> {
    await this.house.call('action.run', { waitMs: 60_000 });
  }

  /** What is there now. */
  async refresh(...components: readonly string[]): Promise<void> {
    for (const component of components) await this.house.call('action.request', { component });
    await this.quiet();
  }

  async manual(component: string, name: string): Promise<void> {
    await this.house.call('action.request', { component, kind: 'manual', name });
    await this.quiet();
  }

  async actions(): Promise<ActionRecord[]> {
    return (await this.house.call<{ items: ActionRecord[] }>('action.list', {})).items.toReversed();
  }

  /** `kind of component: status`, of those that changed something, oldest first. */
  async told(): Promise<string[]> {
    const effects = (await this.actions()).filter((a) => a.kind !== 'refresh');
    return effects.map((a) => `${a.kind} of ${a.componentName}: ${a.status}`);
  }

  async failures(): Promise<string[]> {
    return (await this.actions()).flatMap((a) => (a.failure === null ? [] : [a.failure.message]));
  }

  async seen(component: string): Promise<SeenComponent> {
    const { schema, resourceId, value } = await this.house.call<{
      schema: { name: string };
      resourceId: string | null;
      value: {
        domain: Record<string, Json>;
        resource?: { payload: Record<string, Json> };
        resource_value?: Record<string, Json>;
      };
    }>('component.get', { changeSet: 'HEAD', component, waitMs: 20_000 });
    const { domain, resource, resource_value } = value;
    return {
      schema: schema.name,
      resourceId,
      domain,
      payload: resource?.payload ?? null,
      reported: resource_value ?? {},
    };
  }

  /** Paths of what is there otherwise than it was meant, as of the last look. */
  async drift(component: string): Promise<string[]> {
    const { schema, domain, payload } = await this.seen(component);
    const { spec } = await this.house.call<{ spec: VariantSpec }>('schema.describe', { schema });
    return differences({ spec, inputs: domain, payload }).map((d) => d.path);
  }

  async close(): Promise<void> {
    await this.house.close();
  }
}

export const create = (schema: string, name: string, attributes: Attributes): Json => ({
  kind: 'component.create',
  schema: `Container::${schema}`,
  name,
  attributes: { '/secrets/credential': secretOf('engine'), ...attributes },
});
export const set = (component: string, path: string, value: Json): Json => ({
  kind: 'attribute.set',
  component,
  path,
  value,
});
export const remove = (component: string): Json => ({ kind: 'component.delete', component });
export const follow = (component: string, path: string): Json => ({ $source: { component, path } });
