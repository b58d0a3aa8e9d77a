// A value cell: what somebody declared at one path of one component. Cells exist only where something was declared;
// everything else comes from the schema's defaults or from what the cell follows. A list element has, besides its
// value cell, an element record with its order key, so that moving it and setting it are different edits.

import type { ElementId, Hash, SecretId } from '../base/ids.ts';
import { canonical, type Json } from '../base/json.ts';
import type { Expr } from './expr.ts';

export type Cell =
  /** A literal. */
  | { readonly v: Json }
  /** A literal too long to stand here: the hash of its canonical text, kept as a blob. */
  | { readonly b: Hash }
  /** Follows an expression. */
  | { readonly x: Expr }
  /** An empty container, declared as such. */
  | { readonly c: 'map' | 'array' }
  /** Declared to have no value, so that not even the default shows. */
  | { readonly u: 1 }
  /** A reference to a secret (below /secrets). */
  | { readonly k: SecretId };

/** One list element: its order key, and the change set that inserted it, which breaks ties between equal keys. */
export interface ElementRecord {
  readonly o: string;
  /** Tie-break between equal order keys: the id of the change set the element was born in. */
  readonly t: string;
}

export interface Element extends ElementRecord {
  readonly id: ElementId;
}

export function cellText(cell: Cell): string {
  // Its only member: what most cells are needs no sorting.
  if ('v' in cell) return `{"v":${canonical(cell.v)}}`;
  return canonical(cell as unknown as Json);
}

// What a cell is can be told from its text, which begins with its only member. Scans ask of every cell; parsing all of them
// would be most of their work.

/** Is it the text of a cell that follows an expression? */
export function isFollowing(text: string | null | undefined): boolean {
  return text?.startsWith('{"x":') ?? false;
}

/** Is it the text of a cell that only says that an empty container is declared there? */
export function isContainer(text: string | undefined): boolean {
  return text?.startsWith('{"c":') ?? false;
}

export function parseCell(text: string): Cell {
  return JSON.parse(text) as Cell;
}

export function elementText(record: ElementRecord): string {
  return canonical(record as unknown as Json);
}

export function parseElement(text: string): ElementRecord {
  return JSON.parse(text) as ElementRecord;
}

/** The order of a list: by order key, ties by the change set that inserted it, then by id. */
export function compareElements(a: Element, b: Element): number {
  if (a.o !== b.o) return a.o < b.o ? -1 : 1;
  if (a.t !== b.t) return a.t < b.t ? -1 : 1;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
