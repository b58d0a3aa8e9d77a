// From pointers to paths: finds the property a pointer names and turns list indexes into element ids, against the state
// the author is looking at.

import type { ComponentId, ElementId } from '../base/ids.ts';
import { isElementId } from '../base/ids.ts';
import { limits } from '../base/limits.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { readElements } from '../model/declared.ts';
import { childPath, elementPath, isPathKey, type Path, parsePointer, pointerOf, roots } from '../model/path.ts';
import { childProperty, type Property } from '../model/property.ts';
import { rootProperty, type VariantSpec } from '../model/schema.ts';
import type { Reader } from '../model/state.ts';

export interface Place {
  readonly path: Path;
  readonly property: Property;
  /** The pointer ended in `/-`: `path` is the list and the value is to be appended to it. */
  readonly append: boolean;
}

/** Refuses `path_invalid`, `path_not_found`, `element_not_found`. */
export function resolvePointer(
  reader: Reader,
  component: ComponentId,
  spec: VariantSpec,
  pointer: unknown,
): Result<Place> {
  const parsed = parsePointer(pointer);
  if (!parsed.ok) return parsed;
  const segments = parsed.value;
  let property = rootProperty(spec);
  let path = '' as Path;
  for (let i = 0; i < segments.length; i++) {
    const text = segments[i]!;
    const step = stepInto(reader, component, path, property, text);
    if (step === 'append' && i === segments.length - 1) return ok({ path, property, append: true });
    const found = typeof step === 'object' ? step : undefined;
    const next = found && childProperty(property, found as { key: string }, spec.definitions);
    if (found === undefined || next === undefined) return notFound(property, segments, i, step === 'no element');
    if (found.key !== undefined && !isPathKey(found.key)) return notFound(property, segments, i, false);
    path = found.element === undefined ? childPath(path, found.key!) : elementPath(path, found.element);
    if (path.length > limits.pathCharsMax) return tooLong(path);
    property = next;
  }
  return ok({ path, property, append: false });
}

function tooLong(path: Path): Result<Place> {
  return refuse('path_invalid', {
    path: `${path.slice(0, 80)}…`,
    expected: `a path of at most ${limits.pathCharsMax} characters`,
    got: `${path.length} characters`,
    hint: 'use shorter keys, or a json property for the whole',
  });
}

type Step = { key: string; element?: undefined } | { element: ElementId; key?: undefined } | 'append' | 'no element';

function stepInto(reader: Reader, component: ComponentId, path: Path, property: Property, text: string): Step {
  const mayBeList = property.kind === 'array' || property.kind === 'any';
  if (!mayBeList || property.readOnly) return { key: text };
  const named = text.startsWith('@') && isElementId(text.slice(1)) ? (text.slice(1) as ElementId) : undefined;
  if (property.kind === 'array') {
    if (text === '-') return 'append';
    if (named) return { element: named };
    const element = /^(0|[1-9]\d*)$/.test(text) ? readElements(reader, component, path)[Number(text)] : undefined;
    return element === undefined ? 'no element' : { element: element.id };
  }
  // An open tree: what is there decides whether a number is an index or a key.
  const elements = readElements(reader, component, path);
  const isIndex = /^(0|[1-9]\d*)$/.test(text);
  if (text !== '-' && named === undefined && !isIndex) return elements.length > 0 ? 'no element' : { key: text };
  if (text === '-')
    return elements.length > 0 || reader.get('cells', component + path) === '{"c":"array"}' ? 'append' : { key: text };
  const element = named === undefined ? elements[Number(text)] : elements.find((e) => e.id === named);
  if (element !== undefined) return { element: element.id };
  return elements.length > 0 ? 'no element' : { key: text };
}

function notFound(property: Property, segments: readonly string[], i: number, element: boolean): Result<Place> {
  const at = pointerOf(segments.slice(0, i + 1));
  if (element) {
    return refuse('element_not_found', {
      path: at,
      expected: 'an index of an element that exists, or - to append',
      got: JSON.stringify(segments[i]),
      hint: 'read the list again',
    });
  }
  const members = i === 0 ? [...roots] : property.kind === 'object' ? Object.keys(property.properties ?? {}) : [];
  const near = closest(segments[i]!, members);
  return refuse('path_not_found', {
    path: at,
    expected: members.length === 0 ? `nothing below a ${property.kind}` : `one of ${shortList(members)}`,
    got: JSON.stringify(segments[i]),
    hint:
      near === undefined
        ? 'compare the path with `headwater schema describe`'
        : `did you mean ${pointerOf([...segments.slice(0, i), near])}?`,
  });
}

function shortList(names: readonly string[]): string {
  return names.length <= 12 ? names.join(', ') : `${names.slice(0, 12).join(', ')} and ${names.length - 12} more`;
}

/** The member whose name is nearest to `text`, if one is near enough to be a slip of the hand. */
function closest(text: string, names: readonly string[]): string | undefined {
  const low = text.toLowerCase();
  let best: string | undefined;
  let least = Math.min(3, Math.ceil(text.length / 3) + 1);
  for (const name of names) {
    const distance = editDistance(low, name.toLowerCase(), least);
    if (distance < least) {
      least = distance;
      best = name;
    }
  }
  return best;
}

/** Levenshtein distance, given up (as `most`) once it cannot be below `most`. */
function editDistance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) >= most) return most;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return Math.min(most, row[b.length]!);
}
