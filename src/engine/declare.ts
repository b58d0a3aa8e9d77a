// Components made what documents declare them to be: those that are not there are made, those that are there are changed where
// they are another, all as one batch. What no document mentions stays as it is, but for components of a view that is declared
// whole. Declared again, nothing is edited.

import type { Principal } from '../access/role.ts';
import type { ChangeSetId, ComponentId, ViewId } from '../base/ids.ts';
import { brief, isObject, type Json } from '../base/json.ts';
import { attempt, must, ok, type Refusal, RefusalError, type Result, refuse } from '../base/result.ts';
import { type Declaration, parseDeclarations } from '../formats/declaration.ts';
import { parseCell } from '../model/cell.ts';
import { cellKey, dependsKey, index, indexUser, placementKey } from '../model/keys.ts';
import {
  findComponent,
  findRecord,
  findSchema,
  isMarked,
  nameOf,
  resolveComponent,
  resolveView,
  specOfComponent,
} from '../model/lookup.ts';
import { wellKnown } from '../model/path.ts';
import type { Reader } from '../model/state.ts';
import type { Request } from '../mutation/request.ts';
import { resolvePointer } from '../mutation/resolve.ts';
import type { Branch } from './branch.ts';
import { caughtUp } from './catch_up.ts';
import { type Comparison, compareSnapshots } from './compare.ts';
import { askOf, repeated } from './idempotency.ts';
import { permit } from './permit.ts';
import { type Ask, compileEdit, type SubmitReply, submitNow, wrongVersion } from './submit.ts';
import type { Workspace } from './workspace.ts';

export interface DeclareAsk {
  readonly changeSet: ChangeSetId;
  /** `Declaration`s as they came. */
  readonly components: Json;
  /** Says what it would change; the change set stays as it is, and may be Head. */
  readonly dryRun: boolean;
  /** A view by id or name: every component declared is in it. */
  readonly view?: string;
  /** Where there is no such view it is made, with the first components. Default: refused. */
  readonly makesView?: boolean;
  /** Components of `view` that are not declared are deleted. */
  readonly prune: boolean;
  readonly idempotencyKey?: string;
  readonly ifVersion?: number;
}

export type DeclaredState = 'created' | 'changed' | 'restored' | 'unchanged' | 'deleted';

export interface DeclareReply {
  readonly changeSet: ChangeSetId;
  /** After the edits; as before when there are none, or they are only shown. */
  readonly version: number;
  readonly dryRun: boolean;
  /** In the order of the documents; then what is pruned. */
  readonly components: readonly { readonly name: string; readonly state: DeclaredState }[];
  /** Single edits that it came to; 0: everything was that way already. */
  readonly edits: number;
  /** With `dryRun`: what would be another. */
  readonly comparison?: Comparison;
}

/** Refuses `request_malformed`, `name_taken`, `ambiguous_name`, and what lookups and `submit` refuse, at `components/N`. */
export async function declareComponents(
  w: Workspace,
  principal: Principal,
  asked: DeclareAsk,
): Promise<Result<DeclareReply>> {
  const { idempotencyKey, ...what } = asked;
  const ask = askOf(w, asked.dryRun ? undefined : idempotencyKey, { declare: what as unknown as Json });
  if (!ask.ok) return ask;
  const declared = parseDeclarations(asked.components);
  if (!declared.ok) return declared;
  if (asked.prune && asked.view === undefined) return pruneOfNothing();
  const may = await permit(w, principal, asked.dryRun ? 'read' : 'edit', {
    operation: 'edit',
    subject: asked.changeSet,
  });
  if (!may.ok) return may;
  return repeated<DeclareReply>(w, { principal: principal.id, ...ask.value }, async () => {
    const found = await caughtUp(w, asked.changeSet);
    if (!found.ok) return found;
    const { branch } = found.value;
    return w.read(() => declareNow(w, principal, branch, { asked, declared: declared.value, ask: ask.value }));
  });
}

interface Declaring {
  readonly asked: DeclareAsk;
  readonly declared: readonly Declaration[];
  readonly ask: Ask;
}

/** Looked at and edited in one turn, so that what was looked at is what is edited. */
async function declareNow(
  w: Workspace,
  principal: Principal,
  branch: Branch,
  { asked, declared, ask }: Declaring,
): Promise<Result<DeclareReply> | 'lost'> {
  const { row, snapshot } = branch;
  const planned = attempt(() => planOf(w, snapshot, declared, asked));
  if (!planned.ok) return planned;
  const { mutations, of, lines } = planned.value;
  const wrong = wrongVersion(row.version, asked.ifVersion);
  if (wrong !== undefined) return { ok: false, refusal: wrong };
  const reply = (version: number, steps: readonly { readonly edits: number }[]): DeclareReply => {
    const edits = lines.map((_, i) => steps.reduce((sum, s, n) => sum + (of[n] === i ? s.edits : 0), 0));
    return {
      changeSet: row.id,
      version,
      dryRun: asked.dryRun,
      components: lines.map(({ name, state }, i) => ({
        name,
        state: state === 'changed' && edits[i] === 0 ? 'unchanged' : state,
      })),
      edits: edits.reduce((sum, n) => sum + n, 0),
    };
  };
  if (mutations.length === 0 && (asked.dryRun || !row.isHead)) return ok(reply(row.version, []));
  if (asked.dryRun) {
    const tried = attempt(() => compileEdit(w, snapshot, row.id, mutations, true));
    if (!tried.ok) return placed(tried, of);
    const results = w.propagation.resultsOn(w.world.digest);
    const comparison = compareSnapshots(snapshot, tried.value.snapshot, { results });
    return ok({
      ...reply(
        row.version,
        tried.value.steps.map((s) => ({ edits: s.mutations.length })),
      ),
      comparison,
    });
  }
  const as = (r: SubmitReply): DeclareReply => reply(r.version, r.steps);
  const done = await submitNow(w, principal, branch, { mutations, ask: { ...ask, as } });
  if (done === 'lost') return done;
  return done.ok ? ok(as(done.value)) : placed(done, of);
}

/** A refusal of a mutation as one of the document that it comes from. */
function placed(refused: { readonly ok: false; readonly refusal: Refusal }, of: readonly number[]): Result<never> {
  const [, number = '0', path = refused.refusal.path] = /^mutations\/(\d+): (.*)$/s.exec(refused.refusal.path) ?? [];
  const document = of[Number(number)];
  if (document === undefined) return refused;
  return { ok: false, refusal: { ...refused.refusal, path: `components/${document}: ${path}` } };
}

interface Plan {
  readonly mutations: readonly Request[];
  /** For each mutation the line that it belongs to. */
  readonly of: readonly number[];
  readonly lines: readonly { readonly name: string; readonly state: DeclaredState }[];
}

function planOf(w: Workspace, state: Reader, declared: readonly Declaration[], asked: DeclareAsk): Plan {
  const mutations: Request[] = [];
  const of: number[] = [];
  const lines: { name: string; state: DeclaredState }[] = [];
  const add = (line: number, ...requests: readonly Request[]): void => {
    mutations.push(...requests);
    of.push(...requests.map(() => line));
  };
  const view = viewFor(w, state, asked);
  if (view !== undefined && findRecord(state, 'views', view) === undefined && declared.length > 0)
    add(ofNoDocument, { kind: 'view.create', id: view, name: asked.view! });
  const ids = new Map<string, ComponentId>();
  // All that are new first, so that documents may refer to each other in any order.
  for (const [i, d] of declared.entries()) {
    const found = standing(state, d, `components/${i}`);
    const id = found ?? w.world.ids.ulid<ComponentId>();
    ids.set(d.component, id);
    const isBack = found !== undefined && isMarked(state, found);
    lines.push({ name: d.component, state: found === undefined ? 'created' : isBack ? 'restored' : 'changed' });
    if (found === undefined) {
      const views = [...(d.views ?? []), ...(view === undefined || d.views?.includes(asked.view!) ? [] : [view])];
      const inViews = views.length === 0 ? {} : { views };
      add(i, { kind: 'component.create', id, schema: d.schema, name: d.component, ...inViews });
    } else if (isBack) add(i, { kind: 'component.restore', component: found });
  }
  for (const [i, d] of declared.entries()) {
    const id = ids.get(d.component)!;
    add(i, ...valuesOf(state, id, d));
    if (lines[i]!.state !== 'created') add(i, ...viewEdits(state, id, { views: d.views, view }));
    add(i, ...dependsEdits(state, id, d, ids));
  }
  const kept = new Set(ids.values());
  if (asked.prune && view !== undefined)
    for (const id of membersIn(state, view)) {
      if (kept.has(id) || isMarked(state, id)) continue;
      lines.push({ name: nameOf(state, id), state: 'deleted' });
      add(lines.length - 1, { kind: 'component.delete', component: id });
    }
  return { mutations, of, lines };
}

const ofNoDocument = -1;

/** The view, or the id of one that is to be made. Throws refusals. */
function viewFor(w: Workspace, state: Reader, { view, makesView }: DeclareAsk): ViewId | undefined {
  if (view === undefined) return undefined;
  const found = resolveView(state, view, 'view');
  const isMissing = !found.ok && found.refusal.code === 'view_not_found';
  return isMissing && makesView === true ? w.world.ids.ulid<ViewId>() : must(found);
}

/** The component that is meant; undefined: it is not there. Throws refusals, `ambiguous_name` and `name_taken`. */
function standing(state: Reader, { component, schema }: Declaration, at: string): ComponentId | undefined {
  const named = [...state.scan('index', index.named(component))].map(([key]) => indexUser(key) as ComponentId);
  const schemaOf = (id: ComponentId) => findSchema(state, findComponent(state, id)!.schema)?.name ?? '';
  const mine = named.filter((id) => schemaOf(id).toLowerCase() === schema.toLowerCase());
  const here = mine.filter((id) => !isMarked(state, id));
  const [found] = here.length > 0 ? here : mine;
  if (here.length > 1 || (here.length === 0 && mine.length > 1))
    throw refusal('ambiguous_name', `${at}/component`, 'a name that one component of the schema has', [
      `${brief(component)}, which ${Math.max(here.length, mine.length)} have`,
      'rename all but one of them',
    ]);
  if (found !== undefined) return found;
  const other = named.find((id) => !isMarked(state, id));
  if (other !== undefined)
    throw refusal('name_taken', `${at}/component`, `a component of ${schema}, or a free name`, [
      `${brief(component)}, which is of ${schemaOf(other)}`,
      'delete that one, or declare this one under another name',
    ]);
  return undefined;
}

function refusal(
  code: 'ambiguous_name' | 'name_taken',
  path: string,
  expected: string,
  [got, hint]: readonly [string, string],
): RefusalError {
  return new RefusalError(refuse(code, { path, expected, got, hint }).refusal);
}

function* valuesOf(
  state: Reader,
  component: ComponentId,
  { resourceId, attributes = {} }: Declaration,
): Iterable<Request> {
  if (resourceId !== undefined)
    yield { kind: 'attribute.set', component, path: wellKnown.resourceId, value: resourceId };
  for (const [path, value] of Object.entries(attributes)) {
    const isNone = isObject(value) && value['$source'] === null && Object.keys(value).length === 1;
    if (!isNone) yield { kind: 'attribute.set', component, path, value };
    else if (!isDeclaredNone(state, component, path)) yield { kind: 'attribute.unset', component, path };
  }
}

/** Is it declared already that there is no value? */
function isDeclaredNone(state: Reader, component: ComponentId, pointer: string): boolean {
  const record = findComponent(state, component);
  const spec = record && specOfComponent(state, record);
  const place = spec && resolvePointer(state, component, spec, pointer);
  const cell = place?.ok ? state.get('cells', cellKey(component, place.value.path)) : undefined;
  return cell !== undefined && 'u' in parseCell(cell);
}

function membersIn(state: Reader, view: ViewId): ComponentId[] {
  const prefix = placementKey(view, '' as ComponentId);
  return [...state.scan('views', prefix)].map(([key]) => key.slice(prefix.length) as ComponentId);
}

function* viewEdits(
  state: Reader,
  component: ComponentId,
  { views, view }: { readonly views: readonly string[] | undefined; readonly view: string | undefined },
): Iterable<Request> {
  const now = [...state.scan('index', index.viewsOf(component))].map(([key]) => indexUser(key));
  const wanted = views?.map((v) => must(resolveView(state, v, 'views')) as string);
  const all = new Set([...(wanted ?? now), ...(view === undefined ? [] : [view])]);
  for (const v of all) if (!now.includes(v)) yield { kind: 'view.add_component', view: v, component };
  for (const v of now) if (!all.has(v)) yield { kind: 'view.remove_component', view: v, component };
}

function* dependsEdits(
  state: Reader,
  component: ComponentId,
  { dependsOn }: Declaration,
  ids: ReadonlyMap<string, ComponentId>,
): Iterable<Request> {
  if (dependsOn === undefined) return;
  const prefix = dependsKey(component, '' as ComponentId);
  const now = [...state.scan('components', prefix)].map(([key]) => key.slice(prefix.length));
  const wanted = dependsOn.map((on) => ids.get(on) ?? must(resolveComponent(state, on, 'dependsOn')));
  for (const on of wanted) if (!now.includes(on)) yield { kind: 'depends_on.add', component, on };
  for (const on of now) if (!wanted.includes(on as ComponentId)) yield { kind: 'depends_on.remove', component, on };
}

function pruneOfNothing(): Result<never> {
  return refuse('request_malformed', {
    path: 'prune',
    expected: 'a view of which components that are not declared are deleted',
    got: 'no view',
    hint: 'name a view',
  });
}
