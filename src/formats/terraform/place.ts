// Where the attributes of one instance go: what is declared, what is known of the resource, and what has no place in the
// schema and is kept beside it. Every value of the file is in one of them, or in a note.

import { isObject, type Json, type JsonObject } from '../../base/json.ts';
import { pointerOf } from '../../model/path.ts';
import type { VariantSpec } from '../../model/schema.ts';
import { isDeclarable, isName } from './declare.ts';
import type { Instance, Note } from './model.ts';
import { reportedAttributes } from './schemas.ts';

export interface Placed {
  readonly instance: Instance;
  readonly schema: string;
  /** Values under /domain, by property. */
  readonly domain: ReadonlyMap<string, Json>;
  /** Properties that are labels: equal texts in them are no references. */
  readonly labels: readonly string[];
  readonly resourceId: string | null;
  readonly payload: JsonObject;
  /** Values by which others refer to it, and the path in its component where each is. */
  readonly points: readonly { readonly value: string; readonly path: string }[];
  /** Attributes that the schema does not take. */
  readonly kept: ReadonlyMap<string, Json>;
  readonly encoded: readonly { readonly at: string; readonly json: string }[];
  readonly notes: readonly Note[];
}

export function textOf(json: Json | undefined): string | null {
  if (typeof json === 'number') return String(json);
  return typeof json === 'string' && json !== '' ? json : null;
}

/** An instance of a type that nobody described: everything is declared that the provider does not give. */
export function placeGeneric(instance: Instance, schema: string): Placed {
  const { attributes } = instance;
  const domain = new Map<string, Json>();
  const kept = new Map<string, Json>();
  for (const [name, value] of Object.entries(attributes)) {
    if (reportedAttributes.includes(name) || value === null) continue;
    (fitsPath(name, value) ? domain : kept).set(name, value);
  }
  const resourceId = textOf(attributes['id']);
  const { arn } = attributes;
  return {
    instance,
    schema,
    domain,
    labels: ['tags', 'tags_all', 'name', 'description'],
    resourceId,
    payload: attributes,
    points: [
      ...(resourceId === null ? [] : [{ value: resourceId, path: '/si/resourceId' }]),
      ...(typeof arn === 'string' ? [{ value: arn, path: '/resource_value/arn' }] : []),
    ],
    ...encode(instance, kept),
  };
}

function fitsPath(name: string, value: Json): boolean {
  return isName(name, 0) && isDeclarable(value, 2 * name.length);
}

/** Splits what is kept by whether a path can name it, and tells what becomes text. */
export function encode(
  instance: Instance,
  kept: ReadonlyMap<string, Json>,
): Pick<Placed, 'kept' | 'encoded' | 'notes'> {
  const plain = new Map<string, Json>();
  const encoded: { at: string; json: string }[] = [];
  const notes: Note[] = [];
  for (const [name, value] of kept) {
    if (fitsPath(name, value)) plain.set(name, value);
    else {
      const at = pointerOf([name]);
      encoded.push({ at: instance.attributesAt.slice(instance.at.length) + at, json: JSON.stringify(value) });
      notes.push({
        path: instance.attributesAt + at,
        reason: 'a name in it has control characters or is too long: kept as text',
      });
    }
  }
  return { kept: plain, encoded, notes };
}

/** The paths at which a described type shows texts of its own. */
export function pointsOf(
  spec: VariantSpec,
  of: { readonly attributes: JsonObject; readonly payload: JsonObject; readonly resourceId: string | null },
): Placed['points'] {
  const shown = Object.keys(spec.resourceValue.properties ?? {});
  return [of.attributes['id'], of.attributes['arn']].flatMap((value) => {
    if (typeof value !== 'string' || value === '') return [];
    if (value === of.resourceId) return [{ value, path: '/si/resourceId' }];
    const property = shown.find((name) => Object.hasOwn(of.payload, name) && of.payload[name] === value);
    return property === undefined ? [] : [{ value, path: pointerOf(['resource_value', property]) }];
  });
}

/** Is there nothing in it that anybody could have meant? */
export function isEmpty(json: Json): boolean {
  if (json === null || json === '') return true;
  if (Array.isArray(json)) return json.every((item: Json) => isEmpty(item));
  return isObject(json) && Object.values(json).every(isEmpty);
}
