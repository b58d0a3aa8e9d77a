// The call that an action makes of its function: which one is bound for it now, and what it is called with: the component
// as it stands, the key that is the same for every attempt, and where an earlier call left off.
// What the call came to is read elsewhere.

import { actionFunctionOf } from '../actions/action_functions.ts';
import type { FunctionId } from '../base/ids.ts';
import { canonical, type Json, type JsonObject } from '../base/json.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import type { Call } from '../builtins/assemble.ts';
import type { ActionRecord } from '../model/action.ts';
import type { FunctionRecord } from '../model/function.ts';
import { findComponent, findRecord } from '../model/lookup.ts';
import type { Path } from '../model/path.ts';
import type { Reader } from '../model/state.ts';
import type { RunOf } from './run_call.ts';
import type { Workspace } from './workspace.ts';

/** A call of one of a component's action functions, for the runner. */
export function runOf(w: Workspace, { component, actor }: ActionRecord, call: Call): RunOf {
  return { call, at: { component, path: '' as Path }, changeSet: w.row.head, actor };
}

/** A function as it is called, without what it is called with. */
export type Callable = Omit<Call, 'input'>;

/** undefined: there is none, or its text is gone. */
export function callableOf(state: Reader, of: { readonly function: FunctionId } | undefined): Callable | undefined {
  const record = of && findRecord<FunctionRecord>(state, 'functions', of.function);
  if (of === undefined || record === undefined) return undefined;
  const { name, kind, text } = record;
  return { function: of.function, name, kind, text };
}

/** The function that is bound for it now. Refuses `function_not_found`. */
export function functionFor(state: Reader, action: ActionRecord): Result<Callable> {
  const component = findComponent(state, action.component);
  const fn = callableOf(state, component && actionFunctionOf(state, component, action.kind, action.name));
  if (fn !== undefined) return ok(fn);
  return refuse('function_not_found', {
    path: 'function',
    expected: `a function for ${action.kind} of ${action.schemaName}`,
    got: 'none is bound any more',
    hint: 'bind one and try the action again, or cancel it',
  });
}

/** Its next call. Refuses `function_not_found`. */
export function callOf(state: Reader, action: ActionRecord, properties: Json): Result<Call> {
  const fn = functionFor(state, action);
  if (!fn.ok) return fn;
  const { checkpoint, signal } = action;
  const input: JsonObject = {
    properties,
    schema: action.schemaName,
    paths: [...action.paths],
    idempotencyKey: action.idempotencyKey,
    attempt: action.attempts + (action.status === 'dispatched' ? 0 : 1),
    failures: action.failures ?? 0,
    ...(checkpoint === undefined ? {} : { checkpoint: checkpoint.value }),
    ...(signal === undefined ? {} : { signal }),
  };
  return ok({ ...fn.value, input: canonical(input) });
}
