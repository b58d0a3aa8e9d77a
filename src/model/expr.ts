// What a value follows: a small closed expression over sources. A plain subscription is a single source; a string built
// from several references is a call of a built-in function whose arguments are expressions again. Expressions have no
// names and no loops, so their sources can be listed without running anything.

import { type ComponentId, isUlid } from '../base/ids.ts';
import { brief, type Json } from '../base/json.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { type Path, parsePath } from './path.ts';

export type Expr =
  /** A literal argument. */
  | { readonly v: Json }
  /** The value at a path of a component. */
  | { readonly s: readonly [ComponentId, Path] }
  /** A call: the name of a built-in function or the id of a user's, then arguments. */
  | { readonly f: readonly [string, ...Expr[]] };

export interface Source {
  readonly component: ComponentId;
  readonly path: Path;
}

/** Every source an expression reads, in the order written; the same source may come twice. */
export function sourcesOf(expr: Expr): Source[] {
  const out: Source[] = [];
  const walk = (e: Expr): void => {
    if ('s' in e) out.push({ component: e.s[0], path: e.s[1] });
    else if ('f' in e) for (const argument of e.f.slice(1)) walk(argument as Expr);
  };
  walk(expr);
  return out;
}

/** Users' functions that an expression calls, by id, each once. */
export function userFunctionsOf(expr: Expr): string[] {
  const out = new Set<string>();
  const walk = (e: Expr): void => {
    if (!('f' in e)) return;
    if (isUlid(e.f[0])) out.add(e.f[0]);
    for (const argument of e.f.slice(1)) walk(argument as Expr);
  };
  walk(expr);
  return [...out];
}

/** The expression with every user's function replaced by what `change` returns. */
export function mapFunctions(expr: Expr, change: (id: string) => string): Expr {
  if (!('f' in expr)) return expr;
  const [name, ...args] = expr.f;
  return { f: [isUlid(name) ? change(name) : name, ...args.map((e) => mapFunctions(e as Expr, change))] };
}

/** The expression with every source replaced by what `change` returns. */
export function mapSources(expr: Expr, change: (source: Source) => Expr): Expr {
  if ('s' in expr) return change({ component: expr.s[0], path: expr.s[1] });
  if ('f' in expr) return { f: [expr.f[0], ...expr.f.slice(1).map((e) => mapSources(e as Expr, change))] };
  return expr;
}

/**
 * Checks an expression read from outside; `isBuiltin` knows the callable names, ids are of users' functions, which may be
 * there or not. Refuses `request_malformed`.
 */
export function parseExpr(x: unknown, at: string, isBuiltin: (name: string) => boolean, depth = 0): Result<Expr> {
  const bad = (got: string) =>
    refuse('request_malformed', {
      path: at,
      expected: 'an expression: {v: value}, {s: [component, path]} or {f: [function, ...expressions]}',
      got,
      hint: 'nest calls at most 64 deep and use functions that exist',
    });
  if (typeof x !== 'object' || x === null || depth > 64) return bad(depth > 64 ? 'deeper nesting' : String(x));
  const e = x as { v?: Json; s?: unknown; f?: unknown };
  if (Object.keys(e).length !== 1) return bad(Object.keys(e).join(', '));
  if (e.v !== undefined) return ok({ v: e.v });
  if (Array.isArray(e.s) && e.s.length === 2 && typeof e.s[0] === 'string' && isUlid(e.s[0])) {
    const path = parsePath(e.s[1]);
    return path.ok ? ok({ s: [e.s[0] as ComponentId, path.value] }) : path;
  }
  if (Array.isArray(e.f) && typeof e.f[0] === 'string') {
    if (!isUlid(e.f[0]) && !isBuiltin(e.f[0])) return bad(`the unknown function ${e.f[0]}`);
    const args: Expr[] = [];
    for (let i = 1; i < e.f.length; i++) {
      const argument = parseExpr(e.f[i], `${at}/f/${i}`, isBuiltin, depth + 1);
      if (!argument.ok) return argument;
      args.push(argument.value);
    }
    return ok({ f: [e.f[0], ...args] });
  }
  return bad(brief(x as Json));
}
