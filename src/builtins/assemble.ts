// What a value is, put together from what is declared, from defaults, from reality and from what has been computed of the
// cells and functions it is made of. Who computes those, and when, is not known here: the plain evaluator computes
// everything, propagation only what a change reaches, and both read by these rules.

import type { ComponentId, FunctionId, Hash } from '../base/ids.ts';
import { canonical, compareText, isObject, type Json } from '../base/json.ts';
import { type Bound, type BoundArgument, boundsAt } from '../graph/bound.ts';
import type { Cell } from '../model/cell.ts';
import { type Declared, nothingAt } from '../model/declared.ts';
import type { Expr, Source } from '../model/expr.ts';
import { type FunctionKind, identityText } from '../model/function.ts';
import { type ResourceRecord, resourceIdBy } from '../model/module.ts';
import {
  ancestorsOf,
  lastSegment,
  type Path,
  parentPath,
  type Segment,
  segmentsOf,
  validationPath,
  wellKnown,
} from '../model/path.ts';
import type { Matches } from '../model/pattern.ts';
import type { Property } from '../model/property.ts';
import { type Located, propertyAt, rootProperty, type VariantSpec } from '../model/schema.ts';
import { Building } from './building.ts';
import { asValue, descend, type Evaluated, flag, none, partOf, placed } from './evaluated.ts';
import { findMisfit } from './fit.ts';
import { builtins, EvaluationError } from './functions/table.ts';
import { qualificationOf } from './validation/qualification.ts';

export { type Evaluated, none, rooted } from './evaluated.ts';

/** One call of a user's function: all that its result depends on. */
export interface Call {
  readonly function: FunctionId;
  readonly name: string;
  readonly kind: FunctionKind;
  /** Blob of the text. */
  readonly text: Hash;
  /** Canonical JSON text of the argument. */
  readonly input: string;
}

/** The result of a call as far as it is known; `pending` when it is not. */
export type Results = (call: Call) => Evaluated;

/** Something that could not be shown in a view, and where. */
export interface ViewProblem {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

/** A whole component as people see it. */
export interface ComponentValue {
  /** Members in schema order. */
  readonly value: Json;
  readonly problems: readonly ViewProblem[];
  /** What is declared on it, of which that was made. */
  readonly declared: Declared;
}

/** What is known of one component. */
export interface Facts {
  readonly component: ComponentId;
  /** Marked and without a resource. */
  readonly absent: boolean;
  readonly name: string;
  /** undefined: its variant is not in the state. */
  readonly spec: VariantSpec | undefined;
  /** Functions whose results are values of it, those in force. */
  readonly bounds: readonly Bound[];
  /** Its schema has constraints, so that it has the engine's own qualification. */
  readonly validated: boolean;
  readonly matches: Matches;
  /** Cells that were found to be all there is to the value at their path, where that is remembered. */
  readonly direct?: Map<Path, Cell>;
  /** Properties of paths whose values were found to be put together from what is declared and computed below, likewise. */
  readonly containers?: Map<Path, Property>;
  cellAt(path: Path): Cell | undefined;
  hasElement(path: Path): boolean;
  declared(path: Path): Declared;
  resource(): ResourceRecord | undefined;
  blob(hash: Hash): string;
}

/** What an assembly asks: components, and the results of what computes. */
export interface Known {
  /** undefined: the component is gone. */
  facts(component: ComponentId): Facts | undefined;
  /** Of a cell that follows something, or a bound function's output. */
  result(component: ComponentId, path: Path): Evaluated;
  /** A function that an expression or a binding names; undefined: it is gone. */
  functionOf(id: FunctionId): { readonly name: string; readonly kind: FunctionKind; readonly text: Hash } | undefined;
  /** Another number whenever something may read as another; absent: every read is made anew. */
  stamp?(): number;
}

/** Thrown while an expression is evaluated: what it reads has an error or is not there yet. */
class Blocked extends Error {
  readonly by: Evaluated;
  constructor(by: Evaluated) {
    super('a source has no value to go on with');
    this.by = by;
  }
}

export class Assembly {
  readonly #known: Known;
  readonly #results: Results;
  /** Arguments read last, of one component: its functions mostly take the same, and are asked for one after the other. */
  #read: { readonly component: ComponentId | undefined; readonly stamp: number | undefined; given: Map<Path, Given> };
  /** Has a read since this was last set to false met something that is not reported yet? */
  #awaits = false;

  constructor(known: Known, results: Results) {
    this.#known = known;
    this.#results = results;
    this.#read = { component: undefined, stamp: undefined, given: new Map() };
  }

  /**
   * The value of the cell at a path that follows an expression. An error or a missing result of what it reads is what it is,
   * too. What a user's function gives has to fit the property there.
   */
  ofExpr(expr: Expr, facts: Facts, path: Path): Evaluated {
    const is = this.#ofExpr(expr);
    return 'f' in expr && !Object.hasOwn(builtins, expr.f[0]) ? fitting(is, facts, path) : is;
  }

  #ofExpr(expr: Expr): Evaluated {
    this.#awaits = false;
    try {
      const value = this.#evaluate(expr);
      // A plain subscription to nothing says why there is nothing.
      if (value === undefined && 's' in expr) return this.read({ component: expr.s[0], path: expr.s[1] });
      return this.#flagged(asValue(value));
    } catch (e) {
      if (e instanceof EvaluationError) return { state: 'error', code: e.code, message: e.message };
      if (e instanceof Blocked) return e.by;
      throw e;
    }
  }

  /** The value of a function bound to a component. */
  ofBound(facts: Facts, bound: Bound): Evaluated {
    try {
      const given = bound.arguments.map((argument) => this.#given(facts, argument));
      // What is not reported yet will be: the function would run for nothing.
      if (given.some(({ awaits }) => awaits)) return { state: 'none', awaits: true };
      const { name, kind, text } = bound;
      // What only hands on a value is answered for here.
      if (isIdentity(bound) && facts.blob(text) === identityText)
        return fitting(asValue(given[0]!.value ?? undefined), facts, bound.output);
      let members = '';
      for (const [i, { label }] of bound.arguments.entries())
        members += `${i === 0 ? '' : ','}${label}${given[i]!.text}`;
      const input = `{${members}}`;
      return resultOfBound(facts, bound, this.#results({ function: bound.function, name, kind, text, input }));
    } catch (e) {
      if (e instanceof Blocked) return e.by;
      throw e;
    }
  }

  /**
   * The engine's own qualification. What follows something without a value yet is left out until that arrives; an error of
   * a value is a finding like others.
   */
  ofValidation(facts: Facts): Evaluated {
    const { spec } = facts;
    if (facts.absent || spec === undefined) return none;
    const building = new Building(this, facts, spec.definitions, 'unknown');
    const built = building.build(facts.declared(wellKnown.domain), spec.domain);
    if (building.failure !== undefined) return building.failure;
    const domain = built.state === 'value' ? built.value : undefined;
    return asValue(qualificationOf(spec, domain, facts.matches, building.problems));
  }

  /** Reads an address all of whose computed parts have results. */
  read(at: Source): Evaluated {
    const { component, path } = at;
    const facts = this.#known.facts(component);
    if (facts === undefined) return { state: 'none', why: `the source component ${component} is gone` };
    if (facts.absent) return { state: 'none', why: `the source ${facts.name || component} is deleted` };
    const direct = facts.direct?.get(path);
    if (direct !== undefined) return this.#whole(facts, path, direct);
    const container = facts.containers?.get(path);
    if (container !== undefined) return this.#build(facts, path, container);
    if (isReality(rootOf(path))) return this.#reality(facts, segmentsOf(path));
    for (const p of path.includes('/@') ? [path, ...ancestorsOf(path)] : []) {
      if (lastSegment(p).element !== undefined && !facts.hasElement(p))
        return { state: 'none', why: `the list element ${p} of ${facts.name || component} is gone` };
    }
    for (const ancestor of ancestorsOf(path)) {
      const cell = facts.cellAt(ancestor);
      const isComputed = cell === undefined && facts.bounds.some((b) => b.output === ancestor);
      if (!isComputed && (cell === undefined || 'c' in cell)) continue;
      const whole = isComputed ? this.#known.result(component, ancestor) : this.cellValue(facts, ancestor, cell!);
      return partOf(whole, segmentsOf(path).slice(segmentsOf(ancestor).length));
    }
    const located = facts.spec && locatedAt(facts.spec, path);
    if (facts.spec === undefined || located === undefined)
      return { state: 'none', why: `the schema has no property at ${path}` };
    const own = facts.cellAt(path);
    if (path === wellKnown.resourceId && own !== undefined && 'v' in own) return reportedId(facts, own.v);
    if (own !== undefined && !('c' in own) && !('u' in own)) {
      facts.direct?.set(path, own);
      return this.#whole(facts, path, own);
    }
    facts.containers?.set(path, located.property);
    return this.#build(facts, path, located.property);
  }

  #build(facts: Facts, path: Path, property: Property): Evaluated {
    const building = new Building(this, facts, facts.spec!.definitions, 'nothing');
    const built = building.build(facts.declared(path), property);
    if (building.failure !== undefined) return building.failure;
    if (built.state === 'none' && path === wellKnown.resourceId) return this.#reality(facts, segmentsOf(path));
    return flag(built, building.awaits ? true : undefined);
  }

  /** A whole component as people see it, members in schema order, with what could not be computed. */
  view(facts: Facts): ComponentValue {
    const { spec } = facts;
    const declared = facts.declared('' as Path);
    if (spec === undefined) return { value: {}, problems: [], declared };
    const building = new Building(this, facts, spec.definitions, 'last');
    const out: [string, Json][] = [];
    for (const [name, property] of Object.entries(rootProperty(spec).properties!)) {
      const path = `/${name}` as Path;
      const built = isReality(name)
        ? this.#reality(facts, segmentsOf(path), building)
        : building.build(declared.children.get(name) ?? nothingAt(path), property);
      if (built.state === 'value') out.push([name, name === 'si' ? withReportedId(facts, built.value) : built.value]);
    }
    return { value: Object.fromEntries(out), problems: building.problems, declared };
  }

  /** The value of a declared cell. */
  cellValue(facts: Facts, path: Path, cell: Cell): Evaluated {
    if ('x' in cell) return this.#known.result(facts.component, path);
    if ('v' in cell) return { state: 'value', value: cell.v };
    if ('b' in cell) return { state: 'value', value: JSON.parse(facts.blob(cell.b)) as Json };
    if ('k' in cell) return { state: 'value', value: cell.k };
    if ('c' in cell) return { state: 'value', value: cell.c === 'array' ? [] : {} };
    return none;
  }

  /** The value of a cell that is all there is at its path. */
  #whole(facts: Facts, path: Path, cell: Cell): Evaluated {
    return placed(this.cellValue(facts, path, cell), facts.component, path);
  }

  resultAt(facts: Facts, path: Path): Evaluated {
    return this.#known.result(facts.component, path);
  }

  #flagged(e: Evaluated): Evaluated {
    return flag(e, this.#awaits ? true : undefined);
  }

  #readOrThrow(at: Source): Json | undefined {
    const read = this.read(at);
    if (read.state === 'error' || read.state === 'pending') throw new Blocked(read);
    this.#awaits ||= read.awaits === true;
    return read.state === 'value' ? read.value : undefined;
  }

  #evaluate(expr: Expr): Json | undefined {
    if ('v' in expr) return expr.v;
    if ('s' in expr) return this.#readOrThrow({ component: expr.s[0], path: expr.s[1] });
    const [name, ...args] = expr.f;
    const builtin = builtins[name];
    if (builtin !== undefined) return builtin.apply(args.map((a) => () => this.#evaluate(a as Expr)));
    return this.#callUser(name as FunctionId, args as Expr[]);
  }

  /** A transformation by a user's function: the first argument is its `input`, further ones are `args`. */
  #callUser(id: FunctionId, args: readonly Expr[]): Json | undefined {
    const fn = this.#known.functionOf(id);
    if (fn === undefined) throw new EvaluationError('function_not_found', `there is no function ${id}`);
    const before = this.#awaits;
    this.#awaits = false;
    const [input = null, ...more] = args.map((a) => this.#evaluate(a) ?? null);
    if (this.#awaits) return undefined;
    this.#awaits = before;
    const text = canonical(more.length === 0 ? { input } : { input, args: more });
    const result = this.#results({ function: id, ...fn, input: text });
    if (result.state === 'error' || result.state === 'pending') throw new Blocked(result);
    return result.state === 'value' ? result.value : undefined;
  }

  /** What a function gets as an argument. Throws `Blocked`. */
  #given({ component }: Facts, { path, value }: BoundArgument): Given {
    if (path === undefined) return new Given(value, false);
    const stamp = this.#known.stamp?.();
    if (stamp === undefined || stamp !== this.#read.stamp || component !== this.#read.component)
      this.#read = { component, stamp, given: new Map() };
    let given = this.#read.given.get(path);
    if (given === undefined) {
      const read = this.read({ component, path });
      if (read.state === 'error' || read.state === 'pending') throw new Blocked(read);
      // The resource as a whole is given as it is, also when there is none yet: functions are told so.
      const awaits = path !== wellKnown.resource && read.awaits === true;
      given = new Given(read.state === 'value' ? read.value : undefined, awaits);
      this.#read.given.set(path, given);
    }
    return given;
  }

  #reality(facts: Facts, segments: readonly Segment[], building?: Building): Evaluated {
    const root = segments[0]?.key;
    if (root === 'code' || root === 'qualification') return this.#computed(facts, segments, building);
    const record = facts.resource();
    if (record === undefined || record.status === 'absent')
      return { state: 'none', why: 'the resource has not been reported yet', awaits: true };
    const rest = segments.slice(1);
    switch (root) {
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

  /** Results under /code and /qualification by the names of their functions; one that has none yet is left out. */
  #computed(facts: Facts, segments: readonly Segment[], building?: Building): Evaluated {
    const [root, name, ...rest] = segments;
    const at = `/${root!.key}` as Path;
    const members: [string, Json][] = [];
    let awaits: true | undefined;
    const outputs = boundsAt(facts.bounds, at).map((b) => b.output);
    if (facts.validated && at === parentPath(validationPath)) outputs.push(validationPath);
    if (outputs.length > 1) outputs.sort(compareText);
    for (const output of outputs) {
      const { key } = lastSegment(output);
      if (name !== undefined && key !== name.key) continue;
      const result = this.#known.result(facts.component, output);
      if (result.state === 'error' || result.state === 'pending') {
        if (building === undefined) return partOf(result, name === undefined ? undefined : rest);
        building.problem(output, result);
        if (result.last !== undefined) members.push([key!, result.last]);
        continue;
      }
      awaits ??= result.awaits;
      if (result.state === 'value') members.push([key!, result.value]);
    }
    if (name === undefined)
      return members.length === 0 ? flag(none, awaits) : flag(asValue(Object.fromEntries(members)), awaits);
    return members.length === 0 ? flag(none, awaits) : flag(asValue(descend(members[0]![1], rest)), awaits);
  }
}

/** An argument as it is given; its canonical text is made once, when it is first needed. */
class Given {
  readonly value: Json | undefined;
  readonly awaits: boolean;
  #text: string | undefined;

  constructor(value: Json | undefined, awaits: boolean) {
    this.value = value;
    this.awaits = awaits;
  }

  get text(): string {
    this.#text ??= canonical(this.value ?? null);
    return this.#text;
  }
}

/** The value of a bound function whose call has given something: what an attribute is made of has to fit its property. */
export function resultOfBound(facts: Facts, { kind, output }: Bound, gave: Evaluated): Evaluated {
  return kind === 'attribute' ? fitting(gave, facts, output) : gave;
}

/** What a function gave as far as the property it goes to allows it. */
function fitting(gave: Evaluated, { spec }: Facts, path: Path): Evaluated {
  if (gave.state !== 'value' || spec === undefined) return gave;
  const located = locatedAt(spec, path);
  const misfit = located && findMisfit(located.property, gave.value, spec.definitions);
  return misfit === undefined ? gave : { state: 'error', ...misfit };
}

function isIdentity({ kind, arguments: args }: Bound): boolean {
  return kind === 'attribute' && args.length === 1 && args[0]!.name === 'value';
}

/** The id of the resource where one is declared: another may have been reported since. */
function reportedId(facts: Facts, declared: Json): Evaluated {
  const id = typeof declared === 'string' ? resourceIdBy(declared, facts.resource()) : undefined;
  return id === undefined ? { state: 'none', why: 'there is no resource any more', awaits: true } : asValue(id);
}

/** What is shown of /si, likewise. */
function withReportedId(facts: Facts, si: Json): Json {
  if (!isObject(si) || typeof si['resourceId'] !== 'string') return si;
  const { resourceId, ...rest } = si;
  const id = resourceIdBy(resourceId, facts.resource());
  return id === undefined ? rest : { ...si, resourceId: id };
}

/** The first name of a path; none of those that are asked for is written with an escape. */
function rootOf(path: Path): string {
  const end = path.indexOf('/', 1);
  return end < 0 ? path.slice(1) : path.slice(1, end);
}

/** Properties by path, of the schemas in use. */
const locatedBySpec = new WeakMap<VariantSpec, Map<Path, Located | undefined>>();
const pathsKeptMax = 4_096;

function locatedAt(spec: VariantSpec, path: Path): Located | undefined {
  const known = locatedBySpec.get(spec) ?? new Map<Path, Located | undefined>();
  let located = known.get(path);
  if (located === undefined && !known.has(path)) {
    located = propertyAt(spec, path);
    if (known.size >= pathsKeptMax) known.clear();
    locatedBySpec.set(spec, known.set(path, located));
  }
  return located;
}

function isReality(root: string | undefined): boolean {
  return root === 'resource' || root === 'resource_value' || root === 'code' || root === 'qualification';
}
