// What an import of resources comes to: a component for each, with what is declared on it, which of that follows others, and what
// is known of its resource. Making it true is the engine's. The same resources beside the same components give the same plan.

import type { ComponentId } from '../../base/ids.ts';
import type { Json } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import { parsePointer, pointerOf } from '../../model/path.ts';
import type { Matches } from '../../model/pattern.ts';
import type { VariantSpec } from '../../model/schema.ts';
import type { Attributes, Input } from '../../mutation/request.ts';
import { inputOf } from '../terraform/declare.ts';
import { adopt } from './adopt.ts';
import { type Ambiguous, Links, type Shown, type Target } from './links.ts';

export interface FoundResource {
  readonly resourceId: string;
  readonly payload: Json;
  readonly name: string;
}

/** Told about one resource. */
export interface Note {
  readonly resourceId: string;
  readonly path: string;
  readonly reason: string;
}

export interface AdoptedComponent {
  readonly id: ComponentId;
  readonly name: string;
  readonly resourceId: string;
  readonly payload: Json;
  /** Pointer -> literal. */
  readonly attributes: Attributes;
  /** Properties in which something follows others; they are in `attributes` as literals, too. */
  readonly links: readonly Link[];
}

export interface Link {
  /** Pointer of the property. */
  readonly path: string;
  readonly value: Input;
  readonly targets: readonly Target[];
}

export interface DiscoveryPlan {
  readonly components: readonly AdoptedComponent[];
  readonly subscriptions: number;
  readonly ambiguous: readonly (Ambiguous & { readonly resourceId: string })[];
  readonly untaken: readonly Note[];
}

export interface PlanOptions {
  readonly schema: string;
  readonly spec: VariantSpec;
  readonly resources: readonly FoundResource[];
  /** Components that are there and have resources, in the order in which they are to be told. */
  readonly known: readonly Shown[];
  readonly newId: () => ComponentId;
  readonly matches: Matches;
}

export function planDiscovery(options: PlanOptions): DiscoveryPlan {
  const { schema, spec, known, matches } = options;
  const untaken: Note[] = [];
  const ambiguous: (Ambiguous & { resourceId: string })[] = [];
  const adopted = options.resources.map((resource) => {
    const { values, untaken: left } = adopt(spec, resource.payload, matches);
    untaken.push(...left.map((note) => ({ resourceId: resource.resourceId, ...note })));
    return { id: options.newId(), name: nameOf(resource), resource, values };
  });
  const shown = adopted.map(
    ({ id, name, resource, values }): Shown => ({
      component: id,
      name,
      schema,
      spec,
      resourceId: resource.resourceId,
      payload: resource.payload,
      domainAt: (pointer) => descend(values, pointer),
    }),
  );
  const links = new Links([...known, ...shown]);
  const order = new Acyclic(new Set(adopted.map((a) => a.id)));
  let subscriptions = 0;
  const components = adopted.map(({ id, name, resource, values }): AdoptedComponent => {
    const attributes: [string, Input][] = [];
    const own: Link[] = [];
    for (const [property, value] of values) {
      const path = pointerOf(['domain', property]);
      const take = (target: Target): boolean => {
        if (order.add(id, target.component)) return true;
        untaken.push({
          resourceId: resource.resourceId,
          path,
          reason: `following ${target.path} would close a circle`,
        });
        return false;
      };
      const found = links.linked({ component: id, schema, spec }, property, value, take);
      ambiguous.push(...found.ambiguous.map((a) => ({ resourceId: resource.resourceId, ...a })));
      attributes.push([path, inputOf(value, () => undefined)]);
      if (found.targets.length > 0) own.push({ path, value: found.input, targets: found.targets });
      subscriptions += found.targets.length;
    }
    const { resourceId, payload } = resource;
    return { id, name, resourceId, payload, attributes: Object.fromEntries(attributes), links: own };
  });
  return { components, subscriptions, ambiguous, untaken };
}

/** Names are for people: without control characters, not empty, not too long. */
function nameOf({ name, resourceId }: FoundResource): string {
  for (const text of [name, resourceId]) {
    const clean = text
      .replaceAll(/[\u0000-\u001f\u007f]/g, ' ')
      .slice(0, limits.nameCharsMax)
      .replace(/[\ud800-\udbff]$/, '')
      .trim();
    if (clean !== '') return clean;
  }
  return 'unnamed';
}

function descend(values: ReadonlyMap<string, Json>, pointer: string): Json | undefined {
  const parsed = parsePointer(pointer);
  if (!parsed.ok) return undefined;
  const [, first, ...rest] = parsed.value as readonly string[];
  let at: Json | undefined = first === undefined ? undefined : values.get(first);
  for (const step of rest)
    at =
      typeof at === 'object' && at !== null && Object.hasOwn(at, step) ? (at as Record<string, Json>)[step] : undefined;
  return at;
}

/** Edges among the new components, none of which closes a circle. */
class Acyclic {
  readonly #among: ReadonlySet<ComponentId>;
  readonly #from = new Map<ComponentId, Set<ComponentId>>();

  constructor(among: ReadonlySet<ComponentId>) {
    this.#among = among;
  }

  /** False: it would close one. */
  add(user: ComponentId, source: ComponentId): boolean {
    if (!this.#among.has(source)) return true;
    const edges = this.#from.get(user) ?? new Set();
    if (edges.has(source)) return true;
    if (this.#reaches(source, user)) return false;
    edges.add(source);
    this.#from.set(user, edges);
    return true;
  }

  #reaches(from: ComponentId, to: ComponentId): boolean {
    const seen = new Set([from]);
    const waiting = [from];
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      if (at === to) return true;
      for (const next of this.#from.get(at) ?? []) {
        if (seen.has(next)) continue;
        seen.add(next);
        waiting.push(next);
      }
    }
    return false;
  }
}
