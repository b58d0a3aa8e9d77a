// Intent against reality, property by property: what was meant to be sent against what the provider reports. Only what both
// sides have is compared, and what a provider is expected to report otherwise is left out by the schema: what it sets itself,
// what it never reads back, and other ways to write the same value.

import { canonical, compareText, isObject, type Json, type JsonObject, sameJson } from '../base/json.ts';
import { derefProperty, type Property } from '../model/property.ts';
import type { VariantSpec } from '../model/schema.ts';
import { childAt, step } from './changed_paths.ts';

export interface Difference {
  /** Pointer from the component's root, of a property of the intent. */
  readonly path: string;
  /** undefined: reality has an entry that nobody declared. */
  readonly intent: Json | undefined;
  /** undefined: what was declared is not there. */
  readonly reality: Json | undefined;
}

export interface DriftQuery {
  readonly spec: VariantSpec;
  /** The resolved inputs. */
  readonly inputs: Json;
  readonly payload: Json;
  /**
   * Compare as with a resource of which is not known what was sent: what only shows its default is no intent to change it,
   * and what is declared and not reported is one. Default: false.
   */
  readonly isUnsent?: boolean;
}

/** In canonical order of the paths. */
export function differences(q: DriftQuery): Difference[] {
  const comparison = new Comparison(q);
  comparison.compare(derefProperty(q.spec.domain, q.spec.definitions), q.inputs, q.payload, '/domain');
  return comparison.found.sort((a, b) => compareText(a.path, b.path));
}

class Comparison {
  readonly found: Difference[] = [];
  readonly #spec: VariantSpec;
  readonly #isUnsent: boolean;

  constructor({ spec, isUnsent = false }: DriftQuery) {
    this.#spec = spec;
    this.#isUnsent = isUnsent;
  }

  compare(property: Property, intent: Json, reality: Json, at: string): void {
    if (this.#isNoise(property)) return;
    if (property.kind === 'json') {
      if (!sameJson(asTree(intent), asTree(reality))) this.#add(at, intent, reality);
    } else if (isObject(intent) && isObject(reality)) this.#members(property, [intent, reality], at);
    else if (Array.isArray(intent) && Array.isArray(reality)) this.#list(property, [intent, reality], at);
    else if (!isSameScalar(property, intent, reality)) this.#add(at, intent, reality);
  }

  #isNoise(p: Property): boolean {
    return p.readOnly === true || p.writeOnly === true || p.secret === true;
  }

  #add(path: string, intent: Json | undefined, reality: Json | undefined): void {
    this.found.push({ path, intent, reality });
  }

  #members(property: Property, [intent, reality]: readonly [JsonObject, JsonObject], at: string): void {
    // The entries of a map are what people put there; members of an object that are not reported, or only reported, are no
    // properties that both sides have. The root of a type that nobody has described is a map and no different.
    const isMap = property.kind === 'map' && at !== '/domain';
    for (const key of Object.keys(intent)) {
      const child = childAt(property, key, this.#spec) ?? anything;
      const [mine, theirs] = [intent[key]!, Object.hasOwn(reality, key) ? reality[key]! : null];
      const here = at + step(key);
      if (mine === null) continue;
      if (theirs !== null) {
        if (!(this.#isUnsent && isDefault(child, mine))) this.compare(child, mine, theirs, here);
      } else if (isMap || property.kind === 'any' || this.#isUnsent) this.#missing(child, mine, here);
    }
    if (!isMap || this.#isUnsent) return;
    for (const key of Object.keys(reality))
      if (!Object.hasOwn(intent, key) && reality[key] !== null) this.#add(at + step(key), undefined, reality[key]);
  }

  /** Declared and not reported. */
  #missing(property: Property, intent: Json, at: string): void {
    if (property.readOnly === true) return;
    if (this.#isUnsent ? isDefault(property, intent) : this.#isNoise(property)) return;
    if (!isObject(intent)) this.#add(at, intent, undefined);
    else
      for (const [key, member] of Object.entries(intent))
        if (member !== null) this.#missing(childAt(property, key, this.#spec) ?? anything, member, at + step(key));
  }

  #list(property: Property, [intent, reality]: readonly [readonly Json[], readonly Json[]], at: string): void {
    const items = childAt(property, '', this.#spec) ?? anything;
    const isSet = property.uniqueItems === true || isKeyed(intent) || isKeyed(reality);
    const [mine, theirs] = isSet ? [inOrder(intent), inOrder(reality)] : [intent, reality];
    const isSame =
      mine.length === theirs.length && mine.every((element, i) => this.#isSame(items, element, theirs[i]!));
    if (isSame) return;
    // Elements of sets have no place that could be named.
    if (isSet || mine.length !== theirs.length) this.#add(at, intent, reality);
    else for (const [i, element] of mine.entries()) this.compare(items, element, theirs[i]!, `${at}/${i}`);
  }

  #isSame(property: Property, intent: Json, reality: Json): boolean {
    const within = new Comparison({ spec: this.#spec, inputs: null, payload: null, isUnsent: this.#isUnsent });
    within.compare(property, intent, reality, '/domain/-');
    return within.found.length === 0;
  }
}

const anything: Property = { kind: 'any' };

/** A value whose default is shown where nothing is declared says nothing of what anybody wants. */
function isDefault(property: Property, value: Json): boolean {
  return property.default !== undefined && sameJson(property.default, value);
}

/** A document given as its text is the document. */
function asTree(value: Json): Json {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value) as Json;
  } catch {
    return value;
  }
}

/** Numbers and truth values written as text are those; names out of a list are the same in capitals. */
function isSameScalar(property: Property, intent: Json, reality: Json): boolean {
  if (sameJson(intent, reality)) return true;
  if (typeof intent === 'object' || typeof reality === 'object') return false;
  if (property.kind === 'string' && property.enum !== undefined)
    return String(intent).toLowerCase() === String(reality).toLowerCase();
  if (property.kind !== 'integer' && property.kind !== 'number' && property.kind !== 'boolean') return false;
  return typeof intent !== typeof reality && String(intent) === String(reality);
}

const keyNames = ['Key', 'key'] as const;

/** Tags and the like: every element is an object named by its key, no two alike. Such lists come back in any order. */
function isKeyed(list: readonly Json[]): boolean {
  return keyNames.some((name) => {
    const keys = list.map((e) => (isObject(e) && typeof e[name] === 'string' ? e[name] : undefined));
    return list.length > 0 && !keys.includes(undefined) && new Set(keys).size === keys.length;
  });
}

function inOrder(list: readonly Json[]): Json[] {
  const texts = new Map(list.map((e, i) => [i, keyOf(e)] as const));
  return [...list.keys()].sort((a, b) => compareText(texts.get(a)!, texts.get(b)!) || a - b).map((i) => list[i]!);
}

/** Where an element stands in a set: by its key, where it has one, else by all of it. */
function keyOf(element: Json): string {
  const name = isObject(element) ? keyNames.find((n) => typeof element[n] === 'string') : undefined;
  return name === undefined ? canonical(element) : canonical((element as JsonObject)[name]!);
}
