// What searches have looked at, kept in memory: of each component its line and its values as text, in lower case, by numbers of
// their pointers. It is of Head as it stood when it was looked at last; what has changed since, with all that follows it, is
// let go of first. A change set's state is Head's but for the same comparison. What hangs on a result that is still to come, or
// that another run may give otherwise, is never kept.

import type { ComponentId } from '../base/ids.ts';
import { limits } from '../base/limits.ts';
import type { Call, Results } from '../builtins/assemble.ts';
import { Evaluation } from '../builtins/evaluate.ts';
import { type AttributeQuery, isAskedAt, isAskedValue, matchSearchBy, type SearchQuery } from '../formats/search.ts';
import { reach } from '../graph/edges.ts';
import type { Source } from '../model/expr.ts';
import { idLength, splitAddress } from '../model/keys.ts';
import { isAbsent } from '../model/lookup.ts';
import type { Path } from '../model/path.ts';
import type { SchemaRecord } from '../model/schema.ts';
import { changesBetween } from '../propagation/changes.ts';
import { diff } from '../snapshot/diff.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { type ComponentLine, lineOf } from './component.ts';
import { leaves } from './searched_values.ts';
import type { Workspace } from './workspace.ts';

interface Kept {
  readonly line: ComponentLine;
  /** Numbers of pointers, and the value at each. */
  readonly at: readonly number[];
  readonly texts: readonly string[];
  readonly bytes: number;
}

/** What a searched state has otherwise than Head: which components, and what was looked at of them. */
interface Other {
  readonly head: Snapshot;
  readonly touched: Touched;
  readonly kept: Map<ComponentId, Kept>;
  bytes: number;
}

/** States beside Head of which anything is kept. */
const othersMax = 4;

const indexes = new WeakMap<Workspace, SearchIndex>();

export function searchIndexOf(w: Workspace): SearchIndex {
  let index = indexes.get(w);
  if (index === undefined) {
    index = new SearchIndex({
      results: () => w.propagation.resultsOn(w.world.digest),
      hasEffects: (call) => w.calls.hasEffects(call, () => w.space.blob(call.text)),
    });
    indexes.set(w, index);
  }
  return index;
}

export interface SearchIndexHost {
  /** What functions gave, as far as it is known. */
  readonly results: () => Results;
  /** May the same call give something else another time? */
  readonly hasEffects: (call: Call) => boolean;
  /** Milliseconds that one use of `search` spends on keeping what it looks at. Default: `limits.searchIndexSliceMs`. */
  readonly sliceMs?: number;
}

/** Of each thing that a search asks for, whether it may stand at a pointer, by its number. One for each search. */
export class Asked {
  generation = -1;
  readonly at = new Map<AttributeQuery, boolean[]>();
}

export class SearchIndex {
  readonly #host: SearchIndexHost;
  #at: Snapshot | undefined;
  readonly #kept = new Map<ComponentId, Kept>();
  #bytes = 0;
  readonly #numbers = new Map<string, number>();
  readonly #pointers: string[] = [];
  /** Grows when numbers begin anew. */
  #generation = 0;
  /** States that were searched lately, the last one last. */
  readonly #others = new Map<Snapshot, Other>();

  constructor(host: SearchIndexHost) {
    this.#host = host;
  }

  /** Components that are kept; for tests. */
  get size(): number {
    return this.#kept.size;
  }

  /** A search of a state. Call it in `read`, and use it before anything else is waited for. */
  search(head: Snapshot, state: Snapshot, query: SearchQuery, asked: Asked): IndexedSearch {
    if (this.#at !== head) {
      const touched = this.#at === undefined ? undefined : touchedBetween(this.#at, head);
      if (touched === undefined) this.#clear();
      else for (const id of touched) this.#drop(id);
      this.#at = head;
    }
    const other = this.#otherOf(head, state);
    const { touched } = other;
    const until = performance.now() + (this.#host.sliceMs ?? limits.searchIndexSliceMs);
    return {
      matches: (id) => {
        if (touched === undefined) return undefined;
        const of = touched.has(id) ? other : undefined;
        const known = of === undefined ? this.#kept.get(id) : of.kept.get(id);
        const kept =
          known ?? (performance.now() < until ? this.#add(of === undefined ? head : state, id, of) : undefined);
        if (kept === undefined) return undefined;
        const { line } = kept;
        return matchSearchBy(query, line, (q) => this.#has(kept, q, asked)) && line;
      },
    };
  }

  /** What a state has otherwise than Head. */
  #otherOf(head: Snapshot, state: Snapshot): Other {
    const known = this.#others.get(state);
    this.#others.delete(state);
    const other: Other =
      known?.head === head
        ? known
        : { head, touched: state === head ? new Set() : touchedBetween(head, state), kept: new Map(), bytes: 0 };
    this.#others.set(state, other);
    for (const oldest of this.#others.keys()) {
      if (this.#others.size <= othersMax) break;
      this.#others.delete(oldest);
    }
    return other;
  }

  #has({ at, texts }: Kept, query: AttributeQuery, asked: Asked): boolean {
    if (asked.generation !== this.#generation) asked.at.clear();
    asked.generation = this.#generation;
    let isAt = asked.at.get(query);
    if (isAt === undefined) {
      isAt = [];
      asked.at.set(query, isAt);
    }
    if (isAt.length < this.#pointers.length) {
      const isAsked = isAskedAt(query);
      for (let n = isAt.length; n < this.#pointers.length; n++) isAt.push(isAsked(this.#pointers[n]!));
    }
    for (let i = 0; i < at.length; i++) if (isAt[at[i]!] === true && isAskedValue(query, texts[i]!)) return true;
    return false;
  }

  /** `other`: of whose state it is; absent: of Head's. */
  #add(state: Snapshot, id: ComponentId, other?: Other): Kept | undefined {
    const recall = this.#host.results();
    let isLasting = true;
    // One for each, so that all that it hangs on is asked for here.
    const evaluation = new Evaluation(state, (call) => {
      const is = recall(call);
      if (is.state === 'pending' || this.#host.hasEffects(call)) isLasting = false;
      return is;
    });
    const line = lineOf(state, id);
    // Whether it is shown hangs on the state that a change set began with.
    if (line === undefined || isAbsent(state, id)) return undefined;
    const at: number[] = [];
    const texts: string[] = [];
    let bytes = 300;
    for (const [pointer, text] of leaves('', evaluation.view(id).value)) {
      const folded = text.toLowerCase();
      at.push(this.#numberOf(pointer));
      texts.push(folded);
      bytes += 40 + 2 * folded.length;
    }
    if (!isLasting || bytes > limits.searchIndexBytesMax) return undefined;
    const kept = { line, at, texts, bytes };
    if (other !== undefined) {
      // What does not find room is looked at each time.
      if (other.bytes + bytes <= limits.searchIndexBytesMax / (4 * othersMax)) {
        other.kept.set(id, kept);
        other.bytes += bytes;
      }
      return kept;
    }
    this.#kept.set(id, kept);
    this.#bytes += bytes;
    // The ones that were looked at first go first.
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= limits.searchIndexBytesMax) break;
      this.#drop(oldest);
    }
    return kept;
  }

  #numberOf(pointer: string): number {
    let number = this.#numbers.get(pointer);
    if (number === undefined) {
      number = this.#pointers.push(pointer) - 1;
      this.#numbers.set(pointer, number);
      this.#bytes += 2 * pointer.length + 100;
    }
    return number;
  }

  #drop(id: ComponentId): void {
    const kept = this.#kept.get(id);
    if (kept === undefined) return;
    this.#kept.delete(id);
    this.#bytes -= kept.bytes;
    if (this.#kept.size === 0) this.#clear();
  }

  #clear(): void {
    this.#generation++;
    this.#kept.clear();
    // By the numbers that begin anew.
    for (const other of this.#others.values()) {
      other.kept.clear();
      other.bytes = 0;
    }
    this.#numbers.clear();
    this.#pointers.length = 0;
    this.#bytes = 0;
  }
}

export interface IndexedSearch {
  /** The component's line where it matches; undefined: it has to be looked at in the state. */
  matches(id: ComponentId): ComponentLine | false | undefined;
}

/** Components that may show something else; undefined: too many to tell, or all. */
type Touched = ReadonlySet<ComponentId> | undefined;

function touchedBetween(before: Snapshot, after: Snapshot): Touched {
  for (const { key, before: was, after: is } of diff(before.map('schemas'), after.map('schemas')))
    if (key.length === idLength && was !== undefined && nameOfSchema(was) !== nameOfSchema(is)) return undefined;
  const changes = changesBetween(before, after);
  const whole = new Set<ComponentId>(changes.components);
  for (const ids of [changes.rebound, changes.resources, changes.secrets]) for (const id of ids) whole.add(id);
  const everything = '' as Path;
  // Who follows one value of a component follows mostly not the others: of what was edited only that is followed.
  const from: Source[] = [...whole].map((component) => ({ component, path: everything }));
  for (const { component, path } of changes.cells) if (!whole.has(component)) from.push({ component, path });
  for (const { user } of changes.edges) from.push(splitAddress(user));
  for (const address of changes.callers) from.push(splitAddress(address));
  const touched = new Set<ComponentId>();
  for (const { component } of from) touched.add(component);
  if (touched.size > limits.searchTouchedMax) return undefined;
  const { cells, cut } = reach(after, from, limits.searchTouchedMax);
  if (cut) return undefined;
  for (const { component } of cells) touched.add(component);
  return touched;
}

const nameOfSchema = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : (JSON.parse(text) as SchemaRecord).name;
