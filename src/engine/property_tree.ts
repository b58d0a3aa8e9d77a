// The properties of a variant as a tree whose parts have ids, for clients that name a property by one. An id follows from the
// variant and the pointer, so that it is the same for everybody and nothing has to be kept; it is found by going through the
// tree. A type within itself is shown once.

import { type Branded, idFromHash, type VariantId } from '../base/ids.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { pointerOf } from '../model/path.ts';
import { derefProperty, type Property } from '../model/property.ts';
import { rootProperty, type VariantSpec } from '../model/schema.ts';
import type { World } from '../ports/world.ts';

export type PropertyId = Branded<string, 'PropertyId'>;

export interface PropertyNode {
  readonly id: PropertyId;
  /** Of an element of a list or a value of a map: that of its container with `Item`. */
  readonly name: string;
  /** From the component's root; `*` stands for an element or a key. */
  readonly pointer: string;
  readonly property: Property;
  readonly children: readonly PropertyNode[];
}

type Digest = World['digest'];

const idOf = (digest: Digest, variant: VariantId, pointer: string): PropertyId =>
  idFromHash<PropertyId>(digest(`property\n${variant}\n${pointer}`));

interface Place {
  readonly name: string;
  readonly pointer: string;
  readonly property: Property;
  /** Definitions that it is in. */
  readonly within: readonly string[];
}

function* childrenOf({ name, pointer, property, within }: Place, spec: VariantSpec): Generator<Place> {
  const own = property.kind === 'ref' ? [...within, property.to ?? ''] : within;
  if (property.kind === 'ref' && within.includes(property.to ?? '')) return;
  const p = derefProperty(property, spec.definitions);
  if (p.kind === 'object')
    for (const [key, member] of Object.entries(p.properties ?? {}))
      yield { name: key, pointer: pointer + pointerOf([key]), property: member, within: own };
  const element = p.kind === 'array' ? p.items : p.kind === 'map' ? p.values : undefined;
  if (element !== undefined) yield { name: `${name}Item`, pointer: `${pointer}/*`, property: element, within: own };
}

function rootOf(spec: VariantSpec, part: string): Place | undefined {
  const property = rootProperty(spec).properties?.[part];
  return property && { name: part, pointer: `/${part}`, property, within: [] };
}

/** What is below one part of a component, `domain` for one. */
export function propertyTree(digest: Digest, variant: VariantId, spec: VariantSpec, part = 'domain'): PropertyNode {
  const node = (place: Place): PropertyNode => ({
    id: idOf(digest, variant, place.pointer),
    name: place.name,
    pointer: place.pointer,
    property: derefProperty(place.property, spec.definitions),
    children: [...childrenOf(place, spec)].map(node),
  });
  return node(rootOf(spec, part)!);
}

/** The pointer of a property by its id, or the pointer itself. Refuses `path_not_found`. */
export function pointerOfProperty(
  digest: Digest,
  variant: VariantId,
  spec: VariantSpec,
  given: { readonly id: string; readonly at: string },
): Result<string> {
  if (given.id.startsWith('/')) return ok(given.id);
  const queue = Object.keys(rootProperty(spec).properties ?? {}).map((part) => rootOf(spec, part)!);
  // Broad first: what people name is rarely deep.
  for (let i = 0; i < queue.length; i++) {
    const place = queue[i]!;
    if (idOf(digest, variant, place.pointer) === given.id) return ok(place.pointer);
    for (const child of childrenOf(place, spec)) queue.push(child);
  }
  return refuse('path_not_found', {
    path: given.at,
    expected: 'the id of a property of this variant, or a pointer to it',
    got: JSON.stringify(given.id),
    hint: 'take the id from the properties of this variant: another variant has others',
  });
}
