// The operations on resources that exist: what a provider has, and taking it over as components. A handler checks the form of
// its parameters and hands on.

import { isObject, type Json, type JsonObject } from '../base/json.ts';
import {
  type Call,
  changeSetOf,
  type Handler,
  inState,
  inWorkspace,
  type Params,
  text,
  textsOf,
  wrong,
} from './operation.ts';
import type { ReadAsk } from './provider_reader.ts';
import { importResources, listResources } from './resource_import.ts';

export const resourceOperations = {
  /** One page of the resources of `schema`; `secrets`: slot -> secret; `domain`: filters; `cursor`: of the page before. */
  'resource.list': (c, p) =>
    inState(c, p, (s) =>
      listResources(s.w, c.principal, s.branch, {
        ...readAsk(p),
        cursor: p['cursor'] === undefined ? undefined : text(p, 'cursor'),
      }),
    ),
  /** `resourceIds`, or `all`: true; `names`: resource id -> name of its component. */
  'resource.import': (c, p) => imported(c, p),
} satisfies Record<string, Handler>;

function imported(c: Call, p: Params) {
  const all = p['all'] === true;
  if (all === (p['resourceIds'] !== undefined))
    wrong('resourceIds', 'a list of ids, or all: true', p['resourceIds'] ?? null);
  const resourceIds = all ? undefined : idsOf(p['resourceIds']!);
  return inWorkspace(c, p, async (w) =>
    importResources(
      w,
      c.principal,
      { ...readAsk(p), changeSet: await changeSetOf(w, p), resourceIds, names: textsOf(p, 'names') },
      c.progress,
    ),
  );
}

function readAsk(p: Params): ReadAsk {
  return { schema: text(p, 'schema'), secrets: textsOf(p, 'secrets'), domain: domainOf(p) };
}

function domainOf(p: Params): JsonObject {
  const domain = p['domain'] ?? {};
  return isObject(domain) ? domain : wrong('domain', 'properties by name', domain);
}

function idsOf(ids: Json): string[] {
  const isGiven = Array.isArray(ids) && ids.length > 0 && ids.every((id) => typeof id === 'string' && id !== '');
  return isGiven ? (ids as string[]) : wrong('resourceIds', 'a list of ids', ids);
}
