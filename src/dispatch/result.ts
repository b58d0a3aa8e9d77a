// What a run gave, as the value of what asked for it: the shape that a function of each kind returns is checked here, so
// that nothing behind it has to look again.

import { brief, canonical, checkJson, isObject, type Json } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import type { Evaluated } from '../builtins/assemble.ts';
import type { FunctionKind } from '../model/function.ts';
import type { RunFailureCode } from '../model/run.ts';

/** What a plan policy says of a plan. */
export interface PlanFinding {
  readonly level: 'warn' | 'deny';
  readonly message: string;
  /** Id or name of the component it is about. */
  readonly component?: string;
}

export const qualificationResults = ['success', 'warning', 'failure'] as const;
export type QualificationResult = (typeof qualificationResults)[number];

const invalid = (expected: string, got: Json | undefined): Evaluated => ({
  state: 'error',
  code: 'result_invalid',
  message: `expected ${expected}, got ${got === undefined ? 'nothing' : brief(got)}`,
});

/**
 * `text`: the JSON text of the result; undefined: it returned nothing. `value`: the same, when it was parsed. Members are in
 * canonical order, so that what is seen does not depend on how a function puts together what is equal.
 */
export function resultOfRun(kind: FunctionKind, text: string | undefined, value?: Json): Evaluated {
  if (text === undefined) return resultOfValue(kind, undefined);
  const parsed = value === undefined ? parse(text) : storable(value);
  if ('state' in parsed) return parsed;
  const gave = resultOfValue(kind, parsed.value);
  if (gave.state !== 'value' || isOrdered(kind)) return gave;
  const ordered = canonical(gave.value);
  return ordered === text ? gave : { state: 'value', value: JSON.parse(ordered) as Json };
}

/** Results of these kinds are put together here, in that order. */
function isOrdered(kind: FunctionKind): boolean {
  return kind === 'code-generation' || kind === 'qualification';
}

/**
 * A result as the engine wrote it to the memo, in the same order of members; undefined: the text is none that it writes
 * for a function of this kind, so that nothing is known of the call.
 */
export function rememberedResult(kind: FunctionKind, text: string): Evaluated | undefined {
  const parsed = parse(text);
  if ('state' in parsed || !isObject(parsed.value)) return undefined;
  const { state, value, code, message } = parsed.value;
  if (state === 'error')
    return isFinal(code as RunFailureCode) && typeof message === 'string'
      ? failureOfRun(code as RunFailureCode, message)
      : undefined;
  if (resultOfValue(kind, value).state !== state) return undefined;
  return state === 'none' ? { state: 'none' } : { state: 'value', value: value! };
}

function resultOfValue(kind: FunctionKind, value: Json | undefined): Evaluated {
  switch (kind) {
    case 'code-generation':
      return codeOf(value);
    case 'qualification':
      return qualificationOf(value);
    case 'policy':
      return findingsOf(value);
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
  return storable(value);
}

function storable(value: Json): { readonly value: Json } | Evaluated {
  const checked = checkJson(value, 'result');
  if (checked.ok) return { value };
  const { path, expected, got } = checked.refusal;
  return { state: 'error', code: 'result_invalid', message: `${path}: expected ${expected}, got ${got}` };
}

function codeOf(value: Json | undefined): Evaluated {
  if (!isObject(value)) return invalid('{format, code}', value);
  const { format, code } = value;
  if (typeof format !== 'string' || typeof code !== 'string') return invalid('{format, code}, both text', value);
  return { state: 'value', value: { code, format } };
}

function qualificationOf(value: Json | undefined): Evaluated {
  if (!isObject(value)) return invalid('{result, message}', value);
  const { result, message = null } = value;
  if (!qualificationResults.includes(result as QualificationResult))
    return invalid(`result to be one of ${qualificationResults.join(', ')}`, result);
  if (message !== null && typeof message !== 'string') return invalid('message to be text', message);
  return { state: 'value', value: message === null ? { result: result! } : { message, result: result! } };
}

function findingsOf(value: Json | undefined): Evaluated {
  const list = value ?? [];
  if (!Array.isArray(list) || list.length > limits.planFindingsMax)
    return invalid(`a list of at most ${limits.planFindingsMax} {level, message, component?}`, value);
  for (const found of list) {
    if (!isObject(found)) return invalid('{level, message, component?}', found);
    const { level, message, component = '' } = found;
    if (level !== 'warn' && level !== 'deny') return invalid('level to be warn or deny', level);
    if (typeof message !== 'string' || message === '') return invalid('message to be text', message);
    if (typeof component !== 'string') return invalid('component to be the id or name of one', component);
  }
  return { state: 'value', value: list };
}

/** A run that gave no result, as a value's state. */
export function failureOfRun(code: RunFailureCode, message: string): Evaluated {
  return { state: 'error', code, message };
}

/** Would the same call fail in the same way again? Then the failure is kept as a result is. */
export function isFinal(code: RunFailureCode): boolean {
  return code === 'threw' || code === 'result_invalid' || code === 'not_compiled';
}
