// Where both sides decided the same thing: what follows for the change set's item before anything is placed. By default
// nothing, the change set wins; in a revert Head wins; and a property may have a rule of its own. What is decided here is
// kept in the item, one Head version after the other, so that it does not matter when the change set is caught up.

import type { ComponentId } from '../base/ids.ts';
import { canonical, compareText, type Json, type JsonObject, sameJson } from '../base/json.ts';
import { cellText, elementText, parseCell, parseElement } from '../model/cell.ts';
import type { ComponentRecord } from '../model/component.ts';
import { readDeclared } from '../model/declared.ts';
import { cellKey, dependsKey, flagKey, ignoredKey, managesKey } from '../model/keys.ts';
import { specOfComponent } from '../model/lookup.ts';
import { ancestorsOf, isWithin, type Path, parentPath, segmentsOf } from '../model/path.ts';
import { childProperty, type MergeRule } from '../model/property.ts';
import { rootProperty, type VariantSpec } from '../model/schema.ts';
import type { Reader } from '../model/state.ts';
import type { CellMutation, Mutation } from '../mutation/mutation.ts';
import { treeOfDeclared, treeText, unsetTree } from '../mutation/tree.ts';
import type { Item } from './item.ts';
import type { RuleId } from './rules.ts';
import { factOf, placeOf, unitOf } from './side.ts';

/** What Head's edits of one unit write: the last edit of each key, and of each field of a record. */
export class Writes<E extends { readonly m: Mutation }> {
  readonly entries: readonly E[];
  readonly #last = new Map<string, E>();

  constructor(entries: readonly E[]) {
    this.entries = entries;
    for (const entry of entries) {
      const { m } = entry;
      this.#last.set(factOf(m), entry);
      if (m.kind === 'record.create')
        for (const field of Object.keys(m.record)) this.#last.set(`${factOf(m)} ${field}`, entry);
    }
  }

  /** The last edit of the same key, or of the same field. */
  sameAs(m: Mutation): E | undefined {
    return this.#last.get(factOf(m));
  }

  find(kind: Mutation['kind']): E | undefined {
    return this.entries.findLast((e) => e.m.kind === kind);
  }
}

/** Rules that the schemas of one state declare, remembered by variant and path. */
export class MergeRules {
  readonly #reader: Reader;
  /** `null`: none. */
  readonly #byRecord = new Map<string, Map<Path, MergeRule | null>>();

  /** Of a state that does not change. */
  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /** The rule for the value that a mutation writes, undefined when it is none or the change set wins as everywhere. */
  at(m: Mutation): Exclude<MergeRule, 'change-set-wins'> | undefined {
    if (m.kind !== 'cell.set' && m.kind !== 'cell.unset') return undefined;
    const rule = this.ofPath(m.component, m.path);
    return rule === 'change-set-wins' ? undefined : rule;
  }

  /** The rule declared for a path: its own, else that of the nearest container that has one. */
  ofPath(component: ComponentId, path: Path): MergeRule | undefined {
    const record = this.#reader.get('components', component);
    if (record === undefined) return undefined;
    let rules = this.#byRecord.get(record);
    if (rules === undefined) {
      rules = new Map();
      this.#byRecord.set(record, rules);
    }
    const known = rules.get(path);
    if (known !== undefined) return known ?? undefined;
    const spec = specOfComponent(this.#reader, JSON.parse(record) as ComponentRecord);
    const rule = spec === undefined ? undefined : declaredRule(spec, path);
    rules.set(path, rule ?? null);
    return rule;
  }
}

function declaredRule(spec: VariantSpec, path: Path): MergeRule | undefined {
  let property = rootProperty(spec);
  let rule: MergeRule | undefined;
  for (const segment of segmentsOf(path)) {
    const next = childProperty(property, segment as { key: string }, spec.definitions);
    if (next === undefined) return rule;
    property = next;
    rule = next.merge ?? rule;
  }
  return rule;
}

export interface Contest {
  /** What the schemas of Head declare. */
  readonly rules: MergeRules;
  readonly head: Reader;
  /** The state the items make. */
  readonly present: Reader;
  readonly theirs: Writes<{ readonly m: Mutation }>;
  readonly items: readonly (readonly [number, Item])[];
  /** Does an edit of Head's refer to the unit from elsewhere? */
  readonly isReferred?: boolean;
}

/** The items of one unit that Head's edits of it make another. */
export function contestUnit(c: Contest): Map<number, Item> {
  const out = new Map<number, Item>();
  const yieldTo = (at: number, item: Item, yields: RuleId): void => {
    out.set(at, { ...item, yields });
  };
  const lastOn = new Map(c.items.map(([at, { m }]) => [placeOf(m).key, at]));
  // What its author erased in the end is nothing to look at.
  const erasedAt = c.items.findLast(([, { m }]) => m.kind === 'component.erase')?.[0] ?? -1;
  for (const [at, item] of c.items) {
    const { m } = item;
    if (item.yields !== undefined || out.has(at)) continue;
    const same = c.theirs.sameAs(m);
    if (item.role === 'head') {
      if (same !== undefined ? !agrees(c.head, m) : blocks(c, m)) {
        yieldTo(at, item, 'revert-head');
        // What Head has built on stays as a whole: a component that is not erased is not emptied either.
        if (m.kind === 'component.erase') for (const [i, other] of c.items) yieldTo(i, other, 'revert-head');
      }
      continue;
    }
    if (m.kind === 'element.insert') {
      if (isTwin(c, m, item.version)) {
        for (const [i, other] of c.items)
          if ('path' in other.m && isWithin(other.m.path, m.path)) yieldTo(i, other, 'property-union');
      }
      continue;
    }
    if (same === undefined || (m.kind !== 'cell.set' && m.kind !== 'cell.unset')) continue;
    const next = byProperty(c, item, m, at > erasedAt && lastOn.get(placeOf(m).key) === at);
    if (next !== undefined) out.set(at, next);
  }
  return out;
}

/** Would the edit leave what Head has there? */
export function agrees(head: Reader, m: Mutation): boolean {
  const { category, key } = placeOf(m);
  const text = head.get(category, key);
  switch (m.kind) {
    case 'cell.set':
      return text === cellText(m.cell);
    case 'cell.unset':
    case 'component.erase':
    case 'component.unmark':
    case 'element.remove':
    case 'record.remove':
      return text === undefined;
    case 'component.mark':
      return text !== undefined;
    case 'component.retype':
      return text === canonical({ schema: m.schema, variant: m.variant });
    case 'element.move':
      return text !== undefined && parseElement(text).o === m.order;
    case 'element.insert':
      return text === elementText({ o: m.order, t: m.tie });
    case 'record.create':
      return text === canonical(m.record);
    case 'record.set':
      return text !== undefined && sameJson((JSON.parse(text) as JsonObject)[m.field], m.value);
    case 'text.edit':
      return text !== undefined && (JSON.parse(text) as JsonObject)['text'] === m.to;
    case 'component.create':
      return hasImage(head, m);
  }
}

/** Is everything of a creation there, whatever else is? */
function hasImage(on: Reader, { component, image }: Extract<Mutation, { kind: 'component.create' }>): boolean {
  const has = (key: string): boolean => on.get('components', key) !== undefined;
  return (
    on.get('components', component) === canonical(image.record as unknown as Json) &&
    Object.keys(image.cells).every((path) => on.get('cells', component + path) === canonical(image.cells[path]!)) &&
    image.flags.every((flag) => has(flagKey(component, flag))) &&
    image.ignored.every((path) => has(ignoredKey(component, path))) &&
    image.dependsOn.every((to) => has(dependsKey(component, to))) &&
    image.manages.every((to) => has(managesKey(component, to)))
  );
}

/** In a revert: does an edit of Head's rest on what the item would take away or replace? */
function blocks(c: Contest, m: Mutation): boolean {
  switch (m.kind) {
    case 'component.erase':
    case 'component.mark':
      return c.theirs.entries.length > 0 || c.isReferred === true;
    case 'cell.set':
    case 'cell.unset':
    case 'element.remove':
      return c.theirs.entries.some(
        ({ m: h }) =>
          ('path' in h && isWithin(h.path, m.path)) ||
          (m.kind === 'cell.set' && h.kind === 'cell.set' && !('c' in h.cell) && ancestorsOf(m.path).includes(h.path)),
      );
    case 'record.remove':
      // Also what Head has put below it: approvers of a view, variants of a schema, uses from elsewhere.
      return (
        (m.key === unitOf(m) && c.isReferred === true) ||
        c.theirs.entries.some(({ m: h }) => placeOf(h).key.startsWith(m.key))
      );
    case 'component.retype':
      return false;
    default:
      return false;
  }
}

function byProperty(c: Contest, item: Item, m: CellMutation, isLast: boolean): Item | undefined {
  const rule = c.rules.at(m);
  if (rule === undefined) return undefined;
  if (agrees(c.head, m)) return undefined;
  if (rule === 'head-wins') return { ...item, yields: 'property-head-wins' };
  if (rule === 'must-review') return isLast ? { ...item, review: true } : undefined;
  const text = c.head.get('cells', cellKey(m.component, m.path));
  const theirs = text === undefined ? undefined : parseCell(text);
  if (m.kind !== 'cell.set' || theirs === undefined || !('v' in theirs) || !('v' in m.cell)) return undefined;
  const value = combine(rule, m.cell.v, theirs.v);
  return value === undefined || canonical(value) === canonical(m.cell.v)
    ? undefined
    : { ...item, m: { ...m, cell: { v: value } } };
}

/** One value from two; undefined when the rule says nothing about such values. */
function combine(rule: 'max' | 'min' | 'union', mine: Json, theirs: Json): Json | undefined {
  if (rule === 'union') {
    if (!Array.isArray(mine) || !Array.isArray(theirs)) return undefined;
    const has = new Set((theirs as Json[]).map(canonical));
    return [...(theirs as Json[]), ...(mine as Json[]).filter((v) => !has.has(canonical(v)))];
  }
  if (typeof mine !== 'number' || typeof theirs !== 'number') return undefined;
  return rule === 'max' ? Math.max(mine, theirs) : Math.min(mine, theirs);
}

/** In a list declared `union`: has Head inserted an element that holds the same? */
function isTwin(c: Contest, m: Extract<Mutation, { kind: 'element.insert' }>, version: number): boolean {
  const list = parentPath(m.path);
  const inserted = c.theirs.entries.filter(
    ({ m: h }) => h.kind === 'element.insert' && h.path !== m.path && parentPath(h.path) === list,
  );
  if (inserted.length === 0 || c.rules.ofPath(m.component, list) !== 'union') return false;
  const held = (reader: Reader, path: Path): string =>
    treeText(treeOfDeclared(reader, readDeclared(reader, m.component, path)) ?? unsetTree);
  const mine = held(insertedWith(c, m, version), m.path);
  return inserted.some(({ m: h }) => h.kind === 'element.insert' && held(c.head, h.path) === mine);
}

/**
 * What an element was inserted with: what the same version of the change set put into it. Later edits of it are not
 * looked at, so that it does not matter whether they were there when Head's version was merged.
 */
function insertedWith(c: Contest, m: Extract<Mutation, { kind: 'element.insert' }>, version: number): Reader {
  const texts = new Map<string, string>();
  for (const [, { m: edit, version: of }] of c.items) {
    if (of !== version || !('path' in edit) || !isWithin(edit.path, m.path)) continue;
    const { key } = placeOf(edit);
    if (edit.kind === 'cell.set') texts.set(key, cellText(edit.cell));
    else if (edit.kind === 'element.insert') texts.set(key, elementText({ o: edit.order, t: edit.tie }));
    else if (edit.kind === 'element.move') {
      const was = texts.get(key);
      if (was !== undefined) texts.set(key, elementText({ o: edit.order, t: parseElement(was).t }));
    } else texts.delete(key);
  }
  const sorted = [...texts].sort(([a], [b]) => compareText(a, b));
  return {
    get: (_category, key) => texts.get(key),
    scan: (_category, prefix, after) =>
      sorted.filter(([k]) => k.startsWith(prefix) && (after === undefined || k > after)),
    blob: (hash) => c.present.blob(hash),
  };
}
