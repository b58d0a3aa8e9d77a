// Conversions between kinds. Lossless or an error: `toInteger("80")` is 80, `toInteger("8.5")` is refused.
// Also what a stack makes of the value given for a parameter of some type.

import { brief, canonical, checkJson, type Json } from '../../base/json.ts';
import {
  anyResult,
  type Builtin,
  booleanResult,
  EvaluationError,
  integerResult,
  listOf,
  listResult,
  numberResult,
  strict,
  stringResult,
  textOf,
} from './builtin.ts';

function refuseConversion(value: Json, to: string): EvaluationError {
  return new EvaluationError('not_convertible', `${brief(value)} cannot be converted to ${to} without loss`);
}

export function toNumber(value: Json): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string' && /^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$/.test(value)) {
    const n = Number(value);
    if (Number.isFinite(n) && (!Number.isInteger(n) || Number.isSafeInteger(n))) return n;
  }
  throw refuseConversion(value, 'a number');
}

function toInteger(value: Json): number {
  const n = typeof value === 'string' || typeof value === 'number' ? toNumber(value) : Number.NaN;
  if (Number.isSafeInteger(n)) return n;
  throw refuseConversion(value, 'an integer');
}

export function toBoolean(value: Json): boolean {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string') {
    const lower = value.trim().toLowerCase();
    if (lower === 'true') return true;
    if (lower === 'false') return false;
  }
  throw refuseConversion(value, 'true or false');
}

function toText(value: Json): string {
  if (value === null || typeof value === 'object') throw refuseConversion(value, 'a text');
  return textOf(value);
}

/** A comma-delimited text as its trimmed parts; a list as it is. */
function toList(value: Json): readonly Json[] {
  if (Array.isArray(value)) return value;
  if (value === null || typeof value === 'object') throw refuseConversion(value, 'a list');
  const text = textOf(value);
  return text === '' ? [] : text.split(',').map((part) => part.trim());
}

/** Is a stack parameter of this type a list? */
function isListParameter(type: string): boolean {
  return type === 'CommaDelimitedList' || type.startsWith('List<');
}

/**
 * What a stack uses for a parameter of `type` whose value was written as `given`. Undefined for a type whose value lies
 * outside the template: a parameter store type holds the name of an entry, not its value.
 */
export function parameterValue(type: string, given: Json): Json | undefined {
  if (type.startsWith('AWS::SSM::Parameter::Value')) return undefined;
  if (isListParameter(type)) return toList(given);
  if (type === 'Number' && typeof given === 'string') {
    // A number only when its text comes out the same: `007` stays as it is.
    const n = Number(given);
    return String(n) === given && Number.isFinite(n) ? n : given;
  }
  if (type === 'String' && given !== null && typeof given !== 'object') return textOf(given);
  return given;
}

const one = { min: 1, max: 1 } as const;

export const convertFunctions: Record<string, Builtin> = {
  toText: {
    docs: 'A number, boolean or text as text.',
    result: stringResult,
    arity: one,
    apply: strict((v) => toText(v!)),
  },
  toInteger: {
    docs: 'A text that holds an integer, as an integer.',
    result: integerResult,
    arity: one,
    apply: strict((v) => toInteger(v!)),
  },
  toNumber: {
    docs: 'A text that holds a number, as a number.',
    result: numberResult,
    arity: one,
    apply: strict((v) => toNumber(v!)),
  },
  toBoolean: {
    docs: 'The text true or false as a boolean.',
    result: booleanResult,
    arity: one,
    apply: strict((v) => toBoolean(v!)),
  },
  toList: {
    docs: 'A comma-delimited text as a list of trimmed texts; a list as it is.',
    result: listResult,
    arity: one,
    apply: strict((v) => toList(v!)),
  },
  toJson: { docs: 'Any value as JSON text.', result: stringResult, arity: one, apply: strict((v) => canonical(v!)) },
  fromJson: {
    docs: 'JSON text as a value.',
    result: anyResult,
    arity: one,
    apply: strict((v) => {
      try {
        const value = checkJson(JSON.parse(textOf(v!)), '');
        if (value.ok) return value.value;
      } catch {
        // Reported below like any other text that holds no value.
      }
      throw refuseConversion(v!, 'a JSON value');
    }),
  },
  length: {
    docs: 'The number of elements of a list.',
    result: integerResult,
    arity: one,
    apply: strict((v) => listOf(v!).length),
  },
  parameterValue: {
    docs: 'What a stack parameter of a type (first) stands for when a value (second) is given or defaulted.',
    result: anyResult,
    arity: { min: 2, max: 2 },
    apply: strict((type, given) => (typeof type === 'string' ? parameterValue(type, given!) : given)),
  },
};
