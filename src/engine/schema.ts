// Schemas as people look for them: installed ones and those of the catalogue in one list, described as a tree, with the
// outputs of other components that usually feed a property.

import type { ComponentId, SchemaId, VariantId } from '../base/ids.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { idLength, index, indexUser } from '../model/keys.ts';
import {
  findComponent,
  findSchema,
  findVariant,
  nameOf,
  resolveComponent,
  resolveSchema,
  specOf,
} from '../model/lookup.ts';
import { childProperty, derefProperty, type Property } from '../model/property.ts';
import { rootProperty, type SchemaRecord, type VariantSpec } from '../model/schema.ts';
import type { Reader } from '../model/state.ts';
import { resolvePointer } from '../mutation/resolve.ts';
import type { Catalogue } from '../ports/catalogue.ts';

export interface SchemaLine {
  readonly name: string;
  readonly category: string;
  readonly summary: string;
  readonly origin: string;
  readonly installed: boolean;
}

/** Installed schemas whose name contains the query, then catalogue entries that match it; at most `limit`. */
export function searchSchemas(state: Reader, catalogue: Catalogue, query: string, limit: number): SchemaLine[] {
  const out: SchemaLine[] = [];
  const words = query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const installed = new Set<string>();
  for (const [key, text] of state.scan('schemas', '')) {
    if (key.length !== idLength) continue;
    const record = JSON.parse(text) as SchemaRecord;
    installed.add(record.name);
    if (!words.every((word) => record.name.toLowerCase().includes(word)) || out.length >= limit) continue;
    const summary = catalogue.entry(record.name)?.summary ?? '';
    out.push({ name: record.name, category: record.category, summary, origin: record.origin, installed: true });
  }
  for (const entry of catalogue.search(query, limit + installed.size)) {
    if (out.length >= limit) break;
    if (!installed.has(entry.name)) out.push({ ...entry, origin: catalogue.origin, installed: false });
  }
  return out;
}

export interface SchemaView {
  readonly name: string;
  readonly installed: boolean;
  readonly id: SchemaId | null;
  readonly variant: VariantId | null;
  readonly spec: VariantSpec;
}

/** An installed schema's default variant, else the catalogue's. Refuses `schema_not_found`. */
export function describeSchema(state: Reader, catalogue: Catalogue, text: string): Result<SchemaView> {
  const id = resolveSchema(state, text);
  const record = id.ok ? findSchema(state, id.value) : undefined;
  if (id.ok && record?.defaultVariant) {
    const variant = findVariant(state, id.value, record.defaultVariant)!;
    return ok({
      name: record.name,
      installed: true,
      id: id.value,
      variant: record.defaultVariant,
      spec: specOf(state, variant.spec),
    });
  }
  const spec = catalogue.load(text);
  if (spec !== undefined) return ok({ name: text, installed: false, id: null, variant: null, spec });
  const near = catalogue.search(text.split('::').at(-1) ?? text, 3).map((e) => e.name);
  return refuse('schema_not_found', {
    path: 'schema',
    expected: 'the name of a schema, installed or in the catalogue',
    got: JSON.stringify(text),
    hint: near.length === 0 ? 'search for it with `headwater schema search`' : `did you mean ${near.join(' or ')}?`,
  });
}

export interface Suggestion {
  readonly component: ComponentId;
  readonly name: string;
  readonly schema: string;
  /** Pointer of the output to follow. */
  readonly path: string;
}

/** Outputs of components in this state that usually feed the property at `pointer`. Refuses what lookups refuse. */
export function suggestSources(state: Reader, component: string, pointer: string, limit: number): Result<Suggestion[]> {
  const id = resolveComponent(state, component);
  if (!id.ok) return id;
  const record = findComponent(state, id.value)!;
  const spec = specOf(state, findVariant(state, record.schema, record.variant)!.spec);
  const place = resolvePointer(state, id.value, spec, pointer);
  if (!place.ok) return place;
  const out: Suggestion[] = [];
  for (const { schema, path } of suggestsOf(place.value.property, spec)) {
    for (const [key] of state.scan('index', index.schemasNamed(schema))) {
      const schemaId = indexUser(key);
      for (const [variant] of state.scan('schemas', `${schemaId}/`)) {
        for (const [pair] of state.scan('index', index.componentsOf(variant.slice(idLength + 1) as VariantId))) {
          const source = indexUser(pair) as ComponentId;
          if (source === id.value) continue;
          if (out.length >= limit) return ok(out);
          out.push({ component: source, name: nameOf(state, source), schema, path });
        }
      }
    }
  }
  return ok(out);
}

/** A list of scalars takes what its elements take. */
function suggestsOf(property: Property, spec: VariantSpec): NonNullable<Property['suggests']> {
  const item = childProperty(property, { element: true }, spec.definitions);
  return [...(property.suggests ?? []), ...(property.kind === 'array' ? (item?.suggests ?? []) : [])];
}

/** One line a property: pointer, kind, marks. Recursive types are shown once. */
export function propertyLines(spec: VariantSpec): { path: string; kind: string; marks: string[]; docs: string }[] {
  const out: { path: string; kind: string; marks: string[]; docs: string }[] = [];
  const walk = (path: string, property: Property, within: readonly string[]): void => {
    const p = derefProperty(property, spec.definitions);
    const names = property.kind === 'ref' ? [...within, property.to ?? ''] : within;
    const recursive = property.kind === 'ref' && within.includes(property.to ?? '');
    const marks = (['required', 'readOnly', 'createOnly', 'secret', 'writeOnly'] as const).filter(
      (m) => p[m] === true,
    ) as string[];
    if (p.enum !== undefined) marks.push(`one of ${p.enum.slice(0, 8).join(' | ')}${p.enum.length > 8 ? ' | …' : ''}`);
    if (recursive) marks.push(`again ${property.to}`);
    out.push({ path, kind: p.kind, marks, docs: (p.docs ?? '').split('\n')[0]! });
    if (recursive) return;
    if (p.kind === 'object')
      for (const [key, member] of Object.entries(p.properties ?? {})) walk(`${path}/${key}`, member, names);
    if (p.kind === 'array' && p.items) walk(`${path}/*`, p.items, names);
    if (p.kind === 'map' && p.values) walk(`${path}/{key}`, p.values, names);
  };
  const root = rootProperty(spec).properties!;
  for (const part of ['domain', 'secrets', 'resource_value']) walk(`/${part}`, root[part]!, []);
  return out;
}
