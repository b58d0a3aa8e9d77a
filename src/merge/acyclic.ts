// Keeping graphs without cycles: values that follow each other or are given by functions, depends-on edges, managers. Edges that are not the change
// set's stay; its own are put back one by one in their order, and one that would close a cycle is left out, so that what
// is dropped is always the latest on the cycle, whatever was looked at first.

import type { BindingId, ComponentId, SchemaId, VariantId } from '../base/ids.ts';
import { invariant } from '../base/result.ts';
import { type Bound, boundsAt, boundsOf, boundsOfVariant } from '../graph/bound.ts';
import { findCycleOfBinding } from '../graph/bound_cycle.ts';
import { findCycle, findLoop } from '../graph/cycle.ts';
import { followingCells, sourcesOfCellText } from '../graph/edges.ts';
import type { Source } from '../model/expr.ts';
import { cellKey, idLength, index, indexUser, splitCellKey } from '../model/keys.ts';
import type { Merging } from './merging.ts';
import type { RuleId } from './rules.ts';
import { type EdgeKind, edgesOf } from './side.ts';

/** An item that was left out, and the cycle it would close, for people and programs. */
export interface Dropped {
  readonly at: number;
  readonly rule: RuleId;
  readonly cycle: readonly string[];
  /** Keys of the edges on it. */
  readonly keys: readonly string[];
}

interface Graph {
  readonly rule: RuleId;
  /** The cycle through an edge that is in the state, as steps; undefined: none, or the edge is not there. */
  readonly cycle: (key: string) => readonly string[] | undefined;
  /** Keys of edges that may make up the steps of a cycle. */
  readonly keysOn: (cycle: readonly string[]) => readonly string[];
}

export function breakCycles(m: Merging): Dropped[] {
  return [
    ...breakIn(m, 'value', valueGraph(m)),
    ...breakIn(m, 'depends', edgeGraph(m, 'depends')),
    ...breakIn(m, 'manages', edgeGraph(m, 'manages')),
  ];
}

/** The latest edge of the change set on a cycle of values that the engine's own edits have closed. */
export function closedByRepairs(m: Merging): Dropped | undefined {
  if (!m.repairs.some((r) => r.kind === 'cell.unset' || r.kind === 'record.remove')) return undefined;
  const graph = valueGraph(m);
  for (const key of [...m.input.pending.side.edges.value, ...m.extra.edges.value]) {
    const cycle = graph.cycle(key);
    if (cycle === undefined) continue;
    const keys = graph.keysOn(cycle);
    const at = Math.max(...keys.map((k) => itemOfEdge(m, 'value', k) ?? -1));
    if (at >= 0) return { at, rule: graph.rule, cycle, keys };
  }
  return undefined;
}

function breakIn(m: Merging, kind: EdgeKind, graph: Graph): Dropped[] {
  const candidates = candidatesOf(m, kind);
  if (candidates.length === 0) return [];
  const suspects = new Set<number>();
  const suspect = (cycle: readonly string[]): number => {
    let found = 0;
    for (const key of graph.keysOn(cycle)) {
      const at = itemOfEdge(m, kind, key);
      if (at === undefined || suspects.has(at)) continue;
      suspects.add(at);
      m.skip(at, graph.rule);
      found++;
    }
    return found;
  };
  const own = [...m.input.pending.side.edges[kind], ...m.extra.edges[kind]];
  const clear = (): void => {
    for (let again = true; again; ) {
      again = false;
      // What was left out has uncovered the source before it: any edge of the change set's may close a cycle with that.
      for (const key of suspects.size === 0 ? candidates : [...candidates, ...own]) {
        const cycle = graph.cycle(key);
        if (cycle === undefined) continue;
        // One that the change set closes without an edge, as by taking a value away that stood over a function's: its values
        // are errors that say so.
        if (suspect(cycle) > 0) again = true;
        else invariant(kind === 'value', `a loop without an edge of the change set: ${cycle.join(' <- ')}`);
      }
    }
  };
  clear();
  if (suspects.size === 0) return [];
  for (;;) {
    const dropped: Dropped[] = [];
    let widened = false;
    for (const at of [...suspects].sort((a, b) => a - b)) {
      m.unskip(at);
      const keys = edgesOf(m.item(at).m).filter((e) => e.kind === kind);
      const cycle = keys.map((e) => graph.cycle(e.key)).find((c) => c !== undefined);
      if (cycle === undefined) continue;
      const later = graph
        .keysOn(cycle)
        .map((key) => itemOfEdge(m, kind, key))
        .filter((i): i is number => i !== undefined && i > at && !suspects.has(i));
      if (later.length > 0) {
        for (const i of later) suspects.add(i);
        widened = true;
        break;
      }
      m.skip(at, graph.rule);
      dropped.push({ at, rule: graph.rule, cycle, keys: graph.keysOn(cycle) });
    }
    if (!widened) return dropped;
    for (const at of suspects) m.skip(at, graph.rule);
    clear();
  }
}

/** Edges to look at: those of the side with fewer, since a new cycle has edges of both; all own ones when anything may have changed. */
function candidatesOf(m: Merging, kind: EdgeKind): string[] {
  const own = m.input.pending.side.edges[kind];
  const theirs = m.input.theirs?.edges[kind];
  if (!m.incremental || theirs === undefined || (kind === 'value' && uncovers(m)))
    return [...own, ...m.extra.edges[kind]];
  if (own.size === 0 || theirs.size === 0) return [];
  return [...(own.size <= theirs.size ? own : theirs)];
}

/** Is a function in force by what Head has got that was not before? It gives a value as one that is bound then does. */
function uncovers(m: Merging): boolean {
  const { theirs } = m.input;
  return (
    theirs?.uncovering.some((at) => {
      const edit = theirs.entries[at]!.m;
      if (edit.kind !== 'cell.unset' && edit.kind !== 'element.remove') return true;
      return boundsAt(boundsOf(m.draft, edit.component), edit.path).length > 0;
    }) ?? false
  );
}

/** The item whose edge is in the state at a key: the last one placed there. */
function itemOfEdge(m: Merging, kind: EdgeKind, key: string): number | undefined {
  const unit = key.slice(0, idLength);
  return m
    .positions(unit)
    .findLast(
      (at) =>
        !m.isSkipped(at) &&
        m.item(at).yields === undefined &&
        edgesOf(m.item(at).m).some((e) => e.kind === kind && e.key === key),
    );
}

function valueGraph(m: Merging): Graph {
  const address = (s: Source): string => s.component + s.path;
  return {
    rule: 'value-cycle',
    cycle: (key) => {
      if (key.length === idLength) return findCycleOfBinding(m.draft, key as BindingId)?.map(address);
      const text = m.draft.get('cells', key);
      const sources = text === undefined ? [] : sourcesOfCellText(text);
      if (sources.length === 0) return undefined;
      return findCycle(m.draft, splitCellKey(key), sources)?.map(address);
    },
    keysOn: (cycle) =>
      cycle.flatMap((step) => {
        const at = splitCellKey(step);
        const bounds = boundsAt(boundsOfStep(m, at.component), at.path).map((b) => b.binding as string);
        return [...followingCells(m.draft, at).map(({ cell }) => cellKey(cell.component, cell.path)), ...bounds];
      }),
  };
}

/** Functions of a step, which is on a component or, where all components of a variant are on the cycle, on that. */
function boundsOfStep(m: Merging, id: string): readonly Bound[] {
  for (const [key] of m.draft.scan('index', index.schemasOfVariant(id)))
    return boundsOfVariant(m.draft, { schema: indexUser(key) as SchemaId, variant: id as VariantId });
  return boundsOf(m.draft, id as ComponentId);
}

function edgeGraph(m: Merging, kind: 'depends' | 'manages'): Graph {
  const next = function* (id: string): Iterable<string> {
    for (const [key] of m.draft.scan('components', `${id}/${kind}/`)) yield key.slice(-idLength);
  };
  return {
    rule: kind === 'depends' ? 'depends-loop' : 'manages-loop',
    cycle: (key) => {
      if (m.draft.get('components', key) === undefined) return undefined;
      const [from, to] = [key.slice(0, idLength), key.slice(-idLength)];
      // Through this edge: from its end back to its beginning.
      const back = findLoop(from, (id) => (id === from ? [to] : next(id)));
      return back;
    },
    keysOn: (cycle) => cycle.slice(1).map((to, i) => `${cycle[i]}/${kind}/${to as ComponentId}`),
  };
}
