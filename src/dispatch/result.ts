// What a run gave, as the value of what asked for it: the shape that a function of each kind returns is checked here, so
// that nothing behind it has to look again.

import { brief, checkJson, isObject, type Json } from '../base/json.ts';
import type { Evaluated } from '../builtins/assemble.ts';
import type { FunctionKind } from '../model/function.ts';
import type { RunFailureCode } from '../model/run.ts';

export const qualificationResults = ['success', 'warning', 'failure'] as const;
export type QualificationResult = (typeof qualificationResults)[number];

const invalid = (expected: string, got: Json | undefined): Evaluated => ({
  state: 'error',
  code: 'result_invalid',
  message: `expected ${expected}, got ${got === undefined ? 'nothing' : brief(got)}`,
});

/** `text`: the JSON text of the result; undefined: it returned nothing. */
export function resultOfRun(kind: FunctionKind, text: string | undefined): Evaluated {
  const parsed = text === undefined ? undefined : parse(text);
  if (parsed !== undefined && 'state' in parsed) return parsed;
  const value = parsed?.value;
  switch (kind) {
    case 'code-generation':
      return codeOf(value);
    case 'qualification':
      return qualificationOf(value);
    default:
      return value === undefined || value === null ? { state: 'none' } : { state: 'value', value };
  }
}

function parse(text: string): { readonly value: Json } | Evaluated {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return invalid('JSON', text.slice(0, 100));
  }
  const checked = checkJson(value, 'result');
  if (checked.ok) return { value };
  const { path, expected, got } = checked.refusal;
  return { state: 'error', code: 'result_invalid', message: `${path}: expected ${expected}, got ${got}` };
}

function codeOf(value: Json | undefined): Evaluated {
  if (!isObject(value)) return invalid('{format, code}', value);
  const { format, code } = value;
  if (typeof format !== 'string' || typeof code !== 'string') return invalid('{format, code}, both text', value);
  return { state: 'value', value: { format, code } };
}

function qualificationOf(value: Json | undefined): Evaluated {
  if (!isObject(value)) return invalid('{result, message}', value);
  const { result, message = null } = value;
  if (!qualificationResults.includes(result as QualificationResult))
    return invalid(`result to be one of ${qualificationResults.join(', ')}`, result);
  if (message !== null && typeof message !== 'string') return invalid('message to be text', message);
  return { state: 'value', value: message === null ? { result: result! } : { result: result!, message } };
}

/** A run that gave no result, as a value's state. */
export function failureOfRun(code: RunFailureCode, message: string): Evaluated {
  return { state: 'error', code, message };
}

/** Would the same call fail in the same way again? Then the failure is kept as a result is. */
export function isFinal(code: RunFailureCode): boolean {
  return code === 'threw' || code === 'result_invalid' || code === 'not_compiled';
}
