// The list of components, a page at a time in order of id, with as much about each as is asked for. What a page costs follows
// the page: a component's difference from Head is looked up by its own cells, functions are read once a type. The history of
// runs is read from the store component by component.

import type { ComponentId, RunId } from '../base/ids.ts';
import type { Json } from '../base/json.ts';
import { isFollowing, parseCell } from '../model/cell.ts';
import { sourcesOf } from '../model/expr.ts';
import { idLength, splitCellKey } from '../model/keys.ts';
import { type findComponent, findSchema, isMarked, nameOf, reportedOf, resourceIdOf } from '../model/lookup.ts';
import type { ResourceRecord } from '../model/module.ts';
import type { Path } from '../model/path.ts';
import type { Reader } from '../model/state.ts';
import { pointerAt } from '../mutation/tree.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { ComponentLine, Page } from './component.ts';
import { type FunctionHere, functionsOn, isGone, managedBy, type NamedComponent } from './component_detail.ts';
import type { State } from './operation.ts';
import { listRuns } from './runs.ts';

export const listParts = ['codegen', 'functions', 'subscriptions', 'manages', 'resource', 'diff', 'history'] as const;
export type ListPart = (typeof listParts)[number];

export interface SubscriptionLine {
  readonly path: string;
  readonly component: ComponentId;
  readonly name: string;
  readonly from: string;
  readonly value?: Json;
}

export interface RunMention {
  readonly run: RunId;
  readonly function: string;
  readonly state: string;
  readonly startedAtMs: number;
}

export interface ListedComponent extends ComponentLine {
  readonly codegen?: Json;
  readonly functions?: readonly FunctionHere[];
  readonly subscriptions?: readonly SubscriptionLine[];
  readonly manages?: readonly NamedComponent[];
  readonly resource?: { readonly resourceId: string | null; readonly status: ResourceRecord['status'] | null };
  /** Of what is declared, against Head. */
  readonly diff?: 'Added' | 'Modified' | 'None';
  /** Newest first. */
  readonly runs?: readonly RunMention[];
}

/** Runs of one component that are told. */
const historyMax = 20;

export interface ListAsk {
  readonly cursor: string;
  readonly limit: number;
  readonly parts: ReadonlySet<ListPart>;
}

/** `head`: Head's state that the change set stands on. */
export async function listComponents(s: State, head: Snapshot, ask: ListAsk): Promise<Page<ListedComponent>> {
  const page = await s.w.read(() => pageOf(s, head, ask));
  if (!ask.parts.has('history')) return page;
  const items: ListedComponent[] = [];
  for (const item of page.items) items.push({ ...item, runs: await runsOf(s, item.id) });
  return { ...page, items };
}

function pageOf(s: State, head: Snapshot, { cursor, limit, parts }: ListAsk): Page<ListedComponent> {
  const { snapshot } = s;
  const functions = new Map<string, readonly FunctionHere[]>();
  const items: ListedComponent[] = [];
  for (const [key, text] of componentsAfter(snapshot, cursor)) {
    const id = key as ComponentId;
    if (isGone(snapshot, id, head)) continue;
    if (items.length === limit) return { items, nextCursor: items.at(-1)!.id };
    const record = JSON.parse(text) as NonNullable<ReturnType<typeof findComponent>>;
    let here = functions.get(record.variant);
    if (here === undefined && parts.has('functions')) {
      here = functionsOn(snapshot, record);
      functions.set(record.variant, here);
    }
    items.push({
      id,
      name: nameOf(snapshot, id),
      schema: findSchema(snapshot, record.schema)?.name ?? '',
      toDelete: isMarked(snapshot, id),
      ...(here === undefined ? {} : { functions: here }),
      ...(parts.has('manages') ? { manages: managedBy(snapshot, id) } : {}),
      ...(parts.has('resource') ? { resource: resourceLine(snapshot, id) } : {}),
      ...(parts.has('diff') ? { diff: diffOf(head, snapshot, id) } : {}),
      ...(parts.has('subscriptions') ? { subscriptions: subscriptionsOf(s, id) } : {}),
      ...(parts.has('codegen') ? { codegen: codegenOf(s, id) } : {}),
    });
  }
  return { items, nextCursor: null };
}

/**
 * Records of components behind one, in order of id. What else is kept of a component lies between its record and the next one's
 * and is stepped over.
 */
function* componentsAfter(state: Reader, after: string): Iterable<readonly [string, string]> {
  for (const entry of state.scan('components', '', after)) if (entry[0].length === idLength) yield entry;
}

function resourceLine(state: Reader, id: ComponentId): NonNullable<ListedComponent['resource']> {
  const record = reportedOf(state, id);
  return { resourceId: resourceIdOf(state, id) ?? null, status: record?.status ?? null };
}

/** By what is declared of it: what follows from that may be other values still. */
function diffOf(head: Reader, state: Reader, id: ComponentId): NonNullable<ListedComponent['diff']> {
  if (head.get('components', id) === undefined) return 'Added';
  const isSame = (category: 'components' | 'cells', prefix: string): boolean => {
    const before = head.scan('cells' === category ? 'cells' : 'components', prefix)[Symbol.iterator]();
    for (const [key, text] of state.scan(category, prefix)) {
      const other = before.next();
      if (other.done === true || other.value[0] !== key || other.value[1] !== text) return false;
    }
    return before.next().done === true;
  };
  return isSame('components', id) && isSame('cells', id) ? 'None' : 'Modified';
}

function subscriptionsOf(s: State, id: ComponentId): SubscriptionLine[] {
  const { snapshot } = s;
  const out: SubscriptionLine[] = [];
  for (const [key, text] of snapshot.scan('cells', id)) {
    if (!isFollowing(text)) continue;
    const { path } = splitCellKey(key);
    const cell = parseCell(text);
    if (!('x' in cell)) continue;
    const at = pointerAt(snapshot, id, path);
    const value = valueAt(s, id, path);
    for (const { component, path: from } of sourcesOf(cell.x))
      out.push({
        path: at,
        component,
        name: nameOf(snapshot, component),
        from: pointerAt(snapshot, component, from),
        ...(value === undefined ? {} : { value }),
      });
  }
  return out;
}

function codegenOf(s: State, id: ComponentId): Json {
  return valueAt(s, id, '/code' as Path) ?? null;
}

/** Of the present version; of another one values are not computed for a list. */
function valueAt(s: State, component: ComponentId, path: Path): Json | undefined {
  if (s.snapshot !== s.branch.snapshot) return undefined;
  const at = { component, path };
  const is = s.w.propagation.settle(s.branch, at).read(at);
  return is.state === 'value' ? is.value : undefined;
}

async function runsOf({ w, row }: State, component: ComponentId): Promise<RunMention[]> {
  const { items } = await listRuns(w, { component, limit: historyMax });
  return items
    .filter((r) => r.changeSet === row.id || row.isHead)
    .map((r) => ({
      run: r.id,
      function: r.functionName,
      state: r.status,
      startedAtMs: r.startedAtMs ?? r.queuedAtMs,
    }));
}
