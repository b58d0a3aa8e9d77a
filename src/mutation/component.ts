// Family: components as wholes. `create` writes a component from its image, `erase` takes everything of it out; each is
// the other's inverse. Deleting is a mark, one cell, so that it commutes with edits beneath it. `retype` moves a
// component to another variant; cells that the new variant has no place for stay stored and are not shown.

import { type ComponentId, isUlid } from '../base/ids.ts';
import { canonical, isObject, type Json, type JsonObject, sameJson } from '../base/json.ts';
import { isOrderKey } from '../base/order_key.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { type ComponentImage, componentFlags } from '../model/component.ts';
import {
  cellKey,
  dependsKey,
  elementKey,
  flagKey,
  idLength,
  ignoredKey,
  index,
  managesKey,
  present,
  splitCellKey,
} from '../model/keys.ts';
import {
  findComponent,
  findSchema,
  findVariant,
  isMarked,
  nameOf,
  resourceIdOf,
  sharingResource,
} from '../model/lookup.ts';
import { type Path, parsePath, wellKnown } from '../model/path.ts';
import type { Draft, Reader } from '../model/state.ts';
import { labelOf, missingComponent, writeCell } from './cell.ts';
import { cellProblem, hasShape } from './codec.ts';
import type { ComponentMutation, Footprint, Mutation, Operations } from './mutation.ts';

const markText = '{"v":true}';

export const componentOperations: Operations<ComponentMutation> = {
  validate(reader, m): Result<void> {
    if (m.kind === 'component.create') return validateCreate(reader, m.component, m.image);
    const record = findComponent(reader, m.component);
    if (record === undefined) return missingComponent(m.component);
    switch (m.kind) {
      case 'component.retype':
        if (findVariant(reader, m.schema, m.variant) !== undefined) return ok(undefined);
        return refuse('schema_not_found', {
          path: 'variant',
          expected: 'a variant of this change set',
          got: m.variant,
          hint: 'list the variants of the schema',
        });
      case 'component.mark':
        return validateMark(reader, m.component);
      case 'component.unmark':
        if (isMarked(reader, m.component)) return ok(undefined);
        return refuse('component_not_marked', {
          path: 'component',
          expected: 'a component that is marked for deletion',
          got: `${labelOf(reader, m.component)}, not marked`,
          hint: 'nothing to restore',
        });
      case 'component.erase':
        return ok(undefined);
    }
  },

  apply(draft, m): void {
    switch (m.kind) {
      case 'component.create':
        writeImage(draft, m.component, m.image);
        return;
      case 'component.erase':
        eraseAll(draft, m.component);
        return;
      case 'component.mark':
        writeCell(draft, m.component, wellKnown.deletedAt, markText);
        return;
      case 'component.unmark':
        writeCell(draft, m.component, wellKnown.deletedAt, undefined);
        return;
      case 'component.retype': {
        const record = findComponent(draft, m.component);
        if (record === undefined) return;
        draft.remove('index', index.ofVariant(record.variant, m.component));
        draft.put('index', index.ofVariant(m.variant, m.component), present);
        draft.put('components', m.component, canonical({ schema: m.schema, variant: m.variant }));
      }
    }
  },

  invert(before, m): Mutation {
    const { component } = m;
    const record = findComponent(before, component);
    switch (m.kind) {
      case 'component.create':
      case 'component.erase':
        return record === undefined
          ? { kind: 'component.erase', component }
          : { kind: 'component.create', component, image: readImage(before, component)! };
      case 'component.mark':
      case 'component.unmark':
        return { kind: isMarked(before, component) ? 'component.mark' : 'component.unmark', component };
      case 'component.retype':
        return record === undefined
          ? m
          : { kind: 'component.retype', component, schema: record.schema, variant: record.variant };
    }
  },

  footprint(m): Footprint {
    const whole = { category: 'components' as const, key: m.component, subtree: true };
    const record = { ...whole, subtree: false };
    switch (m.kind) {
      case 'component.create':
      case 'component.erase':
        return { reads: [], writes: [whole, { category: 'cells', key: m.component, subtree: true }] };
      case 'component.mark':
      case 'component.unmark':
        return {
          reads: [record],
          writes: [{ category: 'cells', key: cellKey(m.component, wellKnown.deletedAt), subtree: false }],
        };
      case 'component.retype':
        return { reads: [], writes: [record] };
    }
  },

  describe(reader, m): string {
    const label = labelOf(reader, m.component);
    switch (m.kind) {
      case 'component.create': {
        const name = m.image.cells[wellKnown.name]?.['v'];
        const schema = findSchema(reader, m.image.record.schema)?.name ?? m.image.record.schema;
        return `create ${schema} ${typeof name === 'string' ? `${JSON.stringify(name)} (${m.component})` : m.component}`;
      }
      case 'component.erase':
        return `erase ${label}`;
      case 'component.mark':
        return `delete ${label}`;
      case 'component.unmark':
        return `restore ${label}`;
      case 'component.retype':
        return `upgrade ${label} to variant ${findVariant(reader, m.schema, m.variant)?.name ?? m.variant}`;
    }
  },

  decode(x: JsonObject): Result<ComponentMutation> {
    switch (x['kind']) {
      case 'component.create': {
        const shaped = hasShape<ComponentMutation>(x, { component: 'id', image: 'object' });
        if (!shaped.ok) return shaped;
        const problem = imageProblem(x['image'] as JsonObject);
        if (problem === undefined) return shaped;
        return refuse('request_malformed', {
          path: 'image',
          expected: 'record, cells, flags, ignored, dependsOn and manages',
          got: problem,
          hint: 'compare with the mutation format',
        });
      }
      case 'component.retype':
        return hasShape(x, { component: 'id', schema: 'id', variant: 'id' });
      default:
        return hasShape(x, { component: 'id' });
    }
  },
};

/** An image with nothing but a type and a name. */
export function bareImage(record: ComponentImage['record'], name: string): ComponentImage {
  return { record, cells: { [wellKnown.name]: { v: name } }, flags: [], ignored: [], dependsOn: [], manages: [] };
}

/** Everything stored about a component; undefined when there is none. */
export function readImage(reader: Reader, component: ComponentId): ComponentImage | undefined {
  const record = findComponent(reader, component);
  if (record === undefined) return undefined;
  const cells: Record<string, JsonObject> = {};
  for (const [key, text] of reader.scan('cells', component))
    cells[key.slice(idLength)] = JSON.parse(text) as JsonObject;
  const below = (part: string): string[] => {
    const prefix = `${component}/${part}/`;
    return [...reader.scan('components', prefix)].map(([key]) => key.slice(prefix.length));
  };
  return {
    record,
    cells,
    flags: componentFlags.filter((f) => reader.get('components', flagKey(component, f)) !== undefined),
    ignored: below('ignore').map((p) => `/${p}` as Path),
    dependsOn: below('depends') as ComponentId[],
    manages: below('manages') as ComponentId[],
  };
}

/** Writes the image in place of whatever there is. */
function writeImage(draft: Draft, component: ComponentId, image: ComponentImage): void {
  eraseAll(draft, component);
  draft.put('components', component, canonical(image.record as unknown as Json));
  draft.put('index', index.ofVariant(image.record.variant, component), present);
  for (const suffix of Object.keys(image.cells)) {
    const text = canonical(image.cells[suffix]!);
    const place = splitCellKey(component + suffix);
    if (place.element) draft.put('cells', elementKey(component, place.path), text);
    else writeCell(draft, component, place.path, text);
  }
  for (const flag of image.flags) draft.put('components', flagKey(component, flag), present);
  for (const path of image.ignored) draft.put('components', ignoredKey(component, path), present);
  for (const on of image.dependsOn) {
    draft.put('components', dependsKey(component, on), present);
    draft.put('index', index.dependent(on, component), present);
  }
  for (const managed of image.manages) {
    draft.put('components', managesKey(component, managed), present);
    draft.put('index', index.manager(managed, component), present);
  }
}

function eraseAll(draft: Draft, component: ComponentId): void {
  const record = findComponent(draft, component);
  if (record === undefined) return;
  const image = readImage(draft, component)!;
  for (const [key] of [...draft.scan('cells', component)]) {
    const place = splitCellKey(key);
    if (place.element) draft.remove('cells', key);
    else writeCell(draft, component, place.path, undefined);
  }
  for (const on of image.dependsOn) draft.remove('index', index.dependent(on, component));
  for (const managed of image.manages) draft.remove('index', index.manager(managed, component));
  for (const [key] of [...draft.scan('components', component)]) draft.remove('components', key);
  draft.remove('index', index.ofVariant(record.variant, component));
}

function validateCreate(reader: Reader, component: ComponentId, image: ComponentImage): Result<void> {
  if (findComponent(reader, component) !== undefined) {
    return refuse('already_exists', {
      path: 'component',
      expected: 'an id that is free',
      got: `${component}, the id of ${nameOf(reader, component) || 'a component'}`,
      hint: 'leave the id out',
    });
  }
  if (findVariant(reader, image.record.schema, image.record.variant) !== undefined) return ok(undefined);
  return refuse('schema_not_found', {
    path: 'schema',
    expected: 'a schema variant of this change set',
    got: image.record.variant,
    hint: 'install the schema first',
  });
}

/** A component is not deleted while it is protected, or while another one claims its resource: it would be destroyed. */
function validateMark(reader: Reader, component: ComponentId): Result<void> {
  if (reader.get('components', flagKey(component, 'protect')) !== undefined) {
    return refuse('component_protected', {
      path: 'component',
      expected: 'a component that is not protected',
      got: `${labelOf(reader, component)}, protected`,
      hint: 'take the protection off first (component.protect with on: false)',
    });
  }
  const others = sharingResource(reader, component);
  if (others.length === 0) return ok(undefined);
  return refuse('resource_shared', {
    path: wellKnown.resourceId,
    expected: 'a resource that no other component has too',
    got: `${resourceIdOf(reader, component)}, also of ${others.map((c) => labelOf(reader, c)).join(', ')}`,
    hint: 'erase one of them (that leaves the resource), or take the resource id off it',
    data: { components: [...others] },
  });
}

const imageLists: Readonly<Record<string, (text: string) => boolean>> = {
  flags: (f) => (componentFlags as readonly string[]).includes(f),
  ignored: (p) => parsePath(p).ok,
  dependsOn: isUlid,
  manages: isUlid,
};

function elementProblem(x: Json): string | undefined {
  if (!isObject(x)) return 'no element';
  const { o, t } = x;
  const fits = typeof o === 'string' && isOrderKey(o) && typeof t === 'string';
  return fits && Object.keys(x).length === 2 ? undefined : 'no element';
}

function imageProblem(image: JsonObject): string | undefined {
  const record = image['record'];
  if (!isObject(record) || !sameJson(Object.keys(record).sort(), ['schema', 'variant'])) return 'no record';
  if (!Object.values(record).every((v) => typeof v === 'string' && isUlid(v))) return 'no ids in the record';
  const cells = image['cells'];
  if (!isObject(cells)) return 'no cells';
  for (const [suffix, cell] of Object.entries(cells)) {
    const place = splitCellKey('0'.repeat(idLength) + suffix);
    const problem = place.element ? elementProblem(cell) : cellProblem(cell);
    if (problem !== undefined || !parsePath(place.path).ok) return `the cell ${suffix}`;
  }
  for (const [list, fits] of Object.entries(imageLists)) {
    const given = image[list];
    if (!Array.isArray(given) || !given.every((e) => typeof e === 'string' && fits(e))) return `no ${list}`;
  }
  return Object.keys(image).find((k) => k !== 'record' && k !== 'cells' && !Object.hasOwn(imageLists, k));
}
