// The built-in functions as the model sees them: how many arguments each takes and what kind it gives, so that an
// expression can be checked without running it. What they do is in builtins/functions; a test holds the two together.

import type { Property } from './property.ts';

export interface Signature {
  readonly min: number;
  /** undefined: any number. */
  readonly max: number | undefined;
  readonly result: Property;
}

const any: Property = { kind: 'any' };
const text: Property = { kind: 'string' };
const truth: Property = { kind: 'boolean' };
const integer: Property = { kind: 'integer' };
const texts: Property = { kind: 'array', items: text };
const anyList: Property = { kind: 'array', items: any };
const anyMap: Property = { kind: 'map', values: any };

const sig = (min: number, max: number | undefined, result: Property): Signature => ({ min, max, result });

export const signatures: Readonly<Record<string, Signature>> = {
  identity: sig(1, 1, any),
  join: sig(2, 2, text),
  concat: sig(0, undefined, text),
  select: sig(2, 2, any),
  split: sig(2, 2, texts),
  findInMap: sig(3, 4, any),
  if: sig(3, 3, any),
  and: sig(1, undefined, truth),
  or: sig(1, undefined, truth),
  not: sig(1, 1, truth),
  equals: sig(2, 2, truth),
  base64: sig(1, 1, text),
  cidr: sig(2, 3, texts),
  getAzs: sig(1, 2, texts),
  sub: sig(1, undefined, text),
  get: sig(2, 2, any),
  importValue: sig(1, 2, any),
  object: sig(0, undefined, anyMap),
  array: sig(0, undefined, anyList),
  noValue: sig(0, 0, any),
  coalesce: sig(1, undefined, any),
  toText: sig(1, 1, text),
  toInteger: sig(1, 1, integer),
  toNumber: sig(1, 1, { kind: 'number' }),
  toBoolean: sig(1, 1, truth),
  toList: sig(1, 1, anyList),
  parameterValue: sig(2, 2, any),
  toJson: sig(1, 1, text),
  fromJson: sig(1, 1, any),
  length: sig(1, 1, integer),
  merge: sig(1, undefined, anyMap),
  keys: sig(1, 1, texts),
  sum: sig(0, undefined, { kind: 'number' }),
};

export function signatureOf(name: string): Signature | undefined {
  return Object.hasOwn(signatures, name) ? signatures[name] : undefined;
}
