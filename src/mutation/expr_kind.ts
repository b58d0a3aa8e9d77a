// The kind of value an expression gives, as far as it can be known without evaluating it: from the schemas of its sources
// and the signatures of the functions it calls.

import { isUlid } from '../base/ids.ts';
import { brief } from '../base/json.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import type { Expr } from '../model/expr.ts';
import type { FunctionKind, FunctionRecord } from '../model/function.ts';
import { findComponent, findRecord, specOfComponent } from '../model/lookup.ts';
import { type Definitions, kindOfJson, type Property } from '../model/property.ts';
import { propertyAt } from '../model/schema.ts';
import { signatureOf } from '../model/signature.ts';
import type { Reader } from '../model/state.ts';

export interface Typed {
  readonly property: Property;
  readonly definitions: Definitions;
}

/** The property that describes an expression's result. Refuses `function_not_found`, `request_malformed` (arity). */
export function exprProperty(reader: Reader, expr: Expr, at: string): Result<Typed> {
  if ('v' in expr) {
    const kind = kindOfJson(expr.v);
    return ok({ property: { kind: kind === 'null' ? 'any' : kind }, definitions: {} });
  }
  if ('s' in expr) {
    const record = findComponent(reader, expr.s[0]);
    const spec = record && specOfComponent(reader, record);
    const located = spec && propertyAt(spec, expr.s[1]);
    return ok({ property: located?.property ?? { kind: 'any' }, definitions: spec?.definitions ?? {} });
  }
  const [name, ...args] = expr.f;
  for (const argument of args) {
    const checked = exprProperty(reader, argument as Expr, at);
    if (!checked.ok) return checked;
  }
  const signature = signatureOf(name);
  if (signature === undefined) return ofUsersFunction(reader, name, args.length, at);
  if (args.length < signature.min || (signature.max !== undefined && args.length > signature.max)) {
    const most = signature.max === undefined ? 'or more' : `to ${signature.max}`;
    return refuse('request_malformed', {
      path: at,
      expected: `${signature.min} ${most} arguments for ${name}`,
      got: String(args.length),
      hint: 'compare with the function’s documentation',
    });
  }
  return ok({ property: signature.result, definitions: {} });
}

/** Kinds whose result may be a value that something follows. */
const callableKinds: readonly FunctionKind[] = ['transformation', 'attribute'];

/** What a user's function gives is only known when it has run; it is held against the property then. */
function ofUsersFunction(reader: Reader, name: string, args: number, at: string): Result<Typed> {
  const fn = isUlid(name) ? findRecord<FunctionRecord>(reader, 'functions', name) : undefined;
  if (fn === undefined || !callableKinds.includes(fn.kind)) {
    return refuse('function_not_found', {
      path: at,
      expected: `a built-in function, or one of this change set of kind ${callableKinds.join(' or ')}`,
      got: fn === undefined ? brief(name) : `${fn.name}, of kind ${fn.kind}`,
      hint: 'see the list of built-in functions in the documentation, or list the functions',
    });
  }
  if (args > 0) return ok({ property: { kind: 'any' }, definitions: {} });
  return refuse('request_malformed', {
    path: at,
    expected: `1 or more arguments for ${fn.name}: its input, then what it gets as args`,
    got: '0',
    hint: 'give it what it transforms',
  });
}
