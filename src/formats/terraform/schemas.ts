// Schemas that an import brings along: the state itself, and one for each type that no catalogue describes, with a
// property tree made from the values of its instances. Such a schema is widened, never narrowed: what one state has
// shown stays possible when the next one is imported.

import { isObject, type Json, type JsonObject, sameJson } from '../../base/json.ts';
import type { Property } from '../../model/property.ts';
import { emptyObject, type VariantSpec, variantSpecFormat } from '../../model/schema.ts';

export const terraformSchemas = {
  state: 'Terraform::State',
  /** An instance whose type is no usable name; its annotations have the type. */
  untyped: 'Terraform::Untyped',
} as const;

export const terraformCategory = 'Terraform';
const typeCharsMax = 200;

const any: Property = { kind: 'any' };
const openMap = (docs: string): Property => ({ kind: 'map', values: any, docs });

export const stateSpec: VariantSpec = {
  format: variantSpecFormat,
  docs: 'A Terraform state that was imported.',
  domain: {
    kind: 'object',
    properties: {
      File: openMap('What the file says of itself: version, serial, lineage.'),
      Outputs: openMap('Values that the configuration hands out.'),
    },
  },
  resourceValue: emptyObject,
  secrets: emptyObject,
  definitions: {},
};

/** The schema of a type that no catalogue describes. */
export function genericName(type: string): string {
  const usable = /^[A-Za-z0-9_-]+$/.test(type) && type.length <= typeCharsMax;
  const name = `Terraform::${type}`;
  return usable && name !== terraformSchemas.state ? name : terraformSchemas.untyped;
}

/** Attributes that the provider gives: not declared, but read from the resource. */
export const reportedAttributes: readonly string[] = ['id', 'arn'];

/**
 * The schema for these attributes of instances of one type: the present one where it takes them all, else the present one
 * widened.
 */
export function genericSpec(instances: readonly JsonObject[], present: VariantSpec | undefined): VariantSpec {
  const columns = new Map<string, Json[]>();
  for (const attributes of instances) {
    for (const [name, value] of Object.entries(attributes)) {
      if (reportedAttributes.includes(name)) continue;
      const column = columns.get(name);
      if (column === undefined) columns.set(name, [value]);
      else column.push(value);
    }
  }
  if (present?.domain.kind === 'map') return present;
  const known = present?.domain.properties ?? {};
  const properties: [string, Property][] = Object.entries(known).map(([name, property]) => {
    const fits = (columns.get(name) ?? []).every((value) => conforms(property, value));
    return [name, fits ? property : any];
  });
  for (const [name, values] of columns) if (!Object.hasOwn(known, name)) properties.push([name, propertyOf(values)]);
  const domain: Property = { kind: 'object', properties: Object.fromEntries(properties) };
  if (present !== undefined && sameJson(domain.properties as unknown as Json, known as unknown as Json)) return present;
  return {
    format: variantSpecFormat,
    docs: 'A type of Terraform without a description: its properties are those seen in states.',
    domain,
    resourceValue: openMap('Attributes as the state has them.'),
    secrets: emptyObject,
    definitions: {},
  };
}

/** The narrowest kind that takes all the values; `any` where they leave it open. */
function propertyOf(values: readonly Json[]): Property {
  const set = values.filter((value) => value !== null);
  const first = set[0];
  if (first === undefined) return any;
  const wanted: Property = Array.isArray(first)
    ? { kind: 'array', items: scalarOf(set.flatMap((v) => (Array.isArray(v) ? (v as readonly Json[]) : []))) }
    : isObject(first)
      ? { kind: 'map', values: scalarOf(set.flatMap((v) => (isObject(v) ? Object.values(v) : []))) }
      : scalarOf(set);
  return set.every((value) => conforms(wanted, value)) ? wanted : any;
}

function scalarOf(values: readonly Json[]): Property {
  const kind = typeof values[0];
  if (kind !== 'string' && kind !== 'number' && kind !== 'boolean') return any;
  return values.every((value) => typeof value === kind) ? { kind } : any;
}

/** Does the property take the value as this format declares it? Null is not declared. */
function conforms(property: Property, value: Json): boolean {
  if (value === null) return true;
  switch (property.kind) {
    case 'any':
      return true;
    case 'array':
      return (
        Array.isArray(value) &&
        value.every((item: Json) => (item === null ? isOpen(property.items) : conforms(property.items ?? any, item)))
      );
    case 'map':
      return (
        isObject(value) &&
        // A map with this name in it is data as a whole.
        (isOpen(property.values) || !Object.hasOwn(value, '$source')) &&
        Object.values(value).every((member) => conforms(property.values ?? any, member))
      );
    default:
      return typeof value === property.kind;
  }
}

function isOpen(property: Property | undefined): boolean {
  return (property ?? any).kind === 'any';
}
