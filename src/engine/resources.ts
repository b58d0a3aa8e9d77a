// The resources of components as they stand in a state: who has which, and what of them others may refer to; and recording
// what is known of resources that no action of ours has made.

import type { ComponentId, SchemaId, VariantId } from '../base/ids.ts';
import type { JsonObject } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { Evaluation } from '../builtins/evaluate.ts';
import type { Shown } from '../formats/discovery/links.ts';
import { idLength, index, indexUser } from '../model/keys.ts';
import {
  findComponent,
  findSchema,
  hasResource,
  isMarked,
  nameOf,
  reportedOf,
  resourceIdOf,
  specOfComponent,
} from '../model/lookup.ts';
import type { ResourceRecord } from '../model/module.ts';
import { holderOf } from '../model/moved.ts';
import { isElsewhere } from '../model/placement.ts';
import type { Reader } from '../model/state.ts';
import { resolvePointer } from '../mutation/resolve.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { ResourceChange } from './reality.ts';
import type { Workspace } from './workspace.ts';

export interface Owner {
  readonly component: ComponentId;
  readonly name: string;
}

/**
 * Components of a schema by the ids of their resources; of several with one id the first. `domain` may say where the
 * resources are: then those are left out of which it is known that they are elsewhere.
 */
export function ownersOf(state: Reader, schema: SchemaId, domain: JsonObject): Map<string, Owner> {
  const owners = new Map<string, Owner>();
  for (const [key] of state.scan('schemas', `${schema}/`)) {
    const variant = key.slice(idLength + 1) as VariantId;
    for (const [pair] of state.scan('index', index.componentsOf(variant))) {
      const component = indexUser(pair) as ComponentId;
      const resourceId = resourceIdOf(state, component);
      if (resourceId === undefined || owners.has(resourceId)) continue;
      if (isElsewhere(domain, reportedOf(state, component)?.payload)) continue;
      owners.set(resourceId, { component, name: nameOf(state, component) || component });
    }
  }
  return owners;
}

/** Components with a resource that are to stay, in order of their ids, as others may refer to them. */
export function shownIn(w: Workspace, state: Snapshot): Shown[] {
  const ids = new Set<ComponentId>();
  for (const [key] of state.scan('resources', '')) ids.add(holderOf(state, key as ComponentId));
  for (const [key] of state.scan('index', index.resources)) ids.add(indexUser(key) as ComponentId);
  const evaluation = new Evaluation(state, w.propagation.resultsOn(w.space.digest));
  const out: Shown[] = [];
  for (const component of [...ids].sort()) {
    const record = findComponent(state, component);
    const spec = record && specOfComponent(state, record);
    if (record === undefined || spec === undefined || isMarked(state, component) || !hasResource(state, component))
      continue;
    const domainAt: Shown['domainAt'] = (pointer) => {
      const place = resolvePointer(state, component, spec, pointer);
      if (!place.ok) return undefined;
      const value = evaluation.valueAt({ component, path: place.value.path });
      return value.state === 'value' ? value.value : undefined;
    };
    out.push({
      component,
      name: nameOf(state, component) || component,
      schema: findSchema(state, record.schema)?.name ?? '',
      spec,
      resourceId: resourceIdOf(state, component) ?? null,
      payload: reportedOf(state, component)?.payload ?? null,
      domainAt,
    });
  }
  return out;
}

/**
 * Records what is known of resources that were not made by actions of ours, in steps of bounded size. What was sent is not
 * known, so the planner goes by what the payload says. What a change set has imported stays known however it ends: an abandoned
 * one can be reopened at any time, an edit undone, and every version read, and without it the imported components would be
 * planned as if nothing had been there.
 */
export async function recordReality(w: Workspace, changes: readonly ResourceChange[]): Promise<void> {
  await w.reality.ready();
  for (let from = 0; from < changes.length; from += limits.recordedAtOnceMax)
    await w.record({ changes: changes.slice(from, from + limits.recordedAtOnceMax), actions: [] });
}

export function importedRecord(
  w: Workspace,
  of: Pick<ResourceRecord, 'resourceId' | 'payload'> & Partial<Pick<ResourceRecord, 'status'>>,
): ResourceRecord {
  const { resourceId, payload, status = 'ok' } = of;
  return { resourceId, status, payload, sentHash: null, syncedAtMs: w.world.clock.nowMs(), sent: null };
}
