// Taking over what is there at a provider though nobody made it through here, for tests of the provider packages: all pages of a
// list, imports, and that afterwards nothing is left to do.

import { expect } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import type { ComponentDrift } from '../../src/engine/drift.ts';
import type { Review } from '../../src/engine/operations.ts';
import type { ResourceImportReply, ResourceListReply } from '../../src/engine/resource_import.ts';
import type { House } from '../engine/house.ts';

export interface Listed extends ResourceListReply {
  readonly pages: number;
  readonly ids: readonly string[];
}

type Texts = { readonly [name: string]: string };

export class TakingOver {
  readonly #house: House;
  readonly #secrets: Texts;

  /** `secrets`: slot -> secret, for all schemas. */
  constructor(house: House, secrets: Texts) {
    this.#house = house;
    this.#secrets = secrets;
  }

  /** Of all pages; `domain` filters. */
  async listed(schema: string, domain: Json = {}): Promise<Listed> {
    const pages: ResourceListReply[] = [];
    for (let cursor: string | null | undefined; cursor !== null; cursor = pages.at(-1)!.cursor) {
      const next = cursor === undefined ? {} : { cursor };
      const ask = { schema, secrets: this.#secrets, domain, ...next };
      pages.push(await this.#house.call<ResourceListReply>('resource.list', ask));
    }
    const resources = pages.flatMap((p) => p.resources);
    const ids = resources.map((r) => r.resourceId);
    return { ...pages[0]!, resources, ids, message: pages.map((p) => p.message).join(''), pages: pages.length };
  }

  all(changeSet: string, schema: string, domain: Json = {}): Promise<ResourceImportReply> {
    return this.#house.call('resource.import', { changeSet, schema, secrets: this.#secrets, domain, all: true });
  }

  one(changeSet: string, schema: string, id: string): Promise<ResourceImportReply> {
    return this.#house.call('resource.import', { changeSet, schema, secrets: this.#secrets, resourceIds: [id] });
  }

  /** With the code and what came. */
  async refusedOne(changeSet: string, schema: string, id: string): Promise<string> {
    const ask = { changeSet, schema, secrets: this.#secrets, resourceIds: [id] };
    const { code, got } = await this.#house.refused('resource.import', ask);
    return `${code}: ${got}`;
  }

  async refusedList(schema: string, domain: Json = {}): Promise<string> {
    const { code, got } = await this.#house.refused('resource.list', { schema, secrets: this.#secrets, domain });
    return `${code}: ${got}`;
  }

  async domain(changeSet: string, component: string): Promise<Json> {
    const ask = { changeSet, component, waitMs: 20_000 };
    return (await this.#house.call<{ value: { domain: Json } }>('component.get', ask)).value.domain;
  }

  /** Paths of a component that follow others, elements of lists as 0. */
  async following(changeSet: string, component: string): Promise<string[]> {
    const { sources } = await this.#house.call<{ sources: { path: string; follows?: string }[] }>('component.get', {
      changeSet,
      component,
    });
    return sources.flatMap((s) => (s.follows === undefined ? [] : [s.path.replaceAll(/@[^/]+/g, '0')]));
  }

  async planned(changeSet: string): Promise<string[]> {
    const { actions } = await this.#house.call<Review>('change_set.review', { changeSet });
    return actions.map((a) => `${a.kind} ${a.name}`);
  }

  /** Applies it, looks at everything anew, and holds that nothing was done, is to be done, or differs. */
  async appliedQuietly(changeSet: string, components: readonly string[]): Promise<void> {
    expect(await this.planned(changeSet)).toEqual([]);
    await this.#house.call('change_set.apply', { changeSet, waitMs: 20_000 });
    for (const component of components) await this.#house.call('action.request', { component, kind: 'refresh' });
    await this.#house.call('action.run', { waitMs: 60_000 });
    const { items } = await this.#house.call<{ items: { kind: string; status: string }[] }>('action.list', {});
    expect([...new Set(items.map((a) => `${a.kind} ${a.status}`))]).toEqual(['refresh succeeded']);
    expect(items).toHaveLength(components.length);
    expect(await this.planned(await this.#house.open(`after ${changeSet}`))).toEqual([]);
    const { components: drifted } = await this.#house.call<{ components: { items: ComponentDrift[] } }>('drift.list');
    expect(drifted.items).toEqual([]);
  }
}
