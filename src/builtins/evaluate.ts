// The plain evaluator: what every value is, computed from what is declared, from schemas and from reality, by built-in
// functions. It keeps no marks and trusts nothing computed before; whatever is faster is checked against it.
// Cells that follow something are the vertices. They are computed in dependency order on an explicit stack, so a chain
// may be as long as it likes; everything else is put together from them when it is read.

import type { ComponentId } from '../base/ids.ts';
import { isObject, type Json } from '../base/json.ts';
import { invariant } from '../base/result.ts';
import { followingCells } from '../graph/edges.ts';
import { type Cell, parseCell } from '../model/cell.ts';
import { type Declared, elementsOf, isDeclared, readDeclared } from '../model/declared.ts';
import { type Expr, type Source, sourcesOf } from '../model/expr.ts';
import { cellKey, elementKey, idLength } from '../model/keys.ts';
import { findComponent, findRecord, isAbsent, nameOf, specOfComponent } from '../model/lookup.ts';
import type { ResourceRecord } from '../model/module.ts';
import {
  ancestorsOf,
  childPath,
  decodeSegment,
  lastSegment,
  type Path,
  type Segment,
  segmentsOf,
  wellKnown,
} from '../model/path.ts';
import { childProperty, type Definitions, derefProperty, type Property } from '../model/property.ts';
import { locate, rootProperty } from '../model/schema.ts';
import type { Reader } from '../model/state.ts';
import { builtins, EvaluationError } from './functions/table.ts';

/** A value as evaluated. `none` says why where that is not plain from the model. */
export type Evaluated =
  | { readonly state: 'value'; readonly value: Json }
  | { readonly state: 'none'; readonly why?: string }
  | { readonly state: 'error'; readonly code: string; readonly message: string };

const none: Evaluated = { state: 'none' };
const asValue = (value: Json | undefined): Evaluated => (value === undefined ? none : { state: 'value', value });

/** Something that could not be shown in a view, and where. */
export interface ViewProblem {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

export class Evaluation {
  readonly reader: Reader;
  readonly #cells = new Map<string, Evaluated>();
  /** How many cells were computed; for tests and statistics. */
  computed = 0;

  constructor(reader: Reader) {
    this.reader = reader;
  }

  /** The value at an address. An absent component gives `none` with the reason. */
  valueAt(at: Source): Evaluated {
    this.#ensure(followingCells(this.reader, at).map((f) => f.cell));
    return this.#read(at);
  }

  /** A whole component as people see it, members in schema order, with what could not be computed. */
  view(component: ComponentId): { value: Json; problems: readonly ViewProblem[] } {
    const record = findComponent(this.reader, component);
    const spec = record && specOfComponent(this.reader, record);
    invariant(spec !== undefined, `component ${component} or its schema is not in the state`);
    const declared = readDeclared(this.reader, component, '' as Path);
    const follow: Source[] = [];
    collectFollowing(component, declared, follow);
    this.#ensure(follow);
    const problems: ViewProblem[] = [];
    const out: [string, Json][] = [];
    for (const [name, property] of Object.entries(rootProperty(spec).properties!)) {
      const path = `/${name}` as Path;
      const child = declared.children.get(name) ?? emptyAt(path);
      const built = isReality(name)
        ? this.#reality(component, segmentsOf(path))
        : build({ evaluation: this, component, definitions: spec.definitions, problems }, child, property);
      if (built !== undefined && 'state' in built && built.state === 'value') out.push([name, built.value]);
    }
    return { value: Object.fromEntries(out), problems };
  }

  /** What one following cell gives; the cell must have been ensured. */
  cell(component: ComponentId, path: Path): Evaluated {
    const found = this.#cells.get(component + path);
    invariant(found !== undefined, `cell ${component}${path} was read before it was computed`);
    return found;
  }

  /** Computes every following cell of the state: address -> value, in key order. */
  all(): ReadonlyMap<string, Evaluated> {
    const follow: Source[] = [];
    for (const [key, text] of this.reader.scan('cells', '')) {
      if (text.startsWith('{"x":'))
        follow.push({ component: key.slice(0, idLength) as ComponentId, path: key.slice(idLength) as Path });
    }
    this.#ensure(follow);
    return new Map(follow.map((at) => [at.component + at.path, this.cell(at.component, at.path)]));
  }

  #ensure(start: readonly Source[]): void {
    const stack = start.filter((at) => !this.#cells.has(at.component + at.path)).reverse();
    const open = new Map<string, Expr>();
    while (stack.length > 0) {
      const at = stack.at(-1)!;
      const key = at.component + at.path;
      if (this.#cells.has(key)) {
        stack.pop();
        continue;
      }
      const begun = open.get(key);
      if (begun !== undefined) {
        this.#cells.set(key, this.#compute(begun));
        stack.pop();
        continue;
      }
      const cell = this.#cellAt(at.component, at.path);
      if (cell === undefined || !('x' in cell)) {
        this.#cells.set(key, none);
        continue;
      }
      open.set(key, cell.x);
      for (const source of sourcesOf(cell.x)) {
        for (const { cell: user } of followingCells(this.reader, source)) {
          const below = user.component + user.path;
          if (this.#cells.has(below)) continue;
          // Edits that would close a cycle are refused; one that is there all the same is an error of its cells.
          if (open.has(below))
            this.#cells.set(below, { state: 'error', code: 'value_cycle', message: `${below} depends on itself` });
          else stack.push(user);
        }
      }
    }
  }

  #compute(expr: Expr): Evaluated {
    this.computed++;
    try {
      const value = this.#evaluate(expr);
      // A plain subscription to nothing says why there is nothing.
      if (value === undefined && 's' in expr) return this.#read({ component: expr.s[0], path: expr.s[1] });
      return asValue(value);
    } catch (e) {
      if (e instanceof EvaluationError) return { state: 'error', code: e.code, message: e.message };
      if (e instanceof Blocked) return e.cause as Evaluated;
      throw e;
    }
  }

  #evaluate(expr: Expr): Json | undefined {
    if ('v' in expr) return expr.v;
    if ('s' in expr) {
      const read = this.#read({ component: expr.s[0], path: expr.s[1] });
      if (read.state === 'error') throw new Blocked(read);
      return read.state === 'value' ? read.value : undefined;
    }
    const [name, ...args] = expr.f;
    const builtin = builtins[name];
    if (builtin === undefined) throw new EvaluationError('function_not_found', `there is no built-in function ${name}`);
    return builtin.apply(args.map((a) => () => this.#evaluate(a as Expr)));
  }

  #cellAt(component: ComponentId, path: Path): Cell | undefined {
    const text = this.reader.get('cells', cellKey(component, path));
    return text === undefined ? undefined : parseCell(text);
  }

  /** Reads an address all of whose following cells have been computed. */
  #read(at: Source): Evaluated {
    const { component, path } = at;
    const record = findComponent(this.reader, component);
    if (record === undefined) return { state: 'none', why: `the source component ${component} is gone` };
    if (isAbsent(this.reader, component)) {
      return { state: 'none', why: `the source ${nameOf(this.reader, component) || component} is deleted` };
    }
    const segments = segmentsOf(path);
    if (isReality(segments[0]?.key)) return this.#reality(component, segments);
    for (const at of path.includes('/@') ? [path, ...ancestorsOf(path)] : []) {
      const isElement = lastSegment(at).element !== undefined;
      if (isElement && this.reader.get('cells', elementKey(component, at)) === undefined)
        return {
          state: 'none',
          why: `the list element ${at} of ${nameOf(this.reader, component) || component} is gone`,
        };
    }
    for (const ancestor of ancestorsOf(path)) {
      const cell = this.#cellAt(component, ancestor);
      if (cell === undefined || 'c' in cell) continue;
      const whole = this.#cellValue(component, ancestor, cell);
      return whole.state === 'value'
        ? asValue(descend(whole.value, segments.slice(segmentsOf(ancestor).length)))
        : whole;
    }
    const spec = specOfComponent(this.reader, record);
    const located = spec && locate(spec, segments);
    if (spec === undefined || located === undefined)
      return { state: 'none', why: `the schema has no property at ${path}` };
    const problems: ViewProblem[] = [];
    const built = build(
      { evaluation: this, component, definitions: spec.definitions, problems },
      readDeclared(this.reader, component, path),
      located.property,
    );
    const first = problems[0];
    if (first !== undefined) return { state: 'error', code: first.code, message: `${first.path}: ${first.message}` };
    if (built.state === 'none' && path === wellKnown.resourceId) return this.#reality(component, segments);
    return built;
  }

  #cellValue(component: ComponentId, path: Path, cell: Cell): Evaluated {
    if ('x' in cell) return this.cell(component, path);
    return plainCell(this.reader, cell);
  }

  #reality(component: ComponentId, segments: readonly Segment[]): Evaluated {
    const record = findRecord<ResourceRecord>(this.reader, 'resources', component);
    if (record === undefined || record.status === 'absent')
      return { state: 'none', why: 'the resource has not been reported yet' };
    const rest = segments.slice(1);
    switch (segments[0]?.key) {
      case 'si':
        return asValue(record.resourceId ?? undefined);
      case 'resource':
        return asValue(descend({ status: record.status, payload: record.payload }, rest));
      case 'resource_value':
        return asValue(descend(record.payload, rest));
      default:
        return none;
    }
  }
}

/** Carries the state of a source that has an error to the cell that reads it. */
class Blocked extends Error {
  constructor(state: Evaluated) {
    super('a source has an error', { cause: state });
  }
}

function isReality(root: string | undefined): boolean {
  return root === 'resource' || root === 'resource_value' || root === 'code' || root === 'qualification';
}

function emptyAt(path: Path): Declared {
  return { path, cell: undefined, element: undefined, children: new Map() };
}

function collectFollowing(component: ComponentId, declared: Declared, out: Source[]): void {
  if (declared.cell !== undefined && 'x' in declared.cell) out.push({ component, path: declared.path });
  for (const child of declared.children.values()) collectFollowing(component, child, out);
}

function descend(value: Json, segments: readonly Segment[]): Json | undefined {
  let here: Json | undefined = value;
  for (const { key } of segments) {
    if (key === undefined || here === undefined) return undefined;
    if (Array.isArray(here)) here = /^\d+$/.test(key) ? (here[Number(key)] as Json | undefined) : undefined;
    else if (isObject(here) && Object.hasOwn(here, key)) here = here[key];
    else return undefined;
  }
  return here;
}

function plainCell(reader: Reader, cell: Exclude<Cell, { x: Expr }>): Evaluated {
  if ('v' in cell) return { state: 'value', value: cell.v };
  if ('b' in cell) return { state: 'value', value: JSON.parse(reader.blob(cell.b)) as Json };
  if ('k' in cell) return { state: 'value', value: cell.k };
  if ('c' in cell) return { state: 'value', value: cell.c === 'array' ? [] : {} };
  return none;
}

interface Building {
  readonly evaluation: Evaluation;
  readonly component: ComponentId;
  readonly definitions: Definitions;
  readonly problems: ViewProblem[];
}

/** The value of a declared tree under its property, defaults filled in. Errors go to `problems` and leave a gap. */
function build(b: Building, declared: Declared, property: Property): Evaluated {
  const { cell } = declared;
  if (cell !== undefined && !('c' in cell)) {
    const value = 'x' in cell ? b.evaluation.cell(b.component, declared.path) : plainCell(b.evaluation.reader, cell);
    if (value.state !== 'error') return value;
    b.problems.push({ path: declared.path, code: value.code, message: value.message });
    return none;
  }
  const elements = elementsOf(declared);
  if (elements.length > 0 && (property.kind === 'array' || property.kind === 'any'))
    return buildList(b, elements, property);
  if (property.kind === 'object' || property.kind === 'map' || property.kind === 'any') {
    const built = buildMembers(b, declared, property);
    if (built !== undefined) return { state: 'value', value: built };
  }
  if (cell !== undefined) return { state: 'value', value: cell.c === 'array' ? [] : {} };
  return asValue(defaultOf(property, b.definitions));
}

function buildList(b: Building, elements: ReturnType<typeof elementsOf>, property: Property): Evaluated {
  const item = childProperty(property, { element: true }, b.definitions) ?? { kind: 'any' };
  const out: Json[] = [];
  for (const { node } of elements) {
    const built = build(b, node, item);
    if (built.state === 'value') out.push(built.value);
    // An element that follows something without a value takes no place; one that was never set holds its place.
    else if (node.cell === undefined || !('x' in node.cell)) out.push(null);
  }
  return { state: 'value', value: out };
}

/** Members declared below, with the defaults of their undeclared siblings; undefined when nothing is declared. */
function buildMembers(b: Building, declared: Declared, property: Property): Json | undefined {
  const out: [string, Json][] = [];
  let any = false;
  const add = (key: string, child: Declared, of: Property): void => {
    const built = build(b, child, of);
    if (built.state === 'value') out.push([key, built.value]);
  };
  if (property.kind === 'object') {
    for (const [key, member] of Object.entries(property.properties ?? {})) {
      const child = declared.children.get(childPath(declared.path, key).slice(declared.path.length + 1));
      if (child !== undefined && isDeclared(child)) {
        any = true;
        add(key, child, childProperty(property, { key }, b.definitions)!);
        continue;
      }
      const value = defaultOf(member, b.definitions);
      if (value !== undefined) out.push([key, value]);
    }
  } else {
    for (const [segment, child] of declared.children) {
      const { key } = decodeSegment(segment);
      if (key === undefined || !isDeclared(child)) continue;
      any = true;
      add(key, child, childProperty(property, { key }, b.definitions)!);
    }
  }
  return any || (property.kind === 'object' && out.length > 0 && property.default === undefined)
    ? Object.fromEntries(out)
    : undefined;
}

const defaults = new WeakMap<Property, { readonly value: Json | undefined }>();

/** The default a property shows: its own, or for objects the defaults of its members. Recursive types end where they recur. */
function defaultOf(property: Property, definitions: Definitions, within: readonly string[] = []): Json | undefined {
  const known = within.length === 0 ? defaults.get(property) : undefined;
  if (known !== undefined) return known.value;
  const names = property.kind === 'ref' ? [...within, property.to ?? ''] : within;
  if (property.kind === 'ref' && within.includes(property.to ?? '')) return undefined;
  const p = derefProperty(property, definitions);
  let value = p.default;
  if (value === undefined && p.kind === 'object') {
    const members: [string, Json][] = [];
    for (const [key, member] of Object.entries(p.properties ?? {})) {
      const own = defaultOf(member, definitions, names);
      if (own !== undefined) members.push([key, own]);
    }
    if (members.length > 0) value = Object.fromEntries(members);
  }
  if (within.length === 0) defaults.set(property, { value });
  return value;
}
