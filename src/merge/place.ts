// Placing one item on a state that may differ from the one its author saw: it stands as it is, in another form, or not
// at all. Looks only at the item's own unit, so a unit can be replayed by itself; what the item needs of other units is
// the business of repair.ts. Called only for items that Head may have got in the way of.

import type { ComponentId, ViewId } from '../base/ids.ts';
import { canonical, type Json, type JsonObject } from '../base/json.ts';
import { type Cell, type ElementRecord, isContainer, parseElement } from '../model/cell.ts';
import {
  approversKey,
  cellKey,
  dependsKey,
  elementKey,
  flagKey,
  ignoredKey,
  managesKey,
  splitCellKey,
} from '../model/keys.ts';
import { findComponent, findRecord } from '../model/lookup.ts';
import { ancestorsOf, lastSegment, type Path } from '../model/path.ts';
import type { Reader } from '../model/state.ts';
import type { Mutation, RecordMutation } from '../mutation/mutation.ts';
import { nouns } from '../mutation/nouns.ts';
import type { RuleId } from './rules.ts';

/** `placed` undefined: as it is. `why`: the rule when it is not, or when somebody should know. */
export interface Placement {
  readonly placed?: readonly Mutation[];
  readonly why?: RuleId;
}

const asItIs: Placement = {};
const not = (why: RuleId): Placement => ({ placed: [], why });

/**
 * For each container of a unit what Head has put in it: elements, members or both. Where it is known, only the containers
 * in which the two sides could have chosen another form are looked at.
 */
export type Forms = ReadonlyMap<string, 'elements' | 'members' | 'both'>;

export function placeItem(on: Reader, m: Mutation, forms?: Forms): Placement {
  switch (m.kind) {
    case 'component.create':
      return findComponent(on, m.component) === undefined ? asItIs : placeOverExisting(on, m);
    case 'component.erase':
    case 'cell.unset':
      return asItIs;
    case 'component.mark':
      if (!exists(on, m.component)) return not('erase-edit');
      return on.get('components', flagKey(m.component, 'protect')) === undefined ? asItIs : not('mark-protect');
    case 'component.unmark':
      return exists(on, m.component) ? asItIs : not('erase-restore');
    case 'component.retype':
      return exists(on, m.component) ? asItIs : not('erase-upgrade');
    case 'cell.set':
      return placeCell(on, m, forms);
    case 'element.insert':
      return placeCell(on, m, forms);
    case 'element.move':
      if (!exists(on, m.component)) return not('erase-edit');
      return hasElements(on, m.component, m.path, true) ? asItIs : not('element-remove-edit');
    case 'element.remove': {
      const inside = contentsOf(on, m.component, m.path);
      return inside.length === 0 ? asItIs : { placed: [...inside, m], why: 'element-remove-edit' };
    }
    case 'record.create':
    case 'record.remove':
    case 'record.set':
      return placeRecord(on, m);
    case 'text.edit': {
      const record = findRecord<{ text: string }>(on, 'functions', m.function);
      if (record === undefined) return not('record-remove-set');
      return record.text === m.from ? asItIs : not('text-text');
    }
  }
}

const exists = (on: Reader, component: ComponentId): boolean => on.get('components', component) !== undefined;

/** Do all list elements on the way to `path` exist? The last one only counts with `itself`. */
function hasElements(on: Reader, component: ComponentId, path: Path, itself: boolean): boolean {
  for (const p of itself ? [path, ...ancestorsOf(path)] : ancestorsOf(path)) {
    if (lastSegment(p).element !== undefined && on.get('cells', elementKey(component, p)) === undefined) return false;
  }
  return true;
}

/** Removes everything that stands below a path, elements after what they hold. */
function contentsOf(on: Reader, component: ComponentId, path: Path): Mutation[] {
  const out: Mutation[] = [];
  const elements: Mutation[] = [];
  for (const [key] of on.scan('cells', `${cellKey(component, path)}/`)) {
    const at = splitCellKey(key);
    if (at.element) elements.push({ kind: 'element.remove', component, path: at.path });
    else out.push({ kind: 'cell.unset', component, path: at.path });
  }
  if (lastSegment(path).element !== undefined && on.get('cells', cellKey(component, path)) !== undefined)
    out.push({ kind: 'cell.unset', component, path });
  return [...out, ...elements.reverse()];
}

const isWhole = (text: string | undefined): boolean => text !== undefined && !isContainer(text);

function placeCell(
  on: Reader,
  m: Extract<Mutation, { kind: 'cell.set' | 'element.insert' }>,
  forms: Forms | undefined,
): Placement {
  const { component, path } = m;
  if (!exists(on, component)) return not('erase-edit');
  if (!hasElements(on, component, path, m.kind === 'cell.set')) return not('element-remove-edit');
  const gone: Mutation[] = [];
  let below: string = path;
  for (const above of ancestorsOf(path)) {
    if (isWhole(on.get('cells', cellKey(component, above)))) gone.push({ kind: 'cell.unset', component, path: above });
    const mine = below.charCodeAt(above.length + 1) === 64 ? 'elements' : 'members';
    if (forms === undefined || (forms.get(above) ?? mine) !== mine) gone.push(...otherForm(on, component, above, mine));
    below = above;
  }
  if (m.kind === 'cell.set' && !('c' in m.cell)) gone.push(...partsBelow(on, component, path));
  return gone.length === 0 ? asItIs : { placed: [...gone, m], why: 'whole-part' };
}

/** Removes what a container holds in the form that is not `mine`: members of a list, elements of a map. */
function otherForm(on: Reader, component: ComponentId, container: Path, mine: 'elements' | 'members'): Mutation[] {
  const prefix = `${cellKey(component, container)}/`;
  const isElement = (path: string): boolean => path.charCodeAt(container.length + 1) === 64;
  let found = false;
  // Element segments begin with @, so one look at the first key and one behind the last element finds the other form.
  for (const [key] of on.scan('cells', prefix)) {
    found = isElement(key.slice(component.length)) === (mine === 'members');
    break;
  }
  if (!found) {
    const [from, after] = mine === 'members' ? [`${prefix}@`, undefined] : [prefix, `${prefix}@\uffff`];
    for (const _ of on.scan('cells', from, after)) {
      found = true;
      break;
    }
  }
  if (!found) return [];
  return contentsOf(on, component, container).filter(
    (g) => 'path' in g && g.path.length > container.length && isElement(g.path) === (mine === 'members'),
  );
}

/** What stands below a path, the path itself left alone. */
function partsBelow(on: Reader, component: ComponentId, path: Path): Mutation[] {
  return contentsOf(on, component, path).filter((g) => !('path' in g) || g.path !== path);
}

/** A creation under an id that is taken: what it brings is put over what is there. */
function placeOverExisting(on: Reader, m: Extract<Mutation, { kind: 'component.create' }>): Placement {
  const { component, image } = m;
  const out: Mutation[] = [];
  const now = findComponent(on, component)!;
  if (now.schema !== image.record.schema || now.variant !== image.record.variant)
    out.push({ kind: 'component.retype', component, ...image.record });
  for (const suffix of Object.keys(image.cells)) {
    const value = image.cells[suffix]!;
    const at = splitCellKey(component + suffix);
    const key = component + suffix;
    if (on.get('cells', key) === canonical(value)) continue;
    if (at.element) {
      const { o: order, t: tie } = value as unknown as ElementRecord;
      const known = on.get('cells', key);
      if (known !== undefined && parseElement(known).t === tie)
        out.push({ kind: 'element.move', component, path: at.path, order });
      else out.push({ kind: 'element.insert', component, path: at.path, order, tie });
    } else if (at.path === '/deleted_at') out.push({ kind: 'component.mark', component });
    else {
      const set: Mutation = { kind: 'cell.set', component, path: at.path, cell: value as unknown as Cell };
      // The order of an image is that of its keys, so an element may come after what it holds: nothing is asked of it.
      for (const above of ancestorsOf(at.path)) {
        if (isWhole(on.get('cells', cellKey(component, above))))
          out.push({ kind: 'cell.unset', component, path: above });
      }
      if (!('c' in set.cell)) out.push(...partsBelow(on, component, at.path));
      out.push(set);
    }
  }
  const record = (noun: 'flag' | 'ignored' | 'depends' | 'manages', key: string): void => {
    if (on.get('components', key) === undefined) out.push({ kind: 'record.create', noun, key, record: {} });
  };
  for (const flag of image.flags) record('flag', flagKey(component, flag));
  for (const path of image.ignored) record('ignored', ignoredKey(component, path));
  for (const to of image.dependsOn) record('depends', dependsKey(component, to));
  for (const to of image.manages) record('manages', managesKey(component, to));
  return { placed: out, why: 'create-create' };
}

function placeRecord(on: Reader, m: RecordMutation): Placement {
  const { category } = nouns[m.noun];
  const now = on.get(category, m.key);
  const owner = ownerOf(m);
  if (m.kind === 'record.remove') {
    if (m.noun !== 'view' || now === undefined) return asItIs;
    const key = approversKey(m.key as ViewId);
    if (on.get('views', key) === undefined) return asItIs;
    return { placed: [{ kind: 'record.remove', noun: 'approvers', key }, m], why: 'record-remove-set' };
  }
  if (owner !== undefined && on.get(owner.category, owner.key) === undefined)
    return not(owner.category === 'components' ? 'erase-edit' : 'record-remove-set');
  if (m.kind === 'record.set') return now === undefined ? not('record-remove-set') : asItIs;
  if (now === undefined) return asItIs;
  if (now === canonical(m.record as Json)) return asItIs;
  // An installed schema has the same ids on both sides; what Head has made of it since stays.
  if (m.noun === 'schema' || m.noun === 'variant' || m.noun === 'module') return not('record-create-create');
  const before = JSON.parse(now) as JsonObject;
  const sets = nouns[m.noun].fields
    .filter(
      (field) =>
        m.record[field] !== undefined && canonical(before[field] ?? null) !== canonical(m.record[field] ?? null),
    )
    .map((field): Mutation => ({ kind: 'record.set', noun: m.noun, key: m.key, field, value: m.record[field]! }));
  return { placed: sets, why: m.noun === 'override' ? 'override-override' : 'record-create-create' };
}

/** The record of the unit without which a record cannot be. */
function ownerOf(m: RecordMutation): { category: 'components' | 'views' | 'schemas'; key: string } | undefined {
  switch (m.noun) {
    case 'placement':
      return { category: 'components', key: m.key.slice(27) };
    case 'depends':
    case 'manages':
    case 'flag':
    case 'ignored':
    case 'override':
      return { category: 'components', key: m.key.slice(0, 26) };
    case 'approvers':
      return { category: 'views', key: m.key.slice(0, 26) };
    case 'variant':
      return { category: 'schemas', key: m.key.slice(0, 26) };
    default:
      return undefined;
  }
}
