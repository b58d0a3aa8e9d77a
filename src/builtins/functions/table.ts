// The table of built-in functions: every function that runs inside the engine, by name. Names are part of stored
// expressions: a function may be added, but never renamed, removed or given another meaning.

import type { Builtin } from './builtin.ts';
import { collectionFunctions } from './collection.ts';
import { convertFunctions } from './convert.ts';
import { logicFunctions } from './logic.ts';
import { networkFunctions } from './network.ts';
import { numberFunctions } from './number.ts';
import { textFunctions } from './text.ts';

export { EvaluationError } from './builtin.ts';

// Without a prototype, so that `builtins['constructor']` is undefined.
export const builtins: Readonly<Record<string, Builtin>> = Object.freeze(
  Object.assign(Object.create(null) as Record<string, Builtin>, {
    ...logicFunctions,
    ...textFunctions,
    ...convertFunctions,
    ...collectionFunctions,
    ...networkFunctions,
    ...numberFunctions,
  }),
);
