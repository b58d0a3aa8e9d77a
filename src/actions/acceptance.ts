// Accepting what reality has: the request that makes a component say so, as anybody could have written it. What a value is
// followed from, or what a function gives, is not overwritten by that: who wants it otherwise decides about that first.

import type { ComponentId } from '../base/ids.ts';
import { isObject, type Json, type JsonObject } from '../base/json.ts';
import { boundsAt, boundsOf } from '../graph/bound.ts';
import type { Cell } from '../model/cell.ts';
import { parseCell } from '../model/cell.ts';
import { type Declared, readDeclared } from '../model/declared.ts';
import { cellKey } from '../model/keys.ts';
import { ancestorsOf, type Path } from '../model/path.ts';
import { derefProperty, type Property } from '../model/property.ts';
import type { VariantSpec } from '../model/schema.ts';
import type { Reader } from '../model/state.ts';
import { exprSummary } from '../mutation/cell.ts';
import type { Request } from '../mutation/request.ts';
import { resolvePointer } from '../mutation/resolve.ts';
import { childAt, keysOf, rootOf } from './changed_paths.ts';
import type { Difference } from './drift.ts';

export type Acceptance =
  | { readonly request: Request }
  /** Why it cannot be accepted as it is, and what to do instead; for people. */
  | { readonly because: 'followed' | 'function' | 'secret'; readonly detail: string; readonly next: string };

export function acceptanceOf(
  reader: Reader,
  component: ComponentId,
  { spec, difference }: { readonly spec: VariantSpec; readonly difference: Difference },
): Acceptance {
  const { path: pointer, reality } = difference;
  const place = resolvePointer(reader, component, spec, pointer);
  const source = place.ok
    ? sourceAt(reader, component, place.value.path)
    : sourceAbove(reader, component, spec, pointer);
  if (source !== undefined) return source;
  if (reality === undefined) return { request: { kind: 'attribute.unset', component, path: pointer } };
  const value = asInput(asDeclared(propertyAt(spec, pointer), reality, spec));
  return { request: { kind: 'attribute.set', component, path: pointer, value } };
}

function propertyAt(spec: VariantSpec, pointer: string): Property {
  return keysOf(pointer).reduce<Property>((p, key) => childAt(p, key, spec) ?? { kind: 'any' }, rootOf(spec));
}

/** What keeps the value at a path from being declared: at it, around it, or in a part of it. */
function sourceAt(reader: Reader, component: ComponentId, path: Path): Acceptance | undefined {
  for (const at of [path, ...ancestorsOf(path)]) {
    const text = reader.get('cells', cellKey(component, at));
    const blocked = text === undefined ? undefined : blockedBy(reader, parseCell(text));
    if (blocked !== undefined) return blocked;
  }
  const below = sourceBelow(reader, readDeclared(reader, component, path));
  if (below !== undefined) return below;
  const bound = boundsAt(boundsOf(reader, component), path).find((b) => b.kind === 'attribute');
  if (bound === undefined) return undefined;
  const next = 'enforce, or change what the function is given; a value set by hand takes its place';
  return { because: 'function', detail: `the function ${bound.name} gives it`, next };
}

/** A pointer into what is followed as a whole has no place of its own. */
function sourceAbove(
  reader: Reader,
  component: ComponentId,
  spec: VariantSpec,
  pointer: string,
): Acceptance | undefined {
  for (let end = pointer.lastIndexOf('/'); end > 0; end = pointer.lastIndexOf('/', end - 1)) {
    const place = resolvePointer(reader, component, spec, pointer.slice(0, end));
    if (place.ok) return sourceAt(reader, component, place.value.path);
  }
  return undefined;
}

function sourceBelow(reader: Reader, declared: Declared): Acceptance | undefined {
  for (const child of declared.children.values()) {
    const blocked = child.cell === undefined ? undefined : blockedBy(reader, child.cell);
    const found = blocked ?? sourceBelow(reader, child);
    if (found !== undefined) return found;
  }
  return undefined;
}

function blockedBy(reader: Reader, cell: Cell): Acceptance | undefined {
  if ('x' in cell) {
    const next = 'enforce, or detach it (`component unset`) and accept then';
    return { because: 'followed', detail: `it follows ${exprSummary(reader, cell.x)}`, next };
  }
  if ('k' in cell) return { because: 'secret', detail: 'it is a secret', next: 'enforce' };
  return undefined;
}

/** What is reported, as the property has it: kinds written as text, and without what only the provider sets. */
function asDeclared(property: Property, reality: Json, spec: VariantSpec): Json {
  const p = derefProperty(property, spec.definitions);
  switch (p.kind) {
    case 'integer':
    case 'number':
      return typeof reality === 'string' && reality.trim() !== '' && Number.isFinite(Number(reality))
        ? Number(reality)
        : reality;
    case 'boolean':
      return reality === 'true' ? true : reality === 'false' ? false : reality;
    case 'string':
      return named(p, typeof reality === 'number' || typeof reality === 'boolean' ? String(reality) : reality);
    case 'array':
      return Array.isArray(reality)
        ? reality.map((e: Json) => asDeclared(p.items ?? { kind: 'any' }, e, spec))
        : reality;
    case 'map':
    case 'object':
      return isObject(reality) ? membersOf(p, reality, spec) : reality;
    default:
      return reality;
  }
}

/** A name out of a list, as the list writes it. */
function named(p: Property, value: Json): Json {
  const same = (e: Json): boolean => String(e).toLowerCase() === String(value).toLowerCase();
  return typeof value === 'string' ? (p.enum?.find((e) => e === value) ?? p.enum?.find(same) ?? value) : value;
}

function membersOf(p: Property, reality: JsonObject, spec: VariantSpec): Json {
  return Object.fromEntries(
    Object.entries(reality).flatMap(([key, member]): [string, Json][] => {
      const child = childAt(p, key, spec);
      const isSet = child !== undefined && !child.readOnly && !child.writeOnly && !child.secret && member !== null;
      return isSet ? [[key, asDeclared(child, member, spec)]] : [];
    }),
  );
}

/** A literal: nothing that a provider reports is read as a source. */
function asInput(value: Json): Json {
  return typeof value === 'object' && JSON.stringify(value).includes('$source') ? { $source: { value } } : value;
}
