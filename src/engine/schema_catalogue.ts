// Installed schemas and those of the catalogue as one list, each under the id that it has or will have: what a catalogue has
// keeps its id when it is installed, so that a schema can be asked for before.

import type { Principal } from '../access/role.ts';
import type { ChangeSetId, SchemaId, VariantId } from '../base/ids.ts';
import { compareText } from '../base/json.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { idLength } from '../model/keys.ts';
import { findSchema, findVariant, resolveSchema, schemaOfVariant } from '../model/lookup.ts';
import {
  cataloguedSchemaId,
  cataloguedVariantId,
  type SchemaRecord,
  type VariantSpec,
  variantSpecText,
} from '../model/schema.ts';
import type { Reader } from '../model/state.ts';
import type { Request } from '../mutation/request.ts';
import type { Catalogue, CatalogueEntry } from '../ports/catalogue.ts';
import { presentOf } from './catch_up.ts';
import type { Page } from './component.ts';
import { permit } from './permit.ts';
import { checkOpen, submit } from './submit.ts';
import { mustHaveVariant } from './variants.ts';
import type { Workspace } from './workspace.ts';

export interface ListedSchema {
  readonly id: SchemaId;
  readonly name: string;
  readonly category: string;
  readonly installed: boolean;
}

const known = new WeakMap<Catalogue, ReadonlyMap<string, CatalogueEntry>>();

/** Entries of the catalogue by the ids that their schemas get. */
function cataloguedById(w: Workspace): ReadonlyMap<string, CatalogueEntry> {
  const { catalogue } = w;
  let byId = known.get(catalogue);
  if (byId === undefined) {
    const { origin } = catalogue;
    const entries = catalogue.search('', catalogue.size);
    byId = new Map(entries.map((e) => [cataloguedSchemaId(w.world.digest, { origin, name: e.name }), e]));
    known.set(catalogue, byId);
  }
  return byId;
}

/** All that have the category, in order of their names. */
function allSchemas(w: Workspace, state: Reader, category: string | undefined): ListedSchema[] {
  const out: ListedSchema[] = [];
  const names = new Set<string>();
  for (const [key, text] of state.scan('schemas', '')) {
    if (key.length !== idLength) continue;
    const record = JSON.parse(text) as SchemaRecord;
    names.add(record.name);
    out.push({ id: key as SchemaId, name: record.name, category: record.category, installed: true });
  }
  for (const [id, entry] of cataloguedById(w))
    if (!names.has(entry.name))
      out.push({ id: id as SchemaId, name: entry.name, category: entry.category, installed: false });
  return out
    .filter((s) => category === undefined || s.category === category)
    .sort((a, b) => compareText(a.name, b.name) || compareText(a.id, b.id));
}

export interface SchemaListAsk {
  readonly category?: string;
  /** Id of the last schema of the page before. */
  readonly cursor?: string;
  /** Default: all. */
  readonly limit?: number;
}

/** In order of their names, then ids. Refuses `request_malformed` for a cursor that names no schema. */
export function listSchemas(w: Workspace, state: Reader, ask: SchemaListAsk): Result<Page<ListedSchema>> {
  const all = allSchemas(w, state, ask.category);
  const { cursor, limit = all.length } = ask;
  const from = cursor === undefined ? 0 : all.findIndex((s) => s.id === cursor) + 1;
  if (cursor !== undefined && from === 0) {
    return refuse('request_malformed', {
      path: 'cursor',
      expected: 'the nextCursor of the page before',
      got: JSON.stringify(cursor),
      hint: 'begin again without a cursor; that schema is gone',
    });
  }
  const items = all.slice(from, from + Math.max(1, limit));
  const isLast = from + items.length >= all.length;
  return ok({ items, nextCursor: isLast ? null : items.at(-1)!.id });
}

/** A schema as it is, or as its installation would make it. */
export interface FoundSchema extends ListedSchema {
  readonly origin: string;
  /** Of the catalogue, and not installed: its document. */
  readonly spec?: VariantSpec;
  readonly defaultVariant: VariantId;
  readonly variants: readonly VariantId[];
}

/** By id or name. Refuses `schema_not_found`, `ambiguous_name`. */
export function findListed(w: Workspace, state: Reader, text: string): Result<FoundSchema> {
  const installed = resolveSchema(state, text);
  if (!installed.ok) {
    const entry = w.catalogue.entry(text) ?? cataloguedById(w).get(text);
    return installed.refusal.code === 'schema_not_found' && entry !== undefined ? ok(catalogued(w, entry)) : installed;
  }
  const id = installed.value;
  const { name, category, origin, defaultVariant } = findSchema(state, id)!;
  const standing = defaultVariant === null ? mustHaveVariant(state, id) : ok(defaultVariant);
  if (!standing.ok) return standing;
  const variants = [...state.scan('schemas', `${id}/`)].map(([key]) => key.slice(idLength + 1) as VariantId);
  return ok({ id, name, category, origin, installed: true, defaultVariant: standing.value, variants });
}

function catalogued(w: Workspace, { name, category }: CatalogueEntry): FoundSchema {
  const { origin } = w.catalogue;
  const spec = w.catalogue.load(name)!;
  const id = cataloguedSchemaId(w.world.digest, { origin, name });
  const variant = cataloguedVariantId(w.world.digest, id, variantSpecText(spec));
  return { id, name, category, origin, installed: false, spec, defaultVariant: variant, variants: [variant] };
}

/** What brings a schema of the catalogue into a change set; none: it is there. */
export function installing({ name, category, origin, spec }: FoundSchema): Request[] {
  return spec === undefined ? [] : [{ kind: 'schema.install', name, category, origin, spec }];
}

/**
 * The variant of a schema: `default`, or an id. Refuses `schema_not_found`, `variant_of_another_schema`.
 */
export function variantOf(state: Reader, schema: FoundSchema, text: string): Result<VariantId> {
  if (text === 'default') return ok(schema.defaultVariant);
  if (schema.variants.includes(text as VariantId)) return ok(text as VariantId);
  return refuse(schemaOfVariant(state, text).ok ? 'variant_of_another_schema' : 'schema_not_found', {
    path: 'variant',
    expected: `a variant of ${schema.name}`,
    got: JSON.stringify(text),
    hint: `its default variant is ${schema.defaultVariant}`,
  });
}

/** Is what is there of it closed to edits? What is not installed is, once it is. */
export function isLocked(state: Reader, schema: FoundSchema, variant: VariantId): boolean {
  return findVariant(state, schema.id, variant)?.locked ?? true;
}

/** What `schema.install` needs to be told. */
export interface InstallAsk {
  readonly changeSet: ChangeSetId;
  /** By id or name. */
  readonly schema: string;
  readonly idempotencyKey?: string;
  readonly baseVersion?: number;
  readonly ifVersion?: number;
}

export type InstalledReply = FoundSchema & { readonly version: number };

/** Brings a schema of the catalogue into a change set; one that is there is left as it is. Refuses `schema_not_found`, and what `submit` refuses. */
export async function installSchema(
  w: Workspace,
  principal: Principal,
  { changeSet, schema, ...how }: InstallAsk,
): Promise<Result<InstalledReply>> {
  const now = await presentOf(w, changeSet);
  if (!now.ok) return now;
  const { branch, snapshot } = now.value;
  const open = checkOpen(branch);
  if (!open.ok) return open;
  const found = await w.read(() => findListed(w, snapshot, schema));
  if (!found.ok) return found;
  const mutations = installing(found.value);
  if (mutations.length === 0) {
    const may = await permit(w, principal, 'edit', { operation: 'install a schema', subject: found.value.id });
    return may.ok ? ok({ ...found.value, version: now.value.row.version }) : may;
  }
  const done = await submit(w, principal, { changeSet, mutations, ...how });
  if (!done.ok) return done;
  const { spec: _, ...installed } = found.value;
  return ok({ ...installed, installed: true, version: done.value.version });
}
