// What is different between two states, per component and path, with the value and where it comes from on either side.
// Walks only where hashes differ; then follows the changed values to those that are computed from them.

import type { ComponentId } from '../base/ids.ts';
import { compareText, type Json, sameJson } from '../base/json.ts';
import type { Results } from '../builtins/assemble.ts';
import { type Evaluated, Evaluation } from '../builtins/evaluate.ts';
import { reach } from '../graph/edges.ts';
import { parseCell } from '../model/cell.ts';
import { type Expr, type Source, sourcesOf } from '../model/expr.ts';
import { cellKey, elementKey, idLength, splitCellKey } from '../model/keys.ts';
import { findComponent, findSchema, isMarked, nameOf } from '../model/lookup.ts';
import { resourceKeyOf, showing } from '../model/moved.ts';
import { type Path, wellKnown } from '../model/path.ts';
import type { Category, Reader } from '../model/state.ts';
import { wishedAt } from '../model/wish.ts';
import { exprSummary } from '../mutation/cell.ts';
import { type Noun, nounOf, nouns } from '../mutation/nouns.ts';
import { pointerAt } from '../mutation/tree.ts';
import { diff } from '../snapshot/diff.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { KeptValues } from './propagate.ts';

export type DiffStatus = 'Added' | 'Modified' | 'Removed';

/** One side of a changed value. */
export interface Side {
  /** Absent: no value. */
  readonly value?: Json;
  /** `value`, `subscription`, `secret`, `unset`, `default`, `none` or `error`. */
  readonly source: string;
  /** For subscriptions: what it follows, for people. */
  readonly follows?: string;
  readonly sources?: readonly (Source & { readonly name: string })[];
  readonly message?: string;
}

export interface AttributeChange {
  /** Pointer as on the side that has it, the later one first. */
  readonly path: string;
  readonly status: DiffStatus;
  readonly old: Side | null;
  readonly new: Side | null;
  /** True when nobody edited it: what it follows changed. */
  readonly derived?: true;
  /** True when a list element changed its place. */
  readonly moved?: true;
}

export interface ComponentChange {
  readonly id: ComponentId;
  readonly name: string;
  readonly schema: string;
  readonly status: DiffStatus;
  readonly attributes: readonly AttributeChange[];
}

/** A change of something else than a component's values: a view, a schema, an edge, a flag. */
export interface RecordChange {
  readonly noun: Noun;
  readonly key: string;
  /** For people. */
  readonly title: string;
  readonly status: DiffStatus;
  readonly fields: readonly { readonly field: string; readonly old: Json; readonly new: Json }[];
}

export interface Comparison {
  readonly components: readonly ComponentChange[];
  readonly records: readonly RecordChange[];
  /** More values follow the changed ones than are listed. */
  readonly derivedCut: boolean;
}

/** Derived values looked at in one comparison. */
const derivedMax = 2_000;

/** In the order in which changes of records are told. */
const recordCategories: readonly Category[] = [
  'components',
  'schemas',
  'functions',
  'bindings',
  'views',
  'secrets',
  'overrides',
  'modules',
];

/** A state and what is read of it. */
interface State {
  readonly reader: Reader;
  readonly valueAt: (at: Source) => Evaluated;
}

interface Sides {
  readonly before: State;
  readonly after: State;
}

/** What is known without evaluating the states. */
interface Known {
  /** What users' functions gave. */
  readonly results?: Results;
  /** Values of either state that are kept: a change then costs what it reaches, not also all that this is made of. */
  readonly before?: KeptValues | undefined;
  readonly after?: KeptValues | undefined;
}

function stateOf(reader: Snapshot, results?: Results, kept?: KeptValues): State {
  const evaluation = new Evaluation(reader, results);
  return { reader, valueAt: (at) => kept?.(at) ?? evaluation.valueAt(at) };
}

export function compareSnapshots(before: Snapshot, after: Snapshot, known: Known = {}): Comparison {
  const sides: Sides = {
    before: stateOf(before, known.results, known.before),
    after: stateOf(after, known.results, known.after),
  };
  const touched = new Map<ComponentId, { attributes: Map<string, AttributeChange>; whole: DiffStatus | undefined }>();
  const of = (id: ComponentId) => {
    let entry = touched.get(id);
    if (entry === undefined) {
      entry = { attributes: new Map(), whole: undefined };
      touched.set(id, entry);
    }
    return entry;
  };
  const records: RecordChange[] = [];

  for (const d of diff(before.map('components'), after.map('components'))) {
    const id = d.key.slice(0, idLength) as ComponentId;
    if (d.key.length === idLength)
      of(id).whole = d.before === undefined ? 'Added' : d.after === undefined ? 'Removed' : 'Modified';
    else {
      of(id);
      records.push(recordChange(sides, 'components', d));
    }
  }
  const changed: Source[] = [];
  for (const d of diff(before.map('cells'), after.map('cells'))) {
    const place = splitCellKey(d.key);
    changed.push(place);
    const entry = of(place.component);
    const change = place.element ? elementChange(sides, place, d) : cellChange(sides, place);
    if (change !== undefined && place.path !== wellKnown.deletedAt) entry.attributes.set(place.path, change);
  }
  for (const category of recordCategories) {
    if (category === 'components') continue;
    for (const d of diff(before.map(category), after.map(category))) records.push(recordChange(sides, category, d));
  }

  const keys = new Set<ComponentId>();
  for (const d of diff(before.map('resources'), after.map('resources'))) keys.add(d.key as ComponentId);
  for (const { component, path } of changed)
    if (path === wellKnown.movedFrom)
      for (const reader of [before, after]) keys.add(resourceKeyOf(reader, component)).add(component);
  const reality = [...keys]
    .flatMap((key) => showing([before, after], key))
    .map((component) => ({ component, path: wellKnown.resourceValue }));
  // What is looked up anew may be another.
  const wished = changed.flatMap(({ component, path }) => {
    const at = wishedAt(path);
    return at === undefined ? [] : [{ component, path: at }];
  });
  const sources = [...changed, ...wished, ...reality, ...vanished(sides, touched.keys())];
  const later = reach(after, sources, derivedMax);
  const earlier = reach(before, sources, derivedMax);
  for (const at of [...wished, ...later.cells, ...earlier.cells]) {
    // What a mark takes away or brings back goes with its component.
    if (touched.has(at.component) && markChange(before, after, at.component) !== undefined) continue;
    const known = touched.get(at.component)?.attributes.has(at.path);
    const change = known ? undefined : cellChange(sides, at);
    if (change !== undefined && change.status === 'Modified')
      of(at.component).attributes.set(at.path, { ...change, derived: true });
  }

  const components: ComponentChange[] = [];
  for (const [id, entry] of touched) {
    const attributes = [...entry.attributes.values()].sort((a, b) => comparePointers(a.path, b.path));
    const status =
      entry.whole === 'Modified' ? 'Modified' : (entry.whole ?? markChange(before, after, id) ?? 'Modified');
    if (attributes.length === 0 && status === 'Modified' && entry.whole === undefined) continue;
    const side = findComponent(after, id) === undefined ? before : after;
    const record = findComponent(side, id);
    const schema = record === undefined ? '' : (findSchema(side, record.schema)?.name ?? record.schema);
    components.push({ id, name: nameOf(side, id), schema, status, attributes });
  }
  const rank = { Added: 0, Modified: 1, Removed: 2 };
  components.sort((a, b) => rank[a.status] - rank[b.status] || compareText(a.name, b.name) || compareText(a.id, b.id));
  // Ids say nothing to people: within a kind of thing the order is that of what it is called.
  const place = (r: RecordChange): number => recordCategories.indexOf(nouns[r.noun].category);
  records.sort((a, b) => place(a) - place(b) || compareText(a.title, b.title) || compareText(a.key, b.key));
  return { components, records, derivedCut: later.cut || earlier.cut };
}

/** By segments, list indexes as numbers. */
function comparePointers(a: string, b: string): number {
  const [x, y] = [a.split('/'), b.split('/')];
  for (let i = 0; i < x.length && i < y.length; i++) {
    if (x[i] === y[i]) continue;
    const byNumber = Number(x[i]) - Number(y[i]);
    return Number.isNaN(byNumber) || byNumber === 0 ? compareText(x[i]!, y[i]!) : byNumber;
  }
  return x.length - y.length;
}

/** A mark set or taken off counts as removed or added. */
function markChange(before: Reader, after: Reader, id: ComponentId): DiffStatus | undefined {
  const was = isMarked(before, id);
  const is = isMarked(after, id);
  return was === is ? undefined : is ? 'Removed' : 'Added';
}

/** Whole components whose values came or went with a mark: everything that follows them changes. */
function vanished(sides: Sides, ids: Iterable<ComponentId>): Source[] {
  const out: Source[] = [];
  for (const component of ids) {
    if (markChange(sides.before.reader, sides.after.reader, component) === undefined) continue;
    for (const root of ['/si', '/domain', '/secrets', '/resource', '/resource_value'])
      out.push({ component, path: root as Path });
  }
  return out;
}

function cellChange(sides: Sides, at: Source): AttributeChange | undefined {
  const old = sideOf(sides.before, at);
  const now = sideOf(sides.after, at);
  if (old === null && now === null) return undefined;
  if (old !== null && now !== null && sameJson(old as unknown as Json, now as unknown as Json)) return undefined;
  const reader = now === null ? sides.before.reader : sides.after.reader;
  return {
    path: pointerAt(reader, at.component, at.path),
    status: old === null ? 'Added' : now === null ? 'Removed' : 'Modified',
    old,
    new: now,
  };
}

/** Null when the component is not there, or nothing is declared and nothing shows. */
function sideOf(state: State, at: Source): Side | null {
  const { reader } = state;
  if (findComponent(reader, at.component) === undefined) return null;
  const text = reader.get('cells', cellKey(at.component, at.path));
  // A cell below a list element that is not there is not part of the value.
  if (text !== undefined && orphaned(reader, at)) return null;
  const evaluated = state.valueAt(at);
  const shown = shownOf(evaluated);
  if (text === undefined) return evaluated.state === 'value' ? { ...shown, source: 'default' } : null;
  const cell = parseCell(text);
  if ('x' in cell)
    return {
      ...shown,
      source: 'subscription',
      follows: exprSummary(reader, cell.x),
      sources: namedSources(reader, cell.x),
    };
  if ('k' in cell) return { source: 'secret', value: cell.k };
  if ('u' in cell) return { source: 'unset' };
  return { ...shown, source: 'value' };
}

function namedSources(reader: Reader, expr: Expr): NonNullable<Side['sources']> {
  return sourcesOf(expr).map((s) => ({ ...s, name: nameOf(reader, s.component) }));
}

function orphaned(reader: Reader, at: Source): boolean {
  for (let end = at.path.indexOf('/@'); end !== -1; end = at.path.indexOf('/@', end + 1)) {
    const next = at.path.indexOf('/', end + 1);
    const element = (next === -1 ? at.path : at.path.slice(0, next)) as Path;
    if (reader.get('cells', elementKey(at.component, element)) === undefined) return true;
  }
  return false;
}

function shownOf(e: Evaluated): { value?: Json; message?: string } {
  if (e.state === 'value') return { value: e.value };
  if (e.state === 'error') return { message: `${e.code}: ${e.message}` };
  if (e.state === 'pending') return { message: 'it is being computed' };
  return e.why === undefined ? {} : { message: e.why };
}

/** An element that only moved, or one without any value; others show through their cells. */
function elementChange(
  sides: Sides,
  at: Source,
  d: { before?: string | undefined; after?: string | undefined },
): AttributeChange | undefined {
  const path = pointerAt(d.after === undefined ? sides.before.reader : sides.after.reader, at.component, at.path);
  if (d.before !== undefined && d.after !== undefined)
    return { path, status: 'Modified', old: null, new: null, moved: true };
  const reader = d.after === undefined ? sides.before.reader : sides.after.reader;
  for (const _ of reader.scan('cells', `${at.component}${at.path}/`)) return undefined;
  if (reader.get('cells', cellKey(at.component, at.path)) !== undefined) return undefined;
  const side: Side = { source: 'unset', value: null };
  return d.after === undefined
    ? { path, status: 'Removed', old: side, new: null }
    : { path, status: 'Added', old: null, new: side };
}

function recordChange(
  sides: Sides,
  category: Category,
  d: { key: string; before?: string | undefined; after?: string | undefined },
): RecordChange {
  const noun = nounOf(category, d.key);
  const parse = (t: string | undefined) => (t === undefined ? undefined : (JSON.parse(t) as Record<string, Json>));
  const [old, now] = [parse(d.before), parse(d.after)];
  const fields: RecordChange['fields'][number][] = [];
  for (const field of nouns[noun].fields) {
    if (!sameJson(old?.[field], now?.[field]))
      fields.push({ field, old: old?.[field] ?? null, new: now?.[field] ?? null });
  }
  const reader = now === undefined ? sides.before.reader : sides.after.reader;
  return {
    noun,
    key: d.key,
    title: nouns[noun].title(reader, d.key, now ?? old),
    status: old === undefined ? 'Added' : now === undefined ? 'Removed' : 'Modified',
    fields,
  };
}
