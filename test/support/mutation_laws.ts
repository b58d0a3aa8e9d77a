// The laws of mutations, asserted on every mutation that any test produces, and an index built from nothing but the
// facts, to hold the kept one against. Counts what it has seen, so that a suite can tell what it exercised.

import { expect } from 'vitest';
import { canonical, type Json } from '../../src/base/json.ts';
import type { Source } from '../../src/model/expr.ts';
import { intentCategories, type Reader } from '../../src/model/state.ts';
import { decodeMutation, encodeMutation } from '../../src/mutation/codec.ts';
import { apply, describe, footprint, invert, type Mutation, validate } from '../../src/mutation/mutation.ts';
import { diff } from '../../src/snapshot/diff.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';

/** Mutations seen by kind. */
export const seenMutations = new Map<string, number>();

/** Checks all laws of the mutations that led from `before` to `after`. */
export function checkLaws(before: Snapshot, mutations: readonly Mutation[], after: Snapshot): void {
  const inverses: Mutation[] = [];
  let here = before;
  for (const m of mutations) {
    seenMutations.set(m.kind, (seenMutations.get(m.kind) ?? 0) + 1);
    expect(validate(here, m)).toEqual({ ok: true, value: undefined });
    expect(describe(here, m)).not.toBe('');
    const decoded = checkCodec(m);
    const next = applied(here, decoded);
    expect(root(applied(here, m)), 'the same mutation on the same state').toBe(root(next));
    checkFootprint(here, m, next);
    const inverse = invert(here, m);
    checkCodec(inverse);
    expect(root(applied(next, inverse)), `the inverse of ${encodeMutation(m)}`).toBe(root(here));
    inverses.push(inverse);
    here = next;
  }
  expect(root(here), 'replayed one by one').toBe(root(after));
  if (mutations.length > 0) checkIndex(after);
  const draft = after.edit();
  for (const inverse of inverses.reverse()) apply(draft, inverse);
  expect(root(draft.finish()), 'undone in reverse').toBe(root(before));
}

function applied(on: Snapshot, m: Mutation): Snapshot {
  const draft = on.edit();
  apply(draft, m);
  return draft.finish();
}

const root = (snapshot: Snapshot): string => snapshot.roots().intent;

function checkCodec(m: Mutation): Mutation {
  const encoded = encodeMutation(m);
  const decoded = decodeMutation(JSON.parse(encoded));
  if (!decoded.ok) throw new Error(`does not decode: ${encoded}: ${JSON.stringify(decoded.refusal)}`);
  expect(encodeMutation(decoded.value)).toBe(encoded);
  return decoded.value;
}

function checkFootprint(before: Snapshot, m: Mutation, after: Snapshot): void {
  const { writes } = footprint(m);
  for (const category of intentCategories) {
    if (category === 'index' || before.map(category) === after.map(category)) continue;
    for (const { key } of diff(before.map(category), after.map(category))) {
      const covered = writes.some(
        (w) => w.category === category && (w.subtree ? key.startsWith(w.key) : key === w.key),
      );
      expect(covered, `${category} ${key} in the footprint of ${encodeMutation(m)}`).toBe(true);
    }
  }
}

/** The index keys that follow from the facts, by their own plain rules: `kind:target` U+0000 `user`. */
export function indexFromFacts(reader: Reader): Set<string> {
  const out = new Set<string>();
  const pair = (kind: string, target: string, user: string): void => void out.add(`${kind}:${target}\u0000${user}`);
  for (const [key, text] of reader.scan('cells', '')) {
    const fact = JSON.parse(text) as { x?: Json; v?: Json; k?: string; o?: string };
    const path = key.slice(26);
    for (const s of fact.x === undefined ? [] : sourcesIn(fact.x)) pair('cell', s.component + s.path, key);
    for (const fn of fact.x === undefined ? [] : calledIn(fact.x)) pair('call', fn, key);
    if (path === '/si/name' && typeof fact.v === 'string') pair('name', fact.v, key.slice(0, 26));
    if (fact.k !== undefined) pair('secret', fact.k, key);
    if (path === '/si/resourceId' && typeof fact.v === 'string' && !/[\u0000-\u001f]/.test(fact.v))
      pair('resource', fact.v, key.slice(0, 26));
    if (path === '/si/movedFrom' && typeof fact.v === 'string') pair('moved', fact.v, key.slice(0, 26));
  }
  for (const [key, text] of reader.scan('components', '')) {
    const [id, part, other] = key.split('/') as [string, string?, string?];
    if (part === undefined) pair('variant', (JSON.parse(text) as { variant: string }).variant, id);
    if (part === 'depends' || part === 'manages') pair(part, other!, id);
  }
  const named = (category: 'schemas' | 'functions' | 'views' | 'secrets', kind: string): void => {
    for (const [key, text] of reader.scan(category, '')) {
      if (key.length === 26) pair(kind, (JSON.parse(text) as { name: string }).name, key);
    }
  };
  named('schemas', 'schema');
  named('functions', 'function');
  named('views', 'viewname');
  named('secrets', 'secretname');
  for (const [key] of reader.scan('schemas', '')) {
    if (key.length > 26) pair('variantof', key.slice(27), key.slice(0, 26));
  }
  for (const [key] of reader.scan('views', '')) if (key[26] === '/') pair('view', key.slice(27), key.slice(0, 26));
  for (const [key, text] of reader.scan('bindings', '')) {
    const b = JSON.parse(text) as { function: string; target: { variant?: string; schema?: string } };
    pair('binding', b.function, key);
    pair('binding', (b.target.variant ?? b.target.schema)!, key);
  }
  return out;
}

function sourcesIn(expr: Json): Source[] {
  const e = expr as { s?: [string, string]; f?: Json[] };
  if (e.s) return [{ component: e.s[0], path: e.s[1] } as unknown as Source];
  return (e.f ?? []).slice(1).flatMap(sourcesIn);
}

/** Users' functions have ids where built-in ones have names. */
function calledIn(expr: Json): string[] {
  const { f } = expr as { f?: [string, ...Json[]] };
  if (f === undefined) return [];
  return [...(/^[0-9A-Z]{26}$/.test(f[0]) ? [f[0]] : []), ...f.slice(1).flatMap(calledIn)];
}

export function checkIndex(state: Snapshot): void {
  const wanted = [...indexFromFacts(state)].sort();
  const kept = [...state.scan('index', '')].map(([key, text]) => {
    expect(text).toBe('{}');
    return key;
  });
  expect(canonical([...kept].sort())).toBe(canonical(wanted));
}
