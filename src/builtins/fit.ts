// What a function gave, held against the property it goes to: kinds, listed values and bounds, as for an edit. Patterns,
// formats and what is required are the validation's business, which says it without taking the value away.

import { brief, isObject, type Json } from '../base/json.ts';
import { checkLiteral, type Definitions, derefProperty, type Property } from '../model/property.ts';

export interface Misfit {
  readonly code: string;
  readonly message: string;
}

/** The first part of the value that the property does not allow; undefined: it fits. `at`: the pointer to it from where it goes. */
export function findMisfit(given: Property, value: Json, definitions: Definitions, at = ''): Misfit | undefined {
  const p = derefProperty(given, definitions);
  switch (p.kind) {
    case 'any':
    case 'json':
      return undefined;
    case 'array': {
      if (!Array.isArray(value)) return wrongKind(p, value, at);
      const items = p.items ?? { kind: 'any' };
      for (const [i, element] of value.entries()) {
        // An element without a value holds its place.
        if (element === null) continue;
        const found = findMisfit(items, element as Json, definitions, `${at}/${i}`);
        if (found !== undefined) return found;
      }
      return undefined;
    }
    case 'map':
    case 'object':
      return isObject(value) ? inMembers(p, value, definitions, at) : wrongKind(p, value, at);
    default: {
      const checked = checkLiteral(p, value, at, () => undefined);
      if (checked.ok) return undefined;
      const { code, expected, got } = checked.refusal;
      return { code, message: said(at, expected, got) };
    }
  }
}

function inMembers(
  p: Property,
  value: { readonly [key: string]: Json },
  definitions: Definitions,
  at: string,
): Misfit | undefined {
  for (const [key, member] of Object.entries(value)) {
    const below = `${at}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const of = p.kind === 'map' ? (p.values ?? { kind: 'any' as const }) : memberOf(p, key);
    if (of === undefined) {
      const known = Object.keys(p.properties ?? {});
      const some = `${known.slice(0, 8).join(', ')}${known.length > 8 ? ', …' : ''}`;
      return { code: 'path_not_found', message: said(below, `one of ${some}`, brief(key, 40)) };
    }
    // A member without a value is one that is not there.
    const found = member === null ? undefined : findMisfit(of, member, definitions, below);
    if (found !== undefined) return found;
  }
  return undefined;
}

function memberOf(p: Property, key: string): Property | undefined {
  const members = p.properties;
  if (members === undefined) return { kind: 'any' };
  return Object.hasOwn(members, key) ? members[key] : undefined;
}

function wrongKind(p: Property, value: Json, at: string): Misfit {
  const article = /^[aeio]/.test(p.kind) ? 'an' : 'a';
  return { code: 'kind_mismatch', message: said(at, `${article} ${p.kind}`, brief(value)) };
}

const said = (at: string, expected: string, got: string): string =>
  `${at === '' ? '' : `${at}: `}expected ${expected}, got ${got}`;
