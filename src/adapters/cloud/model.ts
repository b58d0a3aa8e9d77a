// A resource's properties against the schema of its type: what may be asked for, what an update may change, and how the
// parts that can be set are told from those that the cloud reports. Findings are texts in the words of the service; all
// of them are given, not only the first.

import { isObject, type Json, type JsonObject, sameJson } from '../../base/json.ts';
import { checkLiteral, type Definitions, derefProperty, type Property } from '../../model/property.ts';
import type { VariantSpec } from '../../model/schema.ts';

export type Matches = (pattern: string, text: string) => boolean | undefined;

/** What is wrong with a desired state; empty when nothing is. */
export function desiredFindings(spec: VariantSpec, desired: JsonObject, matches: Matches): string[] {
  const findings: string[] = [];
  const check = new DesiredCheck(spec.definitions, matches, findings);
  check.object(spec.domain, spec.resourceValue, desired, '#');
  return findings;
}

class DesiredCheck {
  readonly #definitions: Definitions;
  readonly #matches: Matches;
  readonly #findings: string[];

  constructor(definitions: Definitions, matches: Matches, findings: string[]) {
    this.#definitions = definitions;
    this.#matches = matches;
    this.#findings = findings;
  }

  object(property: Property, reported: Property | undefined, value: JsonObject, at: string): void {
    const members = property.properties ?? {};
    for (const name of Object.keys(members))
      if (derefProperty(members[name]!, this.#definitions).required === true && !Object.hasOwn(value, name))
        this.#findings.push(`${at}: required key [${name}] not found`);
    for (const [name, part] of Object.entries(value)) {
      const member = memberOf(property, name, this.#definitions);
      const output = reported === undefined ? undefined : memberOf(reported, name, this.#definitions);
      if (member !== undefined) this.value(member, output, part, `${at}/${escaped(name)}`);
      else if (output !== undefined) this.#findings.push(`${at}/${escaped(name)}: the property is read-only`);
      else this.#findings.push(`${at}: extraneous key [${name}] is not permitted`);
    }
  }

  value(given: Property, reported: Property | undefined, value: Json, at: string): void {
    const property = derefProperty(given, this.#definitions);
    const expected = (kind: string) => this.#findings.push(`${at}: expected type: ${kind}, found: ${found(value)}`);
    switch (property.kind) {
      case 'object':
        if (!isObject(value)) expected('JSONObject');
        else if (property.properties !== undefined) this.object(property, reported, value, at);
        return;
      case 'map':
        if (!isObject(value)) expected('JSONObject');
        else
          for (const [name, part] of Object.entries(value))
            this.value(property.values ?? { kind: 'any' }, undefined, part, `${at}/${escaped(name)}`);
        return;
      case 'array':
        if (!Array.isArray(value)) expected('JSONArray');
        else this.#list(property, value, at);
        return;
      default: {
        const checked = checkLiteral(property, value, at, this.#matches);
        if (checked.ok) return;
        if (checked.refusal.code === 'kind_mismatch') expected(property.kind);
        else this.#findings.push(`${at}: expected ${checked.refusal.expected}, found: ${checked.refusal.got}`);
      }
    }
  }

  #list(property: Property, value: readonly Json[], at: string): void {
    const { minItems = 0, maxItems = Number.POSITIVE_INFINITY } = property;
    if (value.length < minItems) this.#findings.push(`${at}: expected minimum item count: ${minItems}`);
    if (value.length > maxItems) this.#findings.push(`${at}: expected maximum item count: ${maxItems}`);
    for (const [i, part] of value.entries())
      this.value(property.items ?? { kind: 'any' }, undefined, part, `${at}/${i}`);
  }
}

/** What can be set of a resource's properties: without what only the cloud reports. */
export function inputsOf(spec: VariantSpec, properties: JsonObject): JsonObject {
  return withoutReported(spec.domain, spec.resourceValue, properties, spec.definitions);
}

function withoutReported(
  domain: Property,
  reported: Property,
  value: JsonObject,
  definitions: Definitions,
): JsonObject {
  const kept: [string, Json][] = [];
  for (const [name, part] of Object.entries(value)) {
    const member = memberOf(domain, name, definitions);
    const output = memberOf(reported, name, definitions);
    if (member === undefined && output !== undefined) continue;
    const isNested = member?.kind === 'object' && output?.kind === 'object' && isObject(part);
    kept.push([name, isNested ? withoutReported(member, output, part, definitions) : part]);
  }
  return Object.fromEntries(kept);
}

/** Pointers of the properties that an update changes although only a create may set them, or only the cloud. */
export function forbiddenChanges(
  spec: VariantSpec,
  before: JsonObject,
  after: JsonObject,
): { readonly createOnly: string[]; readonly readOnly: string[] } {
  const changes = { createOnly: [] as string[], readOnly: [] as string[] };
  compare(spec.domain, spec.resourceValue, before, after, '/properties');
  return changes;

  function compare(domain: Property, reported: Property, was: JsonObject, is: JsonObject, at: string): void {
    for (const name of new Set([...Object.keys(was), ...Object.keys(is)])) {
      const [old, now] = [was[name], is[name]];
      if (sameJson(old, now)) continue;
      const pointer = `${at}/${escaped(name)}`;
      const member = memberOf(domain, name, spec.definitions);
      const output = memberOf(reported, name, spec.definitions);
      if (member === undefined) {
        // What is neither is found by the check of the desired state.
        if (output !== undefined) changes.readOnly.push(pointer);
      } else part(member, output, old, now, pointer);
    }
  }

  function part(
    property: Property,
    output: Property | undefined,
    old: Json | undefined,
    now: Json | undefined,
    at: string,
  ): void {
    if (sameJson(old, now)) return;
    if (property.createOnly === true) changes.createOnly.push(at);
    else if (property.kind === 'object' && isObject(old) && isObject(now))
      compare(property, output?.kind === 'object' ? output : { kind: 'object' }, old, now, at);
    else if (property.kind === 'array' && Array.isArray(old) && Array.isArray(now)) {
      const items = derefProperty(property.items ?? { kind: 'any' }, spec.definitions);
      // Elements that were there before and still are; others are added or taken away as a whole.
      for (let i = 0; i < Math.min(old.length, now.length); i++)
        part(items, undefined, old[i] as Json, now[i] as Json, `${at}/${i}`);
    }
  }
}

/** What is read back: all but the properties that are only ever sent. */
export function readable(spec: VariantSpec, properties: JsonObject): JsonObject {
  return visible(spec.domain, properties) as JsonObject;

  function visible(given: Property, value: Json): Json {
    const property = derefProperty(given, spec.definitions);
    if (property.kind === 'array' && Array.isArray(value))
      return value.map((v) => visible(property.items ?? { kind: 'any' }, v as Json));
    if (property.kind !== 'object' || !isObject(value)) return value;
    const shown: [string, Json][] = [];
    for (const [name, part] of Object.entries(value)) {
      const member = memberOf(property, name, spec.definitions);
      if (member?.writeOnly !== true) shown.push([name, member === undefined ? part : visible(member, part)]);
    }
    return Object.fromEntries(shown);
  }
}

function memberOf(property: Property, name: string, definitions: Definitions): Property | undefined {
  if (property.kind === 'any') return property;
  if (property.kind === 'map') return derefProperty(property.values ?? { kind: 'any' }, definitions);
  const members = property.properties;
  if (members === undefined || !Object.hasOwn(members, name)) return undefined;
  return derefProperty(members[name]!, definitions);
}

function found(value: Json): string {
  if (value === null) return 'Null';
  if (Array.isArray(value)) return 'JSONArray';
  return typeof value === 'object' ? 'JSONObject' : `${(typeof value)[0]!.toUpperCase()}${(typeof value).slice(1)}`;
}

function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
