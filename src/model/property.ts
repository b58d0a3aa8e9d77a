// The property tree of a schema: kinds, constraints and documentation of every value a component can hold.
// Recursive types are named definitions referred to by `ref`, never unrolled. The kind `any` is a tree whose shape the
// schema does not fix: it is stored as cells like every other tree, so its parts are edited, linked and merged one by one.

import { brief, isObject, type Json, sameJson } from '../base/json.ts';
import { ok, type Result, refuse } from '../base/result.ts';

export type ScalarKind = 'string' | 'integer' | 'number' | 'boolean';
export type PropertyKind = ScalarKind | 'json' | 'array' | 'map' | 'object' | 'any' | 'ref';

/** How a concurrent edit of the property merges; absent: the ordinary rule. */
export type MergeRule = 'change-set-wins' | 'head-wins' | 'union' | 'max' | 'min' | 'must-review';

export interface Property {
  readonly kind: PropertyKind;
  /** For people, in Markdown. */
  readonly docs?: string;
  readonly required?: boolean;
  /** Shown where nothing is declared. */
  readonly default?: Json;
  /** Can be set only before the resource exists; later it means replacing the resource. */
  readonly createOnly?: boolean;
  /** Set by the engine or the provider, never by an edit. */
  readonly readOnly?: boolean;
  /** Sent but never read back. */
  readonly writeOnly?: boolean;
  /** Takes a reference to a secret; its value is never shown. */
  readonly secret?: boolean;
  readonly hidden?: boolean;
  readonly enum?: readonly Json[];
  /** A regular expression (ECMAScript syntax) that the whole or part of the text must match. */
  readonly pattern?: string;
  /** A named format (`date-time`, `uri`, …). */
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly merge?: MergeRule;
  /** Which outputs of which schemas usually feed this property. */
  readonly suggests?: readonly { readonly schema: string; readonly path: string }[];
  /** Which properties of which schemas this one usually feeds. */
  readonly feeds?: readonly { readonly schema: string; readonly path: string }[];
  /** What else a value has to be, as Joi describes a schema (`Joi.….describe()`); evaluated by builtins/validation. */
  readonly validation?: Json;
  /** A page about the property. */
  readonly link?: string;
  /** How an editor shows it (`textArea`, `codeEditor`, …); absent: by its kind. */
  readonly widget?: string;
  /** kind `object`: its members, in display order. */
  readonly properties?: { readonly [name: string]: Property };
  /** kind `array`: its elements. */
  readonly items?: Property;
  /** kind `map`: its values. */
  readonly values?: Property;
  /** kind `ref`: the name of a definition of the same schema. */
  readonly to?: string;
}

export type Definitions = { readonly [name: string]: Property };

/** The property itself, references followed. Attributes beside `to` (required, docs, …) override the definition's. */
export function derefProperty(property: Property, definitions: Definitions): Property {
  let p = property;
  for (let hops = 0; p.kind === 'ref'; hops++) {
    const target = definitions[p.to ?? ''];
    if (target === undefined || hops > 16) return { ...p, kind: 'any' };
    const { kind: _kind, to: _to, ...own } = p;
    p = { ...target, ...own };
  }
  return p;
}

/** The property one step below: a member of an object, a value of a map, an element of an array, anything of `any`. */
export function childProperty(
  property: Property,
  step: { key: string } | { element: unknown },
  definitions: Definitions,
): Property | undefined {
  switch (property.kind) {
    case 'object': {
      if (!('key' in step) || property.properties === undefined) return undefined;
      if (!Object.hasOwn(property.properties, step.key)) return undefined;
      return inherit(property, derefProperty(property.properties[step.key]!, definitions));
    }
    case 'map':
      return 'key' in step
        ? inherit(property, derefProperty(property.values ?? { kind: 'any' }, definitions))
        : undefined;
    case 'array':
      // A reported list has no elements of its own to name: its parts are addressed by index.
      if (!('element' in step) && !(property.readOnly && /^\d+$/.test(step.key))) return undefined;
      return inherit(property, derefProperty(property.items ?? { kind: 'any' }, definitions));
    case 'any':
      return property;
    default:
      return undefined;
  }
}

/** What lies in a read-only container is read-only. */
function inherit(parent: Property, child: Property): Property {
  return parent.readOnly && !child.readOnly ? { ...child, readOnly: true } : child;
}

/** What a JSON value is, in the words of property kinds. */
export function kindOfJson(value: Json): PropertyKind | 'null' {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'boolean':
      return 'boolean';
    case 'number':
      return Number.isInteger(value) ? 'integer' : 'number';
    default:
      return 'object';
  }
}

/** Can a value of kind `from` stand in a property of kind `to`? Conversions are explicit calls, never silent. */
export function kindFits(
  to: Property,
  from: Property,
  definitions: Definitions,
  fromDefinitions: Definitions,
  depth = 0,
): boolean {
  const a = derefProperty(to, definitions);
  const b = derefProperty(from, fromDefinitions);
  if (a.kind === 'any' || b.kind === 'any' || depth > 8) return true;
  if (a.kind === b.kind) {
    if (a.kind === 'array' && a.items && b.items)
      return kindFits(a.items, b.items, definitions, fromDefinitions, depth + 1);
    if (a.kind === 'map' && a.values && b.values)
      return kindFits(a.values, b.values, definitions, fromDefinitions, depth + 1);
    return true;
  }
  if (a.kind === 'number') return b.kind === 'integer';
  if (a.kind === 'json') return true;
  if (a.kind === 'map' || a.kind === 'object') return b.kind === 'map' || b.kind === 'object' || b.kind === 'json';
  if (a.kind === 'string') return b.kind === 'json';
  return false;
}

/**
 * Checks one literal against a property that is not a tree of cells (scalars and `json`), or a scalar given to `any`.
 * Refuses, in this order: kind_mismatch, not_in_enum, pattern_mismatch, out_of_bounds. Patterns are matched by `matches`,
 * which is handed in because an engine for hostile expressions is not part of the pure core; undefined accepts.
 */
export function checkLiteral(
  property: Property,
  value: Json,
  at: string,
  matches: (pattern: string, text: string) => boolean | undefined,
): Result<void> {
  const detail = (expected: string, hint: string) => ({ path: at, expected, got: brief(value), hint });
  const kind = kindOfJson(value);
  const wrong = () => refuse('kind_mismatch', detail(article(property.kind), 'send a value of that kind'));
  switch (property.kind) {
    case 'any':
    case 'json':
      break;
    case 'number':
      if (kind !== 'integer' && kind !== 'number') return wrong();
      break;
    case 'string':
    case 'integer':
    case 'boolean':
      if (kind !== property.kind) return wrong();
      break;
    default:
      return wrong();
  }
  if (property.enum && !property.enum.some((e) => sameJson(e, value))) {
    return refuse(
      'not_in_enum',
      detail(`one of ${property.enum.map((e) => brief(e, 40)).join(', ')}`, 'use one of these values'),
    );
  }
  if (typeof value === 'string') {
    if (property.pattern !== undefined && matches(property.pattern, value) === false) {
      return refuse('pattern_mismatch', detail(`text matching ${property.pattern}`, 'change the text to match'));
    }
    if (property.minLength !== undefined && value.length < property.minLength) {
      return refuse('out_of_bounds', detail(`at least ${property.minLength} characters`, 'use a longer text'));
    }
    if (property.maxLength !== undefined && value.length > property.maxLength) {
      return refuse('out_of_bounds', detail(`at most ${property.maxLength} characters`, 'use a shorter text'));
    }
  }
  if (typeof value === 'number') {
    if (property.minimum !== undefined && value < property.minimum) {
      return refuse('out_of_bounds', detail(`at least ${property.minimum}`, 'use a larger number'));
    }
    if (property.maximum !== undefined && value > property.maximum) {
      return refuse('out_of_bounds', detail(`at most ${property.maximum}`, 'use a smaller number'));
    }
  }
  return ok(undefined);
}

function article(kind: string): string {
  return /^[aeio]/.test(kind) ? `an ${kind}` : `a ${kind}`;
}

const scalarKinds: readonly string[] = ['string', 'integer', 'number', 'boolean', 'json', 'any'];

/** Checks a property tree read from outside. Refuses `property_tree_invalid` at the first contradiction. */
export function checkPropertyTree(x: unknown, at: string, definitions: Definitions, depth = 0): Result<Property> {
  const bad = (path: string, expected: string, got: unknown) =>
    refuse('property_tree_invalid', {
      path,
      expected,
      got: brief(got as Json),
      hint: 'correct the property tree at this path',
    });
  if (!isObject(x)) return bad(at, 'a property: an object with a kind', x ?? null);
  if (depth > 48) return bad(at, 'a tree at most 48 deep; recursive types as definitions', 'a deeper tree');
  for (const [name, wanted] of Object.entries(attributes)) {
    const value = Object.hasOwn(x, name) ? x[name] : undefined;
    if (value === undefined || wanted.fits(value)) continue;
    return bad(`${at}/${name}`, wanted.expected, value);
  }
  const p = x as unknown as Property;
  const low = p.minimum ?? p.minLength ?? p.minItems;
  const high = p.maximum ?? p.maxLength ?? p.maxItems;
  if (low !== undefined && high !== undefined && low > high)
    return bad(at, 'a lower bound that is not above the upper one', `${low} > ${high}`);
  if (p.default !== undefined && !fitsDefault(p, p.default, definitions))
    return bad(`${at}/default`, 'a value that the property allows', p.default);
  switch (p.kind) {
    case 'ref':
      return typeof p.to === 'string' && Object.hasOwn(definitions, p.to)
        ? ok(p)
        : bad(`${at}/to`, 'the name of a definition', p.to ?? null);
    case 'object':
      for (const [name, member] of Object.entries(p.properties ?? {})) {
        const checked = checkPropertyTree(member, `${at}/properties/${name}`, definitions, depth + 1);
        if (!checked.ok) return checked;
      }
      return ok(p);
    case 'array':
      return p.items === undefined
        ? ok(p)
        : withParent(p, checkPropertyTree(p.items, `${at}/items`, definitions, depth + 1));
    case 'map':
      return p.values === undefined
        ? ok(p)
        : withParent(p, checkPropertyTree(p.values, `${at}/values`, definitions, depth + 1));
    default:
      if (!scalarKinds.includes(p.kind))
        return bad(
          `${at}/kind`,
          'string, integer, number, boolean, json, array, map, object, any or ref',
          p.kind ?? null,
        );
  }
  return ok(p);
}

interface Attribute {
  readonly expected: string;
  readonly fits: (value: Json) => boolean;
}
const truth: Attribute = { expected: 'true or false', fits: (v) => typeof v === 'boolean' };
const size: Attribute = { expected: 'a number', fits: (v) => typeof v === 'number' };
const words: Attribute = { expected: 'text', fits: (v) => typeof v === 'string' };
const attributes: Readonly<Record<string, Attribute>> = {
  docs: words,
  pattern: words,
  format: words,
  link: words,
  widget: words,
  validation: { expected: 'a description of a Joi schema: an object with a type', fits: isObject },
  required: truth,
  createOnly: truth,
  readOnly: truth,
  writeOnly: truth,
  secret: truth,
  hidden: truth,
  uniqueItems: truth,
  minimum: size,
  maximum: size,
  minLength: size,
  maxLength: size,
  minItems: size,
  maxItems: size,
  enum: { expected: 'a list of values', fits: (v) => Array.isArray(v) && v.length > 0 },
  properties: { expected: 'an object of properties', fits: isObject },
};

/** Could an author declare this value? Patterns are left out: they may not be runnable here. */
function fitsDefault(property: Property, value: Json, definitions: Definitions): boolean {
  const p = derefProperty(property, definitions);
  switch (p.kind) {
    case 'array':
      return (
        Array.isArray(value) && value.every((v) => fitsDefault(p.items ?? { kind: 'any' }, v as Json, definitions))
      );
    case 'map':
      return (
        isObject(value) && Object.values(value).every((v) => fitsDefault(p.values ?? { kind: 'any' }, v, definitions))
      );
    case 'object': {
      const members = p.properties ?? {};
      if (!isObject(value)) return false;
      return Object.entries(value).every(
        ([k, v]) => Object.hasOwn(members, k) && fitsDefault(members[k]!, v, definitions),
      );
    }
    default:
      return checkLiteral(p, value, '', () => undefined).ok;
  }
}

function withParent(parent: Property, child: Result<Property>): Result<Property> {
  return child.ok ? ok(parent) : child;
}
