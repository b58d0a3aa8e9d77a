// A house with the schemas of the provider `local` on Head, and a credential for a real agent.

import type { Json } from '../../src/base/json.ts';
import type { ActionRecord } from '../../src/model/action.ts';
import type { House } from '../engine/house.ts';
import { secretHouse, setSecret } from '../engine/secret_house.ts';
import { authorProvider } from '../support/provider_house.ts';
import { AgentProcess } from './agent_world.ts';

export interface Seen {
  readonly value: {
    readonly domain: Record<string, Json>;
    readonly resource_value?: Record<string, Json>;
    readonly qualification?: Record<string, { readonly result: string; readonly message?: string }>;
  };
  readonly problems: readonly { readonly path: string; readonly code: string; readonly message: string }[];
}

export const follows = (component: string, path: string): Json => ({ $source: { component, path } });

export class ProviderHouse {
  readonly house: House;
  agent: AgentProcess;
  #changeSets = 0;

  private constructor(house: House, agent: AgentProcess) {
    this.house = house;
    this.agent = agent;
  }

  static async open(): Promise<ProviderHouse> {
    const agent = await AgentProcess.start();
    const { house } = await secretHouse();
    const opened = new ProviderHouse(house, agent);
    const changeSet = await house.open('provider');
    await authorProvider(house, changeSet, 'local');
    await setSecret(house, changeSet, 'here', { Endpoint: agent.endpoint, Token: agent.token }, 'Local Machine');
    await house.call('change_set.apply', { changeSet, waitMs: 20_000 });
    return opened;
  }

  /** An edit that makes a component of the provider. */
  made(schema: string, name: string, attributes: Record<string, Json>): Json {
    const all = { '/secrets/Machine': { $source: { secret: 'here' } }, ...attributes };
    return { kind: 'component.create', schema: `Local::${schema}`, name, attributes: all };
  }

  set(component: string, path: string, value: Json): Json {
    return { kind: 'attribute.set', component, path, value };
  }

  /** A change set with these edits. */
  async edited(...mutations: Json[]): Promise<string> {
    const changeSet = await this.house.open(`change ${++this.#changeSets}`);
    await this.house.submit(changeSet, ...mutations);
    return changeSet;
  }

  /** Makes the edits, applies them and has everything carried out; answers what was not, by its message. */
  async apply(...mutations: Json[]): Promise<string[]> {
    return this.applySet(await this.edited(...mutations));
  }

  async applySet(changeSet: string): Promise<string[]> {
    await this.house.call('change_set.apply', { changeSet, waitMs: 20_000 });
    return this.quiet();
  }

  async quiet(): Promise<string[]> {
    const { open } = await this.house.call<{ open: readonly ActionRecord[] }>('action.run', { waitMs: 30_000 });
    return open.map((a) => `${a.kind} of ${a.componentName}: ${a.status}${a.heldBecause && `: ${a.heldBecause}`}`);
  }

  async refresh(component: string): Promise<Seen> {
    await this.house.call('action.request', { component, kind: 'refresh' });
    await this.quiet();
    return this.seen(component);
  }

  seen(component: string, changeSet = 'HEAD'): Promise<Seen> {
    return this.house.call<Seen>('component.get', { changeSet, component, waitMs: 20_000 });
  }

  /** `kind of component: status`, oldest first. */
  async told(): Promise<string[]> {
    const { items } = await this.house.call<{ items: ActionRecord[] }>('action.list', {});
    return items.toReversed().map((a) => `${a.kind} of ${a.componentName}: ${a.status}`);
  }

  async close(): Promise<void> {
    await this.house.close();
  }
}
