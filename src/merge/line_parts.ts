// What receipt lines are made of: whose edit, which path, which fact; what a state has of it; and whether anything of it
// shows, is hidden or has no place.

import type { ComponentId } from '../base/ids.ts';
import { canonical, type JsonObject } from '../base/json.ts';
import { type Cell, parseCell } from '../model/cell.ts';
import { cellKey, elementKey } from '../model/keys.ts';
import { findComponent, specOfComponent } from '../model/lookup.ts';
import { ancestorsOf, lastSegment, type Path, wellKnown } from '../model/path.ts';
import { matchPattern } from '../model/pattern.ts';
import { checkLiteral } from '../model/property.ts';
import { propertyAt } from '../model/schema.ts';
import type { Reader } from '../model/state.ts';
import type { Mutation } from '../mutation/mutation.ts';
import { mutationsFor } from './difference.ts';
import type { Item } from './item.ts';
import type { HeadEdit, Merging } from './merging.ts';
import type { Party } from './receipt.ts';
import { type Place, placeOf, unitOf } from './side.ts';

export const partyOf = (item: Item): Party => ({
  author: item.author,
  atMs: item.atMs,
  version: item.version,
  wanted: item.m,
});

export const partyOfHead = (e: HeadEdit): Party => ({
  author: e.author,
  atMs: e.atMs,
  version: e.version,
  wanted: e.m,
  changeSet: e.changeSet,
});

/** The path people read: of a value its path, of another fact its key. */
export function pathOf(m: Mutation): string {
  if ('path' in m) return m.path;
  if (m.kind === 'record.set') return m.field;
  if (m.kind === 'text.edit') return 'text';
  return 'key' in m && m.key !== unitOf(m) ? m.key : '';
}

/** Does anything of the item show? */
export const stands = (item: Item): boolean => item.placed === undefined || item.placed.length > 0;

/** What a state has of the fact that an edit writes: of a record's field its value, else the text of the key. */
export function factAt(reader: Reader, m: Mutation): string | undefined {
  const { category, key } = placeOf(m);
  const text = reader.get(category, key);
  const field = m.kind === 'record.set' ? m.field : m.kind === 'text.edit' ? 'text' : undefined;
  return text === undefined || field === undefined ? text : canonical((JSON.parse(text) as JsonObject)[field] ?? null);
}

/** Is it an edit beneath a mark of deletion, hidden while that is there? */
export function isEdit(m: Mutation): boolean {
  return !m.kind.startsWith('component.') || m.kind === 'component.retype';
}

/** What is stored at a place when everything is placed. */
export const nowAt = (m: Merging, place: Place): string | null => m.draft.get(place.category, place.key) ?? null;

/** Has the component's variant no place for what the mutation leaves? */
export function isParked(reader: Reader, mutation: Mutation): boolean {
  if (mutation.kind !== 'cell.set') return false;
  const { component, path } = mutation;
  const record = findComponent(reader, component);
  const spec = record && specOfComponent(reader, record);
  const text = reader.get('cells', cellKey(component, path));
  if (spec === undefined || text === undefined || path === wellKnown.deletedAt) return false;
  const located = propertyAt(spec, path);
  if (located === undefined) return true;
  const cell: Cell = parseCell(text);
  return (
    'v' in cell && cell.v !== null && !checkLiteral(located.property, cell.v, path, reader.matches ?? matchPattern).ok
  );
}

/** Is the path that of a list element which is not there when everything is placed? */
export function isElementGone(m: Merging, component: ComponentId, path: Path): boolean {
  return lastSegment(path).element !== undefined && m.draft.get('cells', elementKey(component, path)) === undefined;
}

/**
 * Of an edit that takes something out of a list element: the outermost element around it that its side, `own`, has and
 * that is not there when everything is placed.
 */
export function aroundRemoval(
  m: Merging,
  edit: Mutation,
  own: Reader,
): { readonly component: ComponentId; readonly gone: Path } | undefined {
  if (edit.kind !== 'cell.unset' && edit.kind !== 'element.remove') return undefined;
  const { component, path } = edit;
  const gone = [...ancestorsOf(path)].find((above) => isElementGone(m, component, above));
  if (gone === undefined || own.get('cells', elementKey(component, gone)) === undefined) return undefined;
  return { component, gone };
}

/** What makes a removed list element again with all that one side has in it. */
export function elementBack(m: Merging, component: ComponentId, element: Path, own: Reader): Mutation[] {
  const inside = [...own.scan('cells', `${cellKey(component, element)}/`)].map(([key]) => key);
  return [elementKey(component, element), cellKey(component, element), ...inside].flatMap((key) =>
    m.draft.get('cells', key) === undefined
      ? mutationsFor({ category: 'cells', key }, undefined, own.get('cells', key))
      : [],
  );
}
