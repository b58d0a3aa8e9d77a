// What a validation says of a value, and what it needs of the world to say it: an engine for the regular expressions of
// schemas, handed in because one for hostile expressions is not part of the pure core.

import type { Json } from '../../base/json.ts';

export type { Matches } from '../../model/pattern.ts';

export interface Finding {
  /** A pointer to the value from where the validation began. */
  readonly path: string;
  readonly message: string;
  /**
   * `error`: the value is wrong. `warning`: the author of the rule asks only to be told. `unchecked`: a rule that cannot be
   * evaluated here; the value may be right or wrong.
   */
  readonly severity: 'error' | 'warning' | 'unchecked';
}

/** Stands for a value that is not known yet: whatever is asked of it, nothing is said. Told apart by identity. */
export const unknownValue: Json = Object.freeze({});

export function childPointer(path: string, key: string | number): string {
  return `${path}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** A value that is there: null is how an edit says “no value”. */
export function isSet(value: Json | undefined): value is Exclude<Json, null> {
  return value !== undefined && value !== null;
}
