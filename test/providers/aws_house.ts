// A house with the provider `aws` on Head, a credential, and the local cloud that it leads to.

import { fileURLToPath } from 'node:url';
import { openCatalogue } from '../../src/adapters/catalogue/catalogue.ts';
import { openCompiler } from '../../src/adapters/compiler/compiler.ts';
import { openIsolate } from '../../src/adapters/isolate/isolate.ts';
import { openPackages } from '../../src/adapters/packages/packages.ts';
import { openProcessTier } from '../../src/adapters/process/tier.ts';
import { systemWorld } from '../../src/adapters/system/world.ts';
import { environmentKey } from '../../src/adapters/vault/installation_key.ts';
import { keyTextOf } from '../../src/adapters/vault/key_text.ts';
import { openVault } from '../../src/adapters/vault/vault.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import type { ActionRecord } from '../../src/model/action.ts';
import type { ProviderPackages } from '../../src/ports/provider_packages.ts';
import { CloudProcess } from '../cloud/world.ts';
import { type House, type HouseOptions, sqliteHouse } from '../engine/house.ts';

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

export const catalogue = openCatalogue(at('dist/catalogue'));
export const region = 'eu-central-1';
export const secret = 'cloud';

export function houseOptions(packages: ProviderPackages = openPackages(at('providers'))): HouseOptions {
  return {
    catalogue,
    packages,
    functions: () => ({
      compiler: openCompiler(),
      runners: [openIsolate({ workers: 1 }), openProcessTier({ program: at('dist/adapters/process/child') })],
    }),
    vault: async (store) => {
      const key = await environmentKey(keyTextOf(new Uint8Array(32).fill(7)));
      return openVault({ documents: store.runs, key, clock: systemWorld().clock });
    },
  };
}

interface Component {
  readonly id: string;
  readonly name: string;
  readonly schema: string;
  readonly toDelete: boolean;
}

export class AwsHouse {
  readonly house: House;
  cloud: CloudProcess;

  private constructor(house: House, cloud: CloudProcess) {
    this.house = house;
    this.cloud = cloud;
  }

  /** With the provider and the secret on Head. */
  static async open(...cloudOptions: string[]): Promise<AwsHouse> {
    const cloud = await CloudProcess.start(undefined, ...cloudOptions);
    const aws = new AwsHouse(await sqliteHouse(houseOptions()).start(), cloud);
    await aws.#install();
    return aws;
  }

  async #install(): Promise<void> {
    const changeSet = await this.open('aws');
    await this.call('provider.install', { changeSet, provider: 'aws' });
    await this.setSecret(changeSet);
    await this.call('change_set.apply', { changeSet, waitMs: 20_000 });
  }

  call<T>(operation: string, params: { readonly [name: string]: Json } = {}): Promise<T> {
    return this.house.call<T>(operation, params);
  }

  async open(name: string): Promise<string> {
    return (await this.call<{ id: string }>('change_set.create', { name })).id;
  }

  async setSecret(changeSet: string, more: JsonObject = {}): Promise<void> {
    await this.call('secret.set', {
      changeSet,
      name: secret,
      definition: 'AWS Credential',
      content: {
        AccessKeyId: 'AKIDEXAMPLE',
        SecretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
        Region: region,
        Endpoint: this.cloud.address,
        ...more,
      },
    });
  }

  /** Makes edits in a change set of their own, gives every component the secret, and applies it. Answers what stays open. */
  async apply(name: string, ...mutations: Json[]): Promise<readonly ActionRecord[]> {
    const changeSet = await this.open(name);
    await this.call('submit', { changeSet, mutations });
    return this.applied(changeSet);
  }

  async applied(changeSet: string): Promise<readonly ActionRecord[]> {
    await this.call('secret.use', { changeSet, secret });
    await this.call('change_set.apply', { changeSet, waitMs: 60_000 });
    return (await this.quiet()).filter((action) => action.origins.includes(changeSet as never));
  }

  async quiet(): Promise<readonly ActionRecord[]> {
    for (;;) {
      const ran = await this.call<{ quiet: boolean; open: ActionRecord[] }>('action.run', { waitMs: 30_000 });
      if (ran.quiet) return ran.open;
    }
  }

  async refresh(component: string): Promise<void> {
    await this.call('action.request', { component });
    await this.quiet();
  }

  /** Oldest first. */
  async actions(component: string): Promise<ActionRecord[]> {
    return (await this.call<{ items: ActionRecord[] }>('action.list', { component })).items.toReversed();
  }

  async seen(component: string, changeSet = 'HEAD'): Promise<{ readonly [root: string]: Json }> {
    const view = await this.call<{ value: { [root: string]: Json } }>('component.get', {
      changeSet,
      component,
      waitMs: 20_000,
    });
    return view.value;
  }

  async payload(component: string, changeSet = 'HEAD'): Promise<JsonObject | undefined> {
    return ((await this.seen(component, changeSet))['resource'] as { payload?: JsonObject } | undefined)?.payload;
  }

  /** Of its resource, by the component's id. */
  async resourceId(component: string): Promise<string | undefined> {
    const head = await (await this.house.workspace()).head();
    const text = head.snapshot.get('resources', component);
    return text === undefined ? undefined : (JSON.parse(text) as { resourceId: string }).resourceId;
  }

  /** All of a change set that are not deleted. */
  async components(changeSet = 'HEAD'): Promise<Component[]> {
    const out: Component[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page: { items: Component[]; nextCursor: string | null } = await this.call('component.search', {
        changeSet,
        query: 'schema:*',
        ...(cursor === undefined ? {} : { cursor }),
      });
      out.push(...page.items.filter((c) => !c.toDelete));
      cursor = page.nextCursor;
    }
    return out;
  }

  /** Deletes everything, what is protected or kept included, and has it destroyed. Answers what stays open. */
  async destroyAll(): Promise<readonly ActionRecord[]> {
    const ids = (await this.components()).map((c) => c.id);
    if (ids.length === 0) return [];
    return this.apply(
      'away',
      ...ids.flatMap((component) => [
        { kind: 'component.protect', component, on: false },
        { kind: 'component.retain', component, on: false },
      ]),
      ...ids.map((component) => ({ kind: 'component.delete', component })),
    );
  }

  async close(): Promise<void> {
    await this.house.close();
    await this.cloud.kill();
  }
}
