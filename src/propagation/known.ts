// What propagation remembers of a state between steps: of each component it has met its facts, its vertices and who reads
// it. All of it can be read again from the state; a step to another state takes away or mends what the step changed, so the
// cost of remembering is that of the change.

import type { ComponentId, FunctionId, Hash } from '../base/ids.ts';
import { compareText } from '../base/json.ts';
import type { Facts } from '../builtins/assemble.ts';
import { factsOf, type ReadFacts } from '../builtins/facts.ts';
import { type Bound, BoundTable, boundsReading } from '../graph/bound.ts';
import { isValidationRead } from '../graph/edges.ts';
import { type Cell, isContainer, isFollowing } from '../model/cell.ts';
import { type Declared, nothingAt, sizeOf } from '../model/declared.ts';
import { type Expr, sourcesOf } from '../model/expr.ts';
import type { FunctionKind, FunctionRecord } from '../model/function.ts';
import { splitCellKey } from '../model/keys.ts';
import { findRecord } from '../model/lookup.ts';
import type { ResourceRecord } from '../model/module.ts';
import { ancestorsOf, overlaps, type Path, parentPath, validationPath, wellKnown } from '../model/path.ts';
import type { Matches } from '../model/pattern.ts';
import type { Property } from '../model/property.ts';
import type { VariantSpec } from '../model/schema.ts';
import type { Reader } from '../model/state.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { CellChange, Changes } from './changes.ts';
import { Readers } from './readers.ts';
import { holds, insert, remove, within } from './sorted_paths.ts';

/** More changes of cells, or of edges, than this in one step: it is cheaper to read the components, or sort their readers, again. */
const mendedMax = 512;

export class Known {
  #state: Snapshot;
  readonly #components = new Map<ComponentId, KnownComponent>();
  /** The one that was asked for last: mostly the next one, too. */
  #last: KnownComponent | undefined;
  /** Outlive what is known of the component itself. */
  readonly #readers = new Map<ComponentId, Readers>();
  readonly #most: number;
  readonly trees: TreeBound;
  readonly bounds: BoundTable;
  /** The state as it is when it is asked. */
  readonly now: Reader;

  /** `most`: components remembered at once; `mostNodes`: nodes of declared trees, some 300 bytes each. */
  constructor(state: Snapshot, most = 200_000, mostNodes = 131_072) {
    this.#state = state;
    this.#most = most;
    this.trees = new TreeBound(mostNodes);
    this.now = {
      get: (category, key) => this.#state.get(category, key),
      scan: (category, prefix, after) => this.#state.scan(category, prefix, after),
      blob: (hash) => this.#state.blob(hash),
      matches: state.matches,
    };
    this.bounds = new BoundTable(this.now);
  }

  /** Every validation counts as read: for asking what may be reached. */
  everyValidation = false;

  /** Grows whenever who reads what may be another than before. */
  structure = 0;

  get state(): Snapshot {
    return this.#state;
  }

  component(id: ComponentId): KnownComponent {
    if (this.#last?.id === id) return this.#last;
    let known = this.#components.get(id);
    if (known === undefined) {
      known = new KnownComponent(this, id);
      // All at once: who needs many needs them again, in the same order, and would find each one just gone.
      if (this.#components.size >= this.#most) this.#components.clear();
      this.#components.set(id, known);
    }
    this.#last = known;
    return known;
  }

  readersOf(id: ComponentId): Readers {
    let readers = this.#readers.get(id);
    if (readers === undefined) {
      readers = new Readers(this.now, id);
      if (this.#readers.size >= this.#most) this.#readers.clear();
      this.#readers.set(id, readers);
    }
    return readers;
  }

  functionOf(id: FunctionId): { name: string; kind: FunctionKind; text: Hash } | undefined {
    const fn = findRecord<FunctionRecord>(this.#state, 'functions', id);
    return fn && { name: fn.name, kind: fn.kind, text: fn.text };
  }

  /** Goes on to another state; `changes` are all that lie between. */
  moveTo(state: Snapshot, changes: Changes): void {
    this.#state = state;
    this.#last = undefined;
    this.bounds.forget();
    const { components, rebound, resources } = changes;
    if (components.length + rebound.length + changes.edges.length > 0 || changes.cells.some(isStructural))
      this.structure++;
    for (const ids of [components, rebound, resources]) for (const id of ids) this.#components.delete(id);
    const keepsOrder = changes.edges.length <= mendedMax;
    for (const edge of changes.edges) {
      const readers = this.#readers.get(edge.source.component);
      if (!keepsOrder) readers?.forgetOrder();
      readers?.change(edge);
    }
    const isMended = changes.cells.length <= mendedMax;
    for (const { component, path, element, after } of changes.cells) {
      const known = this.#components.get(component);
      // What is declared decides which bound functions are in force.
      if (known === undefined || !isMended || known.hasBounds) this.#components.delete(component);
      else known.changeCell(path, element, after);
    }
  }
}

/** Does a change of a cell change which vertices there are? What is declared over a bound function's output does, too. */
function isStructural({ before, after }: CellChange): boolean {
  if (before === undefined || after === undefined) return true;
  if (isFollowing(before) || isFollowing(after)) return true;
  return isContainer(before) !== isContainer(after);
}

/** Is nothing declared there but that it is an empty container? */
export function isOpen(text: string | undefined): boolean {
  return text === undefined || isContainer(text);
}

/** What computes a value: an expression that a cell follows, a bound function, or the engine's own qualification. */
export type Vertex = { readonly expr: Expr } | { readonly bound: Bound } | 'validation';

/** One component as remembered. */
export class KnownComponent {
  readonly id: ComponentId;
  /** undefined: it is gone. */
  readonly facts: RememberedFacts | undefined;
  readonly #known: Known;
  readonly #now: Reader;
  /** Answers of `usersAt` and `readsOf` as of `#structure`. */
  #structure = -1;
  readonly #usersAt = new Map<Path, readonly string[]>();
  readonly #reads = new Map<Path, readonly string[]>();
  #vertices: Path[] | undefined;

  constructor(known: Known, id: ComponentId) {
    this.#known = known;
    this.#now = known.now;
    this.id = id;
    const facts = factsOf(known.now, id, known.bounds);
    this.facts = facts && new RememberedFacts(facts, known.trees);
  }

  get hasBounds(): boolean {
    return (this.facts?.outputs.length ?? 0) > 0;
  }

  /** Paths of its vertices in ascending order: following cells, outputs of bound functions and the validation. */
  get vertices(): readonly Path[] {
    if (this.#vertices === undefined) {
      const out: Path[] = [];
      for (const [key, text] of this.#now.scan('cells', `${this.id}/`))
        if (isFollowing(text)) out.push(splitCellKey(key).path);
      for (const { output } of this.facts?.bounds ?? []) out.push(output);
      if (this.facts?.validated) out.push(validationPath);
      this.#vertices = out.sort(compareText);
    }
    return this.#vertices;
  }

  /** Vertices of which the value at a path is made: above it, at it, below it. */
  verticesAt(path: Path): Path[] {
    const { vertices } = this;
    if (vertices.length === 0) return [];
    return [...ancestorsOf(path).filter((above) => holds(vertices, above)), ...within(vertices, path)];
  }

  /** What is computed at a path; undefined: nothing is. */
  vertexAt(path: Path): Vertex | undefined {
    const cell = this.facts?.cellAt(path);
    if (cell !== undefined) return 'x' in cell ? { expr: cell.x } : undefined;
    const bound = this.boundAt(path);
    if (bound !== undefined) return { bound };
    return path === validationPath && this.facts?.validated ? 'validation' : undefined;
  }

  /** Can anything of it be read? Of a component that is marked or gone readers see nothing, whatever is declared. */
  get isThere(): boolean {
    return this.facts !== undefined && !this.facts.absent;
  }

  /** Addresses of the vertices that read a path, something above it or something below it, and see what is there. */
  usersAt(path: Path): readonly string[] {
    this.#sameStructure();
    let users = this.#usersAt.get(path);
    if (users === undefined) {
      users = this.#usersOf(path, (readers) => readers.within(path));
      this.#usersAt.set(path, users);
    }
    return users;
  }

  /** Addresses of the vertices that the vertex at a path reads. */
  readsOf(vertex: Path): readonly string[] {
    this.#sameStructure();
    let reads = this.#reads.get(vertex);
    if (reads === undefined) {
      reads = this.#findReads(vertex);
      this.#reads.set(vertex, reads);
    }
    return reads;
  }

  #findReads(vertex: Path): string[] {
    const of = (component: ComponentId, path: Path): string[] => {
      const known = this.#known.component(component);
      return known.isThere ? known.verticesAt(path).map((v) => component + v) : [];
    };
    const is = this.vertexAt(vertex);
    if (is === undefined) return [];
    if (is === 'validation') return of(this.id, wellKnown.domain);
    if ('expr' in is) return sourcesOf(is.expr).flatMap((s) => of(s.component, s.path));
    return is.bound.arguments.flatMap(({ path }) => (path === undefined ? [] : of(this.id, path)));
  }

  #sameStructure(): void {
    if (this.#structure === this.#known.structure) return;
    this.#structure = this.#known.structure;
    this.#usersAt.clear();
    this.#reads.clear();
  }

  /** Those of them that read something above the path; with `itself`, or the path. */
  usersAbove(path: Path, itself: boolean): string[] {
    return this.#usersOf(path, () => (itself ? [path] : []));
  }

  /** Those that read something above a path, or one of the sources at or below it that are given. */
  #usersOf(path: Path, from: (readers: Readers) => readonly Path[]): string[] {
    if (!this.isThere) return [];
    const readers = this.#known.readersOf(this.id);
    const out: string[] = [];
    if (!readers.isEmpty) {
      for (const source of [...ancestorsOf(path), ...from(readers)])
        for (const user of readers.at(source)) out.push(user);
    }
    this.#addOwn(out, path);
    return out;
  }

  /** Its own functions, and its validation, that read a path. */
  #addOwn(out: string[], path: Path): void {
    for (const b of boundsReading(this.facts?.bounds ?? [], path)) out.push(this.id + b.output);
    if (overlaps(path, wellKnown.domain) && this.keepsValidation) out.push(this.id + validationPath);
  }

  /** Is its validation kept, as something reads it? One that nothing reads is made when somebody looks at it. */
  get keepsValidation(): boolean {
    if (this.facts?.validated !== true || this.facts.absent) return false;
    if (this.#known.everyValidation) return true;
    const readers = this.#known.readersOf(this.id);
    // Not worth reading all of them for.
    if (!readers.isLoaded) return isValidationRead(this.#now, this.id, this.facts.bounds);
    if (boundsReading(this.facts.bounds, validationPath).length > 0) return true;
    return readers.has(parentPath(validationPath)) || readers.within(validationPath).length > 0;
  }

  allUsers(): string[] {
    return this.#known.readersOf(this.id).all();
  }

  /** Outputs of bound functions, in force or not, that what is declared at a path may take the place of. */
  outputsAt(path: Path): Path[] {
    return (this.facts?.outputs ?? []).filter((output) => overlaps(output, path));
  }

  boundAt(path: Path): Bound | undefined {
    return this.facts?.bounds.find((b) => b.output === path);
  }

  changeCell(path: Path, element: boolean, after: string | undefined): void {
    this.facts?.forgetCells();
    if (element || this.#vertices === undefined) return;
    if (isFollowing(after)) insert(this.#vertices, path);
    else remove(this.#vertices, path);
  }
}

/**
 * Bounds what is remembered of declared trees, all components together, by their nodes: a component that was only looked at would
 * else keep what it is made of for as long as its change set is in use.
 */
class TreeBound {
  /** All that is declared on the component that was shown last: what else is asked of it then is part of it. */
  whole: { readonly of: RememberedFacts; readonly tree: Declared } | undefined;
  readonly #most: number;
  #nodes = 0;
  readonly #keepers = new Set<RememberedFacts>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Before a tree is kept: all are forgotten at once when they would be too many, for the reason `component` has. */
  keep(keeper: RememberedFacts, nodes: number): void {
    if (this.#nodes + nodes > this.#most) {
      for (const one of this.#keepers) one.forgetTrees();
      this.#keepers.clear();
      this.#nodes = 0;
    }
    this.#nodes += nodes;
    this.#keepers.add(keeper);
  }
}

/** Facts that were read once. */
export class RememberedFacts implements Facts {
  readonly component: ComponentId;
  readonly absent: boolean;
  readonly spec: VariantSpec | undefined;
  readonly bounds: readonly Bound[];
  readonly validated: boolean;
  readonly matches: Matches;
  /** Outputs of its variant's bound functions, in force or not. */
  readonly outputs: readonly Path[];
  readonly #facts: ReadFacts;
  readonly #bound: TreeBound;
  #resource: { readonly record: ResourceRecord | undefined } | undefined;
  direct = new Map<Path, Cell>();
  containers = new Map<Path, Property>();
  #cells = new Map<Path, Cell | undefined>();
  #trees = new Map<Path, Declared>();

  constructor(facts: ReadFacts, bound: TreeBound) {
    this.#facts = facts;
    this.#bound = bound;
    this.component = facts.component;
    this.absent = facts.absent;
    this.spec = facts.spec;
    this.bounds = facts.bounds;
    this.outputs = facts.outputs;
    this.validated = facts.validated;
    this.matches = facts.matches;
  }

  get name(): string {
    return this.#facts.name;
  }

  cellAt(path: Path): Cell | undefined {
    let cell = this.#cells.get(path);
    if (cell === undefined && !this.#cells.has(path)) {
      cell = this.#facts.cellAt(path);
      this.#cells.set(path, cell);
    }
    return cell;
  }

  hasElement(path: Path): boolean {
    return this.#facts.hasElement(path);
  }

  declared(path: Path): Declared {
    const known = this.#trees.get(path) ?? this.#shown(path);
    if (known !== undefined) return known;
    const tree = this.#facts.declared(path);
    // The whole of it is asked for by who shows it, and no value is made of it.
    if (path === '') this.#bound.whole = { of: this, tree };
    else {
      this.#bound.keep(this, sizeOf(tree));
      this.#trees.set(path, tree);
    }
    return tree;
  }

  /** The part of what was shown last, if that was this component. */
  #shown(path: Path): Declared | undefined {
    const { whole } = this.#bound;
    if (whole?.of !== this) return undefined;
    let here: Declared | undefined = whole.tree;
    for (const segment of path === '' ? [] : path.slice(1).split('/')) here = here?.children.get(segment);
    return here ?? nothingAt(path);
  }

  resource(): ResourceRecord | undefined {
    this.#resource ??= { record: this.#facts.resource() };
    return this.#resource.record;
  }

  blob(hash: Hash): string {
    return this.#facts.blob(hash);
  }

  forgetTrees(): void {
    this.#trees = new Map();
  }

  forgetCells(): void {
    this.direct = new Map();
    this.containers = new Map();
    this.#cells = new Map();
    this.forgetTrees();
    if (this.#bound.whole?.of === this) this.#bound.whole = undefined;
  }
}
