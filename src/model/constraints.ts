// Does a schema say anything about its values beyond their kinds? Components of one that does have a validation; the
// answer is remembered by document.

import type { Definitions, Property } from './property.ts';
import type { VariantSpec } from './schema.ts';

const known = new WeakMap<VariantSpec, boolean>();

/** Whether values below /domain can be held against more than their kinds. */
export function hasConstraints(spec: VariantSpec): boolean {
  let found = known.get(spec);
  if (found === undefined) {
    found = isConstrained(spec.domain, spec.definitions, new Set());
    known.set(spec, found);
  }
  return found;
}

const constraints = [
  'enum',
  'pattern',
  'format',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'validation',
] as const satisfies readonly (keyof Property)[];

/** `seen`: definitions looked at already. */
function isConstrained(p: Property, definitions: Definitions, seen: Set<string>): boolean {
  if (p.required === true && p.readOnly !== true) return true;
  if (p.uniqueItems === true || constraints.some((name) => p[name] !== undefined)) return true;
  if (p.kind === 'ref' && p.to !== undefined && !seen.has(p.to)) {
    seen.add(p.to);
    const target = definitions[p.to];
    if (target !== undefined && isConstrained(target, definitions, seen)) return true;
  }
  const parts = [...Object.values(p.properties ?? {}), ...(p.items ? [p.items] : []), ...(p.values ? [p.values] : [])];
  return parts.some((part) => isConstrained(part, definitions, seen));
}
