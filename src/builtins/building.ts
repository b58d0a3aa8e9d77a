// The value of a declared tree under its property: declared and computed parts put together, defaults filled in, gaps where
// something has no value.

import type { Json } from '../base/json.ts';
import type { Bound } from '../graph/bound.ts';
import { type Declared, elementsOf, isDeclared, nothingAt } from '../model/declared.ts';
import { childPath, decodeSegment, type Path } from '../model/path.ts';
import { childProperty, type Definitions, derefProperty, type Property } from '../model/property.ts';
import type { Assembly, Facts, ViewProblem } from './assemble.ts';
import { asValue, type Evaluated, none, partOf, placed } from './evaluated.ts';
import { unknownValue } from './validation/finding.ts';

/**
 * What stands where something has no value now: `nothing`; `last`, what was there before; `unknown`, which nothing is said
 * of, also where it may become another when what it is made of is reported.
 */
type Gaps = 'nothing' | 'last' | 'unknown';

/** The value of a declared tree under its property, defaults filled in. */
export class Building {
  readonly #assembly: Assembly;
  readonly #facts: Facts;
  readonly #definitions: Definitions;
  readonly #gaps: Gaps;
  readonly problems: ViewProblem[] = [];
  /** The first part that has an error or no result yet. */
  failure: Evaluated | undefined;
  awaits = false;

  constructor(assembly: Assembly, facts: Facts, definitions: Definitions, gaps: Gaps) {
    this.#assembly = assembly;
    this.#facts = facts;
    this.#definitions = definitions;
    this.#gaps = gaps;
  }

  problem(path: Path, e: Extract<Evaluated, { state: 'error' | 'pending' }>): void {
    this.failure ??= partOf(placed(e, this.#facts.component, path), undefined);
    const [code, message] =
      e.state === 'error'
        ? [e.code, e.message]
        : ['pending', 'it is being computed; the value shown is the one before'];
    this.problems.push({ path, code, message });
  }

  build(declared: Declared, property: Property): Evaluated {
    const { cell, path } = declared;
    if (cell !== undefined && !('c' in cell)) {
      const part = this.#part(path, this.#assembly.cellValue(this.#facts, path, cell));
      return 'x' in cell ? this.#known(part) : part;
    }
    if (cell === undefined && this.#facts.bounds.some((b) => b.output === path))
      return this.#known(this.#part(path, this.#assembly.resultAt(this.#facts, path)));
    const elements = elementsOf(declared);
    if (elements.length > 0 && (property.kind === 'array' || property.kind === 'any'))
      return this.#list(elements, property);
    if (property.kind === 'object' || property.kind === 'map' || property.kind === 'any') {
      const built = this.#members(declared, property);
      if (built !== undefined) return { state: 'value', value: built };
    }
    if (cell !== undefined) return { state: 'value', value: cell.c === 'array' ? [] : {} };
    return asValue(defaultOf(property, this.#definitions));
  }

  /** One computed or declared part: its errors are noted and leave a gap, or what was there before. */
  #part(path: Path, e: Evaluated): Evaluated {
    if (e.state === 'error' && this.#gaps === 'unknown') {
      this.problems.push({ path, code: e.code, message: e.message });
      return none;
    }
    if (e.state === 'error' || e.state === 'pending') {
      this.problem(path, e);
      return this.#gaps === 'last' ? asValue(e.last) : none;
    }
    this.awaits ||= e.awaits === true;
    return e;
  }

  /** A computed part as far as it is known. */
  #known(part: Evaluated): Evaluated {
    if (this.#gaps !== 'unknown') return part;
    return part.state === 'none' || (part.state === 'value' && part.awaits) ? asValue(unknownValue) : part;
  }

  #list(elements: ReturnType<typeof elementsOf>, property: Property): Evaluated {
    const item = childProperty(property, { element: true }, this.#definitions) ?? { kind: 'any' };
    const out: Json[] = [];
    for (const { node } of elements) {
      const built = this.build(node, item);
      if (built.state === 'value') out.push(built.value);
      // An element that follows something without a value takes no place; one that was never set holds its place.
      else if (node.cell === undefined || !('x' in node.cell)) out.push(null);
    }
    return { state: 'value', value: out };
  }

  /** Members declared or computed below, with the defaults of their siblings; undefined when there are none. */
  #members(declared: Declared, property: Property): Json | undefined {
    const out: [string, Json][] = [];
    let any = false;
    const computed = computedBelow(this.#facts.bounds, declared.path);
    const add = (key: string, child: Declared, of: Property): void => {
      const built = this.build(child, of);
      if (built.state === 'value') out.push([key, built.value]);
    };
    if (property.kind === 'object') {
      for (const [key, member, segment] of membersOf(property)) {
        const child = declared.children.get(segment);
        if (child !== undefined && isDeclared(child)) {
          any = true;
          add(key, child, childProperty(property, { key }, this.#definitions)!);
        } else if (computed.has(key)) {
          any = true;
          add(key, nothingAt(childPath(declared.path, key)), childProperty(property, { key }, this.#definitions)!);
        } else {
          const value = defaultOf(member, this.#definitions);
          if (value !== undefined) out.push([key, value]);
        }
      }
    } else {
      for (const [segment, child] of declared.children) {
        const { key } = decodeSegment(segment);
        if (key === undefined || !isDeclared(child)) continue;
        any = true;
        add(key, child, childProperty(property, { key }, this.#definitions)!);
      }
      for (const key of computed) {
        const own = declared.children.get(segmentOf(key));
        if (own !== undefined && isDeclared(own)) continue;
        any = true;
        add(key, nothingAt(childPath(declared.path, key)), childProperty(property, { key }, this.#definitions)!);
      }
    }
    return any || (property.kind === 'object' && out.length > 0 && property.default === undefined)
      ? Object.fromEntries(out)
      : undefined;
  }
}

/** Members of an object with their segments in paths, made once. */
const membersByObject = new WeakMap<Property, (readonly [key: string, member: Property, segment: string])[]>();

function membersOf(property: Property) {
  let members = membersByObject.get(property);
  if (members === undefined) {
    members = Object.entries(property.properties ?? {}).map(([key, member]) => [key, member, segmentOf(key)] as const);
    membersByObject.set(property, members);
  }
  return members;
}

const segmentOf = (key: string): string => childPath('' as Path, key).slice(1);

/** Of the functions of a variant, which most of its components share, by path. */
const computedByBounds = new WeakMap<readonly Bound[], Map<Path, ReadonlySet<string>>>();
const pathsKeptMax = 1_024;

/** Names of the members in or below which a bound function's result stands. */
function computedBelow(bounds: readonly Bound[], path: Path): ReadonlySet<string> {
  if (bounds.length === 0) return noNames;
  const known = computedByBounds.get(bounds) ?? new Map<Path, ReadonlySet<string>>();
  let keys = known.get(path);
  if (keys === undefined) {
    keys = new Set(bounds.flatMap(({ output }) => memberAbove(output, path)));
    if (known.size >= pathsKeptMax) known.clear();
    computedByBounds.set(bounds, known.set(path, keys));
  }
  return keys;
}

const noNames: ReadonlySet<string> = new Set();

function memberAbove(output: Path, path: Path): string[] {
  if (!output.startsWith(`${path}/`)) return [];
  const { key } = decodeSegment(output.slice(path.length + 1).split('/', 1)[0]!);
  return key === undefined ? [] : [key];
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
