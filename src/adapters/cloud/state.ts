// What exists in the cloud and what became of every request: a fold over the journal's entries, the same whether they
// have just been written or are read again by a later process.

import type { JsonObject } from '../../base/json.ts';
import { invariant, unreachable } from '../../base/result.ts';
import type { AcceptedEntry, EndedEntry, Entry, ResourceKey } from './entry.ts';

export interface Resource extends ResourceKey {
  readonly properties: JsonObject;
}

export interface CloudRequest {
  readonly accepted: AcceptedEntry;
  /** The resource that it changed, once it has. */
  readonly effect?: { readonly identifier: string; readonly properties?: JsonObject };
  readonly ended?: EndedEntry;
}

export class CloudState {
  /** By region and type, then by identifier. */
  readonly #resources = new Map<string, Map<string, Resource>>();
  readonly #requests = new Map<string, CloudRequest>();
  readonly #byClientToken = new Map<string, string>();
  /** Requests that have not ended, by token, and the resources that they are about to change. */
  readonly #open = new Set<string>();
  readonly #busy = new Map<string, string>();

  apply(entry: Entry): void {
    switch (entry.kind) {
      case 'opened':
        return;
      case 'accepted':
        this.#requests.set(entry.token, { accepted: entry });
        this.#open.add(entry.token);
        if (entry.clientToken !== undefined) this.#byClientToken.set(entry.clientToken, entry.token);
        if (entry.identifier !== undefined)
          this.#busy.set(placeOf(entry.region, entry.type, entry.identifier), entry.token);
        return;
      case 'effect': {
        const request = this.#mustRequest(entry.token);
        const { identifier, properties } = entry;
        const effect = { identifier, ...(properties === undefined ? {} : { properties }) };
        this.#requests.set(entry.token, { ...request, effect });
        const shelf = shelfOf(entry.region, entry.type);
        const there = this.#resources.get(shelf) ?? new Map<string, Resource>();
        this.#resources.set(shelf, there);
        if (properties === undefined) there.delete(identifier);
        else there.set(identifier, { region: entry.region, type: entry.type, identifier, properties });
        return;
      }
      case 'ended': {
        const request = this.#mustRequest(entry.token);
        this.#requests.set(entry.token, { ...request, ended: entry });
        this.#open.delete(entry.token);
        const { region, type, identifier } = request.accepted;
        if (identifier !== undefined) this.#busy.delete(placeOf(region, type, identifier));
        return;
      }
      default:
        unreachable(entry);
    }
  }

  findResource({ region, type, identifier }: ResourceKey): Resource | undefined {
    return this.#resources.get(shelfOf(region, type))?.get(identifier);
  }

  /** In the order in which they were created. */
  resourcesOf(region: string, type: string): readonly Resource[] {
    return [...(this.#resources.get(shelfOf(region, type))?.values() ?? [])];
  }

  findRequest(token: string): CloudRequest | undefined {
    return this.#requests.get(token);
  }

  findByClientToken(clientToken: string): CloudRequest | undefined {
    const token = this.#byClientToken.get(clientToken);
    return token === undefined ? undefined : this.#requests.get(token);
  }

  /** In the order in which they were accepted. */
  requests(): readonly CloudRequest[] {
    return [...this.#requests.values()];
  }

  openRequests(): readonly CloudRequest[] {
    return [...this.#open].map((token) => this.#mustRequest(token));
  }

  /** The request that is about to change or delete a resource. */
  busyWith({ region, type, identifier }: ResourceKey): string | undefined {
    return this.#busy.get(placeOf(region, type, identifier));
  }

  #mustRequest(token: string): CloudRequest {
    const request = this.#requests.get(token);
    invariant(request !== undefined, `the journal tells of request ${token} before it was accepted`);
    return request;
  }
}

function shelfOf(region: string, type: string): string {
  return `${region} ${type}`;
}

function placeOf(region: string, type: string, identifier: string): string {
  return `${region} ${type} ${identifier}`;
}
