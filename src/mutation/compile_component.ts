// Compiling what authors do to components and their values: one function a request kind. Values go through
// compile_value.ts; whatever refers to a component that is erased goes with it.

import type { ComponentId, VariantId, ViewId } from '../base/ids.ts';
import { isUlid } from '../base/ids.ts';
import { isObject, type Json, type JsonObject } from '../base/json.ts';
import { must, type Refusal, RefusalError, refuse, unreachable } from '../base/result.ts';
import { edgesOutOfComponent } from '../graph/edges.ts';
import { parseCell } from '../model/cell.ts';
import { isDeclared, readDeclared, readElements } from '../model/declared.ts';
import { type Expr, mapSources } from '../model/expr.ts';
import { cellKey, dependsKey, flagKey, ignoredKey, index, indexUser, managesKey, placementKey } from '../model/keys.ts';
import {
  findComponent,
  findRecord,
  findSchema,
  isMarked,
  nameOf,
  resolveComponent,
  resolveSchema,
  resolveView,
  schemaOfVariant,
  specOfComponent,
  variantInWork,
} from '../model/lookup.ts';
import {
  childPath,
  elementPath,
  isPathKey,
  isWithin,
  lastSegment,
  type Path,
  parsePointer,
  pointerOf,
  wellKnown,
} from '../model/path.ts';
import { childProperty, derefProperty } from '../model/property.ts';
import { rootProperty } from '../model/schema.ts';
import type { Reader } from '../model/state.ts';
import type { ViewRecord } from '../model/view.ts';
import { type About, type Compilation, type ComponentRequest, malformed, mustName } from './compile.ts';
import { uncoveredWithoutCycle, upgradedWithoutCycle } from './compile_binding.ts';
import { clear, insertItem, materialise, orderAt, removeNode, setTree, type Target } from './compile_value.ts';
import { bareImage, readImage } from './component.ts';
import type { Attributes, Input } from './request.ts';
import { type Place, resolvePointer } from './resolve.ts';
import { treeOfInput } from './tree.ts';

export function compileComponent(c: Compilation, r: ComponentRequest): About {
  if (r.kind === 'component.create') return create(c, r);
  const component = must(resolveComponent(c.draft, r.component));
  const about: About = { subject: component };
  switch (r.kind) {
    case 'component.rename':
      setAt(targetOf(c, component), wellKnown.name, mustName(r.name, 'name'));
      return { subject: component, path: wellKnown.name };
    case 'component.delete':
      if (!isMarked(c.draft, component)) c.emit({ kind: 'component.mark', component });
      return about;
    case 'component.restore':
      c.emit({ kind: 'component.unmark', component });
      // While it was marked it could be taken out of its last view.
      if ([...c.draft.scan('index', index.viewsOf(component))].length === 0) place(c, component, undefined);
      return about;
    case 'component.erase':
      return erase(c, component);
    case 'component.upgrade':
      return upgrade(c, component, r.variant);
    case 'component.duplicate':
      return duplicate(c, component, r);
    case 'component.set_resource_id':
      setAt(targetOf(c, component), wellKnown.resourceId, r.resourceId ?? { $source: null });
      return { subject: component, path: wellKnown.resourceId };
    case 'component.protect':
    case 'component.retain': {
      const flag = r.kind === 'component.protect' ? 'protect' : 'retain';
      toggle(c, 'flag', flagKey(component, flag), mustBoolean(r.on));
      return about;
    }
    case 'component.ignore_changes': {
      const place = must(resolvePointer(c.draft, component, targetOf(c, component).spec, r.path));
      toggle(c, 'ignored', ignoredKey(component, place.path), mustBoolean(r.on));
      return { subject: component, path: r.path };
    }
    case 'component.manage':
    case 'component.unmanage': {
      const managed = must(resolveComponent(c.draft, r.managed, 'managed'));
      toggle(c, 'manages', managesKey(component, managed), r.kind === 'component.manage');
      return about;
    }
    case 'depends_on.add':
    case 'depends_on.remove': {
      const on = must(resolveComponent(c.draft, r.on, 'on'));
      toggle(c, 'depends', dependsKey(component, on), r.kind === 'depends_on.add');
      return about;
    }
    case 'attribute.set':
      return { subject: component, path: setAt(targetOf(c, component), r.path, r.value) };
    case 'attribute.subscribe':
      return { subject: component, path: setAt(targetOf(c, component), r.path, { $source: r.source }) };
    case 'attribute.unset':
    case 'attribute.unsubscribe':
      return unset(targetOf(c, component), r.path, r.kind === 'attribute.unset');
    case 'list.insert': {
      const t = targetOf(c, component);
      const place = mustContainer(t, r.path, 'array');
      insertItem(t, place.path, place.property, r.index, must(treeOfInput(c.draft, r.value, 'value')));
      return { subject: component, path: r.path };
    }
    case 'list.move':
    case 'list.remove':
      return editList(targetOf(c, component), r);
    case 'map.put':
    case 'map.remove':
      return editMap(targetOf(c, component), r);
    default:
      return unreachable(r);
  }
}

function mustBoolean(on: unknown): boolean {
  return typeof on === 'boolean' ? on : malformed('on', 'true or false', on);
}

/** Creates or removes a record without fields; no edit when it is that way already. */
export function toggle(
  c: Compilation,
  noun: 'flag' | 'ignored' | 'manages' | 'depends',
  key: string,
  on: boolean,
): void {
  const exists = c.draft.get('components', key) !== undefined;
  if (on && !exists) c.emit({ kind: 'record.create', noun, key, record: {} });
  if (!on && exists) c.emit({ kind: 'record.remove', noun, key });
}

function targetOf(c: Compilation, component: ComponentId): Target {
  const spec = specOfComponent(c.draft, findComponent(c.draft, component)!);
  if (spec === undefined) {
    throw new RefusalError(
      refuse('schema_not_found', {
        path: 'component',
        expected: 'a component whose schema variant is in this change set',
        got: component,
        hint: 'restore the variant or upgrade the component',
      }).refusal,
    );
  }
  return { ...c, component, spec };
}

/** Sets what a pointer names; one that ends in `/-` appends. Answers the pointer. */
function setAt(t: Target, pointer: string, value: Input | undefined): string {
  if (value === undefined) malformed('value', 'a value; null or {"$source": null} for none', value);
  materialiseAbove(t, pointer);
  const place = must(resolvePointer(t.draft, t.component, t.spec, pointer));
  const tree = must(treeOfInput(t.draft, value, pointer));
  if (place.path === '' || place.path === '/si')
    malformed('path', 'a pointer below a root, such as /domain/Name', pointer);
  if (isSaidOtherwise(place.path)) throw new RefusalError(readOnly(pointer));
  if (place.append) insertItem(t, place.path, place.property, undefined, tree);
  else if ('unset' in tree) unset(t, pointer, true);
  else setTree(t, place.path, place.property, tree);
  return pointer;
}

/** Whose resource was taken over, and what was asked for anew: cells that edits of their own write. */
const isSaidOtherwise = (path: Path): boolean => path === wellKnown.movedFrom || isWithin(path, wellKnown.lookups);

/** Takes a value away: an override first, so that the default shows; else the default itself. */
function unset(t: Target, pointer: string, orDefault: boolean): About {
  if (orDefault) materialiseAbove(t, pointer, true);
  const place = must(resolvePointer(t.draft, t.component, t.spec, pointer));
  if (place.append) malformed('path', 'the path of a value', pointer);
  const about: About = { subject: t.component, path: pointer };
  const now = readDeclared(t.draft, t.component, place.path);
  const declared = isDeclared({ ...now, element: undefined });
  // The mark of deletion is no value: it is taken away by restoring.
  const isSaid = place.path === wellKnown.deletedAt || isSaidOtherwise(place.path);
  if (declared && !isSaid) {
    clear(t, now);
    uncoveredWithoutCycle(t.draft, t.component, place.path);
  } else if (orDefault && derefProperty(place.property, t.spec.definitions).default !== undefined) {
    t.emit({ kind: 'cell.set', component: t.component, path: place.path, cell: { u: 1 } });
  } else if (place.property.readOnly) {
    throw new RefusalError(readOnly(pointer));
  }
  return about;
}

function readOnly(path: string): Refusal {
  const got = 'a read-only one';
  return refuse('read_only', { path, expected: 'a property that people set', got, hint: 'leave it out' }).refusal;
}

/**
 * Declares the defaults of the containers above what a pointer names, so that setting a part keeps the rest of what they
 * show; with `shownOnly`, just where that part is shown by such a default.
 */
function materialiseAbove(t: Target, pointer: unknown, shownOnly = false): void {
  const parsed = parsePointer(pointer);
  if (!parsed.ok) return;
  const segments = parsed.value;
  let property = rootProperty(t.spec);
  for (let i = 0; i + 1 < segments.length; i++) {
    const step = property.kind === 'array' ? { element: true } : { key: segments[i]! };
    const next = childProperty(property, step as { key: string }, t.spec.definitions);
    if (next === undefined || next.kind === 'any') return;
    property = next;
    if (property.default === undefined || (shownOnly && !shows(property.default, segments.slice(i + 1)))) continue;
    const place = resolvePointer(t.draft, t.component, t.spec, pointerOf(segments.slice(0, i + 1)));
    if (!place.ok || place.value.append) return;
    materialise(t, place.value.path, property);
  }
}

function shows(value: Json, segments: readonly string[]): boolean {
  let here: Json | undefined = value;
  for (const segment of segments) {
    if (Array.isArray(here))
      here = /^(0|[1-9]\d*)$/.test(segment) ? (here[Number(segment)] as Json | undefined) : undefined;
    else here = isObject(here) && Object.hasOwn(here, segment) ? here[segment] : undefined;
  }
  return here !== undefined;
}

function mustContainer(t: Target, pointer: string, kind: 'array' | 'map'): Place {
  materialiseAbove(t, pointer);
  const place = must(resolvePointer(t.draft, t.component, t.spec, pointer));
  const open = place.property.kind === 'any';
  const has = open ? heldBy(t, place.path, kind) : place.property.kind;
  if (has === kind || (kind === 'map' && has === 'object')) return place;
  throw new RefusalError(
    refuse('kind_mismatch', {
      path: pointer,
      expected: `a property of kind ${kind}`,
      got: `one of kind ${has}`,
      hint: kind === 'array' ? 'list edits go to arrays' : 'map edits go to maps',
    }).refusal,
  );
}

/** What an open tree holds at a path; `wanted` when it holds neither members nor elements. */
function heldBy(t: Target, path: Path, wanted: 'array' | 'map'): 'array' | 'map' {
  if (readElements(t.draft, t.component, path).length > 0) return 'array';
  const prefix = cellKey(t.component, path);
  for (const [key] of t.draft.scan('cells', `${prefix}/`)) if (!key.startsWith(`${prefix}/@`)) return 'map';
  return wanted;
}

/** A list or map that became empty by an edit shows nothing, not its default. */
function keepEmpty(t: Target, place: Place, empty: 'array' | 'map'): void {
  if (place.property.default === undefined || isDeclared(readDeclared(t.draft, t.component, place.path))) return;
  t.emit({ kind: 'cell.set', component: t.component, path: place.path, cell: { c: empty } });
}

function editList(t: Target, r: Extract<ComponentRequest, { kind: 'list.move' | 'list.remove' }>): About {
  const place = mustContainer(t, r.path, 'array');
  materialise(t, place.path, place.property);
  const elements = readElements(t.draft, t.component, place.path);
  const pick = (i: unknown, at: string): number => {
    if (typeof i === 'number' && Number.isInteger(i) && i >= 0 && i < elements.length) return i;
    throw new RefusalError(
      refuse('element_not_found', {
        path: at,
        expected: elements.length === 0 ? 'a list with elements' : `an index from 0 to ${elements.length - 1}`,
        got: JSON.stringify(i) ?? 'nothing',
        hint: 'read the list again',
      }).refusal,
    );
  };
  if (r.kind === 'list.remove') {
    const element = elements[pick(r.index, 'index')]!;
    removeNode(t, readDeclared(t.draft, t.component, elementPath(place.path, element.id)));
    keepEmpty(t, place, 'array');
  } else {
    const from = pick(r.from, 'from');
    const to = pick(r.to, 'to');
    if (from !== to) {
      const others = elements.filter((_, i) => i !== from);
      const path = elementPath(place.path, elements[from]!.id);
      t.emit({ kind: 'element.move', component: t.component, path, order: orderAt(others, to) });
    }
  }
  return { subject: t.component, path: r.path };
}

function editMap(t: Target, r: Extract<ComponentRequest, { kind: 'map.put' | 'map.remove' }>): About {
  const place = mustContainer(t, r.path, 'map');
  if (typeof r.key !== 'string' || !isPathKey(r.key)) malformed('key', 'a key without control characters', r.key);
  const path = childPath(place.path, r.key);
  const child = childProperty(place.property, { key: r.key }, t.spec.definitions);
  if (child === undefined) {
    throw new RefusalError(
      refuse('path_not_found', {
        path,
        expected: 'a member of the schema',
        got: JSON.stringify(r.key),
        hint: 'compare with `headwater schema describe`',
      }).refusal,
    );
  }
  materialise(t, place.path, place.property);
  if (r.kind === 'map.put') {
    if (r.value === undefined) malformed('value', 'a value', r.value);
    const tree = must(treeOfInput(t.draft, r.value, 'value'));
    const mark = t.draft.get('cells', cellKey(t.component, place.path));
    if (mark !== undefined && 'c' in parseCell(mark) && !('unset' in tree))
      t.emit({ kind: 'cell.unset', component: t.component, path: place.path });
    setTree(t, path, child, tree);
  } else {
    const now = readDeclared(t.draft, t.component, path);
    if (!isDeclared(now)) {
      throw new RefusalError(
        refuse('path_not_found', {
          path,
          expected: 'a key of the map',
          got: JSON.stringify(r.key),
          hint: 'read the map again',
        }).refusal,
      );
    }
    removeNode(t, now);
    keepEmpty(t, place, 'map');
  }
  return { subject: t.component, path: r.path };
}

function create(c: Compilation, r: Extract<ComponentRequest, { kind: 'component.create' }>): About {
  const name = mustName(r.name, 'name');
  const schema = must(resolveSchema(c.draft, r.schema));
  const inWork = r.workingCopy === true ? variantInWork(c.draft, schema) : undefined;
  const variant = r.variant ?? inWork ?? findSchema(c.draft, schema)?.defaultVariant;
  if (!variant) malformed('variant', 'a schema with a default variant, or a variant', variant);
  const component = newId<ComponentId>(c, r.id);
  c.emit({ kind: 'component.create', component, image: bareImage({ schema, variant }, name) });
  place(c, component, r.views);
  if (r.attributes !== undefined) setAll(targetOf(c, component), r.attributes);
  if (r.managedBy !== undefined) {
    const manager = must(resolveComponent(c.draft, r.managedBy, 'managedBy'));
    toggle(c, 'manages', managesKey(manager, component), true);
  }
  return { subject: component };
}

/** The id given for something new, checked, or a fresh one. */
export function newId<T extends ComponentId | string>(c: Compilation, id: string | undefined): T {
  if (id === undefined) return c.ids.ulid<ComponentId>() as unknown as T;
  return isUlid(id) ? (id as T) : malformed('id', 'a ULID', id);
}

function setAll(t: Target, attributes: Attributes): void {
  for (const [pointer, value] of Object.entries(attributes)) setAt(t, pointer, value);
}

/** Puts a component in the views asked for, or in the default view when there is one. */
function place(c: Compilation, component: ComponentId, views: readonly string[] | undefined): void {
  const targets = views === undefined ? defaultView(c.draft) : views.map((v) => must(resolveView(c.draft, v, 'views')));
  for (const view of new Set(targets)) {
    c.emit({
      kind: 'record.create',
      noun: 'placement',
      key: placementKey(view, component),
      record: { geometry: null },
    });
  }
}

function defaultView(reader: Reader): ViewId[] {
  for (const [key] of reader.scan('index', 'viewname:')) {
    const view = indexUser(key) as ViewId;
    if (findRecord<ViewRecord>(reader, 'views', view)?.isDefault) return [view];
  }
  return [];
}

/** Erasing takes with it what refers to the component: subscriptions, edges, placements, overrides. */
export function erase(c: Compilation, component: ComponentId): About {
  const sentence = `erase ${nameOf(c.draft, component) || component}`;
  const followers = new Map<string, { component: ComponentId; path: Path }>();
  for (const { user } of edgesOutOfComponent(c.draft, component)) {
    if (user.component !== component) followers.set(user.component + user.path, user);
  }
  for (const user of followers.values()) {
    c.emit({ kind: 'cell.unset', ...user });
    // An element that is nothing but what it follows goes with it, as it did not show while that was absent.
    if (lastSegment(user.path).element !== undefined) c.emit({ kind: 'element.remove', ...user });
  }
  for (const [prefix, noun] of [
    [index.dependentsOf(component), 'depends'],
    [index.managersOf(component), 'manages'],
  ] as const) {
    for (const [key] of [...c.draft.scan('index', prefix)]) {
      const user = indexUser(key) as ComponentId;
      const edge = noun === 'depends' ? dependsKey(user, component) : managesKey(user, component);
      c.emit({ kind: 'record.remove', noun, key: edge });
    }
  }
  for (const [key] of [...c.draft.scan('index', index.viewsOf(component))]) {
    c.emit({ kind: 'record.remove', noun: 'placement', key: placementKey(indexUser(key) as ViewId, component) });
  }
  for (const [key] of [...c.draft.scan('overrides', `${component}/`)]) {
    c.emit({ kind: 'record.remove', noun: 'override', key });
  }
  c.emit({ kind: 'component.erase', component });
  const lost =
    followers.size === 0
      ? ''
      : `, and unset ${followers.size} ${followers.size === 1 ? 'value that follows it' : 'values that follow it'}`;
  return { subject: component, sentence: sentence + lost };
}

function upgrade(c: Compilation, component: ComponentId, to: VariantId | undefined): About {
  const record = findComponent(c.draft, component)!;
  const variant = to ?? variantInWork(c.draft, record.schema);
  if (variant === undefined) malformed('variant', 'a schema with a default variant, or a variant', variant);
  if (variant === record.variant) {
    throw new RefusalError(
      refuse('already_newest', {
        path: 'component',
        expected: 'a component of another variant',
        got: `${nameOf(c.draft, component)}, of that variant already`,
        hint: 'nothing to upgrade; another variant is asked for by its id',
      }).refusal,
    );
  }
  const found = must(schemaOfVariant(c.draft, variant));
  c.emit({ kind: 'component.retype', component, schema: found.schema, variant });
  upgradedWithoutCycle(c.draft, component);
  return { subject: component };
}

/** What follows the original itself follows the copy itself in the copy. */
function ownSources(cell: JsonObject, original: ComponentId, copy: ComponentId): JsonObject {
  if (cell['x'] === undefined) return cell;
  const expr = mapSources(cell['x'] as unknown as Expr, (s) => ({
    s: [s.component === original ? copy : s.component, s.path],
  }));
  return { x: expr as unknown as Json };
}

function duplicate(
  c: Compilation,
  original: ComponentId,
  { id, name, views: asked }: Extract<ComponentRequest, { kind: 'component.duplicate' }>,
): About {
  const image = readImage(c.draft, original)!;
  const component = newId<ComponentId>(c, id);
  const {
    [wellKnown.deletedAt]: _mark,
    [wellKnown.resourceId]: _resource,
    [wellKnown.movedFrom]: _from,
    ...kept
  } = image.cells;
  const copyName = name === undefined ? `${nameOf(c.draft, original) || 'component'} copy` : mustName(name, 'name');
  const cells: Record<string, JsonObject> = { [wellKnown.name]: { v: copyName } };
  for (const [suffix, cell] of Object.entries(kept)) {
    if (suffix !== wellKnown.name && !isWithin(suffix, wellKnown.lookups))
      cells[suffix] = ownSources(cell, original, component);
  }
  c.emit({
    kind: 'component.create',
    component,
    image: { ...image, cells, flags: [], manages: [] },
  });
  const views = asked ?? [...c.draft.scan('index', index.viewsOf(original))].map(([key]) => indexUser(key));
  place(c, component, views);
  return { subject: component, sentence: `duplicate ${nameOf(c.draft, original) || original} as ${component}` };
}
