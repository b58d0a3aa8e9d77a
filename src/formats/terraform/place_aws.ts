// An instance of a type with a counterpart in the catalogue: its attributes as that type's properties where the table
// says so, the property exists and the value fits. The resource is recorded in the form in which Cloud Control reports
// it, so that the first refresh finds what is known already.

import { checkJson, isObject, type Json, sameJson } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import { pointerOf } from '../../model/path.ts';
import { checkLiteral, derefProperty, type Property } from '../../model/property.ts';
import type { VariantSpec } from '../../model/schema.ts';
import { type AwsCounterpart, awsCounterparts } from './aws_counterparts.ts';
import { isDeclarable } from './declare.ts';
import type { Instance, Note } from './model.ts';
import { encode, isEmpty, type Placed, pointsOf, textOf } from './place.ts';

/** The counterpart of the instance's type; undefined where there is none, or the instance is none of it. */
export function awsCounterpartOf(instance: Instance): AwsCounterpart | undefined {
  if (instance.flat || !Object.hasOwn(awsCounterparts, instance.type)) return undefined;
  const known = awsCounterparts[instance.type]!;
  const has = (name: string) => textOf(instance.attributes[name]) !== null;
  return [...(known.needs ?? []), ...known.id].every(has) ? known : undefined;
}

export function placeAws(instance: Instance, known: AwsCounterpart, spec: VariantSpec): Placed {
  const { attributes } = instance;
  const domain = new Map<string, Json>();
  const payload = new Map<string, Json>();
  const left = new Map(Object.entries(attributes).filter(([, value]) => value !== null));
  const notes: Note[] = [];
  const declare = (attribute: string, property: string, wanted: Json | undefined): void => {
    const value = wanted === undefined ? undefined : fitting(spec.domain, property, wanted, spec);
    if (value === undefined) return;
    domain.set(property, value);
    payload.set(property, value);
    left.delete(attribute);
  };
  for (const attribute of known.same ?? []) declare(attribute, pascal(attribute), given(attributes[attribute]));
  for (const [attribute, property] of Object.entries(known.renamed ?? {}))
    declare(attribute, property, given(attributes[attribute]));
  for (const [attribute, property] of Object.entries(known.documents ?? {}))
    declare(attribute, property, documentOf(attributes[attribute]));
  declare('tags', known.tags ?? 'Tags', tagsOf(attributes['tags']));
  for (const [attribute, property] of Object.entries(known.reported ?? {})) {
    const wanted = given(attributes[attribute]);
    const value = wanted === undefined ? undefined : fitting(spec.resourceValue, property, wanted, spec);
    if (value === undefined) continue;
    payload.set(property, value);
    left.delete(attribute);
  }
  const parts = known.id.map((attribute) => textOf(attributes[attribute])!);
  (spec.primaryIdentifier ?? []).forEach((pointer, i) => {
    const property = pointer.slice(pointer.lastIndexOf('/') + 1);
    if (parts[i] === undefined) return;
    payload.set(property, parts[i]);
    left.delete(known.id[i]!);
  });
  const resourceId = parts.join('|');
  // Said already, in other words.
  if ([resourceId, ...payload.values()].includes(attributes['id'] ?? null)) left.delete('id');
  if ([resourceId, ...payload.values()].includes(attributes['arn'] ?? null)) left.delete('arn');
  if (!left.has('tags') && sameJson(attributes['tags'], attributes['tags_all'])) left.delete('tags_all');
  for (const [name, value] of left) {
    if (isEmpty(value)) continue;
    const path = instance.attributesAt + pointerOf([name]);
    notes.push({ path, reason: `no certain counterpart in ${known.type}: kept in the component's metadata` });
  }
  const kept = encode(instance, left);
  const reported = Object.fromEntries(payload);
  return {
    instance,
    schema: known.type,
    domain,
    labels: [known.tags ?? 'Tags', 'Name', 'Description', 'GroupName', 'GroupDescription'],
    resourceId,
    payload: reported,
    points: pointsOf(spec, { attributes, payload: reported, resourceId }),
    kept: kept.kept,
    encoded: kept.encoded,
    notes: [...notes, ...kept.notes],
  };
}

function pascal(name: string): string {
  return name
    .split('_')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('');
}

/** What is empty has not been given: the provider writes it for what is not set. */
function given(json: Json | undefined): Json | undefined {
  return json === undefined || isEmpty(json) ? undefined : json;
}

function documentOf(json: Json | undefined): Json | undefined {
  if (typeof json !== 'string') return undefined;
  try {
    const document = JSON.parse(json) as Json;
    const isStorable = checkJson(document, '', limits.valueDepthMax / 2).ok && isDeclarable(document);
    // Dropped nulls would make it another document.
    return isObject(document) && isStorable && !hasNull(document) ? document : undefined;
  } catch (e) {
    if (e instanceof SyntaxError || e instanceof RangeError) return undefined;
    throw e;
  }
}

function hasNull(json: Json): boolean {
  if (json === null) return true;
  return typeof json === 'object' && Object.values(json).some(hasNull);
}

/** A map of texts as the list of pairs that AWS has, in one order. */
function tagsOf(json: Json | undefined): Json | undefined {
  if (!isObject(json)) return undefined;
  const tags = Object.entries(json);
  if (tags.length === 0 || tags.some(([, value]) => typeof value !== 'string')) return undefined;
  return tags.map(([Key, Value]) => ({ Key, Value }));
}

/** The value as the property of `tree` takes it; undefined where there is none, it is not to be set, or does not fit. */
function fitting(tree: Property, name: string, json: Json, spec: VariantSpec): Json | undefined {
  const members = tree.properties ?? {};
  if (tree.kind !== 'object' || !Object.hasOwn(members, name)) return undefined;
  const property = derefProperty(members[name]!, spec.definitions);
  if (property.secret || (tree === spec.domain && property.readOnly)) return undefined;
  return fitted(property, json, spec);
}

function fitted(property: Property, json: Json, spec: VariantSpec): Json | undefined {
  if (property.kind === 'any') return json;
  if (Array.isArray(json)) {
    if (property.kind !== 'array') return undefined;
    const items = derefProperty(property.items ?? { kind: 'any' }, spec.definitions);
    const all = json.map((item: Json) => fitted(items, item, spec));
    return all.includes(undefined) ? undefined : (all as Json[]);
  }
  if (isObject(json)) {
    if (property.kind !== 'object') return undefined;
    const members = Object.entries(json).map(([name, member]): [string, Json | undefined] => [
      name,
      fitting(property, name, member, spec),
    ]);
    return members.some(([, member]) => member === undefined) ? undefined : (Object.fromEntries(members) as Json);
  }
  const text = property.kind === 'string' && typeof json === 'number' ? String(json) : json;
  return checkLiteral(property, text, '', () => undefined).ok ? text : undefined;
}
