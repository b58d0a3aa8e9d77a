// What a built-in function is: documentation, the kind of its result, how many arguments it takes, and its working.
// Arguments come as thunks, so that the branch of a condition that was not chosen is never evaluated and its errors
// do not spread. `undefined` is "no value": an argument that has none makes the result have none, except where a
// function says otherwise. A wrong argument throws `EvaluationError`, which becomes the state of the value.

import type { Json } from '../../base/json.ts';
import { brief, isObject } from '../../base/json.ts';
import type { Property } from '../../model/property.ts';

/** Why a value could not be computed. Closed: part of the value's state, shown with the value. */
export const evaluationCodes = {
  function_not_found: 'There is no built-in function of that name.',
  argument_count: 'The function was called with too few or too many arguments.',
  argument_kind: 'An argument is of a kind that the function does not take.',
  not_convertible: 'The value cannot be converted without loss.',
  key_not_found: 'The map has no such key.',
  index_out_of_range: 'The list has no element at that index.',
  address_invalid: 'The text is not an address block, or cannot be divided as asked.',
  region_unknown: 'The availability zones of the region are not known.',
} as const;

export type EvaluationCode = keyof typeof evaluationCodes;

/** Thrown by a function about its arguments. Never leaves the evaluator. */
export class EvaluationError extends Error {
  readonly code: EvaluationCode;
  constructor(code: EvaluationCode, message: string) {
    super(message);
    this.name = 'EvaluationError';
    this.code = code;
  }
}

/** An argument, evaluated when asked for; may throw `EvaluationError`. */
export type Lazy = () => Json | undefined;

export interface Builtin {
  /** One sentence, then what each argument is. */
  readonly docs: string;
  /** Kind of the result; `any` when it depends on the arguments. */
  readonly result: Property;
  readonly arity: { readonly min: number; readonly max?: number };
  /** The number of arguments is within `arity`. Pure and total but for `EvaluationError`. */
  readonly apply: (args: readonly Lazy[]) => Json | undefined;
}

export const stringResult: Property = { kind: 'string' };
export const booleanResult: Property = { kind: 'boolean' };
export const integerResult: Property = { kind: 'integer' };
export const numberResult: Property = { kind: 'number' };
export const listResult: Property = { kind: 'array', items: { kind: 'any' } };
export const mapResult: Property = { kind: 'map', values: { kind: 'any' } };
export const textListResult: Property = { kind: 'array', items: { kind: 'string' } };
export const anyResult: Property = { kind: 'any' };

/** A function whose result has no value as soon as one argument has none; otherwise gets all values. */
export function strict(body: (...values: Json[]) => Json | undefined): Builtin['apply'] {
  return (args) => {
    const values: Json[] = [];
    for (const argument of args) {
      const value = argument();
      if (value === undefined) return undefined;
      values.push(value);
    }
    return body(...values);
  };
}

function wrongKind(expected: string, got: Json): EvaluationError {
  return new EvaluationError('argument_kind', `expected ${expected}, got ${brief(got)}`);
}

/** The text of a scalar as the template language writes it into strings; lists and maps have none. */
export function textOf(value: Json): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
    case 'boolean':
      return String(value);
    default:
      throw wrongKind('a text, number or boolean', value);
  }
}

export function listOf(value: Json): readonly Json[] {
  if (Array.isArray(value)) return value;
  throw wrongKind('a list', value);
}

export function mapOf(value: Json): { readonly [key: string]: Json } {
  if (isObject(value)) return value;
  throw wrongKind('a map', value);
}

/** An integer, also as text. */
export function integerOf(value: Json): number {
  const n = typeof value === 'string' && /^\s*[-+]?\d{1,15}\s*$/.test(value) ? Number(value) : value;
  if (typeof n === 'number' && Number.isSafeInteger(n)) return n;
  throw wrongKind('an integer', value);
}

/** A truth value, also as the text `true` or `false`. */
export function truthOf(value: Json): boolean {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string') {
    const lower = value.trim().toLowerCase();
    if (lower === 'true') return true;
    if (lower === 'false') return false;
  }
  throw wrongKind('true or false', value);
}
