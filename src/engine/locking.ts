// What an apply adds of its own: the variants and functions that a change set worked on are locked, and its variants
// become the defaults of their schemas. The same edits are shown in review before they are made.

import type { FunctionRecord } from '../model/function.ts';
import { idLength } from '../model/keys.ts';
import { findRecord } from '../model/lookup.ts';
import type { SchemaRecord, VariantRecord } from '../model/schema.ts';
import type { Reader } from '../model/state.ts';
import type { Mutation } from '../mutation/mutation.ts';

export function lockingEdits(state: Reader, edits: readonly Mutation[]): Mutation[] {
  const variants = new Set<string>();
  const functions = new Set<string>();
  for (const m of edits) {
    if (m.kind === 'text.edit') functions.add(m.function);
    else if ('noun' in m && m.noun === 'variant') variants.add(m.key);
    else if ('noun' in m && m.noun === 'function') functions.add(m.key);
  }
  const out: Mutation[] = [];
  for (const key of variants) {
    const variant = findRecord<VariantRecord>(state, 'schemas', key);
    if (variant === undefined || variant.locked) continue;
    out.push({ kind: 'record.set', noun: 'variant', key, field: 'locked', value: true });
    const schema = key.slice(0, idLength);
    const id = key.slice(idLength + 1);
    if (findRecord<SchemaRecord>(state, 'schemas', schema)?.defaultVariant !== id)
      out.push({ kind: 'record.set', noun: 'schema', key: schema, field: 'defaultVariant', value: id });
  }
  for (const key of functions) {
    if (findRecord<FunctionRecord>(state, 'functions', key)?.locked !== false) continue;
    out.push({ kind: 'record.set', noun: 'function', key, field: 'locked', value: true });
  }
  return out;
}
