// From one state to another over a known set of keys: writing single keys with the index that follows from them, and
// the mutations that make one state's keys those of another. Costs the keys named, whatever the size of the states.

import type { ComponentId } from '../base/ids.ts';
import { type JsonObject, sameJson } from '../base/json.ts';
import { parseCell, parseElement } from '../model/cell.ts';
import type { ComponentRecord } from '../model/component.ts';
import { idLength, index, present, splitCellKey } from '../model/keys.ts';
import { wellKnown } from '../model/path.ts';
import type { Draft, Reader } from '../model/state.ts';
import { writeCell } from '../mutation/cell.ts';
import { readImage } from '../mutation/component.ts';
import type { Mutation } from '../mutation/mutation.ts';
import { nounOf, nouns } from '../mutation/nouns.ts';
import { writeRecord } from '../mutation/record.ts';
import type { Place } from './side.ts';

/** Writes or removes (undefined) one key of the facts, and the index keys it implies. */
export function writeKey(draft: Draft, { category, key }: Place, text: string | undefined): void {
  if (category === 'cells') {
    const at = splitCellKey(key);
    if (!at.element) writeCell(draft, at.component, at.path, text);
    else if (text === undefined) draft.remove('cells', key);
    else draft.put('cells', key, text);
    return;
  }
  if (category === 'components' && key.length === idLength) {
    const id = key as ComponentId;
    const before = draft.get('components', key);
    if (before !== undefined)
      draft.remove('index', index.ofVariant((JSON.parse(before) as ComponentRecord).variant, id));
    if (text === undefined) draft.remove('components', key);
    else {
      draft.put('components', key, text);
      draft.put('index', index.ofVariant((JSON.parse(text) as ComponentRecord).variant, id), present);
    }
    return;
  }
  writeRecord(draft, nounOf(category, key), key, text === undefined ? undefined : (JSON.parse(text) as JsonObject));
}

/** The mutations that make one key `text` where it is `now`; none when they are the same. */
export function mutationsFor(place: Place, now: string | undefined, text: string | undefined): Mutation[] {
  if (now === text) return [];
  const { category, key } = place;
  if (category === 'cells') {
    const { component, path, element } = splitCellKey(key);
    if (!element && path === wellKnown.deletedAt)
      return [{ kind: text === undefined ? 'component.unmark' : 'component.mark', component }];
    if (!element)
      return [
        text === undefined
          ? { kind: 'cell.unset', component, path }
          : { kind: 'cell.set', component, path, cell: parseCell(text) },
      ];
    if (text === undefined) return [{ kind: 'element.remove', component, path }];
    const { o: order, t: tie } = parseElement(text);
    if (now !== undefined && parseElement(now).t === tie) return [{ kind: 'element.move', component, path, order }];
    return [{ kind: 'element.insert', component, path, order, tie }];
  }
  if (category === 'components' && key.length === idLength) {
    const component = key as ComponentId;
    if (text === undefined) return [{ kind: 'component.erase', component }];
    const record = JSON.parse(text) as ComponentRecord;
    if (now !== undefined) return [{ kind: 'component.retype', component, ...record }];
    return [
      {
        kind: 'component.create',
        component,
        image: { record, cells: {}, flags: [], ignored: [], dependsOn: [], manages: [] },
      },
    ];
  }
  const noun = nounOf(category, key);
  if (text === undefined) return [{ kind: 'record.remove', noun, key }];
  const record = JSON.parse(text) as JsonObject;
  if (now === undefined) return [{ kind: 'record.create', noun, key, record }];
  const before = JSON.parse(now) as JsonObject;
  return nouns[noun].fields
    .filter((field) => !sameJson(before[field], record[field]))
    .map((field) => ({ kind: 'record.set', noun, key, field, value: record[field]! }));
}

/** Every key of a component: its record, what stands about it, its values. */
export function* keysOfComponent(reader: Reader, component: ComponentId): Iterable<Place> {
  for (const [key] of reader.scan('components', component)) yield { category: 'components', key };
  for (const [key] of reader.scan('cells', component)) yield { category: 'cells', key };
}

/** Keys that differ or may differ between two states: single keys, and components as wholes. */
export class Touched {
  readonly #keys = new Map<string, Place>();
  readonly #whole = new Set<ComponentId>();

  key(place: Place): void {
    this.#keys.set(`${place.category} ${place.key}`, place);
  }

  whole(component: ComponentId): void {
    this.#whole.add(component);
  }

  /** What makes these keys of `from` those of `to`; applied to `from` it gives `to` when nothing else differs. */
  between(from: Reader, to: Reader): Mutation[] {
    const out: Mutation[] = [];
    const replaced = new Set<ComponentId>();
    for (const component of this.#whole) {
      const was = from.get('components', component) !== undefined;
      const image = readImage(to, component);
      if (was !== (image !== undefined)) {
        replaced.add(component);
        out.push(
          image === undefined ? { kind: 'component.erase', component } : { kind: 'component.create', component, image },
        );
      } else if (was) {
        for (const place of keysOfComponent(from, component)) this.key(place);
        for (const place of keysOfComponent(to, component)) this.key(place);
      }
    }
    for (const place of this.#keys.values()) {
      if (place.category === 'cells' || place.category === 'components') {
        if (replaced.has(place.key.slice(0, idLength) as ComponentId)) continue;
      }
      out.push(...mutationsFor(place, from.get(place.category, place.key), to.get(place.category, place.key)));
    }
    return out;
  }
}
