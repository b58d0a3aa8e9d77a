// The plain evaluator: what every value is, computed from what is declared, from schemas and from reality. It keeps no
// marks and trusts nothing computed before; whatever is faster is checked against it. Cells that follow something and
// bound functions are the vertices. They are computed in dependency order on an explicit stack, so a chain may be as long as
// it likes; everything else is put together from them when it is read. Results of users' functions are looked up.

import type { ComponentId, FunctionId } from '../base/ids.ts';
import { invariant } from '../base/result.ts';
import { type Bound, BoundTable, boundsAt } from '../graph/bound.ts';
import { cycleMessages, membersOfCycle } from '../graph/cycle.ts';
import { followingCells, isValidationRead } from '../graph/edges.ts';
import { isFollowing } from '../model/cell.ts';
import { type Expr, type Source, sourcesOf } from '../model/expr.ts';
import type { FunctionRecord } from '../model/function.ts';
import { idLength, splitAddress } from '../model/keys.ts';
import { findRecord } from '../model/lookup.ts';
import { overlaps, type Path, validationPath, wellKnown } from '../model/path.ts';
import type { Reader } from '../model/state.ts';
import { Assembly, type ComponentValue, type Evaluated, type Facts, none, type Results, rooted } from './assemble.ts';
import { factsOf } from './facts.ts';

export type { Evaluated, ViewProblem } from './assemble.ts';

type Vertex = { readonly expr: Expr } | { readonly bound: Bound } | { readonly validation: true };

export class Evaluation {
  readonly reader: Reader;
  readonly #cells = new Map<string, Evaluated>();
  readonly #facts = new Map<ComponentId, Facts | undefined>();
  readonly #bounds: BoundTable;
  readonly #assembly: Assembly;
  /** How many vertices were computed; for tests and statistics. */
  computed = 0;

  /** `results`: what users' functions gave; default: nothing is known, so what they give is pending. */
  constructor(reader: Reader, results: Results = () => ({ state: 'pending' })) {
    this.reader = reader;
    this.#bounds = new BoundTable(reader);
    const functionOf = (id: FunctionId) => findRecord<FunctionRecord>(reader, 'functions', id);
    this.#assembly = new Assembly(
      {
        facts: (component) => this.#factsOf(component),
        result: (component, path) => rooted(this.cell(component, path), component + path),
        functionOf: (id) => {
          const fn = functionOf(id);
          return fn && { name: fn.name, kind: fn.kind, text: fn.text };
        },
      },
      results,
    );
  }

  /** The value at an address. An absent component gives `none` with the reason. */
  valueAt(at: Source): Evaluated {
    this.#ensure(this.#verticesAt(at));
    return this.#assembly.read(at);
  }

  /** A whole component as people see it, members in schema order, with what could not be computed. */
  view(component: ComponentId): ComponentValue {
    const facts = this.#factsOf(component);
    invariant(facts?.spec !== undefined, `component ${component} or its schema is not in the state`);
    this.#ensure(this.#verticesAt({ component, path: '' as Path }));
    return this.#assembly.view(facts);
  }

  /** What one vertex gives; it must have been ensured. */
  cell(component: ComponentId, path: Path): Evaluated {
    const found = this.#cells.get(component + path);
    invariant(found !== undefined, `cell ${component}${path} was read before it was computed`);
    return found;
  }

  /**
   * Computes every vertex of the state: address -> value, following cells in key order, then bound functions and
   * the validations that something reads.
   */
  all(): ReadonlyMap<string, Evaluated> {
    const follow: Source[] = [];
    for (const [key, text] of this.reader.scan('cells', '')) {
      if (isFollowing(text))
        follow.push({ component: key.slice(0, idLength) as ComponentId, path: key.slice(idLength) as Path });
    }
    for (const [key] of this.reader.scan('components', '')) {
      if (key.length !== idLength) continue;
      const component = key as ComponentId;
      const facts = this.#factsOf(component)!;
      for (const { output } of facts.bounds) follow.push({ component, path: output });
      if (facts.validated && !facts.absent && isValidationRead(this.reader, component, facts.bounds))
        follow.push({ component, path: validationPath });
    }
    this.#ensure(follow);
    return new Map(follow.map((at) => [at.component + at.path, this.cell(at.component, at.path)]));
  }

  #factsOf(component: ComponentId): Facts | undefined {
    if (this.#facts.has(component)) return this.#facts.get(component);
    const facts = factsOf(this.reader, component, this.#bounds);
    this.#facts.set(component, facts);
    return facts;
  }

  #verticesAt(at: Source): Source[] {
    const { component } = at;
    const cells = followingCells(this.reader, at).map((f) => f.cell);
    const facts = this.#factsOf(component);
    const out = [...cells, ...boundsAt(facts?.bounds ?? [], at.path).map((b) => ({ component, path: b.output }))];
    if (overlaps(at.path, validationPath) && facts?.validated) out.push({ component, path: validationPath });
    return out;
  }

  #vertexAt(at: Source): Vertex | undefined {
    const facts = this.#factsOf(at.component);
    const cell = facts?.cellAt(at.path);
    if (cell !== undefined) return 'x' in cell ? { expr: cell.x } : undefined;
    if (at.path === validationPath && facts?.validated) return { validation: true };
    const bound = facts?.bounds.find((b) => b.output === at.path);
    return bound && { bound };
  }

  #ensure(start: readonly Source[]): void {
    const stack = start.filter((at) => !this.#cells.has(at.component + at.path)).reverse();
    const open = new Map<string, Vertex>();
    while (stack.length > 0) {
      const at = stack.at(-1)!;
      const key = at.component + at.path;
      if (this.#cells.has(key)) {
        stack.pop();
        continue;
      }
      const begun = open.get(key);
      if (begun !== undefined) {
        this.#cells.set(key, this.#compute(at, begun));
        stack.pop();
        continue;
      }
      const vertex = this.#vertexAt(at);
      if (vertex === undefined) {
        this.#cells.set(key, none);
        continue;
      }
      open.set(key, vertex);
      for (const read of this.#readsOf(at.component, vertex)) {
        const below = read.component + read.path;
        if (this.#cells.has(below)) continue;
        if (open.has(below)) this.#giveUp(below);
        else stack.push(read);
      }
    }
  }

  /** The vertices that one reads. Of a component that is marked or gone nothing is seen. */
  #readsOf(component: ComponentId, vertex: Vertex): Source[] {
    return sourcesOfVertex(component, vertex).flatMap((source) => {
      const facts = this.#factsOf(source.component);
      return facts === undefined || facts.absent ? [] : this.#verticesAt(source);
    });
  }

  /** Edits that would close a cycle are refused; one that is there all the same is an error of every cell on it. */
  #giveUp(vertex: string): void {
    const readsOf = (address: string): string[] => {
      const at = splitAddress(address);
      const here = this.#vertexAt(at);
      return here === undefined ? [] : this.#readsOf(at.component, here).map((v) => v.component + v.path);
    };
    for (const [member, message] of cycleMessages(membersOfCycle(vertex, readsOf), readsOf))
      this.#cells.set(member, { state: 'error', code: 'value_cycle', message });
  }

  #compute({ component, path }: Source, vertex: Vertex): Evaluated {
    this.computed++;
    const facts = this.#factsOf(component)!;
    if ('expr' in vertex) return this.#assembly.ofExpr(vertex.expr, facts, path);
    if ('validation' in vertex) return this.#assembly.ofValidation(facts);
    return facts.absent ? none : this.#assembly.ofBound(facts, vertex.bound);
  }
}

function sourcesOfVertex(component: ComponentId, vertex: Vertex): Source[] {
  if ('expr' in vertex) return sourcesOf(vertex.expr);
  if ('validation' in vertex) return [{ component, path: wellKnown.domain }];
  return vertex.bound.arguments.flatMap(({ path }) => (path === undefined ? [] : [{ component, path }]));
}
