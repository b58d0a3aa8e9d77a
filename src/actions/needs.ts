// Which components an action of one has to come after: those whose reality its inputs are made of, through however many
// values in between, and those that it is said to depend on. Whose declared values it only follows comes first where that is
// possible: such a value is known beforehand, and two components may well follow values of each other.

import type { ComponentId } from '../base/ids.ts';
import { compareText } from '../base/json.ts';
import { BoundTable } from '../graph/bound.ts';
import { edgesInto } from '../graph/edges.ts';
import type { Source } from '../model/expr.ts';
import { dependsKey, splitAddress } from '../model/keys.ts';
import { isWithin, wellKnown } from '../model/path.ts';
import type { Reader } from '../model/state.ts';

export interface Need {
  readonly user: ComponentId;
  readonly source: ComponentId;
  /** False: only a value that is known beforehand is followed. */
  readonly hard: boolean;
}

/**
 * Between these components, also of one to itself where its inputs are made of its own reality; in order of users and sources,
 * each pair once. Chains of depends-on edges are followed through components that are not among them. The cost is that of the
 * values that their inputs are made of.
 */
export function needsOf(reader: Reader, components: Iterable<ComponentId>): Need[] {
  const acting = new Set(components);
  const search = new RealitySearch(reader);
  const out: Need[] = [];
  for (const user of [...acting].sort(compareText)) {
    const hard = new Set<ComponentId>(search.dependedOn(user, acting));
    const soft = new Set<ComponentId>();
    for (const path of [wellKnown.domain, wellKnown.secrets]) {
      for (const source of search.reality({ component: user, path })) hard.add(source);
      for (const { source } of edgesInto(reader, { component: user, path }, search.table)) soft.add(source.component);
    }
    for (const source of [...new Set([...hard, ...soft])].sort(compareText))
      if (acting.has(source) && (source !== user || hard.has(user))) out.push({ user, source, hard: hard.has(source) });
  }
  return out;
}

const noComponents: ReadonlySet<ComponentId> = new Set();

/** Remembers what it found, so that what many inputs are made of is looked at once. */
class RealitySearch {
  readonly table: BoundTable;
  readonly #reader: Reader;
  readonly #found = new Map<string, ReadonlySet<ComponentId>>();

  constructor(reader: Reader) {
    this.#reader = reader;
    this.table = new BoundTable(reader);
  }

  /** The components whose reality the value at an address is made of. */
  reality(at: Source): ReadonlySet<ComponentId> {
    const start = at.component + at.path;
    const stack = [start];
    const open = new Map<string, readonly Source[]>();
    for (let address = stack.at(-1); address !== undefined; address = stack.at(-1)) {
      const begun = open.get(address);
      if (this.#found.has(address)) stack.pop();
      else if (begun === undefined) {
        const sources = edgesInto(this.#reader, splitAddress(address), this.table).map((e) => e.source);
        open.set(address, sources);
        for (const source of sources) {
          const below = source.component + source.path;
          // What is open already is on a cycle, which is an error of its values.
          if (!isReality(source) && !this.#found.has(below) && !open.has(below)) stack.push(below);
        }
      } else {
        this.#found.set(address, this.#union(begun));
        stack.pop();
      }
    }
    return this.#found.get(start)!;
  }

  #union(sources: readonly Source[]): ReadonlySet<ComponentId> {
    const sets = sources.map((source) =>
      isReality(source)
        ? new Set([source.component])
        : (this.#found.get(source.component + source.path) ?? noComponents),
    );
    const some = sets.filter((s) => s.size > 0);
    // A long chain hands on one set.
    return some.length === 0 ? noComponents : some.length === 1 ? some[0]! : new Set(some.flatMap((s) => [...s]));
  }

  /** The nearest of `acting` along depends-on edges. */
  dependedOn(user: ComponentId, acting: ReadonlySet<ComponentId>): ComponentId[] {
    const out: ComponentId[] = [];
    const seen = new Set([user]);
    const queue = [user];
    for (const component of queue) {
      const prefix = dependsKey(component, '' as ComponentId);
      for (const [key] of this.#reader.scan('components', prefix)) {
        const on = key.slice(prefix.length) as ComponentId;
        if (seen.has(on)) continue;
        seen.add(on);
        if (acting.has(on)) out.push(on);
        else queue.push(on);
      }
    }
    return out;
  }
}

function isReality({ path }: Source): boolean {
  return path === wellKnown.resourceId || isWithin(path, wellKnown.resource) || isWithin(path, wellKnown.resourceValue);
}
