// What a step from one state to another may have changed for values: addresses whose readers have to be looked at,
// components of which anything may be another, and vertices that came or went. Made by comparing the two states, so it does
// not matter how one led to the other: an edit, a catch-up, an apply, a revert.

import type { ComponentId, VariantId } from '../base/ids.ts';
import type { BindingRecord } from '../model/function.ts';
import { idLength, index, indexUser, splitAddress, splitCellKey } from '../model/keys.ts';
import { type Path, wellKnown } from '../model/path.ts';
import type { Reader } from '../model/state.ts';
import { diff } from '../snapshot/diff.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';

export interface CellChange {
  readonly component: ComponentId;
  readonly path: Path;
  /** Of a list element's place, not of its value. */
  readonly element: boolean;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

export interface EdgeChange {
  /** The address read. */
  readonly source: { readonly component: ComponentId; readonly path: Path };
  /** The cell that reads it, as an address. */
  readonly user: string;
  readonly added: boolean;
}

export interface Changes {
  readonly cells: readonly CellChange[];
  readonly edges: readonly EdgeChange[];
  /** Components of which every value and every reader has to be looked at, in order. */
  readonly components: readonly ComponentId[];
  /** Components whose reported resource is another. */
  readonly resources: readonly ComponentId[];
}

const cellPrefix = 'cell:';

export function changesBetween(before: Snapshot, after: Snapshot): Changes {
  const cells: CellChange[] = [];
  const edges: EdgeChange[] = [];
  const whole = new Set<ComponentId>();
  const resources: ComponentId[] = [];
  for (const { key, before: was, after: is } of diff(before.map('cells'), after.map('cells'))) {
    const { component, path, element } = splitCellKey(key);
    // The mark of deletion, or an id that keeps a marked component there: all of it comes or goes.
    if (path === wellKnown.deletedAt || path === wellKnown.resourceId) whole.add(component);
    cells.push({ component, path, element, before: was, after: is });
  }
  for (const { key, after: is } of diff(before.map('index'), after.map('index'))) {
    if (!key.startsWith(cellPrefix)) continue;
    const end = key.indexOf('\u0000');
    edges.push({
      source: splitAddress(key.slice(cellPrefix.length, end)),
      user: indexUser(key),
      added: is !== undefined,
    });
  }
  for (const { key } of diff(before.map('components'), after.map('components')))
    if (key.length === idLength) whole.add(key as ComponentId);
  for (const { key } of diff(before.map('resources'), after.map('resources'))) resources.push(key as ComponentId);
  for (const component of ofChangedTypes(before, after)) whole.add(component);
  // Marked and kept by its resource, or not any more.
  for (const component of resources) {
    if (after.get('cells', component + wellKnown.deletedAt) !== undefined) whole.add(component);
  }
  return { cells, edges, components: [...whole].sort(), resources };
}

/** Components whose variant, or a function bound to it, is another. */
function ofChangedTypes(before: Snapshot, after: Snapshot): Set<ComponentId> {
  const variants = new Set<string>();
  const schemas = new Set<string>();
  const functions = new Set<string>();
  for (const { key, before: was, after: is } of diff(before.map('schemas'), after.map('schemas')))
    if (key.length > idLength && was !== is) variants.add(key.slice(idLength + 1));
  const target = (text: string | undefined): void => {
    if (text === undefined) return;
    const { target: at } = JSON.parse(text) as BindingRecord;
    if (at.variant !== undefined) variants.add(at.variant);
    else schemas.add(at.schema!);
  };
  for (const { before: was, after: is } of diff(before.map('bindings'), after.map('bindings'))) {
    target(was);
    target(is);
  }
  for (const { key } of diff(before.map('functions'), after.map('functions'))) functions.add(key);
  const out = new Set<ComponentId>();
  if (functions.size > 0) {
    for (const reader of [before, after]) {
      for (const [, text] of reader.scan('bindings', ''))
        if (functions.has((JSON.parse(text) as BindingRecord).function)) target(text);
    }
    for (const reader of [before, after]) {
      for (const id of functions)
        for (const [key] of reader.scan('index', index.callersOf(id))) out.add(splitAddress(indexUser(key)).component);
    }
  }
  for (const reader of [before, after]) {
    for (const schema of schemas)
      for (const [key] of reader.scan('schemas', `${schema}/`)) variants.add(key.slice(schema.length + 1));
    for (const variant of variants)
      for (const component of componentsOf(reader, variant as VariantId)) out.add(component);
  }
  return out;
}

function* componentsOf(reader: Reader, variant: VariantId): Iterable<ComponentId> {
  for (const [key] of reader.scan('index', index.componentsOf(variant))) yield indexUser(key) as ComponentId;
}
