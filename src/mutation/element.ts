// Family: list elements. An element is a stable id with an order key; inserting, moving and removing write that one
// record. What the element holds are cells below it, edits of their own.

import { isElementId } from '../base/ids.ts';
import type { JsonObject } from '../base/json.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { type ElementRecord, elementText, parseElement } from '../model/cell.ts';
import { elementKey } from '../model/keys.ts';
import { findComponent, isMarked, specOfComponent } from '../model/lookup.ts';
import { lastSegment, type Path, parentPath } from '../model/path.ts';
import { propertyAt } from '../model/schema.ts';
import type { Reader } from '../model/state.ts';
import { checkAbove, checkLength, labelOf, missingComponent } from './cell.ts';
import { hasShape } from './codec.ts';
import type { ElementMutation, Footprint, Mutation, Operations } from './mutation.ts';

function recordAt(reader: Reader, m: ElementMutation): ElementRecord | undefined {
  const text = reader.get('cells', elementKey(m.component, m.path));
  return text === undefined ? undefined : parseElement(text);
}

export const elementOperations: Operations<ElementMutation> = {
  validate(reader, m): Result<void> {
    const record = findComponent(reader, m.component);
    const spec = record && specOfComponent(reader, record);
    if (spec === undefined) return missingComponent(m.component);
    const list = propertyAt(spec, parentPath(m.path));
    if (list === undefined) {
      return refuse('path_not_found', {
        path: m.path,
        expected: 'a list of the schema',
        got: 'no property at this path',
        hint: 'compare with `headwater schema describe`',
      });
    }
    if (list.property.kind !== 'array' && list.property.kind !== 'any') {
      return refuse('kind_mismatch', {
        path: m.path,
        expected: `a ${list.property.kind}`,
        got: 'a list element',
        hint: 'list edits go to properties of kind array',
      });
    }
    if (list.readOnly) {
      return refuse('read_only', {
        path: m.path,
        expected: 'a list that people set',
        got: 'a read-only one',
        hint: 'leave it out',
      });
    }
    const exists = recordAt(reader, m) !== undefined;
    if (m.kind === 'element.insert') {
      if (exists) {
        return refuse('already_exists', {
          path: m.path,
          expected: 'a new element',
          got: 'one with that id',
          hint: 'set it instead',
        });
      }
      if (isMarked(reader, m.component)) {
        return refuse('component_marked', {
          path: m.path,
          expected: 'a component that is not marked for deletion',
          got: `${labelOf(reader, m.component)}, marked`,
          hint: 'restore it first',
        });
      }
      // Of itself there is nothing yet; what stands above it is asked of the list it goes to.
      const list = { component: m.component, path: `${parentPath(m.path)}/` as Path };
      const fits = checkLength(m.path);
      return fits.ok ? checkAbove(reader, list) : fits;
    }
    if (exists) return ok(undefined);
    return refuse('element_not_found', {
      path: m.path,
      expected: 'an element of the list',
      got: 'none with that id',
      hint: 'read the list again: it may have been removed',
    });
  },

  apply(draft, m): void {
    const key = elementKey(m.component, m.path);
    switch (m.kind) {
      case 'element.insert':
        draft.put('cells', key, elementText({ o: m.order, t: m.tie }));
        return;
      case 'element.move': {
        const before = recordAt(draft, m);
        if (before !== undefined) draft.put('cells', key, elementText({ o: m.order, t: before.t }));
        return;
      }
      case 'element.remove':
        draft.remove('cells', key);
    }
  },

  invert(before, m): Mutation {
    const { component, path } = m;
    const record = recordAt(before, m);
    if (record === undefined) return { kind: 'element.remove', component, path };
    if (m.kind === 'element.move') return { kind: 'element.move', component, path, order: record.o };
    return { kind: 'element.insert', component, path, order: record.o, tie: record.t };
  },

  footprint(m): Footprint {
    return {
      reads: [{ category: 'components', key: m.component, subtree: false }],
      writes: [{ category: 'cells', key: elementKey(m.component, m.path), subtree: false }],
    };
  },

  describe(reader, m) {
    const verb = { 'element.insert': 'insert', 'element.move': 'move', 'element.remove': 'remove' }[m.kind];
    return `${verb} an element of ${parentPath(m.path)} of ${labelOf(reader, m.component)}`;
  },

  decode(x: JsonObject): Result<ElementMutation> {
    const shaped = hasShape<ElementMutation>(x, {
      component: 'id',
      path: 'path',
      ...(x['kind'] === 'element.remove' ? {} : { order: 'order' }),
      ...(x['kind'] === 'element.insert' ? { tie: 'text' } : {}),
    });
    if (!shaped.ok || isElementId(lastSegment(shaped.value.path).element ?? '')) return shaped;
    return refuse('request_malformed', {
      path: 'path',
      expected: 'the path of an element',
      got: shaped.value.path,
      hint: 'end it in /@ and the element id',
    });
  },
};
