// Conditions and choices. Only the operands that decide are evaluated: the other branch of `if` may be in error.
// A truth value may also be written as the text `true` or `false`.

import { canonical, type Json } from '../../base/json.ts';
import { anyResult, type Builtin, booleanResult, strict, truthOf } from './builtin.ts';

/** Equality as the template language has it: scalars by their text (`5` equals `"5"`), everything else by content. */
function sameValue(a: Json, b: Json): boolean {
  return comparable(a) === comparable(b);
}

function comparable(value: Json): string {
  if (value === null) return 'null';
  if (typeof value !== 'object') return JSON.stringify(String(value));
  return Array.isArray(value) ? `[${value.map(comparable).join(',')}]` : canonical(value);
}

/** `and` (stops at false) and `or` (stops at true): a deciding operand wins over one without a value. */
function fold(stop: boolean): Builtin['apply'] {
  return (args) => {
    let unknown = false;
    for (const argument of args) {
      const value = argument();
      if (value === undefined) unknown = true;
      else if (truthOf(value) === stop) return stop;
    }
    return unknown ? undefined : !stop;
  };
}

export const logicFunctions: Record<string, Builtin> = {
  if: {
    docs: 'The second argument when the first is true, else the third; no value when the chosen one has none.',
    result: anyResult,
    arity: { min: 3, max: 3 },
    apply: ([condition, then, otherwise]) => {
      const value = condition!();
      if (value === undefined) return undefined;
      return truthOf(value) ? then!() : otherwise!();
    },
  },
  and: { docs: 'True when every argument is.', result: booleanResult, arity: { min: 1 }, apply: fold(false) },
  or: { docs: 'True when any argument is.', result: booleanResult, arity: { min: 1 }, apply: fold(true) },
  not: {
    docs: 'True when the argument is false.',
    result: booleanResult,
    arity: { min: 1, max: 1 },
    apply: strict((value) => !truthOf(value!)),
  },
  equals: {
    docs: 'True when both arguments are the same; scalars are compared by their text.',
    result: booleanResult,
    arity: { min: 2, max: 2 },
    apply: strict((a, b) => sameValue(a!, b!)),
  },
  coalesce: {
    docs: 'The first argument that has a value.',
    result: anyResult,
    arity: { min: 1 },
    apply: (args) => {
      for (const argument of args) {
        const value = argument();
        if (value !== undefined) return value;
      }
      return undefined;
    },
  },
  identity: {
    docs: 'The argument as it is; says that the author vouches for its kind.',
    result: anyResult,
    arity: { min: 1, max: 1 },
    apply: ([value]) => value!(),
  },
  noValue: {
    docs: 'No value: the property is as if it were not declared.',
    result: anyResult,
    arity: { min: 0, max: 0 },
    apply: () => undefined,
  },
};
