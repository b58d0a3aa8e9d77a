// Encoding of mutations: they are plain JSON, in the format of the log entry that holds them. Decoding checks
// the shape of everything it lets through; a mutation from a log or another installation is input like any other.

import { isHash, isUlid } from '../base/ids.ts';
import { brief, canonical, checkJson, isObject, type Json, type JsonObject } from '../base/json.ts';
import { isOrderKey } from '../base/order_key.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { parseExpr } from '../model/expr.ts';
import { parsePath } from '../model/path.ts';
import { signatureOf } from '../model/signature.ts';
import { type Mutation, type MutationKind, operationsOf } from './mutation.ts';

const kinds: Record<MutationKind, true> = {
  'component.create': true,
  'component.erase': true,
  'component.mark': true,
  'component.unmark': true,
  'component.retype': true,
  'cell.set': true,
  'cell.unset': true,
  'element.insert': true,
  'element.move': true,
  'element.remove': true,
  'record.create': true,
  'record.remove': true,
  'record.set': true,
  'text.edit': true,
};

export const mutationKinds = Object.keys(kinds) as readonly MutationKind[];

export function encodeMutation(m: Mutation): string {
  return canonical(m as unknown as Json);
}

/** Nesting of an encoded mutation: a value, and the members it stands in. */
const encodedDepthMax = 192;

/** Checks the shape of a mutation. Refuses `value_not_storable`, `request_malformed`. */
export function decodeMutation(x: unknown): Result<Mutation> {
  const storable = checkJson(x, 'mutation', encodedDepthMax);
  if (!storable.ok) return storable;
  if (!isObject(x) || typeof x['kind'] !== 'string' || !Object.hasOwn(kinds, x['kind'])) {
    return malformed('kind', `one of ${mutationKinds.join(', ')}`, isObject(x) ? (x['kind'] ?? null) : null);
  }
  return operationsOf(x['kind'] as MutationKind).decode(x);
}

function malformed(path: string, expected: string, got: Json): ReturnType<typeof refuse> {
  return refuse('request_malformed', { path, expected, got: brief(got), hint: 'compare with the mutation format' });
}

type FieldKind = 'id' | 'path' | 'cell' | 'text' | 'order' | 'hash' | 'json' | 'object' | 'array';

/** Checks that `x` has exactly the members of `shape` besides `kind`. */
export function hasShape<M>(x: JsonObject, shape: Readonly<Record<string, FieldKind>>): Result<M> {
  for (const name of Object.keys(x)) {
    if (name !== 'kind' && !Object.hasOwn(shape, name)) return malformed(name, 'no such member', x[name] ?? null);
  }
  for (const [name, kind] of Object.entries(shape)) {
    const problem = fieldProblem(x[name], kind);
    if (problem !== undefined) return malformed(name, problem, x[name] ?? null);
  }
  return ok(x as unknown as M);
}

function fieldProblem(v: Json | undefined, kind: FieldKind): string | undefined {
  switch (kind) {
    case 'id':
      return typeof v === 'string' && isUlid(v) ? undefined : 'an id';
    case 'path':
      return parsePath(v).ok ? undefined : 'a stored path';
    case 'text':
      return typeof v === 'string' ? undefined : 'text';
    case 'order':
      return typeof v === 'string' && isOrderKey(v) ? undefined : 'an order key';
    case 'hash':
      return typeof v === 'string' && isHash(v) ? undefined : 'a hash';
    case 'json':
      return v === undefined ? 'a value' : undefined;
    case 'object':
      return isObject(v) ? undefined : 'an object';
    case 'array':
      return Array.isArray(v) ? undefined : 'an array';
    case 'cell':
      return cellProblem(v);
  }
}

/** What is wrong with an encoded cell; undefined when nothing is. */
export function cellProblem(v: Json | undefined): string | undefined {
  const wanted = 'a cell: one of {v}, {b}, {x}, {c}, {u} or {k}';
  if (!isObject(v)) return wanted;
  const [name, ...others] = Object.keys(v);
  if (name === undefined || others.length > 0) return wanted;
  const value = v[name]!;
  switch (name) {
    case 'v':
      return undefined;
    case 'b':
      return typeof value === 'string' && isHash(value) ? undefined : 'a hash in {b}';
    case 'x': {
      const expr = parseExpr(value, 'cell/x', (f) => signatureOf(f) !== undefined);
      return expr.ok ? undefined : `${expr.refusal.expected} (${expr.refusal.got})`;
    }
    case 'c':
      return value === 'map' || value === 'array' ? undefined : 'map or array in {c}';
    case 'u':
      return value === 1 ? undefined : '1 in {u}';
    case 'k':
      return typeof value === 'string' && isUlid(value) ? undefined : 'a secret id in {k}';
    default:
      return wanted;
  }
}
