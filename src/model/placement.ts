// Where the resource of a component is, among what is declared of it: `/domain/extra/Region`, as schemas of System Initiative
// have it. It is no property that the provider's type has: it says which of its places is spoken to. The provider reports
// it at the same place of the payload, so that a resource is found where it was made although another region is declared
// by now. Schemas without this member have no places.

import { isObject, type Json, sameJson } from '../base/json.ts';
import type { Property } from './property.ts';
import type { VariantSpec } from './schema.ts';

export const placementName = 'extra';

export const placement: Property = {
  kind: 'object',
  docs: 'Where the resource is. No property of the type: it is not sent.',
  properties: {
    Region: {
      kind: 'string',
      docs: 'The region in which the resource is made and looked for, such as eu-central-1. Default: that of the credential.',
      createOnly: true,
    },
  },
};

const isPlacement = (property: Property | undefined): boolean =>
  property?.kind === 'object' && Object.hasOwn(property.properties ?? {}, 'Region');

/** Does its component say where its resource is? */
export function hasPlacement({ domain }: VariantSpec): boolean {
  return domain.kind === 'object' && isPlacement(domain.properties?.[placementName]);
}

/** The schema as the provider's type is, without places. */
export function withoutPlacement(spec: VariantSpec): VariantSpec {
  if (!hasPlacement(spec)) return spec;
  const { [placementName]: _, ...properties } = spec.domain.properties!;
  return { ...spec, domain: { ...spec.domain, properties } };
}

/** Do two payloads say that they are of two places? Where one says nothing, it may be the same. */
export function isElsewhere(a: Json | undefined, b: Json | undefined): boolean {
  const [here, there] = [placeOf(a), placeOf(b)];
  return here !== undefined && there !== undefined && !sameJson(here, there);
}

function placeOf(payload: Json | undefined): Json | undefined {
  const place = isObject(payload) ? payload[placementName] : undefined;
  return isObject(place) && typeof place['Region'] === 'string' ? place : undefined;
}
