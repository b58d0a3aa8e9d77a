// What a resource says of itself, as what somebody would have declared to get it: the settable properties of its schema, without
// those that only show their default. What cannot be declared is told with its path, and stays in what was reported.

import { brief, canonical, checkJson, isObject, type Json, type JsonObject, sameJson } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import { isPathKey, pointerOf } from '../../model/path.ts';
import type { Matches } from '../../model/pattern.ts';
import { checkLiteral, derefProperty, type Property } from '../../model/property.ts';
import type { VariantSpec } from '../../model/schema.ts';
import { isDeclarable } from '../terraform/declare.ts';

/** Something that was reported and is not declared. */
export interface Untaken {
  /** Pointer in the payload. */
  readonly path: string;
  readonly reason: string;
}

export interface Adopted {
  /** Values under /domain, by property. */
  readonly values: ReadonlyMap<string, Json>;
  readonly untaken: readonly Untaken[];
}

/** A value as it is declared, or nothing to declare. */
type Taken = { readonly value: Json } | undefined;

export function adopt(spec: VariantSpec, payload: Json, matches: Matches): Adopted {
  const adoption = new Adoption(spec, matches);
  const values = adoption.members(payload);
  return { values, untaken: adoption.untaken };
}

class Adoption {
  readonly untaken: Untaken[] = [];
  readonly #spec: VariantSpec;
  readonly #matches: Matches;

  constructor(spec: VariantSpec, matches: Matches) {
    this.#spec = spec;
    this.#matches = matches;
  }

  /** Of the payload as a whole. Members that only the provider sets are no news to anybody. */
  members(payload: Json): Map<string, Json> {
    const out = new Map<string, Json>();
    if (!isObject(payload)) {
      if (payload !== null) this.#leave('', `the payload is ${brief(payload)}, and no object of properties`);
      return out;
    }
    const { domain, resourceValue } = this.#spec;
    const isReported = (name: string): boolean =>
      resourceValue.kind === 'map' || Object.hasOwn(resourceValue.properties ?? {}, name);
    for (const [name, member] of Object.entries(payload)) {
      const at = pointerOf([name]);
      const property =
        domain.kind === 'map'
          ? (domain.values ?? anything)
          : Object.hasOwn(domain.properties ?? {}, name)
            ? domain.properties![name]
            : undefined;
      if (property === undefined) {
        if (member !== null && !isReported(name)) this.#leave(at, 'the schema has no such property');
        continue;
      }
      const taken = this.#named(property, name, member, at);
      if (taken !== undefined) out.set(name, taken.value);
    }
    return out;
  }

  #named(property: Property, name: string, json: Json, at: string): Taken {
    if (isPathKey(name) && name !== '$source' && at.length <= limits.pathCharsMax / 2)
      return this.#value(property, json, at);
    if (json !== null) this.#leave(at, 'no path can have this name');
    return undefined;
  }

  #value(given: Property, json: Json, at: string): Taken {
    const property = derefProperty(given, this.#spec.definitions);
    if (json === null || property.readOnly === true) return undefined;
    if (property.writeOnly === true || property.secret === true)
      return this.#leave(at, 'it is sent and never read back: no value of it is taken over');
    if (property.default !== undefined && sameJson(property.default, json)) return undefined;
    return this.#fitting(property, json, at);
  }

  #fitting(property: Property, json: Json, at: string): Taken {
    switch (property.kind) {
      case 'object':
        return isObject(json) ? this.#object(property, json, at) : this.#otherKind(property, json, at);
      case 'map':
        return isObject(json) ? this.#map(property, json, at) : this.#otherKind(property, json, at);
      case 'array':
        return Array.isArray(json) ? this.#list(property, json, at) : this.#otherKind(property, json, at);
      case 'any':
        return this.#open(json, at);
      case 'json':
        return this.#literal(property, typeof json === 'string' ? json : canonical(json), at);
      default:
        return this.#literal(property, asListed(property, json), at);
    }
  }

  #object(property: Property, json: JsonObject, at: string): Taken {
    const out: [string, Json][] = [];
    for (const [name, member] of Object.entries(json)) {
      const here = at + pointerOf([name]);
      const own = property.properties ?? {};
      if (Object.hasOwn(own, name)) {
        const taken = this.#named(own[name]!, name, member, here);
        if (taken !== undefined) out.push([name, taken.value]);
      } else if (member !== null) this.#leave(here, 'the schema has no such property');
    }
    // Of what holds nothing but defaults and what the provider sets nothing is to be declared.
    return out.length === 0 && Object.keys(json).length > 0 ? undefined : { value: Object.fromEntries(out) };
  }

  /** The entries of a map are what people put there, so that all of it is taken or nothing. */
  #map(property: Property, json: JsonObject, at: string): Taken {
    const values = property.values ?? anything;
    const out: [string, Json][] = [];
    const before = this.untaken.length;
    for (const [name, member] of Object.entries(json)) {
      if (member === null) continue;
      const taken = this.#named(withoutDefault(values), name, member, at + pointerOf([name]));
      if (taken !== undefined) out.push([name, taken.value]);
    }
    if (this.untaken.length === before) return { value: Object.fromEntries(out) };
    return this.#leave(at, 'not all of it can be declared, so nothing of it is');
  }

  /** Elements are known by their place, so that all of them are taken or none. */
  #list(property: Property, json: readonly Json[], at: string): Taken {
    const items = withoutDefault(derefProperty(property.items ?? anything, this.#spec.definitions));
    const out: Json[] = [];
    for (const [i, element] of json.entries()) {
      const here = `${at}/${i}`;
      const taken = this.#value(items, element, here);
      if (taken !== undefined) out.push(taken.value);
      else if (isObject(element) && items.kind === 'object') out.push({});
      else return this.#leave(at, `${here} cannot be declared, so nothing of the list is`);
    }
    return { value: out };
  }

  #open(json: Json, at: string): Taken {
    if (!isDeclarable(json, at.length)) return this.#leave(at, 'a name in it is none that a path can have');
    return this.#literal({ kind: 'any' }, json, at);
  }

  #literal(property: Property, json: Json, at: string): Taken {
    const storable = checkJson(json, at, limits.valueDepthMax / 2);
    if (!storable.ok) return this.#leave(at, storable.refusal.expected ?? 'it cannot be stored');
    const checked = checkLiteral(property, json, at, this.#matches);
    if (checked.ok) return { value: json };
    const { expected, got } = checked.refusal;
    return this.#leave(at, `the schema wants ${expected}, and the resource has ${got}`);
  }

  #otherKind(property: Property, json: Json, at: string): Taken {
    return this.#leave(at, `the schema wants kind ${property.kind}, and the resource has ${brief(json)}`);
  }

  #leave(path: string, reason: string): undefined {
    this.untaken.push({ path, reason });
  }
}

const anything: Property = { kind: 'any' };

/** An element that happens to be the default of all elements is still one. */
function withoutDefault({ default: _default, ...property }: Property): Property {
  return property;
}

/** Providers write listed names in capitals of their own: the schema's spelling is meant. */
function asListed(property: Property, json: Json): Json {
  if (typeof json !== 'string' || property.enum === undefined) return json;
  return property.enum.find((e) => typeof e === 'string' && e.toLowerCase() === json.toLowerCase()) ?? json;
}
