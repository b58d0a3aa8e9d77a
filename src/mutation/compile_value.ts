// Compiling values: what an author sets, whole containers included, becomes edits of single cells and elements against
// what the author saw. A set writes what differs and takes away what the author saw and left out; keys that the author
// could not see survive, because nothing is said about them.

import { type ChangeSetId, type ComponentId, type ElementId, elementIdFromHash } from '../base/ids.ts';
import { canonical, type Json } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { keyBetween, keysBetween } from '../base/order_key.ts';
import { RefusalError, refuse } from '../base/result.ts';
import { type Cell, cellText } from '../model/cell.ts';
import { type Declared, elementsOf, isDeclared, nothingAt, readDeclared, readElements } from '../model/declared.ts';
import { cellKey, elementKey } from '../model/keys.ts';
import { childPath, decodeSegment, elementPath, isPathKey, type Path, pointerOf } from '../model/path.ts';
import { childProperty, derefProperty, type Property } from '../model/property.ts';
import type { VariantSpec } from '../model/schema.ts';
import type { Draft } from '../model/state.ts';
import { alignLists } from './align.ts';
import type { Ids } from './compile.ts';
import type { Mutation } from './mutation.ts';
import { exprOfTree, jsonOfTree, type Tree, treeOfDeclared, treeOfJson, treeText, unsetTree } from './tree.ts';

/** One component being edited. `emit` validates a mutation and applies it to the draft at once. */
export interface Target {
  readonly draft: Draft;
  readonly component: ComponentId;
  readonly spec: VariantSpec;
  readonly changeSet: ChangeSetId;
  readonly ids: Ids;
  readonly emit: (m: Mutation) => void;
}

/** Makes what is declared at `path` equal to `tree`. */
export function setTree(t: Target, path: Path, property: Property, tree: Tree): void {
  const plain =
    property.kind !== 'array' && property.kind !== 'map' && property.kind !== 'object' && property.kind !== 'any';
  setNode(t, path, property, tree, plain ? shallow(t, path) : readDeclared(t.draft, t.component, path));
}

function shallow(t: Target, path: Path): Declared {
  const text = t.draft.get('cells', cellKey(t.component, path));
  return { ...nothingAt(path), cell: text === undefined ? undefined : JSON.parse(text) };
}

/** Takes away everything declared at and below; a list element itself stays. */
export function clear(t: Target, declared: Declared): void {
  if (declared.cell !== undefined) t.emit({ kind: 'cell.unset', component: t.component, path: declared.path });
  clearBelow(t, declared);
}

function clearBelow(t: Target, declared: Declared): void {
  for (const child of declared.children.values()) removeNode(t, child);
}

/** Takes away a child with everything below it, the list element included. */
export function removeNode(t: Target, declared: Declared): void {
  clear(t, declared);
  if (declared.element !== undefined) t.emit({ kind: 'element.remove', component: t.component, path: declared.path });
}

function setNode(t: Target, path: Path, property: Property, tree: Tree, now: Declared): void {
  const { kind } = property;
  if ('unset' in tree) clear(t, now);
  else if ('x' in tree) setWhole(t, path, { x: tree.x }, now);
  else if ('k' in tree) setWhole(t, path, { k: tree.k }, now);
  else if ('list' in tree && (kind === 'array' || kind === 'any')) setList(t, path, property, tree.list, now);
  else if ('map' in tree && takesMembers(kind, tree.map)) setMap(t, path, property, tree.map, now);
  else setWhole(t, path, wholeCell(t, path, property, tree), now);
}

/** An open tree takes a map with unwritable keys as one literal; a schema's own containers refuse such keys. */
function takesMembers(kind: Property['kind'], members: Readonly<Record<string, Tree>>): boolean {
  return kind === 'object' || kind === 'map' || (kind === 'any' && Object.keys(members).every(isPathKey));
}

/** The cell that holds a whole tree: a literal, or a call that builds it around its sources. */
function wholeCell(t: Target, path: Path, property: Property, tree: Tree): Cell {
  const literal = jsonOfTree(tree);
  if (literal === undefined) {
    const expr = exprOfTree(tree);
    if (expr === undefined) {
      throw new RefusalError(
        refuse('secret_value_not_allowed', {
          path,
          expected: 'a secret on its own',
          got: 'a secret inside a value',
          hint: 'refer to secrets only below /secrets',
        }).refusal,
      );
    }
    return { x: property.kind === 'json' ? { f: ['toJson', expr] } : expr };
  }
  // A json property keeps text as it was written, and prints anything else.
  const value = property.kind === 'json' && typeof literal !== 'string' ? JSON.stringify(literal, null, 2) : literal;
  return literalCell(t, path, value);
}

function checkSize(path: Path, text: string): void {
  if (text.length <= limits.valueCharsMax) return;
  throw new RefusalError(
    refuse('limit_exceeded', {
      path,
      expected: `at most ${limits.valueCharsMax} characters`,
      got: String(text.length),
      hint: 'keep large payloads elsewhere and refer to them',
    }).refusal,
  );
}

function literalCell(t: Target, path: Path, value: Json): Cell {
  const text = canonical(value);
  checkSize(path, text);
  return text.length > limits.inlineValueCharsMax ? { b: t.draft.putBlob(text) } : { v: value };
}

function setWhole(t: Target, path: Path, cell: Cell, now: Declared): void {
  if ('x' in cell) checkSize(path, canonical(cell as unknown as Json));
  clearBelow(t, now);
  if (now.cell !== undefined && cellText(now.cell) === cellText(cell)) return;
  t.emit({ kind: 'cell.set', component: t.component, path, cell });
}

/** Leaves no cell of its own on a container that is set part by part, but for the mark of an empty one. */
function setMark(t: Target, path: Path, now: Declared, empty: 'map' | 'array' | undefined): void {
  if (empty !== undefined) {
    if (now.cell === undefined || cellText(now.cell) !== cellText({ c: empty })) {
      t.emit({ kind: 'cell.set', component: t.component, path, cell: { c: empty } });
    }
  } else if (now.cell !== undefined) t.emit({ kind: 'cell.unset', component: t.component, path });
}

function setMap(
  t: Target,
  path: Path,
  property: Property,
  members: Readonly<Record<string, Tree>>,
  now: Declared,
): void {
  const steps = Object.keys(members).map((key) => {
    const child = childProperty(property, { key }, t.spec.definitions);
    if (child !== undefined && isPathKey(key)) return { key, child };
    const known = Object.keys(property.properties ?? {});
    throw new RefusalError(
      refuse(child === undefined ? 'path_not_found' : 'path_invalid', {
        path: `${path}${pointerOf([key])}`,
        expected:
          child === undefined
            ? `one of ${known.slice(0, 12).join(', ')}${known.length > 12 ? ', …' : ''}`
            : 'a key without control characters',
        got: JSON.stringify(key),
        hint: child === undefined ? 'compare with `headwater schema describe`' : 'rename the key',
      }).refusal,
    );
  });
  const kept = steps.filter(({ key }) => !('unset' in members[key]!));
  setMark(t, path, now, kept.length === 0 ? 'map' : undefined);
  for (const [segment, child] of now.children) {
    const key = decodeSegment(segment).key;
    if (key === undefined || !Object.hasOwn(members, key)) removeNode(t, child);
  }
  for (const { key, child } of steps) {
    const below = childPath(path, key);
    setNode(t, below, child, members[key]!, now.children.get(below.slice(path.length + 1)) ?? nothingAt(below));
  }
}

function setList(t: Target, path: Path, property: Property, items: readonly Tree[], now: Declared): void {
  const present = elementsOf(now);
  const match = alignLists(
    present.map((e) => treeText(treeOfDeclared(t.draft, e.node) ?? unsetTree)),
    items.map(treeText),
  );
  setMark(t, path, now, items.length === 0 ? 'array' : undefined);
  const kept = new Set(match);
  for (const [i, element] of present.entries()) if (!kept.has(i)) removeNode(t, element.node);
  for (const [segment, child] of now.children) if (!segment.startsWith('@')) removeNode(t, child);

  const stays = inOrder(match, present);
  const item = childProperty(property, { element: true }, t.spec.definitions) ?? { kind: 'any' as const };
  const keys = newKeys(match, present, stays);
  for (const [i, tree] of items.entries()) {
    const p = match[i];
    const before = p === undefined ? undefined : present[p]!;
    const key = keys[i];
    if (key !== undefined) {
      const element = before?.id ?? givenElement(t, path, key, tree);
      const at = elementPath(path, element);
      // A list given whole is nobody's in particular: given twice at once, it is one list.
      if (before === undefined) insertElement(t, at, key, t.component as string as ChangeSetId);
      else t.emit({ kind: 'element.move', component: t.component, path: at, order: key });
      if (before === undefined) {
        setNode(t, at, item, tree, nothingAt(at));
        continue;
      }
    }
    setNode(t, before!.node.path, item, tree, before!.node);
  }
}

function insertElement(t: Target, path: Path, order: string, tie: ChangeSetId): void {
  t.emit({ kind: 'element.insert', component: t.component, path, order, tie });
}

/**
 * The id of an element of a list given whole: the same for whoever gives the same at the same place of the same list, so
 * that two who do are agreed. One that is taken, as that of an element that was moved or edited, is not used again.
 */
function givenElement(t: Target, list: Path, order: string, tree: Tree): ElementId {
  const id = elementIdFromHash(t.draft.digest(`${t.component}${list}\n${order}\n${treeText(tree)}`));
  const isTaken = t.draft.get('cells', elementKey(t.component, elementPath(list, id))) !== undefined;
  return isTaken ? t.ids.element() : id;
}

/** Of the matched elements, those whose order keys already ascend (a longest such run of them): they are not moved. */
function inOrder(
  match: readonly (number | undefined)[],
  present: readonly { readonly o: string }[],
): ReadonlySet<number> {
  // Longest strictly increasing subsequence of order keys, by patience sorting.
  const piles: number[] = [];
  const previous = new Map<number, number | undefined>();
  for (const p of match) {
    if (p === undefined) continue;
    const key = present[p]!.o;
    let low = 0;
    let high = piles.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (present[piles[middle]!]!.o < key) low = middle + 1;
      else high = middle;
    }
    previous.set(p, low === 0 ? undefined : piles[low - 1]);
    piles[low] = p;
  }
  const out = new Set<number>();
  for (let p = piles.at(-1); p !== undefined; p = previous.get(p)) out.add(p);
  return out;
}

/** Order keys for the items that get one, evenly between those of the elements that stay; undefined for these. */
function newKeys(
  match: readonly (number | undefined)[],
  present: readonly { readonly o: string }[],
  stays: ReadonlySet<number>,
): (string | undefined)[] {
  const out: (string | undefined)[] = [];
  let low: string | undefined;
  for (let i = 0; i <= match.length; i++) {
    const p = match[i];
    const stay = p !== undefined && stays.has(p) ? present[p]!.o : undefined;
    if (stay === undefined && i < match.length) continue;
    out.push(...keysBetween(low, stay, i - out.length));
    if (i < match.length) out.push(undefined);
    low = stay;
  }
  return out;
}

/**
 * Inserts `tree` before the element at `index` (undefined: at the end) of the list at `path`, and answers the path of
 * the new element. Defaults that the list shows become elements first. Refuses `element_not_found`.
 */
export function insertItem(t: Target, path: Path, property: Property, index: number | undefined, tree: Tree): Path {
  materialise(t, path, property);
  const elements = readElements(t.draft, t.component, path);
  const at = index ?? elements.length;
  if (!Number.isInteger(at) || at < 0 || at > elements.length) {
    throw new RefusalError(
      refuse('element_not_found', {
        path,
        expected: `an index from 0 to ${elements.length}`,
        got: String(index),
        hint: 'read the list again; leave the index out to append',
      }).refusal,
    );
  }
  const order = orderAt(elements, at);
  const element = elementPath(path, t.ids.element());
  if (t.draft.get('cells', cellKey(t.component, path)) === cellText({ c: 'array' })) {
    t.emit({ kind: 'cell.unset', component: t.component, path });
  }
  insertElement(t, element, order, t.changeSet);
  const item = childProperty(property, { element: true }, t.spec.definitions) ?? { kind: 'any' as const };
  setNode(t, element, item, tree, nothingAt(element));
  return element;
}

/** An order key for position `at`; among elements whose keys are equal, behind the whole run of them. */
export function orderAt(elements: readonly { readonly o: string }[], at: number): string {
  const low = elements[at - 1]?.o;
  for (let i = at; i < elements.length; i++) {
    const high = elements[i]!.o;
    if (low === undefined || high > low) return keyBetween(low, high);
  }
  return keyBetween(low, undefined);
}

/** Declares the default that a container shows, so that a part of it can be edited. */
export function materialise(t: Target, path: Path, property: Property): void {
  const value = derefProperty(property, t.spec.definitions).default;
  if (value === undefined) return;
  const now = readDeclared(t.draft, t.component, path);
  if (!isDeclared(now)) setNode(t, path, property, treeOfJson(value), now);
}
