// A change set as one portable file: its pending edits with authors and times, the texts and documents they name by hash,
// and for every noun they refer to without creating it a name to find it by elsewhere. Ids in the edits are those of the
// workspace it comes from; `mapIds` gives them others.

import type { ComponentId, FunctionId, Hash, SchemaId, SecretId, VariantId } from '../base/ids.ts';
import { isHash, isUlid } from '../base/ids.ts';
import { isObject, type Json, type JsonObject } from '../base/json.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import type { Item } from '../merge/item.ts';
import { blobsOfMutations } from '../merge/log_entry.ts';
import { refsOfMutation, unitOf } from '../merge/side.ts';
import type { Cell } from '../model/cell.ts';
import { mapFunctions, mapSources } from '../model/expr.ts';
import { idLength, index, indexUser } from '../model/keys.ts';
import { findComponent, findRecord, findSchema, nameOf } from '../model/lookup.ts';
import { wellKnown } from '../model/path.ts';
import type { Reader } from '../model/state.ts';
import { decodeMutation } from '../mutation/codec.ts';
import type { Mutation } from '../mutation/mutation.ts';
import { recordProblem } from '../mutation/noun_shape.ts';
import { type Noun, nouns } from '../mutation/nouns.ts';

export const portableFormat = 'headwater.change-set';
export const portableVersion = 1;

const referredNouns = ['component', 'view', 'schema', 'variant', 'function', 'secret'] as const;

/** What a referred noun is found by where its id is not known. */
export interface Known {
  readonly noun: (typeof referredNouns)[number];
  readonly name: string;
  /** Of a component and of a variant: the name of the schema. */
  readonly schema?: string;
  /** Of a schema and of a variant: the record itself, so that it can be brought along. */
  readonly record?: JsonObject;
  /** Of a variant: its schema's id. */
  readonly schemaId?: string;
}

export interface PortableItem {
  readonly m: Mutation;
  /** Who wrote it where the file comes from. */
  readonly author: string;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly atMs: number;
}

export interface Portable {
  readonly format: typeof portableFormat;
  readonly version: typeof portableVersion;
  readonly name: string;
  readonly from: { readonly workspace: string; readonly changeSet: string; readonly headVersion: number };
  readonly items: readonly PortableItem[];
  /** Texts by hash. */
  readonly blobs: Readonly<Record<string, string>>;
  /** By id. */
  readonly refers: Readonly<Record<string, Known>>;
}

/** The edits that a document takes along: not those that have given way. */
export function standing(items: readonly Item[]): readonly Item[] {
  return items.filter((i) => i.placed?.length !== 0);
}

export function portableOf(state: Reader, items: readonly Item[], about: Pick<Portable, 'name' | 'from'>): Portable {
  const taken = standing(items);
  const mutations = taken.map((i) => i.m);
  const refers = referredBy(state, mutations);
  const edits = taken.map(({ m, author, atMs }) => ({ m, author, atMs }));
  const hashes = new Set(hashesOf({ items: edits, refers }));
  const blobs = Object.fromEntries([...hashes].sort().map((h) => [h, state.blob(h)]));
  return {
    format: portableFormat,
    version: portableVersion,
    ...about,
    items: edits,
    blobs,
    refers,
  };
}

/** The nouns that edits refer to and do not create themselves, by id, in order of id. */
function referredBy(state: Reader, mutations: readonly Mutation[]): Record<string, Known> {
  const own = new Set<string>();
  const ids = new Set<string>();
  for (const m of mutations) {
    if (m.kind === 'component.create') own.add(m.component);
    if (m.kind === 'record.create') own.add(m.noun === 'variant' ? m.key.slice(idLength + 1) : m.key);
    ids.add(unitOf(m));
    if ('noun' in m && m.noun === 'variant') ids.add(m.key.slice(idLength + 1));
    for (const id of refsOfMutation(m)) ids.add(id);
  }
  const out: Record<string, Known> = {};
  const queue = [...ids].sort();
  for (let i = 0; i < queue.length; i++) {
    const id = queue[i]!;
    if (own.has(id) || out[id] !== undefined || !isUlid(id)) continue;
    const known = knownNoun(state, id);
    if (known === undefined) continue;
    out[id] = known;
    if (known.schemaId !== undefined) queue.push(known.schemaId);
  }
  return out;
}

function knownNoun(state: Reader, id: string): Known | undefined {
  const component = findComponent(state, id as ComponentId);
  if (component !== undefined) {
    const schema = findSchema(state, component.schema)?.name ?? component.schema;
    return { noun: 'component', name: nameOf(state, id as ComponentId), schema };
  }
  for (const noun of ['view', 'function', 'secret', 'schema'] as const) {
    const record = findRecord<JsonObject>(state, nouns[noun].category, id);
    if (record === undefined) continue;
    const name = String(record['name']);
    return noun === 'schema' ? { noun, name, record } : { noun, name };
  }
  for (const [key] of state.scan('index', index.schemasOfVariant(id))) {
    const schemaId = indexUser(key);
    const record = findRecord<JsonObject>(state, 'schemas', `${schemaId}/${id}`);
    const schema = findSchema(state, schemaId as SchemaId)?.name;
    if (record !== undefined && schema !== undefined)
      return { noun: 'variant', name: String(record['name']), schema, record, schemaId };
  }
  return undefined;
}

/** Reads a file. Refuses `request_malformed`, naming the first thing that is not as it has to be. */
export function parsePortable(text: string): Result<Portable> {
  const bad = (path: string, expected: string, got: string) =>
    refuse('request_malformed', { path, expected, got, hint: 'export the change set again' });
  let x: unknown;
  try {
    x = JSON.parse(text);
  } catch {
    return bad('text', 'an exported change set', 'no JSON');
  }
  if (!isObject(x) || x['format'] !== portableFormat)
    return bad('format', portableFormat, JSON.stringify(isObject(x) ? (x['format'] ?? null) : null));
  if (x['version'] !== portableVersion)
    return bad('version', String(portableVersion), JSON.stringify(x['version'] ?? null));
  const { name, items, blobs, refers, from } = x as unknown as Portable & { [key: string]: Json };
  if (typeof name !== 'string' || name === '') return bad('name', 'a name', JSON.stringify(name ?? null));
  if (!isObject(from)) return bad('from', 'where it comes from', 'nothing');
  if (!Array.isArray(items)) return bad('items', 'a list of edits', 'no list');
  for (const [i, item] of (items as Json[]).entries()) {
    if (
      !isObject(item) ||
      typeof item['author'] !== 'string' ||
      !Number.isSafeInteger(item['atMs']) ||
      !isObject(item['m'])
    )
      return bad(`items/${i}`, 'an edit with author and time', JSON.stringify(item).slice(0, 80));
    const decoded = decodeMutation(item['m']);
    if (!decoded.ok)
      return { ok: false, refusal: { ...decoded.refusal, path: `items/${i}/m/${decoded.refusal.path}` } };
  }
  if (!isObject(blobs) || !Object.entries(blobs).every(([h, t]) => isHash(h) && typeof t === 'string'))
    return bad('blobs', 'texts by hash', 'something else');
  if (!isObject(refers)) return bad('refers', 'referred nouns by id', 'something else');
  for (const [id, known] of Object.entries(refers as JsonObject)) {
    const problem = isUlid(id) ? knownProblem(known) : 'under its id';
    if (problem !== undefined)
      return bad(`refers/${id}`, `a noun with its name, ${problem}`, JSON.stringify(known).slice(0, 80));
  }
  const file = x as unknown as Portable;
  const lacking = hashesOf(file).find((hash) => !Object.hasOwn(blobs, hash));
  if (lacking !== undefined) return bad(`blobs/${lacking}`, 'the text of every hash that the edits name', 'nothing');
  return ok(file);
}

/** What a referred noun lacks; undefined: nothing. */
function knownProblem(known: Json): string | undefined {
  if (!isObject(known) || typeof known['name'] !== 'string') return 'as an object';
  const { schema, schemaId, record } = known;
  const noun = referredNouns.find((n) => n === known['noun']);
  if (noun === undefined) return `one of ${referredNouns.join(', ')}`;
  if (schema !== undefined && typeof schema !== 'string') return 'its schema as text';
  if (schemaId !== undefined && !(typeof schemaId === 'string' && isUlid(schemaId))) return 'the id of its schema';
  if (noun === 'variant' && (schemaId === undefined || record === undefined)) return 'with schemaId and record';
  if (record === undefined) return undefined;
  if (noun !== 'schema' && noun !== 'variant') return 'a record only of a schema or a variant';
  const problem = isObject(record) ? recordProblem(noun, record) : 'record';
  return problem === undefined ? undefined : `as a record of a ${noun} has ${problem}`;
}

/** The hashes that edits and the types that come along name. */
function hashesOf({ items, refers }: Pick<Portable, 'items' | 'refers'>): Hash[] {
  const specs = Object.values(refers).flatMap((k) =>
    typeof k.record?.['spec'] === 'string' ? [k.record['spec'] as Hash] : [],
  );
  return [...blobsOfMutations(items.map((i) => i.m)), ...specs];
}

/** A mutation with every id replaced by what `to` gives for it. */
export function mapIds(m: Mutation, to: (id: string) => string): Mutation {
  switch (m.kind) {
    case 'cell.set':
      return { ...m, component: to(m.component) as ComponentId, cell: mapCell(m.cell, to, m.path) };
    case 'component.create': {
      const { image } = m;
      const cells = Object.fromEntries(
        Object.entries(image.cells).map(([k, c]) => [k, mapCell(c as unknown as Cell, to, k) as unknown as JsonObject]),
      );
      const record = { schema: to(image.record.schema) as SchemaId, variant: to(image.record.variant) as VariantId };
      const ids = (list: readonly ComponentId[]) => list.map((id) => to(id) as ComponentId);
      return {
        ...m,
        component: to(m.component) as ComponentId,
        image: { ...image, record, cells, dependsOn: ids(image.dependsOn), manages: ids(image.manages) },
      };
    }
    case 'component.retype':
      return {
        ...m,
        component: to(m.component) as ComponentId,
        schema: to(m.schema) as SchemaId,
        variant: to(m.variant) as VariantId,
      };
    case 'record.create':
      return { ...m, key: mapKey(m.noun, m.key, to), record: mapRecord(m.record, to) };
    case 'record.set':
      return { ...m, key: mapKey(m.noun, m.key, to), value: mapRecord({ [m.field]: m.value }, to)[m.field]! };
    case 'record.remove':
      return { ...m, key: mapKey(m.noun, m.key, to) };
    case 'text.edit':
      return { ...m, function: to(m.function) as FunctionId };
    default:
      return { ...m, component: to(m.component) as ComponentId };
  }
}

function mapCell(cell: Cell, to: (id: string) => string, path: string): Cell {
  if (path === wellKnown.movedFrom && 'v' in cell) return { v: to(String(cell.v)) };
  if ('k' in cell) return { k: to(cell.k) as SecretId };
  if (!('x' in cell)) return cell;
  const moved = mapSources(cell.x, (s) => ({ s: [to(s.component) as ComponentId, s.path] }));
  return { x: mapFunctions(moved, to) };
}

function mapKey(noun: Noun, key: string, to: (id: string) => string): string {
  if (noun === 'module') return key;
  const first = to(key.slice(0, idLength)) + key.slice(idLength);
  const hasSecond = noun === 'placement' || noun === 'variant' || noun === 'depends' || noun === 'manages';
  return hasSecond ? first.slice(0, -idLength) + to(key.slice(-idLength)) : first;
}

/** Fields of records that hold ids. */
function mapRecord(record: JsonObject, to: (id: string) => string): JsonObject {
  const out: Record<string, Json> = { ...record };
  for (const field of ['function', 'defaultVariant']) {
    const id = record[field];
    if (typeof id === 'string') out[field] = to(id);
  }
  const target = record['target'];
  if (isObject(target))
    out['target'] = Object.fromEntries(Object.entries(target).map(([k, id]) => [k, to(String(id))]));
  const schemas = record['schemas'];
  if (Array.isArray(schemas)) out['schemas'] = (schemas as Json[]).map((id) => to(String(id)));
  return out;
}

/** Where in another state each referred noun is: `given` first, then the same id, then the name. */
export function matchIds(
  state: Reader,
  refers: Portable['refers'],
  given: Readonly<Record<string, string>>,
): {
  readonly map: Map<string, string>;
  readonly missing: readonly (Known & { readonly id: string })[];
  readonly brought: readonly string[];
} {
  const map = new Map<string, string>();
  const missing: (Known & { id: string })[] = [];
  const brought: string[] = [];
  const order = Object.keys(refers).sort((a, b) => rank(refers[a]!) - rank(refers[b]!) || (a < b ? -1 : 1));
  for (const id of order) {
    const known = refers[id]!;
    const found = given[id] ?? findKnown(state, id, known, map);
    if (found !== undefined) map.set(id, found);
    else if (known.record !== undefined) brought.push(id);
    else missing.push({ ...known, id });
  }
  return { map, missing, brought };
}

// Schemas before variants before everything else: what is found later leans on what was found before.
const rank = (k: Known): number => (k.noun === 'schema' ? 0 : k.noun === 'variant' ? 1 : 2);

function findKnown(state: Reader, id: string, known: Known, map: ReadonlyMap<string, string>): string | undefined {
  switch (known.noun) {
    case 'component': {
      if (findComponent(state, id as ComponentId) !== undefined) return id;
      const named = [...state.scan('index', index.named(known.name))]
        .map(([key]) => indexUser(key) as ComponentId)
        .filter((c) => findSchema(state, findComponent(state, c)!.schema)?.name === known.schema);
      return named.length === 1 ? named[0] : undefined;
    }
    case 'variant': {
      const schema = map.get(known.schemaId!) ?? known.schemaId!;
      if (state.get('schemas', `${schema}/${id}`) !== undefined) return id;
      for (const [key, text] of state.scan('schemas', `${schema}/`)) {
        if ((JSON.parse(text) as JsonObject)['spec'] === known.record?.['spec']) return key.slice(idLength + 1);
      }
      return undefined;
    }
    default: {
      const { category } = nouns[known.noun];
      if (state.get(category, id) !== undefined) return id;
      const prefix = {
        view: index.viewsNamed,
        schema: index.schemasNamed,
        function: index.functionsNamed,
        secret: index.secretsNamed,
      }[known.noun](known.name);
      const named = [...state.scan('index', prefix)].map(([key]) => indexUser(key));
      return named.length === 1 ? named[0] : undefined;
    }
  }
}
