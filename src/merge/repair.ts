// What both sides together would leave broken although neither did: references to what the other took away, names and
// exclusive places taken twice. Each repair is a rule of the table, made of the state and the items alone, and is written
// behind the items as the engine's own edit.

import type { ComponentId, SchemaId, SecretId, ViewId } from '../base/ids.ts';
import type { Json, JsonObject } from '../base/json.ts';
import { edgesOutOfComponent } from '../graph/edges.ts';
import { cellText } from '../model/cell.ts';
import type { BindingRecord } from '../model/function.ts';
import {
  approversKey,
  dependsKey,
  idLength,
  index,
  indexUser,
  managesKey,
  placementKey,
  variantKey,
} from '../model/keys.ts';
import { findComponent, findRecord, isMarked } from '../model/lookup.ts';
import { lastSegment, type Path } from '../model/path.ts';
import type { Category, Reader } from '../model/state.ts';
import type { ViewRecord } from '../model/view.ts';
import type { Mutation } from '../mutation/mutation.ts';
import { type Noun, nouns } from '../mutation/nouns.ts';
import type { Merging } from './merging.ts';
import { contents, settleContent } from './repair_content.ts';
import type { RuleId } from './rules.ts';
import { refsOfMutation } from './side.ts';

/** One repair: what it is about, the engine's edits, and whose edits led to it. */
export interface Repair {
  readonly rule: RuleId;
  readonly subject: string;
  readonly path: string;
  readonly mutations: readonly Mutation[];
  /** Position of the change set's item, when there is one. */
  readonly at?: number;
  /** The unit whose removal or twin led to it, when that is another than the one written. */
  readonly about?: string;
}

export function repairAll(m: Merging): Repair[] {
  const out: Repair[] = [];
  const repair = (r: Repair): void => {
    m.repair(r.mutations);
    out.push(r);
  };
  const { used, removed } = crossings(m);
  for (const id of used) putBackUsed(m, id, repair);
  for (const at of removed) keepUsed(m, at, repair);
  const erased = new Set<ComponentId>();
  for (const id of used) erased.add(id as ComponentId);
  for (const at of removed) {
    const mutation = m.item(at).m;
    if (mutation.kind === 'component.erase') erased.add(mutation.component);
  }
  for (const id of erased) takeReferences(m, id, repair);
  emptyRemovedViews(m, used, removed, repair);
  keepOneView(m, repair);
  for (const at of contents(m)) settleContent(m, at, repair);
  return out;
}

/** Ids that items use and Head may have taken away, and positions of items that take away what Head may use. */
function crossings(m: Merging): { used: string[]; removed: number[] } {
  const { pending, theirs } = m.input;
  const used = new Set<string>();
  const removed: number[] = [];
  // Where an edit gave way, what it would have taken away may still refer to what others take away.
  const gaveWay = m.changes().some(([, item]) => item.placed !== undefined);
  if (!m.incremental || gaveWay || theirs === undefined) {
    for (let at = 0; at < m.count; at++) {
      const { m: mutation } = m.item(at);
      for (const id of refsAt(m, at)) used.add(id);
      if (mutation.kind === 'component.erase' || mutation.kind === 'record.remove') removed.push(at);
    }
    return { used: [...used], removed };
  }
  for (const at of theirs.removals) {
    const id = removedId(theirs.entries[at]!.m);
    if (id !== undefined && pending.side.referring(id).length > 0) used.add(id);
  }
  for (const at of pending.side.removals) {
    const mutation = m.item(at).m;
    const id = removedId(mutation);
    if (id !== undefined && (theirs.referring(id).length > 0 || theirs.inUnit(id).length > 0)) removed.push(at);
  }
  return { used: [...used], removed };
}

function refsAt(m: Merging, at: number): readonly string[] {
  return refsOfMutation(m.item(at).m);
}

/** The noun that a removal takes away, by the id that others refer to it by. */
function removedId(m: Mutation): string | undefined {
  if (m.kind === 'component.erase') return m.component;
  if (m.kind !== 'record.remove') return undefined;
  return m.noun === 'variant' ? m.key.slice(idLength + 1) : m.key.length === idLength ? m.key : undefined;
}

export type Say = (r: Repair) => void;

/** A variant, schema or function that items use and Head removed is put back; the use of a removed secret is unset. */
function putBackUsed(m: Merging, id: string, say: Say): void {
  for (const at of m.referring(id)) {
    const mutation = m.item(at).m;
    if (m.item(at).placed?.length === 0) continue;
    if (mutation.kind === 'cell.set') {
      withoutSecret(m, mutation, id, at, say);
      putBackCalled(m, mutation, id, at, say);
    } else if ((mutation.kind === 'record.create' || mutation.kind === 'record.set') && mutation.noun === 'binding') {
      const binding = findRecord<BindingRecord>(m.draft, 'bindings', mutation.key);
      if (binding === undefined) continue;
      const { function: fn, target } = binding;
      putBack(m, 'function', fn, at, say);
      if (target.schema !== undefined) putBack(m, 'schema', target.schema, at, say);
      else putBackVariant(m, target.variant, at, say);
    } else if (mutation.kind === 'component.create' || mutation.kind === 'component.retype') {
      const record = findComponent(m.draft, mutation.component);
      if (record !== undefined) putBackVariant(m, record.variant, at, say);
      if (mutation.kind !== 'component.create') continue;
      const { component, image } = mutation;
      for (const path of Object.keys(image.cells))
        if (image.cells[path]!['k'] === id) withoutSecret(m, { component, path: path as Path }, id, at, say);
        else putBackCalled(m, { component, path: path as Path }, id, at, say);
    }
  }
}

type Cell = { readonly component: ComponentId; readonly path: Path };

function withoutSecret(m: Merging, { component, path }: Cell, secret: string, at: number, say: Say): void {
  if (m.draft.get('secrets', secret) !== undefined) return;
  if (m.draft.get('cells', `${component}${path}`) !== cellText({ k: secret as SecretId })) return;
  const mutations: Mutation[] = [{ kind: 'cell.unset', component, path }];
  say({ rule: 'secret-removed', subject: component, path, at, about: secret, mutations });
}

/** A function that a cell calls, as things stand. */
function putBackCalled(m: Merging, { component, path }: Cell, fn: string, at: number, say: Say): void {
  if (m.draft.get('index', index.caller(fn, component, path)) !== undefined) putBack(m, 'function', fn, at, say);
}

function putBack(m: Merging, noun: Noun, key: string, at: number | undefined, say: Say): void {
  const { category } = nouns[noun];
  if (m.draft.get(category, key) !== undefined) return;
  const record = lastKnown(m, category, key);
  if (record === undefined) return;
  say({
    rule: 'used-removed',
    subject: key,
    path: noun,
    about: key.slice(0, idLength),
    mutations: [{ kind: 'record.create', noun, key, record }],
    ...(at === undefined ? {} : { at }),
  });
}

/** A removed noun as the change set had it last: as Head had it, with the change set's own fields. */
function lastKnown(m: Merging, category: Category, key: string): JsonObject | undefined {
  const { present, head, seen = [] } = m.input;
  const text = [...seen, present, head].map((s) => s.get(category, key)).find((t) => t !== undefined);
  if (text === undefined) return undefined;
  const record = JSON.parse(text) as Record<string, Json>;
  for (const at of m.positions(key.slice(0, idLength))) {
    const { m: edit, yields } = m.item(at);
    if (yields !== undefined) continue;
    if (edit.kind === 'record.set' && edit.key === key) record[edit.field] = edit.value;
    if (edit.kind === 'text.edit' && record['text'] === edit.from) record['text'] = edit.to;
  }
  return record;
}

function putBackVariant(m: Merging, variant: string, at: number | undefined, say: Say): void {
  for (const reader of [m.draft, ...(m.input.seen ?? []), m.input.present, m.input.head] as Reader[]) {
    for (const [key] of reader.scan('index', index.schemasOfVariant(variant))) {
      const schema = indexUser(key) as SchemaId;
      putBack(m, 'schema', schema, at, say);
      putBack(m, 'variant', variantKey(schema, variant as never), at, say);
      return;
    }
  }
}

/** A variant, schema, function or secret that an item removes although Head uses it by now stays. */
function keepUsed(m: Merging, at: number, say: Say): void {
  const mutation = m.item(at).m;
  if (mutation.kind !== 'record.remove') return;
  const { noun, key } = mutation;
  if (m.draft.get(nouns[noun].category, key) !== undefined) return;
  const prefixes: Partial<Record<Noun, readonly string[]>> = {
    variant: [index.componentsOf(key.slice(idLength + 1) as never), index.bindingsOf(key.slice(idLength + 1))],
    schema: [index.bindingsOf(key)],
    function: [index.bindingsOf(key), index.callersOf(key)],
    secret: [index.secretUses(key)],
  };
  for (const prefix of prefixes[noun] ?? []) {
    for (const _ of m.draft.scan('index', prefix)) {
      const text = m.input.head.get(nouns[noun].category, key);
      if (text === undefined) return;
      if (noun === 'variant') putBack(m, 'schema', key.slice(0, idLength), at, say);
      const record = JSON.parse(text) as JsonObject;
      say({
        rule: 'used-removed',
        subject: key,
        path: noun,
        at,
        mutations: [{ kind: 'record.create', noun, key, record }],
      });
      return;
    }
  }
  if (noun === 'schema') {
    for (const _ of m.draft.scan('schemas', `${key}/`)) {
      putBack(m, 'schema', key, at, say);
      return;
    }
  }
}

/** What refers to a component that is gone: subscriptions are unset, edges, placements and decisions taken away. */
function takeReferences(m: Merging, component: ComponentId, say: Say): void {
  const { draft } = m;
  if (component.length !== idLength || draft.get('components', component) !== undefined) return;
  if (draft.get('secrets', component) !== undefined || draft.get('functions', component) !== undefined) return;
  const users = new Map<string, { component: ComponentId; path: Path }>();
  for (const { user } of edgesOutOfComponent(draft, component)) users.set(user.component + user.path, user);
  for (const user of users.values()) {
    const mutations: Mutation[] = [{ kind: 'cell.unset', ...user }];
    // An element that is nothing but what it follows goes with it.
    if (lastSegment(user.path).element !== undefined) mutations.push({ kind: 'element.remove', ...user });
    say({ rule: 'source-erased', subject: user.component, path: user.path, about: component, mutations });
  }
  const edges: [noun: Noun, key: string][] = [];
  for (const [key] of draft.scan('index', index.dependentsOf(component)))
    edges.push(['depends', dependsKey(indexUser(key) as ComponentId, component)]);
  for (const [key] of draft.scan('index', index.managersOf(component)))
    edges.push(['manages', managesKey(indexUser(key) as ComponentId, component)]);
  for (const [key] of draft.scan('index', index.viewsOf(component)))
    edges.push(['placement', placementKey(indexUser(key) as ViewId, component)]);
  for (const [key] of draft.scan('overrides', `${component}/`)) edges.push(['override', key]);
  for (const [key] of draft.scan('components', `${component}/`)) {
    const part = key.slice(idLength + 1, key.indexOf('/', idLength + 1));
    edges.push([part === 'ignore' ? 'ignored' : (part as Noun), key]);
  }
  for (const [noun, key] of edges)
    say({
      rule: 'edge-erased',
      subject: component,
      path: key,
      about: component,
      mutations: [{ kind: 'record.remove', noun, key }],
    });
}

function defaultView(reader: Reader): ViewId | undefined {
  for (const [key] of reader.scan('index', 'viewname:')) {
    const view = indexUser(key) as ViewId;
    if (findRecord<ViewRecord>(reader, 'views', view)?.isDefault) return view;
  }
  return undefined;
}

function viewsOf(reader: Reader, component: ComponentId): string[] {
  return [...reader.scan('index', index.viewsOf(component))].map(([key]) => indexUser(key));
}

function emptyRemovedViews(m: Merging, used: readonly string[], removed: readonly number[], say: Say): void {
  const views = new Set<string>(used);
  for (const at of removed) {
    const mutation = m.item(at).m;
    if (mutation.kind === 'record.remove' && mutation.noun === 'view') views.add(mutation.key);
  }
  for (const view of views) {
    if (m.draft.get('views', view) !== undefined) continue;
    for (const [key] of [...m.draft.scan('views', `${view}/`)]) {
      const component = key.slice(idLength + 1) as ComponentId;
      const mutations: Mutation[] = [{ kind: 'record.remove', noun: 'placement', key }];
      const home = viewsOf(m.draft, component).length === 1 ? defaultView(m.draft) : undefined;
      if (home !== undefined) mutations.push(placed(home, component));
      say({ rule: 'view-removed', subject: component, path: key, about: view, mutations });
    }
    const rule = approversKey(view as ViewId);
    if (m.draft.get('views', rule) !== undefined) {
      const mutations: Mutation[] = [{ kind: 'record.remove', noun: 'approvers', key: rule }];
      say({ rule: 'view-removed', subject: view, path: rule, about: view, mutations });
    }
  }
}

function placed(view: ViewId, component: ComponentId): Mutation {
  return { kind: 'record.create', noun: 'placement', key: placementKey(view, component), record: { geometry: null } };
}

/** A component that each side leaves in some view, and both together in none. */
function keepOneView(m: Merging, say: Say): void {
  const seen = new Set<ComponentId>();
  for (const unit of m.affected) {
    const component = unit as ComponentId;
    const takesOut = m.positions(unit).some((at) => {
      const { m: mutation } = m.item(at);
      return mutation.kind === 'record.remove' && mutation.noun === 'placement';
    });
    if (!takesOut || m.draft.get('components', component) === undefined) continue;
    if (!isMarked(m.draft, component)) seen.add(component);
  }
  for (const component of seen) {
    if (viewsOf(m.draft, component).length > 0 || viewsOf(m.input.head, component).length === 0) continue;
    const home = defaultView(m.draft);
    if (home === undefined) continue;
    const mutations = [placed(home, component)];
    say({ rule: 'only-view', subject: component, path: placementKey(home, component), about: component, mutations });
  }
}
