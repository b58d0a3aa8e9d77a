// A value as a tree in one form, whoever wrote it: an author's input with its sources resolved, or what is declared in
// cells. Equal declarations have equal trees, so lists can be aligned and unchanged values recognised by comparing them.

import type { ComponentId, SecretId } from '../base/ids.ts';
import { canonical, checkJson, isObject, type Json, type JsonObject, type Scalar } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import type { Cell } from '../model/cell.ts';
import { type Declared, elementsOf, hasElements, readElements } from '../model/declared.ts';
import { type Expr, parseExpr } from '../model/expr.ts';
import { findComponent, resolveComponent, resolveFunction, resolveSecret, specOfComponent } from '../model/lookup.ts';
import { decodeSegment, type Path, pointerOf, segmentsOf } from '../model/path.ts';
import { signatureOf } from '../model/signature.ts';
import type { Reader } from '../model/state.ts';

import type { Input } from './request.ts';
import { resolvePointer } from './resolve.ts';

export type Tree =
  | { readonly lit: Scalar }
  | { readonly x: Expr }
  | { readonly k: SecretId }
  | { readonly unset: true }
  | { readonly map: Readonly<Record<string, Tree>> }
  | { readonly list: readonly Tree[] };

export const unsetTree: Tree = { unset: true };

/** A literal as a tree; nothing in it is interpreted. */
export function treeOfJson(value: Json): Tree {
  if (Array.isArray(value)) return { list: value.map(treeOfJson) };
  if (isObject(value)) return { map: mapMembers(value, treeOfJson) };
  return { lit: value as Scalar };
}

/** An object of the same keys; safe for any key, `__proto__` included. */
function mapMembers<A, B>(
  object: Readonly<Record<string, A>>,
  change: (member: A, key: string) => B,
): Record<string, B> {
  return Object.fromEntries(Object.entries(object).map(([key, member]) => [key, change(member, key)]));
}

/** The literal a tree stands for, sources left out; undefined when it holds a source, a secret or nothing. */
export function jsonOfTree(tree: Tree): Json | undefined {
  if ('lit' in tree) return tree.lit;
  if ('list' in tree) {
    const items = tree.list.map((t) => ('unset' in t ? null : jsonOfTree(t)));
    return items.every((i) => i !== undefined) ? (items as Json[]) : undefined;
  }
  if ('map' in tree) {
    const out: [string, Json][] = [];
    for (const [key, member] of Object.entries(tree.map)) {
      if ('unset' in member) continue;
      const value = jsonOfTree(member);
      if (value === undefined) return undefined;
      out.push([key, value]);
    }
    return Object.fromEntries(out);
  }
  return undefined;
}

/** An expression that gives the tree's value. A secret cannot be part of one: undefined. */
export function exprOfTree(tree: Tree): Expr | undefined {
  const literal = jsonOfTree(tree);
  if (literal !== undefined) return { v: literal };
  if ('x' in tree) return tree.x;
  if ('unset' in tree) return { f: ['noValue'] };
  const args: Expr[] = [];
  const members: [string | undefined, Tree][] =
    'list' in tree ? tree.list.map((t) => [undefined, t]) : 'map' in tree ? Object.entries(tree.map) : [];
  if ('k' in tree) return undefined;
  for (const [key, member] of members) {
    const expr = exprOfTree(member);
    if (expr === undefined) return undefined;
    if (key !== undefined) args.push({ v: key });
    args.push(expr);
  }
  return { f: ['list' in tree ? 'array' : 'object', ...args] };
}

export function treeText(tree: Tree): string {
  return canonical(tree as unknown as Json);
}

/** The tree of what is declared; undefined where nothing is. */
export function treeOfDeclared(reader: Reader, declared: Declared): Tree | undefined {
  if (declared.cell !== undefined && !('c' in declared.cell)) return treeOfCell(reader, declared.cell);
  if (hasElements(declared)) {
    return { list: elementsOf(declared).map((e) => treeOfDeclared(reader, e.node) ?? unsetTree) };
  }
  const members: [string, Tree][] = [];
  for (const [segment, child] of declared.children) {
    const key = decodeSegment(segment).key;
    const tree = key === undefined ? undefined : treeOfDeclared(reader, child);
    if (tree !== undefined) members.push([key!, tree]);
  }
  if (members.length > 0) return { map: Object.fromEntries(members) };
  if (declared.cell === undefined) return undefined;
  return 'c' in declared.cell && declared.cell.c === 'array' ? { list: [] } : { map: {} };
}

function treeOfCell(reader: Reader, cell: Cell): Tree {
  if ('v' in cell) return treeOfJson(cell.v);
  if ('b' in cell) return treeOfJson(JSON.parse(reader.blob(cell.b)) as Json);
  if ('x' in cell) return { x: cell.x };
  if ('k' in cell) return { k: cell.k };
  return unsetTree;
}

/** An author's input as a tree, its sources resolved. Refuses what `checkJson`, lookups and pointers refuse. */
export function treeOfInput(reader: Reader, input: Input, at: string): Result<Tree> {
  const storable = checkJson(input, at, limits.valueDepthMax);
  return storable.ok ? walk(reader, input, at) : storable;
}

function walk(reader: Reader, input: Input, at: string): Result<Tree> {
  if (Array.isArray(input)) {
    const list: Tree[] = [];
    for (let i = 0; i < input.length; i++) {
      const item = walk(reader, input[i]!, `${at}/${i}`);
      if (!item.ok) return item;
      list.push(item.value);
    }
    return ok({ list });
  }
  if (!isObject(input)) return ok({ lit: input as Scalar });
  if (Object.hasOwn(input, '$source')) return walkSource(reader, input, at);
  const members: [string, Tree][] = [];
  for (const [key, member] of Object.entries(input)) {
    const tree = walk(reader, member, `${at}${pointerOf([key])}`);
    if (!tree.ok) return tree;
    members.push([key, tree.value]);
  }
  return ok({ map: Object.fromEntries(members) });
}

function walkSource(reader: Reader, input: JsonObject, at: string): Result<Tree> {
  const source = input['$source']!;
  const bad = (got: string): Result<Tree> =>
    refuse('request_malformed', {
      path: `${at}/$source`,
      expected:
        'null, {value}, {component, path, func? or function?}, {call, args}, {expression} or {secret}, alone in its object',
      got,
      hint: 'write a literal that contains $source as {"$source": {"value": …}}',
    });
  if (Object.keys(input).length > 1) return bad(`the members ${Object.keys(input).join(', ')}`);
  if (source === null) return ok(unsetTree);
  if (!isObject(source)) return bad(typeof source);
  const keys = Object.keys(source).sort().join(',');
  switch (keys) {
    case 'value':
      return ok(treeOfJson(source['value']!));
    case 'secret': {
      const id = resolveSecret(reader, source['secret'], `${at}/$source/secret`);
      return id.ok ? ok({ k: id.value }) : id;
    }
    case 'component,path':
    case 'component,func,path': {
      const resolved = resolveSource(reader, source, at);
      if (!resolved.ok) return resolved;
      const func = source['func'];
      if (func === undefined) return ok({ x: resolved.value });
      return typeof func === 'string' ? ok({ x: { f: [func, resolved.value] } }) : bad(`func ${typeof func}`);
    }
    case 'component,function,path': {
      const resolved = resolveSource(reader, source, at);
      if (!resolved.ok) return resolved;
      const fn = resolveFunction(reader, source['function'], `${at}/$source/function`);
      return fn.ok ? ok({ x: { f: [fn.value, resolved.value] } }) : fn;
    }
    case 'args,call': {
      const { call, args } = source;
      if (typeof call !== 'string' || !Array.isArray(args)) return bad('a call without a name or a list of arguments');
      const exprs: Expr[] = [];
      for (let i = 0; i < args.length; i++) {
        const tree = walk(reader, args[i] as Json, `${at}/$source/args/${i}`);
        if (!tree.ok) return tree;
        const expr = exprOfTree(tree.value);
        if (expr === undefined) return bad('a secret as an argument');
        exprs.push(expr);
      }
      // What neither is built in nor a function's name is refused where the expression's kind is looked for.
      const fn = signatureOf(call) === undefined ? resolveFunction(reader, call, `${at}/$source/call`) : undefined;
      if (fn?.ok === false && fn.refusal.code === 'ambiguous_name') return fn;
      return ok({ x: { f: [fn?.ok ? fn.value : call, ...exprs] } });
    }
    case 'expression': {
      const expr = parseExpr(source['expression'], `${at}/$source/expression`, (f) => signatureOf(f) !== undefined);
      return expr.ok ? ok({ x: expr.value }) : expr;
    }
    default:
      return bad(keys === '' ? 'an empty object' : `the members ${keys}`);
  }
}

function resolveSource(reader: Reader, source: JsonObject, at: string): Result<Expr> {
  const id = resolveComponent(reader, source['component'], `${at}/$source/component`);
  if (!id.ok) {
    const { code, ...detail } = id.refusal;
    if (code !== 'component_not_found') return id;
    return refuse('source_not_found', { ...detail, hint: 'create the source first, or search for it' });
  }
  const record = findComponent(reader, id.value);
  const spec = record && specOfComponent(reader, record);
  const place = spec && resolvePointer(reader, id.value, spec, source['path']);
  if (place?.ok && !place.value.append) return ok({ s: [id.value, place.value.path] });
  const why = place === undefined || place.ok ? undefined : place.refusal;
  if (why?.code === 'path_invalid') return place as Result<Expr>;
  return refuse('source_not_found', {
    path: `${at}/$source/path`,
    expected: why?.expected ?? 'a property of the source component',
    got: why?.got ?? JSON.stringify(source['path']),
    hint: why?.hint ?? 'compare the path with the schema of the source',
  });
}

/** A tree as an author would write it: the inverse of `treeOfInput`. */
export function inputOfTree(reader: Reader, tree: Tree): Input {
  if ('lit' in tree) return tree.lit;
  if ('unset' in tree) return { $source: null };
  if ('k' in tree) return { $source: { secret: tree.k } };
  if ('list' in tree) return tree.list.map((t) => inputOfTree(reader, t));
  if ('map' in tree) {
    // A literal map with the member `$source` must not be read as a source when it comes back.
    if (Object.hasOwn(tree.map, '$source')) {
      const literal = jsonOfTree(tree);
      if (literal !== undefined) return { $source: { value: literal } };
    }
    return mapMembers(tree.map, (t) => inputOfTree(reader, t));
  }
  return inputOfExpr(reader, tree.x);
}

function inputOfExpr(reader: Reader, expr: Expr): Input {
  if ('v' in expr) return inputOfTree(reader, treeOfJson(expr.v));
  if ('s' in expr) return { $source: { component: expr.s[0], path: pointerAt(reader, expr.s[0], expr.s[1]) } };
  return { $source: { call: expr.f[0], args: expr.f.slice(1).map((e) => inputOfExpr(reader, e as Expr)) } };
}

/** A stored path as a pointer: element ids become the indexes they have now; an element that is gone stays an id. */
export function pointerAt(reader: Reader, component: ComponentId, path: Path): string {
  if (!path.includes('/@')) return path.replaceAll('~2', '@');
  const out: string[] = [];
  let at = '' as Path;
  for (const [i, segment] of segmentsOf(path).entries()) {
    if (segment.element === undefined) out.push(segment.key);
    else {
      const position = readElements(reader, component, at).findIndex((e) => e.id === segment.element);
      out.push(position === -1 ? `@${segment.element}` : String(position));
    }
    at = `/${path
      .slice(1)
      .split('/')
      .slice(0, i + 1)
      .join('/')}` as Path;
  }
  return pointerOf(out);
}
