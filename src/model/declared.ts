// What is declared at and below one path of a component, as a tree: the cells and list elements read in one scan.
// Defaults, followed values and reality are not in it; those are evaluation's business.

import type { ComponentId, ElementId } from '../base/ids.ts';
import { type Cell, compareElements, type Element, type ElementRecord, parseCell, parseElement } from './cell.ts';
import { cellKey, elementKey, splitCellKey } from './keys.ts';
import type { Path } from './path.ts';
import type { Reader } from './state.ts';

export interface Declared {
  readonly path: Path;
  cell: Cell | undefined;
  /** Set when this is a list element that exists. */
  element: ElementRecord | undefined;
  /** By segment as written in paths, in key order. */
  readonly children: ReadonlyMap<string, Declared>;
}

/** Of all that have none: most nodes are leaves. */
const noChildren: ReadonlyMap<string, Declared> = new Map();

/** Nothing declared at a path. */
export function nothingAt(path: Path): Declared {
  return { path, cell: undefined, element: undefined, children: noChildren };
}

interface Growing extends Declared {
  children: ReadonlyMap<string, Growing>;
}

function node(path: Path): Growing {
  return { path, cell: undefined, element: undefined, children: noChildren as Growing['children'] };
}

function childIn(parent: Growing, segment: string): Growing {
  const known = parent.children.get(segment);
  if (known !== undefined) return known;
  const child = node(`${parent.path}/${segment}` as Path);
  if (parent.children === noChildren) parent.children = new Map([[segment, child]]);
  else (parent.children as Map<string, Growing>).set(segment, child);
  return child;
}

/** Reads what is declared at and below `path` ('' for the whole component). */
export function readDeclared(reader: Reader, component: ComponentId, path: Path): Declared {
  const root = node(path);
  if (path !== '') {
    const own = reader.get('cells', cellKey(component, path));
    if (own !== undefined) root.cell = parseCell(own);
    const element = reader.get('cells', elementKey(component, path));
    if (element !== undefined) root.element = parseElement(element);
  }
  for (const [key, text] of reader.scan('cells', `${component}${path}/`)) {
    const at = splitCellKey(key);
    let here = root;
    for (const segment of at.path.slice(path.length + 1).split('/')) here = childIn(here, segment);
    if (at.element) here.element = parseElement(text);
    else here.cell = parseCell(text);
  }
  return root;
}

/** How many nodes it has. */
export function sizeOf(declared: Declared): number {
  let size = 1;
  for (const child of declared.children.values()) size += sizeOf(child);
  return size;
}

/** Is anything declared here or below? Cells below a list element that is gone do not count. */
export function isDeclared(declared: Declared): boolean {
  if (declared.cell !== undefined || declared.element !== undefined) return true;
  for (const [segment, child] of declared.children) {
    if (segment.startsWith('@') && child.element === undefined) continue;
    if (isDeclared(child)) return true;
  }
  return false;
}

/** The list elements directly below, in list order, each with its subtree. */
export function elementsOf(declared: Declared): (Element & { readonly node: Declared })[] {
  const out: (Element & { readonly node: Declared })[] = [];
  for (const [segment, child] of declared.children) {
    if (child.element !== undefined) out.push({ id: segment.slice(1) as ElementId, ...child.element, node: child });
  }
  return out.sort(compareElements);
}

/** Does it hold list elements (as opposed to members)? */
export function hasElements(declared: Declared): boolean {
  for (const child of declared.children.values()) if (child.element !== undefined) return true;
  return false;
}

/** The elements of the list at `path`, in list order, without their subtrees. */
export function readElements(reader: Reader, component: ComponentId, path: Path): Element[] {
  const out: Element[] = [];
  const prefix = `${component}${path}/@`;
  for (const [key, text] of reader.scan('cells', prefix)) {
    if (!key.endsWith('#') || key.indexOf('/', prefix.length) !== -1) continue;
    out.push({ id: key.slice(prefix.length, -1) as ElementId, ...parseElement(text) });
  }
  return out.sort(compareElements);
}
