// What a management function gets: the component that it runs on and those that this one manages, each with its schema, its
// values as they stand, what they follow and where it is placed; and the view that it is run in.

import type { ComponentId, ViewId } from '../base/ids.ts';
import type { Json, JsonObject } from '../base/json.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { isFollowing, parseCell } from '../model/cell.ts';
import { index, indexUser, placementKey, splitCellKey } from '../model/keys.ts';
import { findComponent, findRecord, findSchema, resolveView, specOfComponent } from '../model/lookup.ts';
import type { Reader } from '../model/state.ts';
import type { Geometry, ViewRecord } from '../model/view.ts';
import { pointerAt } from '../mutation/tree.ts';
import type { Branch } from './branch.ts';
import type { Workspace } from './workspace.ts';

export interface ManagementInput {
  readonly input: JsonObject;
  readonly managed: readonly ComponentId[];
  /** Name of the view that it is run in. */
  readonly view: string;
  /** The values that it is given, by component. */
  readonly seen: ReadonlyMap<ComponentId, Json>;
  /** Values that are not what a later call would get, and why. */
  readonly without: readonly { readonly name: string; readonly why: string }[];
}

/** The view of a workspace that was not given another. */
const defaultViewName = 'DEFAULT';

/**
 * Call it in `read`. `view`: the one that it is run in, by id or name; absent: the default one. Refuses `view_not_found`,
 * `ambiguous_name`, `schema_not_found`.
 */
export function managementInput(
  w: Workspace,
  branch: Branch,
  component: ComponentId,
  view?: string,
): Result<ManagementInput> {
  const { snapshot } = branch;
  const current = view === undefined ? ok(defaultViewOf(snapshot)) : resolveView(snapshot, view, 'view');
  if (!current.ok) return current;
  if (specOfComponent(snapshot, findComponent(snapshot, component)!) === undefined) {
    return refuse('schema_not_found', {
      path: 'component',
      expected: 'a component whose schema variant is in this change set',
      got: component,
      hint: 'restore the variant or upgrade the component',
    });
  }
  const managed = managedBy(snapshot, component);
  const seen = new Map<ComponentId, Json>();
  const without: { name: string; why: string }[] = [];
  const shown = (id: ComponentId, called: string): Json => {
    const { value, problems } = w.propagation.view(branch, id);
    // Code takes it for granted that there is a domain.
    const properties = { domain: {}, ...(value as JsonObject) };
    seen.set(id, properties);
    for (const { path, code, message } of problems)
      without.push({ name: `${called}/properties${path}`, why: `${code}: ${message}` });
    return {
      kind: findSchema(snapshot, findComponent(snapshot, id)!.schema)?.name ?? '',
      properties,
      geometry: geometryOf(snapshot, id),
      sources: sourcesOf(snapshot, id),
    };
  };
  const thisComponent = shown(component, 'thisComponent');
  const components = managed.map((id): [string, Json] => [id, shown(id, `components/${id}`)]);
  const name = current.value === undefined ? undefined : nameOfView(snapshot, current.value);
  const currentView = name ?? defaultViewName;
  const input = { currentView, thisComponent, components: Object.fromEntries(components) };
  return ok({ input, managed, view: currentView, seen, without });
}

/** What a component manages, as far as its type is in the state. */
export function managedBy(state: Reader, component: ComponentId): ComponentId[] {
  const prefix = `${component}/manages/`;
  const out: ComponentId[] = [];
  for (const [key] of state.scan('components', prefix)) {
    const id = key.slice(prefix.length) as ComponentId;
    const record = findComponent(state, id);
    if (record !== undefined && specOfComponent(state, record) !== undefined) out.push(id);
  }
  return out;
}

function defaultViewOf(state: Reader): ViewId | undefined {
  for (const [key] of state.scan('index', 'viewname:')) {
    const view = indexUser(key) as ViewId;
    if (findRecord<ViewRecord>(state, 'views', view)?.isDefault) return view;
  }
  return undefined;
}

const nameOfView = (state: Reader, view: ViewId): string | undefined =>
  findRecord<ViewRecord>(state, 'views', view)?.name;

/** By the names of the views that it has a place in. */
function geometryOf(state: Reader, component: ComponentId): Json {
  const out: [string, Json][] = [];
  for (const [key] of state.scan('index', index.viewsOf(component))) {
    const view = indexUser(key) as ViewId;
    const geometry = findRecord<{ geometry: Geometry | null }>(state, 'views', placementKey(view, component))?.geometry;
    const name = nameOfView(state, view);
    if (name === undefined || geometry === null || geometry === undefined) continue;
    const { x, y, width, height } = geometry;
    out.push([name, { x, y, ...(width === null ? {} : { width }), ...(height === null ? {} : { height }) }]);
  }
  return Object.fromEntries(out);
}

/** What the values of a component follow as it is, by their pointers. */
function sourcesOf(state: Reader, component: ComponentId): Json {
  const out: [string, Json][] = [];
  for (const [key, text] of state.scan('cells', component)) {
    if (!isFollowing(text)) continue;
    const cell = parseCell(text);
    const { path, element } = splitCellKey(key);
    if (element || !('x' in cell) || !('s' in cell.x)) continue;
    const [from, at] = cell.x.s;
    out.push([pointerAt(state, component, path), { component: from, path: pointerAt(state, from, at) }]);
  }
  return Object.fromEntries(out);
}
