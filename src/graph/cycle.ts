// Would following some sources close a cycle between values, or an edge a loop? Two searches run in step, one from the sources towards
// what they are computed from, one from the target towards what follows it; the first to end without a meeting proves
// that there is none. The cost is that of the smaller side, so a long chain behind one end costs nothing at the other.

import type { Source } from '../model/expr.ts';
import { overlaps } from '../model/path.ts';
import type { Reader } from '../model/state.ts';
import { BoundTable } from './bound.ts';
import { type Edge, edgesInto, edgesOutOf } from './edges.ts';

interface Visit<T> {
  readonly at: T;
  readonly from: Visit<T> | undefined;
}

interface Search<T> {
  readonly start: readonly T[];
  readonly step: (at: T) => Iterable<T>;
  readonly goal: (at: T) => boolean;
  readonly addressOf: (at: T) => string;
  /** The other search has its turn behind each edge, else behind all of a vertex. */
  readonly isByEdge?: boolean;
}

function* search<T>({ start, step, goal, addressOf, isByEdge }: Search<T>): Generator<undefined, Visit<T> | undefined> {
  const seen = new Set<string>();
  const queue: Visit<T>[] = [];
  const push = (at: T, from: Visit<T> | undefined): Visit<T> | undefined => {
    const address = addressOf(at);
    if (seen.has(address)) return undefined;
    seen.add(address);
    const visit = { at, from };
    queue.push(visit);
    return goal(at) ? visit : undefined;
  };
  for (const at of start) {
    const met = push(at, undefined);
    if (met) return met;
  }
  for (let i = 0; i < queue.length; i++) {
    for (const at of step(queue[i]!.at)) {
      const met = push(at, queue[i]);
      if (met) return met;
      if (isByEdge) yield undefined;
    }
    yield undefined;
  }
  return undefined;
}

function trail<T>(visit: Visit<T> | undefined): T[] {
  const out: T[] = [];
  for (let v = visit; v !== undefined; v = v.from) out.push(v.at);
  return out;
}

const same = (a: Source, b: Source): boolean => a.component === b.component && overlaps(a.path, b.path);

/**
 * The cycle that would arise if the cell at `target` followed `sources`, as the addresses on it, the target first and
 * last, each computed from the next; undefined when there is none. The cell that is at `target` now is left out.
 * `table`: of the same state, for who looks for many.
 */
export function findCycle(
  reader: Reader,
  target: Source,
  sources: readonly Source[],
  table: BoundTable = new BoundTable(reader),
): Source[] | undefined {
  const direct = sources.find((s) => same(s, target));
  if (direct) return [target, target];
  const isTarget = (e: Edge): boolean => e.user.component === target.component && e.user.path === target.path;
  const addressOf = (at: Source): string => at.component + at.path;
  const up = search({
    start: sources,
    step: (at) =>
      edgesInto(reader, at, table)
        .filter((e) => !isTarget(e))
        .map((e) => e.source),
    goal: (at) => same(at, target),
    addressOf,
  });
  const down = search({
    start: [target],
    step: (at) =>
      edgesOutOf(reader, at, table)
        .filter((e) => !isTarget(e))
        .map((e) => e.user),
    goal: (at) => sources.some((s) => same(at, s)),
    addressOf,
  });
  for (;;) {
    // Mostly nothing reads the target yet, which one look tells.
    const d = down.next();
    if (d.done) return d.value === undefined ? undefined : [target, ...trail(d.value)];
    const u = up.next();
    if (u.done) return u.value === undefined ? undefined : [target, ...trail(u.value).reverse().slice(0, -1), target];
  }
}

/**
 * The loop that an edge `from` -> `to` would close, as ids, `from` first and last; undefined when there is none. `next` and
 * `before`: where edges lead, and where they come from. The cost is that of the smaller side, as of `findCycle`.
 */
export function findLoopThrough(
  { from, to }: { readonly from: string; readonly to: string },
  { next, before }: Readonly<Record<'next' | 'before', (id: string) => Iterable<string>>>,
): string[] | undefined {
  const addressOf = (id: string): string => id;
  const down = search({ start: [to], step: next, goal: (id) => id === from, addressOf, isByEdge: true });
  const up = search({ start: [from], step: before, goal: (id) => id === to, addressOf, isByEdge: true });
  for (;;) {
    const d = down.next();
    if (d.done) return d.value === undefined ? undefined : [from, ...trail(d.value).reverse()];
    const u = up.next();
    if (u.done) return u.value === undefined ? undefined : [from, ...trail(u.value)];
  }
}

/** The cycle among directed edges given by `next` that passes through `start`, as ids; undefined when there is none. */
export function findLoop(start: string, next: (id: string) => Iterable<string>): string[] | undefined {
  const from = new Map<string, string>();
  const queue: string[] = [];
  const visit = (id: string, via: string): boolean => {
    if (id === start) {
      const out = [start];
      for (let at = via; at !== start; at = from.get(at)!) out.push(at);
      out.push(start);
      loop = out.reverse();
      return true;
    }
    if (!from.has(id)) {
      from.set(id, via);
      queue.push(id);
    }
    return false;
  };
  let loop: string[] | undefined;
  for (const id of next(start)) if (visit(id, start)) return loop;
  for (let i = 0; i < queue.length; i++) {
    for (const id of next(queue[i]!)) if (visit(id, queue[i]!)) return loop;
  }
  return undefined;
}

/**
 * Every vertex on a cycle through `start`, `start` first; empty when it is on none. `reads` gives what a vertex reads, by
 * whatever names the caller has for them. O(everything that `start` reads, directly or not).
 */
export function membersOfCycle(start: string, reads: (vertex: string) => readonly string[]): string[] {
  const readers = new Map<string, string[]>([[start, []]]);
  const below = [start];
  for (let at = below.pop(); at !== undefined; at = below.pop()) {
    for (const read of reads(at)) {
      const known = readers.get(read);
      if (known !== undefined) known.push(at);
      else {
        readers.set(read, [at]);
        below.push(read);
      }
    }
  }
  if (readers.get(start)!.length === 0) return [];
  const members = new Set([start]);
  for (const member of members) for (const reader of readers.get(member)!) members.add(reader);
  return [...members];
}

/** Of a cycle with more values than this the way is not told: looking for it from each of them would take long. */
const toldMax = 100;

/**
 * What is said to each member of a cycle (see `membersOfCycle`): a shortest way from it back to it, each step computed from
 * the next, the same whoever found the cycle first.
 */
export function cycleMessages(
  members: readonly string[],
  reads: (vertex: string) => readonly string[],
): ReadonlyMap<string, string> {
  const on = new Set(members);
  const next = new Map(
    members.length > toldMax
      ? []
      : members.map(
          (m) =>
            [
              m,
              reads(m)
                .filter((r) => on.has(r))
                .sort(),
            ] as const,
        ),
  );
  return new Map(
    members.map((m) => {
      const loop = next.size === 0 ? undefined : findLoop(m, (v) => next.get(v)!);
      const others = members.length - 1;
      return [m, `it depends on itself${loop === undefined ? `, through ${others} others` : `: ${loop.join(' <- ')}`}`];
    }),
  );
}
