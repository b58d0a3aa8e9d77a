// The value graph at the grain of addresses (component, path): who follows what. Edges come from cells that follow an
// expression and from functions bound to components. Reading a container reads everything below it, and a cell on a container gives everything below it, so an
// edge touches every address that overlaps its ends.

import type { ComponentId } from '../base/ids.ts';
import { isFollowing, parseCell } from '../model/cell.ts';
import { hasConstraints } from '../model/constraints.ts';
import { type Source, sourcesOf } from '../model/expr.ts';
import { cellKey, index, indexUser, splitAddress, splitCellKey } from '../model/keys.ts';
import { findComponent, specOfComponent } from '../model/lookup.ts';
import { ancestorsOf, overlaps, type Path, parentPath, validationPath, wellKnown } from '../model/path.ts';
import type { Reader } from '../model/state.ts';
import { type Bound, BoundTable, boundsOf, boundsReading, readsAt } from './bound.ts';

/** An edge of the value graph: the cell at `user` reads `source`. */
export interface Edge {
  readonly source: Source;
  readonly user: Source;
}

/** The sources that one stored cell text reads; empty for anything but a following cell. */
export function sourcesOfCellText(text: string): Source[] {
  if (!isFollowing(text)) return [];
  const cell = parseCell(text);
  return 'x' in cell ? sourcesOf(cell.x) : [];
}

/** The following cells that the value at an address is made from: at it, below it and on its ancestors. */
export function followingCells(reader: Reader, at: Source): { readonly cell: Source; readonly text: string }[] {
  const out: { cell: Source; text: string }[] = [];
  const add = (path: Path, text: string | undefined): void => {
    if (text !== undefined && isFollowing(text)) out.push({ cell: { component: at.component, path }, text });
  };
  for (const path of [at.path, ...ancestorsOf(at.path)]) add(path, reader.get('cells', cellKey(at.component, path)));
  for (const [key, text] of reader.scan('cells', `${at.component}${at.path}/`)) {
    const place = splitCellKey(key);
    if (!place.element) add(place.path, text);
  }
  return out;
}

/** Edges that the value at an address is computed from. A following cell without sources has none. */
export function edgesInto(reader: Reader, at: Source, table?: BoundTable): Edge[] {
  const cells = followingCells(reader, at).flatMap(({ cell, text }) =>
    sourcesOfCellText(text).map((source) => ({ source, user: cell })),
  );
  const isMade = (b: Bound): boolean => overlaps(b.output, at.path);
  const functions = boundsOf(reader, at.component, table, isMade).flatMap((b) => edgesOfBound(at.component, b));
  const own = overlaps(at.path, validationPath) ? edgesOfValidation(reader, at.component) : [];
  return functions.length + own.length === 0 ? cells : [...cells, ...functions, ...own];
}

/** What a bound function reads. */
function edgesOfBound(component: ComponentId, bound: Bound): Edge[] {
  const user = { component, path: bound.output };
  return bound.arguments.flatMap(({ path }) => (path === undefined ? [] : [{ source: { component, path }, user }]));
}

/** What the engine's own qualification reads, on components that have it. */
function edgesOfValidation(reader: Reader, component: ComponentId): Edge[] {
  const record = findComponent(reader, component);
  const spec = record && specOfComponent(reader, record);
  if (spec === undefined || !hasConstraints(spec)) return [];
  return [{ source: { component, path: wellKnown.domain }, user: { component, path: validationPath } }];
}

/** Does anything read the engine's own qualification of a component? Then it is a value that is kept like others. */
export function isValidationRead(reader: Reader, component: ComponentId, bounds: readonly Bound[]): boolean {
  if (boundsReading(bounds, validationPath).length > 0) return true;
  const root = parentPath(validationPath);
  for (const prefix of [
    index.subscribersAt(component, root),
    index.subscribersAt(component, validationPath),
    index.subscribersBelow(component, validationPath),
  ])
    for (const _ of reader.scan('index', prefix)) return true;
  return false;
}

/** Edges from an address: of the cells and bound functions that read it, something above it or something below it. */
export function edgesOutOf(reader: Reader, at: Source, table?: BoundTable): Edge[] {
  const isNear = overlaps(at.path, wellKnown.domain);
  // The validation is read by those, too, and looked for only near what it reads.
  const isNeeded = (b: Bound): boolean => readsAt(b, at.path) || (isNear && readsAt(b, validationPath));
  const bounds = boundsOf(reader, at.component, table, isNeeded);
  const out: Edge[] = boundsReading(bounds, at.path)
    .flatMap((b) => edgesOfBound(at.component, b))
    .filter((e) => overlaps(e.source.path, at.path));
  if (isNear && isValidationRead(reader, at.component, bounds)) out.push(...edgesOfValidation(reader, at.component));
  const addAll = (prefix: string): void => {
    for (const [key] of reader.scan('index', prefix)) {
      const end = key.indexOf('\u0000');
      out.push({ source: splitAddress(key.slice('cell:'.length, end)), user: splitAddress(indexUser(key)) });
    }
  };
  addAll(index.subscribersAt(at.component, at.path));
  addAll(index.subscribersBelow(at.component, at.path));
  for (const ancestor of ancestorsOf(at.path)) addAll(index.subscribersAt(at.component, ancestor));
  return out;
}

/** Every edge from any value of a component, in index order. */
export function edgesOutOfComponent(reader: Reader, component: ComponentId): Edge[] {
  const out: Edge[] = [];
  for (const [key] of reader.scan('index', index.subscribersOf(component))) {
    const end = key.indexOf('\u0000');
    out.push({ source: splitAddress(key.slice('cell:'.length, end)), user: splitAddress(indexUser(key)) });
  }
  return out;
}

/**
 * The cells that follow any of the given addresses, directly or through others, each once, in breadth-first order of
 * the addresses given and then of the index. `most` bounds the answer; `cut` tells that there are more.
 */
export function reach(reader: Reader, from: readonly Source[], most: number): { cells: Source[]; cut: boolean } {
  const seen = new Set<string>();
  const cells: Source[] = [];
  const queue = [...from];
  const table = new BoundTable(reader);
  for (let i = 0; i < queue.length; i++) {
    for (const { user } of edgesOutOf(reader, queue[i]!, table)) {
      const address = user.component + user.path;
      if (seen.has(address)) continue;
      if (cells.length >= most) return { cells, cut: true };
      seen.add(address);
      cells.push(user);
      queue.push(user);
    }
  }
  return { cells, cut: false };
}
