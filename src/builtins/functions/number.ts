// Functions over numbers. Texts of numbers are taken as numbers where they are that without loss.
// A sum beyond what a number holds exactly is an error, never a rounded result.

import { type Builtin, EvaluationError, numberResult, strict } from './builtin.ts';
import { toNumber } from './convert.ts';

export const numberFunctions: Record<string, Builtin> = {
  sum: {
    docs: 'The sum of the arguments, numbers or texts of numbers; 0 of none.',
    result: numberResult,
    arity: { min: 0 },
    apply: strict((...values) => {
      let sum = 0;
      for (const value of values) sum += toNumber(value);
      if (Number.isInteger(sum) ? Number.isSafeInteger(sum) : Number.isFinite(sum)) return sum;
      throw new EvaluationError('not_convertible', `the sum ${sum} is more than a number holds exactly`);
    }),
  },
};
