// JSON as the engine's value language, and its one canonical text.
// Canonical bytes follow RFC 8785 (JSON Canonicalization Scheme): members ordered by UTF-16 code units, numbers as
// ECMAScript prints them. Stricter than the RFC in two places, both refused instead of rounded: integers beyond
// 2^53 - 1, and strings with a lone surrogate. Equality of values is equality of their canonical text.

import { ok, type Result, refuse } from './result.ts';

export type Scalar = string | number | boolean | null;
export type Json = Scalar | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** Matches a surrogate that is not half of a pair. */
export const loneSurrogate = /\p{Surrogate}/u;

/** Is `x` a plain JSON object (neither null nor an array)? */
export function isObject(x: unknown): x is { readonly [key: string]: Json } {
  return typeof x === 'object' && x !== null && !Array.isArray(x);
}

/** Canonical text of a value already known to be storable (see `checkJson`). Members that are undefined are left out. */
export function canonical(value: Json): string {
  if (value === null) return 'null';
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON.stringify(value);
    case 'number':
      // JSON.stringify(-0) is '0', as RFC 8785 asks.
      return JSON.stringify(value);
    default:
      break;
  }
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const object = value as JsonObject;
  let out = '';
  const keys = Object.keys(object);
  // Most objects are in order already, and sorting costs more than looking.
  if (!isInOrder(keys)) keys.sort(compareText);
  for (const key of keys) {
    const member = object[key];
    if (member === undefined) continue;
    out += `${out === '' ? '' : ','}${JSON.stringify(key)}:${canonical(member)}`;
  }
  return `{${out}}`;
}

function isInOrder(keys: readonly string[]): boolean {
  for (let i = 1; i < keys.length; i++) if (keys[i - 1]! > keys[i]!) return false;
  return true;
}

/** Order of two strings by UTF-16 code units: the same on every machine, unlike any locale's. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Deep equality of two storable values, as that of their canonical texts. */
export function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined || a === null || b === null) return false;
  if (typeof a !== 'object' || typeof b !== 'object') return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((member, i) => sameJson(member as Json, b[i] as Json));
  }
  const [x, y] = [a as JsonObject, b as JsonObject];
  let members = 0;
  for (const key of Object.keys(x)) {
    if (x[key] === undefined) continue;
    if (!Object.hasOwn(y, key) || !sameJson(x[key], y[key])) return false;
    members++;
  }
  for (const key of Object.keys(y)) if (y[key] !== undefined) members--;
  return members === 0;
}

/**
 * Can `value` be stored? Refuses (code `value_not_storable`) what canonical JSON cannot carry: non-finite numbers,
 * integers beyond 2^53 - 1, lone surrogates, undefined, functions, nesting deeper than `depthMax`.
 * `at` is the JSON pointer reported for the value itself.
 */
export function checkJson(value: unknown, at: string, depthMax = 64): Result<Json> {
  const bad = (path: string, got: string): Result<Json> =>
    refuse('value_not_storable', {
      path,
      expected: 'a JSON value: finite numbers, integers within 2^53 - 1, well-formed Unicode, nesting within the limit',
      got,
      hint: 'send a number beyond 2^53 - 1 as a string; replace broken characters; flatten deep nesting',
    });
  const walk = (x: unknown, path: string, depth: number): Result<Json> | undefined => {
    if (depth > depthMax) return bad(path, `nesting deeper than ${depthMax}`);
    switch (typeof x) {
      case 'string':
        return !loneSurrogate.test(x) ? undefined : bad(path, 'a string with a lone surrogate');
      case 'boolean':
        return undefined;
      case 'number':
        if (!Number.isFinite(x)) return bad(path, String(x));
        if (Number.isInteger(x) && !Number.isSafeInteger(x)) return bad(path, `the integer ${x}`);
        return undefined;
      case 'object': {
        if (x === null) return undefined;
        if (Array.isArray(x)) {
          for (let i = 0; i < x.length; i++) {
            const found = walk(x[i], `${path}/${i}`, depth + 1);
            if (found) return found;
          }
          return undefined;
        }
        for (const [key, member] of Object.entries(x)) {
          if (loneSurrogate.test(key)) return bad(path, 'a key with a lone surrogate');
          const found = walk(member, `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`, depth + 1);
          if (found) return found;
        }
        return undefined;
      }
      default:
        return bad(path, typeof x);
    }
  };
  return walk(value, at, 0) ?? ok(value as Json);
}

/**
 * May `value` be looked into and written down, whatever it is? Refuses (code `value_not_storable`) half of a character in any
 * text of it, and nesting deeper than `depthMax`, which code that follows it by calling itself has no stack for.
 */
export function checkCarried(value: unknown, at: string, depthMax: number): Result<true> {
  const todo = [{ x: value, path: at, depth: 0 }];
  const bad = (path: string, got: string) =>
    refuse('value_not_storable', {
      path,
      expected: `well-formed text, nested at most ${depthMax} deep`,
      got,
      hint: 'repair text that was cut within a character; flatten deep nesting',
    });
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const { x, path, depth } = next;
    if (depth > depthMax) return bad(at, `nesting deeper than ${depthMax}`);
    if (typeof x === 'string' && loneSurrogate.test(x)) return bad(path, 'text with a lone surrogate');
    if (typeof x !== 'object' || x === null) continue;
    for (const [key, member] of Object.entries(x).reverse()) {
      if (loneSurrogate.test(key)) return bad(path, 'a key with a lone surrogate');
      const isLooked = typeof member === 'string' || typeof member === 'object';
      if (isLooked) todo.push({ x: member, path: `${path}/${key}`, depth: depth + 1 });
    }
  }
  return ok(true);
}

/** One line for people: canonical text cut to `charsMax`, the cut marked with its length. */
export function brief(value: Json | undefined, charsMax = 80): string {
  if (value === undefined) return '(not set)';
  const text = canonical(value);
  return text.length <= charsMax ? text : `${text.slice(0, charsMax - 1)}… (${text.length} characters)`;
}
