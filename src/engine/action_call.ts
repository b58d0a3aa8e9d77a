// The call that an action makes of its function: which one is bound for it now, and what it is called with: the component
// as it stands, the key that is the same for every attempt, and where an earlier call left off.
// What the call came to is read elsewhere.

import { actionFunctionOf } from '../actions/action_functions.ts';
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

/** The call of the function that is bound for it now. Refuses `function_not_found`. */
export function callOf(state: Reader, action: ActionRecord, properties: Json): Result<Call> {
  const component = findComponent(state, action.component);
  const fn = component && actionFunctionOf(state, component, action.kind, action.name);
  const record = fn && findRecord<FunctionRecord>(state, 'functions', fn.function);
  if (fn === undefined || record === undefined) {
    return refuse('function_not_found', {
      path: 'function',
      expected: `a function for ${action.kind} of ${action.schemaName}`,
      got: 'none is bound any more',
      hint: 'bind one and try the action again, or cancel it',
    });
  }
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
  const { name, kind, text } = record;
  return ok({ function: fn.function, name, kind, text, input: canonical(input) });
}
