// Where a value comes from: a tree from the value back to what people declared, what schemas say and what providers reported,
// with how fresh each part is. First the tree is made from the present state in one go, breadth first so that a bound cuts
// what is farthest; then the audit trail and the runs say who, when and what ran.

import type { BindingId, ComponentId, FunctionId } from '../base/ids.ts';
import type { Json } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { ok, type Result } from '../base/result.ts';
import { isSealed } from '../dispatch/sealed.ts';
import { type Bound, boundsOf } from '../graph/bound.ts';
import { type Cell, isContainer, parseCell } from '../model/cell.ts';
import { hasConstraints } from '../model/constraints.ts';
import { type Expr, type Source, sourcesOf } from '../model/expr.ts';
import type { FunctionKind, FunctionRecord } from '../model/function.ts';
import { cellKey, splitCellKey } from '../model/keys.ts';
import {
  findComponent,
  findRecord,
  findSchema,
  findVariant,
  isAbsent,
  nameOf,
  reportedOf,
  resolveComponent,
  specOfComponent,
} from '../model/lookup.ts';
import { ancestorsOf, isWithin, type Path, segmentsOf, validationPath, wellKnown } from '../model/path.ts';
import { propertyAt } from '../model/schema.ts';
import type { Reader } from '../model/state.ts';
import { exprSummary } from '../mutation/cell.ts';
import { resolvePointer } from '../mutation/resolve.ts';
import { pointerAt } from '../mutation/tree.ts';
import type { Propagation } from '../propagation/propagation.ts';
import type { Branch } from './branch.ts';
import { lineOfRun, Provenance, type RunLine, type SetBy } from './provenance.ts';
import type { WaitsForPool } from './waits_for_pool.ts';
import type { Workspace } from './workspace.ts';

/** A value by where it stands. */
export interface Address {
  readonly component: ComponentId;
  readonly name: string;
  /** A pointer. */
  readonly path: string;
}

export type FreshnessLine =
  | { readonly state: 'fresh' | 'awaiting' }
  | { readonly state: 'pending'; readonly waits: readonly Address[] }
  | { readonly state: 'error'; readonly code: string; readonly message: string }
  | { readonly state: 'blocked-by'; readonly root: Address; readonly code: string; readonly message: string };

export type ExplainedKind =
  /** Declared as it is. */
  | 'literal'
  | 'secret'
  /** Declared to have no value. */
  | 'unset'
  /** Follows one source. */
  | 'subscription'
  /** Follows an expression of functions over sources. */
  | 'expression'
  /** A function that is bound to the schema. */
  | 'function'
  /** Given to a function with its binding, or in an expression. */
  | 'argument'
  /** Part of something that is explained below it. */
  | 'part'
  /** Made of members that are declared or computed one by one. */
  | 'members'
  | 'default'
  /** The engine's own qualification. */
  | 'validation'
  /** What a provider reported. */
  | 'reality'
  | 'none'
  /** Of a component that is not there. */
  | 'gone';

export interface Explained extends Address, WaitsForPool {
  /** What it is to the node above. */
  readonly as?: string;
  readonly kind: ExplainedKind;
  readonly freshness: FreshnessLine;
  /** Where there is one; of one that is out of date or failed, what was there before. */
  readonly value?: Json;
  /** The value is longer than is shown here. */
  readonly valueCut?: true;
  /** It was made with a secret, which is kept sealed: functions of the process tier get what stands behind the markers in it. */
  readonly isSealed?: true;
  /** Why there is no value, or what else is to be said. */
  readonly note?: string;
  /** Of what is declared. null: the trail does not say. */
  readonly set?: SetBy | null;
  /** The expression, for people. */
  readonly follows?: string;
  readonly function?: {
    readonly id: FunctionId;
    readonly name: string;
    readonly kind: FunctionKind;
    /** Who bound it there; absent in expressions. */
    readonly bound?: SetBy | null;
  };
  /** The run that gave the value. null: it is not kept any more, or has not been. */
  readonly run?: RunLine | null;
  readonly schema?: string;
  readonly from: readonly Explained[];
  /** Why what is below is not shown: it is shown elsewhere in the tree, or a bound is reached. */
  readonly cut?: 'shown elsewhere' | 'depth' | 'size';
}

export interface Explanation {
  readonly root: Explained;
  readonly nodes: number;
  /** Something was left out for its size or depth. */
  readonly isCut: boolean;
}

type Draft = { -readonly [K in keyof Explained]: Explained[K] } & { from: Draft[] };

/** Refuses what names and pointers refuse. */
export async function explain(
  w: Workspace,
  branch: Branch,
  ask: { readonly component: string; readonly path: string; readonly depth: number },
): Promise<Result<Explanation>> {
  const found = await w.read(() => {
    const at = addressed(branch.snapshot, ask.component, ask.path);
    if (!at.ok) return at;
    const tree = new Tree(
      branch.snapshot,
      w.propagation.settle(branch, at.value),
      Math.min(ask.depth, limits.explainDepthMax),
    );
    tree.grow(at.value);
    return ok(tree);
  });
  if (!found.ok) return found;
  const tree = found.value;
  const provenance = new Provenance(w, branch.row);
  for (const open of tree.open) await open(provenance);
  return ok({ root: tree.root, nodes: tree.nodes, isCut: tree.isCut });
}

/** The address that a component's name and a pointer mean. */
export function addressed(state: Reader, component: string, pointer: string): Result<Source> {
  const id = resolveComponent(state, component);
  if (!id.ok) return id;
  const spec = specOfComponent(state, findComponent(state, id.value)!)!;
  const place = resolvePointer(state, id.value, spec, pointer);
  return place.ok ? ok({ component: id.value, path: place.value.path }) : place;
}

/** An address as people read it. */
export function shownAddress(state: Reader, { component, path }: Source): Address {
  return { component, name: nameOf(state, component), path: pointerAt(state, component, path) };
}

export function freshnessLine(state: Reader, values: Propagation, at: Source): FreshnessLine {
  const freshness = values.freshness(at);
  const address = (text: string): Address => shownAddress(state, splitCellKey(text));
  if (freshness.state === 'pending') return { state: 'pending', waits: freshness.waits.map(address) };
  if (freshness.state !== 'blocked-by') return freshness;
  const { root, ...rest } = freshness;
  return { ...rest, root: address(root) };
}

class Tree {
  readonly #state: Reader;
  readonly #values: Propagation;
  readonly #depthMax: number;
  readonly #seen = new Set<string>();
  readonly #queue: { node: Draft; at: Source; depth: number }[] = [];
  /** What the trail and the runs have to add. */
  readonly open: ((p: Provenance) => Promise<void>)[] = [];
  root!: Draft;
  nodes = 0;
  isCut = false;

  constructor(state: Reader, values: Propagation, depthMax: number) {
    this.#state = state;
    this.#values = values;
    this.#depthMax = depthMax;
  }

  grow(at: Source): void {
    this.root = this.#node(at);
    this.#queue.push({ node: this.root, at, depth: 0 });
    for (let next = 0; next < this.#queue.length; next++) {
      const { node, at: here, depth } = this.#queue[next]!;
      this.#explain(node, here, depth);
    }
  }

  #node(at: Source, as?: string): Draft {
    this.nodes++;
    const read = this.#values.read(at);
    const value = read.state === 'value' ? read.value : read.state === 'none' ? undefined : read.last;
    const isLong = value !== undefined && JSON.stringify(value).length > limits.inlineValueCharsMax;
    return {
      ...shownAddress(this.#state, at),
      ...(as === undefined ? {} : { as }),
      kind: 'none',
      freshness: freshnessLine(this.#state, this.#values, at),
      ...(value === undefined ? {} : isLong ? { valueCut: true } : { value }),
      ...(value !== undefined && isSealed(value) ? { isSealed: true as const } : {}),
      ...(read.state === 'none' && read.why !== undefined ? { note: read.why } : {}),
      from: [],
    };
  }

  #below(parent: Draft, depth: number, sources: readonly (Source & { readonly as?: string })[]): void {
    for (const { component, path, as } of sources) {
      const at = { component, path };
      if (depth >= this.#depthMax || this.nodes >= limits.explainNodesMax) {
        parent.cut = depth >= this.#depthMax ? 'depth' : 'size';
        this.isCut = true;
        return;
      }
      const node = this.#node(at, as);
      parent.from.push(node);
      this.#queue.push({ node, at, depth: depth + 1 });
    }
  }

  #explain(node: Draft, at: Source, depth: number): void {
    const { component, path } = at;
    const state = this.#state;
    const record = findComponent(state, component);
    if (record === undefined || isAbsent(state, component)) {
      node.kind = 'gone';
      return;
    }
    // Only what is made of something is worth saying once: a literal is said wherever it is used.
    const address = component + path;
    const isMade = this.#values.verticesAt(at).length > 0;
    if (isMade && this.#seen.has(address)) {
      node.cut = 'shown elsewhere';
      node.kind = 'part';
      return;
    }
    this.#seen.add(address);
    const bounds = boundsOf(state, component);
    const above = ancestorsOf(path).find((p) => this.#standsAt(component, p, bounds));
    if (above !== undefined) {
      node.kind = 'part';
      this.#below(node, depth, [{ component, path: above }]);
      return;
    }
    const cell = this.#cellAt(component, path);
    const bound = cell === undefined ? bounds.find((b) => b.output === path) : undefined;
    if (bound !== undefined) this.#ofBound(node, at, bound, depth);
    else if (cell !== undefined && !('c' in cell)) this.#ofCell(node, at, cell, depth);
    else if (path === validationPath && this.#hasValidation(component)) {
      node.kind = 'validation';
      node.schema = findSchema(state, record.schema)?.name ?? record.schema;
      this.#below(node, depth, [{ component, path: wellKnown.domain }]);
    } else this.#ofMembers(node, at, bounds, depth);
  }

  /** Does all of what is below a path come from one cell or function there? */
  #standsAt(component: ComponentId, path: Path, bounds: readonly Bound[]): boolean {
    const cell = this.#cellAt(component, path);
    if (cell !== undefined) return !('c' in cell);
    return bounds.some((b) => b.output === path) || (path === validationPath && this.#hasValidation(component));
  }

  #hasValidation(component: ComponentId): boolean {
    const spec = specOfComponent(this.#state, findComponent(this.#state, component)!);
    return spec !== undefined && hasConstraints(spec);
  }

  #cellAt(component: ComponentId, path: Path): Cell | undefined {
    const text = this.#state.get('cells', cellKey(component, path));
    return text === undefined ? undefined : parseCell(text);
  }

  #ofCell(node: Draft, at: Source, cell: Cell, depth: number): void {
    node.set = null;
    this.open.push(async (p) => {
      node.set = await p.ofCell(at, cell as unknown as Json);
    });
    if ('x' in cell) this.#ofExpr(node, at, cell.x, depth);
    else node.kind = 'k' in cell ? 'secret' : 'u' in cell ? 'unset' : 'literal';
  }

  #ofExpr(node: Draft, at: Source, expr: Expr, depth: number): void {
    node.kind = 's' in expr ? 'subscription' : 'expression';
    node.follows = exprSummary(this.#state, expr);
    const id = calledBy(expr, (name) => this.#state.get('functions', name) !== undefined);
    if (id !== undefined) this.#ofFunction(node, at, id);
    this.#below(node, depth, sourcesOf(expr));
  }

  #ofBound(node: Draft, at: Source, bound: Bound, depth: number): void {
    node.kind = 'function';
    this.#ofFunction(node, at, bound.function, bound.binding);
    for (const { name, path, value } of bound.arguments) {
      if (path !== undefined) this.#below(node, depth, [{ component: at.component, path, as: name }]);
      else node.from.push(given(node, name, value ?? null));
    }
  }

  #ofFunction(node: Draft, at: Source, id: FunctionId, binding?: BindingId): void {
    const fn = findRecord<FunctionRecord>(this.#state, 'functions', id);
    if (fn === undefined) return;
    const { name, kind } = fn;
    node.function = { id, name, kind };
    node.run = null;
    const call = this.#values.callsAt(at.component + at.path).at(-1)?.call;
    this.open.push(async (p) => {
      if (binding !== undefined) node.function = { id, name, kind, bound: await p.ofNoun(binding) };
      if (call === undefined) return;
      const pool = node.freshness.state === 'pending' ? p.poolOf(at) : undefined;
      if (pool !== undefined) node.waitsForPool = pool;
      const run = await p.runThatGave(at, call);
      node.run = run === undefined ? null : lineOfRun(run);
    });
  }

  #ofMembers(node: Draft, at: Source, bounds: readonly Bound[], depth: number): void {
    const { component, path } = at;
    const root = segmentsOf(path)[0]?.key;
    if (root === 'resource' || root === 'resource_value' || path === wellKnown.resourceId) {
      this.#ofReality(node, component);
      return;
    }
    const parts: Path[] = bounds.filter((b) => isWithin(b.output, path)).map((b) => b.output);
    for (const [key, text] of this.#state.scan('cells', `${component}${path}/`)) {
      if (parts.length > limits.explainNodesMax) break;
      const place = splitCellKey(key);
      // A container that is declared says nothing beyond its members.
      if (!place.element && !isContainer(text)) parts.push(place.path);
    }
    if (parts.length > 0) {
      node.kind = 'members';
      this.#below(
        node,
        depth,
        parts.map((p) => ({ component, path: p })),
      );
      return;
    }
    const { schema, variant } = findComponent(this.#state, component)!;
    node.schema = findSchema(this.#state, schema)?.name ?? schema;
    const spec = specOfComponent(this.#state, findComponent(this.#state, component)!);
    const property = spec && propertyAt(spec, path)?.property;
    if (node.value === undefined && node.valueCut === undefined) return;
    node.kind = property === undefined ? 'none' : 'default';
    const name = findVariant(this.#state, schema, variant)?.name ?? '';
    if (name !== '') node.note = `variant ${name}`;
  }

  #ofReality(node: Draft, component: ComponentId): void {
    node.kind = 'reality';
    const record = reportedOf(this.#state, component);
    node.note =
      record === undefined || record.status === 'absent'
        ? 'the resource has not been reported yet'
        : `reported: ${record.status}${record.resourceId === null ? '' : `, ${record.resourceId}`}`;
  }
}

/** The first of a user's functions that an expression calls. */
export function calledBy(expr: Expr, isUsers: (name: string) => boolean): FunctionId | undefined {
  if (!('f' in expr)) return undefined;
  const [name, ...args] = expr.f;
  if (isUsers(name)) return name as FunctionId;
  for (const arg of args) {
    const found = calledBy(arg as Expr, isUsers);
    if (found !== undefined) return found;
  }
  return undefined;
}

function given(of: Address, as: string, value: Json): Draft {
  const { component, name, path } = of;
  return { component, name, path, as, kind: 'argument', freshness: { state: 'fresh' }, value, from: [] };
}
