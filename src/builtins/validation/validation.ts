// A whole value held against the property tree of its schema: what JSON schema says of it (required, bounds, patterns,
// formats, unique items) and what the author's Joi schemas say. Edits are checked one by one when they are made; this looks
// at what stands in the end, also where it came from a function or another component. Pure and in linear time: patterns are
// run by the engine that is handed in. A rule that cannot be evaluated is a finding as well.

import { brief, canonical, isObject, type Json, sameJson } from '../../base/json.ts';
import { type Definitions, derefProperty, kindOfJson, type Property } from '../../model/property.ts';
import { childPointer, type Finding, isSet, type Matches, unknownValue } from './finding.ts';
import { checkJoi } from './joi.ts';
import { fitsFormat } from './text.ts';

export interface Validated {
  readonly property: Property;
  readonly definitions: Definitions;
  readonly value: Json | undefined;
  /** Where the value is: paths of findings begin with it. */
  readonly path: string;
  /** Defaults are in the value already where they show; what is not in it has no value. */
  readonly complete?: boolean;
}

/** Everything that is to be said of the value, in order of the tree. */
export function validate(v: Validated, matches: Matches): readonly Finding[] {
  const out: Finding[] = [];
  new Validation(v.definitions, matches, out, v.complete === true).visit(v.property, v.value, v.path);
  return out;
}

class Validation {
  readonly #definitions: Definitions;
  readonly #matches: Matches;
  readonly #out: Finding[];
  readonly #complete: boolean;

  constructor(definitions: Definitions, matches: Matches, out: Finding[], complete: boolean) {
    this.#complete = complete;
    this.#definitions = definitions;
    this.#matches = matches;
    this.#out = out;
  }

  visit(given: Property, declared: Json | undefined, path: string): void {
    if (declared === unknownValue) return;
    const property = derefProperty(given, this.#definitions);
    const value = isSet(declared) || this.#complete ? declared : property.default;
    if (property.validation !== undefined) this.#out.push(...checkJoi(property.validation, value, path, this.#matches));
    if (!isSet(value)) {
      if (property.required === true && property.readOnly !== true) this.#error(path, 'is required');
      return;
    }
    if (!isOfKind(property, value)) {
      this.#error(path, `must be ${article(property.kind)}, not ${brief(value)}`);
      return;
    }
    if (property.enum !== undefined && !property.enum.some((e) => sameJson(e, value))) {
      this.#error(path, `must be one of ${property.enum.map((e) => brief(e, 40)).join(', ')}`);
    }
    if (typeof value === 'string') this.#text(property, value, path);
    else if (typeof value === 'number') this.#number(property, value, path);
    else if (Array.isArray(value)) this.#list(property, value, path);
    else if (isObject(value)) this.#members(property, value, path);
  }

  #error(path: string, message: string): void {
    this.#out.push({ path, message, severity: 'error' });
  }

  #text(p: Property, value: string, path: string): void {
    if (p.minLength !== undefined && value.length < p.minLength)
      this.#error(path, `must be at least ${p.minLength} characters long`);
    if (p.maxLength !== undefined && value.length > p.maxLength)
      this.#error(path, `must be at most ${p.maxLength} characters long`);
    if (p.pattern !== undefined) {
      const found = this.#matches(p.pattern, value);
      if (found === false) this.#error(path, `must match the pattern ${p.pattern}`);
      if (found === undefined) this.#unchecked(path, `the pattern ${p.pattern}, which cannot be run in linear time`);
    }
    if (p.format !== undefined) {
      const found = fitsFormat(p.format, value);
      if (found === false) this.#error(path, `must be a valid ${p.format}`);
      if (found === undefined) this.#unchecked(path, `the format ${p.format}`);
    }
  }

  #unchecked(path: string, what: string): void {
    this.#out.push({ path, message: `Not checked: ${what}.`, severity: 'unchecked' });
  }

  #number(p: Property, value: number, path: string): void {
    if (p.minimum !== undefined && value < p.minimum) this.#error(path, `must be at least ${p.minimum}`);
    if (p.maximum !== undefined && value > p.maximum) this.#error(path, `must be at most ${p.maximum}`);
  }

  #list(p: Property, value: readonly Json[], path: string): void {
    if (p.minItems !== undefined && value.length < p.minItems)
      this.#error(path, `must have at least ${p.minItems} items`);
    if (p.maxItems !== undefined && value.length > p.maxItems)
      this.#error(path, `must have at most ${p.maxItems} items`);
    if (p.uniqueItems === true) {
      const seen = new Set<string>();
      for (const [i, element] of value.entries()) {
        if (element === unknownValue) continue;
        const before = seen.size;
        if (seen.add(canonical(element)).size === before) this.#error(childPointer(path, i), 'is there twice');
      }
    }
    if (p.items === undefined) return;
    for (const [i, element] of value.entries()) this.visit(p.items, element, childPointer(path, i));
  }

  #members(p: Property, value: { readonly [key: string]: Json }, path: string): void {
    if (p.kind === 'map' && p.values !== undefined) {
      for (const [key, member] of Object.entries(value)) this.visit(p.values, member, childPointer(path, key));
    }
    if (p.kind !== 'object') return;
    for (const [key, member] of Object.entries(p.properties ?? {})) {
      // Most properties of most types have no value, and nothing that asks for one.
      if (this.#complete && !Object.hasOwn(value, key) && isQuiet(member)) continue;
      this.visit(member, Object.hasOwn(value, key) ? value[key] : undefined, childPointer(path, key));
    }
  }
}

function isQuiet({ kind, required, validation }: Property): boolean {
  return required !== true && validation === undefined && kind !== 'ref';
}

function isOfKind(property: Property, value: Json): boolean {
  const kind = kindOfJson(value);
  switch (property.kind) {
    case 'any':
    case 'json':
      return true;
    case 'number':
      return kind === 'number' || kind === 'integer';
    case 'object':
    case 'map':
      return kind === 'object';
    default:
      return kind === property.kind;
  }
}

function article(kind: string): string {
  return /^[aeio]/.test(kind) ? `an ${kind}` : `a ${kind}`;
}
