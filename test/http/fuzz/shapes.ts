// Values that fit a JSON Schema, as the shapes of routes are, and values that are a little other than they were. What a text
// may be is asked of who knows what names mean; everything else follows from the schema.

import { isObject, type Json } from '../../../src/base/json.ts';
import { chance, type Numbers, oneOf } from '../../laws/numbers.ts';

export type Schema = { readonly [key: string]: unknown };

export interface Filling {
  readonly next: Numbers;
  /** Only what is plausible; else anything of the right type. */
  readonly plausible: boolean;
  /** What is meant by a member of that name, whatever its schema; undefined: nothing in particular. */
  meant(name: string): Json | undefined;
  /** A text for what is called so. */
  text(name: string): string;
}

interface Known {
  readonly type?: string | readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly const?: Json;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly required?: readonly string[];
}

const depthMax = 5;

/** A value of the schema. */
export function fitting(schema: Schema, filling: Filling, name = '', depth = 0): Json {
  const { next, plausible } = filling;
  const {
    type,
    anyOf,
    const: constant,
    minimum,
    maximum,
    properties,
    patternProperties,
    items,
    required = [],
  } = schema as Known;
  const meant = name === '' ? undefined : filling.meant(name);
  if (meant !== undefined) return meant;
  if (constant !== undefined) return constant;
  if (anyOf !== undefined) {
    const given = anyOf.filter((s) => (s as Known).type !== 'null');
    return fitting(
      oneOf(next, plausible && given.length > 0 && chance(next, 80) ? given : anyOf),
      filling,
      name,
      depth,
    );
  }
  if (depth > depthMax) return null;
  switch (type) {
    case 'string':
      return filling.text(name);
    case 'integer':
    case 'number': {
      const from = minimum ?? 0;
      if (plausible || chance(next, 70)) return from + (next() % Math.min(60, (maximum ?? 60) - from + 1));
      return oneOf(next, [-2, 0.5, 1e300, 400, 2 ** 53]);
    }
    case 'boolean':
      return chance(next, 50);
    case 'null':
      return null;
    case 'array': {
      const length = plausible ? 1 + (next() % 2) : next() % 4;
      return Array.from({ length }, () => fitting(items ?? {}, filling, name, depth + 1));
    }
    case 'object': {
      const out: Record<string, Json> = {};
      for (const [member, of] of Object.entries(properties ?? {}))
        if (required.includes(member) || chance(next, 40)) out[member] = fitting(of, filling, member, depth + 1);
      const [any] = Object.values(patternProperties ?? {});
      const extra = properties === undefined && !chance(next, 50) ? 1 + (next() % 2) : 0;
      for (let n = 0; n < extra; n++)
        out[filling.text('path')] = any === undefined ? anything(next) : fitting(any, filling, 'value', depth + 1);
      return out;
    }
    default:
      return anything(next);
  }
}

const strange: readonly string[] = [
  '',
  ' ',
  '\u0000',
  '\ud800',
  '%',
  '../..',
  '/',
  '~2',
  '-1',
  'null',
  'true',
  '__proto__',
  'constructor',
  "'; drop table",
  '🌊',
  'HEAD',
  'x'.repeat(3_000),
];

/** Any text, short ones mostly. */
export function anyText(next: Numbers): string {
  if (chance(next, 40)) return oneOf(next, strange);
  const length = next() % 9;
  return Array.from({ length }, () =>
    String.fromCodePoint(chance(next, 90) ? 32 + (next() % 95) : next() % 0xd7ff),
  ).join('');
}

/** Any value. */
export function anything(next: Numbers, depth = 0): Json {
  const of = next() % (depth > 2 ? 5 : 8);
  if (of < 2) return anyText(next);
  if (of === 2) return oneOf(next, [0, 1, -1, 0.1, 1e300, 7]);
  if (of === 3) return chance(next, 50);
  if (of === 4) return null;
  const length = next() % 3;
  if (of === 5) return Array.from({ length }, () => anything(next, depth + 1));
  return Object.fromEntries(Array.from({ length }, () => [anyText(next), anything(next, depth + 1)]));
}

/** The value with one thing in it another, gone, doubled or new. */
export function altered(value: Json, next: Numbers): Json {
  const isList = Array.isArray(value);
  if ((!isList && !isObject(value)) || chance(next, 8)) return anything(next);
  if (isList) {
    const i = next() % (value.length + 1);
    const at = value[i];
    if (at === undefined) return [...value, value[0] ?? anything(next)];
    if (chance(next, 25)) return value.toSpliced(i, 1);
    return value.with(i, altered(at, next));
  }
  const names = Object.keys(value);
  if (names.length === 0 || chance(next, 10)) return { ...value, [anyText(next)]: anything(next) };
  const name = oneOf(next, names);
  const { [name]: one, ...rest } = value;
  return chance(next, 30) ? rest : { ...rest, [name]: altered(one!, next) };
}
