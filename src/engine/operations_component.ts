// The operations that read components, by name, with plain JSON in and out: one whole, a search, the history of one, what a
// value could follow.

import type { Principal } from '../access/role.ts';
import { type ChangeSetId, type ComponentId, isUlid } from '../base/ids.ts';
import { isObject } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { must, ok, type Result } from '../base/result.ts';
import type { ComponentValue, Results } from '../builtins/assemble.ts';
import { Evaluation } from '../builtins/evaluate.ts';
import { resolveComponent } from '../model/lookup.ts';
import type { Path } from '../model/path.ts';
import type { Attributes } from '../mutation/request.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { bulkSet } from './bulk_set.ts';
import { resolveChangeSet } from './change_set.ts';
import { historyOf, readComponent, searchComponents } from './component.ts';
import { componentDetail, resourceOfComponent } from './component_detail.ts';
import { graphOf } from './component_graph.ts';
import { listComponents, listParts } from './component_list.ts';
import { type MatchAsk, matchComponents } from './component_match.ts';
import { declareComponents } from './declare.ts';
import { declarationOf } from './declared.ts';
import { driftMention } from './drift.ts';
import { duplicateComponents } from './duplicate.ts';
import { lookAgain } from './look_again.ts';
import {
  changeSetOf,
  type Handler,
  inState,
  integer,
  inWorkspace,
  listed,
  type Params,
  type State,
  text,
  textList,
  texts,
  wrong,
} from './operation.ts';
import { mayRead, ofComponent, readable } from './readable.ts';
import { suggestSources } from './schema.ts';
import { statePage } from './state_document.ts';
import { describeTemplate, runWorkingSet } from './working_set.ts';
import type { Workspace } from './workspace.ts';

export const componentOperations = {
  'component.get': (c, p) => ofComponent(c, p, (s) => componentIn(s, text(p, 'component'), integer(p, 'waitMs', 0))),
  'component.search': (c, p) =>
    inState(c, p, async (s) => {
      const page = await s.w.read(() =>
        searchComponents(
          s.snapshot,
          {
            ...(p['query'] === undefined ? {} : { query: text(p, 'query') }),
            ...(p['cursor'] === undefined ? {} : { cursor: text(p, 'cursor') }),
            ...(p['limit'] === undefined ? {} : { limit: integer(p, 'limit') }),
          },
          resultsIn(s.w),
        ),
      );
      return page.ok ? ok({ ...page.value, ...(await readable(s, c.principal, page.value.items)) }) : page;
    }),
  /** A component with what stands around it; `waitMs` as in `component.get`. */
  'component.describe': (c, p) => ofComponent(c, p, (s) => described(s, text(p, 'component'), integer(p, 'waitMs', 0))),
  /** What is known of its resource. */
  'component.resource': (c, p) =>
    ofComponent(c, p, (s) => s.w.read(() => resourceOfComponent(s.snapshot, text(p, 'component')))),
  /** One page in order of id; `include`: what is told of each besides, with commas between. */
  'component.list': (c, p) =>
    inState(c, p, async (s) => {
      const limit = Math.min(Math.max(1, integer(p, 'limit', 50)), limits.pageRowsMax);
      const parts = new Set(listed(p, 'include', listParts));
      const page = await listComponents(s, await headUnder(s), { cursor: text(p, 'cursor', ''), limit, parts });
      return ok({ ...page, ...(await readable(s, c.principal, page.items)) });
    }),
  /** A page of the state as a document; `version`: the one that the first page told. */
  'state.read': (c, p) =>
    inState(c, p, async (s) => {
      const limit = Math.min(Math.max(1, integer(p, 'limit', 50)), limits.pageRowsMax);
      const page = { cursor: text(p, 'cursor', ''), limit };
      const told = await s.w.read(() => statePage(s, (id) => viewIn(s, id), page));
      const { items: components, ...more } = await readable(s, c.principal, told.components);
      return ok({ ...told, components, ...more });
    }),
  /** All that match `query` (the search language), `schema`, `category` and `upgradable`. */
  'component.match': (c, p) =>
    inState(c, p, async (s) => {
      const found = await matchComponents(s, await headUnder(s), matchAsk(p));
      return found.ok ? ok(await readable(s, c.principal, found.value)) : found;
    }),
  /** `set`: pointer -> value, for all that match. */
  'component.bulk_set': (c, p) =>
    inState(c, p, (s) => {
      const set = p['set'];
      if (set === undefined || !isObject(set)) return wrong('set', 'values by pointer', set ?? null);
      return bulkSet(s, c.principal, { match: matchAsk(p), set: set as Attributes, ...keyAndVersion(p) });
    }),
  /** `components` (documents) made what they declare; `view` and `prune`: see `DeclareAsk`. */
  'component.declare': (c, p) =>
    inWorkspace(c, p, async (w) =>
      declareComponents(w, c.principal, {
        changeSet: await resolved(w, p),
        components: p['components'] ?? null,
        dryRun: p['dryRun'] === true,
        prune: p['prune'] === true,
        ...texts(p, ['view']),
        ...keyAndVersion(p),
      }),
    ),
  /** A template in TypeScript (`text`, `name`, `inputs`): what it declares is made, as the whole of the view `name`. */
  'template.run': (c, p) =>
    inWorkspace(c, p, async (w) => {
      const { inputs = {} } = p;
      if (!isObject(inputs)) return wrong('inputs', 'values by name', inputs);
      return runWorkingSet(w, c.principal, {
        changeSet: await resolved(w, p),
        name: text(p, 'name'),
        text: text(p, 'text'),
        inputs,
        dryRun: p['dryRun'] === true,
        ...keyAndVersion(p),
      });
    }),
  /** What functions with effects gave for `component`, or for its value at `path`, is asked for anew. */
  'lookup.refresh': (c, p) =>
    inState(c, p, (s) =>
      lookAgain(s, c.principal, { component: text(p, 'component'), ...texts(p, ['path']), ...keyAndVersion(p) }),
    ),
  /** The inputs and searches of a template (`text`, `name`), which is not run. */
  'template.describe': (c, p) =>
    inWorkspace(c, p, async (w) =>
      describeTemplate(w, c.principal, {
        changeSet: await resolved(w, p),
        name: text(p, 'name', 'template'),
        text: text(p, 'text'),
      }),
    ),
  /** The documents of `components` (names or ids), else of all that match `query`. */
  'component.declared': (c, p) => inState(c, p, (s) => declarations(s, c.principal, p)),
  /** Copies of several at once: `components`, `prefix`, `view`. */
  'component.duplicate': (c, p) =>
    inWorkspace(c, p, async (w) =>
      duplicateComponents(w, c.principal, {
        changeSet: await changeSetOf(w, p),
        components: textList(p, 'components'),
        ...(p['prefix'] === undefined ? {} : { prefix: text(p, 'prefix') }),
        ...(p['view'] === undefined ? {} : { view: text(p, 'view') }),
        ...keyAndVersion(p),
        ...(p['baseVersion'] === undefined ? {} : { baseVersion: integer(p, 'baseVersion') }),
      }),
    ),
  /** Nodes and edges: around `component` up to `depth`, in a `view`, or of all. */
  'component.graph': (c, p) =>
    inState(c, p, async (s) => {
      const around = p['component'] === undefined ? [] : [text(p, 'component')];
      const may = await mayRead(s, c.principal, around);
      if (!may.ok) return may;
      const graph = await s.w.read(() =>
        graphOf(s.snapshot, {
          ...(p['component'] === undefined ? {} : { component: text(p, 'component') }),
          ...(p['view'] === undefined ? {} : { view: text(p, 'view') }),
          depth: integer(p, 'depth', 1),
          limit: Math.min(Math.max(1, integer(p, 'limit', limits.pageRowsMax)), limits.graphNodesMax),
        }),
      );
      if (!graph.ok) return graph;
      const { items: nodes, ...more } = await readable(s, c.principal, graph.value.nodes);
      const ids = new Set<string>(nodes.map((n) => n.id));
      const edges = graph.value.edges.filter((e) => ids.has(e.from) && ids.has(e.to));
      return ok({ ...graph.value, nodes, edges, ...more });
    }),
  'component.history': (c, p) => ofComponent(c, p, (s) => history(s, p)),
  'component.suggest': (c, p) =>
    ofComponent(c, p, (s) =>
      s.w.read(() => suggestSources(s.snapshot, text(p, 'component'), text(p, 'path'), integer(p, 'limit', 20))),
    ),
} satisfies Record<string, Handler>;

const resultsIn = (w: Workspace): Results => w.propagation.resultsOn(w.world.digest);

/** A component, waiting at most `waitMs` for what is still being computed of it. */
async function componentIn(s: State, name: string, waitMs: number): Promise<Result<unknown>> {
  await settledFor(s, name, waitMs);
  const head = await s.w.head();
  return s.w.read(() => {
    const view = readComponent(s.snapshot, s.row, s.version, name, (id) => viewIn(s, id));
    const drift = view.ok && s.version === s.row.version ? driftMention(s.w, head, view.value.id) : undefined;
    return view.ok && drift !== undefined ? ok({ ...view.value, drift }) : view;
  });
}

/** Head's state that a state stands on. */
async function headUnder({ w, branch }: State): Promise<Snapshot> {
  const head = await w.head();
  return branch.row.isHead || branch.row.baseVersion === head.row.version
    ? head.snapshot
    : must(await w.stateAt(head.row, branch.row.baseVersion));
}

function matchAsk(p: Params): MatchAsk {
  const upgradable = p['upgradable'];
  if (upgradable !== undefined && typeof upgradable !== 'boolean') wrong('upgradable', 'true or false', upgradable);
  return {
    ...(p['query'] === undefined ? {} : { query: text(p, 'query') }),
    ...(p['schema'] === undefined ? {} : { schema: text(p, 'schema') }),
    ...(p['category'] === undefined ? {} : { category: text(p, 'category') }),
    ...(upgradable === undefined ? {} : { upgradable }),
  };
}

function keyAndVersion(p: Params): { idempotencyKey?: string; ifVersion?: number } {
  return {
    ...(p['idempotencyKey'] === undefined ? {} : { idempotencyKey: text(p, 'idempotencyKey') }),
    ...(p['ifVersion'] === undefined ? {} : { ifVersion: integer(p, 'ifVersion') }),
  };
}

async function described(s: State, name: string, waitMs: number): Promise<Result<unknown>> {
  await settledFor(s, name, waitMs);
  const head = await headUnder(s);
  return s.w.read(() => componentDetail(s, name, (id) => viewIn(s, id), head));
}

async function settledFor(s: State, name: string, waitMs: number): Promise<void> {
  if (waitMs === 0 || s.snapshot !== s.branch.snapshot) return;
  const id = await s.w.read(() => resolveComponent(s.snapshot, name));
  if (id.ok) await s.w.propagation.settled(s.branch, { component: id.value, path: '' as Path }, waitMs);
}

/** Of the present version the values that propagation keeps; of another they are computed. */
function viewIn(s: State, component: ComponentId): ComponentValue {
  return s.snapshot === s.branch.snapshot
    ? s.w.propagation.view(s.branch, component)
    : new Evaluation(s.snapshot, resultsIn(s.w)).view(component);
}

/** Only looking may be done on Head, too. */
async function resolved(w: Workspace, p: Params): Promise<ChangeSetId> {
  return p['changeSet'] === undefined && p['dryRun'] === true
    ? must(await resolveChangeSet(w, 'HEAD'))
    : changeSetOf(w, p);
}

async function declarations(s: State, principal: Principal, p: Params): Promise<Result<unknown>> {
  const named = p['components'] === undefined ? undefined : textList(p, 'components');
  const found = named === undefined ? await matchComponents(s, await headUnder(s), matchAsk(p)) : ok([]);
  if (!found.ok) return found;
  const may = await mayRead(s, principal, named ?? []);
  if (!may.ok) return may;
  const { items, ...more } = named === undefined ? await readable(s, principal, found.value) : { items: [] };
  return s.w.read(() => {
    const ids = named?.map((name) => must(resolveComponent(s.snapshot, name))) ?? items.map((line) => line.id);
    return ok({ components: ids.map((id) => declarationOf(s.snapshot, id)), ...more });
  });
}

async function history(s: State, p: Params): Promise<Result<unknown>> {
  const name = text(p, 'component');
  const id = await s.w.read(() => resolveComponent(s.snapshot, name));
  // What is erased has no name any more, but still a history under its id.
  if (!id.ok && (id.refusal.code !== 'component_not_found' || !isUlid(name))) return id;
  const component = id.ok ? id.value : (name as ComponentId);
  const records = await historyOf(s.w, component, integer(p, 'limit', 300));
  return !id.ok && records.length === 0 ? id : ok({ component, records });
}
