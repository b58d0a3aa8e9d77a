// Whether a value holds a secret, in any form that redaction knows: such an output of a function is sealed, and not stored or
// shown. The walk ends at the first find.

import type { Json } from '../base/json.ts';
import type { Redactor } from './redact.ts';

export function isTainted(redactor: Redactor, value: Json): boolean {
  const waiting: Json[] = [value];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next === 'string' || typeof next === 'number') {
      if (redactor.finds(String(next))) return true;
    } else if (typeof next === 'object' && next !== null) {
      for (const [key, member] of Object.entries(next)) {
        if (!Array.isArray(next) && redactor.finds(key)) return true;
        waiting.push(member);
      }
    }
  }
  return false;
}
