// The operations on functions: looking at them, checking their text, trying them. They are made and changed by mutations,
// as everything else that a change set holds.

import type { Json } from '../base/json.ts';
import { isObject } from '../base/json.ts';
import { ok } from '../base/result.ts';
import type { BindingArgument } from '../model/function.ts';
import { testFunction } from './function_test.ts';
import { type CheckAsk, checkFunction, declarationsOf, listFunctions, parseKind, readFunction } from './functions.ts';
import {
  changeSetOf,
  type Handler,
  inState,
  integer,
  inWorkspace,
  type Params,
  text,
  texts,
  wrong,
} from './operation.ts';
import { unlockFunction } from './unlock_function.ts';

/** How long a test is waited for unless the request says so. */
const testWaitMs = 60_000;

export const functionOperations = {
  'function.list': (c, p) =>
    inState(c, p, (s) =>
      s.w.read(() =>
        ok(
          listFunctions(s.snapshot, {
            ...(p['kind'] === undefined ? {} : { kind: parseKind(text(p, 'kind')) }),
            ...(p['cursor'] === undefined ? {} : { cursor: text(p, 'cursor') }),
            ...(p['limit'] === undefined ? {} : { limit: integer(p, 'limit') }),
          }),
        ),
      ),
    ),
  'function.get': (c, p) =>
    inState(c, p, (s) => s.w.read(() => readFunction(s.snapshot, s.w.calls.compiler, text(p, 'function')))),
  /** `function`, or `text` with `kind`, or both; against the types of `schema`, or of the one that it is bound to. */
  'function.check': (c, p) => inState(c, p, (s) => checkFunction(s.w, s.snapshot, checkAsk(p))),
  'function.declarations': (c, p) => inState(c, p, (s) => declarationsOf(s.w, s.snapshot, checkAsk(p))),
  /** Runs on the present version of the change set; see `TestAsk`. */
  'function.test': (c, p) =>
    inState(c, p, (s) =>
      testFunction(s.w, c.principal, s.branch, {
        ...texts(p, ['function', 'text', 'kind', 'component', 'path']),
        ...argumentsOf(p),
        ...(p['input'] === undefined ? {} : { input: p['input'] }),
        waitMs: integer(p, 'waitMs', testWaitMs),
      }),
    ),
  /** What can be edited in place of `function` on `variant`. */
  'function.unlock': (c, p) =>
    inWorkspace(c, p, async (w) =>
      unlockFunction(w, c.principal, {
        changeSet: await changeSetOf(w, p),
        function: text(p, 'function'),
        variant: text(p, 'variant'),
        ...texts(p, ['idempotencyKey']),
        ...(p['baseVersion'] === undefined ? {} : { baseVersion: integer(p, 'baseVersion') }),
        ...(p['ifVersion'] === undefined ? {} : { ifVersion: integer(p, 'ifVersion') }),
      }),
    ),
} satisfies Record<string, Handler>;

function checkAsk(p: Params): CheckAsk {
  return {
    ...texts(p, ['function', 'text', 'kind', 'schema']),
    ...argumentsOf(p),
    quick: p['quick'] === true,
  };
}

function argumentsOf(p: Params): { arguments?: readonly BindingArgument[] } {
  const given = p['arguments'];
  if (given === undefined) return {};
  const isArgument = (x: Json): boolean =>
    isObject(x) &&
    typeof x['name'] === 'string' &&
    (x['path'] === undefined ? x['value'] !== undefined : typeof x['path'] === 'string' && x['value'] === undefined);
  if (!Array.isArray(given) || !given.every(isArgument))
    wrong('arguments', 'a list of {name, path} or {name, value}', given);
  return { arguments: given as unknown as BindingArgument[] };
}
