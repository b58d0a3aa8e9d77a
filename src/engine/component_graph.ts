// Components and what leads from one to another, as a graph: values that are followed, order, management. Of the whole state,
// of a view, or of what lies around one component; bounded, and it says when something is left out.

import type { ComponentId, ViewId } from '../base/ids.ts';
import { compareText } from '../base/json.ts';
import { ok, type Result } from '../base/result.ts';
import type { Graph, GraphEdge } from '../formats/dot.ts';
import { edgesOutOfComponent } from '../graph/edges.ts';
import { isFollowing, parseCell } from '../model/cell.ts';
import { sourcesOf } from '../model/expr.ts';
import { index, indexUser } from '../model/keys.ts';
import { resolveComponent, resolveView } from '../model/lookup.ts';
import type { Reader } from '../model/state.ts';
import { pointerAt } from '../mutation/tree.ts';
import { idsAfter, lineOf } from './component.ts';

export interface GraphAsk {
  /** Around this one, at most `depth` edges away in either direction. */
  readonly component?: string;
  readonly depth: number;
  readonly view?: string;
  /** Components at most. */
  readonly limit: number;
}

/** Call it in `read`. Refuses what names refuse. */
export function graphOf(state: Reader, ask: GraphAsk): Result<Graph> {
  const chosen = chosenIn(state, ask);
  if (!chosen.ok) return chosen;
  const { ids, isCut } = chosen.value;
  const nodes = [...ids].sort(compareText).map((id) => lineOf(state, id)!);
  const edges = nodes.flatMap(({ id }) => edgesFrom(state, id).filter((e) => ids.has(e.to as ComponentId)));
  return ok({ nodes, edges, isCut });
}

interface Chosen {
  readonly ids: ReadonlySet<ComponentId>;
  readonly isCut: boolean;
}

function chosenIn(state: Reader, ask: GraphAsk): Result<Chosen> {
  if (ask.component !== undefined) {
    const start = resolveComponent(state, ask.component);
    return start.ok ? ok(around(state, start.value, ask)) : start;
  }
  if (ask.view === undefined) return ok(first(idsAfter(state, ''), ask.limit));
  const view = resolveView(state, ask.view);
  return view.ok ? ok(first(membersOf(state, view.value), ask.limit)) : view;
}

function first(all: Iterable<ComponentId>, limit: number): Chosen {
  const ids = new Set<ComponentId>();
  for (const id of all) {
    if (ids.size === limit) return { ids, isCut: true };
    ids.add(id);
  }
  return { ids, isCut: false };
}

/** The components of a view, in order of id. */
function* membersOf(state: Reader, view: ViewId): Iterable<ComponentId> {
  const prefix = `${view}/`;
  for (const [key] of state.scan('views', prefix)) yield key.slice(prefix.length) as ComponentId;
}

function around(state: Reader, start: ComponentId, { depth, limit }: GraphAsk): Chosen {
  const ids = new Set([start]);
  let edge = [start];
  for (let away = 0; away < depth && edge.length > 0; away++) {
    const next: ComponentId[] = [];
    for (const id of edge)
      for (const other of neighbours(state, id)) {
        if (ids.has(other) || lineOf(state, other) === undefined) continue;
        if (ids.size === limit) return { ids, isCut: true };
        ids.add(other);
        next.push(other);
      }
    edge = next;
  }
  return { ids, isCut: edge.some((id) => neighbours(state, id).some((other) => !ids.has(other))) };
}

function neighbours(state: Reader, id: ComponentId): ComponentId[] {
  const out = edgesFrom(state, id).map((e) => e.to as ComponentId);
  for (const [, text] of state.scan('cells', id)) {
    const cell = isFollowing(text) ? parseCell(text) : undefined;
    if (cell !== undefined && 'x' in cell) out.push(...sourcesOf(cell.x).map((s) => s.component));
  }
  out.push(...below(state, `${id}/depends/`));
  for (const [key] of state.scan('index', index.managersOf(id))) out.push(indexUser(key) as ComponentId);
  return [...new Set(out)].sort(compareText);
}

/** From a source to who follows it, from what comes first to what waits for it, from a manager to what it manages. */
function edgesFrom(state: Reader, id: ComponentId): GraphEdge[] {
  const out: GraphEdge[] = [];
  for (const { source, user } of edgesOutOfComponent(state, id)) {
    if (user.component === id) continue;
    out.push({
      kind: 'value',
      from: id,
      to: user.component,
      fromPath: pointerAt(state, id, source.path),
      toPath: pointerAt(state, user.component, user.path),
    });
  }
  for (const [key] of state.scan('index', index.dependentsOf(id)))
    out.push({ kind: 'order', from: id, to: indexUser(key) });
  for (const to of below(state, `${id}/manages/`)) out.push({ kind: 'manages', from: id, to });
  return out;
}

const below = (state: Reader, prefix: string): ComponentId[] =>
  [...state.scan('components', prefix)].map(([key]) => key.slice(prefix.length) as ComponentId);
