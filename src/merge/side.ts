// One side of a merge, indexed: which of its mutations belong to which unit, and which refer to a noun. A unit is what
// one replay is local to: a component with everything that stands about it, or one other noun. Two sides meet in the
// units that both have; everything else between them goes through references. Looking up costs the smaller side.

import type { ComponentId, SecretId } from '../base/ids.ts';
import { isObject } from '../base/json.ts';
import { unreachable } from '../base/result.ts';
import type { Cell } from '../model/cell.ts';
import { sourcesOf, userFunctionsOf } from '../model/expr.ts';
import { cellKey, elementKey, idLength } from '../model/keys.ts';
import { type Path, wellKnown } from '../model/path.ts';
import type { Category } from '../model/state.ts';
import type { Mutation } from '../mutation/mutation.ts';
import { nouns } from '../mutation/nouns.ts';

/** A key of a category. */
export interface Place {
  readonly category: Category;
  readonly key: string;
}

/** The id of the component, or the key of the other noun, that a mutation is about. */
export function unitOf(m: Mutation): string {
  switch (m.kind) {
    case 'record.create':
    case 'record.remove':
    case 'record.set':
      switch (m.noun) {
        case 'placement':
          return m.key.slice(idLength + 1);
        case 'module':
        case 'view':
        case 'function':
        case 'binding':
        case 'secret':
        case 'schema':
          return m.key;
        case 'approvers':
        case 'variant':
        case 'depends':
        case 'manages':
        case 'flag':
        case 'ignored':
        case 'override':
          return m.key.slice(0, idLength);
        default:
          return unreachable(m.noun);
      }
    case 'text.edit':
      return m.function;
    default:
      return m.component;
  }
}

/** The key a mutation writes; that of the component's record for one that writes a whole component. */
export function placeOf(m: Mutation): Place {
  switch (m.kind) {
    case 'cell.set':
    case 'cell.unset':
      return { category: 'cells', key: cellKey(m.component, m.path) };
    case 'element.insert':
    case 'element.move':
    case 'element.remove':
      return { category: 'cells', key: elementKey(m.component, m.path) };
    case 'component.mark':
    case 'component.unmark':
      return { category: 'cells', key: `${m.component}/deleted_at` };
    case 'component.create':
    case 'component.erase':
    case 'component.retype':
      return { category: 'components', key: m.component };
    case 'record.create':
    case 'record.remove':
    case 'record.set':
      return { category: nouns[m.noun].category, key: m.key };
    case 'text.edit':
      return { category: 'functions', key: m.function };
    default:
      return unreachable(m);
  }
}

/** What a mutation writes at the grain of facts: a key, or one field of a record. */
export function factOf(m: Mutation): string {
  const { category, key } = placeOf(m);
  if (m.kind === 'record.set') return `${category} ${key} ${m.field}`;
  return m.kind === 'text.edit' ? `${category} ${key} text` : `${category} ${key}`;
}

const noRefs: readonly string[] = [];

/** Ids of nouns that a mutation uses besides its own unit. */
export function refsOfMutation(m: Mutation): readonly string[] {
  switch (m.kind) {
    case 'cell.set':
      // Most values refer to nothing.
      return 'v' in m.cell ? noRefs : refsOfCell(m.cell).filter((id) => id !== m.component);
    case 'component.create': {
      const { record, cells, dependsOn, manages } = m.image;
      const out: string[] = [record.schema, record.variant, ...dependsOn, ...manages];
      for (const cell of Object.values(cells)) out.push(...refsOfCell(cell as unknown as Cell));
      return out.filter((id) => id !== m.component);
    }
    case 'component.retype':
      return [m.schema, m.variant];
    case 'record.create':
      switch (m.noun) {
        case 'depends':
        case 'manages':
          return [m.key.slice(-idLength)];
        case 'placement':
          return [m.key.slice(0, idLength)];
        case 'binding': {
          const target = m.record['target'];
          const ids = isObject(target) ? Object.values(target) : [];
          return [m.record['function'] as string, ...(ids as string[])];
        }
        default:
          return [];
      }
    case 'record.set':
      // One binding made over another of the same id is written field by field.
      if (m.noun !== 'binding') return noRefs;
      if (m.field === 'function') return [m.value as string];
      return m.field === 'target' && isObject(m.value) ? (Object.values(m.value) as string[]) : noRefs;
    default:
      return [];
  }
}

function refsOfCell(cell: Cell): string[] {
  if ('k' in cell) return [cell.k as SecretId];
  return 'x' in cell ? [...sourcesOf(cell.x).map((s) => s.component as string), ...userFunctionsOf(cell.x)] : [];
}

/** An edge between components that a mutation adds, in a graph that must not close. */
export type EdgeKind = 'value' | 'depends' | 'manages';

/** Where the mutation adds edges: for values the following cells and the bindings, for the others the key of the edge. */
export function edgesOf(m: Mutation): { readonly kind: EdgeKind; readonly key: string }[] {
  if (m.kind === 'cell.set') return 'x' in m.cell ? [{ kind: 'value', key: cellKey(m.component, m.path) }] : [];
  if ((m.kind === 'record.create' || m.kind === 'record.set') && m.noun === 'binding')
    return [{ kind: 'value', key: m.key }];
  if (m.kind === 'record.create' && (m.noun === 'depends' || m.noun === 'manages'))
    return [{ kind: m.noun, key: m.key }];
  if (m.kind !== 'component.create') return [];
  const { cells, dependsOn, manages } = m.image;
  return [
    ...Object.keys(cells)
      .filter((suffix) => cells[suffix]!['x'] !== undefined)
      .map((suffix) => ({ kind: 'value' as const, key: cellKey(m.component, suffix as Path) })),
    ...dependsOn.map((on) => ({ kind: 'depends' as const, key: `${m.component}/depends/${on}` })),
    ...manages.map((on) => ({ kind: 'manages' as const, key: `${m.component}/manages/${on}` })),
  ];
}

const addsEdges: { readonly [kind in Mutation['kind']]?: true } = {
  'record.create': true,
  'record.set': true,
  'component.create': true,
};

/** Positions of entries, ascending. One alone is itself: most units have one, and lists of one would be most of an index. */
type Positions = number | number[];

const none: readonly number[] = [];

export class Side<E extends { readonly m: Mutation }> {
  readonly entries: E[] = [];
  readonly #units = new Map<string, Positions>();
  readonly #refs = new Map<string, Positions>();
  /** Keys of added edges, by kind, in order of adding. */
  readonly edges: Readonly<Record<EdgeKind, Set<string>>> = {
    value: new Set(),
    depends: new Set(),
    manages: new Set(),
  };
  /** Positions of removals of records and of components, which other nouns may refer to. */
  readonly removals: number[] = [];
  /** Positions of what may put a function in force that was not before: what stood over its value goes, or another one bound there. */
  readonly uncovering: number[] = [];
  /** Positions of what may clash by its content: names, resource ids, bindings, variants. */
  readonly contents: number[] = [];
  /** Functions whose text is edited or written, in order of the first edit. */
  readonly texts = new Set<string>();

  static of<E extends { readonly m: Mutation }>(entries: Iterable<E>): Side<E> {
    const side = new Side<E>();
    for (const e of entries) side.add(e);
    return side;
  }

  add(entry: E): void {
    const at = this.entries.push(entry) - 1;
    const { m } = entry;
    push(this.#units, unitOf(m), at);
    // Most entries set a value that refers to nothing, and have no place in the other indexes.
    if (m.kind === 'cell.set' && 'v' in m.cell && !clashesByContent(m)) return;
    for (const id of refsOfMutation(m)) push(this.#refs, id, at);
    if (isUncovering(m)) this.uncovering.push(at);
    if (m.kind === 'cell.set' ? 'x' in m.cell : addsEdges[m.kind] === true)
      for (const edge of edgesOf(m)) this.edges[edge.kind].add(edge.key);
    if (m.kind === 'component.erase' || m.kind === 'component.mark' || m.kind === 'record.remove')
      this.removals.push(at);
    if (clashesByContent(m)) this.contents.push(at);
    if (m.kind === 'text.edit' || setsText(m)) this.texts.add(unitOf(m));
  }

  /** Puts another entry in place of one; it must be of the same unit and refer to nothing more. */
  replace(at: number, entry: E): void {
    this.entries[at] = entry;
  }

  /** Positions in a unit, ascending. */
  inUnit(unit: string): readonly number[] {
    return listOf(this.#units.get(unit));
  }

  /** Positions that refer to a noun, ascending. */
  referring(id: string): readonly number[] {
    return listOf(this.#refs.get(id));
  }

  /** The units that have entries, by the first of these. */
  get units(): Pick<ReadonlyMap<string, unknown>, 'keys' | 'has' | 'size'> {
    return this.#units;
  }
}

function isUncovering(m: Mutation): boolean {
  if (m.kind === 'record.remove') return m.noun === 'binding';
  return m.kind === 'component.retype' || m.kind === 'cell.unset' || m.kind === 'element.remove';
}

/** Does a side take away a noun that is put back, as it was last, where the other has begun to use it? */
export function removesUsable(side: Side<{ readonly m: Mutation }>): boolean {
  return side.removals.some((at) => {
    const { m } = side.entries[at]!;
    return m.kind === 'record.remove' && (m.noun === 'function' || m.noun === 'schema' || m.noun === 'variant');
  });
}

/** Does a mutation write the text of a function as a whole? */
export function setsText(m: Mutation): boolean {
  if (m.kind !== 'record.create' && m.kind !== 'record.set') return false;
  return m.noun === 'function' && (m.kind === 'record.create' || m.field === 'text');
}

const listOf = (positions: Positions | undefined): readonly number[] =>
  positions === undefined ? none : typeof positions === 'number' ? [positions] : positions;

function clashesByContent(m: Mutation): boolean {
  if (m.kind === 'cell.set') return m.path === wellKnown.resourceId || m.path === wellKnown.movedFrom;
  if (m.kind === 'component.create')
    return m.image.cells[wellKnown.resourceId] !== undefined || m.image.cells[wellKnown.movedFrom] !== undefined;
  if (m.kind !== 'record.create' && m.kind !== 'record.set' && m.kind !== 'record.remove') return false;
  switch (m.noun) {
    case 'binding':
    case 'variant':
    case 'view':
    case 'schema':
    case 'secret':
    case 'function':
    case 'placement':
    case 'approvers':
      return true;
    default:
      return false;
  }
}

function push(map: Map<string, Positions>, key: string, at: number): void {
  const before = map.get(key);
  if (before === undefined) map.set(key, at);
  else if (typeof before === 'number') {
    // A new list of two: one that grows takes room for sixteen more.
    if (before !== at) map.set(key, [before, at]);
  } else if (before[before.length - 1] !== at) before.push(at);
}

/** The component of a component's unit, for the mutations that have one. */
export function componentOf(m: Mutation): ComponentId | undefined {
  if ('component' in m) return m.component;
  if (m.kind === 'text.edit') return undefined;
  switch (m.noun) {
    case 'placement':
    case 'depends':
    case 'manages':
    case 'flag':
    case 'ignored':
    case 'override':
      return unitOf(m) as ComponentId;
    default:
      return undefined;
  }
}
