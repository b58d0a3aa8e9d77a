// Finding nouns in a state: records by id, ids by name, a component's variant document. Parsed variant documents are
// remembered by hash: the bytes behind a hash never change.

import type { RefusalCode } from '../base/codes.ts';
import {
  type Branded,
  type ComponentId,
  type FunctionId,
  type Hash,
  isUlid,
  type SchemaId,
  type SecretId,
  type VariantId,
  type ViewId,
} from '../base/ids.ts';
import { brief } from '../base/json.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { type OverrideRecord, wishKey } from './action.ts';
import { parseCell } from './cell.ts';
import type { ComponentRecord } from './component.ts';
import { cellKey, index, indexUser, variantKey } from './keys.ts';
import type { ResourceRecord } from './module.ts';
import { resourceIdBy } from './module.ts';
import { holderOf, resourceKeyOf } from './moved.ts';
import { wellKnown } from './path.ts';
import { isElsewhere } from './placement.ts';
import type { SchemaRecord, VariantRecord, VariantSpec } from './schema.ts';
import type { Category, Reader } from './state.ts';

export function findRecord<T>(reader: Pick<Reader, 'get'>, category: Category, key: string): T | undefined {
  const text = reader.get(category, key);
  return text === undefined ? undefined : (JSON.parse(text) as T);
}

export function findComponent(reader: Reader, id: ComponentId): ComponentRecord | undefined {
  return findRecord(reader, 'components', id);
}

export function findSchema(reader: Reader, id: SchemaId): SchemaRecord | undefined {
  return findRecord(reader, 'schemas', id);
}

/** The unlocked variant of a schema, else its default one; undefined: it has neither. */
export function variantInWork(reader: Reader, schema: SchemaId): VariantId | undefined {
  for (const [key, text] of reader.scan('schemas', `${schema}/`))
    if (!(JSON.parse(text) as VariantRecord).locked) return key.slice(schema.length + 1) as VariantId;
  return findSchema(reader, schema)?.defaultVariant ?? undefined;
}

export function findVariant(reader: Reader, schema: SchemaId, variant: VariantId): VariantRecord | undefined {
  return findRecord(reader, 'schemas', variantKey(schema, variant));
}

const specs = new Map<Hash, VariantSpec>();
const specsMax = 512;

/** The variant document behind a hash. Throws what the reader's `blob` throws. */
export function specOf(reader: Reader, hash: Hash): VariantSpec {
  let spec = specs.get(hash);
  if (spec === undefined) {
    spec = JSON.parse(reader.blob(hash)) as VariantSpec;
    if (specs.size >= specsMax) specs.delete(specs.keys().next().value!);
    specs.set(hash, spec);
  }
  return spec;
}

/** The variant document of a component; undefined when its variant is not in the state. */
export function specOfComponent(reader: Reader, record: ComponentRecord): VariantSpec | undefined {
  const variant = findVariant(reader, record.schema, record.variant);
  return variant === undefined ? undefined : specOf(reader, variant.spec);
}

/** The name a component shows: its literal, or '' when the name follows something. */
export function nameOf(reader: Reader, component: ComponentId): string {
  const text = reader.get('cells', cellKey(component, wellKnown.name));
  if (text === undefined) return '';
  const cell = parseCell(text);
  return 'v' in cell && typeof cell.v === 'string' ? cell.v : '';
}

/** Is the component marked for deletion? */
export function isMarked(reader: Reader, component: ComponentId): boolean {
  return reader.get('cells', cellKey(component, wellKnown.deletedAt)) !== undefined;
}

/** What is known of the resource of a component; undefined: nothing, or it has passed to another component. */
export function reportedOf(reader: Reader, component: ComponentId): ResourceRecord | undefined {
  const text = reportedText(reader, component);
  return text === undefined ? undefined : (JSON.parse(text) as ResourceRecord);
}

/** The same, as it is kept. */
export function reportedText(reader: Reader, component: ComponentId): string | undefined {
  const key = resourceKeyOf(reader, component);
  const text = reader.get('resources', key);
  return text === undefined || holderOf(reader, key) === component ? text : undefined;
}

/** Is there something that could be updated or destroyed? A provider that failed to create reports neither id nor payload. */
export function isResource(record: ResourceRecord): boolean {
  return record.status !== 'absent' && (record.resourceId !== null || record.payload !== null);
}

/** Reported, or said by its id and not reported yet. */
export function hasResource(reader: Reader, component: ComponentId): boolean {
  const reported = reportedOf(reader, component);
  return (reported !== undefined && isResource(reported)) || resourceIdOf(reader, component) !== undefined;
}

/** The resource id declared or reported for a component. */
export function resourceIdOf(reader: Reader, component: ComponentId): string | undefined {
  return resourceIdBy(declaredResourceId(reader, component), reportedOf(reader, component));
}

/** The id that a resource had when it was found gone; undefined: it was not found so. */
export function lostIdOf(reader: Reader, component: ComponentId): string | undefined {
  return reportedOf(reader, component)?.lost ?? undefined;
}

/** Was what an override asks for carried out? */
export function isAnswered(reader: Reader, component: ComponentId, override: OverrideRecord): boolean {
  const { mode, wish = '' } = override;
  if (mode !== 'add' || wish === '') return false;
  const reported = reportedOf(reader, component);
  return reported?.answered?.[wishKey(override)] === wish;
}

/** As it is declared, whatever was reported since. An empty one, which could be declared once, is none. */
export function declaredResourceId(reader: Reader, component: ComponentId): string | undefined {
  const text = reader.get('cells', cellKey(component, wellKnown.resourceId));
  const cell = text === undefined ? undefined : parseCell(text);
  return cell !== undefined && 'v' in cell && typeof cell.v === 'string' && cell.v !== '' ? cell.v : undefined;
}

/** Other components, not marked, that were given the same resource. */
export function sharingResource(reader: Reader, component: ComponentId): ComponentId[] {
  const payloadOf = (id: ComponentId) => reportedOf(reader, id)?.payload;
  return claimingResource(reader, component)
    .filter((other) => !isMarked(reader, other))
    .filter((other) => !isElsewhere(payloadOf(component), payloadOf(other)));
}

/** Other components of the same schema that were given the same resource id: types have ids of their own. */
export function claimingResource(reader: Reader, component: ComponentId): ComponentId[] {
  const resource = resourceIdOf(reader, component);
  if (resource === undefined) return [];
  const schema = findComponent(reader, component)?.schema;
  return [...reader.scan('index', index.withResource(resource))]
    .map(([key]) => indexUser(key) as ComponentId)
    .filter((other) => other !== component && findComponent(reader, other)?.schema === schema);
}

/** Marked and without a resource: absent by definition. */
export function isAbsent(reader: Reader, component: ComponentId): boolean {
  return isMarked(reader, component) && resourceIdOf(reader, component) === undefined;
}

interface Naming {
  readonly noun: string;
  readonly category: Category;
  readonly missing: RefusalCode;
  readonly named: (name: string) => string;
  /** It counts only where nothing else has the name. */
  readonly isGone?: (id: string) => boolean;
}

function byIdOrName<T extends Branded<string, string>>(
  reader: Reader,
  text: unknown,
  at: string,
  n: Naming,
): Result<T> {
  if (typeof text !== 'string' || text === '') {
    return refuse('request_malformed', {
      path: at,
      expected: `the id or name of a ${n.noun}`,
      got: brief((text ?? null) as null),
      hint: `name the ${n.noun}`,
    });
  }
  if (isUlid(text) && reader.get(n.category, text) !== undefined) return ok(text as T);
  const there: string[] = [];
  const gone: string[] = [];
  for (const [key] of reader.scan('index', n.named(text))) {
    const id = indexUser(key);
    if (n.isGone?.(id) === true) gone.push(id);
    else there.push(id);
    if (there.length > 10) break;
  }
  const found = there.length > 0 ? there : gone;
  if (found.length === 1) return ok(found[0] as T);
  if (found.length > 1) {
    return refuse('ambiguous_name', {
      path: at,
      expected: `one ${n.noun} named ${JSON.stringify(text)}`,
      got: `${found.length > 10 ? 'more than 10' : found.length}: ${found.slice(0, 10).join(', ')}`,
      hint: 'use the id',
      data: { ids: found },
    });
  }
  return refuse(n.missing, {
    path: at,
    expected: `the id or name of a ${n.noun} in this change set`,
    got: JSON.stringify(text),
    hint: `search for the ${n.noun}; it may be in another change set`,
  });
}

export function resolveComponent(reader: Reader, text: unknown, at = 'component'): Result<ComponentId> {
  return byIdOrName(reader, text, at, {
    noun: 'component',
    category: 'components',
    missing: 'component_not_found',
    named: index.named,
    isGone: (id) => isAbsent(reader, id as ComponentId),
  });
}

export function resolveSchema(reader: Reader, text: unknown, at = 'schema'): Result<SchemaId> {
  return byIdOrName(reader, text, at, {
    noun: 'schema',
    category: 'schemas',
    missing: 'schema_not_found',
    named: index.schemasNamed,
  });
}

export function resolveFunction(reader: Reader, text: unknown, at = 'function'): Result<FunctionId> {
  return byIdOrName(reader, text, at, {
    noun: 'function',
    category: 'functions',
    missing: 'function_not_found',
    named: index.functionsNamed,
  });
}

export function resolveView(reader: Reader, text: unknown, at = 'view'): Result<ViewId> {
  return byIdOrName(reader, text, at, {
    noun: 'view',
    category: 'views',
    missing: 'view_not_found',
    named: index.viewsNamed,
  });
}

export function resolveSecret(reader: Reader, text: unknown, at = 'secret'): Result<SecretId> {
  return byIdOrName(reader, text, at, {
    noun: 'secret',
    category: 'secrets',
    missing: 'secret_not_found',
    named: index.secretsNamed,
  });
}

/** The schema that a variant belongs to, by the variant's id. */
export function schemaOfVariant(
  reader: Reader,
  variant: string,
  at = 'variant',
): Result<{ schema: SchemaId; variant: VariantId; record: VariantRecord }> {
  for (const [key] of reader.scan('index', index.schemasOfVariant(variant))) {
    const schema = indexUser(key) as SchemaId;
    const record = findVariant(reader, schema, variant as VariantId);
    if (record !== undefined) return ok({ schema, variant: variant as VariantId, record });
  }
  return refuse('schema_not_found', {
    path: at,
    expected: 'the id of a schema variant in this change set',
    got: JSON.stringify(variant),
    hint: 'list the variants of the schema',
  });
}
